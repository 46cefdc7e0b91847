"""The sending side under test: scripts of events, what ours makes of them, and what is meant."""

from __future__ import annotations

import random
import re
from typing import Any, NamedTuple

import h11
from tests.fuzz.h11_sending import Result, run, value
from tests.fuzz.reference import read
from tests.protocol.strategies import TOKEN_CHARACTERS

Step = tuple[str, dict[str, Any]]
SENT = ("Request", "InformationalResponse", "Response", "Data", "EndOfMessage", "ConnectionClosed")


class Script(NamedTuple):
    role: str
    steps: list[Step]


def raw(data: bytes) -> dict[str, str]:
    return {"b": data.decode("latin-1")}


HEARD = {
    "server": [
        b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.0\r\n\r\n",
        b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ],
    "client": [
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
        b"HTTP/1.1 204 X\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 101 X\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
    ],
}
NAMES = ["A", "x-token", "Content-Length", "content-length", "Transfer-Encoding", "transfer-encoding", "Connection", "connection", "Host", "HOST", "Upgrade", "Expect", "Trailer", "a b", "", ":", "A\r\n", "\xe9"]  # fmt: skip
VALUES = ["", "a", "b c", "0", "2", "3", "02", "2, 2", "-1", "chunked", "Chunked", "gzip", "close", "CLOSE, x", "keep-alive", "keep-alive, close", "100-continue", "upgrade", " a", "a\t", "a\r\nB: c", "a\nb", "\x00", "\x0b", "\x01", "\x7f", "\xe9", "٣", "9223372036854775808", "1" * 25]  # fmt: skip
METHODS = ["GET", "HEAD", "POST", "PUT", "CONNECT", "get", "X-Y", "", "G T", "GET\r\n", "\xe9"]
TARGETS = ["/", "/a?b", "*", "a:1", "http://a/", "", "/ ", "/\r\n", "/\x7f", "/\xe9", "/#"]
REASONS = ["", "OK", "a\tb", "a\r\nb", "\x00", " x", "\xe9", "\x01"]
STATUSES = [200, 200, 200, 204, 304, 404, 100, 101, 103, 199, 299, 600, 999, 99, 1000, 0, -1]
VERSIONS = ["1.1", "1.1", "1.1", "1.0", "2.0", "1.2", "1", "x"]


def a_text(choice: random.Random, texts: list[str]) -> Any:
    """One of the usual texts, as str or bytes, and sometimes with a byte changed."""
    text = choice.choice(texts)
    if choice.random() < 0.06:
        at = choice.randint(0, len(text))
        text = text[:at] + chr(choice.choice((0, 9, 10, 13, 32, 58, 127, 200, 0x10A))) + text[at:]
    if choice.random() < 0.06:
        text = "".join(choice.choice(TOKEN_CHARACTERS) for _ in range(choice.randint(1, 9)))
    try:
        return raw(text.encode("latin-1")) if choice.random() < 0.5 else text
    except UnicodeEncodeError:
        return text


def fields(choice: random.Random, framing: bool) -> list[list[Any]]:
    found = []
    for _ in range(choice.choice((0, 0, 1, 1, 2, 3))):
        found.append([a_text(choice, NAMES), a_text(choice, VALUES)])
    if framing and choice.random() < 0.7:
        found.append(choice.choice([["Content-Length", "2"], ["Transfer-Encoding", "chunked"], ["content-length", "0"]]))  # fmt: skip
    return found


