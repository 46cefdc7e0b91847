"""The connection object itself: its properties, keep-alive cycles, errors and failed sends."""

from __future__ import annotations

import pytest

import h11
from tests.protocol.driving import Make, answering, client, drive, refused_locally, rows, server

HOST = ("Host", "a")
REQUEST = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
EMPTY = h11.Response(status_code=200, headers=[("Content-Length", "0")])
END = h11.EndOfMessage()
GET = h11.Request(method="GET", target="/", headers=[HOST])


def test_roles() -> None:
    connection = h11.Connection(h11.CLIENT)
    assert (connection.our_role, connection.their_role) == (h11.CLIENT, h11.SERVER)
    connection = h11.Connection(our_role=h11.SERVER)
    assert (connection.our_role, connection.their_role) == (h11.SERVER, h11.CLIENT)


@pytest.mark.parametrize("role", ["client", None, 0, h11.IDLE])
def test_role_must_be_one_of_two(role) -> None:
    with pytest.raises(ValueError):
        h11.Connection(role)
    with pytest.raises(TypeError):
        h11.Connection()


def test_a_new_connection_is_idle() -> None:
    connection = h11.Connection(h11.CLIENT)
    assert connection.states == {h11.CLIENT: h11.IDLE, h11.SERVER: h11.IDLE}
    assert (connection.our_state, connection.their_state) == (h11.IDLE, h11.IDLE)
    assert connection.their_http_version is None
    assert connection.trailing_data == (b"", False)
    assert connection.client_is_waiting_for_100_continue is False
    assert connection.they_are_waiting_for_100_continue is False
    assert connection.next_event() is h11.NEED_DATA


def test_states_are_a_copy() -> None:
    connection = h11.Connection(h11.CLIENT)
    connection.states[h11.CLIENT] = h11.ERROR
    assert connection.our_state is h11.IDLE


def test_two_cycles_on_one_connection() -> None:
    connection = h11.Connection(h11.CLIENT)
    for _ in range(2):
        connection.send(GET)
        connection.send(END)
        outcome = drive(connection, [OK])
        assert outcome.kinds == ["Response", "EndOfMessage"]
        assert outcome.states == (h11.DONE, h11.DONE)
        connection.start_next_cycle()
        assert outcome.states == (h11.IDLE, h11.IDLE)


def test_version_of_the_peer_is_remembered_over_cycles() -> None:
    connection = client()
    drive(connection, [b"HTTP/1.2 204 X\r\n\r\n"])
    connection.start_next_cycle()
    assert connection.their_http_version == b"1.2"
    connection = answering(b"GET / HTTP/1.0\r\n\r\n")
    assert connection.their_http_version == b"1.0"


def test_version_of_the_peer_comes_with_an_informational_response_too() -> None:
    connection = client()
    drive(connection, [b"HTTP/1.1 103 X\r\n\r\n"])
    assert connection.their_http_version == b"1.1"


