"""uvicorn (its h11 implementation, WebSockets by wsproto) and hypercorn serve on our h11."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.dependents.conftest import Run
from tests.dependents.raw_client import Answer, RawClient, chunked, request
from tests.dependents.websocket_client import (
    BINARY,
    CLOSE,
    TEXT,
    assert_accepted,
    frame,
    read_message,
    upgrade_request,
)

SERVERS = ["uvicorn_server", "hypercorn_server"]


@pytest.fixture(scope="module", params=SERVERS)
def port(request: pytest.FixtureRequest, run: Run) -> Iterator[int]:
    """A server with its own defaults: 16 KiB for a head."""
    with run(request.param, 0) as program:
        yield program.hear()["port"]


@pytest.fixture(scope="module", params=SERVERS)
def roomy_port(request: pytest.FixtureRequest, run: Run) -> Iterator[int]:
    """The same with 64 KiB for a head, a setting that both servers offer."""
    with run(request.param, 64 * 1024) as program:
        yield program.hear()["port"]


@pytest.fixture
def client(port: int) -> Iterator[RawClient]:
    with RawClient(port) as opened:
        yield opened


def described(answer: Answer) -> dict[str, Any]:
    """What the application saw of a request."""
    assert answer.status == 200, (answer.status, answer.body)
    facts: dict[str, Any] = json.loads(answer.body)
    return facts


def test_the_standard_library_makes_three_requests_over_one_connection(port: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    ports = set()
    for number in range(3):
        connection.request("GET", f"/echo?{number}", headers={"X-Number": str(number)})
        ports.add(connection.sock.getsockname())
        facts = json.loads(connection.getresponse().read())
        assert facts["query"] == str(number)
        assert ["x-number", str(number)] in facts["headers"]
    connection.close()
    assert len(ports) == 1


def test_a_body_with_content_length_arrives_whole(client: RawClient) -> None:
    body = b"0123456789" * 20_000
    client.send(request("POST", "/upload", f"Content-Length: {len(body)}", body=body))
    assert described(client.read_answer())["length"] == len(body)


def test_a_chunked_upload_arrives_whole(client: RawClient) -> None:
    pieces = [b"x" * size for size in (1, 17, 65_536, 3)]
    head = request("POST", "/upload", "Transfer-Encoding: chunked")
    client.send(
        head, *(b"%x;note=%d\r\n" % (len(p), i) + p + b"\r\n" for i, p in enumerate(pieces))
    )
    client.send(b"0\r\nX-Trailer: yes\r\n\r\n")
    assert described(client.read_answer())["length"] == sum(map(len, pieces))


def test_a_chunked_upload_arrives_whole_byte_by_byte(client: RawClient) -> None:
    wire = request("POST", "/upload", "Transfer-Encoding: chunked", body=chunked(b"abc", b"defg"))
    client.send(*(wire[i : i + 1] for i in range(len(wire))))
    assert described(client.read_answer())["body"] == "abcdefg"


def test_a_client_that_expects_100_continue_gets_it_when_the_body_is_wanted(
    client: RawClient,
) -> None:
    client.send(request("PUT", "/upload", "Transfer-Encoding: chunked", "Expect: 100-continue"))
    assert client.read_answer().status == 100
    client.send(chunked(b"now ", b"then"))
    assert described(client.read_answer())["body"] == "now then"


def test_a_client_that_expects_100_continue_may_be_refused_before_its_body(
    client: RawClient,
) -> None:
    client.send(request("PUT", "/refuse", "Content-Length: 5", "Expect: 100-continue"))
    answer = client.read_answer()
    if answer.status == 100:  # one of the servers says it before it asks the application
        answer = client.read_answer()
    assert (answer.status, answer.body) == (413, b"no, thank you")


def in_pieces(wire: bytes, count: int) -> list[bytes]:
    """The last piece is 200 bytes: a server that refuses a head has then read all before it."""
    first, last = wire[:-200], wire[-200:]
    step = -(-len(first) // count)
    return [*(first[i : i + step] for i in range(0, len(first), step)), last]


@pytest.mark.parametrize("pieces", [1, 40])
@pytest.mark.safety("F12")
def test_a_head_of_16_384_bytes_is_read_and_one_byte_more_is_refused(
    port: int, pieces: int
) -> None:
    fixed = len(request("GET", "/echo", "X-Large: "))
    for size in (16_384, 16_385):
        wire = request("GET", "/echo", f"X-Large: {'a' * (size - fixed)}")
        assert len(wire) == size
        with RawClient(port) as client:
            client.send(*in_pieces(wire, pieces))
            answer = client.read_answer()
            if size == 16_384:
                assert described(answer)["headers"][-1] == ["x-large", "a" * (size - fixed)]
            else:
                assert 400 <= answer.status < 500
                assert client.at_end()


@pytest.mark.parametrize("pieces", [1, 40])
def test_a_server_may_raise_the_limit(roomy_port: int, pieces: int) -> None:
    wire = request("GET", "/echo", f"X-Large: {'a' * 50_000}")
    with RawClient(roomy_port) as client:
        client.send(*in_pieces(wire, pieces))
        assert ["x-large", "a" * 50_000] in described(client.read_answer())["headers"]


def test_pipelined_requests_are_answered_in_their_order(client: RawClient) -> None:
    client.send(
        request("GET", "/echo?first"),
        request("POST", "/upload?second", "Transfer-Encoding: chunked", body=chunked(b"body")),
        request("GET", "/stream"),
        request("HEAD", "/echo?fourth"),
        request("GET", "/echo?last", "Connection: close"),
    )
    assert described(client.read_answer())["query"] == "first"
    assert described(client.read_answer())["body"] == "body"
    assert client.read_answer().body == b"piece 0;piece 1;piece 2;piece 3;piece 4;"
    assert client.read_answer("HEAD").status == 200
    assert described(client.read_answer())["query"] == "last"
    assert client.at_end()


BAD_REQUESTS = [
    ("a TLS greeting", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
    ("words", b"good morning\r\n\r\n"),
    ("no Host", b"GET / HTTP/1.1\r\n\r\n"),
    ("two Hosts", b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"),
    ("a blank before the colon", b"GET / HTTP/1.1\r\nHost : a\r\n\r\n"),
    ("a NUL in a value", b"GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n"),
    (
        "two lengths",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    ),
    ("a length in words", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: two\r\n\r\nab"),
]


@pytest.mark.parametrize("wire", [row[1] for row in BAD_REQUESTS], ids=[r[0] for r in BAD_REQUESTS])
def test_a_bad_request_is_answered_with_400(client: RawClient, wire: bytes) -> None:
    client.send(wire)
    assert client.read_answer().status == 400
    assert client.at_end()


def test_http_1_0_is_answered_and_closed(client: RawClient) -> None:
    client.send(request("GET", "/echo", "Connection: keep-alive", version="1.0"))
    answer = client.read_answer()
    assert described(answer)["http_version"] == "1.0"
    assert client.at_end()


def test_a_body_of_unknown_length_is_chunked_for_http_1_1(client: RawClient) -> None:
    client.send(request("GET", "/stream"))
    answer = client.read_answer()
    assert answer.header("transfer-encoding") == "chunked"
    assert answer.body == b"piece 0;piece 1;piece 2;piece 3;piece 4;"
    assert len(answer.chunks) == 5


def test_a_body_of_unknown_length_ends_with_the_connection_for_http_1_0(client: RawClient) -> None:
    client.send(request("GET", "/stream", version="1.0"))
    answer = client.read_answer()
    assert answer.header("transfer-encoding") is None
    assert answer.body == b"piece 0;piece 1;piece 2;piece 3;piece 4;"


def test_an_answer_without_a_body_leaves_the_connection_usable(client: RawClient) -> None:
    client.send(request("GET", "/empty"))
    assert client.read_answer().status == 204
    client.send(request("HEAD", "/stream"))
    assert client.read_answer("HEAD").status == 200
    client.send(request("GET", "/echo?again"))
    assert described(client.read_answer())["query"] == "again"


def test_an_application_that_raises_becomes_500(client: RawClient) -> None:
    client.send(request("GET", "/crash"))
    assert client.read_answer().status == 500


def test_a_client_that_vanishes_in_its_body_is_reported_to_the_application(port: int) -> None:
    with RawClient(port) as leaving:
        leaving.send(request("POST", "/upload", "Content-Length: 100", body=b"only this"))
    with RawClient(port) as client:
        for _ in range(10_000):  # each round trip gives the server a turn to notice
            client.send(request("GET", "/report"))
            seen = json.loads(client.read_answer().body)
            if seen:
                break
    assert seen == ["/upload"]


def test_a_websocket_echoes(client: RawClient) -> None:
    client.send(upgrade_request())
    assert_accepted(client.read_head())
    client.send(frame(b"text"), frame(b"\x00\xff" * 4_000, BINARY))
    assert read_message(client) == (TEXT, b"text")
    assert read_message(client) == (BINARY, b"\x00\xff" * 4_000)
    client.send(frame(b"\x03\xe8", CLOSE))
    assert read_message(client) == (CLOSE, b"\x03\xe8")
    assert client.at_end()


def test_an_upgrade_to_something_unknown_is_served_as_http(client: RawClient) -> None:
    client.send(request("GET", "/echo?a", "Connection: Upgrade", "Upgrade: chess"))
    assert described(client.read_answer())["query"] == "a"
    client.send(request("GET", "/echo?b"))
    assert described(client.read_answer())["query"] == "b"
