"""Whether files have changed that TLS is configured by."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from h11client._transport import file_states
from h11client._transport.file_states import file_state
from h11client._transport.network import TLSConfig
from h11client.testing import FakeClock


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    clock = FakeClock()
    monkeypatch.setattr(file_states, "monotonic", clock)
    file_states._directories.clear()
    return clock


def rewrite(path: Path) -> None:
    """In place: the directory does not change."""
    directory = path.parent.stat()
    path.write_bytes(b"another")
    os.utime(path.parent, ns=(directory.st_atime_ns, directory.st_mtime_ns))


def test_what_is_not_there_has_no_state(tmp_path: Path) -> None:
    assert file_state(str(tmp_path / "a")) is None
    assert file_state(os.pathsep.join([str(tmp_path / "a"), str(tmp_path / "b")])) is None


@pytest.mark.safety("T1")
@pytest.mark.parametrize("in_a_list", [False, True])
def test_a_file_that_is_written_anew_in_a_directory_is_noticed(
    tmp_path: Path, clock: FakeClock, in_a_list: bool
) -> None:
    file = tmp_path / "0a1b2c3d.0"
    file.write_bytes(b"one")
    path = f"{tmp_path}{os.pathsep}{tmp_path / 'nowhere'}" if in_a_list else str(tmp_path)
    config = TLSConfig(path).with_files()
    rewrite(file)
    assert config.is_current()  # it has just been looked at
    clock.advance(1)
    assert not config.is_current()
    assert config.with_files() != config


@pytest.mark.safety("T1")
def test_where_a_link_leads_counts_and_it_may_lead_nowhere(
    tmp_path: Path, clock: FakeClock
) -> None:
    (tmp_path / "links").mkdir()
    target = tmp_path / "elsewhere" / "ca.pem"
    (tmp_path / "links" / "0a1b2c3d.0").symlink_to(target)
    states = [file_state(str(tmp_path / "links"))]
    target.parent.mkdir()
    for content in (b"one", b"other"):
        target.write_bytes(content)
        clock.advance(1)
        states.append(file_state(str(tmp_path / "links")))
    assert None not in states
    assert len(set(states)) == 3


def test_a_new_file_is_noticed_at_once(tmp_path: Path, clock: FakeClock) -> None:
    before = file_state(str(tmp_path))
    (tmp_path / "0a1b2c3d.0").write_bytes(b"one")
    assert file_state(str(tmp_path)) != before


def test_a_directory_that_cannot_be_listed_has_a_state(
    tmp_path: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: str) -> None:
        raise PermissionError

    monkeypatch.setattr(file_states, "scandir", refuse)
    assert file_state(str(tmp_path)) is not None


@pytest.mark.safety("L2")
def test_neither_many_files_nor_many_directories_are_remembered(
    tmp_path: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_states, "_MOST_ENTRIES", 3)
    for number in range(100):
        (tmp_path / str(number)).mkdir()
    assert file_state(str(tmp_path)) is not None
    for number in range(100):
        file_state(str(tmp_path / str(number)))
    assert len(file_states._directories) <= 32


@pytest.mark.safety("X22")
@pytest.mark.parametrize("asked", ["stat", "scandir"])
def test_what_a_handler_raises_meanwhile_does_not_look_like_a_file_that_is_missing(
    tmp_path, monkeypatch, asked
):
    def interrupted(*arguments):
        raise TimeoutError("of a handler")

    monkeypatch.setattr(file_states, asked, interrupted)
    with pytest.raises(TimeoutError, match="of a handler"):
        file_state(str(tmp_path))
