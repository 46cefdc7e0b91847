"""Redirects and cookies in their rarer forms."""

from __future__ import annotations

import copy
import http.cookiejar
import http.cookies
import os
import pickle
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

from rows import Table, answer, failing, make, session_with


def main(url: str, folder: Path) -> dict[str, Any]:
    os.chdir(folder)
    Path("file.txt").write_bytes(b"the content")
    return make({**LOCATIONS, **CHAINS, **SUBCLASSES, **SET, **GIVEN}, url)


def path(url: str) -> str:
    return "/" + url.split("/", 3)[3]


def origin(url: str) -> str:
    return url.removesuffix(path(url))


def other(url: str) -> str:
    return url.replace("127.0.0.1", "localhost")


def to(url: str, location: str, status: int = 302) -> str:
    return f"{url}/to/{status}?location=" + quote(location, safe="")


def ends(library: Any, url: str, *locations: str) -> Any:
    """Where each Location leads; HERE is the path of the row, ORIGIN the service."""
    found = []
    for location in locations:
        place = location.replace("HERE", path(url)).replace("ORIGIN", origin(url))
        found.append(failing(lambda place=place: library.get(to(url, place)).url))  # type: ignore[misc]
    return found


LOCATIONS: Table = {
    "locations: relative": lambda r, u: ends(r, u, "echo", "./echo", "../echo", "?q=1", "HERE/echo;p=1", "HERE/echo//x//"),
    "locations: without a scheme": lambda r, u: ends(r, u, origin(u).removeprefix("http:") + "HERE/echo"),
    "locations: capitals": lambda r, u: ends(r, u, origin(u).replace("http", "HTTP") + "HERE/echo"),
    "locations: a fragment": lambda r, u: ends(r, u, "HERE/echo#a b", "HERE/echo?a=1&b=2;c#d"),
    "locations: blanks and escapes": lambda r, u: ends(r, u, "HERE/echo x", "HERE/echo%20x", "HERE/echo%zz", " HERE/echo", "\tHERE/echo"),
    "locations: marks": lambda r, u: ends(r, u, "HERE/echo\\x", "HERE/echo|x", "HERE/echo?x=http://y/"),
    "locations: brackets": lambda r, u: ends(r, u, "HERE/echo/[x]"),
    "locations: dots": lambda r, u: ends(r, u, "ORIGINHERE/./a/../echo"),
    "locations: an origin alone": lambda r, u: ends(r, u, "ORIGIN", "ORIGIN?x"),
    "locations: a tab inside": lambda r, u: ends(r, u, "HERE/echo\tx"),
    "locations: a user name and password": lambda r, u: ends(r, u, origin(u).replace("//", "//a:b@") + "HERE/echo"),
    "locations: a scheme and a path": lambda r, u: ends(r, u, "http:HERE/echo", "http:echo"),
    "locations: three slashes": lambda r, u: ends(r, u, "///127.0.0.1/x"),
    "locations: other schemes": lambda r, u: ends(r, u, "mailto:a@b", "file:///etc/passwd", "javascript:alert(1)", "data:text/plain,x", "foo:bar/baz"),
    "locations: ports that are none": lambda r, u: ends(r, u, "http://127.0.0.1:99999/", "http://127.0.0.1:80:80/"),
    "locations: an empty one": lambda r, u: [r.get(answer(u, status=302, header="Location:")).status_code, r.get(answer(u, header="Location: /x")).is_redirect, r.post(answer(u, status=201, header="Location: /x")).status_code],
}  # fmt: skip


def offset(file: Any, position: int) -> Any:
    file.seek(position)
    return file


def by_next(library: Any, url: str) -> Any:
    session = library.Session()
    response = session.get(url, allow_redirects=False)
    found = []
    while response.next is not None:
        found.append([response.next.method, response.next.url])
        response = session.send(response.next, allow_redirects=False)
    return [*found, response.status_code]


def resolved(library: Any, url: str) -> Any:
    session = library.Session()
    first = session.get(url, allow_redirects=False)
    options = {"stream": True, "timeout": 5, "verify": True, "cert": None, "proxies": {}}
    return [[x.status_code, x.request.method, x.url] for x in session.resolve_redirects(first, first.request, **options)]  # fmt: skip


