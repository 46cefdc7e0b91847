"""`CookieStore`: the container of `http.cookiejar` under the rules of RFC 6265 and 6265bis.

Cookies are kept where that class keeps them, domain -> path -> name, which is an index already: for
a request only the few domains are looked at that its host can have cookies under. When a cookie was
created and last sent stands on the cookie itself, so that it travels with it.
"""

from __future__ import annotations

import copy
import threading
import weakref
from http.cookiejar import CookieJar, DefaultCookiePolicy
from time import time

from h11client import _log
from h11client._limits import Limits
from h11client._messages.url import parse_url
from h11client._policies.cookie_adapters import PolicyRequest, set_cookie_values
from h11client._policies.cookie_rules import (
    candidate_domains,
    default_path,
    domain_of,
    domains_meet,
    path_matches,
    prefix_allows,
)
from h11client._policies.quiet_cookies import QuietCookie
from h11client._policies.set_cookie import parse_set_cookie
from h11client._transport.forking import renew_in_child

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from http.cookiejar import Cookie, CookiePolicy
    from typing import Any

    from h11client._messages.url import URL
    from h11client._policies.set_cookie import SetCookie

__all__ = [
    "DEFAULT_LIMITS",
    "CookieStore",
    "OwnRules",
    "created_at",
    "join_cookies",
    "shown_cookie",
]

DEFAULT_LIMITS = Limits()
_TICK = 1e-6  # seconds between two cookies that come at once, so that their order is known
_FIELD_NAME = len("Cookie: ")

_CREATED = "_created"  # both in the cookie's own dictionary, in seconds since the epoch
_USED = "_used"


class OwnRules(DefaultCookiePolicy):
    """The policy of a jar that has been given none: only the rules of RFC 6265bis apply."""


