"""docs/examples/trio_server.py: over real sockets, and in memory where a clock has to run."""

from __future__ import annotations

import contextlib
import http.client
import importlib.util
import json
import signal
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
import trio
import trio.testing

import h11client
from tests.conftest import ROOT
from tests.dependents.raw_client import Answer, RawClient, chunked, request

PROGRAM = ROOT / "docs" / "examples" / "trio_server.py"

_spec = importlib.util.spec_from_file_location("trio_server", PROGRAM)
assert _spec is not None
assert _spec.loader is not None
trio_server: Any = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(trio_server)


# -- the program, on a real socket
# --------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def running_program() -> Iterator[tuple[subprocess.Popen[str], int]]:
    process = subprocess.Popen(
        [sys.executable, "-W", "error", str(PROGRAM), "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={"PYTHONPATH": str(ROOT)},
    )
    try:
        assert process.stdout is not None
        yield process, int(process.stdout.readline().rpartition(":")[2])
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with running_program() as (_, port):
        yield port


@pytest.fixture
def client(port: int) -> Iterator[RawClient]:
    with RawClient(port) as opened:
        yield opened


def described(answer: Answer) -> dict[str, Any]:
    assert answer.status == 200, (answer.status, answer.body)
    facts: dict[str, Any] = json.loads(answer.body)
    return facts


def test_the_standard_library_makes_two_requests_over_one_connection(port: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", "/first?x=1", headers={"X-Mine": "yes"})
    facts = json.loads(connection.getresponse().read())
    address = connection.sock.getsockname()
    assert (facts["method"], facts["target"], facts["body"]) == ("GET", "/first?x=1", "")
    assert ["x-mine", "yes"] in facts["headers"]
    connection.request("POST", "/second", body=iter([b"one ", b"two"]), encode_chunked=True)
    assert json.loads(connection.getresponse().read())["body"] == "one two"
    assert connection.sock.getsockname() == address
    connection.close()


def test_our_own_client_uploads_in_chunks_and_keeps_the_connection(port: int) -> None:
    with h11client.Session() as session:
        first = session.put(f"http://127.0.0.1:{port}/up", data=iter([b"one ", b"two"]))
        second = session.get(f"http://127.0.0.1:{port}/down")
        refused = session.delete(f"http://127.0.0.1:{port}/down")
    assert first.json()["body"] == "one two"
    assert second.json()["target"] == "/down"
    assert (refused.status_code, refused.headers["Allow"]) == (405, "GET, HEAD, POST, PUT")


def test_an_answer_has_a_date_a_server_and_a_reason(client: RawClient) -> None:
    client.send(request())
    answer = client.read_answer()
    assert (answer.version, answer.reason) == ("HTTP/1.1", "OK")
    assert answer.header("date")
    assert (answer.header("server") or "").startswith("trio-server python-h11/")
    assert answer.header("connection") is None


def test_an_answer_to_head_is_that_to_get_without_its_body(client: RawClient) -> None:
    client.send(request("HEAD", "/page"), request("GET", "/other"))
    answer = client.read_answer("HEAD")
    assert int(answer.header("content-length") or 0) > 50
    assert described(client.read_answer())["target"] == "/other"


def test_a_chunked_upload_waits_for_100_continue(client: RawClient) -> None:
    client.send(request("PUT", "/up", "Transfer-Encoding: chunked", "Expect: 100-continue"))
    go_ahead = client.read_answer()
    assert (go_ahead.status, bool(go_ahead.header("date"))) == (100, True)
    client.send(chunked(b"now ", b"that ", b"we may"))
    assert described(client.read_answer())["body"] == "now that we may"


def test_no_100_is_sent_to_a_client_that_does_not_wait_for_it(client: RawClient) -> None:
    wire = request("PUT", "/up", "Content-Length: 4", "Expect: 100-continue", body=b"here")
    client.send(wire, request("PUT", "/up", "Content-Length: 5", body=b"again"))
    assert described(client.read_answer())["body"] == "here"
    assert described(client.read_answer())["body"] == "again"


def test_pipelined_requests_are_answered_in_their_order(client: RawClient) -> None:
    last = request("GET", "/4", "Connection: close")
    upload = request("POST", "/2", "Content-Length: 4", body=b"body")
    client.send(request("GET", "/1") + upload + request("DELETE", "/3") + last)
    assert described(client.read_answer())["target"] == "/1"
    assert described(client.read_answer())["body"] == "body"
    assert client.read_answer().status == 405
    assert described(client.read_answer())["target"] == "/4"
    assert client.at_end()


def test_an_http_1_0_client_is_answered_and_the_connection_closed(client: RawClient) -> None:
    client.send(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
    answer = client.read_answer()
    assert described(answer)["http_version"] == "1.0"
    assert answer.header("connection") == "close"
    assert client.at_end()


def test_a_method_that_is_not_served_is_answered_with_those_that_are(client: RawClient) -> None:
    client.send(request("DELETE", "/"))
    answer = client.read_answer()
    assert (answer.status, answer.header("allow")) == (405, "GET, HEAD, POST, PUT")
    client.send(request())  # nothing is wrong with the connection
    assert client.read_answer().status == 200


def test_a_refused_upload_closes_the_connection(client: RawClient) -> None:
    client.send(request("PATCH", "/", "Content-Length: 1000", body=b"the beginning"))
    answer = client.read_answer()
    assert (answer.status, answer.header("connection")) == (405, "close")
    client.send(b"and some more, which is read and thrown away")
    client.finish()
    assert client.at_end()


HEAD = b"POST / HTTP/1.1\r\nHost: a\r\n"
BAD = [
    ("words", b"good morning\r\n\r\n", 400),
    ("a TLS greeting", b"\x16\x03\x01\x02\x00\x01\x00", 400),
    ("no Host", b"GET / HTTP/1.1\r\n\r\n", 400),
    ("a head that is too large", b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 20_000 + b"\r\n\r\n", 431),
    ("too many fields", HEAD + b"X: a\r\n" * 600 + b"\r\n", 431),
    ("an unknown transfer coding", HEAD + b"Transfer-Encoding: gzip\r\n\r\n", 501),
    ("another major version", b"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505),
    ("both framing fields", HEAD + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
    ("a bad chunk", HEAD + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n", 400),
    ("a large body, announced", HEAD + b"Content-Length: 1048577\r\nExpect: 100-continue\r\n\r\n", 413),
    ("a large body, in a chunk", HEAD + b"Transfer-Encoding: chunked\r\n\r\n100001\r\n" + b"a" * 0x100001, 413),
    ("a body cut short", HEAD + b"Content-Length: 10\r\n\r\nabc", 400),
]  # fmt: skip


@pytest.mark.parametrize(("wire", "status"), [r[1:] for r in BAD], ids=[r[0] for r in BAD])
def test_what_is_wrong_with_a_request_is_answered_and_the_connection_closed(
    client: RawClient, wire: bytes, status: int
) -> None:
    client.send(wire)
    client.finish()
    answer = client.read_answer()
    assert (answer.status, answer.header("connection")) == (status, "close")
    assert answer.body
    assert client.at_end()


def test_a_client_that_vanishes_harms_nobody(port: int) -> None:
    for wire in (b"", b"GET / HT", request("PUT", "/", "Content-Length: 9", body=b"half")):
        with RawClient(port) as leaving:
            leaving.send(wire)
    with RawClient(port) as client:
        client.send(request("GET", "/still-there"))
        assert described(client.read_answer())["target"] == "/still-there"


def test_a_client_may_close_its_direction_before_it_reads(client: RawClient) -> None:
    client.send(request("GET", "/half"))
    client.finish()
    assert described(client.read_answer())["target"] == "/half"
    assert client.at_end()


def test_told_to_stop_it_finishes_what_it_has_begun() -> None:
    with running_program() as (process, port), RawClient(port) as idle, RawClient(port) as busy:
        idle.send(request())
        assert idle.read_answer().status == 200
        busy.send(request("PUT", "/", "Content-Length: 4", "Expect: 100-continue"))
        assert busy.read_answer().status == 100
        process.send_signal(signal.SIGTERM)
        assert idle.at_end()  # now it is stopping, and the upload is still to come
        busy.send(b"done")
        answer = busy.read_answer()
        assert (described(answer)["body"], answer.header("connection")) == ("done", "close")
        assert busy.at_end()
        busy.close()
        idle.close()
        assert process.wait(20) == 0
        assert process.stderr is not None
        assert "Traceback" not in process.stderr.read()


# -- with handlers and settings of the test
# --------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def serving(server: Any) -> Iterator[int]:
    """A server in a thread of this process; its port."""
    ready = threading.Event()
    found: list[Any] = []

    async def main() -> None:
        listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
        found.extend([trio.lowlevel.current_trio_token(), listeners[0].socket.getsockname()[1]])
        ready.set()
        await server.serve(listeners)

    thread = threading.Thread(target=trio.run, args=(main,))
    thread.start()
    try:
        assert ready.wait(20)
        yield found[1]
    finally:
        found[0].run_sync_soon(server.stop)
        thread.join(20)
        assert not thread.is_alive()


async def failing(request: Any, body: Any) -> Any:
    raise RuntimeError("a detail that is nobody's business")


def test_a_handler_that_raises_becomes_500_and_its_details_stay_here(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with serving(trio_server.Server(failing)) as port, RawClient(port) as client:
        client.send(request())
        answer = client.read_answer()
        assert (answer.status, answer.reason) == (500, "Internal Server Error")
        assert b"business" not in answer.body
        client.send(request())  # it was the handler's fault, not the connection's
        assert client.read_answer().status == 500
    assert "a detail that is nobody's business" in caplog.text


def test_a_request_that_stops_is_answered_with_408() -> None:
    settings = trio_server.Settings(request=0.1)
    with serving(trio_server.Server(settings=settings)) as port, RawClient(port) as client:
        client.send(request("PUT", "/", "Content-Length: 100", body=b"and then nothing"))
        answer = client.read_answer()
        assert (answer.status, answer.header("connection")) == (408, "close")
        assert client.at_end()


# -- in memory, with a clock that jumps
# --------------------------------------------------------------------------------------------------

Conversation = Callable[[Any], Awaitable[None]]


def in_memory(server: Any, conversation: Conversation) -> float:
    """Run a conversation with a server over a stream in memory; the seconds that it took."""

    async def main() -> float:
        ours, theirs = trio.testing.memory_stream_pair()
        begin = trio.current_time()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(server.serve_client, theirs)
            await conversation(ours)
        return trio.current_time() - begin

    return trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))


async def read_to_end(stream: Any) -> bytes:
    received = b""
    while piece := await stream.receive_some(65536):
        received += piece
    await stream.aclose()
    return received


STALLED = [
    ("nothing at all", b"", 30.0, b""),
    ("half of a head", b"GET / HTTP/1.1\r\nHo", 10.0, b"HTTP/1.1 408 Request Timeout\r\n"),
    ("half of a body", request("PUT", "/", "Content-Length: 9", body=b"half"), 10.0, b"HTTP/1.1 408 Request Timeout\r\n"),
    ("half of a chunk", request("PUT", "/", "Transfer-Encoding: chunked", body=b"9\r\nhalf"), 10.0, b"HTTP/1.1 408 Request Timeout\r\n"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("wire", "seconds", "start"), [row[1:] for row in STALLED], ids=[row[0] for row in STALLED]
)
def test_a_client_that_stalls_is_given_a_limited_time(
    wire: bytes, seconds: float, start: bytes
) -> None:
    async def conversation(stream: Any) -> None:
        if wire:
            await stream.send_all(wire)
        received = await read_to_end(stream)
        assert received.startswith(start)
        assert bool(received) == bool(start)

    assert in_memory(trio_server.Server(), conversation) == pytest.approx(seconds)


def test_a_connection_between_two_requests_is_closed_without_a_word() -> None:
    async def conversation(stream: Any) -> None:
        await stream.send_all(request())
        received = await read_to_end(stream)
        assert received.count(b"HTTP/1.1 ") == 1
        assert b" 200 OK\r\n" in received

    assert in_memory(trio_server.Server(), conversation) == pytest.approx(30.0)


def test_a_slow_upload_may_take_longer_than_the_limit_of_one_wait() -> None:
    async def conversation(stream: Any) -> None:
        await stream.send_all(request("PUT", "/", "Content-Length: 3", "Connection: close"))
        for byte in (b"a", b"b", b"c"):
            await trio.sleep(9)  # of the clock that jumps
            await stream.send_all(byte)
        assert b'"body": "abc"' in await read_to_end(stream)

    assert in_memory(trio_server.Server(), conversation) == pytest.approx(27.0)


def test_a_handler_that_takes_too_long_becomes_503() -> None:
    async def sleeping(request: Any, body: Any) -> Any:
        await trio.sleep_forever()

    async def conversation(stream: Any) -> None:
        await stream.send_all(request("GET", "/", "Connection: close"))
        assert (await read_to_end(stream)).startswith(b"HTTP/1.1 503 Service Unavailable\r\n")

    assert in_memory(trio_server.Server(sleeping), conversation) == pytest.approx(30.0)


def test_a_client_that_does_not_read_is_given_a_limited_time() -> None:
    async def main() -> float:
        ours, theirs = trio.testing.memory_stream_pair()
        theirs.send_stream.send_all_hook = trio.sleep_forever
        await ours.send_all(request())
        begin = trio.current_time()
        await trio_server.Server().serve_client(theirs)
        return trio.current_time() - begin

    seconds = trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))
    # The limit of one answer, and the time in which the client could have closed.
    assert seconds == pytest.approx(12.0)


def test_a_client_that_does_not_close_is_not_waited_for_for_ever() -> None:
    async def conversation(stream: Any) -> None:
        await stream.send_all(request("GET", "/", "Connection: close"))
        received = b""
        while piece := await stream.receive_some(65536):
            received += piece
        assert received  # and our direction stays open
        await trio.sleep(5)
        with pytest.raises(trio.BrokenResourceError):
            await stream.send_all(b"too late")

    assert in_memory(trio_server.Server(), conversation) == pytest.approx(5.0)


class OneClient(trio.abc.Listener[Any]):
    """A listener in memory: it accepts one client, and then waits."""

    def __init__(self) -> None:
        self.client, self._accepted = trio.testing.memory_stream_pair()
        self._waiting = True

    async def accept(self) -> Any:
        if not self._waiting:
            await trio.sleep_forever()
        self._waiting = False
        await trio.lowlevel.checkpoint()
        return self._accepted

    async def aclose(self) -> None:
        await trio.lowlevel.checkpoint()


def test_told_to_stop_it_waits_for_a_limited_time() -> None:
    async def sleeping(request: Any, body: Any) -> Any:
        await trio.sleep_forever()

    server = trio_server.Server(sleeping, trio_server.Settings(handler=1000.0, drain=10.0))

    async def main() -> float:
        listener = OneClient()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(server.serve, [listener])
            await listener.client.send_all(request())
            await trio.sleep(1)  # of the clock that jumps: the handler is sleeping by now
            server.stop()
            begin = trio.current_time()
            assert await read_to_end(listener.client) == b""
        return trio.current_time() - begin

    seconds = trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))
    assert seconds == pytest.approx(10.0)
