"""`Session.download`: what becomes of every answer, and what is left when something goes wrong."""

from __future__ import annotations

import errno
import io
import os
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

import h11client
from h11client import Progress, Retry, Session, Timeout, exceptions
from h11client._downloads import download as download_module
from h11client._downloads import partial as partial_module
from h11client._transport.pool import Pool
from h11client.adapters import BaseAdapter
from h11client.testing import Answer, FakeClock, MockTransport, Pause, ScriptedNetwork
from tests.client.file_origin import FileOrigin

URL = "http://a.test/data.bin"
CONTENT = bytes(range(256)) * 4
DIGEST = f"sha256:{sha256(CONTENT).hexdigest()}"
AT_ONCE = Retry(3, backoff=0)


def session_of(handler: Any, **options: Any) -> Session:
    clock = FakeClock()
    return Session(transport=MockTransport(handler, clock), trust_env=False, **options)


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def stopped(handler: FileOrigin, path: Path, at: int, **options: Any) -> None:
    """A download that breaks off after so many bytes, and leaves what has come."""
    handler.cuts = iter([at])
    with pytest.raises(exceptions.IncompleteBody):
        session_of(handler).download(URL, path, retries=0, **options)
    handler.asked.clear()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data.bin"


# --- all at once ---------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [str, os.fsencode, Path], ids=["text", "bytes", "Path"])
def test_a_file_is_there_when_it_is_whole(path: Path, kind: Any) -> None:
    origin = FileOrigin(CONTENT, piece=100)
    session = session_of(origin)
    download = session.download(URL, kind(path), digest=DIGEST)
    assert path.read_bytes() == CONTENT
    assert files(path.parent) == ["data.bin"]
    assert download.path == path
    assert os.fspath(download) == str(path)
    assert (download.size, download.resumed_from) == (len(CONTENT), 0)
    assert download.response.status_code == 200
    assert repr(download) == f"<Download {str(path)!r} 1024 bytes>"
    assert origin.asked == [(None, None)]


def test_it_is_asked_for_as_it_is_with_what_the_call_and_the_session_say(path: Path) -> None:
    transport = MockTransport(FileOrigin(CONTENT))
    session = Session(transport=transport, params={"a": "1"}, headers={"X-A": "1"}, base_url="http://a.test/b/")  # fmt: skip
    session.download(
        "c",
        path,
        params={"d": "2"},
        headers=[("X-B", "2"), ("User-Agent", None)],
        auth=("me", "secret"),
        cookies={"e": "3"},
        timeout=7,
    )
    sent = transport.requests[0]
    assert sent.url == "http://a.test/b/c?a=1&d=2"
    assert sent.headers["Accept-Encoding"] == "identity"
    assert (sent.headers["X-A"], sent.headers["X-B"], sent.headers["Cookie"]) == ("1", "2", "e=3")
    assert "User-Agent" not in sent.headers
    assert sent.headers["Authorization"].startswith("Basic ")
    assert transport.options[0]["timeout"].timeout == Timeout(7, 7, 7, 7)
    assert transport.options[0]["stream"] is True


def test_an_empty_file_is_a_file(path: Path) -> None:
    for length in (True, False):
        session_of(FileOrigin(b"", length=length)).download(URL, path)
        assert path.read_bytes() == b""
        path.unlink()


def test_a_body_in_a_coding_is_written_as_it_came(path: Path) -> None:
    # Nobody asked for it; its length, its validator and a published digest are those of what came.
    session = session_of(FileOrigin(b"\x1f\x8bnot really", headers={"Content-Encoding": "gzip"}))
    session.download(URL, path)
    assert path.read_bytes() == b"\x1f\x8bnot really"


