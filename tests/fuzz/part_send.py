"""Fuzzing what is sent: scripts of events, against h11 0.16, and read back by all the parsers."""

from __future__ import annotations

import random
from typing import Any

from tests.fuzz import oracles, sending
from tests.fuzz.differences import reason_for_sending, reason_from_llhttp_for_ours
from tests.fuzz.h11_sending import Result
from tests.fuzz.sending import Message, Script

Found = tuple[list[Result], list[Message]]


class Send:
    """Both roles."""

    name = "send"

    def __init__(self) -> None:
        self.of_0_16 = oracles.Oracle("h11_sending.py")
        self.readers = {"0.16": oracles.h11_0_16(), "llhttp": oracles.llhttp()}

    def seeds(self) -> list[Script]:
        choice = random.Random(1)
        return [*sending.SEEDS, *(sending.a_script(choice) for _ in range(100))]

    def mutate(self, choice: random.Random, case: Script, pool: list[Script]) -> Script:
        if choice.random() < 0.15:
            return sending.a_script(choice)
        return sending.changed(choice, case, [choice.choice(pool) for _ in range(3)])

    def check(self, case: Script, choice: random.Random) -> Found:
        return sending.check(case)

    def kind(self, case: Script, verdict: Found) -> str:
        words = [f"{kind} {result[0]}" for (kind, _), result in zip(case.steps, verdict[0])]
        return f"{case.role} {' '.join(words[-2:])} {verdict[0][-1][2:] if verdict[0] else ''}"

    def is_short(self, case: Script) -> bool:
        return True  # `sending.changed` keeps them short

    def compare(self, found: list[tuple[Script, Found]]) -> list[tuple[Script, str, str]]:
        differences = []
        theirs = self.of_0_16.verdicts([tuple(case) for case, _ in found])
        for (case, (ours, _)), other in zip(found, theirs, strict=True):
            if kind := sending.difference(case, ours, other):  # type: ignore[arg-type]  # results, not verdicts
                differences.append((case, f"0.16: {kind}", reason_for_sending(kind)))
        sent = [(case, message) for case, (_, messages) in found for message in messages]
        for reader, oracle in self.readers.items():
            known = reason_from_llhttp_for_ours if reader == "llhttp" else reason_from_0_16_for_ours
            asked = [
                (case, message)
                for case, message in sent
                if reader == "0.16" or message.ask in ("GET", "server")
            ]
            cases: list[oracles.Case] = [(m.ask, True, m.wire) for _, m in asked]
            for (case, message), verdict in zip(asked, oracle.verdicts(cases), strict=True):
                if kind := misread(message, verdict):
                    differences.append((case, f"{reader} reads: {kind}", known(kind)))
        return differences

    def entry(self, case: Script) -> dict[str, Any]:
        return {
            "role": case.role,
            "steps": case.steps,
            "expected": self.of_0_16.verdicts([tuple(case)])[0],
        }

    def close(self) -> None:
        for oracle in (self.of_0_16, *self.readers.values()):
            oracle.close()


def reason_from_0_16_for_ours(kind: str) -> str:
    """0.16 reads whatever ours sends."""
    return ""


def misread(message: Message, verdict: oracles.Verdict) -> str:
    """What is wrong with how another parser reads a message of ours; P3."""
    if verdict["outcome"] == "switched" and message.ask == "server":
        return ""
    if verdict["outcome"] != "complete":
        return f"{verdict['outcome']} ({verdict['error'][:60]})"
    if verdict["body"] != message.body:
        return "another body"
    missing = [pair for pair in message.fields if pair not in verdict["fields"]]
    return "other fields" if missing else ""
