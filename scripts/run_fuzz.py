"""Starts the fuzzing of tests/fuzz in the environment that has what it needs."""

from __future__ import annotations

import os
import sys

from environments import ROOT, ensure


def main() -> None:
    arguments = sys.argv[1:]
    python = None
    if "--python" in arguments:
        at = arguments.index("--python")
        python = arguments[at + 1]
        del arguments[at : at + 2]
    interpreter = str(ensure("test", python))
    os.chdir(ROOT)
    sys.stdout.flush()
    os.execv(interpreter, [interpreter, "-m", "tests.fuzz", *arguments])


if __name__ == "__main__":
    main()
