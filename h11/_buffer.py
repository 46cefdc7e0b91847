"""The receive buffer: what arrived and was not parsed yet.

Most reads are consumed whole before the next one, so what `recv` returned is adopted as it is, and
handed out again without a copy where an event covers it whole. Only when bytes arrive while others
still wait are they put together: a short rest in front of a longer read by one concatenation,
anything else in a bytearray that grows in place. Either way the cost is linear in what was
received.
"""

from __future__ import annotations


class ReceiveBuffer:
    """`data[start:]` is what waits; `scanned` counts the bytes of it that were already searched."""

    __slots__ = ("data", "scanned", "start")

    def __init__(self) -> None:
        self.data: bytes | bytearray = b""
        self.start = 0
        self.scanned = 0

    def __len__(self) -> int:
        return len(self.data) - self.start

    def __bytes__(self) -> bytes:
        return bytes(self.data[self.start :])

    def append(self, received: bytes) -> None:
        waiting = self.data
        start = self.start
        if start == len(waiting):
            self.data = received
            self.start = 0
        elif type(waiting) is bytearray:
            if start > len(waiting) >> 1:
                del waiting[:start]
                self.start = 0
            waiting += received
        elif len(waiting) - start < len(received):
            self.data = waiting[start:] + received
            self.start = 0
        else:
            self.data = bytearray(waiting[start:])
            self.data += received
            self.start = 0

    def take(self, count: int) -> bytes:
        """At most `count` waiting bytes, removed from the buffer."""
        data = self.data
        start = self.start
        stop = start + count
        if stop < len(data):
            self.start = stop
            piece = data[start:stop]
            return piece if type(piece) is bytes else bytes(piece)
        self.data = b""
        self.start = 0
        piece = data[start:] if start else data
        return piece if type(piece) is bytes else bytes(piece)

    def skip_to(self, position: int) -> None:
        """Drop everything before `position` (an index into `data`)."""
        self.scanned = 0
        if position == len(self.data):
            self.data = b""
            self.start = 0
        else:
            self.start = position
