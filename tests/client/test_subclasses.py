"""Subclasses of sessions and adapters as programs written for requests have them."""

from __future__ import annotations

import pickle
import random
import re
import ssl

import pytest

import h11client
from h11client._transport.pool import Pool
from h11client.adapters import HTTPAdapter
from h11client.auth import HTTPDigestAuth
from h11client.testing import Answer, FakeClock, MockTransport, ScriptedNetwork

URL = "http://a.test/"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
HELLO = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
MOVED = b"HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n"


def test_request_may_take_all_but_method_and_url_by_keyword():
    class Prefixed(h11client.Session):
        def request(self, method, url, **options):
            return super().request(method, URL + url, **options)

    transport = MockTransport(lambda request: (200, ""))
    with Prefixed(transport=transport) as session:
        session.get("a", {"b": "c"})
        session.get("a", params={"b": "c"})
        session.post("d", "e")
    assert [request.url for request in transport.requests] == [URL + "a?b=c"] * 2 + [URL + "d"]


@pytest.mark.parametrize("call", [{}, {"timeout": 3}, {"stream": True, "verify": False}])
def test_send_is_given_no_arguments_that_requests_does_not_know(call):
    class Noting(h11client.Session):
        def send(
            self,
            request,
            stream=False,
            timeout=None,
            verify=True,
            cert=None,
            proxies=None,
            allow_redirects=True,
        ):
            noted.append(timeout)
            return super().send(request, timeout=5 if timeout is None else timeout)

    noted = []
    with Noting(transport=MockTransport(lambda request: (200, ""))) as session:
        assert session.get(URL, **call).ok
    assert noted == [call.get("timeout")]


def test_send_is_given_what_the_call_says():
    class Noting(h11client.Session):
        def send(self, request, **options):
            noted.append(options)
            return super().send(request, **options)

    noted = []
    said = {"timeout": None, "retries": None, "on_progress": print, "on_informational": print}
    with Noting(transport=MockTransport(lambda request: (200, ""))) as session:
        session.get(URL, **said)
    assert said.items() <= noted[0].items()


def test_attributes_can_be_added_to_those_that_are_pickled():
    session = Tagged(transport=None)
    session.tag, session.headers["X"] = "t", "1"
    travelled = pickle.loads(pickle.dumps(session))
    assert (travelled.tag, travelled.headers["X"]) == ("t", "1")
    assert all(hasattr(session, name) for name in Tagged.__attrs__)


class Tagged(h11client.Session):
    __attrs__ = [*h11client.Session.__attrs__, "tag"]


def test_a_response_has_the_attributes_that_programs_copy():
    session = h11client.Session(transport=MockTransport(lambda request: (200, "text")))
    response = session.get(URL)
    copied = h11client.Response()
    for name in h11client.Response.__attrs__:
        setattr(copied, name, getattr(response, name))
    assert (copied.text, copied.url, copied.headers) == ("text", URL, response.headers)


def test_hooks_and_adapters_are_given_a_mapping_of_proxies():
    seen = []
    pool = Pool(network=ScriptedNetwork([OK]))
    with h11client.Session(transport=pool, trust_env=False) as session:
        session.get(URL, hooks={"response": lambda _, **given: seen.append(given["proxies"])})
    assert seen == [{}]


@pytest.mark.parametrize(("given", "total"), [(0, 0), (3, 3), (h11client.Retry(2), 2)])
def test_retries_of_an_adapter_tell_their_number(given, total):
    assert HTTPAdapter(max_retries=given).max_retries.total == total
    assert h11client.Session().get_adapter(URL).max_retries.total == 0


def test_attributes_of_a_subclass_may_have_the_names_of_settings():
    class Service(h11client.Session):
        base_url = URL
        retries = 3
        timeout = 7

        def request(self, method, path, **options):
            return super().request(method, self.base_url + path, **options)

    transport = MockTransport(lambda request: (200, ""))
    with Service(transport=transport) as session:
        assert session.get("a").ok
    assert (session.base_url, session.retries, session.timeout) == (URL, 3, 7)
    assert transport.requests[0].url == URL + "a"
    assert pickle.loads(pickle.dumps(h11client.Session(retries=2))).retries.total == 2


