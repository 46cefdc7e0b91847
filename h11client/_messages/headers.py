"""`Headers`: the fields of a message, in order, found by name whatever its case."""

from __future__ import annotations

import re
from collections.abc import ItemsView, Iterable, Iterator, Mapping, MutableMapping
from itertools import count

from h11client.exceptions import InvalidHeader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeAlias

    HeaderValue: TypeAlias = "str | bytes | None"
    HeadersArgument: TypeAlias = (
        Mapping[str, HeaderValue]
        | Mapping[str, str]
        | Mapping[bytes, bytes]
        | Iterable[tuple[str | bytes, HeaderValue]]
        | None
    )

__all__ = [
    "SECRET_NAMES",
    "Headers",
    "check_field",
    "field_pairs",
    "is_never_shown",
    "is_token",
    "mask_userinfo",
    "never_show",
]

# Values of these are never shown: not in a repr, a message or a log line.
SECRET_NAMES = frozenset(
    [
        *("authorization", "proxy-authorization", "cookie", "set-cookie"),
        *("x-api-key", "api-key", "x-auth-token", "x-access-token", "x-csrf-token"),
    ]
)

# Those, and what sessions were told to be secret: no session is at hand when headers are shown.
_never_shown = set(SECRET_NAMES)
_USERINFO = re.compile(r"(//)[^/?#\s]*@")  # of a URL, wherever there is one
_USERINFO_IN_A_URL = re.compile(r"((?:[A-Za-z][A-Za-z0-9+.\-]*:)?/{0,2})[^/?#]*@")
_URLS = frozenset(["location", "content-location", "referer"])

_TCHARS = b"!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_FORBIDDEN = {0: "NUL", 10: "LF", 11: "VT", 12: "FF", 13: "CR"}  # RFC 9110 section 5.5
_ALLOWED_IN_VALUES = bytes(sorted(set(range(256)) - set(_FORBIDDEN)))
_LONGEST_SHOWN = 100  # characters of a wrong name in a message

_numbers = count(1)  # next() of it is atomic, so that every number is given out once


class _Items(ItemsView[str, str]):
    """Names and values as they were at the beginning, whatever another thread does meanwhile."""

    __slots__ = ()

    if TYPE_CHECKING:
        _mapping: Headers

    def __iter__(self) -> Iterator[tuple[str, str]]:
        fields = list(self._mapping._fields.values())
        return iter([(found[-1][1], _joined(found)) for found in fields])


class Headers(MutableMapping[str, str]):
    """An ordered, case-insensitive mapping of header names to values that may hold a name twice.

    As in requests, names keep the case they were last set with, and a name that occurs several
    times reads as one value joined by ", " (RFC 9110 section 5.3); `get_list` gives them apart.
    Values are text; bytes are decoded as latin-1, which loses nothing. Setting a name to None
    removes it. Contents are checked where they are sent, so that no mutation gets past the check.

    Args:
        fields: a mapping, or (name, value) pairs.

    Raises:
        InvalidHeader: a name or value is neither text nor bytes.

    Example:
        >>> headers = Headers([("Accept", "text/html"), ("accept", "text/plain")])
        >>> headers["ACCEPT"], headers.get_list("accept")
        ('text/html, text/plain', ['text/html', 'text/plain'])
        >>> Headers({"Authorization": "Bearer secret"})
        {'Authorization': '***'}
    """

    __slots__ = ("_fields", "version")

    # Lower-case name -> its (position, name, value), one for each time it occurs.
    _fields: dict[str, list[tuple[int, str, str]]]
    # No two states of any two objects share a number: equal versions mean equal fields.
    version: int

    def __init__(self, fields: HeadersArgument = None) -> None:
        self._fields = {}
        self.version = next(_numbers)
        if fields is not None:
            for name, value in field_pairs(fields):
                if value is not None:
                    self.add(name, value)

    @classmethod
    def from_wire(cls, pairs: Iterable[tuple[bytes, bytes]]) -> Headers:
        """Headers from the bytes of a message that was parsed."""
        headers = cls()
        fields = headers._fields
        for raw_name, raw_value in pairs:
            name = str(raw_name, "latin-1")
            occurrence = (next(_numbers), name, str(raw_value, "latin-1"))
            key = name.lower()
            if key in fields:
                fields[key].append(occurrence)
            else:
                fields[key] = [occurrence]
        return headers

    def __getitem__(self, name: str) -> str:
        return _joined(self._fields[_key(name)])

    def __setitem__(self, name: str | bytes, value: HeaderValue) -> None:
        name = _text(name, name)
        key = name.lower()
        number = next(_numbers)
        if value is None:
            self._fields.pop(key, None)
        else:
            old = self._fields.get(key)
            self._fields[key] = [(old[0][0] if old else number, name, _text(value, name))]
        self.version = number

    def __delitem__(self, name: str) -> None:
        del self._fields[_key(name)]
        self.version = next(_numbers)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, (str, bytes)) and _key(name) in self._fields

    def __iter__(self) -> Iterator[str]:
        return iter([found[-1][1] for found in list(self._fields.values())])

    def __len__(self) -> int:
        return len(self._fields)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Mapping):
            return NotImplemented
        try:
            others = other if isinstance(other, Headers) else Headers(other)
        except InvalidHeader:
            return NotImplemented
        return dict(self.lower_items()) == dict(others.lower_items())

    __hash__ = None  # type: ignore[assignment]  # mutable, and equal to dicts, which have none

    def __repr__(self) -> str:
        return repr({name: _as_shown(name, value) for name, value in self.items()})

    def clear(self) -> None:
        """Removes every field."""
        self._fields = {}
        self.version = next(_numbers)

    def add(self, name: str | bytes, value: str | bytes) -> None:
        """Adds a field, and keeps those of the same name."""
        name = _text(name, name)
        number = next(_numbers)
        occurrence = (number, name, _text(value, name))
        self._fields.setdefault(name.lower(), []).append(occurrence)
        self.version = number

    def get_list(self, name: str) -> list[str]:
        """Every value of `name`, in order; empty when there is none."""
        return [value for _, _, value in self._fields.get(_key(name), ())]

    # As urllib3 and `email` call it: for programs that ask `response.raw.headers`.
    getlist = get_all = get_list

    def multi_items(self) -> list[tuple[str, str]]:
        """(name, value) of every field, as often and in the order in which they occur."""
        return [(name, value) for _, name, value in self._in_order()]

    def items(self) -> _Items:
        """(name, value) of every name."""
        return _Items(self)

    def lower_items(self) -> Iterator[tuple[str, str]]:
        """Like `items()`, with lower-case names."""
        return iter([(name.lower(), value) for name, value in self.items()])

    def wire_items(self) -> list[tuple[bytes, bytes]]:
        """(name, value) of every field as bytes for the wire, each checked.

        Raises:
            InvalidHeader: a name is no token, or a value cannot stand in a field line
                (RFC 9110 sections 5.1 and 5.5).
        """
        return [check_field(name, value) for _, name, value in self._in_order()]

    def copy(self) -> Headers:
        """A copy that changes apart from this one."""
        copied = type(self)()
        copied._fields = {key: list(found) for key, found in list(self._fields.items())}
        return copied

    __copy__ = copy

    def __reduce__(self) -> tuple[type[Headers], tuple[list[tuple[str, str]]]]:
        return type(self), (self.multi_items(),)

    def _in_order(self) -> list[tuple[int, str, str]]:
        fields = list(self._fields.values())
        return sorted([occurrence for found in fields for occurrence in found])


