"""The figures of a campaign: a table per class of faults, and everything as JSON."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from typing import Any

from tests.chaos.cases import HEALTHY, KINDS, Case

SUBJECTS = {
    HEALTHY: "nothing",
    "X1": "end at a byte",
    "X2": "reset at a byte",
    "X3": "stall at a byte",
    "X4": "drip",
    "X5": "extra bytes",
    "X6": "close behind an answer",
    "X7": "close on the 2nd",
    "X8": "early answer",
    "X9": "half-close",
    "X10": "interim responses",
    "X11": "expectations",
    "X12": "framing",
    "X13": "floods",
    "X14": "content codings",
    "X15": "TLS",
    "X16": "proxies",
    "X17": "redirects",
    "X18": "cookies",
    "X19": "authentication",
    "X20": "names",
    "X21": "dials",
    "X22": "caller's code",
    "X23": "other protocols",
    "X24": "partial I/O",
    "X25": "failing system calls",
}
COLUMNS = ("runs", "survived", "expected", "unexpected")


class Report:
    """Counts what happened; `wrong` are the lines that must not be there."""

    def __init__(self, seed: object) -> None:
        self.seed = seed
        self.requests: Counter[str] = Counter()
        self.rows: dict[str, Counter[str]] = defaultdict(Counter)
        self.faults: Counter[str] = Counter()
        self.errors: Counter[str] = Counter()
        self.wrong: list[str] = []
        self.kinds_of_wrong: Counter[str] = Counter()
        self.overshoot = 0.0
        self.lateness = 0.0
        self.slowest_cpu = 0.0
        self.hangs = 0
        self.leaked = {"descriptors": 0, "threads": 0, "slots": 0}
        self.memory_growth = 0
        self.replays = 0
        self.replays_succeeded = 0
        self.poisoned = 0
        self.dials_per_1000: float | None = None
        self.seconds = 0.0
        self.notes: dict[str, Any] = {}

    def add(self, case: Case, error: BaseException | None, wrong: list[str]) -> None:
        """One request: `wrong` is in what it contradicts its truth."""
        self.requests["all"] += 1
        self.requests[case.medium] += 1
        if case.medium == "socket" and case.secure:
            self.requests["tls"] += 1
        row = self.rows[case.kind]
        row["runs"] += 1
        outcome = "unexpected" if wrong else "survived" if error is None else "expected"
        row[outcome] += 1
        self.faults[case.name.partition(":")[0].partition(" beside")[0]] += 1
        if error is not None:
            self.errors[type(error).__name__] += 1
        for line in wrong:
            self.kinds_of_wrong[classify(line)] += 1
        self.wrong += [f"{case!r}: {line}" for line in wrong]
        more = len(case.deliveries) - case.hops
        if more > 0 and case.most == 2 and case.repeatable:
            self.replays_succeeded += error is None

    def complain(self, lines: list[str]) -> None:
        """What was found outside of single requests."""
        self.wrong += lines
        self.kinds_of_wrong.update(map(classify, lines))

    def figures(self) -> dict[str, Any]:
        """Everything, as it goes into JSON."""
        wrong = self.kinds_of_wrong
        return {
            "seed": self.seed,
            "seconds": round(self.seconds, 1),
            "requests": dict(self.requests),
            "healthy": self.rows[HEALTHY]["runs"],
            "wrong answers": wrong["wrong answer"],
            "duplicate non-idempotent deliveries": wrong["duplicate"],
            "unexpected exceptions": wrong["unexpected"],
            "reported complete without being so": wrong["complete"],
            "other contradictions": wrong["other"],
            "hangs": self.hangs,
            "worst overshoot of a deadline (ms)": round(self.overshoot * 1000, 1),
            "of which the machine itself was late (ms)": round(self.lateness * 1000, 1),
            "worst CPU time of a request (ms)": round(self.slowest_cpu * 1000, 1),
            "leaked": self.leaked,
            "worst memory growth (KiB)": self.memory_growth // 1024,
            "replays": self.replays,
            "replays that ended well": self.replays_succeeded,
            "poisoned connections discarded": self.poisoned,
            "connections per 1000 healthy requests": self.dials_per_1000,
            "errors": dict(self.errors.most_common()),
            "classes": {
                kind: {name: row[name] for name in COLUMNS} for kind, row in self.in_order()
            },
            "faults": dict(sorted(self.faults.items())),
            **self.notes,
        }

    def in_order(self) -> list[tuple[str, Counter[str]]]:
        return [(kind, self.rows[kind]) for kind in (HEALTHY, *KINDS)]

    def table(self) -> str:
        """A line for each class of faults."""
        lines = [f"{'class':<30}" + "".join(f"{name:>12}" for name in COLUMNS)]
        for kind, row in self.in_order():
            title = kind if kind == HEALTHY else f"{kind} {SUBJECTS[kind]}"
            lines.append(f"{title:<30}" + "".join(f"{row[name]:>12}" for name in COLUMNS))
        return "\n".join(lines)

    def as_json(self) -> str:
        return json.dumps(self.figures(), indent=2)


def classify(line: str) -> str:
    """Which of the figures a complaint counts for."""
    for mark, name in (
        ("wrong answer", "wrong answer"),
        ("I2 duplicate", "duplicate"),
        ("I3 unexpected", "unexpected"),
        ("I7 ", "complete"),
    ):
        if mark in line:
            return name
    return "other"
