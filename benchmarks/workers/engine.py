"""The protocol library in isolation: cycles of both roles and whole bodies, no sockets."""

from __future__ import annotations

import importlib

from benchmarks import samples

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

TINY_TOTAL = 256 * 1024  # body bytes per piece of work: some ten milliseconds for a slow parser
LARGE_TOTAL = 8 * 1024 * 1024


def version(contender: str) -> str:
    return str(importlib.import_module(module_of(contender)).__version__)


def module_of(contender: str) -> str:
    return contender.partition(" ")[0]  # "h11 (ours)"


def prepare(contender: str) -> Callable[[str, int, dict[str, Any]], int]:
    """One keep-alive connection per kind of work, warm after the first round."""
    library = importlib.import_module(module_of(contender))
    works: dict[str, Callable[[int], int]] = {}

    def run(work: str, count: int, options: dict[str, Any]) -> int:
        if work not in works:
            works[work] = WORKS[work](library)
        return works[work](count)

    return run


def client_with_lists(h11: Any) -> Callable[[int], int]:
    """Send a GET with a new list of fields, read a nine-field head and 64 bytes of body."""
    return client_cycle(h11, samples.request_fields)


def client_with_headers(h11: Any) -> Callable[[int], int]:
    """The same with one validated Headers object that all requests share."""
    headers = h11.Headers(samples.request_fields())
    return client_cycle(h11, lambda: headers)


def client_cycle(h11: Any, fields: Callable[[], Any]) -> Callable[[int], int]:
    connection = h11.Connection(h11.CLIENT)
    answers = samples.small_responses()
    request, end = h11.Request, h11.EndOfMessage

    def cycles(count: int) -> int:
        for number in range(count):
            connection.send(request(method="GET", target="/items/42?page=1", headers=fields()))
            connection.send(end())
            connection.receive_data(answers[number % samples.VARIANTS])
            connection.next_event()
            body = connection.next_event().data
            last = connection.next_event()
            if len(body) != 64 or type(last) is not end:
                raise AssertionError("not the answer that was sent")
            connection.start_next_cycle()
        return count

    return cycles


def server_cycle(h11: Any) -> Callable[[int], int]:
    """Read a GET, send a nine-field head and 64 bytes of body."""
    connection = h11.Connection(h11.SERVER)
    requests = samples.small_requests()
    heads = [samples.response_fields(number) for number in range(samples.VARIANTS)]
    bodies = [samples.json_body(number) for number in range(samples.VARIANTS)]
    response, data, end = h11.Response, h11.Data, h11.EndOfMessage

    def cycles(count: int) -> int:
        for number in range(count):
            turn = number % samples.VARIANTS
            connection.receive_data(requests[turn])
            connection.next_event()
            if type(connection.next_event()) is not end:
                raise AssertionError("the request has no body")
            # list(): the server's fields are a new list for each answer
            connection.send(response(status_code=200, headers=list(heads[turn])))
            connection.send(data(data=bodies[turn]))
            connection.send(end())
            connection.start_next_cycle()
        return count

    return cycles


class Collecting:
    """What a program has to do for a parser that calls back: keep the fields and the body."""

    def __init__(self) -> None:
        self.fields: list[tuple[bytes, bytes]] = []
        self.body = b""
        self.complete = False

    def on_header(self, name: bytes, value: bytes) -> None:
        self.fields.append((name, value))

    def on_body(self, data: bytes) -> None:
        self.body += data

    def on_message_complete(self) -> None:
        self.complete = True


def parse_with_callbacks(httptools: Any) -> Callable[[int], int]:
    """The same answers by a parser in C, for reference: it sends nothing and keeps no state."""
    answers = samples.small_responses()

    def parses(count: int) -> int:
        for number in range(count):
            found = Collecting()
            parser = httptools.HttpResponseParser(found)
            parser.feed_data(answers[number % samples.VARIANTS])
            if len(found.body) != 64 or not found.complete or len(found.fields) != 9:
                raise AssertionError("not the answer that was sent")
        return count

    return parses


def body_by_events(wire: bytes, total: int) -> Callable[[Any], Callable[[int], int]]:
    """Read a body with next_event, fed in pieces of 64 KiB."""

    def make(h11: Any) -> Callable[[int], int]:
        connection = h11.Connection(h11.CLIENT)
        pieces = samples.pieces(wire)
        need, data, end = h11.NEED_DATA, h11.Data, h11.EndOfMessage

        def bodies(count: int) -> int:
            for _ in range(count):
                feed = start_answer(h11, connection, pieces)
                size = 0
                while True:
                    event = connection.next_event()
                    if type(event) is data:
                        size += len(event.data)
                    elif event is need:
                        connection.receive_data(next(feed))
                    elif type(event) is end:
                        break
                check(size, total)
                connection.start_next_cycle()
            return count * total

        return bodies

    return make


def body_joined(wire: bytes, total: int) -> Callable[[Any], Callable[[int], int]]:
    """Read a body with receive_body, fed in pieces of 64 KiB."""

    def make(h11: Any) -> Callable[[int], int]:
        connection = h11.Connection(h11.CLIENT)
        pieces = samples.pieces(wire)
        need = h11.NEED_DATA

        def bodies(count: int) -> int:
            for _ in range(count):
                feed = start_answer(h11, connection, pieces)
                size = 0
                while True:
                    body = connection.receive_body(samples.PIECE)
                    if body is need:
                        connection.receive_data(next(feed))
                    elif body is None:
                        break
                    else:
                        size += len(body)
                check(size, total)
                if type(connection.next_event()) is not h11.EndOfMessage:
                    raise AssertionError("the body is over")
                connection.start_next_cycle()
            return count * total

        return bodies

    return make


def start_answer(h11: Any, connection: Any, pieces: list[bytes]) -> Any:
    """Send a request, read the head of its answer, and return what is still to be received."""
    request = h11.Request(method="GET", target="/", headers=samples.request_fields())
    connection.send(request)
    connection.send(h11.EndOfMessage())
    feed = iter(pieces)
    connection.receive_data(next(feed))
    if type(connection.next_event()) is not h11.Response:
        raise AssertionError("the first piece holds the head")
    return feed


def check(size: int, total: int) -> None:
    if size != total:
        raise AssertionError(f"read {size} of {total} bytes")


TINY = samples.chunked_response(samples.TINY, TINY_TOTAL)
LARGE = samples.chunked_response(samples.LARGE, LARGE_TOTAL)
LENGTH = samples.length_response(LARGE_TOTAL)

WORKS: dict[str, Callable[[Any], Callable[[int], int]]] = {
    "client-lists": client_with_lists,
    "client-headers": client_with_headers,
    "server": server_cycle,
    "parse": parse_with_callbacks,
    "tiny-events": body_by_events(TINY, TINY_TOTAL),
    "tiny-joined": body_joined(TINY, TINY_TOTAL),
    "large-events": body_by_events(LARGE, LARGE_TOTAL),
    "large-joined": body_joined(LARGE, LARGE_TOTAL),
    "length-events": body_by_events(LENGTH, LARGE_TOTAL),
    "length-joined": body_joined(LENGTH, LARGE_TOTAL),
}
