"""h11client/_transport/tls.py: TLS over any stream, and whom it trusts."""

from __future__ import annotations

import os
import ssl
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import trustme
from cryptography import x509

from h11client._timeouts import Deadline, Limit, LimitExpired, Timeout
from h11client._transport.network import TLSConfig
from h11client._transport.sockets import SocketNetwork
from h11client._transport.tls import TLSStream, start_tls
from h11client.testing import FakeClock
from tests.client.stream_peers import (
    PATIENT,
    SOON,
    MemoryServer,
    SocketPeer,
    TLSPeer,
    connected,
    in_thread,
    listen,
    server_context,
)


@pytest.fixture
def server(ca: Any) -> MemoryServer:
    return MemoryServer(ca.server_context())


@pytest.fixture
def stream(server: MemoryServer, ca: Any) -> TLSStream:
    return connected(server, "127.0.0.1", ca.pem)


# --- The handshake -----------------------------------------------------------------------------


def test_what_the_handshake_agreed_on_is_told(ca: Any) -> None:
    context = ca.server_context()
    context.set_alpn_protocols(["h2", "http/1.1"])
    stream = connected(MemoryServer(context), "localhost", ca.pem)
    assert stream.tls is not None
    assert stream.tls.version == "TLSv1.3"
    assert stream.tls.cipher is not None
    assert stream.tls.alpn == "http/1.1"
    assert stream.tls.server_hostname == "localhost"
    assert stream.tls.certificate is not None
    names = x509.load_der_x509_certificate(stream.tls.certificate).extensions
    assert "localhost" in str(names.get_extension_for_class(x509.SubjectAlternativeName))
    assert "TLSv1.3" in repr(stream.tls)


def test_the_version_before_is_spoken_too(ca: Any) -> None:
    context = ca.server_context()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    server = MemoryServer(context, piece=1)
    stream = connected(server, "localhost", ca.pem)
    assert stream.tls is not None
    assert stream.tls.version == "TLSv1.2"
    assert stream.write(b"hello", PATIENT)
    server.send(b"world")
    assert stream.read(10, PATIENT, True) == b"world"
    assert server.got == b"hello"


def test_a_handshake_in_pieces_of_one_byte_succeeds(ca: Any) -> None:
    server = MemoryServer(ca.server_context(), piece=1)
    stream = connected(server, "localhost", ca.pem)
    server.send(b"hello")
    assert stream.read(10, PATIENT) == b"hello"


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("a.test", "a.test"),
        ("a.test.", "a.test"),
        ("xn--bcher-kva.test", "xn--bcher-kva.test"),
        ("127.0.0.1", None),
        ("::1", None),
        ("fe80::1%eth0", None),
    ],
)
def test_names_are_indicated_and_addresses_are_not(host: str, expected: str | None) -> None:
    authority = trustme.CA()
    seen: list[str | None] = []
    names = ["a.test", "xn--bcher-kva.test", "127.0.0.1", "::1", "fe80::1"]
    context = server_context(authority, *names)
    context.sni_callback = lambda connection, name, context: seen.append(name)
    trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority.configure_trust(trusting)
    connected(MemoryServer(context), host, trusting)
    assert seen == [expected]


@pytest.mark.parametrize("host", ["", ".a.test", "b\u00fccher.test", "a\0.test"])
def test_what_cannot_be_a_name_is_a_tls_error(host: str, server: MemoryServer, ca: Any) -> None:
    with pytest.raises(ssl.SSLError, match="cannot be a server's name"):
        connected(server, host, ca.pem)
    assert server.closed
    assert server.bytes_written == 0


@pytest.mark.safety("T7")
def test_bytes_from_before_the_handshake_are_an_error(server: MemoryServer, ca: Any) -> None:
    server.outgoing.write(b"HTTP/1.1 200 OK\r\n")
    with pytest.raises(ssl.SSLError, match="before the TLS handshake"):
        connected(server, "127.0.0.1", ca.pem)
    assert server.closed
    assert server.bytes_written == 0


@pytest.mark.safety("X15")
def test_a_peer_that_hangs_up_in_the_handshake_is_an_error(server: MemoryServer, ca: Any) -> None:
    server.work = lambda: None  # type: ignore[method-assign]  # it reads and says nothing
    server.cut = True
    with pytest.raises(ssl.SSLEOFError):
        connected(server, "127.0.0.1", ca.pem)
    assert server.closed
    assert server.bytes_written > 0


