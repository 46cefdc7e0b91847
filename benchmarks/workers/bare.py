"""The floor of every work: the same bytes through a bare socket, nothing checked or interpreted.

How many bytes an answer has on the wire is known from the first one on, so that nothing has to look
for its end.
"""

from __future__ import annotations

import os
import socket
import ssl
import zlib
from urllib.parse import urlsplit

from benchmarks import samples
from benchmarks.workers.adapters import BLOCK, Client, blocks_of


class BareSocket(Client):
    module = "socket"

    def __init__(self) -> None:
        super().__init__()
        self.sock: socket.socket | None = None
        self.context: ssl.SSLContext | None = None
        self.sizes: dict[bytes, int] = {}  # body bytes on the wire, framing included

    def version(self) -> str:
        return ""

    def trust(self, ca: str) -> None:
        self.context = ssl.create_default_context(cafile=ca)

    def connected(self, url: str) -> tuple[socket.socket, bytes]:
        parts = urlsplit(url)
        if self.sock is None:
            self.sock = socket.create_connection((parts.hostname, parts.port or 80))
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if parts.scheme == "https":
                assert self.context is not None
                self.sock = self.context.wrap_socket(self.sock, server_hostname=parts.hostname)
        return self.sock, parts.path.encode()

    def get(self, url: str) -> tuple[int, bytes]:
        sock, path = self.connected(url)
        sock.sendall(b"GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" % path)
        head, _, body = sock.recv(65536).partition(b"\r\n\r\n")
        while len(body) < 64:
            body += sock.recv(65536)
        return int(head[9:12]), body

    def asked(self, url: str) -> tuple[socket.socket, int, bytes]:
        """Ask for a body: the socket, how much of it is still to come, and what came already."""
        sock, path = self.connected(url)
        sock.sendall(b"GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" % path)
        head, _, body = sock.recv(65536).partition(b"\r\n\r\n")
        if path not in self.sizes:
            self.sizes[path] = len(samples.answer_to(path)) - len(head) - 4
        return sock, self.sizes[path] - len(body), body

    def download(self, url: str) -> int:
        sock, left, _ = self.asked(url)
        receive = sock.recv
        while left:
            left -= len(receive(65536))
        return int(url.rpartition("/")[2])

    def gunzip(self, url: str) -> int:
        sock, left, body = self.asked(url)
        decompress = zlib.decompressobj(31).decompress
        size = len(decompress(body))
        receive = sock.recv
        while left:
            body = receive(65536)
            left -= len(body)
            size += len(decompress(body))
        return size

    def upload(self, url: str, blocks: int) -> int:
        sock, path = self.connected(url)
        sock.sendall(
            b"POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n" % path
        )
        for block in blocks_of(blocks):
            chunk = (b"%x\r\n" % len(block), block, b"\r\n")
            sent = sock.sendmsg(chunk)
            if sent < sum(map(len, chunk)):
                sock.sendall(b"".join(chunk)[sent:])
        sock.sendall(b"0\r\n\r\n")
        return int(sock.recv(65536)[9:12])

    def announced(self, url: str, size: int) -> socket.socket:
        sock, path = self.connected(url)
        head = b"POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %d\r\n\r\n"
        sock.sendall(head % (path, size))
        return sock

    def upload_bytes(self, url: str, data: bytes) -> int:
        sock = self.announced(url, len(data))
        view = memoryview(data)
        for start in range(0, len(data), BLOCK):
            sock.sendall(view[start : start + BLOCK])
        return int(sock.recv(65536)[9:12])

    def upload_file(self, url: str, path: str) -> int:
        with open(path, "rb") as file:
            sock = self.announced(url, os.fstat(file.fileno()).st_size)
            sock.sendfile(file)
        return int(sock.recv(65536)[9:12])
