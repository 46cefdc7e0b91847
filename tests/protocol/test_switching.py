"""Upgrade and CONNECT: proposed, accepted, refused, and the bytes that belong to the other protocol."""

from __future__ import annotations

import pytest

import h11
from tests.protocol.driving import (
    accepted,
    answering,
    client,
    drive,
    refused,
    refused_locally,
    rows,
    server,
)

UPGRADE = ("Upgrade", "websocket")
SWITCHED = (h11.SWITCHED_PROTOCOL, h11.SWITCHED_PROTOCOL)
UPGRADING = b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n"
CONNECTING = b"CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n"
EMPTY = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
END = h11.EndOfMessage()


def upgrading() -> h11.Connection:
    return client(headers=[UPGRADE, ("Connection", "upgrade")])


def connecting() -> h11.Connection:
    return client("CONNECT", target="a:1")


def proposing_both() -> h11.Connection:
    return client("CONNECT", headers=[UPGRADE], target="a:1")


ACCEPTED = [
    ("upgrade", upgrading, b"HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\n\r\n"),
    ("upgrade without reason", upgrading, b"HTTP/1.1 101\r\n\r\n"),
    (
        "upgrade after another informational",
        upgrading,
        b"HTTP/1.1 103 X\r\n\r\nHTTP/1.1 101 X\r\n\r\n",
    ),
    ("upgrade with length", upgrading, b"HTTP/1.1 101 X\r\nContent-Length: 5\r\n\r\n"),
    ("upgrade with coding", upgrading, b"HTTP/1.1 101 X\r\nTransfer-Encoding: chunked\r\n\r\n"),
    ("tunnel", connecting, b"HTTP/1.1 200 OK\r\n\r\n"),
    ("tunnel with another 2xx", connecting, b"HTTP/1.1 299 OK\r\n\r\n"),
    ("tunnel with 204", connecting, b"HTTP/1.1 204 OK\r\n\r\n"),
    ("tunnel with length", connecting, b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"),
    ("tunnel with coding", connecting, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
    (
        "tunnel with both",
        connecting,
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
    ),
    ("tunnel by an old proxy", connecting, b"HTTP/1.0 200 OK\r\n\r\n"),
    ("tunnel with close", connecting, b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"),
    ("both proposed, tunnel", proposing_both, b"HTTP/1.1 200 OK\r\n\r\n"),
    ("both proposed, upgrade", proposing_both, b"HTTP/1.1 101 OK\r\n\r\n"),
]


@pytest.mark.safety("2h2", "2h3")
@pytest.mark.parametrize(("make", "head"), rows(ACCEPTED))
@pytest.mark.parametrize("after", [b"", b"\x16\x03\x01", b"HTTP/1.1 200 OK\r\n\r\n"])
def test_switch_is_accepted_and_what_follows_is_left_alone(make, head: bytes, after: bytes) -> None:
    assert make().our_state is h11.MIGHT_SWITCH_PROTOCOL
    outcome = accepted(make, head + after)
    assert outcome.kinds[-1] in ("InformationalResponse", "Response")
    assert outcome.states == SWITCHED
    assert outcome.last is h11.PAUSED
    assert outcome.connection.trailing_data == (after, False)
    closed = accepted(make, head + after, eof=True)
    assert closed.last is h11.PAUSED
    assert closed.connection.trailing_data == (after, True)


MALFORMED = [
    b"Transfer-Encoding: gzip",
    b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
    b"Content-Length: 5\r\nContent-Length: 6",
    b"Content-Length: -1",
    b"Content-Length: 5, 6",
    b"CONTENT-LENGTH: " + b"9" * 30 + b"\r\nX: y\r\nTransfer-Encoding: xchunked",
]


@pytest.mark.safety("2h3")
@pytest.mark.parametrize("fields", MALFORMED)
def test_framing_fields_of_a_2xx_to_connect_mean_nothing_however_malformed(fields: bytes) -> None:
    head = b" X\r\nVia: a\r\n" + fields + b"\r\nAge: 1\r\n\r\n"
    outcome = accepted(connecting, b"HTTP/1.1 200" + head + b"\x16\x03")
    assert outcome.states == SWITCHED
    assert outcome.connection.trailing_data == (b"\x16\x03", False)
    response = outcome.events[-1]
    kept = [(b"x", b"y")] if b"X: y" in fields else []
    assert list(response.headers) == [(b"via", b"a"), *kept, (b"age", b"1")]
    # Nowhere else.
    refused(connecting, b"HTTP/1.1 407" + head, hint=None)
    refused(client, b"HTTP/1.1 200" + head, hint=None)
    refused(upgrading, b"HTTP/1.1 101" + head, hint=None)
    refused(connecting, b"HTTP/1.1 103" + head, hint=None)
    refused(connecting, b"XTTP/1.1 200" + head, hint=None)


@pytest.mark.safety("2h3", "F12")
def test_a_2xx_to_connect_has_the_limits_of_every_head() -> None:
    fields = b"Transfer-Encoding: gzip\r\n" * 513
    refused(connecting, b"HTTP/1.1 200 X\r\n" + fields + b"\r\n", hint=431)
    refused(connecting, b"HTTP/1.1 200 X\r\nContent-Length : 5\r\n\r\n")
    refused(connecting, b"HTTP/1.1 200 X\r\nContent-Length:\r\n 5\r\n\r\n")


REFUSED = [
    ("upgrade", upgrading, EMPTY, h11.DONE),
    ("upgrade with 404", upgrading, b"HTTP/1.1 404 X\r\nContent-Length: 2\r\n\r\nno", h11.DONE),
    (
        "upgrade and close",
        upgrading,
        b"HTTP/1.1 400 X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        h11.MUST_CLOSE,
    ),
    (
        "upgrade by an old server",
        upgrading,
        b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
        h11.MUST_CLOSE,
    ),
    ("upgrade after an informational", upgrading, b"HTTP/1.1 100 X\r\n\r\n" + EMPTY, h11.DONE),
    ("tunnel", connecting, b"HTTP/1.1 407 X\r\nContent-Length: 2\r\n\r\nno", h11.DONE),
    (
        "tunnel, chunked",
        connecting,
        b"HTTP/1.1 502 X\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n",
        h11.DONE,
    ),
    ("tunnel with 300", connecting, b"HTTP/1.1 300 X\r\nContent-Length: 0\r\n\r\n", h11.DONE),
    ("both", proposing_both, b"HTTP/1.1 403 X\r\nContent-Length: 0\r\n\r\n", h11.DONE),
]


@pytest.mark.safety("2h4")
@pytest.mark.parametrize(("make", "data", "state"), rows(REFUSED))
def test_refused_switch_returns_to_http(make, data: bytes, state) -> None:
    outcome = accepted(make, data)
    assert outcome.kinds[-1] == "EndOfMessage"
    assert outcome.states == (state, state)
    if state is h11.DONE:
        outcome.connection.start_next_cycle()
        assert outcome.states == (h11.IDLE, h11.IDLE)


@pytest.mark.safety("2h1")
def test_101_without_proposal_is_refused() -> None:
    for make in (client, connecting, lambda: h11.Connection(h11.CLIENT)):
        refused(make, b"HTTP/1.1 101 X\r\nUpgrade: websocket\r\n\r\nmore")


@pytest.mark.safety("2h1")
def test_second_switch_response_is_data_of_the_other_protocol() -> None:
    switch = b"HTTP/1.1 101 X\r\n\r\n"
    outcome = accepted(upgrading, switch + switch)
    assert outcome.kinds == ["InformationalResponse"]
    assert outcome.left == switch


def test_method_is_compared_with_its_case() -> None:
    connection = client("connect", target="a:1")
    assert connection.our_state is h11.DONE
    assert drive(connection, [b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"]).body == b"hi"


@pytest.mark.safety("2h1")
def test_switch_before_our_body_is_complete_waits_for_it() -> None:
    connection = h11.Connection(h11.CLIENT)
    fields = [("Host", "a"), UPGRADE, ("Content-Length", "2")]
    connection.send(h11.Request(method="POST", target="/", headers=fields))
    outcome = drive(connection, [b"HTTP/1.1 101 X\r\n\r\nnew"])
    assert outcome.states == (h11.SEND_BODY, h11.SWITCHED_PROTOCOL)
    assert outcome.last is h11.PAUSED
    assert connection.send(h11.Data(data=b"hi")) == b"hi"
    connection.send(END)
    assert outcome.states == SWITCHED
    assert connection.trailing_data == (b"new", False)


def test_after_a_switch_nothing_can_be_sent() -> None:
    for event in (END, h11.ConnectionClosed(), h11.Data(data=b"x")):
        connection = upgrading()
        drive(connection, [b"HTTP/1.1 101 X\r\n\r\n"])
        refused_locally(connection, event)


def test_while_a_proposal_waits_nothing_can_be_sent() -> None:
    for event in (END, h11.ConnectionClosed(), h11.Data(data=b"")):
        refused_locally(upgrading(), event)


def test_server_reads_no_further_until_it_has_answered_a_proposal() -> None:
    for request in (UPGRADING, CONNECTING):
        connection = server()
        outcome = drive(connection, [request + b"more"])
        assert outcome.kinds == ["Request", "EndOfMessage"]
        assert outcome.last is h11.PAUSED
        assert outcome.states == (h11.MIGHT_SWITCH_PROTOCOL, h11.SEND_RESPONSE)
        assert connection.trailing_data == (b"more", False)


ANSWERS = [
    ("101", UPGRADING, h11.InformationalResponse(status_code=101, headers=[UPGRADE])),
    ("200 to CONNECT", CONNECTING, h11.Response(status_code=200, headers=[])),
    ("201 to CONNECT", CONNECTING, h11.Response(status_code=201, headers=[])),
]


@pytest.mark.parametrize(("request_", "answer"), rows(ANSWERS))
def test_server_accepts(request_: bytes, answer) -> None:
    connection = server()
    drive(connection, [request_ + b"more"])
    connection.send(answer)
    assert connection.states == {
        h11.CLIENT: h11.SWITCHED_PROTOCOL,
        h11.SERVER: h11.SWITCHED_PROTOCOL,
    }
    assert connection.next_event() is h11.PAUSED
    assert connection.trailing_data == (b"more", False)
    connection.receive_data(b" and more")
    assert connection.next_event() is h11.PAUSED
    assert connection.trailing_data == (b"more and more", False)
    refused_locally(connection, h11.Response(status_code=200, headers=[]))


@pytest.mark.parametrize("request_", [UPGRADING, CONNECTING])
def test_server_refuses_and_goes_on_with_http(request_: bytes) -> None:
    connection = server()
    second = b"GET /2 HTTP/1.1\r\nHost: a\r\n\r\n"
    drive(connection, [request_ + second])
    connection.send(h11.Response(status_code=404, headers=[("Content-Length", "0")]))
    assert connection.their_state is h11.DONE
    connection.send(END)
    assert connection.next_event() is h11.PAUSED
    connection.start_next_cycle()
    assert connection.next_event().target == b"/2"


def test_server_cannot_switch_unasked() -> None:
    switch = h11.InformationalResponse(status_code=101, headers=[])
    refused_locally(answering(), switch)
    refused_locally(answering(CONNECTING), switch)
    connection = answering(UPGRADING)
    connection.send(h11.Response(status_code=200, headers=[]))
    refused_locally(connection, switch)


def test_server_that_switches_early_still_reads_the_body() -> None:
    connection = server()
    head = b"POST / HTTP/1.1\r\nHost: a\r\nUpgrade: x\r\nContent-Length: 2\r\n\r\n"
    drive(connection, [head])
    connection.send(h11.InformationalResponse(status_code=101, headers=[]))
    outcome = drive(connection, [b"hinew"])
    assert outcome.kinds == ["Data", "EndOfMessage"]
    assert outcome.body == b"hi"
    assert outcome.states == SWITCHED
    assert connection.trailing_data == (b"new", False)


def test_proposal_of_a_closing_client_that_is_refused_must_close() -> None:
    request = b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: x\r\nConnection: upgrade, close\r\n\r\n"
    connection = answering(request)
    assert connection.their_state is h11.MIGHT_SWITCH_PROTOCOL
    connection.send(h11.Response(status_code=200, headers=[("Content-Length", "0")]))
    assert connection.their_state is h11.MUST_CLOSE


def test_eof_while_a_proposal_waits_is_told_after_it_is_refused() -> None:
    connection = server()
    outcome = drive(connection, [UPGRADING], eof=True)
    assert outcome.last is h11.PAUSED
    assert outcome.kinds == ["Request", "EndOfMessage"]
    connection.send(h11.Response(status_code=200, headers=[("Content-Length", "0")]))
    assert type(connection.next_event()) is h11.ConnectionClosed


def test_upgrade_without_connection_field_proposes_all_the_same() -> None:
    assert (
        answering(b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: x\r\n\r\n").their_state
        is h11.MIGHT_SWITCH_PROTOCOL
    )
    assert client(headers=[UPGRADE]).our_state is h11.MIGHT_SWITCH_PROTOCOL
