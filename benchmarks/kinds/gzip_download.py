"""Kind `gzip`: a compressed download, decoded on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.kinds.loopback import Against, Amount, Line, each, measured
from benchmarks.report import MEGABYTES, Asked

if TYPE_CHECKING:
    from benchmarks.report import Section
    from benchmarks.settings import Settings

TOTAL = 8 * 1024 * 1024  # bytes after decoding, about four times those on the wire


def section(settings: Settings) -> Section:
    against = [Against(("bare socket",), Asked(1.2, 1.1), text="bare zlib over a bare recv loop")]
    against += each(("pycurl", "urllib3", "requests"))
    line = Line("gzip download", "gzip", f"/gzip/{TOTAL}", against, False, {"total": TOTAL})
    title = "A compressed download (decoded bytes per second of CPU)"
    return measured(settings, title, MEGABYTES, [line], Amount(12))
