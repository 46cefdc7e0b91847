"""docs/examples/websocket_client.py: our client and wsproto against other people's servers."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator

import pytest

from tests.conftest import ROOT
from tests.dependents.conftest import Run

EXAMPLE = ROOT / "docs" / "examples" / "websocket_client.py"


@pytest.fixture(scope="module", params=["wsproto_server", "trio_websocket_server"])
def port(request: pytest.FixtureRequest, run: Run) -> Iterator[int]:
    with run(request.param) as program:
        yield program.hear()["port"]


@pytest.fixture
def example(environment_python: Callable[[str], str]) -> Callable[..., tuple[int, str, str]]:
    def run(*arguments: str) -> tuple[int, str, str]:
        command = [environment_python("dependents"), "-W", "error::ResourceWarning", str(EXAMPLE)]
        environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
        done = subprocess.run(
            [*command, *arguments], capture_output=True, text=True, timeout=60, env=environment
        )
        return done.returncode, done.stdout, done.stderr

    return run


def test_lines_come_back(port: int, example: Callable[..., tuple[int, str, str]]) -> None:
    long = "x" * 20_000
    returned, printed, errors = example(f"http://127.0.0.1:{port}/ws", "hello", "wörld", long)
    assert (returned, errors) == (0, "")
    assert printed.splitlines() == ["hello", "wörld", long, "closed: 1000"]


def test_a_refusal_is_told(port: int, example: Callable[..., tuple[int, str, str]]) -> None:
    returned, printed, errors = example(f"http://127.0.0.1:{port}/refused", "hello")
    assert (returned, printed) == (1, "")
    assert errors.startswith("no WebSocket: 403")
