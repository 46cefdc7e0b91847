"""What a pool has done so far, in numbers."""

from __future__ import annotations

__all__ = ["PoolCounts", "PoolStatistics", "Tally"]

_COUNTERS = ("exchanges", "dialled", "repeated", "waited", "poisoned_idle", "expired")


class Tally:
    """Counters that only grow; whoever adds to them holds the pool's lock.

    `exchanges` that came to an end, well or not; connections `dialled`; requests `repeated` over a
    fresh connection; requests that `waited` for a connection; and why idle connections were not
    used again: `poisoned_idle`, because the server had closed them or sent something, `expired`.
    """

    __slots__ = _COUNTERS

    exchanges: int
    dialled: int
    repeated: int
    waited: int
    poisoned_idle: int
    expired: int

    def __init__(self) -> None:
        for name in _COUNTERS:
            setattr(self, name, 0)


class PoolCounts:
    """How many connections a pool has at this moment.

    `open` counts slots in use: idle connections, lent ones, and dials under way.
    """

    __slots__ = ("idle", "open", "waiting")

    def __init__(self, open: int, idle: int, waiting: int) -> None:
        self.open = open
        self.idle = idle
        self.waiting = waiting

    @property
    def busy(self) -> int:
        """Slots lent to a request."""
        return self.open - self.idle

    def __repr__(self) -> str:
        return f"<PoolCounts open={self.open} idle={self.idle} waiting={self.waiting}>"


class PoolStatistics:
    """A pool at one moment, and what it has done until then.

    Now: connections `open` (idle, busy, and being made), `idle` and `busy`, and requests `waiting`
    for one. So far: `exchanges` that came to an end, well or not; connections `dialled`; requests
    `repeated` over a fresh connection because that was safe (RFC 9112 section 9.3.1); requests
    that `waited` for a connection; and idle connections that were found `poisoned_idle`, closed
    by the server or with something on them that nobody had asked for, or `expired`.
    """

    __slots__ = ("busy", "idle", "open", "waiting", *_COUNTERS)

    open: int
    idle: int
    busy: int
    waiting: int
    exchanges: int
    dialled: int
    repeated: int
    waited: int
    poisoned_idle: int
    expired: int

    def __init__(self, open: int, idle: int, waiting: int, tally: Tally) -> None:
        self.open = open
        self.idle = idle
        self.busy = open - idle
        self.waiting = waiting
        for name in _COUNTERS:
            setattr(self, name, getattr(tally, name))

    def __repr__(self) -> str:
        names = ("open", "idle", "busy", "waiting", *_COUNTERS)
        told = " ".join([f"{name}={getattr(self, name)}" for name in names])
        return f"<PoolStatistics {told}>"
