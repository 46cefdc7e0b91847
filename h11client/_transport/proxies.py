"""`Proxy`: where a proxy is, and what it alone is told.

The user name and password of a proxy, and the headers that are meant for it, leave this process
in two places only: in the CONNECT that opens a tunnel, and in a request in absolute-form to that
very proxy (RFC 9110 section 11.7.2). They are part of the value, so that connections which were
made with other credentials are other connections.
"""

from __future__ import annotations

import re

from h11client._messages.headers import check_field, field_pairs
from h11client._messages.hosts import read_authority, shown_url
from h11client._transport.network import TLSConfig
from h11client.exceptions import InvalidHeader, InvalidProxyURL, InvalidURL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeAlias

    from h11client._messages.headers import HeadersArgument
    from h11client._transport.network import Cert, Verify
    from h11client.auth import HTTPBasicAuth, HTTPDigestAuth

    UserAndPassword: TypeAlias = HTTPBasicAuth | HTTPDigestAuth
    ProxyAuth: TypeAlias = tuple[str | bytes, str | bytes] | UserAndPassword | None

__all__ = ["Proxy", "ProxyAuthorization", "as_proxy"]

DEFAULT_PORTS = {
    "http": 80,
    "https": 443,
    "socks4": 1080,  # RFC 1928 section 3
    "socks4a": 1080,
    "socks5": 1080,
    "socks5h": 1080,
}
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*)://")
_REST = re.compile(r"[/?#]")
# The way of a message, its length and its credentials are nobody's to set here.
_OURS = frozenset([b"host", b"content-length", b"transfer-encoding", b"connection"])
_MOST_REMEMBERED = 64  # texts of proxies that were given again and again


class Proxy:
    """A proxy: a frozen value.

    `url` is `scheme://[user:password@]host[:port]` with the schemes http, https (TLS to the
    proxy), socks4, socks4a, socks5 and socks5h (the "a" and the "h": the proxy resolves the name);
    without a scheme it is http. `auth` is a (user, password) pair or an `HTTPBasicAuth`, sent with
    the first request and turned into Digest when that is asked for, or an `HTTPDigestAuth`, which
    never sends the password. `headers` are sent to the proxy with each CONNECT and each forwarded
    request. `verify` and `cert` are for TLS to the proxy itself; without `verify` that is the
    call's.

    Raises `InvalidProxyURL`, `InvalidHeader`, and `TypeError` or `ValueError` for wrong `auth`.

    >>> Proxy("http://user:secret@proxy.test:3128")
    Proxy('http://***@proxy.test:3128')
    """

    __slots__ = (
        "_key",
        "auth",
        "authorization",
        "cert",
        "headers",
        "host",
        "port",
        "scheme",
        "tls",
        "verify",
    )

    scheme: str
    host: str
    port: int
    auth: UserAndPassword | None
    headers: tuple[tuple[bytes, bytes], ...]
    verify: Verify | None
    cert: Cert
    tls: TLSConfig | None  # to the proxy itself
    authorization: ProxyAuthorization | None
    _key: tuple[object, ...]

    def __init__(
        self,
        url: str,
        *,
        auth: ProxyAuth = None,
        headers: HeadersArgument = None,
        verify: Verify | None = None,
        cert: Cert = None,
    ) -> None:
        scheme, host, port, userinfo = _parse_url(url)
        own = _read_auth(auth) if auth is not None else _read_userinfo(userinfo)
        put = object.__setattr__
        put(self, "scheme", scheme)
        put(self, "host", host)
        put(self, "port", port)
        put(self, "auth", own)
        put(self, "headers", _read_headers(headers))
        put(self, "verify", verify)
        put(self, "cert", cert)
        put(self, "authorization", None if own is None else ProxyAuthorization(own))
        tls = TLSConfig(True if verify is None else verify, cert)  # it looks at them
        put(self, "tls", tls if scheme == "https" else None)
        put(self, "_key", (scheme, host, port, own, self.headers, verify, cert, self.tls))

    @property
    def forwards(self) -> bool:
        """Whether it speaks HTTP: then it forwards http requests, and tunnels https."""
        return self.scheme in ("http", "https")

    def for_call(self, verify: Verify, log_keys: bool) -> Proxy:
        """The same, with TLS to it settled: by its own `verify`, or else the call's.

        Unequal to what it was before a file that counts for this has changed.
        """
        if self.scheme != "https":
            return self
        tls = TLSConfig(verify if self.verify is None else self.verify, self.cert, (), log_keys)
        proxy: Proxy = object.__new__(Proxy)
        for name in Proxy.__slots__:
            object.__setattr__(proxy, name, getattr(self, name))
        object.__setattr__(proxy, "tls", tls.with_files())
        object.__setattr__(proxy, "_key", (*self._key[:-1], proxy.tls))
        return proxy

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a Proxy is frozen; make a new one to change {name!r}")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"a Proxy is frozen; {name!r} cannot be deleted")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Proxy):
            return NotImplemented
        return self is other or self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"

    def __repr__(self) -> str:
        before, _, after = str(self).partition("://")
        return f"Proxy('{before}://{'' if self.auth is None else '***@'}{after}')"

    def __reduce__(self) -> tuple[object, ...]:
        return _unpickle, (str(self), self.auth, self.headers, self.verify, self.cert)


