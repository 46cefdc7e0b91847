"""`pass_body`: bytes of a body that are counted, and need not be taken and given back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import h11
from tests.protocol.driving import CHUNKED_HEAD, client, server

pytestmark = pytest.mark.deviation("pass-body")

OK = b"HTTP/1.1 200 OK\r\n"


def behind(head: bytes, more: bytes = b"") -> h11.Connection:
    """A client that has read this head; more has come with it."""
    connection = client()
    connection.receive_data(head + more)
    connection.next_event()
    return connection


def counted(length: int) -> h11.Connection:
    """A client that has read the head of a response of so many bytes."""
    return behind(OK + b"Content-Length: %d\r\n\r\n" % length)


@given(st.binary(min_size=1, max_size=60), st.lists(st.integers(1, 20)), st.randoms())
def test_a_body_comes_out_whole_whichever_way_its_pieces_go(
    body: bytes, sizes: list[int], rng: object
) -> None:
    connection = counted(len(body))
    got, left = b"", body
    for size in [*sizes, len(body)]:
        piece, left = left[:size], left[size:]
        if not piece:
            break
        if rng.random() < 0.7 and connection.pass_body(piece):  # type: ignore[attr-defined]  # a Random
            assert left
            got += piece
        else:
            connection.receive_data(piece)
            got += connection.receive_body(100)  # type: ignore[operator]  # there are some
    assert got == body
    assert connection.receive_body(1) is None
    assert type(connection.next_event()) is h11.EndOfMessage
    assert connection.their_state is h11.DONE


@pytest.mark.safety("F16")
def test_the_end_of_a_body_is_not_passed() -> None:
    connection = counted(5)
    assert connection.pass_body(b"hell")
    assert not connection.pass_body(b"o")
    assert not connection.pass_body(b"o and more")
    connection.receive_data(b"o and more")
    assert connection.receive_body(100) == b"o"
    assert type(connection.next_event()) is h11.EndOfMessage
    assert connection.trailing_data == (b" and more", False)
    assert not connection.pass_body(b"x")


TEN = OK + b"Content-Length: 10\r\n\r\n"


def with_half_of_it_waiting() -> h11.Connection:
    connection = behind(TEN, b"ab")
    assert connection.receive_body(1) == b"a"
    return connection


def behind_the_end() -> h11.Connection:
    connection = behind(TEN)
    connection.receive_data(b"")
    return connection


def broken() -> h11.Connection:
    connection = behind(CHUNKED_HEAD, b"5\r\nhello!!")
    with pytest.raises(h11.RemoteProtocolError):
        while connection.next_event():
            pass
    return connection


@pytest.mark.safety("F16")
@pytest.mark.parametrize(
    "make",
    [
        pytest.param(client, id="not begun"),
        pytest.param(lambda: behind(CHUNKED_HEAD, b"5\r\n"), id="chunked"),
        pytest.param(lambda: behind(OK + b"\r\n"), id="until the close"),
        pytest.param(lambda: behind(TEN, b"ab"), id="some waits"),
        pytest.param(with_half_of_it_waiting, id="half of it waits"),
        pytest.param(behind_the_end, id="behind the end"),
        pytest.param(broken, id="broken"),
    ],
)
def test_everywhere_else_nothing_is_done(make) -> None:
    connection = make()
    before = connection.states, connection.trailing_data
    assert not connection.pass_body(b"x")
    assert (connection.states, connection.trailing_data) == before


def test_nothing_is_no_part_of_a_body() -> None:
    assert not counted(5).pass_body(b"")


@pytest.mark.safety("F20")
def test_what_was_passed_counts_when_the_rest_does_not_come() -> None:
    connection = counted(10)
    assert connection.pass_body(b"four")
    connection.receive_data(b"")
    with pytest.raises(h11.RemoteProtocolError, match="received 4 bytes, expected 10"):
        connection.next_event()


def test_a_body_that_comes_before_its_100_continue_is_for_receive_data() -> None:
    connection = server()
    head = b"PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n"
    connection.receive_data(head)
    connection.next_event()
    assert not connection.pass_body(b"abc")
    connection.receive_data(b"abc")
    assert connection.receive_body(9) == b"abc"
    assert not connection.client_is_waiting_for_100_continue
    assert connection.pass_body(b"def")
