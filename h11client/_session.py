"""`Session`: what requests have in common, and the way from a call to its response.

The route of `session.get(url)`: `get` -> `request` (arguments become one prepared request, no I/O
so far) -> `send` (the one `Deadline` starts) -> the transport -> a connection -> its stream.
"""

from __future__ import annotations

from collections.abc import Mapping

from h11client._messages.request import PreparedRequest, prepare_request
from h11client._messages.url import join_base
from h11client._policies.netrc import credentials_for
from h11client._policies.redirects import REDIRECTS
from h11client._redirecting import Redirecting, admit_beside_header, admit_from_netrc
from h11client._sending import Call, TimeoutPair
from h11client._settings import Settings
from h11client._timeouts import DEFAULT_TIMEOUT, Deadline, Timeout
from h11client._transport.authorities import environment_authorities
from h11client._transport.proxy_choice import choose_proxy, environment_proxies
from h11client._watching import Watch
from h11client.exceptions import RequestException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType
    from typing import Any

    from typing_extensions import Self, Unpack

    from h11client._call_options import (
        Auth,
        CallOptions,
        Cookies,
        Files,
        NoBody,
        NoData,
        OnInformational,
        Transport,
    )
    from h11client._messages.body import Data
    from h11client._messages.headers import HeadersArgument
    from h11client._messages.request import Request
    from h11client._messages.response import Response
    from h11client._messages.trailers import TrailersArgument
    from h11client._messages.url import Params
    from h11client._policies.retries import Retry, RetryLike
    from h11client._timeouts import TimeoutLike
    from h11client._transport.network import Cert, Verify
    from h11client._transport.proxy_choice import Proxies
    from h11client.hooks import Hooks

__all__ = ["Session"]


class _Unset:
    """Says that an argument was not given, where None means something."""

    def __repr__(self) -> str:
        return "<the session's>"

    def __reduce__(self) -> str:
        return "_UNSET"


_UNSET = _Unset()


