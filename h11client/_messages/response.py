"""`Response`: what came back, read as much and as late as the caller wants.

A response has its head, and a body of which it knows two methods: `read(max_bytes)`, which gives
b"" at the end, and `close()`. The headers as a mapping, the text and the decoder are made when
somebody asks for them. The body is read once: either into `content`, which is kept, or piece by
piece, which is not.
"""

from __future__ import annotations

from h11client import exceptions
from h11client._messages.headers import Headers
from h11client._messages.informational import InformationalResponse
from h11client._messages.reading import READ_SIZE, BodyReader, RawBody, read_whole
from h11client._messages.text import (
    LineSplitter,
    TextDecoder,
    charset_of,
    decode_text,
    guess_encoding,
)
from h11client.exceptions import HTTPError, StreamConsumedError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import timedelta
    from types import TracebackType
    from typing import Any, TypeVar

    from h11client._engine import h11
    from h11client._messages.reading import BodyProtocol
    from h11client._messages.request import PreparedRequest
    from h11client._transport.upgrading import UpgradedStream

    Self = TypeVar("Self", bound="Response")

__all__ = ["Response"]

LINES_READ = 8192  # bytes at a time for lines: more gains nothing
_LONGEST_REASON = 200  # characters of the peer's that go into a message

# RFC 9110 section 6.5.1: fields that mean something before the content, and must not come behind.
_NO_TRAILERS = frozenset(
    [
        *("transfer-encoding", "content-length", "host", "trailer", "te", "connection"),
        *("content-encoding", "content-type", "content-range", "cache-control", "expect"),
        *("max-forwards", "pragma", "range", "age", "expires", "date", "location", "retry-after"),
        *("vary", "warning", "upgrade", "authorization", "proxy-authorization"),
        *("www-authenticate", "proxy-authenticate", "set-cookie", "cookie"),
    ]
)


