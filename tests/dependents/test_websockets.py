"""wsproto and trio-websocket, each as a server and as a client, on our h11."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.dependents.conftest import Run
from tests.dependents.raw_client import RawClient, request
from tests.dependents.scripted_server import scripted
from tests.dependents.websocket_client import (
    BINARY,
    CLOSE,
    TEXT,
    assert_accepted,
    frame,
    read_message,
    upgrade_answer,
    upgrade_request,
)

SERVERS = ["wsproto_server", "trio_websocket_server"]
CLIENTS = ["wsproto_client", "trio_websocket_client"]


@pytest.fixture(scope="module", params=SERVERS)
def port(request: pytest.FixtureRequest, run: Run) -> Iterator[int]:
    with run(request.param) as program:
        yield program.hear()["port"]


@pytest.fixture
def client(port: int) -> Iterator[RawClient]:
    with RawClient(port) as opened:
        yield opened


def test_messages_come_back(client: RawClient) -> None:
    client.send(upgrade_request())
    assert_accepted(client.read_head())
    client.send(frame(b"text"))
    assert read_message(client) == (TEXT, b"text")
    client.send(frame(b"\x00\xff" * 3_000, BINARY))
    opcode, payload = read_message(client)
    while len(payload) < 6_000:  # an echo may come back in more than one message
        payload += read_message(client)[1]
    assert (opcode, payload) == (BINARY, b"\x00\xff" * 3_000)
    client.send(frame(b"\x03\xe8", CLOSE))
    assert read_message(client)[0] == CLOSE


def test_a_handshake_that_arrives_byte_by_byte_is_accepted(client: RawClient) -> None:
    wire = upgrade_request()
    client.send(*(wire[i : i + 1] for i in range(len(wire))))
    assert_accepted(client.read_head())
    client.send(frame(b"still fine"))
    assert read_message(client) == (TEXT, b"still fine")


def test_a_subprotocol_header_with_an_odd_spelling_is_understood(client: RawClient) -> None:
    client.send(upgrade_request("/ws", "SEC-webSOCKET-protocol: a, b"))
    assert_accepted(client.read_head())


def test_a_refusal_carries_a_status_a_header_and_a_body(client: RawClient) -> None:
    client.send(upgrade_request("/refused"))
    answer = client.read_answer()
    assert (answer.status, answer.header("why"), answer.body) == (403, "test", b"go away")


@pytest.mark.parametrize(
    "wire",
    [
        request("GET", "/ws"),
        request("GET", "/ws", "Connection: Upgrade", "Upgrade: websocket"),
        request("POST", "/ws", "Content-Length: 1", body=b"x"),
    ],
    ids=["no upgrade", "no key", "not a GET"],
)
def test_a_request_that_is_no_handshake_is_answered_with_an_error(
    client: RawClient, wire: bytes
) -> None:
    client.send(wire)
    assert 400 <= client.read_head().status < 500


@pytest.mark.parametrize("wire", [b"good morning\r\n\r\n", b"\x16\x03\x01\x02\x00"])
def test_garbage_is_not_accepted(port: int, wire: bytes) -> None:
    with RawClient(port) as garbage:
        garbage.send(wire)
        garbage.finish()
        line = garbage.file.readline()
        assert not line or line.startswith(b"HTTP/1.1 4")
    with RawClient(port) as client:  # and the server has survived it
        client.send(upgrade_request())
        assert_accepted(client.read_head())


@pytest.mark.parametrize("name", CLIENTS)
def test_each_client_talks_to_each_server(run: Run, port: int, name: str) -> None:
    with run(name, port, "/ws") as program:
        facts = program.hear()
    expected = {"wsproto_client": "from wsproto", "trio_websocket_client": "from trio-websocket"}
    assert facts["text"] == expected[name]


@pytest.mark.parametrize("name", CLIENTS)
def test_each_client_understands_the_refusal_of_each_server(run: Run, port: int, name: str) -> None:
    with run(name, port, "/refused") as program:
        facts = program.hear()
    assert (facts["rejected"], facts["why"]) == (403, "go away")


@pytest.mark.parametrize("name", CLIENTS)
def test_frames_glued_to_the_answer_of_a_server_are_not_lost(run: Run, name: str) -> None:
    frames = b"\x81\x05early" + b"\x82\x02\x00\xff"  # from a server they are not masked
    close = b"\x88\x02\x03\xe8"

    def greet(received: bytes) -> bytes:
        return upgrade_answer(received) + frames

    with scripted([greet, close]) as server, run(name, server.port, "/ws") as program:
        facts = program.hear()
    assert facts["text"] == "early"
