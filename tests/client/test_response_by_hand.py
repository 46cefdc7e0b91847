"""Responses that transports and tests make by hand, as they do with requests."""

from __future__ import annotations

import copy
import gzip
import io
import pickle
from collections.abc import Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

import h11client
from h11client import Attempt, HTTPError, Request, Response
from h11client.exceptions import StreamConsumedError
from h11client.testing import MockTransport
from tests.client.bodies import URL, FakeBody, request_of, response_of


def made(**attributes: Any) -> Any:
    response = Response()
    for name, value in attributes.items():
        setattr(response, name, value)
    return response


def test_a_response_without_arguments_is_empty() -> None:
    response: Any = Response()
    assert (response.status_code, response.url, response.reason, response.request) == (None,) * 4
    assert response.headers == {}
    assert response.content == b""
    assert response.text == ""
    assert (response.raw, response.connection, response.next, response.encoding) == (None,) * 4
    assert response.history == response.informational == []
    assert response.links == response.trailers == {}
    assert response.elapsed == timedelta(0)
    assert len(response.cookies) == 0
    assert response.http_version == "HTTP/1.1"
    assert repr(response) == "<Response [None]>"
    assert not response.is_redirect
    assert list(response.iter_content(5)) == list(response.iter_lines()) == []
    response.close()


def test_everything_that_requests_assigns_can_be_assigned() -> None:
    request = request_of()
    jar = Response().cookies
    response = made(
        status_code=404,
        reason=b"Nicht gefunden \xc3\xa9",
        url="http://a.test/",
        request=request,
        headers={"Content-Type": "text/plain; charset=latin-1", "X-Id": "7"},
        encoding="ascii",
        elapsed=timedelta(milliseconds=1500),
        cookies=jar,
        history=[Response()],
        connection="transport",
        raw=io.BytesIO(b"text"),
    )
    assert not response
    assert response.headers["x-id"] == "7"
    assert (response.encoding, response.text) == ("ascii", "text")
    assert response.elapsed == timedelta(seconds=1.5)
    assert response.cookies is jar
    assert (len(response.history), response.connection) == (1, "transport")
    with pytest.raises(HTTPError) as caught:
        response.raise_for_status()
    assert str(caught.value) == "404 Client Error: Nicht gefunden é for url: http://a.test/"
    assert caught.value.request is request
    response.reason = b"\xe9"
    with pytest.raises(HTTPError, match="404 Client Error: é for url"):
        response.raise_for_status()
    assert caught.value.response is response


def test_the_charset_is_that_of_the_headers_when_none_was_assigned() -> None:
    headers = {"Content-Type": "text/plain; charset=latin-1"}
    assert made(headers=headers, raw=io.BytesIO(b"\xe9")).text == "é"
    assert made(headers=headers).encoding == "latin-1"
    assert made(headers={"A": "b"}).encoding is None


@pytest.mark.parametrize(
    ("read", "result"),
    [
        pytest.param(read, result, id=name)
        for name, read, result in [
            ("content", lambda r: r.content, b"one\r\ntwo\n"),
            ("text", lambda r: r.text, "one\r\ntwo\n"),
            ("pieces", lambda r: list(r.iter_content(4)), [b"one\r", b"\ntwo", b"\n"]),
            ("lines", lambda r: list(r.iter_lines()), [b"one", b"two"]),
            ("iteration", list, [b"one\r\ntwo\n"]),
            ("read", lambda r: r.read(3) + r.read(), b"one\r\ntwo\n"),
        ]
    ],
)
@pytest.mark.parametrize("kind", ["content", "raw"])
def test_a_body_given_by_hand_is_read_like_any_other(kind: str, read: Any, result: Any) -> None:
    body = b"one\r\ntwo\n"
    given = {"_content": body} if kind == "content" else {"raw": io.BytesIO(body)}
    assert read(made(status_code=200, **given)) == result


