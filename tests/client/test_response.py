"""`Response`: requests' surface over a head and a body."""

from __future__ import annotations

import codecs
import copy
import gzip
import json
import pickle
import subprocess
import sys
from datetime import timedelta

import pytest

from h11client._engine import h11
from h11client._messages.response import Response
from h11client.exceptions import HTTPError, InvalidJSONError, JSONDecodeError, StreamConsumedError
from tests.client.bodies import URL, FakeBody, request_of, response_of

TEXT = b"".join(b"line %d\n" % number for number in range(3000))


# --- the head -------------------------------------------------------------------------------------


def test_what_a_response_says_about_itself():
    response = response_of(b"abc", headers=[("Content-Type", "text/plain"), ("X", "1"), ("x", "2")])
    assert response.status_code == 200
    assert response.reason == "OK"
    assert response.url == URL
    assert response.http_version == "HTTP/1.1"
    assert response.headers["content-type"] == "text/plain"
    assert response.headers.multi_items() == [
        ("Content-Type", "text/plain"),
        ("X", "1"),
        ("x", "2"),
    ]
    assert response.headers is response.headers
    assert response.history == []
    assert response.elapsed == timedelta(seconds=1.5)
    assert response.request.method == "GET"
    assert repr(response) == "<Response [200]>"


def test_url_is_the_one_that_was_asked_even_when_the_request_is_changed_afterwards():
    response = response_of()
    response.request.url = "http://other/"
    assert response.url == URL


@pytest.mark.safety("2a4")
@pytest.mark.parametrize(
    ("status", "ok", "says"),
    [
        (200, True, None),
        (204, True, None),
        (301, True, None),
        (304, True, None),
        (399, True, None),
        (400, False, "400 Client Error: why for url: " + URL),
        (404, False, "404 Client Error: why for url: " + URL),
        (499, False, "499 Client Error: why for url: " + URL),
        (500, False, "500 Server Error: why for url: " + URL),
        (599, False, "599 Server Error: why for url: " + URL),
        (600, False, "600 Unknown: why for url: " + URL),
        (999, False, "999 Unknown: why for url: " + URL),
    ],
)
def test_a_status_of_400_and_more_is_not_ok_and_raises_when_asked(status, ok, says):
    response = response_of(status=status, reason=b"why")
    assert response.ok is ok
    assert bool(response) is ok
    if ok:
        response.raise_for_status()
        return
    with pytest.raises(HTTPError) as caught:
        response.raise_for_status()
    assert str(caught.value) == says
    assert caught.value.response is response
    assert caught.value.request is response.request


@pytest.mark.safety("I9", "R18")
def test_the_reason_is_the_peers_and_does_not_flood_or_colour_a_message():
    response = response_of(status=500, reason=b"\x1b[31m" + b"a" * 5000)
    with pytest.raises(HTTPError) as caught:
        response.raise_for_status()
    assert "\x1b" not in str(caught.value)
    assert len(str(caught.value)) < 300
    response.history = [response_of(status=302)]
    response.url = URL + "&x" * 30000
    with pytest.raises(HTTPError) as caught:
        response.raise_for_status()
    assert len(str(caught.value)) < 500
    assert response_of(reason=b"").reason == ""
    assert response_of(reason=b"\xe9t\xe9").reason == "été"


@pytest.mark.safety("2j1", "2a8", "F15")
def test_trailers_stay_apart_and_cannot_steer_anything():
    fields = h11.Headers([("X-Sum", "7"), ("Set-Cookie", "a=b"), ("Content-Length", "5"), ("x-sum", "8"),
                          ("Host", "evil"), ("Authorization", "x"), ("Content-Encoding", "gzip")])  # fmt: skip
    response = response_of(b"abc", headers={"X-Sum": "1"}, trailers=fields)
    assert response.trailers.multi_items() == [("X-Sum", "7"), ("x-sum", "8")]
    assert response.headers["X-Sum"] == "1"
    assert response_of(trailers=[(b"A", b"1")]).trailers == {"A": "1"}
    assert response_of(trailers=None).trailers == {}
    assert response_of().trailers == {}


def test_what_the_body_knows_about_its_connection_is_handed_on():
    early = [h11.InformationalResponse(status_code=103, headers=[("Link", "</a>")])]
    response = response_of(informational=early, connection_info="info")
    (hint,) = response.informational
    assert (hint.status_code, hint.headers) == (103, {"Link": "</a>"})
    assert response.connection_info == "info"
    assert response_of().informational == []
    assert response_of().connection_info is None


