"""The scripted server: what one connection says and hears, without I/O.

A `Conversation` is a generator. It yields what it wants: ("recv",), answered with bytes (b"" for
the end), ("send", data), ("wait", seconds), ("tls",), ("rst",), ("fin",), ("cut",), ("half_close",)
or ("deaf",). `server.SocketServer` does these things on sockets, one thread per connection;
`memory.MemoryNetwork` does them in memory.

Requests are known by their nonce, which stands in a header, in the path and in the body, and every
delivery is counted. What a connection does before there is a nonce (when it is accepted, when its
tunnel is asked for, at the first byte of a request) belongs to the case of the `Worker` whose
connection it is.
"""

from __future__ import annotations

import base64
import socket
import threading
import time
from collections import Counter
from collections.abc import Generator
from typing import Any

from tests.chaos.cases import SECRET, Case

RECV = ("recv",)
ENDINGS = {"rst", "fin", "cut", "deaf"}
SECRETS = [SECRET.encode(), base64.b64encode(b"user:" + SECRET.encode())]
HOLE = "127.0.0.99"  # an address that answers nobody, on the ports for plain connections
PATIENCE = 15.0  # seconds for which a connection waits for its client
Talk = Generator[tuple, Any, Any]


class Worker:
    """One thread of clients, and what its connections have to know."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.case: Case | None = None
        self.since = 0.0  # when the case was begun; for the watchdog
        self.ports: dict[str, int] = {}
        self.finished = threading.Event()  # set while no request runs


class Lab:
    """What all connections and all clients share: the cases, and what must not have happened."""

    def __init__(self, workers: int) -> None:
        self.workers = [Worker(number) for number in range(workers)]
        self.cases: dict[str, Case] = {}
        self.lock = threading.Lock()
        self.wrong: list[str] = []  # found by the server
        self.counts: Counter[str] = Counter()
        # By the client's port and the server's: connections to different places may share the first.
        self.dials: dict[tuple[int, int], Case] | None = None
        self.endless: int | None = None  # bytes after which what is endless ends all the same

    def dialled_by(
        self, sock: socket.socket, ports: tuple[int, int], worker: Worker
    ) -> Case | None:
        """The case that dialled between these ports: threads may be late, and the next case begun.

        Only a client that notes its ports in `dials` is asked; None: it has not got that far.
        """
        if self.dials is None:
            return worker.case
        give_up = time.monotonic() + 5.0
        while (case := self.dials.pop(ports, None)) is None and time.monotonic() < give_up:
            if has_ended(sock):  # then its port will soon be another connection's
                return self.dials.pop(ports, None)
            time.sleep(0.0005)
        return case

    def complain(self, what: str) -> None:
        with self.lock:
            self.wrong.append(what)

    def begin(self, worker: Worker, case: Case) -> None:
        self.cases[case.nonce] = case
        worker.case = case
        worker.finished.clear()
        worker.since = time.monotonic()

    def end(self, worker: Worker) -> None:
        worker.since = 0.0
        worker.finished.set()


def base_url(case: Case, worker: Worker, prefix: str) -> str:
    """The origin of a case's requests; an origin of its own for every prefix."""
    scheme = "https" if case.secure else "http"
    host = f"{prefix or case.host_prefix}-w{worker.number}.chaos.test"
    if case.way in ("proxy", "tunnel"):
        return f"{scheme}://{host}"
    return f"{scheme}://{host}:{worker.ports[case.way]}"


def has_ended(sock: socket.socket) -> bool:
    """Whether the client has hung up already."""
    try:
        return not sock.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        return False
    except OSError:
        return True


class Ended(Exception):
    """The connection is over."""


