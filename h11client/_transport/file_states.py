"""Whether files that TLS is configured by have changed: their state, as a value to be compared."""

from __future__ import annotations

from itertools import islice
from os import pathsep, scandir, stat
from stat import S_ISDIR
from time import monotonic

from h11client._translation import let_pass

__all__ = ["file_state"]

_LOOK_AGAIN = 1.0  # seconds; a directory may hold hundreds of files, and each request asks
_MOST_ENTRIES = 4096  # of a directory that are looked at
_MOST_REMEMBERED = 32

# By path: the state of the directory itself, when its files were looked at, and their state.
_directories: dict[str, tuple[object, float, object]] = {}


def file_state(path: str) -> object:
    """Changes when the file does, or one of a list of directories; None when nothing is there.

    A file that is written anew inside of a directory counts too, within a second.
    """
    try:
        found = stat(path)
    except OSError as error:
        let_pass(error)
        parts = path.split(pathsep)
        states = tuple(map(file_state, parts)) if len(parts) > 1 else ()
        return states if any(states) else None
    own = found.st_mtime_ns, found.st_size, found.st_ino
    return (*own, _files_of(path, own)) if S_ISDIR(found.st_mode) else own


def _files_of(path: str, own: object) -> object:
    now = monotonic()
    known = _directories.get(path)
    if known is not None and known[0] == own and now < known[1] + _LOOK_AGAIN:
        return known[2]
    files: set[tuple[str, int, int]] = set()
    try:
        with scandir(path) as entries:
            for entry in islice(entries, _MOST_ENTRIES):
                try:
                    found = entry.stat()
                except OSError as error:
                    let_pass(error)
                    found = entry.stat(follow_symlinks=False)  # it leads nowhere
                files.add((entry.name, found.st_mtime_ns, found.st_size))
    except OSError as error:
        let_pass(error)  # it cannot be read, which whoever loads from it will say
    state = hash(frozenset(files))
    if len(_directories) >= _MOST_REMEMBERED:
        _directories.clear()
    _directories[path] = own, now, state
    return state
