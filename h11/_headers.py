"""`Headers`: an immutable sequence of fields, validated once and remembered.

What a head costs is mostly its fields, so three things are done only once per `Headers` object:
the validation, the search for the fields that steer the framing (`facts`), and the bytes for the
wire (`wire`). An object that is used for many messages pays for them with the first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ._errors import LocalProtocolError, excerpt
from ._grammar import (
    ALLOWED_IN_VALUES,
    BLANKS,
    DIGITS,
    MAX_CONTENT_LENGTH_DIGITS,
    MAX_LENGTH,
    comma_list,
    is_token,
    to_bytes,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, overload

Field = tuple[bytes, bytes]

MAX_KNOWN_NAMES = 2048  # spellings of names to remember; beyond, they are checked each time
MAX_KNOWN_NAME_LENGTH = 64  # so that a peer cannot make the table large


class _KnownNames(dict[bytes, bytes]):
    """Spelling of a field name -> its lower case; refuses non-tokens (RFC 9110 section 5.1)."""

    def __missing__(self, name: bytes) -> bytes:
        if not is_token(name):
            raise LocalProtocolError(f"Illegal header name {excerpt(name)}")
        lower = name.lower()
        if len(name) <= MAX_KNOWN_NAME_LENGTH and len(self) < MAX_KNOWN_NAMES:
            self[name] = lower
        return lower


class _KnownTextNames(dict[str, bytes]):
    """The same spellings as `str`: most callers write `"Content-Type"`."""

    def __missing__(self, name: str) -> bytes:
        spelling = to_bytes(name, "header name")
        KNOWN_NAMES[spelling]
        if len(name) <= MAX_KNOWN_NAME_LENGTH and len(self) < MAX_KNOWN_NAMES:
            self[name] = spelling
        return spelling


KNOWN_NAMES = _KnownNames()
KNOWN_TEXT_NAMES = _KnownTextNames()


STEERING = frozenset(
    (b"host", b"content-length", b"transfer-encoding", b"connection", b"upgrade", b"expect")
)
OPTIONS = frozenset((b"connection", b"upgrade", b"expect"))


class Facts:
    """What the fields of one head say about framing, persistence and switching."""

    __slots__ = (
        "chunked",
        "close",
        "content_length",
        "expect_continue",
        "hosts",
        "plain",
        "upgrade",
    )

    def __init__(self, content_length: int | None, chunked: bool, hosts: int) -> None:
        self.content_length = content_length
        self.chunked = chunked
        self.hosts = hosts
        self.close = self.upgrade = self.expect_continue = False
        # Nothing here changes the connection's future: the common case asks just this.
        self.plain = True


NO_FACTS = Facts(None, False, 0)
ONLY_A_HOST = Facts(None, False, 1)  # what most requests come down to

# What most responses come down to: a Content-Length and nothing else, by its value. Such facts
# never change, so they are shared; making them is 1 % of a small exchange.
MAX_KNOWN_LENGTHS = 1024
MAX_KNOWN_LENGTH_DIGITS = 5
_known_lengths: dict[bytes, Facts] = {}
_KEEP_ALIVE = frozenset((b"content-length", b"connection"))


def _only_a_length(length: bytes) -> Facts:
    facts = _known_lengths.get(length)
    if facts is None:
        facts = Facts(int(length), False, 0)
        if len(length) <= MAX_KNOWN_LENGTH_DIGITS and len(_known_lengths) < MAX_KNOWN_LENGTHS:
            _known_lengths[length] = facts
    return facts


def _find_facts(headers: Headers) -> Facts:
    index = headers._index
    steering = STEERING.intersection(index)
    if not steering:
        return NO_FACTS
    distinct = len(index) == len(headers._pairs)
    has_host = b"host" in steering
    if has_host and distinct and len(steering) == 1:
        return ONLY_A_HOST
    length = index.get(b"content-length")
    if (
        length is not None
        and distinct
        and (
            len(steering) == 1
            or (steering == _KEEP_ALIVE and index[b"connection"] == b"keep-alive")
        )
    ):
        return _only_a_length(length)
    values = headers.values_of
    facts = Facts(
        None if length is None else int(length),
        b"transfer-encoding" in index,
        len(values(b"host")) if has_host else 0,
    )
    options = steering & OPTIONS
    usual = distinct and len(options) == 1 and index.get(b"connection") == b"keep-alive"
    if options and not usual:
        # RFC 9112 section 9.6: `close` anywhere in the list, on any of its lines.
        facts.close = b"close" in comma_list(values(b"connection"))
        facts.upgrade = bool(comma_list(values(b"upgrade")))
        facts.expect_continue = b"100-continue" in comma_list(values(b"expect"))
        facts.plain = not (facts.close or facts.upgrade or facts.expect_continue)
    return facts


class Headers(Sequence[Field]):
    """An immutable sequence of header fields as `(lower-case name, value)` pairs of bytes.

    Compares equal to any sequence of the same pairs. Names keep the caller's casing on the wire
    (`raw_items()`). An event that is given a `Headers` object uses it as it is, without validating
    again, so a program that sends the same fields many times should build it once.

    Args:
        pairs: (name, value) pairs of bytes, ASCII text, or bytes-like objects. Repeated equal
            Content-Length values are merged (RFC 9110 section 8.6); `Transfer-Encoding` is
            lower-cased.

    Raises:
        LocalProtocolError: a name is no token, a value holds NUL, CR, LF, VT or FF or begins or
            ends with a blank (RFC 9110 section 5.5), Content-Length is no number or contradicts
            itself, or Transfer-Encoding is anything but one `chunked` (RFC 9112 section 6.1).

    Example:
        >>> headers = Headers([("Host", "example.com"), (b"X-Id", b"7")])
        >>> list(headers)
        [(b'host', b'example.com'), (b'x-id', b'7')]
        >>> headers.raw_items()
        [(b'Host', b'example.com'), (b'X-Id', b'7')]
        >>> headers == [(b"host", b"example.com"), (b"x-id", b"7")]
        True
    """

    __slots__ = ("_index", "_pairs", "_raw", "_wire", "facts")
    _pairs: list[Field]
    _index: dict[
        bytes, bytes
    ]  # lower-case name -> its last value; complete when names are distinct
    _raw: list[Field] | list[bytes]  # pairs in the caller's casing, or the lines they came from
    _wire: bytes | None
    facts: Facts

    def __init_subclass__(cls) -> None:
        raise TypeError("Headers is final: it cannot be subclassed")

    def __new__(cls, pairs: Iterable[tuple[object, object]] = ()) -> Headers:
        return pairs if type(pairs) is cls else _validated(pairs)

    def __len__(self) -> int:
        return len(self._pairs)

    def __iter__(self) -> Iterator[Field]:
        return iter(self._pairs)

    def __contains__(self, item: object) -> bool:
        return item in self._pairs

    if TYPE_CHECKING:

        @overload
        def __getitem__(self, position: int) -> Field: ...
        @overload
        def __getitem__(self, position: slice) -> Sequence[Field]: ...

    def __getitem__(self, position: int | slice) -> Field | Sequence[Field]:
        return self._pairs[position]

    def __eq__(self, other: object) -> bool:
        if type(other) is Headers:
            return self._pairs == other._pairs
        if isinstance(other, Sequence) and not isinstance(other, (str, bytes, bytearray)):
            return self._pairs == list(other)
        return NotImplemented

    __hash__ = None  # type: ignore[assignment]  # equal to lists, which have no hash either

    def __repr__(self) -> str:
        return f"<Headers({self._pairs!r})>"

    def __reduce__(self) -> tuple[type[Headers], tuple[list[Field]]]:
        return Headers, (self.raw_items(),)

    def raw_items(self) -> list[Field]:
        """The fields with their names in the casing that was given or received."""
        raw = self._raw
        if raw and type(raw[0]) is bytes:
            names = [line.partition(b":")[0] for line in raw if type(line) is bytes]
            return [(name, pair[1]) for name, pair in zip(names, self._pairs, strict=True)]
        return list(raw)  # type: ignore[arg-type]  # it holds pairs: the other kind was handled above

    def values_of(self, name: bytes) -> list[bytes]:
        """All values of the field `name` (lower case), in order."""
        value = self._index.get(name)
        if value is None:
            return []
        if len(self._index) == len(self._pairs):
            return [value]
        return [value for key, value in self._pairs if key == name]

    @property
    def wire(self) -> bytes:
        """The field lines, Host first (RFC 9110 section 7.2), CRLF between them and none behind."""
        wire = self._wire
        if wire is None:
            wire = self._wire = _encode(self.raw_items(), self)
        return wire


def _headers(pairs: list[Field], raw: list[Field] | list[bytes], wire: bytes | None) -> Headers:
    headers: Headers = object.__new__(Headers)
    headers._pairs = pairs
    headers._raw = raw
    headers._wire = wire
    headers._index = index = dict(pairs)
    length = index.get(b"content-length")
    if length is not None or b"transfer-encoding" in index:
        usual = (
            len(index) == len(pairs)
            and (length is None or (len(length) < 19 and length.isdigit()))
            and index.get(b"transfer-encoding", b"chunked") == b"chunked"
        )
        if not usual:
            _normalise_framing(headers)
    headers.facts = _find_facts(headers)
    return headers


def parsed_headers(pairs: list[Field], lines: list[bytes]) -> Headers:
    """Headers from pairs that a reader has checked; `lines` hold the names as received."""
    return _headers(pairs, lines, None)


def parsed_pairs(raw: list[Field]) -> Headers:
    """Headers from valid (spelling, value) pairs, for instance those of another `Headers`."""
    return _headers([(name.lower(), value) for name, value in raw], raw, None)


NO_HEADERS = _headers([], [], b"")


def _validated(pairs: Iterable[tuple[object, object]]) -> Headers:
    """The validation of everything that a caller passes as headers."""
    given = list(map(tuple, pairs))
    if not given:
        return NO_HEADERS
    try:
        return _validated_at_once(given)
    except (TypeError, ValueError, AttributeError, LocalProtocolError):
        pass  # mixed or other types, or an error: one by one
    raw: list[Field] = []
    for name, value in given:
        name = to_bytes(name, "header name")
        value = to_bytes(value, "header value")
        KNOWN_NAMES[name]
        if value.translate(None, ALLOWED_IN_VALUES) or value.strip(BLANKS) != value:
            raise LocalProtocolError(f"Illegal header value {excerpt(value)}")
        raw.append((name, value))
    return parsed_pairs(raw)


def _validated_at_once(given: list[Any]) -> Headers:
    """All of them bytes, or all of them text, in a few operations over the whole list.

    Raises whatever these operations raise on anything else.
    """
    if type(given[0][0]) is str:
        given = [(KNOWN_TEXT_NAMES[name], value.encode("ascii")) for name, value in given]
    lowered = [(KNOWN_NAMES[name], value) for name, value in given]
    values = [value for _, value in lowered]
    # bytes.strip refuses other types; of what it strips, only SP and HTAB could be legal inside.
    if list(map(bytes.strip, values)) != values:
        raise ValueError("a value begins or ends with a blank")
    # One look over all of them for each byte, which is a memchr; names are tokens.
    joined = b"".join(values)
    if 13 in joined or 10 in joined or 0 in joined or 11 in joined or 12 in joined:
        raise ValueError("a value holds a forbidden byte")
    headers = _headers(lowered, given, b"\r\n".join(map(b": ".join, given)))
    if lowered[0][0] != b"host" and b"host" in headers._index:
        headers._wire = None  # made later, with Host first
    return headers


def _encode(raw: list[Field], lowered: Sequence[Field]) -> bytes:
    lines = [name + b": " + value for name, value in raw]
    hosts = [line for line, pair in zip(lines, lowered, strict=True) if pair[0] == b"host"]
    others = [line for line, pair in zip(lines, lowered, strict=True) if pair[0] != b"host"]
    return b"\r\n".join(hosts + others)


def _normalise_framing(headers: Headers) -> None:
    """Check Content-Length and Transfer-Encoding, and bring them to their one normal form."""
    lengths = headers.values_of(b"content-length")
    codings = headers.values_of(b"transfer-encoding")
    length = _content_length(lengths) if lengths else None
    if codings:
        _check_transfer_encoding(codings)
    pairs: list[Field] = []
    raw: list[Field] = []
    for (name, value), (spelling, _) in zip(headers._pairs, headers.raw_items(), strict=True):
        if name == b"content-length":
            if length is None:
                continue  # a repetition of what is already there
            value, length = length, None
        elif name == b"transfer-encoding":
            value = b"chunked"
        pairs.append((name, value))
        raw.append((spelling, value))
    headers._pairs = pairs
    headers._raw = raw
    headers._wire = None
    headers._index = dict(pairs)


def _content_length(values: list[bytes]) -> bytes:
    """The one value of a Content-Length that may be repeated or listed (RFC 9110 section 8.6)."""
    members = {part.strip(BLANKS) for value in values for part in value.split(b",")}
    if len(members) != 1:
        raise LocalProtocolError("conflicting Content-Length headers")
    length = members.pop()
    if not length or length.translate(None, DIGITS) or len(length) > MAX_CONTENT_LENGTH_DIGITS:
        raise LocalProtocolError("bad Content-Length")
    if int(length) > MAX_LENGTH:
        raise LocalProtocolError("bad Content-Length: above 2^63-1")
    return length


def _check_transfer_encoding(codings: list[bytes]) -> None:
    """`chunked`, once and alone: no other transfer coding was asked for (RFC 9112 section 7)."""
    if len(codings) > 1:
        raise LocalProtocolError("multiple Transfer-Encoding headers", error_status_hint=501)
    if codings[0].lower() != b"chunked":
        # RFC 9112 section 6.1: a server answers a coding that it does not know with 501.
        raise LocalProtocolError(
            "Only Transfer-Encoding: chunked is supported", error_status_hint=501
        )
