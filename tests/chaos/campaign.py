"""Runs cases on many threads, judges them, and watches that nothing hangs or is left behind."""

from __future__ import annotations

import gc
import itertools
import math
import random
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from tests.chaos import faults, faults_around, faults_messages, faults_proxies, faults_tls
from tests.chaos.cases import HEALTHY, Case, kinds_on, make_case
from tests.chaos.conversation import Lab, Worker
from tests.chaos.invariants import Baseline, dump_stacks, judge, memory_in_use, overshoot_of
from tests.chaos.report import Report
from tests.chaos.server import SocketServer

__all__ = [
    "Campaign",
    "cycle_of_kinds",
    "faults",
    "faults_around",
    "faults_messages",
    "faults_proxies",
    "faults_tls",
]

BATCH = 1000  # cases; what happened to them is kept until all of them are judged
HANGS_AFTER = 30.0  # seconds for one request; every limit of the campaign is shorter
MEMORY_PORTS = {"plain": 80, "tls": 443, "proxy": 3128, "closed": 9}

# Classes that cost more time than the others come less often.
SHARES = {"X4": 0.7, "X18": 0.3, "X19": 0.5}
SOCKET_SHARES = {"X3": 0.5, "X8": 0.5, "X11": 0.5, "X18": 0.3, "X19": 0.3, "X24": 0.5}

MakeClient = Callable[[Lab, str], Any]


