"""h11client/_transport/tls_sessions.py: what is resumed, and what never is."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import trustme

from h11client._timeouts import Deadline, Timeout
from h11client._transport import tls_sessions
from h11client._transport.dial_options import DialOptions
from h11client._transport.network import TLSConfig
from h11client._transport.proxies import Proxy
from h11client._transport.route import Route
from h11client._transport.tls import TLSStream, start_tls
from h11client._transport.tls_sessions import TLSSessions
from h11client.testing import FakeClock
from tests.client.stream_peers import PATIENT, MemoryServer, server_context

BOTH = pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])


class House:
    """One server's keys, the client's sessions, and connections between the two."""

    def __init__(self) -> None:
        self.authority = trustme.CA()
        self.context = server_context(self.authority, "a.test", "b.test")
        self.sessions = TLSSessions()

    def connect(
        self, verify: Any, key: object = "a.test", host: str = "a.test"
    ) -> tuple[TLSStream, MemoryServer]:
        server = MemoryServer(self.context)
        deadline = Deadline(Timeout())
        stream = start_tls(server, TLSConfig(verify), host, deadline, self.sessions, key)
        server.work()
        return stream, server

    def visit(self, verify: Any, key: object = "a.test", host: str = "a.test") -> bool:
        """Connects, has a word, and closes in order; whether the session was resumed."""
        stream, server = self.connect(verify, key, host)
        server.send(b"hello")
        assert stream.read(5, PATIENT) == b"hello"
        assert stream.tls is not None
        assert stream.tls.resumed is bool(server.object.session_reused)
        stream.close()
        return stream.tls.resumed


@pytest.fixture
def house() -> House:
    return House()


@pytest.fixture
def path(house: House) -> Iterator[str]:
    with house.authority.cert_pem.tempfile() as name:
        yield name


@BOTH
def test_the_second_connection_of_a_route_resumes_the_session(
    house: House, path: str, version: Any
) -> None:
    house.context.maximum_version = version
    assert [house.visit(path) for _ in range(4)] == [False, True, True, True]


def test_the_certificate_of_a_resumed_session_is_told(house: House, path: str) -> None:
    house.visit(path)
    stream, _ = house.connect(path)
    assert stream.tls is not None
    assert stream.tls.resumed
    assert stream.tls.certificate is not None
    assert stream.tls.cipher is not None


@BOTH
def test_a_session_is_kept_while_its_connection_is_idle(
    house: House, path: str, version: Any
) -> None:
    house.context.maximum_version = version
    stream, _ = house.connect(path)
    assert not stream.is_readable()
    assert len(house.sessions) == 1
    assert house.visit(path)


@pytest.mark.safety("T4")
def test_a_session_is_never_offered_under_another_key(house: House, path: str) -> None:
    house.visit(path, "a.test", "a.test")
    assert not house.visit(path, "b.test", "b.test")
    assert not house.visit(path, "a.test:8443")
    assert not house.visit(path, None)
    assert house.visit(path, "a.test", "a.test")


@pytest.mark.safety("T4")
def test_a_session_is_never_offered_on_another_route(house: House, path: str) -> None:
    config, other = TLSConfig(path), TLSConfig(path, "own.pem")
    proxies = [
        None,
        Proxy("http://proxy.test"),
        Proxy("http://me:one@proxy.test"),
        Proxy("http://me:two@proxy.test"),
        Proxy("https://proxy.test"),
        Proxy("socks5h://proxy.test"),
    ]
    dials = [None, DialOptions(server_hostname="a.test"), DialOptions(source_address="127.0.0.2")]
    routes = [
        *(Route("https", "a.test", 443, config, None, proxy) for proxy in proxies),
        *(Route("https", "a.test", 443, config, dial) for dial in dials[1:]),
        Route("https", "a.test", 443, other),
        Route("https", "a.test", 8443, config),
        Route("https", "b.test", 443, config),
    ]
    for resumed in (False, True):  # in the second round each has its own
        assert [house.visit(path, route) for route in routes] == [resumed] * len(routes)


@pytest.mark.safety("T4")
def test_a_session_is_never_offered_with_another_trust(house: House, path: str) -> None:
    house.visit(path)
    own = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    own.load_verify_locations(path)
    assert not house.visit(own)
    other = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    other.load_verify_locations(path)
    assert not house.visit(other)


@pytest.mark.safety("T4")
def test_nothing_is_kept_of_connections_that_verified_nothing(house: House, path: str) -> None:
    assert [house.visit(False) for _ in range(2)] == [False, False]
    nameless = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    nameless.check_hostname = False
    nameless.load_verify_locations(path)
    assert [house.visit(nameless) for _ in range(2)] == [False, False]
    assert len(house.sessions) == 0
    assert not house.visit(path)


@pytest.mark.safety("T4", "T5")
@BOTH
def test_nothing_is_kept_of_a_failed_handshake(house: House, path: str, version: Any) -> None:
    house.context.maximum_version = version
    for _ in range(2):
        with pytest.raises(ssl.SSLCertVerificationError):
            house.connect(path, "c.test", "c.test")
    assert len(house.sessions) == 0


@pytest.mark.safety("T4")
def test_a_session_that_failed_to_resume_is_forgotten(house: House, path: str) -> None:
    house.visit(path)

    class Deaf(MemoryServer):
        def work(self) -> None:
            if self.incoming.read():
                self.outgoing.write(b"\x15\x03\x03\x00\x02\x02\x28")  # handshake_failure

    with pytest.raises(ssl.SSLError):
        start_tls(
            Deaf(house.context),
            TLSConfig(path),
            "a.test",
            Deadline(Timeout()),
            house.sessions,
            "a.test",
        )
    assert len(house.sessions) == 0
    assert not house.visit(path)


@pytest.mark.safety("T4")
@pytest.mark.parametrize("probed", [False, True])
@pytest.mark.parametrize("wait_first", [False, True])
def test_a_connection_that_broke_leaves_no_session(
    house: House, path: str, probed: bool, wait_first: bool
) -> None:
    stream, server = house.connect(path)
    server.outgoing.write(b"\x17\x03\x03\x00\x20" + bytes(32))  # no record of this connection
    if probed:
        assert stream.is_readable()
    with pytest.raises(ssl.SSLError):
        stream.read(100, PATIENT, wait_first)
    stream.close()
    assert len(house.sessions) == 0


@pytest.mark.safety("T4")
def test_a_connection_that_broke_behind_its_data_leaves_no_session(house: House, path: str) -> None:
    stream, server = house.connect(path)
    server.send(b"hello")
    server.outgoing.write(b"\x17\x03\x03\x00\x20" + bytes(32))
    assert stream.read(100, PATIENT) == b"hello"
    with pytest.raises(ssl.SSLError):
        stream.read(100, PATIENT)
    stream.close()
    assert len(house.sessions) == 0


def test_an_aborted_connection_keeps_silent(house: House, path: str) -> None:
    stream, _ = house.connect(path)
    stream.abort()
    assert len(house.sessions) == 0


@pytest.mark.safety("L2")
def test_a_session_that_is_taken_is_looked_at_once(
    house: House, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each look costs memory that never comes back."""
    looks: list[object] = []
    hand_out = TLSStream._hand_out_session

    def look(stream: TLSStream) -> None:
        looks.append(stream)
        hand_out(stream)

    monkeypatch.setattr(TLSStream, "_hand_out_session", look)
    assert [house.visit(path) for _ in range(20)] == [False] + 19 * [True]
    assert len(looks) == 1