def test_raw_is_what_was_given_and_is_read_once() -> None:
    raw = io.BytesIO(b'{"a": 1}')
    response: Any = made(status_code=200, raw=raw)
    assert [response._content] == [False]
    assert not response._content_consumed
    assert response.raw is raw
    assert response.json() == response.json() == {"a": 1}
    assert response._content_consumed
    assert response._content == b'{"a": 1}'
    assert not raw.closed
    response.close()
    assert raw.closed
    streamed = made(raw=io.BytesIO(b"abc"))
    assert b"".join(streamed.iter_content(2)) == b"abc"
    assert streamed._content_consumed
    with pytest.raises(StreamConsumedError):
        streamed.iter_content(2)
    streamed.raw = io.BytesIO(b"new")
    assert streamed.content == b"new"
    noted = made(raw=io.BytesIO(b"abc"))
    noted._content_consumed = True
    with pytest.raises(StreamConsumedError):
        noted.iter_content(2)


def test_a_file_is_read_as_it_is_whatever_the_headers_say() -> None:
    coded = gzip.compress(b"abc")
    response = made(status_code=200, headers={"Content-Encoding": "gzip"}, raw=io.BytesIO(coded))
    assert response.content == coded


class StreamingRaw:
    """What urllib3's responses look like to adapters: `stream` gives decoded pieces of any size."""

    def __init__(self, *pieces: bytes) -> None:
        self.pieces = pieces
        self.asked: list[Any] = []
        self.done: list[str] = []

    def stream(self, amt: int, decode_content: bool = False) -> Iterator[bytes]:
        self.asked.append((amt, decode_content))
        yield from self.pieces

    def close(self) -> None:
        self.done.append("closed")

    def release_conn(self) -> None:
        self.done.append("released")


def test_a_raw_that_streams_is_asked_to_decode() -> None:
    raw = StreamingRaw(b"abc", b"", b"defgh", b"")
    response = made(status_code=200, raw=raw)
    assert list(response.iter_content(2)) == [b"ab", b"c", b"de", b"fg", b"h"]
    assert raw.asked == [(2, True)]
    response.close()
    assert raw.done == ["closed", "released"]


def test_a_raw_may_have_nothing_to_close_and_nothing_to_give() -> None:
    response = made(raw=SimpleNamespace(read=lambda size: None))
    assert response.content == b""
    response.close()


def test_a_raw_on_a_response_of_the_wire_replaces_its_body() -> None:
    body = FakeBody(b"old")
    response = response_of(body=body, headers={"Content-Encoding": "gzip"})
    response.raw = io.BytesIO(b"new")
    assert response.content == b"new"
    assert body.asked == []


def test_what_was_assigned_to_a_response_of_the_wire_wins() -> None:
    response: Any = response_of(b"abc", headers={"X": "1"}, reason=b"OK")
    response._content = b"other"
    response.reason = "Fine"
    response.headers = {"Y": "2"}
    response.elapsed = timedelta(seconds=9)
    response.status_code = 500
    assert (response.content, response.reason, response.headers) == (b"other", "Fine", {"Y": "2"})
    assert response.elapsed == timedelta(seconds=9)
    assert not response.ok


@pytest.mark.parametrize(
    ("status", "location", "redirect", "permanent"),
    [
        (200, "/", False, False),
        (300, "/", False, False),
        (301, "/", True, True),
        (302, "/", True, False),
        (303, "/", True, False),
        (304, "/", False, False),
        (307, "/", True, False),
        (308, "/", True, True),
        (301, None, False, False),
        (308, None, False, False),
    ],
)
def test_which_responses_redirect(
    status: int, location: str | None, redirect: bool, permanent: bool
) -> None:
    headers = {} if location is None else {"LOCATION": location}
    response = response_of(status=status, headers=headers)
    assert (response.is_redirect, response.is_permanent_redirect) == (redirect, permanent)


