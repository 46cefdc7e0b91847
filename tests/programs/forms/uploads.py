"""Streamed forms of requests_toolbelt as bodies: what they say of their length is what is sent.

python -I uploads.py h11client http://127.0.0.1:8000 /a/folder

requests_toolbelt itself is as it was installed, on requests; only the session is of the library.
"""

from __future__ import annotations

import importlib
import io
import json
import sys
from pathlib import Path
from typing import Any

from requests_toolbelt import MultipartEncoder, MultipartEncoderMonitor, StreamingIterator


def main(library: str, url: str, folder: Path) -> None:
    (folder / "large").write_bytes(b"0123456789" * 30_000)
    with importlib.import_module(library).Session() as session:
        found = {
            "encoder": encoder(session, url, folder),
            "monitor": monitor(session, url, folder),
            "iterator": iterator(session, url),
            "in one piece": in_one_piece(session, url),
        }
    print(json.dumps(found))


def form(folder: Path) -> MultipartEncoder:
    return MultipartEncoder(
        fields=[
            ("field", "välue"),
            ("memory", ("name.txt", io.BytesIO(b"in memory"), "text/plain")),
            ("file", ("large", (folder / "large").open("rb"), "application/octet-stream")),
        ],
        boundary="the-same-each-time",
    )


def close(encoder: MultipartEncoder) -> None:
    encoder.fields[2][1][1].close()


def encoder(session: Any, url: str, folder: Path) -> list[Any]:
    body = form(folder)
    headers = {"Content-Type": body.content_type}
    response = session.post(f"{url}/toolbelt/upload", data=body, headers=headers)
    close(body)
    sent = response.request
    return [
        response.status_code,
        sent.headers["Content-Length"] == str(body.len),
        body.read(1) == b"",
    ]


def monitor(session: Any, url: str, folder: Path) -> list[Any]:
    body, seen = form(folder), []
    watched = MultipartEncoderMonitor(body, lambda monitor: seen.append(monitor.bytes_read))
    headers = {"Content-Type": watched.content_type}
    response = session.put(f"{url}/toolbelt/upload", data=watched, headers=headers)
    close(body)
    return [response.status_code, seen == sorted(seen), seen[-1] == watched.len, watched.bytes_read]


def iterator(session: Any, url: str) -> list[Any]:
    pieces = StreamingIterator(11, iter([b"some ", b"pieces"]))
    response = session.post(f"{url}/toolbelt/upload", data=pieces)
    return [response.status_code, response.request.headers["Content-Length"]]


def in_one_piece(session: Any, url: str) -> list[Any]:
    body = MultipartEncoder({"a": "b", "c": ("d", b"e")}, boundary="x")
    headers = {"Content-Type": body.content_type}
    response = session.post(f"{url}/toolbelt/upload", data=body.to_string(), headers=headers)
    return [response.status_code, response.request.headers["Content-Length"]]


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
