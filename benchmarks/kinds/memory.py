"""Kind `memory`: what a process holds after importing a client and one GET."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from benchmarks.harness import ROOT, Measure, Server, Task, clean_environment, there_and_back
from benchmarks.kinds.loopback import ABSENT
from benchmarks.report import Asked, Comparison, Section, Unit

if TYPE_CHECKING:
    from benchmarks.settings import Settings

OURS, BARE, WORK = "h11client", "bare interpreter", "memory"
# Each keeps its session, and so its connection, until it has been measured.
CODE = {
    BARE: "pass",
    OURS: "import h11client; s = h11client.Session(); assert len(s.get(url).content) == 64",
    "requests": "import requests; s = requests.Session(); assert len(s.get(url).content) == 64",
    "urllib3": "import urllib3; p = urllib3.PoolManager(); assert p.request('GET', url).data",
    "httpx": "import httpx; c = httpx.Client(); assert len(c.get(url).content) == 64",
}
ASKED = {"requests": Asked(0.6)}
MEGABYTES = Unit("MB", rate=False, scale=1e-6)
# The pages that the process has in memory, as the kernel counts them.
MEASURE = """
for line in open("/proc/self/status"):
    if line.startswith("VmRSS:"):
        print(int(line.split()[1]) * 1024)
"""


def section(settings: Settings) -> Section:
    python = settings.peers or settings.python
    here = CODE if settings.peers else {name: CODE[name] for name in (BARE, OURS)}
    results: dict[Task, list[Measure]] = {Task(name, WORK): [] for name in here}
    missing: dict[str, str] = {} if settings.peers else dict.fromkeys(CODE.keys() - here, ABSENT)
    with Server(settings.python) as server:
        url = server.url("/small")
        for task in there_and_back(list(results), settings.rounds(7)):
            if task.contender in missing:
                continue
            try:
                results[task].append(resident(python, task.contender, url))
            except (subprocess.SubprocessError, ValueError) as error:
                missing[task.contender] = f"it fails here: {error}"
    measures = {task: rows for task, rows in results.items() if task.contender not in missing}
    rows = [
        Comparison("resident memory", Task(OURS, WORK), (Task(name, WORK),), ASKED.get(name))
        for name in CODE
        if name != OURS
    ]
    notes = ("resident memory of the whole process, the interpreter included, after one GET",)
    title = "Resident memory after import and one GET"
    return Section(title, MEGABYTES, rows, measures, {}, missing, notes=notes)


def resident(python: str, name: str, url: str) -> Measure:
    """Bytes in memory at the end of a fresh process; ours imports the checkout."""
    prepare = f"import sys; url = {url!r}\n"
    if name == OURS:
        prepare += f"sys.path.insert(0, {str(ROOT)!r})\n"
    done = subprocess.run(
        [python, "-I", "-c", prepare + CODE[name] + MEASURE],
        env=clean_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    size = int(done.stdout)
    return Measure(size, size, 1)
