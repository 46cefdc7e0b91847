"""Percent-encoding: parts of URLs in their normal form, and forms.

    pct-encoded = "%" HEXDIG HEXDIG           ; RFC 3986 section 2.1

Nothing is encoded twice: what is an escape already stays one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from h11client._messages.hosts import shown_url
from h11client.exceptions import InvalidURL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeAlias

    Scalar: TypeAlias = "str | bytes | int | float | None"
    ParamValue: TypeAlias = Scalar | Iterable[Scalar]
    Params: TypeAlias = (
        Mapping[str, ParamValue]
        | Mapping[str, str]
        | Mapping[str, int]
        | Iterable[tuple[str | bytes | int, ParamValue]]
        | str
        | bytes
        | None
    )

__all__ = ["encode_form", "escape_bytes", "normal_path", "normal_query", "to_utf8", "unescape"]

# RFC 3986 sections 2.2, 2.3 and 3.3 to 3.5; in a class of characters "-" comes first.
_UNRESERVED = r"\-A-Za-z0-9._~"
_PCHAR = _UNRESERVED + r"!$&'()*+,;=:@"
_PLAIN_PATH = re.compile(rf"[{_PCHAR}/]*")
_PLAIN_QUERY = re.compile(rf"[{_PCHAR}/?]*")
# What is not plain: an escape, which stays one, or a byte that has to become one.
_ODD_IN_PATH = re.compile(rf"%[0-9A-Fa-f]{{2}}|[^{_PCHAR}/]".encode())
_ODD_IN_QUERY = re.compile(rf"%[0-9A-Fa-f]{{2}}|[^{_PCHAR}/?]".encode())
_PLAIN_FORM = re.compile(rf"[{_UNRESERVED}]*")
_ODD_IN_FORM = re.compile(rf"[^{_UNRESERVED}]".encode())
_ESCAPE = re.compile(rb"%([0-9A-Fa-f]{2})")
_BEYOND_ASCII = re.compile(rb"[\x80-\xff]")


def normal_path(path: str, text: str) -> str:
    """A path in its normal form; `text` is the URL, for the error."""
    return path if _PLAIN_PATH.fullmatch(path) else _normal(path, _ODD_IN_PATH, text)


def normal_query(query: str, text: str) -> str:
    """A query or fragment in its normal form; `text` is the URL, for the error."""
    return query if _PLAIN_QUERY.fullmatch(query) else _normal(query, _ODD_IN_QUERY, text)


def try_utf8(text: str) -> bytes | None:
    """UTF-8, or None for what has half a surrogate pair.

    Nothing is raised from in here: the error of the codec holds the text, a password perhaps.
    """
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        return None


def to_utf8(text: str) -> bytes:
    """UTF-8; a `ValueError` for what has half a surrogate pair."""
    raw = try_utf8(text)
    if raw is None:
        raise ValueError("text with half a surrogate pair cannot be encoded")
    return raw


def _normal(part: str, odd: re.Pattern[bytes], text: str) -> str:
    """Percent-encoding in its normal form (RFC 3986 section 6.2.2); nothing is encoded twice."""
    raw = try_utf8(part)
    if raw is None:
        raise InvalidURL(f"a URL cannot hold half a surrogate pair: {shown_url(text)}")
    return odd.sub(_normal_escape, raw).decode("ascii")


def _normal_escape(match: re.Match[bytes]) -> bytes:
    found = match[0]
    if len(found) == 1:
        return b"%%%02X" % found[0]
    byte = bytes([int(found[1:], 16)])
    return found.upper() if _ODD_IN_FORM.match(byte) else byte


def escape_bytes(raw: bytes) -> str:
    """Text in which each byte beyond ASCII has become an escape, and nothing else has changed.

    >>> escape_bytes(b"/\xe9?%e9")
    '/%E9?%e9'
    """
    return _BEYOND_ASCII.sub(_byte_escape, raw).decode("ascii")


def _byte_escape(match: re.Match[bytes]) -> bytes:
    return b"%%%02X" % match[0][0]


def unescape(part: str) -> bytes:
    """The bytes that `part` stands for; a "%" that begins no escape stays what it is.

    >>> unescape("a%40b%zz")
    b'a@b%zz'
    """
    return _ESCAPE.sub(_unescaped, part.encode("utf-8"))


def _unescaped(match: re.Match[bytes]) -> bytes:
    return bytes([int(match[1], 16)])


def encode_form(fields: Params) -> str:
    """application/x-www-form-urlencoded: of pairs or a mapping, as `build_url` takes them.

    >>> encode_form([("a", "1 2"), ("b", [True, None, b"~"])])
    'a=1+2&b=True&b=~'
    """
    if isinstance(fields, (str, bytes)):
        raise TypeError("expected a mapping or (name, value) pairs, not text")
    pairs: Iterable[tuple[object, object]] = (
        fields.items() if isinstance(fields, Mapping) else fields or ()
    )
    encoded = []
    for pair in pairs:
        if isinstance(pair, (str, bytes)):
            raise TypeError("expected a mapping or (name, value) pairs, not pieces of text")
        name, values = pair
        for value in _values_of(values):
            encoded.append(f"{_encode_form_part(name)}={_encode_form_part(value)}")
    return "&".join(encoded)


def _values_of(values: object) -> Iterable[object]:
    """The values of a name, without None; those of lists in a list as well."""
    if isinstance(values, (str, bytes, bytearray)) or not isinstance(values, Iterable):
        return () if values is None else (values,)
    flat: list[object] = []
    for value in values:
        flat += value if isinstance(value, (list, tuple)) else (value,)
    return [value for value in flat if value is not None]


def _encode_form_part(part: object) -> str:
    if isinstance(part, (bytes, bytearray)):
        raw = bytes(part)
    else:
        # Members of an Enum are text, and show their name when they are turned into some.
        text = str.__str__(part) if isinstance(part, str) else str(part)
        if _PLAIN_FORM.fullmatch(text):
            return text
        raw = to_utf8(text)
    return _ODD_IN_FORM.sub(_form_escape, raw).decode("ascii")


def _form_escape(match: re.Match[bytes]) -> bytes:
    return b"+" if match[0] == b" " else b"%%%02X" % match[0][0]
