"""`scripts/fuzz`: a mutational loop over one part of the project, guided by the lines it reaches."""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from pathlib import Path

from tests.fuzz.campaign import CORPUS, run

PARTS = {"receive": "Receive", "send": "Send", "client": "Client"}


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="scripts/fuzz",
        description="Mutates messages, runs them, and compares with other parsers. Exits with 1 when "
        "something was found, which is then a file in tests/corpus.",
        epilog="--python PATH chooses the interpreter; from 3.12 on, coverage costs next to nothing.",
        allow_abbrev=False,
    )
    parser.add_argument("--minutes", type=float, default=1.0, help="how long, for each part")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--part", choices=PARTS, help="only this one (default: all)")
    parser.add_argument("--corpus", type=Path, default=CORPUS, help="where findings are written")
    parser.add_argument("--json", type=Path, help="write the figures there")
    arguments = parser.parse_args(argv)
    results = []
    for name in [arguments.part] if arguments.part else PARTS:
        part = getattr(importlib.import_module(f"tests.fuzz.part_{name}"), PARTS[name])()
        figures = run(
            part,
            arguments.minutes * 60,
            arguments.seed,
            lambda line: print(line, flush=True),
            arguments.corpus,
        )
        print(figures.line(), flush=True)
        for kind, count in figures.findings.most_common():
            print(f"  not explained: {count} x {kind}", flush=True)
        results.append(figures)
        if arguments.json:
            shown = [each.as_dict() for each in results]
            arguments.json.write_text(json.dumps(shown, indent=1) + "\n", encoding="utf-8")
    return int(any(each.crashes or each.findings for each in results))


if __name__ == "__main__":
    sys.exit(main())
