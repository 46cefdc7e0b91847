"""A body that came with its head: its connection is back before anybody reads it."""

from __future__ import annotations

import contextlib

import pytest

from h11client import Limits, Session, exceptions
from h11client._messages.request import prepare_request
from h11client._timeouts import Timeout
from h11client._transport.pool import Pool
from h11client._transport.whole_body import WholeBody
from h11client.testing import ScriptedNetwork

URL = "http://a.test/"
HELLO = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
HEAD, BODY = HELLO[:-5], HELLO[-5:]


def answer(*script, stream=False):
    pool = Pool(Limits(), ScriptedNetwork(list(script)))
    request = prepare_request("GET", URL)
    return pool, pool.send(request, timeout=Timeout(), stream=stream)


def idle(pool):
    counts = pool.counts()
    return counts.open, counts.idle


def test_it_is_read_after_its_connection_was_given_back():
    pool, response = answer(HELLO)
    assert idle(pool) == (1, 1)
    assert response.content == b"hello"
    info = response.connection_info
    assert (info.client_state, info.server_state, info.requests_served) == ("DONE", "DONE", 1)
    assert response.timings.total >= 0


@pytest.mark.parametrize(
    ("script", "stream"),
    [
        ([HELLO], True),
        ([HEAD, BODY], False),
        ([HELLO[:-1], HELLO[-1:]], False),
        ([b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n", b"0\r\n\r\n"], False),
    ],
    ids=["streamed", "behind its head", "in part", "chunked"],
)
def test_all_others_keep_their_connection_until_they_are_read(script, stream):
    pool, response = answer(*script, stream=stream)
    assert idle(pool) == (1, 0)
    assert response.content in (b"hello", b"a")
    assert idle(pool) == (1, 1)


@pytest.mark.safety("4I1", "M1", "F16")
@pytest.mark.parametrize(
    "said",
    [HELLO + b"HTTP/1.1 200 OK\r\n", HELLO.replace(b"OK\r\n", b"OK\r\nConnection: close\r\n")],
    ids=["bytes behind it", "close"],
)
def test_a_connection_that_is_not_to_be_used_again_is_closed_at_once(said):
    pool, response = answer(said)
    assert idle(pool) == (0, 0)
    assert response.content == b"hello"


def test_it_can_be_read_in_pieces():
    _pool, response = answer(HELLO)
    assert list(response.iter_content(2)) == [b"he", b"ll", b"o"]


@pytest.mark.parametrize("read", [0, 2], ids=["unread", "read in part"])
def test_what_was_not_read_when_it_is_closed_cannot_be_read(read):
    _pool, response = answer(HELLO)
    pieces = response.iter_content(2)
    for _ in range(read // 2):
        next(pieces)
    response.close()
    with pytest.raises(exceptions.StreamConsumedError):
        next(pieces)


class Interrupted(WholeBody):
    """Between any two steps of a read another thread does something with it."""

    __slots__ = ("at", "other", "steps")

    def __init__(self, at, other):
        self.at, self.other, self.steps = at, other, 0
        self._data, self._start, self._failure = b"hello", 0, None

    def __getattribute__(self, name):
        if name in ("_data", "_start", "_failure"):
            steps = object.__getattribute__(self, "steps") + 1
            object.__setattr__(self, "steps", steps)
            if steps == object.__getattribute__(self, "at"):
                object.__getattribute__(self, "other")(self)
        return object.__getattribute__(self, name)


def read_to_the_end(body, size):
    found = b""
    while piece := body.read(size):
        found += piece
    return found


@pytest.mark.safety("L5", "4I7")
@pytest.mark.parametrize("size", [2, 100, None], ids=["in pieces", "by a read", "at once"])
@pytest.mark.parametrize("at", range(1, 12))
def test_closed_by_another_thread_at_any_step_its_rest_is_no_end(at, size):
    body = Interrupted(at, WholeBody.close)
    with contextlib.suppress(exceptions.StreamConsumedError):
        found = body.read_rest() if size is None else read_to_the_end(body, size)
        assert found == b"hello"


@pytest.mark.safety("L5", "4I7")
@pytest.mark.parametrize("at", range(1, 7))
def test_of_two_threads_that_want_all_of_it_none_gets_less(at):
    found = []

    def take(body):
        with contextlib.suppress(exceptions.StreamConsumedError):
            found.append(WholeBody.read_rest(body))

    body = Interrupted(at, take)
    take(body)
    assert found
    assert set(found) == {b"hello"}
    assert body.read(10) == b""


def test_a_body_that_was_read_can_be_closed():
    _pool, response = answer(HELLO)
    body = response._body
    assert body.read(100) == b"hello"
    body.close()
    assert body.read(100) == b""


def test_the_end_of_the_call_is_told_once():
    seen = []
    network = ScriptedNetwork([HELLO])
    with Session(transport=Pool(Limits(), network), on_event=seen.append) as session:
        session.get(URL)
        assert [event.name for event in seen].count("end") == 1