def test_the_module_has_the_function_too(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    session = session_of(FileOrigin(CONTENT))
    monkeypatch.setattr("h11client._api.Session", lambda: session)
    seen: list[Progress] = []
    download = h11client.download(
        URL, path, resume=False, digest=DIGEST, progress=seen.append, timeout=5
    )
    assert download.size == len(CONTENT)
    assert seen[-1] == Progress(1024, 1024, "down")


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"data": b"x"}, TypeError),
        ({"stream": True}, TypeError),
        ({"on_progress": print}, TypeError),
        ({"nonsense": 1}, TypeError),
        ({"headers": {"Range": "bytes=1-"}}, ValueError),
        ({"headers": [(b"if-range", b"x")]}, ValueError),
        ({"headers": {"accept-encoding": "gzip"}}, ValueError),
        ({"digest": "sha256"}, ValueError),
        ({"retries": "often"}, TypeError),
        ({"timeout": -1}, ValueError),
    ],
    ids=str,
)
def test_wrong_arguments_are_told_before_anything_is_done(
    path: Path, options: dict[str, Any], error: type[Exception]
) -> None:
    origin = FileOrigin(CONTENT)
    with pytest.raises(error):
        session_of(origin).download(URL, path, **options)
    with pytest.raises(ValueError, match="path"):
        session_of(origin).download(URL, "")
    with pytest.raises(exceptions.MissingSchema):
        session_of(origin).download("a.test", path)
    assert origin.asked == []
    assert files(path.parent) == []


# --- what goes on --------------------------------------------------------------------------------


@pytest.mark.safety("F19")
def test_it_may_break_off_at_every_byte_and_another_call_goes_on(path: Path) -> None:
    content = CONTENT[:70]
    for at in range(71):
        origin = FileOrigin(content)
        stopped(origin, path, at)
        kept = [] if at == 0 else ["data.bin.part", "data.bin.part.json"]
        assert files(path.parent) == kept
        download = session_of(origin).download(URL, path, retries=0, digest=f"sha256:{sha256(content).hexdigest()}")  # fmt: skip
        assert path.read_bytes() == content
        assert origin.asked == ([(f"bytes={at}-", '"v1"')] if at else [(None, None)])
        assert (download.size, download.resumed_from) == (70, at)
        assert download.response.status_code == (200 if at == 0 else 416 if at == 70 else 206)
        assert files(path.parent) == ["data.bin"]
        path.unlink()


@pytest.mark.safety("F19")
def test_it_may_break_off_at_every_byte_and_the_same_call_goes_on(path: Path) -> None:
    content = CONTENT[:70]
    for at in range(70):
        for again in range(0, 70 - at, 7):
            origin = FileOrigin(content, cuts=[at, again])
            download = session_of(origin).download(URL, path, retries=AT_ONCE)
            assert path.read_bytes() == content
            assert (download.size, download.resumed_from) == (70, 0)
            assert len(origin.asked) == 3
            assert origin.asked[2] == ((f"bytes={at + again}-", '"v1"') if at + again else (None, None))  # fmt: skip
            assert files(path.parent) == ["data.bin"]


def test_a_server_that_goes_on_byte_by_byte_is_asked_as_often_as_it_needs(path: Path) -> None:
    content = CONTENT[:50]

    def one_byte(request: Any) -> Answer:
        start = int(request.headers.get("Range", "bytes=0-")[6:-1])
        if start == 0:
            return Answer(200, [content[:1], exceptions.IncompleteBody("cut")], {"ETag": '"a"', "Content-Length": "50"})  # fmt: skip
        return Answer(
            206, content[start : start + 1], {"Content-Range": f"bytes {start}-{start}/50"}
        )

    session_of(one_byte).download(URL, path, retries=Retry(1, backoff=0))
    assert path.read_bytes() == content


def test_an_earlier_file_stays_until_the_new_one_is_whole(path: Path) -> None:
    path.write_bytes(b"old")
    path.chmod(0o640)
    origin = FileOrigin(CONTENT)
    stopped(origin, path, 500)
    assert path.read_bytes() == b"old"

    def look(progress: Progress) -> None:
        assert path.read_bytes() == b"old"

    session_of(origin).download(URL, path, progress=look)
    assert path.read_bytes() == CONTENT
    assert path.stat().st_mode & 0o777 == 0o640


@pytest.mark.safety("F19")
@pytest.mark.parametrize(
    "change",
    [
        {"etag": '"v2"'},
        {"etag": None},
        {"ranges": False},
        {"content": CONTENT[::-1], "etag": '"v2"'},
        {"content": b"short", "etag": '"v2"'},
        {"content": b"", "etag": '"v2"'},
    ],
    ids=["another tag", "no tag", "no ranges", "another content", "a shorter one", "an empty one"],
)
def test_what_is_something_else_by_now_begins_again(path: Path, change: dict[str, Any]) -> None:
    origin = FileOrigin(CONTENT)
    stopped(origin, path, 500)
    for name, value in change.items():
        setattr(origin, name, value)
    origin.cuts = iter(())
    download = session_of(origin).download(URL, path)
    assert path.read_bytes() == origin.content
    assert download.resumed_from == 0
    assert origin.asked == [("bytes=500-", '"v1"')]  # one request is enough
    assert files(path.parent) == ["data.bin"]


