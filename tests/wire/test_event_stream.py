"""Server-sent events from a server that goes on only when its client has got what it sent."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

import h11client
from h11client import exceptions

HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n"
)


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


@pytest.mark.parametrize("secure", [False, True], ids=["http", "https"])
def test_events_arrive_one_by_one_and_the_next_connection_goes_on_from_the_last(
    serve: Callable[..., Any], ca: Any, secure: bool
) -> None:
    arrived = threading.Semaphore(0)
    asked: list[bytes] = []

    def stream(peer: Any) -> None:
        asked.append(peer.read_head())
        first = 1 if b"Last-Event-ID" not in asked[-1] else 4
        peer.send(HEAD + chunk(b": welcome\nretry: 10\n\n"))
        for number in range(first, first + 3):
            for piece in (b"id: %d\r" % number, b"\ndata: number %d\r\n" % number, b"\r"):
                peer.send(chunk(piece))
            assert arrived.acquire(timeout=20)  # only an event that has arrived makes the next one
        peer.sock.close()  # in the middle of the stream

    server = serve(stream, context=ca.server_context() if secure else None)
    seen = []
    headers: dict[str, str] = {}
    with h11client.Session(timeout=20, verify=str(ca.pem)) as session:
        for _ in range(2):
            with session.get(server.url, stream=True, headers=headers) as response:
                events = response.iter_events()
                with pytest.raises(exceptions.IncompleteBody):
                    for event in events:
                        seen.append((event.id, event.data))
                        arrived.release()
                headers = {"Last-Event-ID": events.last_event_id}
                assert events.retry == 0.01
    assert seen == [(str(number), f"number {number}") for number in range(1, 7)]
    assert b"Last-Event-ID: 3\r\n" in asked[1]


def test_a_stream_that_is_closed_early_gives_its_connection_up(serve: Callable[..., Any]) -> None:
    gone = threading.Event()

    def stream(peer: Any) -> None:
        peer.read_head()
        peer.send(HEAD + chunk(b"data: a\n\n"))
        peer.wait_for_end()
        gone.set()

    server = serve(stream)
    with h11client.Session(timeout=20) as session:
        with session.get(server.url, stream=True) as response:
            for _ in response.iter_events():
                break
        assert gone.wait(20)
        assert session.statistics().open == 0
