"""Reading that is interrupted anywhere: what was lost on the way is never passed over in silence.

A program may catch KeyboardInterrupt and go on with the same response. What it then gets is the
whole content, or an exception: never an end behind a gap. And no slot, no stream stays in use.
"""

from __future__ import annotations

import gc
import gzip

import pytest

import h11client
from h11client import exceptions
from h11client._limits import Limits
from h11client._messages import decoders, raw, readable, reading, response
from h11client._transport import response_body, whole_body
from h11client._transport.pool import Pool
from tests.client.interrupting import Hosts, Interrupter, Interruption, Recorder

# Those below have tests of their own, in test_slots.
MODULES = {decoders, raw, readable, reading, response, response_body, whole_body}

CONTENT = b"a b\nc\nde\n"
PACKED = gzip.compress(CONTENT)
OK = b"HTTP/1.1 200 OK\r\n"
WHOLE = OK + b"Content-Length: 9\r\n\r\n" + CONTENT
CHUNKS = b"4\r\na b\n\r\n1\r\nc\r\n4\r\n\nde\n\r\n0\r\n\r\n"
BODIES = {
    "whole.test": [WHOLE],
    "pieces.test": [WHOLE[:-8], CONTENT[1:5], CONTENT[5:]],
    "chunked.test": [OK + b"Transfer-Encoding: chunked\r\n\r\n" + CHUNKS[:14], CHUNKS[14:]],
    "closing.test": [OK + b"\r\n" + CONTENT[:4], CONTENT[4:], b""],
    "packed.test": [
        OK + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(PACKED) + PACKED[:10],
        PACKED[10:],
    ],
}


def read_to_size(response):
    while piece := response.read(4):
        yield piece


def read_into(response):
    buffer = bytearray(4)
    while count := response.readinto(buffer):
        yield bytes(buffer[:count])


def read_raw(response):
    while piece := response.raw.read(4, True):
        yield piece


def read_raw_lines(response):
    response.raw.decode_content = True
    while line := response.raw.readline():
        yield line


def iterate_raw_lines(response):
    response.raw.decode_content = True
    yield from response.raw


def content(response):
    yield response.content


def read(response):
    yield response.read()


WAYS = {
    "content": content,
    "to a size": read_to_size,
    "pieces": lambda response: response.iter_content(None),
    "raw": read_raw,
    # These have more of their own above the body, whichever that is.
    "read": read,
    "into": read_into,
    "pieces of a size": lambda response: response.iter_content(4),
    "text": lambda response: (text.encode() for text in response.iter_text(4)),
    "lines": lambda response: (line + b"\n" for line in response.iter_lines()),
    "raw lines": read_raw_lines,
    "raw iteration": iterate_raw_lines,
    "raw stream": lambda response: response.raw.stream(4, True),
}
CASES = [(host, way) for host in BODIES for way in list(WAYS)[:4]]
CASES += [(host, way) for host in ("pieces.test", "packed.test") for way in list(WAYS)[4:]]


class Program:
    """Reads one response in one way, and goes on with what was interrupted."""

    def __init__(self, host, way):
        self.network = Hosts({name: [*steps, WHOLE] for name, steps in BODIES.items()})
        self.pool = Pool(Limits(max_connections=1), self.network, self.network.clock)
        self.session = h11client.Session(transport=self.pool, timeout=0.001, trust_env=False)
        self.way = way
        self.response = self.session.get(f"http://{host}/", stream=True)
        self.got = b""

    def read(self):
        for piece in self.way(self.response):
            self.got += piece

    def go_on(self):
        """What it has in the end, None after an exception."""
        try:
            self.read()
        except exceptions.RequestException:
            return None
        return self.got

    def check(self, where):
        before = self.got
        # An iterator that was not asked for its first piece has begun nothing.
        assert self.go_on() in (None, CONTENT, before + CONTENT), where
        assert self.got in (before, CONTENT, before + CONTENT), where
        try:
            assert self.response.content == CONTENT, where
        except exceptions.RequestException:
            pass
        self.response.close()
        self.response = None
        if self.pool.counts().open:
            gc.collect()
        counts = self.pool.counts()
        assert (counts.busy, counts.waiting) == (0, 0), where
        assert self.network.count_open() == counts.idle, where
        assert self.session.get("http://whole.test/").content == CONTENT


@pytest.mark.safety("4I6", "4I7", "L1", "X22")
@pytest.mark.parametrize("kind", ["line", "call"])
@pytest.mark.parametrize(("host", "way"), CASES)
def test_reading_that_is_interrupted_anywhere_never_ends_behind_a_gap(host, way, kind):
    program = Program(host, WAYS[way])
    with Recorder(MODULES, kind) as recorder:
        program.read()
    assert program.got == CONTENT
    program.check("without an interruption")
    for number in recorder.numbers():
        program = Program(host, WAYS[way])
        interrupter = Interrupter(number, MODULES, kind)
        with pytest.raises(Interruption), interrupter:
            program.read()
        del interrupter.error  # it has all frames that it went through
        program.check(interrupter.where)
