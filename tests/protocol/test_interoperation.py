"""Against the standard library's client and server, over sockets that are read ten bytes at a time."""

from __future__ import annotations

import http.client
import http.server
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager

import pytest

import h11

READ_BYTES = 10
PATIENCE = 30.0  # seconds; only ever spent when a test has failed
BLOCKS = [b"a", b"bc" * 500, b"\r\n0\r\n\r\n", b"d" * 70_000]


class TheirHandler(http.server.BaseHTTPRequestHandler):
    """A server of the standard library that answers with what it got."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path == "/no-content":
            self.send_response(204)
            self.end_headers()
        elif self.path == "/to-the-end":
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"".join(BLOCKS))
            self.close_connection = True
        elif self.path == "/chunked":
            self.send_response(200, "Fine")
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for block in BLOCKS:
                self.wfile.write(b"%x;ext=1\r\n%s\r\n" % (len(block), block))
            self.wfile.write(b"0\r\nX-Trailer: yes\r\n\r\n")
        elif self.path == "/missing":
            self.send_error(404)
        else:
            self.answer(b"got " + self.path.encode())

    do_HEAD = do_GET

    def do_POST(self) -> None:
        if self.headers.get("Transfer-Encoding") == "chunked":
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                assert self.rfile.readline() == b"\r\n"
            assert self.rfile.readline() == b"\r\n"
        else:
            body = self.rfile.read(int(self.headers["Content-Length"]))
        self.answer(body)

    def answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Method", self.command)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Nothing on the terminal."""


@pytest.fixture(scope="module")
def their_server() -> Iterator[tuple[str, int]]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), TheirHandler) as listening:
        thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield listening.server_address[:2]
        listening.shutdown()
        thread.join(PATIENCE)


class OurClient:
    def __init__(self, address: tuple[str, int]) -> None:
        self.socket = socket.create_connection(address, timeout=PATIENCE)
        self.connection = h11.Connection(h11.CLIENT)

    def close(self) -> None:
        self.socket.close()

    def next_event(self) -> h11.Event:
        while (event := self.connection.next_event()) is h11.NEED_DATA:
            self.connection.receive_data(self.socket.recv(READ_BYTES))
        return event

    def exchange(
        self, method: str, target: str, *headers, blocks: Sequence[bytes] = ()
    ) -> tuple[h11.Response, bytes, h11.EndOfMessage]:
        request = h11.Request(
            method=method, target=target, headers=[("Host", "127.0.0.1"), *headers]
        )
        for event in (request, *(h11.Data(data=block) for block in blocks), h11.EndOfMessage()):
            self.socket.sendall(self.connection.send(event))
        while type(response := self.next_event()) is h11.InformationalResponse:
            pass
        body = bytearray()
        while type(event := self.next_event()) is h11.Data:
            body += event.data
        return response, bytes(body), event

    @property
    def states(self) -> tuple:
        return self.connection.our_state, self.connection.their_state


def test_our_client_with_their_server_on_one_connection(their_server) -> None:
    whole = b"".join(BLOCKS)
    with closing(OurClient(their_server)) as client:
        exchanges: list[tuple[int, bytes]] = []
        for arguments in (
            {"method": "GET", "target": "/hello"},
            {"method": "HEAD", "target": "/hello"},
            {"method": "GET", "target": "/no-content"},
            {"method": "GET", "target": "/chunked"},
        ):
            response, body, end = client.exchange(**arguments)
            exchanges.append((response.status_code, body))
            assert client.states == (h11.DONE, h11.DONE)
            client.connection.start_next_cycle()
        assert exchanges == [(200, b"got /hello"), (200, b""), (204, b""), (200, whole)]
        assert end.headers == [(b"x-trailer", b"yes")]
        response, body, _ = client.exchange(
            "POST", "/", ("Content-Length", str(len(whole))), blocks=BLOCKS
        )
        assert body == whole and response.headers[-1] == (b"x-method", b"POST")
        client.connection.start_next_cycle()
        response, body, _ = client.exchange(
            "POST", "/", ("Transfer-Encoding", "chunked"), blocks=BLOCKS
        )
        assert body == whole
        client.connection.start_next_cycle()
        response, body, _ = client.exchange("GET", "/missing")
        assert response.status_code == 404 and body
        assert client.states == (h11.MUST_CLOSE, h11.MUST_CLOSE)  # their errors close


def test_our_client_reads_a_body_that_ends_with_the_connection(their_server) -> None:
    with closing(OurClient(their_server)) as client:
        _, body, _ = client.exchange("GET", "/to-the-end")
        assert body == b"".join(BLOCKS)
        assert type(client.next_event()) is h11.ConnectionClosed
        assert client.states == (h11.MUST_CLOSE, h11.CLOSED)


def test_their_server_sees_our_expectation_and_goes_on(their_server) -> None:
    with closing(OurClient(their_server)) as client:
        request = h11.Request(
            method="POST",
            target="/",
            headers=[("Host", "a"), ("Expect", "100-continue"), ("Content-Length", "4")],
        )
        client.socket.sendall(client.connection.send(request))
        assert client.connection.client_is_waiting_for_100_continue
        assert client.next_event().status_code == 100
        assert not client.connection.client_is_waiting_for_100_continue
        for event in (h11.Data(data=b"body"), h11.EndOfMessage()):
            client.socket.sendall(client.connection.send(event))
        assert client.next_event().status_code == 200
        assert b"".join(iter_body(client)) == b"body"


