"""Authentication: the schemes Basic, Digest and Bearer, and how to write others.

A scheme is anything that can be called with a prepared request and gives it back with what it
added, as in requests. One that has to see answers has a method `auth_flow` besides, or instead: a
generator which yields each request that is to be sent and is given the response to it. The last
response is the caller's; those before it are in its `history`.

Nothing here does I/O, and no scheme of this module sends anything to another origin than that of
the request it was called for.
"""

from __future__ import annotations

import re
from binascii import b2a_base64
from collections import OrderedDict

from h11client._log import warn_uncalled
from h11client._policies.challenges import Challenge, parse_challenges

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable
    from typing import Any, TypeAlias

    from h11client._policies.digest import BodyBytes, DigestSession

    Text: TypeAlias = str | bytes

__all__ = [
    "AuthBase",
    "Challenge",
    "HTTPBasicAuth",
    "HTTPBearerAuth",
    "HTTPDigestAuth",
    "HTTPProxyAuth",
    "basic_credentials",
    "only_sets_authorization",
    "parse_challenges",
    "resolve_auth",
]

_CONTROL = re.compile(rb"[\x00-\x1f\x7f]")
_TOKEN = re.compile(r"[\x21-\x7e]+")

# Of requests' Digest; what they change would be lost in silence.
_UNCALLED = frozenset(
    ["build_digest_header", "handle_401", "handle_redirect", "init_per_thread_state"]
)
_MOST_ORIGINS = 100  # that one object answers to with Digest, and whose nonces it keeps
_UNAUTHORIZED = 401


class AuthBase:
    """What schemes have in common; one of your own overrides `__call__`, or has an `auth_flow`.

    `auth_flow(request)` is a generator: it yields a request to be sent, and `yield` gives the
    response to it, whose body was not read; when it returns, the last response is the answer.
    Several threads may run flows of one object at once.

    `connection_bound = True` is for schemes that authenticate a connection instead of a request:
    requests with such a scheme share no connection with others than their own.

    >>> class TokenAuth(AuthBase):
    ...     def __call__(self, request):
    ...         request.headers["X-Token"] = "secret"
    ...         return request
    """

    connection_bound: bool = False

    def __call__(self, request: Any) -> Any:
        """Adds credentials to a prepared request, and returns it."""
        if hasattr(self, "auth_flow"):
            return request  # which adds them when it is sent
        raise NotImplementedError(f"{type(self).__name__} has neither __call__ nor auth_flow")


class _UserAndPassword(AuthBase):
    """A user name and a password, which may be assigned; compared by value."""

    username: Text
    password: Text
    encoding: str

    def __init__(self, username: Text, password: Text, *, encoding: str = "utf-8") -> None:
        self.username = username
        self.password = password
        self.encoding = encoding
        self.user_password()  # a wrong one is noticed here already

    def user_password(self, unicode: bool = False) -> tuple[bytes, bytes]:
        """Both as bytes; with `unicode` in UTF-8 and its composed form whatever `encoding` is."""
        encoding = "" if unicode else self.encoding
        username, password = _to_bytes(self.username, encoding), _to_bytes(self.password, encoding)
        if b":" in username:
            raise ValueError("a user name has no colon (RFC 7617 section 2)")
        if _CONTROL.search(username) or _CONTROL.search(password):
            raise ValueError("user names and passwords have no control characters")
        return username, password

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, _UserAndPassword):
            return NotImplemented
        return type(self) is type(other) and self.user_password() == other.user_password()

    def __hash__(self) -> int:
        return hash((type(self), self.user_password()))

    def __repr__(self) -> str:
        # Without a password the name is the secret: a key or token that services take as one.
        shown = repr(self.username) if self.password else "'***'"
        return f"{type(self).__name__}({shown}, '***')"


def _to_bytes(text: Text, encoding: str) -> bytes:
    """`text` in `encoding`, or for "" in UTF-8 and normal form C, as RFC 7616 section 4 wants."""
    if isinstance(text, bytes):
        return text
    if not isinstance(text, str):
        raise TypeError(f"a user name or password is str or bytes, not {type(text).__name__}")
    if not encoding and not text.isascii():
        from unicodedata import normalize

        text = normalize("NFC", text)
    encoding = encoding or "utf-8"
    try:
        return text.encode(encoding)
    except UnicodeEncodeError:
        pass  # this error holds the text, which may be a password
    raise ValueError(f"a user name or password has characters that {encoding} has not")


