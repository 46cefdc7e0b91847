"""The few lines of RFC 6455 that an echo needs, on top of a raw client or a scripted server."""

from __future__ import annotations

import base64
import hashlib
import re
import struct

from tests.dependents.raw_client import Answer, RawClient, request

KEY = base64.b64encode(b"sixteen bytes ok").decode()
GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455 section 1.3
TEXT, BINARY, CLOSE = 1, 2, 8
MASK = b"\x11\x22\x33\x44"


def accept_value(key: str) -> str:
    """What a server makes of a client's key (RFC 6455 section 4.2.2)."""
    return base64.b64encode(hashlib.sha1((key + GUID).encode()).digest()).decode()


def upgrade_request(target: str = "/ws", *headers: str) -> bytes:
    """The handshake of a client (RFC 6455 section 4.1)."""
    return request(
        "GET",
        target,
        "Connection: Upgrade",
        "Upgrade: websocket",
        f"Sec-WebSocket-Key: {KEY}",
        "Sec-WebSocket-Version: 13",
        *headers,
    )


def assert_accepted(answer: Answer) -> None:
    """That a server switched protocols, and knew our key (RFC 6455 section 4.2.2)."""
    assert answer.status == 101
    assert answer.header("sec-websocket-accept") == accept_value(KEY)


def upgrade_answer(received: bytes) -> bytes:
    """The 101 of a server to the handshake that it received."""
    key = re.search(rb"(?i)\r\nsec-websocket-key: *(\S+)", received)
    assert key is not None, received
    lines = [
        "HTTP/1.1 101 Switching Protocols",
        "Connection: Upgrade",
        "Upgrade: websocket",
        f"Sec-WebSocket-Accept: {accept_value(key[1].decode())}",
    ]
    return "\r\n".join([*lines, "", ""]).encode()


def frame(payload: bytes, opcode: int = TEXT) -> bytes:
    """One final, masked frame (RFC 6455 section 5.2)."""
    length = len(payload)
    if length < 126:
        head = struct.pack("!BB", 0x80 | opcode, 0x80 | length)
    else:
        head = struct.pack("!BBH", 0x80 | opcode, 0x80 | 126, length)
    return head + MASK + bytes(b ^ MASK[i % 4] for i, b in enumerate(payload))


def read_message(client: RawClient) -> tuple[int, bytes]:
    """The opcode and payload of one message, its fragments joined."""
    first, payload = _read_frame(client)
    opcode = first & 0x0F
    while not first & 0x80:
        first, more = _read_frame(client)
        payload += more
    return opcode, payload


def _read_frame(client: RawClient) -> tuple[int, bytes]:
    first, length = client.read_exactly(2)
    if length == 126:
        (length,) = struct.unpack("!H", client.read_exactly(2))
    elif length == 127:
        (length,) = struct.unpack("!Q", client.read_exactly(8))
    return first, client.read_exactly(length)
