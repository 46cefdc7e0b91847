"""Authentication as a session does it: who is asked first, flows, and what is never sent where."""

from __future__ import annotations

import base64
import io
import itertools
import logging
import traceback

import pytest

import h11client
from h11client._engine import h11
from h11client._messages.response import Response
from h11client._policies import netrc
from h11client._policies.netrc import Netrc
from h11client.auth import AuthBase, HTTPBasicAuth, HTTPBearerAuth, HTTPDigestAuth, HTTPProxyAuth
from h11client.exceptions import UnrewindableBodyError
from tests.client.bodies import FakeBody
from tests.client.digest_origin import DigestOrigin

URL = "http://a.example/x"


class Answering:
    """A transport that gives each request to a function; keeps what was sent."""

    takes_deadline = True

    def __init__(self, answer=lambda method, target, told, body: (200, [])):
        self.answer = answer
        self.sent = []
        self.bodies = []

    def send(self, request, **_):
        method, target, fields = request.wire_head()
        pairs = [
            (name.decode().lower(), value.decode("latin-1")) for name, value in fields.raw_items()
        ]
        self.sent.append((request.url, pairs))
        content = b"".join(request.encoded_body.chunks())
        told = dict(pairs).get("authorization")
        status, headers = self.answer(method.decode(), target.decode(), told, content)
        head = h11.Response(status_code=status, reason=b"", headers=headers)
        body = FakeBody(b"answer")
        self.bodies.append(body)
        return Response(request=request, head=head, body=body)

    def close(self):
        pass

    def values(self, name="authorization"):
        """What each request had in its fields of this name."""
        return [[value for key, value in pairs if key == name] for _, pairs in self.sent]


