"""A response that one thread reads and another one closes."""

from __future__ import annotations

import threading
import time

import pytest

import h11client
from h11client import exceptions
from h11client._transport.sockets import SocketStream

SOON = 1.0  # seconds within which a blocked read has to end
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"
UNTIL_CLOSE = b"HTTP/1.1 200 OK\r\n\r\nhello"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@pytest.fixture(params=["http", "https"])
def context(request, ca):
    """What a server gets to speak TLS, or None."""
    return ca.server_context() if request.param == "https" else None


@pytest.fixture
def session(ca):
    with h11client.Session(timeout=20, verify=str(ca.pem)) as session:
        yield session


def starting_with(head):
    """A server that sends the beginning of a response and then nothing more."""

    def script(peer):
        peer.read_head()
        peer.send(head)
        peer.wait_for_end()

    return script


def keep_answering(peer):
    while peer.read_head():
        peer.send(OK)


class Reader(threading.Thread):
    """Reads in a thread of its own and keeps what that raised, and when."""

    def __init__(self, read):
        super().__init__(daemon=True)
        self.read = read
        self.error = None
        self.ended = 0.0
        self.start()

    def run(self):
        try:
            self.read()
        except Exception as error:
            self.error = error
        self.ended = time.monotonic()

    def wait_until_blocked(self, body):
        while not body._turn.locked():
            time.sleep(0.001)
        time.sleep(0.02)  # from the lock into the system call


WAYS = [
    ("content", lambda response: response.content),
    ("read", lambda response: response.read(999_999)),
    ("iter_content", lambda response: list(response.iter_content(10))),
    ("iter_lines", lambda response: list(response.iter_lines())),
    ("iter_raw", lambda response: list(response.iter_raw())),
    ("raw", lambda response: response.raw.read()),
]


@pytest.mark.safety("L5", "4I5", "4I6")
@pytest.mark.parametrize("way", [row[1] for row in WAYS], ids=[row[0] for row in WAYS])
@pytest.mark.parametrize("head", [HEAD, CHUNKED, UNTIL_CLOSE], ids=["length", "chunked", "to EOF"])
def test_a_blocked_read_ends_soon_and_never_as_if_the_body_were_over(
    session, serve, context, head, way
):
    server = serve(starting_with(head), keep_answering, context=context)
    response = session.get(server.url, stream=True)
    reader = Reader(lambda: way(response))
    reader.wait_until_blocked(response._body)
    started = time.monotonic()
    response.close()
    reader.join(SOON)
    assert not reader.is_alive()
    assert reader.ended - started < SOON
    assert isinstance(reader.error, exceptions.IncompleteBody)
    assert "closed by another thread" in str(reader.error)
    assert reader.error.response is response
    assert session._transport_.counts().open == 0
    assert session.get(server.url).content == b"ok"
    assert server.accepted == 2


@pytest.mark.safety("L5")
def test_the_thread_that_closes_leaves_the_descriptor_to_the_one_that_reads(
    session, serve, monkeypatch
):
    server = serve(starting_with(HEAD))
    response = session.get(server.url, stream=True)
    closing_threads = []
    close = SocketStream.close

    def closing(stream):
        closing_threads.append(threading.current_thread())
        close(stream)

    monkeypatch.setattr(SocketStream, "close", closing)
    reader = Reader(lambda: response.content)
    reader.wait_until_blocked(response._body)
    response.close()
    reader.join(SOON)
    assert closing_threads == [reader]


@pytest.mark.safety("L5", "F16")
def test_closing_while_the_body_ends_never_hurts_the_next_exchange(session, serve):
    # The closer and the reader meet at every moment between the last read and the next request.
    server = serve(keep_answering)
    for _ in range(300):
        response = session.get(server.url, stream=True)
        closer = threading.Thread(target=response.close)
        closer.start()
        try:
            assert response.content == b"ok"
        except exceptions.RequestException:
            pass  # it was closed first
        assert session.get(server.url).content == b"ok"
        closer.join()
    counts = session._transport_.counts()
    assert (counts.busy, counts.waiting) == (0, 0)


@pytest.mark.safety("L5")
def test_any_number_of_threads_may_close(session, serve):
    server = serve(starting_with(CHUNKED), keep_answering)
    response = session.get(server.url, stream=True)
    reader = Reader(lambda: response.content)
    reader.wait_until_blocked(response._body)
    closers = [threading.Thread(target=response.close) for _ in range(8)]
    for closer in closers:
        closer.start()
    for closer in closers:
        closer.join(SOON)
    reader.join(SOON)
    assert isinstance(reader.error, exceptions.IncompleteBody)
    assert session._transport_.counts().open == 0
    with pytest.raises(exceptions.IncompleteBody):
        response._body.read(1)


@pytest.mark.safety("L5")
def test_closing_the_session_lets_an_open_response_finish(session, serve):
    go = threading.Event()

    def slow(peer):
        peer.read_head()
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc")
        go.wait(5)
        peer.send(b"def")
        peer.wait_for_end()

    server = serve(slow)
    response = session.get(server.url, stream=True)
    session.close()
    go.set()
    assert response.content == b"abcdef"
    assert session._transport_.counts().open == 0
