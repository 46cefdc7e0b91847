"""docs/examples/minimal_client.py, run as a program against httpbin over TLS."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys

import pytest

from tests.conftest import ROOT, Authority

PROGRAM = ROOT / "docs" / "examples" / "minimal_client.py"


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error", str(PROGRAM), *map(str, arguments)]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=60, env={"PYTHONPATH": str(ROOT)}
    )


def test_it_fetches_a_page_and_shows_the_events(httpbin_tls_url: str, ca: Authority) -> None:
    done = run(f"{httpbin_tls_url}/get?a=b", ca.pem)
    lines = done.stdout.splitlines()
    assert (done.returncode, done.stderr) == (0, "")
    assert lines[0].startswith("-> Request(method=b'GET', ")
    assert "target=b'/get?a=b'" in lines[0]
    assert lines[1] == "-> EndOfMessage(headers=<Headers([])>)"
    assert lines[2].startswith("<- Response(")
    assert lines[-2] == "<- EndOfMessage(headers=<Headers([])>)"
    assert lines[-1].startswith("200, ")
    pieces = re.findall(r"^<- Data\(data=(b'.*'), chunk_start=", done.stdout, re.MULTILINE)
    body = b"".join(map(ast.literal_eval, pieces))
    assert json.loads(body)["args"] == {"a": "b"}


@pytest.mark.parametrize(("path", "status"), [("/status/404", 404), ("/bytes/100000", 200)])
def test_it_reports_status_and_size(
    httpbin_tls_url: str, ca: Authority, path: str, status: int
) -> None:
    size = 100_000 if path.startswith("/bytes") else 0
    done = run(httpbin_tls_url + path, ca.pem)
    assert done.stdout.splitlines()[-1] == f"{status}, {size} bytes of body"


def test_it_reads_a_chunked_body(httpbin_tls_url: str, ca: Authority) -> None:
    done = run(f"{httpbin_tls_url}/stream-bytes/30000?chunk_size=1000", ca.pem)
    assert done.stdout.splitlines()[-1] == "200, 30000 bytes of body"
    assert "chunk_start=True" in done.stdout


def test_it_does_not_talk_to_a_server_with_an_unknown_certificate(httpbin_tls_url: str) -> None:
    done = run(f"{httpbin_tls_url}/get")
    assert done.returncode != 0
    assert "CERTIFICATE_VERIFY_FAILED" in done.stderr
    assert done.stdout == ""


def test_it_wants_an_https_url(httpbin_url: str) -> None:
    assert "an https URL is wanted" in run(httpbin_url).stderr
