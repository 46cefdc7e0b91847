"""Calls whose arguments have the rarer ones of the forms that programs give them."""

from __future__ import annotations

import array
import collections
import datetime
import decimal
import enum
import gzip
import io
import os
import tempfile
import uuid
from pathlib import Path
from typing import Any

from rows import Table, failing, make, session_with


def main(url: str, folder: Path) -> dict[str, Any]:
    os.chdir(folder)
    Path("file.txt").write_bytes(b"the content")
    Path("f\u00efle.txt").write_bytes(b"another")
    return make({**PARAMS, **DATA, **FILES, **HEADERS}, url)


class Text(str):
    """Text of a kind of its own."""


class Letter(str, enum.Enum):
    A = "a"


class Number(enum.IntEnum):
    ONE = 1


class Reader:
    """A file object that can do no more than be read."""

    def __init__(self, content: bytes) -> None:
        self.file = io.BytesIO(content)

    def read(self, size: int = -1) -> bytes:
        return self.file.read(size)


class SizedReader(Reader):
    def __len__(self) -> int:
        return len(self.file.getvalue())


class Pieces:
    """Gives its pieces as often as it is asked."""

    def __init__(self, *pieces: bytes) -> None:
        self.pieces = pieces

    def __iter__(self) -> Any:
        return iter(self.pieces)


class SizedPieces(Pieces):
    def __len__(self) -> int:
        return sum(map(len, self.pieces))


def opened(name: str = "file.txt", mode: str = "rb") -> Any:
    return open(name, mode)


def closed() -> Any:
    file = opened()
    file.close()
    return file


def temporary(kind: Any = tempfile.TemporaryFile) -> Any:
    file = kind()
    file.write(b"written")
    file.seek(0)
    return file


def with_headers(library: Any, headers: Any) -> Any:
    session = library.Session()
    session.headers.update(headers)
    return session


def ring() -> Any:
    found: list[Any] = []
    found.append(found)
    return found


PARAMS: Table = {
    "given params: lists in pairs": lambda r, u: r.get(u + "/echo", params=[("a", ["1", "2"]), ("b", ("3",))]),
    "given params: numbers as names": lambda r, u: r.get(u + "/echo", params={1: 2}),
    "given params: bytes": lambda r, u: r.get(u + "/echo", params={b"a": b"b c"}),
    "given params: members of an Enum": lambda r, u: r.get(u + "/echo", params={"a": Letter.A, "b": Number.ONE}),
    "given params: dates and the like": lambda r, u: r.get(u + "/echo", params={"a": datetime.date(2020, 1, 2), "b": decimal.Decimal("1.50"), "c": uuid.UUID(int=5), "d": Path("a/b")}),
    "given params: a set": lambda r, u: r.get(u + "/echo", params={"a": {"1"}}),
    "given params: a generator of values": lambda r, u: r.get(u + "/echo", params={"a": (x for x in "12")}),
    "given params: a generator of pairs": lambda r, u: r.get(u + "/echo", params=((k, v) for k, v in [("a", "1")])),
    "given params: a list with None": lambda r, u: r.get(u + "/echo", params={"a": [None, "1"]}),
    "given params: a dict in a dict": lambda r, u: r.get(u + "/echo", params={"a": {"b": "c"}}),
    "given params: items of a dict": lambda r, u: r.get(u + "/echo", params={"a": 1}.items()),
    "given params: pairs with None": lambda r, u: r.get(u + "/echo", params=[("a", None), ("b", 1)]),
    "given params: text beyond ASCII": lambda r, u: r.get(u + "/echo", params="a=\u00e4&b= "),
    "given params: text with its question mark": lambda r, u: r.get(u + "/echo", params="?a=b"),
    "given params: text behind a query": lambda r, u: r.get(u + "/echo?x=1", params="&a=b"),
    "given params: numbers": lambda r, u: [failing(lambda p=p: r.get(u + "/echo", params=p).ok) for p in (0, 5, False)],
    "given params: texts in the place of pairs": lambda r, u: r.get(u + "/echo", params=["ab", "cd"]),
    "given params: behind marks": lambda r, u: [r.get(u + x, params={"b": 1}).ok for x in ("/echo?", "/echo?a=1&")],
    "given params: a bytearray": lambda r, u: r.get(u + "/echo", params={"a": bytearray(b"xy")}),
    "given params: bytes with escapes": lambda r, u: r.get(u + "/echo", params=b"a=%20b c"),
    "given params: half a surrogate pair": lambda r, u: r.get(u + "/echo", params={"a": "\ud800"}),
    "given params: subclasses of str": lambda r, u: r.get(Text(u + "/echo"), params={Text("a"): Text("b")}),
    "given params: pairs of the session": lambda r, u: session_with(r, params=[("a", "1")]).get(u + "/echo", params={"b": "2"}),
    "given params: pairs of the call": lambda r, u: session_with(r, params={"a": "1"}).get(u + "/echo", params=[("b", "2")]),
    "given params: text of the session": lambda r, u: session_with(r, params="a=1").get(u + "/echo"),
    "given params: none of the session": lambda r, u: session_with(r, params=None).get(u + "/echo", params={"b": 2}),
}  # fmt: skip

