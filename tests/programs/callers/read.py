"""Responses as programs read them in rarer ways: raw, lines, text, JSON, links; made and copied."""

from __future__ import annotations

import contextlib
import copy
import csv
import functools
import gzip
import io
import json
import os
import pickle
import shutil
import tarfile
import xml.etree.ElementTree
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

from rows import Table, answer, failing, make


def main(url: str, folder: Path) -> dict[str, Any]:
    os.chdir(folder)
    return make({**HEADS, **RAW, **LINES, **TEXTS, **PIECES, **COPIES, **MADE}, url)


def stream(library: Any, url: str, kind: str = "plain") -> Any:
    return library.get(f"{url}/body/{kind}", stream=True)


def caught(call: Callable[[], Any]) -> Any:
    try:
        call()
    except Exception as error:
        return error
    raise AssertionError("it did not fail")


TWICE = ["Set-Cookie: a=1", "Set-Cookie: b=2"]

HEADS: Table = {
    "heads: what raise_for_status says": lambda r, u: [str(caught(r.get(f"{u}/status/{s}").raise_for_status)) for s in (404, 418, 503)],
    "heads: what raises": lambda r, u: [failing(r.get(f"{u}/status/{s}").raise_for_status) for s in (200, 304, 399, 400, 599)],
    "heads: names as they came": lambda r, u: [n for n in r.get(answer(u, header=["X-Aa: 1", "x-bb: 2"])).headers if n.lower().startswith("x-")],
    "heads: repeated fields": lambda r, u: [r.get(answer(u, header=["X-A: 1", "X-a: 2"])).headers["x-a"], r.get(answer(u, header=TWICE)).headers["set-cookie"]],
    "heads: repeated fields of raw": lambda r, u: [get(r.get(answer(u, header=TWICE)).raw.headers) for get in (lambda h: h.getlist("set-cookie"), lambda h: h.get_all("Set-Cookie"))],
    "heads: operations": lambda r, u: [[h.pop("CONTENT-TYPE"), "X" in h.copy(), len(h) > 0, dict(**h) == dict(h)] for h in [r.get(u + "/body/plain").headers]],
    "heads: links": lambda r, u: [r.get(answer(u, header="Link: " + x)).links for x in ('<http://a/?p=2>; rel="next"', "<a>; rel=next, <b>; rel='prev'", "<a>", '<a,b>; rel="x"', '<http://x/?a=1,2>; rel="next", <b>; rel="last"', '< a >; rel="n"')],
    "heads: of HEAD": lambda r, u: [[x.headers["content-length"], x.text] for x in [r.head(u + "/body/plain")]],
    "heads: of nothing": lambda r, u: [r.get(answer(u, status=204, coding="x")).content.decode(), r.head(answer(u, body="x", coding="gzip")).content.decode()],
}  # fmt: skip


def decoding(response: Any) -> str:
    response.raw.read = functools.partial(response.raw.read, decode_content=True)
    file = io.BytesIO()
    shutil.copyfileobj(response.raw, file)
    return file.getvalue().decode()


def into(raw: Any) -> Any:
    buffer = bytearray(5)
    return [raw.readinto(buffer), bytes(buffer).decode()]


def parsed(response: Any) -> Any:
    response.raw.decode_content = True
    return xml.etree.ElementTree.parse(response.raw).getroot()[0].text


RAW: Table = {
    "raw: its version and what is left of it": lambda r, u: [[x.version, x.status, x.reason, x.chunked, x.length_remaining, x.supports_chunked_reads()] for x in (stream(r, u).raw, stream(r, u, "chunked").raw)],
    "raw: what is left when some was read": lambda r, u: [[x.read(4).decode(), x.tell(), x.length_remaining, x.closed, x.read().decode(), x.length_remaining, x.closed] for x in [stream(r, u).raw]],
    "raw: after the content": lambda r, u: [[x.content.decode(), x.raw.read().decode(), x.raw.isclosed()] for x in [r.get(u + "/body/plain")]],
    "raw: as data": lambda r, u: stream(r, u).raw.data,
    "raw: decoded": lambda r, u: [stream(r, u, "gzip").raw.read(10, decode_content=True).decode(), b"".join(stream(r, u, "gzip").raw.stream(10, decode_content=True)).decode(), decoding(stream(r, u, "gzip"))],
    "raw: as it came": lambda r, u: gzip.decompress(stream(r, u, "gzip").raw.read()),
    "raw: chunks": lambda r, u: b"".join(stream(r, u, "chunked").raw.read_chunked()),
    "raw: into a buffer": lambda r, u: into(stream(r, u).raw),
    "raw: under readers": lambda r, u: [io.BufferedReader(stream(r, u).raw).read(5).decode(), list(io.TextIOWrapper(stream(r, u, "lines").raw, encoding="utf-8"))],
    "raw: lines": lambda r, u: [x.decode() for x in stream(r, u, "table").raw],
    "raw: parsed": lambda r, u: parsed(r.get(answer(u, body="<a><b>1</b></a>", header="Content-Type: text/xml"), stream=True)),
    "raw: its head": lambda r, u: [[x.info()["content-type"], x.geturl() is not None] for x in [stream(r, u).raw]],
    "raw: given back": lambda r, u: [stream(r, u).raw.drain_conn(), stream(r, u).raw.release_conn()],
    "raw: that is cut short": lambda r, u: stream(r, u, "cut short").raw.read(),
}  # fmt: skip

