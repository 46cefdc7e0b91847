"""Works of our client whose size is part of their name: `response-fields-400`."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor

import h11client

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Run = Callable[[int, str], int]  # pieces of work, URL of the server -> units


def version(contender: str) -> str:
    return str(h11client.__version__)


def prepare(contender: str) -> Callable[[str, int, dict[str, Any]], int]:
    """Sessions are made once for each size, and kept."""
    made: dict[str, Run] = {}

    def run(work: str, count: int, options: dict[str, Any]) -> int:
        if work not in made:
            name, _, size = work.rpartition("-")
            made[work] = WORKS[name](int(size))
        return made[work](count, options["url"])

    return run


def check(response: h11client.Response, size: int = 64) -> None:
    if response.status_code != 200 or len(response.content) != size:
        raise AssertionError(f"status {response.status_code}, {len(response.content)} bytes")


def requests(number: int) -> Run:
    """So many requests of one new session, each for a URL that nobody has seen before."""
    turn = itertools.count()

    def run(count: int, url: str) -> int:
        for _ in range(count):
            with h11client.Session() as session:
                for _ in range(number):
                    check(session.get(f"{url}/small?{next(turn)}"))
        return count * number

    return run


def response_fields(number: int) -> Run:
    session = h11client.Session()

    def run(count: int, url: str) -> int:
        for _ in range(count):
            response = session.get(f"{url}/fields/{number}")
            check(response)
            if len(response.headers) != number:
                raise AssertionError(f"{len(response.headers)} fields")
        return count * number

    return run


def request_fields(number: int) -> Run:
    session = h11client.Session()
    # Values change with each request, as those of tracing and of credentials do.
    names = [f"X-Field-{one}" for one in range(number)]

    def run(count: int, url: str) -> int:
        for turn in range(count):
            check(session.get(f"{url}/small", headers=dict.fromkeys(names, f"value {turn}")))
        return count * number

    return run


def whole_body(size: int) -> Run:
    session = h11client.Session()

    def run(count: int, url: str) -> int:
        for _ in range(count):
            check(session.get(f"{url}/length/{size}"), size)
        return count * size

    return run


def streamed_body(size: int) -> Run:
    session = h11client.Session()

    def run(count: int, url: str) -> int:
        for _ in range(count):
            with session.get(f"{url}/chunks/65536/{size}", stream=True) as response:
                if sum(map(len, response.iter_content(65536))) != size:
                    raise AssertionError("the download is not whole")
        return count * size

    return run


def threads(number: int) -> Run:
    """So many threads that share a session."""
    session = h11client.Session()
    pool = ThreadPoolExecutor(number)

    def gets(count: int, url: str) -> int:
        for _ in range(count):
            check(session.get(f"{url}/small"))
        return count

    def run(count: int, url: str) -> int:
        running = [pool.submit(gets, count, url) for _ in range(number)]
        return sum(one.result() for one in running)

    return run


def idle_connections(number: int) -> Run:
    """A session that keeps so many connections to one origin beside the one that is used."""
    session = h11client.Session(limits=wide(number))
    made: list[bool] = []

    def run(count: int, url: str) -> int:
        if not made:
            size = 300_000  # more than comes with the head: each keeps its connection for a while
            open_ones = [
                session.get(f"{url}/length/{size}", stream=True) for _ in range(number + 1)
            ]
            for response in open_ones:
                check(response, size)
            made.append(True)
        for _ in range(count):
            check(session.get(f"{url}/small"))
        return count

    return run


def idle_origins(number: int) -> Run:
    """A session that keeps a connection to each of so many origins beside the one that is used."""
    hosts = {f"host-{one}.test": "127.0.0.1" for one in range(number)}
    session = h11client.Session(limits=wide(number), hosts=hosts)
    kept: list[str] = []

    def run(count: int, url: str) -> int:
        if not kept:
            port = url.rpartition(":")[2]
            kept.extend(f"http://{name}:{port}/small" for name in hosts)
            for target in kept:
                check(session.get(target))
        for _ in range(count):
            check(session.get(f"{url}/small"))
        return count

    return run


def wide(number: int) -> h11client.Limits:
    return h11client.Limits(max_connections=number + 8, max_idle=number + 8)


WORKS: dict[str, Callable[[int], Run]] = {
    "requests": requests,
    "response-fields": response_fields,
    "request-fields": request_fields,
    "whole-body": whole_body,
    "streamed-body": streamed_body,
    "threads": threads,
    "idle-connections": idle_connections,
    "idle-origins": idle_origins,
}
