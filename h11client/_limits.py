"""`Limits`: how much of everything the client keeps, reads and waits for."""

from __future__ import annotations

__all__ = ["Limits"]

_MAY_BE_ZERO = frozenset(["max_idle", "idle_timeout", "drain_bytes", "drain_seconds", "codings"])
_MAY_BE_NONE = frozenset(["max_connections", "max_per_origin", "idle_timeout"])
_SECONDS = frozenset(["idle_timeout", "drain_seconds"])


class Limits:
    """Bounds on connections, on what a server may send, and on what is drained; a frozen value.

    Connections: `max_connections` in all and `max_per_origin` (None: no bound), `max_idle` kept
    for reuse, each for at most `idle_timeout` seconds (None: for ever).
    Heads, in bytes: `status_line`, `head` (status line and fields together), `trailers`, and
    `fields`, a count. Chunked bodies, in bytes: `chunk_line`, and `chunk_overhead`, by which the
    size lines may outweigh the data (RFC 9112 section 7.1.1). `informational`: how many 1xx
    responses may come before the answer (RFC 9110 section 15.2).
    A body closed before its end is read to the end when at most `drain_bytes` are left, for at
    most `drain_seconds`. `url`: bytes of a URL. `codings`: content codings on top of each other.
    Cookies: `cookie`, bytes of a name and its value; `cookies_per_domain` and `cookies` that
    servers can have kept; `cookie_line`, bytes of what is sent of them (RFC 6265 section 6.1).

    Raises `TypeError` for a value that is no number, `ValueError` for one out of range.

    >>> limits = Limits(max_connections=4)
    >>> limits.max_connections, limits.max_idle
    (4, 20)
    >>> limits == Limits(max_connections=4)
    True
    """

    __slots__ = (
        "max_connections",
        "max_idle",
        "max_per_origin",
        "idle_timeout",
        "status_line",
        "head",
        "fields",
        "trailers",
        "chunk_line",
        "chunk_overhead",
        "informational",
        "drain_bytes",
        "drain_seconds",
        "url",
        "codings",
        "cookie",
        "cookies_per_domain",
        "cookies",
        "cookie_line",
    )

    max_connections: int | None
    max_idle: int
    max_per_origin: int | None
    idle_timeout: float | None
    status_line: int
    head: int
    fields: int
    trailers: int
    chunk_line: int
    chunk_overhead: int
    informational: int
    drain_bytes: int
    drain_seconds: float
    url: int
    codings: int
    cookie: int
    cookies_per_domain: int
    cookies: int
    cookie_line: int

    def __init__(
        self,
        *,
        max_connections: int | None = 100,
        max_idle: int = 20,
        max_per_origin: int | None = None,
        idle_timeout: float | None = 60.0,
        status_line: int = 8 * 1024,
        head: int = 128 * 1024,
        fields: int = 512,
        trailers: int = 32 * 1024,
        chunk_line: int = 4 * 1024,
        chunk_overhead: int = 16 * 1024,
        informational: int = 32,
        drain_bytes: int = 256 * 1024,  # cheaper to read than to reconnect
        drain_seconds: float = 0.05,
        url: int = 64 * 1024,
        codings: int = 5,
        cookie: int = 4096,
        cookies_per_domain: int = 50,
        cookies: int = 3000,
        cookie_line: int = 8190,  # what servers take of one line
    ) -> None:
        given = locals()
        for name in self.__slots__:
            object.__setattr__(self, name, _checked(name, given[name]))

    def _values(self) -> dict[str, object]:
        return {name: getattr(self, name) for name in self.__slots__}

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"Limits are frozen; make new ones to change {name!r}")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"Limits are frozen; {name!r} cannot be deleted")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Limits):
            return NotImplemented
        return self._values() == other._values()

    def __hash__(self) -> int:
        return hash(tuple(self._values().values()))

    def __repr__(self) -> str:
        return f"Limits({', '.join(f'{name}={value!r}' for name, value in self._values().items())})"

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (self._values(),)


def _checked(name: str, value: object) -> object:
    if value is None and name in _MAY_BE_NONE:
        return None
    numbers = (int, float) if name in _SECONDS else (int,)
    if isinstance(value, bool) or not isinstance(value, numbers):
        raise TypeError(f"Limits({name}=) takes a number, not {type(value).__name__}")
    least = 0 if name in _MAY_BE_ZERO else 1
    if not value >= least or value == float("inf"):  # written so that NaN is refused too
        raise ValueError(f"Limits({name}=) is at least {least} and finite, not {value!r}")
    return value


def _rebuild(values: dict[str, int]) -> Limits:
    return Limits(**values)
