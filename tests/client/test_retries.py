"""`Retry` and `RetryState`: what is tried again, how often, and after how long."""

from __future__ import annotations

import copy
import math
import pickle
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from h11client import Attempt, Request, Retry, exceptions
from h11client._policies.retries import RetryState
from h11client._policies.retry_after import parse_http_date, seconds_of
from h11client._timeouts import Deadline, Timeout
from h11client._translation import from_stream_error
from h11client.testing import FakeClock
from tests.client.parameters import shown

NOW = 1_700_000_000.0  # Tue, 14 Nov 2023 22:13:20 GMT


def request_of(method: str = "GET", data: Any = None, headers: Any = None) -> Any:
    return Request(method, "http://example.org/a", data=data, headers=headers).prepare()


def answer(status: int, retry_after: str | None = None) -> Any:
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    return SimpleNamespace(status_code=status, headers=headers)


def refused() -> exceptions.RequestException:
    return from_stream_error("connect", ConnectionRefusedError(111, "refused"))


def broken() -> exceptions.RequestException:
    return from_stream_error("read_head", ConnectionResetError(104, "reset"))


def state_of(retry: Any, deadline: Any = None, chance: float = 1.0) -> RetryState:
    policy = Retry.of(retry)
    assert policy is not None
    return RetryState(policy, deadline, chance=lambda: chance, now=lambda: NOW)


def waits(retry: Any, failures: Any, method: str = "GET", **request: Any) -> list[float | None]:
    """What the policy says after each failure, up to the first None."""
    state, asked = state_of(retry), request_of(method, **request)
    said: list[float | None] = []
    for failure in failures:
        if isinstance(failure, Exception):
            said.append(state.after_error(asked, failure))
        else:
            said.append(state.after_response(asked, failure))
        if said[-1] is None:
            break
    return said


# --- the value -----------------------------------------------------------------------------------


def test_the_defaults_are_those_of_the_documentation() -> None:
    retry = Retry()
    assert (retry.total, retry.connect, retry.read, retry.status) == (3, None, None, None)
    assert sorted(retry.methods or ()) == ["DELETE", "GET", "HEAD", "OPTIONS", "PUT", "TRACE"]
    assert retry.statuses == {429, 502, 503, 504}
    assert (retry.backoff, retry.jitter, retry.max_wait, retry.backoff_max) == (0.5, 0.5, 120, 120)
    assert retry.respect_retry_after is retry.raise_on_status is True


