"""Interruptions of the client at every place where there can be one.

A signal's handler runs between two steps of the program, whichever they are; what it raises comes
out there. These raise at a place of the test's choice: a first run, with `Recorder`, says which
places there are, and each of the following is interrupted at another one.
"""

from __future__ import annotations

import dis
import linecache
import sys
import weakref
from collections.abc import Callable, Iterable, Mapping
from types import FrameType, ModuleType
from typing import Any

from h11client.testing import Dial, ScriptedNetwork

# Where the interpreter never looks for signals: where an `except` is left.
_POP_EXCEPT = dis.opmap["POP_EXCEPT"]
# What is raised in a finaliser is shown and forgotten by the interpreter.
_FINALISERS = ("__del__", "abandon", "__call__")


class Interruption(KeyboardInterrupt):
    """What Ctrl-C raises, and nobody but these tests."""


class Places:
    """Counts the places of this thread in some modules; calls `at_place` with each of them.

    `kind` is "line", before each line; or "call", as CPython does it since 3.11: where a function
    begins, and where one in C has ended.
    """

    def __init__(self, modules: set[ModuleType], kind: str = "line") -> None:
        self.files = {module.__file__ for module in modules}
        self.kind = kind

    def at_place(self, place: tuple[str, int]) -> None:
        raise NotImplementedError

    def __enter__(self) -> Places:
        if self.kind == "line":
            self._before: Any = sys.gettrace()
            sys.settrace(self._enter_function)
        else:
            self._before = sys.getprofile()
            sys.setprofile(self._enter_or_leave)
        return self

    def __exit__(self, *failure: object) -> None:
        if self.kind == "line":
            sys.settrace(self._before)
        else:
            sys.setprofile(self._before)

    def _is_ours(self, frame: FrameType) -> bool:
        code = frame.f_code
        return code.co_filename in self.files and code.co_name not in _FINALISERS

    def _enter_or_leave(self, frame: FrameType, event: str, arg: Any) -> None:
        if sys.version_info < (3, 11) and event == "call" and frame.f_lasti >= 0:
            # A generator goes on. What a signal's handler raises comes out inside of it, as it does
            # later; what a profiler raises comes out of it here, past its `except`.
            return
        if event in ("call", "c_return") and self._is_ours(frame):
            self.at_place((frame.f_code.co_filename, frame.f_lineno))

    def _enter_function(self, frame: FrameType, event: str, arg: Any) -> Callable[..., Any] | None:
        if not self._is_ours(frame):
            return None
        code = frame.f_code
        entered: set[int] = set()

        def at_line(frame: FrameType, event: str, arg: Any) -> Any:
            if event == "line":
                line = linecache.getline(code.co_filename, frame.f_lineno).lstrip()
                again = frame.f_lineno in entered
                leaving = code.co_code[frame.f_lasti] == _POP_EXCEPT
                # Nor at the end of a `with`, which is the second visit of its line.
                if not (leaving or (line.startswith("with ") and again)):
                    entered.add(frame.f_lineno)
                    self.at_place((code.co_filename, frame.f_lineno))
            return at_line

        return at_line


class Interrupter(Places):
    """Raises at the nth place: an `Interruption`, or an `error` of another class."""

    def __init__(
        self,
        at: int,
        modules: set[ModuleType],
        kind: str = "line",
        error: type[BaseException] = Interruption,
    ) -> None:
        super().__init__(modules, kind)
        self.left = at
        self.error = error("of the test")
        self.where = ""  # for those who read what has failed

    def at_place(self, place: tuple[str, int]) -> None:
        self.left -= 1
        if self.left == 0:
            self.where = f"{self.kind} {place[0].rpartition('/')[2]}:{place[1]}"
            sys.setprofile(None)
            raise self.error


class Recorder(Places):
    """Which places there are, in the order in which they are come to."""

    def __init__(self, modules: set[ModuleType], kind: str = "line") -> None:
        super().__init__(modules, kind)
        self.places: list[tuple[str, int]] = []

    def at_place(self, place: tuple[str, int]) -> None:
        self.places.append(place)

    def numbers(self) -> list[int]:
        """Each place where it is come to first, and last: what is in between is a loop."""
        return sorted({*self.first(), *self._numbers(enumerate(self.places, 1))})

    def first(self) -> list[int]:
        """Each place where it is come to first."""
        return sorted(self._numbers(reversed(list(enumerate(self.places, 1)))))

    def _numbers(self, numbered: Iterable[tuple[int, tuple[str, int]]]) -> Iterable[int]:
        return {place: number for number, place in numbered}.values()


class Hosts(ScriptedNetwork):
    """A script for each host, as often as that is dialled.

    The streams are kept by their connections alone, so that they can become garbage.
    """

    def __init__(self, scripts: Mapping[str, Dial | Iterable[Any]]) -> None:
        super().__init__()
        self._scripts = scripts
        self._known: list[weakref.ref[Any]] = []

    def connect(self, host: str, *arguments: Any) -> Any:
        script = self._scripts[host]
        self._dials.append(script if isinstance(script, Dial) else Dial(script))
        stream = super().connect(host, *arguments)
        self.streams.clear()
        return self.note(stream)

    def note(self, stream: Any) -> Any:
        """Counts a stream among those that may be open."""
        self._known.append(weakref.ref(stream))
        return stream

    def count_open(self) -> int:
        """How many streams somebody has, and has not closed."""
        streams = [stream() for stream in self._known]
        return len([stream for stream in streams if stream is not None and not stream.closed])
