"""verdicts.md is what the parsers do today, and every disagreement in it has its reason."""

from __future__ import annotations

import random
import re

import pytest

from tests.conftest import ROOT
from tests.fuzz import receiving, verdict_table
from tests.fuzz.oracles import LENIENCIES
from tests.fuzz.responses import rows
from tests.fuzz.verdict_table import Line

LEAST = 106
WRITTEN = verdict_table.lines()


@pytest.fixture(scope="module")
def derived() -> list[Line]:
    return verdict_table.derived()


def test_the_file_is_what_the_parsers_do(derived: list[Line]) -> None:
    for written, found in zip(WRITTEN, derived, strict=True):
        assert written == found
    assert verdict_table.FILE.read_text(encoding="utf-8") == verdict_table.text(derived)


def test_there_are_enough_rows_and_each_has_a_name_of_its_own() -> None:
    names = [name for name, *_ in rows()]
    assert len(names) == len(set(names)) >= LEAST


def test_ours_is_stricter_than_all_only_where_a_reason_stands(derived: list[Line]) -> None:
    stricter = [
        line
        for line in derived
        if line.ours == "refused" and "refused" not in (line.of_0_16, line.of_llhttp)
    ]
    assert stricter
    assert [line.name for line in stricter if not line.why] == []


def test_ours_is_looser_than_llhttp_only_where_a_reason_stands(derived: list[Line]) -> None:
    looser = [line for line in derived if line.of_llhttp == "refused" != line.ours]
    assert looser
    assert [line.name for line in looser if not line.why] == []


def test_a_reason_stands_exactly_where_the_parsers_disagree(derived: list[Line]) -> None:
    for line in derived:
        assert bool(line.why) is line.needs_a_reason, line


def test_reasons_name_rows_of_the_page_of_deviations() -> None:
    page = (ROOT / "docs" / "deviations.md").read_text(encoding="utf-8")
    named = {found for line in WRITTEN for found in re.findall(r"\(([a-z0-9-]+)\)$", line.why)}
    assert named
    assert [name for name in sorted(named) if f"| {name} |" not in page] == []


def test_nothing_that_llhttp_refuses_with_all_its_leniencies_is_accepted_without_a_note() -> None:
    """What no switch of llhttp lets through, ours lets through only in these few cases."""
    switches = {switch.removeprefix("lenient_") for switch in LENIENCIES}
    alone = []
    for line in WRITTEN:
        lenient = set(line.lenient.split(", ")) - {""}
        assert lenient <= switches
        if line.of_llhttp == "refused" != line.ours and not lenient:
            alone.append(line.name)
    assert alone == [
        "equal lengths",
        "equal lengths in a list",
        "blank in the extension",
        "extension without name",
        "extension of obs-text",
        "quoted extension that does not end",
    ]


@pytest.mark.safety("F1", "F2", "F3", "F4", "F5", "F7", "F8", "F9", "F10", "F20")
@pytest.mark.parametrize(
    ("ask", "eof", "wire"), [pytest.param(*row[1:], id=row[0]) for row in rows()]
)
def test_ours_and_the_reference_agree_however_the_response_is_split(
    ask: str, eof: bool, wire: bytes
) -> None:
    choice = random.Random(len(wire))
    for tight in (False, True):
        receiving.check(ask, eof, wire, tight, choice)