def test_a_retry_is_a_frozen_value() -> None:
    retry = Retry(2, methods=["get"], statuses=[500])
    assert retry == Retry(2, methods=("GET",), statuses={500}) != Retry(3)
    assert retry != 2
    assert hash(retry) == hash(copy.copy(retry))
    assert pickle.loads(pickle.dumps(retry)) == copy.deepcopy(retry) == retry
    with pytest.raises(AttributeError, match="frozen"):
        retry.total = 5
    with pytest.raises(AttributeError, match="frozen"):
        del retry.total
    assert repr(retry).startswith("Retry(total=2, connect=None, read=None, status=None, methods=[")
    assert "statuses=[500], backoff=0.5" in repr(retry)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        pytest.param(arguments, error, id=str(arguments))
        for arguments, error in [
            ({"total": -1}, ValueError),
            ({"total": True}, TypeError),
            ({"total": 1.5}, TypeError),
            ({"connect": "1"}, TypeError),
            ({"backoff": -0.1}, ValueError),
            ({"backoff": math.nan}, ValueError),
            ({"max_wait": math.inf}, ValueError),
            ({"max_wait": None}, TypeError),
            ({"jitter": 1.5}, ValueError),
            ({"jitter": True}, TypeError),
            ({"methods": "GET"}, TypeError),
            ({"methods": [b"GET"]}, TypeError),
            ({"statuses": ["503"]}, TypeError),
            ({"statuses": 503}, TypeError),
            ({"tries": 3}, TypeError),
        ]
    ],
)
def test_wrong_arguments_are_refused(arguments: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        Retry(**arguments)


class Foreign:
    """What programs pass as `max_retries`: an object with the attributes of urllib3's Retry."""

    def __init__(self, **attributes: Any) -> None:
        self.__dict__.update({"total": 10, "status_forcelist": None, **attributes})


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param(given, expected, id=name)
        for name, given, expected in [
            ("none", None, None),
            ("false", False, None),
            ("zero", 0, None),
            ("number", 2, Retry(2, statuses=(), backoff=0, jitter=0)),
            ("own", Retry(7), Retry(7)),
            ("foreign-off", Foreign(total=False), None),
            (
                "foreign",
                Foreign(
                    connect=2,
                    read=False,
                    status=4,
                    other=None,
                    allowed_methods=["POST"],
                    status_forcelist=[500, 502],
                    backoff_factor=0.3,
                    backoff_max=9,
                    backoff_jitter=1.0,
                    respect_retry_after_header=False,
                    raise_on_status=False,
                ),
                Retry(
                    10,
                    connect=2,
                    read=0,
                    status=4,
                    methods=["POST"],
                    statuses=[500, 502],
                    backoff=0.3,
                    backoff_max=9,
                    jitter=1,
                    respect_retry_after=False,
                    raise_on_status=False,
                ),
            ),
            ("foreign-few", Foreign(), Retry(10, statuses=(), backoff=0, jitter=0)),
            (
                "foreign-old",
                Foreign(method_whitelist=False),
                Retry(10, methods=None, statuses=(), backoff=0, jitter=0),
            ),
            (
                "foreign-unbounded",
                Foreign(total=None, connect=1),
                Retry(None, connect=1, statuses=(), backoff=0, jitter=0),
            ),
        ]
    ],
)
def test_what_a_retries_argument_means(given: Any, expected: Retry | None) -> None:
    assert Retry.of(given) == expected


@pytest.mark.parametrize("given", [True, 1.5, "3", [3], object()], ids=shown)
def test_nothing_else_is_a_retries_argument(given: Any) -> None:
    with pytest.raises(TypeError):
        Retry.of(given)


def test_a_negative_number_of_retries_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 0"):
        Retry.of(-1)


def test_the_spellings_of_urllib3_mean_the_same() -> None:
    theirs = Retry(
        total=5,
        allowed_methods=["GET", "POST"],
        status_forcelist=(500, 503),
        backoff_factor=2,
        respect_retry_after_header=False,
        retry_after_max=60,
        redirect=3,
        other=1,
        raise_on_redirect=True,
    )
    assert theirs == Retry(
        5,
        methods=["GET", "POST"],
        statuses=[500, 503],
        backoff=2,
        respect_retry_after=False,
        max_wait=60,
    )
    more = Retry(methods=Retry.DEFAULT_ALLOWED_METHODS | {"POST"}).methods or frozenset()
    assert more - (Retry().methods or frozenset()) == {"POST"}
    assert {413, 429, 503} == Retry.RETRY_AFTER_STATUS_CODES


# --- what is tried again ---------------------------------------------------------------------


def proxy_refusal(status: int) -> exceptions.ProxyError:
    return exceptions.ProxyError("refused", status_code=status)


def untrusted() -> exceptions.RequestException:
    import ssl

    low = ssl.SSLCertVerificationError(1, "self-signed certificate")
    error = from_stream_error("tls", low)
    error.__cause__ = low
    return error


EXPIRED = exceptions.ReadTimeout("no time left", limit="total")