def test_private_names_of_a_subclass_are_its_own():
    class Service(h11client.Session):
        _retries = "as often as it takes"

        def __init__(self, url, headers):
            self._base_url, self._headers = url, headers  # before, as some do
            super().__init__(transport=MockTransport(lambda request: (200, "")), trust_env=False)
            self._hooks = self._jar = self._adapters = self._clock = "mine"  # and after
            self._transport = self._max_redirects = self._trust_env = None

        def _begin(self):
            return self._base_url

        def request(self, method, path, **options):
            url = self._begin() + path
            return super().request(method, url, headers=self._headers, **options)

    with Service(URL, {"X-Mine": "1"}) as service:
        response = service.post("a", cookies={"b": "c"}, timeout=3)
    assert (response.url, response.request.headers["X-Mine"]) == (URL + "a", "1")
    assert (service._base_url, service._headers) == (URL, {"X-Mine": "1"})


def test_private_names_of_an_adapter_are_its_own():
    context = ssl.create_default_context()

    class Own(HTTPAdapter):
        def __init__(self, **options):
            self._ssl_context, self._retry, self._pool = context, 5, "mine"
            super().__init__(**options)

        def init_poolmanager(self, *arguments, **options):
            super().init_poolmanager(*arguments, ssl_context=self._ssl_context, **options)

    adapter = Own(max_retries=2)
    assert (adapter._ssl_context, adapter._retry, adapter._pool) == (context, 5, "mine")
    network = ScriptedNetwork([OK])
    adapter.poolmanager._lender.network = network
    session = h11client.Session(trust_env=False)
    session.mount("https://", adapter)
    assert session.get("https://a.test/").ok
    assert [config.verify for config, _ in network.upgrades] == [context]


@pytest.mark.parametrize("kind", [h11client.Session, HTTPAdapter])
def test_private_names_are_none_that_a_subclass_would_have(kind):
    thing = kind()
    names = {*vars(thing), *(name for each in kind.__mro__[:-1] for name in vars(each))}
    private = {name for name in names if name.startswith("_") and not name.startswith("__")}
    assert len(private) > 3
    assert {name for name in private if not name.endswith("_")} == set()


def to(location, **headers):
    return Answer(302, b"moved", {"Location": location, **headers})


def answering(*answers):
    left = list(answers)
    return MockTransport(lambda request: left.pop(0) if len(left) > 1 else left[0])


class Counting(h11client.Session):
    """Has a `send` as programs have it that limit, sign or log every request."""

    def __init__(self, **options):
        super().__init__(**options)
        self.sent = []

    def send(self, request, **options):
        self.sent.append((request.url, options.get("allow_redirects")))
        return super().send(request, **options)


class Careless(Counting):
    def send(self, request, **options):
        return super().send(request)


def replaced(session):
    """The same, put into the object."""
    original, session.sent = session.send, []

    def send(request, **options):
        session.sent.append((request.url, options.get("allow_redirects")))
        return original(request, **options)

    session.send = send
    return session


@pytest.mark.parametrize(
    "make",
    [Counting, lambda **options: replaced(h11client.Session(**options))],
    ids=["class", "object"],
)
def test_a_send_of_the_programs_sees_each_request_of_a_chain(make):
    seen = []
    transport = answering(
        to("/b", **{"Set-Cookie": "x=1"}), to("http://b.test/c"), to("/d"), (200, "end")
    )
    session = make(transport=transport, trust_env=False)
    session.hooks["response"].append(lambda response, **kw: seen.append(response.url))
    response = session.get(URL + "a", auth=("u", "p"), cookies={"call": "1"})
    urls = [URL + "a", URL + "b", "http://b.test/c", "http://b.test/d"]
    assert session.sent == list(zip(urls, [True, False, False, False], strict=True))
    assert [request.url for request in transport.requests] == seen == urls
    assert [one.url for one in (*response.history, response)] == urls
    assert [len(one.history) for one in (*response.history, response)] == [0, 1, 2, 3]
    assert (response.text, response.next, response.history[1].next) == ("end", None, None)
    told = [[r.headers.get(n) for n in ("Authorization", "Cookie")] for r in transport.requests]
    assert told == [["Basic dTpw", "call=1"], ["Basic dTpw", "x=1; call=1"], [None] * 2, [None] * 2]
    manual = session.get(URL + "a", allow_redirects=False)
    assert manual.text == "end"


