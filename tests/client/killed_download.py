"""A program: downloads are killed before and after every system call, and then go on.

For each call that a download makes of the system for its files, a child is forked that kills itself
there. Then it is checked that the file is either the old one or the new one, and that another
download ends with what the server has, whether that is the same as before or something else.
Prints how many children were killed.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from pathlib import Path
from typing import Any

from h11client import Session
from h11client.testing import MockTransport
from tests.client.file_origin import FileOrigin

CALLS = ("open", "write", "ftruncate", "lseek", "fdatasync", "fsync", "fstat", "stat", "replace")
CALLS += ("link", "unlink", "close", "fchmod")
URL = "http://a.test/data.bin"
ONE, OTHER = bytes(range(40)), bytes(range(40, 80))
OLD = b"old"


def download(path: Path, content: bytes, cuts: Any = ()) -> Any:
    """The tag is that of the content, as a strong validator has to be."""
    origin = FileOrigin(content, f'"{content[0]}"', cuts=cuts, piece=10)
    with Session(transport=MockTransport(origin), trust_env=False) as session:
        return session.download(URL, path, retries=0)


def arrange(folder: Path, scene: str) -> Path:
    """A folder with an old file, and perhaps what an earlier download has left."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    path = folder / "data.bin"
    if scene != "directory":
        path.write_bytes(OLD)
    if scene in ("same", "other"):
        try:
            download(path, ONE if scene == "same" else OTHER, cuts=[25])
        except OSError:
            pass
        assert path.with_name("data.bin.part").stat().st_size == 25
    return folder if scene == "directory" else path


def kill_in_child(target: Path, at: int, after: bool) -> bool:
    """Whether the child was killed, at its so-manieth call; if not, there were fewer."""
    child = os.fork()
    if child == 0:
        left = at
        for name in CALLS:
            original = getattr(os, name)

            def counted(*args: Any, original: Any = original, **kwargs: Any) -> Any:
                nonlocal left
                left -= 1
                if left == 0 and not after:
                    os.kill(os.getpid(), signal.SIGKILL)
                try:
                    return original(*args, **kwargs)
                finally:
                    if left == 0:
                        os.kill(os.getpid(), signal.SIGKILL)

            setattr(os, name, counted)
        download(target, ONE)
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert status == 0, status
    return False


def check(folder: Path, target: Path, content: bytes, scene: str) -> None:
    path = folder / "data.bin"
    if path.exists():
        assert path.read_bytes() in (OLD, ONE), path.read_bytes()
        if scene == "directory":  # where nothing is ever replaced
            assert path.read_bytes() == ONE
            path.unlink()
    download(target, content)
    assert path.read_bytes() == content, (path.read_bytes(), content)
    assert [found.name for found in folder.iterdir()] == ["data.bin"], list(folder.iterdir())


def main(folder: Path) -> None:
    killed = 0
    for scene in ("fresh", "same", "other", "directory"):
        for after in (False, True):
            at = 1
            while kill_in_child(target := arrange(folder, scene), at, after):
                check(folder, target, OTHER if at % 2 else ONE, scene)
                at += 1
            assert at > 20, (scene, after, at)
            killed += at - 1
    print(killed)


if __name__ == "__main__":
    main(Path(sys.argv[1]) / "downloads")
