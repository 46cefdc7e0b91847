"""Heads of requests: which fields go out, checked against each other and against the body.

Host, Content-Length, Transfer-Encoding and Content-Type are set here and nowhere else. What comes
out is an `h11.Headers`, which the engine sends without validating it again.
"""

from __future__ import annotations

from h11client._engine import h11
from h11client._messages.body import NO_BODY, Body
from h11client._messages.headers import SECRET_NAMES, Headers, check_field, field_pairs, is_token
from h11client._messages.hosts import is_host_field
from h11client._messages.url import URL
from h11client.exceptions import InvalidHeader, LocalProtocolError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import TypeAlias

    from h11client._messages.headers import HeadersArgument

    Field: TypeAlias = tuple[bytes, bytes]
    # The identity of some fields and what is added; the fields themselves, and what comes of it.
    KnownHeads: TypeAlias = dict[
        tuple[int, tuple[tuple[str, str], ...]], tuple[h11.Headers, h11.Headers]
    ]
    Items: TypeAlias = tuple[tuple[str | bytes, str | bytes | None], ...]

__all__ = [
    "BARE_METHODS",
    "Block",
    "append_fields",
    "append_known",
    "blocks",
    "build_target",
    "complete_fields",
    "encode_method",
    "framing_field",
    "make_block",
    "merge_fields",
    "method_text",
]

# Spellings that need no look; every other method is checked to be a token.
_METHODS = {
    name: name.encode("ascii")
    for name in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT")
}
# With these there is nothing to add when the caller gives neither headers nor a body.
BARE_METHODS: dict[str | bytes, bytes] = {
    name: _METHODS[name] for name in ("GET", "HEAD", "DELETE")
}
# RFC 9110 section 8.6: their content is expected, so its absence is said.
_EXPECT_CONTENT = frozenset(["POST", "PUT", "PATCH"])
# Sent with Range: a part of a coded representation is of no use by itself (RFC 9110 section 14.2).
_IDENTITY = (b"Accept-Encoding", b"identity")
_CREDENTIALS = (b"authorization", b"cookie", b"proxy-authorization")
_MAX_LENGTH = 2**63 - 1  # what every peer's file offset can hold
_MAX_LENGTH_DIGITS = 20
_MAX_BLOCKS = 256  # origins times states of session headers, some hundred bytes each
_MAX_EVENTS = 64  # targets that a block remembers
_MAX_REMEMBERED = 16  # own headers, and sets of them, that a block remembers
_MAX_REMEMBERED_LENGTH = 200  # characters of one of their values
_MAX_KNOWN = 16  # heads with credentials that a session keeps
_LONGEST_SHOWN = 100  # characters of something wrong in a message


class Block:
    """The fields that one state of a session's headers gives to every request to one origin.

    `wire` are those of a request without headers or body of its own, `merged` those of requests
    with such headers that came lately. A block is shared and kept, so it holds nothing that opens
    doors: with `secret` there is such a field among `defaults`.
    """

    __slots__ = ("_events", "_fields", "merged", "secret", "wire")

    def __init__(self, url: URL, defaults: Headers) -> None:
        fields = defaults.wire_items()
        if "range" in defaults and "accept-encoding" in defaults:
            fields = merge_fields(fields, [_IDENTITY])
        # Of these very fields: another thread may be changing `defaults`.
        self.secret = any(map(_is_secret, fields))
        self._fields = [field for field in fields if not (self.secret and _is_secret(field))]
        self.wire = complete_fields(merge_fields(self._fields, ()), url, "GET", NO_BODY)
        self.merged: dict[Items, h11.Headers] = {}
        self._events: dict[tuple[bytes, bytes], h11.Request] = {}

    def event_of(self, method: bytes, url: URL) -> h11.Request | None:
        """The head of a bare request, made once for each target that is asked for again.

        It has the fields of `wire`, and like these nothing that opens doors. None for what cannot
        be sent. Making it was 3 % of a small request.
        """
        key = (method, url.target)
        event = self._events.get(key)
        if event is None:
            try:
                event = h11.Request(method=method, target=url.target, headers=self.wire)
            except h11.LocalProtocolError:
                return None  # a URL for a transport of the program's
            if len(url.target) <= _MAX_REMEMBERED_LENGTH:
                if len(self._events) >= _MAX_EVENTS:
                    self._events.clear()
                self._events[key] = event
        return event

    def remember(self, own: Items, wire: h11.Headers) -> None:
        """Keeps the fields of a bare request whose own headers were the items `own`."""
        if len(own) <= _MAX_REMEMBERED and not any(
            _is_large_or_secret(name, value) for name, value in own
        ):
            if len(self.merged) >= _MAX_REMEMBERED:
                self.merged.clear()
            self.merged[own] = wire

    def merge(self, defaults: Headers, own: HeadersArgument) -> list[Field]:
        """The fields of a request with headers of its own."""
        base = self._fields
        if self.secret:
            base = base + [field for field in defaults.wire_items() if _is_secret(field)]
        return merge_fields(base, field_pairs(own))


