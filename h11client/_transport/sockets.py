"""Streams over sockets.

A socket has one poll object of its own for as long as it lives, and is never asked to wait for
longer than a moment (`patience`). So a limit is an argument of one call and costs no system call to
set, and the poll object is the probe whether a connection that lay idle is still good (RFC 9112
section 9.4).

This is the path of every byte: it touches as little as it can. What is needed per call is bound
in the constructor, and what is rare (a full send buffer, a spurious wake-up, an interruption)
stands in methods of its own.
"""

from __future__ import annotations

import errno
import os
import socket
from math import inf
from time import monotonic

from h11client._timeouts import LONGEST_STEP, LimitExpired
from h11client._translation import let_pass
from h11client._transport.dialing import dial, dial_unix, numeric, resolve
from h11client._transport.forking import close_in_child, make_socket
from h11client._transport.patience import (
    ALL_OF_IT,
    AT_ONCE,
    become_blocking,
    become_patient,
    timers_are_heard,
)
from h11client._transport.polling import FAILED, READY_TO_READ, READY_TO_WRITE, new_poller
from h11client._transport.tls_sessions import TLSSessions
from h11client._watching import CallerError
from h11client.exceptions import ConnectTimeout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence
    from typing import Any

    from h11client._timeouts import Deadline, Limit
    from h11client._transport.dial_options import DialOptions
    from h11client._transport.dialing import Address
    from h11client._transport.network import Buffer, Stream, TLSConfig, TLSInfo

__all__ = ["SocketNetwork", "SocketStream"]

# Linux, the BSDs and macOS take 1024 pieces per sendmsg (IOV_MAX); POSIX promises 16 only, but so
# few have not been seen for decades. More pieces than this are tiny, and cheaper to join.
_MOST_PIECES = 1024

# Bytes which are copied in less time than sendmsg takes longer than send: measured, 0.4 us.
_CHEAPER_TO_JOIN = 8 * 1024

# What says something about the file, or about the system, and nothing about the socket.
_NOT_BY_SENDFILE = frozenset(
    [errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EIO, errno.EBADF, errno.EOVERFLOW]
)


class _OwnedSocket(socket.socket):
    """A socket that is closed without a warning when the collector comes upon it first.

    A response that was dropped in a cycle closes its connection in its own finaliser; the collector
    calls those of one cycle in any order, and a plain socket's would speak of a leak.
    """

    __slots__ = ()

    def __del__(self) -> None:
        try:
            self.close()
        except OSError:
            pass  # the descriptor is gone all the same


def _owned(connected: socket.socket) -> socket.socket:
    kind = connected.family, connected.type, connected.proto
    return make_socket(lambda: _OwnedSocket(*kind, fileno=connected.detach()))


