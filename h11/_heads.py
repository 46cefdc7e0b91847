"""Bytes to heads: the start line and the fields in front of every message, and the trailer section.

Nearly every head is regular: CRLF everywhere, no folding, no blanks in odd places. That is proven
for the whole block at once: what remains without the CRLF pairs at which it was split must hold
none of the five forbidden bytes. Whatever is not regular takes the careful path, which
accepts what RFC 9112 lets a recipient accept (bare LF in heads, section 2.2; obs-fold, section 5.2)
and gives the exact error for the rest.

No verdict may depend on how the bytes were split: limits count bytes of the message, and a byte
that can only be wrong is refused as soon as it is there.
"""

from __future__ import annotations

import re

from ._buffer import ReceiveBuffer
from ._errors import LocalProtocolError, RemoteProtocolError, excerpt
from ._events import (
    InformationalResponse,
    Request,
    Response,
    check_host,
    parsed_request,
    parsed_response,
)
from ._grammar import ALLOWED_IN_VALUES, BLANKS, REQUEST_LINE, STATUS_LINE
from ._headers import FRAMING_NAMES, KNOWN_NAMES, Field, Headers, checked_headers, parsed_headers
from ._limits import ParserLimits

BLANK_LINE = re.compile(rb"\n\r?\n")
STRAY_CR = re.compile(rb"\r[^\n]")
STRAY_LINE_END = re.compile(rb"\r[^\n]|(?<!\r)\n")

# What follows may be a credential. In a wrong line that cannot be told by the name of a field.
SECRET = re.compile(rb"(?i)cookie|authorization|api-?key|token")
USERINFO = re.compile(rb"//[^/?#\s]*@")

MAX_KNOWN_STATUS_LINES = 512
MAX_KNOWN_STATUS_LINE_LENGTH = 64

TOO_LARGE = 431  # Request Header Fields Too Large, RFC 6585 section 5

StatusLine = tuple[bytes, int, bytes]


class _KnownStatusLines(dict[bytes, StatusLine]):
    """Status line -> (version, status code, reason); peers send the same few again and again."""

    def __missing__(self, line: bytes) -> StatusLine:
        match = STATUS_LINE.fullmatch(line)
        if match is None:
            raise RemoteProtocolError(f"illegal status line: {excerpt(line)}")
        version, digits, reason = match.groups()
        if version[0] != 0x31:
            # RFC 9110 section 2.5: another major version is another syntax.
            raise RemoteProtocolError(f"unsupported HTTP version: {excerpt(line)}")
        status = int(digits)
        if status < 100:
            raise RemoteProtocolError(f"illegal status code: {excerpt(line)}")
        parsed = (version, status, reason or b"")
        if len(line) <= MAX_KNOWN_STATUS_LINE_LENGTH and len(self) < MAX_KNOWN_STATUS_LINES:
            self[line] = parsed
        return parsed


KNOWN_STATUS_LINES = _KnownStatusLines()


def read_response(
    buffer: ReceiveBuffer, max_head: int, limits: ParserLimits, to_connect: bool = False
) -> Response | InformationalResponse | None:
    """The next response head, or None while it is incomplete."""
    if to_connect:
        head = _read_irregular_head(buffer, max_head, limits.fields, True)
    else:
        head = _read_head(buffer, max_head, limits.fields)
    if head is None:
        return None
    line, headers = head
    if len(line) > limits.status_line:
        raise RemoteProtocolError("status line too long", error_status_hint=TOO_LARGE)
    version, status, reason = KNOWN_STATUS_LINES[line]
    kind = Response if status >= 200 else InformationalResponse
    return parsed_response(kind, status, headers, version, reason)


