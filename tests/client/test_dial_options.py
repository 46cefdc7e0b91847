"""h11client/_transport/dial_options.py: how connections are made, as a value and in sessions."""

from __future__ import annotations

import pickle
import socket
from pathlib import Path
from typing import Any

import pytest

import h11client
from h11client._messages.url import parse_url
from h11client._transport.dial_options import DialOptions
from h11client._transport.pool import Pool
from h11client._transport.route import Route, build_route
from h11client.testing import ScriptedNetwork

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
KEEPALIVE = (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)


def resolver(host: str, port: int, seconds_left: float | None) -> list[str]:
    return ["127.0.0.1"]


def other_resolver(host: str, port: int, seconds_left: float | None) -> list[str]:
    return ["127.0.0.1"]


# Each in another way than every other one.
DIFFERENT: list[dict[str, Any]] = [
    {},
    {"resolver": resolver},
    {"resolver": other_resolver},
    {"hosts": {"a.test": "127.0.0.1"}},
    {"hosts": {"a.test": "127.0.0.2"}},
    {"hosts": {"a.test": ["127.0.0.1", "127.0.0.2"]}},
    {"hosts": {"a.test": ["127.0.0.2", "127.0.0.1"]}},
    {"hosts": {"b.test": "127.0.0.1"}},
    {"uds": "/run/a"},
    {"uds": "/run/A"},
    {"uds": b"/run/a"},
    {"source_address": "127.0.0.1"},
    {"source_address": ("127.0.0.1", 1)},
    {"source_address": "::1"},
    {"socket_options": [KEEPALIVE]},
    {"socket_options": [KEEPALIVE, KEEPALIVE]},
    {"server_hostname": "a.test"},
    {"server_hostname": "b.test"},
    {"require_close_notify": False},
]

SAME: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("names are read as in URLs", {"hosts": {"A.Test": "::1"}}, {"hosts": {"a.test": ["0::1"]}}),
    (
        "the order of a map",
        {"hosts": {"a.test": "::1", "b.test": "::1"}},
        {"hosts": {"b.test": "::1", "a.test": "::1"}},
    ),
    ("a port of 0", {"source_address": "127.0.0.1"}, {"source_address": ("127.0.0.1", 0)}),
    ("a path", {"uds": Path("/run/a")}, {"uds": "/run/a"}),
    ("no options", {"hosts": {}, "socket_options": []}, {}),
    (
        "a U-label",
        {"server_hostname": "b\u00fccher.test"},
        {"server_hostname": "xn--bcher-kva.test"},
    ),
]


@pytest.mark.safety("T1")
def test_options_that_differ_are_different_keys_of_the_pool() -> None:
    values = [DialOptions(**options) for options in DIFFERENT]
    assert len(set(values)) == len(values)
    url = parse_url("https://c.test/")
    routes = [build_route(url, dial=options) for options in values]
    assert len(set(routes)) == len(routes)
    assert len({build_route(url, dial=DialOptions(**options)) for options in DIFFERENT}) == len(
        routes
    )


