"""Cookies that programs make themselves."""

from __future__ import annotations

from time import time

from h11client._policies.cookie_rules import check_own_cookie
from h11client._policies.quiet_cookies import QuietCookie
from h11client._policies.set_cookie import parse_cookie_date

TYPE_CHECKING = False
if TYPE_CHECKING:
    from http.cookiejar import Cookie
    from typing import Any

__all__ = ["create_cookie", "morsel_to_cookie"]


def create_cookie(name: str, value: str | None, **attributes: Any) -> Cookie:
    """A cookie, by default for every host and path, until the session ends.

    `attributes` are `domain`, `path`, `expires` (seconds since the epoch), `secure` and the other
    arguments of `http.cookiejar.Cookie`. Raises `TypeError` for one that is unknown,
    `InvalidHeader` for a name or value that cannot be sent.

    >>> create_cookie("a", "b", domain=".example.com", secure=True).domain_initial_dot
    True
    """
    check_own_cookie(name, value)
    whole: dict[str, Any] = {
        "version": 0,
        "name": name,
        "value": value,
        "port": None,
        "domain": "",
        "path": "/",
        "secure": False,
        "expires": None,
        "discard": attributes.get("expires") is None,
        "comment": None,
        "comment_url": None,
        "rest": {},
        "rfc2109": False,
    }
    unknown = sorted(set(attributes) - set(whole))
    if unknown:
        raise TypeError(f"a cookie has no {', '.join(unknown)}")
    whole.update({key: given for key, given in attributes.items() if given is not None})
    return QuietCookie(
        **whole,
        port_specified=bool(whole["port"]),
        domain_specified=bool(whole["domain"]),
        domain_initial_dot=whole["domain"].startswith("."),
        path_specified=bool(whole["path"]),
    )


def morsel_to_cookie(morsel: Any) -> Cookie:
    """The cookie that a `http.cookies.Morsel` describes.

    Raises `TypeError` when its max-age is no number, `ValueError` when its expires is no date.
    """
    expires = None
    if morsel["max-age"]:
        try:
            expires = int(time() + int(morsel["max-age"]))
        except ValueError:
            raise TypeError("max-age of a cookie has to be a whole number") from None
    elif morsel["expires"]:
        expires = parse_cookie_date(morsel["expires"])
        if expires is None:
            raise ValueError("expires of a cookie has to be a date")
    return create_cookie(
        morsel.key,
        morsel.value,
        version=morsel["version"] or 0,
        domain=morsel["domain"],
        path=morsel["path"],
        secure=bool(morsel["secure"]),
        expires=expires,
        comment=morsel["comment"],
        rest={"HttpOnly": morsel["httponly"]},
    )
