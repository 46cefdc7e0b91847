"""Lending connections: who has which, who waits for one, what expires.

A connection is in exactly one place: idle in the line of its route, or lent to one exchange (and
from its head on to one `ResponseBody`). With it goes its *slot*, the right to have one connection
open or to be opening one. Whoever takes a connection gives it back through `release`, or, from a
finaliser, through `abandon`; if neither happens, its slot is free once it is garbage.

One lock, under which connections and slots are only taken, put and counted. Dialling, probing and
closing happen outside it. Those who find no slot leave a ticket, first come, first served; each
ticket has a wake-up object of its own, so that a release wakes exactly the one it serves: the
oldest that can use what was released. Tickets for a full origin let others pass.

A finaliser runs anywhere, even while its own thread holds the lock, so it takes none: it wakes the
oldest ticket, which can be done anywhere, and that ticket's owner then counts the slots anew. A
ticket is put in line *before* its owner counts a last time: one of the two always sees the other.

An interruption (a signal's KeyboardInterrupt) may strike between any two lines, under the lock too.
So what is counted is what is there: slots by the objects that are alive, idle connections by those
in line. `_idle` is only a hint, which saves counting with every request.
"""

from __future__ import annotations

import sys
from _thread import RLock
from collections import deque
from time import monotonic

from h11client import _log
from h11client._timeouts import LimitExpired
from h11client._translation import from_stream_error
from h11client._transport.forking import renew_in_child
from h11client._transport.slots import Slots
from h11client._transport.tally import PoolCounts, PoolStatistics, Tally
from h11client._transport.tickets import (
    FIRST_STEP,
    LONGEST_STEP,
    Collector,
    Ticket,
    Waker,
    is_waiting,
)
from h11client._transport.tunnels import open_route
from h11client._watching import CallerError
from h11client.exceptions import RequestException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from h11client._limits import Limits
    from h11client._timeouts import Deadline
    from h11client._transport.connection import Connection
    from h11client._transport.network import Network
    from h11client._transport.route import Route
    from h11client._transport.slots import Slot

    # What left the stock under the lock and is to be closed outside it, each with its reason.
    _Dead = list[tuple[Connection, str]]
    # A connection that was idle, or else a slot to dial in.
    _Found = tuple[Connection | None, Slot | None]

__all__ = ["Lender"]

_LINES_KEPT = 256  # with the lines that have no connection at present, kept for their next one
_NEVER = float("inf")
_modules = sys.modules
_NO_GENERATION = -1  # of connections without a slot, which are closed when they come back


class _Line:
    """The connections of one route: the idle ones, the newest last, and the slots of all."""

    __slots__ = ("idle", "slots")

    def __init__(self) -> None:
        self.idle: deque[Connection] = deque()
        self.slots = Slots()


