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
FRAMING_NAMES = frozenset((b"content-length", b"transfer-encoding"))
_LENGTH = frozenset((b"content-length",))
_KEEP_ALIVE = frozenset((b"content-length", b"connection"))
_HOST = frozenset((b"host",))

# Heads whose names are remembered: so many, with so many names, of so many bytes in all, so that
# no peer can make the table large.
MAX_KNOWN_SHAPES = 256
MAX_KNOWN_SHAPE_NAMES = 40
MAX_KNOWN_SHAPE_BYTES = 1024


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


class _Shape:
    """What can be told from the names of a head alone."""

    __slots__ = ("announces", "facts", "names", "steering")

    def __init__(self, names: tuple[bytes, ...]) -> None:
        self.names = frozenset(names)
        self.steering = STEERING & self.names
        # What they say whatever their values are, if no name comes twice.
        self.facts = ONLY_A_HOST if self.steering == _HOST else None
        if not self.steering:
            self.facts = NO_FACTS
        # There is a length, and nothing else that steers but perhaps `Connection`.
        self.announces = self.steering in (_LENGTH, _KEEP_ALIVE)


class _KnownShapes(dict[tuple[bytes, ...], _Shape]):
    """The distinct names of a head, in order -> their shape; a peer sends the same few again and
    again. Searching them each time was a twentieth of the instructions of a small exchange.
    """

    def __missing__(self, names: tuple[bytes, ...]) -> _Shape:
        shape = _Shape(names)
        if (
            len(self) < MAX_KNOWN_SHAPES
            and len(names) <= MAX_KNOWN_SHAPE_NAMES
            and sum(map(len, names)) <= MAX_KNOWN_SHAPE_BYTES
        ):
            self[names] = shape
        return shape


KNOWN_SHAPES = _KnownShapes()

# What most responses come down to: a Content-Length and nothing else, by its value. Such facts
# never change, so they are shared; making them is 1 % of a small exchange.
MAX_KNOWN_LENGTHS = 1024
MAX_KNOWN_LENGTH_DIGITS = 5


class _KnownLengths(dict[bytes, Facts]):
    """A valid Content-Length -> the facts of a head that says nothing else."""

    def __missing__(self, length: bytes) -> Facts:
        facts = Facts(int(length), False, 0)
        if len(length) <= MAX_KNOWN_LENGTH_DIGITS and len(self) < MAX_KNOWN_LENGTHS:
            self[length] = facts
        return facts


KNOWN_LENGTHS = _KnownLengths()


