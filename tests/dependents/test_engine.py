"""The environment of the dependents holds our h11, and its programs refuse to run on another."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

import pytest

from tests.dependents.conftest import ENGINE, PROGRAMS

CHECK = (
    f"import sys; sys.path.insert(0, {str(PROGRAMS)!r}); import engine; engine.check(sys.argv[1])"
)


def check(python: str) -> subprocess.CompletedProcess[str]:
    command = [python, "-I", "-c", CHECK, str(ENGINE)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def test_the_dependents_run_on_the_h11_of_this_checkout(
    environment_python: Callable[[str], str],
) -> None:
    done = check(environment_python("dependents"))
    assert (done.returncode, done.stderr) == (0, "")


def test_a_program_does_not_start_on_another_h11(
    environment_python: Callable[[str], str],
) -> None:
    done = check(environment_python("oracle"))
    assert done.returncode != 0
    assert done.stderr.startswith("h11 comes from ")


@pytest.mark.parametrize("name", ["uvicorn", "hypercorn", "wsproto", "httpcore", "trio_websocket"])
def test_every_dependent_is_there_and_imports_it(
    environment_python: Callable[[str], str], name: str
) -> None:
    code = f"import {name}, h11, os, sys; sys.exit(not os.path.samefile(os.path.dirname(h11.__file__), sys.argv[1]))"
    command = [environment_python("dependents"), "-I", "-c", code, str(ENGINE)]
    assert subprocess.run(command, timeout=60).returncode == 0
