"""Slots are never lost: not by an interruption between any two lines, not by garbage."""

from __future__ import annotations

import gc
import logging
import threading
from contextlib import suppress

import pytest

import h11client
from h11client import exceptions
from h11client._limits import Limits
from h11client._transport import connection, lending, pool, response_body, slots, whole_body
from h11client._transport.pool import Pool
from h11client._transport.slots import Slots
from h11client.testing import Pause, ScriptedNetwork
from tests.client.interrupting import Hosts, Interrupter, Interruption, Places

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
CLOSING = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\n"
TRACED = {connection, lending, pool, response_body, slots, whole_body}


def fresh(session):
    session.get("http://a.test/")


def reused(session):
    session.get("http://a.test/")
    session.get("http://a.test/")


def of_another_origin(session):
    session.get("http://a.test/")
    session.get("http://b.test/")


def closed_by_the_server(session):
    session.get("http://closing.test/")


def stale(session):
    session.get("http://stale.test/")
    session.get("http://stale.test/")


def uploaded(session):
    session.post("http://a.test/", data=iter([b"ab", b"cd"]))


def waited_for(session):
    session.put("http://waited.test/", data=b"ab", headers={"Expect": "100-continue"})


def refused(session):
    session.get("http://refused.test/")


def streamed(session):
    with session.get("http://chunked.test/", stream=True) as response:
        for _ in response.iter_content(2):
            pass


def closed_early(session):
    session.get("http://parted.test/", stream=True).close()


def closed_far_too_early(session):
    with session.get("http://endless.test/", stream=True) as response:
        response.read(1)


def redirected(session):
    session.get("http://moved.test/")


def closed_when_idle(session):
    session.get("http://a.test/")
    session.close()


def in_vain(session):
    with session.get("http://chunked.test/", stream=True), suppress(exceptions.PoolTimeout):
        session.get("http://a.test/")


def after_another(session):
    with session.get("http://chunked.test/", stream=True) as response:
        closer = threading.Timer(0.001, response.close)
        closer.start()
        try:
            session.get("http://a.test/", timeout=5)
        finally:
            closer.join()


EXCHANGES = [fresh, reused, of_another_origin, closed_by_the_server, stale, uploaded, waited_for]
EXCHANGES += [refused, streamed, closed_early, closed_far_too_early, redirected]
EXCHANGES += [closed_when_idle, in_vain, after_another]
NAMED = {"ids": lambda exchange: exchange.__name__}

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
SCRIPTS = {
    "a.test": [OK] * 9,
    "b.test": [OK] * 9,
    "closing.test": [CLOSING, b"hello"],
    "stale.test": [OK, b""],
    "waited.test": [b"HTTP/1.1 100 Continue\r\n\r\n", OK],
    "refused.test": [b"HTTP/1.1 421 No\r\nContent-Length: 0\r\n\r\n"],
    "chunked.test": [CHUNKED, b"5\r\nhello\r\n", b"0\r\n\r\n"],
    "parted.test": [OK[:-3], OK[-3:]],
    "endless.test": [CHUNKED, b"5\r\nhello\r\n", Pause(9)],
    "moved.test": [
        b"HTTP/1.1 302 Found\r\nLocation: http://a.test/\r\nContent-Length: 2\r\n\r\n",
        b"hi",
    ],
}


def build(network, max_connections=1):
    """A pool of one connection on the network's own clock, and a session over it."""
    transport = Pool(Limits(max_connections=max_connections), network, network.clock)
    return transport, h11client.Session(transport=transport, timeout=0.001, trust_env=False)


# What handlers of signals raise. That of an alarm is an error of the system, by its class.
INTERRUPTIONS = [("line", Interruption), ("call", Interruption), ("call", TimeoutError)]


@pytest.mark.safety("L1", "4I3", "4I5", "4I6", "X22")
@pytest.mark.parametrize(
    ("kind", "error"), INTERRUPTIONS, ids=["before lines", "behind calls", "an alarm behind calls"]
)
@pytest.mark.parametrize("exchange", EXCHANGES, **NAMED)
def test_an_interruption_anywhere_loses_no_slot_and_leaves_no_stream_open(exchange, kind, error):
    interrupted = True
    place = 0
    while interrupted:
        place += 1
        network = Hosts(SCRIPTS)
        transport, session = build(network)
        interrupter = Interrupter(place, TRACED, kind, error)
        interrupted = False
        try:
            with interrupter:
                exchange(session)
        except error as passed:
            interrupted = passed is interrupter.error  # unchanged
        assert interrupted == (interrupter.left <= 0), interrupter.where
        del interrupter.error  # it has all frames that it went through
        if transport.counts().busy:
            gc.collect()  # an error of the system and its connection refer to each other
        counts = transport.counts()
        assert (counts.busy, counts.waiting) == (0, 0), interrupter.where
        assert network.count_open() == counts.idle, interrupter.where
        # The one slot can be had, by another origin than before too.
        assert session.get("http://b.test/").content == b"hello"
        assert session.get("http://a.test/").content == b"hello"
    assert place > 30