@pytest.mark.safety("F19")
@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [
        (206, {"Content-Range": "bytes 499-1023/1024"}, CONTENT[499:]),
        (206, {"Content-Range": "bytes 501-1023/1024"}, CONTENT[501:]),
        (206, {"Content-Range": "bytes 500-1023/1025"}, CONTENT[500:]),
        (206, {"Content-Range": "bytes 500-1023/*"}, CONTENT[500:]),
        (206, {"Content-Range": "bytes 500-1023/1024", "ETag": '"v2"'}, CONTENT[500:]),
        (206, {"Content-Range": "bytes 500-1023/1024"}, CONTENT[501:]),
        (206, {}, CONTENT[500:]),
        (206, {"Content-Type": "multipart/byteranges; boundary=x"}, b"--x--\r\n"),
        (416, {}, b"no"),
        (416, {"Content-Range": "bytes */1024"}, b"no"),
        (416, {"Content-Range": "bytes */500"}, b"no"),
    ],
)
def test_what_does_not_fit_exactly_is_not_put_behind_anything(
    path: Path, status: int, headers: dict[str, str], body: bytes
) -> None:
    origin = FileOrigin(CONTENT)
    stopped(origin, path, 500)
    asked = []

    def answer(request: Any) -> Answer:
        asked.append(request.headers.get("Range"))
        return Answer(status, body, headers) if asked[-1] else origin(request)

    download = session_of(answer).download(URL, path, digest=DIGEST)
    assert asked == ["bytes=500-", None]
    assert path.read_bytes() == CONTENT
    assert download.resumed_from == 0


@pytest.mark.safety("F19")
def test_more_than_was_announced_spoils_what_is_there(path: Path) -> None:
    origin = FileOrigin(CONTENT)
    stopped(origin, path, 500)
    asked = []

    def answer(request: Any) -> Answer:
        asked.append(request.headers.get("Range"))
        if asked[-1]:
            headers = {"Content-Range": "bytes 500-509/1024", "Transfer-Encoding": "chunked"}
            return Answer(206, [CONTENT[500:505], CONTENT[505:512]], headers)
        return origin(request)

    with pytest.raises(exceptions.RemoteProtocolError, match="more came") as caught:
        session_of(answer).download(URL, path, retries=0)
    assert caught.value.request is not None
    assert caught.value.response is not None
    assert files(path.parent) == []
    stopped(origin, path, 500)
    asked.clear()
    session_of(answer).download(URL, path, retries=AT_ONCE)
    assert asked == ["bytes=500-", None]
    assert path.read_bytes() == CONTENT


def test_less_than_was_announced_is_asked_for_again(path: Path) -> None:
    origin = FileOrigin(CONTENT)
    stopped(origin, path, 500)
    asked = []

    def answer(request: Any) -> Answer:
        asked.append(request.headers.get("Range"))
        if len(asked) == 1:  # its end is that of the connection, which may have broken
            headers = {"Content-Range": "bytes 500-1023/1024", "Transfer-Encoding": "chunked"}
            return Answer(206, [CONTENT[500:600]], headers)
        return origin(request)

    session_of(answer).download(URL, path, retries=AT_ONCE)
    assert asked == ["bytes=500-", "bytes=600-"]
    assert path.read_bytes() == CONTENT


def test_without_a_validator_it_begins_again(path: Path) -> None:
    origin = FileOrigin(CONTENT, etag=None, cuts=[500, 600])
    session_of(origin).download(URL, path, retries=AT_ONCE, digest=DIGEST)
    assert origin.asked == [(None, None)] * 3
    assert path.read_bytes() == CONTENT
    stopped(origin, path, 500)
    assert files(path.parent) == ["data.bin"]  # it would be of no use


def test_a_date_that_is_old_enough_is_a_validator(path: Path) -> None:
    headers = {
        "Last-Modified": "Sun, 06 Nov 1994 08:49:37 GMT",
        "Date": "Sun, 06 Nov 1994 08:50:37 GMT",
    }
    origin = FileOrigin(CONTENT, etag=None, cuts=[500], headers=headers)
    session_of(origin).download(URL, path, retries=AT_ONCE)
    assert origin.asked[1] == ("bytes=500-", "Sun, 06 Nov 1994 08:49:37 GMT")
    assert path.read_bytes() == CONTENT


