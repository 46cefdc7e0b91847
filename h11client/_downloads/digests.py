"""Digests that a download has to have."""

from __future__ import annotations

from collections.abc import Mapping

from h11client.exceptions import DigestMismatch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeAlias

    # "sha256:0123...", or a mapping of algorithms to digests.
    DigestArgument: TypeAlias = "str | Mapping[str, str] | None"

__all__ = ["Digests"]

# As registered for HTTP (RFC 9530) and elsewhere, and as `hashlib` calls them.
_SPELLINGS = {f"sha-{size}": f"sha{size}" for size in ("1", "224", "256", "384", "512")}


class Digests:
    """What the digests of a file's bytes have to be, and what they are so far.

    `size` is the number of bytes that have been counted in.

    >>> digests = Digests.of("sha-1:A9993E364706816ABA3E25717850C26C9CD0D89D")
    >>> digests.update(b"abc")
    >>> digests.check("a.txt")
    """

    __slots__ = ("_expected", "_hashes", "size")

    def __init__(self, expected: dict[str, str]) -> None:
        self._expected = expected
        self.reset()

    @staticmethod
    def of(given: Any) -> Digests | None:
        """What a `digest=` argument means; None for none.

        Raises `ValueError` for an algorithm that there is not here, or a digest that is not one of
        its; `TypeError` for anything else that was not meant.
        """
        if given is None or given == {}:
            return None
        if isinstance(given, str):
            algorithm, colon, digest = given.partition(":")
            if not colon:
                raise ValueError(f'digest= is "algorithm:digest", not {given[:100]!r}')
            given = {algorithm: digest}
        if not isinstance(given, Mapping):
            raise TypeError('digest= is "algorithm:digest", or a mapping of these')
        return Digests(dict(_checked(name, digest) for name, digest in given.items()))

    def reset(self) -> None:
        """Begins again with the first byte."""
        self._hashes = {name: _new(name) for name in self._expected}
        self.size = 0

    def update(self, data: bytes) -> None:
        """Counts in what comes next."""
        self.size += len(data)
        for found in self._hashes.values():
            found.update(data)

    def check(self, path: str) -> None:
        """Raises `DigestMismatch` unless every digest is what it has to be."""
        for name, expected in self._expected.items():
            actual = self._hashes[name].hexdigest()
            if actual != expected:
                raise DigestMismatch(
                    f"what came for {path!r} has the {name} digest {actual}, not {expected}",
                    path=path,
                    algorithm=name,
                    expected=expected,
                    actual=actual,
                )


def _checked(name: Any, digest: Any) -> tuple[str, str]:
    if not isinstance(name, str) or not isinstance(digest, str):
        raise TypeError("algorithms and digests are text, digests in hexadecimal")
    algorithm = name.strip().lower()
    algorithm = _SPELLINGS.get(algorithm, algorithm)
    size = _new(algorithm).digest_size
    hexadecimal = digest.strip().lower()
    if len(hexadecimal) != 2 * size or set(hexadecimal) - set("0123456789abcdef"):
        raise ValueError(f"a {algorithm} digest has {2 * size} hexadecimal digits")
    return algorithm, hexadecimal


def _new(algorithm: str) -> Any:
    from hashlib import new

    try:
        made = new(algorithm, usedforsecurity=False)
    except ValueError as error:
        raise ValueError(f"there is no digest {algorithm[:100]!r} here") from error
    if not made.digest_size:
        raise ValueError(f"a {algorithm} digest can be of any length, and cannot be checked")
    return made
