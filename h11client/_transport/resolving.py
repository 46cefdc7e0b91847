"""`threaded_resolver`: the system's resolver, which cannot be interrupted, with a limit of time."""

from __future__ import annotations

import os
from threading import Condition, Thread
from time import monotonic

from h11client._translation import from_stream_error
from h11client._transport.dialing import resolve
from h11client.exceptions import ConnectionError, ConnectTimeout

__all__ = ["threaded_resolver"]

# Lookups that hang at the same time: more would only wait behind them in the system's resolver.
_MOST_THREADS = 32


class _Lookup:
    """One question to the system; `found` are the addresses, or the error, once they are there."""

    __slots__ = ("found",)

    def __init__(self) -> None:
        self.found: list[str] | OSError | None = None


_changed = Condition()
_lookups: dict[tuple[str, int], _Lookup] = {}


def threaded_resolver(host: str, port: int, seconds_left: float | None) -> list[str]:
    """Asks the system for the addresses of `host` in a thread, for `seconds_left` at most.

    For `Session(resolver=threaded_resolver)`: then the connect limit bounds name resolution too,
    which otherwise lasts as long as `getaddrinfo` pleases. A thread that is not waited for any
    more ends when the system answers; there are at most 32, shared by all who ask for the same.

    Raises `ConnectTimeout` when the time is up, `ConnectionError` when there is no such name.

    >>> threaded_resolver("127.0.0.1", 80, 5.0)
    ['127.0.0.1']
    """
    end = None if seconds_left is None else monotonic() + seconds_left
    key = host, port
    with _changed:
        while (lookup := _running(key)) is None and _all_are_running():
            _wait(end, host)
        if lookup is None:
            lookup = _Lookup()
            try:
                Thread(target=_look_up, args=(key, lookup), daemon=True).start()
            except RuntimeError as error:  # the system has no thread to spare
                raise ConnectionError(f"{host} cannot be looked up: {error}") from error
            # Not earlier: when this is interrupted, nobody is to wait for what nobody looks up.
            # A signal's handler that waits here lets it end before, so what is noted may be over.
            _lookups[key] = lookup
        while lookup.found is None:
            _wait(end, host)
    if isinstance(lookup.found, OSError):
        raise from_stream_error("resolve", lookup.found, host) from lookup.found
    return list(lookup.found)


def _running(key: tuple[str, int]) -> _Lookup | None:
    lookup = _lookups.get(key)
    return lookup if lookup is not None and lookup.found is None else None


def _all_are_running() -> bool:
    return sum(each.found is None for each in _lookups.values()) >= _MOST_THREADS


def _wait(end: float | None, host: str) -> None:
    left = None if end is None else end - monotonic()
    if left is not None and left <= 0:
        raise ConnectTimeout(f"no address of {host} was found in time", limit="connect")
    _changed.wait(left)


def _look_up(key: tuple[str, int], lookup: _Lookup) -> None:
    found: list[str] | OSError
    try:
        found = [address[0] for _, address in resolve(*key)]
    except OSError as error:
        found = error
    except Exception as error:  # a name that cannot even be asked for
        found = OSError(str(error))
    with _changed:
        lookup.found = found
        for each in [each for each, other in _lookups.items() if other.found is not None]:
            del _lookups[each]
        _changed.notify_all()


def _start_afresh() -> None:
    """In a forked child: none of the threads is there, and one may have held the lock."""
    global _changed, _lookups
    _changed = Condition()
    _lookups = {}


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_start_afresh)