def test_a_body_of_unknown_length_goes_on_too(path: Path) -> None:
    origin = FileOrigin(CONTENT, cuts=[500], length=False)
    seen: list[Progress] = []
    session_of(origin).download(URL, path, retries=AT_ONCE, progress=seen.append)
    assert [progress.total for progress in seen] == [None, None, 1024, 1024]
    assert path.read_bytes() == CONTENT
    # All of it had come, and the end had not.
    stopped(origin, path, 1024)
    download = session_of(origin).download(URL, path)
    assert download.response.status_code == 416
    assert path.read_bytes() == CONTENT


def test_another_url_begins_again(path: Path) -> None:
    origin = FileOrigin(CONTENT)
    stopped(origin, path, 500)
    session_of(origin).download(f"{URL}?other=1", path, retries=0)
    assert origin.asked == [(None, None)]
    stopped(origin, path, 500)
    session_of(origin).download(f"{URL}#fragment", path)
    assert origin.asked == [("bytes=500-", '"v1"')]


def test_who_does_not_want_to_resume_begins_again(path: Path) -> None:
    origin = FileOrigin(CONTENT)
    stopped(origin, path, 500)
    session_of(origin).download(URL, path, resume=False)
    assert origin.asked == [(None, None)]
    assert path.read_bytes() == CONTENT


def test_what_is_there_stays_while_there_is_no_answer(path: Path) -> None:
    origin = FileOrigin(CONTENT)
    stopped(origin, path, 500)

    def refuse(request: Any) -> Answer:
        raise exceptions.ConnectTimeout("no")

    for answer in (refuse, lambda request: 503, lambda request: 404, lambda request: 302):
        for resume in (True, False):
            with pytest.raises(exceptions.RequestException):
                session_of(answer).download(URL, path, resume=resume, allow_redirects=False)
            with pytest.raises(exceptions.RequestException):
                session_of(answer).download(f"{URL}?other", path, allow_redirects=False)
    session_of(origin).download(URL, path)
    assert origin.asked == [("bytes=500-", '"v1"')]


def test_redirects_may_sign_another_url_each_time(path: Path) -> None:
    origin = FileOrigin(CONTENT, cuts=[300, 300])
    signed: list[str] = []

    def answer(request: Any) -> Answer:
        if request.url == URL:
            place = f"http://b.test/store/1?signature={len(signed)}"
            return Answer(302, b"", {"Location": place})
        signed.append(request.url)
        return origin(request)

    session_of(answer).download(URL, path, retries=AT_ONCE)
    assert path.read_bytes() == CONTENT
    assert origin.asked == [(None, None), ("bytes=300-", '"v1"'), ("bytes=600-", '"v1"')]
    assert len(set(signed)) == 3


@pytest.mark.safety("F19")
def test_the_same_tag_somewhere_else_is_not_the_same(path: Path) -> None:
    origins = {"b": FileOrigin(CONTENT, cuts=[300]), "c": FileOrigin(CONTENT[::-1])}
    hosts = iter(["b", "c", "c"])

    def answer(request: Any) -> Answer:
        host = request.parsed_url.host[0]
        if host == "a":
            return Answer(302, b"", {"Location": f"http://{next(hosts)}.test/1"})
        return origins[host](request)

    session_of(answer).download(URL, path, retries=AT_ONCE)
    assert path.read_bytes() == CONTENT[::-1]
    assert origins["c"].asked == [("bytes=300-", '"v1"'), (None, None)]


# --- how often it is tried -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "call", "requests"),
    [
        ({}, {}, 6),  # when nobody says anything
        ({}, {"retries": 2}, 3),
        ({}, {"retries": 0}, 1),
        ({}, {"retries": None}, 1),
        ({"retries": 1}, {}, 2),
        ({"retries": 1}, {"retries": Retry(4, backoff=0)}, 5),
        ({"retries": 3}, {"retries": 0}, 1),
    ],
)
def test_it_goes_on_as_often_in_a_row_as_retries_say(
    path: Path, options: dict[str, Any], call: dict[str, Any], requests: int
) -> None:
    origin = FileOrigin(CONTENT, cuts=[10] * 100)
    with pytest.raises(exceptions.IncompleteBody) as caught:
        session_of(origin, **options).download(URL, path, **call)
    assert len(origin.asked) == requests
    assert path.with_name("data.bin.part").stat().st_size == 10 * requests
    assert caught.value.request is not None
    assert caught.value.response is not None
    assert len(caught.value.attempts) in (requests, 1)


