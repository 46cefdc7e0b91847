"""Status lines, request lines and header blocks, each row in every partition."""

from __future__ import annotations

import pytest

import h11
from tests.protocol.driving import (
    accepted,
    answering,
    client,
    drive,
    refused,
    response,
    rows,
    server,
)

NO_BODY = b"Content-Length: 0\r\n\r\n"
EMPTY = (b"content-length", b"0")


def request(
    target: bytes = b"/",
    method: bytes = b"GET",
    version: bytes = b"1.1",
    headers: tuple[tuple[bytes, bytes], ...] = ((b"host", b"a"),),
) -> h11.Request:
    return h11.Request(method=method, target=target, headers=headers, http_version=version)


STATUS_LINES_TAKEN = [
    ("plain", b"HTTP/1.1 200 OK", response([EMPTY])),
    (
        "reason of several words",
        b"HTTP/1.1 404 Not Found",
        response([EMPTY], status_code=404, reason=b"Not Found"),
    ),
    ("reason missing with its space", b"HTTP/1.1 200", response([EMPTY], reason=b"")),
    ("reason empty", b"HTTP/1.1 200 ", response([EMPTY], reason=b"")),
    (
        "reason with tab and obs-text",
        b"HTTP/1.1 200 \tO\xffK",
        response([EMPTY], reason=b"\tO\xffK"),
    ),
    ("reason that begins with a space", b"HTTP/1.1 200  OK", response([EMPTY], reason=b" OK")),
    ("version 1.0", b"HTTP/1.0 200 OK", response([EMPTY], http_version=b"1.0")),
    ("version 1.2", b"HTTP/1.2 200 OK", response([EMPTY], http_version=b"1.2")),
    ("version 1.9", b"HTTP/1.9 200 OK", response([EMPTY], http_version=b"1.9")),
    ("status 201", b"HTTP/1.1 201 OK", response([EMPTY], status_code=201)),
    ("status 299", b"HTTP/1.1 299 OK", response([EMPTY], status_code=299)),
    ("status 599", b"HTTP/1.1 599 OK", response([EMPTY], status_code=599)),
    ("status 600", b"HTTP/1.1 600 OK", response([EMPTY], status_code=600)),
    ("status 999", b"HTTP/1.1 999 OK", response([EMPTY], status_code=999)),
]


@pytest.mark.safety("2a3", "2a4")
@pytest.mark.parametrize(("line", "expected"), rows(STATUS_LINES_TAKEN))
def test_status_line_is_taken(line: bytes, expected: h11.Response) -> None:
    outcome = accepted(client, line + b"\r\n" + NO_BODY)
    assert outcome.events == [expected, h11.EndOfMessage()]
    assert outcome.connection.their_http_version == expected.http_version


STATUS_LINES_REFUSED = [
    ("two spaces before the status", b"HTTP/1.1  200 OK"),
    ("tab before the status", b"HTTP/1.1\t200 OK"),
    ("no space before the reason", b"HTTP/1.1 200OK"),
    ("tab before the reason", b"HTTP/1.1 200\tOK"),
    ("lower case", b"http/1.1 200 OK"),
    ("mixed case", b"HTTp/1.1 200 OK"),
    ("space in front", b" HTTP/1.1 200 OK"),
    ("version of three digits", b"HTTP/1.10 200 OK"),
    ("version of one digit", b"HTTP/1 200 OK"),
    ("version without dot", b"HTTP/11 200 OK"),
    ("version with letters", b"HTTP/1.x 200 OK"),
    ("version missing", b"HTTP/ 200 OK"),
    ("status of two digits", b"HTTP/1.1 20 OK"),
    ("status of four digits", b"HTTP/1.1 2000 OK"),
    ("status with sign", b"HTTP/1.1 +20 OK"),
    ("status with minus", b"HTTP/1.1 -20 OK"),
    ("status of letters", b"HTTP/1.1 abc OK"),
    ("status with underscore", b"HTTP/1.1 2_0 OK"),
    ("status of other digits", "HTTP/1.1 ٢٠٠ OK".encode()),
    ("status 099", b"HTTP/1.1 099 OK"),
    ("status 000", b"HTTP/1.1 000 OK"),
    ("status missing", b"HTTP/1.1"),
    ("status missing after space", b"HTTP/1.1 "),
    ("reason with NUL", b"HTTP/1.1 200 O\x00K"),
    ("another protocol", b"ICY 200 OK"),
    ("another name", b"HTTQ/1.1 200 OK"),
    ("ssh banner", b"SSH-2.0-OpenSSH_9.6"),
    ("no status line at all", b"Content-Type: text/html"),
    ("html", b"<html><body>"),
    ("a request", b"GET / HTTP/1.1"),
]


