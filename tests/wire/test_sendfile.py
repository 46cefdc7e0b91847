"""Files on their way to real sockets: by sendfile where that is right, and by reading elsewhere."""

from __future__ import annotations

import errno
import gzip
import hashlib
import io
import os
import random
import threading
import time

import pytest

import h11client
from h11client import exceptions

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
CONTENT = random.Random(7).randbytes(3_000_000)
KIB = 1024


@pytest.fixture
def session():
    with h11client.Session(timeout=10) as session:
        yield session


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "upload"
    path.write_bytes(CONTENT)
    return path


@pytest.fixture
def calls(monkeypatch):
    """The (offset, count, result) of every os.sendfile; a test may replace `.before`."""

    class Calls(list):
        def before(self, offset):
            pass

    calls = Calls()
    sendfile = os.sendfile

    def counted(out, source, offset, count):
        calls.before(offset)
        sent = sendfile(out, source, offset, count)
        calls.append((offset, count, sent))
        return sent

    monkeypatch.setattr(os, "sendfile", counted)
    return calls


class Receiver:
    """A server that keeps the bodies of requests with Content-Length."""

    def __init__(self, serve, **options):
        self.bodies = []
        self.heads = []
        self.server = serve(self.script, **options)
        self.url = self.server.url

    def script(self, peer):
        while head := peer.read_head():
            self.heads.append(head)
            length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
            self.bodies.append(peer.read_body(length))
            peer.send(OK)


def test_a_large_file_goes_by_sendfile_and_arrives_whole(session, serve, path, calls):
    receiver = Receiver(serve)
    with path.open("rb") as file:
        assert session.put(receiver.url, data=file).content == b"ok"
        assert file.tell() == len(CONTENT)
    assert receiver.bodies == [CONTENT]
    assert sum(sent for *_, sent in calls) == len(CONTENT)
    assert session.get(receiver.url, headers={"Content-Length": "0"}).content == b"ok"
    assert receiver.server.accepted == 1


class Shouting(io.FileIO):
    """Its bytes are not those of the file."""

    def readinto(self, buffer):
        count = super().readinto(buffer)
        buffer[:count] = bytes(buffer[:count]).upper()
        return count

    def read(self, size=-1):
        return super().read(size).upper()


def as_it_is(content):
    return content


def open_gzip_buffered(path):
    return io.BufferedReader(gzip.open(path, "rb"))


# id, how it is opened, what is stored for the content, what of it is to arrive, by sendfile or not
OPENINGS = [
    ("buffered", lambda path: path.open("rb"), as_it_is, as_it_is, True),
    ("unbuffered", lambda path: path.open("rb", buffering=0), as_it_is, as_it_is, True),
    ("for reading and writing", lambda path: path.open("r+b"), as_it_is, as_it_is, True),
    ("gzip", lambda path: gzip.open(path, "rb"), gzip.compress, as_it_is, False),
    ("a buffer over gzip", open_gzip_buffered, gzip.compress, as_it_is, False),
    ("in memory", lambda path: io.BytesIO(path.read_bytes()), as_it_is, as_it_is, False),
    ("a subclass", lambda path: Shouting(path, "rb"), as_it_is, bytes.upper, False),
    (
        "a buffer over a subclass",
        lambda path: io.BufferedReader(Shouting(path, "rb")),
        as_it_is,
        bytes.upper,
        False,
    ),
]


@pytest.mark.safety("2b4")
@pytest.mark.parametrize(
    ("opening", "store", "arrive", "by_sendfile"),
    [row[1:] for row in OPENINGS],
    ids=[row[0] for row in OPENINGS],
)
def test_only_a_plain_regular_file_goes_by_sendfile(
    session, serve, path, calls, opening, store, arrive, by_sendfile
):
    receiver = Receiver(serve)
    path.write_bytes(store(CONTENT[:300_000]))
    with opening(path) as file:
        assert session.put(receiver.url, data=file).content == b"ok"
    assert receiver.bodies == [arrive(CONTENT[:300_000])]
    assert bool(calls) is by_sendfile


@pytest.mark.safety("2b4")
@pytest.mark.parametrize("offset", [1, 70_001, len(CONTENT) - 65_537, len(CONTENT) - 1])
def test_a_file_is_sent_from_its_current_offset(session, serve, path, offset):
    receiver = Receiver(serve)
    with path.open("rb") as file:
        file.seek(offset - 1)
        file.read(1)  # the descriptor itself stands elsewhere by now
        session.put(receiver.url, data=file)
        assert file.tell() == len(CONTENT)
    assert receiver.bodies == [CONTENT[offset:]]


def test_what_was_written_and_not_flushed_is_sent(session, serve, path):
    receiver = Receiver(serve)
    with path.open("r+b") as file:
        file.write(b"new")
        session.prepare_request(h11client.Request("PUT", receiver.url, data=file))
        file.write(b"er")  # behind what preparing has flushed
        file.seek(0)
        session.put(receiver.url, data=file)
    assert receiver.bodies == [b"newer" + CONTENT[5:]]


