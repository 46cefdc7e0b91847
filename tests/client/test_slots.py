"""Slots are never lost: not by an interruption between any two lines, not by garbage."""

from __future__ import annotations

import dis
import gc
import linecache
import logging
import sys

import pytest

import h11client
from h11client._limits import Limits
from h11client._transport import connection, lending, pool, response_body, slots
from h11client._transport.pool import Pool
from h11client._transport.slots import Slots
from h11client.testing import Dial, ScriptedNetwork

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
CLOSING = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\n"
POP_EXCEPT = dis.opmap["POP_EXCEPT"]
TRACED = {module.__file__ for module in (connection, lending, pool, response_body, slots)}


class Interruption(KeyboardInterrupt):
    pass


class Interrupter:
    """Raises before the nth line that this thread runs in the modules that handle slots.

    Not where the interpreter never looks for signals: at the end of a `with`, which is the second
    visit of its line, and where an `except` is left.
    """

    def __init__(self, at):
        self.left = at

    def __enter__(self):
        self._before = sys.gettrace()
        sys.settrace(self._enter_function)

    def __exit__(self, *failure):
        sys.settrace(self._before)

    def _enter_function(self, frame, event, arg):
        code = frame.f_code
        # What is raised in a finaliser is shown and forgotten by the interpreter.
        if code.co_filename not in TRACED or code.co_name in ("__del__", "abandon", "__call__"):
            return None
        entered = set()

        def at_line(frame, event, arg):
            if event == "line":
                line = linecache.getline(code.co_filename, frame.f_lineno).lstrip()
                again = frame.f_lineno in entered
                leaving = code.co_code[frame.f_lasti] == POP_EXCEPT
                if leaving or (line.startswith("with ") and again):
                    return at_line
                entered.add(frame.f_lineno)
                self.left -= 1
                if self.left == 0:
                    raise Interruption
            return at_line

        return at_line


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


SCRIPTS = {
    "a.test": [OK] * 9,
    "b.test": [OK] * 9,
    "closing.test": [CLOSING, b"hello"],
    "stale.test": [OK, b""],
}


class Network(ScriptedNetwork):
    """One script for each host; the streams are kept by the connections alone."""

    def connect(self, host, port, deadline, *options):
        self._dials.append(Dial(SCRIPTS[host]))
        stream = super().connect(host, port, deadline, *options)
        self.streams.clear()
        return stream


def build(network, max_connections=1):
    """A pool of one connection on the network's own clock, and a session over it."""
    transport = Pool(Limits(max_connections=max_connections), network, network.clock)
    return transport, h11client.Session(transport=transport, timeout=0.001)


@pytest.mark.safety("L1", "4I6")
@pytest.mark.parametrize(
    "exchange",
    [fresh, reused, of_another_origin, closed_by_the_server, stale, uploaded],
    ids=lambda exchange: exchange.__name__,
)
def test_an_interruption_at_any_line_loses_no_slot(exchange):
    interrupted = True
    line = 0
    while interrupted:
        line += 1
        transport, session = build(Network())
        interrupted = False
        try:
            with Interrupter(line):
                exchange(session)
        except Interruption:
            interrupted = True
        if transport.counts().busy:
            gc.collect()  # an error of the system and its connection refer to each other
        counts = transport.counts()
        assert (counts.busy, counts.waiting) == (0, 0), line
        # The one slot can be had, by another origin than before too.
        assert session.get("http://b.test/").content == b"hello"
        assert session.get("http://a.test/").content == b"hello"
    assert line > 50


class Intruder(Interrupter):
    """Calls `work` before the nth line, as a finaliser or the handler of a signal may."""

    def __init__(self, at, work):
        super().__init__(at)
        self._work = work

    def _enter_function(self, frame, event, arg):
        if frame.f_code.co_filename != lending.__file__:
            return None

        def at_line(frame, event, arg):
            self.left -= event == "line"
            if self.left == 0:
                self.left -= 1
                self._work()
            return at_line

        return at_line


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
@pytest.mark.parametrize(
    "exchange", [reused, of_another_origin, stale], ids=lambda exchange: exchange.__name__
)
def test_a_session_may_be_used_and_closed_from_anywhere(exchange, work):
    line = 0
    intruded = True
    while intruded:
        line += 1
        transport, session = build(Network(), max_connections=2)
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

    transport, session = build(Network())
    with pytest.raises(Wordless):
        session.post("http://a.test/", data=body())
    assert transport.counts().open == 0


@pytest.mark.safety("R18")
def test_what_the_callers_code_raised_is_not_logged(caplog):
    def body():
        yield b"a"
        raise ValueError("hunter2")

    session = h11client.Session(transport=Pool(network=Network()))
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

    transport, session = build(Network())
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
