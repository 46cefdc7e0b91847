"""How long a body is, by the first rule of RFC 9112 section 6.3 that applies, and what then may be reused."""

from __future__ import annotations

import pytest

import h11
from tests.protocol.driving import Make, accepted, client, drive, framed, refused, rows, server

POST = b"POST / HTTP/1.1\r\nHost: a\r\n"
OK = b"HTTP/1.1 200 OK\r\n"
BIG = 2**63 - 1

LENGTHS_TAKEN = [
    ("zero", b"Content-Length: 0", 0),
    ("two", b"Content-Length: 2", 2),
    ("zeros in front", b"Content-Length: 002", 2),
    ("blanks round it", b"Content-Length: \t 2 \t ", 2),
    ("twenty digits", b"Content-Length: " + b"0" * 19 + b"2", 2),
    ("equal ones in a list", b"Content-Length: 2, 2", 2),
    ("equal ones in a list without blank", b"Content-Length: 2,2,2", 2),
    ("equal ones on two lines", b"Content-Length: 2\r\ncontent-length: 2", 2),
    ("equal ones in lists on two lines", b"Content-Length: 2, 2\r\nCONTENT-LENGTH: 2", 2),
]


@pytest.mark.safety("F3", "F5", "2a6", "2a7")
@pytest.mark.parametrize(("fields", "length"), rows(LENGTHS_TAKEN))
def test_content_length_is_taken(fields: bytes, length: int) -> None:
    outcome = accepted(client, OK + fields + b"\r\n\r\n" + b"hi"[:length] + b"more")
    assert outcome.body == b"hi"[:length]
    assert outcome.events[-1] == h11.EndOfMessage()
    assert outcome.left == b"more"
    assert outcome.states == (h11.DONE, h11.DONE)
    outcome = accepted(server, POST + fields + b"\r\n\r\n" + b"hi"[:length] + b"more")
    assert outcome.body == b"hi"[:length]
    assert outcome.left == b"more"


@pytest.mark.safety("F5", "2a7")
def test_equal_content_lengths_become_one_field() -> None:
    for fields in (b"Content-Length: 2, 2", b"Content-Length: 2\r\nA: b\r\ncontent-length: 2"):
        outcome = accepted(client, OK + fields + b"\r\n\r\nhi")
        lengths = [value for name, value in outcome.events[0].headers if name == b"content-length"]
        assert lengths == [b"2"]


LENGTHS_REFUSED = [
    ("plus", b"Content-Length: +2"),
    ("minus", b"Content-Length: -2"),
    ("minus zero", b"Content-Length: -0"),
    ("hexadecimal", b"Content-Length: 0x2"),
    ("underscore", b"Content-Length: 1_0"),
    ("two words", b"Content-Length: 1 2"),
    ("letters", b"Content-Length: 2abc"),
    ("word", b"Content-Length: hello"),
    ("decimal point", b"Content-Length: 2.0"),
    ("exponent", b"Content-Length: 2e1"),
    ("semicolon", b"Content-Length: 2;"),
    ("quoted", b'Content-Length: "2"'),
    ("empty", b"Content-Length:"),
    ("blank", b"Content-Length:  "),
    ("superscript", b"Content-Length: \xb2"),
    ("digit of another script", "Content-Length: ٣".encode()),
    ("full-width digit", "Content-Length: ２".encode()),
    ("no-break space in front", b"Content-Length: \xa02"),
    ("next-line character behind", b"Content-Length: 2\x85"),
    ("vertical tab in front", b"Content-Length: \x0b2"),
    ("vertical tab behind", b"Content-Length: 2\x0b"),
    ("form feed behind", b"Content-Length: 2\x0c"),
    ("file separator behind", b"Content-Length: 2\x1c"),
    ("NUL behind", b"Content-Length: 2\x00"),
    ("different ones in a list", b"Content-Length: 2, 3"),
    ("different ones on two lines", b"Content-Length: 2\r\nContent-Length: 3"),
    ("empty and two", b"Content-Length:\r\nContent-Length: 2"),
    ("list with an empty element", b"Content-Length: 2,,2"),
    ("list that begins with a comma", b"Content-Length: ,2"),
    ("list that ends with a comma", b"Content-Length: 2,"),
    ("comma alone", b"Content-Length: ,"),
    ("same number in other digits", b"Content-Length: 2, 02"),
    ("over twenty digits", b"Content-Length: " + b"9" * 21),
    ("over twenty digits, most of them zero", b"Content-Length: " + b"0" * 20 + b"2"),
    ("fifteen thousand digits", b"Content-Length: " + b"1" * 15_000),
]


