"""The diagrams of the page on states are those of the tables, and show every move of the machines."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

import h11
from h11 import LocalProtocolError, _state
from h11._sentinels import Sentinel
from h11._state import Position, Trigger
from scripts import state_diagrams
from scripts.state_svg import Layout, draw

MACHINES = {h11.CLIENT: "client.svg", h11.SERVER: "server.svg"}
FILES = [state_diagrams.PAGE.name, *state_diagrams.DIAGRAMS]


def text_of(name: str) -> str:
    return state_diagrams.PAGE.with_name(name).read_text(encoding="utf-8")


def drawn_arcs(name: str) -> set[tuple[str, str]]:
    """From where to where the arcs of a diagram lead, as they stand in its file."""
    return set(re.findall(r'data-from="(\S+)" data-to="(\S+)"', text_of(name)))


def test_page_and_diagrams_are_up_to_date() -> None:
    for path, drawn in state_diagrams.files().items():
        assert path.read_text(encoding="utf-8") == drawn, "run scripts/docs"


@pytest.mark.parametrize("name", state_diagrams.DIAGRAMS)
def test_the_page_shows_every_diagram_and_each_is_well_formed(name: str) -> None:
    assert f":file: {name}" in text_of(state_diagrams.PAGE.name)
    root = ElementTree.fromstring(text_of(name))
    width, height = (float(root.attrib[side]) for side in ("width", "height"))
    for box in root.iter("{http://www.w3.org/2000/svg}rect"):  # nothing hangs over the border
        x, y, w, h = (float(box.attrib[side]) for side in ("x", "y", "width", "height"))
        assert 0 <= x <= x + w <= width, box.attrib
        assert 0 <= y <= y + h <= height, box.attrib


def test_a_state_without_a_place_is_refused() -> None:
    layout = Layout(size=(10, 10), places={"A": (1, 1)})
    with pytest.raises(SystemExit, match="no place for B"):
        draw("title", {("A", "B"): ["x"]}, [], layout)


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_not_up_to_date_is_noticed(
    name: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    for each in FILES:
        (tmp_path / each).write_text(text_of(each), encoding="utf-8")
    begin = state_diagrams.BEGIN.format("moves by events") + "\n\n"
    stale = text_of(name).replace(begin, begin + "as it was ").replace("<title>", "<title>old ")
    (tmp_path / name).write_text(stale, encoding="utf-8")
    monkeypatch.setattr(state_diagrams, "PAGE", tmp_path / state_diagrams.PAGE.name)
    assert state_diagrams.main(["--check"]) == 1
    assert f"{name}: stale" in capsys.readouterr().err
    assert state_diagrams.main([]) == 0
    assert (tmp_path / name).read_text(encoding="utf-8") == text_of(name)


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
    assert all(">ERROR</text>" in text_of(name) for name in MACHINES.values())
