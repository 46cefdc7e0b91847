"""A body and its connection: every byte or an error, and the connection back exactly once."""

from __future__ import annotations

import errno
import gc
import random
import ssl
import threading

import pytest

from h11client import exceptions
from h11client._engine import h11
from h11client._limits import Limits
from h11client._messages.body import NO_BODY
from h11client._timeouts import Deadline, Limit, LimitExpired, Timeout
from h11client._transport.connection import open_connection
from h11client._transport.response_body import ResponseBody
from h11client._transport.route import Route
from h11client.testing import Pause, ScriptedNetwork, Unsolicited
from tests.client.exchanges import CHUNKED, UNTIL_CLOSE, Exchange, Owner, length, while_reading

# id, wire, how it ends, content, what the owner gets
WHOLE = [
    ("length", length(5) + b"hello", [], b"hello", "reusable"),
    ("chunked", CHUNKED + b"2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\n\r\n", [], b"hello", "reusable"),
    ("trailers", CHUNKED + b"5\r\nhello\r\n0\r\nX: y\r\n\r\n", [], b"hello", "reusable"),
    ("until close", UNTIL_CLOSE + b"hello", [b""], b"hello", "closed"),
    ("close", length(5, extra=b"Connection: close\r\n") + b"hello", [], b"hello", "closed"),
    ("nothing, until close", UNTIL_CLOSE, [b""], b"", "closed"),
    ("large", length(200_000) + b"x" * 200_000, [], b"x" * 200_000, "reusable"),
]


@pytest.mark.parametrize("split", ["whole", "byte by byte", "at random"])
@pytest.mark.parametrize("size", [1, 3, 65536])
@pytest.mark.parametrize(
    ("wire", "end", "content", "fate"), [row[1:] for row in WHOLE], ids=[row[0] for row in WHOLE]
)
def test_a_body_comes_whole_however_it_is_split_and_read(wire, end, content, fate, size, split):
    if len(wire) > 10_000 and (size < 1000 or split == "byte by byte"):
        size, split = 1000, "whole"
    steps = [wire]
    if split == "at random":
        rng = random.Random(len(wire))
        cuts = sorted(rng.sample(range(1, len(wire)), 5))
        steps = [wire[a:b] for a, b in zip([0, *cuts], [*cuts, len(wire)], strict=True)]
    exchange = Exchange(*steps, *end, byte_by_byte=split == "byte by byte")
    assert exchange.read_all(size) == content
    assert exchange.owner.returned == [fate]
    assert exchange.stream.closed == (fate == "closed")
    assert exchange.body.read(size) == b""


