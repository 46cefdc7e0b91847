"""`MockRouter`: what a test expects is answered and checked, wherever it is sent from."""

from __future__ import annotations

import io
import re
import threading
from typing import Any

import pytest

import h11client
from h11client import Retry, Session, exceptions
from h11client.adapters import HTTPAdapter
from h11client.testing import Answer, MockRouter, MockTransport, UnexpectedRequest

URL = "http://a.test/b"


@pytest.fixture
def mock() -> Any:
    router = MockRouter()
    router.start()
    yield router
    router.stop()


def fails(mock: MockRouter, *words: str) -> None:
    with pytest.raises(UnexpectedRequest) as caught:
        mock.check()
    for word in words:
        assert word in str(caught.value)


# what is said, requests that fit, requests that do not
MATCHING: list[tuple[str, dict[str, Any], list[dict[str, Any]], list[dict[str, Any]]]] = [
    ("anything", {}, [{}, {"method": "POST", "data": b"x"}], []),
    ("a method", {"method": "get"}, [{}], [{"method": "POST"}, {"method": "HEAD"}]),
    ("a URL", {"url": URL}, [{}, {"url": f"{URL}?q=1#f"}, {"url": "HTTP://A.test:80/./b"}],
     [{"url": f"{URL}/"}, {"url": "http://c.test/b"}, {"url": "https://a.test/b"}, {"url": "http://a.test:81/b"}]),
    ("a path", {"url": "/b"}, [{}, {"url": "https://c.test/b?q"}], [{"url": "http://a.test/c"}]),
    ("a pattern", {"url": re.compile(r"http://[ac]\.test/.*")}, [{}, {"url": "http://c.test/"}],
     [{"url": "https://a.test/b"}, {"url": "http://x.test/?http://a.test/"}]),
    ("a URL with a query", {"url": f"{URL}?q=1&r=a%20b"}, [{"params": {"r": "a b", "q": 1}}],
     [{}, {"params": {"q": 1}}, {"params": {"q": 1, "r": "a b", "s": ""}}]),
    ("params", {"params": {"q": ["1", "2"], "r": None}}, [{"params": "q=2&q=1"}],
     [{}, {"params": {"q": 1}}, {"params": {"q": [1, 2, 2]}}]),
    ("no params", {"params": {}}, [{}], [{"params": {"q": 1}}]),
    ("params behind a query", {"url": f"{URL}?q=1", "params": {"r": 2}}, [{"url": f"{URL}?q=1&r=2"}], [{"url": f"{URL}?q=1"}]),
    ("an empty value", {"params": {"q": ""}}, [{"url": f"{URL}?q="}, {"url": f"{URL}?q"}], [{}]),
    ("headers", {"headers": {"x-a": "1"}}, [{"headers": {"X-A": "1", "X-B": "2"}}, {"headers": [("X-A", "2"), ("X-A", "1")]}],
     [{}, {"headers": {"X-A": "2"}}, {"headers": {"X-A": "11"}}]),
    ("headers by a pattern", {"headers": {"X-A": re.compile("[0-9]+")}}, [{"headers": {"X-A": "17"}}], [{}, {"headers": {"X-A": "1a"}}]),
    ("headers that are not there", {"headers": {"X-A": None}}, [{}], [{"headers": {"X-A": "1"}}]),
    ("headers that are sent of themselves", {"headers": {"Host": "a.test", "Content-Length": "1"}}, [{"data": b"x"}], [{"data": b"xy"}]),
    ("JSON", {"json": {"a": [1, None]}}, [{"json": {"a": [1, None]}}, {"data": ' {"a":[1.0,null]}'}],
     [{}, {"json": {"a": [1]}}, {"data": b"{"}, {"data": b"\xff"}]),
    ("JSON that is null", {"json": None}, [{"data": "null"}], [{}, {"json": 0}]),
    ("text", {"data": "ü"}, [{"data": "ü"}, {"data": iter([b"\xc3", b"\xbc"])}, {"data": io.BytesIO("ü".encode())}], [{}, {"data": b"u"}]),
    ("no body", {"data": b""}, [{}], [{"data": b"x"}]),
    ("a form", {"data": {"a": ["1", "2"], "b": "ü"}}, [{"data": [("b", "ü"), ("a", 2), ("a", 1)]}], [{}, {"data": {"a": "1"}}, {"data": b"\xff"}]),
    ("a condition", {"matching": lambda request: request.body == b"ab"}, [{"data": iter([b"a", b"b"])}], [{}, {"data": "b"}]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("said", "fitting", "others"), [row[1:] for row in MATCHING], ids=[row[0] for row in MATCHING]
)
def test_a_request_is_expected_when_all_that_is_said_of_it_is_so(
    mock: MockRouter, said: Any, fitting: Any, others: Any
) -> None:
    route = mock.route(**said).respond(201)
    for options in fitting:
        assert h11client.request(**{"method": "GET", "url": URL, **options}).status_code == 201
    assert route.call_count == len(fitting)
    for options in others:
        with pytest.raises(UnexpectedRequest) as caught:
            h11client.request(**{"method": "GET", "url": URL, **options})
        assert "any method" in str(caught.value) or "get" in str(caught.value)
    assert route.call_count == len(fitting)
    assert len(mock.requests) == len(fitting) + len(others)


def test_a_request_that_nobody_expects_says_what_it_is_and_why(mock: MockRouter) -> None:
    mock.post(URL, params={"page": "2"}, optional=True)
    mock.get("http://a.test/c", optional=True)
    mock.get(URL, headers={"Authorization": "Bearer x"}, json=[1], optional=True)
    with pytest.raises(AssertionError) as caught:
        h11client.get(
            f"{URL}?token=hunter2", data=b"x" * 2000, headers={"Authorization": "Bearer hunter2"}
        )
    lines = str(caught.value).splitlines()
    assert lines[:2] == ["not expected:", "GET http://a.test/b?token=***"]
    assert "    Authorization: Bearer ***" in lines
    assert lines[-4:] == [
        "expected:",
        "  POST http://a.test/b params={'page': '2'}: its method is not POST",
        "  GET http://a.test/c: its path is another one",
        "  GET http://a.test/b headers=['Authorization'] json=[1]: its header Authorization is ['Bearer ***']",
    ]
    assert "hunter2" not in str(caught.value)
    assert len(str(caught.value)) < 2000
    fails(mock, "made, and not expected:\n  GET http://a.test/b?token=***")


def test_a_program_that_goes_on_regardless_is_found_out_at_the_end(mock: MockRouter) -> None:
    try:
        h11client.get(URL)
    except Exception:
        pass
    fails(mock, "made, and not expected", "GET http://a.test/b")
    mock.assert_all_expected = False
    mock.check()


def test_what_was_expected_has_to_be_made(mock: MockRouter) -> None:
    mock.get(URL)
    mock.post(optional=True)
    mock.put(times=2)
    mock.delete(times=0)
    h11client.put(URL)
    fails(
        mock,
        "expected, and not made:\n  GET http://a.test/b: never\n  PUT any URL: once, not 2 times",
    )
    mock.assert_all_called = False
    mock.check()
    mock.assert_all_called = True
    h11client.put(URL)
    h11client.get(URL)
    mock.check()
    with pytest.raises(UnexpectedRequest, match="it is to be made 2 times"):
        h11client.put(URL)
    with pytest.raises(UnexpectedRequest, match="it is to be made never"):
        h11client.delete(URL)


def test_a_block_checks_at_its_end_unless_it_has_failed_itself() -> None:
    with pytest.raises(UnexpectedRequest, match="never"), MockRouter() as mock:
        mock.get(URL)
    with pytest.raises(LookupError), MockRouter() as mock:
        mock.get(URL)
        raise LookupError
    with MockRouter(assert_all_called=False, assert_all_expected=False) as mock:
        mock.get(URL)
        with pytest.raises(UnexpectedRequest):
            h11client.post(URL)


def test_answers_come_in_their_order_and_the_last_one_again(mock: MockRouter) -> None:
    route = mock.get(URL).respond(503).respond(json={"a": 1}).respond(content=[b"a", b"b"])
    texts = [h11client.get(URL).text for _ in range(4)]
    assert texts == ["", '{"a": 1}', "ab", "ab"]
    assert mock.get("http://a.test/c").called is False
    assert h11client.get("http://a.test/c").status_code == 200
    assert route.called


def test_an_answer_may_be_an_exception_or_a_function(mock: MockRouter) -> None:
    mock.get(URL).raises(exceptions.ConnectTimeout("no")).raises(KeyboardInterrupt).calls(
        lambda request: Answer(418, f"you are {request.headers['X-Me']}", reason="Teapot")
    )
    with pytest.raises(exceptions.ConnectTimeout) as caught:
        h11client.get(URL)
    assert caught.value.request.url == URL
    with pytest.raises(KeyboardInterrupt):
        h11client.get(URL)
    response = h11client.get(URL, headers={"X-Me": "I"})
    assert (response.status_code, response.reason, response.text) == (418, "Teapot", "you are I")


def test_bodies_may_break_off_each_time(mock: MockRouter) -> None:
    mock.get(URL).respond(content=iter([b"abc", exceptions.IncompleteBody("cut")]))
    for _ in range(2):
        with pytest.raises(exceptions.IncompleteBody):
            h11client.get(URL)


def test_what_was_sent_is_kept(mock: MockRouter) -> None:
    route = mock.post(URL).respond(201)
    h11client.post(URL, data=iter([b"a", b"b"]), headers={"X-A": "1"})
    h11client.post(URL, json={"c": 1}, auth=("me", "secret"))
    assert [request.body for request in route.requests] == [b"ab", b'{"c": 1}']
    assert route.requests[0].headers["Transfer-Encoding"] == "chunked"
    assert route.requests[1].headers["Authorization"].startswith("Basic ")
    assert mock.requests == route.requests
    route.assert_called()
    route.assert_called(2)
    with pytest.raises(UnexpectedRequest, match="made 2 times, not once"):
        route.assert_called(times=1)
    with pytest.raises(UnexpectedRequest, match="made never"):
        mock.get(optional=True).assert_called()
    assert repr(route) == "<MockRoute POST http://a.test/b, made 2 times>"


def test_redirects_cookies_and_retries_are_those_of_the_session(mock: MockRouter) -> None:
    mock.get(URL).respond(302, headers={"Location": "/c", "Set-Cookie": "a=1"})
    mock.get("http://a.test/c", headers={"Cookie": "a=1"}).respond(503).respond(content="there")
    with Session(retries=Retry(1, backoff=0)) as session:
        response = session.get(URL)
    assert response.text == "there"
    assert [earlier.status_code for earlier in response.history] == [302]
    assert len(response.attempts) == 2
    assert len(mock.requests) == 3


def test_sessions_of_any_kind_are_answered(mock: MockRouter) -> None:
    mock.get(URL).respond(content="mocked")
    mounted = Session()
    mounted.mount("http://", HTTPAdapter(max_retries=2))
    with Session() as own, mounted:
        for get in (h11client.get, own.get, mounted.get, Session(timeout=1).get):
            assert get(URL).text == "mocked"
        assert own.statistics().dialled == 0
    other = Session(transport=MockTransport(lambda request: (200, "of its own")))
    assert other.get(URL).text == "of its own"


def test_a_session_from_before_is_answered_too_and_is_itself_afterwards() -> None:
    with Session(timeout=1) as session:
        with MockRouter() as mock:
            mock.get(URL).respond(content="mocked")
            assert session.get(URL).text == "mocked"
        with pytest.raises(exceptions.ConnectionError):
            session.get("http://127.0.0.1:9/")


def test_routers_inside_of_each_other_go_first_and_end_in_any_order() -> None:
    one, other = MockRouter(), MockRouter()
    one.get(URL).respond(content="one")
    other.get(URL).respond(content="other")
    one.start()
    other.start()
    with pytest.raises(RuntimeError, match="already"):
        other.start()
    assert h11client.get(URL).text == "other"
    one.stop()
    assert h11client.get(URL).text == "other"
    other.stop()
    other.stop()
    with pytest.raises(exceptions.ConnectionError):
        h11client.get("http://127.0.0.1:9/")


def test_forgetting_everything(mock: MockRouter) -> None:
    mock.get(URL)
    h11client.get(URL)
    with pytest.raises(UnexpectedRequest):
        h11client.post(URL)
    mock.reset()
    mock.check()
    assert mock.requests == []
    with pytest.raises(UnexpectedRequest, match="nothing"):
        h11client.get(URL)


def test_what_could_not_be_sent_is_refused_as_ever(mock: MockRouter) -> None:
    mock.get(optional=True)
    with pytest.raises(exceptions.InvalidHeader):
        h11client.get(URL, headers={"X": "a\nb"})
    with pytest.raises(exceptions.MissingSchema):
        mock.get("a.test")
    with pytest.raises(TypeError):
        mock.get(URL, nonsense=1)


def test_threads_are_counted_exactly(mock: MockRouter) -> None:
    route = mock.get(URL).respond(content="a").respond(content="b")
    seen: list[str] = []

    def work() -> None:
        for _ in range(50):
            seen.append(h11client.get(URL).text)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert route.call_count == 200
    assert sorted(seen) == ["a"] + ["b"] * 199


def test_a_condition_may_make_a_request_itself(mock: MockRouter) -> None:
    mock.get("http://a.test/token").respond(content="7")

    def has_token(request: Any) -> bool:
        return bool(request.headers.get("X-Token") == h11client.get("http://a.test/token").text)

    mock.get(URL, matching=has_token).respond(204)
    assert h11client.get(URL, headers={"X-Token": "7"}).status_code == 204
    mock.check()


def test_what_may_pass_goes_to_the_network(mock: MockRouter, httpbin_url: str) -> None:
    route = mock.route(url=re.compile(re.escape(httpbin_url) + "/.*")).passes()
    mock.get(URL).respond(content="mocked")
    assert h11client.get(URL).text == "mocked"
    sent = h11client.post(f"{httpbin_url}/post", data=iter([b"a", b"b"])).json()
    assert sent["data"] == "ab"
    assert [request.body for request in route.requests] == [b"ab"]
    mock.check()
