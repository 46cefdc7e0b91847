"""Forms with files: what is sent, part by part, and how much of it is known before."""

from __future__ import annotations

import codecs
import gzip
import io
import os
import pickle
import tempfile
import tracemalloc
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.formparser import FormDataParser

from h11client._messages import multipart as module
from h11client._messages.body import Body, encode_body
from h11client._messages.multipart import MultipartBody, encode_multipart
from h11client.exceptions import InvalidHeader, UnrewindableBodyError
from tests.client.parameters import shown
from tests.growth import grows_linearly


def content_of(body):
    return b"".join(body.chunks())


def boundary_of(body):
    kind, _, boundary = body.content_type.partition("; boundary=")
    assert kind == "multipart/form-data"
    return boundary.encode()


def parts_of(body):
    """(head, content) of each part, read as RFC 2046 section 5.1.1 says."""
    content, boundary = content_of(body), boundary_of(body)
    assert body.length in (None, len(content))
    assert content.endswith(b"--" + boundary + b"--\r\n")
    first, *parts = content[: -len(boundary) - 6].split(b"--" + boundary + b"\r\n")
    assert first == b""
    heads = []
    for part in parts:
        head, _, inner = part.partition(b"\r\n\r\n")
        assert inner.endswith(b"\r\n")
        heads.append((head.decode(), inner[:-2]))
    return heads


def named(name, content=b"x"):
    file = io.BytesIO(content)
    file.name = name
    return file


def at(offset, content):
    file = io.BytesIO(content)
    file.seek(offset)
    return file


D = "Content-Disposition: form-data; "

