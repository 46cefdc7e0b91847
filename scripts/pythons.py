"""Lists the supported Pythons of this machine, one `X.Y path` a line, oldest first."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

SUPPORTED = ["3.10", "3.11", "3.12", "3.13", "3.14"]


def installed() -> dict[str, str]:
    """Version -> an interpreter that runs: on PATH, else one of pyenv's."""
    return {
        version: path
        for version in SUPPORTED
        for path in [next(filter(works, candidates(version)), None)]
        if path is not None
    }


def candidates(version: str) -> list[str]:
    """Where an interpreter of a version may be."""
    on_path = shutil.which(f"python{version}")
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    of_pyenv = sorted(pyenv.glob(f"versions/{version}.*/bin/python{version}"), reverse=True)
    return [*([on_path] if on_path else []), *map(str, of_pyenv)]


def works(path: str) -> bool:
    """Whether it runs (a version manager's placeholder may not) and can make environments."""
    quiet = {
        "stdin": subprocess.DEVNULL,
        "stdout": subprocess.DEVNULL,
        "stderr": subprocess.DEVNULL,
    }
    return subprocess.run([path, "-c", "import venv, ensurepip"], **quiet).returncode == 0


if __name__ == "__main__":
    for version, path in installed().items():
        print(version, path)
