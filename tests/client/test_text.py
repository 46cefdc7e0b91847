"""Text: which charset a body is in, and cutting it into lines."""

from __future__ import annotations

import codecs
import itertools
import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from h11client._messages.text import (
    LineSplitter,
    TextDecoder,
    charset_of,
    decode_text,
    guess_encoding,
)
from tests.growth import grows_linearly

CONTENT_TYPES = [
    ("text/html; charset=utf-8", "utf-8"),
    ("text/html;charset=UTF-8", "UTF-8"),
    ("text/html;\tCHARSET=latin-1 ; x=y", "latin-1"),
    ('text/html; charset="utf-8"', "utf-8"),
    ("text/html; charset='utf-8'", "utf-8"),
    ('text/html; charset="\\utf\\-8"', "utf-8"),
    ("text/html; x=charset=a; charset=utf-16", "utf-16"),
    ('text/html; x="; charset=utf-16"; charset=utf-8', "utf-8"),
    ('text/html; x="\\"; charset=utf-16"; charset=utf-8', "utf-8"),
    ("text/html; charset=utf-8, text/plain", "utf-8"),
    ("text/html; charset = utf-8", "utf-8"),
    ('text/html; charset =\t"utf-8"', "utf-8"),
    ("text/html; =x; charset=utf-8", "utf-8"),
    ("text/html; charset=shift_jis", "shift_jis"),
    ("charset=utf-8", None),
    ("text/html", None),
    ("", None),
    (";", None),
    ("text/html; charset", None),
    ("text/html; charset=", None),
    ('text/html; charset=""', None),
    ('text/html; charset="', None),
    ("text/html; charset=nothing-of-the-kind", None),
    ("text/html; charset=../../etc/passwd", None),
    ("text/html; charset=utf-8\0", None),
    ("text/html; charset=" + "u" * 10000, None),
    ("text/html; charset=hex", None),
    ("text/html; charset=zip", None),
    ("text/html; charset=bz2", None),
    ("text/html; charset=base64", None),
    ("text/html; charset=rot13", None),
    ("text/html; charset=idna", None),
    ("text/html; charset=punycode", None),
    ("text/html; charset=undefined", None),
    ("text/html; charset=unicode_escape", None),
    ("text/html; charset=raw-unicode-escape", None),
    ("text/html; charset=\xe4", None),
]


@pytest.mark.parametrize(
    ("content_type", "charset"), CONTENT_TYPES, ids=[ascii(row[0])[:50] for row in CONTENT_TYPES]
)
def test_the_charset_of_a_content_type(content_type, charset):
    assert charset_of(content_type) == charset


@pytest.mark.parametrize(
    "part",
    [";", "; ", ";a=", ';a="', ';a="\\', '\\";a="', "; charset", '"', ";charset=x", "a", " "],
)
def test_the_cost_of_a_content_type_grows_with_its_length(part):
    assert grows_linearly(lambda count: charset_of("text/html" + part * count), 20000)


BODIES = [
    # (id, bytes, charset, text, encoding by its own account)
    ("the charset is right", "naïve".encode("latin-1"), "latin-1", "naïve", "windows-1252"),
    ("the charset wins over a mark", codecs.BOM_UTF8 + b"a", "latin-1", "ï»¿a", "utf-8-sig"),
    ("the charset is wrong", b"a\xffb", "utf-8", "a\ufffdb", "windows-1252"),
    ("nobody knows the charset", "naïve".encode(), "no-such", "naïve", "utf-8"),
    ("no charset but hexadecimal", b"6162", "hex", "6162", "utf-8"),
    ("no charset but a compression", b"abc", "zlib", "abc", "utf-8"),
    ("a charset that refuses", b"abc", "undefined", "abc", "utf-8"),
    ("no name at all", b"abc", "a\0b", "abc", "utf-8"),
    ("a mark of UTF-8", codecs.BOM_UTF8 + "é".encode(), None, "é", "utf-8-sig"),
    ("a mark of UTF-16 LE", "aé".encode("utf-16"), None, "aé", "utf-16"),
    ("a mark of UTF-16 BE", codecs.BOM_UTF16_BE + "aé".encode("utf-16-be"), None, "aé", "utf-16"),
    ("a mark of UTF-32 LE", "aé".encode("utf-32"), None, "aé", "utf-32"),
    ("a mark of UTF-32 BE", codecs.BOM_UTF32_BE + "aé".encode("utf-32-be"), None, "aé", "utf-32"),
    ("UTF-8", "naïve \U0001f40d".encode(), None, "naïve \U0001f40d", "utf-8"),
    ("ASCII", b"abc", None, "abc", "utf-8"),
    ("nothing", b"", None, "", "utf-8"),
    ("not UTF-8", "naïve – “€”".encode("cp1252"), None, "naïve – “€”", "windows-1252"),
    ("not UTF-8 and not all of 1252", b"\xe9\x81", None, "é\ufffd", "windows-1252"),
    ("cut within a character", "é".encode()[:1], None, "Ã", "windows-1252"),
]


