"""An HTTP/1.1 server on trio and h11 that answers each request with a description of it.

    python docs/examples/trio_server.py 8080
    curl -i http://localhost:8080/hello
    seq 100000 | curl -i -T - http://localhost:8080/upload        (chunked, Expect: 100-continue)

A client that meets trouble can drop its connection. A server has to answer, or at least to stay
upright, whatever arrives. What can go wrong here, and what then happens:

    the request is not HTTP                            400, or what h11 suggests (431, 501, ...)
    a method that nobody handles                       405 with Allow
    a body larger than we are willing to keep          413
    a request that begins and does not go on           408
    a connection on which nothing happens              closed without a word
    the handler raises, or takes too long              500, 503
    the client is gone                                 nothing more is sent, nothing is raised
    the server is told to stop                         requests under way are answered first

One rule makes this short: whether an answer may still be sent, and whether the connection may be
used again, is never remembered by us. It is asked of h11, which knows both sides' states.
"""

from __future__ import annotations

import json
import logging
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from http import HTTPStatus
from wsgiref.handlers import format_date_time

import trio

import h11

log = logging.getLogger("trio_server")

RECEIVE_SIZE = 64 * 1024  # bytes: large enough that an upload costs few wake-ups
ALLOWED = ("GET", "HEAD", "POST", "PUT")


class Settings:
    """How long we wait (in seconds) and how much we take (in bytes)."""

    def __init__(
        self,
        *,
        idle: float = 30.0,  # for the first byte of a request
        request: float = 10.0,  # from that byte to the end of the head; for each piece of body
        handler: float = 30.0,  # for the handler, the body that it reads included
        send: float = 10.0,  # for the client to take what we send
        linger: float = 2.0,  # for the client's close, after ours
        drain: float = 10.0,  # for requests under way, once we are told to stop
        max_body: int = 1024 * 1024,
    ) -> None:
        self.idle = idle
        self.request = request
        self.handler = handler
        self.send = send
        self.linger = linger
        self.drain = drain
        self.max_body = max_body


class HttpError(Exception):
    """An answer that is not the handler's: a status, a sentence, and headers of its own."""

    def __init__(self, status: int, text: str, headers: Sequence[tuple[str, str]] = ()) -> None:
        super().__init__(text)
        self.status = status
        self.headers = list(headers)


class ClientGone(Exception):
    """The client can no longer be read from or written to."""


class Reply:
    """What a handler returns: a status, a body, and the type of that body."""

    def __init__(self, status: int, body: bytes, content_type: str) -> None:
        self.status = status
        self.body = body
        self.content_type = content_type


class Client:
    """A trio stream with an h11.Connection on top: events instead of bytes."""

    def __init__(self, stream: trio.abc.HalfCloseableStream, settings: Settings) -> None:
        self.stream = stream
        self.settings = settings
        self.http = h11.Connection(our_role=h11.SERVER)

    async def send(self, *events: h11.Event) -> None:
        """Send events; the bytes of all of them leave together."""
        data = b"".join(self.http.send(event) or b"" for event in events)
        try:
            with trio.fail_after(self.settings.send):
                await self.stream.send_all(data)
        except (trio.BrokenResourceError, trio.ClosedResourceError, trio.TooSlowError) as error:
            # h11 believes that the bytes left. Now it is told that they did not.
            self.http.send_failed()
            raise ClientGone from error

    async def receive(self) -> None:
        """Wait for bytes once, and hand them (or the end of them) to h11."""
        try:
            self.http.receive_data(await self.stream.receive_some(RECEIVE_SIZE))
        except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
            raise ClientGone from error

    async def next_event(self) -> h11.Event:
        """Receive until there is an event."""
        while True:
            event = self.http.next_event()
            if isinstance(event, h11.Event):
                return event
            # PAUSED would mean that we read beyond the end of a request: not in this program.
            assert event is h11.NEED_DATA, event
            # Whoever waits for us to say "100 Continue" must hear it before we wait for a body
            # (RFC 9110 section 10.1.1). h11 knows when that is, so asking each time is enough.
            if self.http.they_are_waiting_for_100_continue:
                await self.send(h11.InformationalResponse(status_code=100, headers=our_headers()))
            await self.receive()

    def skip_buffered_body(self) -> None:
        """Pass over what is already here of a body that the handler did not read."""
        try:
            while self.http.their_state is h11.SEND_BODY:
                if self.http.next_event() is h11.NEED_DATA:
                    return
        except h11.RemoteProtocolError:
            pass  # now their_state is ERROR, and the connection will not be used again

    async def close(self) -> None:
        """Close in two steps, so that a client which is still sending can read our answer.

        RFC 9112 section 9.6: a full close while unread bytes arrive would make the system reset
        the connection, and the reset may overtake what we sent last.
        """
        try:
            with trio.move_on_after(self.settings.linger):
                await self.stream.send_eof()
                while await self.stream.receive_some(RECEIVE_SIZE):
                    pass
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass  # they were quicker
        finally:
            await trio.aclose_forcefully(self.stream)


