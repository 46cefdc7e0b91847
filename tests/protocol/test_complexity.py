"""The time grows as the input does: no input makes the parser quadratic."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

import h11
from tests.growth import seconds, timed_linearly
from tests.protocol.driving import CHUNKED_HEAD, client, server, single_bytes

HUGE = 2**31
WIDE = h11.ParserLimits(
    fields=HUGE,
    status_line=HUGE,
    trailers=HUGE,
    chunk_line=HUGE,
    chunk_overhead=HUGE,
    informational=HUGE,
)


def wide_client(method: str = "GET") -> h11.Connection:
    return client(method, max_incomplete_event_size=HUGE, limits=WIDE)


def wide_server() -> h11.Connection:
    return server(max_incomplete_event_size=HUGE, limits=WIDE)


def spent(connection: h11.Connection, pieces: Iterable[bytes]) -> float:
    """CPU seconds for feeding the pieces and reading all events after each."""
    receive, next_event, event = connection.receive_data, connection.next_event, h11.Event

    def feed() -> None:
        try:
            for piece in pieces:
                receive(piece)
                while isinstance(next_event(), event):
                    pass
        except h11.RemoteProtocolError:
            pass

    return seconds(feed)


OK = b"HTTP/1.1 200 OK\r\n"
END = b"Content-Length: 0\r\n\r\n"

# (id, connection, n -> pieces, n)
INPUTS = [
    ("head byte by byte: one long value", wide_client, lambda n: single_bytes(OK + b"A: " + b"x" * n), 10_000),
    ("head byte by byte: long reason", wide_client, lambda n: single_bytes(b"HTTP/1.1 200 " + b"x" * n), 10_000),
    ("head byte by byte: long target", wide_server, lambda n: single_bytes(b"GET /" + b"x" * n), 10_000),
    ("head byte by byte: many fields", wide_client, lambda n: single_bytes(OK + b"A: b\r\n" * n), 1_500),
    ("head byte by byte: many fields ended by LF", wide_client, lambda n: single_bytes(OK + b"A: b\n" * n), 1_500),
    ("head in pieces of a kilobyte", wide_client, lambda n: [OK + b"A: ", *[b"x" * 1000] * n], 500),
    ("head byte by byte: folded lines", wide_client, lambda n: single_bytes(OK + b"A: b\r\n" + b" c\r\n" * n), 2_000),
    ("folded ladder", wide_client, lambda n: [OK + b"A: b\r\n" + b" c\r\n" * n + END], 20_000),
    ("folded ladder of blanks", wide_client, lambda n: [OK + b"A:\r\n" + b" \r\n" * n + END], 20_000),
    ("folded lines, growing", wide_client, lambda n: [OK + b"A: b\r\n" + (b" " * 50 + b"c" * 50 + b"\r\n") * n + END], 5_000),
    ("many fields", wide_client, lambda n: [OK + b"A: b\r\n" * n + END], 10_000),
    ("many different fields", wide_client, lambda n: [OK + b"".join(b"A%d: b\r\n" % i for i in range(n)) + END], 5_000),
    ("many fields ended by LF", wide_client, lambda n: [OK.replace(b"\r", b"") + b"A: b\n" * n + b"\n"], 10_000),
    ("list of content lengths", wide_client, lambda n: [OK + b"Content-Length: 0" + b", 0" * n + b"\r\n\r\n"], 25_000),
    ("lines of content lengths", wide_client, lambda n: [OK + b"Content-Length: 0\r\n" * n + b"\r\n"], 5_000),
    ("connection tokens", wide_client, lambda n: [OK + b"Connection: a" + b", b" * n + b"\r\n" + END], 25_000),
    ("connection lines", wide_client, lambda n: [OK + b"Connection: a, b\r\n" * n + END], 5_000),
    ("transfer codings", wide_client, lambda n: [OK + b"Transfer-Encoding: a" + b", b" * n + b"\r\n\r\n"], 50_000),
    ("expectations", wide_server, lambda n: [b"GET / HTTP/1.0\r\nExpect: a" + b", b" * n + b"\r\n\r\n"], 25_000),
    ("value of blanks", wide_client, lambda n: [OK + b"A:" + b" " * n + b"x\r\n" + END], 500_000),
    ("value ended by blanks", wide_client, lambda n: [OK + b"A: x" + b" \t" * n + b"\r\n" + END], 250_000),
    ("value with inner blanks", wide_client, lambda n: [OK + b"A: x" + b"  y" * n + b"\x00\r\n" + END], 150_000),
    ("blanks before the colon", wide_client, lambda n: [OK + b"A" + b" " * n + b": x\r\n" + END], 250_000),
    ("long name", wide_client, lambda n: [OK + b"a" * n + b" : x\r\n" + END], 250_000),
    ("digits of a length", wide_client, lambda n: [OK + b"Content-Length: " + b"1" * n + b"\r\n\r\n"], 500_000),
    ("request line of spaces", wide_server, lambda n: [b"GET " + b" " * n + b" HTTP/1.1\r\n\r\n"], 250_000),
    ("status line of spaces", wide_client, lambda n: [b"HTTP/1.1 200" + b" " * n + b"\x00\r\n\r\n"], 250_000),
    ("informational responses", wide_client, lambda n: [b"HTTP/1.1 103 X\r\n\r\n" * n], 2_000),
    ("informational responses byte by byte", wide_client, lambda n: single_bytes(b"HTTP/1.1 103 X\r\n\r\n" * n), 500),
    ("pieces after the parser paused", client, lambda n: [OK + END, *[b"x" * 10] * n], 15_000),
    ("CR flood", wide_client, lambda n: single_bytes(OK + b"A: " + b"\r" * n), 10_000),
    ("CR flood at once", wide_client, lambda n: [OK + b"A: " + b"\r" * n], 500_000),
    ("CR LF CR patterns", wide_client, lambda n: single_bytes(OK + b"A: b" + b"\r\n c\r\n" * n + b"\r"), 2_000),
    ("chunks byte by byte", wide_client, lambda n: [CHUNKED_HEAD, *single_bytes(b"1\r\nX\r\n" * n)], 2_000),
    ("large chunk byte by byte", wide_client, lambda n: [CHUNKED_HEAD, b"fffffff\r\n", *[b"x"] * n], 25_000),
    ("chunks of one byte at once", wide_client, lambda n: [CHUNKED_HEAD + b"1\r\nX\r\n" * n], 10_000),
    ("chunks of 64 bytes at once", wide_client, lambda n: [CHUNKED_HEAD + (b"40\r\n" + b"x" * 64 + b"\r\n") * n], 10_000),
    ("extension byte by byte", wide_client, lambda n: [CHUNKED_HEAD, *single_bytes(b"1;" + b"x" * n)], 10_000),
    ("extension in pieces of ten bytes", wide_client, lambda n: [CHUNKED_HEAD, b"1;", *[b"x" * 10] * n], 5_000),
    ("chunk size byte by byte", wide_client, lambda n: [CHUNKED_HEAD, *single_bytes(b"0" * n)], 10_000),
    ("blanks after a chunk size", wide_client, lambda n: [CHUNKED_HEAD + b"1" + b" \t" * n + b"x\r\n"], 150_000),
    ("trailers", wide_client, lambda n: [CHUNKED_HEAD + b"0\r\n" + b"A: b\r\n" * n + b"\r\n"], 10_000),
    ("trailers byte by byte", wide_client, lambda n: [CHUNKED_HEAD + b"0\r\n", *single_bytes(b"A: b\r\n" * n)], 1_500),
    ("folded trailers byte by byte", wide_client, lambda n: [CHUNKED_HEAD + b"0\r\nA: b\r\n", *single_bytes(b" c\r\n" * n)], 2_000),
    ("counted body byte by byte", wide_client, lambda n: [OK + b"Content-Length: 100000000\r\n\r\n", *[b"x"] * n], 25_000),
    ("body to the end byte by byte", wide_client, lambda n: [OK + b"\r\n", *[b"x"] * n], 25_000),
    ("pipelined requests at once", wide_server, lambda n: [b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * n], 10_000),
]  # fmt: skip


@pytest.mark.safety("F10", "F11", "F12", "F13")
@pytest.mark.parametrize(
    ("make", "build", "size"), [pytest.param(*row[1:], id=row[0]) for row in INPUTS]
)
def test_time_grows_with_the_input(make, build, size: int) -> None:
    assert timed_linearly(lambda count: spent(make(), build(count)), 2 * size)


def test_pipelined_requests_are_answered_in_linear_time() -> None:
    def answer(count: int) -> float:
        connection = server()
        connection.receive_data(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * count)

        def cycles() -> None:
            while type(connection.next_event()) is h11.Request:
                connection.next_event()
                connection.send(h11.Response(status_code=204, headers=[]))
                connection.send(h11.EndOfMessage())
                connection.start_next_cycle()

        return seconds(cycles)

    assert timed_linearly(answer, 1_000)


@pytest.mark.deviation("receive-body")
@pytest.mark.parametrize(("max_bytes", "size"), [(1, 1_000), (100, 10_000), (65536, 10_000)])
def test_receive_body_takes_linear_time(max_bytes: int, size: int) -> None:
    def read(count: int) -> float:
        connection = client(limits=WIDE)
        connection.receive_data(CHUNKED_HEAD + b"5\r\nhello\r\n" * count + b"0\r\n\r\n")
        connection.next_event()

        def whole_body() -> None:
            while connection.receive_body(max_bytes) is not None:
                pass

        return seconds(whole_body)

    assert timed_linearly(read, 2 * size)


@pytest.mark.safety("F12")
def test_a_large_body_in_small_pieces_costs_little_more_than_at_once() -> None:
    head = OK + b"Content-Length: %d\r\n\r\n" % 2**24
    block = bytes(2**10)
    at_once = min(spent(client(), [head, block * 2**14]) for _ in range(3))
    in_pieces = min(spent(client(), [head, *[block] * 2**14]) for _ in range(3))
    assert in_pieces < at_once + 0.5  # some 16 thousand events of a few microseconds
