"""Kind `get`: CPU and wall time per small keep-alive GET, ours beside all others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.kinds.loopback import Amount, Line, each, measured
from benchmarks.report import MICROSECONDS, Asked

if TYPE_CHECKING:
    from benchmarks.report import Section
    from benchmarks.settings import Settings

ASKED = {
    "pycurl": Asked(1.0, 0.85),
    "pyreqwest": Asked(1.0, 0.85),
    "requests": Asked(0.13, 0.10),
    "urllib3": Asked(0.35, 0.28),
    "httpx": Asked(0.22, 0.18),
    "httpx2": Asked(0.30, 0.24),
    "niquests": Asked(0.16, 0.12),
}
AGAINST = (*ASKED, "http.client", "pycurl, with headers", "bare socket")
NOTES = (
    "CPU is user and system time of the client's process, all its threads, without the server's",
    "bare socket sends fixed bytes and checks nothing: the floor that the kernel sets",
    "pycurl alone gives the caller no header fields; with headers, they are put into a dict",
)


def section(settings: Settings) -> Section:
    title = "CPU per small keep-alive GET (9-field head, 64 bytes of JSON)"
    line = Line("small keep-alive GET", "get", "/small", each(AGAINST, ASKED))
    return measured(settings, title, MICROSECONDS, [line], Amount(21), NOTES)
