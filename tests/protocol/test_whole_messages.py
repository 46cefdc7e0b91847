"""`send_whole_message`: the bytes and the states of the events one by one, and the same refusals."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import h11
from tests.protocol.driving import answering, rows, server
from tests.protocol.strategies import examples

pytestmark = pytest.mark.deviation("send-whole-message")

HOST = ("Host", "a")


def get(*fields: tuple[str, str], method: str = "GET", version: str = "1.1") -> h11.Request:
    return h11.Request(method=method, target="/", headers=[HOST, *fields], http_version=version)


def fresh() -> h11.Connection:
    return h11.Connection(h11.CLIENT)


def one_by_one(connection: h11.Connection, head: Any, body: bytes) -> Any:
    """What the events give: the bytes, or the text of the refusal."""
    try:
        wire = connection.send(head) or b""
        if body:
            wire += connection.send(h11.Data(data=body)) or b""
        return wire + (connection.send(h11.EndOfMessage()) or b"")
    except h11.LocalProtocolError as error:
        return str(error)


def at_once(connection: h11.Connection, head: Any, body: bytes) -> Any:
    try:
        return connection.send_whole_message(head, body)
    except h11.LocalProtocolError as error:
        return str(error)


def facts(connection: h11.Connection) -> Any:
    return connection.states, connection.client_is_waiting_for_100_continue


REQUESTS = [
    ("bare", get(), b""),
    ("bare, with a body", get(), b"x"),
    ("length", get(("Content-Length", "5"), method="POST"), b"hello"),
    ("length zero", get(("Content-Length", "0"), method="POST"), b""),
    ("too little", get(("Content-Length", "5"), method="POST"), b"hell"),
    ("none of it", get(("Content-Length", "5"), method="POST"), b""),
    ("too much", get(("Content-Length", "5"), method="POST"), b"hello!"),
    ("chunked", get(("Transfer-Encoding", "chunked"), method="POST"), b"hello"),
    ("chunked and empty", get(("Transfer-Encoding", "chunked"), method="POST"), b""),
    ("close", get(("Connection", "close")), b""),
    ("keep-alive", get(("Connection", "keep-alive")), b""),
    ("upgrade", get(("Connection", "upgrade"), ("Upgrade", "x")), b""),
    ("expect", get(("Expect", "100-continue"), ("Content-Length", "1"), method="PUT"), b"x"),
    ("CONNECT", get(method="CONNECT"), b""),
    ("HEAD", get(method="HEAD"), b""),
    ("an old version", get(version="1.0"), b""),
]


@pytest.mark.parametrize(("head", "body"), rows(REQUESTS))
def test_a_request_is_sent_as_its_events_are(head: h11.Request, body: bytes) -> None:
    events, whole = fresh(), fresh()
    for _ in range(3):  # the second time the engine knows the head already
        assert at_once(whole, head, body) == one_by_one(events, head, body)
        assert facts(whole) == facts(events)
        if events.states != {h11.CLIENT: h11.DONE, h11.SERVER: h11.SEND_RESPONSE}:
            break
        answer = b"HTTP/1.1 204 No Content\r\n\r\n"
        for connection in (events, whole):
            connection.receive_data(answer)
            assert type(connection.next_event()) is h11.Response
            assert type(connection.next_event()) is h11.EndOfMessage
            connection.start_next_cycle()


@pytest.mark.parametrize("fields", [[], [("Content-Length", "2")], [("Connection", "close")]])
@pytest.mark.parametrize("body", [b"", b"hi"])
def test_a_response_is_sent_as_its_events_are(fields: list[tuple[str, str]], body: bytes) -> None:
    head = h11.Response(status_code=200, headers=fields)
    events, whole = answering(), answering()
    assert at_once(whole, head, body) == one_by_one(events, head, body)
    assert facts(whole) == facts(events)


@pytest.mark.parametrize("sent_before", [False, True])
@pytest.mark.parametrize(
    "make",
    [
        server,
        lambda: failed(fresh()),
        lambda: busy(get(("Content-Length", "3"), method="POST")),
        lambda: busy(get(), h11.EndOfMessage()),
    ],
    ids=["server", "failed", "in the middle of another", "before the answer"],
)
def test_where_no_request_may_be_sent_none_is(make: Any, sent_before: bool) -> None:
    head = get()
    if sent_before:
        fresh().send(head)
    connection = make()
    with pytest.raises(h11.LocalProtocolError):
        connection.send_whole_message(head)
    assert connection.our_state is h11.ERROR


def failed(connection: h11.Connection) -> h11.Connection:
    connection.send_failed()
    return connection


def busy(*events: Any) -> h11.Connection:
    connection = fresh()
    for event in events:
        connection.send(event)
    return connection


@given(
    st.sampled_from([b"GET", b"POST", b"HEAD", b"CONNECT", b"X"]),
    st.lists(
        st.sampled_from(
            [
                (b"Content-Length", b"0"),
                (b"Content-Length", b"2"),
                (b"Transfer-Encoding", b"chunked"),
                (b"Connection", b"close"),
                (b"Connection", b"keep-alive"),
                (b"Upgrade", b"x"),
                (b"Expect", b"100-continue"),
                (b"X", b"y"),
            ]
        ),
        max_size=4,
    ),
    st.sampled_from([b"", b"hi", b"hello"]),
)
@examples(200)
def test_whatever_the_head_says(
    method: bytes, fields: list[tuple[bytes, bytes]], body: bytes
) -> None:
    try:
        head = h11.Request(method=method, target=b"/", headers=[(b"Host", b"a"), *fields])
    except h11.LocalProtocolError:
        return
    for _ in range(2):
        events, whole = fresh(), fresh()
        assert at_once(whole, head, body) == one_by_one(events, head, body)
        assert facts(whole) == facts(events)