def test_the_next_request_is_asked_of_the_session_when_somebody_wants_it() -> None:
    following = Request("GET", URL).prepare()
    asked: list[Any] = []

    def resolve_redirects(response: Response, request: Any, *, yield_requests: bool) -> Any:
        asked.append((response.status_code, response.url, response.headers, request))
        assert yield_requests
        response.close()
        return iter([following])

    response: Any = response_of(b"body", status=302, headers={"Location": "/b"})
    response._next = (SimpleNamespace(resolve_redirects=resolve_redirects), response.request)
    assert response.next is response.next is following
    assert asked == [(302, URL, {"Location": "/b"}, response.request)]
    assert response.content == b"body"  # it was not let go of
    assert response_of().next is None


def test_a_redirect_that_leads_nowhere_says_so_when_somebody_wants_it() -> None:
    transport = MockTransport(lambda request: (302, b"body", {"Location": "ftp://a.test/"}))
    with h11client.Session(transport=transport) as session:
        response: Any = session.get(URL, allow_redirects=False)
        with pytest.raises(h11client.InvalidSchema) as caught:
            _ = response.next
    assert caught.value.response is response


def test_cookies_are_those_that_the_response_sets() -> None:
    lines = [("Set-Cookie", "a=1; Path=/"), ("set-cookie", "b=2; Max-Age=60")]
    response = response_of(headers=lines)
    assert response.cookies.get_dict() == {"a": "1", "b": "2"}
    assert response.cookies is response.cookies
    assert len(response_of().cookies) == 0


def test_a_response_lists_itself_as_its_one_attempt() -> None:
    response = response_of(status=204)
    assert response.attempts == [Attempt(1, URL, status=204)]
    before = (Attempt(1, URL, status=503, waited=1.0),)
    response._attempts_before = before
    assert response.attempts == [*before, Attempt(2, URL, status=204)]
    error = HTTPError("x", response=response)
    assert error.attempts == response.attempts


@pytest.mark.parametrize("copied", [copy.copy, lambda r: pickle.loads(pickle.dumps(r))])
def test_a_copy_has_all_that_was_told_and_read(copied: Any) -> None:
    response: Any = response_of(b"abc", headers=[("Set-Cookie", "a=1"), ("X", b"\xe9")])
    response.history = [response_of(b"before", status=302)]
    response._attempts_before = (Attempt(1, URL, status=503),)
    response.connection = response.note = open  # stays behind
    response.encoding = "ascii"
    assert response.cookies["a"] == "1"
    again = copied(response)
    assert type(again) is Response
    assert (again.status_code, again.url, again.reason, again.content) == (200, URL, "OK", b"abc")
    assert again.headers == response.headers
    assert [earlier.content for earlier in again.history] == [b"before"]
    assert again.cookies.get_dict() == {"a": "1"}
    assert (again.encoding, again.elapsed) == ("ascii", response.elapsed)
    assert again.attempts == response.attempts
    assert again.request.url == URL
    assert again.connection is None
    assert not hasattr(again, "note")


def test_a_response_by_hand_is_copied_too() -> None:
    response = made(status_code=201, url=URL, headers={"A": "b"}, raw=io.BytesIO(b"abc"))
    response.reason = "Made"
    again = pickle.loads(pickle.dumps(response))
    assert (again.status_code, again.url, again.reason, again.content) == (201, URL, "Made", b"abc")
    assert again.headers == {"A": "b"}
    assert pickle.loads(pickle.dumps(Response())).content == b""


def test_what_cannot_be_read_any_more_is_not_in_the_copy() -> None:
    def copy_of(response: Response) -> Response:
        again: Response = pickle.loads(pickle.dumps(response))
        return again

    closed, begun = response_of(b"abc"), response_of(b"abc", b"def")
    closed.close()
    begun.read(2)
    failing = response_of(b"abc", error=StreamConsumedError("gone"))
    for response in (closed, begun, failing):
        again = copy_of(response)
        assert again.status_code == 200
        with pytest.raises(StreamConsumedError):
            _ = again.content
        again.close()


class Special(Response):
    """A program's own kind of response."""


def test_a_subclass_stays_one_when_it_is_copied() -> None:
    response = Special()
    response.status_code = 200
    assert type(pickle.loads(pickle.dumps(response))) is Special
