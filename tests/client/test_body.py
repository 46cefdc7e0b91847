"""Request bodies: what callers pass, and what is known about it before it is sent."""

from __future__ import annotations

import array
import codecs
import collections
import gzip
import io
import os
import pickle
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import pytest

from h11client._messages.body import BLOCK, NO_BODY, encode_body
from h11client.exceptions import InvalidJSONError, UnrewindableBodyError
from tests.client.parameters import shown

FORM = "application/x-www-form-urlencoded"

IN_MEMORY = [
    # (id, data, bytes, content type, what PreparedRequest.body shows)
    ("bytes", b"a\0b", b"a\0b", None, b"a\0b"),
    ("text", "aé", "aé".encode(), None, "aé"),
    ("a bytearray", bytearray(b"ab"), b"ab", None, b"ab"),
    ("a memoryview", memoryview(b"abcd")[1:3], b"bc", None, b"bc"),
    ("a memoryview of numbers", memoryview(array.array("H", [1, 2])), array.array("H", [1, 2]).tobytes(), None, array.array("H", [1, 2]).tobytes()),
    ("a dict", {"a": "1 2", "b": ["x", None, 3]}, b"a=1+2&b=x&b=3", FORM, "a=1+2&b=x&b=3"),
    ("a list of pairs", [("b", "&"), (b"a", b"\xff")], b"b=%26&a=%FF", FORM, "b=%26&a=%FF"),
    ("a tuple of pairs", (("a", 1),), b"a=1", FORM, "a=1"),
    ("a mapping", collections.ChainMap({"a": "1"}), b"a=1", FORM, "a=1"),
    ("a form without values", {"a": None}, b"", FORM, ""),
]  # fmt: skip


@pytest.mark.parametrize(
    ("data", "content", "content_type", "shown"),
    [row[1:] for row in IN_MEMORY],
    ids=[row[0] for row in IN_MEMORY],
)
def test_what_is_there_is_sent_with_its_length(data, content, content_type, shown):
    body = encode_body(data)
    assert body.bytes == content
    assert body.length == len(content)
    assert body.content_type == content_type
    assert body.source == shown
    assert body.replayable
    for _ in range(2):
        assert list(body.chunks()) == ([content] if content else [])
        body.rewind()


@pytest.mark.parametrize("data", [None, b"", "", {}, [], (), bytearray()], ids=shown)
def test_nothing_is_no_body(data):
    body = encode_body(data)
    assert body is NO_BODY
    assert (body.length, body.content_type, body.source, body.replayable) == (0, None, None, True)
    assert list(body.chunks()) == []
    body.rewind()


def test_a_bytearray_may_be_changed_afterwards():
    data = bytearray(b"ab")
    body = encode_body(data)
    data[:] = b"changed"
    assert body.bytes == b"ab"


JSON = [
    ({}, b"{}"),
    ([], b"[]"),
    (0, b"0"),
    (False, b"false"),
    ("", b'""'),
    ({"é": [1.5, None, True]}, b'{"\\u00e9": [1.5, null, true]}'),
    ("\ud800", b'"\\ud800"'),
]


@pytest.mark.parametrize(("value", "content"), JSON, ids=[ascii(row[0]) for row in JSON])
def test_json(value, content):
    body = encode_body(json=value)
    assert (body.bytes, body.length, body.content_type) == (
        content,
        len(content),
        "application/json",
    )
    assert encode_body({}, value).bytes == content
    assert encode_body(b"data wins", value).bytes == b"data wins"


@pytest.mark.parametrize("value", [float("nan"), [float("inf")], {"a": float("-inf")}], ids=shown)
def test_what_has_no_json_form_is_our_error(value):
    with pytest.raises(InvalidJSONError) as caught:
        encode_body(json=value)
    assert isinstance(caught.value.__cause__, ValueError)


def test_a_loop_in_json_is_our_error_and_a_wrong_type_the_callers():
    loop: list[object] = []
    loop.append(loop)
    with pytest.raises(InvalidJSONError):
        encode_body(json=loop)
    with pytest.raises(TypeError):
        encode_body(json={1, 2})


@pytest.mark.parametrize("data", [5, 1.5, True, object(), len], ids=shown)
def test_what_is_no_body_is_a_type_error(data):
    with pytest.raises(TypeError, match=type(data).__name__):
        encode_body(data)


@pytest.mark.parametrize("data", [["ab"], [b"ab"], ["abc"]])
def test_a_list_holds_pairs_and_not_pieces(data):
    with pytest.raises(TypeError, match="pairs"):
        encode_body(data)


