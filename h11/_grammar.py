"""The ABNF of RFC 9110 and RFC 9112 that both directions share, beside what checks it.

    tchar          = "!" / "#" / "$" / "%" / "&" / "'" / "*" / "+" / "-" / "." /
                     "^" / "_" / "`" / "|" / "~" / DIGIT / ALPHA      ; RFC 9110 section 5.6.2
    token          = 1*tchar
    field-name     = token                                            ; 5.1
    field-value    = *( field-vchar with inner SP / HTAB )             ; 5.5
    method         = token                                            ; 9.1
    request-target = 1*VCHAR here: any of the four forms is made of    ; RFC 9112 section 3.2
                     visible US-ASCII without blanks
    HTTP-version   = "HTTP/" DIGIT "." DIGIT                          ; RFC 9112 section 2.3
    status-line    = HTTP-version SP 3DIGIT [ SP reason-phrase ]      ; section 4

Wider than the RFC in one point: a field value or a reason phrase may hold any byte but NUL, CR, LF,
VT and FF, since deployed software sends control bytes in cookies, and refusing those five is what
protects the framing.
"""

from __future__ import annotations

import re

from ._errors import LocalProtocolError, excerpt

TCHARS = b"!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
VCHARS = bytes(range(0x21, 0x7F))
DIGITS = b"0123456789"
BLANKS = b" \t"  # OWS; never bytes.strip() without an argument on unchecked input
FORBIDDEN_IN_VALUES = b"\x00\r\n\x0b\x0c"

# What `translate` deletes to leave only the bytes that need a look: C speed over a whole head.
ALLOWED_IN_VALUES = bytes(sorted(set(range(256)) - set(FORBIDDEN_IN_VALUES)))

COMMON_METHODS = frozenset(
    (b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS", b"CONNECT", b"TRACE")
)

MAX_CONTENT_LENGTH_DIGITS = 20  # before int(): its cost grows with the square of the digits
MAX_LENGTH = 2**63 - 1  # what every peer's file offset can hold

STATUS_LINE = re.compile(rb"HTTP/([0-9]\.[0-9]) ([0-9]{3})(?: ([^\x00\r\n\x0b\x0c]*))?")
REQUEST_LINE = re.compile(rb"([!#$%&'*+\-.^_`|~0-9a-zA-Z]+) ([\x21-\x7e]+) HTTP/([0-9]\.[0-9])")
VERSION = re.compile(rb"[0-9]\.[0-9]")


def to_bytes(value: object, what: str) -> bytes:
    """`value` as bytes: bytes as they are, ASCII text encoded, any bytes-like object copied."""
    if type(value) is bytes:
        return value
    if isinstance(value, str):
        try:
            return value.encode("ascii")
        except UnicodeEncodeError:
            raise LocalProtocolError(f"{what} is not ASCII: {value[:100]!r}") from None
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value)
    if isinstance(value, int):
        # bytes(5) would be five NULs.
        raise TypeError(f"{what}: expected a bytes-like object, not int")
    return bytes(memoryview(value))  # type: ignore[arg-type]  # raises the TypeError that names the type


def is_token(value: bytes) -> bool:
    return bool(value) and not value.translate(None, TCHARS)


def check_method(method: bytes) -> None:
    if not is_token(method):
        raise LocalProtocolError(f"Illegal method characters: {excerpt(method)}")


def check_target(target: bytes) -> None:
    if not target or target.translate(None, VCHARS):
        raise LocalProtocolError(f"Illegal target characters: {excerpt(target)}")


def check_reason(reason: bytes) -> None:
    if reason.translate(None, ALLOWED_IN_VALUES):
        raise LocalProtocolError(f"Illegal reason phrase characters: {excerpt(reason)}")


def comma_list(values: list[bytes]) -> list[bytes]:
    """The lower-cased members of a `#token` list spread over fields (RFC 9110 section 5.6.1)."""
    return [
        member
        for value in values
        for part in value.lower().split(b",")
        if (member := part.strip(BLANKS))
    ]
