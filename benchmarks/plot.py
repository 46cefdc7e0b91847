"""The plots of docs/performance.md as SVG: written here, so that nothing has to be installed.

Both have a background and two sets of colours, of which the reader's theme chooses one; blue and
orange are told apart by nearly everybody, and each bar has its number beside it.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from benchmarks import main_table as tables
from benchmarks.report import MISSED, STRETCH_MISSED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from benchmarks.main_table import Document, Row

STYLE = """
  :root { --back: #ffffff; --text: #1c2128; --soft: #5b6570; --grid: #d8dde3;
          --good: #1f6fb8; --bad: #c45508; --mark: #1c2128 }
  @media (prefers-color-scheme: dark) {
    :root { --back: #14181d; --text: #e6eaee; --soft: #a0abb6; --grid: #343c45;
            --good: #5aa7e8; --bad: #f08c3c; --mark: #e6eaee } }
  text { font: 12px system-ui, "Segoe UI", Helvetica, Arial, sans-serif; fill: var(--text) }
  .title { font-size: 15px; font-weight: 600 } .head { font-weight: 600 }
  .soft { fill: var(--soft) } .back { fill: var(--back) }
  .grid { stroke: var(--grid) } .one { stroke: var(--mark); stroke-width: 1.5 }
  .good { fill: var(--good) } .bad { fill: var(--bad) }
  .spread { stroke: var(--mark); stroke-width: 1.5 } .stretch { stroke: var(--mark) }
"""
MARGIN = 16
LABELS, BARS, NUMBERS = 396, 240, 148  # widths of the three columns
WIDTH = LABELS + BARS + NUMBERS + 2 * MARGIN  # about that of a page's text: not to be shrunk
LINE = 21  # height of a row
LOW, HIGH = 1 / 8, 4.0  # of the axis of the main table, in times of what is asked
TICKS = {1 / 8: "1/8", 1 / 4: "1/4", 1 / 2: "1/2", 1.0: "as asked", 2.0: "2", 4.0: "4"}


class Drawing:
    """Shapes one after the other, from the top down."""

    def __init__(self, title: str, about: str) -> None:
        self.shapes: list[str] = []
        self.title, self.about = title, about
        self.y = MARGIN + 14.0
        self.text(MARGIN, title, "title")
        self.y += 20
        self.text(MARGIN, about, "soft")
        self.y += 14

    def text(self, x: float, words: str, kind: str = "", anchor: str = "start") -> None:
        self.shapes.append(
            f'<text x="{x:.1f}" y="{self.y:.1f}" class="{kind}" text-anchor="{anchor}">'
            f"{escape(words)}</text>"
        )

    def label(self, x: float, words: str, softer: str) -> None:
        """Words, and softer ones behind them, wherever those end."""
        self.shapes.append(
            f'<text x="{x:.1f}" y="{self.y:.1f}">{escape(words)}'
            f'<tspan class="soft" dx="8">{escape(softer)}</tspan></text>'
        )

    def line(self, x1: float, y1: float, x2: float, y2: float, kind: str) -> None:
        ends = f'x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"'
        self.shapes.append(f'<line {ends} class="{kind}"/>')

    def bar(self, x1: float, x2: float, kind: str, height: float = 11) -> None:
        left, width = min(x1, x2), abs(x2 - x1)
        self.shapes.append(
            f'<rect x="{left:.1f}" y="{self.y - 10:.1f}" width="{max(width, 1):.1f}" '
            f'height="{height}" rx="1.5" class="{kind}"/>'
        )

    def svg(self) -> str:
        height = math.ceil(self.y + MARGIN)
        size = f'viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"'
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">',
            f"<title>{escape(self.title)}</title><desc>{escape(self.about)}</desc>",
            f"<style>{STYLE}</style>",
            f'<rect class="back" width="{WIDTH}" height="{height}"/>',
            *self.shapes,
            "</svg>",
        ]
        return "\n".join(parts) + "\n"


def main_table(documents: Sequence[Document]) -> str:
    """Every row with a target: how far its median is from what is asked, on a doubling scale."""
    rows = [row for row in tables.rows(documents) if row.medians]
    drawing = Drawing(
        "What was asked, and what was measured",
        "To the left: cheaper than asked. Lines: quartiles; circles: the stretch. What reaches "
        "an end goes on beyond it.",
    )
    left = MARGIN + LABELS

    def across(value: float) -> float:
        part = math.log(min(max(value, LOW), HIGH) / LOW) / math.log(HIGH / LOW)
        return left + part * BARS

    axis(drawing, across, "cost, in times of what is asked")
    top = drawing.y + 6
    for title, group in by_kind(documents, rows):
        drawing.y += LINE + 3
        drawing.text(MARGIN, title, "head")
        for row in group:
            drawing.y += LINE
            drawing.label(MARGIN, row.work, f"against {row.against}")
            draw_row(drawing, row, across)
    bottom = drawing.y + 6
    grid = Drawing("", "")
    grid.shapes.clear()
    for value in TICKS:
        kind = "one" if value == 1.0 else "grid"
        grid.line(across(value), top, across(value), bottom, kind)
    drawing.shapes = grid.shapes + drawing.shapes
    drawing.y += LINE + 2
    axis(drawing, across, "")
    return drawing.svg()


def axis(drawing: Drawing, across: Callable[[float], float], title: str) -> None:
    if title:
        drawing.y += 12
        drawing.text(MARGIN + LABELS + BARS / 2, title, "soft", "middle")
        drawing.y += 16
    for value, words in TICKS.items():
        drawing.text(across(value), words, "soft", "middle")


def by_kind(documents: Sequence[Document], rows: Sequence[Row]) -> Iterator[tuple[str, list[Row]]]:
    titles = {one["kind"]: one["title"] for document in documents for one in document["sections"]}
    for kind, title in titles.items():
        group = [row for row in rows if row.kind == kind]
        if group:
            yield title.partition(" (")[0], group


def draw_row(drawing: Drawing, row: Row, across: Callable[[float], float]) -> None:
    low, middle, high = (relative(row, value) for value in (row.low, row.measured, row.high))
    kind = "bad" if row.verdict in (MISSED, STRETCH_MISSED) else "good"
    drawing.bar(across(1.0), across(middle), kind)
    drawing.line(across(low), drawing.y - 4.5, across(high), drawing.y - 4.5, "spread")
    if row.asked.stretch is not None and row.asked.value is not None:
        x = across(relative(row, row.asked.stretch))
        circle = f'<circle cx="{x:.1f}" cy="{drawing.y - 4.5:.1f}" r="3" class="back stretch"/>'
        drawing.shapes.append(circle)
    sign = "x" if row.asked.faster else ""
    right = MARGIN + LABELS + BARS
    asked = row.asked.text() or f"stretch {row.asked.stretch_text()}"
    measured = f"{row.measured:.3g}{sign}" if row.measured >= 0.001 else "< 0.001"
    drawing.text(right + 52, measured, kind, "end")
    drawing.text(right + 60, f"asked {asked}" if row.asked.value else asked, "soft")


def relative(row: Row, value: float) -> float:
    """How many times as much as is asked it costs; below 1 is better, whatever the row counts."""
    target = row.asked.value if row.asked.value is not None else row.asked.stretch
    assert target is not None
    return target / value if row.asked.faster else value / target


def clients(documents: Sequence[Document]) -> str:
    """CPU per small GET of each client, in times of ours."""
    shares: dict[str, list[float]] = {}
    for document in documents:
        for section in document["sections"]:
            if section["kind"] == "get":
                for row in section["rows"]:
                    if row["ratio"] is not None:
                        shares.setdefault(row["against"], []).append(1 / row["ratio"]["median"])
    values = {name: sorted(found)[len(found) // 2] for name, found in shares.items()}
    values["h11client"] = 1.0
    drawing = Drawing(
        "CPU per small keep-alive GET",
        "In times of this client's, user and system time, each side measured in the same rounds.",
    )
    left, width = MARGIN + 230, WIDTH - 2 * MARGIN - 230 - 50
    most = max(values.values())
    drawing.y += 8
    for name, value in sorted(values.items(), key=lambda item: item[1]):
        drawing.y += LINE + 3
        drawing.text(left - 10, name, "head" if name == "h11client" else "", "end")
        drawing.bar(left, left + width * value / most, "bad" if name == "h11client" else "good", 13)
        drawing.text(left + width * value / most + 6, f"{value:.2f}")
    drawing.y += LINE + 6
    drawing.text(left + width / 2, "CPU time per request (h11client = 1)", "soft", "middle")
    return drawing.svg()
