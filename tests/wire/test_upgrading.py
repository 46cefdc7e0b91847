"""Protocols switched on real sockets, with and without TLS."""

from __future__ import annotations

import threading
import time

import pytest

import h11client
from h11client import exceptions

SWITCHING = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: upgrade\r\n\r\n"
ASKING = {"Upgrade": "echo"}


@pytest.fixture(params=["http", "https"])
def context(request, ca):
    return ca.server_context() if request.param == "https" else None


@pytest.fixture
def session(ca):
    with h11client.Session(timeout=20, verify=str(ca.pem)) as session:
        yield session


def echo(peer):
    peer.read_head()
    peer.send(SWITCHING + b"hello")
    while data := peer.sock.recv(65536):
        peer.send(data)


@pytest.mark.safety("2h2")
def test_bytes_go_both_ways_after_the_session_is_closed(session, serve, context):
    server = serve(echo, context=context)
    upgraded = session.get(server.url, headers=ASKING).upgrade()
    session.close()
    large = bytes(range(256)) * 4096
    with upgraded:
        assert upgraded.read(5) == b"hello"
        for start in range(0, len(large), 65536):
            block = large[start : start + 65536]
            upgraded.write(block)
            back = b""
            while len(back) < len(block):
                back += upgraded.read()
            assert back == block
    assert session._transport_.counts().open == 0


@pytest.mark.safety("2h2")
def test_the_socket_itself_can_be_had_without_tls(session, serve):
    server = serve(echo)
    upgraded = session.get(server.url, headers=ASKING).upgrade()
    sock, unread = upgraded.detach()
    with sock:
        sock.settimeout(5)
        while len(unread) < 5:
            unread += sock.recv(5)
        assert unread == b"hello"
        sock.sendall(b"plain")
        assert sock.recv(5) == b"plain"
    assert upgraded.fileno() == -1


def test_with_tls_there_is_no_such_socket(session, serve, ca):
    server = serve(echo, context=ca.server_context())
    with session.get(server.url, headers=ASKING).upgrade() as upgraded:
        with pytest.raises(ValueError, match="TLS"):
            upgraded.detach()
        assert upgraded.fileno() >= 0


@pytest.mark.safety("L5")
def test_closing_it_in_another_thread_ends_a_blocked_read(session, serve, context):
    server = serve(echo, context=context)
    upgraded = session.get(server.url, headers=ASKING).upgrade()
    assert upgraded.read(5) == b"hello"
    caught = []

    def read():
        try:
            upgraded.read()
        except exceptions.ConnectionError as error:
            caught.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    while not upgraded._turn.locked():
        time.sleep(0.001)
    with pytest.raises(exceptions.StreamConsumedError):
        upgraded.write(b"x")
    time.sleep(0.02)
    upgraded.close()
    reader.join(1)
    assert len(caught) == 1
    assert upgraded.fileno() == -1
