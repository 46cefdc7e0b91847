"""Certificates that do not fit, wherever TLS is spoken: each is refused before anything is said."""

from __future__ import annotations

import datetime
import ssl
from typing import Any

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

import h11client
from h11client._transport.pool import Pool
from h11client._transport.sockets import SocketNetwork
from tests.client.stream_peers import MemoryServer, server_context

YESTERDAY = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=1)

TOMORROW = YESTERDAY + datetime.timedelta(days=2)
FLOOD = "*" * 40 + ".a.test"

# The host asked for, the names in the certificate, what else it says, and what is wrong with it.
BAD_CERTIFICATES = [
    pytest.param("b.test", ["a.test"], {}, "Hostname mismatch", id="another host"),
    pytest.param("a.test", ["127.0.0.1"], {}, "Hostname mismatch", id="an address for a name"),
    pytest.param("127.0.0.1", ["a.test"], {}, "IP address mismatch", id="a name for an address"),
    pytest.param("127.0.0.2", ["127.0.0.1"], {}, "IP address mismatch", id="another address"),
    pytest.param("::1", ["127.0.0.1"], {}, "IP address mismatch", id="an address of IPv4"),
    pytest.param("127.0.0.1", ["dns:127.0.0.1"], {}, "IP address mismatch", id="address as name"),
    pytest.param("1.1.1.1", ["dns:1.1.1.1 ;x"], {}, "mismatch", id="address and more as name"),
    pytest.param("a.test", [], {"common_name": "a.test"}, "mismatch", id="common name only"),
    pytest.param("c.b.a.test", ["*.a.test"], {}, "mismatch", id="wildcard one label too short"),
    pytest.param("a.test", ["*.a.test"], {}, "mismatch", id="wildcard for the domain itself"),
    pytest.param("a.test", ["dns:*"], {}, "mismatch", id="wildcard for everything"),
    pytest.param("a.test", ["dns:*.test"], {}, "mismatch", id="wildcard for a top domain"),
    pytest.param("b.a.test", ["dns:b.*.test"], {}, "mismatch", id="wildcard in the middle"),
    pytest.param("b.a.test", ["dns:*.*.test"], {}, "mismatch", id="two wildcards"),
    pytest.param("bb.a.test", [f"dns:{FLOOD}"], {}, "mismatch", id="a flood of wildcards"),
    pytest.param(
        "xn--bcher-kva.a.test", ["dns:xn--b*.a.test"], {}, "mismatch", id="wildcard in an A-label"
    ),
    pytest.param("a.test", ["dns:a.test\0.b.test"], {}, "mismatch", id="NUL behind the name"),
    pytest.param("a.test", ["dns:b.test\0a.test"], {}, "mismatch", id="NUL before the name"),
    pytest.param("a.test", ["a.test"], {"not_after": YESTERDAY}, "expired", id="expired"),
    pytest.param("a.test", ["a.test"], {"not_before": TOMORROW}, "not yet", id="not yet valid"),
]


def issued_context(authority: trustme.CA, names: list[str], more: dict[str, Any]) -> ssl.SSLContext:
    """A server with a certificate for `names`; "dns:" takes what follows as it is."""
    if not any(name.startswith("dns:") for name in names):
        return server_context(authority, *names, **more)
    issuer: Any = x509.load_pem_x509_certificate(authority.cert_pem.bytes())
    signing: Any = serialization.load_pem_private_key(authority.private_key_pem.bytes(), None)
    key = ec.generate_private_key(ec.SECP256R1())
    shown = [x509.DNSName(name.removeprefix("dns:")) for name in names]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(issuer.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(YESTERDAY)
        .not_valid_after(TOMORROW)
        .add_extension(x509.SubjectAlternativeName(shown), critical=True)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.public_key()), critical=False
        )
        .sign(signing, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM) + key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with trustme.Blob(pem).tempfile() as path:
        context.load_cert_chain(path)
    return context


