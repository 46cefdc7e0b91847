"""Transports with requests' names and arguments, to be mounted in a session.

`HTTPAdapter` is the pool that a session has anyway, with the arguments that requests gives it.
"""

from __future__ import annotations

from time import sleep

from h11client._limits import Limits
from h11client._log import warn_uncalled
from h11client._messages.response import Response
from h11client._policies.retries import Retry
from h11client._sending import deadline_of, send_repeatedly
from h11client._transport.dial_options import DialOptions
from h11client._transport.pool import Pool
from h11client.exceptions import (
    ConnectionError,
    ConnectTimeout,
    InvalidHeader,
    InvalidProxyURL,
    InvalidSchema,
    InvalidURL,
    ProxyError,
    ReadTimeout,
    RetryError,
    SSLError,
)
from h11client.structures import CaseInsensitiveDict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from h11client._messages.request import PreparedRequest
    from h11client._policies.retries import RetryLike
    from h11client._timeouts import Deadline
    from h11client._transport.network import Cert, Verify
    from h11client._transport.proxy_choice import Proxies

__all__ = [
    "DEFAULT_POOLBLOCK",
    "DEFAULT_POOLSIZE",
    "DEFAULT_POOL_TIMEOUT",
    "DEFAULT_RETRIES",
    "BaseAdapter",
    "HTTPAdapter",
    # at home elsewhere; programs written for requests import them from here, too
    "CaseInsensitiveDict",
    "ConnectTimeout",
    "ConnectionError",
    "InvalidHeader",
    "InvalidProxyURL",
    "InvalidSchema",
    "InvalidURL",
    "ProxyError",
    "ReadTimeout",
    "Response",
    "Retry",
    "RetryError",
    "SSLError",
]

DEFAULT_POOLSIZE = 10  # connections to one origin, and origins
DEFAULT_RETRIES = 0
DEFAULT_POOLBLOCK = False
DEFAULT_POOL_TIMEOUT = None

_NEVER = Retry(0, statuses=(), backoff=0, jitter=0)

# What `init_poolmanager` understands besides: options of dialling by the names that they have here.
_DIAL_OPTIONS = frozenset(["source_address", "socket_options", "server_hostname"])

# Of requests' adapter; what they change would be lost in silence.
_NEVER_CALLED = frozenset(
    [
        *("build_connection_pool_key_attributes", "cert_verify", "get_connection"),
        *("get_connection_with_tls_context", "proxy_headers", "request_url"),
    ]
)


class BaseAdapter:
    """What a session can send requests through; override both methods.

    A response of any library is taken that has requests' attributes. An empty `h11client.Response`
    may be filled attribute by attribute.
    """

    takes_deadline = False

    def send(
        self,
        request: PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: Verify = True,
        cert: Cert = None,
        proxies: Proxies | None = None,
    ) -> Any:
        """Sends a prepared request and returns its response.

        `timeout` is None, seconds or a (connect, read) pair.
        """
        raise NotImplementedError

    def close(self) -> None:
        """Lets go of what is kept between requests."""
        raise NotImplementedError