def _unpickle(
    url: str,
    auth: UserAndPassword | None,
    headers: tuple[tuple[bytes, bytes], ...],
    verify: Verify | None,
    cert: Cert,
) -> Proxy:
    return Proxy(url, auth=auth, headers=headers, verify=verify, cert=cert)


def _parse_url(url: str) -> tuple[str, str, int, str | None]:
    """Scheme, host, port and what is before the last "@" of the authority."""
    if not isinstance(url, str):
        raise TypeError(f"the URL of a proxy is text, not {type(url).__name__}")
    match = _SCHEME.match(url)
    scheme, start = (match[1].lower(), match.end()) if match else ("http", 0)
    if scheme not in DEFAULT_PORTS:
        raise InvalidProxyURL(
            f"a proxy's scheme is one of {', '.join(DEFAULT_PORTS)}: {shown_url(url)}"
        )
    end = _REST.search(url, start)
    authority = url[start : end.start() if end else len(url)]
    if url[start + len(authority) :] not in ("", "/"):
        raise InvalidProxyURL(f"a proxy's URL ends with its host and port: {shown_url(url)}")
    before, at, place = authority.rpartition("@")
    try:
        host, zone, port = read_authority(place, url)
    except InvalidURL as error:
        raise InvalidProxyURL(f"of a proxy: {error}") from error
    return (
        scheme,
        f"{host}%{zone}" if zone else host,
        port or DEFAULT_PORTS[scheme],
        before if at else None,
    )


def _read_userinfo(userinfo: str | None) -> HTTPBasicAuth | None:
    """`user:password` of a URL; each may be percent-encoded (RFC 3986 section 3.2.1)."""
    if userinfo is None:
        return None
    from urllib.parse import unquote_to_bytes

    from h11client.auth import HTTPBasicAuth

    username, _, password = userinfo.partition(":")
    try:
        return HTTPBasicAuth(unquote_to_bytes(username), unquote_to_bytes(password))
    except UnicodeError:
        problem = "the user name or password is not UTF-8"  # the error itself holds them
    except ValueError as error:
        problem = str(error)
    raise InvalidProxyURL(f"in a proxy's URL: {problem}")


def _read_auth(auth: ProxyAuth) -> UserAndPassword:
    from h11client.auth import HTTPBasicAuth, HTTPDigestAuth

    if isinstance(auth, (HTTPBasicAuth, HTTPDigestAuth)):
        return auth
    if not isinstance(auth, (tuple, list)) or len(auth) != 2:
        raise TypeError("a proxy's auth= is a (user, password) pair or an HTTPBasicAuth")
    return HTTPBasicAuth(auth[0], auth[1])


def _read_headers(headers: HeadersArgument) -> tuple[tuple[bytes, bytes], ...]:
    if headers is None:
        return ()
    fields = [check_field(name, value) for name, value in field_pairs(headers) if value is not None]
    for name, _ in fields:
        if name.lower() in _OURS:
            raise InvalidHeader(f"{name.decode('ascii')} is not for a proxy's headers= to say")
    return tuple(fields)


_remembered: dict[str, Proxy] = {}


def as_proxy(proxy: str | Proxy) -> Proxy:
    """The proxy that a text names; what a proxy asked for is remembered with its text."""
    if isinstance(proxy, Proxy):
        return proxy
    known = _remembered.get(proxy) if type(proxy) is str else None
    if known is None:
        known = Proxy(proxy)
        if len(_remembered) >= _MOST_REMEMBERED:
            _remembered.clear()
        _remembered[proxy] = known
    return known


class ProxyAuthorization:
    """What one proxy is told in Proxy-Authorization, and what it has asked for; thread-safe."""

    def __init__(self, auth: UserAndPassword) -> None:
        from h11client._policies.digest import DigestSession
        from h11client.auth import HTTPBasicAuth

        self._basic = auth.credentials() if isinstance(auth, HTTPBasicAuth) else None
        self._digest = DigestSession(auth)

    def first(self, method: str, uri: str, body: bytes | None) -> str | None:
        """What goes with a request before the proxy has asked; None for nothing."""
        return self._digest.credentials(method, uri, body) or self._basic

    def answer(
        self, asked: Sequence[str], told: Sequence[str], method: str, uri: str, body: bytes | None
    ) -> str | None:
        """The answer to the values of Proxy-Authenticate, or None when it would be no use.

        `told` is what this request has been sent with, "" for nothing, in order. Each scheme is
        answered once, and Digest once more when its nonce was only stale (RFC 7616 section 3.4.3).
        """
        from h11client._policies.challenges import parse_challenges

        challenges = parse_challenges(asked)
        answers = sum(value.startswith("Digest ") for value in told[1:])
        stale = any(found.parameters.get("stale", "").lower() == "true" for found in challenges)
        if answers <= stale and self._digest.accept(challenges):
            value = self._digest.credentials(method, uri, body)
            if value is not None:
                return value
        is_asked = any(challenge.scheme == "basic" for challenge in challenges)
        if is_asked and self._basic is not None and self._basic not in told:
            return self._basic
        return None
