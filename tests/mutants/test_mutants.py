"""The table of mutations is up to date, and its runner tells what was seen from what was not."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from scripts import safety_page
from tests.conftest import ROOT
from tests.mutants.__main__ import choose, main, summary
from tests.mutants.mutation import Mutation, StaleMutation
from tests.mutants.runner import (
    BROKEN,
    CAUGHT,
    HUNG,
    SURVIVED,
    Copy,
    Result,
    Run,
    run_bounded,
    verdict_of,
)
from tests.mutants.tables import GROUPS, MUTATIONS
from tests.safety_lines import OF_CAMPAIGNS, PROMISES

# Every file that a promise of docs/safety.md depends on.
SAFETY_RELEVANT = [
    *("h11/_connection.py", "h11/_errors.py", "h11/_events.py", "h11/_framing.py"),
    *("h11/_grammar.py", "h11/_headers.py", "h11/_heads.py", "h11/_readers.py"),
    *("h11/_state.py", "h11/_writers.py"),
    *(
        f"h11client/{name}.py"
        for name in (
            *("_preparing", "_redirecting", "_sending", "_session", "_timeouts"),
            *("_translation", "auth", "cookies"),
            *("_messages/body", "_messages/decoders", "_messages/escapes", "_messages/headers"),
            *("_messages/heads", "_messages/hosts", "_messages/multipart", "_messages/readable"),
            *("_messages/reading", "_messages/request", "_messages/response"),
            *("_messages/trailers", "_messages/url"),
            *("_policies/challenges", "_policies/cookie_files", "_policies/cookie_rules"),
            *("_policies/cookie_store", "_policies/digest", "_policies/netrc"),
            *("_policies/redirects", "_policies/retries", "_policies/retry_after"),
            *("_policies/set_cookie", "_transport/body_blocks", "_transport/connection"),
            *("_transport/dial_options",),
            *("_transport/dialing", "_transport/forking", "_transport/forwarding"),
            *("_transport/lending", "_transport/network", "_transport/patience", "_transport/pool"),
            *("_transport/proxies", "_transport/proxy_choice", "_transport/repeating"),
            *("_transport/response_body", "_transport/route", "_transport/slots"),
            *("_transport/sockets", "_transport/socks", "_transport/tls"),
            *("_transport/tls_sessions", "_transport/trust", "_transport/tunnels"),
            *("_transport/upgrading", "_transport/uploading", "_transport/whole_body"),
        )
    ),
]

SHOWN = safety_page.shown()


@pytest.mark.parametrize("mutation", MUTATIONS, ids=[mutation.name for mutation in MUTATIONS])
def test_it_changes_the_program_and_its_lines_have_tests_in_its_files(mutation: Mutation) -> None:
    assert mutation.apply() != (ROOT / mutation.file).read_text(encoding="utf-8")
    assert mutation.lines and mutation.tests
    for line in mutation.lines:
        assert line in PROMISES or OF_CAMPAIGNS.fullmatch(line)
    marked = {file for line in mutation.lines for file, _ in SHOWN[line]}
    assert [file for file in mutation.tests if file not in marked] == []
    assert mutation.breaks.endswith(".")


def test_a_name_stands_once() -> None:
    names = [*GROUPS, *PROMISES, *[mutation.name for mutation in MUTATIONS]]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("file", SAFETY_RELEVANT)
def test_every_file_that_a_promise_depends_on_has_a_mutation(file: str) -> None:
    assert (ROOT / file).is_file()
    assert [mutation.name for mutation in MUTATIONS if mutation.file == file]


# Of the same length, so that what was compiled of the one could pass for the other.
SEEN = Mutation(
    "seen",
    "h11/_sentinels.py",
    "return self.__name__",
    "return self.__name__ * 2",
    "Constants show their names twice.",
    (),
    ("protocol/test_sentinels.py",),
)
EQUIVALENT = SEEN._replace(name="equivalent", new="return self.__name__ * 1")


def test_what_is_seen_is_told_from_what_survives_and_the_checkout_stays(tmp_path: Path) -> None:
    before = (ROOT / SEEN.file).read_bytes()
    copy = Copy(tmp_path / "checkout")
    seen, survivor = copy.judge(SEEN), copy.judge(EQUIVALENT)
    assert (seen.verdict, survivor.verdict) == (CAUGHT, SURVIVED), seen.output + survivor.output
    [test] = seen.tests
    assert test.startswith("tests/protocol/test_sentinels.py::test_sentinel_is_an_instance")
    assert seen.shown() == test.removeprefix("tests/")
    assert survivor.shown() == "SURVIVED"
    assert f"rootdir: {copy.root}" in seen.output
    assert (ROOT / SEEN.file).read_bytes() == (copy.root / SEEN.file).read_bytes() == before


def test_a_test_that_hangs_counts_as_caught_and_is_called_so() -> None:
    output = (
        "tests/a.py::test_b[1 2] PASSED\n"
        "tests/a.py::test_c[x y] Timeout (0:00:45)!\nThread 0x1 (most recent call first):\n"
    )
    assert verdict_of(Run(1, output, 45.0)) == (HUNG, ["tests/a.py::test_c[x y]"])
    assert result(HUNG, "tests/a.py::test_c[x y]").shown() == "a.py::test_c[x y], which hangs"


def test_a_run_that_takes_too_long_ends_and_proves_nothing(tmp_path: Path) -> None:
    program = "import time\nprint('tests/a.py::test_c[x] ', end='', flush=True)\ntime.sleep(60)"
    run = run_bounded([sys.executable, "-I", "-c", program], tmp_path, {}, 0.5)
    assert run.seconds < 30
    assert run.output == "tests/a.py::test_c[x] "
    assert verdict_of(run) == (BROKEN, [])


@pytest.mark.parametrize(
    ("status", "output", "expected"),
    [
        (0, "1 passed", (SURVIVED, [])),
        (
            1,
            "FAILED tests/a.py::test_b[1 - 2] - x\nERROR tests/a.py::test_b[1 - 2] - y",
            (CAUGHT, 1),
        ),
        (1, "nothing", (BROKEN, [])),
        (2, "ERROR tests/a.py - ImportError", (BROKEN, [])),
        (5, "no tests ran", (BROKEN, [])),
        (-11, "", (BROKEN, [])),
    ],
)
def test_only_tests_that_fail_have_seen_something(
    status: int, output: str, expected: object
) -> None:
    verdict, tests = verdict_of(Run(status, output, 0.0))
    assert (verdict, len(tests) if verdict == CAUGHT else tests) == expected


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("no such text", "", "0 times"),
        ("class ", "class ", r"\d\d times"),
        ("return self.__name__", "return (self.__name__)", "the same as before"),
        ("return self.__name__", "return self.", "no Python"),
    ],
)
def test_a_mutation_that_is_out_of_date_is_an_error(old: str, new: str, complaint: str) -> None:
    with pytest.raises(StaleMutation, match=complaint):
        SEEN._replace(old=old, new=new).apply()


def test_an_outdated_table_stops_everything(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(GROUPS, "framing", [SEEN._replace(old="no such text")])
    assert main(["--only", "framing"]) == 2
    assert "seen: what it replaces is 0 times in h11/_sentinels.py, and" in capsys.readouterr().err


def test_mutations_are_chosen_by_name_group_and_line() -> None:
    assert choose([]) == MUTATIONS
    assert choose(["framing"]) == GROUPS["framing"]
    assert [mutation.name for mutation in choose(["chunk-footer"])] == ["chunk-footer"]
    assert {line for mutation in choose(["F1"]) for line in mutation.lines} >= {"F1"}
    with pytest.raises(SystemExit, match="no mutation nothing"):
        choose(["nothing"])


def test_the_last_line_counts() -> None:
    results = [result(verdict) for verdict in (CAUGHT, CAUGHT, HUNG, SURVIVED)]
    expected = (
        "4 mutations, 3 caught, 1 of them because a test hung, 1 survived, 0 did not run, 2.0 min"
    )
    assert summary(results, 120.0) == expected


def result(verdict: str, *tests: str) -> Result:
    return Result(SEEN, verdict, list(tests), 0.0, "")
