"""Requests that follow one another without waiting: a server takes them one at a time."""

from __future__ import annotations

import pytest

import h11
from tests.protocol.driving import at_random, drive, server, single_bytes

REQUESTS = [
    b"GET /0 HTTP/1.1\r\nHost: a\r\n\r\n",
    b"POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
    b"POST /2 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nA: b\r\n\r\n",
    b"HEAD /3 HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /4 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
]
BODIES = [b"", b"hello", b"hi", b"", b""]


def answer(connection: h11.Connection) -> bytes:
    reply = h11.Response(status_code=200, headers=[("Content-Length", "0")])
    return connection.send(reply) + connection.send(h11.EndOfMessage())


def test_requests_received_at_once_are_given_one_after_another() -> None:
    connection = server()
    connection.receive_data(b"".join(REQUESTS))
    for number, body in enumerate(BODIES):
        request, got = read_one(connection)
        assert request.target == b"/%d" % number
        assert got == body
        last = number == len(BODIES) - 1
        if last:
            assert connection.trailing_data == (b"", False)
            assert connection.next_event() is h11.NEED_DATA
        else:
            assert connection.next_event() is h11.PAUSED
            assert connection.trailing_data == (b"".join(REQUESTS[number + 1 :]), False)
            with pytest.raises(h11.LocalProtocolError):
                connection.start_next_cycle()
        answer(connection)
        if last:
            assert connection.our_state is h11.MUST_CLOSE
        else:
            assert connection.next_event() is h11.PAUSED
            connection.start_next_cycle()


def read_one(connection: h11.Connection) -> tuple[h11.Request, bytes]:
    request = connection.next_event()
    assert type(request) is h11.Request
    body = b""
    while type(event := connection.next_event()) is h11.Data:
        body += event.data
    assert type(event) is h11.EndOfMessage
    return request, body


@pytest.mark.parametrize("seed", range(5))
def test_requests_in_any_pieces_come_out_the_same(seed: int) -> None:
    data = b"".join(REQUESTS)
    connection = server()
    targets: list[bytes] = []
    body = b""
    for piece in single_bytes(data) if seed == 0 else at_random(data, seed):
        connection.receive_data(piece)
        while (event := connection.next_event()) is not h11.NEED_DATA:
            if type(event) is h11.Request:
                targets.append(event.target)
            elif type(event) is h11.Data:
                body += event.data
            elif connection.their_state is h11.DONE and connection.our_state is h11.SEND_RESPONSE:
                answer(connection)
                connection.start_next_cycle()
    assert targets == [b"/0", b"/1", b"/2", b"/3", b"/4"]
    assert body == b"hellohi"


def test_answer_may_come_before_the_request_is_complete() -> None:
    connection = server()
    drive(connection, [b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhe"])
    answer(connection)
    assert connection.states == {h11.CLIENT: h11.SEND_BODY, h11.SERVER: h11.DONE}
    outcome = drive(connection, [b"lloGET /2 HTTP/1.1\r\nHost: a\r\n\r\n"])
    assert outcome.kinds == ["Data", "EndOfMessage"]
    assert outcome.last is h11.PAUSED
    connection.start_next_cycle()
    assert connection.next_event().target == b"/2"


def test_bytes_received_while_paused_are_kept_in_order() -> None:
    connection = server()
    drive(connection, [REQUESTS[0]])
    for byte in single_bytes(REQUESTS[1]):
        connection.receive_data(byte)
        assert connection.next_event() is h11.PAUSED
    assert connection.trailing_data == (REQUESTS[1], False)
    answer(connection)
    connection.start_next_cycle()
    request, body = read_one(connection)
    assert (request.target, body) == (b"/1", b"hello")


@pytest.mark.safety("2c6")
def test_client_cannot_pipeline() -> None:
    connection = h11.Connection(h11.CLIENT)
    request = h11.Request(method="GET", target="/", headers=[("Host", "a")])
    connection.send(request)
    connection.send(h11.EndOfMessage())
    with pytest.raises(h11.LocalProtocolError):
        connection.start_next_cycle()
    with pytest.raises(h11.LocalProtocolError):
        connection.send(request)


def test_much_may_wait_while_paused() -> None:
    connection = server(max_incomplete_event_size=100)
    drive(connection, [REQUESTS[0]])
    more = b"x" * 10_000
    outcome = drive(connection, [more[:50], more[50:]])
    assert outcome.error is None and outcome.last is h11.PAUSED
    assert connection.trailing_data == (more, False)
