"""Waiting for a connection: a ticket for each waiter, and how one is woken from anywhere."""

from __future__ import annotations

from _thread import allocate_lock, get_ident

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections import deque
    from collections.abc import Callable, Iterable
    from typing import Any

    from h11client._transport.slots import Reference, Slot

__all__ = ["FIRST_STEP", "LONGEST_STEP", "Collector", "Ticket", "Waker", "is_waiting"]

FIRST_STEP = 1.0  # seconds of waiting, after which garbage is looked for; then twice as long
LONGEST_STEP = 1_000_000.0  # seconds; a lock refuses what a C long cannot hold
_REST = 9  # times as long as a collection took is there none afterwards: it takes a tenth at most
_LONGER = 3  # times that, after each that was no use
_MOST_REST = 1000


class Ticket:
    """One waiter; `granted` an idle `connection`, or the `slot` for a new one, under the lock.

    It is woken by a lock of its own, which is held until then: letting go of it is one step, that
    finalisers and handlers of signals may do anywhere, and waiting for it keeps its time whatever
    signals come. (A `SimpleQueue` may wait for ever then, before Python 3.13.)
    """

    __slots__ = ("connection", "granted", "route", "slot", "thread", "_asleep")

    def __init__(self, route: Any) -> None:
        self.route = route
        self.thread = get_ident()
        self.granted = False
        self.connection: Any = None  # of this route
        self.slot: Slot | None = None
        self._asleep = allocate_lock()
        self._asleep.acquire()

    def wait(self, seconds: float) -> bool:
        """Waits to be woken; False when the time is up."""
        return self._asleep.acquire(True, seconds)

    def wake(self) -> None:
        """Wakes the waiter, now or when it comes to wait; runs anywhere."""
        try:
            self._asleep.release()
        except RuntimeError:
            pass  # it was woken already, and has not noticed yet


def is_waiting(tickets: Iterable[Ticket]) -> bool:
    """Whether this thread waits already: a signal's handler or a finaliser has interrupted it."""
    thread = get_ident()
    return any(ticket.thread == thread for ticket in tickets)


class Waker:
    """Wakes the oldest of the tickets; runs anywhere, and keeps nothing else alive."""

    __slots__ = ("_tickets",)

    def __init__(self, tickets: deque[Ticket]) -> None:
        self._tickets = tickets

    def __call__(self, lost: Reference | None = None) -> None:
        try:
            self._tickets[0].wake()
        except IndexError:
            pass  # nobody waits; whoever comes next counts anew


class Collector:
    """Looks for connections in garbage while somebody waits for one.

    Responses that were dropped unread in cycles hold their slots until the interpreter collects
    them, which it does when objects are made; and whoever waits makes none.
    """

    __slots__ = ("_clock", "_next", "_rest")

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._next: float | None = None
        self._rest = _REST

    def collect(self) -> None:
        """Collects, unless that was done a short time ago, or the program wants none at all."""
        import gc

        began = self._clock()
        if not gc.isenabled() or (self._next is not None and began < self._next):
            return
        gc.collect()
        ended = self._clock()
        self._next = ended + self._rest * (ended - began)
        self._rest = min(self._rest * _LONGER, _MOST_REST)

    def note_success(self) -> None:
        """Somebody got what the garbage had held: so it is worth while to look there."""
        self._rest = _REST