def too_many(library: Any, url: str) -> Any:
    try:
        session_with(library, max_redirects=2).get(url)
    except library.exceptions.TooManyRedirects as error:
        passed = [each.status_code for each in error.response.history]
        return [passed, error.response.url, error.request.url, isinstance(error, OSError)]
    raise AssertionError("it has followed")


def seen_by_hooks(library: Any, url: str, what: Any) -> Any:
    seen: list[Any] = []
    library.get(url, hooks={"response": lambda response, **kwargs: seen.append(what(response))})
    return seen


CHAINS: Table = {
    "chains: the next request, and the next": lambda r, u: by_next(r, u + "/hops/3"),
    "chains: resolved by hand": lambda r, u: resolved(r, u + "/hops/3"),
    "chains: the history of each": lambda r, u: [[x.status_code, len(x.history), x.url, x.is_redirect, x.text] for x in r.get(u + "/hops/3").history],
    "chains: to the limit": lambda r, u: [failing(lambda n=n: session_with(r, max_redirects=3).get(f"{u}/hops/{n}").status_code) for n in (3, 4)],
    "chains: a limit of none": lambda r, u: session_with(r, max_redirects=0).get(u + "/hops/1"),
    "chains: the limit that is set": lambda r, u: [failing(lambda n=n: r.get(f"{u}/hops/{n}").status_code) for n in (30, 31)],
    "chains: what too many have": lambda r, u: too_many(r, u + "/hops/5"),
    "chains: cookies of each": lambda r, u: [s.get(f"{u}/to/302?cookie=a%3D1%3BPath%3D/&location={path(u)}/cookies%3Fc%3Db%253D2").cookies.get_dict() for s in [r.Session()]],
    "chains: cookies for the session": lambda r, u: [s.get(f"{u}/to/302?cookie=a%3D1%3BPath%3D/&location={path(u)}/cookies%3Fc%3Db%253D2").ok and s.cookies.get_dict() for s in [r.Session()]],
    "chains: bodies sent again": lambda r, u: [r.post(to(u, path(u) + "/seen", 307), **k).json()["body"] for k in ({"json": {"a": 1}}, {"data": {"a": 1}}, {"data": offset(open("file.txt", "rb"), 4)}, {"data": "x"})],
    "chains: a form with files sent again": lambda r, u: r.post(to(u, path(u) + "/seen", 308), files={"f": open("file.txt", "rb")}).ok,
    "chains: a body that is dropped": lambda r, u: [r.request(m, to(u, path(u) + "/seen", s), json={"a": 1}).json() for m in ("PUT", "POST", "PATCH") for s in (302, 303)],
    "chains: methods of their own": lambda r, u: [r.request("PROPFIND", to(u, path(u) + "/echo", s), data="x").request.method for s in (301, 302, 303, 307, 308)],
    "chains: HEAD when asked to": lambda r, u: r.head(to(u, path(u) + "/echo"), allow_redirects=True).request.method,
    "chains: streamed": lambda r, u: b"".join(r.get(to(u, path(u) + "/body/chunked"), stream=True).iter_content(100)).decode()[:9],
    "chains: what hooks see": lambda r, u: seen_by_hooks(r, u + "/hops/2", lambda response: [response.status_code, response.url]),
    "chains: the history that hooks see": lambda r, u: seen_by_hooks(r, u + "/hops/2", lambda response: len(response.history)),
    "chains: headers that stay": lambda r, u: r.get(to(u, path(u) + "/seen"), headers={"Referer": "http://x/", "Range": "bytes=0-1", "X-A": "1"}).json()["headers"],
    "chains: a Host by hand": lambda r, u: r.get(to(u, path(u) + "/seen"), headers={"Host": "h.test"}).ok,
    "chains: a Host by hand, elsewhere": lambda r, u: r.get(to(u, other(u) + "/seen"), headers={"Host": "h.test"}).ok,
    "chains: credentials of the session, elsewhere": lambda r, u: [session_with(r, **k).get(to(u, other(u) + "/seen")).json()["headers"] for k in ({"auth": ("a", "b")}, {"headers": {"Authorization": "t", "X-Custom": "c", "Accept": "*/*"}})],
    "chains: without a place": lambda r, u: [[x.is_redirect, x.is_permanent_redirect, x.next is None] for x in [r.get(answer(u, status=301))]],
    "chains: whose credentials": lambda r, u: [r.Session().should_strip_auth(a, b) for a, b in [("http://a/", "http://a/x"), ("http://a/", "https://a/"), ("http://a:80/", "https://a:443/"), ("https://a/", "http://a/"), ("http://a/", "http://b/"), ("http://a:1/", "http://a:2/"), ("https://a/", "https://a:443/"), ("http://A/", "http://a/")]],
    "chains: the place as it is": lambda r, u: [r.Session().get_redirect_target(r.get(x, allow_redirects=False)) for x in (u + "/to/302", u + "/echo")],
}  # fmt: skip


