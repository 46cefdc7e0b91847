"""Looking into a call: events, timings, 1xx responses, and that hooks may raise."""

from __future__ import annotations

import logging
import pickle
import socket
import ssl

import pytest

import h11client
from h11client import Event, Limits, Session, Timeout, exceptions
from h11client.testing import Dial, Pause, ScriptedNetwork, Unsolicited

URL = "http://a.test/"
HELLO = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
HINT = b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n"


class Network(ScriptedNetwork):
    """A scripted network on which names take a second to resolve, and TLS two."""

    def connect(self, host, port, deadline, options=None):
        self.clock.advance(1)
        deadline.note_resolved()
        return super().connect(host, port, deadline, options)

    def start_tls(self, *arguments):
        self.clock.advance(2)
        return super().start_tls(*arguments)


def session_on(*dials, network_type=Network, **options):
    session = Session(trust_env=False, **options)
    network = network_type(*dials)
    pool = session._transport_
    pool.clock = pool._lender._clock = session._clock_ = network.clock
    pool._lender.network = network
    return session, network


def told(events):
    return [(event.name, event.seconds) for event in events]


# --- timings ----------------------------------------------------------------------------------


def test_every_stage_of_a_new_connection_has_its_time():
    dial = Dial([Pause(4), HELLO[:-2], Pause(8), HELLO[-2:]], takes=0.5)
    session, network = session_on(dial)
    with session.get("https://a.test/", stream=True) as response:
        timings = response.timings
        assert (timings.pool, timings.dns, timings.connect, timings.tls) == (0, 1, 0.5, 2)
        assert (timings.send, timings.first_byte, timings.total) == (0, 4, None)
        network.clock.advance(16)
        assert response.content == b"hello"
        assert response.timings.total == 3.5 + 4 + 16 + 8
        assert response.elapsed.total_seconds() == 3.5 + 4
    assert "first_byte=4.000000" in repr(response.timings)


def test_a_reused_connection_was_neither_resolved_nor_dialled():
    session, _ = session_on([HELLO, Pause(3), HELLO])
    session.get(URL)
    timings = session.get(URL).timings
    assert (timings.dns, timings.connect, timings.tls) == (None, None, None)
    assert (timings.pool, timings.first_byte, timings.total) == (0, 3, 3)


def test_a_body_that_breaks_off_has_no_total():
    session, _ = session_on([HELLO[:-2], b""])
    with pytest.raises(exceptions.IncompleteBody) as caught:
        session.get(URL)
    assert caught.value.response.timings.total is None
    assert caught.value.response.timings.dns == 1


def test_a_response_that_has_no_connection_has_no_timings():
    session, _ = session_on([HELLO])
    assert pickle.loads(pickle.dumps(session.get(URL))).timings is None


# --- events -----------------------------------------------------------------------------------


def test_each_stage_is_told_with_its_time_when_it_is_over():
    events = []
    dial = Dial([Pause(4), HELLO[:-2], Pause(8), HELLO[-2:], HELLO], takes=0.5)
    session, _ = session_on(dial, on_event=events.append)
    response = session.get("https://a.test/")
    assert told(events) == [
        ("pool", 0),
        ("dns", 1),
        ("connect", 0.5),
        ("tls", 2),
        ("sent", 0),
        ("first_byte", 4),
        ("end", 8),
    ]
    assert {event.request for event in events} == {response.request}
    assert {event.route for event in events} == {"https://a.test:443"}
    assert not any(event.reused for event in events)
    assert "first_byte https://a.test:443 4.000000 s" in repr(events[5])
    del events[:]
    session.get("https://a.test/")
    assert told(events) == [("pool", 0), ("sent", 0), ("first_byte", 0), ("end", 0)]
    assert all(event.reused for event in events)
    del events[:]
    session.close()
    (closed,) = events
    assert (closed.name, closed.reason) == ("closed", "the session was closed")
    assert "the session was closed" in repr(closed)


def test_each_stage_is_told_before_the_next_begins():
    session, network = session_on(Dial([HELLO], takes=0.5))
    times = []
    session.on_event = lambda event: times.append((event.name, network.clock.now))
    session.get("https://a.test/")
    assert times[:5] == [("pool", 0), ("dns", 1), ("connect", 1.5), ("tls", 3.5), ("sent", 3.5)]


