"""h11client/_transport/sockets.py: what is particular to sockets."""

from __future__ import annotations

import math
import os
import select
import socket
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from h11client._timeouts import Deadline, Limit, LimitExpired, Timeout
from h11client._transport import sockets
from h11client._transport.polling import READY_TO_READ, READY_TO_WRITE
from h11client._transport.sockets import SocketNetwork, SocketStream
from tests.client.stream_peers import PATIENCE, PATIENT, SOON, SocketPeer, in_thread, listen


@pytest.fixture
def pair() -> Iterator[tuple[SocketStream, SocketPeer]]:
    """A stream and its peer on a real connection."""
    with listen() as listener:
        connected = socket.create_connection(listener.getsockname())
        peer = SocketPeer(listener.accept()[0])
    stream = SocketStream(connected)
    yield stream, peer
    stream.abort()
    peer.close()


class FakeSocket:
    """Does to a stream what a kernel may do and rarely does; `answers` are used up in order."""

    def __init__(self, *answers: Any) -> None:
        self.pair = socket.socketpair()
        self.pair[1].send(b"x")  # so that poll() says that it is readable, and writable
        self.answers = list(answers)
        self.sent = b""

    def _answer(self) -> Any:
        answer = self.answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def recv(self, max_bytes: int, flags: int = 0) -> Any:
        return self._answer()

    def send(self, data: Any, flags: int = 0) -> int:
        count = min(int(self._answer()), len(data))
        self.sent += bytes(data)[:count]
        return count

    def sendmsg(self, pieces: Any, ancillary: Any = (), flags: int = 0) -> int:
        return self.send(b"".join(pieces))

    def setblocking(self, flag: bool) -> None:
        pass

    def getpeername(self) -> Any:
        raise OSError("not connected")

    def getsockname(self) -> Any:
        return ""

    def fileno(self) -> int:
        return self.pair[0].fileno()

    def close(self) -> None:
        for one in self.pair:
            one.close()


@pytest.fixture
def fake() -> Iterator[Any]:
    made: list[FakeSocket] = []

    def make(*answers: Any) -> tuple[FakeSocket, SocketStream]:
        made.append(FakeSocket(*answers))
        return made[-1], SocketStream(made[-1])  # type: ignore[arg-type]

    yield make
    for one in made:
        one.close()


AGAIN = BlockingIOError(11, "Resource temporarily unavailable")


@pytest.mark.safety("X24")
def test_a_false_alarm_of_poll_is_waited_out(fake: Any) -> None:
    _, stream = fake(AGAIN, AGAIN, AGAIN, b"data")
    assert stream.read(10, PATIENT) == b"data"
    _, stream = fake(AGAIN, AGAIN, b"data")
    assert stream.read(10, Limit(None, "read"), True) == b"data"
    _, stream = fake(AGAIN, AGAIN, b"")
    assert stream.read(10, PATIENT, True) == b""


@pytest.mark.safety("X24")
def test_false_alarms_without_end_are_bounded_by_the_limit(fake: Any) -> None:
    _, stream = fake(*[AGAIN] * 1_000_000)
    with pytest.raises(LimitExpired):
        stream.read(10, SOON)


@pytest.mark.safety("X24")
def test_a_false_alarm_with_silence_after_it_costs_the_limit(fake: Any) -> None:
    sock, stream = fake(AGAIN, AGAIN)

    def recv(max_bytes: int, flags: int = 0) -> Any:
        if len(sock.answers) == 1:
            sock.pair[0].recv(1)  # what made it readable is gone
        return sock._answer()

    stream._recv = recv
    with pytest.raises(LimitExpired):
        stream.read(10, SOON)


@pytest.mark.safety("X24")
@pytest.mark.parametrize("wait_first", [False, True])
def test_what_is_read_after_poll_never_blocks_on_a_false_alarm(
    pair: tuple[SocketStream, SocketPeer], wait_first: bool
) -> None:
    stream, _ = pair
    recv, flags_of_calls = stream._recv, []

    def counted(size: int, flags: int = 0) -> bytes:
        flags_of_calls.append(flags)
        return recv(size, flags)

    stream._recv = counted
    stream._poll = lambda milliseconds: [(stream.fileno(), READY_TO_READ)]
    for limit in (Limit(0.005, "read"), Limit(0.03, "read")):
        flags_of_calls.clear()
        with pytest.raises(LimitExpired):
            stream.read(10, limit, wait_first)
        by_itself = limit.seconds == 0.03 and sys.platform == "linux"
        assert set(flags_of_calls[by_itself:]) == {sockets.AT_ONCE}


