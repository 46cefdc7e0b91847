"""Where the client's own copy of `h11` comes from: `from h11client._engine import h11`.

The import name `h11` is shared with another distribution, and whichever was installed last owns
`site-packages/h11`. So nothing here depends on who that is. An installed wheel carries our engine
a second time as `h11client._h11`; a checkout has it as the folder beside `h11client`, which is
used under the name `h11` when that name leads there, and else loaded as `h11client._h11` too.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType

    import h11

__all__ = ["h11"]

_CARRIED = "h11client._h11"


def _load_carried() -> ModuleType | None:
    """The copy that the wheel carries, or None in a checkout."""
    from importlib import import_module

    try:
        return import_module(_CARRIED)
    except ModuleNotFoundError as missing:
        if missing.name != _CARRIED:
            raise
        return None


def _is_at(origin: str | None, path: str) -> bool:
    import os

    return origin is not None and os.path.exists(origin) and os.path.samefile(origin, path)


def _load_sibling(path: str) -> ModuleType:
    """The package whose `__init__.py` is at `path`, whatever else is called `h11`."""
    import sys
    from importlib import import_module
    from importlib.machinery import PathFinder

    loaded = sys.modules.get("h11")
    if loaded is not None:
        if _is_at(getattr(loaded, "__file__", None), path):
            return loaded
    else:
        spec = PathFinder.find_spec("h11")
        if spec is not None and _is_at(spec.origin, path):
            return import_module("h11")
    return _load_as(_CARRIED, path)


def _load_as(name: str, path: str) -> ModuleType:
    """Runs the package at `path` under another name; it imports itself relatively only."""
    import os
    import sys
    from importlib.util import module_from_spec, spec_from_file_location

    folder = [os.path.dirname(path)]
    spec = spec_from_file_location(name, path, submodule_search_locations=folder)
    if spec is None or spec.loader is None:
        raise ImportError(f"the engine of h11client is not at {path}", name=name)
    module = module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        sys.modules.pop(name, None)
        raise
    return module


def _load() -> ModuleType:
    import os

    carried = _load_carried()
    if carried is not None:
        return carried
    checkout = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    return _load_sibling(os.path.join(checkout, "h11", "__init__.py"))


if not TYPE_CHECKING:
    h11 = _load()
