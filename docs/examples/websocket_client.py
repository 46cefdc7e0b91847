"""Prints what a WebSocket echo server makes of some lines: websocket_client.py URL LINE...

The HTTP is h11client's: connection, TLS, time limits, headers, and the answer 101. Then
`response.upgrade()` hands the connection over, and wsproto speaks WebSocket (RFC 6455) on it.
URL is an http:// or https:// one; the environment variable CA may name a file of authorities.
"""

import base64
import hashlib
import os
import sys

from wsproto import ConnectionType
from wsproto.connection import Connection
from wsproto.events import CloseConnection, Ping, TextMessage

import h11client

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455 section 1.3


def connect(session, url):
    """Asks for a WebSocket; returns the connection on which both ends speak it from now on."""
    key = base64.b64encode(os.urandom(16))
    headers = {
        "Upgrade": "websocket",  # "Connection: upgrade" goes with it by itself
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": key.decode(),
    }
    response = session.get(url, headers=headers)
    if response.status_code != 101:
        raise SystemExit(f"no WebSocket: {response.status_code} {response.reason}")
    accepted = base64.b64encode(hashlib.sha1(key + GUID).digest()).decode()
    if response.headers.get("Sec-WebSocket-Accept") != accepted:
        response.close()
        raise SystemExit("no WebSocket: the server did not understand the key")
    return response.upgrade()


def messages(stream, websocket):
    """The text messages that arrive, each when it is whole."""
    text = ""
    while data := stream.read():
        websocket.receive_data(data)
        for event in websocket.events():
            if isinstance(event, TextMessage):
                text += event.data
                if event.message_finished:
                    yield text
                    text = ""
            elif isinstance(event, Ping):
                stream.write(websocket.send(event.response()))
            elif isinstance(event, CloseConnection):
                print("closed:", int(event.code))
                return


def main(url, lines):
    with h11client.Session(timeout=10, verify=os.environ.get("CA", True)) as session:
        stream = connect(session, url)
    with stream:  # ours now: the session is closed already
        websocket = Connection(ConnectionType.CLIENT)
        arriving = messages(stream, websocket)
        for line in lines:
            stream.write(websocket.send(TextMessage(data=line)))
            print(next(arriving))
        stream.write(websocket.send(CloseConnection(code=1000)))
        for _ in arriving:
            pass


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