FAILURES = [
    # id, error, whether a GET is repeated, whether a POST is
    ("refused", refused(), True, True),
    ("no-address", from_stream_error("resolve", OSError(5, "unknown")), True, True),
    ("connect-timeout", exceptions.ConnectTimeout("slow", limit="connect"), True, True),
    ("tls-reset", from_stream_error("tls", ConnectionResetError(104, "reset")), True, True),
    ("tls-untrusted", untrusted(), False, False),
    ("proxy-down", exceptions.ProxyError("no connection to the proxy"), True, True),
    ("proxy-503", proxy_refusal(503), True, True),
    ("proxy-407", proxy_refusal(407), False, False),
    ("pool", exceptions.PoolTimeout("busy", limit="pool"), False, False),
    ("broken-write", from_stream_error("write", BrokenPipeError(32, "broken")), True, False),
    ("broken", broken(), True, False),
    ("read-timeout", exceptions.ReadTimeout("slow", limit="read"), True, False),
    ("write-timeout", exceptions.WriteTimeout("slow", limit="write"), True, False),
    ("body-timeout", exceptions.BodyReadTimeout("slow", limit="read"), True, False),
    ("incomplete", exceptions.IncompleteBody("short", partial_length=1), True, False),
    ("not-http", exceptions.RemoteProtocolError("SSH-2.0"), True, False),
    ("somebody-elses", exceptions.ConnectionError("says nothing"), True, False),
    ("total", EXPIRED, False, False),
    ("too-large", exceptions.ResponseTooLarge("large"), False, False),
    ("decoding", exceptions.ContentDecodingError("no gzip"), False, False),
    ("local", exceptions.LocalProtocolError("no"), False, False),
    ("url", exceptions.InvalidURL("no"), False, False),
    ("unrewindable", exceptions.UnrewindableBodyError("no"), False, False),
    ("redirects", exceptions.TooManyRedirects("no"), False, False),
    ("callers-own", RuntimeError("mine"), False, False),
]


@pytest.mark.safety("2d1")
@pytest.mark.parametrize(
    ("error", "method", "repeated"),
    [
        pytest.param(error, method, repeated, id=f"{name}-{method}")
        for name, error, get, post in FAILURES
        for method, repeated in (("GET", get), ("PUT", get), ("POST", post), ("PATCH", post))
    ],
)
def test_which_errors_are_followed_by_another_attempt(
    error: Exception, method: str, repeated: bool
) -> None:
    assert (waits(Retry(1), [error], method) == [0.25]) == repeated


@pytest.mark.parametrize("failure", [broken(), answer(503)], ids=["error", "status"])
@pytest.mark.parametrize(
    ("retry", "method", "headers"),
    [
        pytest.param(Retry(1, methods=["POST"]), "POST", None, id="listed"),
        pytest.param(Retry(1, methods=None), "PATCH", None, id="any"),
        pytest.param(Retry(1), "POST", {"idempotency-key": "7"}, id="idempotency-key"),
    ],
)
def test_other_methods_are_repeated_when_that_was_asked_for(
    failure: Any, retry: Retry, method: str, headers: Any
) -> None:
    assert waits(retry, [failure], method, headers=headers)[0] is not None
    assert waits(Retry(1), [failure], method) in ([None],)


def one_shot() -> Iterator[bytes]:
    yield b"once"


@pytest.mark.safety("R9")
@pytest.mark.parametrize("failure", [refused(), broken(), answer(503)], ids=str)
def test_a_body_that_can_be_sent_only_once_is_not_sent_twice(failure: Any) -> None:
    assert waits(Retry(methods=None), [failure], "PUT", data=one_shot()) == [None]
    assert waits(Retry(methods=None), [failure], "PUT", data=b"again")[0] is not None


