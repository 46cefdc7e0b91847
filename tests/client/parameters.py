"""What tests call their parameters."""

from __future__ import annotations

import re


def shown(value: object) -> str:
    """The repr without the place in memory, by which no two processes would call a test the same."""
    return re.sub(" at 0x[0-9a-f]+", "", repr(value))
