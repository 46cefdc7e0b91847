"""Real signals in the middle of real requests: handlers that raise, that return, that use the session.

The moments are chosen by a seed, which H11CLIENT_STRESS_SEED changes; H11CLIENT_STRESS_TIMES=n does
n times as much. What exactly they meet depends on the machine: every operation and every line by
itself is in tests/client, in test_interrupted_calls, test_interrupted_reading and test_slots.
"""

from __future__ import annotations

import gc
import os
import queue
import random
import signal
import sys
import threading
import time
from contextlib import ExitStack, closing, contextmanager

import pytest

import h11client
from h11client import Limits, Timeout, exceptions
from tests.black_holes import BlackHole
from tests.wire.conftest import PATIENCE

SEED = int(os.environ.get("H11CLIENT_STRESS_SEED", "20261122"))
TIMES = int(os.environ.get("H11CLIENT_STRESS_TIMES", "1"))
SOON = 1.0  # seconds by which a limit may be passed on a busy machine


@pytest.fixture(autouse=True)
def _forgotten(monkeypatch):
    """What is raised within a finaliser the interpreter shows and forgets; the test run keeps it,
    with all the frames, and connections, that it went through.
    """
    monkeypatch.setattr(sys, "unraisablehook", lambda unraisable: None)


class Alarm(TimeoutError):
    """What a handler raises: an error of the system, by its class."""


class Raising:
    """A handler that raises once, while it is armed."""

    def __init__(self, error):
        self.error = error
        self.armed = False
        self.raised = None

    def __call__(self, number, frame):
        if self.armed:
            self.armed = False
            self.raised = self.error("of a handler")
            raise self.raised


@contextmanager
def handling(number, handler):
    before = signal.signal(number, handler)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(number, before)


class Timer:
    """Has the system send a signal after so many seconds."""

    number = signal.SIGALRM

    def send_after(self, seconds):
        signal.setitimer(signal.ITIMER_REAL, max(seconds, 1e-6))

    def close(self):
        """Nothing: `handling` has done so."""


class Sender:
    """The same by another thread."""

    number = signal.SIGUSR1

    def __init__(self):
        self.receiver = threading.get_ident()
        self.delays = queue.SimpleQueue()
        self.send_after = self.delays.put
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        while (delay := self.delays.get()) is not None:
            time.sleep(delay)
            signal.pthread_kill(self.receiver, self.number)

    def close(self):
        self.delays.put(None)
        self.thread.join()


def content_of(path):
    number = int(path.rpartition("-")[2])
    return path.encode() * (1 if number % 3 else 5000)


def echo(peer):
    """Answers with the path that was asked for, once or often, in one of two framings."""
    while head := peer.read_head():
        if head.startswith(b"POST"):
            length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
            peer.read_body(int(length))
        path = head.split(b" ")[1].decode()
        body = content_of(path)
        if path.endswith("1"):
            peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            peer.send(b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body))
        else:
            peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))


def ask(session, url, rng, nonce):
    """One exchange, whose answer is for this request, and for all of it."""
    path = f"/{nonce}-{rng.randrange(12)}"
    if rng.random() < 0.3:
        response = session.post(url + path, data=b"x" * rng.choice([10, 100_000]))
    else:
        response = session.get(url + path, stream=rng.random() < 0.3)
    assert response.content == content_of(path)


@pytest.fixture(params=["http", "https"])
def url(request, serve, ca):
    return serve(echo, context=ca.server_context() if request.param == "https" else None).url


@pytest.fixture
def make(ca):
    """Makes sessions, which are closed with the test."""
    known = {"verify": str(ca.pem), "timeout": PATIENCE, "trust_env": False}
    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(h11client.Session(**{**known, **options}))


def check_idle(session):
    counts = session._transport_.counts()
    if counts.busy:
        gc.collect()  # an error of the system and its connection refer to each other
        counts = session._transport_.counts()
    assert (counts.busy, counts.waiting) == (0, 0)


# --- handlers that raise ---------------------------------------------------------------------


@pytest.mark.safety("X22", "L1", "4I1", "4I3", "4I5", "4I6", "4I7")
@pytest.mark.parametrize("error", [KeyboardInterrupt, Alarm])
@pytest.mark.parametrize("kind", [Timer, Sender])
def test_handlers_that_raise_at_any_moment(make, url, kind, error):
    rng = random.Random(f"{SEED} {kind.__name__} {error.__name__}")
    session = make(limits=Limits(max_connections=1))
    handler = Raising(error)
    interrupted = 0
    source = kind()
    # Stopped as long as there is somebody to handle what it still sends.
    with handling(source.number, handler), closing(source):
        for nonce in range(300 * TIMES):
            handler.raised = None  # with all frames that it went through
            handler.armed = True
            try:
                source.send_after(rng.random() * 0.001)
                ask(session, url, rng, nonce)
            except error as caught:
                assert caught is handler.raised  # unchanged
                interrupted += 1
            handler.armed = False
            handler.raised = None
            check_idle(session)
            ask(session, url, rng, f"{nonce}-again")
    print(f"seed {SEED}: {interrupted} of {300 * TIMES} interrupted")
    assert interrupted > 20
    gc.collect()  # what was interrupted may be part of a cycle with its error
    session.close()
    assert session._transport_.counts().open == 0


