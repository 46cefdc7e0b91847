"""Everything that can go wrong, with requests' names and bases, and the translation into it.

::

    RequestException (OSError)
    ├── HTTPError                        raise_for_status() met a 4xx or 5xx
    ├── ConnectionError                  the network, or the peer
    │   ├── ProxyError
    │   ├── SSLError                     TLS failed, or the certificate is not trusted
    │   ├── ConnectTimeout               also a Timeout
    │   ├── PoolTimeout                  also a Timeout
    │   └── RemoteProtocolError          the peer does not speak HTTP/1.1
    │       └── IncompleteBody           also a ChunkedEncodingError
    ├── Timeout
    │   ├── ConnectTimeout
    │   ├── PoolTimeout
    │   ├── WriteTimeout
    │   └── ReadTimeout
    │       └── BodyReadTimeout          also a ConnectionError
    ├── ChunkedEncodingError             the body ended before its end
    ├── ContentDecodingError             the body is not in the coding that it claims
    ├── ContentTypeError                 the body is something else than what it was to be read as
    ├── ResponseTooLarge
    ├── DownloadError                    what came could not become the file that was asked for
    │   └── DigestMismatch               it is not what its digest says
    ├── StreamConsumedError              also a TypeError
    ├── InvalidJSONError
    │   └── JSONDecodeError              also a json.JSONDecodeError
    ├── TooManyRedirects
    ├── RetryError
    ├── UnrewindableBodyError
    ├── LocalProtocolError               also a ValueError: what we were asked to send is not HTTP
    ├── URLRequired
    ├── MissingSchema                    also a ValueError
    ├── InvalidSchema                    also a ValueError
    ├── InvalidHeader                    also a ValueError
    └── InvalidURL                       also a ValueError
        └── InvalidProxyURL

    RequestsWarning (Warning)            never given: programs name these three to silence them
    ├── FileModeWarning                  also a DeprecationWarning
    └── RequestsDependencyWarning

`__cause__` is the low-level error. The class says what was being done, the `.limit` of a timeout
which limit ran out. Low-level errors are translated by the two tables of `_translation`, in the few
functions that touch a stream or `h11`, always with `raise from`.
"""

from __future__ import annotations

from h11client import _timeouts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from json import JSONDecodeError as _StandardJSONDecodeError
    from typing import Any, Protocol, SupportsFloat, overload

    from typing_extensions import Self  # of typing itself from Python 3.11 on

    from h11client._attempts import Attempt

    class RequestLike(Protocol):
        """What every request that an exception carries has."""

        @property
        def method(self) -> str | None: ...
        @property
        def url(self) -> str | None: ...
        @property
        def headers(self) -> Any: ...

    class ResponseLike(Protocol):
        """What every response that an exception carries has."""

        @property
        def status_code(self) -> int: ...
        @property
        def reason(self) -> str | None: ...
        @property
        def url(self) -> str | None: ...
        @property
        def headers(self) -> Any: ...


__all__ = [
    "BodyReadTimeout",
    "ChunkedEncodingError",
    "ConnectTimeout",
    "ConnectionError",
    "ContentDecodingError",
    "ContentTypeError",
    "DigestMismatch",
    "DownloadError",
    "FileModeWarning",
    "HTTPError",
    "IncompleteBody",
    "InvalidHeader",
    "InvalidJSONError",
    "InvalidProxyURL",
    "InvalidSchema",
    "InvalidURL",
    "JSONDecodeError",
    "LocalProtocolError",
    "MissingSchema",
    "PoolTimeout",
    "ProxyError",
    "ReadTimeout",
    "RemoteProtocolError",
    "RequestException",
    "RequestsDependencyWarning",
    "RequestsWarning",
    "ResponseTooLarge",
    "RetryError",
    "SSLError",
    "StreamConsumedError",
    "Timeout",
    "TooManyRedirects",
    "URLRequired",
    "UnrewindableBodyError",
    "WriteTimeout",
]


class RequestException(OSError):
    """Anything that the peer, the network or the system did to a request.

    `request` and `response` are the objects concerned, or None; a response brings its request
    along. `nothing_sent` says that no connection was there yet on which the request could have
    been sent. All of these exceptions can be pickled.

    >>> error = RequestException("it went wrong")
    >>> print(error, error.request, error.response)
    it went wrong None None
    """

    request: RequestLike | None
    response: ResponseLike | None
    nothing_sent = False
    _attempts_before: tuple[Attempt, ...] | None = None

    def __init__(
        self,
        *args: object,
        request: RequestLike | None = None,
        response: ResponseLike | None = None,
    ) -> None:
        super().__init__(*args)
        if request is None and response is not None:
            request = getattr(response, "request", None)
        self.request = request
        self.response = response

    @property
    def attempts(self) -> list[Attempt]:
        """What was tried, where retries were allowed: this error last, or the response it is about.

        Empty where there were none.
        """
        before = self._attempts_before
        if before is None:
            return list(getattr(self.response, "attempts", ()))
        from h11client._attempts import Attempt

        # Made here: an error that keeps itself is kept, and all that its frames hold with it.
        url = getattr(self.request, "url", None)
        return [*before, Attempt(len(before) + 1, url, error=self)]


