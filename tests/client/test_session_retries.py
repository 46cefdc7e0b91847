"""Retries in sessions and adapters, on a network that is a script and a clock that is told."""

from __future__ import annotations

import io
import pickle
from collections.abc import Iterator
from typing import Any

import pytest

import h11client
from h11client import Retry, Timeout, exceptions
from h11client._transport.pool import Pool
from h11client.adapters import HTTPAdapter
from h11client.testing import Answer, MockTransport, Pause, ScriptedNetwork

URL = "http://a.test/"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
DOWN = b"HTTP/1.1 503 Down\r\nContent-Length: 4\r\n\r\ndown"
REFUSED = ConnectionRefusedError(111, "refused")
RESET = ConnectionResetError(104, "reset")


def asking(seconds: str) -> bytes:
    return b"HTTP/1.1 503 Down\r\nRetry-After: %s\r\nContent-Length: 0\r\n\r\n" % seconds.encode()


def session_of(*dials: Any, **options: Any) -> tuple[h11client.Session, ScriptedNetwork]:
    network = ScriptedNetwork(*dials)
    pool = Pool(network=network, clock=network.clock)
    return h11client.Session(transport=pool, **options), network


def exact(total: int = 3, **options: Any) -> Retry:
    return Retry(total, jitter=0, **{"backoff": 1, **options})


def shown(attempts: Any) -> list[tuple[Any, float]]:
    return [(a.status or type(a.error).__name__, a.waited) for a in attempts]


@pytest.mark.safety("2d5")
def test_nothing_is_tried_again_unless_that_was_asked_for() -> None:
    session, network = session_of([DOWN], REFUSED, [RESET])
    assert session.retries is None
    response = session.get(URL)
    assert (response.status_code, response.content) == (503, b"down")
    assert shown(response.attempts) == [(503, 0)]
    session.close()
    for _ in range(2):
        with pytest.raises(exceptions.ConnectionError) as caught:
            session.get(URL)
        assert caught.value.attempts == []
    network.assert_used_up()


def test_every_attempt_stands_in_the_response_and_none_in_its_history() -> None:
    session, network = session_of(REFUSED, [RESET], [DOWN, OK], retries=exact())
    response = session.get(URL)
    assert response.content == b"ok"
    assert shown(response.attempts) == [
        ("ConnectionError", 1),
        ("ConnectionError", 2),
        (503, 4),
        (200, 0),
    ]
    assert {attempt.url for attempt in response.attempts} == {URL}
    assert response.history == []
    assert network.clock.now == 7
    network.assert_used_up()
    again = pickle.loads(pickle.dumps(response))
    assert shown(again.attempts) == shown(response.attempts)


def test_every_attempt_stands_in_the_last_error() -> None:
    session, network = session_of(REFUSED, [RESET], REFUSED, retries=exact(2))
    with pytest.raises(exceptions.ConnectionError) as caught:
        session.get(URL)
    error = caught.value
    assert shown(error.attempts) == [("ConnectionError", w) for w in (1, 2, 0)]
    assert error.attempts[-1].error is error
    assert error.request is not None
    assert error.request.url == URL
    assert [a.number for a in pickle.loads(pickle.dumps(error)).attempts] == [1, 2, 3]
    network.assert_used_up()


@pytest.mark.parametrize("count", [0, 2])
def test_a_status_to_the_last_is_an_error_with_the_last_answer(count: int) -> None:
    session, network = session_of([DOWN] * (count + 1), retries=exact(count))
    with pytest.raises(exceptions.RetryError) as caught:
        session.get(URL)
    response: Any = caught.value.response
    assert (response.status_code, response.content) == (503, b"down")
    assert shown(caught.value.attempts) == [(503, w) for w in (1, 2, 0)[2 - count :]]
    assert caught.value.request is response.request
    network.assert_used_up()
    assert session.statistics().busy == 0


