"""Partial files: what a killed process leaves is used when it is known what it is, else not."""

from __future__ import annotations

import errno
import json
import os
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from h11client import DownloadError
from h11client._downloads import partial as partial_module
from h11client._downloads.partial import PartialFile, partial_path
from h11client._downloads.ranges import Representation


def known_of(**changes: Any) -> Representation:
    values = {"asked": "a", "found": "b", "validator": '"v1"', "total": 10, **changes}
    return Representation(**values)


@contextmanager
def opened(path: Path, **options: Any) -> Iterator[PartialFile]:
    partial = PartialFile(str(path), **options)
    try:
        yield partial
    finally:
        partial.close()


def begun(path: Path, data: bytes = b"abc", **changes: Any) -> Path:
    """Leaves a partial file as a process that was killed does."""
    with opened(path) as partial:
        partial.begin(known_of(**changes))
        partial.append(data)
    return path


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.part"


def test_a_partial_file_is_beside_its_target() -> None:
    assert partial_path("dir/a.txt") == os.path.join("dir", "a.txt.part")
    assert partial_path("a") == "a.part"
    longest = "é" * 127 + ".gz"  # 257 bytes: the system will say so, and not about another name
    for name in ("a" * 255, longest):
        made = os.path.basename(partial_path(name))
        assert len(os.fsencode(made + ".json.new")) <= 255
        assert made.endswith(".part")


def test_what_was_begun_goes_on(path: Path) -> None:
    begun(path, b"abc", name="x.txt", coding="gzip")
    with opened(path) as partial:
        assert partial.can_go_on
        assert partial.size == 3
        assert partial.known is not None
        for name in Representation.__slots__:
            known = known_of(name="x.txt", coding="gzip")
            assert getattr(partial.known, name) == getattr(known, name)
        assert b"".join(partial.blocks()) == b"abc"
        partial.append(b"def")
        partial.move_to(str(path.with_name("a")), True)
        assert not partial.keep()
    assert files(path.parent) == ["a"]
    assert path.with_name("a").read_bytes() == b"abcdef"


@pytest.mark.parametrize(
    "note",
    [
        None,
        b"",
        b"{",
        b"[]",
        b"null",
        b"7",
        b'"text"',
        b"\xff",
        b"[" * 10_000,
        {"version": 2},
        {"validator": None},
        {"validator": 7},
        {"total": "10"},
        {"total": 2},
        {"asked": None},
        {"synced": "3"},
        {"synced": None},
        {"found": 7},
        {"name": 7},
        {"coding": None},
    ],
    ids=lambda note: str(note)[:20],
)
def test_what_nobody_knows_anything_about_is_not_used(path: Path, note: Any) -> None:
    begun(path)
    written = path.with_name("a.part.json")
    if note is None:
        written.unlink()
    elif isinstance(note, bytes):
        written.write_bytes(note)
    else:
        written.write_text(json.dumps({**json.loads(written.read_text()), **note}))
    with opened(path) as partial:
        assert (partial.can_go_on, partial.size) == (False, 0)
        partial.begin(known_of(validator='"v2"'))
        partial.append(b"x")
    assert path.read_bytes() == b"x"
    with opened(path) as partial:
        assert partial.known is not None
        assert partial.known.validator == '"v2"'


@pytest.mark.parametrize(
    ("synced", "size"), [(0, 0), (2, 2), (3, 3), (7, 5)], ids=["none", "some", "more", "all"]
)
def test_after_the_system_went_down_only_what_had_reached_the_disk_is_used(
    path: Path, monkeypatch: pytest.MonkeyPatch, synced: int, size: int
) -> None:
    begun(path, b"abc\0\0")
    note = path.with_name("a.part.json")
    note.write_text(json.dumps({**json.loads(note.read_text()), "synced": synced}))
    with opened(path) as partial:
        assert partial.size == 5
    for boot in ("another", None):  # None: nobody knows whether it went down
        monkeypatch.setattr(partial_module, "_boot_id", lambda boot=boot: boot)
        with opened(path) as partial:
            assert partial.size == size


def test_the_system_tells_its_runs_apart() -> None:
    if os.path.exists("/proc/sys/kernel/random/boot_id"):
        assert len(partial_module._boot_id() or "") == 36
    else:
        assert partial_module._boot_id() is None


