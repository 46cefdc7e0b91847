"""Request bodies: from what callers pass to bytes, and how much is known about them before."""

from __future__ import annotations

import io
import os
from codecs import StreamReader
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import chain
from stat import S_ISREG

from h11client._messages.escapes import encode_form, to_utf8
from h11client.exceptions import InvalidJSONError, UnrewindableBodyError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Protocol, TypeAlias

    from h11client._messages.trailers import Trailers
    from h11client._messages.url import Params

    class Readable(Protocol):
        """A file object opened in binary mode."""

        def read(self, size: int = ..., /) -> bytes: ...

    _Bytes: TypeAlias = bytes  # inside Body the name is an attribute
    Data: TypeAlias = "Params | Readable | Iterable[bytes] | Iterable[str]"

__all__ = [
    "BLOCK",
    "NO_BODY",
    "Body",
    "FileBody",
    "IteratorBody",
    "LeftBody",
    "TrailedBody",
    "encode_body",
    "gives_text",
]

_NO_PIECE = object()

BLOCK = 65536  # bytes of a file per read: what a socket takes at once

_FORM = "application/x-www-form-urlencoded"
_JSON = "application/json"


class Body:
    """A body that is there as bytes.

    `length` is the number of bytes when it is known before sending, else None. `replayable` says
    whether `rewind()` can work. `source` is what `PreparedRequest.body` shows. With `trailers` it
    is sent in chunks whatever its length.
    """

    __slots__ = ("bytes", "content_type", "length", "replayable", "source")

    bytes: _Bytes | None
    length: int | None
    content_type: str | None
    replayable: bool
    source: object
    trailers: Trailers | None = None

    def __init__(self, content: _Bytes, content_type: str | None, source: object) -> None:
        self.bytes = content
        self.length = len(content)
        self.content_type = content_type
        self.replayable = True
        self.source = source

    def chunks(self) -> Iterator[_Bytes]:
        """The body in pieces, none empty; what the caller's code raises passes through."""
        return iter((self.bytes,) if self.bytes else ())

    def file_region(self) -> tuple[int, int] | None:
        """Offset and length when `chunks()` would yield bytes of `source`, a regular file."""
        return None

    def begin(self) -> None:
        """Called before each sending: what was sent before is rewound, and raises as that does."""

    def rewind(self) -> None:
        """Makes `chunks()` begin again where it first did.

        Raises:
            UnrewindableBodyError: the body cannot be produced twice.
        """


class LeftBody(Body):
    """What a pickle has of a body that is not bytes: its length, and that it was there."""

    __slots__ = ()

    def __init__(self, length: int | None) -> None:
        self.bytes = self.content_type = self.source = None
        self.length = length
        self.replayable = False

    def chunks(self) -> Iterator[_Bytes]:
        self.rewind()
        return iter(())

    def begin(self) -> None:
        self.rewind()

    def rewind(self) -> None:
        raise UnrewindableBodyError("the file or iterator of the body was not pickled")


class _NoBody(Body):
    __slots__ = ()

    def __reduce__(self) -> str:
        return "NO_BODY"  # stays the one object


NO_BODY = _NoBody(b"", None, None)  # no body at all, which an empty one is not


class FileBody(Body):
    """A file object from its current offset; `length` is what was left of it when asked."""

    __slots__ = ("_begun", "_start")
    source: Readable

    def __init__(self, file: Any) -> None:
        if gives_text(file):
            raise TypeError("the file of a body has to be opened in binary mode")
        self.source = file
        self.bytes = None
        self.content_type = None
        self._start, self.length = _measure(file)
        self.replayable = self._start is not None
        self._begun = False  # to be read, and not rewound since

    def chunks(self) -> Iterator[_Bytes]:
        self._begun = True
        read = self.source.read
        while piece := read(BLOCK):
            if isinstance(piece, str):
                raise TypeError("the file of a body has to be opened in binary mode")
            yield _as_bytes(piece)

    def file_region(self) -> tuple[int, int] | None:
        file = self.source
        raw = _raw_file(file)
        if raw is None or self.length is None:
            return None
        if type(file) is io.BufferedRandom:
            file.flush()
        self._begun = True
        return file.tell(), self.length  # type: ignore[attr-defined]  # a real file

    def begin(self) -> None:
        if self._begun:
            self.rewind()

    def rewind(self) -> None:
        if self._start is None:
            if not self._begun:
                return  # nothing was taken from it yet
            raise UnrewindableBodyError("the file of the body cannot seek")
        try:
            self.source.seek(self._start)  # type: ignore[attr-defined]  # _measure() did it too
        except (OSError, ValueError) as error:
            raise UnrewindableBodyError("the file of the body cannot seek any more") from error
        self._begun = False

    def __reduce__(self) -> tuple[type[Body], tuple[int | None]]:
        return LeftBody, (self.length,)


