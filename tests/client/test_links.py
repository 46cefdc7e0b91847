"""Link fields (RFC 8288)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from h11client._messages.links import links_of, parse_links
from tests.client.bodies import response_of
from tests.growth import grows_linearly

NEXT = {"url": "/2", "rel": "next"}


@pytest.mark.parametrize(
    ("value", "links"),
    [
        pytest.param(value, links, id=name)
        for name, value, links in [
            ("one", '</2>; rel="next"', {"next": NEXT}),
            ("token", "</2>;rel=next", {"next": NEXT}),
            ("two", '</2>; rel="next", </9>; rel=last', {"next": NEXT, "last": {"url": "/9", "rel": "last"}}),
            ("case", "</2>; REL=Next", {"next": {"url": "/2", "rel": "Next"}}),
            ("several-types", '</2>; rel="next  prev"', {r: {"url": "/2", "rel": "next  prev"} for r in ("next", "prev")}),
            ("first-rel-counts", "</2>; rel=next; rel=last", {"next": NEXT}),
            ("last-link-counts", "</1>; rel=next, </2>; rel=next", {"next": NEXT}),
            ("no-rel", "</2>, </3>; rel", {"/2": {"url": "/2"}, "/3": {"url": "/3", "rel": ""}}),
            ("comma-in-url", "<a,b;c>; rel=next", {"next": {"url": "a,b;c", "rel": "next"}}),
            ("marks-in-quotes", '</2>; title="a, <b>; \\"c\\""; rel=next', {"next": {"url": "/2", "title": 'a, <b>; "c"', "rel": "next"}}),
            ("single-quotes", "</2>; rel='next', </9>; title='x; rel=last; a='", {"next": NEXT, "last": {"url": "/9", "title": "'x", "rel": "last", "a": "'"}}),
            ("blanks", ' \t, </2> ;\trel = "next" ; , ', {"next": NEXT}),
            ("blank-in-url", "< /2 >; rel=next", {"next": NEXT}),
            ("url-is-no-parameter", "</2>; url=evil; rel=next", {"next": NEXT}),
            ("empty-url", "<>; rel=next", {"next": {"url": "", "rel": "next"}}),
            ("garbage-before", "garbage, </2>; rel=next", {"next": NEXT}),
            ("garbage-behind", "</2> what; rel=next", {"next": NEXT}),
            ("open-url", "</2", {}),
            ("open-quote", '</2>; rel="next', {"next": NEXT}),
            ("open-escape", '</2>; rel="next\\', {"next\\": {"url": "/2", "rel": "next\\"}}),
            ("marks", ";;=,;", {}),
            ("empty", "", {}),
        ]
    ],
)  # fmt: skip
def test_what_a_link_field_says(value: str, links: dict[str, dict[str, str]]) -> None:
    assert links_of(value) == links


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(make, id=name)
        for name, make in [
            ("links", lambda n: "<a>;r=x," * (n // 8)),
            ("commas", lambda n: "," * n),
            ("opened", lambda n: "<" * n),
            ("parameters", lambda n: "<a>" + ";r=1" * (n // 4)),
            ("bare-parameters", lambda n: "<a>" + ";x" * (n // 2)),
            ("backslashes", lambda n: '<a>;r="' + "\\" * n),
            ("quotes", lambda n: "<a>" + ';r="' * (n // 4)),
            ("equals", lambda n: "<a>;r=" + "=" * n),
            ("blanks", lambda n: "<a>" + " " * n),
            ("garbage", lambda n: "x" * n),
        ]
    ],
)
def test_a_link_field_is_read_in_linear_time(make: Callable[[int], str]) -> None:
    assert grows_linearly(lambda size: list(parse_links(make(size))), 16384)


def test_links_of_a_response_are_those_of_all_its_lines() -> None:
    lines = [("Link", '</2>; rel="next"'), ("link", "</9>; rel=last")]
    assert response_of(headers=lines).links == {"next": NEXT, "last": {"url": "/9", "rel": "last"}}
    assert response_of().links == {}