def test_what_is_large_reaches_the_disk_in_steps(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partial_module, "SYNC_STEP", 10)
    note = path.with_name("a.part.json")
    synced = []
    with opened(path) as partial:
        partial.begin(known_of(total=None))
        for _ in range(8):
            partial.append(b"abcd")
            synced.append(json.loads(note.read_text())["synced"])
        assert synced == [0, 0, 12, 12, 12, 24, 24, 24]
        assert partial.keep()
    assert json.loads(note.read_text())["synced"] == 32


def test_what_is_begun_again_forgets_everything(path: Path) -> None:
    begun(path, b"abcdef")
    with opened(path) as partial:
        partial.begin(known_of(validator='"v2"'))
        assert path.read_bytes() == b""
        partial.append(b"x")
        assert partial.keep()
    with opened(path) as partial:
        assert partial.known is not None
        assert (partial.known.validator, partial.size) == ('"v2"', 1)


def test_what_cannot_go_on_is_not_left_behind(path: Path) -> None:
    with opened(path) as partial:
        partial.begin(known_of(validator=None))
        partial.append(b"abc")
        assert files(path.parent) == ["a.part"]
        assert not partial.keep()
    assert files(path.parent) == []
    with opened(path) as partial:
        assert not partial.keep()  # nothing has come
    assert files(path.parent) == []


def test_what_was_there_before_is_left_as_it_was(path: Path) -> None:
    begun(path)
    with opened(path) as partial:
        partial.forget()  # it was of another URL, and then there was no answer
        assert not partial.keep()
    assert path.read_bytes() == b"abc"
    with opened(path) as partial:
        assert partial.can_go_on


def test_two_do_not_write_one_file(path: Path) -> None:
    with opened(path) as partial:
        partial.begin(known_of())
        for _ in range(2):
            with pytest.raises(DownloadError, match="another download is writing it") as caught:
                PartialFile(str(path))
        assert caught.value.errno == errno.EBUSY
        partial.append(b"abc")
        partial.move_to(str(path.with_name("a")), True)
        begun(path)  # that one is over, and this is another file
    assert files(path.parent) == ["a", "a.part", "a.part.json"]


def test_a_child_does_not_keep_the_lock_of_its_parent(path: Path) -> None:
    partial = PartialFile(str(path))
    inherited = os.dup(partial._descriptor)  # as a forked child has it
    partial.close()
    begun(path)
    os.close(inherited)


def test_systems_without_such_locks_keep_threads_apart(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partial_module, "fcntl", None)
    with opened(path), pytest.raises(DownloadError, match="another download"):
        PartialFile(str(path))
    begun(path)