def retargeted(library: Any, url: str) -> Any:
    class Own(library.Session):  # type: ignore[misc,name-defined]
        def get_redirect_target(self, resp: Any) -> Any:
            place = super().get_redirect_target(resp)
            return place and place.replace("hops/1", "echo")

    return [each.url for each in Own().get(url + "/hops/3").history]


def trusting(library: Any, url: str) -> Any:
    class Own(library.Session):  # type: ignore[misc,name-defined]
        def should_strip_auth(self, old_url: str, new_url: str) -> bool:
            return False

    return Own().get(to(url, other(url) + "/seen"), auth=("a", "b")).json()["headers"]


def rebuilding(library: Any, url: str) -> Any:
    class Own(library.Session):  # type: ignore[misc,name-defined]
        def rebuild_auth(self, prepared_request: Any, response: Any) -> None:
            prepared_request.headers["X-Rebuilt"] = "1"

    return Own().get(to(url, other(url) + "/seen"), auth=("a", "b")).json()["headers"]


def keeping(library: Any, url: str) -> Any:
    class Own(library.Session):  # type: ignore[misc,name-defined]
        def rebuild_method(self, prepared_request: Any, response: Any) -> None:
            if response.status_code != 302:
                super().rebuild_method(prepared_request, response)

    return [
        Own().post(to(url, path(url) + "/seen", s), data="x").json() for s in (301, 302, 303, 307)
    ]


def looking(library: Any, url: str) -> Any:
    seen = []

    class Own(library.Session):  # type: ignore[misc,name-defined]
        def resolve_redirects(self, *arguments: Any, **options: Any) -> Any:
            for response in super().resolve_redirects(*arguments, **options):
                if hasattr(response, "status_code"):  # requests asks for the next request, too
                    seen.append(response.url)
                yield response

    response = Own().get(url + "/hops/2")
    return [response.url, [each.url for each in response.history], seen]


def counting(library: Any, url: str) -> Any:
    sent = []

    class Own(library.Session):  # type: ignore[misc,name-defined]
        def send(self, request: Any, **options: Any) -> Any:
            sent.append([request.url, options["allow_redirects"]])
            return super().send(request, **options)

    return [Own().get(url + "/hops/2").status_code, sent]


def replaced(library: Any, url: str) -> Any:
    sent = []
    session = library.Session()
    original = session.send

    def send(request: Any, **options: Any) -> Any:
        sent.append(request.url)
        return original(request, **options)

    session.send = send
    return [session.get(url + "/hops/2").status_code, sent]


SUBCLASSES: Table = {
    "subclasses: another target": lambda r, u: retargeted(r, u),
    "subclasses: that strip nothing": lambda r, u: trusting(r, u),
    "subclasses: that rebuild auth": lambda r, u: rebuilding(r, u),
    "subclasses: that keep the method": lambda r, u: keeping(r, u),
    "subclasses: that look at what follows": lambda r, u: looking(r, u),
    "subclasses: that count what is sent": lambda r, u: counting(r, u),
    "subclasses: a send put into the object": lambda r, u: replaced(r, u),
}  # fmt: skip


def stored(library: Any, url: str, *values: str) -> Any:
    jar = library.get(f"{url}/cookies?" + "&".join("c=" + quote(value) for value in values)).cookies
    return [[c.name, c.value, c.path, c.secure, c.discard, sorted(c._rest)] for c in jar]


def sent_with(library: Any, url: str, change: Any) -> Any:
    session = library.Session()
    change(session.cookies)
    return [session.get(url + "/echo").ok, session.cookies.get_dict()]


