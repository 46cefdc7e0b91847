"""Hooks: functions of the caller's that see each response, and may replace it."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any, TypeAlias

    Hook: TypeAlias = Callable[..., Any]
    Hooks: TypeAlias = Mapping[str, "Hook | Iterable[Hook]"]

__all__ = ["HOOKS", "default_hooks", "dispatch_hook"]

HOOKS = ("response",)  # the events that there are


def default_hooks() -> dict[str, list[Hook]]:
    """No hook for any event.

    >>> default_hooks()
    {'response': []}
    """
    return {event: [] for event in HOOKS}


def dispatch_hook(key: str, hooks: Hooks | None, hook_data: Any, **kwargs: Any) -> Any:
    """What the hooks for the event `key` make of `hook_data`, one after the other.

    Each is called with what the one before it gave, and with `kwargs`; None leaves things as they
    are. What a hook raises passes unchanged.

    >>> dispatch_hook("response", {"response": [str.upper, lambda text: None]}, "ok")
    'OK'
    """
    found = (hooks or {}).get(key) or ()
    for hook in (found,) if callable(found) else list(found):
        result = hook(hook_data, **kwargs)
        if result is not None:
            hook_data = result
    return hook_data
