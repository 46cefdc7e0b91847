"""Authentication: challenges, and the answers of the schemes Basic and Digest to them.

Everything here is a pure function of what was asked and what is known; who asks whom, and how
often, is decided by those who send requests.

    challenge   = auth-scheme [ 1*SP ( token68 / #auth-param ) ]     ; RFC 9110 section 11.3
    credentials = auth-scheme [ 1*SP ( token68 / #auth-param ) ]     ; RFC 9110 section 11.4
"""

from __future__ import annotations

import re
from _thread import allocate_lock
from binascii import b2a_base64

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any, TypeAlias

    Hash: TypeAlias = Callable[[bytes], bytes]

__all__ = [
    "Challenge",
    "DigestSession",
    "HTTPBasicAuth",
    "HTTPDigestAuth",
    "basic_credentials",
    "parse_challenges",
    "resolve_auth",
]

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
_SPECIAL = re.compile(r'(["\\])')
_CONTROL = re.compile(rb"[\x00-\x1f\x7f]")

_MOST_PIECES = 512  # schemes and parameters together: far more than ever make sense
_CNONCE_BYTES = 16


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


class HTTPBasicAuth:
    """A user name and a password, sent as they are (RFC 7617).

    Text is encoded as UTF-8. A user name with a colon, and control characters anywhere, are a
    `ValueError`.

    >>> HTTPBasicAuth("user", "secret")
    HTTPBasicAuth('user', '***')
    """

    __slots__ = ("password", "username")

    username: str | bytes
    password: str | bytes

    def __init__(self, username: str | bytes, password: str | bytes) -> None:
        _check_credentials(username, password)
        self.username = username
        self.password = password

    def _values(self) -> tuple[object, ...]:
        return type(self), _to_bytes(self.username), _to_bytes(self.password)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, HTTPBasicAuth):
            return NotImplemented
        return self._values() == other._values()

    def __hash__(self) -> int:
        return hash(self._values())

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.username!r}, '***')"


class HTTPDigestAuth(HTTPBasicAuth):
    """A user name and a password, of which only hashes are sent (RFC 7616).

    >>> HTTPDigestAuth("user", "secret")
    HTTPDigestAuth('user', '***')
    """

    __slots__ = ()


def resolve_auth(auth: Any) -> Any:
    """What an `auth=` argument means: a pair is for Basic, a callable or `auth_flow` is itself."""
    if isinstance(auth, (tuple, list)):
        if len(auth) != 2:
            raise ValueError("auth= as a tuple is (user name, password)")
        return HTTPBasicAuth(*auth)
    if callable(auth) or hasattr(auth, "auth_flow"):
        return auth
    raise TypeError(f"auth= is a pair, a callable or a scheme, not {type(auth).__name__}")


def basic_credentials(username: str | bytes, password: str | bytes) -> str:
    """The value of (Proxy-)Authorization for the scheme Basic (RFC 7617 section 2).

    >>> basic_credentials("Aladdin", "open sesame")
    'Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=='
    """
    _check_credentials(username, password)
    pair = _to_bytes(username) + b":" + _to_bytes(password)
    return "Basic " + b2a_base64(pair, newline=False).decode("ascii")


def _check_credentials(username: str | bytes, password: str | bytes) -> None:
    for given in (username, password):
        if not isinstance(given, (str, bytes)):
            raise TypeError(f"a user name or password is str or bytes, not {type(given).__name__}")
    if b":" in _to_bytes(username):
        raise ValueError("a user name has no colon (RFC 7617 section 2)")
    if _CONTROL.search(_to_bytes(username)) or _CONTROL.search(_to_bytes(password)):
        raise ValueError("user names and passwords have no control characters")


