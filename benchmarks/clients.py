"""Kinds `client`, `variants` and `streams`: our client and others on the loopback server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks import samples
from benchmarks.harness import Contender, Plan, Server, Task, measure
from benchmarks.report import MEGABYTES, MICROSECONDS, Asked, Comparison, Section

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.settings import Settings

OURS = "h11client"
STANDARD = ("http.client", "bare socket")  # need no environment
PEERS = ("pycurl", "pycurl, with headers", "pyreqwest", "urllib3", "httpx2", "httpx", "requests")
APART = ("niquests",)
ASKED_GET = {"requests": Asked(0.25, faster=False), "urllib3": Asked(0.6, faster=False)}

VARIANTS = (
    ("GET with 2 headers and 3 params", "get-with"),
    ("POST of a small JSON document", "post-json"),
    ("new connection, GET, close", "new"),
)
VARIANTS_AGAINST = ("urllib3", "httpx", "requests")

STREAM_WORKS = (  # label, work, body bytes
    ("download, 64-byte chunks", "tiny", 1024 * 1024),
    ("download, 64 KiB chunks", "large", 16 * 1024 * 1024),
    ("download, Content-Length", "length", 16 * 1024 * 1024),
    ("upload, 64 KiB chunks of a generator", "upload", 16 * 1024 * 1024),
)
STREAM_AGAINST = ("bare socket", "pycurl", "pyreqwest", "http.client", "urllib3", "requests")


def get(settings: Settings) -> Section:
    """CPU and wall time per small keep-alive GET."""
    against = (*STANDARD, *PEERS, *APART)
    rows = [
        Comparison("GET", Task(OURS, "get"), Task(name, "get"), ASKED_GET.get(name))
        for name in against
    ]
    tasks = [Task(name, "get") for name in (OURS, *against)]
    with Server(settings.python) as server:
        plan = Plan(
            settings.rounds(21), settings.seconds(0.06), {"urls": {"get": server.url("/small")}}
        )
        figures = measure("clients", contenders(settings, (OURS, *against)), [(tasks, plan)])
    title = "Clients: CPU per small keep-alive GET (9-field head, 64 bytes of JSON)"
    return Section(title, MICROSECONDS, rows, *figures, wall=True, notes=NOTES)


def variants(settings: Settings) -> Section:
    """Small requests that differ from the plainest one."""
    names = (OURS, *VARIANTS_AGAINST)
    tasks = [Task(name, work) for _, work in VARIANTS for name in names]
    rows = [
        Comparison(label, Task(OURS, work), Task(name, work))
        for label, work in VARIANTS
        for name in VARIANTS_AGAINST
    ]
    with Server(settings.python) as server:
        urls = {
            "get-with": server.url("/small"),
            "post-json": server.url("/small"),
            "new": server.url("/close"),
        }
        plan = Plan(settings.rounds(11), settings.seconds(0.06), {"urls": urls})
        figures = measure("clients", contenders(settings, names), [(tasks, plan)])
    title = "Clients: other small requests (CPU per request)"
    return Section(title, MICROSECONDS, rows, *figures, wall=True)


def streams(settings: Settings) -> Section:
    """CPU per body byte of downloads and a chunked upload."""
    rows: list[Comparison] = []
    steps: list[tuple[list[Task], Plan]] = []
    names = (OURS, *STREAM_AGAINST)
    with Server(settings.python) as server:
        for label, work, total in STREAM_WORKS:
            urls = {
                "tiny": server.url(f"/chunks/{samples.TINY}/{total}"),
                "large": server.url(f"/chunks/{samples.LARGE}/{total}"),
                "length": server.url(f"/length/{total}"),
                "upload": server.url("/upload"),
            }
            options = {"urls": urls, "total": total}
            tasks = [Task(name, work) for name in names]
            steps.append((tasks, Plan(settings.rounds(9), settings.seconds(0.05), options)))
            rows += [Comparison(label, tasks[0], task) for task in tasks[1:]]
        figures = measure("clients", contenders(settings, names), steps)
    title = "Clients: streamed bodies (MB per second of CPU, blocks of 64 KiB)"
    return Section(title, MEGABYTES, rows, *figures, wall=True)


def contenders(settings: Settings, names: Sequence[str]) -> list[Contender]:
    """The contenders whose environment exists; ours runs in the same interpreter as its peers."""
    able = []
    for name in names:
        home = settings.python
        if name in PEERS or name in APART:
            found = settings.others if name in APART else settings.peers
            if found is None:
                continue
            home = found
        able.append(Contender(name, home, ours=name == OURS))
    return able


NOTES = (
    "CPU is user and system time of the client's process, all its threads, without the server's",
    "bare socket sends fixed bytes and checks nothing: the floor that the kernel sets",
    "pycurl alone gives the caller no header fields; with headers, they are put into a dict",
)