@pytest.mark.safety("2d5")
@pytest.mark.parametrize(
    ("retry", "failures", "retried"),
    [
        pytest.param(retry, failures, retried, id=name)
        for name, retry, failures, retried in [
            ("total", Retry(2), [refused(), broken(), refused()], 2),
            ("connect", Retry(9, connect=1), [refused(), broken(), refused()], 2),
            ("read", Retry(9, read=1), [broken(), refused(), broken()], 2),
            ("status", Retry(9, status=1), [answer(503), broken(), answer(200)], 2),
            ("none-of-a-kind", Retry(9, read=0), [broken()], 0),
            ("no-total", Retry(None, connect=2), [broken(), broken(), broken(), broken()], 4),
            ("none-at-all", Retry(0), [refused()], 0),
            ("number", 2, [refused(), broken(), refused()], 2),
            ("number-status", 2, [answer(503)], 0),
            ("number-asked", 2, [answer(503, "1"), answer(503, "1"), answer(503, "1")], 2),
            ("ok", Retry(), [answer(200)], 0),
            ("not-listed", Retry(), [answer(500)], 0),
            ("listed", Retry(statuses=[404]), [answer(404)], 1),
            ("413", Retry(), [answer(413)], 0),
            ("413-asked", Retry(), [answer(413, "1")], 1),
            ("301-asked", Retry(), [answer(301, "1")], 0),
            ("nonsense-asked", 2, [answer(503, "soon")], 0),
            ("not-respected", Retry(respect_retry_after=False), [answer(413, "1")], 0),
        ]
    ],
)
def test_how_often_it_is_tried_again(retry: Any, failures: list[Any], retried: int) -> None:
    said = waits(retry, failures)
    assert len([wait for wait in said if wait is not None]) == retried


# --- the waits ---------------------------------------------------------------------------------


def test_waits_double_and_end_at_their_bound() -> None:
    retry = Retry(8, backoff=2, backoff_max=20, jitter=0)
    assert waits(retry, [broken()] * 8) == [2, 4, 8, 16, 20, 20, 20, 20]
    assert waits(
        Retry(3, backoff=100, jitter=0, max_wait=150, backoff_max=1e6), [broken()] * 3
    ) == [
        100,
        150,
        150,
    ]
    assert waits(Retry(2000, backoff=1, jitter=0), [broken()] * 2000)[-1] == 120
    assert waits(Retry(2, backoff=0), [broken()] * 2) == [0, 0]


@pytest.mark.parametrize(("chance", "wait"), [(0.0, 8.0), (0.5, 6.0), (1.0, 4.0)])
def test_a_part_of_the_wait_is_left_to_chance(chance: float, wait: float) -> None:
    state = state_of(Retry(backoff=8, jitter=0.5), chance=chance)
    assert state.after_error(request_of(), broken()) == wait


def test_chance_is_the_standard_librarys_when_none_is_given() -> None:
    policy = Retry(backoff=8, jitter=1)
    found = {RetryState(policy).after_error(request_of(), broken()) for _ in range(20)}
    assert len(found) > 1
    assert all(wait is not None and 0 <= wait <= 8 for wait in found)


