"""Everything that has to hold: format, lint, types and the whole test suite."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

from environments import FOLDER, ROOT, ensure
from run_checks import check

_MOST_PROCESSES = 4  # some tests have a time limit, and most have threads of their own

WHERE = "import h11, h11client; print(h11.__file__); print(h11client.__file__)"


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="scripts/test",
        description="Check format, lint and types, then run the test suite.",
        epilog="Anything else goes to pytest: scripts/test tests/client -k timeout",
        allow_abbrev=False,
    )
    parser.add_argument("--python", help="the interpreter to test with (default: the first found)")
    parser.add_argument("--tests-only", action="store_true", help="leave the checks out")
    arguments, for_pytest = parser.parse_known_args()
    python = ensure("test", arguments.python)
    refuse_a_foreign_engine(python)
    failed = [] if arguments.tests_only else check(python)
    for_pytest = for_pytest or in_several_processes()
    print(f"-- tests: pytest {' '.join(for_pytest)}", flush=True)
    status = subprocess.run([str(python), "-m", "pytest", *for_pytest], cwd=ROOT).returncode
    if status:
        failed.append("tests")
    print(f"FAILED: {', '.join(failed)}" if failed else "all passed", flush=True)
    return status or bool(failed)


def in_several_processes() -> list[str]:
    """What has pytest run the whole suite on all cores, up to four, each file on one of them."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    count = min(cores or 1, _MOST_PROCESSES)
    return ["-n", str(count), "--dist", "loadfile"] if count > 1 else []


def refuse_a_foreign_engine(python: Path) -> None:
    """Stops unless the environment imports both packages from this checkout."""
    # Started outside the checkout's root, which would otherwise come first and hide a foreign h11.
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    found = subprocess.run(
        [str(python), "-c", WHERE], cwd=FOLDER, env=kept, stdout=subprocess.PIPE, text=True
    )
    files = [Path(line).resolve() for line in found.stdout.split("\n") if line]
    # The very files: environments lie inside the checkout too, with what others install there.
    if found.returncode or files != [ROOT / name / "__init__.py" for name in ("h11", "h11client")]:
        sys.exit(
            f"h11 or h11client does not come from this checkout: {found.stdout or 'no import'}"
        )


if __name__ == "__main__":
    sys.exit(main())
