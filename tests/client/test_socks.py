"""SOCKS, byte by byte: versions 5, 5 with the name left to the proxy, 4 and 4a."""

from __future__ import annotations

import functools
import sys

import pytest

import h11client
from h11client._transport import proxies
from h11client._transport.dial_options import DialOptions
from h11client._transport.network import TLSConfig
from h11client._transport.pool import Pool
from h11client.exceptions import (
    ConnectTimeout,
    InvalidProxyURL,
    InvalidSchema,
    ProxyError,
    RequestException,
)
from h11client.testing import Pause, ScriptedNetwork

# Sessions here do not trust the environment, which could name a file for the keys.
unlogged = functools.partial(TLSConfig, log_keys=False)

HELLO = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
NO_AUTH, USER_PASSWORD, NONE = b"\x05\x00", b"\x05\x02", b"\x05\xff"
GRANTED_5 = b"\x05\x00\x00\x01\x7f\x00\x00\x01\x04\x38"
GRANTED_4 = b"\x00\x5a\x00\x00\x00\x00\x00\x00"


def session_over(
    network: ScriptedNetwork, proxy: object, dial: DialOptions | None = None
) -> h11client.Session:
    proxies._remembered.clear()  # with what they were told in other tests
    pool = Pool(network=network, clock=network.clock)
    pool.dial_options = dial
    return h11client.Session(transport=pool, proxies={"all": proxy}, trust_env=False)


def asked_5(kind: bytes) -> bytes:
    return b"\x05\x01\x00" + kind


CONVERSATIONS = [
    # (proxy, URL, what the proxy says, what it is told before the request)
    ("socks5h", "http://a.test/", [NO_AUTH, GRANTED_5], [b"\x05\x01\x00", asked_5(b"\x03\x06a.test\x00\x50")]),
    ("socks5", "http://a.test/", [NO_AUTH, GRANTED_5], [b"\x05\x01\x00", asked_5(b"\x01\xc0\x00\x02\x01\x00\x50")]),
    ("socks5h", "http://192.0.2.9:81/", [NO_AUTH, GRANTED_5], [b"\x05\x01\x00", asked_5(b"\x01\xc0\x00\x02\x09\x00\x51")]),
    ("socks5h", "http://[2001:db8::1]/", [NO_AUTH, GRANTED_5], [b"\x05\x01\x00", asked_5(b"\x04\x20\x01\x0d\xb8" + bytes(11) + b"\x01\x00\x50")]),
    ("socks4a", "http://a.test/", [GRANTED_4], [b"\x04\x01\x00\x50\x00\x00\x00\xff\x00a.test\x00"]),
    ("socks4a", "http://192.0.2.9/", [GRANTED_4], [b"\x04\x01\x00\x50\xc0\x00\x02\x09\x00"]),
    ("socks4", "http://a.test/", [GRANTED_4], [b"\x04\x01\x00\x50\xc0\x00\x02\x01\x00"]),
]  # fmt: skip


@pytest.mark.parametrize("byte_by_byte", [False, True], ids=["whole", "byte by byte"])
@pytest.mark.parametrize(("scheme", "url", "replies", "told"), CONVERSATIONS)
def test_what_is_asked_of_a_socks_proxy(
    scheme: str, url: str, replies: list[bytes], told: list[bytes], byte_by_byte: bool
) -> None:
    network = ScriptedNetwork([b"".join(replies) + HELLO], byte_by_byte=byte_by_byte)
    with session_over(network, f"{scheme}://proxy.test") as session:
        assert session.get(url).text == "hello"
    network.assert_used_up()
    writes = network.streams[0].writes
    assert writes[:-1] == told
    assert writes[-1].startswith(b"GET / HTTP/1.1\r\nHost: ")
    resolved = [entry for entry in network.log if entry[0] == "resolve"]
    assert resolved == ([("resolve", "a.test")] if scheme in ("socks5", "socks4") else [])
    assert network.dialled == [("proxy.test", 1080)]


@pytest.mark.parametrize("needed", [False, True])
def test_user_name_and_password_are_told_when_they_are_asked_for(needed: bool) -> None:
    replies = [USER_PASSWORD, b"\x01\x00"] if needed else [NO_AUTH]
    network = ScriptedNetwork([*replies, GRANTED_5, HELLO])
    with session_over(network, "socks5h://us%C3%A9r:p%3As@proxy.test") as session:
        session.get("http://a.test/")
    writes = network.streams[0].writes
    assert writes[0] == b"\x05\x02\x00\x02"
    assert (writes[1] == b"\x01\x05us\xc3\xa9r\x03p:s") is needed
    assert b"roxy" not in writes[-1]


