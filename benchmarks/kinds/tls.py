"""Kind `tls`: small GETs on a TLS connection that is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.kinds.loopback import Amount, Line, each, measured
from benchmarks.report import MICROSECONDS, Asked

if TYPE_CHECKING:
    from benchmarks.report import Section
    from benchmarks.settings import Settings

ASKED = {"urllib3": Asked(0.45, 0.35)}
AGAINST = (*ASKED, "requests", "pycurl", "bare socket")


def section(settings: Settings) -> Section:
    line = Line("small GET over TLS, kept alive", "get-tls", "/small", each(AGAINST, ASKED), True)
    notes = ("bare socket is an SSLSocket of the standard library here",)
    title = "CPU per small keep-alive GET over TLS"
    return measured(settings, title, MICROSECONDS, [line], Amount(15), notes)
