"""Bodies as file objects: what a response shows as `raw`, and what it may be given as such."""

from __future__ import annotations

from h11client._messages.reading import READ_SIZE, check_piece_size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from h11client._messages.reading import BodyReader, Owner

__all__ = ["ForeignBody", "RawBody"]


class RawBody:
    """The body of a response as a file object, as it came unless `decode_content` is set.

    `read(size)` gives `size` bytes unless the body ends before; `tell()` counts the bytes as they
    came. Works with `shutil.copyfileobj`, `io.BufferedReader`, `tarfile` and the like.
    """

    __slots__ = ("__dict__", "__weakref__", "_owner", "_reader")

    def __init__(self, reader: BodyReader, owner: Owner) -> None:
        self._reader = reader
        self._owner = owner

    @property
    def decode_content(self) -> bool:
        """Whether `read` undoes the content codings when it is not told."""
        return self._reader.decode_content

    @decode_content.setter
    def decode_content(self, decode: bool) -> None:
        self._reader.decode_content = decode

    @property
    def status(self) -> int:
        """The status code."""
        return self._owner.status_code

    @property
    def reason(self) -> str | None:
        """The reason phrase."""
        return self._owner.reason

    @property
    def headers(self) -> Any:
        """The header fields of the response."""
        return self._owner.headers

    @property
    def version(self) -> int:
        """The version of HTTP as a number: 11 or 10."""
        version = str(getattr(self._owner, "http_version", "HTTP/1.1"))
        return int(version[5:].replace(".", ""))

    @property
    def chunked(self) -> bool:
        """Whether it came in chunks (RFC 9112 section 7.1)."""
        return "transfer-encoding" in self._owner.headers

    @property
    def length_remaining(self) -> int | None:
        """How many bytes are still to come, as they come; None when nobody has said."""
        owner = self._owner
        # RFC 9112 section 6.3: none has a body, whatever its header says.
        empty = owner.status_code in (204, 304) or owner.request.method == "HEAD"
        if empty or self._reader.consumed:
            return 0
        lengths = [] if self.chunked else owner.headers.get_list("Content-Length")
        return max(0, int(lengths[0]) - self._reader.received) if lengths else None

    def geturl(self) -> str | None:
        """The URL of the response."""
        return self._owner.url

    def info(self) -> Any:
        """The header fields of the response."""
        return self._owner.headers

    def getheader(self, name: str, default: str | None = None) -> str | None:
        """The value of a header field."""
        value: str | None = self._owner.headers.get(name, default)
        return value

    def getheaders(self) -> list[tuple[str, str]]:
        """(name, value) of every header field, each time it occurs."""
        pairs: list[tuple[str, str]] = self._owner.headers.multi_items()
        return pairs

    @property
    def data(self) -> bytes:
        """The whole body, decoded, which the response then keeps as its content."""
        content: bytes = self._owner.content  # type: ignore[attr-defined]  # a whole response
        return content

    @property
    def closed(self) -> bool:
        """Whether nothing more can be read."""
        return self._reader.closed or self._reader.consumed

    def read(self, amt: int | None = None, decode_content: bool | None = None) -> bytes:
        """Reads `amt` bytes, everything without it; b"" at the end."""
        decoded = self._reader.decode_content if decode_content is None else decode_content
        if self._reader.consumed:
            return b""
        if amt is None or amt < 0:
            return self._reader.read_all(decoded, self._owner)
        return self._reader.read_exactly(amt, decoded, self._owner)

    def read1(self, amt: int | None = -1) -> bytes:
        """Reads what has come, at most `amt` bytes; b"" at the end."""
        reader = self._reader
        if reader.consumed or amt == 0:
            return b""
        size = READ_SIZE if amt is None or amt < 0 else amt
        return reader.read(size, reader.decode_content, self._owner)

    def readinto(self, buffer: Any) -> int:
        """Reads into a writable buffer what has come, at most its size; 0 at the end."""
        return self._reader.read_into(buffer, self._reader.decode_content, self._owner)

    def stream(
        self, amt: int | None = READ_SIZE, decode_content: bool | None = None
    ) -> Iterator[bytes]:
        """Pieces as they come, of at most `amt` bytes unless that is None."""
        check_piece_size("amt", amt)
        decoded = self._reader.decode_content if decode_content is None else decode_content
        return self._pieces(amt or READ_SIZE, decoded)

    def _pieces(self, size: int, decoded: bool) -> Iterator[bytes]:
        try:
            while not self._reader.consumed:
                piece = self._reader.read(size, decoded, self._owner)
                if piece:
                    yield piece
        except GeneratorExit:
            raise  # who has had enough may go on in another way
        except BaseException as error:
            self._reader.break_off(error, self._owner)
            raise

    def read_chunked(
        self, amt: int | None = None, decode_content: bool | None = None
    ) -> Iterator[bytes]:
        """Pieces of at most `amt` bytes, as they come, however they came."""
        return self.stream(READ_SIZE if amt is None else amt, decode_content)

    def supports_chunked_reads(self) -> bool:
        return True

    def __iter__(self) -> Iterator[bytes]:
        """The lines, each with the "\\n" that ends it, as files give them."""
        pending: list[bytes] = []
        try:
            for piece in self.stream():
                lines = piece.split(b"\n")
                pending.append(lines[0])
                for line in lines[1:]:
                    yield b"".join(pending) + b"\n"
                    pending = [line]
            rest = b"".join(pending)
            if rest:
                yield rest
        except GeneratorExit:
            raise
        except BaseException as error:
            self._reader.break_off(error, self._owner)
            raise

    def readline(self, size: int | None = -1) -> bytes:
        """One line with the "\\n" that ends it, at most `size` bytes; b"" at the end.

        Reads byte by byte, as it leaves what is behind the line; iterating is faster.
        """
        most = float("inf") if size is None or size < 0 else size
        line = bytearray()
        try:
            while len(line) < most and (byte := self.read1(1)):
                line += byte
                if byte == b"\n":
                    break
            return bytes(line)
        except BaseException as error:
            self._reader.break_off(error, self._owner)
            raise

    def readlines(self, hint: int = -1) -> list[bytes]:
        """All lines that are left."""
        return list(self)

    def __enter__(self) -> RawBody:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def tell(self) -> int:
        """How many bytes have been read, as they came."""
        return self._reader.received

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return False

    def seekable(self) -> bool:
        return False

    def isatty(self) -> bool:
        return False

    def flush(self) -> None:
        """Does nothing: for `io.TextIOWrapper`."""

    def close(self) -> None:
        """Closes the response's body."""
        self._reader.close()

    def isclosed(self) -> bool:
        """Whether nothing more can be read."""
        return self.closed

    def release_conn(self) -> None:
        """Gives the connection back, which happens by itself at the end of the body."""
        if not self._reader.consumed:
            self._reader.close()

    drain_conn = release_conn


class ForeignBody:
    """A file object that somebody gave to a response: read as it is, or through its `stream`.

    What `stream` gives is decoded already.
    """

    __slots__ = ("_pieces", "_raw", "_rest")

    def __init__(self, raw: Any) -> None:
        self._raw = raw
        self._rest = b""
        self._pieces: Iterator[bytes] | None = None

    def read(self, max_bytes: int) -> bytes:
        piece = self._rest or self._next_piece(max_bytes)
        self._rest = piece[max_bytes:]
        return piece[:max_bytes]

    def _next_piece(self, max_bytes: int) -> bytes:
        raw = self._raw
        if not hasattr(raw, "stream"):
            return raw.read(max_bytes) or b""
        if self._pieces is None:
            self._pieces = iter(raw.stream(max_bytes, decode_content=True))
        for piece in self._pieces:
            if piece:
                return piece
        return b""

    def close(self) -> None:
        for name in ("close", "release_conn"):
            method = getattr(self._raw, name, None)
            if method is not None:
                method()