FORMS = [
    # (id, files, parts)
    ("bytes", {"a": b"x"}, [(D + 'name="a"; filename="a"', b"x")]),
    ("text", {"a": "é"}, [(D + 'name="a"; filename="a"', "é".encode())]),
    ("a bytearray", {"a": bytearray(b"x")}, [(D + 'name="a"; filename="a"', b"x")]),
    ("a number", {"a": 5}, [(D + 'name="a"; filename="a"', b"5")]),
    ("a file without a name", {"a": io.BytesIO(b"x")}, [(D + 'name="a"; filename="a"', b"x")]),
    ("a file with a path", {"a": named("/b/c.txt")}, [(D + 'name="a"; filename="c.txt"', b"x")]),
    ("a file with a path in bytes", {"a": named(b"/b/c.txt")}, [(D + 'name="a"; filename="c.txt"', b"x")]),
    ("a file that is no path", {"a": named("<stdin>")}, [(D + 'name="a"; filename="a"', b"x")]),
    ("a descriptor as name", {"a": named(5)}, [(D + 'name="a"; filename="a"', b"x")]),
    ("a folder as name", {"a": named("b/")}, [(D + 'name="a"; filename="a"', b"x")]),
    ("a file from its offset", {"a": at(3, b"abcdef")}, [(D + 'name="a"; filename="a"', b"def")]),
    ("a file behind its end", {"a": at(9, b"abcdef")}, [(D + 'name="a"; filename="a"', b"")]),
    ("text in a file", {"a": io.StringIO("é\n")}, [(D + 'name="a"; filename="a"', "é\n".encode())]),
    ("name and content", {"a": ("b.txt", b"x")}, [(D + 'name="a"; filename="b.txt"', b"x")]),
    ("a list for a tuple", {"a": ["b.txt", b"x"]}, [(D + 'name="a"; filename="b.txt"', b"x")]),
    ("a content type", {"a": ("b", b"x", "t/x")}, [(D + 'name="a"; filename="b"\r\nContent-Type: t/x', b"x")]),
    ("a content type in bytes", {"a": ("b", b"x", b"t/x")}, [(D + 'name="a"; filename="b"\r\nContent-Type: t/x', b"x")]),
    ("an empty content type", {"a": ("b", b"x", "")}, [(D + 'name="a"; filename="b"', b"x")]),
    ("headers", {"a": ("b", b"x", "t/x", {"X-A": "1", "x-b": None})}, [(D + 'name="a"; filename="b"\r\nContent-Type: t/x\r\nX-A: 1', b"x")]),
    ("pairs of headers", {"a": ("b", b"x", None, [("X-A", "1"), ("X-A", b"2")])}, [(D + 'name="a"; filename="b"\r\nX-A: 1\r\nX-A: 2', b"x")]),
    ("what headers do not change", {"a": ("b", b"x", "t/x", {"content-type": "no", "Content-disposition": "no"})}, [(D + 'name="a"; filename="b"\r\nContent-Type: t/x', b"x")]),
    ("a content type among the headers", {"a": ("b", b"x", None, {"Content-Type": "t/x"})}, [(D + 'name="a"; filename="b"\r\nContent-Type: t/x', b"x")]),
    ("no file name", {"a": (None, "x")}, [(D + 'name="a"', b"x")]),
    ("no file name, but a type", {"a": (None, "{}", "application/json")}, [(D + 'name="a"\r\nContent-Type: application/json', b"{}")]),
    ("an empty file name", {"a": ("", "x")}, [(D + 'name="a"; filename=""', b"x")]),
    ("pairs", [("a", ("b", b"1")), ("a", ("c", b"2"))], [(D + 'name="a"; filename="b"', b"1"), (D + 'name="a"; filename="c"', b"2")]),
    ("a generator of pairs", ((name, b"x") for name in "ab"), [(D + 'name="a"; filename="a"', b"x"), (D + 'name="b"; filename="b"', b"x")]),
    ("None is left out", {"a": None, "b": ("c", None), "d": b"x"}, [(D + 'name="d"; filename="d"', b"x")]),
    ("nothing at all", {"a": None}, []),
    ("names beyond ASCII", {"é": ("ü\U0001f40d.txt", b"x")}, [(D + 'name="é"; filename="ü\U0001f40d.txt"', b"x")]),
    ("names in bytes", {b"a": (b"b", b"x")}, [(D + 'name="a"; filename="b"', b"x")]),
    ("what would end a name", {'a"\r\n': ('b"\\\r\n; x="', b"x")}, [(D + 'name="a%22%0D%0A"; filename="b%22\\%0D%0A; x=%22"', b"x")]),
    ("an escape is not one here", {"%22": ("%0d", b"x")}, [(D + 'name="%22"; filename="%0d"', b"x")]),
    ("a number as name", {1: b"x"}, [(D + 'name="1"; filename="1"', b"x")]),
]  # fmt: skip


@pytest.mark.safety("I7")
@pytest.mark.parametrize(
    ("files", "parts"), [row[1:] for row in FORMS], ids=[row[0] for row in FORMS]
)
def test_each_file_is_a_part_with_its_names(files, parts):
    body = encode_multipart(files)
    assert parts_of(body) == parts
    assert body.replayable
    assert body.length == len(content_of(body))
    assert b"filename*" not in content_of(body)


FIELDS = [
    ("a dict", {"a": "1", "b": "é"}, [("a", b"1"), ("b", "é".encode())]),
    ("pairs", [("a", "1"), ("a", b"\xff")], [("a", b"1"), ("a", b"\xff")]),
    ("lists repeat their name", {"a": ["1", 2, None], "b": ("x",)}, [("a", b"1"), ("a", b"2"), ("b", b"x")]),
    ("None is left out", {"a": None, "b": ""}, [("b", b"")]),
    ("numbers and truth", {"a": 1, "b": 1.5, "c": True}, [("a", b"1"), ("b", b"1.5"), ("c", b"True")]),
    ("nothing", {}, []),
    ("None", None, []),
    ("a name in bytes", {b"a": "1"}, [("a", b"1")]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "expected"), [row[1:] for row in FIELDS], ids=[row[0] for row in FIELDS]
)
def test_the_fields_come_before_the_files(fields, expected):
    parts = [(f'{D}name="{name}"', value) for name, value in expected]
    file = (D + 'name="f"; filename="f"', b"x")
    assert parts_of(encode_multipart({"f": b"x"}, fields)) == [*parts, file]


