"""A gzip body that decodes to itself: it is decoded as often as it says, and no more."""

from __future__ import annotations

import functools
import itertools
import zlib
from collections.abc import Callable
from typing import Any

import pytest

import h11client
from h11client._transport.pool import Pool
from h11client.exceptions import ContentDecodingError, ResponseTooLarge
from h11client.testing import Answer, MockTransport, ScriptedNetwork
from tests.client.quine import make_quine

QUINE = functools.cache(make_quine)


def session_of(
    body: bytes, codings: str, byte_by_byte: bool = False, **options: Any
) -> h11client.Session:
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: {codings}\r\nContent-Length: {len(body)}\r\n\r\n"
    network = ScriptedNetwork([head.encode() + body], byte_by_byte=byte_by_byte)
    return h11client.Session(transport=Pool(network=network, clock=network.clock), **options)


def test_the_file_is_what_it_says() -> None:
    quine = QUINE()
    assert len(quine) < 300
    found = quine
    for _ in range(100):
        decoder = zlib.decompressobj(31)
        found = decoder.decompress(found)
        assert decoder.eof
        assert not decoder.unused_data
        assert found == quine


READING: dict[str, Callable[[h11client.Response], bytes]] = {
    "content": lambda response: response.content,
    "iter_content": lambda response: b"".join(response.iter_content(7)),
    "read": lambda response: b"".join(iter(lambda: response.read(10), b"")),
    "raw": lambda response: response.raw.read(decode_content=True),
    "iter_lines": lambda response: b"".join(response.iter_lines(delimiter=b"\xff")),
}


@pytest.mark.safety("B4", "B1", "X14")
@pytest.mark.parametrize("reading", READING)
@pytest.mark.parametrize("byte_by_byte", [False, True], ids=["whole", "byte by byte"])
@pytest.mark.parametrize("depth", [1, 2, 5])
def test_it_is_decoded_as_often_as_it_is_encoded(
    depth: int, byte_by_byte: bool, reading: str
) -> None:
    quine = QUINE()
    with session_of(quine, ", ".join(["gzip"] * depth), byte_by_byte) as session:
        response = session.get("http://a.test/", stream=True)
        found = READING[reading](response)
    assert found == (quine.replace(b"\xff", b"") if reading == "iter_lines" else quine)


@pytest.mark.safety("B4", "B1", "X14")
def test_more_often_than_five_times_it_is_not_even_begun_with() -> None:
    with (
        session_of(QUINE(), ", ".join(["gzip"] * 6)) as session,
        pytest.raises(ContentDecodingError, match="more than 5"),
    ):
        session.get("http://a.test/")


@pytest.mark.safety("B4", "B2", "X14")
@pytest.mark.parametrize("reading", READING)
@pytest.mark.parametrize("depth", [1, 5])
def test_it_counts_for_the_largest_size_once_and_as_it_is_decoded(depth: int, reading: str) -> None:
    codings = ", ".join(["gzip"] * depth)
    size = len(QUINE())
    with session_of(QUINE(), codings, max_response_size=size) as session:
        READING[reading](session.get("http://a.test/", stream=True))
    with (
        session_of(QUINE(), codings, max_response_size=size - 1) as session,
        pytest.raises(ResponseTooLarge),
    ):
        READING[reading](session.get("http://a.test/", stream=True))


@pytest.mark.safety("B4", "B2", "B3", "X14")
def test_it_for_ever_ends_at_the_largest_size() -> None:
    given = itertools.count()

    def handler(request: Any) -> Answer:
        endless = (QUINE() for _ in given)
        return Answer(200, endless, {"Content-Encoding": "gzip, gzip, gzip, gzip, gzip"})

    with (
        h11client.Session(transport=MockTransport(handler), max_response_size=100_000) as session,
        pytest.raises(ResponseTooLarge),
    ):
        session.get("http://a.test/")
    assert next(given) < 10 * 100_000 // len(QUINE())


@pytest.mark.safety("B4", "X14")
@pytest.mark.parametrize("depth", [1, 5])
@pytest.mark.parametrize("position", range(1, 9))
def test_a_wrong_checksum_or_length_of_it_is_an_error(position: int, depth: int) -> None:
    spoilt = bytearray(QUINE())
    spoilt[-position] ^= 1
    with (
        session_of(bytes(spoilt), ", ".join(["gzip"] * depth)) as session,
        pytest.raises(ContentDecodingError),
    ):
        session.get("http://a.test/")
