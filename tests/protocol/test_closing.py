"""ConnectionClosed in both directions, clean and unclean, whole and half."""

from __future__ import annotations

import pytest

import h11
from tests.protocol.driving import answering, client, drive, refused_locally, server

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
CLOSING = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
EMPTY = h11.Response(status_code=200, headers=[("Content-Length", "0")])
END = h11.EndOfMessage()
CLOSED = h11.ConnectionClosed()


@pytest.mark.safety("2c4")
@pytest.mark.parametrize("role", [h11.CLIENT, h11.SERVER])
def test_close_of_an_idle_connection(role) -> None:
    connection = h11.Connection(role)
    for end in (b"", b"", None, bytearray(), memoryview(b"")):
        connection.receive_data(end)
    for _ in range(3):
        assert connection.next_event() == CLOSED
        assert connection.their_state is h11.CLOSED
        assert connection.our_state is h11.MUST_CLOSE
    assert connection.trailing_data == (b"", True)
    assert connection.send(CLOSED) is None
    assert connection.our_state is h11.CLOSED


@pytest.mark.parametrize("role", [h11.CLIENT, h11.SERVER])
def test_data_after_the_end_is_a_mistake_of_the_program(role) -> None:
    connection = h11.Connection(role)
    connection.receive_data(b"")
    with pytest.raises(RuntimeError):
        connection.receive_data(b"x")
    assert connection.next_event() == CLOSED


def test_our_close_is_no_bytes_and_may_be_repeated() -> None:
    connection = h11.Connection(h11.CLIENT)
    for _ in range(3):
        assert connection.send(CLOSED) is None
        assert connection.our_state is h11.CLOSED
    assert connection.their_state is h11.MUST_CLOSE


def test_single_request_then_close() -> None:
    connection = client(headers=[("Connection", "close")])
    assert connection.our_state is h11.MUST_CLOSE
    outcome = drive(connection, [CLOSING], eof=True)
    assert outcome.kinds == ["Response", "EndOfMessage", "ConnectionClosed"]
    assert outcome.states == (h11.MUST_CLOSE, h11.CLOSED)
    assert connection.send(CLOSED) is None
    assert outcome.states == (h11.CLOSED, h11.CLOSED)


def test_client_half_closes_and_still_reads_the_response() -> None:
    for headers in ([], [("Connection", "close")]):
        connection = client(headers=headers)
        connection.send(CLOSED)
        assert connection.our_state is h11.CLOSED
        outcome = drive(connection, [OK], eof=True)
        assert outcome.kinds == ["Response", "EndOfMessage", "ConnectionClosed"]
        assert outcome.states == (h11.CLOSED, h11.CLOSED)


def test_server_answers_a_client_that_has_half_closed() -> None:
    connection = server()
    outcome = drive(connection, [b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"], eof=True)
    assert outcome.kinds == ["Request", "EndOfMessage", "ConnectionClosed"]
    assert outcome.states == (h11.CLOSED, h11.SEND_RESPONSE)
    assert connection.send(EMPTY) == OK.replace(b"OK", b"")
    connection.send(END)
    assert outcome.states == (h11.CLOSED, h11.MUST_CLOSE)
    connection.send(CLOSED)
    assert outcome.states == (h11.CLOSED, h11.CLOSED)


def test_close_after_a_complete_cycle_is_clean() -> None:
    outcome = drive(client(), [OK], eof=True)
    assert outcome.error is None
    assert outcome.states == (h11.MUST_CLOSE, h11.CLOSED)
    outcome = drive(client(), [OK, b""])
    assert outcome.states == (h11.MUST_CLOSE, h11.CLOSED)


def test_close_with_unread_data_is_told_after_it() -> None:
    connection = server()
    first, second = (b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n" % number for number in (1, 2))
    outcome = drive(connection, [first + second], eof=True)
    assert outcome.last is h11.PAUSED
    assert connection.trailing_data == (second, True)
    connection.send(EMPTY)
    connection.send(END)
    connection.start_next_cycle()
    assert connection.next_event().target == b"/2"
    assert type(connection.next_event()) is h11.EndOfMessage
    assert connection.next_event() == CLOSED


@pytest.mark.safety("2a10", "F20")
def test_close_instead_of_a_response_is_an_error() -> None:
    for data in (b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 103 X\r\n\r\n"):
        outcome = drive(client(), [data] if data else [], eof=True)
        assert isinstance(outcome.error, h11.RemoteProtocolError)
        assert outcome.states == (h11.MUST_CLOSE, h11.ERROR)


def test_our_close_in_the_middle_of_a_message_is_refused() -> None:
    connection = h11.Connection(h11.CLIENT)
    connection.send(h11.Request(method="GET", target="/", headers=[("Host", "a")]))
    refused_locally(connection, CLOSED)
    refused_locally(answering(), CLOSED)
    connection = answering()
    connection.send(EMPTY)
    refused_locally(connection, CLOSED)


def test_bytes_after_a_closing_response_are_an_error() -> None:
    outcome = drive(client(), [CLOSING + OK])
    assert outcome.kinds == ["Response", "EndOfMessage"]
    assert isinstance(outcome.error, h11.RemoteProtocolError)
    assert outcome.states == (h11.MUST_CLOSE, h11.ERROR)


def test_bytes_after_we_have_closed_an_idle_connection_are_an_error() -> None:
    for connection, data in (
        (h11.Connection(h11.CLIENT), OK),
        (server(), b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
    ):
        connection.send(CLOSED)
        assert isinstance(drive(connection, [data]).error, h11.RemoteProtocolError)


def test_request_timeout_before_any_request() -> None:
    connection = server()
    connection.send(h11.Response(status_code=408, headers=[("Content-Length", "0")]))
    connection.send(END)
    assert connection.our_state is h11.DONE
    connection.send(CLOSED)
    assert connection.states == {h11.CLIENT: h11.MUST_CLOSE, h11.SERVER: h11.CLOSED}
    outcome = drive(
        h11.Connection(h11.CLIENT), [b"HTTP/1.1 408 X\r\nContent-Length: 0\r\n\r\n"], eof=True
    )
    assert outcome.kinds == ["Response", "EndOfMessage", "ConnectionClosed"]
    assert outcome.states == (h11.MUST_CLOSE, h11.CLOSED)
