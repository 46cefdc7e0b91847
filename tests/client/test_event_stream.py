"""Server-sent events: the rules of the HTML standard, however the stream was cut into pieces."""

from __future__ import annotations

import gzip
import json
import random
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest

import h11client
from h11client import ServerSentEvent, exceptions
from h11client._messages.event_stream import EventParser
from h11client._transport.pool import Pool
from h11client.testing import MockTransport, Pause, ScriptedNetwork
from tests.client.bodies import FakeBody, response_of
from tests.growth import grows_linearly

URL = "http://a.test/"
TYPE = {"Content-Type": "text/event-stream"}


def event(data: str, event: str = "message", id: str = "", retry: float | None = None) -> Any:
    return ServerSentEvent(data, event, id, retry)


# name, the stream, its events
STREAMS: list[tuple[str, bytes, list[ServerSentEvent]]] = [
    ("nothing", b"", []),
    ("one line", b"data: a\n\n", [event("a")]),
    ("several lines of data", b"data: a\ndata: b\n\n", [event("a\nb")]),
    ("several events", b"data: a\n\ndata: b\n\n", [event("a"), event("b")]),
    ("many empty lines", b"\n\n\ndata: a\n\n\n\n", [event("a")]),
    ("lines end with CR", b"data: a\rdata: b\r\r", [event("a\nb")]),
    ("lines end with CR LF", b"data: a\r\ndata: b\r\n\r\n", [event("a\nb")]),
    ("lines end with all three", b"data: a\rdata: b\ndata: c\r\n\rdata: d\n\r\n", [event("a\nb\nc"), event("d")]),
    ("LF CR are two ends", b"data: a\n\rdata: b\n\n", [event("a"), event("b")]),
    ("no other character ends a line", "data: a\x0b\x0c\x1c\x85\u2028b\n\n".encode(), [event("a\x0b\x0c\x1c\x85\u2028b")]),
    ("a comment", b": no\ndata: a\n:\n: no\n\n", [event("a")]),
    ("a comment is no event", b": no\n\n", []),
    ("a byte order mark", b"\xef\xbb\xbfdata: a\n\n", [event("a")]),
    ("only one byte order mark", b"\xef\xbb\xbf\xef\xbb\xbfdata: a\ndata: b\n\n", [event("b")]),
    ("a byte order mark later", b"data: a\n\n\xef\xbb\xbfdata: b\n\n", [event("a")]),
    ("a byte order mark and nothing", b"\xef\xbb\xbf", []),
    ("a byte order mark on an empty line", b"\xef\xbb\xbf\ndata: a\n\n", [event("a")]),
    ("no blank behind the colon", b"data:a\n\n", [event("a")]),
    ("one blank is taken, two are not", b"data:  a\n\n", [event(" a")]),
    ("a tab is not taken", b"data:\ta\n\n", [event("\ta")]),
    ("colons in the value", b"data: a: b\n\n", [event("a: b")]),
    ("a field without a colon", b"data\n\n", [event("")]),
    ("a field without a value", b"data:\n\n", [event("")]),
    ("two empty lines of data", b"data\ndata\n\n", [event("\n")]),
    ("an empty first line of data", b"data\ndata: a\n\n", [event("\na")]),
    ("names are told apart by case", b"Data: a\ndata: b\n\n", [event("b")]),
    ("blanks are part of a name", b" data: a\ndata : b\ndata: c\n\n", [event("c")]),
    ("unknown fields", b"what: a\ndata: b\nno\n\n", [event("b")]),
    ("a type", b"event: add\ndata: a\n\n", [event("a", "add")]),
    ("the last type counts", b"event: add\nevent: cut\ndata: a\n\n", [event("a", "cut")]),
    ("an empty type is none", b"event: add\nevent:\ndata: a\n\n", [event("a")]),
    ("a type is that of one event", b"event: add\ndata: a\n\ndata: b\n\n", [event("a", "add"), event("b")]),
    ("a type without data is dropped", b"event: add\n\ndata: b\n\n", [event("b")]),
    ("an ID stays", b"id: 1\ndata: a\n\ndata: b\n\n", [event("a", id="1"), event("b", id="1")]),
    ("an ID is put back", b"id: 1\ndata: a\n\nid\ndata: b\n\n", [event("a", id="1"), event("b")]),
    ("an ID without data counts", b"id: 1\n\ndata: a\n\n", [event("a", id="1")]),
    ("an ID with NUL is ignored", b"id: 1\nid: a\0b\ndata: a\n\n", [event("a", id="1")]),
    ("an ID behind the data", b"data: a\nid: 1\n\n", [event("a", id="1")]),
    ("NUL in data", b"data: a\0b\n\n", [event("a\0b")]),
    ("a time", b"retry: 2500\ndata: a\n\ndata: b\n\n", [event("a", retry=2.5), event("b")]),
    ("a time without data", b"retry: 2500\n\ndata: b\n\n", [event("b")]),
    *(
        (f"a time that is none: {digits!r}", b"retry:" + digits + b"\ndata: a\n\n", [event("a")])
        for digits in (b"", b" ", b"-1", b"+1", b"1.5", b"1 ", b"  1", b"0x1", b"1_0", "٣".encode(), b"\xb2", b"9" * 5000)
    ),
    ("UTF-8", "data: é\U0001f600\nevent: ü\nid: ß\n\n".encode(), [event("é\U0001f600", "ü", "ß")]),
    ("what is no UTF-8", b"data: a\xff\xe2\x82\ndata: b\xe9\n\n", [event("a\ufffd\ufffd\nb\ufffd")]),
    ("no end: no event", b"data: a\n\ndata: b", [event("a")]),
    ("an end of the line: no event", b"data: a\n\ndata: b\n", [event("a")]),
    ("an end of the line with CR", b"data: a\r\n\r\ndata: b\r", [event("a")]),
    ("the last line is an empty one with CR", b"data: a\r\r", [event("a")]),
]  # fmt: skip


