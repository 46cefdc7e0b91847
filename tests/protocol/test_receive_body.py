"""`receive_body`: joined body bytes in every framing, with the same verdicts as the events."""

from __future__ import annotations

import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

import h11
from tests.protocol.driving import (
    answering,
    at_random,
    client,
    drive,
    framed,
    partitions,
    rows,
    server,
    single_bytes,
)
from tests.protocol.strategies import broken, cuts, examples, requests, responses

pytestmark = pytest.mark.deviation("receive-body")

OK = b"HTTP/1.1 200 OK\r\n"
BODIES = [
    ("length", OK + b"Content-Length: 11\r\n\r\nhello world", b"hello world", False),
    ("length zero", OK + b"Content-Length: 0\r\n\r\n", b"", False),
    ("chunked", framed(b"6\r\nhello \r\n5;a=b\r\nworld\r\n0\r\n\r\n"), b"hello world", False),
    (
        "chunks of one byte",
        framed(b"".join(b"1\r\n%c\r\n" % b for b in b"hello") + b"0\r\n\r\n"),
        b"hello",
        False,
    ),
    ("chunked and empty", framed(b"0\r\n\r\n"), b"", False),
    ("to the end", OK + b"\r\nhello world", b"hello world", True),
    ("to the end and empty", OK + b"\r\n", b"", True),
    ("none", b"HTTP/1.1 204 X\r\n\r\n", b"", False),
]
every_framing = pytest.mark.parametrize(("data", "body", "eof"), rows(BODIES))


def read_all(connection: h11.Connection, pieces: list[bytes], max_bytes: int = 100) -> bytes:
    """The body by `receive_body`, from the head to None; takes pieces from the list as it needs them."""
    body = b""
    while connection.their_state is not h11.SEND_BODY:
        connection.receive_data(pieces.pop(0))
        while (
            connection.their_state is not h11.SEND_BODY
            and connection.next_event() is not h11.NEED_DATA
        ):
            pass
    while True:
        got = connection.receive_body(max_bytes)
        if got is None:
            return body
        if got is h11.NEED_DATA:
            connection.receive_data(pieces.pop(0))
            continue
        assert type(got) is bytes
        assert 1 <= len(got) <= max_bytes
        body += got


def end_of(connection: h11.Connection, pieces: list[bytes]) -> h11.EndOfMessage:
    """The event after the body."""
    while (event := connection.next_event()) is h11.NEED_DATA:
        connection.receive_data(pieces.pop(0))
    assert type(event) is h11.EndOfMessage
    return event


@every_framing
@pytest.mark.parametrize("max_bytes", [1, 2, 3, 10, 11, 12, 2**30])
def test_body_in_pieces_of_any_size(data: bytes, body: bytes, eof: bool, max_bytes: int) -> None:
    for way, pieces in partitions(data):
        assert read_all(client(), pieces + [b""] * eof, max_bytes) == body, way


@every_framing
def test_end_of_message_comes_from_next_event(data: bytes, body: bytes, eof: bool) -> None:
    for _, pieces in partitions(data):
        connection = client()
        waiting = pieces + [b""] * eof
        read_all(connection, waiting)
        assert end_of(connection, waiting) == h11.EndOfMessage()
        assert connection.receive_body(10) is None
        assert connection.their_state in (h11.DONE, h11.MUST_CLOSE)


def test_trailers_come_with_the_end_of_message() -> None:
    data = framed(b"2\r\nhi\r\n0\r\nA: b\r\n\r\n")
    for cut in range(len(framed(b"")), len(data)):
        connection = client()
        waiting = [data[:cut], data[cut:]]
        assert read_all(connection, waiting) == b"hi"
        assert end_of(connection, waiting) == h11.EndOfMessage(headers=[("A", "b")])


def test_bytes_behind_the_body_are_left_alone() -> None:
    for _, data, body, eof in BODIES:
        if eof:
            continue
        connection = client()
        assert read_all(connection, [data + b"more"]) == body
        assert connection.next_event() == h11.EndOfMessage()
        assert connection.trailing_data == (b"more", False)


def test_pieces_and_events_may_be_mixed() -> None:
    connection = client()
    connection.receive_data(framed(b"4\r\nabcd\r\n2\r\nef\r\n3\r\nghi\r\n0\r\n\r\n"))
    connection.next_event()
    assert connection.receive_body(2) == b"ab"
    assert connection.next_event() == h11.Data(data=b"cd", chunk_end=True)
    assert connection.next_event() == h11.Data(data=b"ef", chunk_start=True, chunk_end=True)
    assert connection.receive_body(100) == b"ghi"
    assert connection.receive_body(100) is None
    assert connection.next_event() == h11.EndOfMessage()


