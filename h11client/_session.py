"""`Session`: what requests have in common, and the way from a call to its response.

The route of `session.get(url)`: `get` -> `request` (arguments become one prepared request, no I/O
so far) -> `send` (the one `Deadline` starts) -> the transport -> a connection -> its stream.
"""

from __future__ import annotations

from collections.abc import Mapping
from time import monotonic

from h11client._messages.decoders import accept_encoding
from h11client._messages.headers import Headers
from h11client._messages.request import PreparedRequest, prepare_request
from h11client._timeouts import DEFAULT_TIMEOUT, Deadline, Timeout
from h11client._transport.authorities import environment_authorities
from h11client._transport.dial_options import DialAttributes, DialOptions
from h11client._transport.pool import Pool
from h11client._transport.proxy_choice import choose_proxy, environment_proxies
from h11client._version import __version__
from h11client._watching import Watch
from h11client.exceptions import RequestException

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Sequence
    from types import TracebackType
    from typing import Protocol, TypeAlias, TypedDict

    from typing_extensions import Self, Unpack

    from h11client._limits import Limits
    from h11client._messages.body import Data
    from h11client._messages.headers import HeadersArgument
    from h11client._messages.informational import InformationalResponse
    from h11client._messages.request import Request
    from h11client._messages.response import Response
    from h11client._messages.trailers import TrailersArgument
    from h11client._messages.url import Params
    from h11client._timeouts import TimeoutLike
    from h11client._transport.dial_options import Hosts, Resolver, SocketOption, SourceAddress
    from h11client._transport.network import Cert, Verify
    from h11client._transport.proxy_choice import Proxies
    from h11client._transport.tally import PoolStatistics
    from h11client._watching import OnEvent

    OnInformational: TypeAlias = Callable[[InformationalResponse], object]

    class Transport(Protocol):
        """What a session sends its requests through."""

        def send(
            self,
            request: PreparedRequest,
            *,
            stream: bool,
            timeout: Deadline,
            verify: Verify,
            cert: Cert,
            proxies: Proxies | None,
        ) -> Response: ...

        def close(self) -> None: ...

    class CommonOptions(TypedDict, total=False):
        """The keywords of every call."""

        headers: HeadersArgument
        trailers: TrailersArgument
        timeout: TimeoutLike
        stream: bool | None
        verify: Verify | None
        cert: Cert
        proxies: Proxies | None
        on_informational: OnInformational | None

    class NoParams(CommonOptions, total=False):
        """What is left for a call that has `params` as a parameter of its own."""

        data: Data
        json: object

    class NoBody(CommonOptions, total=False):
        """What is left for a call that has `data` and `json` as parameters of its own."""

        params: Params

    class NoData(NoBody, total=False):
        """What is left for a call that has `data` as a parameter of its own."""

        json: object

    class CallOptions(NoData, total=False):
        """All keywords of a call."""

        data: Data


__all__ = ["Session"]


class _Unset:
    """Says that an argument was not given, where None means something."""

    def __repr__(self) -> str:
        return "<the session's>"


_UNSET = _Unset()