@pytest.mark.safety("I5", "I7")
@pytest.mark.parametrize(
    "files",
    [
        {"a": ("b", b"x", "t/x\r\nX-Evil: 1")},
        {"a": ("b", b"x", "t/x\n")},
        {"a": ("b", b"x", b"t\0")},
        {"a": ("b", b"x", " t/x")},
        {"a": ("b", b"x", 5)},
        {"a": ("b", b"x", None, {"X-A": "1\r\nX-Evil: 1"})},
        {"a": ("b", b"x", None, {"X-A\r\nX-Evil": "1"})},
        {"a": ("b", b"x", None, {"X A": "1"})},
        {"a": ("b", b"x", None, {"": "1"})},
        {"a": ("b", b"x", None, {"X-A": 1})},
        {"a\0": b"x"},
        {"a": ("b\0", b"x")},
    ],
    ids=shown,
)
def test_a_part_cannot_be_given_lines_that_nobody_meant(files):
    with pytest.raises(InvalidHeader):
        encode_multipart(files)


@pytest.mark.parametrize(
    ("files", "fields", "error"),
    [
        ("abc", None, ValueError),
        (b"abc", None, ValueError),
        (io.BytesIO(b"x"), None, ValueError),
        (["ab"], None, ValueError),
        ([("a", b"x", "c")], None, ValueError),
        ({"a": ("b",)}, None, ValueError),
        ({"a": ("b", b"x", "c", {}, 5)}, None, ValueError),
        ({"a": iter([b"x"])}, None, TypeError),
        ({"a": {"b": "c"}}, None, TypeError),
        ({"a": b"x"}, "b=c", ValueError),
        ({"a": b"x"}, b"b=c", ValueError),
        ({"a": b"x"}, io.BytesIO(b"b"), ValueError),
        ({"a": b"x"}, iter([b"b"]), ValueError),
        ({"a": ("b", b"x", None, "X-A: 1")}, None, TypeError),
    ],
    ids=shown,
)
def test_what_is_no_form_is_the_callers_mistake(files, fields, error):
    with pytest.raises(error):
        encode_multipart(files, fields)


@pytest.mark.safety("I7")
def test_the_boundary_is_in_none_of_the_data(monkeypatch):
    drawn = iter(["a" * 32, "b" * 32, "c" * 32])
    monkeypatch.setattr("secrets.token_hex", lambda size: next(drawn))
    body = encode_multipart({"x": b"--" + b"a" * 32}, {"y": "b" * 40})
    assert boundary_of(body) == b"c" * 32


@pytest.mark.safety("I7")
def test_no_two_boundaries_are_the_same():
    assert len({encode_multipart({"a": b""}).content_type for _ in range(100)}) == 100


