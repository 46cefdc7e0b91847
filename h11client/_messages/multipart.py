"""multipart/form-data: the fields and files of a form as one body (RFC 7578).

The files are read while the body is sent, each from the offset that it had when the request was
made. Names are written as browsers write them: UTF-8, with %22, %0D and %0A for what would end them
(the HTML standard, "multipart form data"); `filename*` is not used (RFC 7578 section 4.2).
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from time import monotonic

from h11client._messages.body import BLOCK, Body, FileBody, LeftBody, gives_text
from h11client._messages.escapes import to_utf8
from h11client._messages.headers import check_field, field_pairs
from h11client.exceptions import UnrewindableBodyError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, TypeAlias

    from h11client._messages.body import Readable
    from h11client._messages.headers import HeadersArgument

    _Bytes: TypeAlias = bytes  # inside a Body the name is an attribute
    Content: TypeAlias = "Readable | io.TextIOBase | str | bytes | bytearray | int | None"
    Name: TypeAlias = "str | bytes | None"
    File: TypeAlias = (
        Content
        | tuple[Name, Content]
        | tuple[Name, Content, Name]
        | tuple[Name, Content, Name, HeadersArgument]
    )
    # Not any iterable: a dict is one, and type checkers would not know what its values may be.
    Pairs: TypeAlias = Sequence[tuple[str, File]] | Iterator[tuple[str, File]]
    Files: TypeAlias = Mapping[str, File] | Pairs | None
    Part: TypeAlias = tuple[_Bytes, _Bytes | Body]  # its head and its content

__all__ = ["MultipartBody", "encode_multipart"]

JOINED = 1024 * 1024  # bytes: up to here a body without files is made at once, as one piece

# Seconds after which small pieces wait for no others: limits of time are looked at between writes.
_LONGEST_GATHERED = 0.25

_ESCAPES = {b'"': b"%22", b"\r": b"%0D", b"\n": b"%0A"}


class MultipartBody(Body):
    """The parts one behind the other; a file is at its start offset whenever its turn comes.

    Programs may `read` it, which changes nothing about what is sent as long as its files can seek.
    """

    __slots__ = ("_begun", "_pieces", "_position", "_unread")

    def __init__(self, pieces: list[_Bytes | Body], boundary: str) -> None:
        self._pieces = pieces
        self._begun = False  # to be read; files that can seek are rewound when their turn comes
        self._position = 0  # of `read`
        self._unread: Iterator[bytes] | None = None
        self.bytes = None
        self.content_type = _content_type(boundary)
        files = [piece for piece in pieces if isinstance(piece, Body)]
        lengths = [piece.length if isinstance(piece, Body) else len(piece) for piece in pieces]
        known = [length for length in lengths if length is not None]
        self.length = sum(known) if len(known) == len(lengths) else None
        self.replayable = all(file.replayable for file in files)
        self.source = self

    def chunks(self) -> Iterator[_Bytes]:
        """The body in pieces, small ones together."""
        gathered: list[bytes] = []
        size = 0
        begun = monotonic()
        for chunk in self._chunks():
            if size + len(chunk) > BLOCK and gathered:
                yield b"".join(gathered)
                gathered, size = [], 0
            gathered.append(chunk)
            size += len(chunk)
            if monotonic() - begun > _LONGEST_GATHERED:
                yield b"".join(gathered)
                gathered, size, begun = [], 0, monotonic()
        if gathered:
            yield b"".join(gathered)

    def _chunks(self) -> Iterator[_Bytes]:
        self._begun = True
        for piece in self._pieces:
            if isinstance(piece, Body):
                if piece.replayable:
                    piece.rewind()
                yield from piece.chunks()
            else:
                yield piece

    def begin(self) -> None:
        self.rewind()

    def rewind(self) -> None:
        if self._begun and not self.replayable:
            raise UnrewindableBodyError("a file of the form cannot seek")

    def read(self, size: int = -1) -> _Bytes:
        """The next `size` bytes, b"" when there are no more; -1: all that are left."""
        if self._unread is None:
            self._unread = self.chunks()
            for _ in self._taken(self._position):
                pass
        content = b"".join(self._taken(size))
        self._position += len(content)
        return content

    def _taken(self, left: int) -> Iterator[_Bytes]:
        """What comes next, so many bytes of it; with -1 to the end."""
        assert self._unread is not None
        while left and (chunk := next(self._unread, b"")):
            if 0 < left < len(chunk):
                self._unread = chain((chunk[left:],), self._unread)
                chunk = chunk[:left]
            left -= len(chunk)
            yield chunk

    def tell(self) -> int:
        """Where the next `read` begins."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Sets where the next `read` begins; as in files."""
        if not self.replayable:
            raise io.UnsupportedOperation("a file of the form cannot seek")
        if whence == io.SEEK_CUR:
            offset += self._position
        elif whence == io.SEEK_END:
            offset += len(self)
        self._position = max(0, offset)
        self._unread = None
        return self._position

    def __iter__(self) -> Iterator[_Bytes]:
        return self.chunks()

    def __len__(self) -> int:
        if self.length is None:
            raise TypeError("a file of the form does not tell its length")
        return self.length

    def __bool__(self) -> bool:
        return True

    def __reduce__(self) -> tuple[type[Body], tuple[int | None]]:
        return LeftBody, (self.length,)


