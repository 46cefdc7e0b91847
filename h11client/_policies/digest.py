"""Digest: what one place has asked for, and what it is told (RFC 7616).

Everything here is a pure function of what was asked and what is known; who asks whom, and how
often, is decided by those who send requests.
"""

from __future__ import annotations

import re
from _thread import RLock
from itertools import count

from h11client._transport.forking import renew_in_child

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any, Protocol, TypeAlias

    from h11client._policies.challenges import Challenge

    class UserPassword(Protocol):
        """A user name and a password, in bytes as they are hashed."""

        def user_password(self, unicode: bool = False) -> tuple[bytes, bytes]: ...

    Hash: TypeAlias = Callable[[Iterable[bytes]], bytes]
    # None: not to be had as bytes. A function gives it in pieces, each time from its beginning.
    BodyBytes: TypeAlias = bytes | Callable[[], Iterable[bytes]] | None

__all__ = ["DigestSession"]

_SPECIAL = re.compile(r'(["\\])')
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")  # a tab may be quoted

_CNONCE_BYTES = 16
_MOST_REALMS = 8  # of one place, whose nonces are kept
_MOST_NONCES = 16  # of one place, whose counters are kept beyond that
_LONGEST_ECHO = 8192  # characters of a challenge that each request would have to repeat
_ECHOED = ("realm", "nonce", "opaque")


class _Nonce:
    """One accepted challenge, and the numbers of the answers to it."""

    __slots__ = ("counts", "digest", "name", "parameters", "session", "value")

    def __init__(self, parameters: dict[str, str], name: str, digest: Hash) -> None:
        self.parameters = parameters
        self.name = name  # of the algorithm, in lower case
        self.digest = digest
        self.value = parameters["nonce"]
        # next() of it cannot be interrupted: no number comes twice.
        self.counts: Iterator[int] = count(1)
        # RFC 7616 section 3.4.2: "-sess" hashes the first cnonce into a key that stays.
        self.session: tuple[str, bytes] | None = None

    @property
    def is_session(self) -> bool:
        return self.name.endswith("-sess")

    def continue_from(self, known: _Nonce) -> None:
        """Counts on when the same nonce is asked for again: no count is to come twice."""
        if (known.value, known.name) == (self.value, self.name):
            self.counts = known.counts
            self.session = known.session


