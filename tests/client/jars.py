"""A jar with something in it, for the tests of cookies."""

from __future__ import annotations

from h11client._messages.url import parse_url
from h11client.cookies import RequestsCookieJar

URL = "https://www.a.test/dir/page"


def filled() -> RequestsCookieJar:
    """What a server has set, and what the caller has."""
    jar = RequestsCookieJar()
    jar.store(
        parse_url(URL),
        [
            "host=1; Path=/; Secure; HttpOnly; SameSite=Lax",
            "wide=2; Path=/dir; Domain=a.test; Max-Age=5000",
            'odd="x, y"',
        ],
    )
    jar.set("mine", "3", domain="b.test", path="/p")
    return jar


def sent(jar: RequestsCookieJar, url: str = URL) -> str | None:
    return jar.cookie_header(parse_url(url))
