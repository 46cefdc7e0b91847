"""The Link field: where else there is something, and what it is to this (RFC 8288)."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["links_of", "parse_links"]

_BLANKS = " \t"


def links_of(value: str) -> dict[str, dict[str, str]]:
    """The links of a Link field by their relation types; without one by their URL.

    A link of several types stands under each; of several links of one type the last one counts.

    >>> links_of('</2>; rel=next, </9>; rel="last end"')["end"]
    {'url': '/9', 'rel': 'last end'}
    """
    links = {}
    for link in parse_links(value):
        for relation in link.get("rel", "").lower().split() or [link["url"]]:
            links[relation] = link
    return links


def parse_links(value: str) -> Iterator[dict[str, str]]:
    """Each link of a Link field: its "url", as it stands there, and its parameters.

    RFC 8288 section 3: names of parameters in lower case, and of two of one name the first counts.
    Whatever is no link is skipped. Takes linear time.

    >>> list(parse_links('<a,b>; title="x; y, \\\\"z\\\\""; rel=next'))
    [{'url': 'a,b', 'title': 'x; y, "z"', 'rel': 'next'}]
    """
    at, size = 0, len(value)
    while at < size:
        if value[at] in _BLANKS or value[at] == ",":
            at += 1
            continue
        end = value.find(">", at) if value[at] == "<" else -1
        if end < 0:
            if value[at] == "<":
                return  # there is no ">" behind it at all
            at = _end_of(value, at, ",")
            continue
        link = {"url": value[at + 1 : end].strip()}
        at = _read_parameters(value, end + 1, link)
        yield link


def _read_parameters(value: str, at: int, link: dict[str, str]) -> int:
    """Puts the parameters that begin at `at` into `link`; returns where they end."""
    size = len(value)
    while at < size and value[at] != ",":
        if value[at] != ";":
            at += 1  # a blank, or something that does not belong here
            continue
        name_end = _end_of(value, at + 1, "=;,")
        name = value[at + 1 : name_end].strip(_BLANKS).lower()
        at, text = name_end, ""
        if at < size and value[at] == "=":
            at, text = _read_value(value, at + 1)
        if name and name != "url":
            link.setdefault(name, text)
    return at


def _read_value(value: str, at: int) -> tuple[int, str]:
    """Where a parameter's value ends, and what it is: a token, or a quoted string."""
    size = len(value)
    while at < size and value[at] in _BLANKS:
        at += 1
    if at == size or value[at] != '"':
        end = _end_of(value, at, ";,")
        text = value[at:end].strip(_BLANKS)
        # No quotes of the grammar, but of servers.
        return end, text[1:-1] if len(text) > 1 and text[0] == text[-1] == "'" else text
    pieces = []
    at += 1
    while at < size and value[at] != '"':
        if value[at] == "\\" and at + 1 < size:
            at += 1
        pieces.append(value[at])
        at += 1
    return at + 1, "".join(pieces)


def _end_of(value: str, at: int, marks: str) -> int:
    while at < len(value) and value[at] not in marks:
        at += 1
    return at
