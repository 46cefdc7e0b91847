"""The benchmarks run and measure our side; what they measured is nobody's business here."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.harness import Measure, Spread, there_and_back
from benchmarks.report import Asked, ratios

ROOT = Path(__file__).resolve().parent.parent.parent
SMALL = {"get", "get-with", "post-json", "new"}
BENCH = [sys.executable, str(ROOT / "benchmarks" / "__main__.py")]


def measured(tmp_path: Path, *arguments: str) -> dict[str, set[str]]:
    """Run the command without peers; return what was measured, contender by contender."""
    figures = tmp_path / "figures.json"
    command = [*BENCH, *arguments, "--quick", "--ours", "--json", str(figures)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    works: dict[str, set[str]] = {}
    for section in json.loads(figures.read_text())["sections"]:
        assert f"## {section['title']}" in done.stdout
        assert section["missing"] == {}
        for task in section["tasks"]:
            assert all(one["wall"] > 0 and one["units"] > 0 for one in task["rounds"])
            works.setdefault(task["contender"], set()).add(task["work"])
    return works


def test_cycles_and_bodies_of_our_h11_are_measured(tmp_path: Path) -> None:
    works = measured(tmp_path, "cycle", "bodies")
    bodies = {
        f"{size}-{how}" for size in ("tiny", "large", "length") for how in ("events", "joined")
    }
    assert works == {"h11 (ours)": {"client-lists", "client-headers", "server"} | bodies}


def test_our_client_is_measured_beside_what_needs_no_environment(tmp_path: Path) -> None:
    works = measured(tmp_path, "client", "variants", "streams")
    assert set(works) == {"h11client", "http.client", "bare socket"}
    assert works["h11client"] == SMALL | {"tiny", "large", "length", "upload"}


def test_import_time_is_measured(tmp_path: Path) -> None:
    works = measured(tmp_path, "import")
    assert works == {"h11client": {"import", "session"}, "h11 (ours)": {"import"}}


def test_an_unknown_kind_is_refused() -> None:
    done = subprocess.run(
        [*BENCH, "nonsense"], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 2
    assert "nonsense" in done.stderr


def test_ratios_are_made_within_a_round_and_not_across_rounds() -> None:
    ours = [Measure(cpu=cpu, wall=1.0, units=10) for cpu in (1.0, 10.0, 2.0)]
    theirs = [Measure(cpu=cpu, wall=4.0, units=20) for cpu in (4.0, 40.0, 8.0)]
    assert ratios(ours, theirs, faster=True) == Spread(2.0, 2.0, 2.0)
    assert ratios(ours, theirs, faster=False) == Spread(0.5, 0.5, 0.5)
    assert ratios(ours, theirs, faster=False, wall=True) == Spread(0.5, 0.5, 0.5)


def test_a_spread_is_the_median_between_its_quartiles() -> None:
    assert Spread.of([5.0, 1.0, 3.0, 2.0, 4.0]) == Spread(2.0, 3.0, 4.0)
    assert Spread.of([7.0]) == Spread(7.0, 7.0, 7.0)


@pytest.mark.parametrize(
    ("asked", "ratio", "met"),
    [
        pytest.param(Asked(3.0, faster=True), 3.0, True, id="as fast as asked"),
        pytest.param(Asked(3.0, faster=True), 2.99, False, id="not fast enough"),
        pytest.param(Asked(0.25, faster=False), 0.25, True, id="the share that was asked"),
        pytest.param(Asked(0.25, faster=False), 0.26, False, id="too large a share"),
        pytest.param(Asked(0.25, faster=False), math.inf, False, id="no work done"),
    ],
)
def test_a_target_is_met_or_missed(asked: Asked, ratio: float, met: bool) -> None:
    assert asked.met(ratio) is met


def test_every_second_round_runs_backwards() -> None:
    assert list(there_and_back(["a", "b", "c"], 3)) == [*"abc", *"cba", *"abc"]
