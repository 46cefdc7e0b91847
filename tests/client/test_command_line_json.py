"""JSON as people read it: nothing of it but its blanks is changed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from h11client._cli.json_text import indent_json

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


def indented(text: str) -> str | None:
    parts = indent_json(text)
    return None if parts is None else "".join([piece for piece, _ in parts])


@given(VALUES, st.booleans())
def test_it_is_what_the_standard_library_indents(value: Any, ascii_only: bool) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only, separators=(",", ":"))
    shown = indented(text)
    assert shown is not None
    assert json.loads(shown) == value
    if not ascii_only:
        assert shown == json.dumps(value, ensure_ascii=False, indent=2)
    assert indented(shown) == shown


KEPT = [
    ("numbers", "[1.0, 1e400, -0, 100000000000000000000000000001]"),
    ("a long number", "9" * 5000),
    ("a name twice", '{"a": 1, "a": 2}'),
    ("order", '{"b": 1, "a": 2}'),
    ("escapes that would be no characters", r'["\u0000", "\u202e", "\ud800", "\n", "\/", "\u0022", "\u005c"]'),
]  # fmt: skip


@pytest.mark.parametrize("text", [row[1] for row in KEPT], ids=[row[0] for row in KEPT])
def test_what_was_written_stays_as_it_is(text: str) -> None:
    shown = indented(text)
    assert shown is not None
    assert "".join(shown.split()) == "".join(text.split())


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (r'"\u00e9\n"', r'"é\n"'),
        (r'"\ud83d\ude00\\u00e9"', r'"😀\\u00e9"'),
        (r'{"\u00e9":"\u001b\u00e9"}', '{\n  "é": "\\u001bé"\n}'),
    ],
)
def test_characters_are_shown_in_the_place_of_their_numbers(text: str, shown: str) -> None:
    assert indented(text) == shown


@pytest.mark.parametrize(
    "text", ["", "{", "[1,]", "a", "[" * 101 + "]" * 101, "[" * 100_000, '{"a": 1} {}', "[1\\]"]
)
def test_what_is_no_json_or_too_deep_is_left_alone(text: str) -> None:
    assert indent_json(text) is None


def test_pieces_say_what_they_are() -> None:
    parts = indent_json('{"a": ["b", 1, true, null]}')
    assert parts is not None
    kinds = [(piece, kind) for piece, kind in parts if kind]
    assert kinds == [
        ('"a"', "name"), ('"b"', "string"), ("1", "literal"), ("true", "literal"), ("null", "literal"),
    ]  # fmt: skip
