"""trio_websocket_server.py ENGINE: a WebSocket echo server on trio-websocket."""

from __future__ import annotations

import functools
import sys

import engine
import trio
from trio_websocket import ConnectionClosed, WebSocketRequest, serve_websocket


async def echo(request: WebSocketRequest) -> None:
    if request.path == "/refused":
        await request.reject(403, extra_headers=[(b"why", b"test")], body=b"go away")
        return
    connection = await request.accept()
    while True:
        try:
            await connection.send_message(await connection.get_message())
        except ConnectionClosed:
            return


async def main() -> None:
    async with trio.open_nursery() as nursery:
        start = functools.partial(serve_websocket, echo, "127.0.0.1", 0, ssl_context=None)
        server = await nursery.start(start)
        engine.say(port=server.port)


engine.check(sys.argv[1])
trio.run(main)
