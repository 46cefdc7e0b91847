"""What has hooks: functions of the caller's that will see the response."""

from __future__ import annotations

from collections.abc import Mapping

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any, TypeAlias

    Hook: TypeAlias = Callable[..., Any]
    Hooks: TypeAlias = Mapping[str, "Hook | Iterable[Hook] | None"]

__all__ = ["Hooked", "lists_of_hooks"]

_EVENT = "response"  # the only one that there is


class Hooked:
    """`hooks`, and the two methods which change them. The lists are made when somebody asks."""

    __slots__ = ("_hooks",)
    _hooks: dict[str, list[Hook]] | None

    @property
    def hooks(self) -> dict[str, list[Hook]]:
        """Functions to call with the response, under "response"."""
        if self._hooks is None:
            self._hooks = lists_of_hooks(None)
        return self._hooks

    @hooks.setter
    def hooks(self, hooks: Hooks | None) -> None:
        self._hooks = lists_of_hooks(hooks)

    def prepare_hooks(self, hooks: Hooks | None) -> None:
        """Adds hooks to those that are there, which auth may have brought."""
        for event, hook in lists_of_hooks(hooks).items():
            self.register_hook(event, hook)

    def register_hook(self, event: str, hook: Hook | Iterable[Hook]) -> None:
        """Adds one or several functions to call at `event`, which is "response"."""
        for name, added in lists_of_hooks({event: hook}).items():
            self.hooks.setdefault(name, []).extend(added)

    def deregister_hook(self, event: str, hook: Hook) -> bool:
        """Removes a function; whether it was there."""
        registered = self.hooks.get(event, [])
        if hook in registered:
            registered.remove(hook)
            return True
        return False


def lists_of_hooks(hooks: Hooks | None) -> dict[str, list[Hook]]:
    """A list of functions for each event.

    Raises:
        ValueError: an event that there is not.
        TypeError: something that is no function.

    >>> lists_of_hooks({"response": len})
    {'response': [<built-in function len>]}
    """
    lists: dict[str, list[Hook]] = {_EVENT: []}
    if hooks is None:
        return lists
    if not isinstance(hooks, Mapping):
        raise TypeError('hooks are a mapping of "response" to one or several functions')
    for event, hook in hooks.items():
        if event != _EVENT:
            raise ValueError(f"there is no event {event!r} to hook, only {_EVENT!r}")
        found = [hook] if callable(hook) else list(hook or ())
        if not all(map(callable, found)):
            raise TypeError("a hook is a function")
        lists[event] = found
    return lists
