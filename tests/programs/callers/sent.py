"""Calls whose point is what goes over the wire."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from rows import Table, make, session_with


def main(url: str, folder: Path) -> dict[str, Any]:
    os.chdir(folder)
    (folder / "file.txt").write_bytes(b"the content")
    (folder / "netrc").write_text("machine 127.0.0.1 login ada password byron\n", encoding="utf-8")
    (folder / "netrc").chmod(0o600)
    return make({**QUERIES, **URLS, **BODIES, **FILES, **HEADERS, **COOKIES, **AUTH}, url)


def pieces(*parts: Any) -> Any:
    yield from parts


def opened(mode: str = "rb", at: int = 0) -> Any:
    file = open("file.txt", mode)
    file.seek(at)
    return file


def set_authorization(request: Any) -> Any:
    request.headers["Authorization"] = "Mine x"
    return request


def with_netrc(library: Any, url: str, **more: Any) -> Any:
    os.environ["NETRC"] = os.path.abspath("netrc")
    try:
        return library.get(url, **more)
    finally:
        del os.environ["NETRC"]


def with_credentials(url: str, credentials: str) -> str:
    return url.replace("http://", f"http://{credentials}@")


QUERIES: Table = {
    "no params": lambda r, u: r.get(u + "/echo"),
    "params: a dict": lambda r, u: r.get(u + "/echo", params={"a": 1, "b": "x y"}),
    "params: lists and None": lambda r, u: r.get(u + "/echo", params={"a": [1, 2], "b": None, "c": ("d",), "e": []}),
    "params: pairs": lambda r, u: r.get(u + "/echo", params=[("a", 1), ("a", "2"), ("b", "&=")]),
    "params: a string": lambda r, u: r.get(u + "/echo", params="a=1&b=x y"),
    "params: bytes": lambda r, u: r.get(u + "/echo", params=b"a=1"),
    "params: behind a query": lambda r, u: r.get(u + "/echo?z=0", params={"a": 1}),
    "params: before a fragment": lambda r, u: r.get(u + "/echo?z=0#part", params={"a": 1}),
    "params: not ASCII": lambda r, u: r.get(u + "/echo", params={"ä": "ö €", b"k": b"\xff"}),
    "params: marks": lambda r, u: r.get(u + "/echo", params={"a": "~-._!*'()/:@?$;,[]+% "}),
    "params: numbers and booleans": lambda r, u: r.get(u + "/echo", params={"a": 1.5, "b": True}),
    "params: empty": lambda r, u: r.get(u + "/echo", params={}),
    "params: an empty value": lambda r, u: r.get(u + "/echo", params={"a": ""}),
    "params: of the session and the call": lambda r, u: session_with(r, params={"s": 1, "t": 2}).get(u + "/echo", params={"t": 3, "u": 4}),
    "params: None leaves one of the session out": lambda r, u: session_with(r, params={"s": 1, "t": 2}).get(u + "/echo", params={"t": None}),
    "params: the session's alone": lambda r, u: session_with(r, params={"s": 1}).get(u + "/echo?q=2"),
}  # fmt: skip

URLS: Table = {
    "URL: not ASCII": lambda r, u: r.get(u + "/echo/ä/€?ö=ü"),
    "URL: blanks": lambda r, u: r.get(u + "/echo/a b?c d"),
    "URL: blanks in front": lambda r, u: r.get("  " + u + "/echo"),
    "URL: percent-encoded": lambda r, u: r.get(u + "/echo/%c3%A4/%2F/%7Eme?q=%20%7e"),
    "URL: a percent sign alone": lambda r, u: r.get(u + "/echo/50%/x?y=%zz"),
    "URL: dots": lambda r, u: r.get(u + "/echo/./a/../b"),
    "URL: marks": lambda r, u: r.get(u + "/echo/a;b=c,d@e:f!$&'()*+|^`{}\"<>?[1]|{2}^`\""),
    "URL: capitals": lambda r, u: r.get(u.replace("http", "HTTP") + "/echo/A"),
    "URL: a fragment": lambda r, u: r.get(u + "/echo#part").url,
    "URL: an empty query": lambda r, u: r.get(u + "/echo?"),
    "URL: bytes": lambda r, u: r.get((u + "/echo").encode()),
    "URL: two slashes": lambda r, u: r.get(u + "//echo//x"),
    "URL: an object that turns into one": lambda r, u: r.get(Address(u + "/echo")),
    "URL: a backslash": lambda r, u: r.get(u + "/echo\\x"),
    "URL: localhost with a dot": lambda r, u: r.get(u.replace("127.0.0.1", "LocalHost") + "/echo"),
}  # fmt: skip


class Address:
    """Neither a string nor bytes."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __str__(self) -> str:
        return self.text


