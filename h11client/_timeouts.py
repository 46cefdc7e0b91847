"""Limits of time: `Timeout` is the configuration, `Deadline` a running call, `Limit` one answer.

Nothing here waits. Whoever does I/O asks the call's one `Deadline` for the `Limit` of what it is
about to do, hands it down as an argument, and the stream raises `LimitExpired` when it runs out.
"""

from __future__ import annotations

from time import monotonic

from h11client._watching import DialNotes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import SupportsFloat, TypeAlias

    from h11client._watching import Watch

    # What a `timeout=` argument may be.
    TimeoutLike: TypeAlias = (
        "Timeout | SupportsFloat | tuple[SupportsFloat | None, SupportsFloat | None] | None"
    )

__all__ = ["DEFAULT_TIMEOUT", "LONGEST_STEP", "Deadline", "Limit", "LimitExpired", "Timeout"]

CONNECT_SECONDS = 10.0  # three lost SYNs are repeated within 7 s; what needs more is not coming
READ_SECONDS = 60.0  # the usual patience of a reverse proxy with its application
WRITE_SECONDS = 60.0
POOL_SECONDS = 60.0

# A signal that comes after the interpreter's last look for one, and before a wait begins, does not
# end the wait. So no socket is waited for any longer at a time: Ctrl-C is heard within a second.
LONGEST_STEP = 1000.0  # milliseconds


class Limit:
    """How long one operation may take, and which of the user's limits says so.

    `seconds` is None when there is no limit, `name` is one of "connect", "read", "write",
    "pool", "total". `milliseconds` is how long to wait at first, in the unit of poll(2): a second,
    or all of it when it is less. `whole` is the number that the user set, of which `seconds` may be
    what is left.

    >>> Limit(1.5, "read")
    Limit(1.5, 'read')
    """

    __slots__ = ("milliseconds", "name", "seconds", "whole")

    def __init__(self, seconds: float | None, name: str, whole: float | None = None) -> None:
        self.seconds = seconds
        self.name = name
        self.whole = seconds if whole is None else whole
        self.milliseconds = LONGEST_STEP if seconds is None else min(seconds * 1000.0, LONGEST_STEP)

    def until(self, end: float | None) -> Limit:
        """What is left of it for an operation of several steps, which is to be over at `end`.

        A time of `time.monotonic`, or None when there is no limit. Raises `LimitExpired`.
        """
        if end is None:
            return self
        seconds = end - monotonic()
        if seconds <= 0:
            raise LimitExpired(self)
        return Limit(seconds, self.name, self.whole)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Limit):
            return NotImplemented
        return self.seconds == other.seconds and self.name == other.name

    def __hash__(self) -> int:
        return hash((self.seconds, self.name))

    def __repr__(self) -> str:
        return f"Limit({self.seconds!r}, {self.name!r})"


class LimitExpired(Exception):
    """A limit ran out. `limit` says which; never confused with the kernel's own ETIMEDOUT."""

    def __init__(self, limit: Limit) -> None:
        super().__init__(limit)
        self.limit = limit

    def __str__(self) -> str:
        whole = self.limit.whole
        return f"the {self.limit.name} limit" + (f" of {whole:g} s" if whole else "") + " ran out"

    def __reduce__(self) -> tuple[object, ...]:
        return _expired, (self.limit.seconds, self.limit.name, self.limit.whole)


def _expired(seconds: float | None, name: str, whole: float | None) -> LimitExpired:
    return LimitExpired(Limit(seconds, name, whole))


