"""System calls that fail, each in its turn, and those that do less than they could.

Whatever the system says at whatever point of an exchange: an answer that is right, or one of our
exceptions; no descriptor and no slot is lost, and the same session works afterwards.
"""

from __future__ import annotations

import errno
import os
import pickle
import random
import socket
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import h11client
from h11client._transport import connection, dialing, patience, polling, sockets
from h11client.exceptions import RequestException
from tests.wire.conftest import Peer, Server

# A client that resets before the server has begun with TLS: that forgets its socket.
pytestmark = pytest.mark.filterwarnings(
    "ignore:Exception ignored in. <ssl.SSLSocket:pytest.PytestUnraisableExceptionWarning"
)

ERRORS = [
    *(errno.ECONNRESET, errno.EPIPE, errno.ENOMEM, errno.EIO, errno.ENOBUFS, errno.EMFILE),
    *(errno.EBADF, errno.ETIMEDOUT, errno.EHOSTUNREACH, errno.EINVAL, errno.EPERM),
]
LARGE = b"z" * 600_000


class Faults:
    """Counts the system calls of the client; the one whose turn it is fails."""

    def __init__(self) -> None:
        self.left = 0  # calls until then; 0: none fails
        self.code = 0

    def hits(self) -> bool:
        self.left -= 1
        return self.left == 0

    def __call__(self) -> None:
        if self.hits():
            raise OSError(self.code, os.strerror(self.code))


def failing(base: Any, faults: Faults) -> Any:
    """The same kind of socket, whose calls may fail."""

    class Failing(base):
        __slots__ = ()

        def connect_ex(self, address: Any) -> int:
            return faults.code if faults.hits() else super().connect_ex(address)

        def close(self) -> None:
            super().close()
            faults()

    def wrapped(name: str) -> Callable[..., Any]:
        def call(self: Any, *arguments: Any) -> Any:
            faults()
            return getattr(base, name)(self, *arguments)

        return call

    names = ("recv", "send", "sendmsg", "setsockopt", "getsockopt", "setblocking", "shutdown")
    for name in (*names, "getpeername", "getsockname"):
        setattr(Failing, name, wrapped(name))
    return Failing


@pytest.fixture(params=["patient", "not blocking"])
def waits(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether these sockets wait within recv, as the system's do, or never, as all others."""
    if request.param == "patient":
        monkeypatch.setattr(patience, "is_of_the_system", lambda *sockets: True)


@pytest.fixture
def faults(monkeypatch: pytest.MonkeyPatch) -> Iterator[Faults]:
    """Between the client and the system."""
    faults = Faults()
    send_file = os.sendfile
    plain = failing(socket.socket, faults)
    calls = SimpleNamespace(**{name: getattr(socket, name) for name in dir(socket)})

    def open_socket(*arguments: Any) -> Any:
        faults()
        return plain(*arguments)

    def look_up(*arguments: Any) -> Any:
        if faults.hits():
            raise socket.gaierror(socket.EAI_AGAIN, "try again")
        return socket.getaddrinfo(*arguments)

    def send_from_file(*arguments: Any) -> int:
        faults()
        return send_file(*arguments)

    class Poller:
        def __init__(self) -> None:
            inner: Any = polling.new_poller()
            self.unregister = inner.unregister
            for name in ("register", "modify", "poll"):
                setattr(self, name, self._wrapped(getattr(inner, name)))

        def _wrapped(self, function: Callable[..., Any]) -> Callable[..., Any]:
            def call(*arguments: Any) -> Any:
                faults()
                return function(*arguments)

            return call

    calls.socket, calls.getaddrinfo = open_socket, look_up
    monkeypatch.setattr(dialing, "socket", calls)
    monkeypatch.setattr(sockets, "_OwnedSocket", failing(sockets._OwnedSocket, faults))
    monkeypatch.setattr(dialing, "new_poller", Poller)
    monkeypatch.setattr(sockets, "new_poller", Poller)
    monkeypatch.setattr(os, "sendfile", send_from_file)
    # The servers live on; and what they had to say before a write failed would be waited for.
    monkeypatch.setattr(connection, "ANSWER_SECONDS", 0.01)
    yield faults
    faults.left = 0


def echo(peer: Peer) -> None:
    """Answers every request with its nonce and the length of its body."""
    while head := peer.read_head():
        lines = [line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:] if line]
        fields = dict(lines)
        length = len(peer.read_body(int(fields.get(b"content-length", b"0"))))
        if b"chunked" in fields.get(b"transfer-encoding", b""):
            while size := int(read_line(peer), 16):
                length += len(peer.read_body(size + 2)) - 2
            read_line(peer)
        answer = fields[b"x-nonce"] + b" %d" % length
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(answer), answer))


def read_line(peer: Peer) -> bytes:
    line = b""
    while not line.endswith(b"\r\n"):
        got = peer.read_body(1)
        if not got:
            raise ConnectionError("the client hung up")
        line += got
    return line


def give_much(peer: Peer) -> None:
    """Answers with a large body, of known length and in large chunks by turns."""
    while peer.read_head():
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(LARGE), LARGE))
        if peer.read_head():
            peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            for at in range(0, len(LARGE), 65536):
                chunk = LARGE[at : at + 65536]
                peer.send(b"%x\r\n%b\r\n" % (len(chunk), chunk))
            peer.send(b"0\r\n\r\n")


def tunnelling(context: ssl.SSLContext) -> Callable[[Peer], None]:
    """A proxy which is the origin of its tunnels too."""

    def script(peer: Peer) -> None:
        if peer.read_head():
            peer.send(b"HTTP/1.1 200 OK\r\n\r\n")
            with context.wrap_socket(peer.sock, server_side=True) as secured:
                echo(Peer(secured))

    return script


