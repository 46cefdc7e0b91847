"""What llhttp, and what the standard library's client, make of a message; answers as h11_verdicts does.

llhttp comes with httptools. It cannot be told what was asked for, so that it is asked about answers
to GET and about requests only. A case may name leniencies of llhttp behind its wire, or "stdlib".
"""

from __future__ import annotations

import http.client
import io
import json
import sys
from typing import Any

import httptools

Verdict = dict[str, Any]


class Listener:
    """The callbacks of llhttp, which stops to listen when the first final message is over."""

    def __init__(self) -> None:
        self.parser: Any = None
        self.is_request = False
        self.started = self.in_body = self.over = False
        self.informational: list[Any] = []
        self.status = self.url = b""
        self.fields: list[tuple[bytes, bytes]] = []
        self.trailers: list[tuple[bytes, bytes]] = []
        self.body: list[bytes] = []
        self.head: list[Any] | None = None

    def on_url(self, url: bytes) -> None:
        if not self.over:
            self.url += url

    def on_status(self, status: bytes) -> None:
        if not self.over:
            self.status += status

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self.over:
            pair = (name.lower(), value.strip(b" \t"))
            (self.trailers if self.in_body else self.fields).append(pair)

    def on_headers_complete(self) -> None:
        if self.over:
            return
        version = self.parser.get_http_version()
        if self.is_request:
            self.head = [text(self.parser.get_method()), text(self.url), version]
        else:
            self.head = [self.parser.get_status_code(), text(self.status), version]
        self.in_body = True

    def on_body(self, data: bytes) -> None:
        if not self.over:
            self.body.append(data)

    def on_message_complete(self) -> None:
        if self.over:
            return
        if not self.is_request and self.head and self.head[0] < 200 and self.head[0] != 101:
            self.informational.append([self.head[0], [[text(n), text(v)] for n, v in self.fields]])
            self.status, self.fields, self.in_body, self.head = b"", [], False, None
        else:
            self.over = True

    def lasts_to_the_end(self) -> bool:
        """Whether llhttp takes the end of the connection for the end of the body."""
        found = dict(self.fields)
        coding = found.get(b"transfer-encoding")
        if coding is not None:
            return coding.lower().rpartition(b",")[2].strip() != b"chunked"
        return b"content-length" not in found


def text(data: bytes) -> str:
    return data.decode("latin-1")


def of_llhttp(ask: str, eof: bool, wire: bytes, leniencies: list[str]) -> Verdict:
    listener = Listener()
    listener.is_request = ask == "server"
    kind = httptools.HttpRequestParser if ask == "server" else httptools.HttpResponseParser
    listener.parser = parser = kind(listener)
    if leniencies:
        parser.set_dangerous_leniencies(**dict.fromkeys(leniencies, True))
    outcome, error = "incomplete", ""
    try:
        parser.feed_data(wire)
    except httptools.HttpParserUpgrade:
        outcome = "switched"
    except httptools.HttpParserError as found:
        outcome, error = "refused", str(found)
    if listener.over and outcome != "switched":
        outcome = "complete"
    if eof and outcome == "incomplete":
        until_close = listener.head and ask != "server" and listener.lasts_to_the_end()
        outcome = "complete" if until_close else "refused"
        error = error or "the end of the connection"
    return {
        "outcome": outcome,
        "informational": listener.informational,
        "head": listener.head,
        "fields": [[text(name), text(value)] for name, value in listener.fields],
        "body": text(b"".join(listener.body)),
        "trailers": [[text(name), text(value)] for name, value in listener.trailers],
        "error": "" if outcome in ("complete", "switched") else error,
    }


class Wire(io.BytesIO):
    """As much of a socket as http.client looks at."""

    def makefile(self, mode: str) -> io.BytesIO:
        return self


def of_stdlib(ask: str, wire: bytes) -> Verdict:
    """http.client always sees the end of the connection; it is here for what it lets through."""
    answer = http.client.HTTPResponse(Wire(wire), method=ask)  # type: ignore[arg-type]  # see Wire
    try:
        answer.begin()
        return {"outcome": "complete", "head": [answer.status], "body": text(answer.read())}
    except Exception as error:
        return {"outcome": "refused", "error": type(error).__name__}


def verdict_of(ask: str, eof: bool, wire: str, leniencies: Any = ()) -> Verdict:
    data = wire.encode("latin-1")
    if leniencies == "stdlib":
        return of_stdlib(ask, data)
    return of_llhttp(ask, eof, data, list(leniencies))


def main() -> None:
    for line in sys.stdin:
        print(json.dumps([verdict_of(*case) for case in json.loads(line)]), flush=True)


if __name__ == "__main__":
    main()
