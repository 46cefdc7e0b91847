"""Schemes that other people wrote for requests sign what h11client sends; nothing is patched."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.client.digest_origin import DigestOrigin
from tests.programs.service import Answer, Call, Service, serving
from tests.programs.signing.checks import check_aws4, check_oauth1

PROGRAM = Path(__file__).parent / "signing" / "calls.py"
STOP_SECONDS = 180.0  # only a test that fails ever waits for it

CHECKS: dict[str, Callable[[Call], str]] = {
    "oauth1": lambda call: check_oauth1(call, "client secret", "owner secret"),
    "aws4": lambda call: check_aws4(call, "secret key"),
}
PATHS = {
    "oauth1": ["/plain", "/query", "/form", "/json", "/file", "/chunked", "/in-query", "/in-body", "/plain", "/of-the-session", "/prepared"],
    "aws4": ["/plain", "/query", "/bytes", "/text", "/form", "/json", "/file", "/plain", "/of-the-session"],
}  # fmt: skip


def run(python: str, scheme: str, url: str) -> list[dict[str, Any]]:
    done = subprocess.run(
        [python, "-I", str(PROGRAM), scheme, url],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env={"PATH": os.environ.get("PATH", ""), "HOME": os.devnull},
        timeout=STOP_SECONDS,
    )
    assert done.returncode == 0, f"{done.stdout}{done.stderr}"
    said: list[dict[str, Any]] = json.loads(done.stdout)
    return said


@pytest.mark.parametrize("scheme", CHECKS)
def test_every_signature_of_a_scheme_for_requests_is_good(
    scheme: str, environment_python: Callable[[str], str]
) -> None:
    service = Service()

    @service.route("*", "[^/]*/to/(.*)")
    def redirect(call: Call, path: str) -> Answer:
        status = 302 if CHECKS[scheme](call) == "good" else 403
        return Answer(b"", status, [("Location", f"/{path}")])

    @service.route("*", ".*")
    def check(call: Call) -> Answer:
        return Answer(CHECKS[scheme](call))

    with serving(service) as url:
        said = run(environment_python("callers"), scheme, url)
    assert said == [{"path": path, "said": "good"} for path in PATHS[scheme]]


@pytest.mark.parametrize("scheme", CHECKS)
def test_the_checks_tell_a_request_without_a_signature(scheme: str) -> None:
    call = Call("GET", "/", [("Host", "a.example")], b"", tls=False)
    assert CHECKS[scheme](call) == "not signed"


def test_the_scheme_of_requests_that_asks_again_from_a_hook_works(
    environment_python: Callable[[str], str],
) -> None:
    origin = DigestOrigin()
    service = Service()
    bodies = []

    @service.route("*", "[^/]*/.*")
    def check(call: Call) -> Answer:
        told = call.header("Authorization")
        status, headers = origin.answer(call.method, call.target, told, call.body)
        if status == 200 and call.path.startswith("/to/"):
            return Answer(b"", 302, [("Location", call.path.removeprefix("/to"))])
        bodies.append(call.body)
        return Answer("good" if status == 200 else "asked", status, headers)

    with serving(service) as url:
        said = run(environment_python("callers"), "digest", url)
    paths = ["/plain", "/again", "/file", "/form", "/plain"]
    assert said == [{"path": path, "said": "good"} for path in paths]
    assert bodies.count(b"of any kind") == 2
    counts = [told["nc"] for told in origin.asked if told]
    assert counts[:3] == ["00000001", "00000002", "00000001"]
