"""Which proxy a URL is asked for through: the call's, the session's, the environment's, or none.

The environment speaks with `http_proxy`, `https_proxy`, `all_proxy` and `no_proxy`; the names in
lower case come first, those in upper case are the same otherwise. `no_proxy` is a list, separated
by commas or blanks:

    entry = "*"                              every host
          / [ "*" ] [ "." ] name [ ":" port ]    that domain and all below it
          / address [ ":" port ]                 that address, IPv6 with or without brackets
          / address "/" prefix                   the addresses of that network

Names are compared label by label, in lower case and as A-labels, addresses as numbers. What
cannot be understood is passed over. Names are not resolved to find out whether they are in a
network.
"""

from __future__ import annotations

import os
import re

from h11client._messages.hosts import address_number, read_authority
from h11client._transport.proxies import Proxy, as_proxy
from h11client.exceptions import InvalidURL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any, TypeAlias

    from h11client._messages.url import URL

    # By scheme, "all", or one of these with "://" and a host; None or "" for no proxy.
    Proxies: TypeAlias = Mapping[str, str | Proxy | None]

__all__ = ["NoProxy", "choose_proxy", "environment_proxies"]

_SCHEMES = ("http", "https", "all")
_VARIABLES = tuple(f"{scheme}_proxy" for scheme in (*_SCHEMES, "no"))
_NAMES = (*_VARIABLES, *[name.upper() for name in _VARIABLES], "REQUEST_METHOD")
_MISSING: Any = object()
_SEPARATORS = re.compile(r"[\s,]+")
_MAPPED = 0xFFFF  # IPv4 addresses in IPv6: RFC 4291 section 2.5.5.2


def choose_proxy(
    url: URL, call: Proxies | None, session: Proxies | None, trust_env: bool
) -> Proxy | None:
    """The proxy for `url`, or None to go there directly.

    The call's mapping decides when it says anything about the URL, then the session's, then the
    environment. In a mapping `scheme://host` goes before `scheme`, `all://host` and `all`. Its
    "no_proxy" is for itself and for what comes after it.

    Raises `InvalidProxyURL` when the one chosen cannot be right, and `TypeError` for what is no
    mapping.
    """
    environment = environment_proxies() if trust_env else None
    for proxies in (call, session, environment):
        if not proxies:
            continue
        if not hasattr(proxies, "get"):
            raise TypeError(
                f"proxies= is a mapping of schemes to proxies, not {type(proxies).__name__}"
            )
        if _no_proxy(proxies.get("no_proxy")).matches(url.host, url.port):
            return None
        for key in _keys(url):
            chosen = proxies.get(key, _MISSING)
            if chosen is not _MISSING:
                return as_proxy(chosen) if chosen else None
    return None


def _keys(url: URL) -> Iterator[str]:
    host = url.origin.host
    written = f"[{host}]" if ":" in host else host
    for scheme in (url.scheme, "all"):
        yield f"{scheme}://{written}:{url.port}"
        yield f"{scheme}://{written}"
        if scheme != "all":
            yield scheme
    yield "all"