def test_programs_may_keep_notes_on_it():
    response = response_of()
    response.from_cache = True
    response.history = [response_of()]
    assert response.from_cache and len(response.history) == 1


# --- the body, whole ------------------------------------------------------------------------------


def test_content_is_read_once_and_kept():
    response = response_of(b"abc", b"def")
    assert response.content == b"abcdef"
    assert response.content is response.content
    assert response._body.asked == [65536] * 3
    for _ in range(2):
        assert list(response.iter_content(4)) == [b"abcd", b"ef"]
        assert list(response.iter_content(None)) == [b"abcdef"]
        assert list(response.iter_lines()) == [b"abcdef"]
        assert list(response) == [b"abcdef"]
    assert response_of().content == b""
    assert list(response_of().iter_content(None)) == []
    empty = response_of()
    assert empty.content == b"" and list(empty.iter_content(5)) == []


@pytest.mark.safety("2a11", "B5")
@pytest.mark.parametrize(
    ("method", "status"), [("HEAD", 200), ("GET", 204), ("GET", 304), ("POST", 204)]
)
def test_where_there_is_no_content_there_is_nothing_to_decode(method, status):
    response = response_of(method=method, status=status, headers={"Content-Encoding": "gzip," * 9})
    assert response.content == b""
    assert response.headers["Content-Encoding"].startswith("gzip")


@pytest.mark.safety("B5", "2a11")
def test_a_coded_body_is_decoded_and_its_headers_stay_as_they_came():
    coded = gzip.compress(TEXT)
    headers = {"Content-Encoding": "gzip", "Content-Length": str(len(coded))}
    response = response_of(coded[:50], coded[50:], headers=headers)
    assert response.content == TEXT
    assert response.headers == headers
    two_lines = response_of(
        gzip.compress(coded), headers=[("Content-Encoding", "gzip"), ("content-encoding", "GZIP")]
    )
    assert two_lines.content == TEXT
    unknown = response_of(b"abc", headers={"Content-Encoding": "foo"})
    assert unknown.content == b"abc"


TEXTS = [
    ("charset", "naïve".encode("latin-1"), {"Content-Type": "text/plain; charset=latin-1"}, "naïve", "latin-1"),
    ("charset before mark", codecs.BOM_UTF8 + b"a", {"Content-Type": "a/b; charset=latin-1"}, "ï»¿a", "latin-1"),
    ("mark", codecs.BOM_UTF8 + "é".encode(), {"Content-Type": "text/html"}, "é", None),
    ("UTF-8", "é".encode(), {"Content-Type": "text/html"}, "é", None),
    ("not UTF-8", b"\xe9", {}, "é", None),
    ("no such charset", "é".encode(), {"Content-Type": "text/html; charset=x-no"}, "é", None),
    ("a charset that is none", "é".encode(), {"Content-Type": "text/html; charset=zip"}, "é", None),
    ("nothing", b"", {}, "", None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "headers", "text", "encoding"),
    [row[1:] for row in TEXTS],
    ids=[row[0] for row in TEXTS],
)
def test_text_is_in_the_charset_else_by_its_mark_else_utf_8_else_1252(
    content, headers, text, encoding
):
    response = response_of(content, headers=headers)
    assert response.encoding == encoding
    assert response.text == text


def test_an_encoding_that_was_assigned_wins():
    response = response_of("é".encode("cp437"), headers={"Content-Type": "a/b; charset=utf-8"})
    assert response.encoding == "utf-8"
    response.encoding = "cp437"
    assert (response.encoding, response.text) == ("cp437", "é")
    response.encoding = "no-such"
    assert response.text == "‚"  # as if there were none
    response.encoding = None
    assert (response.encoding, response.text) == (None, "‚")  # as if none were declared
    assert response_of(b"\xe9").apparent_encoding == "windows-1252"
    assert response_of("é".encode("utf-16")).apparent_encoding == "utf-16"


VALUE = {"é": [1, 2.5, None, "\U0001f40d"]}


@pytest.mark.parametrize(
    "encoding",
    ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"],
)
def test_json_is_understood_in_every_utf(encoding):
    content = json.dumps(VALUE, ensure_ascii=False).encode(encoding)
    assert response_of(content).json() == VALUE
    assert (
        response_of(content, headers={"Content-Type": "application/json; charset=utf-8"}).json()
        == VALUE
    )