def test_a_send_of_the_programs_is_asked_by_resolve_redirects_too():
    session = Counting(transport=answering(to("/b"), to("/c"), (200, "end")), trust_env=False)
    first = session.get(URL, allow_redirects=False)
    session.sent.clear()
    found = [each.text for each in session.resolve_redirects(first, first.request)]
    assert found == ["moved", "end"]
    assert session.sent == [(URL + "b", False), (URL + "c", False)]


@pytest.mark.safety("R10")
@pytest.mark.parametrize("kind", [Counting, Careless])
def test_the_number_of_redirects_is_limited_whatever_a_send_of_the_programs_passes_on(kind):
    session = kind(transport=answering(to("/again")), trust_env=False, max_redirects=4)
    with pytest.raises(h11client.TooManyRedirects) as caught:
        session.get(URL)
    assert len(session.sent) == 5
    assert caught.value.request.url == URL + "again"


def test_what_watches_a_call_watches_all_that_a_send_of_the_programs_asks_for():
    events, progress = [], []
    pool = Pool(network=ScriptedNetwork([MOVED, HELLO]))
    session = Counting(transport=pool, trust_env=False, on_event=events.append, retries=2)
    session.get(URL, on_progress=lambda step: progress.append(step.done), retries=None)
    assert [event.request.url for event in events if event.name == "sent"] == [URL, URL + "b"]
    assert progress[-1] == 5


class Guarded(h11client.Session):
    """Looks at where redirects lead, as programs do that must not reach some places."""

    def resolve_redirects(self, resp, req, *arguments, **options):
        for response in super().resolve_redirects(resp, req, *arguments, **options):
            if "b.test" in response.url:
                raise LookupError("not there")
            yield response


def cutting(session):
    """Puts another one into the object, which ends after one redirect."""
    original = session.resolve_redirects

    def resolve_redirects(resp, req, **options):
        yield next(original(resp, req, **options))

    session.resolve_redirects = resolve_redirects
    return session


def test_a_resolve_redirects_of_the_programs_is_what_follows():
    answers = [to("/b"), to("http://b.test/c"), (200, "end")]
    session = Guarded(transport=answering(*answers), trust_env=False)
    with pytest.raises(LookupError, match="not there"):
        session.get(URL)
    answers = [to("/b"), to("/c"), (200, "end")]
    session = Guarded(transport=answering(*answers), trust_env=False)
    response = session.get(URL, auth=("u", "p"), stream=True)
    assert [each.url for each in (*response.history, response)] == [URL, URL + "b", URL + "c"]
    assert response.text == "end"
    cut = cutting(h11client.Session(transport=answering(*answers), trust_env=False))
    response = cut.get(URL)
    assert (response.status_code, len(response.history)) == (302, 1)
    alone = Guarded(transport=answering((200, "end")), trust_env=False).get(URL)
    assert (alone.text, alone.history) == ("end", [])
    stopped = Guarded(transport=answering(*answers), trust_env=False)
    response = stopped.get(URL, allow_redirects=False)
    assert (response.status_code, response.next.url) == (302, URL + "b")


def test_what_a_resolve_redirects_of_the_programs_follows_has_the_limits_of_the_call():
    answers = [to("/b"), 503, (200, "end")]
    session = Guarded(transport=answering(*answers), trust_env=False, retries=None)
    retries = h11client.Retry(1, statuses=[503], backoff=0)
    response = session.get(URL, retries=retries)
    assert (response.text, [each.status for each in response.attempts]) == ("end", [503, 200])
    session = Guarded(transport=answering(to("/again")), trust_env=False, max_redirects=3)
    with pytest.raises(h11client.TooManyRedirects):
        session.get(URL)


