"""A table of calls, made by requests and by h11client: the same requests, the same results.

What differs on purpose stands in `DIFFERENCES`, with words of the line of docs/migrating.md that
tells it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pytest

from tests.programs.conftest import Stage, compared

TABLES = ("sent", "seen")
LIBRARIES = ("requests",)


class Outcomes:
    """What came of each row, and what the service saw of it."""

    def __init__(self, found: Mapping[str, Any], calls: list[dict[str, Any]], base: str) -> None:
        self.found = {row: without(base, outcome) for row, outcome in found.items()}
        self.calls: dict[str, list[dict[str, Any]]] = {}
        for call in calls:
            row = call["target"].split("/")[1]
            self.calls.setdefault(row, []).append(compared(call))


def without(base: str, outcome: Any) -> Any:
    """The outcome without the port that the service happened to get."""
    port = base.rsplit(":", 1)[1]
    if isinstance(outcome, str):
        return outcome.replace(port, "PORT")
    if isinstance(outcome, dict):
        return {key: without(base, value) for key, value in outcome.items()}
    if isinstance(outcome, list):
        return [without(base, value) for value in outcome]
    return outcome


def slug(row: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", row.lower())


@pytest.fixture(scope="module")
def outcomes(stage: Stage, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcomes]:
    made = {}
    for library in LIBRARIES:
        folder = tmp_path_factory.mktemp(library)
        for table in TABLES:
            run = stage.run(library, table, folder)
            made[library, table] = Outcomes(run.found, run.calls, stage.service.base)
    return made


@pytest.mark.parametrize("table", TABLES)
def test_every_row_has_a_path_of_its_own(outcomes: dict[Any, Outcomes], table: str) -> None:
    rows = outcomes["requests", table].found
    assert len({slug(row) for row in rows}) == len(rows) > 80
