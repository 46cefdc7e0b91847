"""The partial file of a download: what has come so far, and a note of what it is a part of.

`name.part` is the beginning of a representation, `name.part.json` the note that says of which one.
A process may be killed at any moment, so there is never a note beside bytes that it is not about:
it is removed before the first byte of something else is written, and written before the first
byte that it is about. The note goes when the file has got its name.

What was written before the system went down may be gone or be zeros, although the size says
otherwise. So the note also says how many bytes have reached the disk for certain, and more than
these are only trusted as long as the system is still running that they were written under.

Where several may write (in a directory for temporary files, for instance), a partial file that
somebody else has put there is an error: a symbolic link, one with other names or of another owner.
A lock keeps apart those who download to the same place at the same time.
"""

from __future__ import annotations

import errno
import json
import os
import stat
from contextlib import contextmanager

from h11client import _log
from h11client._downloads.names import shortened
from h11client._downloads.ranges import Representation
from h11client.exceptions import DownloadError

try:
    import fcntl
except ImportError:  # Windows: only the threads of one process are kept apart
    fcntl = None  # type: ignore[assignment]  # the name is tested before use

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

__all__ = ["PartialFile", "partial_path"]

SYNC_STEP = 64 * 1024 * 1024  # bytes that may have to come again after the system went down
_LONGEST_NOTE = 16384  # bytes
_LONGEST_NAME = 255 - len(".part.json.new")  # bytes that systems allow in the name of a file
_BOOT_ID = "/proc/sys/kernel/random/boot_id"
_VERSION = 1  # of the note
_TRIES = 100  # to open what others may be renaming at the same time
_FLAGS = os.O_RDWR | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
_NO_LINK = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)  # nor wait for a pipe

_in_use: set[str] = set()  # by the threads of this process, where there are no locks


def partial_path(target: str) -> str:
    """Where what comes for `target` is kept until it is whole."""
    folder, name = os.path.split(target)
    return os.path.join(folder, shortened(name, _LONGEST_NAME) + ".part")