class CookieStore(CookieJar):
    """Stores and finds cookies; thread-safe.

    A policy that is set is asked on top of the rules here, so it can only forbid more.

    A signal's handler, or a finaliser, may use the jar that its own thread is in the middle of
    using: so what is gone through is always a copy.
    """

    _cookies: dict[str, dict[str, dict[str, Cookie]]]
    _cookies_lock: threading.RLock
    _policy: CookiePolicy

    def __init__(
        self, policy: CookiePolicy | None = None, *, limits: Limits = DEFAULT_LIMITS
    ) -> None:
        super().__init__(OwnRules() if policy is None else policy)
        self.limits = limits
        self._newest = 0.0  # when the last cookie was put
        self._room = 0  # so many more cookies surely fit
        self._renewal = _Renewal(self)

    # --- sending ---------------------------------------------------------------------------

    def cookie_header(self, url: URL, *, everywhere: bool = True) -> str | None:
        """The value of Cookie for `url`, None when there is nothing to send.

        Longer paths come first, then older cookies (RFC 6265 section 5.4); values are as they
        were received. What does not fit into `limits.cookie_line` bytes is left out. Without
        `everywhere`, cookies that were set by hand without a domain are left out.
        """
        if not self._cookies:
            return None
        with self._cookies_lock:
            found = self._matching(url, everywhere)
        if not found:
            return None
        line, left_out = join_cookies(found, self.limits.cookie_line - _FIELD_NAME)
        if left_out:
            _log.debug("Cookie for %s is full: %s cookies left out", url.origin.host, left_out)
        return line or None

    def _matching(self, url: URL, everywhere: bool) -> list[Cookie]:
        host = url.origin.host.lower()  # the zone of an address: `Cookie` has done so, too
        path, now = path_of(url), time()
        is_secure = url.scheme == "https"
        found, expired = [], []
        for domain in candidate_domains(host):
            paths = self._cookies.get(domain)
            if not paths or not (domain or everywhere):
                continue
            is_parent = domain not in (host, "") and domain[0] != "."
            for cookie_path, cookies in list(paths.items()):
                if not path_matches(path, cookie_path):
                    continue
                for cookie in list(cookies.values()):
                    if cookie.expires is not None and cookie.expires <= now:
                        expired.append(cookie)
                    elif not (
                        (cookie.secure and not is_secure)  # http://localhost is not secure either
                        or (is_parent and not cookie.domain_specified)  # for that host alone
                        or (cookie.port and str(url.port) not in cookie.port.split(","))
                    ):
                        found.append(cookie)
        for cookie in expired:
            self._forget(cookie)
        if type(self._policy) is not OwnRules:
            found = [cookie for cookie in found if self._policy_returns(cookie, url, now)]
        for cookie in found:
            cookie.__dict__[_USED] = now
        if len(found) > 1:
            found.sort(key=_rank)
        return found

    # --- receiving -------------------------------------------------------------------------

    def store(self, url: URL, values: Iterable[str | bytes]) -> None:
        """Takes in the values of the Set-Cookie fields of a response from `url`.

        What has to be ignored is ignored, with one line in the debug log for all of it.
        """
        ignored, why = 0, ""
        with self._cookies_lock:
            guarded = {} if url.scheme == "https" else self._secure_ones()
            for value in values:
                made = self._make(url, value)
                refusal = made if isinstance(made, str) else self._receive(made, url, guarded)
                if refusal:
                    ignored += 1
                    why = why or refusal
        if ignored:
            _log.debug("%s Set-Cookie of %s ignored: %s", ignored, url.origin.host, why)

    def _make(self, url: URL, value: str | bytes) -> Cookie | str:
        """The cookie of a field, or why there is none."""
        parsed = parse_set_cookie(value if isinstance(value, str) else value.decode("latin-1"))
        if parsed is None:
            return "nothing in it, or control characters"
        if len(parsed.name) + len(parsed.value) > self.limits.cookie:
            return "too large"
        host = url.origin.host
        domain = domain_of(host, parsed.domain)
        if domain is None:
            return "not for its host to set"
        is_host_only = domain == host
        if not prefix_allows(
            parsed.name, parsed.value, parsed.secure, is_host_only, parsed.path == "/"
        ):
            return "its name promises what it is not"
        return _as_cookie(parsed, domain, is_host_only, path_of(url))

    def _receive(self, cookie: Cookie, url: URL, guarded: dict[str, list[Cookie]]) -> str:
        """Keeps a cookie that `url` sets; why it does not, or "".

        `guarded` are the cookies of the same names that came safely: over http they are neither
        replaced nor hidden behind others (6265bis, 5.7).
        """
        if cookie.secure and url.scheme != "https":
            return "Secure, over http"
        for kept in guarded.get(cookie.name, ()):
            if domains_meet(kept.domain, cookie.domain) and path_matches(cookie.path, kept.path):
                return "over http, and there is a Secure one"
        if type(self._policy) is not OwnRules and not self._policy_takes(cookie, url):
            return "refused by the policy"
        if cookie.expires is not None and cookie.expires <= time():
            self._forget(cookie)  # RFC 6265 section 5.3: the way to delete one
            return ""
        is_new = self._in_place_of(cookie) is None
        self.set_cookie(cookie)  # subclasses may want to see every cookie there
        if is_new:
            self._make_room(cookie)
        return ""

    def _secure_ones(self) -> dict[str, list[Cookie]]:
        """The Secure cookies by name."""
        now = time()
        found: dict[str, list[Cookie]] = {}
        for cookie in self._snapshot():
            if cookie.secure and not _is_over(cookie, now):
                found.setdefault(cookie.name, []).append(cookie)
        return found

    # --- keeping ---------------------------------------------------------------------------

    def _in_place_of(self, cookie: Cookie) -> Cookie | None:
        """What is kept under the domain, path and name of `cookie`."""
        return self._cookies.get(cookie.domain, {}).get(cookie.path, {}).get(cookie.name)

    def _put(self, cookie: Cookie) -> None:
        names = self._cookies.setdefault(cookie.domain, {}).setdefault(cookie.path, {})
        old = names.get(cookie.name)
        names[cookie.name] = cookie
        self._newest = max(time(), self._newest + _TICK)
        notes = cookie.__dict__
        if old is not None:
            notes[_CREATED] = created_at(old)  # RFC 6265 section 5.3: it keeps its age
        else:
            notes.setdefault(_CREATED, self._newest)
            self._room -= 1
        notes[_USED] = self._newest

    def _make_room(self, new: Cookie) -> None:
        """Takes one cookie away when `new` was one too many (RFC 6265 section 5.3)."""
        domain = new.domain.removeprefix(".")
        mates = [
            cookie
            for key in (domain, f".{domain}")
            for cookies in list(self._cookies.get(key, {}).values())
            for cookie in list(cookies.values())
        ]
        if len(mates) > self.limits.cookies_per_domain:
            now = time()
            self._forget(
                min(mates, key=lambda kept: (not _is_over(kept, now), kept.secure, _used(kept)))
            )
            return
        if self._room < 0:
            kept = self._snapshot()
            self._room = self.limits.cookies - len(kept)
            if self._room < 0:
                now = time()
                self._forget(min(kept, key=lambda kept: (not _is_over(kept, now), _used(kept))))

    def _forget(self, cookie: Cookie) -> None:
        """Removes what is kept in the place of `cookie`, and what is empty then."""
        paths = self._cookies.get(cookie.domain, {})
        names = paths.get(cookie.path, {})
        names.pop(cookie.name, None)
        if not names:
            paths.pop(cookie.path, None)
            if not paths:
                self._cookies.pop(cookie.domain, None)

    def _snapshot(self) -> list[Cookie]:
        return [
            cookie
            for paths in list(self._cookies.values())
            for cookies in list(paths.values())
            for cookie in list(cookies.values())
        ]

    # --- a policy of the caller's ----------------------------------------------------------

    def _policy_takes(self, cookie: Cookie, url: URL) -> bool:
        policy: Any = self._policy
        policy._now = self._now = int(time())  # where those of the standard library look
        return bool(policy.set_ok(_as_policies_see(cookie, url), PolicyRequest(url)))

    def _policy_returns(self, cookie: Cookie, url: URL, now: float) -> bool:
        policy: Any = self._policy
        policy._now = self._now = int(now)
        request, seen = PolicyRequest(url), _as_policies_see(cookie, url)
        return bool(
            policy.domain_return_ok(seen.domain, request)
            and policy.path_return_ok(seen.path, request)
            and policy.return_ok(seen, request)
        )

    # --- what http.cookiejar offers --------------------------------------------------------

    def extract_cookies(self, response: Any, request: Any) -> None:
        """Stores the cookies of a response, as `store`; both are as in `urllib.request`."""
        values = set_cookie_values(response)
        if values:  # URLs of other schemes need not be understood
            self.store(parse_url(request.get_full_url()), values)

    def make_cookies(self, response: Any, request: Any) -> list[Cookie]:
        """The cookies of a response that its host may set; nothing is stored."""
        url = parse_url(request.get_full_url())
        made = [self._make(url, value) for value in set_cookie_values(response)]
        return [cookie for cookie in made if not isinstance(cookie, str)]

    def add_cookie_header(self, request: Any) -> None:
        """Gives a request of `urllib.request` its Cookie header, if it has none."""
        if not request.has_header("Cookie"):
            line = self.cookie_header(parse_url(request.get_full_url()))
            if line is not None:
                request.add_unredirected_header("Cookie", line)

    def set_cookie(self, cookie: Cookie) -> None:
        """Keeps a cookie of the caller's, who may set any for any host."""
        with self._cookies_lock:
            self._put(cookie)

    def set_cookie_if_ok(self, cookie: Cookie, request: Any) -> None:
        """Keeps a cookie when the host of `request` may set it."""
        url = parse_url(request.get_full_url())
        attribute = cookie.domain.removeprefix(".") if cookie.domain_specified else None
        domain = domain_of(url.origin.host, attribute)
        if domain is not None and domain.removeprefix(".") == cookie.domain.removeprefix("."):
            with self._cookies_lock:
                guarded = {} if url.scheme == "https" else self._secure_ones()
                self._receive(cookie, url, guarded)

    def clear(
        self, domain: str | None = None, path: str | None = None, name: str | None = None
    ) -> None:
        """Removes all cookies, or those of a domain, of a path in it, or the one of a name there.

        Raises `KeyError` when there is none, `ValueError` for a path or name without the rest.
        """
        with self._cookies_lock:
            super().clear(domain, path, name)
            if path is not None and domain is not None:  # what it has left empty
                paths = self._cookies.get(domain, {})
                if not paths.get(path):
                    paths.pop(path, None)
                if not paths:
                    self._cookies.pop(domain, None)

    def __iter__(self) -> Iterator[Cookie]:
        with self._cookies_lock:
            return iter(self._snapshot())

    def __len__(self) -> int:
        with self._cookies_lock:
            return len(self._snapshot())

    def __bool__(self) -> bool:
        return bool(self._cookies) and len(self) > 0

    def __repr__(self) -> str:
        # The values are secrets.
        shown = [f"{cookie.name} for {cookie.domain}{cookie.path}" for cookie in self]
        return f"<{type(self).__name__}[{', '.join(shown)}]>"

    __str__ = __repr__

    def __getstate__(self) -> dict[str, Any]:
        with self._cookies_lock:
            state = dict(vars(self))
            del state["_cookies_lock"], state["_renewal"]
            state["_cookies"] = {
                domain: {path: dict(names) for path, names in list(paths.items())}
                for domain, paths in list(self._cookies.items())
            }
            return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._cookies_lock = threading.RLock()
        self._renewal = _Renewal(self)