# --- iterators ------------------------------------------------------------------------------------


class Counted:
    """An iterable that says how many bytes it has, as programs for requests write it."""

    def __init__(self, pieces, length):
        self.pieces = pieces
        self.length = length

    def __iter__(self):
        return iter(self.pieces)

    def __len__(self):
        return self.length


def test_an_iterable_that_tells_its_bytes_has_a_length():
    body = encode_body(Counted([b"ab", b"c"], 3))
    assert (body.length, body.replayable) == (3, True)
    assert b"".join(body.chunks()) == b"abc"


class CountedFile:
    def __len__(self):
        return 3

    def read(self, size=-1):
        return b""


def test_a_file_object_may_tell_its_length_only():
    body = encode_body(CountedFile())
    assert (body.length, body.replayable) == (3, False)


class Again:
    def __iter__(self):
        return iter([b"a", b"b"])


ITERABLES = [
    ("an iterator", lambda: iter([b"a", b"b"]), False),
    ("a generator", lambda: (piece for piece in [b"a", b"b"]), False),
    ("a map", lambda: map(bytes, [b"a", b"b"]), False),
    ("what gives a new iterator each time", Again, True),
    ("a deque", lambda: collections.deque([b"a", b"b"]), True),
    ("a dict view", lambda: {b"a": 1, b"b": 2}.keys(), True),
]


@pytest.mark.parametrize(
    ("make", "replayable"), [row[1:] for row in ITERABLES], ids=[row[0] for row in ITERABLES]
)
def test_an_iterable_is_sent_piece_by_piece_without_a_known_length(make, replayable):
    source = make()
    body = encode_body(source)
    assert (body.bytes, body.length, body.content_type) == (None, None, None)
    assert body.source is source
    assert body.replayable is replayable
    assert list(body.chunks()) == [b"a", b"b"]
    if replayable:
        body.rewind()
        assert list(body.chunks()) == [b"a", b"b"]
    else:
        with pytest.raises(UnrewindableBodyError):
            body.rewind()


@pytest.mark.safety("2b5")
def test_empty_pieces_are_left_out_and_text_is_utf_8():
    pieces = iter([b"", "é", bytearray(b"b"), "", memoryview(b"c"), bytearray()])
    assert list(encode_body(pieces).chunks()) == ["é".encode(), b"b", b"c"]


@pytest.mark.parametrize("piece", [5, 0, None, ["a"], 1.5], ids=shown)
def test_a_piece_that_is_no_bytes_is_a_type_error(piece):
    chunks = encode_body(iter([b"a", piece])).chunks()
    assert next(chunks) == b"a"
    with pytest.raises(TypeError, match=type(piece).__name__):
        next(chunks)


def test_what_the_callers_iterator_raises_passes_unchanged():
    class Mine(Exception):
        pass

    def pieces():
        yield b"a"
        raise Mine("x")

    chunks = encode_body(pieces()).chunks()
    next(chunks)
    with pytest.raises(Mine):
        next(chunks)


# --- files ----------------------------------------------------------------------------------------

CONTENT = bytes(range(256)) * 1000


@pytest.fixture
def path(tmp_path):
    file = tmp_path / "file"
    file.write_bytes(CONTENT)
    return file


def spooled():
    file = tempfile.SpooledTemporaryFile(max_size=10)
    file.write(CONTENT)
    file.seek(0)
    return file


def temporary():
    file = tempfile.NamedTemporaryFile()
    file.write(CONTENT)
    file.flush()
    file.seek(0)
    return file


FILES = [
    ("buffered", lambda path: path.open("rb")),
    ("unbuffered", lambda path: path.open("rb", buffering=0)),
    ("for reading and writing", lambda path: path.open("r+b")),
    ("in memory", lambda path: io.BytesIO(CONTENT)),
    ("buffered over memory", lambda path: io.BufferedReader(io.BytesIO(CONTENT))),
    ("temporary", lambda path: temporary()),
    ("spooled", lambda path: spooled()),
]
every_file = pytest.mark.parametrize(
    "make", [row[1] for row in FILES], ids=[row[0] for row in FILES]
)


@every_file
@pytest.mark.parametrize("offset", [0, 1, 70000, len(CONTENT), len(CONTENT) + 10])
@pytest.mark.safety("2b4", "R9")
def test_a_file_is_sent_from_its_current_offset_again_and_again(make, offset, path):
    with make(path) as file:
        file.seek(offset)
        body = encode_body(file)
        rest = CONTENT[offset:]
        assert body.length == len(rest)
        assert body.replayable
        assert body.bytes is None and body.content_type is None
        assert body.source is file
        assert file.tell() == offset
        for _ in range(2):
            pieces = list(body.chunks())
            assert b"".join(pieces) == rest
            assert all(0 < len(piece) <= BLOCK for piece in pieces)
            body.rewind()
            assert file.tell() == offset


