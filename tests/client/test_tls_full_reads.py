"""h11client/_transport/tls.py, `read_full`: the records of as much data as is known to come."""

from __future__ import annotations

import random
import ssl
from collections.abc import Callable
from typing import Any

import pytest

from h11client._timeouts import Limit, LimitExpired
from h11client._transport.tls import TLSStream
from h11client._transport.tls_records import overhead_of
from tests.client.stream_peers import PATIENT, MemoryServer, connected

BLOCK = 65536
MOMENT = Limit(0.02, "read")


class FillingServer(MemoryServer):
    """Gives what is asked for, and notes how much was missing of it when that was not there."""

    def __init__(self, context: ssl.SSLContext) -> None:
        super().__init__(context)
        self.full_reads: list[Limit] = []
        self.missing: list[int] = []

    def read_full(self, size: int, limit: Limit, ahead: int) -> bytes:
        assert 1 <= size <= ahead
        self.full_reads.append(limit)
        data = b""
        try:
            while len(data) < size and (more := self.read(size - len(data), limit)):
                data += more
        except (LimitExpired, OSError):
            if not data:
                raise
        if len(data) < size:
            self.missing.append(size - len(data))
        return data


@pytest.fixture
def connect(ca: Any) -> Callable[..., tuple[FillingServer, TLSStream]]:
    def make(
        version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3, ciphers: str | None = None
    ) -> tuple[FillingServer, TLSStream]:
        context = ca.server_context()
        context.minimum_version = context.maximum_version = version
        if ciphers is not None:
            context.set_ciphers(ciphers)
        server = FillingServer(context)
        stream = connected(server, "127.0.0.1", ca.pem)
        assert not stream.is_readable()  # the tickets
        return server, stream

    return make


def read_all(stream: TLSStream, left: int, block: int = BLOCK) -> list[bytes]:
    """Reads so many bytes, as who knows that they come."""
    pieces = []
    while left:
        size = min(left, block)
        pieces.append(stream.read_full(size, PATIENT, left))
        assert 0 < len(pieces[-1]) <= size
        left -= len(pieces[-1])
    return pieces


V12, V13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
CIPHERS = [
    pytest.param(V13, None, 22, id="1.3"),
    pytest.param(V12, "ECDHE+AESGCM", 29, id="1.2 GCM"),
    pytest.param(V12, "ECDHE+CHACHA20", 21, id="1.2 ChaCha20"),
    pytest.param(V12, "ECDHE+AES128+SHA256", 29, id="1.2 CBC"),
]


