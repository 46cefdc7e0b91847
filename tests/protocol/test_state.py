"""Every role in every state with every event; the verdicts stand here, written out."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import h11
from tests.protocol.driving import refused_locally
from tests.protocol.model import CLIENT_STATES, SERVER_STATES, Linked

HOST = ("Host", "a")
UPGRADE = ("Upgrade", "x")
CHUNKED = ("Transfer-Encoding", "chunked")
CLOSE = ("Connection", "close")


def request(*headers, method="POST") -> h11.Request:
    return h11.Request(
        method=method, target="a:1" if method == "CONNECT" else "/", headers=[HOST, *headers]
    )


def response(*headers, status_code=200) -> h11.Response:
    return h11.Response(status_code=status_code, headers=headers)


def informational(status_code: int) -> h11.InformationalResponse:
    return h11.InformationalResponse(status_code=status_code, headers=[])


EVENTS = {
    "Request": request(),
    "103": informational(103),
    "101": informational(101),
    "Response": response(),
    "Data": h11.Data(data=b""),
    "EndOfMessage": h11.EndOfMessage(),
    "ConnectionClosed": h11.ConnectionClosed(),
}
REQUEST_BYTES = b"POST / HTTP/1.1\r\nHost: a\r\n%s\r\n"
RESPONSE_BYTES = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


def client(*steps) -> h11.Connection:
    return walked(h11.Connection(h11.CLIENT), steps)


def server(*steps) -> h11.Connection:
    return walked(h11.Connection(h11.SERVER), steps)


def walked(connection: h11.Connection, steps) -> h11.Connection:
    """Events are sent, bytes received and read, `None` means send_failed()."""
    for step in steps:
        if step is None:
            connection.send_failed()
        elif isinstance(step, bytes):
            connection.receive_data(step)
            while isinstance(event := connection.next_event(), h11.Event):
                if type(event) is h11.ConnectionClosed:
                    break
        else:
            connection.send(step)
    return connection


END = h11.EndOfMessage()
CLOSED = h11.ConnectionClosed()
CLIENTS: dict[str, Callable[[], h11.Connection]] = {
    "IDLE": client,
    "SEND_BODY": lambda: client(request()),
    "DONE": lambda: client(request(), END),
    "MUST_CLOSE": lambda: client(request(CLOSE), END),
    "CLOSED": lambda: client(CLOSED),
    "MIGHT_SWITCH_PROTOCOL": lambda: client(request(UPGRADE), END),
    "SWITCHED_PROTOCOL": lambda: client(request(UPGRADE), END, b"HTTP/1.1 101 X\r\n\r\n"),
    "ERROR": lambda: client(None),
}
SERVERS: dict[str, Callable[[], h11.Connection]] = {
    "IDLE": server,
    "SEND_RESPONSE": lambda: server(REQUEST_BYTES % b""),
    "SEND_BODY": lambda: server(REQUEST_BYTES % b"", response()),
    "DONE": lambda: server(REQUEST_BYTES % b"", response(), END),
    "MUST_CLOSE": lambda: server(REQUEST_BYTES % b"", response(CLOSE), END),
    "CLOSED": lambda: server(CLOSED),
    "SWITCHED_PROTOCOL": lambda: server(REQUEST_BYTES % b"Upgrade: x\r\n", informational(101)),
    "ERROR": lambda: server(None),
}
ROLES = {"client": (CLIENTS, CLIENT_STATES), "server": (SERVERS, SERVER_STATES)}

# What we may send: role -> our state -> event -> our next state. What is missing is an error.
MAY_SEND: dict[str, dict[str, dict[str, str]]] = {
    "client": {
        "IDLE": {"Request": "SEND_BODY", "ConnectionClosed": "CLOSED"},
        "SEND_BODY": {"Data": "SEND_BODY", "EndOfMessage": "DONE"},
        "DONE": {"ConnectionClosed": "CLOSED"},
        "MUST_CLOSE": {"ConnectionClosed": "CLOSED"},
        "CLOSED": {"ConnectionClosed": "CLOSED"},
        "MIGHT_SWITCH_PROTOCOL": {},
        "SWITCHED_PROTOCOL": {},
        "ERROR": {},
    },
    "server": {
        "IDLE": {"Response": "SEND_BODY", "ConnectionClosed": "CLOSED"},
        "SEND_RESPONSE": {"103": "SEND_RESPONSE", "Response": "SEND_BODY"},
        "SEND_BODY": {"Data": "SEND_BODY", "EndOfMessage": "DONE"},
        "DONE": {"ConnectionClosed": "CLOSED"},
        "MUST_CLOSE": {"ConnectionClosed": "CLOSED"},
        "CLOSED": {"ConnectionClosed": "CLOSED"},
        "SWITCHED_PROTOCOL": {},
        "ERROR": {},
    },
}
SENDS = [(role, state, event) for role in MAY_SEND for state in MAY_SEND[role] for event in EVENTS]


def test_the_table_is_complete() -> None:
    for role, (makers, states) in ROLES.items():
        assert set(makers) == set(states) == set(MAY_SEND[role])
        for state, make in makers.items():
            assert make().our_state.__name__ == state


@pytest.mark.deviation("state-table")
def test_table_of_the_source_has_the_same_rows() -> None:
    from h11 import _state

    ours = {
        (role, state, {"103": "InformationalResponse"}.get(event, event), after)
        for role, states in MAY_SEND.items()
        for state, events in states.items()
        for event, after in events.items()
    }
    theirs = {
        (str(machine).lower(), str(state), event, str(after))
        for machine, state, event, after in _state.BY_EVENT
    }
    only_in_pairs = {
        ("server", "IDLE", "Request", "SEND_RESPONSE"),  # the client's Request moves both
        ("server", "SEND_RESPONSE", "InformationalResponse 101", "SWITCHED_PROTOCOL"),
        ("server", "SEND_RESPONSE", "Response 2xx to CONNECT", "SWITCHED_PROTOCOL"),
    }
    assert theirs == ours | only_in_pairs


@pytest.mark.parametrize(("role", "state", "event"), SENDS, ids=[" ".join(row) for row in SENDS])
def test_sending(role: str, state: str, event: str) -> None:
    connection = ROLES[role][0][state]()
    theirs = connection.their_state
    expected = MAY_SEND[role][state].get(event)
    if expected is None:
        error = refused_locally(connection, EVENTS[event])
        assert error.error_status_hint == 400
        assert connection.their_state in (theirs, h11.MUST_CLOSE)
    else:
        connection.send(EVENTS[event])
        assert connection.our_state.__name__ == expected


# What we may receive: our role -> their state -> bytes -> what next_event gives, and their next state.
REQUEST_IN = REQUEST_BYTES % b"Transfer-Encoding: chunked\r\n"
MAY_RECEIVE: dict[str, list[tuple[str, Callable[[], h11.Connection], bytes, object, str]]] = {
    "client": [
        ("IDLE", client, RESPONSE_BYTES, h11.Response, "SEND_BODY"),
        ("IDLE", client, b"HTTP/1.1 103 X\r\n\r\n", None, "ERROR"),
        ("IDLE", client, b"HTTP/1.1 101 X\r\n\r\n", None, "ERROR"),
        ("IDLE", client, b"", h11.ConnectionClosed, "CLOSED"),
        ("SEND_RESPONSE", CLIENTS["SEND_BODY"], RESPONSE_BYTES, h11.Response, "SEND_BODY"),
        ("SEND_RESPONSE", CLIENTS["SEND_BODY"], b"HTTP/1.1 103 X\r\n\r\n", h11.InformationalResponse, "SEND_RESPONSE"),
        ("SEND_RESPONSE", CLIENTS["DONE"], RESPONSE_BYTES, h11.Response, "SEND_BODY"),
        ("SEND_RESPONSE", CLIENTS["DONE"], b"HTTP/1.1 101 X\r\n\r\n", None, "ERROR"),
        ("SEND_RESPONSE", CLIENTS["MUST_CLOSE"], RESPONSE_BYTES, h11.Response, "SEND_BODY"),
        ("SEND_RESPONSE", CLIENTS["MIGHT_SWITCH_PROTOCOL"], b"HTTP/1.1 101 X\r\n\r\n", h11.InformationalResponse, "SWITCHED_PROTOCOL"),
        ("SEND_RESPONSE", CLIENTS["DONE"], b"", None, "ERROR"),
        ("SEND_BODY", lambda: client(request(), END, b"HTTP/1.1 200 X\r\nContent-Length: 3\r\n\r\na"), b"bc", h11.Data, "SEND_BODY"),
        ("SEND_BODY", lambda: client(request(), END, b"HTTP/1.1 200 X\r\nContent-Length: 3\r\n\r\na"), b"", None, "ERROR"),
        ("SEND_BODY", lambda: client(request(), END, b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n"), b"0\r\n\r\n", h11.EndOfMessage, "DONE"),
        ("DONE", lambda: client(request(), END, RESPONSE_BYTES), RESPONSE_BYTES, h11.PAUSED, "DONE"),
        ("DONE", lambda: client(request(), END, RESPONSE_BYTES), b"x", h11.PAUSED, "DONE"),
        ("DONE", lambda: client(request(), END, RESPONSE_BYTES), b"", h11.ConnectionClosed, "CLOSED"),
        ("MUST_CLOSE", lambda: client(request(CLOSE), END, RESPONSE_BYTES), b"x", None, "ERROR"),
        ("MUST_CLOSE", lambda: client(request(CLOSE), END, RESPONSE_BYTES), b"", h11.ConnectionClosed, "CLOSED"),
        ("MUST_CLOSE", CLIENTS["CLOSED"], RESPONSE_BYTES, None, "ERROR"),
        ("SWITCHED_PROTOCOL", CLIENTS["SWITCHED_PROTOCOL"], RESPONSE_BYTES, h11.PAUSED, "SWITCHED_PROTOCOL"),
        ("SWITCHED_PROTOCOL", CLIENTS["SWITCHED_PROTOCOL"], b"", h11.PAUSED, "SWITCHED_PROTOCOL"),
    ],
    "server": [
        ("IDLE", server, REQUEST_IN, h11.Request, "SEND_BODY"),
        ("IDLE", server, RESPONSE_BYTES, None, "ERROR"),
        ("IDLE", server, b"", h11.ConnectionClosed, "CLOSED"),
        ("SEND_BODY", lambda: server(REQUEST_IN), b"1\r\nx", h11.Data, "SEND_BODY"),
        ("SEND_BODY", lambda: server(REQUEST_IN), b"0\r\n\r\n", h11.EndOfMessage, "DONE"),
        ("SEND_BODY", lambda: server(REQUEST_IN), REQUEST_IN, None, "ERROR"),
        ("SEND_BODY", lambda: server(REQUEST_IN), b"", None, "ERROR"),
        ("SEND_BODY", lambda: server(REQUEST_IN, response(), END), b"0\r\n\r\n", h11.EndOfMessage, "DONE"),
        ("DONE", SERVERS["SEND_RESPONSE"], REQUEST_IN, h11.PAUSED, "DONE"),
        ("DONE", SERVERS["SEND_RESPONSE"], b"", h11.ConnectionClosed, "CLOSED"),
        ("DONE", SERVERS["DONE"], REQUEST_IN, h11.PAUSED, "DONE"),
        ("MUST_CLOSE", lambda: server(REQUEST_BYTES % b"Connection: close\r\n"), REQUEST_IN, None, "ERROR"),
        ("MUST_CLOSE", lambda: server(REQUEST_BYTES % b"Connection: close\r\n"), b"", h11.ConnectionClosed, "CLOSED"),
        ("MUST_CLOSE", SERVERS["CLOSED"], REQUEST_IN, None, "ERROR"),
        ("MIGHT_SWITCH_PROTOCOL", lambda: server(REQUEST_BYTES % b"Upgrade: x\r\n"), REQUEST_IN, h11.PAUSED, "MIGHT_SWITCH_PROTOCOL"),
        ("MIGHT_SWITCH_PROTOCOL", lambda: server(REQUEST_BYTES % b"Upgrade: x\r\n"), b"", h11.PAUSED, "MIGHT_SWITCH_PROTOCOL"),
        ("SWITCHED_PROTOCOL", SERVERS["SWITCHED_PROTOCOL"], REQUEST_IN, h11.PAUSED, "SWITCHED_PROTOCOL"),
        ("SWITCHED_PROTOCOL", SERVERS["SWITCHED_PROTOCOL"], b"", h11.PAUSED, "SWITCHED_PROTOCOL"),
    ],
}  # fmt: skip
RECEIVES = [
    pytest.param(*row, id=f"{role} {number} {row[0]}")
    for role, table in MAY_RECEIVE.items()
    for number, row in enumerate(table)
]


@pytest.mark.parametrize(("before", "make", "data", "kind", "after"), RECEIVES)
def test_receiving(before: str, make, data: bytes, kind, after: str) -> None:
    connection = make()
    ours = connection.our_state
    assert connection.their_state.__name__ == before
    connection.receive_data(data)
    if kind is None:
        with pytest.raises(h11.RemoteProtocolError):
            connection.next_event()
    else:
        assert type(connection.next_event()) is kind
    assert connection.their_state.__name__ == after
    if after == "ERROR":
        assert connection.our_state is (h11.MUST_CLOSE if ours is h11.DONE else ours)


@pytest.mark.parametrize(
    ("role", "state"), [(role, state) for role in MAY_SEND for state in MAY_SEND[role]]
)
def test_failed_send_leads_from_every_state_to_error(role: str, state: str) -> None:
    connection = ROLES[role][0][state]()
    theirs = connection.their_state
    connection.send_failed()
    assert connection.our_state is h11.ERROR
    assert connection.their_state is (h11.MUST_CLOSE if theirs is h11.DONE else theirs)
    for event in EVENTS.values():
        refused_locally(connection, event)


@pytest.mark.safety("2c2")
@pytest.mark.deviation("close-delimited")
def test_body_that_ends_with_the_connection_never_leaves_it_reusable() -> None:
    connection = client(request(), END, b"HTTP/1.1 200 X\r\n\r\nall")
    assert connection.states == {h11.CLIENT: h11.MUST_CLOSE, h11.SERVER: h11.SEND_BODY}
    connection.receive_data(b"")
    assert type(connection.next_event()) is h11.EndOfMessage
    assert connection.states == {h11.CLIENT: h11.MUST_CLOSE, h11.SERVER: h11.MUST_CLOSE}
    assert type(connection.next_event()) is h11.ConnectionClosed
    assert connection.their_state is h11.CLOSED


READING = [
    (role, state)
    for role, states in {
        "client": [
            "IDLE",
            "SEND_BODY",
            "DONE",
            "MUST_CLOSE",
            "CLOSED",
            "MIGHT_SWITCH_PROTOCOL",
            "ERROR",
        ],
        "server": ["IDLE", "CLOSED", "ERROR"],
    }.items()
    for state in states
]


@pytest.mark.parametrize(("role", "state"), READING)
def test_a_peer_in_error_stays_there(role: str, state: str) -> None:
    connection = ROLES[role][0][state]()
    for data in (b"\x00garbage", b"", b""):
        connection.receive_data(data)
        with pytest.raises(h11.RemoteProtocolError):
            connection.next_event()
        assert connection.their_state is h11.ERROR
    with pytest.raises(h11.LocalProtocolError):
        connection.start_next_cycle()


def every_step() -> list[tuple[str, Callable[[Linked], object]]]:
    events = [
        ("client", request(method="GET")), ("client", request(CHUNKED)), ("client", request(CLOSE)),
        ("client", request(method="HEAD")), ("client", request(method="CONNECT")),
        ("client", request(UPGRADE)), ("client", request(UPGRADE, CHUNKED, CLOSE, method="CONNECT")),
        ("client", request(CHUNKED, ("Expect", "100-continue"))),
        ("server", informational(100)), ("server", informational(101)),
        ("server", response(("Content-Length", "0"))),
        ("server", response(("Content-Length", "0"), CLOSE, status_code=404)),
        ("server", response(CHUNKED, status_code=299)), ("server", response(status_code=204)),
    ]  # fmt: skip
    both = [
        h11.Data(data=b"x"),
        h11.Data(data=b""),
        END,
        h11.EndOfMessage(headers=[("A", "b")]),
        CLOSED,
    ]
    events += [(role, event) for role in ROLES for event in both]
    steps = [
        (f"{role} {event}", lambda pair, r=role, e=event: pair.sends(r, e))
        for role, event in events
    ]
    steps += [(f"{role} fails", lambda pair, r=role: pair.fails(r)) for role in ROLES]
    return [*steps, ("cycle", lambda pair: pair.cycle())]


def speaks_first_with_a_body(pair: Linked, name: str) -> bool:
    """A server that answers nothing: its framing would depend on a request that has not come."""
    return (
        name.startswith("server Response")
        and pair.models["server"].server == "IDLE"
        and "content-length" not in name
    )


def walk_everywhere() -> list[tuple]:
    """Takes every step from every joint state of two linked connections, each reached by a shortest path."""
    steps = every_step()
    paths: dict[tuple, list] = {Linked().key: []}
    waiting = list(paths.values())
    for path in waiting:
        before = Linked.after(path)
        for name, step in steps:
            if speaks_first_with_a_body(before, name):
                continue
            pair = Linked.after(path)
            step(pair)
            if pair.key not in paths:
                paths[pair.key] = [*path, step]
                waiting.append(paths[pair.key])
    return list(paths)


@pytest.mark.safety("2c2", "2c4")
def test_every_step_from_every_joint_state_of_two_linked_connections() -> None:
    reached = [side for key in walk_everywhere() for side in key]
    assert {states[0] for states in reached} == set(CLIENT_STATES)
    assert {states[1] for states in reached} == set(SERVER_STATES)
    assert len(reached) > 300


def test_request_after_an_answer_that_came_before_it_is_refused() -> None:
    """A server that answered an idle connection (408) has broken off: no request may follow."""
    refused_locally(client(RESPONSE_BYTES), request())
    connection = server(response(("Content-Length", "0"), status_code=408), END)
    connection.receive_data(REQUEST_IN)
    with pytest.raises(h11.RemoteProtocolError):
        connection.next_event()
    assert connection.states == {h11.CLIENT: h11.ERROR, h11.SERVER: h11.MUST_CLOSE}


def test_request_to_a_peer_in_error_is_refused() -> None:
    connection = h11.Connection(h11.CLIENT)
    connection.receive_data(b"\x00")
    with pytest.raises(h11.RemoteProtocolError):
        connection.next_event()
    refused_locally(connection, request())


@pytest.mark.deviation("request-out-of-turn")
@pytest.mark.parametrize("field", [b"", b"Expect: 100-continue\r\n", b"Upgrade: x\r\n"])
def test_a_request_after_our_failure_is_a_remote_protocol_error(field: bytes) -> None:
    connection = h11.Connection(h11.SERVER)
    connection.send_failed()
    connection.receive_data(b"GET / HTTP/1.1\r\nHost: a\r\n" + field + b"\r\n")
    with pytest.raises(h11.RemoteProtocolError):
        connection.next_event()
    assert connection.their_state is h11.ERROR