BODIES: Table = {
    "data: none in a POST": lambda r, u: r.post(u + "/echo"),
    "data: none in a PUT or PATCH": lambda r, u: [r.put(u + "/echo").ok, r.patch(u + "/echo").ok],
    "data: none in a DELETE or OPTIONS": lambda r, u: [r.delete(u + "/echo").ok, r.options(u + "/echo").ok],
    "data: in a GET": lambda r, u: r.get(u + "/echo", data="x"),
    "data: a dict": lambda r, u: r.post(u + "/echo", data={"a": "x y", "b": "ä&="}),
    "data: a dict with lists and None": lambda r, u: r.post(u + "/echo", data={"a": ["1", "2"], "b": None, "c": 3}),
    "data: pairs": lambda r, u: r.post(u + "/echo", data=[("a", "1"), ("a", "2")]),
    "data: a tuple of pairs": lambda r, u: r.post(u + "/echo", data=(("a", "1"), ("b", "2"))),
    "data: a string": lambda r, u: r.post(u + "/echo", data="ä=1"),
    "data: bytes": lambda r, u: r.post(u + "/echo", data=b"\x00\xff"),
    "data: a bytearray": lambda r, u: r.post(u + "/echo", data=bytearray(b"abc")),
    "data: empty": lambda r, u: [r.post(u + "/echo", data=d).ok for d in ({}, "", b"", [])],
    "data: a file": lambda r, u: r.post(u + "/echo", data=opened()),
    "data: a file from its position": lambda r, u: r.post(u + "/echo", data=opened(at=4)),
    "data: a file opened as text": lambda r, u: r.post(u + "/echo", data=opened("r")),
    "data: a BytesIO from its position": lambda r, u: r.post(u + "/echo", data=moved(io.BytesIO(b"abcdef"))),
    "data: a StringIO": lambda r, u: r.post(u + "/echo", data=io.StringIO("ascii")),
    "data: a generator": lambda r, u: r.post(u + "/echo", data=pieces(b"one", b"two")),
    "data: a generator of strings": lambda r, u: r.post(u + "/echo", data=pieces("one", "ä")),
    "data: with a type of the caller": lambda r, u: r.post(u + "/echo", data={"a": 1}, headers={"content-type": "x/y"}),
    "json: a dict": lambda r, u: r.post(u + "/echo", json={"a": [1, None, "ä"]}),
    "json: false values": lambda r, u: [r.post(u + "/echo", json=j).ok for j in ({}, [], 0, False, "", None)],
    "json: data goes first": lambda r, u: r.post(u + "/echo", data={"a": 1}, json={"b": 2}),
    "json: beside empty data": lambda r, u: r.post(u + "/echo", data={}, json={"b": 2}),
    "json: with a type of the caller": lambda r, u: r.post(u + "/echo", json=[1], headers={"Content-Type": "a/b"}),
    "json: in a GET": lambda r, u: r.get(u + "/echo", json={"a": 1}),
    "json: nan": lambda r, u: r.post(u + "/echo", json=float("nan")),
    "json: what is none": lambda r, u: r.post(u + "/echo", json=object()),
    "json: of the session's method": lambda r, u: r.Session().post(u + "/echo", None, {"a": 1}),
}  # fmt: skip


def moved(file: Any) -> Any:
    file.seek(2)
    return file


