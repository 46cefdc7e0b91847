"""The state machines: every transition is a row of one of the tables below.

Theory of operation
-------------------
Two machines run side by side, one for what the client does and one for what the server does,
whichever of them we are. Two small ones accompany them: *keep-alive* (on until something turns it
off) and *protocol switch* (the proposals that the client has made and that the server has not
answered). The four of them together are a `Position`.

Something happens in one of three ways:

- An **event** is sent or received. `BY_EVENT` says which machine moves from which state to which; a
  pair that has no row is a violation. The client's Request moves both machines: it is the one event
  that has rows in both. What an event says in its fields moves the small machines: `KEEP_ALIVE_OFF`
  lists what turns keep-alive off, `PROPOSALS` what proposes a switch; a final Response that does
  not accept a proposal withdraws all of them.
- A **state** of one machine drags another along: `BY_STATE`. After each event, its rows are applied
  from the top until none fits any more, so their order is their priority.
- The program calls `start_next_cycle()`: `NEXT_CYCLE`, possible only when every machine is in the
  state named there.

ERROR can be entered from everywhere (`send_failed()`, or any exception while sending or receiving),
so that it has no rows; what it does to the other side is in `BY_STATE`.

Positions are interned and remember where each trigger led, so that a running connection pays one
dictionary lookup per event, and `Data`, which never changes a state, not even that.
"""

from __future__ import annotations

from ._errors import LocalProtocolError
from ._sentinels import (
    CLIENT,
    CLOSED,
    DONE,
    ERROR,
    IDLE,
    MIGHT_SWITCH_PROTOCOL,
    MUST_CLOSE,
    SEND_BODY,
    SEND_RESPONSE,
    SERVER,
    SWITCHED_PROTOCOL,
    Sentinel,
)

# Events by their names. Two are special cases of events and have names of their own.
REQUEST = "Request"
INFORMATIONAL = "InformationalResponse"
RESPONSE = "Response"
DATA = "Data"
END = "EndOfMessage"
CLOSE = "ConnectionClosed"
ACCEPT_UPGRADE = "InformationalResponse 101"  # RFC 9110 section 15.2.2
ACCEPT_CONNECT = "Response 2xx to CONNECT"  # section 9.3.6

# (machine, its state, event, its next state)
BY_EVENT: tuple[tuple[Sentinel, Sentinel, str, Sentinel], ...] = (
    (CLIENT, IDLE, REQUEST, SEND_BODY),
    (CLIENT, IDLE, CLOSE, CLOSED),
    (CLIENT, SEND_BODY, DATA, SEND_BODY),
    (CLIENT, SEND_BODY, END, DONE),
    (CLIENT, DONE, CLOSE, CLOSED),
    (CLIENT, MUST_CLOSE, CLOSE, CLOSED),
    (CLIENT, CLOSED, CLOSE, CLOSED),
    (SERVER, IDLE, REQUEST, SEND_RESPONSE),
    (SERVER, IDLE, RESPONSE, SEND_BODY),  # an error that no request preceded: 400, 408
    (SERVER, IDLE, CLOSE, CLOSED),
    (SERVER, SEND_RESPONSE, INFORMATIONAL, SEND_RESPONSE),
    (SERVER, SEND_RESPONSE, RESPONSE, SEND_BODY),
    (SERVER, SEND_RESPONSE, ACCEPT_UPGRADE, SWITCHED_PROTOCOL),
    (SERVER, SEND_RESPONSE, ACCEPT_CONNECT, SWITCHED_PROTOCOL),
    (SERVER, SEND_BODY, DATA, SEND_BODY),
    (SERVER, SEND_BODY, END, DONE),
    (SERVER, DONE, CLOSE, CLOSED),
    (SERVER, MUST_CLOSE, CLOSE, CLOSED),
    (SERVER, CLOSED, CLOSE, CLOSED),
)

