"""`Attempt`: one try of a request for which there were several."""

from __future__ import annotations

__all__ = ["Attempt"]


class Attempt:
    """One attempt to get a response; a frozen value.

    `number` counts from 1; `url` is what was asked for. Either `status` is the status code of what
    came back, or `error` the exception; the other is None. `waited` is how many seconds were waited
    after it, before the next attempt.

    >>> Attempt(1, "http://example.org/", status=503, waited=0.5)
    Attempt(1, 'http://example.org/', status=503, waited=0.5)
    """

    __slots__ = ("number", "url", "status", "error", "waited")

    number: int
    url: str | None
    status: int | None
    error: Exception | None
    waited: float

    def __init__(
        self,
        number: int,
        url: str | None,
        *,
        status: int | None = None,
        error: Exception | None = None,
        waited: float = 0.0,
    ) -> None:
        put = object.__setattr__
        put(self, "number", number)
        put(self, "url", url)
        put(self, "status", status)
        put(self, "error", error)
        put(self, "waited", waited)

    def _values(self) -> tuple[object, ...]:
        return self.number, self.url, self.status, self.error, self.waited

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"an Attempt is frozen; {name!r} cannot be changed")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"an Attempt is frozen; {name!r} cannot be deleted")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Attempt):
            return NotImplemented
        return self._values() == other._values()

    def __hash__(self) -> int:
        return hash(self._values())

    def __repr__(self) -> str:
        what = f"status={self.status}" if self.error is None else f"error={self.error!r}"
        waited = f", waited={self.waited:.3g}" if self.waited else ""
        url = self.url and _without_query(self.url)
        return f"Attempt({self.number}, {url!r}, {what}{waited})"

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuilt, self._values()


def _without_query(url: str) -> str:
    """For a repr: in a query or fragment there may be a token."""
    place = url.partition("#")[0].partition("?")[0]
    return place if place == url else f"{place}?..."


def _rebuilt(
    number: int, url: str | None, status: int | None, error: Exception | None, waited: float
) -> Attempt:
    return Attempt(number, url, status=status, error=error, waited=waited)
