"""What comes before the answer: 1xx responses (RFC 9110 section 15.2)."""

from __future__ import annotations

from h11client._messages.headers import Headers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from h11client._engine import h11

__all__ = ["InformationalResponse"]


class InformationalResponse:
    """A 1xx response: `status_code`, `reason` and `headers`. It is never the answer.

    `Link` fields of a 103 say what the answer will need (RFC 8297).
    """

    __slots__ = ("headers", "reason", "status_code")

    def __init__(self, status_code: int, reason: str, headers: Headers) -> None:
        self.status_code = status_code
        self.reason = reason
        self.headers = headers

    @staticmethod
    def of(event: h11.InformationalResponse) -> InformationalResponse:
        """The same as the engine says it."""
        headers = Headers.from_wire(event.headers.raw_items())
        return InformationalResponse(event.status_code, event.reason.decode("latin-1"), headers)

    def __reduce__(self) -> tuple[object, ...]:
        return InformationalResponse, (self.status_code, self.reason, self.headers)

    def __repr__(self) -> str:
        return f"<InformationalResponse [{self.status_code}]>"