blocks: dict[tuple[bytes, int], Block] = {}  # by authority and version of the session's headers


def make_block(url: URL, defaults: Headers) -> Block:
    """The block that was not in `blocks`."""
    version = defaults.version
    block = Block(url, defaults)
    # When another thread has changed the headers meanwhile, nobody knows which state this is.
    if defaults.version == version:
        if len(blocks) >= _MAX_BLOCKS:
            blocks.clear()
        blocks[url.authority, version] = block
    return block


def merge_fields(
    base: list[Field], own: Iterable[tuple[str | bytes, str | bytes | None]]
) -> list[Field]:
    """`base` with `own` in the places of those that have the same name; None leaves one out."""
    replacing: dict[bytes, list[Field]] = {}
    for name, value in own:
        field = check_field(name, b"" if value is None else value)
        fields = replacing.setdefault(field[0].lower(), [])
        if value is not None:
            fields.append(field)
    if replacing.get(b"range") and b"accept-encoding" not in replacing:
        replacing[b"accept-encoding"] = [_IDENTITY]
    merged: list[Field] = []
    for field in base:
        key = field[0].lower()
        found = replacing.get(key)
        if found is None:
            merged.append(field)
        else:
            merged += found
            replacing[key] = []  # and not once more for the next of this name
    for found in replacing.values():
        merged += found
    return merged


def complete_fields(fields: list[Field], url: URL, method: str, body: Body) -> h11.Headers:
    """All fields of the head: those given, checked against the body, and those that follow."""
    values: dict[bytes, list[bytes]] = {}
    for name, value in fields:
        values.setdefault(name.lower(), []).append(value)
    if method == "TRACE":
        _check_trace(values, body)
    if b"expect" in values and body.length == 0:
        # RFC 9110 section 10.1.1: no 100-continue without a body, whoever set it for all requests.
        fields = [field for field in fields if not _waits_for_continue(field)]
    # RFC 9110 section 7.2: exactly one Host, and the first field.
    if b"host" in values:
        complete = _with_host_first(fields, values[b"host"])
    else:
        complete = [(b"Host", url.authority), *fields]
    if b"upgrade" in values and not _names_upgrade(values.get(b"connection", ())):
        complete.append((b"Connection", b"upgrade"))  # RFC 9110 section 7.8
    if body.content_type is not None and b"content-type" not in values:
        complete.append((b"Content-Type", body.content_type.encode("ascii")))
    if body.trailers is not None:
        if b"content-length" in values:
            # RFC 9112 section 7.1.2: they are a part of the chunked coding.
            raise LocalProtocolError("a request with trailers has no Content-Length")
        announced = body.trailers.announce(values.get(b"trailer", []))
        if announced is not None:
            complete.append((b"Trailer", announced))
    if b"content-length" in values or b"transfer-encoding" in values:
        _check_framing(values, body)
    else:
        framing = framing_field(body, method)
        if framing is not None:
            complete.append(framing)
    try:
        return h11.Headers(complete)
    except h11.LocalProtocolError as error:
        raise InvalidHeader(str(error)) from error


def append_fields(fields: h11.Headers, added: Iterable[tuple[str, str]]) -> h11.Headers:
    """Complete fields with others, of names that have nothing to do with the framing."""
    own = [check_field(name, value) for name, value in added]
    return h11.Headers([*fields.raw_items(), *own])


