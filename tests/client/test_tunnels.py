"""Tunnels through HTTP proxies, byte by byte: what goes to whom, and what answers to CONNECT do."""

from __future__ import annotations

import functools
import logging
import pickle
import ssl
import traceback
from typing import Any

import pytest

import h11client
from h11client._transport import proxies
from h11client._transport.dial_options import DialOptions
from h11client._transport.network import TLSConfig
from h11client._transport.pool import Pool
from h11client.auth import HTTPDigestAuth
from h11client.exceptions import ConnectTimeout, ProxyError, RequestException, SSLError
from h11client.testing import Dial, Pause, ScriptedNetwork, Unsolicited

# Sessions here do not trust the environment, which could name a file for the keys.
unlogged = functools.partial(TLSConfig, log_keys=False)

PROXY = "http://user:secret@proxy.test:3128"
BASIC = b"Basic dXNlcjpzZWNyZXQ="
ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"
HELLO = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
ASKS_DIGEST = (
    b"HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm=a\r\n"
    b'Proxy-Authenticate: Digest realm="a", nonce="n%d", qop="auth"\r\nContent-Length: 2\r\n\r\nno'
)


def session_over(
    network: ScriptedNetwork, proxy: object = PROXY, **options: object
) -> h11client.Session:
    proxies._remembered.clear()  # with what they were told in other tests
    options.setdefault("trust_env", False)
    return h11client.Session(
        transport=Pool(network=network, clock=network.clock), proxies={"all": proxy}, **options
    )


def request_lines(data: bytes) -> list[bytes]:
    return [line for line in data.split(b"\r\n") if line.endswith(b" HTTP/1.1")]


@pytest.mark.parametrize("byte_by_byte", [False, True])
def test_an_https_request_goes_through_a_tunnel(byte_by_byte: bool) -> None:
    network = ScriptedNetwork([ESTABLISHED, HELLO], byte_by_byte=byte_by_byte)
    with session_over(network) as session:
        assert session.get("https://a.test/x").text == "hello"
    network.assert_used_up()
    assert network.dialled == [("proxy.test", 3128)]
    assert network.upgrades == [(unlogged(), "a.test")]
    connect, get = network.streams[0].writes
    version = h11client.__version__.encode()
    assert connect == (
        b"CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\n"
        b"User-Agent: h11client/" + version + b"\r\nProxy-Authorization: " + BASIC + b"\r\n\r\n"
    )
    assert get.startswith(b"GET /x HTTP/1.1\r\nHost: a.test\r\n")
    assert b"roxy" not in get
    order = [entry[0] for entry in network.log if entry[0] != "read"]
    assert order == ["dial", "write", "tls", "write", "close"]


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("https://[2001:db8::1]/", b"[2001:db8::1]:443"),
        ("https://[fe80::1%25eth0]:8443/", b"[fe80::1]:8443"),
        ("https://B\u00dccher.test./", b"xn--bcher-kva.test.:443"),
    ],
)
def test_connect_names_host_and_port(url: str, target: bytes) -> None:
    network = ScriptedNetwork([ESTABLISHED, HELLO])
    with session_over(network) as session:
        session.get(url)
    assert network.streams[0].written.startswith(
        b"CONNECT " + target + b" HTTP/1.1\r\nHost: " + target
    )


@pytest.mark.safety("T4")
def test_tls_sessions_of_a_proxy_and_of_the_origin_behind_it_are_kept_apart() -> None:
    kept = []

    class Network(ScriptedNetwork):
        def start_tls(self, stream, config, name, deadline, resume_as=None):
            kept.append((name, resume_as))
            return super().start_tls(stream, config, name, deadline, resume_as)

    network = Network([ESTABLISHED, HELLO], [ESTABLISHED, HELLO])
    with session_over(network, "https://same.test") as session:
        session.get("https://same.test/")
        session.get("https://same.test:444/")
    assert [name for name, _ in kept] == ["same.test"] * 4
    assert None not in [key for _, key in kept]
    assert len({key for _, key in kept}) == 4


@pytest.mark.safety("P3", "X23")
@pytest.mark.parametrize(
    "steps",
    [[b"SSH-2.0-x\r\n"], [b"550", b""], [b"H", b"ELO"], [b"HTTP/1.1 103 E\r\n\r\n", b"SSH-2.0"]],
)
def test_a_proxy_that_does_not_speak_http_is_told_apart(steps: list[bytes]) -> None:
    with (
        session_over(ScriptedNetwork(steps)) as session,
        pytest.raises(ProxyError, match="does not speak HTTP"),
    ):
        session.get("https://a.test/")


