"""How gunicorn serves httpbin; see httpbin_server.py."""

from __future__ import annotations

import os
import signal
import threading

worker_class = "gthread"
threads = 32
keepalive = 60  # seconds
graceful_timeout = 1  # seconds
loglevel = "warning"
control_socket_disable = True


def post_worker_init(worker: object) -> None:
    """Ends the server when whoever started it has gone, however that ended."""
    threading.Thread(target=end_with_the_starter, args=(os.getppid(),), daemon=True).start()


def end_with_the_starter(server: int) -> None:
    # Standard input is a pipe to which nobody writes: it ends when its other end is closed.
    os.read(0, 1)
    os.kill(server, signal.SIGINT)