class Timeout:
    """How long each kind of waiting may take, in seconds; None means no limit. A frozen value.

    `connect` covers name resolution, all addresses, TLS and a proxy together; `read` and `write`
    each single read or write; `pool` the wait for a free connection; `total` the whole call
    with its redirects, retries and body.

    Raises `ValueError` for zero, negative, infinite and NaN values, `TypeError` for what is no
    number.

    >>> Timeout(read=5)
    Timeout(connect=10.0, read=5.0, write=60.0, pool=60.0, total=None)
    """

    __slots__ = ("_limits", "connect", "pool", "read", "total", "write")

    NAMES = frozenset(("connect", "read", "write", "pool", "total"))

    connect: float | None
    read: float | None
    write: float | None
    pool: float | None
    total: float | None
    _limits: dict[str, Limit]

    def __init__(
        self,
        connect: SupportsFloat | None = CONNECT_SECONDS,
        read: SupportsFloat | None = READ_SECONDS,
        write: SupportsFloat | None = WRITE_SECONDS,
        pool: SupportsFloat | None = POOL_SECONDS,
        total: SupportsFloat | None = None,
    ) -> None:
        put = object.__setattr__
        limits: dict[str, Limit] = {}
        given = (("connect", connect), ("read", read), ("write", write), ("pool", pool))
        for name, value in given:
            seconds = _seconds(name, value)
            put(self, name, seconds)
            limits[name] = Limit(seconds, name)
        put(self, "total", _seconds("total", total))
        put(self, "_limits", limits)

    @staticmethod
    def of(value: TimeoutLike) -> Timeout:
        """What a `timeout=` argument means.

        A number sets connect, read, write and pool, never total; a pair `(connect, read)` sets
        these two and leaves the rest at its default; None means no limit at all.

        Raises `TypeError` or `ValueError` for anything else.

        >>> Timeout.of((3, None))
        Timeout(connect=3.0, read=None, write=60.0, pool=60.0, total=None)
        """
        if isinstance(value, Timeout):
            return value
        if value is None:
            return _NO_LIMITS
        if isinstance(value, tuple):
            if len(value) != 2:
                raise ValueError(
                    f"timeout= takes a number, a (connect, read) pair, a Timeout or None, "
                    f"not a tuple of {len(value)}"
                )
            return Timeout(connect=value[0], read=value[1])
        if type(value) is float or type(value) is int:  # not bool, which is equal to a number
            known = _of_number.get(value)
            return known if known is not None else _remember(value)
        return Timeout(value, value, value, value)

    def _values(self) -> tuple[float | None, ...]:
        return self.connect, self.read, self.write, self.pool, self.total

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a Timeout is frozen; make a new one to change {name!r}")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"a Timeout is frozen; {name!r} cannot be deleted")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Timeout):
            return NotImplemented
        return self._values() == other._values()

    def __hash__(self) -> int:
        return hash(self._values())

    def __repr__(self) -> str:
        return (
            f"Timeout(connect={self.connect!r}, read={self.read!r}, write={self.write!r}, "
            f"pool={self.pool!r}, total={self.total!r})"
        )

    def __reduce__(self) -> tuple[object, ...]:
        return Timeout, self._values()


def _seconds(name: str, value: SupportsFloat | None) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not hasattr(value, "__float__"):
        raise TypeError(f"the {name} timeout is a number of seconds or None, not {value!r}")
    try:
        seconds = float(value)
    except OverflowError:
        seconds = float("inf")
    if not 0 < seconds < float("inf"):  # written so that NaN is refused too
        raise ValueError(f"the {name} timeout is above 0 and finite, not {value!r}; None: no limit")
    return seconds


# `timeout=5` on every call is the commonest form: each number is checked once.
_of_number: dict[object, Timeout] = {}
_NUMBERS_REMEMBERED = 64


def _remember(number: SupportsFloat) -> Timeout:
    timeout = Timeout(number, number, number, number)
    if len(_of_number) < _NUMBERS_REMEMBERED:
        _of_number[number] = timeout
    return timeout


_NO_LIMITS = Timeout(None, None, None, None, None)
DEFAULT_TIMEOUT = Timeout()


