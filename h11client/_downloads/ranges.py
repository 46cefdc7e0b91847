"""Parts of representations: when two of them are parts of the same one, and where they belong.

A part is put behind another one only when a strong validator says that both are of one
representation, and when Content-Range says that it begins exactly where the other ended.
"""

from __future__ import annotations

import re
from hashlib import sha256
from time import time

from h11client._policies.retry_after import parse_http_date

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["Part", "Representation", "fingerprint", "why_it_does_not_fit"]

# RFC 9110 section 8.8.3; a weak one begins with W/.
_STRONG_TAG = re.compile(r'"[\x21\x23-\x7e\x80-\xff]*"')
# RFC 9110 section 14.4, with numbers that a file can have.
_PART = re.compile(r"(?i:bytes) ([0-9]{1,19})-([0-9]{1,19})/([0-9]{1,19})")
_NO_PART = re.compile(r"(?i:bytes) \*/([0-9]{1,19})")
_LONGEST_VALIDATOR = 1000  # characters
# Seconds from Last-Modified to Date. RFC 9110 section 8.8.2.2 asks for one when both are by the
# same clock, and for enough to make up for clocks that differ when nobody knows.
_SETTLED = 60


class Representation:
    """What is known of what a server has: enough to say whether something else is a part of it.

    `asked` and `found` are fingerprints of the URL of the call, and of the one that had the answer,
    less its query, where signatures are that change each time; `validator` is what If-Range can be
    sent with, or None; `total` the number of bytes, or None; `coding` the value of
    Content-Encoding; `name` what the file will be called where the server has a say in that.
    """

    __slots__ = ("asked", "coding", "found", "name", "total", "validator")

    def __init__(
        self,
        asked: str,
        found: str,
        validator: str | None,
        total: int | None,
        coding: str = "",
        name: str | None = None,
    ) -> None:
        self.asked = asked
        self.found = found
        self.validator = validator
        self.total = total
        self.coding = coding
        self.name = name

    @classmethod
    def of(cls, response: Any, asked: str, name: str | None) -> Representation:
        """That which a 200 is the whole of."""
        headers = response.headers
        total = None if "Transfer-Encoding" in headers else _number(headers.get("Content-Length"))
        # RFC 9110 section 15.3.4: what somebody has transformed on the way may be so next time, or
        # otherwise.
        validator = _validator_of(response) if response.status_code == 200 else None
        coding = headers.get("Content-Encoding", "")
        return cls(asked, _place_of(response.url), validator, total, coding, name)


class Part:
    """Where the content of a response belongs: from `start` to `end`, of `total` bytes."""

    __slots__ = ("end", "start", "total")

    def __init__(self, start: int, end: int, total: int | None) -> None:
        self.start = start
        self.end = end
        self.total = total

    @classmethod
    def of(cls, response: Any) -> Part | None:
        """What Content-Range says; None when it says nothing, or nothing that can be.

        A 416 is the empty part at the end (RFC 9110 section 15.5.17).
        """
        values = values_of(response.headers, "Content-Range")
        value = values[0] if len(values) == 1 else ""
        if response.status_code == 416:
            none = _NO_PART.fullmatch(value)
            return None if none is None else cls(int(none[1]), int(none[1]), int(none[1]))
        match = _PART.fullmatch(value)
        if match is None:
            return None
        first, last, total = map(int, match.groups())
        return cls(first, last + 1, total) if first <= last < total else None


def why_it_does_not_fit(response: Any, known: Representation, offset: int) -> str | None:
    """None when `response`, a 206 or 416, goes on with `known` at `offset`; else what is wrong."""
    part = Part.of(response)
    headers = response.headers
    if part is None:
        return "its Content-Range does not say where it belongs"
    if part.start != offset:
        return f"it begins at {part.start}, not at {offset}"
    if known.total not in (None, part.total):
        return f"it is a part of {part.total} bytes, not of {known.total}"
    # RFC 9110 section 15.3.7: a 206 has the validators that a 200 would have.
    validator = known.validator or ""
    theirs = headers.get("ETag" if validator.startswith('"') else "Last-Modified")
    if theirs not in (None, validator):
        return "it is a part of something else by its validator"
    if response.status_code == 206:
        length = _number(headers.get("Content-Length"))
        if length is not None and length != part.end - part.start:
            return f"it has {length} bytes, and says {part.end - part.start}"
        if headers.get("Content-Encoding", known.coding) != known.coding:
            return "it is in another coding"
    if _place_of(response.url) != known.found:
        return "it comes from somewhere else"
    return None


def _validator_of(response: Any) -> str | None:
    """What tells a representation from every other that there was, or will be, at its URL."""
    headers = response.headers
    tags = values_of(headers, "ETag")
    if tags:
        # RFC 9110 section 13.1.5: no date beside a tag, not even a weak one.
        tag = tags[0]
        known = len(tags) == 1 and len(tag) <= _LONGEST_VALIDATOR and _STRONG_TAG.fullmatch(tag)
        return tag if known else None
    modified, date = values_of(headers, "Last-Modified"), values_of(headers, "Date")
    if len(modified) != 1 or len(date) != 1:
        return None
    today = time()
    then, now = parse_http_date(modified[0], today), parse_http_date(date[0], today)
    if then is None or now is None or now - then < _SETTLED:
        return None
    return modified[0]


def values_of(headers: Any, name: str) -> list[str]:
    """Every value of a field; mappings of others know one at most."""
    if hasattr(headers, "get_list"):
        return list(headers.get_list(name))
    value = headers.get(name)
    return [] if value is None else [value]


def fingerprint(url: str) -> str:
    """What tells a URL from others, and does not tell what is secret in it."""
    return sha256(url.encode("utf-8", "surrogateescape")).hexdigest()


def _place_of(url: str) -> str:
    return fingerprint(re.split(r"[?#]", url, maxsplit=1)[0])


def _number(value: str | None) -> int | None:
    if value is None or not value.isascii() or not value.isdigit() or len(value) > 19:
        return None
    return int(value)
