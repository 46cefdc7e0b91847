"""`Connection`: bytes in, events out, and back, with the state of both sides kept in step."""

from __future__ import annotations

from ._buffer import ReceiveBuffer
from ._errors import LocalProtocolError, ProtocolError, RemoteProtocolError
from ._events import (
    END,
    ConnectionClosed,
    Data,
    EndOfMessage,
    Event,
    InformationalResponse,
    Request,
    Response,
)
from ._framing import (
    PLAIN_REQUEST,
    PLAIN_RESPONSE,
    check_informational,
    expects_continue,
    request_framing,
    request_trigger,
    response_framing,
    response_trigger,
    sendable_response,
)
from ._heads import read_request, read_response
from ._limits import DEFAULT_LIMITS, DEFAULT_MAX_INCOMPLETE_EVENT_SIZE, ParserLimits
from ._readers import BodyReader, ChunkedReader, ContentLengthReader, body_reader
from ._sentinels import (
    CLIENT,
    CLOSED,
    DONE,
    ERROR,
    IDLE,
    MIGHT_SWITCH_PROTOCOL,
    MUST_CLOSE,
    NEED_DATA,
    PAUSED,
    SERVER,
    SWITCHED_PROTOCOL,
    Sentinel,
)
from ._state import (
    ACCEPT_UPGRADE,
    CLOSE,
    INFORMATIONAL,
    Position,
    Trigger,
    failed,
    next_cycle,
    start,
)
from ._state import END as END_EVENT
from ._writers import BodyWriter, body_writer, encode_request, encode_response

_ACCEPT_UPGRADE = Trigger(SERVER, ACCEPT_UPGRADE)
_INFORMATIONAL = Trigger(SERVER, INFORMATIONAL)
_END: dict[Sentinel, Trigger] = {role: Trigger(role, END_EVENT) for role in (CLIENT, SERVER)}
_CLOSE: dict[Sentinel, Trigger] = {role: Trigger(role, CLOSE) for role in (CLIENT, SERVER)}
_CLOSED_EVENT = ConnectionClosed()


