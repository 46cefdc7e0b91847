"""A file is uploaded by the system itself: a bare socket, `sendfile`, and h11 for the protocol.

    python docs/examples/sendfile_upload.py http://localhost:8080/upload image.iso

`h11client` does the same by itself for `session.put(url, data=open(path, "rb"))`; this is how.
"""

from __future__ import annotations

import os
import socket
import sys
from typing import BinaryIO
from urllib.parse import urlsplit

import h11

RECEIVE_SIZE = 64 * 1024  # bytes
TIMEOUT = 30.0  # seconds for each operation on the socket


class WholeFile:
    """Stands for the bytes of a file: h11 wants to know their number, and no more."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.size = os.fstat(file.fileno()).st_size

    def __len__(self) -> int:
        return self.size


def send(sock: socket.socket, connection: h11.Connection, event: h11.Event) -> None:
    """Sends what stands for an event: bytes that h11 has made, and the file in their midst."""
    for piece in connection.send_with_data_passthrough(event) or ():
        if isinstance(piece, WholeFile):
            if sock.sendfile(piece.file, 0, piece.size) != piece.size:
                connection.send_failed()  # it has become shorter: nothing can follow on this socket
                raise OSError("the file has become shorter")
        else:
            sock.sendall(piece)


def receive(sock: socket.socket, connection: h11.Connection) -> h11.Response:
    """The head of the final response; the body that follows is left alone."""
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            connection.receive_data(sock.recv(RECEIVE_SIZE))
        elif isinstance(event, h11.Response):
            return event


def upload(url: str, path: str) -> int:
    """PUTs a file to an http URL and returns the status."""
    parts = urlsplit(url)
    assert parts.scheme == "http" and parts.hostname, "an http URL is wanted: TLS needs the bytes"
    connection = h11.Connection(our_role=h11.CLIENT)
    address = parts.hostname, parts.port or 80
    with open(path, "rb") as file, socket.create_connection(address, TIMEOUT) as sock:
        body = WholeFile(file)
        request = h11.Request(
            method="PUT",
            target=(parts.path or "/") + (f"?{parts.query}" if parts.query else ""),
            headers=[
                ("Host", parts.netloc.rpartition("@")[2]),
                ("Content-Length", str(len(body))),
                ("Connection", "close"),
            ],
        )
        send(sock, connection, request)
        if body:
            send(sock, connection, h11.Data(data=body))
        send(sock, connection, h11.EndOfMessage())
        return receive(sock, connection).status_code


if __name__ == "__main__":
    print(upload(*sys.argv[1:3]))
