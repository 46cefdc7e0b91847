"""Hooks by themselves: forms in which they may be given, and what they may return."""

from __future__ import annotations

import pytest

from h11client.hooks import default_hooks, dispatch_hook


def add(letter):
    return lambda text, **kwargs: text + letter


@pytest.mark.parametrize(
    ("hooks", "expected"),
    [
        (None, "x"),
        ({}, "x"),
        ({"response": None}, "x"),
        ({"response": []}, "x"),
        ({"response": add("a")}, "xa"),
        ({"response": [add("a"), add("b")]}, "xab"),
        ({"response": (add("a"), lambda text, **kwargs: None, add("b"))}, "xab"),
        ({"request": add("a")}, "x"),
    ],
)
def test_what_hooks_return_goes_on_and_nothing_leaves_things_as_they_are(hooks, expected):
    assert dispatch_hook("response", hooks, "x") == expected


def test_hooks_are_given_what_is_said():
    seen = {}
    dispatch_hook("response", {"response": lambda data, **kwargs: seen.update(kwargs)}, 1, a=2)
    assert seen == {"a": 2}


def test_a_hook_may_remove_itself():
    hooks = {"response": []}

    def once(data, **kwargs):
        hooks["response"].remove(once)

    hooks["response"] += [once, add("b")]
    assert dispatch_hook("response", hooks, "x") == "xb"


def test_default_hooks_are_new_each_time():
    default_hooks()["response"].append(len)
    assert default_hooks() == {"response": []}
