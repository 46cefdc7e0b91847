"""The command line of `scripts/bench`: what to run, tables, JSON, the page and its plots."""

from __future__ import annotations

import argparse
import contextlib
import datetime
import json
import os
import platform
import time
from pathlib import Path
from typing import Any

from benchmarks import main_table, pages, plot, report
from benchmarks.harness import cores_apart, one_core
from benchmarks.kinds import KINDS, ON_ALL_CORES, ON_CORES_APART
from benchmarks.settings import OTHERS, PEERS, Settings, interpreter, python_for_ours


def main() -> int:
    arguments = parser().parse_args()
    if arguments.plot is None and not arguments.docs:
        documents = [run(arguments)]
    elif arguments.kind or arguments.source is None:
        parser().error("--plot and --docs take the figures of earlier runs: --from FILE [FILE ...]")
    else:
        documents = [json.loads(path.read_text(encoding="utf-8")) for path in arguments.source]
    if arguments.plot is not None:
        arguments.plot.write_text(plot.main_table(documents), encoding="utf-8")
    if arguments.docs:
        pages.write(documents)
    return 0


def run(arguments: argparse.Namespace) -> main_table.Document:
    """Measure, print each table when it is ready and the main table last."""
    settings = settings_of(arguments)
    started = time.monotonic()
    document: dict[str, Any] = {"machine": machine(), "sections": []}
    print(f"# Benchmarks\n\n{document['machine']['text']}\n", flush=True)
    for kind in arguments.kind or KINDS:
        with cores_of(kind, arguments.all_cores):
            section = KINDS[kind](settings)
        document["sections"].append(report.as_json(kind, section))
        print(report.markdown(section), flush=True)
    print(main_table.markdown([document]))
    document["seconds"] = round(time.monotonic() - started)
    print(f"{document['seconds']} s in all.")
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return document


def cores_of(kind: str, all_cores: bool) -> contextlib.AbstractContextManager[None]:
    """Where the processes of a kind run."""
    if all_cores or kind in ON_ALL_CORES:
        return contextlib.nullcontext()
    return cores_apart() if kind in ON_CORES_APART else one_core()


def parser() -> argparse.ArgumentParser:
    this = argparse.ArgumentParser(
        prog="scripts/bench",
        description="Ratios of this project's speed to others', measured side by side.",
    )
    this.add_argument(
        "kind", nargs="*", type=known_kind, help=f"what to run: {', '.join(KINDS)} (default: all)"
    )
    this.add_argument("--rounds", type=int, help="paired rounds (default: 7 to 21, by kind)")
    this.add_argument(
        "--quick", action="store_true", help="show that all runs; figures mean little"
    )
    this.add_argument("--ours", action="store_true", help="without the environments of the peers")
    this.add_argument(
        "--all-cores", action="store_true", help="leave the processes wherever the system puts them"
    )
    this.add_argument("--json", type=Path, metavar="FILE", help="write every round to FILE")
    this.add_argument("--peers-python", metavar="PYTHON", help="one that has the peers already")
    this.add_argument("--niquests-python", metavar="PYTHON", help="one that has niquests already")
    this.add_argument(
        "--from", dest="source", nargs="+", type=Path, metavar="FILE", help="JSON of earlier runs"
    )
    this.add_argument("--plot", type=Path, metavar="FILE.svg", help="draw the main table")
    this.add_argument(
        "--docs", action="store_true", help="write the figures and plots of docs/performance.md"
    )
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
    python = peers or python_for_ours()  # one interpreter version for all sides
    return Settings(python, peers, others, arguments.rounds, arguments.quick)


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    found = {
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "system": f"{platform.system()} {platform.machine()}",
        "processor": processor(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "when": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
    }
    text = (
        f"{found['python']}, {found['system']}, {found['processor']}, {found['cores']} cores, "
        f"load {found['load']} when it began ({found['when']}). Ratios are medians of paired "
        "rounds, with quartiles; absolute figures are only their illustration."
    )
    return found | {"text": text}


def processor() -> str:
    """The name that the kernel gives, or nothing in particular."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            names = [line.partition(":")[2].strip() for line in file if "model name" in line]
    except OSError:
        names = []
    return names[0] if names else "unknown processor"