class Conversation:
    """One connection of the server's."""

    def __init__(self, lab: Lab, worker: Worker, way: str, dialled_by: Case | None) -> None:
        self.lab = lab
        self.worker = worker
        self.way = way  # "plain", "tls" or "proxy"
        self.dialled_by = dialled_by
        self.buffer = b""
        self.case: Case | None = None
        self.head = b""
        self.taken = 0  # bytes of the body that were read
        self.body_over = True
        self.secure = False  # whether TLS has begun

    def run(self) -> Talk:
        """The whole connection; the end of this generator is an orderly close."""
        lab = self.lab
        lab.counts["connections"] += 1
        try:
            yield from self.begin()
            requests = 0
            while True:
                yield from self.some()
                case = self.worker.case
                if requests and case is not None and self.begins(case):
                    steps, case.at_first_byte = case.at_first_byte, None
                    case.deliveries.append("at the first byte")
                    case.was_reused = True
                    self.case = case
                    yield from self.play(steps)
                yield from self.serve_one(requests)
                requests += 1
        except Ended:
            return

    def begins(self, case: Case) -> bool:
        """Whether the bytes that have come are of a request with a fault at its first byte."""
        return case.at_first_byte is not None and b"/%b " % case.nonce.encode() in self.buffer

    def begin(self) -> Talk:
        """What happens before the first request: faults of dials, tunnels, TLS."""
        case = self.dialled_by
        if case is not None:
            self.case = case
            number = case.dials = case.dials + 1
            steps = case.at_dial[number - 1] if number <= len(case.at_dial) else None
            if isinstance(steps, list):
                yield from self.play(steps)
        if self.way == "tls":
            yield ("tls", case.certificate if case else "right")
            self.secure = True
        elif self.way == "proxy":
            while len(self.buffer) < 8:  # it may come byte by byte
                yield from self.more()
            if self.buffer.startswith(b"CONNECT "):
                yield from self.tunnel()

    def tunnel(self) -> Talk:
        case = self.dialled_by
        if case is None:
            raise Ended
        steps: list[tuple] = [("again",)]
        while steps and steps[-1] == ("again",):
            head = yield from self.read_head()
            number = case.connects = case.connects + 1
            planned = case.connect[number - 1 : number]
            steps = planned[0] if planned else [("send", b"HTTP/1.1 200 Established\r\n\r\n")]
            yield from self.play(steps)
            if b"\r\nX-Nonce" in head:
                self.lab.complain(f"{case!r}: the proxy was told {head!r}")
            case.tunnels.append(head.split(b" ")[1])
            if len(set(case.tunnels)) > 1 and any(secret in head for secret in SECRETS):
                self.lab.complain(f"{case!r}: another proxy was told {head!r}")
        yield ("tls", case.certificate)
        self.secure = True

    # --- hearing ---------------------------------------------------------------------------

    def more(self) -> Talk:
        data = yield RECV
        if not data:
            raise Ended
        self.buffer += data

    def some(self) -> Talk:
        while not self.buffer:
            yield from self.more()

    def read_head(self) -> Talk:
        while (end := self.buffer.find(b"\r\n\r\n")) < 0:
            yield from self.more()
        head, self.buffer = self.buffer[: end + 4], self.buffer[end + 4 :]
        return head

    def serve_one(self, before: int) -> Talk:
        head = yield from self.read_head()
        target = head.split(b" ", 2)[1].decode("latin-1")
        nonce = target.partition("?")[0].rstrip("/").rpartition("/")[2]
        case = self.lab.cases.get(nonce)
        if case is None or b"\r\nX-Nonce: %b\r\n" % nonce.encode() not in head:
            self.lab.complain(f"a request of nobody's: {head[:300]!r}")
            raise Ended
        self.case = case
        self.head = head.lower()
        self.taken = 0
        self.body_over = b"\r\ncontent-length: 0\r\n" in self.head or not (
            b"\r\ncontent-length:" in self.head or b"\r\ntransfer-encoding:" in self.head
        )
        with self.lab.lock:
            case.deliveries.append(target)
            number = len(case.deliveries)
        if number == 1:
            case.was_reused = before > 0
        self.check_secrets(case, head)
        yield from self.play(case.script(number))
        if not self.body_over:
            yield from self.read_body(None)

    def check_secrets(self, case: Case, head: bytes) -> None:
        """What was given to one origin must not come to another, nor back from there (R1 to R7)."""
        host = self.head.partition(b"\r\nhost: ")[2].partition(b"\r\n")[0]
        case.hosts.append(host + (b" over TLS" if self.secure else b""))
        if b"\r\nproxy-authorization:" in self.head and (self.way != "proxy" or self.secure):
            self.lab.complain(f"{case!r}: an origin was told {head!r}")
        if len(set(case.hosts)) > 1 and any(secret in head for secret in SECRETS):
            self.lab.complain(f"{case!r}: another origin was told {head!r}")
        cookies = self.head.partition(b"\r\ncookie: ")[2].partition(b"\r\n")[0]
        if len(cookies) > 8190:
            self.lab.complain(f"{case!r}: {len(cookies)} bytes of cookies")

    def read_body(self, count: int | None) -> Talk:
        """Reads `count` bytes of the body more, or all that is left, and checks what comes."""
        case = self.case
        assert case is not None
        if self.body_over:
            return
        if b"\r\ncontent-length:" in self.head:
            length = int(self.head.partition(b"\r\ncontent-length:")[2].partition(b"\r\n")[0])
            left = length - self.taken
            found = yield from self.read_bytes(left if count is None else min(left, count))
            expected = case.question()[self.taken : self.taken + len(found)]
            if found != expected or length != len(case.question()):
                self.lab.complain(f"{case!r}: the server was sent {found[:100]!r}")
            self.taken += len(found)
            self.body_over = self.taken == length
        elif count is not None:
            yield from self.read_bytes(min(count, 4))  # of a chunk's head; the rest is not read
        else:
            found = yield from self.read_chunks()
            if found != case.question():
                self.lab.complain(f"{case!r}: the server was sent {found[:100]!r}")
            self.body_over = True

    def read_bytes(self, count: int) -> Talk:
        while len(self.buffer) < count:
            yield from self.more()
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data

    def read_chunks(self) -> Talk:
        found = []
        while True:
            while (end := self.buffer.find(b"\r\n")) < 0:
                yield from self.more()
            size = int(self.buffer[:end], 16)
            self.buffer = self.buffer[end + 2 :]
            found.append((yield from self.read_bytes(size)))
            if (yield from self.read_bytes(2)) != b"\r\n":
                self.lab.complain(f"{self.case!r}: a chunk without its end")
            if not size:
                return b"".join(found)

    # --- doing -----------------------------------------------------------------------------

    def play(self, steps: list[tuple]) -> Talk:
        """Plays a script; raises `Ended` when it ends the connection."""
        case = self.case
        assert case is not None
        for step in steps:
            action = step[0]
            if action == "send":
                yield from self.send(*step[1:])
            elif action == "expect":
                if step[1] == "body":
                    yield from self.read_body(None)
                elif step[1] != "head":  # that was read, or there would be no case
                    yield from self.read_body(step[1])
            elif action == "drip":
                _, data, size, gap = step
                yield from self.send(data, range(size, len(data), size), gap)
            elif action == "flood":
                yield from self.flood(step[1], step[2])
            elif action == "log":
                case.reached.append(step[1])
            elif action == "complete":
                case.sent_complete = True
            elif action == "stall":
                while (yield RECV):
                    pass
                raise Ended
            elif action == "over":
                yield from self.expect_nothing_more()
            elif action == "again":
                continue  # another CONNECT may come
            elif action == "hear":
                yield from self.some()
                self.buffer = b""
            elif action == "redirect":
                yield ("send", self.redirection(*step[1:]))
            elif action == "tls":
                yield step
                self.secure = True
            else:
                yield step
                if action in ENDINGS:
                    raise Ended

    def send(self, data: bytes, splits: Any = (), gap: float = 0.0) -> Talk:
        begin = 0
        for cut in splits:
            yield ("send", data[begin:cut])
            if gap:
                yield ("wait", gap)
            begin = cut
        yield ("send", data[begin:])

    def redirection(
        self,
        status: int,
        where: str,
        body: bytes | None,
        extra: bytes = b"",
        padding: int = 0,
    ) -> bytes:
        """`where` is "same", the beginning of another host's name, or another way to the same."""
        case = self.case
        assert case is not None
        hop = b"/hop/%d/%b" % (len(case.deliveries), case.nonce.encode())
        if where in ("plain", "tls"):
            scheme = "https" if where == "tls" else "http"
            host = f"{case.host_prefix}-w{self.worker.number}.chaos.test"
            hop = f"{scheme}://{host}:{self.worker.ports[where]}".encode() + hop
        else:
            prefix = "" if where == "same" else where
            hop = base_url(case, self.worker, prefix).encode() + hop
        if padding:
            hop += b"?" + b"x" * (padding - len(hop) - 1)
        if body is not None and b"Content-Length" not in extra:
            extra += b"Content-Length: %d\r\n" % len(body)
        head = b"HTTP/1.1 %d Elsewhere\r\nLocation: %b\r\n%b\r\n" % (status, hop, extra)
        return head + (b"" if case.method == "HEAD" else body or b"")

    def flood(self, data: bytes, count: int | None) -> Talk:
        block = max(1, 8192 // len(data))  # so many at once
        sent = 0
        if count is None and self.lab.endless is not None:
            count = self.lab.endless // len(data)
        while count is None or sent < count:
            number = block if count is None else min(block, count - sent)
            yield ("send", data * number)
            sent += number

    def expect_nothing_more(self) -> Talk:
        """The client must close; a request from now on is one over a connection that is over."""
        heard = self.buffer if self.body_over else b""
        while data := (yield RECV):
            heard = (heard + data)[-4096:]
        if b" HTTP/1.1\r\n" in heard and b"\r\nX-Nonce: " in heard and self.body_over:
            self.lab.complain(
                f"{self.case!r}: sent over a connection that is over: {heard[:200]!r}"
            )
        raise Ended