def test_json_in_another_charset_is_understood_when_somebody_says_which():
    content = json.dumps("é", ensure_ascii=False).encode("latin-1")
    assert response_of(content, headers={"Content-Type": "a/b; charset=latin-1"}).json() == "é"
    response = response_of(json.dumps("é", ensure_ascii=False).encode("cp437"))
    response.encoding = "cp437"
    assert response.json() == "é"
    assert response_of(b'{"a": 1.5}').json(parse_float=str) == {"a": "1.5"}


@pytest.mark.safety("4I3")
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b" ",
        b"{",
        b"<html>",
        b"nul",
        b'{"a": 1,}',
        b"\xff\xff",
        b"[1] 2",
        b"[" * 200_000,
        b"1" * 5000,
    ],
    ids=lambda content: repr(content[:8]),
)
def test_what_is_no_json_is_our_error_and_requests_and_the_standard_librarys(content):
    response = response_of(content)
    if content == b"1" * 5000 and not hasattr(sys, "get_int_max_str_digits"):
        assert response.json() == int(content)
        return
    with pytest.raises(JSONDecodeError) as caught:
        response.json()
    assert isinstance(caught.value, json.JSONDecodeError)
    assert isinstance(caught.value, InvalidJSONError)
    assert isinstance(caught.value, ValueError)
    assert caught.value.response is response
    assert caught.value.request is response.request
    assert caught.value.__cause__ is not None


@pytest.mark.parametrize(
    "document", ["[" * 200_000, "1" * 10_000, '{"a": 1}x', "", "<html>"], ids=lambda d: d[:8]
)
def test_what_is_no_json_is_in_the_error_as_it_is(document):
    response = response_of(document.encode())
    with pytest.raises(JSONDecodeError) as caught:
        response.json()
    assert caught.value.doc == document
    assert caught.value.response is response
    assert isinstance(caught.value, json.JSONDecodeError)


def test_what_the_callers_own_json_hook_raises_passes_unchanged():
    def hook(pairs):
        raise ValueError("mine")

    with pytest.raises(ValueError, match="mine") as caught:
        response_of(b"{}").json(object_hook=hook)
    assert type(caught.value) is ValueError


# --- the body in pieces ---------------------------------------------------------------------------


def test_pieces_come_as_they_come_and_are_never_larger_than_asked():
    assert list(response_of(b"abc", b"defgh").iter_content(4)) == [b"abc", b"defg", b"h"]
    assert list(response_of(b"abc", b"de").iter_content(None)) == [b"abc", b"de"]
    assert list(response_of(b"abc").iter_content()) == [b"a", b"b", b"c"]
    assert list(response_of(b"abc", b"de").iter_bytes()) == [b"abc", b"de"]
    assert list(response_of(b"abcde").iter_bytes(2)) == [b"ab", b"cd", b"e"]
    assert list(response_of(b"a" * 200)) == [b"a" * 128, b"a" * 72]


IN_PIECES = {
    "iter_content": lambda response, size: response.iter_content(size),
    "iter_bytes": lambda response, size: response.iter_bytes(size),
    "iter_text": lambda response, size: response.iter_text(size),
    "iter_raw": lambda response, size: response.iter_raw(size),
    "raw": lambda response, size: response.raw.stream(size),
}
in_pieces = pytest.mark.parametrize("way", IN_PIECES.values(), ids=IN_PIECES)


@in_pieces
@pytest.mark.parametrize("size", ["1", 1.0, True, b"1"], ids=repr)
def test_a_chunk_size_is_a_number_and_that_is_said_at_once(size, way):
    response = response_of(b"abc")
    with pytest.raises(TypeError, match="is an int or None"):
        way(response, size)
    assert response.content == b"abc"


@in_pieces
@pytest.mark.parametrize("size", [0, -1])
def test_a_chunk_has_at_least_one_byte(size, way):
    response = response_of(b"abc")
    with pytest.raises(ValueError, match="is at least 1"):
        way(response, size)
    assert response.content == b"abc"


@in_pieces
def test_without_a_chunk_size_pieces_are_given_as_they_come(way):
    pieces = list(way(response_of(b"abc", b"de"), None))
    assert pieces in ([b"abc", b"de"], ["abc", "de"])


