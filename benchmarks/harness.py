"""Workers, paired rounds and their statistics: what all kinds of benchmark share."""

from __future__ import annotations

import contextlib
import json
import os
import select
import statistics
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import TracebackType

    from typing_extensions import Self

T = TypeVar("T")
ROOT = Path(__file__).resolve().parent.parent
WORKER = str(ROOT / "benchmarks" / "workers" / "__main__.py")
ANSWER_SECONDS = 60.0  # a round takes a fraction of a second: a silent worker is a hung one
REASON_LENGTH = 160  # of what a library says when it fails
GENERATIONS = 3  # of worker processes in one run
WARM_UP_FRACTION = 0.25  # of a round's length, spent before the piece count is fixed


class Unavailable(Exception):
    """A contender that cannot run here, with the reason to print."""


class Measure(NamedTuple):
    """One round of one task: what so many units (requests, bytes) cost.

    The cost is CPU seconds, except where a kind of benchmark says otherwise: bytes of memory, or
    instructions.
    """

    cost: float
    wall: float
    units: int

    @property
    def cost_per_unit(self) -> float:
        return self.cost / self.units

    @property
    def wall_per_unit(self) -> float:
        return self.wall / self.units


class Spread(NamedTuple):
    """Median and quartiles of one number over the rounds."""

    low: float
    median: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        if len(values) < 2:
            return cls(values[0], values[0], values[0])
        low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
        return cls(low, middle, high)


class Contender(NamedTuple):
    """A library under measurement: in which interpreter, and whether the checkout comes first."""

    name: str
    python: str
    ours: bool = False


class Process:
    """A child that speaks JSON lines on its stdin and stdout, and ends when its stdin closes."""

    def __init__(self, command: Sequence[str]) -> None:
        self._child = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
            env=clean_environment(),
        )

    def ask(self, message: dict[str, Any], seconds: float = ANSWER_SECONDS) -> dict[str, Any]:
        assert self._child.stdin is not None
        try:
            self._child.stdin.write(json.dumps(message) + "\n")
            self._child.stdin.flush()
        except BrokenPipeError as error:
            raise Unavailable("its process ended") from error
        return self.listen(seconds)

    def listen(self, seconds: float = ANSWER_SECONDS) -> dict[str, Any]:
        assert self._child.stdout is not None
        if not select.select([self._child.stdout], [], [], seconds)[0]:
            self.stop()
            raise Unavailable(f"no answer within {seconds:g} s")
        line = self._child.stdout.readline()
        if not line:
            raise Unavailable(f"its process ended with status {self._child.wait()}")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise Unavailable(answer["error"][:REASON_LENGTH])
        return answer

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        try:
            self._child.stdin.close()
        except BrokenPipeError:
            pass
        try:
            self._child.wait(timeout=2.0)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        self._child.stdout.close()


class Worker(Process):
    """A contender in a process of its own, warm from the first round to the last."""

    def __init__(self, suite: str, contender: Contender) -> None:
        self.contender = contender
        mark = ["ours"] if contender.ours else []
        super().__init__([contender.python, "-I", WORKER, suite, contender.name, *mark])
        try:
            hello = self.ask({"do": "hello"})
            if hello["h11"] is not None and hello["h11"] != contender.ours:
                raise Unavailable("it imported the wrong h11")
        except BaseException:
            self.stop()
            raise
        self.version: str = hello["version"]
        self.python_version: str = hello["python"]

    def run(self, work: str, count: int, options: dict[str, Any]) -> Measure:
        answer = self.ask({"do": "run", "work": work, "count": count, "options": options})
        return Measure(answer["cpu"], answer["wall"], answer["units"])


_server_cores: set[int] | None = None  # where servers run; None: wherever this process does


class Server(Process):
    """The loopback server of server.py, in a process of its own; `tls` needs trustme there."""

    def __init__(self, python: str, tls: bool = False) -> None:
        mark = ["tls"] if tls else []
        super().__init__([python, "-I", str(ROOT / "benchmarks" / "server.py"), *mark])
        if _server_cores is not None:
            os.sched_setaffinity(self._child.pid, _server_cores)
        try:
            said = self.listen()
        except BaseException:
            self.stop()
            raise
        self.port: int = said["port"]
        self.tls_port: int | None = said.get("tls_port")
        self.ca: str | None = said.get("ca")  # file of the authority to trust

    def url(self, path: str, tls: bool = False) -> str:
        scheme, port = ("https", self.tls_port) if tls else ("http", self.port)
        return f"{scheme}://127.0.0.1:{port}{path}"


