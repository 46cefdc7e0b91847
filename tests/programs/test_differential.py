"""A table of calls, made by requests and by h11client: the same requests, the same results.

What differs on purpose stands in differences.py, with the line of docs/migrating.md that says so.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.conftest import ROOT
from tests.programs.conftest import Run, Stage, compared
from tests.programs.differences import DIFFERENCES

CALLERS = Path(__file__).parent / "callers"


def rows_of(table: str) -> list[str]:
    """The names of a table's rows; its file imports what only its environment has."""
    text = (CALLERS / f"{table}.py").read_text(encoding="utf-8")
    return re.findall(r'^    "([^"]+)": lambda r, u:', text, re.MULTILINE)


TABLES = ("sent", "seen", "answered", "habits", "given", "followed", "read", "used", "odd")
LIBRARIES = ("requests", "h11client")
ROWS = [(table, row) for table in TABLES for row in rows_of(table)]


class Outcomes:
    """What came of each row, and what the service saw of it."""

    def __init__(self, run: Run) -> None:
        self.found = run.found
        self.calls: dict[str, list[dict[str, Any]]] = {}
        for call in run.calls:
            row = urlsplit(call["target"]).path.split("/")[1]
            self.calls.setdefault(row, []).append(compared(call))

    def of(self, row: str) -> tuple[Any, list[dict[str, Any]]]:
        """What came of a row, and what it sent."""
        return self.found[row], self.calls.get(slug(row), [])


def slug(row: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", row.lower())


@pytest.fixture(scope="module")
def outcomes(stage: Stage) -> dict[tuple[str, str], Outcomes]:
    runs = stage.run_all(LIBRARIES, TABLES)
    return {pair: Outcomes(run) for pair, run in runs.items()}


@pytest.mark.parametrize(("table", "row"), ROWS, ids=[row for _, row in ROWS])
def test_a_call_sends_and_gives_the_same(
    outcomes: dict[tuple[str, str], Outcomes], table: str, row: str
) -> None:
    theirs, ours = (outcomes[library, table].of(row) for library in LIBRARIES)
    if row in DIFFERENCES:
        assert ours != theirs, "it does not differ any more"
    else:
        assert ours == theirs


@pytest.mark.parametrize("row", DIFFERENCES)
def test_what_differs_is_documented(row: str) -> None:
    page = (ROOT / "docs" / "migrating.md").read_text(encoding="utf-8")
    assert f"| {DIFFERENCES[row]} |" in page
    assert row in [name for _, name in ROWS]


@pytest.mark.parametrize("table", TABLES)
def test_every_row_has_a_path_of_its_own(
    outcomes: dict[tuple[str, str], Outcomes], table: str
) -> None:
    rows = rows_of(table)
    assert len({slug(row) for row in rows}) == len(rows) > 60
    assert outcomes["requests", table].found.keys() == set(rows)