# Conditions on everything but the machine that moves.
PROPOSED = "a switch is proposed"
NOT_PROPOSED = "no switch is proposed"
NO_KEEP_ALIVE = "keep-alive is off"
PEER_SWITCHED = "the peer is SWITCHED_PROTOCOL"
PEER_CLOSED = "the peer is CLOSED"
PEER_ERROR = "the peer is ERROR"

# (machine, its state, condition, its next state)
BY_STATE: tuple[tuple[Sentinel, Sentinel, str, Sentinel], ...] = (
    (CLIENT, DONE, PROPOSED, MIGHT_SWITCH_PROTOCOL),  # even without keep-alive: the answer decides
    (CLIENT, MIGHT_SWITCH_PROTOCOL, PEER_SWITCHED, SWITCHED_PROTOCOL),
    (CLIENT, MIGHT_SWITCH_PROTOCOL, NOT_PROPOSED, DONE),
    (CLIENT, DONE, NO_KEEP_ALIVE, MUST_CLOSE),
    (SERVER, DONE, NO_KEEP_ALIVE, MUST_CLOSE),
    (CLIENT, DONE, PEER_CLOSED, MUST_CLOSE),
    (CLIENT, IDLE, PEER_CLOSED, MUST_CLOSE),
    (CLIENT, DONE, PEER_ERROR, MUST_CLOSE),
    (SERVER, DONE, PEER_CLOSED, MUST_CLOSE),
    (SERVER, IDLE, PEER_CLOSED, MUST_CLOSE),
    (SERVER, DONE, PEER_ERROR, MUST_CLOSE),
)

# (machine, the state it must be in, its next state)
NEXT_CYCLE: tuple[tuple[Sentinel, Sentinel, Sentinel], ...] = (
    (CLIENT, DONE, IDLE),
    (SERVER, DONE, IDLE),
)

# What turns the keep-alive machine off, for good (RFC 9112 section 9.3).
KEEP_ALIVE_OFF = (
    "a Connection field with `close`, from either side",
    "a message of HTTP/1.0 from either side, `keep-alive` or not",
    "a response whose body ends with the connection",
    "a response with both Transfer-Encoding and Content-Length",
)

# What the client can propose, the request that proposes it, and the event that accepts it.
UPGRADE = "Upgrade"
CONNECT = "CONNECT"
PROPOSALS = (
    (UPGRADE, "a request with an Upgrade field", ACCEPT_UPGRADE),
    (CONNECT, "a request with method CONNECT", ACCEPT_CONNECT),
)

_NEXT_BY_EVENT = {(machine, state, event): after for machine, state, event, after in BY_EVENT}
_NEEDS = {event: proposal for proposal, _, event in PROPOSALS}
_NOTHING: frozenset[str] = frozenset()


class Trigger:
    """One kind of happening: whose, which event, and what its fields do to the small machines."""

    __slots__ = ("event", "proposals", "role", "turns_keep_alive_off")

    def __init__(
        self,
        role: Sentinel,
        event: str,
        turns_keep_alive_off: bool = False,
        proposals: frozenset[str] = _NOTHING,
    ) -> None:
        self.role = role
        self.event = event
        self.turns_keep_alive_off = turns_keep_alive_off
        self.proposals = proposals


class Position:
    """Where all four machines stand, seen from one role; interned, so `is` compares."""

    __slots__ = (
        "after",
        "client",
        "fresh",
        "head_due",
        "keep_alive",
        "ours",
        "proposals",
        "role",
        "server",
        "theirs",
    )

    def __init__(
        self,
        role: Sentinel,
        client: Sentinel,
        server: Sentinel,
        keep_alive: bool,
        proposals: frozenset[str],
    ) -> None:
        self.role = role
        self.client = client
        self.server = server
        self.keep_alive = keep_alive
        self.proposals = proposals
        self.ours, self.theirs = (client, server) if role is CLIENT else (server, client)
        self.head_due = self.theirs is IDLE or self.theirs is SEND_RESPONSE  # the peer's next event
        self.after = _Successors(self)
        self.fresh: Position | None = None  # where start_next_cycle() led

    @property
    def states(self) -> dict[Sentinel, Sentinel]:
        return {CLIENT: self.client, SERVER: self.server}


