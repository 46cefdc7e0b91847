"""Cost in operations of the interpreter, which no other load of the machine changes.

They do not see what C code does: time, which does, is measured by tests/protocol/test_complexity.py
and beside the rules of the client.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import h11
import h11client
from tests.fuzz.new_lines import TOOL

FOLDERS = tuple(f"{Path(package.__file__).parent}/" for package in (h11, h11client))


def operations(work: Callable[[], object]) -> int:
    """How many operations of both packages a piece of work takes."""
    return monitored(work) if sys.version_info >= (3, 12) else traced(work)


def traced(work: Callable[[], object]) -> int:
    count = 0

    def enter(frame: FrameType, event: str, argument: object) -> Any:
        if not frame.f_code.co_filename.startswith(FOLDERS):
            return None
        frame.f_trace_opcodes = True
        frame.f_trace_lines = False
        return step

    def step(frame: FrameType, event: str, argument: object) -> Any:
        nonlocal count
        count += event == "opcode"
        return step

    before = sys.gettrace()
    sys.settrace(enter)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


def monitored(work: Callable[[], object]) -> int:
    count = 0

    def step(code: CodeType, offset: int) -> Any:
        nonlocal count
        if not code.co_filename.startswith(FOLDERS):
            return sys.monitoring.DISABLE
        count += 1
        return None

    watching = sys.monitoring
    watching.use_tool_id(TOOL, "operations")
    watching.register_callback(TOOL, watching.events.INSTRUCTION, step)
    watching.set_events(TOOL, watching.events.INSTRUCTION)
    try:
        work()
    finally:
        watching.set_events(TOOL, 0)
        watching.free_tool_id(TOOL)
    return count