class Session(Redirecting, Settings):
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

    # --- calls -----------------------------------------------------------------------------

    def request(
        self,
        method: str | bytes,
        url: str | bytes,
        params: Params = None,
        data: Data = None,
        headers: HeadersArgument = None,
        cookies: Cookies = None,
        files: Files = None,
        auth: Auth = None,
        timeout: TimeoutLike | _Unset = _UNSET,
        allow_redirects: bool = True,
        proxies: Proxies | None = None,
        hooks: Hooks | None = None,
        stream: bool | None = None,
        verify: Verify | None = None,
        cert: Cert = None,
        json: object = None,
        *,
        retries: RetryLike | _Unset = _UNSET,
        trailers: TrailersArgument = None,
        on_informational: OnInformational | None = None,
    ) -> Response:
        """Sends a request and returns its response.

        `params` go into the query of `url`; `data` is the body: bytes, text, the fields of a form,
        a file or an iterable of bytes; `files` are parts of a form beside those fields; `json` is a
        body to be encoded; `trailers` are fields to be sent behind the body, whose values may be
        functions that are called when it is over. `cookies`, a mapping or jar, are sent with this
        request and not kept. `auth` is a (user name, password) pair, a scheme of `h11client.auth`,
        or any callable that is given the prepared request and returns it.
        `timeout` is in seconds, a `(connect, read)` pair, a `Timeout`, or None for no limits. With
        `allow_redirects=False` a redirect is the answer. `hooks` are functions, under "response",
        that are called with the response and may return another one. With `stream` the response is
        returned before its body was read. `verify` is True, a path, an `ssl.SSLContext` or False;
        `cert` the path of a PEM file, or (certificate, key), or (certificate, key, password).
        `proxies` is a mapping like the session's, and goes before that where it says something
        about the URL. `retries` is a `Retry`, a number, or None for none. `on_informational` is
        called with each 1xx response when it comes. What is not given is the session's.

        Raises `RequestException`, of which everything that peers, network and system do is one;
        what an iterable or a hook of the caller's raises passes unchanged. `TypeError` and
        `ValueError` say that an argument is wrong.
        """
        if self.params:
            params = _merge_params(self.params, params)
        if self._base_url is not None or self._adapters is not None:
            url, params = self._find_url(url, params)
        if hooks is not None or self._hooks.get("response"):
            hooks = self._join_hooks(hooks)
        request = prepare_request(
            method, url, self._headers, params, headers, data, json, hooks, trailers, files
        )
        if (
            auth is not None
            or cookies is not None
            or self.auth is not None
            or self._jar is not None
            or self._trust_netrc
            or request.parsed_url.userinfo is not None
        ):
            self._admit(request, auth, cookies)
        return self.send(
            request,
            timeout=timeout,
            allow_redirects=allow_redirects,
            proxies=proxies,
            stream=stream,
            verify=verify,
            cert=cert,
            retries=retries,
            on_informational=on_informational,
        )

    def send(
        self,
        request: PreparedRequest,
        *,
        stream: bool | None = None,
        timeout: TimeoutLike | Deadline | _Unset = _UNSET,
        verify: Verify | None = None,
        cert: Cert = None,
        proxies: Proxies | None = None,
        allow_redirects: bool = True,
        retries: RetryLike | _Unset = _UNSET,
        on_informational: OnInformational | None = None,
    ) -> Response:
        """Sends a prepared request as it is; the other arguments are those of `request`."""
        if not isinstance(request, PreparedRequest):
            raise TypeError(f"send() takes a PreparedRequest, not {type(request).__name__}")
        if stream is None:
            stream = self.stream
        timeout_given = timeout is not _UNSET or self.timeout is not DEFAULT_TIMEOUT
        if timeout is _UNSET:
            timeout = self.timeout
        retry = self._retries if retries is _UNSET else _retry_of(retries)
        if verify is None:
            verify = self.verify
        if cert is None:
            cert = self.cert
        deadline = _running(timeout) or Deadline(Timeout.of(timeout), self._clock)  # type: ignore[arg-type]  # not unset
        if on_informational is not None or self.on_event is not None:
            deadline.watch = Watch(request, self.on_event, on_informational)
        transport = self._direct
        try:
            response: Any = None
            if (
                transport is not None
                and retry is None
                and (request.auth is None or not hasattr(request.auth, "auth_flow"))
            ):
                way = self._way_to(request, proxies, verify)
                response = transport.send(
                    request,
                    stream=stream,
                    timeout=deadline,
                    verify=way[1],
                    cert=cert,
                    proxies=way[0],
                )
                response.connection = transport
            if response is None or request._hooks or _says_more(response):
                call = Call(
                    *(self, deadline, timeout_given, stream, verify, cert, proxies),
                    *(allow_redirects, retry),
                )
                response = call.run(request, response)
            if self.max_response_size is not None:
                self._bound(response)
            if not stream:
                response.content  # noqa: B018  # reading it is its effect
        except RequestException as error:
            if error.request is None:
                error.request = request
            raise
        return response  # type: ignore[no-any-return]  # a transport may give what it likes

    def prepare_request(self, request: Request) -> PreparedRequest:
        """What `request` becomes with what the session adds to its requests."""
        if request.method is None or request.url is None:
            raise ValueError("a request needs a method and a URL")
        params = _merge_params(self.params, request.params) if self.params else request.params
        url: Any = request.url
        if self._base_url is not None or self._adapters is not None:
            url, params = self._find_url(url, params)
        prepared = prepare_request(
            request.method,
            url,
            self._headers,
            params,
            request.headers,
            request.data,
            request.json,
            self._join_hooks(request.hooks),
            request.trailers,
            request.files,
        )
        self._admit(prepared, request.auth, request.cookies)
        return prepared

    def merge_environment_settings(
        self,
        url: str,
        proxies: Proxies | None,
        stream: bool | None,
        verify: Verify | None,
        cert: Cert,
    ) -> dict[str, Any]:
        """What a call with these arguments would be sent with; for `send(request, **settings)`."""
        if verify is None:
            verify = self.verify
        if verify is True and self._trust_certificates:
            verify = environment_authorities() or True
        return {
            "proxies": self._merge_proxies(proxies),
            "stream": self.stream if stream is None else stream,
            "verify": verify,
            "cert": self.cert if cert is None else cert,
        }

    def resolve_redirects(
        self,
        resp: Response,
        req: PreparedRequest,
        stream: bool = False,
        timeout: TimeoutLike | _Unset = _UNSET,
        verify: Verify = True,
        cert: Cert = None,
        proxies: Proxies | None = None,
        yield_requests: bool = False,
    ) -> Iterator[Any]:
        """The responses to the requests that follow from `resp`, the answer to `req`, one by one.

        With `yield_requests` the first of these requests instead, which is not sent.
        """
        given = self.timeout if timeout is _UNSET else timeout
        deadline = _running(given) or Deadline(Timeout.of(given), self._clock)  # type: ignore[arg-type]  # not unset
        call = Call(self, deadline, True, stream, verify, cert, proxies, True, None)
        response: Any = resp
        request = req
        while (hop := call.next_hop(request, response)) is not None:
            if yield_requests:
                yield hop
                return
            history = [*response.history, response]
            request, response = hop, call.receive(hop, call.answer(hop, history), history)
            if not stream:
                call.read(response)
            yield response

    def get(self, url: str | bytes, **options: Unpack[CallOptions]) -> Response:
        """Sends a GET request; `options` are those of `request`."""
        return self.request("GET", url, **options)

    def options(self, url: str | bytes, **options: Unpack[CallOptions]) -> Response:
        """Sends an OPTIONS request; `options` are those of `request`."""
        return self.request("OPTIONS", url, **options)

    def head(self, url: str | bytes, **options: Unpack[CallOptions]) -> Response:
        """Sends a HEAD request, and follows no redirects unless `allow_redirects` says so.

        The other `options` are those of `request` too.
        """
        options.setdefault("allow_redirects", False)
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

    # --- what calls have in common ---------------------------------------------------------

    def _find_url(self, url: Any, params: Params) -> tuple[Any, Params]:
        """The URL of a call behind `base_url`, or one for a transport that is mounted for it."""
        if self._base_url is not None:
            return join_base(self._base_url, url), params
        text = url.decode("latin-1") if isinstance(url, bytes) else str(url)
        wanted = text.strip().lower()
        if wanted.partition(":")[0] not in ("http", "https") and any(
            wanted.startswith(prefix.lower()) for prefix in self._adapters or ()
        ):
            from h11client._messages.foreign import foreign_url

            return foreign_url(text, params), None
        return url, params

    def _join_hooks(self, own: Hooks | None) -> Hooks | None:
        """The session's hooks and then the call's own; None when there are none."""
        joined: dict[str, list[Any]] = {}
        for hooks in (self._hooks, own or {}):
            for event, found in hooks.items():
                joined.setdefault(event, []).extend([found] if callable(found) else found or ())
        return joined if any(joined.values()) else None

    def _admit(self, request: PreparedRequest, auth: Auth, cookies: Cookies) -> None:
        """Gives a new request its cookies, and the credentials of the first who has some."""
        jar = self._jar
        if jar is not None or cookies is not None:
            request.jar = jar
            request.prepare_cookies(cookies)
        userinfo = request.parsed_url.userinfo
        if auth is None and userinfo is None and self.auth is None:
            if self._trust_netrc:
                admit_from_netrc(self, request)
            return
        own = request.wire_head()[2].values_of(b"authorization")
        from_session = self._headers.get("Authorization")
        is_of_call = bool(own) and own != [(from_session or "").encode("latin-1")]
        if auth is None and userinfo is not None and not is_of_call:
            name, password = userinfo
            if not password and self._trust_netrc:
                auth = credentials_for(request.parsed_url, login=name)
            auth = auth or userinfo
        if is_of_call or (own and auth is None):
            admit_beside_header(request, self.auth if auth is None else auth)
        else:
            request.prepare_auth(self.auth if auth is None else auth)

    def _way_to(
        self, request: PreparedRequest, proxies: Proxies | None, verify: Verify
    ) -> tuple[Proxies | None, Verify]:
        """The one proxy for a request, as a mapping, and whom to trust on the way there."""
        chosen: Proxies | None = None
        url = getattr(request, "parsed_url", None)
        if url is None:
            return None, verify  # and the transport will say so
        if proxies or self.proxies or (self._trust_proxies and environment_proxies()):
            proxy = choose_proxy(url, proxies, self.proxies, self._trust_proxies)
            chosen = None if proxy is None else {url.scheme: proxy}
        if verify is True and self._trust_certificates and (chosen or url.scheme == "https"):
            verify = environment_authorities() or True
        return chosen, verify

    def _merge_proxies(self, proxies: Proxies | None) -> dict[str, Any]:
        """All that is known about proxies as one mapping: the call's, the session's, the rest."""
        environment = environment_proxies() if self._trust_proxies else None
        return {**(environment or {}), **(self.proxies or {}), **(proxies or {})}

    def _transport_for(self, request: PreparedRequest) -> Transport:
        if self._adapters is None:
            return self._transport
        transport: Transport = self.get_adapter(request.url or "")
        return transport

    def _bound(self, response: Any) -> None:
        """Tells a response how much may be read of it."""
        if self.max_response_size is not None:
            response.max_response_size = self.max_response_size

    def _store_cookies(self, request: PreparedRequest, response: Any) -> None:
        """Keeps the cookies of a response; those of a tunnel's end are none of the origin's."""
        if request.method == "CONNECT":
            return
        from h11client.cookies import store_cookies

        store_cookies(self.cookies, request, response)

    # --- the end ---------------------------------------------------------------------------

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def _says_more(response: Any) -> bool:
    """Whether a response redirects or has cookies."""
    if response.status_code in REDIRECTS:
        return True
    head = getattr(response, "_head", None)
    return head is None or bool(head.headers.values_of(b"set-cookie"))


def _retry_of(retries: Any) -> Retry | None:
    if retries is None:
        return None
    from h11client._policies.retries import Retry

    return Retry.of(retries)


def _running(timeout: object) -> Deadline | None:
    """The deadline of a call that is running, when a hook passes it on."""
    if isinstance(timeout, Deadline):
        return timeout
    return timeout.deadline if isinstance(timeout, TimeoutPair) else None


def _merge_params(ours: Params, own: Params) -> Params:
    """As in requests: mappings are merged, a value of None leaves one out, all else replaces."""
    if not own:
        return ours
    if not isinstance(ours, Mapping) or not isinstance(own, Mapping):
        return own
    merged = {**ours, **own}
    return {name: value for name, value in merged.items() if value is not None}