@pytest.mark.safety("F3", "F4", "F5", "2a6", "2a7")
@pytest.mark.parametrize("fields", rows(LENGTHS_REFUSED))
def test_content_length_is_refused(fields: bytes) -> None:
    refused(client, OK + fields + b"\r\n\r\nhi")
    refused(server, POST + fields + b"\r\n\r\nhi")


@pytest.mark.safety("F4", "M20")
def test_content_length_up_to_2_63_is_taken_without_room_for_it() -> None:
    outcome = accepted(client, OK + b"Content-Length: %d\r\n\r\nhi" % BIG)
    assert outcome.body == b"hi"
    assert outcome.last is h11.NEED_DATA
    outcome = drive(client(), [OK + b"Content-Length: 99999999999999\r\n\r\n", b"hi"], eof=True)
    assert outcome.body == b"hi"
    assert isinstance(outcome.error, h11.RemoteProtocolError)


@pytest.mark.safety("F4")
@pytest.mark.deviation("content-length-2-63")
@pytest.mark.parametrize("length", [BIG + 1, 2**64 - 1, 2**64, 2**64 + 2, 10**20 - 1])
def test_content_length_above_2_63_is_refused(length: int) -> None:
    refused(client, OK + b"Content-Length: %d\r\n\r\nhi" % length)
    refused(server, POST + b"Content-Length: %d\r\n\r\nhi" % length)


@pytest.mark.safety("F5", "2a7")
@pytest.mark.parametrize("status", [b"204", b"304"])
@pytest.mark.parametrize(
    "fields", [b"Content-Length: 2\r\nContent-Length: 3", b"Content-Length: x"]
)
def test_content_length_is_checked_where_there_is_no_body(status: bytes, fields: bytes) -> None:
    refused(client, b"HTTP/1.1 " + status + b" X\r\n" + fields + b"\r\n\r\n")
    refused(lambda: client("HEAD"), OK + fields + b"\r\n\r\n")


CODINGS_TAKEN = [
    ("plain", b"Transfer-Encoding: chunked"),
    ("upper case", b"Transfer-Encoding: CHUNKED"),
    ("mixed case", b"transfer-ENCODING: ChUnKeD"),
    ("blanks round it", b"Transfer-Encoding:\t chunked \t"),
]


@pytest.mark.safety("F7")
@pytest.mark.parametrize("field", rows(CODINGS_TAKEN))
def test_chunked_is_taken_in_any_case(field: bytes) -> None:
    for make, head in ((client, OK), (server, POST)):
        outcome = accepted(make, head + field + b"\r\n\r\n2\r\nhi\r\n0\r\n\r\n")
        assert outcome.body == b"hi"
        assert outcome.events[0].headers[-1] == (b"transfer-encoding", b"chunked")


