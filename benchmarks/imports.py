"""Kind `import`: what `import NAME` costs over a bare interpreter, in fresh processes."""

from __future__ import annotations

import os
import subprocess
import time
from typing import TYPE_CHECKING

from benchmarks.harness import ROOT, Measure, Spread, Task, clean_environment, there_and_back
from benchmarks.report import Comparison, Section, Unit

if TYPE_CHECKING:
    from benchmarks.settings import Settings

BARE = "bare interpreter"
OURS, OUR_ENGINE = "h11client", "h11 (ours)"
PEERS = ("h11 (PyPI)", "requests", "urllib3", "httpx", "pyreqwest", "pycurl")
ROWS = (
    *((OURS, name) for name in PEERS[1:]),
    (OUR_ENGINE, "h11 (PyPI)"),
)
MILLISECONDS = Unit("ms", rate=False, scale=1e3)
SUMMARY_LINES = 8


def imports(settings: Settings) -> Section:
    """CPU and wall time of a fresh interpreter that imports one library, less a bare one's."""
    names = [BARE, OUR_ENGINE, OURS, *(PEERS if settings.peers is not None else ())]
    python = settings.peers or settings.python
    missing: dict[str, str] = {}
    for name in list(names):
        status, _ = fresh(python, name)  # also writes the byte code, which later runs read
        if status:
            names.remove(name)
            missing[name] = "cannot be imported here"
    results: dict[str, list[Measure]] = {name: [] for name in names}
    for name in there_and_back(names, settings.rounds(15)):
        results[name].append(fresh(python, name)[1])
    tasks = {Task(name, "import"): over_bare(results, name) for name in names if name != BARE}
    rows = [
        Comparison(f"import {ours.split()[0]}", Task(ours, "import"), Task(theirs, "import"))
        for ours, theirs in ROWS
    ]
    notes = [bare_note(results[BARE])]
    if OURS in names:
        notes += importtime_summary(python, OURS)
    title = "Import time over a bare interpreter (CPU, fresh processes)"
    labels = {name: name for name in names}
    return Section(title, MILLISECONDS, rows, tasks, labels, missing, wall=True, notes=notes)


def code_for(name: str) -> str:
    """All start alike, the path entry included, so that only the import differs."""
    prepare = f"import sys; sys.path.insert(0, {str(ROOT)!r})\n"
    if name == BARE:
        return prepare
    if name not in (OUR_ENGINE, OURS):
        prepare += "del sys.path[0]\n"
    code = prepare + f"import {name.split()[0]}\n"
    if name == OUR_ENGINE:
        code += f"assert h11.__file__.startswith({str(ROOT)!r}), h11.__file__\n"
    return code


def fresh(python: str, name: str) -> tuple[int, Measure]:
    """Start an interpreter, import, and take the CPU time that the kernel counted for it."""
    started = time.perf_counter()
    child = subprocess.Popen(
        [python, "-I", "-c", code_for(name)],
        env=clean_environment(),
        stdin=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(child.pid, 0)
    wall = time.perf_counter() - started
    child.returncode = os.waitstatus_to_exitcode(status)
    return child.returncode, Measure(usage.ru_utime + usage.ru_stime, wall, 1)


def over_bare(results: dict[str, list[Measure]], name: str) -> list[Measure]:
    """Each round's cost less that of the bare interpreter in the same round."""
    floor = 1e-6  # noise may make a difference negative, which no ratio survives
    return [
        Measure(max(one.cpu - bare.cpu, floor), max(one.wall - bare.wall, floor), 1)
        for one, bare in zip(results[name], results[BARE])
    ]


def bare_note(measures: list[Measure]) -> str:
    cpu = Spread.of([one.cpu for one in measures]).median * 1e3
    wall = Spread.of([one.wall for one in measures]).median * 1e3
    return f"bare interpreter: {cpu:.1f} ms CPU, {wall:.1f} ms wall (already taken off)"


def importtime_summary(python: str, name: str) -> list[str]:
    """The modules with the largest own time, by the interpreter's -X importtime."""
    done = subprocess.run(
        [python, "-I", "-X", "importtime", "-c", code_for(name)],
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
    return [
        f"-X importtime, one run: {len(after)} modules after `site`, {total:.1f} ms while traced",
        f"the largest of them: {largest}",
    ]
