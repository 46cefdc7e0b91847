"""The other ends of streams under test: sockets, TLS servers, and a TLS server in memory."""

from __future__ import annotations

import socket
import ssl
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any

import trustme

from h11client._timeouts import Deadline, Limit, LimitExpired, Timeout
from h11client._transport.network import TLSConfig, TLSInfo
from h11client._transport.tls import TLSStream, start_tls

PATIENCE = 10.0  # seconds: never reached, unless a test fails

SOON = Limit(0.02, "read")  # for what is expected to run out
PATIENT = Limit(PATIENCE, "read")


def listen(backlog: int = 5) -> socket.socket:
    """A listener on a free port of 127.0.0.1."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=backlog)
    listener.settimeout(PATIENCE)
    return listener


def in_thread(work: Callable[[], Any]) -> Callable[[], Any]:
    """Starts `work` in a thread; the function returned joins it and gives its result."""
    result: list[Any] = []
    failure: list[BaseException] = []

    def run() -> None:
        try:
            result.append(work())
        except BaseException as error:
            failure.append(error)

    thread = Thread(target=run, daemon=True)
    thread.start()

    def join() -> Any:
        thread.join(PATIENCE)
        assert not thread.is_alive(), "the other end hangs"
        if failure:
            raise failure[0]
        return result[0]

    return join


class SocketPeer:
    """A plain peer on a connected socket."""

    def __init__(self, connected: socket.socket) -> None:
        connected.settimeout(PATIENCE)
        self.socket = connected

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def receive_some(self) -> bytes:
        return self.socket.recv(65536)

    def receive(self, count: int) -> bytes:
        data = bytearray()
        while len(data) < count:
            more = self.receive_some()
            if not more:
                break
            data += more
        return bytes(data)

    def finish(self) -> None:
        """Ends its own side in an orderly way."""
        self.socket.shutdown(socket.SHUT_WR)

    def reset(self) -> None:
        """Closes with a RST instead of a FIN."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def close(self) -> None:
        self.socket.close()


@contextmanager
def late(peer: Any, data: bytes) -> Iterator[None]:
    """Has `data` come later than a socket waits within recv for, six times so; says if it did not."""
    waiting = Event()

    def send() -> None:
        waiting.wait()
        time.sleep(0.12)  # that nothing happens is what is waited for
        peer.send(data)

    sent = in_thread(send)
    started = time.monotonic()
    waiting.set()
    yield
    assert time.monotonic() - started > 0.1
    sent()


class TLSPeer(SocketPeer):
    """A TLS server over any other peer, in memory, so that it can be stacked."""

    def __init__(self, lower: SocketPeer, context: ssl.SSLContext) -> None:
        self.lower = lower
        self.incoming = ssl.MemoryBIO()
        self.outgoing = ssl.MemoryBIO()
        self.object = context.wrap_bio(self.incoming, self.outgoing, server_side=True)

    def flush(self) -> None:
        if self.outgoing.pending:
            self.lower.send(self.outgoing.read())

    def handshake(self) -> TLSPeer:
        while True:
            try:
                self.object.do_handshake()
            except ssl.SSLWantReadError:
                self.flush()
                data = self.lower.receive_some()
                if not data:
                    raise ssl.SSLEOFError("the client hung up") from None
                self.incoming.write(data)
            except ssl.SSLError:
                self.flush()
                raise
            else:
                self.flush()  # with TLS 1.3: two session tickets
                return self

    def send(self, data: bytes) -> None:
        self.object.write(data)
        self.flush()

    def receive_some(self) -> bytes:
        while True:
            try:
                return self.object.read(65536)
            except ssl.SSLZeroReturnError:
                return b""
            except ssl.SSLWantReadError:
                data = self.lower.receive_some()
                if not data:
                    raise ssl.SSLEOFError("no close_notify") from None
                self.incoming.write(data)

    def finish(self) -> None:
        try:
            self.object.unwrap()
        except ssl.SSLError:
            pass
        self.flush()

    def reset(self) -> None:
        self.lower.reset()

    def close(self) -> None:
        self.lower.close()