def test_who_gets_on_is_not_failing_again(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download_module, "_HEADWAY", 20)
    origin = FileOrigin(CONTENT, cuts=[20] * 51)
    session_of(origin).download(URL, path, retries=Retry(1, backoff=0))
    assert path.read_bytes() == CONTENT
    # But what is lost each time is no headway.
    origin = FileOrigin(CONTENT, etag=None, cuts=[900] * 1000)
    with pytest.raises(exceptions.IncompleteBody):
        session_of(origin).download(URL, path, retries=Retry(2, backoff=0))
    assert len(origin.asked) == 3


def test_waits_grow_and_are_within_the_total_limit(path: Path) -> None:
    origin = FileOrigin(CONTENT, cuts=[10] * 100)
    session = session_of(origin)
    clock = session._clock_
    with pytest.raises(exceptions.IncompleteBody):
        session.download(URL, path, retries=Retry(4, backoff=1, jitter=0))
    assert clock() == 1 + 2 + 4 + 8
    assert len(origin.asked) == 5
    origin.asked.clear()
    before = clock()
    with pytest.raises(exceptions.IncompleteBody):
        session.download(URL, path, retries=Retry(9, backoff=1, jitter=0), timeout=Timeout(total=5))
    assert clock() - before == 1 + 2  # a wait that does not fit is not begun
    assert len(origin.asked) == 3


def test_a_first_request_fails_as_any_request_does(path: Path) -> None:
    asked = []

    def refuse(request: Any) -> Answer:
        asked.append(request)
        raise exceptions.ConnectTimeout("no")

    with pytest.raises(exceptions.ConnectTimeout):
        session_of(refuse).download(URL, path)
    assert len(asked) == 1
    with pytest.raises(exceptions.ConnectTimeout):
        session_of(refuse).download(URL, path, retries=2)
    assert len(asked) == 4
    assert files(path.parent) == []


def test_a_server_that_is_away_for_a_while_is_waited_for(path: Path) -> None:
    origin = FileOrigin(CONTENT, cuts=[100, 100])
    answers = iter([None, exceptions.ConnectTimeout("no"), 503, None, None])

    def answer(request: Any) -> Any:
        instead = next(answers)
        if isinstance(instead, Exception):
            raise instead
        return instead or origin(request)

    session_of(answer).download(URL, path)
    assert path.read_bytes() == CONTENT
    assert origin.asked == [(None, None), ("bytes=100-", '"v1"'), ("bytes=200-", '"v1"')]


def test_a_server_that_stays_away_is_given_up_and_what_came_is_kept(path: Path) -> None:
    origin = FileOrigin(CONTENT, cuts=[100])
    answers = iter([origin])

    def answer(request: Any) -> Any:
        handler = next(answers, None)
        return Answer(503, "later") if handler is None else handler(request)

    with pytest.raises(exceptions.RetryError, match="503"):
        session_of(answer).download(URL, path)
    assert path.with_name("data.bin.part").read_bytes() == CONTENT[:100]


# --- what is no file -----------------------------------------------------------------------------


def test_an_error_of_the_server_is_no_file(path: Path) -> None:
    path.write_bytes(b"old")
    session = session_of(lambda request: (404, "no such thing"))
    with pytest.raises(exceptions.HTTPError, match="404") as caught:
        session.download(URL, path)
    assert caught.value.response.text == "no such thing"
    assert path.read_bytes() == b"old"
    assert files(path.parent) == ["data.bin"]


def test_of_a_large_page_of_an_error_little_is_read(path: Path) -> None:
    def pages() -> Any:
        for number in range(1000):
            assert number < 10
            yield b"x" * 60_000

    with pytest.raises(exceptions.HTTPError, match="500"):
        session_of(lambda request: (500, pages())).download(URL, path)


@pytest.mark.parametrize("status", [201, 202, 204, 205, 206, 226, 300, 302, 304])
def test_an_answer_without_the_file_is_told(path: Path, status: int) -> None:
    with pytest.raises(exceptions.RequestException) as caught:
        session_of(lambda request: (status, "x")).download(URL, path, retries=3)
    expected = exceptions.RemoteProtocolError if status == 206 else exceptions.DownloadError
    assert type(caught.value) is expected
    assert caught.value.response.status_code == status
    assert caught.value.request.url == URL
    assert files(path.parent) == []


