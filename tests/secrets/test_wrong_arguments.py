"""Secrets in arguments that are refused: what is said of them does not quote them."""

from __future__ import annotations

import os
from collections.abc import Callable
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

import pytest

import h11client
from h11client.auth import HTTPBasicAuth, HTTPBearerAuth, HTTPDigestAuth
from h11client.testing import MockTransport
from tests.secrets.forms import ODD, PLAIN, forms_of, leaks
from tests.secrets.witness import Witness

# "{}" is the secret. What is wrong is said; that somebody wrote a "/" or a "#" into a password, so
# that it seems to be the end of the host, too.
WRONG_URLS = [
    *("http://user:{}@origin.test:port/", "http://user:{}@origin.test:99999/", "http://user:{}@/"),
    *("http://user:{}@[::1", "http://user:{}@[::1]x/", "http://user:{}@[zz]/", "http://user:{}@a b/"),
    *("http://user:{}@a%2fb/", "http://user:{}@a..b/", "http://user:{}@xn--a/", "http://user:{}@1.2/"),
    *("http://user:{}@0x7f.1/", "http://user:{}@a\\b/", "http://user:{}@" + "a" * 300 + "/"),
    *("http://user:{}@a.test/\n", " http://user:{}@a.test/", "http://user:{}@a.test/\x01"),
    *("http://user:{}@a.test/" + "a" * 70_000, "http://user:{}@é" + "é" * 300, "http://user:{}@-é/"),
    *("ftp://user:{}@a.test/", "user:{}@a.test/", "user:{}@a.test:80", "{}:@a.test/", "{}@a.test"),
    *("//user:{}@a.test/", "http:user:{}@a.test/", "http:/user:{}@a.test/", "://user:{}@a.test/"),
    *("http//user:{}@a.test/", "https:user:{}@a.test", "HTTP:{}@a.test"),
    *("http://user:{}/x@a.test/", "http://user:{}#x@a.test/", "http://user:{}?x@a.test/"),
    *("http://user:/{}@a.test/", "http://user:?{}@a.test/", "http://user:#{}@a.test/"),
    *("http://user:{}[x]@a.test/", "http://us er:{}@a.test/", "http://user:{}\\@a.test/"),
    *("http://user:x@{}@a.test/", "http://user:[{}@a.test/", "http://[{}:x@a.test/"),
    *("http://{}^/x@a.test/", "http://{}%/x@a.test", "http://{}é./x@a.test/", "http://{}..x/y@a.test/"),
    *("http://xn--{}/x@a.test/", "http://[{}]/x@a.test/", "http://[::1%25{}!]/x@a.test/"),
    *("http://{}é" + "x" * 64 + "/y@a.test/", "http://user:%ff{}@a.test/", "http://user:\ud800{}@a.test/"),
    *("http://user:{}@a.test/\ud800", "http://user:{}@\ud800.test/", "http://user:{}@a.test/?\ud800"),
    *("http://user:{}@a.test/#\ud800", "http://user:{}@a.test:٣/", "http://user:{}@a.test:+1/"),
]  # fmt: skip
WRONG_BYTES = [
    *(b"http://user:{}@a.test/\xff", b"http://user:{}\xff@a.test/", b"http://\xffuser:{}@a.test/"),
    *(b"http://user:{}@\xff/", b"{}\xff", b"ftp://user:{}@a/\xff"),
]

TAKERS: dict[str, Callable[[Any], object]] = {
    "get": lambda url: _session().get(url),
    "prepare": lambda url: h11client.Request("GET", url).prepare(),
    "prepare_request": lambda url: _session().prepare_request(h11client.Request("GET", url)),
    "params": lambda url: _session().get(url, params={"a": "b"}),
    "base_url": lambda url: _session(base_url=url).get("/"),
    "behind a base_url": lambda url: _session(base_url="http://base.test/a/").get(url),
    "an assigned URL": lambda url: setattr(_prepared(), "url", url),
    "cookies": lambda url: _session(cookies={"a": "b"}).get(url),
    "a proxy": lambda url: h11client.Proxy(url),
    "proxies": lambda url: _session(proxies={"all": url}).get("http://origin.test/"),
}


def _session(**options: Any) -> h11client.Session:
    return h11client.Session(
        transport=MockTransport(lambda request: 204), trust_env=False, **options
    )


def _prepared() -> h11client.PreparedRequest:
    return h11client.Request("POST", "http://a.test/", data=b"x").prepare()