def test_or_the_last_answer_itself_when_that_is_wanted() -> None:
    session, network = session_of([DOWN] * 2, retries=exact(1, raise_on_status=False))
    response = session.get(URL)
    assert (response.status_code, response.content) == (503, b"down")
    assert len(response.attempts) == 2
    network.assert_used_up()


def test_a_call_may_say_otherwise_than_its_session() -> None:
    session, network = session_of([DOWN, DOWN, OK, DOWN], retries=exact())
    assert session.get(URL, retries=None).status_code == 503
    assert session.get(URL, retries=exact(1)).status_code == 200
    assert session.get(URL, retries=0).status_code == 503
    network.assert_used_up()
    session.retries = 2
    assert session.retries == Retry.of(2)
    session.retries = None
    assert session.retries is None
    with pytest.raises(TypeError):
        session.get(URL, retries="2")
    with pytest.raises(TypeError):
        session.retries = True


def test_a_number_means_errors_at_once_and_no_statuses() -> None:
    session, network = session_of(REFUSED, [RESET], [DOWN, asking("3"), OK], retries=2)
    assert session.get(URL).status_code == 503
    assert network.clock.now == 0
    assert session.get(URL).content == b"ok"  # when the server itself asks for it
    assert network.clock.now == 3


@pytest.mark.safety("2d1")
def test_what_may_have_been_done_is_not_done_twice() -> None:
    session, network = session_of([RESET], REFUSED, [OK], retries=exact())
    with pytest.raises(exceptions.ConnectionError):
        session.post(URL, data=b"once")
    assert session.post(URL, data=b"once").content == b"ok"  # nothing had been sent
    network.assert_used_up()
    keyed, network = session_of([RESET], [OK], retries=exact())
    headers = {"Idempotency-Key": "7"}
    assert keyed.post(URL, data=b"once", headers=headers).content == b"ok"
    network.assert_used_up()


@pytest.mark.safety("L3")
@pytest.mark.parametrize(
    ("asked", "waited"), [("7", 7), ("9" * 400, 120), ("-7", 1), ("1e309", 1), ("nan", 1)]
)
def test_a_server_is_left_alone_for_as_long_as_it_wants_within_reason(
    asked: str, waited: float
) -> None:
    last = asking(asked).replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    session, network = session_of([last], [OK], retries=exact())
    assert session.get(URL).content == b"ok"
    assert network.clock.now == waited


@pytest.mark.safety("L3")
def test_a_wait_that_does_not_fit_is_not_begun() -> None:
    session, network = session_of([asking("30")], retries=exact(), timeout=Timeout(total=20))
    response = session.get(URL)
    assert response.status_code == 503
    assert network.clock.now == 0
    failing, network = session_of([Pause(15), RESET], retries=exact(backoff=10), timeout=Timeout(total=20))  # fmt: skip
    with pytest.raises(exceptions.ConnectionError) as caught:
        failing.get(URL)
    assert network.clock.now == 15
    assert len(caught.value.attempts) == 1


@pytest.mark.safety("D6")
def test_the_deadline_spans_all_attempts_and_waits() -> None:
    dials = [[Pause(6), RESET], [Pause(6), RESET], [Pause(100), OK]]
    session, network = session_of(*dials, retries=exact(9), timeout=Timeout(total=20))
    with pytest.raises(exceptions.ReadTimeout) as caught:
        session.get(URL)
    assert caught.value.limit == "total"
    assert network.clock.now == 20
    assert shown(caught.value.attempts)[-1] == ("ReadTimeout", 0)
    assert len(caught.value.attempts) == 3


def test_a_body_that_breaks_off_is_asked_for_again() -> None:
    half = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nha"
    session, network = session_of([half, b""], [half, RESET], [OK], retries=exact())
    response = session.get(URL)
    assert response.content == b"ok"
    assert shown(response.attempts) == [("IncompleteBody", 1), ("IncompleteBody", 2), (200, 0)]
    network.assert_used_up()