def two(library: Any) -> Any:
    jar = library.cookies.RequestsCookieJar()
    jar.set("a", "1", domain="x.test", path="/")
    jar.set("b", "2", domain="y.test", path="/p")
    return jar


def without_one(library: Any) -> Any:
    jar = two(library)
    library.cookies.remove_cookie_by_name(jar, "a")
    library.cookies.remove_cookie_by_name(jar, "b", domain="z.test")
    return jar.get_dict()


def extracted(library: Any, url: str) -> Any:
    jar = library.cookies.RequestsCookieJar()
    response = library.get(url + "/cookies?c=a%3D1")
    library.cookies.extract_cookies_to_jar(jar, response.request, response.raw)
    return jar.get_dict()


ATTRIBUTES = ["version", "name", "value", "port", "domain", "path", "secure", "expires", "discard", "comment", "rfc2109", "port_specified", "domain_specified", "domain_initial_dot", "path_specified"]  # fmt: skip

SET: Table = {
    "set cookies: attributes": lambda r, u: stored(r, u, "a=1; Path=/; HttpOnly; SameSite=Lax", "b=2; Max-Age=100", "c=3; Expires=Wed, 21 Oct 2037 07:28:00 GMT"),
    "set cookies: odd values": lambda r, u: stored(r, u, 'a="x"', "b=x,y", "c=", "d=1=2"),
    "set cookies: no value": lambda r, u: stored(r, u, "a"),
    "set cookies: what create_cookie makes": lambda r, u: [getattr(r.cookies.create_cookie("a", "b"), n) for n in ATTRIBUTES],
    "set cookies: what create_cookie does not know": lambda r, u: r.cookies.create_cookie("a", "b", nothing=1),
    "set cookies: for one host": lambda r, u: [sent_with(r, u, lambda jar, d=d: jar.set("a", "1", domain=d)) for d in ("other.test", "127.0.0.1", ".127.0.0.1")],
    "set cookies: for a path and for TLS": lambda r, u: [sent_with(r, u, lambda jar, k=k: jar.set("a", "1", **k)) for k in ({"path": "/nowhere"}, {"secure": True}, {"expires": int(time.time()) + 1000})],
    "set cookies: that have expired": lambda r, u: sent_with(r, u, lambda jar: jar.set("a", "1", expires=1)),
    "set cookies: that are removed": lambda r, u: sent_with(r, u, lambda jar: [jar.set("a", "1"), jar.set("b", "2"), jar.set("a", None), jar.pop("b")]),
    "set cookies: updated": lambda r, u: [sent_with(r, u, lambda jar, x=x: jar.update(x)) for x in ({"a": "1"}, r.cookies.cookiejar_from_dict({"a": "1"}), r.get(u + "/cookies?c=a%3D1%3BPath%3D/").cookies)],
    "set cookies: all but those of the session": lambda r, u: [(s.get(u + "/cookies?c=a%3D1&c=b%3D2%3BMax-Age%3D100").ok and s.cookies.clear_session_cookies()) or s.cookies.get_dict() for s in [r.Session()]],
    "set cookies: by domain and path": lambda r, u: [two(r).get_dict(domain="x.test"), two(r).get_dict(path="/"), two(r).list_domains(), two(r).list_paths(), len(two(r)), bool(two(r))],
    "set cookies: copied": lambda r, u: [make_copy(two(r)).get_dict() for make_copy in (copy.copy, copy.deepcopy, lambda jar: pickle.loads(pickle.dumps(jar)))],
    "set cookies: removed by name": lambda r, u: without_one(r),
    "set cookies: extracted by hand": lambda r, u: extracted(r, u),
    "set cookies: refused by a policy": lambda r, u: [s.cookies.set_policy(http.cookiejar.DefaultCookiePolicy(allowed_domains=[])) or (s.get(u + "/cookies?c=a%3D1").ok and len(s.cookies)) for s in [r.Session()]],
    "set cookies: kept back by a policy": lambda r, u: kept_back(r, u),
    "set cookies: of localhost": lambda r, u: [c.domain for c in r.get(other(u) + "/cookies?c=a%3D1").cookies],
}  # fmt: skip


