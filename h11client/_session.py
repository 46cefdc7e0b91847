"""`Session`: what requests have in common, and the way from a call to its response.

The route of `session.get(url)`: `get` -> `request` (arguments become one prepared request, no I/O
so far) -> `send` (the one `Deadline` starts) -> the transport -> a connection -> its stream.
"""

from __future__ import annotations

from h11client._messages.request import PreparedRequest, Request, prepare_request
from h11client._messages.response import Response
from h11client._policies.netrc import has_entries
from h11client._policies.redirects import REDIRECTS
from h11client._preparing import Preparing, merge_params
from h11client._redirecting import Redirecting, build_hop
from h11client._sending import Call, TimeoutPair
from h11client._timeouts import Deadline, Timeout
from h11client._transport.proxy_choice import environment_proxies
from h11client._watching import Watch
from h11client.exceptions import RequestException

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from collections.abc import Iterator
    from types import TracebackType
    from typing import Any

    from typing_extensions import Self, Unpack

    from h11client._call_options import (
        Auth,
        CallOptions,
        Cookies,
        DownloadOptions,
        Files,
        NoBody,
        NoData,
        NoParams,
        OnInformational,
    )
    from h11client._downloads.digests import DigestArgument
    from h11client._downloads.download import Download
    from h11client._messages.body import Data
    from h11client._messages.headers import HeadersArgument
    from h11client._messages.trailers import TrailersArgument
    from h11client._messages.url import Params
    from h11client._policies.retries import Retry, RetryLike
    from h11client._progress import OnProgress
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


