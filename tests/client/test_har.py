"""`HAR`: every exchange as an entry of the format, and no secret in it."""

from __future__ import annotations

import copy
import gc
import gzip
import io
import json
import pickle
import threading
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

import h11client
from h11client import HAR, Retry, Session, exceptions
from h11client.adapters import BaseAdapter, HTTPAdapter
from h11client.auth import HTTPDigestAuth
from h11client.testing import Answer, FakeClock, MockTransport, Pause, ScriptedNetwork
from tests.client.har_format import check_har

URL = "http://a.test/b"


def session_of(handler: Any, **options: Any) -> Session:
    transport = MockTransport(handler, FakeClock())
    return Session(transport=transport, trust_env=False, **options)


def recorded(handler: Any, *args: Any, har: Any = (), session: Any = (), **options: Any) -> Any:
    """The one entry of a call that is answered so."""
    with session_of(handler, **dict(session)) as opened, HAR(opened, **dict(har)) as archive:
        opened.request(*(args or ("GET", URL)), **options)
    (entry,) = check_har(archive.to_dict())
    return entry


def pairs(items: list[Any]) -> list[tuple[str, str]]:
    return [(item["name"], item["value"]) for item in items]


def test_an_exchange_is_an_entry() -> None:
    answer = Answer(201, "héllo", {"Content-Type": "text/plain", "X-A": "1"}, reason="Made")
    entry = recorded(
        lambda request: answer, "POST", f"{URL}?q=a%20b&r=&s#f", json={"c": 1}, cookies={"d": "e"}
    )
    request, response = entry["request"], entry["response"]
    assert (request["method"], request["url"]) == ("POST", f"{URL}?q=a%20b&r=&s")
    assert request["httpVersion"] == response["httpVersion"] == "HTTP/1.1"
    assert pairs(request["queryString"]) == [("q", "a b"), ("r", ""), ("s", "")]
    assert pairs(request["headers"])[0] == ("Host", "a.test")
    assert ("Content-Length", "8") in pairs(request["headers"])
    assert pairs(request["cookies"]) == [("d", "***")]
    assert request["postData"] == {"mimeType": "application/json", "params": [], "text": '{"c": 1}'}
    assert request["bodySize"] == 8
    assert (response["status"], response["statusText"]) == (201, "Made")
    assert pairs(response["headers"]) == [("Content-Type", "text/plain"), ("X-A", "1"), ("Content-Length", "6")]  # fmt: skip
    assert response["content"] == {"size": 6, "mimeType": "text/plain", "text": "héllo"}
    assert (response["bodySize"], response["redirectURL"]) == (6, "")
    assert response["headersSize"] == len(
        "HTTP/1.1 201 Made\r\nContent-Type: text/plain\r\nX-A: 1\r\nContent-Length: 6\r\n\r\n"
    )
    assert entry["cache"] == {}


