"""The benchmarks run and measure our side; what they measured is nobody's business here."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks import profile_get
from benchmarks.kinds import KINDS
from benchmarks.kinds.growth import BODIES, GROWING
from benchmarks.kinds.loopback import ABSENT

ROOT = Path(__file__).resolve().parent.parent.parent
BENCH = [sys.executable, str(ROOT / "benchmarks" / "__main__.py")]
QUICK = ["--quick", "--ours", "--rounds", "1"]
OURS, STANDARD = "h11client", {"http.client", "bare socket"}


def run(tmp_path: Path, *arguments: str, path: str | None = None) -> list[dict[str, Any]]:
    """Run the command without peers; return the sections that it wrote."""
    figures = tmp_path / "figures.json"
    environment = os.environ if path is None else {**os.environ, "PATH": path}
    done = subprocess.run(
        [*BENCH, *arguments, *QUICK, "--json", str(figures)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    sections: list[dict[str, Any]] = json.loads(figures.read_text(encoding="utf-8"))["sections"]
    assert [section["kind"] for section in sections] == list(arguments)
    for section in sections:
        assert f"## {section['title']}" in done.stdout
    assert "## Main table" in done.stdout
    return sections


def measured(sections: list[dict[str, Any]]) -> dict[str, set[str]]:
    """What was measured, contender by contender; nobody else failed than those who are not here."""
    works: dict[str, set[str]] = {}
    for section in sections:
        assert set(section["missing"].values()) <= {ABSENT}, section["missing"]
        for task in section["tasks"]:
            assert all(one["wall"] > 0 and one["units"] > 0 for one in task["rounds"])
            works.setdefault(task["contender"], set()).add(task["work"])
    return works


def test_cycles_and_bodies_of_our_h11_are_measured(tmp_path: Path) -> None:
    works = measured(run(tmp_path, "cycle", "bodies"))
    bodies = {
        f"{size}-{how}" for size in ("tiny", "large", "length") for how in ("events", "joined")
    }
    assert works == {"h11 (ours)": {"client-lists", "client-headers", "server"} | bodies}


def test_small_requests_are_measured_beside_what_needs_no_environment(tmp_path: Path) -> None:
    works = measured(run(tmp_path, "get", "variants", "tls", "connect", "threads"))
    assert set(works) == {OURS} | STANDARD
    small = {"get", "get-with", "post-json", "get-tls", "new", "new-tls", "threads"}
    assert works[OURS] == small
    assert works["bare socket"] == {"get", "get-tls"}


def test_bodies_are_measured_beside_what_needs_no_environment(tmp_path: Path) -> None:
    works = measured(run(tmp_path, "chunks", "downloads", "uploads", "tls-bodies", "gzip"))
    assert set(works) == {OURS} | STANDARD
    large = {"chunks", "length", "chunked", "upload", "upload-file", "gzip"}
    assert works[OURS] == works["bare socket"] == large | {"length-tls", "upload-tls"}


def test_import_time_and_memory_are_measured(tmp_path: Path) -> None:
    works = measured(run(tmp_path, "import", "memory"))
    assert works == {
        OURS: {"import", "session", "memory"},
        "h11 (ours)": {"import"},
        "bare interpreter": {"memory"},
    }


def test_growth_is_measured_at_both_sizes(tmp_path: Path) -> None:
    works = measured(run(tmp_path, "growth", "growth-bodies"))
    sizes = {f"{work}-{size}" for _, work, _, *two in (*GROWING, *BODIES) for size in two}
    assert works == {OURS: sizes}


def test_instructions_are_counted_where_valgrind_is(tmp_path: Path) -> None:
    (section,) = run(tmp_path, "instructions")
    if profile_get.valgrind() is None:
        assert "valgrind is not installed" in section["missing"]["instructions"]
    else:
        (task,) = section["tasks"]
        assert task["work"] == "get-memory"
        assert 10_000 < task["rounds"][0]["cost"] < 10_000_000


def test_without_valgrind_the_table_says_so(tmp_path: Path) -> None:
    (section,) = run(tmp_path, "instructions", path=str(tmp_path))
    assert section["tasks"] == []
    assert "valgrind is not installed" in section["missing"]["instructions"]


def test_rows_of_absent_peers_stand_in_the_table_as_not_measured(tmp_path: Path) -> None:
    (section,) = run(tmp_path, "connect")
    rows = [row for row in section["rows"] if row["asked"] is not None]
    assert [(row["against"], row["ratio"], row["verdict"]) for row in rows] == [
        ("urllib3", None, "")
    ] * 2


@pytest.mark.parametrize(
    "arguments",
    [["nonsense"], ["--docs"], ["--plot", "x.svg"], ["get", "--docs", "--from", "x.json"]],
)
def test_what_cannot_be_done_is_refused(arguments: list[str]) -> None:
    done = subprocess.run(
        [*BENCH, *arguments], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 2
    assert "usage" in done.stderr


def test_the_readme_of_the_benchmarks_and_the_page_name_every_kind() -> None:
    for file in ("benchmarks/README.md", "docs/performance.md"):
        text = (ROOT / file).read_text(encoding="utf-8")
        assert [kind for kind in KINDS if f"| `{kind}` |" not in text] == []
