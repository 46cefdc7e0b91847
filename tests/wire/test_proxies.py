"""Through real proxies, and through TLS within TLS, on real sockets."""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import trustme

import h11client
from h11client.auth import HTTPDigestAuth
from h11client.exceptions import ConnectTimeout, ProxyError, SSLError
from tests.ports import REFUSED_PORT, free_port
from tests.wire import proxy_programs
from tests.wire.proxy_programs import PASSWORD, PLAIN_PASSWORD, PROGRAMS, USER

KINDS = [
    # (program, scheme, with credentials)
    ("proxy.py", "http", False),
    ("proxy.py", "http", True),
    ("proxy.py", "https", True),
    ("pproxy", "http", False),
    ("pproxy", "http", True),
    ("pproxy", "https", True),
    ("pproxy", "socks4", False),
    ("pproxy", "socks4a", False),
    ("pproxy", "socks5", False),
    ("pproxy", "socks5", True),
    ("pproxy", "socks5h", True),
]
SYSTEM_KINDS = [
    ("tinyproxy", "http", False),
    ("tinyproxy", "http", True),
    ("squid", "http", False),
    ("squid", "http", True),
    ("squid", "https", True),
    ("dante", "socks4", False),
    ("dante", "socks5", False),
    ("dante", "socks5h", False),
]
INSTALLED = proxy_programs.installed()
KINDS += [kind for kind in SYSTEM_KINDS if kind[0] in INSTALLED]
AUTHENTICATED = [kind for kind in KINDS if kind[2]]
# It knows the users of the system, none of whom is ours.
AUTHENTICATED += [("dante", "socks5h", True)] if "dante" in INSTALLED else []
REFUSALS = {"proxy.py": 407, "tinyproxy": 401, "squid": 407}  # to a wrong password
IDS = ["-".join(map(str, kind)) for kind in KINDS]


@pytest.fixture(scope="session")
def start_proxy(
    environment_python: Callable[[str], str],
    ca: Any,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Callable[..., int]]:
    """Starts a proxy when it is first asked for; gives its port."""
    import contextlib

    started: dict[tuple[object, ...], int] = {}
    with contextlib.ExitStack() as stack:

        def start(program: str, tls: bool, auth: bool) -> int:
            key = (program, tls, auth)
            if key not in started:
                certificate = Path(ca.certificate) if tls else None
                if program in INSTALLED:
                    proxy = proxy_programs.running_of_the_system(program, auth, certificate)
                    started[key] = stack.enter_context(proxy)
                    return started[key]
                port = free_port()
                python = environment_python("proxies")
                command = PROGRAMS[program](python, port, auth, certificate)
                log = tmp_path_factory.mktemp("proxy") / "log"
                started[key] = stack.enter_context(proxy_programs.running(command, port, log))
            return started[key]

        yield start


@pytest.fixture(scope="session")
def all_proxies(start_proxy: Callable[..., int]) -> dict[tuple[str, str, bool], int]:
    return {
        kind: start_proxy(kind[0], kind[1] == "https", kind[2]) for kind in KINDS + AUTHENTICATED
    }


def as_proxy(kind: tuple[str, str, bool], port: int) -> h11client.Proxy:
    program, scheme, auth = kind
    password = PLAIN_PASSWORD if program == "tinyproxy" else PASSWORD
    if program == "squid" and scheme == "https":  # the other one is told Basic, and asks for Digest
        digest = HTTPDigestAuth(USER, password)
        return h11client.Proxy(f"{scheme}://127.0.0.1:{port}", auth=digest)
    userinfo = f"{USER}:{quote(password, safe='')}@" if auth else ""
    return h11client.Proxy(f"{scheme}://{userinfo}127.0.0.1:{port}")


