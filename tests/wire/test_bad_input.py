"""What can go wrong on real sockets: one of our exceptions, its cause, and no socket left."""

from __future__ import annotations

import socket
import ssl
import threading
import time

import pytest

import h11client
from h11client import exceptions
from tests.ports import REFUSED_PORT

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@pytest.fixture
def session():
    with h11client.Session(timeout=10) as session:
        yield session
        assert session._transport_.counts().open == session._transport_.counts().idle


def answer(data, then=lambda peer: None):
    def script(peer):
        if peer.read_head():
            peer.send(data)
            then(peer)

    return script


# --- no connection ---------------------------------------------------------------------------


def test_a_refused_connection(session):
    with pytest.raises(exceptions.ConnectionError) as caught:
        session.get(f"http://127.0.0.1:{REFUSED_PORT}/")
    assert isinstance(caught.value.__cause__, ConnectionRefusedError)
    assert caught.value.request.method == "GET"
    assert not isinstance(caught.value, exceptions.Timeout)


def test_an_unknown_host(session):
    with pytest.raises(exceptions.ConnectionError) as caught:
        session.get("http://nobody.invalid/")
    assert isinstance(caught.value.__cause__, socket.gaierror)


def test_a_connection_that_is_never_accepted_is_a_connect_timeout(session):
    # A full backlog: the kernel drops the SYN, as a firewall would.
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        address = listener.getsockname()
        fillers = []
        for _ in range(8):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(address)
            fillers.append(filler)
        time.sleep(0.05)
        started = time.monotonic()
        with pytest.raises(exceptions.ConnectTimeout) as caught:
            session.get(f"http://127.0.0.1:{address[1]}/", timeout=(0.2, 5))
        assert caught.value.limit == "connect"
        assert time.monotonic() - started < 1.2
        for filler in fillers:
            filler.close()


# --- certificates ----------------------------------------------------------------------------


def test_a_certificate_that_is_not_trusted_is_refused_before_anything_is_sent(session, serve, ca):
    heads = []
    server = serve(lambda peer: heads.append(peer.read_head()), context=ca.server_context())
    with pytest.raises(exceptions.SSLError) as caught:
        session.get(server.url)
    assert isinstance(caught.value.__cause__, ssl.SSLCertVerificationError)
    assert heads == []


def test_a_certificate_for_another_name_is_refused(session, serve, ca):
    authority = ca.authority
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("other.test").configure_cert(context)
    server = serve(answer(OK), context=context)
    with pytest.raises(exceptions.SSLError) as caught:
        session.get(server.url, verify=str(ca.pem))
    assert isinstance(caught.value.__cause__, ssl.SSLCertVerificationError)


@pytest.mark.parametrize("how", ["path", "context", "off"])
def test_a_certificate_can_be_trusted_in_three_ways(session, serve, ca, how):
    context = ssl.create_default_context(cafile=str(ca.pem))
    verify = {"path": str(ca.pem), "context": context, "off": False}[how]
    server = serve(answer(OK), context=ca.server_context())
    response = session.get(server.url, verify=verify)
    assert response.content == b"ok"
    assert response.connection_info.tls_version.startswith("TLSv1.")


