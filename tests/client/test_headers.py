"""`Headers`: requests' mapping of headers, which may hold a name several times."""

from __future__ import annotations

import copy
import pickle
import threading
from collections.abc import Mapping, MutableMapping

import pytest

from h11client._messages.headers import SECRET_NAMES, Headers, check_field, is_token
from h11client.exceptions import InvalidHeader
from tests.client.parameters import shown

TWICE = [("Accept", "text/html"), ("X-Id", "7"), ("ACCEPT", "text/plain")]


@pytest.mark.parametrize("name", ["X-Id", "x-id", "X-ID", b"x-iD"])
def test_a_header_is_found_whatever_the_case_of_its_name(name):
    headers = Headers({"X-Id": "7"})
    assert headers[name] == "7"
    assert name in headers
    assert headers.get(name) == "7"
    assert headers.get_list(name) == ["7"]


def test_it_is_a_mutable_mapping_as_in_requests():
    headers = Headers({"A": "1", "b": "2"})
    assert isinstance(headers, MutableMapping)
    assert isinstance(headers, Mapping)
    assert list(headers) == ["A", "b"]
    assert list(headers.items()) == [("A", "1"), ("b", "2")]
    assert list(headers.lower_items()) == [("a", "1"), ("b", "2")]
    assert headers.setdefault("a", "9") == "1"
    headers.update({"B": "3", "c": "4"})
    assert dict(headers) == {"A": "1", "B": "3", "c": "4"}
    assert headers.pop("C") == "4"
    assert headers.pop("C", None) is None
    del headers["a"]
    assert len(headers) == 1
    headers.clear()
    assert not headers
    with pytest.raises(KeyError):
        headers["a"]
    with pytest.raises(KeyError):
        del headers["a"]


def test_setting_a_name_replaces_all_of_it_keeps_its_place_and_takes_the_new_case():
    headers = Headers(TWICE)
    headers["accept"] = "*/*"
    assert headers.multi_items() == [("accept", "*/*"), ("X-Id", "7")]


def test_of_names_in_a_dict_that_differ_in_case_the_last_one_counts_in_the_place_of_the_first():
    headers = Headers({"Accept": "text/html", "X-Id": "7", b"ACCEPT": "*/*"})
    assert headers.multi_items() == [("ACCEPT", "*/*"), ("X-Id", "7")]
    headers = Headers({"Accept": "text/html", "accept": None, "X-Id": "7"})
    assert headers.multi_items() == [("X-Id", "7")]
    with pytest.raises(InvalidHeader):
        Headers({5: "7"})


@pytest.mark.safety("2a5")
def test_a_name_that_occurs_twice_reads_as_one_list_and_keeps_its_order_apart():
    headers = Headers(TWICE)
    assert headers["accept"] == "text/html, text/plain"
    assert headers.get_list("Accept") == ["text/html", "text/plain"]
    assert headers.get_list("missing") == []
    assert headers.multi_items() == TWICE
    assert len(headers) == 2
    headers.add("x-id", "8")
    assert headers["X-Id"] == "7, 8"
    assert headers.wire_items() == [
        (b"Accept", b"text/html"),
        (b"X-Id", b"7"),
        (b"ACCEPT", b"text/plain"),
        (b"x-id", b"8"),
    ]


def test_none_removes_a_header():
    headers = Headers({"A": "1", "B": None})
    assert "B" not in headers
    headers["a"] = None
    headers["missing"] = None
    assert not headers


@pytest.mark.parametrize(
    "other",
    [{"a": "1"}, {"A": b"1"}, Headers({"A": "1"})],
    ids=["a dict", "bytes", "headers"],
)
def test_headers_are_equal_to_mappings_that_say_the_same(other):
    assert Headers({"A": "1"}) == other


@pytest.mark.parametrize(
    "other", [{"a": "2"}, {}, {"a": 1}, [("a", "1")], None, {"a": "1", "b": ""}]
)
def test_headers_differ_from_everything_else(other):
    assert Headers({"A": "1"}) != other


def test_headers_have_no_hash():
    with pytest.raises(TypeError):
        hash(Headers())


@pytest.mark.parametrize("value", [5, 1.5, True, ["a"], object()], ids=shown)
def test_a_value_is_text_or_bytes(value):
    with pytest.raises(InvalidHeader, match="X-Id"):
        Headers({"X-Id": value})
    headers = Headers()
    with pytest.raises(InvalidHeader):
        headers["X-Id"] = value
    assert "X-Id" not in headers


@pytest.mark.parametrize("name", [5, None, ("a",)], ids=shown)
def test_a_name_is_text_or_bytes(name):
    with pytest.raises(InvalidHeader):
        Headers([(name, "x")])


@pytest.mark.parametrize("fields", ["a: b", b"a: b"])
def test_headers_are_not_made_of_text(fields):
    with pytest.raises(TypeError):
        Headers(fields)


def test_bytes_are_latin_1_and_come_out_as_the_same_bytes():
    everything = bytes(sorted({*range(256)} - {0, 10, 11, 12, 13}))
    headers = Headers([(b"X-All", b"a" + everything + b"a")])
    assert headers["x-all"] == (b"a" + everything + b"a").decode("latin-1")
    assert headers.wire_items() == [(b"X-All", b"a" + everything + b"a")]


class Lying(str):
    """Text that encodes to something else than it shows."""

    def encode(self, *args):
        return b"a\r\nInjected: yes"

    def lower(self):
        return Lying("other")

    def __str__(self):
        return "a\r\nInjected: yes"


