"""Caps on what is not a body: the same verdict however the bytes arrive."""

from __future__ import annotations

import copy
import pickle

import pytest

import h11
from tests.protocol.driving import (
    Make,
    accepted,
    client,
    drive,
    framed,
    refused,
    server,
    single_bytes,
)

OK = b"HTTP/1.1 200 OK\r\n"
GET = b"GET / HTTP/1.1\r\nHost: a\r\n"
POST = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"


def sized(
    size: int, start: bytes = OK + b"Content-Length: 0\r\n", end: bytes = b"\r\n\r\n"
) -> bytes:
    """A head of exactly this many bytes."""
    field = b"X: "
    return start + field + b"a" * (size - len(start) - len(field) - len(end)) + end


def with_limits(**caps: int) -> Make:
    return lambda: client(limits=h11.ParserLimits(**caps))


def server_with_limits(**caps: int) -> Make:
    return lambda: server(limits=h11.ParserLimits(**caps))


@pytest.mark.safety("F12")
@pytest.mark.deviation("head-limit")
@pytest.mark.parametrize("cap", [100, 1000, 16384])
def test_head_of_the_cap_is_taken_and_one_byte_more_refused(cap: int) -> None:
    settings = {} if cap == 16384 else {"max_incomplete_event_size": cap}
    for make, start in ((client, OK + b"Content-Length: 0\r\n"), (server, GET)):

        def limited(make=make) -> h11.Connection:
            return make(**settings)

        assert accepted(limited, sized(cap, start)).kinds[-1] == "EndOfMessage"
        assert accepted(limited, sized(cap, start) + b"more").left == b"more"
        refused(limited, sized(cap + 1, start), hint=431)
        refused(limited, sized(cap + 1, start) + b"more", hint=431)
        refused(limited, sized(cap + 1000, start), hint=431)
        assert accepted(limited, sized(cap, start, b"\n\n")).kinds[-1] == "EndOfMessage"
        refused(limited, sized(cap + 1, start, b"\n\n"), hint=431)


@pytest.mark.safety("F12")
@pytest.mark.parametrize("make", [client, server])
def test_endless_head_is_refused_with_431(make) -> None:
    for data in (b"HTTP/1.1 200 " + b"x" * 20_000, b"GET /" + b"x" * 20_000, b"x" * 20_000):
        outcome = drive(make(), single_bytes(data))
        if outcome.hint != 431:
            assert make is client and outcome.hint == 400 and not data.startswith(b"HTTP"), (
                outcome.error
            )
        assert outcome.fed <= 16_385


@pytest.mark.safety("F12")
def test_body_does_not_count_against_the_cap_of_the_head() -> None:
    head = OK + b"Content-Length: 1000\r\n\r\n"
    outcome = accepted(lambda: client(max_incomplete_event_size=len(head) + 1), head + b"x" * 1000)
    assert len(outcome.body) == 1000


@pytest.mark.safety("F12")
@pytest.mark.deviation("head-limit")
def test_heads_of_one_cycle_are_measured_one_by_one() -> None:
    head = sized(1000, b"HTTP/1.1 103 X\r\n")
    outcome = accepted(lambda: client(max_incomplete_event_size=1000), head * 5 + sized(1000))
    assert outcome.kinds == ["InformationalResponse"] * 5 + ["Response", "EndOfMessage"]
    refused(lambda: client(max_incomplete_event_size=1000), head * 2 + sized(1001), hint=431)


