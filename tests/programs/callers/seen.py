"""Calls whose point is what their caller sees: redirects, hooks, prepared requests, responses, errors."""

from __future__ import annotations

import io
import os
import pickle
import socket
from datetime import timedelta
from pathlib import Path
from typing import Any

from rows import ERRORS, Table, make


def main(url: str, folder: Path) -> dict[str, Any]:
    os.chdir(folder)
    return make(
        {**REDIRECTS, **HOOKS, **PREPARED, **SESSIONS, **RESPONSES, **TEXT, **FAILURES}, url
    )


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


def carried(library: Any, call: Any) -> Any:
    """The request and the response that an error has."""
    try:
        call()
    except library.exceptions.RequestException as error:
        return [
            error.request is None or error.request.method,
            None if error.response is None else error.response.status_code,
        ]
    raise AssertionError("it did not fail")


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


def made(library: Any) -> Any:
    response = library.Response()
    blank = [getattr(response, n) for n in ("status_code", "url", "encoding", "reason", "history")]
    response.status_code = 404
    response._content = b'{"a": 1}'
    return [blank, response.json(), response.ok, bool(response), response.text]


def pickled_session(library: Any, url: str) -> Any:
    session = library.Session()
    session.headers["X-Kept"] = "1"
    session.cookies["a"] = "1"
    session.auth = ("u", "p")
    with pickle.loads(pickle.dumps(session)) as again:
        return again.get(url + "/echo")


def pickled_response(library: Any, url: str) -> Any:
    again = pickle.loads(pickle.dumps(library.get(url + "/to/302")))
    return [again.status_code, again.text, len(again.history), again.headers["content-type"], again.url == url + "/echo"]  # fmt: skip


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
    "session: adapter arguments": lambda r, u: adapter(r, u),
}  # fmt: skip


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


def body(library: Any, url: str, kind: str, **more: Any) -> Any:
    return library.get(f"{url}/body/{kind}", **more)


def by_reading(library: Any, url: str, *reads: Any) -> Any:
    with body(library, url, "chunked", stream=True) as response:
        return [len(read(response)) for read in reads]


RESPONSES: Table = {
    "response: a plain one": lambda r, u: body(r, u, "plain"),
    "response: true and false": lambda r, u: [bool(r.get(f"{u}/status/{s}")) for s in (200, 204, 304, 399, 400, 404, 500)],
    "response: raise_for_status": lambda r, u: r.get(u + "/status/404").raise_for_status(),
    "response: raise_for_status of what worked": lambda r, u: r.get(u + "/status/204").raise_for_status(),
    "response: its text when it fails": lambda r, u: message(r.get(u + "/status/503")),
    "response: headers whatever their case": lambda r, u: [x["content-TYPE"] for x in [body(r, u, "plain").headers]] + ["Content-Type" in body(r, u, "plain").headers],
    "response: repeated fields": lambda r, u: body(r, u, "repeated fields").headers["x-two"],
    "response: links": lambda r, u: body(r, u, "links").links,
    "response: no links": lambda r, u: body(r, u, "plain").links,
    "response: a reason of its own": lambda r, u: body(r, u, "strange reason").reason,
    "response: no reason": lambda r, u: body(r, u, "no reason").reason,
    "response: an unusual status": lambda r, u: body(r, u, "unusual status"),
    "response: elapsed": lambda r, u: isinstance(body(r, u, "plain").elapsed, timedelta),
    "response: cookies": lambda r, u: r.get(u + "/cookies?c=a%3D1%3BPath%3D/&c=b%3D2").cookies.get_dict(),
    "response: cookies kept by the session": lambda r, u: kept(r, u),
    "response: its request": lambda r, u: [r.post(u + "/echo", data="x").request.body, r.post(u + "/echo", json=[1]).request.body],
    "response: iter_content": lambda r, u: [len(p) for p in body(r, u, "chunked").iter_content(1024)],
    "response: iter_content of a stream": lambda r, u: b"".join(body(r, u, "chunked", stream=True).iter_content(7)).decode(),
    "response: iter_content by one": lambda r, u: [p.decode() for p in body(r, u, "plain", stream=True).iter_content()],
    "response: iter_content wants a number": lambda r, u: list(body(r, u, "plain").iter_content("x")),
    "response: iter_content twice": lambda r, u: twice(body(r, u, "chunked", stream=True)),
    "response: content after a part": lambda r, u: after_a_part(body(r, u, "chunked", stream=True)),
    "response: iteration": lambda r, u: [len(p) for p in body(r, u, "chunked", stream=True)][:3],
    "response: iter_lines": lambda r, u: [p.decode() for p in body(r, u, "lines").iter_lines()],
    "response: iter_lines as text": lambda r, u: list(body(r, u, "lines", stream=True).iter_lines(decode_unicode=True)),
    "response: iter_lines at a delimiter": lambda r, u: list(body(r, u, "plain").iter_lines(delimiter=b" ")),
    "response: raw": lambda r, u: by_reading(r, u, lambda x: x.raw.read(10), lambda x: x.raw.read(), lambda x: x.raw.read()),
    "response: raw has what came": lambda r, u: body(r, u, "gzip", stream=True).raw.read(2),
    "response: raw decodes when asked": lambda r, u: len(body(r, u, "gzip", stream=True).raw.read(decode_content=True)),
    "response: gzip and deflate": lambda r, u: [body(r, u, k).text[:6] for k in ("gzip", "deflate", "raw deflate")],
    "response: closed": lambda r, u: body(r, u, "plain", stream=True).close(),
    "response: pickled": lambda r, u: pickled_response(r, u),
    "response: made by hand": lambda r, u: made(r),
}  # fmt: skip


