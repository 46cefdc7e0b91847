"""Every console block of the documentation is run by a shell, and prints what the page says."""

from __future__ import annotations

import doctest
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.client.command_line import environment
from tests.docs.pages import PAGES, Block, blocks, page_name

OPTIONS = doctest.ELLIPSIS
PROMPT = "$ "

CONSOLE = {
    page: found
    for page in PAGES
    if (found := [b for b in blocks(page.read_text(encoding="utf-8")) if b.language == "console"])
}


def commands(block: Block) -> list[tuple[str, str]]:
    """Each command of a block, and what is to follow it."""
    first, *parts = ("\n" + block.text).split("\n" + PROMPT)
    assert not first.strip(), "a console block begins with a command"
    pairs = [part.partition("\n") for part in parts]
    return [(command, output.rstrip("\n")) for command, _, output in pairs]


@pytest.fixture
def shell(httpbin_url: str, tmp_path: Path) -> dict[str, str]:
    """The variables of a shell that finds the program, wherever the tests are run from."""
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "h11client"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -W error -m h11client "$@"\n')
    program.chmod(0o755)
    return environment(url=httpbin_url, PATH=f"{folder}{os.pathsep}{os.environ['PATH']}")


def run(command: str, variables: dict[str, str], folder: Path) -> str:
    done = subprocess.run(
        ["sh", "-c", command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=folder,
        env=variables,
        timeout=60,
    )
    return done.stdout.rstrip("\n")


@pytest.mark.parametrize("page", CONSOLE, ids=page_name)
def test_every_command_of_a_page_prints_what_the_page_says(
    page: Path, shell: dict[str, str], tmp_path: Path
) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    checker = doctest.OutputChecker()
    for block in CONSOLE[page]:
        for command, expected in commands(block):
            printed = run(command, shell, folder)
            assert checker.check_output(expected, printed, OPTIONS), (
                f"{page_name(page)}, behind line {block.line}: {command}\n"
                f"--- the page says\n{expected}\n--- it prints\n{printed}"
            )


def test_the_page_of_the_command_line_and_the_readme_have_such_blocks() -> None:
    assert {page_name(page) for page in CONSOLE} >= {"README.md", "docs/client/command-line.md"}


def test_a_command_that_prints_something_else_is_noticed(
    shell: dict[str, str], tmp_path: Path
) -> None:
    block = Block("console", "$ echo a\na\n$ echo b\nc\n", 1)
    found = [run(command, shell, tmp_path) == said for command, said in commands(block)]
    assert found == [True, False]