def test_socks4_is_told_the_user_name() -> None:
    network = ScriptedNetwork([GRANTED_4, HELLO])
    with session_over(network, "socks4a://me@proxy.test") as session:
        session.get("http://a.test/")
    assert network.streams[0].writes[0] == b"\x04\x01\x00\x50\x00\x00\x00\xffme\x00a.test\x00"


@pytest.mark.safety("T5", "2h5")
def test_https_through_socks_is_checked_against_the_origin() -> None:
    network = ScriptedNetwork([NO_AUTH, GRANTED_5, HELLO])
    with session_over(network, "socks5h://proxy.test") as session:
        session.get("https://a.test/", verify=False)
    assert network.upgrades == [(unlogged(False), "a.test")]


def test_names_are_resolved_as_the_session_says() -> None:
    network = ScriptedNetwork([GRANTED_4, HELLO], [])
    dial = DialOptions(hosts={"a.test": ["2001:db8::1", "192.0.2.7"]})
    with session_over(network, "socks4://proxy.test", dial) as session:
        session.get("http://a.test/")
        with pytest.raises(ProxyError):
            session.get("http://[2001:db8::1]/")
    assert network.streams[0].writes[0] == b"\x04\x01\x00\x50\xc0\x00\x02\x07\x00"


WRONG = [
    ("no way to authenticate", "socks5", [NONE], ProxyError, "accepts none"),
    ("a way that was not offered", "socks5", [USER_PASSWORD], ProxyError, "accepts none"),
    ("an unknown way", "socks5", [b"\x05\x09"], ProxyError, "does not speak SOCKS"),
    ("refused", "socks5", [NO_AUTH, b"\x05\x05\x00\x01" + bytes(6)], ProxyError, "connection refused"),
    ("refused, with a name", "socks5", [NO_AUTH, b"\x05\x04\x00\x03\x02ab\x00\x00"], ProxyError, "host unreachable"),
    ("refused, IPv6", "socks5", [NO_AUTH, b"\x05\x01\x00\x04" + bytes(18)], ProxyError, "general server failure"),
    ("an unknown reason", "socks5", [NO_AUTH, b"\x05\x99\x00\x01" + bytes(6)], ProxyError, "does not speak SOCKS"),
    ("an unknown kind of address", "socks5", [NO_AUTH, b"\x05\x00\x00\x09" + bytes(6)], ProxyError, "does not speak SOCKS"),
    ("another version", "socks5", [NO_AUTH, b"\x04\x00\x00\x01" + bytes(6)], ProxyError, "does not speak SOCKS"),
    ("HTTP", "socks5", [b"HTTP/1.1 400 Bad\r\n\r\n"], ProxyError, "does not speak SOCKS"),
    ("the end", "socks5", [b""], ProxyError, "hung up"),
    ("the end within a reply", "socks5", [NO_AUTH, b"\x05\x00\x00", b""], ProxyError, "hung up"),
    ("a reset", "socks5", [ConnectionResetError(104, "reset")], ProxyError, "the proxy socks5://proxy.test"),
    ("silence", "socks5", [NO_AUTH, Pause(100)], ConnectTimeout, "connect limit"),
    ("version 4, refused", "socks4a", [b"\x00\x5b" + bytes(6)], ProxyError, "request rejected or failed"),
    ("version 4, something else", "socks4a", [b"\x05\x5a" + bytes(6)], ProxyError, "does not speak SOCKS"),
    ("version 4, the end", "socks4a", [b"\x00\x5a", b""], ProxyError, "hung up"),
]  # fmt: skip


@pytest.mark.safety("X16", "P3", "4I3", "4I8")
@pytest.mark.parametrize(
    ("scheme", "steps", "expected", "words"),
    [row[1:] for row in WRONG],
    ids=[row[0] for row in WRONG],
)
def test_what_a_socks_proxy_refuses_or_says_wrong_is_an_error(
    scheme: str, steps: list[object], expected: type[RequestException], words: str
) -> None:
    network = ScriptedNetwork(steps)
    with session_over(network, f"{scheme}://proxy.test") as session:
        with pytest.raises(expected, match=words):
            session.get("http://a.test/")
        assert session._own_pool_().counts().open == 0
    assert network.streams[0].closed


@pytest.mark.safety("R18", "4I11", "P3")
def test_a_wrong_password_is_an_error_that_does_not_show_it() -> None:
    network = ScriptedNetwork([USER_PASSWORD, b"\x01\x01"])
    session = session_over(network, "socks5://user:secret@proxy.test")
    with session, pytest.raises(ProxyError, match="did not accept user name") as caught:
        session.get("http://a.test/")
    assert "secret" not in str(caught.value)


