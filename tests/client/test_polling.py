"""h11client/_transport/polling.py: poll objects, and the same by select.select."""

from __future__ import annotations

import select
import socket
from collections.abc import Iterator
from time import monotonic

import pytest

from h11client._transport.polling import FAILED, READY_TO_READ, READY_TO_WRITE, new_poller


@pytest.fixture(params=["poll", "select"])
def pair(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[socket.socket, socket.socket]]:
    if request.param == "select":
        monkeypatch.delattr(select, "poll")
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def test_nothing_is_ready_until_something_is(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    poller = new_poller()
    poller.register(ours.fileno(), READY_TO_READ)
    assert poller.poll(0) == []
    started = monotonic()
    assert poller.poll(20.0) == []
    assert monotonic() - started >= 0.019
    theirs.send(b"x")
    assert poller.poll(None) == [(ours.fileno(), READY_TO_READ)]


def test_what_is_waited_for_can_be_changed(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, _ = pair
    poller = new_poller()
    poller.register(ours.fileno(), READY_TO_READ)
    poller.modify(ours.fileno(), READY_TO_READ | READY_TO_WRITE)
    assert poller.poll(0) == [(ours.fileno(), READY_TO_WRITE)]
    poller.unregister(ours.fileno())
    assert poller.poll(0) == []


def test_the_end_is_something_to_read(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    theirs.close()
    poller = new_poller()
    poller.register(ours.fileno(), READY_TO_READ)
    ((_, events),) = poller.poll(0)
    assert events & (READY_TO_READ | FAILED)


def test_a_descriptor_that_select_cannot_take_is_an_oserror(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr(select, "poll")
    poller = new_poller()
    poller.register(1_000_000, READY_TO_READ)
    with pytest.raises(OSError, match="select"):
        poller.poll(0)
