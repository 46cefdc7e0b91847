"""Every stream keeps the contract at the top of h11client/_transport/network.py."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from h11client._timeouts import Deadline, Limit, LimitExpired, Timeout
from h11client._transport.network import Stream, TLSConfig
from h11client._transport.sockets import SocketNetwork
from h11client._transport.tls import start_tls
from h11client.testing import Dial, Pause, ScriptedNetwork, ScriptedStream, Unsolicited
from tests.client.stream_peers import (
    PATIENT,
    SOON,
    MemoryServer,
    SocketPeer,
    TLSPeer,
    in_thread,
    listen,
)

LARGE = bytes(range(256)) * 64 * 1024  # 16 MiB: more than the kernel's buffers of both ends


class Pair(NamedTuple):
    kind: str
    stream: Stream
    peer: Any

    @property
    def waits_in_memory(self) -> bool:
        """Whether its waits take no time."""
        return self.kind in ("scripted", "tls-in-memory")

    def stay_silent(self) -> None:
        if self.kind == "scripted":
            self.peer.stream._steps.append(Pause(1e9))

    def stall(self, count: int) -> None:
        """From now on the peer takes about `count` bytes and no more."""
        if self.kind == "scripted":
            self.peer.stream._stalled_at = self.stream.bytes_written + count
        elif self.kind == "tls-in-memory":
            self.peer.room = count

    def send_in_background(self, data: bytes) -> Any:
        """The peer sends more than the kernel's buffers take; call the result to join it."""
        if self.kind in ("scripted", "tls-in-memory"):
            self.peer.send(data)
            return lambda: None
        return in_thread(lambda: self.peer.send(data))

    def receive_in_background(self, count: int) -> Any:
        """The peer takes everything from now on; call the result for what it got."""
        if self.kind == "scripted":
            self.peer.stream._stalled_at = None
        elif self.kind == "tls-in-memory":
            self.peer.room = None
        else:
            return in_thread(lambda: self.peer.receive(count))
        return lambda: self.peer.receive(count)


class ScriptedPeer:
    """Adds to the script of a stream what a peer would do."""

    def __init__(self, stream: ScriptedStream) -> None:
        self.stream = stream

    def send(self, data: bytes) -> None:
        self.stream._steps.append(Unsolicited(data))

    def finish(self) -> None:
        self.stream._steps.append(Unsolicited(b""))

    def receive(self, count: int) -> bytes:
        return self.stream.written


def scripted() -> Iterator[Pair]:
    stream = ScriptedNetwork(Dial()).connect("a.test", 80, Deadline(Timeout()))
    assert isinstance(stream, ScriptedStream)
    yield Pair("scripted", stream, ScriptedPeer(stream))


def over_socket() -> Iterator[Pair]:
    with listen() as listener:
        stream = SocketNetwork().connect(*listener.getsockname(), Deadline(Timeout()))
        peer = SocketPeer(listener.accept()[0])
    yield Pair("socket", stream, peer)
    stream.abort()
    peer.close()


def over_tls(ca: Any, layers: int) -> Iterator[Pair]:
    network, deadline = SocketNetwork(), Deadline(Timeout())
    config = TLSConfig(verify=str(ca.pem))
    with listen() as listener:
        stream = network.connect(*listener.getsockname(), deadline)
        peer = SocketPeer(listener.accept()[0])
    for _ in range(layers):
        server = TLSPeer(peer, ca.server_context())
        handshake = in_thread(server.handshake)
        stream = network.start_tls(stream, config, "127.0.0.1", deadline)
        peer = handshake()
    yield Pair("tls" if layers == 1 else "tls-in-tls", stream, peer)
    stream.abort()
    peer.close()


def in_memory(ca: Any) -> Iterator[Pair]:
    server = MemoryServer(ca.server_context())
    config = TLSConfig(verify=str(ca.pem))
    stream = start_tls(server, config, "127.0.0.1", Deadline(Timeout()))
    server.work()
    yield Pair("tls-in-memory", stream, server)


@pytest.fixture(params=["scripted", "socket", "tls-in-memory", "tls", "tls-in-tls"])
def pair(request: pytest.FixtureRequest, ca: Any) -> Iterator[Pair]:
    if request.param == "scripted":
        yield from scripted()
    elif request.param == "socket":
        yield from over_socket()
    elif request.param == "tls-in-memory":
        yield from in_memory(ca)
    else:
        yield from over_tls(ca, layers=1 if request.param == "tls" else 2)


def read_exactly(stream: Stream, count: int) -> bytes:
    data = b""
    while len(data) < count:
        data += stream.read(count - len(data), PATIENT)
    return data


def wait_until_readable(stream: Stream) -> None:
    for _ in range(10_000_000):
        if stream.is_readable():
            return
    raise AssertionError("nothing came")


def test_reads_what_the_peer_sends(pair: Pair) -> None:
    pair.peer.send(b"hello")
    assert read_exactly(pair.stream, 5) == b"hello"


