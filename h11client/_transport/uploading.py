"""Bodies on their way out: whatever does not fit behind its head in one write.

An upload listens. Between two pieces, and whenever the kernel takes no more, it looks whether the
server has something to say. A final response stops it (RFC 9112 section 9.5), and since part of
the body is then missing on the wire, that connection is not used again. With `Expect:
100-continue` it listens before the first piece already (RFC 9110 section 10.1.1).

Regular files go to plain sockets by sendfile(2): the engine frames a `FilePart` in place of bytes.
"""

from __future__ import annotations

from h11client._engine import h11
from h11client._timeouts import Limit, LimitExpired
from h11client._translation import from_protocol_error, from_stream_error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any, Protocol

    from h11client._messages.body import Body
    from h11client._timeouts import Deadline
    from h11client._transport.network import Buffer, FileStream, Stream
    from h11client._transport.route import Route
    from h11client._watching import Watch

    class Line(Protocol):
        """What an upload needs of its connection."""

        route: Route
        stream: Stream
        protocol: h11.Connection
        informational: list[h11.InformationalResponse] | None
        early: h11.Response | h11.InformationalResponse | None
        body_begun: bool

        def read_events(
            self, limit: Limit, wait_first: bool
        ) -> h11.Response | h11.InformationalResponse | None:
            """One read, and the final head if that completed it."""
            ...

        def tell_informational(self, watch: Watch) -> None:
            """Calls the hook with those 1xx responses that it has not seen."""
            ...

        def probe_again(self) -> None:
            """Before the first write, when code of the caller ran since the pool has looked."""
            ...

        def note_failed_write(self, error: OSError) -> None:
            """The peer takes no more; what it had to say is read later."""
            ...


__all__ = ["BLOCK_SIZE", "CONTINUE_SECONDS", "Upload"]

BLOCK_SIZE = 256 * 1024  # a large body goes out in such blocks, and we look for an answer between
FILE_BLOCK_SIZE = 1024 * 1024  # the same where nothing is copied
FILE_WORTH_IT = 64 * 1024  # up to here, reading a file behind its head costs less than a call more
CONTINUE_SECONDS = 1.0  # RFC 9110 section 10.1.1: not for ever; the usual patience of clients

_Data = h11.Data
_END_OF_MESSAGE = h11.EndOfMessage()


class FilePart:
    """Stands for bytes of a file while the engine frames them, which asks for their number only."""

    __slots__ = ("length",)

    def __init__(self, length: int) -> None:
        self.length = length

    def __len__(self) -> int:
        return self.length


