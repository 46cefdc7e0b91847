"""The body of a response, which owns the connection that it is read from.

From the moment the head was read, a connection belongs to one `ResponseBody`, which gives it back
to its owner exactly once: at the end of the body, when it is closed, when reading fails, or when
it is garbage. The body forgets the connection *before* it gives it back, so nothing that goes
wrong later can touch a connection which serves another request by then.

A body may be closed by another thread than the one that reads it. Whoever touches the connection
has the `_turn`; who closes and does not get it, interrupts instead, and the reader then closes the
descriptor. Forgetting and interrupting exclude each other by `_guard`, because a connection that
was given back may serve another request already. Both locks are the connection's, made once for all
its exchanges: so a late closer may hold them for a moment in which they are the next body's. Nobody
blocks while it holds the guard.
"""

from __future__ import annotations

from h11client import _log
from h11client._engine import h11
from h11client._messages.reading import known_length
from h11client._timeouts import Limit, LimitExpired
from h11client._translation import UNCLEAN_END, from_protocol_error, from_stream_error, let_pass
from h11client._transport.block_memory import keep_blocks
from h11client._transport.body_blocks import BodyBlocks
from h11client._transport.connection import READ_SIZE
from h11client._transport.connection_info import NOT_SWITCHED, Told
from h11client._transport.upgrading import UpgradedStream
from h11client.exceptions import IncompleteBody, RemoteProtocolError, StreamConsumedError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _thread import LockType
    from typing import TypeAlias

    from h11client._timeouts import Deadline
    from h11client._transport.connection import Connection, FinalHead
    from h11client._transport.connection_info import ConnectionInfo, Owner, Stamps
    from h11client.exceptions import RequestException

    Sentinel: TypeAlias = object  # what the engine says instead of bytes

__all__ = ["ResponseBody"]

_NEED_DATA = h11.NEED_DATA
_Response = h11.Response
_EndOfMessage = h11.EndOfMessage
_PATIENCE = 0.2  # seconds for another thread to let go of a lock that it holds for a moment
_BOTH_DONE = (h11.DONE, h11.DONE)
_INTERRUPTED = "reading the body was interrupted"
_CLOSED_ELSEWHERE = "the response was closed by another thread"
_CLOSED = "the response was closed before the end of its body"


