"""Responses on which parsers are compared: (id, what was asked for, whether the peer closes, wire).

What each parser makes of them stands in verdicts.md.
"""

from __future__ import annotations

OK = b"HTTP/1.1 200 OK\r\n"
CL = OK + b"Content-Length: "
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
LAST = b"0\r\n\r\n"
HI = b"2\r\nhi\r\n"

Row = tuple[str, str, bool, bytes]


def field(line: bytes) -> bytes:
    return OK + line + b"\r\nContent-Length: 2\r\n\r\nhi"


def coded(value: bytes) -> bytes:
    return OK + b"Transfer-Encoding: " + value + b"\r\n\r\n" + HI + LAST


def length(value: bytes) -> bytes:
    return CL + value + b"\r\n\r\nhi"


def start(line: bytes) -> bytes:
    return line + b"\r\nContent-Length: 2\r\n\r\nhi"


def chunk(line: bytes, end: bytes = b"\r\n") -> bytes:
    return CHUNKED + line + b"\r\nhi" + end + LAST


PLAIN = [
    ("plain", length(b"2")),
    ("to the end", OK + b"\r\nhi"),
    ("no body", OK + b"Content-Length: 0\r\n\r\n"),
    ("status line without reason", start(b"HTTP/1.1 200 ")),
    ("status line without reason and its blank", start(b"HTTP/1.1 200")),
    ("reason of obs-text", start(b"HTTP/1.1 200 \xe9t\xe9")),
    ("reason with a tab", start(b"HTTP/1.1 200 a\tb")),
    ("version 1.0", start(b"HTTP/1.0 200 OK")),
    ("name in upper case", field(b"X-TOKEN: a")),
    ("name of odd token characters", field(b"!#$%&'*+-.^_`|~: a")),
    ("value empty", field(b"A:")),
    ("value of blanks", field(b"A: \t ")),
    ("value with blanks around", field(b"A: \t b \t")),
    ("value of obs-text", field(b"A: \xe9\xff")),
    ("value with a tab", field(b"A: b\tc")),
    ("value with colons", field(b"A: b:c::d")),
    ("same field twice", field(b"A: b\r\nA: c")),
    ("204", b"HTTP/1.1 204 No Content\r\n\r\n"),
    ("204 with a length", b"HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\n"),
    ("304 with a length", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 2\r\n\r\n"),
    ("304 chunked", b"HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n"),
    ("100 before it", b"HTTP/1.1 100 Continue\r\n\r\n" + length(b"2")),
    ("103 with fields before it", b"HTTP/1.1 103 Early\r\nLink: a\r\n\r\n" + length(b"2")),
    ("102 and 100 before it", b"HTTP/1.1 102 P\r\n\r\nHTTP/1.1 100 C\r\n\r\n" + length(b"2")),
    ("Connection close", field(b"Connection: close")),
    ("Connection in a list", field(b"Connection: a, CLOSE")),
    ("status 404", start(b"HTTP/1.1 404 Not Found")),
    ("status 599", start(b"HTTP/1.1 599 X")),
    ("status 999", start(b"HTTP/1.1 999 X")),
]
START_LINES = [
    ("status 099", start(b"HTTP/1.1 099 X")),
    ("status 000", start(b"HTTP/1.1 000 X")),
    ("status 99", start(b"HTTP/1.1 99 X")),
    ("status 2000", start(b"HTTP/1.1 2000 X")),
    ("status +20", start(b"HTTP/1.1 +20 X")),
    ("status 20x", start(b"HTTP/1.1 20x X")),
    ("status of other digits", start(b"HTTP/1.1 \xb2\xb0\xb0 X")),
    ("two blanks before the status", start(b"HTTP/1.1  200 OK")),
    ("tab before the status", start(b"HTTP/1.1\t200 OK")),
    ("tab behind the status", start(b"HTTP/1.1 200\tOK")),
    ("blank behind the version only", start(b"HTTP/1.1 ")),
    ("http in lower case", start(b"http/1.1 200 OK")),
    ("version 1.2", start(b"HTTP/1.2 200 OK")),
    ("version 2.0", start(b"HTTP/2.0 200 OK")),
    ("version 0.9", start(b"HTTP/0.9 200 OK")),
    ("version 1.10", start(b"HTTP/1.10 200 OK")),
    ("version 1,1", start(b"HTTP/1,1 200 OK")),
    ("version 1", start(b"HTTP/1 200 OK")),
    ("ICY", start(b"ICY 200 OK")),
    ("no status line at all", b"hello\r\n\r\n"),
    ("a TLS record", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
    ("the preface of HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    ("CRLF before the status line", b"\r\n" + length(b"2")),
    ("LF before the status line", b"\n" + length(b"2")),
    ("blank before the status line", b" " + length(b"2")),
    ("NUL in the reason", start(b"HTTP/1.1 200 O\x00K")),
    ("CR in the reason", start(b"HTTP/1.1 200 O\rK")),
    ("VT in the reason", start(b"HTTP/1.1 200 O\x0bK")),
    ("0x01 in the reason", start(b"HTTP/1.1 200 O\x01K")),
    ("0x7f in the reason", start(b"HTTP/1.1 200 O\x7fK")),
]
LINES = [
    ("LF ends all lines of the head", length(b"2").replace(b"\r", b"")),
    ("LF ends the status line", b"HTTP/1.1 200 OK\nContent-Length: 2\r\n\r\nhi"),
    ("LF ends a field", OK + b"A: b\nContent-Length: 2\r\n\r\nhi"),
    ("LF ends the head", CL + b"2\r\n\nhi"),
    ("LF and then CRLF ends the head", CL + b"2\n\r\nhi"),
    ("CR ends a field", OK + b"A: b\rContent-Length: 2\r\n\r\nhi"),
    ("CR CR LF ends a field", field(b"A: b\r")),
    ("CR CR ends the head", CL + b"2\r\n\r\rhi"),
    ("CR and another byte end the head", CL + b"2\r\n\rXhi"),
    ("CR in a value", field(b"A: b\rc")),
    ("NUL in a value", field(b"A: b\x00c")),
    ("NUL ends a value", field(b"A: b\x00")),
    ("VT in a value", field(b"A: b\x0bc")),
    ("FF in a value", field(b"A: b\x0cc")),
    ("0x01 in a value", field(b"A: b\x01c")),
    ("ESC in a value", field(b"A: b\x1bc")),
    ("0x7f in a value", field(b"A: b\x7fc")),
    ("no colon", field(b"A b")),
    ("empty name", field(b": b")),
    ("blank before the colon", field(b"A : b")),
    ("tab before the colon", field(b"A\t: b")),
    ("blank in a name", field(b"A B: c")),
    ("NUL in a name", field(b"A\x00B: c")),
    ("0xe9 in a name", field(b"\xe9: c")),
    ("parenthesis in a name", field(b"(A): c")),
    ("blank before the first field", OK + b" A: b\r\nContent-Length: 2\r\n\r\nhi"),
    ("folded value", field(b"A: b\r\n c")),
    ("value folded with a tab", field(b"A: b\r\n\tc")),
    ("folded blank line", field(b"A: b\r\n \r\n c")),
    ("value that is all in its fold", field(b"A:\r\n b")),
    ("folded length", CL + b"\r\n 2\r\n\r\nhi"),
    ("folded coding", coded(b"\r\n chunked")),
    ("fold behind a length", CL + b"2\r\n 0\r\n\r\nhi"),
]  # fmt: skip
LENGTHS = [
    ("length 02", length(b"02")),
    ("length of 20 zeros and a 2", length(b"0" * 20 + b"2")),
    ("length +2", length(b"+2")),
    ("length -2", length(b"-2")),
    ("length 0x2", length(b"0x2")),
    ("length 1_0", CL + b"1_0\r\n\r\n0123456789"),
    ("length 2abc", length(b"2abc")),
    ("length '2 2'", length(b"2 2")),
    ("length 2.0", length(b"2.0")),
    ("length 2e0", length(b"2e0")),
    ("length of another digit", length(b"\xb2")),
    ("length with VT", length(b"\x0b2")),
    ("length with 0x85", length(b"2\x85")),
    ("length with 0xa0", length(b"2\xa0")),
    ("length empty", length(b"")),
    ("length in quotes", length(b'"2"')),
    ("length with blanks around", length(b" \t2 \t")),
    ("equal lengths", CL + b"2\r\nContent-Length: 2\r\n\r\nhi"),
    ("equal lengths in a list", length(b"2, 2")),
    ("list of a length and nothing", length(b"2,")),
    ("conflicting lengths", CL + b"2\r\nContent-Length: 3\r\n\r\nhi!"),
    ("conflicting lengths in a list", length(b"2, 3")),
    ("02 and 2", CL + b"02\r\nContent-Length: 2\r\n\r\nhi"),
    ("conflicting lengths on a 204", b"HTTP/1.1 204 X\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n"),
    ("bad length on a 304", b"HTTP/1.1 304 X\r\nContent-Length: x\r\n\r\n"),
    ("length 2^63-1", CL + b"9223372036854775807\r\n\r\nhi"),
    ("length 2^63", CL + b"9223372036854775808\r\n\r\nhi"),
    ("length 2^64", CL + b"18446744073709551616\r\n\r\nhi"),
    ("length of 21 digits", CL + b"100000000000000000000\r\n\r\nhi"),
    ("length of 5000 digits", CL + b"1" * 5000 + b"\r\n\r\nhi"),
]  # fmt: skip
CODINGS = [
    ("chunked", CHUNKED + HI + LAST),
    ("CHUNKED", coded(b"CHUNKED")),
    ("chunked with blanks around", coded(b" chunked ")),
    ("chunked with a tab behind", coded(b"chunked\t")),
    ("chunked and a length", OK + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n" + HI + LAST),
    ("a length and chunked", OK + b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n" + HI + LAST),
    ("chunked, chunked", coded(b"chunked, chunked")),
    ("chunked on two lines", coded(b"chunked\r\nTransfer-Encoding: chunked")),
    (",chunked", coded(b",chunked")),
    ("chunked,", coded(b"chunked,")),
    ("gzip, chunked", coded(b"gzip, chunked")),
    ("gzip and chunked on two lines", coded(b"gzip\r\nTransfer-Encoding: chunked")),
    ("chunked, gzip", coded(b"chunked, gzip")),
    ("chunked, identity", coded(b"chunked, identity")),
    ("identity", OK + b"Transfer-Encoding: identity\r\nContent-Length: 2\r\n\r\nhi"),
    ("coding gzip", OK + b"Transfer-Encoding: gzip\r\n\r\nhi"),
    ("xchunked", coded(b"xchunked")),
    ("chunkedx", coded(b"chunkedx")),
    ("chunked;a=b", coded(b"chunked;a=b")),
    ("chunked in quotes", coded(b'"chunked"')),
    ("VT chunked", coded(b"\x0bchunked")),
    ("0xa0 chunked", coded(b"\xa0chunked")),
    ("coding empty", OK + b"Transfer-Encoding:\r\nContent-Length: 2\r\n\r\nhi"),
    ("chunked in HTTP/1.0", b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + HI + LAST),
    ("blank before the colon of the coding", OK + b"Transfer-Encoding : chunked\r\n\r\n" + HI + LAST),
]  # fmt: skip
CHUNKS = [
    ("size with zeros", chunk(b"002")),
    ("size of 16 digits", chunk(b"0" * 15 + b"2")),
    ("size of 17 digits", chunk(b"0" * 16 + b"2")),
    ("size 2^63", CHUNKED + b"8000000000000000\r\nhi"),
    ("size 2^64", CHUNKED + b"10000000000000000\r\nhi"),
    ("size of 21 digits", CHUNKED + b"f" * 21 + b"\r\nhi"),
    ("size in capitals", CHUNKED + b"A\r\n0123456789\r\n" + LAST),
    ("size 0x2", chunk(b"0x2")),
    ("size +2", chunk(b"+2")),
    ("size -2", chunk(b"-2")),
    ("size 0_2", chunk(b"0_2")),
    ("size 2g", chunk(b"2g")),
    ("size empty", CHUNKED + b"\r\nhi\r\n" + LAST),
    ("blank before the size", chunk(b" 2")),
    ("blank behind the size", chunk(b"2 ")),
    ("tab behind the size", chunk(b"2\t")),
    ("NUL behind the size", chunk(b"2\x00")),
    ("extension", chunk(b"2;a=b")),
    ("extension without value", chunk(b"2;a")),
    ("quoted extension", chunk(b'2;a="b c;d"')),
    ("several extensions", chunk(b"2;a=b;c;d=e")),
    ("blank before the extension", chunk(b"2 ;a=b")),
    ("blank in the extension", chunk(b"2; a = b")),
    ("extension without name", chunk(b"2;")),
    ("extension of obs-text", chunk(b"2;a=\xe9")),
    ("quoted extension that does not end", chunk(b'2;a="b')),
    ("extension with CR", chunk(b"2;a\rb")),
    ("extension with NUL", chunk(b"2;a\x00b")),
    ("extension with LF", chunk(b"2;a\nhi\r\nX:")),
    ("extension of 20 kB", chunk(b"2;a=" + b"x" * 20_000)),
    ("extension of 3 kB", chunk(b"2;a=" + b"x" * 3000)),
    ("last chunk 000", CHUNKED + HI + b"000\r\n\r\n"),
    ("last chunk with extension", CHUNKED + HI + b"0;a=b\r\n\r\n"),
    ("no chunk but the last", CHUNKED + LAST),
    ("LF behind the size", CHUNKED + b"2\nhi\r\n" + LAST),
    ("CR behind the size", CHUNKED + b"2\rhi\r\n" + LAST),
    ("CR CR LF behind the size", chunk(b"2\r")),
    ("LF behind the data", chunk(b"2", b"\n")),
    ("CR behind the data", chunk(b"2", b"\r")),
    ("nothing behind the data", chunk(b"2", b"")),
    ("two other bytes behind the data", chunk(b"2", b"XX")),
    ("LF CR behind the data", chunk(b"2", b"\n\r")),
    ("CRLF twice behind the data", chunk(b"2", b"\r\n\r\n")),
    ("more data than announced", CHUNKED + b"2\r\nhi!\r\n" + LAST),
    ("LF behind the last chunk", CHUNKED + HI + b"0\n\r\n"),
    ("LF ends the message", CHUNKED + HI + b"0\r\n\n"),
]
TRAILERS = [
    ("trailer", CHUNKED + HI + b"0\r\nA: b\r\n\r\n"),
    ("two trailers", CHUNKED + HI + b"0\r\nA: b\r\nC: d\r\n\r\n"),
    ("folded trailer", CHUNKED + HI + b"0\r\nA: b\r\n c\r\n\r\n"),
    ("length in the trailers", CHUNKED + HI + b"0\r\nContent-Length: 9\r\n\r\n"),
    ("coding in the trailers", CHUNKED + HI + b"0\r\nTransfer-Encoding: chunked\r\n\r\n"),
    ("trailer without colon", CHUNKED + HI + b"0\r\nA\r\n\r\n"),
    ("trailer with NUL", CHUNKED + HI + b"0\r\nA: b\x00\r\n\r\n"),
    ("trailer with blank before the colon", CHUNKED + HI + b"0\r\nA : b\r\n\r\n"),
    ("LF ends a trailer", CHUNKED + HI + b"0\r\nA: b\n\r\n"),
    ("LF ends the trailers", CHUNKED + HI + b"0\r\nA: b\r\n\n"),
]
CLOSED = [
    ("closed before any byte", b""),
    ("closed in the status line", b"HTTP/1.1 20"),
    ("closed in the head", OK + b"A: b\r\n"),
    ("closed in a counted body", CL + b"3\r\n\r\nhi"),
    ("closed in a size", CHUNKED + b"2"),
    ("closed in a chunk", CHUNKED + b"3\r\nhi"),
    ("closed behind a chunk", CHUNKED + b"2\r\nhi"),
    ("closed without a last chunk", CHUNKED + HI),
    ("closed in the last chunk", CHUNKED + HI + b"0\r\n"),
    ("closed in the trailers", CHUNKED + HI + b"0\r\nA: b\r\n"),
    ("closed behind 100", b"HTTP/1.1 100 Continue\r\n\r\n"),
    ("closed at the end", OK + b"\r\nhi"),
]
OTHERS: list[Row] = [
    ("101 that nobody asked for", "GET", False, b"HTTP/1.1 101 X\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nhi"),
    ("101 that was asked for", "UPGRADE", False, b"HTTP/1.1 101 X\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nhi"),
    ("200 to a proposal", "UPGRADE", False, length(b"2")),
    ("HEAD with a length", "HEAD", False, CL + b"2\r\n\r\n"),
    ("HEAD chunked", "HEAD", False, CHUNKED),
    ("HEAD without framing", "HEAD", False, OK + b"\r\n"),
    ("CONNECT accepted", "CONNECT", False, OK + b"\r\nhi"),
    ("CONNECT accepted with a length", "CONNECT", False, CL + b"2\r\n\r\nhi"),
    ("CONNECT accepted with both framings", "CONNECT", False, OK + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\nhi"),
    ("CONNECT refused", "CONNECT", False, start(b"HTTP/1.1 403 X")),
    ("another response behind it", "GET", False, length(b"2") + length(b"2")),
    ("CRLF behind it", "GET", False, length(b"2") + b"\r\n"),
    ("garbage behind it", "GET", False, length(b"2") + b"\x00\xffgarbage"),
    ("garbage behind a last response", "GET", False, field(b"Connection: close") + b"garbage"),
    ("33 times 103 before it", "GET", False, b"HTTP/1.1 103 X\r\n\r\n" * 33 + length(b"2")),
    ("600 fields", "GET", False, OK + b"A: b\r\n" * 600 + b"Content-Length: 2\r\n\r\nhi"),
    ("head of 20 kB", "GET", False, field(b"A: " + b"b" * 20_000)),
]  # fmt: skip


def rows() -> list[Row]:
    """All of them. A body that may go to the end is closed by the peer."""
    tables = (PLAIN, START_LINES, LINES, LENGTHS, CODINGS, CHUNKS, TRAILERS)
    found: list[Row] = [
        (name, "GET", name == "to the end", wire) for table in tables for name, wire in table
    ]
    found += [(name, "GET", True, wire) for name, wire in CLOSED]
    return found + OTHERS