DATA: Table = {
    "given data: numbers": lambda r, u: [failing(lambda d=d: r.post(u + "/echo", data=d).ok) for d in (5, True)],
    "given data: a set": lambda r, u: r.post(u + "/echo", data={"a"}),
    "given data: a list of texts": lambda r, u: r.post(u + "/echo", data=["ab", "cd"]),
    "given data: a list of dicts": lambda r, u: r.post(u + "/echo", data=[{"a": 1}]),
    "given data: bytes in a dict": lambda r, u: r.post(u + "/echo", data={b"a": b"\xff"}),
    "given data: lists in lists": lambda r, u: r.post(u + "/echo", data={"a": [["x", "y"]], "b": [("z",)]}),
    "given data: members of an Enum": lambda r, u: r.post(u + "/echo", data={Letter.A: Letter.A, "b": Number.ONE}),
    "given data: mappings of other kinds": lambda r, u: [r.post(u + "/echo", data=d).ok for d in (collections.OrderedDict(a="1"), collections.UserDict(a="1"), collections.defaultdict(list, a=["1"]))],
    "given data: a memoryview and an array": lambda r, u: [r.post(u + "/echo", data=d).ok for d in (memoryview(b"abc"), array.array("b", b"abc"))],
    "given data: a map": lambda r, u: r.post(u + "/echo", data=map(str.encode, ["a", "b"])),
    "given data: a tuple with lists": lambda r, u: r.post(u + "/echo", data=(("a", ["1", "2"]),)),
    "given data: a generator with empty pieces": lambda r, u: r.post(u + "/echo", data=(x for x in [b"", b"a", b""])),
    "given data: an empty generator": lambda r, u: r.post(u + "/echo", data=iter([])),
    "given data: an empty file": lambda r, u: r.post(u + "/echo", data=io.BytesIO()),
    "given data: a path": lambda r, u: r.post(u + "/echo", data=Path("file.txt")),
    "given data: a closed file": lambda r, u: r.post(u + "/echo", data=closed()),
    "given data: text beyond ASCII": lambda r, u: r.post(u + "/echo", data="\U0001f600", headers={"Content-Type": "text/plain; charset=latin-1"}),
    "given data: half a surrogate pair": lambda r, u: r.post(u + "/echo", data="\ud800"),
    "given data: in methods without any": lambda r, u: [r.request(m, u + "/echo", data={"a": 1}).ok for m in ("DELETE", "OPTIONS", "HEAD", "REPORT")],
    "given data: file objects": lambda r, u: [r.post(u + "/echo", data=d).ok for d in (Reader(b"abc"), SizedReader(b"abc"), temporary(), temporary(tempfile.SpooledTemporaryFile), io.BufferedReader(io.BytesIO(b"abc")))],
    "given data: a file that unpacks": lambda r, u: r.post(u + "/echo", data=gzip.GzipFile(fileobj=io.BytesIO(gzip.compress(b"abc")))),
    "given data: iterables": lambda r, u: [r.post(u + "/echo", data=d).ok for d in (Pieces(b"a", b"b"), SizedPieces(b"ab", b"cd"))],
    "given data: chunks asked for": lambda r, u: r.post(u + "/echo", data=iter([b"abc"]), headers={"Transfer-Encoding": "chunked"}),
    "given data: a length as a number": lambda r, u: r.post(u + "/echo", data=b"abc", headers={"Content-Length": 3}),
    "given data: fields of a body without one": lambda r, u: [r.get(u + "/echo", headers=h).ok for h in ({"Content-Length": "0"}, {"Content-Type": "application/json"})],
    "given data: a type of the session": lambda r, u: [with_headers(r, {"Content-Type": "a/b"}).post(u + "/echo", **k).ok for k in ({"data": {"a": 1}}, {"json": {"a": 1}})],
    "given data: a file for the second time": lambda r, u: [r.post(u + "/echo", data=f).ok for f in [opened()] for _ in range(2)],
    "given json: in each method": lambda r, u: [r.request(m, u + "/echo", json={"a": 1}).ok for m in ("PUT", "PATCH", "DELETE")],
    "given json: values of other kinds": lambda r, u: [failing(lambda j=j: r.post(u + "/echo", json=j).ok) for j in (datetime.date(2020, 1, 2), decimal.Decimal("1"), {1, 2}, b"x", Letter.A, Number.ONE, {1: 2}, {None: 1}, (1, 2), {"a": float("inf")}, {(1, 2): 3}, ring(), (x for x in [1]))],
    "given json: text beyond ASCII": lambda r, u: r.post(u + "/echo", json={"\u00e4": "\u20ac \ud800"}),
    "given json: beside files": lambda r, u: r.post(u + "/echo", json={"a": 1}, files={"f": b"x"}),
    "given json: without its type": lambda r, u: r.post(u + "/echo", json={"a": 1}, headers={"Content-Type": None}),
}  # fmt: skip

