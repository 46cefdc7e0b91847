"""The steps of a GET one by one, for profile_get.py: how much CPU each takes when it is hot."""

from __future__ import annotations

import importlib
import itertools
import time
from typing import TYPE_CHECKING, Any

from benchmarks import samples

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Timed = Callable[[int], float]  # CPU seconds for so many repetitions


def all_steps() -> Iterator[tuple[str, Timed]]:
    h11: Any = importlib.import_module("h11")
    yield from cycles(h11)
    yield from constructors(h11)
    yield from client_steps(h11)
    yield from server_steps(h11)
    yield from session_steps()


def session_steps() -> Iterator[tuple[str, Timed]]:
    session, url = memory_session(), "http://127.0.0.1:8080/small"
    requests: Any = importlib.import_module("h11client._messages.request")
    connections: Any = importlib.import_module("h11client._transport.connection")
    timeouts: Any = importlib.import_module("h11client._timeouts")
    prepared = requests.prepare_request("GET", url, session.headers)
    pool, timeout = session._transport_, timeouts.Timeout()
    headers = {"Accept": "application/json", "X-Request-Id": "6f1c-7"}
    params = {"page": "7", "per_page": "50", "q": "two words"}

    def read(response: Any) -> None:
        if len(response.content) != 64:
            raise AssertionError("not the answer that was sent")

    steps: tuple[tuple[str, Callable[[], object]], ...] = (
        ("session.get, all but the kernel", lambda: read(session.get(url))),
        (
            "the same with headers and params",
            lambda: read(session.get(url, headers=headers, params=params)),
        ),
        ("prepare_request", lambda: requests.prepare_request("GET", url, session.headers)),
        ("build_event", lambda: connections.build_event(prepared)),
        ("Deadline", lambda: timeouts.Deadline(timeouts.Timeout.of(timeout))),
        ("pool.send and content", lambda: read(pool.send(prepared, timeout=timeout))),
    )
    for name, step in steps:
        yield f"client: {name}", repeated(step)


def memory_session() -> Any:
    """A session whose network is this process: what is left is our own code."""
    client: Any = importlib.import_module("h11client")
    pools: Any = importlib.import_module("h11client._transport.pool")
    return client.Session(transport=pools.Pool(network=MemoryNetwork()))


class MemoryNetwork:
    def connect(
        self, host: str, port: int, deadline: object, options: object = None
    ) -> MemoryStream:
        return MemoryStream()


class MemoryStream:
    """Answers each read with the next of many small responses."""

    peer = local = tls = None
    eof_was_clean = True

    def __init__(self) -> None:
        self.bytes_written = 0
        self._next = itertools.cycle(samples.small_responses()).__next__

    def read(self, max_bytes: int, limit: object, wait_first: bool = False) -> bytes:
        return self._next()

    def write(self, data: bytes, limit: object, watch: bool = False) -> bool:
        self.bytes_written += len(data)
        return True

    def is_readable(self) -> bool:
        return False

    def close(self) -> None:
        pass

    abort = close


def cycles(h11: Any) -> Iterator[tuple[str, Timed]]:
    engine: Any = importlib.import_module("benchmarks.workers.engine")
    for name, work in (
        ("whole client cycle, fresh lists", "client-lists"),
        ("whole client cycle, reused Headers", "client-headers"),
        ("whole server cycle", "server"),
    ):
        yield f"h11: {name}", timed_by_count(engine.WORKS[work](h11))


def constructors(h11: Any) -> Iterator[tuple[str, Timed]]:
    sent, got = samples.request_fields(), samples.response_fields(7)
    headers = h11.Headers(sent)
    for name, step in (
        ("Headers(5 request fields)", lambda: h11.Headers(sent)),
        ("Headers(9 response fields)", lambda: h11.Headers(got)),
        (
            "Request(Headers)",
            lambda: h11.Request(method="GET", target="/items/42?page=1", headers=headers),
        ),
        ("Data(64 bytes)", lambda: h11.Data(data=b"x" * 64)),
        ("EndOfMessage()", h11.EndOfMessage),
        ("Connection(CLIENT)", lambda: h11.Connection(h11.CLIENT)),
    ):
        yield f"h11: {name}", repeated(step)


def client_steps(h11: Any) -> Iterator[tuple[str, Timed]]:
    headers = h11.Headers(samples.request_fields())
    request = h11.Request(method="GET", target="/items/42?page=1", headers=headers)
    end, answer = h11.EndOfMessage(), samples.small_responses()[7]
    steps: list[tuple[str, Callable[[Any], object]]] = [
        ("send(Request)", lambda connection: connection.send(request)),
        ("send(EndOfMessage)", lambda connection: connection.send(end)),
        ("receive_data", lambda connection: connection.receive_data(answer)),
        ("next_event -> Response", lambda connection: connection.next_event()),
        ("next_event -> Data", lambda connection: connection.next_event()),
        ("next_event -> EndOfMessage", lambda connection: connection.next_event()),
        ("start_next_cycle", lambda connection: connection.start_next_cycle()),
    ]
    yield from in_sequence("h11 client", lambda: h11.Connection(h11.CLIENT), steps)


def server_steps(h11: Any) -> Iterator[tuple[str, Timed]]:
    fields = samples.response_fields(7)
    body, end = h11.Data(data=samples.json_body(7)), h11.EndOfMessage()
    asked = samples.small_requests()[7]
    steps: list[tuple[str, Callable[[Any], object]]] = [
        ("receive_data", lambda connection: connection.receive_data(asked)),
        ("next_event -> Request", lambda connection: connection.next_event()),
        ("next_event -> EndOfMessage", lambda connection: connection.next_event()),
        (
            "Response(9 fields), send",
            lambda connection: connection.send(h11.Response(status_code=200, headers=fields)),
        ),
        ("send(Data)", lambda connection: connection.send(body)),
        ("send(EndOfMessage)", lambda connection: connection.send(end)),
        ("start_next_cycle", lambda connection: connection.start_next_cycle()),
    ]
    yield from in_sequence("h11 server", lambda: h11.Connection(h11.SERVER), steps)


def in_sequence(
    title: str, make: Callable[[], Any], steps: list[tuple[str, Callable[[Any], object]]]
) -> Iterator[tuple[str, Timed]]:
    """Each step timed over a batch of connections that have taken the steps before it."""
    for number, (name, _) in enumerate(steps):
        yield f"{title}: {name}", one_of([step for _, step in steps], number, make)


def one_of(steps: list[Callable[[Any], object]], number: int, make: Callable[[], Any]) -> Timed:
    def timed(count: int) -> float:
        spent = 0.0
        batch = [make() for _ in range(64)]  # few enough to stay in the processor's cache
        for _ in range(count // len(batch) + 1):
            for position, step in enumerate(steps):
                if position == number:
                    started = time.process_time()
                    for connection in batch:
                        step(connection)
                    spent += time.process_time() - started
                else:
                    for connection in batch:
                        step(connection)
        return spent * count / (len(batch) * (count // len(batch) + 1))

    return timed


def repeated(step: Callable[[], object]) -> Timed:
    def run(count: int) -> None:
        for _ in range(count):
            step()

    return timed_by_count(run)


def timed_by_count(work: Callable[[int], object]) -> Timed:
    def timed(count: int) -> float:
        started = time.process_time()
        work(count)
        return time.process_time() - started

    return timed
