"""What httpbin offers to try a client with: redirects, cookies, authentication, bodies, codings."""

from __future__ import annotations

import io
import json
import time

import pytest

import h11client
from h11client.auth import HTTPBasicAuth, HTTPBearerAuth, HTTPDigestAuth
from h11client.exceptions import HTTPError, InvalidSchema, TooManyRedirects


@pytest.fixture(params=["http", "https"])
def place(request, ca, httpbin_url, httpbin_tls_url):
    """The URL of the server, and a session that trusts it."""
    with h11client.Session(verify=str(ca.pem), timeout=30) as session:
        yield (httpbin_url if request.param == "http" else httpbin_tls_url), session


def paths_of(response):
    return [answer.url.partition("://")[2].partition("/")[2] for answer in response.history]


# --- redirects -------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["redirect", "relative-redirect", "absolute-redirect"])
def test_redirects_are_followed_to_their_end(place, kind):
    url, session = place
    response = session.get(f"{url}/{kind}/3")
    assert response.status_code == 200
    assert response.url == f"{url}/get"
    assert len(paths_of(response)) == 3
    assert [answer.status_code for answer in response.history] == [302] * 3
    assert response.connection_info.requests_served == 4


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"])
def test_the_method_and_body_that_arrive(place, method, status):
    url, session = place
    there = f"{url}/redirect-to"
    params = {"url": f"{url}/anything", "status_code": status}
    data = None if method in ("GET", "HEAD") else b"the body"
    response = session.request(
        method, there, params=params, data=data, headers={"Content-Language": "de"}
    )
    assert [answer.status_code for answer in response.history] == [status]
    kept = status in (307, 308) or (status == 301 and method != "POST")
    if method == "HEAD":
        assert (response.status_code, response.content) == (200, b"")
        return
    seen = response.json()
    assert seen["method"] == (method if kept else "GET")
    assert seen["data"] == ("the body" if kept and data else "")
    assert ("Content-Language" in seen["headers"]) == (kept or method == "GET")


def test_a_form_arrives_again_behind_a_307(place):
    url, session = place
    params = {"url": "/post", "status_code": 307}
    response = session.post(f"{url}/redirect-to", params=params, data={"a": ["1", "2"]})
    assert response.json()["form"] == {"a": ["1", "2"]}


def test_redirects_between_the_servers_keep_no_secrets(httpbin_url, httpbin_tls_url, ca):
    with h11client.Session(verify=str(ca.pem)) as session:
        secrets = {"Authorization": "Bearer x", "X-Api-Key": "x", "Cookie": "a=b", "X-Id": "7"}
        params = {"url": f"{httpbin_tls_url}/headers"}
        response = session.get(f"{httpbin_url}/redirect-to", params=params, headers=secrets)
        seen = response.json()["headers"]
        assert {name for name in secrets if name in seen} == {"X-Id"}
        assert seen["Host"] == httpbin_tls_url.partition("//")[2]


def test_where_redirects_end(place):
    url, session = place
    session.max_redirects = 2
    assert session.get(f"{url}/redirect/2").ok
    with pytest.raises(TooManyRedirects) as caught:
        session.get(f"{url}/redirect/3")
    assert len(caught.value.response.history) == 2
    with pytest.raises(InvalidSchema):
        session.get(f"{url}/redirect-to", params={"url": "file:///etc/passwd"})
    response = session.get(f"{url}/redirect/1", allow_redirects=False)
    assert response.is_redirect
    assert session.send(response.next).url == f"{url}/get"


def test_status_codes_that_redirect_without_a_location_are_answers(place):
    url, session = place
    assert session.get(f"{url}/status/300").status_code == 300
    assert session.get(f"{url}/status/304").history == []
    assert session.get(f"{url}/status/301").json()["url"] == f"{url}/get"  # it has one


# --- cookies ---------------------------------------------------------------------------------


def test_cookies_that_are_set_on_the_way_are_sent_at_once_and_deleted(place):
    url, session = place
    response = session.get(f"{url}/cookies/set", params={"a": "1", "b": "2"})
    assert response.json()["cookies"] == {"a": "1", "b": "2"}
    assert response.history[0].cookies.get_dict() == {"a": "1", "b": "2"}
    assert session.cookies.get_dict() == {"a": "1", "b": "2"}
    seen = session.get(f"{url}/cookies/delete", params={"a": ""}).json()["cookies"]
    assert seen == {"b": "2"}
    assert session.cookies.get_dict() == {"b": "2"}


def test_cookies_of_one_call_are_not_kept(place):
    url, session = place
    session.cookies.set("s", "of the session".replace(" ", "-"))
    seen = session.get(f"{url}/cookies", cookies={"c": "of-the-call"}).json()["cookies"]
    assert seen == {"s": "of-the-session", "c": "of-the-call"}
    assert session.get(f"{url}/cookies").json()["cookies"] == {"s": "of-the-session"}
    by_hand = session.get(f"{url}/cookies", headers={"Cookie": "h=by-hand"}).json()["cookies"]
    assert by_hand == {"h": "by-hand"}