def echo(peer: Any) -> None:
    """Answers every request with its nonce and the length of its body."""
    while head := peer.read_head():
        fields = dict(
            line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:] if b": " in line
        )
        if isinstance(peer.sock, ssl.SSLSocket):  # what a proxy passes on otherwise is its affair
            assert b"proxy-authorization" not in fields
        body = peer.read_body(int(fields.get(b"content-length", b"0")))
        answer = fields[b"x-nonce"] + b" %d" % len(body)
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(answer), answer))


@pytest.mark.parametrize("secure", [False, True], ids=["http", "https"])
@pytest.mark.parametrize("kind", KINDS, ids=IDS)
def test_requests_go_through_a_real_proxy(
    kind: tuple[str, str, bool],
    secure: bool,
    all_proxies: dict[tuple[str, str, bool], int],
    serve: Callable[..., Any],
    ca: Any,
) -> None:
    port = all_proxies[kind]
    origin = serve(echo, context=ca.server_context() if secure else None)
    proxy = as_proxy(kind, port)
    url = origin.url.replace("127.0.0.1", "localhost") if kind[1] == "socks5h" else origin.url
    with h11client.Session(proxies={"all": proxy}, verify=ca.pem, trust_env=False) as session:
        for number, length in enumerate([300_000, 0, 1, 300_000]):
            headers = {"X-Nonce": f"{number}"}
            # PUT: there are proxies which close behind an answer without saying so, and what comes
            # too late for them is only sent once more when that is safe.
            response = session.put(url, b"x" * length, headers=headers, timeout=20)
            assert (response.status_code, response.text) == (200, f"{number} {length}")
            assert response.connection_info.peer_address == ("127.0.0.1", port)
            assert (response.connection_info.tls_version is not None) is (
                secure or kind[1] == "https"
            )


def naming(name: bytes) -> Callable[[Any], None]:
    """Answers every request with the name of the server."""

    def script(peer: Any) -> None:
        while peer.read_head():
            peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(name), name))

    return script


@pytest.mark.safety("4I1", "T1")
@pytest.mark.parametrize("kind", KINDS, ids=IDS)
def test_several_origins_are_not_mixed_up_by_a_real_proxy(
    kind: tuple[str, str, bool],
    all_proxies: dict[tuple[str, str, bool], int],
    serve: Callable[..., Any],
    ca: Any,
) -> None:
    origins = {name: serve(naming(name.encode())) for name in ("first", "second", "third")}
    proxy = as_proxy(kind, all_proxies[kind])
    with h11client.Session(proxies={"all": proxy}, verify=ca.pem, trust_env=False) as session:
        for _ in range(2):
            for name, origin in origins.items():
                assert session.get(origin.url, timeout=20).text == name


@pytest.mark.safety("2h4", "X16", "R18")
@pytest.mark.parametrize("secure", [False, True], ids=["http", "https"])
@pytest.mark.parametrize(
    "kind", AUTHENTICATED, ids=["-".join(map(str, kind)) for kind in AUTHENTICATED]
)
def test_a_wrong_password_is_refused_by_a_real_proxy(
    kind: tuple[str, str, bool],
    secure: bool,
    all_proxies: dict[tuple[str, str, bool], int],
    serve: Callable[..., Any],
    ca: Any,
) -> None:
    origin = serve(echo, context=ca.server_context() if secure else None)
    proxy = f"{kind[1]}://{USER}:wrong@127.0.0.1:{all_proxies[kind]}"
    with h11client.Session(proxies={"all": proxy}, verify=ca.pem, trust_env=False) as session:
        try:
            response = session.get(origin.url, headers={"X-Nonce": "1"}, timeout=20)
        except h11client.ConnectionError as error:
            assert "wrong" not in str(error)
            if kind[0] in REFUSALS:
                assert isinstance(error, ProxyError) and error.status_code == REFUSALS[kind[0]]
            elif kind[0] == "dante":
                assert type(error) is ProxyError
        else:
            assert response.status_code == REFUSALS.get(kind[0], 407) and not secure
    assert origin.accepted == 0