def _joined(found: list[tuple[int, str, str]]) -> str:
    return found[0][2] if len(found) == 1 else ", ".join([value for _, _, value in found])


def never_show(names: Iterable[str]) -> None:
    """From now on the values of these, in lower case, are "***" in the repr of any headers."""
    _never_shown.update(names)


def is_never_shown(name: str) -> bool:
    """Whether the header of this name, in lower case, holds a secret."""
    return name in _never_shown


def mask_userinfo(text: str, is_url: bool = True) -> str:
    """A URL, or a text with some, without user names and passwords."""
    if "@" not in text:
        return text
    text = _USERINFO.sub(r"\1***@", text)
    # A URL has one even when it is spelled so badly that it has no "//".
    return _USERINFO_IN_A_URL.sub(r"\1***@", text, count=1) if is_url else text


def _as_shown(name: str, value: str) -> str:
    name = name.lower()
    return "***" if name in _never_shown else mask_userinfo(value, name in _URLS)


def field_pairs(fields: HeadersArgument) -> Iterable[tuple[str | bytes, HeaderValue]]:
    """(name, value) of every field of a mapping or of pairs; values may be None."""
    if fields is None:
        return ()
    if isinstance(fields, Headers):
        return fields.multi_items()
    if isinstance(fields, dict):
        # Of names that differ in their case alone the last one counts, in the place of the first.
        return {_key(name): (name, value) for name, value in fields.items()}.values()
    if hasattr(fields, "items"):  # messages of `email` and `http.client` are no mappings
        pairs: Iterable[tuple[str | bytes, HeaderValue]] = fields.items()
        return pairs
    if isinstance(fields, (str, bytes)):
        raise TypeError("headers are a mapping or (name, value) pairs, not text")
    return fields


def check_field(name: str | bytes, value: str | bytes) -> tuple[bytes, bytes]:
    """The field as bytes for the wire; the value is never quoted in an error, it may be a secret.

    >>> check_field("X-Id", "7")
    (b'X-Id', b'7')
    """
    name = _text(name, name)
    if not is_token(name):
        raise InvalidHeader(f"a header name has to be a token, not {_shown(name)}")
    raw = value if type(value) is bytes else _to_latin_1(_text(value, name))
    if raw is None:
        raise InvalidHeader(f"the value of the header {_shown(name)} has characters beyond latin-1")
    wrong = raw.translate(None, _ALLOWED_IN_VALUES)
    if wrong:
        raise InvalidHeader(f"the value of the header {_shown(name)} holds {_FORBIDDEN[wrong[0]]}")
    if raw.strip(b" \t") != raw:
        # A recipient takes them off (RFC 9110 section 5.5): what was meant would not arrive.
        raise InvalidHeader(f"the value of the header {_shown(name)} begins or ends with a blank")
    return name.encode("ascii"), raw


def _to_latin_1(value: str) -> bytes | None:
    try:
        return value.encode("latin-1")
    except UnicodeEncodeError:
        return None  # nothing is raised from in here: this error holds the value


def is_token(text: str) -> bool:
    """Whether `text` is a token (RFC 9110 section 5.6.2)."""
    return bool(text) and text.isascii() and not text.encode().translate(None, _TCHARS)


def _text(value: object, name: object) -> str:
    """A name or value as exactly `str`, so that no subclass answers differently the second time."""
    if type(value) is str:
        return value
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, (bytes, bytearray)):
        return value.decode("latin-1")
    part = "a header name" if value is name else f"the value of the header {_shown(name)}"
    raise InvalidHeader(f"{part} has to be str or bytes, not {type(value).__name__}")


def _key(name: str | bytes) -> str:
    return name.lower() if isinstance(name, str) else _text(name, name).lower()


def _shown(name: object) -> str:
    shown = repr(name)
    return shown if len(shown) <= _LONGEST_SHOWN else shown[:_LONGEST_SHOWN] + "..."
