"""h11client/_transport/sockets.py, `read_behind`: a border, and what is behind it."""

from __future__ import annotations

import signal
import socket
import time
from collections.abc import Iterator

import pytest

from h11client._timeouts import Limit
from h11client._transport.patience import PATIENCE
from h11client._transport.sockets import SocketStream
from tests.client.stream_peers import PATIENT, SocketPeer
from tests.client.test_patience import handler_of
from tests.client.test_patient_streams import (
    ASKED,
    BY_ITSELF,
    BY_POLL,
    LONGER,
    SHORT,
    SOON,
    TRIED,
    WITH_ALL,
    Calls,
    at_its_wait,
    bounded,
    connected_pair,
    patient,
)

BORDER = b"\r\n4\r\n"


@pytest.fixture
def pair() -> Iterator[tuple[SocketStream, SocketPeer]]:
    with connected_pair() as both:
        yield both


def ready(pair: tuple[SocketStream, SocketPeer], *pieces: bytes) -> SocketStream:
    """The stream, on which these have come."""
    stream, peer = pair
    for piece in pieces:
        peer.send(piece)
    deadline = time.monotonic() + SOON
    whole = len(b"".join(pieces))
    while len(stream._socket.recv(whole + 1, socket.MSG_PEEK)) < whole:
        assert time.monotonic() < deadline
    return stream


def test_a_border_and_what_is_behind_it_are_read_by_two_calls(
    pair: tuple[SocketStream, SocketPeer],
) -> None:
    stream = ready(pair, BORDER + b"data" + BORDER)
    calls = Calls(stream)
    before, block = stream.read_behind(BORDER, 4, PATIENT)
    assert before == BORDER
    if TRIED:
        assert block == b"data"
        assert calls == [BY_ITSELF, WITH_ALL]
    else:  # then the caller reads it
        assert block == b""
        assert stream.read(4, PATIENT) == b"data"
    assert stream.read(100, PATIENT) == BORDER


@pytest.mark.safety("F1", "F2")
@pytest.mark.parametrize("other", [b"\r\n5\r\n", b"\r\n0\r\n", b"XX4\r\n", b"HTTP/1."])
def test_behind_something_else_nothing_is_read(
    pair: tuple[SocketStream, SocketPeer], other: bytes
) -> None:
    stream = ready(pair, other + b"data")
    calls = Calls(stream)
    assert stream.read_behind(BORDER, 4, PATIENT) == (other[: len(BORDER)], b"")
    assert calls == patient(BY_ITSELF)
    assert stream.read(100, PATIENT) == other[len(BORDER) :] + b"data"


def test_part_of_a_border_is_returned_as_it_is(pair: tuple[SocketStream, SocketPeer]) -> None:
    stream = ready(pair, BORDER[:3])
    assert stream.read_behind(BORDER, 4, PATIENT) == (BORDER[:3], b"")


@pytest.mark.parametrize("number", [0, 1], ids=["within recv", "within poll"])
@pytest.mark.parametrize("limit", [PATIENT, Limit(None, "read")], ids=["limit", "none"])
def test_a_border_is_waited_for(
    pair: tuple[SocketStream, SocketPeer], number: int, limit: Limit
) -> None:
    stream, peer = pair
    Calls(stream, *at_its_wait(number, lambda: peer.send(BORDER + b"data")))
    before, block = stream.read_behind(BORDER, 4, limit)
    assert before == BORDER
    assert (block or stream.read(4, PATIENT)) == b"data"


def test_what_does_not_come_for_a_moment_is_left_to_the_next_read(
    pair: tuple[SocketStream, SocketPeer],
) -> None:
    stream = ready(pair, BORDER)
    calls = Calls(stream)
    started = time.monotonic()
    assert stream.read_behind(BORDER, 4, PATIENT) == (BORDER, b"")
    took = time.monotonic() - started
    assert took < SOON
    if TRIED:
        assert calls == [BY_ITSELF, WITH_ALL]
        assert took >= PATIENCE / 1000.0
    pair[1].send(b"data")
    assert stream.read(4, PATIENT) == b"data"


def test_what_has_come_within_the_moment_is_not_kept_from_the_caller(
    pair: tuple[SocketStream, SocketPeer],
) -> None:
    stream = ready(pair, BORDER + b"da")
    before, block = stream.read_behind(BORDER, 4, PATIENT)
    assert before == BORDER
    assert (block or stream.read(4, PATIENT)) == b"da"


@pytest.mark.safety("F20")
def test_an_end_behind_a_border_is_met_by_the_next_read(
    pair: tuple[SocketStream, SocketPeer],
) -> None:
    stream = ready(pair, BORDER)
    pair[1].finish()
    assert stream.read_behind(BORDER, 4, PATIENT) == (BORDER, b"")
    assert stream.read(4, PATIENT) == b""


@pytest.mark.safety("F20")
def test_an_end_instead_of_a_border_is_one(pair: tuple[SocketStream, SocketPeer]) -> None:
    stream, peer = pair
    peer.finish()
    assert stream.read_behind(BORDER, 4, PATIENT) == (b"", b"")


@pytest.mark.safety("L5")
@pytest.mark.parametrize("number", [0, 1], ids=["at the border", "behind it"])
def test_an_interruption_is_no_end(pair: tuple[SocketStream, SocketPeer], number: int) -> None:
    stream = ready(pair, BORDER) if number else pair[0]
    Calls(stream, *at_its_wait(number, stream.interrupt))
    with pytest.raises(ConnectionAbortedError):
        assert stream.read_behind(BORDER, 4, PATIENT) == (BORDER, b"")
        stream.read(4, PATIENT)


@pytest.mark.safety("X24")
@pytest.mark.parametrize("seconds", [0.001, 0.019, 0.02, 0.021, 0.05, 0.2])
def test_a_limit_holds_for_a_border(pair: tuple[SocketStream, SocketPeer], seconds: float) -> None:
    limit = Limit(seconds, "read")
    with bounded(limit):
        pair[0].read_behind(BORDER, 4, limit)


@pytest.mark.safety("X24", "X22")
@pytest.mark.parametrize("why", ["a short limit", "a handler for a timer"])
def test_where_recv_may_not_wait_only_the_border_is_read(
    pair: tuple[SocketStream, SocketPeer], why: str
) -> None:
    stream = ready(pair, BORDER + b"data")
    calls = Calls(stream)
    if why == "a short limit":
        assert stream.read_behind(BORDER, 4, SHORT) == (BORDER, b"")
    else:
        with handler_of(signal.SIGPROF, lambda number, frame: None):
            assert stream.read_behind(BORDER, 4, LONGER) == (BORDER, b"")
    assert calls == [ASKED]
    assert BY_POLL not in calls
    assert stream.read(100, PATIENT) == b"data"
