"""Fakes for tests of programs which use the client: answers, a transport, a network, and a clock.

A `MockRouter` answers all requests that a program makes, by what the test expects; pytest has one
as the fixture `h11client_mock`.

A `MockTransport` answers requests by calling a function; nothing is below it.

A `ScriptedNetwork` takes the place of sockets. For each connection that will be dialled it is
given what the server sends, as a list of steps; it keeps what was dialled, written, secured and
closed, and with which limits. Nothing sleeps: pauses move a `FakeClock`.

Steps of a dial, in the order in which they are read:

- `b"..."`: these bytes come; a read gets at most one step, and never more than it asked for.
- `b""`: the end of the stream, for every read from now on.
- an exception: raised by the read, and by every read from now on.
- `Pause(seconds)`: nothing comes for so long; the clock moves, or the limit runs out.
- `Unsolicited(...)`: bytes, the end or an exception which come before anybody reads. Only these
  make an idle stream readable; the other steps are answers, and wait for their question.

The script is strict. A dial, a read or a TLS handshake which it does not provide for raises
`ScriptError`, an `AssertionError`, and `assert_used_up()` says what was never asked for.

>>> from h11client._timeouts import Deadline, Timeout
>>> network = ScriptedNetwork([b"HTTP/1.1 204 No Content\\r\\n\\r\\n", b""])
>>> deadline = Deadline(Timeout(read=5), clock=network.clock)
>>> stream = network.connect("example.org", 80, deadline)
>>> stream.write(b"GET / HTTP/1.1\\r\\n\\r\\n", deadline.limit("write"))
True
>>> stream.read(4096, deadline.limit("read"))
b'HTTP/1.1 204 No Content\\r\\n\\r\\n'
>>> network.streams[0].written
b'GET / HTTP/1.1\\r\\n\\r\\n'
>>> network.log[-1]
('read', 27)
"""

from __future__ import annotations

import errno
from collections import deque

from h11client._messages.hosts import address_number
from h11client._mock_routes import MockRoute, MockRouter, UnexpectedRequest
from h11client._mocking import Answer, MockTransport
from h11client._timeouts import Limit, LimitExpired
from h11client._translation import is_tls_error
from h11client._transport.network import TLSInfo
from h11client._transport.pool import Pool

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Sequence
    from typing import TypeAlias

    from h11client._limits import Limits
    from h11client._timeouts import Deadline
    from h11client._transport.dial_options import DialOptions
    from h11client._transport.network import Buffer, Stream, TLSConfig

    Step: TypeAlias = "bytes | BaseException | Pause | Unsolicited"

__all__ = [
    "Answer",
    "Dial",
    "FakeClock",
    "MockRoute",
    "MockRouter",
    "MockTransport",
    "Pause",
    "ScriptError",
    "ScriptedNetwork",
    "ScriptedStream",
    "UnexpectedRequest",
    "Unsolicited",
]


class ScriptError(AssertionError):
    """The program did something that the script does not provide for."""


class FakeClock:
    """A clock that only moves when it is told to; call it for the time in seconds.

    >>> clock = FakeClock()
    >>> clock.advance(2.5)
    >>> clock()
    2.5
    """

    __slots__ = ("now", "reads")

    def __init__(self, now: float = 0.0) -> None:
        self.now = now
        self.reads = 0

    def __call__(self) -> float:
        self.reads += 1
        return self.now

    def advance(self, seconds: float) -> None:
        """Moves the clock; `seconds` must not be negative."""
        if seconds < 0:
            raise ValueError(f"a clock does not go back, not even by {-seconds} s")
        self.now += seconds


class Pause:
    """A step in which nothing comes for `seconds`."""

    __slots__ = ("seconds",)

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def __repr__(self) -> str:
        return f"Pause({self.seconds!r})"


