"""Fetch one page over TLS with nothing but a socket and h11, and show every event.

    python docs/examples/minimal_client.py https://httpbin.org/get
    python docs/examples/minimal_client.py https://localhost:8443/get my-own-ca.pem

The socket is ours, the protocol is h11's: `send` turns an event into bytes for the socket, and
`next_event` turns what the socket received into events.
"""

from __future__ import annotations

import socket
import ssl
import sys
from collections.abc import Iterator
from urllib.parse import urlsplit

import h11

RECEIVE_SIZE = 4096  # bytes; any number will do, h11 puts the pieces together
TIMEOUT = 30.0  # seconds for each operation on the socket


def connect(host: str, port: int, ca_file: str | None) -> ssl.SSLSocket:
    """Open a TLS connection to a host whose certificate must be good."""
    context = ssl.create_default_context(cafile=ca_file)
    plain = socket.create_connection((host, port), timeout=TIMEOUT)
    try:
        return context.wrap_socket(plain, server_hostname=host)
    except BaseException:
        plain.close()
        raise


def send(sock: socket.socket, connection: h11.Connection, event: h11.Event) -> None:
    """Show an event and put the bytes that stand for it on the wire."""
    print("->", event)
    data = connection.send(event)
    if data:
        sock.sendall(data)


def received_events(sock: socket.socket, connection: h11.Connection) -> Iterator[h11.Event]:
    """Yield the events of one response, the last of them being its EndOfMessage."""
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            # b"" from recv means that the server has closed; h11 takes it as exactly that, and
            # raises RemoteProtocolError when the response was not complete.
            connection.receive_data(sock.recv(RECEIVE_SIZE))
            continue
        assert isinstance(event, h11.Event)
        print("<-", event)
        yield event
        if isinstance(event, h11.EndOfMessage):
            return


def fetch(url: str, ca_file: str | None = None) -> tuple[int, bytes]:
    """GET an https URL and return its status and its body."""
    parts = urlsplit(url)
    assert parts.scheme == "https" and parts.hostname, "an https URL is wanted"
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    connection = h11.Connection(our_role=h11.CLIENT)
    with connect(parts.hostname, parts.port or 443, ca_file) as sock:
        request = h11.Request(
            method="GET",
            target=target,
            headers=[
                ("Host", parts.netloc.rpartition("@")[2]),
                ("User-Agent", f"minimal-client {h11.PRODUCT_ID}"),
                # One request and no more: the server may close as soon as it has answered.
                ("Connection", "close"),
            ],
        )
        send(sock, connection, request)
        send(sock, connection, h11.EndOfMessage())
        status, body = 0, b""
        for event in received_events(sock, connection):
            if isinstance(event, h11.Response):
                status = event.status_code
            elif isinstance(event, h11.Data):
                body += event.data
    return status, body


if __name__ == "__main__":
    status, body = fetch(*sys.argv[1:3])
    print(f"{status}, {len(body)} bytes of body")
