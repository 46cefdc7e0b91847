"""One call on its way: hooks, histories, schemes that answer, retries, and the one deadline."""

from __future__ import annotations

import io

import pytest

import h11client
from h11client import Response, Retry, Session, Timeout, exceptions
from h11client.auth import AuthBase
from h11client.testing import Answer, FakeClock, MockTransport, Pause, ScriptedNetwork

URL = "http://a.test/"


def to(location, status=302, **more):
    return Answer(status, more.pop("content", b""), {"Location": location, **more})


class Script:
    """Answers one request after the other, the last answer for ever."""

    def __init__(self, *answers):
        self.answers = list(answers)

    def __call__(self, request):
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, BaseException):
            raise answer
        return answer


def session_of(*answers, clock=None, **options):
    clock = FakeClock() if clock is None else clock
    transport = MockTransport(Script(*answers), clock)
    return Session(transport=transport, trust_env=False, **options), transport


def paths(responses):
    return [response.request.path_url for response in responses]


# --- hooks -----------------------------------------------------------------------------------


def test_hooks_of_session_and_call_both_run_in_this_order():
    seen = []
    session, _ = session_of(200)
    session.hooks["response"].append(lambda response, **kw: seen.append("session"))
    session.get(URL, hooks={"response": lambda response, **kw: seen.append("call")})
    session.get(URL, hooks={"response": [lambda r, **kw: seen.append(1), lambda r, **kw: None]})
    assert seen == ["session", "call", "session", 1]


def test_hooks_are_told_with_what_the_request_was_sent():
    seen = {}
    session, _ = session_of(200)
    session.get(
        URL, stream=True, timeout=3, cert="c", hooks={"response": lambda r, **kw: seen.update(kw)}
    )
    assert set(seen) == {"stream", "timeout", "verify", "cert", "proxies"}
    assert (seen["stream"], seen["verify"], seen["cert"]) == (True, True, "c")
    assert seen["timeout"].timeout == Timeout(3, 3, 3, 3)


@pytest.mark.parametrize("stream", [False, True])
def test_a_hook_may_replace_the_response(stream):
    other = Response()
    other.status_code = 299
    other.raw = io.BytesIO(b"other")
    session, _ = session_of(200)
    response = session.get(URL, stream=stream, hooks={"response": lambda r, **kw: other})
    assert response is other
    assert response.content == b"other"


def test_hooks_run_for_every_response_of_a_chain():
    seen = []
    session, _ = session_of(to("/b"), to("/c"), 200)
    session.get(URL, hooks={"response": lambda r, **kw: seen.append((r.status_code, r.url))})
    assert seen == [(302, URL), (302, URL + "b"), (200, URL + "c")]


def test_a_hook_that_replaces_a_redirect_ends_the_chain():
    def hook(response, **kwargs):
        response.status_code = 200

    session, transport = session_of(to("/b"))
    assert session.get(URL, hooks={"response": hook}).history == []
    assert len(transport.requests) == 1


def test_a_hook_may_send_again_over_the_connection_of_the_response():
    def hook(response, **kwargs):
        if response.status_code == 401:
            request = response.request.copy()
            request.headers["Authorization"] = "Custom x"
            again = response.connection.send(request, **kwargs)
            again.history.append(response)
            again.request = request
            return again

    session, transport = session_of(to("/b"), 401, to("/c"), 200)
    response = session.get(URL, hooks={"response": hook})
    assert [one.status_code for one in response.history] == [302, 401, 302]
    assert [request.headers.get("Authorization") for request in transport.requests] == [
        *(None, None, "Custom x", None)
    ]
    assert response.status_code == 200