@pytest.mark.safety("2a2", "2a3", "2a4")
@pytest.mark.parametrize("line", rows(STATUS_LINES_REFUSED))
def test_status_line_is_refused(line: bytes) -> None:
    refused(client, line + b"\r\n" + NO_BODY)


@pytest.mark.safety("2a3")
@pytest.mark.deviation("major-version")
@pytest.mark.parametrize("version", [b"2.0", b"3.1", b"0.9", b"9.9"])
def test_another_major_version_is_refused(version: bytes) -> None:
    refused(client, b"HTTP/" + version + b" 200 OK\r\n" + NO_BODY)
    refused(server, b"GET / HTTP/" + version + b"\r\nHost: a\r\n\r\n", hint=505)


REQUEST_LINES_TAKEN = [
    ("plain", b"GET / HTTP/1.1", request()),
    ("http/1.0", b"GET / HTTP/1.0", request(version=b"1.0")),
    ("minor version above one", b"GET / HTTP/1.2", request(version=b"1.2")),
    ("lower-case method is another method", b"get / HTTP/1.1", request(method=b"get")),
    (
        "method of odd token characters",
        b"!#$%&'*+-.^_`|~09aZ / HTTP/1.1",
        request(method=b"!#$%&'*+-.^_`|~09aZ"),
    ),
    ("asterisk", b"OPTIONS * HTTP/1.1", request(b"*", b"OPTIONS")),
    ("absolute form", b"GET http://a/b?c HTTP/1.1", request(b"http://a/b?c")),
    ("authority form", b"CONNECT a:443 HTTP/1.1", request(b"a:443", b"CONNECT")),
    ("query", b'GET /?q=%20&r="<>\\^`{|} HTTP/1.1', request(b'/?q=%20&r="<>\\^`{|}')),
    ("fragment is the caller's business", b"GET /#x HTTP/1.1", request(b"/#x")),
]


@pytest.mark.parametrize(("line", "expected"), rows(REQUEST_LINES_TAKEN))
def test_request_line_is_taken(line: bytes, expected: h11.Request) -> None:
    outcome = accepted(server, line + b"\r\nHost: a\r\n\r\n")
    assert outcome.events == [expected, h11.EndOfMessage()]
    assert outcome.connection.their_http_version == expected.http_version


REQUEST_LINES_REFUSED = [
    ("two spaces before the target", b"GET  / HTTP/1.1"),
    ("two spaces after the target", b"GET /  HTTP/1.1"),
    ("space at the end", b"GET / HTTP/1.1 "),
    ("space in front", b" GET / HTTP/1.1"),
    ("space in the target", b"GET /a b HTTP/1.1"),
    ("tab instead of space", b"GET\t/ HTTP/1.1"),
    ("tab in the target", b"GET /\t HTTP/1.1"),
    ("no version", b"GET /"),
    ("no target", b"GET HTTP/1.1"),
    ("method alone", b"GET"),
    ("lower-case version", b"GET / http/1.1"),
    ("another protocol", b"GET / XTTP/1.1"),
    ("version of three digits", b"GET / HTTP/1.10"),
    ("version with letters", b"GET / HTTP/1.x"),
    ("method with separator", b"G@T / HTTP/1.1"),
    ("method with colon", b"GET: / HTTP/1.1"),
    ("method with control character", b"G\x01T / HTTP/1.1"),
    ("method with obs-text", b"G\xffT / HTTP/1.1"),
    ("method missing", b" / HTTP/1.1"),
    ("NUL in the target", b"GET /\x00 HTTP/1.1"),
    ("control character in the target", b"GET /\x01 HTTP/1.1"),
    ("DEL in the target", b"GET /\x7f HTTP/1.1"),
    ("obs-text in the target", b"GET /\xff HTTP/1.1"),
    ("a response", b"HTTP/1.1 200 OK"),
]


@pytest.mark.parametrize("line", rows(REQUEST_LINES_REFUSED))
def test_request_line_is_refused(line: bytes) -> None:
    refused(server, line + b"\r\nHost: a\r\n\r\n")