def test_the_size_of_a_head_is_that_of_what_was_sent() -> None:
    network = ScriptedNetwork([b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-A: \r\n\r\nab"])
    with Session(transport=network.transport(), trust_env=False) as session, HAR(session) as har:
        session.put(URL, data=b"abc", headers={"X-B": "c"})
    (entry,) = check_har(har.to_dict())
    assert entry["response"]["content"]["text"] == "ab"
    assert entry["request"]["headersSize"] == len(network.streams[0].written) - 3
    assert entry["response"]["headersSize"] == len(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-A: \r\n\r\n")  # fmt: skip


def test_the_archive_says_what_made_it_and_when() -> None:
    before = datetime.now(timezone.utc)
    entry = recorded(lambda request: 204)
    started = datetime.fromisoformat(entry["startedDateTime"].replace("Z", "+00:00"))
    assert abs((started - before).total_seconds()) < 30
    log = HAR(session_of(lambda request: 200)).to_dict()["log"]
    assert log["creator"] == {"name": "h11client", "version": h11client.__version__}
    assert (log["entries"], log["pages"]) == ([], [])


GZIPPED = gzip.compress(b"a" * 500)
LARGER = gzip.compress(b"a" * 5000)


# --- bodies --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"data": {"a": "b c", "d": ["1", "2"]}}, {"text": "a=b+c&d=1&d=2", "params": [("a", "b c"), ("d", "1"), ("d", "2")]}),
        ({"data": "text", "headers": {"Content-Type": "text/plain"}}, {"mimeType": "text/plain", "text": "text"}),
        ({"data": b"\xff\0"}, {"mimeType": "", "text": "/wA=", "_encoding": "base64"}),
        ({"data": b""}, None),
        ({"data": iter([b"a"])}, {"text": "", "comment": "a body that could be read once, or from files, is not kept"}),
        ({"data": b"x" * 2000}, {"text": "", "comment": "a body of 2000 bytes is not kept"}),
        (
            {"data": {"a": "1"}, "files": {"f": ("n.txt", b"abc", "text/plain")}},
            {"text": "", "params": [("a", "1"), ("f", "")]},
        ),
        (
            {"data": {"a": "1"}, "files": {"f": ("n.txt", "file")}},
            {"text": "", "params": [("a", "1"), ("f", "")]},
        ),
    ],
)  # fmt: skip
def test_what_is_sent_is_kept_as_the_format_has_it(
    given: Any, expected: Any, tmp_path: Path
) -> None:
    path = tmp_path / "n.txt"
    path.write_bytes(b"abc")
    with path.open("rb") as file:
        if "files" in given and given["files"]["f"][1] == "file":
            given = {**given, "files": {"f": ("n.txt", file)}}
        entry = recorded(lambda request: 200, "POST", URL, har={"max_body_size": 1000}, **given)
    found = entry["request"].get("postData")
    if expected is None:
        assert found is None
        return
    for name, value in expected.items():
        shown = pairs(found["params"]) if name == "params" else found.get(name)
        assert shown == value
    if "files" in given:
        assert found["mimeType"].startswith("multipart/form-data; boundary=")
        assert found["params"][1]["fileName"] == "n.txt"
        assert found["params"][1].get("contentType") in ("text/plain", None)


@pytest.mark.parametrize(
    ("answer", "content", "size"),
    [
        (Answer(200, b"\xff\0", {"Content-Type": "image/x"}), {"size": 2, "text": "/wA=", "encoding": "base64"}, 2),
        (Answer(200, GZIPPED, {"Content-Encoding": "gzip"}), {"size": 500, "text": "a" * 500}, len(GZIPPED)),
        (Answer(200, b"no gzip", {"Content-Encoding": "x"}), {"size": 7, "text": "no gzip"}, 7),
        (Answer(200, LARGER, {"Content-Encoding": "gzip"}), {"comment": "the body could not be decoded, or is too large when it is"}, len(LARGER)),
        (Answer(200, [b"a" * 600, b"a" * 600]), {"size": 1200, "comment": "a body of 1200 bytes is not kept"}, 1200),
        (Answer(200, b""), {"size": 0, "text": ""}, 0),
        (Answer(204), {"size": 0, "text": ""}, 0),
        (Answer(200, "a", {"Content-Type": None}), {"mimeType": "x-unknown"}, 1),
    ],
)  # fmt: skip
def test_what_is_received_is_kept_without_its_codings(answer: Any, content: Any, size: int) -> None:
    entry = recorded(lambda request: answer, har={"max_body_size": 1000})
    found = entry["response"]["content"]
    assert {name: found.get(name) for name in content} == content
    assert entry["response"]["bodySize"] == size


def test_a_coding_that_is_cut_short_is_no_text() -> None:
    answer = Answer(200, GZIPPED[:-9], {"Content-Encoding": "gzip"})
    with session_of(lambda request: answer) as session, HAR(session) as har:  # noqa: SIM117
        with pytest.raises(exceptions.ContentDecodingError):
            session.get(URL)
    (entry,) = check_har(har.to_dict())
    content = entry["response"]["content"]
    assert "text" not in content
    assert content["size"] == entry["response"]["bodySize"] == len(GZIPPED) - 9


def test_a_head_has_no_body() -> None:
    entry = recorded(lambda request: Answer(200, "abc"), "HEAD", URL)
    assert entry["response"]["content"]["size"] == entry["response"]["bodySize"] == 0


@pytest.mark.parametrize(
    ("use", "comment", "size"),
    [
        (lambda response: response.close(), "the body was not read", 0),
        (lambda response: response.read(3), "the body was not read to its end", 3),
        (lambda response: list(response.iter_bytes(2)), None, 6),
        (lambda response: response.raw.read(), None, 6),
        (lambda response: response.text, None, 6),
    ],
)
def test_a_stream_is_recorded_as_far_as_it_is_read(use: Any, comment: Any, size: int) -> None:
    with session_of(lambda request: (200, [b"abc", b"def"])) as session, HAR(session) as har:
        response = session.get(URL, stream=True)
        assert (
            check_har(har.to_dict())[0]["response"]["content"]["comment"] == "the body was not read"
        )
    use(response)  # it may be read after the recording, too
    (entry,) = check_har(har.to_dict())
    assert entry["response"]["content"].get("comment") == comment
    assert entry["response"]["bodySize"] == size
    assert entry["response"]["content"]["text"] == "abcdef"[:size]


# --- calls of several exchanges ------------------------------------------------------------------


def test_redirects_and_retries_are_entries_of_their_own() -> None:
    def answer(request: Any) -> Any:
        if request.path_url == "/b":
            return Answer(302, "moved", {"Location": "/c?token=x", "Set-Cookie": "a=b; Path=/"})
        return next(answers)

    answers = iter([Answer(503, "down"), Answer(200, "up")])
    session = session_of(answer, retries=Retry(1, backoff=0))
    with session, HAR(session) as har:
        assert session.get(URL).text == "up"
    entries = check_har(har.to_dict())
    assert [entry["response"]["status"] for entry in entries] == [302, 503, 200]
    assert entries[0]["response"]["redirectURL"] == "/c?token=***"
    assert pairs(entries[0]["response"]["headers"])[0] == ("Location", "/c?token=***")
    assert entries[1]["request"]["url"] == "http://a.test/c?token=***"
    assert pairs(entries[2]["request"]["cookies"]) == [("a", "***")]


def test_the_steps_of_a_scheme_are_entries_too() -> None:
    def answer(request: Any) -> Any:
        if "Authorization" in request.headers:
            return 200
        return Answer(401, "", {"WWW-Authenticate": 'Digest realm="a", nonce="b", qop="auth"'})

    with session_of(answer) as session, HAR(session) as har:
        assert session.get(URL, auth=HTTPDigestAuth("me", "hunter2")).status_code == 200
    first, second = check_har(har.to_dict())
    assert first["response"]["status"] == 401
    assert ("Authorization", "Digest ***") in pairs(second["request"]["headers"])


def test_a_scheme_that_sends_through_the_response_is_recorded() -> None:
    def again(response: Any, **options: Any) -> Any:
        if response.status_code != 401:
            return None
        response.content  # noqa: B018
        return response.connection.send(response.request.copy(), **options)

    answers = iter([401, 200])
    with session_of(lambda request: next(answers)) as session, HAR(session) as har:
        assert session.get(URL, hooks={"response": again}).status_code == 200
    assert [entry["response"]["status"] for entry in check_har(har.to_dict())] == [401, 200]


@pytest.mark.parametrize("error", [exceptions.ConnectTimeout("no answer"), KeyboardInterrupt()])
def test_what_has_no_answer_says_why(error: BaseException) -> None:
    def answer(request: Any) -> Any:
        raise error

    with session_of(answer) as session, HAR(session) as har, pytest.raises(type(error)):
        session.get(URL)
    (entry,) = check_har(har.to_dict())
    assert entry["_error"].startswith(type(error).__name__)
    assert entry["response"]["status"] == 0
    assert entry["response"]["content"]["mimeType"] == "x-unknown"


def test_a_body_that_breaks_off_says_so() -> None:
    answer = Answer(200, [b"abc", exceptions.IncompleteBody("cut")])
    with session_of(lambda request: answer) as session, HAR(session) as har:  # noqa: SIM117
        with pytest.raises(exceptions.IncompleteBody):
            session.get(URL)
    (entry,) = check_har(har.to_dict())
    assert entry["_error"] == "IncompleteBody: cut"
    assert entry["response"]["content"]["text"] == "abc"
    assert entry["response"]["content"]["comment"] == "the body was not read to its end"


# --- time ----------------------------------------------------------------------------------------


def test_the_stages_are_those_of_the_timings() -> None:
    network = ScriptedNetwork(
        [Pause(2), b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab", Pause(3), b"cd", b"HTTP/1.1 204 No\r\n\r\n"]
    )  # fmt: skip
    with Session(transport=network.transport(), trust_env=False) as session, HAR(session) as har:
        session.get(URL, timeout=60)
        session.get(URL)
    first, second = check_har(har.to_dict())
    assert first["response"]["content"]["text"] == "abcd"
    assert first["timings"] == {"blocked": 0, "dns": -1, "connect": 0, "ssl": -1, "send": 0, "wait": 2000, "receive": 3000}  # fmt: skip
    assert first["time"] == 5000
    assert second["timings"]["connect"] == second["timings"]["dns"] == -1
    assert first["serverIPAddress"] == second["serverIPAddress"]
    assert first["connection"] == second["connection"] != ""


class Told:
    def __init__(self, *values: Any) -> None:
        names = ("pool", "dns", "connect", "tls", "send", "first_byte", "total")
        self.__dict__.update(zip(names, values))


def test_tls_is_a_part_of_connecting() -> None:
    from h11client._har_entries import timings_of

    timings, whole = timings_of(Told(0.001, 0.002, 0.003, 0.004, 0.005, 0.006, 0.03), 9, 9)
    assert timings == {"blocked": 1, "dns": 2, "connect": 7, "ssl": 4, "send": 5, "wait": 6, "receive": 9}  # fmt: skip
    assert whole == 30
    timings, whole = timings_of(Told(0.001, None, None, None, 0.005, 0.006, None), 9, 0.5)
    assert timings == {"blocked": 1, "dns": -1, "connect": -1, "ssl": -1, "send": 5, "wait": 6, "receive": 500}  # fmt: skip
    assert whole == 512
    timings, whole = timings_of(None, 0.25, 0.5)
    assert (timings["wait"], timings["receive"], whole) == (250, 500, 750)


# --- secrets -------------------------------------------------------------------------------------

SECRETS: list[tuple[str, dict[str, Any]]] = [
    ("auth", {"auth": ("me", "hunter2")}),
    ("headers", {"headers": {"Authorization": "Bearer hunter2", "X-Api-Key": "hunter2", "X-Vault-Token": "hunter2"}}),
    ("a header of the session's list", {"headers": {"X-Mine": "hunter2"}}),
    ("cookies", {"cookies": {"a": "hunter2"}}),
    ("a cookie without a name", {"headers": {"Cookie": "hunter2; a=b"}}),
    ("the query", {"params": {"access_token": "hunter2"}}),
    ("a form", {"data": {"password": "hunter2"}}),
    ("JSON", {"json": {"a": [{"client_secret": "hunter2"}]}}),
    ("a form with files", {"data": {"password": "hunter2"}, "files": {"f": ("a", b"b")}}),
    ("a large form with files", {"data": {"password": "hunter2"}, "files": {"f": ("a", io.BytesIO(bytes(2_000_000)))}}),
]  # fmt: skip


@pytest.mark.safety("R18")
@pytest.mark.parametrize("given", [row[1] for row in SECRETS], ids=[row[0] for row in SECRETS])
def test_no_secret_is_recorded_unless_somebody_asks_for_them(given: dict[str, Any]) -> None:
    headers = {"Content-Type": "application/json", "Set-Cookie": "sid=hunter2; Secure", "Location": "/?token=hunter2"}  # fmt: skip
    answer = Answer(200, '{"access_token": "hunter2"}', headers)
    for show in (False, True):
        entry = recorded(
            lambda request: answer,
            "POST",
            URL,
            har={"show_secrets": show},
            session={"sensitive_headers": ["X-Mine"]},
            **given,
        )
        text = json.dumps(entry)
        assert ("hunter2" in text) is show
        assert ("bWU6aHVudGVyMg==" in text) is (show and "auth" in given)
        assert "***" in text or show
    assert pairs(entry["response"]["cookies"]) == [("sid", "hunter2")]


def test_cookies_have_their_attributes() -> None:
    value = "a=b; Path=/c; Domain=.a.test; Expires=Sun, 06 Nov 1994 08:49:37 GMT; Secure; HttpOnly"
    fields = [("Set-Cookie", value), ("Set-Cookie", "d=e"), ("Set-Cookie", "f=\x01")]
    entry = recorded(lambda request: Answer(200, "", fields), har={"show_secrets": True})
    cookies = entry["response"]["cookies"]
    assert cookies == [
        {"name": "a", "value": "b", "path": "/c", "domain": "a.test", "expires": "1994-11-06T08:49:37.000Z", "httpOnly": True, "secure": True},
        {"name": "d", "value": "e", "httpOnly": False, "secure": False},
    ]  # fmt: skip


# --- sessions and transports ---------------------------------------------------------------------


def test_recording_leaves_a_session_as_it_was() -> None:
    network = ScriptedNetwork([b"HTTP/1.1 204 No\r\n\r\n" for _ in range(4)])
    with Session(transport=network.transport(), trust_env=False) as session:
        before = dict(vars(session))
        har = HAR(session)
        har.start()
        har.start()
        assert session.get(URL).status_code == 204
        har.stop()
        har.stop()
        session.get(URL)
        assert len(har) == 1
        after = dict(vars(session))
        assert after.pop("_recorders_") == ()
        assert after == before
        assert session._direct_ is session._transport_
        har.start()
        session.get(URL)
        har.stop()
        assert len(har) == 2
        assert bool(HAR(session))


def test_several_may_record_and_end_in_any_order() -> None:
    session = session_of(lambda request: 200)
    one, other = HAR(session), HAR(session)
    one.start()
    session.get(URL)
    other.start()
    session.get(URL)
    one.stop()
    session.get(URL)
    other.stop()
    session.get(URL)
    assert (len(one), len(other)) == (2, 2)


def test_mounted_adapters_are_recorded_as_they_are() -> None:
    class Adapter(BaseAdapter):
        notes = "mine"

        def send(
            self, request: Any, stream: bool = False, timeout: Any = None, **options: Any
        ) -> Any:
            assert timeout == (3, 4)
            response = h11client.Response()
            response.request, response.url, response.status_code = request, request.url, 200
            response.headers = {"Content-Type": "text/plain"}
            response.raw = io.BytesIO(b"raw")
            if request.path_url == "/read":
                response._content = b"read"
            return response

        def close(self) -> None:
            self.notes = "closed"

    adapter = Adapter()
    session = Session(trust_env=False)
    with HAR(session) as har:
        session.mount("http://a.test/", adapter)  # while it records
        response = session.get(URL, timeout=(3, 4))
        assert response.text == "raw"
        assert response.connection.notes == "mine"
        session.get("http://a.test/read", timeout=(3, 4))
        session.close()
    assert adapter.notes == "closed"
    entries = check_har(har.to_dict())
    assert [entry["response"]["content"]["text"] for entry in entries] == ["raw", "read"]
    assert "serverIPAddress" not in entries[0]
    assert isinstance(session.get_adapter("https://b.test/"), HTTPAdapter)


class Foreign:
    """A response as another library makes them."""

    def __init__(self, request: Any) -> None:
        self.request, self.url, self.status_code, self.reason = request, request.url, 200, b"Fine"
        self.headers = {"X-A": "1"}
        self.history: list[Any] = []
        self.content = b"abc"

    def close(self) -> None:
        pass


def test_a_response_of_another_library_is_recorded_as_far_as_it_goes() -> None:
    entry = recorded(Foreign)
    assert entry["response"]["statusText"] == "Fine"
    assert pairs(entry["response"]["headers"]) == [("X-A", "1")]


def test_copies_and_pickles_of_a_session_are_not_recorded() -> None:
    session = Session(trust_env=False)
    session.mount("http://", HTTPAdapter())
    with HAR(session) as har:
        for copied in (copy.copy(session), pickle.loads(pickle.dumps(session))):
            with pytest.raises(exceptions.ConnectionError):
                copied.get("http://127.0.0.1:9/", timeout=5)
        with pytest.raises(exceptions.ConnectionError) as caught:
            session.get("http://127.0.0.1:9/", timeout=5)
        pickle.loads(pickle.dumps(caught.value))
    assert len(har) == 1


def test_an_abandoned_response_gives_its_connection_back_while_it_is_recorded() -> None:
    half = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"
    network = ScriptedNetwork([half])
    with Session(transport=network.transport(), trust_env=False) as session, HAR(session) as har:
        response = session.get(URL, stream=True)
        assert session.statistics().busy == 1
        del response
        gc.collect()
        assert session.statistics().busy == 0
    assert len(har) == 1


def test_a_response_that_is_pickled_keeps_its_content() -> None:
    with session_of(lambda request: "text") as session, HAR(session):
        response = session.get(URL, stream=True)
        assert pickle.loads(pickle.dumps(response)).text == "text"


def test_what_is_kept_is_bounded_and_the_oldest_goes_first() -> None:
    bodies = iter([b"a" * 10_000] * 100 + [b"b" * 300_000, b"c"])
    with session_of(lambda request: next(bodies)) as session, HAR(session, max_size=200_000) as har:
        for number in range(100):
            session.get(f"{URL}?n={number}")
        kept = len(har)
        assert 10 <= kept <= 20
        assert har.dropped == 100 - kept
        session.get(URL)  # the last one is always there
        assert len(har) == 1
        session.get(URL)
        assert len(har) == 1
    (entry,) = check_har(har.to_dict())
    assert entry["response"]["content"]["text"] == "c"
    assert "101 older entries were dropped" in har.to_dict()["log"]["comment"]
    assert har._size == sum(entry.size for entry in har._entries)


def test_threads_are_recorded_exactly() -> None:
    with session_of(lambda request: request.path_url) as session, HAR(session) as har:

        def work(thread: int) -> None:
            for number in range(50):
                session.get(f"http://a.test/{thread}-{number}")

        threads = [threading.Thread(target=work, args=(thread,)) for thread in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    entries = check_har(har.to_dict())
    assert len(entries) == 200
    for entry in entries:
        assert entry["request"]["url"].endswith(entry["response"]["content"]["text"])


# --- files ---------------------------------------------------------------------------------------


def test_it_is_saved_where_it_is_asked_for_whatever_happens(tmp_path: Path) -> None:
    path = tmp_path / "session.har"
    with session_of(lambda request: (200, b"\xed\xa0\x80")) as session:
        with pytest.raises(LookupError), HAR(session, path):
            session.get(URL)
            raise LookupError
        first = check_har(json.loads(path.read_text(encoding="utf-8")))
        assert len(first) == 1
        har = HAR(session, show_secrets=True)
        with har:
            session.get(f"{URL}?a=\ud800".encode("utf-8", "surrogatepass").decode("latin-1"))
        har.save(tmp_path / "secret.har")
    assert len(check_har(json.loads((tmp_path / "secret.har").read_text(encoding="utf-8")))) == 1
    assert (tmp_path / "secret.har").stat().st_mode & 0o777 == 0o600
    with pytest.raises(FileNotFoundError):
        har.save(tmp_path / "no" / "session.har")


def test_real_exchanges_are_recorded(httpbin_tls_url: str, ca: Any) -> None:
    with Session(verify=str(ca.pem), timeout=20) as session, HAR(session) as har:
        session.get(f"{httpbin_tls_url}/gzip")
        plain = session.get(f"{httpbin_tls_url}/redirect/1")
        session.get(f"{httpbin_tls_url}/stream-bytes/1000?seed=1")
    gzipped, redirected, got, streamed = check_har(har.to_dict())
    assert json.loads(gzipped["response"]["content"]["text"])["gzipped"] is True
    assert gzipped["response"]["content"]["compression"] > 0
    assert gzipped["timings"]["ssl"] > 0
    assert gzipped["timings"]["connect"] >= gzipped["timings"]["ssl"]
    assert (redirected["response"]["status"], got["response"]["status"]) == (302, 200)
    assert got["timings"]["ssl"] == got["timings"]["connect"] == -1
    assert got["response"]["content"]["text"] == plain.text
    assert got["response"]["bodySize"] == len(plain.content) > 0
    assert streamed["response"]["content"]["encoding"] == "base64"
    assert {entry["serverIPAddress"] for entry in (gzipped, got, streamed)} == {"127.0.0.1"}
