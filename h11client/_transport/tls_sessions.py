"""TLS sessions to be resumed: which one may be offered where, and how many are kept.

Who resumes a session is not shown the certificate again (RFC 8446 section 2.2), so everything that
the certificate was checked for has to be the same: a session is kept under the route of its
connection and offered on no other, and only with the very context that had checked it.

A session is offered again for ten minutes, as long as the server takes it. RFC 8446 appendix C.4
would rather have a fresh ticket each time, so that nobody who listens can tell that two connections
are of one client. But each look at `ssl.SSLObject.session` leaves some 7 KiB in the process for
ever (CPython 3.10 to 3.13), and a program that dials without end would grow without end.
"""

from __future__ import annotations

from time import monotonic

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Hashable

__all__ = ["TLSSessions"]

OFFERED_SECONDS = 600.0  # servers keep theirs for hours; who listens can tell so long who it is
_MOST_KEPT = 64  # routes; a session with its certificates takes some 5 KiB


class TLSSessions:
    """The last session of each route, for as many as were used last.

    Without a lock, which a forked child could find taken: each step is a single one of a dict's.
    """

    __slots__ = ("_clock", "_kept")

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._kept: dict[Hashable, tuple[ssl.SSLContext, ssl.SSLSession, float]] = {}

    def __len__(self) -> int:
        return len(self._kept)

    def put(self, key: Hashable, context: ssl.SSLContext, session: ssl.SSLSession) -> None:
        """Keeps a session which `context` has checked."""
        kept = self._kept
        kept.pop(key, None)  # so that the oldest in use is the first
        kept[key] = context, session, self._clock()
        while len(kept) > _MOST_KEPT:
            try:
                kept.pop(next(iter(kept)), None)
            except (RuntimeError, StopIteration):
                continue  # another thread was faster

    def find(self, key: Hashable, context: ssl.SSLContext) -> ssl.SSLSession | None:
        """The session to offer."""
        found = self._kept.get(key)
        if found is None:
            return None
        checked_by, session, since = found
        if checked_by is not context or self._clock() - since >= OFFERED_SECONDS:
            self.drop(key, session)
            return None
        return session

    def drop(self, key: Hashable, session: ssl.SSLSession) -> None:
        """Forgets a session which did not lead to a connection, or to one that broke."""
        found = self._kept.get(key)
        if found is not None and found[1] is session:
            self._kept.pop(key, None)