FIRST_BYTES_REFUSED = [
    ("TLS handshake", b"\x16\x03\x01\x02\x00"),
    ("TLS alert", b"\x15\x03\x01\x00\x02\x02F"),
    ("NUL", b"\x00\x00\x00\x00"),
    ("http/2 frame", b"\x00\x00\x12\x04\x00"),
    ("line feed", b"\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("SOCKS", b"\x05\x01\x00"),
]


@pytest.mark.parametrize("data", rows(FIRST_BYTES_REFUSED))
@pytest.mark.parametrize("make", [client, server])
def test_garbage_is_refused_at_its_first_byte(make, data: bytes) -> None:
    refused(make, data, at=1)


@pytest.mark.parametrize("make", [client, server])
def test_blank_line_before_a_head_is_refused(make) -> None:
    refused(make, b"\r\nHTTP/1.1 200 OK\r\n" + NO_BODY)
    refused(make, b"\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n")
    refused(make, b"\r\n\r\n")
    refused(make, b"\n\n")


HEADER_BLOCKS_TAKEN = [
    ("none", b"", []),
    ("one", b"A: b\r\n", [(b"a", b"b")]),
    ("no blank after the colon", b"A:b\r\n", [(b"a", b"b")]),
    ("blanks round the value are dropped", b"A: \t b \t \r\n", [(b"a", b"b")]),
    ("blanks inside are kept", b"A: b \t c\r\n", [(b"a", b"b \t c")]),
    ("empty value", b"A:\r\n", [(b"a", b"")]),
    ("value of blanks", b"A: \t \r\n", [(b"a", b"")]),
    (
        "order and repeats are kept",
        b"B: 1\r\nA: 2\r\nb: 3\r\n",
        [(b"b", b"1"), (b"a", b"2"), (b"b", b"3")],
    ),
    ("colons in the value", b"A: b:c: d\r\n", [(b"a", b"b:c: d")]),
    ("obs-text in the value", b"A: \xe9\x80\xff\r\n", [(b"a", b"\xe9\x80\xff")]),
    ("no-break space is not a blank", b"A:\xa0b\xa0\r\n", [(b"a", b"\xa0b\xa0")]),
    ("control characters of real cookies", b"A: x\x01\x1f\x7fy\r\n", [(b"a", b"x\x01\x1f\x7fy")]),
    ("odd token characters in the name", b"!#$%&'*+-.^_`|~0: x\r\n", [(b"!#$%&'*+-.^_`|~0", b"x")]),
    ("names without case", b"SeRvEr: Foo\r\n", [(b"server", b"Foo")]),
    ("LF as line end", b"A: b\nC: d\n", [(b"a", b"b"), (b"c", b"d")]),
    ("LF and CR LF mixed", b"A: b\nC: d\r\nE: f\n", [(b"a", b"b"), (b"c", b"d"), (b"e", b"f")]),
    ("folded", b"A: b\r\n c\r\n", [(b"a", b"b c")]),
    ("folded with tab", b"A: b\r\n\tc\r\n", [(b"a", b"b c")]),
    ("folded thrice", b"A: b\r\n  c\r\n\td\r\n e\r\nF: g\r\n", [(b"a", b"b c d e"), (b"f", b"g")]),
    ("folded from an empty line", b"A:\r\n b\r\n", [(b"a", b"b")]),
    ("folded with LF", b"A: b\n c\n", [(b"a", b"b c")]),
    ("folded line with a colon", b"A: b\r\n C: d\r\n", [(b"a", b"b C: d")]),
]


@pytest.mark.safety("2a5", "F10")
@pytest.mark.parametrize(("block", "expected"), rows(HEADER_BLOCKS_TAKEN))
def test_header_block_is_taken(block: bytes, expected: list[tuple[bytes, bytes]]) -> None:
    outcome = accepted(client, b"HTTP/1.1 304 OK\r\n" + block + b"\r\n")
    assert outcome.events == [response(expected, status_code=304), h11.EndOfMessage()]
    outcome = accepted(server, b"GET / HTTP/1.1\r\nHost: a\r\n" + block + b"\r\n")
    assert outcome.events[0].headers == [(b"host", b"a"), *expected]


@pytest.mark.safety("F10")
@pytest.mark.deviation("folded-empty-line")
@pytest.mark.parametrize(
    "block",
    [b"A: b \t \r\n c\r\n", b"A: b\r\n \r\n c\r\n", b"A: b \n \n\tc\n"],
)
def test_fold_with_the_blanks_round_it_is_one_space(block: bytes) -> None:
    outcome = accepted(client, b"HTTP/1.1 204 X\r\n" + block + b"\r\n")
    assert outcome.events[0].headers == [(b"a", b"b c")]


HEADER_BLOCKS_REFUSED = [
    ("blank before the first name", b" A: b\r\n"),
    ("tab before the first name", b"\tA: b\r\n"),
    ("blank line folded at the start", b" \r\nA: b\r\n"),
    ("blank before the colon", b"A : b\r\n"),
    ("tab before the colon", b"A\t: b\r\n"),
    ("blank in the name", b"A B: c\r\n"),
    ("no colon", b"A\r\n"),
    ("no colon in a later line", b"A: b\r\nC\r\n"),
    ("empty name", b": b\r\n"),
    ("name with separator", b"A(: b\r\n"),
    ("name with slash", b"A/B: b\r\n"),
    ("name with NUL", b"A\x00: b\r\n"),
    ("name with control character", b"A\x01: b\r\n"),
    ("name with obs-text", b"A\xff: b\r\n"),
    ("value with NUL", b"A: b\x00c\r\n"),
    ("value cut at NUL", b"A: b\x00\r\n"),
    ("NUL in a folded line", b"A: b\r\n c\x00\r\n"),
    ("vertical tab round the value", b"A: \x0bb\x0b\r\n"),
    ("form feed in the value", b"A: b\x0cc\r\n"),
]


@pytest.mark.safety("2a2", "2a5", "F8", "F9")
@pytest.mark.parametrize("block", rows(HEADER_BLOCKS_REFUSED))
def test_header_block_is_refused(block: bytes) -> None:
    refused(client, b"HTTP/1.1 200 OK\r\n" + block + NO_BODY)
    refused(server, b"GET / HTTP/1.1\r\n" + block + b"Host: a\r\n\r\n")


@pytest.mark.safety("F9", "2a5")
def test_response_to_connect_is_checked_like_any_other() -> None:
    for block in (b"A\x00: b\r\n", b"A : b\r\n", b"A: b\rc\r\n", b"A\r\n", b": b\r\n"):
        refused(lambda: client("CONNECT", target="a:1"), b"HTTP/1.1 200 OK\r\n" + block + b"\r\n")


@pytest.mark.safety("F10")
@pytest.mark.deviation("folded-framing-fields")
@pytest.mark.parametrize(
    "block",
    [
        b"Content-Length:\r\n 2\r\n",
        b"Content-Length: 2\r\n \r\n",
        b"Content-Length: 2\n\t\n",
        b"Transfer-Encoding:\r\n chunked\r\n",
        b"transfer-encoding: chunked\r\n \r\n",
    ],
)
def test_folded_framing_field_is_refused(block: bytes) -> None:
    # What follows would be the body if the field were taken.
    body = b"hi" if b"2" in block else b"2\r\nhi\r\n0\r\n\r\n"
    refused(client, b"HTTP/1.1 200 OK\r\n" + block + b"\r\n" + body)
    refused(server, b"POST / HTTP/1.1\r\nHost: a\r\n" + block + b"\r\n" + body)


@pytest.mark.safety("F10")
def test_fold_after_a_framing_field_cannot_change_it() -> None:
    refused(client, b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n 2\r\n\r\nhi")
    refused(client, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: x\r\n chunked\r\n\r\nhi", hint=None)


def test_casing_of_the_wire_is_kept_beside_the_lower_case_names() -> None:
    outcome = accepted(client, b"HTTP/1.1 304 OK\r\nX-fOO: Bar\r\nETAG: x\r\n\r\n")
    assert outcome.events[0].headers.raw_items() == [(b"X-fOO", b"Bar"), (b"ETAG", b"x")]


HOST_RULES = [
    ("none in 1.1", b"1.1", b"", False),
    ("none in 1.0", b"1.0", b"", True),
    ("one in 1.1", b"1.1", b"Host: a\r\n", True),
    ("one in 1.0", b"1.0", b"Host: a\r\n", True),
    ("empty", b"1.1", b"Host:\r\n", True),
    ("two in 1.1", b"1.1", b"Host: a\r\nHost: b\r\n", False),
    ("two equal ones", b"1.1", b"Host: a\r\nhost: a\r\n", False),
    ("two in 1.0", b"1.0", b"Host: a\r\nHost: b\r\n", False),
]


@pytest.mark.parametrize(("version", "fields", "taken"), rows(HOST_RULES))
def test_host_field_of_a_request(version: bytes, fields: bytes, taken: bool) -> None:
    data = b"GET / HTTP/" + version + b"\r\n" + fields + b"\r\n"
    if taken:
        assert accepted(server, data).kinds == ["Request", "EndOfMessage"]
    else:
        refused(server, data)


def test_a_second_response_is_parsed_like_the_first() -> None:
    connection = client()
    for _ in range(3):
        outcome = drive(connection, [b"HTTP/1.1 200 OK\r\n" + NO_BODY])
        assert outcome.events == [response([EMPTY]), h11.EndOfMessage()]
        connection.start_next_cycle()
        connection.send(h11.Request(method="GET", target="/", headers=[("Host", "a")]))
        connection.send(h11.EndOfMessage())


def test_an_answering_server_reads_no_further() -> None:
    connection = answering(
        b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" + b"GET /2 HTTP/1.1\r\nHost: a\r\n\r\n"
    )
    assert connection.next_event() is h11.PAUSED
    assert connection.trailing_data == (b"GET /2 HTTP/1.1\r\nHost: a\r\n\r\n", False)
