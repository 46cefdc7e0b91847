"""h11client/_transport/patience.py: which sockets wait within recv, and how long."""

from __future__ import annotations

import os
import signal
import socket
import struct
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import inf
from typing import Any

import pytest

from h11client._transport import patience
from h11client._transport.patience import (
    PATIENCE,
    become_blocking,
    become_patient,
    timers_are_heard,
)
from h11client._transport.sockets import _OwnedSocket
from tests.client.stream_peers import late, listen

TRIED = sys.platform == "linux"  # elsewhere no socket waits within recv


@pytest.fixture
def connect() -> Iterator[Callable[..., Any]]:
    """Makes connected sockets of a class."""
    made: list[socket.socket] = []

    def connect(kind: Any = socket.socket) -> Any:
        with listen() as listener:
            ours = kind(socket.AF_INET)
            made.append(ours)
            ours.connect(listener.getsockname())
            made.append(listener.accept()[0])
        return ours

    yield connect
    for one in made:
        one.close()


def seconds_of_recv(one: socket.socket) -> float:
    """How long the system lets recv wait; 0 for as long as it takes."""
    whole, micro = struct.unpack("@ll", one.getsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, 16))
    return float(whole + micro / 1e6)


@contextmanager
def handler_of(number: int, handler: Any) -> Iterator[None]:
    before = signal.signal(number, handler)
    try:
        yield
    finally:
        signal.signal(number, before)


class OwnRecv(socket.socket):
    """A socket that waits in a way of its own, as those of gevent do."""

    def recv(self, *arguments: Any) -> bytes:
        return super().recv(*arguments)


class Refusing(socket.socket):
    """A socket of a system that knows no such option."""

    def setsockopt(self, *arguments: Any) -> None:
        raise OSError(22, "Invalid argument")


class Forgetful(socket.socket):
    """A socket of a system that takes the option for something else, or for nothing."""

    def setsockopt(self, *arguments: Any) -> None:
        pass


@pytest.mark.safety("X24")
@pytest.mark.parametrize("kind", [socket.socket, _OwnedSocket])
def test_a_socket_of_the_system_waits_for_a_moment_within_recv(
    connect: Callable[..., Any], kind: Any
) -> None:
    ours = connect(kind)
    assert become_patient(ours, socket.socket) == (PATIENCE if TRIED else inf)
    assert ours.gettimeout() == (None if TRIED else 0.0)
    assert os.get_blocking(ours.fileno()) is TRIED
    assert seconds_of_recv(ours) == (PATIENCE / 1000 if TRIED else 0.0)
    started = time.monotonic()
    with pytest.raises(BlockingIOError):
        ours.recv(1)
    assert time.monotonic() - started >= (PATIENCE / 1000 if TRIED else 0.0)


def check_impatient(ours: socket.socket) -> None:
    assert become_patient(ours, socket.socket) == inf
    assert ours.gettimeout() == 0.0
    assert not os.get_blocking(ours.fileno())
    assert seconds_of_recv(ours) == 0.0
    with pytest.raises(BlockingIOError):
        ours.recv(1)


@pytest.mark.safety("X24")
@pytest.mark.parametrize("kind", [OwnRecv, Refusing, Forgetful])
def test_another_kind_of_socket_does_not_block(connect: Callable[..., Any], kind: Any) -> None:
    check_impatient(connect(kind))


@pytest.mark.safety("X22")
def test_what_a_handler_raises_meanwhile_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    class Interrupted(socket.socket):
        """A socket by whose call a signal comes."""

        def setsockopt(self, *arguments: Any) -> None:
            raise TimeoutError("of the program")

    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(patience, "AT_ONCE", 1)
    with Interrupted() as ours:
        for become in (lambda: become_patient(ours, socket.socket), lambda: become_blocking(ours)):
            with pytest.raises(TimeoutError, match="of the program"):
                become()


