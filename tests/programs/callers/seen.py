"""Calls whose point is what their caller sees: redirects, hooks, prepared requests, sessions."""

from __future__ import annotations

import io
import os
import pickle
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any

from rows import Table, carried, make


def main(url: str, folder: Path) -> dict[str, Any]:
    os.chdir(folder)
    return make({**REDIRECTS, **HOOKS, **PREPARED, **SESSIONS, **PROXIES}, url)


def hop(url: str, status: int, location: str = "") -> str:
    return f"{url}/to/{status}" + (f"?location={location}" if location else "")


def methods_after(library: Any, url: str, status: int) -> list[Any]:
    """What becomes of each method and its body, by the log; and here by the last request."""
    found = []
    for method in ("GET", "HEAD", "POST", "PUT", "DELETE"):
        body = {"data": b"body"} if method in ("POST", "PUT", "DELETE") else {}
        response = library.request(method, hop(url, status), **body)
        found.append([response.request.method, response.request.body])
    return found


REDIRECTS: Table = {
    "redirects: 301": lambda r, u: methods_after(r, u, 301),
    "redirects: 302": lambda r, u: methods_after(r, u, 302),
    "redirects: 303": lambda r, u: methods_after(r, u, 303),
    "redirects: 307": lambda r, u: methods_after(r, u, 307),
    "redirects: 308": lambda r, u: methods_after(r, u, 308),
    "redirects: 300 and 304 are none": lambda r, u: [r.get(hop(u, 300)).status_code, r.get(hop(u, 304)).status_code],
    "redirects: not followed": lambda r, u: r.get(hop(u, 302), allow_redirects=False),
    "redirects: HEAD of the short form": lambda r, u: r.head(hop(u, 302)).status_code,
    "redirects: the next request": lambda r, u: next_request(r.post(hop(u, 303), allow_redirects=False, data="x")),
    "redirects: is_redirect": lambda r, u: [[x.is_redirect, x.is_permanent_redirect] for s in (301, 302, 307, 308, 200) for x in [r.get(hop(u, s), allow_redirects=False)]],
    "redirects: several": lambda r, u: [x.url.rsplit("/", 1)[1] for x in r.get(u + "/hops/3").history],
    "redirects: too many": lambda r, u: limited(r).get(u + "/hops/5"),
    "redirects: what too many carries": lambda r, u: carried(r, lambda: limited(r).get(u + "/hops/5")),
    "redirects: relative": lambda r, u: r.get(hop(u, 302, "../echo/x?y=1")).url,
    "redirects: a fragment goes on": lambda r, u: [r.get(hop(u, 302) + "#old").url, r.get(hop(u, 302, "../echo%23new") + "#old").url],
    "redirects: blanks and marks": lambda r, u: r.get(hop(u, 302, "../echo/a b/%7B%7D")).url,
    "redirects: bytes that are not ASCII": lambda r, u: r.get(hop(u, 302, "../echo/%C3%A9")).url,
    "redirects: without a scheme": lambda r, u: r.get(hop(u, 302, u.removeprefix("http:") + "/echo")).url,
    "redirects: to another scheme": lambda r, u: r.get(hop(u, 302, "ftp://a.test/")),
    "redirects: to nonsense": lambda r, u: r.get(hop(u, 302, "http://")),
    "redirects: without a Location": lambda r, u: r.get(u + "/loses-location"),
    "redirects: credentials stay at home": lambda r, u: r.get(hop(u, 302, "OTHER" + path(u) + "/echo"), auth=("a", "b")).ok,
    "redirects: credentials for the same origin": lambda r, u: r.get(hop(u, 302), auth=("a", "b")).ok,
    "redirects: a header of the caller": lambda r, u: r.get(hop(u, 302, "OTHER" + path(u) + "/echo"), headers={"X-Mine": "1"}).ok,
    "redirects: an API key": lambda r, u: r.get(hop(u, 302, "OTHER" + path(u) + "/echo"), headers={"X-Api-Key": "1"}).ok,
    "redirects: a Cookie by hand": lambda r, u: r.get(hop(u, 302), headers={"Cookie": "a=1"}).ok,
    "redirects: cookies of the call": lambda r, u: r.get(hop(u, 302), cookies={"a": "1"}).ok,
    "redirects: cookies of the call, elsewhere": lambda r, u: r.get(hop(u, 302, "OTHER" + path(u) + "/echo"), cookies={"a": "1"}).ok,
    "redirects: a Cookie by hand, elsewhere": lambda r, u: r.get(hop(u, 302, "OTHER" + path(u) + "/echo"), headers={"Cookie": "a=1"}).ok,
    "redirects: params are not repeated": lambda r, u: r.get(hop(u, 302), params={"a": 1}).url,
    "redirects: a file is sent again": lambda r, u: r.post(hop(u, 307), data=moved(io.BytesIO(b"abcdef"))).ok,
    "redirects: a generator cannot be": lambda r, u: r.post(hop(u, 307), data=iter([b"a", b"b"])),
    "redirects: headers of a dropped body": lambda r, u: sorted(n for n in r.post(hop(u, 302), json={"a": 1}).request.headers if n.startswith("Content")),
}  # fmt: skip