class Session(DialAttributes):
    """Sends requests, and keeps what they have in common: headers, limits, connections.

    Arguments, each also an attribute that may be assigned later:
        headers: sent with every request; the call's own win, and a value of None leaves one out.
        params: put into the query of every URL, before the call's own.
        verify: True (certifi's authorities), a path, an `ssl.SSLContext`, or False.
        cert: our own certificate: the path of a PEM file, or (certificate, key), or (certificate,
            key, password).
        proxies: a mapping of "http", "https" or "all", each perhaps with "://" and a host, to the
            URL of a proxy, a `Proxy`, or None for none; "no_proxy" is a list of exceptions.
        stream: whether responses are returned before their body was read.
        trust_env: whether environment variables count: for `verify=True` REQUESTS_CA_BUNDLE,
            CURL_CA_BUNDLE, SSL_CERT_FILE and SSL_CERT_DIR; HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and
            NO_PROXY; and SSLKEYLOGFILE.
        timeout: seconds, a `(connect, read)` pair, a `Timeout`, or None for no limits.
        limits: a `Limits`.
        max_response_size: bytes, decoded, that may be read of a response; None: any number. What
            is larger raises `ResponseTooLarge`, however it is read.
        resolver: instead of the system's: called with host, port and the seconds left (None: no
            limit), gives IP addresses; what it raises passes unchanged.
        hosts: a mapping of names to an IP address or several, looked at before any resolver.
        uds: the path of a unix socket over which all requests go.
        source_address: the local address, or (address, port), to connect from.
        socket_options: triples (level, option, value) for each new socket.
        server_hostname: the name for SNI and for checking certificates, instead of the URL's.
        require_close_notify: False takes a body without a length, which ends with its TLS
            connection, for whole even when the server did not say that it ends there.
        on_event: called with an `Event` at the end of every stage of every call.
    and
        transport: what sends the requests instead of a pool of connections of its own.

    A session may be used by many threads at once. Closing it closes its idle connections; those
    in use are closed when their response ends, and the session can be used again.

    >>> session = Session(headers={"X-Client": "me"}, timeout=5)
    >>> session.headers["x-client"], session.timeout
    ('me', 5)
    >>> session.close()
    """

    def __init__(
        self,
        *,
        headers: HeadersArgument = None,
        params: Params = None,
        verify: Verify = True,
        cert: Cert = None,
        proxies: Proxies | None = None,
        stream: bool = False,
        trust_env: bool = True,
        timeout: TimeoutLike = DEFAULT_TIMEOUT,
        limits: Limits | None = None,
        max_response_size: int | None = None,
        resolver: Resolver | None = None,
        hosts: Hosts | None = None,
        uds: str | bytes | os.PathLike[str] | None = None,
        source_address: SourceAddress | None = None,
        socket_options: Sequence[SocketOption] | None = None,
        server_hostname: str | None = None,
        require_close_notify: bool = True,
        on_event: OnEvent | None = None,
        transport: Transport | None = None,
    ) -> None:
        self._headers = default_headers()
        if headers is not None:
            self._headers.update(Headers(headers))
        self.params: Params = {} if params is None else params
        self.verify: Verify = verify
        self.cert: Cert = cert
        self.proxies: Proxies = {} if proxies is None else proxies
        self.stream = stream
        Timeout.of(timeout)  # a wrong one is noticed here already
        self.timeout: TimeoutLike = timeout
        self.max_response_size = _checked_size(max_response_size)
        self._transport: Transport = Pool(limits) if transport is None else transport
        if limits is not None and transport is not None:
            raise TypeError("limits= are those of the session's own pool, not of a transport")
        dial_options = DialOptions(
            resolver=resolver,
            hosts=hosts,
            uds=uds,
            source_address=source_address,
            socket_options=socket_options,
            server_hostname=server_hostname,
            require_close_notify=require_close_notify,
        )
        if dial_options:
            if transport is not None:
                raise TypeError("how to dial is the business of the transport that was given")
            self._set_dial_options(dial_options)
        self.trust_env = trust_env
        self.on_event = on_event
        # A transport of the user's may run on a clock of its own, a test's most likely.
        self._clock: Callable[[], float] = getattr(self._transport, "clock", monotonic)

    @property
    def headers(self) -> Headers:
        """The headers of every request; a mapping that may be changed or assigned."""
        return self._headers

    @headers.setter
    def headers(self, headers: HeadersArgument) -> None:
        self._headers = headers if isinstance(headers, Headers) else Headers(headers)

    @property
    def limits(self) -> Limits:
        """Bounds on connections and on what servers may send; a change counts from now on."""
        return self._own_pool().limits

    @limits.setter
    def limits(self, limits: Limits) -> None:
        self._own_pool().limits = limits

    @property
    def trust_env(self) -> bool:
        """Whether environment variables count."""
        return self._trust_env

    @trust_env.setter
    def trust_env(self, trust_env: bool) -> None:
        self._trust_env = trust_env
        if isinstance(self._transport, Pool):
            self._transport.log_keys = trust_env

    def statistics(self) -> PoolStatistics:
        """How many connections and waiting requests there are, and what has been done so far."""
        return self._own_pool().statistics()

    def _own_pool(self) -> Pool:
        if not isinstance(self._transport, Pool):
            raise AttributeError("it is the business of the transport that the session was given")
        return self._transport

    def _set_dial_options(self, options: DialOptions) -> None:
        self._own_pool().dial_options = options
        self._dial_options = options

    # --- calls -----------------------------------------------------------------------------

    def request(
        self,
        method: str | bytes,
        url: str | bytes,
        params: Params = None,
        data: Data = None,
        headers: HeadersArgument = None,
        *,
        json: object = None,
        timeout: TimeoutLike | _Unset = _UNSET,
        stream: bool | None = None,
        verify: Verify | None = None,
        cert: Cert = None,
        proxies: Proxies | None = None,
        trailers: TrailersArgument = None,
        on_informational: OnInformational | None = None,
    ) -> Response:
        """Sends a request and returns its response.

        `params` go into the query of `url`; `data` is the body: bytes, text, the fields of a form,
        a file or an iterable of bytes; `json` is a body to be encoded; `trailers` are fields to
        be sent behind the body, whose values may be functions that are called when it is over.
        `timeout` is in seconds, a `(connect, read)` pair, a `Timeout`, or None for no limits. With
        `stream` the response is returned before its body was read. `verify` is True, a path, an
        `ssl.SSLContext` or False;
        `cert` the path of a PEM file, or (certificate, key), or (certificate, key, password).
        `proxies` is a mapping like the session's, and goes before that where it says something
        about the URL. `on_informational` is called with each 1xx response when it comes. What is
        not given is the session's.

        Raises `RequestException`, of which everything that peers, network and system do is one;
        what an iterable or a hook of the caller's raises passes unchanged. `TypeError` and
        `ValueError` say that an argument is wrong.
        """
        if self.params:
            params = _merge_params(self.params, params)
        request = prepare_request(
            method, url, self._headers, params, headers, data, json, trailers=trailers
        )
        return self.send(
            request,
            timeout=timeout,
            stream=stream,
            verify=verify,
            cert=cert,
            proxies=proxies,
            on_informational=on_informational,
        )

    def send(
        self,
        request: PreparedRequest,
        *,
        timeout: TimeoutLike | _Unset = _UNSET,
        stream: bool | None = None,
        verify: Verify | None = None,
        cert: Cert = None,
        proxies: Proxies | None = None,
        on_informational: OnInformational | None = None,
    ) -> Response:
        """Sends a prepared request as it is; the other arguments are those of `request`."""
        if not isinstance(request, PreparedRequest):
            raise TypeError(f"send() takes a PreparedRequest, not {type(request).__name__}")
        if stream is None:
            stream = self.stream
        if timeout is _UNSET:
            timeout = self.timeout
        if verify is None:
            verify = self.verify
        deadline = Deadline(Timeout.of(timeout), self._clock)  # type: ignore[arg-type]  # not unset
        if on_informational is not None or self.on_event is not None:
            deadline.watch = Watch(request, self.on_event, on_informational)
        try:
            if proxies or self.proxies or (self._trust_env and environment_proxies()):
                proxies = self._choose_proxy(request, proxies)
            if verify is True and self._trust_env and (proxies or _is_https(request)):
                verify = environment_authorities() or True
            response = self._transport.send(
                request,
                stream=stream,
                timeout=deadline,
                verify=verify,
                cert=self.cert if cert is None else cert,
                proxies=proxies,
            )
            if self.max_response_size is not None:
                response.max_response_size = self.max_response_size
            if not stream:
                response.content  # noqa: B018  # reading it is its effect
        except RequestException as error:
            if error.request is None:
                error.request = request
            raise
        return response

    def _choose_proxy(self, request: PreparedRequest, proxies: Proxies | None) -> Proxies | None:
        """The one proxy for this request as a mapping for the transport, or None for none."""
        url = getattr(request, "parsed_url", None)
        if url is None:
            return None  # and the transport will say so
        proxy = choose_proxy(url, proxies, self.proxies, self._trust_env)
        return None if proxy is None else {url.scheme: proxy}

    def prepare_request(self, request: Request) -> PreparedRequest:
        """What `request` becomes with the session's headers and params."""
        if request.method is None or request.url is None:
            raise ValueError("a request needs a method and a URL")
        params = _merge_params(self.params, request.params) if self.params else request.params
        return prepare_request(
            request.method,
            request.url,
            self._headers,
            params,
            request.headers,
            request.data,
            request.json,
            request.hooks,
            request.trailers,
        )

    def get(self, url: str | bytes, **options: Unpack[CallOptions]) -> Response:
        """Sends a GET request; `options` are those of `request`."""
        return self.request("GET", url, **options)

    def options(self, url: str | bytes, **options: Unpack[CallOptions]) -> Response:
        """Sends an OPTIONS request; `options` are those of `request`."""
        return self.request("OPTIONS", url, **options)

    def head(self, url: str | bytes, **options: Unpack[CallOptions]) -> Response:
        """Sends a HEAD request; `options` are those of `request`."""
        return self.request("HEAD", url, **options)

    def post(
        self, url: str | bytes, data: Data = None, json: object = None, **options: Unpack[NoBody]
    ) -> Response:
        """Sends a POST request; `options` are those of `request`."""
        return self.request("POST", url, data=data, json=json, **options)

    def put(self, url: str | bytes, data: Data = None, **options: Unpack[NoData]) -> Response:
        """Sends a PUT request; `options` are those of `request`."""
        return self.request("PUT", url, data=data, **options)

    def patch(self, url: str | bytes, data: Data = None, **options: Unpack[NoData]) -> Response:
        """Sends a PATCH request; `options` are those of `request`."""
        return self.request("PATCH", url, data=data, **options)

    def delete(self, url: str | bytes, **options: Unpack[CallOptions]) -> Response:
        """Sends a DELETE request; `options` are those of `request`."""
        return self.request("DELETE", url, **options)

    # --- the end ---------------------------------------------------------------------------

    def close(self) -> None:
        """Closes the idle connections; those in use are closed when their response ends."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def default_headers() -> Headers:
    """What a session sends unless it is told otherwise."""
    return Headers(
        {
            "User-Agent": f"h11client/{__version__}",
            "Accept-Encoding": accept_encoding(),
            "Accept": "*/*",
        }
    )


def _checked_size(size: int | None) -> int | None:
    if size is None:
        return None
    if type(size) is bool or not isinstance(size, int):
        raise TypeError(f"max_response_size= is a number of bytes, not {type(size).__name__}")
    if size < 0:
        raise ValueError(f"max_response_size= is at least 0, not {size}")
    return size


def _is_https(request: PreparedRequest) -> bool:
    url = getattr(request, "parsed_url", None)
    return url is not None and url.scheme == "https"


def _merge_params(ours: Params, own: Params) -> Params:
    """As in requests: mappings are merged, a value of None leaves one out, all else replaces."""
    if not own:
        return ours
    if not isinstance(ours, Mapping) or not isinstance(own, Mapping):
        return own
    merged = {**ours, **own}
    return {name: value for name, value in merged.items() if value is not None}