class Response:
    """The answer to a request, with what requests offers on it, and more.

    `request` is what was asked, `url` where, `history` the responses before it. `status_code` is
    the number; `reason` the peer's words for it, perhaps "". With `stream=True` the body is still
    with its connection, which goes back when the body is read to its end or closed: use the
    response as a context manager, or `close()` it.

    `max_response_size` is the number of bytes, decoded, that may be read of it; None: any number.

    Reading raises `IncompleteBody`, `ContentDecodingError`, `BodyReadTimeout` and `ConnectionError`
    with `.request` and `.response` set, `ResponseTooLarge`, and `StreamConsumedError` for what was
    read already.
    """

    __slots__ = (
        "__dict__",
        "__weakref__",
        "_body",
        "_content",
        "_encoding",
        "_head",
        "_headers",
        "_offset",
        "_reader",
        "_seconds",
        "history",
        "max_response_size",
        "request",
        "status_code",
        "url",
    )

    def __init__(
        self,
        *,
        request: PreparedRequest,
        head: h11.Response | h11.InformationalResponse,
        body: BodyProtocol,
        elapsed: float = 0.0,
    ) -> None:
        self.request = request
        self.url = request.parsed_url.text
        self.status_code = head.status_code
        self.history: list[Response] = []
        self.max_response_size: int | None = None
        self._head = head
        self._body = body
        self._seconds = elapsed
        self._headers: Headers | None = None
        self._encoding: str | None = None
        self._content: bytes | None = None
        self._offset = 0  # of `read` in a `_content` that is kept
        self._reader: BodyReader | None = None  # there once reading has begun

    def __repr__(self) -> str:
        return f"<Response [{self.status_code}]>"

    def __bool__(self) -> bool:
        return self.ok

    def __iter__(self) -> Iterator[bytes]:
        return self.iter_content(128)

    def __enter__(self: Self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if kind is None:
            self.close()
        else:
            self._open().abort()

    def __reduce__(self) -> tuple[object, ...]:
        # Exceptions carry responses, and have to be picklable. The connection stays.
        state = (self._content, self._encoding, self._headers, self.history, self._seconds)
        rest = (self.trailers.wire_items(), getattr(self._body, "informational", None))
        return _restored, (self.request, self._head, state, *rest)

    # --- the head --------------------------------------------------------------------------

    @property
    def ok(self) -> bool:
        """Whether the status says that it worked: anything from 100 to 399."""
        return self.status_code < 400

    @property
    def reason(self) -> str:
        """The reason phrase, which the peer may leave out (RFC 9112 section 4)."""
        return self._head.reason.decode("latin-1")

    @property
    def http_version(self) -> str:
        """The version of the response, "HTTP/1.1" for instance."""
        return "HTTP/" + self._head.http_version.decode("ascii")

    @property
    def headers(self) -> Headers:
        """The header fields."""
        if self._headers is None:
            self._headers = Headers.from_wire(self._head.headers.raw_items())
        return self._headers

    @property
    def trailers(self) -> Headers:
        """The fields behind a chunked body, once it was read; empty when there are none.

        They never become headers, and those that steer framing, routing, authentication or
        cookies are left out (RFC 9110 section 6.5.1).
        """
        fields = getattr(self._body, "trailers", None)
        if fields is not None and hasattr(fields, "raw_items"):
            fields = fields.raw_items()
        trailers = Headers.from_wire(fields or ())
        for name in list(trailers):
            if name.lower() in _NO_TRAILERS:
                del trailers[name]
        return trailers

    @property
    def informational(self) -> list[InformationalResponse]:
        """The 1xx responses before this one (RFC 9110 section 15.2)."""
        found = getattr(self._body, "informational", None) or ()
        return [InformationalResponse.of(event) for event in found]

    @property
    def connection_info(self) -> Any:
        """Over which connection it came; None when there was none."""
        return getattr(self._body, "connection_info", None)

    @property
    def timings(self) -> Any:
        """How long pool, dns, connect, tls, send, first_byte and total took: see `Timings`."""
        return getattr(self._body, "timings", None)

    @property
    def elapsed(self) -> timedelta:
        """The time from sending, waiting for a connection included, to the end of the head."""
        from datetime import timedelta

        return timedelta(seconds=self._seconds)

    def raise_for_status(self) -> None:
        """Raises `HTTPError` for a status of 400 or more."""
        status = self.status_code
        if status < 400:
            return
        kind = "Client Error" if status < 500 else "Server Error" if status < 600 else "Unknown"
        reason = self.reason[:_LONGEST_REASON]
        if not reason.isprintable():
            reason = repr(reason)
        message = f"{status} {kind}: {reason} for url: {self.url}"
        raise HTTPError(message, request=self.request, response=self)

    # --- the body --------------------------------------------------------------------------

    @property
    def content(self) -> bytes:
        """The whole body, decoded; read now if it was not yet, and kept.

        Raises `StreamConsumedError` when it has been read in pieces, even in part: what is left is
        not the content.
        """
        content = self._content
        if content is None:
            content = self._content = self._read_content()
        return content

    def _read_content(self) -> bytes:
        reader = self._reader
        if (
            reader is None
            and self.max_response_size is None
            and not self._head.headers.values_of(b"content-encoding")
        ):
            # What most responses are, without what only the others need.
            try:
                return read_whole(self._body)
            except BaseException as error:
                self._open().break_off(error, self)
                raise
        if reader is None:
            reader = self._open()
        if reader.begun:
            raise StreamConsumedError(
                "the body has been read in pieces", request=self.request, response=self
            )
        return reader.read_all(True, self)

    @property
    def encoding(self) -> str | None:
        """The charset of the text: what was assigned, else the Content-Type's, else None."""
        return self._charset() if self._encoding is None else self._encoding

    @encoding.setter
    def encoding(self, encoding: str | None) -> None:
        self._encoding = encoding

    @property
    def apparent_encoding(self) -> str:
        """What the content is in by its own account: byte order mark, UTF-8, else windows-1252."""
        return guess_encoding(self.content)

    @property
    def text(self) -> str:
        """The content as text; bytes that are none in its charset are replaced."""
        return decode_text(self.content, self.encoding)

    def json(self, **kwargs: Any) -> Any:
        """The content as JSON in UTF-8, 16 or 32 (RFC 8259); `kwargs` are those of `json.loads`.

        Raises `JSONDecodeError` when it is not JSON.
        """
        from json import JSONDecodeError, loads

        content = self.text if self._encoding is not None else self.content
        try:
            try:
                return loads(content, **kwargs)
            except UnicodeDecodeError:
                return loads(self.text, **kwargs)
        except JSONDecodeError as error:
            raise exceptions.JSONDecodeError(
                error.msg, error.doc, error.pos, request=self.request, response=self
            ) from error
        except (RecursionError, ValueError) as error:
            if kwargs:
                raise  # perhaps the caller's own
            # Nested too deep, or a number of too many digits.
            raise exceptions.JSONDecodeError(
                str(error), "", 0, request=self.request, response=self
            ) from error

    def read(self, size: int | None = -1) -> bytes:
        """`size` bytes of the decoded body, fewer only at its end; without `size` all the rest.

        Without `size`, a body of which nothing was read yet becomes `content`.
        """
        if size is None or size < 0:
            if self._content is not None or self._reader is None or not self._reader.begun:
                start, self._offset = self._offset, len(self.content)
                return self.content[start:]
            return self._open().read_all(True, self)
        if self._content is not None:
            start = self._offset
            self._offset = min(start + size, len(self._content))
            return self._content[start : self._offset]
        reader = self._open()
        return b"" if reader.consumed else reader.read_exactly(size, True, self)

    def readinto(self, buffer: Any) -> int:
        """Reads what has come, decoded, into a writable buffer; 0 at the end, and for no room."""
        view = memoryview(buffer).cast("B")
        if self._content is not None:
            piece = self.read(len(view))
        else:
            reader = self._open()
            piece = b"" if reader.consumed or not view else reader.read(len(view), True, self)
        view[: len(piece)] = piece
        return len(piece)

    def iter_content(
        self, chunk_size: int | None = 1, decode_unicode: bool = False
    ) -> Iterator[Any]:
        """Pieces of the decoded body, at most `chunk_size` bytes each; None: as they come.

        With `decode_unicode` they are text: by `encoding`, byte order mark, else UTF-8.
        """
        if chunk_size is not None and (type(chunk_size) is bool or not isinstance(chunk_size, int)):
            raise TypeError(f"chunk_size is an int or None, not {type(chunk_size).__name__}")
        if chunk_size is not None and chunk_size < 1:
            raise ValueError("chunk_size is at least 1")
        self._check_readable()
        pieces = self._pieces(chunk_size)
        return self._text_of(pieces) if decode_unicode else pieces

    def iter_bytes(self, chunk_size: int | None = None) -> Iterator[bytes]:
        """Pieces of the decoded body, as they come or at most `chunk_size` bytes each."""
        return self.iter_content(chunk_size)

    def iter_text(self, chunk_size: int | None = None) -> Iterator[str]:
        """The text of the body piece by piece: by `encoding`, byte order mark, else UTF-8."""
        return self.iter_content(chunk_size, True)

    def iter_raw(self, chunk_size: int | None = None) -> Iterator[bytes]:
        """Pieces of the body as it came, content codings and all."""
        if self._content is not None:
            raise StreamConsumedError(
                "the body has been read decoded", request=self.request, response=self
            )
        self._check_readable()
        return self.raw.stream(READ_SIZE if chunk_size is None else chunk_size, False)

    def iter_lines(
        self,
        chunk_size: int | None = LINES_READ,
        decode_unicode: bool = False,
        delimiter: str | bytes | None = None,
    ) -> Iterator[Any]:
        """The lines of the decoded body without their ends, each as soon as it is over.

        They end as `splitlines()` says, or at `delimiter`. With `decode_unicode` they are text.
        """
        pieces = self.iter_content(max(chunk_size or 0, LINES_READ), decode_unicode)
        return _lines_of(pieces, delimiter)

    @property
    def raw(self) -> RawBody:
        """The body as a file object, as it came."""
        return RawBody(self._open(), self)

    def upgrade(self) -> UpgradedStream:
        """The connection itself, after a 101 or a 2xx to CONNECT, with all that came on it.

        It belongs to the caller from now on. Raises `ValueError` when this response does not switch
        protocols, and `StreamConsumedError` the second time (RFC 9110 sections 7.8 and 9.3.6).
        """
        hand_over = getattr(self._body, "upgrade", None)
        if hand_over is None:
            raise ValueError("this response has no connection to hand over")
        try:
            upgraded: UpgradedStream = hand_over()
        except BaseException as error:
            self._open().name_concerned(error, self)
            raise
        return upgraded

    def close(self) -> None:
        """Gives the connection back: for reuse when little is left of the body, else closed."""
        self._open().close()

    def _open(self) -> BodyReader:
        reader = self._reader
        if reader is None:
            codings = self._head.headers.values_of(b"content-encoding")
            # RFC 9110 section 6.4.1: no content, so there is nothing to decode.
            empty = self.status_code in (204, 304) or self.request.method == "HEAD"
            if empty:
                codings = []
            most = self.max_response_size
            announced = 0 if empty or most is None else self._announced_size()
            reader = self._reader = BodyReader(self._body, codings, most, announced)
            if self._content is not None:
                reader.note_whole(len(self._content))
        return reader

    def _announced_size(self) -> int:
        """The Content-Length where it is that of what is read (RFC 9112 section 6.3), else 0."""
        values_of = self._head.headers.values_of
        if values_of(b"transfer-encoding") or values_of(b"content-encoding"):
            return 0
        lengths = values_of(b"content-length")
        return int(lengths[0]) if lengths else 0

    def _check_readable(self) -> None:
        if self._content is None and self._reader is not None and self._reader.consumed:
            raise StreamConsumedError(
                "the body has been read already", request=self.request, response=self
            )

    def _pieces(self, size: int | None) -> Iterator[bytes]:
        content = self._content
        if content is None:
            reader = self._open()
            while piece := reader.read(size or READ_SIZE, True, self):
                yield piece
            return
        step = size or max(len(content), 1)
        for start in range(0, len(content), step):
            yield content[start : start + step]

    def _text_of(self, pieces: Iterator[bytes]) -> Iterator[str]:
        decoder = TextDecoder(self.encoding)
        for piece in pieces:
            text = decoder.feed(piece)
            if text:
                yield text
        text = decoder.feed(b"", True)
        if text:
            yield text

    def _charset(self) -> str | None:
        types = self._head.headers.values_of(b"content-type")
        return charset_of(types[0].decode("latin-1")) if types else None


def _lines_of(pieces: Iterator[Any], delimiter: str | bytes | None) -> Iterator[Any]:
    splitter = LineSplitter(delimiter)
    for piece in pieces:
        yield from splitter.feed(piece)
    yield from splitter.finish()


class _LeftBody:
    """What a pickle has of a body: nothing that could be read."""

    __slots__ = ("informational", "trailers")

    def __init__(self, trailers: list[tuple[bytes, bytes]], informational: Any) -> None:
        self.trailers = trailers
        self.informational = informational

    def read(self, max_bytes: int) -> bytes:
        raise StreamConsumedError("the body was not read before the response was pickled")

    def close(self) -> None:
        pass


def _restored(
    request: PreparedRequest,
    head: h11.Response,
    state: tuple[bytes | None, str | None, Headers | None, list[Response], float],
    trailers: list[tuple[bytes, bytes]],
    informational: Any,
) -> Response:
    body = _LeftBody(trailers, informational)
    response = Response(request=request, head=head, body=body)
    content, response._encoding, response._headers, response.history, response._seconds = state
    response._content = content
    return response
