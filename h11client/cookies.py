"""Cookies: what servers gave, to be shown to them again (RFC 6265, as 6265bis corrects it).

`RequestsCookieJar` is both a mapping, in requests' style, and an `http.cookiejar.CookieJar`. Of
that class it takes how cookies are kept, so that the jars and files of the standard library, and
programs which work with them, go on working; the parser and the rules are this library's own. A
`CookieJar` of another class keeps its own rules wherever it is used.
"""

from __future__ import annotations

import contextlib
import copy
import os
from collections.abc import Mapping, MutableMapping
from http.cookiejar import Cookie, CookieJar
from time import time

from h11client import _log
from h11client._messages.hosts import read_authority
from h11client._policies.cookie_adapters import (
    MockRequest,
    MockResponse,
    PolicyRequest,
    set_cookie_values,
    url_of,
)
from h11client._policies.cookie_files import decode_cookies, encode_cookies
from h11client._policies.cookie_rules import check_own_cookie
from h11client._policies.cookie_store import DEFAULT_LIMITS, CookieStore, created_at, shown_cookie
from h11client._policies.own_cookies import create_cookie, morsel_to_cookie
from h11client.exceptions import InvalidHeader, InvalidURL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from http.cookiejar import CookiePolicy
    from typing import Any, TypeAlias, TypeGuard

    Cookies: TypeAlias = "CookieJar | Mapping[str, str | None]"

__all__ = [
    "CookieConflictError",
    "MockRequest",
    "MockResponse",
    "RequestsCookieJar",
    "build_cookie_line",
    "cookie_header_of",
    "cookiejar_from_dict",
    "create_cookie",
    "extract_cookies_to_jar",
    "get_cookie_header",
    "load_cookies",
    "merge_cookies",
    "morsel_to_cookie",
    "remove_cookie_by_name",
    "save_cookies",
    "store_cookies",
]


class CookieConflictError(RuntimeError):
    """A name was asked for that several cookies have; say `domain` or `path` to `get`."""


