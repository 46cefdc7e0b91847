"""Ports of this machine: one where nobody listens, and ones that others may take meanwhile."""

from __future__ import annotations

import atexit
import socket


def bound(port: int = 0) -> socket.socket:
    """A socket that has a port of 127.0.0.1 and does not listen: who connects is refused.

    As long as it is open nobody else gets the port, in this process or in another.
    """
    sock = socket.socket()
    try:
        sock.bind(("127.0.0.1", port))
    except OSError:
        sock.close()
        raise
    return sock


def free_port() -> int:
    """A port of 127.0.0.1 for whoever takes it soon."""
    with bound() as sock:
        port: int = sock.getsockname()[1]
        return port


_bound = bound()
atexit.register(_bound.close)

REFUSED_PORT: int = _bound.getsockname()[1]
