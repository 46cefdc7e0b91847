"""P3: what ours sends, other parsers read with the same meaning."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import h11
from tests.fuzz import oracles, sending
from tests.fuzz.differences import READ_BY_LLHTTP, reason_for
from tests.fuzz.part_send import misread
from tests.fuzz.sending import Message
from tests.protocol.strategies import examples
from tests.protocol.test_properties import events_to_send


@pytest.fixture(scope="module")
def readers() -> Iterator[dict[str, oracles.Oracle]]:
    with oracles.h11_0_16() as of_0_16, oracles.llhttp() as of_llhttp:
        yield {"0.16": of_0_16, "llhttp": of_llhttp}


def sent(exchange: list[tuple[str, Any]]) -> list[Message]:
    """Both messages of an exchange as our client and our server write them."""
    client, server = h11.Connection(h11.CLIENT), h11.Connection(h11.SERVER)
    wires = {"client": b"", "server": b""}
    body = {"client": b"", "server": b""}
    fields: dict[str, list[Any]] = {"client": [], "server": []}
    for role, event in exchange:
        ours, theirs = (client, server) if role == "client" else (server, client)
        wire = ours.send(event)
        assert wire is not None
        wires[role] += wire
        if wire:
            theirs.receive_data(wire)
        while isinstance(theirs.next_event(), h11.Event):
            pass
        if type(event) is h11.Data:
            body[role] += bytes(event.data)
        if type(event) in (h11.Request, h11.Response):
            fields[role] = list(event.headers)
    return [
        Message(
            ask,
            wires[role].decode("latin-1"),
            body[role].decode("latin-1"),
            [[name.decode("latin-1"), value.decode("latin-1")] for name, value in fields[role]],
        )
        for role, ask in (("client", "server"), ("server", "GET"))
    ]


@examples(50)
@given(exchange=events_to_send())
def test_what_ours_sends_is_read_alike_by_0_16_and_llhttp(
    readers: dict[str, oracles.Oracle], exchange: list
) -> None:
    """P3."""
    messages = sent(exchange)
    cases: list[oracles.Case] = [(each.ask, True, each.wire) for each in messages]
    for reader, oracle in readers.items():
        for message, verdict in zip(messages, oracle.verdicts(cases), strict=True):
            wrong = misread(message, verdict)
            known = reader == "llhttp" and reason_for(wrong, READ_BY_LLHTTP)
            assert not wrong or known, f"{reader}: {wrong}: {message}"


SIMPLE = st.sampled_from([("GET", "/"), ("POST", "/a?b=c"), ("PUT", "/a%20b"), ("DELETE", "/*")])
TEXTS = st.text("abcXYZ019-_", min_size=1, max_size=8)


@examples(60)
@given(
    start=SIMPLE,
    fields=st.lists(st.tuples(TEXTS, TEXTS), max_size=4),
    blocks=st.lists(st.binary(min_size=1, max_size=30), max_size=3),
    chunked=st.booleans(),
)
def test_llhttp_reads_every_plain_request(
    readers: dict[str, oracles.Oracle],
    start: tuple[str, str],
    fields: list,
    blocks: list[bytes],
    chunked: bool,
) -> None:
    """P3, where no reason counts."""
    size = sum(map(len, blocks))
    framing = ("Transfer-Encoding", "chunked") if chunked else ("Content-Length", str(size))
    headers = [("Host", "a"), *(("x" + name, value) for name, value in fields), framing]
    steps: list[tuple[str, dict[str, Any]]] = [
        ("Request", {"method": start[0], "target": start[1], "headers": [list(p) for p in headers]}),
        *[("Data", {"data": sending.raw(block)}) for block in blocks],
        ("EndOfMessage", {}),
    ]  # fmt: skip
    _, messages = sending.check(sending.Script("client", steps))
    (message,) = messages
    (verdict,) = readers["llhttp"].verdicts([(message.ask, True, message.wire)])
    assert misread(message, verdict) == ""
    assert verdict["head"] == [*start, "1.1"]


def test_scripts_of_events_are_long_enough_to_reach_every_state() -> None:
    choice = random.Random(3)
    states = set()
    for _ in range(800):
        script = sending.a_script(choice)
        results, _ = sending.check(sending.changed(choice, script, [script]))
        states |= {result[2] for result in results} | {result[3] for result in results}
    assert states == {
        *("IDLE", "SEND_BODY", "SEND_RESPONSE", "DONE", "MUST_CLOSE", "CLOSED", "ERROR"),
        *("MIGHT_SWITCH_PROTOCOL", "SWITCHED_PROTOCOL"),
    }