class DigestSession:
    """What one place (an origin or a proxy) was told with Digest, and is told next (RFC 7616).

    Thread-safe: every answer to the same nonce has a count of its own.
    """

    def __init__(self, auth: UserPassword) -> None:
        self._auth = auth
        self.start_anew()
        renew_in_child(self)

    def start_anew(self) -> None:
        """Forgets everything; in a forked child, which must not count on where its parent does."""
        self._lock = RLock()  # a signal's handler may send a request, too
        self._nonces: dict[str, _Nonce] = {}  # by realm
        self._counts: dict[tuple[str, str], Iterator[int]] = {}  # by nonce and algorithm
        self._current: _Nonce | None = None

    def has_told(self, nonce: str | None) -> bool:
        """Whether the next answer is for the same nonce."""
        current = self._current
        return current is not None and current.value == nonce

    def accept(self, challenges: Iterable[Challenge], body: BodyBytes = b"") -> bool:
        """Takes the strongest Digest challenge among `challenges`; False when none is usable.

        `body` is that of the request which is to be sent.
        """
        usable = [
            (_STRENGTH.index(algorithm.removesuffix("-sess")), number, algorithm, digest, asked)
            for number, challenge in enumerate(challenges)
            for asked in [challenge.parameters]
            if challenge.scheme == "digest" and _can_be_echoed(asked)
            for algorithm in [asked.get("algorithm", "MD5").lower()]
            for digest in [_find_hash(algorithm)]
            if digest is not None and _pick_qop(asked, body) is not None
        ]
        if not usable:
            return False
        _, _, algorithm, digest, asked = min(usable, key=_by_strength)
        nonce = _Nonce(asked, algorithm, digest)
        realm = asked.get("realm", "")
        with self._lock:
            known = self._nonces.pop(realm, None)
            if known is not None:
                nonce.continue_from(known)
            nonce.counts = self._counts_of(nonce)
            _keep_below(_MOST_REALMS, self._nonces)
            self._nonces[realm] = self._current = nonce
        return True

    def _counts_of(self, nonce: _Nonce) -> Iterator[int]:
        """The one counter of a nonce, whoever else has accepted it meanwhile: a signal's handler
        may be the one who has interrupted this.
        """
        _keep_below(_MOST_NONCES, self._counts)
        return self._counts.setdefault((nonce.value, nonce.name), nonce.counts)

    def accept_info(self, asked: dict[str, str], told: str | None) -> None:
        """Takes the `nextnonce` of what followed on nonce `told` (RFC 7616 section 3.5)."""
        value = asked.get("nextnonce")
        if not value or len(value) > _LONGEST_ECHO or _CONTROL.search(value):
            return
        with self._lock:
            current = self._current
            if current is None or current.value != told or value == told:
                return  # another answer has brought a newer one
            following = _Nonce({**current.parameters, "nonce": value}, current.name, current.digest)
            # The key of a session is made once, after the challenge (section 3.4.2).
            following.session = current.session
            following.counts = self._counts_of(following)
            self._nonces[following.parameters.get("realm", "")] = self._current = following

    def credentials(
        self, method: str, uri: str, body: BodyBytes, cnonce: str | None = None
    ) -> str | None:
        """The value of (Proxy-)Authorization for one request, or None when none can be given.

        That is before the first challenge, and when the challenge wants the `body` covered and it
        is None, not known as bytes. `cnonce` is for tests; without it a random one is used.
        """
        told = self.tell(method, uri, body, cnonce)
        return None if told is None else told[0]

    def tell(
        self, method: str, uri: str, body: BodyBytes, cnonce: str | None = None
    ) -> tuple[str, str] | None:
        """`credentials`, and the nonce that they are for."""
        with self._lock:
            nonce = self._current
            if nonce is None:
                return None
            number = f"{next(nonce.counts):08x}"
            session = nonce.session
            if session is None:
                own = cnonce or _new_cnonce()
                session = own, self._make_key(nonce, own)
                if nonce.is_session:
                    nonce.session = session
            elif cnonce is not None:
                session = cnonce, session[1]
            cnonce, key = session
        qop = _pick_qop(nonce.parameters, body)
        if qop is None:
            return None
        username, _ = self._auth.user_password(_is_unicode(nonce.parameters))
        value = _credentials(nonce, username, key, method, uri, body, qop, number, cnonce)
        return value, nonce.value

    def _make_key(self, nonce: _Nonce, cnonce: str) -> bytes:
        """RFC 7616 section 3.4.2: H(A1)."""
        asked = nonce.parameters
        realm = asked.get("realm", "").encode("latin-1")
        username, password = self._auth.user_password(_is_unicode(asked))
        key = nonce.digest([username, b":", realm, b":", password])
        if nonce.is_session:
            session = f":{nonce.value}:{cnonce}".encode("latin-1")
            key = nonce.digest([key, session])
        return key


def _keep_below(most: int, kept: dict[Any, Any]) -> None:
    """Makes room for one more, in the place of the oldest."""
    for key in list(kept)[: max(0, len(kept) - most + 1)]:
        kept.pop(key, None)


def _by_strength(row: tuple[int, int, str, Hash, dict[str, str]]) -> tuple[int, int]:
    return row[:2]


def _can_be_echoed(asked: dict[str, str]) -> bool:
    """Whether what an answer repeats of a challenge is there and can stand in a header."""
    echo = "".join([asked.get(name, "") for name in _ECHOED])
    return "nonce" in asked and len(echo) <= _LONGEST_ECHO and not _CONTROL.search(echo)