def test_many_chunks_received_at_once_come_joined() -> None:
    connection = client()
    connection.receive_data(framed(b"1\r\nx\r\n" * 1000 + b"0\r\n\r\n"))
    connection.next_event()
    assert connection.receive_body(600) == b"x" * 600
    assert connection.receive_body(600) == b"x" * 400


def test_server_reads_a_request_body() -> None:
    connection = server()
    connection.receive_data(
        b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"
    )
    connection.next_event()
    assert connection.they_are_waiting_for_100_continue
    assert connection.receive_body(10) is h11.NEED_DATA
    assert connection.they_are_waiting_for_100_continue
    connection.receive_data(b"hello")
    assert connection.receive_body(10) == b"hello"
    assert not connection.they_are_waiting_for_100_continue
    assert connection.receive_body(10) is None
    assert connection.next_event() == h11.EndOfMessage()
    assert connection.receive_body(10) is None


BROKEN = [
    ("length not reached", OK + b"Content-Length: 11\r\n\r\nhello", b"hello", True),
    ("chunk cut short", framed(b"6\r\nhel"), b"hel", True),
    ("no last chunk", framed(b"3\r\nhel\r\n"), b"hel", True),
    ("bad size", framed(b"3\r\nhel\r\nx\r\n"), b"hel", False),
    ("bad end of a chunk", framed(b"3\r\nhelXX"), b"hel", False),
    ("LF after the size", framed(b"3\r\nhel\r\n2\nhi"), b"hel", False),
    ("huge size", framed(b"3\r\nhel\r\n" + b"f" * 17), b"hel", False),
]


@pytest.mark.safety("F1", "F2", "F20")
@pytest.mark.parametrize(("data", "body", "eof"), rows(BROKEN))
@pytest.mark.parametrize("max_bytes", [1, 2, 100])
def test_broken_body_is_refused_after_its_good_bytes(
    data: bytes, body: bytes, eof: bool, max_bytes: int
) -> None:
    for way, pieces in partitions(data + (b"" if eof else b"\r\n\r\n")):
        connection = client()
        got = b""
        waiting = [*pieces, b""] if eof else list(pieces)
        with pytest.raises(h11.RemoteProtocolError) as caught:
            while True:
                if connection.their_state is not h11.SEND_BODY:
                    event = connection.next_event()
                else:
                    event = connection.receive_body(max_bytes)
                if event is h11.NEED_DATA:
                    connection.receive_data(waiting.pop(0))
                elif type(event) is bytes:
                    got += event
        assert got == body, way
        assert connection.their_state is h11.ERROR
        assert caught.value.error_status_hint == drive(client(), pieces, eof=eof).hint
        for again in (lambda c=connection: c.receive_body(5), connection.next_event):
            with pytest.raises(h11.RemoteProtocolError):
                again()


def test_body_of_a_message_that_has_not_begun_is_a_mistake_of_the_program() -> None:
    for connection in (client(), server(), h11.Connection(h11.CLIENT)):
        with pytest.raises(h11.LocalProtocolError):
            connection.receive_body(10)
        assert connection.their_state is not h11.ERROR


@pytest.mark.parametrize("max_bytes", [0, -1])
def test_at_least_one_byte_must_be_asked_for(max_bytes: int) -> None:
    connection = client()
    drive(connection, [OK + b"Content-Length: 5\r\n\r\n"])
    with pytest.raises(ValueError):
        connection.receive_body(max_bytes)
    assert connection.their_state is h11.SEND_BODY


def test_body_after_the_end_of_a_complete_request_is_none() -> None:
    assert answering().receive_body(10) is None


@pytest.mark.safety("F18", "M20")
def test_more_than_was_received_is_never_made_room_for() -> None:
    connection = client()
    connection.receive_data(OK + b"Content-Length: 9000000000000000000\r\n\r\nhi")
    connection.next_event()
    assert connection.receive_body(2**62) == b"hi"
    assert connection.receive_body(2**62) is h11.NEED_DATA


