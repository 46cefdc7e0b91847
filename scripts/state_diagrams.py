"""Draws the diagrams and tables of docs/h11/states.md from the transition tables of h11._state.

Each diagram is an SVG file beside the page, which takes it in.
"""

from __future__ import annotations

import sys
from pathlib import Path

from h11 import _state
from h11._sentinels import CLIENT, ERROR, SERVER, Sentinel

if __package__:
    from scripts.state_svg import Layout, draw
else:
    from state_svg import Layout, draw

PAGE = Path(__file__).resolve().parent.parent / "docs" / "h11" / "states.md"
BEGIN = "<!-- drawn by scripts/docs from h11/_state.py: {} -->"
END = "<!-- end of what is drawn -->"

Arc = tuple[str, str, str]  # from, to, label

NEXT_CYCLE = "start_next_cycle()"


def arcs(machine: Sentinel) -> list[Arc]:
    """Every way in which one of the two main machines can move."""
    by_event = [
        (str(state), str(after), event_label(machine, event))
        for role, state, event, after in _state.BY_EVENT
        if role is machine
    ]
    by_state = [
        (str(state), str(after), f"when {condition}")
        for role, state, condition, after in _state.BY_STATE
        if role is machine
    ]
    by_call = [
        (str(state), str(after), NEXT_CYCLE)
        for role, state, after in _state.NEXT_CYCLE
        if role is machine
    ]
    return by_event + by_state + by_call


def event_label(machine: Sentinel, event: str) -> str:
    if machine is SERVER and event == _state.REQUEST:
        return "Request of the client"
    return event


CLIENT_LAYOUT = Layout(
    size=(820, 580),
    places={
        "[*]": (380, 22),
        "IDLE": (380, 85),
        "SEND_BODY": (380, 190),
        "DONE": (380, 300),
        "MIGHT_SWITCH_PROTOCOL": (140, 420),
        "SWITCHED_PROTOCOL": (140, 545),
        "MUST_CLOSE": (560, 430),
        "CLOSED": (560, 545),
        "ERROR": (320, 545),
    },
    bends={
        ("DONE", "IDLE"): -130,
        ("IDLE", "CLOSED"): -190,
        ("IDLE", "MUST_CLOSE"): -85,
        ("DONE", "CLOSED"): 70,
        ("DONE", "MIGHT_SWITCH_PROTOCOL"): 26,
        ("MIGHT_SWITCH_PROTOCOL", "DONE"): 26,
    },
    along={
        ("DONE", "IDLE"): 0.55,
        ("IDLE", "CLOSED"): 0.62,
        ("IDLE", "MUST_CLOSE"): 0.62,
        ("DONE", "CLOSED"): 0.62,
        ("DONE", "MUST_CLOSE"): 0.5,
        ("DONE", "MIGHT_SWITCH_PROTOCOL"): 0.6,
        ("MIGHT_SWITCH_PROTOCOL", "DONE"): 0.35,
    },
)

SERVER_LAYOUT = Layout(
    size=(820, 680),
    places={
        "[*]": (400, 22),
        "IDLE": (400, 85),
        "SEND_RESPONSE": (290, 200),
        "SEND_BODY": (400, 310),
        "DONE": (400, 415),
        "SWITCHED_PROTOCOL": (110, 310),
        "MUST_CLOSE": (560, 545),
        "CLOSED": (560, 645),
        "ERROR": (300, 645),
    },
    bends={
        ("DONE", "IDLE"): 90,
        ("IDLE", "CLOSED"): -215,
        ("IDLE", "MUST_CLOSE"): -120,
        ("IDLE", "SEND_BODY"): -20,
        ("DONE", "CLOSED"): 75,
    },
    along={
        ("DONE", "IDLE"): 0.4,
        ("IDLE", "CLOSED"): 0.6,
        ("IDLE", "MUST_CLOSE"): 0.33,
        ("IDLE", "SEND_BODY"): 0.45,
        ("DONE", "CLOSED"): 0.62,
        ("DONE", "MUST_CLOSE"): 0.5,
        ("SEND_RESPONSE", "SWITCHED_PROTOCOL"): 0.55,
    },
    loops={"SEND_RESPONSE": "left", "SEND_BODY": "left"},
)

