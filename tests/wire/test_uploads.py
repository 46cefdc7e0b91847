"""Uploads that listen, on real sockets, plain and over TLS: what a server may do meanwhile."""

from __future__ import annotations

import hashlib
import io
import random
import ssl
import threading
import time

import pytest

import h11client
from h11client import exceptions

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
GO_ON = b"HTTP/1.1 100 Continue\r\n\r\n"
REFUSED = b"HTTP/1.1 417 Expectation Failed\r\nContent-Length: 2\r\n\r\nno"
TOO_LARGE = b"HTTP/1.1 413 Too Large\r\nContent-Length: 4\r\n\r\nlong"
TOO_LARGE_CLOSE = TOO_LARGE.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
EXPECT = {"Expect": "100-continue"}
MIB = 1024 * 1024


@pytest.fixture(params=["http", "https"])
def start(request, serve, ca):
    """Starts a server of one of both kinds."""
    context = ca.server_context() if request.param == "https" else None
    return lambda *scripts: serve(*scripts, context=context)


@pytest.fixture
def session(ca):
    with h11client.Session(timeout=10, verify=str(ca.pem)) as session:
        yield session


def numbered(peer):
    """Answers each GET with its path, so that no answer can stand in for another."""
    while head := peer.read_head():
        path = head.split()[1]
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(path), path))


def go_on_with(session, server):
    """The next request gets its own answer, whatever is left of the one before."""
    for number in range(2):
        assert session.get(f"{server.url}/next{number}").content == b"/next%d" % number
    assert session._transport_.counts().busy == 0


# --- answers that come early -----------------------------------------------------------------


def answers_and_reads_on(answer):
    def script(peer):
        peer.read_head()
        peer.send(answer)
        peer.wait_for_end()

    return script


def answers_and_never_reads(answer, over):
    def script(peer):
        peer.read_head()
        peer.send(answer)
        over.wait(5)

    return script


def answers_and_closes(answer):
    def script(peer):
        peer.read_head()
        peer.send(answer)

    return script


def answers_and_resets(answer):
    def script(peer):
        peer.read_head()
        peer.send(answer)
        time.sleep(0.05)  # a reset must not overtake what it follows
        peer.reset()

    return script