def test_file_systems_without_locks_do_without(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_locks(descriptor: int, what: int) -> None:
        raise OSError(errno.ENOLCK, "no locks available")

    monkeypatch.setattr(partial_module.fcntl, "flock", no_locks)
    begun(path)
    with opened(path) as partial:
        assert partial.size == 3


def test_many_threads_take_turns(path: Path) -> None:
    finished = []

    def download(number: int) -> None:
        for _ in range(20):
            try:
                with opened(path) as partial:
                    partial.begin(known_of())
                    partial.append(b"%d" % number * 10)
                    target = path.with_name(f"{number}")
                    partial.move_to(str(target), True)
                assert target.read_bytes() == b"%d" % number * 10
                finished.append(number)
            except DownloadError as error:
                assert error.errno == errno.EBUSY

    threads = [threading.Thread(target=download, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(finished) >= 1
    assert set(files(path.parent)) == {str(number) for number in finished}


def make_link(path: Path, other: Path) -> None:
    path.symlink_to(other)


def make_hard_link(path: Path, other: Path) -> None:
    os.link(other, path)


def make_pipe(path: Path, other: Path) -> None:
    os.mkfifo(path)


def make_directory(path: Path, other: Path) -> None:
    path.mkdir()


@pytest.mark.safety("L4")
@pytest.mark.parametrize("make", [make_link, make_hard_link, make_pipe, make_directory])
def test_what_somebody_has_put_there_is_not_written(tmp_path: Path, path: Path, make: Any) -> None:
    other = tmp_path / "other"
    other.write_bytes(b"precious")
    make(path, other)
    with pytest.raises(DownloadError) as caught:
        PartialFile(str(path))
    assert "a.part" in str(caught.value)
    assert caught.value.__cause__ is not None
    assert other.read_bytes() == b"precious"
    assert os.path.lexists(path)


@pytest.mark.safety("L4")
def test_the_file_of_somebody_else_is_not_written(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun(path)
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    with pytest.raises(DownloadError, match="something else of that name"):
        PartialFile(str(path))


@pytest.mark.safety("L4")
@pytest.mark.parametrize("make", [make_link, make_pipe, make_directory])
def test_the_note_of_somebody_else_is_not_believed(path: Path, make: Any) -> None:
    begun(path)
    note = path.with_name("a.part.json")
    other = path.with_name("other")
    note.rename(other)
    make(note, other)
    with opened(path) as partial:
        assert not partial.can_go_on


def test_a_file_that_is_removed_meanwhile_is_told_and_nothing_takes_its_place(path: Path) -> None:
    target = path.with_name("a")
    target.write_bytes(b"old")
    with opened(path) as partial:
        partial.begin(known_of())
        partial.append(b"abc")
        path.unlink()
        path.write_bytes(b"of somebody else")
        with pytest.raises(DownloadError, match="removed it meanwhile"):
            partial.move_to(str(target), True)
        partial.keep()
        partial.discard()
    assert target.read_bytes() == b"old"
    assert path.read_bytes() == b"of somebody else"


def test_nothing_is_replaced_that_may_not_be(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = path.with_name("a")

    def no_links(source: str, target: str) -> None:
        raise PermissionError(errno.EPERM, "not here")

    for has_links in (True, False):
        if not has_links:
            monkeypatch.setattr(os, "link", no_links)
        target.write_bytes(b"old")
        with opened(path) as partial:
            partial.begin(known_of())
            partial.append(b"abc")
            with pytest.raises(DownloadError) as caught:
                partial.move_to(str(target), False)
            assert caught.value.errno == errno.EEXIST
            assert target.read_bytes() == b"old"
            target.unlink()
            partial.move_to(str(target), False)
        assert target.read_bytes() == b"abc"
        assert files(path.parent) == ["a"]


def test_the_mode_is_that_of_the_file_to_be_replaced(path: Path) -> None:
    with opened(path, mode=0o4640) as partial:
        partial.begin(known_of())
        assert stat.S_IMODE(path.stat().st_mode) == 0o640  # and never that of another user
    umask = os.umask(0o027)
    try:
        with opened(path.with_name("b.part")):
            assert stat.S_IMODE(path.with_name("b.part").stat().st_mode) == 0o640
    finally:
        os.umask(umask)


@pytest.mark.parametrize("call", ["write", "ftruncate", "lseek", "fdatasync", "fsync", "replace"])
def test_what_the_system_does_not_do_is_told(
    path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    def fail(*args: Any, **kwargs: Any) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(partial_module, "SYNC_STEP", 3)
    with opened(path) as partial:
        monkeypatch.setattr(os, call, fail)
        with pytest.raises(DownloadError, match=r"a\.part.*Input/output error") as caught:
            partial.begin(known_of())
            partial.append(b"abc")
            partial.move_to(str(path.with_name("a")), True)
        assert caught.value.errno == errno.EIO
        assert isinstance(caught.value.__cause__, OSError)
        assert caught.value.path == str(path)
        partial.keep()  # raises nothing
        if call == "fdatasync":
            assert not partial.can_go_on  # nobody knows what is on the disk
    assert not path.with_name("a").exists()


def test_a_system_that_takes_less_at_a_time_gets_all(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, bytes(data)[:7000]))
    with opened(path) as partial:
        partial.begin(known_of(total=None))
        partial.append(bytes(range(256)) * 1000)
        assert partial.size == 256_000
    assert path.read_bytes() == bytes(range(256)) * 1000


def test_an_interruption_leaves_what_is_counted(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = os.write

    def interrupted(descriptor: int, data: Any) -> int:
        write(descriptor, data)
        raise KeyboardInterrupt

    with opened(path) as partial:
        partial.begin(known_of())
        partial.append(b"abc")
        monkeypatch.setattr(os, "write", interrupted)
        with pytest.raises(KeyboardInterrupt):
            partial.append(b"def")
        monkeypatch.setattr(os, "write", write)
        assert partial.keep()
    assert path.read_bytes() == b"abc"


def test_other_systems_have_other_calls(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for missing in ("fdatasync", "geteuid", "fchmod"):
        monkeypatch.delattr(os, missing)
    monkeypatch.delattr(os, "link")
    begun(path)
    with opened(path, mode=0o600) as partial:
        assert partial.size == 3
        partial.append(b"def")
        partial.keep()
        partial.move_to(str(path.with_name("a")), False)
    assert path.with_name("a").read_bytes() == b"abcdef"
