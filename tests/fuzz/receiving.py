"""The receiving side under test: one message, however split, against the other parsers."""

from __future__ import annotations

import random
import re
from typing import Any

import h11
from tests.fuzz.h11_verdicts import (
    SERVER,
    Verdict,
    ask_for,
    asking,
    judge,
    nothing_yet,
    read_on,
    text,
)
from tests.fuzz.reference import Caps, read
from tests.protocol.driving import cut, single_bytes

SEEN = ("outcome", "informational", "head", "fields", "body", "trailers", "left", "reusable")
BY_LLHTTP = ("outcome", "status", "fields", "body", "trailers")
COMPLETIONS = (b"\r\n\r\n", b"\n\n", b"x\r\n\r\n", b":\r\n\r\n0\r\n\r\n", b"0\r\n\r\n", b"\r\n0\r\n\r\n", b"\r\n\r\n0\r\n\r\n")  # fmt: skip
TIGHT = {"fields": 3, "status_line": 20, "trailers": 30, "chunk_line": 24, "chunk_overhead": 20, "informational": 2}  # fmt: skip
TIGHT_HEAD = 90


def settings_of(tight: bool) -> tuple[dict[str, Any], Caps]:
    if not tight:
        return {}, Caps()
    limits = h11.ParserLimits(**TIGHT)
    return {"max_incomplete_event_size": TIGHT_HEAD, "limits": limits}, Caps(TIGHT_HEAD, **TIGHT)


def seen(verdict: Verdict) -> tuple[Any, ...]:
    return tuple(verdict[key] for key in SEEN)


def cuts(choice: random.Random, wire: bytes) -> list[bytes]:
    places = sorted(choice.randint(0, len(wire)) for _ in range(choice.randint(1, 6)))
    return cut(wire, [0, *places, len(wire)])


def check(ask: str, eof: bool, wire: bytes, tight: bool, choice: random.Random) -> Verdict:
    """What ours makes of it; AssertionError where a promise is broken."""
    settings, caps = settings_of(tight)
    pieces = cuts(choice, wire)
    connection = asking(ask, **settings)
    whole = judge(connection, [wire], eof)
    slowly = judge(asking(ask, **settings), single_bytes(wire), eof)
    parted = judge(asking(ask, **settings), pieces, eof)
    joined = judge(
        asking(ask, **settings), pieces, eof, choice.choice((1, 3, 101, 65537, 2, 65536))
    )
    for way, other in (("byte by byte", slowly), ("cut", parted), ("receive_body", joined)):
        assert seen(other) == seen(whole), f"{way}: {seen(other)} is not {seen(whole)}"
        assert other["hint"] == whole["hint"], f"{way}: hint {other['hint']}, not {whole['hint']}"
    if whole["outcome"] == "refused":
        assert_stays_refused(connection)
        reached = 0
        for piece in pieces:
            reached += len(piece)
            if reached >= slowly["fed"]:
                break
        assert parted["fed"] == reached, "refused at another byte"
    assert_reference_agrees(ask, eof, wire, caps, whole)
    if whole["reusable"] and whole["left"]:
        connection = asking(ask, **settings)
        judge(connection, choice.choice(([wire], pieces)), eof)
        following = judge_following(connection, ask)
        assert_reference_agrees(ask, eof, whole["left"].encode("latin-1"), caps, following)
    return whole


def judge_following(connection: h11.Connection, ask: str) -> Verdict:
    """What the connection makes, in its next cycle, of the bytes that are left."""
    if ask == SERVER:
        connection.send(h11.Response(status_code=204, headers=[]))
        connection.send(h11.EndOfMessage())
    connection.start_next_cycle()
    if ask != SERVER:
        ask_for(connection, ask)
    verdict, body = nothing_yet(), list[bytes]()
    read_on(connection, verdict, body, 0)
    verdict["body"] = text(b"".join(body))
    if verdict["outcome"] in ("complete", "switched"):
        verdict["left"] = text(connection.trailing_data[0])
    return verdict


def assert_stays_refused(connection: h11.Connection) -> None:
    assert connection.their_state is h11.ERROR
    try:
        connection.next_event()
    except h11.RemoteProtocolError:
        return
    raise AssertionError("an event after an error")


def assert_reference_agrees(ask: str, eof: bool, wire: bytes, caps: Caps, ours: Verdict) -> None:
    theirs = read(ask, eof, wire, caps)
    if theirs["outcome"] == "incomplete" and ours["outcome"] == "refused":
        # Refused early. Whatever could follow, it has to be wrong.
        for more in COMPLETIONS:
            completed = read(ask, False, wire + more, caps)["outcome"]
            assert completed in ("refused", "incomplete"), f"refused early, and {more!r} mends it"
        theirs["outcome"] = "refused"
    if theirs["outcome"] == "refused":
        theirs["left"] = ""
    assert seen(theirs) == seen(ours), f"reference: {seen(theirs)}, ours: {seen(ours)}"


def error_class(verdict: Verdict) -> str:
    """An error's text without what it quotes."""
    return re.sub(r"[0-9]+", "#", re.split(" b['\"]", verdict["error"])[0])[:90]


def difference(ours: Verdict, theirs: Verdict, keys: tuple[str, ...]) -> str:
    """The kind of difference between two verdicts; empty where there is none."""
    one, other = outcome(ours), outcome(theirs)
    if ours["outcome"] == theirs["outcome"] == "refused":
        return ""
    if one != other:
        return f"{one} / {other}"
    names = [key for key in keys if value(ours, key) != value(theirs, key)]
    return f"{one}: {', '.join(names)}" if names else ""


def outcome(verdict: Verdict) -> str:
    error = error_class(verdict) if verdict["outcome"] == "refused" else ""
    return f"{verdict['outcome']} ({error})" if error else str(verdict["outcome"])


def value(verdict: Verdict, key: str) -> Any:
    if key == "status":
        return verdict["head"] and verdict["head"][0]
    return verdict[key]


def from_0_16(ours: Verdict, theirs: Verdict) -> str:
    return difference(ours, theirs, SEEN)


def from_llhttp(ask: str, ours: Verdict, theirs: Verdict) -> str:
    if ask not in ("GET", SERVER) or ours["outcome"] in ("incomplete", "closed"):
        return ""  # it was not told what was asked for; or it has refused sooner what it refuses
    if ask == SERVER and theirs["outcome"] == "switched":
        theirs = {**theirs, "outcome": "complete"}  # a proposal
    return difference(ours, theirs, BY_LLHTTP)
