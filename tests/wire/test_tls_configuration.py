"""Who is trusted and who we say we are, on real TLS connections: files, environment, names."""

from __future__ import annotations

import logging
import os
import socket
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import serialization

import h11client
from tests.wire.conftest import Peer, Server

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
PASSWORD = "open-sesame-4711"
VARIABLES = ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR"]


def answering(peer: Peer) -> None:
    while peer.read_head():
        peer.send(OK)


@pytest.fixture(autouse=True)
def _empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*VARIABLES, "SSLKEYLOGFILE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def server(serve: Callable[..., Server], ca: Any) -> Server:
    return serve(answering, context=ca.server_context())


# --- client certificates -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory, ca: Any) -> dict[str, str]:
    """Client certificates of the test's authority, in all the forms that files have."""
    folder = tmp_path_factory.mktemp("own")
    made: dict[str, str] = {}
    for name in ("me", "you"):
        leaf = ca.authority.issue_cert(f"{name}.test", common_name=name)
        leaf.private_key_and_cert_chain_pem.write_to_path(str(folder / f"{name}.pem"))
        leaf.cert_chain_pems[0].write_to_path(str(folder / f"{name}.crt"))
        key = serialization.load_pem_private_key(leaf.private_key_pem.bytes(), None)
        for suffix, encryption in (
            ("key", serialization.NoEncryption()),
            ("enc", serialization.BestAvailableEncryption(PASSWORD.encode())),
        ):
            (folder / f"{name}.{suffix}").write_bytes(
                key.private_bytes(
                    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption
                )
            )
        for suffix in ("pem", "crt", "key", "enc"):
            made[f"{name}.{suffix}"] = str(folder / f"{name}.{suffix}")
    return made


@pytest.fixture
def asking(serve: Callable[..., Server], ca: Any) -> Server:
    """A server which answers with the name in the client's certificate."""

    def naming(peer: Peer) -> None:
        subject = dict(row[0] for row in peer.sock.getpeercert()["subject"])  # type: ignore[attr-defined]
        name = subject["commonName"].encode()
        while peer.read_head():
            peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(name), name))

    context = ca.server_context()
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(ca.pem)
    return serve(naming, context=context)


def forms(own: dict[str, str], name: str = "me") -> dict[str, Any]:
    crt, key, encrypted = (own[f"{name}.{suffix}"] for suffix in ("crt", "key", "enc"))
    return {
        "one file": own[f"{name}.pem"],
        "a path object": Path(own[f"{name}.pem"]),
        "a pair": (crt, key),
        "a list": [crt, key],
        "a pair of path objects": (Path(crt), Path(key)),
        "with a password": (crt, encrypted, PASSWORD),
        "with a password in bytes": (crt, encrypted, PASSWORD.encode()),
        "with a password that is not needed": (crt, key, PASSWORD),
    }


@pytest.mark.parametrize(
    "form", list(forms(dict.fromkeys(["me.pem", "me.crt", "me.key", "me.enc"], "x")))
)
def test_the_server_is_shown_our_certificate(
    asking: Server, own: dict[str, str], ca: Any, form: str
) -> None:
    cert = forms(own)[form]
    with h11client.Session(verify=str(ca.pem), cert=cert) as session:
        assert session.get(asking.url).text == "me"
    with h11client.Session(verify=str(ca.pem)) as session:
        assert session.get(asking.url, cert=cert).text == "me"


@pytest.mark.safety("X15", "2e2")
@pytest.mark.parametrize("size", [0, 100, 3_000_000])
def test_a_server_that_misses_our_certificate_says_so_however_the_request_fails(
    asking: Server, ca: Any, size: int
) -> None:
    # It hangs up when the handshake is over for us: what fails first, is a matter of luck.
    with h11client.Session(verify=str(ca.pem)) as session:
        for _ in range(10):
            with pytest.raises(h11client.SSLError, match="certificate required"):
                session.post(asking.url, data=bytes(size))