class Intruder(Places):
    """Calls `work` at the nth place of the lender, as a finaliser or the handler of a signal may."""

    def __init__(self, at, work):
        super().__init__({lending})
        self.left = at
        self._work = work

    def at_place(self, place):
        self.left -= 1
        if self.left == 0:
            self.left -= 1
            self._work()


def close(session):
    session.close()


def send(session):
    session.get("http://b.test/")


def send_and_close(session):
    send(session)
    session.close()
    assert session.statistics().waiting == 0


@pytest.mark.safety("L1", "L5", "4I6")
@pytest.mark.parametrize("work", [close, send, send_and_close], ids=lambda work: work.__name__)
@pytest.mark.parametrize("exchange", [reused, of_another_origin, stale], **NAMED)
def test_a_session_may_be_used_and_closed_from_anywhere(exchange, work):
    line = 0
    intruded = True
    while intruded:
        line += 1
        transport, session = build(Hosts(SCRIPTS), max_connections=2)
        intruder = Intruder(line, lambda session=session: work(session))
        with intruder:
            exchange(session)
        intruded = intruder.left < 0
        counts = transport.counts()
        assert (counts.busy, counts.waiting, transport._lender._deferred) == (0, 0, False), line
        assert counts.open <= 2
        assert session.get("http://b.test/").content == b"hello"
    assert line > 50


@pytest.mark.safety("L1")
def test_an_exception_of_the_callers_that_has_no_text_loses_no_slot():
    class Wordless(Exception):
        def __str__(self):
            raise RuntimeError("no text")

    def body():
        yield b"a"
        raise Wordless

    transport, session = build(Hosts(SCRIPTS))
    with pytest.raises(Wordless):
        session.post("http://a.test/", data=body())
    assert transport.counts().open == 0


@pytest.mark.safety("R18")
def test_what_the_callers_code_raised_is_not_logged(caplog):
    def body():
        yield b"a"
        raise ValueError("hunter2")

    session = h11client.Session(transport=Pool(network=Hosts(SCRIPTS)))
    with caplog.at_level(logging.DEBUG, logger="h11client"), pytest.raises(ValueError):
        session.post("http://a.test/", data=body())
    assert "failed: ValueError" in caplog.text
    assert "hunter2" not in caplog.text


@pytest.mark.safety("L1")
def test_a_log_handler_that_raises_loses_neither_slot_nor_socket():
    class Handler(logging.Handler):
        def handle(self, record):
            raise RuntimeError(record.getMessage())

    network = ScriptedNetwork([CLOSING + b"hello"], [OK])
    transport, session = build(network)
    logger = logging.getLogger("h11client")
    handler = Handler()
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    try:
        with pytest.raises(RuntimeError, match="opened"):
            session.get("http://a.test/")
    finally:
        logger.removeHandler(handler)
        logger.setLevel(logging.NOTSET)
    gc.collect()
    assert transport.counts().open == 0
    assert session.get("http://a.test/").content == b"hello"


@pytest.mark.safety("L1", "L5")
def test_a_finaliser_of_the_programs_may_close_a_response_while_the_pool_is_locked(monkeypatch):
    class Holder:
        response = None

        def __init__(self):
            self.cycle = self

        def __del__(self):
            self.response.close()

    transport, session = build(Hosts(SCRIPTS))
    session.limits = Limits(max_connections=2)
    part = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhe"
    monkeypatch.setitem(SCRIPTS, "part.test", [part])
    # The holder is older than what it holds, so that its finaliser runs first.
    holder = Holder()
    holder.response = session.get("http://part.test/", stream=True)
    del holder
    take = Slots.take

    def take_while_garbage_is_collected(line, on_loss):
        gc.collect()
        return take(line, on_loss)

    monkeypatch.setattr(Slots, "take", take_while_garbage_is_collected)
    assert session.get("http://a.test/").content == b"hello"
    assert (transport.counts().open, transport.counts().idle) == (1, 1)


def test_a_slot_is_taken_while_somebody_holds_it():
    lost = []
    taken = Slots()
    first, second = taken.take(lost.append), taken.take(lost.append)
    assert len(taken) == 2
    first.give_back()
    first.give_back()
    assert (len(taken), lost) == (1, [])
    del second
    gc.collect()
    assert (len(taken), len(lost)) == (0, 1)
