"""Draws the diagrams and tables of docs/h11/states.md from the transition tables of h11._state."""

from __future__ import annotations

import sys
from pathlib import Path

from h11 import _state
from h11._sentinels import CLIENT, ERROR, SERVER, Sentinel

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


def main_diagram(machine: Sentinel) -> str:
    """The client's or the server's machine; ERROR stands alone, for every state leads there."""
    return mermaid([("[*]", "IDLE", ""), *arcs(machine)], alone=[str(ERROR)])


def keep_alive_diagram() -> str:
    moves = [("on", "off", reason) for reason in _state.KEEP_ALIVE_OFF]
    return mermaid([("[*]", "on", ""), *moves])


def switch_diagram() -> str:
    """Proposals, what accepts each of them, and what withdraws them."""
    moves: list[Arc] = [("[*]", "none", "")]
    for name, request, accepted_by in _state.PROPOSALS:
        moves.append(("none", name, request))
        moves.append((name, "switched", accepted_by))
        moves.append((name, "none", f"any other {_state.RESPONSE}"))
    return mermaid(moves)


def mermaid(moves: list[Arc], alone: list[str] | None = None) -> str:
    """A state diagram; arcs between the same two states become one with several lines."""
    labels: dict[tuple[str, str], list[str]] = {}
    for source, target, label in moves:
        labels.setdefault((source, target), []).append(label)
    lines = ["```mermaid", "stateDiagram-v2"]
    for (source, target), texts in labels.items():
        text = "<br/>".join(texts).replace("`", "")
        lines.append(f"    {source} --> {target}" + (f": {text}" if text else ""))
    lines += [f"    {name}" for name in alone or []]
    return "\n".join([*lines, "```"])


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
    "the client": lambda: main_diagram(CLIENT),
    "the server": lambda: main_diagram(SERVER),
    "keep-alive": keep_alive_diagram,
    "protocol switches": switch_diagram,
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


def main(arguments: list[str]) -> int:
    """Redraw the page, or with `--check` only tell whether that would change it."""
    page = PAGE.read_text(encoding="utf-8")
    fresh = redrawn(page)
    if page == fresh:
        return 0
    if "--check" in arguments:
        print(f"{PAGE.name} is stale: run scripts/docs", file=sys.stderr)
        return 1
    PAGE.write_text(fresh, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
