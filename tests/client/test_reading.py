"""Reading a body once: in pieces, to a size, whole, and as a file."""

from __future__ import annotations

import csv
import functools
import gc
import gzip
import io
import shutil
import tarfile
import tracemalloc
import weakref

import pytest

from h11client.exceptions import ContentDecodingError, IncompleteBody, StreamConsumedError
from tests.client.bodies import FakeBody, response_of
from tests.growth import grows_linearly

GZIP = {"Content-Encoding": "gzip"}
TEXT = b"".join(b"line %d of a text that packs well\n" % number for number in range(5000))


def test_raw_is_a_file_of_the_body_as_it_came():
    coded = gzip.compress(TEXT)
    response = response_of(coded[:10], coded[10:], headers=GZIP)
    raw = response.raw
    assert raw.status == 200 and raw.reason == "OK" and raw.headers == GZIP
    assert raw.readable() and not raw.writable() and not raw.seekable() and not raw.closed
    assert raw.read(0) == b""
    assert raw.read(4) == coded[:4]
    assert raw.tell() == 4
    assert raw.read(20) == coded[4:24]
    assert response.raw.read() == coded[24:]
    assert raw.read() == raw.read(5) == b""
    assert raw.tell() == len(coded)
    assert raw.closed


@pytest.mark.parametrize("how", ["argument", "attribute"])
def test_raw_undoes_the_coding_when_it_is_told_to(how):
    coded = gzip.compress(TEXT)
    response = response_of(coded, headers=GZIP)
    if how == "attribute":
        response.raw.decode_content = True
        assert response.raw.read(10) == TEXT[:10]
        assert response.raw.read() == TEXT[10:]
    else:
        assert response.raw.read(10, decode_content=True) == TEXT[:10]
        assert response.raw.read(decode_content=True) == TEXT[10:]
    assert response.raw.tell() == len(coded)


@pytest.mark.parametrize("sizes", [[1], [3, 7, 100], [40000], [10**7]])
def test_a_sized_read_gives_exactly_so_much_unless_the_body_ends(sizes):
    pieces = [TEXT[start : start + 1000] for start in range(0, len(TEXT), 1000)]
    raw = response_of(*pieces).raw
    position = 0
    for size in sizes * 3:
        piece = raw.read(size)
        assert piece == TEXT[position : position + size]
        position += len(piece)
        assert raw.tell() == min(position, len(TEXT))


def test_readinto_gives_what_has_come():
    raw = response_of(b"abc", b"defgh").raw
    buffer = bytearray(5)
    assert raw.readinto(buffer) == 3
    assert raw.readinto(buffer) == 5
    assert bytes(buffer) == b"defgh"
    assert raw.readinto(bytearray(0)) == 0
    assert raw.readinto(buffer) == raw.readinto(buffer) == 0
    decoding = response_of(gzip.compress(b"abc"), headers=GZIP)
    decoding.raw.decode_content = True
    assert decoding.raw.readinto(memoryview(buffer)) == 3


@pytest.mark.parametrize("kept", [True, False])
@pytest.mark.parametrize("headers", [{}, GZIP])
def test_a_response_is_read_into_a_buffer_decoded(kept, headers):
    response = response_of(gzip.compress(TEXT) if headers else TEXT, headers=headers)
    if kept:
        assert response.content == TEXT
    buffer = bytearray(1000)
    assert response.readinto(bytearray(0)) == 0
    read = bytearray()
    while count := response.readinto(memoryview(buffer)):
        read += buffer[:count]
    assert read == TEXT
    assert response.readinto(buffer) == 0


def test_stream_and_iteration_give_pieces_of_at_most_a_size():
    assert list(response_of(b"abc", b"defgh").raw.stream(4)) == [b"abc", b"defg", b"h"]
    assert (
        b"".join(response_of(gzip.compress(TEXT), headers=GZIP).raw.stream(decode_content=True))
        == TEXT
    )
    assert list(response_of().raw.stream()) == []


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_raw_has_the_lines_of_a_file(size):
    whole = b"a\r\nb\n\nc\rd\n\n" + b"e" * 200
    pieces = [whole[start : start + size] for start in range(0, len(whole), size)]
    lines = io.BytesIO(whole).readlines()
    assert list(response_of(*pieces).raw) == lines
    assert response_of(*pieces).raw.readlines() == lines
    raw = response_of(*pieces).raw
    assert [raw.readline(), raw.readline(1), raw.read(1), raw.readline(0)] == [
        b"a\r\n",
        b"b",
        b"\n",
        b"",
    ]
    assert [raw.readline(), raw.readline(None), raw.readline(-1)] == [b"\n", b"c\rd\n", b"\n"]
    assert raw.read() == b"e" * 200
    assert raw.readline() == b""
    assert list(response_of(b"a\n").raw) == [b"a\n"]
    assert list(response_of().raw) == []


