"""The six events of which every HTTP/1.1 exchange is made (RFC 9112 section 2.1)."""

from __future__ import annotations

from collections.abc import Iterable
from operator import index as as_index

from ._errors import LocalProtocolError
from ._grammar import (
    COMMON_METHODS,
    VCHARS,
    VERSION,
    check_method,
    check_reason,
    check_target,
    to_bytes,
)
from ._headers import NO_HEADERS, Headers

HeaderPairs = Iterable[tuple[object, object]]

_slot = object.__setattr__  # past the guard below, for constructors only
_blank = object.__new__


class Event:
    """The base class of the six events: keyword-only, compared by value, unhashable, final.

    All but `Data` refuse assignment: a guard on it costs a fifth of the rate of small chunks.

    Example:
        >>> Request(method="GET", target="/", headers=[("Host", "a")]) == Request(
        ...     method=b"GET", target=b"/", headers=[(b"host", b"a")]
        ... )
        True
    """

    __slots__ = ()
    _fields: tuple[str, ...] = ()

    def __init_subclass__(cls) -> None:
        if cls.__module__ != Event.__module__:
            raise TypeError("events are final: they cannot be subclassed")

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self._fields)

    __hash__ = None  # type: ignore[assignment]  # they hold Headers, which have no hash either

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={getattr(self, name)!r}" for name in self._fields)
        return f"{type(self).__name__}({fields})"

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), {name: getattr(self, name) for name in self._fields})


def _rebuild(kind: type[Event], fields: dict[str, object]) -> Event:
    return kind(**fields)


class _Frozen(Event):
    __slots__ = ()

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"events are immutable: cannot assign to {name!r}")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"events are immutable: cannot delete {name!r}")


class _RequestFields(_Frozen):
    __slots__ = ("_wire", "headers", "http_version", "method", "target")
    _fields = ("method", "headers", "target", "http_version")
    _wire: bytes | None  # how it was sent, for who sends it once more
    method: bytes
    headers: Headers
    target: bytes
    http_version: bytes


class Request(_RequestFields):
    """The beginning of a request.

    Args:
        method: a token such as `"GET"` (RFC 9110 section 9.1).
        target: the request target, visible US-ASCII (RFC 9112 section 3.2).
        headers: pairs, or a `Headers` object; one Host field is required in HTTP/1.1.
        http_version: only `"1.1"` can be sent.

    Raises:
        LocalProtocolError: a field breaks the grammar, or Host is missing or repeated (RFC 9112
            section 3.2).

    Example:
        >>> Request(method="GET", target="/", headers=[("Host", "example.com")]).method
        b'GET'
    """

    __slots__ = ()

    def __init__(
        self,
        *,
        method: bytes | str,
        headers: Headers | HeaderPairs,
        target: bytes | str,
        http_version: bytes | str = b"1.1",
    ) -> None:
        if type(method) is not bytes:
            method = to_bytes(method, "method")
        if type(target) is not bytes:
            target = to_bytes(target, "target")
        if method not in COMMON_METHODS:
            check_method(method)
        if target.translate(None, VCHARS) or not target:
            check_target(target)
        if http_version != b"1.1":
            http_version = _checked_version(http_version)
        if type(headers) is not Headers:
            headers = Headers(headers)
        if headers.facts.hosts != 1:
            check_host(headers, http_version)
        _set_method(self, method)
        _set_target(self, target)
        _set_request_headers(self, headers)
        _set_request_version(self, http_version)
        set_request_wire(self, None)


class _ResponseFields(_Frozen):
    __slots__ = ("headers", "http_version", "reason", "status_code")
    _fields = ("headers", "http_version", "reason", "status_code")
    headers: Headers
    http_version: bytes
    reason: bytes
    status_code: int

    def __init__(
        self,
        *,
        headers: Headers | HeaderPairs,
        http_version: bytes | str = b"1.1",
        reason: bytes | str = b"",
        status_code: int,
    ) -> None:
        status_code = self._checked_status(status_code)
        if type(reason) is not bytes:
            reason = to_bytes(reason, "reason")
        if reason:
            check_reason(reason)
        if http_version != b"1.1":
            http_version = _checked_version(http_version)
        if type(headers) is not Headers:
            headers = Headers(headers)
        _set_status_code(self, status_code)
        _set_response_headers(self, headers)
        _set_response_version(self, http_version)
        _set_reason(self, reason)

    @classmethod
    def _checked_status(cls, status_code: int) -> int:
        try:
            status = int(as_index(status_code))  # an IntEnum such as HTTPStatus becomes a plain int
        except TypeError:
            raise LocalProtocolError("status code must be integer") from None
        lowest, above = cls._status_range()
        if not lowest <= status < above:
            raise LocalProtocolError(
                f"{cls.__name__} status_code should be in range [{lowest}, {above}), not {status}"
            )
        return status

    @staticmethod
    def _status_range() -> tuple[int, int]:
        raise NotImplementedError


class InformationalResponse(_ResponseFields):
    """An interim answer; any number of them may precede the `Response` (RFC 9110 section 15.2).

    Args:
        status_code: 100 to 199.
        headers: pairs, or a `Headers` object.
        http_version: only `"1.1"` can be sent.
        reason: the reason phrase, empty unless given.

    Raises:
        LocalProtocolError: a field breaks the grammar, or the status code is out of range.

    Example:
        >>> InformationalResponse(status_code=100, headers=[]).status_code
        100
    """

    __slots__ = ()

    @staticmethod
    def _status_range() -> tuple[int, int]:
        return 100, 200


