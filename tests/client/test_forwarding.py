"""Requests to a proxy that forwards them: in absolute-form, with what only the proxy is told."""

from __future__ import annotations

import functools
import io

import pytest

import h11client
from h11client._transport import proxies
from h11client._transport.dial_options import DialOptions
from h11client._transport.network import TLSConfig
from h11client._transport.pool import Pool
from h11client.auth import HTTPDigestAuth
from h11client.exceptions import ConnectionError, InvalidHeader, ProxyError, ReadTimeout
from h11client.testing import Dial, Pause, ScriptedNetwork, Unsolicited

# Sessions here do not trust the environment, which could name a file for the keys.
unlogged = functools.partial(TLSConfig, log_keys=False)

PROXY = "http://user:secret@proxy.test:3128"
BASIC = b"Basic dXNlcjpzZWNyZXQ="
HELLO = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
ASKS_DIGEST = (
    b"HTTP/1.1 407 No\r\n"
    b'Proxy-Authenticate: Digest realm="a", nonce="n%d", qop="%b"\r\nContent-Length: 2\r\n\r\nno'
)


def session_over(
    network: ScriptedNetwork, proxy: object = PROXY, **options: object
) -> h11client.Session:
    proxies._remembered.clear()  # with what they were told in other tests
    return h11client.Session(
        transport=Pool(network=network, clock=network.clock),
        proxies={"all": proxy},
        trust_env=False,
        **options,
    )


def digest_proxy() -> h11client.Proxy:
    return h11client.Proxy("http://proxy.test:3128", auth=HTTPDigestAuth("user", "secret"))


def values_of(name: bytes, written: bytes) -> list[bytes]:
    start = name.lower() + b": "
    lines = written.split(b"\r\n")
    return [line[len(start) :] for line in lines if line.lower().startswith(start)]


TARGETS = [
    # (method, URL, request line, Host)
    ("GET", "http://a.test/x?y=1#z", b"GET http://a.test/x?y=1", b"a.test"),
    ("GET", "http://a.test", b"GET http://a.test/", b"a.test"),
    ("GET", "http://A.test:8080/", b"GET http://a.test:8080/", b"a.test:8080"),
    ("GET", "http://a.test:80/", b"GET http://a.test/", b"a.test"),
    ("GET", "http://[2001:DB8::1]/", b"GET http://[2001:db8::1]/", b"[2001:db8::1]"),
    ("GET", "http://[fe80::1%25eth0]/", b"GET http://[fe80::1]/", b"[fe80::1]"),
    ("GET", "http://a.test//b.test/", b"GET http://a.test//b.test/", b"a.test"),
    ("OPTIONS", "http://a.test/", b"OPTIONS http://a.test/", b"a.test"),
    ("OPTIONS", "http://a.test", b"OPTIONS http://a.test", b"a.test"),
    ("DELETE", "http://a.test/x", b"DELETE http://a.test/x", b"a.test"),
]


@pytest.mark.parametrize(("method", "url", "line", "host"), TARGETS)
def test_requests_to_a_proxy_are_in_absolute_form(
    method: str, url: str, line: bytes, host: bytes
) -> None:
    network = ScriptedNetwork([HELLO])
    with session_over(network) as session:
        response = session.request(method, url)
    written = network.streams[0].written
    assert written.startswith(line + b" HTTP/1.1\r\nHost: " + host + b"\r\n")
    assert values_of(b"Proxy-Authorization", written) == [BASIC]
    assert response.url == h11client.Request(method, url).prepare().url
    assert "Proxy-Authorization" not in response.request.headers
    assert network.dialled == [("proxy.test", 3128)]


def test_a_body_goes_along() -> None:
    network = ScriptedNetwork([HELLO])
    with session_over(network) as session:
        session.post("http://a.test/", iter([b"a", b"b"]))
    assert network.streams[0].written.endswith(b"\r\n\r\n1\r\na\r\n1\r\nb\r\n0\r\n\r\n")


@pytest.mark.safety("4I1", "T1")
def test_a_connection_to_a_proxy_is_kept_for_one_origin() -> None:
    network = ScriptedNetwork([HELLO, HELLO], [HELLO])
    with session_over(network) as session:
        session.get("http://a.test/")
        session.get("http://b.test:81/")
        session.get("http://a.test/", verify=False)
    assert len(network.dialled) == 2


