"""docs/safety.md is that of the marks, and every line of it has a test."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from scripts import safety_page
from tests.conftest import ROOT
from tests.safety_lines import OF_CAMPAIGNS, PROMISES, SECTIONS

SHOWN = safety_page.shown()


def test_the_page_is_up_to_date() -> None:
    assert safety_page.main(["--check"]) == 0, "run scripts/docs"


@pytest.mark.parametrize("name", PROMISES)
def test_every_line_has_a_test(name: str) -> None:
    assert SHOWN.get(name), f"no test is marked with {name}"


def test_a_line_stands_once() -> None:
    names = [name for _, _, lines in SECTIONS for name in lines]
    assert len(names) == len(set(names)) == 175
    assert len(set(PROMISES.values())) == 175


def test_every_mark_names_a_line() -> None:
    unknown = {name for name in SHOWN if name not in PROMISES}
    assert [name for name in sorted(unknown) if not OF_CAMPAIGNS.fullmatch(name)] == []


def test_every_mark_stands_where_the_page_sees_it() -> None:
    for path in (ROOT / "tests").rglob("*.py"):
        source = path.read_text(encoding="utf-8")
        if "mark.safety(" not in source:
            continue
        tree = ast.parse(source)
        marks = [node for node in ast.walk(tree) if safety_page.is_mark(node)]
        seen = [
            node
            for definition in ast.walk(tree)
            if isinstance(definition, (ast.FunctionDef, ast.ClassDef))
            and definition.name.lower().startswith("test")
            for decorator in definition.decorator_list
            for node in ast.walk(decorator)
            if safety_page.is_mark(node)
        ]
        assert len(marks) == len(seen), path


SOURCE = """
@pytest.mark.safety("R1", "R2")
def test_a_function(): ...

@pytest.mark.parametrize("x", [pytest.param(1, marks=pytest.mark.safety("F2"))])
def test_a_parameter(x): ...

@pytest.mark.safety("F12")
class TestFields:
    @pytest.mark.safety("F11", "F12")
    def test_a_method(self): ...
    def helper(self): ...

@pytest.mark.safety("C1")
def no_test(): ...
"""


def test_marks_of_functions_parameters_classes_and_methods_are_found() -> None:
    assert list(safety_page.marked_tests(SOURCE)) == [
        ("R1", "test_a_function"),
        ("R2", "test_a_function"),
        ("F2", "test_a_parameter"),
        ("F12", "test_a_method"),
        ("F11", "test_a_method"),
    ]


def test_a_page_that_is_not_up_to_date_is_noticed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    stale = tmp_path / "safety.md"
    monkeypatch.setattr(safety_page, "PAGE", stale)
    assert safety_page.main(["--check"]) == 1  # there is none
    stale.write_text("as it was", encoding="utf-8")
    assert safety_page.main(["--check"]) == 1
    assert "stale" in capsys.readouterr().err
    assert safety_page.main([]) == 0
    assert safety_page.main(["--check"]) == 0


def test_a_line_without_a_test_has_an_empty_place() -> None:
    page = safety_page.written({"M1": [("client/test_x.py", "test_it_holds")]})
    assert re.search(r"^\| M1 \| .+ \| `client/test_x.py`: it holds \|$", page, re.MULTILINE)
    assert re.search(r"^\| M2 \| .+ \|  \|$", page, re.MULTILINE)


def test_the_tests_of_a_line_can_be_run() -> None:
    errors = "tests/protocol/test_errors.py"
    command = [sys.executable, "-m", "pytest", "-q", "--collect-only", "--safety", "I9", errors]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    found = {line.partition("[")[0] for line in done.stdout.splitlines() if "::" in line}
    assert found == {f"{errors}::{test}" for file, test in SHOWN["I9"] if errors.endswith(file)}
    assert "deselected" in done.stdout


def test_nobody_elses_flaw_is_named() -> None:
    text = "\n".join(PROMISES.values())
    assert not re.search(r"CVE|GHSA|RUSTSEC|requests'|urllib3|curl|aiohttp|httpx", text)