def told_of(
    refused: Callable[[], object], with_objects: bool = True
) -> tuple[BaseException | None, list[tuple[str, str]]]:
    """The error of a call, and all that can be seen of it and of what it carries."""
    witness = Witness()
    error: BaseException | None = None
    with witness.watching():
        try:
            refused()
        except Exception as raised:
            error = raised
    if error is not None:
        witness.look_at_error(error)
        if with_objects:
            witness.look_at("error", error)
    return error, witness.texts


@pytest.mark.safety("R18")
@pytest.mark.parametrize("taker", TAKERS)
def test_a_wrong_url_is_refused_without_its_password(taker: str) -> None:
    refused = 0
    found = []
    for template in [*WRONG_URLS, *WRONG_BYTES]:
        url: Any = (
            template.replace(b"{}", PLAIN.encode())
            if isinstance(template, bytes)
            else template.replace("{}", PLAIN)
        )
        error, texts = told_of(lambda url=url: TAKERS[taker](url))
        if error is not None:
            refused += 1
            assert isinstance(error, (h11client.RequestException, TypeError)), (url, error)
        found += [f"{template!r}: {leak}" for leak in leaks(texts, forms_of(PLAIN))]
    assert refused > 40  # a few of them are wrong for some only
    assert found == []


class Odd:
    """An object that shows what it holds."""

    def __repr__(self) -> str:
        return PLAIN


S = PLAIN
WRONG_VALUES: dict[str, Any] = {
    "LF": S + "\nX-B: c", "CR": S + "\r", "NUL": S + "\0", "VT": S + "\v", "a blank in front": " " + S,
    "a blank behind": S + "\t", "beyond latin-1": S + "€", "half a pair": S + "\ud800",
    "bytes with LF": S.encode() + b"\n", "a list": [S], "a tuple": (S, S), "a mapping": {"a": S},
    "an object": Odd(),
}  # fmt: skip


@pytest.mark.safety("R18", "I5")
@pytest.mark.parametrize("what", WRONG_VALUES)
def test_a_wrong_header_is_refused_without_its_value(what: str) -> None:
    value = WRONG_VALUES[what]
    takers: list[Callable[[str], object]] = [
        lambda name: _session().get("http://a.test/", headers={name: value}),
        lambda name: _session().get("http://a.test/", headers=[("A", "b"), (name.encode(), value)]),
        lambda name: _session(headers={name: value}).get("http://a.test/"),
        lambda name: h11client.Request("GET", "http://a.test/", headers={name: value}).prepare(),
        lambda name: _session().send(_with_header(name, value)),
        lambda name: h11client.Proxy("http://proxy.test", headers={name: value}),
        lambda name: _session().post("http://a.test/", data=iter([b"a"]), trailers={name: value}),
        lambda name: _session().get("http://a.test/", auth=_sign(name, value)),
    ]
    for name in ("Authorization", "X-Api-Key", "X-Other", "Cookie", "Host"):
        for number, taker in enumerate(takers):
            # The headers of the request that the error carries show what is not known as secret.
            known = name in ("Authorization", "X-Api-Key", "Cookie")
            error, texts = told_of(lambda taker=taker, name=name: taker(name), known)
            assert error is not None, (name, number)
            if name != "Host" or isinstance(value, (list, tuple, dict, Odd)):
                assert leaks(texts, forms_of(S)) == [], (name, number)


def _with_header(name: str, value: Any) -> h11client.PreparedRequest:
    request = _prepared()
    request.headers[name] = value
    return request


def _sign(name: str, value: Any) -> Callable[[Any], Any]:
    def sign(request: Any) -> Any:
        request.headers[name] = value
        return request

    return sign


def _morsel(attribute: str, value: str) -> Any:
    cookies = SimpleCookie()
    cookies["id"] = S
    cookies["id"][attribute] = value
    return cookies["id"]


