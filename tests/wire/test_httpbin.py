"""httpbin under a server that keeps connections alive and takes chunked uploads; http and https."""

from __future__ import annotations

import io
import json
import threading

import pytest

import h11client


@pytest.fixture(params=["http", "https"])
def place(request, ca, httpbin_url, httpbin_tls_url):
    """The URL of the server, and a session that trusts it."""
    with h11client.Session(verify=str(ca.pem), timeout=30) as session:
        yield (httpbin_url if request.param == "http" else httpbin_tls_url), session


def test_get_with_params_and_headers(place):
    url, session = place
    response = session.get(f"{url}/get", params={"a": ["1", "2"], "b": "ä"}, headers={"X-Id": "7"})
    seen = response.json()
    assert seen["args"] == {"a": ["1", "2"], "b": "ä"}
    assert seen["headers"]["X-Id"] == "7"
    assert seen["url"] == f"{url}/get?a=1&a=2&b=%C3%A4" or seen["url"].startswith("http")


def test_ten_requests_go_over_one_connection(place):
    url, session = place
    infos = [session.get(f"{url}/get").connection_info for _ in range(10)]
    assert [info.requests_served for info in infos] == list(range(1, 11))
    assert {info.local_address for info in infos} == {infos[0].local_address}
    assert {(info.client_state, info.server_state) for info in infos} == {("DONE", "DONE")}


def test_a_streamed_download_comes_in_pieces_and_gives_its_connection_back(place):
    url, session = place
    response = session.get(f"{url}/stream-bytes/100000?chunk_size=1000&seed=1", stream=True)
    assert session._transport_.counts().idle == 0
    sizes = [len(piece) for piece in response.iter_content(8192)]
    assert sum(sizes) == 100000
    assert len(sizes) > 10
    assert session._transport_.counts().idle == 1
    again = session.get(f"{url}/stream-bytes/100000?chunk_size=1000&seed=1")
    assert again.connection_info.reused


def test_lines_of_a_stream(place):
    url, session = place
    response = session.get(f"{url}/stream/20", stream=True)
    assert [json.loads(line)["id"] for line in response.iter_lines()] == list(range(20))


def test_a_chunked_upload_from_a_generator_arrives_whole(place):
    url, session = place

    def pieces():
        for number in range(50):
            yield b"%d," % number
            yield b""

    response = session.post(f"{url}/post", data=pieces())
    assert response.json()["data"] == "".join(f"{number}," for number in range(50))
    assert response.json()["headers"]["Transfer-Encoding"] == "chunked"
    assert session.get(f"{url}/get").connection_info.reused


UPLOADS = [
    ("bytes", b"hello", "hello"),
    ("text", "hällo", "hällo"),
    ("a file", io.BytesIO(b"of a file"), "of a file"),
    ("a large body", b"x" * 1_000_000, "x" * 1_000_000),
    ("nothing", None, ""),
]


@pytest.mark.parametrize(
    ("data", "seen"), [row[1:] for row in UPLOADS], ids=[row[0] for row in UPLOADS]
)
def test_uploads_arrive_with_their_length(place, data, seen):
    url, session = place
    if isinstance(data, io.BytesIO):
        data.seek(0)
    response = session.put(f"{url}/put", data=data)
    assert response.json()["data"] == seen
    assert response.json()["headers"]["Content-Length"] == str(len(seen.encode()))


def test_forms_and_json(place):
    url, session = place
    assert session.post(f"{url}/post", data={"a": "1", "b": ["2", "3"]}).json()["form"] == {
        "a": "1",
        "b": ["2", "3"],
    }
    assert session.post(f"{url}/post", json={"a": [1, None]}).json()["json"] == {"a": [1, None]}


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE", "OPTIONS", "PATCH", "POST", "PUT"])
def test_every_method(place, method):
    url, session = place
    response = session.request(method, f"{url}/anything")
    assert response.status_code == 200
    if method not in ("HEAD", "OPTIONS"):
        assert response.json()["method"] == method


@pytest.mark.parametrize("coding", ["gzip", "deflate", "brotli"])
def test_codings_are_undone(place, coding):
    url, session = place
    response = session.get(f"{url}/{coding}")
    assert response.json()["method"] == "GET"


@pytest.mark.parametrize("status", [204, 304, 401, 404, 500, 503])
def test_every_status_is_a_plain_result(place, status):
    url, session = place
    response = session.get(f"{url}/status/{status}")
    assert response.status_code == status
    assert response.ok == (status < 400)
    assert session.get(f"{url}/get").connection_info.reused


def test_a_redirect_that_is_not_followed_keeps_the_connection(place):
    url, session = place
    response = session.get(f"{url}/redirect/1", allow_redirects=False)
    assert response.status_code == 302
    assert response.headers["Location"]
    assert session.get(f"{url}/get").connection_info.reused


def test_elapsed_covers_the_wait_for_the_head(place):
    url, session = place
    assert session.get(f"{url}/delay/0.3").elapsed.total_seconds() >= 0.3


def test_a_body_closed_early_does_not_disturb_the_next_request(place):
    url, session = place
    with session.get(f"{url}/stream-bytes/5000000", stream=True) as response:
        next(response.iter_content(1000))
    assert session.get(f"{url}/get").status_code == 200
    counts = session._transport_.counts()
    assert counts.open == counts.idle == 1


def test_sixteen_threads_share_one_session(place):
    url, session = place
    wrong = []

    def work(thread):
        for number in range(5):
            nonce = f"{thread}-{number}"
            if session.get(f"{url}/anything/{nonce}").json()["url"].rpartition("/")[2] != nonce:
                wrong.append(nonce)
            body = session.post(f"{url}/post", data=iter([nonce.encode()])).json()["data"]
            if body != nonce:
                wrong.append(body)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert wrong == []
    counts = session._transport_.counts()
    assert counts.open == counts.idle <= 16


def test_module_functions(httpbin_url):
    assert h11client.get(f"{httpbin_url}/get", params={"a": "b"}).json()["args"] == {"a": "b"}
    assert h11client.post(f"{httpbin_url}/post", data=b"x").json()["data"] == "x"
    assert h11client.head(f"{httpbin_url}/get").content == b""
    with h11client.get(f"{httpbin_url}/stream-bytes/100000", stream=True) as response:
        assert sum(map(len, response.iter_content(1000))) == 100000