@pytest.mark.safety("P5")
def test_cookies_follow_the_url_and_not_the_host_field(place):
    url, session = place
    session.get(f"{url}/cookies/set/a/1", headers={"Host": "other.test"}, allow_redirects=False)
    [cookie] = session.cookies
    assert cookie.domain.startswith("127.0.0.1")
    assert session.get(f"{url}/cookies").json()["cookies"] == {"a": "1"}


# --- authentication --------------------------------------------------------------------------

IN_THE_WAYS = [
    ("a pair", ("user", "pass word")),
    ("an object", HTTPBasicAuth("user", "pass word")),
]


@pytest.mark.parametrize("auth", [row[1] for row in IN_THE_WAYS], ids=[r[0] for r in IN_THE_WAYS])
@pytest.mark.parametrize("path", ["basic-auth", "hidden-basic-auth"])
def test_basic(place, path, auth):
    url, session = place
    there = f"{url}/{path}/user/pass word"
    assert session.get(there, auth=auth).json() == {"authenticated": True, "user": "user"}
    assert session.get(there).status_code == (401 if path == "basic-auth" else 404)
    assert session.get(there, auth=("user", "wrong")).status_code in (401, 404)
    session.auth = auth
    assert session.get(there).ok


def test_basic_by_the_url_and_by_netrc(place, tmp_path, monkeypatch):
    url, session = place
    scheme, _, rest = url.partition("://")
    response = session.get(f"{scheme}://me:pass%20word@{rest}/basic-auth/me/pass word")
    assert response.json()["authenticated"]
    assert "@" not in response.url
    netrc = tmp_path / "netrc"
    netrc.write_text('machine 127.0.0.1 login me password "pass word"\n')
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    assert session.get(f"{url}/basic-auth/me/pass word").ok


def test_bearer(place):
    url, session = place
    response = session.get(f"{url}/bearer", auth=HTTPBearerAuth("t0ken"))
    assert response.json() == {"authenticated": True, "token": "t0ken"}
    assert session.get(f"{url}/bearer").status_code == 401


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
@pytest.mark.parametrize("qop", ["auth", "auth-int"])
def test_digest(place, qop, algorithm):
    url, session = place
    there = f"{url}/digest-auth/{qop}/user/passwd/{algorithm}"
    response = session.get(there, auth=HTTPDigestAuth("user", "passwd"))
    assert response.json() == {"authenticated": True, "user": "user"}
    assert [answer.status_code for answer in response.history] == [401]
    assert session.get(there, auth=HTTPDigestAuth("user", "wrong")).status_code == 401


def test_digest_is_challenged_once_for_many_requests(place):
    url, session = place
    session.auth = HTTPDigestAuth("user", "passwd")
    session.cookies.set("stale_after", "never")
    there = f"{url}/digest-auth/auth/user/passwd/MD5/never"
    assert [len(session.get(there).history) for _ in range(3)] == [1, 0, 0]


def test_digest_answers_a_stale_nonce_without_being_asked_for_the_password(place):
    url, session = place
    session.auth = HTTPDigestAuth("user", "passwd")
    there = f"{url}/digest-auth/auth/user/passwd/MD5/1"
    assert [session.get(there).status_code for _ in range(4)] == [200] * 4


# --- codings, streams and their ends ---------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "flag"), [("gzip", "gzipped"), ("deflate", "deflated"), ("brotli", "brotli")]
)
def test_codings(place, path, flag):
    url, session = place
    response = session.get(f"{url}/{path}")
    assert response.json()[flag] is True
    raw = session.get(f"{url}/{path}", stream=True)
    assert raw.raw.read() != response.content
    with session.get(f"{url}/{path}", stream=True) as streamed:
        assert json.loads(b"".join(streamed.iter_content(7)))[flag] is True


def test_streams(place):
    url, session = place
    with session.get(f"{url}/stream/10", stream=True) as response:
        lines = list(response.iter_lines(decode_unicode=True))
    assert [json.loads(line)["id"] for line in lines] == list(range(10))
    content = session.get(f"{url}/stream-bytes/5000?seed=7&chunk_size=64").content
    assert len(content) == 5000
    assert content == session.get(f"{url}/stream-bytes/5000?seed=7&chunk_size=999").content
    assert len(session.get(f"{url}/bytes/777?seed=1").content) == 777


def test_a_body_that_comes_drop_by_drop(place):
    url, session = place
    params = {"duration": 0.1, "numbytes": 5, "code": 200, "delay": 0}
    with session.get(f"{url}/drip", params=params, stream=True) as response:
        assert b"".join(response.iter_content(None)) == b"*****"
    assert session.get(f"{url}/get").connection_info.reused


def test_a_delay(place):
    url, session = place
    started = time.monotonic()
    response = session.get(f"{url}/delay/0.1")
    assert 0.1 <= response.elapsed.total_seconds() <= time.monotonic() - started


