"""`Response`: what came back, read as much and as late as the caller wants."""

from __future__ import annotations

from h11client._messages.headers import Headers
from h11client._messages.informational import InformationalResponse
from h11client._messages.readable import DECLARED, NOTHING, Readable
from h11client.exceptions import HTTPError, RequestException, StreamConsumedError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import timedelta
    from types import TracebackType
    from typing import Any, TypeVar

    from h11client._attempts import Attempt
    from h11client._engine import h11
    from h11client._messages.headers import HeadersArgument
    from h11client._messages.reading import BodyProtocol
    from h11client._messages.request import PreparedRequest
    from h11client._transport.upgrading import UpgradedStream
    from h11client.cookies import RequestsCookieJar

    Self = TypeVar("Self", bound="Response")

__all__ = ["Response"]

_LONGEST_REASON = _LONGEST_URL = 200  # characters of the peer's that go into a message

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
_REDIRECTS = frozenset([301, 302, 303, 307, 308])  # RFC 9110 section 15.4
_PERMANENT = frozenset([301, 308])


class Response(Readable):
    """The answer to a request, with what requests offers on it, and more.

    `request` is what was asked, `url` where, `history` the responses before it, `connection` the
    transport that it came through. `status_code` is the number. With `stream=True` the body is
    still with its connection, which goes back when the body is read to its end or closed: use the
    response as a context manager, or `close()` it.

    Made without arguments it is empty, and everything can be assigned: `status_code`, `url`,
    `headers`, `reason`, `request`, and as the body `raw`, a file object. Transports that have no
    use for a network do that, and tests.

    `max_response_size` is the number of bytes, decoded, that may be read of it; None: any number.

    Reading raises `IncompleteBody`, `ContentDecodingError`, `BodyReadTimeout` and `ConnectionError`
    with `.request` and `.response` set, `ResponseTooLarge`, and `StreamConsumedError` for what was
    read already.

    >>> import io
    >>> response = Response()
    >>> response.status_code, response.raw = 200, io.BytesIO(b'{"a": 1}')
    >>> response.ok, response.json()
    (True, {'a': 1})
    """

    __slots__ = ("__dict__", "__weakref__", "_seconds", "connection", "history", "url")

    # As for a session's; programs written for requests copy what it names.
    __attrs__: list[str] = [
        *("_content", "status_code", "url", "headers", "history", "encoding", "reason", "cookies"),
        *("elapsed", "request"),
    ]

    url: str
    history: list[Response]
    connection: Any
    # What hardly any response has.
    _given_reason: Any = None
    _jar: Any = None
    _next: Any = None  # also (session, request): what to ask when somebody wants to know
    _attempts_before: tuple[Attempt, ...] = ()

    def __init__(
        self,
        *,
        request: PreparedRequest | None = None,
        head: h11.Response | h11.InformationalResponse | None = None,
        body: BodyProtocol = NOTHING,
        elapsed: float = 0.0,
    ) -> None:
        self.request = request
        self._head = head
        self._body = body
        self._seconds = elapsed
        self._headers: Headers | None = None
        self._encoding = DECLARED
        self._whole: bytes | None = None
        self._offset = 0
        self._reader = None
        self.history = []
        self.connection = None
        self.max_response_size = None
        if head is not None and request is not None:
            self.url = request.parsed_url.text
            self.status_code = head.status_code
        else:
            self.url = self.status_code = None  # type: ignore[assignment]  # until it is assigned

    def __repr__(self) -> str:
        return f"<Response [{self.status_code}]>"

    def __bool__(self) -> bool:
        return self.ok

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

    # --- pickling: exceptions carry responses; the connection stays -------------------------

    def __getstate__(self) -> dict[str, Any]:
        reader = self._reader
        if self._whole is None and (reader is None or not (reader.begun or reader.closed)):
            try:
                self.content  # noqa: B018  # as in requests
            except RequestException:
                pass  # and reading the copy will say that there is nothing
        names = ["request", "url", "status_code", "history", "max_response_size", "_head"]
        names += ["_whole", "_encoding", "_seconds", "_given_reason", "_jar", "_attempts_before"]
        state = {name: getattr(self, name) for name in names}
        state["_headers"] = self.headers
        informational = getattr(self._body, "informational", None)
        state["_body"] = _LeftBody(self.trailers.wire_items(), informational)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        Response.__init__(self)
        for name, value in state.items():
            setattr(self, name, value)

    # --- the head --------------------------------------------------------------------------

    @property
    def ok(self) -> bool:
        """Whether the status says that it worked: anything from 100 to 399."""
        return self.status_code < 400

    @property
    def is_redirect(self) -> bool:
        """Whether it says where else to ask (RFC 9110 section 15.4)."""
        return self.status_code in _REDIRECTS and "location" in self.headers

    @property
    def is_permanent_redirect(self) -> bool:
        """Whether it says where else to ask from now on: a 301 or 308."""
        return self.status_code in _PERMANENT and "location" in self.headers

    @property
    def next(self) -> PreparedRequest | None:
        """The request to which it redirects, when redirects were not followed; else None.

        Raises what following it would: `InvalidURL`, `InvalidSchema` and the like.
        """
        found = self._next
        if isinstance(found, tuple):
            session, request = found
            asked = Response(request=self.request, head=self._head)
            asked.url, asked.status_code, asked.headers = self.url, self.status_code, self.headers
            try:  # with another response than this one, whose body is to stay open
                hops = session.resolve_redirects(asked, request, yield_requests=True)
                self._next = found = next(hops, None)
            except RequestException as error:
                error.response = self
                raise
        following: PreparedRequest | None = found
        return following

    @property
    def reason(self) -> str:
        """The reason phrase, which the peer may leave out (RFC 9112 section 4)."""
        if self._given_reason is not None or self._head is None:
            given: str = self._given_reason  # or bytes, or None, when somebody said so
            return given
        return self._head.reason.decode("latin-1")

    @reason.setter
    def reason(self, reason: str | bytes | None) -> None:
        self._given_reason = reason

    @property
    def http_version(self) -> str:
        """The version of the response, "HTTP/1.1" for instance."""
        return "HTTP/" + (self._head.http_version.decode("ascii") if self._head else "1.1")

    @property
    def headers(self) -> Headers:
        """The header fields."""
        if self._headers is None:
            head = self._head
            self._headers = Headers.from_wire(head.headers.raw_items() if head else ())
        return self._headers

    @headers.setter
    def headers(self, headers: HeadersArgument) -> None:
        self._headers = headers if isinstance(headers, Headers) else Headers(headers)

    @property
    def links(self) -> dict[str, dict[str, str]]:
        """What the Link fields say, by relation type: "url", and parameters (RFC 8288).

        A link without a type stands under its URL. `response.links["next"]["url"]` may be relative
        to the response's.
        """
        fields = self.headers.get_list("link")
        if not fields:
            return {}
        from h11client._messages.links import links_of

        return links_of(", ".join(fields))

    @property
    def cookies(self) -> RequestsCookieJar:
        """The cookies that it sets, as a `RequestsCookieJar`."""
        if self._jar is None:
            from h11client._messages.url import parse_url
            from h11client.cookies import RequestsCookieJar

            self._jar = jar = RequestsCookieJar()
            lines = self.headers.get_list("set-cookie")
            if lines and self.url:
                url = getattr(self.request, "parsed_url", None)  # of any scheme
                jar.store(url if url and url.text == self.url else parse_url(self.url), lines)
        kept: RequestsCookieJar = self._jar
        return kept

    @cookies.setter
    def cookies(self, cookies: RequestsCookieJar) -> None:
        self._jar = cookies

    @property
    def attempts(self) -> list[Attempt]:
        """What was tried to get it, this response last; redirects are in `history`."""
        from h11client._attempts import Attempt

        before = self._attempts_before
        return [*before, Attempt(len(before) + 1, self.url, status=self.status_code)]

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

    @elapsed.setter
    def elapsed(self, elapsed: timedelta) -> None:
        self._seconds = elapsed.total_seconds()

    def to_curl(self, *, show_secrets: bool = False) -> str:
        """The request that was sent for it, as a command: see `PreparedRequest.to_curl`."""
        if self.request is None:
            raise ValueError("this response knows of no request")
        return self.request.to_curl(show_secrets=show_secrets)  # type: ignore[no-any-return]  # a str

    def raise_for_status(self) -> None:
        """Raises `HTTPError` for a status of 400 or more."""
        status = self.status_code
        if status < 400:
            return
        kind = "Client Error" if status < 500 else "Server Error" if status < 600 else "Unknown"
        url = self.url
        if self.history and len(url) > _LONGEST_URL:
            url = f"{url[:_LONGEST_URL]}..."  # it is the peer who has chosen it
        message = f"{status} {kind}: {_shown(self.reason)} for url: {url}"
        raise HTTPError(message, request=self.request, response=self)

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
        upgraded.request = self.request
        return upgraded


_blank = object.__new__


def make_response(
    request: PreparedRequest,
    head: h11.Response | h11.InformationalResponse,
    body: BodyProtocol,
    elapsed: float,
    connection: Any,
) -> Response:
    """As `Response(...)`, for each exchange: calling a class with keywords was 1 % of it."""
    response = _blank(Response)
    response.request = request
    response._head = head
    response._body = body
    response._seconds = elapsed
    response._headers = response._whole = response._reader = None
    response._encoding = DECLARED
    response._offset = 0
    response.history = []
    response.connection = connection
    response.max_response_size = None
    response.url = request.parsed_url.text
    response.status_code = head.status_code
    return response


def _shown(reason: str | bytes | None) -> str:
    if isinstance(reason, bytes):  # adapters of requests' give it as it came
        try:
            text = str(reason, "utf-8")
        except UnicodeDecodeError:
            text = str(reason, "latin-1")
    else:
        text = str(reason)
    text = text[:_LONGEST_REASON]
    return text if text.isprintable() else repr(text)


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