def test_a_small_file_shares_a_write_with_its_head(session, serve, path, calls):
    receiver = Receiver(serve)
    path.write_bytes(b"small")
    with path.open("rb") as file:
        session.put(receiver.url, data=file)
    assert receiver.bodies == [b"small"]
    assert calls == []


def test_without_sendfile_the_file_is_read(session, serve, path, monkeypatch):
    monkeypatch.delattr(os, "sendfile")
    receiver = Receiver(serve)
    with path.open("rb") as file:
        session.put(receiver.url, data=file)
        assert file.tell() == len(CONTENT)
    assert receiver.bodies == [CONTENT]


@pytest.mark.parametrize("number", ["EINVAL", "ENOSYS", "EOPNOTSUPP", "EIO", "EOVERFLOW"])
@pytest.mark.parametrize("after", [0, 100_000], ids=["at once", "later"])
def test_a_file_that_cannot_be_sent_this_way_is_read(session, serve, path, calls, number, after):
    def refuse(offset):
        if offset >= after:
            raise OSError(getattr(errno, number), "not this file")

    calls.before = refuse
    receiver = Receiver(serve)
    with path.open("rb") as file:
        session.put(receiver.url, data=file)
    assert receiver.bodies == [CONTENT]


def test_over_tls_the_file_is_read_in_large_blocks(serve, path, calls, ca):
    receiver = Receiver(serve, context=ca.server_context())
    with h11client.Session(verify=str(ca.pem), timeout=10) as session, path.open("rb") as file:
        session.put(receiver.url, data=file)
    assert receiver.bodies == [CONTENT]
    assert calls == []


def test_a_file_in_chunks(session, serve, path, calls):
    received = hashlib.sha256()
    sizes = []

    def script(peer):
        peer.read_head()
        while size := int(read_line(peer), 16):
            sizes.append(size)
            received.update(peer.read_body(size))
            assert peer.read_body(2) == b"\r\n"
        assert peer.read_body(2) == b"\r\n"
        peer.send(OK)

    server = serve(script)
    with path.open("rb") as file:
        headers = {"Transfer-Encoding": "chunked"}
        assert session.put(server.url, data=file, headers=headers).content == b"ok"
    assert sum(sizes) == len(CONTENT)
    assert received.digest() == hashlib.sha256(CONTENT).digest()
    assert sum(sent for *_, sent in calls) == len(CONTENT)


@pytest.mark.safety("2b6")
def test_a_file_with_trailers(session, serve, path, calls):
    received = []

    def script(peer):
        peer.read_head()
        while size := int(read_line(peer), 16):
            received.append(peer.read_body(size))
            peer.read_body(2)
        received.append(read_line(peer) + read_line(peer))
        peer.send(OK)

    server = serve(script)
    with path.open("rb") as file:
        trailers = {"X-End": lambda: str(file.tell())}
        assert session.put(server.url, data=file, trailers=trailers).content == b"ok"
    assert b"".join(received[:-1]) == CONTENT
    assert received[-1] == b"X-End: %d\r\n\r\n" % len(CONTENT)
    assert calls


def read_line(peer):
    line = b""
    while not line.endswith(b"\r\n"):
        line += peer.read_body(1)
    return line


@pytest.mark.safety("2b4")
@pytest.mark.parametrize("change", [-1, -2_950_000, 1, 200_000])
@pytest.mark.parametrize("sendfile", [True, False], ids=["sendfile", "reading"])
def test_a_file_that_is_not_as_long_as_announced(
    session, serve, path, monkeypatch, change, sendfile
):
    if not sendfile:
        monkeypatch.delattr(os, "sendfile")
    received = []
    over = threading.Event()

    def script(peer):
        head = peer.read_head()
        if head.startswith(b"PUT"):
            received.append(peer.read_body(len(CONTENT) + 1))
            over.set()
        else:
            peer.send(OK)

    server = serve(script)
    with path.open("r+b") as file:
        request = session.prepare_request(h11client.Request("PUT", server.url, data=file))
        os.truncate(path, len(CONTENT) + change)
        with pytest.raises(exceptions.LocalProtocolError):
            session.send(request)
    assert session._transport_.counts().open == 0
    assert session.get(server.url).content == b"ok"
    assert server.accepted == 2
    assert over.wait(5)
    assert len(received[0]) == min(len(CONTENT), len(CONTENT) + change)


