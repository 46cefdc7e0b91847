"""Downloads over real sockets into real files: cut at every byte, killed, interrupted, out of room."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

import h11client
from h11client import Retry, exceptions
from tests.conftest import ROOT

CONTENT = bytes(range(256)) * 4000  # about 1 MB
SMALL = CONTENT[:40]
AT_ONCE = Retry(1, backoff=0)
# A program that downloads its first argument into its second.
PROGRAM = """
import sys, h11client
if len(sys.argv) > 3:
    import resource
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]),) * 2)
print("begins", flush=True)
try:
    print(h11client.download(sys.argv[1], sys.argv[2], retries=None, timeout=60).size)
except h11client.DownloadError as error:
    print(error.errno, error)
"""


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Path]:
    """A folder whose files need no disk: thousands of fsync() would take a minute."""
    place = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=place if place.is_dir() else tmp_path) as folder:
        yield Path(folder)


def response_to(head: bytes, content: bytes, chunked: bool = False) -> tuple[bytes, bytes]:
    """Head and framed body of what a server with ranges answers."""
    start = 0
    status = b"200 OK"
    fields = b'ETag: "v1"\r\n'
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"range: bytes="):
            start = int(line.partition(b"=")[2].rstrip(b"-"))
    if start:
        assert b'If-Range: "v1"' in head
        status = b"206 Partial Content"
        fields += b"Content-Range: bytes %d-%d/%d\r\n" % (start, len(content) - 1, len(content))
    body = content[start:]
    if chunked:
        fields += b"Transfer-Encoding: chunked\r\n"
        body = b"".join(
            b"%x\r\n%s\r\n" % (len(part), part)
            for part in (body[at : at + 16] for at in range(0, len(body), 16))
        )
        body += b"0\r\n\r\n"
    else:
        fields += b"Content-Length: %d\r\n" % len(body)
    return b"HTTP/1.1 %s\r\n%s\r\n" % (status, fields), body


@pytest.mark.safety("F19", "F20")
@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
def test_a_connection_may_break_at_every_byte(
    serve: Callable[..., Any], memory: Path, chunked: bool
) -> None:
    cuts: list[int] = []
    asked: list[bytes] = []

    def script(peer: Any) -> None:
        while head := peer.read_head():
            asked.append(head)
            answer, body = response_to(head, SMALL, chunked)
            if cuts:
                cut = cuts.pop()
                peer.send(answer + body[:cut])
                if cut % 2:
                    peer.reset()
                return
            peer.send(answer + body)

    server = serve(script)
    path = memory / "data.bin"
    whole = len(response_to(b"", SMALL, chunked)[1])
    # What breaks before its head is asked for again by itself, on a connection that was used before.
    with h11client.Session(timeout=20, headers={"Connection": "close"}) as session:
        for cut in range(whole):
            cuts.append(cut)
            session.download(server.url, path, retries=AT_ONCE)  # in one call
            assert path.read_bytes() == SMALL
            path.unlink()
            cuts.append(cut)
            with pytest.raises(exceptions.ConnectionError):
                session.download(server.url, path, retries=None)
            assert not path.exists()
            session.download(server.url, path, retries=None)  # and in two
            assert path.read_bytes() == SMALL
            assert [found.name for found in memory.iterdir()] == ["data.bin"]
            path.unlink()
            assert cuts == []
    # Of what was cut by RST, all may be gone that had arrived.
    assert sum(b"Range: " in head for head in asked) >= whole - 2


@pytest.fixture
def dripping(serve: Callable[..., Any]) -> Iterator[Any]:
    """A server that sends half of the file, and the rest when it is told to."""
    go_on = threading.Event()

    def script(peer: Any) -> None:
        while head := peer.read_head():
            answer, body = response_to(head, CONTENT)
            if b"Range:" in head:
                peer.send(answer + body)
                continue
            peer.send(answer + body[:500_000])
            go_on.wait(60)
            peer.send(body[500_000:])

    server = serve(script)
    server.go_on = go_on
    yield server
    go_on.set()


def start(*arguments: object) -> subprocess.Popen[str]:
    program = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *map(str, arguments)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert program.stdout is not None
    assert program.stdout.readline() == "begins\n"
    return program


def wait_for_half(path: Path) -> None:
    part = path.with_name("data.bin.part")
    end = time.monotonic() + 60
    while not (part.exists() and part.stat().st_size >= 500_000):
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_a_program_that_is_ended_leaves_what_the_next_one_goes_on_with(
    dripping: Any, tmp_path: Path, number: signal.Signals
) -> None:
    path = tmp_path / "data.bin"
    path.write_bytes(b"old")
    program = start(dripping.url, path)
    wait_for_half(path)
    with pytest.raises(exceptions.DownloadError, match="another download is writing it"):
        h11client.download(dripping.url, path)
    program.send_signal(number)
    _, errors = program.communicate(timeout=60)
    assert program.returncode == -number
    assert ("KeyboardInterrupt" in errors) is (number == signal.SIGINT)
    assert path.read_bytes() == b"old"
    digest = f"sha256:{sha256(CONTENT).hexdigest()}"
    assert h11client.download(dripping.url, path, digest=digest).resumed_from == 500_000
    assert path.read_bytes() == CONTENT
    assert [found.name for found in tmp_path.iterdir()] == ["data.bin"]


def test_a_file_that_may_not_grow_is_told_and_goes_on_when_it_may(
    dripping: Any, tmp_path: Path
) -> None:
    path = tmp_path / "data.bin"
    path.write_bytes(b"old")
    dripping.go_on.set()
    output, errors = start(dripping.url, path, 300_000).communicate(timeout=60)
    assert errors == ""
    assert "File too large" in output
    assert "data.bin.part" in output
    assert path.read_bytes() == b"old"
    assert h11client.download(dripping.url, path).resumed_from == 300_000
    assert path.read_bytes() == CONTENT


def test_a_directory_that_may_not_be_written_is_told(
    dripping: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_file = os.open

    def refuse(path: Any, flags: int, *mode: int) -> int:
        if flags & os.O_CREAT:  # as for a user who is not root
            raise PermissionError(13, "Permission denied")
        return open_file(path, flags, *mode)

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(exceptions.DownloadError, match=r"data\.bin\.part.*Permission denied"):
        h11client.download(dripping.url, tmp_path / "data.bin")
    assert dripping.accepted == 0


def test_programs_that_download_to_one_place_at_once_end_with_one_whole_file(
    dripping: Any, tmp_path: Path
) -> None:
    dripping.go_on.set()
    path = tmp_path / "data.bin"
    programs = [start(dripping.url, path) for _ in range(4)]
    said = [program.communicate(timeout=60)[0] for program in programs]
    assert str(len(CONTENT)) + "\n" in said
    assert all(text == f"{len(CONTENT)}\n" or "another download" in text for text in said)
    assert path.read_bytes() == CONTENT
    assert [found.name for found in tmp_path.iterdir()] == ["data.bin"]


def test_threads_download_many_files_with_one_session(
    serve: Callable[..., Any], tmp_path: Path
) -> None:
    counted = iter(range(10_000))

    def script(peer: Any) -> None:
        while head := peer.read_head():
            name = head.split(b" ", 2)[1]
            answer, body = response_to(head, name * 1000)
            if next(counted) % 3 == 0:
                peer.send(answer + body[: len(body) // 2])
                return
            peer.send(answer + body)

    server = serve(script)
    errors: list[BaseException] = []
    with h11client.Session(timeout=20, retries=Retry(9, backoff=0)) as session:

        def work(thread: int) -> None:
            try:
                for number in range(10):
                    name = f"{thread}-{number}"
                    session.download(f"{server.url}/{name}", tmp_path / name)
            except BaseException as error:
                errors.append(error)

        threads = [threading.Thread(target=work, args=(thread,)) for thread in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert errors == []
    assert len(list(tmp_path.iterdir())) == 80
    for path in tmp_path.iterdir():
        assert path.read_bytes() == f"/{path.name}".encode() * 1000


@pytest.mark.safety("F19", "F20")
def test_a_download_that_is_killed_at_any_call_of_the_system_goes_on_with_the_right_file(
    memory: Path,
) -> None:
    # What a killed process leaves is the same on every kind of disk.
    done = subprocess.run(
        [sys.executable, "-m", "tests.client.killed_download", str(memory)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert int(done.stdout) > 200