def path(url: str) -> str:
    return "/" + url.split("/", 3)[3]


def moved(file: Any) -> Any:
    file.seek(2)
    return file


def limited(library: Any) -> Any:
    session = library.Session()
    session.max_redirects = 3
    return session


def next_request(response: Any) -> Any:
    return [response.next.method, response.next.url.rsplit("/", 1)[1], response.next.body]


def noting(notes: list[Any], name: str, gives: Any = None) -> Any:
    def hook(response: Any, *arguments: Any, **kwargs: Any) -> Any:
        notes.append([name, response.status_code, len(arguments), sorted(kwargs)])
        return gives(response) if gives else None

    return hook


def hooked(library: Any, url: str, ours: Any = None, call: Any = None) -> Any:
    notes: list[Any] = []
    session = library.Session()
    for name in ours or ():
        session.hooks["response"].append(noting(notes, name))
    hooks = {"hooks": {"response": [noting(notes, name) for name in call]}} if call else {}
    session.get(url, **hooks)
    return notes


def replaced(library: Any, url: str) -> Any:
    def gives(response: Any) -> Any:
        response.status_code = 299
        return response

    return library.get(url, hooks={"response": noting([], "x", gives)}).status_code


def registered(library: Any, url: str) -> Any:
    notes: list[Any] = []
    hook = noting(notes, "registered")
    prepared = library.Request("GET", url).prepare()
    prepared.register_hook("response", hook)
    library.Session().send(prepared)
    found = [prepared.deregister_hook("response", hook), prepared.deregister_hook("response", hook)]
    return [len(notes), found]


HOOKS: Table = {
    "hooks: of the call": lambda r, u: hooked(r, u + "/echo", call=["one", "two"]),
    "hooks: one function": lambda r, u: r.get(u + "/echo", hooks={"response": lambda response, **k: None}),
    "hooks: of the session": lambda r, u: hooked(r, u + "/echo", ours=["one"]),
    "hooks: of both": lambda r, u: hooked(r, u + "/echo", ours=["one"], call=["two"]),
    "hooks: on every hop": lambda r, u: hooked(r, u + "/hops/2", call=["one"]),
    "hooks: that replace the response": lambda r, u: replaced(r, u + "/echo"),
    "hooks: registered": lambda r, u: registered(r, u + "/echo"),
    "hooks: an event that there is not": lambda r, u: r.Request("GET", u, hooks={"other": print}),
    "hooks: what a session has": lambda r, u: r.Session().hooks,
}  # fmt: skip


def changed(library: Any, url: str) -> Any:
    session = library.Session()
    prepared = session.prepare_request(library.Request("POST", url, data={"a": 1}))
    prepared.headers["X-Later"] = "1"
    prepared.body = "b=2&c=3"
    prepared.prepare_content_length(prepared.body)
    return session.send(prepared)


def copied(library: Any, url: str) -> Any:
    first = library.Request("GET", url, headers={"X-A": "1"}).prepare()
    second = first.copy()
    second.headers["X-A"] = "2"
    second.url += "?copy=1"
    return [first.headers["X-A"], first.url == url, second.headers["X-A"]]


