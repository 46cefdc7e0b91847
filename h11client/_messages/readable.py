"""What can be read of a response: its body whole, in pieces, as text, lines, JSON or a file.

The body is read once: either into `content`, which is kept, or piece by piece, which is not. The
headers, the text and the decoder are made when somebody asks for them.
"""

from __future__ import annotations

from h11client import exceptions
from h11client._messages.raw import ForeignBody, RawBody
from h11client._messages.reading import (
    READ_SIZE,
    BodyReader,
    check_piece_size,
    known_length,
    read_whole,
)
from h11client._messages.text import (
    LineSplitter,
    TextDecoder,
    charset_of,
    decode_text,
    guess_encoding,
)
from h11client.exceptions import StreamConsumedError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from h11client._engine import h11
    from h11client._messages.event_stream import EventStream
    from h11client._messages.headers import Headers
    from h11client._messages.reading import BodyProtocol
    from h11client._progress import OnProgress

__all__ = ["DECLARED", "NOTHING", "Readable"]

LINES_READ = 8192  # bytes at a time for lines: more gains nothing
EVENT_SIZE = 1024 * 1024  # bytes of one event: what is pushed is small


class _Declared:
    """Says that nobody assigned an encoding, where None means to guess."""

    def __reduce__(self) -> str:
        return "DECLARED"  # stays the one object


DECLARED: Any = _Declared()


class _Nothing:
    """The body of a response that was given none."""

    __slots__ = ()

    def read(self, max_bytes: int) -> bytes:
        return b""

    def close(self) -> None:
        pass


NOTHING = _Nothing()