def cuts_of(stream: bytes) -> Iterator[list[bytes]]:
    """The stream whole, byte by byte, and in pieces of many sizes, some of them empty."""
    yield [stream]
    yield [stream[at : at + 1] for at in range(len(stream))]
    chance = random.Random(stream)
    for _ in range(20):
        ends = sorted(chance.choices(range(len(stream) + 1), k=chance.randrange(1, 8)))
        yield [stream[a:b] for a, b in zip([0, *ends], [*ends, len(stream)])]


@pytest.mark.parametrize(
    ("stream", "expected"), [row[1:] for row in STREAMS], ids=[row[0] for row in STREAMS]
)
def test_a_stream_is_what_the_standard_says_however_it_is_cut(
    stream: bytes, expected: list[ServerSentEvent]
) -> None:
    for pieces in cuts_of(stream):
        parser = EventParser()
        assert [event for piece in pieces for event in parser.feed(piece)] == expected
        assert parser.last_event_id == (expected[-1].id if expected else "")


def test_streams_behind_each_other_are_their_events_behind_each_other() -> None:
    chance = random.Random(7)
    whole = [row for row in STREAMS if row[1].endswith(b"\n\n") and not row[1].startswith(b"\xef")]
    for _ in range(50):
        rows = chance.choices(whole, k=5)
        stream = b"".join(b"id\nevent\n" + row[1] for row in rows)
        expected = [event for row in rows for event in row[2]]
        pieces = [stream[at : at + 7] for at in range(0, len(stream), 7)]
        parser = EventParser()
        assert [event for piece in pieces for event in parser.feed(piece)] == expected