class SocketStream:
    """A connected socket as a `Stream`; owns the socket from now on."""

    __slots__ = (
        "__weakref__",
        "_interrupted",
        "_patience",
        "_poll",
        "_poller",
        "_recv",
        "_send",
        "_sendmsg",
        "_socket",
        "_unsent",
        "bytes_written",
        "eof_was_clean",
        "local",
        "peer",
        "tls",
    )

    bytes_written: int
    peer: tuple[str, int] | str | None
    local: tuple[str, int] | str | None
    tls: TLSInfo | None
    eof_was_clean: bool

    def __init__(self, connected: socket.socket) -> None:
        # Milliseconds that `recv` waits for by itself; infinite when it does not wait.
        self._patience = become_patient(connected, socket.socket)
        poller = new_poller()
        poller.register(connected.fileno(), READY_TO_READ)
        self._socket = connected
        self._poller = poller
        self._poll: Callable[[float | None], list[tuple[int, int]]] = poller.poll
        self._recv = connected.recv
        self._send = connected.send
        self._sendmsg: Any = getattr(connected, "sendmsg", None)
        self._unsent = b""
        self._interrupted = False
        self.bytes_written = 0
        self.peer = _name(connected.getpeername)
        self.local = _name(connected.getsockname)
        self.tls = None
        self.eof_was_clean = True
        close_in_child(self)

    def read(self, max_bytes: int, limit: Limit, wait_first: bool = False) -> bytes:
        if self._patience <= limit.milliseconds and not timers_are_heard():
            try:
                data = self._recv(max_bytes)
            except BlockingIOError:
                return self._read_on(max_bytes, limit, self._patience)
            return data if data else self._end()
        if not wait_first:
            try:
                data = self._recv(max_bytes, AT_ONCE)
            except BlockingIOError:
                pass
            else:
                return data if data else self._end()
        if self._poll(limit.milliseconds):
            try:
                data = self._recv(max_bytes, AT_ONCE)
            except BlockingIOError:
                # It was ready and then had nothing: poll(2), BUGS. The limit starts anew.
                return self._read_on(max_bytes, limit, 0.0)
            return data if data else self._end()
        return self._read_on(max_bytes, limit, limit.milliseconds)

    def read_full(self, size: int, limit: Limit, ahead: int) -> bytes:
        """See `FillingStream` in `network`."""
        if self._patience <= limit.milliseconds and not timers_are_heard():
            try:
                data = self._recv(size, ALL_OF_IT)
            except BlockingIOError:
                return self._read_on(size, limit, self._patience)
            return data if data else self._end()
        return self.read(size, limit)

    def read_behind(self, border: bytes, size: int, limit: Limit) -> tuple[bytes, bytes]:
        """See `ChunkStream` in `network`."""
        if self._patience <= limit.milliseconds and not timers_are_heard():
            recv = self._recv
            try:
                before = recv(len(border))
            except BlockingIOError:
                return self._read_on(len(border), limit, self._patience), b""
            try:
                if before == border:
                    return before, recv(size, ALL_OF_IT)
            except BlockingIOError:
                pass
            return before or self._end(), b""
        return self.read(len(border), limit), b""

    def _read_on(self, max_bytes: int, limit: Limit, waited: float) -> bytes:
        """Goes on with a read that has waited for so many milliseconds."""
        end = None if limit.seconds is None else monotonic() + limit.seconds - waited / 1000.0
        while True:
            if self._poll(_step(end, limit)):
                try:
                    data = self._recv(max_bytes, AT_ONCE)
                except BlockingIOError:
                    continue
                return data if data else self._end()

    def _end(self) -> bytes:
        if self._interrupted:
            raise ConnectionAbortedError(errno.ECONNABORTED, "closed by another thread")
        return b""

    def write(self, data: Buffer, limit: Limit, watch: bool = False) -> bool:
        if self._unsent:
            return self._write_on(memoryview(self._take_unsent() + data), limit, watch)
        try:
            sent = self._send(data, AT_ONCE)
        except BlockingIOError:
            sent = 0
        self.bytes_written += sent
        if sent == len(data):
            return True
        return self._write_on(memoryview(data)[sent:], limit, watch)

    def write_many(self, pieces: Sequence[Buffer], limit: Limit, watch: bool = False) -> bool:
        sendmsg = self._sendmsg
        length = sum(map(len, pieces))
        if (
            length <= _CHEAPER_TO_JOIN
            or sendmsg is None
            or self._unsent
            or len(pieces) > _MOST_PIECES
        ):
            return self.write(b"".join(pieces), limit, watch)
        try:
            sent: int = sendmsg(pieces, (), AT_ONCE)
        except BlockingIOError:
            sent = 0
        self.bytes_written += sent
        if sent == length:
            return True
        return self._write_on(_rest(pieces, sent), limit, watch)

    def _write_on(self, view: memoryview, limit: Limit, watch: bool) -> bool:
        """Goes on with a write that the kernel did not take at once."""
        end = None if limit.seconds is None else monotonic() + limit.seconds
        milliseconds = limit.milliseconds
        descriptor = self._socket.fileno()
        mask = READY_TO_WRITE | READY_TO_READ if watch else READY_TO_WRITE
        self._poller.modify(descriptor, mask)
        try:
            while True:
                events = self._poll(milliseconds)
                if not events:
                    milliseconds = _step(end, limit)
                    continue
                if not events[0][1] & (READY_TO_WRITE | FAILED):
                    self._unsent = bytes(view)
                    return False
                try:
                    sent = self._send(view, AT_ONCE)
                except BlockingIOError:
                    sent = 0
                self.bytes_written += sent
                if sent == len(view):
                    return True
                view = view[sent:]
                milliseconds = _step(end, limit)
        finally:
            self._poller.modify(descriptor, READY_TO_READ)

    def send_file(self, descriptor: int, offset: int, count: int, limit: Limit) -> bool | None:
        """See `FileStream` in `network`."""
        sendfile = getattr(os, "sendfile", None)  # looked up late: it is missing on some systems
        if sendfile is None:
            return None
        end = None if limit.seconds is None else monotonic() + limit.seconds
        own = self._socket.fileno
        polled = own()
        patient = self._patience != inf
        try:
            if patient:
                self._socket.setblocking(False)  # there is no flag for it
            while True:
                try:
                    # Asked anew: a signal's handler may have closed it while there was no room,
                    # and the number may be that of something else by now.
                    sent: int = sendfile(own(), descriptor, offset, count)
                except BlockingIOError:
                    if not self._wait_to_write(polled, end, limit):
                        return False
                except OSError as error:
                    if error.errno in _NOT_BY_SENDFILE:
                        return None
                    raise
                else:
                    self.bytes_written += sent
                    return True if sent else None  # None: the file ends here
        finally:
            if patient and own() != -1:  # nothing may hide what a handler has raised
                self._socket.setblocking(True)

    def _wait_to_write(self, descriptor: int, end: float | None, limit: Limit) -> bool:
        """Whether there is room again; False when the peer has sent something instead."""
        self._poller.modify(descriptor, READY_TO_WRITE | READY_TO_READ)
        try:
            while not (events := self._poll(_step(end, limit))):
                pass
        finally:
            self._poller.modify(descriptor, READY_TO_READ)
        return bool(events[0][1] & (READY_TO_WRITE | FAILED))

    def _take_unsent(self) -> bytes:
        unsent, self._unsent = self._unsent, b""
        return unsent

    def is_readable(self) -> bool:
        try:
            return bool(self._poll(0))
        except OSError as error:  # the system has no memory for it, say
            let_pass(error)
            failure = error

        def fail(max_bytes: int, flags: int = 0) -> bytes:
            raise failure

        self._recv = fail
        return True

    def interrupt(self) -> None:
        self._interrupted = True
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError as error:
            let_pass(error)  # not connected any more: then nobody waits for it either

    def detach(self) -> socket.socket:
        """The socket, blocking, for whoever speaks something else on it; the stream is closed."""
        self._poll = _poll_nothing
        plain = socket.socket(fileno=self._socket.detach())
        become_blocking(plain)
        return plain

    def close(self) -> None:
        # The poll object knows a number, and the next socket of the process may get the same.
        self._poll = _poll_nothing
        self._unsent = b""
        try:
            self._socket.close()
        except OSError as error:
            let_pass(error)  # the descriptor is gone all the same, and the peer's reset is no news

    abort = close

    def fileno(self) -> int:
        return self._socket.fileno()

    def __repr__(self) -> str:
        return f"<SocketStream {self.local} to {self.peer}>"


