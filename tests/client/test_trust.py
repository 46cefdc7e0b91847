"""h11client/_transport/trust.py: certificates, host names, and the contexts for them."""

from __future__ import annotations

import hashlib
import shutil
import ssl
from pathlib import Path
from typing import Any

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from h11client._transport import trust
from h11client._transport.network import TLSConfig
from h11client._transport.trust import context_for
from tests.client.stream_peers import (
    PATIENT,
    MemoryServer,
    connected,
    in_thread,
    server_context,
)


@pytest.fixture
def server(ca: Any) -> MemoryServer:
    return MemoryServer(ca.server_context())


# --- Trust -------------------------------------------------------------------------------------


@pytest.mark.safety("T5")
def test_a_certificate_of_another_authority_is_refused(ca: Any, server: MemoryServer) -> None:
    with (
        trustme.CA().cert_pem.tempfile() as path,
        pytest.raises(ssl.SSLCertVerificationError),
    ):
        connected(server, "127.0.0.1", path)
    with pytest.raises(ssl.SSLCertVerificationError):
        connected(MemoryServer(ca.server_context()), "127.0.0.1", True)


def test_a_wildcard_stands_for_one_label() -> None:
    authority = trustme.CA()
    with authority.cert_pem.tempfile() as path:
        stream = connected(MemoryServer(server_context(authority, "*.a.test")), "b.a.test", path)
    assert stream.tls is not None


@pytest.mark.parametrize("names", [["b.test"], ["127.0.0.1"]])
def test_without_verification_nothing_is_looked_at(names: list[str]) -> None:
    server = MemoryServer(server_context(trustme.CA(), *names))
    stream = connected(server, "a.test", False)
    assert stream.tls is not None
    assert stream.tls.certificate is not None


def test_a_context_of_the_caller_is_used_as_it_is(ca: Any, server: MemoryServer) -> None:
    own = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    own.load_verify_locations(ca.pem)
    assert context_for(TLSConfig(verify=own)) is own
    assert connected(server, "127.0.0.1", own).tls is not None


def subject_hash(pem: bytes) -> str:
    """The name under which OpenSSL looks for an authority in a directory (X509_NAME_hash)."""

    def der(tag: int, content: bytes) -> bytes:
        assert len(content) < 128
        return bytes([tag, len(content)]) + content

    canonical = b""
    for part in x509.load_pem_x509_certificate(pem).subject:
        text = " ".join(str(part.value).lower().split()).encode()
        numbers = [int(number) for number in part.oid.dotted_string.split(".")]
        oid = bytes([numbers[0] * 40 + numbers[1], *numbers[2:]])
        canonical += der(0x31, der(0x30, der(0x06, oid) + der(0x0C, text)))
    return f"{int.from_bytes(hashlib.sha1(canonical).digest()[:4], 'little'):08x}"


def test_authorities_may_be_a_directory(ca: Any, server: MemoryServer, tmp_path: Path) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        connected(MemoryServer(ca.server_context()), "127.0.0.1", tmp_path)
    pem = Path(ca.pem).read_bytes()
    (tmp_path / f"{subject_hash(pem)}.0").write_bytes(pem)
    assert connected(server, "127.0.0.1", tmp_path).tls is not None


def test_a_server_certificate_can_be_trusted_by_itself(tmp_path: Path) -> None:
    issued = trustme.CA().issue_cert("a.test")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    issued.configure_cert(context)
    pinned = tmp_path / "server.pem"
    pinned.write_bytes(issued.cert_chain_pems[0].bytes())
    assert connected(MemoryServer(context), "a.test", pinned).tls is not None


@pytest.mark.parametrize("content", [None, b"", b"no certificate"], ids=["none", "empty", "text"])
def test_a_file_without_authorities_is_a_tls_error_that_names_it(
    content: bytes | None, tmp_path: Path, server: MemoryServer
) -> None:
    path = tmp_path / "authorities.pem"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ssl.SSLError, match="authorities"):
        connected(server, "127.0.0.1", path)
    assert server.closed
    assert server.bytes_written == 0


# --- Contexts ----------------------------------------------------------------------------------


