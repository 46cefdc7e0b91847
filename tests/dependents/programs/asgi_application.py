"""The ASGI application that both servers serve."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

disconnects: list[str] = []  # paths of requests whose client left before the end of its body


async def application(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await echo_messages(receive, send)
    elif scope["type"] == "http":
        await ROUTES[scope["path"]](scope, receive, send)


async def echo(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """Describe the request, its body included."""
    body = await read_body(scope, receive)
    if body is None:
        return
    description = {
        "method": scope["method"],
        "http_version": scope["http_version"],
        "query": scope["query_string"].decode("latin-1"),
        "headers": [[n.decode("latin-1"), v.decode("latin-1")] for n, v in scope["headers"]],
        "length": len(body),
        "body": body[:100].decode("latin-1"),
    }
    await answer(send, 200, json.dumps(description).encode())


async def read_body(scope: dict[str, Any], receive: Receive) -> bytes | None:
    body = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            disconnects.append(scope["path"])
            return None
        body += message.get("body", b"")
        if not message.get("more_body", False):
            return body


async def stream(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """Five pieces and no announced length: the server has to choose a framing."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    for number in range(5):
        piece = b"piece %d;" % number
        await send({"type": "http.response.body", "body": piece, "more_body": True})
        await asyncio.sleep(0)
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def refuse(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """Answer without looking at the body."""
    await answer(send, 413, b"no, thank you")


async def crash(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """Raise before anything was sent."""
    raise RuntimeError("on purpose")


async def empty(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """A status that cannot have a body."""
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


async def report(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """The disconnects seen so far."""
    await answer(send, 200, json.dumps(disconnects).encode())


async def answer(send: Send, status: int, body: bytes) -> None:
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def echo_messages(receive: Receive, send: Send) -> None:
    """Accept a WebSocket and send back whatever it says."""
    assert (await receive())["type"] == "websocket.connect"
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        reply = {"type": "websocket.send"}
        reply.update({k: message[k] for k in ("text", "bytes") if message.get(k) is not None})
        await send(reply)


ROUTES = {
    "/echo": echo,
    "/upload": echo,
    "/stream": stream,
    "/refuse": refuse,
    "/crash": crash,
    "/empty": empty,
    "/report": report,
}