class _TextBody(Body):
    """A file opened in text mode, as UTF-8: nobody knows how long that is."""

    __slots__ = ("_start",)

    def __init__(self, file: Any) -> None:
        self.source = file
        self.bytes = self.length = self.content_type = None
        try:
            self._start = file.tell()
        except (AttributeError, OSError):
            self._start = None
        self.replayable = self._start is not None

    def chunks(self) -> Iterator[_Bytes]:
        read = self.source.read  # type: ignore[attr-defined]  # it has it
        while text := read(BLOCK):
            yield to_utf8(text)

    def rewind(self) -> None:
        self.source.seek(self._start)  # type: ignore[attr-defined]  # a file that could tell()


def encode_multipart(files: Files, fields: Any = None) -> Body:
    """The body for `files` and the `fields` of a form, which come first.

    Raises:
        InvalidHeader: a name, file name, content type or header of a part cannot be sent.
        TypeError, ValueError: `files` or `fields` have none of the forms that they may have.

    >>> body = encode_multipart({"a": ("b.txt", b"content", "text/plain")}, {"c": "d"})
    >>> boundary = body.content_type.partition("=")[2]
    >>> print(body.bytes.decode().replace(boundary, "boundary").replace("\\r", ""))
    --boundary
    Content-Disposition: form-data; name="c"
    <BLANKLINE>
    d
    --boundary
    Content-Disposition: form-data; name="a"; filename="b.txt"
    Content-Type: text/plain
    <BLANKLINE>
    content
    --boundary--
    <BLANKLINE>
    """
    parts = [*_field_parts(fields), *_file_parts(files)]
    boundary = _boundary_outside(parts)
    pieces: list[bytes | Body] = []
    separator = f"--{boundary}\r\n".encode("ascii")
    for head, content in parts:
        pieces += (separator + head, content, b"\r\n")
    pieces.append(f"--{boundary}--\r\n".encode("ascii"))
    in_memory = [piece for piece in pieces if isinstance(piece, bytes)]
    if len(in_memory) == len(pieces) and sum(map(len, in_memory)) <= JOINED:
        body = b"".join(in_memory)
        return Body(body, _content_type(boundary), body)
    return MultipartBody(pieces, boundary)


def _content_type(boundary: str) -> str:
    return f"multipart/form-data; boundary={boundary}"


def _boundary_outside(parts: list[Part]) -> str:
    """A boundary that nobody can foresee, and that is in nothing of what is known already."""
    from secrets import token_hex

    while True:
        boundary = token_hex(16)
        raw = boundary.encode("ascii")
        if not any(isinstance(content, bytes) and raw in content for _, content in parts):
            return boundary


