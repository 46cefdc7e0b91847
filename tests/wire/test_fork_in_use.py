"""A process that forks while its threads are in the middle of requests: in every state of one.

The child has none of the parent's connections, and none of its locks; the parent's requests go on
as if nothing had happened. Sockets that are only being made: tests/client/test_forking.py.
"""

from __future__ import annotations

import json
import threading
from collections import Counter

import pytest

from tests.wire.forks import run

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
SENT = 20_000_000  # bytes: more than any buffer on the way takes
HALF = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf "


class Stages:
    """A server that keeps everybody waiting until it is told to go on, and knows who waits."""

    def __init__(self):
        self.seen = Counter()
        self.go = threading.Event()

    def wait(self, stage):
        self.seen[stage] += 1
        assert self.go.wait(20)

    def __call__(self, peer):
        while head := peer.read_head():
            path = head.split(b" ")[1].decode()
            if path == "/seen":
                body = json.dumps(self.seen).encode()
                peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
                continue
            if path == "/go":
                self.go.set()
            elif path == "/head":
                self.wait("head")
            elif path == "/send":
                self.wait("send")
                left = SENT - len(peer.received)
                peer.received = b""
                while left:
                    left -= len(peer.sock.recv(left))
            elif path == "/body":
                peer.send(HALF)
                self.wait("body")
                peer.send(b"whole")
                continue
            peer.send(OK)

    def over_tls(self, context):
        """The same for a client whose handshake has to wait."""

        def script(peer):
            self.wait("tls")
            with context.wrap_socket(peer.sock, server_side=True) as peer.sock:
                self(peer)

        return script


STATES = """
def until(condition):
    give_up = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < give_up
        time.sleep(0.002)

results, threads = {}, []
def ask(state, use):
    def work():
        try:
            results[state] = use()
        except BaseException as error:
            results[state] = repr(error)
    threads.append(threading.Thread(target=work))
    threads[-1].start()

asked, found = threading.Event(), threading.Event()
def resolver(host, port, seconds):
    asked.set()
    assert found.wait(10)
    return ["127.0.0.1"]

make = lambda **options: h11client.Session(verify=sys.argv[2], timeout=10, **options)
keeper, tight = make(), make(limits=h11client.Limits(max_connections=1))
looking = make(resolver=resolver)
kept = [told(keeper.get(url + "/ok")), told(keeper.get(tls + "/ok"))]
holder = tight.get(url + "/body", stream=True)
ask("waiting for a connection", lambda: tight.get(url + "/ok").text)
ask("looking up a name", lambda: looking.get(f"http://a.test:{port}/ok").text)
ask("shaking hands", lambda: session.get(slow + "/ok").text)
ask("sending", lambda: session.post(url + "/send", data=b"x" * size).text)
ask("reading a head", lambda: session.get(url + "/head").text)
ask("reading a body", lambda: session.get(url + "/body").text)
expected = {"head": 1, "send": 1, "body": 2, "tls": 1}
until(lambda: keeper.get(url + "/seen").json() == expected)
until(lambda: tight.statistics().waiting == 1 and asked.is_set())
time.sleep(0.05)  # from the thread into the system call

def sockets_left():
    entries = [os.path.join("/proc/self/fd", number) for number in os.listdir("/proc/self/fd")]
    links = [os.readlink(entry) for entry in entries if os.path.lexists(entry)]
    return len([link for link in links if link.startswith("socket:")])

def as_child():
    left = sockets_left()
    looking.resolver = None
    answers = [told(asking.get(url + "/ok")) for asking in (session, tight, keeper, looking)]
    return [left, answers, told(keeper.get(tls + "/ok"))]

def go_on():
    keeper.get(url + "/go")
    found.set()
    assert holder.content == b"half whole"
    for thread in threads:
        thread.join()
    again = [told(keeper.get(url + "/ok")), told(keeper.get(tls + "/ok"))]
    report(results=results, kept=kept, again=again)
"""


@pytest.fixture
def world(serve, ca):
    stages = Stages()
    context = ca.server_context()
    plain = serve(stages)
    return {
        "url": plain.url,
        "ca": ca,
        "port": plain.port,
        "tls": serve(stages, context=context).url,
        "slow": serve(stages.over_tls(context)).url.replace("http:", "https:"),
        "size": SENT,
    }


RESULTS = {
    "waiting for a connection": "ok",
    "looking up a name": "ok",
    "shaking hands": "ok",
    "sending": "ok",
    "reading a head": "ok",
    "reading a body": "half whole",
}

WAYS = {
    "by the main thread": """
        child = in_child(as_child)
        """,
    "by another thread": """
        found_by_child = []
        forker = threading.Thread(target=lambda: found_by_child.append(in_child(as_child)))
        forker.start()
        forker.join()
        [child] = found_by_child
        """,
    "by multiprocessing": """
        import multiprocessing
        forked = multiprocessing.get_context("fork")
        queue = forked.SimpleQueue()
        process = forked.Process(target=lambda: queue.put(as_child()))
        process.start()
        child = queue.get()
        process.join()
        assert process.exitcode == 0
        """,
    "in a child of a child": """
        def in_grandchild():
            receiver, sender = os.pipe()
            grandchild = os.fork()
            if grandchild == 0:
                try:
                    os.write(sender, json.dumps(as_child()).encode())
                finally:
                    os._exit(0)
            os.close(sender)
            with open(receiver, "rb") as pipe:
                found = json.load(pipe)
            assert os.waitpid(grandchild, 0)[1] == 0
            return found
        child = in_child(in_grandchild)
        """,
}


@pytest.mark.safety("X22", "L5", "4I1", "4I5")
@pytest.mark.parametrize("way", WAYS)
def test_a_fork_in_every_state_of_a_request_gives_the_child_nothing_and_takes_nothing(world, way):
    from textwrap import dedent

    code = STATES + dedent(WAYS[way]) + "\nreport(child=child)\ngo_on()\n"
    told_by_child, facts = run(code, **world)
    left, answers, over_tls = told_by_child["child"]
    assert left == 0
    assert [text for text, _, _ in answers] == ["ok"] * 4
    assert [served for _, served, _ in answers] == [1] * 4  # over connections of their own
    assert over_tls[:2] == ["ok", 1]
    assert facts["results"] == RESULTS
    for (_, served, address), (text, later, same) in zip(
        facts["kept"], facts["again"], strict=True
    ):
        assert (text, same) == ("ok", address)
        assert later > served
