"""What a pool says of itself: `session.statistics()`."""

from __future__ import annotations

import threading

import pytest

import h11client
from h11client import Session
from h11client.testing import Pause, ScriptedNetwork, Unsolicited

URL = "http://a.test/"
HELLO = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


def session_on(*dials, **options):
    session = Session(trust_env=False, **options)
    network = ScriptedNetwork(*dials)
    pool = session._transport_
    pool.clock = pool._lender._clock = session._clock_ = network.clock
    pool._lender.network = network
    return session, network


def numbers(session, *names):
    statistics = session.statistics()
    return [getattr(statistics, name) for name in names]


def test_a_new_session_has_done_nothing():
    session, _ = session_on()
    assert repr(session.statistics()) == (
        "<PoolStatistics open=0 idle=0 busy=0 waiting=0 exchanges=0 dialled=0 repeated=0"
        " waited=0 poisoned_idle=0 expired=0>"
    )


def test_exchanges_and_dials_say_how_often_a_connection_was_used_again():
    session, _ = session_on([HELLO] * 3, [HELLO])
    for _ in range(3):
        session.get(URL)
    assert numbers(session, "exchanges", "dialled", "open", "idle", "busy") == [3, 1, 1, 1, 0]
    with session.get(URL.replace("a.test", "b.test"), stream=True):
        assert numbers(session, "exchanges", "dialled", "open", "idle", "busy") == [3, 2, 2, 1, 1]
    assert numbers(session, "exchanges", "busy") == [4, 0]


@pytest.mark.safety("M2", "F16")
def test_a_connection_that_was_poisoned_while_idle_is_counted():
    session, _ = session_on([HELLO, Unsolicited(HELLO)], [HELLO])
    session.get(URL)
    assert session.get(URL).content == b"hello"
    assert numbers(session, "poisoned_idle", "dialled", "repeated") == [1, 2, 0]


def test_a_request_that_was_sent_once_more_is_counted():
    session, _ = session_on([HELLO, b""], [HELLO])
    session.get(URL)
    session.get(URL)
    assert numbers(session, "repeated", "exchanges", "dialled") == [1, 2, 2]


def test_connections_that_were_idle_for_too_long_are_counted():
    session, network = session_on([HELLO], [HELLO])
    session.get(URL)
    network.clock.advance(61)
    session.get(URL)
    assert numbers(session, "expired", "dialled") == [1, 2]


def test_requests_that_wait_are_counted_while_they_do_and_afterwards():
    session, _ = session_on([HELLO[:-1], HELLO[-1:], HELLO])
    session.limits = h11client.Limits(max_connections=1)
    first = session.get(URL, stream=True)
    waiter = threading.Thread(target=session.get, args=(URL,))
    waiter.start()
    while session.statistics().waiting == 0:
        pass
    assert numbers(session, "waiting", "waited", "busy") == [1, 1, 1]
    assert first.content == b"hello"
    waiter.join(5)
    assert numbers(session, "waiting", "waited", "exchanges", "dialled") == [0, 1, 2, 1]


def test_an_exchange_that_failed_came_to_an_end_too():
    session, _ = session_on([Pause(100)])
    with pytest.raises(h11client.ReadTimeout):
        session.get(URL, timeout=5)
    assert numbers(session, "exchanges", "open") == [1, 0]


def test_a_transport_of_ones_own_has_statistics_of_its_own():
    class Transport:
        def close(self):
            pass

    with Session(transport=Transport()) as session, pytest.raises(AttributeError):
        session.statistics()