@pytest.mark.parametrize("wait_first", [False, True])
def test_the_hint_to_wait_first_changes_nothing_but_the_order(pair: Pair, wait_first: bool) -> None:
    pair.peer.send(b"hello")
    wait_until_readable(pair.stream)
    assert pair.stream.read(100, PATIENT, wait_first) == b"hello"


def test_a_read_returns_no_more_than_was_asked_for_and_keeps_the_rest(pair: Pair) -> None:
    pair.peer.send(b"hello")
    wait_until_readable(pair.stream)
    assert pair.stream.read(2, PATIENT) == b"he"
    assert pair.stream.is_readable()
    assert pair.stream.read(2, PATIENT, True) == b"ll"
    assert pair.stream.read(2, PATIENT) == b"o"
    assert not pair.stream.is_readable()


def test_large_data_comes_in_order(pair: Pair) -> None:
    data = LARGE[: 1024 * 1024]
    sent = pair.send_in_background(data)
    assert read_exactly(pair.stream, len(data)) == data
    sent()


@pytest.mark.parametrize("wait_first", [False, True])
def test_a_read_from_a_silent_peer_raises_its_own_limit(pair: Pair, wait_first: bool) -> None:
    pair.stay_silent()
    with pytest.raises(LimitExpired) as caught:
        pair.stream.read(100, SOON, wait_first)
    assert caught.value.limit.name == SOON.name


@pytest.mark.safety("X24")
@pytest.mark.parametrize("wait_first", [False, True])
@pytest.mark.parametrize("seconds", [0.002, 0.019, 0.02, 0.05])
def test_a_limit_is_neither_shorter_nor_much_longer_than_it_says(
    pair: Pair, seconds: float, wait_first: bool
) -> None:
    pair.stay_silent()
    started = time.monotonic()
    with pytest.raises(LimitExpired):
        pair.stream.read(100, Limit(seconds, "read"), wait_first)
    took = time.monotonic() - started
    assert took < seconds + 1.0  # on a busy machine
    assert took >= seconds * 0.999 or pair.waits_in_memory


@pytest.mark.parametrize("wait_first", [False, True])
@pytest.mark.parametrize("silence", [0.0, 0.05], ids=["soon", "later"])
def test_a_read_that_waits_gets_what_comes(pair: Pair, silence: float, wait_first: bool) -> None:
    if pair.waits_in_memory:
        pair.peer.send(b"hello")
        assert pair.stream.read(5, PATIENT, wait_first) == b"hello"
        return
    if silence:
        with pytest.raises(LimitExpired):
            pair.stream.read(5, Limit(silence, "read"), wait_first)
    sent = in_thread(lambda: pair.peer.send(b"hello"))
    assert read_exactly(pair.stream, 5) == b"hello"
    sent()


@pytest.mark.safety("L5")
def test_a_read_that_waits_is_interrupted(pair: Pair) -> None:
    pair.stay_silent()
    interrupted = in_thread(pair.stream.interrupt)
    if pair.waits_in_memory:
        interrupted()  # before a wait that is over at once
    with pytest.raises(OSError):
        pair.stream.read(1, PATIENT)
    interrupted()


def test_the_end_is_read_again_and_again(pair: Pair) -> None:
    pair.peer.send(b"bye")
    pair.peer.finish()
    assert read_exactly(pair.stream, 3) == b"bye"
    assert pair.stream.read(100, PATIENT) == b""
    assert pair.stream.read(100, PATIENT, True) == b""
    assert pair.stream.eof_was_clean
    assert pair.stream.is_readable()


def test_writes_arrive_whole_and_in_order(pair: Pair) -> None:
    assert pair.stream.bytes_written == 0
    assert pair.stream.write(b"one ", PATIENT) is True
    assert pair.stream.write_many([b"two ", b"", b"three ", b"four"], PATIENT) is True
    assert pair.peer.receive(18) == b"one two three four"
    assert pair.stream.bytes_written >= 18


@pytest.mark.parametrize("convert", [bytes, bytearray, memoryview])
def test_writes_take_every_kind_of_bytes(pair: Pair, convert: Any) -> None:
    assert pair.stream.write(convert(b"one "), PATIENT)
    assert pair.stream.write_many([convert(b"two "), b"three"], PATIENT)
    assert pair.peer.receive(13) == b"one two three"


def test_an_empty_write_is_no_write(pair: Pair) -> None:
    assert pair.stream.write(b"", PATIENT) is True
    assert pair.stream.write_many([], PATIENT) is True
    assert pair.stream.bytes_written == 0


def test_many_small_pieces_arrive_in_order(pair: Pair) -> None:
    pieces = [b"%d," % number for number in range(5000)]
    whole = b"".join(pieces)
    received = pair.receive_in_background(len(whole))
    assert pair.stream.write_many(pieces, PATIENT)
    assert received() == whole