class HTTPError(RequestException):
    """The server answered 4xx or 5xx, and `raise_for_status()` was called."""


class ConnectionError(RequestException):
    """The connection could not be made, or broke."""


class ProxyError(ConnectionError):
    """The proxy could not be reached, or refused.

    When it answered a CONNECT with anything but success, `status_code`, `headers` and `body` (at
    most 64 KiB) are that answer's (RFC 9110 section 9.3.6); otherwise None, None and b"".
    """

    status_code: int | None
    headers: Any
    body: bytes

    def __init__(
        self,
        *args: object,
        status_code: int | None = None,
        headers: object = None,
        body: bytes = b"",
        request: RequestLike | None = None,
        response: ResponseLike | None = None,
    ) -> None:
        super().__init__(*args, request=request, response=response)
        self.status_code = status_code
        self.headers = headers
        self.body = body


class SSLError(ConnectionError):
    """TLS failed; most often because the certificate is not trusted."""


class Timeout(RequestException):
    """One of the call's limits of time ran out; `limit` is its name, "total" for instance.

    Programs know two things by this name: what they catch, and the limits that they set. So called
    with limits, and nothing else, it makes the value that `timeout=` takes.

    >>> Timeout(total=30)
    Timeout(connect=10.0, read=60.0, write=60.0, pool=60.0, total=30.0)
    >>> issubclass(ReadTimeout, Timeout)
    True
    """

    limit: str | None

    if TYPE_CHECKING:

        @overload
        def __new__(
            cls,
            message: str = ...,
            *args: object,
            limit: str | None = ...,
            request: RequestLike | None = ...,
            response: ResponseLike | None = ...,
        ) -> Self: ...
        @overload
        def __new__(  # type: ignore[misc]  # the value is no exception: see above
            cls,
            connect: SupportsFloat | None = ...,
            read: SupportsFloat | None = ...,
            write: SupportsFloat | None = ...,
            pool: SupportsFloat | None = ...,
            total: SupportsFloat | None = ...,
        ) -> _timeouts.Timeout: ...
        def __new__(cls, *args: Any, **given: Any) -> Any: ...

    else:

        def __new__(cls, *args, **given):
            if cls is Timeout and (args or given) and _are_limits(args, given):
                return _timeouts.Timeout(*args, **given)
            return super().__new__(cls, *args)

    def __init__(
        self,
        *args: object,
        limit: str | None = None,
        request: RequestLike | None = None,
        response: ResponseLike | None = None,
    ) -> None:
        super().__init__(*args, request=request, response=response)
        self.limit = limit


def _are_limits(args: tuple[object, ...], given: dict[str, object]) -> bool:
    return given.keys() <= _timeouts.Timeout.NAMES and all(
        arg is None or isinstance(arg, (int, float)) for arg in args
    )


class ConnectTimeout(ConnectionError, Timeout):
    """No connection in time: nothing was sent, it is safe to try again."""


class PoolTimeout(ConnectionError, Timeout):
    """No connection of the pool became free in time; nothing was sent."""


class WriteTimeout(Timeout):
    """The peer did not take the request in time."""


class ReadTimeout(Timeout):
    """The peer did not answer in time."""


class BodyReadTimeout(ReadTimeout, ConnectionError):
    """The peer answered, but its body did not go on in time."""


class URLRequired(RequestException):
    """A URL is needed to make a request."""


class TooManyRedirects(RequestException):
    """More redirects than `max_redirects`; `response` is the last one."""


class MissingSchema(RequestException, ValueError):
    """The URL does not say http:// or https://."""


class InvalidSchema(RequestException, ValueError):
    """The URL's scheme is neither http nor https."""


class InvalidURL(RequestException, ValueError):
    """The URL cannot be right (RFC 3986)."""


class InvalidProxyURL(InvalidURL):
    """The URL of the proxy cannot be right."""


class InvalidHeader(RequestException, ValueError):
    """A header's name or value cannot be sent (RFC 9110 section 5)."""