class Waiting:
    """The poll object of a stream to which nothing happens before the wait of that number."""

    def __init__(
        self, stream: SocketStream, monkeypatch: pytest.MonkeyPatch, ready: float = math.inf
    ) -> None:
        self.steps: list[float] = []
        self.ready = ready
        self.now = 0.0
        stream._poll = self.poll
        monkeypatch.setattr("h11client._transport.sockets.monotonic", lambda: self.now)

    def poll(self, milliseconds: float | None) -> list[tuple[int, int]]:
        assert milliseconds is not None
        if len(self.steps) >= self.ready:
            return [(0, READY_TO_READ | READY_TO_WRITE)]
        self.steps.append(milliseconds)
        self.now += milliseconds / 1000.0
        return []


@pytest.mark.safety("X22")
def test_a_long_wait_is_made_of_steps_so_that_an_interruption_is_heard(
    fake: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: Any) -> int:
        raise BlockingIOError

    monkeypatch.setattr(os, "sendfile", refuse, raising=False)
    for wait in (
        lambda stream: stream.read(10, Limit(2.5, "read")),
        lambda stream: stream.read(10, Limit(2.5, "read"), True),
        lambda stream: stream.write(b"data", Limit(2.5, "write")),
        lambda stream: stream.send_file(0, 0, 4, Limit(2.5, "write")),
    ):
        _, stream = fake(AGAIN)
        waiting = Waiting(stream, monkeypatch)
        with pytest.raises(LimitExpired):
            wait(stream)
        assert waiting.steps == [1000.0, 1000.0, 500.0]


