"""Runs one program of `callers` on requests or on h11client and prints what it found, as JSON.

python -I run.py h11client python_gitlab http://127.0.0.1:8000 /a/folder
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path

HERE = Path(__file__).parent


def main(library: str, program: str, url: str, folder: str) -> None:
    sys.path[:0] = [str(HERE), str(HERE / "callers")]
    if library == "h11client":
        importlib.import_module("shim").install()
    import requests

    assert requests.__name__ == library
    found = importlib.import_module(program).main(url, Path(folder))
    print(json.dumps(found, sort_keys=True))


if __name__ == "__main__":
    main(*sys.argv[1:])
