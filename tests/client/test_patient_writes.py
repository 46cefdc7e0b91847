"""h11client/_transport/sockets.py: no write blocks, although the socket does."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from h11client._timeouts import Limit, LimitExpired
from h11client._transport import sockets
from h11client._transport.patience import AT_ONCE
from h11client._transport.sockets import SocketStream
from tests.client.stream_peers import PATIENCE, PATIENT, SocketPeer, in_thread
from tests.client.test_patience import OwnRecv, handler_of, seconds_of_recv

TRIED = sys.platform == "linux"  # elsewhere no socket waits within recv
SOON = 1.0  # seconds by which a limit may be passed on a busy machine
LIMIT = Limit(0.05, "write")
AHEAD = 10**9  # bytes that come, as far as anybody knows
LARGE = bytes(range(256)) * 64 * 1024  # 16 MiB: more than the kernel's buffers of both ends
OF_FILE = 1_000_000


def connect(kind: Any) -> tuple[SocketStream, SocketPeer]:
    """A connection whose buffer is full when it says so; TCP goes on moving what it has."""
    ours, theirs = socket.socketpair()
    return SocketStream(kind(fileno=ours.detach())), SocketPeer(theirs)


def before_its_wait(stream: SocketStream, act: Callable[[], Any]) -> None:
    """Has `act` happen once, as the stream begins to wait."""
    wait = stream._poll

    def poll(milliseconds: float | None) -> Any:
        stream._poll = wait
        act()
        return wait(milliseconds)

    stream._poll = poll


@pytest.fixture(params=[socket.socket, OwnRecv], ids=["patient", "not blocking"])
def pair(request: pytest.FixtureRequest) -> Iterator[tuple[SocketStream, SocketPeer]]:
    """A stream and its peer on a real connection."""
    stream, peer = connect(request.param)
    yield stream, peer
    check_mode(stream)
    stream.abort()
    peer.close()


def check_mode(stream: SocketStream) -> None:
    """Whether the socket still blocks, or does not, as at first."""
    ours = stream._socket
    if ours.fileno() != -1:
        blocks = TRIED and type(ours) is socket.socket
        assert os.get_blocking(ours.fileno()) is blocks
        assert ours.gettimeout() == (None if blocks else 0.0)
        assert seconds_of_recv(ours) == (0.02 if blocks else 0.0)


@pytest.fixture
def file() -> Iterator[int]:
    """The descriptor of a file."""
    with tempfile.TemporaryFile() as file:
        file.write(LARGE[:OF_FILE])
        file.flush()
        yield file.fileno()


def fill(stream: SocketStream) -> None:
    """Writes past the stream until nothing more is taken by the kernel."""
    with pytest.raises(BlockingIOError):
        while stream._socket.send(LARGE, AT_ONCE):
            pass


def write(stream: SocketStream, how: str, file: int, limit: Limit, watch: bool = False) -> Any:
    if how == "send_file":
        return stream.send_file(file, 0, OF_FILE, limit)
    if how == "write_many":
        return stream.write_many([b"<", LARGE, b">"], limit, watch)
    if how == "few":
        return stream.write_many([b"<", b">"], limit, watch)
    return stream.write(b"<>" if how == "little" else LARGE, limit, watch)


HOW = pytest.mark.parametrize("how", ["write", "little", "write_many", "few", "send_file"])
WATCH = pytest.mark.parametrize("watch", [False, True], ids=["alone", "watching"])
NO_LIMIT = Limit(None, "write")


@pytest.mark.safety("X24")
@HOW
@WATCH
def test_nothing_that_is_written_to_a_full_buffer_blocks(
    pair: tuple[SocketStream, SocketPeer], file: int, how: str, watch: bool
) -> None:
    stream, _ = pair
    fill(stream)

    def attempt() -> float:
        started = time.monotonic()
        with pytest.raises(LimitExpired) as caught:
            write(stream, how, file, LIMIT, watch)
        assert caught.value.limit is LIMIT
        return time.monotonic() - started

    # In a thread, because what blocks would do so for ever.
    assert 0.0499 <= in_thread(attempt)() < SOON
    assert stream.bytes_written == 0


@pytest.mark.safety("X24")
@pytest.mark.parametrize("how", ["write", "write_many"])
@WATCH
def test_what_finds_room_for_a_part_does_not_block_for_the_rest(
    pair: tuple[SocketStream, SocketPeer], file: int, how: str, watch: bool
) -> None:
    stream, peer = pair
    fill(stream)

    def make_room() -> None:
        peer.socket.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while peer.receive_some():
                pass

    before_its_wait(stream, make_room)

    def attempt() -> None:
        with pytest.raises(LimitExpired):
            write(stream, how, file, LIMIT, watch)

    in_thread(attempt)()
    assert 0 < stream.bytes_written < len(LARGE)


@pytest.mark.safety("2e1")
@pytest.mark.parametrize("how", ["write", "write_many", "send_file"])
@pytest.mark.parametrize("limit", [PATIENT, NO_LIMIT], ids=["limit", "none"])
def test_what_waits_for_room_hears_the_peer(
    pair: tuple[SocketStream, SocketPeer], file: int, how: str, limit: Limit
) -> None:
    stream, peer = pair
    fill(stream)
    before_its_wait(stream, lambda: peer.send(b"wait"))
    assert in_thread(lambda: write(stream, how, file, limit, True))() is False
    assert stream.read_full(4, PATIENT, AHEAD) == b"wait"


@pytest.mark.safety("L5")
@pytest.mark.parametrize("how", ["write", "write_many", "send_file"])
def test_what_waits_for_room_ends_when_another_thread_interrupts(
    pair: tuple[SocketStream, SocketPeer], file: int, how: str
) -> None:
    stream, _ = pair
    fill(stream)
    wait = stream._poll
    waiting = threading.Event()

    def poll(milliseconds: float | None) -> Any:
        waiting.set()
        return wait(milliseconds)

    stream._poll = poll
    written = in_thread(lambda: write(stream, how, file, NO_LIMIT))
    assert waiting.wait(PATIENCE)
    started = time.monotonic()
    stream.interrupt()
    with pytest.raises(OSError):
        written()
    assert time.monotonic() - started < SOON


@pytest.mark.parametrize("how", ["write", "write_many"])
def test_what_is_taken_little_by_little_arrives_whole(
    pair: tuple[SocketStream, SocketPeer], file: int, how: str
) -> None:
    stream, peer = pair
    expected = LARGE if how == "write" else b"<" + LARGE + b">"
    received = in_thread(lambda: peer.receive(len(expected)))
    assert write(stream, how, file, PATIENT, True) is True
    assert received() == expected


@pytest.mark.safety("X24")
def test_a_file_arrives_whole_and_can_be_answered(
    pair: tuple[SocketStream, SocketPeer], file: int
) -> None:
    stream, peer = pair
    received = in_thread(lambda: peer.receive(OF_FILE))
    offset = 0
    while offset < OF_FILE:
        before = stream.bytes_written
        assert stream.send_file(file, offset, OF_FILE - offset, PATIENT) is True
        offset += stream.bytes_written - before
        check_mode(stream)
    assert received() == LARGE[:OF_FILE]
    peer.send(b"thanks")
    assert stream.read_full(6, PATIENT, AHEAD) == b"thanks"


class Interruption(KeyboardInterrupt):
    """What Ctrl-C raises, and nobody but these tests."""


# What sendfile says, and what becomes of it.
FAILURES: list[tuple[OSError, Any]] = [
    (OSError(errno.EINVAL, "not this file"), None),
    (OSError(errno.EIO, "the disk"), None),
    (BrokenPipeError(errno.EPIPE, "hung up"), BrokenPipeError),
    (ConnectionResetError(errno.ECONNRESET, "reset"), ConnectionResetError),
    (TimeoutError(errno.ETIMEDOUT, "of the kernel"), TimeoutError),
]


@pytest.mark.safety("X24")
@pytest.mark.parametrize(
    ("failure", "expected"), FAILURES, ids=[f"{row[0].errno}" for row in FAILURES]
)
def test_a_file_that_cannot_be_sent_leaves_the_socket_as_it_was(
    pair: tuple[SocketStream, SocketPeer],
    file: int,
    failure: OSError,
    expected: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stream, _ = pair

    def fail(*arguments: Any) -> int:
        raise failure

    monkeypatch.setattr(os, "sendfile", fail, raising=False)
    if expected is None:
        assert stream.send_file(file, 0, 10, PATIENT) is None
    else:
        with pytest.raises(expected):
            stream.send_file(file, 0, 10, PATIENT)


@pytest.mark.safety("X24")
def test_where_a_file_ends_the_socket_is_as_it_was(
    pair: tuple[SocketStream, SocketPeer], file: int
) -> None:
    stream, _ = pair
    assert stream.send_file(file, OF_FILE, 10, PATIENT) is None


@pytest.mark.safety("X22")
@pytest.mark.parametrize("where", ["sendfile", "poll"])
def test_an_interruption_leaves_the_socket_as_it_was(
    pair: tuple[SocketStream, SocketPeer], file: int, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream, _ = pair
    fill(stream)

    def interrupted(*arguments: Any) -> Any:
        raise Interruption

    if where == "sendfile":
        monkeypatch.setattr(os, "sendfile", interrupted, raising=False)
    else:
        monkeypatch.setattr(stream, "_poll", interrupted)
    with pytest.raises(Interruption):
        stream.send_file(file, 0, 10, PATIENT)
    check_mode(stream)


@pytest.mark.safety("X22")
def test_a_handler_that_closes_the_stream_gives_no_file_to_somebody_else(
    pair: tuple[SocketStream, SocketPeer], file: int
) -> None:
    stream, _ = pair
    fill(stream)
    number, wait = stream.fileno(), stream._poll
    taken: list[socket.socket] = []

    def close(signal_number: int, frame: object) -> None:
        stream.close()
        taken.extend(socket.socketpair())

    def poll(milliseconds: float | None) -> Any:
        signal.raise_signal(signal.SIGUSR1)
        return wait(milliseconds)

    stream._poll = poll
    with handler_of(signal.SIGUSR1, close), contextlib.suppress(OSError):
        assert not stream.send_file(file, 0, 10, PATIENT)
    with taken[0], taken[1]:
        assert number in [one.fileno() for one in taken]  # the lowest free ones are given out
        for one in taken:
            with pytest.raises(BlockingIOError):
                one.recv(10, AT_ONCE)
    with pytest.raises(OSError):
        stream.write(b"x", PATIENT)


@pytest.mark.safety("X22")
@pytest.mark.parametrize("how", ["write", "write_many", "send_file"])
def test_what_a_handler_raises_after_it_has_closed_the_stream_comes_out(
    pair: tuple[SocketStream, SocketPeer], file: int, how: str
) -> None:
    stream, _ = pair
    fill(stream)

    def poll(milliseconds: float | None) -> Any:
        stream.close()
        raise Interruption

    stream._poll = poll
    with pytest.raises(Interruption):
        write(stream, how, file, PATIENT)


@pytest.mark.safety("X22")
@HOW
def test_a_timer_outlasts_no_limit_of_a_write(
    pair: tuple[SocketStream, SocketPeer], file: int, how: str
) -> None:
    stream, peer = pair
    fill(stream)
    # Who waits for ever fails, and does not hang: the peer ends it.
    rescue = threading.Timer(SOON, peer.reset)
    rescue.start()
    with handler_of(signal.SIGALRM, lambda number, frame: None):
        signal.setitimer(signal.ITIMER_REAL, 0.002, 0.002)
        try:
            with pytest.raises(LimitExpired):
                write(stream, how, file, LIMIT)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            rescue.cancel()
            rescue.join()


@pytest.mark.safety("X24")
def test_pieces_that_are_not_joined_do_not_block_either(
    pair: tuple[SocketStream, SocketPeer], monkeypatch: pytest.MonkeyPatch
) -> None:
    stream, _ = pair
    fill(stream)
    monkeypatch.setattr(sockets, "_CHEAPER_TO_JOIN", 0)

    def attempt() -> None:
        with pytest.raises(LimitExpired):
            stream.write_many([b"<", b">"], LIMIT)

    in_thread(attempt)()


@pytest.mark.safety("X24")
def test_what_is_left_over_does_not_block_when_it_goes_on(
    pair: tuple[SocketStream, SocketPeer],
) -> None:
    stream, peer = pair
    peer.send(b"wait")
    assert stream.write(LARGE, PATIENT, True) is False
    assert stream.read_full(4, PATIENT, AHEAD) == b"wait"

    def attempt() -> None:
        with pytest.raises(LimitExpired):
            stream.write(b"", LIMIT, True)

    in_thread(attempt)()
