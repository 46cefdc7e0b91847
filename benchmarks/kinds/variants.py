"""Kind `variants`: small requests that differ from the plainest one in every call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.kinds.loopback import Amount, Line, each, measured
from benchmarks.report import MICROSECONDS, Asked

if TYPE_CHECKING:
    from benchmarks.report import Section
    from benchmarks.settings import Settings

ASKED = {"requests": Asked(0.18, 0.12), "urllib3": Asked(0.45, 0.35)}
AGAINST = (*ASKED, "httpx")


def section(settings: Settings) -> Section:
    against = each(AGAINST, ASKED)
    lines = [
        Line("GET with 2 headers and 3 params", "get-with", "/small", against),
        Line("POST of a small JSON document", "post-json", "/small", against),
    ]
    return measured(settings, "CPU per other small request", MICROSECONDS, lines, Amount(12))