@pytest.mark.parametrize("kind", [Counting, Guarded])
def test_whatever_of_the_programs_follows_stays_within_the_limits_of_its_call(kind):
    clock = FakeClock()
    asked = []

    def slow(request):
        asked.append(request)
        clock.advance(2)
        return to("/again")

    session = kind(transport=MockTransport(slow, clock), trust_env=False)
    with pytest.raises(h11client.Timeout) as caught:
        session.get(URL, timeout=h11client.Timeout(total=5))
    assert caught.value.limit == "total"
    assert len(asked) == 3


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        *[(HTTPAdapter, name) for name in ("cert_verify", "get_connection", "proxy_headers")],
        *[(HTTPDigestAuth, name) for name in ("build_digest_header", "handle_401")],
        (h11client.Session, "rebuild_proxies"),
    ],
)
def test_a_method_that_nothing_calls_is_no_silent_loss(kind, name):
    with pytest.warns(UserWarning, match=f"nothing calls Own.{name}") as caught:
        type("Own", (kind,), {name: lambda self: None})
    assert caught[0].filename == __file__


# --- a chain is the same with a `send` of the program's ------------------------------------------

PLACES = ["http://a.test", "https://a.test", "http://b.test", "http://a.test:81", "http://x.a.test"]
COOKIES = ["c=1", "d=1; Path=/y", "e=1; Domain=a.test", "f=1; Secure", "c=; Max-Age=0"]
CHALLENGE = ("WWW-Authenticate", 'Digest realm="r", nonce="n", qop="auth"')
RANDOM_PARTS = re.compile(r'(cnonce|response)="[^"]*"')


class Resolving(h11client.Session):
    def resolve_redirects(self, *arguments, **options):
        yield from super().resolve_redirects(*arguments, **options)


def random_answer(chance):
    status = chance.choice([200, 301, 302, 302, 303, 307, 308, 401, 503])
    headers = [("Set-Cookie", chance.choice(COOKIES)) for _ in range(chance.randint(0, 2))]
    if status // 100 == 3:
        place = chance.choice(["", "", *PLACES]) + chance.choice(["/x", "/y/z"])
        headers.append(("Location", place))
    return Answer(status, b"body", [*headers, CHALLENGE] if status == 401 else headers)


def random_exchange(kind, seed):
    """What comes of a call that is made of `seed`, and everything that was sent for it."""
    chance = random.Random(seed)
    answers = [random_answer(chance) for _ in range(chance.randint(1, 6))]
    transport = answering(*answers, (200, "end"))
    retries = chance.choice([None, h11client.Retry(2, statuses=[503], backoff=0)])
    session = kind(transport=transport, trust_env=False, max_redirects=4, retries=retries)
    session.headers.update(chance.choice([{}, {"X-Api-Key": "k"}, {"Authorization": "s"}]))
    session.cookies.update(chance.choice([{}, {"everywhere": "1"}]))
    seen = []
    session.hooks["response"].append(lambda response, **kw: seen.append(response.url))
    options = chance.choice([{}, {"cookies": {"call": "1"}}, {"headers": {"Cookie": "hand=1"}}])
    auth = chance.choice([None, ("u", "p"), HTTPDigestAuth("u", "p")])
    body = chance.choice([None, b"x", {"a": "1"}])
    method = chance.choice(["GET", "POST", "PUT", "HEAD"])
    url = chance.choice(PLACES) + "/start"
    try:
        answer = session.request(method, url, auth=auth, data=body, **options)
        found = [(each.status_code, each.url, each.history) for each in answer.history]
        told = [answer.status_code, answer.content, len(answer.attempts)]
        found = [(status, at, len(history)) for status, at, history in found] + told
    except h11client.RequestException as error:
        found = [type(error), error.request.url, len(error.response.history)]
    fields = [sorted(request.headers.items()) for request in transport.requests]
    sent = [
        (request.method, request.url, body, RANDOM_PARTS.sub("", repr(headers)))
        for request, body, headers in zip(transport.requests, transport.bodies, fields, strict=True)
    ]
    return found, sent, seen, sorted((cookie.domain, cookie.name) for cookie in session.cookies)


@pytest.mark.safety("R1", "R2", "R4", "R7", "2f4")
@pytest.mark.parametrize("start", range(0, 400, 100))
def test_whoever_sends_the_requests_of_a_chain_they_are_the_same(start):
    for seed in range(start, start + 100):
        expected = random_exchange(h11client.Session, seed)
        assert random_exchange(Counting, seed) == expected, seed
        assert random_exchange(Resolving, seed) == expected, seed
        assert len(expected[1]) > 0
