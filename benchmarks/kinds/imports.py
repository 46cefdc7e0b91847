"""Kind `import`: what `import NAME` costs over a bare interpreter, in fresh processes."""

from __future__ import annotations

import os
import subprocess
import time
from typing import TYPE_CHECKING

from benchmarks.harness import ROOT, Measure, Spread, Task, clean_environment, there_and_back
from benchmarks.kinds.loopback import ABSENT
from benchmarks.report import Asked, Comparison, Section, Unit

if TYPE_CHECKING:
    from benchmarks.settings import Settings

BARE = "bare interpreter"
OURS, OUR_ENGINE, THEIR_ENGINE = "h11client", "h11 (ours)", "h11 (PyPI)"
PEERS = ("requests", "urllib3", "httpx", "pyreqwest", "pycurl")
IMPORT, SESSION = "import", "session"
# A package that loads its parts when they are used is not compared by its import alone.
CODE = {
    (BARE, IMPORT): "pass",
    (OUR_ENGINE, IMPORT): f"import h11; assert h11.__file__.startswith({str(ROOT)!r})",
    (THEIR_ENGINE, IMPORT): "import h11",
    (OURS, IMPORT): "import h11client",
    (OURS, SESSION): "import h11client; h11client.Session()",
    ("requests", IMPORT): "import requests",
    ("requests", SESSION): "import requests; requests.Session()",
    ("urllib3", IMPORT): "import urllib3",
    ("urllib3", SESSION): "import urllib3; urllib3.PoolManager()",
    ("httpx", IMPORT): "import httpx",
    ("httpx", SESSION): "import httpx; httpx.Client()",
    ("pyreqwest", IMPORT): "import pyreqwest.client",
    ("pyreqwest", SESSION): "import pyreqwest.client as c; c.SyncClientBuilder().build()",
    ("pycurl", IMPORT): "import pycurl",
    ("pycurl", SESSION): "import pycurl; pycurl.Curl()",
}
ASKED = {"requests": Asked(0.15), "httpx": Asked(0.25)}
LABELS = {IMPORT: "import alone", SESSION: "import and make a session"}
MILLISECONDS = Unit("ms", rate=False, scale=1e3)
SUMMARY_LINES = 8


def section(settings: Settings) -> Section:
    """CPU and wall time of fresh interpreters that import a library, less a bare one's."""
    python = settings.peers or settings.python
    here = (BARE, OUR_ENGINE, OURS, *((*PEERS, THEIR_ENGINE) if settings.peers else ()))
    tasks = [Task(name, work) for name, work in CODE if name in here]
    missing: dict[str, str] = {}
    for task in list(tasks):
        if fresh(python, task)[0]:  # this run also writes the byte code, which later ones read
            tasks.remove(task)
            missing[f"{task.contender}, {LABELS[task.work]}"] = "it fails here"
    results: dict[Task, list[Measure]] = {task: [] for task in tasks}
    for task in there_and_back(tasks, settings.rounds(15)):
        results[task].append(fresh(python, task)[1])
    bare = results.pop(Task(BARE, IMPORT))
    measures = {task: over_bare(costs, bare) for task, costs in results.items()}
    rows = [
        Comparison(
            LABELS[work],
            Task(OURS, work),
            (Task(name, work),),
            ASKED.get(name),
        )
        for work in (IMPORT, SESSION)
        for name in PEERS
    ]
    engines = Task(OUR_ENGINE, IMPORT), (Task(THEIR_ENGINE, IMPORT),)
    rows.append(Comparison("import of h11", *engines))
    if not settings.peers:
        missing.update(dict.fromkeys((*PEERS, THEIR_ENGINE), ABSENT))
    notes = [bare_note(bare)]
    if Task(OURS, SESSION) in measures:
        notes += importtime_summary(python, Task(OURS, SESSION))
    title = "Import time over a bare interpreter (CPU, fresh processes)"
    return Section(title, MILLISECONDS, rows, measures, {}, missing, wall=True, notes=notes)


def code_for(task: Task) -> str:
    """All start alike, the path entry included, so that only the import differs."""
    prepare = f"import sys; sys.path.insert(0, {str(ROOT)!r})\n"
    if task.contender not in (BARE, OUR_ENGINE, OURS):
        prepare += "del sys.path[0]\n"
    return prepare + CODE[task.contender, task.work] + "\n"


def fresh(python: str, task: Task) -> tuple[int, Measure]:
    """Start an interpreter, import, and take the CPU time that the kernel counted for it."""
    started = time.perf_counter()
    child = subprocess.Popen(
        [python, "-I", "-c", code_for(task)],
        env=clean_environment(),
        stdin=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(child.pid, 0)
    wall = time.perf_counter() - started
    child.returncode = os.waitstatus_to_exitcode(status)
    return child.returncode, Measure(usage.ru_utime + usage.ru_stime, wall, 1)


def over_bare(costs: list[Measure], bare: list[Measure]) -> list[Measure]:
    """Each round's cost less that of the bare interpreter in the same round."""
    floor = 1e-4  # noise may make a difference negative, which no ratio survives
    return [
        Measure(max(one.cost - nothing.cost, floor), max(one.wall - nothing.wall, floor), 1)
        for one, nothing in zip(costs, bare)
    ]


def bare_note(measures: list[Measure]) -> str:
    cpu = Spread.of([one.cost for one in measures]).median * 1e3
    wall = Spread.of([one.wall for one in measures]).median * 1e3
    return f"bare interpreter: {cpu:.1f} ms CPU, {wall:.1f} ms wall (already taken off)"


def importtime_summary(python: str, task: Task) -> list[str]:
    """The modules with the largest own time, by the interpreter's -X importtime."""
    done = subprocess.run(
        [python, "-I", "-X", "importtime", "-c", code_for(task)],
        env=clean_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    modules = []
    for line in done.stderr.splitlines():
        own, _, rest = line.removeprefix("import time:").partition("|")
        if own.strip().isdigit():
            modules.append((int(own), rest.partition("|")[2].strip()))
    start = next((n for n, (_, module) in enumerate(modules) if module == "site"), -1) + 1
    after = sorted(modules[start:], reverse=True)
    largest = ", ".join(f"{module} {own / 1e3:.1f} ms" for own, module in after[:SUMMARY_LINES])
    total = sum(own for own, _ in after) / 1e3
    count = len(after)
    return [
        f"-X importtime of {OURS} and a session: {count} modules, {total:.1f} ms while traced",
        f"the largest of them: {largest}",
    ]
