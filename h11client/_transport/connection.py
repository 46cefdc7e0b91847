"""One connection: a stream of bytes, and the protocol engine that writes and reads on it.

This module, `uploading` and `response_body` drive h11. The life of a connection:

    open_connection -> send_request -> read_head -> ResponseBody ... -> end_exchange -> the pool
                                                         |                   |
                                                         +--- anything else -+-> close(reason)

A connection is used again only when both sides are DONE and nothing is left over. Everything else
closes it, with a reason in the debug log.
"""

from __future__ import annotations

from _thread import allocate_lock
from errno import ECONNABORTED

from h11client import _log
from h11client._engine import h11
from h11client._messages.informational import InformationalResponse
from h11client._timeouts import Limit, LimitExpired
from h11client._translation import (
    from_protocol_error,
    from_stream_error,
    is_tls_error,
    let_pass,
)
from h11client._transport.uploading import Upload
from h11client._watching import CallerError, Event, tell_of_end

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from h11client._limits import Limits
    from h11client._messages.body import Body
    from h11client._messages.request import PreparedRequest
    from h11client._timeouts import Deadline
    from h11client._transport.network import Network, Stream, TLSConfig, TLSInfo
    from h11client._transport.route import Route
    from h11client._transport.slots import Slot
    from h11client._watching import OnEvent, Watch

    # A 101 ends the HTTP on a connection as finally as any other answer does.
    FinalHead = h11.Response | h11.InformationalResponse
    # Seconds for name resolution, connecting and TLS; None where there was none of it.
    DialTimes: TypeAlias = tuple[float | None, float | None, float | None]

__all__ = [
    "LARGE_READ",
    "READ_SIZE",
    "Connection",
    "Endpoint",
    "build_event",
    "check_tls",
    "open_connection",
    "secure",
]

READ_SIZE = 64 * 1024  # what one recv asks for
LARGE_READ = 256 * 1024  # the same, as long as a body comes as fast as it is read
JOIN_SIZE = 64 * 1024  # up to here copying a body behind its head is cheaper than a second buffer
ANSWER_SECONDS = 1.0  # after a failed write: what the peer said before it hung up is here by now

_NOTHING_LEFT = (b"", False)
_STATUS_LINE = b"HTTP/"
_QUOTED = 200  # bytes of what the peer said
_NEED_DATA = h11.NEED_DATA
_Response = h11.Response
_InformationalResponse = h11.InformationalResponse


def build_event(request: PreparedRequest) -> h11.Request:
    """The head of `request` as the engine's event; what is wrong with it shows before a dial."""
    event = request.event_sent_before()
    if event is not None:
        return event
    method, target, headers = request.wire_head()
    try:
        return h11.Request(method=method, target=target, headers=headers)
    except h11.LocalProtocolError as error:
        raise from_protocol_error(error, during="write") from error


def open_connection(
    route: Route, network: Network, deadline: Deadline, limits: Limits
) -> Connection:
    """Dials `route`: name resolution, all addresses and TLS inside one connect budget.

    Raises one of our exceptions, with what the network said as its cause; and `CallerError` with
    what a resolver or a hook of the caller's raised.
    """
    tls = route.tls
    if tls is not None:
        check_tls(network, tls, str(route), deadline)
    try:
        stream = network.connect(route.host, route.port, deadline, route.dial)
    except (OSError, LimitExpired) as error:
        raise from_stream_error("connect", error, str(route)) from error
    if tls is not None:
        stream = secure(stream, route, tls, network, deadline)
    connection = Connection(route, stream, limits)
    _log.debug("opened %s", connection)
    return connection


def check_tls(network: Network, config: TLSConfig, where: str, deadline: Deadline) -> None:
    """Notices what is wrong with the files for TLS, before anything is dialled."""
    try:
        network.check_tls(config)
    except OSError as error:
        if deadline.dial is not None:
            deadline.dial.stage = "tls"
        raise from_stream_error("tls", error, where) from error


def secure(
    stream: Stream, route: Route, config: TLSConfig, network: Network, deadline: Deadline
) -> Stream:
    """TLS with the origin over `stream`, which is closed when this fails."""
    try:
        deadline.note_connected()
    except BaseException:
        stream.close()
        raise
    try:
        return network.start_tls(stream, config, route.server_hostname, deadline, route)
    except (OSError, LimitExpired) as error:
        raise from_stream_error("tls", error, str(route)) from error