def test_two_connections_at_once_resume_the_same_session(house: House, path: str) -> None:
    house.visit(path)
    first, _ = house.connect(path)
    second, _ = house.connect(path)
    assert first.tls is not None
    assert second.tls is not None
    assert (first.tls.resumed, second.tls.resumed) == (True, True)


@pytest.mark.safety("T4")
def test_a_session_is_offered_for_ten_minutes(house: House, path: str) -> None:
    clock = FakeClock()
    house.sessions = TLSSessions(clock)
    assert [house.visit(path), house.visit(path)] == [False, True]
    clock.advance(tls_sessions.OFFERED_SECONDS - 1)
    assert house.visit(path)  # which does not make it any younger
    clock.advance(1)
    assert [house.visit(path), house.visit(path)] == [False, True]


@pytest.mark.safety("T4")
def test_a_session_that_the_server_does_not_take_gives_way_to_its_new_one(
    house: House, path: str
) -> None:
    house.visit(path)
    (before,) = house.sessions._kept.values()
    house.context = server_context(house.authority, "a.test")  # with other keys for its tickets
    assert [house.visit(path), house.visit(path)] == [False, True]
    (after,) = house.sessions._kept.values()
    assert after[1] is not before[1]


@pytest.mark.safety("T4")
@pytest.mark.parametrize("probed", [False, True])
def test_a_resumed_connection_that_broke_takes_its_session_along(
    house: House, path: str, probed: bool
) -> None:
    house.visit(path)
    stream, server = house.connect(path)
    assert stream.tls is not None
    assert stream.tls.resumed
    server.outgoing.write(b"\x17\x03\x03\x00\x20" + bytes(32))
    if probed:
        assert stream.is_readable()
    with pytest.raises(ssl.SSLError):
        stream.read(100, PATIENT)
    stream.close()
    assert len(house.sessions) == 0


def test_a_server_without_tickets_is_no_trouble(house: House, path: str) -> None:
    house.context.num_tickets = 0
    assert [house.visit(path) for _ in range(2)] == [False, False]
    assert len(house.sessions) == 0


@pytest.mark.safety("L2")
def test_a_server_without_tickets_is_not_asked_for_one_with_every_request(
    house: House, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.context.num_tickets = 0
    stream, _ = house.connect(path)
    looks: list[object] = []
    monkeypatch.setattr(type(stream), "_hand_out_session", lambda each: looks.append(each))
    for _ in range(10):
        assert not stream.is_readable()
    assert len(looks) == 2
    stream.close()
    assert len(looks) == 3


@pytest.mark.safety("L2")
def test_the_sessions_kept_are_bounded_and_the_oldest_goes_first() -> None:
    sessions: Any = TLSSessions()
    most = tls_sessions._MOST_KEPT
    for number in range(most):
        sessions.put(number, "context", number)
    sessions.put(0, "context", "again")
    sessions.put("one more", "context", "one more")
    assert len(sessions) == most
    assert sessions.find(1, "context") is None
    assert sessions.find(0, "context") == "again"
    assert sessions.find("one more", "context") == "one more"


def test_threads_do_not_get_in_each_others_way() -> None:
    sessions: Any = TLSSessions()
    failures: list[BaseException] = []

    def work(start: int) -> None:
        try:
            for number in range(start, start + 3000):
                sessions.put(number % 500, "context", number)
                sessions.find(number % 7, "context")
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(start,)) for start in range(0, 400, 100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(sessions) <= tls_sessions._MOST_KEPT
