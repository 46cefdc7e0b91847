"""The main job of the client, on a server that the demo starts by itself, or on a URL."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator

from httpbin_server import serve_httpbin

import h11client

ECHO_SIZE = 16_000_000  # bytes; what httpbin makes up by itself ends at 100 KiB
LINES = 2000
TEXT = {"Content-Type": "text/plain; charset=utf-8"}
BODY_SHOWN = 2000  # characters


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="scripts/demo",
        description="Show what the client does on a local httpbin, or fetch a URL.",
    )
    parser.add_argument("url", nargs="?", metavar="URL", help="an http or https URL to fetch")
    arguments = parser.parse_args()
    if arguments.url:
        return fetch(arguments.url)
    with serve_httpbin() as server, h11client.Session() as session:
        print(f"httpbin runs under gunicorn at {server}")
        show_json(session, server)
        show_download(session, server)
        show_upload(session, server)
        show_close(session, server)
    return 0


def show_json(session: h11client.Session, server: str) -> None:
    heading("a GET with its JSON")
    response = session.get(f"{server}/get", params={"greeting": "hello world"})
    answer = response.json()
    print(f"{response.request.method} {response.url}")
    print(f"{response.status_code} {response.reason}, {response.headers['Content-Type']}")
    print(json.dumps({"args": answer["args"], "origin": answer["origin"]}, indent=2))
    show_connection(response)


def show_download(session: h11client.Session, server: str) -> None:
    heading("a streamed download: httpbin sends back what it got")
    data = b"0123456789abcde\n" * (ECHO_SIZE // 16)
    size = pieces = 0
    with session.post(f"{server}/anything", data=data, headers=TEXT, stream=True) as response:
        started = time.perf_counter()
        for piece in response.iter_content(64 * 1024):
            size += len(piece)
            pieces += 1
        seconds = time.perf_counter() - started
    print(f"{size} bytes in {pieces} pieces: {size / seconds / 1e6:.0f} MB/s")
    show_connection(response)


def show_upload(session: h11client.Session, server: str) -> None:
    heading("a chunked upload from a generator")
    response = session.post(f"{server}/post", data=lines(), headers=TEXT)
    received = response.json()
    text = received["data"]
    print(f"sent: {LINES} lines, one chunk each, of unknown length when the upload began")
    print(
        f"the server received: Transfer-Encoding: {received['headers']['Transfer-Encoding']},"
        f" {len(text)} bytes, {text.count(chr(10))} lines"
    )
    print(f"the same text: {'yes' if text == b''.join(lines()).decode() else 'NO'}")
    show_connection(response)


def lines() -> Iterator[bytes]:
    for number in range(LINES):
        yield b"line %d\n" % number


def show_close(session: h11client.Session, server: str) -> None:
    heading("an answer that says Connection: close, and the request after it")
    response = session.get(f"{server}/get", headers={"Connection": "close"})
    print(f"{response.status_code} {response.reason}, Connection: {response.headers['Connection']}")
    show_connection(response)
    print("the next request:")
    show_connection(session.get(f"{server}/get"))


def fetch(url: str) -> int:
    try:
        response = h11client.get(url)
    except (h11client.RequestException, ValueError) as error:
        print(f"{type(error).__name__}: {error}")
        return 1
    print(f"{response.status_code} {response.reason}")
    for name, value in response.headers.items():
        print(f"{name}: {value}")
    print()
    text = response.text
    print(text[:BODY_SHOWN])
    if len(text) > BODY_SHOWN:
        print(f"... ({len(response.content)} bytes in all)")
    show_connection(response)
    return 0


def show_connection(response: h11client.Response) -> None:
    info = response.connection_info
    local, peer = info.local_address[1], info.peer_address[1]
    kind = "kept-alive" if info.reused else "new"
    print(
        f"[{kind} connection, our port {local} to peer port {peer}, request {info.requests_served}"
        f" on it, client/server {info.client_state}/{info.server_state}]"
    )


def heading(text: str) -> None:
    print(f"\n== {text}")


if __name__ == "__main__":
    raise SystemExit(main())
