"""Addresses that nothing comes back from, as behind a firewall, made of a full backlog."""

from __future__ import annotations

import socket
import time


class BlackHole:
    """A listening socket whose backlog is full: Linux drops the SYN of whoever comes now."""

    def __init__(self, host: str = "127.0.0.1", port: int = 0) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.listener = socket.create_server((host, port), family=family, backlog=0)
        self.port: int = self.listener.getsockname()[1]
        self.waiting = [socket.socket(family) for _ in range(4)]
        for sock in self.waiting:
            sock.setblocking(False)
            sock.connect_ex(self.listener.getsockname())
        give_up = time.monotonic() + 5.0
        while not self.is_full() and time.monotonic() < give_up:
            time.sleep(0.001)
        assert self.is_full()

    def is_full(self) -> bool:
        """Whether one of those who are waiting has got in, and another has not."""
        return 0 < sum(map(is_connected, self.waiting)) < len(self.waiting)

    def accept_all(self) -> None:
        """Makes room."""
        self.listener.listen(64)
        self.listener.setblocking(False)
        while True:
            try:
                self.listener.accept()[0].close()
            except BlockingIOError:
                return

    def close(self) -> None:
        """Ends it."""
        for sock in (*self.waiting, self.listener):
            sock.close()


def is_connected(sock: socket.socket) -> bool:
    try:
        sock.getpeername()
    except OSError:
        return False
    return True
