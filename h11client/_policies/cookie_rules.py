"""Which cookies a host may set and is shown (RFC 6265 sections 5.1.3 to 5.4, and 6265bis).

Hosts here are those of a parsed URL: in lower case, A-labels, without a trailing dot, addresses
without brackets. Domains of stored cookies are written as `http.cookiejar` writes them: "a.test"
for the host alone, ".a.test" for it and all below it.
"""

from __future__ import annotations

import re
from functools import lru_cache

from h11client._messages.hosts import address_number
from h11client.exceptions import InvalidHeader

__all__ = [
    "candidate_domains",
    "check_own_cookie",
    "default_path",
    "domain_of",
    "domains_meet",
    "path_matches",
    "prefix_allows",
]

# Nothing below these may set a cookie for all of them: "co.uk" is no company. There is no list
# of public suffixes here, which would be old the day after; this is the part that does not age.
_SECOND_LEVELS = frozenset(
    [
        *("ac", "co", "com", "edu", "go", "gob", "gov", "gub", "gv", "ltd"),
        *("mil", "ne", "net", "nom", "or", "org", "plc", "sch"),
    ]
)
_NO_VALUE = re.compile(r"[\x00-\x1f\x7f;,]|[^\x00-\xff]")
_NO_NAME = re.compile(r"[\x00-\x1f\x7f;,=]|[^\x00-\xff]")
_NOT_RECEIVED = re.compile(r"[\x00-\x08\x0a-\x1f\x7f;]|[^\x00-\xff]")
_LONGEST_SHOWN = 100  # characters of a wrong name in a message


def domain_of(host: str, attribute: str | None) -> str | None:
    """The domain of a cookie that `host` sets with this Domain attribute; None: refused.

    >>> [domain_of("www.a.test", attribute) for attribute in (None, "a.test", "test")]
    ['www.a.test', '.a.test', None]
    """
    if not attribute:
        return host
    if attribute == host:
        # A public suffix may have cookies of its own (6265bis, 5.7), and so may an address.
        return host if _is_public(host) or address_number(host) is not None else f".{host}"
    if not host.endswith(f".{attribute}") or _is_public(attribute):
        return None
    # RFC 6265 section 5.1.3: what ends like an address is no part of a name.
    return None if address_number(host) is not None else f".{attribute}"


def _is_public(domain: str) -> bool:
    """Whether a domain is for everybody to register names below, as far as it can be seen."""
    before, _, last = domain.rpartition(".")
    return not before or (len(last) == 2 and before in _SECOND_LEVELS)


@lru_cache(maxsize=512)
def candidate_domains(host: str) -> tuple[str, ...]:
    """The domains under which cookies for `host` may be stored, the most special ones first.

    "" stands for cookies that were set by hand without a domain: they are for every host.
    """
    if address_number(host) is not None:
        return (host, f".{host}", "")
    found = []
    while host:
        found += [host, f".{host}"]
        host = host.partition(".")[2]
    return (*found, "")


def domains_meet(one: str, other: str) -> bool:
    """Whether one of two stored domains domain-matches the other (RFC 6265 section 5.1.3)."""
    one, other = one.removeprefix("."), other.removeprefix(".")
    return not one or not other or f".{one}".endswith(f".{other}") or other.endswith(f".{one}")


def default_path(path: str) -> str:
    """The path of a cookie that names none: up to the last "/" (RFC 6265 section 5.1.4).

    >>> default_path("/a/b"), default_path("/a")
    ('/a', '/')
    """
    return path[: path.rfind("/")] or "/"


def path_matches(path: str, cookie_path: str) -> bool:
    """Whether a request's path is the cookie's or below it (RFC 6265 section 5.1.4).

    >>> path_matches("/any/where", "/any"), path_matches("/anybad", "/any")
    (True, False)
    """
    if not path.startswith(cookie_path):
        return False
    rest = path[len(cookie_path) :]
    return not rest or cookie_path[-1:] in ("/", "") or rest[0] == "/"


def prefix_allows(name: str, value: str, secure: bool, host_only: bool, at_root: bool) -> bool:
    """What the prefix of a name promises has to be so (6265bis, 4.1.3 and 5.7).

    `at_root`: there is a Path attribute, and it says "/".
    """
    shown = (name or value).lower()  # a server cannot see where a nameless cookie's value begins
    if shown.startswith("__secure-"):
        return bool(name) and secure
    if shown.startswith("__host-"):
        return bool(name) and secure and host_only and at_root
    return True


def check_own_cookie(
    name: str, value: str | None, limit: int | None = None, *, from_server: bool = False
) -> None:
    """Refuses what would arrive as something else; the value is never shown, it may be a secret.

    `limit` is in bytes. What a server may have said (`from_server`) has fewer rules.

    Raises:
        InvalidHeader: a control character, ";" or ",", a blank at an end, or beyond latin-1.
        TypeError: not text.
    """
    if not isinstance(name, str):
        raise TypeError(f"the name of a cookie is text, not {type(name).__name__}")
    shown = repr(name if len(name) <= _LONGEST_SHOWN else f"{name[:_LONGEST_SHOWN]}...")
    if value is not None and not isinstance(value, str):
        raise TypeError(f"the value of the cookie {shown} is text, not {type(value).__name__}")
    value = value or ""
    wrong = (_NOT_RECEIVED if from_server else _NO_NAME).search(name)
    if wrong is not None or "=" in name:
        raise InvalidHeader(f"the name of a cookie cannot hold {wrong[0] if wrong else '='!r}")
    wrong = (_NOT_RECEIVED if from_server else _NO_VALUE).search(value)
    if wrong is not None:
        raise InvalidHeader(
            f"the value of the cookie {shown} holds {wrong[0]!r}: encode it, in base64 for example"
        )
    if name != name.strip(" \t") or value != value.strip(" \t"):
        raise InvalidHeader(f"the cookie {shown} has a blank at an end")
    if not name and not value:
        raise InvalidHeader("a cookie has a name or a value")
    if limit is not None and len(name) + len(value) > limit:
        raise InvalidHeader(f"the cookie {shown} has more than {limit} bytes")
