"""The scripted server on real sockets: one thread for each connection, ports for each worker."""

from __future__ import annotations

import errno
import select
import socket
import ssl
import struct
import threading
import time

from tests.black_holes import BlackHole
from tests.chaos.conversation import HOLE, PATIENCE, Conversation, Lab, Talk, Worker


class SocketServer:
    """Conversations on real sockets; each worker has ports of its own."""

    def __init__(self, lab: Lab, contexts: dict[str, ssl.SSLContext]) -> None:
        self.lab = lab
        self.contexts = contexts
        self.listeners: dict[socket.socket, tuple[Worker, str]] = {}
        self.open: set[socket.socket] = set()
        self.threads: set[threading.Thread] = set()
        self.over = False
        for worker in lab.workers:
            for way in ("plain", "tls", "proxy"):
                listener = socket.create_server(("127.0.0.1", 0), backlog=64)
                worker.ports[way] = listener.getsockname()[1]
                self.listeners[listener] = worker, way
        self.holes = [BlackHole(HOLE, worker.ports["plain"]) for worker in self.lab.workers]
        self.waker, self.woken = socket.socketpair()
        self.acceptor = threading.Thread(target=self.accept, name="chaos acceptor", daemon=True)
        self.acceptor.start()

    def accept(self) -> None:
        poller = select.poll()
        by_number = {listener.fileno(): listener for listener in self.listeners}
        for number in [*by_number, self.woken.fileno()]:
            poller.register(number, select.POLLIN)
        while not self.over:
            for number, _ in poller.poll():
                if number in by_number:
                    sock, address = by_number[number].accept()
                    worker, way = self.listeners[by_number[number]]
                    thread = threading.Thread(
                        target=self.converse,
                        args=(sock, address[1], worker, way),
                        name="chaos",
                        daemon=True,
                    )
                    with self.lab.lock:
                        self.open.add(sock)
                        self.threads.add(thread)
                    thread.start()

    def converse(self, sock: socket.socket, port: int, worker: Worker, way: str) -> None:
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        link = Link(self, sock, worker)
        dialled_by = self.lab.dialled_by(sock, (port, worker.ports[way]), worker)
        sock.settimeout(PATIENCE)
        talk = Conversation(self.lab, worker, way, dialled_by).run()
        try:
            link.drive(talk)
        except (ssl.SSLError, OSError) as error:
            # The client hung up, which is what much of this is about.
            if isinstance(error, TimeoutError) and not self.over:
                self.lab.counts["server waited too long"] += 1
        except BaseException as error:
            self.lab.complain(f"the server's own error with {worker.case!r}: {error!r}")
        finally:
            talk.close()
            link.sock.close()
            sock.close()
            with self.lab.lock:
                self.open -= {sock, link.sock}
                self.threads.discard(threading.current_thread())

    def settle(self, seconds: float = 5.0) -> int:
        """Waits until every connection has ended; returns how many have not."""
        give_up = time.monotonic() + seconds
        while self.threads and time.monotonic() < give_up:
            time.sleep(0.005)
        return len(self.threads)

    def close(self) -> None:
        """Ends everything."""
        self.over = True
        self.waker.send(b"x")
        self.acceptor.join()
        for listener in (*self.listeners, *self.holes):
            listener.close()
        with self.lab.lock:
            left = list(self.open)
        for sock in left:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self.settle()
        self.waker.close()
        self.woken.close()


class Link:
    """A socket that does what a conversation wants."""

    def __init__(self, server: SocketServer, sock: socket.socket, worker: Worker) -> None:
        self.server = server
        self.sock = sock
        self.worker = worker

    def drive(self, talk: Talk) -> None:
        heard: bytes | None = None
        while True:
            try:
                action = talk.send(heard)
            except StopIteration:
                self.finish()
                return
            heard = None
            if action[0] == "recv":
                heard = self.receive()
            elif action[0] == "send":
                self.sock.sendall(action[1])
            else:
                getattr(self, action[0])(*action[1:])

    def receive(self) -> bytes:
        try:
            return self.sock.recv(65536)
        except ConnectionResetError:
            return b""
        except ssl.SSLError:
            return b""  # ended without a word

    def wait(self, seconds: float) -> None:
        time.sleep(seconds)

    def raw(self, data: bytes) -> None:
        """Bytes below TLS."""
        socket.socket.sendall(self.sock, data)

    def tls(self, certificate: str) -> None:
        context = self.server.contexts[certificate]
        self.sock = context.wrap_socket(self.sock, server_side=True)
        with self.server.lab.lock:
            self.server.open.add(self.sock)
        self.server.lab.counts["handshakes"] += 1

    def tls_part(self, part: float) -> None:
        """The first flight of the server's in TLS, or the beginning of it."""
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        handshake = self.server.contexts["right"].wrap_bio(incoming, outgoing, server_side=True)
        while not outgoing.pending:
            incoming.write(self.sock.recv(65536) or b"\x15\x03\x03\x00\x02\x02\x28")
            try:
                handshake.do_handshake()
            except ssl.SSLWantReadError:
                pass
        flight = outgoing.read()
        self.sock.sendall(flight[: int(len(flight) * part)])

    def deaf(self) -> None:
        self.worker.finished.wait(PATIENCE)

    def rst(self) -> None:
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def cut(self) -> None:
        """The end without close_notify, and with everything that was sent before it."""
        try:
            # On the descriptor: SSLSocket.shutdown would be the same, but forgets its TLS.
            socket.socket.shutdown(self.sock, socket.SHUT_WR)
            self.drain()
        except OSError:
            pass
        self.sock.close()

    def fin(self) -> None:
        self.finish()

    def half_close(self) -> None:
        if isinstance(self.sock, ssl.SSLSocket):
            self.notify()
        else:
            self.sock.shutdown(socket.SHUT_WR)

    def finish(self) -> None:
        """An orderly end, which unread bytes do not turn into a reset."""
        try:
            if isinstance(self.sock, ssl.SSLSocket):
                self.notify()
            socket.socket.shutdown(self.sock, socket.SHUT_WR)
            self.drain()
        except OSError:
            pass
        self.sock.close()

    def notify(self) -> None:
        """Sends close_notify and waits for nothing."""
        self.sock.settimeout(0)
        try:
            self.sock.unwrap()  # type: ignore[attr-defined]  # asked before
        except (ssl.SSLError, OSError, ValueError):
            pass
        finally:
            try:
                self.sock.settimeout(PATIENCE)
            except OSError as error:
                if error.errno != errno.EBADF:
                    raise

    def drain(self) -> None:
        # What was not read would make the kernel send RST in place of FIN.
        self.sock.settimeout(0)
        try:
            while socket.socket.recv(self.sock, 65536):
                pass
        except (BlockingIOError, ssl.SSLError, ValueError):
            pass