class Unresolving(Network):
    def connect(self, host, port, deadline, options=None):
        deadline.note_resolving()
        self.clock.advance(1)
        raise socket.gaierror(socket.EAI_NONAME, "no such name")


FAILING = [
    ("dns", Unresolving, [], 1, exceptions.ConnectionError),
    ("connect", Network, [ConnectionRefusedError(111, "refused")], 0, exceptions.ConnectionError),
    ("connect", Network, [Dial([], takes=60)], 5, exceptions.ConnectTimeout),
    ("tls", Network, [Dial([], tls_error=ssl.SSLError("no"))], 2, exceptions.SSLError),
]


@pytest.mark.parametrize(
    ("stage", "network_type", "dials", "seconds", "error"), FAILING, ids=["1", "2", "3", "4"]
)
def test_a_dial_that_fails_tells_its_stage_with_the_error(
    stage, network_type, dials, seconds, error
):
    events = []
    session, _ = session_on(
        *dials, network_type=network_type, on_event=events.append, timeout=Timeout(connect=5)
    )
    with pytest.raises(error) as caught:
        session.get("https://a.test/")
    assert events[-1].error is caught.value
    assert told(events)[-1] == (stage, seconds)
    assert [event.error for event in events[:-1]] == [None] * (len(events) - 1)
    assert repr(events[-1]).endswith(f" s: {type(caught.value).__name__}>")


def test_a_wait_for_a_connection_that_fails_tells_so():
    events = []
    session, _ = session_on(
        [HELLO[:-1], HELLO[-1:]], limits=Limits(max_connections=1), on_event=events.append
    )
    with session.get(URL, stream=True):
        del events[:]
        with pytest.raises(exceptions.PoolTimeout) as caught:
            session.get(URL, timeout=0.001)
    assert events[0].name == "pool"
    assert events[0].error is caught.value


def test_what_a_resolver_raises_is_told_and_passes():
    raised = LookupError("of mine")

    def resolver(host, port, left):
        raise raised

    events = []
    session = Session(trust_env=False, resolver=resolver, on_event=events.append)
    with pytest.raises(LookupError) as caught:
        session.get(URL)
    assert caught.value is raised
    assert [(event.name, event.error) for event in events] == [("pool", None), ("dns", raised)]


def test_a_hook_is_not_told_of_what_it_has_raised_itself():
    seen = []

    def hook(event):
        seen.append(event.name)
        if event.name == "connect":
            raise LookupError

    session, _ = session_on([HELLO], on_event=hook)
    with pytest.raises(LookupError):
        session.get("https://a.test/")
    assert seen == ["pool", "dns", "connect"]


BEGINNINGS = [
    # id, what comes, when the first byte of the head does, and when the head is over
    ("at once", [Pause(4), HELLO], 4, 4),
    ("dripping", [Pause(4), b"HTTP", Pause(1), HELLO[4:9], Pause(1), HELLO[9:]], 4, 6),
    ("after a hint", [Pause(4), HINT, Pause(1), HELLO], 5, 5),
    ("with a hint", [Pause(4), HINT + b"HTTP", Pause(1), HELLO[4:]], 4, 5),
    ("after half a hint", [Pause(4), HINT[:9], Pause(1), HINT[9:], Pause(1), HELLO], 6, 6),
    ("behind half", [Pause(4), HINT[:9], Pause(1), HINT[9:] + b"H", Pause(1), HELLO[1:]], 5, 6),
]


@pytest.mark.parametrize(
    ("steps", "first", "whole"), [row[1:] for row in BEGINNINGS], ids=[r[0] for r in BEGINNINGS]
)
def test_the_first_byte_is_that_of_the_head_not_the_end_of_it(steps, first, whole):
    events = []
    session, _ = session_on([HELLO, *steps, HELLO], on_event=events.append)
    session.get(URL)
    del events[:]
    response = session.get(URL)
    assert response.timings.first_byte == first
    assert response.elapsed.total_seconds() == whole
    assert dict(told(events))["first_byte"] == first
    assert session.get(URL).timings.first_byte == 0


