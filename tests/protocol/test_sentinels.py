"""Roles, states and the two special answers: opaque, alone of their kind, and instances of themselves."""

from __future__ import annotations

import functools

import pytest

import h11

NAMES = [
    "CLIENT", "SERVER",
    "IDLE", "SEND_RESPONSE", "SEND_BODY", "DONE", "MUST_CLOSE", "CLOSED",
    "MIGHT_SWITCH_PROTOCOL", "SWITCHED_PROTOCOL", "ERROR",
    "NEED_DATA", "PAUSED",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_sentinel_is_an_instance_of_itself_and_shows_its_name(name: str) -> None:
    sentinel = getattr(h11, name)
    assert type(sentinel) is sentinel
    assert isinstance(sentinel, sentinel)
    assert repr(sentinel) == name
    assert sentinel.__name__ == name
    assert type(sentinel).__name__ == name
    assert f"{sentinel}" == name


def test_sentinels_are_all_different_and_can_be_keys() -> None:
    assert len({getattr(h11, name): name for name in NAMES}) == len(NAMES)
    for name in NAMES:
        assert [other for other in NAMES if getattr(h11, other) == getattr(h11, name)] == [name]
        assert getattr(h11, name)


@pytest.mark.parametrize("name", NAMES)
def test_sentinel_cannot_be_called(name: str) -> None:
    with pytest.raises(TypeError):
        getattr(h11, name)()


def test_type_of_what_next_event_gives_selects_a_handler() -> None:
    @functools.singledispatch
    def handle(event: object) -> str:
        return "unknown"

    handle.register(h11.NEED_DATA, lambda event: "more")
    handle.register(h11.PAUSED, lambda event: "paused")
    handle.register(h11.Request, lambda event: "request")
    handle.register(h11.EndOfMessage, lambda event: "end")
    connection = h11.Connection(h11.SERVER)
    assert handle(connection.next_event()) == "more"
    connection.receive_data(b"GET / HTTP/1.1\r\nHost: a\r\n\r\nmore")
    assert [handle(connection.next_event()) for _ in range(3)] == ["request", "end", "paused"]
