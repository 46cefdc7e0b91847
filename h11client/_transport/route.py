"""`Route`: everything that a dial depends on, and nothing else. It is the key of the pool."""

from __future__ import annotations

from operator import itemgetter

from h11client._transport.network import TLSConfig

TYPE_CHECKING = False
if TYPE_CHECKING:
    from h11client._messages.url import URL
    from h11client._transport.dial_options import DialOptions
    from h11client._transport.network import Cert, Verify
    from h11client._transport.proxies import Proxy

__all__ = ["Route", "build_route"]

# The configuration of `verify=True` without a client certificate: shared, because most are it.
_DEFAULT_TLS = TLSConfig()


class Private:
    """Whose a connection is, as a part of a key: equal for the very same object, whatever that is.

    Some schemes of authentication are about the connection, not the request: whoever sends on it
    next would be taken for who has proved himself first.
    """

    __slots__ = ("owner",)

    def __init__(self, owner: object) -> None:
        self.owner = owner

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Private) and other.owner is self.owner

    def __hash__(self) -> int:
        return id(self.owner)


class Route(
    tuple[str, str, int, "TLSConfig | None", "DialOptions | None", "Proxy | None", "Private | None"]
):
    """Where a connection leads and how it is made: two requests with equal routes may share one.

    A tuple, so that looking up the pool's line of a route hashes without a Python frame. `tls` is
    None for plain http, `dial` None when a session says nothing about it, `proxy` None for the
    direct way, `private` None unless connections are for one owner alone. A connection to a proxy
    that forwards requests could serve all http origins, but there are proxies which send on all
    that comes on it to the origin of the first request.

    >>> Route("http", "example.com", 80) == Route("http", "example.com", 80)
    True
    >>> str(Route("https", "::1", 8443, TLSConfig()))
    'https://[::1]:8443'
    """

    __slots__ = ()

    def __new__(
        cls,
        scheme: str,
        host: str,
        port: int,
        tls: TLSConfig | None = None,
        dial: DialOptions | None = None,
        proxy: Proxy | None = None,
        private: Private | None = None,
    ) -> Route:
        return tuple.__new__(cls, (scheme, host, port, tls, dial, proxy, private))

    def __getnewargs__(
        self,
    ) -> tuple[str, str, int, TLSConfig | None, DialOptions | None, Proxy | None, Private | None]:
        return self[0], self[1], self[2], self[3], self[4], self[5], self[6]

    if TYPE_CHECKING:
        scheme: str
        host: str
        port: int
        tls: TLSConfig | None
        dial: DialOptions | None
        proxy: Proxy | None
        private: Private | None
    else:  # read without a Python frame each, as those of a named tuple are
        scheme, host, port, tls, dial, proxy, private = map(property, map(itemgetter, range(7)))

    @property
    def forwarded(self) -> bool:
        """Whether requests go to a proxy that forwards them: in absolute-form."""
        return self[5] is not None and self[0] == "http" and self[5].forwards

    @property
    def authority(self) -> str:
        """Host and port, as a CONNECT names them."""
        host = self[1].partition("%")[0]
        return f"[{host}]:{self[2]}" if ":" in host else f"{host}:{self[2]}"

    @property
    def server_hostname(self) -> str:
        """The name that a certificate is checked against: no zone, no trailing dot."""
        dial = self[4]
        host = self[1] if dial is None else dial.server_hostname or self[1]
        return host.partition("%")[0].rstrip(".")

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        if self.proxy is None:
            return f"{self.scheme}://{host}:{self.port}"
        return f"{self.scheme}://{host}:{self.port} through {self.proxy}"

    def __repr__(self) -> str:
        options = [f" {option!r}" for option in (self.tls, self.dial) if option is not None]
        return f"<Route {self}{''.join(options)}>"


# The last ones that were made for paths, of which a call has the same again and again.
_made: dict[object, TLSConfig] = {}
_MOST_MADE = 32


def _tls_config(verify: Verify, cert: Cert, log_keys: bool, strict: bool) -> TLSConfig:
    """The configuration with the present state of its files."""
    key = verify, cert, log_keys, strict
    # 1 would find what was made for True. A list is no key.
    plain = type(verify) is str or verify is True or verify is False
    if not plain or not (cert is None or type(cert) is str or type(cert) is tuple):
        return TLSConfig(verify, cert, (), log_keys, strict).with_files()
    known = _made.get(key)
    if known is not None and known.is_current():
        return known
    if len(_made) >= _MOST_MADE:
        _made.clear()
    made = _made[key] = TLSConfig(verify, cert, (), log_keys, strict).with_files()
    return made


def build_route(
    url: URL,
    verify: Verify = True,
    cert: Cert = None,
    dial: DialOptions | None = None,
    proxy: Proxy | None = None,
    log_keys: bool = True,
    private_to: object = None,
) -> Route:
    """The route to where `url` leads, for these options of a call.

    With `private_to` its connections are shared only by those who name the same object. What
    concerns TLS only is no part of a plain route: `verify=False` must not open a second connection
    to an http origin.
    """
    scheme = url.scheme
    private = None if private_to is None else Private(private_to)
    if proxy is not None:
        if dial is not None and dial.uds is not None:
            proxy = None  # the socket is where to go
        else:
            proxy = proxy.for_call(verify, log_keys)
    if scheme != "https":
        dial = dial and dial.without_tls()
        return Route(scheme, url.host, url.port, None, dial or None, proxy, private)
    strict = dial is None or dial.require_close_notify
    if verify is True and cert is None and log_keys and strict:
        tls = _DEFAULT_TLS
    else:
        tls = _tls_config(verify, cert, log_keys, strict)
    return Route(scheme, url.host, url.port, tls, dial or None, proxy, private)