FILES: Table = {
    "given files: a name beyond ASCII": lambda r, u: r.post(u + "/echo", files={"f": opened("f\u00efle.txt")}),
    "given files: lists instead of tuples": lambda r, u: [r.post(u + "/echo", files=f).ok for f in ({"f": ["n.txt", b"x"]}, [["f", b"x"]], (("f", b"x"),))],
    "given files: None": lambda r, u: [failing(lambda f=f: r.post(u + "/echo", files=f).ok) for f in ({"f": None, "g": b"x"}, {"f": None}, {"f": ("n", None)})],
    "given files: without a name": lambda r, u: [failing(lambda f=f: r.post(u + "/echo", files={"f": f}).ok) for f in ((None, '{"a":1}', "application/json"), (None, b"1"), (None, 1))],
    "given files: a number": lambda r, u: r.post(u + "/echo", files={"f": 1}),
    "given files: nothing in it": lambda r, u: [r.post(u + "/echo", files={"f": f}).ok for f in (b"", ("", b"x"))],
    "given files: in memory": lambda r, u: [r.post(u + "/echo", files={"f": f}).ok for f in (io.BytesIO(b"x"), io.StringIO("x\u00e4"), bytearray(b"x"))],
    "given files: opened as text": lambda r, u: r.post(u + "/echo", files={"f": opened(mode="r")}),
    "given files: headers of a part": lambda r, u: [r.post(u + "/echo", files={"f": f}).ok for f in (("n", b"x", None, {"X-A": "b"}), ("n", b"x", "", {}))],
    "given files: fields of other kinds": lambda r, u: r.post(u + "/echo", files={"f": b"x"}, data={"i": 1, "f": 1.5, "b": True, "n": None, "e": "", "d": {"b": 1}, b"y": b"\xff"}),
    "given files: beside bytes": lambda r, u: r.post(u + "/echo", files={"f": b"x"}, data=b"abc"),
    "given files: a temporary one": lambda r, u: r.post(u + "/echo", files={"f": temporary()}),
    "given files: a path": lambda r, u: r.post(u + "/echo", files={"f": Path("file.txt")}),
    "given files: tuples of one and of five": lambda r, u: [failing(lambda f=f: r.post(u + "/echo", files={"f": f}).ok) for f in ((b"x",), ("n", b"x", "t", {}, 1))],
    "given files: of one name": lambda r, u: r.post(u + "/echo", files=[("f", (None, str(i))) for i in range(5)]),
    "given files: in a GET": lambda r, u: r.get(u + "/echo", files={"f": b"x"}),
    "given files: that can only be read": lambda r, u: r.post(u + "/echo", files={"f": Reader(b"abc")}),
    "given files: names in bytes": lambda r, u: r.post(u + "/echo", files={b"f": (b"n.txt", b"x")}),
    "given files: names with a path": lambda r, u: [r.post(u + "/echo", files={"f": (n, b"x")}).ok for n in ("/a/b/c.txt", 'a\\b".txt')],
    "given files: text": lambda r, u: r.post(u + "/echo", files="abc"),
    "given files: their body": lambda r, u: type(r.Request("POST", u, files={"f": opened()}).prepare().body).__name__,
    "given files: a type without its boundary": lambda r, u: r.post(u + "/echo", files={}, headers={"Content-Type": "multipart/form-data"}),
}  # fmt: skip