def test_a_streamed_body_belongs_to_its_reader() -> None:
    half = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nha"
    session, network = session_of([DOWN], [half, b""], retries=exact(1))
    session.get(URL, retries=None).close()
    session.close()
    with session.get(URL, stream=True) as response, pytest.raises(exceptions.IncompleteBody):
        _ = response.content
    network.assert_used_up()


def pieces() -> Iterator[bytes]:
    yield b"one"


@pytest.mark.safety("R9")
def test_a_body_that_can_be_sent_only_once_is_sent_once() -> None:
    session, network = session_of([RESET], [DOWN], retries=exact(methods=None))
    with pytest.raises(exceptions.ConnectionError):
        session.put(URL, data=pieces())
    assert session.put(URL, data=pieces()).status_code == 503
    network.assert_used_up()


class Once:
    """Looks as if it could be iterated again, and is then used up."""

    def __init__(self) -> None:
        self.pieces = pieces()

    def __iter__(self) -> Iterator[bytes]:
        return self.pieces


@pytest.mark.safety("R9")
def test_a_body_that_does_not_begin_again_is_no_reason_to_wait() -> None:
    session, network = session_of([RESET], retries=exact(methods=None))
    with pytest.raises(exceptions.ConnectionError) as caught:
        session.put(URL, data=Once())
    assert caught.value.__cause__ is RESET
    assert network.clock.now == 0


@pytest.mark.safety("B2")
def test_what_comes_at_last_is_not_larger_than_a_response_may_be() -> None:
    session, _ = session_of([DOWN, OK], retries=exact(), max_response_size=1)
    with pytest.raises(exceptions.ResponseTooLarge):
        session.get(URL)


@pytest.mark.safety("R9")
def test_a_file_is_sent_again_from_where_it_began() -> None:
    file = io.BytesIO(b"skipped-sent")
    file.seek(8)
    session, network = session_of([DOWN, RESET], [OK], retries=exact())
    assert session.put(URL, data=file).content == b"ok"
    sent = b"".join(stream.written for stream in network.streams)
    assert sent.count(b"\r\n\r\nsent") == 3
    assert b"skipped" not in sent


def test_each_hop_of_a_redirect_has_its_attempts() -> None:
    moved = b"HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n"
    session, network = session_of([DOWN, moved, DOWN, DOWN, OK], retries=exact(2))
    response = session.get(URL)
    assert shown(response.attempts) == [(503, 1), (503, 2), (200, 0)]
    assert [shown(earlier.attempts) for earlier in response.history] == [[(503, 1), (302, 0)]]
    network.assert_used_up()


@pytest.mark.safety("R18", "4I11")
@pytest.mark.safety("2k5")
@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ({}, [None, "lb=1", "lb=2; n=1"]),
        ({"cookies": {"own": "1"}}, ["own=1", "lb=1; own=1", "lb=2; n=1; own=1"]),
        ({"headers": {"Cookie": "by=hand"}}, ["by=hand"] * 3),
    ],
)
def test_cookies_of_an_attempt_are_kept_and_sent_with_the_next(given: Any, sent: Any) -> None:
    answers = [
        Answer(503, b"", [("Set-Cookie", "lb=1")]),
        Answer(503, b"", [("Set-Cookie", "lb=2"), ("Set-Cookie", "n=1")]),
        Answer(200, b""),
    ]
    transport = MockTransport(lambda request: answers.pop(0))
    session = h11client.Session(transport=transport, trust_env=False, retries=exact(backoff=0))
    request = session.prepare_request(h11client.Request("GET", URL, **given))
    before = dict(request.headers)
    response = session.send(request)
    assert [asked.headers.get("Cookie") for asked in transport.requests] == sent
    assert session.cookies.get_dict() == {"lb": "2", "n": "1"}
    assert shown(response.attempts) == [(503, 0), (503, 0), (200, 0)]
    assert dict(request.headers) == before