def test_a_file_that_was_read_through_its_buffer_before(path):
    with path.open("rb") as file:
        file.read(3)
        body = encode_body(file)
        assert body.length == len(CONTENT) - 3
        assert b"".join(body.chunks()) == CONTENT[3:]


def test_what_is_only_in_the_buffer_of_a_file_counts_too(path):
    with path.open("r+b") as file:
        file.seek(0, io.SEEK_END)
        file.write(b"more")
        file.seek(-10, io.SEEK_END)
        body = encode_body(file)
        assert (body.length, b"".join(body.chunks())) == (10, (CONTENT + b"more")[-10:])
    with path.open("r+b") as file:
        file.seek(len(CONTENT) + 4)
        file.write(b"even more")
        assert encode_body(file).length == 0


def test_the_length_of_a_compressed_file_is_that_of_its_content(tmp_path):
    with gzip.open(tmp_path / "file.gz", "wb") as file:
        file.write(CONTENT)
    with gzip.open(tmp_path / "file.gz", "rb") as file:
        body = encode_body(file)
        assert body.length == len(CONTENT)
        assert b"".join(body.chunks()) == CONTENT


def test_a_subclass_of_a_file_is_asked_and_not_the_system(path):
    class Doubling(io.FileIO):
        def seek(self, offset, whence=io.SEEK_SET):
            return super().seek(offset, whence)

        def tell(self):
            return super().tell()

    with Doubling(path) as file:
        assert encode_body(file).length == len(CONTENT)


def test_a_member_of_a_zip_file_is_sent_from_its_offset(tmp_path):
    with zipfile.ZipFile(tmp_path / "file.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("member", CONTENT)
    with zipfile.ZipFile(tmp_path / "file.zip") as archive, archive.open("member") as file:
        file.seek(3)
        body = encode_body(file)
        assert (body.length, body.file_region(), body.replayable) == (len(CONTENT) - 3, None, True)
        for _ in range(2):
            assert b"".join(body.chunks()) == CONTENT[3:]
            body.rewind()


@pytest.mark.parametrize("buffering", [-1, 0])
def test_a_pipe_has_no_length_and_cannot_be_sent_twice(buffering):
    reading, writing = os.pipe()
    with open(reading, "rb", buffering=buffering) as file:
        os.write(writing, b"abc")
        os.close(writing)
        body = encode_body(file)
        assert body.length is None
        assert not body.replayable
        assert b"".join(body.chunks()) == b"abc"
        with pytest.raises(UnrewindableBodyError):
            body.rewind()


def test_something_that_has_only_read_is_a_file_without_a_length():
    class OnlyRead:
        def __init__(self) -> None:
            self.left = [b"ab", b"c", b""]

        def read(self, size=-1):
            return self.left.pop(0)

    body = encode_body(OnlyRead())
    assert (body.length, body.replayable) == (None, False)
    assert list(body.chunks()) == [b"ab", b"c"]


def test_something_that_reads_and_says_its_length_is_believed():
    class WithLength:
        len = 3

        def read(self, size=-1):
            return b""

    assert encode_body(WithLength()).length == 3
    WithLength.len = -1
    assert encode_body(WithLength()).length is None


@pytest.mark.parametrize(
    "make",
    [
        lambda path: path.open(),
        lambda path: io.StringIO("text"),
        # No io.TextIOBase:
        lambda path: codecs.getreader("utf-8")(path.open("rb")),
        lambda path: codecs.StreamReaderWriter(
            path.open("rb"), codecs.getreader("utf-8"), codecs.getwriter("utf-8")
        ),
        lambda path: tempfile.NamedTemporaryFile("w+", dir=path.parent),
    ],
    ids=["file", "StringIO", "codec", "two codecs", "wrapped"],
)
def test_a_file_in_text_mode_is_a_type_error_that_says_so(make, path):
    with make(path) as file, pytest.raises(TypeError, match="binary mode"):
        encode_body(file)


def test_a_file_that_turns_out_to_give_text_is_a_type_error():
    class Text:
        def read(self, size=-1):
            return "text"

    with pytest.raises(TypeError, match="binary mode"):
        list(encode_body(Text()).chunks())


def test_a_closed_file_is_the_callers_mistake(path):
    file = path.open("rb")
    file.close()
    with pytest.raises(ValueError, match="closed"):
        encode_body(file)


def test_a_file_that_was_closed_meanwhile_cannot_be_sent_again(path):
    file = path.open("rb")
    body = encode_body(file)
    file.close()
    with pytest.raises(UnrewindableBodyError) as caught:
        body.rewind()
    assert isinstance(caught.value.__cause__, ValueError)


@pytest.mark.safety("2b4")
def test_a_file_that_grows_or_shrinks_gives_what_it_has(path):
    with path.open("rb") as file:
        body = encode_body(file)
        path.write_bytes(CONTENT + b"more")
        assert body.length == len(CONTENT)
        assert b"".join(body.chunks()) == CONTENT + b"more"
        body.rewind()
        path.write_bytes(b"less")
        assert b"".join(body.chunks()) == b"less"


def test_a_file_of_the_systems_that_does_not_tell_its_size_is_sent_in_chunks(tmp_path):
    version = Path("/proc/version")
    assert version.stat().st_size == 0
    for buffering in (0, -1):
        with version.open("rb", buffering=buffering) as file:
            body = encode_body(file)
            assert (body.length, body.file_region(), body.replayable) == (None, None, True)
            for _ in range(2):
                assert b"".join(body.chunks()) == version.read_bytes()
                body.rewind()
    with (tmp_path / "empty").open("w+b") as file:
        assert encode_body(file).length == 0


# --- the rest -------------------------------------------------------------------------------------


def test_bodies_in_memory_can_be_pickled_and_of_others_the_length():
    body = pickle.loads(pickle.dumps(encode_body({"a": "1"})))
    assert (body.bytes, body.content_type, body.source) == (b"a=1", FORM, "a=1")
    assert pickle.loads(pickle.dumps(NO_BODY)) is NO_BODY
    for data, length in ((io.BytesIO(b"abc"), 3), (iter([b"a"]), None)):
        left = pickle.loads(pickle.dumps(encode_body(data)))
        assert (left.bytes, left.length, left.replayable, left.source) == (
            None,
            length,
            False,
            None,
        )
        for use in (left.chunks, left.rewind):
            with pytest.raises(UnrewindableBodyError):
                use()


def test_json_is_loaded_only_for_a_body_of_json():
    code = (
        "import sys; sys.path.insert(0, '.'); from h11client._messages.body import encode_body;"
        "encode_body({'a': 1}); print('json' in sys.modules);"
        "encode_body(json=1); print('json' in sys.modules)"
    )
    run = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=True
    )
    assert run.stdout.split() == ["False", "True"]