class PartialFile:
    """An open partial file that nobody else writes; to be closed.

    `size` is how many bytes of it are there, `known` what they are a part of: None when nobody
    knows, and they are of no use. Raises `DownloadError` for what the system does not do.
    """

    def __init__(self, path: str, mode: int | None = None) -> None:
        self.path = path
        self.note_path = f"{path}.json"
        self.known: Representation | None = None
        self.size = 0
        self._synced = 0
        self._changed = False
        self._moved = False
        self._boot = _boot_id()
        with self._translated("be written"):
            self._descriptor = _open(path)
            try:
                if mode is not None and hasattr(os, "fchmod"):
                    os.fchmod(self._descriptor, mode & 0o777)
                self._read_note()
            except BaseException:
                self._unlock()
                raise

    # --- what an earlier call has left -----------------------------------------------------

    def _read_note(self) -> None:
        size = os.fstat(self._descriptor).st_size
        note = _read_note(self.note_path, self._descriptor)
        if note is None:
            return
        known, synced, boot = note
        if boot is None or boot != self._boot:
            size = min(size, synced)
        if size and known.validator and (known.total is None or size <= known.total):
            self.known, self.size, self._synced = known, size, min(size, synced)

    @property
    def can_go_on(self) -> bool:
        """Whether there is something that another request can be sent for the rest of."""
        return self.size > 0 and self.known is not None and self.known.validator is not None

    def blocks(self) -> Iterator[bytes]:
        """What is there, from the beginning."""
        with self._translated("be read"), open(self.path, "rb") as file:
            left = self.size
            while left and (block := file.read(min(left, 1024 * 1024))):
                left -= len(block)
                yield block

    def forget(self) -> None:
        """What is there is of no use."""
        self.known, self.size = None, 0

    # --- what comes now --------------------------------------------------------------------

    def begin(self, known: Representation) -> None:
        """Forgets what is there: from now on it is a part of `known`."""
        self._changed = True
        with self._translated("be written"):
            if _remove(self.note_path):
                _sync_directory(self.path)  # not to come back when the system goes down
            os.ftruncate(self._descriptor, 0)
            self.known, self.size, self._synced = known, 0, 0
            self._write_note()

    def append(self, data: bytes) -> None:
        """Puts `data` behind what is there."""
        self._changed = True
        with self._translated("be written"):
            # What an interruption, or a system that went down, has left behind is not counted.
            os.lseek(self._descriptor, self.size, os.SEEK_SET)
            view = memoryview(data)
            while view:
                written = os.write(self._descriptor, view)
                self.size += written
                view = view[written:]
            if self.size - self._synced >= SYNC_STEP:
                self._sync()
                self._write_note()

    def _sync(self) -> None:
        try:
            getattr(os, "fdatasync", os.fsync)(self._descriptor)
        except OSError:
            self.known = None  # nobody knows what is on the disk
            _remove(self.note_path)
            raise
        self._synced = self.size

    def _write_note(self) -> None:
        known = self.known
        if known is None or known.validator is None:
            return
        values = {name: getattr(known, name) for name in Representation.__slots__}
        values |= {"version": _VERSION, "synced": self._synced, "boot": self._boot}
        new = f"{self.note_path}.new"
        _remove(new)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | (_FLAGS & ~os.O_RDWR)
        descriptor = os.open(new, flags, 0o600)
        try:
            left = memoryview(json.dumps(values).encode())
            while left:
                left = left[os.write(descriptor, left) :]
        finally:
            os.close(descriptor)
        os.replace(new, self.note_path)

    # --- the end ---------------------------------------------------------------------------

    def keep(self) -> bool:
        """Leaves what is there for another call; whether that can use it. Raises nothing."""
        try:
            if self._moved:
                return False
            if not self._changed and os.fstat(self._descriptor).st_size:
                return self.can_go_on  # it is as it was found, whatever that was
            if not self.can_go_on:
                self.discard()
                return False
            os.ftruncate(self._descriptor, self.size)
            self._sync()
            self._write_note()
        except OSError as error:
            _log.debug("what has come of a download could not be kept: %s", error)
        return self.can_go_on

    def discard(self) -> None:
        """Removes it, with its note; raises nothing."""
        self.forget()
        if self._moved or not _is_still_there(self._descriptor, self.path):
            return
        for path in (self.note_path, f"{self.note_path}.new", self.path):
            try:
                _remove(path)
            except OSError as error:
                _log.debug("%s could not be removed: %s", path, error)

    def move_to(self, target: str, replace: bool) -> None:
        """Gives the file its name; what had that name before is there until then.

        Raises `DownloadError` when something of that name is there, unless it may be replaced.
        """
        with self._translated(f"become {target!r}"):
            os.ftruncate(self._descriptor, self.size)
            os.fsync(self._descriptor)
            if not _is_still_there(self._descriptor, self.path):
                raise FileNotFoundError(errno.ENOENT, "somebody has removed it meanwhile")
            if os.name == "nt":  # which does not rename what is open
                os.close(self._descriptor)
                self._descriptor = -1
            if replace:
                os.replace(self.path, target)
            else:
                _rename_to_nothing(self.path, target)
            self._moved = True
            _sync_directory(target)
        # It is done; what is left over does no harm.
        try:
            _remove(self.note_path)
        except OSError as error:
            _log.debug("%s could not be removed: %s", self.note_path, error)

    def close(self) -> None:
        """Lets others write it."""
        if self._descriptor >= 0:
            self._unlock()

    def _unlock(self) -> None:
        descriptor, self._descriptor = self._descriptor, -1
        _in_use.discard(self.path)
        try:
            if fcntl is not None:
                # Closing would not do it as long as a child has the same descriptor.
                fcntl.flock(descriptor, fcntl.LOCK_UN)
        except OSError:
            pass
        finally:
            os.close(descriptor)

    @contextmanager
    def _translated(self, what: str) -> Iterator[None]:
        try:
            yield
        except DownloadError:
            raise
        except OSError as error:
            raise DownloadError.of(error, f"{self.path!r} cannot {what}", self.path) from error