@pytest.mark.safety("T1")
@pytest.mark.parametrize(("one", "other"), [row[1:] for row in SAME], ids=[row[0] for row in SAME])
def test_the_same_in_other_words_is_the_same_key(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    first, second = DialOptions(**one), DialOptions(**other)
    assert first == second
    assert hash(first) == hash(second)


@pytest.mark.safety("T1")
def test_a_resolver_is_the_same_when_it_is_the_same_object() -> None:
    class Equal:
        def __eq__(self, other: object) -> bool:
            return True

        def __hash__(self) -> int:
            return 1

        def __call__(self, *question: object) -> list[str]:
            return []

    assert Equal() == Equal()
    assert DialOptions(resolver=Equal()) != DialOptions(resolver=Equal())


def test_no_options_at_all_are_no_part_of_a_route() -> None:
    assert build_route(parse_url("http://a.test/"), dial=DialOptions()).dial is None
    assert not DialOptions()


def test_what_concerns_tls_alone_does_not_concern_plain_http() -> None:
    options = DialOptions(server_hostname="b.test", require_close_notify=False)
    assert build_route(parse_url("http://a.test/"), dial=options) == Route("http", "a.test", 80)
    assert build_route(parse_url("https://a.test/"), dial=options).server_hostname == "b.test"
    assert build_route(parse_url("https://a.test/"), dial=DialOptions()).server_hostname == "a.test"


WRONG: list[tuple[str, dict[str, Any], type[Exception]]] = [
    ("a resolver that cannot be called", {"resolver": "1.1.1.1"}, TypeError),
    ("hosts that are no mapping", {"hosts": [("a.test", "127.0.0.1")]}, TypeError),
    ("a name for an address", {"hosts": {"a.test": "localhost"}}, ValueError),
    ("another spelling of an address", {"hosts": {"a.test": "127.1"}}, ValueError),
    ("no addresses", {"hosts": {"a.test": []}}, ValueError),
    ("a name with a port", {"hosts": {"a.test:80": "127.0.0.1"}}, ValueError),
    ("an empty name", {"hosts": {"": "127.0.0.1"}}, ValueError),
    ("a number for a path", {"uds": 7}, TypeError),
    ("an empty path", {"uds": ""}, ValueError),
    ("an empty path of bytes", {"uds": b""}, ValueError),
    ("bytes to connect from", {"source_address": b"127.0.0.1"}, TypeError),
    ("a port as text", {"source_address": ("127.0.0.1", "80")}, TypeError),
    ("half a port", {"source_address": ("127.0.0.1", 80.5)}, TypeError),
    ("no port", {"source_address": ("127.0.0.1",)}, ValueError),
    ("an option that no system could take", {"socket_options": [(1, 2, 2**31)]}, ValueError),
    ("a level that is none", {"socket_options": [(2**40, 2, 1)]}, ValueError),
    ("a name to connect from", {"source_address": "localhost"}, ValueError),
    ("a port that is none", {"source_address": ("127.0.0.1", 65536)}, ValueError),
    ("three parts", {"source_address": ("127.0.0.1", 1, 2)}, ValueError),
    ("an option of two parts", {"socket_options": [(1, 2)]}, ValueError),
    ("an option with a text", {"socket_options": [(1, 2, "3")]}, TypeError),
    ("an option with a name", {"socket_options": [("SOL_SOCKET", 2, 3)]}, TypeError),
    ("what is no host", {"server_hostname": "a/b"}, ValueError),
    ("a switch that is neither on nor off", {"require_close_notify": None}, TypeError),
]


@pytest.mark.parametrize(
    ("options", "error"), [row[1:] for row in WRONG], ids=[row[0] for row in WRONG]
)
def test_what_cannot_be_meant_is_refused_at_once(
    options: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        DialOptions(**options)
    with pytest.raises(error):
        h11client.Session(**options)
    with h11client.Session() as session:
        ((name, value),) = options.items()
        before = getattr(session, name)
        with pytest.raises(error):
            setattr(session, name, value)
        assert getattr(session, name) == before


def test_they_are_frozen_and_can_be_pickled() -> None:
    for given in DIFFERENT:
        options = DialOptions(**given)
        assert pickle.loads(pickle.dumps(options)) == options
        if options.resolver is None:
            assert eval(repr(options)) == options
    with pytest.raises(AttributeError):
        options.uds = "/run/b"
    with pytest.raises(AttributeError):
        del options.uds
    with pytest.raises(TypeError):
        DialOptions(hosts={"a.test": "::1"}).hosts["b.test"] = ("::1",)  # type: ignore[index]
    assert options != "options"


# --- in sessions -------------------------------------------------------------------------------


def test_each_is_an_attribute_and_the_network_is_told() -> None:
    network = ScriptedNetwork([OK], [OK, OK], [OK])
    session = h11client.Session(transport=Pool(network=network, clock=network.clock))
    assert session.get("http://a.test/").ok
    session.source_address = "127.0.0.2"
    session.socket_options = [KEEPALIVE]
    session.hosts = {"a.test": "127.0.0.9"}
    assert session.get("http://a.test/").ok
    session.server_hostname = "b.test"
    assert session.get("http://a.test/").ok
    session.uds = "/run/a"
    session.resolver = resolver
    assert session.get("http://a.test/").ok
    assert network.options == [
        None,
        DialOptions(
            source_address="127.0.0.2", socket_options=[KEEPALIVE], hosts={"a.test": "127.0.0.9"}
        ),
        DialOptions(
            resolver=resolver,
            uds="/run/a",
            source_address="127.0.0.2",
            socket_options=[KEEPALIVE],
            hosts={"a.test": "127.0.0.9"},
        ),
    ]
    assert (session.uds, session.server_hostname) == ("/run/a", "b.test")
    assert session.source_address == ("127.0.0.2", 0)
    assert session.socket_options == (KEEPALIVE,)
    assert session.hosts == {"a.test": ("127.0.0.9",)}
    assert session.resolver is resolver
    session.close()


@pytest.mark.safety("T1")
def test_a_connection_made_in_another_way_is_not_used() -> None:
    dials = [[OK, OK] for _ in DIFFERENT]
    network = ScriptedNetwork(*dials)
    session = h11client.Session(transport=Pool(network=network, clock=network.clock))
    for _ in range(2):
        for options in DIFFERENT:
            session._set_dial_options_(DialOptions(**options))
            assert session.get("https://a.test/").ok
    assert len(network.streams) == len(DIFFERENT)
    network.assert_used_up()
    session.close()


def test_a_transport_of_ones_own_dials_as_it_likes() -> None:
    with pytest.raises(TypeError, match="transport"):
        h11client.Session(transport=Pool(), uds="/run/a")

    class Transport:
        def send(self, request: object, **options: object) -> Any: ...

        def close(self) -> None: ...

    session = h11client.Session(transport=Transport())  # type: ignore[arg-type]
    with pytest.raises(AttributeError, match="transport"):
        session.uds = "/run/a"
    assert session.uds is None


def test_they_travel_with_a_pickled_session() -> None:
    options: dict[str, Any] = {
        "resolver": resolver,
        "hosts": {"a.test": "127.0.0.9"},
        "source_address": "127.0.0.2",
        "server_hostname": "b.test",
        "require_close_notify": False,
    }
    with h11client.Session(**options, trust_env=False, cert=("c", "k", "p")) as session:
        session.verify = False
        copy = pickle.loads(pickle.dumps(session))
    assert copy._transport_.dial_options == DialOptions(**options)
    assert copy.hosts == {"a.test": ("127.0.0.9",)}
    assert copy.cert == ("c", "k", "p")
    assert not copy.trust_env
    assert not copy._transport_.log_keys
    copy.close()
