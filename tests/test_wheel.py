"""What is published: one wheel that carries the engine twice and needs nobody's h11."""

from __future__ import annotations

import email
import importlib.util
import shutil
import subprocess
import sys
import tarfile
import zipfile
from email.message import Message
from pathlib import Path

import pytest

from h11client._version import __version__

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the source distribution as an installer would."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, done.stdout
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture
def installed(wheel: Path, tmp_path: Path) -> Path:
    """The site-packages of a new environment that holds the wheel and its dependencies."""
    environment = tmp_path / "venv"
    run(sys.executable, "-m", "venv", "--without-pip", str(environment))
    python = environment / "bin" / "python"
    pip = (sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet")
    run(*pip, "--no-deps", "--no-index", str(wheel))
    (packages,) = environment.glob("lib/python*/site-packages")
    for dependency in ("certifi", "idna"):  # copied: needs no package index
        found = importlib.util.find_spec(dependency)
        assert found is not None
        assert found.origin is not None
        shutil.copytree(Path(found.origin).parent, packages / dependency)
    return packages


def run(*command: str) -> str:
    done = subprocess.run(command, cwd="/", stdout=subprocess.PIPE, text=True)
    assert done.returncode == 0, done.stdout
    return done.stdout


def python_of(packages: Path) -> str:
    return str(packages.parents[2] / "bin" / "python")


def names_in(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


def metadata_of(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        return email.message_from_bytes(archive.read(name))


def test_the_source_distribution_says_what_is_safe_and_how_to_report(wheel: Path) -> None:
    (source,) = wheel.parent.glob("*.tar.gz")
    with tarfile.open(source) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"SECURITY.md", "README.md", "LICENSE", "docs/safety.md"} <= names


def test_the_engine_is_in_the_wheel_twice_and_both_are_the_checkout(wheel: Path) -> None:
    source = {
        path.relative_to(ROOT / "h11").as_posix(): path.read_bytes()
        for path in (ROOT / "h11").rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    assert "__init__.py" in source
    with zipfile.ZipFile(wheel) as archive:
        for carried in ("h11/", "h11client/_h11/"):
            copy = {
                name.removeprefix(carried): archive.read(name)
                for name in archive.namelist()
                if name.startswith(carried)
            }
            assert copy == source


def test_the_wheel_holds_the_two_packages_and_nothing_else(wheel: Path) -> None:
    tops = {name.partition("/")[0] for name in names_in(wheel)}
    assert tops == {"h11", "h11client", f"h11client-{__version__}.dist-info"}
    assert [name for name in names_in(wheel) if name.endswith((".pyc", ".pyo"))] == []


def test_both_packages_say_that_they_are_typed(wheel: Path) -> None:
    assert {"h11/py.typed", "h11client/py.typed"} <= set(names_in(wheel))


@pytest.mark.safety("T8")
def test_the_metadata_names_two_dependencies_and_every_supported_python(wheel: Path) -> None:
    metadata = metadata_of(wheel)
    assert (metadata["Name"], metadata["Version"]) == ("h11client", __version__)
    assert metadata["Requires-Python"] == ">=3.10"
    assert metadata["License-Expression"] == "MIT"
    requirements = metadata.get_all("Requires-Dist", [])
    always = {requirement for requirement in requirements if "extra ==" not in requirement}
    assert always == {"certifi>=2024.7.4", "idna>=3.15"}
    extras = set(metadata.get_all("Provides-Extra", []))
    assert {"brotli", "zstd", "socks", "cli", "system-trust", "test", "docs", "bench"} <= extras
    versions = [
        classifier.rpartition(" ")[2]
        for classifier in metadata.get_all("Classifier", [])
        if classifier.startswith("Programming Language :: Python :: 3.")
    ]
    assert versions == ["3.10", "3.11", "3.12", "3.13", "3.14"]


REQUEST = """
import sys
try:
    import h11
except ImportError:
    h11 = None
import h11client
from h11client._engine import h11 as engine
if getattr(h11, "__file__", None) is None:  # no package, or a folder that lost its __init__.py
    print("missing")
else:
    print(getattr(h11, "owner", "ours"))
print(engine.__name__, h11client.get(sys.argv[1]).status_code)
"""


@pytest.mark.parametrize(
    ("name_taken_by", "owner"),
    [("nobody", "missing"), ("us", "ours"), ("somebody else", "somebody else")],
)
def test_the_client_runs_on_its_own_engine_whoever_owns_the_name(
    installed: Path, httpbin_url: str, name_taken_by: str, owner: str
) -> None:
    if name_taken_by != "us":
        shutil.rmtree(installed / "h11")
    if name_taken_by == "somebody else":
        foreign = installed / "h11" / "__init__.py"
        foreign.parent.mkdir()
        foreign.write_text("owner = 'somebody else'\n", encoding="utf-8")
    printed = run(python_of(installed), "-c", REQUEST, httpbin_url + "/get")
    assert printed.splitlines() == [owner, "h11client._h11 200"]


MOCKED = """
import h11client

def test_the_fixture_answers(h11client_mock):
    h11client_mock.get("http://a.test/").respond(json=7)
    assert h11client.get("http://a.test/").json() == 7
    assert "site-packages" in h11client.__file__
"""


def test_pytest_finds_the_fixture_where_the_wheel_is_installed(
    installed: Path, tmp_path: Path
) -> None:
    # Copied, as the dependencies are.
    for needed in (
        "pytest",
        "_pytest",
        "pluggy",
        "py",
        "iniconfig",
        "packaging",
        "pygments",
        "tomli",
        "exceptiongroup",
        "typing_extensions",
    ):
        found = importlib.util.find_spec(needed)
        if found is None or found.origin is None:
            continue  # only older Pythons need the last ones
        origin = Path(found.origin)
        if origin.name == "__init__.py":
            shutil.copytree(origin.parent, installed / needed)
        else:
            shutil.copy(origin, installed)
    test = tmp_path / "test_mocked.py"
    test.write_text(MOCKED, encoding="utf-8")
    command = [python_of(installed), "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, str(test)],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout


def foreign_wheel(folder: Path) -> Path:
    """A distribution named h11 that shares file names with ours, as the one of the index does."""
    wheel = folder / "h11-0.16.0-py3-none-any.whl"
    info = "h11-0.16.0.dist-info"
    files = {
        "h11/__init__.py": "owner = 'somebody else'\n",
        "h11/_connection.py": "",
        f"{info}/METADATA": "Metadata-Version: 2.1\nName: h11\nVersion: 0.16.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{name},,\n" for name in [*files, f"{info}/RECORD"])
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, text in {**files, f"{info}/RECORD": record}.items():
            archive.writestr(name, text)
    return wheel


def test_the_mending_command_gives_the_name_to_the_distribution_that_stays(
    installed: Path, wheel: Path, httpbin_url: str, tmp_path: Path
) -> None:
    pip = (sys.executable, "-m", "pip", "--python", python_of(installed), "--quiet")
    mend = (*pip, "install", "--force-reinstall", "--no-deps", "--no-index")
    theirs = foreign_wheel(tmp_path)

    def owner() -> str:
        printed = run(python_of(installed), "-c", REQUEST, httpbin_url + "/get").splitlines()
        assert printed[1] == "h11client._h11 200"
        return printed[0]

    run(*mend, str(theirs))
    assert owner() == "somebody else"
    run(*pip, "uninstall", "--yes", "h11")
    assert owner() == "missing"
    run(*mend, str(wheel))
    assert owner() == "ours"
    run(*mend, str(theirs))
    run(*pip, "uninstall", "--yes", "h11client")
    assert not (installed / "h11" / "__init__.py").exists()
    run(*mend, str(theirs))
    assert run(python_of(installed), "-c", "import h11; print(h11.owner)") == "somebody else\n"


def test_the_program_comes_with_the_wheel_and_needs_nothing_else(
    installed: Path, httpbin_url: str
) -> None:
    program = str(installed.parents[2] / "bin" / "h11client")
    assert run(program, "--version") == f"h11client {__version__}\n"
    assert '"a": "b"' in run(program, f"{httpbin_url}/get", "a==b")


def test_in_the_checkout_both_names_are_the_one_folder() -> None:
    import h11
    from h11client._engine import h11 as engine

    assert engine is h11
    assert Path(h11.__file__).parent == ROOT / "h11"
