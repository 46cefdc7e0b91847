"""Answers which say that a request was not looked at: 408, 417 and 421, and when it is sent again."""

from __future__ import annotations

import io

import pytest

from h11client import exceptions
from h11client._limits import Limits
from h11client._messages.request import prepare_request
from h11client._timeouts import Timeout
from h11client._transport.pool import Pool
from h11client.testing import Dial, Pause, ScriptedNetwork, Unsolicited

URL = "http://a.test/"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
GO_ON = b"HTTP/1.1 100 Continue\r\n\r\n"
EXPECT = {"Expect": "100-continue"}
KEY = {"Idempotency-Key": "1"}


def pool_of(*dials, **limits):
    network = ScriptedNetwork(*dials)
    return Pool(Limits(**limits), network, network.clock), network


def send(pool, method="GET", *, timeout=None, **parts):
    return pool.send(prepare_request(method, URL, **parts), timeout=timeout or Timeout())


def counts(pool):
    counts = pool.counts()
    return counts.open, counts.idle, counts.waiting


def answer(status, body=b"", *fields, length=True):
    lines = [b"HTTP/1.1 %d X" % status, *fields]
    if length:
        lines.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join([*lines, b"", body])


class Twice:
    def __iter__(self):
        return iter([b"a", b"b"])


# --- 408 on a reused connection ------------------------------------------------------------------

CHUNKED = b"HTTP/1.1 408 X\r\nTransfer-Encoding: chunked\r\n\r\n"
WHOLE = [
    ("no body", [answer(408)]),
    ("a body", [answer(408, b"too late")]),
    ("close", [answer(408, b"too late", b"Connection: close"), b""]),
    ("a body that comes later", [answer(408, b"late")[:-2], Pause(0.01), b"te"]),
    ("chunked", [CHUNKED + b"4\r\nlate\r\n", b"0\r\nX: y\r\n\r\n"]),
    ("until the end", [b"HTTP/1.0 408 X\r\n\r\nlate", b""]),
    ("byte by byte", [bytes([byte]) for byte in answer(408, b"late")]),
]


@pytest.mark.safety("2d5", "2d4", "4I2")
@pytest.mark.parametrize("steps", [row[1] for row in WHOLE], ids=[row[0] for row in WHOLE])
def test_a_whole_408_on_a_reused_connection_is_an_idle_close_in_words(steps):
    pool, network = pool_of([OK, *steps], [OK])
    send(pool)
    assert send(pool).status_code == 200
    assert network.streams[0].closed
    assert network.streams[0].written == network.streams[1].written * 2
    assert counts(pool) == (1, 1, 0)


@pytest.mark.safety("D5", "4I7")
def test_a_408_that_ends_without_close_notify_is_no_answer():
    pool, _ = pool_of(Dial([OK, b"HTTP/1.1 408 X\r\n\r\npart", b""], ragged_eof=True))
    secure = prepare_request("GET", "https://a.test/")
    pool.send(secure, timeout=Timeout())
    with pytest.raises(exceptions.IncompleteBody, match="close_notify"):
        assert pool.send(secure, timeout=Timeout()).content == b""
    assert counts(pool) == (0, 0, 0)


@pytest.mark.safety("4I7", "L1")
def test_a_408_whose_connection_breaks_is_no_answer():
    pool, network = pool_of([OK, b"HTTP/1.1 408 X\r\n\r\npart", ConnectionResetError(104, "reset")])
    send(pool)
    stream = network.streams[0]
    read = stream.read

    def read_as_sockets_do(*args):
        try:
            return read(*args)
        except ConnectionResetError:
            stream._ended = b""  # an error is told once
            raise

    stream.read = read_as_sockets_do
    with pytest.raises(exceptions.IncompleteBody, match="broke within the body"):
        assert send(pool).content == b""
    assert counts(pool) == (0, 0, 0)


METHODS = [
    ("HEAD", {}, True),
    ("PUT", {"data": b"body"}, True),
    ("PUT", {"data": io.BytesIO(b"body")}, True),
    ("PUT", {"data": Twice()}, True),
    ("DELETE", {}, True),
    ("POST", {"data": b"body", "headers": KEY}, True),
    ("POST", {"data": b"body"}, False),
    ("POST", {}, False),
    ("PATCH", {"data": b"body"}, False),
    ("PUT", {"data": iter([b"a"])}, False),
]


@pytest.mark.safety("2d5", "4I2")
@pytest.mark.parametrize("status", [408, 421])
@pytest.mark.parametrize(("method", "parts", "again"), METHODS)
def test_only_what_may_be_done_twice_is_sent_again(status, method, parts, again):
    said = answer(status, b"" if method == "HEAD" else b"late")
    pool, network = pool_of([OK, said], [OK])
    send(pool)
    if again:
        assert send(pool, method, **parts).status_code == 200
        assert network.streams[0].written.endswith(network.streams[1].written)
    else:
        response = send(pool, method, **parts)
        assert (response.status_code, response.content) == (status, b"late")
    assert len(network.dialled) == 1 + again
    assert counts(pool) == (1, 1, 0)


@pytest.mark.safety("2d5")
def test_a_408_on_a_fresh_connection_is_the_answer():
    pool, network = pool_of([answer(408, b"late")])
    assert send(pool).content == b"late"
    assert len(network.dialled) == 1


@pytest.mark.safety("2d5", "2d1")
def test_a_second_408_is_the_answer():
    pool, network = pool_of([OK, answer(408)], [answer(408, b"late")])
    send(pool)
    response = send(pool)
    assert (response.status_code, response.content) == (408, b"late")
    assert len(network.dialled) == 2