class RequestsCookieJar(CookieStore, MutableMapping[str, "str | None"]):  # type: ignore[misc]  # iterates over cookies
    """Cookies by name, as requests shows them, and an `http.cookiejar.CookieJar`.

    Cookies of servers are kept and sent by RFC 6265 and 6265bis. Those that are set by hand are
    for the host `domain` and all below it, or without one for every host that the caller asks
    (but redirects do not take them to other origins).
    Iterating gives `http.cookiejar.Cookie` objects; `keys()`, `values()` and `items()` are lists.
    May be used by many threads at once, copied and pickled.

    Args:
        policy: an `http.cookiejar.CookiePolicy` that may forbid more than the rules here.
        limits: a `Limits`, of which those of cookies count.

    >>> jar = RequestsCookieJar()
    >>> jar["id"] = "7"
    >>> _ = jar.set("lang", "de", domain="example.com", path="/docs")
    >>> jar["lang"], jar.get_dict(domain="example.com"), jar.keys()
    ('de', {'lang': 'de'}, ['id', 'lang'])
    """

    def get(  # type: ignore[override]  # as in requests: domain and path as well
        self,
        name: str,
        default: str | None = None,
        domain: str | None = None,
        path: str | None = None,
    ) -> str | None:
        """The value of a cookie, or `default`.

        Raises `CookieConflictError` when several have the name, in this domain and path if given.
        """
        try:
            return self._value(name, domain, path)
        except KeyError:
            return default

    def set(self, name: str, value: Any, **attributes: Any) -> Cookie | None:
        """Sets a cookie and returns it; a value of None removes those of this name.

        `attributes` are those of `create_cookie`. `value` may be a `Morsel`, which has its own.
        Raises `InvalidHeader` for what cannot be sent: control characters, ";" and ",".
        """
        if value is None:
            remove_cookie_by_name(
                self, name, domain=attributes.get("domain"), path=attributes.get("path")
            )
            return None
        if hasattr(value, "coded_value"):
            cookie = morsel_to_cookie(value)
        else:
            cookie = create_cookie(name, value, **attributes)
        self.set_cookie(cookie)
        return cookie

    def set_cookie(self, cookie: Cookie, *args: Any, **kwargs: Any) -> None:
        """Sets a cookie as it is; more arguments are there for programs that pass them.

        Raises `InvalidHeader` for control characters, ";" and more than `limits.cookie` bytes.
        """
        self._check(cookie)
        super().set_cookie(cookie)

    def _check(self, cookie: Cookie) -> None:
        check_own_cookie(cookie.name, cookie.value, self.limits.cookie, from_server=True)
        if not cookie.domain.isascii():
            dot = "." if cookie.domain.startswith(".") else ""
            cookie.domain = dot + read_authority(cookie.domain.removeprefix("."), cookie.domain)[0]

    def update(self, other: Any = (), /, **values: str | None) -> None:
        """Takes over copies of all cookies of a jar, or the names and values of a mapping.

        What of a jar could not be sent is left out, with a line in the debug log.
        """
        if not isinstance(other, CookieJar):
            super().update(other, **values)
            return
        left_out = 0
        for cookie in other:
            taken = copy.copy(cookie)
            try:
                self.set_cookie(taken)
            except (InvalidHeader, InvalidURL, TypeError):
                left_out += 1
        if left_out:
            _log.debug("%s cookies of another jar left out: they cannot be sent", left_out)
        super().update(**values)

    def _find(self, name: str, domain: str | None = None, path: str | None = None) -> list[Cookie]:
        return [
            cookie
            for cookie in self
            if cookie.name == name
            and (domain is None or cookie.domain == domain)
            and (path is None or cookie.path == path)
        ]

    def _value(self, name: str, domain: str | None = None, path: str | None = None) -> str | None:
        found = self._find(name, domain, path)
        if not found:
            raise KeyError(name)
        if len(found) > 1:
            raise CookieConflictError(f"{len(found)} cookies have the name {name!r}")
        return found[0].value

    def __getitem__(self, name: str) -> str | None:
        return self._value(name)

    def __setitem__(self, name: str, value: Any) -> None:
        self.set(name, value)

    def __delitem__(self, name: str) -> None:
        remove_cookie_by_name(self, name)

    def __contains__(self, name: object) -> bool:
        return any(cookie.name == name for cookie in self)

    def iterkeys(self) -> Iterator[str]:
        """The names, one of each cookie."""
        return iter(self.keys())

    def itervalues(self) -> Iterator[str | None]:
        """The values, one of each cookie."""
        return iter(self.values())

    def iteritems(self) -> Iterator[tuple[str, str | None]]:
        """Name and value of each cookie."""
        return iter(self.items())

    def keys(self) -> list[str]:  # type: ignore[override]  # a list, as in requests
        """The names, one of each cookie."""
        return [cookie.name for cookie in self]

    def values(self) -> list[str | None]:  # type: ignore[override]  # a list, as in requests
        """The values, one of each cookie."""
        return [cookie.value for cookie in self]

    def items(self) -> list[tuple[str, str | None]]:  # type: ignore[override]  # a list, as in requests
        """Name and value of each cookie."""
        return [(cookie.name, cookie.value) for cookie in self]

    def popitem(self) -> tuple[str, str | None]:
        """Removes a cookie and returns its name and value; `KeyError` when there is none."""
        with self._cookies_lock:
            for cookie in self:
                self._forget(cookie)
                return cookie.name, cookie.value
        raise KeyError("the jar is empty")

    def list_domains(self) -> list[str]:
        """The domains of the cookies."""
        return list(dict.fromkeys(cookie.domain for cookie in self))

    def list_paths(self) -> list[str]:
        """The paths of the cookies."""
        return list(dict.fromkeys(cookie.path for cookie in self))

    def multiple_domains(self) -> bool:
        """Whether the cookies are of more than one domain."""
        return len(self.list_domains()) > 1

    def get_dict(self, domain: str | None = None, path: str | None = None) -> dict[str, str | None]:
        """Names and values of the cookies, of one domain or path if given."""
        return {
            cookie.name: cookie.value
            for cookie in self
            if (domain is None or cookie.domain == domain) and (path is None or cookie.path == path)
        }

    def get_policy(self) -> CookiePolicy:
        """The policy, as `set_policy` has set it."""
        return self._policy

    def copy(self) -> RequestsCookieJar:
        """A jar with copies of the cookies."""
        copied = object.__new__(type(self))
        copied.__setstate__(self.__getstate__())
        for paths in copied._cookies.values():
            for names in paths.values():
                for name, cookie in names.items():
                    names[name] = copy.copy(cookie)
        return copied

    __copy__ = copy


