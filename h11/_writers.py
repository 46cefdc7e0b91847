"""Events to bytes: heads, and the writers of bodies (RFC 9112 sections 6 and 7)."""

from __future__ import annotations

from ._errors import LocalProtocolError
from ._events import (
    END,
    Data,
    EndOfMessage,
    InformationalResponse,
    Request,
    Response,
    set_request_wire,
)
from ._framing import CHUNKED, UNTIL_CLOSE
from ._headers import Headers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol
else:
    Protocol = object


class BodyWriter(Protocol):
    """What `Connection` asks of each framing; both return pieces to send in this order."""

    def data(self, event: Data) -> list[bytes]: ...

    def end(self, event: EndOfMessage) -> list[bytes]: ...


def encode_request(request: Request) -> bytes:
    """The head of a request, or LocalProtocolError for one that must not be sent."""
    known = request._wire
    if known is not None:
        return known
    facts = request.headers.facts
    if request.http_version != b"1.1":
        raise LocalProtocolError("I only send HTTP/1.1")
    if facts.chunked and facts.content_length is not None:
        # RFC 9112 section 6.2: a sender MUST NOT send both.
        raise LocalProtocolError(
            "a request must not have both Content-Length and Transfer-Encoding"
        )
    wire = request.headers.wire
    head = b"%b %b HTTP/1.1\r\n%b\r\n\r\n" % (request.method, request.target, wire)
    set_request_wire(request, head)  # it never changes; a client may send it again
    return head


def encode_response(response: Response | InformationalResponse) -> bytes:
    """The head of a response."""
    if response.http_version != b"1.1":
        raise LocalProtocolError("I only send HTTP/1.1")
    # RFC 9112 section 4: the SP stays where the reason is empty.
    return b"HTTP/1.1 %d %b\r\n%b\r\n" % (
        response.status_code,
        response.reason,
        _lines(response.headers),
    )


def _lines(headers: Headers) -> bytes:
    wire = headers.wire
    return wire + b"\r\n" if wire else b""


def _length(data: object) -> int:
    # len() of a memoryview counts items, and the wire counts bytes.
    return data.nbytes if type(data) is memoryview else len(data)  # type: ignore[arg-type]  # anything with a length


class ContentLengthWriter:
    """Exactly the announced number of bytes; 0 for messages without a body."""

    __slots__ = ("_left",)

    def __init__(self, length: int) -> None:
        self._left = length

    def data(self, event: Data) -> list[bytes]:
        data = event.data
        left = self._left - _length(data)
        if left < 0:
            raise LocalProtocolError("Too much data for declared Content-Length")
        self._left = left
        return [data]

    def end(self, event: EndOfMessage) -> list[bytes]:
        if self._left:
            raise LocalProtocolError("Too little data for declared Content-Length")
        if event is not END and event.headers:
            raise LocalProtocolError("Content-Length and trailers don't mix")
        return []


class ChunkedWriter:
    """One chunk per Data event (RFC 9112 section 7.1)."""

    __slots__ = ()

    def data(self, event: Data) -> list[bytes]:
        data = event.data
        size = _length(data)
        # An empty chunk would be the last one.
        return [b"%x\r\n" % size, data, b"\r\n"] if size else []

    def end(self, event: EndOfMessage) -> list[bytes]:
        headers = event.headers
        if headers and (headers.facts.chunked or headers.facts.content_length is not None):
            # RFC 9110 section 6.5.1: not where it is too late for them, and misread by some
            raise LocalProtocolError("a trailer must not be Content-Length or Transfer-Encoding")
        return [b"0\r\n%b\r\n" % _lines(headers)]


class UntilCloseWriter:
    """A response body that the close of the connection ends, for clients older than HTTP/1.1."""

    __slots__ = ()

    def data(self, event: Data) -> list[bytes]:
        return [event.data]

    def end(self, event: EndOfMessage) -> list[bytes]:
        if event.headers:
            raise LocalProtocolError("can't send trailers to HTTP/1.0 client")
        return []


_NO_BODY = ContentLengthWriter(0)  # has nothing left to remember: one serves all


def body_writer(framing: int) -> BodyWriter:
    """The writer for a framing as `_framing` gives it."""
    if framing == CHUNKED:
        return ChunkedWriter()
    if framing == UNTIL_CLOSE:
        return UntilCloseWriter()
    return ContentLengthWriter(framing) if framing else _NO_BODY