CODINGS_REFUSED = [
    ("another word", b"Transfer-Encoding: xchunked", 501),
    ("word that begins like it", b"Transfer-Encoding: chunkedx", 501),
    ("comma in front", b"Transfer-Encoding: ,chunked", 501),
    ("comma behind", b"Transfer-Encoding: chunked,", 501),
    ("twice", b"Transfer-Encoding: chunked, chunked", 501),
    ("after gzip", b"Transfer-Encoding: gzip, chunked", 501),
    ("before gzip", b"Transfer-Encoding: chunked, gzip", 501),
    ("gzip", b"Transfer-Encoding: gzip", 501),
    ("identity", b"Transfer-Encoding: identity", 501),
    ("identity first", b"Transfer-Encoding: identity, chunked", 501),
    ("empty", b"Transfer-Encoding:", 501),
    ("parameter", b"Transfer-Encoding: chunked;q=1", 501),
    ("quoted", b'Transfer-Encoding: "chunked"', 501),
    ("blank inside", b"Transfer-Encoding: chun ked", 501),
    ("no-break space in front", b"Transfer-Encoding: \xa0chunked", 501),
    ("control character behind", b"Transfer-Encoding: chunked\x01", 501),
    ("two lines", b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", 501),
    (
        "two lines, the first identity",
        b"Transfer-Encoding: identity\r\nTransfer-Encoding: chunked",
        501,
    ),
    (
        "two lines, the second identity",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
        501,
    ),
    ("two lines, the second empty", b"Transfer-Encoding: chunked\r\nTransfer-Encoding:", 501),
    ("vertical tab in front", b"Transfer-Encoding: \x0bchunked", 400),
    ("vertical tab behind", b"Transfer-Encoding: chunked\x0b", 400),
    ("NUL behind", b"Transfer-Encoding: chunked\x00", 400),
    ("blank before the colon", b"Transfer-Encoding : chunked", 400),
]


@pytest.mark.safety("F7", "F8", "2a6", "2a9")
@pytest.mark.parametrize(("fields", "hint"), rows(CODINGS_REFUSED))
def test_any_other_transfer_coding_is_refused(fields: bytes, hint: int) -> None:
    body = b"\r\n\r\n2\r\nhi\r\n0\r\n\r\n"
    refused(client, OK + fields + body, hint=hint)
    refused(client, b"HTTP/1.0 200 OK\r\n" + fields + body, hint=hint)
    refused(server, POST + fields + body, hint=hint)


@pytest.mark.safety("F7")
def test_chunked_from_a_1_0_peer_is_read_and_the_connection_not_reused() -> None:
    data = b"Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n"
    outcome = accepted(client, b"HTTP/1.0 200 OK\r\n" + data)
    assert outcome.body == b"hi"
    assert outcome.states == (h11.MUST_CLOSE, h11.MUST_CLOSE)
    outcome = accepted(server, b"POST / HTTP/1.0\r\n" + data)
    assert outcome.body == b"hi"
    assert outcome.states == (h11.MUST_CLOSE, h11.SEND_RESPONSE)


BOTH = [
    ("coding first", b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n"),
    ("length first", b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"),
    ("length zero", b"Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n"),
    (
        "length twice",
        b"Content-Length: 5\r\nTransfer-Encoding: Chunked\r\ncontent-length: 5\r\n\r\n",
    ),
]


@pytest.mark.safety("F6", "M3", "2a6")
@pytest.mark.parametrize("fields", rows(BOTH))
def test_response_with_both_is_read_by_its_transfer_encoding(fields: bytes) -> None:
    outcome = accepted(client, OK + fields + b"2\r\nhi\r\n0\r\n\r\n")
    assert outcome.body == b"hi"
    assert outcome.events[-1] == h11.EndOfMessage()


@pytest.mark.safety("F6", "M3")
@pytest.mark.deviation("both-framings-close")
@pytest.mark.parametrize("fields", rows(BOTH))
def test_response_with_both_is_never_reused(fields: bytes) -> None:
    outcome = accepted(client, OK + fields + b"2\r\nhi\r\n0\r\n\r\n")
    assert outcome.states == (h11.MUST_CLOSE, h11.MUST_CLOSE)
    with pytest.raises(h11.LocalProtocolError):
        outcome.connection.start_next_cycle()


@pytest.mark.safety("F6")
@pytest.mark.deviation("both-framings-close")
@pytest.mark.parametrize(("method", "status"), [("HEAD", b"200"), ("GET", b"304"), ("GET", b"204")])
def test_response_without_body_but_with_both_is_never_reused(method: str, status: bytes) -> None:
    outcome = accepted(lambda: client(method), b"HTTP/1.1 " + status + b" X\r\n" + BOTH[0][1])
    assert outcome.kinds == ["Response", "EndOfMessage"]
    assert outcome.states == (h11.MUST_CLOSE, h11.MUST_CLOSE)


@pytest.mark.safety("F6")
@pytest.mark.deviation("both-framings-request")
@pytest.mark.parametrize("fields", rows(BOTH))
@pytest.mark.parametrize("version", [b"1.1", b"1.0"])
def test_request_with_both_is_refused(fields: bytes, version: bytes) -> None:
    head = b"POST / HTTP/" + version + b"\r\nHost: a\r\n"
    refused(server, head + fields + b"2\r\nhi\r\n0\r\n\r\n", hint=400)


@pytest.mark.safety("F5", "F6")
def test_bad_length_beside_a_transfer_encoding_is_refused() -> None:
    for length in (b"x", b"2, 3", b"9" * 30):
        fields = b"Transfer-Encoding: chunked\r\nContent-Length: " + length + b"\r\n\r\n"
        refused(client, OK + fields + b"2\r\nhi\r\n0\r\n\r\n")
        refused(server, POST + fields + b"2\r\nhi\r\n0\r\n\r\n")


WITHOUT_BODY = [
    ("HEAD", lambda: client("HEAD"), b"HTTP/1.1 200 OK\r\n"),
    ("HEAD answered 404", lambda: client("HEAD"), b"HTTP/1.1 404 OK\r\n"),
    ("204", client, b"HTTP/1.1 204 X\r\n"),
    ("304", client, b"HTTP/1.1 304 X\r\n"),
    ("204 to POST", lambda: client("POST"), b"HTTP/1.1 204 X\r\n"),
]
FRAMINGS = [
    ("neither", b""),
    ("length", b"Content-Length: 5\r\n"),
    ("length zero", b"Content-Length: 0\r\n"),
    ("huge length", b"Content-Length: %d\r\n" % BIG),
    ("chunked", b"Transfer-Encoding: chunked\r\n"),
]


@pytest.mark.safety("2a6")
@pytest.mark.parametrize(("make", "line"), rows(WITHOUT_BODY))
@pytest.mark.parametrize("fields", rows(FRAMINGS))
def test_there_is_no_body_whatever_the_head_says(make: Make, line: bytes, fields: bytes) -> None:
    outcome = accepted(make, line + fields + b"\r\n" + b"more")
    assert outcome.kinds == ["Response", "EndOfMessage"]
    assert outcome.left == b"more"
    assert outcome.states == (h11.DONE, h11.DONE)


@pytest.mark.safety("2a6", "2g3")
@pytest.mark.parametrize("fields", rows(FRAMINGS))
@pytest.mark.parametrize("status", [100, 102, 103, 199])
def test_informational_response_has_no_body(status: int, fields: bytes) -> None:
    data = b"HTTP/1.1 %d X\r\n" % status + fields + b"\r\n" + b"HTTP/1.1 204 X\r\n\r\n"
    outcome = accepted(client, data)
    assert outcome.kinds == ["InformationalResponse", "Response", "EndOfMessage"]
    assert outcome.events[0].status_code == status


def test_request_without_framing_fields_has_no_body() -> None:
    for method in (b"GET", b"POST", b"DELETE", b"PUT", b"OPTIONS", b"X"):
        outcome = accepted(server, method + b" / HTTP/1.1\r\nHost: a\r\n\r\n" + b"more")
        assert outcome.kinds == ["Request", "EndOfMessage"]
        assert outcome.left == b"more"


def test_get_request_may_have_a_body() -> None:
    data = b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi"
    assert accepted(server, data).body == b"hi"


@pytest.mark.safety("2a6")
@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
@pytest.mark.parametrize("body", [b"", b"x", b"hello\r\n\r\n0\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n"])
def test_response_without_framing_fields_goes_to_the_end_of_the_connection(version, body) -> None:
    data = b"HTTP/" + version + b" 200 OK\r\nA: b\r\n\r\n" + body
    open_still = accepted(client, data)
    assert open_still.body == body
    assert open_still.last is h11.NEED_DATA
    closed = accepted(client, data, eof=True)
    assert closed.body == body
    assert closed.kinds[-2:] == ["EndOfMessage", "ConnectionClosed"]
    assert closed.states == (h11.MUST_CLOSE, h11.CLOSED)


@pytest.mark.safety("F20", "2a10")
def test_close_at_any_byte_of_a_head_or_counted_body_is_an_error() -> None:
    data = OK + b"Content-Length: 4\r\nA: b\r\n\r\nbody"
    for cut in range(len(data)):
        outcome = drive(client(), [data[:cut]], eof=True)
        assert isinstance(outcome.error, h11.RemoteProtocolError), data[:cut]
        assert "EndOfMessage" not in outcome.kinds
    assert drive(client(), [data], eof=True).kinds[-2:] == ["EndOfMessage", "ConnectionClosed"]


@pytest.mark.safety("F20")
def test_close_at_any_byte_of_a_request_is_an_error() -> None:
    data = POST + b"Content-Length: 4\r\n\r\nbody"
    for cut in range(1, len(data)):
        outcome = drive(server(), [data[:cut]], eof=True)
        assert isinstance(outcome.error, h11.RemoteProtocolError), data[:cut]
    assert drive(server(), [b""]).kinds == ["ConnectionClosed"]


@pytest.mark.safety("F20")
def test_the_error_of_a_body_cut_short_tells_both_lengths() -> None:
    outcome = drive(client(), [OK + b"Content-Length: 4711\r\n\r\nbody"], eof=True)
    assert "4711" in str(outcome.error) and "4 " in str(outcome.error)


@pytest.mark.safety("2a10")
def test_close_before_any_response_byte_has_an_error_text_of_its_own() -> None:
    nothing = drive(client(), [], eof=True).error
    something = drive(client(), [b"HTTP/1.1 200"], eof=True).error
    in_body = drive(client(), [framed(b"")], eof=True).error
    assert len({str(nothing), str(something), str(in_body)}) == 3
    assert all(
        isinstance(error, h11.RemoteProtocolError) for error in (nothing, something, in_body)
    )


@pytest.mark.deviation("eof-before-response")
def test_close_before_any_response_byte_is_told_in_words() -> None:
    error = drive(client(), [], eof=True).error
    assert "clos" in str(error) and "response" in str(error)
    assert "SEND_RESPONSE" not in str(error)