@pytest.mark.safety("X15")
@pytest.mark.parametrize(
    "answer",
    [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"SSH-2.0-OpenSSH_9.6\r\n", bytes(100), b"\xff" * 9],
)
def test_a_peer_that_does_not_speak_tls_is_an_error(ca: Any, answer: bytes) -> None:
    class Plain(MemoryServer):
        def work(self) -> None:
            if self.incoming.read():
                self.outgoing.write(answer)

    server = Plain(ca.server_context())
    with pytest.raises(ssl.SSLError):
        connected(server, "127.0.0.1", ca.pem)
    assert server.closed


@pytest.mark.safety("2n2")
def test_the_handshake_has_what_is_left_of_the_connect_limit(ca: Any) -> None:
    class Slow(MemoryServer):
        def read(self, max_bytes: int, limit: Limit, wait_first: bool = False) -> bytes:
            data = super().read(max_bytes, limit, wait_first)
            clock.advance(2)
            return data

    clock = FakeClock()
    deadline = Deadline(Timeout(connect=10), clock)
    deadline.start_connect()
    clock.advance(3)
    server = Slow(ca.server_context(), piece=300)
    with pytest.raises(LimitExpired) as caught:
        start_tls(server, TLSConfig(str(ca.pem)), "127.0.0.1", deadline)
    assert caught.value.limit == Limit(10, "connect")
    assert [limit.seconds for limit in server.reads] == [7, 5, 3, 1]
    assert server.closed


def test_a_silent_server_costs_the_connect_limit(ca: Any) -> None:
    network, deadline = SocketNetwork(), Deadline(Timeout(connect=0.1))
    with listen() as listener:
        stream = network.connect(*listener.getsockname(), deadline)
        with pytest.raises(LimitExpired) as caught:
            network.start_tls(stream, TLSConfig(str(ca.pem)), "127.0.0.1", deadline)
    assert caught.value.limit.name == "connect"
    assert stream.fileno() == -1


def test_ssl_is_not_loaded_before_it_is_needed() -> None:
    code = (
        "import sys, types; p = types.ModuleType('h11client'); p.__path__ = ['h11client']\n"
        "sys.modules['h11client'] = p\n"
        "import h11client._transport.sockets\n"
        "assert not {'ssl', 'certifi', 'typing'} & set(sys.modules), sys.modules\n"
    )
    subprocess.run([sys.executable, "-S", "-c", code], check=True)


# --- Reading -----------------------------------------------------------------------------------


def test_a_record_in_pieces_is_read_within_one_limit(ca: Any) -> None:
    server = MemoryServer(ca.server_context(), piece=1)
    stream = connected(server, "127.0.0.1", ca.pem)
    server.reads.clear()
    server.send(b"hello")
    assert stream.read(100, Limit(5.0, "total", 30.0)) == b"hello"
    left = [limit.seconds or 0.0 for limit in server.reads]
    assert len(left) > 20
    assert left == sorted(left, reverse=True)
    assert left[-1] < left[0] == 5.0
    assert {(limit.name, limit.whole) for limit in server.reads} == {("total", 30.0)}


@pytest.mark.safety("M8", "X4")
def test_a_record_that_drips_for_ever_is_bounded_by_the_limit(stream: TLSStream) -> None:
    class Dripping:
        def read(self, max_bytes: int, limit: Limit, wait_first: bool) -> bytes:
            return header.pop(0) if header else b"\0"

    header = [b"\x17\x03\x03\x40\x00"]
    stream._inner = Dripping()  # type: ignore[assignment]
    with pytest.raises(LimitExpired) as caught:
        stream.read(100, Limit(0.02, "total"))
    assert caught.value.limit.name == "total"


def test_a_record_in_pieces_may_come_without_any_limit(ca: Any) -> None:
    server = MemoryServer(ca.server_context(), piece=1)
    stream = connected(server, "127.0.0.1", ca.pem)
    server.send(b"hello")
    assert stream.read(100, Limit(None, "read")) == b"hello"
    assert server.reads[-1].seconds is None


def test_what_openssl_has_to_send_before_it_can_read_on_is_sent(
    stream: TLSStream, server: MemoryServer
) -> None:
    # A question of the peer's TLS (a renegotiation, in contexts which allow it) is answered by
    # OpenSSL in its own time; the read must not wait for data while the answer lies here.
    assert not stream.is_readable()
    server.piece = 3
    server.send(b"hello")
    stream._outgoing.write(b"answer")
    server.work = lambda: None  # type: ignore[method-assign]
    server.incoming.read()
    assert stream.read(100, PATIENT) == b"hello"
    assert server.incoming.read() == b"answer"