@given(
    st.lists(st.tuples(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\x0b\x0c")), st.binary())),
    st.binary(),
)  # fmt: skip
def test_what_is_put_into_a_form_comes_out_of_it(fields, file):
    body = encode_multipart([("f", ("f", file))], fields)
    escapes = str.maketrans({'"': "%22", "\r": "%0D", "\n": "%0A"})
    expected = [(f'{D}name="{name.translate(escapes)}"', value) for name, value in fields]
    # The boundary is in none of it, so that splitting there is right.
    assert parts_of(body) == [*expected, (D + 'name="f"; filename="f"', file)]


words = st.text(st.characters(exclude_categories=["C", "Z"], exclude_characters='"\\%'), min_size=1)


@given(
    st.lists(st.tuples(words, st.text(st.characters(exclude_categories=["Cs"])))),
    st.lists(st.tuples(words, words, st.binary(), st.sampled_from(["a/b", "text/plain"]))),
)
def test_a_server_reads_what_was_put_into_a_form(fields, files):
    given_files = [(name, (file, content, kind)) for name, file, content, kind in files]
    body = encode_multipart([*given_files, ("last", (None, "field"))], fields)
    parser = FormDataParser(stream_factory=lambda *arguments, **more: io.BytesIO())
    boundary = {"boundary": boundary_of(body).decode()}
    content = io.BytesIO(content_of(body))
    _, form, found = parser.parse(content, "multipart/form-data", body.length, boundary)
    assert sorted(form.items(multi=True)) == sorted([*fields, ("last", "field")])
    read = [
        (name, file.filename, file.read(), file.content_type)
        for name, file in found.items(multi=True)
    ]
    assert sorted(read) == sorted(files)


@pytest.mark.safety("U1", "I7")
@pytest.mark.parametrize("part", ['"', "\r\n", "é", "a"])
def test_the_cost_of_a_form_grows_with_its_names_and_number(part):
    def one(length):
        encode_multipart({part * length: (part * length, b"x")})

    def many(count):
        encode_multipart([(part, (part, b"x"))] * count)

    assert grows_linearly(one, 20_000)
    assert grows_linearly(many, 300)


# --- files --------------------------------------------------------------------------------------


class Pipe:
    """A file object that can only be read."""

    def __init__(self, content):
        self._file = io.BytesIO(content)

    def read(self, size=-1):
        return self._file.read(size)


class CountedPipe(Pipe):
    len = 7


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "plain").write_bytes(b"0123456789")
    with zipfile.ZipFile(tmp_path / "zip", "w") as archive:
        archive.writestr("member", b"in a zip")
    with gzip.open(tmp_path / "gzip", "wb") as file:
        file.write(b"in a gzip")
    return tmp_path


def spooled():
    file = tempfile.SpooledTemporaryFile(max_size=4)
    file.write(b"spooled")
    file.seek(2)
    return file


def member(folder):
    archive = zipfile.ZipFile(folder / "zip")
    file = archive.open("member")
    file.archive = archive  # closes when it is collected
    return file


OPENED = [
    # (id, how it is opened, content, whether its length is known, whether it can be sent again)
    ("a file", lambda folder: (folder / "plain").open("rb"), b"0123456789", True, True),
    ("an unbuffered file", lambda folder: (folder / "plain").open("rb", buffering=0), b"0123456789", True, True),
    ("a file in text mode", lambda folder: (folder / "plain").open(), b"0123456789", False, True),
    ("a file under a codec", lambda folder: codecs.getreader("latin-1")((folder / "plain").open("rb")), b"0123456789", False, True),
    ("a temporary file", lambda folder: tempfile.NamedTemporaryFile(dir=folder), b"", True, True),
    ("a temporary file in text mode", lambda folder: tempfile.NamedTemporaryFile("w+", dir=folder), b"", False, True),
    ("a spooled file", lambda folder: spooled(), b"ooled", True, True),
    ("a member of a zip file", member, b"in a zip", True, True),
    ("a gzip file", lambda folder: gzip.open(folder / "gzip"), b"in a gzip", True, True),
    ("only read()", lambda folder: Pipe(b"piped"), b"piped", False, False),
    ("read() and a length", lambda folder: CountedPipe(b"counted"), b"counted", True, False),
]  # fmt: skip


@pytest.mark.parametrize(
    ("opens", "content", "has_length", "replayable"),
    [row[1:] for row in OPENED],
    ids=[row[0] for row in OPENED],
)
def test_a_file_is_read_while_it_is_sent(folder, opens, content, has_length, replayable):
    file = opens(folder)
    try:
        body = encode_multipart({"a": ("b", file), "c": "d"})
        expected = [(D + 'name="a"; filename="b"', content), (D + 'name="c"; filename="c"', b"d")]
        assert isinstance(body, MultipartBody)
        assert (body.length is not None) is has_length
        assert body.replayable is replayable
        assert parts_of(body) == expected
        if replayable:
            body.rewind()
            assert parts_of(body) == expected
        else:
            with pytest.raises(UnrewindableBodyError):
                body.rewind()
    finally:
        if hasattr(file, "close"):
            file.close()


@pytest.mark.safety("R9", "2b4")
def test_a_file_is_rewound_to_where_it_was(folder):
    with (folder / "plain").open("rb") as file:
        file.seek(6)
        body = encode_multipart([("a", file), ("b", file)])
        file.seek(1)
        for _ in range(2):
            assert [content for _, content in parts_of(body)] == [b"6789", b"6789"]


@pytest.mark.parametrize("mode", ["rb", "r"])
def test_a_pipe_has_no_length(mode):
    reader, writer = os.pipe()
    os.write(writer, b"piped")
    os.close(writer)
    with os.fdopen(reader, mode) as file:
        body = encode_multipart({"a": ("b", file)})
        assert (body.length, body.replayable) == (None, False)
        assert parts_of(body) == [(D + 'name="a"; filename="b"', b"piped")]


def test_a_form_with_files_is_not_read_into_memory(tmp_path):
    size = 16 * 1024 * 1024
    with (tmp_path / "large").open("wb") as file:
        file.truncate(size)
    with (tmp_path / "large").open("rb") as file:
        tracemalloc.start()
        try:
            body = encode_multipart({"a": file})
            assert body.length is not None and body.length > size
            assert sum(map(len, body.chunks())) == body.length
            assert tracemalloc.get_traced_memory()[1] < size / 16
        finally:
            tracemalloc.stop()


def test_a_large_form_without_files_is_not_copied():
    content = b"x" * (module.JOINED + 1)
    body = encode_multipart({"a": content})
    assert body.bytes is None
    assert sum(len(chunk) for chunk in body.chunks()) == body.length
    assert any(chunk is content for chunk in body._pieces)


def test_a_small_form_is_one_piece():
    body = encode_multipart({"a": io.BytesIO(b"x")}, {"b": "c"})
    assert type(body) is Body
    assert body.source == body.bytes == content_of(body)
    assert len(list(encode_multipart({"a": ("b", Pipe(b"x"))}, {"b": "c"}).chunks())) == 1


def test_what_a_program_sees_of_the_body_can_be_read(folder):
    with (folder / "plain").open("rb") as file:
        body = encode_multipart({"a": file}, {"b": "c"})
        content = content_of(body)
        shown = body.source
        assert len(shown) == len(content) and shown
        assert b"".join(shown) == content
        assert [shown.read(5), shown.read(0), shown.read()] == [content[:5], b"", content[5:]]
        assert shown.read(5) == b""
        assert [shown.tell(), shown.seek(0), shown.read(), shown.tell()] == [
            len(content),
            0,
            content,
            len(content),
        ]
        assert [shown.seek(3), shown.seek(2, io.SEEK_CUR), shown.read(4)] == [3, 5, content[5:9]]
        assert [shown.seek(-4, io.SEEK_END), shown.read(9), shown.seek(-99, 1)] == [
            len(content) - 4,
            content[-4:],
            len(content) - 99,
        ]
        assert content_of(body) == content
        assert encode_body(shown) is body
    body = encode_multipart({"a": ("b", Pipe(b"x"))})
    with pytest.raises(TypeError):
        len(body)
    with pytest.raises(OSError, match="seek"):
        body.seek(0)


def test_a_pickle_knows_that_there_was_a_body(folder):
    with (folder / "plain").open("rb") as file:
        body = encode_multipart({"a": file})
        copied = pickle.loads(pickle.dumps(body))
    assert copied.length == body.length
    with pytest.raises(UnrewindableBodyError):
        copied.rewind()