class PlainProxy(MemoryServer):
    """A proxy that opens one tunnel, to the server `inner`."""

    def __init__(self, inner: MemoryServer) -> None:
        super().__init__(server_context(trustme.CA(), "unused.test"))
        self.inner = inner
        self.head = b""

    def work(self) -> None:
        self.outgoing.write(self.feed(self.incoming.read()))

    def feed(self, data: bytes) -> bytes:
        if not self.head.endswith(b"\r\n\r\n"):
            self.head += data
            return b"HTTP/1.1 200 OK\r\n\r\n" * self.head.endswith(b"\r\n\r\n")
        self.inner.incoming.write(data)
        self.inner.work()
        return self.inner.outgoing.read()


class TLSProxy(MemoryServer):
    """The same, spoken to by TLS."""

    def __init__(self, context: ssl.SSLContext, inner: MemoryServer) -> None:
        super().__init__(context)
        self.plain = PlainProxy(inner)

    def work(self) -> None:
        super().work()
        if self.got:
            self.send(self.plain.feed(bytes(self.got)))
            self.got.clear()


class MemoryNetwork(SocketNetwork):
    """Every dial leads to this server."""

    def __init__(self, server: MemoryServer) -> None:
        super().__init__()
        self.server = server

    def connect(self, host: str, port: int, deadline: Any, options: Any = None) -> Any:
        deadline.start_connect()
        return self.server


def bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def place_of(place: str, server: MemoryServer, host: str) -> tuple[MemoryServer, str, Any, Any]:
    """What is dialled, the URL, the proxies and the authority of a good proxy."""
    url = f"https://{bracketed(host)}/"
    if place == "origin":
        return server, url, None, None
    if place == "origin inside a tunnel":
        return PlainProxy(server), url, {"all": "http://proxy.test"}, None
    if place == "origin inside a tunnel through TLS":
        own = trustme.CA()
        context = server_context(own, "proxy.test")
        return TLSProxy(context, server), url, "https://proxy.test", own
    url = "http://a.test/" if place == "proxy that forwards" else "https://a.test/"
    return server, url, {"all": f"https://{bracketed(host)}"}, None


PLACES = [
    "origin",
    "origin inside a tunnel",
    "origin inside a tunnel through TLS",
    "proxy that forwards",
    "proxy that tunnels",
]


def refusal(place: str, context: ssl.SSLContext, host: str, trusted: str) -> str:
    """Why a session refuses the server at this place, which was told so and nothing else."""
    server = MemoryServer(context)
    dialled, url, proxies, own = place_of(place, server, host)
    if own is None:
        found = refused(dialled, url, proxies, trusted)
    else:
        with own.cert_pem.tempfile() as path:
            proxies = {"all": h11client.Proxy(proxies, verify=path)}
            found = refused(dialled, url, proxies, trusted)
    assert dialled.closed
    assert server.got == b""
    assert "alert" in str(server.told).lower()
    return found


def refused(dialled: MemoryServer, url: str, proxies: Any, trusted: str) -> str:
    transport = Pool(network=MemoryNetwork(dialled))
    session = h11client.Session(transport=transport, proxies=proxies, verify=trusted, timeout=5)
    session.trust_env = False
    with session, pytest.raises(h11client.SSLError) as caught:
        session.get(url)
    assert isinstance(caught.value.__cause__, ssl.SSLCertVerificationError)
    assert transport.counts().open == 0
    return str(caught.value)


@pytest.mark.safety("T5", "T6")
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(("host", "names", "more", "reason"), BAD_CERTIFICATES)
def test_a_certificate_that_does_not_fit_is_refused(
    place: str, host: str, names: list[str], more: dict[str, Any], reason: str
) -> None:
    authority = trustme.CA()
    with authority.cert_pem.tempfile() as path:
        assert reason in refusal(place, issued_context(authority, names, more), host, path)


@pytest.mark.safety("T5")
@pytest.mark.parametrize("place", PLACES)
def test_an_authority_that_is_not_trusted_counts_at_no_place(ca: Any, place: str) -> None:
    context = server_context(trustme.CA(), "a.test")
    assert "local issuer" in refusal(place, context, "a.test", str(ca.pem))
