"""The loopback server of the benchmarks: fixed answers from one epoll loop, as little as it takes.

It judges nothing: what the client under measurement sends is valid, and the server's only duty is
to stay out of the measurement. It runs in a process of its own, prints `{"port": N}`, and ends
when its stdin is closed. With the argument `tls` it listens on a second port for TLS, with a
certificate that it makes itself, and prints `"tls_port"` and the file of the authority, `"ca"`.

    GET /small             nine fields and 64 bytes of JSON, kept alive (many variants)
    GET /close             the same with `Connection: close`
    GET /fields/COUNT      the same with COUNT fields in all
    GET /chunks/SIZE/TOTAL a chunked body of TOTAL bytes
    GET /length/TOTAL      a body with a Content-Length
    GET /gzip/TOTAL        a compressed body, of TOTAL bytes after decoding
    POST, PUT anything     takes a body of either framing, answers as /small does
"""

from __future__ import annotations

import contextlib
import json
import select
import socket
import ssl
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks import samples

READ_SIZE = 256 * 1024
SMALL = 4096
SEND_SIZE = 1024 * 1024  # at once; over TLS the same piece is offered again when it has to wait
END_OF_CHUNKS = b"\r\n0\r\n\r\n"  # samples.payload() never contains it
WAITING = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class Peer:
    """One connection: what it still has to receive and to send."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.handshaking = isinstance(sock, ssl.SSLSocket)
        self.received = b""
        self.body_left = 0  # bytes of a Content-Length body still to come
        self.chunked_tail: bytes | None = None  # last bytes of a chunked body, while one is read
        self.outgoing: memoryview | None = None
        self.closing = False


class Server:
    """All connections of one run."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.context = context
        self.poll = select.epoll()
        self.poll.register(sys.stdin, select.EPOLLIN)
        self.plain = self.listening()
        self.secure = None if context is None else self.listening()
        self.peers: dict[int, Peer] = {}
        self.small = samples.small_responses()
        self.turn = 0
        self.ready: dict[bytes, bytes] = {}

    def listening(self) -> socket.socket:
        listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        listener.setblocking(False)
        self.poll.register(listener, select.EPOLLIN)
        return listener

    def serve(self) -> None:
        """Answer until stdin is closed."""
        listeners = {one.fileno(): one for one in (self.plain, self.secure) if one is not None}
        while True:
            for number, events in self.poll.poll():
                peer = self.peers.get(number)
                if peer is not None:
                    self.turn_of(peer, events)
                elif number in listeners:
                    self.accept(listeners[number])
                else:
                    return

    def accept(self, listener: socket.socket) -> None:
        sock, _ = listener.accept()
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if listener is self.secure:
            assert self.context is not None
            sock = self.context.wrap_socket(
                sock, server_side=True, do_handshake_on_connect=False, suppress_ragged_eofs=True
            )
        self.peers[sock.fileno()] = Peer(sock)
        self.poll.register(sock, select.EPOLLIN)

    def turn_of(self, peer: Peer, events: int) -> None:
        try:
            if peer.handshaking:
                peer.sock.do_handshake()  # type: ignore[attr-defined]  # a TLS socket's
                peer.handshaking = False
            if events & select.EPOLLOUT:
                self.send_rest(peer)
            else:
                self.receive(peer)
        except WAITING:
            pass
        except OSError:
            self.drop(peer)

    def receive(self, peer: Peer) -> None:
        """Take what came; over TLS what lies decrypted in memory wakes no poll."""
        while True:
            data = peer.sock.recv(READ_SIZE)
            if not data:
                self.drop(peer)
                return
            self.take(peer, data)
            if type(peer.sock) is socket.socket or peer.sock.fileno() < 0:
                return

    def take(self, peer: Peer, data: bytes) -> None:
        if peer.body_left:
            peer.body_left -= len(data)
            if peer.body_left <= 0:
                peer.body_left = 0
                self.send(peer, self.next_small())
        elif peer.chunked_tail is not None:
            self.take_chunks(peer, data)
        else:
            peer.received += data
            self.read_head(peer)

    def read_head(self, peer: Peer) -> None:
        head, blank, rest = peer.received.partition(b"\r\n\r\n")
        if not blank:
            return
        peer.received = b""
        if head.startswith(b"GET "):
            self.send(peer, self.answer_to(head[4 : head.index(b" ", 4)], peer))
            return
        lower = head.lower()
        if b"\r\ntransfer-encoding: chunked" in lower:
            peer.chunked_tail = b"\r\n"
            self.take_chunks(peer, rest)
            return
        _, found, value = lower.partition(b"\r\ncontent-length:")
        length = int(value.partition(b"\r\n")[0]) if found else 0
        if len(rest) < length:
            peer.body_left = length - len(rest)
        else:
            self.send(peer, self.next_small())

    def take_chunks(self, peer: Peer, data: bytes) -> None:
        assert peer.chunked_tail is not None
        tail = (peer.chunked_tail + data[-8:])[-8:]
        peer.chunked_tail = tail
        if tail.endswith(END_OF_CHUNKS):
            peer.chunked_tail = None
            self.send(peer, self.next_small())

    def next_small(self) -> bytes:
        self.turn = turn = (self.turn + 1) % samples.VARIANTS
        return self.small[turn]

    def answer_to(self, target: bytes, peer: Peer) -> bytes:
        if target.startswith(b"/small"):
            return self.next_small()
        if target == b"/close":
            peer.closing = True
            return self.next_small().replace(b"Connection: keep-alive", b"Connection: close")
        if target not in self.ready:
            self.ready[target] = samples.answer_to(target)
        return self.ready[target]

    def send(self, peer: Peer, data: bytes) -> None:
        sent = 0
        if len(data) <= SMALL:
            # It fits, and then there is nothing to keep: a tenth of the server's time.
            try:
                sent = peer.sock.send(data)
            except WAITING:
                pass
        if sent < len(data) or peer.closing:
            peer.outgoing = memoryview(data)[sent:]
            self.send_rest(peer, before=select.EPOLLIN)

    def send_rest(self, peer: Peer, before: int = select.EPOLLOUT) -> None:
        """Send until nothing is left or the kernel takes no more, and wait for what comes next."""
        assert peer.outgoing is not None
        try:
            while peer.outgoing:
                peer.outgoing = peer.outgoing[peer.sock.send(peer.outgoing[:SEND_SIZE]) :]
        except WAITING:
            pass
        if peer.outgoing:
            if before != select.EPOLLOUT:
                self.poll.modify(peer.sock, select.EPOLLOUT)
            return
        peer.outgoing = None
        if peer.closing:
            self.drop(peer)
        elif before != select.EPOLLIN:
            self.poll.modify(peer.sock, select.EPOLLIN)

    def drop(self, peer: Peer) -> None:
        del self.peers[peer.sock.fileno()]
        self.poll.unregister(peer.sock)
        if isinstance(peer.sock, ssl.SSLSocket):
            with contextlib.suppress(OSError, ValueError):
                peer.sock.unwrap()  # close_notify; nobody waits for the client's
        peer.sock.close()


def certified(folder: str) -> tuple[ssl.SSLContext, str]:
    """The context of a server for 127.0.0.1, and the file of the authority that vouches for it."""
    import trustme

    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", "localhost").configure_cert(context)
    file = str(Path(folder, "authority.pem"))
    authority.cert_pem.write_to_path(file)
    return context, file


def main(tls: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        context, ca = certified(folder) if tls else (None, None)
        server = Server(context)
        said: dict[str, object] = {"port": server.plain.getsockname()[1]}
        if server.secure is not None:
            said |= {"tls_port": server.secure.getsockname()[1], "ca": ca}
        print(json.dumps(said), flush=True)
        server.serve()


if __name__ == "__main__":
    main("tls" in sys.argv[1:])