def test_what_a_hook_raises_passes_and_the_connection_is_closed():
    network = ScriptedNetwork([b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello"])
    session = Session(trust_env=False)
    session._transport_._lender.network = network

    def hook(response, **kwargs):
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        session.get(URL, hooks={"response": hook})
    assert network.streams[0].closed
    assert session._transport_.counts().open == 0


def test_a_hook_may_be_registered_on_a_prepared_request():
    seen = []
    session, _ = session_of(200)
    request = h11client.Request("GET", URL, hooks={"response": seen.append}).prepare()
    request.register_hook("response", lambda r, **kw: seen.append("second"))
    request.hooks["response"][0] = lambda r, **kw: seen.append("first")
    session.send(request)
    assert seen == ["first", "second"]


# --- redirects -------------------------------------------------------------------------------


def test_the_history_is_in_order_and_each_response_has_its_own():
    session, _ = session_of(to("/b"), to("/c", 301), to("/d", 307), 200)
    response = session.get(URL)
    assert paths(response.history) == ["/", "/b", "/c"]
    assert [len(one.history) for one in response.history] == [0, 1, 2]
    assert response.url == URL + "d"


@pytest.mark.safety("R10")
@pytest.mark.parametrize("most", [0, 1, 3])
def test_exactly_so_many_redirects_are_followed(most):
    session, transport = session_of(to("/x"), max_redirects=most)
    with pytest.raises(exceptions.TooManyRedirects) as caught:
        session.get(URL)
    assert len(transport.requests) == most + 1
    assert len(caught.value.response.history) == most
    session.max_redirects = 30
    session, transport = session_of(*[to("/x")] * most, 200, max_redirects=most)
    assert len(session.get(URL).history) == most


@pytest.mark.parametrize(
    ("method", "options", "followed"),
    [
        ("get", {}, True),
        ("options", {}, True),
        ("post", {}, True),
        ("head", {}, False),
        ("head", {"allow_redirects": True}, True),
        ("get", {"allow_redirects": False}, False),
    ],
)
def test_redirects_are_followed_unless_the_method_or_the_call_says_otherwise(
    method, options, followed
):
    session, _ = session_of(to("/b"), 200)
    response = getattr(session, method)(URL, **options)
    assert len(response.history) == followed
    assert response.is_redirect is not followed


def test_what_would_be_next_is_told_and_not_sent():
    session, transport = session_of(to("/b", 303), 200)
    response = session.post(URL, data=b"x", allow_redirects=False)
    assert (response.next.method, response.next.url) == ("GET", URL + "b")
    assert len(transport.requests) == 1
    assert session.send(response.next).status_code == 200
    assert session.get(URL).next is None


def test_a_stream_is_still_there_when_somebody_has_asked_what_is_next():
    session, _ = session_of(to("/b", content=b"here"))
    response = session.get(URL, allow_redirects=False, stream=True)
    assert response.next.path_url == "/b"
    assert response.content == b"here"


def test_resolving_redirects_by_hand():
    session, _ = session_of(to("/b"), to("/c"), 200)
    response = session.get(URL, allow_redirects=False)
    found = list(session.resolve_redirects(response, response.request))
    assert [one.status_code for one in found] == [302, 200]
    assert paths(found[-1].history) == ["/", "/b"]
    requests = session.resolve_redirects(response, response.request, yield_requests=True)
    assert [request.url for request in requests] == [URL + "b"]


def test_bodies_of_redirects_are_kept_as_far_as_they_are_small():
    answer = b"HTTP/1.1 302 X\r\nLocation: /b\r\nContent-Length: %d\r\n\r\n%s"
    network = ScriptedNetwork(
        [answer % (4, b"here"), b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"]
    )
    session = Session(trust_env=False)
    session._transport_._lender.network = network
    response = session.get(URL)
    assert response.history[0].content == b"here"
    assert len(network.streams) == 1


# --- auth_flow -------------------------------------------------------------------------------


class TwoSteps(AuthBase):
    """Gets a token first, then sends the request with it, and answers a 401 once."""

    def __init__(self):
        self.seen = []

    def auth_flow(self, request):
        token = h11client.Request("POST", URL + "token", data={"a": "b"}).prepare()
        response = yield token
        self.seen.append(response.status_code)
        request.headers["Authorization"] = "Token " + response.text
        response = yield request
        self.seen.append(response.status_code)
        if response.status_code == 401:
            request.headers["Authorization"] = "Token again"
            response = yield request
            self.seen.append(response.status_code)


def test_a_scheme_of_several_steps_is_driven_and_its_responses_become_history():
    auth = TwoSteps()
    session, transport = session_of((200, "secret"), 401, 200)
    request = session.prepare_request(h11client.Request("GET", URL, auth=auth))
    response = session.send(request)
    assert auth.seen == [200, 401, 200]
    assert [one.status_code for one in response.history] == [200, 401]
    assert paths([*response.history, response]) == ["/token", "/", "/"]
    sent = [request.headers.get("Authorization") for request in transport.requests]
    assert sent == [None, "Token secret", "Token again"]
    assert "Authorization" not in request.headers  # the caller's stays as it was


def test_a_flow_runs_anew_for_a_redirect_within_the_origin_and_not_for_another():
    session, transport = session_of((200, "t"), to("/b"), (200, "u"), to("http://b.test/"), 200)
    response = session.get(URL, auth=TwoSteps())
    sent = [(request.url, request.headers.get("Authorization")) for request in transport.requests]
    assert sent == [
        (URL + "token", None),
        (URL, "Token t"),
        (URL + "token", None),
        (URL + "b", "Token u"),
        ("http://b.test/", None),
    ]
    assert [one.status_code for one in response.history] == [200, 302, 200, 302]


def test_a_flow_that_asks_again_has_the_body_again_or_says_that_it_cannot():
    class Again(AuthBase):
        def auth_flow(self, request):
            response = yield request
            if response.status_code == 401:
                yield request

    session, transport = session_of(401, 200)
    file = io.BytesIO(b"..body")
    file.seek(2)
    session.post(URL, data=file, auth=Again())
    assert transport.bodies == [b"body", b"body"]
    session, transport = session_of(401, 200)
    with pytest.raises(exceptions.UnrewindableBodyError) as caught:
        session.post(URL, data=iter([b"a"]), auth=Again())
    assert caught.value.response.status_code == 401
    assert len(transport.requests) == 1


def test_what_a_flow_raises_passes():
    class Broken(AuthBase):
        def auth_flow(self, request):
            yield request
            raise LookupError("mine")

    session, _ = session_of(200)
    with pytest.raises(LookupError, match="mine"):
        session.get(URL, auth=Broken())


def test_the_cookies_of_a_401_are_sent_with_the_next_step():
    class Again(AuthBase):
        def auth_flow(self, request):
            yield request
            yield request

    session, transport = session_of(Answer(401, b"", {"Set-Cookie": "a=b"}), 200)
    session.get(URL, auth=Again())
    assert [request.headers.get("Cookie") for request in transport.requests] == [None, "a=b"]


# --- retries ---------------------------------------------------------------------------------

RETRY = Retry(3, backoff=1, jitter=0)


def test_attempts_are_told_and_are_no_history():
    clock = FakeClock()
    failure = exceptions.ConnectTimeout("no")
    session, transport = session_of(failure, 503, 200, clock=clock, retries=RETRY)
    response = session.get(URL)
    assert response.status_code == 200
    assert response.history == []
    assert [(attempt.status, attempt.error) for attempt in response.attempts[:2]] == [
        (None, failure),
        (503, None),
    ]
    assert clock.now == 1 + 2
    assert len(transport.requests) == 3


def test_the_last_error_tells_of_the_attempts():
    session, _ = session_of(exceptions.ConnectTimeout("no"), retries=RETRY)
    with pytest.raises(exceptions.ConnectTimeout) as caught:
        session.get(URL)
    assert len(caught.value.attempts) == 4
    assert caught.value.request.url == URL


def test_when_statuses_stay_bad_the_error_has_the_last_response():
    session, transport = session_of((503, "busy"), retries=RETRY)
    with pytest.raises(exceptions.RetryError) as caught:
        session.get(URL)
    assert len(transport.requests) == 4
    assert caught.value.response.text == "busy"


@pytest.mark.parametrize(
    ("ours", "own", "sent"),
    [
        (None, {}, 1),
        (Retry(1, backoff=0), {}, 2),
        (None, {"retries": Retry(2, backoff=0)}, 3),
        (Retry(2, backoff=0), {"retries": None}, 1),
        (Retry(2, backoff=0), {"retries": 0}, 1),
        (2, {}, 3),
    ],
)
def test_the_retries_of_the_call_win_over_the_sessions(ours, own, sent):
    session, transport = session_of(exceptions.ConnectTimeout("no"), retries=ours)
    with pytest.raises(exceptions.ConnectTimeout):
        session.get(URL, **own)
    assert len(transport.requests) == sent


def test_an_attempt_ends_with_its_body_unless_it_is_streamed():
    broken = Answer(200, [b"ab", exceptions.IncompleteBody("cut")])
    session, transport = session_of(broken, (200, "whole"), retries=RETRY)
    assert session.get(URL).text == "whole"
    assert len(transport.requests) == 2
    session, transport = session_of(broken, (200, "whole"), retries=RETRY)
    response = session.get(URL, stream=True)
    with pytest.raises(exceptions.IncompleteBody):
        response.content  # noqa: B018
    assert len(transport.requests) == 1


def test_a_body_that_can_be_sent_once_is_sent_once():
    session, transport = session_of(503, 200, retries=RETRY)
    assert session.put(URL, data=iter([b"a"])).status_code == 503
    assert len(transport.requests) == 1
    session, transport = session_of(503, 200, retries=RETRY)
    assert session.put(URL, data=io.BytesIO(b"a")).status_code == 200
    assert transport.bodies == [b"a", b"a"]


@pytest.mark.parametrize(("total", "attempts"), [(3.5, 3), (None, 4), (0.5, 1)])
def test_waits_end_with_the_deadline(total, attempts):
    clock = FakeClock()
    session, transport = session_of(
        exceptions.ConnectTimeout("no"), clock=clock, retries=RETRY, timeout=Timeout(total=total)
    )
    with pytest.raises(exceptions.ConnectTimeout):
        session.get(URL)
    assert len(transport.requests) == attempts
    assert total is None or clock.now < total


def test_retry_after_is_waited_for():
    clock = FakeClock()
    busy = Answer(503, b"", {"Retry-After": "7"})
    session, _ = session_of(busy, 200, clock=clock, retries=RETRY)
    assert session.get(URL).status_code == 200
    assert clock.now == 7


def test_each_hop_of_a_chain_has_its_own_attempts():
    session, transport = session_of(503, to("/b"), 503, 503, 200, retries=Retry(2, backoff=0))
    response = session.get(URL)
    assert len(transport.requests) == 5
    assert len(response.attempts) == 3
    assert paths(response.history) == ["/"]


# --- time ------------------------------------------------------------------------------------


@pytest.mark.safety("M8")
def test_one_deadline_is_for_the_whole_chain():
    hop = b"HTTP/1.1 302 X\r\nLocation: /\r\nContent-Length: 0\r\n\r\n"
    network = ScriptedNetwork([Pause(0.4), hop] * 5)
    session = Session(trust_env=False, timeout=Timeout(total=1))
    session._transport_._lender.network = network
    session._transport_.clock = session._transport_._lender._clock = session._clock_ = network.clock
    with pytest.raises(exceptions.Timeout) as caught:
        session.get(URL)
    assert caught.value.limit == "total"
    assert network.clock.now == pytest.approx(1)


@pytest.mark.safety("D6")
def test_a_call_that_a_hook_makes_can_share_the_deadline():
    clock = FakeClock()
    session, transport = session_of(200, clock=clock)

    def hook(response, **kwargs):
        if not response.history:
            clock.advance(0.5)
            session.get(URL, timeout=kwargs["timeout"], hooks={})

    session.hooks = {}
    session.get(URL, timeout=Timeout(total=2), hooks={"response": hook})
    first, second = (options["timeout"] for options in transport.options)
    assert first is second
    assert second.remaining() == 1.5


# --- what stays as it is ---------------------------------------------------------------------


@pytest.mark.safety("R6", "4I10")
def test_nothing_of_the_callers_changes():
    session, _ = session_of(Answer(302, b"", {"Location": "/b", "Set-Cookie": "c=d"}), 200)
    headers, params, data = {"X": "y", "Cookie": "own=1"}, {"q": ["1", "2"]}, {"a": "b"}
    cookies, hooks, proxies = {"e": "f"}, {"response": [len]}, {"no_proxy": "*"}
    hooks["response"] = [lambda response, **kw: None]
    given = [headers, params, data, cookies, hooks, proxies]
    before = repr(given)
    ours = (repr(session.headers), session.headers.version, dict(session.params))
    session.request(
        "POST", URL, params, data, headers, cookies, auth=("u", "p"), hooks=hooks, proxies=proxies
    )
    assert repr(given) == before
    assert (repr(session.headers), session.headers.version, dict(session.params)) == ours
    request = session.prepare_request(h11client.Request("POST", URL, headers, data=data))
    before = (request.url, request.method, request.headers.multi_items(), request.body)
    session, _ = session_of(Answer(303, b"", {"Location": "/b", "Set-Cookie": "c=d"}), 200)
    session.send(request)
    assert (request.url, request.method, request.headers.multi_items(), request.body) == before