@pytest.mark.parametrize("begun", [0, 1, 300, 16384, 40000])
@pytest.mark.parametrize(("version", "ciphers", "overhead"), CIPHERS)
def test_blocks_are_whole_and_nothing_is_waited_for_that_does_not_come(
    connect: Any, version: Any, ciphers: str | None, overhead: int, begun: int
) -> None:
    server, stream = connect(version, ciphers)
    assert overhead_of(stream.tls) == overhead
    data = random.Random(begun).randbytes(begun + 500_000)
    server.send(data)
    head = b""
    while len(head) < begun:
        head += stream.read(begun - len(head), PATIENT)
    pieces = read_all(stream, 500_000)
    assert head + b"".join(pieces) == data
    assert server.missing == []
    if ciphers is None or "SHA256" not in ciphers:  # of which nobody knows how long it pads
        whole = [BLOCK] * (500_000 // BLOCK)
        # What came with the head is in another place of its record.
        assert list(map(len, pieces[1:-1])) == whole[: len(pieces) - 2]
        assert len(pieces) <= len(whole) + 2


@pytest.mark.parametrize("most", [1, 100, 5000, 16384, 50_000])
def test_records_of_any_size_come_whole(connect: Any, most: int) -> None:
    rng = random.Random(most)
    server, stream = connect()
    total = 2000 * min(most, 200)
    data = rng.randbytes(total)
    start = 0
    while start < total:
        size = rng.randint(1, most)
        server.send(data[start : start + size])
        start += size
    assert b"".join(read_all(stream, total, 30_000)) == data
    assert server.missing == []


@pytest.mark.safety("M8")
def test_it_goes_on_with_a_record_that_was_begun(connect: Any) -> None:
    """What OpenSSL has of a record counts, or a part of the next one would be asked for."""
    server, stream = connect()
    data = random.Random(1).randbytes(60_000)
    server.send(data)
    ciphertext = server.outgoing.read()
    server.outgoing.write(ciphertext[:20_000])  # a record and a quarter
    first = stream.read(16384, PATIENT)
    with pytest.raises(LimitExpired):
        stream.read(16384, PATIENT)
    server.outgoing.write(ciphertext[20_000:])
    pieces = read_all(stream, 60_000 - len(first))
    assert first + b"".join(pieces) == data
    assert server.missing == []
    assert len(pieces) == 1


@pytest.mark.safety("M8")
def test_it_goes_on_with_a_record_that_it_has_begun_itself(connect: Any) -> None:
    server, stream = connect()
    data = random.Random(2).randbytes(200_000)
    server.send(data)
    ciphertext = server.outgoing.read()
    server.outgoing.write(ciphertext[:20_000])
    first = stream.read_full(BLOCK, PATIENT, 200_000)
    assert len(first) == 16384 and len(server.missing) == 1
    server.outgoing.write(ciphertext[20_000:])
    pieces = read_all(stream, 200_000 - len(first))
    assert first + b"".join(pieces) == data
    assert len(server.missing) == 1
    assert len(pieces[0]) == BLOCK


@pytest.mark.safety("M8")
def test_what_is_there_does_not_wait_for_long_and_comes_before_what_goes_wrong(
    connect: Any,
) -> None:
    server, stream = connect()
    server.send(bytes(16384))
    ciphertext = server.outgoing.read()
    server.outgoing.write(ciphertext)
    assert stream.read(384, PATIENT) == bytes(384)
    server.full_reads.clear()
    assert stream.read_full(BLOCK, PATIENT, 10**6) == bytes(16000)
    assert server.full_reads == [MOMENT]
    soon = Limit(0.01, "read")  # less than a moment
    server.send(bytes(16384 + 384))
    assert stream.read(384, PATIENT) == bytes(384)
    assert stream.read_full(BLOCK, soon, 10**6) == bytes(16384)
    assert server.full_reads[-1] is soon
    # Nothing is there now: it is waited for as long as may be.
    server.reads.clear()
    with pytest.raises(LimitExpired) as caught:
        stream.read_full(BLOCK, PATIENT, 10**6)
    assert caught.value.limit is PATIENT
    server.send(bytes(10))
    server.failure = ConnectionResetError(104, "reset")
    assert stream.read_full(BLOCK, PATIENT, 10**6) == bytes(10)
    with pytest.raises(ConnectionResetError):
        stream.read_full(BLOCK, PATIENT, 10**6)


class Once(FillingServer):
    """Fails as a socket does: once."""

    def read_full(self, size: int, limit: Limit, ahead: int) -> bytes:
        failure, self.failure = self.failure, None
        if failure is not None:
            raise failure
        return super().read_full(size, limit, ahead)


def once(ca: Any, failure: BaseException) -> TLSStream:
    """A stream whose next read fails behind 16,000 bytes of data."""
    server = Once(ca.server_context())
    stream = connected(server, "127.0.0.1", ca.pem)
    server.send(bytes(16384))
    assert stream.read(384, PATIENT) == bytes(384)
    server.failure = failure  # type: ignore[assignment]  # any
    return stream


def test_what_goes_wrong_behind_data_is_kept_for_the_next_read(ca: Any) -> None:
    stream = once(ca, ConnectionResetError(104, "reset"))
    assert stream.read_full(BLOCK, PATIENT, 10**6) == bytes(16000)
    for _ in range(2):
        with pytest.raises(ConnectionResetError):
            stream.read_full(BLOCK, PATIENT, 10**6)


@pytest.mark.safety("X22")
def test_what_a_handler_raises_passes_also_behind_data(ca: Any) -> None:
    stream = once(ca, TimeoutError("of the program"))
    with pytest.raises(TimeoutError, match="of the program"):
        stream.read_full(BLOCK, PATIENT, 10**6)


@pytest.mark.safety("M15")
@pytest.mark.parametrize("clean", [True, False], ids=["close_notify", "TCP's end"])
def test_an_end_comes_after_the_data_and_is_what_it_is(connect: Any, clean: bool) -> None:
    server, stream = connect()
    server.send(b"half of it")
    if clean:
        server.finish()
    server.cut = True
    assert stream.read_full(BLOCK, PATIENT, BLOCK) == b"half of it"
    for _ in range(2):
        assert stream.read_full(BLOCK, PATIENT, BLOCK) == b""
        assert stream.eof_was_clean is clean


@pytest.mark.safety("M15")
def test_a_forged_record_is_an_error_after_what_came_before_it(connect: Any) -> None:
    server, stream = connect()
    server.send(b"true")
    server.outgoing.write(b"\x17\x03\x03\x00\x20" + bytes(32))
    assert stream.read_full(BLOCK, PATIENT, BLOCK) == b"true"
    for _ in range(2):
        with pytest.raises(ssl.SSLError):
            stream.read_full(BLOCK, PATIENT, BLOCK)


@pytest.mark.safety("M15", "M8")
@pytest.mark.parametrize("before", [b"", b"some"], ids=["alone", "behind some data"])
@pytest.mark.parametrize("how", ["close_notify", "forged record"])
def test_an_end_that_has_come_already_is_not_waited_for(
    connect: Any, how: str, before: bytes
) -> None:
    server, stream = connect()
    server.send(bytes(5000) + before)
    if how == "close_notify":
        server.finish()
    else:
        server.outgoing.write(b"\x17\x03\x03\x00\x20" + bytes(32))
    # The read that got the first block has got this, too, and TCP goes on.
    assert stream.read(5000, PATIENT) == bytes(5000)
    server.full_reads.clear()
    if before:
        assert stream.read_full(BLOCK, PATIENT, BLOCK) == before
    if how == "close_notify":
        assert stream.read_full(BLOCK, PATIENT, BLOCK) == b""
        assert stream.eof_was_clean
    else:
        with pytest.raises(ssl.SSLError):
            stream.read_full(BLOCK, PATIENT, BLOCK)
    assert server.full_reads == []


def test_a_record_without_data_is_passed_over_within_the_limit(connect: Any) -> None:
    server, stream = connect()
    server.object.write(b"x")
    server.outgoing.read()
    # A record that is not whole, and then nothing: what is left of the limit is waited for.
    server.outgoing.write(b"\x17\x03\x03\x40\x00" + bytes(100))
    with pytest.raises(LimitExpired) as caught:
        stream.read_full(BLOCK, PATIENT, BLOCK)
    assert PATIENT.seconds is not None and caught.value.limit.seconds is not None
    assert caught.value.limit.seconds < PATIENT.seconds
    assert caught.value.limit.whole == PATIENT.whole


def test_a_stream_below_that_cannot_wait_for_more_is_read_as_ever(ca: Any) -> None:
    server = MemoryServer(ca.server_context())
    stream = connected(server, "127.0.0.1", ca.pem)
    server.send(bytes(100_000))
    assert b"".join(read_all(stream, 100_000)) == bytes(100_000)


def test_what_was_noticed_while_idle_comes_first(connect: Any) -> None:
    server, stream = connect()
    server.send(b"first")
    assert stream.is_readable()
    server.send(b"second")
    assert stream.read_full(5, PATIENT, 11) == b"first"
    assert stream.read_full(6, PATIENT, 6) == b"second"
    assert server.missing == []
