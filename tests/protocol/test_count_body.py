"""`count_body`: bytes of a body that were read past the engine."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

import h11
from tests.protocol.driving import CHUNKED_HEAD, ahead, client, rows, server
from tests.protocol.test_bytes_ahead import (
    END,
    EXPECT,
    OK,
    PUT,
    STATES,
    TE,
    TEN,
    behind,
    chunked_body,
    verdict_on,
)

pytestmark = pytest.mark.deviation("count-body")


@pytest.mark.safety("F16")
@pytest.mark.parametrize(("make", "known"), rows(STATES))
def test_only_what_is_known_to_come_can_be_counted(
    make: Callable[[], h11.Connection], known: tuple[int, int, int]
) -> None:
    connection = make()
    before = connection.states, connection.trailing_data
    for size in (known[0] + 1, 10**9, 0, -1):
        with pytest.raises(ValueError, match=rf"next bytes of the body: {size}$"):
            connection.count_body(size)
    assert ahead(connection) == known
    if known[0]:
        connection.count_body(known[0])
        assert connection.body_bytes_ahead == 0
    assert (connection.states, connection.trailing_data) == before


@pytest.mark.safety("F16")
def test_a_body_that_was_counted_whole_is_over() -> None:
    for connection in (behind(OK + TEN, b"abc"), behind(PUT + TEN, b"abc")):
        connection.count_body(3)
        connection.count_body(4)
        assert type(connection.next_event()) is h11.EndOfMessage
        assert connection.their_state is h11.DONE


@pytest.mark.safety("F20")
@pytest.mark.parametrize("counted", [1, 6])
def test_an_end_behind_what_was_counted_is_an_error(counted: int) -> None:
    connection = behind(OK + TEN, b"abc")
    connection.count_body(counted)
    connection.receive_data(b"")
    with pytest.raises(
        h11.RemoteProtocolError, match=rf"received {3 + counted} bytes, expected 10"
    ):
        connection.receive_body(100)
    connection = behind(CHUNKED_HEAD, b"a\r\nabc")
    connection.count_body(counted)
    connection.receive_data(b"")
    with pytest.raises(h11.RemoteProtocolError, match="incomplete chunked read"):
        connection.receive_body(100)


def test_a_chunk_that_was_counted_whole_is_followed_by_a_border() -> None:
    connection = behind(CHUNKED_HEAD, b"5\r\n")
    connection.count_body(5)
    assert ahead(connection) == (0, 5, 5)
    connection.receive_data(b"\r\n2\r\nyo\r\n" + END)
    assert connection.receive_body(100) == b"yo"
    assert connection.receive_body(100) is None
    connection = behind(OK + TEN)
    connection.count_body(10)
    assert connection.receive_body(100) is None


@pytest.mark.deviation("chunk-start")
def test_data_behind_what_was_counted_does_not_start_a_chunk() -> None:
    connection = behind(CHUNKED_HEAD, b"5\r\n")
    connection.count_body(2)
    connection.receive_data(b"llo\r\n1\r\n!")
    events = [connection.next_event(), connection.next_event()]
    assert events == [
        h11.Data(data=b"llo", chunk_start=False, chunk_end=True),
        h11.Data(data=b"!", chunk_start=True, chunk_end=True),
    ]


@pytest.mark.parametrize("framing", [TEN, TE], ids=["length", "chunks"])
def test_a_client_whose_body_has_begun_to_come_waits_no_longer(framing: bytes) -> None:
    connection = behind(PUT + EXPECT + framing)
    if framing is TE:
        connection.receive_data(b"a\r\n")
        assert connection.receive_body(1) is h11.NEED_DATA
    assert connection.they_are_waiting_for_100_continue
    connection.count_body(1)
    assert not connection.they_are_waiting_for_100_continue


@pytest.mark.safety("F1", "F16")
@pytest.mark.parametrize("role", ["client", "server"])
@pytest.mark.parametrize("seed", range(8))
def test_what_is_counted_and_what_is_received_are_one_body(seed: int, role: str) -> None:
    counted = 0
    for number in range(40):
        rng = random.Random(f"{seed} {number}")
        make, head = (client, CHUNKED_HEAD) if role == "client" else (server, PUT + TE)
        ours, plain = make(), make()
        for connection in (ours, plain):
            connection.receive_data(head)
            connection.next_event()
        wire, content = chunked_body(rng)
        got, at = b"", 0
        verdict: bytes | str | None = b""
        while isinstance(verdict, bytes):
            got += verdict
            known = ours.body_bytes_ahead
            piece = wire[at : at + rng.randint(1, known or 60)]
            at += len(piece)
            if known:
                ours.count_body(len(piece))
                counted += 1
                verdict = piece
            else:
                verdict = verdict_on(ours, piece)
            assert verdict == verdict_on(plain, piece)
            assert ahead(ours) == ahead(plain)
        assert verdict is None
        assert got == content
        assert ours.next_event() == plain.next_event()
        assert ours.trailing_data == plain.trailing_data
    assert counted > 100  # or little was shown
