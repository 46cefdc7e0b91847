"""Where a caller, or a server, can put a secret."""

from __future__ import annotations

import http.cookiejar
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import h11client
from h11client._policies.redirects import SENSITIVE_HEADERS
from h11client.auth import (
    AuthBase,
    HTTPBasicAuth,
    HTTPBearerAuth,
    HTTPDigestAuth,
    HTTPProxyAuth,
)
from tests.secrets.forms import ODD, PLAIN, forms_of
from tests.secrets.setup import Run, Setup

Plant = Callable[[Setup, str], None]
# Name, what plants it, and the secret that is planted.
PLACES: dict[str, tuple[Plant, str]] = {}


def place(name: str, *secrets: str) -> Callable[[Plant], Plant]:
    """Registers a place; `secrets` are those that may stand there."""

    def register(plant: Plant) -> Plant:
        for secret in secrets or (PLAIN,):
            PLACES[name if secret == PLAIN else f"{name}, odd"] = plant, secret
        return plant

    return register


def _on_the_wire(secret: str) -> Callable[[Run], bool]:
    forms = [form.encode() for form in forms_of(secret).values()]
    return lambda run: any(form in run.written.lower() for form in forms)


def plant(name: str) -> tuple[Setup, str]:
    """A call with a secret in one place."""
    setup = Setup()
    function, secret = PLACES[name]
    setup.arrived = _on_the_wire(secret)
    function(setup, secret)
    return setup, secret


# --- URLs ------------------------------------------------------------------------------------


@place("URL, password", PLAIN, ODD)
def _(setup: Setup, secret: str) -> None:
    setup.userinfo = f"user:{quote(secret, safe='')}@"


@place("URL, token as a user name", PLAIN, ODD)
def _(setup: Setup, secret: str) -> None:
    setup.userinfo = f"{quote(secret, safe='')}@"


@place("URL of a prepared request")
def _(setup: Setup, secret: str) -> None:
    setup.userinfo = f"user:{secret}@"
    setup.prepare = lambda session, setup: session.prepare_request(
        h11client.Request(setup.method, setup.url, **setup.call)
    )


@place("base_url", PLAIN, ODD)
def _(setup: Setup, secret: str) -> None:
    setup.session["base_url"] = f"http://user:{quote(secret, safe='')}@{setup.host}/"


@place("Location of a server's")
def _(setup: Setup, secret: str) -> None:
    setup.location_userinfo = f"user:{secret}@".encode()
    setup.fields = b"Location: http://user:%b@origin.test/elsewhere\r\n" % secret.encode()
    setup.arrived = lambda run: secret in run.response.headers["Location"]


# --- headers ---------------------------------------------------------------------------------

_SPELLINGS: dict[str, tuple[Any, Callable[[str], Any]]] = {
    "text": ("Authorization", str),
    "small letters": ("authorization", "Bearer {}".format),
    "capitals": ("AUTHORIZATION", "Token token={}".format),
    "bytes": ("Authorization", lambda secret: f"Basic {secret}".encode()),
    "bytes, also the name": (b"Authorization", lambda secret: secret.encode()),
}


def _header(name: Any, value: Callable[[str], Any], where: str) -> Plant:
    return lambda setup, secret: setup.add_header(name, value(secret), where)


for _where in ("call", "session"):
    for _what, (_name, _value) in _SPELLINGS.items():
        place(f"Authorization of the {_where}, {_what}")(_header(_name, _value, _where))
    for _name in sorted(SENSITIVE_HEADERS):
        place(f"{_name} of the {_where}")(_header(_name.title(), str, _where))
    place(f"Cookie header of the {_where}")(_header("Cookie", "id={}; a=b".format, _where))


@place("Authorization twice, as pairs")
def _(setup: Setup, secret: str) -> None:
    setup.call["headers"] = [("Authorization", "x"), ("authorization", f"Bearer {secret}")]


@place("a header that the session was told to be secret")
def _(setup: Setup, secret: str) -> None:
    setup.session["sensitive_headers"] = ["X-Tenant-Key"]
    setup.add_header("X-Tenant-Key", secret, "session")


@place("headers of the session, assigned later")
def _(setup: Setup, secret: str) -> None:
    def assign(session: h11client.Session) -> None:
        session.headers["authorization"] = f"Bearer {secret}"

    setup.assign = assign


@place("headers of a prepared request")
def _(setup: Setup, secret: str) -> None:
    def prepare(session: h11client.Session, setup: Setup) -> h11client.PreparedRequest:
        request = session.prepare_request(h11client.Request(setup.method, setup.url, **setup.call))
        request.headers["X-Auth-Token"] = secret
        return request

    setup.prepare = prepare


@place("Referer with a password")
def _(setup: Setup, secret: str) -> None:
    setup.add_header("Referer", f"http://user:{secret}@page.test/x")