def test_text_comes_in_pieces_too():
    content = "naïve €".encode()
    pieces = [content[start : start + 1] for start in range(len(content))]
    for response in (response_of(*pieces), response_of(content)):
        assert "".join(response.iter_content(3, decode_unicode=True)) == "naïve €"
    assert "".join(response_of(*pieces).iter_text()) == "naïve €"
    assert list(
        response_of(b"\xe9", headers={"Content-Type": "a/b; charset=latin-1"}).iter_text()
    ) == ["é"]
    assert list(response_of(b"a\xe9").iter_text()) == ["a", "\ufffd"]
    assigned = response_of(b"\x82")
    assigned.encoding = "cp437"
    assert list(assigned.iter_text()) == ["é"]
    kept = response_of(content)
    assert kept.text == "".join(kept.iter_text(2)) == "naïve €"
    assert list(response_of(codecs.BOM_UTF8 + b"a").iter_text()) == ["a"]


def test_lines_come_as_bytes_or_as_text():
    pieces = [TEXT[start : start + 7] for start in range(0, len(TEXT), 7)]
    assert list(response_of(*pieces).iter_lines()) == TEXT.splitlines()
    assert list(response_of(*pieces).iter_lines(1)) == TEXT.splitlines()
    assert list(response_of(*pieces).iter_lines(None, True)) == TEXT.decode().splitlines()
    assert list(response_of(b"a\r", b"\nb").iter_lines()) == [b"a", b"b"]
    assert list(response_of(b"a|b|", b"c").iter_lines(delimiter=b"|")) == [b"a", b"b", b"c"]
    assert list(response_of(b"a|b").iter_lines(decode_unicode=True, delimiter="|")) == ["a", "b"]
    assert list(response_of().iter_lines()) == []
    assert (
        list(response_of(gzip.compress(TEXT), headers={"Content-Encoding": "gzip"}).iter_lines())
        == TEXT.splitlines()
    )


def test_an_empty_delimiter_is_none():
    assert list(response_of(b"a\r\nb").iter_lines(delimiter=b"")) == [b"a", b"b"]
    lines = response_of(b"a|b\n|").iter_lines(delimiter="|", decode_unicode=True)
    assert list(lines) == ["a", "b\n"]


def test_a_line_does_not_wait_for_the_next_one():
    response = response_of(b"a\n", b"b\n", error=AssertionError("read on"))
    lines = response.iter_lines()
    assert next(lines) == b"a"
    assert next(lines) == b"b"


def test_raw_pieces_are_as_they_came():
    coded = gzip.compress(TEXT)
    headers = {"Content-Encoding": "gzip"}
    assert list(response_of(coded[:9], coded[9:], headers=headers).iter_raw()) == [
        coded[:9],
        coded[9:],
    ]
    assert list(response_of(b"abcde").iter_raw(2)) == [b"ab", b"cd", b"e"]
    kept = response_of(b"abc")
    assert kept.content
    with pytest.raises(StreamConsumedError):
        kept.iter_raw()


def test_read_goes_on_where_it_stopped():
    response = response_of(b"abc", b"defgh")
    assert response.read(2) == b"ab"
    assert response.read(4) == b"cdef"
    assert response.read() == b"gh"
    assert response.read(5) == b""
    whole = response_of(b"abc", b"def")
    assert whole.read() == b"abcdef"
    assert whole.content == b"abcdef"
    assert whole.read() == b""
    kept = response_of(b"abcdef")
    assert kept.content
    assert [kept.read(4), kept.read(4), kept.read(4), kept.read(None)] == [b"abcd", b"ef", b"", b""]
    decoded = response_of(gzip.compress(TEXT), headers={"Content-Encoding": "gzip"})
    assert decoded.read(100) + decoded.read() == TEXT


PARTS = [
    ("iter_content", lambda response: next(response.iter_content(1))),
    ("iter_lines", lambda response: next(response.iter_lines())),
    ("iter_raw", lambda response: next(response.iter_raw(1))),
    ("read", lambda response: response.read(1)),
    ("raw", lambda response: response.raw.read(1)),
    ("all of it", lambda response: list(response.iter_content(100))),
]


@pytest.mark.safety("4I7")
@pytest.mark.parametrize("use", [row[1] for row in PARTS], ids=[row[0] for row in PARTS])
def test_what_is_left_after_a_part_was_read_is_not_the_content(use):
    response = response_of(b"a\nb", b"c\nd")
    use(response)
    for attribute in ("content", "text", "apparent_encoding"):
        with pytest.raises(StreamConsumedError) as caught:
            getattr(response, attribute)
        assert caught.value.response is response
    with pytest.raises(StreamConsumedError):
        response.json()


