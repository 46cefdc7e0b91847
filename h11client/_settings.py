"""What a session is told once: every setting, as a keyword of the constructor and an attribute."""

from __future__ import annotations

from time import monotonic, sleep

from h11client._messages.decoders import accept_encoding
from h11client._messages.headers import Headers, never_show
from h11client._messages.hosts import shown_url
from h11client._messages.url import parse_url
from h11client._policies.redirects import SENSITIVE_HEADERS
from h11client._timeouts import DEFAULT_TIMEOUT, Timeout
from h11client._transport.dial_options import DialAttributes, DialOptions
from h11client._transport.forking import undivided
from h11client._transport.pool import Pool
from h11client._version import __version__
from h11client.exceptions import InvalidSchema
from h11client.hooks import default_hooks

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any

    from h11client._call_options import Auth, Cookies, Transport
    from h11client._limits import Limits
    from h11client._messages.headers import HeadersArgument
    from h11client._messages.heads import KnownHeads
    from h11client._messages.url import URL, Params
    from h11client._policies.retries import Retry, RetryLike
    from h11client._timeouts import TimeoutLike
    from h11client._transport.dial_options import Hosts, Resolver, SocketOption, SourceAddress
    from h11client._transport.network import Cert, Verify
    from h11client._transport.proxy_choice import Proxies
    from h11client._transport.tally import PoolStatistics
    from h11client._watching import OnEvent
    from h11client.hooks import Hook, Hooks

__all__ = ["Settings", "default_headers"]

_MAX_REDIRECTS = 30  # what requests allows; browsers allow 20
# What `trust_env` may name one by one.
_ENVIRONMENT = frozenset(["proxies", "netrc", "certificates", "keylog"])