@place("trailers")
def _(setup: Setup, secret: str) -> None:
    setup.method = "POST"
    setup.call.update(data=iter([b"a", b"b"]), trailers={"X-Auth-Token": secret})


# --- cookies -----------------------------------------------------------------------------------


@place("cookies of the call", PLAIN)
def _(setup: Setup, secret: str) -> None:
    setup.call["cookies"] = {"id": secret}


@place("a jar of the call")
def _(setup: Setup, secret: str) -> None:
    jar = h11client.cookies.RequestsCookieJar()
    jar.set("id", secret, domain=setup.host, path="/")
    setup.call["cookies"] = jar


@place("cookies of the session")
def _(setup: Setup, secret: str) -> None:
    setup.session["cookies"] = {"id": secret}


@place("a jar of the standard library")
def _(setup: Setup, secret: str) -> None:
    jar = http.cookiejar.CookieJar()
    jar.set_cookie(h11client.cookies.create_cookie("id", secret, domain=setup.host))
    setup.session["cookies"] = jar


@place("Set-Cookie")
def _(setup: Setup, secret: str) -> None:
    setup.fields = b"Set-Cookie: id=%b; Path=/\r\n" % secret.encode()
    setup.arrived = lambda run: run.session.cookies["id"] == secret


@place("Set-Cookie that is refused")
def _(setup: Setup, secret: str) -> None:
    lines = [
        "id=%s; Domain=elsewhere.test", "__Host-id=%s", "=%s=", "id=%s\x01", "%s" + "x" * 5000 + "=a",
        "id=%s; Path=/x; Domain=.", "id=%s; Secure; Domain=test", "id=a; Expires=%s; Max-Age=%s9",
    ]  # fmt: skip
    setup.fields = b"".join(
        [b"Set-Cookie: %b\r\n" % line.replace("%s", secret).encode() for line in lines]
    )
    setup.arrived = lambda run: secret in run.response.headers["Set-Cookie"]


# --- auth ----------------------------------------------------------------------------------------


def _digest(setup: Setup) -> None:
    setup.challenged = True
    # The password itself is never sent; what was made of it is looked for by `told_on_the_wire`.
    setup.arrived = lambda run: b'response="' in run.written


@place("auth= of the call, a pair", PLAIN, ODD)
def _(setup: Setup, secret: str) -> None:
    setup.call["auth"] = ("user", secret)


@place("auth= of the call, a key as a user name")
def _(setup: Setup, secret: str) -> None:
    setup.call["auth"] = (secret, "")


@place("auth= of the session, a pair of bytes")
def _(setup: Setup, secret: str) -> None:
    setup.session["auth"] = (b"user", secret.encode())


@place("HTTPBasicAuth", PLAIN, ODD)
def _(setup: Setup, secret: str) -> None:
    setup.session["auth"] = HTTPBasicAuth("user", secret)


@place("HTTPBasicAuth with a key as a user name")
def _(setup: Setup, secret: str) -> None:
    setup.session["auth"] = HTTPBasicAuth(secret, "")


@place("HTTPBearerAuth")
def _(setup: Setup, secret: str) -> None:
    setup.call["auth"] = HTTPBearerAuth(secret)


@place("HTTPBearerAuth of a function")
def _(setup: Setup, secret: str) -> None:
    setup.session["auth"] = HTTPBearerAuth(lambda: secret)


@place("HTTPDigestAuth", PLAIN, ODD)
def _(setup: Setup, secret: str) -> None:
    setup.call["auth"] = HTTPDigestAuth("user", secret)
    _digest(setup)


@place("a callable")
def _(setup: Setup, secret: str) -> None:
    def sign(request: Any) -> Any:
        request.headers["Authorization"] = f"Signature {secret}"
        return request

    setup.call["auth"] = sign


class Steps(AuthBase):
    """A scheme of several steps."""

    def __init__(self, secret: str) -> None:
        self.secret = secret

    def auth_flow(self, request: Any) -> Any:
        """Asks twice."""
        request.headers["Authorization"] = f"Step {self.secret}"
        yield request
        request.headers["Authorization"] = f"Done {self.secret}"

    def __repr__(self) -> str:
        return "Steps()"


@place("a scheme of several steps")
def _(setup: Setup, secret: str) -> None:
    setup.session["auth"] = Steps(secret)


@place("netrc")
def _(setup: Setup, secret: str) -> None:
    setup.files["netrc"] = f"machine {setup.host} login user password {secret}\n".encode()
    setup.environment["NETRC"] = "netrc"


@place("netrc with an error")
def _(setup: Setup, secret: str) -> None:
    text = (
        f'machine {setup.host} login user password {secret}\n{secret} x\nmachine a login "{secret}'
    )
    setup.files["netrc"] = text.encode()
    setup.environment["NETRC"] = "netrc"
    setup.arrived = lambda run: True  # nothing of such a file is used


