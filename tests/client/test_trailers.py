"""Request trailers: which are taken, how they are announced, and when their values are asked for."""

from __future__ import annotations

import doctest
import hashlib
import pickle

import pytest

import h11client._messages.trailers
from h11client import Request, Session, exceptions
from h11client._limits import Limits
from h11client._messages.request import prepare_request
from h11client._messages.trailers import Trailers
from h11client._timeouts import Timeout
from h11client._transport.pool import Pool
from h11client.testing import ScriptedNetwork

URL = "http://a.test/"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


def pool_of(*dials):
    network = ScriptedNetwork(*dials)
    return Pool(Limits(), network, network.clock), network


def send(pool, method="POST", **parts):
    return pool.send(prepare_request(method, URL, **parts), timeout=Timeout())


def sent(**parts):
    """Head and body of a request as they are written."""
    pool, network = pool_of([OK])
    send(pool, **parts)
    head, _, body = network.streams[0].written.partition(b"\r\n\r\n")
    return head + b"\r\n", body


def test_the_example_of_the_docstring_is_true():
    assert doctest.testmod(h11client._messages.trailers).failed == 0


GIVEN = [
    ("a mapping", {"X-A": "1", "X-B": "2"}, {}),
    ("pairs", [("X-A", "1"), ("X-B", "2")], {}),
    ("a generator of pairs", (pair for pair in [("X-A", "1"), ("X-B", "2")]), {}),
    ("bytes", {b"X-A": b"1", b"X-B": b"2"}, {}),
    ("values that come late", {"X-A": lambda: "1", "X-B": lambda: b"2"}, {}),
    ("a callable", lambda: {"X-A": "1", "X-B": "2"}, {"Trailer": "X-A, X-B"}),
    ("a callable that gives pairs", lambda: [("X-A", "1"), ("X-B", "2")], {"Trailer": "x-a,x-b"}),
]
BODIES = [
    ("bytes", lambda: b"body", b"4\r\nbody\r\n"),
    ("an iterator", lambda: iter([b"bo", b"dy"]), b"2\r\nbo\r\n2\r\ndy\r\n"),
    ("no body", lambda: None, b""),
]


@pytest.mark.safety("2b6", "2j1")
@pytest.mark.parametrize(
    ("body", "framed"), [row[1:] for row in BODIES], ids=[r[0] for r in BODIES]
)
@pytest.mark.parametrize("number", range(len(GIVEN)), ids=[row[0] for row in GIVEN])
def test_trailers_are_announced_and_follow_the_last_chunk(number, body, framed):
    _, given, headers = GIVEN[number]
    if number == 2:
        given = iter([("X-A", "1"), ("X-B", "2")])
    head, wire = sent(data=body(), trailers=given, headers=headers)
    assert wire == framed + b"0\r\nX-A: 1\r\nX-B: 2\r\n\r\n"
    assert head.count(b"Transfer-Encoding: chunked\r\n") == 1
    assert b"Content-Length" not in head
    assert head.lower().replace(b", ", b",").count(b"\r\ntrailer: x-a,x-b\r\n") == 1


def test_late_values_are_asked_for_when_the_body_is_over():
    order = []
    digest = hashlib.sha256()

    def pieces():
        for piece in (b"a" * 1000, b"b" * 1000):
            digest.update(piece)
            order.append(piece[:1])
            yield piece

    def value():
        order.append("value")
        return digest.hexdigest()

    _, wire = sent(data=pieces(), trailers={"X-Digest": value})
    assert order == [b"a", b"b", "value"]
    expected = hashlib.sha256(b"a" * 1000 + b"b" * 1000).hexdigest()
    assert wire.endswith(b"\r\n0\r\nX-Digest: " + expected.encode() + b"\r\n\r\n")


