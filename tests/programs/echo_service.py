"""What the table of calls talks to: `/<row>/<resource>`, so that the log tells the rows apart."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
import zlib
from urllib.parse import parse_qsl

from tests.programs.service import Answer, Call, Fields, Service

LINES = "one\ntwo\r\nthree\rfour\n\nlast"
PLAIN: Fields = [("Content-Type", "text/plain; charset=utf-8")]
JSON: Fields = [("Content-Type", "application/json")]
LINKS = '<https://a.test/?p=2>; rel="next", </x,y>; rel=last; title="a, b"'


def archive() -> bytes:
    """A tar file of one member, packed."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as packed:
        member = tarfile.TarInfo("member.txt")
        member.size = 6
        packed.addfile(member, io.BytesIO(b"inside"))
    return file.getvalue()


OF_LIBRARIES = {"user-agent", "accept-encoding", "connection", "host"}
ARCHIVE = archive()
BODIES = {
    "plain": Answer("plain text", headers=PLAIN),
    "empty": Answer(b"", headers=PLAIN),
    "lines": Answer(LINES, headers=PLAIN),
    "chunked": Answer("0123456789" * 300, headers=PLAIN, chunked=True),
    "utf-8 as html": Answer("<p>h\u00e9</p>", headers=[("Content-Type", "text/html")]),
    "latin-1 as html": Answer(b"<p>h\xe9</p>", headers=[("Content-Type", "text/html")]),
    "latin-1": Answer(b"h\xe9", headers=[("Content-Type", "text/plain; charset=ISO-8859-1")]),
    "quoted charset": Answer("h\u00e9", headers=[("Content-Type", "text/plain; charset='utf-8'")]),
    "unknown charset": Answer("he", headers=[("Content-Type", "text/plain; charset=martian")]),
    "no type": Answer("h\u00e9"),
    "table": Answer("a,b\r\n1,2\r\n", headers=[("Content-Type", "text/csv; charset=utf-8")]),
    "tar": Answer(ARCHIVE, headers=[("Content-Type", "application/gzip")]),
    "bytes": Answer(bytes(range(256)), headers=[("Content-Type", "application/octet-stream")]),
    "json": Answer('{"a": [1, "\u00e9"]}', headers=JSON),
    "json in utf-16": Answer('{"a": "\u00e9"}'.encode("utf-16"), headers=JSON),
    "json with a mark": Answer('{"a": 1}'.encode("utf-8-sig"), headers=JSON),
    "no json": Answer("{nothing", headers=JSON),
    "gzip": Answer(gzip.compress(b"packed" * 100, mtime=0), headers=[*PLAIN, ("Content-Encoding", "gzip")]),
    "deflate": Answer(zlib.compress(b"packed"), headers=[*PLAIN, ("Content-Encoding", "deflate")]),
    "raw deflate": Answer(zlib.compress(b"packed")[2:-4], headers=[*PLAIN, ("Content-Encoding", "deflate")]),
    "broken gzip": Answer(b"no gzip at all", headers=[*PLAIN, ("Content-Encoding", "gzip")]),
    "cut gzip": Answer(gzip.compress(b"packed" * 100)[:-12], headers=[*PLAIN, ("Content-Encoding", "gzip")]),
    "cut short": Answer("x" * 1000, headers=PLAIN, cut_short=True),
    "cut chunks": Answer("x" * 3000, headers=PLAIN, cut_short=True, chunked=True),
    "links": Answer("", headers=[("Link", LINKS)]),
    "repeated fields": Answer("", headers=[("X-Two", "one"), ("X-Two", "two")]),
    "strange reason": Answer("", 404, reason="Nicht gefunden"),
    "no reason": Answer("", 200, reason=""),
    "unusual status": Answer("x", 799, reason="Odd"),
}  # fmt: skip