class Upload:
    """One body, and the connection that it goes out on."""

    __slots__ = ("_body", "_deadline", "_line", "_protocol", "_stream")

    def __init__(self, line: Line, body: Body, deadline: Deadline) -> None:
        self._line = line
        self._body = body
        self._deadline = deadline
        self._protocol = line.protocol
        self._stream = line.stream

    def send(self, event: h11.Request, wire: list[bytes]) -> None:
        """Sends `wire`, the framed `event`, and the body behind it: each piece as it comes.

        Returns early when the peer hangs up or has given its answer. What the caller's own body
        raises passes unchanged.
        """
        body = self._body
        self._line.body_begun = False
        try:
            waits = self._protocol.client_is_waiting_for_100_continue
            if waits or body.length is None:
                # What the caller's iterator waits for may be an effect of the head.
                if not self._write(wire):
                    return
                wire = []
            if waits and not self._is_told_to_go_on():
                return
            self._line.body_begun = True
            if self._write_file(wire) and self._write_pieces(wire):
                wire += self._frame(self._end_of(event) if body.trailers else _END_OF_MESSAGE)
                self._write([data for data in wire if data])
        except BaseException:
            # RFC 9112 section 8: the peer must see that this body is not complete.
            self._protocol.send_failed()
            raise

    def _end_of(self, event: h11.Request) -> h11.EndOfMessage:
        """The end with its trailers, whose values may not have been known before."""
        assert self._body.trailers is not None
        announced = event.headers.values_of(b"trailer")
        return h11.EndOfMessage(headers=self._body.trailers.compute(announced))

    def _is_told_to_go_on(self) -> bool:
        """Waits a moment for 100 Continue; False when the final response came instead."""
        line = self._line
        clock = self._deadline.clock
        end = clock() + CONTINUE_SECONDS
        while True:
            left = end - clock()
            if left <= 0:
                return True
            try:
                limit = self._deadline.limit("read")
                if limit.seconds is None or left < limit.seconds:
                    limit = Limit(left, "read")
                line.early = line.read_events(limit, True)
            except LimitExpired:
                # Silence. When it was the total that ran out, the next write will say so.
                return True
            except OSError as error:
                line.note_failed_write(error)
                return False
            except h11.RemoteProtocolError as error:
                raise from_protocol_error(error, during="read_head") from error
            self._tell()
            if line.early is not None:
                # The body is owed, and will not be sent: nothing can follow on this connection.
                self._protocol.send_failed()
                return False
            if any(interim.status_code == 100 for interim in line.informational or ()):
                return True

    # --- files -----------------------------------------------------------------------------

    def _write_file(self, wire: list[bytes]) -> bool:
        """Whether to go on, after what of the body the kernel can take out of a file by itself.

        Then the file stands where reading would have brought it, and whether it has become longer
        than announced is found in the same way.
        """
        body = self._body
        if not hasattr(self._stream, "send_file"):
            return True
        region = body.file_region()
        if region is None or region[1] <= FILE_WORTH_IT:
            return True
        offset, left = region
        while left:
            part = FilePart(min(left, FILE_BLOCK_SIZE))
            for piece in self._frame(_Data(data=part)):
                if type(piece) is bytes:
                    wire.append(piece)
                    continue
                if not (self._write(wire) and self._write_part(offset, len(part))):
                    return False
                wire.clear()
            offset += len(part)
            left -= len(part)
        body.source.seek(offset)  # type: ignore[attr-defined]  # it is a file
        return True

    def _write_part(self, offset: int, left: int) -> bool:
        """Whether to go on, after so many bytes of a file; they have been framed already."""
        stream: FileStream = self._stream  # type: ignore[assignment]  # it has been looked for
        file: Any = self._body.source
        while left:
            if self._is_answered():
                return False
            before = stream.bytes_written
            # Asked for again: a file that was closed meanwhile raises here, where another one may
            # have its number already.
            descriptor = file.fileno()
            try:
                sent = stream.send_file(descriptor, offset, left, self._deadline.limit("write"))
            except OSError as error:
                self._line.note_failed_write(error)
                return False
            except LimitExpired as error:
                raise from_stream_error("write", error, str(self._line.route)) from error
            if sent is None:
                return self._write_read(offset, left)
            offset += stream.bytes_written - before
            left -= stream.bytes_written - before
        return True

    def _write_read(self, offset: int, left: int) -> bool:
        """As `_write_part`, where the kernel cannot do it by itself: reads, and then writes."""
        file: Any = self._body.source
        file.seek(offset)
        while left:
            data = file.read(min(left, BLOCK_SIZE))
            if not data:
                # RFC 9110 section 8.6: fewer bytes than announced.
                short = h11.LocalProtocolError(f"the file is {left} bytes shorter than announced")
                raise from_protocol_error(short, during="write") from short
            left -= len(data)
            if self._is_answered() or not self._write([data]):
                return False
        return True

    # --- pieces ----------------------------------------------------------------------------

    def _write_pieces(self, wire: list[bytes]) -> bool:
        """Whether to go on, after all pieces that the body has left; `wire` goes ahead of them."""
        for piece in self._body.chunks():
            # RFC 9112 section 7.1: a chunk without data would end the body.
            if piece:
                if not wire:
                    if self._is_answered():
                        return False
                elif self._body.bytes is None:
                    self._line.probe_again()
                wire += self._frame(_Data(data=piece))
                if not self._write(wire):
                    return False
                wire.clear()
        return True

    def _frame(self, event: h11.Data | h11.EndOfMessage) -> list[bytes]:
        """The pieces of one event: size line, data and CRLF stay apart, nothing is copied."""
        try:
            return self._protocol.send_with_data_passthrough(event) or []
        except h11.LocalProtocolError as error:
            # RFC 9110 section 8.6: more or fewer bytes than Content-Length announced.
            raise from_protocol_error(error, during="write") from error

    def _write(self, wire: Sequence[bytes]) -> bool:
        """Whether to go on: not when the peer hung up or has given its answer already."""
        if sum(map(len, wire)) <= BLOCK_SIZE:
            return not wire or self._write_block(wire)
        for number, block in enumerate(_blocks(wire)):
            if (number and self._is_answered()) or not self._write_block(block):
                return False
        return True

    def _write_block(self, block: Sequence[Buffer]) -> bool:
        """As `_write`, with one write limit for all of it."""
        # Our own exceptions are OSErrors too, so nothing that raises them may stand in this try.
        while True:
            try:
                if self._stream.write_many(block, self._deadline.limit("write"), True):
                    return True
            except OSError as error:
                self._line.note_failed_write(error)
                return False
            except LimitExpired as error:
                raise from_stream_error("write", error, str(self._line.route)) from error
            if self._answered_early():  # the peer has sent something
                return False
            block = [b""]  # the stream has kept the rest

    def _is_answered(self) -> bool:
        return self._stream.is_readable() and self._answered_early()

    def _answered_early(self) -> bool:
        """Reads what came while the body was being sent (RFC 9112 section 9.5)."""
        line = self._line
        try:
            line.early = line.read_events(self._deadline.limit("read"), False)
        except OSError as error:
            line.note_failed_write(error)
            return True
        except LimitExpired as error:
            raise from_stream_error("read_head", error, str(line.route)) from error
        except h11.RemoteProtocolError as error:
            raise from_protocol_error(error, during="read_head") from error
        self._tell()
        if line.early is None:
            return False
        # Part of the body is missing on the wire, whatever the engine has framed.
        self._protocol.send_failed()
        return True

    def _tell(self) -> None:
        """Tells of 1xx responses at once; stands in no `try`, as hooks may raise an OSError too."""
        watch = self._deadline.watch
        if watch is not None:
            self._line.tell_informational(watch)


def _blocks(wire: Sequence[bytes]) -> Iterator[Sequence[Buffer]]:
    """The pieces in writes of about `BLOCK_SIZE`."""
    block: list[Buffer] = []
    for piece in wire:
        view = memoryview(piece)
        for start in range(0, len(view), BLOCK_SIZE):
            block.append(view[start : start + BLOCK_SIZE])
            if start + BLOCK_SIZE <= len(view):
                yield block
                block = []
    if block:
        yield block
