"""The wheel carries the engine twice: as `h11`, and inside the client, which never depends on who owns the name."""

from __future__ import annotations

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CarryTheEngine(BuildHookInterface[Any]):
    """Adds the folder h11 as h11client/_h11; an editable install uses the checkout's folder instead."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "standard":
            build_data["force_include"]["h11"] = "h11client/_h11"
