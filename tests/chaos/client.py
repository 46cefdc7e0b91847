"""Our client as the campaign's: it sends a case's request and says how that ended."""

from __future__ import annotations

import contextlib
import copy
import errno
import gc
import logging
import random
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import h11client
from h11client._transport.pool import Pool
from h11client._transport.sockets import SocketNetwork
from h11client.auth import HTTPDigestAuth
from tests.chaos.cases import SECRET, Case
from tests.chaos.conversation import HOLE, Lab, Worker, base_url
from tests.chaos.memory import PLAUSIBLE, MemoryNetwork, may_fail
from tests.chaos.outcomes import Mine, Outcome, body_of

CARELESS = ["drops", "drops in a cycle", "closes early", "raises while reading"]
LIMITS = h11client.Limits(max_connections=500, max_idle=300, idle_timeout=None)
# What may be wrong with an answer that has come whole: its connection is as good as before.
BEHIND_THE_EXCHANGE = {
    *("TooManyRedirects", "UnrewindableBodyError", "InvalidURL", "InvalidSchema", "MissingSchema"),
    *("ContentDecodingError", "Mine", "RemoteProtocolError"),
}


def _raise(*args: Any, **kwargs: Any) -> None:
    raise Mine


class Watched(logging.Handler):
    """Looks for the secret in everything that is logged."""

    def __init__(self, lab: Lab) -> None:
        super().__init__()
        self.lab = lab
        self.records = 0

    @classmethod
    @contextlib.contextmanager
    def everything(cls, lab: Lab) -> Iterator[Watched]:
        """Switches every line of the log on, and looks at it."""
        watched, logger = cls(lab), logging.getLogger("h11client")
        before = logger.level, logger.propagate
        logger.addHandler(watched)
        logger.setLevel(logging.DEBUG)
        logger.propagate = False
        try:
            yield watched
        finally:
            logger.removeHandler(watched)
            logger.setLevel(before[0])
            logger.propagate = before[1]

    def emit(self, record: logging.LogRecord) -> None:
        self.records += 1
        if SECRET in (text := record.getMessage()):
            self.lab.complain(f"logged: {text[:300]}")


