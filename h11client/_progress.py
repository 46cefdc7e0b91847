"""`on_progress=`: how much of a body has gone out, or come in."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, TypeAlias

    OnProgress: TypeAlias = "Callable[[Progress], object]"

__all__ = ["DownloadProgress", "Progress", "UploadProgress"]

BLOCK_SIZE = 256 * 1024  # bytes that go out between two reports


class Progress:
    """How far a body is; a frozen value.

    `done` bytes of `total` (None: nobody knows) were sent or received, as they are on the wire:
    content codings included, framing not. `direction` is "up" or "down". A body that is sent
    again, because of a retry or a redirect, begins again.

    >>> Progress(512, 2048, "down")
    Progress(512, 2048, 'down')
    """

    __slots__ = ("direction", "done", "total")

    done: int
    total: int | None
    direction: str

    def __init__(self, done: int, total: int | None, direction: str) -> None:
        put = object.__setattr__
        put(self, "done", done)
        put(self, "total", total)
        put(self, "direction", direction)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a Progress is frozen; {name!r} cannot be changed")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"a Progress is frozen; {name!r} cannot be deleted")

    def _values(self) -> tuple[int, int | None, str]:
        return self.done, self.total, self.direction

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Progress):
            return NotImplemented
        return self._values() == other._values()

    def __hash__(self) -> int:
        return hash(self._values())

    def __repr__(self) -> str:
        return f"Progress({self.done}, {self.total}, {self.direction!r})"

    def __reduce__(self) -> tuple[object, ...]:
        return Progress, self._values()


class UploadProgress:
    """A request's body that reports what was taken of it.

    It hides that it is there as bytes or as a file, so that it goes out piece by piece.
    """

    __slots__ = ("_inner", "_on_progress", "bytes", "length", "trailers")

    def __init__(self, inner: Any, on_progress: OnProgress) -> None:
        self._inner = inner
        self._on_progress = on_progress
        self.bytes = None
        self.length: int | None = inner.length
        self.trailers = inner.trailers

    def chunks(self) -> Iterator[bytes]:
        """The pieces; whoever asks for the next one has sent the last one."""
        done = 0
        for chunk in self._inner.chunks():
            for start in range(0, len(chunk), BLOCK_SIZE):
                piece = chunk[start : start + BLOCK_SIZE]
                yield piece
                done += len(piece)
                self._on_progress(Progress(done, self.length, "up"))

    def file_region(self) -> None:
        """The kernel does not report."""


class DownloadProgress:
    """A response's body that reports what was read of it."""

    read_rest = None  # it is read piece by piece

    def __init__(self, inner: Any, total: int | None, on_progress: OnProgress) -> None:
        self._inner = inner
        self._done = 0
        self._total = total
        self._on_progress = on_progress

    def read(self, max_bytes: int) -> bytes:
        """Reads as the body does, and then reports."""
        piece: bytes = self._inner.read(max_bytes)
        if piece:
            self._done += len(piece)
            self._on_progress(Progress(self._done, self._total, "down"))
        return piece

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)