@pytest.mark.parametrize("size", [0, 1, 3_000_000])
def test_a_server_may_ask_for_our_certificate_when_it_knows_the_path(
    serve: Callable[..., Server], own: dict[str, str], ca: Any, size: int
) -> None:
    def asking_late(peer: Peer) -> None:
        while peer.read_head():
            shown = peer.sock.getpeercert()  # type: ignore[attr-defined]
            if not shown:
                peer.sock.verify_client_post_handshake()  # type: ignore[attr-defined]
            peer.send(b"HTTP/1.1 103 Early Hints\r\n\r\n")
            peer.read_body(size)
            peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n%d" % bool(shown))

    context = ca.server_context()
    context.load_verify_locations(ca.pem)
    context.verify_mode = ssl.CERT_OPTIONAL
    context.post_handshake_auth = True
    server = serve(asking_late, context=context)
    with h11client.Session(verify=str(ca.pem), cert=own["me.pem"], timeout=5) as session:
        assert session.post(server.url, data=bytes(size)).text == "0"
        response = session.post(server.url, data=bytes(size))
        assert response.text == "1"
        assert response.connection_info.reused


@pytest.mark.safety("T1")
def test_the_calls_certificate_wins_and_connections_are_not_mixed_up(
    asking: Server, own: dict[str, str], ca: Any
) -> None:
    with h11client.Session(verify=str(ca.pem), cert=own["me.pem"]) as session:
        for _ in range(2):
            assert session.get(asking.url).text == "me"
            assert session.get(asking.url, cert=own["you.pem"]).text == "you"
        session.cert = own["you.pem"]
        assert session.get(asking.url).text == "you"
        assert session.get(asking.url).connection_info.reused
        session.cert = None
        with pytest.raises(h11client.ConnectionError):
            session.get(asking.url)


WRONG_FILES = [
    ("a file that is not there", lambda own: "nowhere.pem"),
    ("a key that is not there", lambda own: (own["me.crt"], "nowhere.key")),
    ("a file without a key", lambda own: own["me.crt"]),
    ("the key of another", lambda own: (own["me.crt"], own["you.key"])),
    ("a key that wants a password", lambda own: (own["me.crt"], own["me.enc"])),
    ("the wrong password", lambda own: (own["me.crt"], own["me.enc"], "wrong")),
]


@pytest.mark.parametrize(
    "cert", [row[1] for row in WRONG_FILES], ids=[row[0] for row in WRONG_FILES]
)
def test_a_certificate_that_cannot_be_shown_is_an_ssl_error(
    asking: Server, own: dict[str, str], ca: Any, cert: Callable[[dict[str, str]], Any]
) -> None:
    with (
        h11client.Session(verify=str(ca.pem), cert=cert(own)) as session,
        pytest.raises(h11client.SSLError) as caught,
    ):
        session.get(asking.url)
    assert caught.value.__cause__ is not None


@pytest.mark.parametrize(
    "cert", [7, ("only one",), ("a", "b", "c", "d"), ("a", "b", 7), ("a", 7), {}]
)
def test_what_is_no_certificate_is_a_type_error(ca: Any, server: Server, cert: Any) -> None:
    with h11client.Session(verify=str(ca.pem)) as session:
        with pytest.raises(TypeError):
            session.get(server.url, cert=cert)
        assert session.get(server.url).ok
    assert server.accepted == 1


