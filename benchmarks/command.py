"""The command line of `scripts/bench`: chooses what to run, prints tables, writes JSON."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import clients, imports, protocol, report
from benchmarks.settings import OTHERS, PEERS, Settings, interpreter

if TYPE_CHECKING:
    from collections.abc import Callable

KINDS: dict[str, Callable[[Settings], report.Section]] = {
    "cycle": protocol.cycle,
    "bodies": protocol.bodies,
    "client": clients.get,
    "variants": clients.variants,
    "streams": clients.streams,
    "import": imports.imports,
}


def main() -> int:
    arguments = parser().parse_args()
    settings = settings_of(arguments)
    started = time.monotonic()
    sections = []
    print(f"# Benchmarks\n\n{heading()}\n", flush=True)
    for kind in arguments.kind or KINDS:
        section = KINDS[kind](settings)
        sections.append(report.as_json(section))
        print(report.markdown(section), flush=True)
    print(f"{time.monotonic() - started:.0f} s in all.")
    if arguments.json is not None:
        document = {"machine": heading(), "sections": sections}
        arguments.json.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return 0


def parser() -> argparse.ArgumentParser:
    this = argparse.ArgumentParser(
        prog="scripts/bench",
        description="Ratios of this project's speed to others', measured side by side.",
    )
    this.add_argument(
        "kind", nargs="*", type=known_kind, help=f"what to run: {', '.join(KINDS)} (default: all)"
    )
    this.add_argument("--rounds", type=int, help="paired rounds (default: 9 to 21, by kind)")
    this.add_argument(
        "--quick", action="store_true", help="show that all runs; figures mean little"
    )
    this.add_argument("--ours", action="store_true", help="without the environments of the peers")
    this.add_argument("--json", type=Path, metavar="FILE", help="write every round to FILE")
    this.add_argument("--peers-python", metavar="PYTHON", help="one that has the peers already")
    this.add_argument("--niquests-python", metavar="PYTHON", help="one that has niquests already")
    return this


def known_kind(name: str) -> str:
    if name not in KINDS:
        raise argparse.ArgumentTypeError(f"there is no kind {name!r}")
    return name


def settings_of(arguments: argparse.Namespace) -> Settings:
    peers = others = None
    if not arguments.ours:
        peers = arguments.peers_python or interpreter(PEERS)
        others = arguments.niquests_python or interpreter(OTHERS)
    python = peers or sys.executable  # one interpreter version for all sides
    return Settings(python, peers, others, arguments.rounds, arguments.quick)


def heading() -> str:
    return (
        f"{platform.python_implementation()} {platform.python_version()}, {platform.system()}, "
        f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}. "
        "Ratios are medians of paired rounds, with quartiles; absolute figures are only their "
        "illustration."
    )