class Unsolicited:
    """A step which comes by itself: bytes, b"" for the end, or an exception.

    It is there once `after` bytes have been written to the stream, and makes it readable.
    """

    __slots__ = ("after", "what")

    def __init__(self, what: bytes | BaseException, after: int = 0) -> None:
        self.what = what
        self.after = after

    def __repr__(self) -> str:
        return f"Unsolicited({self.what!r}, after={self.after})"


class Dial:
    """One connection of a script, when a plain list of steps does not say enough.

    `takes` is how many seconds connecting takes. `write_error=(n, error)` raises `error` in the
    write that would hand over more than n bytes, counted from the first one, after the first n
    have gone out. `stalls_after=n`: the server takes n bytes and no more, until an `Unsolicited`
    step has been read. `tls_error` is raised by the TLS handshake. `ragged_eof=True`: TLS ends
    without close_notify.
    """

    __slots__ = ("ragged_eof", "stalls_after", "steps", "takes", "tls_error", "write_error")

    def __init__(
        self,
        steps: Iterable[Step] = (),
        *,
        takes: float = 0.0,
        write_error: tuple[int, BaseException] | None = None,
        stalls_after: int | None = None,
        tls_error: BaseException | None = None,
        ragged_eof: bool = False,
    ) -> None:
        self.steps = tuple(steps)
        self.takes = takes
        self.write_error = write_error
        self.stalls_after = stalls_after
        self.tls_error = tls_error
        self.ragged_eof = ragged_eof
        for step in self.steps:
            if not isinstance(step, (bytes, BaseException, Pause, Unsolicited)):
                raise TypeError(f"{step!r} is no step of a script")


