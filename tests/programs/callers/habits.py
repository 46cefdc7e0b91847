"""Calls as programs often have them."""

from __future__ import annotations

import contextlib
import csv
import http.cookiejar
import io
import json
import os
import pickle
import tarfile
import threading
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from rows import Table, make


def main(url: str, folder: Path) -> dict[str, Any]:
    os.chdir(folder)
    (folder / "report.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    return make({**GENERATED, **SHOWN, **JARS, **STREAMS, **SCHEMES, **TRANSPORTS}, url)


def report() -> Any:
    return open("report.csv", "rb")


GENERATED: Table = {
    "as generated: empty arguments": lambda r, u: r.request("GET", u + "/echo", headers={}, data={}, files=[]),
    "as generated: a text": lambda r, u: r.request("POST", u + "/echo", headers={"Content-Type": "application/json"}, data=json.dumps({"a": "\u00e4"})),
    "as generated: a file": lambda r, u: r.request("POST", u + "/echo", headers={}, data={"k": "v"}, files=[("file", ("report.csv", report(), "text/csv"))]),
    "as generated: a part of JSON": lambda r, u: r.post(u + "/echo", files={"meta": (None, json.dumps({"a": 1}), "application/json"), "file": report()}),
    "as generated: encoded params": lambda r, u: r.get(u + "/echo", params=urlencode({"a": "x:y+z"}, safe=":+")),
    "as generated: a range": lambda r, u: r.get(u + "/echo", headers={"Range": "bytes=0-99"}),
    "as generated: no proxies": lambda r, u: r.get(u + "/echo", proxies={"http": None, "https": None}),
    "as generated: empty proxies": lambda r, u: r.get(u + "/echo", proxies={"http": "", "https": ""}),
    "as generated: encoding of a form": lambda r, u: r.post(u + "/echo", data="a=1&b=2", headers={"Content-Type": "application/x-www-form-urlencoded"}),
    "as generated: everything": lambda r, u: r.post(u + "/echo", params={"p": 1}, data={"d": 2}, headers={"X-H": "3"}, cookies={"c": "4"}, auth=("a", "b"), timeout=(3, 5), allow_redirects=True, proxies={}, hooks={}, stream=False, verify=True, cert=None),
    "as generated: lower-case methods": lambda r, u: r.request("patch", u + "/echo", json={"op": "add"}),
    "as generated: a method of its own": lambda r, u: r.request("PROPFIND", u + "/status/405"),
    "as generated: numbers in a form": lambda r, u: r.post(u + "/echo", data={"i": 1, "f": 1.5, "b": True, "n": [1, 2]}),
    "as generated: nested form": lambda r, u: r.post(u + "/echo", data={"a[b]": "c", "d[]": ["1", "2"]}),
    "as generated: a dict of dicts in a form": lambda r, u: r.post(u + "/echo", data={"a": {"b": "c"}}),
}  # fmt: skip


def pretty(prepared: Any) -> str:
    fields = sorted(f"{name}: {value}" for name, value in prepared.headers.items())
    return "\n".join([f"{prepared.method} {prepared.url}", *fields, "", str(prepared.body)])


def error_body(library: Any, url: str) -> Any:
    try:
        library.get(url + "/body/strange_reason").raise_for_status()
    except library.exceptions.HTTPError as error:
        return [error.response.status_code, error.response.reason, error.response.text, error.request.method]  # fmt: skip
    raise AssertionError


SHOWN: Table = {
    "shown: a prepared request": lambda r, u: pretty(r.Request("POST", u + "/x", headers={"X-A": "1"}, data={"a": 1}).prepare()),
    "shown: headers as a dict": lambda r, u: sorted(dict(r.get(u + "/body/plain").headers)),
    "shown: headers as JSON": lambda r, u: sorted(json.loads(json.dumps(dict(r.get(u + "/body/plain").headers)))),
    "shown: headers are equal": lambda r, u: r.get(u + "/body/empty").headers == {"content-TYPE": "text/plain; charset=utf-8", "CONTENT-length": "0"},
    "shown: a header that is not there": lambda r, u: [r.get(u + "/body/plain").headers.get("x"), r.get(u + "/body/plain").headers.get("x", 5)],
    "shown: seconds": lambda r, u: r.get(u + "/echo").elapsed.total_seconds() < 5,
    "shown: the body of an error": lambda r, u: error_body(r, u),
    "shown: codes": lambda r, u: [r.codes.ok, r.codes["not_found"], r.codes.teapot, r.get(u + "/status/404").status_code == r.codes.not_found],
    "shown: Location of the first": lambda r, u: r.get(u + "/hops/2").history[0].headers["Location"],
    "shown: where it went": lambda r, u: [x.request.url == x.url for x in [r.get(u + "/hops/1", headers={"X-A": "1"})]],
    "shown: JSON hooks": lambda r, u: r.get(u + "/body/json").json(object_pairs_hook=list),
    "shown: the session's headers": lambda r, u: sorted(n.lower() for n in r.Session().headers),
}  # fmt: skip


def saved(library: Any, url: str) -> Any:
    session = library.Session()
    session.get(url + "/cookies?c=a%3D1%3BMax-Age%3D900&c=b%3D2")
    with open("jar", "wb") as file:
        pickle.dump(session.cookies, file)
    other = library.Session()
    with open("jar", "rb") as file:
        other.cookies.update(pickle.load(file))
    return [other.get(url + "/echo").ok, sorted(other.cookies.items())]


def in_a_file(library: Any, url: str) -> Any:
    session = library.Session()
    session.cookies = http.cookiejar.LWPCookieJar("cookies.txt")
    session.get(url + "/cookies?c=a%3D1%3BMax-Age%3D900&c=b%3D2")
    session.cookies.save(ignore_discard=True)
    other = library.Session()
    other.cookies = http.cookiejar.LWPCookieJar("cookies.txt")
    other.cookies.load(ignore_discard=True)
    return [other.get(url + "/echo").ok, sorted(cookie.name for cookie in other.cookies)]


def with_operations(library: Any) -> Any:
    jar = library.cookies.RequestsCookieJar()
    jar.set("a", "1", domain="x.test", path="/")
    jar.set("a", "2", domain="y.test", path="/p")
    jar.set("b", "3")
    found = [
        jar.get("a", domain="x.test"),
        jar.get("c", "none"),
        sorted(jar.list_domains()),
        sorted(jar.list_paths()),
    ]
    found += [jar.get_dict(domain="y.test"), "b" in jar, len(jar), sorted(jar.keys())]
    jar.set("b", None)
    jar.clear(domain="x.test")
    return [*found, sorted(jar.items()), dict(jar), bool(jar)]


JARS: Table = {
    "jars: saved by pickle": lambda r, u: saved(r, u),
    "jars: saved to a file": lambda r, u: in_a_file(r, u),
    "jars: operations": lambda r, u: with_operations(r),
    "jars: two of one name": lambda r, u: conflicting(r),
    "jars: cleared": lambda r, u: [s.cookies.clear() or s.get(u + "/echo").ok for s in [r.Session()] for _ in [s.cookies.update({"a": "1"})]],
    "jars: of a response as a dict": lambda r, u: dict(r.get(u + "/cookies?c=a%3D1&c=b%3D2").cookies),
    "jars: attributes of a cookie": lambda r, u: [(c.name, c.value, c.path, c.secure, c.is_expired(), c.has_nonstandard_attr("HttpOnly")) for c in r.get(u + "/cookies?c=a%3D1%3BPath%3D/%3BHttpOnly").cookies],
    "jars: a copy": lambda r, u: [len(c), len(j)] if (j := r.cookies.cookiejar_from_dict({"a": "1"})) and (c := j.copy()).set("b", "2") else None,
    "jars: merged": lambda r, u: sorted(r.cookies.merge_cookies(r.cookies.cookiejar_from_dict({"a": "1"}), {"b": "2"}).items()),
    "jars: a cookie made by hand": lambda r, u: by_hand(r, u),
}  # fmt: skip


def conflicting(library: Any) -> Any:
    jar = library.cookies.RequestsCookieJar()
    jar.set("a", "1", domain="x.test")
    jar.set("a", "2", domain="y.test")
    try:
        jar["a"]
    except library.cookies.CookieConflictError as error:
        return isinstance(error, RuntimeError)
    raise AssertionError


def by_hand(library: Any, url: str) -> Any:
    session = library.Session()
    cookie = library.cookies.create_cookie(
        "n", "v", domain="127.0.0.1", path="/", rest={"HttpOnly": True}
    )
    session.cookies.set_cookie(cookie)
    return session.get(url + "/echo")


def unpacked(library: Any, url: str) -> Any:
    with library.get(url + "/body/tar", stream=True) as response, tarfile.open(fileobj=response.raw, mode="r|gz") as archive:  # fmt: skip
        return [(member.name, archive.extractfile(member).read().decode()) for member in archive]


def in_threads(library: Any, url: str) -> Any:
    found: list[int] = []
    session = library.Session()
    threads = [threading.Thread(target=lambda: found.append(session.get(url).status_code)) for _ in range(6)]  # fmt: skip
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def to_a_file(library: Any, url: str) -> Any:
    from requests_toolbelt.downloadutils.stream import stream_response_to_file

    response = library.get(url + "/body/chunked", stream=True)
    name = stream_response_to_file(response, path="streamed.txt", chunksize=100)
    return [name, Path("streamed.txt").stat().st_size]


def based(url: str) -> Any:
    from requests_toolbelt.sessions import BaseUrlSession

    with BaseUrlSession(base_url=url + "/") as session:
        return [session.get("echo/x"), session.post("echo", json={"a": 1}).ok]


STREAMS: Table = {
    "streams: by requests_toolbelt": lambda r, u: to_a_file(r, u),
    "streams: closing": lambda r, u: closed(r, u),
    "streams: CSV by lines": lambda r, u: list(csv.reader(r.get(u + "/body/table", stream=True).iter_lines(decode_unicode=True))),
    "streams: an archive": lambda r, u: unpacked(r, u),
    "streams: in threads": lambda r, u: in_threads(r, u + "/echo"),
    "streams: read and then text": lambda r, u: [x.content and x.text for x in [r.get(u + "/body/plain", stream=True)]],
    "streams: text twice": lambda r, u: [x.text + x.text for x in [r.get(u + "/body/plain", stream=True)]],
    "streams: pieces of what was read": lambda r, u: [list(map(len, x.iter_content(5))) for x in [r.get(u + "/body/plain")] for _ in range(2)],
    "streams: empty": lambda r, u: list(r.get(u + "/body/empty", stream=True).iter_content(10)),
    "streams: lines of nothing": lambda r, u: list(r.get(u + "/body/empty", stream=True).iter_lines()),
    "streams: one line that is long": lambda r, u: [len(x) for x in r.get(u + "/body/chunked", stream=True).iter_lines()],
    "streams: a length before reading": lambda r, u: int(r.get(u + "/body/plain", stream=True).headers["content-length"]),
    "streams: HEAD": lambda r, u: [x.text for x in [r.head(u + "/body/plain")]],
}  # fmt: skip


def closed(library: Any, url: str) -> Any:
    with contextlib.closing(library.get(url + "/body/chunked", stream=True)) as response:
        return next(response.iter_content(10)).decode()


def token(library: Any, url: str) -> Any:
    class Token(library.auth.AuthBase):  # type: ignore[misc,name-defined]
        def __init__(self) -> None:
            self.calls = 0

        def __call__(self, request: Any) -> Any:
            self.calls += 1
            request.headers["Authorization"] = f"Token {self.calls}"
            request.register_hook("response", self.seen)
            return request

        def seen(self, response: Any, **kwargs: Any) -> Any:
            if response.status_code == 401:
                response.content  # noqa: B018  # so that the connection is free again
                again = response.request.copy()
                again.headers["Authorization"] = "Token again"
                second = response.connection.send(again, **kwargs)
                second.history.append(response)
                second.request = again
                return second
            return response

    scheme = Token()
    session = library.Session()
    session.auth = scheme
    response = session.get(url + "/status/401")
    return [response.status_code, scheme.calls, len(response.history)]


SCHEMES: Table = {
    "schemes: a class with a hook": lambda r, u: token(r, u + "/x") and token(r, u),
    "schemes: digest twice": lambda r, u: [s.get(u + "/digest").status_code for s in [with_auth(r, r.auth.HTTPDigestAuth("u", "p"))] for _ in range(2)],
    "schemes: a lambda": lambda r, u: r.get(u + "/echo", auth=lambda request: request),
    "schemes: what changes the URL": lambda r, u: r.get(u + "/echo?a=1", auth=signing).url,
    "schemes: compared": lambda r, u: [r.auth.HTTPBasicAuth("a", "b") == r.auth.HTTPBasicAuth("a", "b"), r.auth.HTTPBasicAuth("a", "b") == r.auth.HTTPBasicAuth("a", "c"), r.auth.HTTPDigestAuth("a", "b") == r.auth.HTTPDigestAuth("a", "b")],
    "schemes: none for one call": lambda r, u: with_auth(r, ("a", "b")).get(u + "/echo", auth=lambda request: request),
    "schemes: empty password": lambda r, u: r.get(u + "/echo", auth=("key", "")),
}  # fmt: skip


def with_auth(library: Any, auth: Any) -> Any:
    session = library.Session()
    session.auth = auth
    return session


def signing(request: Any) -> Any:
    request.url += "&signature=2"
    return request


def own_context(library: Any, url: str) -> Any:
    class WithContext(library.adapters.HTTPAdapter):  # type: ignore[misc,name-defined]
        def init_poolmanager(self, *args: Any, **kwargs: Any) -> Any:
            import ssl

            kwargs["ssl_context"] = ssl.create_default_context()
            return super().init_poolmanager(*args, **kwargs)

    session = library.Session()
    session.mount("http://", WithContext())
    return session.get(url + "/echo")


def waiting(library: Any, url: str) -> Any:
    from urllib3 import Timeout

    return library.get(url + "/echo", timeout=Timeout(connect=3, read=4))


TRANSPORTS: Table = {
    "transports: a base URL of requests_toolbelt": lambda r, u: based(u),
    "transports: a context of TLS": lambda r, u: own_context(r, u),
    "transports: a timeout of urllib3": lambda r, u: waiting(r, u),
    "transports: the mounted ones": lambda r, u: [type(r.Session().adapters[p]).__name__ for p in ("http://", "https://")],
    "transports: their retries": lambda r, u: isinstance(r.adapters.HTTPAdapter(max_retries=3), r.adapters.BaseAdapter),
    "transports: chosen by a subclass": lambda r, u: chosen(r, u),
    "transports: a response of urllib3": lambda r, u: built(r, u),
    "transports: a response for another scheme": lambda r, u: built(r, "mock://h.test/x"),
    "transports: the longest prefix": lambda r, u: prefixes(r),
    "transports: keep-alive off": lambda r, u: kept_off(r, u),
    "transports: send by an adapter": lambda r, u: r.adapters.HTTPAdapter().send(r.Request("GET", u + "/echo").prepare()).status_code,
}  # fmt: skip


def chosen(library: Any, url: str) -> Any:
    class Canned(library.adapters.BaseAdapter):  # type: ignore[misc,name-defined]
        def send(self, request: Any, **kwargs: Any) -> Any:
            response = library.Response()
            response.status_code, response.request, response.url = 202, request, request.url
            return response

    class Choosing(library.Session):  # type: ignore[misc,name-defined]
        def get_adapter(self, url: str) -> Any:
            return Canned() if url.endswith("/canned") else super().get_adapter(url)

    session = Choosing()
    return [session.get(url + "/canned").status_code, session.get(url + "/echo").status_code]


def built(library: Any, url: str) -> Any:
    from urllib3 import HTTPResponse

    class Building(library.adapters.HTTPAdapter):  # type: ignore[misc,name-defined]
        def send(self, request: Any, **kwargs: Any) -> Any:
            fields = {"X-A": "b", "Content-Type": "text/plain; charset=utf-8"}
            body = io.BytesIO("h\u00e9".encode())
            raw = HTTPResponse(body, headers=fields, status=203, reason="So", preload_content=False)
            return self.build_response(request, raw)

    session = library.Session()
    session.mount(url, Building())
    response = session.get(url)
    return [response, response.headers["x-a"], response.encoding, len(session.cookies)]


def prefixes(library: Any) -> Any:
    session = library.Session()
    made = {
        p: library.adapters.HTTPAdapter()
        for p in ("http://a.test", "http://a.test/deep", "https://")
    }
    for prefix, adapter in made.items():
        session.mount(prefix, adapter)
    asked = ("http://a.test/x", "http://A.TEST/deep/er", "https://b.test/", "http://b.test/")
    return [[p for p, adapter in made.items() if session.get_adapter(u) is adapter] for u in asked]


def kept_off(library: Any, url: str) -> Any:
    session = library.Session()
    session.keep_alive = False
    session.headers["Connection"] = "close"
    return [session.get(url + "/echo").ok, session.get(url + "/echo").ok]