class _Successors(dict[Trigger, Position]):
    """Where each trigger leads from one position, found in the tables at its first use."""

    __slots__ = ("_position",)

    def __init__(self, position: Position) -> None:
        self._position = position

    def __missing__(self, trigger: Trigger) -> Position:
        position = self[trigger] = _follow(self._position, trigger)
        return position


_POSITIONS: dict[tuple[object, ...], Position] = {}


def _position(
    role: Sentinel,
    states: dict[Sentinel, Sentinel],
    keep_alive: bool,
    proposals: frozenset[str],
) -> Position:
    key = (role, states[CLIENT], states[SERVER], keep_alive, proposals)
    if key not in _POSITIONS:
        _POSITIONS[key] = Position(role, states[CLIENT], states[SERVER], keep_alive, proposals)
    return _POSITIONS[key]


def start(role: Sentinel) -> Position:
    """Where a fresh connection stands."""
    return _position(role, {CLIENT: IDLE, SERVER: IDLE}, True, _NOTHING)


def next_cycle(position: Position) -> Position:
    """Where `start_next_cycle()` leads."""
    if position.fresh is not None:
        return position.fresh
    states = position.states
    if any(states[machine] is not state for machine, state, _ in NEXT_CYCLE):
        raise LocalProtocolError(f"not in a reusable state: {states}")
    fresh = {machine: after for machine, _, after in NEXT_CYCLE}
    position.fresh = _position(position.role, fresh, True, _NOTHING)
    return position.fresh


def failed(position: Position, machine: Sentinel) -> Position:
    """Where an error of `machine` leads, from everywhere."""
    states = {**position.states, machine: ERROR}
    return _settle(position.role, states, position.keep_alive, position.proposals)


def _follow(position: Position, trigger: Trigger) -> Position:
    states = position.states
    proposals = position.proposals
    needed = _NEEDS.get(trigger.event)
    if needed is not None and needed not in proposals:
        raise LocalProtocolError(f"{trigger.event}: the client has not proposed {needed}")
    machines = (CLIENT, SERVER) if trigger.event == REQUEST else (trigger.role,)
    for machine in machines:
        after = _NEXT_BY_EVENT.get((machine, states[machine], trigger.event))
        if after is None or trigger.role is not machines[0]:
            raise LocalProtocolError(
                f"can't handle event type {trigger.event} when role={machine} "
                f"and state={states[machine]}"
            )
        states[machine] = after
    if trigger.event == REQUEST:
        proposals = trigger.proposals
    elif trigger.event == RESPONSE:
        proposals = _NOTHING
    keep_alive = position.keep_alive and not trigger.turns_keep_alive_off
    return _settle(position.role, states, keep_alive, proposals)


def _settle(
    role: Sentinel,
    states: dict[Sentinel, Sentinel],
    keep_alive: bool,
    proposals: frozenset[str],
) -> Position:
    """Apply `BY_STATE` until nothing moves."""
    moved = True
    while moved:
        moved = False
        for machine, state, condition, after in BY_STATE:
            peer = states[SERVER if machine is CLIENT else CLIENT]
            if states[machine] is state and _holds(condition, peer, keep_alive, proposals):
                states[machine] = after
                moved = True
                break
    return _position(role, states, keep_alive, proposals)


def _holds(condition: str, peer: Sentinel, keep_alive: bool, proposals: frozenset[str]) -> bool:
    if condition == PROPOSED:
        return bool(proposals)
    if condition == NOT_PROPOSED:
        return not proposals
    if condition == NO_KEEP_ALIVE:
        return not keep_alive
    return (
        peer
        is {PEER_SWITCHED: SWITCHED_PROTOCOL, PEER_CLOSED: CLOSED, PEER_ERROR: ERROR}[condition]
    )