def by_hand(library: Any, url: str) -> Any:
    prepared = library.PreparedRequest()
    prepared.prepare("PUT", url, {"X-A": "1"}, None, b"x", {"q": 1}, ("a", "b"), {"c": "d"}, None)
    return library.Session().send(prepared)


def fields(prepared: Any) -> Any:
    return [prepared.method, prepared.path_url, prepared.body, sorted(prepared.headers.items())]


ODD = [
    "http://h.test?a=1",
    "http://h.test#f",
    "http://h.test/a//b",
    "http://h.test/a/../../b",
    "http://h.test/a%2Fb",
    "http://h.test/%7Eu",
    "http://h.test/?q=a+b%20c",
    "http://h.test/?a=b=c&&d",
    "http://h.test/;p?x;y",
    "http://h.test/a|b",
    "http://h.test/{x}",
    "http://h.test/[x]",
    'http://h.test/"x"',
    "http://h.test/<x>",
    "http://h.test/a^b",
    "http://h.test/'x'",
    "http://h.test/x*y!",
    "http://h.test/@x:y",
    "http://h.test/$&+,",
    "http://h.test/?u=http://x.test/a?b=c",
    "http://h.test/?a[]=1&b[x]=2",
    "http://h.test/?a=1#frag?x",
    "http://h.test:08080/",
    "http://xn--bcher-kva.test/",
    "http://BÜCHER.test/",
    "http://straße.test/",
    "http://h.test./",
    "http://a-b_c.test/",
    "http://[::1]/",
    "http://h.test/%",
    "http://h.test/%zz",
    "http://h.test/%e4",
    "http://h.test/a\\b",
    "https://h.test:80/",
    "http://h.test/#",
    "http://localhost",
    "http://h.test/🚀",
    "http://日本.test/日?本=本#日",
]

PREPARED: Table = {
    "prepared: its fields": lambda r, u: fields(r.Request("post", u + "/echo?a=1", params={"b": 2}, json={"c": 3}).prepare()),
    "prepared: of a request without a session": lambda r, u: r.Session().send(r.Request("GET", u + "/echo").prepare()),
    "prepared: by a session": lambda r, u: r.Session().send(r.Session().prepare_request(r.Request("GET", u + "/echo", cookies={"a": "1"}))),
    "prepared: changed": lambda r, u: changed(r, u + "/echo"),
    "prepared: copied": lambda r, u: copied(r, u + "/echo"),
    "prepared: by hand": lambda r, u: by_hand(r, u + "/echo"),
    "prepared: nothing": lambda r, u: [getattr(r.PreparedRequest(), n) for n in ("method", "url", "headers", "body")],
    "prepared: texts": lambda r, u: [repr(r.Request("GET", u).prepare()), repr(r.Request("GET", u)), repr(r.Response())],
    "prepared: a session does not take a Request": lambda r, u: r.Session().send(r.Request("GET", u)),
    "prepared: the method": lambda r, u: [r.Request(m, u).prepare().method for m in ("get", "Custom")],
    "prepared: the path": lambda r, u: [r.Request("GET", "http://h.test" + p).prepare().path_url for p in ("", "/", "/a?b", "?c")],
    "prepared: the URL": lambda r, u: [r.Request("GET", x).prepare().url for x in ("http://H.test", "http://b\u00fccher.test/", "http://[::1]:8/")],
    "prepared: an escape in a host": lambda r, u: r.Request("GET", "http://ex%61mple.test/").prepare().url,
    "prepared: escaped dots": lambda r, u: r.Request("GET", "http://h.test/%2e%2e/x").prepare().url,
    "prepared: a hash in a text of params": lambda r, u: r.Request("GET", "http://h.test/", params="a#b").prepare().url,
    "prepared: odd URLs": lambda r, u: [r.Request("GET", x).prepare().url for x in ODD],
    "prepared: a default port": lambda r, u: r.Request("GET", "http://h.test:80/x").prepare().url,
    "prepared: the URL of another scheme": lambda r, u: r.Request("GET", "mailto:a@b.test").prepare().url,
    "prepared: sent with redirects": lambda r, u: r.Session().send(r.Request("GET", u + "/to/302").prepare()),
    "prepared: sent without": lambda r, u: r.Session().send(r.Request("GET", u + "/to/302").prepare(), allow_redirects=False),
}  # fmt: skip


