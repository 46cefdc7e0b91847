"""Virtual environments of the checkout: built on demand, rebuilt when a recipe changes.

`scripts/python scripts/environments.py test` prints the path of an environment's interpreter, with
further arguments it runs that interpreter; `ensure("test")` is the same for programs. Needs nothing
but the standard library.

The distribution h11 of the package index owns the same import name as ours, and several tools
require it. So every environment that tests our code uninstalls it at the end and installs ours
last, and whatever needs it for itself (other clients, oracles) lives in an environment that never
sees ours.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows: two builds at once are then not held apart
    fcntl = None  # type: ignore[assignment]  # the attribute is tested before use

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".envs"


class Recipe:
    """What goes into one environment."""

    def __init__(self, *requirements: str, optional: tuple[str, ...] = (), ours: bool = False):
        self.requirements = requirements
        self.optional = optional  # left out where there is no build for this Python
        self.ours = ours  # our two packages, installed last, from the checkout

    def stamp(self) -> str:
        """A digest of everything that decides what the environment holds."""
        parts = [*self.requirements, "optional", *self.optional, "ours", str(self.ours)]
        if self.ours:
            parts.append(packaging_sections((ROOT / "pyproject.toml").read_text(encoding="utf-8")))
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()


RECIPES = {
    "test": Recipe("-e", ".[test]", ours=True),
    "demo": Recipe("-e", ".[demo]", ours=True),
    "docs": Recipe("-e", ".[docs]", ours=True),
    "dependents": Recipe(
        "certifi",
        "idna",
        "uvicorn",
        "hypercorn",
        "wsproto",
        "httpcore",
        "trio-websocket",
        "trio",
        "trustme",
        ours=True,
    ),
    # requests and programs written for it, which also run on ours.
    "callers": Recipe(
        "certifi",
        "idna",
        "requests==2.34.*",  # tests/requests_names.py is about this one
        "requests-oauthlib",
        "requests-aws4auth",
        "requests-toolbelt",
        "python-gitlab",
        "internetarchive",
        "pooch",
        "twine",
        ours=True,
    ),
    # Parsers that the engine is compared with; pinned, as what they do stands in tables.
    "oracle": Recipe("h11==0.16.0", "httptools==0.9.0"),
    # What sessions are used with: see docs/examples.
    "ecosystem": Recipe(
        "certifi",
        "idna",
        "distributed",
        "opentelemetry-sdk",
        "truststore",
        ours=True,
    ),
    # What builds and checks the distributions, and what checks types against them.
    "package": Recipe("build", "hatchling>=1.26", "twine", "check-wheel-contents"),
    "types": Recipe("mypy", "basedpyright"),
    "proxies": Recipe("proxy.py", "pproxy"),
    "audit": Recipe("pip-audit"),
    "peers": Recipe(
        "h11==0.16.0",
        "requests",
        "urllib3",
        "httpx",
        "httptools",
        "trustme",  # the server's certificate
        optional=("pycurl", "httpx2", "pyreqwest"),
    ),
    # A dependency of niquests installs itself over urllib3.
    "peers-niquests": Recipe("certifi", optional=("niquests",)),
    # What measuring without other libraries needs.
    "bench": Recipe("certifi", "idna", "trustme"),
}


def packaging_sections(pyproject: str) -> str:
    """The tables of pyproject.toml that decide what is installed, without settings of tools."""
    kept = []
    relevant = False
    for line in pyproject.splitlines():
        header = re.match(r"\[+\s*([\w.-]+)", line)
        if header:
            relevant = header[1].startswith(("build-system", "project", "tool.hatch"))
        if relevant:
            kept.append(line)
    return "\n".join(kept)


def ensure(name: str, python: str | None = None) -> Path:
    """The interpreter of the environment `name`, built first where it is missing or stale."""
    recipe = RECIPES[name]
    base = python or sys.executable
    folder = FOLDER / f"{name}-{version_of(base)}"
    interpreter = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    stamp = folder / ".stamp"
    FOLDER.mkdir(exist_ok=True)
    with locked(folder.with_name(folder.name + ".lock")):
        if not (is_current(stamp, recipe) and runs(interpreter)):
            build(recipe, folder, base, interpreter)
            stamp.write_text(recipe.stamp(), encoding="utf-8")
    return interpreter


def is_current(stamp: Path, recipe: Recipe) -> bool:
    """Whether the environment was finished from this very recipe."""
    return stamp.exists() and stamp.read_text(encoding="utf-8") == recipe.stamp()


def build(recipe: Recipe, folder: Path, base: str, interpreter: Path) -> None:
    """Makes the environment from nothing."""
    print(f"creating {folder.relative_to(ROOT)} (once)", file=sys.stderr, flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    run([base, "-m", "venv", str(folder)])
    pip = [str(interpreter), "-m", "pip", "--disable-pip-version-check"]
    run([*pip, "install", "--quiet", *recipe.requirements])
    for package in recipe.optional:
        if not succeeds([*pip, "install", "--quiet", "--only-binary", ":all:", package]):
            print(f"  without {package}: nothing to install on this Python", file=sys.stderr)
    if recipe.ours:
        # Whatever pulled in the index's h11 finds ours in its place.
        succeeds([*pip, "uninstall", "--quiet", "--yes", "h11"])
        run([*pip, "install", "--quiet", "--no-deps", "-e", "."])


def version_of(python: str) -> str:
    """The X.Y of an interpreter."""
    if python == sys.executable:
        return f"{sys.version_info[0]}.{sys.version_info[1]}"
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    return subprocess.run(
        [python, "-c", code],
        check=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    ).stdout.strip()


def runs(interpreter: Path) -> bool:
    """Whether the interpreter is still there and works (its base may have been removed)."""
    return interpreter.exists() and succeeds([str(interpreter), "-c", ""])


def run(command: list[str]) -> None:
    """Runs a step of the build; what it prints is shown only when it fails."""
    done = subprocess.run(command, **settings())  # type: ignore[call-overload]  # one dict for both
    if done.returncode:
        sys.stderr.write(done.stdout)
        raise SystemExit(f"failed ({done.returncode}): {' '.join(command)}")


def succeeds(command: list[str]) -> bool:
    """Runs a step that may fail."""
    return subprocess.run(command, **settings()).returncode == 0  # type: ignore[call-overload]  # same


def settings() -> dict[str, object]:
    """How children run: in the checkout, without stdin, without the caller's Python settings."""
    kept = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONHOME")}
    return {
        "cwd": ROOT,
        "env": kept,
        "stdin": subprocess.DEVNULL,
        "stdout": subprocess.PIPE,
        "stderr": subprocess.STDOUT,
        "text": True,
    }


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Holds the file's lock, so that callers in parallel do not build the same environment."""
    with open(path, "w", encoding="utf-8") as file:
        if fcntl is not None:
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def main() -> None:
    parser = argparse.ArgumentParser(
        description="Print the interpreter of an environment, or run it with the given arguments.",
        allow_abbrev=False,
    )
    parser.add_argument("--python", help="the interpreter to build from (default: this one)")
    parser.add_argument("name", choices=sorted(RECIPES))
    parser.add_argument("command", nargs=argparse.REMAINDER, help="arguments of the interpreter")
    arguments = parser.parse_args()
    interpreter = str(ensure(arguments.name, arguments.python))
    if not arguments.command:
        print(interpreter)
        return
    sys.stdout.flush()
    os.execv(interpreter, [interpreter, *arguments.command])


if __name__ == "__main__":
    main()
