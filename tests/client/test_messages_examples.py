"""The examples in the docstrings of what messages are made of run as they stand."""

from __future__ import annotations

import doctest
import importlib

import pytest

MODULES = ["body", "decoders", "headers", "hosts", "links", "request", "response", "text", "url"]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_run(name):
    result = doctest.testmod(importlib.import_module(f"h11client._messages.{name}"))
    assert result.failed == 0
    assert result.attempted > 0
