"""What a forked child does with what it has inherited: it leaves the parent's connections alone.

Parent and child have the same sockets and, over TLS, the same keys and counters. So whatever a
child wrote, read or shut down would break the parent's exchanges. All it does is close(2) its
copies of the descriptors, at once, before any of its code runs: no shutdown(2), no TLS bytes. And a
lock that some other thread of the parent held would never be released in the child, so whoever
has locks makes new ones.
"""

from __future__ import annotations

import os
from _weakrefset import WeakSet

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    class Inherited(Protocol):
        """A stream: `abort` closes the descriptor and does nothing else."""

        def abort(self) -> None: ...

    class Owner(Protocol):
        """Has locks, and connections which are closed by now."""

        def start_anew(self) -> None: ...


__all__ = ["close_in_child", "renew_in_child"]

_streams: WeakSet[Inherited] = WeakSet()
_owners: WeakSet[Owner] = WeakSet()


def close_in_child(stream: Inherited) -> None:
    """Has the descriptor of `stream` closed in every child that is forked from now on."""
    _streams.add(stream)


def renew_in_child(owner: Owner) -> None:
    """Has `owner` start anew in every child that is forked from now on."""
    _owners.add(owner)


def _clean_up() -> None:
    for stream in list(_streams):
        stream.abort()
    for owner in list(_owners):
        owner.start_anew()


if hasattr(os, "register_at_fork"):  # there is no fork on Windows
    os.register_at_fork(after_in_child=_clean_up)
