"""Kind `connect`: a connection for each GET, plain and TLS; whoever can resume a session does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.kinds.loopback import Amount, Line, each, measured
from benchmarks.report import MICROSECONDS, Asked

if TYPE_CHECKING:
    from benchmarks.report import Section
    from benchmarks.settings import Settings

ASKED = {"urllib3": Asked(0.7, 0.5)}
AGAINST = (*ASKED, "requests", "pycurl")


def section(settings: Settings) -> Section:
    against = each(AGAINST, ASKED)
    lines = [
        Line("new connection and GET", "new", "/close", against),
        Line("new TLS connection and GET", "new-tls", "/close", against, True),
    ]
    notes = (
        "the server closes after each answer; its tickets allow sessions to be resumed",
        "each client has its default settings for that: some make a full handshake each time",
    )
    title = "CPU per new connection with a small GET"
    return measured(settings, title, MICROSECONDS, lines, Amount(12), notes)