class _SameIterator:
    """Not an iterator itself, and yet good for one sending only."""

    def __init__(self) -> None:
        self._pieces = iter([b"a", b"b"])

    def __iter__(self):
        return self._pieces


class _UsedUp:
    """A new generator each time, over a source that is read once."""

    def __init__(self) -> None:
        self._source = iter([b"a", b"b", b"a", b"c"])

    def __iter__(self):
        for _ in range(2):
            try:
                yield next(self._source)
            except StopIteration:
                return


class _Shared(_UsedUp):
    def __init__(self) -> None:
        self._source = iter([b"a", b"b", b"c", b"d"])


class _Exhausted(_UsedUp):
    def __init__(self) -> None:
        self._source = iter([b"a", b"b"])


@pytest.mark.safety("R9", "2d3", "4I7")
@pytest.mark.parametrize("make", [_SameIterator, _Shared, _Exhausted])
@pytest.mark.parametrize("taken", [1, 2])
def test_an_iterable_that_cannot_begin_again_is_not_sent_again(make, taken) -> None:
    body = encode_body(make(), None)
    chunks = body.chunks()
    for _ in range(taken):
        next(chunks)
    with pytest.raises(UnrewindableBodyError):
        body.rewind()


@pytest.mark.safety("R9")
def test_an_iterable_that_begins_again_is_sent_whole_again() -> None:
    body = encode_body({b"x": 1, b"y": 2}.keys(), None)
    for _ in range(3):
        assert list(body.chunks()) == [b"x", b"y"]
        body.rewind()


def test_before_the_first_piece_there_is_nothing_to_rewind() -> None:
    body = encode_body(_SameIterator(), None)
    body.rewind()
    assert list(body.chunks()) == [b"a", b"b"]


def test_an_array_is_sent_as_the_bytes_it_holds() -> None:
    numbers = array.array("H", [1, 2, 65535])
    body = encode_body(numbers, None)
    assert (body.bytes, body.length) == (numbers.tobytes(), 6)
