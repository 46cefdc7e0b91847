"""Server-sent events: the lines of a text/event-stream as events, as soon as each is over.

The rules are those of the HTML standard, "9.2.6 Interpreting an event stream": UTF-8 with or
without a byte order mark; lines that end with CR LF, LF or CR; an event that is over with an empty
line, and never with the end of the stream.
"""

from __future__ import annotations

from h11client._messages.text import LineSplitter
from h11client.exceptions import ContentTypeError, ResponseTooLarge, StreamConsumedError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

__all__ = ["EventParser", "EventStream", "ServerSentEvent", "check_media_type"]

_MAX_RETRY_DIGITS = 15  # of milliseconds: 30,000 years
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_MEDIA_TYPE = "text/event-stream"


class ServerSentEvent:
    """One event of a stream: `data`, of the type `event`, "message" unless the server says so.

    `id` is the last event ID that the stream has told, with this event or before, "" without any;
    `retry` the seconds to wait before connecting again, where this event says so, else None.

    >>> ServerSentEvent("[1, 2]", "numbers").json()
    [1, 2]
    """

    __slots__ = ("data", "event", "id", "retry")

    def __init__(
        self, data: str, event: str = "message", id: str = "", retry: float | None = None
    ) -> None:
        self.data = data
        self.event = event
        self.id = id
        self.retry = retry

    def json(self, **kwargs: Any) -> Any:
        """The data as JSON; `kwargs` are those of `json.loads`, and what it raises passes."""
        from json import loads

        return loads(self.data, **kwargs)

    def _values(self) -> tuple[str, str, str, float | None]:
        return self.data, self.event, self.id, self.retry

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ServerSentEvent):
            return NotImplemented
        return self._values() == other._values()

    def __hash__(self) -> int:
        return hash(self._values())

    def __repr__(self) -> str:
        return f"ServerSentEvent({', '.join(map(repr, self._values()))})"


class EventParser:
    """Makes events of pieces of a stream, however it was cut.

    An event, the line that is not over included, may have `max_size` bytes (None: any number);
    what is larger raises `ResponseTooLarge` as soon as it is known. `last_event_id` and `retry`
    are what the stream has said so far.

    >>> parser = EventParser()
    >>> [event.data for event in parser.feed(b"data: a\\ndata: b\\n\\nda")]
    ['a\\nb']
    """

    __slots__ = (
        "_data",
        "_event",
        "_first",
        "_id",
        "_lines",
        "_max_size",
        "_own_retry",
        "_pending",
        "_size",
        "last_event_id",
        "retry",
    )

    def __init__(self, max_size: int | None = None) -> None:
        self._max_size = max_size
        self._lines = LineSplitter()
        self._first = True  # the first line is still to come, perhaps with a byte order mark
        self._pending = 0  # bytes of the line that is not over
        self._size = 0  # bytes of the event that is not over
        self._data: list[str] = []
        self._event = ""
        self._id = ""
        self._own_retry: float | None = None  # of the event that is not over
        self.last_event_id = ""
        self.retry: float | None = None

    def feed(self, piece: bytes) -> Iterator[ServerSentEvent]:
        """The events that are over with this piece; each is made when it is asked for."""
        for line in self._lines.feed(piece):
            self._check(len(line))
            event = self._take(line)
            if event is not None:
                yield event
        behind = len(piece) - 1 - max(piece.rfind(b"\n"), piece.rfind(b"\r"))
        self._pending = behind if behind < len(piece) else self._pending + behind
        self._check(self._pending)

    def _check(self, line: int) -> None:
        if self._max_size is not None and self._size + line > self._max_size:
            raise ResponseTooLarge(f"an event is larger than the {self._max_size} bytes allowed")

    def _take(self, line: bytes) -> ServerSentEvent | None:
        if self._first:
            self._first = False
            line = line.removeprefix(_BYTE_ORDER_MARK)
        if not line:
            return self._dispatch()
        name, _, value = line.partition(b":")
        if name in (b"data", b"event", b"id"):
            self._size += len(line)
            # No character of UTF-8 has CR or LF in it, so that lines decode as the whole does.
            text = value.removeprefix(b" ").decode("utf-8", "replace")
            if name == b"data":
                self._data.append(text)
            elif name == b"event":
                self._event = text
            elif "\0" not in text:
                self._id = text
        elif name == b"retry":
            digits = value.removeprefix(b" ")
            if digits.isdigit() and len(digits) <= _MAX_RETRY_DIGITS:
                self.retry = self._own_retry = int(digits) / 1000
        return None  # all else is ignored: comments, which have no name, and unknown fields

    def _dispatch(self) -> ServerSentEvent | None:
        self.last_event_id = self._id
        data, event, retry = self._data, self._event, self._own_retry
        self._data, self._event, self._own_retry, self._size = [], "", None, 0
        if not data:
            return None
        return ServerSentEvent("\n".join(data), event or "message", self._id, retry)


class EventStream:
    """The events of a response, to be iterated over; what `Response.iter_events` returns.

    `last_event_id` is the ID to send as Last-Event-ID when connecting again, "" when the server has
    told none; `retry` how many seconds to wait before that, None when it has not said so.
    """

    __slots__ = ("_events", "_failure", "_parser", "_response")

    def __init__(self, response: Any, pieces: Iterator[bytes], max_event_size: int | None) -> None:
        self._response = response
        self._parser = EventParser(max_event_size)
        self._events = self._parse(pieces)
        self._failure: Exception | None = None

    @property
    def last_event_id(self) -> str:
        """The last event ID that came, "" without any."""
        return self._parser.last_event_id

    @property
    def retry(self) -> float | None:
        """The seconds to wait before connecting again, as the server has said; else None."""
        return self._parser.retry

    def __iter__(self) -> EventStream:
        return self

    def __next__(self) -> ServerSentEvent:
        if self._failure is not None:
            raise self._failure  # else the end would seem to be that of the stream
        try:
            return next(self._events)
        except StopIteration:
            raise
        except Exception as error:
            self._failure = error
            raise
        except BaseException:
            self._failure = StreamConsumedError("reading the events was interrupted")
            raise

    def _parse(self, pieces: Iterator[bytes]) -> Iterator[ServerSentEvent]:
        for piece in pieces:
            try:
                yield from self._parser.feed(piece)
            except ResponseTooLarge as error:
                self._response._open().break_off(error, self._response)
                raise

    def __repr__(self) -> str:
        return f"<EventStream of {self._response!r}>"


def check_media_type(response: Any) -> None:
    """Raises `ContentTypeError` unless a response says that it is a stream of events."""
    types = response.headers.get_list("content-type")
    told = types[0] if types else None
    if told is None or told.partition(";")[0].strip(" \t").lower() != _MEDIA_TYPE:
        shown = "of no type" if told is None else repr(told[:100])
        raise ContentTypeError(
            f"the answer, {response.status_code}, is {shown} and not {_MEDIA_TYPE}",
            request=response.request,
            response=response,
        )
