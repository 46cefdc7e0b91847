"""scripts/audit.py: fails for a known vulnerability, and never for want of somebody to ask.

pip-audit itself is run; the advisories are those of a server of the test's.
"""

from __future__ import annotations

import http.server
import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT

sys.path.append(str(ROOT / "scripts"))  # where the scripts find each other
import audit
from audit import NotReached

ADVISORY = {
    "id": "GHSA-aaaa-bbbb-cccc",
    "modified": "2026-01-01T00:00:00Z",
    "published": "2026-01-01T00:00:00Z",
    "summary": "made up for a test",
    "details": "made up for a test",
    "affected": [
        {
            "package": {"name": "certifi", "ecosystem": "PyPI"},
            "ranges": [
                {"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2024.7.4"}]}
            ],
        }
    ],
}


class Advisories(http.server.BaseHTTPRequestHandler):
    """Speaks OSV's protocol: one advisory for old certifi, nothing for all others."""

    status = 200
    seconds = 0.0

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        time.sleep(self.seconds)
        known = asked["package"]["name"] == "certifi" and asked["version"] < "2024.7.4"
        answer = json.dumps({"vulns": [ADVISORY]} if known else {}).encode()
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: Any) -> None:
        """Nobody reads it."""


@pytest.fixture
def advisories(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Where to ask; changes of `Advisories` end with the test."""
    monkeypatch.setattr(Advisories, "status", 200)
    monkeypatch.setattr(Advisories, "seconds", 0.0)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Advisories)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/v1/query"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def pip_audit(environment_python: Callable[[str], str]) -> Path:
    return Path(environment_python("audit"))


def ask(interpreter: Path, pins: list[str], url: str, seconds: float = 60.0) -> list[str]:
    asking = ["-s", "osv", "--osv-url", url]
    return audit.audit(interpreter, pins, asking, time.monotonic() + seconds)


def test_a_known_vulnerability_is_found(pip_audit: Path, advisories: str) -> None:
    assert ask(pip_audit, ["certifi==2022.12.7", "idna==3.15"], advisories) == [
        "certifi 2022.12.7: GHSA-aaaa-bbbb-cccc, mended in 2024.7.4"
    ]
    assert ask(pip_audit, ["certifi==2024.7.4", "idna==3.15"], advisories) == []


def test_a_service_that_fails_is_none(pip_audit: Path, advisories: str) -> None:
    Advisories.status = 500
    with pytest.raises(NotReached):
        ask(pip_audit, ["idna==3.15"], advisories)
    with pytest.raises(NotReached):
        ask(pip_audit, ["idna==3.15"], "http://127.0.0.1:1/v1/query")


def test_a_service_that_is_slow_is_given_up(pip_audit: Path, advisories: str) -> None:
    Advisories.seconds = 4.0
    started = time.monotonic()
    with pytest.raises(NotReached, match="too long"):
        ask(pip_audit, ["idna==3.15"], advisories, seconds=1.5)
    assert time.monotonic() - started < 3.5


def test_who_has_no_advisories_is_not_asked(
    advisories: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    question = b'{"package": {"name": "idna"}, "version": "3.4"}'  # of which this one knows nothing
    monkeypatch.setattr(audit, "SERVICES", {"osv": (advisories, question, "vulns")})
    with pytest.raises(NotReached):
        audit.service_within_reach()
    question = b'{"package": {"name": "certifi"}, "version": "2022.12.7"}'
    monkeypatch.setattr(audit, "SERVICES", {"osv": (advisories, question, "vulns")})
    assert audit.service_within_reach() == "osv"


def test_nobody_to_ask_is_no_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    nobody = {"pypi": ("http://127.0.0.1:1/", None, "vulnerabilities")}
    monkeypatch.setattr(audit, "SERVICES", nobody)
    monkeypatch.setattr(audit, "STATE", tmp_path / "audit.json")
    assert audit.main(Path(sys.executable)) == 0
    assert "not reached, not audited" in capsys.readouterr().out
    assert not (tmp_path / "audit.json").exists()


def test_a_vulnerability_is_a_failure_and_what_is_clean_is_asked_for_once_a_day(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    found = ["idna 3.15: X, mended in 3.16"]
    times = []

    def audit_all(wanted: list[str], end: float) -> tuple[list[str], int]:
        times.append(wanted)
        return found, 3

    monkeypatch.setattr(audit, "STATE", tmp_path / "audit.json")
    monkeypatch.setattr(audit, "audit_all", audit_all)
    assert audit.main(Path(sys.executable)) == 1
    assert "idna 3.15: X, mended in 3.16" in capsys.readouterr().out
    assert audit.main(Path(sys.executable)) == 1
    found.clear()
    assert [audit.main(Path(sys.executable)) for _ in range(3)] == [0, 0, 0]
    assert len(times) == 3


def test_what_is_audited_is_what_users_install() -> None:
    wanted = audit.requirements(Path(sys.executable))
    names = {text.partition(">")[0].partition(";")[0].strip() for text in wanted}
    assert {"certifi", "idna", "socksio", "rich", "truststore"} <= names
    assert names & {"brotli", "brotlicffi"}
    assert not names & {"pytest", "httpbin", "mkdocs", "mypy"}
    assert not any("extra" in text for text in wanted)
    assert {"certifi==2024.7.4", "idna==3.15"} <= set(audit.lowest(wanted))