def test_a_file_that_was_closed_meanwhile_is_not_taken_for_the_next_of_its_number(
    session, serve, path, tmp_path, monkeypatch
):
    secret = tmp_path / "secret"
    secret.write_bytes(b"secret" * 500_000)
    real = os.sendfile

    def gets_its_number():
        """Whether the other file has got the number of the one that was closed meanwhile."""
        received, opened, over = [], [], threading.Event()

        def script(peer):
            peer.read_head()
            received.append(peer.read_body(len(CONTENT)))
            over.set()

        def closing(out, source, offset, count):
            sent = real(out, source, offset, min(count, 1000))
            if not opened:
                file.close()
                opened.append(secret.open("rb"))
                opened.append(opened[0].fileno() == source)
            return sent

        monkeypatch.setattr(os, "sendfile", closing)
        file = path.open("rb")
        with pytest.raises(ValueError, match="closed file"):
            session.put(serve(script).url, data=file)
        opened[0].close()
        assert over.wait(5)
        assert received == [CONTENT[:1000]]
        return opened[1]

    # Another thread of the tests' may be quicker than this one, once.
    assert any(gets_its_number() for _ in range(5))


@pytest.mark.safety("M6", "2e1", "X8")
def test_an_early_answer_stops_a_file(session, serve, path, calls):
    over = threading.Event()

    def script(peer):
        if peer.read_head().startswith(b"PUT"):
            peer.read_body(1000)
            peer.send(b"HTTP/1.1 413 Too Large\r\nContent-Length: 4\r\n\r\nlong")
            over.wait(5)
        else:
            peer.send(OK)

    server = serve(script)
    os.truncate(path, 64 * KIB * KIB)
    with path.open("rb") as file:
        response = session.put(server.url, data=file)
    over.set()
    assert (response.status_code, response.content) == (413, b"long")
    assert calls  # it was on its way
    assert sum(sent for *_, sent in calls) < 64 * KIB * KIB
    assert session.get(server.url).content == b"ok"
    assert server.accepted == 2


@pytest.mark.safety("M7", "2e2", "X8")
def test_an_early_answer_wins_over_the_error_of_sendfile(session, serve, path):
    def script(peer):
        peer.read_head()
        peer.send(b"HTTP/1.1 413 Too Large\r\nContent-Length: 4\r\nConnection: close\r\n\r\nlong")

    server = serve(script)
    os.truncate(path, 64 * KIB * KIB)
    for _ in range(20):
        with path.open("rb") as file:
            response = session.put(server.url, data=file)
        assert (response.status_code, response.content) == (413, b"long")
    assert session._transport_.counts().open == 0


def test_interim_answers_do_not_stop_a_file(session, serve, path):
    def script(peer):
        peer.read_head()
        peer.send(b"HTTP/1.1 102 Processing\r\n\r\n")
        time.sleep(0.05)
        body = peer.read_body(len(CONTENT))
        peer.send(b"HTTP/1.1 102 Processing\r\n\r\n" + OK if body == CONTENT else b"")

    server = serve(script)
    with path.open("rb") as file:
        response = session.put(server.url, data=file)
    assert response.content == b"ok"
    assert [interim.status_code for interim in response.informational] == [102, 102]


@pytest.mark.parametrize("limits", [{"write": 0.2}, {"total": 0.2}], ids=["write", "total"])
def test_a_server_that_takes_nothing_more_meets_the_limit(session, serve, path, limits):
    over = threading.Event()

    def script(peer):
        peer.read_head()
        over.wait(5)

    server = serve(script)
    os.truncate(path, 64 * KIB * KIB)
    started = time.monotonic()
    with path.open("rb") as file, pytest.raises(exceptions.WriteTimeout) as caught:
        session.put(server.url, data=file, timeout=h11client.Timeout(**limits))
    assert time.monotonic() - started < 1.2
    over.set()
    assert caught.value.limit in limits
    assert session._transport_.counts().open == 0


@pytest.mark.safety("2d3", "R9")
def test_a_file_is_sent_again_from_where_it_began(session, serve, path, calls):
    def leave(peer):
        peer.read_head()
        peer.send(OK)
        peer.read_head()

    bodies = []

    def take(peer):
        peer.read_head()
        bodies.append(peer.read_body(len(CONTENT) - 5))
        peer.send(OK)

    server = serve(leave, take)
    session.get(server.url)
    with path.open("rb") as file:
        file.seek(5)
        assert session.put(server.url, data=file).content == b"ok"
    assert bodies == [CONTENT[5:]]
    assert server.accepted == 2


def test_a_file_waits_for_100_continue(session, serve, path, calls):
    def script(peer):
        head = peer.read_head()
        assert b"Expect: 100-continue\r\n" in head
        peer.sock.settimeout(0.2)
        with pytest.raises(TimeoutError):
            peer.sock.recv(1)
        peer.sock.settimeout(5)
        peer.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        assert peer.read_body(len(CONTENT)) == CONTENT
        peer.send(OK)

    server = serve(script)
    with path.open("rb") as file:
        response = session.put(server.url, data=file, headers={"Expect": "100-continue"})
    assert response.content == b"ok"
    assert calls
