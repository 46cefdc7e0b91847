"""Kind `tls-bodies`: large bodies over TLS in both directions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.kinds.loopback import Against, Amount, Line, each, measured
from benchmarks.report import MEGABYTES, Asked

if TYPE_CHECKING:
    from benchmarks.report import Section
    from benchmarks.settings import Settings

TOTAL = 16 * 1024 * 1024
ASKED = Asked(1.15, 1.0)


def section(settings: Settings) -> Section:
    options = {"total": TOTAL}
    down = [Against(("bare socket",), ASKED, text="bare SSLSocket.recv loop")]
    down += each(("pycurl", "urllib3"))
    up = [Against(("bare socket",), ASKED, text="bare SSLSocket.sendall loop")]
    up += each(("urllib3",))
    lines = [
        Line("download over TLS", "length-tls", f"/length/{TOTAL}", down, True, options),
        Line("upload over TLS", "upload-tls", "/upload", up, True, options),
    ]
    title = "Large bodies over TLS (body bytes per second of CPU)"
    return measured(settings, title, MEGABYTES, lines, Amount(12, 0.08))