NOT_WHOLE = [
    ("cut off", [answer(408, b"late")[:-1], b""], exceptions.IncompleteBody),
    (
        "reset",
        [answer(408, b"late")[:-1], ConnectionResetError(104, "reset")],
        exceptions.RequestException,
    ),
    ("slow", [answer(408, b"late")[:-1], Pause(1.0), b"e"], None),
    ("behind a 100", [GO_ON + answer(408, b"late")], None),
    ("malformed", [CHUNKED + b"zz\r\n"], exceptions.RequestException),
    ("huge", [answer(408, b"x" * 200_000)], None),
]


@pytest.mark.safety("2d5", "2d4")
@pytest.mark.parametrize(
    ("steps", "error"), [row[1:] for row in NOT_WHOLE], ids=[row[0] for row in NOT_WHOLE]
)
def test_a_408_that_is_not_whole_is_the_answer_with_all_that_came_of_it(steps, error):
    pool, network = pool_of([OK, *steps], drain_bytes=100_000)
    send(pool)
    response = send(pool)
    assert response.status_code == 408
    if error is None:
        assert response.content in (b"late", b"x" * 200_000)
    else:
        with pytest.raises(error):
            response.content  # noqa: B018  # reading it is its effect
    assert len(network.dialled) == 1


# --- 421 -----------------------------------------------------------------------------------------


@pytest.mark.safety("2d5")
@pytest.mark.parametrize("before", [[], [OK]], ids=["fresh", "reused"])
def test_a_421_is_sent_again_over_a_new_connection_once(before):
    pool, network = pool_of([*before, answer(421, b"elsewhere")], [OK])
    for _ in before:
        send(pool)
    assert send(pool).status_code == 200
    assert network.streams[0].closed
    pool, network = pool_of([answer(421)], [answer(421, b"elsewhere")])
    assert send(pool).content == b"elsewhere"
    assert len(network.dialled) == 2
    assert counts(pool) == (1, 1, 0)


@pytest.mark.safety("2d5", "R9")
def test_a_421_whose_body_cannot_be_rewound_any_more_is_the_answer():
    class Once(io.BytesIO):
        def read(self, size=-1):
            data = super().read(size)
            self.seek = self.refuse
            return data

        def refuse(self, *_):
            raise OSError(29, "illegal seek")

    pool, network = pool_of([answer(421, b"elsewhere")])
    request = prepare_request("PUT", URL, data=Once(b"body"))
    assert pool.send(request, timeout=Timeout()).content == b"elsewhere"
    assert len(network.dialled) == 1


@pytest.mark.safety("2d1")
def test_a_stale_connection_and_a_421_are_not_both_made_good():
    pool, network = pool_of([OK, b""], [answer(421, b"elsewhere")])
    send(pool)
    assert send(pool).content == b"elsewhere"
    assert len(network.dialled) == 2


# --- 417 -----------------------------------------------------------------------------------------

REFUSED = answer(417, b"no")


@pytest.mark.safety("F14", "2g2", "X11")
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
@pytest.mark.parametrize("before", [[], [OK]], ids=["fresh", "reused"])
def test_a_417_is_answered_without_the_expectation_once(before, method):
    pool, network = pool_of([*before, REFUSED], [OK])
    for _ in before:
        send(pool)
    request = prepare_request(method, URL, data=iter([b"body"]), headers={**EXPECT, "X": "y"})
    assert pool.send(request, timeout=Timeout()).status_code == 200
    first, second = (stream.written for stream in network.streams)
    assert b"Expect: 100-continue" in first
    assert first.endswith(b"\r\n\r\n")
    assert b"xpect" not in second
    assert b"X: y\r\n" in second
    assert second.endswith(b"\r\n\r\n4\r\nbody\r\n0\r\n\r\n")
    assert request.headers["Expect"] == "100-continue"  # the caller's request stays as it was
    assert network.streams[0].closed
    assert counts(pool) == (1, 1, 0)


@pytest.mark.safety("2g2")
def test_a_second_417_is_the_answer():
    pool, network = pool_of([REFUSED], [REFUSED])
    response = send(pool, "POST", data=b"body", headers=EXPECT)
    assert (response.status_code, response.content) == (417, b"no")
    assert len(network.dialled) == 2


@pytest.mark.safety("2g2")
def test_a_417_to_a_request_that_expects_nothing_is_the_answer():
    pool, network = pool_of([REFUSED, REFUSED])
    assert send(pool, "POST", data=b"body").content == b"no"
    assert send(pool, headers=EXPECT).content == b"no"
    assert len(network.dialled) == 1


LATE = [
    ("bytes", lambda: b"x" * 100_000, True),
    ("a file", lambda: io.BytesIO(b"x" * 100_000), True),
    ("an iterator", lambda: iter([b"x" * 50_000] * 2), False),
]


@pytest.mark.safety("2g2", "X11")
@pytest.mark.parametrize(("make", "again"), [row[1:] for row in LATE], ids=[row[0] for row in LATE])
def test_a_417_after_the_body_was_begun_needs_a_body_that_can_be_sent_again(make, again):
    late = Dial([GO_ON, Unsolicited(REFUSED, after=30_000)], stalls_after=30_000)
    pool, network = pool_of(late, [OK])
    response = send(pool, "POST", data=make(), headers=EXPECT)
    assert (response.status_code, response.content) == ((200, b"") if again else (417, b"no"))
    assert len(network.dialled) == 1 + again
    if again:
        assert network.streams[1].written.endswith(b"x" * 100_000)
    assert network.streams[0].closed


def test_a_replacement_that_cannot_be_dialled_frees_its_slot():
    pool, _network = pool_of([answer(421)], ConnectionRefusedError(111, "refused"))
    with pytest.raises(exceptions.ConnectionError):
        send(pool)
    assert counts(pool) == (0, 0, 0)