class Response(_ResponseFields):
    """The beginning of a final response.

    Args:
        status_code: 200 to 999 (RFC 9110 section 15 defines up to 599; the rest is delivered as it
            is).
        headers: pairs, or a `Headers` object.
        http_version: only `"1.1"` can be sent.
        reason: the reason phrase, empty unless given.

    Raises:
        LocalProtocolError: a field breaks the grammar, or the status code is out of range.

    Example:
        >>> Response(status_code=200, headers=[("Content-Length", "3")], reason="OK").reason
        b'OK'
    """

    __slots__ = ()

    @staticmethod
    def _status_range() -> tuple[int, int]:
        return 200, 1000


class Data(Event):
    """Part of a message body.

    Args:
        data: bytes-like; with `send_with_data_passthrough` anything with a length. The parser gives
            `bytes`.
        chunk_start: the first piece of a chunk, on received events (RFC 9112 section 7.1).
        chunk_end: the last piece of a chunk, on received events.

    Example:
        >>> Data(data=b"abc").data
        b'abc'
    """

    __slots__ = ("chunk_end", "chunk_start", "data")
    _fields = ("data", "chunk_start", "chunk_end")
    data: bytes
    chunk_start: bool
    chunk_end: bool

    def __init__(self, *, data: object, chunk_start: bool = False, chunk_end: bool = False) -> None:
        self.data = data  # type: ignore[assignment]  # bytes-like, or a placeholder with a length
        self.chunk_start = chunk_start
        self.chunk_end = chunk_end


class EndOfMessage(_Frozen):
    """The end of a message, with its trailer fields if it was chunked.

    Args:
        headers: trailer fields (RFC 9112 section 7.1.2); must be empty in any other framing.

    Raises:
        LocalProtocolError: a trailer field breaks the grammar.

    Example:
        >>> EndOfMessage(headers=[("Checksum", "1")]).headers
        <Headers([(b'checksum', b'1')])>
    """

    __slots__ = ("headers",)
    _fields = ("headers",)
    headers: Headers

    def __new__(cls, *, headers: Headers | HeaderPairs | None = None) -> EndOfMessage:
        if headers is None:
            return END  # without trailers they are all alike, and immutable: one object serves
        event = _blank(cls)
        _slot(event, "headers", Headers(headers))
        return event


class ConnectionClosed(Event):
    """The sender of this event will send nothing more (RFC 9112 section 9.6).

    Example:
        >>> ConnectionClosed()
        ConnectionClosed()
    """

    __slots__ = ()


# The slot descriptors: constructors write through them, past the guard that makes events immutable.
_set_method = _RequestFields.__dict__["method"].__set__
_set_target = _RequestFields.__dict__["target"].__set__
_set_request_headers = _RequestFields.__dict__["headers"].__set__
_set_request_version = _RequestFields.__dict__["http_version"].__set__
set_request_wire = _RequestFields.__dict__["_wire"].__set__
_set_status_code = _ResponseFields.__dict__["status_code"].__set__
_set_response_headers = _ResponseFields.__dict__["headers"].__set__
_set_response_version = _ResponseFields.__dict__["http_version"].__set__
_set_reason = _ResponseFields.__dict__["reason"].__set__

END = _blank(EndOfMessage)
_slot(END, "headers", NO_HEADERS)


def _checked_version(version: bytes | str) -> bytes:
    version = to_bytes(version, "http_version")
    if not VERSION.fullmatch(version):
        raise LocalProtocolError(f"Illegal HTTP version {version[:20]!r}")
    return version


def check_host(headers: Headers, http_version: bytes) -> None:
    """RFC 9112 section 3.2: exactly one Host in an HTTP/1.1 request."""
    hosts = headers.facts.hosts
    if hosts == 1:
        return
    if hosts > 1:
        raise LocalProtocolError("Found multiple Host: headers")
    if http_version >= b"1.1":
        raise LocalProtocolError("Missing mandatory Host: header")


# The trusted constructors: for the readers, which have checked every field already. Each slot
# descriptor is a call; so an event is made as a draft of it, which has the same slots and no
# guards, and then is given its class: 1 % of the instructions of a small exchange less. Without
# `__delattr__`, which is not needed, the interpreter would go the long way for assignments too.


class _RequestDraft(_RequestFields):
    __slots__ = ()
    __setattr__ = object.__setattr__  # type: ignore[assignment]  # one argument is positional
    __delattr__ = object.__delattr__


class _ResponseDraft(_ResponseFields):
    __slots__ = ()
    __setattr__ = object.__setattr__  # type: ignore[assignment]  # one argument is positional
    __delattr__ = object.__delattr__


def parsed_request(method: bytes, target: bytes, headers: Headers, version: bytes) -> Request:
    draft = _blank(_RequestDraft)
    draft.method = method
    draft.target = target
    draft.headers = headers
    draft.http_version = version
    draft._wire = None
    draft.__class__ = Request  # type: ignore[assignment]  # which has the same slots
    return draft  # type: ignore[return-value]  # it is one now


def parsed_response(
    kind: type[_ResponseFields], status_code: int, headers: Headers, version: bytes, reason: bytes
) -> Response | InformationalResponse:
    draft = _blank(_ResponseDraft)
    draft.status_code = status_code
    draft.headers = headers
    draft.http_version = version
    draft.reason = reason
    draft.__class__ = kind  # type: ignore[assignment]  # as above
    return draft  # type: ignore[return-value]  # kind is one of the two


def parsed_data(data: bytes, chunk_start: bool, chunk_end: bool) -> Data:
    event: Data = _blank(Data)
    event.data = data
    event.chunk_start = chunk_start
    event.chunk_end = chunk_end
    return event
