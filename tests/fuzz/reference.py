"""A second parser, as naive as can be: the grammar of RFC 9112 over a buffer that holds everything.

It shares no line with `h11/`, looks at every message from its first byte, and knows what the project
has decided where the RFC leaves a choice (docs/deviations.md).
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
TEXT = rb"[^\x00\r\n\x0b\x0c]*"  # control bytes but the five that end lines somewhere
STATUS_LINE = re.compile(rb"HTTP/(1\.[0-9]) ([1-9][0-9][0-9])(?: (%b))?" % TEXT)
REQUEST_LINE = re.compile(rb"(%b) ([\x21-\x7e]+) HTTP/(1\.[0-9])" % TOKEN)
FIELD = re.compile(rb"(%b):[ \t]*(%b)" % (TOKEN, TEXT))
FOLD = re.compile(rb"[ \t]+(%b)" % TEXT)
CHUNK_LINE = re.compile(rb"([0-9A-Fa-f]{1,16})[ \t]*(?:;[^\x00\r\n]*)?")
LAST_LINE = re.compile(rb"\r?\n\r?\n")
MOST = 2**63 - 1


class Caps(NamedTuple):
    head: int = 16 * 1024
    fields: int = 512
    status_line: int = 8192
    trailers: int = 32 * 1024
    chunk_line: int = 4096
    chunk_overhead: int = 16 * 1024
    informational: int = 32


class Refused(Exception):
    """The message is wrong, whatever follows."""


class Incomplete(Exception):
    """What there is, is right so far, and more has to follow."""


Pairs = list[tuple[bytes, bytes]]


def read(ask: str, eof: bool, wire: bytes, caps: Caps | None = None) -> dict[str, Any]:
    """The verdict on one message; `ask` as in `h11_verdicts`."""
    caps = caps or Caps()
    found: dict[str, Any] = {
        "outcome": "complete",
        "informational": [],
        "head": None,
        "fields": [],
        "body": b"",
        "trailers": [],
        "left": b"",
        "reusable": False,
        "error": "",
    }
    try:
        if ask == "server":
            found["left"] = read_request(found, wire, caps)
        else:
            found["left"] = read_response(found, ask, eof, wire, caps)
    except Refused as error:
        found["outcome"], found["error"] = "refused", str(error)
    except Incomplete as error:
        closed = eof and ask == "server" and not wire
        found["outcome"] = "closed" if closed else "refused" if eof else "incomplete"
        found["error"] = str(error)
    found["body"], found["left"] = text(found["body"]), text(found["left"])
    return found


def read_request(found: dict[str, Any], wire: bytes, caps: Caps) -> bytes:
    line, fields, rest = read_head(wire, caps)
    match = REQUEST_LINE.fullmatch(line)
    if not match:
        raise Refused("request line")
    method, target, version = match.groups()
    hosts = len(values(fields, b"host"))
    if hosts > 1 or (hosts == 0 and version >= b"1.1"):
        raise Refused("Host")
    length, chunked = framing(fields)
    if chunked and length is not None:
        raise Refused("both framings")
    found["head"], found["fields"] = [text(method), text(target), text(version)], shown(fields)
    rest = read_body(found, None if chunked else length or 0, rest, caps)
    switching = method == b"CONNECT" or listed(fields, b"upgrade")
    found["reusable"] = persists(fields, version) and not switching
    return rest


def read_response(found: dict[str, Any], ask: str, eof: bool, wire: bytes, caps: Caps) -> bytes:
    line, fields, rest = read_head(wire, caps)
    match = STATUS_LINE.fullmatch(line)
    if not match or len(line) > caps.status_line:
        raise Refused("status line")
    version, status, reason = match[1], int(match[2]), match[3] or b""
    length, chunked = framing(fields)
    if status < 200:
        return read_informational(found, ask, eof, rest, caps, status, fields)
    found["head"], found["fields"] = [status, text(reason), text(version)], shown(fields)
    if ask == "CONNECT" and status < 300:
        found["outcome"] = "switched"
        return rest
    both = chunked and length is not None
    if status in (204, 304) or ask == "HEAD":
        rest = read_body(found, 0, rest, caps)
    elif chunked or length is not None:
        rest = read_body(found, None if chunked else length, rest, caps)
    elif eof:
        found["body"] = rest
        return b""
    else:
        found["body"] = rest
        raise Incomplete("to the end")
    found["reusable"] = persists(fields, version) and not both
    return rest


def read_informational(
    found: dict[str, Any], ask: str, eof: bool, rest: bytes, caps: Caps, status: int, fields: Pairs
) -> bytes:
    if status == 101 and ask != "UPGRADE":
        raise Refused("101 that nobody asked for")
    if len(found["informational"]) == caps.informational:
        raise Refused("informational responses")
    found["informational"].append([status, shown(fields)])
    if status == 101:
        found["outcome"] = "switched"
        return rest
    return read_response(found, ask, eof, rest, caps)


def read_head(wire: bytes, caps: Caps) -> tuple[bytes, Pairs, bytes]:
    """(start line, fields, what follows); bare LF ends a line too (section 2.2)."""
    end = LAST_LINE.search(wire)
    if end is None or end.end() > caps.head:
        if len(wire) > caps.head:
            raise Refused("head too large")
        raise Incomplete("head")
    lines = re.split(rb"\r?\n", wire[: end.start()])
    return lines[0], read_fields(lines[1:], caps), wire[end.end() :]


def read_fields(lines: list[bytes], caps: Caps) -> Pairs:
    fields: Pairs = []
    for line in lines:
        fold, field = FOLD.fullmatch(line), FIELD.fullmatch(line)
        if fold and fields:  # obs-fold (section 5.2) becomes one SP
            name, value = fields.pop()
            if name in (b"content-length", b"transfer-encoding"):
                raise Refused("folded framing")
            fields.append((name, (value + b" " + fold[1].rstrip(b" \t")).strip(b" \t")))
        elif field:
            fields.append((field[1].lower(), field[2].rstrip(b" \t")))
        else:
            raise Refused("field line")
    if len(fields) > caps.fields:
        raise Refused("too many fields")
    return normal(fields)


def normal(fields: Pairs) -> Pairs:
    """Content-Length once (RFC 9110 section 8.6), Transfer-Encoding in lower case."""
    framing(fields)
    seen: Pairs = []
    for name, value in fields:
        if name == b"content-length":
            if values(seen, name):
                continue
            value = value.partition(b",")[0].strip(b" \t")
        seen.append((name, value.lower() if name == b"transfer-encoding" else value))
    return seen


def framing(fields: Pairs) -> tuple[int | None, bool]:
    """(Content-Length, whether chunked), section 6.3."""
    codings = values(fields, b"transfer-encoding")
    if codings and [coding.lower() for coding in codings] != [b"chunked"]:
        raise Refused("Transfer-Encoding")
    lengths = {
        part.strip(b" \t")
        for value in values(fields, b"content-length")
        for part in value.split(b",")
    }
    if not lengths:
        return None, bool(codings)
    length = lengths.pop()
    if lengths or not re.fullmatch(rb"[0-9]{1,20}", length) or int(length) > MOST:
        raise Refused("Content-Length")
    return int(length), bool(codings)


def read_body(found: dict[str, Any], length: int | None, rest: bytes, caps: Caps) -> bytes:
    """A body of that length, or a chunked one for None."""
    if length is None:
        return read_chunks(found, rest, caps)
    found["body"] = rest[:length]
    if len(rest) < length:
        raise Incomplete("body")
    return rest[length:]


def read_chunks(found: dict[str, Any], rest: bytes, caps: Caps) -> bytes:
    overhead, framed = 0, 2  # every chunk but the first comes after a CRLF, which counts with it
    while True:
        line, rest = read_chunk_line(rest, caps)
        match = CHUNK_LINE.fullmatch(line)
        if not match or int(match[1], 16) > MOST:
            raise Refused("chunk line")
        size = int(match[1], 16)
        overhead = max(0, overhead + len(line) + 2 + framed - 16 - 2 * size)
        if overhead > caps.chunk_overhead:
            raise Refused("chunk framing")
        if not size:
            return read_trailers(found, rest, caps)
        found["body"] += rest[:size]
        if len(rest) < size + 2 and b"\r\n".startswith(rest[size:]):
            raise Incomplete("chunk")
        if rest[size : size + 2] != b"\r\n":
            raise Refused("chunk footer")
        rest = rest[size + 2 :]


def read_chunk_line(rest: bytes, caps: Caps) -> tuple[bytes, bytes]:
    end = re.search(rb"[\r\n]", rest)
    if end is None or rest[end.start() :] == b"\r":
        if len(rest) - (end is not None) > caps.chunk_line:
            raise Refused("chunk line too long")
        raise Incomplete("chunk line")
    if end.start() > caps.chunk_line or rest[end.start() : end.start() + 2] != b"\r\n":
        raise Refused("chunk line")
    return rest[: end.start()], rest[end.start() + 2 :]


def read_trailers(found: dict[str, Any], rest: bytes, caps: Caps) -> bytes:
    section, end, after = (b"\r\n" + rest).partition(b"\r\n\r\n")
    stray = re.search(rb"\r[^\n]|(?<!\r)\n", section + end)
    if stray:
        raise Refused("line end in trailers")
    size = len(section) + len(end) - 2
    if size > caps.trailers:
        raise Refused("trailers too large")
    if not end:
        raise Incomplete("trailers")
    lines = section[2:].split(b"\r\n") if section else []
    found["trailers"] = shown(read_fields(lines, caps))
    return after


def persists(fields: Pairs, version: bytes) -> bool:
    return version >= b"1.1" and b"close" not in listed(fields, b"connection")


def values(fields: Pairs, name: bytes) -> list[bytes]:
    return [value for found, value in fields if found == name]


def listed(fields: Pairs, name: bytes) -> set[bytes]:
    parts = b",".join(values(fields, name)).lower().split(b",")
    return {part.strip(b" \t") for part in parts} - {b""}


def text(data: bytes) -> str:
    return data.decode("latin-1")


def shown(fields: Pairs) -> list[list[str]]:
    return [[text(name), text(value)] for name, value in fields]