def test_lines_of_raw_cost_what_the_body_is_long():
    def read(count):
        return list(response_of(*[b"a" * 50] * count).raw)

    assert grows_linearly(read, 2000)


def test_raw_works_where_programs_want_a_file(tmp_path):
    target = io.BytesIO()
    shutil.copyfileobj(response_of(TEXT[:100], TEXT[100:]).raw, target)
    assert target.getvalue() == TEXT
    buffered = io.BufferedReader(response_of(TEXT).raw)
    assert buffered.readline() == b"line 0 of a text that packs well\n"
    assert buffered.read() == TEXT[33:]
    text = io.TextIOWrapper(io.BufferedReader(response_of(b"a,b\n1,2\n").raw), "utf-8")
    assert list(csv.reader(text)) == [["a", "b"], ["1", "2"]]
    (tmp_path / "file").write_bytes(TEXT)
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as tar:
        tar.add(tmp_path / "file", "file")
    content = archive.getvalue()
    pieces = [content[start : start + 100] for start in range(0, len(content), 100)]
    with tarfile.open(fileobj=response_of(*pieces).raw, mode="r|gz") as tar:
        assert [tar.extractfile(member).read() for member in tar] == [TEXT]


def test_raw_has_the_names_that_programs_know():
    response = response_of(
        b"abc", headers=[("Set-Cookie", "a=1"), ("set-cookie", "b=2")], status=201
    )
    raw = response.raw
    assert (raw.status, raw.reason, raw.version) == (201, "OK", 11)
    assert raw.getheader("SET-COOKIE") == "a=1, b=2"
    assert (raw.getheader("X"), raw.getheader("X", "no")) == (None, "no")
    assert raw.getheaders() == [("Set-Cookie", "a=1"), ("set-cookie", "b=2")]
    assert raw.headers.getlist("set-cookie") == raw.headers.get_all("set-cookie") == ["a=1", "b=2"]
    assert (raw.geturl(), raw.info()) == (response.url, response.headers)
    assert not raw.isclosed()
    assert raw.data == response.content == b"abc"
    assert raw.isclosed()
    raw.release_conn()
    assert (raw.readable(), raw.writable(), raw.seekable(), raw.isatty()) == (True,) + (False,) * 3


def test_raw_tells_how_much_is_left():
    length = {"Content-Length": "5"}
    raw = response_of(b"abc", b"de", headers=length).raw
    assert (raw.length_remaining, raw.chunked) == (5, False)
    assert (raw.read(4), raw.length_remaining) == (b"abcd", 1)
    assert (raw.read(), raw.length_remaining) == (b"e", 0)
    assert response_of(b"abc").raw.length_remaining is None
    assert response_of(headers=length, method="HEAD").raw.length_remaining == 0
    assert response_of(headers=length, status=304).raw.length_remaining == 0
    twice = [("Content-Length", "3"), ("content-length", "3")]
    assert response_of(b"abc", headers=twice).raw.length_remaining == 3


def test_raw_gives_pieces_whatever_its_framing_was():
    raw = response_of(b"abc", b"defgh", headers={"Transfer-Encoding": "chunked"}).raw
    assert (raw.length_remaining, raw.chunked, raw.supports_chunked_reads()) == (None, True, True)
    assert list(raw.read_chunked(4)) == [b"abc", b"defg", b"h"]
    coded = response_of(gzip.compress(TEXT), headers=GZIP).raw
    assert b"".join(coded.read_chunked(decode_content=True)) == TEXT


def test_raw_is_closed_by_its_context():
    body = FakeBody(b"abc")
    with response_of(body=body).raw as raw:
        assert raw.read(2) == b"ab"
    assert body.closed == 1


def test_raw_gives_what_has_come():
    raw = response_of(b"abc", b"defgh").raw
    assert [raw.read1(2), raw.read1(), raw.read1(0), raw.read1(None), raw.read1()] == [
        b"ab",
        b"c",
        b"",
        b"defgh",
        b"",
    ]