# --- handlers that return ----------------------------------------------------------------------


@contextmanager
def storm(handler, seconds=0.0007):
    """A signal every so many seconds."""
    with handling(signal.SIGALRM, handler):
        signal.setitimer(signal.ITIMER_REAL, seconds, seconds)
        yield


@pytest.mark.safety("X22", "4I1", "4I4")
def test_handlers_that_return_change_nothing(make, url):
    rng = random.Random(SEED)
    session = make()
    seen = []
    with storm(lambda number, frame: seen.append(number)):
        for nonce in range(100 * TIMES):
            ask(session, url, rng, nonce)
    assert len(seen) > 5
    check_idle(session)


def silent(peer):
    peer.read_head()
    peer.wait_for_end()


def half(peer):
    peer.read_head()
    peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nhalf")
    peer.wait_for_end()


def deaf(peer):
    threading.Event().wait(0.3 + SOON)


def wait_for_a_connection(session, serve):
    session.limits = Limits(max_connections=1)
    holder = session.get(serve(half).url, stream=True)
    try:
        with pytest.raises(exceptions.PoolTimeout):
            session.get(serve(silent).url)
    finally:
        holder.close()


def wait_for_a_head(session, serve):
    with pytest.raises(exceptions.ReadTimeout):
        session.get(serve(silent).url)


def wait_for_a_body(session, serve):
    with pytest.raises(exceptions.BodyReadTimeout):
        session.get(serve(half).url)


def wait_for_room(session, serve):
    with pytest.raises(exceptions.WriteTimeout):
        session.post(serve(deaf).url, data=b"x" * 20_000_000)


def wait_for_syn(session, serve):
    with closing(BlackHole()) as hole, pytest.raises(exceptions.ConnectTimeout):
        session.get(f"http://127.0.0.1:{hole.port}/")


WAITS = [wait_for_a_connection, wait_for_a_head, wait_for_a_body, wait_for_room, wait_for_syn]


@pytest.mark.safety("X22", "4I4")
@pytest.mark.parametrize("wait", WAITS, ids=lambda wait: wait.__name__.replace("_", " "))
def test_handlers_that_return_change_no_limit(make, serve, wait):
    # PEP 475: a system call that was interrupted goes on with what is left of its time.
    session = make(timeout=Timeout(0.3, 0.3, 0.3, 0.3))
    seen = []
    started = time.monotonic()
    with storm(lambda number, frame: seen.append(number)):
        wait(session, serve)
    took = time.monotonic() - started
    assert 0.3 <= took < 0.3 + SOON
    assert len(seen) > 5
    check_idle(session)


# --- handlers that use the session --------------------------------------------------------------


class Busy:
    """A handler that does some work, unless it interrupts itself; `done` counts how often."""

    def __init__(self, work):
        self.work = work
        self.done = 0
        self.wrong = []
        self.inside = False

    def __call__(self, number, frame):
        if self.inside:
            return
        self.inside = True
        try:
            self.work()
            self.done += 1
        except Exception as error:
            self.wrong.append(error)
        finally:
            self.inside = False


def ask_in_a_storm(session, url, handler, seconds, times):
    """Requests in whose midst the handler does its work, each `seconds` once more."""
    rng = random.Random(SEED)
    with storm(handler, seconds):
        for nonce in range(times * TIMES):
            ask(session, url, rng, nonce)
    assert handler.wrong == []
    assert handler.done > 2
    check_idle(session)


@pytest.mark.safety("X22", "L1", "4I1", "4I6", "4I7")
@pytest.mark.parametrize("connections", [2, 8])
def test_handlers_that_send_requests_of_their_own(make, url, connections):
    rng = random.Random(SEED + 1)
    session = make(limits=Limits(max_connections=connections))
    handler = Busy(lambda: ask(session, url, rng, "own"))
    ask_in_a_storm(session, url, handler, 0.003, 100)


@pytest.mark.safety("X22", "L5", "4I1", "4I6")
def test_handlers_that_close_the_session(make, url):
    session = make()
    ask_in_a_storm(session, url, Busy(session.close), 0.001, 150)
    session.close()
    assert session._transport_.counts().open == 0


@pytest.mark.safety("X22", "L5", "4I4")
def test_a_handler_that_closes_the_response_which_it_interrupts(make, serve):
    session = make()
    response = session.get(serve(half, echo).url, stream=True)
    handler = Busy(response.close)
    started = time.monotonic()
    with handling(signal.SIGALRM, handler):
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        with pytest.raises(exceptions.IncompleteBody):
            print(response.content)
    assert time.monotonic() - started < SOON
    assert handler.wrong == []
    assert session._transport_.counts().open == 0
