"""`session.close()` and `response.close()` from another thread, in every state of a call.

A session that is closed lets the call go on to its end; its connection is closed then, unless it
was dialled later. A response that is closed ends a read that waits at once, and all later ones.
Nobody waits for anybody, nothing is left behind, and the same session works on.
"""

from __future__ import annotations

import gzip
import socket
import threading
import time
from contextlib import ExitStack

import pytest

import h11client
from h11client import Limits, Retry, exceptions
from tests.wire.conftest import PATIENCE, Peer

SOON = 1.0  # seconds within which whoever closes has closed, and a blocked read has ended
LARGE = b"x" * 12_000_000  # more than all buffers on the way take
HEAD = b"HTTP/1.1 200 OK\r\n"
OK = HEAD + b"Content-Length: 2\r\n\r\nok"
PACKED = gzip.compress(b"ok")
FRAMED = {
    "length": OK,
    "chunked": HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\no\r\n1\r\nk\r\n0\r\n\r\n",
    "until close": HEAD + b"Connection: close\r\n\r\nok",
    "gzip": HEAD
    + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%b" % (len(PACKED), PACKED),
}


class World:
    """A session, and servers that stop on their way until they are told to go on."""

    def __init__(self, serve, ca, folder):
        self.serve = serve
        self.ca = ca
        self.folder = folder
        self.context = ca.server_context()
        self.reached = threading.Event()
        self.go = threading.Event()
        self.kept = ExitStack()
        self.session = self.make()
        self.url = serve(answer).url

    def make(self, **options):
        known = {"timeout": PATIENCE, "verify": str(self.ca.pem), "trust_env": False}
        return self.kept.enter_context(h11client.Session(**{**known, **options}))

    def pause(self):
        self.reached.set()
        assert self.go.wait(PATIENCE)

    def serving(self, script, context=None):
        """The URL of a server whose first connection begins with `script`."""

        def first(peer):
            script(peer)
            answer(peer)

        return self.serve(first, answer, context=context).url

    def meanwhile(self, work):
        """Does it in another thread, which has ended when the test has."""
        thread = threading.Thread(target=work)
        thread.start()
        self.kept.callback(thread.join)


@pytest.fixture
def world(serve, ca, tmp_path):
    world = World(serve, ca, tmp_path)
    yield world
    world.go.set()
    world.kept.close()


def answer(peer):
    while peer.read_head():
        peer.send(OK)


def take(peer, left):
    """Reads so many bytes of a body and keeps none."""
    left -= len(peer.received)
    peer.received = b""
    while left > 0:
        left -= len(peer.sock.recv(65536))


def take_to(peer, end):
    """Reads what ends so."""
    last = peer.received[-len(end) :]
    while not last.endswith(end):
        last = (last + peer.sock.recv(65536))[-len(end) :]
    peer.received = b""


# --- states of a call: each makes a session and a server ready, and gives the call ----------------


def waiting_for_a_connection(world):
    world.session = world.make(limits=Limits(max_connections=1))

    def half(peer):
        peer.read_head()
        peer.send(OK[:-1])
        world.go.wait(PATIENCE)
        peer.send(OK[-1:])

    url = world.serving(half)
    holder = world.session.get(url, stream=True)

    def finish():
        while not world.session.statistics().waiting:
            time.sleep(0.002)
        world.pause()
        assert holder.content == b"ok"

    world.meanwhile(finish)
    return lambda: world.session.get(url)


def looking_up_a_name(world):
    def resolver(host, port, seconds):
        world.pause()
        return ["127.0.0.1"]

    world.session = world.make(resolver=resolver)
    return lambda: world.session.get(world.url.replace("127.0.0.1", "a.test"))


def connecting(world):
    # A full backlog: the kernel drops the SYN, which is sent again after a second.
    full = world.kept.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
    full.settimeout(PATIENCE)
    fillers = []
    for _ in range(2):
        filler = world.kept.enter_context(socket.socket())
        filler.setblocking(False)
        filler.connect_ex(full.getsockname())
        fillers.append(filler.getsockname())

    def accept():
        world.pause()
        while True:
            sock, address = full.accept()
            with sock:
                if address not in fillers:
                    answer(Peer(sock))
                    return

    def call():
        world.meanwhile(accept)
        return world.session.get(f"http://127.0.0.1:{full.getsockname()[1]}/")

    return call


def shaking_hands(world):
    def script(peer):
        world.pause()
        with world.context.wrap_socket(peer.sock, server_side=True) as peer.sock:
            answer(peer)

    url = world.serve(script).url.replace("http:", "https:")
    return lambda: world.session.get(url)


def asking_a_proxy(world):
    def script(peer):
        peer.read_head()
        world.pause()
        peer.send(b"HTTP/1.1 200 OK\r\n\r\n")
        with world.context.wrap_socket(peer.sock, server_side=True) as peer.sock:
            answer(peer)

    world.session = world.make(proxies={"https": world.serve(script).url})
    return lambda: world.session.get("https://localhost/")


