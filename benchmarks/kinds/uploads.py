"""Kind `uploads`: blocks of a generator, in chunks, and a file."""

from __future__ import annotations

import tempfile
from typing import TYPE_CHECKING

from benchmarks import samples
from benchmarks.kinds.loopback import Against, Amount, Line, each, measured
from benchmarks.report import MEGABYTES, Asked

if TYPE_CHECKING:
    from benchmarks.report import Section
    from benchmarks.settings import Settings

TOTAL = 16 * 1024 * 1024


def section(settings: Settings) -> Section:
    chunks = [Against(("bare socket",), Asked(1.1, 1.0), text="bare sendmsg loop")]
    chunks += each(("pycurl", "http.client", "urllib3", "requests"))
    whole = [Against(("bare socket",), Asked(1.1, 1.0), text="bare socket.sendfile")]
    whole += each(("pycurl", "requests"))
    with tempfile.NamedTemporaryFile() as file:
        file.write(samples.payload(TOTAL))
        file.flush()
        options = {"total": TOTAL, "file": file.name}
        lines = [
            Line("upload, chunks of a generator", "upload", "/upload", chunks, False, options),
            Line("upload of a file", "upload-file", "/upload", whole, False, options),
        ]
        notes = ("bare sendmsg loop: size line, block and CRLF of each chunk in one system call",)
        title = "Uploads (body bytes per second of CPU)"
        return measured(settings, title, MEGABYTES, lines, Amount(12), notes)