class IteratorBody(Body):
    """What an iterable yields; it can be produced again unless it is its own iterator.

    An object may also hand out one and the same iterator each time, or wrap a source that is used
    up. Then a second sending would be an empty body that looks complete, so `rewind` asks for the
    first piece and compares it with the one that was sent.
    """

    __slots__ = ("_again", "_first", "_iterator")
    source: Iterable[object]

    def __init__(self, source: Iterable[object]) -> None:
        self.source = source
        self.bytes = None
        self.content_type = None
        # Elements are what a collection counts; who only says how long it is counts bytes.
        self.length = None if isinstance(source, Collection) else _told_length(source)
        self.replayable = not isinstance(source, Iterator)
        self._iterator: Iterator[object] | None = None  # what `chunks` has begun to produce from
        self._again: Iterator[object] | None = None  # what it is to produce from next
        self._first: object = _NO_PIECE  # what the iterator gave first

    def chunks(self) -> Iterator[_Bytes]:
        self._iterator = iter(self.source) if self._again is None else self._again
        self._again = None
        self._first = _NO_PIECE
        for piece in self._iterator:
            if self._first is _NO_PIECE:
                self._first = piece
            raw = piece if type(piece) is bytes else _as_bytes(piece)
            # RFC 9112 section 7.1: an empty chunk would end the body.
            if raw:
                yield raw

    def begin(self) -> None:
        self.rewind()

    def rewind(self) -> None:
        if self._iterator is None or self._again is not None:
            return  # nothing was taken from it yet: 100-continue was waited for, for instance
        if not self.replayable:
            raise UnrewindableBodyError("an iterator can be sent only once")
        if self._first is _NO_PIECE:
            return
        again = iter(self.source)
        first = next(again, _NO_PIECE) if again is not self._iterator else _NO_PIECE
        if first is _NO_PIECE or first != self._first:
            raise UnrewindableBodyError("the iterable does not begin again with what was sent")
        self._again = chain((first,), again)

    def __reduce__(self) -> tuple[type[Body], tuple[int | None]]:
        return LeftBody, (self.length,)


class TrailedBody(Body):
    """Any other body, followed by trailers: in chunks, because nothing may follow a length."""

    __slots__ = ("_inner", "trailers")

    def __init__(self, inner: Body, trailers: Trailers) -> None:
        self._inner = inner
        self.trailers = trailers
        self.bytes = self.length = None
        self.content_type = inner.content_type
        self.replayable = inner.replayable
        self.source = inner.source

    def chunks(self) -> Iterator[_Bytes]:
        return self._inner.chunks()

    def file_region(self) -> tuple[int, int] | None:
        return self._inner.file_region()

    def begin(self) -> None:
        self._inner.begin()

    def rewind(self) -> None:
        self._inner.rewind()

    def __reduce__(self) -> tuple[type[Body], tuple[int | None]]:
        return LeftBody, (self.length,)  # its values may be functions