def test_a_large_write_goes_on_while_the_peer_reads(pair: Pair) -> None:
    received = pair.receive_in_background(len(LARGE))
    assert pair.stream.write(LARGE, PATIENT)
    assert received() == LARGE
    assert pair.stream.bytes_written >= len(LARGE)


def test_large_pieces_go_on_while_the_peer_reads(pair: Pair) -> None:
    half = len(LARGE) // 2
    received = pair.receive_in_background(len(LARGE) + 4)
    assert pair.stream.write_many([b"<<", LARGE[:half], LARGE[half:], b">>"], PATIENT)
    assert received() == b"<<" + LARGE + b">>"


def test_a_write_that_the_peer_does_not_take_raises_its_own_limit(pair: Pair) -> None:
    pair.stall(100_000)
    with pytest.raises(LimitExpired) as caught:
        pair.stream.write(LARGE, Limit(0.05, "total"))
    assert caught.value.limit.name == "total"
    assert 0 < pair.stream.bytes_written < len(LARGE)


def test_a_read_is_allowed_after_a_failed_write(pair: Pair) -> None:
    pair.stall(100_000)
    with pytest.raises(LimitExpired):
        pair.stream.write(LARGE, Limit(0.05, "write"))
    pair.peer.send(b"too much")
    assert read_exactly(pair.stream, 8) == b"too much"


@pytest.mark.safety("2e1")
def test_a_watching_write_stops_for_what_the_peer_says_and_can_go_on(pair: Pair) -> None:
    pair.stall(100_000)
    pair.peer.send(b"wait")
    assert pair.stream.write(LARGE, PATIENT, True) is False
    assert read_exactly(pair.stream, 4) == b"wait"
    received = pair.receive_in_background(len(LARGE) + 3)
    assert pair.stream.write(b"", PATIENT, True) is True
    assert pair.stream.write(b"end", PATIENT) is True
    assert received() == LARGE + b"end"


def test_a_watching_write_of_pieces_goes_on_ahead_of_the_next_pieces(pair: Pair) -> None:
    pair.stall(100_000)
    pair.peer.send(b"wait")
    assert pair.stream.write_many([b"<", LARGE, b">"], PATIENT, True) is False
    assert read_exactly(pair.stream, 4) == b"wait"
    received = pair.receive_in_background(len(LARGE) + 5)
    assert pair.stream.write_many([b"e", b"nd"], PATIENT, True) is True
    assert received() == b"<" + LARGE + b">end"


def test_a_watching_write_to_a_silent_peer_still_has_its_limit(pair: Pair) -> None:
    pair.stall(100_000)
    with pytest.raises(LimitExpired):
        pair.stream.write(LARGE, Limit(0.05, "write"), True)


@pytest.mark.safety("2c5")
def test_a_stream_on_which_nothing_came_is_not_readable(pair: Pair) -> None:
    # Over TLS 1.3 the server has sent session tickets by now; they are no data.
    for _ in range(100):
        assert not pair.stream.is_readable()


@pytest.mark.safety("2c5")
def test_looking_whether_there_is_data_does_not_take_it_away(pair: Pair) -> None:
    pair.peer.send(b"unasked")
    wait_until_readable(pair.stream)
    assert pair.stream.is_readable()
    assert read_exactly(pair.stream, 7) == b"unasked"
    assert not pair.stream.is_readable()


@pytest.mark.safety("2c5")
def test_the_end_of_the_stream_makes_it_readable(pair: Pair) -> None:
    pair.peer.finish()
    wait_until_readable(pair.stream)
    assert pair.stream.read(1, PATIENT) == b""


@pytest.mark.safety("2e3")
@pytest.mark.parametrize("how", ["close", "abort"])
def test_a_closed_stream_can_be_closed_again_and_nothing_else(pair: Pair, how: str) -> None:
    pair.peer.send(b"never read")
    wait_until_readable(pair.stream)
    getattr(pair.stream, how)()
    pair.stream.close()
    pair.stream.abort()
    for wait_first in (False, True):
        with pytest.raises(OSError):
            pair.stream.read(1, SOON, wait_first)
    with pytest.raises(OSError):
        pair.stream.write(b"x", SOON)
    with pytest.raises(OSError):
        pair.stream.write_many([b"x", b"y"], SOON)
    assert pair.stream.is_readable()
    assert pair.stream.fileno() == -1
    pair.stream.interrupt()


@pytest.mark.safety("L5")
def test_an_interrupted_stream_raises_instead_of_ending(pair: Pair) -> None:
    pair.stay_silent()
    pair.stream.interrupt()
    for wait_first in (False, True):
        with pytest.raises(OSError):
            pair.stream.read(1, PATIENT, wait_first)


def test_a_stream_knows_where_it_leads(pair: Pair) -> None:
    assert pair.stream.peer is not None
    assert (pair.stream.tls is not None) == pair.kind.startswith("tls")
    assert repr(pair.stream).startswith("<")