def _to_bytes(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")


class _Nonce:
    """One accepted Digest challenge, and how often it was answered."""

    __slots__ = ("answered", "challenge", "cnonce", "digest", "name", "session")

    def __init__(self, challenge: Challenge, name: str, digest: Hash) -> None:
        self.challenge = challenge
        self.name = name
        self.digest = digest
        self.session = name.endswith("-sess")
        self.cnonce: str | None = None
        self.answered = 0


class DigestSession:
    """What one place (an origin or a proxy) was told with Digest, and is told next (RFC 7616).

    Thread-safe: every answer to the same nonce has a count of its own.
    """

    def __init__(self, auth: HTTPBasicAuth) -> None:
        self._auth = auth
        self._lock = allocate_lock()
        self._nonce: _Nonce | None = None

    def accept(self, challenges: Iterable[Challenge]) -> bool:
        """Takes the strongest Digest challenge among `challenges`; False when none is usable."""
        usable = [
            (_STRENGTH.index(algorithm.removesuffix("-sess")), number, algorithm, digest, challenge)
            for number, challenge in enumerate(challenges)
            if challenge.scheme == "digest" and "nonce" in challenge.parameters
            for algorithm in [challenge.parameters.get("algorithm", "MD5").lower()]
            for digest in [_find_hash(algorithm)]
            if digest is not None and _pick_qop(challenge, b"") is not None
        ]
        if not usable:
            return False
        _, _, algorithm, digest, challenge = min(usable, key=_by_strength)
        nonce = _Nonce(challenge, algorithm, digest)
        with self._lock:
            known = self._nonce
            if known is None or known.challenge.parameters != challenge.parameters:
                self._nonce = nonce
        return True

    def credentials(
        self, method: str, uri: str, body: bytes | None, cnonce: str | None = None
    ) -> str | None:
        """The value of (Proxy-)Authorization for one request, or None when none can be given.

        That is before the first challenge, and when the challenge wants the `body` covered and it
        is None, not known as bytes. `cnonce` is for tests; without it a random one is used.
        """
        with self._lock:
            nonce = self._nonce
            if nonce is None:
                return None
            nonce.answered += 1
            count = f"{nonce.answered:08x}"
            if cnonce is None:
                # RFC 7616 section 3.4.2: "-sess" hashes the first cnonce into the session key.
                cnonce = nonce.cnonce if nonce.session and nonce.cnonce else _new_cnonce()
            nonce.cnonce = cnonce
        qop = _pick_qop(nonce.challenge, body)
        if qop is None:
            return None
        return _digest_credentials(self._auth, nonce, method, uri, body or b"", qop, count, cnonce)


def _by_strength(row: tuple[int, int, str, Hash, Challenge]) -> tuple[int, int]:
    return row[:2]


def _digest_credentials(
    auth: HTTPBasicAuth,
    nonce: _Nonce,
    method: str,
    uri: str,
    body: bytes,
    qop: str,
    count: str,
    cnonce: str,
) -> str:
    """RFC 7616 sections 3.4.1 to 3.4.4; without qop as RFC 2069 had it."""
    digest = nonce.digest
    asked = nonce.challenge.parameters
    realm = asked.get("realm", "")
    username = _to_bytes(auth.username)
    key = digest(b":".join([username, realm.encode("latin-1"), _to_bytes(auth.password)]))
    if nonce.session:
        key = digest(b":".join([key, asked["nonce"].encode("latin-1"), cnonce.encode("ascii")]))
    action = f"{method}:{uri}".encode("latin-1")
    if qop == "auth-int":
        action += b":" + digest(body)
    middle = f"{asked['nonce']}:{count}:{cnonce}:{qop}" if qop else asked["nonce"]
    response = digest(b":".join([key, middle.encode("latin-1"), digest(action)])).decode("ascii")
    parameters = [
        *_name_parameters(asked, digest, username, realm),
        f'realm="{_escape(realm)}"',
        f'nonce="{_escape(asked["nonce"])}"',
        f'uri="{_escape(uri)}"',
        f'response="{response}"',
    ]
    if "algorithm" in asked:
        parameters.append(f"algorithm={asked['algorithm']}")
    if "opaque" in asked:
        parameters.append(f'opaque="{_escape(asked["opaque"])}"')
    if qop:
        parameters += [f"qop={qop}", f"nc={count}", f'cnonce="{cnonce}"']
    elif nonce.session:
        parameters.append(f'cnonce="{cnonce}"')
    return "Digest " + ", ".join(parameters)


def _name_parameters(asked: dict[str, str], digest: Hash, username: bytes, realm: str) -> list[str]:
    if asked.get("userhash", "").lower() == "true":  # section 3.4.4
        hashed = digest(username + b":" + realm.encode("latin-1")).decode("ascii")
        return [f'username="{hashed}"', "userhash=true"]
    if username.isascii():
        return [f'username="{_escape(username.decode("ascii"))}"']
    from urllib.parse import quote

    return [f"username*=UTF-8''{quote(username, safe='')}"]  # section 3.4, RFC 8187


def _escape(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", text)


def _pick_qop(challenge: Challenge, body: bytes | None) -> str | None:
    """ "auth", "auth-int", "" for a challenge without any, or None when no answer is possible."""
    offered = challenge.parameters.get("qop")
    if offered is None:
        return ""
    options = [option.strip(" \t").lower() for option in offered.split(",")]
    if "auth" in options:
        return "auth"
    return "auth-int" if "auth-int" in options and body is not None else None


def _new_cnonce() -> str:
    from secrets import token_hex

    return token_hex(_CNONCE_BYTES)


_STRENGTH = ("sha-512-256", "sha-256", "md5")  # the strongest first
_IN_HASHLIB = {"sha-512-256": "sha512_256", "sha-256": "sha256", "md5": "md5"}


def _find_hash(algorithm: str) -> Hash | None:
    """H() of an algorithm, hexadecimal; None for what is unknown or not built in."""
    import hashlib

    name = _IN_HASHLIB.get(algorithm.removesuffix("-sess"), "")
    try:
        hashlib.new(name, usedforsecurity=False)
    except ValueError:
        return None

    def digest(data: bytes) -> bytes:
        return hashlib.new(name, data, usedforsecurity=False).hexdigest().encode("ascii")

    return digest
