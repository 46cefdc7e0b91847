"""TLS sessions to be resumed: which one may be offered where, and how many are kept.

Who resumes a session is not shown the certificate again (RFC 8446 section 2.2), so everything that
the certificate was checked for has to be the same: a session is kept under the route of its
connection and offered on no other, and only with the very context that had checked it.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ssl
    from collections.abc import Hashable

__all__ = ["TLSSessions"]

_MOST_KEPT = 64  # routes; a session with its certificates takes some 5 KiB


class TLSSessions:
    """The last session of each route, for as many as were used last.

    Without a lock, which a forked child could find taken: each step is a single one of a dict's.
    """

    __slots__ = ("_kept",)

    def __init__(self) -> None:
        self._kept: dict[Hashable, tuple[ssl.SSLContext, ssl.SSLSession]] = {}

    def __len__(self) -> int:
        return len(self._kept)

    def put(self, key: Hashable, context: ssl.SSLContext, session: ssl.SSLSession) -> None:
        """Keeps a session which `context` has checked."""
        kept = self._kept
        kept.pop(key, None)  # so that the oldest in use is the first
        kept[key] = context, session
        while len(kept) > _MOST_KEPT:
            try:
                kept.pop(next(iter(kept)), None)
            except (RuntimeError, StopIteration):
                continue  # another thread was faster

    def take(self, key: Hashable, context: ssl.SSLContext) -> ssl.SSLSession | None:
        """The session to offer; once: who shows a ticket twice can be followed (RFC 8446, C.4)."""
        found = self._kept.pop(key, None)
        if found is None or found[0] is not context:
            return None
        return found[1]