def _poll_nothing(milliseconds: float | None) -> list[tuple[int, int]]:
    """Of a closed socket: what is then tried on the socket raises EBADF."""
    return [(-1, FAILED)]


def _step(end: float | None, limit: Limit) -> float:
    """Milliseconds until `end`, at most what is waited for at a time; raises when none is left."""
    if end is None:
        return LONGEST_STEP
    left = (end - monotonic()) * 1000.0
    if left <= 0:
        raise LimitExpired(limit)
    return min(left, LONGEST_STEP)


def _rest(pieces: Sequence[Buffer], sent: int) -> memoryview:
    """What is left of `pieces` after `sent` bytes, fewer than all; joined when it is several."""
    first = 0
    while sent >= len(pieces[first]):
        sent -= len(pieces[first])
        first += 1
    view = memoryview(pieces[first])[sent:]
    if first == len(pieces) - 1:
        return view
    return memoryview(b"".join([view, *pieces[first + 1 :]]))


def _name(ask: Callable[[], Any]) -> tuple[str, int] | str | None:
    """One end's address: (host, port), the path of a unix socket, or None."""
    try:
        address = ask()
    except OSError as error:
        let_pass(error)
        return None  # the peer was faster: it has hung up already
    if isinstance(address, tuple):
        return address[0], address[1]
    return os.fsdecode(address) or None  # bytes when it is in Linux's abstract namespace


def _addresses(host: str, port: int, options: DialOptions, limit: Limit) -> list[Address]:
    """Where to dial, as the options have it: from their map, their resolver, or the system's."""
    known = options.hosts.get(host.rstrip(".")) or options.hosts.get(host)
    if known:
        return numeric(known, port)
    resolver = options.resolver
    if resolver is None:
        return resolve(host, port)
    try:
        found = resolver(host, port, limit.seconds)
        if isinstance(found, str):
            raise TypeError(f"a resolver gives a list of IP addresses, not {found!r}")
        found = list(found)
    except ConnectTimeout as error:  # so a resolver says that its time has run out
        raise LimitExpired(limit) from error
    except Exception as error:
        raise CallerError(error) from error
    try:
        return numeric(found, port)
    except (TypeError, ValueError) as error:
        raise CallerError(error) from error


class SocketNetwork:
    """The network of this machine: TCP, unix sockets, and TLS over them."""

    def __init__(self) -> None:
        self._tls_sessions = TLSSessions()

    def __reduce__(self) -> tuple[type[SocketNetwork], tuple[()]]:
        return SocketNetwork, ()  # what may be resumed stays in this process

    def connect(
        self, host: str, port: int, deadline: Deadline, options: DialOptions | None = None
    ) -> Stream:
        deadline.start_connect()
        limit = deadline.limit("connect")
        if options is not None and options.uds is not None:
            return SocketStream(_owned(dial_unix(options.uds, deadline, options)))
        deadline.note_resolving()
        if options is None:
            addresses = resolve(host, port)
        else:
            addresses = _addresses(host, port, options, limit)
        deadline.note_resolved()
        return SocketStream(_owned(dial(addresses, deadline, options)))

    def resolve(
        self, host: str, port: int, deadline: Deadline, options: DialOptions | None = None
    ) -> list[str]:
        limit = deadline.limit("connect")
        found = resolve(host, port) if options is None else _addresses(host, port, options, limit)
        deadline.limit("connect")  # the system's resolver cannot be interrupted
        return [str(address[0]) for _, address in found]

    def check_tls(self, config: TLSConfig) -> None:
        from h11client._transport.trust import context_for

        context_for(config)

    def start_tls(
        self,
        stream: Stream,
        config: TLSConfig,
        server_hostname: str,
        deadline: Deadline,
        resume_as: Hashable = None,
    ) -> Stream:
        # Not before it is needed: a program that only speaks http never loads `ssl`.
        from h11client._transport.tls import start_tls

        return start_tls(stream, config, server_hostname, deadline, self._tls_sessions, resume_as)
