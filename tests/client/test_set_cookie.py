"""h11client/_policies/set_cookie.py: Set-Cookie and its dates, whoever wrote them."""

from __future__ import annotations

import time
from calendar import timegm

import pytest

from h11client._policies.set_cookie import LAST_SECOND, parse_cookie_date, parse_set_cookie
from tests.growth import grows_linearly

NOW = 1_700_000_000


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("a=b", "a", "b"),
        ("a=b; Path=/", "a", "b"),
        ("  a\t=  b c\t ;x", "a", "b c"),
        ("a=", "a", ""),
        ("=b", "", "b"),
        ("b", "", "b"),
        ("b; Path=/", "", "b"),
        ("a=b=c", "a", "b=c"),
        ("a==", "a", "="),
        ('a="b c"', "a", '"b c"'),
        ('a="b;c"', "a", '"b'),
        ("a=b,c=d", "a", "b,c=d"),
        ("a=%3B%0d%0a", "a", "%3B%0d%0a"),
        ("a=\\x", "a", "\\x"),
        ("a=b\tc", "a", "b\tc"),
        ("a=\xe9\xff", "a", "\xe9\xff"),
        ("$Version=1", "$Version", "1"),
        ("a b=c", "a b", "c"),
    ],
)
def test_name_and_value_are_what_stands_there(text: str, name: str, value: str) -> None:
    cookie = parse_set_cookie(text)
    assert cookie is not None
    assert (cookie.name, cookie.value) == (name, value)


@pytest.mark.parametrize("text", ["", ";", "  ", "=", " = ; Path=/", "; a=b", "; Secure"])
def test_what_is_empty_is_no_cookie(text: str) -> None:
    assert parse_set_cookie(text) is None


@pytest.mark.safety("C5")
@pytest.mark.parametrize("place", ["a{}=b", "a={}b", "a=b; Path=/{}", "a=b; x{}"])
def test_a_control_character_anywhere_makes_it_no_cookie_and_a_tab_does_not(place: str) -> None:
    for code in [*range(32), 127]:
        cookie = parse_set_cookie(place.format(chr(code)))
        assert (cookie is not None) == (chr(code) == "\t"), code


def test_characters_that_are_no_octets_make_it_no_cookie() -> None:
    assert parse_set_cookie("a=\u0141") is None


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ("", {}),
        ("Domain=A.Test", {"domain": "a.test"}),
        ("domain = .a.test ", {"domain": "a.test"}),
        ("DOMAIN=..a.test", {"domain": ".a.test"}),
        ("Domain=", {"domain": ""}),
        ("Domain", {"domain": ""}),
        ("Domain=a.test; Domain=b.test", {"domain": "b.test"}),
        ("Domain=a.test; Domain=", {"domain": ""}),
        ("Path=/a", {"path": "/a"}),
        ("Path=/a; path=/b", {"path": "/b"}),
        ("Path=x=y", {"path": "x=y"}),
        ("Secure", {"secure": True}),
        ("secure=0", {"secure": True}),
        ("Secured", {}),
        ("xSecure", {}),
        ("x Secure", {}),
        ("HttpOnly;;; ;SECURE", {"http_only": True, "secure": True}),
        ("SameSite=Lax", {"same_site": "Lax"}),
        ("SameSite", {"same_site": ""}),
        ("Partitioned", {"partitioned": True}),
        ("Max-Age=10", {"max_age": 10}),
        ("Max-Age=010", {"max_age": 10}),
        ("Max-Age=0", {"max_age": 0}),
        ("Max-Age=-1", {"max_age": 0}),
        ("Max-Age=-", {}),
        ("Max-Age=+1", {}),
        ("Max-Age=1.5", {}),
        ("Max-Age=", {}),
        ('Max-Age="10"', {}),
        ("Max-Age=\xb2", {}),
        ("Max-Age=5; Max-Age=x", {"max_age": 5}),
        ("Max-Age=5; Max-Age=6", {"max_age": 6}),
        ("Max-Age=" + "9" * 400, {"max_age": LAST_SECOND}),
        ("Max-Age=" + "0" * 400 + "7", {"max_age": 7}),
        ("Expires=Thu, 01 Jan 1970 00:00:09 GMT", {"expires": 9}),
        ("Expires=x; Expires=Thu, 01 Jan 1970 00:00:09 GMT; Expires=y", {"expires": 9}),
        ("Expires=tomorrow", {}),
        ("Comment=x; Version=1; Port=80; Discard", {}),
        ("Path=/" + "a" * 1023, {"path": "/" + "a" * 1023}),
        ("Path=/b; Path=/" + "a" * 1024, {"path": "/b"}),
        ("Path=   " + "/a" + " " * 2000, {"path": "/a"}),
    ],
)
def test_attributes(attributes: str, expected: dict[str, object]) -> None:
    cookie = parse_set_cookie(f"a=b; {attributes}" if attributes else "a=b")
    assert cookie is not None
    plain = parse_set_cookie("a=b")
    assert plain is not None
    names = ("domain", "path", "secure", "http_only", "same_site", "partitioned")
    for name in (*names, "max_age", "expires"):
        assert getattr(cookie, name) == expected.get(name, getattr(plain, name)), name