def message(response: Any) -> str:
    try:
        response.raise_for_status()
    except Exception as error:
        return f"{error}".replace(response.url, "URL")
    return ""


def kept(library: Any, url: str) -> Any:
    session = library.Session()
    session.get(url + "/cookies?c=a%3D1%3BPath%3D/")
    return [session.cookies["a"], list(session.cookies.keys()), session.cookies.get("b", "none"), "a" in session.cookies]  # fmt: skip


def twice(response: Any) -> Any:
    first = len(b"".join(response.iter_content(1000)))
    return [first, list(response.iter_content(1000))]


def after_a_part(response: Any) -> Any:
    next(response.iter_content(10))
    return len(response.content)


def encodings(library: Any, url: str, kind: str) -> Any:
    response = body(library, url, kind)
    return [response.encoding, response.text]


def assigned(response: Any, encoding: str) -> Any:
    response.encoding = encoding
    return response.text


TEXT: Table = {
    "text: UTF-8 in HTML": lambda r, u: encodings(r, u, "utf-8 as html"),
    "text: Latin-1 in HTML": lambda r, u: encodings(r, u, "latin-1 as html"),
    "text: a charset": lambda r, u: encodings(r, u, "latin-1"),
    "text: a quoted charset": lambda r, u: encodings(r, u, "quoted charset"),
    "text: an unknown charset": lambda r, u: encodings(r, u, "unknown charset"),
    "text: no type": lambda r, u: encodings(r, u, "no type"),
    "text: nothing": lambda r, u: encodings(r, u, "empty"),
    "text: an encoding that was assigned": lambda r, u: assigned(body(r, u, "utf-8 as html"), "utf-8"),
    "text: iter_content without a charset": lambda r, u: ["".join(map(str, body(r, u, "no type").iter_content(10, decode_unicode=True)))],
    "json: a document": lambda r, u: body(r, u, "json").json(),
    "json: in UTF-16": lambda r, u: body(r, u, "json in utf-16").json(),
    "json: with a byte order mark": lambda r, u: body(r, u, "json with a mark").json(),
    "json: arguments": lambda r, u: body(r, u, "json").json(parse_int=str),
    "json: none": lambda r, u: body(r, u, "no json").json(),
    "json: of nothing": lambda r, u: body(r, u, "empty").json(),
    "json: what its error says": lambda r, u: json_error(r, u),
}  # fmt: skip


def json_error(library: Any, url: str) -> Any:
    try:
        body(library, url, "no json").json()
    except library.exceptions.JSONDecodeError as error:
        return [error.doc, error.pos, error.msg, str(error), error.response is not None]
    raise AssertionError("it did not fail")


def refused(library: Any) -> Any:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # and nobody listens
        return library.get(f"http://127.0.0.1:{unused.getsockname()[1]}/")


def silent(library: Any, **more: Any) -> Any:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()  # and nobody answers
        return library.get(f"http://127.0.0.1:{listening.getsockname()[1]}/", **more)


FAILURES: Table = {
    "failure: no scheme": lambda r, u: r.get("a.test/x"),
    "failure: no host": lambda r, u: r.get("http:///x"),
    "failure: no URL": lambda r, u: r.get(""),
    "failure: None for a URL": lambda r, u: r.get(None),
    "failure: an unknown scheme": lambda r, u: r.get("gopher://a.test/"),
    "failure: a host with a blank": lambda r, u: r.get("http://a b.test/"),
    "failure: a host that begins with a star": lambda r, u: r.get("http://*a.test/"),
    "failure: a port that is none": lambda r, u: r.get("http://a.test:x/"),
    "failure: a port that is too large": lambda r, u: r.get("http://127.0.0.1:99999/"),
    "failure: nobody listens": lambda r, u: refused(r),
    "failure: no answer in time": lambda r, u: silent(r, timeout=0.05),
    "failure: a timeout of three": lambda r, u: r.get(u + "/echo", timeout=(1, 2, 3)),
    "failure: a timeout in words": lambda r, u: r.get(u + "/echo", timeout="soon"),
    "failure: a timeout of zero": lambda r, u: r.get(u + "/echo", timeout=0),
    "failure: cut short": lambda r, u: body(r, u, "cut short"),
    "failure: cut in its chunks": lambda r, u: body(r, u, "cut chunks"),
    "failure: no gzip": lambda r, u: body(r, u, "broken gzip"),
    "failure: cut gzip": lambda r, u: body(r, u, "cut gzip").text[:6],
    "failure: a proxy that is none": lambda r, u: r.get("http://a.test/", proxies={"http": "http://"}),
    "failure: a proxy that is not there": lambda r, u: r.get("http://a.test/", proxies={"http": "http://127.0.0.1:9"}),
    "failure: an auth that is none": lambda r, u: r.get(u + "/echo", auth=5),
    "failure: files that are none": lambda r, u: r.post(u + "/echo", files=5),
    "failure: a bundle that is not there": lambda r, u: r.get(u.replace("http:", "https:"), verify="/nowhere/x.pem"),
    "failure: its request and response": lambda r, u: [carried(r, lambda: refused(r)), carried(r, lambda: r.get(u + "/status/500").raise_for_status())],
    "failure: the family": lambda r, u: {n: [b for b in ERRORS if issubclass(getattr(r.exceptions, n), getattr(r.exceptions, b))] for n in ERRORS},
    "failure: made by hand": lambda r, u: by_name(r),
}  # fmt: skip


def by_name(library: Any) -> Any:
    response = library.Response()
    response.request = library.Request("GET", "http://h.test/").prepare()
    error = library.exceptions.HTTPError("text", response=response)
    plain = library.exceptions.ConnectionError("x")
    return [str(error), error.response is response, error.request is response.request, plain.args, plain.request]  # fmt: skip