class HTTPBasicAuth(_UserAndPassword):
    """A user name and a password, sent as they are with every request (RFC 7617).

    Text is encoded as UTF-8, or as `encoding` says; bytes are sent as they are. A colon in a user
    name, and control characters anywhere, are a `ValueError`.

    >>> HTTPBasicAuth("user", "secret")
    HTTPBasicAuth('user', '***')
    """

    def __call__(self, request: Any) -> Any:
        """Sets Authorization."""
        request.headers["Authorization"] = self.credentials()
        return request

    def credentials(self) -> str:
        """The value of the header.

        >>> HTTPBasicAuth("Aladdin", "open sesame").credentials()
        'Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=='
        """
        pair = b":".join(self.user_password())
        return "Basic " + b2a_base64(pair, newline=False).decode("ascii")


class HTTPProxyAuth(HTTPBasicAuth):
    """Basic for the proxy that forwards the request (RFC 9110 section 11.7.2).

    Where there is none, or only a tunnel, nothing is sent. `h11client.Proxy(auth=)` and the URL
    of a proxy are for all kinds of proxies.

    >>> HTTPProxyAuth("user", "secret")
    HTTPProxyAuth('user', '***')
    """

    def __call__(self, request: Any) -> Any:
        """Sets Proxy-Authorization."""
        request.headers["Proxy-Authorization"] = self.credentials()
        return request


class HTTPBearerAuth(AuthBase):
    """A token, sent as it is with every request (RFC 6750).

    `token` is text, or a function without arguments that gives it and is called for each request.
    It has visible ASCII characters only; anything else is a `ValueError`.

    >>> HTTPBearerAuth("secret")
    HTTPBearerAuth('***')
    """

    def __init__(self, token: str | Callable[[], str]) -> None:
        self.token = token
        if not callable(token):
            self.credentials()  # a wrong one is noticed here already

    def __call__(self, request: Any) -> Any:
        """Sets Authorization."""
        request.headers["Authorization"] = self.credentials()
        return request

    def credentials(self) -> str:
        """The value of the header."""
        token = self.token() if callable(self.token) else self.token
        if not isinstance(token, str):
            raise TypeError(f"a token is str, or a function that gives it, not {type(token)}")
        if not _TOKEN.fullmatch(token):
            raise ValueError("a token has visible ASCII characters only, and at least one")
        return f"Bearer {token}"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, HTTPBearerAuth):
            return NotImplemented
        return self.token == other.token

    def __hash__(self) -> int:
        return hash((HTTPBearerAuth, self.token))

    def __repr__(self) -> str:
        return f"{type(self).__name__}('***')"


class HTTPDigestAuth(_UserAndPassword):
    """A user name and a password, of which only hashes are sent (RFC 7616).

    The first request to an origin is sent without; the answer to its challenge is remembered, so
    that those which follow are answered before they are asked. Algorithms: SHA-512-256, SHA-256 and
    MD5, and the unregistered SHA-512 and SHA, each also with "-sess"; "auth" before "auth-int".
    What cannot be answered is returned as the 401 that it is. One object may serve several origins
    and threads; it keeps apart what each origin has asked for.

    A body that cannot be sent twice is an `UnrewindableBodyError` when it has to be.

    >>> HTTPDigestAuth("user", "secret")
    HTTPDigestAuth('user', '***')
    """

    def __init__(self, username: Text, password: Text, *, encoding: str = "utf-8") -> None:
        super().__init__(username, password, encoding=encoding)
        self._forget()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        warn_uncalled(cls, _UNCALLED)

    def _forget(self) -> None:
        # By origin, the last used last. Needs no lock, which a forked child could find held.
        self._sessions: OrderedDict[object, DigestSession] = OrderedDict()

    def __getstate__(self) -> dict[str, object]:
        # Nonces stay behind: two processes would count them twice.
        return {name: value for name, value in self.__dict__.items() if name != "_sessions"}

    def __setstate__(self, state: dict[str, object]) -> None:
        self.__dict__.update(state)
        self._forget()

    def _session_of(self, origin: object) -> DigestSession:
        from h11client._policies.digest import DigestSession

        sessions = self._sessions
        session = sessions.get(origin) or sessions.setdefault(origin, DigestSession(self))
        try:
            sessions.move_to_end(origin)
            while len(sessions) > _MOST_ORIGINS:
                sessions.popitem(last=False)
        except KeyError:
            pass  # another thread was quicker
        return session

    def auth_flow(self, request: Any) -> Generator[Any, Any, None]:
        """Sends `request`, and answers the challenge: once, and once more when that was stale."""
        if _is_own(request):
            yield request
            return
        session = self._session_of(request.parsed_url.origin)
        told = _tell(request, session)
        response = yield request
        answers = 0
        while response.status_code == _UNAUTHORIZED:
            challenges = parse_challenges(_values_of(response.headers, "WWW-Authenticate"))
            stale = _is_stale(challenges)
            # RFC 7616 section 3.3: unless the nonce was stale, name or password are wrong.
            if answers > stale or not session.accept(challenges, _body_of(request)):
                return
            if session.has_told(told) and not stale:
                return
            told = _tell(request, session)
            if told is None:
                return
            answers += 1
            response = yield request
        if told is not None:
            infos = _values_of(response.headers, "Authentication-Info")
            for found in parse_challenges([f"Digest {info}" for info in infos]):
                session.accept_info(found.parameters, told)


