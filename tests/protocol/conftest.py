"""The marker that ties a test to a row of docs/deviations.md."""

from __future__ import annotations

import pytest


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        "deviation(*rows): ours answers otherwise than the h11 that it stands in for, on purpose",
    )