def append_known(
    fields: h11.Headers, added: tuple[tuple[str, str], ...], known: KnownHeads
) -> h11.Headers:
    """As `append_fields`, where `known` has what came of it before."""
    key = (id(fields), added)
    found = known.get(key)
    if found is None or found[0] is not fields:
        found = (fields, append_fields(fields, added))
        if len(known) >= _MAX_KNOWN:
            known.clear()
        known[key] = found
    return found[1]


def _with_host_first(fields: list[Field], hosts: list[bytes]) -> list[Field]:
    host = hosts[0].decode("latin-1")
    if len(hosts) > 1 or not is_host_field(host):
        raise InvalidHeader(f"Host is one host and perhaps a port, not {host[:_LONGEST_SHOWN]!r}")
    return sorted(fields, key=_is_not_host)


def _names_upgrade(connection: Iterable[bytes]) -> bool:
    options = [option.strip(b" \t") for value in connection for option in value.split(b",")]
    return any(option.lower() == b"upgrade" for option in options)


def _is_not_host(field: Field) -> bool:
    return field[0].lower() != b"host"


def _waits_for_continue(field: Field) -> bool:
    return field[0].lower() == b"expect" and field[1].lower() == b"100-continue"


def _is_secret(field: Field) -> bool:
    return field[0].decode("ascii").lower() in SECRET_NAMES


def _is_large_or_secret(name: str | bytes, value: str | bytes | None) -> bool:
    text = name if isinstance(name, str) else name.decode("latin-1")
    return text.lower() in SECRET_NAMES or len(value or "") > _MAX_REMEMBERED_LENGTH


def _check_trace(values: dict[bytes, list[bytes]], body: Body) -> None:
    # RFC 9110 section 9.3.8: the server sends back what it gets, to whoever asks.
    if body is not NO_BODY:
        raise LocalProtocolError("a TRACE request has no body")
    for name in _CREDENTIALS:
        if name in values:
            raise LocalProtocolError(f"a TRACE request does not carry {name.decode('ascii')}")


def framing_field(body: Body, method: str | None) -> Field | None:
    """The field that tells the length of the body (RFC 9112 section 6, RFC 9110 section 8.6)."""
    if body is NO_BODY:
        return (b"Content-Length", b"0") if method in _EXPECT_CONTENT else None
    if body.length is None:
        return (b"Transfer-Encoding", b"chunked")
    return (b"Content-Length", b"%d" % body.length)


def _check_framing(values: dict[bytes, list[bytes]], body: Body) -> None:
    """What the caller says about the length has to be one thing, and true."""
    lengths, codings = values.get(b"content-length", []), values.get(b"transfer-encoding", [])
    if lengths and codings:
        # RFC 9110 section 8.6, RFC 9112 section 6.2.
        raise LocalProtocolError("Content-Length and Transfer-Encoding exclude each other")
    if codings and [coding.lower() for coding in codings] != [b"chunked"]:
        raise LocalProtocolError("the only Transfer-Encoding that can be sent is chunked")
    if not lengths:
        return
    length = lengths[0]
    # Digits are counted before int(), whose cost grows with their square.
    if len(set(lengths)) > 1 or not length.isdigit() or len(length) > _MAX_LENGTH_DIGITS:
        raise InvalidHeader("Content-Length is one number")
    if int(length) > _MAX_LENGTH or body.length not in (None, int(length)):
        raise LocalProtocolError(
            f"Content-Length is {int(length)}, but the body has {body.length} bytes"
        )


def encode_method(method: str) -> bytes:
    known = _METHODS.get(method)
    if known is not None:
        return known
    if not is_token(method):
        raise LocalProtocolError(f"a method is a token, not {method[:_LONGEST_SHOWN]!r}")
    return method.encode("ascii")


def method_text(method: object) -> str:
    """The method as exactly `str`: members of an Enum are text, and show another when asked."""
    if isinstance(method, (bytes, bytearray)):
        return method.decode("latin-1")
    if isinstance(method, str):
        return str.__str__(method)
    raise TypeError(f"a method is text or bytes, not {type(method).__name__}")


def build_target(method: str, url: URL) -> bytes:
    """The request target: origin-form, or what the method asks for (RFC 9112 section 3.2)."""
    if method == "OPTIONS" and url.bare:
        return b"*"
    if method == "CONNECT":
        host = url.host.partition("%")[0]
        return (f"[{host}]:{url.port}" if ":" in host else f"{host}:{url.port}").encode("ascii")
    return url.target
