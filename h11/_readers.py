"""Bytes to events: the readers of bodies (RFC 9112 sections 6 and 7).

A reader offers `read`, the next event or None while bytes are missing, and `read_bytes`, the same
body as joined bytes without its chunk borders. `over` is true when only the end of the message is
left to be read.
"""

from __future__ import annotations

import re

from ._buffer import ReceiveBuffer
from ._errors import RemoteProtocolError, excerpt
from ._events import END, Data, EndOfMessage, parsed_data
from ._framing import CHUNKED, UNTIL_CLOSE
from ._grammar import MAX_LENGTH
from ._heads import TOO_LARGE, read_trailers
from ._limits import ParserLimits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol
else:
    Protocol = object


class BodyReader(Protocol):
    """What `Connection` asks of each framing."""

    over: bool

    def read(self, buffer: ReceiveBuffer) -> Data | EndOfMessage | None: ...

    def read_bytes(self, buffer: ReceiveBuffer, max_bytes: int) -> bytes: ...

    def end_of_input(self) -> EndOfMessage:
        """The connection ended: the end of the message, or the error if it was cut short."""


class ContentLengthReader:
    """A body of known length; also of length 0, for messages that have none."""

    __slots__ = ("_expected", "left", "over")

    def __init__(self, length: int) -> None:
        self._expected = self.left = length
        self.over = length == 0

    def read(self, buffer: ReceiveBuffer) -> Data | EndOfMessage | None:
        if self.over:
            return END
        piece = self.read_bytes(buffer, self.left)
        return parsed_data(piece, False, False) if piece else None

    def read_rest(self, buffer: ReceiveBuffer, max_bytes: int) -> bytes | None:
        """All that is left, if it is there and no more than `max_bytes`; else nothing is read."""
        left = self.left
        data, start = buffer.data, buffer.start
        if left > max_bytes or left > len(data) - start:
            return None
        if type(data) is bytes and start + left == len(data):
            buffer.data = b""  # as take() does, without a call: nothing follows, nearly always
            buffer.start = 0
            return data[start:]
        return buffer.take(left) if left else b""

    def count(self, size: int) -> None:
        """See `Connection.count_body`; not more than is `left`."""
        self.left -= size
        self.over = not self.left

    def read_bytes(self, buffer: ReceiveBuffer, max_bytes: int) -> bytes:
        left = self.left
        piece = buffer.take(left if left < max_bytes else max_bytes)
        self.left = left = left - len(piece)
        if not left:
            self.over = True
        return piece

    def end_of_input(self) -> EndOfMessage:
        if self.over:
            return END
        raise RemoteProtocolError(
            "peer closed connection without sending complete message body "
            f"(received {self._expected - self.left} bytes, expected {self._expected})"
        )


class UntilCloseReader:
    """A response body that lasts as long as the connection (RFC 9112 section 6.3 rule 8)."""

    __slots__ = ("over",)

    def __init__(self) -> None:
        self.over = False

    def read(self, buffer: ReceiveBuffer) -> Data | EndOfMessage | None:
        piece = buffer.take(len(buffer))
        return parsed_data(piece, False, False) if piece else None

    def read_bytes(self, buffer: ReceiveBuffer, max_bytes: int) -> bytes:
        return buffer.take(max_bytes)

    def end_of_input(self) -> EndOfMessage:
        self.over = True
        return END


# chunk = chunk-size [ chunk-ext ] CRLF, blanks tolerated behind the size as deployed servers pad
# it.
CHUNK_LINE = re.compile(rb"([0-9A-Fa-f]{1,16})[ \t]*(?:;[^\x00\r\n]*)?")
CHUNK_LINE_BEGUN = re.compile(rb"(?:[0-9A-Fa-f]{1,16}[ \t]*(;[^\x00\r\n]*)?)?\r?")
EXTENSION_BEGUN = re.compile(rb"[^\x00\r\n]*\r?")

MAX_KNOWN_LINE = 20  # a size and a short extension: what a peer repeats for chunk after chunk
WORTH_A_CALL = 4096  # a piece of this size is returned as it is: joining it would copy it again
OVERHEAD_PER_CHUNK = 16  # bytes of framing that each chunk has free, and per byte of data
OVERHEAD_PER_BYTE = 2