@pytest.mark.parametrize("looked", [False, True], ids=["read at once", "looked at before"])
def test_a_server_that_asks_who_we_are_after_the_handshake_is_answered(
    ca: Any, tmp_path: Path, looked: bool
) -> None:
    own = ca.authority.issue_cert("me@a.test")
    own.private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "own.pem"))
    context = ca.server_context()
    context.load_verify_locations(ca.pem)
    context.verify_mode = ssl.CERT_REQUIRED
    context.post_handshake_auth = True
    server = MemoryServer(context)
    config = TLSConfig(verify=str(ca.pem), cert=str(tmp_path / "own.pem"))
    stream = start_tls(server, config, "localhost", Deadline(Timeout()))
    assert not stream.is_readable()
    assert server.object.getpeercert() is None
    work = server.work

    def answer() -> None:
        work()
        if server.object.getpeercert() is not None:
            server.send(b"hello")

    server.work = answer  # type: ignore[method-assign]
    server.object.verify_client_post_handshake()  # type: ignore[attr-defined]  # it has
    work()  # the question goes out
    assert not (looked and stream.is_readable())
    assert stream.read(100, PATIENT, True) == b"hello"


def test_a_connection_that_takes_nothing_more_can_still_be_read(
    stream: TLSStream, server: MemoryServer
) -> None:
    server.room = 10
    server.send(b"hello")
    assert not stream.write(bytes(100), PATIENT, True)
    stream._outgoing.write(b"answer")  # it would wait behind the rest of what was written
    assert stream.read(100, PATIENT) == b"hello"
    server.piece = 3
    server.send(b"world")
    assert stream.read(100, PATIENT) == b"world"


@pytest.mark.parametrize("size", [1, 1000, 16384, 16385, 40000, 65536, 1_000_000])
def test_records_that_are_there_are_joined_up_to_what_was_asked_for(
    stream: TLSStream, server: MemoryServer, size: int
) -> None:
    data = os.urandom(300_000) if size > 1000 else os.urandom(3000)
    server.send(data)
    reads = []
    while sum(map(len, reads)) < len(data):
        reads.append(stream.read(size, PATIENT))
    assert b"".join(reads) == data
    assert max(map(len, reads)) <= size
    assert len(reads) <= len(data) / min(size, 16384) + 20


def test_waiting_first_does_not_wait_for_what_was_decrypted_already(
    stream: TLSStream, server: MemoryServer
) -> None:
    server.send(b"one")
    server.send(b"two")
    assert stream.read(2, PATIENT, True) == b"on"
    server.reads.clear()
    assert stream.read(2, PATIENT, True) == b"e"
    assert stream.read(9, PATIENT, True) == b"two"
    assert server.reads == []


@pytest.mark.safety("M15")
@pytest.mark.parametrize("wait_first", [False, True])
def test_an_end_without_close_notify_is_told_apart(
    stream: TLSStream, server: MemoryServer, wait_first: bool
) -> None:
    server.send(b"half of it")
    server.cut = True
    assert stream.read(100, PATIENT) == b"half of it"
    assert stream.read(100, PATIENT, wait_first) == b""
    assert stream.read(100, PATIENT, wait_first) == b""
    assert not stream.eof_was_clean


@pytest.mark.safety("M15")
def test_an_end_within_a_record_is_not_clean(ca: Any) -> None:
    server = MemoryServer(ca.server_context(), piece=7)
    stream = connected(server, "127.0.0.1", ca.pem)
    while stream.is_readable():  # the tickets
        pass
    server.send(b"half of it")
    whole = server.outgoing.read()
    server.outgoing.write(whole[:-1])
    server.cut = True
    assert stream.read(100, PATIENT) == b""
    assert not stream.eof_was_clean


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_an_end_with_close_notify_is_clean_even_while_tcp_is_open(ca: Any, version: Any) -> None:
    context = ca.server_context()
    context.maximum_version = version
    server = MemoryServer(context)
    stream = connected(server, "127.0.0.1", ca.pem)
    server.send(b"all of it")
    server.finish()
    assert stream.read(100, PATIENT) == b"all of it"
    assert not stream.eof_was_clean
    assert stream.read(100, PATIENT) == b""
    assert stream.eof_was_clean