@pytest.mark.safety("T5")
def test_contexts_are_the_same_on_every_python() -> None:
    context = context_for(TLSConfig())
    assert context.check_hostname
    assert context.verify_mode == ssl.CERT_REQUIRED
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2
    assert not context.hostname_checks_common_name
    flags = ssl.VERIFY_X509_TRUSTED_FIRST | ssl.VERIFY_X509_PARTIAL_CHAIN
    assert context.verify_flags == flags
    assert context.options & ssl.OP_NO_COMPRESSION
    assert context.options & ssl.OP_NO_RENEGOTIATION
    assert context.cert_store_stats()["x509_ca"] > 50  # certifi's


def test_a_context_is_built_once_and_again_when_its_file_changes(ca: Any, tmp_path: Path) -> None:
    path = tmp_path / "authorities.pem"
    shutil.copy(ca.pem, path)
    config = TLSConfig(str(path))
    first = context_for(config)
    assert context_for(TLSConfig(str(path))) is first
    assert context_for(TLSConfig(False)) is not first
    path.write_bytes(path.read_bytes() + trustme.CA().cert_pem.bytes())
    assert context_for(config) is not first


@pytest.mark.safety("L2")
def test_contexts_are_kept_up_to_a_bound_the_latest_used_longest(
    ca: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trust, "_contexts", {})
    monkeypatch.setattr(trust, "_MOST_CONTEXTS", 3)
    configs = []
    for number in range(4):
        path = tmp_path / f"{number}.pem"
        shutil.copy(ca.pem, path)
        configs.append(TLSConfig(str(path)))
    first, second, third = map(context_for, configs[:3])
    assert context_for(configs[0]) is first
    context_for(configs[3])
    assert len(trust._contexts) == 3
    assert context_for(configs[0]) is first
    assert context_for(configs[2]) is third
    assert context_for(configs[1]) is not second


def test_threads_that_need_the_same_context_build_it_once(ca: Any, tmp_path: Path) -> None:
    path = tmp_path / "authorities.pem"
    shutil.copy(ca.pem, path)
    joins = [in_thread(lambda: context_for(TLSConfig(str(path)))) for _ in range(8)]
    assert len({id(join()) for join in joins}) == 1


@pytest.mark.parametrize("form", ["one file", "two files"])
def test_a_client_certificate_is_shown(ca: Any, tmp_path: Path, form: str) -> None:
    issued = ca.authority.issue_cert("me@a.test")
    both, chain, key = tmp_path / "both.pem", tmp_path / "chain.pem", tmp_path / "key.pem"
    issued.private_key_and_cert_chain_pem.write_to_path(str(both))
    key.write_bytes(issued.private_key_pem.bytes())
    chain.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
    context = ca.server_context()
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(ca.pem)
    server = MemoryServer(context)
    cert = str(both) if form == "one file" else (str(chain), str(key))
    stream = connected(server, "127.0.0.1", ca.pem, cert)
    assert stream.write(b"hello", PATIENT)
    assert server.got == b"hello"
    assert "me@a.test" in str(server.object.getpeercert())


def test_an_encrypted_key_is_an_error_and_no_question_on_the_terminal(
    ca: Any, tmp_path: Path, server: MemoryServer
) -> None:
    issued = ca.authority.issue_cert("me@a.test")
    key = serialization.load_pem_private_key(issued.private_key_pem.bytes(), None)
    path = tmp_path / "client.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"secret"),
        )
        + issued.cert_chain_pems[0].bytes()
    )
    with pytest.raises(ssl.SSLError, match=r"no client certificate in .*encrypted"):
        connected(server, "127.0.0.1", ca.pem, str(path))


def test_a_client_certificate_without_a_key_or_a_file_is_an_error(ca: Any, tmp_path: Path) -> None:
    with pytest.raises(ssl.SSLError, match="no client certificate in"):
        context_for(TLSConfig(str(ca.pem), str(ca.pem)))
    with pytest.raises(ssl.SSLError, match="no certificates at"):
        context_for(TLSConfig(str(ca.pem), str(tmp_path / "client.pem")))
