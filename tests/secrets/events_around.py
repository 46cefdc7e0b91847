"""More of what can happen: redirects, code of the caller's own, and what cannot be sent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from h11client import exceptions
from tests.secrets.events import EVENTS, event
from tests.secrets.setup import Setup

__all__ = ["EVENTS"]


def _redirect(setup: Setup, where: str, status: bytes = b"302 Found") -> bytes:
    """A redirect; `{}` in `where` is what the place wants before a host."""
    location = where.encode("latin-1").replace(b"{}", setup.location_userinfo)
    own = setup.fields.partition(b"Location: ")[0]
    return b"HTTP/1.1 %b\r\n%bLocation: %b\r\nContent-Length: 0\r\n\r\n" % (status, own, location)


def _scheme(setup: Setup) -> str:
    return "https" if setup.secure else "http"


@event("redirected, to the same origin")
def _(setup: Setup) -> list[Any]:
    hop = _redirect(setup, f"{_scheme(setup)}://{{}}origin.test/elsewhere")
    return [setup.dial(hop, setup.response(), setup.response())]


@event("redirected, to another origin and back")
def _(setup: Setup) -> list[Any]:
    away = _redirect(setup, f"{_scheme(setup)}://{{}}other.test/elsewhere", b"303 See Other")
    back = _redirect(setup, f"{_scheme(setup)}://{{}}origin.test/back", b"301 Moved")
    answer = setup.response()
    return [
        setup.dial(away, answer, answer),
        setup.dial(back, answer, first=False),
        setup.dial(answer, first=False),
    ]


@event("too many redirects", exceptions.TooManyRedirects)
def _(setup: Setup) -> list[Any]:
    setup.session["max_redirects"] = 2
    hop = _redirect(setup, f"{_scheme(setup)}://{{}}origin.test/elsewhere")
    return [setup.dial(*[hop] * 6)]


@event("a redirect that is not followed")
def _(setup: Setup) -> list[Any]:
    setup.call["allow_redirects"] = False
    return [setup.dial(_redirect(setup, "http://{}origin.test/elsewhere"))]


_WRONG_LOCATIONS = [
    *("http://{}[::1", "http://{}a b/", "http://{}a:99999/", "http://{}a:b/", "http://{}/"),
    *("ftp://{}a.test/", "file://{}/etc/passwd", "http://{}1.2.3/", "http://{}a%2fb/"),
    *("http://{}a\\b@c/", "http://{}\x01/", "http://{}\xff\xfe/", "//{}", "http:{}origin.test"),
    *("http://{}xn--a.test/", "http://{}%zz@a:b/", "mailto:{}a.test", "http://x@{}a:b", "{}"),
]
for _where in _WRONG_LOCATIONS:

    @event(f"a Location like {_where!r}", (exceptions.RequestException, None))
    def _(setup: Setup, where: str = _where) -> list[Any]:
        setup.session["max_redirects"] = 1
        hop = _redirect(setup, where)
        return [setup.dial(hop, hop, hop), setup.dial(hop, hop, first=False)]


@event("two Locations", exceptions.RemoteProtocolError)
def _(setup: Setup) -> list[Any]:
    hop = _redirect(setup, "http://{}a.test/").replace(
        b"Location:", b"Location: http://%bb.test/\r\nLocation:" % setup.location_userinfo
    )
    return [setup.dial(hop)]


@event(
    "a body that is gone has to be sent again",
    exceptions.UnrewindableBodyError,
    only=lambda setup: not setup.proxy_challenged,  # that is then the answer
)
def _(setup: Setup) -> list[Any]:
    setup.method = "PUT"
    setup.call["data"] = iter([b"a"])
    setup.call.pop("json", None)
    setup.call.pop("files", None)
    return [setup.dial(_redirect(setup, "http://{}origin.test/", b"307 Moved"))]


# --- code of the caller's own ----------------------------------------------------------------------------


class Mine(Exception):
    """Of the caller's own code."""


def _raise(*args: Any, **kwargs: Any) -> Any:
    raise Mine


@event("a hook that raises", Mine)
def _(setup: Setup) -> list[Any]:
    setup.call["hooks"] = {"response": _raise}
    return [setup.dial(setup.response())]


@event("on_event that raises", Mine)
def _(setup: Setup) -> list[Any]:
    setup.session["on_event"] = _raise
    return [setup.dial(setup.response())]


@event("on_event that raises where nothing can be raised")
def _(setup: Setup) -> list[Any]:
    setup.session["on_event"] = lambda event: event.name in ("end", "closed") and _raise()
    return [setup.dial(setup.response(fields=b"Connection: close\r\n"))]


def _pieces_that_raise() -> Iterator[bytes]:
    yield b"a"
    raise Mine


@event("a body that raises", Mine)
def _(setup: Setup) -> list[Any]:
    setup.method = "POST"
    setup.call["data"] = _pieces_that_raise()
    setup.call.pop("json", None)
    setup.call.pop("files", None)
    return [setup.dial(setup.response())]


@event("an interrupt", KeyboardInterrupt)
def _(setup: Setup) -> list[Any]:
    return [setup.dial(KeyboardInterrupt())]


# --- what cannot be sent -----------------------------------------------------------------------------------


@event("another header that cannot be sent", exceptions.InvalidHeader)
def _(setup: Setup) -> list[Any]:
    headers = setup.call.get("headers", {})
    if isinstance(headers, list):
        headers.append(("X-A", "a\nb"))
    else:
        setup.add_header("X-A", "a\nb")
    return []


@event("a method that is none", exceptions.LocalProtocolError)
def _(setup: Setup) -> list[Any]:
    setup.method = "GE T"
    return []


@event("a host that is none", exceptions.InvalidURL)
def _(setup: Setup) -> list[Any]:
    if "base_url" in setup.session:
        setup.session["base_url"] = setup.session["base_url"].replace("origin", "or igin")
    setup.host = "or igin.test"
    return []


@event("a port that is none", exceptions.InvalidURL)
def _(setup: Setup) -> list[Any]:
    if "base_url" in setup.session:
        setup.session["base_url"] = setup.session["base_url"].replace(".test/", ".test:x/")
    setup.host = "origin.test:x"
    return []


@event("another origin than that of base_url", exceptions.InvalidURL, ways=frozenset(["direct"]))
def _(setup: Setup) -> list[Any]:
    setup.session.setdefault("base_url", "http://base.test/")
    setup.path = f"http://{setup.userinfo}another.test/"
    return []


@event(
    "no scheme", (exceptions.MissingSchema, exceptions.InvalidSchema), ways=frozenset(["direct"])
)
def _(setup: Setup) -> list[Any]:
    setup.session.pop("base_url", None)
    setup.scheme = ""
    return []


@event("a scheme of others", exceptions.InvalidSchema)
def _(setup: Setup) -> list[Any]:
    setup.session.pop("base_url", None)
    setup.scheme = "ftp://"
    return []


@event("certificates that are not there", OSError, only=lambda setup: setup.secure)
def _(setup: Setup) -> list[Any]:
    setup.call["verify"] = "/nowhere/ca.pem"
    setup.real_files = True
    return []
