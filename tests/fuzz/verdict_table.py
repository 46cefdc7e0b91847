"""The table in verdicts.md: what each parser makes of each response, and why ours does as it does.

`python -m tests.fuzz.verdict_table` writes it anew and keeps the reasons that stand in it. A row on
which ours, h11 0.16 and llhttp agree has no reason, and every other row needs one.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from tests.fuzz import oracles
from tests.fuzz.h11_verdicts import Verdict, verdict_of
from tests.fuzz.receiving import BY_LLHTTP, SEEN, value
from tests.fuzz.responses import rows

FILE = Path(__file__).with_name("verdicts.md")
HEADING = """\
# Verdicts

What parsers make of responses, each handed over in one piece (`responses.py`). `complete (body)`: it
reads another body than ours; `incomplete`: it waits for more. llhttp is strict here; *lenient* names
the switches of which each alone makes it accept what it refuses. http.client always sees the end of
the connection, and is here for what it lets through. Where ours, h11 0.16 and llhttp do not agree, the
last column says why ours does as it does. `test_verdicts.py` makes the table again.

| response | ours | 0.16 | llhttp | lenient | http.client | why |
|---|---|---|---|---|---|---|
"""
LINE = re.compile(r"\| (.*?) \| (.*?) \| (.*?) \| (.*?) \| (.*?) \| (.*?) \| (.*?) ?\|")


class Line(NamedTuple):
    name: str
    ours: str
    of_0_16: str
    of_llhttp: str
    lenient: str
    of_stdlib: str
    why: str

    @property
    def needs_a_reason(self) -> bool:
        asked = {self.ours, self.of_0_16, self.of_llhttp} - {"-"}
        return len(asked) > 1


def lines() -> list[Line]:
    """The file as it is."""
    if not FILE.exists():
        return []
    found = map(LINE.fullmatch, FILE.read_text(encoding="utf-8").splitlines()[10:])
    return [Line(*match.groups()) for match in found if match]


def derived() -> list[Line]:
    """The table as the parsers make it today, with the reasons of the file."""
    reasons = {line.name: line.why for line in lines()}
    table = rows()
    cases: list[oracles.Case] = [(ask, eof, wire.decode("latin-1")) for _, ask, eof, wire in table]
    with oracles.h11_0_16() as of_0_16, oracles.llhttp() as of_llhttp:
        older = of_0_16.verdicts(cases)
        strict = of_llhttp.verdicts(cases)
        stdlib = of_llhttp.verdicts([(*case, "stdlib") for case in cases])
        lenient = {
            switch: of_llhttp.verdicts([(*case, [switch]) for case in cases])
            for switch in oracles.LENIENCIES
        }
    found = []
    for at, (name, ask, _, _) in enumerate(table):
        ours = verdict_of(*cases[at])
        switches = [
            switch.removeprefix("lenient_")
            for switch, verdicts in lenient.items()
            if strict[at]["outcome"] == "refused" and verdicts[at]["outcome"] == "complete"
        ]
        told = ask == "GET"  # llhttp cannot be told what else was asked for
        found.append(
            Line(
                name,
                ours["outcome"],
                cell(ours, older[at], SEEN),
                cell(ours, strict[at], BY_LLHTTP) if told else "-",
                ", ".join(switches) if told else "",
                cell(ours, stdlib[at], ("body",)),
                reasons.get(name, ""),
            )
        )
    return found


def cell(ours: Verdict, theirs: Verdict, keys: tuple[str, ...]) -> str:
    """An outcome, and in which values it differs from ours."""
    outcome: str = theirs["outcome"]
    if outcome == ours["outcome"] == "complete":
        other = [key for key in keys[1:] or keys if value(ours, key) != value(theirs, key)]
        if other:
            return f"{outcome} ({', '.join(other)})"
    return outcome


def text(table: list[Line]) -> str:
    return HEADING + "".join(f"| {' | '.join(line)} |\n" for line in table)


if __name__ == "__main__":
    FILE.write_text(text(derived()), encoding="utf-8")
