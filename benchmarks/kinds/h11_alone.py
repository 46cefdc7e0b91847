"""Kinds `cycle` and `bodies`: our h11 against PyPI's on the same bytes, without sockets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.harness import Contender, Plan, Task, measure
from benchmarks.kinds.loopback import ABSENT
from benchmarks.report import MEGABYTES, MICROSECONDS, Asked, Comparison, Section, Unit

if TYPE_CHECKING:
    from benchmarks.settings import Settings

OURS, THEIRS, REFERENCE = "h11 (ours)", "h11 (PyPI)", "httptools"


def cycle(settings: Settings) -> Section:
    """Microseconds of CPU per request/response cycle."""
    rows = [
        row("h11 cycle, fresh header lists", "client-lists", "client-lists", Asked(3.5, 5, True)),
        row("h11 cycle, a reused Headers", "client-headers", "client-lists", Asked(4.5, 6, True)),
        row("h11 cycle of a server", "server", "server", Asked(3.3, 5, True)),
        Comparison(
            "h11 cycle, a reused Headers",
            Task(OURS, "client-headers"),
            (Task(REFERENCE, "parse"),),
            faster=True,
            against="{}, which only parses",
        ),
    ]
    title = "h11: one request/response cycle (9-field response head, 64-byte body)"
    return measured(settings, title, MICROSECONDS, rows)


def bodies(settings: Settings) -> Section:
    """Megabytes of body per second of CPU, received in pieces of 64 KiB."""
    rows = []
    for label, name in (
        ("64-byte chunks", "tiny"),
        ("64 KiB chunks", "large"),
        ("Content-Length", "length"),
    ):
        rows += [
            row(f"{label}, next_event", f"{name}-events", f"{name}-events"),
            row(f"{label}, receive_body", f"{name}-joined", f"{name}-events"),
        ]
    return measured(settings, "h11: response bodies", MEGABYTES, rows)


def row(label: str, ours: str, theirs: str, asked: Asked | None = None) -> Comparison:
    return Comparison(label, Task(OURS, ours), (Task(THEIRS, theirs),), asked, faster=True)


def measured(settings: Settings, title: str, unit: Unit, rows: list[Comparison]) -> Section:
    contenders = [Contender(OURS, settings.python, ours=True)]
    peers = list(dict.fromkeys(task.contender for one in rows for task in one.theirs))
    if settings.peers is not None:
        contenders += [Contender(name, settings.peers) for name in peers]
    tasks = list(dict.fromkeys(task for one in rows for task in (one.ours, *one.theirs)))
    plan = Plan(settings.rounds(21), settings.seconds(0.04), {})
    figures = measure("engine", contenders, [(tasks, plan)])
    if settings.peers is None:
        figures.missing.update(dict.fromkeys(peers, ABSENT))
    return Section(title, unit, rows, *figures)
