"""The safety campaign of tests/chaos, in the environment that the asked-for client needs."""

from __future__ import annotations

import os
import subprocess
import sys

from environments import ROOT, ensure

# The checkout comes last on the path: what other clients import as h11 must not be ours.
AS_LAST = """\
import runpy, sys
sys.path.append({root!r})
sys.argv[0] = "scripts/chaos"
runpy.run_module("tests.chaos", run_name="__main__", alter_sys=False)
"""


def main() -> int:
    arguments = sys.argv[1:]
    asked = [name for name in arguments if name.startswith("--client")]
    if asked and "h11client" not in asked[0] and "h11client" not in arguments:
        command = [str(ensure("peers")), "-I", "-c", AS_LAST.format(root=str(ROOT))]
    else:
        command = [str(ensure("test")), "-m", "tests.chaos"]
    sys.stdout.flush()
    # With an arena per thread malloc keeps so much that nobody could see what grows.
    settings = {**os.environ, "MALLOC_ARENA_MAX": "1"}
    return subprocess.run([*command, *arguments], cwd=ROOT, env=settings).returncode


if __name__ == "__main__":
    sys.exit(main())