def session_of(transport, **options):
    options.setdefault("trust_env", False)
    return h11client.Session(transport=transport, **options)


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home whose netrc file has credentials for a.example."""
    (tmp_path / ".netrc").write_text("machine a.example login netrc password secret")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("NETRC", raising=False)
    monkeypatch.setattr(netrc, "_shared", Netrc())
    return tmp_path


def name_in(value):
    """Who a value of Authorization is for."""
    return base64.b64decode(value.removeprefix("Basic ")).decode().partition(":")[0]


# --- who is asked first ------------------------------------------------------------------------

# From the first to the last.
SOURCES = ["call header", "call auth", "URL", "session header", "session auth", "netrc"]


def basic(name):
    return HTTPBasicAuth(name, "secret").credentials()


def ask(sources, home, how="get"):
    """Asks with credentials from these sources, each with its name as that of the user."""
    if "netrc" not in sources:
        (home / ".netrc").unlink()
    transport = Answering()
    session = session_of(transport, trust_env=True)
    if "session auth" in sources:
        session.auth = ("session auth", "secret")
    if "session header" in sources:
        session.headers["Authorization"] = basic("session header")
    headers = {"authorization": basic("call header")} if "call header" in sources else None
    auth = ("call auth", "secret") if "call auth" in sources else None
    url = "http://URL:secret@a.example/x" if "URL" in sources else URL
    if how == "get":
        session.get(url, headers=headers, auth=auth)
    else:
        session.send(session.prepare_request(h11client.Request("GET", url, headers, auth=auth)))
    ((_, pairs),) = transport.sent
    return [name_in(value) for name, value in pairs if name == "authorization"]


@pytest.mark.safety("2l4", "N1")
@pytest.mark.parametrize("how", ["get", "send"])
@pytest.mark.parametrize(("first", "second"), list(itertools.combinations(SOURCES, 2)))
def test_of_two_sources_the_earlier_one_counts(first, second, how, home):
    assert ask({first, second}, home, how) == [first]


@pytest.mark.safety("2l4")
@pytest.mark.parametrize("source", SOURCES)
def test_each_source_counts_by_itself(source, home):
    assert ask({source}, home) == [source]


@pytest.mark.parametrize("nobody", ["", (), [], False])
def test_an_empty_auth_of_a_call_is_not_the_sessions(nobody, home):
    transport = Answering()
    session = session_of(transport, auth=("session auth", "secret"), trust_env=True)
    session.get(URL, auth=nobody)
    session.get("http://URL:secret@a.example/", auth=nobody)
    session.auth = nobody
    session.get(URL)
    assert [list(map(name_in, values)) for values in transport.values()] == [[], ["URL"], ["netrc"]]


def test_without_any_source_nothing_is_sent(home):
    assert ask(set(), home) == []


@pytest.mark.safety("N1")
def test_what_the_environment_says_can_be_turned_off(home):
    transport = Answering()
    session_of(transport, trust_env=False).get(URL)
    session_of(transport, trust_env=False, cookies={"a": "b"}).get(URL)
    session_of(transport, trust_env=["proxies"]).get(URL)
    session_of(transport, trust_env=["netrc"]).get(URL)
    asked = [list(map(name_in, values)) for values in transport.values()]
    assert asked == [[], [], [], ["netrc"]]


def test_a_header_of_the_session_can_be_left_out_for_a_call(home):
    transport = Answering()
    session = session_of(transport, headers={"Authorization": "Mine"}, trust_env=True)
    session.get(URL, headers={"Authorization": None})
    assert [list(map(name_in, values)) for values in transport.values()] == [["netrc"]]


@pytest.mark.safety("2l4", "N1")
@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://j%C3%A4:p%40ss%3A%2F@b.example/", ("j\u00e4", "p@ss:/")),
        ("http://user:@b.example/", ("user", "")),
        ("http://user@b.example/", ("user", "")),
        ("http://netrc@a.example/", ("netrc", "secret")),
        ("http://other@a.example/", ("other", "")),
        ("http://netrc:own@a.example/", ("netrc", "own")),
        ("http://a.example:@b.example/", ("a.example", "")),
        ("http://:@a.example/", ("netrc", "secret")),
        ("http://@a.example/", ("netrc", "secret")),
    ],
)
def test_the_user_name_and_password_of_a_url_are_decoded(url, expected, home):
    transport = Answering()
    session_of(transport, trust_env=True).get(url)
    assert transport.values() == [[HTTPBasicAuth(*expected).credentials()]]
    assert "@" not in transport.sent[0][0]


@pytest.mark.safety("I8")
@pytest.mark.parametrize("url", ["http://a%0D%0AX:b@a.example/", "http://a%3Ab:c@a.example/"])
def test_what_cannot_be_sent_is_refused_before_anything_is(url):
    transport = Answering()
    with pytest.raises(ValueError) as caught:
        session_of(transport).get(url)
    assert "secret" not in str(caught.value)
    assert transport.sent == []


@pytest.mark.safety("I8")
@pytest.mark.parametrize(
    "auth", [("a:b", "c"), ("a", "b\n"), ("a", "\x00"), "a:b", 7, ("a",), ("a", "b", "c")]
)
def test_credentials_that_cannot_be_right_are_refused_before_anything_is_sent(auth):
    transport = Answering()
    with pytest.raises((ValueError, TypeError)):
        session_of(transport).get(URL, auth=auth)
    assert transport.sent == []


def test_credentials_for_the_proxy_go_beside_those_for_the_origin():
    transport = Answering()
    session = session_of(transport)
    session.get(URL, auth=HTTPProxyAuth("a", "b"))
    session.get(URL, auth=HTTPProxyAuth("a", "b"), headers={"Authorization": "Mine"})
    assert transport.values("proxy-authorization") == [["Basic YTpi"], ["Basic YTpi"]]
    assert transport.values() == [[], ["Mine"]]


@pytest.mark.safety("A4")
def test_nothing_is_sent_in_a_csrf_header_unless_it_was_asked_for():
    def answer(method, target, told, body):
        return 200, [("Set-Cookie", "csrftoken=abc; Path=/"), ("Set-Cookie", "XSRF-TOKEN=def")]

    transport = Answering(answer)
    session = session_of(transport)
    for _ in range(2):
        session.post(URL, data=b"x")
    names = [{name for name, _ in pairs} for _, pairs in transport.sent]
    assert "cookie" in names[1]
    assert not [name for found in names for name in found if "csrf" in name or "xsrf" in name]


@pytest.mark.safety("2l4")
@pytest.mark.parametrize("of_call", [False, True])
@pytest.mark.parametrize("header_of_call", [False, True])
def test_a_scheme_of_ones_own_does_what_else_it_does_beside_a_header(header_of_call, of_call):
    def sign(request):
        request.headers["X-Saw"] = request.headers["Authorization"]
        request.headers["Authorization"] = "Signed"
        return request

    transport = Answering()
    session = session_of(transport)
    header = {"Authorization": "Mine"}
    if not header_of_call:
        session.headers.update(header)
    if not of_call:
        session.auth = sign
    session.get(URL, headers=header if header_of_call else None, auth=sign if of_call else None)
    assert transport.values("x-saw") == [["Mine"]]
    # What the call says goes before what the session says.
    wins = "Signed" if of_call and not header_of_call else "Mine"
    assert transport.values() == [[wins]]


def test_a_request_that_was_prepared_without_a_session_keeps_its_header_too():
    def sign(request):
        request.headers["X-Signed"] = "yes"
        request.headers["Authorization"] = "Signed"
        return request

    for auth in (("a", "b"), sign):
        request = h11client.Request("GET", URL, headers={"Authorization": "Mine"}, auth=auth)
        prepared = request.prepare()
        assert prepared.headers["Authorization"] == "Mine"
        assert ("X-Signed" in prepared.headers) == (auth is sign)
        prepared.prepare_auth(("a", "b"))  # whoever asks for this means it
        assert prepared.headers["Authorization"] == "Basic YTpi"


# --- callables ---------------------------------------------------------------------------------


def test_any_callable_is_a_scheme_and_what_it_changes_counts():
    def sign(request):
        request.headers["X-Signature"] = f"{request.method} {request.path_url} {request.body}"
        request.body = b"changed"
        return request

    received = []
    transport = Answering(lambda *sent: received.append(sent[3]) or (200, []))
    session_of(transport).post(URL, data=b"body", auth=sign)
    assert transport.values("x-signature") == [["POST /x b'body'"]]
    assert transport.values("content-length") == [["7"]]
    assert received == [b"changed"]


def test_a_file_that_was_read_to_be_signed_is_sent_from_where_it_stood():
    def sign(request):
        request.headers["X-Length"] = str(len(request.body.read()))
        return request

    received = []
    transport = Answering(lambda *sent: received.append(sent[3]) or (200, []))
    file = io.BytesIO(b"skipped body")
    file.seek(8)
    session_of(transport).put(URL, data=file, auth=sign)
    assert transport.values("x-length") == [["4"]]
    assert transport.values("content-length") == [["4"]]
    assert received == [b"body"]


def test_a_callable_may_return_another_request():
    def replace(request):
        other = request.copy()
        other.headers["X-Other"] = "yes"
        return other

    transport = Answering()
    session_of(transport).get(URL, auth=replace)
    assert transport.values("x-other") == [["yes"]]


def test_what_a_scheme_raises_passes_unchanged():
    def fail(request):
        raise KeyError("mine")

    class Failing(AuthBase):
        def auth_flow(self, request):
            yield request
            raise KeyError("mine")

    transport = Answering()
    for auth in (fail, Failing()):
        with pytest.raises(KeyError, match="mine"):
            session_of(transport).get(URL, auth=auth)
    assert [body.closed for body in transport.bodies] == [1]


def test_the_session_is_asked_for_a_new_token_for_each_request():
    tokens = iter("abc")
    transport = Answering()
    session = session_of(transport, auth=HTTPBearerAuth(lambda: next(tokens)))
    session.get(URL)
    session.get(URL)
    assert transport.values() == [["Bearer a"], ["Bearer b"]]


# --- flows -------------------------------------------------------------------------------------


class Login(AuthBase):
    """Asks for a token once it is refused, as schemes with several steps do."""

    def __init__(self):
        self.token = None

    def auth_flow(self, request):
        if self.token is not None:
            request.headers["X-Token"] = self.token
        response = yield request
        if response.status_code == 401:
            login = h11client.Request("POST", "http://a.example/login", data=b"me").prepare()
            response = yield login
            self.token = response.text
            request.headers["X-Token"] = self.token
            yield request


def login_answer(method, target, told, body):
    if target == "/login":
        return 200, []
    return (200 if told else 401), []


def test_a_flow_sends_what_it_yields_and_its_last_response_is_the_answer():
    class Serving(Answering):
        def send(self, request, **options):
            known = request.headers.get("X-Token") == "answer" or "login" in request.url
            self.answer = lambda *_: (200 if known else 401, [])
            return super().send(request, **options)

    transport = Serving()
    session = session_of(transport, auth=Login())
    response = session.get(URL)
    assert response.status_code == 200
    assert [url for url, _ in transport.sent] == [URL, "http://a.example/login", URL]
    assert [(earlier.status_code, earlier.url) for earlier in response.history] == [
        (401, URL),
        (200, "http://a.example/login"),
    ]
    assert all(body.closed or not body.left for body in transport.bodies)
    assert session.get(URL).history == []
    assert len(transport.sent) == 4


def test_an_object_with_nothing_but_a_flow_is_a_scheme():
    class Flow:
        def auth_flow(self, request):
            request.headers["X-Flow"] = "yes"
            yield request

    transport = Answering()
    session_of(transport).get(URL, auth=Flow())
    assert transport.values("x-flow") == [["yes"]]


def test_a_flow_changes_nothing_of_the_callers():
    auth = HTTPDigestAuth("user", "secret")
    origin = DigestOrigin()
    session = session_of(Answering(origin.answer))
    request = h11client.Request("GET", URL, headers={"X-Own": "1"}, auth=auth).prepare()
    assert session.send(request).status_code == 200
    assert session.send(request).status_code == 200
    assert dict(request.headers) == {"X-Own": "1"}


class Elsewhere(AuthBase):
    """Asks two other origins before it asks for what was wanted, or instead."""

    def __init__(self, instead):
        self.instead = instead

    def auth_flow(self, request):
        if not self.instead:
            yield request
        yield h11client.Request("GET", "http://one.test/login").prepare()
        yield h11client.Request("GET", "http://two.test/login").prepare()
        if not self.instead:
            yield request


@pytest.mark.safety("C1")
@pytest.mark.parametrize("instead", [False, True])
def test_cookies_of_a_flow_belong_to_whom_each_request_went_to(instead):
    hosts = []

    class Naming(Answering):
        def send(self, request, **options):
            host = request.parsed_url.host
            hosts.append(host)
            self.answer = lambda *_: (200, [("Set-Cookie", f"of={host}-{len(hosts)}")])
            return super().send(request, **options)

    session = session_of(Naming())
    session.get(URL, auth=Elsewhere(instead))
    expected = {host: f"{host}-{number}" for number, host in enumerate(hosts, 1)}
    assert {cookie.domain: cookie.value for cookie in session.cookies} == expected
    assert len(expected) == (2 if instead else 3)


@pytest.mark.safety("R14")
def test_a_redirect_at_the_end_of_a_flow_leads_from_where_that_has_asked_last():
    def answer(method, target, told, body):
        return (302, [("Location", "next")]) if target == "/login" else (200, [])

    transport = Answering(answer)
    response = session_of(transport).get(URL, auth=Elsewhere(instead=True))
    assert response.url == "http://two.test/next"
    assert [url for url, _ in transport.sent] == [
        "http://one.test/login",
        "http://two.test/login",
        "http://two.test/next",
    ]


@pytest.mark.parametrize("yielded", [None, "http://a.example/", h11client.Request("GET", URL)])
@pytest.mark.parametrize("first", [False, True])
def test_a_flow_that_yields_anything_but_a_request_is_a_type_error(first, yielded):
    class Wrong:
        def auth_flow(self, request):
            if not first:
                yield request
            yield yielded

    transport = Answering()
    with pytest.raises(TypeError, match="prepared requests"):
        session_of(transport).get(URL, auth=Wrong())
    assert [body.closed for body in transport.bodies] == [] if first else [1]


def test_a_flow_that_sends_nothing_is_a_type_error():
    class Nothing:
        def auth_flow(self, request):
            yield from ()

    with pytest.raises(TypeError, match="nothing"):
        session_of(Answering()).get(URL, auth=Nothing())


@pytest.mark.safety("T3")
def test_a_scheme_that_authenticates_connections_gets_its_own():
    class Bound(AuthBase):
        connection_bound = True

        def __call__(self, request):
            return request

    bound = Bound()
    request = h11client.Request("GET", URL, auth=bound).prepare()
    assert request.private_to is bound
    assert h11client.Request("GET", URL, auth=("a", "b")).prepare().private_to is None


# --- Digest ------------------------------------------------------------------------------------


def test_digest_answers_within_one_call_and_before_the_question_from_then_on():
    origin = DigestOrigin(algorithm="SHA-256")
    transport = Answering(origin.answer)
    session = session_of(transport, auth=HTTPDigestAuth("user", "secret"))
    response = session.post(URL, data=b"body")
    assert (response.status_code, response.content) == (200, b"answer")
    (refused,) = response.history
    assert refused.status_code == 401
    assert "Authorization" not in refused.request.headers
    assert response.request.headers["Authorization"].startswith("Digest ")
    assert session.get(URL).history == []
    assert [told and told["nc"] for told in origin.asked] == [None, "00000001", "00000002"]
    assert transport.bodies[0].closed == 1


@pytest.mark.safety("2l3", "X19")
@pytest.mark.parametrize(("always", "requests"), [("wrong", 2), ("stale", 3)])
def test_a_server_that_is_never_content_ends_the_call_with_its_401(always, requests):
    transport = Answering(DigestOrigin(always=always).answer)
    session = session_of(transport, auth=HTTPDigestAuth("user", "secret"))
    response = session.get(URL)
    assert response.status_code == 401
    assert response.content == b"answer"
    assert len(transport.sent) == requests


@pytest.mark.safety("2l3")
def test_a_body_begins_again_where_it_did():
    received = []
    origin = DigestOrigin()

    def answer(method, target, told, body):
        received.append(body)
        return origin.answer(method, target, told, body)

    session = session_of(Answering(answer), auth=HTTPDigestAuth("user", "secret"))
    file = io.BytesIO(b"skipped body")
    file.seek(8)
    assert session.put(URL, data=file).status_code == 200
    assert received == [b"body", b"body"]


@pytest.mark.safety("2l3")
def test_a_body_that_cannot_begin_again_is_an_error_before_anything_more_is_sent():
    transport = Answering(DigestOrigin().answer)
    session = session_of(transport, auth=HTTPDigestAuth("user", "secret"))
    with pytest.raises(UnrewindableBodyError) as caught:
        session.put(URL, data=iter([b"body"]))
    assert caught.value.response.status_code == 401
    assert len(transport.sent) == 1
    assert transport.bodies[0].closed == 1
    # It is answered before the question now.
    assert session.put(URL, data=iter([b"body"])).status_code == 200


@pytest.mark.safety("A1", "R1")
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_another_origin_that_a_redirect_leads_to_is_not_answered(status):
    home, other = DigestOrigin(), DigestOrigin()

    def answer(method, target, told, body):
        if target == "/other":
            return other.answer(method, target, told, body)
        found, headers = home.answer(method, target, told, body)
        if found == 401:
            return found, headers
        return status, [("Location", "http://b.example/other")]

    transport = Answering(answer)
    session = session_of(transport, auth=HTTPDigestAuth("user", "secret"))
    response = session.get(URL)
    assert response.status_code == 401
    assert other.asked == [None]
    assert transport.values()[-1] == []


@pytest.mark.safety("A1")
def test_the_same_origin_that_a_redirect_leads_to_is_answered_with_the_next_count():
    origin = DigestOrigin()

    def answer(method, target, told, body):
        found, headers = origin.answer(method, target, told, body)
        return (302, [("Location", "/y")]) if found == 200 and target == "/x" else (found, headers)

    session = session_of(Answering(answer), auth=HTTPDigestAuth("user", "secret"))
    response = session.get(URL)
    assert response.status_code == 200
    assert [earlier.status_code for earlier in response.history] == [401, 302]
    assert [told and (told["uri"], told["nc"]) for told in origin.asked] == [
        None,
        ("/x", "00000001"),
        ("/y", "00000002"),
    ]


def test_cookies_of_the_401_are_sent_with_the_answer():
    origin = DigestOrigin()

    def answer(method, target, told, body):
        found, headers = origin.answer(method, target, told, body)
        return found, [*headers, ("Set-Cookie", f"last={found}")]

    transport = Answering(answer)
    session = session_of(transport, auth=HTTPDigestAuth("user", "secret"))
    session.get(URL)
    session.get(URL)
    assert transport.values("cookie") == [[], ["last=401"], ["last=200"]]


def test_one_scheme_serves_two_sessions_and_two_origins():
    auth = HTTPDigestAuth("user", "secret")
    origins = {"a.example": DigestOrigin(), "b.example": DigestOrigin()}
    for host, origin in origins.items():
        for _ in range(2):
            session = session_of(Answering(origin.answer))
            assert session.get(f"http://{host}/", auth=auth).status_code == 200
    for origin in origins.values():
        assert [told and told["nc"] for told in origin.asked] == [None, "00000001", "00000002"]


# --- what is never shown -----------------------------------------------------------------------


@pytest.mark.safety("R18")
@pytest.mark.parametrize(
    "auth",
    [
        ("user", "s3cret"),
        HTTPProxyAuth("user", "s3cret"),
        HTTPDigestAuth("user", "s3cret"),
        HTTPBearerAuth("s3cret"),
    ],
    ids=["pair", "proxy", "digest", "bearer"],
)
def test_no_secret_is_in_a_log_an_error_or_a_repr(auth, caplog):
    caplog.set_level(logging.DEBUG)

    def answer(method, target, told, body):
        if told is None and isinstance(auth, HTTPDigestAuth):
            return 401, [("WWW-Authenticate", "Digest realm=r, nonce=n, qop=auth")]
        return 302, [("Location", "http://user:s3cret@b.example:bad/")]

    session = session_of(Answering(answer), auth=auth)
    url = "http://user:s3cret@a.example/"
    with pytest.raises(h11client.RequestException) as caught:
        session.get(url)
    error = caught.value
    shown = [*traceback.format_exception(error), repr(error), repr(session), repr(error.request)]
    shown += [repr(error.request.headers), repr(error.response), str(error.request.url)]
    shown += [record.getMessage() for record in caplog.records]
    encoded = base64.b64encode(b"user:s3cret").decode()
    assert not [text for text in shown if "s3cret" in text or encoded in text]


# --- schemes that ask elsewhere ----------------------------------------------------------------

GIVEN = {"X-Api-Key": "k", "X-Team": "t", "Cookie": "hand=1", "Host": "me.test", "X-Other": "o"}


class Moving(AuthBase):
    """Asks at another URL, before, instead or with a copy of what it was given."""

    def __init__(self, url, how="changed"):
        self.url = url
        self.how = how

    def auth_flow(self, request):
        if self.how == "copied":
            moved = request.copy()
            moved.url = self.url
            yield moved
        elif self.how == "and back":
            home, request.url = request.url, self.url
            yield request
            request.url = home
            yield request
        else:
            if self.how == "later":
                yield request
            request.url = self.url
            request.headers["Authorization"] = "Mine"
            yield request

    def __call__(self, request):
        return request


def moving(url):
    def move(request):
        request.url = url
        request.headers["Authorization"] = "Mine"
        return request

    return move


@pytest.mark.safety("R2", "R7")
@pytest.mark.parametrize("how", ["changed", "later", "copied", "and back", "callable"])
@pytest.mark.parametrize("elsewhere", [True, False])
def test_a_scheme_that_asks_elsewhere_takes_nothing_of_the_calls_along(how, elsewhere):
    url = "http://b.example/y" if elsewhere else "http://a.example/y"
    auth = moving(url) if how == "callable" else Moving(url, how)
    transport = Answering()
    session = session_of(transport, auth=auth, sensitive_headers=["X-Api-Key", "x-team"])
    session.cookies.set("jar-a", "1", domain="a.example")
    session.cookies.set("jar-b", "1", domain="b.example")
    session.cookies.set("everywhere", "1")
    session.get(URL, headers=GIVEN)
    session.get(URL, cookies={"call": "1"})
    by_hand, of_call = [dict(pairs) for sent, pairs in transport.sent if sent == url]
    names = ("x-api-key", "x-team", "x-other", "host", "cookie")
    if elsewhere:
        assert [by_hand.get(name) for name in names] == [None, None, "o", "b.example", "jar-b=1"]
        assert of_call["cookie"] == "jar-b=1"
    else:
        assert [by_hand.get(name) for name in names] == ["k", "t", "o", "me.test", "hand=1"]
        assert of_call["cookie"] == "jar-a=1; everywhere=1; call=1"
    if how in ("changed", "later", "callable"):
        assert by_hand["authorization"] == "Mine"  # as the scheme says
    at_home = [dict(pairs) for sent, pairs in transport.sent if sent == URL]
    if how in ("later", "and back"):
        assert [at_home[0].get(name) for name in names] == ["k", "t", "o", "me.test", "hand=1"]
        assert at_home[1]["cookie"] == "jar-a=1; everywhere=1; call=1"
    else:
        assert at_home == []


@pytest.mark.safety("R2", "R7")
def test_a_scheme_that_moves_what_a_redirect_has_led_to_takes_nothing_along():
    def move(request):
        if request.path_url == "/z":
            request.url = "http://b.example/y"
        return request

    def answer(method, target, told, body):
        return (302, [("Location", "/z")]) if target == "/x" else (200, [])

    transport = Answering(answer)
    session = session_of(transport, auth=move)
    session.get(URL, headers={"X-Api-Key": "k", "X-Other": "o"}, cookies={"call": "1"})
    (_, first), (url, last) = transport.sent
    assert url == "http://b.example/y"
    found = [
        [dict(pairs).get(name) for name in ("x-api-key", "x-other", "cookie")]
        for pairs in (first, last)
    ]
    assert found == [["k", "o", "call=1"], [None, "o", None]]