class HTTPAdapter(BaseAdapter):
    """A pool of connections with the arguments that requests gives its own.

    Args:
        pool_connections: origins for whose idle connections there is room.
        pool_maxsize: idle connections for each of them; what is kept in all is the product.
        max_retries: how often a request is tried again: a number, a `Retry`, or an object with the
            attributes of urllib3's; see `Retry.of`.
        pool_block: whether no more than `pool_maxsize` connections to one origin are open at once,
            so that requests wait for one. Otherwise there are as many as are needed, and those
            beyond what may be kept are closed when their response ends.

    >>> adapter = HTTPAdapter(pool_maxsize=4, pool_block=True)
    >>> adapter.poolmanager.limits.max_per_origin
    4
    """

    takes_deadline = True

    # Classes written for requests add what a pickle must have; here it has all attributes anyway.
    __attrs__: list[str] = ["max_retries"]

    def __init__(
        self,
        pool_connections: int = DEFAULT_POOLSIZE,
        pool_maxsize: int = DEFAULT_POOLSIZE,
        max_retries: RetryLike = DEFAULT_RETRIES,
        pool_block: bool = DEFAULT_POOLBLOCK,
    ) -> None:
        self.max_retries = max_retries
        self._ssl_context_: Any = None
        self.init_poolmanager(pool_connections, pool_maxsize, block=pool_block)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        warn_uncalled(cls, _NEVER_CALLED)
        if "send" in vars(cls) and "takes_deadline" not in vars(cls):
            # It was written for requests, where this is None or seconds.
            cls.takes_deadline = False

    @classmethod
    def over(cls, pool: Pool) -> HTTPAdapter:
        """An adapter for a pool that is there already."""
        adapter = cls.__new__(cls)
        adapter._max_retries_ = _NEVER
        adapter._retry_ = None
        adapter._ssl_context_ = None
        adapter.poolmanager = pool
        return adapter

    @property
    def max_retries(self) -> RetryLike:
        """How often a request is tried again: what was given, a number as a `Retry`."""
        return self._max_retries_

    @max_retries.setter
    def max_retries(self, retries: RetryLike) -> None:
        self._retry_ = Retry.of(retries)
        # Programs written for requests ask for `adapter.max_retries.total`.
        self._max_retries_: RetryLike = retries
        if type(retries) is int or not retries:
            self._max_retries_ = self._retry_ or _NEVER

    @property
    def poolmanager(self) -> Any:
        """The pool; one of urllib3's that is assigned is taken as a description of it."""
        return self._pool_

    @poolmanager.setter
    def poolmanager(self, pool: Any) -> None:
        described = getattr(pool, "connection_pool_kw", None)
        if described is None:
            self._pool_: Any = pool
        else:
            options = {name: value for name, value in described.items() if value}
            maxsize = options.pop("maxsize", 1)
            block = options.pop("block", False)
            HTTPAdapter.init_poolmanager(self, DEFAULT_POOLSIZE, maxsize, block, **options)

    def init_poolmanager(
        self, connections: int, maxsize: int, block: bool = DEFAULT_POOLBLOCK, **options: Any
    ) -> None:
        """Makes the pool; a subclass may add to the arguments and call this one.

        `options`: `ssl_context`, an `ssl.SSLContext` that is used unless a call says
        `verify=False`; `source_address`, `socket_options` and `server_hostname` as of a `Session`.
        As in requests, only `verify=False` turns verification off: `cert_reqs` counts for nothing,
        and the context is made to verify, with the authorities of `verify` besides its own. Beside
        a context `assert_hostname` is the name in the certificate, or False for any name.
        """
        self._ssl_context_ = options.pop("ssl_context", None)
        options.pop("cert_reqs", None)
        self._any_hostname_ = False
        self._authorities_: dict[str, object] = {}  # that the context has got, and their state
        if self._ssl_context_ is not None:
            name = options.pop("assert_hostname", None)
            self._any_hostname_ = name is False
            if name:
                options.setdefault("server_hostname", name)
        unknown = options.keys() - _DIAL_OPTIONS
        if unknown:
            raise TypeError(f"init_poolmanager() has no argument {min(unknown)!r}")
        self.poolmanager = Pool(
            Limits(
                max_connections=None,
                max_idle=max(connections * maxsize, 1),
                max_per_origin=maxsize if block else None,
            )
        )
        if options:
            self.poolmanager.dial_options = DialOptions(**options)

    def build_response(self, req: PreparedRequest, resp: Any) -> Response:
        """The response to `req` that another library has received; for subclasses.

        `resp` is a file object of the body as it came, with `status`, `headers` and `reason`, as
        urllib3 has it.
        """
        response: Any = Response()
        response.status_code = getattr(resp, "status", None)
        response.headers = CaseInsensitiveDict(getattr(resp, "headers", {}))
        response.reason = getattr(resp, "reason", None)
        response.raw = resp
        response.url = req.url
        response.request = req
        response.connection = self
        from h11client.cookies import extract_cookies_to_jar

        extract_cookies_to_jar(response.cookies, req, resp)
        built: Response = response
        return built

    def add_headers(self, request: PreparedRequest, **kwargs: Any) -> None:
        """Called with each request before it is sent, and what `send` got; for subclasses."""

    def send(
        self,
        request: PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: Verify = True,
        cert: Cert = None,
        proxies: Proxies | None = None,
    ) -> Any:
        """Sends a prepared request and returns its response."""
        deadline = deadline_of(timeout, self.poolmanager.clock)
        if verify is not False and self._ssl_context_ is not None:
            verify = self._context_for_(verify)
        given: dict[str, Any] = {
            "stream": stream,
            "timeout": deadline,
            "verify": verify,
            "cert": cert,
            "proxies": proxies,
        }
        if type(self).add_headers is not HTTPAdapter.add_headers:
            self.add_headers(request, **given)
        if self._retry_ is None:
            return self._name_(self.poolmanager.send(request, **given))
        return self._name_(send_repeatedly(_Attempts(self, given, deadline), request, self._retry_))

    def _context_for_(self, verify: Verify) -> Any:
        """The program's own context, which verifies whatever it did when it was given."""
        from h11client._transport.trust import make_verify

        context, known = self._ssl_context_, self._authorities_
        try:
            return make_verify(context, verify, known, not self._any_hostname_)
        except OSError as error:
            raise SSLError(str(error)) from error

    def _name_(self, response: Any) -> Any:
        response.connection = self
        return response

    def close(self) -> None:
        """Closes the idle connections; those in use are closed when their response ends."""
        self.poolmanager.close()


class _Attempts:
    """What `send_repeatedly` asks of a call, for one that came to an adapter."""

    def __init__(self, adapter: HTTPAdapter, given: dict[str, Any], deadline: Deadline) -> None:
        self._pool = adapter.poolmanager
        self._given = given
        self.deadline = deadline

    def exchange(self, request: PreparedRequest) -> Any:
        return self._pool.send(request, **self._given)

    def read(self, response: Any) -> None:
        """Leaves the body to the session."""

    def after(self, request: PreparedRequest, response: Any) -> PreparedRequest:
        """The same request: cookies are the session's business."""
        return request

    def wait(self, seconds: float) -> None:
        getattr(self._pool.clock, "advance", sleep)(seconds)
