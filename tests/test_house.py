"""The scripts: environments are rebuilt when they must be, and a foreign h11 stops a run."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scripts import environments, pythons
from scripts.environments import Recipe, packaging_sections
from tests.conftest import DESCRIPTORS, in_use

ROOT = Path(__file__).resolve().parent.parent
PYPROJECT = """\
[project]
name = "h11client"
dependencies = ["idna"]

[tool.ruff]
line-length = 100

[tool.hatch.version]
path = "version.py"
"""


def pytest_in_the_checkout(*arguments: str, path: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_a_recipe_changes_its_stamp_with_each_of_its_parts() -> None:
    stamps = {
        recipe.stamp()
        for recipe in [
            Recipe("a"),
            Recipe("a", "b"),
            Recipe("a", optional=("b",)),
            Recipe("a", ours=True),
        ]
    }
    assert len(stamps) == 4
    assert Recipe("a").stamp() == Recipe("a").stamp()


@pytest.mark.parametrize(
    ("old", "new", "rebuilt"),
    [
        ('"idna"', '"idna", "certifi"', True),
        ("version.py", "elsewhere.py", True),
        ("line-length = 100", "line-length = 99", False),
    ],
    ids=["a dependency", "the packaging", "a setting of a tool"],
)
def test_only_what_decides_about_packages_rebuilds_an_environment(
    old: str, new: str, rebuilt: bool
) -> None:
    changed = PYPROJECT.replace(old, new)
    assert changed != PYPROJECT
    assert (packaging_sections(changed) != packaging_sections(PYPROJECT)) is rebuilt


def test_a_finished_environment_is_not_built_again_and_a_stale_one_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built: list[str] = []

    def pretend(recipe: Recipe, folder: Path, base: str, interpreter: Path) -> None:
        built.append(recipe.requirements[0])
        interpreter.parent.mkdir(parents=True, exist_ok=True)
        interpreter.unlink(missing_ok=True)
        interpreter.symlink_to(sys.executable)

    monkeypatch.setattr(environments, "FOLDER", tmp_path / "envs")
    monkeypatch.setattr(environments, "build", pretend)
    monkeypatch.setitem(environments.RECIPES, "some", Recipe("first"))
    python = environments.ensure("some")
    assert environments.ensure("some") == python
    assert built == ["first"]
    monkeypatch.setitem(environments.RECIPES, "some", Recipe("second"))
    environments.ensure("some")
    assert built == ["first", "second"]
    python.unlink()  # its base was removed, or the build was interrupted
    environments.ensure("some")
    assert built == ["first", "second", "second"]


def test_the_pythons_of_this_machine_include_one_that_runs_this_suite() -> None:
    current = f"{sys.version_info[0]}.{sys.version_info[1]}"
    found = pythons.installed()
    assert current in found
    printed = subprocess.run(
        [found[current], "-c", "import sys; print('%d.%d' % sys.version_info[:2])"],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert printed.stdout.strip() == current


def test_a_placeholder_that_does_not_run_is_no_python(tmp_path: Path) -> None:
    placeholder = tmp_path / "python3.10"
    placeholder.write_text("#!/bin/sh\nexit 127\n", encoding="utf-8")
    placeholder.chmod(0o755)
    assert not pythons.works(str(placeholder))


def test_scripts_test_stops_in_an_environment_with_the_h11_of_the_index(
    environment_python: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))  # where its scripts find each other
    from scripts import run_tests

    with pytest.raises(SystemExit, match="does not come from this checkout"):
        run_tests.refuse_a_foreign_engine(Path(environment_python("oracle")))
    run_tests.refuse_a_foreign_engine(Path(environment_python("test")))


def test_an_h11_inside_of_an_environment_of_the_checkout_is_foreign_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    from scripts import run_tests

    ours = ROOT / "h11client" / "__init__.py"
    foreign = ROOT / ".envs" / "test" / "site-packages" / "h11" / "__init__.py"
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\necho '{foreign}'\necho '{ours}'\n", encoding="utf-8")
    python.chmod(0o755)
    with pytest.raises(SystemExit, match="does not come from this checkout"):
        run_tests.refuse_a_foreign_engine(python)


@pytest.fixture(params=["elsewhere", "inside of the checkout"])
def foreign_folder(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    if request.param == "elsewhere":
        yield tmp_path
    else:
        (ROOT / ".envs").mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=ROOT / ".envs") as folder:
            yield Path(folder)


def test_a_plugin_that_brings_a_foreign_h11_stops_the_test_run(foreign_folder: Path) -> None:
    tmp_path = foreign_folder
    (tmp_path / "h11").mkdir()
    (tmp_path / "h11" / "__init__.py").touch()
    plugin = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import h11; del sys.path[0]\n"
    (tmp_path / "bringing.py").write_text(plugin, encoding="utf-8")
    run = pytest_in_the_checkout("-p", "bringing", "tests/test_house.py", path=tmp_path)
    assert run.returncode == 3
    assert "not from this checkout" in run.stdout


def test_without_such_a_plugin_the_checkout_comes_first(tmp_path: Path) -> None:
    (tmp_path / "h11").mkdir()
    (tmp_path / "h11" / "__init__.py").touch()
    run = pytest_in_the_checkout("tests/test_house.py", path=tmp_path)
    assert run.returncode == 0, run.stdout


@pytest.mark.parametrize(
    "script", ["demo", "test", "check", "python", "chaos", "fuzz", "mutants", "../.ci/run"]
)
def test_the_commands_can_be_executed(script: str) -> None:
    assert os.access(ROOT / "scripts" / script, os.X_OK)


def test_the_leak_check_sees_descriptors_and_threads() -> None:
    before = in_use()
    end = threading.Event()
    thread = threading.Thread(target=end.wait)
    with socket.socket():
        thread.start()
        left = in_use() - before
        assert thread in left
        assert len(left) == 1 + DESCRIPTORS.is_dir(), left
        end.set()
        thread.join()
    assert in_use() - before == set()
