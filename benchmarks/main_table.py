"""The main table: every row that has a target, of one run or of several."""

from __future__ import annotations

import re
import statistics
from typing import TYPE_CHECKING, Any, NamedTuple

from benchmarks.report import MISSED, Asked, table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    Document = dict[str, Any]  # what --json writes

NOT_MEASURED = "not measured"


class Row(NamedTuple):
    """One target and the medians of each run, with the quartiles of the one in the middle."""

    kind: str
    work: str
    against: str
    asked: Asked
    medians: tuple[float, ...]
    low: float
    high: float

    @property
    def measured(self) -> float:
        """The median of the runs."""
        return statistics.median_low(self.medians)

    @property
    def verdict(self) -> str:
        return self.asked.verdict(self.measured) if self.medians else NOT_MEASURED

    def text(self) -> str:
        if not self.medians:
            return ""
        sign = "x" if self.asked.faster else ""
        if len(self.medians) == 1:
            return f"{self.measured:.3g}{sign} ({self.low:.3g}-{self.high:.3g})"
        runs = ", ".join(f"{one:.3g}" for one in self.medians)
        return f"{self.measured:.3g}{sign} ({runs})"


def rows(documents: Sequence[Document]) -> list[Row]:
    """Rows of the same work against the same, from one document or several."""
    found: dict[tuple[str, str, int], list[dict[str, Any]]] = {}
    for document in documents:
        for section in document["sections"]:
            for place, row in enumerate(section["rows"]):  # names change: the cheapest is one
                if row["asked"] is not None or row["stretch"] is not None:
                    found.setdefault((section["kind"], row["work"], place), []).append(row)
    return [merged(kind, work, entries) for (kind, work, _), entries in found.items()]


def versionless(name: str) -> str:
    """Names of libraries without what changes from one release to the next."""
    return re.sub(r" \d+\.\d[\w.]*", "", name)


def merged(kind: str, work: str, entries: list[dict[str, Any]]) -> Row:
    first = entries[0]
    against = " or ".join(dict.fromkeys(versionless(entry["against"]) for entry in entries))
    asked = Asked(first["asked"], first["stretch"], first["sense"] == "faster")
    ratios = [entry["ratio"] for entry in entries if entry["ratio"] is not None]
    if not ratios:
        return Row(kind, work, against, asked, (), 0.0, 0.0)
    medians = tuple(ratio["median"] for ratio in ratios)
    middle = ratios[medians.index(statistics.median_low(medians))]
    return Row(kind, work, against, asked, medians, middle["low"], middle["high"])


def lines(found: Sequence[Row]) -> list[str]:
    head = ["work", "against", "asked", "stretch", "measured", "verdict"]
    return table(head, (cells(row) for row in found))


def cells(row: Row) -> list[str]:
    verdict = row.verdict.upper() if row.verdict == MISSED else row.verdict
    asked = row.asked
    return [row.work, row.against, asked.text(), asked.stretch_text(), row.text(), verdict]


def summary(found: Sequence[Row]) -> str:
    """How many targets are met, in words."""
    measured = [row for row in found if row.medians and row.asked.value is not None]
    missed = sum(row.verdict == MISSED for row in measured)
    return f"{len(measured) - missed} of {len(measured)} targets met."


def markdown(documents: Sequence[Document]) -> str:
    found = rows(documents)
    return "\n".join(["## Main table", "", *lines(found), "", summary(found), ""])


def not_measured(documents: Sequence[Document]) -> Iterator[str]:
    """Who was left out, and why; each once."""
    seen = set()
    for document in documents:
        for section in document["sections"]:
            for name, why in section["missing"].items():
                if (name, why) not in seen:
                    seen.add((name, why))
                    yield f"{name}: {why}"