class Settings(DialAttributes):
    """The attributes of a `Session`; see there.

    What each request asks for is an attribute of the object, not of its class, and nothing here
    touches `__dict__` unless it has to: CPython 3.11 reads the attributes of an object whose
    dictionary was asked for, and those of a class through an object, several times slower.

    Private names end with an underscore too: subclasses in programs have `_headers`, `_base_url`
    and the like of their own, and set them when they like.
    """

    _jar_: Any
    # Whether a subclass has a `prepare_request` or `merge_environment_settings` of its own, which
    # requests calls for every request.
    _has_own_preparing_ = False
    _hooks_: dict[str, Any]
    # What is made of credentials again and again; it does not leave the session.
    _known_heads_: KnownHeads
    _known_scheme_: tuple[object, Any]
    timeout: TimeoutLike
    # These have a value of the class: one of a subclass may have hidden the properties behind which
    # they are.
    _retries_: Retry | None = None
    _base_url_: URL | None = None
    _base_url_given_: str | bytes | None = None
    _recorders_: tuple[Any, ...] = ()  # who writes down what is exchanged

    def __init__(
        self,
        *,
        headers: HeadersArgument = None,
        auth: Auth = None,
        cookies: Cookies = None,
        params: Params = None,
        verify: Verify = True,
        cert: Cert = None,
        proxies: Proxies | None = None,
        hooks: Hooks | None = None,
        stream: bool = False,
        trust_env: bool | Iterable[str] = True,
        max_redirects: int = _MAX_REDIRECTS,
        sensitive_headers: Iterable[str] = SENSITIVE_HEADERS,
        timeout: TimeoutLike = DEFAULT_TIMEOUT,
        retries: RetryLike = None,
        base_url: str | bytes | None = None,
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
        self._forget_()
        self._headers_ = default_headers()
        if headers is not None:
            self._headers_.update(Headers(headers))
        self.auth: Auth = auth
        self.cookies = cookies
        self.params: Params = {} if params is None else params
        self.verify: Verify = verify
        self.cert: Cert = cert
        self.proxies: Proxies = {} if proxies is None else proxies
        self.hooks = hooks
        self.stream = stream
        self.max_redirects = max_redirects
        self.sensitive_headers = sensitive_headers
        Timeout.of(timeout)  # a wrong one is noticed here already
        # Subclasses written for requests may have attributes of these names, and set them before
        # they come here; what they say counts, unless an argument says otherwise.
        self._set_unless_default_(timeout=timeout, retries=retries, base_url=base_url)
        self.max_response_size = _checked_count("max_response_size", max_response_size)
        self.on_event = on_event
        self._adapters_: dict[str, Transport] | None = None
        self._transport_: Transport = Pool(limits) if transport is None else transport
        # What sends a request that needs nothing of a session's policies.
        self._direct_: Transport | None = None
        self._find_direct_()
        if limits is not None and transport is not None:
            raise TypeError("limits= are those of the session's own pool, not of a transport")
        self.trust_env = trust_env
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
            self._set_dial_options_(dial_options)
        # A transport of the user's may run on a clock of its own, a test's most likely.
        self._clock_: Callable[[], float] = getattr(self._transport_, "clock", monotonic)
        self._sleep_: Callable[[float], object] = getattr(self._clock_, "advance", sleep)
        if type(self).get_adapter is not Settings.get_adapter:
            self.adapters  # noqa: B018  # from now on `get_adapter` is asked for every request

    def _forget_(self) -> None:
        self._known_heads_ = {}
        self._known_scheme_ = (None, None)
        self._customized_ = self._has_own_preparing_

    def __getstate__(self) -> dict[str, Any]:
        left = ("_known_heads_", "_known_scheme_", "_customized_", "_recorders_")
        return {name: value for name, value in self.__dict__.items() if name not in left}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._forget_()
        self.__dict__.update(state)
        self._find_direct_()
        never_show(self._sensitive_headers_)

    def _set_unless_default_(
        self, timeout: TimeoutLike, retries: RetryLike, base_url: str | bytes | None
    ) -> None:
        if timeout is not DEFAULT_TIMEOUT or not hasattr(self, "timeout"):
            self.timeout = timeout
        if retries is not None:
            self.retries = retries
        if base_url is not None:
            self.base_url = base_url

    # --- what is said of each request ------------------------------------------------------

    @property
    def headers(self) -> Headers:
        """The headers of every request; a mapping that may be changed or assigned."""
        return self._headers_

    @headers.setter
    def headers(self, headers: HeadersArgument) -> None:
        self._headers_ = headers if isinstance(headers, Headers) else Headers(headers)

    @property
    def cookies(self) -> Any:
        """The jar: what servers have given, and what is assigned, a mapping or a jar."""
        jar = self._jar_
        return self._make_jar_() if jar is None else jar

    @cookies.setter
    def cookies(self, cookies: Cookies) -> None:
        jar: Any = None  # made when there is something to keep in it
        if cookies is not None:
            from h11client.cookies import cookiejar_from_dict

            jar = cookies if hasattr(cookies, "set_cookie") else cookiejar_from_dict(cookies)
        with undivided:
            self._own_jar_: dict[str, Any] = {}
            self._jar_ = jar

    def _make_jar_(self) -> Any:
        from h11client.cookies import RequestsCookieJar

        jar = RequestsCookieJar()
        with undivided:
            if self._jar_ is None:
                if isinstance(self._transport_, Pool):
                    jar.limits = self._transport_.limits
                # One jar, whichever thread, or handler of a signal, is the first to ask.
                self._jar_ = self._own_jar_.setdefault("jar", jar)
            return self._jar_

    @property
    def hooks(self) -> dict[str, list[Hook]]:
        """Functions to call with each response, under "response", before those of the call."""
        return self._hooks_

    @hooks.setter
    def hooks(self, hooks: Hooks | None) -> None:
        self._hooks_ = {**default_hooks(), **(hooks or {})}

    @property
    def base_url(self) -> str | bytes | None:
        """The URL behind whose path the paths of calls go, as it was given, or None."""
        return self._base_url_given_

    @base_url.setter
    def base_url(self, url: str | bytes | None) -> None:
        self._base_url_ = None if url is None else parse_url(url)
        self._base_url_given_ = url

    # --- what follows from responses -------------------------------------------------------

    @property
    def max_redirects(self) -> int:
        """How many redirects one call may follow; 0: none."""
        return self._max_redirects_

    @max_redirects.setter
    def max_redirects(self, most: int) -> None:
        _checked_count("max_redirects", most)
        self._max_redirects_ = most

    @property
    def sensitive_headers(self) -> frozenset[str]:
        """The headers, in lower case, that are not sent on to another origin by a redirect.

        Authorization, Cookie and Proxy-Authorization never are. Nor is the value of any of them
        shown in a repr.
        """
        return self._sensitive_headers_

    @sensitive_headers.setter
    def sensitive_headers(self, names: Iterable[str]) -> None:
        listed: list[Any] = [b""] if isinstance(names, (str, bytes)) else list(names)
        if not all(isinstance(name, str) for name in listed):
            raise TypeError("sensitive_headers= are several names")
        self._sensitive_headers_ = frozenset([name.lower() for name in listed])
        never_show(self._sensitive_headers_)

    @property
    def retries(self) -> RetryLike:
        """When a failed request is tried again: a `Retry`, a number, or None for never."""
        return self._retries_

    @retries.setter
    def retries(self, retries: RetryLike) -> None:
        if retries is not None:
            from h11client._policies.retries import Retry

            retries = Retry.of(retries)
        self._retries_ = retries

    # --- the way out -----------------------------------------------------------------------

    @property
    def trust_env(self) -> bool | frozenset[str]:
        """Whether environment variables and netrc count: True, False, or those that do.

        That is some of "proxies", "netrc", "certificates" and "keylog".
        """
        return self._trust_env_

    @trust_env.setter
    def trust_env(self, trust_env: bool | Iterable[str]) -> None:
        if isinstance(trust_env, (bool, int)) or trust_env is None:
            trusted = _ENVIRONMENT if trust_env else frozenset()
            self._trust_env_: bool | frozenset[str] = bool(trust_env)
        else:
            if isinstance(trust_env, str):
                raise TypeError("trust_env= is True, False or several names")
            trusted = self._trust_env_ = frozenset(trust_env)
            if trusted - _ENVIRONMENT:
                unknown = ", ".join(map(repr, sorted(trusted - _ENVIRONMENT)))
                raise ValueError(f"trust_env= does not know {unknown}")
        self._trust_proxies_ = "proxies" in trusted
        self._trust_netrc_ = "netrc" in trusted
        self._trust_certificates_ = "certificates" in trusted
        if isinstance(self._transport_, Pool):
            self._transport_.log_keys = "keylog" in trusted

    @property
    def limits(self) -> Limits:
        """Bounds on connections and on what servers may send; a change counts from now on."""
        return self._own_pool_().limits

    @limits.setter
    def limits(self, limits: Limits) -> None:
        self._own_pool_().limits = limits
        with undivided:  # whoever makes a jar later sees the new ones
            for jar in self._own_jar_.values():
                jar.limits = limits

    def statistics(self) -> PoolStatistics:
        """How many connections and waiting requests there are, and what has been done so far."""
        return self._own_pool_().statistics()

    def _own_pool_(self) -> Pool:
        if not isinstance(self._transport_, Pool):
            raise AttributeError("it is the business of the transport that the session was given")
        return self._transport_

    def _set_dial_options_(self, options: DialOptions) -> None:
        self._own_pool_().dial_options = options
        self._dial_options_ = options

    @property
    def adapters(self) -> dict[str, Any]:
        """The transports by the prefix of the URLs that are theirs; longer ones come first.

        For "https://" and "http://" that is the session's own pool, as an `HTTPAdapter`.
        """
        adapters = self._adapters_
        if adapters is None:
            transport: Transport = self._transport_
            if isinstance(transport, Pool):
                from h11client.adapters import HTTPAdapter

                transport = HTTPAdapter.over(transport)
            with undivided:
                adapters = self._adapters_  # another thread may have been quicker
                if adapters is None:
                    adapters = {"https://": transport, "http://": transport}
                    self._adapters_ = adapters
                self._direct_ = None
        return adapters

    def _find_direct_(self) -> None:
        direct = self._adapters_ is None and not self._recorders_
        takes_deadline = getattr(self._transport_, "takes_deadline", False)
        self._direct_ = self._transport_ if direct and takes_deadline else None

    def _start_recording_(self, recorder: Any) -> None:
        """From now on every transport is asked through what `recorder.over(transport)` gives."""
        if recorder not in self._recorders_:
            self._recorders_ = (*self._recorders_, recorder)
            self._find_direct_()

    def _stop_recording_(self, recorder: Any) -> None:
        self._recorders_ = tuple([other for other in self._recorders_ if other is not recorder])
        self._find_direct_()

    def mount(self, prefix: str, adapter: Any) -> None:
        """Sends requests whose URL begins with `prefix` through `adapter`.

        The longest prefix wins, in lower or upper case. An adapter has `send` and `close` as those
        of requests have; `prefix` may be of any scheme.
        """
        if not callable(getattr(adapter, "send", None)):
            raise TypeError(f"an adapter has a send(), {type(adapter).__name__} has none")
        with undivided:
            mounted = {name: found for name, found in self.adapters.items() if name != prefix}
            mounted[prefix] = adapter
            # A new mapping: another thread may be looking through the old one.
            self._adapters_ = dict(sorted(mounted.items(), key=_length_of_prefix, reverse=True))

    def get_adapter(self, url: str) -> Any:
        """The transport for `url`; raises `InvalidSchema` when there is none."""
        wanted = url.lower()
        for prefix, adapter in self.adapters.items():
            if wanted.startswith(prefix.lower()):
                return adapter
        raise InvalidSchema(f"no transport is mounted for {shown_url(url)}")

    def close(self) -> None:
        """Closes the idle connections; those in use are closed when their response ends."""
        transports = {id(self._transport_): self._transport_}
        for adapter in (self._adapters_ or {}).values():
            transports[id(adapter)] = adapter
        for transport in transports.values():
            transport.close()


def _length_of_prefix(item: tuple[str, Transport]) -> int:
    return len(item[0])


def default_headers() -> Headers:
    """What a session sends unless it is told otherwise."""
    return Headers(
        {
            "User-Agent": f"h11client/{__version__}",
            "Accept-Encoding": accept_encoding(),
            "Accept": "*/*",
        }
    )


def _checked_count(name: str, count: int | None) -> int | None:
    if count is None and name != "max_redirects":
        return None
    if type(count) is bool or not isinstance(count, int):
        raise TypeError(f"{name}= is a whole number, not {type(count).__name__}")
    if count < 0:
        raise ValueError(f"{name}= is at least 0, not {count}")
    return count
