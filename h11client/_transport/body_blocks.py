"""How much of a body is read from the stream at a time.

Receiving 64 KiB takes the kernel some 10 us, and copying them once more takes a third of that. So
what decides about the speed of a large body is whether its blocks are what a read gave, or are cut
out of it. Where it is known what comes next, just that is read, past the engine:

- of a body with a Content-Length, the blocks that the caller asks for;
- of large chunks, their data, and what stands between two of them by a small read of its own.

As long as it comes as fast as it is read, such a read is told to wait for all of it (at most for
the moment that a stream calls so): one call instead of several small ones, and nothing to join.
Everything else is read in large pieces, and given to the engine.

The engine is told what was read past it before it is given or asked anything else (`settle`).
"""

from __future__ import annotations

from h11client._transport.connection import LARGE_READ, READ_SIZE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from h11client._timeouts import Deadline
    from h11client._transport.connection import Connection
    from h11client._transport.network import ChunkStream

__all__ = ["BodyBlocks"]

_WORTH_A_READ = 4096  # bytes
_LARGE_CHUNK = 32 * 1024  # bytes: smaller ones are cut out in less time than two reads take


class BodyBlocks:
    """Reads the body of a response for the engine of its connection, or past it.

    `counted` says that the body has a Content-Length, `packed` that it will be decoded. `asked` is
    how much the caller has asked for the last time; `ended` is set when the stream has ended.
    The connection is an argument: it belongs to whoever has it.
    """

    __slots__ = (
        "_ahead",
        "_border",
        "_chunk",
        "_counted",
        "_filled",
        "_fills",
        "_known",
        "_modest",
        "_much",
        "_pairs",
        "_usual",
        "asked",
        "ended",
    )

    def __init__(self, connection: Connection, counted: bool, packed: bool) -> None:
        stream = connection.stream
        self._counted = counted
        # 64 KiB may decode to 64 MiB: as little as possible of it is kept. TLS gives less anyway.
        self._modest = packed or counted or stream.tls is not None
        self._ahead = 0  # bytes that come next and are read alone, as far as was found out
        self._known = 0  # how many the engine says they are, which is told later
        self._chunk = 0  # the size of the chunk that is read, or of the one before; 0: no chunks
        self._border = b""  # what stood before it, when a usual read takes all of the next one
        self._filled = False  # by the last read alone, which so came as fast as it was read
        self._usual = 0  # how much was asked for then, if that is worth a read; else 0
        self._fills = hasattr(stream, "read_full")
        self._pairs = hasattr(stream, "read_behind")
        self._much = False  # the last read that was not alone was filled
        self.asked = 0
        self.ended = False

    def read_alone(
        self, connection: Connection, max_bytes: int, deadline: Deadline
    ) -> bytes | None:
        """Waits for a block of at most `max_bytes`, of which the engine knows nothing yet.

        None when that was not to be. Then the engine knows all that came, and may have been given
        something, be it the end.
        """
        if max_bytes > READ_SIZE:
            max_bytes = READ_SIZE
        ahead = self._ahead
        if max_bytes == self._usual:
            # As the one before: this is the way of large bodies. Nothing is found out anew, nor
            # told: that was a quarter of the interpreter's operations for a block, and of those for
            # a chunk nearly a half (counted by tracing them; docs/performance.md).
            limits = deadline.limits
            limit = limits["read"] if limits else deadline.limit("read")
            stream: ChunkStream = connection.stream  # type: ignore[assignment]  # `_usual` says so
            if ahead > max_bytes:
                block = stream.read_full(max_bytes, limit, ahead)
                if len(block) == max_bytes:
                    self._ahead = ahead - max_bytes
                    return block
                return self._take_part(connection, block, ahead)
            border = self._border
            if border and not ahead:
                size = self._chunk
                before, block = stream.read_behind(border, size, limit)
                if before != border:
                    self._give(connection, before)
                    return None
                if len(block) == size:
                    return block
                if not block:  # it takes longer, or does not come
                    block = stream.read(size, deadline.limit("read"))
                return self._take_part(connection, block, size)
        return self._read_other(connection, max_bytes, deadline)

    def _read_other(
        self, connection: Connection, max_bytes: int, deadline: Deadline
    ) -> bytes | None:
        """As `read_alone`, for a block that is not like the one before."""
        self._border = b""
        ahead = self._ahead or self._find_ahead(connection, max_bytes, deadline)
        size = ahead if ahead < max_bytes else max_bytes
        if size <= _WORTH_A_READ and (
            not size or (size >= self.asked and (self._counted or size == max_bytes))
        ):
            # Small pieces are cut out of a large one. But the rest of a block that was begun, or of
            # a chunk, is read alone: what came behind it would have to be put before what comes
            # next, so that there were two copies of each block, for ever.
            self.settle(connection)
            return None
        self.asked = max_bytes
        limit = deadline.limit("read")
        stream: ChunkStream = connection.stream  # type: ignore[assignment]  # if it is `_filled`
        block = stream.read_full(size, limit, ahead) if self._filled else stream.read(size, limit)
        if len(block) < size:
            return self._take_part(connection, block, ahead)
        self._filled = self._fills
        self._usual = max_bytes if self._filled and max_bytes > _WORTH_A_READ else 0
        return self._take(connection, block, ahead)

    def _take_part(self, connection: Connection, block: bytes, ahead: int) -> bytes | None:
        self._filled = False
        self._usual = 0
        return self._take(connection, block, ahead)

    def _take(self, connection: Connection, block: bytes, ahead: int) -> bytes | None:
        left = ahead - len(block)
        if block and (left or self._chunk):
            self._ahead = left
            return block
        self._give(connection, block)  # the engine says what the end of a message is
        return None

    def settle(self, connection: Connection) -> None:
        """Tells the engine what has been read past it, and forgets what comes next."""
        read = self._known - self._ahead
        self._ahead = self._known = 0
        self._border = b""
        if read:
            connection.protocol.count_body(read)

    def _find_ahead(self, connection: Connection, max_bytes: int, deadline: Deadline) -> int:
        """How many bytes are to be read alone, behind the border of chunks that is due before.

        0 when nobody knows, or the border was another, which the engine was given.
        """
        if connection.read_failure is not None:
            raise connection.read_failure
        self.settle(connection)
        protocol = connection.protocol
        self._chunk = chunk = protocol.chunk_size
        if not self._counted:
            if chunk < _LARGE_CHUNK:
                return 0
            framing = protocol.framing_bytes_ahead
            if framing:
                border = connection.stream.read(framing, deadline.limit("read"))
                if not protocol.pass_framing(border):
                    self._give(connection, border)
                    return 0
                if self._pairs and chunk <= max_bytes:
                    self._border = border
        self._ahead = self._known = protocol.body_bytes_ahead
        return self._ahead

    def read(self, connection: Connection, deadline: Deadline) -> bytes | None:
        """Waits for what comes, and gives it to the engine, which knows all that came before.

        What is inside of a body or chunk, so that the engine need not see it, is returned.
        """
        protocol = connection.protocol
        size = LARGE_READ if self._much else READ_SIZE
        block = connection.stream.read(size, deadline.limit("read"))
        self._much = len(block) >= READ_SIZE and not self._modest
        if 0 < len(block) < protocol.body_bytes_ahead:
            protocol.count_body(len(block))
            return block
        self._give(connection, block)
        return None

    def _give(self, connection: Connection, block: bytes) -> None:
        self.settle(connection)
        self.ended = not block
        connection.protocol.receive_data(block)
