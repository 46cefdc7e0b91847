"""The chunked coding, each row in every partition."""

from __future__ import annotations

import pytest

import h11
from tests.protocol.driving import (
    CHUNKED_HEAD,
    accepted,
    client,
    drive,
    framed,
    refused,
    rows,
    server,
)

END = b"0\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"

TAKEN = [
    ("empty", END, b"", []),
    ("one chunk", b"2\r\nhi\r\n" + END, b"hi", []),
    ("two chunks", b"2\r\nhi\r\n3\r\n ho\r\n" + END, b"hi ho", []),
    ("upper and lower case sizes", b"A\r\n0123456789\r\na\r\n0123456789\r\n" + END, b"0123456789" * 2, []),
    ("size with zeros in front", b"002\r\nhi\r\n000\r\n\r\n", b"hi", []),
    ("size of sixteen digits", b"0" * 15 + b"2\r\nhi\r\n" + END, b"hi", []),
    ("last chunk of sixteen zeros", b"0" * 16 + b"\r\n\r\n", b"", []),
    ("data that looks like an end", b"5\r\n0\r\n\r\n\r\n" + END, END, []),
    ("data of CR and LF", b"4\r\n\r\r\n\n\r\n" + END, b"\r\r\n\n", []),
    ("extension", b"2;a=b\r\nhi\r\n" + END, b"hi", []),
    ("extension without value", b"2;a\r\nhi\r\n" + END, b"hi", []),
    ("extension with quoted semicolon", b'2;a="b;c"\r\nhi\r\n' + END, b"hi", []),
    ("blank inside the extension", b"2; a = b\r\nhi\r\n" + END, b"hi", []),
    ("empty extension", b"2;\r\nhi\r\n" + END, b"hi", []),
    ("several extensions", b"2;a;b=c;d\r\nhi\r\n0;x=y\r\n\r\n", b"hi", []),
    ("extension with obs-text", b"2;\xff=\x80\r\nhi\r\n" + END, b"hi", []),
    ("space after the size", b"2 \r\nhi\r\n" + END, b"hi", []),
    ("spaces and tabs after the size", b"2\t \t\r\nhi\r\n0 \r\n\r\n", b"hi", []),
    ("trailer", b"0\r\nA: b\r\n\r\n", b"", [(b"a", b"b")]),
    ("trailers", b"2\r\nhi\r\n0\r\nA: b\r\nC: \r\na: d\r\n\r\n", b"hi", [(b"a", b"b"), (b"c", b""), (b"a", b"d")]),
    ("folded trailer", b"0\r\nA: b\r\n c\r\n\r\n", b"", [(b"a", b"b c")]),
]  # fmt: skip


@pytest.mark.safety("F15", "2a8")
@pytest.mark.parametrize(("data", "body", "trailers"), rows(TAKEN))
@pytest.mark.parametrize("after", [b"", b"HTTP/1.1 200 OK\r\n", b"\r\n", b"\x00"])
def test_chunked_body_is_taken(data: bytes, body: bytes, trailers: list, after: bytes) -> None:
    outcome = accepted(client, framed(data + after))
    assert outcome.body == body
    assert outcome.events[-1] == h11.EndOfMessage(headers=trailers)
    assert outcome.left == after
    assert outcome.states == (h11.DONE, h11.DONE)
    outcome = accepted(server, POST + data + after)
    assert outcome.body == body
    assert outcome.events[-1] == h11.EndOfMessage(headers=trailers)
    assert outcome.left == after
    assert outcome.states == (h11.DONE, h11.SEND_RESPONSE)


@pytest.mark.deviation("blank-before-extension")
@pytest.mark.parametrize("blanks", [b" ", b"\t", b" \t "])
def test_blanks_before_an_extension_are_taken(blanks: bytes) -> None:
    outcome = accepted(client, framed(b"2" + blanks + b";a=b\r\nhi\r\n0" + blanks + b"; c\r\n\r\n"))
    assert outcome.body == b"hi"