def test_parts(place):
    url, session = place
    whole = session.get(f"{url}/range/100")
    assert whole.headers["Accept-Ranges"] == "bytes"
    part = session.get(f"{url}/range/100", headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, whole.content[10:20])
    assert part.headers["Content-Range"] == "bytes 10-19/100"
    rest = session.get(f"{url}/range/100", headers={"Range": "bytes=90-"})
    assert rest.content == whole.content[90:]
    assert session.get(f"{url}/range/9", headers={"Range": "bytes=10-"}).status_code == 416
    tag = whole.headers["ETag"]
    unchanged = session.get(f"{url}/etag/x", headers={"If-None-Match": "x"})
    assert (unchanged.status_code, unchanged.content, bool(tag)) == (304, b"", True)


@pytest.mark.parametrize("status", [200, 201, 204, 400, 401, 403, 404, 418, 429, 500, 502, 503])
def test_status(place, status):
    url, session = place
    response = session.get(f"{url}/status/{status}")
    assert (response.status_code, response.ok, bool(response)) == (status, *[status < 400] * 2)
    if status < 400:
        response.raise_for_status()
    else:
        with pytest.raises(HTTPError, match=str(status)) as caught:
            response.raise_for_status()
        assert caught.value.response is response


def test_links(place):
    url, session = place
    page = session.get(f"{url}/links/3/0")
    assert (page.url, len(page.history)) == (f"{url}/links/3/0", 0)
    assert page.text.count("<a href=") == 2
    params = {"Link": '</get?page=2>; rel="next", </get?page=9>; rel=last'}
    found = session.get(f"{url}/response-headers", params=params).links
    assert found["next"]["url"] == "/get?page=2"
    assert found["last"]["url"] == "/get?page=9"


# --- uploads ---------------------------------------------------------------------------------


def test_files_and_fields(place):
    url, session = place
    files = {"one": ("a.txt", io.BytesIO(b"of a file"), "text/plain"), "two": b"of bytes"}
    seen = session.post(f"{url}/post", data={"a": ["1", "2"]}, files=files).json()
    assert seen["files"] == {"one": "of a file", "two": "of bytes"}
    assert seen["form"] == {"a": ["1", "2"]}
    assert seen["headers"]["Content-Type"].startswith("multipart/form-data; boundary=")
    assert int(seen["headers"]["Content-Length"]) > 100


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_json_forms_and_bytes(place, method):
    url, session = place
    there = f"{url}/{method.lower()}"
    value = {"a": [1, None, "\u00e4"]}
    assert session.request(method, there, json=value).json()["json"] == value
    form = {"a": "1 & 2", "b": ["\u00e4", "\u20ac"]}
    assert session.request(method, there, data=form).json()["form"] == form
    raw = session.request(method, there, data=b"\x00\xff", headers={"Content-Type": "x/y"}).json()
    assert raw["data"] == "data:application/octet-stream;base64,AP8="
    assert raw["headers"]["Content-Type"] == "x/y"


# --- what comes back -------------------------------------------------------------------------


def test_headers_and_anything(place):
    url, session = place
    session.headers["X-Of-Session"] = "1"
    seen = session.get(f"{url}/headers", headers={"X-Of-Call": "2", "Accept": None}).json()
    assert seen["headers"]["X-Of-Session"] == "1"
    assert seen["headers"]["X-Of-Call"] == "2"
    assert "Accept" not in seen["headers"]
    assert seen["headers"]["User-Agent"] == f"h11client/{h11client.__version__}"
    everything = session.put(
        f"{url}/anything/a b/\u00e4", params={"q": ["1", "2"], "n": None}, data={"f": "x"}
    ).json()
    assert everything["method"] == "PUT"
    assert everything["args"] == {"q": ["1", "2"]}
    assert everything["form"] == {"f": "x"}
    assert everything["url"].endswith("/anything/a%20b/\u00e4?q=1&q=2")  # as the server writes it
    assert session.get(f"{url}/user-agent").json()["user-agent"].startswith("h11client/")


def test_text_in_utf_8(place):
    url, session = place
    response = session.get(f"{url}/encoding/utf8")
    assert response.encoding == "utf-8"
    assert "\u222e E\u22c5da = Q,  n \u2192 \u221e" in response.text
    lines = list(session.get(f"{url}/encoding/utf8", stream=True).iter_lines(decode_unicode=True))
    assert lines == response.text.splitlines()
    assert session.get(f"{url}/html").text.startswith("<!DOCTYPE html>")
    assert session.get(f"{url}/xml").content.startswith(b"<?xml")
    assert session.get(f"{url}/json").json()["slideshow"]["title"] == "Sample Slide Show"


SIGNATURES = [("png", b"\x89PNG"), ("jpeg", b"\xff\xd8\xff"), ("webp", b"RIFF"), ("svg", b"<svg ")]


@pytest.mark.parametrize(("kind", "signature"), SIGNATURES, ids=[row[0] for row in SIGNATURES])
def test_images(place, kind, signature):
    url, session = place
    response = session.get(f"{url}/image/{kind}")
    assert response.headers["Content-Type"].startswith(f"image/{kind}")
    assert response.content.startswith(signature)
    media = response.headers["Content-Type"]
    negotiated = session.get(f"{url}/image", headers={"Accept": media})
    assert negotiated.content.startswith(signature)
