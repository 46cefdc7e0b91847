"""Options of dialling on real sockets: maps of hosts, resolvers, unix sockets, source addresses."""

from __future__ import annotations

import errno
import os
import socket
import ssl
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trustme

import h11client
from h11client._timeouts import Deadline, Timeout
from h11client._transport.dial_options import DialOptions
from h11client._transport.sockets import SocketNetwork
from tests.wire.conftest import PATIENCE, Peer, Server

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def answering(peer: Peer) -> None:
    while peer.read_head():
        peer.send(OK)


def said_no(host: str, port: int, seconds_left: float | None) -> list[str]:
    raise AssertionError("nobody should be asked")


# --- hosts and resolvers -----------------------------------------------------------------------


@pytest.mark.parametrize("host", ["a.test", "A.TEST", "a.test."])
def test_a_mapped_host_is_dialled_where_the_map_says(
    serve: Callable[..., Server], host: str
) -> None:
    server = serve(answering)
    with h11client.Session(hosts={"a.test": "127.0.0.1"}, resolver=said_no) as session:
        response = session.get(f"http://{host}:{server.port}/")
        assert response.content == b"ok"
        assert response.connection_info.peer_address == ("127.0.0.1", server.port)


def test_the_next_address_of_a_mapped_host_is_tried(serve: Callable[..., Server]) -> None:
    server = serve(answering)
    with h11client.Session(hosts={"a.test": ["::1", "127.0.0.2", "127.0.0.1"]}) as session:
        assert session.get(f"http://a.test:{server.port}/").content == b"ok"


def test_the_host_field_and_the_certificate_are_those_of_the_url() -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("a.test").configure_cert(context)
    heads: list[bytes] = []

    def noting(peer: Peer) -> None:
        heads.append(peer.read_head())
        peer.send(OK)

    server = Server((noting,), context)
    try:
        with (
            authority.cert_pem.tempfile() as path,
            h11client.Session(hosts={"a.test": "127.0.0.1"}, verify=path) as session,
        ):
            assert session.get(f"https://a.test:{server.port}/").ok
    finally:
        server.stop()
    assert f"Host: a.test:{server.port}\r\n".encode() in heads[0]


def test_a_resolver_is_asked_with_host_port_and_the_seconds_left(
    serve: Callable[..., Server],
) -> None:
    server = serve(answering)
    asked: list[tuple[str, int, float | None]] = []

    def resolver(host: str, port: int, seconds_left: float | None) -> list[str]:
        asked.append((host, port, seconds_left))
        return ["127.0.0.1"]

    with h11client.Session(resolver=resolver) as session:
        assert session.get(f"http://a.test:{server.port}/", timeout=7).ok
        assert session.get(f"http://b.test:{server.port}/", timeout=None).ok
        assert session.get(f"http://a.test:{server.port}/").ok  # kept alive
    (first, second) = asked
    assert first[:2] == ("a.test", server.port)
    assert first[2] is not None
    assert 6 < first[2] <= 7
    assert second == ("b.test", server.port, None)


class OwnError(Exception):
    pass


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(OwnError("no"), id="of its own"),
        pytest.param(OSError(errno.EIO, "no"), id="OSError"),
        pytest.param(socket.gaierror(socket.EAI_NONAME, "no"), id="gaierror"),
        pytest.param(KeyboardInterrupt(), id="interrupted"),
        pytest.param(h11client.ConnectionError("no"), id="ours"),
    ],
)
def test_what_a_resolver_raises_passes_unchanged(error: BaseException) -> None:
    def resolver(host: str, port: int, seconds_left: float | None) -> list[str]:
        raise error

    with h11client.Session(
        resolver=resolver, limits=h11client.Limits(max_connections=1)
    ) as session:
        for _ in range(2):  # the slot of the only connection is free again
            with pytest.raises(type(error)) as caught:
                session.get("http://a.test/", timeout=1)
            assert caught.value is error


@pytest.mark.parametrize(
    ("found", "error"),
    [
        pytest.param([], ValueError, id="nothing"),
        pytest.param(["a.test"], ValueError, id="a name"),
        pytest.param([("127.0.0.1", 80)], TypeError, id="a pair"),
        pytest.param("127.0.0.1", TypeError, id="a text"),
        pytest.param(["127.0.0.1:80"], ValueError, id="a port"),
        pytest.param(["[::1]"], ValueError, id="brackets"),
        pytest.param(["127.0.0.1%lo"], ValueError, id="a zone of IPv4"),
        pytest.param(["127.0.0.1\0"], ValueError, id="a NUL"),
        pytest.param(None, TypeError, id="None"),
    ],
)
def test_what_is_no_answer_is_an_error_of_the_program(found: Any, error: type[Exception]) -> None:
    with h11client.Session(resolver=lambda *question: found) as session, pytest.raises(error):
        session.get("http://a.test/")


def test_what_the_system_does_not_know_is_none() -> None:
    def resolver(host: str, port: int, seconds_left: float | None) -> list[str]:
        return ["fe80::1%no-such-link"]

    for way in ({"resolver": resolver}, {"hosts": {"a.test": "fe80::1%no-such-link"}}):
        with (
            h11client.Session(**way) as session,  # type: ignore[arg-type]
            pytest.raises(
                h11client.ConnectionError, match=r"no address is known for http://a\.test"
            ),
        ):
            session.get("http://a.test/")


def test_addresses_do_not_need_a_resolver(serve: Callable[..., Server]) -> None:
    server = serve(answering)
    with h11client.Session(source_address="127.0.0.1") as session:
        assert session.get(server.url).ok


# --- sockets -----------------------------------------------------------------------------------


