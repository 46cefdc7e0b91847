"""Starts the mutations of tests/mutants in the environment that has what they need."""

from __future__ import annotations

import os
import sys

from environments import ROOT, ensure


def main() -> None:
    interpreter = str(ensure("test"))
    os.chdir(ROOT)
    sys.stdout.flush()
    os.execv(interpreter, [interpreter, "-m", "tests.mutants", *sys.argv[1:]])


if __name__ == "__main__":
    main()
