"""Expect: 100-continue: who waits, and what ends the waiting."""

from __future__ import annotations

import pytest

import h11
from tests.protocol.driving import drive, rows, server

EXPECT = ("Expect", "100-continue")


def waiting_client(*headers) -> h11.Connection:
    connection = h11.Connection(h11.CLIENT)
    fields = [("Host", "a"), ("Content-Length", "4"), EXPECT, *headers]
    connection.send(h11.Request(method="POST", target="/", headers=fields))
    return connection


def waiting_server(
    fields: bytes = b"Expect: 100-continue\r\n", version: bytes = b"1.1"
) -> h11.Connection:
    connection = server()
    connection.receive_data(
        b"POST / HTTP/" + version + b"\r\nHost: a\r\nContent-Length: 4\r\n" + fields + b"\r\n"
    )
    assert type(connection.next_event()) is h11.Request
    return connection


def waits(connection: h11.Connection) -> bool:
    waiting = connection.client_is_waiting_for_100_continue
    assert connection.they_are_waiting_for_100_continue is (
        waiting and connection.our_role is h11.SERVER
    )
    return waiting


FIELDS = [
    ("plain", b"Expect: 100-continue\r\n", True),
    ("mixed case", b"EXPECT: 100-ConTinue\r\n", True),
    ("among others", b"Expect: a, 100-continue\r\n", True),
    ("on two lines", b"Expect: a\r\nExpect: 100-continue\r\n", True),
    ("absent", b"", False),
    ("another", b"Expect: 200-ok\r\n", False),
    ("longer", b"Expect: 100-continued\r\n", False),
    ("empty", b"Expect:\r\n", False),
]


@pytest.mark.safety("2g1")
@pytest.mark.parametrize(("field", "expected"), rows(FIELDS))
def test_request_announces_that_the_client_waits(field: bytes, expected: bool) -> None:
    assert waits(waiting_server(field)) is expected


def test_both_sides_know_that_the_client_waits() -> None:
    assert waits(waiting_client()) and waits(waiting_server())
    assert not waits(h11.Connection(h11.CLIENT)) and not waits(server())


def test_old_client_does_not_wait() -> None:
    assert not waits(waiting_server(version=b"1.0"))


ANSWERS = [
    ("100", h11.InformationalResponse(status_code=100, headers=[])),
    ("102", h11.InformationalResponse(status_code=102, headers=[])),
    ("103", h11.InformationalResponse(status_code=103, headers=[])),
    ("417", h11.Response(status_code=417, headers=[("Content-Length", "0")])),
    ("200", h11.Response(status_code=200, headers=[("Content-Length", "0")])),
    (
        "200 and close",
        h11.Response(status_code=200, headers=[("Content-Length", "0"), ("Connection", "close")]),
    ),
]


@pytest.mark.safety("F14", "2g2")
@pytest.mark.parametrize("answer", rows(ANSWERS))
def test_any_response_ends_the_waiting(answer) -> None:
    client, server = waiting_client(), waiting_server()
    wire = server.send(answer)
    assert not waits(server)
    client.receive_data(wire)
    assert waits(client)
    client.next_event()
    assert not waits(client)


def test_client_that_sends_its_body_waits_no_longer() -> None:
    for data in (b"body", b"bo", b""):
        client = waiting_client()
        client.send(h11.Data(data=data))
        assert not waits(client)


def test_body_that_arrives_ends_the_waiting() -> None:
    server = waiting_server()
    server.receive_data(b"b")
    assert waits(server)
    assert type(server.next_event()) is h11.Data
    assert not waits(server)


def test_request_that_ends_without_body_ends_the_waiting() -> None:
    client = h11.Connection(h11.CLIENT)
    client.send(h11.Request(method="GET", target="/", headers=[("Host", "a"), EXPECT]))
    assert waits(client)
    client.send(h11.EndOfMessage())
    assert not waits(client)
    server = h11.Connection(h11.SERVER)
    server.receive_data(b"GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n")
    server.next_event()
    assert waits(server)
    assert type(server.next_event()) is h11.EndOfMessage
    assert not waits(server)


@pytest.mark.safety("F14", "2g3")
def test_a_second_100_and_one_without_expect_change_nothing() -> None:
    go_on = b"HTTP/1.1 100 Continue\r\n\r\n"
    end = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    for client in (waiting_client(), h11.Connection(h11.CLIENT)):
        if client.our_state is h11.IDLE:
            client.send(
                h11.Request(
                    method="POST", target="/", headers=[("Host", "a"), ("Content-Length", "4")]
                )
            )
        assert drive(client, [go_on, go_on]).kinds == ["InformationalResponse"] * 2
        client.send(h11.Data(data=b"body"))
        client.send(h11.EndOfMessage())
        outcome = drive(client, [go_on + end])
        assert outcome.kinds == ["InformationalResponse", "Response", "Data", "EndOfMessage"]
        assert outcome.states == (h11.DONE, h11.DONE)


@pytest.mark.safety("F14")
def test_final_response_instead_of_100_leaves_the_body_owed() -> None:
    client = waiting_client()
    outcome = drive(client, [b"HTTP/1.1 417 X\r\nContent-Length: 0\r\n\r\n"])
    assert outcome.states == (h11.SEND_BODY, h11.DONE)
    with pytest.raises(h11.LocalProtocolError):
        client.start_next_cycle()


def test_next_cycle_does_not_wait() -> None:
    client = waiting_client()
    drive(client, [b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"])
    client.send(h11.Data(data=b"body"))
    client.send(h11.EndOfMessage())
    client.start_next_cycle()
    assert not waits(client)
    client.send(h11.Request(method="GET", target="/", headers=[("Host", "a")]))
    assert not waits(client)
