"""What the engine says of the bytes that come next, `count_body` and `pass_framing` of just these."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

import h11
from tests.protocol.driving import CHUNKED_HEAD, ahead, client, framed, passed, rows, server

pytestmark = pytest.mark.deviation("bytes-ahead")

OK = b"HTTP/1.1 200 OK\r\n"
PUT = b"PUT / HTTP/1.1\r\nHost: a\r\n"
TE = b"Transfer-Encoding: chunked\r\n\r\n"
TEN = b"Content-Length: 10\r\n\r\n"
EXPECT = b"Expect: 100-continue\r\n"
END = b"0\r\n\r\n"
OVERHEAD = "too much chunk framing for too little data"


def behind(head: bytes, body: bytes = b"", read: int = 1000) -> h11.Connection:
    """A client or server that has read this head, and so much of the body that came with it."""
    connection = client() if head.startswith(b"HTTP/") else server()
    connection.receive_data(head + body)
    connection.next_event()
    while read:
        got = connection.receive_body(read)
        if not isinstance(got, bytes):
            break
        read -= len(got)
    return connection


def ended(connection: h11.Connection) -> h11.Connection:
    connection.receive_data(b"")
    return connection


def closing(connection: h11.Connection) -> h11.Connection:
    """Both are done, and the next cycle has not begun."""
    assert type(connection.next_event()) is h11.EndOfMessage
    return connection


def broken() -> h11.Connection:
    connection = behind(CHUNKED_HEAD, b"5\r\nhello!!", read=5)
    with pytest.raises(h11.RemoteProtocolError):
        connection.next_event()
    return connection


def part_of_a_head() -> h11.Connection:
    connection = client()
    connection.receive_data(OK + b"Content-")
    assert connection.next_event() is h11.NEED_DATA
    return connection


def switched() -> h11.Connection:
    connection = client(headers=[("Upgrade", "x"), ("Connection", "upgrade")])
    connection.receive_data(b"HTTP/1.1 101 X\r\nUpgrade: x\r\n\r\n")
    connection.next_event()
    assert connection.their_state is h11.SWITCHED_PROTOCOL
    return connection


def answered() -> h11.Connection:
    """A client that waits for a 100, and has got the final response instead."""
    connection = h11.Connection(h11.CLIENT)
    fields = [("Host", "a"), ("Expect", "100-continue"), ("Content-Length", "3")]
    connection.send(h11.Request(method="PUT", target="/", headers=fields))
    assert connection.client_is_waiting_for_100_continue
    connection.receive_data(OK + TEN)
    connection.next_event()
    return connection


LONG = b"5;" + b"x" * 19  # one more than what is worth recognising
KNOWN = b"5;" + b"x" * 18

# id, a connection, then: body bytes ahead, framing bytes ahead, chunk size
STATES: list[tuple[str, Callable[[], h11.Connection], tuple[int, int, int]]] = [
    ("a client that has sent nothing", lambda: h11.Connection(h11.CLIENT), (0, 0, 0)),
    ("before the response", client, (0, 0, 0)),
    ("before the request", server, (0, 0, 0)),
    ("within the head", part_of_a_head, (0, 0, 0)),
    ("behind an informational response", lambda: behind(b"HTTP/1.1 103 X\r\n\r\n", read=0), (0, 0, 0)),
    ("a length, response", lambda: behind(OK + TEN), (10, 0, 0)),
    ("a length, request", lambda: behind(PUT + TEN), (10, 0, 0)),
    ("a length, begun", lambda: behind(OK + TEN, b"abc"), (7, 0, 0)),
    ("a length, its last byte", lambda: behind(OK + TEN, b"abcdefghi"), (1, 0, 0)),
    ("a length, something waits", lambda: behind(OK + TEN, b"abc", read=0), (0, 0, 0)),
    ("a length, some of it waits", lambda: behind(OK + TEN, b"abc", read=1), (0, 0, 0)),
    ("a length, all read", lambda: behind(OK + TEN, b"abcdefghij"), (0, 0, 0)),
    ("a length, cut short", lambda: ended(behind(OK + TEN, b"abc")), (0, 0, 0)),
    ("a length of 0", lambda: behind(OK + b"Content-Length: 0\r\n\r\n"), (0, 0, 0)),
    ("until the close", lambda: behind(OK + b"\r\n"), (0, 0, 0)),
    ("until the close, begun", lambda: behind(OK + b"\r\n", b"abc"), (0, 0, 0)),
    ("before the first chunk", lambda: behind(CHUNKED_HEAD), (0, 0, 0)),
    ("a size line begun", lambda: behind(CHUNKED_HEAD, b"5\r"), (0, 0, 0)),
    ("at the first byte of a chunk", lambda: behind(CHUNKED_HEAD, b"5\r\n"), (5, 0, 5)),
    ("within a chunk", lambda: behind(CHUNKED_HEAD, b"5\r\nhe"), (3, 0, 5)),
    ("within a chunk of a request", lambda: behind(PUT + TE, b"5\r\nhe"), (3, 0, 5)),
    ("at the last byte of a chunk", lambda: behind(CHUNKED_HEAD, b"5\r\nhell"), (1, 0, 5)),
    ("some of a chunk waits", lambda: behind(CHUNKED_HEAD, b"5\r\nhel", read=1), (0, 0, 5)),
    ("between chunks", lambda: behind(CHUNKED_HEAD, b"5\r\nhello"), (0, 5, 5)),
    ("behind two sizes", lambda: behind(CHUNKED_HEAD, b"5\r\nhello\r\n0a\r\n0123456789"), (0, 6, 10)),
    ("half of a border waits", lambda: behind(CHUNKED_HEAD, b"5\r\nhello\r"), (0, 0, 5)),
    ("behind a size line worth knowing", lambda: behind(CHUNKED_HEAD, KNOWN + b"\r\nhello"), (0, 24, 5)),
    ("behind a longer one", lambda: behind(CHUNKED_HEAD, LONG + b"\r\nhello"), (0, 0, 5)),
    ("within a chunk behind a longer one", lambda: behind(CHUNKED_HEAD, LONG + b"\r\nhe"), (3, 0, 5)),
    ("at the last chunk", lambda: behind(CHUNKED_HEAD, b"5\r\nhello\r\n0\r\n"), (0, 0, 0)),
    ("within the trailers", lambda: behind(CHUNKED_HEAD, b"5\r\nhello\r\n0\r\nA:"), (0, 0, 0)),
    ("behind the message", lambda: closing(behind(CHUNKED_HEAD, b"5\r\nhello\r\n" + END)), (0, 0, 0)),
    ("behind it, something waits", lambda: closing(behind(OK + TEN, b"x" * 11)), (0, 0, 0)),
    ("the end within a chunk", lambda: ended(behind(CHUNKED_HEAD, b"5\r\nhe")), (0, 0, 5)),
    ("the end between chunks", lambda: ended(behind(CHUNKED_HEAD, b"5\r\nhello")), (0, 0, 5)),
    ("an error", broken, (0, 0, 0)),
    ("switched", switched, (0, 0, 0)),
    ("a client that waits for a 100", lambda: behind(PUT + EXPECT + TEN), (10, 0, 0)),
    ("a client that waits, chunks", lambda: behind(PUT + EXPECT + TE, b"5\r\n"), (5, 0, 5)),
    ("a final response instead of a 100", answered, (10, 0, 0)),
]  # fmt: skip


@pytest.mark.safety("F16")
@pytest.mark.parametrize(("make", "expected"), rows(STATES))
def test_what_comes_next_is_known_in_every_state(
    make: Callable[[], h11.Connection], expected: tuple[int, int, int]
) -> None:
    connection = make()
    before = connection.states, connection.trailing_data
    assert ahead(connection) == expected
    # Neither what is no border, nor what is one elsewhere, nor data that looks like one.
    assert not any(map(connection.pass_framing, (b"x", b"", b"\r\n1\r\n", b"\r\n0\r\n")))
    assert ahead(connection) == expected
    assert connection.pass_framing(b"\r\n5\r\n") is (expected == (0, 5, 5))
    assert (connection.states, connection.trailing_data) == before


def test_asking_what_comes_next_changes_nothing() -> None:
    connection = behind(CHUNKED_HEAD, b"5\r\nhe")
    assert [ahead(connection) for _ in range(3)] == [(3, 0, 5)] * 3
    connection.receive_data(b"llo\r\n" + END)
    assert connection.receive_body(100) == b"llo"
    assert connection.receive_body(100) is None


# -- within a chunk


def test_a_chunk_is_passed_whole_or_in_parts_and_goes_on_behind_it() -> None:
    for parts in ([b"hello"], [b"h", b"ello"], [b"he", b"l", b"lo"]):
        connection = behind(CHUNKED_HEAD, b"5\r\n")
        assert [passed(connection, part) for part in parts] == [True] * len(parts)
        assert ahead(connection) == (0, 5, 5)
        connection.receive_data(b"\r\n2\r\nyo\r\n" + END)
        assert connection.receive_body(100) == b"yo"
        assert connection.receive_body(100) is None
        assert type(connection.next_event()) is h11.EndOfMessage


@pytest.mark.safety("F16", "F1")
@pytest.mark.parametrize("size", [6, 7, 9, 10, 100])
def test_more_than_a_chunk_is_not_passed_and_nothing_was_done(size: int) -> None:
    connection = behind(CHUNKED_HEAD, b"5\r\n")
    wire = (b"hello\r\n5\r\nworld\r\n" + END)[:size]
    assert not passed(connection, wire)
    assert not connection.pass_framing(wire)
    assert ahead(connection) == (5, 0, 5)
    connection.receive_data(wire)
    assert connection.receive_body(5) == b"hello"
    assert connection.trailing_data[0] == wire[5:]


@pytest.mark.safety("F16", "F20")
def test_nothing_is_no_part_of_a_chunk_or_of_a_border() -> None:
    for body in (b"", b"5\r\n", b"5\r\nhello", b"5\r\nhello\r\n0\r\n"):
        connection = behind(CHUNKED_HEAD, body)
        before = ahead(connection)
        assert not passed(connection, b"")
        assert not connection.pass_framing(b"")
        assert ahead(connection) == before


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_whatever_receive_data_takes_can_be_passed(kind: Callable[[bytes], bytes]) -> None:
    connection = behind(CHUNKED_HEAD, b"5\r\nhello")
    assert connection.pass_framing(kind(b"\r\n5\r\n"))
    assert ahead(connection) == (5, 0, 5)


@pytest.mark.deviation("chunk-start")
def test_events_behind_what_was_passed_tell_where_chunks_begin_and_end() -> None:
    def next_data(connection: h11.Connection, wire: bytes) -> tuple[bytes, bool, bool]:
        connection.receive_data(wire)
        event = connection.next_event()
        assert type(event) is h11.Data
        return event.data, event.chunk_start, event.chunk_end

    def at_a_chunk() -> h11.Connection:
        return behind(CHUNKED_HEAD, b"5\r\n")

    connection = at_a_chunk()
    assert next_data(connection, b"hello") == (b"hello", True, True)
    connection = at_a_chunk()
    assert passed(connection, b"he")
    assert next_data(connection, b"l") == (b"l", False, False)
    assert passed(connection, b"l")
    assert next_data(connection, b"o") == (b"o", False, True)
    assert connection.pass_framing(b"\r\n5\r\n")
    assert next_data(connection, b"wo") == (b"wo", True, False)
    assert passed(connection, b"rld")
    assert next_data(connection, b"\r\n1\r\n!") == (b"!", True, True)
    connection.receive_data(b"\r\n" + END)
    assert type(connection.next_event()) is h11.EndOfMessage


# -- between chunks


def test_a_border_as_it_was_before_begins_the_next_chunk() -> None:
    for line in (b"5", b"05", b"5 ", b"5;a=b", KNOWN):
        connection = behind(CHUNKED_HEAD, line + b"\r\nhello")
        border = b"\r\n" + line + b"\r\n"
        for _ in range(3):
            assert connection.framing_bytes_ahead == len(border)
            assert connection.pass_framing(border)
            assert ahead(connection) == (5, 0, 5)
            assert passed(connection, b"hello")
        connection.receive_data(b"\r\n" + END)
        assert connection.receive_body(100) is None


OTHER_BORDERS = [
    ("part of it", b"\r\n5\r"),
    ("its CRLF", b"\r\n"),
    ("and one byte of data", b"\r\n5\r\nh"),
    ("and all of the data", b"\r\n5\r\nworld"),
    ("twice", b"\r\n5\r\n\r\n5\r\n"),
    ("another size", b"\r\n6\r\n"),
    ("the same size in other words", b"\r\n05\r\n"),
    ("with an extension", b"\r\n5;x\r\n"),
    ("the last chunk", b"\r\n" + END),
    ("no CRLF", b"XX5\r\n"),
    ("bare LF", b"\n5\n"),
    ("bare LF behind the size", b"\r\n5\n\n"),
    ("the size line alone", b"5\r\n"),
    ("no size", b"\r\nx\r\n"),
    ("nothing like it", b"GET /"),
]


@pytest.mark.safety("F1", "F16")
@pytest.mark.parametrize("wire", rows(OTHER_BORDERS))
def test_any_other_border_is_for_receive_data_which_says_what_it_says_of_it(wire: bytes) -> None:
    connection = behind(CHUNKED_HEAD, b"5\r\nhello")
    plain = behind(CHUNKED_HEAD, b"5\r\nhello")
    assert not connection.pass_framing(wire)
    assert ahead(connection) == (0, 5, 5)
    for piece in (wire, b"world", b"\r\n" + END, b""):
        verdicts = [verdict_on(each, piece) for each in (connection, plain)]
        assert verdicts[0] == verdicts[1]
        if isinstance(verdicts[0], str):
            break
        assert ahead(connection) == ahead(plain)


@pytest.mark.safety("F1")
@pytest.mark.parametrize("body", [b"", b"5\r\nhello\r\n0\r\n"], ids=["first", "last"])
def test_only_between_chunks_there_are_borders_that_are_known(body: bytes) -> None:
    connection = behind(CHUNKED_HEAD, body)
    for border in (b"\r\n5\r\n", b"5\r\n", b"\r\n0\r\n", b"\r\n"):
        assert not connection.pass_framing(border)
        assert ahead(connection) == (0, 0, 0)


@pytest.mark.safety("F1")
def test_what_looks_like_a_border_within_a_chunk_is_its_data() -> None:
    connection = behind(CHUNKED_HEAD, b"a\r\n")
    assert not connection.pass_framing(b"\r\na\r\n")
    assert passed(connection, b"\r\na\r\n")
    assert ahead(connection) == (5, 0, 10)


def test_a_border_too_long_to_be_known_is_not_passed_however_often_it_comes() -> None:
    connection = behind(CHUNKED_HEAD, LONG + b"\r\nhello")
    for _ in range(3):
        border = b"\r\n" + LONG + b"\r\n"
        assert not connection.pass_framing(border)
        connection.receive_data(border)
        assert connection.receive_body(100) is h11.NEED_DATA
        assert ahead(connection) == (5, 0, 5)
        assert passed(connection, b"hello")


@pytest.mark.safety("M10")
def test_borders_that_cost_more_than_their_data_are_not_passed_but_counted() -> None:
    line = b"1;" + b"x" * 18  # 24 bytes of framing, of which 18 are free
    passing, plain = (behind(CHUNKED_HEAD, line + b"\r\na") for _ in range(2))
    border = b"\r\n" + line + b"\r\n"
    for _ in range(16384 // 6 - 1):
        assert passing.framing_bytes_ahead == len(border)
        assert not passing.pass_framing(border)
        for connection in (passing, plain):
            connection.receive_data(border + b"a")
            assert connection.receive_body(100) == b"a"
    assert [verdict_on(each, border + b"a") for each in (passing, plain)] == [OVERHEAD] * 2


@pytest.mark.safety("M10")
def test_borders_are_passed_again_when_data_has_made_up_for_what_was_wasted() -> None:
    connection = behind(CHUNKED_HEAD, b"1;" + b"x" * 40 + b"\r\na")  # 28 bytes too many
    connection.receive_data(b"\r\na\r\n0123456789")  # 31 fewer than are free
    assert connection.receive_body(100) == b"0123456789"
    assert connection.pass_framing(b"\r\na\r\n")
    connection = behind(CHUNKED_HEAD, b"1;" + b"x" * 50 + b"\r\na")  # 38 bytes too many
    connection.receive_data(b"\r\na\r\n0123456789")
    assert connection.receive_body(100) == b"0123456789"
    assert not connection.pass_framing(b"\r\na\r\n")
    connection.receive_data(b"\r\na\r\n")
    assert connection.receive_body(100) is h11.NEED_DATA
    assert passed(connection, b"0123456789")
    assert connection.pass_framing(b"\r\na\r\n")  # now that the one before has been counted


@pytest.mark.safety("M10")
def test_passed_borders_are_no_credit_for_those_that_follow() -> None:
    limits = h11.ParserLimits(chunk_overhead=100)
    connections = [client(limits=limits) for _ in range(2)]
    for connection in connections:
        connection.receive_data(framed(b"5\r\nhello"))
        connection.next_event()
        assert connection.receive_body(100) == b"hello"
    passing, plain = connections
    for _ in range(100):
        assert passing.pass_framing(b"\r\n5\r\n") and passed(passing, b"hello")
        plain.receive_data(b"\r\n5\r\nhello")
        assert plain.receive_body(100) == b"hello"
    too_much = b"\r\n1;" + b"x" * 120 + b"\r\na"
    assert [verdict_on(each, too_much) for each in connections] == [OVERHEAD] * 2


@pytest.mark.safety("F20")
@pytest.mark.parametrize("border", [b"", b"\r\n5\r\n"], ids=["at a border", "behind a border"])
def test_an_end_behind_what_was_passed_is_an_error(border: bytes) -> None:
    connection = behind(CHUNKED_HEAD, b"5\r\n")
    assert passed(connection, b"hello")
    assert not border or connection.pass_framing(border)
    assert "incomplete chunked read" in str(verdict_on(connection, b""))


# -- either way of reading comes to the same


def verdict_on(connection: h11.Connection, piece: bytes) -> bytes | str | None:
    """What comes of the body when this piece is received; None behind it, or the text of an error."""
    try:
        connection.receive_data(piece)
        content = b""
        while isinstance(got := connection.receive_body(1000), bytes):
            content += got
    except h11.RemoteProtocolError as error:
        return str(error)
    return None if got is None and not content else content


def chunked_body(rng: random.Random) -> tuple[bytes, bytes]:
    """The chunks of a body, on the wire and as content: runs of one size, and sizes that change."""
    wire = content = b""
    line, size = b"", 0
    for _ in range(rng.randint(1, 25)):
        if not size or rng.random() < 0.3:
            size = rng.choice((1, 2, 5, 16, 40))
            line = rng.choice((b"%x", b"%X", b"0%x", b"%x ")) % size
            line += rng.choice((b"", b"", b"", b";a=b", b";" + b"y" * 17, b";" + b"z" * 30))
        # Data that may be taken for framing, by who has lost count.
        data = bytes(rng.choice(b"\r\n05a;") for _ in range(size))
        wire += line + b"\r\n" + data + b"\r\n"
        content += data
    return wire + rng.choice((END, b"0\r\nA: b\r\n\r\n", b"00;x\r\n\r\n")), content


def damaged(wire: bytes, rng: random.Random) -> bytes:
    """The same with a byte changed, lost or added, or without its end."""
    at = rng.randrange(len(wire))
    other = bytes([rng.choice(b"\r\n0f;x\x00")])
    return rng.choice(
        (wire[:at] + other + wire[at + 1 :], wire[:at] + wire[at + 1 :], wire[:at] + other + wire[at:])
    )  # fmt: skip


def piece_of(connection: h11.Connection, wire: bytes, rng: random.Random) -> bytes:
    """What is taken of this: what is known to come, a part of it, a line, or anything."""
    if rng.random() < 0.3:
        return wire[: rng.randint(1, 60)]
    known = connection.body_bytes_ahead
    if known:
        return wire[: rng.choice((known, known, rng.randint(1, known), known + 1))]
    return wire[: connection.framing_bytes_ahead or wire.find(b"\n", 2) + 1 or 1]


class Pair:
    """Two connections that get the same bytes: one is spared what it knows, the other is not."""

    def __init__(self, make: Callable[..., h11.Connection], head: bytes, overhead: int) -> None:
        self.ours, self.plain = (
            make(limits=h11.ParserLimits(chunk_overhead=overhead)) for _ in range(2)
        )
        for connection in (self.ours, self.plain):
            connection.receive_data(head)
            connection.next_event()
        self.passed = self.borders = 0

    def take(self, piece: bytes, spare: bool) -> bytes | str | None:
        """What both say of the next bytes, which is the same."""
        body, border, chunk = ahead(self.ours)
        verdict: bytes | str | None
        if not spare or not (passed(self.ours, piece) or self.ours.pass_framing(piece)):
            verdict = verdict_on(self.ours, piece)
        elif body:
            assert len(piece) <= body
            verdict = piece
            self.passed += 1
        else:
            assert len(piece) == border
            assert self.ours.body_bytes_ahead == chunk
            verdict = b""
            self.borders += 1
        assert verdict == verdict_on(self.plain, piece)
        assert ahead(self.ours) == ahead(self.plain)
        assert self.ours.states == self.plain.states
        return verdict

    def end(self, rest: bytes) -> h11.EndOfMessage:
        """The event behind the body, which is over."""
        ends = []
        for connection in (self.ours, self.plain):
            if rest:
                connection.receive_data(rest)
            assert connection.receive_body(1) is None
            ends.append(connection.next_event())
        assert type(ends[0]) is h11.EndOfMessage
        assert ends[0] == ends[1]
        assert self.ours.trailing_data == self.plain.trailing_data
        return ends[0]


@pytest.mark.safety("F1", "F16")
@pytest.mark.parametrize("role", ["client", "server"])
@pytest.mark.parametrize("harm", [False, True], ids=["whole", "damaged"])
@pytest.mark.parametrize("seed", range(8))
def test_what_is_passed_and_what_is_received_are_one_body_with_one_verdict(
    seed: int, harm: bool, role: str
) -> None:
    passed = borders = whole = refused = 0
    for number in range(60):
        rng = random.Random(f"{seed} {number} {harm}")
        make, head = (client, CHUNKED_HEAD) if role == "client" else (server, PUT + TE)
        pair = Pair(make, head, rng.choice((30, 16384, 16384)))
        wire, content = chunked_body(rng)
        if harm:
            wire = damaged(wire, rng)
        behind_it = rng.choice((b"", b"HTTP/1.1 200 OK\r\n"))
        wire += behind_it
        got, at = b"", 0
        verdict: bytes | str | None = b""
        while at < len(wire) and isinstance(verdict, bytes):
            got += verdict
            piece = piece_of(pair.ours, wire[at:], rng)
            at += len(piece)
            verdict = pair.take(piece, rng.random() < 0.8)
        if isinstance(verdict, bytes):
            got += verdict
        if isinstance(verdict, str):
            refused += 1
        elif not harm:
            whole += 1
            pair.end(wire[at:])
            assert got == content
            assert pair.ours.trailing_data[0] == behind_it
        passed += pair.passed
        borders += pair.borders
    assert passed > 100  # or little was shown
    assert borders > 20
    assert refused > 20 if harm else whole > 40