def answers_then_garbage(answer):
    def script(peer):
        peer.read_head()
        peer.send(answer + b"\x00\x01HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
        peer.wait_for_end()

    return script


BODIES = [
    ("bytes", lambda: b"x" * (64 * MIB)),
    ("an iterator", lambda: iter([b"x" * 65536] * 1024)),
]


@pytest.mark.safety("M6", "2e1", "X8", "4I1")
@pytest.mark.parametrize("make", [row[1] for row in BODIES], ids=[row[0] for row in BODIES])
@pytest.mark.parametrize("answer", [TOO_LARGE, TOO_LARGE_CLOSE], ids=["keep-alive", "close"])
@pytest.mark.parametrize(
    "behaviour", [answers_and_reads_on, answers_and_never_reads, answers_then_garbage]
)
def test_an_early_answer_is_returned_and_its_connection_closed(
    start, session, behaviour, answer, make
):
    over = threading.Event()
    more = (over,) if behaviour is answers_and_never_reads else ()
    server = start(behaviour(answer, *more), numbered)
    response = session.post(f"{server.url}/upload", data=make())
    over.set()
    assert (response.status_code, response.content) == (413, b"long")
    go_on_with(session, server)
    assert server.accepted == 2


@pytest.mark.safety("M7", "2e2", "X8")
@pytest.mark.parametrize("make", [row[1] for row in BODIES], ids=[row[0] for row in BODIES])
@pytest.mark.parametrize("behaviour", [answers_and_closes, answers_and_resets])
def test_an_answer_wins_over_the_failure_to_send_the_rest(start, session, behaviour, make):
    server = start(behaviour(TOO_LARGE_CLOSE), numbered)
    response = session.post(f"{server.url}/upload", data=make())
    assert (response.status_code, response.content) == (413, b"long")
    go_on_with(session, server)


@pytest.mark.safety("2e1")
def test_a_slow_iterator_is_stopped_although_the_server_reads_everything(start, session):
    server = start(answers_and_reads_on(TOO_LARGE), numbered)
    asked = []

    def pieces():
        for number in range(1000):
            asked.append(number)
            yield b"tiny"
            time.sleep(0.02)

    assert session.post(f"{server.url}/upload", data=pieces()).status_code == 413
    assert len(asked) < 100
    go_on_with(session, server)


@pytest.mark.safety("X9", "2e2")
@pytest.mark.parametrize("moment", ["after the head", "within the body"])
def test_a_server_that_ends_its_side_within_an_upload(serve, session, moment):
    # Over TLS this is a truncation, and that has its own tests.
    def script(peer):
        peer.read_head()
        if moment == "within the body":
            peer.read_body(MIB)
        peer.sock.shutdown(1)
        peer.wait_for_end()

    server = serve(script, numbered)
    with pytest.raises(exceptions.ConnectionError):
        session.post(f"{server.url}/upload", data=iter([b"x" * 65536] * 1024))
    go_on_with(session, server)


WHOLE = random.Random(3).randbytes(6 * MIB)


def as_file(tmp_path):
    path = tmp_path / "whole"
    path.write_bytes(WHOLE)
    return path.open("rb")


KINDS = [
    ("bytes", lambda tmp_path: WHOLE),
    ("a file", as_file),
    ("a file object", lambda tmp_path: io.BytesIO(WHOLE)),
]


@pytest.mark.safety("X10", "X24", "2g3")
@pytest.mark.parametrize("make", [row[1] for row in KINDS], ids=[row[0] for row in KINDS])
def test_interim_answers_at_any_moment_lose_no_byte_of_the_body(start, session, tmp_path, make):
    arrived = []

    def script(peer):
        chance = random.Random(5)
        interim = [b"HTTP/1.1 102 Processing\r\n\r\n", b"HTTP/1.1 103 Hints\r\nLink: </a>\r\n\r\n"]
        while peer.read_head():
            digest = hashlib.sha256()
            left = len(WHOLE)
            said = 0
            while left:
                piece = peer.read_body(min(left, chance.randrange(1, 700_000)))
                digest.update(piece)
                left -= len(piece)
                if said < 30:
                    said += 1
                    message = chance.choice(interim)
                    cut = chance.randrange(len(message))
                    peer.send(message[:cut])
                    time.sleep(0.001)
                    peer.send(message[cut:])
            arrived.append(digest.digest())
            peer.send(OK)

    server = start(script)
    for _ in range(2):
        body = make(tmp_path)
        response = session.post(server.url, data=body)
        assert response.content == b"ok"
        assert response.informational
        if body is not WHOLE:
            body.close()
    assert arrived == [hashlib.sha256(WHOLE).digest()] * 2
    assert server.accepted == 1


# --- Expect: 100-continue ----------------------------------------------------------------------


def body_of(peer, head):
    length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
    return peer.read_body(length)


def is_silent(peer, seconds):
    """Whether nothing comes for so long; not for TLS, where a late record would be lost."""
    peer.sock.settimeout(seconds)
    try:
        peer.received += peer.sock.recv(1)
    except (TimeoutError, ssl.SSLError):
        return True
    finally:
        peer.sock.settimeout(10)
    return False


@pytest.mark.safety("F14", "2g2", "X11")
def test_the_body_follows_the_100_and_requests_stay_aligned(start, session):
    held_back = []

    def script(peer):
        while head := peer.read_head():
            held_back.append(b"Expect: 100-continue\r\n" in head and not peer.received)
            peer.send(b"HTTP/1.1 103 Early Hints\r\nContent-Length: 9\r\n\r\n")
            peer.send(GO_ON)
            body = body_of(peer, head)
            peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))

    server = start(script)
    for number in range(5):
        body = b"%d" % number * 1000
        response = session.post(server.url, data=body, headers=EXPECT)
        assert response.content == body
        assert [interim.status_code for interim in response.informational] == [103, 100]
    assert held_back == [True] * 5
    assert server.accepted == 1