class ScriptedStream:
    """A `Stream` which reads from a script and remembers what it was told.

    `writes` are the writes in order (`write_many`: the pieces joined), `written` all of them
    joined; `limits` the pairs ("read" or "write", Limit) of all calls; `closed` and `aborted`
    say how it ended; `tls` is set once TLS was started, on this same stream.
    """

    def __init__(self, network: ScriptedNetwork, dial: Dial, host: str, port: int) -> None:
        self._network = network
        self._dial = dial
        self._steps: deque[Step] = deque(dial.steps)
        self._ended: bytes | BaseException | None = None  # every read from now on
        self._rest = b""  # of a step that was read in part
        self._unsent = b""
        self._stalled_at = dial.stalls_after
        self._failed = False
        self._interrupted = False
        self.writes: list[bytes] = []
        self.limits: list[tuple[str, Limit]] = []
        self.closed = False
        self.aborted = False
        self.bytes_written = 0
        self.peer: tuple[str, int] | str | None = (host, port)
        self.local: tuple[str, int] | str | None = ("127.0.0.1", 50000 + len(network.streams))
        self.tls: TLSInfo | None = None
        self.eof_was_clean = True

    @property
    def written(self) -> bytes:
        """All bytes that went out."""
        return b"".join(self.writes)

    @property
    def steps_left(self) -> list[Step]:
        """What of the script has not been read."""
        return [self._rest, *self._steps] if self._rest else list(self._steps)

    def read(self, max_bytes: int, limit: Limit, wait_first: bool = False) -> bytes:
        self.limits.append(("read", limit))
        self._check_open()
        if max_bytes < 1:
            raise ScriptError(f"a read of {max_bytes} bytes")
        data = self._rest or self._next_bytes(limit)
        if self._network.byte_by_byte:
            max_bytes = 1
        data, self._rest = data[:max_bytes], data[max_bytes:]
        self._network.log.append(("read", len(data)))
        return data

    def _next_bytes(self, limit: Limit) -> bytes:
        left = limit.seconds
        while True:
            if self._interrupted:
                raise ConnectionAbortedError(errno.ECONNABORTED, "closed by another thread")
            if self._ended is not None:
                return _told(self._ended)
            if not self._steps:
                raise ScriptError(f"{self!r} has nothing more to read")
            step = self._steps[0]
            if isinstance(step, Pause):
                left = self._pause(step, left, limit)
                continue
            if isinstance(step, Unsolicited):
                if step.after > self.bytes_written:
                    raise ScriptError(f"{self!r} is read before {step!r} is due")
                self._stalled_at = None
                what = step.what
            else:
                what = step
            self._steps.popleft()
            if what == b"" or isinstance(what, BaseException):
                self._ended = what
            return _told(what)

    def _pause(self, step: Pause, left: float | None, limit: Limit) -> float | None:
        """Lets the time of a pause go by; returns what is then left of the limit."""
        if left is not None and step.seconds >= left:
            self._network.clock.advance(left)
            self._steps[0] = Pause(step.seconds - left)
            raise LimitExpired(limit)
        self._network.clock.advance(step.seconds)
        self._steps.popleft()
        return None if left is None else left - step.seconds

    def write(self, data: Buffer, limit: Limit, watch: bool = False) -> bool:
        self.limits.append(("write", limit))
        self._check_open()
        if self._failed:
            raise ScriptError(f"{self!r} is written to after a write has failed")
        data = self._unsent + bytes(data)
        self._unsent = b""
        room = len(data)
        if self._stalled_at is not None:
            room = min(room, max(0, self._stalled_at - self.bytes_written))
        error = self._dial.write_error
        if error is not None and self.bytes_written + room > error[0]:
            self._hand_over(data[: max(0, error[0] - self.bytes_written)])
            self._failed = True
            raise _numbered(error[1])
        self._hand_over(data[:room])
        if room == len(data):
            return True
        if watch and self.is_readable():
            self._unsent = data[room:]
            return False
        self._failed = True
        if limit.seconds is None:
            raise ScriptError(f"{self!r} waits for ever to write {len(data) - room} bytes")
        self._network.clock.advance(limit.seconds)
        raise LimitExpired(limit)

    def _hand_over(self, data: bytes) -> None:
        if data:
            self.writes.append(data)
            self.bytes_written += len(data)
            self._network.log.append(("write", data))

    def write_many(self, pieces: Sequence[Buffer], limit: Limit, watch: bool = False) -> bool:
        return self.write(b"".join(pieces), limit, watch)

    def is_readable(self) -> bool:
        if self.closed or self._interrupted or self._rest or self._ended is not None:
            return True
        step = self._steps[0] if self._steps else None
        return isinstance(step, Unsolicited) and step.after <= self.bytes_written

    def interrupt(self) -> None:
        self._interrupted = True

    def close(self) -> None:
        if not self.closed:
            self.closed = True
            self._network.log.append(("close",))

    def abort(self) -> None:
        if not self.closed:
            self.closed = self.aborted = True
            self._network.log.append(("abort",))

    def fileno(self) -> int:
        return -1

    def _check_open(self) -> None:
        if self.closed:
            raise OSError(errno.EBADF, "the stream is closed")

    def _secure(self, config: TLSConfig, server_hostname: str) -> None:
        if self._dial.tls_error is not None:
            self.close()
            raise _numbered(self._dial.tls_error)
        certificate = None if config.verify is False else b"certificate"
        self.tls = TLSInfo("TLSv1.3", "SCRIPTED", certificate, server_hostname, "http/1.1")
        self.eof_was_clean = not (self._dial.ragged_eof and config.require_close_notify)

    def __repr__(self) -> str:
        number = self._network.streams.index(self) if self in self._network.streams else "?"
        return f"<ScriptedStream {number} to {self.peer}>"


def _told(what: bytes | BaseException) -> bytes:
    if isinstance(what, BaseException):
        raise _numbered(what)
    return what


_NUMBERS: dict[type[OSError], int] = {
    BrokenPipeError: errno.EPIPE,
    ConnectionAbortedError: errno.ECONNABORTED,
    ConnectionRefusedError: errno.ECONNREFUSED,
    ConnectionResetError: errno.ECONNRESET,
    TimeoutError: errno.ETIMEDOUT,
}


