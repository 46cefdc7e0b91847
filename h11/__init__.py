"""HTTP/1.1 without I/O: bytes to events and events to bytes, for clients and servers (RFC 9112).

Example:
    >>> import h11
    >>> conn = h11.Connection(our_role=h11.CLIENT)
    >>> conn.send(h11.Request(method="GET", target="/", headers=[("Host", "example.com")]))
    b'GET / HTTP/1.1\\r\\nHost: example.com\\r\\n\\r\\n'
"""

from __future__ import annotations

from ._connection import Connection
from ._errors import LocalProtocolError, ProtocolError, RemoteProtocolError
from ._events import (
    ConnectionClosed,
    Data,
    EndOfMessage,
    Event,
    InformationalResponse,
    Request,
    Response,
)
from ._headers import Headers
from ._limits import ParserLimits
from ._sentinels import (
    CLIENT,
    CLOSED,
    DONE,
    ERROR,
    IDLE,
    MIGHT_SWITCH_PROTOCOL,
    MUST_CLOSE,
    NEED_DATA,
    PAUSED,
    SEND_BODY,
    SEND_RESPONSE,
    SERVER,
    SWITCHED_PROTOCOL,
)
from ._version import __version__

#: For a User-Agent or Server field (RFC 9110 sections 10.1.5 and 10.2.4).
PRODUCT_ID = "python-h11/" + __version__

__all__ = [
    "CLIENT",
    "CLOSED",
    "DONE",
    "ERROR",
    "IDLE",
    "MIGHT_SWITCH_PROTOCOL",
    "MUST_CLOSE",
    "NEED_DATA",
    "PAUSED",
    "PRODUCT_ID",
    "SEND_BODY",
    "SEND_RESPONSE",
    "SERVER",
    "SWITCHED_PROTOCOL",
    "Connection",
    "ConnectionClosed",
    "Data",
    "EndOfMessage",
    "Event",
    "Headers",
    "InformationalResponse",
    "LocalProtocolError",
    "ParserLimits",
    "ProtocolError",
    "RemoteProtocolError",
    "Request",
    "Response",
    "__version__",
]