@pytest.fixture
def world(serve: Callable[..., Server], ca: Any, tmp_path: Path) -> SimpleNamespace:
    """Servers of three kinds, and a file."""
    context = ca.server_context()
    path = tmp_path / "large"
    path.write_bytes(LARGE)
    return SimpleNamespace(
        http=serve(echo).url,
        https=serve(echo, context=context).url,
        generous=serve(give_much).url,
        proxies={"all": serve(tunnelling(context)).url},
        file=path,
        ca=str(ca.pem),
        nonce=0,
    )


def ask(world: SimpleNamespace, session: h11client.Session, url: str, **more: Any) -> None:
    """One exchange, whose answer is for this request, and for all of it."""
    world.nonce += 1
    headers = {"X-Nonce": f"{world.nonce}"}
    response = session.request(more.pop("method", "GET"), url, headers=headers, **more)
    length = len(more.get("data") or b"")
    assert response.text == f"{world.nonce} {length}"


def get_twice(world: SimpleNamespace, session: h11client.Session) -> None:
    url = world.http.replace("127.0.0.1", "localhost")
    ask(world, session, url)
    ask(world, session, url)


def post(world: SimpleNamespace, session: h11client.Session) -> None:
    ask(world, session, world.http, method="POST", data=LARGE)


def send_file(world: SimpleNamespace, session: h11client.Session) -> None:
    with world.file.open("rb") as file:
        world.nonce += 1
        response = session.put(world.http, file, headers={"X-Nonce": f"{world.nonce}"})
        assert response.text == f"{world.nonce} {len(LARGE)}"


def send_pieces(world: SimpleNamespace, session: h11client.Session) -> None:
    world.nonce += 1
    pieces = iter([b"a", LARGE, b"b"])
    response = session.post(world.http, pieces, headers={"X-Nonce": f"{world.nonce}"})
    assert response.text == f"{world.nonce} {len(LARGE) + 2}"


def use_tls(world: SimpleNamespace, session: h11client.Session) -> None:
    ask(world, session, world.https)
    ask(world, session, world.https, method="POST", data=LARGE[:200_000])


def use_tunnel(world: SimpleNamespace, session: h11client.Session) -> None:
    ask(world, session, world.https, proxies=world.proxies)


def receive_much(world: SimpleNamespace, session: h11client.Session) -> None:
    for _ in range(2):
        assert session.get(world.generous).content == LARGE


EXCHANGES = [get_twice, receive_much, post, send_file, send_pieces, use_tls, use_tunnel]
EVERY = pytest.mark.parametrize("exchange", EXCHANGES, ids=lambda exchange: exchange.__name__)


@pytest.mark.safety("X25", "X21", "4I1", "4I3", "4I5", "4I6", "4I8")
@EVERY
def test_any_system_call_may_fail(
    exchange: Callable[..., None], world: SimpleNamespace, waits: None, faults: Faults
) -> None:
    call, last = 0, False
    while not last:
        call += 1
        for shift in (0, 5):
            with h11client.Session(trust_env=False, timeout=5, verify=world.ca) as session:
                faults.left, faults.code = call, ERRORS[(call + shift) % len(ERRORS)]
                try:
                    exchange(world, session)
                except RequestException as error:
                    assert faults.left <= 0, error
                    assert error.request is not None
                    assert error.__cause__ is not None
                    pickle.dumps(error)
                last = faults.left > 0
                faults.left = 0
                counts = session._transport_.counts()
                assert (counts.busy, counts.waiting) == (0, 0), call
                ask(world, session, world.http)
    assert call > 15


def partial(monkeypatch: pytest.MonkeyPatch, most: int, again: float) -> None:
    """Calls take or give a few bytes only, or say that it is not the time."""
    chance = random.Random(f"{most} {again}")
    send_file = os.sendfile

    def few(wanted: int) -> int:
        if chance.random() < again:
            raise BlockingIOError(errno.EAGAIN, "again")
        return wanted if most > len(LARGE) else min(wanted, chance.randint(1, most))

    class Partial(sockets._OwnedSocket):
        __slots__ = ()

        def recv(self, size: int, flags: int = 0) -> bytes:
            return super().recv(few(size), flags)

        def send(self, data: Any, flags: int = 0) -> int:
            return super().send(memoryview(data)[: few(len(data))], flags)

        def sendmsg(self, pieces: Any, ancillary: Any = (), flags: int = 0) -> int:  # type: ignore[override]
            joined = b"".join(pieces)
            return super().send(joined[: few(len(joined))], flags)

    def send_part(out: int, file: int, offset: int, count: int) -> int:
        return send_file(out, file, offset, few(count))

    monkeypatch.setattr(sockets, "_OwnedSocket", Partial)
    monkeypatch.setattr(os, "sendfile", send_part)


@pytest.mark.safety("X24", "4I1", "4I7")
@EVERY
@pytest.mark.parametrize(
    ("most", "again"),
    [(1, 0.0), (7, 0.5), (50_000, 0.7), (10**9, 0.5)],
    ids=["bytes", "sips", "often not", "a lot or not"],
)
def test_any_system_call_may_do_less(
    exchange: Callable[..., None],
    most: int,
    again: float,
    world: SimpleNamespace,
    waits: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if most < 10:
        monkeypatch.setattr(f"{__name__}.LARGE", LARGE[:3_000])
        world.file.write_bytes(LARGE[:3_000])
    partial(monkeypatch, most, again)
    with h11client.Session(trust_env=False, timeout=10, verify=world.ca) as session:
        exchange(world, session)
        exchange(world, session)
