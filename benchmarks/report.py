"""Comparisons, their verdicts and their Markdown tables: how figures leave the benchmarks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from benchmarks.harness import Measure, Spread, Task

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

STRETCH, MET, MISSED = "met, stretch too", "met", "missed"
STRETCH_MET, STRETCH_MISSED = "stretch met", "stretch missed"  # where nothing less is asked


class Unit(NamedTuple):
    """How a cost per unit is printed: microseconds per piece, or megabytes per second."""

    name: str
    rate: bool  # True: units per second of CPU (more is better); False: cost per unit
    scale: float = 1e6

    def text(self, cost_per_unit: float) -> str:
        value = 1 / cost_per_unit / self.scale if self.rate else cost_per_unit * self.scale
        return f"{value:.4g} {self.name}" if value < 1000 else f"{value:,.0f} {self.name}"


MICROSECONDS = Unit("us", rate=False)
MEGABYTES = Unit("MB/s", rate=True)


class Asked(NamedTuple):
    """A target: at least so many times faster, or at most this share of the other's cost.

    The stretch is what would be better still; there are rows that have only one.
    """

    value: float | None
    stretch: float | None = None
    faster: bool = False

    def verdict(self, ratio: float) -> str:
        stretched = self.stretch is not None and self._reaches(ratio, self.stretch)
        if self.value is None:
            return STRETCH_MET if stretched else STRETCH_MISSED
        if not self._reaches(ratio, self.value):
            return MISSED
        return STRETCH if stretched else MET

    def _reaches(self, ratio: float, value: float) -> bool:
        return ratio >= value if self.faster else ratio <= value

    def text(self) -> str:
        if self.value is None:
            return ""
        return f">= {self.value:.3g}x" if self.faster else f"<= {self.value:.3g}"

    def stretch_text(self) -> str:
        return "" if self.stretch is None else f"{self.stretch:g}{'x' if self.faster else ''}"


class Comparison(NamedTuple):
    """One row: our task against another's, or against the cheapest of several."""

    label: str
    ours: Task
    theirs: tuple[Task, ...]  # empty: nothing to compare with
    asked: Asked | None = None
    faster: bool = False  # print "times faster" instead of "share of the cost"
    wall: bool = False  # compare the time on the clock instead of the cost
    against: str = ""  # instead of the other's name


class Section(NamedTuple):
    """The result of one kind of benchmark."""

    title: str
    unit: Unit
    rows: Sequence[Comparison]
    measures: dict[Task, list[Measure]]
    names: dict[str, str]  # contender -> name with version
    missing: dict[str, str]
    wall: bool = False  # show wall time beside the cost
    notes: Sequence[str] = ()
    extra: Mapping[str, Any] = {}  # what else the JSON is to have


class Compared(NamedTuple):
    """One row with its figures; what could not be measured is None."""

    row: Comparison
    against: str
    ours: list[Measure]
    theirs: list[Measure]
    ratio: Spread | None
    wall_share: Spread | None

    @property
    def verdict(self) -> str:
        if self.row.asked is None or self.ratio is None:
            return ""
        return self.row.asked.verdict(self.ratio.median)


def compared(section: Section) -> Iterator[Compared]:
    """The rows that there is something to say about; why others are missing is said elsewhere."""
    for row in section.rows:
        ours = section.measures.get(row.ours, [])
        task = cheapest(section, row.theirs)
        theirs = section.measures.get(task, []) if task is not None else []
        name = "" if task is None else section.names.get(task.contender, task.contender)
        against = row.against.format(name) if row.against else name
        ratio = wall = None
        if ours and theirs:
            ratio = ratios(ours, theirs, row.faster, row.wall)
            wall = ratios(ours, theirs, False, wall=True)
        if theirs or (ours and not row.theirs) or row.asked is not None:
            yield Compared(row, against or named(section, row), ours, theirs, ratio, wall)


def named(section: Section, row: Comparison) -> str:
    """The names of those that could not be measured."""
    return ", ".join(section.names.get(one.contender, one.contender) for one in row.theirs)