def test_a_connection_comes_from_the_source_address(serve: Callable[..., Server]) -> None:
    server = serve(answering)
    with h11client.Session(source_address="127.0.0.5") as session:
        address = session.get(server.url).connection_info.local_address
        assert address is not None
        assert address[0] == "127.0.0.5"
        assert session.get(server.url).connection_info.reused
        session.source_address = None
        assert session.get(server.url).connection_info.local_address[0] == "127.0.0.1"


def test_only_addresses_of_the_source_family_are_tried(serve: Callable[..., Server]) -> None:
    server = serve(answering)
    hosts = {"a.test": ["::1", "127.0.0.1"], "b.test": "::1"}
    with h11client.Session(source_address="127.0.0.5", hosts=hosts) as session:
        assert session.get(f"http://a.test:{server.port}/").ok
        with pytest.raises(h11client.ConnectionError, match="no connection to"):
            session.get(f"http://b.test:{server.port}/")


def test_a_source_address_of_another_machine_is_a_connection_error(
    serve: Callable[..., Server],
) -> None:
    server = serve(answering)
    with (
        h11client.Session(source_address="192.0.2.1") as session,
        pytest.raises(h11client.ConnectionError) as caught,
    ):
        session.get(server.url)
    assert isinstance(caught.value.__cause__, OSError)
    assert caught.value.__cause__.errno == errno.EADDRNOTAVAIL


def test_socket_options_are_set_and_win_over_ours(serve: Callable[..., Server]) -> None:
    server = serve(answering)
    options = [
        (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
        (socket.IPPROTO_TCP, socket.TCP_NODELAY, 0),
        (socket.SOL_SOCKET, socket.SO_LINGER, bytes(8)),
    ]
    stream = SocketNetwork().connect(
        "127.0.0.1", server.port, Deadline(Timeout()), DialOptions(socket_options=options)
    )
    with socket.socket(fileno=os.dup(stream.fileno())) as copy:
        assert copy.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        assert copy.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 0
    stream.close()


def test_an_option_that_the_system_refuses_is_a_connection_error(
    serve: Callable[..., Server],
) -> None:
    server = serve(answering)
    with (
        h11client.Session(socket_options=[(socket.SOL_SOCKET, 12345, 1)]) as session,
        pytest.raises(h11client.ConnectionError),
    ):
        session.get(server.url)


# --- unix sockets ------------------------------------------------------------------------------


class UnixServer(Server):
    """A server whose listener is a unix socket."""

    def __init__(self, path: str, context: ssl.SSLContext | None = None, backlog: int = 5) -> None:
        self.scripts = (answering,)
        self.context = context
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen(backlog)
        self.accepted = 0
        self.errors = []
        self.sockets = []
        self.threads = []

    def start(self) -> None:
        self.threads.append(threading.Thread(target=self.accept, daemon=True))
        self.threads[0].start()

    def run(self, sock: socket.socket, script: Callable[[Peer], None]) -> None:
        sock.settimeout(PATIENCE)
        try:
            if self.context is not None:
                sock = self.context.wrap_socket(sock, server_side=True)
                self.sockets.append(sock)
            script(Peer(sock))
        except (ConnectionError, ssl.SSLError):
            pass  # the client hung up
        except BaseException as error:
            self.errors.append(error)
        finally:
            sock.close()


@pytest.fixture
def unix_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A path short enough for the system: some 100 characters is all it takes."""
    monkeypatch.chdir(tmp_path)
    return "socket"


@pytest.mark.parametrize("name", ["path", "abstract", "PathLike"])
def test_requests_go_over_a_unix_socket(unix_path: str, name: str) -> None:
    paths: dict[str, Any] = {
        "path": unix_path,
        "abstract": f"\0{os.getpid()}.h11client",
        "PathLike": Path(unix_path),
    }
    server = UnixServer(os.fspath(paths[name]))
    server.start()
    try:
        with h11client.Session(uds=paths[name], resolver=said_no) as session:
            response = session.get("http://a.test/")
            assert response.content == b"ok"
            assert response.connection_info.peer_address == os.fspath(paths[name])
            assert session.get("http://a.test/").connection_info.reused
            # Another origin is another server behind it, or may be.
            assert not session.get("http://b.test/").connection_info.reused
    finally:
        server.stop()


def test_https_goes_over_a_unix_socket(unix_path: str, ca: Any) -> None:
    server = UnixServer(unix_path, ca.server_context())
    server.start()
    try:
        with h11client.Session(uds=unix_path, verify=str(ca.pem)) as session:
            assert session.get("https://localhost/").connection_info.tls_version == "TLSv1.3"
            with pytest.raises(h11client.SSLError):
                session.get("https://a.test/")
    finally:
        server.stop()


@pytest.mark.parametrize("name", ["nowhere", "x" * 200])
def test_a_unix_socket_that_is_not_there_is_a_connection_error(unix_path: str, name: str) -> None:
    with (
        h11client.Session(uds=name) as session,
        pytest.raises(h11client.ConnectionError),
    ):
        session.get("http://a.test/")


@pytest.mark.safety("2n2")
def test_a_unix_socket_with_a_full_backlog_is_waited_for_within_the_limit(unix_path: str) -> None:
    server = UnixServer(unix_path, backlog=0)
    queued = socket.socket(socket.AF_UNIX)
    queued.connect(unix_path)
    try:
        timeout = h11client.Timeout(connect=0.05)
        with h11client.Session(uds=unix_path) as session:
            with pytest.raises(h11client.ConnectTimeout) as caught:
                session.get("http://a.test/", timeout=timeout)
            assert caught.value.limit == "connect"
            queued.close()
            server.start()
            assert session.get("http://a.test/").content == b"ok"
    finally:
        queued.close()
        server.stop()