def test_reading_in_pieces_may_go_on_but_not_begin_again():
    response = response_of(b"abc", b"def")
    assert next(response.iter_content(2)) == b"ab"
    assert list(response.iter_content(2)) == [b"c", b"de", b"f"]
    for use in (response.iter_content, response.iter_lines, response.iter_raw, response.iter_text):
        with pytest.raises(StreamConsumedError) as caught:
            use()
        assert isinstance(caught.value, TypeError)


def test_looking_at_raw_or_closing_twice_reads_nothing():
    response = response_of(b"abc")
    assert response.raw.tell() == 0
    assert response.raw.read(0) == b""
    assert response.content == b"abc"
    response.close()
    response.close()
    assert response.content == b"abc"


# --- the end --------------------------------------------------------------------------------------


def test_a_response_is_closed_by_its_context():
    with response_of(b"abc") as response:
        assert response._body.closed == 0
    assert response._body.closed == 1


def test_an_exception_in_its_context_closes_it_without_reading_on():
    aborted = []
    response = response_of(b"abc", abort=lambda: aborted.append(1))
    with pytest.raises(ZeroDivisionError), response:
        _ = 1 / 0
    assert (aborted, response._body.closed) == ([1], 0)
    plain = response_of(b"abc")
    with pytest.raises(ZeroDivisionError), plain:
        _ = 1 / 0
    assert plain._body.closed == 1


SIZED = [
    ("a length", {"Content-Length": "10"}, [4, 4, 2]),
    ("none", {}, [3, 3, 3, 1]),
    ("chunks", {"Transfer-Encoding": "chunked"}, [3, 3, 3, 1]),
]


@pytest.mark.parametrize(
    ("headers", "sizes"), [row[1:] for row in SIZED], ids=[row[0] for row in SIZED]
)
def test_pieces_are_full_where_it_is_known_how_much_there_is(headers, sizes):
    pieces = (b"abc", b"def", b"ghi", b"j")
    assert [len(piece) for piece in response_of(*pieces, headers=headers).iter_content(4)] == sizes
    assert list(response_of(*pieces, headers=headers).iter_content(None)) == list(pieces)
    body = FakeBody(b"one\n", b"two\n")
    lines = response_of(body=body, headers=headers).iter_lines(100)
    assert (next(lines), len(body.left)) == (b"one", 1)  # it does not wait for the others


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_a_response_can_be_pickled_with_what_was_read_of_it(protocol):
    body = FakeBody(b"abc", lock=open, trailers=[(b"A", b"1")])
    response = response_of(body=body, headers={"X": "1"})
    assert response.text == "abc"
    response.encoding = "ascii"
    response.headers["X"] = "2"
    made = pickle.loads(pickle.dumps(response, protocol))
    assert (made.status_code, made.reason, made.url, made.content) == (200, "OK", URL, b"abc")
    assert (made.headers, made.encoding, made.elapsed) == ({"X": "2"}, "ascii", response.elapsed)
    assert made.trailers == {"A": "1"}
    assert made.request.method == "GET"
    made.close()
    unread = pickle.loads(pickle.dumps(response_of(b"abc"), protocol))
    assert unread.content == b"abc"
    error = HTTPError("x", response=response, request=response.request)
    assert pickle.loads(pickle.dumps(error, protocol)).response.content == b"abc"


@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, lambda r: pickle.loads(pickle.dumps(r))]
)
def test_a_copy_has_the_encoding_that_its_headers_name(copied):
    for kind, encoding in (("text/plain; charset=latin-1", "latin-1"), ("text/plain", None)):
        response = response_of("h\u00e9".encode("latin-1"), headers={"Content-Type": kind})
        made = copied(response)
        assert (made.encoding, made.text) == (encoding, "h\u00e9")


@pytest.mark.safety("R18")
def test_no_secret_of_the_exchange_is_in_a_repr_or_a_message():
    request = request_of()
    request.headers["Authorization"] = "Bearer pa55"
    head = h11.Response(status_code=401, reason=b"no", headers=[("Set-Cookie", "a=pa55")])
    response = Response(request=request, head=head, body=FakeBody())
    with pytest.raises(HTTPError) as caught:
        response.raise_for_status()
    shown = repr(response) + repr(response.headers) + str(caught.value) + repr(caught.value)
    assert "pa55" not in shown + repr(response.request.headers)


def test_what_few_programs_need_is_loaded_when_they_need_it():
    code = (
        "import sys; sys.path.insert(0, '.'); import h11client._messages.response;"
        "print({'json', 'datetime', 'zlib', 'typing', 'logging', 'idna'} & set(sys.modules))"
    )
    run = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "set()"