def an_event(choice: random.Random, kind: str) -> Step:
    if kind == "Request":
        given = [["Host", "a"]] if choice.random() < 0.9 else []
        event = {
            "method": a_text(choice, METHODS if choice.random() < 0.3 else METHODS[:5]),
            "target": a_text(choice, TARGETS if choice.random() < 0.3 else TARGETS[:4]),
            "headers": [*fields(choice, True), *given],
        }
        return kind, event | version(choice)
    if kind in ("Response", "InformationalResponse"):
        usual = [100, 103, 101] if kind == "InformationalResponse" else [200, 404, 204]
        event = {
            "status_code": choice.choice(STATUSES if choice.random() < 0.4 else usual),
            "headers": fields(choice, kind == "Response"),
        }
        if choice.random() < 0.4:
            event["reason"] = a_text(choice, REASONS)
        return kind, event | version(choice)
    if kind == "Data":
        return kind, {"data": raw(choice.choice((b"hi", b"hi", b"h", b"", b"hello" * 20)))}
    if kind == "EndOfMessage":
        return kind, {"headers": fields(choice, False)} if choice.random() < 0.2 else {}
    return kind, {}


def version(choice: random.Random) -> dict[str, Any]:
    return {"http_version": choice.choice(VERSIONS)} if choice.random() < 0.15 else {}


def a_step(choice: random.Random, role: str) -> Step:
    kind = choice.choice(("send", "send", "send", "send", "hear", "cycle", "fail"))
    if kind == "send":
        return an_event(choice, choice.choice(SENT))
    if kind == "hear":
        return kind, {"data": raw(choice.choice([*HEARD[role], b""]))}
    return kind, {}


def an_exchange(choice: random.Random, role: str) -> list[Step]:
    """What is right in most places."""
    heard = ("hear", {"data": raw(choice.choice(HEARD[role]))})
    head = an_event(choice, "Request" if role == "client" else "Response")
    body = [an_event(choice, "Data") for _ in range(choice.choice((0, 1, 1, 2)))]
    sent = [head, *body, an_event(choice, "EndOfMessage")]
    if role == "server" and choice.random() < 0.3:
        sent.insert(0, an_event(choice, "InformationalResponse"))
    return [*sent, heard] if role == "client" else [heard, *sent]


def a_script(choice: random.Random) -> Script:
    role = choice.choice(("client", "server"))
    steps = an_exchange(choice, role)
    if choice.random() < 0.4:
        steps += [("cycle", {}), *an_exchange(choice, role)]
    return Script(role, steps)


# What chance takes long to find: one byte more, and one less, than was announced.
SEEDS = [
    Script("client", [("Request", {"method": "POST", "target": "/", "headers": [["Host", "a"], ["Content-Length", "2"]]}), *[("Data", {"data": raw(data)}) for data in pieces], ("EndOfMessage", {})])
    for pieces in ([b"hi"], [b"hi", b"h"], [b"h"], [b"h", b"", b"i"])
]  # fmt: skip


def changed(choice: random.Random, script: Script, others: list[Script]) -> Script:
    steps = list(script.steps)
    for _ in range(choice.choice((1, 1, 2, 3))):
        at = choice.randint(0, len(steps))
        what = choice.choice(("insert", "delete", "repeat", "replace", "new fields", "splice"))
        if what == "insert":
            steps.insert(at, a_step(choice, script.role))
        elif what == "splice":
            other = choice.choice(others)
            if other.role == script.role:
                steps = steps[:at] + other.steps[choice.randint(0, len(other.steps)) :]
        elif at == len(steps):
            steps = a_script(choice).steps if choice.random() < 0.1 else steps
        elif what == "delete":
            del steps[at]
        elif what == "repeat":
            steps.insert(at, steps[at])
        elif what == "replace":
            steps[at] = a_step(choice, script.role)
        elif steps[at][0] in SENT:
            steps[at] = an_event(choice, steps[at][0])
    return Script(script.role, steps[:14])


class Message(NamedTuple):
    """What was sent as one message: to be read by others."""

    ask: str
    wire: str
    body: str
    fields: list[list[str]]


