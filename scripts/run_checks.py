"""Format, lint, types, and known vulnerabilities of dependencies: the same on every machine."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import audit
from environments import ROOT, ensure

CHECKS = {
    "format": ["ruff", "format", "--check", "."],
    "lint": ["ruff", "check", "."],
    "types": ["mypy", "--strict", "h11", "h11client"],
}


def check(python: Path) -> list[str]:
    """Runs every check, whatever the others said, and returns the names of those that failed."""
    failed = []
    for name, command in CHECKS.items():
        print(f"-- {name}: {' '.join(command)}", flush=True)
        if subprocess.run([str(python), "-m", *command], cwd=ROOT).returncode:
            failed.append(name)
    if audit.main(python):
        failed.append("audit")
    return failed


if __name__ == "__main__":
    failed = check(ensure("test"))
    sys.exit(f"failed: {', '.join(failed)}" if failed else 0)
