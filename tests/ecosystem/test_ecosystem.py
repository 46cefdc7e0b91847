"""Sessions among other people's programs: a Dask cluster, OpenTelemetry, the system's trust store."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import ROOT, Authority

EXAMPLES = ROOT / "docs" / "examples"

Run = Callable[..., str]


@pytest.fixture
def run(environment_python: Callable[[str], str]) -> Run:
    """Runs a program in the environment that has what it needs, and gives what it prints."""

    def run_program(*command: str, python: str | None = None, **variables: str) -> str:
        inherited = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
        done = subprocess.run(
            [python or environment_python("ecosystem"), *command],
            env={**inherited, "PYTHONPATH": str(ROOT), **variables},
            capture_output=True,
            text=True,
            timeout=180,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run_program


def test_a_cluster_does_a_thousand_downloads_with_one_pickled_session_a_worker(
    run: Run, httpbin_url: str
) -> None:
    url = f"{httpbin_url}/anything/download"
    printed = run(str(EXAMPLES / "dask_downloads.py"), url, "1000")
    found = dict(
        line.split(" ", 1) for line in printed.replace("by worker", "by-worker").splitlines()
    )
    assert found["downloads"] == "1000"
    assert found["different"] == "1000"  # each got the answer to its own question
    shares = json.loads(found["by-worker"])
    assert len(shares) == 2
    assert sum(shares) == 1000
    # Two workers of two threads each: connections are kept, not made for every download. The
    # server closes one after so many requests, so a few more are dialled.
    assert int(found["connections"]) <= 100


def test_every_request_is_a_span_whose_events_are_its_stages(run: Run, httpbin_url: str) -> None:
    printed = run(str(EXAMPLES / "opentelemetry_spans.py"), f"{httpbin_url}/redirect/1")
    spans, rest = [], printed.strip()
    while rest:
        span, end = json.JSONDecoder().raw_decode(rest)
        spans.append(span)
        rest = rest[end:].strip()
    assert [span["name"] for span in spans].count("GET") == len(spans) >= 1
    outermost = spans[-1]
    assert outermost["attributes"]["http.response.status_code"] == 200
    names = [event["name"] for span in spans for event in span["events"]]
    assert {"pool", "connect", "sent", "first_byte", "end"} <= set(names)


TRUST = """
import ssl, sys, truststore, h11client
context = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
with h11client.Session(verify=context, trust_env=False, timeout=10) as session:
    try:
        print(session.get(sys.argv[1]).status_code)
    except h11client.SSLError as error:
        print("not trusted")
"""


def test_the_trust_store_of_the_system_decides(
    run: Run, httpbin_tls_url: str, ca: Authority, tmp_path: Path
) -> None:
    url = f"{httpbin_tls_url}/get"
    assert run("-c", TRUST, url, SSL_CERT_FILE=str(ca.pem)) == "200\n"
    nobody = tmp_path / "nobody.pem"
    nobody.write_text("")
    assert run("-c", TRUST, url, SSL_CERT_FILE=str(nobody)) == "not trusted\n"


def test_pages_are_fetched_under_asyncio_over_one_connection(run: Run, httpbin_url: str) -> None:
    urls = [f"{httpbin_url}/bytes/100", f"{httpbin_url}/stream-bytes/50000", f"{httpbin_url}/get"]
    program = str(EXAMPLES / "asyncio_client.py")
    lines = run(program, *urls, python=sys.executable).splitlines()
    assert lines[:3] == ["connected", "200 100", "200 50000"]
    assert lines[3].startswith("200 ")
    assert len(lines) == 4
