"""The diagrams of docs/h11/states.md are those of the tables, and show every move of the machines."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import h11
from h11 import LocalProtocolError, _state
from h11._sentinels import Sentinel
from h11._state import Position, Trigger
from scripts import state_diagrams

PAGE = state_diagrams.PAGE.read_text(encoding="utf-8")
MACHINES = {h11.CLIENT: "the client", h11.SERVER: "the server"}


def drawn_arcs(name: str) -> set[tuple[str, str]]:
    """From where to where the arcs of a diagram lead, as they stand on the page."""
    begin = state_diagrams.BEGIN.format(name)
    section = PAGE.partition(begin)[2].partition(state_diagrams.END)[0]
    return set(re.findall(r"^ +(\S+) --> (\S+?)(?::|$)", section, re.MULTILINE))


def test_the_page_is_up_to_date() -> None:
    assert state_diagrams.redrawn(PAGE) == PAGE, "run scripts/docs"


@pytest.mark.parametrize("name", state_diagrams.SECTIONS)
def test_a_page_that_is_not_up_to_date_is_noticed(
    name: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    begin = state_diagrams.BEGIN.format(name)
    stale = tmp_path / "states.md"
    stale.write_text(PAGE.replace(f"{begin}\n\n", f"{begin}\n\nas it was "), encoding="utf-8")
    monkeypatch.setattr(state_diagrams, "PAGE", stale)
    assert state_diagrams.main(["--check"]) == 1
    assert "stale" in capsys.readouterr().err
    assert state_diagrams.main([]) == 0
    assert stale.read_text(encoding="utf-8") == PAGE


TRIGGERS = [
    *(
        Trigger(h11.CLIENT, _state.REQUEST, off, frozenset(proposals))
        for off in (False, True)
        for count in range(len(_state.PROPOSALS) + 1)
        for proposals in itertools.combinations([name for name, *_ in _state.PROPOSALS], count)
    ),
    *(Trigger(h11.SERVER, _state.RESPONSE, off) for off in (False, True)),
    *(
        Trigger(role, event)
        for role in MACHINES
        for event in sorted({event for _, _, event, _ in _state.BY_EVENT})
    ),
]


def every_move() -> Iterator[tuple[Position, Position]]:
    """All moves that are possible from a fresh connection on."""
    seen = {_state.start(h11.CLIENT)}
    queue = list(seen)
    while queue:
        position = queue.pop()
        for after in successors(position):
            yield position, after
            if after not in seen:
                seen.add(after)
                queue.append(after)


def successors(position: Position) -> Iterator[Position]:
    for trigger in TRIGGERS:
        try:
            yield position.after[trigger]
        except LocalProtocolError:
            pass
    try:
        yield _state.next_cycle(position)
    except LocalProtocolError:
        pass


@pytest.mark.parametrize("machine", MACHINES, ids=MACHINES.get)
def test_every_move_of_the_machines_is_drawn(machine: Sentinel) -> None:
    arcs = drawn_arcs(MACHINES[machine])
    names = {name for arc in arcs for name in arc}
    moves = {(str(a.states[machine]), str(b.states[machine])) for a, b in every_move()}
    assert len(moves) > 10
    for before, after in moves - {(name, name) for name in names}:
        # The arc of the event, and up to two that are taken by themselves after it.
        once = {after} | {middle for middle in names if (middle, after) in arcs}
        twice = {first for first in names for middle in once if (first, middle) in arcs}
        assert any((before, first) in arcs for first in once | twice), (before, after)


def test_the_diagrams_name_every_state() -> None:
    drawn = {name for section in MACHINES.values() for arc in drawn_arcs(section) for name in arc}
    states = {str(state) for _, *states, _, _ in _state.BY_EVENT for state in states}
    assert drawn >= states | {str(after) for *_, after in _state.BY_STATE}
    assert "\n    ERROR\n" in PAGE
