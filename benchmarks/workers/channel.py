"""The worker's side of the pipe: answers `hello` and `run` until its stdin is closed."""

from __future__ import annotations

import gc
import importlib
import json
import logging  # noqa: F401  # as nearly every program has: what a library does about it counts
import platform
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Protocol, TextIO

    class Suite(Protocol):
        """What a module of workers offers: makes the function that runs one piece of work."""

        def prepare(self, contender: str) -> Callable[[str, int, dict[str, Any]], int]: ...

        def version(self, contender: str) -> str: ...


def load_suite(name: str) -> Suite:
    """Import the suite while the checkout is still on the path."""
    module: Any = importlib.import_module(f"benchmarks.workers.{name}")
    suite: Suite = module
    return suite


def serve(channel: TextIO, suite: Suite, contender: str, checkout: str) -> None:
    """Answer one JSON line with one JSON line; an error is an answer too."""
    run: Callable[[str, int, dict[str, Any]], int] | None = None
    for line in sys.stdin:
        message = json.loads(line)
        answer: dict[str, Any]
        try:
            if message["do"] == "hello":
                run = suite.prepare(contender)
                answer = hello(suite, contender, checkout)
            elif run is None:
                raise RuntimeError("the first message is hello")
            else:
                answer = timed(run, message["work"], message["count"], message["options"])
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        channel.write(json.dumps(answer) + "\n")
        channel.flush()


def hello(suite: Suite, contender: str, checkout: str) -> dict[str, Any]:
    """Say what was imported, and whether an h11 in this process is the checkout's."""
    engine = sys.modules.get("h11")
    place = getattr(engine, "__file__", None) or ""
    return {
        "version": suite.version(contender),
        "python": platform.python_version(),
        "h11": None if engine is None else place.startswith(checkout + "/h11/"),
    }


def timed(
    run: Callable[[str, int, dict[str, Any]], int], work: str, count: int, options: dict[str, Any]
) -> dict[str, Any]:
    """CPU (user and system, all threads of this process) and wall seconds of `count` pieces."""
    gc.collect()  # what an earlier round left behind is not this round's cost
    wall, cpu = time.perf_counter(), time.process_time()
    units = run(work, count, options)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return {"cpu": cpu, "wall": wall, "units": units}
