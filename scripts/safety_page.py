"""Writes docs/safety.md: every promise of tests/safety_lines.py with the tests that show it.

The marks are read from the source, so that no test has to be imported and the page does not depend
on what is installed.
"""

from __future__ import annotations

import ast
import runpy
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "safety.md"
TESTS = ROOT / "tests"

Shown = dict[str, list[tuple[str, str]]]  # id -> the tests that show it, as file and name

INTRODUCTION = """\
# Safety, line by line

What the client does when servers, proxies and networks misbehave, and which test shows each line of
it. `scripts/docs` writes this page from the marks of the tests, and the suite fails when a line has
no test or the page is not up to date.

The tests are named by what they show: *a chunk is refused* in `client/test_x.py` is the function
`test_a_chunk_is_refused` of `tests/client/test_x.py`. A test that covers several lines stands at
each of them. `scripts/test --tests-only --safety R1` runs the tests of a line.

There are {promises} lines, and {tests} tests that show them.
"""


def sections() -> list[tuple[str, str, dict[str, str]]]:
    """Title, introduction and promises of each section."""
    return list(runpy.run_path(str(TESTS / "safety_lines.py"))["SECTIONS"])


def is_mark(node: ast.AST) -> bool:
    """Whether this is the call `pytest.mark.safety(...)`."""
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and ast.unparse(node.func) == "pytest.mark.safety"
    )


def marked_ids(definition: ast.AST) -> Iterator[str]:
    """The ids that the decorators of a test name, those of single parameters included."""
    for decorator in getattr(definition, "decorator_list", []):
        for node in ast.walk(decorator):
            if isinstance(node, ast.Call) and is_mark(node):
                yield from (arg.value for arg in node.args if isinstance(arg, ast.Constant))


def marked_tests(source: str) -> Iterator[tuple[str, str]]:
    """Id and test of every mark in a file; what marks a class marks each of its tests."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            yield from ((name, node.name) for name in marked_ids(node))
        elif isinstance(node, ast.ClassDef) and node.name.startswith("Test"):
            for method in node.body:
                if isinstance(method, ast.FunctionDef) and method.name.startswith("test_"):
                    for name in dict.fromkeys([*marked_ids(node), *marked_ids(method)]):
                        yield name, method.name


def shown() -> Shown:
    """Which tests show each id, in the order of the files and of what stands in them."""
    found: Shown = {}
    for path in sorted(TESTS.rglob("test_*.py")):
        source = path.read_text(encoding="utf-8")
        if "mark.safety(" in source:
            file = path.relative_to(TESTS).as_posix()
            for name, test in marked_tests(source):
                found.setdefault(name, []).append((file, test))
    return found


def in_words(tests: list[tuple[str, str]]) -> str:
    """The tests of a line: each file once, with what its tests say."""
    files: dict[str, list[str]] = {}
    for file, test in tests:
        files.setdefault(file, []).append(test.removeprefix("test_").replace("_", " "))
    return "<br>".join(f"`{file}`: {'; '.join(names)}" for file, names in files.items())


def written(tests: Shown) -> str:
    """The whole page."""
    lines: list[str] = []
    promises: list[str] = []
    for title, about, texts in sections():
        lines += [f"\n## {title}\n", f"{about}\n"]
        lines += ["| | what is promised | shown by |", "|---|---|---|"]
        for name, text in texts.items():
            promises.append(name)
            lines.append(f"| {name} | {text} | {in_words(tests.get(name, []))} |")
    distinct = {test for name in promises for test in tests.get(name, [])}
    head = INTRODUCTION.format(promises=len(promises), tests=len(distinct))
    return head + "\n".join(lines) + "\n"


def main(arguments: list[str]) -> int:
    """Write the page, or with `--check` only tell whether that would change it."""
    fresh = written(shown())
    if PAGE.exists() and PAGE.read_text(encoding="utf-8") == fresh:
        return 0
    if "--check" in arguments:
        print(f"{PAGE.name} is stale: run scripts/docs", file=sys.stderr)
        return 1
    PAGE.write_text(fresh, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
