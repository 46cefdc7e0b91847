"""Run by scripts/bench: puts the checkout on the path and starts the command."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parent.parent)
    sys.exit(importlib.import_module("benchmarks.command").main())
