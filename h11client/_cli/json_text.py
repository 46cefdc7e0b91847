"""JSON with one member a line. What is written stays as it is: numbers, order, repeated names."""

from __future__ import annotations

import json
import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["indent_json"]

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{},:]|[^\s\[\]{},:"]+')
# What stands for one character: two numbers where it is beyond U+FFFF (RFC 8259 section 7).
_ESCAPE = re.compile(r"\\(?:u[dD][89abAB]..\\u[dD][c-fC-F]..|u....|.)")
_INDENT = "  "
_DEEPEST = 100  # what is deeper would be mostly blanks, and many more bytes than it was


def indent_json(text: str) -> Iterator[tuple[str, str]] | None:
    """The pieces of `text` with line ends and blanks between them, each with its kind.

    Kinds are "name", "string", "literal" and "" for all that is between. None: it is no JSON, or
    nested too deep to look better.

    >>> "".join(piece for piece, _ in indent_json('{"a":[1.0,{}]}')).splitlines()
    ['{', '  "a": [', '    1.0,', '    {}', '  ]', '}']
    """
    try:
        # Only to know; as text no number is too long.
        json.loads(text, parse_int=str, parse_float=str)
    except (ValueError, RecursionError):
        return None
    tokens = _TOKEN.findall(text)
    depth = 0
    for token in tokens:
        depth += (token in "[{") - (token in "]}")
        if depth > _DEEPEST:
            return None
    return _pieces(tokens)


def _pieces(tokens: list[str]) -> Iterator[tuple[str, str]]:
    depth = 0
    last = ""
    for number, token in enumerate(tokens):
        following = tokens[number + 1] if number + 1 < len(tokens) else ""
        if token in "]}":
            depth -= 1
            if last not in "[{":
                yield "\n" + _INDENT * depth, ""
        elif last and last in "[{,":
            yield "\n" + _INDENT * depth, ""
        if token == ":":
            yield ": ", ""
        elif token in "[]{},":
            depth += token in "[{"
            yield token, ""
        elif token.startswith('"'):
            yield _readable(token), "name" if following == ":" else "string"
        else:
            yield token, "literal"
        last = token


def _readable(token: str) -> str:
    """A string with the characters in the place of their numbers, where they can be shown."""
    return _ESCAPE.sub(_character, token) if "\\u" in token else token


def _character(escape: re.Match[str]) -> str:
    if not escape[0].startswith("\\u"):
        return escape[0]
    character: str = json.loads(f'"{escape[0]}"')
    return character if character.isprintable() and character not in '"\\' else escape[0]