def test_a_password_that_does_not_fit_is_noticed_before_dialling() -> None:
    network = ScriptedNetwork()
    proxy = h11client.Proxy("socks5://proxy.test", auth=("user", "x" * 256))
    with session_over(network, proxy) as session, pytest.raises(InvalidProxyURL):
        session.get("http://a.test/")
    assert network.dialled == []


def test_without_socksio_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "socksio", None)
    network = ScriptedNetwork()
    session = session_over(network, "socks5://proxy.test")
    with session, pytest.raises(InvalidSchema, match=r"h11client\[socks\]"):
        session.get("http://a.test/")
    assert network.dialled == []


def test_what_a_resolver_of_the_callers_raises_passes_unchanged() -> None:
    network = ScriptedNetwork([])
    error = RuntimeError("no")

    def resolve(*arguments: object) -> list[str]:
        from h11client._watching import CallerError

        raise CallerError(error)

    network.resolve = resolve
    with session_over(network, "socks5://proxy.test") as session:
        with pytest.raises(RuntimeError) as caught:
            session.get("http://a.test/")
        assert session._own_pool_().counts().open == 0
    assert caught.value is error
    assert network.dialled == []


REFUSED_5 = b"\x05\x05\x00\x01" + bytes(6)
ADDRESSES = ["192.0.2.1", "2001:db8::1", "192.0.2.3"]
ASKED = [b"\x01\xc0\x00\x02\x01", b"\x04\x20\x01\x0d\xb8" + bytes(11) + b"\x01", b"\x01\xc0\x00\x02\x03"]  # fmt: skip


@pytest.mark.safety("2n1", "2n2", "4I5")
@pytest.mark.parametrize(
    "failing", [[NO_AUTH, REFUSED_5], [NO_AUTH, Pause(100)]], ids=["refused", "silence"]
)
def test_each_address_of_a_name_is_tried_within_one_budget(failing: list[object]) -> None:
    network = ScriptedNetwork(failing, failing, [NO_AUTH, GRANTED_5, HELLO])
    dial = DialOptions(hosts={"a.test": ADDRESSES})
    with session_over(network, "socks5://proxy.test", dial) as session:
        response = session.get("http://a.test/", timeout=h11client.Timeout(connect=9))
        assert response.text == "hello"
        assert network.clock.now == (6 if Pause in map(type, failing) else 0)
    for stream, asked in zip(network.streams, ASKED, strict=True):
        assert stream.writes[1] == asked_5(asked) + b"\x00\x50"
    assert all(stream.closed for stream in network.streams)


def test_what_became_of_each_address_is_told() -> None:
    unreachable = b"\x05\x04\x00\x01" + bytes(6)
    network = ScriptedNetwork([NO_AUTH, REFUSED_5], [NO_AUTH, Pause(100)], [NO_AUTH, unreachable])
    dial = DialOptions(hosts={"a.test": ADDRESSES})
    with session_over(network, "socks5://proxy.test", dial) as session:
        with pytest.raises(ProxyError) as caught:
            session.get("http://a.test/")
        assert session._own_pool_().counts().open == 0
    assert str(caught.value) == (
        "socks5://proxy.test:1080 did not connect to a.test:80: 192.0.2.1: connection refused;"
        " 2001:db8::1: no answer in time; 192.0.2.3: host unreachable"
    )


@pytest.mark.safety("2n2", "M8")
@pytest.mark.parametrize(
    ("timeout", "seconds", "limit"),
    [
        (h11client.Timeout(connect=9), 9, "connect"),
        (h11client.Timeout(connect=9, total=6), 6, "total"),
    ],
)
def test_the_addresses_share_the_time_to_connect(
    timeout: h11client.Timeout, seconds: float, limit: str
) -> None:
    network = ScriptedNetwork(*[[NO_AUTH, Pause(100)]] * 3)
    dial = DialOptions(hosts={"a.test": ADDRESSES})
    session = session_over(network, "socks5://proxy.test", dial)
    with session, pytest.raises(ConnectTimeout) as caught:
        session.get("http://a.test/", timeout=timeout)
    assert network.clock.now == pytest.approx(seconds)
    assert caught.value.limit == limit


def test_a_proxy_that_is_not_there_is_not_asked_for_every_address() -> None:
    network = ScriptedNetwork(ConnectionRefusedError(111, "refused"))
    dial = DialOptions(hosts={"a.test": ADDRESSES})
    session = session_over(network, "socks5://proxy.test", dial)
    with session, pytest.raises(ProxyError, match="refused the connection"):
        session.get("http://a.test/")
    assert len(network.dialled) == 1