class Canned:
    """A transport of the caller's, as requests takes it."""

    def __init__(self, library: Any) -> None:
        self.library = library
        self.given: list[str] = []

    def send(self, request: Any, **kwargs: Any) -> Any:
        self.given = sorted(kwargs)
        response = self.library.Response()
        response.status_code = 200
        response.url = request.url
        response.request = request
        response.headers["X-Canned"] = "yes"
        response.encoding = "utf-8"
        response.raw = io.BytesIO("h\u00e9".encode())
        return response

    def close(self) -> None: ...


def mounted(library: Any) -> Any:
    session = library.Session()
    canned = Canned(library)
    session.mount("canned://", canned)
    response = session.get("canned://x/y", timeout=3)
    same = session.get_adapter("canned://z") is canned
    return [response.text, response.headers["x-canned"], same, canned.given]


def pickled_session(library: Any, url: str) -> Any:
    session = library.Session()
    session.headers["X-Kept"] = "1"
    session.cookies["a"] = "1"
    session.auth = ("u", "p")
    with pickle.loads(pickle.dumps(session)) as again:
        return again.get(url + "/echo")


SESSIONS: Table = {
    "session: its attributes": lambda r, u: {n: getattr(r.Session(), n) for n in ("auth", "proxies", "params", "verify", "cert", "stream", "trust_env", "max_redirects")},
    "session: the methods": lambda r, u: [[m, getattr(r.Session(), m)(u + "/echo").ok] for m in ("get", "head", "post", "put", "patch")],
    "session: request by position": lambda r, u: r.Session().request("POST", u + "/echo", {"p": 1}, {"d": 2}, {"X-H": "3"}, {"c": "4"}, None, ("a", "b"), 5, True),
    "session: as a block": lambda r, u: used(r, u),
    "session: of the function": lambda r, u: r.session().get(u + "/echo"),
    "session: a transport of the caller's": lambda r, u: mounted(r),
    "session: no transport": lambda r, u: r.get("nowhere://x/"),
    "session: the default transports": lambda r, u: sorted(r.Session().adapters),
    "session: pickled": lambda r, u: pickled_session(r, u),
    "session: an unknown argument": lambda r, u: r.get(u + "/echo", unknown=1),
    "session: environment settings": lambda r, u: sorted(r.Session().merge_environment_settings(u, {}, None, None, None)),
    "session: verify False over http": lambda r, u: r.get(u + "/echo", verify=False, cert=None),
    "session: timeouts": lambda r, u: [r.get(u + "/echo", timeout=t).ok for t in (5, 2.5, (3, 5), (None, 5), None)],
    "session: a jar of the standard library": lambda r, u: with_plain_jar(r, u),
    "session: cookies assigned": lambda r, u: with_assigned_cookies(r, u),
    "session: headers assigned": lambda r, u: with_assigned_headers(r, u),
    "session: hooks that ask again": lambda r, u: asking_again(r, u),
    "session: resolve_redirects": lambda r, u: [x.status_code for s in [r.Session()] for f in [s.get(u + "/hops/2", allow_redirects=False)] for x in s.resolve_redirects(f, f.request)],
    "session: an adapter of a subclass": lambda r, u: own_adapter(r, u),
    "session: a subclass": lambda r, u: own_session(r, u),
    "session: a subclass that prepares": lambda r, u: own_preparation(r, u),
    "session: a subclass that merges settings": lambda r, u: own_settings(r, u),
    "session: a subclass with a timeout of its own": lambda r, u: own_timeout(r, u),
    "session: request through close": lambda r, u: [s.get(u + "/echo").ok for s in [r.Session()] for _ in [s.close()]],
    "session: adapter arguments": lambda r, u: adapter(r, u),
}  # fmt: skip


def with_plain_jar(library: Any, url: str) -> Any:
    session = library.Session()
    session.cookies = CookieJar()
    session.get(url + "/cookies?c=a%3D1")
    session.get(url + "/echo")
    return [(cookie.name, cookie.value) for cookie in session.cookies]


