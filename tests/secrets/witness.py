"""Keeps everything that a program, its log or its terminal could see of a call."""

from __future__ import annotations

import contextlib
import gc
import io
import logging
import sys
import threading
import traceback
import types
import warnings
from collections.abc import Iterator
from typing import Any

# What a walk does not enter: they hold the whole program.
_CLOSED = (
    *(types.ModuleType, types.FunctionType, types.BuiltinFunctionType, types.MethodType),
    *(types.FrameType, types.TracebackType, types.CodeType, type, threading.Thread),
)
_ATOMS = {str, bytes, int, float, bool, type(None)}
# Fakes of tests hold what a server says, and show it. The engine knows nothing of secrets: its
# events show what they hold, to programs that work with it.
_SHOW_WHAT_THEY_HOLD = ("h11client.testing", "h11client._mocking")


class Witness(logging.Handler):
    """Records (where, text) pairs while it is entered; `texts` are those of all kinds."""

    def __init__(self) -> None:
        super().__init__(logging.NOTSET)
        self.texts: list[tuple[str, str]] = []
        self.records = 0
        self._seen: set[int] = set()
        self._errors: set[int] = set()
        self._kept: list[object] = []  # or else another object could get the id of a seen one
        self._formatter = logging.Formatter("%(name)s %(threadName)s %(message)s")

    @contextlib.contextmanager
    def watching(self) -> Iterator[Witness]:
        """Logging of everybody, warnings, both streams, and what nobody caught."""
        root = logging.getLogger()
        level = root.level
        printed = io.StringIO()
        hooks = sys.unraisablehook, threading.excepthook
        sys.unraisablehook = lambda args: self._uncaught("unraisable", args.exc_value)
        threading.excepthook = lambda args: self._uncaught("thread", args.exc_value)
        root.addHandler(self)
        root.setLevel(logging.DEBUG)
        try:
            with (
                contextlib.redirect_stdout(printed),
                contextlib.redirect_stderr(printed),
                warnings.catch_warnings(record=True) as warned,
            ):
                warnings.simplefilter("always")
                yield self
        finally:
            root.removeHandler(self)
            root.setLevel(level)
            sys.unraisablehook, threading.excepthook = hooks
        self.add("printed", printed.getvalue())
        for warning in warned:
            self.add("warning", f"{warning.message!r} {warning.message}")

    def add(self, where: str, *texts: str) -> None:
        """Keeps texts."""
        self.texts += [(where, text) for text in texts if text]

    def emit(self, record: logging.LogRecord) -> None:
        self.records += 1
        where = f"log of {record.name}"
        self.add(where, record.getMessage(), self._formatter.format(record), str(record.msg))
        arguments = record.args if isinstance(record.args, tuple) else (record.args,)
        self.add(f"{where}, arguments", *[f"{argument!r} {argument}" for argument in arguments])
        if record.exc_info and record.exc_info[1] is not None:
            self.look_at_error(record.exc_info[1])

    def _uncaught(self, where: str, error: BaseException | None) -> None:
        if error is not None:
            self.add(where, repr(error))
            self.look_at_error(error)

    def on_event(self, event: Any) -> None:
        """For `Session.on_event`: what is told while it happens, and the threads of that moment."""
        self.add("event", *[f"{found!r} {found}" for found in (event, event.route, event.reason)])
        self.add("request of an event", f"{event.request!r} {event.request}")
        if event.error is not None:
            self.look_at_error(event.error)
        self.add("threads", *[thread.name for thread in threading.enumerate()])

    # --- exceptions ------------------------------------------------------------------------

    def look_at_error(self, error: BaseException, chained: bool = False) -> None:
        """The error and all that it is chained to, and everything that Python prints of it."""
        if id(error) in self._errors:
            return
        self._errors.add(id(error))
        self._kept.append(error)
        kind = type(error).__name__
        self.add(f"{kind}, text", str(error), repr(error), f"{error}")
        self.add(f"{kind}, arguments", *map(repr, error.args))
        self.add(f"{kind}, notes", *getattr(error, "__notes__", ()))
        # `object` of a UnicodeError, `filename` of an OSError and the like.
        for name in ("object", "filename", "filename2", "strerror", "reason", "doc", "msg", "name"):
            self.add(f"{kind}.{name}", repr(getattr(error, name, "")))
        self.add(f"{kind}, attributes", *[repr(value) for value in vars(error).values()])
        if not chained:  # with those that it is chained to
            self.add(f"{kind}, traceback", *traceback.format_exception(error))
        for other in (error.__cause__, error.__context__, *getattr(error, "errors", ())):
            if isinstance(other, BaseException):
                self.look_at_error(other, chained=True)

    # --- objects ---------------------------------------------------------------------------

    def found(self, kind: type) -> list[object]:
        """Whatever of this kind has been looked at."""
        return [found for found in self._kept if isinstance(found, kind)]

    def look_at(self, where: str, *roots: object) -> None:
        """The repr and text of every object of the client's that can be got at from `roots`."""
        for root in roots:
            self._seen.discard(id(root))  # it may have changed since
        stack = list(roots)
        while stack:
            found = stack.pop()
            if type(found) in _ATOMS or id(found) in self._seen or isinstance(found, _CLOSED):
                continue
            self._seen.add(id(found))
            self._kept.append(found)
            if isinstance(found, BaseException):
                self.look_at_error(found)
            module = type(found).__module__
            if module.startswith("h11."):
                continue
            if module.startswith("h11client") and module not in _SHOW_WHAT_THEY_HOLD:
                self.add(f"{where}, {type(found).__name__}", repr(found), str(found), f"{found}")
            stack += gc.get_referents(found)