@pytest.mark.parametrize(
    ("content", "charset", "text", "apparent"),
    [row[1:] for row in BODIES],
    ids=[row[0] for row in BODIES],
)
def test_a_whole_body_as_text(content, charset, text, apparent):
    assert decode_text(content, charset) == text
    assert guess_encoding(content) == apparent


STREAMS = [
    ("the charset", "naïve".encode("latin-1"), "latin-1", "naïve"),
    ("nobody knows the charset", "é".encode(), "no-such", "é"),
    ("a mark of UTF-8", codecs.BOM_UTF8 + "é".encode(), None, "é"),
    ("a mark of UTF-16", "aé".encode("utf-16"), None, "aé"),
    ("a mark of UTF-32", "aé".encode("utf-32"), None, "aé"),
    ("a charset with its mark", "aé".encode("utf-16"), "utf-16", "aé"),
    ("UTF-8", "naïve \U0001f40d".encode(), None, "naïve \U0001f40d"),
    ("not UTF-8", b"a\xe9b", None, "a\ufffdb"),
    ("cut within a character", "a€".encode()[:-1], None, "a\ufffd"),
    ("only the beginning of a mark", codecs.BOM_UTF8[:2], None, "\ufffd"),
    ("nothing", b"", None, ""),
    ("Japanese", "日本語".encode("iso-2022-jp"), "iso-2022-jp", "日本語"),
    ("Chinese", "汉字 a".encode("hz"), "hz", "汉字 a"),
    ("Korean", "한국어".encode("iso2022_kr"), "iso2022_kr", "한국어"),
    ("UTF-7", "é漢字".encode("utf-7"), "utf-7", "é漢字"),
    ("UTF-16 without a mark", "aé🐍".encode("utf-16-be"), "utf-16-be", "aé🐍"),
    ("a mark that is skipped", codecs.BOM_UTF8 + "é".encode(), "utf-8-sig", "é"),
    ("two bytes each", "日本語".encode("shift_jis"), "shift_jis", "日本語"),
    ("up to four bytes each", "汉𠀀".encode("gb18030"), "gb18030", "汉𠀀"),
    ("cut within a pair", "a🐍".encode("utf-16-le")[:-2], "utf-16-le", "a�"),
    ("no charset but a compression", b"abc", "zlib", "abc"),
    ("no charset but hexadecimal", b"6162", "hex", "6162"),
    ("a charset that refuses", b"abc", "undefined", "abc"),
]


@pytest.mark.parametrize("split", [1, 2, 3, 100])
@pytest.mark.parametrize(
    ("content", "charset", "text"), [row[1:] for row in STREAMS], ids=[row[0] for row in STREAMS]
)
def test_a_stream_as_text_however_it_was_split(content, charset, text, split):
    decoder = TextDecoder(charset)
    found = [
        decoder.feed(content[start : start + split]) for start in range(0, len(content), split)
    ]
    assert "".join([*found, decoder.feed(b"", True)]) == text


def test_text_that_cannot_be_a_mark_is_not_held_back():
    assert TextDecoder(None).feed(b"a") == "a"
    assert TextDecoder("utf-8").feed(b"\xef") == ""


# --- lines ----------------------------------------------------------------------------------------


def lines_of(pieces, delimiter=None):
    splitter = LineSplitter(delimiter)
    found = [line for piece in pieces for line in splitter.feed(piece)]
    return found + splitter.finish()


def split_at(whole, cuts):
    cuts = [0, *sorted(cuts), len(whole)]
    return [whole[start:end] for start, end in itertools.pairwise(cuts)]


LINES = [
    "",
    "a",
    "\n",
    "\r",
    "\r\n",
    "a\n",
    "a\nb",
    "a\r\nb\r\n",
    "\r\r\n\n\r",
    "a\r\r\nb\n\rc",
    "\n\na",
]


