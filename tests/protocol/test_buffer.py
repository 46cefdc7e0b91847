"""What is received and not parsed yet: kept in order, shown by `trailing_data`, never changed by the caller."""

from __future__ import annotations

import pytest

import h11
from tests.protocol.driving import at_random, client, drive, framed, server, single_bytes

RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_received_data_may_be_of_any_bytes_like_kind(kind) -> None:
    outcome = drive(client(), [kind(RESPONSE)])
    assert outcome.body == b"hello"
    outcome = drive(client(), [kind(piece) for piece in single_bytes(RESPONSE)])
    assert outcome.body == b"hello"
    assert drive(client(), [kind(framed(b"5\r\nhello\r\n0\r\n\r\n"))]).body == b"hello"


@pytest.mark.parametrize("wrong", ["text", 5, ["x"], 1.5, object()])
def test_what_is_not_bytes_is_a_mistake_of_the_program(wrong) -> None:
    connection = client()
    with pytest.raises(TypeError):
        connection.receive_data(wrong)
    assert drive(connection, [RESPONSE]).body == b"hello"


@pytest.mark.deviation("data-is-bytes")
@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
@pytest.mark.parametrize(
    "head",
    [
        b"Content-Length: 5\r\n\r\nhello",
        b"\r\nhello",
        b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
    ],
)
def test_data_from_the_parser_is_always_bytes(kind, head: bytes) -> None:
    wire = b"HTTP/1.1 200 OK\r\n" + head
    at = len(wire) - len(b"hello\r\n" if head.endswith(b"\n") else b"hello")
    for pieces in ([wire], [wire[:at], wire[at:]], single_bytes(wire)):
        connection = client()
        found = []
        for piece in pieces:
            connection.receive_data(kind(piece))
            while isinstance(event := connection.next_event(), h11.Event):
                found.append(event)
        data = [event.data for event in found if type(event) is h11.Data]
        assert b"".join(data) == b"hello"
        assert {type(piece) for piece in data} == {bytes}


def test_fields_from_the_parser_are_bytes() -> None:
    outcome = drive(server(), [bytearray(b"GET /x HTTP/1.0\r\nA: b\r\n c\r\n\r\n")])
    request = outcome.events[0]
    texts = [request.method, request.target, request.http_version]
    texts += [text for pair in [*request.headers, *request.headers.raw_items()] for text in pair]
    assert {type(text) for text in texts} == {bytes}
    response = drive(client(), [bytearray(RESPONSE)]).events[0]
    assert type(response.reason) is bytes and type(response.http_version) is bytes
    assert type(response.status_code) is int


def test_changes_of_a_received_bytearray_come_too_late() -> None:
    for wire in (RESPONSE, framed(b"5\r\nhello\r\n0\r\n\r\n"), b"HTTP/1.1 200 OK\r\n\r\nhello"):
        for at in range(1, len(wire)):
            connection = client()
            first = bytearray(wire[:at])
            connection.receive_data(first)
            first[:] = b"\x00" * len(first)
            second = bytearray(wire[at:])
            connection.receive_data(second)
            second[:] = b"\x00" * len(second)
            assert drive(connection, []).events == []
            body = b""
            connection.next_event()
            while type(event := connection.next_event()) is h11.Data:
                body += event.data
            assert body == b"hello"


def test_received_bytearray_can_be_used_again_by_its_owner() -> None:
    connection = client()
    owned = bytearray(RESPONSE)
    connection.receive_data(owned)
    connection.next_event()
    owned.extend(b"more")  # would raise BufferError if it were still exported
    owned.clear()
    assert connection.next_event().data == b"hello"


def test_trailing_data_shows_what_is_unparsed_without_taking_it() -> None:
    connection = client()
    for at in range(1, 10):
        connection.receive_data(RESPONSE[at - 1 : at])
        assert connection.trailing_data == (RESPONSE[:at], False)
        assert connection.next_event() is h11.NEED_DATA
        assert connection.trailing_data == (RESPONSE[:at], False)
        assert type(connection.trailing_data[0]) is bytes
    connection.receive_data(RESPONSE[9:])
    assert drive(connection, []).events == []
    assert type(connection.next_event()) is h11.Response
    assert connection.trailing_data == (b"hello", False)
    assert connection.next_event().data == b"hello"
    assert connection.trailing_data == (b"", False)


def test_received_bytes_are_parsed_only_when_asked() -> None:
    connection = client()
    connection.receive_data(b"\x00 garbage")
    assert connection.their_state is h11.SEND_RESPONSE
    connection.receive_data(b"more")
    assert connection.trailing_data == (b"\x00 garbagemore", False)


def test_trailing_data_tells_the_end_of_the_connection() -> None:
    connection = client()
    connection.receive_data(RESPONSE + b"extra")
    connection.receive_data(b"")
    outcome = drive(connection, [])
    assert outcome.events == []
    assert connection.trailing_data == (RESPONSE + b"extra", True)


@pytest.mark.safety("F16")
@pytest.mark.parametrize("seed", range(10))
def test_consumed_and_trailing_bytes_are_the_input(seed: int) -> None:
    extra = bytes(range(256)) * 3
    wire = RESPONSE + extra
    connection = client()
    fed = b""
    for piece in at_random(wire, seed):
        connection.receive_data(piece)
        fed += piece
        while isinstance(connection.next_event(), h11.Event):
            pass
        left = connection.trailing_data[0]
        assert fed.endswith(left)
        if len(fed) > len(RESPONSE):
            assert left == fed[len(RESPONSE) :]
    assert connection.trailing_data == (extra, False)


def test_bytes_received_after_an_error_are_shown_too() -> None:
    connection = client()
    assert drive(connection, [b"HTTP/1.1 200 OK\r\nA : b\r\n\r\nafter"]).error is not None
    connection.receive_data(b" all")
    assert connection.trailing_data[0].endswith(b"after all")