BODIES = ["a|b|c", "", "a", "a||b", "|a", "x\ny", "x\r\ny\r\n", "\n", "\r\n\r\n", "a\x0bb\x1cc"]
ENDING = ["a|b|", "abab", "x\r\ny\r\n"]
PLAIN = "Content-Type: text/plain; charset=utf-8"


def lines(library: Any, url: str, **options: Any) -> Any:
    made = []
    for body in options.pop("bodies", BODIES):
        response = library.get(answer(url, body=body, header=PLAIN), stream=True)
        made.append(
            [x if isinstance(x, str) else x.decode() for x in response.iter_lines(**options)]
        )
    return made


LINES: Table = {
    "lines: of bytes": lambda r, u: lines(r, u),
    "lines: of text": lambda r, u: lines(r, u, decode_unicode=True, bodies=[*BODIES, "a\u0085b"]),
    "lines: at a delimiter": lambda r, u: [lines(r, u, delimiter=d, bodies=BODIES[:6]) for d in (b"|", b"ab", b" ")],
    "lines: of text at a delimiter": lambda r, u: lines(r, u, delimiter="|", decode_unicode=True, bodies=BODIES[:6]),
    "lines: at a delimiter that ends a piece": lambda r, u: [lines(r, u, delimiter=d, bodies=ENDING) for d in (b"|", b"ab", b"\r\n")],
    "lines: of pieces": lambda r, u: [x.decode() for x in stream(r, u, "lines").iter_lines(chunk_size=1)],
    "lines: of what was read": lambda r, u: [[x.content and [y.decode() for y in x.iter_lines()]] for x in [stream(r, u, "lines")]],
    "lines: of large pieces": lambda r, u: list(stream(r, u, "lines").iter_lines(chunk_size=None, decode_unicode=True)),
    "lines: a delimiter of another type": lambda r, u: list(stream(r, u, "lines").iter_lines(delimiter="|")),
    "lines: of a body that is cut short": lambda r, u: list(stream(r, u, "cut short").iter_lines()),
    "lines: of JSON": lambda r, u: [json.loads(x) for x in r.get(answer(u, body='{"a":1}\n\n{"a":2}\n'), stream=True).iter_lines() if x],
    "lines: of CSV": lambda r, u: [dict(x) for x in csv.DictReader(x.decode() for x in stream(r, u, "table").iter_lines())],
    "lines: in a block": lambda r, u: lines_in_a_block(r, u),
}  # fmt: skip


def lines_in_a_block(library: Any, url: str) -> Any:
    with contextlib.closing(stream(library, url, "lines")) as response:
        return [line.decode() for line in response.iter_lines()]


CHARSETS = ['text/plain; charset="UTF-8"', "text/plain; Charset=utf-8", "text/plain;charset=utf-8", "text/plain; charset = utf-8", "text/plain; charset=utf-8; x=y", "text/plain; charset=utf8", "text/plain; charset=latin1"]  # fmt: skip


def text_of(library: Any, url: str, body: bytes, charset: str) -> Any:
    kind = f"Content-Type: text/plain; charset={charset}"
    return library.get(answer(url, body=body.decode("latin-1"), header=kind)).text


def assigned(response: Any, *encodings: Any) -> Any:
    found = []
    for encoding in encodings:
        response.encoding = encoding
        found.append(response.text)
    return found