@pytest.mark.safety("X16", "4I6")
@pytest.mark.parametrize("secure", [False, True], ids=["http", "https"])
@pytest.mark.parametrize("kind", KINDS, ids=IDS)
def test_an_origin_that_a_real_proxy_cannot_reach_is_an_error(
    kind: tuple[str, str, bool],
    secure: bool,
    all_proxies: dict[tuple[str, str, bool], int],
    ca: Any,
) -> None:
    proxy = as_proxy(kind, all_proxies[kind])
    port = REFUSED_PORT
    url = f"{'https' if secure else 'http'}://127.0.0.1:{port}/"
    with h11client.Session(proxies={"all": proxy}, verify=ca.pem, trust_env=False) as session:
        try:
            response = session.get(url, timeout=20)
        except h11client.ConnectionError as error:
            if secure and kind[0] in REFUSALS:
                assert isinstance(error, ProxyError) and (error.status_code or 0) >= 500
            elif kind[0] == "dante":
                assert type(error) is ProxyError and f":{port}: " in str(error)
        else:
            assert response.status_code >= 500 and not secure
        assert session._own_pool_().counts().busy == 0


@pytest.mark.safety("P1", "P2")
def test_the_environment_names_the_proxy_of_a_plain_call(
    all_proxies: dict[tuple[str, str, bool], int],
    serve: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    port = all_proxies["proxy.py", "http", False]
    origin = serve(echo)
    headers = {"X-Nonce": "1"}
    monkeypatch.setenv("http_proxy", f"127.0.0.1:{port}")
    response = h11client.get(origin.url, headers=headers)
    assert response.connection_info.peer_address == ("127.0.0.1", port)
    monkeypatch.setenv("no_proxy", f"127.0.0.0/8:{origin.port}, 127.0.0.0/8")
    response = h11client.get(origin.url, headers=headers)
    assert response.connection_info.peer_address == ("127.0.0.1", origin.port)


# --- certificates, of a proxy and of an origin behind one -------------------------------------


class Authorities:
    """One authority that the client trusts, and one that it does not."""

    def __init__(self, folder: Path) -> None:
        self.trusted, self.other = trustme.CA(), trustme.CA()
        self.pem = str(folder / "trusted.pem")
        self.trusted.cert_pem.write_to_path(self.pem)

    def context(self, kind: str) -> ssl.SSLContext:
        import datetime

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority = self.other if kind == "other authority" else self.trusted
        names = {
            "wrong address": ["127.0.0.2"],
            "wrong host": ["other.test"],
            "a name like the address": ["127.0.0.1.test"],
        }
        past = datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone.utc)
        expired = {"not_before": past, "not_after": past + datetime.timedelta(days=1)}
        authority.issue_cert(
            *names.get(kind, ["127.0.0.1"]),
            common_name="127.0.0.1" if kind == "wrong host" else None,
            **(expired if kind == "expired" else {}),
        ).configure_cert(context)
        return context


@pytest.fixture(scope="session")
def authorities(tmp_path_factory: pytest.TempPathFactory) -> Authorities:
    return Authorities(tmp_path_factory.mktemp("authorities"))


BAD_CERTIFICATES = [
    "expired",
    "other authority",
    "wrong address",
    "wrong host",
    "a name like the address",
]


def nothing_expected(peer: Any) -> None:
    assert peer.read_head() == b""


def tunnel_to(context: ssl.SSLContext) -> Callable[[Any], None]:
    """A proxy that is the origin behind it as well."""

    def script(peer: Any) -> None:
        assert peer.read_head().startswith(b"CONNECT 127.0.0.1:443 HTTP/1.1\r\n")
        peer.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
        with context.wrap_socket(peer.sock, server_side=True) as peer.sock:
            echo(peer)

    return script