def test_an_event_does_not_wait_for_what_follows_it() -> None:
    parser = EventParser()
    assert list(parser.feed(b"data: a\r")) == []
    assert list(parser.feed(b"\r")) == [event("a")]  # an LF may follow, and is waited for by nobody
    assert list(parser.feed(b"\ndata: b\n")) == []
    assert list(parser.feed(b"\n")) == [event("b")]


def test_what_the_stream_has_said_is_there_to_connect_again() -> None:
    body = b"retry: 3000\nid: 7\ndata: a\n\nid: 8\nretry: 500\n\ndata: b\n\nid: 9\nretry: 1\n"
    events = response_of(body, headers=TYPE).iter_events()
    assert (events.last_event_id, events.retry) == ("", None)
    assert next(events) == event("a", id="7", retry=3.0)
    assert (events.last_event_id, events.retry) == ("7", 3.0)
    assert next(events) == event("b", id="8")
    assert (events.last_event_id, events.retry) == ("8", 0.5)
    assert list(events) == []
    # The ID is that of events which are over (the standard, "dispatch the event"), a time counts at once.
    assert (events.last_event_id, events.retry) == ("8", 0.001)


@pytest.mark.parametrize(
    ("limit", "stream", "allowed"),
    [
        (10, b"data: abcd\n\n", 1),
        (10, b"data: abcde\n\n", 0),
        (20, b"data: abcd\ndata: abcd\n\n", 1),
        (20, b"data: abcd\ndata: abcde\n\n", 0),
        (20, b"event: abc\nid: abcdef\n\n" * 9 + b"data: a\n\n", 1),
        (20, b"data: abcd\n\n" * 9, 9),
        (10, b"data: a\n\n: a longer comment\n", 1),
        (10, b"data: a\n\nwhat: is this\n", 1),
        (20, b"data: a\n: a comment\n: a comment\n: a comment\n\n", 1),
        (10, b"data: a\n\n" + b"x" * 10, 1),
        (10, b"data: a\n\n" + b"x" * 11, 1),
    ],
)
def test_the_size_of_an_event_is_bounded_the_same_however_it_is_cut(
    limit: int, stream: bytes, allowed: int
) -> None:
    verdicts = set()
    for pieces in cuts_of(stream):
        parser = EventParser(limit)
        seen = 0
        failed = False
        try:
            for piece in pieces:
                for _ in parser.feed(piece):
                    seen += 1
        except exceptions.ResponseTooLarge:
            failed = True
        verdicts.add((seen, failed))
    assert len(verdicts) == 1
    assert verdicts.pop()[0] == allowed


def test_a_line_without_an_end_stops_at_the_limit_and_closes_the_connection() -> None:
    def endless() -> Iterator[bytes]:
        yield b"data: a\n\ndata: "
        while True:
            yield b"x" * 60_000

    session = h11client.Session(transport=MockTransport(lambda request: (200, endless(), TYPE)))
    with session.get(URL, stream=True) as response:
        events = response.iter_events()
        assert next(events).data == "a"
        tracemalloc.start()
        with pytest.raises(exceptions.ResponseTooLarge, match="1048576") as caught:
            next(events)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 3 * 1024 * 1024
        assert caught.value.response is response
        assert caught.value.request is response.request
        with pytest.raises(exceptions.ResponseTooLarge):  # and it never looks like the end
            next(events)
        with pytest.raises(exceptions.RequestException):
            response.read(1)


def test_without_a_limit_an_event_may_be_of_any_size() -> None:
    data = "x" * 3_000_000
    response = response_of(b"data: " + data.encode() + b"\n\n", headers=TYPE)
    assert [event.data for event in response.iter_events(max_event_size=None)] == [data]