HEADERS: Table = {
    "given headers: subclasses of str": lambda r, u: [r.get(u + "/echo", headers=h).ok for h in ({Text("X-A"): Text("b")}, {"X-A": Letter.A})],
    "given headers: values of other kinds": lambda r, u: [failing(lambda v=v: r.get(u + "/echo", headers={"X-A": v}).ok) for v in (1.5, True, ["a"], object())],
    "given headers: a number of the session": lambda r, u: with_headers(r, {"X-A": 5}).get(u + "/echo"),
    "given headers: None of the session": lambda r, u: with_headers(r, {"X-A": None, "Accept": None, "Accept-Encoding": None}).get(u + "/echo"),
    "given headers: beyond Latin-1": lambda r, u: [failing(lambda v=v: r.get(u + "/echo", headers={"X-A": v}).ok) for v in ("\u20ac", "\u00e4", "\u20ac".encode())],
    "given headers: names that are none": lambda r, u: [failing(lambda n=n: r.get(u + "/echo", headers={n: "x"}).ok) for n in ("", "X:A", "X\u00e4", "X-A\n", " X-A")],
    "given headers: a name with a blank": lambda r, u: r.get(u + "/echo", headers={"X A": "x"}),
    "given headers: values that are none": lambda r, u: [failing(lambda v=v: r.get(u + "/echo", headers={"X-A": v}).ok) for v in ("a\n", "\ta", "a\r\n b")],
    "given headers: a tab": lambda r, u: r.get(u + "/echo", headers={"X-A": "a\tb"}),
    "given headers: a NUL": lambda r, u: r.get(u + "/echo", headers={"X-A": "a\0b"}),
    "given headers: a dict that changes later": lambda r, u: changing(r, u),
    "given headers: mappings of other kinds": lambda r, u: [r.get(u + "/echo", headers=h).ok for h in (collections.UserDict({"X-A": "1"}), collections.OrderedDict(a="b"))],
    "given headers: names that differ in case": lambda r, u: [r.get(u + "/echo", headers=h).ok for h in ({"X-a": "1", "x-A": "2"}, {"X-a": "1", "x-A": None})],
    "given headers: operations": lambda r, u: operations(r),
    "given headers: added to the session's": lambda r, u: added(r, u),
    "given headers: of the connection": lambda r, u: [r.get(u + "/echo", headers=h).ok for h in ({"Connection": "keep-alive"}, {"TE": "trailers"}, {"range": "bytes=0-"})],
    "given headers: to be continued": lambda r, u: r.post(u + "/echo", data=b"x", headers={"Expect": "100-continue"}),
    "given headers: a Host of None": lambda r, u: r.get(u + "/echo", headers={"Host": None}),
    "given headers: a Host that is none": lambda r, u: [failing(lambda h=h: r.get(u + "/echo", headers={"Host": h}).ok) for h in ("", "a b")],
    "given headers: for a proxy that is not there": lambda r, u: r.get(u + "/echo", headers={"Proxy-Authorization": "Basic x"}),
    "given headers: a referrer and an origin": lambda r, u: r.get(u + "/echo", headers={"Referer": "http://x.test/", "Origin": "null"}),
}  # fmt: skip


def changing(library: Any, url: str) -> Any:
    headers = {"X-A": "1"}
    session = session_with(library, headers=headers)
    headers["X-A"] = "2"
    return session.get(url + "/echo").ok


def operations(library: Any) -> Any:
    headers = library.Session().headers
    headers.clear()
    headers["A"] = "1"
    found = [headers.setdefault("a", "2"), headers.setdefault("B", "3")]
    found += [headers.pop("A"), headers.pop("Z", None), dict(headers), list(headers.lower_items())]
    return [*found, "b" in headers, len(headers), headers.copy() == headers, repr(headers)]


def added(library: Any, url: str) -> Any:
    session = library.Session()
    session.headers.update([("X-A", "1")])
    session.headers.update(X_B="2")
    session.headers |= {"x-a": "3"}
    return session.get(url + "/echo")