def test_a_digest_that_is_wrong_leaves_nothing_of_it(path: Path) -> None:
    path.write_bytes(b"old")
    origin = FileOrigin(CONTENT)
    for at in (None, 500):
        if at is not None:
            stopped(origin, path, at)
        with pytest.raises(exceptions.DigestMismatch) as caught:
            session_of(origin).download(URL, path, digest=f"sha256:{'0' * 64}")
        assert caught.value.actual == DIGEST.removeprefix("sha256:")
        assert caught.value.path == str(path)
        assert caught.value.response is not None
        assert path.read_bytes() == b"old"
        assert files(path.parent) == ["data.bin"]


def test_a_digest_is_of_the_whole_file_however_it_came(path: Path) -> None:
    origin = FileOrigin(CONTENT)
    stopped(origin, path, 300)
    origin.cuts = iter([200, 0, 100])
    session_of(origin).download(URL, path, digest=DIGEST, retries=AT_ONCE)
    stopped(origin, path, 1024)
    session_of(origin).download(URL, path, digest=DIGEST)
    stopped(origin, path, 300)
    origin.etag, origin.cuts = '"v2"', iter([500])
    session_of(origin).download(URL, path, digest=DIGEST, retries=AT_ONCE)
    assert path.read_bytes() == CONTENT


def test_what_is_larger_than_the_session_allows_is_refused(path: Path) -> None:
    session = session_of(FileOrigin(CONTENT), max_response_size=1000)
    with pytest.raises(exceptions.ResponseTooLarge):
        session.download(URL, path)
    assert not path.exists()
    origin = FileOrigin(CONTENT)
    stopped(origin, path, 500)
    with pytest.raises(exceptions.ResponseTooLarge):  # the whole counts, not only its rest
        session_of(origin, max_response_size=1000).download(URL, path)
    session_of(origin, max_response_size=1024).download(URL, path)
    assert path.read_bytes() == CONTENT


# --- progress, interruptions ---------------------------------------------------------------------


def test_progress_counts_what_was_there_already(path: Path) -> None:
    origin = FileOrigin(CONTENT, piece=300)
    stopped(origin, path, 500)
    seen: list[Any] = []
    session_of(origin).download(URL, path, progress=lambda progress: seen.append((progress.done, progress.total)))  # fmt: skip
    assert seen == [(500, 1024), (800, 1024), (1024, 1024)]
    seen.clear()
    origin.cuts = iter([400])
    session_of(origin).download(URL, path, retries=1, progress=lambda progress: seen.append(progress.done))  # fmt: skip
    assert seen == [0, 300, 400, 400, 700, 1000, 1024]


@pytest.mark.parametrize("error", [OSError("mine"), KeyboardInterrupt(), LookupError("mine")])
def test_what_the_program_raises_passes_and_what_has_come_is_kept(
    path: Path, error: BaseException
) -> None:
    def stop(progress: Progress) -> None:
        if progress.done >= 600:
            raise error

    origin = FileOrigin(CONTENT, piece=300)
    with pytest.raises(type(error)) as caught:
        session_of(origin).download(URL, path, progress=stop)
    assert caught.value is error
    assert path.with_name("data.bin.part").stat().st_size == 600
    assert session_of(origin).download(URL, path).resumed_from == 600