def json_of(library: Any, url: str, body: str, kind: str = "application/json") -> Any:
    return library.get(answer(url, body=body, header=f"Content-Type: {kind}")).json()


def json_error(library: Any, url: str, body: str) -> Any:
    error = caught(lambda: json_of(library, url, body))
    named = isinstance(error, library.exceptions.RequestException)
    return [str(error), error.doc, error.pos, error.lineno, error.colno, error.msg, named]


TEXTS: Table = {
    "texts: names of charsets": lambda r, u: [r.get(answer(u, body="x", header="Content-Type: " + x)).encoding for x in CHARSETS],
    "texts: bytes that are none": lambda r, u: [text_of(r, u, b"a\xffb", charset) for charset in ("utf-8", "ascii", "latin-1")],
    "texts: in UTF-16 and behind a mark": lambda r, u: [text_of(r, u, "a\u00e4".encode("utf-16"), "utf-16"), text_of(r, u, b"\xef\xbb\xbfa", "utf-8")],
    "texts: encodings that are assigned": lambda r, u: assigned(r.get(u + "/body/latin-1"), "latin-1", "utf-8", "cp1252"),
    "texts: the apparent encoding": lambda r, u: r.get(answer(u, body="hello")).apparent_encoding,
    "texts: JSON of any value": lambda r, u: [json_of(r, u, x) for x in ("null", "1", '"x"', "true", "[]", " {} ", "1.5")],
    "texts: JSON that is none": lambda r, u: [failing(lambda x=x: json_of(r, u, x)) for x in ("", "<html>", "{} x", "{'a': 1}")],
    "texts: what its error says": lambda r, u: [json_error(r, u, x) for x in ("<html>", "{} x", '{"a":\n x}')],
    "texts: JSON of no content": lambda r, u: r.get(u + "/status/204").json(),
    "texts: JSON with a hook": lambda r, u: r.get(answer(u, body='{"a":1,"a":2}')).json(object_pairs_hook=list),
    "texts: JSON in Latin-1": lambda r, u: [json_of(r, u, '{"a":"\u00e4"}', "application/json; charset=latin-1")],
    "texts: JSON in Latin-1 that does not say so": lambda r, u: json_of(r, u, '{"a":"\u00e4"}'),
    "texts: JSON as HTML": lambda r, u: json_of(r, u, '{"a":"\u00e4"}'.encode().decode("latin-1"), "text/html"),
}  # fmt: skip


def downloaded(response: Any) -> Any:
    size = sum(len(piece) for piece in response.iter_content(chunk_size=8192) if piece)
    return size == int(response.headers["content-length"])


def in_a_block(library: Any, url: str) -> Any:
    with stream(library, url, "chunked") as response:
        return len(next(response.iter_content(10)))


def closed(response: Any) -> Any:
    response.close()
    response.close()
    return len(response.content)


def broken_off(library: Any, url: str) -> Any:
    session = library.Session()
    for _ in range(3):
        response = session.get(url + "/body/chunked", stream=True)
        next(response.iter_content(10))
        response.close()
    return session.get(url + "/echo").ok


PIECES: Table = {
    "pieces: of a size": lambda r, u: [len(x) for x in r.get(answer(u, body="x", times=100000), stream=True).iter_content(65536)],
    "pieces: of any size": lambda r, u: [len(x) for x in r.get(u + "/body/chunked").iter_content(None)],
    "pieces: of a size that is none": lambda r, u: list(stream(r, u).iter_content(1.5)),
    "pieces: decoded": lambda r, u: sum(len(x) for x in r.get(answer(u, body="x", times=100000, coding="gzip"), stream=True).iter_content(65536)),
    "pieces: as text": lambda r, u: "".join(stream(r, u).iter_content(3, decode_unicode=True)),
    "pieces: and their length": lambda r, u: downloaded(r.get(answer(u, body="x", times=50000), stream=True)),
    "pieces: of what was read": lambda r, u: [[b"".join(x.iter_content(3)).decode(), x.text] for x in [r.get(u + "/body/plain")]],
    "pieces: in a block": lambda r, u: in_a_block(r, u),
    "pieces: of responses that are left": lambda r, u: broken_off(r, u),
    "pieces: of many responses": lambda r, u: sum(len(x.content) for s in [r.Session()] for x in [s.get(u + "/body/chunked", stream=True) for _ in range(30)]),
    "pieces: none after closing": lambda r, u: closed(stream(r, u, "chunked")),
    "pieces: codings in other spellings": lambda r, u: [r.get(answer(u, body="abc", coding=c)).text for c in ("GZIP", "x-gzip", "identity", "aws-chunked", "foo")],
    "pieces: no gzip where it was said": lambda r, u: [failing(lambda x=x: list(r.get(x, stream=True).iter_content(10))) for x in (answer(u, body="abc", header="Content-Encoding: gzip"),)],
    "pieces: nothing where gzip was said": lambda r, u: r.get(answer(u, body="", header="Content-Encoding: gzip")).text,
    "pieces: an archive": lambda r, u: tarfile.open(fileobj=io.BytesIO(r.get(u + "/body/tar").content)).getnames(),
}  # fmt: skip


