"""How much of a body is read from the stream at a time.

Receiving 64 KiB takes the kernel some 10 us, and copying them once more takes a third of that. So
what decides about the speed of a large body is whether its blocks are what a read gave, or are cut
out of it. Where it is known what comes next, just that is read, and the engine only counts it:

- of a body with a Content-Length, the blocks that the caller asks for;
- of large chunks, their data, and what stands between two of them by a small read of its own.

As long as it comes as fast as it is read, such a read is told to wait for all of it (at most for
the moment that a stream calls so): one call instead of several small ones, and nothing to join.
Everything else is read in large pieces, and given to the engine.
"""

from __future__ import annotations

from h11client._transport.connection import LARGE_READ, READ_SIZE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from h11client._timeouts import Deadline
    from h11client._transport.connection import Connection

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
        "_chunk",
        "_counted",
        "_filled",
        "_fills",
        "_framing",
        "_modest",
        "_much",
        "asked",
        "ended",
    )

    def __init__(self, connection: Connection, counted: bool, packed: bool) -> None:
        stream = connection.stream
        self._counted = counted
        # 64 KiB may decode to 64 MiB: as little as possible of it is kept. TLS gives less anyway.
        self._modest = packed or counted or stream.tls is not None
        # Bytes that come next and are read alone, as far as that was found out. Between two chunks
        # of one size there are none; then how long the framing is, and how long the next chunk.
        self._ahead = self._framing = self._chunk = 0
        self._fills = hasattr(stream, "read_full")
        self._filled = False  # by the last read alone, which so came as fast as it was read
        self._much = False  # the same, of a large one that the engine got
        self.asked = 0
        self.ended = False

    def read_alone(
        self, connection: Connection, max_bytes: int, deadline: Deadline
    ) -> bytes | None:
        """Waits for a block of at most `max_bytes`, which the engine has counted.

        None when that was not to be. Then the engine may have been given something, be it the end.
        """
        stream = connection.stream
        protocol = connection.protocol
        ahead = self._ahead
        if not ahead:
            if not self._framing:
                self._look_ahead(connection)
            if self._framing:
                block = stream.read(self._framing, deadline.limit("read"))
                if not protocol.pass_body(block):
                    self._give(connection, block)
                    return None
                self._ahead = self._chunk
            ahead = self._ahead
        size = ahead if ahead < max_bytes else max_bytes
        if size > READ_SIZE:
            size = READ_SIZE
        if size <= _WORTH_A_READ and (
            not size or (size >= self.asked and (self._counted or size == max_bytes))
        ):
            # Small pieces are cut out of a large one. But the rest of a block that was begun, or of
            # a chunk, is read alone: what came behind it would have to be put before what comes
            # next, so that there were two copies of each block, for ever.
            return None
        self.asked = max_bytes
        limits = deadline.limits
        limit = limits["read"] if limits else deadline.limit("read")
        if self._filled:
            block = stream.read_full(size, limit, ahead)  # type: ignore[attr-defined]  # it has one
        else:
            block = stream.read(size, limit)
        if protocol.pass_body(block):
            length = len(block)
            self._ahead = ahead - length
            self._filled = length == size and self._fills
            return block
        self._give(connection, block)
        return None

    def read(self, connection: Connection, deadline: Deadline) -> bytes | None:
        """Waits for what comes, and gives it to the engine.

        What the engine need not see, but counted, is returned: a body, of which more comes.
        """
        size = LARGE_READ if self._much else READ_SIZE
        block = connection.stream.read(size, deadline.limit("read"))
        self._much = len(block) >= READ_SIZE and not self._modest
        if connection.protocol.pass_body(block):
            self._ahead = self._framing = 0
            return block
        self._give(connection, block)
        return None

    def _give(self, connection: Connection, block: bytes) -> None:
        self._ahead = self._framing = 0
        self.ended = not block
        connection.protocol.receive_data(block)

    def _look_ahead(self, connection: Connection) -> None:
        """Asks the engine what is next."""
        if connection.read_failure is not None:
            raise connection.read_failure
        protocol = connection.protocol
        chunk = protocol.chunk_size
        if self._counted:
            self._ahead = protocol.body_bytes_ahead
        elif chunk >= _LARGE_CHUNK:
            self._chunk = chunk
            self._ahead = protocol.body_bytes_ahead
            if not self._ahead:
                self._framing = protocol.framing_bytes_ahead