class Deadline:
    """The limits of one running call, started when it is made, and who watches it.

    `clock` gives seconds that only grow; it is not read unless there is a total, or a connection
    is being made.

    >>> Deadline(Timeout(read=5)).limit("read")
    Limit(5.0, 'read')
    """

    __slots__ = (
        "_connect_end",
        "_end",
        "_limits",
        "clock",
        "dial",
        "limits",
        "timeout",
        "watch",
    )

    def __init__(self, timeout: Timeout, clock: Callable[[], float] = monotonic) -> None:
        self.timeout = timeout
        self.clock = clock
        self.watch: Watch | None = None
        self.dial: DialNotes | None = None
        # What `limit` gives, as long as nothing else counts: then who is in a hurry looks there.
        self.limits: dict[str, Limit] | None
        self.limits = self._limits = timeout._limits
        self._connect_end: float | None = None
        total = timeout.total
        if total is None:
            self._end: float | None = None
        else:
            self._end = clock() + total
            self.limits = None

    def limit(self, operation: str) -> Limit:
        """The smaller of the operation's limit and what is left of the total.

        `operation` is "connect", "read", "write" or "pool". Raises `LimitExpired` when nothing
        is left, so that a peer which always has something ready cannot outlast the total.
        """
        limits = self.limits
        return self._smallest(operation) if limits is None else limits[operation]

    def _smallest(self, operation: str) -> Limit:
        limit = self._limits[operation]
        in_connect = self._connect_end is not None and operation == "connect"
        if self._end is None and not in_connect:
            return limit
        now = self.clock()
        if in_connect and self._connect_end is not None:
            left = self._connect_end - now
            if left <= 0:
                raise LimitExpired(limit)
            limit = Limit(left, "connect", limit.whole)
        if self._end is not None:
            left = self._end - now
            if left <= 0:
                raise LimitExpired(Limit(0.0, "total", self.timeout.total))
            if limit.seconds is None or left < limit.seconds:
                limit = Limit(left, "total", self.timeout.total)
        return limit

    def within(self, timeout: Timeout) -> Deadline:
        """A deadline with other limits, which ends no later than this one, for who watches this."""
        inner = Deadline(timeout, self.clock)
        inner.watch = self.watch
        if self._end is not None and (inner._end is None or self._end < inner._end):
            inner._end = self._end
            inner.limits = None
            limits = (timeout.connect, timeout.read, timeout.write, timeout.pool)
            inner.timeout = Timeout(*limits, self.timeout.total)
        return inner

    def start_connect(self) -> None:
        """Starts the one connect budget of a dial.

        From here on `limit("connect")` is what is left of it, so that all addresses, a proxy and
        TLS share it (RFC 8305 section 5). `Network.connect` calls this first; when it is called
        once more within one dial, the budget goes on.
        """
        dial = self.dial
        if dial is not None:
            if dial.in_budget:
                return
            dial.in_budget = True
        seconds = self.timeout.connect
        if seconds is not None:
            self._connect_end = self.clock() + seconds
            self.limits = None

    def start_dial(self, route: object) -> DialNotes:
        """Starts the notes of a dial to `route`, and its budget with the next `start_connect`."""
        self.dial = DialNotes(route, self.clock, self.watch)
        return self.dial

    def note_resolving(self) -> None:
        """Notes that a name is being looked up; `Network.connect` may call it."""
        if self.dial is not None:
            self.dial.begin_resolving()

    def note_resolved(self) -> None:
        """Notes that the addresses are known; `Network.connect` may call it, and lets pass what
        it raises."""
        if self.dial is not None:
            self.dial.end("dns", "connect")

    def note_connected(self) -> None:
        """Notes that the origin, or a tunnel to it, was reached: what is left is TLS."""
        if self.dial is not None:
            self.dial.end("connect", "tls")

    def remaining(self) -> float | None:
        """Seconds left of the total, at least 0; None without a total."""
        if self._end is None:
            return None
        return max(0.0, self._end - self.clock())