BROKEN_RECORD = b"\x17\x03\x03\x00\x20" + bytes(32)


@pytest.mark.safety("X15")
def test_a_broken_record_is_an_error_after_the_data_before_it(
    stream: TLSStream, server: MemoryServer
) -> None:
    data = bytes(16384 * 2)
    server.send(data)
    server.outgoing.write(BROKEN_RECORD + bytes(20000))
    got = b""
    while len(got) < len(data):
        got += stream.read(100_000, PATIENT)
    assert got == data
    for _ in range(2):
        with pytest.raises(ssl.SSLError):
            stream.read(100_000, PATIENT)


@pytest.mark.safety("X15", "2c5")
def test_an_idle_stream_that_got_garbage_is_readable_and_raises(
    stream: TLSStream, server: MemoryServer
) -> None:
    assert not stream.is_readable()
    server.outgoing.write(BROKEN_RECORD)
    assert stream.is_readable()
    assert stream.is_readable()
    with pytest.raises(ssl.SSLError):
        stream.read(1, PATIENT)


@pytest.mark.safety("2c5")
def test_an_idle_stream_whose_connection_broke_is_readable_and_raises(
    stream: TLSStream, server: MemoryServer
) -> None:
    assert not stream.is_readable()
    server.failure = ConnectionResetError(104, "Connection reset by peer")
    assert stream.is_readable()
    with pytest.raises(ConnectionResetError):
        stream.read(1, PATIENT)


@pytest.mark.safety("2c5")
@pytest.mark.parametrize("clean", [True, False])
def test_the_end_makes_an_idle_stream_readable(
    stream: TLSStream, server: MemoryServer, clean: bool
) -> None:
    if clean:
        server.finish()
    else:
        server.cut = True
    assert stream.is_readable()
    assert stream.read(1, PATIENT, True) == b""
    assert stream.eof_was_clean is clean


@pytest.mark.safety("2c5", "M2")
@pytest.mark.parametrize("tickets", [0, 2, 100])
def test_session_tickets_are_worked_through_and_are_nothing_to_read(ca: Any, tickets: int) -> None:
    context = ca.server_context()
    context.num_tickets = tickets
    server = MemoryServer(context)
    stream = connected(server, "127.0.0.1", ca.pem)
    assert server.outgoing.pending if tickets else not server.outgoing.pending
    assert not stream.is_readable()
    assert not server.outgoing.pending
    server.send(b"poison")
    assert stream.is_readable()
    assert stream.read(100, PATIENT) == b"poison"


@pytest.mark.safety("2c5")
def test_data_that_came_together_with_tickets_is_seen(stream: TLSStream, server: Any) -> None:
    server.send(b"answer")
    assert stream.read(3, PATIENT) == b"ans"  # the rest is in OpenSSL's hands already
    assert stream.is_readable()
    assert stream.read(100, PATIENT) == b"wer"
    assert not stream.is_readable()


@pytest.mark.safety("X24")
def test_session_tickets_in_little_pieces_are_nothing_to_read_either(ca: Any) -> None:
    server = MemoryServer(ca.server_context(), piece=1)
    stream = connected(server, "127.0.0.1", ca.pem)
    assert server.outgoing.pending > 100
    assert not stream.is_readable()
    assert not server.outgoing.pending