URL = "http://a.test/"
REFUSED: dict[str, Callable[[], object]] = {
    # --- credentials
    "a colon in a user name": lambda: HTTPBasicAuth("us:er", S),
    "LF in a password": lambda: HTTPBasicAuth("user", S + "\n"),
    "DEL in a password of bytes": lambda: HTTPDigestAuth("user", S.encode() + b"\x7f"),
    "not latin-1": lambda: HTTPBasicAuth("user", S + "€", encoding="latin-1"),
    "not ASCII": lambda: HTTPBasicAuth("user" + S + "é", S, encoding="ascii"),
    "half a pair": lambda: HTTPDigestAuth("user", S + "\ud800"),
    "an unknown encoding": lambda: HTTPBasicAuth("user", S, encoding="nonsense"),
    "a password that is none": lambda: HTTPBasicAuth("user", [S]),  # type: ignore[arg-type]
    "three of a pair": lambda: _session().get(URL, auth=("user", S, S)),
    "one of a pair": lambda: _session(auth=(S,)).get(URL),
    "a text for a pair": lambda: _session(auth=f"user:{S}").get(URL),
    "a mapping for a pair": lambda: _session().get(URL, auth={"user": S}),
    "a list with three": lambda: _session().get(URL, auth=["user", S, S]),
    "a pair of lists": lambda: _session().get(URL, auth=(["user"], [S])),
    "a blank in a token": lambda: HTTPBearerAuth(f"{S} x"),
    "LF in a token": lambda: HTTPBearerAuth(f"{S}\n"),
    "a token beyond ASCII": lambda: HTTPBearerAuth(f"{S}é"),
    "a token of bytes": lambda: HTTPBearerAuth(S.encode()),  # type: ignore[arg-type]
    "a wrong token of a function": lambda: _session(auth=HTTPBearerAuth(lambda: S + "\n")).get(URL),
    "bytes of a function": lambda: _session(auth=HTTPBearerAuth(lambda: S.encode())).get(URL),  # type: ignore[arg-type, return-value]
    "auth of nothing": lambda: _session(auth=lambda request: S).get(URL),
    # --- cookies
    "a semicolon in a cookie": lambda: _session().get(URL, cookies={"id": f"{S}; a"}),
    "LF in a cookie": lambda: _session(cookies={"id": f"{S}\n"}).get(URL),
    "a cookie beyond latin-1": lambda: _session().get(URL, cookies={"id": f"{S}€"}),
    "half a pair in a cookie": lambda: _session().get(URL, cookies={"id": f"{S}\ud800"}),
    "a blank in front of a cookie": lambda: _session().get(URL, cookies={"id": f" {S}"}),
    "a cookie that is too long": lambda: _session().get(URL, cookies={"id": S * 500}),
    "a number for a cookie": lambda: _session().get(URL, cookies={"id": [S]}),
    "a list of cookies": lambda: _session().get(URL, cookies=[S]),
    "a text of cookies": lambda: _session().get(URL, cookies=f"id={S}"),
    "a wrong name with a value": lambda: _session().get(URL, cookies={"a;b": S}),
    "an unknown attribute": lambda: h11client.cookies.create_cookie("id", S, colour="red"),
    "a wrong cookie made": lambda: h11client.cookies.create_cookie("id", S + ";"),
    "set in a jar": lambda: h11client.cookies.RequestsCookieJar().set("id", S + "\n"),
    "a morsel with a wrong age": lambda: h11client.cookies.RequestsCookieJar().set("id", _morsel("max-age", "x")),
    "a morsel with a wrong date": lambda: h11client.cookies.RequestsCookieJar().set("id", _morsel("expires", "x")),
    "a jar from a list": lambda: h11client.cookies.cookiejar_from_dict([S]),
    "two of a name": lambda: _two_of_a_name()["id"],
    # --- proxies
    "a scheme of no proxy": lambda: h11client.Proxy(f"ftp://user:{S}@proxy.test"),
    "a proxy with a path": lambda: h11client.Proxy(f"http://user:{S}@proxy.test/path"),
    "a proxy with a slash in its password": lambda: h11client.Proxy(f"http://user:{S}/x@proxy.test"),
    "a proxy with LF in its password": lambda: h11client.Proxy(f"http://user:{S}%0A@proxy.test"),
    "a proxy with a colon in its name": lambda: h11client.Proxy(f"http://us%3Aer:{S}@proxy.test"),
    "a proxy of bytes": lambda: h11client.Proxy(f"http://user:{S}@proxy.test".encode()),  # type: ignore[arg-type]
    "auth= of a proxy, three": lambda: h11client.Proxy("http://p.test", auth=("user", S, S)),
    "auth= of a proxy, a text": lambda: h11client.Proxy("http://p.test", auth=f"user:{S}"),
    "auth= of a proxy, a token": lambda: h11client.Proxy("http://p.test", auth=HTTPBearerAuth(S)),
    "a proxy's own header": lambda: h11client.Proxy("http://p.test", headers={"Proxy-Authorization": S}),
    "proxies as a text": lambda: _session().get(URL, proxies=f"http://user:{S}@proxy.test"),
    "proxies of the session as a list": lambda: _session(proxies=[f"http://user:{S}@p"]).get(URL),
    "a proxy as a number": lambda: _session(proxies={"all": [f"http://user:{S}@p"]}).get(URL),
    "too long for SOCKS": lambda: h11client.Session(proxies={"all": f"socks5://user:{S * 30}@p"}).get(URL),
    "beyond SOCKS": lambda: h11client.Session(proxies={"all": f"socks9://user:{S}@p"}).get(URL),
    # --- certificates
    "four parts of a certificate": lambda: _real().get("https://a.test/", cert=("c", "k", S, S)),
    "a password of a number": lambda: _real().get("https://a.test/", cert=("c", "k", [S])),
    "a certificate as a mapping": lambda: _real().get("https://a.test/", cert={"password": S}),
    "no certificate": lambda: _real().get("https://a.test/", cert=("/nowhere/c", "/nowhere/k", S)),
    # --- bodies
    "no JSON of an object": lambda: _session().post(URL, json={"password": S, "a": object()}),
    "no JSON of a number": lambda: _session().post(URL, json={"password": S, "a": float("nan")}),
    "no JSON of itself": lambda: _session().post(URL, json=_in_itself()),
    "half a pair in JSON": lambda: _session().post(URL, json={"password": S + "\ud800"}),
    "half a pair in a form": lambda: _session().post(URL, data={"password": S + "\ud800"}),
    "half a pair in a text": lambda: _session().post(URL, data=S + "\ud800"),
    "half a pair in a name": lambda: _session().post(URL, data={S: "a"}, files={"\ud800": S}),
    "half a pair in a file": lambda: _session().post(URL, files={"key": ("a", S + "\ud800")}),
    "a form of texts": lambda: _session().post(URL, data=[S]),
    "a number for a body": lambda: _session().post(URL, data=Odd()),
    "an object in a form": lambda: _session().post(URL, data={"password": S}, files={"a": Odd()}),
    "pieces that are none": lambda: _session().post(URL, data=iter([Odd()])),
    # --- settings
    "a switch that is none": lambda: _session(require_close_notify=Odd()),
    "a timeout that is none": lambda: _session().get(URL, timeout=f"{S}"),
    "an unknown argument": lambda: _session().get(URL, password=S),  # type: ignore[call-arg]
    "headers as a text": lambda: _session().get(URL, headers=f"Authorization: {S}"),
    "hooks as a text": lambda: _session().get(URL, hooks={"response": S}),
}  # fmt: skip

