"""The immutable sequence of header pairs."""

from __future__ import annotations

import collections.abc
import copy
import pickle
from collections.abc import Iterator

import pytest

import h11
from h11 import _headers
from tests.protocol.driving import accepted, client, server

PAIRS = [(b"host", b"a"), (b"x-b", b"1"), (b"x-b", b"2")]


def headers(pairs=(("Host", "a"), ("X-B", "1"), ("x-b", "2"))):
    return h11.Request(method="GET", target="/", headers=pairs).headers


def test_headers_are_a_sequence_of_lower_case_pairs() -> None:
    found = headers()
    assert isinstance(found, collections.abc.Sequence)
    assert list(found) == PAIRS
    assert len(found) == 3
    assert found[0] == (b"host", b"a")
    assert found[-1] == (b"x-b", b"2")
    assert list(reversed(found)) == PAIRS[::-1]
    assert (b"host", b"a") in found and (b"Host", b"a") not in found
    assert found.index((b"x-b", b"2")) == 2
    assert found.count((b"x-b", b"1")) == 1
    assert dict(found) == {b"host": b"a", b"x-b": b"2"}
    with pytest.raises(IndexError):
        found[3]


def test_raw_items_keep_the_casing_of_the_caller() -> None:
    assert headers().raw_items() == [(b"Host", b"a"), (b"X-B", b"1"), (b"x-b", b"2")]


def test_headers_equal_lists_and_tuples_of_pairs() -> None:
    found = headers()
    assert found == PAIRS
    assert found == tuple(PAIRS)
    assert PAIRS == found
    assert found == headers(
        pairs=[("HOST", b"a"), ("x-B", bytearray(b"1")), (b"X-b", memoryview(b"2"))]
    )
    assert found != PAIRS[:2]
    assert found != PAIRS[::-1]
    assert found != [(b"Host", b"a"), *PAIRS[1:]]
    assert not found != PAIRS


@pytest.mark.deviation("headers-compare-with-anything")
def test_headers_differ_from_what_is_no_sequence() -> None:
    assert headers() != 5
    assert headers() != None  # noqa: E711
    assert (headers() == object()) is False


def test_headers_are_empty_or_not() -> None:
    assert not h11.EndOfMessage().headers
    assert headers()
    assert h11.EndOfMessage().headers == []


def test_headers_cannot_be_changed() -> None:
    found = headers()
    with pytest.raises(AttributeError):
        found.append((b"a", b"b"))
    with pytest.raises((AttributeError, TypeError)):
        found[0] = (b"a", b"b")
    with pytest.raises((AttributeError, TypeError)):
        del found[0]
    with pytest.raises(AttributeError):
        found.anything = 1
    with pytest.raises(TypeError):
        hash(found)
    given = found.raw_items()
    given.clear()
    assert found == PAIRS and len(found.raw_items()) == 3


def test_received_headers_are_headers_too() -> None:
    found = accepted(client, b"HTTP/1.1 204 X\r\nX-A: b\r\n\r\n").events[0].headers
    assert type(found) is type(headers())
    assert type(found) is _headers.Headers
    assert found == [(b"x-a", b"b")]
    with pytest.raises(AttributeError):
        found.anything = 1


def test_names_and_values_are_bytes_of_any_origin() -> None:
    class Name(bytes):
        pass

    found = headers([(Name(b"HOST"), Name(b"a")), ("b", memoryview(b"c"))])
    assert [type(part) for pair in found for part in pair] == [bytes] * 4
    assert [type(part) for pair in found.raw_items() for part in pair] == [bytes] * 4


def test_the_callers_own_pairs_are_left_alone() -> None:
    given = [("HOST", bytearray(b"Example.Com"))]
    found = headers(given)
    assert given == [("HOST", bytearray(b"Example.Com"))]
    given[0][1][:] = b"changed...."
    given.append(("X", "y"))
    assert found == [(b"host", b"Example.Com")]


@pytest.mark.parametrize(
    "pairs",
    [
        {"Host": "a"}.items(),
        (("Host", "a"),),
        iter([("Host", "a")]),
        [["Host", "a"]],
        (p for p in [("Host", "a")]),
    ],
)
def test_any_iterable_of_pairs_will_do(pairs) -> None:
    assert headers(pairs) == [(b"host", b"a")]


@pytest.mark.parametrize(
    "pairs",
    [None, 5, [5], [("Host",)], [("Host", "a", "b")], [("Host", None)], [("Host", 5)], [(5, "a")]],
)
def test_what_is_no_pair_of_texts_is_a_mistake_of_the_program(pairs) -> None:
    with pytest.raises((TypeError, ValueError)):
        headers(pairs)


