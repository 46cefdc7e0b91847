"""What the property tests draw from: valid messages, broken ones, and places to cut them."""

from __future__ import annotations

import itertools
import string
from dataclasses import dataclass
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

import h11

TOKEN_CHARACTERS = string.ascii_letters + string.digits + "!#$%&'*+-.^_`|~"
SETTLED = {b"content-length", b"transfer-encoding", b"connection", b"upgrade", b"expect", b"host"}


def examples(count: int) -> settings:
    """The same examples in every run."""
    return settings(max_examples=count, derandomize=True, deadline=None, database=None)


names = (
    st.text(TOKEN_CHARACTERS, min_size=1, max_size=12)
    .map(str.encode)
    .filter(lambda name: name.lower() not in SETTLED)
)
values = st.binary(max_size=20).map(
    lambda raw: raw.translate(None, b"\x00\n\x0b\x0c\r").strip(b" \t")
)
pairs = st.lists(st.tuples(names, values), max_size=4)
blanks = st.text(" \t", max_size=2).map(str.encode)
blocks = st.lists(st.binary(min_size=1, max_size=40), max_size=5)
methods = st.sampled_from([b"GET", b"POST", b"HEAD", b"PUT", b"get", b"X-Y"])
targets = st.text("".join(map(chr, range(0x21, 0x7F))), min_size=1, max_size=15).map(
    lambda text: b"/" + text.encode()
)
reasons = st.binary(max_size=12).map(
    lambda raw: bytes(byte for byte in raw if byte >= 0x20 and byte != 0x7F)
)
line_ends = st.sampled_from([b"\r\n", b"\r\n", b"\r\n", b"\n"])


@dataclass
class Message:
    """A message on the wire and the events that it stands for."""

    wire: bytes
    events: list[Any]
    to_the_end: bool = False  # the body ends with the connection
    reusable: bool = True


@st.composite
def fields(
    draw: st.DrawFn, given: list[tuple[bytes, bytes]]
) -> tuple[bytes, list[tuple[bytes, bytes]]]:
    """A header block, some of it folded, and the pairs in it."""
    wire, seen = b"", []
    for name, value in given:
        wire += name + b":" + draw(blanks) + value + draw(blanks)
        if value and name.lower() not in SETTLED and draw(st.integers(0, 9)) == 0:
            wire += draw(line_ends) + b" \t folded" + draw(blanks)
            value += b" folded"
        wire += draw(line_ends)
        seen.append((name.lower(), value))
    return wire + draw(line_ends), seen


EXTENSIONS = st.sampled_from([b"", b"", b";a", b";a=b", b' ; a="b;c"', b"\t", b" ", b";\xff"])


@st.composite
def chunks(draw: st.DrawFn) -> list[tuple[bytes, bytes]]:
    """(size line, data) of each chunk; in some bodies they come in runs of equal ones."""
    found: list[tuple[bytes, bytes]] = []
    for block in draw(blocks):
        size = b"0" * draw(st.integers(0, 3)) + draw(st.sampled_from([b"%x", b"%X"])) % len(block)
        how_often = draw(st.sampled_from([1, 1, 2, 7]))
        found += [(size + draw(EXTENSIONS), block)] * how_often
    return found


@st.composite
def chunked(draw: st.DrawFn) -> tuple[bytes, bytes, list[tuple[bytes, bytes]]]:
    """A body in the chunked coding: its wire form, its bytes, its trailers."""
    parts = draw(chunks())
    trailers = draw(pairs)
    wire = b"".join(line + b"\r\n" + block + b"\r\n" for line, block in parts)
    wire += b"0" * draw(st.integers(1, 3)) + draw(EXTENSIONS) + b"\r\n"
    wire += b"".join(name + b": " + value + b"\r\n" for name, value in trailers) + b"\r\n"
    body = b"".join(block for _, block in parts)
    return wire, body, [(name.lower(), value) for name, value in trailers]


@st.composite
def bodies(
    draw: st.DrawFn, may_go_to_the_end: bool
) -> tuple[list[tuple[bytes, bytes]], bytes, list[Any], bool]:
    """(framing fields, wire form, events, whether it goes to the end of the connection)."""
    kind = draw(st.sampled_from(["none", "length", "chunked", "to the end"]))
    if kind == "chunked":
        wire, body, trailers = draw(chunked())
        events = [h11.Data(data=body)] if body else []
        coding = draw(st.sampled_from([b"chunked", b"Chunked"]))
        return (
            [(b"Transfer-Encoding", coding)],
            wire,
            [*events, h11.EndOfMessage(headers=trailers)],
            False,
        )
    body = b"" if kind == "none" else draw(st.binary(max_size=60))
    events = [h11.Data(data=body)] if body else []
    to_the_end = kind == "to the end" and may_go_to_the_end
    length = [] if to_the_end else [(b"content-LENGTH", b"%d" % len(body))]
    return length, body, [*events, h11.EndOfMessage()], to_the_end


def mixed(
    draw: st.DrawFn, first: list[tuple[bytes, bytes]], others: list[tuple[bytes, bytes]]
) -> list[tuple[bytes, bytes]]:
    return draw(st.permutations([*first, *others]))


