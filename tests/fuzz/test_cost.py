"""Cost in operations of the interpreter, which no other load of the machine changes.

Time, which sees what C code does too, is measured by tests/protocol/test_complexity.py and beside the
rules of the client.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from h11client._messages.links import parse_links
from h11client._messages.text import LineSplitter, charset_of
from h11client._messages.url import join_url, parse_url
from h11client._policies.challenges import parse_challenges
from h11client._policies.cookie_rules import candidate_domains, path_matches
from h11client._policies.netrc import MalformedFile, parse_netrc
from h11client._policies.retry_after import seconds_of
from h11client._policies.set_cookie import parse_cookie_date, parse_set_cookie
from h11client.exceptions import InvalidSchema, InvalidURL
from tests.fuzz.operations import operations
from tests.protocol.test_complexity import INPUTS, spent

RATIO = 2.3  # of the operations for 2n and n: 2 is linear, 4 is quadratic
BASE = parse_url("http://h/a/b")
SHARE = 40  # of the sizes that are needed to measure time


def assert_linear(make: Callable[[int], Callable[[], object]], size: int) -> None:
    once, twice = (operations(make(count)) for count in (size, 2 * size))
    assert once > 0
    assert twice <= RATIO * once, f"{once} operations became {twice}"


@pytest.mark.safety("F10", "F11", "F12", "F13")
@pytest.mark.parametrize(
    ("make", "build", "size"), [pytest.param(*row[1:], id=row[0]) for row in INPUTS]
)
def test_operations_of_the_engine_grow_with_the_input(make: Any, build: Any, size: int) -> None:
    def work(count: int) -> Callable[[], object]:
        connection, pieces = make(), build(count)
        return lambda: spent(connection, pieces)

    assert_linear(work, max(20, min(size, 8000) // SHARE))


def url(text: str) -> object:
    try:
        return parse_url(text)
    except InvalidURL:
        return None


def location(text: str) -> object:
    try:
        return join_url(BASE, text)
    except (InvalidURL, InvalidSchema):
        return None


def netrc(text: str) -> object:
    try:
        return parse_netrc(text)
    except MalformedFile:
        return None


def lines(text: str) -> object:
    splitter = LineSplitter()
    return [splitter.feed(piece) for piece in text] + [splitter.finish()]


def delimited(text: str) -> object:
    splitter = LineSplitter(b"\r\n\r\n")
    return [splitter.feed(piece.encode()) for piece in text] + [splitter.finish()]


# (id, what reads it, what stands n times, what stands before it)
HOSTILE: list[tuple[str, Callable[[str], object], str, str]] = [
    ("cookie of backslashes", parse_set_cookie, '\\"', 'a="'),
    ("cookie of semicolons", parse_set_cookie, ";", "a=b"),
    ("cookie of attributes", parse_set_cookie, ";path=/;expires=x", "a=b"),
    ("cookie of blanks", parse_set_cookie, " \t", "a="),
    ("cookie date of digits", parse_cookie_date, "1", ""),
    ("cookie date of words", parse_cookie_date, "jan 1 ", ""),
    ("challenge of commas", lambda text: parse_challenges([text]), ", ", "Basic"),
    ("challenge of quotes", lambda text: parse_challenges([text]), '\\"', 'Basic a="'),
    ("challenge of blanks", lambda text: parse_challenges([text]), " ", "Basic"),
    ("challenge of non-breaking blanks", lambda text: parse_challenges([text]), "\xa0", "Basic"),
    ("challenges", lambda text: parse_challenges([text]), "A b=c, ", ""),
    ("links", lambda text: list(parse_links(text)), "</a>; b=c, ", ""),
    ("link of parameters", lambda text: list(parse_links(text)), ";a", "</>"),
    ("link of quotes", lambda text: list(parse_links(text)), '\\"', '</>; a="'),
    ("link of open brackets", lambda text: list(parse_links(text)), "<", ""),
    ("charset of parameters", charset_of, "; a=b", "a/b"),
    ("charset of quotes", charset_of, '\\"', 'a/b; charset="'),
    ("Retry-After of digits", lambda text: seconds_of(text, 0.0), "9", ""),
    ("Retry-After of blanks", lambda text: seconds_of(text, 0.0), " ", "1"),
    ("path of escapes", url, "%41", "http://a/"),
    ("path of lone escapes", url, "%", "http://a/"),
    ("path of dots", url, "../", "http://a/"),
    ("path of slashes and dots", url, "a/./../", "http://a/"),
    ("host of dots", url, ".", "http://a"),
    ("host of digits", url, "0", "http://0x"),
    ("user names", url, "@", "http://a"),
    ("query", url, "&a", "http://a/?"),
    ("netrc of machines", netrc, "machine a login b password c\n", ""),
    ("netrc of quotes", netrc, '\\"', 'machine a password "'),
    ("netrc of macros", netrc, "macdef a\nb\n\n", ""),
    ("domains of a host", candidate_domains, "a.", ""),
    ("path of a cookie", lambda text: path_matches(text, text + "/"), "/a", ""),
    ("charset of semicolons", charset_of, ";", "text/html"),
    ("charset of blanks", charset_of, " ", "text/html;"),
    ("location of dots", location, "../", ""),
    ("location of slashes", location, "//", "/"),
    ("location of lone escapes", location, "%", ""),
    ("location outside ASCII", location, "é", ""),
    ("lines in pieces", lines, "a", ""),
    ("lines of CR in pieces", lines, "\r", ""),
    ("long lines in pieces", lines, "abc\n" + "d" * 5, ""),
    ("delimiters that never end", delimited, "\r\n\r", ""),
    ("delimiters in pieces", delimited, "a\r\n\r\n", ""),
]


@pytest.mark.safety("A2", "C8", "U1")
@pytest.mark.parametrize(
    ("read", "piece", "start"), [pytest.param(*row[1:], id=row[0]) for row in HOSTILE]
)
def test_operations_of_the_client_grow_with_the_input(
    read: Callable[[str], object], piece: str, start: str
) -> None:
    def work(count: int) -> Callable[[], object]:
        text = start + piece * count
        return lambda: read(text)

    assert_linear(work, 300)


def test_quadratic_work_is_seen() -> None:
    """The measure itself: a splitter that looks at everything again with each piece."""

    def work(count: int) -> Callable[[], object]:
        def again() -> None:
            for end in range(count):
                for start in range(end):
                    charset_of(str(start))

        return again

    once, twice = operations(work(8)), operations(work(16))
    assert twice > RATIO * once