def test_no_secret_is_told_of_an_attempt(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", logger="h11client")
    session, _ = session_of(REFUSED, [RESET], [DOWN], retries=exact(2))
    session.headers["X-Api-Key"] = "planted"
    with pytest.raises(exceptions.RetryError) as caught:
        session.get("http://me:planted@a.test/", headers={"Cookie": "sid=planted"})
    error = caught.value
    told = [repr(error), str(error), repr(error.attempts), repr(error.response), caplog.text]
    assert "again in" in caplog.text
    assert "planted" not in "".join(told)
    assert {attempt.url for attempt in error.attempts} == {URL}


@pytest.mark.safety("2d4")
def test_what_the_callers_code_raises_is_not_tried_again() -> None:
    def handler(request: Any) -> Any:
        asked.append(request.url)
        raise ZeroDivisionError

    asked: list[Any] = []
    session = h11client.Session(transport=MockTransport(handler), retries=exact())
    with pytest.raises(ZeroDivisionError):
        session.get(URL)
    assert asked == [URL]


class Foreign:
    """An object with the attributes of urllib3's Retry, as programs pass it to adapters."""

    total = 2
    connect = read = status = None
    status_forcelist = (500, 503)
    allowed_methods = frozenset(["GET"])
    backoff_factor = 1
    respect_retry_after_header = True
    raise_on_status = True


def adapter_of(max_retries: Any, *dials: Any) -> tuple[h11client.Session, ScriptedNetwork]:
    network = ScriptedNetwork(*dials)
    adapter = HTTPAdapter(max_retries=max_retries)
    adapter.poolmanager = Pool(network=network, clock=network.clock)
    session = h11client.Session()
    session.mount("http://", adapter)
    return session, network


@pytest.mark.parametrize("max_retries", [Foreign(), Retry(2, statuses=[503], backoff=1, jitter=0)])
def test_an_adapter_takes_what_programs_pass_to_requests(max_retries: Any) -> None:
    session, network = adapter_of(max_retries, REFUSED, [DOWN, OK])
    response = session.get(URL)
    assert response.content == b"ok"
    assert shown(response.attempts) == [("ConnectionError", 1), (503, 2), (200, 0)]
    network.assert_used_up()
    failing, network = adapter_of(max_retries, [DOWN] * 3)
    with pytest.raises(exceptions.RetryError) as caught:
        failing.get(URL)
    assert caught.value.response is not None
    assert caught.value.response.status_code == 503


def test_an_adapter_takes_a_number() -> None:
    session, network = adapter_of(1, REFUSED, [DOWN], REFUSED, REFUSED)
    assert session.get(URL).status_code == 503
    session.close()
    with pytest.raises(exceptions.ConnectionError):
        session.get(URL)
    network.assert_used_up()
    assert h11client.adapters.Retry is Retry


def test_a_session_travels_with_its_policy() -> None:
    session = h11client.Session(retries=exact(5))
    again = pickle.loads(pickle.dumps(session))
    assert again.retries == exact(5)


def test_a_foreign_transport_is_asked_again_too() -> None:
    answers = [exceptions.ConnectTimeout("slow"), 503, 200]

    class Transport:
        def send(self, request: Any, **kwargs: Any) -> Any:
            answer = answers.pop(0)
            if isinstance(answer, Exception):
                raise answer
            response = h11client.Response()
            response.status_code = answer  # type: ignore[assignment]  # what is left are numbers
            response.request = request
            response.url = request.url
            response._content = b"made"
            return response

        def close(self) -> None:
            pass

    session = h11client.Session(retries=exact(backoff=0))
    session.mount("http://", Transport())
    response = session.get(URL)
    assert (response.status_code, response.content) == (200, b"made")
    assert shown(response.attempts) == [("ConnectTimeout", 0), (503, 0), (200, 0)]
    assert answers == []
