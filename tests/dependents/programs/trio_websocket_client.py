"""trio_websocket_client.py ENGINE PORT TARGET: connect, echo, close with trio-websocket; reports."""

from __future__ import annotations

import sys

import engine
import trio
from trio_websocket import ConnectionRejected, open_websocket


async def main() -> None:
    host, port, target = "127.0.0.1", int(sys.argv[2]), sys.argv[3]
    facts: dict[str, object] = {}
    try:
        async with open_websocket(host, port, target, use_ssl=False) as connection:
            await connection.send_message("from trio-websocket")
            facts["text"] = await connection.get_message()
            await connection.send_message(b"\x00\xff" * 40_000)
            facts["bytes"] = len(await connection.get_message())
    except ConnectionRejected as error:
        facts["rejected"] = error.status_code
        facts["why"] = (error.body or b"").decode()
    engine.say(**facts)


engine.check(sys.argv[1])
trio.run(main)
