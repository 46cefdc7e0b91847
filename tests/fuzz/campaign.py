"""The loop of scripts/fuzz: mutate what reached new lines, compare, and keep what went wrong."""

from __future__ import annotations

import hashlib
import json
import random
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import h11
import h11client
from tests.fuzz.new_lines import NewLines

ROOT = Path(__file__).resolve().parent.parent.parent
CORPUS = ROOT / "tests" / "corpus"
PACKAGES = [Path(package.__file__).resolve().parent for package in (h11, h11client)]
BATCH = 200
REPORT_SECONDS = 60.0


class Part(Protocol):
    """What is fuzzed: `name` is its name in the corpus and on the command line."""

    name: str

    def seeds(self) -> list[Any]:
        """Cases to begin with."""

    def mutate(self, choice: random.Random, case: Any, pool: list[Any]) -> Any:
        """Another case."""

    def check(self, case: Any, choice: random.Random) -> Any:
        """The verdict on a case; raises where a promise is broken."""

    def kind(self, case: Any, verdict: Any) -> str:
        """What is remarkable about the verdict: a case of a new kind is kept for mutation."""

    def is_short(self, case: Any) -> bool:
        """Whether the case is worth mutating: long ones cost too much."""

    def compare(self, found: list[tuple[Any, Any]]) -> list[tuple[Any, str, str]]:
        """(case, kind of difference, its reason or "") of every difference from the oracles."""

    def entry(self, case: Any) -> dict[str, Any]:
        """The case as a file of the corpus, with the verdict that is expected of it."""

    def close(self) -> None:
        """Ends the oracles."""


class Figures:
    """What a run has done."""

    def __init__(self, part: str, seed: int) -> None:
        self.part, self.seed = part, seed
        self.executions = 0
        self.compared = 0
        self.seconds = 0.0
        self.lines = 0  # of the packages that ran at all
        self.kept = 0  # inputs kept for mutation, because of a new line or a new kind of verdict
        self.kinds = 0
        self.crashes = 0  # promises of ours broken
        self.differences: Counter[str] = Counter()  # that have a reason
        self.findings: Counter[str] = Counter()  # that have none

    def count(self, lines: NewLines, pool: list[Any], kinds: set[str]) -> None:
        self.lines, self.kept, self.kinds = len(lines.seen), len(pool), len(kinds)

    def as_dict(self) -> dict[str, Any]:
        shown = {**vars(self), "seconds": round(self.seconds)}
        return shown | {"differences": dict(self.differences), "findings": dict(self.findings)}

    def line(self) -> str:
        return (
            f"{self.part}: {self.executions} executions in {self.seconds:.0f} s, {self.lines} lines, "
            f"{self.kept} kept, {self.kinds} kinds, {self.crashes} crashes, "
            f"{self.differences.total()} known differences of {len(self.differences)} kinds, "
            f"{self.findings.total()} findings of {len(self.findings)} kinds"
        )


def run(
    part: Part, seconds: float, seed: int, say: Callable[[str], None], corpus: Path = CORPUS
) -> Figures:
    """Fuzzes one part for so long; what it finds is written into the corpus."""
    choice = random.Random(seed)
    figures = Figures(part.name, seed)
    pool = part.seeds()
    kinds: set[str] = set()
    started = time.monotonic()
    reported = started
    with NewLines(*PACKAGES) as lines:
        run_cases(part, list(pool), pool, kinds, lines, choice, figures, corpus)
        while (now := time.monotonic()) < started + seconds:
            figures.seconds = now - started
            if now - reported > REPORT_SECONDS:
                reported = now
                say(figures.line())
            run_cases(
                part, mutants(part, pool, choice), pool, kinds, lines, choice, figures, corpus
            )
            figures.count(lines, pool, kinds)
        figures.count(lines, pool, kinds)
    figures.seconds = time.monotonic() - started
    part.close()
    return figures


def mutants(part: Part, pool: list[Any], choice: random.Random) -> list[Any]:
    """A batch of changed cases; what was kept last is nearest to what is new."""
    found = []
    for _ in range(BATCH):
        recent = choice.random() < 0.3
        parent = pool[-choice.randint(1, min(50, len(pool)))] if recent else choice.choice(pool)
        found.append(part.mutate(choice, parent, pool))
    return found


def run_cases(
    part: Part,
    cases: list[Any],
    pool: list[Any],
    kinds: set[str],
    lines: NewLines,
    choice: random.Random,
    figures: Figures,
    corpus: Path,
) -> None:
    """Runs the cases, keeps the remarkable ones in the pool, and writes down what is wrong."""
    found = []
    for case in cases:
        figures.executions += 1
        try:
            verdict = part.check(case, choice)
        except Exception as error:
            figures.crashes += 1
            keep(part, case, "crash", f"{type(error).__name__}: {error}"[:400], corpus, kinds)
            continue
        kind = part.kind(case, verdict)
        if lines.take() or kind not in kinds:
            kinds.add(kind)
            if part.is_short(case):
                pool.append(case)
        found.append((case, verdict))
    figures.compared += len(found)
    for case, kind, reason in part.compare(found):
        if reason:
            figures.differences[reason] += 1
        else:
            figures.findings[kind] += 1
            keep(part, case, "difference", kind, corpus, kinds)


def keep(part: Part, case: Any, what: str, text: str, corpus: Path, kinds: set[str]) -> None:
    """Writes a finding down, once for each kind of them."""
    name = f"{part.name}-{what}-{hashlib.sha256(text[:60].encode()).hexdigest()[:10]}.json"
    if name in kinds:
        return
    kinds.add(name)
    corpus.mkdir(exist_ok=True)
    entry = {"part": part.name, "found": f"{what}: {text}", **part.entry(case)}
    (corpus / name).write_text(json.dumps(entry, indent=1) + "\n", encoding="utf-8")
