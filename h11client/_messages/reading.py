"""Reading a body once: as it came or decoded, in pieces, to a size, or whole."""

from __future__ import annotations

from io import BytesIO

from h11client._messages.decoders import Decoder, build_decoder, content_codings
from h11client.exceptions import (
    IncompleteBody,
    RequestException,
    ResponseTooLarge,
    StreamConsumedError,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any, Protocol

    from h11client._engine import h11
    from h11client._messages.decoders import Source
    from h11client.exceptions import RequestLike, ResponseLike

    class BodyProtocol(Protocol):
        """A body that is still to be read.

        `read` gives 1 to `max_bytes` bytes, b"" after the last. There may also be `trailers`
        (pairs, once the end was read), `informational` (1xx heads), `connection_info`, `abort()`,
        which closes without reading on, and `read_rest()`, which gives what is all there at once.
        """

        def read(self, max_bytes: int, /) -> bytes: ...
        def close(self) -> None: ...

    class Owner(ResponseLike, Protocol):
        """The response to which a body belongs: the errors of reading carry it."""

        @property
        def request(self) -> RequestLike: ...


__all__ = ["READ_SIZE", "BodyReader", "check_piece_size", "known_length", "read_whole"]

READ_SIZE = 65536  # bytes asked of the body at a time; it gives what has come


def check_piece_size(name: str, size: int | None) -> None:
    """Raises `TypeError` and `ValueError` for what cannot be the size of the pieces of a body."""
    if size is None:
        return
    if type(size) is bool or not isinstance(size, int):
        raise TypeError(f"{name} is an int or None, not {type(size).__name__}")
    if size < 1:
        # Pieces of no bytes would look like the end.
        raise ValueError(f"{name} is at least 1")


def known_length(headers: h11.Headers) -> int | None:
    """What Content-Length says, where that is how a body is framed (RFC 9112 section 6.3)."""
    if b"transfer-encoding" in headers.names:
        return None
    lengths = headers.values_of(b"content-length")
    return int(lengths[0]) if lengths else None


def read_whole(source: Source) -> bytes:
    """Everything that comes to the end of `source`."""
    first = source.read(READ_SIZE)
    piece = source.read(READ_SIZE) if first else b""
    if not piece:
        return first
    # Not a list of pieces: joining them would need the memory twice.
    buffer = BytesIO()
    buffer.write(first)
    del first
    while piece:
        buffer.write(piece)
        piece = source.read(READ_SIZE)
    return buffer.getvalue()


class _Wire:
    """The body as it comes, counted."""

    __slots__ = ("_read", "received")

    def __init__(self, body: BodyProtocol) -> None:
        self._read = body.read
        self.received = 0

    def read(self, max_bytes: int) -> bytes:
        piece = self._read(max_bytes)
        self.received += len(piece)
        return piece


class _Bounded:
    """A body, as it came or decoded, of which no more than `limit` bytes may come."""

    __slots__ = ("_left", "_limit", "_source")

    def __init__(self, source: Source, limit: int, announced: int) -> None:
        self._source = source
        self._limit = limit
        self._left = limit if announced <= limit else -1

    def read(self, max_bytes: int) -> bytes:
        left = self._left
        if left >= 0:
            piece = self._source.read(min(max_bytes, left + 1))
            self._left = left = left - len(piece)
        if left < 0:
            # Again and again: what a decoder still has must not come after this.
            raise ResponseTooLarge(f"the body is larger than the {self._limit} bytes allowed")
        return piece


class BodyReader:
    """Reads a body; every method is told the `owner`, so that errors can carry it.

    `consumed` says that the end was read, `decode_content` is the setting of `RawBody`. More than
    `max_size` bytes, decoded where they are read decoded, are never given out, and none where so
    many are `announced` already.
    """

    __slots__ = (
        "_announced",
        "_body",
        "_bounded",
        "_codings",
        "_decoder",
        "_failure",
        "_known",
        "_max_size",
        "_wire",
        "broken",
        "closed",
        "consumed",
        "decode_content",
    )

    def __init__(
        self,
        body: BodyProtocol,
        codings: Sequence[bytes],
        max_size: int | None = None,
        announced: int = 0,
    ) -> None:
        self._body = body
        self._max_size = max_size
        self._announced = announced
        self._bounded: _Bounded | None = None
        self._known: Source | None = None  # `_source(True)`, until something fails
        self._wire = _Wire(body)
        self._codings = codings  # values of Content-Encoding; none left when they are dealt with
        self._decoder: Decoder | None = None
        self.consumed = False
        self.broken = False
        self._failure: RequestException | None = None
        self.closed = False
        self.decode_content = False

    @property
    def received(self) -> int:
        """How many bytes have been read, as they came."""
        return self._wire.received

    @property
    def begun(self) -> bool:
        """Whether something has been read, or tried to be."""
        return self._wire.received > 0 or self.consumed or self.broken

    def read(self, max_bytes: int, decoded: bool, owner: Owner) -> bytes:
        """1 to `max_bytes` bytes, b"" after the last."""
        try:
            source = self._known
            if source is None or not decoded:
                source = self._source(decoded)
            piece = source.read(max_bytes)
            if not piece:
                self.consumed = True
            return piece
        except BaseException as error:
            self.break_off(error, owner)
            raise

    def read_exactly(self, size: int, decoded: bool, owner: Owner) -> bytes:
        """`size` bytes, fewer only at the end; what is not there yet takes no memory."""
        try:
            if not size:
                return b""
            source = self._known if decoded else None
            if source is None:
                source = self._source(decoded)
            piece = source.read(size)
            if len(piece) == size:
                return piece
            if size <= READ_SIZE and self._decoder is None:
                return self._join(piece, size, decoded, owner)
            buffer = BytesIO()
            room = READ_SIZE if size <= READ_SIZE else 0
            end = 0
            while piece:
                start, end = end, end + len(piece)
                if end > room:
                    # Its own growth, and small steps, would go an eighth beyond what was asked for.
                    room = size if size < 3 * end else 2 * end
                    buffer.seek(room - 1)
                    buffer.write(b"\0")
                    buffer.seek(start)
                buffer.write(piece)
                piece = b""  # not to be kept while the next one is made
                if end == size:
                    return buffer.getvalue()
                piece = source.read(size - end)
            self.consumed = True
            buffer.truncate()
            return buffer.getvalue()
        except BaseException as error:
            self.break_off(error, owner)
            raise

    def pieces(self, size: int, filled: bool, owner: Owner) -> Iterator[bytes]:
        """The decoded body in pieces of at most `size` bytes; `filled`: only the last is smaller.

        What `read` and `read_exactly` do, with fewer calls for each piece.
        """
        try:
            self._source(True)
            if filled and (size > READ_SIZE or self._decoder is not None):
                while piece := self.read_exactly(size, True, owner):
                    yield piece
                return
            wire = self._wire
            while True:
                source = self._known or self._source(True)
                if source is wire:  # as it does, without a call: this is the way of large bodies
                    piece = self._body.read(size)
                    wire.received += len(piece)
                else:
                    piece = source.read(size)
                if not piece:
                    break
                if filled and len(piece) < size:
                    piece = self._join(piece, size, True, owner)
                yield piece
            self.consumed = True
        except GeneratorExit:
            raise  # who has had enough may go on in another way
        except BaseException as error:
            self.break_off(error, owner)
            raise

    def _join(self, piece: bytes, size: int, decoded: bool, owner: Owner) -> bytes:
        """`piece` and what is missing of `size`: quicker than a buffer, but has it twice."""
        pieces = []
        while piece:
            pieces.append(piece)
            size -= len(piece)
            piece = self.read(size, decoded, owner) if size else b""
        self.consumed = size > 0
        return b"".join(pieces)

    def read_into(self, buffer: Any, decoded: bool, owner: Owner) -> int:
        """Reads what has come into a writable buffer, at most its size; 0 at the end."""
        view = memoryview(buffer).cast("B")
        if self.consumed or not view:
            return 0
        try:
            piece = self.read(len(view), decoded, owner)
            view[: len(piece)] = piece
            return len(piece)
        except BaseException as error:
            self.break_off(error, owner)
            raise

    def read_all(self, decoded: bool, owner: Owner) -> bytes:
        """Everything to the end."""
        try:
            content = read_whole(self._source(decoded))
            self.consumed = True
            return content
        except BaseException as error:
            self.break_off(error, owner)
            raise

    def note_whole(self, size: int) -> None:
        """Takes note that the body has been read to its end without this reader."""
        self._wire.received = size
        self.consumed = True

    def close(self) -> None:
        """Closes the body, which may read what little is left to save the connection."""
        self.closed = True
        self._body.close()

    def abort(self) -> None:
        """Closes the body without reading on, where it can."""
        self.closed = True
        getattr(self._body, "abort", self._body.close)()

    def _source(self, decoded: bool) -> Source:
        if self._failure is not None:
            # What was taken has not got to the caller: nobody goes on behind it, or to the end.
            raise self._failure
        source = self._unbounded(decoded)
        if self._max_size is not None:
            if self._bounded is None:  # one for all: nobody reads first decoded and then as it came
                self._bounded = _Bounded(source, self._max_size, self._announced)
            source = self._bounded
        if decoded:
            self._known = source
        return source

    def _unbounded(self, decoded: bool) -> Source:
        if not decoded:
            if self._decoder is not None:
                raise StreamConsumedError("the body is already being read decoded")
            return self._wire
        if self._codings:
            codings = content_codings(self._codings)
            if self._wire.received:
                raise StreamConsumedError("the body is already being read as it came")
            self._decoder = build_decoder(self._wire, codings)
            self._codings = ()
        return self._decoder or self._wire

    def name_concerned(self, error: BaseException, owner: Owner) -> None:
        """Gives an error of ours its request and response."""
        if isinstance(error, RequestException):
            if error.request is None:
                error.request = owner.request
            if error.response is None:
                error.response = owner

    def break_off(self, error: BaseException, owner: Owner) -> None:
        """Gives an error of reading its request and response, and the body up."""
        self.name_concerned(error, owner)
        if not (self.broken or isinstance(error, StreamConsumedError)):
            self._known = None
            self.broken, self.consumed = True, False
            if isinstance(error, RequestException):
                self._failure = error
            else:
                received = self._wire.received
                told = "reading the body was interrupted"
                self._failure = IncompleteBody(told, partial_length=received)
            self.abort()
