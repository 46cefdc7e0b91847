"""Mappings that programs written for requests make themselves.

The headers of requests and responses are `Headers`, which can do all that `CaseInsensitiveDict`
can, and count as such: `isinstance(response.headers, CaseInsensitiveDict)` is true.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, MutableMapping

from h11client._messages.headers import Headers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeAlias, TypeVar

    Value = TypeVar("Value")
    Default = TypeVar("Default")
    Items: TypeAlias = "Mapping[Any, Any] | Iterable[tuple[Any, Any]]"

    class _Mapping(MutableMapping[Any, Any]): ...

else:
    _Mapping = MutableMapping

__all__ = ["CaseInsensitiveDict", "LookupDict"]


class CaseInsensitiveDict(_Mapping):
    """A mapping of any values whose keys are found whatever their case.

    Keys show the case that they were last set with. Equal to every mapping with the same values
    under the same keys, whatever the case.

    Args:
        data: a mapping, or (key, value) pairs.
        kwargs: more of them.

    Example:
        >>> found = CaseInsensitiveDict({"Accept": "text/html"})
        >>> found["ACCEPT"], found == {"accept": "text/html"}, list(found)
        ('text/html', True, ['Accept'])
    """

    # Lower-case key -> (key, value).
    _store: dict[Any, tuple[Any, Any]]

    def __init__(self, data: Items | None = None, **kwargs: Any) -> None:
        self._store = {}
        self.update({} if data is None else data, **kwargs)

    def __setitem__(self, key: Any, value: Any) -> None:
        self._store[key.lower()] = (key, value)

    def __getitem__(self, key: Any) -> Any:
        return self._store[key.lower()][1]

    def __delitem__(self, key: Any) -> None:
        del self._store[key.lower()]

    def __iter__(self) -> Iterator[Any]:
        return iter([key for key, _ in self._store.values()])

    def __len__(self) -> int:
        return len(self._store)

    def lower_items(self) -> Iterator[tuple[Any, Any]]:
        """Like `items()`, with lower-case keys."""
        return iter([(key, value) for key, (_, value) in self._store.items()])

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Mapping):
            return NotImplemented
        return dict(self.lower_items()) == dict(CaseInsensitiveDict(other).lower_items())

    __hash__ = None  # type: ignore[assignment]  # mutable, and equal to dicts, which have none

    def copy(self) -> CaseInsensitiveDict:
        """A copy that changes apart from this one."""
        return CaseInsensitiveDict(self._store.values())

    def __repr__(self) -> str:
        return repr(dict(self.items()))


CaseInsensitiveDict.register(Headers)


class LookupDict(dict[str, "Any"]):
    """What is set as an attribute is also found as a key; what is not there is None as a key.

    >>> sizes = LookupDict("sizes")
    >>> sizes.small = 1
    >>> sizes["small"], sizes["huge"], sizes.get("huge", 9)
    (1, None, 9)
    """

    name: str | None

    def __init__(self, name: str | None = None) -> None:
        super().__init__()
        self.name = name

    def __repr__(self) -> str:
        return f"<lookup {self.name!r}>"

    def __getitem__(self, key: str) -> Any:
        return self.__dict__.get(key)

    def get(self, key: str, default: Any = None) -> Any:
        """The value of `key`, else `default`."""
        return self.__dict__.get(key, default)

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...
        def __setattr__(self, name: str, value: Any) -> None: ...
