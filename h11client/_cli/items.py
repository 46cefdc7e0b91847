"""Request items: what stands behind the URL, each a name, a separator and a value.

    Name:value   a header; "Name:" leaves it out, "Name;" sends it empty
    name==value  a parameter of the query
    name=value   a field of a JSON object, or of a form     name=@file   its value from a file
    name:=json   the same, as JSON                          name:=@file  the same
    name@file    a file in a form
    @file        the body itself; "@-" is standard input

The separator is the first one that occurs, and of several at that place the longest. A backslash
before a character of a separator makes it one of the name.
"""

from __future__ import annotations

import re

from h11client._cli.failures import FileFailure, UsageError

__all__ = ["Item", "parse_item", "read_file"]

SEPARATORS = (":=@", "=@", "==", ":=", "=", ":", "@")  # longer ones first
_ESCAPED = re.compile(r"\\([:=@;\\])")
_SEPARATOR = re.compile("|".join(SEPARATORS))


class Item:
    """One item: its `name`, `separator` and `value` as they were written, escapes undone."""

    __slots__ = ("name", "separator", "text", "value")

    def __init__(self, text: str, name: str, separator: str, value: str) -> None:
        self.text = text
        self.name = name
        self.separator = separator
        self.value = value

    def __repr__(self) -> str:
        return f"<Item {self.name!r} {self.separator!r}>"  # the value may be a secret


def parse_item(text: str) -> Item:
    """What an argument behind the URL means; raises `UsageError` for what is no item.

    >>> item = parse_item(r"a\\:b=c:d")
    >>> item.name, item.separator, item.value
    ('a:b', '=', 'c:d')
    """
    position = 0
    while position < len(text):
        if _ESCAPED.match(text, position):
            position += 2
            continue
        found = _SEPARATOR.match(text, position)
        if found is not None:
            name = _ESCAPED.sub(r"\1", text[:position])
            if not name and found[0] != "@":
                raise UsageError(f"{text!r} has no name before {found[0]!r}")
            return Item(text, name, found[0], text[found.end() :])
        position += 1
    if text.endswith(";") and len(text) > 1:
        return Item(text, _ESCAPED.sub(r"\1", text[:-1]), ";", "")
    raise UsageError(
        f"{text!r} is no request item: Name:value, name==value, name=value, name:=json or name@file"
    )


def read_file(path: str) -> bytes:
    """The content of a file that was named; raises `FileFailure`."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise FileFailure.of(error, path) from error
