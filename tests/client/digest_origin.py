"""A server's side of Digest, written from RFC 7616 without a line of the client's."""

from __future__ import annotations

import hashlib
import itertools
from urllib.parse import unquote
from urllib.request import parse_http_list, parse_keqv_list

Pairs = list[tuple[str, str]]

HASHES = {
    "MD5": "md5",
    "SHA": "sha1",
    "SHA-256": "sha256",
    "SHA-512": "sha512",
    "SHA-512-256": "sha512_256",
}


class DigestOrigin:
    """Asks for credentials and checks them.

    Each nonce is good for `uses` requests, every count once; then it is stale. With `moves_on` a
    good answer says which nonce is the next. `asked` has what every request brought.
    """

    def __init__(
        self,
        *,
        username: str = "user",
        password: str = "secret",
        realm: str = "realm",
        algorithm: str | None = "MD5",
        qop: str | None = "auth",
        uses: int = 1000,
        userhash: bool = False,
        moves_on: bool = False,
        always: str | None = None,
    ) -> None:
        self.username = username
        self.password = password
        self.realm = realm
        self.algorithm = algorithm
        self.qop = qop
        self.uses = uses
        self.userhash = userhash
        self.moves_on = moves_on
        self.always = always  # the answer to everything: "wrong" or "stale"
        self.asked: list[dict[str, str] | None] = []
        self._numbers = itertools.count(1)
        self._counts: dict[str, list[str]] = {}
        self._keys: dict[str, str] = {}  # of "-sess", by nonce

    def answer(
        self, method: str, target: str, authorization: str | None, body: bytes = b""
    ) -> tuple[int, Pairs]:
        """Status and headers for a request."""
        told = None
        if authorization is not None:
            scheme, _, rest = authorization.partition(" ")
            assert scheme == "Digest", authorization
            told = parse_keqv_list(parse_http_list(rest))
        self.asked.append(told)
        if self.always == "stale" or told is None or told["nonce"] not in self._counts:
            return 401, [self._challenge(stale=self.always == "stale")]
        counts = self._counts[told["nonce"]]
        if len(counts) >= self.uses:
            return 401, [self._challenge(stale=True)]
        if self.always == "wrong" or told["response"] != self._response(method, target, told, body):
            return 401, [self._challenge()]
        assert told["uri"] == target
        assert told.get("opaque") == "opaque"
        assert told.get("nc") not in counts or self.qop is None, "a count came twice"
        counts.append(told.get("nc", ""))
        if not self.moves_on:
            return 200, []
        following = self._new_nonce()
        self._keys[following] = self._keys.get(told["nonce"], "")
        return 200, [("Authentication-Info", f'nextnonce="{following}", qop=auth')]

    def _new_nonce(self) -> str:
        nonce = f"nonce-{next(self._numbers)}"
        self._counts[nonce] = []
        return nonce

    def _challenge(self, stale: bool = False) -> tuple[str, str]:
        parts = [f'realm="{self.realm}"', f'nonce="{self._new_nonce()}"', 'opaque="opaque"']
        if self.algorithm:
            parts.append(f"algorithm={self.algorithm}")
        if self.qop is not None:
            parts.append(f'qop="{self.qop}"')
        if stale:
            parts.append("stale=TRUE")
        if self.userhash:
            parts += ["userhash=true", "charset=UTF-8"]
        return "WWW-Authenticate", "Digest " + ", ".join(parts)

    def _response(self, method: str, target: str, told: dict[str, str], body: bytes) -> str:
        algorithm = self.algorithm or "MD5"
        name = HASHES[algorithm.removesuffix("-sess")]

        def digest(*parts: str) -> str:
            return hashlib.new(name, ":".join(parts).encode()).hexdigest()

        self._check_name(told, digest(self.username, self.realm))
        key = digest(self.username, self.realm, self.password)
        if algorithm.endswith("-sess"):
            key = self._keys.get(told["nonce"]) or digest(key, told["nonce"], told["cnonce"])
            self._keys[told["nonce"]] = key
        action = [method, target]
        if told.get("qop") == "auth-int":
            action.append(hashlib.new(name, body).hexdigest())
        if self.qop is None:
            assert "qop" not in told
            return digest(key, told["nonce"], digest(*action))
        assert told["qop"] in [option.strip() for option in self.qop.split(",")]
        assert len(told["nc"]) == 8
        middle = [told["nonce"], told["nc"], told["cnonce"], told["qop"]]
        return digest(key, *middle, digest(*action))

    def _check_name(self, told: dict[str, str], hashed: str) -> None:
        if self.userhash:
            assert told["username"] == hashed
            assert told["userhash"] == "true"
        elif "username*" in told:
            encoding, _, text = told["username*"].split("'")
            assert encoding == "UTF-8"
            assert unquote(text) == self.username
        else:
            assert told["username"].encode("latin-1").decode() == self.username