def cookiejar_from_dict(
    cookie_dict: Mapping[str, str | None] | None,
    cookiejar: CookieJar | None = None,
    overwrite: bool = True,
) -> CookieJar:
    """A jar, or the jar given, with the cookies of a mapping.

    Without `overwrite` the cookies whose names are in the jar already are left as they are.

    >>> cookiejar_from_dict({"a": "b"}).get_dict()
    {'a': 'b'}
    """
    if cookie_dict is not None and not isinstance(cookie_dict, Mapping):
        raise TypeError(f"cookies are a mapping or a jar, not {type(cookie_dict).__name__}")
    jar = RequestsCookieJar() if cookiejar is None else cookiejar
    known = set() if overwrite else {cookie.name for cookie in jar}
    for name, value in (cookie_dict or {}).items():
        if name not in known:
            if value is None:
                remove_cookie_by_name(jar, name)
            else:
                jar.set_cookie(create_cookie(name, value))
    return jar


def merge_cookies(cookiejar: CookieJar, cookies: Cookies | None) -> CookieJar:
    """Adds cookies to a jar, and returns it: those of a mapping only where their name is new.

    Raises `ValueError` when `cookiejar` is no jar.
    """
    if not isinstance(cookiejar, CookieJar):
        raise ValueError(f"cookies are merged into a CookieJar, not {type(cookiejar).__name__}")
    if isinstance(cookies, CookieJar):
        if isinstance(cookiejar, RequestsCookieJar):
            cookiejar.update(cookies)
        else:
            for cookie in cookies:
                cookiejar.set_cookie(copy.copy(cookie))
    elif isinstance(cookies, Mapping):
        cookiejar_from_dict(cookies, cookiejar, overwrite=False)
    elif cookies is not None:
        raise TypeError(f"cookies are a mapping or a jar, not {type(cookies).__name__}")
    return cookiejar


def remove_cookie_by_name(
    cookiejar: CookieJar, name: str, domain: str | None = None, path: str | None = None
) -> None:
    """Removes the cookies of a name, in one domain or path if given; there may be none."""
    for cookie in list(cookiejar):
        if (
            cookie.name == name
            and (domain is None or cookie.domain == domain)
            and (path is None or cookie.path == path)
        ):
            with contextlib.suppress(KeyError):  # another thread was faster
                cookiejar.clear(cookie.domain, cookie.path, cookie.name)


def get_cookie_header(jar: CookieJar, request: Any) -> str | None:
    """What a jar would put into the Cookie header of a prepared request; None if it has one."""
    mock = MockRequest(request)
    jar.add_cookie_header(mock)  # type: ignore[arg-type]  # in the shape of such a request
    return mock.get_new_headers().get("Cookie")


def extract_cookies_to_jar(jar: CookieJar, request: Any, response: Any) -> None:
    """Stores the cookies of a response to a prepared request; `response.raw` will do, too."""
    values = set_cookie_values(response)
    if values:
        jar.extract_cookies(MockResponse(values), MockRequest(request))  # type: ignore[arg-type]  # in their shape


# --- what a session asks for ---------------------------------------------------------------


