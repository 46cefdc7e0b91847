"""From a host name to one connected socket: Happy Eyeballs, version 2 (RFC 8305), without threads.

The name is resolved, the addresses are sorted so that families take turns, and attempts are
started one after the other on non-blocking sockets: the next one as soon as one has failed, or
after 250 ms in which none has answered. The first to connect wins and the others are closed. All
of them share one budget, the deadline's connect limit.
"""

from __future__ import annotations

import errno
import os
import socket
import time

from h11client._timeouts import LimitExpired
from h11client._translation import let_pass
from h11client._transport.forking import make_socket
from h11client._transport.network import ConnectFailed
from h11client._transport.polling import READY_TO_WRITE, new_poller

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, TypeAlias

    from h11client._timeouts import Deadline
    from h11client._transport.dial_options import DialOptions

    # An address family and what connect() takes for it.
    Address: TypeAlias = tuple[int, tuple[Any, ...]]

__all__ = ["dial", "dial_unix", "numeric", "resolve"]

STAGGER_SECONDS = 0.25  # RFC 8305 section 5: the recommended Connection Attempt Delay
LEAST_STAGGER_SECONDS = 0.01  # the same: it MUST NOT be less, or a crowd is dialled at once


def resolve(host: str, port: int) -> list[Address]:
    """The addresses of `host` in the order in which they are to be tried.

    Numeric addresses never reach the resolver. `getaddrinfo` blocks and cannot be interrupted:
    whoever calls this looks at the deadline right after it.
    """
    literal = _literal(host, port)
    if literal is not None:
        return [literal]
    # Bytes, because a str would go through the interpreter's IDNA codec, which is slow to import
    # and older than the rules that the host has been checked by. A zone is only resolved.
    flags = socket.AI_NUMERICHOST if ":" in host else 0
    found = socket.getaddrinfo(host.encode("ascii"), port, 0, socket.SOCK_STREAM, 0, flags)
    addresses: list[Address] = list(dict.fromkeys((row[0], row[4]) for row in found))
    if not addresses:
        raise socket.gaierror(socket.EAI_NONAME, "the name has no address")
    return _interleaved(addresses)


def numeric(hosts: Sequence[str], port: int) -> list[Address]:
    """IP addresses as `resolve` gives them; raises `ValueError` for what is none."""
    addresses: list[Address] = []
    for host in hosts:
        if not isinstance(host, str):
            raise TypeError(f"a resolver gives IP addresses as str, not {host!r}")
        address = _literal(host, port)
        if address is not None:
            addresses.append(address)
        elif ":" in host and "%" in host and _literal(host.partition("%")[0], port):
            addresses += resolve(host, port)  # its zone alone is looked up, on this machine
        else:
            raise ValueError(f"{host!r} is no IP address")
    if not addresses:
        raise ValueError("a resolver gives one address at least, or raises")
    return _interleaved(addresses)


def _literal(host: str, port: int) -> Address | None:
    try:
        if ":" not in host:
            socket.inet_pton(socket.AF_INET, host)
            return socket.AF_INET, (host, port)
        socket.inet_pton(socket.AF_INET6, host)
        return socket.AF_INET6, (host, port, 0, 0)
    except OSError as error:
        if type(error) is not OSError:
            raise  # a signal's handler
        return None


def _interleaved(addresses: Sequence[Address]) -> list[Address]:
    """Families in turns, beginning with that of the first address (RFC 8305 section 4)."""
    first = addresses[0][0]
    preferred = [address for address in addresses if address[0] == first]
    others = [address for address in addresses if address[0] != first]
    turns: list[Address] = []
    for position in range(max(len(preferred), len(others))):
        turns += preferred[position : position + 1]
        turns += others[position : position + 1]
    return turns


def dial(
    addresses: Sequence[Address],
    deadline: Deadline,
    options: DialOptions | None = None,
    stagger: float = STAGGER_SECONDS,
) -> socket.socket:
    """Connects to the first of `addresses` that answers within the deadline's connect limit.

    Raises the `OSError` of the only address, `ConnectFailed` with those of all, or `LimitExpired`.
    """
    race = _Race(addresses, deadline, stagger, options)
    try:
        return race.run()
    except LimitExpired as expired:
        if race.errors:
            raise expired from _all_failed(race.errors)
        raise
    finally:
        race.close_losers()