@pytest.mark.parametrize("seed", range(20))
def test_events_and_pieces_give_the_same_bytes(seed: int) -> None:
    choice = random.Random(seed)
    chunks = [
        bytes(choice.randrange(256) for _ in range(choice.choice((1, 2, 3, 64, 300))))
        for _ in range(30)
    ]
    wire = framed(
        b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"
    )
    pieces = single_bytes(wire) if seed == 0 else at_random(wire, seed)
    assert read_all(client(), list(pieces), choice.randint(1, 500)) == b"".join(chunks)
    assert drive(client(), pieces).body == b"".join(chunks)


def drive_by_pieces(
    connection: h11.Connection, pieces: list[bytes], sizes: list[int], eof: bool
) -> tuple[list, bytes, type, int | None]:
    """Like `drive`, but bodies are asked for by `receive_body`; a size of 0 asks for an event."""
    others: list = []
    body = b""
    asked = itertools.cycle(sizes)
    try:
        for piece in pieces + [b""] * eof:
            connection.receive_data(piece)
            while True:
                size = next(asked) if connection.their_state is h11.SEND_BODY else 0
                got = connection.receive_body(size) if size else None
                if got is None:
                    got = connection.next_event()
                if got is h11.NEED_DATA or got is h11.PAUSED:
                    break
                if type(got) is bytes:
                    body += got
                elif type(got) is h11.Data:
                    body += got.data
                else:
                    others.append(got)
                if type(got) is h11.ConnectionClosed:
                    break
    except h11.RemoteProtocolError as error:
        return others, body, type(error), error.error_status_hint
    return others, body, type(None), None


@pytest.mark.parametrize("side", ["client", "server"])
@examples(200)
@given(data=st.data())
def test_pieces_and_events_give_the_same_verdict(side: str, data: st.DataObject) -> None:
    make, messages = {"client": (client, responses()), "server": (server, requests())}[side]
    limits = data.draw(
        st.sampled_from([h11.ParserLimits(), h11.ParserLimits(chunk_line=6, chunk_overhead=4)])
    )
    wire = data.draw(messages.map(lambda message: message.wire) | broken(messages))
    eof = data.draw(st.booleans())
    sizes = data.draw(st.lists(st.sampled_from([0, 1, 2, 7, 100, 100_000]), min_size=1, max_size=5))
    whole = drive(make(limits=limits), [wire], eof=eof)
    events = [event for event in whole.events if type(event) is not h11.Data]
    expected = (events, whole.body, type(whole.error), whole.hint)
    assert drive_by_pieces(make(limits=limits), data.draw(cuts(wire)), sizes, eof) == expected
    assert drive_by_pieces(make(limits=limits), single_bytes(wire), sizes, eof) == expected
    assert drive_by_pieces(make(limits=limits), [wire], sizes, eof) == expected


# --- whole bodies ------------------------------------------------------------------------------


def answered(data: bytes) -> h11.Connection:
    """A client that has read the head in `data`, and not what follows it."""
    connection = client()
    connection.receive_data(data)
    assert type(connection.next_event()) is h11.Response
    return connection


@every_framing
def test_a_body_of_known_length_is_read_whole(data: bytes, body: bytes, eof: bool) -> None:
    connection = answered(data)
    if b"Content-Length" in data or b" 204 " in data:
        assert connection.receive_whole_body(100) == body
        assert connection.their_state is h11.DONE
        connection.start_next_cycle()
    else:
        assert connection.receive_whole_body(100) is None
        assert connection.their_state is h11.SEND_BODY


@pytest.mark.parametrize(
    ("come", "most"), [(b"", 9), (b"hell", 9), (b"hello", 4)], ids=["none", "in part", "too long"]
)
def test_of_any_other_body_nothing_is_read(come: bytes, most: int) -> None:
    connection = answered(OK + b"Content-Length: 5\r\n\r\n" + come)
    assert connection.receive_whole_body(most) is None
    assert connection.their_state is h11.SEND_BODY
    rest = b"hello"[len(come) :]
    if rest:
        connection.receive_data(rest)
    assert connection.receive_whole_body(5) == b"hello"
    assert connection.their_state is h11.DONE


def test_what_is_left_of_a_body_is_read_whole() -> None:
    connection = answered(OK + b"Content-Length: 5\r\n\r\nhello")
    assert connection.receive_body(2) == b"he"
    assert connection.receive_whole_body(9) == b"llo"
    assert connection.receive_whole_body(9) is None
    assert connection.trailing_data == (b"", False)


def test_before_the_head_there_is_no_whole_body() -> None:
    assert client().receive_whole_body(9) is None
