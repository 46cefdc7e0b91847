"""A session that was in use when its process forked, and one that is in use when it exits."""

from __future__ import annotations

import pytest

from tests.wire.forks import run

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
LONG = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + b"x" * 500


@pytest.fixture(params=["http", "https"])
def context(request, ca):
    return ca.server_context() if request.param == "https" else None


def keep_answering(peer):
    while peer.read_head():
        peer.send(OK)


@pytest.mark.safety("X22", "L5")
def test_the_parents_connection_works_on_after_a_child_used_and_closed_its_copy(serve, context, ca):
    server = serve(keep_answering, context=context)
    (facts,) = run(
        """
        before = told(session.get(url))
        child = in_child(lambda: [told(session.get(url)), told(session.get(url))])
        after = told(session.get(url))
        report(before=before, child=child, after=after)
        """,
        server.url,
        ca,
    )
    text, served, address = facts["before"]
    assert (text, served) == ("ok", 1)
    assert facts["after"] == ["ok", 2, address]
    (_, first, own), (_, second, same) = facts["child"]
    assert (first, second) == (1, 2)  # the child has a connection of its own, and keeps it alive
    assert own == same != address
    assert server.accepted == 2


@pytest.mark.safety("X22")
def test_a_child_can_neither_read_the_parents_response_nor_spoil_it(serve, context, ca):
    def slow(peer):
        peer.read_head()
        peer.send(LONG)
        peer.read_head()  # the signal that the child is gone, on the same connection
        peer.send(b"y" * 500)

    server = serve(slow, keep_answering, context=context)
    # The parent cannot send on a connection whose response it reads; the server is told by a timer.
    (facts,) = run(
        """
        response = session.get(url, stream=True)
        def read():
            try:
                response.close()
                return response.read(1000)
            except exceptions.RequestException as error:
                return type(error).__name__
        child = in_child(lambda: [read(), told(session.get(url))])
        stream = response._body._connection.stream
        stream.write(b"go on\\r\\n\\r\\n", h11client._timeouts.Limit(5, "write"))
        content = response.content
        report(child=child, size=len(content), end=content[-1:].decode())
        """,
        server.url,
        ca,
    )
    assert (facts["size"], facts["end"]) == (1000, "y")
    assert facts["child"][0] in ("StreamConsumedError", "IncompleteBody")
    assert facts["child"][1][:2] == ["ok", 1]


@pytest.mark.safety("X22")
def test_locks_that_others_held_and_slots_that_others_had_are_free_in_the_child(serve, ca):
    server = serve(keep_answering)
    (facts,) = run(
        """
        session.limits = h11client.Limits(max_connections=1)
        lender = session._transport_._lender
        response = session.get(url, stream=True)  # has the only slot
        held, release = threading.Event(), threading.Event()
        def hold():
            from h11client._transport import trust
            with lender._lock, trust._contexts_lock:
                held.set()
                release.wait()
        thread = threading.Thread(target=hold)
        thread.start()
        held.wait()
        child = in_child(lambda: [told(session.get(url)), repr(session._transport_.counts())])
        release.set()
        thread.join()
        response.close()
        report(child=child, parent=repr(session._transport_.counts()))
        """,
        server.url,
        ca,
    )
    assert facts["child"][0][:2] == ["ok", 1]
    assert facts["child"][1] == facts["parent"] == "<PoolCounts open=1 idle=1 waiting=0>"


@pytest.mark.safety("X22", "4I6")
def test_what_a_child_drops_of_its_parents_is_not_counted_as_its_own(serve, ca):
    server = serve(lambda peer: (peer.read_head(), peer.send(LONG), peer.wait_for_end()))
    (facts,) = run(
        """
        responses = [session.get(url, stream=True) for _ in range(3)]
        def drop():
            responses.pop().close()
            with responses.pop():
                pass
            responses.clear()
            gc.collect()
            return repr(session._transport_.counts())
        child = in_child(drop)
        parent = repr(session._transport_.counts())
        for response in responses:
            response.close()
        report(child=child, parent=parent)
        """,
        server.url,
        ca,
    )
    assert facts["child"] == "<PoolCounts open=0 idle=0 waiting=0>"
    assert facts["parent"] == "<PoolCounts open=3 idle=0 waiting=0>"


@pytest.mark.safety("X22")
def test_a_request_at_the_exit_of_a_child_goes_over_a_connection_of_its_own(serve, context, ca):
    server = serve(keep_answering, context=context)
    in_child, in_parent = run(
        """
        import atexit
        session.get(url)
        atexit.register(lambda: report(at_exit=told(session.get(url))))
        in_child(lambda: "nothing but the exit")
        """,
        server.url,
        ca,
    )
    assert in_child["at_exit"][:2] == ["ok", 1]
    assert in_parent["at_exit"][:2] == ["ok", 2]
    assert in_child["at_exit"][2] != in_parent["at_exit"][2]


EXITS = [
    ("idle connections", "session.get(url)"),
    ("an unread response", "response = session.get(url, stream=True)"),
    (
        "a response in the middle of an iteration",
        "pieces = session.get(url, stream=True).iter_content(1); next(pieces)",
    ),
    (
        "a response in a cycle",
        "response = session.get(url, stream=True); response.itself = response; del response",
    ),
    (
        "a thread that waits for a body",
        (
            "response = session.get(url + '/long', stream=True)\n"
            "threading.Thread(target=lambda: response.content, daemon=True).start()\n"
            "time.sleep(0.1)"
        ),
    ),
    (
        "a thread that waits for a connection",
        (
            "session.limits = h11client.Limits(max_connections=1)\n"
            "response = session.get(url + '/long', stream=True)\n"
            "threading.Thread(target=lambda: session.get(url), daemon=True).start()\n"
            "time.sleep(0.1)"
        ),
    ),
    ("a request at its exit", "import atexit; atexit.register(lambda: session.get(url))"),
    (
        "a session closed at its exit, while a thread waits for a body",
        (
            "import atexit; atexit.register(session.close)\n"
            "response = session.get(url + '/long', stream=True)\n"
            "threading.Thread(target=lambda: response.content, daemon=True).start()\n"
            "time.sleep(0.1)"
        ),
    ),
    ("an exit in the middle", "response = session.get(url + '/long', stream=True); sys.exit()"),
]


@pytest.mark.safety("X22")
@pytest.mark.parametrize("code", [row[1] for row in EXITS], ids=[row[0] for row in EXITS])
def test_a_program_ends_at_once_and_silently_whatever_it_left_open(serve, context, ca, code):
    def script(peer):
        while head := peer.read_head():
            peer.send(LONG if b"/long" in head else OK)

    server = serve(script, context=context)
    assert run(code, server.url, ca) == []