FILES: Table = {
    "files: a file": lambda r, u: r.post(u + "/echo", files={"f": opened()}),
    "files: bytes and strings": lambda r, u: r.post(u + "/echo", files={"f": b"\xff", "g": "ä"}),
    "files: a name and a content": lambda r, u: r.post(u + "/echo", files={"f": ("n.txt", b"abc")}),
    "files: a name, a content, a type": lambda r, u: r.post(u + "/echo", files={"f": ("n.csv", "a,b", "text/csv")}),
    "files: with headers": lambda r, u: r.post(u + "/echo", files={"f": ("n", b"a", "x/y", {"X-P": "1"})}),
    "files: no name": lambda r, u: r.post(u + "/echo", files={"f": (None, "value")}),
    "files: pairs": lambda r, u: r.post(u + "/echo", files=[("f", ("a", b"1")), ("f", ("b", b"2"))]),
    "files: with a form": lambda r, u: r.post(u + "/echo", files={"f": b"x"}, data={"a": 1, "b": ["2", "3"]}),
    "files: with pairs": lambda r, u: r.post(u + "/echo", files={"f": b"x"}, data=[("a", b"1"), ("a", "ä")]),
    "files: from its position": lambda r, u: r.post(u + "/echo", files={"f": ("n", opened(at=4))}),
    "files: a name that is not ASCII": lambda r, u: r.post(u + "/echo", files={"f": ("ä.txt", b"x")}),
    "files: a name with quotes": lambda r, u: r.post(u + "/echo", files={'f"g': ('a"b\r\n.txt', b"x")}),
    "files: none": lambda r, u: r.post(u + "/echo", files={}, data={"a": 1}),
    "files: with a string": lambda r, u: r.post(u + "/echo", files={"f": b"x"}, data="a=1"),
}  # fmt: skip

HEADERS: Table = {
    "headers: the session's": lambda r, u: dict(r.Session().headers).keys() >= {"User-Agent"} and r.get(u + "/echo"),
    "headers: merged, whatever their case": lambda r, u: session_with(r, headers={"X-A": "1", "X-B": "2"}).get(u + "/echo", headers={"x-b": "3"}),
    "headers: None leaves one out": lambda r, u: r.Session().get(u + "/echo", headers={"Accept": None, "accept-encoding": None}),
    "headers: bytes": lambda r, u: r.get(u + "/echo", headers={b"X-A": b"1", "X-B": b"2"}),
    "headers: Latin-1": lambda r, u: r.get(u + "/echo", headers={"X-A": "\xe4".encode("latin-1")}),
    "headers: a number": lambda r, u: r.get(u + "/echo", headers={"X-A": 1}),
    "headers: a line end": lambda r, u: r.get(u + "/echo", headers={"X-A": "a\r\nB: c"}),
    "headers: a blank in front": lambda r, u: r.get(u + "/echo", headers={"X-A": " a"}),
    "headers: a blank behind": lambda r, u: r.get(u + "/echo", headers={"X-A": "a "}),
    "headers: an empty value": lambda r, u: r.get(u + "/echo", headers={"X-A": ""}),
    "headers: a Host": lambda r, u: r.get(u + "/echo", headers={"Host": "elsewhere.test"}),
    "headers: a User-Agent": lambda r, u: r.get(u + "/echo", headers={"User-Agent": "me/1"}).request.headers["user-agent"],
    "headers: their order": lambda r, u: [n for n in r.get(u + "/echo", headers={"X-C": "1", "X-A": "2", "X-B": "3"}).request.headers if n[:2] == "X-"],
    "headers: a Content-Length of the caller": lambda r, u: r.post(u + "/echo", data=b"abc", headers={"Content-Length": "3"}),
    "headers: a CaseInsensitiveDict": lambda r, u: r.get(u + "/echo", headers=r.structures.CaseInsensitiveDict({"X-a": "1"})),
    "headers: Connection: close": lambda r, u: r.get(u + "/echo", headers={"Connection": "close"}),
}  # fmt: skip