def test_the_cost_grows_with_the_size_whatever_it_is_made_of() -> None:
    for line in (b"data: a\n", b"data\n", b": no\n", b"data: a\n\n", b"\r"):
        stream = line * 20_000

        def work(size: int, stream: bytes = stream) -> None:
            parser = EventParser()
            for at in range(0, size, 50):
                for _ in parser.feed(stream[at : at + 50]):
                    pass

        assert grows_linearly(work, len(stream) // 2), line


@pytest.mark.parametrize(
    "content_type",
    ["text/event-stream", "Text/Event-Stream; charset=utf-8", "text/event-stream ;a=b"],
)
def test_a_stream_of_events_says_that_it_is_one(content_type: str) -> None:
    response = response_of(b"data: a\n\n", headers={"content-type": content_type})
    assert list(response.iter_events()) == [event("a")]


@pytest.mark.parametrize("headers", [{}, {"Content-Type": "application/json"}, {"Content-Type": "text/event-streams"}])  # fmt: skip
def test_what_is_no_stream_of_events_is_not_read_as_one(headers: dict[str, str]) -> None:
    response = response_of(b'{"error": 1}', status=403, headers=headers)
    with pytest.raises(exceptions.ContentTypeError, match="403") as caught:
        response.iter_events()
    assert caught.value.response is response
    assert response.json() == {"error": 1}  # it can still be read as what it is


def test_a_server_that_does_not_say_what_it_sends_can_be_believed() -> None:
    response = response_of(b"data: a\n\n", headers={"Content-Type": "text/plain"})
    assert list(response.iter_events(check_type=False)) == [event("a")]


def test_content_that_was_read_is_still_a_stream_of_events() -> None:
    response = response_of(b"data: a\n\ndata: b\n\n", headers=TYPE)
    assert response.content
    assert [event.data for event in response.iter_events()] == ["a", "b"]
    assert [event.data for event in response.iter_events()] == ["a", "b"]


def test_a_body_that_was_read_in_pieces_is_over() -> None:
    response = response_of(b"data: a\n\n", headers=TYPE)
    assert b"".join(response.iter_bytes())
    with pytest.raises(exceptions.StreamConsumedError):
        response.iter_events()


def test_codings_are_undone() -> None:
    headers = {**TYPE, "Content-Encoding": "gzip"}
    response = response_of(gzip.compress(b"data: a\n\n"), headers=headers)
    assert list(response.iter_events()) == [event("a")]


def test_an_interruption_does_not_look_like_the_end() -> None:
    body = FakeBody(b"data: a\n\n", error=KeyboardInterrupt())
    events = response_of(headers=TYPE, body=body).iter_events()
    assert next(events) == event("a")
    with pytest.raises(KeyboardInterrupt):
        next(events)
    with pytest.raises(exceptions.StreamConsumedError):
        next(events)


@pytest.mark.safety("F20")
@pytest.mark.parametrize("last", [b"", Pause(100)], ids=["cut", "silent"])
def test_a_stream_that_breaks_off_is_no_stream_that_ends(last: Any) -> None:
    head = (
        b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    network = ScriptedNetwork([head + b"9\r\ndata: a\n\n\r\n", last])
    session = h11client.Session(transport=Pool(network=network, clock=network.clock))
    expected = exceptions.IncompleteBody if last == b"" else exceptions.BodyReadTimeout
    with session.get(URL, stream=True) as response:
        events = response.iter_events()
        assert next(events) == event("a")
        for _ in range(2):
            with pytest.raises(expected) as caught:
                next(events)
            assert caught.value.response is response


def test_an_event_is_a_value() -> None:
    one = event("[1]", "add", "7", 0.5)
    assert repr(one) == "ServerSentEvent('[1]', 'add', '7', 0.5)"
    assert one == event("[1]", "add", "7", 0.5)
    assert hash(one) == hash(event("[1]", "add", "7", 0.5))
    assert one != event("[1]")
    assert one != "[1]"
    assert one.json() == [1]
    assert event("1.5").json(parse_float=str) == "1.5"
    with pytest.raises(json.JSONDecodeError):
        event("no").json()
    events = response_of(headers=TYPE).iter_events()
    assert repr(events) == "<EventStream of <Response [200]>>"
    assert iter(events) is events
