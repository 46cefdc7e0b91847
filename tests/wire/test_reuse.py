"""Kept-alive connections on real sockets: reuse, staleness, poison, threads."""

from __future__ import annotations

import gc
import random
import threading

import pytest

import h11client
from h11client import exceptions


def nonce_of(head: bytes) -> bytes:
    return head.split(b" ", 2)[1].rpartition(b"/")[2]


def answer_to(head: bytes, extra: bytes = b"") -> bytes:
    """A response whose body is the last segment of the request's path."""
    nonce = nonce_of(head)
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n%s\r\n%s" % (len(nonce), extra, nonce)


def keep_answering(peer):
    while head := peer.read_head():
        peer.send(answer_to(head))


@pytest.fixture
def session(ca):
    with h11client.Session(timeout=10, verify=str(ca.pem)) as session:
        yield session


@pytest.fixture(params=["http", "https"])
def context(request, ca):
    """What a server gets to speak TLS, or None."""
    return ca.server_context() if request.param == "https" else None


def test_requests_one_after_the_other_share_a_connection(session, serve, context):
    server = serve(keep_answering, context=context)
    infos = [session.get(f"{server.url}/{n}").connection_info for n in range(5)]
    assert [info.requests_served for info in infos] == [1, 2, 3, 4, 5]
    assert {info.local_address for info in infos} == {infos[0].local_address}
    assert infos[-1].client_state == infos[-1].server_state == "DONE"
    assert server.accepted == 1


@pytest.mark.safety("M1", "X5")
def test_a_response_glued_behind_another_is_never_an_answer(session, serve, context):
    def poison(peer):
        head = peer.read_head()
        peer.send(answer_to(head) + b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
        peer.wait_for_end()

    server = serve(poison, keep_answering, context=context)
    assert session.get(f"{server.url}/1").content == b"1"
    assert session.get(f"{server.url}/2").content == b"2"
    assert server.accepted == 2


@pytest.mark.safety("M2")
def test_a_response_that_arrives_while_idle_is_never_an_answer(session, serve, context):
    sent = threading.Event()
    go = threading.Event()

    def poison(peer):
        peer.send(answer_to(peer.read_head()))
        go.wait(5)
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
        sent.set()
        peer.wait_for_end()

    server = serve(poison, keep_answering, context=context)
    assert session.get(f"{server.url}/1").content == b"1"
    go.set()
    sent.wait(5)
    assert session.get(f"{server.url}/2").content == b"2"
    assert server.accepted == 2


@pytest.mark.safety("M4", "4I2")
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_connection_closed_after_the_request_was_read(session, serve, context, method):
    delivered = []

    def vanish(peer):
        peer.send(answer_to(peer.read_head()))
        delivered.append(peer.read_head().split()[0])

    def count(peer):
        while head := peer.read_head():
            delivered.append(head.split()[0])
            peer.send(answer_to(head))

    server = serve(vanish, count, context=context)
    session.get(f"{server.url}/1")
    if method == "GET":
        assert session.get(f"{server.url}/2").content == b"2"
        assert delivered == [b"GET", b"GET"]
    else:
        with pytest.raises(exceptions.ConnectionError):
            session.post(f"{server.url}/2")
        assert delivered == [b"POST"]
        assert server.accepted == 1


@pytest.mark.safety("M5", "X6", "4I1")
def test_a_server_that_closes_after_every_third_answer_is_never_noticed(session, serve, context):
    rng = random.Random(5)
    pauses = [rng.random() * 0.003 for _ in range(600)]

    def three(peer):
        for _ in range(3):
            head = peer.read_head()
            if not head:
                return
            peer.send(answer_to(head))
        threading.Event().wait(pauses.pop())

    server = serve(three, context=context)
    for n in range(600):
        assert session.get(f"{server.url}/{n}").content == b"%d" % n
    assert server.accepted >= 200


@pytest.mark.safety("2c2", "2c4")
def test_connection_close_leads_to_must_close_and_a_new_connection(session, serve, context):
    def once(peer):
        peer.send(answer_to(peer.read_head(), b"Connection: close\r\n"))

    server = serve(once, context=context)
    info = session.get(f"{server.url}/1").connection_info
    assert (info.client_state, info.server_state) == ("MUST_CLOSE", "MUST_CLOSE")
    assert session.get(f"{server.url}/2").connection_info.requests_served == 1
    assert server.accepted == 2


def test_a_connection_in_use_is_closed_when_the_session_was_closed_meanwhile(serve):
    server = serve(keep_answering)
    session = h11client.Session()
    response = session.get(f"{server.url}/1", stream=True)
    idle = session.get(f"{server.url}/2")
    assert session._transport_.counts().open == 2
    session.close()
    assert idle.content == b"2"
    assert session._transport_.counts().open == 1
    assert response.content == b"1"
    assert session._transport_.counts().open == 0
    assert session.get(f"{server.url}/3").content == b"3"
    session.close()


def test_a_session_that_is_dropped_leaves_no_socket(serve):
    server = serve(keep_answering)
    session = h11client.Session()
    session.get(f"{server.url}/1")
    del session
    gc.collect()  # the leak check of every test looks for the descriptor


@pytest.mark.safety("L1")
def test_a_dropped_response_lets_a_waiting_thread_go_on_with_a_limit_of_one(serve):
    server = serve(keep_answering)
    with h11client.Session(limits=h11client.Limits(max_connections=1)) as session:
        response = session.get(f"{server.url}/1", stream=True)
        got = []
        thread = threading.Thread(target=lambda: got.append(session.get(f"{server.url}/2").content))
        thread.start()
        while not session._transport_.counts().waiting:
            pass
        del response
        gc.collect()
        thread.join(5)
        assert got == [b"2"]


@pytest.mark.safety("4I1", "4I6", "L5")
@pytest.mark.parametrize("most", [100, 3], ids=["one connection each", "three for all"])
@pytest.mark.parametrize("tls", [False, True], ids=["http", "https"])
def test_sixteen_threads_on_one_session(serve, ca, most, tls):
    server = serve(keep_answering, context=ca.server_context() if tls else None)
    verify = str(ca.pem) if tls else True
    wrong, errors = [], []
    with h11client.Session(limits=h11client.Limits(max_connections=most), verify=verify) as session:

        def work(thread):
            try:
                for n in range(40):
                    nonce = b"%d-%d" % (thread, n)
                    content = session.get(f"{server.url}/{nonce.decode()}").content
                    if content != nonce:
                        wrong.append((nonce, content))
            except BaseException as error:
                errors.append(error)

        threads = [threading.Thread(target=work, args=(n,)) for n in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert (wrong, errors) == ([], [])
        counts = session._transport_.counts()
        assert counts.open == counts.idle <= min(most, 20)
    assert server.accepted <= (16 if most == 100 else 3)


@pytest.mark.safety("L1")
def test_a_response_dropped_in_a_cycle_closes_its_connection_without_a_warning(serve):
    # The collector finalises what is in a cycle in any order: the socket may come first.
    server = serve(keep_answering)
    with h11client.Session(limits=h11client.Limits(max_connections=1)) as session:
        for number in range(3):
            cycle = [session.get(f"{server.url}/{number}", stream=True)]
            cycle.append(cycle)
            del cycle
            gc.collect()  # a warning in a finaliser fails the test
            assert session._transport_.counts().open == 0
