"""Ctrl-C at every operation of the network, of calls of every kind.

Just before it, and just behind it, when what it gave is lost: the interruption passes unchanged, no
slot is lost and no stream stays open, and the next request gets its own answer.
"""

from __future__ import annotations

import gc
from typing import Any

import pytest

import h11client
from h11client import Limits, Retry
from h11client._transport.pool import Pool
from h11client._transport.tls import start_tls
from h11client.testing import Dial, Unsolicited
from tests.client.interrupting import Hosts, Interruption
from tests.client.stream_peers import MemoryServer

HEAD = b"HTTP/1.1 200 OK\r\n"
OK = HEAD + b"Content-Length: 2\r\n\r\nok"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
WHO = (
    b'HTTP/1.1 407 Who\r\nProxy-Authenticate: Digest realm="x", nonce="n", qop="auth"\r\n'
    b"Content-Length: 0\r\n\r\n"
)
LARGE = b"x" * 200_000


def moved(location: bytes, content: bytes = b"") -> bytes:
    head = b"HTTP/1.1 307 Moved\r\nLocation: %b\r\nContent-Length: %d\r\n\r\n"
    return head % (location, len(content)) + content


SCRIPTS = {
    "a.test": [OK] * 9,
    "b.test": [OK] * 9,
    "stale.test": [OK, b""],
    "closing.test": [HEAD + b"Connection: close\r\n\r\no", b"k", b""],
    "chunked.test": [
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\no\r\n",
        b"1\r\nk\r\n0\r\n\r\n",
    ],
    "hints.test": [b"HTTP/1.1 103 Early Hints\r\n\r\n", OK[:9], OK[9:-1], OK[-1:]],
    "expecting.test": [CONTINUE, OK],
    "refusing.test": [b"HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n"],
    "early.test": Dial([Unsolicited(OK, after=150_000)]),
    "moved.test": [moved(b"http://a.test/", b"no")[:-2], b"no"],
    "busy.test": [b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n"] * 9,
    "long.test": [HEAD + b"Content-Length: 20\r\n\r\n", b"x" * 10, b"y" * 10],
    "proxy.test": [b"HTTP/1.1 200 OK\r\n\r\n", OK],
    "asking.test": [WHO, b"HTTP/1.1 200 OK\r\n\r\n", OK],
    "forwarding.test": [WHO, OK],
    "socks.test": [b"\x05\x00", b"\x05\x00\x00\x01\x7f\x00\x00\x01\x04\x38", OK],
}


class Origin(MemoryServer):
    """A TLS server in memory that answers every request."""

    def work(self) -> None:
        super().work()
        while b"\r\n\r\n" in self.got:
            del self.got[: self.got.index(b"\r\n\r\n") + 4]
            self.send(OK)


class Network(Hosts):
    """Counts its operations, those of its streams included, and has the nth interrupted."""

    def __init__(self, number: int, behind: bool, ca: Any, error: BaseException) -> None:
        super().__init__(SCRIPTS)
        self.error = error
        self.left = number
        self.behind = behind
        self.context = ca.server_context()

    def counted(self, operation: Any) -> Any:
        def counting(*arguments: Any) -> Any:
            self.left -= 1
            here = self.left == 0
            if here and not self.behind:
                raise self.error
            result = operation(*arguments)
            if here:
                raise self.error
            return result

        return counting

    def watched(self, stream: Any) -> Any:
        for name in ("read", "write", "write_many", "is_readable", "close"):
            setattr(stream, name, self.counted(getattr(stream, name)))
        return stream

    def connect(self, host: str, *arguments: Any) -> Any:
        return self.counted(self.open)(host, *arguments)

    def open(self, host: str, *arguments: Any) -> Any:
        if host == "localhost":  # where TLS is real
            return self.watched(self.note(Origin(self.context)))
        return self.watched(super().connect(host, *arguments))

    def resolve(self, *arguments: Any) -> Any:
        return self.counted(super().resolve)(*arguments)

    def start_tls(self, stream: Any, *arguments: Any) -> Any:
        if isinstance(stream, Origin):
            return start_tls(stream, *arguments[:3])
        return self.counted(super().start_tls)(stream, *arguments)


def get(host: str, times: int = 1, **options: Any) -> Any:
    def call(session: h11client.Session) -> None:
        for _ in range(times):
            assert session.get(f"http://{host}/", **options).content == b"ok"

    return call


def post(host: str, pieces: Any, **options: Any) -> Any:
    def call(session: h11client.Session) -> None:
        data = iter(pieces) if isinstance(pieces, list) else pieces
        assert session.post(f"http://{host}/", data=data, **options).content == b"ok"

    return call


def through(proxy: str, url: str) -> Any:
    def call(session: h11client.Session) -> None:
        session.proxies = {"all": proxy}
        assert session.get(url).content == b"ok"

    return call


def over_tls(session: h11client.Session) -> None:
    for _ in range(2):
        assert session.get("https://localhost/").content == b"ok"


def upload_over_tls(session: h11client.Session) -> None:
    assert session.post("https://localhost/", data=LARGE).content == b"ok"


def drained(session: h11client.Session) -> None:
    session.get("http://long.test/", stream=True).close()


def read_in_part(session: h11client.Session) -> None:
    with session.get("http://long.test/", stream=True) as response:
        assert response.read(5) == b"xxxxx"


def closed(session: h11client.Session) -> None:
    for host in ("a.test", "b.test"):
        assert session.get(f"http://{host}/").content == b"ok"
    session.close()


EXPECTING = {"headers": {"Expect": "100-continue"}}
CALLS = {
    "a request": get("a.test"),
    "a second request": get("a.test", 2),
    "a stale connection": get("stale.test", 2),
    "a body to the end": get("closing.test"),
    "a body in chunks": get("chunked.test"),
    "interim responses": get("hints.test"),
    "a small upload": post("a.test", b"ab"),
    "a large upload": post("a.test", LARGE),
    "an upload in chunks": post("a.test", [b"ab", LARGE, b"c"]),
    "an upload that is answered early": post("early.test", LARGE),
    "an expectation": post("expecting.test", b"ab", **EXPECTING),
    "an expectation that is not met": lambda session: session.post(
        "http://refusing.test/", data=b"ab", **EXPECTING
    ),
    "a redirect": get("moved.test"),
    "retries": lambda session: session.get(
        "http://busy.test/", retries=Retry(2, statuses=[503], raise_on_status=False)
    ),
    "another origin": lambda session: [get(host)(session) for host in ("a.test", "b.test")],
    "tls": over_tls,
    "an upload over tls": upload_over_tls,
    "a tunnel": through("http://proxy.test", "https://a.test/"),
    "a tunnel for those whom it knows": through("http://me:x@asking.test", "https://a.test/"),
    "forwarding for those whom it knows": through("http://me:x@forwarding.test", "http://a.test/"),
    "socks": through("socks5://socks.test", "http://a.test/"),
    "socks that resolves": through("socks5h://socks.test", "https://a.test/"),
    "draining": drained,
    "reading in part": read_in_part,
    "closing": closed,
}


ANOTHER = h11client.Request("GET", "http://a.test/").prepare()
ERRORS = {
    "Ctrl-C": Interruption,
    # What handlers of alarms raise, and what requests raise that such handlers send.
    "an alarm": TimeoutError,
    "an error of ours": lambda text: h11client.ReadTimeout(text, request=ANOTHER),
}


@pytest.mark.safety("X22", "L1", "4I3", "4I5", "4I6")
@pytest.mark.parametrize(
    ("behind", "error"),
    [(False, "Ctrl-C"), (True, "Ctrl-C"), (True, "an alarm"), (True, "an error of ours")],
    ids=["Ctrl-C before", "Ctrl-C behind", "an alarm", "an error of ours"],
)
@pytest.mark.parametrize("call", CALLS)
def test_an_interruption_at_any_operation(call: str, behind: bool, error: str, ca: Any) -> None:
    number, interrupted = 0, True
    while interrupted:
        number += 1
        raised = ERRORS[error]("in a handler")
        network = Network(number, behind, ca, raised)
        pool = Pool(Limits(max_connections=1), network, network.clock)
        session = h11client.Session(transport=pool, timeout=5, trust_env=False, verify=str(ca.pem))
        interrupted = False
        try:
            CALLS[call](session)
        except type(raised) as caught:
            interrupted = caught is raised
            assert interrupted
        assert interrupted or network.left > 0, number
        del raised
        network.left, network.error = 0, None
        session.proxies = {}
        gc.collect()  # a stream that is watched and its methods refer to each other
        counts = pool.counts()
        assert (counts.busy, counts.waiting) == (0, 0), number
        assert network.count_open() == counts.idle, number
        get("b.test")(session)
        session.close()
        assert network.count_open() == 0
    assert number > 3
