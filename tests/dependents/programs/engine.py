"""What each program says first: which h11 it runs on, and where it can be reached."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import h11


def check(folder: str) -> None:
    """Refuse to go on with an h11 that is not the package in the given folder."""
    found = Path(h11.__file__).resolve().parent
    if found != Path(folder).resolve():
        sys.exit(f"h11 comes from {found}, not from {folder}")


def say(**facts: object) -> None:
    """Tell the test something, as one line of JSON."""
    print(json.dumps(facts), flush=True)