@pytest.mark.safety("F14", "2g1", "X11")
def test_a_server_that_says_nothing_gets_the_body_after_a_second(serve, session):
    silent = []

    def script(peer):
        head = peer.read_head()
        silent.append(is_silent(peer, 0.8))
        assert body_of(peer, head) == b"body"
        peer.send(GO_ON + OK)  # too late, and ignored
        numbered(peer)

    server = serve(script)
    started = time.monotonic()
    assert session.post(server.url, data=b"body", headers=EXPECT).content == b"ok"
    assert 0.9 < time.monotonic() - started < 2.0
    assert silent == [True]
    go_on_with(session, server)
    assert server.accepted == 1


@pytest.mark.safety("F14", "2g2", "X11")
@pytest.mark.parametrize("answer", [OK, TOO_LARGE, TOO_LARGE_CLOSE], ids=["200", "413", "close"])
def test_a_final_answer_means_that_no_byte_of_the_body_is_sent(start, session, answer):
    rest = []

    def script(peer):
        peer.read_head()
        peer.send(answer)
        rest.append(peer.received + (peer.sock.recv(10) or b""))
        over.set()

    over = threading.Event()
    server = start(script, numbered)
    response = session.post(server.url, data=b"body", headers=EXPECT)
    assert response.content in (b"ok", b"long")
    assert over.wait(5)
    assert rest == [b""]
    go_on_with(session, server)
    assert server.accepted == 2


@pytest.mark.safety("F14", "2g2", "X11", "4I2")
def test_a_417_is_followed_by_the_request_without_the_expectation(start, session):
    heads = []

    def refuse(peer):
        heads.append(peer.read_head())
        peer.send(REFUSED)
        assert (peer.sock.recv(10) or b"") == b""

    def take(peer):
        heads.append(peer.read_head())
        peer.send(OK if body_of(peer, heads[-1]) == b"body" else REFUSED)

    server = start(refuse, take)
    assert session.post(server.url, data=b"body", headers=EXPECT).content == b"ok"
    assert [b"Expect" in head for head in heads] == [True, False]


# --- 408 in passing ----------------------------------------------------------------------------


@pytest.mark.safety("2d5", "4I2")
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_408_instead_of_an_answer_on_a_kept_alive_connection(start, session, method):
    delivered = []

    def tired(peer):
        peer.read_head()
        peer.send(OK)
        peer.read_head()
        peer.send(b"HTTP/1.1 408 X\r\nConnection: close\r\nContent-Length: 4\r\n\r\nlate")

    def awake(peer):
        while head := peer.read_head():
            delivered.append(head.split()[0])
            peer.send(OK)

    server = start(tired, awake)
    session.get(server.url)
    response = session.request(method, server.url)
    assert response.status_code == (200 if method == "GET" else 408)
    assert delivered == ([b"GET"] if method == "GET" else [])


# --- trailers ----------------------------------------------------------------------------------


def send_counted(session, server):
    """A body whose number of pieces is known at its end only."""
    sent = []

    def pieces():
        for piece in (b"a", b"b", b"c"):
            sent.append(piece)
            yield piece

    return session.post(server.url, data=pieces(), trailers={"X-Count": lambda: str(len(sent))})


@pytest.mark.safety("2b6", "2j1")
def test_trailers_arrive_behind_the_last_chunk(start, session):
    received = []

    def script(peer):
        while head := peer.read_head():
            data = b""
            while not data.endswith(b"0\r\nX-Count: 3\r\n\r\n"):
                data += peer.read_body(1)
            received.append((b"Trailer: X-Count\r\n" in head, data))
            peer.send(OK)

    server = start(script)
    for _ in range(2):
        assert send_counted(session, server).content == b"ok"
    chunks = b"1\r\na\r\n1\r\nb\r\n1\r\nc\r\n0\r\nX-Count: 3\r\n\r\n"
    assert received == [(True, chunks)] * 2
    assert server.accepted == 1