@pytest.mark.safety("F12")
@pytest.mark.parametrize("cap", [64 * 1024, 100 * 1024])
def test_settings_of_uvicorn_and_httpcore(cap: int) -> None:
    for make, start in ((client, OK + b"Content-Length: 0\r\n"), (server, GET)):
        for size in (cap // 2, cap - 2):
            for pieces in (
                [sized(size, start)],
                [sized(size, start)[:5000], sized(size, start)[5000:]],
            ):
                assert drive(make(max_incomplete_event_size=cap), pieces).error is None
        outcome = drive(make(max_incomplete_event_size=cap), single_bytes(sized(cap + 2, start)))
        assert outcome.hint == 431
    target = b"GET /" + b"x" * (cap - 100) + b" HTTP/1.1\r\nHost: a\r\n\r\n"
    assert drive(server(max_incomplete_event_size=cap), [target]).kinds == [
        "Request",
        "EndOfMessage",
    ]


@pytest.mark.safety("F12")
@pytest.mark.deviation("head-limit")
@pytest.mark.parametrize("cap", [64 * 1024, 100 * 1024])
def test_settings_of_uvicorn_and_httpcore_to_the_byte(cap: int) -> None:
    for make, start in ((client, OK + b"Content-Length: 0\r\n"), (server, GET)):
        for size, taken in ((cap, True), (cap + 1, False)):
            head = sized(size, start)
            for pieces in ([head], single_bytes(head), [head[:70], head[70:-1], head[-1:]]):
                outcome = drive(make(max_incomplete_event_size=cap), pieces)
                assert (outcome.error is None) is taken
                assert outcome.hint == (None if taken else 431)


@pytest.mark.safety("F4")
@pytest.mark.parametrize("make", [client, server])
def test_content_length_of_twenty_thousand_digits_is_refused(make) -> None:
    head = (OK if make is client else GET) + b"Content-Length: " + b"1" * 20_000 + b"\r\n\r\n"
    outcome = drive(make(max_incomplete_event_size=65536), [head])
    assert type(outcome.error) is h11.RemoteProtocolError and outcome.hint == 400


@pytest.mark.safety("F12")
@pytest.mark.deviation("field-limit")
class TestFields:
    def test_512_are_taken_and_513_refused(self) -> None:
        for count, taken in ((512, True), (513, False)):
            fields = b"".join(b"A%d: b\r\n" % number for number in range(count))
            if taken:
                outcome = accepted(lambda: client("HEAD"), OK + fields + b"\r\n")
                assert len(outcome.events[0].headers) == count
                assert (
                    len(
                        accepted(server, b"GET / HTTP/1.0\r\n" + fields + b"\r\n").events[0].headers
                    )
                    == count
                )
            else:
                refused(lambda: client("HEAD"), OK + fields + b"\r\n", hint=431)
                refused(server, b"GET / HTTP/1.0\r\n" + fields + b"\r\n", hint=431)

    def test_the_cap_can_be_set(self) -> None:
        three = b"A: b\r\nC: d\r\nE: f\r\n\r\n"
        assert (
            accepted(with_limits(fields=3), b"HTTP/1.1 204 X\r\n" + three).kinds[-1]
            == "EndOfMessage"
        )
        refused(with_limits(fields=2), b"HTTP/1.1 204 X\r\n" + three, hint=431)
        refused(server_with_limits(fields=2), b"GET / HTTP/1.0\r\n" + three, hint=431)
        refused(with_limits(fields=2), b"HTTP/1.1 103 X\r\n" + three, hint=431)

    def test_the_same_holds_in_trailers(self) -> None:
        three = b"0\r\nA: b\r\nC: d\r\nE: f\r\n\r\n"
        assert len(accepted(with_limits(fields=3), framed(three)).events[-1].headers) == 3
        refused(with_limits(fields=2), framed(three), hint=431)

    def test_fields_of_different_sections_are_not_added_up(self) -> None:
        data = (
            b"HTTP/1.1 103 X\r\nA: b\r\nC: d\r\n\r\n"
            + OK
            + b"A: b\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: b\r\nC: d\r\n\r\n"
        )
        assert accepted(with_limits(fields=2), data).kinds[-1] == "EndOfMessage"


@pytest.mark.safety("F12")
@pytest.mark.deviation("status-line-limit")
def test_status_line_limit() -> None:
    for cap, make in ((8192, client), (100, with_limits(status_line=100))):
        for size, taken in ((cap, True), (cap + 1, False)):
            line = b"HTTP/1.1 204 " + b"x" * (size - 13)
            if taken:
                assert accepted(make, line + b"\r\n\r\n").kinds[-1] == "EndOfMessage"
            else:
                refused(make, line + b"\r\n\r\n", hint=431)


@pytest.mark.safety("F12", "M11", "2j1")
@pytest.mark.deviation("trailer-limit")
def test_trailer_limit() -> None:
    for cap, make, head in (
        (32768, client, framed(b"0\r\n")),
        (100, with_limits(trailers=100), framed(b"0\r\n")),
        (100, server_with_limits(trailers=100), POST + b"0\r\n"),
    ):
        assert accepted(make, head + sized(cap, b"") + b"more").left == b"more"
        refused(make, head + sized(cap + 1, b""), hint=431)
        assert drive(make(), [head, *[b"A: b\r\n"] * cap]).hint == 431
    blank_line = framed(b"0\r\n\r\n")
    assert accepted(with_limits(trailers=2), blank_line).kinds[-1] == "EndOfMessage"


@pytest.mark.safety("F11", "M12")
@pytest.mark.deviation("chunk-line")
def test_chunk_line_limit() -> None:
    for cap, make, head in (
        (4096, client, framed(b"")),
        (100, with_limits(chunk_line=100), framed(b"")),
        (100, server_with_limits(chunk_line=100), POST),
    ):
        for size, taken in ((cap, True), (cap + 1, False), (cap + 500, False)):
            data = head + b"2;" + b"x" * (size - 2) + b"\r\nhi\r\n0\r\n\r\n"
            if taken:
                assert accepted(make, data).body == b"hi"
            else:
                refused(make, data, hint=431)
                refused(make, data[: len(head) + cap + 1], hint=431)
        endless = drive(make(), single_bytes(head + b"2;" + b"x" * 5000))
        assert endless.hint == 431 and endless.fed <= len(head) + cap + 2


@pytest.mark.safety("F11", "M10")
@pytest.mark.deviation("chunk-overhead")
class TestChunkOverhead:
    """The sum over chunks of (size line + 2) less (16 + 2 x length), never below 0, up to 16 KiB."""

    def test_long_extensions_of_short_chunks_are_refused(self) -> None:
        chunk = b"1;" + b"x" * 3998 + b"\r\nX\r\n"
        assert accepted(client, framed(chunk * 4 + b"0\r\n\r\n")).body == b"XXXX"
        outcome = refused(client, framed(chunk * 10 + b"0\r\n\r\n"), hint=431)
        assert len(outcome.body) in (4, 5)

    @pytest.mark.parametrize("cap", [50, 1000])
    def test_the_cap_can_be_set(self, cap: int) -> None:
        def chunk(line: int) -> bytes:
            return b"1;" + b"x" * (line - 2) + b"\r\nX\r\n"

        for make, head in (
            (with_limits(chunk_overhead=cap), framed(b"")),
            (server_with_limits(chunk_overhead=cap), POST),
        ):
            exact = cap + 16 + 2 - 2
            assert accepted(make, head + chunk(exact - 4) + b"0\r\n\r\n").body == b"X"
            refused(make, head + chunk(exact + 4) + b"0\r\n\r\n", hint=431)

    def test_good_chunks_pay_for_bad_ones(self) -> None:
        bad = b"1;" + b"x" * 300 + b"\r\nX\r\n"
        good = b"%x\r\n" % 200 + b"X" * 200 + b"\r\n"
        make = with_limits(chunk_overhead=400)
        assert len(accepted(make, framed((bad + good) * 20 + b"0\r\n\r\n")).body) == 20 * 201
        refused(make, framed(bad * 5 + good * 5), hint=431)

    def test_equal_good_chunks_pay_for_bad_ones_too(self) -> None:
        bad = b"1;" + b"x" * 300 + b"\r\nX\r\n"
        good = b"5\r\nhello\r\n"
        make = with_limits(chunk_overhead=400)
        assert len(accepted(make, framed((bad + good * 20) * 5 + b"0\r\n\r\n")).body) == 5 * 101
        refused(make, framed((bad + good * 2) * 3), hint=431)

    @pytest.mark.parametrize("whole", [True, False])
    def test_equal_chunks_whose_size_lines_cost_a_little_too_much_are_refused(
        self, whole: bool
    ) -> None:
        chunk = b"1;" + b"x" * 18 + b"\r\nX\r\n"  # 6 bytes more than it has free
        stream = framed(chunk * 200)
        connection = client(limits=h11.ParserLimits(chunk_overhead=400))
        read = 0
        with pytest.raises(h11.RemoteProtocolError, match="too much chunk framing"):
            for piece in [stream] if whole else [stream[:1000], stream[1000:]]:
                connection.receive_data(piece)
                if not read:
                    connection.next_event()
                while isinstance(body := connection.receive_body(50), bytes):
                    read += len(body)
        assert 60 <= read < 70

    def test_credit_is_not_saved_up(self) -> None:
        good = b"%x\r\n" % 5000 + b"X" * 5000 + b"\r\n"
        bad = b"1;" + b"x" * 300 + b"\r\nX\r\n"
        refused(with_limits(chunk_overhead=400), framed(good + bad * 3), hint=431)

    def test_endless_extensions_are_refused_soon(self) -> None:
        chunk = b"1;" + b"x" * 4000 + b"\r\nX\r\n"
        outcome = drive(client(), [framed(b""), *[chunk] * 1000])
        assert outcome.hint == 431
        assert outcome.fed < 10 * len(chunk)


@pytest.mark.safety("M10")
def test_many_honest_chunks_of_one_byte_pass() -> None:
    for line in (b"1", b"01", b"0001", b"1;a=b", b"1 ", b"00000001"):
        outcome = drive(client(), [framed((line + b"\r\nX\r\n") * 20_000), b"0\r\n\r\n"])
        assert outcome.error is None
        assert outcome.body == b"X" * 20_000


@pytest.mark.safety("F13", "M9")
@pytest.mark.deviation("informational-limit")
class TestInformationalResponses:
    ONE = b"HTTP/1.1 103 X\r\nLink: y\r\n\r\n"

    def test_32_are_taken_and_33_refused(self) -> None:
        outcome = accepted(client, self.ONE * 32 + OK + b"\r\n")
        assert outcome.kinds == ["InformationalResponse"] * 32 + ["Response"]
        outcome = refused(client, self.ONE * 33, hint=None)
        assert outcome.kinds == ["InformationalResponse"] * 32

    def test_the_cap_can_be_set(self) -> None:
        assert len(accepted(with_limits(informational=2), self.ONE * 2).events) == 2
        refused(with_limits(informational=2), self.ONE * 3, hint=None)

    def test_any_of_them_counts(self) -> None:
        refused(
            with_limits(informational=2),
            b"".join(b"HTTP/1.1 %d X\r\n\r\n" % code for code in (100, 102, 199)),
            hint=None,
        )

    def test_the_next_cycle_counts_anew(self) -> None:
        connection = client(limits=h11.ParserLimits(informational=2))
        for _ in range(3):
            outcome = drive(connection, [self.ONE * 2 + OK + b"Content-Length: 0\r\n\r\n"])
            assert outcome.error is None
            connection.start_next_cycle()
            connection.send(h11.Request(method="GET", target="/", headers=[("Host", "a")]))
            connection.send(h11.EndOfMessage())

    def test_endless_ones_are_refused(self) -> None:
        outcome = drive(client(), [self.ONE] * 1000)
        assert isinstance(outcome.error, h11.RemoteProtocolError)
        assert outcome.fed == 33 * len(self.ONE)


@pytest.mark.deviation("parser-limits")
class TestParserLimits:
    FIELDS = {
        "fields": 512, "status_line": 8192, "trailers": 32768,
        "chunk_line": 4096, "chunk_overhead": 16384, "informational": 32,
    }  # fmt: skip

    def test_defaults(self) -> None:
        limits = h11.ParserLimits()
        assert {name: getattr(limits, name) for name in self.FIELDS} == self.FIELDS

    def test_they_are_given_by_keyword(self) -> None:
        for name in self.FIELDS:
            assert getattr(h11.ParserLimits(**{name: 7}), name) == 7
        with pytest.raises(TypeError):
            h11.ParserLimits(5)
        with pytest.raises(TypeError):
            h11.ParserLimits(other=5)
        with pytest.raises(TypeError):
            h11.Connection(h11.CLIENT, 100, h11.ParserLimits())

    def test_they_are_a_frozen_value(self) -> None:
        limits = h11.ParserLimits(fields=7)
        assert limits == h11.ParserLimits(fields=7) != h11.ParserLimits()
        assert hash(limits) == hash(h11.ParserLimits(fields=7))
        assert limits != 7
        assert "fields=7" in repr(limits)
        for twin in (copy.copy(limits), pickle.loads(pickle.dumps(limits))):
            assert twin == limits
        for name in [*self.FIELDS, "other"]:
            with pytest.raises(AttributeError):
                setattr(limits, name, 1)
        with pytest.raises(AttributeError):
            del limits.fields

    @pytest.mark.parametrize("wrong", [0, -1, 1.5, "5", None, True])
    def test_they_must_be_positive_numbers(self, wrong) -> None:
        for name in self.FIELDS:
            assert h11.ParserLimits(**{name: 1})
            with pytest.raises((TypeError, ValueError)):
                h11.ParserLimits(**{name: wrong})


def test_limit_of_the_head_has_a_documented_default() -> None:
    with pytest.raises(TypeError):
        h11.Connection(h11.CLIENT, limits=5, other=5)
    assert drive(client(), [sized(16 * 1024)]).error is None
