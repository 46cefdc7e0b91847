"""`CaseInsensitiveDict` and `LookupDict`, as programs written for requests use them."""

from __future__ import annotations

import copy
import pickle
from collections import OrderedDict
from collections.abc import Mapping, MutableMapping
from typing import Any

import pytest

import h11client
from h11client.structures import CaseInsensitiveDict, LookupDict
from tests.client.bodies import response_of


def test_keys_are_found_whatever_their_case_and_show_the_one_set_last() -> None:
    found: Any = CaseInsensitiveDict({"Accept": 1, "b": 2})
    found["ACCEPT"] = 3
    assert (found["accept"], found.get("B"), found.get("c", 9)) == (3, 2, 9)
    assert list(found) == ["ACCEPT", "b"]
    assert list(found.lower_items()) == [("accept", 3), ("b", 2)]
    assert "aCCept" in found and "c" not in found
    assert len(found) == 2
    del found["B"]
    assert found.pop("Accept") == 3
    assert not found
    with pytest.raises(KeyError):
        found["accept"]


@pytest.mark.parametrize(
    ("arguments", "keywords", "items"),
    [
        ((), {}, []),
        ((None,), {}, []),
        (({"a": 1},), {}, [("a", 1)]),
        (([("a", 1), ("A", 2)],), {}, [("A", 2)]),
        ((), {"x": None}, [("x", None)]),
        ((OrderedDict(b=1),), {"c": 2}, [("b", 1), ("c", 2)]),
        (({b"Raw": b"1"},), {}, [(b"Raw", b"1")]),
    ],
)
def test_what_it_is_made_of(arguments: Any, keywords: Any, items: Any) -> None:
    assert list(CaseInsensitiveDict(*arguments, **keywords).items()) == items


def test_it_is_equal_to_mappings_with_the_same_content() -> None:
    found: Any = CaseInsensitiveDict({"A": 1, "b": 2})
    assert found == {"a": 1, "B": 2} == found
    assert found == CaseInsensitiveDict({"a": 1, "B": 2})
    assert found != {"a": 1}
    assert found != {"a": 1, "b": 3}
    assert found != [("a", 1), ("b", 2)]
    assert found != 5
    with pytest.raises(TypeError):
        hash(found)


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda d: d.copy(), pickle.dumps])
def test_a_copy_changes_apart(copied: Any) -> None:
    found = CaseInsensitiveDict({"A": 1})
    again = copied(found)
    if isinstance(again, bytes):
        again = pickle.loads(again)
    assert type(again) is CaseInsensitiveDict
    found.update({"a": 2}, c=3)
    if copied is not copy.copy:
        assert again == {"A": 1}
    assert repr(found) == str(found) == "{'a': 2, 'c': 3}"


def test_it_is_a_mapping_whose_keys_are_strings() -> None:
    found: Any = CaseInsensitiveDict()
    assert isinstance(found, MutableMapping)
    assert isinstance(found, Mapping)
    with pytest.raises(AttributeError):
        found[5] = 1


def test_headers_count_as_such_and_become_such() -> None:
    headers = response_of(headers=[("X-A", "1"), ("x-a", "2"), ("B", "3")]).headers
    assert isinstance(headers, CaseInsensitiveDict)
    assert isinstance(h11client.Session().headers, CaseInsensitiveDict)
    assert CaseInsensitiveDict(headers) == headers == {"x-a": "1, 2", "b": "3"}
    assert headers == CaseInsensitiveDict({"X-a": "1, 2", "b": "3"})
    methods = {name for name in dir(CaseInsensitiveDict) if not name.startswith("_")}
    assert methods <= set(dir(headers))


def test_what_is_set_on_a_lookup_is_found_as_a_key() -> None:
    found = LookupDict("sizes")
    found.small = 1
    assert (found["small"], found.small, found.get("small")) == (1, 1, 1)
    assert found["huge"] is found.get("huge") is None
    assert found.get("huge", 7) == 7
    assert found["name"] == found.name == "sizes"
    assert isinstance(found, dict)
    assert repr(found) == "<lookup 'sizes'>"
    with pytest.raises(AttributeError):
        _ = found.huge
    assert LookupDict().name is None