FIELDS_REFUSED = [
    ("blank before the value", "X", " a", 400),
    ("blank after the value", "X", "a ", 400),
    ("tab before the value", "X", "\ta", 400),
    ("blank after the name", "X ", "a", 400),
    ("blank before the name", " X", "a", 400),
    ("colon in the name", "X:", "a", 400),
    ("empty name", "", "a", 400),
    ("line feed in the value", "X", "a\nb", 400),
    ("line end in the value", "X", "a\r\nb", 400),
    ("folded value", "X", "a\r\n b", 400),
    ("NUL in the value", "X", "a\x00b", 400),
    ("line end in the name", "X\r\nY", "a", 400),
    ("length that is no number", "Content-Length", "hello", 400),
    ("length with sign", "content-length", "+1", 400),
    ("length empty", "Content-Length", "", 400),
    ("length of 21 digits", "Content-Length", "9" * 21, 400),
    ("lengths that differ", "Content-Length", "1, 2", 400),
    ("unknown coding", "Transfer-Encoding", "gzip", 501),
    ("two codings", "Transfer-Encoding", "gzip, chunked", 501),
]


@pytest.mark.safety("I5", "M23", "2b6")
@pytest.mark.parametrize(
    ("name", "value", "hint"), [pytest.param(*row[1:], id=row[0]) for row in FIELDS_REFUSED]
)
def test_field_is_refused_before_it_is_sent(name: str, value: str, hint: int) -> None:
    for given in (
        (name, value),
        (name.encode(), value.encode()),
        (name, bytearray(value.encode())),
    ):
        for build in (
            lambda g=given: headers([("Host", "a"), g]),
            lambda g=given: h11.Response(status_code=200, headers=[g]),
            lambda g=given: h11.InformationalResponse(status_code=100, headers=[g]),
            lambda g=given: h11.EndOfMessage(headers=[g]),
        ):
            with pytest.raises(h11.LocalProtocolError) as caught:
                build()
            assert caught.value.error_status_hint == hint


@pytest.mark.safety("F4")
@pytest.mark.deviation("content-length-2-63")
def test_length_above_2_63_is_refused_before_it_is_sent() -> None:
    assert headers([("Host", "a"), ("Content-Length", str(2**63 - 1))])
    with pytest.raises(h11.LocalProtocolError):
        headers([("Host", "a"), ("Content-Length", str(2**63))])


@pytest.mark.safety("F5")
def test_equal_lengths_merge_into_the_first() -> None:
    found = headers(
        [("Host", "a"), ("Content-LENGTH", "5, 5"), ("X", "y"), ("content-length", "5")]
    )
    assert found == [(b"host", b"a"), (b"content-length", b"5"), (b"x", b"y")]
    assert found.raw_items()[1] == (b"Content-LENGTH", b"5")


def test_chunked_is_lower_cased() -> None:
    found = headers([("Host", "a"), ("Transfer-Encoding", "CHUNKED")])
    assert found[1] == (b"transfer-encoding", b"chunked")


def test_repr_shows_the_pairs() -> None:
    assert repr(headers([("Host", "a")])) == "<Headers([(b'host', b'a')])>"


def test_what_was_received_can_be_sent_on() -> None:
    head = b"GET / HTTP/1.1\r\nHost: a\r\nX-fOO: b\r\n\r\n"
    found = accepted(server, head).events[0]
    twin = h11.Request(method=found.method, target=found.target, headers=found.headers)
    assert h11.Connection(h11.CLIENT).send(twin) == head


@pytest.mark.deviation("headers-public")
class TestHeadersAsAPublicClass:
    def test_they_are_built_from_pairs_and_checked_once(self) -> None:
        found = h11.Headers([("Host", "a"), (b"X-B", b"1"), ("x-b", bytearray(b"2"))])
        assert found == PAIRS
        assert found.raw_items() == [(b"Host", b"a"), (b"X-B", b"1"), (b"x-b", b"2")]
        assert h11.Headers is _headers.Headers
        assert h11.Headers([]) == []
        for name, value in (("X", " a"), ("X Y", "a"), ("X", "a\nb"), ("Content-Length", "x")):
            with pytest.raises(h11.LocalProtocolError):
                h11.Headers([(name, value)])

    @pytest.mark.deviation("values-of")
    def test_all_values_of_one_field_in_order(self) -> None:
        repeated = h11.Headers([("A", "1"), ("B", "2"), ("a", "3")])
        assert repeated.values_of(b"a") == [b"1", b"3"]
        assert repeated.values_of(b"b") == [b"2"]
        assert repeated.values_of(b"c") == []
        distinct = h11.Headers([("A", "1"), ("B", "2")])
        assert (distinct.values_of(b"a"), distinct.values_of(b"c")) == ([b"1"], [])

    @pytest.mark.deviation("names")
    def test_the_names_are_a_set(self) -> None:
        twice = h11.Headers([("Content-Length", "1"), ("B", "2"), ("content-length", "1")])
        assert twice.names == {b"content-length", b"b"}
        assert h11.Headers().names == frozenset()
        assert pickle.loads(pickle.dumps(twice)).names == twice.names
        connection = h11.Connection(h11.CLIENT)
        connection.receive_data(b"HTTP/1.1 200 OK\r\nB: 1\r\nSet-Cookie: 1\r\nb: 2\r\n\r\n")
        assert connection.next_event().headers.names == {b"b", b"set-cookie"}

    def test_they_may_serve_many_requests(self) -> None:
        shared = h11.Headers([("Host", "a"), ("X-B", "1")])
        connection = h11.Connection(h11.CLIENT)
        for _ in range(3):
            request = h11.Request(method="GET", target="/", headers=shared)
            assert request.headers is shared or request.headers == shared
            assert connection.send(request) == b"GET / HTTP/1.1\r\nHost: a\r\nX-B: 1\r\n\r\n"
            connection.send(h11.EndOfMessage())
            connection.receive_data(b"HTTP/1.1 204 X\r\n\r\n")
            connection.next_event(), connection.next_event()
            connection.start_next_cycle()
        assert shared == [(b"host", b"a"), (b"x-b", b"1")]

    def test_host_rules_hold_for_them_all_the_same(self) -> None:
        for pairs in ([], [("Host", "a"), ("Host", "b")]):
            with pytest.raises(h11.LocalProtocolError):
                h11.Request(method="GET", target="/", headers=h11.Headers(pairs))

    def test_both_framings_are_refused_for_them_all_the_same(self) -> None:
        pairs = [("Host", "a"), ("Content-Length", "1"), ("Transfer-Encoding", "chunked")]
        with pytest.raises(h11.LocalProtocolError):
            request = h11.Request(method="GET", target="/", headers=h11.Headers(pairs))
            h11.Connection(h11.CLIENT).send(request)

    def test_they_can_be_copied_pickled_and_sliced(self) -> None:
        found = h11.Headers([("Host", "a"), ("X-B", "1")])
        for twin in (copy.copy(found), copy.deepcopy(found), pickle.loads(pickle.dumps(found))):
            assert twin == found
            assert twin.raw_items() == found.raw_items()
        assert list(found[1:]) == [(b"x-b", b"1")]

    def test_the_class_is_final(self) -> None:
        with pytest.raises(TypeError):
            type("Mine", (h11.Headers,), {})


