"""h11client/_limits.py: the frozen value of bounds."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from h11client._limits import Limits


def test_the_defaults_are_those_which_are_promised() -> None:
    limits = Limits()
    assert {name: getattr(limits, name) for name in Limits.__slots__} == {
        "max_connections": 100,
        "max_idle": 20,
        "max_per_origin": None,
        "idle_timeout": 60.0,
        "status_line": 8192,
        "head": 131072,
        "fields": 512,
        "trailers": 32768,
        "chunk_line": 4096,
        "chunk_overhead": 16384,
        "informational": 32,
        "drain_bytes": 262144,
        "drain_seconds": 0.05,
        "url": 65536,
        "codings": 5,
        "cookie": 4096,
        "cookies_per_domain": 50,
        "cookies": 3000,
        "cookie_line": 8190,
    }


def test_limits_are_a_frozen_value() -> None:
    limits = Limits(max_connections=1, idle_timeout=None)
    with pytest.raises(AttributeError):
        limits.max_idle = 3
    with pytest.raises(AttributeError):
        del limits.max_idle
    assert limits == Limits(max_connections=1, idle_timeout=None)
    assert limits != Limits()
    assert limits != 1
    assert hash(limits) == hash(Limits(max_connections=1, idle_timeout=None))
    assert eval(repr(limits)) == limits
    assert pickle.loads(pickle.dumps(limits)) == limits


def test_only_keywords_are_taken() -> None:
    with pytest.raises(TypeError):
        Limits(1)  # type: ignore[misc]
    with pytest.raises(TypeError):
        Limits(max_conections=1)  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("max_connections", 0, ValueError),
        ("max_connections", -1, ValueError),
        ("max_connections", True, TypeError),
        ("max_connections", 1.5, TypeError),
        ("max_connections", "1", TypeError),
        ("max_idle", -1, ValueError),
        ("max_idle", None, TypeError),
        ("head", 0, ValueError),
        ("head", None, TypeError),
        ("idle_timeout", float("nan"), ValueError),
        ("idle_timeout", float("inf"), ValueError),
        ("idle_timeout", -0.1, ValueError),
        ("drain_seconds", "0", TypeError),
        ("drain_seconds", -1, ValueError),
    ],
)
def test_what_is_no_limit_is_refused_by_name(name: str, value: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match=name):
        Limits(**{name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_connections", None),
        ("max_per_origin", None),
        ("max_per_origin", 1),
        ("max_idle", 0),
        ("idle_timeout", None),
        ("idle_timeout", 0),
        ("idle_timeout", 2.5),
        ("drain_bytes", 0),
        ("drain_seconds", 0.0),
        ("codings", 0),
    ],
)
def test_the_edges_are_allowed(name: str, value: Any) -> None:
    assert getattr(Limits(**{name: value}), name) == value
