"""Where the CPU time of a small keep-alive GET goes; see README.md, "Where the time goes".

    profile_get.py sample          shares per function and per line, on the loopback server
    profile_get.py calls           exact call counts and cProfile's times, same GETs
    profile_get.py layers          CPU of each layer alone, in microseconds
    profile_get.py instructions    machine instructions per GET, counted by valgrind
    profile_get.py budget          the same line by line: the own instructions of each function

`--work cycle` and `server-cycle` profile the protocol library alone instead, `get-memory` the whole
client on a network in memory (no sockets, so that only our own code is left), `call-memory` the
same without looking at the answer, and `download-...` streamed bodies of a megabyte.
"""

from __future__ import annotations

import argparse
import collections
import gc
import importlib
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parent.parent
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    Work = Callable[[int], object]

SAMPLE_SECONDS = 0.001  # of CPU between two samples; kernels round it up, often to 4 ms
WARM_UP = 300
FEW, MANY = 200, 1200  # pieces of work of two runs, whose difference is a thousand
STREAMS = {  # path on the server; a piece of work is one download of a megabyte
    "download-tiny": "/chunks/64/1048576",
    "download-large": "/chunks/65536/1048576",
    "download-length": "/length/1048576",
}
WORKS = ("get", "get-memory", "call-memory", "cycle", "server-cycle", *STREAMS)


def main() -> None:
    sys.path[0] = str(ROOT)
    arguments = parser().parse_args()
    if arguments.how == "instructions":
        count_instructions(arguments)
    elif arguments.how == "budget":
        print_budget()
    elif arguments.how == "layers":
        time_layers(arguments.count)
    else:
        with_work(arguments.work, lambda work: profile(arguments, work))


def parser() -> argparse.ArgumentParser:
    this = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    hows = ["sample", "calls", "layers", "instructions", "budget", "plain"]
    this.add_argument("how", choices=hows)
    this.add_argument("--work", choices=WORKS, default="get")
    this.add_argument("--count", type=int, default=20_000, help="pieces of work (default: 20000)")
    this.add_argument("--lines", type=int, default=30, help="lines to print (default: 30)")
    return this


def with_work(name: str, use: Callable[[Work], None]) -> None:
    """Call `use` with a function that does the work so many times."""
    if name in ("get-memory", "call-memory"):
        layers: Any = importlib.import_module("benchmarks.layers")
        work_of = gets_of if name == "get-memory" else calls_of
        use(work_of(layers.memory_session(), "http://127.0.0.1:8080/small"))
        return
    if name in ("cycle", "server-cycle"):
        engine: Any = importlib.import_module("benchmarks.workers.engine")
        work = {"cycle": "client-lists", "server-cycle": "server"}[name]
        use(engine.WORKS[work](importlib.import_module("h11")))
        return
    harness: Any = importlib.import_module("benchmarks.harness")
    session = importlib.import_module("h11client").Session()
    with harness.Server(sys.executable) as server:
        if name in STREAMS:
            use(downloads_of(session, server.url(STREAMS[name])))
        else:
            use(gets_of(session, server.url("/small")))
        session.close()


def gets_of(session: Any, url: str) -> Work:
    def gets(count: int) -> None:
        for _ in range(count):
            response = session.get(url)
            if response.status_code != 200 or len(response.content) != 64:
                raise AssertionError("not the answer that was sent")

    return gets


def calls_of(session: Any, url: str) -> Work:
    def calls(count: int) -> None:
        for _ in range(count):
            session.get(url)

    return calls


def downloads_of(session: Any, url: str) -> Work:
    def downloads(count: int) -> None:
        for _ in range(count):
            with session.get(url, stream=True) as response:
                size = sum(map(len, response.iter_content(64 * 1024)))
            if size != 1024 * 1024:
                raise AssertionError("the download is not whole")

    return downloads