# --- certificates ----------------------------------------------------------------------------------


@place("password of the key of a certificate")
def _(setup: Setup, secret: str) -> None:
    setup.secure = True
    setup.call["cert"] = ("client.pem", "key.pem", secret)
    setup.arrived = lambda run: run.network.upgrades[0][0].cert[2] == secret


# --- proxies -----------------------------------------------------------------------------------------


def _proxy_url(setup: Setup, secret: str, scheme: str = "http") -> str:
    setup.way = {"http": "forward", "socks5h": "socks"}[scheme]
    return f"{scheme}://user:{quote(secret, safe='')}@proxy.test:3128"


@place("proxies of the call", PLAIN, ODD)
def _(setup: Setup, secret: str) -> None:
    setup.call["proxies"] = {"http": _proxy_url(setup, secret)}


@place("proxies of the session, tunnelled", PLAIN, ODD)
def _(setup: Setup, secret: str) -> None:
    setup.session["proxies"] = {"all": _proxy_url(setup, secret)}
    setup.secure, setup.way = True, "tunnel"


@place("proxies of the environment")
def _(setup: Setup, secret: str) -> None:
    setup.environment["http_proxy"] = _proxy_url(setup, secret)


@place("proxies of the environment, tunnelled")
def _(setup: Setup, secret: str) -> None:
    setup.environment["ALL_PROXY"] = _proxy_url(setup, secret)
    setup.secure, setup.way = True, "tunnel"


@place("a SOCKS proxy", PLAIN, ODD)
def _(setup: Setup, secret: str) -> None:
    setup.session["proxies"] = {"all": _proxy_url(setup, secret, "socks5h")}


@place("Proxy of a URL")
def _(setup: Setup, secret: str) -> None:
    setup.session["proxies"] = {"all": h11client.Proxy(_proxy_url(setup, secret))}


@place("Proxy with a token as a user name")
def _(setup: Setup, secret: str) -> None:
    setup.way = "forward"
    setup.call["proxies"] = {"all": h11client.Proxy("http://proxy.test", auth=(secret, ""))}


def _own_proxy(**options: Any) -> h11client.Proxy:
    return h11client.Proxy("http://proxy.test:3128", **options)


@place("Proxy with auth=")
def _(setup: Setup, secret: str) -> None:
    setup.way = "forward"
    setup.call["proxies"] = {"all": _own_proxy(auth=("user", secret))}


@place("Proxy with auth=, tunnelled")
def _(setup: Setup, secret: str) -> None:
    setup.secure, setup.way = True, "tunnel"
    setup.call["proxies"] = {"all": _own_proxy(auth=("user", secret))}


@place("Proxy with Digest")
def _(setup: Setup, secret: str) -> None:
    setup.way, setup.proxy_challenged = "forward", True
    setup.session["proxies"] = {"all": _own_proxy(auth=HTTPDigestAuth("user", secret))}
    setup.arrived = lambda run: b'response="' in run.written


@place("Proxy with Digest, tunnelled")
def _(setup: Setup, secret: str) -> None:
    setup.secure, setup.way, setup.proxy_challenged = True, "tunnel", True
    setup.session["proxies"] = {"all": _own_proxy(auth=HTTPDigestAuth("user", secret))}
    setup.arrived = lambda run: b'response="' in run.written


@place("headers of a Proxy")
def _(setup: Setup, secret: str) -> None:
    setup.secure, setup.way = True, "tunnel"
    setup.session["proxies"] = {"all": _own_proxy(headers={"X-Anything": secret})}


@place("Proxy-Authorization of the call")
def _(setup: Setup, secret: str) -> None:
    setup.way = "forward"
    setup.session["proxies"] = {"all": "http://proxy.test:3128"}
    setup.add_header("proxy-authorization", f"Basic {secret}")


@place("HTTPProxyAuth")
def _(setup: Setup, secret: str) -> None:
    setup.way = "forward"
    setup.session["proxies"] = {"all": "http://proxy.test:3128"}
    setup.call["auth"] = HTTPProxyAuth("user", secret)


# --- bodies --------------------------------------------------------------------------------------------


@place("a form")
def _(setup: Setup, secret: str) -> None:
    setup.method = "POST"
    setup.call["data"] = {"user": "a", "password": secret}


@place("JSON")
def _(setup: Setup, secret: str) -> None:
    setup.method = "POST"
    setup.call["json"] = {"password": secret}


@place("a form with files")
def _(setup: Setup, secret: str) -> None:
    setup.method = "POST"
    setup.call.update(data={"password": secret}, files={"note": ("a.txt", "nothing")})