class NoProxy:
    """The hosts that are gone to directly.

    >>> NoProxy("example.com, 10.0.0.0/8").matches("www.example.com", 80)
    True
    """

    __slots__ = ("_everything", "_names", "_networks")

    def __init__(self, text: str) -> None:
        self._everything = False
        self._names: list[tuple[str, int | None]] = []
        # Number, bits, length of the prefix, port.
        self._networks: list[tuple[int, int, int, int | None]] = []
        for entry in _SEPARATORS.split(text):
            if entry == "*":
                self._everything = True
            elif entry:
                self._add(entry)

    def _add(self, entry: str) -> None:
        entry, slash, prefix = entry.removeprefix("*").lstrip(".").partition("/")
        if entry.count(":") > 1 and not entry.startswith("["):
            entry = f"[{entry}]"
        try:
            host, _, port = read_authority(entry, entry)
        except InvalidURL:
            return
        address = address_number(host)
        if address is None:
            if not slash:
                self._names.append((host.rstrip("."), port))
            return
        number, bits = address
        if not slash:
            prefix = str(bits)
        if not (prefix.isascii() and prefix.isdigit() and len(prefix) < 4 and int(prefix) <= bits):
            return
        self._networks.append((number, bits, int(prefix), port))
        if bits == 128 and number >> 32 == _MAPPED and int(prefix) >= 96:
            self._networks.append((number & 0xFFFFFFFF, 32, int(prefix) - 96, port))

    def matches(self, host: str, port: int) -> bool:
        """Whether `host`, as `URL.host` has it, is to be reached without a proxy at `port`."""
        if self._everything:
            return True
        host = host.partition("%")[0].rstrip(".")
        address = address_number(host) if self._networks else None
        if address is not None:
            return any(
                bits == own_bits
                and number >> bits - prefix == own >> bits - prefix
                and own_port in (None, port)
                for number, bits in _forms(*address)
                for own, own_bits, prefix, own_port in self._networks
            )
        return any(
            (host == name or host.endswith("." + name)) and own_port in (None, port)
            for name, own_port in self._names
        )


def _forms(number: int, bits: int) -> Iterator[tuple[int, int]]:
    """The address, and if it is IPv4 in IPv6 that one too."""
    yield number, bits
    if bits == 128 and number >> 32 == _MAPPED:
        yield number & 0xFFFFFFFF, 32


_known_no_proxy: dict[str, NoProxy] = {"": NoProxy("")}
_MOST_REMEMBERED = 16


def _no_proxy(text: object) -> NoProxy:
    key = text if isinstance(text, str) else ""
    known = _known_no_proxy.get(key)
    if known is None:
        if len(_known_no_proxy) >= _MOST_REMEMBERED:
            _known_no_proxy.clear()
            _known_no_proxy[""] = NoProxy("")
        known = _known_no_proxy[key] = NoProxy(key)
    return known


# `os.environ` encodes each name that it is asked for, and answers "no" with an exception; this is
# asked for each request, so the dictionary in it is looked at, where there is one.
_encoded_names = tuple(getattr(os.environ, "encodekey", str)(name) for name in _NAMES)
_http, _https, _all, _no, _HTTP, _HTTPS, _ALL, _NO, _ = _encoded_names
_that_name_one = (_http, _https, _all, _HTTP, _HTTPS, _ALL)
_environ = os.environ
_variables: dict[object, object] = getattr(os.environ, "_data", {})
_has_none_of = _variables.keys().isdisjoint  # a view: it sees what changes
_last: tuple[tuple[object, ...], dict[str, str] | None] = ((None,) * len(_NAMES), None)


def environment_proxies() -> dict[str, str] | None:
    """What the environment says about proxies, as a mapping like a session's; None for nothing."""
    global _last
    if not _variables or os.environ is not _environ:
        values: tuple[object, ...] = tuple(map(os.environ.get, _NAMES))
    elif _has_none_of(_that_name_one):
        return None
    else:
        values = tuple(map(_variables.get, _encoded_names))
    if values == _last[0]:
        return _last[1]
    found = _read_environment()
    _last = (values, found)
    return found


def _read_environment() -> dict[str, str] | None:
    proxies: dict[str, str] = {}
    for name in _VARIABLES:
        upper = name.upper()
        value = os.environ.get(name)
        # A CGI program has its client's header `Proxy: ...` there (httpoxy, CVE-2016-5386).
        if value is None and not (upper == "HTTP_PROXY" and "REQUEST_METHOD" in os.environ):
            value = os.environ.get(upper)
        if value and value.strip():
            scheme = name.removesuffix("_proxy")
            proxies["no_proxy" if scheme == "no" else scheme] = value.strip()
    return proxies if proxies.keys() - {"no_proxy"} else None