# --- what is remembered of the names of a head ------------------------------------------------


def request_with(fields: bytes) -> h11.Request:
    connection = h11.Connection(h11.SERVER)
    connection.receive_data(b"GET / HTTP/1.1\r\n" + fields + b"\r\n")
    return connection.next_event()


def test_what_was_learned_of_one_head_does_not_hold_for_one_that_repeats_a_name() -> None:
    for _ in range(2):
        assert request_with(b"Host: a\r\nB: 1\r\n").headers[0] == (b"host", b"a")
        with pytest.raises(h11.RemoteProtocolError, match="multiple Host"):
            request_with(b"Host: a\r\nB: 1\r\nHost: a\r\n")


def test_a_length_beside_each_kind_of_connection_field() -> None:
    for value, closed in ((b"keep-alive", False), (b"close", True), (b"x", False)) * 2:
        connection = h11.Connection(h11.CLIENT)
        connection.send(h11.Request(method="GET", target="/", headers=[("Host", "a")]))
        connection.send(h11.EndOfMessage())
        head = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: " + value
        connection.receive_data(head + b"\r\n\r\nok")
        events = [connection.next_event() for _ in range(3)]
        assert (events[1].data, type(events[2])) == (b"ok", h11.EndOfMessage)
        assert (connection.their_state is h11.MUST_CLOSE) is closed


@pytest.fixture
def tables() -> Iterator[dict[str, dict]]:
    """What is remembered of names and lengths: empty, and what it was when the test is over."""
    found = {
        name: getattr(_headers, name) for name in ("KNOWN_NAMES", "KNOWN_SHAPES", "KNOWN_LENGTHS")
    }
    before = {name: dict(table) for name, table in found.items()}
    for table in found.values():
        table.clear()
    yield found
    for name, table in found.items():
        table.clear()
        table.update(before[name])


@pytest.mark.safety("F12")
def test_peers_cannot_make_the_tables_of_names_large(tables) -> None:
    for number in range(3000):
        fields = b"X-%d: 1\r\nContent-Length: %d\r\n\r\n" % (number, number)
        connection = h11.Connection(h11.CLIENT)
        connection.receive_data(b"HTTP/1.1 200 OK\r\n" + fields)
        headers = connection.next_event().headers
        assert headers.names == {b"x-%d" % number, b"content-length"}
        assert headers.facts.content_length == number
    sizes = {name: len(table) for name, table in tables.items()}
    assert sizes == {"KNOWN_NAMES": 2048, "KNOWN_SHAPES": 256, "KNOWN_LENGTHS": 1024}


@pytest.mark.safety("F12")
def test_heads_of_many_names_or_long_ones_are_not_remembered(tables) -> None:
    for fields in (
        b"".join([b"X-%d: 1\r\n" % number for number in range(41)]),
        b"".join([b"X-%d-%s: 1\r\n" % (number, b"a" * 100) for number in range(20)]),
    ):
        assert len(request_with(b"Host: a\r\n" + fields).headers.names) > 20
    assert not tables["KNOWN_SHAPES"]
    assert b"x-1-" + b"a" * 100 not in tables["KNOWN_NAMES"].values()