class MemoryServer:
    """A TLS server which is itself the stream below: no socket, no thread, no waiting.

    What it wants to send is read from it in pieces of `piece` bytes.
    """

    def __init__(self, context: ssl.SSLContext, piece: int = 65536) -> None:
        self.incoming = ssl.MemoryBIO()
        self.outgoing = ssl.MemoryBIO()
        self.object = context.wrap_bio(self.incoming, self.outgoing, server_side=True)
        self.shaken = False
        self.piece = piece
        self.cut = False  # TCP's end
        self.closed = False
        self.aborted = False
        self.interrupted = False
        self.room: int | None = None  # what more it takes; None: everything
        self.failure: OSError | None = None
        self.unsent = b""
        self.got = bytearray()
        self.told: ssl.SSLError | None = None  # the client's alert
        self.reads: list[Limit] = []
        self.writes: list[int] = []
        self.bytes_written = 0
        self.peer: tuple[str, int] | str | None = ("memory", 1)
        self.local: tuple[str, int] | str | None = None
        self.tls: TLSInfo | None = None
        self.eof_was_clean = True

    # The peer.

    def work(self) -> None:
        try:
            if not self.shaken:
                self.object.do_handshake()
                self.shaken = True
            while data := self.object.read(65536):
                self.got += data
        except (ssl.SSLWantReadError, ssl.SSLZeroReturnError):
            pass
        except ssl.SSLError as alert:
            self.told = alert

    def send(self, data: bytes) -> None:
        self.object.write(data)

    def receive(self, count: int) -> bytes:
        assert len(self.got) <= count
        return bytes(self.got)

    def finish(self) -> None:
        try:
            self.object.unwrap()
        except ssl.SSLError:
            pass

    # The stream.

    def read(self, max_bytes: int, limit: Limit, wait_first: bool = False) -> bytes:
        self.reads.append(limit)
        if self.closed or self.interrupted:
            raise OSError("closed")
        if self.outgoing.pending:
            return self.outgoing.read(min(max_bytes, self.piece))
        if self.failure is not None:
            raise self.failure
        if self.cut:
            return b""
        raise LimitExpired(limit)

    def write(self, data: Any, limit: Limit, watch: bool = False) -> bool:
        if self.closed:
            raise OSError("closed")
        data = self.unsent + bytes(data)
        self.unsent = b""
        taken = data if self.room is None else data[: self.room]
        if self.room is not None:
            self.room -= len(taken)
        self.writes.append(len(taken))
        self.bytes_written += len(taken)
        self.incoming.write(taken)
        self.work()
        if len(taken) == len(data):
            return True
        if watch and self.is_readable():
            self.unsent = data[len(taken) :]
            return False
        raise LimitExpired(limit)

    def write_many(self, pieces: Any, limit: Limit, watch: bool = False) -> bool:
        return self.write(b"".join(pieces), limit, watch)

    def is_readable(self) -> bool:
        return self.closed or self.cut or bool(self.outgoing.pending) or self.failure is not None

    def interrupt(self) -> None:
        self.interrupted = True

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.closed = self.aborted = True

    def fileno(self) -> int:
        return -1


def server_context(authority: trustme.CA, *names: str, **more: Any) -> ssl.SSLContext:
    """A server whose certificate, issued by `authority`, is for `names`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names, **more).configure_cert(context)
    return context


def connected(
    server: MemoryServer, host: str, verify: Any, cert: Any = None, timeout: Timeout | None = None
) -> TLSStream:
    timeout = Timeout() if timeout is None else timeout
    verify = str(verify) if isinstance(verify, Path) else verify
    stream = start_tls(server, TLSConfig(verify, cert), host, Deadline(timeout))
    server.work()
    return stream