def read_request(buffer: ReceiveBuffer, max_head: int, limits: ParserLimits) -> Request | None:
    """The next request head, or None while it is incomplete."""
    head = _read_head(buffer, max_head, limits.fields)
    if head is None:
        return None
    line, headers = head
    match = REQUEST_LINE.fullmatch(line)
    if match is None:
        raise RemoteProtocolError(f"illegal request line: {excerpt(line)}")
    method, target, version = match.groups()
    if version[0] != 0x31:
        raise RemoteProtocolError(
            f"unsupported HTTP version: {excerpt(line)}", error_status_hint=505
        )
    check_host(headers, version)
    facts = headers.facts
    if facts.chunked and facts.content_length is not None:
        # RFC 9112 section 6.3 rule 3: request smuggling; a server may refuse, and must not reuse.
        raise RemoteProtocolError("request with both Transfer-Encoding and Content-Length")
    return parsed_request(method, target, headers, version)


def _read_head(
    buffer: ReceiveBuffer, max_head: int, max_fields: int
) -> tuple[bytes, Headers] | None:
    data = buffer.data
    start = buffer.start
    searched = start + buffer.scanned - 3 if buffer.scanned > 3 else start
    end = data.find(b"\r\n\r\n", searched, start + max_head)
    if end >= 0:
        block = bytes(data[start:end])
        lines = block.split(b"\r\n")
        # Everything but the line ends. Each search is a memchr over all of it: together half the
        # time of a `translate`, which looks at byte after byte.
        rest = b"".join(lines)
        forbidden = 13 in rest or 10 in rest or 0 in rest or 11 in rest or 12 in rest
        if not forbidden and data[start] > 0x20:
            line = lines.pop(0)
            known = KNOWN_NAMES
            fields: dict[bytes, bytes] = {}
            try:
                for field in lines:
                    name, value = field.split(b":", 1)
                    # strip() without an argument: of what it strips, only SP and HTAB got this far
                    fields[known[name]] = value.strip()
            except (ValueError, LocalProtocolError):
                pass  # a fold or an error: the careful path knows
            else:
                if len(lines) > max_fields:
                    raise _too_many_fields(max_fields)
                buffer.scanned = 0  # as skip_to() does, without a call
                if end + 4 == len(data):
                    buffer.data = b""
                    buffer.start = 0
                else:
                    buffer.start = end + 4
                if len(fields) == len(lines):
                    return line, checked_headers(fields, None, lines, None)
                return line, parsed_headers(_pairs(lines), lines)
    return _read_irregular_head(buffer, max_head, max_fields, False)


def _tunnel_headers(pairs: list[Field], names: list[bytes], line: bytes) -> Headers:
    try:
        return parsed_headers(pairs, names)
    except LocalProtocolError:
        if line[9:10] != b"2":  # the status, if this is a status line, which is not checked yet
            raise
        # RFC 9110 section 9.3.6: in a 2xx framing fields mean nothing, however malformed they are.
        kept = [at for at, (name, _) in enumerate(pairs) if name not in FRAMING_NAMES]
        return parsed_headers([pairs[at] for at in kept], [names[at] for at in kept])


def _pairs(lines: list[bytes]) -> list[Field]:
    """Of lines that were found regular, where one name comes several times."""
    split = [line.split(b":", 1) for line in lines]
    return [(KNOWN_NAMES[name], value.strip()) for name, value in split]


def _read_irregular_head(
    buffer: ReceiveBuffer, max_head: int, max_fields: int, to_connect: bool
) -> tuple[bytes, Headers] | None:
    """An incomplete head, one with bare LF or folded lines, or one that is wrong."""
    data = buffer.data
    start = buffer.start
    if start == len(data):
        return None
    if data[start] < 0x21:
        # A blank line, a TLS record, or anything else that no start line begins with.
        raise RemoteProtocolError(
            f"not an HTTP message: it begins with {excerpt(data[start : start + 20])}"
        )
    searched = start + max(0, buffer.scanned - 2)
    blank_line = BLANK_LINE.search(data, searched, start + max_head)
    end = start + max_head + 1 if blank_line is None else blank_line.end()
    if STRAY_CR.search(data, searched, end):
        raise RemoteProtocolError("CR without LF in a message head")
    if blank_line is None:
        if len(data) - start > max_head:
            raise RemoteProtocolError("message head too large", error_status_hint=TOO_LARGE)
        buffer.scanned = len(data) - start
        return None
    block = bytes(data[start : blank_line.start()])
    lines = [line[:-1] if line.endswith(b"\r") else line for line in block.split(b"\n")]
    line = lines.pop(0)
    pairs, names = _careful_fields(lines, max_fields)
    headers = _tunnel_headers(pairs, names, line) if to_connect else parsed_headers(pairs, names)
    buffer.skip_to(blank_line.end())
    return line, headers