def _open(path: str) -> int:
    """The descriptor of a partial file of ours, with its lock."""
    for _ in range(_TRIES):
        try:
            descriptor = os.open(path, _FLAGS | os.O_CREAT | os.O_EXCL, 0o666)
        except FileExistsError:
            descriptor = _open_existing(path)
            if descriptor < 0:
                continue
        try:
            _lock(descriptor, path)
            if _is_still_there(descriptor, path):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)  # somebody else has finished it
    raise OSError(errno.EBUSY, "it is being replaced again and again")


def _open_existing(path: str) -> int:
    """A descriptor, or -1: it is gone now, and a new one is to be made."""
    try:
        descriptor = os.open(path, _FLAGS | _NO_LINK)
    except FileNotFoundError:
        return -1
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.EMLINK, errno.ENXIO):
            raise _not_ours() from error
        raise
    found = os.fstat(descriptor)
    if stat.S_ISREG(found.st_mode) and found.st_nlink <= 1 and _is_ours(found):
        return descriptor
    os.close(descriptor)
    if found.st_nlink == 0:
        return -1
    raise _not_ours()


def _not_ours() -> OSError:
    return OSError(errno.EEXIST, "something else of that name is there")


def _is_ours(found: os.stat_result) -> bool:
    return not hasattr(os, "geteuid") or found.st_uid == os.geteuid()


def _lock(descriptor: int, path: str) -> None:
    taken = OSError(errno.EBUSY, "another download is writing it")
    if fcntl is None:
        if path in _in_use:
            raise taken
        _in_use.add(path)
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
            raise taken from error
        _log.debug("%s cannot be locked: %s", path, error)  # not every file system can


def _is_still_there(descriptor: int, path: str) -> bool:
    try:
        found = os.stat(path, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return os.path.samestat(found, os.fstat(descriptor))


def _read_note(path: str, partial: int) -> tuple[Representation, int, str | None] | None:
    """What is known of a partial file, how much of it is safe, and since when; None: nothing."""
    try:
        descriptor = os.open(path, os.O_RDONLY | (_FLAGS & ~os.O_RDWR) | _NO_LINK)
        try:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode) or found.st_uid != os.fstat(partial).st_uid:
                return None
            values: Any = json.loads(os.read(descriptor, _LONGEST_NOTE))
        finally:
            os.close(descriptor)
        known = Representation(**{name: values[name] for name in Representation.__slots__})
        synced, boot = values["synced"], values["boot"]
        fitting = values["version"] == _VERSION and type(synced) is int and synced >= 0
        fitting = fitting and (known.total is None or type(known.total) is int)
        texts = (known.asked, known.found, known.validator or "", known.coding, known.name or "")
        fitting = fitting and all(isinstance(text, str) for text in texts)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return (known, synced, boot) if fitting else None


def _remove(path: str) -> bool:
    """Removes a file; whether there was one."""
    try:
        os.unlink(path)
    except FileNotFoundError:
        return False
    return True


def _rename_to_nothing(path: str, target: str) -> None:
    """As `os.rename`, where nothing is replaced."""
    if hasattr(os, "link"):
        try:
            os.link(path, target)
        except FileExistsError:
            raise
        except OSError:
            pass  # a file system without hard links
        else:
            os.unlink(path)
            return
    if os.path.lexists(target):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), target)
    os.rename(path, target)


def _sync_directory(path: str) -> None:
    """Lets what was renamed or removed reach the disk, where directories can be opened."""
    try:
        descriptor = os.open(os.path.dirname(path) or ".", os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(descriptor)
    except OSError:
        pass  # not every file system can
    finally:
        os.close(descriptor)


def _boot_id() -> str | None:
    """What tells the time since the system was started from all others; None: nobody knows."""
    try:
        with open(_BOOT_ID, encoding="ascii") as file:
            return file.read(100).strip() or None
    except (OSError, ValueError):
        return None
