"""Promises about everything at once, on real sockets: no file is written, names are the URL's."""

from __future__ import annotations

import builtins
import gzip
import io
import os
import ssl
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import pytest
import trustme

import h11client
from tests.wire.conftest import Peer, Server

BODY = bytes(range(256)) * 4096  # 1 MiB
PACKED = gzip.compress(BODY)
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


@pytest.fixture
def nothing_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """Whoever opens a file for writing, or wants a temporary one, gets an error; and is listed."""
    tried: list[str] = []

    def refuse(what: str) -> None:
        tried.append(what)
        raise AssertionError(f"{what} writes a file")

    def guarded_open(file: Any, mode: str = "r", *args: Any, **options: Any) -> Any:
        if set(mode) & set("wax+"):
            refuse(f"open({file!r}, {mode!r})")
        return real_open(file, mode, *args, **options)

    def guarded_os_open(path: Any, flags: int, *args: Any, **options: Any) -> int:
        if flags & WRITING:
            refuse(f"os.open({path!r}, {flags:#x})")
        return real_os_open(path, flags, *args, **options)

    def refusing(name: str) -> Callable[..., None]:
        return lambda *args, **options: refuse(f"tempfile.{name}")

    real_open, real_os_open = builtins.open, os.open
    monkeypatch.chdir(tmp_path)
    for name in tempfile.__all__:
        if callable(getattr(tempfile, name)):
            monkeypatch.setattr(tempfile, name, refusing(name))
    monkeypatch.setattr(builtins, "open", guarded_open)
    monkeypatch.setattr(io, "open", guarded_open)
    monkeypatch.setattr(os, "open", guarded_os_open)
    return tried


@pytest.mark.parametrize(
    "write",
    [
        lambda: open("x", "wb"),
        lambda: open("x", "a+b"),
        lambda: os.open("x", os.O_CREAT | os.O_WRONLY),
        lambda: tempfile.TemporaryFile(),
        lambda: tempfile.mkstemp(),
        lambda: tempfile.SpooledTemporaryFile(),
    ],
)
def test_the_guard_sees_who_writes(write: Callable[[], object], nothing_written: list[str]) -> None:
    with pytest.raises(AssertionError, match="writes a file"):
        write()
    assert len(nothing_written) == 1


def read_line(peer: Peer) -> bytes:
    line = b""
    while not line.endswith(b"\r\n"):
        line += peer.read_body(1)
    return line[:-2]


def answer(peer: Peer) -> None:
    """Answers with the length of the request's body, or to a GET with a large packed body."""
    while head := peer.read_head():
        fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:-2])
        if head.startswith(b"GET"):
            peer.send(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n")
            peer.send(b"Content-Length: %d\r\n\r\n%b" % (len(PACKED), PACKED))
            continue
        if b"transfer-encoding" in fields:
            length = 0
            while size := int(read_line(peer), 16):
                length += len(peer.read_body(size + 2)) - 2
            while read_line(peer):
                pass  # trailers
        else:
            length = len(peer.read_body(int(fields[b"content-length"])))
        text = b"%d" % length
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(text), text))


def tunnel(context: ssl.SSLContext | None) -> Callable[[Peer], None]:
    """A proxy that is the origin too, behind CONNECT."""

    def script(peer: Peer) -> None:
        if peer.read_head().startswith(b"CONNECT"):
            peer.send(b"HTTP/1.1 200 OK\r\n\r\n")
            go_on(peer, context)

    return script


def socks5(context: ssl.SSLContext | None) -> Callable[[Peer], None]:
    """The same behind SOCKS5."""

    def script(peer: Peer) -> None:
        peer.read_body(peer.read_body(2)[1])
        peer.send(b"\x05\x00")
        peer.read_body(peer.read_body(5)[4] + 2)  # a name and a port
        peer.send(b"\x05\x00\x00\x01" + bytes(6))
        go_on(peer, context)

    return script


def go_on(peer: Peer, context: ssl.SSLContext | None) -> None:
    if context is None:
        answer(peer)
        return
    with context.wrap_socket(peer.sock, server_side=True) as secured:
        answer(Peer(secured))


# id, scheme of the proxy, what it does, scheme of the URL
WAYS = [
    ("http", None, None, "http"),
    ("https", None, None, "https"),
    ("http, forwarded", "http", lambda context: answer, "http"),
    ("https, tunnelled", "http", tunnel, "https"),
    ("http, SOCKS", "socks5h", socks5, "http"),
    ("https, SOCKS", "socks5h", socks5, "https"),
]


@pytest.fixture
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BinaryIO]:
    """A file that is large enough for sendfile(2)."""
    path = tmp_path_factory.mktemp("large") / "file"
    path.write_bytes(BODY)
    with path.open("rb") as file:
        yield file


@pytest.mark.safety("L4")
@pytest.mark.parametrize(
    ("proxy", "script", "scheme"), [row[1:] for row in WAYS], ids=[row[0] for row in WAYS]
)
def test_no_file_is_written_whatever_is_done(
    proxy: str | None,
    script: Any,
    scheme: str,
    serve: Callable[..., Server],
    ca: Any,
    large: BinaryIO,
    nothing_written: list[str],
) -> None:
    context = ca.server_context() if scheme == "https" else None
    server = serve(script(context)) if proxy else serve(answer, context=context)
    proxies = {"all": f"{proxy}://127.0.0.1:{server.port}"} if proxy else {}
    url = f"{scheme}://localhost:{server.port}/"
    with h11client.Session(
        verify=ca.pem, trust_env=False, proxies=proxies, hosts={"localhost": "127.0.0.1"}
    ) as session:
        assert session.get(url).content == BODY
        with session.get(url, stream=True) as response:
            assert b"".join(response.iter_bytes(10_000)) == BODY
        with session.get(url, stream=True) as response:
            assert response.raw.read() == PACKED
        assert session.post(url, data=BODY).text == str(len(BODY))
        assert session.post(url, json=list(range(9999))).ok
        with open(ca.certificate, "rb") as file:  # a small one
            assert session.put(url, data=file).text == str(Path(ca.certificate).stat().st_size)
        assert session.put(url, data=large).text == str(len(BODY))
        pieces = (BODY[:100_000] for _ in range(5))
        assert session.post(url, data=pieces, trailers={"X-End": "1"}).text == "500000"
    assert nothing_written == []
    assert list(Path().iterdir()) == []


@pytest.mark.safety("P5", "T1")
@pytest.mark.parametrize("certified", ["a.test", "b.test"])
def test_the_certificate_is_checked_for_the_host_of_the_url_and_not_for_that_of_the_field(
    certified: str, serve: Callable[..., Server], tmp_path: Path
) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(certified).configure_cert(context)
    indicated: list[str | None] = []
    context.sni_callback = lambda sock, name, context: indicated.append(name)
    heads: list[bytes] = []

    def noting(peer: Peer) -> None:
        heads.append(peer.read_head())
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    server = serve(noting, context=context)
    with h11client.Session(
        hosts={"a.test": "127.0.0.1"}, verify=tmp_path / "ca.pem", trust_env=False
    ) as session:
        url = f"https://a.test:{server.port}/"
        if certified == "a.test":
            assert session.get(url, headers={"Host": "b.test"}).ok
            assert b"Host: b.test\r\n" in heads[0]
        else:
            with pytest.raises(h11client.SSLError):
                session.get(url, headers={"Host": "b.test"})
    assert indicated == ["a.test"]
