"""h11client/_transport/sockets.py: reads that wait within recv for a moment, then by poll."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from math import inf
from typing import Any

import pytest

from h11client._timeouts import Deadline, Limit, LimitExpired, Timeout
from h11client._transport import sockets
from h11client._transport.patience import ALL_OF_IT, AT_ONCE, PATIENCE
from h11client._transport.sockets import SocketNetwork, SocketStream
from tests.client.stream_peers import PATIENT, SocketPeer, in_thread, late, listen
from tests.client.test_forking import in_child
from tests.client.test_patience import OwnRecv, handler_of, seconds_of_recv

TRIED = sys.platform == "linux"  # elsewhere no socket waits within recv
MOMENT = PATIENCE / 1000.0  # seconds
SOON = 1.0  # seconds by which a limit may be passed on a busy machine

SHORT = Limit(0.019, "read")  # a little less than a moment
AHEAD = 10**9  # bytes that come, as far as anybody knows
LONGER = Limit(0.05, "read")

BY_ITSELF, BY_POLL = ("recv", 0), ("poll",)
WITH_ALL = ("recv", ALL_OF_IT)
ASKED = ("recv", AT_ONCE)


def connect(kind: Any = socket.socket) -> tuple[SocketStream, SocketPeer]:
    with listen() as listener:
        ours = kind(socket.AF_INET)
        ours.connect(listener.getsockname())
        return SocketStream(ours), SocketPeer(listener.accept()[0])


@contextmanager
def connected_pair() -> Iterator[tuple[SocketStream, SocketPeer]]:
    """A stream and its peer on a real connection."""
    stream, peer = connect()
    yield stream, peer
    stream.abort()
    peer.close()


@pytest.fixture
def pair() -> Iterator[tuple[SocketStream, SocketPeer]]:
    with connected_pair() as both:
        yield both


class Calls(list[tuple[Any, ...]]):
    """The calls by which a stream waits; `act` is done when the call of that number begins."""

    def __init__(self, stream: SocketStream, *acts: Callable[[], Any] | None) -> None:
        super().__init__()
        self.acts = list(acts)
        self.milliseconds: list[float] = []
        recv, poll = stream._recv, stream._poll

        def counted_recv(size: int, flags: int = 0) -> bytes:
            self.note("recv", flags)
            return recv(size, flags)

        def counted_poll(milliseconds: float | None) -> list[tuple[int, int]]:
            assert milliseconds is not None
            self.milliseconds.append(milliseconds)
            self.note("poll")
            return poll(milliseconds)

        stream._recv, stream._poll = counted_recv, counted_poll

    def note(self, *call: Any) -> None:
        self.append(call)
        if self.acts and (act := self.acts.pop(0)) is not None:
            act()


def patient(*calls: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    """`calls` where sockets are patient; elsewhere each recv is preceded by what it takes there."""
    return list(calls) if TRIED else [ASKED, BY_POLL, ASKED][: len(calls) + 1]


@contextmanager
def bounded(limit: Limit) -> Iterator[None]:
    """What is done in it ends with that limit, not before it and not long after it."""
    started = time.monotonic()
    with pytest.raises(LimitExpired) as caught:
        yield
    took = time.monotonic() - started
    assert caught.value.limit is limit
    assert limit.seconds is not None
    assert limit.seconds * 0.999 <= took < limit.seconds + SOON


# --- how it is waited ---------------------------------------------------------------------------

READS = ["read", "read after a wait", "read_full", "read_behind"]


def read(stream: SocketStream, how: str, size: int, limit: Limit) -> bytes:
    if how == "read_full":
        return stream.read_full(size, limit, AHEAD)
    if how == "read_behind":  # something else: see test_chunk_streams.py
        return stream.read_behind(b"?" * size, 1, limit)[0]
    return stream.read(size, limit, how == "read after a wait")


@pytest.mark.safety("X24")
@pytest.mark.parametrize("how", READS)
@pytest.mark.parametrize("seconds", [0.001, 0.019, 0.02, 0.021, 0.05, 0.2])
def test_a_limit_holds_whether_it_is_shorter_than_a_moment_or_longer(
    pair: tuple[SocketStream, SocketPeer], how: str, seconds: float
) -> None:
    stream, _ = pair
    limit = Limit(seconds, "read")
    with bounded(limit):
        read(stream, how, 10, limit)


@pytest.mark.safety("X24")
@pytest.mark.parametrize("how", READS)
def test_what_recv_has_waited_for_is_no_longer_waited_for_by_poll(
    pair: tuple[SocketStream, SocketPeer], how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream, _ = pair
    clock = iter([10.0, 10.0, 10.0 + 1.5])
    monkeypatch.setattr(sockets, "monotonic", lambda: next(clock))
    limit = Limit(0.05, "read")
    calls = Calls(stream)
    if not TRIED:
        return
    with pytest.raises(LimitExpired):
        read(stream, how, 10, limit)
    assert calls == [WITH_ALL if how == "read_full" else BY_ITSELF, BY_POLL]
    assert calls.milliseconds == [pytest.approx(50.0 - PATIENCE)]


@pytest.mark.parametrize("how", READS)
@pytest.mark.parametrize("limit", [PATIENT, LONGER, Limit(None, "read")])
def test_what_is_there_takes_one_call(
    pair: tuple[SocketStream, SocketPeer], how: str, limit: Limit
) -> None:
    stream, peer = pair
    peer.send(b"data")
    assert stream._poll(1000.0)
    calls = Calls(stream)
    assert read(stream, how, 4, limit) == b"data"
    if TRIED:
        assert calls == [WITH_ALL if how == "read_full" else BY_ITSELF]


@pytest.mark.safety("X24")
def test_a_limit_shorter_than_a_moment_is_for_poll(pair: tuple[SocketStream, SocketPeer]) -> None:
    stream, peer = pair
    calls = Calls(stream, None, lambda: peer.send(b"data"))
    assert stream.read(10, SHORT) == b"data"
    assert calls == [ASKED, BY_POLL, ASKED]
    calls = Calls(stream, lambda: peer.send(b"data"))
    assert stream.read(10, SHORT, True) == b"data"
    assert calls == [BY_POLL, ASKED]
    calls = Calls(stream, None, lambda: peer.send(b"data"))
    assert stream.read_full(10, SHORT, AHEAD) == b"data"
    assert calls == [ASKED, BY_POLL, ASKED]


def at_its_wait(number: int, act: Callable[[], Any]) -> list[Callable[[], Any] | None]:
    """The acts of `Calls` by which another thread acts as the call of that number begins."""
    return [*[None] * number, lambda: threading.Thread(target=act).start()]


WHEN = pytest.mark.parametrize("number", [0, 1], ids=["within recv", "within poll"])
LIMITS = pytest.mark.parametrize("limit", [PATIENT, Limit(None, "read")], ids=["limit", "none"])


@pytest.mark.parametrize("how", READS)
@WHEN
@LIMITS
def test_a_read_that_waits_gets_what_comes(
    pair: tuple[SocketStream, SocketPeer], how: str, number: int, limit: Limit
) -> None:
    stream, peer = pair
    Calls(stream, *at_its_wait(number, lambda: peer.send(b"data")))
    assert read(stream, how, 4, limit) == b"data"


@pytest.mark.parametrize("how", READS)
@WHEN
@LIMITS
def test_a_read_that_waits_hears_of_the_end(
    pair: tuple[SocketStream, SocketPeer], how: str, number: int, limit: Limit
) -> None:
    stream, peer = pair
    Calls(stream, *at_its_wait(number, peer.finish))
    assert read(stream, how, 4, limit) == b""
    assert read(stream, how, 4, limit) == b""


@pytest.mark.parametrize("how", READS)
@WHEN
def test_a_read_that_waits_hears_of_a_reset(
    pair: tuple[SocketStream, SocketPeer], how: str, number: int
) -> None:
    stream, peer = pair
    Calls(stream, *at_its_wait(number, peer.reset))
    with pytest.raises(ConnectionResetError):
        read(stream, how, 4, PATIENT)


@pytest.mark.safety("L5")
@pytest.mark.parametrize("how", READS)
@WHEN
def test_a_read_that_waits_ends_when_another_thread_interrupts(
    pair: tuple[SocketStream, SocketPeer], how: str, number: int
) -> None:
    stream, _ = pair
    Calls(stream, *at_its_wait(number, stream.interrupt))
    started = time.monotonic()
    with pytest.raises(ConnectionAbortedError):
        read(stream, how, 4, PATIENT)
    assert time.monotonic() - started < SOON
    assert stream.fileno() != -1  # only the owner closes the descriptor


# --- until all has come -------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["socket", "unix"])
def test_what_comes_in_pieces_within_the_moment_comes_whole(how: str) -> None:
    if how == "socket":
        stream, peer = connect()
    else:
        ours, theirs = socket.socketpair()
        stream, peer = SocketStream(ours), SocketPeer(theirs)
    whole = 0
    with closing(stream), closing(peer):
        for _ in range(20):  # a machine may be busy just in that moment
            peer.send(b"12345")
            Calls(stream, *at_its_wait(0, lambda: peer.send(b"67890")))
            data = stream.read_full(10, PATIENT, AHEAD)
            whole += len(data) == 10
            while len(data) < 10:
                data += stream.read(10, PATIENT)
            assert data == b"1234567890"
    assert whole or not TRIED


def test_what_has_come_within_the_moment_is_not_kept_from_the_caller(
    pair: tuple[SocketStream, SocketPeer],
) -> None:
    stream, peer = pair
    peer.send(b"part")
    started = time.monotonic()
    assert stream.read_full(1_000_000, Limit(None, "read"), AHEAD) == b"part"
    took = time.monotonic() - started
    assert took < SOON
    assert took >= MOMENT or not TRIED


def test_no_more_is_taken_than_was_asked_for(pair: tuple[SocketStream, SocketPeer]) -> None:
    stream, peer = pair
    peer.send(b"1234567")
    assert stream.read_full(4, PATIENT, AHEAD) == b"1234"
    assert stream.read_full(3, PATIENT, AHEAD) == b"567"
    assert not stream.is_readable()


def test_more_than_the_systems_buffers_hold_is_waited_for(
    pair: tuple[SocketStream, SocketPeer],
) -> None:
    stream, peer = pair
    large = bytes(range(256)) * 4096 * 16
    sent = in_thread(lambda: peer.send(large))
    data = stream.read_full(len(large), PATIENT, AHEAD)
    while len(data) < len(large):  # a machine may be busy for a moment
        data += stream.read_full(len(large) - len(data), PATIENT, AHEAD)
    assert data == large
    sent()


@pytest.mark.parametrize("end", ["finish", "reset"])
def test_what_came_before_the_end_comes_before_the_end(
    pair: tuple[SocketStream, SocketPeer], end: str
) -> None:
    stream, peer = pair
    peer.send(b"part")
    assert stream._poll(1000.0)
    Calls(stream, *at_its_wait(0, getattr(peer, end)))
    started = time.monotonic()
    assert stream.read_full(10, PATIENT, AHEAD) == b"part"
    assert time.monotonic() - started < SOON
    if end == "reset":
        with pytest.raises(ConnectionResetError):
            stream.read_full(10, PATIENT, AHEAD)
    else:
        assert stream.read_full(10, PATIENT, AHEAD) == b""


# --- signals ------------------------------------------------------------------------------------


@pytest.mark.safety("X22")
@pytest.mark.parametrize("how", ["read", "read_full", "read_behind"])
@pytest.mark.parametrize("name", ["SIGALRM", "SIGVTALRM", "SIGPROF"])
def test_only_poll_waits_as_long_as_somebody_has_a_handler_for_a_timer(
    pair: tuple[SocketStream, SocketPeer], how: str, name: str
) -> None:
    stream, peer = pair
    peer.send(b"1")
    assert read(stream, how, 1, PATIENT) == b"1"
    with handler_of(getattr(signal, name), lambda number, frame: None):
        calls = Calls(stream, None, lambda: peer.send(b"2"))
        assert read(stream, how, 1, PATIENT) == b"2"
        assert calls == [ASKED, BY_POLL, ASKED]
        with bounded(LONGER):
            read(stream, how, 1, LONGER)
    calls = Calls(stream)
    peer.send(b"3")
    assert stream._poll(1000.0)
    calls.clear()
    assert read(stream, how, 1, PATIENT) == b"3"
    assert calls == patient(WITH_ALL if how == "read_full" else BY_ITSELF)


@pytest.mark.safety("X22")
@pytest.mark.parametrize("how", ["read", "read_full", "read_behind"])
def test_a_timer_that_is_set_between_two_reads_does_not_outlast_a_limit(
    pair: tuple[SocketStream, SocketPeer], how: str
) -> None:
    stream, peer = pair
    peer.send(b"1")
    assert read(stream, how, 1, PATIENT) == b"1"
    # Who waits for ever fails, and does not hang: the peer ends it.
    rescue = threading.Timer(SOON, peer.finish)
    with handler_of(signal.SIGALRM, lambda number, frame: None):
        rescue.start()
        signal.setitimer(signal.ITIMER_REAL, 0.002, 0.002)
        try:
            with bounded(LONGER):
                read(stream, how, 1, LONGER)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            rescue.cancel()
            rescue.join()


class Heard(Exception):
    """What the handler of a test raises."""


def send_signal() -> None:
    signal.pthread_kill(threading.main_thread().ident, signal.SIGUSR1)  # type: ignore[arg-type]  # it runs


@pytest.mark.safety("X22")
@pytest.mark.parametrize("how", READS)
@WHEN
def test_what_a_handler_raises_ends_the_wait_at_once(
    pair: tuple[SocketStream, SocketPeer], how: str, number: int
) -> None:
    def handler(number: int, frame: object) -> None:
        raise Heard

    stream, _ = pair
    Calls(stream, *at_its_wait(number, send_signal))
    started = time.monotonic()
    with handler_of(signal.SIGUSR1, handler), pytest.raises(Heard):
        read(stream, how, 4, PATIENT)
    assert time.monotonic() - started < 1.0 + SOON  # the longest step, when it came too early


@pytest.mark.safety("X22")
@pytest.mark.parametrize("how", READS)
@WHEN
def test_a_handler_that_returns_ends_no_wait(
    pair: tuple[SocketStream, SocketPeer], how: str, number: int
) -> None:
    stream, peer = pair
    Calls(stream, *at_its_wait(number, send_signal))
    with handler_of(signal.SIGUSR1, lambda number, frame: peer.send(b"data")):
        assert read(stream, how, 4, PATIENT) == b"data"


@pytest.mark.safety("X22")
@pytest.mark.parametrize("how", READS)
@WHEN
def test_a_stream_that_a_handler_closes_while_it_waits_is_closed(
    pair: tuple[SocketStream, SocketPeer], how: str, number: int
) -> None:
    stream, _ = pair
    taken: list[socket.socket] = []

    def close(number: int, frame: object) -> None:
        stream.close()
        taken.extend(socket.socketpair())  # one of them gets the number of the descriptor
        taken[0].send(b"of somebody else")
        taken[1].send(b"of somebody else")

    Calls(stream, *at_its_wait(number, send_signal))
    with handler_of(signal.SIGUSR1, close):
        try:
            with pytest.raises(OSError):
                read(stream, how, 4, PATIENT)
        finally:
            for one in taken:
                assert one.recv(100) == b"of somebody else"
                one.close()
    assert stream.fileno() == -1


# --- what else may have become of it ------------------------------------------------------------


def check_patient(stream: SocketStream) -> None:
    """Whether it waits as it did at first."""
    ours = stream._socket
    assert os.get_blocking(stream.fileno()) is TRIED
    assert ours.gettimeout() == (None if TRIED else 0.0)
    assert seconds_of_recv(ours) == (MOMENT if TRIED else 0.0)


@pytest.mark.safety("2h2")
def test_a_detached_socket_waits_for_as_long_as_it_takes(
    pair: tuple[SocketStream, SocketPeer],
) -> None:
    stream, peer = pair
    check_patient(stream)
    plain = stream.detach()
    with closing(plain):
        assert type(plain) is socket.socket
        assert plain.gettimeout() is None
        assert os.get_blocking(plain.fileno())
        assert seconds_of_recv(plain) == 0.0
        for end in (stream.close, stream.abort, stream.interrupt):
            end()
        for how in READS:
            with pytest.raises(OSError):
                read(stream, how, 1, PATIENT)
        with pytest.raises(OSError):
            stream.write(b"x", PATIENT)
        assert stream.is_readable()
        with late(peer, b"late"):
            assert plain.recv(10) == b"late"
        plain.sendall(b"back")
        assert peer.receive(4) == b"back"


def test_a_detached_socket_of_another_kind_blocks_too() -> None:
    stream, peer = connect(OwnRecv)
    assert stream._patience == inf
    with closing(peer), closing(stream.detach()) as plain:
        assert os.get_blocking(plain.fileno())
        assert seconds_of_recv(plain) == 0.0


def test_the_timeout_that_new_sockets_get_changes_nothing() -> None:
    with listen() as listener:
        socket.setdefaulttimeout(0.001)
        try:
            stream = SocketNetwork().connect(*listener.getsockname(), Deadline(Timeout()))
            assert isinstance(stream, SocketStream)
            peer = SocketPeer(listener.accept()[0])
            check_patient(stream)
            with bounded(LONGER):
                stream.read(1, LONGER)
            plain = stream.detach()
            assert plain.gettimeout() is None
            assert os.get_blocking(plain.fileno())
            plain.close()
            peer.close()
        finally:
            socket.setdefaulttimeout(None)


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_child_leaves_the_socket_as_it_is(pair: tuple[SocketStream, SocketPeer]) -> None:
    stream, peer = pair
    assert in_child(lambda: stream.fileno() == -1 and stream.is_readable())
    check_patient(stream)
    with bounded(LONGER):
        stream.read(1, LONGER)
    peer.send(b"data")
    assert stream.read_full(4, PATIENT, AHEAD) == b"data"