def test_an_interrupted_wait_keeps_what_has_come(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(seconds: float) -> None:
        raise KeyboardInterrupt

    origin = FileOrigin(CONTENT, cuts=[500])
    session = session_of(origin)
    session._sleep_ = interrupt
    with pytest.raises(KeyboardInterrupt):
        session.download(URL, path)
    assert session_of(origin).download(URL, path).resumed_from == 500


def test_a_failed_download_knows_what_it_has_kept(path: Path) -> None:
    origin = FileOrigin(CONTENT, cuts=[500])
    downloading = download_module.Downloading(
        session_of(origin), URL, path, True, None, None, {"retries": 0}
    )
    with pytest.raises(exceptions.IncompleteBody):
        downloading.run()
    assert downloading.partial_path == f"{path}.part"
    assert downloading.kept == 500


def test_connections_go_back_and_a_silent_server_is_a_timeout(path: Path) -> None:
    head = b'HTTP/1.1 200 OK\r\nETag: "a"\r\nContent-Length: 6\r\n\r\nabc'
    rest = b"HTTP/1.1 206 Part\r\nContent-Range: bytes 3-5/6\r\nContent-Length: 3\r\n\r\ndef"
    network = ScriptedNetwork([head, Pause(100)], [rest, rest])
    session = Session(transport=Pool(network=network, clock=network.clock), timeout=9)
    session.download(URL, path, retries=AT_ONCE)
    assert path.read_bytes() == b"abcdef"
    assert [stream.closed for stream in network.streams] == [True, False]
    statistics = session.statistics()
    assert (statistics.busy, statistics.idle) == (0, 1)


def test_hooks_see_each_answer_and_may_read_it(path: Path) -> None:
    origin = FileOrigin(CONTENT, cuts=[500])
    seen = []
    session_of(origin).download(
        URL, path, retries=AT_ONCE, hooks={"response": lambda response, **_: seen.append(response.status_code)}
    )  # fmt: skip
    assert seen == [200, 206]
    session_of(origin).download(URL, path, hooks={"response": lambda response, **_: response.content and None})  # fmt: skip
    assert path.read_bytes() == CONTENT


class Foreign:
    """A response as another library makes them."""

    def __init__(self, request: Any) -> None:
        self.request, self.url, self.status_code = request, request.url, 200
        self.headers = {"Content-Length": str(len(CONTENT))}
        self.history: list[Any] = []
        self.closed = False

    def iter_content(self, size: int) -> Any:
        yield from (CONTENT[:600], CONTENT[600:])

    def close(self) -> None:
        self.closed = True


def by_hand(request: Any) -> h11client.Response:
    response = h11client.Response()
    response.request, response.url, response.status_code = request, request.url, 200
    response.raw = io.BytesIO(CONTENT)
    return response


@pytest.mark.parametrize("made", [Foreign, by_hand])
def test_responses_of_other_transports_become_files_too(path: Path, made: Any) -> None:
    class Adapter(BaseAdapter):
        def send(self, request: Any, *args: Any, **options: Any) -> Any:
            return made(request)

        def close(self) -> None:
            pass

    session = Session(trust_env=False)
    session.mount("http://a.test/", Adapter())
    download = session.download(URL, path, digest=DIGEST)
    assert path.read_bytes() == CONTENT
    assert getattr(download.response, "closed", True)
    session.close()


# --- directories ---------------------------------------------------------------------------------


def test_in_a_directory_the_server_says_what_it_is_called(tmp_path: Path) -> None:
    disposition = {"Content-Disposition": "attachment; filename=\"../you.txt\"; filename*=UTF-8''m%C3%A9.txt"}  # fmt: skip
    download = session_of(FileOrigin(CONTENT, headers=disposition)).download(URL, tmp_path)
    assert download.path == tmp_path / "mé.txt"
    assert session_of(FileOrigin(b"x")).download(URL, f"{tmp_path}/").path == tmp_path / "data.bin"
    assert files(tmp_path) == ["data.bin", "mé.txt"]


def test_in_a_directory_it_goes_on_under_the_name_that_it_began_with(tmp_path: Path) -> None:
    origin = FileOrigin(CONTENT, headers={"Content-Disposition": "attachment; filename=a.txt"})
    stopped(origin, tmp_path, 500)
    assert all(name.startswith("data.bin.") for name in files(tmp_path))
    other = FileOrigin(CONTENT)
    session_of(other).download("http://b.test/data.bin", tmp_path)  # beside it
    origin.headers.clear()  # a 206 does not say it again
    download = session_of(origin).download(URL, tmp_path)
    assert download.resumed_from == 500
    assert files(tmp_path) == ["a.txt", "data.bin"]


def test_in_a_directory_nothing_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "data.bin").write_bytes(b"old")
    origin = FileOrigin(CONTENT)
    with pytest.raises(exceptions.DownloadError, match="there already") as caught:
        session_of(origin).download(URL, tmp_path)
    assert caught.value.path == str(tmp_path / "data.bin")
    assert caught.value.response is not None

    def appear(progress: Progress) -> None:
        (tmp_path / "other.bin").write_bytes(b"meanwhile")

    with pytest.raises(exceptions.DownloadError) as caught:
        session_of(origin).download("http://a.test/other.bin", tmp_path, progress=appear)
    assert caught.value.errno == errno.EEXIST
    assert (tmp_path / "other.bin").read_bytes() == b"meanwhile"
    assert (tmp_path / "data.bin").read_bytes() == b"old"


