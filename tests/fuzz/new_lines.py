"""Which lines of a package have run, told as they run for the first time."""

from __future__ import annotations

import sys
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

TOOL = 4  # of sys.monitoring's six; debuggers, coverage and profilers have names for theirs


class NewLines:
    """Collects the lines of all files under `folders`; `take()` gives how many are new.

    Python 3.12 and later report each line once and then run at full speed; before, every line is
    traced.
    """

    def __init__(self, *folders: Path) -> None:
        self.prefixes = tuple(f"{folder}/" for folder in folders)
        self.seen: set[tuple[str, int]] = set()
        self.taken = 0
        self.before: Any = None  # another tracer

    def __enter__(self) -> NewLines:
        if sys.version_info >= (3, 12):
            watching = sys.monitoring
            watching.use_tool_id(TOOL, "new lines")
            watching.register_callback(TOOL, watching.events.LINE, self.line)
            watching.set_events(TOOL, watching.events.LINE)
        else:
            self.before = sys.gettrace()
            sys.settrace(self.call)
        return self

    def __exit__(self, *exception: object) -> None:
        if sys.version_info >= (3, 12):
            sys.monitoring.set_events(TOOL, 0)
            sys.monitoring.free_tool_id(TOOL)
        else:
            sys.settrace(self.before)

    def line(self, code: CodeType, number: int) -> Any:
        if code.co_filename.startswith(self.prefixes):
            self.seen.add((code.co_filename, number))
        return sys.monitoring.DISABLE  # type: ignore[attr-defined,unused-ignore]  # since 3.12

    def call(self, frame: FrameType, event: str, argument: object) -> Any:
        return self.trace if frame.f_code.co_filename.startswith(self.prefixes) else None

    def trace(self, frame: FrameType, event: str, argument: object) -> Any:
        self.seen.add((frame.f_code.co_filename, frame.f_lineno))
        return self.trace

    def take(self) -> int:
        """How many lines ran for the first time since the last call."""
        new, self.taken = len(self.seen) - self.taken, len(self.seen)
        return new
