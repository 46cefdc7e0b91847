"""Hosts that cannot be reached, with real sockets and real time: a deadline is met within a second.

A black hole is a listening socket whose backlog is full: Linux drops the SYN of whoever comes now, as
a firewall does, and nothing comes back.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator

import pytest

import h11client
from h11client.exceptions import ConnectionError, ConnectTimeout, ProxyError, RequestException
from tests.black_holes import BlackHole
from tests.conftest import Authority
from tests.ports import REFUSED_PORT, bound
from tests.wire.conftest import Peer, Server

HELLO = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
OVERSHOOT = 1.0  # seconds: machines that test are busy


def hello(peer: Peer) -> None:
    """Answers whatever is asked."""
    while peer.read_head():
        peer.send(HELLO)


@contextlib.contextmanager
def lasting(seconds: float, less: float = 0.05) -> Iterator[None]:
    """What is done within takes so long, and hardly longer."""
    started = time.monotonic()
    yield
    took = time.monotonic() - started
    assert seconds - less <= took <= seconds + OVERSHOOT, f"{took:.2f} s, not {seconds} s"


@pytest.fixture
def dig() -> Iterator[Callable[..., BlackHole]]:
    """Makes black holes, which end with the test."""
    holes: list[BlackHole] = []

    def dig(*args: object) -> BlackHole:
        holes.append(BlackHole(*args))  # type: ignore[arg-type]  # as it is called
        return holes[-1]

    yield dig
    for hole in holes:
        hole.close()


def test_a_black_hole_is_one(dig: Callable[..., BlackHole]) -> None:
    with socket.socket() as sock:
        sock.settimeout(0.3)
        with pytest.raises(TimeoutError):
            sock.connect(("127.0.0.1", dig().port))


WAYS = {
    "http": ("http://127.0.0.1:{}/", {}),
    "https": ("https://127.0.0.1:{}/", {"verify": False}),
    "a name": ("http://hole.test:{}/", {}),
    "a forwarding proxy": ("http://origin.test/", {"proxies": {"all": "http://127.0.0.1:{}"}}),
    "a tunnel": ("https://origin.test/", {"proxies": {"all": "http://127.0.0.1:{}"}}),
    "an https proxy": ("https://origin.test/", {"proxies": {"all": "https://127.0.0.1:{}"}}),
    "SOCKS": ("http://origin.test/", {"proxies": {"all": "socks5h://127.0.0.1:{}"}}),
}


@pytest.mark.safety("X21", "2n2", "4I4", "4I5")
@pytest.mark.parametrize("limit", ["connect", "total"])
@pytest.mark.parametrize("way", WAYS)
def test_a_black_hole_costs_the_time_that_it_may(
    way: str, limit: str, dig: Callable[..., BlackHole]
) -> None:
    port = dig().port
    url, options = WAYS[way]
    proxies = {scheme: text.format(port) for scheme, text in options.get("proxies", {}).items()}
    timeout = h11client.Timeout(connect=0.3) if limit == "connect" else h11client.Timeout(total=0.3)
    with (
        h11client.Session(hosts={"hole.test": "127.0.0.1"}, trust_env=False) as session,
        lasting(0.3),
        pytest.raises(ConnectTimeout) as caught,
    ):
        session.post(
            url.format(port),
            data=b"x",
            timeout=timeout,
            proxies=proxies,
            verify=options.get("verify", True),
        )
    assert caught.value.limit == limit
    assert caught.value.nothing_sent


@pytest.mark.safety("X21", "2n2")
def test_a_backlog_that_is_full_for_a_while_only_delays(dig: Callable[..., BlackHole]) -> None:
    hole = dig()

    def make_room() -> None:
        for sock in hole.waiting:
            sock.close()
        hole.accept_all()
        hole.listener.setblocking(True)
        while True:
            sock, _ = hole.listener.accept()
            with sock:
                sock.settimeout(5.0)
                if b"GET " in sock.recv(65536):
                    sock.sendall(HELLO)
                    return

    timer = threading.Timer(0.2, make_room)
    timer.start()
    try:
        with h11client.Session(trust_env=False) as session:
            # The SYN is sent again after a second (RFC 6298 section 2), and then after two more.
            response = session.get(f"http://127.0.0.1:{hole.port}/", timeout=(8, 5))
            assert response.text == "hello"
            assert response.timings.connect > 0.2
    finally:
        timer.join()


MANY = [f"127.0.0.{number}" for number in range(2, 21)]


@pytest.mark.safety("X20", "2n1", "2n2")
def test_the_last_of_twenty_addresses_is_reached_behind_nineteen_black_holes(
    serve: Callable[..., Server], dig: Callable[..., BlackHole]
) -> None:
    server = serve(hello)
    for address in MANY:
        dig(address, server.port)
    hosts = {"many.test": [*MANY, "127.0.0.1"]}
    with h11client.Session(hosts=hosts, trust_env=False) as session, lasting(19 * 0.25):
        response = session.get(f"http://many.test:{server.port}/")  # within the defaults
    assert response.text == "hello"
    assert response.connection_info.peer_address == ("127.0.0.1", server.port)


@pytest.mark.safety("X20", "2n2", "4I4", "4I5")
@pytest.mark.parametrize("how", ["resolver", "hosts"])
def test_twenty_black_holes_share_the_time_to_connect(
    how: str, dig: Callable[..., BlackHole]
) -> None:
    addresses = [*MANY, "127.0.0.1"]
    port = dig("127.0.0.1").port
    for address in MANY:
        dig(address, port)
    options = {"hosts": {"many.test": addresses}}
    if how == "resolver":
        options = {"resolver": lambda host, port, seconds: addresses}  # type: ignore[dict-item]
    with (
        h11client.Session(trust_env=False, **options) as session,  # type: ignore[arg-type]
        lasting(0.6),
        pytest.raises(ConnectTimeout),
    ):
        session.get(f"http://many.test:{port}/", timeout=(0.6, 5))


@pytest.mark.safety("X20", "X21", "2n1", "2n2")
def test_who_refuses_does_not_hold_up_who_answers(
    serve: Callable[..., Server], dig: Callable[..., BlackHole]
) -> None:
    server = serve(hello)
    dig("127.0.0.2", server.port)
    addresses = ["127.0.0.3", "127.0.0.2", "127.0.0.4", "127.0.0.1"]  # two refuse
    with (
        h11client.Session(resolver=lambda *asked: addresses, trust_env=False) as session,
        lasting(0.25),  # for the black hole alone
    ):
        assert session.get(f"http://many.test:{server.port}/").text == "hello"


@pytest.mark.safety("X21", "P3", "X16")
def test_a_proxy_behind_black_holes_is_found_and_one_that_refuses_is_an_error_at_once(
    serve: Callable[..., Server], dig: Callable[..., BlackHole]
) -> None:
    server = serve(hello)
    dig("127.0.0.2", server.port)
    hosts = {"proxy.test": ["127.0.0.2", "127.0.0.1"]}
    with h11client.Session(hosts=hosts, trust_env=False) as session:
        session.proxies = {"all": f"http://proxy.test:{server.port}"}
        with lasting(0.25):
            assert session.get("http://origin.test/").text == "hello"
        session.proxies = {"all": f"http://127.0.0.1:{REFUSED_PORT}"}
        with lasting(0.0), pytest.raises(ProxyError):
            session.get("https://origin.test/")


# --- names -------------------------------------------------------------------------------------


class Hanging:
    """A `getaddrinfo` that blocks in the system, until `answer` is called."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
        self.reader, self.writer = os.pipe()
        self.name = name.encode()
        self.asked = 0
        self.proper = socket.getaddrinfo
        monkeypatch.setattr(socket, "getaddrinfo", self)

    def __call__(self, host: object, port: object, *args: object) -> object:
        if host != self.name:
            return self.proper(host, port, *args)  # type: ignore[arg-type]  # as they came
        self.asked += 1
        os.read(self.reader, 1)  # the interpreter's lock is free meanwhile
        return self.proper(b"127.0.0.1", port, *args)  # type: ignore[arg-type]  # as they came

    def answer(self, times: int) -> None:
        """Lets those who are waiting go on."""
        os.write(self.writer, b"x" * times)

    def close(self) -> None:
        """Ends it."""
        os.close(self.reader)
        os.close(self.writer)