# What is quoted there is the argument itself, of a kind that nobody would hide something in.
QUOTED = {"a switch that is none", "a timeout that is none"}
ACCEPTED = {"half a pair in JSON", "a cookie that is too long", "a proxy's own header"}


def _real() -> h11client.Session:
    """A session with a network; nothing is dialled before its files have been looked at."""
    return h11client.Session(trust_env=False, hosts={"a.test": "127.0.0.1"})


def _in_itself() -> dict[str, Any]:
    outer: dict[str, Any] = {"password": S}
    outer["again"] = outer
    return outer


def _two_of_a_name() -> Any:
    jar = h11client.cookies.RequestsCookieJar()
    jar.set("id", S, domain="a.test")
    jar.set("id", S, domain="b.test")
    return jar


@pytest.mark.safety("R18")
@pytest.mark.parametrize("what", REFUSED)
def test_a_wrong_argument_is_refused_without_being_quoted(what: str) -> None:
    error, texts = told_of(REFUSED[what])
    assert (error is None) is (what in ACCEPTED), error
    if what not in QUOTED:
        assert leaks(texts, forms_of(S)) == []


@pytest.mark.safety("R18")
@pytest.mark.parametrize("given", [PLAIN, PLAIN + "é", PLAIN.encode(), PLAIN * 200, ODD])
def test_a_wrong_password_of_a_key_is_not_quoted(
    given: str | bytes, tmp_path: Path, encrypted_key: Path
) -> None:
    with h11client.Session(cert=(str(encrypted_key), str(encrypted_key), given)) as session:
        session.verify = False
        error, texts = told_of(lambda: session.get("https://127.0.0.1:1/"))
    assert isinstance(error, h11client.exceptions.SSLError)
    text = given if isinstance(given, str) else given.decode()
    assert leaks(texts, forms_of(text[:13])) == []


@pytest.mark.safety("R18")
def test_a_key_whose_password_nobody_has_is_an_error_and_asks_nobody(encrypted_key: Path) -> None:
    with h11client.Session(cert=str(encrypted_key), verify=False) as session:
        error, _ = told_of(lambda: session.get("https://127.0.0.1:1/"))
    assert isinstance(error, h11client.exceptions.SSLError)


@pytest.fixture(scope="module")
def encrypted_key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate and its key, which is encrypted with another password."""
    import trustme
    from cryptography.hazmat.primitives import serialization

    issued = trustme.CA().issue_cert("client.test")
    key = serialization.load_pem_private_key(issued.private_key_pem.bytes(), None)
    encrypted = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"the right one"),
    )
    path = tmp_path_factory.mktemp("key") / "client.pem"
    path.write_bytes(encrypted + issued.cert_chain_pems[0].bytes())
    assert os.path.getsize(path) > 1000
    return path