@pytest.mark.safety("L3")
@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        pytest.param(value, seconds, id=name)
        for name, value, seconds in [
            ("zero", "0", 0.0),
            ("seconds", "120", 120.0),
            ("blanks", " \t7 ", 7.0),
            ("leading-zeros", "0" * 300 + "5", 5.0),
            ("hours", "86400", 86400.0),
            ("400-digits", "9" * 400, math.inf),
            ("imf-date", "Tue, 14 Nov 2023 22:14:20 GMT", 60.0),
            ("rfc850-date", "Tuesday, 14-Nov-23 22:14:20 GMT", 60.0),
            ("asctime-date", "Tue Nov 14 22:14:20 2023", 60.0),
            ("past-date", "Sun, 06 Nov 1994 08:49:37 GMT", 0.0),
            ("year-0000", "Sat, 01 Jan 0000 00:00:00 GMT", 0.0),
            ("year-0001", "Mon, 01 Jan 0001 00:00:00 GMT", 0.0),
            ("far-date", "Fri, 31 Dec 9999 23:59:59 GMT", 253402300799.0 - NOW),
            ("negative", "-5", None),
            ("signed", "+5", None),
            ("fraction", "1.5", None),
            ("exponent", "1e309", None),
            ("nan", "nan", None),
            ("infinity", "inf", None),
            ("hexadecimal", "0x10", None),
            ("other-digits", "\u0665", None),
            ("superscript", "\xb2", None),
            ("two", "5, 10", None),
            ("empty", "", None),
            ("word", "soon", None),
            ("absent", None, None),
            ("long-date", "Fri, 31 Dec 99999 23:59:59 GMT", None),
            ("no-such-day", "Wed, 30 Feb 2022 00:00:00 GMT", None),
            ("no-such-hour", "Tue, 14 Nov 2023 24:00:00 GMT", None),
            ("other-zone", "Tue, 14 Nov 2023 22:14:20 EST", None),
            ("signed-date", "Tue, -4 Nov 2023 22:14:20 GMT", None),
            ("odd-day", "Xyz, 14 Nov 2023 22:14:20 GMT", None),
            ("odd-month", "Tue, 14 Foo 2023 22:14:20 GMT", None),
            ("year-of-letters", "Tuesday, 14-Nov-xx 22:14:20 GMT", None),
            ("half-a-date", "Tue, 14 Nov", None),
            ("flood", "Tue, " + "14 " * 30000, None),
        ]
    ],
)
def test_what_a_retry_after_asks_for(value: str | None, seconds: float | None) -> None:
    assert seconds_of(value, NOW) == seconds


@pytest.mark.safety("L3")
@pytest.mark.parametrize(
    ("value", "wait"),
    [
        pytest.param("3", 3.0, id="followed"),
        pytest.param("121", 120.0, id="above"),
        pytest.param("9" * 400, 120.0, id="400-digits"),
        pytest.param("Fri, 31 Dec 9999 23:59:59 GMT", 120.0, id="far-date"),
        pytest.param("Sun, 06 Nov 1994 08:49:37 GMT", 0.0, id="past-date"),
        pytest.param("-5", 1.0, id="negative-is-nothing"),
        pytest.param("1e309", 1.0, id="exponent-is-nothing"),
        pytest.param("nan", 1.0, id="nan-is-nothing"),
    ],
)
def test_a_server_does_not_make_anybody_wait_for_long(value: str, wait: float) -> None:
    assert waits(Retry(backoff=1, jitter=0), [answer(503, value)]) == [wait]


def test_a_retry_after_can_be_ignored_and_its_bound_be_set() -> None:
    ignored = Retry(backoff=1, jitter=0, respect_retry_after=False)
    assert waits(ignored, [answer(503, "50")]) == [1.0]
    assert waits(Retry(max_wait=10), [answer(503, "50")]) == [10.0]


@pytest.mark.parametrize(
    ("date", "seconds"),
    [
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
        ("Thu, 29 Feb 2024 12:00:00 GMT", 1709208000.0),
        ("Fri, 01 Mar 2024 00:00:00 GMT", 1709251200.0),
        ("Tue, 01 Mar 1900 00:00:00 GMT", -2203891200.0),
        ("Sat, 31 Dec 2016 23:59:60 GMT", 1483228800.0),
        ("Friday, 31-Dec-99 23:59:59 GMT", 946684799.0),  # more than 50 years ahead: past
        ("Friday, 31-Dec-50 23:59:59 GMT", 2556143999.0),
    ],
)
def test_dates_are_read_as_the_calendar_has_them(date: str, seconds: float) -> None:
    assert parse_http_date(date, NOW) == seconds


@pytest.mark.safety("L3")
@pytest.mark.parametrize("failure", [broken(), answer(503), answer(503, "30")], ids=str)
def test_a_wait_beyond_the_deadline_is_not_begun(failure: Any) -> None:
    clock = FakeClock()
    deadline = Deadline(Timeout(total=60), clock)
    retry = Retry(backoff=30, jitter=0)
    ask = "after_error" if isinstance(failure, Exception) else "after_response"
    assert getattr(state_of(retry, deadline), ask)(request_of(), failure) == 30
    clock.advance(30)
    assert getattr(state_of(retry, deadline), ask)(request_of(), failure) is None
    clock.advance(100)
    immediately = state_of(Retry(backoff=0), deadline)
    assert (
        getattr(immediately, ask)(request_of(), broken() if ask[6] == "e" else answer(503)) is None
    )


