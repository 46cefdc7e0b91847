"""How much the parser holds: a cap and one read, never a body, and nothing that grows for ever."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable, Iterable, Iterator

import pytest

import h11
from tests.protocol.driving import CHUNKED_HEAD, client, server

OK = b"HTTP/1.1 200 OK\r\n"
KIB = 1024


def peak(make: Callable[[], h11.Connection], pieces: Iterable[bytes]) -> int:
    """Bytes allocated at most while the pieces are fed and their events dropped, until the first error."""
    connection = make()
    gc.collect()
    tracemalloc.start()
    try:
        for piece in pieces:
            connection.receive_data(piece)
            while isinstance(connection.next_event(), h11.Event):
                pass
    except h11.RemoteProtocolError as error:
        assert error.error_status_hint == 431 or "informational" in str(error)
    finally:
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    return most


def endless(start: bytes, again: bytes, count: int) -> Iterator[bytes]:
    yield start
    for _ in range(count):
        yield bytes(bytearray(again))  # a new object each time, as a socket gives it


FLOODS = [
    ("long value", client, OK + b"A: ", b"x" * 1000, 16 * KIB),
    ("long target", server, b"GET /", b"x" * 1000, 16 * KIB),
    ("many fields", client, OK, b"Abc: d\r\n" * 100, 16 * KIB),
    ("many folds", client, OK + b"A: b\r\n", b" c\r\n" * 200, 16 * KIB),
    ("extension", client, CHUNKED_HEAD + b"1;", b"x" * 1000, 4 * KIB),
    ("extensions", client, CHUNKED_HEAD, b"1;" + b"x" * 1000 + b"\r\nX\r\n", 16 * KIB),
    ("trailers", client, CHUNKED_HEAD + b"0\r\n", b"Abc: d\r\n" * 100, 32 * KIB),
    ("long trailer", client, CHUNKED_HEAD + b"0\r\nA: ", b"x" * 1000, 32 * KIB),
    ("informational responses", client, b"HTTP", b"/1.1 103 X\r\nA: b\r\n\r\nHTTP", 16 * KIB),
]


@pytest.mark.safety("F11", "F12", "F13")
@pytest.mark.parametrize(
    ("make", "start", "again", "cap"), [pytest.param(*row[1:], id=row[0]) for row in FLOODS]
)
def test_flood_costs_a_few_times_its_cap(make, start: bytes, again: bytes, cap: int) -> None:
    fields = 512 * 400 if b"\r\n" in again else 0  # the pairs that were parsed, as Python objects
    assert peak(make, endless(start, again, 3000)) < 4 * cap + fields + 32 * KIB


BODIES = [
    ("length", OK + b"Content-Length: 99999999\r\n\r\n", b"x" * 64 * KIB),
    ("to the end", OK + b"\r\n", b"x" * 64 * KIB),
    ("one large chunk", CHUNKED_HEAD + b"fffffff\r\n", b"x" * 64 * KIB),
    ("chunks", CHUNKED_HEAD, b"4000\r\n" + b"x" * 16 * KIB + b"\r\n"),
    ("small chunks", CHUNKED_HEAD, b"1\r\nX\r\n" * 500),
]


@pytest.mark.safety("F12", "F18")
@pytest.mark.parametrize(("start", "again"), [pytest.param(*row[1:], id=row[0]) for row in BODIES])
def test_body_is_handed_on_and_not_kept(start: bytes, again: bytes) -> None:
    assert peak(client, endless(start, again, 200)) < 512 * KIB


@pytest.mark.safety("F18", "M20")
def test_announced_length_makes_no_room() -> None:
    head = OK + b"Content-Length: 9000000000000000000\r\n\r\nhi"
    assert peak(client, [head]) < 32 * KIB


def grown(cycles: Callable[[int], None]) -> int:
    """Bytes that the second thousand of cycles leaves behind."""
    cycles(0)
    gc.collect()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for number in range(1, 11):
            cycles(number)
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    return after - before


def test_connection_that_lives_long_does_not_grow() -> None:
    connection = h11.Connection(h11.CLIENT)

    def cycles(_: int) -> None:
        for _ in range(200):
            connection.send(h11.Request(method="GET", target="/", headers=[("Host", "a")]))
            connection.send(h11.EndOfMessage())
            connection.receive_data(b"HTTP/1.1 103 X\r\n\r\n" + OK + b"Content-Length: 2\r\n\r\nhi")
            while isinstance(connection.next_event(), h11.Event):
                pass
            connection.start_next_cycle()

    assert grown(cycles) < 16 * KIB


@pytest.mark.safety("F12")
def test_texts_that_are_never_repeated_leave_nothing_behind() -> None:
    """Whatever is remembered of names, methods or codings has a bound."""

    def cycles(number: int) -> None:
        for part in range(300):
            mark = b"%d-%d" % (number, part)
            connection = server()
            block = b"".join(b"X-%s-%d: %s\r\n" % (mark, field, mark) for field in range(10))
            head = b"M-%s /%s HTTP/1.1\r\nHost: %s\r\nUpgrade: %s\r\nConnection: %s\r\n" % (
                (mark,) * 5
            )
            connection.receive_data(head + block + b"\r\n")
            assert type(connection.next_event()) is h11.Request
            connection = client(headers=[("X-Sent-" + mark.decode(), mark)])
            connection.receive_data(b"HTTP/1.1 200 %s\r\n" % mark + block + b"\r\n")
            assert type(connection.next_event()) is h11.Response

    assert grown(cycles) < 1024 * KIB  # all of it would be some 10 MiB
