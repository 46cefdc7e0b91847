"""What a forked child does with what it has inherited: it leaves the parent's connections alone.

Parent and child have the same sockets and, over TLS, the same keys and counters. So whatever a
child wrote, read or shut down would break the parent's exchanges. All it does is close(2) its
copies of the descriptors, at once, before any of its code runs: no shutdown(2), no TLS bytes. That
goes for connections that are only being made, too: with a copy left anywhere, their servers would
not see the end of them. And a lock that some other thread of the parent held would never be
released in the child, so whoever has locks makes new ones.
"""

from __future__ import annotations

import os
from _thread import RLock
from _weakrefset import WeakSet

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol, TypeVar

    class Closable(Protocol):
        """A socket."""

        def close(self) -> None: ...

    class Inherited(Protocol):
        """A stream: `abort` closes the descriptor and does nothing else."""

        def abort(self) -> None: ...

    class Owner(Protocol):
        """Has locks, and connections which are closed by now."""

        def start_anew(self) -> None: ...

    Socket = TypeVar("Socket", bound=Closable)

__all__ = ["close_in_child", "make_socket", "renew_in_child", "undivided"]

_sockets: WeakSet[Closable] = WeakSet()
_streams: WeakSet[Inherited] = WeakSet()
_owners: WeakSet[Owner] = WeakSet()
# Held for a moment by who does what no fork may cut in two, and by who forks.
undivided = RLock()


def make_socket(make: Callable[[], Socket]) -> Socket:
    """The socket that `make` makes, which is closed in every child that is forked from now on."""
    with undivided:  # until it is in the set
        made = make()
        _sockets.add(made)
        return made


def close_in_child(stream: Inherited) -> None:
    """Has the descriptor of `stream` closed in every child that is forked from now on."""
    _streams.add(stream)


def renew_in_child(owner: Owner) -> None:
    """Has `owner` start anew in every child that is forked from now on."""
    _owners.add(owner)


def _clean_up() -> None:
    undivided.release()
    work: list[Callable[[], None]] = [stream.abort for stream in list(_streams)]
    work += [sock.close for sock in list(_sockets)]
    work += [owner.start_anew for owner in list(_owners)]
    for step in work:
        try:
            step()
        except OSError:
            pass  # of close(2): the descriptor is gone all the same


if hasattr(os, "register_at_fork"):  # there is no fork on Windows
    os.register_at_fork(
        before=undivided.acquire, after_in_parent=undivided.release, after_in_child=_clean_up
    )