COOKIES: Table = {
    "cookies: a dict": lambda r, u: r.get(u + "/echo", cookies={"a": "1", "b": "2"}),
    "cookies: a jar": lambda r, u: r.get(u + "/echo", cookies=r.cookies.cookiejar_from_dict({"a": "1"})),
    "cookies: of the session and the call": lambda r, u: with_session_cookies(r).get(u + "/echo", cookies={"b": "3", "c": "4"}),
    "cookies: of the call are not kept": lambda r, u: twice(r.Session(), u + "/echo", cookies={"a": "1"}),
    "cookies: a header by hand": lambda r, u: with_session_cookies(r).get(u + "/echo", headers={"Cookie": "mine=1"}),
    "cookies: kept from a response": lambda r, u: after(r, u + "/cookies?c=a%3D1&c=b%3D2%3BPath%3D/nowhere", u + "/echo"),
    "cookies: secure ones stay at home": lambda r, u: after(r, u.replace("127.0.0.1", "localhost") + "/cookies?c=s%3D1%3BSecure&c=t%3D2", u.replace("127.0.0.1", "localhost") + "/echo"),
    "cookies: of another host": lambda r, u: after(r, u + "/cookies?c=a%3D1", u.replace("127.0.0.1", "localhost") + "/echo"),
    "cookies: taken back": lambda r, u: after(r, u + "/cookies?c=a%3D1&c=b%3D2", u + "/cookies?c=a%3D%3BMax-Age%3D0"),
    "cookies: quoted and odd values": lambda r, u: after(r, u + '/cookies?c=a%3D"x y"&c=b%3D%7B1,2%7D', u + "/echo"),
    "cookies: set on a redirect": lambda r, u: r.Session().get(u + "/to/302?cookie=a%3D1%3BPath%3D/"),
    "cookies: by a longer path": lambda r, u: paths(r, u),
}  # fmt: skip


def with_session_cookies(library: Any) -> Any:
    session = library.Session()
    session.cookies.update({"a": "1", "b": "2"})
    return session


def twice(session: Any, url: str, **more: Any) -> list[Any]:
    return [session.get(url, **more).ok, session.get(url).ok, session.cookies.get_dict()]


def after(library: Any, first: str, then: str) -> Any:
    session = library.Session()
    session.get(first)
    session.get(then)
    return session.cookies.get_dict()


def paths(library: Any, url: str) -> Any:
    session = library.Session()
    path = urlsplit(url).path
    session.cookies.set("near", "1", path=f"{path}/echo")
    session.cookies.set("far", "2", path="/")
    return session.get(url + "/echo/x")


AUTH: Table = {
    "auth: a pair": lambda r, u: r.get(u + "/echo", auth=("user", "pass")),
    "auth: a pair in Latin-1": lambda r, u: r.get(u + "/echo", auth=("us\xe4r", "p\xe4ss")),
    "auth: bytes": lambda r, u: r.get(u + "/echo", auth=("us\xe4r".encode(), b"pass")),
    "auth: HTTPBasicAuth": lambda r, u: r.get(u + "/echo", auth=r.auth.HTTPBasicAuth("user", "pass")),
    "auth: HTTPProxyAuth": lambda r, u: r.get(u + "/echo", auth=r.auth.HTTPProxyAuth("user", "pass")),
    "auth: a function": lambda r, u: r.get(u + "/echo", auth=set_authorization),
    "auth: the session's": lambda r, u: session_with(r, auth=("s", "t")).get(u + "/echo"),
    "auth: the call's goes first": lambda r, u: session_with(r, auth=("s", "t")).get(u + "/echo", auth=("c", "d")),
    "auth: in the URL": lambda r, u: r.get(with_credentials(u, "user:pass") + "/echo").url.count("@"),
    "auth: in the URL, percent-encoded": lambda r, u: r.get(with_credentials(u, "us%40er:p%3Ass") + "/echo").ok,
    "auth: the call's before the URL's": lambda r, u: r.get(with_credentials(u, "a:b") + "/echo", auth=("c", "d")).ok,
    "auth: netrc": lambda r, u: with_netrc(r, u + "/echo"),
    "auth: the call's before netrc": lambda r, u: with_netrc(r, u + "/echo", auth=("c", "d")),
    "auth: the URL's before netrc": lambda r, u: with_netrc(r, with_credentials(u, "a:b") + "/echo").ok,
    "auth: a header and netrc": lambda r, u: with_netrc(r, u + "/echo", headers={"Authorization": "Mine x"}),
    "auth: a header and a pair": lambda r, u: r.get(u + "/echo", headers={"Authorization": "Mine x"}, auth=("c", "d")),
    "auth: digest": lambda r, u: digest(r, u),
    "auth: what changes the body": lambda r, u: r.post(u + "/echo", data="ab", auth=longer),
}  # fmt: skip


def digest(library: Any, url: str) -> Any:
    response = library.get(url + "/digest?a=1", auth=library.auth.HTTPDigestAuth("user", "pass"))
    sent = response.json()
    names = sorted(part.split("=")[0].strip() for part in sent.removeprefix("Digest ").split(", "))
    return [response.status_code, len(response.history), names]


def longer(request: Any) -> Any:
    request.body += "cdef"
    return request
