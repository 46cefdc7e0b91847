"""When a part of a representation is put behind another one, and when never."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from h11client import Response
from h11client._downloads.ranges import Part, Representation, why_it_does_not_fit

URL = "http://a.test/b?signed=1"
LONG_AGO = "Sun, 06 Nov 1994 08:49:37 GMT"


def response_of(status: int, headers: Any, url: str = URL) -> Any:
    response = Response()
    response.status_code, response.url = status, url
    response.headers = headers
    return response


VALIDATORS = [
    ("a tag", {"ETag": '"v1"'}, '"v1"'),
    ("an empty tag", {"ETag": '""'}, '""'),
    ("a tag and a date", {"ETag": '"v1"', "Last-Modified": LONG_AGO, "Date": LONG_AGO}, '"v1"'),
    ("nothing", {}, None),
    ("a weak tag", {"ETag": 'W/"v1"'}, None),
    (
        "a weak tag and a date that would do",
        {"ETag": 'W/"v1"', "Last-Modified": LONG_AGO, "Date": "Sun, 06 Nov 1994 09:49:37 GMT"},
        None,
    ),
    ("a tag without quotes", {"ETag": "v1"}, None),
    ("a tag with something behind it", {"ETag": '"v1" x'}, None),
    ("two tags in one", {"ETag": '"v1", "v2"'}, None),
    ("two tags", [("ETag", '"v1"'), ("ETag", '"v2"')], None),
    ("a tag with a blank", {"ETag": '"v 1"'}, None),
    ("a tag that is long", {"ETag": '"' + "v" * 2000 + '"'}, None),
    ("a date by itself", {"Last-Modified": LONG_AGO}, None),
    (
        "a date a minute old",
        {"Last-Modified": LONG_AGO, "Date": "Sun, 06 Nov 1994 08:50:37 GMT"},
        LONG_AGO,
    ),
    (
        "a date less than a minute old",
        {"Last-Modified": LONG_AGO, "Date": "Sun, 06 Nov 1994 08:50:36 GMT"},
        None,
    ),
    (
        "a date to come",
        {"Last-Modified": "Sun, 06 Nov 1994 09:49:37 GMT", "Date": LONG_AGO},
        None,
    ),
    ("a date that is none", {"Last-Modified": "yesterday", "Date": LONG_AGO}, None),
    ("a Date that is none", {"Last-Modified": LONG_AGO, "Date": "now"}, None),
    (
        "two dates",
        [("Last-Modified", LONG_AGO), ("Last-Modified", LONG_AGO), ("Date", "Sun, 06 Nov 1994 09:49:37 GMT")],
        None,
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("headers", "validator"), [row[1:] for row in VALIDATORS], ids=[row[0] for row in VALIDATORS]
)
def test_only_a_strong_validator_says_what_a_part_is_of(
    headers: Any, validator: str | None
) -> None:
    assert Representation.of(response_of(200, headers), "", None).validator == validator


def test_what_somebody_has_transformed_on_the_way_is_not_gone_on_with() -> None:
    response = response_of(203, {"ETag": '"v1"'})
    assert Representation.of(response, "", None).validator is None


@pytest.mark.parametrize(
    ("headers", "total"),
    [
        ({"Content-Length": "10"}, 10),
        ({"Content-Length": "0"}, 0),
        ({}, None),
        ({"Content-Length": "10", "Transfer-Encoding": "chunked"}, None),
        ({"Content-Length": "9" * 30}, None),
        ({"Content-Length": "٣"}, None),
        ({"Content-Length": "-1"}, None),
    ],
)
def test_the_total_is_what_the_length_says(headers: Any, total: int | None) -> None:
    # As another library may have read it: ours has refused what can be no length.
    response = SimpleNamespace(headers=headers, status_code=200, url=URL)
    assert Representation.of(response, "", None).total == total


PARTS = [
    ("bytes 10-19/20", (10, 20, 20)),
    ("Bytes 0-0/1", (0, 1, 1)),
    ("bytes 10-19/*", None),
    ("bytes 10-20/20", None),
    ("bytes 11-10/20", None),
    ("bytes */20", None),
    ("bytes=10-19/20", None),
    ("bytes 10-19", None),
    ("bytes +10-19/20", None),
    ("bytes 1_0-19/20", None),
    ("bytes 10-19/20, bytes 0-1/20", None),
    ("lines 10-19/20", None),
    ("bytes 10-19/" + "9" * 20, None),
    ("bytes \u0661-19/20", None),
    ("", None),
]


@pytest.mark.safety("F19")
@pytest.mark.parametrize(("value", "part"), PARTS)
def test_a_content_range_says_exactly_where_something_belongs_or_nothing(
    value: str, part: tuple[int, int, int] | None
) -> None:
    found = Part.of(SimpleNamespace(status_code=206, headers={"Content-Range": value}))
    assert (found and (found.start, found.end, found.total)) == part


def test_two_content_ranges_say_nothing() -> None:
    fields = [("Content-Range", "bytes 10-19/20")] * 2
    assert Part.of(response_of(206, fields)) is None


@pytest.mark.parametrize(
    ("value", "total"), [("bytes */20", 20), ("bytes 0-1/20", None), ("bytes */*", None)]
)
def test_what_cannot_be_satisfied_says_how_much_there_is(value: str, total: int | None) -> None:
    found = Part.of(response_of(416, {"Content-Range": value}))
    assert (found and (found.start, found.end, found.total)) == (total and (total, total, total))


KNOWN = {"ETag": '"v1"', "Content-Length": "20"}
REST = {"Content-Range": "bytes 10-19/20", "Content-Length": "10", "ETag": '"v1"'}


def known_of(**changes: Any) -> Representation:
    known = Representation.of(response_of(200, KNOWN), "", None)
    for name, value in changes.items():
        setattr(known, name, value)
    return known


FITTING: list[tuple[str, dict[str, Any], dict[str, Any], str]] = [
    ("exactly", REST, {}, URL),
    ("in chunks", {**REST, "Transfer-Encoding": "chunked", "Content-Length": None}, {}, URL),
    ("without a tag, as If-Range allows", {**REST, "ETag": None}, {}, URL),
    ("less than was asked for", {**REST, "Content-Range": "bytes 10-14/20", "Content-Length": "5"}, {}, URL),
    ("now it is known how much there is", REST, {"total": None}, URL),
    ("in the same coding", {**REST, "Content-Encoding": "gzip"}, {"coding": "gzip"}, URL),
    ("without the coding, as If-Range allows", REST, {"coding": "gzip"}, URL),
    ("by its date", {**REST, "ETag": '"x"', "Last-Modified": LONG_AGO}, {"validator": LONG_AGO}, URL),
    ("signed anew", REST, {}, "http://a.test/b?signed=2"),
]  # fmt: skip

WRONG: list[tuple[str, dict[str, Any], dict[str, Any], str]] = [
    ("no range", {**REST, "Content-Range": None}, {}, URL),
    ("several ranges", {"Content-Type": "multipart/byteranges; boundary=x"}, {}, URL),
    ("it begins too early", {**REST, "Content-Range": "bytes 9-19/20"}, {}, URL),
    ("it begins too late", {**REST, "Content-Range": "bytes 11-19/20"}, {}, URL),
    ("it begins at the beginning", {**REST, "Content-Range": "bytes 0-19/20"}, {}, URL),
    ("of more", {**REST, "Content-Range": "bytes 10-19/21"}, {}, URL),
    ("of less", {**REST, "Content-Range": "bytes 10-18/19", "Content-Length": "9"}, {}, URL),
    ("of nobody knows how much", {**REST, "Content-Range": "bytes 10-19/*"}, {}, URL),
    ("longer than it says", {**REST, "Content-Length": "11"}, {}, URL),
    ("shorter than it says", {**REST, "Content-Length": "9"}, {}, URL),
    ("another tag", {**REST, "ETag": '"v2"'}, {}, URL),
    ("a weak tag", {**REST, "ETag": 'W/"v1"'}, {}, URL),
    ("another date", {**REST, "Last-Modified": "Sun, 06 Nov 1994 08:49:38 GMT"}, {"validator": LONG_AGO}, URL),
    ("another coding", {**REST, "Content-Encoding": "gzip"}, {}, URL),
    ("another host", REST, {}, "http://b.test/b?signed=1"),
    ("another path", REST, {}, "http://a.test/c?signed=1"),
    ("another scheme", REST, {}, "https://a.test/b?signed=1"),
]  # fmt: skip


@pytest.mark.safety("F19")
@pytest.mark.parametrize(
    ("fits", "headers", "changes", "url"),
    [
        pytest.param(fits, *row[1:], id=row[0])
        for fits, rows in ((True, FITTING), (False, WRONG))
        for row in rows
    ],
)
def test_a_part_is_put_behind_another_only_where_it_fits_exactly(
    fits: bool, headers: dict[str, Any], changes: dict[str, Any], url: str
) -> None:
    fields = {name: value for name, value in headers.items() if value is not None}
    why = why_it_does_not_fit(response_of(206, fields, url), known_of(**changes), 10)
    assert (why is None) is fits, why


@pytest.mark.safety("F19")
@pytest.mark.parametrize(
    ("headers", "offset", "fits"),
    [
        ({"Content-Range": "bytes */20"}, 20, True),
        ({"Content-Range": "bytes */20", "ETag": '"v1"', "Content-Length": "7"}, 20, True),
        ({"Content-Range": "bytes */19"}, 19, False),
        ({"Content-Range": "bytes */20"}, 19, False),
        ({"Content-Range": "bytes */20", "ETag": '"v2"'}, 20, False),
        ({}, 20, False),
    ],
)
def test_nothing_is_left_only_when_the_server_has_as_much_as_is_there(
    headers: dict[str, str], offset: int, fits: bool
) -> None:
    why = why_it_does_not_fit(response_of(416, headers), known_of(), offset)
    assert (why is None) is fits, why
