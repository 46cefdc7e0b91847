"""The loopback server of the benchmarks: fixed answers from one epoll loop, as little as it takes.

It judges nothing: what the client under measurement sends is valid, and the server's only duty is
to stay out of the measurement. It runs in a process of its own, prints `{"port": N}`, and ends
when its stdin is closed.

    GET /small             nine fields and 64 bytes of JSON, kept alive (many variants)
    GET /close             the same with `Connection: close`
    GET /chunks/SIZE/TOTAL a chunked body of TOTAL bytes
    GET /length/TOTAL      a body with a Content-Length
    POST, PUT anything     takes a body of either framing, answers as /small does
"""

from __future__ import annotations

import json
import select
import socket
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks import samples

READ_SIZE = 256 * 1024
END_OF_CHUNKS = b"\r\n0\r\n\r\n"  # samples.payload() never contains it


class Peer:
    """One connection: what it still has to receive and to send."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.received = b""
        self.body_left = 0  # bytes of a Content-Length body still to come
        self.chunked_tail: bytes | None = None  # last bytes of a chunked body, while one is read
        self.outgoing: memoryview | None = None
        self.closing = False


class Server:
    """All connections of one run."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.listener.setblocking(False)
        self.poll = select.epoll()
        self.poll.register(self.listener, select.EPOLLIN)
        self.poll.register(sys.stdin, select.EPOLLIN)
        self.peers: dict[int, Peer] = {}
        self.small = samples.small_responses()
        self.turn = 0
        self.large: dict[bytes, bytes] = {}

    def serve(self) -> None:
        """Answer until stdin is closed."""
        listener, stdin = self.listener.fileno(), sys.stdin.fileno()
        while True:
            for number, events in self.poll.poll():
                peer = self.peers.get(number)
                if peer is not None:
                    self.turn_of(peer, events)
                elif number == listener:
                    self.accept()
                elif number == stdin:
                    return

    def accept(self) -> None:
        sock, _ = self.listener.accept()
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.peers[sock.fileno()] = Peer(sock)
        self.poll.register(sock, select.EPOLLIN)

    def turn_of(self, peer: Peer, events: int) -> None:
        try:
            if events & select.EPOLLOUT:
                self.send_rest(peer)
            else:
                self.receive(peer)
        except (ConnectionError, BlockingIOError):
            self.drop(peer)

    def receive(self, peer: Peer) -> None:
        data = peer.sock.recv(READ_SIZE)
        if not data:
            self.drop(peer)
            return
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
        if target not in self.large:
            self.large[target] = samples.answer_to(target)
        return self.large[target]

    def send(self, peer: Peer, data: bytes) -> None:
        sent = peer.sock.send(data)
        if sent < len(data):
            peer.outgoing = memoryview(data)[sent:]
            self.poll.modify(peer.sock, select.EPOLLOUT)
        elif peer.closing:
            self.drop(peer)

    def send_rest(self, peer: Peer) -> None:
        assert peer.outgoing is not None
        peer.outgoing = peer.outgoing[peer.sock.send(peer.outgoing) :]
        if not peer.outgoing:
            peer.outgoing = None
            self.poll.modify(peer.sock, select.EPOLLIN)

    def drop(self, peer: Peer) -> None:
        del self.peers[peer.sock.fileno()]
        self.poll.unregister(peer.sock)
        peer.sock.close()


if __name__ == "__main__":
    server = Server()
    print(json.dumps({"port": server.listener.getsockname()[1]}), flush=True)
    server.serve()
