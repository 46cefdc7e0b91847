"""Retries on real sockets: what servers receive, how often, and when."""

from __future__ import annotations

import time
from typing import Any

import pytest

import h11client
from h11client import Retry, Timeout, exceptions
from tests.ports import REFUSED_PORT

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
DOWN = b"HTTP/1.1 503 Down\r\nContent-Length: 4\r\n\r\ndown"
FAST = {"backoff": 0.01, "jitter": 0.0}


class Script:
    """Answers the n-th request, over whichever connection, with the n-th step; notes them all."""

    def __init__(self, *steps: Any) -> None:
        self.steps = list(steps)
        self.received: list[bytes] = []

    def __call__(self, peer: Any) -> None:
        while head := peer.read_head():
            length = 4 if b"\r\nContent-Length: 4" in head else 0
            self.received.append(head.split(b" ")[0] + b" " + peer.read_body(length))
            step = self.steps.pop(0)
            if step == "reset":
                return peer.reset()
            peer.send(step)
            if len(step) == 0 or b"half" in step:
                return None


@pytest.fixture
def session() -> Any:
    with h11client.Session(trust_env=False, timeout=10) as session:
        yield session


def test_a_get_is_asked_until_it_is_answered(serve: Any, session: Any) -> None:
    half = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"
    script = Script(b"", "reset", DOWN, half, OK)
    server = serve(script)
    response = session.get(server.url, retries=Retry(4, **FAST))
    assert response.content == b"hello"
    assert script.received == [b"GET "] * 5
    told = [attempt.status or type(attempt.error) for attempt in response.attempts]
    assert told[2:] == [503, exceptions.IncompleteBody, 200]
    assert all(issubclass(kind, exceptions.ConnectionError) for kind in told[:2])
    assert session.statistics().busy == 0


@pytest.mark.safety("4I2")
def test_a_post_whose_fate_is_unknown_is_sent_once(serve: Any, session: Any) -> None:
    script = Script(b"", "reset", DOWN)
    server = serve(script)
    for _ in range(2):
        with pytest.raises(exceptions.ConnectionError):
            session.post(server.url, data=b"once", retries=Retry(4, **FAST))
    assert session.post(server.url, data=b"once", retries=Retry(4, **FAST)).status_code == 503
    assert script.received == [b"POST once"] * 3


def test_a_put_goes_out_again_as_it_is(serve: Any, session: Any, tmp_path: Any) -> None:
    script = Script("reset", DOWN, OK)
    server = serve(script)
    path = tmp_path / "data"
    path.write_bytes(b"not this: this")
    with path.open("rb") as file:
        file.seek(10)
        response = session.put(server.url, data=file, retries=Retry(2, **FAST))
    assert response.content == b"hello"
    assert script.received == [b"PUT this"] * 3


def test_where_nobody_listens_any_method_is_tried_again(session: Any) -> None:
    url = f"http://127.0.0.1:{REFUSED_PORT}/"
    with pytest.raises(exceptions.ConnectionError) as caught:
        session.post(url, data=b"x", retries=Retry(2, **FAST))
    assert len(caught.value.attempts) == 3
    assert caught.value.nothing_sent


@pytest.mark.safety("L3", "D6")
def test_a_server_that_wants_an_hour_does_not_get_it(serve: Any, session: Any) -> None:
    hour = b"HTTP/1.1 429 Slow\r\nRetry-After: 3600\r\nContent-Length: 0\r\n\r\n"
    script = Script(hour, OK, hour)
    server = serve(script)
    started = time.monotonic()
    assert session.get(server.url, retries=Retry(1, max_wait=0.05)).content == b"hello"
    answer = session.get(server.url, retries=Retry(1), timeout=Timeout(total=5))
    assert answer.status_code == 429
    assert time.monotonic() - started < 3
