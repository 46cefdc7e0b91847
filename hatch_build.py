"""The wheel carries the engine twice: as `h11`, and inside the client for its own use."""

from __future__ import annotations

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CarryTheEngine(BuildHookInterface[Any]):
    """Adds the folder h11 as h11client/_h11 (an editable install needs no copy)."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "standard":
            build_data["force_include"]["h11"] = "h11client/_h11"
