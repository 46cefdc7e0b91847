"""What every client of the campaign is given, and what it says of how a request ended."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

from tests.chaos.cases import Case


class Mine(Exception):
    """Raised by the caller's own code, and never to be changed."""


class Outcome:
    """How one request ended, for whoever asked for it."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.status: int | None = None  # None: there is no complete answer
        self.nonce: str | None = None
        self.body = b""
        self.trailer: str | None = None  # the nonce in the trailers
        self.chunked = False
        self.error: BaseException | None = None
        self.seconds = 0.0  # on the clock that the deadline goes by
        self.cpu = 0.0
        self.not_closed = 0  # connections that were left open by an error
        self.given = 0  # bytes that were read, in memory
        self.changed: str | None = None  # an object of the caller's


class Again:
    """Pieces without a known length, which can be had again."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    def __iter__(self) -> Iterator[bytes]:
        step = max(len(self.content) // 4, 1)
        return (self.content[n : n + step] for n in range(0, len(self.content), step))


def body_of(case: Case, skipped: bytes = b"skipped") -> Any:
    """What is given as `data=`; a file is given at an offset, behind what is not to be sent."""
    if not case.has_body:
        return None
    content = case.question()
    if case.method_kind in ("PATCH", "POST", "PUT"):
        return content
    if case.method_kind == "PUT file":
        file = io.BytesIO(skipped + content)
        file.seek(len(skipped))
        return file
    pieces = Again(content)
    if case.act == "body raises":
        return _raising(list(pieces), case.act_at)
    return iter(pieces) if case.method_kind == "PUT one-shot" else pieces


def _raising(pieces: list[bytes], at: int) -> Iterator[bytes]:
    for number, piece in enumerate(pieces):
        if number == at:
            raise Mine
        yield piece
    raise Mine