def _is_unicode(asked: dict[str, str]) -> bool:
    return asked.get("charset", "").lower() == "utf-8"  # RFC 7616 section 3.3


def _credentials(
    nonce: _Nonce,
    username: bytes,
    key: bytes,
    method: str,
    uri: str,
    body: BodyBytes,
    qop: str,
    number: str,
    cnonce: str,
) -> str:
    """RFC 7616 sections 3.4.1 to 3.4.4; without qop as RFC 2069 had it."""
    digest = nonce.digest
    asked = nonce.parameters
    realm = asked.get("realm", "")
    action = f"{method}:{uri}".encode("latin-1")
    if qop == "auth-int":
        pieces = body() if callable(body) else [body or b""]
        action += b":" + digest(pieces)
    middle = f"{nonce.value}:{number}:{cnonce}:{qop}" if qop else nonce.value
    response = digest([key, f":{middle}:".encode("latin-1"), digest([action])]).decode("ascii")
    parameters = [
        *_name_parameters(nonce, username, realm),
        f'realm="{_escape(realm)}"',
        f'nonce="{_escape(nonce.value)}"',
        f'uri="{_escape(uri)}"',
        f'response="{response}"',
    ]
    if "algorithm" in asked:
        parameters.append(f"algorithm={asked['algorithm']}")
    if "opaque" in asked:
        parameters.append(f'opaque="{_escape(asked["opaque"])}"')
    if qop:
        parameters += [f"qop={qop}", f"nc={number}", f'cnonce="{cnonce}"']
    elif nonce.is_session:
        parameters.append(f'cnonce="{cnonce}"')
    return "Digest " + ", ".join(parameters)


def _name_parameters(nonce: _Nonce, username: bytes, realm: str) -> list[str]:
    asked = nonce.parameters
    if asked.get("userhash", "").lower() == "true":  # section 3.4.4
        hashed = nonce.digest([username, b":", realm.encode("latin-1")]).decode("ascii")
        return [f'username="{hashed}"', "userhash=true"]
    # A server that knows nothing of RFC 7616 does not know its notation either.
    knows = _is_unicode(asked) or nonce.name.startswith("sha-")
    if knows and not username.isascii() and _is_utf8(username):
        from urllib.parse import quote

        return [f"username*=UTF-8''{quote(username, safe='')}"]  # section 3.4, RFC 8187
    return [f'username="{_escape(username.decode("latin-1"))}"']


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _escape(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", text)


def _pick_qop(asked: dict[str, str], body: BodyBytes) -> str | None:
    """ "auth", "auth-int", "" for a challenge without any, or None when no answer is possible."""
    offered = asked.get("qop")
    if offered is None:
        return ""
    options = [option.strip(" \t").lower() for option in offered.split(",")]
    if "auth" in options:
        return "auth"
    return "auth-int" if "auth-int" in options and body is not None else None


def _new_cnonce() -> str:
    from secrets import token_hex

    return token_hex(_CNONCE_BYTES)


# The strongest first. SHA-512 and SHA are in no RFC, but there are servers that ask for them.
_STRENGTH = ("sha-512-256", "sha-512", "sha-256", "sha", "md5")
_IN_HASHLIB = {
    "sha-512-256": "sha512_256",
    "sha-512": "sha512",
    "sha-256": "sha256",
    "sha": "sha1",
    "md5": "md5",
}


def _find_hash(algorithm: str) -> Hash | None:
    """H() of an algorithm, hexadecimal; None for what is unknown or not built in."""
    import hashlib

    name = _IN_HASHLIB.get(algorithm.removesuffix("-sess"), "")
    try:
        hashlib.new(name, usedforsecurity=False)
    except ValueError:
        return None

    def digest(pieces: Iterable[bytes]) -> bytes:
        hashed = hashlib.new(name, usedforsecurity=False)
        for piece in pieces:
            hashed.update(piece)
        return hashed.hexdigest().encode("ascii")

    return digest