class Lender:
    """Lends connections, waits for them, dials them and takes them back; thread-safe.

    `limits` bound the connections and what a server may send, `network` makes the streams, `clock`
    is asked for the age of what is idle.
    """

    def __init__(self, limits: Limits, network: Network, clock: Callable[[], float]) -> None:
        self.limits = limits
        self.network = network
        self._clock = clock
        self.tally = Tally()
        # Connections of an earlier generation are closed when they come back.
        self._generation = 0
        self._collector = Collector(monotonic)
        self._start_empty()
        renew_in_child(self)

    def start_anew(self) -> None:
        """In a forked child: forgets every connection of the parent, and whoever held a lock."""
        for line in self._lines.values():
            for connection in line.idle:
                connection.stream.abort()
        self._generation += 1
        self._start_empty()

    def _start_empty(self) -> None:
        self._lock = RLock()
        # Whether this thread holds the lock: then a finaliser, or the handler of a signal, has
        # interrupted what is done under it.
        self.is_inside: Callable[[], bool] = self._lock._is_owned  # type: ignore[attr-defined]  # it has
        self._deferred = False  # what such an interruption wanted is still to be done
        self._lines: dict[Route, _Line] = {}
        self._idle = 0
        self._tickets: deque[Ticket] = deque()
        self._wake_oldest = Waker(self._tickets)

    # --- taking ----------------------------------------------------------------------------

    def acquire(self, route: Route, deadline: Deadline, since: float = 0.0) -> Connection:
        """A connection of this route that looks alive, or a new one; with it goes its slot.

        `since` is when it was asked for.
        """
        connection = slot = None
        is_inside = self.is_inside  # a call through the dot is slow where it is no method
        if is_inside():
            # What is counted may be half done: this one goes without a slot, beside the limits.
            return self._dial(route, None, deadline, since)
        with self._lock:
            line = self._lines.get(route)
            if line is not None and line.idle:
                self._idle -= 1
                connection = line.idle.pop()
        if self._deferred:
            self._catch_up()
        if connection is None:
            connection, slot = self._take_or_wait(route, deadline)
        clock = self._clock
        while connection is not None:
            if clock() >= connection.expires_at:
                self._count("expired")
                connection.close("idle for too long")
            elif connection.stream.is_readable():
                # RFC 9112 section 9.2: what arrives on an idle connection answers nothing, be it
                # the end, an alert, a 408 or a whole response, and must not be taken for the next
                # request's answer.
                self._count("poisoned_idle")
                connection.close("the server closed it, or sent something, while it was idle")
            else:
                if "logging" in _modules:  # as debug() asks, without a call
                    _log.debug("reused %s", connection)
                return connection
            connection, slot = self._take_next(connection)
        return self._dial(route, slot, deadline, since)

    def _take_next(self, connection: Connection) -> _Found:
        """Another idle connection in exchange for a dead one, or else the slot of that."""
        dead: _Dead = []
        with self._lock:
            line = self._line_of(connection.route)
            if not line.idle:
                return None, connection.hand_over_slot()
            found = line.idle.pop()
            self._idle -= 1
            connection.give_back_slot()
            self._settle(dead)
        self._leave(dead)
        return found, None

    def _take_or_wait(self, route: Route, deadline: Deadline) -> _Found:
        """An idle connection, or a slot to dial in; waits until there is either."""
        dead: _Dead = []
        ticket = None
        try:
            with self._lock:
                self._idle = self._count_idle()
                self._expire(dead)
                self._settle(dead)
                found = self._take(route, dead)
                if found is None and is_waiting(self._tickets):
                    found = None, None  # beside the limits, or it would wait for itself
                elif found is None:
                    ticket = Ticket(route)
                    self._tickets.append(ticket)
                    self.tally.waited += 1
                    self._settle(dead)
            self._leave(dead)
            if ticket is not None:
                self._wait(ticket, deadline)
                found = ticket.connection, ticket.slot
        except BaseException:
            if ticket is not None:
                self._withdraw(ticket, False)
            raise
        assert found is not None
        return found

    def _take(self, route: Route, dead: _Dead) -> _Found | None:
        """Under the lock: an idle connection, or a slot, or None."""
        limits = self.limits
        line = self._line_of(route)
        if line.idle:
            self._idle -= 1
            return line.idle.pop(), None
        if limits.max_per_origin is not None and len(line.slots) >= limits.max_per_origin:
            return None
        most = limits.max_connections
        while most is not None and self._count_open() >= most:
            if not self._evict(dead, "its slot is needed for another route"):
                return None
        return None, line.slots.take(self._wake_oldest)

    def _line_of(self, route: Route) -> _Line:
        line = self._lines.get(route)
        if line is None:
            if len(self._lines) >= _LINES_KEPT:
                self._lines = {key: kept for key, kept in self._lines.items() if len(kept.slots)}
            line = self._lines[route] = _Line()
        return line

    def _wait(self, ticket: Ticket, deadline: Deadline) -> None:
        """Waits, outside the lock, for what a release grants to this ticket."""
        clock = deadline.clock
        began = clock()
        step = FIRST_STEP
        try:
            limit = deadline.limit("pool")
            end = _NEVER if limit.seconds is None else began + limit.seconds
            while not ticket.granted:
                left = end - clock()
                if ticket.wait(max(0.0, min(left, step))):
                    self.settle()  # granted, or woken by a finaliser to count anew
                    continue
                self._collector.collect()
                self.settle()
                if ticket.granted:
                    self._collector.note_success()
                elif left <= step:
                    raise LimitExpired(limit)
                step = min(2 * step, LONGEST_STEP)
        except BaseException as error:
            if self._withdraw(ticket, isinstance(error, LimitExpired)):
                return
            if isinstance(error, LimitExpired):
                public = from_stream_error("pool", error, str(ticket.route))
                if deadline.watch is not None:
                    deadline.watch.tell_failure("pool", clock() - began, ticket.route, public)
                raise public from error
            raise

    def _withdraw(self, ticket: Ticket, keep: bool) -> bool:
        """Takes a ticket out of the line. True when it was served and may `keep` what it got."""
        dead: _Dead = []
        with self._lock:
            if ticket.granted and keep:
                return True
            if ticket in self._tickets:
                self._tickets.remove(ticket)
            connection, ticket.connection = ticket.connection, None
            if connection is not None and connection.generation == self._generation:
                self._line_of(ticket.route).idle.append(connection)
                self._idle += 1
            elif connection is not None:
                dead.append((connection, "the session was closed"))
                connection.give_back_slot()
            if ticket.slot is not None:
                ticket.slot.give_back()
            self._settle(dead)
        self._leave(dead)
        return False

    def _dial(
        self, route: Route, slot: Slot | None, deadline: Deadline, since: float
    ) -> Connection:
        """A new connection in a slot that the caller has; the slot is free again if it fails."""
        generation = self._generation
        connection = caller_error = None
        try:
            watch = deadline.watch
            if watch is not None:
                watch.tell("pool", deadline.clock() - since, route, False)
            notes = deadline.start_dial(route)
            try:
                connection = open_route(route, self.network, deadline, self.limits)
                notes.end(notes.stage, "")
            except CallerError as passed:
                caller_error = passed.error
                notes.fail(caller_error)
            except BaseException as error:
                notes.fail(error)
                raise
            if caller_error is not None:  # here, where no other error is being handled
                raise caller_error
        except BaseException:
            if connection is not None:
                connection.close("code of the caller's has failed")
            if slot is not None:
                slot.give_back()
            self.settle()
            raise
        assert connection is not None
        connection.slot = slot
        self._count("dialled")
        # What is beside the limits is not kept.
        connection.generation = _NO_GENERATION if slot is None else generation
        times = notes.times.get
        connection.dialled = (times("dns"), times("connect"), times("tls"))
        if watch is not None:
            connection.on_event = watch.on_event
        return connection

    def replace(self, connection: Connection, deadline: Deadline, since: float = 0.0) -> Connection:
        """A fresh connection in the slot of this one; when dialling fails the slot is free."""
        self._count("repeated")
        connection.close("the request is sent once more, over a fresh connection")
        return self._dial(connection.route, connection.hand_over_slot(), deadline, since)

    # --- giving back -----------------------------------------------------------------------

    def break_off(self, connection: Connection, error: BaseException) -> None:
        """Closes a connection whose exchange failed, and takes its slot back."""
        reason = f"failed: {type(error).__name__}"
        if isinstance(error, RequestException):
            # What the caller's own code raised may hold anything, or have no text at all.
            reason = f"{reason}: {error}"
        connection.close(reason)
        self.release(connection, False)

    def release(self, connection: Connection, reusable: bool) -> float:
        """Takes a connection and its slot back, and says when that was.

        One that is not `reusable` has been closed.
        """
        dead: _Dead = []
        clock, is_inside = self._clock, self.is_inside
        now = clock()
        if is_inside():
            connection.stream.abort()
            self.abandon(connection)
            return now
        with self._lock:
            self.tally.exchanges += 1
            if reusable and connection.generation == self._generation:
                line = self._lines[connection.route]
                kept = self.limits.idle_timeout
                promised = connection.keep_alive
                if promised is not None and (kept is None or promised - 1 < kept):
                    kept = promised - 1  # a second for the way: so we are the first to close
                connection.idle_since = now
                connection.expires_at = _NEVER if kept is None else now + kept
                line.idle.append(connection)
                self._idle += 1
                if self._tickets:
                    self._settle(dead)
                if self._idle > self.limits.max_idle:
                    self._trim(dead)
                elif line.idle and line.idle[0].expires_at <= now:
                    self._expire(dead)
            else:
                if reusable:
                    dead.append((connection, "the session was closed"))
                connection.give_back_slot()
            if dead or self._tickets:
                self._settle(dead)
        if dead or self._deferred:
            self._leave(dead)
        return now

    def abandon(self, connection: Connection) -> None:
        """Takes back the slot of an aborted connection, from a finaliser: without the lock."""
        connection.give_back_slot()
        self._wake_oldest()

    def close(self) -> None:
        """Closes what is idle now, and what is busy when it comes back; the pool stays usable."""
        with self._lock:
            self._generation += 1
        self._deferred = True
        if not self.is_inside():
            self._catch_up()

    def _catch_up(self) -> None:
        """Does what could not be done at once, because this thread was inside of the lock."""
        dead: _Dead = []
        with self._lock:
            self._deferred = False
            for line in self._lines.values():
                while line.idle and line.idle[0].generation != self._generation:
                    self._discard(line, dead, "the session was closed")
            self._settle(dead)
        self._leave(dead)

    def _leave(self, dead: _Dead) -> None:
        """What is to be done outside of the lock, by whoever has had it."""
        for connection, reason in dead:
            connection.close(reason)
        if self._deferred and not self.is_inside():
            self._catch_up()

    def __del__(self) -> None:
        # A session that was dropped instead of closed. Nothing busy is left: a body keeps its pool.
        for line in getattr(self, "_lines", {}).values():  # when `__init__` was interrupted
            for connection in line.idle:
                connection.stream.abort()

    def settle(self) -> None:
        """Hands out what is free: after a finaliser has freed a slot, or a limit was raised."""
        self._deferred = True
        if not self.is_inside():
            self._catch_up()

    # --- bookkeeping, all of it under the lock -----------------------------------------------

    def _count_open(self) -> int:
        return sum([len(line.slots) for line in self._lines.values()])

    def _count_idle(self) -> int:
        return sum([len(line.idle) for line in self._lines.values()])

    def _discard(self, line: _Line, dead: _Dead, reason: str) -> None:
        """Takes the oldest idle connection of a line out of the pool, with its slot."""
        connection = line.idle.popleft()
        dead.append((connection, reason))
        connection.give_back_slot()
        self._idle -= 1

    def _evict(self, dead: _Dead, reason: str) -> bool:
        """Discards the connection that has been idle longest, of any route; False: none is idle."""
        lines = [line for line in self._lines.values() if line.idle]
        if lines:
            self._discard(min(lines, key=_oldest_since), dead, reason)
        return bool(lines)

    def _trim(self, dead: _Dead) -> None:
        """Keeps no more idle connections than are allowed."""
        self._idle = self._count_idle()
        while self._idle > self.limits.max_idle:
            self._evict(dead, "enough idle connections")

    def _expire(self, dead: _Dead) -> None:
        now = self._clock()
        for line in self._lines.values():
            while line.idle and line.idle[0].expires_at <= now:
                self._discard(line, dead, "idle for too long")
                self.tally.expired += 1

    def _settle(self, dead: _Dead) -> None:
        """Hands what is free to the oldest tickets that can use it."""
        while self._serve_one(dead):
            pass

    def _serve_one(self, dead: _Dead) -> bool:
        for ticket in self._tickets:
            if not ticket.granted:
                found = self._take(ticket.route, dead)
                if found is None:
                    continue
                ticket.connection, ticket.slot = found
                ticket.granted = True
            # Last: until then the ticket is found again, whatever interrupts this.
            ticket.wake()
            self._tickets.remove(ticket)
            return True
        return False

    def counts(self) -> PoolCounts:
        """How many connections are open and idle, and how many requests wait for one."""
        self.settle()
        with self._lock:
            return PoolCounts(self._count_open(), self._count_idle(), len(self._tickets))

    def statistics(self) -> PoolStatistics:
        """The same, and what has been done until now."""
        counts = self.counts()
        with self._lock:
            return PoolStatistics(counts.open, counts.idle, counts.waiting, self.tally)

    def _count(self, name: str) -> None:
        """Adds to a counter outside the lock; an interruption may lose it, and nothing else."""
        with self._lock:
            setattr(self.tally, name, getattr(self.tally, name) + 1)
        if self._deferred:
            self._leave([])


def _oldest_since(line: _Line) -> float:
    return line.idle[0].idle_since