def _pairs(given: Any, what: str) -> Iterable[tuple[Any, Any]]:
    if isinstance(given, (str, bytes, bytearray)) or hasattr(given, "read"):
        raise ValueError(f"{what} are a mapping or (name, value) pairs, not {type(given).__name__}")
    pairs = list(given.items() if isinstance(given, Mapping) else given)
    for pair in pairs:
        if not isinstance(pair, (tuple, list)) or len(pair) != 2:
            raise ValueError(f"{what} are a mapping or (name, value) pairs")
    return pairs


def _field_parts(fields: Any) -> Iterator[Part]:
    """As in a form without files: a list repeats its name, None leaves it out."""
    for name, values in _pairs(fields or (), "the fields beside files="):
        if isinstance(values, (str, bytes, bytearray)) or not isinstance(values, Iterable):
            values = (values,)
        for value in values:
            if value is not None:
                yield _head(name, None, None, None), _bytes_of(value)


def _file_parts(files: Any) -> Iterator[Part]:
    for name, given in _pairs(files, "files"):
        content_type = headers = None
        if not isinstance(given, (tuple, list)):
            content, file_name = given, _name_of(given) or name
        elif len(given) == 2:
            file_name, content = given
        elif len(given) == 3:
            file_name, content, content_type = given
        elif len(given) == 4:
            file_name, content, content_type, headers = given
        else:
            raise ValueError(
                "a file is its content, or a tuple of file name, content, content type, headers"
            )
        if content is not None:
            yield _head(name, file_name, content_type, headers), _content_of(content)


def _name_of(file: Any) -> str | bytes | None:
    """The last part of a file's path, unless it is no path: <stdin>, or a descriptor."""
    name = getattr(file, "name", None)
    if isinstance(name, bytes):
        from os import fsdecode

        name = fsdecode(name)
    if not isinstance(name, str) or (name[:1] == "<" and name[-1:] == ">"):
        return None
    from os.path import basename

    return basename(name)


def _content_of(content: Any) -> bytes | Body:
    if not hasattr(content, "read"):
        if isinstance(content, (str, bytes, bytearray, memoryview, int, float)):
            return _bytes_of(content)
        raise TypeError(
            f"the content of a file is a file object, bytes or text, not {type(content).__name__}"
        )
    if type(content) is io.BytesIO and len(content.getbuffer()) <= JOINED:
        return content.getvalue()[content.tell() :]
    if type(content) is io.StringIO:
        return to_utf8(content.read())
    return _TextBody(content) if gives_text(content) else FileBody(content)


def _bytes_of(value: object) -> bytes:
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value)
    text = str(value)
    try:
        # The names of files may have bytes in them which are not UTF-8.
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        pass  # this error holds the text
    return to_utf8(text)


def _head(name: object, file_name: object, content_type: Any, headers: Any) -> bytes:
    """The header section of a part, which goes through the same check as any other."""
    disposition = b'form-data; name="' + _escaped(name) + b'"'
    if file_name is not None:
        disposition += b'; filename="' + _escaped(file_name) + b'"'
    fields: list[tuple[Any, Any]] = [("Content-Disposition", disposition)]
    own = [(key, value) for key, value in field_pairs(headers) if value is not None]
    if content_type:
        fields.append(("Content-Type", content_type))
        own = [field for field in own if not _is_called(field[0], "content-type")]
    fields += [field for field in own if not _is_called(field[0], "content-disposition")]
    lines = [b"%s: %s\r\n" % check_field(key, _as_field_value(value)) for key, value in fields]
    return b"".join(lines) + b"\r\n"


def _as_field_value(value: Any) -> Any:
    return to_utf8(value) if type(value) is str else value  # as the names are


def _is_called(name: Any, lower: str) -> bool:
    text = name.decode("latin-1") if isinstance(name, bytes) else str(name)
    return text.lower() == lower


def _escaped(name: object) -> bytes:
    escaped = _bytes_of(name)
    for character, escape in _ESCAPES.items():
        escaped = escaped.replace(character, escape)
    return escaped
