"""The worker process: one contender, driven by JSON lines; see README.md, "How it measures".

Started as `python -I benchmarks/workers/__main__.py SUITE CONTENDER [ours]`. With `ours` the
checkout stays first on `sys.path`; without it the checkout leaves the path before any contender is
imported, so that `import h11` finds the installed one.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

CHECKOUT = str(Path(__file__).resolve().parent.parent.parent)


def main(suite: str, contender: str, ours: bool) -> None:
    sys.path.insert(0, CHECKOUT)
    # The channel is a copy of stdout, so that nothing a library prints can be taken for an answer.
    channel = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    from benchmarks.workers import channel as protocol

    module = protocol.load_suite(suite)
    if not ours:
        sys.path.remove(CHECKOUT)
    protocol.serve(channel, module, contender, CHECKOUT)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], "ours" in sys.argv[3:])
