"""How much of a body is read at a time, and which way: blocks that nobody has to cut or join."""

from __future__ import annotations

import errno
import random

import pytest

from h11client import exceptions
from h11client._timeouts import Limit, Timeout
from h11client.testing import Pause
from tests.client.exchanges import (
    CHUNKED,
    LAST,
    UNTIL_CLOSE,
    Chunked,
    Exchange,
    Filling,
    Watched,
    chunk,
    chunks,
    length,
    while_reading,
)

USUAL, LARGE = 65536, 262144
SMALL = 4096  # what is cut out of more than that
MUCH = 2_000_000
LEAST = 32 * 1024  # the smallest chunk that is read alone
PACKED = CHUNKED[:-2] + b"Content-Encoding: gzip\r\n\r\n"


def read(*sizes):
    return [("read", size) for size in sizes]


def full(*sizes):
    return [("full", size) for size in sizes]


def behind(*sizes):
    return [("behind", size) for size in sizes]


def reads_of(head, *steps, size=USUAL, wrap=Filling, total=MUCH, **settings):
    """How a body of so many bytes is read when the caller asks for `size` at a time."""
    exchange = Exchange(head, *steps, wrap=wrap, **settings)
    assert exchange.read_all(size) == bytes(total)
    assert exchange.owner.returned == ["reusable"]
    return exchange.watched.reads


# --- bodies with a Content-Length ----------------------------------------------------------------


