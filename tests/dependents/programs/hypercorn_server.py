"""hypercorn_server.py ENGINE HEAD_LIMIT: hypercorn, HTTP/1.1 and WebSockets."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys

import engine
from asgi_application import application
from hypercorn.asyncio import serve
from hypercorn.config import Config

engine.check(sys.argv[1])
listener = socket.create_server(("127.0.0.1", 0))
config = Config()
config.bind = [f"fd://{listener.fileno()}"]
config.accesslog = None
config.errorlog = None
config.loglevel = "CRITICAL"
if int(sys.argv[2]):
    config.h11_max_incomplete_size = int(sys.argv[2])


async def main() -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    engine.say(port=listener.getsockname()[1])
    await serve(application, config, shutdown_trigger=stop.wait)


asyncio.run(main())
