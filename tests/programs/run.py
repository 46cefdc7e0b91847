"""Runs one program of `callers` on requests or on h11client and prints what it found, as JSON.

python -I run.py h11client python_gitlab http://127.0.0.1:8000 /a/folder
"""

from __future__ import annotations

import json
import runpy
import sys
from pathlib import Path

HERE = Path(__file__).parent


def main(library: str, program: str, url: str, folder: str) -> None:
    if library == "h11client":
        runpy.run_path(str(HERE / "shim.py"))["install"]()
    import requests

    assert requests.__name__ == library
    found = runpy.run_path(str(HERE / "callers" / f"{program}.py"))["main"](url, Path(folder))
    print(json.dumps(found, sort_keys=True))


if __name__ == "__main__":
    main(*sys.argv[1:])
