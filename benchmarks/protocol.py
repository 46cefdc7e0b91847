"""Kinds `cycle` and `bodies`: our h11 against PyPI's h11 0.16 on the same bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.harness import Contender, Plan, Task, measure
from benchmarks.report import MEGABYTES, MICROSECONDS, Asked, Comparison, Section, Unit

if TYPE_CHECKING:
    from benchmarks.settings import Settings

OURS, THEIRS = "h11 (ours)", "h11 (PyPI)"
THREE_TIMES = Asked(3.0, faster=True)


def cycle(settings: Settings) -> Section:
    """Microseconds of CPU per request/response cycle."""
    rows = [
        row("client, fresh header lists", "client-lists", "client-lists"),
        row("client, one reused Headers (PyPI's: lists)", "client-headers", "client-lists"),
        row("server, fresh header lists", "server", "server"),
    ]
    title = "h11: one request/response cycle (9-field response head, 64-byte body)"
    return measured(settings, title, MICROSECONDS, rows)


def bodies(settings: Settings) -> Section:
    """Megabytes of body per second of CPU, received in pieces of 64 KiB."""
    rows = []
    for label, name, asked in (
        ("64-byte chunks", "tiny", THREE_TIMES),
        ("64 KiB chunks", "large", None),
        ("Content-Length", "length", None),
    ):
        rows += [
            row(f"{label}, next_event", f"{name}-events", f"{name}-events", asked),
            row(f"{label}, receive_body", f"{name}-joined", f"{name}-events", asked),
        ]
    return measured(settings, "h11: response bodies", MEGABYTES, rows)


def row(label: str, ours: str, theirs: str, asked: Asked | None = THREE_TIMES) -> Comparison:
    return Comparison(label, Task(OURS, ours), Task(THEIRS, theirs), asked, faster=True)


def measured(settings: Settings, title: str, unit: Unit, rows: list[Comparison]) -> Section:
    contenders = [Contender(OURS, settings.python, ours=True)]
    if settings.peers is not None:
        contenders.append(Contender(THEIRS, settings.peers))
    tasks = list(dict.fromkeys(task for one in rows for task in (one.ours, one.theirs)))
    plan = Plan(settings.rounds(21), settings.seconds(0.04), {})
    figures = measure("engine", contenders, [(tasks, plan)])
    return Section(title, unit, rows, *figures)