@pytest.fixture
def hanging(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hanging]:
    one = Hanging(monkeypatch, "slow.test")
    yield one
    one.close()


@pytest.mark.safety("X20", "2n2", "4I4")
@pytest.mark.parametrize("limit", ["connect", "total"])
def test_a_name_that_hangs_costs_the_time_that_it_may_with_a_threaded_resolver(
    limit: str, hanging: Hanging, serve: Callable[..., Server]
) -> None:
    server = serve(hello)
    url = f"http://slow.test:{server.port}/"
    timeout = h11client.Timeout(**{limit: 0.3})
    with h11client.Session(resolver=h11client.threaded_resolver, trust_env=False) as session:
        for _ in range(3):
            with lasting(0.3), pytest.raises(ConnectTimeout) as caught:
                session.get(url, timeout=timeout)
            assert caught.value.nothing_sent
        assert hanging.asked == 1  # all three have waited for the same answer
        late = threading.Timer(0.2, hanging.answer, [1])
        late.start()
        assert session.get(url, timeout=10).text == "hello"
        late.join()


@pytest.mark.safety("X20", "2n2", "4I4")
def test_without_one_a_name_that_hangs_cannot_be_given_up_and_is_looked_at_when_it_is_over(
    hanging: Hanging,
) -> None:
    late = threading.Timer(0.8, hanging.answer, [1])
    late.start()
    with (
        h11client.Session(trust_env=False) as session,
        lasting(0.8),
        pytest.raises(ConnectTimeout) as caught,
    ):
        session.get("http://slow.test:1/", timeout=(0.2, 5))
    late.join()
    assert caught.value.limit == "connect"