def test_the_first_byte_of_the_first_connection_may_never_come():
    events = []
    session, _ = session_on([HELLO, b""], [HELLO], on_event=events.append)
    session.get(URL)
    del events[:]
    session.get(URL)
    assert [event.name for event in events] == [
        *("pool", "sent", "closed"),
        *("pool", "dns", "connect", "sent", "first_byte", "end"),
    ]


CLOSINGS = [
    ("bytes behind", [HELLO + b"more"], "bytes behind the response"),
    (
        "close",
        [b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nx", b""],
        "the server ended it",
    ),
    ("broken off", [HELLO[:-1], b""], "broken off within the body"),
    ("no HTTP", [b"SSH-2.0-x\r\n\r\n"], "failed: RemoteProtocolError"),
    ("no answer", [Pause(100)], "failed: ReadTimeout"),
]


@pytest.mark.parametrize(
    ("steps", "reason"), [row[1:] for row in CLOSINGS], ids=[row[0] for row in CLOSINGS]
)
def test_a_connection_is_closed_with_its_reason_and_once(steps, reason):
    events = []
    session, _ = session_on(steps, on_event=events.append, timeout=5)
    try:
        session.get(URL).close()
    except exceptions.RequestException:
        pass
    session.close()
    closed = [event for event in events if event.name == "closed"]
    assert [reason in event.reason for event in closed] == [True]


def test_an_idle_connection_that_was_poisoned_says_so():
    events = []
    session, _ = session_on([HELLO, Unsolicited(HELLO)], [HELLO], on_event=events.append)
    session.get(URL)
    session.get(URL)
    (closed,) = [event for event in events if event.name == "closed"]
    assert closed.reason == "the server closed it, or sent something, while it was idle"


@pytest.mark.parametrize("stage", ["pool", "dns", "connect", "tls", "sent", "first_byte"])
@pytest.mark.parametrize("error", [LookupError, exceptions.ConnectionError, KeyboardInterrupt])
def test_what_a_hook_raises_passes_and_closes_the_connection(stage, error):
    raised = error()

    def hook(event):
        if event.name == stage:
            raise raised

    session, network = session_on([HELLO], on_event=hook)
    with pytest.raises(error) as caught:
        session.get("https://a.test/")
    assert caught.value is raised
    assert [stream.closed for stream in network.streams] == [True] * (stage not in ("pool", "dns"))
    assert session._transport_.counts().open == 0


@pytest.mark.parametrize("stage", ["end", "closed"])
def test_at_an_end_nothing_can_be_raised_so_it_is_logged(stage, caplog):
    def hook(event):
        if event.name == stage:
            raise LookupError("a mistake of mine")

    session, network = session_on([HELLO], on_event=hook)
    with caplog.at_level(logging.ERROR, "h11client"):
        assert session.get(URL).content == b"hello"
        session.close()
    assert network.streams[0].closed
    assert session._transport_.counts().open == 0
    (record,) = caplog.records
    assert stage in record.getMessage()
    assert "a mistake of mine" in caplog.text


def test_a_hook_may_be_assigned_and_taken_away():
    events = []
    session, _ = session_on([HELLO, HELLO, HELLO])
    session.get(URL)
    session.on_event = events.append
    session.get(URL)
    assert [event.name for event in events] == ["pool", "sent", "first_byte", "end"]
    session.on_event = None
    session.get(URL)
    assert len(events) == 4


@pytest.mark.safety("R18")
def test_an_event_shows_no_secret():
    events = []
    session, _ = session_on([HELLO], on_event=events.append)
    session.get(URL, headers={"Authorization": "Bearer SECRET"})
    session.close()
    assert "SECRET" not in repr(events)
    assert isinstance(events[0], Event)


# --- 1xx responses ----------------------------------------------------------------------------


def test_a_hint_is_told_when_it_comes_and_listed_afterwards():
    seen = []
    session, network = session_on([HINT, Pause(5), HINT + HELLO])

    def hook(hint):
        seen.append((network.clock.now, hint.status_code, hint.reason, hint.headers["link"]))

    response = session.get(URL, on_informational=hook)
    dialled = response.timings.dns
    assert seen == [
        (dialled, 103, "Early Hints", "</style.css>"),
        (dialled + 5, 103, "Early Hints", "</style.css>"),
    ]
    assert [hint.status_code for hint in response.informational] == [103, 103]
    assert repr(response.informational[0]) == "<InformationalResponse [103]>"


@pytest.mark.safety("2g3")
def test_each_request_is_told_its_own_hints():
    session, _ = session_on([HINT + HELLO, HINT, HELLO, HELLO])
    for hints in (1, 1, 0):
        seen = []
        response = session.get(URL, on_informational=seen.append)
        assert len(seen) == len(response.informational) == hints


@pytest.mark.parametrize("steps", [[HINT, HELLO], [HINT + HELLO]], ids=["apart", "together"])
@pytest.mark.parametrize("error", [LookupError, OSError, exceptions.Timeout, KeyboardInterrupt])
def test_what_the_hook_for_hints_raises_passes_and_closes_the_connection(steps, error):
    raised = error()

    def hook(hint):
        raise raised

    session, network = session_on(steps)
    with pytest.raises(error) as caught:
        session.get(URL, on_informational=hook)
    assert caught.value is raised
    assert network.streams[0].closed
    assert session._transport_.counts().open == 0


# id, request headers, steps of the server; the hint comes before the second piece is asked for
UPLOADS = [
    ("between pieces", {}, [Unsolicited(HINT, after=1), HELLO]),
    ("instead of 100", {"Expect": "100-continue"}, [HINT, Pause(1), HELLO]),
]


@pytest.mark.safety("2g3")
@pytest.mark.parametrize(
    ("headers", "steps"), [row[1:] for row in UPLOADS], ids=[row[0] for row in UPLOADS]
)
def test_a_hint_during_an_upload_is_told_at_once_and_only_once(headers, steps):
    order = []

    def pieces():
        for piece in (b"one", b"two", b"three"):
            order.append(piece)
            yield piece

    session, network = session_on(steps)

    def hook(hint):
        order.append(hint.status_code)

    response = session.post(URL, data=pieces(), headers=headers, on_informational=hook)
    assert response.content == b"hello"
    assert order.count(103) == len(response.informational) == 1
    assert order.index(103) < order.index(b"two")
    assert network.streams[0].written.endswith(b"5\r\nthree\r\n0\r\n\r\n")


@pytest.mark.parametrize(
    ("headers", "steps"), [row[1:] for row in UPLOADS], ids=[row[0] for row in UPLOADS]
)
@pytest.mark.parametrize("error", [LookupError, OSError, exceptions.Timeout, KeyboardInterrupt])
def test_what_the_hook_raises_during_an_upload_ends_it(headers, steps, error):
    raised = error()

    def hook(hint):
        raise raised

    session, network = session_on(steps)
    pieces = (piece for piece in (b"one", b"two", b"three"))
    with pytest.raises(error) as caught:
        session.post(URL, data=pieces, headers=headers, on_informational=hook)
    assert caught.value is raised
    assert b"three" not in network.streams[0].written
    assert network.streams[0].closed
    assert session._transport_.counts().open == 0


def test_hints_travel_with_a_pickled_response():
    session, _ = session_on([HINT + HELLO])
    (hint,) = pickle.loads(pickle.dumps(session.get(URL))).informational
    assert hint.headers == {"Link": "</style.css>"}
    assert pickle.loads(pickle.dumps(hint)).headers == hint.headers


def test_a_module_level_call_takes_the_hook_too(monkeypatch):
    network = ScriptedNetwork([HINT + HELLO])
    monkeypatch.setattr(
        "h11client._transport.sockets.SocketNetwork.connect",
        lambda self, *arguments: network.connect(*arguments),
    )
    seen = []
    response = h11client.get(
        URL, on_informational=seen.append, timeout=Timeout(read=5), proxies={"http": None}
    )
    assert response.content == b"hello"
    assert [hint.status_code for hint in seen] == [103]
