"""Kinds `threads` and `threads-apart`: 16 threads that share one session and send small GETs.

On one core, and on all: there the interpreter's lock goes from core to core at each system call.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.kinds.loopback import Against, Amount, Line, measured
from benchmarks.report import MICROSECONDS, Asked

if TYPE_CHECKING:
    from benchmarks.report import Section
    from benchmarks.settings import Settings

THREADS = 16
ASKED = {"urllib3": Asked(0.2), "requests": Asked(0.07), "pyreqwest": Asked(None, 1.0)}


def section(settings: Settings) -> Section:
    return measured_on(settings, "one core", "16 threads, small GETs")


def apart(settings: Settings) -> Section:
    return measured_on(settings, "all cores", "16 threads on all cores")


def measured_on(settings: Settings, cores: str, label: str) -> Section:
    against = [
        Against((name,), asked, wall, "{}, wall time" if wall else "{}, CPU")
        for wall in (False, True)
        for name, asked in ASKED.items()
    ]
    line = Line(label, "threads", "/small", against, options={"threads": THREADS})
    notes = ("urllib3 and requests are told to keep a connection for each thread",)
    title = f"16 threads with one session, on {cores} (CPU and wall time per small GET)"
    return measured(settings, title, MICROSECONDS, [line], Amount(12, 0.15), notes)