class InvalidJSONError(RequestException):
    """There is no JSON form of what was given, or in what was received."""


class ChunkedEncodingError(RequestException):
    """The body ended before its end."""


class ContentDecodingError(RequestException):
    """The body is not in the coding that its Content-Encoding claims (RFC 9110 section 8.4)."""


class ContentTypeError(RequestException):
    """The body is of another media type than the one that it was to be read as."""


class StreamConsumedError(RequestException, TypeError):
    """The body has been read already and was not kept."""


class RetryError(RequestException):
    """Every retry that was allowed failed."""


class UnrewindableBodyError(RequestException):
    """The request's body had to be sent again, and cannot be produced twice."""


class ResponseTooLarge(RequestException):
    """The body is larger than `max_response_size`."""


class DownloadError(RequestException):
    """A download could not become a file; `path` is where that was to be.

    `errno` is the number of the system's error, where it was one: `errno.ENOSPC`, for instance.
    """

    path: str | None
    errno: int | None = None  # an attribute of its own, so that pickles have it

    def __init__(
        self,
        *args: object,
        path: str | None = None,
        errno: int | None = None,
        request: RequestLike | None = None,
        response: ResponseLike | None = None,
    ) -> None:
        super().__init__(*args, request=request, response=response)
        self.path = path
        self.errno = errno

    @classmethod
    def of(cls, error: OSError, what: str, path: str) -> DownloadError:
        """What the system's `error` means for the file; the caller raises it from that."""
        return cls(f"{what}: {error.strerror or error}", path=path, errno=error.errno)


class DigestMismatch(DownloadError):
    """What came is not what its digest says: `algorithm`, the `expected` and the `actual` one."""

    def __init__(
        self,
        *args: object,
        path: str | None = None,
        algorithm: str = "",
        expected: str = "",
        actual: str = "",
        request: RequestLike | None = None,
        response: ResponseLike | None = None,
    ) -> None:
        super().__init__(*args, path=path, request=request, response=response)
        self.algorithm = algorithm
        self.expected = expected
        self.actual = actual


class LocalProtocolError(RequestException, ValueError):
    """What we were asked to send is not HTTP/1.1 (RFC 9112)."""


class RemoteProtocolError(ConnectionError):
    """What the peer sent is not HTTP/1.1 (RFC 9112)."""


class IncompleteBody(ChunkedEncodingError, RemoteProtocolError):
    """The body ended before its end (RFC 9112 section 8); `partial_length` bytes had come."""

    partial_length: int

    def __init__(
        self,
        *args: object,
        partial_length: int = 0,
        request: RequestLike | None = None,
        response: ResponseLike | None = None,
    ) -> None:
        super().__init__(*args, request=request, response=response)
        self.partial_length = partial_length


class RequestsWarning(Warning):
    """What requests warns with; nothing here does."""


class FileModeWarning(RequestsWarning, DeprecationWarning):
    """A file was opened as text; here it is an error or right, and no warning."""


class RequestsDependencyWarning(RequestsWarning):
    """A dependency's version is not supported; there are none of that kind here."""


if TYPE_CHECKING:

    class JSONDecodeError(InvalidJSONError, _StandardJSONDecodeError):
        """The body is not JSON; also a `json.JSONDecodeError` with `msg`, `doc` and `pos`."""

        def __init__(
            self,
            msg: str,
            doc: str,
            pos: int,
            *,
            request: RequestLike | None = None,
            response: ResponseLike | None = None,
        ) -> None: ...

else:

    def __getattr__(name: str) -> object:
        # It derives from a class of `json`, which most programs never need: made when asked for.
        if name != "JSONDecodeError":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return globals().setdefault(name, _json_decode_error_class())


def _json_decode_error_class() -> type[Exception]:
    from json import JSONDecodeError as StandardJSONDecodeError

    class JSONDecodeError(InvalidJSONError, StandardJSONDecodeError):
        """The body is not JSON; also a `json.JSONDecodeError` with `msg`, `doc` and `pos`."""

        def __init__(
            self,
            msg: str,
            doc: str,
            pos: int,
            *,
            request: RequestLike | None = None,
            response: ResponseLike | None = None,
        ) -> None:
            StandardJSONDecodeError.__init__(self, msg, doc, pos)
            InvalidJSONError.__init__(self, *self.args, request=request, response=response)

        def __reduce__(self) -> tuple[object, ...]:
            return type(self), (self.msg, self.doc, self.pos), self.__dict__

    JSONDecodeError.__qualname__ = "JSONDecodeError"
    return JSONDecodeError
