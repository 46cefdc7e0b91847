"""Finds the code blocks of the documentation's pages and runs them.

The python blocks of a page share a namespace and run in their order. A block that begins with
`>>>` is a session: what each statement prints must be what the page says (`...` stands for anything).
"""

from __future__ import annotations

import doctest
import re
from pathlib import Path

from tests.conftest import ROOT

PYTHON = ("python", "pycon", "py")
OTHER_LANGUAGES = ("console", "text", "sh", "http", "toml", "json")
DIRECTIVES = ("{toctree}", "{eval-rst}", "{raw}", "{include}")  # of Sphinx
FENCE = re.compile(r"(?P<indent> *)(?P<fence>`{3,}|~{3,}) *(?P<language>[^ `\n]*)")
OPTIONS = doctest.ELLIPSIS | doctest.REPORT_NDIFF

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


class Block:
    """A fenced block: its language, its text without indentation, and where it begins."""

    def __init__(self, language: str, text: str, line: int) -> None:
        self.language = language
        self.text = text
        self.line = line


def blocks(markdown: str) -> list[Block]:
    """All fenced blocks of a page, those inside of lists included."""
    found: list[Block] = []
    lines = markdown.splitlines()
    number = 0
    while number < len(lines):
        opening = FENCE.match(lines[number])
        number += 1
        if opening is None:
            continue
        first, indent, fence = number, len(opening["indent"]), opening["fence"]
        while number < len(lines) and not lines[number].strip().startswith(fence):
            number += 1
        text = "".join(f"{line[indent:]}\n" for line in lines[first:number])
        found.append(Block(opening["language"], text, first + 1))
        number += 1
    return found


def run_page(markdown: str, name: str, namespace: dict[str, object]) -> int:
    """Run the python blocks of a page and return their number."""
    python = [block for block in blocks(markdown) if block.language in PYTHON]
    for block in python:
        if block.text.lstrip().startswith(">>>"):
            run_session(block, name, namespace)
        else:
            padding = "\n" * (block.line - 1)  # so that a traceback names the line of the page
            exec(compile(padding + block.text, name, "exec"), namespace)
    return len(python)


def run_session(block: Block, name: str, namespace: dict[str, object]) -> None:
    """Run a block of `>>>` lines and compare what they print."""
    session = doctest.DocTestParser().get_doctest(block.text, {}, name, name, block.line - 1)
    session.globs = namespace  # the very one: what a session defines, later blocks may use
    report: list[str] = []
    runner = doctest.DocTestRunner(optionflags=OPTIONS)
    failed, _ = runner.run(session, out=report.append, clear_globs=False)
    assert not failed, "".join(report)


def languages(markdown: str) -> set[str]:
    return {block.language for block in blocks(markdown)}


def number_of_python_fences(markdown: str) -> int:
    """Counted without `blocks`, to notice a block that it would not find."""
    return len(re.findall(r"^[ \t>]*[`~]{3,}[ {.]*(?:python|pycon|py)\b", markdown, re.MULTILINE))


def page_name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()