KEEP_ALIVE_LAYOUT = Layout(
    size=(820, 230),
    places={"[*]": (410, 22), "on": (410, 75), "off": (410, 205)},
)

SWITCH_LAYOUT = Layout(
    size=(820, 360),
    places={
        "[*]": (410, 22),
        "none": (410, 85),
        "Upgrade": (210, 210),
        "CONNECT": (610, 210),
        "switched": (410, 330),
    },
    bends={
        ("none", "Upgrade"): 40,
        ("Upgrade", "none"): 20,
        ("none", "CONNECT"): -40,
        ("CONNECT", "none"): -20,
    },
    along={("none", "Upgrade"): 0.6, ("none", "CONNECT"): 0.6},
)


def main_diagram(machine: Sentinel, layout: Layout) -> str:
    """The client's or the server's machine; ERROR stands alone, for every state leads there."""
    moves = [("[*]", "IDLE", ""), *arcs(machine)]
    return diagram(f"The states of the {machine}".lower(), moves, layout, [str(ERROR)])


def keep_alive_diagram() -> str:
    moves = [("on", "off", reason) for reason in _state.KEEP_ALIVE_OFF]
    return diagram("keep-alive", [("[*]", "on", ""), *moves], KEEP_ALIVE_LAYOUT)


def switch_diagram() -> str:
    """Proposals, what accepts each of them, and what withdraws them."""
    moves: list[Arc] = [("[*]", "none", "")]
    for name, request, accepted_by in _state.PROPOSALS:
        moves.append(("none", name, request))
        moves.append((name, "switched", accepted_by))
        moves.append((name, "none", f"any other {_state.RESPONSE}"))
    return diagram("protocol switches", moves, SWITCH_LAYOUT)


def diagram(title: str, moves: list[Arc], layout: Layout, alone: list[str] | None = None) -> str:
    """The SVG; arcs between the same two states become one with several lines."""
    labels: dict[tuple[str, str], list[str]] = {}
    for source, target, label in moves:
        labels.setdefault((source, target), []).append(label.replace("`", ""))
    return draw(title, labels, alone or [], layout)


DIAGRAMS = {
    "client.svg": lambda: main_diagram(CLIENT, CLIENT_LAYOUT),
    "server.svg": lambda: main_diagram(SERVER, SERVER_LAYOUT),
    "keep-alive.svg": keep_alive_diagram,
    "switches.svg": switch_diagram,
}


def event_table() -> str:
    rows = [(str(role), str(a), event, str(b)) for role, a, event, b in _state.BY_EVENT]
    return table(["whose state", "from", "event", "to"], rows)


def condition_table() -> str:
    rows = [(str(role), str(a), condition, str(b)) for role, a, condition, b in _state.BY_STATE]
    return table(["whose state", "from", "when", "to"], rows)


def table(header: list[str], rows: list[tuple[str, ...]]) -> str:
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


SECTIONS = {
    "moves by events": event_table,
    "moves by states": condition_table,
}


def redrawn(page: str) -> str:
    """The page with every drawn section as the tables would have it now."""
    for name, draw in SECTIONS.items():
        begin = BEGIN.format(name)
        before, found, rest = page.partition(begin)
        if not found:
            raise SystemExit(f"{PAGE.name} has no place for {name}")
        _, _, after = rest.partition(END)
        page = f"{before}{begin}\n\n{draw()}\n\n{END}{after}"
    return page


def files() -> dict[Path, str]:
    """All that is drawn: each file with what it should hold."""
    drawn = {PAGE.with_name(name): draw_one() for name, draw_one in DIAGRAMS.items()}
    return {**drawn, PAGE: redrawn(PAGE.read_text(encoding="utf-8"))}


def main(arguments: list[str]) -> int:
    """Redraw the files, or with `--check` only tell whether that would change one."""
    stale = {
        path: text
        for path, text in files().items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    }
    if stale and "--check" in arguments:
        names = ", ".join(path.name for path in stale)
        print(f"{names}: stale; run scripts/docs", file=sys.stderr)
        return 1
    for path, text in stale.items():
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