@pytest.mark.safety("X15")
def test_tls_on_a_plain_port(session, serve):
    def script(peer):
        peer.sock.recv(65536)
        peer.send(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")

    server = serve(script)
    with pytest.raises(exceptions.SSLError):
        session.get(server.url.replace("http:", "https:"))


@pytest.mark.safety("X15")
def test_plain_http_on_a_tls_port(session, serve, ca):
    server = serve(answer(OK), context=ca.server_context())
    with pytest.raises(exceptions.ConnectionError):
        session.get(server.url.replace("https:", "http:"))


# --- answers that are none -------------------------------------------------------------------

GARBAGE = [
    ("nothing", b""),
    ("garbage", b"\x00\x01\x02\x03"),
    ("SSH", b"SSH-2.0-OpenSSH_9.6\r\n"),
    ("TLS alert", b"\x15\x03\x03\x00\x02\x02\x28"),
    ("HTTP/0.9", b"<html>hello</html>"),
    ("HTTP/2", b"\x00\x00\x12\x04\x00\x00\x00\x00\x00"),
    ("half a head", b"HTTP/1.1 200 OK\r\nContent-"),
]


@pytest.mark.safety("X23")
@pytest.mark.parametrize("data", [row[1] for row in GARBAGE], ids=[row[0] for row in GARBAGE])
def test_what_is_no_response_is_a_protocol_error(session, serve, data):
    server = serve(answer(data))
    with pytest.raises(exceptions.RemoteProtocolError) as caught:
        session.get(server.url)
    assert caught.value.__cause__ is not None
    assert caught.value.request.url == f"{server.url}/"


FRAMED = [
    ("length", b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello world"),
    (
        "chunked",
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"5;x=1\r\nhello\r\n6\r\n world\r\n0\r\nDigest: abc\r\n\r\n"
        ),
    ),
]


@pytest.mark.safety("F20", "X1", "X2", "4I7")
@pytest.mark.parametrize("how", ["FIN", "RST"])
@pytest.mark.parametrize("wire", [row[1] for row in FRAMED], ids=[row[0] for row in FRAMED])
def test_a_response_cut_at_every_byte_is_an_error(session, serve, wire, how):
    cuts = iter(range(len(wire)))

    def script(peer):
        peer.read_head()
        peer.send(wire[: next(cuts)])
        if how == "RST":
            peer.reset()

    server = serve(script)
    body = wire.index(b"\r\n\r\n") + 4
    for cut in range(len(wire)):
        with pytest.raises(exceptions.ConnectionError) as caught:
            session.get(server.url)
        assert caught.value.__cause__ is not None
        if cut >= body and how == "FIN":
            assert isinstance(caught.value, exceptions.IncompleteBody)
            assert caught.value.partial_length <= 11
    assert session._transport_.counts().open == 0
    assert server.accepted == len(wire)


@pytest.mark.safety("M15")
@pytest.mark.parametrize("clean", [True, False], ids=["close_notify", "cut"])
def test_a_body_until_close_over_tls(session, serve, ca, clean):
    def end(peer):
        if clean:
            peer.sock.unwrap()
        peer.sock.shutdown(socket.SHUT_RDWR)

    script = answer(b"HTTP/1.1 200 OK\r\n\r\nhello", end)
    server = serve(script, context=ca.server_context())
    if clean:
        assert session.get(server.url, verify=str(ca.pem)).content == b"hello"
    else:
        with pytest.raises(exceptions.IncompleteBody) as caught:
            session.get(server.url, verify=str(ca.pem))
        assert caught.value.partial_length == 5


# --- timeouts --------------------------------------------------------------------------------


def stall(peer):
    peer.read_head()
    peer.wait_for_end()


def test_a_head_that_does_not_come_is_a_read_timeout(session, serve):
    server = serve(stall)
    started = time.monotonic()
    with pytest.raises(exceptions.ReadTimeout) as caught:
        session.get(server.url, timeout=(5, 0.2))
    assert caught.value.limit == "read"
    assert 0.19 < time.monotonic() - started < 1.2


def test_a_body_that_does_not_go_on_is_a_body_read_timeout(session, serve):
    server = serve(answer(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhe", stall))
    with pytest.raises(exceptions.BodyReadTimeout) as caught:
        session.get(server.url, timeout=(5, 0.2))
    assert caught.value.limit == "read"
    assert caught.value.request is not None


def test_an_upload_that_is_not_taken_is_a_write_timeout(session, serve):
    def script(peer):
        time.sleep(0.7)

    server = serve(script)
    timeout = h11client.Timeout(write=0.2)
    with pytest.raises(exceptions.WriteTimeout) as caught:
        session.post(server.url, data=b"x" * 30_000_000, timeout=timeout)
    assert caught.value.limit == "write"


@pytest.mark.safety("M8")
@pytest.mark.parametrize("part", ["head", "body"])
def test_what_drips_ends_at_the_total(session, serve, part):
    wire = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"

    def script(peer):
        peer.read_head()
        if part == "body":
            peer.send(wire)
        for byte in wire if part == "head" else b"x" * 100:
            peer.send(bytes([byte]))
            time.sleep(0.05)

    server = serve(script)
    started = time.monotonic()
    with pytest.raises(exceptions.ReadTimeout) as caught:
        session.get(server.url, timeout=h11client.Timeout(read=5, total=0.4))
    assert caught.value.limit == "total"
    assert time.monotonic() - started < 1.4


def test_a_full_pool_is_a_pool_timeout(serve):
    server = serve(answer(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhe", stall))
    limits = h11client.Limits(max_connections=1)
    with h11client.Session(limits=limits) as session:
        response = session.get(server.url, stream=True)
        with pytest.raises(exceptions.PoolTimeout) as caught:
            session.get(server.url, timeout=h11client.Timeout(pool=0.1))
        assert caught.value.limit == "pool"
        response.close()
        assert session._transport_.counts().open == 0


# --- uploads ---------------------------------------------------------------------------------


def test_an_iterator_that_raises_leaves_the_server_with_an_incomplete_body(session, serve):
    received = []

    def script(peer):
        peer.read_head()
        while data := peer.sock.recv(65536):
            peer.received += data
        received.append(peer.received)
        over.set()

    over = threading.Event()
    server = serve(script)

    def pieces():
        yield b"one"
        raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine") as caught:
        session.post(server.url, data=pieces())
    assert caught.value.__cause__ is None
    over.wait(5)
    assert received == [b"3\r\none\r\n"]
    assert session._transport_.counts().open == 0


@pytest.mark.safety("2b4")
@pytest.mark.parametrize("change", ["shrinks", "grows"])
def test_a_file_that_changes_while_it_is_sent(session, serve, tmp_path, change):
    server = serve(stall)
    path = tmp_path / "upload"
    path.write_bytes(b"x" * 300_000)
    with path.open("rb") as file:
        request = session.prepare_request(h11client.Request("PUT", server.url, data=file))
        path.open("r+b").close()
        with path.open("r+b") as other:
            other.truncate(100_000 if change == "shrinks" else 400_000)
        with pytest.raises(exceptions.LocalProtocolError):
            session.send(request)
    assert session._transport_.counts().open == 0


@pytest.mark.safety("M7", "2e2")
def test_an_early_answer_wins_over_the_write_error(session, serve):
    def script(peer):
        peer.read_head()
        peer.send(b"HTTP/1.1 413 Too Large\r\nContent-Length: 4\r\nConnection: close\r\n\r\nlong")

    server = serve(script)
    for _ in range(20):
        response = session.put(server.url, data=b"x" * 4_000_000)
        assert (response.status_code, response.content) == (413, b"long")
    assert session._transport_.counts().open == 0


@pytest.mark.safety("M6")
def test_an_early_answer_that_keeps_the_connection_open_stops_the_upload(session, serve):
    def script(peer):
        if peer.read_head():
            peer.send(OK)
            peer.sock.settimeout(5)
            time.sleep(0.2)

    server = serve(script)
    sent = 0

    def pieces():
        nonlocal sent
        for _ in range(1000):
            sent += 65536
            yield b"x" * 65536

    assert session.post(server.url, data=pieces()).content == b"ok"
    assert sent < 1000 * 65536
    assert session.get(server.url).content == b"ok"
    assert server.accepted == 2
