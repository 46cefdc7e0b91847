"""State diagrams as SVG, without any layout program: where each state stands is told by hand.

An arc is drawn as a curve from border to border; how far it bends, and where along it its label
stands, is told by hand where a straight line would cross something. A state or arc of the tables
that has no place here is an error, so a diagram can never leave one out.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape
from math import hypot

Arc = tuple[str, str]  # from, to

CHARACTER = 7.2  # pixels of width that a character of a label takes, on average
LINE = 16  # pixels from one line of text to the next
HEIGHT = 34  # of a state
ARROW = 9


@dataclass
class Layout:
    """Centres of states, and how arcs leave the straight line; all in pixels."""

    size: tuple[int, int]
    places: dict[str, tuple[float, float]]
    bends: dict[Arc, float] = field(default_factory=dict)  # to the right of the way, if above 0
    along: dict[Arc, float] = field(default_factory=dict)  # where the label is: 0 to 1
    loops: dict[str, str] = field(default_factory=dict)  # on which side a state's arc to itself is


def draw(title: str, labels: dict[Arc, list[str]], alone: list[str], layout: Layout) -> str:
    """The diagram of these arcs, with the states of `alone` that have none."""
    names = list(dict.fromkeys([name for arc in labels for name in arc] + alone))
    if missing := [name for name in names if name not in layout.places]:
        raise SystemExit(f"{title}: no place for {', '.join(missing)}")
    width, height = layout.size
    size = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}" font-size="13"'
    lines = [
        f'<svg class="diagram" xmlns="http://www.w3.org/2000/svg" {size} role="img">',
        f"<title>{escape(title)}</title>",
    ]
    curves = {arc: _curve(arc, layout) for arc in labels}
    for (source, target), (path, head, _) in curves.items():
        lines.append(f'<g class="arc" data-from="{source}" data-to="{target}">')
        lines += [f'<path d="{path}"/>', f'<polygon class="head" points="{head}"/>', "</g>"]
    for name in names:
        lines.append(_state(name, layout.places[name]))
    for arc, (_, _, middle) in curves.items():
        lines += _label(labels[arc], middle, _loop_side(arc, layout))
    return "\n".join([*lines, "</svg>", ""])


def _width(name: str) -> float:
    return 24.0 if name == "[*]" else len(name) * 8.6 + 22


def _state(name: str, place: tuple[float, float]) -> str:
    x, y = place
    if name == "[*]":
        return f'<circle class="head" cx="{x:g}" cy="{y:g}" r="7"/>'
    width = _width(name)
    return (
        f'<g><rect class="state" x="{x - width / 2:.1f}" y="{y - HEIGHT / 2:g}" width="{width:.1f}"'
        f' height="{HEIGHT}" rx="9"/><text x="{x:g}" y="{y + 4.5:g}" text-anchor="middle"'
        f' font-weight="600">{escape(name)}</text></g>'
    )


def _label(texts: list[str], middle: tuple[float, float], beside: int) -> list[str]:
    """The lines of a label: in the `middle`, or wholly on one side of it (-1 or 1)."""
    texts = [text for text in texts if text]
    if not texts:
        return []
    width = max(map(len, texts)) * CHARACTER + 6
    x, y = middle[0] + beside * width / 2, middle[1]
    top = y - LINE * len(texts) / 2
    rows = []
    for number, text in enumerate(texts):
        base = top + LINE * (number + 0.75)
        rows.append(f'<text x="{x:.1f}" y="{base:.1f}" text-anchor="middle">{escape(text)}</text>')
    box = (
        f'<rect x="{x - width / 2:.1f}" y="{top:.1f}" width="{width:.1f}"'
        f' height="{LINE * len(texts)}"/>'
    )
    return ['<g class="label">', box, *rows, "</g>"]


def _curve(arc: Arc, layout: Layout) -> tuple[str, str, tuple[float, float]]:
    """The path, its arrow head, and where its label stands."""
    source, target = arc
    if source == target:
        return _loop(source, layout)
    x0, y0 = layout.places[source]
    x1, y1 = layout.places[target]
    bend = layout.bends.get(arc, 0.0)
    length = hypot(x1 - x0, y1 - y0)
    # The control point of a quadratic curve stands twice as far away as the curve's middle.
    cx = (x0 + x1) / 2 - (y1 - y0) / length * 2 * bend
    cy = (y0 + y1) / 2 + (x1 - x0) / length * 2 * bend
    sx, sy = _border(source, (x0, y0), (cx, cy), 0)
    ex, ey = _border(target, (x1, y1), (cx, cy), ARROW)
    tx, ty = _border(target, (x1, y1), (cx, cy), 0)
    t = layout.along.get(arc, 0.5)
    middle = (
        (1 - t) ** 2 * sx + 2 * t * (1 - t) * cx + t * t * ex,
        (1 - t) ** 2 * sy + 2 * t * (1 - t) * cy + t * t * ey,
    )
    path = f"M{sx:.1f},{sy:.1f} Q{cx:.1f},{cy:.1f} {ex:.1f},{ey:.1f}"
    return path, _head((ex, ey), (tx, ty)), middle


def _loop_side(arc: Arc, layout: Layout) -> int:
    """1 for a loop on the right, -1 for one on the left, 0 for every other arc."""
    if arc[0] != arc[1]:
        return 0
    return -1 if layout.loops.get(arc[0]) == "left" else 1


def _loop(name: str, layout: Layout) -> tuple[str, str, tuple[float, float]]:
    x, y = layout.places[name]
    side = _loop_side((name, name), layout)
    edge = x + side * _width(name) / 2
    far = edge + side * 46
    end = edge + side * ARROW
    path = f"M{edge:.1f},{y - 9:g} C{far:.1f},{y - 22:g} {far:.1f},{y + 22:g} {end:.1f},{y + 9:g}"
    return path, _head((end, y + 9), (edge, y + 9)), (far - side * 8, y)


def _border(
    name: str, place: tuple[float, float], towards: tuple[float, float], gap: float
) -> tuple[float, float]:
    """Where a line from the centre of a state leaves it, and `gap` further."""
    x, y = place
    dx, dy = towards[0] - x, towards[1] - y
    length = hypot(dx, dy) or 1.0
    half_width, half_height = (7.0, 7.0) if name == "[*]" else (_width(name) / 2, HEIGHT / 2)
    reach = min(
        half_width / abs(dx) if dx else float("inf"), half_height / abs(dy) if dy else float("inf")
    )
    factor = reach + gap / length
    return x + dx * factor, y + dy * factor


def _head(base: tuple[float, float], tip: tuple[float, float]) -> str:
    dx, dy = tip[0] - base[0], tip[1] - base[1]
    length = hypot(dx, dy) or 1.0
    nx, ny = -dy / length * ARROW / 2, dx / length * ARROW / 2
    points = [(base[0] + nx, base[1] + ny), tip, (base[0] - nx, base[1] - ny)]
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