@pytest.mark.parametrize("begun", [0, 300, USUAL - 100], ids=["nothing", "a little", "nearly all"])
def test_a_body_of_known_length_is_read_in_the_blocks_that_are_asked_for(begun):
    exchange = Exchange(length(MUCH) + bytes(begun), bytes(MUCH - begun), wrap=Filling)
    received = 0
    while piece := exchange.body.read(USUAL - received % USUAL):
        received += len(piece)
    assert received == MUCH
    rest = [USUAL - begun] if begun else []
    left = MUCH - begun - sum(rest)
    sizes = [*rest, *[USUAL] * (left // USUAL), left % USUAL]
    # The first one alone comes as fast as it is read: from then on it is worth waiting for all.
    # The hundred bytes that are missing from a block are no measure of that, but the same is done.
    assert exchange.watched.reads == [*read(sizes[0]), *full(*sizes[1:])]


def test_what_a_read_gave_is_what_the_caller_gets():
    for head, body in [(length(MUCH), bytes(MUCH)), (CHUNKED, chunks(MUCH, USUAL))]:
        exchange = Exchange(head, body, wrap=Filling)
        pieces = []
        while piece := exchange.body.read(USUAL):
            pieces.append(piece)
        given = {id(block) for block in exchange.watched.blocks}
        alike = [id(piece) in given for piece in pieces]
        assert alike.count(False) <= 2, head  # where the first size line was, and the last block


@pytest.mark.safety("F16")
def test_what_stands_behind_a_body_of_known_length_is_left_where_the_pool_looks_for_it():
    exchange = Exchange(length(100_000), bytes(100_000) + b"evil", wrap=Filling)
    assert exchange.read_all(USUAL) == bytes(100_000)
    assert exchange.stream.steps_left == [b"evil"]
    assert exchange.stream.is_readable()


@pytest.mark.parametrize("size", [1, 1000, SMALL])
@pytest.mark.parametrize(
    ("head", "body", "expected"),
    [
        (length(100_000), bytes(100_000), read(USUAL, USUAL)),
        (CHUNKED, chunks(100_000, 50_000), read(USUAL, LARGE)),
    ],
    ids=["length", "chunked"],
)
def test_small_reads_are_served_from_large_ones(head, body, expected, size):
    assert reads_of(head, body, size=size, total=100_000) == expected


@pytest.mark.parametrize("head", [length(MUCH), CHUNKED + b"1e8480\r\n"], ids=["length", "chunked"])
def test_small_pieces_are_cut_here_and_the_engine_only_counts_them(head):
    exchange = Exchange(head, bytes(MUCH), wrap=Filling)
    for _ in range(3):
        assert len(exchange.body.read(1000)) == 1000
    assert exchange.connection.protocol.body_bytes_ahead == MUCH - USUAL


@pytest.mark.safety("F16")
def test_a_small_body_is_read_with_what_stands_behind_it():
    exchange = Exchange(length(5), b"hello" + length(4) + b"evil", wrap=Filling)
    assert exchange.read_all(USUAL) == b"hello"
    assert exchange.watched.reads == read(USUAL)
    assert exchange.owner.returned == ["closed"]


@pytest.mark.safety("F16")
def test_small_reads_between_large_ones_do_not_lose_count_of_what_is_left():
    total = 4 * USUAL
    exchange = Exchange(length(total), bytes(total) + b"evil", wrap=Filling)
    received = sum(len(exchange.body.read(size)) for size in (USUAL, 1000, 1000))
    assert exchange.watched.reads == [*read(USUAL), *full(1000), *read(USUAL)]
    while piece := exchange.body.read(USUAL):
        received += len(piece)
    assert received == total
    assert exchange.stream.steps_left == [b"evil"]
    assert exchange.owner.returned == ["reusable"]


def test_small_reads_between_large_ones_do_not_lose_count_of_chunks():
    exchange = Exchange(CHUNKED + b"186a0\r\n", chunks(200_000, 100_000)[7:], wrap=Filling)
    received = sum(len(exchange.body.read(size)) for size in (USUAL, 1000, 1000))
    while piece := exchange.body.read(USUAL):
        received += len(piece)
    assert received == 200_000
    of_the_second = USUAL - (100_000 - USUAL - 1000) - len(b"\r\n186a0\r\n")
    assert exchange.watched.reads == [
        *[*read(USUAL), *full(1000), *read(USUAL)],
        *full(USUAL, 100_000 - of_the_second - USUAL),
        *read(len(b"\r\n186a0\r\n")),
    ]


def test_reads_that_are_not_small_are_passed_on_as_they_are():
    assert reads_of(length(20_000), bytes(20_000), size=SMALL + 1, total=20_000) == [
        *read(SMALL + 1),
        *full(*[SMALL + 1] * 3, 20_000 % (SMALL + 1)),
    ]


def test_the_rest_of_a_block_that_was_begun_is_read_alone_however_small_it_is():
    exchange = Exchange(length(MUCH), bytes(USUAL - 5), Pause(0.5), bytes(MUCH), wrap=Filling)
    assert [len(exchange.body.read(size)) for size in (USUAL, 5, USUAL)] == [USUAL - 5, 5, USUAL]
    assert exchange.watched.reads == [*read(USUAL, 5), *full(USUAL)]


# --- whether it is worth to wait for all ---------------------------------------------------------


def test_all_of_a_block_is_waited_for_as_long_as_it_comes_as_fast_as_it_is_read():
    steps = [bytes(USUAL), bytes(100), Pause(0.5), bytes(2 * USUAL), b"x" * USUAL]
    exchange = Exchange(length(MUCH), *steps, wrap=Filling)
    sizes = [len(exchange.body.read(USUAL)) for _ in range(5)]
    assert sizes == [USUAL, 100, USUAL, USUAL, USUAL]
    assert exchange.watched.reads == [*read(USUAL), *full(USUAL), *read(USUAL), *full(USUAL, USUAL)]


def test_a_stream_that_cannot_wait_for_all_is_read_as_any_other():
    reads = reads_of(length(MUCH), bytes(MUCH), wrap=Watched)
    assert reads == read(*[USUAL] * (MUCH // USUAL), MUCH % USUAL)
    reads = reads_of(CHUNKED, chunks(MUCH, 100_000), wrap=Watched)
    assert {name for name, _ in reads} == {"read"}


# --- chunks --------------------------------------------------------------------------------------

FIRST = USUAL - len(b"186a0\r\n")  # of a chunk of 100,000 bytes, what comes with its size line


def test_large_chunks_are_read_alone_and_so_is_what_stands_between_them():
    assert reads_of(CHUNKED, chunks(300_000, 100_000), total=300_000) == [
        *read(USUAL, 100_000 - FIRST),
        *[*read(len(b"\r\n186a0\r\n")), *full(USUAL, 100_000 - USUAL)] * 2,
        *read(len(b"\r\n186a0\r\n")),  # where the last chunk is instead
    ]


def test_from_the_third_on_a_large_chunk_is_read_with_what_stands_before_it():
    assert reads_of(CHUNKED, chunks(300_000, 50_000), total=300_000, wrap=Chunked) == [
        *read(USUAL, 2 * 50_000 + 2 * len(b"c350\r\n") + 2 - USUAL),
        *[*read(len(BORDER)), *full(50_000)],
        *behind(50_000, 50_000, 50_000, 50_000),  # instead of the last one is the last chunk
    ]


def test_chunks_larger_than_what_is_asked_for_are_read_in_parts_and_their_borders_alone():
    reads = reads_of(CHUNKED, chunks(300_000, 60_000), total=300_000, size=50_000, wrap=Chunked)
    assert reads[-5:] == [*full(10_000), *read(len(BORDER)), *full(50_000, 10_000), *read(8)]


def test_when_less_is_asked_for_the_next_chunk_is_not_read_by_more():
    exchange = Exchange(CHUNKED, chunks(500_000, 50_000), wrap=Chunked)
    sizes = [len(exchange.body.read(size)) for size in (*[USUAL] * 5, 40_000, 40_000, USUAL, USUAL)]
    assert sizes[-4:] == [40_000, 10_000, 50_000, 50_000]
    assert exchange.watched.reads[-7:] == [
        *[*behind(50_000), *read(len(BORDER)), *full(40_000, 10_000)],
        *[*read(len(BORDER)), *full(50_000), *behind(50_000)],
    ]


def test_a_chunk_larger_than_a_read_is_read_in_several():
    wire = chunks(MUCH, MUCH)
    first = USUAL - len(b"1e8480\r\n")
    rest = MUCH - first
    assert reads_of(CHUNKED, wire) == [
        *read(USUAL, USUAL),
        *full(*[USUAL] * (rest // USUAL - 1), rest % USUAL),
        *read(len(b"\r\n1e8480\r\n")),
    ]


@pytest.mark.parametrize("size", [LEAST - 1, LEAST], ids=["below the bound", "at the bound"])
def test_small_chunks_are_cut_out_of_what_is_read(size):
    reads = reads_of(CHUNKED, chunks(50 * size, size), total=50 * size)
    if size < LEAST:
        assert set(reads) == {("read", USUAL), ("read", LARGE)}
    else:
        # The first read has got two chunks, all but the last bytes of the second.
        between = len(b"\r\n8000\r\n")
        assert reads == [
            *read(USUAL, 2 * (between + LEAST) - 2 - USUAL),
            *[*read(between), *full(LEAST)] * 48,
            *read(between),
        ]


@pytest.mark.parametrize("rest", [1, 100, SMALL])
def test_the_rest_of_a_chunk_is_read_alone_however_small_it_is(rest):
    size = USUAL + rest
    assert reads_of(CHUNKED + b"%x\r\n" % size, bytes(size) + b"\r\n" + LAST, total=size) == [
        *read(USUAL),
        *full(rest),
        *read(len(b"\r\n10001\r\n")),
    ]


def test_the_rest_of_a_chunk_is_read_alone_behind_smaller_rests_of_blocks():
    exchange = Exchange(CHUNKED + b"c358\r\n", bytes(50_008) + b"\r\n" + LAST, wrap=Filling)
    sizes = [len(exchange.body.read(size)) for size in (50_000, 3, USUAL)]
    assert sizes == [50_000, 3, 5]
    assert exchange.watched.reads == [*read(50_000), *full(3, 5)]


CHANGES = [
    (
        "border of the same length",
        (40_000, 50_000, 100_000, 100_000),
        [
            *read(40_000, len(b"\r\n9c40\r\n")),
            # All of the second chunk, and some of the third.
            *read(USUAL),
            *full(USUAL, 100_000 - (USUAL - 50_009) - USUAL),
            *read(len(b"\r\n186a0\r\n")),
            *full(USUAL, 100_000 - USUAL),
            *read(len(b"\r\n186a0\r\n")),
        ],
    ),
    (
        "longer border",
        (40_000, 100_000),
        [
            *read(40_000, len(b"\r\n9c40\r\n")),
            *read(USUAL),  # and the first byte of it is the last one of the border
            *full(100_000 - (USUAL - 1)),
            *read(len(b"\r\n186a0\r\n")),
        ],
    ),
    (
        "shorter border",
        (100_000, 40_000),
        [
            *read(USUAL),
            *full(100_000 - USUAL),
            *read(len(b"\r\n186a0\r\n")),  # with the first byte of data
            *full(39_999),
            *read(len(b"\r\n9c40\r\n")),
        ],
    ),
    (
        "small chunk between",
        (40_000, 10, 40_000),
        [
            *read(40_000, len(b"\r\n9c40\r\n")),
            # Two bytes of data came with the border, 40,000 with the rest.
            *read(USUAL),
        ],
    ),
]


@pytest.mark.parametrize(
    ("sizes", "expected"), [row[1:] for row in CHANGES], ids=[row[0] for row in CHANGES]
)
def test_chunks_of_another_size_are_met_again_behind_their_border(sizes, expected):
    line = b"%x\r\n" % sizes[0]
    wire = b"".join(map(chunk, sizes)) + LAST
    assert reads_of(CHUNKED + line, wire[len(line) :], total=sum(sizes)) == expected


def test_large_and_small_chunks_in_turn_come_whole():
    wire = b"".join(chunk(size) for size in (50_000, 10, 50_000, 33_000, 1, 70_000)) + LAST
    for size in (7, 1000, USUAL, MUCH):
        reads_of(CHUNKED, wire, size=size, total=203_011)
        pieces = [wire[at : at + 701] for at in range(0, len(wire), 701)]
        reads_of(CHUNKED, *pieces, size=size, total=203_011)


@pytest.mark.safety("F1", "M1")
@pytest.mark.parametrize("size", [3, USUAL])
@pytest.mark.parametrize("wrap", [Chunked, Filling, Watched])
def test_small_chunks_cut_at_any_two_places_come_whole(size, wrap):
    # Among others the border of two chunks alone: it is no part of the body.
    body = b"helloworld12345"
    wire = b"5\r\nhello\r\n5\r\nworld\r\n5\r\n12345\r\n" + LAST
    for first in range(len(wire)):
        for second in range(first + 1, len(wire)):
            steps = [wire[:first], wire[first:second], wire[second:]]
            exchange = Exchange(CHUNKED, *filter(None, steps), wrap=wrap)
            assert exchange.read_all(size) == body, steps
            assert exchange.owner.returned == ["reusable"]


def test_size_lines_too_long_to_be_recognised_are_read_with_what_follows():
    line = b"c350;" + b"x" * 30 + b"\r\n"
    wire = (line + bytes(50_000) + b"\r\n") * 3 + LAST
    reads = reads_of(CHUNKED, wire, total=150_000)
    first = USUAL - 2 * len(line) - 50_002  # of the second chunk
    assert reads[:3] == read(USUAL, 50_000 - first, LARGE)


def test_more_is_asked_for_when_chunks_come_as_fast_as_they_are_read():
    wire = chunks(MUCH, 10_000)
    assert reads_of(CHUNKED, wire)[:4] == read(USUAL, LARGE, LARGE, LARGE)
    # TLS cuts it into records.
    assert set(reads_of(CHUNKED, wire, wrap=Watched, tls=True)) == {("read", USUAL)}


@pytest.mark.safety("B2")
@pytest.mark.parametrize("size", [10_000, 100_000, MUCH])
def test_what_may_decode_to_a_thousand_times_as_much_is_not_taken_by_more_than_usual(size):
    assert max(asked for _, asked in reads_of(PACKED, chunks(MUCH, size), size=MUCH)) == USUAL
    assert max(asked for _, asked in reads_of(PACKED, chunks(MUCH, size), size=1000)) == USUAL


def test_less_is_asked_for_when_the_network_is_slower():
    body = chunks(1_000_000, 10_000)
    steps = [body[:400_000], body[400_000:400_100], body[400_100:]]
    reads = reads_of(CHUNKED, *steps, total=1_000_000)
    assert reads[:5] == read(USUAL, LARGE, LARGE, LARGE, USUAL)


def test_a_body_until_the_close_is_read_in_large_pieces():
    exchange = Exchange(UNTIL_CLOSE, bytes(MUCH), b"", wrap=Filling)
    assert exchange.read_all(USUAL) == bytes(MUCH)
    assert exchange.watched.reads[:3] == read(USUAL, LARGE, LARGE)
    assert exchange.owner.returned == ["closed"]


# --- how it ends ---------------------------------------------------------------------------------


BORDER = b"\r\nc350\r\n"


class AtABorder(Exchange):
    """An exchange whose caller has got so many chunks of 50,000 bytes; what comes then are `steps`.

    Behind four of them the next is expected to be like these, and read as such.
    """

    def __init__(self, number, *steps, **settings):
        begun = chunk(50_000)[:-2] if number == 1 else (chunk(50_000) * number)[:-2]
        wrap = Filling if number == 1 else Chunked
        super().__init__(CHUNKED, begun, *steps, wrap=wrap, **settings)
        self.got = 0
        while self.got < number * 50_000:
            self.got += len(self.body.read(USUAL))
        self.begun = len(self.watched.reads)
        self.watched.limits.clear()

    @property
    def reads(self):
        return self.watched.reads[self.begun :]


behind_one_or_four = pytest.mark.parametrize("number", [1, 4], ids=["one chunk", "four"])


@pytest.mark.safety("F15")
@behind_one_or_four
def test_trailers_behind_large_chunks_are_there(number):
    exchange = AtABorder(number, b"\r\n0\r\nDigest: a-long-one-of-many-bytes\r\nVia: b\r\n\r\n")
    assert exchange.body.read(USUAL) == b""
    assert list(exchange.body.trailers) == [
        (b"digest", b"a-long-one-of-many-bytes"),
        (b"via", b"b"),
    ]
    border = read(len(BORDER)) if number == 1 else behind(50_000)
    assert exchange.reads == [*border, *read(USUAL if number == 1 else LARGE)]
    assert exchange.owner.returned == ["reusable"]


@pytest.mark.safety("F16", "M1")
@behind_one_or_four
@pytest.mark.parametrize("split", [True, False], ids=["behind the border", "with the border"])
def test_bytes_behind_the_last_chunk_close_the_connection(number, split):
    steps = [b"\r\n", LAST + b"evil"] if split else [b"\r\n" + LAST + b"evil"]
    exchange = AtABorder(number, *steps)
    assert exchange.body.read(USUAL) == b""
    assert exchange.owner.returned == ["closed"]


# id, what comes behind 50,000 bytes, how many more bytes are got
CUTS = [
    ("at a border", [], 0),
    ("within a border", [BORDER[:3]], 0),
    ("behind a border", [BORDER], 0),
    ("within a chunk", [BORDER, b"x" * 20_000], 20_000),
    ("within a chunk that comes late", [BORDER, Pause(0.1), b"x" * 20_000], 20_000),
    ("at the end of a chunk", [BORDER, b"x" * 50_000], 50_000),
    ("within a border of another size", [b"\r\n1"], 0),
    ("within the last chunk", [b"\r\n0\r"], 0),
    ("within the trailers", [b"\r\n0\r\nA: b\r\n"], 0),
]


@pytest.mark.safety("F20", "M14")
@behind_one_or_four
@pytest.mark.parametrize(("steps", "more"), [row[1:] for row in CUTS], ids=[row[0] for row in CUTS])
@pytest.mark.parametrize(
    "end", [b"", ConnectionResetError(errno.ECONNRESET, "reset")], ids=["end", "reset"]
)
def test_large_chunks_that_are_cut_short_are_an_incomplete_body(number, steps, more, end):
    exchange = AtABorder(number, *steps, end)
    received = bytearray()
    with pytest.raises(exceptions.IncompleteBody) as caught:
        exchange.read_into(received, USUAL)
    assert bytes(received) == b"x" * more
    assert caught.value.partial_length == exchange.got + more
    assert exchange.owner.returned == ["closed"]
    with pytest.raises(exceptions.IncompleteBody):
        exchange.body.read(USUAL)


@pytest.mark.safety("F1", "F2")
@behind_one_or_four
@pytest.mark.parametrize(
    "border", [b"XXc350\r\n", b"\r\nc350\n\n", b"\r\n+350\r\n", b"\n\nc350\r\n", b"\r\n\r\nc350"]
)
def test_a_broken_border_of_large_chunks_is_an_incomplete_body(number, border):
    exchange = AtABorder(number, border, bytes(50_000))
    with pytest.raises(exceptions.IncompleteBody) as caught:
        exchange.body.read(USUAL)
    assert caught.value.partial_length == exchange.got
    assert exchange.owner.returned == ["closed"]
    assert exchange.stream.steps_left  # the data behind it was not even read


# --- closing before the end ----------------------------------------------------------------------


@pytest.mark.safety("M1", "M9")
@behind_one_or_four
def test_what_is_drained_begins_behind_what_was_read_past_the_engine(number):
    # The data looks like the end of the body, for who has lost count.
    data = (b"\r\n" + LAST) * 7143
    wire = BORDER + data[:50_000] + b"\r\n" + LAST
    for taken in (0, 1, 20_000, 50_000):
        exchange = AtABorder(number, wire[: len(BORDER) + taken], wire[len(BORDER) + taken :])
        if taken:
            assert len(exchange.body.read(USUAL)) >= taken
        exchange.body.close()
        assert exchange.owner.returned == ["reusable"]
        assert not exchange.stream.steps_left


def test_a_body_of_known_length_is_drained_behind_what_was_read_past_the_engine():
    exchange = Exchange(length(300_000), bytes(250_000), bytes(50_000), wrap=Filling)
    assert [len(exchange.body.read(USUAL)) for _ in range(3)] == [USUAL] * 3
    exchange.body.close()
    assert exchange.owner.returned == ["reusable"]


# --- limits and interruptions --------------------------------------------------------------------


def test_each_read_has_the_limit_for_reads():
    exchange = AtABorder(1, BORDER, bytes(50_000), b"\r\n" + LAST, timeout=Timeout(read=7))
    assert len(exchange.read_all(USUAL)) == 50_000
    assert exchange.watched.limits == [Limit(7.0, "read")] * 3


@pytest.mark.safety("M8", "X4")
@behind_one_or_four
def test_each_read_has_what_is_left_of_the_total(number):
    steps = [Pause(1.0), BORDER, Pause(1.0), bytes(50_000), Pause(0.25), b"\r\n" + LAST]
    exchange = AtABorder(number, *steps, timeout=Timeout(read=2, total=2.5))
    assert len(exchange.read_all(USUAL)) == 50_000
    first = read(len(BORDER)) if number == 1 else behind(50_000)
    assert exchange.reads == [*first, *read(50_000, len(BORDER))]
    assert exchange.watched.limits == [
        Limit(2.0, "read"),
        *[Limit(1.5, "total"), Limit(0.5, "total")],
    ]


@pytest.mark.safety("M8", "X4")
@behind_one_or_four
@pytest.mark.parametrize("limit", ["read", "total"])
@pytest.mark.parametrize("steps", [[], [BORDER[:2]], [BORDER]], ids=["border", "half", "chunk"])
def test_a_limit_that_runs_out_says_which_one_it_was(number, steps, limit):
    timeout = Timeout(read=3) if limit == "read" else Timeout(read=3, total=2)
    exchange = AtABorder(number, *steps, Pause(100.0), timeout=timeout)
    with pytest.raises(exceptions.BodyReadTimeout) as caught:
        exchange.body.read(USUAL)
    assert caught.value.limit == limit
    assert exchange.network.clock.now == (3.0 if limit == "read" else 2.0)
    assert exchange.owner.returned == ["closed"]


def test_a_connection_that_was_found_broken_is_not_read():
    # Who looked for the answer while the request was sent has met it: a socket tells an error once.
    exchange = AtABorder(1, BORDER)
    exchange.connection.read_failure = ConnectionResetError(errno.ECONNRESET, "reset")
    with pytest.raises(exceptions.IncompleteBody) as caught:
        exchange.body.read(USUAL)
    assert caught.value.partial_length == 50_000
    assert exchange.stream.steps_left == [BORDER]
    assert exchange.owner.returned == ["closed"]


@pytest.mark.safety("X22", "L1")
@behind_one_or_four
@pytest.mark.parametrize("steps", [[], [BORDER]], ids=["border", "chunk"])
def test_an_interruption_within_large_chunks_passes_and_closes_the_connection(number, steps):
    exchange = AtABorder(number, *steps, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        exchange.body.read(USUAL)
    assert exchange.owner.returned == ["closed"]
    with pytest.raises(exceptions.IncompleteBody) as caught:
        exchange.body.read(USUAL)
    assert caught.value.partial_length == exchange.got


@pytest.mark.safety("L5")
@behind_one_or_four
def test_closed_by_another_thread_while_a_border_is_read_a_body_is_incomplete(number):
    exchange = AtABorder(number, BORDER, bytes(50_000))
    while_reading(exchange, exchange.body.close)
    with pytest.raises(exceptions.IncompleteBody, match="another thread") as caught:
        exchange.body.read(USUAL)
    assert caught.value.partial_length == exchange.got
    assert exchange.owner.returned == ["closed"]


# --- anything ------------------------------------------------------------------------------------


@pytest.mark.parametrize("wrap", [Chunked, Filling, Watched])
@pytest.mark.parametrize("seed", range(10))
def test_a_body_of_any_chunks_in_any_pieces_comes_whole(seed, wrap):
    rng = random.Random(seed)
    content = rng.randbytes(rng.randint(300_000, 600_000))
    wire, at, size = b"", 0, 0
    while at < len(content):
        if not size or rng.random() < 0.4:
            size = rng.choice((1, 500, LEAST - 1, LEAST, 40_000, USUAL, USUAL + 1, 150_000))
        data = content[at : at + size]
        wire += b"%x\r\n%s\r\n" % (len(data), data)
        at += size
    wire += LAST
    steps, at = [], 0
    while at < len(wire):
        step = rng.choice((1, 8, 1000, 16_384, USUAL, LARGE, len(wire)))
        steps += [wire[at : at + step], *([Pause(0.1)] if rng.random() < 0.3 else [])]
        at += step
    exchange = Exchange(CHUNKED, *steps, wrap=wrap)
    received = bytearray()
    while piece := exchange.body.read(size := rng.choice((100, 5000, USUAL, USUAL, MUCH))):
        assert len(piece) <= size
        received += piece
    assert received == content
    assert exchange.owner.returned == ["reusable"]