def read_trailers(buffer: ReceiveBuffer, limits: ParserLimits) -> Headers | None:
    """The trailer section of a chunked body, or None while incomplete; only CRLF ends its lines."""
    data = buffer.data
    start = buffer.start
    if data.startswith(b"\r\n", start):
        buffer.skip_to(start + 2)
        return Headers()
    searched = start + max(0, buffer.scanned - 3)
    end = data.find(b"\r\n\r\n", searched, start + limits.trailers)
    stop = start + limits.trailers + 1 if end < 0 else end
    if STRAY_LINE_END.search(data, max(start, searched - 1), stop):
        raise RemoteProtocolError("bare CR or LF in a trailer section")
    if end < 0:
        if len(data) - start > limits.trailers:
            raise RemoteProtocolError("trailer section too large", error_status_hint=TOO_LARGE)
        buffer.scanned = len(data) - start
        return None
    pairs, names = _careful_fields(bytes(data[start:end]).split(b"\r\n"), limits.fields)
    headers = parsed_headers(pairs, names)
    buffer.skip_to(end + 4)
    return headers


def _careful_fields(lines: list[bytes], max_fields: int) -> tuple[list[Field], list[bytes]]:
    """The pairs of field lines, folded ones joined, each checked by itself; names as received."""
    names: list[bytes] = []
    fields: list[Field] = []
    folded: list[bytes] = []  # the parts of the last field's value, joined when it is complete
    for line in lines:
        if line[:1] in (b" ", b"\t"):
            _check_fold(line, names)
            folded = folded or [fields[-1][1]]
            folded.append(line.strip(BLANKS))
            continue
        if folded:
            fields[-1] = _unfold(fields[-1], folded)
            folded = []
        name, colon, value = line.partition(b":")
        try:
            lower = KNOWN_NAMES[name]  # RFC 9112 section 5.1: no blank before the colon either
        except LocalProtocolError:
            colon = b""
        if not colon:
            raise RemoteProtocolError(f"illegal header line: {_shown(line)}")
        _check_value(value, line)
        names.append(name + b":")
        fields.append((lower, value.strip(BLANKS)))
    if folded:
        fields[-1] = _unfold(fields[-1], folded)
    if len(fields) > max_fields:
        raise _too_many_fields(max_fields)
    return fields, names


def _check_fold(line: bytes, names: list[bytes]) -> None:
    """RFC 9112 section 5.2: obs-fold may become SP; not where it would steer the framing."""
    if not names:
        raise RemoteProtocolError("continuation line at start of headers")
    if names[-1].lower() in (b"content-length:", b"transfer-encoding:"):
        raise RemoteProtocolError(f"folded {names[-1][:-1].decode('ascii')}")
    _check_value(line, names[-1] + line)


def _unfold(field: Field, parts: list[bytes]) -> Field:
    return field[0], b" ".join([part for part in parts if part])


def _check_value(value: bytes, line: bytes) -> None:
    if value.translate(None, ALLOWED_IN_VALUES):
        raise RemoteProtocolError(f"illegal header line: {_shown(line)}")


def _shown(line: bytes) -> str:
    """A wrong line for a message, which may end in a log: up to what may be a credential."""
    line = USERINFO.sub(b"//***@", line)
    secret = SECRET.search(line)
    return excerpt(line) if secret is None else f"{excerpt(line[: secret.end()])}..."


def _too_many_fields(most: int) -> RemoteProtocolError:
    return RemoteProtocolError(f"more than {most} header fields", error_status_hint=TOO_LARGE)
