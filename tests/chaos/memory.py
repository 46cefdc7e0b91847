"""The scripted server in memory: the same conversations, without sockets and without waiting.

Time is the worker's: a wait of the server's is a moment at which its next bytes are due, and a read
that meets it moves the clock. So a stall of a minute costs nothing, and the bounds of time are
exact. A stream also fails when its case says so (`Case.fails`: the k-th system call).
"""

from __future__ import annotations

import errno
import random
import ssl
import threading
from collections import deque
from typing import Any

from h11client._timeouts import LimitExpired
from h11client._transport.network import TLSInfo
from tests.chaos.cases import Case
from tests.chaos.conversation import Conversation, Lab, Worker

ROOM = 256 * 1024  # bytes that a server takes which does not read
LEAD = 64 * 1024  # bytes that a server sends which are not read

RESET = (errno.ECONNRESET, "reset")
PLAUSIBLE = {
    "connect": [
        *(errno.ECONNREFUSED, errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ETIMEDOUT),
        *(errno.EADDRNOTAVAIL, errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ECONNRESET),
    ],
    "tls": [errno.ECONNRESET, errno.EPIPE, errno.ETIMEDOUT],
    "write": [errno.EPIPE, errno.ECONNRESET, errno.ETIMEDOUT, errno.ENOBUFS, errno.EHOSTUNREACH],
    "read": [errno.ECONNRESET, errno.ETIMEDOUT, errno.ENOMEM, errno.EHOSTUNREACH, errno.ENOTCONN],
}


class WorkerClock(threading.local):
    """The time of each thread by itself, which moves when it is told to."""

    now = 0.0

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        """Moves the clock of this thread."""
        self.now += seconds


def may_fail(case: Case | None, call: str) -> None:
    """Raises an error if this is the system call that is to fail; a KeyboardInterrupt likewise."""
    if case is None or case.fails is None:
        return
    case.calls += 1
    number, rng = case.fails
    if case.calls == number:
        if case.act == "interrupt":
            raise KeyboardInterrupt
        code = rng.choice(PLAUSIBLE[call])
        raise OSError(code, f"made to fail: {errno.errorcode[code]}")


class MemoryStream:
    """A `Stream` with the server's conversation at its other end."""

    def __init__(self, network: MemoryNetwork, worker: Worker, way: str, peer: Any) -> None:
        self.network = network
        self.clock = network.clock
        self.worker = worker
        self.talk = Conversation(network.lab, worker, way, worker.case).run()
        self.wanted: tuple | None = None  # what the conversation waits for
        self.inbox = bytearray()  # for the server
        self.outbox: deque[tuple[float, Any]] = deque()  # (when it is due, bytes or the end)
        self.held = 0  # bytes in it
        self.due = 0.0
        self.ended: Any = None  # b"" or an exception: every read from now on
        self.broken = False
        self.dead = False  # the server is gone: writes fail
        self.tls_wanted = False
        self.given = 0
        self.closed = False
        self.bytes_written = 0
        self.peer: tuple[str, int] | str | None = peer
        self.local: tuple[str, int] | str | None = ("127.0.0.1", 1)
        self.tls: TLSInfo | None = None
        self.eof_was_clean = True

    # --- the server ------------------------------------------------------------------------

    def pump(self) -> None:
        """Lets the server do all that it can do by now."""
        heard: bytes | None = None
        while self.held < LEAD and not self.dead:
            if self.wanted is not None:
                if self.wanted[0] == "tls" and self.tls is not None:
                    heard = None
                elif self.wanted[0] != "recv" or not (self.inbox or self.closed):
                    return
                else:
                    heard, self.inbox = bytes(self.inbox), bytearray()
                self.wanted = None
            try:
                action = self.talk.send(heard)
            except StopIteration:
                action = ("fin",)
            heard = None
            self.do(action)

    def do(self, action: tuple) -> None:
        what = action[0]
        self.due = max(self.due, self.clock())
        if what == "send":
            self.put(action[1])
        elif what == "wait":
            self.due += action[1]
        elif what in ("fin", "half_close", "cut"):
            if what == "cut" and self.tls is not None:
                self.put(None)  # an end of which TLS was not told
            self.put(b"", True)
            self.dead = what != "half_close"
        elif what == "rst":
            self.put(ConnectionResetError(*RESET), True)
            self.dead = True
        else:
            self.wanted = action

    def put(self, what: Any, anyway: bool = False) -> None:
        if what or anyway or what is None:
            self.outbox.append((self.due, what))
            self.held += len(what) if isinstance(what, bytes) else 0

    # --- the client ------------------------------------------------------------------------

    def read(self, max_bytes: int, limit: Any, wait_first: bool = False) -> bytes:
        case = self.worker.case
        self.touch(case)
        try:
            may_fail(case, "read")
        except OSError:
            self.break_off()
            raise
        if self.ended is None:
            self.pump()
            if not self.outbox:
                self.wait_for(None, limit)
            due, what = self.outbox[0]
            if due > self.clock():
                self.wait_for(due, limit)
            if what is None:
                self.eof_was_clean = not self.require_close_notify
                self.outbox.popleft()
                what = self.outbox[0][1]
            if isinstance(what, bytes) and what:
                return self.give(what, 1 if case is not None and case.tiny else max_bytes)
            self.ended = what
        if isinstance(self.ended, BaseException):
            raise self.ended
        return b""

    require_close_notify = True

    def give(self, data: bytes, most: int) -> bytes:
        due, _ = self.outbox.popleft()
        if len(data) > most:
            self.outbox.appendleft((due, data[most:]))
            data = data[:most]
        self.held -= len(data)
        self.given += len(data)
        return data

    def wait_for(self, due: float | None, limit: Any) -> None:
        seconds = limit.seconds
        left = None if due is None else due - self.clock()
        if left is not None and (seconds is None or left < seconds):
            self.clock.advance(left)
            return
        if seconds is None:
            self.network.lab.complain(f"{self.worker.case!r}: waits for ever")
            raise ConnectionResetError(*RESET)
        self.clock.advance(seconds)
        raise LimitExpired(limit)

    def write(self, data: Any, limit: Any, watch: bool = False) -> bool:
        case = self.worker.case
        self.touch(case)
        try:
            may_fail(case, "write")
        except OSError:
            # Some of it may have gone out before.
            self.bytes_written += random.Random(case.nonce if case else "").choice([0, 0, 1])
            self.break_off()
            raise
        self.pump()  # what has happened while nobody looked
        if self.dead and self.outbox and isinstance(self.outbox[-1][1], ConnectionResetError):
            raise ConnectionResetError(*RESET)
        if self.dead:
            if self.broken:
                raise BrokenPipeError(errno.EPIPE, "broken pipe")
            self.broken = True  # the first one is answered with a reset, and not known yet
            self.bytes_written += len(data)
            return True
        self.inbox += data
        self.bytes_written += len(data)
        self.pump()
        if len(self.inbox) <= ROOM or self.dead:
            return True
        if watch and self.is_readable():
            return False  # the rest counts as kept: it is in the inbox, where nobody reads it
        self.wait_for(None, limit)
        return False

    def write_many(self, pieces: Any, limit: Any, watch: bool = False) -> bool:
        return self.write(b"".join(pieces), limit, watch)

    def is_readable(self) -> bool:
        if self.closed or self.ended is not None:
            return True
        self.pump()
        return bool(self.outbox) and self.outbox[0][0] <= self.clock()

    def break_off(self) -> None:
        """The connection is not there any more, for neither end."""
        self.outbox.clear()
        self.dead = self.broken = True
        self.ended = b""

    def touch(self, case: Case | None) -> None:
        self.network.touched.add(self)
        if self.closed:
            raise OSError(errno.EBADF, "the stream is closed")

    def interrupt(self) -> None:
        self.ended = ConnectionAbortedError(errno.ECONNABORTED, "closed by another thread")

    def close(self) -> None:
        if not self.closed:
            self.closed = True
            if not self.dead:
                self.held = 0
                self.pump()  # the server hears of it
            self.talk.close()

    abort = close

    def fileno(self) -> int:
        return -1