# --- IPv6 ------------------------------------------------------------------------------------------


def has_ipv6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


class SixServer(Server):
    """The same on ::1 alone: the same port of 127.0.0.1 refuses."""

    def __init__(self, context: object = None) -> None:
        create = socket.create_server
        self.refusing = bound()
        address = ("::1", self.refusing.getsockname()[1])
        try:
            socket.create_server = lambda _: create(address, family=socket.AF_INET6)  # type: ignore[assignment]
            super().__init__((hello,), context)  # type: ignore[arg-type]  # an SSLContext or None
        finally:
            socket.create_server = create

    def stop(self) -> None:
        super().stop()
        self.refusing.close()


if has_ipv6():  # else there is nothing that could be shown

    @pytest.mark.safety("X20", "2n1", "T6")
    @pytest.mark.parametrize("secure", [False, True], ids=["http", "https"])
    @pytest.mark.parametrize(
        "how", ["the address", "hosts", "resolver", "the other family refuses"]
    )
    def test_a_host_that_has_ipv6_alone_is_reached(how: str, secure: bool, ca: Authority) -> None:
        server = SixServer(ca.server_context() if secure else None)
        host = "[::1]" if how == "the address" else "localhost"
        options: dict[str, object] = {"hosts": {"localhost": "::1"}}
        if how == "resolver":
            options = {"resolver": lambda *asked: ["::1"]}
        elif how == "the other family refuses":
            options = {"hosts": {"localhost": ["127.0.0.1", "::1"]}}
        try:
            with h11client.Session(verify=str(ca.pem), trust_env=False, **options) as session:  # type: ignore[arg-type]
                response = session.get(f"http{'s' * secure}://{host}:{server.port}/")
            assert response.text == "hello"
            assert response.connection_info.peer_address[0] == "::1"
        finally:
            server.stop()

    @pytest.mark.safety("X20", "X21", "2n1")
    def test_a_black_hole_of_one_family_is_overtaken_by_the_other(
        serve: Callable[..., Server], dig: Callable[..., BlackHole]
    ) -> None:
        server = serve(hello)
        dig("::1", server.port)
        hosts = {"both.test": ["::1", "127.0.0.1"]}
        with h11client.Session(hosts=hosts, trust_env=False) as session, lasting(0.25):
            assert session.get(f"http://both.test:{server.port}/").text == "hello"

    @pytest.mark.safety("X21", "2n2")
    def test_a_black_hole_of_ipv6_costs_the_time_that_it_may(dig: Callable[..., BlackHole]) -> None:
        with (
            h11client.Session(trust_env=False) as session,
            lasting(0.3),
            pytest.raises(ConnectTimeout),
        ):
            session.get(f"http://[::1]:{dig('::1').port}/", timeout=(0.3, 5))


