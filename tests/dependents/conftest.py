"""Programs of other people on our h11: each runs in a process of the environment `dependents`."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent.parent
ENGINE = ROOT / "h11"  # each program refuses to start on any other
PROGRAMS = Path(__file__).parent / "programs"
STOP_SECONDS = 20.0  # only a test that fails ever waits for it


class Program:
    """A running program that speaks in lines of JSON."""

    def __init__(self, python: str, name: str, *arguments: object) -> None:
        command = [python, "-W", "error::DeprecationWarning:h11", str(PROGRAMS / f"{name}.py")]
        command += [str(ENGINE), *map(str, arguments)]
        environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )

    def hear(self) -> dict[str, Any]:
        """The next thing that it says."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            _, errors = self.process.communicate(timeout=STOP_SECONDS)
            raise AssertionError(f"the program ended ({self.process.returncode}):\n{errors}")
        said: dict[str, Any] = json.loads(line)
        return said

    def tell(self, **facts: object) -> dict[str, Any]:
        """Send one line and return the answer."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(facts) + "\n")
        self.process.stdin.flush()
        return self.hear()

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.communicate(timeout=STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()


Run = Callable[..., contextlib.AbstractContextManager[Program]]


@pytest.fixture(scope="session")
def run(environment_python: Callable[[str], str]) -> Run:
    """Starts a program by its name, and stops it at the end of the block."""

    @contextlib.contextmanager
    def started(name: str, *arguments: object) -> Iterator[Program]:
        program = Program(environment_python("dependents"), name, *arguments)
        try:
            yield program
        finally:
            program.stop()

    return started
