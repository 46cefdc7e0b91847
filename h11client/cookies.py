"""Cookies: what servers gave, to be shown to them again."""

from __future__ import annotations

from collections.abc import Mapping

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["cookie_header_of"]


def cookie_header_of(jar: Any, request: Any) -> str | None:
    """The value of Cookie for `request`, from a mapping or a jar; None when there is none."""
    if isinstance(jar, Mapping):
        return "; ".join([f"{name}={value}" for name, value in jar.items()]) or None
    raise TypeError(f"cookies are a mapping or a jar, not {type(jar).__name__}")
