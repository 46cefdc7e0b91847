"""Feeding a connection the same bytes in many partitions, and looking at all that comes out."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

import h11

Make = Callable[[], h11.Connection]
SPLIT_SEEDS = (1, 2, 3)  # random partitions per table row
HOST = ("Host", "example.com")


def client(
    method: str = "GET",
    headers: Iterable[tuple[Any, Any]] = (),
    *,
    target: str = "/",
    **settings: Any,
) -> h11.Connection:
    """A client whose request, without a body, is complete: it waits for the response."""
    connection = h11.Connection(h11.CLIENT, **settings)
    connection.send(h11.Request(method=method, target=target, headers=[HOST, *headers]))
    connection.send(h11.EndOfMessage())
    return connection


def server(**settings: Any) -> h11.Connection:
    """A server that waits for a request."""
    return h11.Connection(h11.SERVER, **settings)


def answering(request: bytes = b"GET / HTTP/1.1\r\nHost: example.com\r\n\r\n") -> h11.Connection:
    """A server that has read `request` to its end."""
    connection = server()
    outcome = drive(connection, [request])
    assert outcome.error is None, outcome.error
    return connection


@dataclass
class Outcome:
    """What a connection made of some bytes: events with neighbouring Data joined, and where it stands."""

    events: list[Any]
    error: BaseException | None
    fed: int  # bytes handed over when the error came, or in all
    last: Any  # NEED_DATA, PAUSED, ConnectionClosed or the error: what ended the reading
    connection: h11.Connection

    @property
    def body(self) -> bytes:
        return b"".join(event.data for event in self.events if type(event) is h11.Data)

    @property
    def kinds(self) -> list[str]:
        return [type(event).__name__ for event in self.events]

    @property
    def hint(self) -> int | None:
        return getattr(self.error, "error_status_hint", None)

    @property
    def states(self) -> tuple[Any, Any]:
        return self.connection.states[h11.CLIENT], self.connection.states[h11.SERVER]

    @property
    def left(self) -> bytes:
        return self.connection.trailing_data[0]


def drive(connection: h11.Connection, pieces: Iterable[bytes], *, eof: bool = False) -> Outcome:
    """Hands over piece after piece, reading all events after each, until an error or the end."""
    events: list[Any] = []
    fed = 0
    last: Any = h11.NEED_DATA
    for piece in [*pieces, b""] if eof else pieces:
        connection.receive_data(piece)
        fed += len(piece)
        while True:
            try:
                last = connection.next_event()
            except h11.ProtocolError as error:
                return Outcome(events, error, fed, error, connection)
            if last is h11.NEED_DATA or last is h11.PAUSED:
                break
            take(events, last)
            if type(last) is h11.ConnectionClosed:
                break
    return Outcome(events, None, fed, last, connection)


def take(events: list[Any], event: Any) -> None:
    """Appends an event; Data joins the Data before it, chunk borders dropped."""
    if type(event) is not h11.Data:
        events.append(event)
    elif events and type(events[-1]) is h11.Data:
        events[-1] = h11.Data(data=events[-1].data + bytes(event.data))
    else:
        events.append(h11.Data(data=bytes(event.data)))


def single_bytes(data: bytes) -> list[bytes]:
    return [data[at : at + 1] for at in range(len(data))]


def at_line_ends(data: bytes) -> list[bytes]:
    """Cut before and after every CR and every LF."""
    cuts = {0, len(data)}
    for at, byte in enumerate(data):
        if byte in b"\r\n":
            cuts |= {at, at + 1}
    return cut(data, sorted(cuts))


def cut(data: bytes, cuts: Sequence[int]) -> list[bytes]:
    return [data[start:end] for start, end in itertools.pairwise(cuts) if start < end]


def at_random(data: bytes, seed: int) -> list[bytes]:
    """Cut at places which the seed decides; few cuts or many."""
    choice = random.Random(seed * 1_000_003 + len(data))
    how_many = choice.randint(1, max(1, len(data) // choice.choice((1, 2, 5, 20))))
    return cut(data, [0, *sorted(choice.randint(0, len(data)) for _ in range(how_many)), len(data)])


def partitions(data: bytes) -> list[tuple[str, list[bytes]]]:
    """The ways in which every table row is run."""
    ways = [("whole", [data]), ("byte by byte", single_bytes(data))]
    ways.append(("at line ends", at_line_ends(data)))
    return ways + [(f"at random {seed}", at_random(data, seed)) for seed in SPLIT_SEEDS]


def accepted(make: Make, data: bytes, *, eof: bool = False) -> Outcome:
    """Every partition is accepted, with the same events and states; gives what the whole led to."""
    whole = drive(make(), [data], eof=eof)
    for way, pieces in partitions(data):
        outcome = drive(make(), pieces, eof=eof)
        assert outcome.error is None, f"{way}: {outcome.error!r}"
        assert outcome.events == whole.events, way
        assert outcome.states == whole.states, way
        assert outcome.connection.trailing_data == whole.connection.trailing_data, way
        assert outcome.last is whole.last or type(outcome.last) is type(whole.last), way
    return whole


def refused(
    make: Make, data: bytes, *, hint: int | None = 400, at: int | None = None, eof: bool = False
) -> Outcome:
    """Every partition is refused, at the same byte, after the same events; gives what the whole led to.

    `at`: how many bytes may arrive before the error, at most and at least.
    """
    slowly = drive(make(), single_bytes(data), eof=eof)
    if at is not None:
        assert slowly.error is not None, f"accepted: {slowly.kinds}"
        assert slowly.fed == at
    whole = drive(make(), [data], eof=eof)
    for way, pieces in partitions(data):
        outcome = drive(make(), pieces, eof=eof)
        assert type(outcome.error) is h11.RemoteProtocolError, (
            f"{way}: {outcome.error!r} {outcome.kinds}"
        )
        assert hint is None or outcome.hint == hint, f"{way}: {outcome.error!r} {outcome.hint}"
        assert outcome.hint == whole.hint, way
        assert outcome.events == whole.events, way
        assert outcome.states == whole.states, way
        assert outcome.connection.their_state is h11.ERROR
        assert_first_piece_that_reaches(slowly.fed, pieces, outcome.fed, way)
        for _ in range(2):
            with pytest.raises(h11.RemoteProtocolError):
                outcome.connection.next_event()
    return whole


def assert_first_piece_that_reaches(at: int, pieces: list[bytes], fed: int, way: str) -> None:
    handed_over = 0
    for piece in pieces:
        handed_over += len(piece)
        if handed_over >= at:
            break
    assert fed == handed_over, f"{way}: refused after {fed} bytes; one by one it takes {at}"


def refused_locally(connection: h11.Connection, event: Any) -> h11.LocalProtocolError:
    """`send(event)` raises LocalProtocolError and leaves our state at ERROR for good."""
    with pytest.raises(h11.LocalProtocolError) as caught:
        connection.send(event)
    assert connection.our_state is h11.ERROR
    with pytest.raises(h11.LocalProtocolError):
        connection.send(h11.ConnectionClosed())
    assert connection.our_state is h11.ERROR
    return caught.value


def rows(table: Iterable[tuple[Any, ...]]) -> list[Any]:
    """Table rows `(id, ...)` as parameters."""
    return [pytest.param(*row[1:], id=row[0]) for row in table]


def ahead(connection: h11.Connection) -> tuple[int, int, int]:
    """What it says of the bytes that come next."""
    return (
        connection.body_bytes_ahead,
        connection.framing_bytes_ahead,
        connection.chunk_size,
    )


def passed(connection: h11.Connection, data: bytes) -> bool:
    """Counts these bytes if all of them are known to be the body's; else they are for `receive_data`."""
    known = 0 < len(data) <= connection.body_bytes_ahead
    if known:
        connection.count_body(len(data))
    return known


def response(
    headers: Iterable[tuple[Any, Any]] = (),
    *,
    status_code: int = 200,
    reason: bytes = b"OK",
    http_version: bytes = b"1.1",
) -> h11.Response:
    """A response as the parser gives it."""
    return h11.Response(
        status_code=status_code, headers=list(headers), reason=reason, http_version=http_version
    )


def framed(data: bytes) -> bytes:
    """A response head that announces a chunked body, and then `data`."""
    return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + data


CHUNKED_HEAD = framed(b"")
