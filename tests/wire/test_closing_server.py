"""httpbin on a server that answers every request with `Connection: close`; http and https."""

from __future__ import annotations

import pytest
from pytest_httpbin import certs

import h11client
from h11client import exceptions


@pytest.fixture(params=["http", "https"])
def place(request, httpbin, httpbin_secure):
    """The URL of the server, and a session that trusts it."""
    server = httpbin if request.param == "http" else httpbin_secure
    with h11client.Session(timeout=30, verify=certs.where()) as session:
        yield server.url, session


def test_every_answer_closes_its_connection(place):
    url, session = place
    for _ in range(3):
        info = session.get(f"{url}/get").connection_info
        assert (info.client_state, info.server_state) == ("MUST_CLOSE", "MUST_CLOSE")
        assert (info.requests_served, info.reused) == (1, False)
        assert session._transport_.counts().open == 0


ROUTES = [
    ("json", "/json", "application/json"),
    ("html", "/html", "text/html; charset=utf-8"),
    ("xml", "/xml", "application/xml"),
    ("robots", "/robots.txt", "text/plain"),
    ("utf8", "/encoding/utf8", "text/html; charset=utf-8"),
    ("png", "/image/png", "image/png"),
    ("bytes", "/bytes/1000", "application/octet-stream"),
    ("user agent", "/user-agent", "application/json"),
]


@pytest.mark.parametrize(
    ("path", "kind"), [row[1:] for row in ROUTES], ids=[row[0] for row in ROUTES]
)
def test_a_route(place, path, kind):
    url, session = place
    response = session.get(url + path)
    assert response.status_code == 200
    assert response.headers["Content-Type"] == kind
    if "Content-Length" in response.headers:
        assert len(response.content) == int(response.headers["Content-Length"])
    if kind == "application/json":
        assert response.json()


@pytest.mark.safety("D5")
def test_a_body_until_close_needs_a_clean_end_over_tls(place):
    url, session = place
    response = session.get(f"{url}/stream-bytes/50000?seed=1", stream=True)
    received = bytearray()
    if url.startswith("http:"):
        received.extend(b"".join(response.iter_content(1000)))
    else:
        # This server ends its connections without close_notify.
        with pytest.raises(exceptions.IncompleteBody) as caught:
            read_into(received, response)
        assert caught.value.partial_length == 50000
    assert len(received) == 50000
    assert session._transport_.counts().open == 0


def read_into(received, response):
    for piece in response.iter_content(1000):
        received.extend(piece)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_uploads(place, method):
    url, session = place
    response = session.request(method, f"{url}/{method.lower()}", data=b"x" * 100_000)
    assert len(response.json()["data"]) == 100_000


@pytest.mark.parametrize("status", [200, 204, 302, 404, 418, 500])
def test_statuses_are_plain_results(place, status):
    url, session = place
    response = session.get(f"{url}/status/{status}", allow_redirects=False)
    assert response.status_code == status


def test_basic_authentication_by_hand(place):
    url, session = place
    path = f"{url}/basic-auth/me/secret"
    assert session.get(path).status_code == 401
    headers = {"Authorization": "Basic bWU6c2VjcmV0"}
    assert session.get(path, headers=headers).json()["authenticated"]


def test_a_range(place):
    url, session = place
    response = session.get(f"{url}/range/100", headers={"Range": "bytes=10-19"})
    assert response.status_code == 206
    assert response.content == b"klmnopqrst"


def test_response_headers_that_repeat(place):
    url, session = place
    response = session.get(f"{url}/response-headers?X-A=1&X-A=2")
    assert response.headers["x-a"] == "1, 2"
