"""Redraws the diagrams and the page on safety, builds the site; --check only fails where stale."""

from __future__ import annotations

import subprocess
import sys

import safety_page
import state_diagrams
from environments import ROOT

SITE = ROOT / "site"


def main(arguments: list[str]) -> int:
    unknown = set(arguments) - {"--check"}
    if unknown:
        print(f"unknown: {' '.join(sorted(unknown))}; there is only --check", file=sys.stderr)
        return 2
    if state_diagrams.main(arguments) or safety_page.main(arguments):
        return 1
    # Everything anew (-E, -a): a page may show files that Sphinx does not know of.
    build = [sys.executable, "-m", "sphinx", "-q", "-E", "-a", "-W", "--keep-going"]
    build += ["-d", str(SITE / ".doctrees"), "-b", "html", str(ROOT / "docs"), str(SITE)]
    if subprocess.run(build, cwd=ROOT).returncode:
        return 1
    print(f"built {(SITE / 'index.html').relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
