"""Every example of the documentation runs: the pages' python blocks and the public docstrings."""

from __future__ import annotations

import doctest
import importlib
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.conftest import ROOT, Authority
from tests.docs.pages import (
    DIRECTIVES,
    OPTIONS,
    OTHER_LANGUAGES,
    PAGES,
    PYTHON,
    languages,
    number_of_python_fences,
    page_name,
    run_page,
)

PACKAGES = ["h11", "h11client"]


@pytest.fixture
def prepared(httpbin_url: str, httpbin_tls_url: str, ca: Authority) -> dict[str, object]:
    """What the examples suppose: a httpbin, with and without TLS, and whom to trust."""
    parts = urlsplit(httpbin_tls_url)
    return {
        "__name__": "example",
        "url": httpbin_url,
        "tls_url": httpbin_tls_url,
        "host": parts.hostname,
        "port": parts.port,
        "ca_file": str(ca.pem),
    }


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_every_python_block_of_a_page_runs(
    page: Path, prepared: dict[str, object], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)  # an example may write files
    markdown = page.read_text(encoding="utf-8")
    assert run_page(markdown, page_name(page), prepared) == number_of_python_fences(markdown)


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_every_block_of_a_page_names_a_known_language(page: Path) -> None:
    assert languages(page.read_text(encoding="utf-8")) <= {*PYTHON, *OTHER_LANGUAGES, *DIRECTIVES}


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_a_page_names_no_path_of_a_machine(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert [place for place in ("/work/", "/home/", "/root/", "/tmp/") if place in text] == []


def session(*lines: str, language: str = "python", indent: str = "") -> str:
    return "".join(f"{indent}{line}\n" for line in (f"```{language}", *lines, "```"))


FAILING = [
    ("a statement that raises", session("raise KeyError"), KeyError),
    ("an assertion that does not hold", session("assert 1 == 2"), AssertionError),
    ("a session that prints something else", session(">>> 1 + 1", "3"), AssertionError),
    ("a session in pycon", session(">>> 1 + 1", "3", language="pycon"), AssertionError),
    ("a block inside of a list", "- item\n\n" + session("raise KeyError", indent="  "), KeyError),
    ("a block at the end of the page", session("raise KeyError")[: -len("```\n")], KeyError),
    ("an unknown name", session("print(nowhere)"), NameError),
]


@pytest.mark.parametrize(
    ("markdown", "error"), [row[1:] for row in FAILING], ids=[row[0] for row in FAILING]
)
def test_a_page_with_a_wrong_example_fails(markdown: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        run_page(markdown, "page", {})
    assert number_of_python_fences(markdown) == 1


def test_blocks_of_a_page_share_what_they_define() -> None:
    page = session("a = 1") + session(">>> a + 1", "2", ">>> b = 3") + session("assert a + b == 4")
    assert run_page(page, "page", {}) == 3


def test_a_block_that_would_not_be_found_is_counted() -> None:
    quoted = "> ```python\n> raise KeyError\n> ```\n"
    assert run_page(quoted, "page", {}) != number_of_python_fences(quoted)


@pytest.mark.parametrize("name", PACKAGES)
def test_the_examples_of_public_docstrings_run(name: str, prepared: dict[str, object]) -> None:
    package = importlib.import_module(name)
    finder = doctest.DocTestFinder()
    runner = doctest.DocTestRunner(optionflags=OPTIONS)
    report: list[str] = []
    for public in [None, *package.__all__]:
        thing = package if public is None else getattr(package, public)
        module = importlib.import_module(getattr(thing, "__module__", None) or name)
        names = {**vars(module), **prepared, name: package}
        for test in finder.find(thing, public or name, module=module, globs=names):
            runner.run(test, out=report.append)
    assert runner.failures == 0, "".join(report)
    assert runner.tries > 0


def test_the_pages_include_the_readme_and_all_of_docs() -> None:
    assert ROOT / "README.md" in PAGES
    assert len(PAGES) == 1 + sum(1 for _ in (ROOT / "docs").rglob("*.md"))