def sending_the_head(world):
    def script(peer):
        world.pause()
        take_to(peer, b"\r\n\r\n")
        peer.send(OK)

    url = world.serving(script)
    return lambda: world.session.get(url, headers={"X-Large": LARGE.decode()})


def waiting_for_the_callers_pieces(world):
    def pieces():
        yield b"a"
        world.pause()
        yield b"b"

    def script(peer):
        peer.read_head()
        take_to(peer, b"\r\n0\r\n\r\n")
        peer.send(OK)

    url = world.serving(script)
    return lambda: world.session.post(url, data=pieces())


def sending_pieces(world):
    def script(peer):
        peer.read_head()
        world.pause()
        take_to(peer, b"\r\n0\r\n\r\n")
        peer.send(OK)

    url = world.serving(script)
    return lambda: world.session.post(url, data=iter([LARGE, b"end"]))


def sending_a_file(world):
    path = world.folder / "large"
    path.write_bytes(LARGE)

    def script(peer):
        peer.read_head()
        world.pause()
        take(peer, len(LARGE))
        peer.send(OK)

    url = world.serving(script)

    def call():
        with path.open("rb") as file:
            return world.session.post(url, data=file)

    return call


def waiting_for_100_continue(world):
    def script(peer):
        peer.read_head()
        world.pause()
        peer.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        take(peer, 2)
        peer.send(OK)

    url = world.serving(script)
    return lambda: world.session.put(url, data=b"ab", headers={"Expect": "100-continue"})


def slow(world, *parts):
    """The URL of an answer in parts, with the state in front of the last one."""

    def script(peer):
        peer.read_head()
        for part in parts[:-1]:
            peer.send(part)
        world.pause()
        peer.send(parts[-1])
        if b"\r\nConnection: close" in parts[0]:
            peer.sock.shutdown(socket.SHUT_WR)

    return world.serving(script)


def waiting_for_the_head(world):
    url = slow(world, OK)
    return lambda: world.session.get(url)


def among_1xx_responses(world):
    hint = b"HTTP/1.1 103 Early Hints\r\n\r\n"
    url = slow(world, hint + hint[:9], hint[9:] + OK)
    return lambda: world.session.get(url)


def half(framing):
    """The parts of an answer: its end is missing in the first one."""
    wire = FRAMED[framing]
    cut = -1 if framing in ("length", "until close") else -8
    return wire[:cut], wire[cut:]


def reading_a_body(framing):
    def scene(world):
        url = slow(world, *half(framing))
        return lambda: world.session.get(url)

    scene.__name__ = f"reading_a_body_with_{framing.replace(' ', '_')}"
    return scene


def draining(world):
    world.session = world.make(limits=Limits(drain_seconds=10))
    url = slow(world, *half("length"))

    def call():
        world.session.get(url, stream=True).close()
        return world.session.get(url)

    return call


def redirecting(world, location):
    def script(peer):
        peer.read_head()
        head = b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: %b\r\n\r\n"
        peer.send(head % location.encode())

    return world.serving(script)


def redirected(world):
    url = redirecting(world, slow(world, OK))
    return lambda: world.session.get(url)


def in_a_hook_before_a_redirect(world):
    def hook(response, **options):
        if response.is_redirect:
            world.pause()

    url = redirecting(world, world.url)
    return lambda: world.session.get(url, hooks={"response": hook})