def _numbered(error: BaseException) -> BaseException:
    """An error of a script as the system raises it: with a number."""
    if isinstance(error, OSError) and error.errno is None and not is_tls_error(error):
        error.errno = _NUMBERS.get(type(error), errno.EIO)
    return error


class ScriptedNetwork:
    """A `Network` whose connections follow a script.

    Each of `dials` is a list of steps, a `Dial`, or an exception to be raised instead of
    connecting. With `byte_by_byte` every read returns one byte.

    Kept for the test: `streams` in the order of the dials; `dialled`, the (host, port) pairs;
    `options`, the `DialOptions` of each; `limits`, the connect limit of each; `upgrades`, the
    (TLSConfig, server_hostname) pairs; and `log`, everything in order: ("dial", host, port),
    ("tls", server_hostname), ("write", data), ("read", length), ("close",), ("abort",).
    """

    def __init__(
        self,
        *dials: Dial | BaseException | Iterable[Step],
        clock: FakeClock | None = None,
        byte_by_byte: bool = False,
    ) -> None:
        self._dials: deque[Dial | BaseException] = deque(
            dial if isinstance(dial, (Dial, BaseException)) else Dial(dial) for dial in dials
        )
        self.clock = FakeClock() if clock is None else clock
        self.byte_by_byte = byte_by_byte
        self.streams: list[ScriptedStream] = []
        self.dialled: list[tuple[str, int]] = []
        self.limits: list[Limit] = []
        self.options: list[DialOptions | None] = []
        self.upgrades: list[tuple[TLSConfig, str]] = []
        self.log: list[tuple[object, ...]] = []

    def transport(self, limits: Limits | None = None) -> Pool:
        """A pool of connections over this network and its clock: `Session(transport=...)`."""
        return Pool(limits, self, self.clock)

    def connect(
        self, host: str, port: int, deadline: Deadline, options: DialOptions | None = None
    ) -> Stream:
        self.options.append(options)
        deadline.start_connect()
        limit = deadline.limit("connect")
        self.dialled.append((host, port))
        self.limits.append(limit)
        self.log.append(("dial", host, port))
        if not self._dials:
            raise ScriptError(f"dial {len(self.dialled)}, to {host}:{port}, is not in the script")
        dial = self._dials.popleft()
        if isinstance(dial, BaseException):
            raise _numbered(dial)
        if limit.seconds is not None and dial.takes >= limit.seconds:
            self.clock.advance(limit.seconds)
            raise LimitExpired(limit)
        self.clock.advance(dial.takes)
        stream = ScriptedStream(self, dial, host, port)
        self.streams.append(stream)
        return stream

    def resolve(
        self, host: str, port: int, deadline: Deadline, options: DialOptions | None = None
    ) -> list[str]:
        """What `hosts=` of the session says; every other name has the address 192.0.2.1."""
        deadline.limit("connect")
        if address_number(host.partition("%")[0]) is not None:
            return [host]
        self.log.append(("resolve", host))
        known = None if options is None else options.hosts.get(host)
        return ["192.0.2.1"] if known is None else list(known)

    def check_tls(self, config: TLSConfig) -> None:
        """Whatever files `config` names, a script does without them."""

    def start_tls(
        self,
        stream: Stream,
        config: TLSConfig,
        server_hostname: str,
        deadline: Deadline,
        resume_as: Hashable = None,
    ) -> Stream:
        if not isinstance(stream, ScriptedStream):
            raise ScriptError(f"TLS is started on {stream!r}, which is not of this network")
        self.limits.append(deadline.limit("connect"))
        self.upgrades.append((config, server_hostname))
        self.log.append(("tls", server_hostname))
        stream._secure(config, server_hostname)
        return stream

    def assert_used_up(self) -> None:
        """Raises `ScriptError` unless everything in the script was dialled and read."""
        if self._dials:
            raise ScriptError(f"{len(self._dials)} more dials are in the script")
        for stream in self.streams:
            if stream.steps_left:
                raise ScriptError(f"{stream!r} was not read to its end: {stream.steps_left!r}")
