"""Waiting for descriptors: `select.poll`, or the same on top of `select.select` where it lacks."""

from __future__ import annotations

import errno
import select

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    class Poller(Protocol):
        """What both kinds of poll object have."""

        def register(self, fd: int, eventmask: int, /) -> None: ...
        def modify(self, fd: int, eventmask: int, /) -> None: ...
        def unregister(self, fd: int, /) -> None: ...
        def poll(self, timeout: float | None = None, /) -> list[tuple[int, int]]: ...


__all__ = ["FAILED", "READY_TO_READ", "READY_TO_WRITE", "new_poller"]

# The numbers of poll(2) are the same on every system that has it.
READY_TO_READ = getattr(select, "POLLIN", 1)
READY_TO_WRITE = getattr(select, "POLLOUT", 4)
FAILED = getattr(select, "POLLERR", 8) | getattr(select, "POLLHUP", 16)


def new_poller() -> Poller:
    """A poll object; timeouts are milliseconds, None waits for ever."""
    poll = getattr(select, "poll", None)  # looked up late: it is missing on some systems
    return _SelectPoller() if poll is None else poll()


class _SelectPoller:
    """The part of a poll object that is used here, by select(2)."""

    def __init__(self) -> None:
        self._masks: dict[int, int] = {}

    def register(self, fd: int, eventmask: int, /) -> None:
        self._masks[fd] = eventmask

    modify = register

    def unregister(self, fd: int, /) -> None:
        del self._masks[fd]

    def poll(self, timeout: float | None = None, /) -> list[tuple[int, int]]:
        masks = self._masks
        readers = [fd for fd, mask in masks.items() if mask & READY_TO_READ]
        writers = [fd for fd, mask in masks.items() if mask & READY_TO_WRITE]
        seconds = None if timeout is None else timeout / 1000.0
        try:
            # The third set: where poll is missing, a failed connect is only reported there.
            ready = select.select(readers, writers, writers, seconds)
        except ValueError as error:
            raise OSError(errno.EBADF, f"select() cannot wait for it: {error}") from error
        found: dict[int, int] = {}
        for fds, mask in zip(ready, (READY_TO_READ, READY_TO_WRITE, FAILED), strict=True):
            for fd in fds:
                found[fd] = found.get(fd, 0) | mask
        return list(found.items())