NO_BODIES = [
    ("HEAD", "HEAD", length(5)),
    ("HEAD with chunked", "HEAD", CHUNKED),
    ("204", "GET", b"HTTP/1.1 204 No Content\r\n\r\n"),
    ("304 with a length", "GET", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n"),
    ("length 0", "GET", length(0)),
    ("empty chunked", "GET", CHUNKED + b"0\r\n\r\n"),
]


@pytest.mark.safety("2a6")
@pytest.mark.parametrize(
    ("method", "wire"), [row[1:] for row in NO_BODIES], ids=[row[0] for row in NO_BODIES]
)
def test_without_a_body_the_connection_is_back_at_once(method, wire):
    exchange = Exchange(wire, method=method)
    assert exchange.owner.returned == ["reusable"]
    assert exchange.body.read(10) == b""
    exchange.body.close()
    del exchange.body
    assert exchange.owner.returned == ["reusable"]


@pytest.mark.safety("2c3")
def test_the_connection_is_back_with_the_last_byte():
    exchange = Exchange(length(10), b"hello", b"world")
    assert exchange.body.read(100) == b"hello"
    assert exchange.owner.returned == []
    assert exchange.body.read(100) == b"world"
    assert exchange.owner.returned == ["reusable"]


@pytest.mark.safety("M1", "F16")
def test_bytes_behind_the_body_close_the_connection():
    exchange = Exchange(length(5) + b"hello" + length(4) + b"evil")
    assert exchange.read_all() == b"hello"
    assert exchange.owner.returned == ["closed"]
    assert exchange.stream.closed


@pytest.mark.safety("F15", "2j1")
def test_trailers_are_there_after_the_end_and_not_before():
    exchange = Exchange(CHUNKED + b"5\r\nhello\r\n", b"0\r\nDigest: x\r\nVia: y\r\n\r\n")
    assert exchange.body.read(100) == b"hello"
    assert exchange.body.trailers is None
    assert exchange.body.read(100) == b""
    assert list(exchange.body.trailers) == [(b"digest", b"x"), (b"via", b"y")]


FRAMED = [
    ("length", length(11), b"hello world"),
    (
        "chunked with trailers",
        CHUNKED,
        b"5;x=1\r\nhello\r\n6\r\n world\r\n0\r\nDigest: abc\r\n\r\n",
    ),
]
CUTS = [(name, head, body, cut) for name, head, body in FRAMED for cut in range(len(body))]


@pytest.mark.safety("F20", "2a10", "M14", "X1", "4I7")
@pytest.mark.parametrize(
    ("name", "head", "wire", "cut"), CUTS, ids=[f"{row[0]} at {row[3]}" for row in CUTS]
)
@pytest.mark.parametrize("how", ["end", "reset", "timeout"])
def test_a_body_cut_at_any_byte_is_never_complete(name, head, wire, cut, how):
    ends = {
        "end": b"",
        "reset": ConnectionResetError(errno.ECONNRESET, "reset"),
        "timeout": Pause(1000.0),
    }
    exchange = Exchange(head, *([wire[:cut]] if cut else []), ends[how])
    received = bytearray()
    with pytest.raises(exceptions.RequestException) as caught:
        exchange.read_into(received, 4)
    assert b"hello world".startswith(received)
    if how == "timeout":
        assert isinstance(caught.value, exceptions.BodyReadTimeout)
        assert caught.value.limit == "read"
    else:
        assert isinstance(caught.value, exceptions.IncompleteBody)
        assert caught.value.partial_length == len(received)
    assert caught.value.__cause__ is not None
    assert exchange.owner.returned == ["closed"]
    assert exchange.stream.closed
    with pytest.raises(type(caught.value)):
        exchange.body.read(4)


WRONG_CHUNKS = [
    ("no size", b"x\r\n"),
    ("a sign", b"+5\r\nhello\r\n0\r\n\r\n"),
    ("wrong end of the data", b"5\r\nhelloXX0\r\n\r\n"),
    ("bare LF", b"5\nhello\r\n0\r\n\r\n"),
    ("wrong trailer", b"5\r\nhello\r\n0\r\nno colon\r\n\r\n"),
    ("overflow", b"FFFFFFFFFFFFFFFFF\r\n"),
]


@pytest.mark.safety("F1", "F2", "F3", "2j1")
@pytest.mark.parametrize("byte_by_byte", [False, True], ids=["whole", "byte by byte"])
@pytest.mark.parametrize(
    "wire", [row[1] for row in WRONG_CHUNKS], ids=[row[0] for row in WRONG_CHUNKS]
)
def test_broken_framing_is_an_incomplete_body(wire, byte_by_byte):
    exchange = Exchange(CHUNKED + wire, byte_by_byte=byte_by_byte)
    with pytest.raises(exceptions.IncompleteBody) as caught:
        exchange.read_all()
    assert isinstance(caught.value.__cause__, h11.RemoteProtocolError)
    assert exchange.owner.returned == ["closed"]


def test_what_came_before_the_framing_broke_is_returned_first():
    exchange = Exchange(CHUNKED + b"5\r\nhello\r\nXX")
    assert exchange.body.read(100) == b"hello"
    with pytest.raises(exceptions.IncompleteBody) as caught:
        exchange.body.read(100)
    assert caught.value.partial_length == 5


@pytest.mark.safety("M20", "F18", "F4")
def test_a_huge_length_reserves_nothing():
    exchange = Exchange(length(99999999999999) + b"hi", b"")
    with pytest.raises(exceptions.IncompleteBody) as caught:
        exchange.read_all(65536)
    assert caught.value.partial_length == 2


@pytest.mark.safety("M15", "D5", "2a10")
@pytest.mark.parametrize("ragged", [True, False], ids=["without close_notify", "with close_notify"])
def test_a_body_until_close_over_tls_needs_close_notify(ragged):
    exchange = Exchange(UNTIL_CLOSE + b"hello", b"", tls=True, ragged_eof=ragged)
    assert exchange.body.read(100) == b"hello"
    if ragged:
        with pytest.raises(exceptions.IncompleteBody, match="close_notify") as caught:
            exchange.body.read(100)
        assert caught.value.partial_length == 5
    else:
        assert exchange.body.read(100) == b""
    assert exchange.owner.returned == ["closed"]


def test_framed_bodies_over_tls_do_not_ask_how_the_connection_ends():
    exchange = Exchange(length(5) + b"hello", tls=True, ragged_eof=True)
    assert exchange.read_all() == b"hello"
    assert exchange.owner.returned == ["reusable"]


def test_a_tls_failure_within_the_body_is_an_incomplete_body_or_an_ssl_error():
    exchange = Exchange(length(5) + b"he", ssl.SSLError(1, "bad record mac"), tls=True)
    with pytest.raises(exceptions.ConnectionError) as caught:
        exchange.read_all()
    assert isinstance(caught.value.__cause__, ssl.SSLError)
    assert exchange.owner.returned == ["closed"]


@pytest.mark.safety("M8", "X4")
def test_a_dripping_body_ends_with_the_total_and_not_with_the_read_limit():
    drip = [step for _ in range(20) for step in (Pause(0.3), b"x")]
    exchange = Exchange(length(20), *drip, timeout=Timeout(read=1))
    assert exchange.read_all() == b"x" * 20
    exchange = Exchange(length(20), *drip, timeout=Timeout(read=1, total=1))
    with pytest.raises(exceptions.BodyReadTimeout) as caught:
        exchange.read_all()
    assert caught.value.limit == "total"
    assert exchange.network.clock.now == 1.0
    assert isinstance(caught.value.__cause__, LimitExpired)


def test_body_reads_carry_the_read_limit_and_do_not_wait_first():
    exchange = Exchange(length(5), b"hello", timeout=Timeout(read=7))
    exchange.read_all()
    assert exchange.stream.limits[-1] == ("read", Limit(7.0, "read"))


@pytest.mark.safety("X22", "L1")
@pytest.mark.parametrize(
    "error", [KeyboardInterrupt(), SystemExit(1), MemoryError()], ids=lambda e: type(e).__name__
)
def test_an_interruption_passes_and_closes_the_connection(error):
    exchange = Exchange(length(5) + b"he", error)
    assert exchange.body.read(100) == b"he"
    with pytest.raises(type(error)) as caught:
        exchange.body.read(100)
    assert caught.value is error
    assert exchange.owner.returned == ["closed"]
    with pytest.raises(exceptions.IncompleteBody):
        exchange.body.read(100)


# --- closing before the end ------------------------------------------------------------------

# id, steps, limits, what the owner gets
EARLY_CLOSES = [
    ("all of it is here", [length(5) + b"hello"], None, "reusable"),
    ("the rest is small and comes", [length(10) + b"hello", b"world"], None, "reusable"),
    ("the rest is small and does not come", [length(10) + b"hello", Pause(1.0)], None, "closed"),
    (
        "the rest is small and comes too slowly",
        [length(10) + b"hello", *[Pause(0.03), b"x"] * 5],
        None,
        "closed",
    ),
    ("the rest is small and is cut", [length(10) + b"hello", b""], None, "closed"),
    (
        "the rest is small and the connection breaks",
        [length(10) + b"hello", OSError(5, "io")],
        None,
        "closed",
    ),
    ("as much as the bound", [length(256 * 1024), *[b"x" * 65536] * 4], None, "reusable"),
    ("more than the bound", [length(256 * 1024 + 1)], None, "closed"),
    ("chunked, all of it is here", [CHUNKED + b"5\r\nhello\r\n0\r\n\r\n"], None, "reusable"),
    ("chunked, the rest has come", [CHUNKED + b"5\r\nhello\r\n", b"0\r\n\r\n"], None, "reusable"),
    (
        "chunked, the rest has not come",
        [CHUNKED + b"5\r\nhello\r\n", Pause(0.01), b"0\r\n\r\n"],
        None,
        "closed",
    ),
    (
        "chunked, without an end",
        [CHUNKED, *[b"10000\r\n" + b"x" * 65536 + b"\r\n"] * 5],
        None,
        "closed",
    ),
    ("chunked, broken", [CHUNKED + b"5\r\nhello\r\n", b"XX\r\n"], None, "closed"),
    ("until close", [UNTIL_CLOSE + b"hello", b""], None, "closed"),
    ("nothing may be drained", [length(10) + b"hello"], Limits(drain_bytes=0), "closed"),
    ("poison behind the rest", [length(5) + b"hello" + length(0)], None, "closed"),
]


@pytest.mark.safety("2c3")
@pytest.mark.parametrize(
    ("steps", "limits", "fate"),
    [row[1:] for row in EARLY_CLOSES],
    ids=[row[0] for row in EARLY_CLOSES],
)
def test_closing_early_drains_within_its_bound_or_closes(steps, limits, fate):
    exchange = Exchange(*steps, limits=limits)
    exchange.body.close()
    assert exchange.owner.returned == [fate]
    assert exchange.stream.closed == (fate == "closed")
    assert exchange.network.clock.now <= 0.051
    exchange.body.close()
    assert exchange.owner.returned == [fate]
    with pytest.raises(exceptions.StreamConsumedError):
        exchange.body.read(10)


def test_closing_after_the_end_changes_nothing():
    exchange = Exchange(length(5) + b"hello")
    assert exchange.read_all() == b"hello"
    exchange.body.close()
    assert exchange.owner.returned == ["reusable"]
    assert exchange.body.read(10) == b""


@pytest.mark.safety("X22", "L1")
def test_an_interruption_while_draining_passes_and_closes():
    exchange = Exchange(length(10) + b"hello", KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        exchange.body.close()
    assert exchange.owner.returned == ["closed"]
    assert exchange.stream.closed


@pytest.mark.safety("L1")
def test_an_unread_body_that_becomes_garbage_is_aborted_and_given_back():
    exchange = Exchange(length(10) + b"hello")
    del exchange.body
    gc.collect()
    assert exchange.owner.returned == ["abandoned"]
    assert exchange.stream.aborted


def test_a_finished_body_that_becomes_garbage_touches_nothing():
    exchange = Exchange(length(5) + b"hello")
    exchange.read_all()
    del exchange.body
    gc.collect()
    assert exchange.owner.returned == ["reusable"]
    assert not exchange.stream.closed


def test_switching_protocols_never_gives_the_connection_back_for_reuse():
    network = ScriptedNetwork([b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"])
    deadline = Deadline(Timeout(), network.clock)
    connection = open_connection(Route("http", "a.test", 80), network, deadline, Limits())
    fields = [("Host", "a.test"), ("Connection", "upgrade"), ("Upgrade", "x")]
    connection.send_request(
        h11.Request(method="GET", target="/", headers=fields), NO_BODY, deadline
    )
    owner = Owner()
    body = ResponseBody(connection, connection.read_head(deadline), owner, deadline)
    assert body.read(10) == b""
    assert owner.returned == []  # it waits for being asked for
    body.close()
    assert owner.returned == ["closed"]
    assert network.streams[0].closed
    with pytest.raises(exceptions.StreamConsumedError):
        body.upgrade()


# --- what a response tells about its connection -----------------------------------------------


def test_connection_info_shows_the_states_at_the_end():
    exchange = Exchange(length(5) + b"he", b"llo")
    info = exchange.body.connection_info
    assert (info.client_state, info.server_state) == ("DONE", "SEND_BODY")
    exchange.read_all()
    info = exchange.body.connection_info
    assert (info.client_state, info.server_state) == ("DONE", "DONE")
    assert info.peer_address == ("a.test", 80)
    assert info.local_address == ("127.0.0.1", 50000)
    assert (info.requests_served, info.reused) == (1, False)
    assert (info.tls_version, info.cipher, info.certificate) == (None, None, None)
    assert repr(info) == "<ConnectionInfo ('a.test', 80) request 1 DONE/DONE>"


def test_connection_info_of_a_closing_answer_says_must_close():
    exchange = Exchange(length(0, extra=b"Connection: close\r\n"))
    info = exchange.body.connection_info
    assert (info.client_state, info.server_state) == ("MUST_CLOSE", "MUST_CLOSE")


def test_connection_info_of_a_broken_exchange_says_error():
    exchange = Exchange(CHUNKED + b"x\r\n")
    with pytest.raises(exceptions.IncompleteBody):
        exchange.read_all()
    assert exchange.body.connection_info.server_state == "ERROR"


def test_connection_info_over_tls_has_its_version_and_cipher():
    exchange = Exchange(length(0), tls=True)
    info = exchange.body.connection_info
    assert (info.tls_version, info.cipher, info.certificate) == (
        "TLSv1.3",
        "SCRIPTED",
        b"certificate",
    )


def test_what_the_server_sends_by_itself_within_a_body_is_the_body():
    exchange = Exchange(length(5), Unsolicited(b"hello"))
    assert exchange.read_all() == b"hello"
    assert exchange.owner.returned == ["reusable"]


# --- closed by another thread --------------------------------------------------------------------


@pytest.mark.safety("L5")
@pytest.mark.parametrize("ending", ["close", "abort"])
def test_closed_while_it_is_read_a_body_is_incomplete(ending):
    exchange = Exchange(length(5) + b"he", b"llo")
    assert exchange.body.read(10) == b"he"
    while_reading(exchange, getattr(exchange.body, ending))
    for _ in range(2):
        with pytest.raises(exceptions.IncompleteBody, match="another thread") as caught:
            exchange.body.read(10)
        assert caught.value.partial_length == 2
    assert exchange.owner.returned == ["closed"]
    assert exchange.stream.closed


@pytest.mark.safety("L5")
def test_closed_in_the_moment_of_its_end_a_body_is_whole_and_its_connection_closed():
    exchange = Exchange(length(5) + b"he", b"llo")
    assert exchange.body.read(10) == b"he"
    exchange.stream.interrupt = lambda: None  # too late: the bytes are there already
    while_reading(exchange, exchange.body.close)
    assert exchange.body.read(10) == b"llo"
    assert exchange.owner.returned == ["closed"]
    assert exchange.body.read(10) == b""


@pytest.mark.safety("L5")
def test_closed_while_a_piece_is_returned_the_reader_closes():
    exchange = Exchange(length(9) + b"he", b"llo")
    assert exchange.body.read(10) == b"he"
    exchange.stream.interrupt = lambda: None
    while_reading(exchange, exchange.body.close)
    assert exchange.body.read(10) == b"llo"
    assert exchange.owner.returned == ["closed"]
    with pytest.raises(exceptions.StreamConsumedError):
        exchange.body.read(10)


@pytest.mark.safety("L1", "F16")
@pytest.mark.parametrize("ending", ["read", "close"])
@pytest.mark.parametrize("error", [OSError(28, "no space"), TimeoutError("an alarm")])
def test_what_fails_as_a_connection_is_given_back_does_not_touch_it_any_more(error, ending):
    # Another request may have it: a handler of the log has failed, or one of a signal.
    exchange = Exchange(length(5) + b"he", b"llo")
    release = exchange.owner.release

    def fail(connection, reusable):
        release(connection, reusable)
        raise error

    assert exchange.body.read(10) == b"he"
    exchange.owner.release = fail
    try:
        exchange.body.read(10) if ending == "read" else exchange.body.close()
    except OSError:
        pass  # or what it became
    assert exchange.owner.returned == ["reusable"]
    assert not exchange.stream.closed
    with pytest.raises(exceptions.RequestException):
        exchange.body.read(10)


@pytest.mark.safety("L5")
def test_two_threads_cannot_read_at_once():
    exchange = Exchange(length(9) + b"he", b"llo")
    assert exchange.body.read(10) == b"he"
    failures = []

    def read():
        with pytest.raises(exceptions.StreamConsumedError) as caught:
            exchange.body.read(10)
        failures.append(caught.value)

    while_reading(exchange, read)
    assert exchange.body.read(10) == b"llo"
    assert len(failures) == 1
    exchange.body.abort()


def read_in_another_thread(body):
    """What a thread finds that reads just now: a piece, or the exception."""
    found = []

    def read():
        try:
            found.append(body.read(100))
        except exceptions.RequestException as error:
            found.append(error)

    thread = threading.Thread(target=read)
    thread.start()
    thread.join()
    return found[0]


@pytest.mark.safety("L5", "4I7")
@pytest.mark.parametrize("ending", ["close", "put_by"])
@pytest.mark.parametrize("steps", [[b"llo"], [b"l", b"lo"]], ids=["waiting", "ahead"])
def test_what_is_drained_while_another_thread_reads_is_no_end_of_the_body(ending, steps):
    exchange = Exchange(length(5) + b"he", *steps)
    assert exchange.body.read(1) == b"h"
    found = []
    # The connection is forgotten by then: the reader asks nobody for the turn.
    release = exchange.owner.release
    exchange.owner.release = lambda connection, reusable: (
        found.append(read_in_another_thread(exchange.body)),
        release(connection, reusable),
    )
    getattr(exchange.body, ending)()
    assert exchange.owner.returned == ["reusable"]
    assert [type(one) for one in found] == [exceptions.StreamConsumedError]
    if ending == "put_by":  # and nothing of it was lost, nothing is there twice
        assert exchange.read_all() == b"ello"


class LateTurn:
    """A lock that its holder lets go of as soon as somebody waits for it."""

    def acquire(self, wait, patience=0.0):
        return wait

    def release(self):
        pass


@pytest.mark.safety("L5", "L1")
def test_a_body_is_closed_though_the_reader_before_it_has_not_let_go_yet():
    exchange = Exchange(length(500_000) + b"he")
    exchange.body._turn = LateTurn()
    exchange.body.close()
    assert exchange.owner.returned == ["closed"]
    assert exchange.stream.closed
