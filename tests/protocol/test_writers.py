"""The bytes that each event becomes, in each framing."""

from __future__ import annotations

import array
import http

import pytest

import h11
from tests.protocol.driving import answering, refused_locally, rows

HOST = ("Host", "a")


def request(*headers, method="POST", target="/", **fields) -> h11.Request:
    return h11.Request(method=method, target=target, headers=[HOST, *headers], **fields)


def sending(*headers, **fields) -> h11.Connection:
    connection = h11.Connection(h11.CLIENT)
    connection.send(request(*headers, **fields))
    return connection


LENGTH_5 = ("Content-Length", "5")
CHUNKED = ("Transfer-Encoding", "chunked")

REQUESTS = [
    ("plain", request(method="GET"), b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("target", request(method="GET", target="/a?b=c"), b"GET /a?b=c HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("absolute target", request(method="GET", target="http://a/"), b"GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("casing is kept", request(("X-fOO", "bAr"), method="get"), b"get / HTTP/1.1\r\nHost: a\r\nX-fOO: bAr\r\n\r\n"),
    ("empty value", request(("X", "")), b"POST / HTTP/1.1\r\nHost: a\r\nX: \r\n\r\n"),
    ("length", request(LENGTH_5), b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n"),
    ("chunked", request(("TRANSFER-encoding", "Chunked")), b"POST / HTTP/1.1\r\nHost: a\r\nTRANSFER-encoding: chunked\r\n\r\n"),
    (
        "host comes first, the rest keeps its order",
        h11.Request(method="GET", target="/", headers=[("B", "1"), ("A", "2"), ("hOsT", "a"), ("b", "3")]),
        b"GET / HTTP/1.1\r\nhOsT: a\r\nB: 1\r\nA: 2\r\nb: 3\r\n\r\n",
    ),
]  # fmt: skip


@pytest.mark.safety("2b1")
@pytest.mark.parametrize(("event", "wire"), rows(REQUESTS))
def test_request_on_the_wire(event: h11.Request, wire: bytes) -> None:
    connection = h11.Connection(h11.CLIENT)
    assert connection.send(event) == wire
    assert (connection.our_state, connection.their_state) == (h11.SEND_BODY, h11.SEND_RESPONSE)
    joined = h11.Connection(h11.CLIENT).send_with_data_passthrough(event)
    assert isinstance(joined, list) and b"".join(joined) == wire


RESPONSES = [
    ("no reason", h11.Response(status_code=200, headers=[LENGTH_5]), b"HTTP/1.1 200 \r\nContent-Length: 5\r\n\r\n"),
    ("reason", h11.Response(status_code=404, headers=[LENGTH_5], reason="Not Found"), b"HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\n\r\n"),
    ("status of the standard library", h11.Response(status_code=http.HTTPStatus.OK, headers=[LENGTH_5]), b"HTTP/1.1 200 \r\nContent-Length: 5\r\n\r\n"),
    ("status 999", h11.Response(status_code=999, headers=[LENGTH_5]), b"HTTP/1.1 999 \r\nContent-Length: 5\r\n\r\n"),
    ("100", h11.InformationalResponse(status_code=100, headers=[]), b"HTTP/1.1 100 \r\n\r\n"),
    ("103", h11.InformationalResponse(status_code=103, headers=[("Link", "x")], reason="Hints"), b"HTTP/1.1 103 Hints\r\nLink: x\r\n\r\n"),
]  # fmt: skip


@pytest.mark.parametrize(("event", "wire"), rows(RESPONSES))
def test_response_on_the_wire(event: h11.Response, wire: bytes) -> None:
    assert answering().send(event) == wire
    assert b"".join(answering().send_with_data_passthrough(event)) == wire


EQUAL_DATA = [b"hello", bytearray(b"hello"), memoryview(b"hello"), memoryview(b"_hello_")[1:6]]


@pytest.mark.parametrize("data", EQUAL_DATA)
def test_data_of_any_bytes_like_kind(data) -> None:
    assert sending(LENGTH_5).send(h11.Data(data=data)) == b"hello"
    assert sending(CHUNKED).send(h11.Data(data=data)) == b"5\r\nhello\r\n"


def test_counted_body() -> None:
    connection = sending(LENGTH_5)
    assert connection.send(h11.Data(data=b"he")) == b"he"
    assert connection.send(h11.Data(data=b"")) == b""
    assert connection.send(h11.Data(data=b"llo")) == b"llo"
    assert connection.send(h11.EndOfMessage()) == b""
    assert connection.our_state is h11.DONE


@pytest.mark.safety("2b4")
def test_counted_body_must_have_its_length() -> None:
    connection = sending(LENGTH_5)
    assert connection.send(h11.Data(data=b"hell")) == b"hell"
    refused_locally(connection, h11.EndOfMessage())
    connection = sending(LENGTH_5)
    connection.send(h11.Data(data=b"hell"))
    refused_locally(connection, h11.Data(data=b"oo"))
    refused_locally(sending(LENGTH_5), h11.EndOfMessage())
    refused_locally(sending(("Content-Length", "0")), h11.Data(data=b"x"))


def test_request_without_framing_fields_has_no_body() -> None:
    connection = sending(method="GET")
    assert connection.send(h11.Data(data=b"")) == b""
    assert connection.send(h11.EndOfMessage()) == b""
    refused_locally(sending(method="GET"), h11.Data(data=b"x"))


CHUNKS = [
    (0, b""),
    (1, b"1"),
    (9, b"9"),
    (10, b"a"),
    (15, b"f"),
    (16, b"10"),
    (255, b"ff"),
    (65536, b"10000"),
]


@pytest.mark.safety("2b5")
@pytest.mark.parametrize(("length", "size"), CHUNKS)
def test_chunk_on_the_wire(length: int, size: bytes) -> None:
    connection = sending(CHUNKED)
    data = b"x" * length
    assert connection.send(h11.Data(data=data)) == (
        size + b"\r\n" + data + b"\r\n" if length else b""
    )
    assert connection.send(h11.EndOfMessage()) == b"0\r\n\r\n"
    assert connection.our_state is h11.DONE


def test_chunk_borders_of_the_caller_are_ignored() -> None:
    connection = sending(CHUNKED)
    assert connection.send(h11.Data(data=b"a", chunk_start=True)) == b"1\r\na\r\n"
    assert connection.send(h11.Data(data=b"b", chunk_end=True)) == b"1\r\nb\r\n"


def test_trailers_on_the_wire() -> None:
    connection = sending(CHUNKED)
    trailers = [("X-Sum", "1"), ("x-sum", "2")]
    assert (
        connection.send(h11.EndOfMessage(headers=trailers)) == b"0\r\nX-Sum: 1\r\nx-sum: 2\r\n\r\n"
    )


@pytest.mark.safety("2b6")
def test_trailers_go_with_chunked_only() -> None:
    trailers = h11.EndOfMessage(headers=[("A", "b")])
    refused_locally(sending(("Content-Length", "0")), trailers)
    refused_locally(sending(method="GET"), trailers)
    connection = answering(b"GET / HTTP/1.0\r\n\r\n")
    connection.send(h11.Response(status_code=200, headers=[CHUNKED]))
    refused_locally(connection, trailers)
    for response in (
        h11.Response(status_code=204, headers=[]),
        h11.Response(status_code=200, headers=[("Content-Length", "0")]),
    ):
        connection = answering()
        connection.send(response)
        refused_locally(connection, trailers)


class Placeholder:
    """Stands for a file that the program sends by other means."""

    def __init__(self, length: int) -> None:
        self.length = length

    def __len__(self) -> int:
        return self.length


def without_text(pieces: list) -> list:
    """The list with neighbouring bytes joined and empty ones dropped."""
    joined: list = []
    for piece in pieces:
        if isinstance(piece, bytes) and joined and isinstance(joined[-1], bytes):
            joined[-1] += piece
        elif piece != b"":
            joined.append(piece)
    return joined


def test_placeholder_passes_through_each_framing() -> None:
    file = Placeholder(300)
    connection = sending(CHUNKED)
    pieces = connection.send_with_data_passthrough(h11.Data(data=file))
    assert without_text(pieces) == [b"12c\r\n", file, b"\r\n"]
    assert b"".join(connection.send_with_data_passthrough(h11.EndOfMessage())) == b"0\r\n\r\n"
    connection = sending(("Content-Length", "300"))
    assert without_text(connection.send_with_data_passthrough(h11.Data(data=file))) == [file]
    assert without_text(connection.send_with_data_passthrough(h11.EndOfMessage())) == []
    assert connection.our_state is h11.DONE
    connection = answering(b"GET / HTTP/1.0\r\n\r\n")
    connection.send(h11.Response(status_code=200, headers=[]))
    assert without_text(connection.send_with_data_passthrough(h11.Data(data=file))) == [file]
    assert connection.send(h11.EndOfMessage()) == b""


def test_placeholder_counts_against_the_length() -> None:
    connection = sending(("Content-Length", "299"))
    with pytest.raises(h11.LocalProtocolError):
        connection.send_with_data_passthrough(h11.Data(data=Placeholder(300)))
    assert connection.our_state is h11.ERROR
    connection = sending(("Content-Length", "301"))
    connection.send_with_data_passthrough(h11.Data(data=Placeholder(300)))
    refused_locally(connection, h11.EndOfMessage())


@pytest.mark.safety("2b5")
def test_empty_placeholder_makes_no_last_chunk() -> None:
    connection = sending(CHUNKED)
    empty = Placeholder(0)
    assert without_text(connection.send_with_data_passthrough(h11.Data(data=empty))) in (
        [],
        [empty],
    )
    assert b"".join(connection.send_with_data_passthrough(h11.EndOfMessage())) == b"0\r\n\r\n"


def test_the_very_object_is_passed_through() -> None:
    for data in EQUAL_DATA:
        for headers in (LENGTH_5, CHUNKED):
            pieces = sending(headers).send_with_data_passthrough(h11.Data(data=data))
            assert any(piece is data for piece in pieces)
            assert b"".join(pieces) in (b"hello", b"5\r\nhello\r\n")


def test_send_itself_needs_bytes() -> None:
    for data in (Placeholder(5), "hello", [1, 2, 3, 4, 5]):
        for framing in (LENGTH_5, CHUNKED):
            with pytest.raises((TypeError, h11.LocalProtocolError)):
                sending(framing).send(h11.Data(data=data))


@pytest.mark.deviation("failed-send-is-an-error")
def test_data_that_send_cannot_join_leaves_our_state_at_error() -> None:
    for data in (Placeholder(5), "hello"):
        connection = sending(LENGTH_5)
        with pytest.raises((TypeError, h11.LocalProtocolError)):
            connection.send(h11.Data(data=data))
        assert connection.our_state is h11.ERROR


@pytest.mark.safety("2b4")
@pytest.mark.deviation("wide-memoryviews")
def test_data_with_items_wider_than_a_byte_never_breaks_the_framing() -> None:
    wide = memoryview(array.array("I", [1, 2]))
    connection = sending(CHUNKED)
    try:
        sent = connection.send(h11.Data(data=wide))
    except (TypeError, h11.LocalProtocolError):
        return
    assert sent == b"%x\r\n" % wide.nbytes + bytes(wide) + b"\r\n"


def test_end_of_connection_is_no_bytes() -> None:
    assert h11.Connection(h11.CLIENT).send(h11.ConnectionClosed()) is None
    assert h11.Connection(h11.SERVER).send_with_data_passthrough(h11.ConnectionClosed()) is None


@pytest.mark.safety("I3")
@pytest.mark.parametrize("version", ["1.0", "1.2", "2.0", "0.9"])
def test_only_http_1_1_is_sent(version: str) -> None:
    connection = h11.Connection(h11.CLIENT)
    with pytest.raises(h11.LocalProtocolError):
        connection.send(request(http_version=version))
    with pytest.raises(h11.LocalProtocolError):
        answering().send(h11.Response(status_code=200, headers=[], http_version=version))
    with pytest.raises(h11.LocalProtocolError):
        answering().send(
            h11.InformationalResponse(status_code=100, headers=[], http_version=version)
        )


@pytest.mark.safety("2b3")
@pytest.mark.deviation("both-framings-on-send")
def test_request_with_both_framings_is_refused() -> None:
    for headers in ([LENGTH_5, CHUNKED], [CHUNKED, LENGTH_5]):
        connection = h11.Connection(h11.CLIENT)
        with pytest.raises(h11.LocalProtocolError):
            connection.send(request(*headers))
    connection = h11.Connection(h11.CLIENT)
    with pytest.raises(h11.LocalProtocolError):
        connection.send(request(CHUNKED, ("content-length", "0")))


@pytest.mark.safety("2b6")
@pytest.mark.deviation("framing-fields-in-trailers")
@pytest.mark.parametrize("field", [LENGTH_5, ("content-LENGTH", "0"), CHUNKED])
def test_trailers_that_would_steer_the_framing_are_refused(field: tuple[str, str]) -> None:
    connection = h11.Connection(h11.CLIENT)
    connection.send(request(CHUNKED))
    refused_locally(connection, h11.EndOfMessage(headers=[("A", "b"), field]))
    connection = answering()
    connection.send(h11.Response(status_code=200, headers=[]))
    refused_locally(connection, h11.EndOfMessage(headers=[field]))


@pytest.mark.parametrize("junk", [5, None, b"", "GET", h11.Request, h11.NEED_DATA, object()])
def test_what_is_no_event_is_refused(junk) -> None:
    refused_locally(h11.Connection(h11.CLIENT), junk)
    refused_locally(answering(), junk)