class OurClient:
    """One session for all threads."""

    def __init__(self, lab: Lab, medium: str, ca: str | None = None) -> None:
        self.lab = lab
        self.medium = medium
        self.network: Any = MemoryNetwork(lab) if medium == "memory" else FailingNetwork(lab)
        self.clock: Any = self.network.clock if medium == "memory" else time.monotonic
        self.stained: set[int] = set()  # workers whose last case has left cookies
        # On sockets all threads share one pool. In memory each has its own, so that it is known
        # which connections are there.
        number = len(lab.workers) if medium == "memory" else 1
        self.pools = [Pool(LIMITS, self.network, self.clock) for _ in range(number)]
        self.sessions = [h11client.Session(transport=pool, trust_env=False) for pool in self.pools]
        if medium == "socket":
            from h11client._transport.dial_options import DialOptions

            self.pools[0].dial_options = DialOptions(resolver=self.resolve)
            self.sessions[0].verify = ca or True

    def session_of(self, worker: Worker) -> h11client.Session:
        """The session that this thread uses."""
        return self.sessions[worker.number % len(self.sessions)]

    def resolve(self, host: str, port: int, seconds: float | None) -> list[str]:
        """The resolver of real dials: everybody is at home."""
        case = self.lab.workers[int(host.partition(".")[0].rpartition("-w")[2])].case
        names = case.call.get("names") if case else None
        if names == "fails":
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        if names == "none":
            return []
        if names == "slow":
            time.sleep(0.02)
        if names == "six":  # where nobody listens
            return ["::1", "127.0.0.1"]
        if names in ("black hole", "black hole alone"):
            return [HOLE] if names == "black hole alone" else [HOLE, "127.0.0.1"]
        others = [f"127.0.0.{n}" for n in range(2, 21)] if names == "many" else []
        return [*others, "127.0.0.1"]

    def options(self, case: Case, worker: Worker) -> dict[str, Any]:
        """The arguments of the call."""
        options: dict[str, Any] = {}
        call = case.call
        if "auth" in call:
            options["auth"] = call["auth"]
        if "digest" in call:
            options["auth"] = HTTPDigestAuth(*call["digest"])  # type: ignore[misc]  # a pair
        if case.way in ("proxy", "tunnel"):
            port = worker.ports["proxy"]
            address = f"http://proxy-w{worker.number}.chaos.test:{port}"
            if "proxy credentials" in call:
                auth = HTTPDigestAuth("user", call["proxy credentials"])  # type: ignore[arg-type]  # a str
                options["proxies"] = {"all": h11client.Proxy(address, auth=auth)}
            else:
                options["proxies"] = {"all": address}
            if "other proxy" in call:
                mine = address.replace("//", f"//user:{SECRET}@")
                other = address.replace("//proxy", "//proxy-of-others")
                options["proxies"] = {base_url(case, worker, ""): mine, "all": other}
        if case.act == "hook raises":
            options["hooks"] = {"response": _raise}
        elif case.act == "closes the session in a hook":
            close = self.session_of(worker)._transport_.close
            options["hooks"] = {"response": lambda response, **more: close()}
        defaults = 60.0 if self.medium == "memory" else 10.0
        limits = dict.fromkeys(("connect", "read", "write", "pool"), defaults)
        options["timeout"] = h11client.Timeout(**{**limits, **case.timeout})
        return options

    def perform(self, case: Case, worker: Worker) -> Outcome:
        """Sends the request of the case and reads what comes."""
        outcome = Outcome(case)
        session = self.session_of(worker)
        if case.prefix is None and worker.number in self.stained:
            self.stained.remove(worker.number)  # what followed has been sent with them
            session.cookies.clear()
        url = f"{base_url(case, worker, '')}/{case.nonce}"
        if case.call.get("port") == "closed":
            url = url.replace(f":{worker.ports[case.way]}/", f":{worker.ports['closed']}/")
        headers = {"X-Nonce": case.nonce, **case.headers}
        before = copy.copy(headers)
        data = body_of(case)
        current.case = case
        if self.medium == "memory":
            self.network.touched.streams.clear()
        asking: dict[str, Any] = {"headers": headers, "data": data, "stream": True}
        asking.update(self.options(case, worker))
        method: Any = case.call.get("method", case.method)
        session.on_event = self.inserting(case, worker)
        started, cpu = self.clock(), time.thread_time()
        try:
            if case.act == "closes the session before":
                session._transport_.close()
            if case.act == "its thread ends":
                response = in_a_thread_that_ends(case, session, method, url, asking)
            else:
                response = session.request(method, url, **asking)
            self.receive(case, response, outcome, session)
        except BaseException as error:
            outcome.error = error
        outcome.seconds = self.clock() - started
        outcome.cpu = time.thread_time() - cpu
        session.on_event = None
        current.case = None
        if headers != before:
            outcome.changed = f"headers {headers}"
        self.look_at_connections(outcome)
        if case.act == "cookies":
            self.stained.add(worker.number)
        return outcome

    def inserting(self, case: Case, worker: Worker) -> Any:
        """What puts bytes onto an idle connection as soon as it is chosen; None for most cases."""
        data = case.at_checkout
        if data is None:
            return None

        def on_event(event: Any) -> None:
            if event.name == "pool" and event.reused:
                self.network.insert(worker, data)
                case.reached.append("inserted")

        return on_event

    def look_at_connections(self, outcome: Outcome) -> None:
        if self.medium != "memory":
            return
        streams = self.network.touched.streams
        outcome.given = self.network.touched.given()
        if outcome.error is not None:
            healed = type(outcome.error).__name__ in BEHIND_THE_EXCHANGE
            outcome.not_closed = sum(
                not stream.closed and not (healed and not stream.held) for stream in streams
            )

    def receive(self, case: Case, response: Any, outcome: Outcome, session: Any) -> None:
        """Reads the answer in one of several ways; only all of it is "complete"."""
        if case.act in CARELESS:
            self.receive_carelessly(case, response)
            outcome.status, outcome.nonce = response.status_code, case.nonce
            return
        if case.act == "closes the session":
            session._transport_.close()
        elif case.act == "closes the session half read":
            outcome.body = response.read(1)
            session._transport_.close()
            case.reading = "read"
        if case.act == "read a little":
            with response:
                outcome.body = response.read(1024)
        elif case.reading == "content":
            outcome.body = response.content
        elif case.reading == "pieces":
            size = random.Random(case.nonce).choice([7, 1000, 100_000])
            outcome.body += b"".join(response.iter_content(size))
        else:
            outcome.body += response.read()
        outcome.status = response.status_code
        outcome.nonce = response.headers.get("X-Nonce")
        outcome.chunked = "Transfer-Encoding" in response.headers
        outcome.trailer = response.trailers.get("X-Nonce")

    def receive_carelessly(self, case: Case, response: Any) -> None:
        if case.act == "closes early":
            with response:
                response.read(3)
        elif case.act == "raises while reading":
            with response:
                response.read(1)
                raise Mine
        elif case.act == "drops in a cycle":
            cycle = [response]
            cycle.append(cycle)  # type: ignore[arg-type]  # what makes it one

    def refresh(self, worker: Worker | None = None) -> None:
        """Drops what is idle, so that the next request of this thread, or of any, dials."""
        if worker is None:
            for pool in self.pools:
                pool.close()
        elif self.medium == "memory":
            self.pools[worker.number].close()

    def figures(self) -> dict[str, int]:
        """What the pools counted."""
        gc.collect()
        counted = [pool.statistics() for pool in self.pools]
        names = (
            "open",
            "idle",
            "busy",
            "waiting",
            "exchanges",
            "dialled",
            "repeated",
            "poisoned_idle",
        )
        found = {name: sum(getattr(one, name) for one in counted) for name in names}
        return {**found, "most idle": LIMITS.max_idle * len(self.pools)}

    def close(self) -> None:
        for session in self.sessions:
            session.close()


