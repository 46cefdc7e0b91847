"""cookies.txt: the file of cookies that browsers once had and that curl and many others write.

    domain TAB with-subdomains TAB path TAB secure TAB expires TAB name TAB value

One cookie a line. "#HttpOnly_" in front of a line is no comment, and 0 is the end of the session.
What a line cannot hold is left out: a TAB in a value, and anything that would begin a line.
"""

from __future__ import annotations

import re

from h11client._policies.quiet_cookies import QuietCookie

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from http.cookiejar import Cookie

__all__ = ["decode_cookies", "encode_cookies"]

_FIRST_LINE = "# Netscape HTTP Cookie File\n"
_HTTP_ONLY = "#HttpOnly_"
_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f]|[^\x00-\xff]")
_SECONDS = re.compile(r"[0-9]{1,15}(?:\.[0-9]*)?")


def encode_cookies(cookies: Iterable[Cookie]) -> tuple[str, int]:
    """The text of a file with these cookies, and how many it cannot hold."""
    lines, left_out = [_FIRST_LINE], 0
    for cookie in cookies:
        domain = cookie.domain
        if cookie.domain_specified and domain[:1] not in ("", "."):
            domain = f".{domain}"  # set by hand, and meant for the hosts below as well
        name, value = cookie.name, cookie.value
        if value is None:
            name, value = "", name
        columns = (
            domain,
            "TRUE" if domain.startswith(".") else "FALSE",
            cookie.path or "/",
            "TRUE" if cookie.secure else "FALSE",
            "0" if cookie.expires is None else str(max(1, cookie.expires)),
            name,
            value,
        )
        # A line that begins with "#" is a comment, and one without a domain is for no host.
        if not domain or domain.startswith("#") or any(map(_FORBIDDEN.search, columns)):
            left_out += 1
            continue
        is_http_only = cookie.has_nonstandard_attr("HttpOnly")
        lines.append((_HTTP_ONLY if is_http_only else "") + "\t".join(columns) + "\n")
    return "".join(lines), left_out


def decode_cookies(text: str) -> Iterator[Cookie]:
    """The cookies of a file's text; lines that are none are passed over."""
    for line in re.split(r"\r?\n", text):
        is_http_only = line.startswith(_HTTP_ONLY)
        columns = line.removeprefix(_HTTP_ONLY).split("\t")
        if len(columns) == 6:
            columns.append("")  # of an empty value some leave out its TAB
        if len(columns) != 7 or columns[0].startswith("#") or not columns[0]:
            continue
        domain, below, path, secure, expires, name, value = columns
        seconds = int(float(expires)) if _SECONDS.fullmatch(expires) else 0
        domain = domain.removeprefix(".")
        is_wide = below.upper() == "TRUE"
        yield QuietCookie(
            version=0,
            name=name,
            value=value,
            port=None,
            port_specified=False,
            domain=f".{domain}" if is_wide else domain,
            domain_specified=is_wide,
            domain_initial_dot=is_wide,
            path=path or "/",
            path_specified=True,
            secure=secure.upper() == "TRUE",
            expires=seconds or None,
            discard=not seconds,
            comment=None,
            comment_url=None,
            rest={"HttpOnly": ""} if is_http_only else {},
        )
