"""Kind `downloads`: large bodies of both framings, streamed in blocks of 64 KiB."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks import samples
from benchmarks.kinds.loopback import Against, Amount, Line, each, measured
from benchmarks.report import MEGABYTES, Asked

if TYPE_CHECKING:
    from benchmarks.report import Section
    from benchmarks.settings import Settings

TOTAL = 16 * 1024 * 1024
OTHERS = ("pycurl", "pyreqwest", "http.client", "urllib3")
AGAINST = (
    Against(("bare socket",), Asked(1.25, 1.05), text="bare recv loop"),
    Against(OTHERS, Asked(1.0), text="{}, the cheapest"),
    *each((*OTHERS, "requests")),
)


def section(settings: Settings) -> Section:
    options = {"total": TOTAL}
    chunks = f"/chunks/{samples.LARGE}/{TOTAL}"
    lines = [
        Line("download, Content-Length", "length", f"/length/{TOTAL}", AGAINST, False, options),
        Line("download, 64 KiB chunks", "chunked", chunks, AGAINST, False, options),
    ]
    title = "Large downloads (body bytes per second of CPU)"
    return measured(settings, title, MEGABYTES, lines, Amount(12))