@pytest.mark.safety("2k2", "C8")
@pytest.mark.parametrize(
    ("attributes", "expiry"),
    [
        ("", None),
        ("Max-Age=10", NOW + 10),
        ("Max-Age=0", 0),
        ("Max-Age=-5", 0),
        ("Max-Age=" + "9" * 400, LAST_SECOND),
        ("Expires=Thu, 01 Jan 1970 00:00:00 GMT", 0),
        ("Expires=Thu, 01 Jan 1970 00:00:09 GMT; Max-Age=10", NOW + 10),
        ("Max-Age=10; Expires=Thu, 01 Jan 1970 00:00:09 GMT", NOW + 10),
        ("Max-Age=x; Expires=Thu, 01 Jan 1970 00:00:09 GMT", 9),
        ("Expires=never", None),
    ],
)
def test_max_age_beats_expires_and_what_cannot_be_read_is_ignored(
    attributes: str, expiry: int | None
) -> None:
    cookie = parse_set_cookie(f"a=b; {attributes}")
    assert cookie is not None
    assert cookie.expiry(NOW) == expiry


def at(*moment: int) -> int:
    return timegm(moment)


@pytest.mark.safety("2k2")
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Wed, 09 Jun 2021 10:18:14 GMT", at(2021, 6, 9, 10, 18, 14)),
        ("Wed, 09-Jun-2021 10:18:14 GMT", at(2021, 6, 9, 10, 18, 14)),
        ("Wednesday, 09-Jun-21 10:18:14 GMT", at(2021, 6, 9, 10, 18, 14)),
        ("Wed Jun  9 10:18:14 2021", at(2021, 6, 9, 10, 18, 14)),
        ("10:18:14 2021 jun 9", at(2021, 6, 9, 10, 18, 14)),  # four digits are no day
        ("2021 9 JUNE 10:18:14", at(2021, 6, 9, 10, 18, 14)),
        ("9 jUnx 2021 1:2:3", at(2021, 6, 9, 1, 2, 3)),
        ("9 Jun 2021 10:18:14.500", at(2021, 6, 9, 10, 18, 14)),
        ("9th Jun 2021AD 10:18:14z", at(2021, 6, 9, 10, 18, 14)),
        ("9 Jun 69 00:00:00", at(2069, 6, 9, 0, 0, 0)),
        ("9 Jun 70 00:00:00", at(1970, 6, 9, 0, 0, 0)),
        ("9 Jun 99 00:00:00", at(1999, 6, 9, 0, 0, 0)),
        ("9 Jun 00 00:00:00", at(2000, 6, 9, 0, 0, 0)),
        ("9 Jun 020 00:00:00", at(2020, 6, 9, 0, 0, 0)),
        ("9 Jun 1601 00:00:00", at(1601, 6, 9, 0, 0, 0)),
        ("29 Feb 2020 00:00:00", at(2020, 2, 29, 0, 0, 0)),
        ("31 Dec 9999 23:59:59", LAST_SECOND),
        ("09 Jun 2021 10:18:14 GMT+0200 (x) 12 Jul 1999 11:11:11", at(2021, 6, 9, 10, 18, 14)),
        ("29 Feb 2021 00:00:00", None),
        ("31 Apr 2021 00:00:00", None),
        ("0 Jun 2021 00:00:00", None),
        ("32 Jun 2021 00:00:00", None),
        ("9 Jun 1600 00:00:00", None),
        ("9 Jun 2021 24:00:00", None),
        ("9 Jun 2021 00:60:00", None),
        ("9 Jun 2021 00:00:60", None),
        ("9 Jun 2021 00:00", None),
        ("9 Jun 2021 000:00:00", None),
        ("9 Jun 2021 00:00:000", None),
        ("9 Jun 20211 00:00:00", None),
        ("9 Jun 1 00:00:00", None),
        ("9 Jun 100 00:00:00", None),
        ("9 Jux 2021 00:00:00", None),
        ("9 Jun 00:00:00", None),
        ("Jun 2021 00:00:00", None),
        ("\u0669 Jun 2021 00:00:00", None),
        ("0", None),
        ("-1", None),
        ("", None),
    ],
)
def test_dates(text: str, expected: int | None) -> None:
    assert parse_cookie_date(text) == expected


