"""A body that came together with its head, as most small ones do."""

from __future__ import annotations

from h11client._engine import h11
from h11client._transport.connection import READ_SIZE
from h11client._transport.connection_info import NOT_SWITCHED, Told
from h11client.exceptions import IncompleteBody, StreamConsumedError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from h11client._timeouts import Deadline
    from h11client._transport.connection import Connection, FinalHead
    from h11client._transport.connection_info import Owner, Stamps
    from h11client._transport.upgrading import UpgradedStream
    from h11client.exceptions import RequestException

__all__ = ["WholeBody", "take_whole_body"]

_BOTH_DONE = (h11.DONE, h11.DONE)


class WholeBody(Told):
    """The bytes of a body whose connection was given back before anybody read them.

    A `ResponseBody` without all that one needs which owns a connection: making and reading it was
    a tenth of the instructions of a small request.
    """

    __slots__ = ("_data", "_failure", "_start")

    trailers = None  # those are of chunked bodies

    def __init__(self, data: bytes, connection: Connection, stamps: Stamps) -> None:
        self._data = data
        self._start = 0
        self._failure: RequestException | None = None
        self._stamps = stamps
        self._states = _BOTH_DONE
        self._dialled = connection.dialled
        self._endpoint = connection.endpoint
        self._served = connection.served
        self.informational = connection.informational

    def read(self, max_bytes: int) -> bytes:
        """1 to `max_bytes` bytes, or b"" after the last one."""
        try:
            start = self._start
            data = self._data[start : start + max_bytes]
            self._start = start + len(data)
            if self._failure is not None:  # looked at last: another thread may close meanwhile
                raise self._failure
            return data
        except BaseException:
            # What was taken has not got to the caller: nobody goes on behind it, or to the end.
            if self._failure is None:
                self._failure = IncompleteBody(
                    "reading the body was interrupted", partial_length=self._start
                )
            raise

    def read_rest(self) -> bytes:
        """All of it at once; for one of several threads, as its end looks empty.

        Raises `StreamConsumedError` when something was read before.
        """
        data = self._data
        if self._start:
            raise StreamConsumedError("another thread has read part of the body, or all of it")
        self._start = -1  # first, so that whoever finds nothing knows why
        self._data = b""
        if self._failure is not None:
            raise self._failure
        return data

    @property
    def _received(self) -> int:
        """How much was read, by whomever."""
        return self._start

    def close(self) -> None:
        """What was not read is not read any more."""
        if len(self._data) > self._start >= 0:
            # First, or a reader in another thread would take what is gone for the end.
            self._failure = StreamConsumedError(
                "the response was closed before the end of its body"
            )
            self._data = b""
            self._start = 0

    abort = close

    def put_by(self) -> None:
        """As `close`, but what was left can still be read."""

    def upgrade(self) -> UpgradedStream:
        """Raises `ValueError`: a response that switches protocols has no body."""
        raise ValueError(NOT_SWITCHED)


def take_whole_body(
    connection: Connection, head: FinalHead, owner: Owner, deadline: Deadline, stamps: Stamps
) -> WholeBody | None:
    """The body, and its connection is back with its `owner`; None: it is for a `ResponseBody`."""
    data = connection.protocol.receive_whole_body(READ_SIZE)
    if data is None:
        return None
    body = WholeBody(data, connection, stamps)
    reusable = connection.end_exchange(head)
    if not reusable:
        protocol = connection.protocol
        body._states = (protocol.our_state, protocol.their_state)
    body._ended = ended = owner.release(connection, reusable)
    watch = deadline.watch
    if watch is not None:
        body._tell_end(connection, watch, ended)
    return body
