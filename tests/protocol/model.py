"""The two coupled state machines once more, written naively from their description.

The tests compare every connection with this model; it knows nothing of bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import h11

# What a role may do by itself: (state, event) -> next state.
CLIENT_MOVES = {
    ("IDLE", "Request"): "SEND_BODY",
    ("IDLE", "ConnectionClosed"): "CLOSED",
    ("SEND_BODY", "Data"): "SEND_BODY",
    ("SEND_BODY", "EndOfMessage"): "DONE",
    ("DONE", "ConnectionClosed"): "CLOSED",
    ("MUST_CLOSE", "ConnectionClosed"): "CLOSED",
    ("CLOSED", "ConnectionClosed"): "CLOSED",
}
SERVER_MOVES = {
    ("IDLE", "Response"): "SEND_BODY",  # the answer to a request that never came, or was gibberish
    ("IDLE", "ConnectionClosed"): "CLOSED",
    ("SEND_RESPONSE", "InformationalResponse"): "SEND_RESPONSE",
    ("SEND_RESPONSE", "Response"): "SEND_BODY",
    ("SEND_RESPONSE", "switch"): "SWITCHED_PROTOCOL",
    ("SEND_BODY", "Data"): "SEND_BODY",
    ("SEND_BODY", "EndOfMessage"): "DONE",
    ("DONE", "ConnectionClosed"): "CLOSED",
    ("MUST_CLOSE", "ConnectionClosed"): "CLOSED",
    ("CLOSED", "ConnectionClosed"): "CLOSED",
}
CLIENT_STATES = [
    "IDLE",
    "SEND_BODY",
    "DONE",
    "MUST_CLOSE",
    "CLOSED",
    "MIGHT_SWITCH_PROTOCOL",
    "SWITCHED_PROTOCOL",
    "ERROR",
]
SERVER_STATES = [
    "IDLE",
    "SEND_RESPONSE",
    "SEND_BODY",
    "DONE",
    "MUST_CLOSE",
    "CLOSED",
    "SWITCHED_PROTOCOL",
    "ERROR",
]


class Illegal(Exception):
    """The event may not happen now."""


class Model:
    def __init__(self) -> None:
        self.client = "IDLE"
        self.server = "IDLE"
        self.reset()

    def reset(self) -> None:
        self.keep_alive = True
        self.proposals: frozenset[str] = frozenset()
        self.waits_for_100 = False
        self.method = b""
        self.bodies: dict[str, int | None] = {
            "client": 0,
            "server": 0,
        }  # bytes owed; None: any number

    @property
    def key(self) -> tuple[Any, ...]:
        return (
            self.client, self.server, self.keep_alive, self.proposals, self.waits_for_100,
            self.method == b"HEAD", *self.bodies.values(),
        )  # fmt: skip

    def happens(self, role: str, event: Any) -> None:
        """Moves on, or raises Illegal and puts the role into ERROR."""
        try:
            (self.client_does if role == "client" else self.server_does)(event)
        except (KeyError, Illegal):
            self.fails(role)
            raise Illegal(f"{role}: {event}") from None
        self.settle()

    def fails(self, role: str) -> None:
        setattr(self, role, "ERROR")
        self.settle()

    def cycles(self) -> None:
        if (self.client, self.server) != ("DONE", "DONE"):
            raise Illegal("not DONE on both sides")
        self.client = self.server = "IDLE"
        self.reset()

    def client_does(self, event: Any) -> None:
        target = CLIENT_MOVES[self.client, type(event).__name__]
        self.check_body("client", event)
        if type(event) is h11.Request:
            if self.server != "IDLE":
                raise Illegal("the server has spoken already")
            self.server = "SEND_RESPONSE"
            self.method = event.method
            self.watch(event)
            proposed = {"CONNECT"} if event.method == b"CONNECT" else set()
            self.proposals = frozenset(
                proposed | ({"Upgrade"} if tokens(event, b"upgrade") else set())
            )
            self.waits_for_100 = b"100-continue" in tokens(event, b"expect")
            self.bodies["client"] = (
                None if tokens(event, b"transfer-encoding") else length(event) or 0
            )
        elif type(event) in (h11.Data, h11.EndOfMessage):
            self.waits_for_100 = False
        self.client = target

    def server_does(self, event: Any) -> None:
        kind = type(event).__name__
        if type(event) is h11.InformationalResponse and event.status_code == 101:
            if "Upgrade" not in self.proposals:
                raise Illegal("101 without a proposal")
            kind = "switch"
        if type(event) is h11.Response and "CONNECT" in self.proposals and event.status_code < 300:
            kind = "switch"
        target = SERVER_MOVES[self.server, kind]
        self.check_body("server", event)
        if type(event) in (h11.Response, h11.InformationalResponse):
            self.waits_for_100 = False
        if type(event) is h11.Response:
            self.watch(event)
            if kind != "switch":
                self.proposals = frozenset()
                if self.client == "MIGHT_SWITCH_PROTOCOL":
                    self.client = "DONE"
            empty = self.method == b"HEAD" or event.status_code in (204, 304)
            self.bodies["server"] = 0 if empty else length(event)
        self.server = target

    def check_body(self, role: str, event: Any) -> None:
        owed = self.bodies[role]
        if owed is None:
            return
        if type(event) is h11.Data:
            if len(event.data) > owed:
                raise Illegal("more data than announced")
            self.bodies[role] = owed - len(event.data)
        if type(event) is h11.EndOfMessage and (owed or event.headers):
            raise Illegal("less data than announced, or trailers without a chunked body")

    def watch(self, event: Any) -> None:
        if b"close" in tokens(event, b"connection") or event.http_version < b"1.1":
            self.keep_alive = False

    def settle(self) -> None:
        """Moves a role because of where the other one stands."""
        before = None
        while before != (self.client, self.server):
            before = (self.client, self.server)
            if self.client == "DONE" and self.proposals:
                self.client = "MIGHT_SWITCH_PROTOCOL"
            if (self.client, self.server) == ("MIGHT_SWITCH_PROTOCOL", "SWITCHED_PROTOCOL"):
                self.client = "SWITCHED_PROTOCOL"
            for role, other in (("client", self.server), ("server", self.client)):
                if getattr(self, role) == "DONE" and (
                    not self.keep_alive or other in ("CLOSED", "ERROR")
                ):
                    setattr(self, role, "MUST_CLOSE")
                if getattr(self, role) == "IDLE" and other == "CLOSED":
                    setattr(self, role, "MUST_CLOSE")


def tokens(event: Any, name: bytes) -> set[bytes]:
    values = [value for found, value in event.headers if found == name]
    return {token.strip().lower() for value in values for token in value.split(b",")} - {b""}


def length(event: Any) -> int | None:
    """The announced length of a body; None where it is chunked."""
    found = tokens(event, b"content-length")
    return int(found.pop()) if found and not tokens(event, b"transfer-encoding") else None


class Linked:
    """A client and a server whose bytes reach the other at once, each beside its model."""

    def __init__(self) -> None:
        self.connections = {
            "client": h11.Connection(h11.CLIENT),
            "server": h11.Connection(h11.SERVER),
        }
        self.models = {"client": Model(), "server": Model()}

    @property
    def key(self) -> tuple[Any, ...]:
        return self.models["client"].key, self.models["server"].key

    def sends(self, role: str, event: Any) -> bool:
        """One side sends, the other reads; both do what their models say. Gives whether it was legal."""
        other = "server" if role == "client" else "client"
        try:
            self.models[role].happens(role, event)
        except Illegal:
            legal = False
        else:
            legal = True
        wire = outcome(lambda: self.connections[role].send(event), h11.LocalProtocolError)
        assert (wire[0] is None) is legal, f"{role} {event}: {wire}"
        if legal:
            self.arrives(role, other, event, wire[1])
        self.agree()
        return legal

    def arrives(self, role: str, other: str, event: Any, wire: Any) -> None:
        receiver = self.connections[other]
        if wire is None or wire:
            receiver.receive_data(b"" if wire is None else wire)
        if type(event) is h11.Data and not event.data:
            return  # an empty piece is not a chunk: the peer sees nothing
        try:
            self.models[other].happens(role, event)
        except Illegal:
            failed, got = outcome(receiver.next_event, h11.RemoteProtocolError)
            assert failed is not None, got
            return
        failed, got = outcome(receiver.next_event, h11.RemoteProtocolError)
        assert failed is None, failed
        assert same(got, event), (got, event)

    def fails(self, role: str) -> None:
        self.connections[role].send_failed()
        self.models[role].fails(role)
        self.agree()

    def cycle(self) -> None:
        for role, model in self.models.items():
            failed, _ = outcome(self.connections[role].start_next_cycle, h11.LocalProtocolError)
            assert (failed is not None) is (outcome(model.cycles, Illegal)[0] is not None)
        self.agree()

    def agree(self) -> None:
        """Both connections stand where their models stand."""
        for role, connection in self.connections.items():
            model = self.models[role]
            states = {h11.CLIENT: model.client, h11.SERVER: model.server}
            assert {side: state.__name__ for side, state in connection.states.items()} == states
            assert connection.our_state is connection.states[connection.our_role]
            assert connection.their_state is connection.states[connection.their_role]
            assert connection.client_is_waiting_for_100_continue is model.waits_for_100
            assert connection.they_are_waiting_for_100_continue is (
                role == "server" and model.waits_for_100
            )

    @classmethod
    def after(cls, path: list[Callable[[Linked], Any]]) -> Linked:
        """A fresh pair that has gone this way."""
        pair = cls()
        for step in path:
            step(pair)
        return pair


def outcome(
    call: Callable[[], Any], expected: type[BaseException]
) -> tuple[BaseException | None, Any]:
    """(None, what the call gave), or (the expected error, None)."""
    try:
        return None, call()
    except expected as error:
        assert type(error) is expected
        return error, None


def same(got: Any, sent: Any) -> bool:
    """Whether what arrived is what was sent; framing fields that the sender added aside."""
    if type(got) is not type(sent):
        return False
    if type(got) is h11.Data:
        return bytes(got.data) == bytes(sent.data)
    if type(got) is h11.Response:
        added = [pair for pair in got.headers if pair not in list(sent.headers)]
        assert all(name in (b"transfer-encoding", b"connection") for name, _ in added), added
        kept = [pair for pair in got.headers if pair not in added]
        return kept == list(sent.headers) and (got.status_code, got.reason) == (
            sent.status_code,
            sent.reason,
        )
    if type(got) is h11.Request:
        return (got.method, got.target, sorted(got.headers)) == (
            sent.method,
            sent.target,
            sorted(sent.headers),
        )
    return bool(got == sent)
