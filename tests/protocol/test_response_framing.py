"""The framing and Connection fields with which a response leaves, by request and peer."""

from __future__ import annotations

import pytest

import h11
from tests.protocol.driving import answering, client, drive, refused_locally, rows, server

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
HEAD = b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"
OLD = b"GET / HTTP/1.0\r\n\r\n"
OLD_HEAD = b"HEAD / HTTP/1.0\r\n\r\n"
CLOSING = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
TE = (b"Transfer-Encoding", b"chunked")
CLOSE = (b"Connection", b"close")
LENGTH = (b"Content-Length", b"2")

# (id, request, status, headers given, headers on the wire, reusable afterwards)
CHOICES = [
    ("neither", GET, 200, [], [TE], True),
    ("length", GET, 200, [LENGTH], [LENGTH], True),
    ("chunked", GET, 200, [TE], [TE], True),
    ("both: chunked is kept", GET, 200, [LENGTH, TE], [TE], True),
    ("both the other way round", GET, 200, [TE, LENGTH], [TE], True),
    ("neither to 1.0", OLD, 200, [], [CLOSE], False),
    ("length to 1.0", OLD, 200, [LENGTH], [LENGTH, CLOSE], False),
    ("chunked to 1.0 is dropped", OLD, 200, [TE], [CLOSE], False),
    ("both to 1.0: both are dropped", OLD, 200, [TE, LENGTH], [CLOSE], False),
    ("keep-alive to 1.0", b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", 200, [LENGTH], [LENGTH, CLOSE], False),
    ("keep-alive promised to 1.0", OLD, 200, [LENGTH, (b"Connection", b"keep-alive")], [LENGTH, CLOSE], False),
    ("client closes", CLOSING, 200, [LENGTH], [LENGTH, CLOSE], False),
    ("client closes, neither", CLOSING, 200, [], [TE, CLOSE], False),
    ("keep-alive promised to a client that closes", CLOSING, 200, [LENGTH, (b"Connection", b"keep-alive")], [LENGTH, CLOSE], False),
    ("server closes", GET, 200, [LENGTH, CLOSE], [LENGTH, CLOSE], False),
    ("server closes, neither", GET, 200, [CLOSE], [TE, CLOSE], False),
    ("both close", CLOSING, 200, [LENGTH, CLOSE], [LENGTH, CLOSE], False),
    ("server closes among other tokens", GET, 200, [LENGTH, (b"Connection", b"a, CLOSE")], [LENGTH, (b"Connection", b"a, CLOSE")], False),
    ("other tokens do not close", GET, 200, [LENGTH, (b"Connection", b"x-foo")], [LENGTH, (b"Connection", b"x-foo")], True),
    ("204", GET, 204, [], [], True),
    ("304", GET, 304, [], [], True),
    ("304 with length", GET, 304, [LENGTH], [LENGTH], True),
    ("205", GET, 205, [], [TE], True),
    ("HEAD neither", HEAD, 200, [], [TE], True),
    ("HEAD length", HEAD, 200, [LENGTH], [LENGTH], True),
    ("HEAD chunked", HEAD, 200, [TE], [TE], True),
    ("HEAD both", HEAD, 200, [LENGTH, TE], [TE], True),
    ("HEAD neither to 1.0", OLD_HEAD, 200, [], [CLOSE], False),
    ("HEAD length to 1.0", OLD_HEAD, 200, [LENGTH], [LENGTH, CLOSE], False),
    ("HEAD chunked to 1.0", OLD_HEAD, 200, [TE], [CLOSE], False),
    ("404", GET, 404, [], [TE], True),
    ("500", GET, 500, [], [TE], True),
    ("refused CONNECT", b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", 404, [], [TE], True),
    ("refused upgrade", b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: x\r\n\r\n", 200, [], [TE], True),
]  # fmt: skip


@pytest.mark.safety("2b3", "2b5", "2c2")
@pytest.mark.parametrize(("request_", "status", "given", "wire", "reusable"), rows(CHOICES))
def test_response_fields(
    request_: bytes, status: int, given: list, wire: list, reusable: bool
) -> None:
    connection = answering(request_)
    sent = connection.send(h11.Response(status_code=status, headers=given))
    lines = sent.split(b"\r\n")
    assert lines[0] == b"HTTP/1.1 %d " % status
    assert sorted(lines[1:-2]) == sorted(b": ".join(pair) for pair in wire)
    assert lines[-2:] == [b"", b""]
    no_body = request_ in (HEAD, OLD_HEAD) or status in (204, 304)
    if not no_body:
        connection.send(h11.Data(data=b"hi"))
    connection.send(h11.EndOfMessage())
    assert (connection.our_state is h11.DONE) is reusable
    assert (connection.our_state is h11.MUST_CLOSE) is not reusable


def test_fields_of_the_caller_keep_their_order_and_casing() -> None:
    given = [("B", "1"), ("content-LENGTH", "2"), ("a", "2"), ("B", "3")]
    wire = answering().send(h11.Response(status_code=200, headers=given))
    assert wire == b"HTTP/1.1 200 \r\nB: 1\r\ncontent-LENGTH: 2\r\na: 2\r\nB: 3\r\n\r\n"
    wire = answering(OLD).send(h11.Response(status_code=200, headers=given))
    assert (
        wire
        == b"HTTP/1.1 200 \r\nB: 1\r\ncontent-LENGTH: 2\r\na: 2\r\nB: 3\r\nConnection: close\r\n\r\n"
    )


@pytest.mark.deviation("casing-of-transfer-encoding", "casing-and-place-of-connection")
def test_framing_fields_of_the_caller_keep_their_place_and_casing() -> None:
    given = [("a", "1"), ("connection", "close"), ("transfer-ENCODING", "Chunked"), ("b", "2")]
    wire = answering().send(h11.Response(status_code=200, headers=given))
    assert (
        wire
        == b"HTTP/1.1 200 \r\na: 1\r\nconnection: close\r\ntransfer-ENCODING: chunked\r\nb: 2\r\n\r\n"
    )


@pytest.mark.parametrize("request_", [OLD, CLOSING])
def test_tokens_beside_close_are_kept_and_keep_alive_goes(request_: bytes) -> None:
    given = [("Connection", "x-foo, Keep-Alive"), ("Content-Length", "0"), ("connection", "bar")]
    connection = answering(request_)
    wire = connection.send(h11.Response(status_code=200, headers=given))
    connection.send(h11.EndOfMessage())
    seen = drive(client(), [wire]).events[0].headers
    tokens = [
        token.strip().lower()
        for name, value in seen
        if name == b"connection"
        for token in value.split(b",")
    ]
    assert sorted(tokens) == [b"bar", b"close", b"x-foo"]


def test_response_to_an_unread_request_closes_when_it_has_no_length() -> None:
    connection = server()
    wire = connection.send(h11.Response(status_code=408, headers=[]))
    assert wire == b"HTTP/1.1 408 \r\nConnection: close\r\n\r\n"
    assert connection.send(h11.Data(data=b"late")) == b"late"
    assert connection.send(h11.EndOfMessage()) == b""
    assert connection.our_state is h11.MUST_CLOSE


@pytest.mark.parametrize("given", [[], [LENGTH], [TE], [LENGTH, TE]])
@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
@pytest.mark.parametrize("closing", [b"", b"Connection: close\r\n"])
def test_head_response_is_framed_as_the_get_response(
    given: list, version: bytes, closing: bytes
) -> None:
    wires = []
    for method in (b"GET", b"HEAD"):
        connection = answering(
            method + b" / HTTP/" + version + b"\r\nHost: a\r\n" + closing + b"\r\n"
        )
        wires.append(connection.send(h11.Response(status_code=200, headers=given)))
    assert wires[0] == wires[1]


@pytest.mark.parametrize(
    ("request_", "status"), [(HEAD, 200), (GET, 204), (GET, 304), (OLD_HEAD, 200)]
)
@pytest.mark.parametrize("given", [[], [LENGTH], [TE]])
def test_body_where_there_is_none_is_refused(request_: bytes, status: int, given: list) -> None:
    def started() -> h11.Connection:
        connection = answering(request_)
        connection.send(h11.Response(status_code=status, headers=given))
        return connection

    connection = started()
    assert connection.send(h11.Data(data=b"")) == b""
    assert connection.send(h11.EndOfMessage()) == b""
    refused_locally(started(), h11.Data(data=b"x"))


@pytest.mark.parametrize("given", [[], [LENGTH], [TE]])
def test_response_that_opens_a_tunnel_gets_no_framing_fields(given: list) -> None:
    connection = answering(b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n")
    wire = connection.send(h11.Response(status_code=200, headers=given))
    assert wire == b"HTTP/1.1 200 \r\n" + b"".join(b"%s: %s\r\n" % pair for pair in given) + b"\r\n"
    assert connection.our_state is h11.SWITCHED_PROTOCOL


def test_response_of_unknown_length_to_1_0_ends_with_the_connection() -> None:
    connection = answering(OLD)
    connection.send(h11.Response(status_code=200, headers=[]))
    assert connection.send(h11.Data(data=b"one")) == b"one"
    assert connection.send(h11.Data(data=b"")) == b""
    assert connection.send(h11.Data(data=b"two")) == b"two"
    assert connection.send(h11.EndOfMessage()) == b""
    assert connection.our_state is h11.MUST_CLOSE
    assert connection.send(h11.ConnectionClosed()) is None
    assert connection.our_state is h11.CLOSED


def test_informational_response_is_left_as_it_is() -> None:
    for request_ in (GET, OLD, CLOSING):
        wire = answering(request_).send(
            h11.InformationalResponse(status_code=103, headers=[("Link", "x")])
        )
        assert wire == b"HTTP/1.1 103 \r\nLink: x\r\n\r\n"


@pytest.mark.safety("2b3", "2b5")
@pytest.mark.deviation("framing-fields-without-body")
@pytest.mark.parametrize("given", [[LENGTH, TE], [TE, LENGTH], [TE]])
@pytest.mark.parametrize(
    ("request_", "status", "kept"),
    [
        (GET, 304, [b"transfer-encoding"]),
        (GET, 204, []),
        (OLD, 304, [b"connection"]),
        (OLD, 204, [b"connection"]),
        (OLD_HEAD, 200, [b"connection"]),
    ],
)
def test_response_without_body_never_has_both_framing_fields(
    request_: bytes, status: int, kept: list, given: list
) -> None:
    connection = answering(request_)
    wire = connection.send(h11.Response(status_code=status, headers=given))
    read = drive(client("HEAD" if request_ == OLD_HEAD else "GET"), [wire]).events[0]
    assert [name for name, _ in read.headers] == kept
    connection.send(h11.EndOfMessage())
    assert connection.our_state is (h11.DONE if request_ == GET else h11.MUST_CLOSE)


@pytest.mark.deviation("framing-fields-without-body")
@pytest.mark.parametrize("status", [100, 103])
def test_informational_response_with_both_framing_fields_is_refused(status: int) -> None:
    both = h11.InformationalResponse(status_code=status, headers=[LENGTH, TE])
    refused_locally(answering(), both)
