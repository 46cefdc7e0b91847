"""httpcore_client.py ENGINE: performs the requests that come as lines of JSON on stdin, and reports.

A line: {"method", "url", "headers", "body": str | [str] | null, "ca": path | null, "proxy": url | null}.
One connection pool per (ca, proxy), so that connections are used again where the engine allows it.
"""

from __future__ import annotations

import hashlib
import json
import ssl
import sys
from typing import Any

import engine
import httpcore

engine.check(sys.argv[1])
pools: dict[tuple[str | None, str | None], httpcore.ConnectionPool] = {}


def pool_for(ca: str | None, proxy: str | None) -> httpcore.ConnectionPool:
    if (ca, proxy) not in pools:
        context = ssl.create_default_context(cafile=ca) if ca else None
        pools[ca, proxy] = httpcore.ConnectionPool(
            ssl_context=context, proxy=httpcore.Proxy(proxy) if proxy else None
        )
    return pools[ca, proxy]


def perform(task: dict[str, Any]) -> dict[str, Any]:
    pool = pool_for(task.get("ca"), task.get("proxy"))
    body = task.get("body")
    content: list[bytes] | bytes | None = None
    if body is not None:
        content = [piece.encode() for piece in body] if isinstance(body, list) else body.encode()
    timeouts = dict.fromkeys(("connect", "read", "write", "pool"), 20.0)
    try:
        with pool.stream(
            task["method"],
            task["url"],
            headers=[tuple(pair) for pair in task.get("headers", [])],
            content=content,
            extensions={"timeout": timeouts},
        ) as response:
            return describe(response, task)
    except Exception as error:
        return {"error": type(error).__name__, "text": str(error)}


def describe(response: httpcore.Response, task: dict[str, Any]) -> dict[str, Any]:
    stream = response.extensions["network_stream"]
    facts: dict[str, Any] = {
        "status": response.status,
        "headers": [[n.decode("latin-1"), v.decode("latin-1")] for n, v in response.headers],
        "http_version": response.extensions["http_version"].decode(),
        "reason": response.extensions["reason_phrase"].decode("latin-1"),
        "local_port": stream.get_extra_info("client_addr")[1],
    }
    if response.status == 101:
        stream.write(b"ping")
        facts["upgraded"] = stream.read(4096, timeout=20).decode()
        return facts
    pieces = list(response.iter_stream())
    content = b"".join(pieces)
    facts["length"] = len(content)
    facts["digest"] = hashlib.sha256(content).hexdigest()
    facts["text"] = content[:4096].decode("latin-1")
    return facts


engine.say(ready=True)
for line in sys.stdin:
    engine.say(**perform(json.loads(line)))