def iter_body(client: OurClient) -> Iterator[bytes]:
    while type(event := client.next_event()) is h11.Data:
        yield event.data


def serve_one_socket(accepted: socket.socket, seen: list[str]) -> None:
    """Our server: answers with what it got, in the framing that the target names."""
    connection = h11.Connection(h11.SERVER)

    def next_event() -> h11.Event:
        while (event := connection.next_event()) is h11.NEED_DATA:
            if connection.they_are_waiting_for_100_continue:
                go_on = h11.InformationalResponse(status_code=100, headers=[])
                accepted.sendall(connection.send(go_on))
            connection.receive_data(accepted.recv(READ_BYTES))
        return event

    def send(*events: h11.Event) -> None:
        for event in events:
            accepted.sendall(connection.send(event))

    while type(request := next_event()) is h11.Request:
        body = b""
        while type(event := next_event()) is h11.Data:
            body += event.data
        target = request.target.decode()
        seen.append(f"{request.method.decode()} {target} {request.http_version.decode()}")
        body = body or b"got " + request.target
        headers = [("Content-Length", str(len(body)))] if "length" in target else []
        if "close" in target:
            headers.append(("Connection", "close"))
        send(h11.Response(status_code=200, headers=headers, reason="Fine"))
        if request.method != b"HEAD":
            send(h11.Data(data=body[:5]), h11.Data(data=body[5:]))
        send(h11.EndOfMessage())
        if connection.our_state is h11.MUST_CLOSE:
            return
        connection.start_next_cycle()


@contextmanager
def our_server(
    handle: Callable[[socket.socket, list[str]], None] = serve_one_socket,
) -> Iterator[tuple[int, list[str]]]:
    """Serves one connection in a thread; the list tells which requests came."""
    seen: list[str] = []
    failures: list[BaseException] = []

    def run() -> None:
        try:
            accepted, _ = listening.accept()
            with accepted:
                accepted.settimeout(PATIENCE)
                handle(accepted, seen)
        except BaseException as error:
            failures.append(error)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(PATIENCE)
        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield listening.getsockname()[1], seen
        finally:
            thread.join(PATIENCE)
    assert not failures, failures


def test_their_client_with_our_server_on_one_connection() -> None:
    whole = b"".join(BLOCKS)
    with our_server() as (port, seen):
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)) as client:
            for method, target, body, expected in (
                ("GET", "/length", None, b"got /length"),
                ("GET", "/chunked", None, b"got /chunked"),
                ("HEAD", "/length", None, b""),
                ("HEAD", "/chunked", None, b""),
                ("POST", "/length", whole, whole),
                ("POST", "/chunked", iter(BLOCKS), whole),
            ):
                client.request(method, target, body, encode_chunked=True)
                response = client.getresponse()
                assert (response.status, response.reason, response.read()) == (
                    200,
                    "Fine",
                    expected,
                )
                assert not response.will_close
            client.request("GET", "/length/close")
            response = client.getresponse()
            assert response.will_close and response.read() == b"got /length/close"
        assert [line.split()[0] for line in seen] == [
            "GET",
            "GET",
            "HEAD",
            "HEAD",
            "POST",
            "POST",
            "GET",
        ]


def test_our_server_answers_an_old_client_without_chunks() -> None:
    with our_server() as (port, seen):
        with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as client:
            client.sendall(b"GET /any HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            received = b"".join(iter(lambda: client.recv(READ_BYTES), b""))
        assert received == b"HTTP/1.1 200 Fine\r\nConnection: close\r\n\r\ngot /any"
        assert seen == ["GET /any 1.0"]


def test_our_server_tells_their_client_to_go_on() -> None:
    with (
        our_server() as (port, _),
        closing(http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)) as client,
    ):
        client.putrequest("POST", "/length/close")
        client.putheader("Content-Length", "4")
        client.putheader("Expect", "100-continue")
        client.endheaders()
        client.sock.settimeout(PATIENCE)
        interim = b""
        while not interim.endswith(b"\r\n\r\n"):
            interim += client.sock.recv(1)
        assert interim == b"HTTP/1.1 100 \r\n\r\n"
        client.send(b"body")
        assert client.getresponse().read() == b"body"


def test_our_server_takes_pipelined_requests() -> None:
    with our_server() as (port, seen):
        with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as client:
            requests = [
                b"GET /length/%d HTTP/1.1\r\nHost: a\r\n\r\n" % number for number in range(5)
            ]
            client.sendall(b"".join(requests) + b"GET /length/close HTTP/1.1\r\nHost: a\r\n\r\n")
            received = b"".join(iter(lambda: client.recv(READ_BYTES), b""))
        assert received.count(b"HTTP/1.1 200 Fine\r\n") == 6
        assert [line.split()[1] for line in seen] == [
            f"/length/{number}" for number in range(5)
        ] + ["/length/close"]