def in_a_thread_that_ends(
    case: Case, session: h11client.Session, method: Any, url: str, asking: dict[str, Any]
) -> Any:
    """The response to what a thread has asked for that is no more."""
    ended: list[Any] = []

    def ask() -> None:
        current.case = case
        try:
            ended.append(session.request(method, url, **asking))
        except BaseException as error:
            ended.append(error)

    thread = threading.Thread(target=ask, name="chaos client that ends")
    thread.start()
    thread.join()
    if isinstance(ended[0], BaseException):
        raise ended[0]
    return ended[0]


# --- partial I/O and failing calls on real sockets ------------------------------------------------


class Current(threading.local):
    """The case of this thread, as long as its request runs."""

    case: Case | None = None


current = Current()


class FailingNetwork(SocketNetwork):
    """Real sockets of which a case may want little pieces, or a call that fails."""

    def __init__(self, lab: Lab) -> None:
        super().__init__()
        self.lab = lab
        self.dials = lab.dials = {}

    def connect(self, host: str, port: int, deadline: Any, options: Any = None) -> Any:
        may_fail(current.case, "connect")
        stream: Any = super().connect(host, port, deadline, options)
        case = current.case
        if case is not None:
            self.dials[stream._socket.getsockname()[1], port] = case
        if host.startswith("torn") or (case is not None and (case.tiny or case.fails is not None)):
            _reluctant(stream)
        return stream


def _reluctant(stream: Any) -> None:
    """Puts functions before the socket's own that take and give little, and fail."""
    recv, send, sock = stream._recv, stream._send, stream._socket
    rng = random.Random(sock.getsockname()[1])

    def fail(call: str) -> None:
        try:
            may_fail(current.case, call)
        except OSError as error:
            if error.errno in PLAUSIBLE[call]:
                sock.shutdown(socket.SHUT_RDWR)  # such a connection is over
            raise

    def recv_little(size: int, flags: int = 0) -> bytes:
        case = current.case
        fail("read")
        if case is None or not case.tiny:
            return recv(size, flags)  # type: ignore[no-any-return]  # the socket's
        if rng.random() < 0.1:
            raise BlockingIOError(errno.EAGAIN, "made to wait")
        return recv(1, flags)  # type: ignore[no-any-return]  # the socket's

    def send_little(data: Any, flags: int = 0) -> int:
        case = current.case
        fail("write")
        if case is None or not case.tiny:
            return send(data, flags)  # type: ignore[no-any-return]  # the socket's
        if rng.random() < 0.1:
            raise BlockingIOError(errno.EAGAIN, "made to wait")
        return send(bytes(data)[:1], flags)  # type: ignore[no-any-return]  # the socket's

    stream._recv, stream._send, stream._sendmsg = recv_little, send_little, None