@pytest.mark.safety("T1", "T2", "R3")
@pytest.mark.parametrize(
    "proxy",
    [
        None,
        "http://user:Secret@proxy.test:3128",
        "http://proxy.test:3128",
        "http://user:secret@proxy.test:3129",
        h11client.Proxy(PROXY, headers={"Proxy-Tenant": "t"}),
        digest_proxy(),
    ],
    ids=["none", "another password", "no credentials", "another port", "headers", "digest"],
)
def test_connections_are_not_shared_with_other_credentials_nor_with_the_proxy_as_an_origin(
    proxy: object,
) -> None:
    network = ScriptedNetwork([HELLO], [HELLO])
    with session_over(network) as session:
        session.get("http://a.test/")
        session.get("http://proxy.test:3128/", proxies={"http": proxy})
    assert len(network.dialled) == 2
    if proxy is None:
        assert b"roxy-A" not in network.streams[1].written
        assert network.streams[1].written.startswith(b"GET / HTTP/1.1\r\n")


def test_an_https_proxy_gets_absolute_form_over_tls() -> None:
    network = ScriptedNetwork([HELLO])
    with session_over(network, "https://proxy.test") as session:
        response = session.get("http://a.test/")
    assert network.upgrades == [(unlogged(), "proxy.test")]
    assert network.streams[0].written.startswith(b"GET http://a.test/ HTTP/1.1\r\n")
    assert response.text == "hello"


@pytest.mark.safety("R3")
def test_headers_of_the_proxy_go_to_it_only_and_instead_of_the_requests() -> None:
    network = ScriptedNetwork([HELLO], [HELLO])
    proxy = h11client.Proxy(
        "http://proxy.test", headers={"Proxy-Authorization": "Bearer t", "Via": "me"}
    )
    with session_over(network, proxy) as session:
        session.get("http://a.test/", headers={"proxy-authorization": "Basic mine", "Via": "you"})
        session.get("http://a.test/", proxies={"http": None})
    through, direct = (stream.written for stream in network.streams)
    assert values_of(b"Proxy-Authorization", through) == [b"Bearer t"]
    assert values_of(b"Via", through) == [b"me"]
    assert values_of(b"Via", direct) == []


@pytest.mark.safety("R3")
def test_a_requests_own_proxy_authorization_goes_to_a_proxy_without_credentials() -> None:
    network = ScriptedNetwork([HELLO], [HELLO])
    headers = {"Proxy-Authorization": "Basic mine"}
    with session_over(network, "http://proxy.test") as session:
        session.get("http://a.test/", headers=headers)
        session.get("http://a.test/", headers=headers, proxies={"http": PROXY})
    assert values_of(b"Proxy-Authorization", network.streams[0].written) == [b"Basic mine"]
    assert values_of(b"Proxy-Authorization", network.streams[1].written) == [BASIC]


@pytest.mark.safety("I6", "I5")
def test_headers_are_checked_before_anything_is_dialled() -> None:
    network = ScriptedNetwork()
    with session_over(network) as session, pytest.raises(InvalidHeader):
        session.get("http://a.test/", headers={"X": "a\r\nb"})
    assert network.dialled == []


# --- 407 -------------------------------------------------------------------------------------


@pytest.mark.safety("2h5", "2l3", "A1")
@pytest.mark.parametrize(
    "data", [None, b"body", io.BytesIO(b"body")], ids=["none", "bytes", "file"]
)
def test_digest_is_answered_with_the_whole_request_once_more(data: object) -> None:
    steps = [ASKS_DIGEST % (1, b"auth"), HELLO, HELLO]
    # A body may not have been read when the answer came: then the connection is another one.
    network = ScriptedNetwork(steps[:1], steps[1:]) if data else ScriptedNetwork(steps)
    with session_over(network, digest_proxy()) as session:
        assert session.post("http://a.test/x", data).text == "hello"
        assert session.get("http://a.test/y").text == "hello"
        assert session._own_pool_().counts().open == 1
    assert [stream.closed for stream in network.streams] == [True] * (2 if data else 1)
    written = b"".join([stream.written for stream in network.streams])
    answer, next_one = values_of(b"Proxy-Authorization", written)
    assert b'uri="http://a.test/x"' in answer and b"nc=00000001" in answer
    assert b'uri="http://a.test/y"' in next_one and b"nc=00000002" in next_one
    assert written.count(b"body") == (2 if data else 0)
    assert written.index(b"\r\n\r\n") < written.index(b"nc=00000001")


