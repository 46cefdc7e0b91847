"""Runs the command line: in this process, as a program with pipes, and in a terminal."""

from __future__ import annotations

import io
import os
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from h11client._cli.run import main
from tests.conftest import ROOT
from tests.wire.conftest import Peer, Server

PATIENCE = 60.0  # seconds; a program that takes longer has failed
PROGRAM = [sys.executable, "-W", "error", "-m", "h11client"]
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
# What every request has that says nothing about it.
USUAL = ("Host", "User-Agent: h11client/", "Accept-Encoding", "Accept: */*", "Content-Length")


class Told:
    """What a run of the program has come to."""

    def __init__(self, code: int, out: bytes, err: str) -> None:
        self.code = code
        self.out = out
        self.err = err

    def __repr__(self) -> str:
        return f"<{self.code} {self.out!r} {self.err!r}>"


class Asked:
    """A request as it came."""

    def __init__(self, head: bytes, body: bytes) -> None:
        self.line, *self.fields = head.decode("latin-1").removesuffix("\r\n\r\n").split("\r\n")
        self.body = body

    @property
    def telling(self) -> list[str]:
        """The fields that are not those of every request."""
        return [field for field in self.fields if not field.startswith(USUAL)]

    def field(self, name: str) -> str | None:
        for field in self.fields:
            found, _, value = field.partition(": ")
            if found.lower() == name.lower():
                return value
        return None


class Origin:
    """A server that keeps what it was asked, and answers with one thing after the other."""

    def __init__(
        self, *answers: bytes | Callable[[Peer, Asked], None], context: Any = None
    ) -> None:
        self.answers = list(answers) or [OK]
        self.asked: list[Asked] = []
        self.server = Server((self._serve,), context)
        self.url = self.server.url
        self.port = self.server.port

    def _serve(self, peer: Peer) -> None:
        while head := peer.read_head():
            asked = Asked(head, b"")
            asked.body = self._read_body(peer, asked)
            number = len(self.asked)
            self.asked.append(asked)
            answer = self.answers[min(number, len(self.answers) - 1)]
            if callable(answer):
                answer(peer, asked)
                if peer.sock.fileno() < 0:
                    return
            else:
                peer.send(answer)

    def _read_body(self, peer: Peer, asked: Asked) -> bytes:
        if asked.field("Transfer-Encoding") != "chunked":
            return peer.read_body(int(asked.field("Content-Length") or 0))
        body = b""
        while size := int(self._read_line(peer), 16):
            body += peer.read_body(size)
            peer.read_body(2)
        self._read_line(peer)
        return body

    @staticmethod
    def _read_line(peer: Peer) -> bytes:
        line = b""
        while not line.endswith(b"\r\n"):
            line += peer.read_body(1)
        return line


@contextmanager
def origin(*answers: Any, context: Any = None) -> Iterator[Origin]:
    made = Origin(*answers, context=context)
    try:
        yield made
    finally:
        made.server.stop()


def answer(
    body: bytes, content_type: str | None = "text/plain", status: str = "200 OK", *fields: str
) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *fields]
    if content_type is not None:
        lines.append(f"Content-Type: {content_type}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def call(
    capture: pytest.CaptureFixture[bytes],
    *arguments: str,
    stdin: bytes | None = None,
    monkeypatch: pytest.MonkeyPatch | None = None,
) -> Told:
    """Runs it in this process, whose standard streams are no terminals."""
    if stdin is not None:
        assert monkeypatch is not None
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
    capture.readouterr()
    code = main(["--no-env", *arguments])
    out, err = capture.readouterr()
    return Told(code, out, err.decode())


def environment(**more: str) -> dict[str, str]:
    """What programs see: nothing of this machine's, and colours as on most terminals."""
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ}
    fixed = {"PYTHONPATH": str(ROOT), "TERM": "xterm-256color", "LC_ALL": "C.UTF-8", "HOME": "/"}
    return {**kept, **fixed, **more}


def run(*arguments: str, cwd: Path, stdin: Any = subprocess.DEVNULL, **more: str) -> Told:
    """Runs it as a program whose output goes into pipes."""
    done = subprocess.run(
        [*PROGRAM, *arguments],
        input=stdin if isinstance(stdin, bytes) else None,
        stdin=None if isinstance(stdin, bytes) else stdin,
        capture_output=True,
        cwd=cwd,
        env=environment(**more),
        timeout=PATIENCE,
        start_new_session=True,  # without the terminal of whoever runs the tests
    )
    return Told(done.returncode, done.stdout, done.stderr.decode())


def without_rich(folder: Path) -> dict[str, str]:
    """Variables of an environment in which rich is not installed."""
    package = folder / "hiding" / "rich"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise ImportError('hidden by a test')\n")
    return {"PYTHONPATH": f"{package.parent}{os.pathsep}{ROOT}"}


class InTerminal:
    """The program in a terminal of its own, whose `shown` is all that was written to it."""

    def __init__(self, *arguments: str, cwd: Path, columns: int = 100, **more: str) -> None:
        import fcntl
        import pty
        import struct
        import termios

        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 30, columns, 0, 0))
        self.process = subprocess.Popen(
            [*PROGRAM, *arguments],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            cwd=cwd,
            env=environment(**more),
            start_new_session=True,
        )
        os.close(slave)
        self._end = time.monotonic() + PATIENCE
        self.shown = ""
        self._again = float("inf")  # when to interrupt once more

    def __enter__(self) -> InTerminal:
        return self

    def __exit__(self, *error: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self._master)

    def read_until(self, pattern: str) -> str:
        """Reads on until what was shown has the pattern; what that is."""
        while (found := re.search(pattern, self.shown)) is None:
            assert self._read(), f"{pattern!r} is not in {self.shown[-500:]!r}"
        return found[0]

    def write(self, text: str) -> None:
        """Types something."""
        os.write(self._master, text.encode())

    def interrupt(self, times: int = 1) -> None:
        """What Ctrl-C does; as people do, again if nothing comes of it.

        Python notes a signal that comes between two of its steps, and waits on if the next one
        waits: until there is another, or what it waits for.
        """
        for _ in range(times):
            self.process.send_signal(signal.SIGINT)
        self._again = time.monotonic() + 5.0

    def finish(self) -> int:
        """Reads to the end, and returns the exit code."""
        while self._read():
            pass
        return self.process.wait(PATIENCE)

    @property
    def text(self) -> str:
        """What was shown, with plain ends of lines."""
        return self.shown.replace("\r\n", "\n")

    def _read(self) -> bool:
        left = self._end - time.monotonic()
        assert left > 0, f"it takes too long: {self.shown[-500:]!r}"
        # Whatever is shown meanwhile: bars are drawn by a thread.
        if time.monotonic() >= self._again:
            self._again = time.monotonic() + 5.0
            self.process.send_signal(signal.SIGINT)
        wait = min(left, max(0.0, self._again - time.monotonic()))
        if not select.select([self._master], [], [], wait)[0]:
            return True
        try:
            data = os.read(self._master, 65536)
        except OSError:  # how Linux says that the other side is closed
            return False
        self.shown += data.decode("utf-8", "replace")
        return bool(data)
