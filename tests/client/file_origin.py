"""A server with one file, which knows ranges and validators, and breaks off where it is told."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from h11client import exceptions
from h11client.testing import Answer


class FileOrigin:
    """A handler for `MockTransport`, which answers as RFC 9110 sections 13 and 14 say.

    `cuts` are, for one answer after the other, the number of bytes after which its body breaks off;
    None, and all that follow, are whole. `ranges=False` is a server that knows none. Kept: `asked`,
    the (Range, If-Range) of each request.
    """

    def __init__(
        self,
        content: bytes,
        etag: str | None = '"v1"',
        *,
        cuts: Iterable[int | None] = (),
        ranges: bool = True,
        headers: dict[str, str] | None = None,
        length: bool = True,
        piece: int = 65536,
    ) -> None:
        self.content = content
        self.etag = etag
        self.cuts = iter(cuts)
        self.ranges = ranges
        self.headers = headers or {}
        self.length = length
        self.piece = piece
        self.asked: list[tuple[str | None, str | None]] = []

    def __call__(self, request: Any) -> Answer:
        wanted, condition = request.headers.get("Range"), request.headers.get("If-Range")
        self.asked.append((wanted, condition))
        headers = dict(self.headers)
        if self.etag is not None:
            headers["ETag"] = self.etag
        validators = (self.etag, headers.get("Last-Modified"))
        start, status = 0, 200
        if wanted is not None and self.ranges and condition in validators:
            start = int(wanted.removeprefix("bytes=").removesuffix("-"))
            if start >= len(self.content):
                headers["Content-Range"] = f"bytes */{len(self.content)}"
                return Answer(416, "no such range", headers)
            status = 206
            headers["Content-Range"] = f"bytes {start}-{len(self.content) - 1}/{len(self.content)}"
        body = self.content[start:]
        if self.length:
            headers["Content-Length"] = str(len(body))
        cut = next(self.cuts, None)
        sent = body if cut is None else body[:cut]
        pieces: list[bytes | BaseException] = [
            sent[at : at + self.piece] for at in range(0, len(sent), self.piece)
        ]
        if cut is not None:
            pieces.append(exceptions.IncompleteBody("cut", partial_length=cut))
        return Answer(status, pieces, headers)
