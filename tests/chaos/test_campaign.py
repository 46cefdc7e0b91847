"""The smoke run of the campaign, and that its judge sees what is wrong.

20,000 requests, in memory and on sockets at once, in two processes. The seed is fixed;
H11CLIENT_CHAOS_SEED=n runs another one, and `scripts/chaos` runs for longer.
"""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from h11client import exceptions
from tests.chaos.campaign import Campaign
from tests.chaos.cases import (
    FAULTS,
    FRAMINGS,
    HEALTHY,
    KINDS,
    METHODS,
    NETWORK,
    WAYS,
    make_case,
)
from tests.chaos.client import OurClient
from tests.chaos.invariants import judge
from tests.chaos.outcomes import Outcome
from tests.chaos.report import Report

ROOT = Path(__file__).resolve().parent.parent.parent
SEED = os.environ.get("H11CLIENT_CHAOS_SEED", "20261122")
CASES = {"memory": 9_600, "socket": 3_400}
PATIENCE = 240.0  # seconds: machines that test are busy
NONE_OF = [
    "wrong answers",
    "duplicate non-idempotent deliveries",
    "unexpected exceptions",
    "reported complete without being so",
    "other contradictions",
    "hangs",
]


@pytest.fixture(scope="module")
def figures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Both halves of the smoke run, and their figures by medium."""
    folder = tmp_path_factory.mktemp("chaos")
    runs = {medium: start(medium, folder) for medium in CASES}
    try:
        results = {medium: run.wait(PATIENCE) for medium, run in runs.items()}
    finally:
        for run in runs.values():
            run.kill()
            run.wait()
    for medium, result in results.items():
        assert result == 0, f"{medium}, seed {SEED}:\n{(folder / medium).read_text()[-6000:]}"
    return {medium: json.loads((folder / f"{medium}.json").read_text()) for medium in runs}


def start(medium: str, folder: Path) -> subprocess.Popen[bytes]:
    file = str(folder / f"{medium}.json")
    arguments = ["--medium", medium, "--cases", str(CASES[medium]), "--seed", SEED, "--json", file]
    with (folder / medium).open("wb") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "tests.chaos", *arguments],
            cwd=ROOT,
            env={**os.environ, "MALLOC_ARENA_MAX": "1"},  # or malloc keeps some for each thread
            stdout=output,
            stderr=subprocess.STDOUT,
        )


@pytest.mark.safety(
    "4I1", "4I2", "4I3", "4I4", "4I5", "4I6", "4I7", "4I8", "4I9", "4I10", "4I11", "4I12"
)
@pytest.mark.parametrize("medium", list(CASES))
def test_nothing_goes_wrong_that_must_not(figures: dict[str, Any], medium: str) -> None:
    run = figures[medium]
    assert {name: run[name] for name in NONE_OF} == dict.fromkeys(NONE_OF, 0)
    assert run["leaked"] == {"descriptors": 0, "threads": 0, "slots": 0}
    late = run["of which the machine itself was late (ms)"]
    assert run["worst overshoot of a deadline (ms)"] <= 1000 + late
    assert run["worst memory growth (KiB)"] < 64 * 1024  # of both ends, with uploads of 8 MB


@pytest.mark.safety("X1", "X2", "X3", "X4", "X5", "X6", "X7", "X8", "X9", "X10", "X11", "X12")
@pytest.mark.safety("X13", "X14", "X15", "X16", "X17", "X18", "X19", "X20", "X21", "X22", "X23")
@pytest.mark.safety("X24", "X25")
def test_the_smoke_run_is_as_large_and_as_hostile_as_it_says(figures: dict[str, Any]) -> None:
    requests: Counter[str] = Counter()
    runs: Counter[str] = Counter()
    for run in figures.values():
        requests.update(run["requests"])
        runs.update({kind: row["runs"] for kind, row in run["classes"].items()})
    assert requests["all"] >= 20_000, requests
    assert requests["socket"] >= 5_000
    assert requests["tls"] >= 1_000
    assert runs[HEALTHY] <= requests["all"] / 2
    assert [kind for kind in KINDS if runs[kind] < 100] == []


# What a run says of itself; each of these is for somebody to compare.
FIGURES = {
    *("seed", "seconds", "requests", "healthy", "classes", "faults", "errors"),
    *NONE_OF,
    "worst overshoot of a deadline (ms)",
    "worst CPU time of a request (ms)",
    "leaked",
    "worst memory growth (KiB)",
    "replays",
    "replays that ended well",
    "poisoned connections discarded",
    "connections per 1000 healthy requests",
}


def test_the_figures_are_all_there(figures: dict[str, Any]) -> None:
    for run in figures.values():
        assert FIGURES - set(run) == set()
        assert set(run["leaked"]) == {"descriptors", "threads", "slots"}
        for kind, row in run["classes"].items():
            assert set(row) == {"runs", "survived", "expected", "unexpected"}
            assert row["runs"] == row["survived"] + row["expected"] + row["unexpected"], kind


def test_every_fault_that_there_is_was_met(figures: dict[str, Any]) -> None:
    """A fault that never happens shows nothing: each of them, on each of its media."""
    for medium, run in figures.items():
        met = {name.partition(" ")[2] for name in run["faults"]}
        known = {
            function.__name__.replace("_", " ")
            for rows in FAULTS.values()
            for function, _, media in rows
            if medium in media
        }
        assert {name for name in known if not any(one.startswith(name) for one in met)} == set()


def test_a_campaign_survives_as_much_as_it_should(figures: dict[str, Any]) -> None:
    for run in figures.values():
        # Or else the client gave up on everything, or nothing was done to it.
        for kind in ("X4", "X5", "X6", "X8", "X17", "X18", "X19", "X24"):
            assert run["classes"][kind]["survived"] > 0, kind
        for kind in ("X1", "X2", "X3", "X7", "X12", "X13", "X14", "X15", "X16", "X23", "X25"):
            assert run["classes"][kind]["expected"] > 0, kind
        assert run["replays that ended well"] > 20
        assert run["poisoned connections discarded"] > 20
        assert run["lines that were logged"] > 1000
        assert run["connections per 1000 healthy requests"] <= 10


# --- the judge ---------------------------------------------------------------------------------


def answered(kind: str = HEALTHY) -> Outcome:
    case = make_case(SEED, "judged", kind, "memory", 0)
    case.method_kind = "GET"
    outcome = Outcome(case)
    outcome.status, outcome.nonce, outcome.body = 200, case.nonce, case.expected_body()
    case.deliveries.append(f"/{case.nonce}")
    return outcome


def failed(error: BaseException, allowed: frozenset[str] = NETWORK) -> Outcome:
    outcome = answered()
    outcome.status, outcome.error = None, error
    outcome.case.must_fail(allowed)
    return outcome


def test_the_judge_finds_nothing_wrong_with_a_right_answer() -> None:
    assert judge(answered(), memory=True) == []


def wrong_body(outcome: Outcome) -> None:
    outcome.body = b"answer n0."


def wrong_nonce(outcome: Outcome) -> None:
    outcome.nonce = "n0"


def wrong_trailer(outcome: Outcome) -> None:
    outcome.chunked, outcome.trailer = True, "n0"


def wrong_status(outcome: Outcome) -> None:
    outcome.status = 204


def twice(outcome: Outcome) -> None:
    outcome.case.deliveries *= 2


def not_complete(outcome: Outcome) -> None:
    outcome.case.must_fail(NETWORK)


def changed(outcome: Outcome) -> None:
    outcome.changed = "headers"


def greedy(outcome: Outcome) -> None:
    outcome.case.most_read, outcome.given = 1000, 1001


@pytest.mark.parametrize(
    ("spoil", "found"),
    [
        (wrong_body, "I1"),
        (wrong_nonce, "I1"),
        (wrong_trailer, "I1"),
        (wrong_status, "I1"),
        (twice, "I2"),
        (not_complete, "I7"),
        (changed, "I10"),
        (greedy, "I9"),
    ],
)
def test_the_judge_sees_what_is_wrong_with_an_answer(spoil: Any, found: str) -> None:
    outcome = answered()
    spoil(outcome)
    [complaint] = judge(outcome, memory=True)
    assert complaint.startswith(found)


def test_the_judge_sees_what_is_wrong_with_an_error() -> None:
    unexpected = failed(ZeroDivisionError("x"))
    assert judge(unexpected, True)[0].startswith("I3 unexpected ZeroDivisionError")
    bare = failed(exceptions.ConnectionError("x"))
    assert [line[:2] for line in judge(bare, True)] == ["I3", "I3"]  # no request, no cause
    still_open = failed(KeyboardInterrupt(), frozenset(["KeyboardInterrupt"]))
    still_open.not_closed = 1
    assert judge(still_open, True) == ["I8 1 connections are open after KeyboardInterrupt"]
    late = failed(KeyboardInterrupt(), frozenset(["KeyboardInterrupt"]))
    late.case.limit, late.case.timeout, late.seconds = "read", {"read": 5.0}, 5.1
    assert judge(late, True)[0].startswith("I4")
    told = failed(KeyboardInterrupt("s3cr3t-pa55"), frozenset(["KeyboardInterrupt"]))
    assert judge(told, True) == ["I11 the secret is in KeyboardInterrupt"]


def test_the_server_sees_a_request_over_a_connection_that_is_over() -> None:
    report = Report(SEED)
    campaign = Campaign(report, "memory", 1, OurClient)
    worker = campaign.lab.workers[0]
    first, second = (make_case(SEED, number, HEALTHY, "memory", 0) for number in (1, 2))
    for case in (first, second):
        case.way, case.prefix = "plain", "a"
    first.scripts[0].append(("over",))  # which the client is told nothing of
    second.timeout = {"read": 1.0}
    campaign.perform(worker, first)
    campaign.perform(worker, second)
    campaign.judge()
    campaign.close()
    assert any("over a connection that is over" in line for line in report.wrong)
    assert report.kinds_of_wrong["unexpected"] == 1  # and it has no answer


def test_a_case_is_the_same_whenever_it_is_made() -> None:
    for kind in KINDS:
        medium = "socket" if kind == "X20" else "memory"
        first, second = (make_case(SEED, 7, kind, medium, 3) for _ in range(2))
        assert repr(first) == repr(second)
        assert first.scripts == second.scripts
        assert first.errors == second.errors


@pytest.mark.parametrize("name", ["requests", "urllib3"])
def test_other_clients_can_be_asked_too(
    name: str,
    tmp_path: Path,
    environment_python: Callable[[str], str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What they make of it is nobody's business but that of who runs it; that they run is ours."""
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    from chaos_run import AS_LAST

    file = tmp_path / "figures.json"
    # In an environment that there is already; scripts/chaos has one in which all of them are.
    command = [environment_python("callers"), "-I", "-c", AS_LAST.format(root=str(ROOT))]
    command += ["--client", name, "--cases", "28", "--threads", "4"]
    command += ["--seed", SEED, "--json", str(file)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE)
    assert ended.returncode == 0, ended.stderr[-2000:]
    run = json.loads(file.read_text())
    assert run["requests"]["all"] >= 28
    assert run["leaked"] == {"descriptors": 0, "threads": 0, "slots": 0}
    answered = sum(row["survived"] for row in run["classes"].values())
    assert answered > run["requests"]["all"] / 3
    # What a program's own mistakes look like: those of the adapter, not of a server.
    assert not {"TypeError", "AttributeError", "NameError", "AssertionError"} & set(run["errors"])


@pytest.mark.parametrize("kind", ["X1", "X2", "X3", "X4", "X6"])
def test_every_combination_is_among_the_cases(kind: str) -> None:
    """Of what is asked, over which way and connection, and how the answer is framed."""
    framings = {"X4": ["length", "chunked"], "X6": ["length", "chunked"]}.get(kind, FRAMINGS)
    made = [make_case(SEED, number, kind, "memory", 0) for number in range(4000)]
    met = {(case.method_kind, case.way, case.framing, case.reused) for case in made}
    assert set(itertools.product(METHODS, WAYS, framings, [False, True])) - met == set()