class ResponseBody(Told):
    """The bytes of one response's body, and for as long as they last its connection.

    `read` is always one step ahead: what has come already is asked for without waiting, so the
    end is noticed with the last byte, and the connection is back with its owner before the caller
    could send another request. A response without a body never owned it for longer than this
    constructor. `trailers` are the fields after a chunked body, or None; `informational` the 1xx
    responses that came before the head, or None.
    """

    __slots__ = (
        "trailers",
        "_connection",
        "_owner",
        "_deadline",
        "_head",
        "_ready",
        "_start",
        "_received",
        "_failure",
        "_switched",
        "_turn",
        "_guard",
        "_closing",
        "_interrupted",
        "_reading",
        "_blocks",
    )

    # What has come and was not returned yet; NEED_DATA when more has to be waited for; None when
    # nothing more comes, because the body is over or because of `_failure`.
    _ready: bytes | Sentinel | None

    # There as long as `_connection` is.
    _blocks: BodyBlocks
    _turn: LockType
    _guard: LockType | None

    def __init__(
        self,
        connection: Connection,
        head: FinalHead,
        owner: Owner,
        deadline: Deadline,
        stamps: Stamps = (0.0, 0.0, 0.0, 0.0, None),
    ) -> None:
        self._owner = owner
        self._connection: Connection | None = connection
        self._deadline = deadline
        self._head = head
        self._stamps = stamps
        self._dialled = connection.dialled
        self._ended = None
        self.informational = connection.informational
        self._endpoint = connection.endpoint
        self._served = connection.served
        self._received = self._start = 0
        self._failure: RequestException | None = None
        self._states = None
        self.trailers: h11.Headers | None = None
        self._guard = None
        self._switched = False
        if type(head) is _Response:
            self._look_ahead(connection, READ_SIZE)
        else:
            self._switch(connection)
        if self._connection is not None:
            keep_blocks()
            fields = head.headers
            counted = known_length(fields) is not None
            packed = b"content-encoding" in fields.names
            self._blocks = BodyBlocks(connection, counted, packed)
            if connection.turn.locked() or connection.guard.locked():
                # By whoever read the body before, on the way out, or interrupted there for good.
                connection.renew_locks()
            self._turn = connection.turn
            self._guard = connection.guard
            self._reading = False  # and has the turn
            self._closing = False  # somebody has called `close` or `abort`
            self._interrupted = False  # and had to interrupt the stream

    def read(self, max_bytes: int) -> bytes:
        """Returns 1 to `max_bytes` bytes, or b"" after the last one.

        Raises `IncompleteBody` when the body was cut short or its framing is broken, and
        `BodyReadTimeout`. Never says that a body is over which is not (RFC 9112 section 8).
        """
        if self._connection is None:
            if self._ready is None and self._failure is None:
                return b""  # the end: asked for once with every body
            try:
                return self._read(max_bytes)
            except BaseException:
                self._lose()
                raise
        turn = self._turn
        if turn.locked():
            if not turn.acquire(True, _PATIENCE):
                raise StreamConsumedError("the body is being read or closed by another thread")
            turn.release()
        try:
            with turn:  # no interruption can keep it
                self._reading = True
                data = self._read(max_bytes)
                self._reading = False
                return data
        except BaseException:
            self._lose()
            raise
        finally:
            if self._closing:
                self.abort()

    def _lose(self) -> None:
        """What was taken has not got to the caller: nobody goes on behind it, or to the end."""
        if self._failure is None:
            self._failure = IncompleteBody(_INTERRUPTED, partial_length=self._received)
        self._ready = None

    def _read(self, max_bytes: int) -> bytes:
        data = self._ready
        connection = self._connection
        if data is _NEED_DATA and connection is not None:
            try:
                data = self._blocks.read_alone(connection, max_bytes, self._deadline)
                if data is not None:  # nothing else of the body waits, and it goes on
                    self._received += len(data)
                    return data
                data = self._receive(connection, max_bytes)
            except (OSError, LimitExpired, h11.RemoteProtocolError) as error:
                self._break_off(connection, error)
                data = None
            except BaseException:
                if self._connection is not None:
                    failure = IncompleteBody(_INTERRUPTED, partial_length=self._received)
                    self._fail(connection, "interrupted while reading", failure)
                raise
        if type(data) is not bytes:
            if self._failure is not None:
                raise self._failure
            return b""
        if self._start or len(data) > max_bytes:
            return self._read_part(data, max_bytes)
        self._received += len(data)
        if self._connection is not None:
            self._blocks.asked = max_bytes
            self._look_ahead(self._connection, max_bytes)
        else:
            self._ready = None  # it was put by, and is read now
        return data

    def _read_part(self, data: bytes, max_bytes: int) -> bytes:
        start = self._start
        piece = data[start : start + max_bytes]
        self._received += len(piece)
        self._start = start + len(piece)
        if self._start == len(data):
            self._start = 0
            if self._connection is not None:
                self._blocks.asked = max_bytes
                self._look_ahead(self._connection, max_bytes)
            else:
                self._ready = None
        return piece

    def _look_ahead(self, connection: Connection, max_bytes: int) -> None:
        try:
            data = connection.protocol.receive_body(max_bytes)
            if data is None and not self._finish(connection):
                data = _NEED_DATA
            self._ready = data
        except h11.RemoteProtocolError as error:
            self._break_off(connection, error)
        except h11.LocalProtocolError:
            self._switch(connection)

    def _switch(self, connection: Connection) -> None:
        """What follows a 101, or a 2xx to CONNECT, is not HTTP (RFC 9110 sections 7.8, 9.3.6)."""
        self._ready = None
        if connection.protocol.our_state is h11.SWITCHED_PROTOCOL:
            self._switched = True
        else:
            failure = RemoteProtocolError("the protocol was switched before the request was over")
            self._fail(connection, "101 before the end of the request", failure)

    def upgrade(self) -> UpgradedStream:
        """The connection and what came behind the head, once; the pool has forgotten it then.

        Raises `ValueError` when this response does not switch protocols.
        """
        if self._failure is not None and self._connection is None:
            raise self._failure
        if not self._switched:
            raise ValueError(NOT_SWITCHED)
        connection = self._connection
        if connection is None or not self._turn.acquire(False):
            raise StreamConsumedError("the connection was handed over already, or closed")
        try:
            protocol = connection.protocol
            self._states = (protocol.our_state, protocol.their_state)
            if not self._forget():
                raise StreamConsumedError(_CLOSED_ELSEWHERE)
            _log.debug("handed over %s", connection)
            self._owner.release(connection, False)
            unread = bytes(protocol.trailing_data[0])
            where = str(connection.route)
            return UpgradedStream(connection.stream, unread, self._deadline.timeout, where)
        finally:
            self._turn.release()

    def _receive(self, connection: Connection, max_bytes: int) -> bytes | None:
        """What the engine makes of what came, and of what comes; None at the end."""
        protocol = connection.protocol
        while True:
            data = protocol.receive_body(max_bytes)
            if type(data) is bytes:
                return data
            if data is None:
                if self._blocks.ended and not connection.stream.eof_was_clean:
                    # RFC 9112 section 9.8: without close_notify nobody knows that it was all.
                    raise h11.RemoteProtocolError(UNCLEAN_END)
                if self._finish(connection):
                    self._ready = None
                    return None
            block = self._blocks.read(connection, self._deadline)
            if block is not None:
                self._ready = block
                return block

    def _finish(self, connection: Connection) -> bool:
        """Gives the connection back, unless the data is over and its trailers are yet to come."""
        end = connection.protocol.next_event()
        if type(end) is not _EndOfMessage:
            return False
        if end.headers:
            self.trailers = end.headers
        guard = self._guard
        if guard is None:
            self._connection = None
            alone = True
        else:
            with guard:  # as `_forget` does, without a call: this is the way of every body
                self._connection = None
                alone = not self._interrupted
        if alone:
            reusable = connection.end_exchange(self._head)
        else:
            reusable = False
            connection.close("closed by another thread")
        if reusable:
            self._states = _BOTH_DONE
        else:
            protocol = connection.protocol
            self._states = (protocol.our_state, protocol.their_state)
        self._ended = self._owner.release(connection, reusable)
        watch = self._deadline.watch
        if watch is not None:
            self._tell_end(connection, watch, self._ended)
        return True

    def _fail(self, connection: Connection, reason: str, failure: RequestException | None) -> None:
        self._ready = None
        self._failure = failure
        if self._connection is None:
            return  # given back, or about to be: what has failed then is not the connection
        protocol = connection.protocol
        self._states = (protocol.our_state, protocol.their_state)
        self._forget()
        connection.close(reason)
        self._owner.release(connection, False)

    def _forget(self) -> bool:
        """Nobody can interrupt the connection from here on; False when somebody has already."""
        guard = self._guard
        if guard is None:
            self._connection = None
            return True
        with guard:
            self._connection = None
            return not self._interrupted

    def _break_off(self, connection: Connection, error: Exception) -> None:
        """Nothing more can be read, now or later: keeps what every further `read` will raise."""
        received = self._received
        failure: RequestException
        if self._guard is not None and self._interrupted:
            failure = IncompleteBody(_CLOSED_ELSEWHERE, partial_length=received)
        elif isinstance(error, h11.RemoteProtocolError):
            failure = from_protocol_error(error, during="read_body", partial_length=received)
        else:
            where = str(connection.route)
            try:
                failure = from_stream_error("read_body", error, where, partial_length=received)
            except OSError:  # the program's
                lost = IncompleteBody(_INTERRUPTED, partial_length=received)
                self._fail(connection, "interrupted while reading", lost)
                raise
        failure.__cause__ = error
        self._fail(connection, f"broken off within the body: {error}", failure)

    def close(self) -> None:
        """Gives the connection back: for reuse when little is left of the body, else closed.

        While another thread reads, that read raises `IncompleteBody` and closes the connection.
        """
        self._end(True)

    def put_by(self) -> None:
        """As `close`, but what little was left can still be read: nobody will, most likely."""
        self._end(True, [])

    def abort(self) -> None:
        """As `close`, without reading anything more: the connection is closed."""
        self._end(False)

    def _end(self, drain: bool, kept: list[bytes] | None = None) -> None:
        if self._connection is None:
            return
        self._closing = True  # before the look at the turn: its holder looks here when it leaves
        turn = self._turn
        # The reader of the body before this one may be about to let go of it. An interruption of
        # this thread between here and `try` keeps the turn, and then the connection is closed as
        # garbage: there is no `with` that does not wait.
        if not turn.acquire(False) and (self._reading or not turn.acquire(True, _PATIENCE)):
            self._interrupt()
            return
        try:
            connection = self._connection
            if connection is not None:
                self._give_up(connection, drain, kept)
        finally:
            turn.release()

    def _give_up(self, connection: Connection, drain: bool, kept: list[bytes] | None) -> None:
        failure = StreamConsumedError(_CLOSED)
        ready = self._ready
        # First of all: once the connection is forgotten, another thread reads without the turn,
        # and what is drained must never look to it like the end of the body.
        self._failure, self._ready = failure, None
        if self._owner.is_inside():
            # Called by a finaliser of the program's, which runs anywhere too.
            self._forget()
            connection.stream.abort()
            self._owner.abandon(connection)
            return
        try:
            drained = drain and not self._switched and self._drain(connection, kept)
        except BaseException:
            if self._connection is not None:
                self._fail(connection, "interrupted while draining", failure)
            raise
        if not drained:
            self._fail(connection, "closed before the end of the body", failure)
        elif kept is not None:
            if type(ready) is bytes:
                kept.insert(0, ready[self._start :])
            self._start = 0
            self._ready = b"".join(kept) or None
            self._failure = None

    def _interrupt(self) -> None:
        """Makes the thread that has the turn fail soon; it is that thread which then closes."""
        guard = self._guard
        # Not for ever: a signal's handler may run in the thread that holds it.
        if guard is not None and guard.acquire(True, _PATIENCE):
            try:
                if self._connection is not None:
                    self._interrupted = True
                    self._connection.stream.interrupt()
            finally:
                guard.release()

    def _drain(self, connection: Connection, kept: list[bytes] | None) -> bool:
        """Reads to the end what costs less than a new connection would."""
        protocol = connection.protocol
        self._blocks.settle(connection)
        budget = connection.limits.drain_bytes
        length = known_length(self._head.headers)
        if length is not None and length - self._received > budget:
            return False
        clock = self._deadline.clock
        end = clock() + connection.limits.drain_seconds
        try:
            while True:
                data = protocol.receive_body(READ_SIZE)
                if data is None and self._finish(connection):
                    return True
                if type(data) is bytes:
                    budget -= len(data)
                    if kept is not None:
                        kept.append(data)
                    continue
                left = end - clock()
                if left <= 0 or budget < 0:
                    return False
                # Of a body of unknown length only what has come already.
                limit = Limit(left if length is not None else 0.0, "read")
                block = connection.stream.read(READ_SIZE, limit)
                if not block:
                    return False
                protocol.receive_data(block)
        except (OSError, LimitExpired, h11.RemoteProtocolError) as error:
            let_pass(error)
            return False

    @property
    def connection_info(self) -> ConnectionInfo:
        """Where this response came from; its states are those at the end of the exchange, or now
        while that goes on.
        """
        states = self._states
        if states is None and self._connection is not None:
            protocol = self._connection.protocol
            states = (protocol.our_state, protocol.their_state)
        return self._describe(states)

    def __del__(self) -> None:
        # Garbage before its end. This may run anywhere, inside the pool's lock too: the descriptor
        # is closed without a word, and the slot is posted where the pool will find it.
        connection = getattr(self, "_connection", None)  # not there when `__init__` was interrupted
        if connection is not None:
            self._connection = None
            connection.stream.abort()
            self._owner.abandon(connection)