def check(script: Script) -> tuple[list[Result], list[Message]]:
    """What ours makes of the script, and the whole messages in it; AssertionError where it is wrong."""
    results = run(script.role, script.steps)
    for (kind, _), (happened, what, ours, _) in zip(script.steps, results):
        if happened in ("not made", "refused"):
            assert what == "LocalProtocolError", f"{kind}: {what}"
        if happened == "refused":
            assert ours == "ERROR", f"{kind} refused, and we are {ours}"
        if happened == "heard wrong":
            assert what in ("RemoteProtocolError", "RuntimeError"), what
    found = messages(script, results)
    for message in found:
        read_back = read(message.ask, True, message.wire.encode("latin-1"))
        assert read_back["outcome"] == "complete", f"{message}: {read_back['error']}"
        assert read_back["body"] == message.body, message
        given = [pair for pair in read_back["fields"] if pair in message.fields]
        assert len(given) == len(message.fields), f"{message}: {read_back['fields']}"
    return results, found


def messages(script: Script, results: list[Result]) -> list[Message]:
    """The messages that were sent whole, informational responses in front of theirs."""
    found = []
    ask = h11.SERVER if script.role == "client" else None
    wire = body = ""
    given: list[list[str]] = []
    asked = "GET"
    for (kind, shown), (happened, what, *_) in zip(script.steps, results):
        if happened == "heard" and script.role == "server":
            asked = asked_by(what) or asked
        elif happened == "cycle":
            asked = "GET"  # a response may come without a request
        if happened != "sent" or what is None:
            continue
        wire += what
        if kind in ("Request", "Response"):
            given = sent_fields(shown)
            body = ""
        elif kind == "Data":
            body += shown["data"]["b"]
        elif kind == "EndOfMessage":
            found.append(Message("server" if ask else asked, wire, body, given))
            wire = ""
    return found


def asked_by(heard: str) -> str:
    """What the last request among the heard events asks for; empty where there is none."""
    found = [word.partition(":")[2] for word in heard.split() if word.startswith("Request:")]
    known = ("HEAD", "CONNECT", "UPGRADE")
    return "" if not found else found[-1] if found[-1] in known else "GET"


def sent_fields(shown: dict[str, Any]) -> list[list[str]]:
    """The fields that have to arrive as they are: all but those that steer the framing."""
    found = []
    for name, text in value(shown.get("headers", [])):
        name, text = (
            (x if isinstance(x, bytes) else x.encode()).decode("latin-1") for x in (name, text)
        )
        if name.lower() not in ("content-length", "transfer-encoding", "connection"):
            found.append([name.lower(), text])
    return found


def difference(script: Script, ours: list[Result], theirs: list[Result]) -> str:
    """The kind of the first difference from 0.16; empty where there is none."""
    for (kind, _), one, other in zip(script.steps, ours, theirs):
        if one == other:
            continue
        if one[:2] != other[:2]:
            return f"{kind}: {kind_of_result(one, other)}"
        return f"{kind}: states {one[2]}, {one[3]} / {other[2]}, {other[3]}"
    return "" if len(ours) == len(theirs) else "number of steps"


def kind_of_result(one: Result, other: Result) -> str:
    if one[0] == other[0] == "sent":
        return f"wire: {kind_of_wire(one[1] or '', other[1] or '')}"
    shown = [each[0] if each[0] == "sent" else f"{each[0]} {each[1]}" for each in (one, other)]
    return " / ".join(shown)


def kind_of_wire(one: str, other: str) -> str:
    if one.lower() == other.lower():
        return "casing of " + ", ".join(
            sorted(
                {a.partition(":")[0].lower() for a, b in zip(lines(one), lines(other)) if a != b}
            )
        )
    options = [
        sorted(x for x in lines(wire.lower()) if not x.startswith("connection:"))
        for wire in (one, other)
    ]
    if options[0] == options[1]:
        return "Connection"
    names = [
        sorted(re.split("[:\r]", line.lower())[0] for line in lines(wire)) for wire in (one, other)
    ]
    if names[0] == names[1]:
        return "values"
    only = [sorted(set(here) - set(there)) for here, there in (names, names[::-1])]
    return f"fields {only[0]} / {only[1]}"


def lines(wire: str) -> list[str]:
    return wire.split("\r\n")
