"""Prints what an installed requests offers: a line for each public name, its kind, its parameters.

Runs in the environment `callers`. It looks at names and signatures alone, from outside.
"""

from __future__ import annotations

import importlib
import inspect
import types
from collections.abc import Iterator
from typing import Any

MODULES = [
    "adapters",
    "api",
    "auth",
    "cookies",
    "exceptions",
    "hooks",
    "models",
    "sessions",
    "status_codes",
    "structures",
    "utils",
]
OF_THE_LANGUAGE = ("TYPE_CHECKING", "annotations")


def main() -> None:
    package = importlib.import_module("requests")
    modules = [importlib.import_module(f"requests.{name}") for name in MODULES]
    parts = [top_level(package), *map(own_names, modules), *map(borrowed, modules)]
    for lines in [*parts, codes(vars(package.codes))]:
        for found in lines:
            print(found)


def borrowed(module: types.ModuleType) -> Iterator[str]:
    """The classes of other modules that can be imported from this one, too."""
    where = module.__name__.removeprefix("requests.")
    classes = [(name, thing) for name, thing in public(module) if inspect.isclass(thing)]
    names = [
        n
        for n, t in classes
        if t.__module__.startswith("requests.") and t.__module__ != module.__name__
    ]
    if names:
        yield " ".join(["also", where, *names])


def codes(named: dict[str, Any]) -> Iterator[str]:
    """Every status code with its names."""
    for code in sorted({code for code in named.values() if isinstance(code, int)}):
        yield " ".join(["codes", str(code), *sorted(n for n, c in named.items() if c == code)])


def top_level(package: types.ModuleType) -> Iterator[str]:
    """All public names of the package; modules only when they belong to it."""
    for name, thing in public(package):
        if inspect.ismodule(thing):
            if thing.__name__.startswith("requests"):
                yield f"requests.{name} module"
        else:
            yield line("requests", name, thing)


def own_names(module: types.ModuleType) -> Iterator[str]:
    """What a module defines, and the members of its classes; not what it imports for its use."""
    where = module.__name__.removeprefix("requests.")
    for name, thing in public(module):
        if inspect.ismodule(thing) or not defined_here(module, name, thing):
            continue
        yield line(where, name, thing)
        if inspect.isclass(thing):
            yield from members(thing)


def defined_here(module: types.ModuleType, name: str, thing: Any) -> bool:
    home = getattr(thing, "__module__", None)
    if home is not None:
        return bool(home == module.__name__)
    # A constant belongs to the last module of the list that has it: the others import from there.
    having = [m for m in MODULES if hasattr(importlib.import_module(f"requests.{m}"), name)]
    return module.__name__ == f"requests.{having[-1]}"


def members(owner: type) -> Iterator[str]:
    """What a class adds to its bases, and what its objects get when they are made."""
    made = dict.fromkeys(vars(instance(owner))) if instance(owner) is not None else {}
    for name in sorted({*dir(owner), *made}):
        inherited = any(hasattr(base, name) for base in owner.__mro__[1:] if not is_mixin(base))
        if name.startswith("_") or (inherited and name not in vars(owner)):
            continue
        thing = inspect.getattr_static(owner, name, None)
        yield line(owner.__name__, name, thing)


def is_mixin(base: type) -> bool:
    return base.__name__.endswith("Mixin")


def instance(owner: type) -> Any:
    """An object of a class that can be made of nothing."""
    if issubclass(owner, BaseException) and owner.__name__ != "RequestException":
        return None
    try:
        return owner()
    except TypeError:
        return None


def public(module: types.ModuleType) -> list[tuple[str, Any]]:
    names = vars(module).items()
    return [(n, t) for n, t in sorted(names) if n[0] != "_" and n not in OF_THE_LANGUAGE]


def line(where: str, name: str, thing: Any) -> str:
    if inspect.isclass(thing):
        kind = "class"
    else:
        kind = "function" if inspect.isroutine(thing) else "attribute"
    return " ".join([f"{where}.{name}", kind, *parameters(thing)])


def parameters(thing: Any) -> list[str]:
    """The names of the parameters, without `self`; empty for what is not called, and errors."""
    if isinstance(thing, (staticmethod, classmethod)):
        thing = thing.__func__
    if not callable(thing) or (inspect.isclass(thing) and issubclass(thing, BaseException)):
        return []
    try:
        found = inspect.signature(thing).parameters.values()
    except (TypeError, ValueError):
        return []
    marks = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}
    return [marks.get(p.kind, "") + p.name for p in found if p.name != "self"]


if __name__ == "__main__":
    main()