ASKS = ASKS_DIGEST % (1, b"auth")
ENDINGS = [
    # id, the steps of the first connection, how many there are then
    ("with its head", [ASKS, HELLO], 1),
    ("later", [ASKS[:-2], Pause(0.01), ASKS[-2:], HELLO], 1),
    ("too late", [ASKS[:-2], Pause(1)], 2),
    ("never", [ASKS[:-2], b""], 2),
    ("with more behind it", [ASKS + b"HTTP/1.1 200"], 2),
    ("and more later", [ASKS, Unsolicited(b"HTTP/1.1 200")], 2),
    ("and then the end", [ASKS, Unsolicited(b"")], 2),
    ("at once with the end", [ASKS, b""], 2),
    ("with close", [ASKS.replace(b"\r\n", b"\r\nConnection: close\r\n", 1)], 2),
    ("as HTTP/1.0", [ASKS.replace(b"/1.1", b"/1.0", 1)], 2),
    ("in chunks", [ASKS.replace(b"Content-Length: 2", b"Transfer-Encoding: chunked")[:-2] + b"2\r\nno\r\n0\r\n", b"a: b\r\n", b"\r\n", HELLO], 1),
    ("in chunks, broken", [ASKS.replace(b"Content-Length: 2", b"Transfer-Encoding: chunked")], 2),
    ("too large", [ASKS.replace(b": 2\r", b": 600000\r"), b"x" * 599_998], 2),
    ("as large as may be", [ASKS.replace(b": 2\r", b": 200002\r"), b"x" * 200_000, HELLO], 1),
]  # fmt: skip


@pytest.mark.safety("2h5", "2l3", "2c3", "4I8")
@pytest.mark.parametrize(
    ("steps", "dials"), [row[1:] for row in ENDINGS], ids=[row[0] for row in ENDINGS]
)
def test_the_connection_of_a_407_goes_on_where_that_has_ended_well(
    steps: list[object], dials: int
) -> None:
    network = ScriptedNetwork(steps, [HELLO])
    with session_over(network, digest_proxy()) as session:
        response = session.get("http://a.test/x", timeout=5)
        assert response.text == "hello"
        assert session._own_pool_().counts().open == 1
    assert len(network.dialled) == dials
    assert network.streams[0].closed


@pytest.mark.safety("2h5", "2e1")
def test_a_407_before_the_body_was_over_ends_its_connection() -> None:
    network = ScriptedNetwork(Dial([Unsolicited(ASKS, after=1000)], stalls_after=1000), [HELLO])
    with session_over(network, digest_proxy()) as session:
        assert session.post("http://a.test/", io.BytesIO(b"x" * 600_000)).text == "hello"
    assert network.streams[1].written.count(b"x") >= 600_000


@pytest.mark.safety("2d4", "4I2")
def test_what_must_not_be_sent_twice_is_not_sent_again_after_the_answer_to_a_407() -> None:
    network = ScriptedNetwork([ASKS, ConnectionResetError(104, "reset")])
    with session_over(network, digest_proxy()) as session, pytest.raises(ConnectionError):
        session.post("http://a.test/")
    network = ScriptedNetwork([ASKS, ConnectionResetError(104, "reset")], [HELLO])
    with session_over(network, digest_proxy()) as session:
        assert session.get("http://a.test/").text == "hello"
    assert b"nc=00000001" in network.streams[1].written


TRACED = b"HTTP/1.1 200 OK\r\nContent-Type: message/http\r\nContent-Length: 0\r\n\r\n"


