"""`to_curl()`: a POSIX shell and curl make of the command what was sent.

The shell is the real one. For curl there is a model, which takes the arguments as curl's manual
says; and where curl is installed, it has to send the same.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import h11client
from h11client import Request, Session

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
# Prints what it was called with, and what is on its standard input if it reads that.
STANDS_FOR_CURL = f"""#!{sys.executable}
import json, sys
body = sys.stdin.buffer.read() if "@-" in sys.argv else b""
arguments = [argument.encode("utf-8", "surrogateescape").decode("latin-1") for argument in sys.argv[1:]]
print(json.dumps([arguments, body.decode("latin-1")]))
"""
WITH_VALUE = ("-X", "-H", "--request-target", "--data-raw", "--data-binary")


class Sent:
    """A request as it was received: what it says, whatever the order of its fields."""

    def __init__(self, line: str, fields: list[tuple[str, str]], body: bytes) -> None:
        self.line = line
        self.fields = sorted((name.lower(), value) for name, value in fields)
        self.body = body

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sent) and vars(self) == vars(other)

    def __repr__(self) -> str:
        return f"{self.line} {self.fields} {self.body[:100]!r}"

    __hash__ = None  # type: ignore[assignment]


def run(command: str, folder: Path, given: bytes = b"") -> bytes:
    """What the command prints, where the curl of `folder` comes first."""
    script = folder / "command"
    script.write_text(command)
    path = f"{folder}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["sh", str(script)],
        input=given,
        capture_output=True,
        env={**os.environ, "PATH": path},
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    return done.stdout


def modelled(command: str, folder: Path, given: bytes = b"") -> Sent:
    """What curl sends for a command, by its manual."""
    program = folder / "curl"
    program.write_text(STANDS_FOR_CURL)
    program.chmod(0o755)
    arguments, read = json.loads(run(command, folder, given))
    values: dict[str, list[str]] = {}
    plain = []
    rest = iter(arguments)
    for argument in rest:
        if argument in WITH_VALUE:
            values.setdefault(argument, []).append(next(rest))
        else:
            plain.append(argument)
    url = plain.pop()
    assert set(plain) <= {"--head", "--http1.1", "--globoff", "--compressed"}
    body = None
    if "--data-raw" in values:
        body = values["--data-raw"][0].encode("latin-1")
    elif "--data-binary" in values:
        source = values["--data-binary"][0].removeprefix("@")
        body = read.encode("latin-1") if source == "-" else Path(source).read_bytes()
    method = "HEAD" if "--head" in plain else "GET" if body is None else "POST"
    method = values.get("-X", [method])[0]
    host, _, path = url.partition("://")[2].partition("/")
    own = {
        "host": ("Host", host),
        "user-agent": ("User-Agent", "curl"),
        "accept": ("Accept", "*/*"),
    }
    if body is not None:
        own["content-type"] = ("Content-Type", "application/x-www-form-urlencoded")
        own["content-length"] = ("Content-Length", str(len(body)))
        if len(body) > 1024 * 1024:
            own["expect"] = ("Expect", "100-continue")
    fields = []
    for field in values.get("-H", []):
        name, colon, value = field.partition(":")
        own.pop(name.removesuffix(";").lower(), None)
        if (colon and value) or field.endswith(";"):
            fields.append((name.removesuffix(";"), value.removeprefix(" ")))
    if any(name == "Transfer-Encoding" for name, _ in fields):
        del own["content-length"]
    target = values.get("--request-target", [f"/{path}"])[0]
    return Sent(f"{method} {target} HTTP/1.1", [*own.values(), *fields], body or b"")


class Listener:
    """Takes one request at a time and keeps what it was."""

    def __init__(self) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"

    def hear(self, send: Callable[[], object]) -> Sent:
        """What arrives when `send` is called."""
        received: list[Sent] = []
        thread = threading.Thread(target=lambda: received.append(self._receive()))
        thread.start()
        send()
        thread.join(60)
        return received[0]

    def _receive(self) -> Sent:
        sock, _ = self.socket.accept()
        with sock, sock.makefile("rb") as file:
            line = file.readline().decode().rstrip("\r\n")
            fields = []
            while field := file.readline().decode("latin-1").rstrip("\r\n"):
                name, _, value = field.partition(":")
                fields.append((name, value.strip()))
            given = {name.lower(): value for name, value in fields}
            body = b""
            if "chunked" in given.get("transfer-encoding", ""):
                while size := int(file.readline(), 16):
                    body += file.read(size)
                    file.readline()
                file.readline()
            else:
                body = file.read(int(given.get("content-length", 0)))
            sock.sendall(OK)
            return Sent(line, fields, body)


@pytest.fixture
def listener() -> Any:
    found = Listener()
    yield found
    found.socket.close()


def file_at(path: Path, content: bytes, offset: int = 0) -> Any:
    path.write_bytes(content)
    file = path.open("rb")
    file.seek(offset)
    return file


BINARY = bytes(range(256))

# name, how the request is made from a folder and the URL of the server
REQUESTS: list[tuple[str, Callable[[Path, str], dict[str, Any]]]] = [
    ("a GET", lambda folder, url: {"url": f"{url}/a?b=c&d=%20"}),
    ("a URL with all kinds of characters", lambda folder, url: {"url": url + "/'$(x)`!#\\\"/a;b&c*[1]{2}~|<>?'=\"&$x"}),
    ("a HEAD", lambda folder, url: {"method": "HEAD", "url": url}),
    ("another method", lambda folder, url: {"method": "PROPFIND", "url": url}),
    ("OPTIONS of everything", lambda folder, url: {"method": "OPTIONS", "url": url}),
    ("a POST without a body", lambda folder, url: {"method": "POST", "url": url}),
    ("a DELETE", lambda folder, url: {"method": "DELETE", "url": url}),
    ("a form", lambda folder, url: {"method": "POST", "url": url, "data": {"a": "it's", "b": "ü&="}}),
    ("text", lambda folder, url: {"method": "PUT", "url": url, "data": "@it's\n\t\"$x\" `y` \\ ü"}),
    ("JSON", lambda folder, url: {"method": "PATCH", "url": url, "json": {"a": ["'", None, "ü"]}}),
    ("an empty body", lambda folder, url: {"method": "POST", "url": url, "data": io.BytesIO(b"")}),
    ("a GET with a body", lambda folder, url: {"method": "GET", "url": url, "data": b"x"}),
    ("every byte", lambda folder, url: {"method": "POST", "url": url, "data": BINARY}),
    ("much of every byte", lambda folder, url: {"method": "POST", "url": url, "data": BINARY * 500}),
    ("much text", lambda folder, url: {"method": "POST", "url": url, "data": "-x%d'\\ " * 15_000}),
    ("a file", lambda folder, url: {"method": "POST", "url": url, "data": file_at(folder / "it's", BINARY)}),
    ("a file from an offset", lambda folder, url: {"method": "POST", "url": url, "data": file_at(folder / "it's", BINARY, 7)}),
    ("a file in memory", lambda folder, url: {"method": "POST", "url": url, "data": io.BytesIO(BINARY)}),
    ("a form with files", lambda folder, url: {"method": "POST", "url": url, "data": {"a": "ü'"}, "files": {"f": file_at(folder / "a b", BINARY), "g": ("x", b"y")}}),
    ("a form with a file from an offset", lambda folder, url: {"method": "POST", "url": url, "files": {"f": file_at(folder / "a", BINARY, 3)}}),
    ("a form with contents", lambda folder, url: {"method": "POST", "url": url, "files": {"f": ("%", b"--%s\0")}}),
    ("secrets", lambda folder, url: {"url": f"{url}?token=x", "auth": ("me", "a'b"), "cookies": {"a": "b"}, "headers": {"X-Api-Key": "k"}}),
    ("headers", lambda folder, url: {"url": url, "headers": {"X-Quote": "it's \"$x\"", "X-Semi": "a;", "x-colon": ":", "X-Same": "1"}}),
    ("an empty header", lambda folder, url: {"url": url, "headers": {"X-Empty": ""}}),
    ("headers beyond ASCII", lambda folder, url: {"url": url, "headers": {"X-A": b"\xc3\xa9", "X-B": b"\xe9%!'", "X-C": "a\x01b"}}),
    ("a Host of its own", lambda folder, url: {"url": url, "headers": {"Host": "b.test"}}),
    ("no headers at all", lambda folder, url: {"method": "POST", "url": url, "data": b"x", "headers": {"User-Agent": None, "Accept": None, "Accept-Encoding": None}}),
    ("a type of its own", lambda folder, url: {"method": "POST", "url": url, "data": b"x", "headers": {"Content-Type": "a/b"}}),
    ("identity", lambda folder, url: {"url": url, "headers": {"Accept-Encoding": "identity"}}),
]  # fmt: skip

PROGRAMS = ["model", *(["curl"] if shutil.which("curl") else [])]


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("make", [row[1] for row in REQUESTS], ids=[row[0] for row in REQUESTS])
def test_what_the_command_sends_is_what_was_sent(
    tmp_path: Path, listener: Listener, make: Any, program: str
) -> None:
    arguments = {"method": "GET", **make(tmp_path, listener.url)}
    responses = []
    with Session(timeout=20, trust_env=False) as session:
        sent = listener.hear(lambda: responses.append(session.request(**arguments)))
    command = responses[0].to_curl(show_secrets=True)
    if program == "model":
        again = modelled(command, tmp_path)
    else:
        real = tmp_path / "bin"
        real.mkdir()
        quiet = real / "curl"
        quiet.write_text(f'#!/bin/sh\nexec "{shutil.which("curl")}" --silent --noproxy "*" "$@"\n')
        quiet.chmod(0o755)
        again = listener.hear(lambda: run(command, real))
    assert again == sent
    for given in (arguments.get("data"), *(arguments.get("files") or {}).values()):
        if hasattr(given, "close"):
            given.close()


def test_what_is_not_there_any_more_comes_from_standard_input(tmp_path: Path) -> None:
    prepared = Request("POST", "http://a.test/", data=iter([b"a"])).prepare()
    sent = modelled(prepared.to_curl(), tmp_path, given=b"given")
    assert sent.body == b"given"
    assert ("transfer-encoding", "chunked") in sent.fields
    prepared = Request("POST", "http://a.test/", data=b"x" * 1024 * 1024 + b"y").prepare()
    command = prepared.to_curl()
    assert len(command) < 200
    assert modelled(command, tmp_path, given=b"given").body == b"given"
    part = open(
        tmp_path / "part", "w+b"
    )  # a file that is opened for more than reading has a name too
    files = {"f": ("x", iter_file()), "g": part}
    sent = modelled(Request("POST", "http://a.test/", files=files).prepare().to_curl(), tmp_path, given=b"given")  # fmt: skip
    assert b"\r\n\r\ngiven\r\n--" in sent.body
    part.close()


def iter_file() -> Any:
    class Pipe:
        def read(self, size: int = -1) -> bytes:
            return b""

    return Pipe()


def test_a_request_is_not_used_up_by_being_shown() -> None:
    body = io.BytesIO(b"abc")
    prepared = Request("POST", "http://a.test/", data=body).prepare()
    assert "abc" in prepared.to_curl()
    assert body.tell() == 0
    assert b"".join(prepared.encoded_body.chunks()) == b"abc"
    assert "abc" in prepared.to_curl()


def test_https_is_http_1_1_and_brackets_are_no_pattern() -> None:
    command = Request("GET", "https://[::1]/").prepare().to_curl()
    assert command == "curl --http1.1 --globoff -H User-Agent: -H Accept: 'https://[::1]/'"


def test_what_is_for_a_proxy_or_a_fragment_is_not_told() -> None:
    headers = {"Proxy-Authorization": "Basic x", "User-Agent": "me", "Accept": "a"}
    prepared = Request("GET", "http://a.test/b#c", headers=headers).prepare()
    assert (
        prepared.to_curl(show_secrets=True)
        == "curl -H 'User-Agent: me' -H 'Accept: a' http://a.test/b"
    )


def test_trailers_are_left_out() -> None:
    prepared = Request("POST", "http://a.test/", data=b"abc", trailers={"X-Sum": "7"}).prepare()
    assert "--data-raw abc" in prepared.to_curl()


SECRETS: list[tuple[str, dict[str, Any]]] = [
    ("auth", {"auth": ("me", "hunter2")}),
    ("a header", {"headers": {"Authorization": "Bearer hunter2"}}),
    ("a header of another name", {"headers": {"X-Vault-Token": "hunter2"}}),
    ("a header of the list", {"headers": {"x-api-key": "hunter2"}}),
    ("cookies", {"cookies": {"a": "hunter2"}}),
    ("a cookie header", {"headers": {"Cookie": "hunter2; a=hunter2"}}),
    ("the query", {"params": {"access_token": "hunter2"}}),
    ("the query, escaped", {"url": "http://a.test/?api%5Fkey=hunter2"}),
    ("a form", {"data": {"password": "hunter2"}}),
    ("JSON", {"json": {"a": [{"client_secret": "hunter2"}, {"credentials": {"b": ["hunter2"]}}]}}),
    ("JSON in JSON", {"json": {"a": '{"token": "hunter2"}'}}),
    ("a form with files", {"data": {"password": "hunter2"}, "files": {"f": ("a", b"b")}}),
    ("a form with files of the disk", {"data": {"password": "hunter2"}, "files": "of the disk"}),
    ("a referer", {"headers": {"Referer": "http://a.test/?token=hunter2"}}),
]  # fmt: skip


@pytest.mark.safety("R18")
@pytest.mark.parametrize("given", [row[1] for row in SECRETS], ids=[row[0] for row in SECRETS])
def test_secrets_are_masked_unless_somebody_asks_for_them(given: dict[str, Any]) -> None:
    with Session(trust_env=False) as session, open(__file__, "rb") as file:
        if given.get("files") == "of the disk":
            given = {**given, "files": {"f": file}}
        request = Request(**{"method": "POST", "url": "http://a.test/", **given})
        prepared = session.prepare_request(request)
    shown = prepared.to_curl(show_secrets=True)
    masked = prepared.to_curl()
    assert "***" in masked
    assert "hunter2" not in masked
    if "auth" in given:
        assert "bWU6aHVudGVyMg==" in shown
        assert "bWU6" not in masked
    else:
        assert "hunter2" in shown


@pytest.mark.safety("R18")
def test_what_auth_has_put_into_headers_is_a_secret() -> None:
    def sign(request: Any) -> Any:
        request.headers["X-Signed-By"] = "hunter2"
        return request

    prepared = Request("GET", "http://a.test/", auth=sign).prepare()
    assert "hunter2" not in prepared.to_curl()
    assert "hunter2" in prepared.to_curl(show_secrets=True)


def test_a_response_without_a_request_says_so() -> None:
    with pytest.raises(ValueError, match="no request"):
        h11client.Response().to_curl()