def test_what_programs_set_on_raw_is_there_again():
    coded = gzip.compress(TEXT)
    response = response_of(coded, headers={"Content-Encoding": "gzip"})
    response.raw.auto_close = False
    assert response.raw.decode_content is False
    response.raw.read = functools.partial(response.raw.read, decode_content=True)
    assert response.raw is response.raw
    assert response.raw.read() == TEXT


def test_releasing_the_connection_of_raw_closes_the_body():
    response = response_of(b"abc")
    response.raw.release_conn()
    assert response._body.closed == 1
    assert response.raw.closed


def test_closing_raw_closes_the_body():
    body = FakeBody(b"abc")
    response = response_of(body=body)
    response.raw.close()
    assert body.closed == 1
    assert response.raw.closed


def test_one_body_is_read_either_decoded_or_as_it_came():
    coded = gzip.compress(TEXT)
    response = response_of(coded, headers=GZIP)
    assert response.raw.read(5) == coded[:5]
    with pytest.raises(StreamConsumedError):
        response.raw.read(5, decode_content=True)
    response = response_of(coded, headers=GZIP)
    assert response.raw.read(5, decode_content=True) == TEXT[:5]
    with pytest.raises(StreamConsumedError):
        response.raw.read(5)
    assert response.raw.read(5, decode_content=True) == TEXT[5:10]
    plain = response_of(b"abcdef")
    assert (
        plain.raw.read(1) + plain.read(1) + next(plain.iter_content(1)) + plain.raw.read()
        == b"abcdef"
    )


@pytest.mark.safety("F18", "M20")
def test_a_size_that_never_comes_takes_no_memory():
    response = response_of(b"a", b"b")
    tracemalloc.start()
    try:
        assert response.raw.read(10**15) == b"ab"
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


