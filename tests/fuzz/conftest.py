"""Tables and strategies of tests/protocol are used here, with the marker that they carry."""

from __future__ import annotations

from tests.protocol.conftest import pytest_configure

__all__ = ["pytest_configure"]