REFUSED = [
    ("prefix 0x", b"0x2\r\nhi\r\n" + END),
    ("plus sign", b"+2\r\nhi\r\n" + END),
    ("minus sign", b"-2\r\nhi\r\n" + END),
    ("minus zero", b"-0\r\n\r\n"),
    ("underscore", b"1_0\r\nhi\r\n" + END),
    ("letter after hex", b"2g\r\nhi\r\n" + END),
    ("letter alone", b"g\r\nhi\r\n" + END),
    ("empty size", b"\r\nhi\r\n" + END),
    ("extension without size", b";a=b\r\nhi\r\n" + END),
    ("space before the size", b" 2\r\nhi\r\n" + END),
    ("tab before the size", b"\t2\r\nhi\r\n" + END),
    ("vertical tab after the size", b"2\x0b\r\nhi\r\n" + END),
    ("no-break space after the size", b"2\xa0\r\nhi\r\n" + END),
    ("two sizes", b"2 2\r\nhi\r\n" + END),
    ("word after the size", b"2 a\r\nhi\r\n" + END),
    ("digits of another script", "٢\r\nhi\r\n".encode() + END),
    ("superscript digit", b"\xb2\r\nhi\r\n" + END),
    ("decimal point", b"2.0\r\nhi\r\n" + END),
    ("comma list", b"2,2\r\nhi\r\n" + END),
    ("21 digits", b"0" * 20 + b"2\r\nhi\r\n" + END),
    ("21 hex digits", b"f" * 21 + b"\r\nhi\r\n" + END),
    ("blank line before the first size", b"\r\n2\r\nhi\r\n" + END),
    ("data too short for its size", b"3\r\nhi\r\n" + END),
    ("data too long for its size", b"1\r\nhi\r\n" + END),
    ("no end after the data", b"2\r\nhi" + END),
    ("other bytes after the data", b"2\r\nhiXX" + END),
    ("end of the data the wrong way round", b"2\r\nhi\n\r" + END),
    ("trailer with blank before the colon", b"0\r\nA : b\r\n\r\n"),
    ("trailer with blank in front", b"0\r\n A: b\r\n\r\n"),
    ("trailer without colon", b"0\r\nA\r\n\r\n"),
    ("trailer without name", b"0\r\n: b\r\n\r\n"),
    ("NUL in a trailer's name", b"0\r\nA\x00: b\r\n\r\n"),
    ("NUL in a trailer's value", b"0\r\nA: b\x00\r\n\r\n"),
    ("status line as trailer", b"0\r\nHTTP/1.1 200 OK\r\n\r\n"),
]


@pytest.mark.safety("F3", "F9", "F15", "2a8")
@pytest.mark.parametrize("data", rows(REFUSED))
def test_chunked_body_is_refused(data: bytes) -> None:
    refused(client, framed(data))
    refused(server, POST + data)


@pytest.mark.safety("F4", "2a8", "F3")
@pytest.mark.deviation("chunk-size-digits")
@pytest.mark.parametrize(
    "size",
    [b"0" * 16 + b"2", b"1" + b"0" * 16, b"f" * 20, b"8" + b"0" * 15, b"f" * 16],
)
def test_chunk_size_over_sixteen_digits_or_above_2_63_is_refused(size: bytes) -> None:
    refused(client, framed(size + b"\r\nhi\r\n" + END))
    refused(server, POST + size + b"\r\nhi\r\n" + END)


@pytest.mark.safety("F4")
def test_the_largest_chunk_size_is_taken() -> None:
    outcome = accepted(client, framed(b"7fffffffffffffff\r\nhi"))
    assert outcome.body == b"hi"
    assert outcome.last is h11.NEED_DATA


@pytest.mark.safety("F4", "M12")
@pytest.mark.deviation("chunk-line")
def test_chunk_size_of_many_digits_is_refused_without_reading_them_all() -> None:
    outcome = drive(client(), [CHUNKED_HEAD, *[b"1" * 100] * 200])
    assert isinstance(outcome.error, h11.RemoteProtocolError)
    assert outcome.fed <= len(CHUNKED_HEAD) + 4096 + 200


