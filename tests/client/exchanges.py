"""One exchange over a scripted stream, for tests of bodies: its request is sent, its head read."""

from __future__ import annotations

import threading

from h11client._engine import h11
from h11client._limits import Limits
from h11client._messages.body import NO_BODY
from h11client._timeouts import Deadline, Timeout
from h11client._transport.connection import open_connection
from h11client._transport.network import TLSConfig
from h11client._transport.response_body import ResponseBody
from h11client._transport.route import Route
from h11client.testing import Dial, ScriptedNetwork


class Owner:
    """Remembers what was given back, and how."""

    def __init__(self):
        self.returned = []

    def release(self, connection, reusable):
        self.returned.append("reusable" if reusable else "closed")

    def abandon(self, connection):
        self.returned.append("abandoned")

    def is_inside(self):
        return False


class Watched:
    """A stream that remembers how it was read: which way, how much was asked for, and what came."""

    def __init__(self, stream):
        self._stream = stream
        self.reads = []  # (name, bytes asked for)
        self.blocks = []
        self.limits = []

    def __getattr__(self, name):
        return getattr(self._stream, name)

    def read(self, max_bytes, limit, wait_first=False):
        self.reads.append(("read", max_bytes))
        self.limits.append(limit)
        block = self._stream.read(max_bytes, limit, wait_first)
        self.blocks.append(block)
        return block


class Filling(Watched):
    """The same, of a stream that can wait for more than the first bytes, as a socket can."""

    def read_full(self, size, limit, ahead):
        assert size <= ahead
        self.reads.append(("full", size))
        self.limits.append(limit)
        block = self.filled(size, limit)
        self.blocks.append(block)
        return block

    def filled(self, size, limit):
        stream = self._stream
        block = stream.read(size, limit)
        # What comes behind a pause takes longer than the moment that a socket waits for it.
        while len(block) < size and stream.steps_left and type(stream.steps_left[0]) is bytes:
            more = stream.read(size - len(block), limit)
            if not more:
                break
            block += more
        return block


class Chunked(Filling):
    """The same, of a stream that reads a border and what is behind it at once, as a socket does."""

    def read_behind(self, border, size, limit):
        self.reads.append(("behind", size))
        self.limits.append(limit)
        stream = self._stream
        before, block = stream.read(len(border), limit), b""
        if before == border and stream.steps_left and type(stream.steps_left[0]) is bytes:
            block = self.filled(size, limit)
            self.blocks.append(block)
        return before, block


class Exchange:
    """A GET that was sent and whose head was read; `body` is what it is all about.

    `wrap` makes of the scripted stream the one that is used: one of the classes above.
    """

    def __init__(
        self,
        *steps,
        method="GET",
        tls=False,
        timeout=None,
        limits=None,
        byte_by_byte=False,
        wrap=None,
        **dial,
    ):
        self.network = ScriptedNetwork(Dial(steps, **dial), byte_by_byte=byte_by_byte)
        self.deadline = Deadline(timeout or Timeout(), self.network.clock)
        route = Route("https", "a.test", 443, TLSConfig()) if tls else Route("http", "a.test", 80)
        connection = open_connection(route, self.network, self.deadline, limits or Limits())
        request = h11.Request(method=method, target="/", headers=[("Host", "a.test")])
        connection.send_request(request, NO_BODY, self.deadline)
        head = connection.read_head(self.deadline)
        self.owner = Owner()
        self.stream = self.network.streams[0]
        self.connection = connection
        if wrap is not None:
            connection.stream = self.watched = wrap(connection.stream)
        self.body = ResponseBody(connection, head, self.owner, self.deadline)

    def read_all(self, size=1000):
        received = bytearray()
        self.read_into(received, size)
        return bytes(received)

    def read_into(self, received, size):
        while piece := self.body.read(size):
            assert len(piece) <= size
            received += piece


def length(number, *, extra=b""):
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n%s\r\n" % (number, extra)


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
UNTIL_CLOSE = b"HTTP/1.1 200 OK\r\n\r\n"
LAST = b"0\r\n\r\n"


def chunk(size):
    return b"%x\r\n%s\r\n" % (size, bytes(size))


def chunks(total, size):
    """A chunked body."""
    whole, rest = divmod(total, size)
    return chunk(size) * whole + (chunk(rest) if rest else b"") + LAST


def while_reading(exchange, action):
    """Has `action` happen in another thread while the next read of the stream is going on."""
    read = exchange.stream.read

    def reading(*arguments):
        exchange.stream.read = read
        thread = threading.Thread(target=action)
        thread.start()
        thread.join()
        return read(*arguments)

    exchange.stream.read = reading
