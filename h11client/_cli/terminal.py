"""Where people read: text that cannot do anything to a terminal, and its colours.

Whatever a server has sent goes through `visible` first, so that it is only ever shown. Colours come
with the extra "cli", which brings rich; without it, and where the user does not want them, there
are none.
"""

from __future__ import annotations

import os
import re
from importlib import import_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, TextIO, TypeAlias

    Parts: TypeAlias = Iterable[tuple[str, str]]  # a text and its kind, a key of STYLES

__all__ = ["Terminal", "find_rich", "visible"]

STYLES = {
    "name": "cyan",
    "string": "green",
    "literal": "magenta",
    "version": "blue",
    "good": "bold green",
    "elsewhere": "bold yellow",
    "bad": "bold red",
    "note": "dim",
}
# Control characters but TAB and LF: escape sequences begin with one. And what changes the direction
# of writing, so that a line reads as something else than it is.
_ACTIVE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def visible(text: str) -> str:
    """`text` with its control characters as they are written in Python.

    >>> print(visible("a\\x1b[2Jb"))
    a\\x1b[2Jb
    """
    return _ACTIVE.sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


class Terminal:
    """One of the standard streams, as far as people read it; `is_tty` says whether they do now."""

    def __init__(self, file: TextIO) -> None:
        self.file = file
        self.is_tty = file.isatty()
        self._codes: dict[str, tuple[str, str]] | None = None

    def write(self, text: str) -> None:
        """Writes text that is already visible, or that is the program's own, at once."""
        self.file.write(text)
        self.file.flush()

    def write_parts(self, parts: Parts) -> None:
        """Writes pieces of text, each in the colour of its kind."""
        self.write("".join([self._coloured(text, kind) for text, kind in parts]))

    def columns(self) -> int:
        """How wide it is."""
        try:
            return os.get_terminal_size(self.file.fileno()).columns or 80
        except (OSError, ValueError):
            return 80

    def _coloured(self, text: str, kind: str) -> str:
        if self._codes is None:
            self._codes = self._find_codes() if self.is_tty else {}
        before, after = self._codes.get(kind, ("", ""))
        return before + visible(text) + after

    def _find_codes(self) -> dict[str, tuple[str, str]]:
        """What switches each style on and off: rich knows what the terminal can do."""
        console_module = find_rich("console")
        if console_module is None:
            return {}
        console = console_module.Console(file=self.file)
        if console.color_system is None or console.no_color or console.legacy_windows:
            return {}
        parse = import_module("rich.style").Style.parse
        found = {}
        for kind, style in STYLES.items():
            before, _, after = parse(style).render("X").partition("X")
            found[kind] = (before, after)
        return found


def find_rich(module: str) -> Any:
    """A module of rich, or None where it is not installed."""
    try:
        return import_module(f"rich.{module}")
    except ImportError:
        return None
