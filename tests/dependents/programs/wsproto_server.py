"""wsproto_server.py ENGINE: a WebSocket echo server, one connection after the other, on wsproto."""

from __future__ import annotations

import socket
import sys

import engine
from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    RejectConnection,
    RejectData,
    Request,
    TextMessage,
)
from wsproto.utilities import RemoteProtocolError


def serve(sock: socket.socket) -> None:
    connection = WSConnection(ConnectionType.SERVER)
    while data := sock.recv(4096):
        try:
            connection.receive_data(data)
            for event in connection.events():
                sock.sendall(reply(connection, event))
                if isinstance(event, CloseConnection):
                    return
        except RemoteProtocolError as error:
            if error.event_hint is not None:
                sock.sendall(connection.send(error.event_hint))
            return


def reply(connection: WSConnection, event: object) -> bytes:
    if isinstance(event, Request):
        if event.target == "/refused":
            refusal = RejectConnection(status_code=403, headers=[(b"why", b"test")], has_body=True)
            return connection.send(refusal) + connection.send(RejectData(data=b"go away"))
        chosen = event.subprotocols[-1] if event.subprotocols else None
        return connection.send(AcceptConnection(subprotocol=chosen))
    if isinstance(event, TextMessage):
        return connection.send(
            TextMessage(data=event.data, message_finished=event.message_finished)
        )
    if isinstance(event, BytesMessage):
        data = bytes(event.data)
        return connection.send(BytesMessage(data=data, message_finished=event.message_finished))
    assert isinstance(event, CloseConnection), event
    return connection.send(event.response())


engine.check(sys.argv[1])
listener = socket.create_server(("127.0.0.1", 0))
engine.say(port=listener.getsockname()[1])
while True:
    client, _ = listener.accept()
    with client:
        serve(client)