class _Renewal:
    """Gives a jar a new lock in a forked child; jars themselves have no hash to be kept by."""

    def __init__(self, jar: CookieStore) -> None:
        self._jar = weakref.ref(jar)
        renew_in_child(self)

    def start_anew(self) -> None:
        jar = self._jar()
        if jar is not None:
            jar._cookies_lock = threading.RLock()


def path_of(url: URL) -> str:
    """The path of a URL as it is sent, without the query."""
    return url.target.partition(b"?")[0].decode("latin-1")


def _as_cookie(parsed: SetCookie, domain: str, is_host_only: bool, request_path: str) -> Cookie:
    expires = parsed.expiry(time())
    # RFC 6265 section 5.2.4: a path that does not begin with "/" is none.
    path = parsed.path if parsed.path and parsed.path[0] == "/" else None
    rest: dict[str, str | None] = {}
    if parsed.http_only:
        rest["HttpOnly"] = None
    if parsed.same_site is not None:
        rest["SameSite"] = parsed.same_site
    if parsed.partitioned:
        rest["Partitioned"] = None
    return QuietCookie(
        version=0,
        name=parsed.name,
        value=parsed.value,
        port=None,
        port_specified=False,
        domain=domain,
        domain_specified=not is_host_only,
        domain_initial_dot=not is_host_only,
        path=default_path(request_path) if path is None else path,
        path_specified=path is not None,
        secure=parsed.secure,
        expires=expires,
        discard=expires is None,
        comment=None,
        comment_url=None,
        rest=rest,  # type: ignore[arg-type]  # its stub knows no attributes without a value
    )


