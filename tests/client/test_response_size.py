"""`max_response_size`: however a body is read, never more than that of it."""

from __future__ import annotations

import gzip
import io
import tracemalloc
import zlib

import pytest

from h11client import ResponseTooLarge, Session, StreamConsumedError
from h11client.testing import ScriptedNetwork
from tests.client.bodies import response_of

BOUND = 1000
JSON = b'["' + b"x" * (BOUND - 4) + b'"]'
GZIP = {"Content-Encoding": "gzip"}


def read_in_pieces(response, size):
    pieces = []
    while piece := response.read(size):
        pieces.append(piece)
    return b"".join(pieces)


def read_into(response):
    buffer = bytearray(300)
    read = b""
    while count := response.readinto(buffer):
        read += buffer[:count]
    return read


def read_raw_into(response):
    buffer = bytearray(300)
    raw = response.raw
    raw.decode_content = True
    read = b""
    while count := raw.readinto(buffer):
        read += buffer[:count]
    return read


WAYS = [
    ("content", lambda response: response.content),
    ("text", lambda response: response.text.encode()),
    ("json", lambda response: b'["%s"]' % response.json()[0].encode()),
    ("read", lambda response: response.read()),
    ("read(n)", lambda response: read_in_pieces(response, 300)),
    ("read(n) of all", lambda response: read_in_pieces(response, 10**6)),
    ("iter_content", lambda response: b"".join(response.iter_content(300))),
    ("iter_content as it comes", lambda response: b"".join(response.iter_content(None))),
    ("iteration", b"".join),
    ("iter_bytes", lambda response: b"".join(response.iter_bytes())),
    ("iter_text", lambda response: "".join(response.iter_text(300)).encode()),
    ("iter_lines", lambda response: b"".join(response.iter_lines())),
    ("raw", lambda response: response.raw.read(decode_content=True)),
    ("raw(n)", lambda response: response.raw.read(10**6, decode_content=True)),
    ("raw.stream", lambda response: b"".join(response.raw.stream(300, decode_content=True))),
    ("readinto", read_into),
    ("raw.readinto", read_raw_into),
]
each_way = pytest.mark.parametrize("way", [row[1] for row in WAYS], ids=[row[0] for row in WAYS])
CODINGS = [
    ("plain", {}, lambda body: body),
    ("gzip", GZIP, gzip.compress),
    (
        "deflate in gzip",
        {"Content-Encoding": "deflate, gzip"},
        lambda body: gzip.compress(zlib.compress(body)),
    ),
]
each_coding = pytest.mark.parametrize(
    ("headers", "encode"), [row[1:] for row in CODINGS], ids=[row[0] for row in CODINGS]
)


def bounded(*pieces, bound=BOUND, **head):
    response = response_of(*pieces, **head)
    response.max_response_size = bound
    return response


@pytest.mark.safety("B2")
@each_way
@each_coding
def test_a_body_of_just_that_size_is_read(way, headers, encode):
    assert way(bounded(encode(JSON), headers=headers)) == JSON


@pytest.mark.safety("B2")
@each_way
@each_coding
def test_one_byte_more_is_too_large(way, headers, encode):
    response = bounded(encode(JSON + b" "), headers=headers)
    with pytest.raises(ResponseTooLarge, match="larger than the 1000 bytes") as caught:
        way(response)
    assert caught.value.response is response
    assert caught.value.request is response.request
    assert response._body.closed == 1


@pytest.mark.safety("B2")
@each_way
def test_a_bomb_costs_no_more_than_the_bound(way):
    bomb = gzip.compress(bytes(20_000_000))
    response = bounded(bomb, headers=GZIP)
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        with pytest.raises(ResponseTooLarge):
            way(response)
        peak = tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()
    assert peak < 160 * 1024  # the decoder's own state is some 50 KiB of it


@pytest.mark.safety("B2")
def test_what_was_decoded_already_does_not_come_after_the_error():
    response = bounded(gzip.compress(JSON * 3), headers=GZIP)
    assert len(response.read(BOUND)) == BOUND
    for _ in range(3):
        with pytest.raises(ResponseTooLarge):
            response.read(1)
    with pytest.raises(ResponseTooLarge):
        response.read()
    with pytest.raises(StreamConsumedError):
        _ = response.content


@pytest.mark.safety("B2")
def test_the_raw_bytes_are_bounded_too():
    response = bounded(b"x" * 2000)
    assert response.raw.read(BOUND) == b"x" * BOUND
    with pytest.raises(ResponseTooLarge):
        response.raw.read(1)
    with pytest.raises(ResponseTooLarge):
        list(bounded(b"x" * 2000).iter_raw())


@pytest.mark.safety("B2", "F18")
def test_a_body_that_announces_too_much_is_not_read_at_all():
    response = bounded(b"x" * 2000, headers={"Content-Length": "2000"})
    with pytest.raises(ResponseTooLarge):
        response.read(1)
    assert response._body.asked == []
    assert response._body.closed == 1


NOT_ANNOUNCED = [
    ("HEAD", {"method": "HEAD"}),
    ("304", {"status": 304}),
]


@pytest.mark.safety("B5")
@pytest.mark.parametrize(
    "head", [row[1] for row in NOT_ANNOUNCED], ids=[row[0] for row in NOT_ANNOUNCED]
)
def test_the_length_of_a_body_that_does_not_come_is_no_matter(head):
    assert bounded(headers={"Content-Length": "2000"}, **head).content == b""


@pytest.mark.safety("B2")
def test_the_length_of_what_is_decoded_is_counted_not_that_of_what_comes():
    incompressible = io.BytesIO(gzip.compress(b"abc")).getvalue()
    headers = {"Content-Encoding": "gzip", "Content-Length": str(len(incompressible))}
    assert bounded(incompressible, headers=headers, bound=3).content == b"abc"


@pytest.mark.safety("B2")
def test_a_bound_of_nothing_lets_empty_bodies_through():
    assert bounded(bound=0).content == b""
    with pytest.raises(ResponseTooLarge):
        _ = bounded(b"x", bound=0).content


def hello(*fields):
    return b"\r\n".join([b"HTTP/1.1 200 OK", *fields, b"", b"hello"])


@pytest.mark.safety("B2", "2c3")
def test_the_sessions_bound_counts_for_every_response_and_closes_the_connection():
    network = ScriptedNetwork([hello(b"Content-Length: 5")], [hello(b"Content-Length: 5")])
    with Session(max_response_size=4) as session:
        session._transport_._lender.network = network
        with pytest.raises(ResponseTooLarge) as caught:
            session.get("http://a.test/")
        assert caught.value.request.url == "http://a.test/"
        assert network.streams[0].closed
        session.max_response_size = None
        assert session.get("http://a.test/").content == b"hello"


@pytest.mark.parametrize(
    ("wrong", "error"), [(True, TypeError), ("1", TypeError), (1.5, TypeError), (-1, ValueError)]
)
def test_a_bound_is_a_number_of_bytes(wrong, error):
    with pytest.raises(error, match="max_response_size"):
        Session(max_response_size=wrong)
