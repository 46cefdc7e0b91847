"""The first thing that a newcomer runs, run as a newcomer does."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CONNECTION = re.compile(
    r"\[(?P<kind>new|kept-alive) connection, our port (?P<ours>\d+) to peer port (?P<peer>\d+),"
    r" request (?P<request>\d+) on it, client/server (?P<states>\S+)\]"
)


def demo(*arguments: str) -> subprocess.CompletedProcess[str]:
    # The Python that runs this test is the first one that the script finds.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    return subprocess.run(
        [str(ROOT / "scripts" / "demo"), *arguments],
        cwd="/",
        env={**os.environ, "PATH": path},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )


def test_the_demo_shows_three_exchanges_on_one_connection_and_then_a_new_one() -> None:
    run = demo()
    assert run.returncode == 0, run.stderr
    used = [match.groupdict() for match in CONNECTION.finditer(run.stdout)]
    assert [one["kind"] for one in used] == ["new", "kept-alive", "kept-alive", "kept-alive", "new"]
    assert [one["request"] for one in used] == ["1", "2", "3", "4", "1"]
    assert [one["states"] for one in used[:3]] == ["DONE/DONE"] * 3
    assert used[3]["states"].startswith("MUST_CLOSE/")
    assert used[4]["states"] == "DONE/DONE"
    assert len({one["ours"] for one in used[:4]}) == 1
    assert used[4]["ours"] != used[0]["ours"]
    assert len({one["peer"] for one in used}) == 1


def test_the_demo_shows_what_was_received_and_sent() -> None:
    printed = demo().stdout
    assert '"greeting": "hello world"' in printed
    download = re.search(r"(\d+) bytes in \d+ pieces: [1-9]\d* MB/s", printed)
    assert download
    assert int(download[1]) > 16_000_000
    assert "the server received: Transfer-Encoding: chunked, 18890 bytes, 2000 lines" in printed
    assert "the same text: yes" in printed
    assert "Connection: close" in printed


def test_the_demo_fetches_a_url(httpbin_url: str) -> None:
    run = demo(f"{httpbin_url}/json")
    assert run.returncode == 0, run.stderr
    assert run.stdout.startswith("200 OK\n")
    assert "Sample Slide Show" in run.stdout
    assert CONNECTION.search(run.stdout)


def test_a_url_that_cannot_be_fetched_is_one_line_and_a_failure() -> None:
    run = demo("http://127.0.0.1:1/")
    assert run.returncode == 1
    assert re.fullmatch(r"ConnectionError: .*\n", run.stdout)
    assert "Traceback" not in run.stderr