def test_a_context_and_a_certificate_exclude_each_other(
    own: dict[str, str], server: Server
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    with (
        h11client.Session(verify=context) as session,
        pytest.raises(ValueError, match="load_cert_chain"),
    ):
        session.get(server.url, cert=own["me.pem"])
    assert server.accepted == 0


@pytest.mark.parametrize("verify", [7, 1, 0, b"ca.pem", object(), ["ca.pem"]])
def test_what_says_nothing_about_trust_is_a_type_error(server: Server, verify: Any) -> None:
    with h11client.Session() as session, pytest.raises(TypeError, match="verify="):
        session.get(server.url, verify=verify)
    assert server.accepted == 0


@pytest.mark.safety("4I11")
def test_the_password_of_a_key_is_never_shown(
    asking: Server, own: dict[str, str], ca: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    shown: list[str] = []
    for key in (own["me.enc"], "nowhere.key"):
        with h11client.Session(verify=str(ca.pem), cert=(own["me.crt"], key, PASSWORD)) as session:
            try:
                response = session.get(asking.url)
            except h11client.SSLError as error:
                shown += [repr(error), str(error), repr(error.__cause__)]
            else:
                shown += [repr(response), repr(response.connection_info)]
            shown += [repr(session), repr(list(session._transport_._lender._lines))]  # type: ignore[attr-defined]
    shown += [record.getMessage() for record in caplog.records]
    assert len(shown) > 8
    assert [text for text in shown if PASSWORD in text] == []


# --- trust -------------------------------------------------------------------------------------


@pytest.fixture
def elsewhere(tmp_path: Path) -> str:
    """Authorities among which the server's is not."""
    path = tmp_path / "elsewhere.pem"
    trustme.CA().cert_pem.write_to_path(str(path))
    return str(path)


@pytest.fixture
def folder(tmp_path: Path, ca: Any) -> str:
    from tests.client.test_trust import subject_hash

    path = tmp_path / "folder"
    path.mkdir()
    pem = Path(ca.pem).read_bytes()
    (path / f"{subject_hash(pem)}.0").write_bytes(pem)
    return str(path)


@pytest.mark.parametrize("name", VARIABLES)
def test_the_environment_says_whom_to_trust(
    server: Server, ca: Any, folder: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with h11client.Session() as session:
        with pytest.raises(h11client.SSLError):
            session.get(server.url)
        monkeypatch.setenv(name, folder if name == "SSL_CERT_DIR" else str(ca.pem))
        assert session.get(server.url).ok
        assert session.get(server.url, verify=True).connection_info.reused
        monkeypatch.setenv(name, "")
        with pytest.raises(h11client.SSLError):
            session.get(server.url)


def test_a_list_of_directories_is_taken_apart(
    server: Server, folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_DIR", f"{tmp_path}{os.pathsep}{folder}")
    with h11client.Session() as session:
        assert session.get(server.url).ok
        assert session.get(server.url).connection_info.reused


@pytest.mark.parametrize("position", range(3))
def test_the_first_variable_that_is_set_decides(
    server: Server, ca: Any, elsewhere: str, position: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in VARIABLES[position + 1 :]:
        monkeypatch.setenv(name, elsewhere)
    monkeypatch.setenv(VARIABLES[position], str(ca.pem))
    with h11client.Session() as session:
        assert session.get(server.url).ok


def test_without_trust_env_the_environment_does_not_count(
    server: Server, ca: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(ca.pem))
    with h11client.Session(trust_env=False) as session:
        with pytest.raises(h11client.SSLError):
            session.get(server.url)
        session.trust_env = True
        assert session.get(server.url).ok
        session.trust_env = False
        with pytest.raises(h11client.SSLError):
            session.get(server.url)


@pytest.fixture(params=["False", "path", "path object", "context"])
def trusting(request: pytest.FixtureRequest, ca: Any) -> Any:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(ca.pem)
    given = {"False": False, "path": str(ca.pem), "path object": ca.pem, "context": context}
    return given[request.param]


def test_what_the_program_says_wins_over_the_environment(
    server: Server, elsewhere: str, trusting: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", elsewhere)
    with h11client.Session(verify=trusting) as session:
        assert session.get(server.url).ok
        with pytest.raises(h11client.SSLError):
            session.get(server.url, verify=True)
    with h11client.Session() as session:
        assert session.get(server.url, verify=trusting).ok
        with pytest.raises(h11client.SSLError):
            session.get(server.url)


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "SSL_CERT_DIR"])
def test_authorities_that_are_not_there_are_an_ssl_error(
    server: Server, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "nowhere")
    with h11client.Session() as session, pytest.raises(h11client.SSLError, match="nowhere"):
        session.get(server.url)


MISSING = [
    # id, arguments of the call, whether there is a proxy
    ("authorities", {"verify": "nowhere.pem"}, None),
    ("certificate", {"cert": "nowhere.pem"}, None),
    ("key", {"cert": ("{own}", "nowhere.pem")}, None),
    ("behind a proxy", {"cert": "nowhere.pem"}, {}),
    ("of a proxy", {}, {"verify": "nowhere.pem"}),
    ("for a proxy", {}, {"verify": False, "cert": "nowhere.pem"}),
]


@pytest.mark.safety("4I12")
@pytest.mark.parametrize(
    ("arguments", "proxy"), [row[1:] for row in MISSING], ids=[row[0] for row in MISSING]
)
def test_a_file_that_is_missing_is_noticed_before_anything_is_dialled(
    arguments: dict[str, Any], proxy: dict[str, Any] | None, own: dict[str, str]
) -> None:
    if isinstance(arguments.get("cert"), tuple):
        arguments = {"cert": (own["me.pem"], "nowhere.pem")}
    with socket.create_server(("127.0.0.1", 0)) as listener, h11client.Session() as session:
        listener.setblocking(False)
        port = listener.getsockname()[1]
        if proxy is not None:
            through = h11client.Proxy(f"https://127.0.0.1:{port}", **proxy)
            arguments = {**arguments, "proxies": {"all": through}}
        with pytest.raises(h11client.SSLError, match="nowhere"):
            session.get(f"https://127.0.0.1:{port}/", **arguments)
        with pytest.raises(BlockingIOError):
            listener.accept()


def test_plain_http_does_not_look_at_certificates(
    serve: Callable[..., Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "nowhere")
    with h11client.Session(cert="nowhere") as session:
        assert session.get(serve(answering).url).ok


@pytest.mark.safety("T1")
@pytest.mark.parametrize("environment", [False, True])
def test_a_connection_is_not_used_once_what_is_trusted_has_changed(
    server: Server, ca: Any, tmp_path: Path, environment: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "bundle.pem"
    path.write_bytes(Path(ca.pem).read_bytes())
    if environment:
        monkeypatch.setenv("SSL_CERT_FILE", str(path))
    with h11client.Session(verify=True if environment else path) as session:
        assert session.get(server.url).ok
        assert session.get(server.url).connection_info.reused
        trustme.CA().cert_pem.write_to_path(str(path))
        with pytest.raises(h11client.SSLError):
            session.get(server.url)
        path.unlink()
        with pytest.raises(h11client.SSLError):
            session.get(server.url)


@pytest.mark.safety("T1")
def test_a_connection_is_not_used_once_our_certificate_was_renewed(
    asking: Server, own: dict[str, str], ca: Any, tmp_path: Path
) -> None:
    path = tmp_path / "own.pem"
    path.write_bytes(Path(own["me.pem"]).read_bytes())
    with h11client.Session(verify=str(ca.pem), cert=path) as session:
        assert session.get(asking.url).text == "me"
        path.write_bytes(Path(own["you.pem"]).read_bytes() + b"\n")
        assert session.get(asking.url).text == "you"


# --- names -------------------------------------------------------------------------------------


def test_the_server_hostname_is_indicated_and_checked_instead_of_the_urls(
    serve: Callable[..., Server], tmp_path: Path
) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("b.test").configure_cert(context)
    seen: list[str | None] = []
    context.sni_callback = lambda connection, name, context: seen.append(name)
    server = serve(answering, context=context)
    with h11client.Session(verify=str(tmp_path / "ca.pem")) as session:
        with pytest.raises(h11client.SSLError):
            session.get(server.url)
        session.server_hostname = "b.test"
        response = session.get(server.url)
        assert response.connection_info.peer_address == ("127.0.0.1", server.port)
        session.server_hostname = "c.test"
        with pytest.raises(h11client.SSLError):
            session.get(server.url)
    assert seen == [None, "b.test", "c.test"]


def test_certificate_cipher_and_version_are_told(server: Server, ca: Any) -> None:
    with h11client.Session(verify=str(ca.pem)) as session:
        info = session.get(server.url).connection_info
    assert info.tls_version == "TLSv1.3"
    assert info.cipher.startswith("TLS_")
    shown = x509.load_pem_x509_certificates(Path(ca.certificate).read_bytes())[0]
    assert info.certificate == shown.public_bytes(serialization.Encoding.DER)


# --- the end without close_notify --------------------------------------------------------------

HEAD = b"HTTP/1.1 200 OK\r\n"
WITHOUT_LENGTH = HEAD + b"\r\nhello"


def cutting(answer: bytes, how: Callable[[Peer], None] | None = None) -> Callable[[Peer], None]:
    """Sends `answer` and ends TCP, and says nothing of it in TLS."""

    def script(peer: Peer) -> None:
        peer.read_head()
        peer.send(answer)
        if how is not None:
            how(peer)

    return script


@pytest.mark.safety("M15")
def test_a_body_that_may_have_been_cut_is_an_error_which_names_the_switch(
    serve: Callable[..., Server], ca: Any
) -> None:
    server = serve(cutting(WITHOUT_LENGTH), context=ca.server_context())
    with (
        h11client.Session(verify=str(ca.pem)) as session,
        pytest.raises(h11client.IncompleteBody, match="require_close_notify=False") as caught,
    ):
        session.get(server.url)
    assert caught.value.partial_length == 5


def test_with_the_switch_off_it_counts_as_whole(serve: Callable[..., Server], ca: Any) -> None:
    server = serve(cutting(WITHOUT_LENGTH), context=ca.server_context())
    with h11client.Session(verify=str(ca.pem), require_close_notify=False) as session:
        assert session.get(server.url).content == b"hello"
        assert b"".join(session.get(server.url, stream=True).iter_content(2)) == b"hello"
        session.require_close_notify = True
        with pytest.raises(h11client.IncompleteBody):
            session.get(server.url)


@pytest.mark.safety("M15")
@pytest.mark.parametrize(
    ("answer", "how"),
    [
        pytest.param(HEAD + b"Content-Length: 6\r\n\r\nhello", None, id="Content-Length"),
        pytest.param(
            HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", None, id="chunked"
        ),
        pytest.param(WITHOUT_LENGTH, Peer.reset, id="reset"),
    ],
)
def test_the_switch_makes_nothing_else_whole(
    serve: Callable[..., Server], ca: Any, answer: bytes, how: Callable[[Peer], None] | None
) -> None:
    server = serve(cutting(answer, how), context=ca.server_context())
    with (
        h11client.Session(verify=str(ca.pem), require_close_notify=False) as session,
        pytest.raises(h11client.RequestException),
    ):
        session.get(server.url)


# --- SSLKEYLOGFILE -----------------------------------------------------------------------------


@pytest.fixture
def key_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    path = tmp_path / "keys.log"
    monkeypatch.setenv("SSLKEYLOGFILE", str(path))
    yield path
    from h11client._transport import trust

    trust._contexts.clear()  # a context keeps its file open


def test_the_keys_go_into_the_file_that_the_environment_names(
    server: Server, ca: Any, key_log: Path
) -> None:
    with h11client.Session(verify=str(ca.pem)) as session:
        assert session.get(server.url).ok
    assert "SERVER_HANDSHAKE_TRAFFIC_SECRET" in key_log.read_text()


def test_without_trust_env_no_keys_are_written(server: Server, ca: Any, key_log: Path) -> None:
    for verify in (str(ca.pem), False):
        with h11client.Session(verify=verify, trust_env=False) as session:
            assert session.get(server.url).ok
    assert not key_log.exists()


def test_a_file_that_cannot_be_written_is_an_ssl_error(
    server: Server, ca: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSLKEYLOGFILE", "nowhere/keys.log")
    with (
        h11client.Session(verify=str(ca.pem)) as session,
        pytest.raises(h11client.SSLError, match="SSLKEYLOGFILE"),
    ):
        session.get(server.url)
