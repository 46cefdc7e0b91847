"""Servers of the tests on real sockets: each accepted connection runs a script of the test's."""

from __future__ import annotations

import errno
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator

import pytest

PATIENCE = 20.0  # seconds; a script that waits longer for its client has failed


class Peer:
    """The server's end of one connection, with what its scripts need."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.received = b""

    def read_head(self) -> bytes:
        """The next request head, or b"" at the end."""
        while b"\r\n\r\n" not in self.received:
            data = self.sock.recv(65536)
            if not data:
                return b""
            self.received += data
        head, _, self.received = self.received.partition(b"\r\n\r\n")
        return head + b"\r\n\r\n"

    def read_body(self, length: int) -> bytes:
        """The next `length` bytes."""
        while len(self.received) < length:
            data = self.sock.recv(65536)
            if not data:
                break
            self.received += data
        body, self.received = self.received[:length], self.received[length:]
        return body

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def wait_for_end(self) -> None:
        """Reads until the client hangs up."""
        while self.sock.recv(65536):
            pass

    def reset(self) -> None:
        """Ends the connection with RST instead of FIN."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()


Script = Callable[[Peer], None]


class Server:
    """Accepts connections; the n-th runs the n-th script, and the last one all that follow."""

    def __init__(self, scripts: tuple[Script, ...], context: ssl.SSLContext | None) -> None:
        self.scripts = scripts
        self.context = context
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.url = f"{'https' if context else 'http'}://127.0.0.1:{self.port}"
        self.accepted = 0
        self.errors: list[BaseException] = []
        self.sockets: list[socket.socket] = []
        self.threads = [threading.Thread(target=self.accept, daemon=True)]
        self.threads[0].start()

    def accept(self) -> None:
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            script = self.scripts[min(self.accepted, len(self.scripts) - 1)]
            self.accepted += 1
            self.sockets.append(sock)
            thread = threading.Thread(target=self.run, args=(sock, script), daemon=True)
            self.threads.append(thread)
            thread.start()

    def run(self, sock: socket.socket, script: Script) -> None:
        sock.settimeout(PATIENCE)
        try:
            if self.context is not None:
                sock = self.context.wrap_socket(sock, server_side=True)
                self.sockets.append(sock)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            script(Peer(sock))
        except (ConnectionError, ssl.SSLError):
            pass  # the client hung up, which is what many of these tests are about
        except BaseException as error:
            # Before TLS began; Python has no class of its own for that.
            if getattr(error, "errno", None) != errno.ENOTCONN:
                self.errors.append(error)
        finally:
            sock.close()

    def stop(self) -> None:
        # Linux wakes accept() by shutdown(), not by close().
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for sock in self.sockets:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        for thread in self.threads:
            thread.join(PATIENCE)
        for sock in self.sockets:
            sock.close()
        assert self.errors == []


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    """Starts servers: `serve(script, ..., context=None)`; they end with the test."""
    servers: list[Server] = []

    def start(*scripts: Script, context: ssl.SSLContext | None = None) -> Server:
        servers.append(Server(scripts, context))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()
