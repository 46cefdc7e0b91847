"""Heads of requests that are sent again and again are made once, and never those with secrets."""

from __future__ import annotations

import pytest

from h11client._messages.headers import Headers
from h11client._messages.heads import blocks
from h11client._messages.request import prepare_request
from h11client._transport.connection import build_event

URL = "http://a.test/x"


def test_an_equal_request_has_the_same_event():
    defaults = Headers({"X": "1"})
    first, second = [build_event(prepare_request("GET", URL, defaults)) for _ in range(2)]
    assert first is second
    assert (first.method, first.target) == (b"GET", b"/x")


@pytest.mark.parametrize(
    "change",
    [
        lambda request: request.headers.update({"Y": "2"}),
        lambda request: setattr(request, "url", "http://a.test/other"),
        lambda request: setattr(request, "method", "DELETE"),
        lambda request: setattr(request, "body", b"more"),
    ],
    ids=["headers", "url", "method", "body"],
)
def test_what_is_changed_afterwards_is_sent(change):
    defaults = Headers({"X": "1"})
    known = build_event(prepare_request("GET", URL, defaults))
    request = prepare_request("GET", URL, defaults)
    change(request)
    event = build_event(request)
    assert event != known
    assert (event.method, event.target, event.headers) == request.wire_head()
    assert build_event(prepare_request("GET", URL, defaults)) is known


@pytest.mark.safety("R18")
def test_no_event_with_a_secret_is_kept():
    defaults = Headers({"Authorization": "Bearer of-the-session"})
    build_event(prepare_request("GET", URL, defaults))
    request = prepare_request("GET", URL, Headers({"X": "1"}))
    request.append_generated((("Authorization", "Basic of-the-call"),), {})
    assert (b"authorization", b"Basic of-the-call") in build_event(request).headers
    del request
    kept = [event for block in blocks.values() for event in block._events.values()]
    assert kept
    assert all(b"authorization" not in dict(event.headers) for event in kept)


def test_only_so_many_are_kept():
    defaults = Headers({"X": "many"})
    for number in range(300):
        build_event(prepare_request("GET", f"{URL}/{number}", defaults))
    assert max(len(block._events) for block in blocks.values()) <= 64
