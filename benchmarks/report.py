"""Comparisons, Markdown tables and JSON: how figures leave the benchmarks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from benchmarks.harness import Measure, Spread, Task

if TYPE_CHECKING:
    from collections.abc import Sequence


class Unit(NamedTuple):
    """How a cost per unit is printed: microseconds per piece, or megabytes per second."""

    name: str
    rate: bool  # True: units per second of CPU (more is better); False: CPU per unit
    scale: float = 1e6

    def text(self, seconds_per_unit: float) -> str:
        value = 1 / seconds_per_unit / self.scale if self.rate else seconds_per_unit * self.scale
        return f"{value:.4g} {self.name}" if value < 1000 else f"{value:,.0f} {self.name}"


MICROSECONDS = Unit("us", rate=False)
MEGABYTES = Unit("MB/s", rate=True)


class Asked(NamedTuple):
    """A target: at least so many times faster, or at most this share of the other's cost."""

    value: float
    faster: bool

    def met(self, ratio: float) -> bool:
        return ratio >= self.value if self.faster else ratio <= self.value

    def text(self) -> str:
        return f">= {self.value:g}x" if self.faster else f"<= {self.value:g}"


class Comparison(NamedTuple):
    """One row: our task against another's."""

    label: str
    ours: Task
    theirs: Task
    asked: Asked | None = None
    faster: bool = False  # print "times faster" instead of "share of the cost"


class Section(NamedTuple):
    """The result of one kind of benchmark."""

    title: str
    unit: Unit
    rows: Sequence[Comparison]
    measures: dict[Task, list[Measure]]
    names: dict[str, str]  # contender -> name with version
    missing: dict[str, str]
    wall: bool = False
    notes: Sequence[str] = ()


def ratios(
    ours: Sequence[Measure], theirs: Sequence[Measure], faster: bool, wall: bool = False
) -> Spread:
    """The spread of the per-round ratios: both sides of each come from the same round."""
    values = []
    for mine, other in zip(ours, theirs):
        a = mine.wall_per_unit if wall else mine.cpu_per_unit
        b = other.wall_per_unit if wall else other.cpu_per_unit
        values.append(b / a if faster else a / b)
    return Spread.of(values)


def ratio_text(spread: Spread, faster: bool) -> str:
    sign = "x" if faster else ""
    return f"**{spread.median:.3g}{sign}** ({spread.low:.3g}-{spread.high:.3g})"


def markdown(section: Section) -> str:
    """A table with our ratio, the target and the verdict of every row."""
    head = ["work", "against", "ours", "theirs", "ratio (quartiles)", "asked", "met"]
    if section.wall:
        head += ["wall ours", "wall theirs", "wall ratio"]
    lines = [f"## {section.title}", "", row_text(head), row_text(["---"] * len(head))]
    for row in section.rows:
        cells = row_cells(section, row)
        if cells:
            lines.append(row_text(cells))
    lines.append("")
    lines += [f"- {note}" for note in section.notes]
    lines += [f"- not measured: {name}: {why}" for name, why in section.missing.items()]
    return "\n".join(lines).rstrip() + "\n"


def row_text(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def row_cells(section: Section, row: Comparison) -> list[str]:
    """The cells of one row; without our side the other's figures stand alone."""
    ours, theirs = section.measures.get(row.ours, []), section.measures.get(row.theirs, [])
    if not theirs:
        return []  # why is said below the table
    name = section.names.get(row.theirs.contender, row.theirs.contender)
    cells = [row.label, name, cost_text(section, ours), cost_text(section, theirs)]
    if ours:
        spread = ratios(ours, theirs, row.faster)
        asked = row.asked
        verdict = "" if asked is None else ("yes" if asked.met(spread.median) else "NO")
        cells += [ratio_text(spread, row.faster), asked.text() if asked else "", verdict]
    else:
        cells += ["", row.asked.text() if row.asked else "", ""]
    if section.wall:
        cells += [cost_text(section, ours, wall=True), cost_text(section, theirs, wall=True)]
        cells.append(ratio_text(ratios(ours, theirs, False, wall=True), False) if ours else "")
    return cells


def cost_text(section: Section, measures: Sequence[Measure], wall: bool = False) -> str:
    if not measures:
        return ""
    costs = [one.wall_per_unit if wall else one.cpu_per_unit for one in measures]
    return section.unit.text(Spread.of(costs).median)


def as_json(section: Section) -> dict[str, Any]:
    """Every round of every task, and the ratios made of them."""
    rows = []
    for row in section.rows:
        ours, theirs = section.measures.get(row.ours, []), section.measures.get(row.theirs, [])
        entry: dict[str, Any] = {"work": row.label, "against": row.theirs.contender}
        if ours and theirs:
            spread = ratios(ours, theirs, row.faster)
            entry |= {"ratio": spread._asdict(), "sense": "faster" if row.faster else "share"}
            entry["wall_share"] = ratios(ours, theirs, False, wall=True)._asdict()
        if row.asked is not None:
            entry["asked"] = row.asked.text()
            if ours and theirs:
                entry["met"] = row.asked.met(spread.median)
        rows.append(entry)
    tasks = [
        {"contender": task.contender, "work": task.work, "rounds": [m._asdict() for m in measures]}
        for task, measures in section.measures.items()
    ]
    return {
        "title": section.title,
        "contenders": section.names,
        "missing": section.missing,
        "rows": rows,
        "tasks": tasks,
    }
