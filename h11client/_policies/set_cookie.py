"""Set-Cookie, read as browsers read it (RFC 6265 section 5.2, with the corrections of 6265bis).

    set-cookie = [ name "=" ] value *( ";" attribute [ "=" value ] )

Text here is bytes decoded as latin-1: a character is an octet, and nothing is lost. Every step is
linear in the length of the field, whatever is in it.
"""

from __future__ import annotations

import re
from calendar import monthrange, timegm
from itertools import islice

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["LAST_SECOND", "SetCookie", "parse_cookie_date", "parse_set_cookie"]

MAX_ATTRIBUTE = 1024  # octets of an attribute's value; longer ones are ignored (6265bis, 5.6)
MAX_ATTRIBUTES = 100  # of one cookie that mean something; with more of them it is an attack
MOST_TRIED = 4  # times that cannot be read, from the last, before there is none
LAST_SECOND = 253402300799  # 9999-12-31T23:59:59Z: what a file of cookies can hold
_MAX_DIGITS = 12  # more seconds than that are "for ever", and cost nothing to say

_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]|[^\x00-\xff]")  # HTAB is harmless
# Everything between two ";" that is not one of these is skipped by the search itself.
_ATTRIBUTE = re.compile(
    r";[ \t]*(?=[dehmps])(expires|max-age|domain|path|secure|httponly|samesite|partitioned)[ \t]*"
    r"(?:=([^;]*)|(?=;|\Z))",
    re.IGNORECASE | re.ASCII,
)
_MAX_AGE = re.compile(r"(-?)([0-9]+)")

# RFC 6265 section 5.1.1.
_DELIMITERS = re.compile(r"[\x09\x20-\x2f\x3b-\x40\x5b-\x60\x7b-\x7e]+")
_TIME = re.compile(r"([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(?![0-9])")
_DAY = re.compile(r"([0-9]{1,2})(?![0-9])")
_YEAR = re.compile(r"([0-9]{2,4})(?![0-9])")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


class SetCookie:
    """What one Set-Cookie field says; `name` is "" for a field without "=".

    `domain` and `path` are None without such an attribute; `domain` is in lower case and has lost
    its leading dot. `expires` is in seconds since the epoch, `max_age` in seconds, at least 0.
    """

    __slots__ = (
        "domain",
        "expires",
        "http_only",
        "max_age",
        "name",
        "partitioned",
        "path",
        "same_site",
        "secure",
        "value",
    )

    def __init__(self, name: str, value: str) -> None:
        self.name = name
        self.value = value
        self.domain: str | None = None
        self.path: str | None = None
        self.expires: int | None = None
        self.max_age: int | None = None
        self.secure = False
        self.http_only = False
        self.partitioned = False
        self.same_site: str | None = None

    def expiry(self, now: float) -> int | None:
        """When it is over; None for the end of the session. Max-Age beats Expires."""
        if self.max_age is not None:
            return min(int(now) + self.max_age, LAST_SECOND) if self.max_age else 0
        return self.expires


def parse_set_cookie(text: str) -> SetCookie | None:
    """The cookie of one field value, None when it has to be ignored.

    >>> cookie = parse_set_cookie('a="1"; Path=/b; Secure')
    >>> cookie.name, cookie.value, cookie.path, cookie.secure
    ('a', '"1"', '/b', True)
    """
    if _CONTROL.search(text) is not None:
        return None
    end = text.find(";")
    pair = text if end < 0 else text[:end]
    before, equals, after = pair.partition("=")
    # 6265bis: without "=" it is a value without a name.
    cookie = SetCookie(
        before.strip(" \t") if equals else "", (after if equals else before).strip(" \t")
    )
    if not cookie.name and not cookie.value:
        return None
    if end >= 0:
        found = list(islice(_ATTRIBUTE.finditer(text, end), MAX_ATTRIBUTES + 1))
        if len(found) > MAX_ATTRIBUTES:
            return None
        _take_attributes(cookie, found)
    return cookie


def _take_attributes(cookie: SetCookie, attributes: list[re.Match[str]]) -> None:
    """Of several of a kind the last counts (RFC 6265 section 5.3) that can be read."""
    last: dict[str, str] = {}
    times: dict[str, list[str]] = {"expires": [], "max-age": []}
    for match in attributes:
        value = (match[2] or "").strip(" \t")
        if len(value) > MAX_ATTRIBUTE:
            continue
        name = match[1].lower()
        if name in times:
            times[name].append(value)
        else:
            last[name] = value
    if "domain" in last:
        cookie.domain = last["domain"].removeprefix(".").lower()
    cookie.path = last.get("path")
    cookie.same_site = last.get("samesite")
    cookie.secure = "secure" in last
    cookie.http_only = "httponly" in last
    cookie.partitioned = "partitioned" in last
    cookie.expires = _last_readable(times["expires"], parse_cookie_date)
    cookie.max_age = _last_readable(times["max-age"], _parse_max_age)


def _last_readable(values: list[str], parse: Callable[[str], int | None]) -> int | None:
    parsed = (parse(value) for value in reversed(values[-MOST_TRIED:]))
    return next((seconds for seconds in parsed if seconds is not None), None)


def _parse_max_age(value: str) -> int | None:
    match = _MAX_AGE.fullmatch(value)
    if match is None:
        return None
    digits = match[2].lstrip("0")
    if match[1]:
        return 0
    return int(digits or "0") if len(digits) <= _MAX_DIGITS else LAST_SECOND


def parse_cookie_date(text: str) -> int | None:
    """Seconds since the epoch, from whatever comes near to a date (RFC 6265 section 5.1.1).

    >>> parse_cookie_date("Wed, 09-Jun-21 10:18:14 GMT")
    1623233894
    """
    clock = day = month = year = None
    for token in _DELIMITERS.split(text):
        if clock is None and (match := _TIME.match(token)):
            clock = int(match[1]), int(match[2]), int(match[3])
        elif day is None and (match := _DAY.match(token)):
            day = int(match[1])
        elif month is None and token[:3].lower() in _MONTHS:
            month = _MONTHS.index(token[:3].lower()) + 1
        elif year is None and (match := _YEAR.match(token)):
            year = int(match[1])
    if clock is None or day is None or month is None or year is None:
        return None
    if year < 100:
        year += 1900 if year >= 70 else 2000
    hour, minute, second = clock
    if year < 1601 or hour > 23 or minute > 59 or second > 59:
        return None
    if not 1 <= day <= monthrange(year, month)[1]:
        return None
    return timegm((year, month, day, hour, minute, second))