def cookie_header_of(cookies: Cookies | None, request: Any) -> str | None:
    """The value of Cookie for a prepared request, from a jar or from names and values.

    A jar says by its own rules which cookies are for the request's URL; those of a mapping all are.
    Raises `InvalidHeader` for what of a mapping cannot be sent.
    """
    if cookies is None:
        return None
    if _is_as_it_was(cookies, "add_cookie_header"):
        # Where redirects have led is no host that the caller has asked.
        return cookies.cookie_header(
            url_of(request), everywhere=not getattr(request, "dropped", False)
        )
    if isinstance(cookies, CookieJar):
        asked = PolicyRequest(url_of(request))
        cookies.add_cookie_header(asked)  # type: ignore[arg-type]  # in the shape of such a request
        return asked.get_new_headers().get("Cookie")
    if not isinstance(cookies, Mapping):
        raise TypeError(f"cookies are a mapping or a jar, not {type(cookies).__name__}")
    pieces = [create_cookie(name, value) for name, value in cookies.items() if value is not None]
    return "; ".join(map(shown_cookie, pieces)) or None


def build_cookie_line(request: Any) -> str | None:
    """The value of Cookie for a prepared request: of its session's jar and of its call.

    A cookie of the call replaces those of its name. What of the jar does not fit into
    `Limits.cookie_line` any more is left out. Raises `InvalidHeader` as `cookie_header_of`.
    """
    jar, own = request.jar, request.call_cookies
    line = cookie_header_of(jar, request)
    own_line = cookie_header_of(own, request)
    if line is None or own_line is None:
        return line or own_line
    names = {piece.partition("=")[0] for piece in own_line.split("; ")}
    limits = getattr(jar, "limits", DEFAULT_LIMITS)
    room = limits.cookie_line - len("Cookie: ") - len(own_line)
    pieces = []
    for piece in line.split("; "):
        size = len(piece) + len("; ")
        if piece.partition("=")[0] not in names and size <= room:
            pieces.append(piece)
            room -= size
    return "; ".join([*pieces, own_line])


def store_cookies(cookies: Cookies | None, request: Any, response: Any) -> None:
    """Stores the cookies of a response in a jar, by the jar's own rules."""
    if _is_as_it_was(cookies, "extract_cookies"):
        values = set_cookie_values(response)
        if values:
            cookies.store(url_of(request), values)
    elif isinstance(cookies, CookieJar):
        extract_cookies_to_jar(cookies, request, response)


def _is_as_it_was(cookies: Any, method: str) -> TypeGuard[CookieStore]:
    """Whether it is a jar of ours whose class has not been given another `method`."""
    return isinstance(cookies, CookieStore) and (
        getattr(type(cookies), method) is getattr(CookieStore, method)
    )


# --- files ---------------------------------------------------------------------------------


def save_cookies(cookies: Iterable[Cookie], path: str | os.PathLike[str]) -> None:
    """Writes cookies to a cookies.txt, as curl and browsers' exporters do; only we may read it.

    The file is replaced as a whole. Whether a cookie is for its host alone, Secure, HttpOnly, its
    time and which is older are kept; SameSite is not. Expired cookies are left out, and so is what
    the format cannot hold, with a line in the debug log: cookies for every host, and values with
    a tab.
    """
    now = int(time())
    text, left_out = encode_cookies(
        sorted([kept for kept in cookies if not kept.is_expired(now)], key=created_at)
    )
    import tempfile

    target = os.fspath(path)
    folder, name = os.path.split(target)
    # mkstemp() makes a file that nobody else can read, and that no one else has prepared.
    descriptor, temporary = tempfile.mkstemp(dir=folder or ".", prefix=f".{name}.")
    try:
        with open(descriptor, "w", encoding="latin-1", newline="\n") as file:
            file.write(text)
        os.replace(temporary, target)
    except BaseException:
        os.unlink(temporary)
        raise
    if left_out:
        _log.debug("%s cookies left out: cookies.txt cannot hold them", left_out)


def load_cookies(path: str | os.PathLike[str]) -> RequestsCookieJar:
    """A jar with the cookies of a cookies.txt, without expired ones and lines that are none."""
    jar = RequestsCookieJar()
    with open(path, encoding="latin-1", newline="") as file:
        text = file.read()
    for cookie in decode_cookies(text):
        if not cookie.is_expired(int(time())):
            with contextlib.suppress(InvalidHeader, InvalidURL):
                jar.set_cookie(cookie)
    return jar