@pytest.mark.safety("T5", "2h5")
@pytest.mark.parametrize("kind", ["right", *BAD_CERTIFICATES])
def test_the_certificate_of_an_origin_behind_a_proxy_is_checked(
    kind: str, authorities: Authorities, serve: Callable[..., Any]
) -> None:
    proxy = serve(tunnel_to(authorities.context(kind)))
    with h11client.Session(proxies={"https": proxy.url}, verify=authorities.pem) as session:
        if kind == "right":
            assert session.get("https://127.0.0.1/", headers={"X-Nonce": "1"}).text == "1 0"
        else:
            with pytest.raises(SSLError):
                session.get("https://127.0.0.1/", headers={"X-Nonce": "1"})
            assert session._own_pool_().counts().open == 0


@pytest.mark.safety("T5", "2h5")
@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "https://127.0.0.1:1/"])
@pytest.mark.parametrize("kind", BAD_CERTIFICATES)
def test_the_certificate_of_an_https_proxy_is_checked(
    kind: str, url: str, authorities: Authorities, serve: Callable[..., Any]
) -> None:
    proxy = serve(nothing_expected, context=authorities.context(kind))
    with h11client.Session(proxies={"all": proxy.url}, verify=authorities.pem) as session:
        with pytest.raises(SSLError):
            session.get(url)
        assert session._own_pool_().counts().open == 0


# --- hostile proxies ------------------------------------------------------------------------


def after_connect(data: bytes, then: str = "wait") -> Callable[[Any], None]:
    def script(peer: Any) -> None:
        peer.read_head()
        peer.send(data)
        if then == "reset":
            peer.reset()
        elif then == "wait":
            peer.wait_for_end()

    return script


ESTABLISHED = b"HTTP/1.1 200 OK\r\n\r\n"
HOSTILE = [
    # Whoever closes with our hello unread resets: then it is neither of ConnectionError's subclasses.
    ("200, then the end", after_connect(ESTABLISHED, "end"), h11client.ConnectionError),
    ("200, then a reset", after_connect(ESTABLISHED, "reset"), h11client.ConnectionError),
    ("200, then plain text", after_connect(ESTABLISHED + b"HTTP/1.1 200 OK\r\n\r\n"), h11client.ConnectionError),
    ("200, then silence", after_connect(ESTABLISHED), ConnectTimeout),
    ("an endless head", after_connect(b"HTTP/1.1 200 OK\r\nA: " + b"x" * 500_000), ProxyError),
    ("an endless body", after_connect(b"HTTP/1.1 403 No\r\n\r\n" + b"x" * 500_000), ProxyError),
    ("silence", after_connect(b""), ConnectTimeout),
    ("the end", after_connect(b"", "end"), ProxyError),
    ("a reset", after_connect(b"", "reset"), ProxyError),
]  # fmt: skip


@pytest.mark.safety("P3", "X16", "T7", "4I4", "4I5", "4I6")
@pytest.mark.parametrize(
    ("script", "expected"), [row[1:] for row in HOSTILE], ids=[row[0] for row in HOSTILE]
)
def test_a_hostile_proxy_costs_an_exception_and_nothing_else(
    script: Callable[[Any], None], expected: Any, serve: Callable[..., Any]
) -> None:
    proxy = serve(script)
    timeout = h11client.Timeout(connect=0.5)
    with h11client.Session(proxies={"https": proxy.url}, trust_env=False) as session:
        with pytest.raises(expected) as caught:
            session.get("https://a.test/", timeout=timeout)
        assert session._own_pool_().counts().open == 0
    assert isinstance(caught.value, h11client.RequestException)


@pytest.mark.safety("X16")
def test_a_proxy_that_refuses_connections_is_a_proxy_error() -> None:
    proxy = f"http://127.0.0.1:{REFUSED_PORT}"
    for url in ("http://a.test/", "https://a.test/"):
        with pytest.raises(ProxyError):
            h11client.get(url, proxies={"all": proxy})