def test_with_more_than_a_hundred_attributes_it_is_no_cookie() -> None:
    assert parse_set_cookie("a=b" + "; Path=/" * 100 + "; other" * 1000) is not None
    assert parse_set_cookie("a=b" + "; Path=/" * 101) is None


HOSTILE = {
    "semicolons": lambda n: ";" * n,
    "unknown attributes": lambda n: "a=b" + ";a" * (n // 2),
    "blanks": lambda n: "a=b;" + " " * n + "x",
    "a name and blanks": lambda n: "a=b;path" + " " * n + "x",
    "attributes": lambda n: "a=b" + ";path" * (n // 5),
    "long attributes": lambda n: "a=b" + ("; path=" + "/" * 2000) * (n // 2007),
    "attributes and blanks": lambda n: "a=b" + "; path " * (n // 7),
    "backslashes": lambda n: 'a="' + "\\" * n + '"',
    "quotes": lambda n: 'a="' + '"' * n,
    "one value": lambda n: "a=" + "x" * n,
    "equals signs": lambda n: "=" * n,
    "a date": lambda n: "a=b; expires=" + "1 " * (n // 2),
    "dates": lambda n: "a=b" + ("; expires=" + "1 " * 100) * (n // 210),
    "long dates": lambda n: "a=b" + ("; expires=" + "1 " * 500) * (n // 1010),
    "good dates": lambda n: "a=b" + "; expires=9 Jun 2021 10:18:14" * (n // 29),
    "digits": lambda n: "a=b; max-age=" + "9" * n,
    "ages": lambda n: "a=b" + ("; max-age=" + "9" * 1000) * (n // 1010),
    "dots": lambda n: "a=b; domain=" + "." * n,
}


@pytest.mark.safety("C8", "X18")
@pytest.mark.parametrize("make", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_line_takes_time_in_proportion_to_its_length(make) -> None:
    assert grows_linearly(lambda n: parse_set_cookie(make(n)), 65536)


@pytest.mark.safety("C8")
def test_64_kilobytes_of_anything_take_less_than_five_milliseconds() -> None:
    slow = {}
    for name, make in HOSTILE.items():
        text, best = make(65536), float("inf")
        for _ in range(200):  # a machine that is busy is slow for longer than a few of these
            started = time.thread_time()
            parse_set_cookie(text)
            best = min(best, time.thread_time() - started)
            if best < 0.005:
                break
        if best >= 0.005:
            slow[name] = best
    assert slow == {}
