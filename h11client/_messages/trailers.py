"""Request trailers: fields which go out behind a chunked body, when their values are known.

Their names are announced in the head (RFC 9110 section 6.6.2), so they have to be known before;
their values may be computed when the body is over.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from h11client._messages.headers import check_field
from h11client.exceptions import InvalidHeader, LocalProtocolError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeAlias

    Text: TypeAlias = str | bytes
    Field: TypeAlias = tuple[bytes, bytes]
    # A value, or what computes it when the body is over.
    LateValue: TypeAlias = Text | Callable[[], Text]
    Pairs: TypeAlias = Mapping[str, LateValue] | Iterable[tuple[Text, LateValue]]
    TrailersArgument: TypeAlias = Pairs | Callable[[], Pairs] | None

__all__ = ["Trailers"]

# RFC 9110 section 6.5.1: what a recipient has to know before the body, or acts on without asking
# where it stood: framing, routing, modifiers, credentials, and what the content is.
_REFUSED = frozenset(
    [
        *(b"transfer-encoding", b"content-length", b"trailer", b"te", b"connection", b"upgrade"),
        *(b"keep-alive", b"proxy-connection", b"host", b"expect", b"max-forwards", b"range"),
        *(b"cache-control", b"pragma", b"if-match", b"if-none-match", b"if-modified-since"),
        *(b"if-unmodified-since", b"if-range", b"authorization", b"proxy-authorization"),
        *(b"cookie", b"set-cookie", b"content-encoding", b"content-type", b"content-range"),
    ]
)


class Trailers:
    """What a caller gave as `trailers`: a mapping, pairs, or a callable that makes either.

    Values may be callables of no argument too. Raises `InvalidHeader` for a name or value which
    cannot be sent, or a name which does not belong behind a body, and `TypeError`.

    >>> digest = "late"
    >>> trailers = Trailers({"X-Digest": lambda: digest})
    >>> trailers.announce([]), trailers.compute([b"x-digest"])
    (b'X-Digest', [(b'X-Digest', b'late')])
    """

    __slots__ = ("_given", "_names")

    def __init__(self, given: Any) -> None:
        self._given = given
        self._names: list[bytes] | None = None  # only the callable knows
        if isinstance(given, Mapping) or not callable(given):
            self._given = _pairs(given)
            self._names = [
                _check(name, b"" if callable(value) else value)[0] for name, value in self._given
            ]

    def announce(self, announced: list[bytes]) -> bytes | None:
        """The value of the Trailer field that is missing beside those of the caller's, or None.

        Raises `LocalProtocolError` when nobody says which names a callable will give.
        """
        if self._names is None:
            if not announced:
                raise LocalProtocolError(
                    "the names of trailers that a callable makes stand in a Trailer header"
                )
            return None
        known = _names_in(announced)
        missing = {name.lower(): name for name in self._names if name.lower() not in known}
        return b", ".join(missing.values()) or None

    def compute(self, announced: list[bytes]) -> list[Field]:
        """The fields, now that the body is over; `announced` are the values of Trailer in the head.

        What the caller's callables raise passes unchanged.
        """
        known = _names_in(announced)
        fields = []
        for name, value in self._given if self._names is not None else _pairs(self._given()):
            field = _check(name, value() if callable(value) else value)
            if field[0].lower() not in known:
                raise LocalProtocolError(f"the trailer {name!r} was not announced in Trailer")
            fields.append(field)
        return fields


def _pairs(given: Any) -> list[tuple[Any, Any]]:
    if isinstance(given, Mapping):
        return list(given.items())
    if isinstance(given, (str, bytes)) or not isinstance(given, Iterable):
        raise TypeError(
            "trailers are a mapping, (name, value) pairs, or a callable that makes them"
        )
    return [(name, value) for name, value in given]


def _check(name: Any, value: Any) -> Field:
    field = check_field(name, value)
    if field[0].lower() in _REFUSED:
        raise InvalidHeader(f"{name!r} cannot be a trailer: it would come too late")
    return field


def _names_in(announced: list[bytes]) -> set[bytes]:
    return {name.strip(b" \t").lower() for value in announced for name in value.split(b",")}