class Endpoint:
    """What never changes about an open connection."""

    __slots__ = ("local", "peer", "tls")

    def __init__(self, stream: Stream) -> None:
        self.peer = stream.peer
        self.local = stream.local
        self.tls: TLSInfo | None = stream.tls


class Connection:
    """A stream and the state of the HTTP on it. One exchange at a time, one thread at a time.

    `served` counts the requests, `response_started` says whether the current one has got any byte
    back, `peer_left` whether the peer hung up during it, `body_begun` whether a body that was not
    sent with its head has been asked for its first piece. `early` is the final head that came
    before the body was over, `first_byte_at` when that of a head began to come which did not come
    at once, `read_failure` what has broken the body of the response already. `dialled` says how
    many seconds name resolution, connecting and TLS took, `on_event` who wants to know of its end;
    `turn` and `guard` are its body's locks.
    `keep_alive` is how many seconds of idling the server has promised. `idle_since`, `expires_at`,
    `generation` and `slot` belong to the pool.
    """

    __slots__ = (
        "route",
        "stream",
        "protocol",
        "endpoint",
        "limits",
        "served",
        "response_started",
        "peer_left",
        "informational",
        "early",
        "first_byte_at",
        "body_begun",
        "read_failure",
        "dialled",
        "guard",
        "on_event",
        "keep_alive",
        "idle_since",
        "expires_at",
        "generation",
        "slot",
        "_interim",
        "_recognised",
        "_written_before",
        "_write_error",
        "_told",
        "turn",
    )

    def __init__(self, route: Route, stream: Stream, limits: Limits) -> None:
        self.route = route
        self.stream = stream
        self.protocol = h11.Connection(
            h11.CLIENT,
            limits.head,
            limits=h11.ParserLimits(
                fields=limits.fields,
                status_line=limits.status_line,
                trailers=limits.trailers,
                chunk_line=limits.chunk_line,
                chunk_overhead=limits.chunk_overhead,
                informational=limits.informational,
            ),
        )
        self.endpoint = Endpoint(stream)
        self.limits = limits
        self.served = 0
        self.response_started = False
        self.first_byte_at: float | None = None
        self.peer_left = False
        self.informational: list[h11.InformationalResponse] | None = None
        self.dialled: DialTimes = (None, None, None)
        self.on_event: OnEvent | None = None
        self.turn = allocate_lock()
        self.guard = allocate_lock()
        self.keep_alive: int | None = None
        self.idle_since = 0.0
        self.expires_at = 0.0
        self.generation = 0
        self.slot: Slot | None = None
        self._interim = 0
        self._recognised: tuple[int, int] | None = None  # the head that begins as one
        self._written_before = 0
        self.early: FinalHead | None = None
        self.body_begun = False
        self.read_failure: OSError | None = None
        self._write_error: OSError | None = None
        self._told = 0

    def __repr__(self) -> str:
        protocol = self.protocol
        return (
            f"<Connection {self.route} requests={self.served}"
            f" {protocol.our_state}/{protocol.their_state}>"
        )

    @property
    def nothing_written(self) -> bool:
        """Whether the kernel took no byte of the current request (RFC 9110 section 9.2.2)."""
        return self.stream.bytes_written == self._written_before

    # --- sending ---------------------------------------------------------------------------

    def send_request(self, event: h11.Request, body: Body, deadline: Deadline) -> None:
        """Writes head and body; a small body goes out behind its head in one system call.

        When the peer hangs up, or answers before the body is over, this returns early and
        `read_head` has the answer. Raises `WriteTimeout`, and `LocalProtocolError` when the body
        is not as long as announced; whatever the caller's own iterator raises passes unchanged.
        After an exception the connection is only good for `close`.
        """
        protocol = self.protocol
        stream = self.stream
        self.served += 1
        self.response_started = False
        self.first_byte_at = None
        self._written_before = stream.bytes_written
        watch = deadline.watch
        if watch is not None:
            if watch.on_event is not None:
                self.probe_again()
            if watch.on_progress is not None and body.bytes != b"":
                from h11client._progress import UploadProgress

                body = UploadProgress(body, watch.on_progress)  # type: ignore[assignment]  # it looks like one
        try:
            content = body.bytes
            # RFC 9110 section 10.1.1: with `Expect: 100-continue` the head goes out alone.
            if content is not None and (
                not content or (len(content) <= JOIN_SIZE and b"expect" not in event.headers.names)
            ):
                wire = protocol.send_whole_message(event, content)
                limits = deadline.limits
                stream.write(wire, limits["write"] if limits else deadline.limit("write"))
                return
            # `or`: the engine answers None to one event only, which is never sent here.
            pieces = protocol.send_with_data_passthrough(event) or []
        except OSError as error:
            return self.note_failed_write(error)
        except LimitExpired as error:
            protocol.send_failed()
            raise from_stream_error("write", error, str(self.route)) from error
        except h11.LocalProtocolError as error:
            raise from_protocol_error(error, during="write") from error
        Upload(self, body, deadline).send(event, pieces)

    def probe_again(self) -> None:
        """Before the first write, when code of the caller ran since the pool has looked.

        It may have taken any time. Raises what makes this connection count as stale.
        """
        if self.served > 1 and self.stream.is_readable():
            # RFC 9112 section 9.2: whatever came by now answers nothing.
            self.peer_left = True
            told = "the server closed it, or sent something, while idle"
            stale = ConnectionAbortedError(ECONNABORTED, told)
            raise from_stream_error("write", stale, str(self.route)) from stale

    def note_failed_write(self, error: OSError) -> None:
        """Notes that the peer takes no more: `read_head` looks for what it had to say."""
        let_pass(error)
        self.protocol.send_failed()
        self.peer_left = True
        self._write_error = error

    # --- receiving -------------------------------------------------------------------------

    def read_head(self, deadline: Deadline) -> FinalHead:
        """The final response's head; 1xx responses before it are kept in `informational`, and told.

        Raises `ReadTimeout`, `RemoteProtocolError` for what is no response or ends within its
        head, `ConnectionError` when the connection breaks. After a failed write whatever the peer
        had said is still looked for; without it the write's error is raised.
        """
        if self.early is not None:
            return self.early
        if self._write_error is not None:
            return self._read_last_words(self._write_error, deadline)
        caller_error = None
        try:
            while True:
                limits = deadline.limits
                head = self.read_events(limits["read"] if limits else deadline.limit("read"), True)
                if head is not None:
                    return head
                self._note_beginning(deadline.clock)
                if deadline.watch is not None:
                    self._tell_at_once(deadline.watch)
        except (OSError, LimitExpired) as error:
            let_pass(error)
            # What another thread of ours interrupted was not stale: it is not sent once more.
            self.peer_left = not isinstance(error, (LimitExpired, ConnectionAbortedError))
            raise from_stream_error("read_head", error, str(self.route)) from error
        except h11.RemoteProtocolError as error:
            raise from_protocol_error(error, during="read_head") from error
        except CallerError as passed:
            caller_error = passed.error
        raise caller_error  # here, where no other error is being handled

    def _note_beginning(self, clock: Callable[[], float]) -> None:
        """Notes when a head begins to come that is not there yet; 1xx responses do not count."""
        interim = 0 if self.informational is None else len(self.informational)
        if self.first_byte_at is None or interim != self._interim:
            self._interim = interim
            self.first_byte_at = clock() if self.protocol.trailing_data[0] else None

    def _check_beginning(self) -> None:
        """Raises when what there is of the next head cannot become one."""
        number = self.served, 0 if self.informational is None else len(self.informational)
        if number == self._recognised:
            return  # looked at once: a head may come byte by byte
        beginning = self.protocol.trailing_data[0]
        # RFC 9112 section 4. Peers of other protocols may greet us, and then wait for us for ever.
        if not beginning.startswith(_STATUS_LINE[: len(beginning)]):
            said = bytes(beginning[:_QUOTED])
            raise h11.RemoteProtocolError(f"the peer does not speak HTTP: it says {said!r}")
        if len(beginning) >= len(_STATUS_LINE):
            self._recognised = number

    def _tell_at_once(self, watch: Watch) -> None:
        try:
            self.tell_informational(watch)
        except Exception as error:
            raise CallerError(error) from error

    def tell_informational(self, watch: Watch) -> None:
        """Calls the hook with those 1xx responses that it has not seen."""
        while self.informational is not None and self._told < len(self.informational):
            event = self.informational[self._told]
            self._told += 1
            if watch.on_informational is not None:
                watch.on_informational(InformationalResponse.of(event))

    def tell_head(self, watch: Watch, sent: float, arrived: float) -> None:
        """Reports the head, and the 1xx responses that came together with it."""
        self.tell_informational(watch)
        first = arrived if self.first_byte_at is None else self.first_byte_at
        watch.tell("first_byte", first - sent, self.route, self.served > 1)

    def tell_lease(self, watch: Watch, seconds: float) -> None:
        """Reports a reused connection; how a new one was come by has been told already."""
        if self.served > 0:
            watch.tell("pool", seconds, self.route, True)

    def _read_last_words(self, write_error: OSError, deadline: Deadline) -> FinalHead:
        """What the peer said before it hung up: one short time for all of it, within the total."""
        left = deadline.remaining()
        end = deadline.clock() + (ANSWER_SECONDS if left is None else min(ANSWER_SECONDS, left))
        try:
            while True:
                limit = Limit(max(0.0, end - deadline.clock()), "write")
                head = self.read_events(limit, True)
                if head is not None:
                    return head
        except (OSError, LimitExpired, h11.RemoteProtocolError) as error:
            let_pass(error)
            where = str(self.route)
            if is_tls_error(error):
                # An alert says why: that a certificate of ours was wanted, for instance.
                raise from_stream_error("read_head", error, where) from error
            raise from_stream_error("write", write_error, where) from write_error

    def read_events(self, limit: Limit, wait_first: bool) -> FinalHead | None:
        """One read, and the final head if that completed it."""
        protocol = self.protocol
        data = self.stream.read(READ_SIZE, limit, wait_first)
        if data:
            self.response_started = True
        else:
            self.peer_left = True
            self._check_beginning()
        protocol.receive_data(data)
        while True:
            event = protocol.next_event()
            if type(event) is _Response:
                return event
            if event is _NEED_DATA:
                self._check_beginning()
                return None
            if type(event) is not _InformationalResponse:
                raise h11.RemoteProtocolError(f"unexpected {event!r} instead of a response")
            if event.status_code == 101:
                return event
            if self.informational is None:
                self.informational = []
            self.informational.append(event)

    # --- the end of an exchange ------------------------------------------------------------

    def end_exchange(self, head: FinalHead) -> bool:
        """Whether the connection is ready for the next request; closes it when it is not.

        RFC 9112 section 9.3: both messages are complete and neither side wants to close. Bytes
        behind the response were not asked for, and must not answer the next request (section 9.2).
        """
        protocol = self.protocol
        trailing = protocol.trailing_data
        if trailing != _NOTHING_LEFT:
            self.close("bytes behind the response" if trailing[0] else "the server ended it")
            return False
        try:
            protocol.start_next_cycle()
        except h11.LocalProtocolError:
            self.close(f"{protocol.our_state}/{protocol.their_state} at the end of the exchange")
            return False
        if self.informational is not None:
            self.informational = None
            self._told = 0
        if self.served == 1 or self.keep_alive is not None:
            # A server says it with its first response, or never.
            self.keep_alive = _keep_alive_seconds(head)
        return True

    def renew_locks(self) -> None:
        """New locks for the body of the next response."""
        self.turn = allocate_lock()
        self.guard = allocate_lock()

    def give_back_slot(self) -> None:
        """Another connection may be opened instead of this one."""
        if self.slot is not None:
            self.slot.give_back()

    def hand_over_slot(self) -> Slot | None:
        """Its slot, which is another connection's from now on."""
        slot, self.slot = self.slot, None
        return slot

    def close(self, reason: str) -> None:
        """Closes the stream; again and again does nothing."""
        self.stream.close()  # first: the handlers of the log are the program's, and may raise
        _log.debug("closed %s: %s", self, reason)
        on_event = self.on_event
        if on_event is not None:
            self.on_event = None
            event = Event("closed", None, str(self.route), self.served > 1, reason=reason)
            tell_of_end(on_event, event)


def _keep_alive_seconds(head: FinalHead) -> int | None:
    """`Keep-Alive: timeout=n`, which no RFC defines any more and many servers send."""
    for value in head.headers.values_of(b"keep-alive"):
        for part in value.split(b","):
            name, _, seconds = part.strip(b" \t").partition(b"=")
            # Nine digits are 31 years: a longer number says nothing more.
            if name.lower() == b"timeout" and seconds.isdigit() and len(seconds) < 10:
                return int(seconds)
    return None