def _as_policies_see(cookie: Cookie, url: URL) -> Cookie:
    """The policy of the standard library expects ".local" behind hosts without a dot."""
    host = url.origin.host
    if "." in host or cookie.domain not in (host, ""):
        return cookie
    seen = copy.copy(cookie)
    seen.domain = f"[{host}].local" if ":" in host else f"{host}.local"
    return seen


def _rank(cookie: Cookie) -> tuple[int, float]:
    return -len(cookie.path), created_at(cookie)


def created_at(cookie: Cookie) -> float:
    """When a cookie was put into its jar, in seconds since the epoch."""
    created: float = cookie.__dict__.get(_CREATED, 0.0)
    return created


def _used(cookie: Cookie) -> float:
    used: float = cookie.__dict__.get(_USED, 0.0)
    return used


def _is_over(cookie: Cookie, now: float) -> bool:
    return cookie.expires is not None and cookie.expires <= now


def shown_cookie(cookie: Cookie) -> str:
    """A cookie as it is sent."""
    if cookie.value is None:
        return cookie.name
    return f"{cookie.name}={cookie.value}" if cookie.name else cookie.value


def join_cookies(cookies: Iterable[Cookie], limit: int) -> tuple[str, int]:
    """The cookies in one line of at most `limit` characters, and how many were left out."""
    pieces = [shown_cookie(cookie) for cookie in cookies]
    line = "; ".join(pieces)
    if len(line) <= limit:
        return line, 0
    kept, room = [], limit + len("; ")
    for piece in pieces:
        size = len(piece) + len("; ")
        if size <= room:
            kept.append(piece)
            room -= size
    return "; ".join(kept), len(pieces) - len(kept)