class _Race:
    """Attempts under way; `errors` are those of the addresses that are out."""

    def __init__(
        self,
        addresses: Sequence[Address],
        deadline: Deadline,
        stagger: float,
        options: DialOptions | None = None,
    ) -> None:
        self._waiting = list(reversed(addresses))
        self._deadline = deadline
        self._options = options
        self._stagger = max(stagger, LEAST_STAGGER_SECONDS)
        self._next_start = 0.0
        self._running: dict[int, tuple[socket.socket, Address]] = {}
        self._poller = new_poller()
        self.errors: list[OSError] = []

    def run(self) -> socket.socket:
        while True:
            winner = self._start_next() if self._is_time_to_start() else self._wait()
            if winner is not None:
                return winner
            if not self._waiting and not self._running:
                if len(self.errors) == 1:
                    raise self.errors[0]
                raise _all_failed(self.errors)

    def _is_time_to_start(self) -> bool:
        if not self._waiting:
            return False
        return not self._running or self._deadline.clock() >= self._next_start

    def _start_next(self) -> socket.socket | None:
        address = self._waiting.pop()
        self._deadline.limit("connect")
        try:
            sock = make_socket(lambda: socket.socket(address[0], socket.SOCK_STREAM))
        except OSError as error:
            let_pass(error)
            self._note(address, error)
            return None
        # In the dictionary before anything can raise: whatever is in there gets closed.
        self._running[sock.fileno()] = sock, address
        try:
            sock.setblocking(False)
            # A request's last segment must not wait for the acknowledgement of the one before.
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._options is not None:
                _set_up(sock, address, self._options)
        except OSError as error:
            let_pass(error)
            self._failed(sock.fileno(), error.errno or 0)
            return None
        code = sock.connect_ex(address[1])
        if code == 0:
            return self._connected(sock.fileno())
        if code not in _IN_PROGRESS:
            self._failed(sock.fileno(), code)
            return None
        self._poller.register(sock.fileno(), READY_TO_WRITE)
        if self._waiting:
            self._next_start = self._deadline.clock() + self._stagger
        return None

    def _wait(self) -> socket.socket | None:
        """Waits for an attempt to end, or for the time of the next one."""
        milliseconds = self._deadline.limit("connect").milliseconds
        if self._waiting:
            left = max(0.0, (self._next_start - self._deadline.clock()) * 1000.0)
            milliseconds = min(left, milliseconds)
        for descriptor, _ in self._poller.poll(milliseconds):
            self._poller.unregister(descriptor)
            sock = self._running[descriptor][0]
            code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if code:
                self._failed(descriptor, code)
                continue
            winner = self._connected(descriptor)
            if winner is not None:
                return winner
        return None

    def _connected(self, descriptor: int) -> socket.socket | None:
        sock, address = self._running[descriptor]
        if sock.getsockname() == address[1]:
            # A free port of this machine can be connected to itself (simultaneous open,
            # RFC 9293 section 3.5); nobody listens there.
            self._failed(descriptor, errno.ECONNREFUSED)
            return None
        del self._running[descriptor]
        return sock

    def _failed(self, descriptor: int, code: int) -> None:
        sock, address = self._running.pop(descriptor)
        sock.close()
        self._next_start = 0.0  # others that are under way do not hold up the next one
        self._note(address, OSError(code, os.strerror(code)))

    def _note(self, address: Address, error: OSError) -> None:
        error.filename = _shown(address)
        self.errors.append(error)

    def close_losers(self) -> None:
        for sock, _ in self._running.values():
            sock.close()
        self._running.clear()


def _set_up(sock: socket.socket, address: Address, options: DialOptions) -> None:
    """What the caller wants of a socket before it connects."""
    for level, name, value in options.socket_options:
        sock.setsockopt(level, name, value)
    if options.source_address is not None:
        host, port = options.source_address
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        if host and address[0] != family:
            raise OSError(errno.EADDRNOTAVAIL, os.strerror(errno.EADDRNOTAVAIL))
        sock.bind((host, port))


def dial_unix(path: str | bytes, deadline: Deadline, options: DialOptions) -> socket.socket:
    """Connects to the unix socket at `path`, within the deadline's connect limit."""
    family = getattr(socket, "AF_UNIX", None)
    if family is None:
        raise OSError(errno.EAFNOSUPPORT, "this system has no unix sockets")
    sock = make_socket(lambda: socket.socket(family, socket.SOCK_STREAM))
    try:
        sock.setblocking(False)
        for level, name, value in options.socket_options:
            sock.setsockopt(level, name, value)
        pause = _FIRST_PAUSE
        # A full backlog is EAGAIN here, and nothing tells when there is room: unix(7).
        while (code := sock.connect_ex(path)) in _TRY_AGAIN:
            left = deadline.limit("connect").seconds
            time.sleep(pause if left is None else min(pause, left))
            pause = min(2 * pause, _LONGEST_PAUSE)
        if code:
            error = OSError(code, os.strerror(code))
            error.filename = os.fsdecode(path)
            raise error
        deadline.limit("connect")
    except BaseException:
        sock.close()
        raise
    return sock


_TRY_AGAIN = (errno.EAGAIN, errno.EINTR)
_FIRST_PAUSE = 0.001  # seconds
_LONGEST_PAUSE = 0.05

_IN_PROGRESS = (errno.EINPROGRESS, errno.EWOULDBLOCK, getattr(errno, "WSAEWOULDBLOCK", -1))


def _shown(address: Address) -> str:
    host, port = address[1][:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _all_failed(errors: Sequence[OSError]) -> ConnectFailed:
    told = "; ".join(f"{error.filename}: {error.strerror}" for error in errors)
    return ConnectFailed(told, errors)
