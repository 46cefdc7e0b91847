"""A real HTTP server on loopback: httpbin under gunicorn, with keep-alive and chunked uploads."""

from __future__ import annotations

import contextlib
import http.client
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

SETTINGS = Path(__file__).with_name("httpbin_settings.py")
START_SECONDS = 60  # a cold import of httpbin on a busy machine takes a few
STOP_SECONDS = 10


@contextlib.contextmanager
def serve_httpbin(certificate: Path | None = None) -> Iterator[str]:
    """Runs the server as a child process and gives its URL; over TLS with a PEM (key and chain)."""
    with socket.create_server(("127.0.0.1", 0)) as listener, tempfile.TemporaryFile() as log:
        port = listener.getsockname()[1]
        server = subprocess.Popen(
            command(listener.fileno(), certificate),
            pass_fds=[listener.fileno()],  # the port is ours from the start: nobody can take it
            stdin=subprocess.PIPE,  # its end tells the server that we are gone
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    # Our copy of the listening socket is closed here, so a server that dies refuses connections.
    try:
        wait_until_it_answers(server, port, tls=certificate is not None)
        yield f"{'https' if certificate else 'http'}://127.0.0.1:{port}"
    finally:
        stop(server)


def command(descriptor: int, certificate: Path | None) -> list[str]:
    """The command line of the server on a listening socket that it inherits."""
    options = ["--config", str(SETTINGS), "--bind", f"fd://{descriptor}"]
    if certificate is not None:
        options += ["--certfile", str(certificate), "--keyfile", str(certificate)]
    return [sys.executable, "-m", "gunicorn", *options, "httpbin:app"]


def wait_until_it_answers(server: subprocess.Popen[bytes], port: int, *, tls: bool) -> None:
    """Returns after the first answer; raises when the server ends or is too slow."""
    connection: http.client.HTTPConnection
    if tls:
        # Only asks whether it is up: who it is, the tests check.
        context = ssl._create_unverified_context()
        connection = http.client.HTTPSConnection(
            "127.0.0.1", port, timeout=START_SECONDS, context=context
        )
    else:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=START_SECONDS)
    try:
        connection.request("GET", "/status/200", headers={"Connection": "close"})
        connection.getresponse().read()
    except OSError as error:
        raise RuntimeError(f"httpbin did not start (exit status {server.poll()})") from error
    finally:
        connection.close()


def stop(server: subprocess.Popen[bytes]) -> None:
    """Ends the server and waits for it."""
    server.send_signal(signal.SIGINT)  # gunicorn's quick shutdown
    assert server.stdin is not None
    server.stdin.close()
    try:
        server.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