@pytest.mark.safety("X22")
def test_a_wait_without_a_limit_is_made_of_steps_too(
    fake: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, stream = fake(AGAIN, b"data")
    waiting = Waiting(stream, monkeypatch, ready=3)
    assert stream.read(10, Limit(None, "read")) == b"data"
    assert waiting.steps == [1000.0] * 3
    _, stream = fake(AGAIN, 4)
    waiting = Waiting(stream, monkeypatch, ready=3)
    assert stream.write(b"data", Limit(None, "write"))
    assert waiting.steps == [1000.0] * 3


@pytest.mark.safety("X24")
def test_a_kernel_which_takes_one_byte_at_a_time_gets_all(fake: Any) -> None:
    sock, stream = fake(AGAIN, 1, AGAIN, 1, 1, 1)
    assert stream.write(b"data", PATIENT)
    assert (sock.sent, stream.bytes_written) == (b"data", 4)


@pytest.mark.safety("X24")
@pytest.mark.parametrize("first", range(10))
def test_pieces_are_cut_anywhere_and_arrive_whole(
    fake: Any, first: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sockets, "_CHEAPER_TO_JOIN", 0)
    sock, stream = fake(first, 1, 1, 99)
    assert stream.write_many([b"abc", b"", b"def", b"ghi"], PATIENT)
    assert (sock.sent, stream.bytes_written) == (b"abcdefghi", 9)


@pytest.mark.parametrize("size", [1, 10_000])
def test_pieces_that_the_kernel_refuses_at_first_arrive_whole(fake: Any, size: int) -> None:
    sock, stream = fake(AGAIN, 99_999)
    assert stream.write_many([b"a" * size, b"b" * size], PATIENT)
    assert sock.sent == b"a" * size + b"b" * size


@pytest.mark.parametrize("method", ["write", "write_many"])
def test_the_count_of_bytes_is_exact_after_an_error(
    fake: Any, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sockets, "_CHEAPER_TO_JOIN", 0)
    _, stream = fake(2, AGAIN, 3, BrokenPipeError(32, "Broken pipe"))
    data = b"0123456789" if method == "write" else [b"01234", b"56789"]
    with pytest.raises(BrokenPipeError):
        getattr(stream, method)(data, PATIENT)
    assert stream.bytes_written == 5


@pytest.mark.safety("X24")
def test_a_write_is_bounded_as_a_whole_however_often_it_makes_progress(fake: Any) -> None:
    _, stream = fake(*[0] * 1_000_000)
    with pytest.raises(LimitExpired):
        stream.write(b"data", SOON)
    assert stream.bytes_written == 0


def test_ends_that_are_not_known_are_none(fake: Any) -> None:
    _, stream = fake()
    assert (stream.peer, stream.local) == (None, None)


def test_without_sendmsg_pieces_are_joined(
    pair: tuple[SocketStream, SocketPeer],
) -> None:
    class Without:
        """A socket of a system which has no sendmsg."""

        def __getattr__(self, name: str) -> Any:
            if name == "sendmsg":
                raise AttributeError(name)
            return getattr(stream._socket, name)

    stream, peer = pair
    bare = SocketStream(Without())  # type: ignore[arg-type]
    assert bare.write_many([b"ab" * 5000, b"cd" * 5000], PATIENT)
    assert peer.receive(20_000) == b"ab" * 5000 + b"cd" * 5000


def test_without_poll_everything_works_by_select(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr(select, "poll")
    large = bytes(8 * 1024 * 1024)
    with listen() as listener:
        stream = SocketNetwork().connect(*listener.getsockname(), Deadline(Timeout()))
        peer = SocketPeer(listener.accept()[0])
    with pytest.raises(LimitExpired):
        stream.read(1, SOON)
    peer.send(b"wait")
    assert stream.write(large, PATIENT, True) is False
    assert stream.read(10, PATIENT, True) == b"wait"
    received = in_thread(lambda: peer.receive(len(large)))
    assert stream.write(b"", PATIENT)
    assert received() == large
    assert not stream.is_readable()
    peer.close()
    assert stream.read(1, PATIENT, True) == b""
    assert stream.is_readable()
    stream.close()
    assert stream.is_readable()


def test_a_reset_is_an_oserror(pair: tuple[SocketStream, SocketPeer]) -> None:
    stream, peer = pair
    peer.reset()
    with pytest.raises(ConnectionResetError):
        stream.read(1, PATIENT, True)


@pytest.mark.safety("2c5")
def test_a_reset_makes_an_idle_stream_readable(pair: tuple[SocketStream, SocketPeer]) -> None:
    stream, peer = pair
    assert not stream.is_readable()
    peer.reset()
    assert stream._poll(PATIENCE * 1000)
    assert stream.is_readable()


@pytest.mark.safety("2e2")
def test_an_answer_can_be_read_after_the_peer_has_hung_up_on_a_write(
    pair: tuple[SocketStream, SocketPeer],
) -> None:
    stream, peer = pair
    peer.send(b"413")
    peer.close()
    large = bytes(64 * 1024 * 1024)
    with pytest.raises(OSError):
        stream.write(large, PATIENT)
    assert stream.read(3, PATIENT) == b"413"


@pytest.mark.safety("L5")
def test_a_blocked_read_ends_when_another_thread_interrupts(
    pair: tuple[SocketStream, SocketPeer],
) -> None:
    stream, _ = pair
    waiting = threading.Event()

    def read() -> BaseException | None:
        waiting.set()
        try:
            stream.read(1, PATIENT, True)
        except OSError as error:
            return error
        return None

    result = in_thread(read)
    waiting.wait(PATIENCE)
    stream.interrupt()
    assert isinstance(result(), ConnectionAbortedError)
    assert stream.fileno() != -1  # only the owner closes the descriptor


def test_a_descriptor_which_was_reused_is_not_polled_by_a_closed_stream(
    pair: tuple[SocketStream, SocketPeer],
) -> None:
    stream, _ = pair
    number = stream.fileno()
    stream.close()
    ours, theirs = socket.socketpair()
    with ours, theirs:
        # One of the two got the number: the lowest free ones are given out first.
        reused, other = (ours, theirs) if ours.fileno() == number else (theirs, ours)
        assert reused.fileno() == number
        other.send(b"of somebody else")
        with pytest.raises(OSError):
            stream.read(100, SOON, True)
        assert reused.recv(100) == b"of somebody else"


def test_a_close_that_the_system_complains_about_is_done_all_the_same() -> None:
    class Complaining(FakeSocket):
        def close(self) -> None:
            super().close()
            raise ConnectionResetError(104, "Connection reset by peer")

    stream = SocketStream(Complaining())  # type: ignore[arg-type]
    stream.close()
    assert stream.is_readable()


def test_a_unix_socket_is_a_stream_too(tmp_path: Any) -> None:
    path = os.path.relpath(tmp_path / "socket")
    with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as ours:
        listener.bind(path)
        listener.listen()
        ours.connect(path)
        theirs = listener.accept()[0]
        stream = SocketStream(ours)
        assert (stream.peer, stream.local) == (path, None)
        theirs.close()


def test_the_network_connects_over_both_versions_of_ip() -> None:
    for host, family in (("127.0.0.1", socket.AF_INET), ("::1", socket.AF_INET6)):
        with socket.create_server((host, 0), family=family) as listener:
            port = listener.getsockname()[1]
            stream = SocketNetwork().connect(host, port, Deadline(Timeout()))
            assert stream.peer == (host, port)
            stream.close()


@pytest.mark.safety("X22")
def test_what_a_handler_raises_while_a_stream_is_made_passes() -> None:
    class Interrupted(socket.socket):
        def getpeername(self) -> Any:
            raise TimeoutError("of the program")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        ours = Interrupted(socket.AF_INET)
        ours.connect(listener.getsockname())
        with ours, pytest.raises(TimeoutError, match="of the program"):
            SocketStream(ours)


def test_a_name_is_resolved() -> None:
    with listen() as listener:
        port = listener.getsockname()[1]
        stream = SocketNetwork().connect("localhost", port, Deadline(Timeout()))
        assert stream.peer == ("127.0.0.1", port)
        stream.close()


def test_more_pieces_than_sendmsg_takes_are_joined(
    pair: tuple[SocketStream, SocketPeer],
) -> None:
    stream, peer = pair
    most = sockets._MOST_PIECES
    assert os.sysconf("SC_IOV_MAX") >= most
    for count in (most, most + 1):
        assert stream.write_many([b"0123456789"] * count, PATIENT)
        assert peer.receive(10 * count) == b"0123456789" * count
