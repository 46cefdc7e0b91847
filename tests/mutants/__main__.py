"""Runs the mutations: scripts/mutants --only NAME --json FILE."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

from tests.mutants.mutation import Mutation, StaleMutation
from tests.mutants.runner import BROKEN, CAUGHT, HUNG, SURVIVED, Copy, Result
from tests.mutants.tables import GROUPS


def main(argv: list[str] | None = None) -> int:
    arguments = parse(argv)
    chosen = choose(arguments.only or [])
    if arguments.list:
        for mutation in chosen:
            print(f"{mutation.name}: {mutation.breaks} [{', '.join(mutation.lines)}]")
        return 0
    try:
        for mutation in chosen:
            mutation.apply()
    except StaleMutation as stale:
        print(stale, file=sys.stderr)
        return 2
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        copy = Copy(Path(folder) / "checkout")
        failing = copy.failing_without_mutation(chosen)
        if failing:
            print("these fail without any mutation:", *failing, sep="\n  ", file=sys.stderr)
            return 2
        results = []
        for mutation in chosen:
            result = copy.judge(mutation, arguments.every)
            results.append(result)
            print(line_of(result), flush=True)
            if result.verdict == BROKEN or (arguments.verbose and result.verdict != CAUGHT):
                print(result.output[-4000:], flush=True)
    print(summary(results, time.monotonic() - begun))
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(as_dicts(results), indent=1) + "\n", encoding="utf-8")
    verdicts = {result.verdict for result in results}
    return 2 if BROKEN in verdicts else int(SURVIVED in verdicts)


def parse(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/mutants",
        description="Plants defects one at a time in a copy of the checkout, and shows which tests "
        "see them. Exits with 1 when one survives, with 2 when the table is out of date or tests "
        "fail anyway.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "--only",
        action="append",
        metavar="NAME",
        help="only this mutation, or those of this group, or of this line of docs/safety.md "
        f"(may be given again). Groups: {', '.join(GROUPS)}",
    )
    parser.add_argument("--list", action="store_true", help="show them and run nothing")
    parser.add_argument("--every", action="store_true", help="name every test that fails")
    parser.add_argument("--verbose", action="store_true", help="show what pytest said of survivors")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results there")
    return parser.parse_args(argv)


def choose(names: list[str]) -> list[Mutation]:
    """The mutations of these names, groups or lines; all of them for none."""
    chosen = [
        mutation
        for group, mutations in GROUPS.items()
        for mutation in mutations
        if not names or {group, mutation.name, *mutation.lines} & {*names}
    ]
    if not chosen:
        raise SystemExit(f"there is no mutation {', '.join(names)}")
    return chosen


def line_of(result: Result) -> str:
    mutation = result.mutation
    return f"{mutation.name:<44} {result.shown()}  ({result.seconds:.1f} s)\n    {mutation.breaks}"


def summary(results: list[Result], seconds: float) -> str:
    counts = {
        verdict: sum(result.verdict == verdict for result in results)
        for verdict in (CAUGHT, HUNG, SURVIVED, BROKEN)
    }
    told = [f"{len(results)} mutations", f"{counts[CAUGHT] + counts[HUNG]} caught"]
    if counts[HUNG]:
        told.append(f"{counts[HUNG]} of them because a test hung")
    told += [f"{counts[SURVIVED]} survived", f"{counts[BROKEN]} did not run"]
    return f"{', '.join(told)}, {seconds / 60:.1f} min"


def as_dicts(results: list[Result]) -> list[dict[str, object]]:
    return [
        {
            "name": result.mutation.name,
            "file": result.mutation.file,
            "breaks": result.mutation.breaks,
            "lines": list(result.mutation.lines),
            "verdict": result.verdict,
            "tests": result.tests,
            "seconds": round(result.seconds, 2),
        }
        for result in results
    ]


if __name__ == "__main__":
    sys.exit(main())