@pytest.mark.safety("L4")
def test_a_note_does_not_lead_out_of_the_directory(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    origin = FileOrigin(CONTENT)
    stopped(origin, folder, 500)
    (note,) = folder.glob("*.json")
    note.write_text(note.read_text().replace('"name": "data.bin"', '"name": "../out"'))
    assert session_of(origin).download(URL, folder).path == folder / "out"


# --- places that are none ------------------------------------------------------------------------


def test_a_link_leads_to_the_file_that_is_replaced(tmp_path: Path) -> None:
    real = tmp_path / "real"
    real.mkdir()
    link = tmp_path / "link"
    link.symlink_to(real / "data.bin")
    for content in (b"new", b"newer"):
        download = session_of(FileOrigin(content)).download(URL, link)
        assert link.is_symlink()
        assert download.path == real / "data.bin"
        assert (real / "data.bin").read_bytes() == content


def test_what_is_no_file_is_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    origin = FileOrigin(CONTENT)
    for place in (pipe, "/dev/null"):
        with pytest.raises(exceptions.DownloadError, match="is not a file"):
            session_of(origin).download(URL, place)
    for place, number in ((tmp_path / "no" / "data.bin", errno.ENOENT), (tmp_path / "no/", None)):
        with pytest.raises(exceptions.DownloadError) as caught:
            session_of(origin).download(URL, f"{place}/" if number is None else place)
        assert caught.value.errno == number
        assert "no" in str(caught.value)
    file = tmp_path / "file"
    file.write_bytes(b"x")
    with pytest.raises(exceptions.DownloadError) as caught:
        session_of(origin).download(URL, file / "data.bin")
    assert caught.value.errno == errno.ENOTDIR
    assert origin.asked == []  # all this is known before anything is sent


def test_a_name_that_is_too_long_is_told_when_it_is_known(tmp_path: Path) -> None:
    with pytest.raises(exceptions.DownloadError) as caught:
        session_of(FileOrigin(CONTENT)).download(URL, tmp_path / ("x" * 256))
    assert caught.value.errno == errno.ENAMETOOLONG
    session_of(FileOrigin(CONTENT)).download(URL, tmp_path / ("x" * 255))
    assert (tmp_path / ("x" * 255)).read_bytes() == CONTENT


def test_a_full_disk_is_told_and_what_was_written_is_kept(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path.write_bytes(b"old")
    write = os.write

    def full(descriptor: int, data: Any) -> int:
        if path.with_name("data.bin.part").stat().st_size >= 700:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(descriptor, data[:100])

    origin = FileOrigin(CONTENT, piece=300)
    with monkeypatch.context() as patched:
        patched.setattr(partial_module.os, "write", full)
        with pytest.raises(
            exceptions.DownloadError, match=r"data\.bin\.part.*No space left"
        ) as caught:
            session_of(origin).download(URL, path)
    assert caught.value.errno == errno.ENOSPC
    assert isinstance(caught.value, OSError)
    assert caught.value.path == str(path)
    assert caught.value.__cause__ is not None
    assert caught.value.request.url == caught.value.response.url == URL
    assert len(origin.asked) == 1  # asking again would not help
    assert path.read_bytes() == b"old"
    assert session_of(origin).download(URL, path).resumed_from == 700
    assert path.read_bytes() == CONTENT


def test_two_downloads_to_one_place_do_not_mix(path: Path) -> None:
    origin = FileOrigin(CONTENT)
    failed = []

    def again(progress: Progress) -> None:
        if not failed:
            with pytest.raises(exceptions.DownloadError, match="another download") as caught:
                session_of(origin).download(URL, path)
            failed.append((caught.value.errno, caught.value.path))

    session_of(origin).download(URL, path, progress=again)
    assert failed == [(errno.EBUSY, str(path))]
    assert path.read_bytes() == CONTENT


@pytest.mark.safety("R18")
def test_nothing_secret_stands_in_the_note(path: Path) -> None:
    origin = FileOrigin(CONTENT, cuts=[500])
    with pytest.raises(exceptions.IncompleteBody):
        session_of(origin).download(
            "http://me:hunter2@a.test/data.bin?token=hunter2",
            path,
            retries=0,
            headers={"X-Api-Key": "hunter2"},
            cookies={"a": "hunter2"},
        )
    assert "hunter2" not in path.with_name("data.bin.part.json").read_text()
    assert path.with_name("data.bin.part.json").stat().st_mode & 0o777 == 0o600
