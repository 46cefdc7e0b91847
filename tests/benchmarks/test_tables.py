"""How figures become ratios, verdicts, tables, plots and the page of the documentation."""

from __future__ import annotations

import math
import re
from typing import Any
from xml.etree import ElementTree

import pytest

from benchmarks import budget, main_table, pages, plot
from benchmarks.harness import Measure, Spread, Task, there_and_back
from benchmarks.report import (
    MET,
    MICROSECONDS,
    MISSED,
    STRETCH,
    STRETCH_MET,
    STRETCH_MISSED,
    Asked,
    Comparison,
    Section,
    as_json,
    markdown,
    ratios,
)


def test_ratios_are_made_within_a_round_and_not_across_rounds() -> None:
    ours = [Measure(cost=cost, wall=1.0, units=10) for cost in (1.0, 10.0, 2.0)]
    theirs = [Measure(cost=cost, wall=4.0, units=20) for cost in (4.0, 40.0, 8.0)]
    assert ratios(ours, theirs, faster=True) == Spread(2.0, 2.0, 2.0)
    assert ratios(ours, theirs, faster=False) == Spread(0.5, 0.5, 0.5)
    assert ratios(ours, theirs, faster=False, wall=True) == Spread(0.5, 0.5, 0.5)


def test_a_spread_is_the_median_between_its_quartiles() -> None:
    assert Spread.of([5.0, 1.0, 3.0, 2.0, 4.0]) == Spread(2.0, 3.0, 4.0)
    assert Spread.of([7.0]) == Spread(7.0, 7.0, 7.0)


@pytest.mark.parametrize(
    ("asked", "ratio", "verdict"),
    [
        pytest.param(Asked(3.0, None, True), 3.0, MET, id="as fast as asked"),
        pytest.param(Asked(3.0, None, True), 2.99, MISSED, id="not fast enough"),
        pytest.param(Asked(3.0, 5.0, True), 5.0, STRETCH, id="as fast as the stretch"),
        pytest.param(Asked(0.25), 0.25, MET, id="the share that was asked"),
        pytest.param(Asked(0.25, 0.2), 0.26, MISSED, id="too large a share"),
        pytest.param(Asked(0.25, 0.2), 0.2, STRETCH, id="the share of the stretch"),
        pytest.param(Asked(None, 1.0), 1.0, STRETCH_MET, id="a stretch alone"),
        pytest.param(Asked(None, 1.0), 1.1, STRETCH_MISSED, id="a stretch alone, missed"),
        pytest.param(Asked(0.25), math.inf, MISSED, id="no work done"),
    ],
)
def test_a_target_is_met_or_missed(asked: Asked, ratio: float, verdict: str) -> None:
    assert asked.verdict(ratio) == verdict


def test_every_second_round_runs_backwards() -> None:
    assert list(there_and_back(["a", "b", "c"], 3)) == [*"abc", *"cba", *"abc"]


def rounds(cost: float) -> list[Measure]:
    return [Measure(cost * factor, cost, 1) for factor in (1.0, 1.1, 0.9)]


OURS = Task("ours", "get")


def section(share: float = 0.5) -> Section:
    """Two peers, one of them cheaper, and one that could not be measured."""
    rows = [
        Comparison("GET", OURS, (Task("one", "get"),), Asked(0.6, 0.4)),
        Comparison("GET", OURS, (Task("one", "get"), Task("two", "get")), Asked(1.0), against="{}, the cheapest"),
        Comparison("GET", OURS, (Task("away", "get"),), Asked(0.1)),
        Comparison("GET", OURS, (Task("two", "get"),)),
    ]  # fmt: skip
    measures = {
        OURS: rounds(share * 2e-6),
        Task("one", "get"): rounds(2e-6),
        Task("two", "get"): rounds(1e-6),
    }
    names = {"one": "one 1.2.3", "two": "two 4.5"}
    return Section("GETs", MICROSECONDS, rows, measures, names, {"away": "no build"})


def document(share: float = 0.5) -> dict[str, Any]:
    machine = {"python": "CPython 3.11.7", "system": "Linux x86_64", "processor": "some <fast> one"}
    machine |= {"cores": "2", "when": "2026-01-01", "load": "0.1"}
    return {"machine": machine, "sections": [as_json("get", section(share))]}


def test_a_table_has_every_row_and_says_who_is_missing() -> None:
    text = markdown(section())
    assert "| GET | one 1.2.3 | 1 us | 2 us | **0.5** (0.5-0.5) | <= 0.6 | 0.4 | met |" in text
    assert "| GET | two 4.5, the cheapest | 1 us | 1 us | **1** (1-1) | <= 1 |  | met |" in text
    assert "| GET | away | 1 us |  | not measured | <= 0.1 |  |  |" in text
    assert "- not measured: away: no build" in text


