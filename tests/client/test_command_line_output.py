"""The command line: what it writes into pipes and files, and how it ends."""

from __future__ import annotations

import gzip
import hashlib
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from h11client import __version__
from h11client._cli.arguments import HELP, _make_parser
from tests.client.command_line import (
    OK,
    PROGRAM,
    Asked,
    answer,
    call,
    environment,
    origin,
    run,
)
from tests.wire.conftest import Peer

Capture = pytest.CaptureFixture[bytes]

JSON = b'{"b":[1.0,{}],"b":"\\u00e9\\u001b"}'
INDENTED = b'{\n  "b": [\n    1.0,\n    {}\n  ],\n  "b": "\\u00e9\\u001b"\n}\n'
NOT_FOUND = answer(b"no", "text/plain", "404 Not Found")
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-A: \xff\r\nx-a:  2\r\n\r\n"

# id, arguments, answer, what is written
WRITTEN: list[tuple[str, list[str], bytes, bytes]] = [
    ("bytes as they are", [], answer(bytes(range(256)), None), bytes(range(256))),
    ("JSON as it is", [], answer(JSON, "application/json"), JSON),
    ("codings undone", [], answer(gzip.compress(b"abc"), None, "200 OK", "Content-Encoding: gzip"), b"abc"),
    ("nothing", [], b"HTTP/1.1 204 No Content\r\n\r\n", b""),
    ("an error like any other answer", [], NOT_FOUND, b"no"),
    ("-i", ["-i"], HEAD + b"ok", HEAD.replace(b"x-a:  2", b"x-a: 2") + b"ok"),
    ("-i without a reason", ["-i"], b"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", b"HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n"),
    ("-I", ["-I"], HEAD, HEAD.replace(b"x-a:  2", b"x-a: 2")),
    ("--raw", ["--raw"], answer(JSON, "application/json"), JSON),
    ("--pretty", ["--pretty"], answer(JSON, "application/json"), INDENTED.replace(b"\\u00e9", "é".encode())),
    ("--pretty by suffix", ["--pretty"], answer(b"[]", "application/problem+json; charset=utf-8"), b"[]\n"),
    ("--pretty of no JSON", ["--pretty"], answer(b"{a", "application/json"), b"{a"),
    ("--pretty of another type", ["--pretty"], answer(b"[1]", "text/plain"), b"[1]"),
    ("--pretty of deep JSON", ["--pretty"], answer(b"[" * 101 + b"]" * 101, "application/json"), b"[" * 101 + b"]" * 101),
    ("--pretty in UTF-16", ["--pretty"], answer("[1]".encode("utf-16"), "application/json"), b"[\n  1\n]\n"),
    ("-o -", ["-o", "-"], OK, b"ok"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "sent", "written"), [row[1:] for row in WRITTEN], ids=[r[0] for r in WRITTEN]
)
def test_a_pipe_gets_what_came(
    capsysbinary: Capture, arguments: list[str], sent: bytes, written: bytes
) -> None:
    with origin(sent) as server:
        told = call(capsysbinary, *arguments, server.url)
    assert (told.code, told.err) == (0, "")
    assert told.out == written


def test_json_that_is_too_long_to_be_read_stays_as_it_is(capsysbinary: Capture) -> None:
    content = b"[" + b"1, " * 2_000_000 + b"1]"
    with origin(answer(content, "application/json")) as server:
        told = call(capsysbinary, "--pretty", server.url)
    assert (told.code, told.out == content) == (0, True)


def test_what_came_of_a_body_that_breaks_off_is_written(capsysbinary: Capture) -> None:
    broken = answer(b'{"a": 1', "application/json").replace(b"Length: 7", b"Length: 9")

    def send(peer: Peer, asked: Asked) -> None:
        peer.send(broken)
        peer.sock.close()

    for arguments in ([], ["--pretty"]):
        with origin(send) as server:
            told = call(capsysbinary, *arguments, server.url)
        assert (told.code, told.out) == (6, b'{"a": 1')
        assert "(received 7 bytes, expected 9)" in told.err


