"""A page fetched under asyncio: the I/O is asyncio's, the protocol is h11's.

    python docs/examples/asyncio_client.py http://localhost:8000/get http://localhost:8000/ip

`h11client` itself is synchronous. A program on an event loop either calls it in a thread
(`asyncio.to_thread(session.get, url)`), or does its own I/O around h11, as here.
"""

from __future__ import annotations

import asyncio
import sys
from urllib.parse import urlsplit

import h11

RECEIVE_SIZE = 64 * 1024  # bytes
TIMEOUT = 30.0  # seconds for a whole page


class Connection:
    """A connection that is used for one request after the other while both sides agree."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.protocol = h11.Connection(our_role=h11.CLIENT)

    @property
    def reusable(self) -> bool:
        return self.protocol.our_state is h11.IDLE

    async def get(self, host: str, target: str) -> tuple[int, bytes]:
        request = h11.Request(method="GET", target=target, headers=[("Host", host)])
        self.writer.write(self.protocol.send_whole_message(request))
        await self.writer.drain()
        status, body = 0, bytearray()
        while True:
            event = self.protocol.next_event()
            if event is h11.NEED_DATA:
                self.protocol.receive_data(await self.reader.read(RECEIVE_SIZE))
            elif isinstance(event, h11.Response):
                status = event.status_code
            elif isinstance(event, h11.Data):
                body += event.data
            elif isinstance(event, h11.EndOfMessage):
                break
        done = {h11.CLIENT: h11.DONE, h11.SERVER: h11.DONE}
        if self.protocol.states == done and self.protocol.trailing_data == (b"", False):
            self.protocol.start_next_cycle()
        return status, bytes(body)

    async def close(self) -> None:
        self.writer.close()
        await self.writer.wait_closed()


async def fetch_all(urls: list[str]) -> None:
    """Fetches pages of one origin one after the other, over as few connections as there can be."""
    connection = None
    for url in urls:
        parts = urlsplit(url)
        if connection is None or not connection.reusable:
            if connection is not None:
                await connection.close()
            connection = Connection(
                *await asyncio.open_connection(parts.hostname, parts.port or 80)
            )
            print("connected")
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        status, body = await asyncio.wait_for(connection.get(parts.netloc, target), TIMEOUT)
        print(status, len(body))
    if connection is not None:
        await connection.close()


if __name__ == "__main__":
    asyncio.run(fetch_all(sys.argv[1:]))