NOT_REUSABLE: list[tuple[str, Make]] = [
    ("fresh", lambda: h11.Connection(h11.CLIENT)),
    ("request not ended", lambda: sent(GET)),
    ("no response yet", client),
    ("response not ended", lambda: fed(client(), b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n")),
    ("request not ended, response done", lambda: fed(sent(GET), OK)),
    (
        "closing",
        lambda: fed(client(), b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"),
    ),
    ("old server", lambda: fed(client(), b"HTTP/1.0 204 OK\r\n\r\n")),
    ("closed by the peer", lambda: fed(client(), OK, b"")),
    ("error of the peer", lambda: fed(client(), b"\x00")),
    ("switched", lambda: fed(client("CONNECT", target="a:1"), b"HTTP/1.1 200 OK\r\n\r\n")),
    ("server, response not sent", answering),
    ("server, fresh", server),
]


def sent(*events: h11.Event) -> h11.Connection:
    connection = h11.Connection(h11.CLIENT)
    for event in events:
        connection.send(event)
    return connection


def fed(connection: h11.Connection, *pieces: bytes) -> h11.Connection:
    drive(connection, pieces)
    return connection


@pytest.mark.safety("2c2", "2c3")
@pytest.mark.parametrize("make", rows(NOT_REUSABLE))
def test_next_cycle_starts_only_when_both_sides_are_done(make: Make) -> None:
    connection = make()
    before = connection.states
    with pytest.raises(h11.LocalProtocolError) as caught:
        connection.start_next_cycle()
    assert connection.states == before
    for state in before.values():
        assert repr(state) in str(caught.value)


def test_connection_remains_usable_when_the_next_cycle_may_not_start_yet() -> None:
    connection = client()
    with pytest.raises(h11.LocalProtocolError):
        connection.start_next_cycle()
    assert drive(connection, [OK]).kinds == ["Response", "EndOfMessage"]
    connection.start_next_cycle()


CONNECTION_FIELDS = [
    ("absent", b"", True),
    ("keep-alive", b"Connection: keep-alive\r\n", True),
    ("close", b"Connection: close\r\n", False),
    ("upper case", b"Connection: CLOSE\r\n", False),
    ("first of several", b"Connection: close, keep-alive\r\n", False),
    ("last of several", b"Connection: keep-alive ,\tclose\r\n", False),
    ("without blanks", b"Connection: x,close,y\r\n", False),
    ("on the second line", b"Connection: x\r\nconnection: close\r\n", False),
    ("on the first line", b"Connection: close\r\nConnection: keep-alive\r\n", False),
    ("empty elements", b"Connection: ,, close,,\r\n", False),
    ("folded", b"Connection: x,\r\n close\r\n", False),
    ("empty", b"Connection:\r\n", True),
    ("commas alone", b"Connection: ,,\r\n", True),
    ("longer word", b"Connection: closed\r\n", True),
    ("with parameter", b"Connection: close;q=1\r\n", True),
    ("quoted", b'Connection: "close"\r\n', True),
    ("two words", b"Connection: x close\r\n", True),
    ("another field", b"Proxy-Connection: close\r\n", True),
]


@pytest.mark.safety("2c2")
@pytest.mark.parametrize(("field", "reusable"), rows(CONNECTION_FIELDS))
def test_connection_field_decides_about_reuse(field: bytes, reusable: bool) -> None:
    after = h11.DONE if reusable else h11.MUST_CLOSE
    outcome = drive(client(), [b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n" + field + b"\r\n"])
    assert outcome.states == (after, after)
    outcome = drive(server(), [b"GET / HTTP/1.1\r\nHost: a\r\n" + field + b"\r\n"])
    assert outcome.states == (after, h11.SEND_RESPONSE)


@pytest.mark.safety("2a3", "2c2")
@pytest.mark.parametrize("field", [b"", b"Connection: keep-alive\r\n", b"Connection: close\r\n"])
def test_old_peer_is_never_kept_alive(field: bytes) -> None:
    outcome = drive(client(), [b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n" + field + b"\r\n"])
    assert outcome.states == (h11.MUST_CLOSE, h11.MUST_CLOSE)
    outcome = drive(server(), [b"GET / HTTP/1.0\r\n" + field + b"\r\n"])
    assert outcome.states == (h11.MUST_CLOSE, h11.SEND_RESPONSE)


@pytest.mark.safety("2c4")
def test_close_in_our_own_request_ends_the_connection() -> None:
    connection = client(headers=[("Connection", "close")])
    assert connection.our_state is h11.MUST_CLOSE
    drive(connection, [OK])
    assert connection.their_state is h11.MUST_CLOSE


def test_connection_field_of_an_informational_response_does_not_count() -> None:
    outcome = drive(client(), [b"HTTP/1.1 103 X\r\nConnection: close\r\n\r\n" + OK])
    assert outcome.states == (h11.DONE, h11.DONE)


EVERYWHERE: list[tuple[str, Make]] = [
    ("client idle", lambda: h11.Connection(h11.CLIENT)),
    ("client sending", lambda: sent(GET)),
    ("client done", client),
    ("both done", lambda: fed(client(), OK)),
    ("client must close", lambda: client(headers=[("Connection", "close")])),
    ("client closed", lambda: sent(h11.ConnectionClosed())),
    ("client might switch", lambda: client(headers=[("Upgrade", "x")])),
    ("switched", lambda: fed(client("CONNECT", target="a:1"), b"HTTP/1.1 200 OK\r\n\r\n")),
    ("peer in error", lambda: fed(client(), b"\x00")),
    ("peer closed", lambda: fed(client(), OK, b"")),
    ("server idle", server),
    ("server answering", answering),
]


@pytest.mark.parametrize("make", rows(EVERYWHERE))
def test_failed_send_is_an_error_of_ours_in_every_state(make: Make) -> None:
    connection = make()
    theirs = connection.their_state
    for _ in range(2):
        connection.send_failed()
        assert connection.our_state is h11.ERROR
    assert connection.their_state is (h11.MUST_CLOSE if theirs is h11.DONE else theirs)
    refused_locally(connection, GET)
    with pytest.raises(h11.LocalProtocolError):
        connection.send_with_data_passthrough(END)
    with pytest.raises(h11.LocalProtocolError):
        connection.start_next_cycle()


def test_response_can_still_be_read_after_a_failed_send() -> None:
    connection = sent(
        h11.Request(method="POST", target="/", headers=[HOST, ("Content-Length", "9")])
    )
    connection.send_failed()
    outcome = drive(connection, [b"HTTP/1.1 413 X\r\nContent-Length: 2\r\n\r\nno"])
    assert outcome.kinds == ["Response", "Data", "EndOfMessage"]
    assert outcome.states == (h11.ERROR, h11.MUST_CLOSE)


def test_error_response_can_be_sent_after_a_bad_request() -> None:
    outcome = drive(server(), [b"GET /\r\n\r\n"])
    connection = outcome.connection
    assert isinstance(outcome.error, h11.RemoteProtocolError)
    reply = h11.Response(
        status_code=outcome.error.error_status_hint, headers=[("Content-Length", "2")]
    )
    assert connection.send(reply) == b"HTTP/1.1 400 \r\nContent-Length: 2\r\n\r\n"
    assert connection.send(h11.Data(data=b"no")) == b"no"
    connection.send(END)
    assert connection.states == {h11.CLIENT: h11.ERROR, h11.SERVER: h11.MUST_CLOSE}
    assert connection.send(h11.ConnectionClosed()) is None


def test_error_of_the_peer_while_we_answer_lets_us_finish() -> None:
    connection = server()
    drive(connection, [b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"])
    connection.send(EMPTY)
    assert isinstance(drive(connection, [b"x\r\n"]).error, h11.RemoteProtocolError)
    connection.send(END)
    assert connection.our_state is h11.MUST_CLOSE


@pytest.mark.safety("2e1")
def test_early_response_can_be_read_while_we_still_send() -> None:
    post = h11.Request(method="POST", target="/", headers=[HOST, ("Content-Length", "2")])
    connection = sent(post)
    outcome = drive(connection, [OK])
    assert outcome.states == (h11.SEND_BODY, h11.DONE)
    with pytest.raises(h11.LocalProtocolError):
        connection.start_next_cycle()
    assert connection.send(h11.Data(data=b"hi")) == b"hi"
    connection.send(END)
    assert connection.states == {h11.CLIENT: h11.DONE, h11.SERVER: h11.DONE}
    connection = sent(post)
    drive(
        connection, [b"HTTP/1.1 413 X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"], eof=True
    )
    assert connection.states == {h11.CLIENT: h11.SEND_BODY, h11.SERVER: h11.CLOSED}
    connection.send(h11.Data(data=b"hi"))
    connection.send(END)
    assert connection.our_state is h11.MUST_CLOSE


@pytest.mark.safety("F16", "2c1")
def test_bytes_behind_a_response_stay_in_trailing_data() -> None:
    outcome = drive(client(), [OK + OK])
    assert outcome.kinds == ["Response", "EndOfMessage"]
    assert outcome.last is h11.PAUSED
    assert outcome.states == (h11.DONE, h11.DONE)
    assert outcome.connection.trailing_data == (OK, False)
    outcome = drive(client(), [OK, b"x"])
    assert outcome.last is h11.PAUSED
    assert outcome.connection.trailing_data == (b"x", False)
