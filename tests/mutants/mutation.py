"""`Mutation`: one defect to be planted, and which tests must see it."""

from __future__ import annotations

import functools
from pathlib import Path
from types import CodeType
from typing import NamedTuple

from tests.conftest import ROOT


class StaleMutation(Exception):
    """The text that a mutation replaces is not there exactly once any more, or what it makes of
    its file is no program."""


class Mutation(NamedTuple):
    """A defect that a reviewer would fear.

    In `file` the text `old`, which is there exactly once, becomes `new`; `breaks` says in a
    sentence what is wrong then. `lines` are the promises of docs/safety.md that this breaks, and
    `tests` the files, below tests/, in which a test that is marked with one of them must fail.
    """

    name: str
    file: str
    old: str
    new: str
    breaks: str
    lines: tuple[str, ...]
    tests: tuple[str, ...]

    def apply(self, root: Path = ROOT) -> str:
        """The text of the file with the defect in it. Raises `StaleMutation`."""
        source = (root / self.file).read_text(encoding="utf-8")
        found = source.count(self.old)
        if found != 1:
            raise StaleMutation(
                f"{self.name}: what it replaces is {found} times in {self.file}, and has to be there "
                f"once (the table is in tests/mutants): {self.old!r}"
            )
        mutated = source.replace(self.old, self.new)
        try:
            is_same = meaning(mutated) == meaning(source)
        except SyntaxError as error:
            raise StaleMutation(f"{self.name}: {self.file} is no Python then: {error}") from error
        if is_same:
            raise StaleMutation(f"{self.name}: {self.file} says the same as before")
        return mutated


@functools.lru_cache(maxsize=64)  # of the files; each is compared with all of its mutations
def meaning(source: str) -> object:
    """What a program does, without where it stands; raises `SyntaxError` for what is none."""
    return _meaning(compile(source, "", "exec", dont_inherit=True))


def _meaning(code: CodeType) -> object:
    constants = [_meaning(each) if isinstance(each, CodeType) else each for each in code.co_consts]
    return code.co_name, code.co_code, code.co_names, code.co_varnames, list(map(repr, constants))