def test_a_name_may_occur_twice_and_is_announced_once():
    head, wire = sent(data=b"x", trailers=[("X-A", "1"), ("x-a", "2"), ("X-B", "3")])
    assert wire.endswith(b"0\r\nX-A: 1\r\nx-a: 2\r\nX-B: 3\r\n\r\n")
    assert head.count(b"railer:") == 1


def test_the_callers_own_announcement_stays_and_is_completed():
    head, _ = sent(data=b"x", trailers={"X-A": "1", "X-B": "2"}, headers={"Trailer": "x-b, X-C"})
    assert b"\r\nTrailer: x-b, X-C\r\n" in head
    assert b"\r\nTrailer: X-A\r\n" in head


@pytest.mark.parametrize("given", [None, {}, [], ()], ids=repr)
def test_no_trailers_change_nothing(given):
    head, wire = sent(data=b"body", trailers=given)
    assert b"Content-Length: 4\r\n" in head
    assert b"railer" not in head
    assert wire == b"body"


@pytest.mark.safety("2b6", "2j1")
def test_no_header_becomes_a_trailer_without_being_asked():
    head, wire = sent(data=iter([b"x"]), headers={"Trailer": "X-A", "X-A": "1"})
    assert b"X-A: 1\r\n" in head
    assert wire == b"1\r\nx\r\n0\r\n\r\n"


REFUSED = [
    "Transfer-Encoding",
    "content-length",
    "HOST",
    "Trailer",
    "TE",
    "Connection",
    "Upgrade",
    "Keep-Alive",
    "Expect",
    "Range",
    "If-Match",
    "Authorization",
    "Proxy-Authorization",
    "Cookie",
    "Content-Type",
    "Content-Encoding",
    "Content-Range",
    "Cache-Control",
    "Max-Forwards",
]
WRONG = [
    *((name, {name: "1"}, exceptions.InvalidHeader) for name in REFUSED),
    ("refused in pairs", [("X-A", "1"), (b"host", b"a")], exceptions.InvalidHeader),
    ("refused with a late value", {"Host": lambda: "a"}, exceptions.InvalidHeader),
    ("no token", {"X A": "1"}, exceptions.InvalidHeader),
    ("an empty name", {"": "1"}, exceptions.InvalidHeader),
    ("CR LF", {"X-A": "1\r\nX-B: 2"}, exceptions.InvalidHeader),
    ("NUL", {"X-A": "\0"}, exceptions.InvalidHeader),
    ("beyond latin-1", {"X-A": "\u20ac"}, exceptions.InvalidHeader),
    ("a number", {"X-A": 1}, exceptions.InvalidHeader),
    ("None", {"X-A": None}, exceptions.InvalidHeader),
    ("text", "X-A: 1", TypeError),
    ("bytes", b"X-A: 1", TypeError),
    ("a number for all", 7, TypeError),
    ("a callable that is not announced", lambda: {"X-A": "1"}, exceptions.LocalProtocolError),
]


@pytest.mark.safety("2b6", "I5", "4I12")
@pytest.mark.parametrize(
    ("given", "error"), [row[1:] for row in WRONG], ids=[row[0] for row in WRONG]
)
def test_what_cannot_be_a_trailer_is_refused_before_a_connection_is_made(given, error):
    pool, network = pool_of()
    with pytest.raises(error):
        send(pool, data=b"body", trailers=given)
    assert network.dialled == []


@pytest.mark.safety("2b3", "2b6")
@pytest.mark.parametrize(
    ("method", "headers"), [("POST", {"Content-Length": "4"}), ("TRACE", {})], ids=["CL", "TRACE"]
)
def test_trailers_go_with_chunks_only(method, headers):
    pool, network = pool_of()
    with pytest.raises(exceptions.LocalProtocolError):
        send(pool, method, data=b"body", trailers={"X-A": "1"}, headers=headers)
    assert network.dialled == []


class Odd(Exception):
    pass


def fail():
    raise Odd("mine")


