"""Responses without a network: a head, and a body that is given in pieces."""

from __future__ import annotations

from typing import Any

from h11client._engine import h11
from h11client._messages.request import PreparedRequest, Request
from h11client._messages.response import Response

URL = "http://example.com/a?b=c"


class FakeBody:
    """What a response reads: the pieces, then perhaps an exception; notes how it was used."""

    def __init__(
        self, *pieces: bytes, error: BaseException | None = None, **attributes: Any
    ) -> None:
        self.left = list(pieces)
        self.error = error
        self.asked: list[int] = []
        self.closed = 0
        for name, value in attributes.items():
            setattr(self, name, value)

    def read(self, max_bytes: int) -> bytes:
        self.asked.append(max_bytes)
        assert max_bytes > 0
        if not self.left:
            if self.error is not None:
                raise self.error
            return b""
        piece = self.left.pop(0)
        if len(piece) > max_bytes:
            self.left.insert(0, piece[max_bytes:])
        return piece[:max_bytes]

    def close(self) -> None:
        self.closed += 1


def request_of(method: str = "GET") -> PreparedRequest:
    return Request(method, URL).prepare()


def response_of(
    *pieces: bytes,
    status: int = 200,
    headers: Any = (),
    method: str = "GET",
    reason: bytes = b"OK",
    body: FakeBody | None = None,
    **attributes: Any,
) -> Response:
    fields = headers.items() if isinstance(headers, dict) else headers
    return Response(
        request=request_of(method),
        head=h11.Response(status_code=status, reason=reason, headers=list(fields)),
        body=FakeBody(*pieces, **attributes) if body is None else body,
        elapsed=1.5,
    )