# --- files ---------------------------------------------------------------------------------------


def files_in(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize(
    ("arguments", "written"),
    [
        ([], b"ok"),
        (["-i"], OK),
        (["a=b"], b"ok"),
        (["-s"], b"ok"),
        (["--checksum", "sha256:" + hashlib.sha256(b"ok").hexdigest()], b"ok"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_file_gets_what_a_pipe_would(
    capsysbinary: Capture, tmp_path: Path, arguments: list[str], written: bytes
) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")
    path.chmod(0o640)
    with origin(OK) as server:
        told = call(capsysbinary, "-o", str(path), server.url, *arguments)
    assert (told.code, told.out, told.err) == (0, b"", "")
    assert files_in(tmp_path) == {"a": written}
    assert path.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("arguments", [[], ["-i"], ["a=b"]], ids=["download", "-i", "POST"])
@pytest.mark.parametrize("fault", ["status", "cut"])
def test_a_file_is_only_replaced_by_a_whole_answer(
    capsysbinary: Capture, tmp_path: Path, arguments: list[str], fault: str
) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")

    def cut(peer: Peer, asked: Asked) -> None:
        peer.send(OK[:-1])
        peer.sock.close()

    with origin(NOT_FOUND if fault == "status" else cut) as server:
        told = call(capsysbinary, "--retry", "0", "-o", str(path), server.url, *arguments)
    assert (told.code, told.out) == (22 if fault == "status" else 6, b"")
    assert path.read_bytes() == b"old"
    assert [name for name in files_in(tmp_path) if not name.startswith("a")] == []


def test_a_download_that_breaks_off_says_what_is_left_of_it(
    capsysbinary: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    content = bytes(range(200)) * 10

    def send(peer: Peer, asked: Asked) -> None:
        start = int((asked.field("Range") or "bytes=0-").strip("bytes=-"))
        status = "206 Partial Content" if start else "200 OK"
        fields = ['ETag: "1"']
        if start:
            fields.append(f"Content-Range: bytes {start}-1999/2000")
        wire = answer(content[start:], None, status, *fields)
        peer.send(wire[:-1000] if start < 1000 else wire[:-100] if start < 1900 else wire)
        peer.sock.close()

    command = ["--retry", "0", "-o", "a"]
    with origin(send) as server:
        first = call(capsysbinary, *command, server.url)
        again = call(capsysbinary, *command, "-C", server.url)
        last = call(capsysbinary, *command, "-C", "-", server.url)
    assert (first.code, again.code, last.code) == (6, 6, 0)
    assert first.err.endswith(
        "; 1.0 kB are kept in a.part, and the same command with --resume goes on from there\n"
    )
    assert again.err.endswith(
        "; 1.9 kB are kept in a.part, and the same command goes on from there\n"
    )
    assert files_in(tmp_path) == {"a": content}


def test_a_new_file_has_the_usual_mode(capsysbinary: Capture, tmp_path: Path) -> None:
    old = os.umask(0o027)
    try:
        with origin(OK) as server:
            call(capsysbinary, "-o", str(tmp_path / "a"), server.url)
            call(capsysbinary, "-o", str(tmp_path / "b"), server.url, "c=d")
    finally:
        os.umask(old)
    assert [path.stat().st_mode & 0o777 for path in tmp_path.iterdir()] == [0o640, 0o640]


@pytest.mark.parametrize("arguments", [[], ["a=b"]], ids=["GET", "POST"])
def test_a_device_is_written_and_stays_one(capsysbinary: Capture, arguments: list[str]) -> None:
    with origin(OK) as server:
        told = call(capsysbinary, "-o", os.devnull, server.url, *arguments)
    assert (told.code, told.out, told.err) == (0, b"", "")
    assert not Path(os.devnull).is_file()


def test_the_server_may_name_the_file(
    capsysbinary: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    named = answer(b"1", None, "200 OK", 'Content-Disposition: attachment; filename="../x.txt"')
    with origin(answer(b"0"), named) as server:
        assert call(capsysbinary, "-O", f"{server.url}/b/c.bin?d").code == 0
        assert call(capsysbinary, "-O", f"{server.url}/b/d.bin").code == 0
        again = call(capsysbinary, "-O", f"{server.url}/b/e.bin")
    assert files_in(tmp_path) == {"c.bin": b"0", "x.txt": b"1"}
    assert (again.code, again.out) == (8, b"")
    assert "is there already" in again.err


def test_a_wrong_checksum_leaves_nothing_behind(capsysbinary: Capture, tmp_path: Path) -> None:
    with origin(OK) as server:
        told = call(
            capsysbinary, "--checksum", f"sha256:{'0' * 64}", "-o", str(tmp_path / "a"), server.url
        )
    assert (told.code, files_in(tmp_path)) == (8, {})
    assert "digest" in told.err


# --- what went wrong -----------------------------------------------------------------------------

# id, arguments, what the line says
REFUSED: list[tuple[str, list[str], str]] = [
    ("no URL", [], "there is no URL"),
    ("a method and no URL", ["POST"], "there is no URL behind POST"),
    ("a file without a name", ["-o", "", "URL"], "-o needs the name of a file"),
    ("a field that is no text", ["URL", "a=\udcff"], "JSON is in UTF-8, and a field is not"),
    ("a header that is no text", ["URL", "a:\udcff"], "the value of the header 'a' has characters"),
    ("no such option", ["--nonsense", "URL"], "unrecognized arguments: --nonsense"),
    ("an option cut short", ["--verb", "URL"], "unrecognized arguments: --verb"),
    ("an option without its value", ["URL", "-o"], "-o/--output: expected one argument"),
    ("no number", ["-m", "x", "URL"], "-m/--max-time: 'x' is no number"),
    ("a negative number", ["--retry", "-1", "URL"], "--retry: '-1' is less than 0"),
    ("no seconds", ["--timeout", "nan", "URL"], "'nan' is no number of seconds"),
    ("no item", ["URL", "nothing"], "'nothing' is no request item"),
    ("an item without a name", ["URL", "=x"], "'=x' has no name before '='"),
    ("no JSON", ["URL", "a:={"], "the value of 'a' is no JSON"),
    ("NaN", ["URL", "a:=NaN"], "the value of 'a' is no JSON"),
    ("a field twice", ["URL", "a=1", "a=2"], "the field 'a' is there twice"),
    ("two bodies", ["URL", "-d", "x", "a=b"], "there is one body only"),
    ("two whole bodies", ["URL", "@a", "@b"], "there is one body only"),
    ("two methods", ["-X", "PUT", "GET", "URL"], "-X PUT and GET both say the method"),
    ("HEAD with a body", ["-I", "URL", "a=b"], "-I asks by HEAD, and with no body"),
    ("-H that is none", ["-H", "secret", "URL"], "-H is 'Name: value', and one has no colon"),
    ("-F that is none", ["-F", "a", "URL"], "-F is NAME=VALUE or NAME=@FILE, not 'a'"),
    ("-u beside --bearer", ["-u", "a:b", "--bearer", "c", "URL"], "both say who asks"),
    ("a user name with a line end", ["-u", "a\n:b", "URL"], "-u: "),
    ("a token with a blank", ["--bearer", "a b", "URL"], "--bearer: "),
    ("--key alone", ["--key", "x", "URL"], "--key needs the certificate"),
    ("no such authorities", ["--cacert", "nowhere", "URL"], "--cacert: there is no 'nowhere'"),
    ("no such certificate", ["--cert", "nowhere", "URL"], "--cert: there is no 'nowhere'"),
    ("--resume without a file", ["-C", "URL"], "--resume is for a file"),
    ("--checksum without a file", ["--checksum", "md5:0", "URL"], "--checksum is for a file"),
    ("--checksum that is none", ["--checksum", "md5:0", "-o", "x", "URL"], "a md5 digest has 32"),
    ("-o beside -O", ["-o", "a", "-O", "URL"], "-o and -O both say where it goes"),
    ("-O with a body", ["-O", "URL", "a=b"], "go with a GET"),
    ("--resume of a device", ["-C", "-o", os.devnull, "URL"], "is no file that could be resumed"),
    ("--resolve that is none", ["--resolve", "a", "URL"], "--resolve is HOST:PORT:ADDRESS, not 'a'"),
    ("--show-secrets alone", ["--show-secrets", "URL"], "--show-secrets needs -v or --curl"),
    ("no method", ["-X", "A B", "URL"], "a method is a token"),
    ("no header name", ["URL", "a b:c"], "a header name has to be a token"),
    ("no header value", ["-H", "a:b\nc: d", "URL"], "holds LF"),
    ("no URL at all", ["http://[::1"], "the brackets of the host are wrong"),
    ("another scheme", ["ftp://a.test"], "neither http:// nor https://"),
    ("no proxy", ["-x", "gopher://a", "URL"], "a proxy's scheme is one of"),
    ("an empty path of a socket", ["--unix-socket", "", "URL"], "--unix-socket needs a path"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "sentence"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED]
)
def test_what_cannot_be_meant_is_told_in_one_line_and_nothing_is_sent(
    capsysbinary: Capture, arguments: list[str], sentence: str
) -> None:
    with origin() as server:
        given = [server.url if text == "URL" else text for text in arguments]
        told = call(capsysbinary, *given)
        assert server.asked == []
    assert (told.code, told.out) == (2, b"")
    assert re.fullmatch(r"h11client: .*\n", told.err)
    assert sentence in told.err


def test_a_password_that_nobody_can_be_asked_for_is_told_too(tmp_path: Path) -> None:
    with origin() as server:
        told = run("-u", "a", "POST", server.url, cwd=tmp_path, stdin=b"secret\n")
        assert server.asked == []
    sentence = "h11client: -u is NAME:PASSWORD where there is no terminal to ask at\n"
    assert (told.code, told.out, told.err) == (2, b"", sentence)


MISSING = [["@nowhere"], ["a=@nowhere"], ["a@nowhere"], ["-d", "@nowhere"], ["-b", "nowhere"],
           ["--bearer", "@nowhere"], ["-F", "a=@nowhere"], ["-o", "nowhere/a"], ["-c", "nowhere/a"],
           ["-o", "nowhere/a", "b=c"]]  # fmt: skip


@pytest.mark.parametrize("arguments", MISSING, ids=map(" ".join, MISSING))
def test_a_file_that_is_not_there_is_named(
    capsysbinary: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    with origin() as server:
        told = call(capsysbinary, server.url, *arguments)
    assert told.code == 8
    assert re.fullmatch(r"h11client: .*nowhere.*No such file or directory.*\n", told.err)


def hang_up(peer: Peer, asked: Asked) -> None:
    peer.sock.close()


def wait(peer: Peer, asked: Asked) -> None:
    peer.wait_for_end()


def cut(peer: Peer, asked: Asked) -> None:
    peer.send(OK[:-1])
    peer.sock.close()


# id, arguments, what the server does, exit code, what the line says
FAILED: list[tuple[str, list[str], Any, int, str]] = [
    ("no answer in time", ["-m", "0.2"], wait, 4, "the total limit of 0.2 s ran out"),
    ("no answer at all", [], hang_up, 6, "without sending a response"),
    ("half an answer", [], cut, 6, "received 1 bytes, expected 2"),
    ("no HTTP", [], b"220 ready\r\n\r\n", 6, "illegal status line"),
    ("a wrong coding", [], answer(b"abc", None, "200 OK", "Content-Encoding: gzip"), 6, "not gzip"),
    ("redirects for ever", ["--max-redirs", "2"], answer(b"", None, "302 Found", "Location: /"), 7, "more than 2 redirects"),
    ("a redirect to nowhere", [], answer(b"", None, "302 Found", "Location: http://[::1"), 6, "brackets"),
    ("-f", ["-f"], NOT_FOUND, 22, "404 Client Error: Not Found for url: http://127.0.0.1:"),
    ("a status without a reason", ["-f"], b"HTTP/1.1 500\r\nContent-Length: 0\r\n\r\n", 22, "500 Server Error"),
    ("control characters", ["-f"], answer(b"", None, "404 \x1b[2J"), 22, r"\x1b[2J"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "sent", "code", "sentence"), [r[1:] for r in FAILED], ids=[r[0] for r in FAILED]
)
def test_what_goes_wrong_is_one_line_and_an_exit_code(
    capsysbinary: Capture, arguments: list[str], sent: Any, code: int, sentence: str
) -> None:
    with origin(sent) as server:
        told = call(capsysbinary, *arguments, server.url)
    assert told.code == code, told
    assert re.fullmatch(r"h11client: [^\x1b]*\n", told.err)
    assert told.err.count("\n") == 1
    assert sentence in told.err


def test_nobody_there_is_told_too(capsysbinary: Capture) -> None:
    with origin() as server:
        pass
    told = call(capsysbinary, server.url)
    assert (told.code, told.err) == (3, f"h11client: {server.url} refused the connection\n")
    told = call(capsysbinary, "-x", server.url, "http://a.test")
    assert told.code == 3
    assert told.err.startswith("h11client: the proxy ")


def test_a_mistake_of_the_programs_own_is_one_line_too_and_more_when_it_is_asked(
    capsysbinary: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    from h11client._cli import printing

    def fail(*arguments: object) -> None:
        raise KeyError("a\nb")

    monkeypatch.setattr(printing, "write_response", fail)
    with origin() as server:
        told = call(capsysbinary, server.url)
        assert (told.code, told.err) == (1, r"h11client: KeyError: 'a\nb'" + "\n")
        told = call(capsysbinary, "-v", server.url)
    assert told.code == 1
    assert "Traceback (most recent call last):" in told.err


# --- --verbose -----------------------------------------------------------------------------------


@pytest.mark.safety("R18")
def test_verbose_shows_both_heads_of_every_exchange_and_the_timings(capsysbinary: Capture) -> None:
    moved = answer(b"", None, "302 Found", "Location: /b", "Set-Cookie: s=secret1; Path=/")
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
    with origin(moved, hints + answer(b"there", None, "200 OK", "X-Odd: \x1b[2J")) as server:
        told = call(
            capsysbinary,
            *("-v", "-u", "me:secret2", server.url, "X-Api-Key:secret3", "X-A:1", "token==secret4"),
        )
    host = f"127.0.0.1:{server.port}"
    assert (told.code, told.out) == (0, b"there")
    *shown, timings = told.err.splitlines()
    agent = f"h11client/{__version__}"
    codings = server.asked[0].field("Accept-Encoding")
    common = [f"> Host: {host}", f"> User-Agent: {agent}", f"> Accept-Encoding: {codings}", "> Accept: */*"]  # fmt: skip
    secret = ["> X-Api-Key: ***", "> X-A: 1"]
    expected = [
        "> GET /?token=*** HTTP/1.1", *common, *secret, "> Authorization: Basic ***", ">",
        "< HTTP/1.1 302 Found", "< Content-Length: 0", "< Location: /b", "< Set-Cookie: s=***; Path=/", "<",
        f"* connection to 127.0.0.1 port {server.port}",
        "> GET /b HTTP/1.1", *common, *secret, "> Authorization: Basic ***", "> Cookie: s=***", ">",
        "< HTTP/1.1 103 Early Hints", "< Link: </x>", "<",
        "< HTTP/1.1 200 OK", "< Content-Length: 5", r"< X-Odd: \x1b[2J", "<",
        f"* reused connection to 127.0.0.1 port {server.port}",
    ]  # fmt: skip
    assert sorted(shown) == sorted(expected)
    assert [line for line in shown if line[0] == "<"] == [
        line for line in expected if line[0] == "<"
    ]
    assert re.fullmatch(r"\* send [\d.]+ ms, first byte [\d.]+ ms, total [\d.]+ (ms|s)", timings)
    assert "secret" not in told.err


def test_secrets_are_shown_when_it_is_said(capsysbinary: Capture) -> None:
    with origin(answer(b"", None, "200 OK", "Set-Cookie: a=b")) as server:
        told = call(capsysbinary, "-v", "--show-secrets", "-u", "a:b", server.url)
    assert "> Authorization: Basic YTpi\n" in told.err
    assert "< Set-Cookie: a=b\n" in told.err


def test_a_request_that_was_not_sent_is_not_shown_and_one_without_an_answer_is(
    capsysbinary: Capture,
) -> None:
    with origin(hang_up) as server:
        told = call(capsysbinary, "-v", server.url)
    assert (told.code, told.err.count("> GET / HTTP/1.1\n")) == (6, 1)
    told = call(capsysbinary, "-v", server.url)
    assert (told.code, told.err) == (3, f"h11client: {server.url} refused the connection\n")


def test_retries_challenges_and_downloads_are_seen_too(
    capsysbinary: Capture, tmp_path: Path
) -> None:
    challenge = 'WWW-Authenticate: Digest realm="r", nonce="n", algorithm=SHA-256, qop="auth"'
    with origin(answer(b"", None, "401 Unauthorized", challenge), OK) as server:
        told = call(
            capsysbinary,
            *("-v", "--digest", "-u", "a:b", "-o", str(tmp_path / "a"), server.url),
        )
    assert (told.code, (tmp_path / "a").read_bytes()) == (0, b"ok")
    assert re.findall(r"^< HTTP/1.1 (\d+)", told.err, re.MULTILINE) == ["401", "200"]
    assert "> Authorization: Digest ***\n" in told.err
    assert told.err.splitlines()[-1].startswith("* ")


CURL: list[tuple[str, list[str], list[str]]] = [
    ("a request", ["-X", "PUT", "a=b", "--form"], ["-X", "PUT", "--data-raw", "a=b"]),
    ("who asks", ["-u", "me:secret"], ["Authorization: Basic ***"]),
    ("Digest", ["--digest", "-u", "me:secret"], ["--digest", "-u", "me:***"]),
    ("a proxy", ["-x", "http://me:secret@a.test:1"], ["-x", "http://***@a.test:1"]),
    ("a parameter", ["token==secret"], ["{url}/?token=***"]),
    ("redirects", ["--max-redirs", "2"], ["-L", "--max-redirs", "2"]),
    ("a file", ["-C", "-o", "a b"], ["-f", "-o", "a b", "-C", "-"]),
    ("switches", ["-kisvO"], ["-k", "-i", "-v", "-s", "-f", "-O"]),
    ("times", ["-m", "2", "--connect-timeout", "0.5"], ["--connect-timeout", "0.5", "-m", "2.0"]),
    ("where to", ["--resolve", "a.test:1:127.0.0.1"], ["--resolve", "a.test:1:127.0.0.1"]),
]  # fmt: skip


@pytest.mark.safety("R18")
@pytest.mark.parametrize(
    ("arguments", "words"), [row[1:] for row in CURL], ids=[row[0] for row in CURL]
)
def test_the_same_can_be_told_to_curl(
    capsysbinary: Capture, arguments: list[str], words: list[str]
) -> None:
    with origin() as server:
        told = call(capsysbinary, "--curl", server.url, *arguments)
        assert server.asked == []
    assert (told.code, told.err) == (0, "")
    line = told.out.decode()
    assert "secret" not in line
    given = shlex.split(line)
    assert given[0] == "curl"
    expected = [word.format(url=server.url) for word in words]
    assert [word for word in given if word in expected] == expected
    assert ("-L" in given) == ("--no-follow" not in arguments)
    shown = call(capsysbinary, "--curl", "--show-secrets", server.url, *arguments)
    assert b"***" not in shown.out


# --- as a program --------------------------------------------------------------------------------


def test_it_runs_as_a_module_and_as_a_program(tmp_path: Path) -> None:
    with origin(answer(bytes(range(256)) * 1000, None)) as server:
        told = run(server.url, cwd=tmp_path)
        assert (told.code, told.out, told.err) == (0, bytes(range(256)) * 1000, "")
    installed = Path(sys.executable).with_name("h11client")
    done = subprocess.run([installed, "--version"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, f"h11client {__version__}\n")


def test_a_pipe_or_file_is_the_body_of_a_method_that_has_one(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(b"[1]")
    with origin() as server:
        run("POST", server.url, cwd=tmp_path, stdin=b"a pipe")
        with open(tmp_path / "a.json", "rb") as file:
            run("-X", "PUT", server.url, cwd=tmp_path, stdin=file)
        run("POST", server.url, "a=b", cwd=tmp_path, stdin=b"not this")
        run(server.url, cwd=tmp_path, stdin=b"nor this")
        run("POST", server.url, cwd=tmp_path)  # nothing is there to be read
    sent = [(asked.line.partition(" ")[0], asked.body) for asked in server.asked]
    assert sent == [
        ("POST", b"a pipe"), ("PUT", b"[1]"), ("POST", b'{"a": "b"}'), ("GET", b""), ("POST", b""),
    ]  # fmt: skip


def test_who_stops_reading_ends_it_without_a_word(tmp_path: Path) -> None:
    def endless(peer: Peer, asked: Asked) -> None:
        peer.send(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            peer.send(bytes(65536))

    with origin(endless) as server:
        program = subprocess.Popen(
            [*PROGRAM, server.url],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=tmp_path,
            env=environment(),
        )
        assert program.stdout is not None
        assert program.stderr is not None
        with program:
            assert program.stdout.read(10) == bytes(10)
            program.stdout.close()
            assert program.stderr.read() == b""
        assert program.returncode == 141


def test_a_full_disk_is_told(tmp_path: Path) -> None:
    with origin(OK) as server, open("/dev/full", "wb") as full:
        done = subprocess.run(
            [*PROGRAM, server.url],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            cwd=tmp_path,
            env=environment(),
        )
    assert (done.returncode, done.stderr) == (8, "h11client: No space left on device\n")


@pytest.mark.parametrize("closed", ["0<&-", "1>&-", "2>&-", "0<&- 1>&- 2>&-"])
def test_closed_standard_streams_do_no_harm(tmp_path: Path, closed: str) -> None:
    with origin(OK) as server:
        command = f'"$@" {closed}'
        done = subprocess.run(
            ["sh", "-c", command, "sh", *PROGRAM, "POST", server.url],
            capture_output=True,
            cwd=tmp_path,
            env=environment(),
        )
        assert (done.returncode, done.stderr) == (0, b"")
        assert len(server.asked) == 1
    assert done.stdout == (b"" if "1>" in closed else b"ok")


# --- about itself --------------------------------------------------------------------------------


def test_the_help_fits_a_screen_and_has_every_option(capsysbinary: Capture) -> None:
    told = call(capsysbinary, "--help")
    assert (told.code, told.out.decode(), told.err) == (0, HELP, "")
    assert call(capsysbinary, "-h").out == told.out
    lines = HELP.splitlines()
    assert 24 <= len(lines) <= 40
    assert max(map(len, lines)) <= 79
    assert HELP.isascii()
    shown = set(re.findall(r"(?<![\w-])--?[\w-]*\w", HELP))
    options = set(_make_parser()._option_string_actions)
    assert options - shown == {"--location", "-S", "--show-error", "--compressed"}
    assert shown - options == set()


def test_the_help_has_every_exit_code() -> None:
    from h11client._cli import failures

    codes = {value for value in vars(failures).values() if type(value) is int}
    said = HELP.partition("Exit codes: ")[2].partition("Example")[0]
    assert {int(code) for code in re.findall(r"(\d+) [a-zA-Z]", said)} - {400} == codes | {0}