@pytest.mark.safety("B2", "M18")
@pytest.mark.parametrize("size", [1000, 2**16, 2**20, 5 * 2**20])
@pytest.mark.parametrize("decoded", [True, False])
def test_a_sized_read_takes_the_memory_of_its_size_and_little_more(size, decoded):
    if decoded:
        response = response_of(gzip.compress(bytes(3 * size + 100_000)), headers=GZIP)
    else:
        piece = bytes(16384)
        response = response_of(*[piece] * (size // 8192 + 10))
    response.raw.decode_content = decoded
    response.raw.read(1)
    tracemalloc.start()
    try:
        assert len(response.raw.read(size)) == size
        # A block that nobody packed is joined of its pieces, which is quicker.
        allowed = 64 * 1024 if decoded else 96 * 1024
        assert tracemalloc.get_traced_memory()[1] <= size + allowed
    finally:
        tracemalloc.stop()


@functools.cache
def bomb_of_lines():
    return gzip.compress((b"x" * 99 + b"\n") * 100_000)


PIECEMEAL = [
    ("iter_content", lambda response: response.iter_content(1000)),
    ("iter_content of text", lambda response: response.iter_content(1000, decode_unicode=True)),
    ("iter_bytes", lambda response: response.iter_bytes(1000)),
    ("iter_text", lambda response: response.iter_text(1000)),
    ("iter_lines", lambda response: response.iter_lines()),
    ("iter_lines of text", lambda response: response.iter_lines(decode_unicode=True)),
    ("iteration", iter),
    ("read", lambda response: iter(lambda: response.read(1000), b"")),
    ("raw.stream", lambda response: response.raw.stream(1000, decode_content=True)),
]


@pytest.mark.safety("B2", "M18")
@pytest.mark.parametrize("end", ["close", "the context", "garbage"])
@pytest.mark.parametrize("way", [row[1] for row in PIECEMEAL], ids=[row[0] for row in PIECEMEAL])
def test_pieces_of_a_bomb_take_the_memory_of_a_piece_however_that_ends(way, end):
    response = response_of(bomb_of_lines(), headers=GZIP)
    body = response._body
    pieces = way(response)
    first = next(pieces)
    tracemalloc.start()
    try:
        for _ in range(50):
            assert len(next(pieces)) <= 1000
        if end == "close":
            response.close()
        elif end == "the context":
            with response:
                pass
        del pieces, response
        assert tracemalloc.get_traced_memory()[1] <= 1000 + 65536
    finally:
        tracemalloc.stop()
    assert first
    assert body.closed or end == "garbage"


@pytest.mark.safety("B2")
def test_a_whole_body_does_not_take_its_memory_twice():
    coded = gzip.compress(bytes(32 * 2**20))
    response = response_of(coded, headers=GZIP)
    tracemalloc.start()
    try:
        assert len(response.content) == 32 * 2**20
        assert tracemalloc.get_traced_memory()[1] < 1.2 * 32 * 2**20
    finally:
        tracemalloc.stop()


FAILURES = [
    ("cut", lambda: response_of(b"abc", error=IncompleteBody("cut", partial_length=3)), IncompleteBody),
    ("not gzip", lambda: response_of(b"abc", b"def", headers=GZIP), ContentDecodingError),
    ("half of gzip", lambda: response_of(gzip.compress(TEXT)[:-100], headers=GZIP), ContentDecodingError),
    ("six codings", lambda: response_of(b"abc", headers={"Content-Encoding": "gzip," * 6}), ContentDecodingError),
    ("interrupted", lambda: response_of(b"abc", error=KeyboardInterrupt()), KeyboardInterrupt),
]  # fmt: skip
WAYS = [
    ("content", lambda response: response.content),
    ("text", lambda response: response.text),
    ("json", lambda response: response.json()),
    ("read", lambda response: response.read()),
    ("read to a size", lambda response: [response.read(5) for _ in range(100_000)]),
    ("iter_content", lambda response: list(response.iter_content(3))),
    ("iter_text", lambda response: list(response.iter_text())),
    ("iter_lines", lambda response: list(response.iter_lines())),
    ("iteration", list),
    ("a decoding raw", lambda response: list(response.raw.stream(decode_content=True))),
]


@pytest.mark.safety("4I3", "4I7", "F20", "M13", "B1", "L1")
@pytest.mark.parametrize(
    ("make", "error"), [row[1:] for row in FAILURES], ids=[row[0] for row in FAILURES]
)
@pytest.mark.parametrize("use", [row[1] for row in WAYS], ids=[row[0] for row in WAYS])
def test_a_failure_says_whose_it_is_closes_the_body_and_no_part_is_the_whole(make, error, use):
    response = make()
    with pytest.raises(error) as caught:
        use(response)
    assert response._body.closed == 1
    if error is not KeyboardInterrupt:
        assert caught.value.request is response.request
        assert caught.value.response is response
    with pytest.raises(
        (IncompleteBody, ContentDecodingError, StreamConsumedError, KeyboardInterrupt)
    ):
        _ = response.content
    with pytest.raises(
        (IncompleteBody, ContentDecodingError, StreamConsumedError, KeyboardInterrupt)
    ):
        response.read(10)


def test_a_failure_keeps_the_request_that_it_knows():
    mine = IncompleteBody("cut", request=response_of().request)
    with pytest.raises(IncompleteBody) as caught:
        _ = response_of(error=mine).content
    assert caught.value.request is mine.request


def test_a_failed_body_is_aborted_where_it_can_be():
    aborted = []
    response = response_of(b"abc", headers=GZIP, abort=lambda: aborted.append(1))
    with pytest.raises(ContentDecodingError):
        _ = response.content
    assert aborted == [1]
    assert response._body.closed == 0


@pytest.mark.parametrize(
    "use", [lambda r: r.raw.read(1), lambda r: r.read(1), lambda r: next(r.iter_lines())]
)
def test_a_response_that_nobody_has_any_more_is_gone_at_once(use):
    # No cycle may keep it: its connection goes with it.
    gc.disable()
    try:
        for headers in ({}, GZIP):
            coded = gzip.compress(TEXT) if headers else TEXT
            response = response_of(coded[:100], coded[100:], headers=headers)
            body = weakref.ref(response._body)
            use(response)
            del response
            assert body() is None
    finally:
        gc.enable()


@pytest.mark.safety("4I7")
@pytest.mark.parametrize("headers", [{}, GZIP], ids=["plain", "gzip"])
def test_content_that_failed_once_is_never_made_of_what_comes_later(headers):
    body = FakeBody(error=MemoryError())
    response = response_of(body=body, headers=headers)
    with pytest.raises(MemoryError):
        _ = response.content
    body.left, body.error = [b"the rest"], None
    with pytest.raises(StreamConsumedError):
        _ = response.content


def test_raw_of_a_response_whose_content_was_read_is_at_its_end():
    response = response_of(b"abc", b"def")
    assert response.content == b"abcdef"
    assert response.raw.tell() == 6
    assert response.raw.closed
    assert response.raw.read() == response.raw.read(5) == b""
