"""What the kinds share in which clients work on the loopback server: lines of work."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from benchmarks.harness import Plan, Server, Task, measure
from benchmarks.report import Comparison, Section
from benchmarks.settings import OURS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from benchmarks.report import Asked, Unit
    from benchmarks.settings import Settings

ABSENT = "it has no environment here"


class Against(NamedTuple):
    """With whom a line is compared: one, or the cheapest of several; and what is asked then."""

    names: tuple[str, ...]
    asked: Asked | None = None
    wall: bool = False
    text: str = ""  # instead of the name, which takes the place of {}


class Line(NamedTuple):
    """One work that our client and others do on the same target."""

    label: str
    work: str  # as workers/clients.py calls it
    path: str  # of the server
    against: Sequence[Against]
    tls: bool = False
    options: Mapping[str, Any] = {}  # further ones for the workers

    def names(self) -> list[str]:
        return list(dict.fromkeys([OURS, *(name for one in self.against for name in one.names)]))

    def rows(self) -> list[Comparison]:
        return [
            Comparison(
                self.label,
                Task(OURS, self.work),
                tuple(Task(name, self.work) for name in one.names),
                one.asked,
                wall=one.wall,
                against=one.text,
            )
            for one in self.against
        ]


def each(names: Sequence[str], asked: Mapping[str, Asked] = {}) -> list[Against]:
    """A row for each name, with its own target."""
    return [Against((name,), asked.get(name)) for name in names]


class Amount(NamedTuple):
    """How much is measured, unless the command line says otherwise."""

    rounds: int
    seconds: float = 0.06  # of CPU, per contender and round


def measured(
    settings: Settings,
    title: str,
    unit: Unit,
    lines: Sequence[Line],
    amount: Amount,
    notes: Sequence[str] = (),
) -> Section:
    """Run all lines with their contenders, each line in rounds of its own."""
    names = list(dict.fromkeys(name for line in lines for name in line.names()))
    contenders = settings.contenders(names)
    with Server(settings.python, tls=any(line.tls for line in lines)) as server:
        steps = []
        for line in lines:
            options = {"url": server.url(line.path, line.tls), **line.options}
            if line.tls:
                options["ca"] = server.ca
            plan = Plan(settings.rounds(amount.rounds), settings.seconds(amount.seconds), options)
            steps.append(([Task(name, line.work) for name in line.names()], plan))
        figures = measure("clients", contenders, steps)
    able = {contender.name for contender in contenders}
    figures.missing.update({name: ABSENT for name in names if name not in able})
    rows = [row for line in lines for row in line.rows()]
    return Section(title, unit, rows, *figures, wall=True, notes=notes)