def profile(arguments: argparse.Namespace, work: Work) -> None:
    work(WARM_UP)
    gc.collect()
    gc.freeze()  # a full collection that falls into one run and not into another is no difference
    if arguments.how == "plain":
        work(arguments.count)
    elif arguments.how == "sample":
        sample(work, arguments.count, arguments.lines)
    else:
        count_calls(work, arguments.count // 10, arguments.lines)


def sample(work: Work, count: int, lines: int) -> None:
    """Interrupt the program at each tick of its CPU time and note where it is."""
    own_lines: collections.Counter[str] = collections.Counter()
    own: collections.Counter[str] = collections.Counter()
    within: collections.Counter[str] = collections.Counter()

    def note(number: int, frame: FrameType | None) -> None:
        seen = set()
        first = True
        while frame is not None:
            code = frame.f_code
            place = f"{short(code.co_filename)}:{code.co_name}"
            if first:
                own[place] += 1
                own_lines[f"{short(code.co_filename)}:{frame.f_lineno} {code.co_name}"] += 1
                first = False
            seen.add(place)
            frame = frame.f_back
        within.update(seen)

    signal.signal(signal.SIGPROF, note)
    signal.setitimer(signal.ITIMER_PROF, SAMPLE_SECONDS, SAMPLE_SECONDS)
    started = time.process_time()
    try:
        work(count)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    each = (time.process_time() - started) / count * 1e6
    total = sum(own.values())
    print(f"{each:.1f} us each (sampling included), {total} samples\n")
    for title, counter in (
        ("own time per function", own),
        ("time in the function and below", within),
        ("own time per line (a line pays for the call that it waits for)", own_lines),
    ):
        print(title)
        for place, hits in counter.most_common(lines):
            print(f"  {hits / total:6.1%} {hits / total * each:6.2f} us  {place}")
        print()


def short(filename: str) -> str:
    """The last two parts of a path."""
    return "/".join(Path(filename).parts[-2:])


def count_calls(work: Work, count: int, lines: int) -> None:
    import cProfile  # not above: what is loaded there is counted by valgrind as well
    import pstats

    profiler = cProfile.Profile()
    profiler.enable()
    work(count)
    profiler.disable()
    print(f"{count} pieces of work; times are inflated by the profiler, calls are exact")
    stats = pstats.Stats(profiler)
    stats.sort_stats("tottime").print_stats(lines)


def time_layers(count: int) -> None:
    """Time steps of the path alone, hot: their sum is less than the whole, which runs colder."""
    import statistics

    steps: Any = importlib.import_module("benchmarks.layers")
    for name, timed in steps.all_steps():
        timed(WARM_UP)
        rounds = []
        for _ in range(7):
            gc.collect()
            rounds.append(timed(count // 7) / (count // 7) * 1e6)
        print(f"{statistics.median(rounds):8.2f} us  {name}", flush=True)


def count_instructions(arguments: argparse.Namespace) -> None:
    if valgrind() is None:
        raise SystemExit("valgrind is not installed (Debian: apt-get install valgrind)")
    counts = [instructions_of(sys.executable, arguments.work, count) for count in (FEW, MANY)]
    each = (counts[1] - counts[0]) / (MANY - FEW)
    print(f"{each:,.0f} instructions per piece of work ({arguments.work}), without the kernel's")


def print_budget() -> None:
    budgets: Any = importlib.import_module("benchmarks.budget")
    python = budgets.python_with_trampolines()
    if python is None or valgrind() is None:
        raise SystemExit("needs valgrind, and Python 3.12 or later on Linux")
    print("\n".join(budgets.lines_of(budgets.budget(python))))


def valgrind() -> str | None:
    return shutil.which("valgrind")


def instructions_of(python: str, work: str, count: int) -> int:
    """Those of a whole process, its start and warm-up included: take the difference of two."""
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", python]
    command += [__file__, "plain", "--work", work, "--count", str(count)]
    environment = {**os.environ, "PYTHONHASHSEED": "0"}  # the same dictionaries in every run
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    for line in done.stderr.splitlines():
        _, found, number = line.partition("Collected :")
        if found:
            return int(number)
    raise SystemExit(f"no count in what valgrind printed: {done.stderr}")


if __name__ == "__main__":
    main()