@pytest.mark.safety("2b7", "R3")
def test_a_trace_through_a_proxy_carries_nothing_that_only_the_proxy_may_know() -> None:
    proxy = h11client.Proxy(PROXY, headers={"Proxy-Tenant": "secret"})
    network = ScriptedNetwork([TRACED, ASKS, HELLO])
    with session_over(network, proxy) as session:
        assert session.request("TRACE", "http://a.test/").ok
        assert session.request("TRACE", "http://a.test/").status_code == 407
        assert b"roxy" not in network.streams[0].written
        session.get("http://a.test/")
    assert b"Proxy-Tenant: secret" in network.streams[0].written


@pytest.mark.safety("2l2")
def test_digest_covers_the_body_when_the_proxy_wants_it() -> None:
    network = ScriptedNetwork([ASKS_DIGEST % (1, b"auth-int")], [HELLO])
    with session_over(network, digest_proxy()) as session:
        session.post("http://a.test/", b"body")
    assert b"qop=auth-int" in network.streams[1].written


@pytest.mark.safety("2l3", "4I2")
def test_a_body_that_cannot_be_sent_again_makes_the_407_the_answer() -> None:
    network = ScriptedNetwork([ASKS_DIGEST % (1, b"auth")])
    with session_over(network, digest_proxy()) as session:
        response = session.post("http://a.test/", iter([b"body"]))
    assert (response.status_code, response.content) == (407, b"no")


@pytest.mark.safety("2h5", "X16", "X19")
def test_a_proxy_that_asks_for_ever_gives_its_407_to_the_caller() -> None:
    network = ScriptedNetwork([ASKS_DIGEST % (number, b"auth") for number in range(9)])
    with session_over(network) as session:
        assert session.get("http://a.test/").status_code == 407
    assert len(network.streams[0].writes) == 2


def test_a_407_without_credentials_is_the_answer() -> None:
    network = ScriptedNetwork([ASKS_DIGEST % (1, b"auth")])
    with session_over(network, "http://proxy.test") as session:
        assert session.get("http://a.test/").status_code == 407


@pytest.mark.safety("R3", "A1")
def test_a_407_of_an_origin_is_not_answered() -> None:
    network = ScriptedNetwork([ASKS_DIGEST % (1, b"auth")])
    with session_over(network, None) as session:
        assert session.get("http://a.test/").status_code == 407
    assert len(network.streams[0].writes) == 1


# --- what goes wrong ----------------------------------------------------------------------------


@pytest.mark.safety("X16")
def test_a_proxy_that_cannot_be_reached_is_a_proxy_error() -> None:
    network = ScriptedNetwork(ConnectionRefusedError(111, "refused"))
    with session_over(network) as session, pytest.raises(ProxyError) as caught:
        session.get("http://a.test/")
    assert str(caught.value) == "the proxy http://proxy.test:3128 refused the connection"


@pytest.mark.safety("X16")
@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([b""], ConnectionError),
        ([Pause(100)], ReadTimeout),
        ([b"HTTP/1.1 20", b""], ConnectionError),
    ],
    ids=["end", "silence", "half a status line"],
)
def test_a_proxy_that_fails_later_is_an_error_like_a_servers(
    steps: list[object], expected: type[Exception]
) -> None:
    network = ScriptedNetwork(steps)
    with session_over(network) as session:
        with pytest.raises(expected) as caught:
            session.get("http://a.test/")
        assert session._own_pool_().counts().open == 0
    assert "secret" not in str(caught.value)


@pytest.mark.safety("2d2")
def test_a_kept_connection_that_the_proxy_had_closed_is_replaced() -> None:
    network = ScriptedNetwork(Dial([HELLO, b""]), [HELLO])
    with session_over(network) as session:
        for _ in range(2):
            assert session.get("http://a.test/").text == "hello"


def test_over_a_unix_socket_there_is_no_proxy() -> None:
    network = ScriptedNetwork([HELLO])
    pool = Pool(network=network, clock=network.clock)
    pool.dial_options = DialOptions(uds="/run/a")
    with h11client.Session(transport=pool, proxies={"all": PROXY}, trust_env=False) as session:
        session.get("http://a.test/")
    assert network.streams[0].written.startswith(b"GET / HTTP/1.1\r\n")
    assert b"roxy" not in network.streams[0].written