class Campaign:
    """Workers on one client and one medium; results go into the report, batch by batch."""

    def __init__(
        self,
        report: Report,
        medium: str,
        threads: int,
        make_client: MakeClient,
        contexts: dict[str, Any] | None = None,
    ) -> None:
        self.report = report
        self.medium = medium
        self.lab = Lab(threads)
        self.baseline = Baseline()
        self.server = None
        if medium == "socket":
            self.server = SocketServer(self.lab, contexts or {})
            for worker in self.lab.workers:
                worker.ports["closed"] = 1  # nobody listens there, on any machine of today
        else:
            for worker in self.lab.workers:
                worker.ports = dict(MEMORY_PORTS)
        self.client = make_client(self.lab, medium)
        self.outcomes: list[Any] = []
        self.settled = False
        self.lateness = 0.0  # seconds by which the watch over the last batch woke up too late
        self.ours = True  # whether errors must be those that are promised
        self.makes_sense: Callable[[Case], bool] = lambda case: True
        self.last: list[dict[str, str]] = [{} for _ in self.lab.workers]
        self.warm: list[set[tuple[str, str]]] = [set() for _ in self.lab.workers]

    def run(self, plan: Iterable[tuple[int, str]], until: float = math.inf) -> None:
        """Runs the (number, class) pairs of a plan and judges the outcomes, batch by batch.

        No batch is begun after `until` on the clock of `time.monotonic`.
        """
        items = iter(plan)
        while (batch := list(itertools.islice(items, BATCH))) and time.monotonic() < until:
            self.run_batch(batch)
            if self.report.hangs:
                return

    def run_batch(self, batch: list[tuple[int, str]]) -> None:
        items = iter(batch)
        lock = threading.Lock()

        def take() -> tuple[int, str] | None:
            with lock:
                return next(items, None)

        threads = [
            threading.Thread(
                target=self.work, args=(worker, take), name="chaos client", daemon=True
            )
            for worker in self.lab.workers
        ]
        for thread in threads:
            thread.start()
        self.watch(threads)
        self.judge()

    def work(self, worker: Worker, take: Callable[[], tuple[int, str] | None]) -> None:
        item: tuple[int, str] | None = None
        try:
            while item := take():
                self.one(worker, *item)
        except BaseException as error:
            self.lab.complain(f"a client's thread ended in {item}, {worker.case!r}: {error!r}")
            raise

    def one(self, worker: Worker, number: int, kind: str) -> None:
        """A case, with healthy requests before and behind it as it wants them."""
        case = make_case(self.report.seed, number, kind, self.medium, worker.number)
        if not self.makes_sense(case):
            return
        warm = self.warm[worker.number]
        place = case.way, case.host_prefix
        if not case.reused and not case.follow and self.medium == "socket" and number % 5:
            # Or else hundreds of idle connections would push out those that are to be used again.
            case.headers["Connection"] = "close"
        if not case.reused and self.medium == "memory":
            self.client.refresh(worker)
            warm.clear()
        if case.reused and place not in warm:
            self.healthy(worker, f"{number}w", case)
        self.perform(worker, case)
        if case.at_checkout is not None or (case.act or "").startswith("closes the session"):
            warm.clear()  # what comes by itself comes to all that is idle
        warm.discard(place)
        if kind == HEALTHY:
            warm.add(place)
        if case.follow and case.pause:
            self.pause(case)
        for more in range(case.follow):
            self.healthy(worker, f"{number}f{more}", case)
            if case.reused:
                warm.add(place)

    def pause(self, case: Case) -> None:
        """Until what comes behind the answer has come, or both would be on their way at once."""
        if self.medium == "memory":
            self.client.clock.advance(case.pause)
            return
        give_up = time.monotonic() + 5.0
        while "sent" not in case.reached and time.monotonic() < give_up:
            time.sleep(0.001)
        time.sleep(case.pause)

    def healthy(self, worker: Worker, number: str, beside: Case) -> None:
        """A request that must succeed, to the origin of another."""
        case = make_case(self.report.seed, number, HEALTHY, self.medium, worker.number)
        case.way, case.reused, case.prefix = beside.way, beside.reused, beside.host_prefix
        case.method_kind = case.rng.choice(["GET", "GET", "HEAD", "PUT"])
        case.scripts = [[("expect", "body"), ("send", case.answer().data)]]
        case.most = 2  # it may meet what the other one has left
        case.name += f" beside {beside.name}"
        self.perform(worker, case)

    def perform(self, worker: Worker, case: Case) -> None:
        case.behind = self.last[worker.number].get(case.way)
        self.lab.begin(worker, case)
        try:
            outcome = self.client.perform(case, worker)
        finally:
            self.lab.end(worker)
        self.outcomes.append(outcome)
        if case.kind != HEALTHY:
            self.last[worker.number][case.way] = f"{case.nonce} {case.name}"

    def watch(self, threads: list[threading.Thread]) -> None:
        """Waits for the clients; shows every stack when one of them hangs."""
        self.lateness = 0.0
        now = time.monotonic()
        while busy := [thread for thread in threads if thread.is_alive()]:
            before = now
            busy[0].join(0.2)
            now = time.monotonic()
            # So late is everything on this machine, which has other things to do.
            self.lateness = max(self.lateness, now - before - 0.2)
            for worker in self.lab.workers:
                since = worker.since
                if since and now - since > HANGS_AFTER:
                    self.report.hangs += 1
                    self.report.complain([f"hangs: {worker.case!r}"])
                    dump_stacks()
                    return

    def judge(self) -> None:
        """Compares what the clients saw with the truth, when the server has seen all of it."""
        self.client.refresh()  # in memory too: clocks are those of threads, which have ended
        for warm in self.warm:
            warm.clear()
        if self.server is not None and (left := self.server.settle()):
            self.report.complain([f"I5 {left} connections of the server's do not end"])
        memory = self.medium == "memory"
        self.report.lateness = max(self.report.lateness, self.lateness)
        outcomes, self.outcomes = self.outcomes, []
        for outcome in outcomes:
            self.report.add(
                outcome.case, outcome.error, judge(outcome, memory, self.ours, self.lateness)
            )
            overshoot = overshoot_of(outcome)
            if overshoot is not None and not memory:
                self.report.overshoot = max(self.report.overshoot, overshoot)
            if outcome.cpu > self.report.slowest_cpu:
                self.report.slowest_cpu = outcome.cpu
                self.report.notes["which took most CPU time"] = repr(outcome.case)
        del outcomes, outcome
        self.lab.cases.clear()
        self.report.complain(self.lab.wrong)
        self.lab.wrong = []
        gc.collect()
        if self.settled:  # the first batch makes what is made once
            grown = memory_in_use() - self.baseline.memory
            self.report.memory_growth = max(self.report.memory_growth, grown)
        else:
            self.baseline.memory = memory_in_use()
            self.settled = True

    def reuse(self, requests: int) -> None:
        """How many connections healthy requests need."""
        worker = self.lab.workers[0]
        before = self.client.figures()
        for number in range(requests):
            case = make_case(self.report.seed, f"r{number}", HEALTHY, self.medium, 0)
            case.way, case.prefix, case.most = "plain", "healthy", 2
            case.scripts = [[("expect", "body"), ("send", case.answer().data)]]
            self.perform(worker, case)
        after = self.client.figures()
        self.judge()
        dialled = after["dialled"] - before["dialled"]
        self.report.dials_per_1000 = round(1000.0 * dialled / requests, 2)

    def close(self) -> None:
        """Ends everything, and counts what is left of it."""
        report = self.report
        figures = self.client.figures()
        report.replays += figures.get("repeated", 0)
        report.poisoned += figures.get("poisoned_idle", 0)
        report.leaked["slots"] += figures.get("busy", 0) + figures.get("waiting", 0)
        report.leaked["slots"] += figures.get("open", 0) - figures.get("idle", 0)
        if figures.get("idle", 0) > figures.get("most idle", 0):
            report.complain([f"I5 {figures['idle']} idle connections are kept"])
        self.client.close()
        after = self.client.figures()
        report.leaked["slots"] += after.get("open", 0)
        if self.server is not None:
            self.server.close()
        descriptors, threads = self.baseline.leaked()
        report.leaked["descriptors"] += descriptors
        report.leaked["threads"] += threads
        if any(report.leaked.values()):
            report.complain([f"I5 I6 leaked: {report.leaked}"])


def cycle_of_kinds(
    medium: str,
    seed: object,
    healthy: float = 0.05,
    first: int = 0,
    kinds: Iterable[str] | None = None,
) -> Iterator[tuple[int, str]]:
    """Numbers and classes for ever: each class in turn, and a share of healthy requests."""
    rng = random.Random(f"{seed} {medium}")
    kinds = list(kinds_on(medium) if kinds is None else kinds)
    shares = SHARES if medium == "memory" else SOCKET_SHARES
    number = first
    while True:
        rng.shuffle(kinds)
        for kind in kinds:
            if rng.random() > shares.get(kind, 1.0):
                continue
            while rng.random() < healthy:
                yield number, HEALTHY
                number += 1
            yield number, kind
            number += 1