class Session(Redirecting, Preparing):
    """Sends requests, and keeps what they have in common: headers, limits, connections.

    Every argument but `transport` is also an attribute that may be assigned later.

    Args:
        headers: sent with every request; the call's own win, and a value of None leaves one out.
        auth: who asks: a (user name, password) pair, a scheme of `h11client.auth`, any callable.
        cookies: a mapping or jar; what servers give is kept in it.
        params: put into the query of every URL, before the call's own.
        hooks: functions, under "response", that see every response before those of the call.
        base_url: the URL behind whose path those of calls go; other origins are `InvalidURL`.
        verify: True (certifi's authorities), a path, an `ssl.SSLContext`, or False.
        cert: our own certificate: the path of a PEM file, or (certificate, key), or (certificate,
            key, password).
        proxies: a mapping of "http", "https" or "all", each perhaps with "://" and a host, to the
            URL of a proxy, a `Proxy`, or None for none; "no_proxy" is a list of exceptions.
        stream: whether responses are returned before their body was read.
        trust_env: whether the environment counts: True, False, or some of "certificates"
            (for `verify=True` REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE, SSL_CERT_FILE, SSL_CERT_DIR),
            "proxies" (HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY), "netrc" (NETRC, or the
            file of that name at home) and "keylog" (SSLKEYLOGFILE).
        max_redirects: how many one call follows; 0: none.
        sensitive_headers: names of headers that no redirect takes to another origin.
        retries: a `Retry`, a number, or None for never.
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
        transport: what sends the requests instead of a pool of connections of its own.

    A session may be used by many threads at once. Closing it closes its idle connections; those
    in use are closed when their response ends, and the session can be used again.

    >>> session = Session(headers={"X-Client": "me"}, timeout=5)
    >>> session.headers["x-client"], session.timeout
    ('me', 5)
    >>> session.close()
    """

    # Classes written for requests add to it what a pickle must have; here it has everything anyway.
    __attrs__: list[str] = [
        *("headers", "cookies", "auth", "proxies", "hooks", "params", "verify", "cert"),
        *("adapters", "stream", "trust_env", "max_redirects"),
    ]

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
        on_progress: OnProgress | None = None,
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
        called with each 1xx response when it comes, `on_progress` with a `Progress` whenever more
        of a body has gone out or come in. What is not given is the session's.

        Raises `RequestException`, of which everything that peers, network and system do is one;
        what an iterable or a hook of the caller's raises passes unchanged. `TypeError` and
        `ValueError` say that an argument is wrong.
        """
        if self._customized_:
            given = (method, url, headers, files, data, params, auth, cookies, hooks, json)
            request = self.prepare_request(Request(*given, trailers=trailers))  # type: ignore[arg-type]  # bytes too
            settings = self.merge_environment_settings(
                request.url or "", proxies or {}, stream, verify, cert
            )
            proxies, stream = settings["proxies"], settings["stream"]
            verify, cert = settings["verify"], settings["cert"]
        else:
            if self.params:
                params = merge_params(self.params, params)
            if self._base_url_ is not None or self._adapters_ is not None:
                url, params = self._find_url_(url, params)
            if hooks is not None or self._hooks_.get("response"):
                hooks = self._join_hooks_(hooks)
            request = prepare_request(
                method, url, self._headers_, params, headers, data, json, hooks, trailers, files
            )
            if (
                auth is not None
                or cookies is not None
                or self.auth is not None
                or self._jar_ is not None
                or (self._trust_netrc_ and has_entries())
                or request.parsed_url.userinfo is not None
            ):
                self._admit_(request, auth, cookies)
        own = None
        if not (timeout is retries is _UNSET and on_informational is None and on_progress is None):
            own = _given(timeout, retries, on_informational, on_progress)
        if own:
            own.update(proxies=proxies, stream=stream, verify=verify, cert=cert)
            return self.send(request, allow_redirects=allow_redirects, **own)
        return self.send(  # without a dictionary, which would be 1 % of a small request
            request,
            allow_redirects=allow_redirects,
            proxies=proxies,
            stream=stream,
            verify=verify,
            cert=cert,
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
        on_progress: OnProgress | None = None,
    ) -> Response:
        """Sends a prepared request as it is; the other arguments are those of `request`."""
        if not isinstance(request, PreparedRequest):
            raise TypeError(f"send() takes a PreparedRequest of h11client, not {type(request)}")
        stream = self.stream if stream is None else stream
        verify = self.verify if verify is None else verify
        cert = self.cert if cert is None else cert
        timeout = self.timeout if timeout is _UNSET else timeout
        retry = self._retries_ if retries is _UNSET else _retry_of(retries)
        if type(timeout) is Timeout:
            deadline = Deadline(timeout, self._clock_)
        else:
            deadline = self._begin_(timeout)
            if deadline.watch is not None:  # of the call that this one is a part of
                on_informational = on_informational or deadline.watch.on_informational
                on_progress = on_progress or deadline.watch.on_progress
        if on_informational is not None or on_progress is not None or self.on_event is not None:
            deadline.watch = Watch(request, self.on_event, on_informational, on_progress)
        transport = self._direct_
        try:
            response: Any = None
            if (
                transport is not None
                and retry is None
                and on_progress is None
                and (request.auth is None or not hasattr(request.auth, "auth_flow"))
            ):
                way, trust = None, verify
                if (
                    proxies
                    or self.proxies
                    or (self._trust_proxies_ and environment_proxies())
                    or (verify is True and self._trust_certificates_ and _is_https(request))
                ):
                    way, trust = self._way_to_(request, proxies, verify)
                # Of what may turn out to be too large the connection is not given back yet.
                later = stream or self.max_response_size is not None
                response = transport.send(
                    request, stream=later, timeout=deadline, verify=trust, cert=cert, proxies=way
                )
                response.connection = transport
            if not _is_final(request, response):
                call = Call(self, deadline, stream, verify, cert, proxies, allow_redirects, retry)
                response = call.run(request, response)
            if self.max_response_size is not None:
                self._bound_(response)
            if not stream:
                response.content  # noqa: B018  # reading it is its effect
        except RequestException as error:
            error.request = error.request or request
            raise
        return response  # type: ignore[no-any-return]  # a transport may give what it likes

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
        deadline = self._begin_(self.timeout if timeout is _UNSET else timeout)
        retry = timeout.retry if isinstance(timeout, TimeoutPair) else self._retries_
        call = Call(self, deadline, stream, verify, cert, proxies, True, retry)
        response: Any = resp
        request = req
        if yield_requests:
            if self.get_redirect_target(response) is not None:
                yield build_hop(self, request, response, (request.parsed_url.origin.host,))
            return
        while (hop := call.next_hop(request, response)) is not None:
            request, response = hop, call.follow(hop, [*response.history, response])
            if not stream:
                call.read(response)
            yield response

    def get(self, url: str | bytes, params: Params = None, **options: Unpack[NoParams]) -> Response:
        """Sends a GET request; `options` are those of `request`."""
        if not options:  # without another dictionary
            return self.request("GET", url, params=params)
        return self.request("GET", url, params=params, **options)

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

    def download(
        self,
        url: str | bytes,
        path: str | bytes | os.PathLike[str],
        *,
        resume: bool = True,
        digest: DigestArgument = None,
        progress: OnProgress | None = None,
        **options: Unpack[DownloadOptions],
    ) -> Download:
        """Downloads `url` into the file `path`, which is replaced when the whole is there.

        `path` may also be a directory: then the server, or the URL, says what the file is called,
        and none that is there is replaced. What comes is kept in `path` + ".part", with a note of
        what it is in ".part.json", so that after an exception, or the end of the process, another
        call goes on from there; with `resume=False` it begins again. `digest` is
        "algorithm:hexadecimal", "sha256:..." for instance, or a mapping of algorithms. `progress`
        is called with a `Progress` whose `done` counts what was there already. The other `options`
        are those of `request`. `retries` also bound how often in a row a transfer that broke off
        goes on; when neither call nor session says anything, 5 times.

        Raises what `request` raises, `HTTPError` for a status of 400 or more, `DownloadError` for
        what the system does not do, and `DigestMismatch`, after which what came is removed.
        """
        from h11client._downloads.download import Downloading

        given: Any = options
        return Downloading(self, url, path, resume, digest, progress, given).run()

    def _has_own_(self, name: str) -> bool:
        """Whether a program has put another `send` or `resolve_redirects` in the place of ours."""
        return getattr(getattr(self, name), "__func__", None) is not _OURS[name]

    def _begin_(self, timeout: Any) -> Deadline:
        """A new deadline, or that of a call that is running, when a hook passes it on."""
        if isinstance(timeout, Deadline):
            return timeout
        if isinstance(timeout, TimeoutPair):
            return timeout.deadline
        return Deadline(Timeout.of(timeout), self._clock_)

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


_OURS = {"send": Session.send, "resolve_redirects": Session.resolve_redirects}


def _given(
    timeout: Any,
    retries: Any,
    on_informational: OnInformational | None,
    on_progress: OnProgress | None,
) -> dict[str, Any]:
    """Those that were given; a `send` written for requests knows of no others."""
    own: dict[str, Any] = {}
    if timeout is not _UNSET:
        own["timeout"] = timeout
    if retries is not _UNSET:
        own["retries"] = retries
    if on_informational is not None:
        own["on_informational"] = on_informational
    if on_progress is not None:
        own["on_progress"] = on_progress
    return own


def _is_final(request: PreparedRequest, response: Any) -> bool:
    """Whether it is ours, and neither redirects nor has cookies, and no hook will look at it."""
    return (
        type(response) is Response
        and response.status_code not in REDIRECTS
        and not request._hooks
        and response._head is not None
        and b"set-cookie" not in response._head.headers.names
    )


def _is_https(request: PreparedRequest) -> bool:
    url = getattr(request, "parsed_url", None)
    return url is not None and url.scheme == "https"


def _retry_of(retries: Any) -> Retry | None:
    if retries is None:
        return None
    from h11client._policies.retries import Retry

    return Retry.of(retries)
