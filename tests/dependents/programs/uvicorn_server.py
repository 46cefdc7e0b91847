"""uvicorn_server.py ENGINE HEAD_LIMIT: uvicorn with its h11 implementation and wsproto."""

from __future__ import annotations

import socket
import sys

import engine
import uvicorn
from asgi_application import application
from uvicorn.protocols.http.h11_impl import H11Protocol

engine.check(sys.argv[1])
listener = socket.create_server(("127.0.0.1", 0))
config = uvicorn.Config(
    application,
    http="h11",
    ws="wsproto",
    lifespan="off",
    log_level="critical",
    h11_max_incomplete_event_size=int(sys.argv[2]) or None,
)
config.load()
assert config.http_protocol_class is H11Protocol
engine.say(port=listener.getsockname()[1])
uvicorn.Server(config).run(sockets=[listener])