def told_of_copy(response: Any, made: Any) -> Any:
    same = [getattr(made, n) == getattr(response, n) for n in ("url", "elapsed", "reason", "encoding", "ok", "status_code", "text")]  # fmt: skip
    return [same, made.cookies.get_dict(), made.request.url, made.history, dict(made.headers) == dict(response.headers)]  # fmt: skip


def changed(response: Any, library: Any) -> Any:
    response.status_code, response.reason, response.url = 418, "Tea", "http://z.test/"
    response.headers, response.history, response.elapsed = {"a": "b"}, [1], timedelta(1)
    response.note = 1
    response._content = b'{"a": 1}'
    found = [response.ok, response.json(), response.text, response.elapsed.days, response.note]
    return [*found, failing(response.raise_for_status)]


COPIES: Table = {
    "copies: by pickle, copy and deepcopy": lambda r, u: [told_of_copy(x, make_copy(x)) for x in [r.get(u + "/cookies?c=a%3D1%3BPath%3D/")] for make_copy in (lambda x: pickle.loads(pickle.dumps(x)), copy.copy, copy.deepcopy)],
    "copies: of what was not read": lambda r, u: pickle.loads(pickle.dumps(stream(r, u))).text,
    "copies: changed": lambda r, u: changed(r.get(u + "/echo"), r),
    "copies: of a prepared request": lambda r, u: [[x.method, x.url, x.body, x.headers["X"]] for p in [r.Request("POST", u, data="a", headers={"X": "y"}).prepare()] for x in (copy.copy(p), copy.deepcopy(p), pickle.loads(pickle.dumps(p)))],
}  # fmt: skip


def by_hand(library: Any, content: bytes, status: int = 200) -> Any:
    response = library.Response()
    response.status_code, response.url, response.reason = status, "http://x.test/", "Reason"
    response._content = content
    return response


def filled(library: Any) -> Any:
    response = by_hand(library, b'{"a": 1}')
    response.encoding = "utf-8"
    response.headers["Content-Type"] = "application/json"
    response.cookies.set("a", "1")
    found = [response.json(), response.text, response.ok, response.headers["content-type"]]
    return [
        *found,
        response.cookies.get_dict(),
        response.is_redirect,
        response.links,
        response.next,
    ]


def of_a_file(library: Any) -> Any:
    response = library.models.Response()
    response.status_code, response.raw = 200, io.BytesIO(b"abc")
    return [response.content.decode(), response.content.decode(), response.text]


def of_a_subclass(library: Any) -> Any:
    class Own(library.Response):  # type: ignore[misc,name-defined]
        def __init__(self, content: bytes) -> None:
            super().__init__()
            self._content, self.status_code, self.more = content, 200, 1

    return [Own(b"a").text, Own(b"a").more, isinstance(Own(b""), library.Response), bool(Own(b""))]


MADE: Table = {
    "made: filled attribute by attribute": lambda r, u: filled(r),
    "made: of a file": lambda r, u: of_a_file(r),
    "made: of a subclass": lambda r, u: of_a_subclass(r),
    "made: and raised": lambda r, u: [failing(by_hand(r, b"", s).raise_for_status) for s in (200, 404, 500)],
    "made: and pickled": lambda r, u: pickle.loads(pickle.dumps(by_hand(r, b"abc"))).content,
    "made: of nothing": lambda r, u: [[type(x.cookies).__name__, x.history, x.headers == {}, x.elapsed == timedelta(0), x.raw] for x in [r.Response()]],
    "made: its name": lambda r, u: [quote(repr(x)) for x in (by_hand(r, b"", 404), r.Response())],
}  # fmt: skip
