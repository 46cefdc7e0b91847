"""The exceptions: one abstract base and its two sides, ours and the peer's.

Exception
└── ProtocolError          (abstract)
    ├── LocalProtocolError   we tried something that HTTP/1.1 forbids
    └── RemoteProtocolError  the peer did
"""

from __future__ import annotations

EXCERPT_BYTES = (
    200  # enough of the peer's bytes to recognise them; never the whole of a hostile head
)


class ProtocolError(Exception):
    """A violation of HTTP/1.1; always raised as one of its two subclasses.

    Args:
        msg: what was violated, for people.
        error_status_hint: the status code with which a server would answer this mistake
            (RFC 9110 section 15.5); 400 unless a better one is known.

    Example:
        >>> error = LocalProtocolError("too much", error_status_hint=413)
        >>> str(error), error.error_status_hint
        ('too much', 413)
    """

    def __init__(self, msg: str, error_status_hint: int = 400) -> None:
        if type(self) is ProtocolError:
            raise TypeError(
                "ProtocolError is abstract: raise LocalProtocolError or RemoteProtocolError"
            )
        super().__init__(msg)
        self.error_status_hint = error_status_hint

    def __reduce__(self) -> tuple[type[ProtocolError], tuple[str, int]]:
        return type(self), (self.args[0], self.error_status_hint)


class LocalProtocolError(ProtocolError):
    """We are about to violate HTTP/1.1: an event is invalid, or it may not be sent now.

    Raised by event constructors, `Connection.send` (which then leaves `our_state` at `ERROR`) and
    `Connection.start_next_cycle` (which leaves the states alone).
    """


class RemoteProtocolError(ProtocolError):
    """The peer violated HTTP/1.1; `Connection.their_state` is `ERROR` from then on.

    Raised by `Connection.next_event` and `Connection.receive_body` only. A server may still answer,
    for instance with the status code in `error_status_hint`.
    """


def excerpt(data: bytes | bytearray) -> str:
    """Peer bytes as they may stand in a message: escaped and cut."""
    shown = repr(bytes(data[:EXCERPT_BYTES]))
    return shown if len(data) <= EXCERPT_BYTES else shown + "..."