def add_echo(service: Service) -> None:
    """The resources, for any row and any host."""
    route = service.route

    @route("*", "[^/]*/[^/]*/echo.*")
    def echo(call: Call) -> Answer:
        return Answer({"it": "works"})

    @route("*", "[^/]*/([^/]*)/to/([0-9]+)")
    def redirect(call: Call, row: str, status: str) -> Answer:
        location = call.arguments.get("location", f"/{row}/echo")
        location = location.replace("BASE", service.base)
        location = location.replace("OTHER", service.base.replace("127.0.0.1", "localhost"))
        cookies = [("Set-Cookie", v) for k, v in parse_qsl(call.query) if k == "cookie"]
        return Answer("moved", int(status), [("Location", location), *cookies])

    @route("*", "[^/]*/([^/]*)/hops/([0-9]+)")
    def hops(call: Call, row: str, left: str) -> Answer:
        to = f"/{row}/hops/{int(left) - 1}" if int(left) > 1 else f"/{row}/echo"
        return Answer("", 302, [("Location", to)])

    @route("*", "[^/]*/[^/]*/loses-location")
    def loses_location(call: Call) -> Answer:
        return Answer("nowhere", 302)

    @route("*", "[^/]*/[^/]*/cookies")
    def cookies(call: Call) -> Answer:
        return Answer("", headers=[("Set-Cookie", v) for _, v in parse_qsl(call.query)])

    @route("*", "[^/]*/[^/]*/status/([0-9]+)")
    def status(call: Call, code: str) -> Answer:
        return Answer("", int(code))

    @route("*", "[^/]*/[^/]*/body/(.*)")
    def body(call: Call, kind: str) -> Answer:
        return BODIES[kind.replace("%20", " ").replace("_", " ")]

    @route("*", "[^/]*/[^/]*/answer")
    def answer(call: Call) -> Answer:
        """The status, headers and body that are asked for, in Latin-1."""
        parts = parse_qsl(call.query, keep_blank_values=True, encoding="latin-1")
        asked = dict(parts)
        headers = [
            (value.partition(":")[0], value.partition(":")[2].strip())
            for name, value in parts
            if name == "header"
        ]
        body = asked.get("body", "").encode("latin-1") * int(asked.get("times", 1))
        coding = asked.get("coding")
        if coding:
            headers.append(("Content-Encoding", coding))
            body = gzip.compress(body, mtime=0) if "gzip" in coding.lower() else body
        return Answer(body, int(asked.get("status", 200)), headers, cut_short="cut" in asked)

    @route("*", "[^/]*/[^/]*/seen")
    def seen(call: Call) -> Answer:
        """What of the request is not the library's own."""
        fields = sorted(
            (name, value) for name, value in call.headers if name.lower() not in OF_LIBRARIES
        )
        return Answer(
            {"method": call.method, "headers": fields, "body": call.body.decode("latin-1")}
        )

    unsteady: dict[str, int] = {}

    @route("*", "[^/]*/([^/]*)/unsteady/([0-9]+)")
    def unsteady_one(call: Call, row: str, times: str) -> Answer:
        """Fails so many times, then tells how often it was asked."""
        unsteady[row] = unsteady.get(row, 0) + 1
        if unsteady[row] > int(times):
            return Answer({"asked": unsteady[row]})
        wait = [("Retry-After", call.arguments["wait"])] if "wait" in call.arguments else []
        return Answer("not yet", int(call.arguments.get("status", 503)), wait)

    @route("*", "[^/]*/[^/]*/digest")
    def digest(call: Call) -> Answer:
        if (call.header("Authorization") or "").startswith("Digest "):
            return Answer(json.dumps(call.header("Authorization")))
        challenge = 'Digest realm="r", nonce="n", qop="auth", algorithm=MD5, opaque="o"'
        return Answer("who?", 401, [("WWW-Authenticate", challenge)])

    @route("*", "[^/]*/[^/]*/basic")
    def basic(call: Call) -> Answer:
        if call.header("Authorization") is None:
            return Answer("who?", 401, [("WWW-Authenticate", 'Basic realm="r"')])
        return Answer("welcome")