def encode_body(data: Data = None, json: object = None) -> Body:
    """The body for the `data` or `json` of a call; `data` wins when it is not empty.

    Bytes, arrays and text (as UTF-8) are sent as they are, mappings and lists of pairs as a form,
    file objects from their current offset, other iterables piece by piece. An object that is no
    collection and has a len() has so many bytes, as in requests.

    Raises:
        InvalidJSONError: `json` has no JSON form, NaN and infinity included (RFC 8259 section 6).
        TypeError: `data` is none of these, or a file opened in text mode.

    >>> encode_body({"a": "1 2"}).bytes, encode_body(json={"a": None}).bytes
    (b'a=1+2', b'{"a": null}')
    >>> encode_body(iter([b"a", b"", b"b"])).length is None
    True
    """
    if data is None or (_is_value(data) and not data):
        return NO_BODY if json is None else _encode_json(json)
    if isinstance(data, str):
        return Body(to_utf8(data), None, data)
    if isinstance(data, (bytes, bytearray, memoryview)):
        content = bytes(data)  # the caller may go on to change a bytearray
        return Body(content, None, content)
    if isinstance(data, (Mapping, list, tuple)):
        form = encode_form(data)
        return Body(form.encode("ascii"), _FORM, form)
    if isinstance(data, Body):
        return data  # what `PreparedRequest.body` shows of a form with files
    if hasattr(data, "read"):
        return FileBody(data)
    if isinstance(data, Iterable):
        try:
            view = memoryview(data)  # type: ignore[arg-type]  # an array, most likely not
        except TypeError:
            return IteratorBody(data)
        content = bytes(view)
        return Body(content, None, content)
    raise TypeError(f"a body cannot be made of {type(data).__name__}")


def _is_value(data: object) -> bool:
    return isinstance(data, (str, bytes, bytearray, memoryview, Mapping, list, tuple))


def _encode_json(value: object) -> Body:
    from json import dumps

    try:
        content = dumps(value, allow_nan=False).encode("utf-8")
    except ValueError as error:
        raise InvalidJSONError(str(error)) from error
    return Body(content, _JSON, content)


def _as_bytes(piece: object) -> bytes:
    if isinstance(piece, str):
        return to_utf8(piece)
    if isinstance(piece, (bytes, bytearray, memoryview)):
        return bytes(piece)
    raise TypeError(f"a body consists of bytes, not of {type(piece).__name__}")


def gives_text(file: Any) -> bool:
    """Whether a file, a wrapper of one or a codec's stream reads as text; nothing is used up."""
    if isinstance(file, io.TextIOBase):
        return True
    # Not any file: some may take reading nothing for reading everything.
    if not hasattr(file, "encoding") and not isinstance(file, StreamReader):
        return False
    try:
        return isinstance(file.read(0), str)
    except Exception:
        return False  # what its code raises it raises again when it is sent


def _raw_file(file: Any) -> io.FileIO | None:
    """The regular file whose very bytes `file` reads; not one under a codec or in a subclass."""
    raw = file.raw if type(file) in (io.BufferedReader, io.BufferedRandom) else file
    return raw if type(raw) is io.FileIO and S_ISREG(os.fstat(raw.fileno()).st_mode) else None


def _measure(file: Any) -> tuple[int | None, int | None]:
    """Offset of a file and bytes behind it; None for what it does not tell."""
    try:
        start = file.tell()
        if type(file) is io.BufferedRandom:
            file.flush()  # what is only in its buffer is not in the size of the file
        raw = _raw_file(file)
        if raw is not None:
            descriptor = raw.fileno()
            length = max(0, os.fstat(descriptor).st_size - start)
            return start, length or _length_of_nothing(descriptor, start)
        file.seek(0, io.SEEK_END)
        end = file.tell()
        file.seek(start)
        return start, max(0, end - start)
    except (AttributeError, OSError):
        pass  # a pipe, or something that has only read()
    return None, _told_length(file)


def _length_of_nothing(descriptor: int, start: int) -> int | None:
    """0, or None for a file that says it has no more bytes and has some: proc(5)."""
    read = getattr(os, "pread", None)  # where it is missing there are no such files
    return None if read is not None and read(descriptor, 1, start) else 0


def _told_length(source: object) -> int | None:
    """What objects say that cannot seek, in programs written for requests: `len` or len()."""
    length = getattr(source, "len", None)
    if length is None and hasattr(source, "__len__"):
        length = len(source)
    return length if isinstance(length, int) and length >= 0 else None
