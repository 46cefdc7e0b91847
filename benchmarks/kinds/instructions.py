"""Kind `instructions`: machine instructions of our own work, which no other program can disturb.

They are those of user mode, counted by valgrind; the kernel's are not among them. A ratio of CPU
times tells how fast the client is, this number whether a change made it faster.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks import budget
from benchmarks.harness import Measure, Task
from benchmarks.profile_get import FEW, MANY, instructions_of, valgrind
from benchmarks.report import Comparison, Section, Unit
from benchmarks.settings import OURS

if TYPE_CHECKING:
    from benchmarks.settings import Settings

THOUSANDS = Unit("thousand", rate=False, scale=1e-3)
WORKS = {
    "get": "small keep-alive GET on the loopback server",
    "get-memory": "the same without sockets",
    "cycle": "h11 cycle, fresh header lists",
    "server-cycle": "h11 cycle of a server",
}


def section(settings: Settings) -> Section:
    title = f"Instructions per piece of work (of {MANY - FEW:,} pieces, user mode)"
    rows = [Comparison(label, Task(OURS, work), ()) for work, label in WORKS.items()]
    measures: dict[Task, list[Measure]] = {}
    missing: dict[str, str] = {}
    if valgrind() is None:
        missing["instructions"] = "valgrind is not installed (Debian: apt-get install valgrind)"
        return Section(title, THOUSANDS, rows, measures, {}, missing)
    few, many = (20, 40) if settings.quick else (FEW, MANY)
    for work in WORKS if not settings.quick else ("get-memory",):
        small, large = (instructions_of(settings.python, work, count) for count in (few, many))
        each = (large - small) / (many - few)
        measures[Task(OURS, work)] = [Measure(each, each, 1)]
    lines = [] if settings.quick else budget_of_a_get(missing)
    extra = {"budget": [line._asdict() for line in lines]}
    notes = ["the budget of a GET, line by line: benchmarks/profile_get.py budget"]
    return Section(title, THOUSANDS, rows, measures, {}, missing, notes=notes, extra=extra)


def budget_of_a_get(missing: dict[str, str]) -> list[budget.Line]:
    python = budget.python_with_trampolines()
    if python is None:
        missing["budget"] = "there is no CPython 3.12 or later that can name its functions"
        return []
    return budget.budget(python)