class Readable:
    """A head and its body, of which it knows two methods: `read(max_bytes)`, which gives b"" at the
    end, and `close()`.
    """

    __slots__ = (
        "_body",
        "_encoding",
        "_head",
        "_headers",
        "_offset",
        "_reader",
        "_whole",
        "max_response_size",
        "request",
        "status_code",
    )

    _body: BodyProtocol
    _encoding: Any
    _head: h11.Response | h11.InformationalResponse | None  # None: it never was on a wire
    _headers: Headers | None
    _offset: int  # of `read` in what is kept
    _reader: BodyReader | None  # there once reading has begun
    _whole: bytes | None  # the content
    max_response_size: int | None
    request: Any
    status_code: int
    # What hardly any response has.
    _given_raw: Any = None
    _raw_known: Any = None

    if TYPE_CHECKING:

        @property
        def url(self) -> str: ...
        @property
        def reason(self) -> Any: ...
        @property
        def headers(self) -> Headers: ...

    def __iter__(self) -> Iterator[bytes]:
        return self.iter_content(128)

    @property
    def content(self) -> bytes:
        """The whole body, decoded; read now if it was not yet, and kept.

        Raises `StreamConsumedError` when it has been read in pieces, even in part: what is left is
        not the content.
        """
        content = self._whole
        if content is None:
            try:
                content = self._whole = self._read_content()
            except StreamConsumedError:
                if self._whole is None:
                    raise
                content = self._whole  # another thread was quicker
        return content

    def _read_content(self) -> bytes:
        reader = self._reader
        try:
            if (
                reader is None
                and self.max_response_size is None
                and self._head is not None
                and b"content-encoding" not in self._head.headers.names
            ):
                # What most responses are, without what only the others need.
                body = self._body
                read_rest = getattr(body, "read_rest", None)  # of one that is all there
                if read_rest is not None:
                    return read_rest()  # type: ignore[no-any-return]  # it is bytes
                content = read_whole(body)
                self._check_own(len(content))
                return content
            if reader is None:
                reader = self._open()
            if reader.begun:
                raise StreamConsumedError("the body has been read in pieces")
            content = reader.read_all(True, self)
            self._check_own(reader.received)
            return content
        except BaseException as error:
            self._give_up(error)
            raise

    def _check_own(self, received: int) -> None:
        """What several threads have read of a body is the content for none of them."""
        if getattr(self._body, "_received", received) != received:
            raise StreamConsumedError("another thread has read part of the body")

    @property
    def _content(self) -> Any:
        # As in requests, where adapters and tests assign it: False as long as nothing was read.
        return False if self._whole is None else self._whole

    @_content.setter
    def _content(self, content: Any) -> None:
        self._whole = None if content is False else content
        self._reader = None

    @property
    def _content_consumed(self) -> bool:
        return self._whole is not None or (self._reader is not None and self._reader.consumed)

    @_content_consumed.setter
    def _content_consumed(self, consumed: bool) -> None:
        if consumed:
            self._open().consumed = True

    @property
    def encoding(self) -> str | None:
        """The charset of the text: what was assigned, else the Content-Type's, else None.

        None, assigned too, lets the content speak for itself.
        """
        encoding: str | None = self._encoding
        return self._charset() if encoding is DECLARED else encoding

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

        told = self._encoding is not DECLARED and self._encoding is not None
        content = self.text if told else self.content
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
                str(error), self.text, 0, request=self.request, response=self
            ) from error

    def read(self, size: int | None = -1) -> bytes:
        """`size` bytes of the decoded body, fewer only at its end; without `size` all the rest.

        Without `size`, a body of which nothing was read yet becomes `content`.
        """
        if size is None or size < 0:
            if self._whole is not None or self._reader is None or not self._reader.begun:
                content = self.content
                return self._read_kept(content, len(content))
            return self._open().read_all(True, self)
        if self._whole is not None:
            return self._read_kept(self._whole, size)
        reader = self._open()
        return b"" if reader.consumed else reader.read_exactly(size, True, self)

    def _read_kept(self, content: bytes, size: int) -> bytes:
        start = self._offset
        try:
            self._offset = end = min(start + size, len(content))
            return content[start:end]
        except BaseException:
            self._offset = start  # it has not got to the caller
            raise

    def readinto(self, buffer: Any) -> int:
        """Reads what has come, decoded, into a writable buffer; 0 at the end, and for no room."""
        if self._whole is None:
            return self._open().read_into(buffer, True, self)
        view = memoryview(buffer).cast("B")
        piece = self.read(len(view))
        view[: len(piece)] = piece
        return len(piece)

    def iter_content(
        self, chunk_size: int | None = 1, decode_unicode: bool = False
    ) -> Iterator[Any]:
        """Pieces of the decoded body, at most `chunk_size` bytes each; None: as they come.

        Where Content-Length says how much there is, only the last one has fewer bytes. With
        `decode_unicode` they are text: by `encoding`, byte order mark, else UTF-8.
        """
        check_piece_size("chunk_size", chunk_size)
        self._check_readable()
        pieces = self._pieces(chunk_size, chunk_size is not None and self._wire_size() is not None)
        return self._text_of(pieces) if decode_unicode else pieces

    def iter_bytes(self, chunk_size: int | None = None) -> Iterator[bytes]:
        """Pieces of the decoded body, as they come or at most `chunk_size` bytes each."""
        return self.iter_content(chunk_size)

    def iter_text(self, chunk_size: int | None = None) -> Iterator[str]:
        """The text of the body piece by piece: by `encoding`, byte order mark, else UTF-8."""
        return self.iter_content(chunk_size, True)

    def iter_raw(self, chunk_size: int | None = None) -> Iterator[bytes]:
        """Pieces of the body as it came, content codings and all."""
        check_piece_size("chunk_size", chunk_size)
        if self._whole is not None:
            raise StreamConsumedError(
                "the body has been read decoded", request=self.request, response=self
            )
        self._check_readable()
        raw = RawBody(self._open(), self)
        return raw.stream(chunk_size, False)

    def iter_lines(
        self,
        chunk_size: int | None = LINES_READ,
        decode_unicode: bool = False,
        delimiter: str | bytes | None = None,
    ) -> Iterator[Any]:
        """The lines of the decoded body without their ends, each as soon as it is over.

        They end as `splitlines()` says, or at `delimiter`. With `decode_unicode` they are text.
        """
        self._check_readable()
        pieces: Iterator[Any] = self._pieces(max(chunk_size or 0, LINES_READ))
        if decode_unicode:
            pieces = self._text_of(pieces)
        return self._lines_of(pieces, delimiter or None)

    def iter_events(
        self, *, max_event_size: int | None = EVENT_SIZE, check_type: bool = True
    ) -> EventStream:
        """The server-sent events of the body (the HTML standard, section 9.2), as they come.

        The iterator also has `last_event_id` and `retry`. An event of more than `max_event_size`
        bytes raises `ResponseTooLarge`. With `check_type` a response whose Content-Type is not
        text/event-stream raises `ContentTypeError` at once.
        """
        from h11client._messages.event_stream import EventStream, check_media_type

        if check_type:
            check_media_type(self)
        self._check_readable()
        return EventStream(self, self._pieces(None), max_event_size)

    @property
    def raw(self) -> Any:
        """The body as a file object, as it came."""
        given = self._given_raw
        if given is not None or self._head is None:
            return given
        known = self._raw_known
        raw = None if known is None else known()
        if raw is None:
            from weakref import ref

            # What programs set on it has to be there again; two that hold each other would keep
            # the connection until the collector comes.
            raw = RawBody(self._open(), self)
            self._raw_known = ref(raw)
        return raw

    @raw.setter
    def raw(self, raw: Any) -> None:
        self._given_raw = raw
        self._body = NOTHING if raw is None else ForeignBody(raw)
        self._reader = None

    def close(self) -> None:
        """Gives the connection back: for reuse when little is left of the body, else closed."""
        self._open().close()

    def _open(self) -> BodyReader:
        reader = self._reader
        if reader is None:
            head = self._head
            # What was given as a file is decoded already, or not meant to be.
            foreign = head is None or self._given_raw is not None
            codings = () if foreign or head is None else head.headers.values_of(b"content-encoding")
            # RFC 9110 section 6.4.1: no content, so there is nothing to decode.
            empty = foreign or self.status_code in (204, 304) or self.request.method == "HEAD"
            if empty:
                codings = ()
            most = self.max_response_size
            announced = 0 if empty or most is None else self._announced_size()
            reader = self._reader = BodyReader(self._body, codings, most, announced)
            if self._whole is not None:
                reader.note_whole(len(self._whole))
        return reader

    def _announced_size(self) -> int:
        """The Content-Length where it is that of what is read, else 0."""
        assert self._head is not None
        if self._head.headers.values_of(b"content-encoding"):
            return 0
        return self._wire_size() or 0

    def _wire_size(self) -> int | None:
        """The Content-Length where it is that of what comes (RFC 9112 section 6.3)."""
        return None if self._head is None else known_length(self._head.headers)

    def _report_to(self, on_progress: OnProgress) -> None:
        """Has the reading of the body reported; to be called before it begins."""
        from h11client._progress import DownloadProgress

        self._body = DownloadProgress(self._body, self._wire_size(), on_progress)

    def _check_readable(self) -> None:
        if self._whole is None and self._reader is not None and self._reader.consumed:
            raise StreamConsumedError(
                "the body has been read already", request=self.request, response=self
            )

    def _pieces(self, size: int | None, filled: bool = False) -> Iterator[bytes]:
        content = self._whole
        if content is None:
            yield from self._open().pieces(size or READ_SIZE, filled, self)
            return
        step = size or max(len(content), 1)
        for start in range(0, len(content), step):
            yield content[start : start + step]

    def _text_of(self, pieces: Iterator[bytes]) -> Iterator[str]:
        decoder = TextDecoder(self.encoding)
        try:
            for piece in pieces:
                text = decoder.feed(piece)
                if text:
                    yield text
            text = decoder.feed(b"", True)
            if text:
                yield text
        except GeneratorExit:
            raise
        except BaseException as error:
            self._give_up(error)
            raise

    def _lines_of(self, pieces: Iterator[Any], delimiter: str | bytes | None) -> Iterator[Any]:
        splitter = LineSplitter(delimiter)
        try:
            for piece in pieces:
                yield from splitter.feed(piece)
            yield from splitter.finish()
        except GeneratorExit:
            raise
        except BaseException as error:
            self._give_up(error)
            raise

    def _give_up(self, error: BaseException) -> None:
        """What was read has not got to the caller, so that nothing behind it may, or its end."""
        if self._whole is None:
            self._open().break_off(error, self)

    def _charset(self) -> str | None:
        if self._head is not None:
            types = self._head.headers.values_of(b"content-type")
            return charset_of(types[0].decode("latin-1")) if types else None
        named = self._headers.get_list("content-type") if self._headers else None
        return charset_of(named[0]) if named else None
