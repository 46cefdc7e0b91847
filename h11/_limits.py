"""How much a peer may send of what is not a body: the caps of the parser."""

from __future__ import annotations


class ParserLimits:
    """Caps on the parts of a message that are not body bytes; a frozen value.

    Each cap gives the same verdict however the bytes were split. A message over a cap is a
    `RemoteProtocolError`, with hint 431 (RFC 6585 section 5) where it is about size.

    Args:
        fields: header fields in one head, and in one trailer section.
        status_line: bytes in a status line, without its line end.
        trailers: bytes in a trailer section, from its first field through its blank line.
        chunk_line: bytes in a chunk-size line with its extensions, without its line end.
        chunk_overhead: bytes by which size lines may outweigh the data they announce: the sum over
            the chunks of (size line + 2) less (16 + 2 x chunk length), never below 0.
        informational: 1xx responses before one final response.

    Raises:
        ValueError: a cap is below 1.
        TypeError: a cap is not an int.

    Example:
        >>> ParserLimits(fields=100).fields
        100
    """

    __slots__ = (
        "chunk_line",
        "chunk_overhead",
        "fields",
        "informational",
        "status_line",
        "trailers",
    )
    fields: int
    status_line: int
    trailers: int
    chunk_line: int
    chunk_overhead: int
    informational: int

    def __init__(
        self,
        *,
        fields: int = 512,  # Apache allows 100, IIS none at all: far above what programs send
        status_line: int = 8192,
        trailers: int = 32 * 1024,
        chunk_line: int = 4096,
        chunk_overhead: int = 16 * 1024,
        informational: int = 32,
    ) -> None:
        caps = {
            "fields": fields,
            "status_line": status_line,
            "trailers": trailers,
            "chunk_line": chunk_line,
            "chunk_overhead": chunk_overhead,
            "informational": informational,
        }
        for name, cap in caps.items():
            if type(cap) is not int:
                raise TypeError(f"{name} must be an int, not {type(cap).__name__}")
            if cap < 1:
                raise ValueError(f"{name} must be at least 1, not {cap}")
            object.__setattr__(self, name, cap)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"ParserLimits is frozen: cannot set {name}")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"ParserLimits is frozen: cannot delete {name}")

    def _caps(self) -> dict[str, int]:
        return {name: getattr(self, name) for name in self.__slots__}

    def __eq__(self, other: object) -> bool:
        return self._caps() == other._caps() if isinstance(other, ParserLimits) else NotImplemented

    def __hash__(self) -> int:
        return hash(tuple(self._caps().values()))

    def __repr__(self) -> str:
        return f"ParserLimits({', '.join(f'{name}={cap}' for name, cap in self._caps().items())})"

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (self._caps(),)


def _rebuild(caps: dict[str, int]) -> ParserLimits:
    return ParserLimits(**caps)


DEFAULT_LIMITS = ParserLimits()

# Bytes of a head. Twice what common servers allow, with room for one large cookie: Node.js 16 KiB,
# Apache and nginx 8 KiB a line.
DEFAULT_MAX_INCOMPLETE_EVENT_SIZE = 16 * 1024
