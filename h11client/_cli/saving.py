"""The response in a file: one that is only ever whole, and a download that can be resumed."""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager

from h11client._cli.failures import FileFailure, Unfinished, UsageError
from h11client._cli.printing import write_response
from h11client._cli.progress import make_bar, size_text
from h11client._downloads.download import Downloading
from h11client._downloads.names import name_from_url
from h11client.exceptions import IncompleteBody, RequestException, Timeout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, BinaryIO

    from h11client import Progress, Response, Session
    from h11client._cli.arguments import Arguments
    from h11client._cli.sending import Sending
    from h11client._cli.terminal import Terminal

__all__ = ["download", "is_download", "save_response", "shown_bar"]


_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)


def is_download(given: Arguments, sending: Sending) -> bool:
    """Whether it is one that can be resumed: a GET, whose body becomes a file as it is."""
    plain = sending.method == "GET" and not sending.has_body
    plain = plain and not (given.include or given.pretty or given.no_follow)
    special = given.remote_name or given.resume or given.checksum is not None
    if special and not plain:
        raise UsageError("-O, --resume and --checksum go with a GET, with no body, -i or --pretty")
    if given.output and _is_device(given.output):
        if special:
            raise UsageError(f"{given.output!r} is no file that could be resumed or checked")
        return False
    return plain


def download(
    session: Session,
    sending: Sending,
    given: Arguments,
    terminal: Terminal,
    options: dict[str, Any],
) -> Any:
    """Downloads into the file, or into the directory, and returns what it has come to.

    Raises `Unfinished` for whatever ends it, KeyboardInterrupt included.
    """
    path = given.output or os.curdir
    name = os.path.basename(path) if given.output and not os.path.isdir(path) else ""
    bar = make_bar(name or name_from_url(sending.url), terminal, given.silent or given.verbose)
    keywords = {**sending.keywords, **options}
    came = 0

    def show(progress: Progress) -> None:
        nonlocal came
        came = progress.done
        bar.show(progress)

    try:
        downloading = Downloading(
            session, sending.url, path, given.resume, given.checksum, show, keywords
        )
    except ValueError as error:
        raise UsageError(str(error)) from error
    try:
        with bar:
            done = downloading.run()
    except BaseException as error:
        broken_off = came and isinstance(error, (KeyboardInterrupt, IncompleteBody, Timeout))
        raise Unfinished(error, _hint(downloading, given, bool(broken_off))) from error
    if not name and terminal.is_tty and not given.silent:  # the server has had a say in it
        terminal.write_parts([(f"saved as {done.path}\n", "")])
    return done


def _hint(downloading: Downloading, given: Arguments, broken_off: bool) -> str:
    """What is left, and what can be done with it."""
    if not downloading.kept:
        nothing = "nothing of it could be kept, as the server has no strong ETag for it"
        return nothing if broken_off else ""
    again = "the same command" if given.resume else "the same command with --resume"
    size = size_text(downloading.kept)
    return f"{size} are kept in {downloading.partial_path}, and {again} goes on from there"


@contextmanager
def shown_bar(given: Arguments, terminal: Terminal, options: dict[str, Any]) -> Iterator[None]:
    """Shows how far a response is that goes into a file; `options` are those of the call."""
    name = os.path.basename(given.output or "")
    bar = make_bar(name, terminal, given.silent or given.verbose)

    def show(progress: Progress) -> None:
        if progress.direction == "down":
            bar.show(progress)

    options["on_progress"] = show
    with bar:
        yield


def save_response(response: Response, given: Arguments) -> None:
    """Writes the response into the file that was named, which is replaced when it is whole."""
    path = given.output or ""
    try:
        with _replacing(path) as file:
            write_response(response, given, file)
    except RequestException:
        raise  # an OSError too, and no fault of the file's
    except OSError as error:
        raise FileFailure.of(error, path) from error


@contextmanager
def _replacing(path: str) -> Iterator[BinaryIO]:
    """A new file that gets the name `path` at the end; a device or pipe is written as it is."""
    if _is_device(path):
        with open(path, "wb") as file:
            yield file
        return
    target = os.path.realpath(path)  # through a link, as if the file itself were opened
    folder, name = os.path.split(target)
    temporary = os.path.join(folder, f".{name[:100]}.{os.getpid()}.new")
    with open(os.open(temporary, _NEW, 0o666), "wb") as file:
        try:
            if os.path.exists(target):
                os.chmod(temporary, stat.S_IMODE(os.stat(target).st_mode))
            yield file
            file.close()
            os.replace(temporary, target)
        except BaseException:
            os.unlink(temporary)
            raise


def _is_device(path: str) -> bool:
    """Whether something of that name is neither a file nor a directory: /dev/null, a pipe."""
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))