def cheapest(section: Section, tasks: Sequence[Task]) -> Task | None:
    """The one with the lowest median cost: rounds are then paired with that one only."""
    able = [task for task in tasks if section.measures.get(task)]
    return min(able, key=lambda task: median_cost(section.measures[task]), default=None)


def median_cost(measures: Sequence[Measure]) -> float:
    return Spread.of([one.cost_per_unit for one in measures]).median


def ratios(
    ours: Sequence[Measure], theirs: Sequence[Measure], faster: bool, wall: bool = False
) -> Spread:
    """The spread of the per-round ratios: both sides of each come from the same round."""
    values = []
    for mine, other in zip(ours, theirs):
        a = mine.wall_per_unit if wall else mine.cost_per_unit
        b = other.wall_per_unit if wall else other.cost_per_unit
        values.append(b / a if faster else a / b)
    return Spread.of(values)


def ratio_text(spread: Spread | None, faster: bool) -> str:
    if spread is None:
        return "not measured"
    sign = "x" if faster else ""
    return f"**{spread.median:.3g}{sign}** ({spread.low:.3g}-{spread.high:.3g})"


def markdown(section: Section) -> str:
    """A table with our ratio, the target and the verdict of every row."""
    head = ["work", "against", "ours", "theirs", "ratio (quartiles)", "asked", "stretch", "verdict"]
    if section.wall:
        head += ["wall ours", "wall theirs", "wall ratio"]
    lines = [
        f"## {section.title}",
        "",
        *table(head, (cells(section, one) for one in compared(section))),
    ]
    lines.append("")
    lines += [f"- {note}" for note in section.notes]
    lines += [f"- not measured: {name}: {why}" for name, why in section.missing.items()]
    return "\n".join(lines).rstrip() + "\n"


def table(head: Sequence[str], rows: Iterator[list[str]]) -> list[str]:
    """The lines of a Markdown table."""
    return ["| " + " | ".join(one) + " |" for one in (head, ["---"] * len(head), *rows)]


def cells(section: Section, one: Compared) -> list[str]:
    row, asked = one.row, one.row.asked
    wanted = ["", ""] if asked is None else [asked.text(), asked.stretch_text()]
    ratio = ratio_text(one.ratio, row.faster) if row.theirs else ""
    unit = section.unit
    costs = [cost_text(unit, one.ours, row.wall), cost_text(unit, one.theirs, row.wall)]
    found = [row.label, one.against, *costs, ratio, *wanted, one.verdict]
    if section.wall:
        found += [cost_text(unit, one.ours, True), cost_text(unit, one.theirs, True)]
        found.append(ratio_text(one.wall_share, False) if one.wall_share else "")
    return found


def cost_text(unit: Unit, measures: Sequence[Measure], wall: bool = False) -> str:
    if not measures:
        return ""
    costs = [one.wall_per_unit if wall else one.cost_per_unit for one in measures]
    return unit.text(Spread.of(costs).median)


def as_json(kind: str, section: Section) -> dict[str, Any]:
    """Every round of every task, and the rows made of them."""
    tasks = [
        {"contender": task.contender, "work": task.work, "rounds": [m._asdict() for m in measures]}
        for task, measures in section.measures.items()
    ]
    return {
        "kind": kind,
        "title": section.title,
        "contenders": section.names,
        "missing": section.missing,
        "notes": list(section.notes),
        "rows": [row_as_json(section, one) for one in compared(section)],
        "tasks": tasks,
        **section.extra,
    }


def row_as_json(section: Section, one: Compared) -> dict[str, Any]:
    row, asked = one.row, one.row.asked
    entry: dict[str, Any] = {
        "work": row.label,
        "against": one.against,
        "sense": "faster" if row.faster else "share",
        "what": "wall" if row.wall else "cost",
        "ours": cost_text(section.unit, one.ours, row.wall),
        "theirs": cost_text(section.unit, one.theirs, row.wall),
        "ratio": one.ratio and one.ratio._asdict(),
        "wall_share": one.wall_share and one.wall_share._asdict(),
        "asked": asked and asked.value,
        "stretch": asked and asked.stretch,
        "asked_text": asked.text() if asked else "",
        "stretch_text": asked.stretch_text() if asked else "",
        "verdict": one.verdict,
    }
    return entry