@pytest.mark.safety("I5")
def test_a_subclass_of_str_cannot_answer_differently_the_second_time():
    headers = Headers()
    headers[Lying("X-A")] = Lying("b")
    assert headers.wire_items() == [(b"X-A", b"b")]
    assert headers.multi_items() == [("X-A", "b")]
    assert check_field(Lying("X-A"), Lying("b")) == (b"X-A", b"b")


WRONG_FIELDS = [
    ("CR LF in a value", "A", "b\r\nC: d", "CR"),
    ("LF", "A", "b\nC: d", "LF"),
    ("CR", "A", "b\rC: d", "CR"),
    ("NUL", "A", "b\0", "NUL"),
    ("VT", "A", "b\x0bc", "VT"),
    ("FF", "A", "b\x0cc", "FF"),
    ("an obs-fold", "A", "b\r\n c", "CR"),
    ("a blank before", "A", " b", "blank"),
    ("a blank behind", "A", "b ", "blank"),
    ("a tab behind", "A", "b\t", "blank"),
    ("only a blank", "A", " ", "blank"),
    ("beyond latin-1", "A", "\u010a", "latin-1"),
    ("folds to LF when cut to bytes", "A", "a\u010aB: c", "latin-1"),
    ("an empty name", "", "b", "token"),
    ("a blank in the name", "A B", "b", "token"),
    ("a blank before the colon", "A ", "b", "token"),
    ("a colon in the name", "A:", "b", "token"),
    ("CR LF in the name", "A\r\nB", "b", "token"),
    ("NUL in the name", "A\0", "b", "token"),
    ("beyond ASCII in the name", "\xc4", "b", "token"),
    ("a long name", "a b" * 1000, "b", "token"),
]


@pytest.mark.safety("I5", "M23")
@pytest.mark.parametrize(
    ("name", "value", "says"),
    [row[1:] for row in WRONG_FIELDS],
    ids=[row[0] for row in WRONG_FIELDS],
)
def test_what_cannot_be_sent_is_refused_when_it_would_be(name, value, says):
    headers = Headers([(name, value)])  # not yet: it may still be changed
    with pytest.raises(InvalidHeader, match=says) as caught:
        headers.wire_items()
    assert len(str(caught.value)) < 250


@pytest.mark.safety("R18")
@pytest.mark.parametrize("name", sorted(SECRET_NAMES))
def test_no_secret_is_in_a_repr_or_an_error(name):
    secret = "hunter2"
    for spelling in (name, name.upper(), name.title()):
        assert secret not in repr(Headers({spelling: secret}))
        assert secret not in str(Headers({spelling: secret}))
        with pytest.raises(InvalidHeader) as caught:
            Headers({spelling: secret + "\r\n"}).wire_items()
        assert secret not in str(caught.value)


def test_the_version_changes_with_every_mutation_and_never_repeats():
    headers = Headers({"A": "1"})
    seen = {headers.version}
    for mutate in (
        lambda: headers.__setitem__("A", "2"),
        lambda: headers.add("A", "3"),
        lambda: headers.update(B="4"),
        lambda: headers.pop("B"),
        lambda: headers.__delitem__("A"),
        lambda: headers.setdefault("C", "5"),
        lambda: headers.__setitem__("C", None),
        lambda: headers.clear(),
    ):
        mutate()
        assert headers.version not in seen
        seen.add(headers.version)
    assert Headers().version not in seen
    version = headers.version
    headers.get("A")
    list(headers.items())
    assert headers.version == version


def test_a_copy_changes_apart():
    headers = Headers(TWICE)
    for made in (headers.copy(), copy.copy(headers), copy.deepcopy(headers)):
        made.add("Accept", "x")
        made["X-Id"] = "8"
        assert headers.multi_items() == TWICE
        assert made.version != headers.version


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_headers_can_be_pickled(protocol):
    copied = pickle.loads(pickle.dumps(Headers(TWICE), protocol))
    assert copied.multi_items() == TWICE


def test_headers_of_a_parsed_message_keep_case_order_and_repetition():
    headers = Headers.from_wire([(b"Set-Cookie", b"a=1"), (b"X", b"\xe9"), (b"set-cookie", b"b=2")])
    assert headers.multi_items() == [("Set-Cookie", "a=1"), ("X", "\xe9"), ("set-cookie", "b=2")]
    headers.add("X", "2")
    assert headers.multi_items()[-1] == ("X", "2")


def test_items_are_those_that_were_there_when_somebody_began_to_look():
    headers = Headers(TWICE)
    items = headers.items()
    looking = iter(items)
    assert next(looking) == ("ACCEPT", "text/html, text/plain")
    del headers["X-Id"]
    assert list(looking) == [("X-Id", "7")]
    assert (len(items), list(items)) == (1, [("ACCEPT", "text/html, text/plain")])
    assert ("accept", "text/html, text/plain") in items


def test_headers_may_be_changed_while_another_thread_reads_them():
    headers = Headers({"A": "1"})
    failures = []
    stop = threading.Event()

    def read():
        try:
            while not stop.is_set():
                headers.wire_items()
                headers.copy()
                list(headers)
                repr(headers)
        except Exception as error:
            failures.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(3000):
        headers[f"X-{number % 50}"] = "1"
        headers.pop(f"X-{(number + 25) % 50}", None)
    stop.set()
    reader.join()
    assert failures == []


@pytest.mark.parametrize(
    ("text", "is_one"),
    [("GET", True), ("!#$%&'*+-.^_`|~09azAZ", True), ("", False), ("a b", False), ("\xe4", False)],
)
def test_tokens(text, is_one):
    assert is_token(text) is is_one
