"""A loopback service for programs of other people: routes, a log of requests, and a proxy to itself.

One server plays every host. A program reaches it by its own address, or by any name when it takes
the server for its proxy: `GET http://name/` and, with TLS, `CONNECT name:443`.
"""

from __future__ import annotations

import contextlib
import json
import re
import ssl
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

Fields = list[tuple[str, str]]


class Call:
    """A request as it came."""

    def __init__(self, method: str, target: str, headers: Fields, body: bytes, tls: bool) -> None:
        self.method = method
        self.headers = headers
        self.body = body
        self.tls = tls
        self.target = target
        parts = urlsplit(target)
        self.host = parts.netloc or self.header("Host") or ""
        self.path = parts.path
        self.query = parts.query
        self.arguments = dict(parse_qsl(parts.query))

    def header(self, name: str) -> str | None:
        """The value of a field; None when it is absent."""
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        return ", ".join(values) if values else None

    def told(self) -> dict[str, Any]:
        """What a log says of it."""
        return {
            "method": self.method,
            "host": self.host,
            "target": self.target,
            "tls": self.tls,
            "headers": self.headers,
            "body": self.body,
        }


class Answer:
    """A response to be."""

    def __init__(
        self,
        body: bytes | str | object = b"",
        status: int = 200,
        headers: Fields | None = None,
        *,
        chunked: bool = False,
        cut_short: bool = False,
        reason: str | None = None,
    ) -> None:
        self.status = status
        self.headers = list(headers or ())
        if isinstance(body, str):
            body = body.encode()
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
            self.headers.append(("Content-Type", "application/json"))
        self.body: bytes = body
        self.reason = reason  # None: the usual one
        self.chunked = chunked
        self.cut_short = cut_short  # closes in the middle of the body


Handler = Callable[..., Answer]


class Service:
    """Routes and what was asked of them."""

    def __init__(self) -> None:
        self.routes: list[tuple[str, re.Pattern[str], Handler]] = []
        self.calls: list[Call] = []
        self.lock = threading.Lock()
        self.base = ""

    def route(self, method: str, pattern: str) -> Callable[[Handler], Handler]:
        """Registers a handler for a method (`*` is any) and a pattern of host and path."""

        def register(handler: Handler) -> Handler:
            self.routes.append((method, re.compile(pattern), handler))
            return handler

        return register

    def answer(self, call: Call) -> Answer:
        """What the first matching route says; the groups of its pattern are its arguments."""
        with self.lock:
            self.calls.append(call)
        for method, pattern, handler in self.routes:
            found = pattern.fullmatch(call.host + call.path)
            if method in (call.method, "*") and found:
                return handler(call, *found.groups())
        return Answer({"message": "404 Not Found"}, 404)

    def take_log(self) -> list[dict[str, Any]]:
        """The requests since the last time."""
        with self.lock:
            calls, self.calls = self.calls, []
        return [call.told() for call in calls]


class _Exchange(BaseHTTPRequestHandler):
    """The HTTP of one connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # a response leaves in one piece
    server: _Server
    tls = False

    def log_message(self, format: str, *arguments: object) -> None: ...

    def do_CONNECT(self) -> None:
        """A tunnel whose other end is this server."""
        self.send_response_only(200)
        self.end_headers()
        self.wfile.flush()
        context = self.server.context
        if context is None:
            self.close_connection = True
            return
        self.connection = context.wrap_socket(self.connection, server_side=True)
        self.tls = True
        self.close_connection = False  # whatever the version of the CONNECT was
        self.setup_files()

    def setup_files(self) -> None:
        self.rfile.close()
        self.rfile = self.connection.makefile("rb", self.rbufsize)
        self.wfile = self.connection.makefile("wb")

    def finish(self) -> None:
        with contextlib.suppress(OSError):
            super().finish()
        if self.tls:
            self.connection.close()  # the server knows only of the socket under it

    def exchange(self) -> None:
        call = Call(self.command, self.path, self.headers.items(), self.read_body(), self.tls)
        answer = self.server.service.answer(call)
        self.send_response_only(answer.status, answer.reason)
        for name, value in answer.headers:
            self.send_header(name, value)
        body = b"" if self.command == "HEAD" else answer.body
        if answer.chunked:
            self.send_header("Transfer-Encoding", "chunked")
            pieces = [body[i : i + 1000] for i in range(0, len(body), 1000)]
            body = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in [*pieces, b""])
        elif answer.status not in (204, 304):
            self.send_header("Content-Length", str(len(answer.body)))
        if self.close_connection:  # the client has said so
            self.send_header("Connection", "close")
        self.end_headers()
        if answer.cut_short:
            self.close_connection = True
            body = body[: len(body) // 2]
        self.wfile.write(body)
        self.wfile.flush()

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = exchange

    def read_body(self) -> bytes:
        if "chunked" not in (self.headers["Transfer-Encoding"] or ""):
            return self.rfile.read(int(self.headers["Content-Length"] or 0))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    service: Service
    context: ssl.SSLContext | None

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is no error here."""


@contextlib.contextmanager
def serving(service: Service, context: ssl.SSLContext | None = None) -> Iterator[str]:
    """Serves in a thread until the block ends; gives the URL."""
    server = _Server(("127.0.0.1", 0), _Exchange)
    server.service, server.context = service, context
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    service.base = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield service.base
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