def _is_own(request: Any) -> bool:
    """Whether the caller has set Authorization without us."""
    present = request.headers.get("Authorization")
    return present is not None and present != (request.generated or {}).get("authorization")


def _values_of(headers: Any, name: str) -> list[str]:
    """Each value of a field, also from the headers of a response that is not ours."""
    if hasattr(headers, "get_list"):
        values: list[str] = headers.get_list(name)
        return values
    return [headers[name]] if name in headers else []


def _tell(request: Any, session: DigestSession) -> str | None:
    """Sets Authorization, if something can be told; the nonce that this is about, or None."""
    request.headers.pop("Authorization", None)
    method, target, _ = request.wire_head()
    told = session.tell(method.decode("ascii"), target.decode("ascii"), _body_of(request))
    if told is None:
        return None
    request.headers["Authorization"] = told[0]
    request.note_generated("authorization", told[0])
    return told[1]


def _body_of(request: Any) -> BodyBytes:
    """The body as "auth-int" hashes it; None when it can be produced only once."""
    body = request.encoded_body
    if body.bytes is not None or not body.replayable:
        content: bytes | None = body.bytes
        return content

    def pieces() -> Iterable[bytes]:
        body.rewind()
        yield from body.chunks()
        body.rewind()

    return pieces


def _is_stale(challenges: Iterable[Challenge]) -> bool:
    return any(
        challenge.scheme == "digest" and challenge.parameters.get("stale", "").lower() == "true"
        for challenge in challenges
    )


def resolve_auth(auth: Any) -> Any:
    """What an `auth=` argument means: a pair is for Basic, a scheme is itself.

    >>> resolve_auth(("user", "secret"))
    HTTPBasicAuth('user', '***')

    Raises:
        TypeError: it is neither a pair nor callable, and has no `auth_flow`.
        ValueError: a tuple or list has not two items, or they cannot be sent.
    """
    if isinstance(auth, (tuple, list)):
        if len(auth) != 2:
            raise ValueError("auth= as a tuple is (user name, password)")
        return HTTPBasicAuth(auth[0], auth[1])
    if callable(auth) or hasattr(auth, "auth_flow"):
        return auth
    raise TypeError(f"auth= is a pair, a callable or a scheme, not {type(auth).__name__}")


def only_sets_authorization(auth: Any) -> bool:
    """Whether `auth` has nothing to do for a request that has its Authorization already."""
    known = (tuple, list, HTTPBasicAuth, HTTPBearerAuth, HTTPDigestAuth)
    return type(auth) in known  # a subclass may do anything


def basic_credentials(username: Text, password: Text) -> str:
    """The value of (Proxy-)Authorization for the scheme Basic (RFC 7617 section 2).

    >>> basic_credentials("Aladdin", "open sesame")
    'Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=='
    """
    return HTTPBasicAuth(username, password).credentials()


_basic_auth_str = basic_credentials  # the name under which programs import it
