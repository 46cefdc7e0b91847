"""Retry-After: how long a server asks to be left alone (RFC 9110 section 10.2.3)."""

from __future__ import annotations

__all__ = ["MAX_DELAY", "parse_http_date", "seconds_of"]

MAX_DELAY = float("inf")  # what more digits, or a later date, come to than anybody waits for

_LONGEST_DATE = 40  # characters; the longest of the three forms has 33
_LONGEST_NUMBER = 15  # digits; more are thirty million years
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAYS_BEFORE = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365)  # months of a year


def seconds_of(value: str | None, now: float) -> float | None:
    """The seconds that a Retry-After value asks for, at least 0; None when it says nothing.

    `now` is the time in seconds since 1970, for values that are a date. What is neither a number of
    seconds without sign and fraction nor a date is nothing.

    >>> seconds_of("120", 0.0), seconds_of("Thu, 01 Jan 1970 00:01:00 GMT", 15.0)
    (120.0, 45.0)
    >>> seconds_of("-1", 0.0), seconds_of("9" * 400, 0.0)
    (None, inf)
    """
    if value is None:
        return None
    value = value.strip(" \t")
    if value.isascii() and value.isdigit():
        digits = value.lstrip("0")
        return float(digits or "0") if len(digits) <= _LONGEST_NUMBER else MAX_DELAY
    date = parse_http_date(value, now)
    return None if date is None else max(0.0, date - now)


def parse_http_date(value: str, now: float) -> float | None:
    """A date in any of the three forms of RFC 9110 section 5.6.7, in seconds since 1970, or None.

    `now` decides which century the two digits of the second form are in.

    >>> for date in ("Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
    ...              "Sun Nov  6 08:49:37 1994"):
    ...     print(parse_http_date(date, 8e8))
    784111777.0
    784111777.0
    784111777.0
    """
    if len(value) > _LONGEST_DATE or not value.isascii():
        return None
    words = value.split()
    day_name = words[0].rstrip(",").lower() if words else ""
    if day_name[:3] not in _DAYS:
        return None
    if len(words) == 6 and words[5] == "GMT":  # Sun, 06 Nov 1994 08:49:37 GMT
        _, day, month, year, time, _ = words
    elif len(words) == 4 and words[3] == "GMT" and words[1].count("-") == 2:
        day, month, year = words[1].split("-")  # Sunday, 06-Nov-94 08:49:37 GMT
        year, time = _whole_year(year, now), words[2]
    elif len(words) == 5:  # Sun Nov  6 08:49:37 1994
        _, month, day, time, year = words
    else:
        return None
    return _seconds_since_1970(year, month, day, time)


def _whole_year(year: str, now: float) -> str:
    """RFC 9110 section 5.6.7: what seems to be more than 50 years ahead is past."""
    if len(year) != 2 or not year.isdigit():
        return ""
    this_year = 1970 + int(now // (365.2425 * 86400))
    whole = this_year - this_year % 100 + int(year)
    return str(whole - 100 if whole > this_year + 50 else whole)


def _seconds_since_1970(year: str, month: str, day: str, time: str) -> float | None:
    clock = time.split(":")
    numbers = [year, day, *clock]
    if len(clock) != 3 or len(year) != 4 or month.lower() not in _MONTHS:
        return None
    if not all(number.isdigit() and len(number) <= 4 for number in numbers):
        return None
    y, d, hours, minutes, seconds = [int(number) for number in numbers]
    m = _MONTHS.index(month.lower())
    leap = y % 4 == 0 and (y % 100 != 0 or y % 400 == 0)
    length = 29 if leap and m == 1 else _DAYS_BEFORE[m + 1] - _DAYS_BEFORE[m]
    # A leap second is allowed by the grammar.
    if not (1 <= d <= length and hours < 24 and minutes < 60 and seconds <= 60):
        return None
    before = y - 1
    days = 365 * before + before // 4 - before // 100 + before // 400 - 719162  # to 1970-01-01
    days += _DAYS_BEFORE[m] + (leap and m > 1) + d - 1
    return float(days * 86400 + hours * 3600 + minutes * 60 + seconds)