@st.composite
def requests(draw: st.DrawFn, body: bool = True) -> Message:
    method, target = draw(methods), draw(targets)
    version = draw(st.sampled_from([b"1.1", b"1.1", b"1.1", b"1.0"]))
    framing, wire, events, _ = (
        draw(bodies(False)) if body else ([], b"", [h11.EndOfMessage()], False)
    )
    block, seen = draw(fields(mixed(draw, [(b"HOST", b"a"), *framing], draw(pairs))))
    seen = [
        (name, value.lower() if name == b"transfer-encoding" else value) for name, value in seen
    ]
    head = h11.Request(method=method, target=target, headers=seen, http_version=version)
    line = method + b" " + target + b" HTTP/" + version + draw(line_ends)
    return Message(line + block + wire, [head, *events], reusable=version == b"1.1")


@st.composite
def responses(draw: st.DrawFn) -> Message:
    """Up to two informational responses and a final one, to a GET."""
    wire, events = b"", []
    for _ in range(draw(st.integers(0, 2))):
        status = draw(st.sampled_from([100, 102, 103, 199]))
        block, seen = draw(fields(draw(pairs)))
        wire += b"HTTP/1.1 %d So\r\n" % status + block
        events.append(h11.InformationalResponse(status_code=status, headers=seen, reason=b"So"))
    version, reason = draw(st.sampled_from([b"1.1", b"1.1", b"1.1", b"1.0"])), draw(reasons)
    status = draw(st.sampled_from([200, 200, 200, 404, 599, 999, 204, 304]))
    framing, body, body_events, to_the_end = draw(bodies(True))
    if status in (204, 304):
        body, body_events, to_the_end = b"", [h11.EndOfMessage()], False
    block, seen = draw(fields(mixed(draw, framing, draw(pairs))))
    seen = [
        (name, value.lower() if name == b"transfer-encoding" else value) for name, value in seen
    ]
    head = h11.Response(status_code=status, headers=seen, reason=reason, http_version=version)
    line = b"HTTP/%s %d " % (version, status) + reason + draw(line_ends)
    reusable = version == b"1.1" and not to_the_end
    return Message(wire + line + block + body, [*events, head, *body_events], to_the_end, reusable)


WORDS = [
    b"\r\n", b"\n", b"\r", b"\r\n\r\n", b"\n\n", b"\r\r\n", b" ", b"\t", b":", b";", b",", b"\x00", b"\x0b", b"\xff", b"\x7f",
    b"HTTP/1.1", b"HTTP/1.0", b"HTTP/2.0", b"http/1.1", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 100 X\r\n\r\n", b"HTTP/1.1 101 X\r\n\r\n",
    b"GET / HTTP/1.1\r\n", b"Host: a\r\n", b"Content-Length: 5\r\n", b"Content-Length: -1\r\n", b"Content-Length: 5, 5\r\n",
    b"Content-Length: 99999999999999999999\r\n", b"Content-Length:\r\n 5\r\n", b"Transfer-Encoding: chunked\r\n",
    b"Transfer-Encoding: gzip\r\n", b"Transfer-Encoding:\r\n chunked\r\n", b"transfer-encoding: chunked, chunked\r\n",
    b"Connection: close\r\n", b"Connection: keep-alive\r\n", b"Upgrade: x\r\n", b"Expect: 100-continue\r\n", b"Trailer: a\r\n",
    b"0\r\n\r\n", b"0\r\n", b"0\n\n", b"1\r\nx\r\n", b"1;a=b\r\nx\r\n", b"ffffffffffffffff\r\n", b"7fffffffffffffff\r\n", b"-1\r\n", b"+1\r\n",
    b"0x1\r\n", b"1_0\r\n", b"5\r\nhello\r\n", b"5\nhello\n", b" folded\r\n", b"\tfolded\r\n", b"A : b\r\n", b": b\r\n", b"A\r\n", b"A: b\x00\r\n",
    b"200", b"304", b"HEAD ", b"CONNECT ", b"\x16\x03\x01",
]  # fmt: skip


@st.composite
def broken(draw: st.DrawFn, messages: st.SearchStrategy[Message]) -> bytes:
    """A valid message with a few pieces deleted, repeated, inserted or flipped."""
    data = draw(messages).wire
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(data)))
        end = min(len(data), at + draw(st.integers(1, 8)))
        what = draw(st.sampled_from(["delete", "repeat", "insert", "flip", "replace"]))
        if what == "delete":
            data = data[:at] + data[end:]
        elif what == "repeat":
            data = data[:end] + data[at:]
        elif what == "insert":
            data = data[:at] + draw(st.sampled_from(WORDS)) + data[at:]
        elif what == "replace":
            data = data[:at] + draw(st.sampled_from(WORDS)) + data[end:]
        elif at < len(data):
            data = data[:at] + bytes([data[at] ^ draw(st.integers(1, 255))]) + data[at + 1 :]
    return data


@st.composite
def cuts(draw: st.DrawFn, data: bytes) -> list[bytes]:
    """A partition of the data: anywhere, or at the line ends."""
    line_ends = [at for at, byte in enumerate(data) if byte in b"\r\n"]
    where = (
        st.integers(0, len(data))
        if not line_ends
        else st.integers(0, len(data)) | st.sampled_from(line_ends)
    )
    places = sorted({0, len(data), *draw(st.lists(where, max_size=12))})
    return [data[start:end] for start, end in itertools.pairwise(places)]