def _find_facts(headers: Headers, steering: frozenset[bytes]) -> Facts:
    index = headers._index
    distinct = headers._distinct
    has_host = b"host" in steering
    length = index.get(b"content-length")
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

    __slots__ = ("_distinct", "_index", "_pairs", "_raw", "_wire", "facts", "names")
    _index: dict[bytes, bytes]  # lower-case name -> its last value
    _distinct: bool  # no name comes twice: then the index says everything
    _pairs: list[Field] | None  # made from the index when somebody asks
    _raw: list[Field] | list[bytes]  # pairs in the caller's casing, or the lines they came from
    _wire: bytes | None
    facts: Facts
    #: The names, in lower case.
    names: frozenset[bytes]

    def __init_subclass__(cls) -> None:
        raise TypeError("Headers is final: it cannot be subclassed")

    def __new__(cls, pairs: Iterable[tuple[object, object]] = ()) -> Headers:
        return pairs if type(pairs) is cls else _validated(pairs)

    def __len__(self) -> int:
        return len(self._raw)

    def __iter__(self) -> Iterator[Field]:
        return iter(self._fields())

    def __contains__(self, item: object) -> bool:
        return item in self._fields()

    if TYPE_CHECKING:

        @overload
        def __getitem__(self, position: int) -> Field: ...
        @overload
        def __getitem__(self, position: slice) -> Sequence[Field]: ...

    def __getitem__(self, position: int | slice) -> Field | Sequence[Field]:
        return self._fields()[position]

    def __eq__(self, other: object) -> bool:
        if type(other) is Headers:
            return self._fields() == other._fields()
        if isinstance(other, Sequence) and not isinstance(other, (str, bytes, bytearray)):
            return self._fields() == list(other)
        return NotImplemented

    __hash__ = None  # type: ignore[assignment]  # equal to lists, which have no hash either

    def __repr__(self) -> str:
        return f"<Headers({self._fields()!r})>"

    def __reduce__(self) -> tuple[type[Headers], tuple[list[Field]]]:
        return Headers, (self.raw_items(),)

    def _fields(self) -> list[Field]:
        pairs = self._pairs
        if pairs is None:
            pairs = self._pairs = list(self._index.items())
        return pairs

    def raw_items(self) -> list[Field]:
        """The fields with their names in the casing that was given or received."""
        raw = self._raw
        if raw and type(raw[0]) is bytes:
            names = [line.partition(b":")[0] for line in raw if type(line) is bytes]
            return [(name, pair[1]) for name, pair in zip(names, self._fields(), strict=True)]
        return list(raw)  # type: ignore[arg-type]  # it holds pairs: the other kind was handled above

    def values_of(self, name: bytes) -> list[bytes]:
        """All values of the field `name` (lower case), in order."""
        value = self._index.get(name)
        if value is None:
            return []
        if self._distinct:
            return [value]
        return [value for key, value in self._fields() if key == name]

    @property
    def wire(self) -> bytes:
        """The field lines, Host first (RFC 9110 section 7.2), CRLF between them and none behind."""
        wire = self._wire
        if wire is None:
            wire = self._wire = _encode(self.raw_items(), self)
        return wire


def checked_headers(
    index: dict[bytes, bytes],
    pairs: list[Field] | None,
    raw: list[Field] | list[bytes],
    wire: bytes | None,
) -> Headers:
    """Headers of fields that are all valid: by name, in order unless their names are all different,
    with the names as received or given, and as they are sent if that is known.
    """
    headers: Headers = object.__new__(Headers)
    headers._index = index
    headers._pairs = pairs
    headers._raw = raw
    headers._wire = wire
    headers._distinct = distinct = len(index) == len(raw)
    shape = KNOWN_SHAPES[tuple(index)]
    headers.names = shape.names
    facts = shape.facts
    if facts is None or not (distinct or facts is NO_FACTS):
        if shape.announces and distinct:
            length = index[b"content-length"]
            if (
                len(length) < 19
                and length.isdigit()
                and index.get(b"connection", b"keep-alive") == b"keep-alive"
            ):
                headers.facts = KNOWN_LENGTHS[length]
                return headers
        facts = _other_facts(headers, shape.steering)
    headers.facts = facts
    return headers


def _other_facts(headers: Headers, steering: frozenset[bytes]) -> Facts:
    """Of what is not among the usual; brings the framing fields to their normal form."""
    index = headers._index
    length = index.get(b"content-length")
    if length is not None or b"transfer-encoding" in index:
        usual = (
            headers._distinct
            and (length is None or (len(length) < 19 and length.isdigit()))
            and index.get(b"transfer-encoding", b"chunked") == b"chunked"
        )
        if not usual:
            _normalise_framing(headers)
    return _find_facts(headers, steering)


def parsed_headers(pairs: list[Field], lines: list[bytes]) -> Headers:
    """Headers from pairs that a reader has checked; `lines` hold the names as received."""
    return checked_headers(dict(pairs), pairs, lines, None)


def parsed_pairs(raw: list[Field]) -> Headers:
    """Headers from valid (spelling, value) pairs, for instance those of another `Headers`."""
    pairs = [(name.lower(), value) for name, value in raw]
    return checked_headers(dict(pairs), pairs, raw, None)


NO_HEADERS = checked_headers({}, [], [], b"")


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
    wire = b"\r\n".join(map(b": ".join, given))
    headers = checked_headers(dict(lowered), lowered, given, wire)
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
    for (name, value), (spelling, _) in zip(headers, headers.raw_items(), strict=True):
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
    headers._index = index = dict(pairs)
    headers._distinct = len(index) == len(pairs)


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
