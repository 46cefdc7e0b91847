"""One module for each kind of work; KINDS has them in the order of the main table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.kinds import (
    chunks,
    connect,
    downloads,
    get,
    growth,
    gzip_download,
    h11_alone,
    imports,
    instructions,
    memory,
    threads,
    tls,
    tls_bodies,
    uploads,
    variants,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.report import Section
    from benchmarks.settings import Settings

KINDS: dict[str, Callable[[Settings], Section]] = {
    "get": get.section,
    "variants": variants.section,
    "tls": tls.section,
    "connect": connect.section,
    "cycle": h11_alone.cycle,
    "bodies": h11_alone.bodies,
    "chunks": chunks.section,
    "downloads": downloads.section,
    "uploads": uploads.section,
    "tls-bodies": tls_bodies.section,
    "gzip": gzip_download.section,
    "threads": threads.section,
    "threads-apart": threads.apart,
    "import": imports.section,
    "memory": memory.section,
    "growth": growth.section,
    "growth-bodies": growth.bodies,
    "instructions": instructions.section,
}

# Of all others, clients and server are kept on one core.
ON_ALL_CORES = frozenset({"threads-apart"})
ON_CORES_APART = frozenset({"downloads", "uploads", "tls-bodies", "gzip", "growth-bodies"})
