"""Kind `chunks`: a body of 64-byte chunks through the clients."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks import samples
from benchmarks.kinds.loopback import Amount, Line, each, measured
from benchmarks.report import MEGABYTES, Asked

if TYPE_CHECKING:
    from benchmarks.report import Section
    from benchmarks.settings import Settings

TOTAL = 1024 * 1024
ASKED = {"urllib3": Asked(1 / 5), "http.client": Asked(1 / 3), "pycurl": Asked(None, 1.0)}
AGAINST = (*ASKED, "pyreqwest", "requests", "bare socket")


def section(settings: Settings) -> Section:
    against = each(AGAINST, ASKED)
    path = f"/chunks/{samples.TINY}/{TOTAL}"
    line = Line("download in 64-byte chunks", "chunks", path, against, False, {"total": TOTAL})
    title = "A body of 64-byte chunks through the client (body bytes per second of CPU)"
    return measured(settings, title, MEGABYTES, [line], Amount(15))
