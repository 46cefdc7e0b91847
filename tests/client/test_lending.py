"""Who has which connection: reuse, limits, order of waiting, expiry, and slots that come back."""

from __future__ import annotations

import gc
import logging
import random
import ssl
import threading
import time

import pytest

from h11client import exceptions
from h11client._limits import Limits
from h11client._messages.url import parse_url
from h11client._timeouts import Deadline, LimitExpired, Timeout
from h11client._transport import lending
from h11client._transport.dial_options import DialOptions
from h11client._transport.lending import Lender
from h11client._transport.network import TLSConfig
from h11client._transport.proxies import Proxy
from h11client._transport.route import Route, build_route
from h11client._transport.tickets import Collector, Ticket
from h11client.testing import Dial, FakeClock, ScriptedNetwork, Unsolicited

A = Route("http", "a.test", 80)
B = Route("http", "b.test", 80)
C = Route("http", "c.test", 80)


class House:
    """A lender over a network that answers every dial."""

    def __init__(self, dials=200, **limits):
        self.clock = FakeClock(1000.0)
        scripts = [[] for _ in range(dials)] if isinstance(dials, int) else dials
        self.network = ScriptedNetwork(*scripts, clock=self.clock)
        self.lender = Lender(Limits(**limits), self.network, self.clock)
        self.lent = []

    def take(self, route=A, **timeout):
        connection = self.lender.acquire(route, Deadline(Timeout(**timeout), self.clock))
        self.lent.append(connection)
        return connection

    def give(self, *connections, reusable=True):
        for connection in connections:
            self.lent.remove(connection)
            if not reusable:
                connection.close("by the test")
            self.lender.release(connection, reusable)

    def lose(self, connection):
        """What the finaliser of an unread body does."""
        self.lent.remove(connection)
        connection.stream.abort()
        self.lender.abandon(connection)

    def counts(self):
        counts = self.lender.counts()
        return counts.open, counts.idle, counts.waiting

    def open_streams(self):
        return [stream for stream in self.network.streams if not stream.closed]


@pytest.fixture
def build():
    """Builds houses; what is still lent at the end of the test is given back."""
    houses = []

    def build(*args, **kwargs):
        houses.append(House(*args, **kwargs))
        return houses[-1]

    yield build
    for house in houses:
        house.give(*house.lent[:], reusable=False)


class Waiter(threading.Thread):
    """Takes a connection in a thread of its own; `got` is the connection, or what was raised."""

    def __init__(self, house, route=A, **timeout):
        super().__init__(daemon=True)
        self.house, self.route, self.timeout = house, route, timeout
        self.got = None
        waiting = house.counts()[2]
        self.start()
        give_up = time.monotonic() + 10
        while house.counts()[2] == waiting and self.is_alive() and time.monotonic() < give_up:
            time.sleep(0.0005)

    def run(self):
        try:
            self.got = self.house.take(self.route, **self.timeout)
        except BaseException as error:
            self.got = error

    def finish(self):
        self.join(10)
        assert not self.is_alive()
        return self.got


# --- reuse -----------------------------------------------------------------------------------


def test_a_connection_given_back_is_taken_again(build):
    house = build()
    first = house.take()
    assert house.counts() == (1, 0, 0)
    house.give(first)
    assert house.counts() == (1, 1, 0)
    assert house.take() is first
    assert house.network.dialled == [("a.test", 80)]


def test_the_newest_idle_connection_is_taken_first(build):
    house = build()
    connections = [house.take() for _ in range(3)]
    house.give(*connections)
    assert [house.take() for _ in range(3)] == connections[::-1]


def test_a_busy_connection_is_never_lent_twice(build):
    house = build()
    assert house.take() is not house.take()


