"""A client that is nothing but a socket: it sends the bytes of a test and takes answers apart.

It knows as little of HTTP as the tests need, and nothing of h11, so that a mistake of the engine
cannot hide in both ends of a conversation.
"""

from __future__ import annotations

import socket

TIMEOUT = 20.0  # seconds; only a test that fails ever waits for it


class Answer:
    """One response as it was on the wire, the transfer coding taken off."""

    def __init__(self, version: str, status: int, reason: str, headers: list[tuple[str, str]]):
        self.version = version
        self.status = status
        self.reason = reason
        self.headers = headers
        self.body = b""
        self.chunks: list[bytes] = []

    def header(self, name: str) -> str | None:
        """The values of a field joined by commas, or None when there is none."""
        values = [value for key, value in self.headers if key == name.lower()]
        return ", ".join(values) if values else None


class RawClient:
    """A connection to a port of this machine."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT)
        self.file = self.socket.makefile("rb")

    def __enter__(self) -> RawClient:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        self.file.close()
        self.socket.close()

    def send(self, *pieces: bytes) -> None:
        """Send each piece in a segment of its own, as far as the system lets us."""
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in pieces:
            self.socket.sendall(piece)

    def finish(self) -> None:
        """Close our direction only."""
        self.socket.shutdown(socket.SHUT_WR)

    def at_end(self) -> bool:
        """Whether the server has closed and sent nothing more; waits for either."""
        return self.file.read(1) == b""

    def read_line(self) -> str:
        line = self.file.readline()
        assert line.endswith(b"\r\n"), f"a line was cut short: {line!r}"
        return line[:-2].decode("latin-1")

    def read_head(self) -> Answer:
        """Read a status line and the fields below it."""
        version, _, rest = self.read_line().partition(" ")
        status, _, reason = rest.partition(" ")
        headers: list[tuple[str, str]] = []
        while line := self.read_line():
            name, _, value = line.partition(":")
            headers.append((name.lower(), value.strip()))
        return Answer(version, int(status), reason, headers)

    def read_answer(self, method: str = "GET") -> Answer:
        """Read one response to the end of its body; a 1xx is an answer like any other."""
        answer = self.read_head()
        if method == "HEAD" or answer.status < 200 or answer.status in (204, 304):
            return answer
        if answer.header("transfer-encoding") == "chunked":
            while size := int(self.read_line().partition(";")[0], 16):
                answer.chunks.append(self.read_exactly(size))
                assert self.read_line() == ""
            while self.read_line():
                pass
            answer.body = b"".join(answer.chunks)
        elif (length := answer.header("content-length")) is not None:
            answer.body = self.read_exactly(int(length))
        else:
            answer.body = self.file.read()
        return answer

    def read_exactly(self, size: int) -> bytes:
        data = self.file.read(size)
        assert len(data) == size, f"{size} bytes were announced, {len(data)} arrived"
        return data


def request(
    method: str = "GET",
    target: str = "/",
    *headers: str,
    body: bytes = b"",
    version: str = "1.1",
) -> bytes:
    """The bytes of a request with a Host field, the given fields, and a body as it stands."""
    lines = [f"{method} {target} HTTP/{version}", "Host: example.test", *headers, "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


def chunked(*pieces: bytes) -> bytes:
    """The pieces as chunks, and the last chunk."""
    return b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in pieces) + b"0\r\n\r\n"
