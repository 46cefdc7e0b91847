"""Every public name of requests is offered with the same meaning, or docs/migrating.md says why not."""

from __future__ import annotations

import importlib
import inspect
import re
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

import h11client
from tests.conftest import ROOT
from tests.requests_names import CODES, NAMES

PAGE = ROOT / "docs" / "migrating.md"
SECTION = "## Names that are not there"

LINES = [line.split() for line in NAMES.split("\n") if line]
ROWS = {name: (kind, parameters) for name, kind, *parameters in LINES if name != "also"}
BORROWED = [(where, name) for also, where, *names in LINES if also == "also" for name in names]
HOMES = {  # the module of requests and ours in which a class is
    name.split(".")[1]: name.split(".")[0]
    for name, (kind, _) in ROWS.items()
    if kind == "class" and not name.startswith("requests.")
}
MADE_OF_NOTHING = ("HTTPAdapter", "LookupDict", "PreparedRequest", "Request", "RequestException", "Response", "Session")  # fmt: skip
NOT_THERE = object()


def documented() -> set[str]:
    """The names in the first column of the section's tables."""
    section = PAGE.read_text(encoding="utf-8").split(f"{SECTION}\n")[1].split("\n## ")[0]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("|")]
    return set(re.findall(r"`([^`]+)`", "".join(rows)))


@pytest.fixture(scope="module")
def absent() -> set[str]:
    return documented()


def ours(name: str) -> Any:
    """What h11client has under a name of requests."""
    where, _, last = name.partition(".")
    if where == "requests":
        return getattr(h11client, last, NOT_THERE)
    if where in HOMES:
        owner = ours(f"{HOMES[where]}.{where}")
        if owner is NOT_THERE:
            return NOT_THERE
        found = inspect.getattr_static(owner, last, NOT_THERE)
        if found is NOT_THERE and where in MADE_OF_NOTHING:
            found = getattr(owner(), last, NOT_THERE)
        return found
    try:
        return getattr(importlib.import_module(f"h11client.{where}"), last, NOT_THERE)
    except ModuleNotFoundError:
        return NOT_THERE


def is_documented(name: str, absent: set[str]) -> bool:
    """The name itself, its class or its module stands in the section."""
    where = name.split(".")[0]
    return (
        name in absent or f"{HOMES.get(where)}.{where}" in absent or f"requests.{where}" in absent
    )


@pytest.mark.parametrize("name", ROWS)
def test_a_name_is_offered_or_its_absence_explained(name: str, absent: set[str]) -> None:
    kind, parameters = ROWS[name]
    found = ours(name)
    if is_documented(name, absent):
        assert found is NOT_THERE or not accepts(found, parameters), "it is there after all"
        return
    assert found is not NOT_THERE
    assert kind_of(found) == kind
    assert accepts(found, parameters)


def kind_of(thing: Any) -> str:
    if inspect.ismodule(thing):
        return "module"
    if inspect.isclass(thing):
        return "class"
    routine = inspect.isroutine(thing) and not inspect.isdatadescriptor(thing)
    return "function" if routine else "attribute"


def accepts(thing: Any, wanted: list[str]) -> bool:
    """Whether a call written for requests is understood: the same places and the same names."""
    names = [name for name in wanted if not name.startswith("*")]
    if not names:
        return True
    if isinstance(thing, (staticmethod, classmethod)):
        thing = thing.__func__
    found = list(inspect.signature(thing).parameters.values())
    by_place = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    given = [p.name for p in found if p.kind in by_place and p.name != "self"]
    needed = [p.name for p in found if p.default is p.empty and p.kind is p.KEYWORD_ONLY]
    return given[: len(names)] == names and not needed


@pytest.mark.parametrize(("where", "name"), BORROWED)
def test_a_class_can_be_imported_from_where_programs_import_it(
    where: str, name: str, absent: set[str]
) -> None:
    if f"requests.{where}" in absent:
        return
    found = getattr(importlib.import_module(f"h11client.{where}"), name)
    home = name.removeprefix("Requests") if name not in HOMES else name
    assert found is ours(f"{HOMES[home]}.{home}")


CODE_NAMES = [
    (name, int(line.split()[0])) for line in CODES.split("\n") if line for name in line.split()[1:]
]


def test_every_name_of_a_status_code_has_its_number(absent: set[str]) -> None:
    codes = h11client.codes
    wrong = {name for name, code in CODE_NAMES if getattr(codes, name, None) != code}
    assert {f"codes.{name}" for name in wrong} == {n for n in absent if n.startswith("codes.")}
    assert [name for name, code in CODE_NAMES if name not in wrong and codes[name] != code] == []


def test_nothing_is_said_of_names_that_requests_does_not_have(absent: set[str]) -> None:
    known = {*ROWS, *(f"codes.{name}" for name, _ in CODE_NAMES)}
    assert absent - known == set()


def test_the_list_is_that_of_the_installed_requests(
    environment_python: Callable[[str], str],
) -> None:
    program = ROOT / "tests" / "programs" / "collect_names.py"
    printed = subprocess.run(
        [environment_python("callers"), "-I", str(program)],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    names, codes = NAMES.strip("\n"), CODES.strip("\n").replace("\n", "\ncodes ")
    assert printed.stdout.strip("\n") == f"{names}\ncodes {codes}"
