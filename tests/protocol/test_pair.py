"""Two linked connections: every event that one sends is the event that the other receives."""

from __future__ import annotations

import itertools

import pytest

import h11
from tests.protocol.driving import rows
from tests.protocol.model import Linked

HOST = ("Host", "a")
CHUNKED = ("Transfer-Encoding", "chunked")
END = h11.EndOfMessage()
CLOSED = h11.ConnectionClosed()
C, S = "client", "server"


def request(*headers, method="GET", target="/") -> h11.Request:
    return h11.Request(method=method, target=target, headers=[HOST, *headers])


def response(*headers, status_code=200, reason=b"OK") -> h11.Response:
    return h11.Response(status_code=status_code, headers=headers, reason=reason)


def informational(status_code: int, *headers) -> h11.InformationalResponse:
    return h11.InformationalResponse(status_code=status_code, headers=headers, reason=b"So")


def data(text: bytes) -> h11.Data:
    return h11.Data(data=text)


CYCLE = "cycle"
EMPTY = response(("Content-Length", "0"))
DIALOGUES = [
    ("get", [(C, request()), (C, END), (S, EMPTY), (S, END), CYCLE]),
    ("get with a chunked answer", [(C, request()), (C, END), (S, response()), (S, data(b"a")), (S, data(b"b" * 300)), (S, END), CYCLE]),
    ("get with a counted answer", [(C, request()), (C, END), (S, response(("Content-Length", "3"))), (S, data(b"abc")), (S, END), CYCLE]),
    ("head", [(C, request(method="HEAD")), (C, END), (S, response(("Content-Length", "30"))), (S, END), CYCLE]),
    ("204", [(C, request()), (C, END), (S, response(status_code=204)), (S, END), CYCLE]),
    ("304 with length", [(C, request()), (C, END), (S, response(("Content-Length", "9"), status_code=304)), (S, END), CYCLE]),
    ("counted upload", [(C, request(("Content-Length", "6"), method="PUT")), (C, data(b"abc")), (C, data(b"")), (C, data(b"def")), (C, END), (S, EMPTY), (S, END), CYCLE]),
    ("chunked upload with trailers", [(C, request(CHUNKED, method="PUT")), (C, data(b"\r\n0\r\n\r\n")), (C, h11.EndOfMessage(headers=[("A", "b"), ("C", "d")])), (S, EMPTY), (S, END), CYCLE]),
    ("answer with trailers", [(C, request()), (C, END), (S, response(CHUNKED)), (S, h11.EndOfMessage(headers=[("A", "b")])), CYCLE]),
    ("informational answers", [(C, request()), (C, END), *[(S, informational(code, ("A", "b"))) for code in (100, 102, 103, 199)], (S, EMPTY), (S, END), CYCLE]),
    ("expectation", [(C, request(CHUNKED, ("Expect", "100-continue"), method="PUT")), (S, informational(100)), (C, data(b"x")), (C, END), (S, EMPTY), (S, END), CYCLE]),
    ("expectation refused", [(C, request(("Content-Length", "2"), ("Expect", "100-continue"), method="PUT")), (S, response(("Content-Length", "0"), status_code=417)), (S, END), (C, data(b"no")), (C, END), CYCLE]),
    ("answer before the upload ends", [(C, request(CHUNKED, method="PUT")), (S, EMPTY), (C, data(b"x")), (S, END), (C, data(b"y")), (C, END), CYCLE]),
    ("upgrade", [(C, request(("Upgrade", "x"))), (C, END), (S, informational(101, ("Upgrade", "x")))]),
    ("upgrade refused", [(C, request(("Upgrade", "x"))), (C, END), (S, EMPTY), (S, END), CYCLE]),
    ("tunnel", [(C, request(method="CONNECT", target="a:1")), (C, END), (S, response(status_code=200))]),
    ("tunnel refused", [(C, request(method="CONNECT", target="a:1")), (C, END), (S, response(status_code=403)), (S, data(b"no")), (S, END), CYCLE]),
    ("client closes", [(C, request(("Connection", "close"))), (C, END), (S, EMPTY), (S, END), (S, CLOSED), (C, CLOSED)]),
    ("server closes", [(C, request()), (C, END), (S, response(("Connection", "close"), ("Content-Length", "1"))), (S, data(b"x")), (S, END), (S, CLOSED), (C, CLOSED)]),
    ("client half-closes early", [(C, request()), (C, END), (C, CLOSED), (S, response()), (S, data(b"x")), (S, END), (S, CLOSED)]),
    ("timeout of an idle connection", [(S, response(("Content-Length", "0"), ("Connection", "close"), status_code=408)), (S, END), (S, CLOSED), (C, CLOSED)]),
    ("close of an idle connection", [(C, CLOSED), (S, CLOSED)]),
    ("odd texts", [(C, request(("X", "\x01\x7f"), ("Y", b"\xff\x80"), ("Z", ""), method="!#$%&'*+-.^_`|~", target="*")), (C, END), (S, response(("content-length", "0"), ("X", "a \t b"), status_code=999, reason=b"\xffwhat \t?")), (S, END), CYCLE]),
]  # fmt: skip


def play(pair: Linked, dialogue: list) -> None:
    for step in dialogue:
        if step == CYCLE:
            pair.cycle()
            assert {connection.our_state for connection in pair.connections.values()} == {h11.IDLE}
        else:
            assert pair.sends(*step), step


@pytest.mark.parametrize("dialogue", rows(DIALOGUES))
def test_dialogue(dialogue: list) -> None:
    play(Linked(), dialogue)


REUSING = [row for row in DIALOGUES if row[1][-1] == CYCLE]


def test_dialogues_may_follow_one_another_on_one_connection() -> None:
    for first, second in itertools.product(REUSING, DIALOGUES):
        pair = Linked()
        play(pair, first[1])
        play(pair, second[1])
    pair = Linked()
    for _, dialogue in REUSING * 3:
        play(pair, dialogue)


@pytest.mark.parametrize("dialogue", rows(DIALOGUES))
def test_failed_send_at_any_point_ends_reuse(dialogue: list) -> None:
    for role, at in itertools.product((C, S), range(len(dialogue))):
        pair = Linked()
        play(pair, dialogue[:at])
        pair.fails(role)
        with pytest.raises(h11.LocalProtocolError):
            pair.connections[role].start_next_cycle()
        for step in dialogue[at:]:
            if step == CYCLE:
                break
            if step[0] == role:
                assert not pair.sends(*step)
                break
            pair.sends(*step)


def test_every_kind_of_event_goes_both_ways() -> None:
    sent = {
        (role, type(event).__name__)
        for _, dialogue in DIALOGUES
        for role, event in (s for s in dialogue if s != CYCLE)
    }
    assert sent == {
        (C, "Request"), (C, "Data"), (C, "EndOfMessage"), (C, "ConnectionClosed"),
        (S, "InformationalResponse"), (S, "Response"), (S, "Data"), (S, "EndOfMessage"), (S, "ConnectionClosed"),
    }  # fmt: skip
