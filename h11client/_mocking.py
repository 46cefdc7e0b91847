"""A transport without a network: a function of the test's answers."""

from __future__ import annotations

from time import monotonic

from h11client._engine import h11
from h11client._messages.headers import Headers
from h11client._messages.response import Response
from h11client._timeouts import Deadline, LimitExpired
from h11client._translation import from_stream_error
from h11client.exceptions import StreamConsumedError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

    from h11client._messages.headers import HeadersArgument
    from h11client._messages.request import PreparedRequest

__all__ = ["Answer", "MockTransport"]

_NOTHING = object()


class Answer:
    """What a handler of a `MockTransport` answers.

    Args:
        status: the status code, 200 to 999.
        content: the body: text, bytes, or an iterable of bytes, each piece read by itself; an
            exception among them is raised when its turn comes.
        headers: the fields. Content-Length, and Content-Type for `json`, are added where they are
            missing.
        json: a body to be encoded, instead of `content`.
        reason: the reason phrase.

    >>> Answer(404, "no such page")
    <Answer 404>
    """

    __slots__ = ("content", "headers", "reason", "status")

    def __init__(
        self,
        status: int = 200,
        content: str | bytes | Iterable[bytes | BaseException] = b"",
        headers: HeadersArgument = None,
        *,
        json: object = _NOTHING,
        reason: str = "",
    ) -> None:
        if not 200 <= status < 1000:
            raise ValueError(f"an answer has a status from 200 to 999, not {status!r}")
        self.status = status
        self.headers = Headers(headers)
        self.reason = reason
        if json is not _NOTHING:
            from json import dumps

            content = dumps(json)
            self.headers.setdefault("Content-Type", "application/json")
        self.content = content.encode("utf-8") if isinstance(content, str) else content

    def __repr__(self) -> str:
        return f"<Answer {self.status}>"

    def respond(self, request: PreparedRequest) -> Response:
        """The response to `request`."""
        content = self.content
        headers = self.headers.copy()
        if isinstance(content, bytes) and self.status not in (204, 304):
            headers.setdefault("Content-Length", str(len(content)))
        head = h11.Response(
            status_code=self.status,
            headers=headers.wire_items(),
            reason=self.reason.encode("latin-1"),
        )
        pieces = [content] if isinstance(content, bytes) else content
        # RFC 9110 section 6.4.1: these have no content.
        empty = request.method == "HEAD" or self.status in (204, 304)
        return Response(request=request, head=head, body=_Pieces(() if empty else pieces))


class _Pieces:
    """A body made of pieces."""

    def __init__(self, pieces: Iterable[bytes | BaseException]) -> None:
        self._pieces: Iterator[bytes | BaseException] = iter(pieces)
        self._rest = b""
        self._closed = False

    def read(self, max_bytes: int) -> bytes:
        if self._closed:
            raise StreamConsumedError("the body was closed before it was read")
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return b""
            if isinstance(piece, BaseException):
                raise piece
            self._rest = piece
        piece, self._rest = self._rest[:max_bytes], self._rest[max_bytes:]
        return piece

    def close(self) -> None:
        self._closed = True


class MockTransport:
    """Answers a session's requests by calling `handler` with each.

    `handler` is called with the prepared request and returns an `Answer`, a status code, the
    arguments of an `Answer` as a tuple, text or bytes for a body, or a response of your own; what
    it raises passes. The request is checked, and its body read, as if it had been sent. `clock` is
    for tests with a `FakeClock`, which then also waits between retries.

    Kept for the test: `requests`, copies of the prepared requests; `bodies`, the bytes of their
    bodies; `options`, the other arguments of `send`; and `closed`.

    >>> from h11client import Session
    >>> transport = MockTransport(lambda request: (200, f"you asked for {request.path_url}"))
    >>> with Session(transport=transport) as session:
    ...     session.get("http://example.com/a").text
    'you asked for /a'
    >>> transport.requests[0].headers["Accept"]
    '*/*'
    """

    takes_deadline = True

    def __init__(
        self, handler: Callable[[Any], Any], clock: Callable[[], float] = monotonic
    ) -> None:
        self.handler = handler
        self.clock = clock
        self.requests: list[PreparedRequest] = []
        self.bodies: list[bytes] = []
        self.options: list[dict[str, Any]] = []
        self.closed = False

    def send(self, request: PreparedRequest, **options: Any) -> Any:
        """Asks the handler."""
        request.wire_head()  # what could not be sent is noticed here
        request.encoded_body.begin()
        _check_time(request, options.get("timeout"))
        self.requests.append(request.copy())
        self.options.append(options)
        self.bodies.append(b"".join(request.encoded_body.chunks()))
        answer = self.handler(request)
        if isinstance(answer, int):
            answer = Answer(answer)
        elif isinstance(answer, (str, bytes)):
            answer = Answer(200, answer)
        elif isinstance(answer, tuple):
            answer = Answer(*answer)
        if isinstance(answer, Answer):
            return answer.respond(request)
        if not hasattr(answer, "status_code"):
            raise TypeError(f"a handler gives an Answer or a response, not {type(answer).__name__}")
        return answer

    def close(self) -> None:
        """Notes that it was closed."""
        self.closed = True


def _check_time(request: PreparedRequest, timeout: object) -> None:
    if isinstance(timeout, Deadline):
        try:
            timeout.limit("read")
        except LimitExpired as error:
            where = request.parsed_url.authority.decode("latin-1")
            raise from_stream_error("read_head", error, where) from error
