"""Line ends that are no line ends, each refused at the very byte that makes it wrong."""

from __future__ import annotations

import pytest

import h11
from tests.protocol.driving import accepted, client, framed, refused, rows, server

POST = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
REST = b"hi\r\n0\r\n\r\n"

# (id, what comes up to the byte that is wrong, what follows it)
IN_A_BODY = [
    ("size line ended by LF", b"2\n", REST),
    ("size line ended by LF after a blank", b"2 \n", REST),
    ("size line ended by CR and data", b"2\rh", b"i\r\n0\r\n\r\n"),
    ("size line ended by CR CR LF", b"2\r\r", b"\n" + REST),
    ("size line ended by CR and space", b"2\r ", b"\n" + REST),
    ("size line ended by CR and NUL", b"2\r\x00", REST),
    ("second size line ended by LF", b"1\r\nx\r\n2\n", REST),
    ("extension ended by LF", b"2;a=b\n", REST),
    ("empty extension ended by LF", b"2;\n", REST),
    ("LF inside an extension", b"2;a\n", b"b\r\n" + REST),
    ("LF inside a quoted extension", b'2;a="\n', b'"\r\n' + REST),
    ("CR inside an extension", b"2;a\rb", b"\r\n" + REST),
    ("CR CR LF after an extension", b"2;a\r\r", b"\n" + REST),
    ("NUL inside an extension", b"2;a\x00", b"\r\n" + REST),
    ("last chunk ended by LF", b"0\n", b"\r\n"),
    ("last chunk with extension ended by LF", b"0;a\n", b"\r\n"),
    ("last chunk ended by CR CR", b"0\r\r", b"\n\r\n"),
    ("message ended by LF", b"0\r\n\n", b""),
    ("message ended by CR and another byte", b"0\r\n\rX", b"\n"),
    ("message ended by CR CR LF", b"0\r\n\r\r", b"\n"),
    ("trailer ended by LF", b"0\r\nA: b\n", b"\r\n"),
    ("second trailer ended by LF", b"0\r\nA: b\r\nC: d\n", b"\r\n"),
    ("trailer ended by CR and another byte", b"0\r\nA: b\rX", b"\n\r\n"),
    ("trailer ended by CR CR LF", b"0\r\nA: b\r\r", b"\n\r\n"),
    ("trailer folded by CR", b"0\r\nA: b\r ", b"c\r\n\r\n"),
    ("folded trailer ended by LF", b"0\r\nA: b\r\n c\n", b"\r\n"),
    ("trailers ended by LF", b"0\r\nA: b\r\n\n", b""),
    ("trailers ended by CR and another byte", b"0\r\nA: b\r\n\rX", b"\n"),
]


@pytest.mark.safety("F1", "F2", "2a8")
@pytest.mark.deviation("line-ends-in-bodies")
@pytest.mark.parametrize(("wrong", "after"), rows(IN_A_BODY))
def test_in_a_chunked_body(wrong: bytes, after: bytes) -> None:
    for make, head in ((client, framed(b"")), (server, POST)):
        refused(make, head + wrong + after, at=len(head + wrong))
        taken = accepted(make, head + wrong[:-1])
        assert taken.last is h11.NEED_DATA


AFTER_DATA = [
    ("data ended by LF", b"2\r\nhi\n", b"0\r\n\r\n"),
    ("data ended by nothing", b"2\r\nhi0", b"\r\n\r\n"),
    ("data ended by another byte", b"2\r\nhiX", b"\n0\r\n\r\n"),
    ("data ended by CR and another byte", b"2\r\nhi\rX", b"0\r\n\r\n"),
    ("data ended by CR CR LF", b"2\r\nhi\r\r", b"\n0\r\n\r\n"),
    ("data ended by CR and the next size", b"2\r\nhi\r0", b"\r\n\r\n"),
]


