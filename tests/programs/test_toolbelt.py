"""The streamed forms of requests_toolbelt are bodies with a known length, as they are for requests."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.programs.conftest import PROGRAMS, STOP_SECONDS, compared
from tests.programs.service import Answer, Call, Service, serving

LIBRARIES = ("requests", "h11client")


@pytest.fixture(scope="module")
def origin() -> Iterator[tuple[Service, str]]:
    service = Service()

    @service.route("*", ".*/upload")
    def upload(call: Call) -> Answer:
        return Answer({"length": len(call.body)})

    with serving(service) as url:
        yield service, url


@pytest.fixture(scope="module")
def runs(
    origin: tuple[Service, str],
    environment_python: Callable[[str], str],
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, tuple[Any, list[dict[str, Any]]]]:
    """What the program found, and what the service got, with each library."""
    service, url = origin
    found = {}
    for library in LIBRARIES:
        folder = tmp_path_factory.mktemp(library)
        done = subprocess.run(
            [environment_python("callers"), "-I", str(PROGRAMS / "forms" / "uploads.py"), library, url, str(folder)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            env={"PATH": os.environ.get("PATH", ""), "HOME": str(folder)},
            timeout=STOP_SECONDS,
        )  # fmt: skip
        assert done.returncode == 0, f"{library}:\n{done.stdout}{done.stderr}"
        found[library] = json.loads(done.stdout), service.take_log()
    return found


def test_both_libraries_send_the_same(runs: dict[str, tuple[Any, list[dict[str, Any]]]]) -> None:
    theirs, ours = [[compared(call) for call in runs[library][1]] for library in LIBRARIES]
    assert [call["target"] for call in ours] == ["/toolbelt/upload"] * 4
    assert ours == theirs


def test_the_program_sees_the_same(runs: dict[str, tuple[Any, list[dict[str, Any]]]]) -> None:
    assert runs["h11client"][0] == {
        "encoder": [200, True, True],
        "monitor": [200, True, True, runs["h11client"][0]["monitor"][3]],
        "iterator": [200, "11"],
        "in one piece": [200, "125"],
    }
    assert runs["h11client"][0] == runs["requests"][0]


@pytest.mark.safety("2b3", "2b4")
def test_a_form_that_is_streamed_has_its_exact_length(
    runs: dict[str, tuple[Any, list[dict[str, Any]]]],
) -> None:
    for call in runs["h11client"][1]:
        headers = {name.lower(): value for name, value in call["headers"]}
        assert headers["content-length"] == str(len(call["body"]))
        assert "transfer-encoding" not in headers
    assert len(runs["h11client"][1][0]["body"]) > 300_000
