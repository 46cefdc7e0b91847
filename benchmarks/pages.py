"""Writes the figures of docs/performance.md and its plots from the JSON of one run or several."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

from benchmarks import budget as budgets
from benchmarks import main_table, plot
from benchmarks.harness import ROOT
from benchmarks.report import table

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.main_table import Document

PAGE = ROOT / "docs" / "performance.md"
BEGIN = "<!-- written by scripts/bench --docs: {} -->"
END = "<!-- end of what is written -->"


def write(documents: Sequence[Document]) -> None:
    PAGE.write_text(redrawn(PAGE.read_text(encoding="utf-8"), documents), encoding="utf-8")
    for name, draw in PLOTS.items():
        (PAGE.parent / name).write_text(draw(documents), encoding="utf-8")


def redrawn(page: str, documents: Sequence[Document]) -> str:
    """The page with all that is measured as the documents have it."""
    for name, text_of in PARTS.items():
        begin = BEGIN.format(name)
        before, found, rest = page.partition(begin)
        if not found:
            raise SystemExit(f"{PAGE.name} has no place for {name}")
        _, _, after = rest.partition(END)
        page = f"{before}{begin}\n\n{text_of(documents)}\n\n{END}{after}"
    return page


def machines(documents: Sequence[Document]) -> str:
    lines = [
        "{python}, {system}, {processor}, {cores} cores; {when}, load {load} when it began".format(
            **document["machine"]
        )
        for document in documents
    ]
    return "\n".join(f"- {line}" for line in lines)


def main_rows(documents: Sequence[Document]) -> str:
    found = main_table.rows(documents)
    return "\n".join([*main_table.lines(found), "", main_table.summary(found)])


def left_out(documents: Sequence[Document]) -> str:
    missing = list(main_table.not_measured(documents))
    if not missing:
        return "Nobody was left out."
    return "\n".join(["Left out:", "", *(f"- {one}" for one in missing)])


def costs(documents: Sequence[Document]) -> str:
    """What each client costs per small GET, and where the time of ours goes."""
    shares: dict[str, list[list[str]]] = {}
    for document in documents:
        for section in document["sections"]:
            for row in section["rows"] if section["kind"] == "get" else ():
                if row["ratio"] is not None:
                    one = [row["theirs"], f"{1 / row['ratio']['median']:.2f}"]
                    shares.setdefault(row["against"], []).append(one)
    rows = [
        [name, ", ".join(one[0] for one in found), ", ".join(one[1] for one in found)]
        for name, found in shares.items()
    ]
    head = ["client", "CPU per small GET", "in times of ours"]
    return "\n".join(table(head, iter(rows)))


def instructions(documents: Sequence[Document]) -> str:
    counts: dict[str, list[float]] = {}
    for document in documents:
        for section in document["sections"]:
            if section["kind"] == "instructions":
                labels = {row["work"]: row["ours"] for row in section["rows"]}
                for label, text in labels.items():
                    counts.setdefault(label, []).append(float(text.split()[0].replace(",", "")))
    rows = [[label, f"{statistics.median(found):,.0f} thousand"] for label, found in counts.items()]
    return "\n".join(table(["work", "instructions"], iter(rows)))


def budget(documents: Sequence[Document]) -> str:
    """The last run's tree of functions."""
    for document in reversed(documents):
        for section in document["sections"]:
            lines = section.get("budget")
            if lines:
                return budget_table([budgets.Line(**line) for line in lines])
    return "It was not counted."


def budget_table(lines: Sequence[budgets.Line]) -> str:
    """Shares of the layers, and the tree of functions."""
    total = sum(line.below for line in lines if line.depth == 0)
    layers: dict[str, float] = {}
    for line in lines:
        layer = layer_of(line.file)
        layers[layer] = layers.get(layer, 0) + line.own
    shares = [
        [name, f"{own:,.0f}", f"{own / total:.1%}"]
        for name, own in sorted(layers.items(), key=lambda item: -item[1])
    ]
    shares.append(["in all", f"{total:,.0f}", "100%"])
    tree = ["```text", *budgets.lines_of(lines), "```"]
    return "\n".join([*table(["layer", "instructions", "share"], iter(shares)), "", *tree])


def layer_of(file: str) -> str:
    """`h11`, or the folder of the client's that a file is in."""
    parts = file.split("/")
    if parts[0] != "h11client":
        return f"`{parts[0]}`: the protocol"
    folders = {
        "_messages": "`h11client/_messages`: requests, responses, their heads",
        "_policies": "`h11client/_policies`: netrc and cookies are asked for",
        "_transport": "`h11client/_transport`: the pool and its connections",
    }
    return folders.get(parts[1], "`h11client`: sessions and time limits")


PARTS: dict[str, Callable[[Sequence[Document]], str]] = {
    "the machine": machines,
    "the main table": main_rows,
    "who is left out": left_out,
    "small requests": costs,
    "instructions": instructions,
    "the budget": budget,
}
PLOTS = {"performance.svg": plot.main_table, "performance-clients.svg": plot.clients}
