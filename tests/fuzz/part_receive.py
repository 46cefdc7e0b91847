"""Fuzzing what is received: responses and requests, against the reference, h11 0.16 and llhttp."""

from __future__ import annotations

import random
from typing import Any, NamedTuple

from tests.fuzz import oracles, receiving
from tests.fuzz.differences import reason_from_0_16, reason_from_llhttp
from tests.fuzz.h11_verdicts import SERVER
from tests.fuzz.mutation import USUAL, mutate
from tests.fuzz.reference import read
from tests.fuzz.requests import REQUESTS
from tests.fuzz.responses import CHUNKED, HI, LAST, OK, rows

MORE: list[tuple[str, bytes]] = [
    ("GET", CHUNKED + b"3\r\nabc\r\n" * 6 + LAST),
    ("GET", CHUNKED + b"4;a\r\nabcd\r\n" * 5 + b"3\r\nabc\r\n" * 5 + LAST),
    ("GET", CHUNKED + b"1;abcdefghijklmnopqr\r\nx\r\n" * 8 + LAST),
    ("GET", CHUNKED + b"400\r\n" + b"x" * 1024 + b"\r\n" + LAST),
    ("GET", CHUNKED + b"20\r\n" + b"y" * 32 + b"\r\n" + b"1;abcdefghijklmnopqr\r\nx\r\n" * 5 + LAST),
    ("GET", (b"HTTP/1.1 103 X\r\n\r\n" * 2 + OK + b"Content-Length: 2\r\n\r\nhi") * 2),
    ("GET", (CHUNKED + HI + LAST) * 3),
    (SERVER, REQUESTS[0] * 3),
    (SERVER, REQUESTS[-2] * 2),
    (SERVER, REQUESTS[11] * 2 + REQUESTS[0]),
    (SERVER, b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n" + HI + LAST),
    (SERVER, b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + b"3\r\nabc\r\n" * 9 + LAST),
]  # fmt: skip


class Case(NamedTuple):
    ask: str
    eof: bool
    tight: bool  # small limits
    wire: bytes


class Receive:
    """Messages for both roles."""

    name = "receive"

    def __init__(self) -> None:
        self.of_0_16 = oracles.h11_0_16()
        self.of_llhttp = oracles.llhttp()

    def seeds(self) -> list[Case]:
        found = [Case(ask, eof, False, wire) for _, ask, eof, wire in rows() if len(wire) <= USUAL]
        found += [Case(SERVER, False, False, wire) for wire in REQUESTS] * 6
        return (
            found
            + [Case(ask, False, tight, wire) for ask, wire in MORE for tight in (False, True)] * 3
        )

    def mutate(self, choice: random.Random, case: Case, pool: list[Case]) -> Case:
        others = [choice.choice(pool).wire for _ in range(3)]
        wire = mutate(choice, case.wire, others)
        return Case(case.ask, choice.random() < 0.3, choice.random() < 0.2, wire)

    def check(self, case: Case, choice: random.Random) -> receiving.Verdict:
        return receiving.check(case.ask, case.eof, case.wire, case.tight, choice)

    def kind(self, case: Case, verdict: receiving.Verdict) -> str:
        counts = [
            min(2, len(verdict[key]))
            for key in ("informational", "body", "fields", "trailers", "left")
        ]
        return f"{case.ask} {receiving.outcome(verdict)} {counts} {verdict['reusable']}"

    def is_short(self, case: Case) -> bool:
        return len(case.wire) <= USUAL

    def compare(self, found: list[tuple[Case, receiving.Verdict]]) -> list[tuple[Case, str, str]]:
        asked = [(case, verdict) for case, verdict in found if not case.tight]
        cases: list[oracles.Case] = [
            (case.ask, case.eof, case.wire.decode("latin-1")) for case, _ in asked
        ]
        differences = []
        for (case, ours), theirs in zip(asked, self.of_0_16.verdicts(cases), strict=True):
            if kind := receiving.from_0_16(ours, theirs):
                differences.append((case, f"0.16: {kind}", reason_from_0_16(kind)))
        for (case, ours), theirs in zip(asked, self.of_llhttp.verdicts(cases), strict=True):
            if kind := receiving.from_llhttp(case.ask, ours, theirs):
                differences.append((case, f"llhttp: {kind}", reason_from_llhttp(kind)))
        return differences

    def entry(self, case: Case) -> dict[str, Any]:
        expected = read(case.ask, case.eof, case.wire, receiving.settings_of(case.tight)[1])
        shown = {key: expected[key] for key in receiving.SEEN}
        return {**case._asdict(), "wire": case.wire.decode("latin-1"), "expected": shown}

    def close(self) -> None:
        self.of_0_16.close()
        self.of_llhttp.close()