# --- what is told ------------------------------------------------------------------------------


def test_every_attempt_is_told_by_the_error() -> None:
    state, request = state_of(Retry(2, backoff=1, jitter=0)), request_of()
    first, last = broken(), refused()
    assert state.after_error(request, first) == 1
    assert state.after_response(request, answer(503, "7")) == 7
    last.request = request
    assert state.after_error(request, last) is None
    url = "http://example.org/a"
    assert last.attempts == [
        Attempt(1, url, error=first, waited=1.0),
        Attempt(2, url, status=503, waited=7.0),
        Attempt(3, url, error=last),
    ]
    assert state.attempts == last.attempts[:2]
    copied = pickle.loads(pickle.dumps(last))
    assert [(a.number, a.url, a.status, a.waited) for a in copied.attempts] == [
        (1, url, None, 1.0),
        (2, url, 503, 7.0),
        (3, url, None, 0.0),
    ]
    assert type(copied.attempts[0].error) is exceptions.ConnectionError
    assert copied.attempts[2].error is copied


def test_an_error_that_is_kept_keeps_no_frames() -> None:
    try:
        try:
            raise ConnectionResetError(104, "reset")
        except ConnectionResetError as low:
            raise exceptions.ConnectionError("broke") from low
    except exceptions.ConnectionError as error:
        kept = error
        assert state_of(Retry()).after_error(request_of(), error) is not None
    assert kept.__cause__ is not None
    assert kept.__cause__.__traceback__ is None


def test_an_error_without_retries_has_no_attempts() -> None:
    assert broken().attempts == []


@pytest.mark.parametrize("count", [0, 2])
def test_a_status_after_the_last_retry_is_an_error(count: int) -> None:
    state, request = state_of(Retry(count, backoff=0)), request_of()
    for _ in range(count):
        assert state.after_response(request, answer(503)) == 0
    last = answer(503)
    with pytest.raises(exceptions.RetryError, match=f"{count + 1} attempts.*503") as caught:
        state.after_response(request, last)
    assert caught.value.response is last
    assert caught.value.request is request


@pytest.mark.parametrize(
    ("retry", "status", "retry_after", "method"),
    [
        pytest.param(Retry(0, raise_on_status=False), 503, None, "GET", id="not-wanted"),
        pytest.param(Retry(0), 413, "5", "GET", id="only-asked"),
        pytest.param(Retry(0), 503, None, "POST", id="never-repeated"),
        pytest.param(Retry(0), 500, None, "GET", id="not-listed"),
    ],
)
def test_else_the_last_answer_is_returned(
    retry: Retry, status: int, retry_after: str | None, method: str
) -> None:
    state = state_of(retry)
    assert state.after_response(request_of(method), answer(status, retry_after)) is None


def test_an_attempt_is_a_frozen_value() -> None:
    attempt = Attempt(2, "http://a.test/", status=503, waited=1.25)
    assert repr(attempt) == "Attempt(2, 'http://a.test/', status=503, waited=1.25)"
    assert repr(Attempt(1, None, error=refused())).startswith("Attempt(1, None, error=Connection")
    assert pickle.loads(pickle.dumps(attempt)) == copy.copy(attempt) == attempt
    assert hash(copy.copy(attempt)) == hash(attempt)
    assert attempt != Attempt(2, "http://a.test/", status=503)
    assert attempt != 2
    with pytest.raises(AttributeError, match="frozen"):
        attempt.number = 3
    with pytest.raises(AttributeError, match="frozen"):
        del attempt.number