class Touched(threading.local):
    """The streams that this thread's current case has used, and what each had given before."""

    def __init__(self) -> None:
        self.streams: dict[MemoryStream, int] = {}

    def add(self, stream: MemoryStream) -> None:
        self.streams.setdefault(stream, stream.given)

    def given(self) -> int:
        """How many bytes the case has got."""
        return sum(stream.given - before for stream, before in self.streams.items())


class MemoryNetwork:
    """A `Network` whose hosts are called "<anything>-w<worker>.chaos.test"."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.clock = WorkerClock()
        self.touched = Touched()
        self.streams: dict[int, list[MemoryStream]] = {}  # those that are open, of each worker

    def connect(self, host: str, port: int, deadline: Any, options: Any = None) -> MemoryStream:
        worker = self.lab.workers[int(host.partition(".")[0].rpartition("-w")[2])]
        case = worker.case
        assert case is not None
        deadline.start_connect()
        limit = deadline.limit("connect")
        planned = case.at_dial[case.dials] if case.dials < len(case.at_dial) else None
        if isinstance(planned, BaseException):
            case.dials += 1
            if isinstance(planned, TimeoutError):  # nothing comes back, for as long as there is
                self.clock.advance(limit.seconds)
                raise LimitExpired(limit)
            raise planned
        may_fail(case, "connect")
        way = "proxy" if host.startswith("proxy") else "tls" if port == 443 else "plain"
        stream = MemoryStream(self, worker, way, (host, port))
        self.streams[worker.number] = [
            one for one in self.streams.get(worker.number, []) if not one.closed
        ]
        self.streams[worker.number].append(stream)
        stream.pump()
        return stream

    def insert(self, worker: Worker, data: bytes) -> None:
        """Bytes, or the end, that come by themselves to whatever is idle."""
        for stream in self.streams.get(worker.number, []):
            stream.due = max(stream.due, self.clock())
            stream.put(data, anyway=True)

    def resolve(self, host: str, port: int, deadline: Any, options: Any = None) -> list[str]:
        return ["192.0.2.1"]

    def check_tls(self, config: Any) -> None:
        """There are no files."""

    def start_tls(
        self, stream: Any, config: Any, server_hostname: str, deadline: Any, resume_as: Any = None
    ) -> MemoryStream:
        case = stream.worker.case
        try:
            deadline.limit("connect")
            may_fail(case, "tls")
            stream.pump()
            if stream.wanted is None or stream.wanted[0] != "tls":
                self.fail_handshake(stream, deadline.limit("connect"))
            elif stream.wanted[1] != "right":
                raise ssl.SSLCertVerificationError(1, "certificate verify failed")
        except BaseException:
            stream.close()
            raise
        stream.tls = TLSInfo("TLSv1.3", "CHAOS", b"certificate", server_hostname, None)
        stream.require_close_notify = config.require_close_notify
        stream.pump()
        return stream

    def fail_handshake(self, stream: MemoryStream, limit: Any) -> None:
        """What the client sees of a server that does something else than to shake hands."""
        stream.inbox += b"\x16\x03\x01 client hello"
        data = stream.read(65536, limit)
        if data:
            raise ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number")
        raise ssl.SSLEOFError(8, "EOF occurred in violation of protocol")
