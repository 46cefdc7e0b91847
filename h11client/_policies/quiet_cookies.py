"""Cookies that do not show what they hold."""

from __future__ import annotations

from http.cookiejar import Cookie

__all__ = ["QuietCookie"]


class QuietCookie(Cookie):
    """A cookie of the standard library whose value stands in neither its text nor its repr."""

    def __str__(self) -> str:
        return f"<Cookie {self.name} for {self.domain}{self.path}>"

    __repr__ = __str__
