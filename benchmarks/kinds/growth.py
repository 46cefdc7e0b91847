"""Kinds `growth` and `growth-bodies`: the same work at two sizes, and what a unit costs there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.harness import Contender, Plan, Server, Task, measure
from benchmarks.report import Asked, Comparison, Section, Unit
from benchmarks.settings import OURS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.settings import Settings

ASKED = Asked(1.1)
NANOSECONDS = Unit("ns", rate=False, scale=1e9)
# (label, work, what is counted, smaller size, larger size)
GROWING = (
    ("requests of a session x10", "requests", "request", 300, 3000),
    ("response fields x10", "response-fields", "field", 45, 450),
    ("request fields x10", "request-fields", "field", 45, 450),
    ("threads x8", "threads", "request", 2, 16),
    ("idle connections x100", "idle-connections", "request", 2, 200),
    ("origins with idle connections x100", "idle-origins", "request", 2, 200),
)
BODIES = (
    # Not larger: a bare loop of recv that joins its pieces costs 1.7 to 2.8 times as much per byte
    # when they leave the processor's caches. Up to here it costs the same.
    ("body read whole x10", "whole-body", "byte", 200_000, 2_000_000),
    ("body streamed x10", "streamed-body", "byte", 2_000_000, 20_000_000),
)


def section(settings: Settings) -> Section:
    return _grown(settings, GROWING, "How the cost grows")


def bodies(settings: Settings) -> Section:
    return _grown(settings, BODIES, "How the cost of large bodies grows")


def _grown(
    settings: Settings, growing: Sequence[tuple[str, str, str, int, int]], title: str
) -> Section:
    rows, steps, notes = [], [], []
    with Server(settings.python) as server:
        for label, work, unit, small, large in growing:
            tasks = [Task(OURS, f"{work}-{size}") for size in (large, small)]
            against = f"itself, per {unit}"
            rows.append(Comparison(label, tasks[0], (tasks[1],), ASKED, against=against))
            notes.append(f"{label}: {small:,} and {large:,}")
            options = {"url": server.url("")}
            steps.append((tasks, Plan(settings.rounds(12), settings.seconds(0.1), options)))
        figures = measure("growth", [Contender(OURS, settings.python, ours=True)], steps)
    title = f"{title} (CPU per unit: ours at the larger size, theirs at the smaller)"
    return Section(title, NANOSECONDS, rows, *figures, notes=notes)