@pytest.mark.safety("T1", "M25")
def test_routes_do_not_share_connections(build):
    house = build()
    routes = [
        A,
        B,
        Route("http", "a.test", 81),
        Route("https", "a.test", 80, TLSConfig()),
        Route("https", "a.test", 80, TLSConfig(False)),
    ]
    for route in routes:
        house.give(house.take(route))
    assert len(house.network.dialled) == len(routes)
    for route in routes:
        assert house.take(route).route is route
    assert len(house.network.dialled) == len(routes)


def plain_and_secure():
    """One route for each thing that a dial depends on, and for some of them together."""
    private, other = object(), object()
    proxies = [
        None,
        Proxy("http://proxy.test"),
        Proxy("http://proxy.test:81"),
        Proxy("http://other.test"),
        Proxy("http://me:secret@proxy.test"),
        Proxy("http://me:SECRET@proxy.test"),
        Proxy("http://you:secret@proxy.test"),
        Proxy("http://proxy.test", headers={"X-A": "b"}),
    ]
    dials = [
        DialOptions(source_address="127.0.0.1"),
        DialOptions(source_address="127.0.0.2"),
        DialOptions(uds="/run/a"),
        DialOptions(uds="/run/A"),
    ]
    secure = [
        {"verify": False},
        {"verify": "/ca.pem"},
        {"verify": "/CA.pem"},
        {"verify": ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)},
        {"verify": ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)},
        {"cert": "c.pem"},
        {"cert": ("c.pem", "k.pem")},
        {"log_keys": False},
        {"dial": DialOptions(server_hostname="b.test")},
        {"dial": DialOptions(require_close_notify=False)},
    ]
    always = [
        *({"proxy": proxy} for proxy in proxies),
        *({"dial": dial} for dial in dials),
        {"private_to": private},
        {"private_to": other},
    ]
    urls = ["http://a.test/", "http://a.test:81/", "http://b.test/", "https://a.test/"]
    for text in [*urls, "https://a.test:444/", "https://b.test/"]:
        url = parse_url(text)
        for options in [*always, *(secure if url.scheme == "https" else [])]:
            yield build_route(url, **options)


@pytest.mark.safety("T1", "T2", "T3")
def test_whatever_a_dial_depends_on_keeps_connections_apart(build):
    routes = list(plain_and_secure())
    assert len(routes) == 6 * 14 + 3 * 10
    opened = b"HTTP/1.1 200 OK\r\n\r\n"
    scripts = [[opened] if route.proxy and route.tls else [] for route in routes]
    house = build(scripts, max_connections=1000, max_idle=1000)
    own = {}
    for route in routes:
        own[route] = house.take(route)
        house.give(own[route])
    assert len(own) == len(set(own.values())) == house.counts()[1] == len(routes)
    random.Random(1).shuffle(routes)
    for route in routes:
        assert house.take(route) is own[route]
    assert len(house.network.dialled) == len(routes)


def test_a_connection_given_back_unusable_frees_its_slot(build):
    house = build(max_connections=1)
    house.give(house.take(), reusable=False)
    assert house.counts() == (0, 0, 0)
    assert house.take().served == 0
    assert len(house.network.dialled) == 2