OPENING = [
    ("plain", ESTABLISHED),
    ("another 2xx", b"HTTP/1.1 299 Yes\r\n\r\n"),
    ("204", b"HTTP/1.1 204 No Content\r\n\r\n"),
    ("HTTP/1.0", b"HTTP/1.0 200 Connection established\r\n\r\n"),
    ("with a length", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"),
    ("with a length and a coding", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"),
    ("with a strange coding", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n"),
    ("with two lengths", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n"),
    ("after 1xx", b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\n\r\n" + ESTABLISHED),
    ("with close", b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"),
    ("bare line feeds", b"HTTP/1.1 200 OK\n\n"),
]  # fmt: skip


@pytest.mark.safety("2h3", "M26", "X16")
@pytest.mark.parametrize("answer", [row[1] for row in OPENING], ids=[row[0] for row in OPENING])
def test_any_2xx_opens_the_tunnel_whatever_it_says_of_a_body(answer: bytes) -> None:
    network = ScriptedNetwork([answer, HELLO])
    with session_over(network) as session:
        assert session.get("https://a.test/").text == "hello"


REFUSING = [
    ("403", b"HTTP/1.1 403 No\r\nContent-Length: 4\r\n\r\nbody", 403, b"body"),
    ("407", b"HTTP/1.1 407 Who\r\nContent-Length: 4\r\n\r\nbody", 407, b"body"),
    ("500 chunked", b"HTTP/1.1 500 Oh\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n", 500, b"body"),
    ("502 until the end", b"HTTP/1.1 502 Oh\r\n\r\nbody", 502, b"body"),
    ("a redirect", b"HTTP/1.1 302 There\r\nLocation: https://evil.test/\r\nContent-Length: 0\r\n\r\n", 302, b""),
    ("a cut body", b"HTTP/1.1 503 Oh\r\nContent-Length: 400\r\n\r\nbody", 503, b"body"),
    ("broken framing", b"HTTP/1.1 503 Oh\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbodyxx", 503, b"body"),
    ("a large body", b"HTTP/1.1 503 Oh\r\n\r\n" + b"x" * 200_000, 503, b"x" * 65536),
]  # fmt: skip


@pytest.mark.safety("2h4", "P3", "X16", "4I6")
@pytest.mark.parametrize(
    ("answer", "status", "body"), [row[1:] for row in REFUSING], ids=[row[0] for row in REFUSING]
)
def test_a_refused_tunnel_is_an_error_with_the_proxys_answer(
    answer: bytes, status: int, body: bytes
) -> None:
    network = ScriptedNetwork([answer, b""])
    with session_over(network) as session:
        with pytest.raises(ProxyError) as caught:
            session.get("https://a.test/")
        assert session._own_pool_().counts().open == 0
    error = caught.value
    assert (error.status_code, error.body) == (status, body)
    assert error.response is None
    assert error.request is not None
    assert f"http://proxy.test:3128 refused a tunnel to a.test:443: {status}" in str(error)
    assert network.streams[0].closed
    assert network.upgrades == []
    copy = pickle.loads(pickle.dumps(error))
    assert (copy.status_code, copy.body, copy.headers) == (status, body, error.headers)


@pytest.mark.safety("P3")
def test_what_stays_away_of_a_refusals_body_is_not_waited_for_long() -> None:
    answer = b"HTTP/1.1 403 No\r\nContent-Length: 9\r\nX-Why: rule 7\r\n\r\n"
    network = ScriptedNetwork([answer, b"body", Pause(9), b"later"])
    with session_over(network) as session, pytest.raises(ProxyError) as caught:
        session.get("https://a.test/")
    assert caught.value.body == b"body"
    assert caught.value.headers["x-why"] == "rule 7"
    assert network.clock.now < 2


NO_ANSWER = [
    ("nothing", [b""], ProxyError),
    ("half a status line", [b"HTTP/1.1 20", b""], ProxyError),
    ("half a head", [b"HTTP/1.1 200 OK\r\nA: b\r\n", b""], ProxyError),
    ("another protocol", [b"SSH-2.0-OpenSSH_9.2\r\n", b""], ProxyError),
    ("TLS", [b"\x15\x03\x01\x00\x02\x02\x46", b""], ProxyError),
    ("101", [b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"], ProxyError),
    ("a reset", [ConnectionResetError(104, "reset")], ProxyError),
    ("an endless head", [b"HTTP/1.1 200 OK\r\n" + b"A: " + b"x" * 200_000], ProxyError),
    ("endless fields", [b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 30_000], ProxyError),
    ("endless 1xx", [b"HTTP/1.1 103 Early\r\n\r\n" * 100], ProxyError),
    ("bytes behind it", [ESTABLISHED + b"x"], ProxyError),
    ("a response behind it", [ESTABLISHED + HELLO], ProxyError),
    ("silence", [Pause(100)], ConnectTimeout),
    ("silence within it", [b"HTTP/1.1 2", Pause(100)], ConnectTimeout),
    ("dripping", [piece for byte in ESTABLISHED * 2 for piece in (bytes([byte]), Pause(1))], ConnectTimeout),
    ("dripping a head", [ESTABLISHED[:12], *[piece for _ in range(30) for piece in (b"x", Pause(1))]], ConnectTimeout),
]  # fmt: skip


@pytest.mark.safety("P3", "X16", "M26", "T7", "2h3", "4I3", "4I8")
@pytest.mark.parametrize(
    ("steps", "expected"), [row[1:] for row in NO_ANSWER], ids=[row[0] for row in NO_ANSWER]
)
def test_what_is_no_answer_to_connect_is_an_error_and_the_socket_is_closed(
    steps: list[object], expected: type[RequestException]
) -> None:
    network = ScriptedNetwork(steps)
    with session_over(network) as session:
        with pytest.raises(expected) as caught:
            session.get("https://a.test/")
        assert session._own_pool_().counts().open == 0
    assert network.streams[0].closed
    assert network.upgrades == []
    assert caught.value.request is not None
    pickle.loads(pickle.dumps(caught.value))
    if expected is ConnectTimeout:
        assert caught.value.limit == "connect"
        assert 10 <= network.clock.now < 11


@pytest.mark.safety("P3", "X16")
@pytest.mark.parametrize("end", [b"", ConnectionResetError(104, "reset")], ids=["end", "reset"])
def test_a_proxy_that_leaves_at_any_byte_of_its_answer_is_an_error(end: object) -> None:
    for length in range(len(ESTABLISHED)):
        steps = [ESTABLISHED[:length], end] if length else [end]
        network = ScriptedNetwork(steps)
        with session_over(network) as session, pytest.raises(ProxyError):
            session.get("https://a.test/")
        assert network.streams[0].closed


@pytest.mark.safety("X16")
@pytest.mark.parametrize(
    ("dial", "expected"),
    [
        (ConnectionRefusedError(111, "refused"), ProxyError),
        (OSError(113, "no route"), ProxyError),
        (Dial([], takes=60), ConnectTimeout),
    ],
    ids=["refused", "no route", "silence"],
)
def test_a_proxy_that_cannot_be_reached_is_an_error(
    dial: object, expected: type[RequestException]
) -> None:
    network = ScriptedNetwork(dial)
    with session_over(network) as session, pytest.raises(expected) as caught:
        session.get("https://a.test/")
    assert "the proxy http://proxy.test:3128" in str(caught.value)


@pytest.mark.safety("X16")
def test_a_tunnel_that_ends_before_the_handshake_is_an_error_of_tls() -> None:
    network = ScriptedNetwork(Dial([ESTABLISHED], tls_error=ssl.SSLEOFError(8, "end")))
    with session_over(network) as session, pytest.raises(SSLError):
        session.get("https://a.test/")
    assert network.streams[0].closed


@pytest.mark.safety("X16", "M8")
def test_the_total_limit_ends_a_tunnel_too() -> None:
    network = ScriptedNetwork([Pause(100)])
    timeout = h11client.Timeout(total=3)
    with session_over(network) as session, pytest.raises(ConnectTimeout) as caught:
        session.get("https://a.test/", timeout=timeout)
    assert caught.value.limit == "total"
    assert network.clock.now == 3


@pytest.mark.safety("P4", "R3")
def test_connect_carries_nothing_of_the_request_and_the_tunnel_nothing_for_the_proxy() -> None:
    network = ScriptedNetwork([ESTABLISHED, HELLO])
    proxy = h11client.Proxy(PROXY, headers={"Proxy-Tenant": "t", "User-Agent": "agent"})
    headers = {
        "Authorization": "Bearer origin",
        "Cookie": "a=b",
        "X-Api-Key": "key",
        "User-Agent": "mine",
        "proxy-authorization": "Basic own",
    }
    with session_over(network, proxy, headers=headers) as session:
        session.post("https://a.test/", b"body")
    connect, post = network.streams[0].writes
    assert connect == (
        b"CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\nProxy-Tenant: t\r\n"
        b"User-Agent: agent\r\nProxy-Authorization: " + BASIC + b"\r\n\r\n"
    )
    assert b"roxy" not in post
    assert b"Bearer origin" in post and b"User-Agent: mine" in post


@pytest.mark.safety("R3")
@pytest.mark.parametrize("where", ["session", "request"])
def test_proxy_authorization_never_goes_to_an_origin_directly(where: str) -> None:
    network = ScriptedNetwork([HELLO])
    secret = {"PROXY-Authorization": "Basic x"}
    with session_over(network, None, headers=secret if where == "session" else None) as session:
        response = session.get("http://a.test/", headers=secret if where == "request" else None)
    assert b"roxy" not in network.streams[0].written.lower()
    assert (
        response.request.headers["Proxy-Authorization"] == "Basic x"
    )  # the caller's is left alone


# --- TLS to the proxy ------------------------------------------------------------------------


@pytest.mark.safety("T5", "2h5")
def test_an_https_proxy_is_checked_by_its_own_name_and_the_origin_by_its() -> None:
    network = ScriptedNetwork([ESTABLISHED, HELLO])
    proxy = h11client.Proxy("https://proxy.test", verify="/proxy-ca.pem", cert="/me.pem")
    with session_over(network, proxy) as session:
        session.get("https://a.test/", verify=False)
    assert network.upgrades == [
        (unlogged("/proxy-ca.pem", "/me.pem"), "proxy.test"),
        (unlogged(False), "a.test"),
    ]


def test_a_call_without_verification_does_not_verify_the_proxy_unless_that_says_so() -> None:
    network = ScriptedNetwork([ESTABLISHED, HELLO], [ESTABLISHED, HELLO])
    with session_over(network, "https://proxy.test") as session:
        session.get("https://a.test/", verify=False)
        proxy = h11client.Proxy("https://proxy.test", verify=True)
        session.get("https://a.test/", verify=False, proxies={"https": proxy})
    configs = [config for config, _ in network.upgrades]
    assert configs == [unlogged(False), unlogged(False), unlogged(), unlogged(False)]


@pytest.mark.safety("T5")
def test_a_certificate_of_the_proxy_that_is_not_trusted_is_an_error_of_tls() -> None:
    error = ssl.SSLCertVerificationError(1, "unknown authority")
    network = ScriptedNetwork(Dial([], tls_error=error))
    proxy = "https://user:secret@proxy.test"
    with session_over(network, proxy) as session, pytest.raises(SSLError) as caught:
        session.get("https://a.test/")
    assert "the certificate of the proxy https://proxy.test:443 is not trusted" in str(caught.value)
    assert network.streams[0].written == b""


def test_a_server_hostname_of_the_session_is_for_the_origin_only() -> None:
    network = ScriptedNetwork([ESTABLISHED, HELLO])
    pool = Pool(network=network, clock=network.clock)
    pool.dial_options = DialOptions(server_hostname="b.test")
    proxies = {"https": "https://proxy.test"}
    with h11client.Session(transport=pool, proxies=proxies, trust_env=False) as session:
        session.get("https://a.test/")
    assert [name for _, name in network.upgrades] == ["proxy.test", "b.test"]


# --- who shares a connection -------------------------------------------------------------------

HTTPS_PROXY = "https://user:secret@proxy.test:3128"
OTHERS = [
    ("the same", PROXY, "https://a.test/", {}, True),
    ("another host", PROXY, "https://b.test/", {}, False),
    ("another port", PROXY, "https://a.test:444/", {}, False),
    ("without a proxy", None, "https://a.test/", {}, False),
    ("another proxy", "http://user:secret@other.test:3128", "https://a.test/", {}, False),
    ("another port of the proxy", "http://user:secret@proxy.test:3129", "https://a.test/", {}, False),
    ("TLS to the proxy", HTTPS_PROXY, "https://a.test/", {}, False),
    ("another password", "http://user:Secret@proxy.test:3128", "https://a.test/", {}, False),
    ("another user", "http://User:secret@proxy.test:3128", "https://a.test/", {}, False),
    ("no credentials", "http://proxy.test:3128", "https://a.test/", {}, False),
    ("http", PROXY, "http://a.test:443/", {}, False),
    ("no verification", PROXY, "https://a.test/", {"verify": False}, False),
    ("another scheme of the proxy", "socks5h://user:secret@proxy.test:3128", "https://a.test/", {}, False),
]  # fmt: skip


@pytest.mark.safety("T1", "T2", "2h5")
@pytest.mark.parametrize(
    ("proxy", "url", "options", "shared"),
    [row[1:] for row in OTHERS],
    ids=[row[0] for row in OTHERS],
)
def test_a_tunnel_serves_its_own_origin_and_credentials_only(
    proxy: str | None, url: str, options: dict[str, object], shared: bool
) -> None:
    second = [b"\x05\x00", b"\x05\x00\x00\x01\x00", b"\x00\x00\x00\x00\x00"]
    if not str(proxy).startswith("socks"):
        second = [ESTABLISHED] if proxy is not None and url.startswith("https") else []
    network = ScriptedNetwork([ESTABLISHED, HELLO, HELLO], [*second, HELLO])
    with session_over(network) as session:
        session.get("https://a.test/")
        session.get(url, proxies={"all": proxy}, **options)
    assert len(network.dialled) == (1 if shared else 2)


def test_a_tunnel_is_kept_and_used_again() -> None:
    network = ScriptedNetwork([ESTABLISHED, HELLO, HELLO])
    with session_over(network) as session:
        for _ in range(2):
            assert session.get("https://a.test/").text == "hello"
    assert request_lines(network.streams[0].written) == [
        b"CONNECT a.test:443 HTTP/1.1",
        b"GET / HTTP/1.1",
        b"GET / HTTP/1.1",
    ]


# --- authentication ----------------------------------------------------------------------------


def credentials(written: bytes) -> list[bytes]:
    name = b"Proxy-Authorization: "
    return [line[len(name) :] for line in written.split(b"\r\n") if line.startswith(name)]


@pytest.mark.safety("2h5", "A1", "X16")
def test_digest_is_answered_on_the_same_connection_while_that_is_kept() -> None:
    network = ScriptedNetwork([ASKS_DIGEST % 1, ESTABLISHED, HELLO])
    with session_over(network) as session:
        assert session.get("https://a.test/").text == "hello"
    sent = credentials(network.streams[0].written)
    assert sent[0] == BASIC
    assert sent[1].startswith(b'Digest username="user", realm="a", nonce="n1", uri="a.test:443", ')
    assert len(sent) == 2


@pytest.mark.safety("2h5", "X16")
def test_digest_is_answered_on_a_new_connection_when_the_old_one_is_closed() -> None:
    closing = (ASKS_DIGEST % 1).replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    network = ScriptedNetwork([closing, b""], [ESTABLISHED, HELLO])
    proxy = h11client.Proxy("http://proxy.test:3128", auth=HTTPDigestAuth("user", "secret"))
    with session_over(network, proxy) as session:
        assert session.get("https://a.test/").text == "hello"
        assert session._own_pool_().counts().open == 1
    assert network.streams[0].closed
    assert credentials(network.streams[0].written) == []
    assert credentials(network.streams[1].written)[0].startswith(b"Digest ")


# What comes behind a 407 whose connection could go on; how many CONNECTs go out on that.
LEFT = [
    ("closed at once", [Unsolicited(b"")], 1),
    ("reset at once", [Unsolicited(ConnectionResetError(104, "reset"))], 1),
    ("bytes behind it", [Unsolicited(b"\r\n")], 1),
    ("a second answer", [Unsolicited(ESTABLISHED)], 1),
    ("closed in passing", [b""], 2),
    ("reset in passing", [ConnectionResetError(104, "reset")], 2),
]


@pytest.mark.safety("2h5", "X16", "F16")
@pytest.mark.parametrize(("steps", "sent"), [row[1:] for row in LEFT], ids=[row[0] for row in LEFT])
def test_a_proxy_that_closes_behind_its_question_is_answered_on_a_new_connection(
    steps: list[Any], sent: int
) -> None:
    network = ScriptedNetwork([ASKS_DIGEST % 1, *steps], [ESTABLISHED, HELLO])
    with session_over(network) as session:
        assert session.get("https://a.test/").text == "hello"
    first, second = network.streams
    assert first.closed
    assert len(request_lines(first.written)) == sent
    assert credentials(second.written)[0].startswith(b'Digest username="user", realm="a", ')


@pytest.mark.safety("2h5", "X16")
def test_a_proxy_that_leaves_a_new_connection_is_not_asked_once_more() -> None:
    closing = [ASKS_DIGEST % 1, b""]
    for steps in ([b""], [b"HTTP/1.1 4", b""], [ConnectionResetError(104, "reset")]):
        network = ScriptedNetwork(closing, steps)
        with session_over(network) as session, pytest.raises(ProxyError):
            session.get("https://a.test/")
        assert len(network.dialled) == 2
        assert all(stream.closed for stream in network.streams)
    half = [ASKS_DIGEST % 1, b"HTTP/1.1 4", b""]  # it had heard us
    network = ScriptedNetwork(half)
    with session_over(network) as session, pytest.raises(ProxyError):
        session.get("https://a.test/")
    assert len(network.dialled) == 1


@pytest.mark.safety("2h5")
@pytest.mark.parametrize("byte_by_byte", [False, True], ids=["whole", "byte by byte"])
@pytest.mark.parametrize("size", [0, 5, 5000])
def test_the_connection_of_a_407_in_chunks_goes_on_too(size: int, byte_by_byte: bool) -> None:
    head = (ASKS_DIGEST % 1).partition(b"Content-Length")[0]
    chunked = head + b"Transfer-Encoding: chunked\r\n\r\n"
    chunks = b"%x\r\n%s\r\n" % (size, b"x" * size) if size else b""
    dial = [chunked + chunks + b"0\r\nX-End: 1\r\n\r\n", ESTABLISHED, HELLO]
    network = ScriptedNetwork(dial, byte_by_byte=byte_by_byte)
    with session_over(network) as session:
        assert session.get("https://a.test/").text == "hello"
    assert len(network.dialled) == 1


@pytest.mark.safety("2h5", "X16")
def test_the_second_connection_to_a_proxy_has_what_the_first_left_of_the_limit() -> None:
    closing = (ASKS_DIGEST % 1).replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    network = ScriptedNetwork(Dial([closing, b""], takes=6), Dial([], takes=6))
    with session_over(network) as session, pytest.raises(ConnectTimeout) as caught:
        session.get("https://a.test/")
    assert caught.value.limit == "connect"
    assert network.clock.now == 10


@pytest.mark.safety("2h5", "A1")
def test_the_next_tunnel_goes_on_with_the_nonce() -> None:
    network = ScriptedNetwork([ASKS_DIGEST % 1, ESTABLISHED, HELLO], [ESTABLISHED, HELLO])
    proxy = h11client.Proxy(PROXY)
    with session_over(network, proxy) as session:
        session.get("https://a.test/")
        session.get("https://b.test/")
    (sent,) = credentials(network.streams[1].written)
    assert b'nonce="n1"' in sent and b"nc=00000002" in sent


@pytest.mark.safety("2h5", "X16")
def test_a_proxy_that_asks_for_ever_is_told_twice() -> None:
    network = ScriptedNetwork([ASKS_DIGEST % number for number in range(9)])
    proxy = h11client.Proxy(PROXY)
    with session_over(network, proxy) as session, pytest.raises(ProxyError) as caught:
        session.get("https://a.test/")
    assert caught.value.status_code == 407
    assert len(credentials(network.streams[0].written)) == 2


@pytest.mark.safety("R18", "4I11")
def test_the_password_is_in_no_message_and_no_line_of_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG, "h11client")
    network = ScriptedNetwork(
        [ESTABLISHED, HELLO],
        ConnectionRefusedError(111, "refused"),
        [b"HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n"],
        [HELLO],
        [b""],
    )
    shown = []
    with session_over(network) as session:
        for url in ("https://a.test/", "https://b.test/", "https://c.test/", "http://d.test/"):
            try:
                shown.append(repr(session.get(url).connection_info))
            except ProxyError as error:
                shown += traceback.format_exception(error)
                shown += [repr(error), repr(vars(error))]
        shown += [repr(session._own_pool_()._lender._lines)]
    shown += [record.getMessage() for record in caplog.records]
    assert len(caplog.records) > 3
    for secret in ("secret", BASIC.decode(), BASIC.decode()[6:]):
        assert secret not in "\n".join(shown)
