"""`DialOptions`: what a session may say about how its connections are made, besides TLS."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from h11client._messages.hosts import read_authority
from h11client._transport.forking import undivided

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeAlias

    # Of a host, a port and the seconds that are left (None: no limit), the addresses to try.
    Resolver: TypeAlias = Callable[[str, int, float | None], Sequence[str]]
    Hosts: TypeAlias = Mapping[str, str | Sequence[str]]
    SocketOption: TypeAlias = tuple[int, int, int | bytes]
    SourceAddress: TypeAlias = str | tuple[str, int]

__all__ = ["NO_OPTIONS", "DialAttributes", "DialOptions"]

_C_INT = 2**31  # setsockopt(2) takes numbers of 32 bits
_NAMES = ("resolver", "hosts", "uds", "source_address", "socket_options", "server_hostname")


class DialOptions:
    """How connections are made: a frozen, hashable value, and part of the pool's key.

    Equal when every option is, the resolver being the same object. Raises `TypeError` and
    `ValueError` for what cannot be meant; a name of `hosts` is read as in a URL.

    >>> options = DialOptions(hosts={"A.test": "127.0.0.1"}, source_address="127.0.0.2")
    >>> options
    DialOptions(hosts={'a.test': ('127.0.0.1',)}, source_address=('127.0.0.2', 0))
    >>> options.replace(source_address=None) == DialOptions(hosts={"a.test": ["127.0.0.1"]})
    True
    """

    __slots__ = ("_hash", "_key", "require_close_notify", *_NAMES)

    resolver: Resolver | None
    hosts: Mapping[str, tuple[str, ...]]
    uds: str | bytes | None
    source_address: tuple[str, int] | None
    socket_options: tuple[SocketOption, ...]
    server_hostname: str | None
    require_close_notify: bool
    _key: tuple[object, ...]
    _hash: int

    def __init__(
        self,
        *,
        resolver: Resolver | None = None,
        hosts: Hosts | None = None,
        uds: str | bytes | os.PathLike[str] | None = None,
        source_address: SourceAddress | None = None,
        socket_options: Sequence[SocketOption] | None = None,
        server_hostname: str | None = None,
        require_close_notify: bool = True,
    ) -> None:
        if resolver is not None and not callable(resolver):
            raise TypeError(f"resolver= is called with host, port and seconds, not {resolver!r}")
        put = object.__setattr__
        known = {} if hosts is None else _read_hosts(hosts)
        put(self, "resolver", resolver)
        put(self, "hosts", MappingProxyType(known))
        put(self, "uds", _read_path(uds))
        put(self, "source_address", _read_source(source_address))
        put(self, "socket_options", _read_socket_options(socket_options))
        put(self, "server_hostname", _read_server_hostname(server_hostname))
        put(self, "require_close_notify", _read_switch(require_close_notify))
        socket = self.uds, self.source_address, self.socket_options
        rest = (*socket, self.server_hostname, self.require_close_notify)
        put(self, "_key", (id(resolver), frozenset(known.items()), *rest))
        # Kept, because a pool looks its lines up by it; equal values have equal hashes.
        put(self, "_hash", hash(self._key))

    def replace(self, **changes: object) -> DialOptions:
        """The same with other values for these options."""
        names = (*_NAMES, "require_close_notify")
        values: dict[str, object] = {name: getattr(self, name) for name in names}
        return DialOptions(**{**values, **changes})  # type: ignore[arg-type]  # checked there

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"DialOptions are frozen; make new ones to change {name!r}")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"DialOptions are frozen; {name!r} cannot be deleted")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, DialOptions):
            return NotImplemented
        return self._key == other._key

    def __hash__(self) -> int:
        return self._hash

    def __bool__(self) -> bool:
        """Whether any of them is given."""
        return not self.require_close_notify or any(getattr(self, name) for name in _NAMES)

    def without_tls(self) -> DialOptions:
        """The same without what concerns TLS alone."""
        if self.server_hostname is None and self.require_close_notify:
            return self
        return self.replace(server_hostname=None, require_close_notify=True)

    def _given(self) -> dict[str, object]:
        given = {name: getattr(self, name) for name in _NAMES if getattr(self, name)}
        if not self.require_close_notify:
            given["require_close_notify"] = False
        return {**given, "hosts": dict(self.hosts)} if self.hosts else given

    def __repr__(self) -> str:
        given = [f"{name}={value!r}" for name, value in self._given().items()]
        return f"DialOptions({', '.join(given)})"

    def __reduce__(self) -> tuple[object, ...]:
        return _unpickle, (self._given(),)


def _unpickle(given: dict[str, object]) -> DialOptions:
    return DialOptions(**given)  # type: ignore[arg-type]  # they come from another one


def _read_hosts(hosts: Hosts) -> dict[str, tuple[str, ...]]:
    if not isinstance(hosts, Mapping):
        raise TypeError(f"hosts= maps names to addresses, and is no {type(hosts).__name__}")
    return {_read_name(name): _read_addresses(found) for name, found in hosts.items()}


def _read_name(name: str) -> str:
    host, _, port = read_authority(f"[{name}]" if ":" in name else name, name)
    if port is not None:
        raise ValueError(f"hosts= maps names without ports, not {name!r}")
    return host


def _read_addresses(found: str | Sequence[str]) -> tuple[str, ...]:
    addresses = tuple(map(_read_address, [found] if isinstance(found, str) else found))
    if not addresses:
        raise ValueError("a name in hosts= has at least one address")
    return addresses


def _read_address(text: str) -> str:
    """An IPv4 or IPv6 address as systems write it."""
    host, zone, _ = read_authority(f"[{text}]" if ":" in text else text, text)
    if ":" not in host and not host.replace(".", "").isdigit():
        raise ValueError(f"{text!r} is no IP address")
    return f"{host}%{zone}" if zone else host


def _read_path(uds: str | bytes | os.PathLike[str] | None) -> str | bytes | None:
    if uds is None:
        return None
    path = os.fspath(uds)
    if not path:  # which nobody means, and which would be no socket at all
        raise ValueError("uds= is the path of a unix socket, and not empty")
    return path


def _read_source(source: SourceAddress | None) -> tuple[str, int] | None:
    if source is None:
        return None
    pair: Any = (source, 0) if isinstance(source, str) else source
    if not isinstance(pair, (tuple, list)) or not all(map(isinstance, pair, (str, int))):
        raise TypeError(f"source_address= is an address, or one with a port, not {source!r}")
    if len(pair) != 2 or not 0 <= pair[1] < 65536:
        raise ValueError(f"source_address= is an address, or one with a port, not {source!r}")
    host, port = pair
    return _read_address(host) if host else "", port


def _read_socket_options(
    options: Sequence[SocketOption] | None,
) -> tuple[SocketOption, ...]:
    rows: tuple[Any, ...] = tuple((level, name, value) for level, name, value in options or ())
    for row in rows:
        level, name, value = row
        if not (
            isinstance(level, int) and isinstance(name, int) and isinstance(value, (int, bytes))
        ):
            raise TypeError(f"socket_options= are triples as setsockopt() takes them, not {row!r}")
        if any(isinstance(part, int) and not -_C_INT <= part < _C_INT for part in row):
            raise ValueError(f"socket_options= are numbers of 32 bits, not {row!r}")
    return rows


def _read_server_hostname(name: str | None) -> str | None:
    return None if name is None else _read_name(name)


def _read_switch(required: bool) -> bool:
    if required is True or required is False:
        return required
    raise TypeError(f"require_close_notify= is True or False, not {required!r}")


NO_OPTIONS = DialOptions()


class DialAttributes:
    """The options of dialling, one by one, as attributes of whoever has a pool."""

    _dial_options_ = NO_OPTIONS

    def _set_dial_options_(self, options: DialOptions) -> None:
        raise NotImplementedError

    def _change_dial_options_(self, **changes: Any) -> None:
        with undivided:  # or of two threads one would take back what the other has changed
            self._set_dial_options_(self._dial_options_.replace(**changes))

    @property
    def resolver(self) -> Resolver | None:
        """Called with host, port and the seconds left; gives IP addresses in the place of DNS."""
        return self._dial_options_.resolver

    @resolver.setter
    def resolver(self, resolver: Resolver | None) -> None:
        self._change_dial_options_(resolver=resolver)

    @property
    def hosts(self) -> Hosts:
        """Host names and their addresses, looked at before any resolver; assign to change it."""
        return self._dial_options_.hosts

    @hosts.setter
    def hosts(self, hosts: Hosts | None) -> None:
        self._change_dial_options_(hosts=hosts)

    @property
    def uds(self) -> str | bytes | None:
        """The path of a unix socket over which every request goes, or None."""
        return self._dial_options_.uds

    @uds.setter
    def uds(self, path: str | bytes | os.PathLike[str] | None) -> None:
        self._change_dial_options_(uds=path)

    @property
    def source_address(self) -> tuple[str, int] | None:
        """The address, and the port or 0, from which connections are made, or None."""
        return self._dial_options_.source_address

    @source_address.setter
    def source_address(self, address: SourceAddress | None) -> None:
        self._change_dial_options_(source_address=address)

    @property
    def socket_options(self) -> Sequence[SocketOption]:
        """Triples (level, option, value), set before a socket is connected."""
        return self._dial_options_.socket_options

    @socket_options.setter
    def socket_options(self, options: Sequence[SocketOption] | None) -> None:
        self._change_dial_options_(socket_options=options)

    @property
    def server_hostname(self) -> str | None:
        """The name for SNI and for checking certificates, instead of the URL's host."""
        return self._dial_options_.server_hostname

    @server_hostname.setter
    def server_hostname(self, name: str | None) -> None:
        self._change_dial_options_(server_hostname=name)

    @property
    def require_close_notify(self) -> bool:
        """Whether a body that ends with its TLS connection is whole only after a close_notify."""
        return self._dial_options_.require_close_notify

    @require_close_notify.setter
    def require_close_notify(self, required: bool) -> None:
        self._change_dial_options_(require_close_notify=required)