@pytest.mark.safety("F2")
@pytest.mark.deviation("chunk-extension-characters")
@pytest.mark.parametrize("bad", [b"\r", b"\x00", b"\rx", b"\x00\x00"])
def test_cr_or_nul_in_a_chunk_extension_is_refused(bad: bytes) -> None:
    refused(client, framed(b"2;a" + bad + b"b\r\nhi\r\n" + END))
    refused(client, framed(b'2;a="' + bad + b'"\r\nhi\r\n' + END))
    refused(client, framed(b"0;a" + bad + b"b\r\n\r\n"))


@pytest.mark.safety("F15", "2a8")
def test_framing_fields_of_a_trailer_are_shown_apart_and_never_used() -> None:
    connection = client()
    outcome = drive(
        connection, [framed(b"2\r\nhi\r\n0\r\nContent-Length: 5\r\nConnection: close\r\n\r\n")]
    )
    assert outcome.events[0].headers == [(b"transfer-encoding", b"chunked")]
    assert outcome.body == b"hi"
    assert outcome.events[-1].headers == [(b"content-length", b"5"), (b"connection", b"close")]
    assert outcome.states == (h11.DONE, h11.DONE)


@pytest.mark.safety("F15")
def test_two_hosts_in_a_trailer_are_no_error() -> None:
    outcome = accepted(server, POST + b"0\r\nHost: a\r\nHost: b\r\n\r\n")
    assert outcome.events[-1].headers == [(b"host", b"a"), (b"host", b"b")]


def borders(pieces: list[bytes]) -> list[tuple[bytes, bool, bool]]:
    connection = client()
    connection.receive_data(CHUNKED_HEAD)
    connection.next_event()
    seen = []
    for piece in filter(None, pieces):
        connection.receive_data(piece)
        while type(event := connection.next_event()) is h11.Data:
            seen.append((event.data, event.chunk_start, event.chunk_end))
    return seen


def test_each_chunk_received_whole_is_one_data_event() -> None:
    data = b"2\r\nhi\r\n3\r\nyou\r\n1;x=y\r\n!\r\n" + END
    assert borders([data]) == [(b"hi", True, True), (b"you", True, True), (b"!", True, True)]


def test_pieces_of_a_chunk_show_where_it_starts_and_ends() -> None:
    assert borders([b"5\r\nhe", b"l", b"lo\r\n2\r\nh", b"i", b"\r\n"]) == [
        (b"he", True, False),
        (b"l", False, False),
        (b"lo", False, True),
        (b"h", True, False),
        (b"i", False, True),
    ]


@pytest.mark.deviation("chunk-start")
def test_chunk_borders_survive_every_cut() -> None:
    data = b"5\r\nhello\r\n1\r\n \r\n5\r\nworld\r\n" + END
    for at in range(len(data) + 1):
        chunks: list[bytes] = []
        ended = True
        for piece, start, end in borders([data[:at], data[at:]]):
            assert start is ended
            chunks[len(chunks) - (not start) :] = [(b"" if start else chunks[-1]) + piece]
            ended = end
        assert chunks == [b"hello", b" ", b"world"], at
        assert ended


def test_data_of_other_framings_has_no_chunk_borders() -> None:
    for head in (b"Content-Length: 2\r\n\r\n", b"\r\n"):
        connection = client()
        connection.receive_data(b"HTTP/1.1 200 OK\r\n" + head + b"hi")
        connection.next_event()
        event = connection.next_event()
        assert (event.data, event.chunk_start, event.chunk_end) == (b"hi", False, False)


@pytest.mark.safety("F20", "M14", "2a10")
@pytest.mark.parametrize("trailers", [b"", b"A: b\r\nC: d\r\n"])
def test_close_at_any_byte_of_a_chunked_body_is_an_error(trailers: bytes) -> None:
    data = b"2\r\nhi\r\n1;a=b\r\n!\r\n0\r\n" + trailers + b"\r\n"
    for cut in range(len(data)):
        outcome = drive(client(), [framed(data[:cut])], eof=True)
        assert isinstance(outcome.error, h11.RemoteProtocolError), data[:cut]
        assert "EndOfMessage" not in outcome.kinds
        outcome = drive(server(), [POST + data[:cut]], eof=True)
        assert isinstance(outcome.error, h11.RemoteProtocolError), data[:cut]
    assert drive(client(), [framed(data)], eof=True).error is None