class Connection:
    """The state of one HTTP/1.1 connection, without any I/O (RFC 9112).

    Args:
        our_role: `CLIENT` or `SERVER`.
        max_incomplete_event_size: the largest message head to accept, in bytes from its first byte
            through its blank line. A larger one is a `RemoteProtocolError` with hint 431, however
            it was split.
        limits: caps on everything else that is not a body; `ParserLimits()` unless given.

    Raises:
        ValueError: `our_role` is no role.

    Example:
        >>> conn = Connection(our_role=CLIENT)
        >>> conn.send(Request(method="GET", target="/", headers=[("Host", "example.com")]))
        b'GET / HTTP/1.1\\r\\nHost: example.com\\r\\n\\r\\n'
        >>> conn.send(EndOfMessage())
        b''
        >>> conn.receive_data(b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nhi")
        >>> conn.next_event().status_code, conn.next_event().data, conn.next_event()
        (200, b'hi', EndOfMessage(headers=<Headers([])>))
        >>> conn.our_state, conn.their_state
        (DONE, DONE)
    """

    def __init__(
        self,
        our_role: Sentinel,
        max_incomplete_event_size: int = DEFAULT_MAX_INCOMPLETE_EVENT_SIZE,
        *,
        limits: ParserLimits | None = None,
    ) -> None:
        if our_role is not CLIENT and our_role is not SERVER:
            raise ValueError(f"expected CLIENT or SERVER, not {our_role!r}")
        self.our_role = our_role
        self.their_role: Sentinel = SERVER if our_role is CLIENT else CLIENT
        self._max_head = max_incomplete_event_size
        self._limits = DEFAULT_LIMITS if limits is None else limits
        self._position: Position = start(self.our_role)
        self._buffer = ReceiveBuffer()
        self._eof = False
        self._request_method: bytes | None = None
        self._informational = 0  # 1xx responses seen in this cycle
        self._reader: BodyReader | None = None
        self._writer: BodyWriter | None = None
        #: The HTTP version of the peer's last message, such as `b"1.1"`; None before the first.
        self.their_http_version: bytes | None = None
        #: True while a client that sent `Expect: 100-continue` holds its body back (RFC 9110
        #: section 10.1.1).
        self.client_is_waiting_for_100_continue = False

    @property
    def states(self) -> dict[Sentinel, Sentinel]:
        """The state of both sides: `{CLIENT: ..., SERVER: ...}`."""
        return self._position.states

    @property
    def our_state(self) -> Sentinel:
        """The state of the role that we play."""
        return self._position.ours

    @property
    def their_state(self) -> Sentinel:
        """The state of the role that the peer plays."""
        return self._position.theirs

    @property
    def they_are_waiting_for_100_continue(self) -> bool:
        """True if the peer is a client that waits for `100 Continue` or a final response."""
        return self.their_role is CLIENT and self.client_is_waiting_for_100_continue

    @property
    def trailing_data(self) -> tuple[bytes, bool]:
        """The bytes that were received and not parsed, and whether the peer closed after them.

        After a protocol switch they belong to the new protocol (RFC 9110 section 7.8); after a
        cycle anything but `(b"", False)` means that the peer sent what it should not have.
        """
        buffer = self._buffer
        # Nothing, nearly always: asked so, it costs no call.
        return (bytes(buffer) if buffer.data else b""), self._eof

    def start_next_cycle(self) -> None:
        """Make a connection whose sides are both `DONE` ready for the next (RFC 9112 section 9.3).

        Raises:
            LocalProtocolError: the sides are not both `DONE`; nothing changes.
        """
        self._position = self._position.fresh or next_cycle(self._position)
        self._request_method = None
        self._informational = 0
        self.client_is_waiting_for_100_continue = False

    # -- receiving
    def receive_data(self, data: bytes | bytearray | memoryview) -> None:
        """Add bytes from the peer; `next_event` or `receive_body` parses them.

        Args:
            data: a bytes-like object. An empty one says that the peer has closed its side; saying
                so again is fine.

        Raises:
            RuntimeError: more bytes after the close.
            TypeError: `data` is not bytes-like.
        """
        if data:
            if self._eof:
                raise RuntimeError("received close, then received more data?")
            buffer = self._buffer
            if type(data) is bytes and buffer.start == len(buffer.data):
                buffer.data = data  # as append() does, without a call: nothing waits, nearly always
                buffer.start = 0
            else:
                buffer.append(data if type(data) is bytes else bytes(memoryview(data)))
        else:
            self._eof = True

    def next_event(self) -> Event | Sentinel:
        """Parse the next event out of the received bytes.

        Returns:
            An event; or `NEED_DATA`: none before more bytes are received; or `PAUSED`: none in the
            current state, because the peer's message is complete and the cycle is not, or because
            the protocol was or may be switched. Once `ConnectionClosed` was returned, it is
            returned for ever.

        Raises:
            RemoteProtocolError: the peer violated HTTP/1.1; so does every later call.
        """
        try:
            reader = self._reader
            if reader is None:
                head = self._read_head() if self._position.head_due else None
                return self._next_event_outside_messages() if head is None else head
            event: Event | None = reader.read(self._buffer)
            if event is None:
                if not self._eof:
                    return NEED_DATA
                event = reader.end_of_input()
            if type(event) is Data:
                if self.client_is_waiting_for_100_continue:
                    self.client_is_waiting_for_100_continue = False
            else:
                self._end_received()
            return event
        except ProtocolError as error:
            raise self._remote_error(error) from error.__cause__
        except BaseException:
            self._position = failed(self._position, self.their_role)
            raise

    def receive_body(self, max_bytes: int) -> bytes | Sentinel | None:
        """Read the peer's body as joined bytes, without chunk borders: faster than events.

        Args:
            max_bytes: the most bytes to return, at least 1.

        Returns:
            1 to `max_bytes` bytes; or `NEED_DATA`; or None when the body is over. `next_event()`
            then gives the `EndOfMessage` with its trailers.

        Raises:
            LocalProtocolError: the peer's head was not read yet.
            RemoteProtocolError: the body is malformed or was cut short; so does every later call.
            ValueError: `max_bytes` is below 1.

        Example:
            >>> conn = Connection(our_role=SERVER)
            >>> head = b"PUT / HTTP/1.1\\r\\nHost: a\\r\\nContent-Length: 5\\r\\n\\r\\n"
            >>> conn.receive_data(head + b"hello")
            >>> conn.next_event().method
            b'PUT'
            >>> conn.receive_body(4), conn.receive_body(4), conn.receive_body(4)
            (b'hell', b'o', None)
        """
        reader = self._reader
        if reader is None:
            self._check_body_is_over()
            return None
        if max_bytes < 1:
            raise ValueError(f"max_bytes must be at least 1, not {max_bytes}")
        try:
            data = reader.read_bytes(self._buffer, max_bytes)
            if data:
                if self.client_is_waiting_for_100_continue and self.our_role is SERVER:
                    self.client_is_waiting_for_100_continue = False
                return data
            if reader.over:
                return None
            if not self._eof:
                return NEED_DATA
            reader.end_of_input()
            return None
        except RemoteProtocolError as error:
            raise self._remote_error(error) from error.__cause__

    @property
    def body_bytes_ahead(self) -> int:
        """How many of the next bytes from the peer are its body's, whatever they are.

        What is left of a body with a Content-Length, or of a chunk; 0 between chunks, where nobody
        knows, and while something that was received waits to be read. Who reads just these from the
        transport need not cut them out of what stands around them.

        Example:
            >>> conn = Connection(our_role=SERVER)
            >>> head = b"PUT / HTTP/1.1\\r\\nHost: a\\r\\nContent-Length: 5\\r\\n\\r\\n"
            >>> conn.receive_data(head + b"he")
            >>> conn.next_event().method
            b'PUT'
            >>> conn.body_bytes_ahead, conn.receive_body(10), conn.body_bytes_ahead
            (0, b'he', 3)
        """
        reader = self._reader
        if self._buffer.data or self._eof:
            return 0
        if type(reader) is ContentLengthReader or type(reader) is ChunkedReader:
            return reader.left
        return 0

    @property
    def chunk_size(self) -> int:
        """The size of the chunk of the peer's body that is being read, or was read last.

        0 where there is none: before the first, behind the last, and in bodies without chunks.

        Example:
            >>> conn = Connection(our_role=SERVER)
            >>> head = b"PUT / HTTP/1.1\\r\\nHost: a\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n"
            >>> conn.receive_data(head + b"5\\r\\nhel")
            >>> conn.next_event().method, conn.chunk_size
            (b'PUT', 0)
            >>> conn.receive_body(10), conn.chunk_size
            (b'hel', 5)
        """
        reader = self._reader
        return reader.size if type(reader) is ChunkedReader else 0

    @property
    def framing_bytes_ahead(self) -> int:
        """How many bytes come before the next chunk's data, if it is as long as the last chunk.

        0 where there is no chunk before, within a chunk, and while something waits to be read or
        when nothing more comes.

        Example:
            >>> conn = Connection(our_role=SERVER)
            >>> head = b"PUT / HTTP/1.1\\r\\nHost: a\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n"
            >>> conn.receive_data(head)
            >>> conn.next_event().method
            b'PUT'
            >>> conn.receive_data(b"5\\r\\nhello")
            >>> conn.receive_body(10), conn.framing_bytes_ahead
            (b'hello', 5)
        """
        reader = self._reader
        if self._buffer.data or self._eof or type(reader) is not ChunkedReader or reader.left:
            return 0
        return len(reader.border)

    def count_body(self, size: int) -> None:
        """Count the next bytes of the peer's body, which were read past this engine.

        For who reads a large body, and has no use for `receive_data` taking what `receive_body`
        then gives back as it is.

        Args:
            size: how many; not more than `body_bytes_ahead` says are known to come.

        Raises:
            ValueError: `size` is another number. Nothing was done.

        Example:
            >>> conn = Connection(our_role=SERVER)
            >>> head = b"PUT / HTTP/1.1\\r\\nHost: a\\r\\nContent-Length: 5\\r\\n\\r\\n"
            >>> conn.receive_data(head)
            >>> conn.next_event().method
            b'PUT'
            >>> conn.count_body(4), conn.body_bytes_ahead
            (None, 1)
        """
        reader = self._reader
        if not 0 < size <= self.body_bytes_ahead or not isinstance(
            reader, (ContentLengthReader, ChunkedReader)
        ):
            raise ValueError(f"not known to be the next bytes of the body: {size}")
        reader.count(size)
        self.client_is_waiting_for_100_continue = False

    def pass_framing(self, data: bytes) -> bool:
        """Take what stands between two chunks, if it is the same as before the last one.

        Returns:
            True: it is, and `body_bytes_ahead` of the next chunk follow. False: it is not, or no
            chunk is over, or more has been received. Nothing was done, and `data` is for
            `receive_data`.

        Example:
            >>> conn = Connection(our_role=SERVER)
            >>> head = b"PUT / HTTP/1.1\\r\\nHost: a\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n"
            >>> conn.receive_data(head + b"5\\r\\nhello")
            >>> conn.next_event().method, conn.receive_body(10)
            (b'PUT', b'hello')
            >>> conn.pass_framing(b"\\r\\n4\\r\\n"), conn.pass_framing(b"\\r\\n5\\r\\n")
            (False, True)
        """
        reader = self._reader
        if self._buffer.data or self._eof or type(reader) is not ChunkedReader:
            return False
        return reader.pass_border(data)

    def receive_whole_body(self, max_bytes: int) -> bytes | None:
        """Read what is left of the peer's body and the end of its message, if all is there.

        That is so with most small responses, and one call is cheaper than three.

        Returns:
            The bytes, after which the peer's message is over; or None, and nothing was read: there
            is no body to read now, it is chunked or lasts until the close, is longer, or is not
            all here. `receive_body()` and `next_event()` are for these.

        Example:
            >>> conn = Connection(our_role=SERVER)
            >>> head = b"PUT / HTTP/1.1\\r\\nHost: a\\r\\nContent-Length: 5\\r\\n\\r\\n"
            >>> conn.receive_data(head + b"hello")
            >>> conn.next_event().method
            b'PUT'
            >>> conn.receive_whole_body(4), conn.receive_whole_body(5), conn.their_state
            (None, b'hello', DONE)
        """
        reader = self._reader
        if type(reader) is not ContentLengthReader:
            return None
        data = reader.read_rest(self._buffer, max_bytes)
        if data is not None:
            self._end_received()
        return data

    def _check_body_is_over(self) -> None:
        state = self._position.theirs
        if state is ERROR:
            raise RemoteProtocolError("Can't receive data when peer state is ERROR")
        if state not in (DONE, MUST_CLOSE, CLOSED):
            raise LocalProtocolError(f"no body to receive: the peer's state is {state}")

    def _remote_error(self, error: ProtocolError) -> RemoteProtocolError:
        """Whatever is wrong with received bytes is the peer's doing."""
        self._position = failed(self._position, self.their_role)
        self._reader = None
        if isinstance(error, RemoteProtocolError):
            return error
        return RemoteProtocolError(str(error), error.error_status_hint)

    def _next_event_outside_messages(self) -> Event | Sentinel:
        state = self._position.theirs
        buffer = self._buffer
        if state is ERROR:
            raise RemoteProtocolError("Can't receive data when peer state is ERROR")
        if state in (MIGHT_SWITCH_PROTOCOL, SWITCHED_PROTOCOL):
            return PAUSED
        if state in (DONE, MUST_CLOSE, CLOSED):
            if buffer:
                if state is DONE:
                    return PAUSED
                # RFC 9112 section 9.6: nothing may follow the last message.
                raise RemoteProtocolError("Got data when expecting EOF")
        elif self._eof and buffer:
            raise RemoteProtocolError(
                "peer unexpectedly closed connection in the middle of a message head"
            )
        if not self._eof:
            return NEED_DATA
        if state not in (IDLE, DONE, MUST_CLOSE, CLOSED):
            raise RemoteProtocolError("peer closed connection without sending a response")
        self._position = self._position.after[_CLOSE[self.their_role]]
        return _CLOSED_EVENT

    def _read_head(self) -> Event | None:
        if self.our_role is CLIENT:
            to_connect = self._request_method == b"CONNECT"
            response = read_response(self._buffer, self._max_head, self._limits, to_connect)
            if response is not None:
                self.their_http_version = response.http_version
                if isinstance(response, Response):
                    framing = self._follow_response(response)
                    if framing > 0:  # as body_reader() does, without a call
                        self._reader = ContentLengthReader(framing)
                    else:
                        self._reader = body_reader(framing, self._limits)
                else:
                    self._count_informational()
                    self._follow_informational(response)
                if self._position.theirs is SWITCHED_PROTOCOL:
                    self._reader = None
            return response
        request = read_request(self._buffer, self._max_head, self._limits)
        if request is not None:
            self.their_http_version = request.http_version
            self._reader = body_reader(self._follow_request(request), self._limits)
        return request

    def _count_informational(self) -> None:
        self._informational += 1
        if self._informational > self._limits.informational:
            raise RemoteProtocolError(
                f"more than {self._limits.informational} informational responses"
            )

    def _end_received(self) -> None:
        self._reader = None
        self._position = self._position.after[_END[self.their_role]]
        if self.our_role is SERVER:
            self.client_is_waiting_for_100_continue = False

    # -- what heads do, sent or received
    def _follow_request(self, request: Request) -> int:
        self._position = self._position.after[request_trigger(request)]
        self._request_method = request.method
        if not request.headers.facts.plain:
            self.client_is_waiting_for_100_continue = expects_continue(request)
        return request_framing(request.headers.facts)

    def _follow_informational(self, response: InformationalResponse) -> None:
        trigger = _ACCEPT_UPGRADE if response.status_code == 101 else _INFORMATIONAL
        self._position = self._position.after[trigger]
        self.client_is_waiting_for_100_continue = False

    def _follow_response(self, response: Response) -> int:
        method = self._request_method
        facts = response.headers.facts
        length = facts.content_length
        if (
            response.status_code == 200
            and method == b"GET"
            and length is not None
            and facts.plain
            and not facts.chunked
            and response.http_version == b"1.1"
        ):
            # What the rules say of nearly all, without asking each: 1 % of a small exchange.
            framing, trigger = length, PLAIN_RESPONSE
        else:
            framing = response_framing(method, response.status_code, facts)
            trigger = response_trigger(response, method, framing)
        self._position = self._position.after[trigger]
        self.client_is_waiting_for_100_continue = False
        return framing

    # -- sending
    def send(self, event: Event) -> bytes | None:
        """Encode an event for the peer.

        Returns:
            The bytes to write, possibly empty; None for `ConnectionClosed`.

        Raises:
            LocalProtocolError: this event may not be sent now; `our_state` becomes `ERROR`.
        """
        pieces = self.send_with_data_passthrough(event)
        if pieces is None:
            return None
        if len(pieces) == 1 and type(pieces[0]) is bytes:
            return pieces[0]
        try:
            return b"".join(pieces)
        except TypeError:  # a placeholder, which only send_with_data_passthrough can carry
            self.send_failed()
            raise

    def send_with_data_passthrough(self, event: Event) -> list[bytes] | None:
        """Like `send`, but as a list of pieces, in which `Data.data` is the very object passed.

        That object needs nothing but a length in bytes: it may stand for a file that `sendfile`
        will send.

        Returns:
            The pieces; None for `ConnectionClosed`.

        Raises:
            LocalProtocolError: this event may not be sent now; `our_state` becomes `ERROR`.
        """
        try:
            if self._position.ours is ERROR:
                raise LocalProtocolError("Can't send data when our state is ERROR")
            return self._encode(event)
        except BaseException:
            self.send_failed()
            raise

    def send_whole_message(self, head: Request | Response, body: bytes = b"") -> bytes:
        """Encode a message that is all there: its head, its body and its end in one call.

        Returns:
            What `send` gives for the head, one `Data` and an `EndOfMessage`.

        Raises:
            LocalProtocolError: as `send`; also when the body is not as long as announced.

        Example:
            >>> head = Request(method="GET", target="/", headers=[("Host", "a")])
            >>> Connection(our_role=CLIENT).send_whole_message(head)
            b'GET / HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n'
        """
        if type(head) is Request and not body and self.our_role is CLIENT:
            # A bare request that was sent before: what the general way does, in two calls instead
            # of twelve. These were 5 % of the instructions of a small GET.
            wire = head._wire
            facts = head.headers.facts
            if (
                wire is not None
                and facts.plain
                and not (facts.chunked or facts.content_length)
                and head.method != b"CONNECT"
            ):
                try:
                    self._position = self._position.after[PLAIN_REQUEST].after[_END[CLIENT]]
                except LocalProtocolError:
                    pass  # the general way says what is wrong
                else:
                    self._request_method = head.method
                    return wire
        events: list[Event] = [head, Data(data=body), END] if body else [head, END]
        return b"".join([self.send(event) or b"" for event in events])

    def _encode(self, event: Event) -> list[bytes] | None:
        role = self.our_role
        writer = self._writer
        if writer is not None:
            if type(event) is Data:
                if role is CLIENT:
                    self.client_is_waiting_for_100_continue = False
                return writer.data(event)
            if type(event) is EndOfMessage:
                self._position = self._position.after[_END[role]]
                self._writer = None
                if role is CLIENT:
                    self.client_is_waiting_for_100_continue = False
                return writer.end(event)
        elif role is CLIENT:
            if type(event) is Request:
                self._writer = body_writer(self._follow_request(event))
                return [encode_request(event)]
        elif type(event) is Response:
            return [self._encode_response(event)]
        elif type(event) is InformationalResponse:
            check_informational(event)
            self._follow_informational(event)
            return [encode_response(event)]
        if type(event) is ConnectionClosed:
            self._position = self._position.after[_CLOSE[role]]
            return None
        raise LocalProtocolError(
            f"can't handle event type {type(event).__name__} when role={role} "
            f"and state={self._position.ours}"
        )

    def _encode_response(self, response: Response) -> bytes:
        version = self.their_http_version
        response = sendable_response(
            response,
            self._request_method,
            version is not None and version >= b"1.1",
            self._position.keep_alive,
        )
        self._writer = body_writer(self._follow_response(response))
        if self._position.ours is SWITCHED_PROTOCOL:
            self._writer = None
        return encode_response(response)

    def send_failed(self) -> None:
        """Say that what `send` returned did not reach the peer: `our_state` becomes `ERROR`."""
        self._position = failed(self._position, self.our_role)
        self._writer = None
