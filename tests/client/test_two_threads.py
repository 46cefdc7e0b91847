"""Where two threads meet, each time at the worst moment, which the test makes.

What one of them does never undoes, hides or halves what the other has done.
"""

from __future__ import annotations

import gc
import os
import threading

import pytest

import h11client
from h11client import Limits, Session, exceptions
from h11client._messages.headers import Headers
from h11client._messages.heads import Block
from h11client._messages.url import parse_url
from h11client._policies import netrc
from h11client._timeouts import Timeout
from h11client._transport import resolving
from h11client._transport.pool import Pool
from h11client._transport.proxy_choice import choose_proxy
from h11client._transport.upgrading import UpgradedStream
from h11client.cookies import RequestsCookieJar
from h11client.testing import MockTransport, ScriptedNetwork

SOON = 0.05  # seconds in which another thread would have done it, if it could


class Others:
    """What other threads do meanwhile: each to its end, or as far as it gets without us."""

    def __init__(self):
        self.threads = []

    def __call__(self, action):
        self.threads.append(threading.Thread(target=action, daemon=True))
        self.threads[-1].start()
        self.threads[-1].join(SOON)

    def finish(self):
        for thread in self.threads:
            thread.join(10)
            assert not thread.is_alive()


@pytest.fixture
def meanwhile():
    others = Others()
    yield others
    others.finish()


class Watched(str):
    """A prefix whose comparison takes as long as something else does."""

    def __ne__(self, other):
        if self.action is not None:
            action, self.action = self.action, None
            action()
        return str.__ne__(self, other)

    __hash__ = str.__hash__
    action = None


# --- settings --------------------------------------------------------------------------------


def test_of_two_transports_that_are_mounted_at_once_none_is_lost(meanwhile):
    session = Session()
    one, other = MockTransport(lambda request: None), MockTransport(lambda request: None)
    prefix = Watched("http://one.test")
    prefix.action = lambda: meanwhile(lambda: session.mount("http://other.test", other))
    session.mount(prefix, one)
    meanwhile.finish()
    assert session.get_adapter("http://one.test/") is one
    assert session.get_adapter("http://other.test/") is other


def test_a_transport_is_mounted_while_another_thread_asks_for_one(meanwhile, monkeypatch):
    session = Session()
    mounted = MockTransport(lambda request: None)
    over = h11client.adapters.HTTPAdapter.over

    def slowly(pool):
        monkeypatch.undo()
        meanwhile(lambda: session.mount("http://a.test", mounted))
        return over(pool)

    monkeypatch.setattr(h11client.adapters.HTTPAdapter, "over", slowly)
    session.get_adapter("http://b.test/")
    meanwhile.finish()
    assert session.get_adapter("http://a.test/") is mounted


@pytest.mark.safety("2k5")
def test_cookies_that_are_assigned_while_another_thread_makes_a_jar_stay(meanwhile, monkeypatch):
    session = Session()
    start = RequestsCookieJar.__init__

    def slowly(jar, *arguments, **options):
        monkeypatch.undo()
        start(jar, *arguments, **options)
        meanwhile(lambda: setattr(session, "cookies", {"a": "b"}))

    monkeypatch.setattr(RequestsCookieJar, "__init__", slowly)
    session.cookies  # noqa: B018  # making one is its effect
    meanwhile.finish()
    assert session.cookies.get_dict() == {"a": "b"}


@pytest.mark.safety("C4")
def test_limits_that_are_assigned_while_another_thread_makes_a_jar_count_for_it(
    meanwhile, monkeypatch
):
    session = Session()
    made = []

    class Slow(RequestsCookieJar):
        @property
        def limits(self):
            return self.__dict__["limits"]

        @limits.setter
        def limits(self, limits):
            self.__dict__["limits"] = limits
            if not made and limits is session.limits:
                made.append(limits)
                meanwhile(lambda: setattr(session, "limits", Limits(cookie=7)))

    monkeypatch.setattr(h11client.cookies, "RequestsCookieJar", Slow)
    jar = session.cookies
    meanwhile.finish()
    assert made
    assert jar.limits.cookie == 7


def test_of_two_ways_to_dial_that_are_set_at_once_none_is_lost(meanwhile):
    class Hosts(dict):
        def items(self):
            meanwhile(lambda: setattr(session, "server_hostname", "b.test"))
            return super().items()

    session = Session()
    session.hosts = Hosts({"a.test": "127.0.0.1"})
    meanwhile.finish()
    assert session.server_hostname == "b.test"
    assert session.hosts == {"a.test": ("127.0.0.1",)}


# --- what is asked for each request ------------------------------------------------------------


