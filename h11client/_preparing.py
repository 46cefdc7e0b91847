"""From the arguments of a call and the settings of its session to a prepared request."""

from __future__ import annotations

from collections.abc import Mapping

from h11client._log import warn_uncalled
from h11client._messages.request import PreparedRequest, prepare_request
from h11client._messages.url import join_base, parse_url
from h11client._policies.netrc import credentials_for
from h11client._policies.redirects import leave_behind
from h11client._redirecting import admit_beside_header
from h11client._settings import Settings
from h11client._transport.authorities import environment_authorities
from h11client._transport.proxy_choice import NoProxy, choose_proxy, environment_proxies
from h11client.auth import HTTPBasicAuth, HTTPBearerAuth, resolve_auth
from h11client.exceptions import MissingSchema, RequestException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from h11client._call_options import Auth, Cookies, Transport
    from h11client._messages.request import Request
    from h11client._messages.url import Params
    from h11client._transport.network import Cert, Verify
    from h11client._transport.proxy_choice import Proxies
    from h11client.hooks import Hooks

# Whose value of Authorization is all that they do; a subclass may do anything.
_SIMPLE_SCHEMES = (HTTPBasicAuth, HTTPBearerAuth)

__all__ = ["Preparing", "merge_params"]


class Preparing(Settings):
    """What of a `Session` makes requests, and says which way they go."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        warn_uncalled(cls, frozenset(["rebuild_proxies"]))
        cls._has_own_preparing_ = (
            cls.prepare_request is not Preparing.prepare_request
            or cls.merge_environment_settings is not Preparing.merge_environment_settings
        )

    def prepare_request(self, request: Request) -> PreparedRequest:
        """What `request` becomes with what the session adds to its requests."""
        if request.method is None:
            raise ValueError("a request needs a method")
        if request.url is None:
            raise MissingSchema("a request needs a URL")
        params = merge_params(self.params, request.params) if self.params else request.params
        url: Any = request.url
        if self._base_url_ is not None or self._adapters_ is not None:
            url, params = self._find_url_(url, params)
        prepared = prepare_request(
            request.method,
            url,
            self._headers_,
            params,
            request.headers,
            request.data,
            request.json,
            self._join_hooks_(request.hooks),
            getattr(request, "trailers", None),  # a Request of requests has none
            request.files,
        )
        self._admit_(prepared, request.auth, request.cookies)
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
        if verify is True and self._trust_certificates_:
            verify = environment_authorities() or True
        return {
            "proxies": self._merge_proxies_(url, proxies),
            "stream": self.stream if stream is None else stream,
            "verify": verify,
            "cert": self.cert if cert is None else cert,
        }

    def _find_url_(self, url: Any, params: Params) -> tuple[Any, Params]:
        """The URL of a call behind `base_url`, or one for a transport that is mounted for it."""
        if self._base_url_ is not None:
            return join_base(self._base_url_, url), params
        text = url.decode("latin-1") if isinstance(url, bytes) else str(url)
        wanted = text.strip().lower()
        if wanted.partition(":")[0] not in ("http", "https") and any(
            wanted.startswith(prefix.lower()) for prefix in self._adapters_ or ()
        ):
            from h11client._messages.foreign import foreign_url

            return foreign_url(text, params), None
        return url, params

    def _join_hooks_(self, own: Hooks | None) -> Hooks | None:
        """The session's hooks and then the call's own; None when there are none."""
        joined: dict[str, list[Any]] = {}
        for hooks in (self._hooks_, own or {}):
            if not isinstance(hooks, Mapping):
                raise TypeError(f"hooks are a mapping, not {type(hooks).__name__}")
            for event, found in hooks.items():
                joined.setdefault(event, []).extend([found] if callable(found) else found or ())
        return joined if any(joined.values()) else None

    def _admit_(self, request: PreparedRequest, auth: Auth, cookies: Cookies) -> None:
        """Gives a new request its cookies, and the credentials of the first who has some."""
        added: list[tuple[str, str]] = []
        url, fields = request.parsed_url, request.wire_head()[2]
        jar = self._jar_
        if jar is not None or cookies is not None:
            request.jar = jar
            if request.method == "TRACE" or fields.values_of(b"cookie"):
                request.prepare_cookies(cookies)  # which knows whose header goes
            else:
                request.call_cookies = cookies
                line = _cookie_line(request)
                if line is not None:
                    added.append(("Cookie", line))
        own = fields.values_of(b"authorization")
        scheme, beside = self._find_scheme_(request, auth, own)
        simple = not own and type(scheme) in _SIMPLE_SCHEMES and request.method != "TRACE"
        if simple:
            request.auth = scheme
            added.append(("Authorization", scheme.credentials()))
        if added:
            request.append_generated(tuple(added), self._known_heads_)
        if beside:
            admit_beside_header(request, scheme)
        elif scheme is not None and not simple:
            request.prepare_auth(scheme)
        if request.parsed_url is not url:
            leave_behind(request, url, fields, self._sensitive_headers_)

    def _find_scheme_(
        self, request: PreparedRequest, auth: Auth, own: list[bytes]
    ) -> tuple[Any, bool]:
        """Who asks; and whether the Authorization that is there, `own`, says so already."""
        userinfo = request.parsed_url.userinfo
        # As in requests, "" or () for a call means that it is not the session's.
        ours = (self.auth or None) if auth is None else None
        auth = auth or None
        if auth is None and userinfo is None and ours is None:
            if own or self.auth or not self._trust_netrc_ or request.method == "TRACE":
                return None, False
            return credentials_for(request.parsed_url), False
        from_session = self._headers_.get("Authorization")
        is_of_call = bool(own) and own != [(from_session or "").encode("latin-1")]
        if auth is None and userinfo is not None and not is_of_call:
            name, password = userinfo
            if not password and self._trust_netrc_:
                auth = credentials_for(request.parsed_url, login=name)
            auth = auth or userinfo
        beside = is_of_call or (bool(own) and auth is None)
        scheme = auth or ours
        if type(scheme) is tuple:
            known = self._known_scheme_
            if known[0] is not scheme:
                known = self._known_scheme_ = (scheme, resolve_auth(scheme))
            scheme = known[1]
        return scheme, beside

    def _way_to_(
        self, request: PreparedRequest, proxies: Proxies | None, verify: Verify
    ) -> tuple[Proxies | None, Verify]:
        """The one proxy for a request, as a mapping, and whom to trust on the way there."""
        chosen: Proxies | None = None
        url = getattr(request, "parsed_url", None)
        if url is None:
            return None, verify  # and the transport will say so
        if proxies or self.proxies or (self._trust_proxies_ and environment_proxies()):
            proxy = choose_proxy(url, proxies, self.proxies, self._trust_proxies_)
            chosen = None if proxy is None else {url.scheme: proxy}
        if verify is True and self._trust_certificates_ and (chosen or url.scheme == "https"):
            verify = environment_authorities() or True
        return chosen, verify

    def _merge_proxies_(self, url: str, proxies: Proxies | None) -> dict[str, Any]:
        """All that is known about proxies for a URL as one mapping: the call's, then the rest."""
        said = {**(self.proxies or {}), **(proxies or {})}
        found = dict((self._trust_proxies_ and environment_proxies()) or {})
        exceptions = found.get("no_proxy", "")
        if said:
            found.pop("no_proxy", None)  # which is no exception from what somebody else has said
        if exceptions:
            try:
                asked = parse_url(url)
            except RequestException:
                return said  # a URL for a transport of the program's
            if NoProxy(exceptions).matches(asked.host, asked.port):
                return said
        return {**found, **said}

    def _transport_for_(self, request: PreparedRequest) -> Transport:
        transport: Transport = self._transport_
        if self._adapters_ is not None:
            transport = self.get_adapter(url=request.url or "")
        for recorder in self._recorders_:
            transport = recorder.over(transport)
        return transport

    def _bound_(self, response: Any) -> None:
        """Tells a response how much may be read of it."""
        if self.max_response_size is not None:
            response.max_response_size = self.max_response_size

    def _store_cookies_(self, request: PreparedRequest, response: Any) -> None:
        """Keeps the cookies of a response; what a proxy says for itself is not the origin's."""
        # RFC 6265 section 3: those of 1xx may be ignored, and 101 is one.
        if request.method == "CONNECT" or response.status_code in (101, 407):
            return
        from h11client.cookies import store_cookies

        store_cookies(self.cookies, request, response)


def _cookie_line(request: PreparedRequest) -> str | None:
    from h11client.cookies import build_cookie_line

    return build_cookie_line(request)


def merge_params(ours: Params, own: Params) -> Params:
    """As in requests: mappings are merged, a value of None leaves one out, all else replaces."""
    if not own:
        return ours
    if not isinstance(ours, Mapping) or not isinstance(own, Mapping):
        return own
    merged = {**ours, **own}
    return {name: value for name, value in merged.items() if value is not None}