class ChunkedReader:
    """The chunked transfer coding (RFC 9112 section 7.1).

    The CRLF behind a chunk's data is read together with the size line that follows it: both
    together are the *border* between two chunks, and a border equal to the one before is recognised
    by a single comparison.
    """

    __slots__ = (
        "_at_chunk_start",
        "_behind_chunk",
        "_in_extension",
        "_limits",
        "_overhead",
        "border",
        "left",
        "over",
        "size",
    )

    def __init__(self, limits: ParserLimits) -> None:
        self._limits = limits
        self.left = 0  # bytes of the current chunk that were not read yet
        self._at_chunk_start = False
        self._behind_chunk = False  # the CRLF that ends a chunk is due
        self.border = b""  # the last border if it is worth recognising, and the size it announced
        self.size = 0
        self._in_extension = False  # an incomplete size line has been checked up to its extension
        self._overhead = 0
        self.over = False

    def read(self, buffer: ReceiveBuffer) -> Data | EndOfMessage | None:
        if not self.left:
            if self.over:
                trailers = read_trailers(buffer, self._limits)
                return None if trailers is None else EndOfMessage(headers=trailers)
            if not self._read_border(buffer):
                return None
            if self.over:
                return self.read(buffer)
        piece = buffer.take(self.left)
        if not piece:
            return None
        chunk_start = self._at_chunk_start
        self._at_chunk_start = False
        self.left -= len(piece)
        return parsed_data(piece, chunk_start, not self.left)

    def count(self, size: int) -> None:
        """See `Connection.count_body`; not more than is `left`."""
        self.left -= size
        self._at_chunk_start = False

    def pass_border(self, data: bytes) -> bool:
        """See `Connection.pass_framing`."""
        if self.left or data != self.border or not data or self._overhead:
            return False
        self.left = self.size
        self._at_chunk_start = True
        return True

    def read_bytes(self, buffer: ReceiveBuffer, max_bytes: int) -> bytes:
        pieces: list[bytes] = []
        while max_bytes:
            if self.left:
                piece = buffer.take(min(self.left, max_bytes))
                if not piece:
                    break
                self._at_chunk_start = False
                self.left -= len(piece)
                max_bytes -= len(piece)
                if not pieces and len(piece) >= WORTH_A_CALL:
                    return piece
                pieces.append(piece)
            elif self.over:
                break
            else:
                max_bytes -= self._read_equal_chunks(buffer, max_bytes, pieces)
                try:
                    if max_bytes and not self._read_border(buffer):
                        break
                except RemoteProtocolError:
                    if pieces:
                        break  # these came before the error, which stays for the next call
                    raise
        return b"".join(pieces)

    def _read_equal_chunks(self, buffer: ReceiveBuffer, max_bytes: int, pieces: list[bytes]) -> int:
        """All complete chunks from here on as long as the last one: fast for small ones."""
        border = self.border
        data = buffer.data
        if not border or self._overhead or type(data) is not bytes:
            return 0  # one by one: suspicious framing is counted, rare buffers are not copied
        size = self.size
        start = position = buffer.start
        ahead = len(border)
        step = ahead + size
        end = start + step * min(max_bytes // size, (len(data) - start) // step)
        starts_with = data.startswith
        append = pieces.append
        while position < end and starts_with(border, position):
            append(data[position + ahead : position + step])
            position += step
        if position == start:
            return 0
        buffer.skip_to(position)
        self._in_extension = False
        return (position - start) // step * size

    def _read_border(self, buffer: ReceiveBuffer) -> bool:
        """Read up to the next chunk's data, or to the trailers; False while bytes are missing."""
        data = buffer.data
        start = buffer.start
        if self.border and data.startswith(self.border, start):
            end = start + len(self.border)
            if self._overhead:
                self._count_overhead(len(self.border), self.size)
        else:
            if self._behind_chunk:
                # Exactly CRLF, checked byte by byte: whatever else stands here could be another
                # message.
                footer = data[start : start + 2]
                if footer != b"\r\n":
                    if footer in (b"", b"\r"):
                        return False
                    raise RemoteProtocolError(f"malformed chunk footer: {excerpt(footer)}")
                start += 2
            searched = max(start, buffer.start + buffer.scanned)
            line_end = data.find(b"\r\n", searched, start + self._limits.chunk_line + 2)
            if line_end < 0:
                self._check_begun_line(buffer, start)
                return False
            self._parse_line(bytes(data[start:line_end]))
            end = line_end + 2
        buffer.skip_to(end)
        self._in_extension = False
        self.left = self.size
        self._at_chunk_start = self._behind_chunk = True
        self.over = not self.size
        return True

    def _parse_line(self, line: bytes) -> None:
        match = CHUNK_LINE.fullmatch(line)
        if match is None:
            raise RemoteProtocolError(f"illegal chunk header: {excerpt(line)}")
        size = int(match[1], 16)
        if size > MAX_LENGTH:
            raise RemoteProtocolError(f"chunk size above 2^63-1: {excerpt(line)}")
        self._count_overhead(len(line) + 4, size)
        self.size = size
        self.border = b"\r\n" + line + b"\r\n" if size and len(line) <= MAX_KNOWN_LINE else b""

    def _count_overhead(self, framing: int, size: int) -> None:
        """Bound what size lines may cost in relation to the data they carry."""
        free = OVERHEAD_PER_CHUNK + OVERHEAD_PER_BYTE * size
        self._overhead = max(0, self._overhead + framing - free)
        if self._overhead > self._limits.chunk_overhead:
            raise RemoteProtocolError("too much chunk framing for too little data", TOO_LARGE)

    def _check_begun_line(self, buffer: ReceiveBuffer, start: int) -> None:
        """Refuse a size line that is too long or can only become wrong, however little is there."""
        data = buffer.data
        stop = min(len(data), start + self._limits.chunk_line + 1)
        if self._in_extension:
            # Only what is new since the last look, so that a long line in small pieces stays
            # linear.
            begun = EXTENSION_BEGUN.fullmatch(data, buffer.start + buffer.scanned, stop)
        else:
            begun = CHUNK_LINE_BEGUN.fullmatch(data, start, stop)
        cr = 1 if stop > start and data[stop - 1] == 0x0D else 0
        if begun is None or (cr and stop < len(data)):
            raise RemoteProtocolError(f"illegal chunk header: {excerpt(data[start:stop])}")
        if stop - cr - start > self._limits.chunk_line:
            raise RemoteProtocolError("chunk header too long", error_status_hint=TOO_LARGE)
        # Only now: after an error `receive_body` may look at the same line once more.
        self._in_extension = self._in_extension or begun[1] is not None
        buffer.scanned = stop - cr - buffer.start

    def end_of_input(self) -> EndOfMessage:
        raise RemoteProtocolError(
            "peer closed connection without sending complete message body (incomplete chunked read)"
        )


_NO_BODY = ContentLengthReader(0)  # has nothing left to remember: one serves all


def body_reader(framing: int, limits: ParserLimits) -> BodyReader:
    """The reader for a framing as `_framing` gives it."""
    if framing == CHUNKED:
        return ChunkedReader(limits)
    if framing == UNTIL_CLOSE:
        return UntilCloseReader()
    return ContentLengthReader(framing) if framing else _NO_BODY