def test_a_peer_that_says_much_and_nothing_is_not_waited_for(
    ca: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("h11client._transport.tls._MOST_IDLE_BYTES", 20)
    server = MemoryServer(ca.server_context(), piece=1)
    stream = connected(server, "127.0.0.1", ca.pem)
    pending = server.outgoing.pending
    assert stream.is_readable()
    assert server.outgoing.pending == pending - 20


def test_a_false_alarm_of_the_stream_below_is_nothing_to_read(
    stream: TLSStream, server: MemoryServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not stream.is_readable()
    monkeypatch.setattr(server, "is_readable", lambda: True)
    assert not stream.is_readable()


# --- Writing and closing -----------------------------------------------------------------------


def test_large_data_is_encrypted_block_by_block(stream: TLSStream, server: MemoryServer) -> None:
    server.writes.clear()
    data = os.urandom(1_000_000)
    assert stream.write(data, PATIENT)
    assert server.got == data
    assert len(server.writes) == 8
    assert max(server.writes) < 140_000
    assert stream.bytes_written == sum(server.writes)


def test_a_watching_write_is_not_stopped_by_session_tickets(
    stream: TLSStream, server: MemoryServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert server.outgoing.pending  # the tickets
    server.room = 100
    read = server.read

    def read_and_take_more(max_bytes: int, limit: Limit, wait_first: bool = False) -> bytes:
        server.room = None
        return read(max_bytes, limit, wait_first)

    monkeypatch.setattr(server, "read", read_and_take_more)
    data = bytes(100_000)
    assert stream.write(data, PATIENT, True) is True
    assert server.got == data


def test_small_pieces_share_a_record(stream: TLSStream, server: MemoryServer) -> None:
    server.writes.clear()
    assert stream.write_many([b"5\r\n", b"hello", b"\r\n"], PATIENT)
    assert server.got == b"5\r\nhello\r\n"
    assert len(server.writes) == 1
    assert server.writes[0] < 50


@pytest.mark.safety("X24")
def test_an_openssl_that_takes_one_byte_at_a_time_gets_all(
    stream: TLSStream, server: MemoryServer
) -> None:
    write = stream._ssl_write
    stream._ssl_write = lambda data: write(data[:1])
    assert stream.write(b"hello", PATIENT)
    assert server.got == b"hello"


@pytest.mark.safety("2d2")
@pytest.mark.parametrize("room", [0, 1, 10])
def test_what_was_written_is_counted_exactly_after_an_error(
    stream: TLSStream, server: MemoryServer, room: int
) -> None:
    assert stream.bytes_written == 0
    server.room = room
    with pytest.raises(LimitExpired):
        stream.write(b"GET / HTTP/1.1\r\n\r\n", SOON)
    assert stream.bytes_written == room


@pytest.mark.safety("2e3")
def test_closing_says_so_and_does_not_wait_for_an_answer(
    stream: TLSStream, server: MemoryServer
) -> None:
    reads = len(server.reads)
    stream.close()
    assert server.closed
    assert len(server.reads) == reads
    assert server.object.read(1) == b""  # close_notify has come


def test_aborting_says_nothing(stream: TLSStream, server: MemoryServer) -> None:
    stream.abort()
    assert server.aborted
    with pytest.raises(ssl.SSLWantReadError):
        server.object.read(1)


def test_no_close_notify_follows_a_record_that_was_cut(
    stream: TLSStream, server: MemoryServer
) -> None:
    server.room = 10
    with pytest.raises(LimitExpired):
        stream.write(b"GET / HTTP/1.1\r\n\r\n", SOON)
    server.room = None
    written = server.bytes_written
    stream.close()
    assert server.bytes_written == written
    assert server.closed


def test_no_close_notify_follows_a_record_that_was_interrupted(
    stream: TLSStream, server: MemoryServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> bool:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(server, "write", interrupted)
        stream.write(b"GET / HTTP/1.1\r\n\r\n", SOON)
    written = server.bytes_written
    stream.close()
    assert server.bytes_written == written
    assert server.closed


def test_a_full_connection_is_closed_without_waiting(
    stream: TLSStream, server: MemoryServer
) -> None:
    server.room = 0
    stream.close()
    assert server.closed


def test_what_was_decrypted_is_not_given_out_after_closing(
    stream: TLSStream, server: MemoryServer
) -> None:
    server.send(b"late")
    assert stream.is_readable()
    stream.close()
    with pytest.raises(OSError, match="closed"):
        stream.read(10, PATIENT)


@pytest.mark.safety("T5")
def test_tls_within_tls_checks_the_inner_certificate_against_its_own_name() -> None:
    proxy, origin = trustme.CA(), trustme.CA()
    network, deadline = SocketNetwork(), Deadline(Timeout())
    with listen() as listener, proxy.cert_pem.tempfile() as trusted:
        stream = network.connect(*listener.getsockname(), deadline)
        peer = SocketPeer(listener.accept()[0])
        outer = TLSPeer(peer, server_context(proxy, "proxy.test"))
        join = in_thread(outer.handshake)
        stream = network.start_tls(stream, TLSConfig(trusted), "proxy.test", deadline)
        join()
        inner = TLSPeer(outer, server_context(origin, "origin.test"))
        join = in_thread(inner.handshake)
        with pytest.raises(ssl.SSLCertVerificationError):
            network.start_tls(stream, TLSConfig(trusted), "origin.test", deadline)
        with pytest.raises(ssl.SSLError):
            join()
        peer.close()
    assert stream.fileno() == -1
