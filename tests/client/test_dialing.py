"""h11client/_transport/dialing.py: resolving names, and the race of the addresses."""

from __future__ import annotations

import errno
import itertools
import select
import socket
from collections.abc import Iterator
from contextlib import closing
from types import SimpleNamespace
from typing import Any

import pytest

from h11client._timeouts import Deadline, LimitExpired, Timeout
from h11client._transport import dialing
from h11client._transport.dialing import dial, resolve
from h11client._transport.network import ConnectFailed
from h11client._transport.sockets import SocketNetwork
from h11client.testing import FakeClock
from tests.black_holes import BlackHole
from tests.client.stream_peers import listen
from tests.ports import REFUSED_PORT, free_port

V4, V6 = socket.AF_INET, socket.AF_INET6


def never(*args: object) -> Any:
    raise AssertionError("the resolver was asked")


def answers(*rows: tuple[int, tuple[Any, ...]]) -> Any:
    """A getaddrinfo that knows these addresses."""

    def getaddrinfo(host: object, port: int, *more: object) -> list[Any]:
        assert isinstance(host, bytes)
        return [(family, socket.SOCK_STREAM, 6, "", address) for family, address in rows]

    return getaddrinfo


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", (V4, ("127.0.0.1", 80))),
        ("255.255.255.255", (V4, ("255.255.255.255", 80))),
        ("::1", (V6, ("::1", 80, 0, 0))),
        ("2001:db8::1", (V6, ("2001:db8::1", 80, 0, 0))),
    ],
)
def test_numeric_hosts_never_reach_the_resolver(
    host: str, expected: tuple[int, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", never)
    assert resolve(host, 80) == [expected]


def test_a_zone_becomes_a_scope_without_asking_the_resolver() -> None:
    name = socket.if_indextoname(1)
    ((family, address),) = resolve(f"fe80::1%{name}", 80)
    assert family == V6
    assert address[3] == 1


@pytest.mark.safety("2n1")
@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param("6 6 6 4 4", "6 4 6 4 6", id="six first"),
        pytest.param("4 4 6", "4 6 4", id="four first"),
        pytest.param("4 4 4", "4 4 4", id="one family"),
        pytest.param("6 4 4 4", "6 4 4 4", id="one of six"),
    ],
)
def test_families_take_turns_beginning_with_the_preferred_one(
    given: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    families = {"4": V4, "6": V6}
    rows = [(families[one], (f"{number}", 80)) for number, one in enumerate(given.split())]
    monkeypatch.setattr(socket, "getaddrinfo", answers(*rows, *rows))
    found = resolve("a.test", 80)
    assert [family for family, _ in found] == [families[one] for one in expected.split()]
    assert sorted(address for _, address in found) == sorted(address for _, address in rows)
    for family in (V4, V6):  # and the resolver's own order within each (RFC 6724)
        hosts = [address[0] for one, address in found if one == family]
        assert hosts == sorted(hosts)


def test_a_name_without_addresses_is_an_error_of_resolution(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", answers())
    with pytest.raises(socket.gaierror):
        resolve("a.test", 80)


@pytest.mark.safety("X20")
def test_an_unknown_name_is_an_error_of_resolution() -> None:
    with pytest.raises(socket.gaierror):
        resolve("no-such-name.invalid", 80)


@pytest.mark.safety("2n2")
def test_the_deadline_is_looked_at_right_after_the_resolver(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = FakeClock()

    def slow(*args: object) -> Any:
        clock.advance(11)
        return [(V4, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 1))]

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    monkeypatch.setattr(socket, "socket", never)
    with pytest.raises(LimitExpired) as caught:
        SocketNetwork().connect("a.test", 80, Deadline(Timeout(connect=10), clock))
    assert caught.value.limit.name == "connect"


@pytest.fixture(params=["poll", "select"])
def any_poller(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "select":
        monkeypatch.delattr(select, "poll")


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with listen() as one:
        yield one


@pytest.fixture
def blackhole() -> Iterator[tuple[int, tuple[str, int]]]:
    """An address which answers no SYN: its backlog is full."""
    with closing(BlackHole()) as hole:
        yield V4, hole.listener.getsockname()


def refused() -> tuple[int, tuple[str, int]]:
    return V4, ("127.0.0.1", REFUSED_PORT)


def started(timeout: Timeout | None = None, clock: Any = None) -> Deadline:
    timeout = Timeout() if timeout is None else timeout
    deadline = Deadline(timeout) if clock is None else Deadline(timeout, clock)
    deadline.start_connect()
    return deadline


@pytest.mark.usefixtures("any_poller")
def test_the_socket_is_connected_non_blocking_and_sends_small_segments_at_once(
    listener: socket.socket,
) -> None:
    with dial([(V4, listener.getsockname())], started()) as sock:
        assert sock.getpeername() == listener.getsockname()
        assert sock.gettimeout() == 0
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


@pytest.mark.safety("2n2")
@pytest.mark.usefixtures("any_poller")
def test_a_refused_address_moves_on_at_once(listener: socket.socket) -> None:
    clock = FakeClock()  # does not move: 250 ms are never over
    addresses = [refused(), refused(), (V4, listener.getsockname())]
    with dial(addresses, started(clock=clock)) as sock:
        assert sock.getpeername() == listener.getsockname()


@pytest.mark.safety("2n2")
@pytest.mark.usefixtures("any_poller")
def test_a_refused_address_moves_on_at_once_beside_one_that_does_not_answer(
    listener: socket.socket, blackhole: Any
) -> None:
    clock = FakeClock()
    addresses = [blackhole, refused(), (V4, listener.getsockname())]
    race = dialing._Race(addresses, started(clock=clock), 0.25)
    try:
        race._start_next()
        clock.advance(0.25)
        race._start_next()
        while not race.errors:
            assert race._wait() is None
        assert race._is_time_to_start()
        with race.run() as sock:
            assert sock.getpeername() == listener.getsockname()
    finally:
        race.close_losers()


@pytest.mark.usefixtures("any_poller")
def test_the_only_address_raises_its_own_error() -> None:
    family, address = refused()
    with pytest.raises(ConnectionRefusedError) as caught:
        dial([(family, address)], started())
    assert caught.value.errno == errno.ECONNREFUSED
    assert f"127.0.0.1:{address[1]}" in str(caught.value)


@pytest.mark.safety("2n1")
def test_the_errors_of_all_addresses_are_kept() -> None:
    addresses = [refused(), refused()]
    with pytest.raises(ConnectFailed) as caught:
        dial(addresses, started())
    assert [type(error) for error in caught.value.errors] == [ConnectionRefusedError] * 2
    for _, (host, port) in addresses:
        assert f"{host}:{port}: Connection refused" in str(caught.value)


@pytest.mark.safety("2n1")
@pytest.mark.usefixtures("any_poller")
def test_an_address_which_does_not_answer_is_overtaken(
    listener: socket.socket, blackhole: Any
) -> None:
    addresses = [blackhole, (V4, listener.getsockname())]
    with dial(addresses, started(), stagger=0.01) as sock:
        assert sock.getpeername() == listener.getsockname()
    # that the loser was closed is what the check for descriptors after each test says


@pytest.mark.safety("2n1", "X20")
@pytest.mark.usefixtures("any_poller")
def test_the_last_of_twenty_addresses_is_reached_behind_nineteen_that_do_not_answer(
    listener: socket.socket, blackhole: Any
) -> None:
    addresses = [blackhole] * 19 + [(V4, listener.getsockname())]
    with dial(addresses, started(), stagger=0.01) as sock:
        assert sock.getpeername() == listener.getsockname()
    assert 19 * dialing.STAGGER_SECONDS < Timeout().connect  # with the defaults too


@pytest.mark.safety("2n1")
def test_the_next_attempt_starts_after_250_ms_and_no_sooner(blackhole: Any) -> None:
    assert dialing.STAGGER_SECONDS == 0.25
    clock = FakeClock()
    race = dialing._Race([blackhole, blackhole], started(clock=clock), 0.25)
    try:
        assert race._is_time_to_start()
        race._start_next()
        clock.advance(0.249)
        assert not race._is_time_to_start()
        clock.advance(0.002)
        assert race._is_time_to_start()
    finally:
        race.close_losers()


class SleepyPoller:
    """Nothing ever happens: time goes by, and a little less of it than was asked for."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock

    def register(self, descriptor: int, events: int) -> None:
        """Takes note of nothing."""

    def poll(self, milliseconds: float | None) -> list[tuple[int, int]]:
        assert milliseconds is not None
        self.clock.advance(max(milliseconds * 0.9, 0.1) / 1000)
        return []


@pytest.mark.safety("2n1", "2n2")
@pytest.mark.parametrize("stagger", [-1.0, 0.0, 0.001, 0.0099, 0.01, 0.05, 0.25])
def test_between_two_attempts_there_are_10_ms_at_least(
    stagger: float, blackhole: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = FakeClock()
    starts: list[float] = []
    start = dialing._Race._start_next

    def start_next(race: dialing._Race) -> socket.socket | None:
        starts.append(clock.now)
        return start(race)

    monkeypatch.setattr(dialing._Race, "_start_next", start_next)
    monkeypatch.setattr(dialing, "new_poller", lambda: SleepyPoller(clock))
    with pytest.raises(LimitExpired):
        dial([blackhole] * 20, started(Timeout(connect=10), clock), stagger=stagger)
    assert len(starts) == 20
    least = max(stagger, 0.01)
    pauses = [later - earlier for earlier, later in itertools.pairwise(starts)]
    assert all(least - 1e-9 <= pause <= least + 0.002 for pause in pauses), pauses
    assert 10 <= clock.now < 10.01


@pytest.mark.safety("2n2", "X21")
@pytest.mark.usefixtures("any_poller")
def test_all_addresses_share_one_connect_limit(blackhole: Any) -> None:
    with pytest.raises(LimitExpired) as caught:
        dial([blackhole] * 20, started(Timeout(connect=0.1)), stagger=0.01)
    assert caught.value.limit.name == "connect"
    assert caught.value.limit.whole == 0.1


@pytest.mark.safety("2n1")
def test_when_the_limit_runs_out_the_errors_met_before_are_its_cause(blackhole: Any) -> None:
    with pytest.raises(LimitExpired) as caught:
        dial([refused(), blackhole], started(Timeout(total=0.1)))
    assert caught.value.limit.name == "total"
    assert isinstance(caught.value.__cause__, ConnectFailed)
    assert len(caught.value.__cause__.errors) == 1


@pytest.mark.safety("X21")
def test_a_system_without_descriptors_or_of_another_family_is_an_error_per_address(
    monkeypatch: pytest.MonkeyPatch, listener: socket.socket
) -> None:
    real, calls = socket.socket, iter([errno.EMFILE, errno.EAFNOSUPPORT, None])

    def limited(*args: Any) -> socket.socket:
        code = next(calls)
        if code is not None:
            raise OSError(code, "no socket")
        return real(*args)

    monkeypatch.setattr(socket, "socket", limited)
    address = listener.getsockname()
    with dial([(V4, address), (V6, ("::1", 1, 0, 0)), (V4, address)], started()) as sock:
        assert sock.getpeername() == address


@pytest.mark.safety("X21", "2n1")
@pytest.mark.parametrize("call", ["setblocking", "setsockopt"])
def test_a_socket_that_cannot_be_set_up_is_an_error_of_its_address(
    monkeypatch: pytest.MonkeyPatch, listener: socket.socket, call: str
) -> None:
    opened: list[Any] = []

    class Stubborn(socket.socket):
        def __init__(self, *args: Any) -> None:
            super().__init__(*args)
            opened.append(self)

    def refuse(self: Any, *args: Any) -> None:
        if self is opened[0]:
            raise OSError(errno.EINVAL, "no")
        getattr(socket.socket, call)(self, *args)

    setattr(Stubborn, call, refuse)
    monkeypatch.setattr(dialing, "socket", SimpleNamespace(**{**vars(socket), "socket": Stubborn}))
    address = listener.getsockname()
    with dial([(V4, address), (V4, address)], started()) as sock:
        assert sock is opened[1]
    assert opened[0].fileno() == -1


def answering(monkeypatch: pytest.MonkeyPatch, *codes: int) -> None:
    """The next attempts of connect() are answered at once, 0 after a real connection."""
    left = list(codes)

    class Quick(socket.socket):
        def connect_ex(self, address: Any) -> int:
            code = left.pop(0)
            if code == 0:
                self.setblocking(True)
                self.connect(address)
                self.setblocking(False)
            return code

    monkeypatch.setattr(socket, "socket", Quick)


@pytest.mark.safety("X21")
def test_attempts_that_end_at_once_need_no_waiting(
    monkeypatch: pytest.MonkeyPatch, listener: socket.socket
) -> None:
    answering(monkeypatch, errno.EADDRNOTAVAIL, errno.ENETUNREACH, 0)
    monkeypatch.setattr(dialing._Race, "_wait", never)
    with dial([(V4, listener.getsockname())] * 3, started()) as sock:
        assert sock.getpeername() == listener.getsockname()


@pytest.mark.safety("X21")
def test_the_only_attempt_that_fails_at_once_raises_its_own_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answering(monkeypatch, errno.ENETUNREACH)
    with pytest.raises(OSError) as caught:
        dial([(V4, ("127.0.0.1", 9))], started())
    assert caught.value.errno == errno.ENETUNREACH


def test_a_connection_of_a_socket_with_itself_is_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    real = socket.socket
    address = ("127.0.0.1", free_port())

    def bound(*args: Any) -> socket.socket:
        sock = real(*args)
        sock.bind(address)  # what the system may choose by itself for an outgoing connection
        return sock

    monkeypatch.setattr(socket, "socket", bound)
    with pytest.raises(ConnectionRefusedError):
        dial([(V4, address)], started())


@pytest.mark.safety("X22")
def test_an_interruption_closes_every_attempt(
    blackhole: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(self: object) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(dialing._Race, "_wait", interrupted)
    with pytest.raises(KeyboardInterrupt):
        dial([blackhole], started())


def test_an_address_of_version_6_is_shown_in_brackets() -> None:
    assert dialing._shown((V6, ("::1", 80, 0, 0))) == "[::1]:80"
