"""wsproto_client.py ENGINE PORT: one handshake and one echo with wsproto as the client; reports both."""

from __future__ import annotations

import socket
import sys

import engine
from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    CloseConnection,
    RejectConnection,
    RejectData,
    Request,
    TextMessage,
)

engine.check(sys.argv[1])
facts: dict[str, object] = {}
connection = WSConnection(ConnectionType.CLIENT)
with socket.create_connection(("127.0.0.1", int(sys.argv[2])), timeout=20) as sock:
    sock.sendall(connection.send(Request(host="example.test", target=sys.argv[3])))
    while not facts.get("done"):
        data = sock.recv(4096)
        connection.receive_data(data or None)
        for event in connection.events():
            if isinstance(event, AcceptConnection):
                facts["accepted"] = True
                if sys.argv[3] == "/ws":
                    sock.sendall(connection.send(TextMessage(data="from wsproto")))
            elif isinstance(event, TextMessage):
                facts["text"] = str(facts.get("text", "")) + event.data
                if event.message_finished:
                    sock.sendall(connection.send(CloseConnection(code=1000)))
            elif isinstance(event, RejectConnection):
                facts["rejected"] = event.status_code
                facts["done"] = not event.has_body
            elif isinstance(event, RejectData):
                facts["why"] = str(facts.get("why", "")) + bytes(event.data).decode()
                facts["done"] = event.body_finished
            elif isinstance(event, CloseConnection):
                facts["closed"] = event.code
                facts["done"] = True
engine.say(**facts)
