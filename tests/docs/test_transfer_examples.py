"""The programs of docs/examples that move large bodies, each run as a program on real sockets."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

import h11
from tests.conftest import ROOT

PATIENCE = 30  # seconds
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}


def start(program: str, *arguments: object) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-W", "error", str(ROOT / "docs" / "examples" / program)]
    pipe = subprocess.PIPE
    return subprocess.Popen(
        [*command, *map(str, arguments)], stdin=pipe, stdout=pipe, stderr=pipe, env=ENVIRONMENT
    )


def interrupt(program: subprocess.Popen[bytes]) -> None:
    """What Ctrl-C does; as people do, again if nothing comes of it: see `InTerminal.interrupt`."""
    for _ in range(5):
        program.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            program.wait(5)
            return


class Taker:
    """Takes one request by h11, answers with `status`, and keeps what came."""

    def __init__(self, status: int) -> None:
        self.status = status
        self.body = b""
        self.pieces: list[bytes] = []
        self.came = threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}/upload?a=b"
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self) -> None:
        with self.listener, self.listener.accept()[0] as sock:
            sock.settimeout(PATIENCE)
            connection = h11.Connection(our_role=h11.SERVER)
            while not isinstance(event := connection.next_event(), h11.EndOfMessage):
                if event is h11.NEED_DATA:
                    connection.receive_data(sock.recv(65536))
                elif isinstance(event, h11.Request):
                    self.request = event
                elif isinstance(event, h11.Data):
                    self.body += event.data
                    self.came.set()
            self.trailers = event.headers
            answer = h11.Response(status_code=self.status, headers=[("Content-Length", "0")])
            sock.sendall(connection.send_whole_message(answer))


@pytest.fixture(params=[201, 403])
def taker(request: pytest.FixtureRequest) -> Iterator[Taker]:
    taker = Taker(request.param)
    yield taker
    taker.thread.join(PATIENCE)
    assert not taker.thread.is_alive()


def test_what_comes_from_a_pipe_is_uploaded_as_it_comes(taker: Taker) -> None:
    program = start("chunked_upload.py", taker.url)
    assert program.stdin is not None
    program.stdin.write(b"first\n")
    program.stdin.flush()
    assert taker.came.wait(PATIENCE)  # before the second line was written
    content = b"first\n" + b"x" * 200_000
    output, errors = program.communicate(content[6:], PATIENCE)
    taker.thread.join(PATIENCE)
    digest = f"sha-256=:{base64.b64encode(hashlib.sha256(content).digest()).decode()}:"
    assert taker.body == content
    assert dict(taker.trailers) == {b"repr-digest": digest.encode()}
    assert dict(taker.request.headers)[b"trailer"].lower() == b"repr-digest"
    assert output.decode().split()[0] == str(taker.status)
    assert output.decode().split()[-2:] == ["200006", digest]
    assert (program.returncode, errors) == (taker.status == 403, b"")


def test_an_upload_to_nobody_says_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
    program = start("chunked_upload.py", url)
    output, errors = program.communicate(b"text", PATIENCE)
    assert (program.returncode, output) == (1, b"")
    assert errors.startswith(b"not uploaded: ")
    assert len(errors.splitlines()) == 1


@pytest.mark.parametrize("size", [0, 5, 3_000_000])
def test_a_file_is_uploaded_by_the_system(taker: Taker, tmp_path: Path, size: int) -> None:
    content = os.urandom(size)
    (tmp_path / "file.bin").write_bytes(content)
    program = start("sendfile_upload.py", taker.url, tmp_path / "file.bin")
    output, errors = program.communicate(timeout=PATIENCE)
    taker.thread.join(PATIENCE)
    assert (program.returncode, output, errors) == (0, b"%d\n" % taker.status, b"")
    assert taker.body == content
    assert (taker.request.method, taker.request.target) == (b"PUT", b"/upload?a=b")


class Halting(BaseHTTPRequestHandler):
    """Stops within the first answer, and serves what is left of the file from then on."""

    content = bytes(range(256)) * 1000
    ranges: ClassVar[list[str | None]] = []

    def do_GET(self) -> None:
        asked = self.headers["Range"]
        self.ranges.append(asked)
        start = 0 if asked is None else int(asked.removeprefix("bytes=").rstrip("-"))
        self.send_response(200 if asked is None else 206)
        if asked is not None:
            assert self.headers["If-Range"] == '"one"'
            last = len(self.content) - 1
            self.send_header("Content-Range", f"bytes {start}-{last}/{last + 1}")
        self.send_header("ETag", '"one"')
        self.send_header("Content-Length", str(len(self.content) - start))
        self.end_headers()
        self.wfile.write(self.content[start:] if asked else self.content[:100_000])
        if asked is None:
            self.rfile.read(1)  # until the client is gone

    def log_message(self, *arguments: object) -> None:
        """Nothing: the test says what has gone wrong."""


def test_a_download_goes_on_after_an_interruption(tmp_path: Path) -> None:
    path = tmp_path / "file.bin"
    content = Halting.content
    digest = "sha256:" + hashlib.sha256(content).hexdigest()
    Halting.ranges.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Halting) as server:
        threading.Thread(target=server.serve_forever).start()
        try:
            url = f"http://127.0.0.1:{server.server_port}/"
            program = start("resumable_download.py", url, path)
            assert program.stdout is not None
            while program.stdout.readline() != b"30 %\n":
                assert program.poll() is None
            interrupt(program)
            _, errors = program.communicate(timeout=PATIENCE)
            assert (program.returncode, errors) == (130, b"interrupted: what has come is kept\n")
            assert not path.exists()
            program = start("resumable_download.py", url, path, digest)
            output, errors = program.communicate(timeout=PATIENCE)
        finally:
            server.shutdown()
    assert (program.returncode, errors) == (0, b"")
    told = re.fullmatch(
        rf"{re.escape(str(path))}: {len(content)} bytes, (\d+) of them from before",
        output.decode().splitlines()[-1],
    )
    assert told is not None
    assert Halting.ranges == [None, f"bytes={told[1]}-"]
    assert int(told[1]) >= len(content) * 3 // 10
    assert path.read_bytes() == content


@pytest.mark.parametrize(
    ("where", "digest", "said"),
    [
        ("/status/404", (), b"not yet: 404"),
        ("/range/26", ("sha256:" + "0" * 64,), b"the file is not what it should be: "),
    ],
)
def test_a_download_that_cannot_be_says_why(
    httpbin_url: str, tmp_path: Path, where: str, digest: tuple[str, ...], said: bytes
) -> None:
    program = start("resumable_download.py", httpbin_url + where, tmp_path / "x", *digest)
    _, errors = program.communicate(timeout=PATIENCE)
    assert program.returncode == 1
    assert errors.startswith(said)
    assert list(tmp_path.iterdir()) == []
