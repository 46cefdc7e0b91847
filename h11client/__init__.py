"""A synchronous, thread-safe, pooled HTTP/1.1 client with a requests-style `Session`.

    import h11client

    with h11client.Session() as session:
        response = session.get("https://example.com/", timeout=5)
        print(response.status_code, response.text)

Every public name is loaded when it is first used, so that importing the package costs next to
nothing.
"""

from __future__ import annotations

from h11client._version import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from h11client import (
        _timeouts,
        adapters,
        api,
        auth,
        cookies,
        exceptions,
        hooks,
        models,
        packages,
        sessions,
        status_codes,
        structures,
    )
    from h11client._api import (
        delete,
        download,
        get,
        head,
        options,
        patch,
        post,
        put,
        request,
        session,
    )
    from h11client._attempts import Attempt
    from h11client._downloads.download import Download
    from h11client._har import HAR
    from h11client._limits import Limits
    from h11client._messages.event_stream import ServerSentEvent
    from h11client._messages.informational import InformationalResponse
    from h11client._messages.request import PreparedRequest, Request
    from h11client._messages.response import Response
    from h11client._policies.retries import Retry
    from h11client._progress import Progress
    from h11client._session import Session
    from h11client._transport.proxies import Proxy
    from h11client._transport.resolving import threaded_resolver
    from h11client._transport.tally import PoolStatistics
    from h11client._transport.upgrading import UpgradedStream
    from h11client._watching import Event, Timings
    from h11client.exceptions import (
        BodyReadTimeout,
        ChunkedEncodingError,
        ConnectionError,
        ConnectTimeout,
        ContentDecodingError,
        ContentTypeError,
        DigestMismatch,
        DownloadError,
        FileModeWarning,
        HTTPError,
        IncompleteBody,
        InvalidHeader,
        InvalidJSONError,
        InvalidProxyURL,
        InvalidSchema,
        InvalidURL,
        JSONDecodeError,
        LocalProtocolError,
        MissingSchema,
        PoolTimeout,
        ProxyError,
        ReadTimeout,
        RemoteProtocolError,
        RequestException,
        RequestsDependencyWarning,
        RequestsWarning,
        ResponseTooLarge,
        RetryError,
        SSLError,
        StreamConsumedError,
        TooManyRedirects,
        UnrewindableBodyError,
        URLRequired,
        WriteTimeout,
    )
    from h11client.status_codes import codes

    class Timeout(exceptions.Timeout, _timeouts.Timeout):  # type: ignore[misc]  # for checkers only
        """What to catch, and what `timeout=` takes: see `exceptions.Timeout`, which this is."""

        def __init__(
            self,
            connect: float | None = ...,
            read: float | None = ...,
            write: float | None = ...,
            pool: float | None = ...,
            total: float | None = ...,
        ) -> None: ...


__all__ = [
    # making requests
    "delete",
    "download",
    "get",
    "head",
    "options",
    "patch",
    "post",
    "put",
    "request",
    "session",
    "Session",
    # messages
    "InformationalResponse",
    "codes",
    "PreparedRequest",
    "Request",
    "Response",
    "ServerSentEvent",
    # configuration: values
    "adapters",
    "auth",
    "cookies",
    "hooks",
    "Limits",
    "Proxy",
    "Retry",
    "Timeout",
    "threaded_resolver",
    # under requests' names
    "api",
    "models",
    "packages",
    "sessions",
    "status_codes",
    "structures",
    # looking into a call, and what is left of one
    "Attempt",
    "Download",
    "Event",
    "HAR",
    "PoolStatistics",
    "Progress",
    "Timings",
    "UpgradedStream",
    # what can go wrong
    "exceptions",
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
    "TooManyRedirects",
    "URLRequired",
    "UnrewindableBodyError",
    "WriteTimeout",
    "__version__",
]

_HOMES = {
    **dict.fromkeys(
        [
            *("delete", "download", "get", "head", "options", "patch", "post", "put"),
            *("request", "session"),
        ],
        "h11client._api",
    ),
    "Session": "h11client._session",
    "PreparedRequest": "h11client._messages.request",
    "Request": "h11client._messages.request",
    "Response": "h11client._messages.response",
    "Attempt": "h11client._attempts",
    "Download": "h11client._downloads.download",
    "HAR": "h11client._har",
    "Limits": "h11client._limits",
    "Progress": "h11client._progress",
    "Retry": "h11client._policies.retries",
    "Proxy": "h11client._transport.proxies",
    "threaded_resolver": "h11client._transport.resolving",
    "ServerSentEvent": "h11client._messages.event_stream",
    "InformationalResponse": "h11client._messages.informational",
    "PoolStatistics": "h11client._transport.tally",
    "UpgradedStream": "h11client._transport.upgrading",
    "Event": "h11client._watching",
    "codes": "h11client.status_codes",
    "Timings": "h11client._watching",
}

_MODULES = frozenset(
    [
        *("adapters", "api", "auth", "cookies", "exceptions", "hooks", "models", "sessions"),
        *("packages", "status_codes", "structures"),
    ]
)

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        if name in _MODULES:
            return import_module(f"h11client.{name}")
        home = import_module(_HOMES.get(name, "h11client.exceptions"))
        return globals().setdefault(name, getattr(home, name))


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
