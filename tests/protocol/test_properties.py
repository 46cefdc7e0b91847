"""What holds for all input: partitions, only our exceptions, no byte too many, none lost."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

import h11
from tests.protocol.driving import (
    Outcome,
    assert_first_piece_that_reaches,
    client,
    drive,
    server,
    single_bytes,
    take,
)
from tests.protocol.model import Linked
from tests.protocol.strategies import (
    Message,
    broken,
    cuts,
    examples,
    methods,
    names,
    pairs,
    reasons,
    requests,
    responses,
    targets,
    values,
)

SIDES = {"client": (client, responses()), "server": (server, requests())}
both_sides = pytest.mark.parametrize("side", SIDES)


@pytest.mark.deviation("blank-before-extension", "folded-empty-line")
@both_sides
@examples(200)
@given(data=st.data())
def test_valid_messages_give_their_events_in_every_partition(
    side: str, data: st.DataObject
) -> None:
    """P1 on valid input, with what the events are."""
    make, messages = SIDES[side]
    message: Message = data.draw(messages)
    extra = (
        b""
        if message.to_the_end or not message.reusable
        else data.draw(st.sampled_from([b"", b"\r\n", b"HTTP/1.1 200 OK\r\n"]))
    )
    wire = message.wire + extra
    for pieces in ([wire], single_bytes(wire), data.draw(cuts(wire))):
        outcome = drive(make(), pieces, eof=message.to_the_end)
        assert outcome.error is None
        assert outcome.events == message.events + [h11.ConnectionClosed()] * message.to_the_end
        assert outcome.left == extra
        assert_reusable(outcome, message.reusable)


def assert_reusable(outcome: Outcome, reusable: bool) -> None:
    theirs = outcome.connection.their_state
    assert (theirs is h11.DONE) is reusable
    assert theirs in (h11.DONE, h11.MUST_CLOSE, h11.CLOSED)


SETTINGS: dict[str, dict[str, Any]] = {
    "default": {},
    "small heads": {"max_incomplete_event_size": 60},
    "tight limits": {
        "limits": h11.ParserLimits(
            fields=2, status_line=20, trailers=20, chunk_line=6, chunk_overhead=4, informational=1
        )
    },
}


def verdict(outcome: Outcome) -> tuple[Any, ...]:
    return outcome.events, outcome.body, type(outcome.error), outcome.hint, outcome.states


@pytest.mark.safety("F2", "F12")
@pytest.mark.deviation("head-limit")
@both_sides
@examples(150)
@given(data=st.data())
def test_any_input_gets_the_same_verdict_in_every_partition(side: str, data: st.DataObject) -> None:
    """P1: events, error, its hint and its place do not depend on how the bytes arrived."""
    make, messages = SIDES[side]
    settings = SETTINGS[data.draw(st.sampled_from(sorted(SETTINGS)))]
    wire = data.draw(broken(messages))
    eof = data.draw(st.booleans())
    whole = drive(make(**settings), [wire], eof=eof)
    slowly = drive(make(**settings), single_bytes(wire), eof=eof)
    pieces = data.draw(cuts(wire))
    cut = drive(make(**settings), pieces, eof=eof)
    assert verdict(whole) == verdict(slowly) == verdict(cut)
    if slowly.error is not None:
        assert_first_piece_that_reaches(slowly.fed, pieces, cut.fed, "cut")


@pytest.mark.safety("F17")
@both_sides
@examples(150)
@given(data=st.data())
def test_only_remote_protocol_errors_come_out_and_the_peer_stays_in_error(
    side: str, data: st.DataObject
) -> None:
    """P4, receiving."""
    make, messages = SIDES[side]
    wire = data.draw(broken(messages) | st.binary(max_size=50))
    outcome = drive(make(), data.draw(cuts(wire)), eof=data.draw(st.booleans()))
    if outcome.error is None:
        return
    assert type(outcome.error) is h11.RemoteProtocolError
    assert outcome.hint in (400, 431, 501, 505)
    for _ in range(2):
        with pytest.raises(h11.RemoteProtocolError):
            outcome.connection.next_event()
        assert outcome.connection.their_state is h11.ERROR
    with pytest.raises(h11.LocalProtocolError):
        outcome.connection.start_next_cycle()


texts = st.one_of(
    st.text(max_size=8), st.binary(max_size=8), names, values, targets, methods,
    st.sampled_from(["", "a\r\nb", "a\nb", "\x00", " a", "é", "\ud800", "Host", "Content-Length", "Transfer-Encoding", "chunked", "5"]),
)  # fmt: skip
any_pairs = st.lists(st.tuples(texts, texts), max_size=4)
any_events = st.one_of(
    st.fixed_dictionaries({"method": texts, "target": texts, "headers": any_pairs, "http_version": st.sampled_from(["1.1", "1.0"]) | texts}).map(lambda f: (h11.Request, f)),
    st.fixed_dictionaries({"status_code": st.integers(-1, 1100), "headers": any_pairs, "reason": texts}).map(lambda f: (h11.Response, f)),
    st.fixed_dictionaries({"status_code": st.integers(90, 210), "headers": any_pairs, "reason": texts}).map(lambda f: (h11.InformationalResponse, f)),
    st.fixed_dictionaries({"data": st.binary(max_size=5)}).map(lambda f: (h11.Data, f)),
    st.fixed_dictionaries({"headers": any_pairs}).map(lambda f: (h11.EndOfMessage, f)),
    st.just((h11.ConnectionClosed, {})),
)  # fmt: skip


@pytest.mark.safety("I1", "I2", "I5", "M23")
@pytest.mark.deviation("non-ascii-text")
@examples(200)
@given(
    role=st.sampled_from([h11.CLIENT, h11.SERVER]), given_events=st.lists(any_events, max_size=6)
)
def test_only_local_protocol_errors_come_out_and_we_stay_in_error(role, given_events: list) -> None:
    """P4, sending: whatever texts a program passes."""
    connection = h11.Connection(role)
    if role is h11.SERVER:
        drive(connection, [b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"])
    failed = False
    for kind, fields in given_events:
        try:
            event = kind(**fields)
        except h11.LocalProtocolError:
            continue
        try:
            wire = connection.send(event)
        except h11.LocalProtocolError:
            failed = True
        else:
            assert not failed
            assert_no_injection(event, wire)
        assert (connection.our_state is h11.ERROR) is failed


def assert_no_injection(event: Any, wire: bytes | None) -> None:
    """A head has as many lines as it has fields, one more and the blank one."""
    if type(event) in (h11.Request, h11.Response, h11.InformationalResponse):
        assert wire is not None and wire.endswith(b"\r\n\r\n")
        lines = wire.split(b"\r\n")
        assert b"\n" not in b"".join(lines) and b"\r" not in b"".join(lines)
        added = sum(line.startswith((b"Transfer-Encoding: ", b"Connection: ")) for line in lines)
        assert len(event.headers) - 2 <= len(lines) - 3 <= len(event.headers) + added


@st.composite
def events_to_send(draw: st.DrawFn) -> list[tuple[str, Any]]:
    """A whole exchange that is legal."""
    body = st.lists(st.binary(min_size=1, max_size=30), max_size=4)
    request_body, response_body = draw(body), draw(body)
    trailers = draw(pairs)

    def framing(blocks: list[bytes], role: str) -> list[tuple[bytes, bytes]]:
        kinds = ["length", "chunked"] + ["neither"] * (role == "server" or not blocks)
        kind = draw(st.sampled_from(kinds))
        if kind == "length":
            return [(b"Content-Length", b"%d" % sum(map(len, blocks)))]
        return [(b"Transfer-Encoding", b"chunked")] if kind == "chunked" else []

    def ending(framing_fields: list, role: str) -> h11.EndOfMessage:
        open_ended = framing_fields[:1] == [(b"Transfer-Encoding", b"chunked")] or (
            role == "server" and not framing_fields
        )
        return h11.EndOfMessage(headers=trailers if open_ended else [])

    steps: list[tuple[str, Any]] = []
    request_framing = framing(request_body, "client")
    head = [*draw(pairs), *request_framing, (b"Host", b"a"), *draw(pairs)]
    method = draw(methods.filter(lambda found: found != b"HEAD"))
    steps.append(("client", h11.Request(method=method, target=draw(targets), headers=head)))
    steps += [("client", h11.Data(data=block)) for block in request_body]
    steps.append(("client", ending(request_framing, "client")))
    for status in draw(st.lists(st.sampled_from([100, 102, 103]), max_size=3)):
        steps.append(
            (
                "server",
                h11.InformationalResponse(
                    status_code=status, headers=draw(pairs), reason=draw(reasons)
                ),
            )
        )
    status = draw(st.sampled_from([200, 404, 500, 999]))
    response_framing = framing(response_body, "server")
    steps.append(
        (
            "server",
            h11.Response(
                status_code=status, headers=[*draw(pairs), *response_framing], reason=draw(reasons)
            ),
        )
    )
    steps += [("server", h11.Data(data=block)) for block in response_body]
    steps.append(("server", ending(response_framing, "server")))
    return steps


@examples(200)
@given(exchanges=st.lists(events_to_send(), min_size=1, max_size=3))
def test_every_exchange_survives_the_wire_both_ways(exchanges: list) -> None:
    """P2."""
    pair = Linked()
    for steps in exchanges:
        for role, event in steps:
            assert pair.sends(role, event), event
        pair.cycle()
        assert pair.connections["client"].our_state is h11.IDLE


@pytest.mark.safety("F16", "F20")
@both_sides
@examples(150)
@given(data=st.data())
def test_never_more_body_than_framed_and_one_end(side: str, data: st.DataObject) -> None:
    """P5 and P6: order of events, body within its frame, and every byte consumed or left."""
    make, messages = SIDES[side]
    wire = data.draw(broken(messages) | messages.map(lambda message: message.wire * 2))
    outcome = drive(make(), data.draw(cuts(wire)))
    kinds = outcome.kinds
    assert kinds.count("EndOfMessage") <= 1
    assert kinds.count("Request") + kinds.count("Response") <= 1
    if "EndOfMessage" in kinds:
        assert kinds[-1] == "EndOfMessage"
    heads = [event for event in outcome.events if type(event) in (h11.Request, h11.Response)]
    if heads:
        lengths = [int(value) for name, value in heads[0].headers if name == b"content-length"]
        coded = any(name == b"transfer-encoding" for name, _ in heads[0].headers)
        if lengths and not coded:
            assert len(outcome.body) <= lengths[0]
            if "EndOfMessage" in kinds and getattr(heads[0], "status_code", 200) not in (204, 304):
                assert len(outcome.body) == lengths[0]
    if outcome.error is None:
        assert wire.endswith(outcome.left)
        if "EndOfMessage" in kinds and outcome.left:
            assert outcome.last is h11.PAUSED


@pytest.mark.deviation("blank-before-extension", "folded-empty-line")
@both_sides
@examples(150)
@given(data=st.data())
def test_consumed_and_left_bytes_are_the_input(side: str, data: st.DataObject) -> None:
    """P6: what a whole message leaves is exactly what was put behind it."""
    make, messages = SIDES[side]
    message = data.draw(messages.filter(lambda found: found.reusable))
    extra = data.draw(st.binary(max_size=30))
    connection = make()
    for piece in data.draw(cuts(message.wire + extra)):
        drive(connection, [piece])
    assert connection.trailing_data == (extra, False)


@pytest.mark.deviation("blank-before-extension", "folded-empty-line")
@pytest.mark.safety("F16")
@examples(60)
@given(data=st.data())
def test_pipelined_requests_come_one_by_one_in_every_partition(data: st.DataObject) -> None:
    """P1 and P6 over up to four requests of which each is answered before the next is read."""
    messages = data.draw(
        st.lists(requests().filter(lambda found: found.reusable), min_size=1, max_size=4)
    )
    wire = b"".join(message.wire for message in messages)
    expected = [event for message in messages for event in message.events]
    for pieces in ([wire], single_bytes(wire), data.draw(cuts(wire))):
        connection, got = server(), []
        for piece in pieces:
            connection.receive_data(piece)
            while isinstance(event := connection.next_event(), h11.Event):
                take(got, event)
                if type(event) is h11.EndOfMessage:
                    connection.send(h11.Response(status_code=204, headers=[]))
                    connection.send(h11.EndOfMessage())
                    connection.start_next_cycle()
        assert got == expected
        assert connection.trailing_data == (b"", False)


class TwoPeers(RuleBasedStateMachine):
    """P7: two linked connections and their models, in any order of steps."""

    def __init__(self) -> None:
        super().__init__()
        self.pair = Linked()

    fields = st.lists(
        st.sampled_from(
            [("Connection", "close"), ("Upgrade", "x"), ("Expect", "100-continue"), ("A", "b")]
        ),
        max_size=2,
        unique=True,
    )
    framings = st.sampled_from(
        [("Content-Length", "0"), ("Content-Length", "3"), ("Transfer-Encoding", "chunked")]
    )

    @rule(
        method=st.sampled_from(["GET", "HEAD", "POST", "CONNECT"]),
        fields=fields,
        framing=framings | st.none(),
    )
    def request(self, method: str, fields: list, framing: tuple[str, str] | None) -> None:
        given = [("Host", "a"), *fields, *([framing] if framing else [])]
        self.pair.sends("client", h11.Request(method=method, target="a:1", headers=given))

    @rule(
        status=st.sampled_from([200, 200, 204, 299, 304, 404]),
        framing=framings,
        close=st.booleans(),
    )
    def response(self, status: int, framing: tuple[str, str], close: bool) -> None:
        if self.pair.models["server"].server == "IDLE" and framing[0] == "Transfer-Encoding":
            return  # to a peer whose version is not known, it would go to the end of the connection
        given = [framing, ("Connection", "close")] if close else [framing]
        self.pair.sends("server", h11.Response(status_code=status, headers=given))

    @rule(status=st.sampled_from([100, 101, 103]))
    def informational(self, status: int) -> None:
        self.pair.sends("server", h11.InformationalResponse(status_code=status, headers=[]))

    @rule(role=st.sampled_from(["client", "server"]), data=st.sampled_from([b"", b"x", b"abc"]))
    def data(self, role: str, data: bytes) -> None:
        self.pair.sends(role, h11.Data(data=data))

    @rule(
        role=st.sampled_from(["client", "server"]),
        trailers=st.sampled_from([[], [], [], [("A", "b")]]),
    )
    def end(self, role: str, trailers: list) -> None:
        self.pair.sends(role, h11.EndOfMessage(headers=trailers))

    @rule(role=st.sampled_from(["client", "server"]))
    def close(self, role: str) -> None:
        self.pair.sends(role, h11.ConnectionClosed())

    @rule(role=st.sampled_from(["client", "server"]))
    def fail(self, role: str) -> None:
        self.pair.fails(role)

    @rule()
    def cycle(self) -> None:
        self.pair.cycle()

    @rule(framing=framings)
    def whole_exchange(self, framing: tuple[str, str]) -> None:
        """Brings a run back to a state from which much is possible."""
        self.request("POST", [], framing)
        body = b"abc" if framing[1] != "0" else b""
        for role in ("client", "server"):
            if role == "server":
                self.response(200, framing, False)
            self.data(role, body)
            self.end(role, [])
        self.cycle()


TestTwoPeers = TwoPeers.TestCase
TestTwoPeers.settings = examples(150)