def test_the_main_table_has_the_rows_with_targets() -> None:
    found = main_table.rows([document()])
    assert [(row.against, row.verdict) for row in found] == [
        ("one", MET),
        ("two, the cheapest", MET),
        ("away", main_table.NOT_MEASURED),
    ]
    assert main_table.summary(found) == "2 of 2 targets met."


def test_of_several_runs_the_one_in_the_middle_counts() -> None:
    found = main_table.rows([document(0.5), document(0.9), document(0.7)])
    assert found[0].medians == pytest.approx((0.5, 0.9, 0.7))
    assert found[0].measured == pytest.approx(0.7)
    assert found[0].verdict == MISSED
    assert "MISSED" in "\n".join(main_table.lines(found))


@pytest.mark.parametrize("draw", [plot.main_table, plot.clients])
def test_a_plot_is_whole_svg_for_light_and_dark_with_every_bar_in_it(draw: Any) -> None:
    text = draw([document()])
    root = ElementTree.fromstring(text)
    assert "prefers-color-scheme: dark" in text
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    assert len([one for one in root.iter() if one.tag.endswith("rect")]) > 2
    for one in root.iter():
        if one.tag.endswith(("rect", "text")):
            assert 0 <= float(one.attrib.get("x", 0)) <= width
            assert 0 <= float(one.attrib.get("y", 0)) <= height


def test_cheaper_than_asked_is_to_the_left_whatever_a_row_counts() -> None:
    share = main_table.Row("get", "w", "a", Asked(0.5), (0.25,), 0.2, 0.3)
    times = main_table.Row("get", "w", "a", Asked(3.0, None, True), (6.0,), 5.0, 7.0)
    assert plot.relative(share, 0.25) == plot.relative(times, 6.0) == 0.5


def test_the_page_has_a_place_for_all_figures_and_is_written_again_and_again() -> None:
    page = pages.PAGE.read_text(encoding="utf-8")
    once = pages.redrawn(page, [document()])
    assert "| GET | one | <= 0.6 | 0.4 | 0.5 (0.5-0.5) | met |" in once
    assert pages.redrawn(once, [document()]) == once
    places = re.findall(re.escape(pages.BEGIN).replace(r"\{\}", "(.+)"), page)
    assert places and set(places) == set(pages.PARTS)


CALLGRIND = """\
version: 1
positions: line
events: Ir

ob=(1) /usr/bin/python
fl=(1) ceval.c
fn=(1) eval
10 1000
cob=(2) ???
cfi=(2) ???
cfn=(2) 0x0000000000001000
calls=4 0
* 800
+2 7

ob=(2)
fl=(2)
fn=(2)
0 5
cob=(1)
cfi=(1)
cfn=(1)
calls=4 10
0 700

fn=(3) 0x000000000000100b
0 6
"""
MAP = f"1000 b py::Session.get:{budget.ROOT}/h11client/_session.py\n100b b py::f:x.py\n"


def test_what_valgrind_counted_is_given_to_functions_by_their_addresses() -> None:
    functions = budget.read_map(MAP)
    assert functions == {0x1000: "Session.get:h11client/_session.py", 0x100B: "f:x.py"}
    assert budget.sums_of(CALLGRIND, functions) == {
        "Session.get:h11client/_session.py": 705,
        "f:x.py": 6,
    }


def test_functions_of_a_budget_stand_below_their_callers() -> None:
    calls = [("a",), ("a", "b"), ("d",), ("a", "b", "c"), ("a", "e")]
    found = budget.in_order_of_calls([budget.Call(path, 1.0) for path in calls])
    assert [call.path for call in found] == [calls[0], calls[1], calls[3], calls[4], calls[2]]


def test_a_budget_is_summed_by_layers() -> None:
    lines = [
        budget.Line(0, "Session.get", "h11client/_session.py", 1, 30.0, 100.0),
        budget.Line(1, "Pool.send", "h11client/_transport/pool.py", 1, 50.0, 70.0),
        budget.Line(2, "next_event", "h11/_connection.py", 1, 20.0, 20.0),
    ]
    text = pages.budget_table(lines)
    assert "| `h11`: the protocol | 20 | 20.0% |" in text
    assert "       50   50.0%      1    Pool.send  (h11client/_transport/pool.py)" in text
    assert "      100  100.0%  in all" in text
