"""Kind `threads`: 16 threads that share one session and send small GETs; CPU and wall time."""

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
    against = [
        Against((name,), asked, wall, "{}, wall time" if wall else "{}, CPU")
        for wall in (False, True)
        for name, asked in ASKED.items()
    ]
    options = {"threads": THREADS}
    line = Line("16 threads, small GETs", "threads", "/small", against, options=options)
    notes = ("urllib3 and requests are told to keep a connection for each thread",)
    title = "16 threads with one session (CPU and wall time per small GET)"
    return measured(settings, title, MICROSECONDS, [line], Amount(12, 0.15), notes)