# --- no descriptors ----------------------------------------------------------------------------------

# Its arguments: the URLs of two servers, the second with TLS, and the certificates to trust.
WITHOUT_DESCRIPTORS = """\
import errno, os, resource, sys
import h11client
from h11client.exceptions import RequestException

plain, secure, pem = sys.argv[1:]
host, port = plain.removeprefix("http://").split(":")

def used():
    return {int(name) for name in os.listdir("/proc/self/fd")} - {max(map(int, os.listdir("/proc/self/fd")))}

def causes(error):
    while error is not None:
        yield error
        yield from getattr(error, "errors", ())
        error = error.__cause__

kept = h11client.Session(trust_env=False, verify=pem)
kept.get(plain); kept.get(secure)  # what is loaded once is loaded, and two connections are kept
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
before = used()
failed = succeeded = told = 0
for url in (plain, secure, f"http://localhost:{port}", "http://no-such-name.invalid/"):
    for spare in range(8):
        # No number above those in use may be given out but `spare` of them.
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(before) + 1 + spare, hard))
        try:
            with h11client.Session(trust_env=False, verify=pem) as session:
                session.get(url, timeout=5, headers={"Connection": "close"})
            succeeded += 1
        except RequestException as error:
            failed += 1
            told += any(getattr(cause, "errno", None) == errno.EMFILE for cause in causes(error))
        # What is kept needs no descriptor.
        assert kept.get(plain).text == kept.get(secure).text == "hello"
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        assert used() == before, (url, spare, used() ^ before)
assert kept.get(plain).connection_info.requests_served > 30
counts = kept._transport_.counts()
assert (counts.busy, counts.waiting) == (0, 0)
print(failed, succeeded, told)
"""


@pytest.mark.safety("X21", "4I5", "4I6", "L1")
def test_a_process_without_descriptors_fails_and_leaks_none(
    serve: Callable[..., Server], ca: Authority
) -> None:
    plain, secure = serve(hello), serve(hello, context=ca.server_context())
    ended = subprocess.run(
        [sys.executable, "-c", WITHOUT_DESCRIPTORS, plain.url, secure.url, str(ca.pem)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
    )
    assert ended.returncode == 0, ended.stdout
    failed, succeeded, told = map(int, ended.stdout.split())
    assert failed >= 10
    assert succeeded >= 15
    assert told >= 2  # that it was EMFILE; of names that are looked up the system says nothing


# The very first request: much of what it needs has still to be imported, and so to be opened.
FIRST_WITHOUT_DESCRIPTORS = """\
import os, resource, sys
import h11client
url, pem, spare = sys.argv[1:]
session = h11client.Session(trust_env=False, verify=pem)
top = max(map(int, os.listdir("/proc/self/fd")))  # the listing's own, which is free again
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (top + int(spare), hard))
try:
    session.get(url, timeout=5)
except h11client.RequestException as error:
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert "Too many open files" in str(error), error
    assert session.get(url, timeout=5).text == "hello"
    print("failed")
"""


@pytest.mark.safety("X21", "L1")
@pytest.mark.parametrize(("secure", "spare"), [(False, 0), (True, 0), (True, 1)])
def test_the_first_request_without_descriptors_is_an_error_and_the_second_goes_well(
    secure: bool, spare: int, serve: Callable[..., Server], ca: Authority
) -> None:
    server = serve(hello, context=ca.server_context() if secure else None)
    ended = subprocess.run(
        [sys.executable, "-c", FIRST_WITHOUT_DESCRIPTORS, server.url, str(ca.pem), str(spare)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
    )
    assert (ended.returncode, ended.stdout) == (0, "failed\n")


@pytest.mark.safety("X21")
def test_nobody_listening_is_an_error_at_once() -> None:
    with h11client.Session(trust_env=False) as session, lasting(0.0):
        with pytest.raises(ConnectionError) as caught:
            session.get(f"http://127.0.0.1:{REFUSED_PORT}/")
        assert isinstance(caught.value.__cause__, ConnectionRefusedError)
        assert isinstance(caught.value, RequestException)
