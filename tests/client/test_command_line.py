"""The command line: what its arguments send."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.client.command_line import Asked, answer, call, origin

Capture = pytest.CaptureFixture[bytes]

JSON = ["Accept: application/json, */*;q=0.5", "Content-Type: application/json"]
FORM = ["Content-Type: application/x-www-form-urlencoded"]

# id, arguments before and after the URL, the request line, the fields that tell something, the body
SENT: list[tuple[str, list[str], list[str], str, list[str], bytes]] = [
    ("nothing else", [], [], "GET /p", [], b""),
    ("a method", ["DELETE"], [], "DELETE /p", [], b""),
    ("a method in lower case", ["options"], [], "OPTIONS /p", [], b""),
    ("a method of its own", ["PURGE"], [], "PURGE /p", [], b""),
    ("-X", ["-X", "report"], [], "REPORT /p", [], b""),
    ("-XPUT", ["-XPUT"], [], "PUT /p", [], b""),
    ("query", [], ["a==1 2", "b==", "a==é"], "GET /p?a=1+2&b=&a=%C3%A9", [], b""),
    ("bytes that are no text", ["--form"], ["a==\udcff", "b=\udcff"], "POST /p?a=%FF", FORM, b"b=%FF"),
    ("header", [], ["X-A:1", "X-B: 2:3", "X-A:4"], "GET /p", ["X-A: 1", "X-B: 2:3", "X-A: 4"], b""),
    ("header left out", [], ["Accept:", "X-A;"], "GET /p", ["X-A: "], b""),
    ("-H", ["-H", "X-A: b:c", "-HX-B:1"], [], "GET /p", ["X-A: b:c", "X-B: 1"], b""),
    ("-H for an empty one", ["-H", "X-A;"], [], "GET /p", ["X-A: "], b""),
    ("-A", ["-A", "me/1"], [], "GET /p", ["User-Agent: me/1"], b""),
    ("-b", ["-b", "a=1; b=2", "-b", "c=3"], [], "GET /p", ["Cookie: a=1; b=2; c=3"], b""),
    ("fields", [], ["a=b", "c=d=e"], "POST /p", JSON, b'{"a": "b", "c": "d=e"}'),
    ("a field in UTF-8", [], ["a=é"], "POST /p", JSON, '{"a": "é"}'.encode()),
    ("JSON", [], ["a:=[1.0,1e400]", "b:=true"], "POST /p", JSON, b'{"a": [1.0,1e400], "b": true}'),
    ("a long number", [], ["a:=" + "9" * 5000], "POST /p", JSON, b'{"a": %s}' % (b"9" * 5000)),
    ("escapes", [], [r"a\:b\==c", r"d\\e=f"], "POST /p", JSON, rb'{"a:b=": "c", "d\\e": "f"}'),
    ("a method and fields", ["PUT"], ["a=b"], "PUT /p", JSON, b'{"a": "b"}'),
    ("form", ["--form"], ["a=b c", "a=&", "n:=1"], "POST /p", FORM, b"a=b+c&a=%26&n=1"),
    ("-d", ["-d", "a=1", "-d", "b"], [], "POST /p", FORM, b"a=1&b"),
    ("-d with a type", ["-d", "x"], ["content-type:a/b"], "POST /p", ["content-type: a/b"], b"x"),
    ("-d that is empty", ["-d", ""], [], "POST /p", [*FORM], b""),
    ("--json", ["--json", '{"a"', "--json", ":1}"], [], "POST /p", JSON, b'{"a":1}'),
    ("options last", [], ["a==1", "-X", "PATCH", "b==2", "--no-follow"], "PATCH /p?a=1&b=2", [], b""),
    ("-u", ["-u", "me:a:b"], [], "GET /p", [f"Authorization: Basic {base64.b64encode(b'me:a:b').decode()}"], b""),
    ("--bearer", ["--bearer", "tok"], [], "GET /p", ["Authorization: Bearer tok"], b""),
    ("-I", ["-I"], [], "HEAD /p", [], b""),
    ("what curl is told", ["-sSL", "--compressed", "--location"], [], "GET /p", [], b""),
]  # fmt: skip


@pytest.mark.parametrize(
    ("before", "after", "line", "fields", "body"),
    [row[1:] for row in SENT],
    ids=[r[0] for r in SENT],
)
def test_arguments_become_a_request(
    capsysbinary: Capture,
    before: list[str],
    after: list[str],
    line: str,
    fields: list[str],
    body: bytes,
) -> None:
    with origin(b"HTTP/1.1 204 No Content\r\n\r\n") as server:
        told = call(capsysbinary, *before, f"{server.url}/p", *after)
    assert (told.code, told.err) == (0, "")
    (asked,) = server.asked
    assert asked.line == f"{line} HTTP/1.1"
    assert sorted(asked.telling) == sorted(fields)
    assert asked.body == body
    assert asked.field("Host") == f"127.0.0.1:{server.port}"


@pytest.mark.parametrize(
    "url", ["127.0.0.1:{}/p", "//127.0.0.1:{}/p", ":{}/p", "HTTP://127.0.0.1:{}/p"]
)
def test_a_url_may_leave_out_what_goes_without_saying(capsysbinary: Capture, url: str) -> None:
    with origin() as server:
        resolve = f"localhost:{server.port}:127.0.0.1"
        told = call(capsysbinary, "--resolve", resolve, url.format(server.port))
    assert (told.code, told.out) == (0, b"ok")
    assert server.asked[0].line == "GET /p HTTP/1.1"


def test_a_word_in_small_letters_before_an_item_is_a_url(capsysbinary: Capture) -> None:
    told = call(
        capsysbinary,
        "nowhere.invalid",
        "a==1",
        "--resolve",
        "nowhere.invalid:80:127.0.0.1",
        "-m",
        "5",
    )
    assert told.code == 3
    assert "http://127.0.0.1:80" in told.err or "nowhere.invalid" in told.err


# --- files ---------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "a.txt").write_bytes("grüße\n".encode())
    (tmp_path / "a.json").write_bytes(b"[1, 2]\n")
    (tmp_path / "raw").write_bytes(b"\xff\0")
    (tmp_path / "token").write_bytes(b"secret\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


FROM_FILES: list[tuple[str, list[str], list[str], bytes]] = [
    ("field", ["a=@a.txt"], JSON, '{"a": "grüße\\n"}'.encode()),
    ("JSON", ["a:=@a.json"], JSON, b'{"a": [1, 2]}'),
    ("body", ["@a.json"], ["Content-Type: application/json"], b"[1, 2]\n"),
    ("body of a type", ["@a.txt"], ["Content-Type: text/plain"], "grüße\n".encode()),
    ("body without a type", ["@raw"], [], b"\xff\0"),
    ("body with a type", ["@a.txt", "Content-Type:x/y"], ["Content-Type: x/y"], "grüße\n".encode()),
    ("-d", ["-d", "@raw", "-d", "x"], FORM, b"\xff\0&x"),
    ("--json", ["--json", "@a.json"], JSON, b"[1, 2]\n"),
    ("form field", ["--form", "a=@a.json"], FORM, b"a=%5B1%2C+2%5D%0A"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "fields", "body"), [row[1:] for row in FROM_FILES], ids=[r[0] for r in FROM_FILES]
)
def test_values_and_bodies_come_from_files(
    capsysbinary: Capture, folder: Path, arguments: list[str], fields: list[str], body: bytes
) -> None:
    with origin() as server:
        told = call(capsysbinary, server.url, *arguments)
    assert (told.code, told.err) == (0, "")
    (asked,) = server.asked
    assert (asked.line, asked.body) == ("POST / HTTP/1.1", body)
    assert sorted(asked.telling) == sorted(fields)
    assert asked.field("Content-Length") == str(len(body))


def test_a_token_may_be_in_a_file(capsysbinary: Capture, folder: Path) -> None:
    with origin() as server:
        assert call(capsysbinary, "--bearer", "@token", server.url).code == 0
    assert server.asked[0].field("Authorization") == "Bearer secret"


PARTS: list[tuple[str, list[str], list[tuple[str, str | None, str | None, bytes]]]] = [
    ("an item", ["f@a.json"], [("f", "a.json", "application/json", b"[1, 2]\n")]),
    ("an item beside fields", ["a=1", "f@raw", "n:=2"],
        [("a", None, None, b"1"), ("n", None, None, b"2"), ("f", "raw", "application/octet-stream", b"\xff\0")]),
    ("an item with a type and a name", ["f@raw;type=a/b;filename=x y"], [("f", "x y", "a/b", b"\xff\0")]),
    ("-F", ["-F", "a=b=c", "-F", "f=@a.json", "-F", "g=<a.json"],
        [("a", None, None, b"b=c"), ("f", "a.json", "application/json", b"[1, 2]\n"), ("g", None, None, b"[1, 2]\n")]),
    ("-F with a type", ["-F", "f=@a.txt;type=a/b; c=d"], [("f", "a.txt", "a/b; c=d", "grüße\n".encode())]),
    ("both", ["-F", "a=1", "f@token"], [("f", "token", "application/octet-stream", b"secret\n"), ("a", None, None, b"1")]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "parts"), [row[1:] for row in PARTS], ids=[row[0] for row in PARTS]
)
def test_files_are_parts_of_a_form(
    capsysbinary: Capture, folder: Path, arguments: list[str], parts: list[Any]
) -> None:
    with origin() as server:
        told = call(capsysbinary, server.url, *arguments)
    assert (told.code, told.err) == (0, "")
    (asked,) = server.asked
    assert asked.line == "POST / HTTP/1.1"
    assert parts_of(asked) == parts


def parts_of(asked: Asked) -> list[tuple[str, str | None, str | None, bytes]]:
    kind = asked.field("Content-Type") or ""
    boundary = kind.removeprefix("multipart/form-data; boundary=").encode()
    first, *parts, last = asked.body.split(b"--" + boundary)
    assert (first, last) == (b"", b"--\r\n")
    found = []
    for part in parts:
        head, _, content = part.removesuffix(b"\r\n").partition(b"\r\n\r\n")
        text = head.decode()
        name = re.search(r'[; ]name="([^"]*)"', text)
        filename = re.search(r'filename="([^"]*)"', text)
        media_type = re.search(r"Content-Type: (.*)", text)
        assert name is not None
        found.append(
            (name[1], filename and filename[1], media_type and media_type[1].strip(), content)
        )
    return found


STDIN: list[tuple[str, list[str], bytes, list[str]]] = [
    ("@- that is JSON", ["@-"], b' {"a": 1}\n', ["Content-Type: application/json"]),
    ("@- that is not", ["@-"], b"some text", []),
    ("@- with a type", ["@-", "Content-Type:a/b"], b"[]", ["Content-Type: a/b"]),
    ("-d", ["-d", "@-"], b"a=\xff", FORM),
    ("--json", ["--json", "@-"], b"[]", JSON),
    ("a field", ["--form", "a=@-"], b"b", FORM),
]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "stdin", "fields"), [row[1:] for row in STDIN], ids=[row[0] for row in STDIN]
)
def test_standard_input_is_read_where_it_is_named(
    capsysbinary: Capture,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    stdin: bytes,
    fields: list[str],
) -> None:
    with origin() as server:
        told = call(capsysbinary, server.url, *arguments, stdin=stdin, monkeypatch=monkeypatch)
    assert (told.code, told.err) == (0, "")
    (asked,) = server.asked
    assert asked.body == (b"a=b" if "--form" in arguments else stdin)
    assert sorted(asked.telling) == sorted(fields)


def test_a_long_standard_input_goes_out_in_chunks(
    capsysbinary: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    stdin = bytes(range(256)) * 4096 + b"end"  # 1 MiB, and a little more
    with origin() as server:
        told = call(capsysbinary, "PUT", server.url, "@-", stdin=stdin, monkeypatch=monkeypatch)
    assert told.code == 0
    assert server.asked[0].body == stdin
    assert server.asked[0].telling == ["Transfer-Encoding: chunked"]


# --- the session ---------------------------------------------------------------------------------


def test_redirects_are_followed_unless_it_is_said(capsysbinary: Capture) -> None:
    with origin(answer(b"", None, "302 Found", "Location: /b"), answer(b"there")) as server:
        assert call(capsysbinary, server.url).out == b"there"
        assert call(capsysbinary, server.url).out == b"there"
    with origin(answer(b"moved", None, "302 Found", "Location: /b")) as server:
        told = call(capsysbinary, "--no-follow", server.url)
    assert (told.code, told.out) == (0, b"moved")


def test_digest_answers_the_challenge(capsysbinary: Capture) -> None:
    challenge = 'WWW-Authenticate: Digest realm="r", nonce="n", algorithm=SHA-256, qop="auth"'
    with origin(answer(b"", None, "401 Unauthorized", challenge), answer(b"in")) as server:
        told = call(capsysbinary, "--digest", "-u", "me:secret", server.url)
    assert (told.code, told.out) == (0, b"in")
    assert server.asked[0].field("Authorization") is None
    assert (server.asked[1].field("Authorization") or "").startswith('Digest username="me"')


def test_cookies_are_kept_in_a_file_and_sent_from_there(
    capsysbinary: Capture, tmp_path: Path
) -> None:
    jar = str(tmp_path / "cookies.txt")
    setting = answer(b"", None, "200 OK", "Set-Cookie: a=1; Max-Age=1000", "Set-Cookie: b=2")
    with origin(
        setting, answer(b"", None, "404 Not Found", "Set-Cookie: c=3"), answer(b"")
    ) as server:
        assert call(capsysbinary, "-c", jar, server.url).code == 0
        assert call(capsysbinary, "-f", "-b", jar, "-c", jar, server.url).code == 22
        assert call(capsysbinary, "-b", jar, server.url).code == 0
    sent = [set((asked.field("Cookie") or "").split("; ")) for asked in server.asked]
    assert sent == [{""}, {"a=1", "b=2"}, {"a=1", "b=2", "c=3"}]


def test_names_lead_where_it_is_said(capsysbinary: Capture) -> None:
    with origin() as server:
        told = call(
            capsysbinary,
            *("--resolve", f"a.test:{server.port}:127.0.0.1"),
            *("--resolve", f"b.test:{server.port}:[::1],127.0.0.1"),
            f"http://b.test:{server.port}",
        )
        assert (told.code, told.out) == (0, b"ok")
        assert server.asked[0].field("Host") == f"b.test:{server.port}"


def test_a_unix_socket_leads_there(capsysbinary: Capture, tmp_path: Path) -> None:
    import socket
    import threading

    path = str(tmp_path / "socket")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen(1)

        def serve() -> None:
            sock, _ = listener.accept()
            with sock:
                assert b"Host: a.test\r\n" in sock.recv(65536)
                sock.sendall(answer(b"by file"))

        thread = threading.Thread(target=serve)
        thread.start()
        told = call(capsysbinary, "-v", "--unix-socket", path, "http://a.test/")
        thread.join()
    assert (told.code, told.out) == (0, b"by file")
    assert "* connection to unix socket\n" in told.err


@pytest.mark.parametrize("proxy", ["127.0.0.1:{}", "http://127.0.0.1:{}"])
def test_a_proxy_is_asked(capsysbinary: Capture, proxy: str) -> None:
    with origin() as server:
        told = call(capsysbinary, "-x", proxy.format(server.port), "http://a.test/b")
    assert (told.code, told.out) == (0, b"ok")
    assert server.asked[0].line == "GET http://a.test/b HTTP/1.1"


def test_an_empty_proxy_is_none_whatever_the_environment_says(
    capsysbinary: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    from h11client._cli.run import main

    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    with origin() as server:
        assert main([server.url]) == 3
        assert main(["-x", "", server.url]) == 0
        assert main(["--no-env", server.url]) == 0


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--cacert", "{ca}"], 0),
        (["-k"], 0),
        ([], 5),
        (["--cacert", "{ca}", "--cert", "{server}"], 0),
    ],
    ids=["trusted", "insecure", "not trusted", "with a certificate of our own"],
)
def test_tls_is_verified_as_it_is_said(
    capsysbinary: Capture, ca: Any, arguments: list[str], code: int
) -> None:
    given = [text.format(ca=ca.pem, server=ca.certificate) for text in arguments]
    with origin(context=ca.server_context()) as server:
        told = call(capsysbinary, *given, f"{server.url}/p")
    assert told.code == code
    if code:
        assert told.err.startswith("h11client: the certificate of ")
        assert told.err.count("\n") == 1
    else:
        assert told.out == b"ok"


def test_certificate_and_key_may_be_two_files(
    capsysbinary: Capture, ca: Any, tmp_path: Path
) -> None:
    import ssl

    ours = ca.authority.issue_cert("me@example.com")
    ours.cert_chain_pems[0].write_to_path(str(tmp_path / "cert.pem"))
    ours.private_key_pem.write_to_path(str(tmp_path / "key.pem"))
    context = ca.server_context()
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(ca.pem)
    own = ["--cert", str(tmp_path / "cert.pem"), "--key", str(tmp_path / "key.pem")]
    with origin(context=context) as server:
        assert call(capsysbinary, "--cacert", str(ca.pem), *own, server.url).code == 0
        assert call(capsysbinary, "--cacert", str(ca.pem), server.url).code in (3, 5)


def test_what_failed_is_tried_again_as_often_as_it_is_said(
    capsysbinary: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    from h11client import _settings

    waits: list[float] = []
    monkeypatch.setattr(_settings, "sleep", waits.append)
    busy = answer(b"busy", None, "503 Service Unavailable")
    with origin(busy, busy, answer(b"now"), busy) as server:
        assert call(capsysbinary, "--retry", "2", server.url).out == b"now"
        told = call(capsysbinary, "--retry", "1", server.url)
        assert (told.code, told.out) == (0, b"busy")  # the last answer is shown like any other
        assert len(server.asked) == 5
    assert len(waits) == 3


TIMES = [
    ([], (10, 60, 60, 60, None)),
    (["--timeout", "3"], (3, 3, 3, 3, None)),
    (["--timeout", "3", "--connect-timeout", "0.5"], (0.5, 3, 3, 3, None)),
    (["-m", "7"], (10, 60, 60, 60, 7)),
    (["--timeout", "0", "-m", "0"], (None, None, None, None, None)),
]


@pytest.mark.parametrize(("arguments", "limits"), TIMES, ids=[" ".join(row[0]) for row in TIMES])
def test_limits_of_time_are_those_of_the_library_unless_they_are_said(
    arguments: list[str], limits: tuple[float | None, ...]
) -> None:
    from h11client import Timeout
    from h11client._cli.arguments import parse_arguments
    from h11client._cli.settings import make_session

    with make_session(parse_arguments([*arguments, "http://a.test"])) as session:
        assert session.timeout == Timeout(*limits)


def test_the_json_that_is_sent_is_json(capsysbinary: Capture) -> None:
    with origin() as server:
        call(capsysbinary, server.url, 'a"=\\u00', "b=\u2028", "c:= {} ")
    assert json.loads(server.asked[0].body) == {'a"': "\\u00", "b": "\u2028", "c": {}}