def sleeping_before_a_retry(world):
    def script(peer):
        peer.read_head()
        peer.send(b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n")
        world.reached.set()

    url = world.serving(script)
    retry = Retry(1, statuses=[503], backoff=0.3, jitter=0)
    return lambda: world.session.get(url, retries=retry)


# With how many connections there are in the end: what was dialled after the close is kept.
STATES = [
    (waiting_for_a_connection, 1),
    (looking_up_a_name, 0),
    (connecting, 0),
    (shaking_hands, 0),
    (asking_a_proxy, 0),
    (sending_the_head, 0),
    (waiting_for_the_callers_pieces, 0),
    (sending_pieces, 0),
    (sending_a_file, 0),
    (waiting_for_100_continue, 0),
    (waiting_for_the_head, 0),
    (among_1xx_responses, 0),
    *((reading_a_body(framing), 0) for framing in FRAMED),
    (draining, 1),
    (redirected, 0),
    (in_a_hook_before_a_redirect, 1),
    (sleeping_before_a_retry, 1),
]


class Caller(threading.Thread):
    """Calls in a thread of its own and keeps what that gave or raised, and when."""

    def __init__(self, call):
        super().__init__(daemon=True)
        self.call = call
        self.result = self.error = None
        self.ended = 0.0
        self.start()

    def run(self):
        try:
            self.result = self.call()
        except Exception as error:
            self.error = error
        self.ended = time.monotonic()

    def finish(self, seconds=PATIENCE):
        self.join(seconds)
        assert not self.is_alive()
        return self.result


@pytest.mark.safety("L5", "4I1", "4I5", "4I6", "X22")
@pytest.mark.parametrize(
    ("state", "idle"), STATES, ids=[state.__name__.replace("_", " ") for state, _ in STATES]
)
def test_a_session_that_is_closed_in_any_state_lets_the_call_end_well(world, state, idle):
    caller = Caller(state(world))
    assert world.reached.wait(PATIENCE)
    time.sleep(0.02)  # from there into the system call
    started = time.monotonic()
    world.session.close()
    assert time.monotonic() - started < SOON
    world.go.set()
    response = caller.finish()
    assert caller.error is None
    assert response.text == "ok"
    counts = world.session._transport_.counts()
    assert (counts.open, counts.busy, counts.waiting) == (idle, 0, 0)
    again = world.session.get(world.url.replace("127.0.0.1", "localhost"))
    assert again.text == "ok"
    world.session.close()
    assert world.session._transport_.counts().open == 0


# --- states of a response ----------------------------------------------------------------------


WAYS = {
    "content": lambda response: response.content,
    "in pieces": lambda response: list(response.iter_content(1)),
    "raw": lambda response: response.raw.read(),
}


@pytest.mark.safety("L5", "4I5", "4I6", "4I7")
@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("framing", FRAMED)
def test_a_response_that_is_closed_while_its_body_is_waited_for(world, framing, way, scheme):
    def script(peer):
        peer.read_head()
        peer.send(half(framing)[0])
        peer.wait_for_end()

    context = world.context if scheme == "https" else None
    response = world.session.get(world.serve(script, context=context).url, stream=True)
    caller = Caller(lambda: WAYS[way](response))
    while not response._body._turn.locked():
        time.sleep(0.001)
    time.sleep(0.02)  # from the lock into the system call
    started = time.monotonic()
    response.close()
    caller.finish(SOON)
    assert caller.ended - started < SOON
    assert isinstance(caller.error, exceptions.IncompleteBody)
    assert world.session._transport_.counts().open == 0
    with pytest.raises(exceptions.RequestException):
        response.raw.read(1)
    assert world.session.get(world.url).text == "ok"


def elsewhere(work):
    """Does it in another thread, to its end."""
    started = time.monotonic()
    thread = threading.Thread(target=work)
    thread.start()
    thread.join(SOON)
    assert not thread.is_alive()
    assert time.monotonic() - started < SOON


@pytest.mark.safety("L5", "4I5", "4I6", "4I7")
@pytest.mark.parametrize("framing", FRAMED)
def test_a_response_that_is_closed_between_two_reads_of_another_thread(world, framing):
    url = slow(world, *half(framing))
    response = world.session.get(url, stream=True)
    assert response.raw.read1(1)
    elsewhere(response.close)
    with pytest.raises(exceptions.StreamConsumedError):
        response.raw.read(1)
    with pytest.raises(exceptions.StreamConsumedError):
        print(response.content)
    assert world.session._transport_.counts().busy == 0
    assert world.session.get(world.url).text == "ok"


@pytest.mark.safety("L5", "4I5", "4I6")
def test_a_response_that_is_closed_while_another_thread_drains_it(world):
    world.session = world.make(limits=Limits(drain_seconds=10))
    response = world.session.get(slow(world, *half("length")), stream=True)
    caller = Caller(response.close)
    while not response._body._turn.locked():
        time.sleep(0.001)
    elsewhere(response.close)
    caller.finish(SOON)
    assert caller.error is None
    assert world.session._transport_.counts().open == 0
    assert world.session.get(world.url).text == "ok"


@pytest.mark.safety("L5")
@pytest.mark.parametrize("stream", [True, False])
def test_a_response_that_is_closed_after_its_end_keeps_its_content(world, stream):
    response = world.session.get(world.url, stream=stream)
    assert response.content == b"ok"
    elsewhere(response.close)
    assert response.text == "ok"
    assert world.session._transport_.counts().idle == 1


@pytest.mark.safety("L5", "4I7")
def test_a_response_that_is_closed_by_another_thread_while_a_hook_has_it(world):
    with pytest.raises(exceptions.StreamConsumedError):
        world.session.get(
            world.url, hooks={"response": lambda response, **options: elsewhere(response.close)}
        )
    assert world.session._transport_.counts().busy == 0
    assert world.session.get(world.url).text == "ok"


@pytest.mark.safety("L5", "2h2")
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_an_upgraded_stream_that_is_closed_while_another_thread_reads(world, scheme):
    def script(peer):
        peer.read_head()
        peer.send(b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n")
        peer.wait_for_end()

    context = world.context if scheme == "https" else None
    url = world.serve(script, context=context).url
    upgraded = world.session.get(url, headers={"Upgrade": "x"}).upgrade()
    caller = Caller(upgraded.read)
    while not upgraded._turn.locked():
        time.sleep(0.001)
    time.sleep(0.02)
    elsewhere(upgraded.close)
    caller.finish(SOON)
    assert isinstance(caller.error, exceptions.ConnectionError)
    assert upgraded.fileno() == -1
    assert world.session._transport_.counts().open == 0
    assert world.session.get(world.url).text == "ok"