POISON = [
    ("the end", b""),
    ("an answer that nobody asked for", b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"),
    ("a 408", b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n"),
    ("a reset", ConnectionResetError(104, "reset")),
]


@pytest.mark.safety("M2", "2c5", "F16")
@pytest.mark.parametrize("step", [row[1] for row in POISON], ids=[row[0] for row in POISON])
def test_a_connection_on_which_something_waits_is_discarded(build, step):
    house = build([[Unsolicited(step)], []])
    first = house.take()
    house.give(first)
    second = house.take()
    assert second is not first
    assert house.network.streams[0].closed
    assert house.counts() == (1, 0, 0)


@pytest.mark.safety("2c5")
def test_every_dead_connection_is_discarded_until_a_live_one_is_found(build):
    house = build([[], [Unsolicited(b"")], [Unsolicited(b"")]])
    connections = [house.take() for _ in range(3)]
    house.give(*connections)
    assert house.take() is connections[0]
    assert house.counts() == (1, 0, 0)
    assert [stream.closed for stream in house.network.streams] == [False, True, True]


# --- expiry ----------------------------------------------------------------------------------

# id, limits, what the server promised, seconds of idling, still good
AGES = [
    ("young", {}, None, 59.9, True),
    ("old", {}, None, 60.0, False),
    ("promised longer than our limit", {}, 600, 60.0, False),
    ("promised shorter", {}, 5, 3.9, True),
    ("promised shorter, a second before its end", {}, 5, 4.0, False),
    ("promised one second", {}, 1, 0.0, False),
    ("promised nothing", {}, 0, 0.0, False),
    ("our limit changed", {"idle_timeout": 10.0}, None, 10.0, False),
    ("no limit", {"idle_timeout": None}, None, 1e9, True),
    ("no limit of ours but a promise", {"idle_timeout": None}, 5, 4.0, False),
    ("never idle", {"idle_timeout": 0.0}, None, 0.0, False),
]


@pytest.mark.safety("2c5")
@pytest.mark.parametrize(
    ("limits", "promised", "seconds", "good"),
    [row[1:] for row in AGES],
    ids=[row[0] for row in AGES],
)
def test_idle_connections_are_used_up_to_their_age(build, limits, promised, seconds, good):
    house = build(**limits)
    first = house.take()
    first.keep_alive = promised
    house.give(first)
    house.clock.advance(seconds)
    assert (house.take() is first) == good
    assert house.network.streams[0].closed != good
    assert house.counts() == (1, 0, 0)


@pytest.mark.safety("2c5")
def test_a_dial_clears_away_what_has_expired_elsewhere(build):
    house = build()
    house.give(house.take(A), house.take(B))
    house.clock.advance(61)
    house.take(C)
    assert house.counts() == (1, 0, 0)
    assert len(house.open_streams()) == 1


@pytest.mark.safety("2c5")
def test_a_release_clears_away_what_has_expired_behind_it(build):
    house = build()
    old, busy = house.take(), house.take()
    house.give(old)
    house.clock.advance(61)
    house.give(busy)
    assert house.counts() == (1, 1, 0)
    assert house.network.streams[0].closed


# --- limits ----------------------------------------------------------------------------------


@pytest.mark.safety("L2")
def test_no_more_idle_connections_are_kept_than_allowed_and_the_oldest_goes(build):
    house = build(max_idle=2)
    connections = [house.take(route) for route in (A, B, C)]
    for connection in connections:
        house.give(connection)
        house.clock.advance(1)
    assert house.counts() == (2, 2, 0)
    assert [stream.closed for stream in house.network.streams] == [True, False, False]


def test_no_idle_connections_at_all_may_be_kept(build):
    house = build(max_idle=0)
    house.give(house.take())
    assert house.counts() == (0, 0, 0)
    assert not house.open_streams()


def test_a_full_pool_gives_up_the_longest_idle_connection_of_another_route(build):
    house = build(max_connections=2)
    old, new = house.take(A), house.take(B)
    house.give(old)
    house.clock.advance(1)
    house.give(new)
    house.take(C)
    assert house.counts() == (2, 1, 0)
    assert [stream.closed for stream in house.network.streams] == [True, False, False]


def test_a_full_pool_is_a_pool_timeout_with_the_name_of_its_limit(build):
    house = build(max_connections=1)
    house.take()
    with pytest.raises(exceptions.PoolTimeout) as caught:
        house.take(pool=0.01)
    assert caught.value.limit == "pool"
    assert isinstance(caught.value.__cause__, LimitExpired)
    assert "a.test" in str(caught.value)
    assert house.counts() == (1, 0, 0)


def test_the_total_bounds_the_wait_too(build):
    house = build(max_connections=1)
    house.take()
    with pytest.raises(exceptions.PoolTimeout) as caught:
        house.take(pool=50, total=0.01)
    assert caught.value.limit == "total"


def test_a_total_that_has_run_out_before_is_a_pool_timeout_when_there_is_no_slot(build):
    house = build(max_connections=1)
    house.take()
    deadline = Deadline(Timeout(total=1), house.clock)
    house.clock.advance(2)
    with pytest.raises(exceptions.PoolTimeout):
        house.lender.acquire(A, deadline)
    assert house.counts() == (1, 0, 0)


@pytest.mark.safety("2c6")
def test_an_origin_has_a_limit_of_its_own(build):
    house = build(max_per_origin=2)
    house.take(A), house.take(A)
    with pytest.raises(exceptions.PoolTimeout):
        house.take(A, pool=0.01)
    house.take(B)
    assert house.counts() == (3, 0, 0)


def test_without_a_limit_nobody_waits(build):
    house = build(max_connections=None)
    for _ in range(150):
        house.take()
    assert house.counts() == (150, 0, 0)


@pytest.mark.safety("M25", "L1")
def test_a_dial_that_fails_gives_its_slot_back(build):
    house = build([OSError(113, "no route"), Dial([], takes=100.0), []], max_connections=1)
    with pytest.raises(exceptions.ConnectionError):
        house.take()
    with pytest.raises(exceptions.ConnectTimeout):
        house.take()
    assert house.counts() == (0, 0, 0)
    assert house.take() is not None


def test_an_interrupted_dial_gives_its_slot_back(build):
    house = build([KeyboardInterrupt(), []], max_connections=1)
    with pytest.raises(KeyboardInterrupt):
        house.take()
    assert house.counts() == (0, 0, 0)


def test_replacing_a_connection_keeps_its_slot(build):
    house = build(max_connections=1)
    stale = house.take()
    fresh = house.lender.replace(stale, Deadline(Timeout(), house.clock))
    house.lent[:] = [fresh]
    assert fresh is not stale
    assert house.network.streams[0].closed
    assert house.counts() == (1, 0, 0)


def test_a_replacement_that_fails_gives_the_slot_back(build):
    house = build([[], ConnectionRefusedError(111, "refused")], max_connections=1)
    stale = house.take()
    with pytest.raises(exceptions.ConnectionError):
        house.lender.replace(stale, Deadline(Timeout(), house.clock))
    house.lent.clear()
    assert house.counts() == (0, 0, 0)


@pytest.mark.safety("L2")
def test_lines_of_origins_that_are_no_longer_used_are_forgotten(build):
    house = build(2000, max_idle=1)
    for number in range(1000):
        house.give(house.take(Route("http", f"{number}.test", 80)))
    assert len(house.lender._lines) <= 300


# --- waiting ---------------------------------------------------------------------------------


def test_a_waiter_gets_the_connection_that_is_given_back(build):
    house = build(max_connections=1)
    first = house.take()
    waiter = Waiter(house)
    house.give(first)
    assert waiter.finish() is first
    assert house.counts() == (1, 0, 0)


def test_a_waiter_gets_the_slot_of_a_connection_that_is_closed(build):
    house = build(max_connections=1)
    first = house.take()
    waiter = Waiter(house)
    house.give(first, reusable=False)
    assert waiter.finish() is not first
    assert house.counts() == (1, 0, 0)


def test_a_waiter_of_another_route_gets_the_slot_and_the_connection_is_closed(build):
    house = build(max_connections=1)
    first = house.take(A)
    waiter = Waiter(house, B)
    house.give(first)
    assert waiter.finish().route is B
    assert house.network.streams[0].closed
    assert house.counts() == (1, 0, 0)


@pytest.mark.safety("2c6")
def test_who_waits_longest_is_served_first(build):
    house = build(max_connections=1)
    connection = house.take()
    waiters = [Waiter(house) for _ in range(5)]
    for waiter in waiters:
        assert not waiter.got
        house.give(connection)
        assert waiter.finish() is connection
    assert house.counts() == (1, 0, 0)


@pytest.mark.safety("2c6")
def test_waiters_for_a_full_origin_let_others_pass(build):
    house = build(max_connections=3, max_per_origin=1)
    first = house.take(A)
    blocked = Waiter(house, A)
    assert house.take(B).route is B
    third = house.take(C)
    later = Waiter(house, Route("http", "d.test", 80))
    house.give(third, reusable=False)
    assert later.finish().route.host == "d.test"
    assert blocked.is_alive()
    house.give(first)
    assert blocked.finish() is first


def test_a_failed_dial_wakes_the_next_waiter(build):
    house = build([[], ConnectionRefusedError(111, "refused"), []], max_connections=1)
    first = house.take()
    waiters = [Waiter(house), Waiter(house)]
    house.give(first, reusable=False)
    assert isinstance(waiters[0].finish(), exceptions.ConnectionError)
    assert waiters[1].finish().served == 0
    assert house.counts() == (1, 0, 0)


@pytest.mark.safety("L1")
def test_a_waiter_that_gives_up_leaves_the_line(build):
    house = build(max_connections=1)
    first = house.take()
    impatient = Waiter(house, pool=0.05)
    patient = Waiter(house)
    assert isinstance(impatient.finish(), exceptions.PoolTimeout)
    house.give(first)
    assert patient.finish() is first
    assert house.counts() == (1, 0, 0)


@pytest.mark.safety("L1")
@pytest.mark.parametrize("with_connection", [True, False], ids=["a connection", "a slot"])
def test_what_an_interrupted_waiter_was_granted_goes_to_the_next(build, with_connection):
    house = build(max_connections=1)
    first = house.take()
    lender = house.lender

    class Waiting(Ticket):
        def wait(self, seconds):
            house.give(first, reusable=with_connection)
            raise KeyboardInterrupt

    ticket = Waiting(A)
    lender._tickets.append(ticket)
    with pytest.raises(KeyboardInterrupt):
        lender._wait(ticket, Deadline(Timeout(), house.clock))
    assert house.counts() == ((1, 1, 0) if with_connection else (0, 0, 0))


@pytest.mark.safety("L5")
def test_what_an_interrupted_waiter_was_granted_before_the_session_was_closed_is_closed(build):
    house = build(max_connections=1)
    first = house.take()
    lender = house.lender

    class Waiting(Ticket):
        def wait(self, seconds):
            house.give(first)
            lender.close()
            raise KeyboardInterrupt

    ticket = Waiting(A)
    lender._tickets.append(ticket)
    with pytest.raises(KeyboardInterrupt):
        lender._wait(ticket, Deadline(Timeout(), house.clock))
    assert first.stream.closed
    assert house.counts() == (0, 0, 0)


@pytest.mark.safety("X22", "L1", "2c6")
def test_who_interrupts_its_own_waiting_does_not_wait_behind_it(build):
    # Neither would ever be served: the one beneath is, and cannot take what it is given.
    house = build(max_connections=1)
    first = house.take()

    class Waiting(Ticket):
        def wait(self, seconds):
            house.give(house.take(B))  # a signal's handler
            house.give(first)

    ticket = Waiting(A)
    house.lender._tickets.append(ticket)
    house.lender._wait(ticket, Deadline(Timeout(pool=0.01), house.clock))
    assert ticket.connection is first
    assert [stream.closed for stream in house.network.streams] == [False, True]
    assert house.counts() == (1, 0, 0)
    house.lender.release(first, True)


@pytest.mark.safety("L1", "4I6")
def test_what_was_dialled_beside_the_limits_and_replaced_is_not_kept(build):
    house = build(max_connections=1)
    with house.lender._lock:
        beside = house.take()  # as a signal's handler does that interrupts the lender
    house.lent[:] = [house.lender.replace(beside, Deadline(Timeout(), house.clock))]
    assert house.counts() == (0, 0, 0)
    house.give(*house.lent)
    assert house.counts() == (0, 0, 0)
    assert not house.open_streams()


def test_a_grant_at_the_last_moment_is_kept(build):
    house = build(max_connections=1)
    first = house.take()

    class Waiting(Ticket):
        def wait(self, seconds):
            house.give(first)
            return False

    ticket = Waiting(A)
    house.lender._tickets.append(ticket)
    house.lender._wait(ticket, Deadline(Timeout(), house.clock))
    assert ticket.connection is first
    assert house.counts() == (1, 0, 0)
    house.lender.release(first, True)


def test_a_limit_that_is_raised_lets_a_waiter_go_on(build):
    house = build(max_connections=1)
    house.take()
    waiter = Waiter(house)
    house.lender.limits = Limits(max_connections=2)
    house.lender.settle()
    assert waiter.finish().served == 0
    assert house.counts() == (2, 0, 0)


# --- garbage ---------------------------------------------------------------------------------


@pytest.mark.safety("L1")
def test_an_abandoned_slot_is_found_by_the_next_request(build):
    house = build(max_connections=1)
    connection = house.take()
    house.lose(connection)
    assert house.take() is not connection
    assert house.counts() == (1, 0, 0)


@pytest.mark.safety("L1", "2c6")
def test_an_abandoned_slot_wakes_the_oldest_waiter_at_once(build, monkeypatch):
    # Nobody looks by himself; and the connection is still known here, so that it is no garbage.
    monkeypatch.setattr(lending, "FIRST_STEP", 1000.0)
    house = build(max_connections=1)
    connection = house.take()
    waiters = [Waiter(house), Waiter(house)]
    house.lose(connection)
    got = waiters[0].finish()
    assert waiters[1].is_alive()
    house.give(got)
    assert waiters[1].finish() is got


@pytest.mark.safety("L1")
def test_a_slot_may_be_abandoned_while_the_lock_is_held(build):
    # A collection can start within any allocation, the lender's own included.
    house = build(max_connections=2)
    first, second = house.take(), house.take()
    with house.lender._lock:
        house.lose(first)
        house.lose(second)
    assert house.counts() == (0, 0, 0)


def drop_in_a_cycle(house):
    """What a program does that forgets a response it has not read, when that is in a cycle."""

    class Holder:
        def __del__(self):
            house.lose(self.connection)

    holder = Holder()
    holder.cycle, holder.connection = holder, house.lent[-1]


@pytest.mark.safety("L1")
@pytest.mark.parametrize("pool", [0.01, None], ids=["before the timeout", "without a timeout"])
def test_who_waits_for_what_is_garbage_looks_for_it(build, monkeypatch, pool):
    monkeypatch.setattr("h11client._transport.lending.FIRST_STEP", 0.01)
    house = build(max_connections=1)
    house.take()
    drop_in_a_cycle(house)
    house.take(pool=pool)
    assert house.counts() == (1, 0, 0)


def test_garbage_is_looked_for_a_tenth_of_the_time_at_most(monkeypatch):
    clock, collections = FakeClock(), []

    def collect():
        collections.append(clock.now)
        clock.advance(1)

    monkeypatch.setattr(gc, "collect", collect)
    collector = Collector(clock)
    for _ in range(130):
        collector.collect()
        clock.advance(1)
    assert collections == [0, 10, 38, 120]  # the less, the less use it is
    del collections[:]
    clock.advance(10_000)
    for _ in range(30):
        collector.note_success()
        collector.collect()
        clock.advance(1)
    first = collections[0]
    assert [began - first for began in collections] == [0, 10, 20, 30]


def test_a_program_without_collections_gets_none(monkeypatch):
    monkeypatch.setattr(gc, "isenabled", lambda: False)
    monkeypatch.setattr(gc, "collect", None)
    Collector(FakeClock()).collect()


# --- closing ---------------------------------------------------------------------------------


@pytest.mark.safety("L5")
def test_closing_closes_what_is_idle_and_later_what_was_busy(build):
    house = build()
    idle, busy = house.take(), house.take()
    house.give(idle)
    house.lender.close()
    assert house.counts() == (1, 0, 0)
    assert [stream.closed for stream in house.network.streams] == [True, False]
    house.give(busy)
    assert house.counts() == (0, 0, 0)
    assert not house.open_streams()


@pytest.mark.safety("L5")
def test_what_interrupts_the_lender_under_its_lock_closes_when_that_is_left(build):
    house = build()
    idle, busy = house.take(), house.take()
    house.give(idle)
    with house.lender._lock:
        house.lender.close()
        assert not idle.stream.closed  # the close goes on outside
        house.give(busy)
        assert busy.stream.closed
    assert house.counts() == (0, 0, 0)
    assert idle.stream.closed


@pytest.mark.safety("L5")
def test_after_closing_connections_are_kept_as_before(build):
    house = build()
    house.lender.close()
    connection = house.take()
    house.give(connection)
    assert house.take() is connection


@pytest.mark.safety("L5")
def test_waiters_finish_after_closing(build):
    house = build(max_connections=1)
    busy = house.take()
    waiter = Waiter(house)
    house.lender.close()
    house.give(busy)
    assert waiter.finish() is not busy
    assert house.network.streams[0].closed


def test_a_lender_that_becomes_garbage_aborts_what_is_idle(build):
    house = build()
    house.give(house.take(), house.take())
    house.lender.__del__()
    assert all(stream.aborted for stream in house.network.streams)


# --- I/O outside the lock, reasons, threads ---------------------------------------------------


def test_nothing_is_dialled_probed_or_closed_under_the_lock(build):
    house = build(max_connections=3, max_idle=1)
    seen = []

    def watched(name, function):
        def call(*args, **kwargs):
            seen.append(name)
            assert not house.lender.is_inside(), name
            return function(*args, **kwargs)

        return call

    house.network.connect = watched("dial", house.network.connect)
    connections = [house.take(route) for route in (A, A, B)]
    for stream in house.network.streams:
        stream.is_readable = watched("probe", stream.is_readable)
        stream.close = watched("close", stream.close)
    house.give(*connections)
    house.take(B)
    house.lender.close()
    house.take(C)
    assert {"dial", "probe", "close"} <= set(seen)


def test_each_close_and_each_reuse_is_logged_with_its_reason(build, caplog):
    house = build([[Unsolicited(b"")], [], [], []], max_idle=1)
    with caplog.at_level(logging.DEBUG, logger="h11client"):
        house.give(house.take())
        first, second = house.take(), house.take()
        house.give(first)
        house.take()
        house.give(second)
        house.lender.close()
    text = caplog.text
    assert text.count("opened <Connection http://a.test:80") == 3
    assert "reused <Connection http://a.test:80" in text
    assert "while it was idle" in text
    assert "the session was closed" in text


def test_many_threads_never_hold_more_than_the_limit(build):
    house = build(dials=20_000, max_connections=4, max_idle=2)
    lock = threading.Lock()
    held, most, errors = 0, 0, []
    routes = [A, B, C]

    def work(seed):
        nonlocal held, most
        try:
            for number in range(60):
                connection = house.take(routes[(seed + number) % 3])
                with lock:
                    held += 1
                    most = max(most, held)
                with lock:
                    held -= 1
                if number % 5 == 4:
                    house.lose(connection)
                else:
                    house.give(connection, reusable=number % 3 != 0)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not errors
    assert most <= 4
    opened, idle, waiting = house.counts()
    assert opened == idle <= 2
    assert waiting == 0
    assert len(house.open_streams()) == idle