def with_assigned_cookies(library: Any, url: str) -> Any:
    session = library.Session()
    session.cookies = library.cookies.cookiejar_from_dict({"a": "1"})
    session.cookies.set("b", "2", domain="127.0.0.1", path="/")
    session.cookies["c"] = "3"
    del session.cookies["c"]
    return session.get(url + "/echo")


def with_assigned_headers(library: Any, url: str) -> Any:
    session = library.Session()
    session.headers = {"X-Only": "1"}
    session.get(url + "/echo")
    session.headers = library.structures.CaseInsensitiveDict({"x-other": "2", "Accept": "a/b"})
    return session.get(url + "/echo", headers={"X-OTHER": None})


def asking_again(library: Any, url: str) -> Any:
    def hook(response: Any, **kwargs: Any) -> Any:
        if "X-Again" in response.request.headers:
            return response
        again = response.request.copy()
        again.headers["X-Again"] = "1"
        second = response.connection.send(again, **kwargs)
        second.history.append(response)
        second.request = again
        return second

    response = library.get(url + "/echo", hooks={"response": hook})
    return [response.status_code, len(response.history), response.text]


def own_adapter(library: Any, url: str) -> Any:
    class Marking(library.adapters.HTTPAdapter):  # type: ignore[misc,name-defined]
        def add_headers(self, request: Any, **kwargs: Any) -> None:
            request.headers["X-Marked"] = "1"

        def send(self, request: Any, **kwargs: Any) -> Any:
            kwargs["timeout"] = kwargs.get("timeout") or 9
            response = super().send(request, **kwargs)
            response.headers["X-Seen"] = "yes"
            return response

    session = library.Session()
    session.mount(url, Marking(max_retries=2))
    return session.get(url + "/echo").headers["x-seen"]


def own_session(library: Any, url: str) -> Any:
    class Based(library.Session):  # type: ignore[misc,name-defined]
        def __init__(self, base: str) -> None:
            super().__init__()
            self.base = base

        def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Any:
            kwargs.setdefault("timeout", 7)
            return super().request(method, self.base + url, *args, **kwargs)

    with Based(url) as session:
        return [session.get("/echo").ok, session.post("/echo", data={"a": 1}).ok]


def own_preparation(library: Any, url: str) -> Any:
    class Signing(library.Session):  # type: ignore[misc,name-defined]
        def prepare_request(self, request: Any) -> Any:
            request.headers["X-Before"] = "1"
            prepared = super().prepare_request(request)
            prepared.headers["X-After"] = str(len(prepared.body or ""))
            return prepared

    session = Signing()
    session.params = {"s": "1"}
    session.hooks["response"].append(lambda response, **kwargs: None)
    return session.put(url + "/echo", data="abc", auth=("a", "b"), cookies={"c": "d"})


def own_settings(library: Any, url: str) -> Any:
    class Trusting(library.Session):  # type: ignore[misc,name-defined]
        def merge_environment_settings(self, url: str, *given: Any) -> Any:
            return {**super().merge_environment_settings(url, *given), "verify": False}

    return Trusting().get(named(url, "https://other.test") + "/echo")


def own_timeout(library: Any, url: str) -> Any:
    class Hurried(library.Session):  # type: ignore[misc,name-defined]
        retries = 0

        def __init__(self, base_url: str) -> None:
            self.base_url = base_url
            self.timeout = 7
            super().__init__()

        def request(self, method: str, url: str, **kwargs: Any) -> Any:
            kwargs.setdefault("timeout", self.timeout)
            return super().request(method, self.base_url + url, **kwargs)

    session = Hurried(url)
    return [session.get("/echo").ok, session.timeout, session.retries, session.base_url == url]


def used(library: Any, url: str) -> Any:
    with library.Session() as session:
        session.headers.update({"x-test": "true"})
        session.params = {"all": "1"}
        return session.get(url + "/echo", headers={"x-test2": "true"})


def adapter(library: Any, url: str) -> Any:
    session = library.Session()
    transport = library.adapters.HTTPAdapter(pool_connections=2, pool_maxsize=3, max_retries=1, pool_block=True)  # fmt: skip
    session.mount("http://", transport)
    return [session.get(url + "/echo").ok, session.get_adapter(url) is transport]


def origin(url: str) -> str:
    return url.rsplit("/", 1)[0]


