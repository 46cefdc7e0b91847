"""Runs the campaign: scripts/chaos --minutes N --threads M --seed S."""

from __future__ import annotations

import argparse
import itertools
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.chaos import cases
from tests.chaos.campaign import Campaign, cycle_of_kinds
from tests.chaos.cases import HEALTHY, kinds_on
from tests.chaos.invariants import descriptors, memory_in_use
from tests.chaos.report import Report

MEMORY_THREADS = 4
PEERS = ["requests", "urllib3", "httpx", "httpx2"]


def main() -> int:
    arguments = parse()
    seed = arguments.seed if arguments.seed is not None else random.randrange(10**9)
    report = Report(seed)
    begun = time.monotonic()
    print(f"seed {seed}", flush=True)
    if arguments.client != "h11client":
        run_peer(report, arguments, begun)
    else:
        run_ours(report, arguments, begun)
    report.seconds = time.monotonic() - begun
    print(report.table())
    print(report.as_json() if arguments.json is None else f"figures in {arguments.json}")
    if arguments.json is not None:
        Path(arguments.json).write_text(report.as_json() + "\n", encoding="utf-8")
    for line in report.wrong[: arguments.show]:
        print(line)
    return 1 if report.wrong and arguments.client == "h11client" else 0


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/chaos",
        description="Faults of servers, networks and callers, and what comes of them.",
    )
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--cases", type=int, help="instead of minutes: so many for each medium")
    parser.add_argument("--threads", type=int, default=12, help="clients on sockets (default: 12)")
    parser.add_argument("--seed", help="makes the same cases again (default: printed, at random)")
    parser.add_argument("--medium", choices=["memory", "socket", "both"], default="both")
    parser.add_argument("--json", metavar="FILE", help="where the figures go (default: the screen)")
    parser.add_argument("--show", type=int, default=40, metavar="N", help="lines of what was wrong")
    parser.add_argument(
        "--soak", action="store_true", help="one fault in a hundred; memory over time"
    )
    parser.add_argument(
        "--client", choices=["h11client", *PEERS], default="h11client",
        help="another library, where the scripts make sense for it; for your own screen",
    )  # fmt: skip
    return parser.parse_args()


def run_ours(report: Report, arguments: argparse.Namespace, begun: float) -> None:
    """Both media in turn, until time is up."""
    from tests.chaos.authority import Certificates
    from tests.chaos.client import OurClient, Watched

    with tempfile.TemporaryDirectory() as folder:
        certificates = Certificates(Path(folder))

        def make_client(lab: Any, medium: str) -> OurClient:
            return OurClient(lab, medium, certificates.pem)

        media = ["memory", "socket"] if arguments.medium == "both" else [arguments.medium]
        campaigns = [
            Campaign(
                report,
                medium,
                MEMORY_THREADS if medium == "memory" else arguments.threads,
                make_client,
                certificates.contexts,
            )
            for medium in media
        ]
        with Watched.everything(campaigns[0].lab) as watched:
            alternate(campaigns, report, arguments, begun)
        report.notes["lines that were logged"] = watched.records
        for campaign in campaigns:
            campaign.reuse(500)
        for campaign in reversed(campaigns):  # each counts what is there since it began
            campaign.close()


def alternate(
    campaigns: list[Campaign], report: Report, arguments: argparse.Namespace, begun: float
) -> None:
    """Batches of each campaign in turn."""
    plans = [plan_of(campaign.medium, report.seed, arguments) for campaign in campaigns]
    if arguments.cases is not None:
        for campaign, plan in zip(campaigns, plans, strict=True):
            campaign.run(itertools.islice(plan, arguments.cases))
        return
    trace: list[tuple[float, int, int]] = []
    end = begun + arguments.minutes * 60
    while time.monotonic() < end and not report.hangs:
        for campaign, plan in zip(campaigns, plans, strict=True):
            campaign.run(itertools.islice(plan, 1000), end)
        trace.append((time.monotonic() - begun, memory_in_use(), len(descriptors())))
    report.notes["memory"] = slope_of(trace)


def plan_of(medium: str, seed: object, arguments: argparse.Namespace) -> Iterator[tuple[int, str]]:
    if not arguments.soak:
        return cycle_of_kinds(medium, seed)
    return soak(medium, seed)


def soak(medium: str, seed: object) -> Iterator[tuple[int, str]]:
    """One fault in a hundred healthy requests, of all classes."""
    rng = random.Random(f"{seed} {medium} soak")
    kinds = list(kinds_on(medium))
    for number in itertools.count():
        yield number, rng.choice(kinds) if rng.random() < 0.01 else HEALTHY


def slope_of(trace: list[tuple[float, int, int]]) -> dict[str, float]:
    """How memory and descriptors changed over time, after the first fifth of it."""
    kept = trace[len(trace) // 5 :]
    if len(kept) < 2:
        return {}
    mean_at = sum(at for at, _, _ in kept) / len(kept)
    mean = sum(memory for _, memory, _ in kept) / len(kept)
    spread = sum((at - mean_at) ** 2 for at, _, _ in kept)
    slope = sum((at - mean_at) * (memory - mean) for at, memory, _ in kept) / (spread or 1.0)
    return {
        "first (KiB)": kept[0][1] // 1024,
        "last (KiB)": kept[-1][1] // 1024,
        "slope (KiB per minute)": round(slope * 60 / 1024, 1),
        "descriptors first": kept[0][2],
        "descriptors last": kept[-1][2],
        "samples": len(kept),
    }


def run_peer(report: Report, arguments: argparse.Namespace, begun: float) -> None:
    """Another library on sockets, with plain connections."""
    from tests.chaos.peers import PeerClient, is_for_peers, kinds_of_peers

    cases.only_way = "plain"
    campaign = Campaign(
        report,
        "socket",
        arguments.threads,
        lambda lab, medium: PeerClient(lab, arguments.client),
        {},
    )
    campaign.ours, campaign.makes_sense = False, is_for_peers
    plan = cycle_of_kinds("socket", report.seed, kinds=kinds_of_peers())
    campaign.run(itertools.islice(plan, arguments.cases), begun + arguments.minutes * 60)
    campaign.close()


if __name__ == "__main__":
    sys.exit(main())
