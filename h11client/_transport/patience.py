"""Waiting inside recv(2), for a moment that the system bounds: one call instead of two or three.

A socket that does not block is asked, waited for, and asked again; in between the interpreter's
lock goes to other threads each time. So sockets block, with SO_RCVTIMEO, for `PATIENCE`
milliseconds; what is left of a limit then is waited for with poll(2). A bare loop of
reads takes a fifth less CPU this way, and sixteen threads on all cores a sixth less time
(`benchmarks/kinds/downloads.py`, `threads.py`).

It is a moment and not the whole limit, because a recv which a signal interrupts begins anew, and
its time too (PEP 475). A timer that sends signals faster than that would keep it going for ever:
while somebody has a handler for one, only poll is used, whose time goes on. Each read looks: such a
timer, a profiler's say, may be set between two reads of one body.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # what `signal` is made of has no stub
import _socket
import sys
from math import inf

__all__ = [
    "ALL_OF_IT",
    "AT_ONCE",
    "PATIENCE",
    "become_blocking",
    "become_patient",
    "is_of_the_system",
    "timers_are_heard",
]

PATIENCE = 20.0  # milliseconds

# Asks a socket that blocks not to. Where there is no such flag, none does.
AT_ONCE: int = getattr(_socket, "MSG_DONTWAIT", 0)

# Asks a socket that waits for a moment to give all it is asked for, if all comes within it.
ALL_OF_IT: int = getattr(_socket, "MSG_WAITALL", 0)

# struct timeval: seconds and microseconds, of type long.
_LONG = 8 if sys.maxsize > 2**32 else 4
_A_MOMENT = bytes(_LONG) + int(PATIENCE * 1000).to_bytes(_LONG, sys.byteorder)
_FOR_EVER = bytes(2 * _LONG)

# The signals of setitimer(2): in wall time, in CPU time of the program, and with the system's.
_OF_TIMERS = tuple(getattr(_signal, name, 0) for name in ("SIGALRM", "SIGVTALRM", "SIGPROF"))
_REAL, _VIRTUAL, _PROFILING = _OF_TIMERS
_UNHEARD = _signal.SIG_DFL
_handler = _signal.getsignal  # that of `signal` makes an enum's member of each: 1 us


def become_patient(connected: _socket.socket, usual: type[_socket.socket]) -> float:
    """Lets the socket's recv wait, and says how many milliseconds it may; else it does not block.

    Infinite is the answer then: there is no limit that is as long. `usual` is the class that the
    program has for sockets by now.
    """
    if sys.platform == "linux" and AT_ONCE and is_of_the_system(connected, usual):
        try:
            connected.setsockopt(_socket.SOL_SOCKET, _socket.SO_RCVTIMEO, _A_MOMENT)
            # Where the numbers have other sizes, what was meant for a moment may mean for ever.
            read_back = connected.getsockopt(_socket.SOL_SOCKET, _socket.SO_RCVTIMEO, 2 * _LONG)
        except OSError as error:
            if error.errno is None:
                raise  # a signal's handler
            read_back = _FOR_EVER
        if read_back != _FOR_EVER:
            connected.setblocking(True)
            return PATIENCE
    connected.setblocking(False)
    return inf


def is_of_the_system(connected: _socket.socket, usual: type[_socket.socket]) -> bool:
    """Whether the socket waits as those of the system do, and may.

    A program may have put other sockets in their place, as gevent does, which wait in a way of
    their own: for ever, where the system would give up. When it did so after this was imported,
    this is a socket of the system still, and its recv would hold up all that the program does.
    """
    own, theirs = getattr(type(connected), "recv", None), getattr(usual, "recv", None)
    return own is _socket.socket.recv is theirs


def become_blocking(patient: _socket.socket) -> None:
    """Lets the socket wait for as long as it takes, as sockets do by default."""
    if sys.platform == "linux":
        try:
            patient.setsockopt(_socket.SOL_SOCKET, _socket.SO_RCVTIMEO, _FOR_EVER)
        except OSError as error:
            if error.errno is None:
                raise  # a signal's handler; else it was not set before either
    patient.setblocking(True)


def timers_are_heard() -> bool:
    """Whether the program has a handler for the signals of a timer.

    >>> timers_are_heard()
    False
    """
    return not (_handler(_REAL) is _handler(_VIRTUAL) is _handler(_PROFILING) is _UNHEARD)