@pytest.mark.safety("N1")
def test_another_thread_has_seen_another_netrc_meanwhile(tmp_path, monkeypatch):
    full = tmp_path / "full"
    full.write_text("machine a.test login b password c\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "missing"))
    shared = netrc.Netrc()

    class Slow:
        def entries(self, now):
            found = shared.entries(now)
            if not found and os.environ["NETRC"] != str(full):
                monkeypatch.setenv("NETRC", str(full))
                assert netrc.has_entries()  # says the other thread
            return found

    monkeypatch.setattr(netrc, "_shared", Slow())
    monkeypatch.setattr(netrc, "_seen", (0.0, None, None, False), raising=False)
    assert not netrc.has_entries()
    assert netrc.has_entries()


def test_a_proxy_that_is_taken_away_while_it_is_chosen_is_no_key_error():
    class Vanishing(dict):
        def __contains__(self, key):
            found = super().__contains__(key)
            self.clear()
            return found

    proxies = Vanishing({"http": "http://proxy.test"})
    chosen = choose_proxy(parse_url("http://a.test/"), proxies, None, False)
    assert str(chosen) == "http://proxy.test:80"


@pytest.mark.safety("R18")
def test_a_secret_that_is_taken_away_while_a_block_is_made_is_not_in_it():
    class Changing(Headers):
        def wire_items(self):
            found = super().wire_items()
            self.pop("Authorization", None)
            return found

    block = Block(parse_url("http://a.test/"), Changing({"Authorization": "Bearer secret"}))
    assert block.secret
    assert not block.wire.values_of(b"authorization")


@pytest.mark.safety("X22", "2n2")
def test_a_lookup_that_could_not_begin_is_not_waited_for_by_the_next_one(monkeypatch):
    class Interrupted(threading.Thread):
        def start(self):
            monkeypatch.undo()
            raise KeyboardInterrupt

    monkeypatch.setattr(resolving, "Thread", Interrupted)
    with pytest.raises(KeyboardInterrupt):
        resolving.threaded_resolver("127.0.0.1", 80, 5.0)
    assert resolving.threaded_resolver("127.0.0.1", 80, 5.0) == ["127.0.0.1"]


# --- one body --------------------------------------------------------------------------------


@pytest.mark.safety("4I7")
@pytest.mark.parametrize("coding", ["", "Content-Encoding: gzip\r\n"], ids=["plain", "packed"])
def test_what_another_thread_has_taken_of_a_body_that_came_with_its_head(coding):
    import gzip

    body = gzip.compress(b"hello") if coding else b"hello"
    head = f"HTTP/1.1 200 OK\r\n{coding}Content-Length: {len(body)}\r\n\r\n".encode()
    network = ScriptedNetwork([head + body])
    session = Session(transport=Pool(network=network, clock=network.clock), trust_env=False)

    def take(response, **arguments):
        # A hook that hands the response to another thread, which is quicker.
        assert response._body.read(1000)

    with pytest.raises(exceptions.StreamConsumedError, match="another thread"):
        session.get("http://a.test/", hooks={"response": take})


# --- an upgraded stream ------------------------------------------------------------------------


class Ends:
    """A stream that can be interrupted, and says what was done with it."""

    def __init__(self):
        self.log = []
        self.go = threading.Event()

    def read(self, max_bytes, limit):
        self.log.append("reads")
        assert self.go.wait(10)
        return b"x"

    def interrupt(self):
        self.log.append("interrupt")
        self.go.set()
        threading.Event().wait(SOON)  # in which the reader would close, if it could
        self.log.append("interrupted")

    def close(self):
        self.log.append("close")

    abort = close


@pytest.fixture
def upgraded():
    return UpgradedStream(Ends(), b"", Timeout(), "http://a.test")


@pytest.mark.safety("L5", "2h2")
def test_an_upgraded_stream_is_not_closed_while_another_thread_interrupts_it(upgraded):
    # Its descriptor could be another socket's by then, which would be shut down.
    stream = upgraded._stream
    reader = threading.Thread(target=upgraded.read)
    reader.start()
    while not stream.log:
        pass
    upgraded.close()
    reader.join(10)
    assert stream.log == ["reads", "interrupt", "interrupted", "close"]


@pytest.mark.safety("L5", "2h2")
def test_an_upgraded_stream_that_is_closed_as_its_reader_leaves_is_closed(upgraded, meanwhile):
    stream = upgraded._stream
    stream.go.set()
    turn = upgraded._turn

    class Turn:
        acquire = staticmethod(turn.acquire)

        def release(self):
            upgraded._turn = turn
            meanwhile(upgraded.close)  # which does not get the turn
            turn.release()

    upgraded._turn = Turn()
    assert upgraded.read() == b"x"
    assert "close" in stream.log
    assert upgraded.fileno() == -1


@pytest.mark.safety("X22")
@pytest.mark.parametrize("kind", [UpgradedStream, h11client._transport.lending.Lender])
def test_who_was_interrupted_while_it_was_made_goes_without_a_word(kind):
    kind.__new__(kind)
    gc.collect()  # an error in a finaliser is one of the test
