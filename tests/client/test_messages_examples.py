"""The examples in the docstrings of what programs do not import by name run as they stand."""

from __future__ import annotations

import doctest
import importlib

import pytest

MODULES = [
    *("body", "decoders", "event_stream", "headers", "hosts", "links", "masking", "request"),
    *("response", "text", "url"),
]
OTHERS = ["_downloads.digests", "_downloads.names", "_mock_routes", "_mocking"]


@pytest.mark.parametrize("name", [*(f"_messages.{name}" for name in MODULES), *OTHERS])
def test_the_examples_of_a_module_run(name):
    result = doctest.testmod(importlib.import_module(f"h11client.{name}"))
    assert result.failed == 0
    assert result.attempted > 0