class Body:
    """The body of a request, piece by piece, as far as the limits allow."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._room = client.settings.max_body

    def __aiter__(self) -> Body:
        return self

    async def __anext__(self) -> bytes:
        with trio.fail_after(self._client.settings.request):
            event = await self._client.next_event()
        if not isinstance(event, h11.Data):
            raise StopAsyncIteration
        self._room -= len(event.data)
        if self._room < 0:
            raise too_large(self._client.settings)
        return bytes(event.data)


Handler = Callable[[h11.Request, Body], Awaitable[Reply]]


def our_headers() -> list[tuple[str, str]]:
    """The headers that each of our answers carries (RFC 9110 sections 6.6.1 and 10.2.4)."""
    return [("Date", format_date_time(None)), ("Server", f"trio-server {h11.PRODUCT_ID}")]


def too_large(settings: Settings) -> HttpError:
    return HttpError(413, f"a body may have {settings.max_body} bytes at most")


async def echo(request: h11.Request, body: Body) -> Reply:
    """Describe a request as JSON."""
    method = request.method.decode("ascii")
    if method not in ALLOWED:
        raise HttpError(405, f"{method} is not served here", [("Allow", ", ".join(ALLOWED))])
    pieces = [piece async for piece in body]
    description = {
        "method": method,
        "target": request.target.decode("ascii"),
        "http_version": request.http_version.decode("ascii"),
        # Values may hold any byte above 0x7F: ISO-8859-1 keeps them apart and never fails.
        "headers": [[n.decode("ascii"), v.decode("latin-1")] for n, v in request.headers],
        "body": b"".join(pieces).decode("utf-8", "replace"),
    }
    text = json.dumps(description, indent=2, sort_keys=True) + "\n"
    return Reply(200, text.encode(), "application/json")


def reply_to_error(error: Exception) -> tuple[Reply, list[tuple[str, str]]]:
    """The reply that tells a client of an error, and headers that go with it."""
    headers: list[tuple[str, str]] = []
    if isinstance(error, HttpError):
        status, text, headers = error.status, str(error), error.headers
    elif isinstance(error, h11.RemoteProtocolError):
        # Their mistake; h11 suggests a status: 400 unless it knows a better one.
        status, text = error.error_status_hint, str(error)
    elif isinstance(error, trio.TooSlowError):
        status, text = 408, "the request did not arrive in time"
    else:
        # Our mistake. The traceback is for our log, not for a stranger.
        log.error("the handler failed", exc_info=error)
        status, text = 500, "something went wrong here"
    return Reply(status, f"{text}\n".encode(), "text/plain; charset=utf-8"), headers


class Server:
    """Serves a handler on listeners until it is told to stop."""

    def __init__(self, handler: Handler = echo, settings: Settings | None = None) -> None:
        self.handler = handler
        self.settings = settings or Settings()
        self.stopping = False
        self._accepting = trio.CancelScope()
        self._idle: set[trio.CancelScope] = set()  # one per connection that waits for a request

    async def serve(self, listeners: Sequence[trio.SocketListener]) -> None:
        """Accept and serve; after `stop`, return when the last answer has been sent."""
        async with trio.open_nursery() as clients:
            with self._accepting:
                await trio.serve_listeners(
                    self.serve_client, list(listeners), handler_nursery=clients
                )
            clients.cancel_scope.deadline = trio.current_time() + self.settings.drain

    def stop(self) -> None:
        """Take no more connections, close the idle ones, let the others finish."""
        self.stopping = True
        self._accepting.cancel()
        for scope in self._idle:
            scope.cancel()

    async def serve_client(self, stream: trio.abc.HalfCloseableStream) -> None:
        """Serve one connection from its first byte to its close."""
        client = Client(stream, self.settings)
        try:
            while await self._serve_request(client):
                # Both sides are DONE: h11 gets ready for the next request, which may already
                # be in its buffer when the client did not wait for our answer (pipelining).
                client.http.start_next_cycle()
        except ClientGone as error:
            log.info("the client is gone: %r", error.__cause__)
        except Exception:
            log.exception("closing a connection after an error that nobody expected")
        finally:
            await client.close()

    async def _serve_request(self, client: Client) -> bool:
        """Read a request and answer it; True when another one may follow."""
        if not await self._request_begins(client):
            return False
        request: h11.Request | None = None
        headers: list[tuple[str, str]] = []
        try:
            with trio.fail_after(self.settings.request):
                event = await client.next_event()
            if not isinstance(event, h11.Request):
                return False  # ConnectionClosed: the proper end of a connection
            request = event
            reply = await self._handle(client, request)
        except ClientGone:
            raise
        except Exception as error:
            reply, headers = reply_to_error(error)
        await self._answer(client, request, reply, headers)
        return client.http.states == {h11.CLIENT: h11.DONE, h11.SERVER: h11.DONE}

    async def _request_begins(self, client: Client) -> bool:
        """Wait for the first byte; False when it did not come, or we are stopping."""
        if client.http.trailing_data[0]:
            return True
        if self.stopping:
            return False
        with trio.move_on_after(self.settings.idle) as scope:
            self._idle.add(scope)
            try:
                await client.receive()
            finally:
                self._idle.discard(scope)
        return not scope.cancelled_caught

    async def _handle(self, client: Client, request: h11.Request) -> Reply:
        """Call the handler within its time, unless the body is announced to be too large."""
        announced = [int(value) for name, value in request.headers if name == b"content-length"]
        if sum(announced) > self.settings.max_body:
            raise too_large(self.settings)  # before the client hears "100 Continue"
        with trio.move_on_after(self.settings.handler):
            return await self.handler(request, Body(client))
        raise HttpError(503, "this takes too long")

    async def _answer(
        self,
        client: Client,
        request: h11.Request | None,
        reply: Reply,
        headers: list[tuple[str, str]],
    ) -> None:
        """Send a reply, unless it is too late for one."""
        http = client.http
        if http.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            return
        client.skip_buffered_body()
        headers = our_headers() + headers
        headers.append(("Content-Type", reply.content_type))
        headers.append(("Content-Length", str(len(reply.body))))
        # A request that has not come to its end will not: there is no way to tell where the
        # next one would begin. h11 adds this header by itself where HTTP/1.0 asks for it.
        if self.stopping or http.their_state in (h11.IDLE, h11.SEND_BODY, h11.ERROR):
            headers.append(("Connection", "close"))
        reason = HTTPStatus(reply.status).phrase
        response = h11.Response(status_code=reply.status, headers=headers, reason=reason)
        events: list[h11.Event] = [response]
        if request is None or request.method != b"HEAD":
            events.append(h11.Data(data=reply.body))
        await client.send(*events, h11.EndOfMessage())


async def main(port: int) -> None:
    """Serve on a port of this machine until SIGINT or SIGTERM."""
    server = Server()
    listeners = await trio.open_tcp_listeners(port, host="127.0.0.1")
    address = listeners[0].socket.getsockname()
    async with trio.open_nursery() as nursery:
        with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
            nursery.start_soon(server.serve, listeners)
            print(f"listening on http://{address[0]}:{address[1]}", flush=True)
            async for _ in signals:
                server.stop()
                break  # a second signal ends the program at once


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    trio.run(main, int(sys.argv[1]) if len(sys.argv) > 1 else 8080)
