"""What a server or a proxy asks for: the challenges of WWW-Authenticate and Proxy-Authenticate.

challenge   = auth-scheme [ 1*SP ( token68 / #auth-param ) ]     ; RFC 9110 section 11.3
credentials = auth-scheme [ 1*SP ( token68 / #auth-param ) ]     ; RFC 9110 section 11.4
"""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Challenge", "parse_challenges"]

_TOKEN_CHARACTERS = r"!#$%&'*+\-.^_`|~0-9A-Za-z"
_TOKEN = re.compile(rf"[{_TOKEN_CHARACTERS}]+")
# What is between tokens, and what should not be there at all, in one step however long it is.
_BETWEEN = re.compile(rf'[^"{_TOKEN_CHARACTERS}]*')
_PARAMETER = re.compile(
    rf"([{_TOKEN_CHARACTERS}]+)[ \t]*=[ \t]*"
    rf'(?:"([^"\\]*(?:\\.[^"\\]*)*)"|([{_TOKEN_CHARACTERS}]+))'
)
_QUOTED = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"?')
_TOKEN68 = re.compile(r" +([A-Za-z0-9\-._~+/]+=*)[ \t]*(?:,|\Z)")
_PAIR = re.compile(r"\\(.)")

_MOST_PIECES = 512  # schemes and parameters together: far more than ever make sense


class Challenge:
    """What a server or proxy asks for: `scheme` in lower case, and its parameters or `token68`.

    Names of parameters are in lower case, their values without quotes and escapes.
    """

    __slots__ = ("parameters", "scheme", "token68")

    def __init__(self, scheme: str) -> None:
        self.scheme = scheme
        self.parameters: dict[str, str] = {}
        self.token68: str | None = None

    def __repr__(self) -> str:
        return f"<Challenge {self.scheme} {self.token68 or self.parameters}>"


def parse_challenges(values: Iterable[str]) -> list[Challenge]:
    """The challenges in the values of WWW-Authenticate or Proxy-Authenticate fields.

    Several challenges may share a value, their parameters a name, and commas mean two things
    (RFC 9110 section 11.6.1); what cannot be understood is passed over. The time taken grows with
    the length of the values.

    >>> parse_challenges(['Basic realm="a, b", Negotiate', 'Digest nonce=1, qop="auth"'])
    ... # doctest: +NORMALIZE_WHITESPACE
    [<Challenge basic {'realm': 'a, b'}>, <Challenge negotiate {}>,
     <Challenge digest {'nonce': '1', 'qop': 'auth'}>]
    """
    challenges: list[Challenge] = []
    pieces = 0
    for value in values:
        current: Challenge | None = None
        position = _skip(_BETWEEN, value, 0)
        while position < len(value):
            pieces += 1
            if pieces > _MOST_PIECES:
                return challenges
            parameter = _PARAMETER.match(value, position)
            token = parameter or _TOKEN.match(value, position)
            if parameter is not None:
                position = parameter.end()
                if current is not None:
                    name, quoted, plain = parameter.groups()
                    text = plain if quoted is None else _PAIR.sub(r"\1", quoted)
                    current.parameters.setdefault(name.lower(), text)
            elif token is not None:
                current = Challenge(token[0].lower())
                challenges.append(current)
                position = token.end()
                token68 = _TOKEN68.match(value, position)
                if token68 is not None:
                    current.token68 = token68[1]
                    position = token68.end()
            else:  # a quoted string that belongs to nothing
                position = _skip(_QUOTED, value, position)
            position = _skip(_BETWEEN, value, position)
    return challenges


def _skip(pattern: re.Pattern[str], value: str, position: int) -> int:
    match = pattern.match(value, position)
    return position if match is None else match.end()