def named(url: str, name: str = "http://a.test") -> str:
    """The same resources at a host that only the service knows, as a proxy."""
    return name + path(url)


def without_environment(library: Any, **attributes: Any) -> Any:
    session = library.Session()
    session.trust_env = False
    for name, value in attributes.items():
        setattr(session, name, value)
    return session


def with_variables(call: Any, **variables: str) -> Any:
    before = dict(os.environ)
    os.environ.update(variables)
    try:
        return call()
    finally:
        os.environ.clear()
        os.environ.update(before)


def unverified(session: Any) -> Any:
    session.verify = False
    return session


def bundle() -> str:
    return os.environ["REQUESTS_CA_BUNDLE"]


PROXIES: Table = {
    "proxies: of the environment": lambda r, u: r.get(named(u) + "/echo"),
    "proxies: of the call": lambda r, u: without_environment(r).get(named(u) + "/echo", proxies={"http": origin(u)}),
    "proxies: of the session": lambda r, u: without_environment(r, proxies={"http": origin(u)}).get(named(u) + "/echo"),
    "proxies: for all schemes": lambda r, u: without_environment(r, proxies={"all": origin(u)}).get(named(u) + "/echo"),
    "proxies: for one host": lambda r, u: without_environment(r, proxies={"http": "http://127.0.0.1:9", "http://a.test": origin(u)}).get(named(u) + "/echo"),
    "proxies: without a scheme": lambda r, u: without_environment(r, proxies={"http": origin(u)[7:]}).get(named(u) + "/echo"),
    "proxies: with credentials": lambda r, u: without_environment(r, proxies={"http": origin(u).replace("//", "//user:p%40ss@")}).get(named(u) + "/echo"),
    "proxies: across a redirect": lambda r, u: r.get(hop(named(u), 302, "http://b.test" + path(u) + "/echo")).url,
    "proxies: of the session and the environment": lambda r, u: kept_way(r, u),
    "proxies: not for these hosts": lambda r, u: with_variables(lambda: r.get(u + "/echo").ok, http_proxy="http://127.0.0.1:9", no_proxy="a.test,127.0.0.1"),
    "proxies: not for these networks": lambda r, u: with_variables(lambda: r.get(u + "/echo").ok, http_proxy="http://127.0.0.1:9", no_proxy="127.0.0.0/8"),
    "proxies: not the call's": lambda r, u: r.get(named(u) + "/echo", proxies={"http": "http://127.0.0.1:9"}),
    "TLS: authorities of the environment": lambda r, u: r.get(named(u, "https://zenodo.org") + "/echo"),
    "TLS: authorities by path": lambda r, u: with_variables(lambda: r.get(named(u, "https://zenodo.org") + "/echo", verify=os.environ["CA"]), CA=bundle(), REQUESTS_CA_BUNDLE=""),
    "TLS: authorities of curl's variable": lambda r, u: with_variables(lambda: r.get(named(u, "https://zenodo.org") + "/echo").ok, CURL_CA_BUNDLE=bundle(), REQUESTS_CA_BUNDLE=""),
    "TLS: unknown authorities": lambda r, u: with_variables(lambda: r.get(named(u, "https://zenodo.org") + "/echo"), REQUESTS_CA_BUNDLE=""),
    "TLS: another name": lambda r, u: r.get(named(u, "https://other.test") + "/echo"),
    "TLS: not verified": lambda r, u: r.get(named(u, "https://other.test") + "/echo", verify=False).ok,
    "TLS: not verified by the session": lambda r, u: unverified(r.Session()).get(named(u, "https://other.test") + "/echo"),
    "TLS: from http to https": lambda r, u: r.get(hop(named(u, "http://zenodo.org"), 302, "https://zenodo.org" + path(u) + "/echo"), auth=("a", "b")).url,
    "TLS: a certificate that is not there": lambda r, u: r.get(named(u, "https://zenodo.org") + "/echo", cert="/nowhere/c.pem"),
}  # fmt: skip


def kept_way(library: Any, url: str) -> Any:
    session = library.Session()
    session.proxies = {"http": "http://127.0.0.1:9"}
    return session.get(named(url) + "/echo").ok