def test_what_has_no_recv_at_all_does_not_block(connect: Callable[..., Any]) -> None:
    class Wrapped:
        """A socket by its methods alone."""

        def __getattr__(self, name: str) -> Any:
            return getattr(ours, name)

    ours = connect()
    check_impatient(Wrapped())  # type: ignore[arg-type]


@pytest.mark.safety("X24")
def test_sockets_do_not_block_when_others_took_the_place_of_the_systems_later(
    connect: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for other in (OwnRecv, lambda *arguments: OwnRecv(*arguments)):
        ours = connect(_OwnedSocket)
        with monkeypatch.context() as patched:
            patched.setattr(socket, "socket", other)
            check_impatient(ours)


def test_sockets_do_not_block_where_nobody_has_tried_it(
    connect: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for platform in ("darwin", "win32", "freebsd14"):
        monkeypatch.setattr(sys, "platform", platform)
        check_impatient(connect())


@pytest.mark.safety("X24")
def test_sockets_do_not_block_where_sends_cannot_be_told_not_to(
    connect: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "AT_ONCE", 0)
    check_impatient(connect())


@pytest.mark.safety("X24")
@pytest.mark.parametrize("seconds", [0.001, 30.0])
def test_the_timeout_that_new_sockets_get_is_not_that_of_a_patient_one(
    connect: Callable[..., Any], seconds: float
) -> None:
    socket.setdefaulttimeout(seconds)
    try:
        ours = connect()
    finally:
        socket.setdefaulttimeout(None)
    become_patient(ours, socket.socket)
    assert ours.gettimeout() == (None if TRIED else 0.0)
    become_blocking(ours)
    assert ours.gettimeout() is None


@pytest.mark.safety("2h2")
@pytest.mark.parametrize("kind", [socket.socket, OwnRecv, Refusing])
def test_a_socket_that_becomes_blocking_waits_for_as_long_as_it_takes(
    connect: Callable[..., Any], kind: Any
) -> None:
    with listen() as listener:
        ours = kind(socket.AF_INET)
        ours.connect(listener.getsockname())
        peer = listener.accept()[0]
    with ours, peer:
        become_patient(ours, socket.socket)
        become_blocking(ours)
        assert ours.gettimeout() is None
        assert os.get_blocking(ours.fileno())
        assert seconds_of_recv(ours) == 0.0
        with late(peer, b"late"):
            assert ours.recv(10) == b"late"


@pytest.mark.safety("X22")
@pytest.mark.parametrize("name", ["SIGALRM", "SIGVTALRM", "SIGPROF"])
def test_a_handler_for_the_signals_of_any_timer_is_seen(name: str) -> None:
    assert not timers_are_heard()
    with handler_of(getattr(signal, name), lambda number, frame: None):
        assert timers_are_heard()
    assert not timers_are_heard()


@pytest.mark.safety("X22")
def test_one_handler_for_the_signals_of_all_timers_is_seen() -> None:
    def handler(number: int, frame: object) -> None:
        pass

    with (
        handler_of(signal.SIGALRM, handler),
        handler_of(signal.SIGVTALRM, handler),
        handler_of(signal.SIGPROF, handler),
    ):
        assert timers_are_heard()


def test_a_handler_is_never_asked_whether_it_is_one() -> None:
    class Odd:
        """A handler that is equal to everything and false."""

        __hash__ = None  # type: ignore[assignment]

        def __call__(self, number: int, frame: object) -> None: ...

        def __eq__(self, other: object) -> bool:
            return True

        def __bool__(self) -> bool:
            return False

    for number in (signal.SIGALRM, signal.SIGVTALRM, signal.SIGPROF):
        with handler_of(number, Odd()):
            assert timers_are_heard()


def test_a_handler_for_another_signal_is_not_one_for_a_timer() -> None:
    with handler_of(signal.SIGUSR1, lambda number, frame: None):
        assert not timers_are_heard()