class Team:
    """All workers of one kind of benchmark, alive at once; those that cannot start are noted."""

    def __init__(self, suite: str, contenders: Sequence[Contender]) -> None:
        self.workers: dict[str, Worker] = {}
        self.missing: dict[str, str] = {}
        for contender in contenders:
            try:
                self.workers[contender.name] = Worker(suite, contender)
            except (Unavailable, OSError) as error:
                self.missing[contender.name] = str(error)

    @property
    def names(self) -> dict[str, str]:
        return {name: f"{name} {worker.version}".strip() for name, worker in self.workers.items()}

    def __enter__(self) -> Team:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for worker in self.workers.values():
            worker.stop()


class Task(NamedTuple):
    """One piece of work of one contender."""

    contender: str
    work: str


class Plan(NamedTuple):
    """How much to measure: rounds, CPU seconds per task and round, and what the work needs."""

    rounds: int
    seconds: float
    options: dict[str, Any]


class Figures(NamedTuple):
    """What was measured, the contenders' names with versions, and what was not measured and why."""

    measures: dict[Task, list[Measure]]
    names: dict[str, str]
    missing: dict[str, str]


def measure(
    suite: str, contenders: Sequence[Contender], steps: Sequence[tuple[Sequence[Task], Plan]]
) -> Figures:
    """Run all steps in several generations of workers.

    The layout of a process in memory favours or burdens its contender by some per cent for as long
    as it lives; new processes draw new lots.
    """
    figures = Figures({}, {}, {})
    generations = min(GENERATIONS, *(plan.rounds for _, plan in steps))
    for number in range(generations):
        with Team(suite, contenders) as team:
            for tasks, plan in steps:
                rounds = plan.rounds // generations + (number < plan.rounds % generations)
                for task, rows in run_rounds(team, tasks, plan._replace(rounds=rounds)).items():
                    figures.measures.setdefault(task, []).extend(rows)
            figures.names.update(team.names)
            figures.missing.update(team.missing)
    for tasks, plan in steps:
        for task in tasks:
            if len(figures.measures.get(task, ())) != plan.rounds:
                figures.measures.pop(task, None)  # it failed: its rounds pair with no others
    return figures


def run_rounds(team: Team, tasks: Sequence[Task], plan: Plan) -> dict[Task, list[Measure]]:
    """Run all tasks once per round, interleaved, so that they share whatever noise there is."""
    counts: dict[Task, int] = {}
    results: dict[Task, list[Measure]] = {}
    able = [task for task in tasks if task.contender in team.workers]
    for task in [*able, *there_and_back(able, plan.rounds)]:
        worker = team.workers[task.contender]
        try:
            if task not in results:
                counts[task] = calibrate(worker, task.work, plan)
                results[task] = []
            elif task in counts:
                results[task].append(worker.run(task.work, counts[task], plan.options))
        except Unavailable as error:
            team.missing[f"{task.contender}, {task.work}"] = str(error)
            results[task] = []
            counts.pop(task, None)
    return results


def there_and_back(tasks: list[T], rounds: int) -> Iterator[T]:
    """Every second round runs backwards: a slow drift of the machine then favours nobody."""
    for number in range(rounds):
        yield from tasks if number % 2 == 0 else reversed(tasks)


def calibrate(worker: Worker, work: str, plan: Plan) -> int:
    """Warm up, and find the count of pieces whose CPU time fills one round."""
    worker.run(work, 1, plan.options)  # connects, and makes what the work needs: no part of it
    count = 1
    while True:
        spent = worker.run(work, count, plan.options)
        if max(spent.cost, spent.wall / 4) >= plan.seconds * WARM_UP_FRACTION or count >= 100_000:
            break
        count *= 2
    return max(1, round(count * plan.seconds / max(spent.cost, spent.wall / 4, 1e-6)))


@contextlib.contextmanager
def one_core() -> Iterator[None]:
    """Keeps this process, and those that it starts meanwhile, on one core where that can be told.

    Where client and server sit on cores of their own, each wakes the other's core for each message.
    What that costs depends on how deeply the core slept and on the hypervisor: three times as much
    for a bare loop from one process to the next, which has nothing to do with the clients.
    """
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextlib.contextmanager
def cores_apart() -> Iterator[None]:
    """Keeps servers on one core, this process and its workers on others, where that can be told.

    On one core a large body is a race: who has had less of the core is let in first. A client that
    takes a little less time than the server empties the buffers while they are warm; one that takes
    a little more finds them full of what has left the caches, and pays twice for each byte.
    """
    global _server_cores
    cores = os.sched_getaffinity(0) if hasattr(os, "sched_setaffinity") else set()
    if len(cores) < 2:
        yield
        return
    _server_cores = {max(cores)}
    os.sched_setaffinity(0, cores - _server_cores)
    try:
        yield
    finally:
        _server_cores = None
        os.sched_setaffinity(0, cores)


def clean_environment() -> dict[str, str]:
    """The workers' environment: without what the caller's shell says to Python and to clients."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.lower().endswith(("_proxy", "_ca_bundle"))
        and not name.startswith(("PYTHON", "SSL"))
    }
