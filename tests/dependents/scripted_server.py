"""A server that waits for the end of a head, sends what the test wrote for it, and closes."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator, Sequence

TIMEOUT = 20.0  # seconds; only a test that fails ever waits for it

Piece = bytes | Callable[[bytes], bytes]  # what to send, or how to make it from what was received


class ScriptedServer:
    """One list of pieces per connection: the first answers a head, each other one more read."""

    def __init__(self, conversations: Sequence[Sequence[Piece]]) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.received: list[bytes] = []
        self._conversations = conversations
        self._thread = threading.Thread(target=self._serve)

    def _serve(self) -> None:
        for pieces in self._conversations:
            client, _ = self.listener.accept()
            with client:
                client.settimeout(TIMEOUT)
                try:
                    for number, piece in enumerate(pieces):
                        self._receive(client, head=number == 0)
                        client.sendall(
                            piece if isinstance(piece, bytes) else piece(self.received[-1])
                        )
                except (BrokenPipeError, ConnectionResetError):
                    pass  # a client may refuse what is sent here, and leave

    def _receive(self, client: socket.socket, *, head: bool) -> None:
        data = client.recv(65536)
        while head and b"\r\n\r\n" not in data:
            data += client.recv(65536)
        self.received.append(data)


@contextlib.contextmanager
def scripted(*conversations: Sequence[Piece]) -> Iterator[ScriptedServer]:
    """A server for as many connections as there are conversations."""
    server = ScriptedServer(conversations)
    server._thread.start()
    try:
        yield server
    finally:
        with contextlib.suppress(OSError):
            server.listener.shutdown(socket.SHUT_RDWR)  # wakes a wait for a client that never came
        server._thread.join(TIMEOUT)
        server.listener.close()
        assert not server._thread.is_alive(), "a conversation did not come to its end"
