"""What an h11 sends when it is given events: the one that is installed, ours or the index's.

Run as a program it answers lines on stdin, each a JSON list of scripts `[role, steps]`, with a JSON
list of what became of their steps. Steps are `[kind, fields]`, where a kind is an event's name or one
of "hear" (bytes from the peer), "cycle" and "fail"; bytes are written `{"b": text in latin-1}`.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import h11

Result = list[Any]  # what happened, and the two states afterwards
ROLES = {"client": h11.CLIENT, "server": h11.SERVER}


def value(shown: Any) -> Any:
    if isinstance(shown, dict) and set(shown) == {"b"}:
        return shown["b"].encode("latin-1")
    if isinstance(shown, list):
        return [value(each) for each in shown]
    return shown


def run(role: str, steps: list[Any]) -> list[Result]:
    """Goes through the steps until one is refused."""
    connection = h11.Connection(ROLES[role])
    results = []
    for kind, fields in steps:
        happened = step(connection, kind, {name: value(shown) for name, shown in fields.items()})
        states = [str(connection.our_state), str(connection.their_state)]
        results.append([*happened, *states])
        if happened[0] in ("refused", "heard wrong"):
            break
    return results


def step(connection: h11.Connection, kind: str, fields: dict[str, Any]) -> list[Any]:
    if kind == "fail":
        connection.send_failed()
        return ["failed", ""]
    if kind == "cycle":
        try:
            connection.start_next_cycle()
        except h11.LocalProtocolError as error:
            return ["no cycle", type(error).__name__]
        return ["cycle", ""]
    if kind == "hear":
        return hear(connection, fields["data"])
    try:
        event = getattr(h11, kind)(**fields)
    except Exception as error:
        return ["not made", type(error).__name__]
    try:
        wire = connection.send(event)
    except Exception as error:
        return ["refused", type(error).__name__]
    return ["sent", None if wire is None else bytes(wire).decode("latin-1")]


def hear(connection: h11.Connection, data: bytes) -> list[Any]:
    names = []
    try:
        connection.receive_data(data)
        while True:
            event = connection.next_event()
            if event is h11.NEED_DATA or event is h11.PAUSED:
                break
            if type(event) is h11.Request:
                names.append(asked_with(event))
            elif type(event) is not h11.Data:
                names.append(type(event).__name__)
            if type(event) is h11.ConnectionClosed:
                break
    except Exception as error:
        return ["heard wrong", type(error).__name__]
    return ["heard", " ".join(names)]


def asked_with(request: Any) -> str:
    """A request as far as it decides about its response."""
    upgrade = any(name == b"upgrade" for name, _ in request.headers)
    return "Request:" + ("UPGRADE" if upgrade else request.method.decode("ascii"))


def main() -> None:
    for line in sys.stdin:
        print(json.dumps([run(*script) for script in json.loads(line)]), flush=True)


if __name__ == "__main__":
    main()
