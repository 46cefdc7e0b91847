"""Calls whose point is what comes back: bodies, text, errors."""

from __future__ import annotations

import gzip
import io
import json
import os
import pickle
import shutil
import socket
from datetime import timedelta
from pathlib import Path
from typing import Any

from rows import ERRORS, Table, carried, make


def main(url: str, folder: Path) -> dict[str, Any]:
    os.chdir(folder)
    return make({**RESPONSES, **TEXT, **RETRIES, **FAILURES}, url)


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
    "response: raw copied to a file": lambda r, u: len(copied_out(body(r, u, "chunked", stream=True).raw)),
    "response: raw copied and decoded": lambda r, u: decoded_out(body(r, u, "gzip", stream=True).raw),
    "response: raw under a codec": lambda r, u: gzip.GzipFile(fileobj=body(r, u, "gzip", stream=True).raw).read(6).decode(),
    "response: raw under a text reader": lambda r, u: list(io.TextIOWrapper(body(r, u, "plain", stream=True).raw, "utf-8")),
    "response: raw and its attributes": lambda r, u: [(x.status, x.reason, x.version, x.headers["content-type"], x.closed, x.readable()) for x in [body(r, u, "plain", stream=True).raw]],
    "response: raw by pieces": lambda r, u: [len(p) for p in body(r, u, "plain", stream=True).raw.stream(4)],
    "response: raw given back": lambda r, u: body(r, u, "plain", stream=True).raw.release_conn(),
    "response: raw as JSON": lambda r, u: json.load(body(r, u, "json", stream=True).raw),
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


def pickled_response(library: Any, url: str) -> Any:
    again = pickle.loads(pickle.dumps(library.get(url + "/to/302")))
    return [again.status_code, again.text, len(again.history), again.headers["content-type"], again.url == url + "/echo"]  # fmt: skip


def made(library: Any) -> Any:
    response = library.Response()
    blank = [getattr(response, n) for n in ("status_code", "url", "encoding", "reason", "history")]
    response.status_code = 404
    response._content = b'{"a": 1}'
    return [blank, response.json(), response.ok, bool(response), response.text]


def kept(library: Any, url: str) -> Any:
    session = library.Session()
    session.get(url + "/cookies?c=a%3D1%3BPath%3D/")
    return [session.cookies["a"], list(session.cookies.keys()), session.cookies.get("b", "none"), "a" in session.cookies]  # fmt: skip


def copied_out(raw: Any) -> bytes:
    file = io.BytesIO()
    shutil.copyfileobj(raw, file)
    return file.getvalue()


def decoded_out(raw: Any) -> str:
    raw.decode_content = True
    return copied_out(raw).decode()[:12]


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


def retrying(library: Any, url: str, method: str, path: str, **policy: Any) -> Any:
    from urllib3 import Retry

    session = library.Session()
    retries = Retry(**{"backoff_factor": 0, "status_forcelist": [503], **policy})
    session.mount(url, library.adapters.HTTPAdapter(max_retries=retries))
    response = session.request(method, url + path, data=b"x" if method == "POST" else None)
    return [response.status_code, len(response.history)]


RETRIES: Table = {
    "retries: of a status": lambda r, u: retrying(r, u, "GET", "/status/503", total=2),
    "retries: of a status, in the end returned": lambda r, u: retrying(r, u, "GET", "/status/503", total=2, raise_on_status=False),
    "retries: of another status": lambda r, u: retrying(r, u, "GET", "/status/500", total=2),
    "retries: not of a POST": lambda r, u: retrying(r, u, "POST", "/status/503", total=2),
    "retries: of a POST": lambda r, u: retrying(r, u, "POST", "/status/503", total=2, allowed_methods=None, raise_on_status=False),
    "retries: of redirected requests": lambda r, u: retrying(r, u, "GET", "/hops/2", total=2),
    "retries: of a body that was cut": lambda r, u: retrying(r, u, "GET", "/body/cut short", total=2),
    "retries: none left": lambda r, u: retrying(r, u, "GET", "/status/503", total=0),
    "retries: a number": lambda r, u: numbered(r, u),
}  # fmt: skip


def numbered(library: Any, url: str) -> Any:
    session = library.Session()
    session.mount("http://", library.adapters.HTTPAdapter(max_retries=2))
    return [session.get(url + "/status/503").status_code, refused(session)]


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
