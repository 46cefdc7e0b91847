"""How far a download is, on a terminal: by rich where it is installed, else one line of text."""

from __future__ import annotations

from threading import Event, Thread
from time import monotonic

from h11client._cli.terminal import find_rich, visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Any, Protocol

    from h11client import Progress
    from h11client._cli.terminal import Terminal

    class Bar(Protocol):
        """A context manager that is told how far it is."""

        def __enter__(self) -> Bar: ...
        def __exit__(
            self,
            kind: type[BaseException] | None,
            error: BaseException | None,
            traceback: TracebackType | None,
        ) -> None: ...
        def show(self, progress: Progress) -> None: ...


__all__ = ["PlainBar", "make_bar", "size_text"]

_BETWEEN = 0.1  # seconds from one drawing to the next; what is faster cannot be seen
_BAR = 20  # characters


def make_bar(name: str, terminal: Terminal, silent: bool) -> Bar:
    """The progress bar for a file; one that is not seen where nobody looks."""
    name = visible(name)
    if silent or not terminal.is_tty:
        return NoBar()
    if find_rich("progress") is not None:
        return RichBar(name, terminal)
    return PlainBar(name, terminal)


class NoBar:
    """Shows nothing."""

    def __enter__(self) -> NoBar:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def show(self, progress: Progress) -> None:
        """Does not."""


class PlainBar:
    """One line that is written again and again, by a thread: also while nothing comes."""

    def __init__(
        self, name: str, terminal: Terminal, clock: Callable[[], float] = monotonic
    ) -> None:
        self._name = name
        self._terminal = terminal
        self._clock = clock
        self._began: tuple[float, int] | None = None  # when, and with how many bytes
        self._latest: Progress | None = None
        self._width = 0
        self._over = Event()
        self._thread = Thread(target=self._draw_on, daemon=True)

    def __enter__(self) -> PlainBar:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self._thread.join()
        if self.draw():
            self._terminal.write("\n")

    def show(self, progress: Progress) -> None:
        """Notes how far it is."""
        if self._latest is None or progress.done < self._latest.done:
            self._began = (self._clock(), progress.done)  # also when a server begins again
        self._latest = progress

    def draw(self) -> bool:
        """Writes the line; whether there is anything to be told."""
        if self._latest is None or self._began is None:
            return False
        began, before = self._began
        seconds = self._clock() - began
        speed = (self._latest.done - before) / seconds if seconds > 0 else 0.0
        line = self._line(self._latest, speed)[: self._terminal.columns() - 1]
        self._terminal.write("\r" + line.ljust(self._width))
        self._width = len(line)
        return True

    def _draw_on(self) -> None:
        try:
            while not self._over.wait(_BETWEEN):
                self.draw()
        except OSError:
            pass  # there is no terminal any more

    def _line(self, progress: Progress, speed: float) -> str:
        done, total = progress.done, progress.total
        rate = f"{size_text(int(speed))}/s"
        if not total:
            return f"{self._name}  {size_text(done)}  {rate}"
        filled = min(_BAR, _BAR * done // total)
        line = f"{self._name}  {done / total:4.0%} [{'#' * filled}{'.' * (_BAR - filled)}]"
        line += f"  {size_text(done)} of {size_text(total)}  {rate}"
        if speed and done < total:
            line += f"  {_duration(int((total - done) / speed))} left"
        return line


class RichBar:
    """The bar of rich."""

    def __init__(self, name: str, terminal: Terminal) -> None:
        rich: Any = find_rich("progress")
        console: Any = find_rich("console")
        self._bars = rich.Progress(
            rich.TextColumn("{task.description}", markup=False),
            rich.BarColumn(),
            rich.TaskProgressColumn(),
            rich.DownloadColumn(),
            rich.TransferSpeedColumn(),
            rich.TimeRemainingColumn(),
            console=console.Console(file=terminal.file),
        )
        self._task = self._bars.add_task(name, total=None, start=False)
        self._done: int | None = None

    def __enter__(self) -> RichBar:
        return self

    def __exit__(self, *error: object) -> None:
        if self._done is not None:
            self._bars.stop()

    def show(self, progress: Progress) -> None:
        """Notes how far it is; a thread of rich's draws it, once there is something to be seen."""
        if self._done is None:
            self._bars.start()
        if self._done is None or progress.done < self._done:
            # What was there before has not come with any speed.
            self._bars.reset(self._task, completed=progress.done, total=progress.total)
        self._done = progress.done
        self._bars.update(self._task, completed=progress.done, total=progress.total)


def size_text(size: int) -> str:
    """A number of bytes, to be read.

    >>> size_text(999), size_text(2_500_000)
    ('999 B', '2.5 MB')
    """
    value = float(size)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} TB"


def _duration(seconds: int) -> str:
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
