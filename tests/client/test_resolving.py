"""h11client/_transport/resolving.py: a limit for a resolver that cannot be interrupted."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

import h11client
from h11client import threaded_resolver
from h11client._transport import resolving
from tests.client.stream_peers import PATIENCE, in_thread


class SlowSystem:
    """A getaddrinfo that answers when it is told to."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.asked: list[str] = []
        self.started = threading.Semaphore(0)
        self.answer: Any = "192.0.2.7"

    def __call__(self, host: bytes, port: int, *more: object) -> list[Any]:
        self.asked.append(host.decode())
        self.started.release()
        self.go.wait(PATIENCE)
        if isinstance(self.answer, Exception):
            raise self.answer
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (self.answer, port))]


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch) -> Iterator[SlowSystem]:
    slow = SlowSystem()
    monkeypatch.setattr(socket, "getaddrinfo", slow)
    yield slow
    slow.go.set()
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and "_look_up" in thread.name:
            thread.join(PATIENCE)


def test_it_finds_what_the_system_knows() -> None:
    assert "127.0.0.1" in threaded_resolver("localhost", 80, PATIENCE)
    assert threaded_resolver("::1", 80, None) == ["::1"]


@pytest.mark.safety("2n2", "X20")
def test_a_slow_system_costs_the_seconds_that_were_left(system: SlowSystem) -> None:
    with pytest.raises(h11client.ConnectTimeout) as caught:
        threaded_resolver("a.test", 80, 0.02)
    assert caught.value.limit == "connect"
    assert "a.test" in str(caught.value)


@pytest.mark.safety("X20")
def test_an_unknown_name_is_a_connection_error_with_its_cause(system: SlowSystem) -> None:
    system.answer = socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    system.go.set()
    with pytest.raises(h11client.ConnectionError, match="no address is known") as caught:
        threaded_resolver("a.test", 80, PATIENCE)
    assert caught.value.__cause__ is system.answer


def test_those_who_ask_for_the_same_share_one_thread(system: SlowSystem) -> None:
    first = in_thread(lambda: threaded_resolver("a.test", 80, None))
    assert system.started.acquire(timeout=PATIENCE)
    second = in_thread(lambda: threaded_resolver("a.test", 80, PATIENCE))
    with pytest.raises(h11client.ConnectTimeout):
        threaded_resolver("a.test", 80, 0.01)
    system.go.set()
    assert first() == second() == ["192.0.2.7"]
    assert system.asked == ["a.test"]
    assert resolving._lookups == {}


@pytest.mark.safety("L2")
def test_lookups_that_hang_are_bounded(system: SlowSystem, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resolving, "_MOST_THREADS", 2)
    for name in ("a.test", "b.test", "c.test", "d.test"):
        with pytest.raises(h11client.ConnectTimeout):
            threaded_resolver(name, 80, 0.01)
    assert sorted(system.asked) == ["a.test", "b.test"]
    waiting = in_thread(lambda: threaded_resolver("e.test", 80, PATIENCE))
    system.go.set()
    assert waiting() == ["192.0.2.7"]
    assert "e.test" in system.asked


@pytest.mark.safety("X22", "2n2")
def test_a_lookup_that_is_over_before_it_is_noted_takes_no_place_and_answers_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Signalled(threading.Thread):
        def start(self) -> None:
            super().start()
            monkeypatch.undo()
            threaded_resolver("127.0.0.1", 80, PATIENCE)  # a handler, which lets this one end

    monkeypatch.setattr(resolving, "Thread", Signalled)
    monkeypatch.setattr(resolving, "_MOST_THREADS", 1)
    threaded_resolver("127.0.0.1", 80, PATIENCE)
    asked: list[tuple[str, int]] = []
    monkeypatch.setattr(resolving, "_MOST_THREADS", 1)
    monkeypatch.setattr(resolving, "resolve", lambda *key: asked.append(key) or [])
    threaded_resolver("127.0.0.2", 80, PATIENCE)
    threaded_resolver("127.0.0.1", 80, PATIENCE)
    assert asked == [("127.0.0.2", 80), ("127.0.0.1", 80)]
    assert resolving._lookups == {}


def test_a_system_without_threads_to_spare_is_a_connection_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def no_thread(self: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", no_thread)
    with pytest.raises(h11client.ConnectionError, match="can't start new thread"):
        threaded_resolver("a.test", 80, 1.0)
    assert resolving._lookups == {}


def test_a_name_that_cannot_be_asked_for_is_a_connection_error() -> None:
    with pytest.raises(h11client.ConnectionError):
        threaded_resolver("b\u00fccher.test", 80, PATIENCE)


def test_a_forked_child_does_not_wait_for_the_threads_of_its_parent(system: SlowSystem) -> None:
    with pytest.raises(h11client.ConnectTimeout):
        threaded_resolver("a.test", 80, 0.01)
    resolving._start_afresh()  # what the child's hook does
    system.go.set()
    assert threaded_resolver("a.test", 80, PATIENCE) == ["192.0.2.7"]
    assert system.asked == ["a.test", "a.test"]


@pytest.mark.safety("X20")
def test_a_session_with_it_ends_at_its_connect_limit(system: SlowSystem) -> None:
    timeout = h11client.Timeout(connect=0.02, total=30)
    with (
        h11client.Session(resolver=threaded_resolver, timeout=timeout) as session,
        pytest.raises(h11client.ConnectTimeout) as caught,
    ):
        session.get("http://a.test/")
    assert caught.value.limit == "connect"
    assert caught.value.request is not None
    with (
        h11client.Session(resolver=threaded_resolver) as session,
        pytest.raises(h11client.ConnectTimeout) as caught,
    ):
        session.get("http://b.test/", timeout=h11client.Timeout(total=0.02))
    assert caught.value.limit == "total"
