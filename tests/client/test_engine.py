"""h11client/_engine.py: the client runs on its own h11, whoever owns the name."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from h11client._engine import h11

ROOT = Path(__file__).resolve().parents[2]

WHERE = """
from h11client._engine import h11
print(h11.__name__, h11.__file__, h11.Connection.__module__)
import sys
print(getattr(sys.modules.get("h11"), "__file__", None))
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the two packages; the client's is reduced to its engine."""
    folder = tmp_path / "checkout"
    (folder / "h11client").mkdir(parents=True)
    (folder / "h11client" / "__init__.py").touch()
    shutil.copy(ROOT / "h11client" / "_engine.py", folder / "h11client")
    shutil.copytree(ROOT / "h11", folder / "h11", ignore=shutil.ignore_patterns("__pycache__"))
    return folder


@pytest.fixture
def foreign(tmp_path: Path) -> Path:
    """A folder with another package called h11."""
    folder = tmp_path / "foreign"
    (folder / "h11").mkdir(parents=True)
    (folder / "h11" / "__init__.py").write_text("Connection = int\n")
    return folder


def run(code: str, *path: Path) -> list[str]:
    """The lines that `code` prints with these folders first on the path."""
    done = subprocess.run(
        [sys.executable, "-S", "-c", code],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, path))},
        cwd=path[0].parent,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()


def test_in_a_checkout_it_is_the_folder_beside_the_client() -> None:
    assert h11.__file__ is not None
    assert Path(h11.__file__).samefile(ROOT / "h11" / "__init__.py")


def test_the_name_h11_is_shared_where_it_leads_to_the_same_folder(checkout: Path) -> None:
    first, second = run(WHERE, checkout)
    own = str(checkout / "h11" / "__init__.py")
    assert first == f"h11 {own} h11._connection"
    assert second == own


def test_another_h11_ahead_on_the_path_is_not_even_imported(checkout: Path, foreign: Path) -> None:
    first, second = run(WHERE, foreign, checkout)
    own = str(checkout / "h11" / "__init__.py")
    assert first == f"h11client._h11 {own} h11client._h11._connection"
    assert second == "None"


def test_another_h11_that_is_loaded_already_is_left_in_place(checkout: Path, foreign: Path) -> None:
    first, second = run("import h11\n" + WHERE, foreign, checkout)
    assert first.startswith(f"h11client._h11 {checkout}")
    assert second == str(foreign / "h11" / "__init__.py")


def test_an_h11_without_a_file_is_left_in_place(checkout: Path) -> None:
    fake = "import sys, types; sys.modules['h11'] = types.ModuleType('h11')\n"
    first, second = run(fake + WHERE, checkout)
    assert first.startswith(f"h11client._h11 {checkout}")
    assert second == "None"


def test_our_h11_that_is_loaded_already_is_used(checkout: Path) -> None:
    first, _ = run("import h11\n" + WHERE, checkout)
    assert first.startswith("h11 ")


def test_the_copy_that_a_wheel_carries_comes_first(checkout: Path, foreign: Path) -> None:
    shutil.move(checkout / "h11", checkout / "h11client" / "_h11")
    first, second = run("import h11\n" + WHERE, foreign, checkout)
    carried = checkout / "h11client" / "_h11" / "__init__.py"
    assert first == f"h11client._h11 {carried} h11client._h11._connection"
    assert second == str(foreign / "h11" / "__init__.py")


def test_what_is_wrong_inside_the_carried_copy_is_not_hidden(checkout: Path) -> None:
    (checkout / "h11client" / "_h11").mkdir()
    (checkout / "h11client" / "_h11" / "__init__.py").write_text("import not_there_at_all\n")
    with pytest.raises(subprocess.CalledProcessError) as caught:
        run(WHERE, checkout)
    assert "No module named 'not_there_at_all'" in caught.value.stderr


def test_without_any_engine_the_error_says_where_it_was_looked_for(checkout: Path) -> None:
    shutil.rmtree(checkout / "h11")
    with pytest.raises(subprocess.CalledProcessError) as caught:
        run(WHERE, checkout)
    assert str(checkout / "h11" / "__init__.py") in caught.value.stderr