@pytest.mark.safety("F1", "F2", "2a8")
@pytest.mark.parametrize(("wrong", "after"), rows(AFTER_DATA))
def test_after_the_data_of_a_chunk(wrong: bytes, after: bytes) -> None:
    for make, head in ((client, framed(b"")), (server, POST)):
        outcome = refused(make, head + wrong + after, at=len(head + wrong))
        assert outcome.body == b"hi"


IN_A_HEAD = [
    ("first line ended by CR and a name", b"%s\rA", b": b\r\n\r\n"),
    ("first line ended by CR CR LF", b"%s\r\r", b"\nA: b\r\n\r\n"),
    ("first line ended by CR and NUL", b"%s\r\x00", b"\n\r\n"),
    ("field ended by CR and a name", b"%s\r\nA: b\rC", b": d\r\n\r\n"),
    ("field ended by CR CR LF", b"%s\r\nA: b\r\r", b"\n\r\n"),
    ("field folded by CR", b"%s\r\nA: b\r ", b"c\r\n\r\n"),
    ("CR in a name", b"%s\r\nA\rB", b": c\r\n\r\n"),
    ("CR before the colon", b"%s\r\nA\r:", b" b\r\n\r\n"),
    ("CR after the colon", b"%s\r\nA:\rb", b"\r\n\r\n"),
    ("CR in a folded line", b"%s\r\nA: b\r\n c\rd", b"\r\n\r\n"),
    ("CR in a field after one ended by LF", b"%s\nA: b\nC: d\re", b"\n\n"),
    ("blank line of CR and another byte", b"%s\r\nA: b\r\n\rX", b"\r\n\r\n"),
    ("blank line of CR CR LF", b"%s\r\nA: b\r\n\r\r", b"\n\r\n"),
    ("blank line of CR and a status line", b"%s\r\nA: b\r\n\rH", b"TTP/1.1 200 OK\r\n\r\n"),
]
FIRST_LINES = [(client, b"HTTP/1.1 200 OK"), (server, b"GET / HTTP/1.1")]


@pytest.mark.safety("F2", "F9", "2a1")
@pytest.mark.deviation("lone-cr-in-heads")
@pytest.mark.parametrize(("wrong", "after"), rows(IN_A_HEAD))
@pytest.mark.parametrize(("make", "line"), FIRST_LINES)
def test_in_a_head(make, line: bytes, wrong: bytes, after: bytes) -> None:
    wrong = wrong % line
    refused(make, wrong + after, at=len(wrong))
    assert accepted(make, wrong[:-1]).last is h11.NEED_DATA


@pytest.mark.safety("F9", "2a1")
@pytest.mark.parametrize(("wrong", "after"), rows(IN_A_HEAD[:-2]))
@pytest.mark.parametrize(("make", "line"), FIRST_LINES)
def test_lone_cr_in_a_head_is_refused_at_its_end_at_the_latest(make, line, wrong, after) -> None:
    refused(make, wrong % line + after)


LINE_FEEDS_IN_HEADS = [
    ("everywhere", b"%s\nA: b\n\n"),
    ("after the first line", b"%s\nA: b\r\n\r\n"),
    ("after a field", b"%s\r\nA: b\n\r\n"),
    ("as the blank line", b"%s\r\nA: b\r\n\n"),
    ("as the blank line after LF", b"%s\nA: b\r\n\n"),
]


@pytest.mark.safety("F2", "2a1")
@pytest.mark.parametrize("head", rows(LINE_FEEDS_IN_HEADS))
def test_bare_lf_ends_a_line_of_a_head(head: bytes) -> None:
    outcome = accepted(client, head % b"HTTP/1.1 204 OK" + b"next")
    assert outcome.events[0].headers == [(b"a", b"b")]
    assert outcome.left == b"next"
    outcome = accepted(server, head % b"GET / HTTP/1.0" + b"")
    assert outcome.events[0].headers == [(b"a", b"b")]
    assert outcome.events[1] == h11.EndOfMessage()
