"""A transport without a network: what its handler may answer, and what it keeps for the test."""

from __future__ import annotations

import pytest

from h11client import Response, Session, Timeout, exceptions
from h11client.testing import Answer, FakeClock, MockTransport

URL = "http://a.test/"


def ask(answer, method="GET", **options):
    handler = answer if callable(answer) else lambda request: answer
    transport = MockTransport(handler)
    return Session(transport=transport, trust_env=False).request(method, URL, **options), transport


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (204, (204, b"")),
        ("text", (200, b"text")),
        (b"bytes", (200, b"bytes")),
        ((404, "gone"), (404, b"gone")),
        ((200, b"a", {"X": "y"}), (200, b"a")),
        (Answer(600, [b"a", b"", b"bc"]), (600, b"abc")),
        (Answer(json={"a": None}), (200, b'{"a": null}')),
    ],
)
def test_an_answer_may_have_many_forms(answer, expected):
    response, _ = ask(answer)
    assert (response.status_code, response.content) == expected


def test_an_answer_has_headers_and_a_reason():
    response, _ = ask(Answer(404, "abc", {"X": "y"}, reason="Gone fishing"))
    assert response.headers == {"X": "y", "Content-Length": "3"}
    assert response.reason == "Gone fishing"
    response, _ = ask(Answer(json=[1], headers={"content-type": "text/json"}))
    assert response.headers["Content-Type"] == "text/json"


def test_a_response_made_otherwise_is_taken_as_it_is():
    made = Response()
    made.status_code = 201
    assert ask(lambda request: made, stream=True)[0] is made


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 204), ("GET", 304)])
def test_what_has_no_content_has_none(method, status):
    response, _ = ask(Answer(status, "content"), method)
    assert response.content == b""


def test_a_body_may_break_off():
    answer = Answer(200, [b"abc", exceptions.IncompleteBody("cut", partial_length=3)])
    with pytest.raises(exceptions.IncompleteBody) as caught:
        ask(answer)
    assert caught.value.response.status_code == 200
    response, _ = ask(answer, stream=True)
    assert response.read(2) + response.read(1) == b"abc"


def test_a_closed_body_gives_no_more():
    response, _ = ask("text", stream=True)
    response.close()
    with pytest.raises(exceptions.StreamConsumedError):
        response.content  # noqa: B018


def test_what_was_sent_is_kept():
    _, transport = ask(200, "POST", data=iter([b"a", b"b"]), headers={"X": "y"}, timeout=3)
    assert transport.bodies == [b"ab"]
    assert transport.requests[0].headers["X"] == "y"
    assert transport.options[0]["timeout"].timeout == Timeout(3, 3, 3, 3)
    assert not transport.closed
    transport.close()
    assert transport.closed


def test_what_the_handler_raises_passes_with_its_request():
    def handler(request):
        raise exceptions.ConnectTimeout("no")

    with pytest.raises(exceptions.ConnectTimeout) as caught:
        ask(handler)
    assert caught.value.request.url == URL


def test_what_could_not_be_sent_is_refused():
    with pytest.raises(exceptions.InvalidHeader):
        ask(200, headers={"X": "a\nb"})


def test_without_time_there_is_no_answer():
    clock = FakeClock()

    def handler(request):
        clock.advance(2)
        return Answer(302, b"", {"Location": "/b"})

    session = Session(transport=MockTransport(handler, clock), trust_env=False)
    with pytest.raises(exceptions.Timeout) as caught:
        session.get(URL, timeout=Timeout(total=3))
    assert caught.value.limit == "total"
    assert clock.now == 4


def test_answers_and_their_repr():
    assert repr(Answer(201)) == "<Answer 201>"
    with pytest.raises(TypeError):
        Answer(200, "a", None, "reason")
