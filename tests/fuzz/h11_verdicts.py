"""What an h11 makes of a message: the one that is installed, ours or the index's.

Run as a program it answers lines on stdin, each a JSON list of cases `[ask, eof, wire]`, with a JSON
list of verdicts, so that thousands of messages cost one process. It imports nothing but the standard
library and h11.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from typing import Any

import h11

Verdict = dict[str, Any]
SERVER = "server"  # the case is a request; every other `ask` is what the client has asked for
HOST = ("Host", "a")


def asking(ask: str, **settings: Any) -> h11.Connection:
    """A connection that waits for the message of a case."""
    if ask == SERVER:
        return h11.Connection(h11.SERVER, **settings)
    connection = h11.Connection(h11.CLIENT, **settings)
    ask_for(connection, ask)
    return connection


def ask_for(connection: h11.Connection, ask: str) -> None:
    headers = [HOST, ("Upgrade", "x"), ("Connection", "upgrade")] if ask == "UPGRADE" else [HOST]
    method = "GET" if ask == "UPGRADE" else ask
    connection.send(h11.Request(method=method, target="a:1", headers=headers))
    connection.send(h11.EndOfMessage())


def nothing_yet() -> Verdict:
    return {
        "outcome": "incomplete",
        "informational": [],
        "head": None,
        "fields": [],
        "body": "",
        "trailers": [],
        "left": "",
        "reusable": False,
        "error": "",
        "hint": 0,
        "fed": 0,
    }


def text(data: Any) -> str:
    return bytes(data).decode("latin-1")


def pairs(headers: Iterable[tuple[bytes, bytes]]) -> list[list[str]]:
    return [[text(name), text(value)] for name, value in headers]


def judge(connection: h11.Connection, pieces: Iterable[bytes], eof: bool, step: int = 0) -> Verdict:
    """Reads one message; with a `step` its body comes from `receive_body(step)` (ours alone)."""
    verdict = nothing_yet()
    body: list[bytes] = []
    waiting = [piece for piece in pieces if piece]
    for piece in [*waiting, b""] if eof else waiting:
        connection.receive_data(piece)
        if verdict["outcome"] == "incomplete":
            verdict["fed"] += len(piece)
            read_on(connection, verdict, body, step)
    verdict["body"] = text(b"".join(body))
    if verdict["outcome"] in ("complete", "switched"):
        verdict["left"] = text(connection.trailing_data[0])
    return verdict


def read_on(connection: h11.Connection, verdict: Verdict, body: list[bytes], step: int) -> None:
    """Takes whatever events there are."""
    while True:
        try:
            if step and connection.their_state is h11.SEND_BODY:
                if step % 2 == 0 and take_whole(connection, verdict, body, step):
                    return
                piece = connection.receive_body(step)  # type: ignore[attr-defined]  # 0.16 has none
                if piece is h11.NEED_DATA:
                    return
                if piece is not None:
                    body.append(piece)
                    continue
            event = connection.next_event()
        except h11.RemoteProtocolError as error:
            verdict["outcome"] = "refused"
            verdict["error"] = str(error)
            verdict["hint"] = error.error_status_hint
            return
        if event is h11.NEED_DATA:
            return
        if event is h11.PAUSED:
            verdict["outcome"] = "switched"
            return
        if note(connection, verdict, body, event):
            return


def take_whole(connection: h11.Connection, verdict: Verdict, body: list[bytes], step: int) -> bool:
    """Takes body and end at once, where ours offers that and the body is all there."""
    take = getattr(connection, "receive_whole_body", None)
    whole = None if take is None else take(step)
    if whole is None:
        return False
    body.append(whole)
    verdict["outcome"] = "complete"
    verdict["reusable"] = connection.their_state is h11.DONE
    return True


def note(connection: h11.Connection, verdict: Verdict, body: list[bytes], event: Any) -> bool:
    """Writes an event down; true when it was the last of the message."""
    kind = type(event)
    if kind is h11.Data:
        body.append(bytes(event.data))
    elif kind is h11.InformationalResponse:
        verdict["informational"].append([event.status_code, pairs(event.headers)])
    elif kind is h11.EndOfMessage:
        verdict["outcome"] = "complete"
        verdict["trailers"] = pairs(event.headers)
        verdict["reusable"] = connection.their_state is h11.DONE
        return True
    elif kind is h11.ConnectionClosed:
        verdict["outcome"] = "closed"
        return True
    else:
        verdict["fields"] = pairs(event.headers)
        version = text(event.http_version)
        if kind is h11.Request:
            verdict["head"] = [text(event.method), text(event.target), version]
        else:
            verdict["head"] = [event.status_code, text(event.reason), version]
    return False


def verdict_of(ask: str, eof: bool, wire: str) -> Verdict:
    try:
        return judge(asking(ask), [wire.encode("latin-1")], eof)
    except Exception as error:  # whatever it is, it is an answer
        return {**nothing_yet(), "outcome": "crashed", "error": repr(error)[:200]}


def main() -> None:
    for line in sys.stdin:
        print(json.dumps([verdict_of(*case) for case in json.loads(line)]), flush=True)


if __name__ == "__main__":
    main()