TOO_LATE = [
    ("the value's callable raises", {"X-A": fail}, {}, Odd),
    ("the callable raises", fail, {"Trailer": "X-A"}, Odd),
    ("CR LF", {"X-A": lambda: "1\r\nX-B: 2"}, {}, exceptions.InvalidHeader),
    ("not announced", lambda: {"X-B": "1"}, {"Trailer": "X-A"}, exceptions.LocalProtocolError),
    ("refused", lambda: {"Host": "a"}, {"Trailer": "Host"}, exceptions.InvalidHeader),
    ("no pairs", lambda: 7, {"Trailer": "X-A"}, TypeError),
]


@pytest.mark.safety("2b6", "2d4", "X22")
@pytest.mark.parametrize(
    ("given", "headers", "error"), [row[1:] for row in TOO_LATE], ids=[row[0] for row in TOO_LATE]
)
def test_what_goes_wrong_at_the_end_leaves_the_body_incomplete(given, headers, error):
    pool, network = pool_of([OK], [OK])
    with pytest.raises(error) as caught:
        send(pool, "PUT", data=b"body", trailers=given, headers=headers)
    assert caught.value.__cause__ is None
    assert network.streams[0].written.endswith(b"\r\n\r\n4\r\nbody\r\n")
    assert network.streams[0].closed
    assert pool.counts().open == 0
    assert send(pool).status_code == 200
    assert len(network.dialled) == 2


def test_a_callable_may_give_fewer_than_it_announced():
    _, wire = sent(data=b"x", trailers=dict, headers={"Trailer": "X-A"})
    assert wire == b"1\r\nx\r\n0\r\n\r\n"


@pytest.mark.safety("2d3")
def test_a_repetition_computes_its_own_values():
    values = iter(["first", "second"])
    pool, network = pool_of([OK, b""], [OK])
    send(pool)
    send(pool, "PUT", data=b"body", trailers={"X-A": lambda: next(values)})
    assert network.streams[0].written.endswith(b"0\r\nX-A: first\r\n\r\n")
    assert network.streams[1].written.endswith(b"0\r\nX-A: second\r\n\r\n")


def test_a_body_assigned_later_keeps_the_trailers():
    prepared = Request("PUT", URL, data=b"body", trailers={"X-A": "1"}).prepare()
    assert prepared.headers["Transfer-Encoding"] == "chunked"
    prepared.body = b"more"
    pool, network = pool_of([OK, OK])
    pool.send(prepared, timeout=Timeout())
    pool.send(prepared.copy(), timeout=Timeout())
    head = b"PUT / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\nTrailer: X-A\r\n\r\n"
    once = head + b"4\r\nmore\r\n0\r\nX-A: 1\r\n\r\n"
    assert network.streams[0].written == once * 2


def test_a_request_with_trailers_is_pickled_without_its_body():
    prepared = prepare_request("PUT", URL, data=b"body", trailers={"X-A": lambda: "1"})
    copy = pickle.loads(pickle.dumps(prepared))
    assert copy.method == "PUT"
    pool, _network = pool_of([])
    with pytest.raises(exceptions.UnrewindableBodyError):
        pool.send(copy, timeout=Timeout())


def test_a_session_takes_trailers():
    network = ScriptedNetwork([OK, OK])
    with Session(transport=Pool(Limits(), network, network.clock)) as session:
        session.post(URL, data=b"body", trailers={"X-A": "1"})
        session.send(session.prepare_request(Request("PUT", URL, data=b"b", trailers={"X": "2"})))
    assert network.streams[0].written.count(b"0\r\nX-A: 1\r\n\r\n") == 1
    assert network.streams[0].written.endswith(b"0\r\nX: 2\r\n\r\n")


def test_what_the_caller_gave_is_not_changed():
    given = {"X-A": lambda: "1"}
    before = dict(given)
    trailers = Trailers(given)
    trailers.compute([b"X-A"])
    assert given == before