@pytest.mark.parametrize("charset", ["utf-16", "U16", "utf-32"])
@pytest.mark.parametrize("mark", [b"", codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE])  # fmt: skip
@pytest.mark.parametrize("body", [b"", b"a", b"a\0", b"a\0b\0c", b"\0\0\0a\0\0\0b", b"\xd8\0\0"])
def test_charsets_with_two_byte_orders_are_read_alike_in_pieces_and_at_once(
    charset: str, mark: bytes, body: bytes
) -> None:
    data = mark + body
    for size in (1, 2, 3, 100):
        decoder = TextDecoder(charset)
        pieces = [decoder.feed(data[at : at + size]) for at in range(0, len(data), size)]
        assert "".join(pieces) + decoder.feed(b"", True) == decode_text(data, charset)


@pytest.mark.parametrize("whole", LINES, ids=repr)
@pytest.mark.parametrize("convert", [str, str.encode], ids=["text", "bytes"])
def test_lines_are_those_of_splitlines_however_the_stream_was_split(whole, convert):
    whole = convert(whole)
    for first in range(len(whole) + 1):
        for second in range(first, len(whole) + 1):
            assert lines_of(split_at(whole, [first, second])) == whole.splitlines()
    assert lines_of([whole[i : i + 1] for i in range(len(whole))]) == whole.splitlines()


@given(
    st.text(alphabet="ab\r\n\v\f\x1c\x1d\x1e\x85\u2028\u2029\x1f\xe9"),
    st.randoms(use_true_random=False),
)
def test_text_ends_its_lines_where_str_does_and_bytes_where_bytes_do(whole, rng):
    for stream in (whole, whole.encode()):
        cuts = [rng.randrange(len(stream) + 1) for _ in range(4)]
        assert lines_of(split_at(stream, cuts)) == stream.splitlines()


def test_a_line_is_out_as_soon_as_it_is_over():
    splitter = LineSplitter()
    assert splitter.feed(b"a\r") == [b"a"]
    assert splitter.feed(b"\n") == []
    assert splitter.feed(b"\n") == [b""]
    assert splitter.feed(b"b\nc") == [b"b"]
    assert splitter.finish() == [b"c"]
    assert splitter.finish() == []


@given(
    st.binary(max_size=40),
    st.sampled_from([b"|", b"ab", b"aab", b"aaa"]),
    st.randoms(use_true_random=False),
)
def test_lines_of_a_delimiter_however_the_stream_was_split(noise, delimiter, rng):
    whole = bytes(b"ab|"[byte % 3] for byte in noise)
    expected = whole.split(delimiter)
    if not expected[-1]:
        expected.pop()
    for stream, separator, lines in (
        (whole, delimiter, expected),
        (whole.decode(), delimiter.decode(), [line.decode() for line in expected]),
    ):
        cuts = [rng.randrange(len(stream) + 1) for _ in range(5)]
        assert lines_of(split_at(stream, cuts), separator) == lines


def test_a_delimiter_of_the_wrong_kind_or_without_content_is_the_callers_mistake():
    with pytest.raises(TypeError):
        LineSplitter("\n").feed(b"a")
    with pytest.raises(TypeError):
        LineSplitter(b"\n").feed("a")
    with pytest.raises(ValueError, match="empty"):
        LineSplitter(b"").feed(b"a")


ENDLESS = [
    ("no line end", b"a" * 1000, None),
    ("CR at the end of each piece", b"a" * 999 + b"\r", None),
    ("many short lines", b"a\n" * 500, None),
    ("only CR LF", b"\r\n" * 500, None),
    ("CR LF across pieces", b"\n" + b"a" * 998 + b"\r", None),
    ("a delimiter that never comes", b"a" * 1000, b"\r\n\r\n"),
    ("a delimiter that almost comes", b"a" * 997 + b"\r\n\r", b"\r\n\r\n"),
    ("a delimiter in each piece", b"a" * 50 + b"|" + b"a" * 49, b"|"),
]


@pytest.mark.safety("M27")
@pytest.mark.parametrize(
    ("piece", "delimiter"), [row[1:] for row in ENDLESS], ids=[row[0] for row in ENDLESS]
)
def test_the_cost_of_lines_grows_with_the_length(piece, delimiter):
    assert grows_linearly(lambda count: lines_of([piece] * count, delimiter), 1000)


def test_a_megabyte_without_a_line_end_byte_by_byte_takes_no_time():
    whole = random.Random(3).randbytes(500_000).replace(b"\n", b"").replace(b"\r", b"")
    started = time.thread_time()
    assert lines_of([whole[i : i + 1] for i in range(len(whole))]) == [whole]
    assert time.thread_time() - started < 5
