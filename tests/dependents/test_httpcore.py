"""httpcore requests through our h11: from httpbin, over TLS too, and from scripted servers."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any, Protocol

import pytest

from tests.dependents.conftest import Program, Run
from tests.dependents.scripted_server import scripted

BODY = b"a body"
MANY_HEADERS = b"".join(b"X-Field-%d: %s\r\n" % (i, b"v" * 200) for i in range(200))  # about 43 KB


class Certificates(Protocol):
    pem: object


@pytest.fixture(scope="module")
def httpcore(run: Run) -> Iterator[Program]:
    with run("httpcore_client") as program:
        assert program.hear() == {"ready": True}
        yield program


def get(program: Program, url: str, **more: Any) -> dict[str, Any]:
    return program.tell(method="GET", url=url, **more)


def test_requests_to_one_host_share_a_connection(httpcore: Program, httpbin_url: str) -> None:
    answers = [get(httpcore, f"{httpbin_url}/get?n={n}") for n in range(3)]
    assert [answer["status"] for answer in answers] == [200, 200, 200]
    assert len({answer["local_port"] for answer in answers}) == 1
    assert json.loads(answers[2]["text"])["args"] == {"n": "2"}


def test_requests_over_tls_share_a_connection(
    httpcore: Program, httpbin_tls_url: str, ca: Certificates
) -> None:
    url = f"{httpbin_tls_url}/get"
    answers = [get(httpcore, url, ca=str(ca.pem)) for _ in range(3)]
    assert [answer["status"] for answer in answers] == [200, 200, 200]
    assert len({answer["local_port"] for answer in answers}) == 1


def test_an_answer_that_closes_costs_a_new_connection(httpcore: Program, httpbin_url: str) -> None:
    first = get(httpcore, f"{httpbin_url}/get", headers=[["Connection", "close"]])
    second = get(httpcore, f"{httpbin_url}/get")
    assert (first["status"], second["status"]) == (200, 200)
    assert first["local_port"] != second["local_port"]


def test_an_iterator_is_uploaded_in_chunks(httpcore: Program, httpbin_url: str) -> None:
    answer = httpcore.tell(
        method="POST",
        url=f"{httpbin_url}/post",
        headers=[["Content-Type", "text/plain"]],
        body=["one ", "two ", "x" * 70_000],
    )
    echoed = get(httpcore, f"{httpbin_url}/get")
    assert answer["length"] > 70_000
    assert '"data": "one two xxx' in answer["text"]
    assert echoed["local_port"] == answer["local_port"]


def test_bytes_are_uploaded_with_their_length(httpcore: Program, httpbin_url: str) -> None:
    answer = httpcore.tell(method="PUT", url=f"{httpbin_url}/put", body="exact")
    seen = json.loads(answer["text"])
    assert (seen["data"], seen["headers"]["Content-Length"]) == ("exact", "5")


@pytest.mark.parametrize("path", ["/bytes/100000?seed=1", "/stream-bytes/100000?seed=1"])
def test_a_large_body_arrives_whole(httpcore: Program, httpbin_url: str, path: str) -> None:
    assert get(httpcore, httpbin_url + path)["length"] == 100_000


@pytest.mark.parametrize("status", [204, 304, 404, 500])
def test_a_status_leaves_the_connection_usable(
    httpcore: Program, httpbin_url: str, status: int
) -> None:
    before = get(httpcore, f"{httpbin_url}/get")
    answer = get(httpcore, f"{httpbin_url}/status/{status}")
    after = get(httpcore, f"{httpbin_url}/get")
    assert answer["status"] == status
    assert before["local_port"] == answer["local_port"] == after["local_port"]


def test_an_answer_to_head_has_a_length_and_no_body(httpcore: Program, httpbin_url: str) -> None:
    answer = httpcore.tell(method="HEAD", url=f"{httpbin_url}/bytes/1000")
    assert answer["length"] == 0
    assert ["content-length", "1000"] in [[n.lower(), v] for n, v in answer["headers"]]


OK = b"HTTP/1.1 200 OK\r\n"
ANSWERS = [
    ("chunks with extensions and trailers", OK + b"Transfer-Encoding: chunked\r\n\r\n3;x=y\r\na b\r\n3\r\nody\r\n0\r\nT: 1\r\n\r\n"),
    ("a body that ends with the connection", OK + b"\r\n" + BODY),
    ("informational answers first", b"HTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n" + OK + b"Content-Length: 6\r\n\r\n" + BODY),
    ("HTTP/1.0", b"HTTP/1.0 200 OK\r\n\r\n" + BODY),
    ("no reason phrase", b"HTTP/1.1 200\r\nContent-Length: 6\r\n\r\n" + BODY),
    ("lines that end in LF", b"HTTP/1.1 200 OK\nContent-Length: 6\n\n" + BODY),
    ("a head of 43 kB", OK + MANY_HEADERS + b"Content-Length: 6\r\n\r\n" + BODY),
    ("a folded field", OK + b"X-Folded: one\r\n  two\r\nContent-Length: 6\r\n\r\n" + BODY),
]  # fmt: skip


@pytest.mark.parametrize("wire", [row[1] for row in ANSWERS], ids=[row[0] for row in ANSWERS])
def test_an_unusual_answer_is_read(httpcore: Program, wire: bytes) -> None:
    with scripted([wire]) as server:
        answer = get(httpcore, server.url)
    assert (answer["status"], answer["text"]) == (200, BODY.decode())


def test_header_names_keep_the_spelling_of_the_wire(httpcore: Program) -> None:
    wire = OK + b"X-MiXeD-Case: Kept\r\nContent-Length: 0\r\n\r\n"
    with scripted([wire]) as server:
        answer = get(httpcore, server.url, headers=[["X-oWn-CaSe", "also"]])
    assert ["X-MiXeD-Case", "Kept"] in answer["headers"]
    assert b"\r\nX-oWn-CaSe: also\r\n" in server.received[0]


BAD_ANSWERS = [
    ("garbage", b"this is not HTTP\r\n\r\n"),
    ("a status line in words", b"HTTP/1.1 two OK\r\n\r\n"),
    ("a blank before the colon", OK + b"Content-Length : 6\r\n\r\n" + BODY),
    ("two lengths", OK + b"Content-Length: 6\r\nContent-Length: 7\r\n\r\n" + BODY),
    ("a body that is cut short", OK + b"Content-Length: 7\r\n\r\n" + BODY),
    ("a chunked body that is cut short", OK + b"Transfer-Encoding: chunked\r\n\r\n6\r\n" + BODY),
    ("a chunk size in words", OK + b"Transfer-Encoding: chunked\r\n\r\nsix\r\n" + BODY),
    ("a head above 100 KiB", OK + MANY_HEADERS * 3 + b"\r\n"),
]


@pytest.mark.parametrize("wire", [row[1] for row in BAD_ANSWERS], ids=[r[0] for r in BAD_ANSWERS])
def test_a_bad_answer_is_a_protocol_error(httpcore: Program, wire: bytes) -> None:
    with scripted([wire]) as server:
        answer = get(httpcore, server.url)
    assert answer["error"] == "RemoteProtocolError"


def test_bytes_behind_an_upgrade_reach_the_new_protocol(httpcore: Program) -> None:
    switch = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: pong\r\nConnection: Upgrade\r\n\r\n"
    upgrade = [["Connection", "Upgrade"], ["Upgrade", "pong"]]
    with scripted([switch + b"early"]) as server:
        early = get(httpcore, server.url, headers=upgrade)
    with scripted([switch, b"late"]) as server:
        late = get(httpcore, server.url, headers=upgrade)
    assert (early["upgraded"], late["upgraded"]) == ("early", "late")
    assert server.received[1] == b"ping"


def test_a_tunnel_through_a_proxy_is_handed_over(httpcore: Program) -> None:
    established = b"HTTP/1.1 200 Connection established\r\n\r\n"
    with scripted([established, b""]) as proxy:
        answer = get(httpcore, "https://origin.test/", proxy=proxy.url)
    # The scripted proxy knows no TLS: that a greeting came behind its 200 is all it can tell.
    assert proxy.received[0].startswith(b"CONNECT origin.test:443 HTTP/1.1\r\n")
    assert proxy.received[1].startswith(b"\x16\x03\x01")
    assert answer["error"] == "ConnectError"


def test_a_proxy_may_refuse_a_tunnel(httpcore: Program) -> None:
    refusal = b"HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n"
    with scripted([refusal]) as proxy:
        answer = get(httpcore, "https://refused.test/", proxy=proxy.url)
    assert (answer["error"], answer["text"]) == ("ProxyError", "407 No")


def test_basic_credentials_are_sent_as_given(httpcore: Program, httpbin_url: str) -> None:
    token = base64.b64encode(b"user:pass word").decode()
    answer = get(httpcore, f"{httpbin_url}/headers", headers=[["Authorization", f"Basic {token}"]])
    assert json.loads(answer["text"])["headers"]["Authorization"] == f"Basic {token}"