def kept_back(library: Any, url: str) -> Any:
    class Nothing(http.cookiejar.DefaultCookiePolicy):
        def return_ok(self, cookie: Any, request: Any) -> bool:
            return False

        def domain_return_ok(self, domain: Any, request: Any) -> bool:
            return False

    session = library.Session()
    session.cookies.set_policy(Nothing())
    session.cookies.set("b", "1")
    return session.get(url + "/echo").ok


def from_a_file(library: Any, url: str) -> Any:
    jar = http.cookiejar.LWPCookieJar("cookies.txt")
    session_with(library, cookies=jar).get(f"{url}/cookies?c=" + quote("a=1; Path=/; Max-Age=1000"))
    jar.save(ignore_discard=True)
    again = http.cookiejar.LWPCookieJar("cookies.txt")
    again.load(ignore_discard=True)
    return [session_with(library, cookies=again).get(url + "/echo").ok, len(again)]


def handed_on(library: Any, url: str, how: str) -> Any:
    first, second = library.Session(), library.Session()
    first.get(url + "/cookies?c=a%3D1%3BPath%3D/")
    if how == "updated":
        second.cookies.update(first.cookies)
    else:
        second.cookies = first.cookies
    return [second.get(url + "/echo").ok, second.cookies is first.cookies]


def of_a_call(library: Any, url: str) -> Any:
    jar = library.cookies.cookiejar_from_dict({"a": "1"})
    session = library.Session()
    session.get(url + "/cookies?c=n%3D1", cookies=jar)
    return [jar.get_dict(), session.cookies.get_dict()]


def beside_header(library: Any, url: str) -> Any:
    session = library.Session()
    session.headers["Cookie"] = "x=1"
    session.cookies["a"] = "1"
    return [session.get(url + "/echo").ok, session.get(url + "/echo", cookies={"b": "1"}).ok]


GIVEN: Table = {
    "given cookies: odd values": lambda r, u: [r.get(u + "/echo", cookies=c).ok for c in ({"a": ""}, {"a": "x y", "b": '"q"', "c": "k=v"}, {"a": "\u00e4"})],
    "given cookies: None": lambda r, u: r.get(u + "/echo", cookies={"a": None, "b": "1"}),
    "given cookies: what is no mapping": lambda r, u: [failing(lambda c=c: r.get(u + "/echo", cookies=c).ok) for c in ("a=1", [("a", "1")])],
    "given cookies: jars of the standard library": lambda r, u: [r.get(u + "/echo", cookies=http.cookiejar.CookieJar()).ok, from_a_file(r, u)],
    # Before Python 3.11 the standard library's jar, and with it that of requests, sorts by name.
    "given cookies: their order": lambda r, u: r.get(u + "/echo", cookies={"a": "2", "b": "1", "c": "3"}),
    "given cookies: of another session": lambda r, u: [handed_on(r, u, how) for how in ("updated", "assigned")],
    "given cookies: of another response": lambda r, u: r.get(u + "/echo", cookies=r.get(u + "/cookies?c=a%3D1%3BPath%3D/").cookies),
    "given cookies: stay what they are": lambda r, u: of_a_call(r, u),
    "given cookies: beside a header": lambda r, u: beside_header(r, u),
    "given cookies: of both headers and arguments": lambda r, u: r.get(u + "/echo", headers={"Cookie": "x=1"}, cookies={"a": "1"}),
    "given cookies: in a prepared request": lambda r, u: r.Session().prepare_request(r.Request("GET", u, cookies={"a": "1"})).headers.get("Cookie"),
    "given cookies: as a header": lambda r, u: r.cookies.get_cookie_header(r.cookies.cookiejar_from_dict({"a": "1"}), r.Request("GET", u).prepare()),
    "given cookies: merged": lambda r, u: [sorted(r.cookies.cookiejar_from_dict({"b": "2"}, r.cookies.cookiejar_from_dict({"a": "1"})).items()), r.cookies.cookiejar_from_dict({"a": "2"}, r.cookies.cookiejar_from_dict({"a": "1"}), overwrite=False).items()],
    "given cookies: all taken away": lambda r, u: [(s.get(u + "/cookies?c=a%3D1%3BPath%3D/").ok and s.cookies.clear()) or s.get(u + "/echo").ok for s in [r.Session()]],
}  # fmt: skip
