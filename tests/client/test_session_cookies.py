"""Cookies as a session stores and sends them: per hop, per call, and never to somebody else."""

from __future__ import annotations

import copy
import logging
import pickle
import threading
from http.cookiejar import CookieJar, DefaultCookiePolicy, MozillaCookieJar

import pytest

import h11client
from h11client._engine import h11
from h11client._limits import Limits
from h11client._messages.response import Response
from h11client._transport.pool import Pool
from h11client.cookies import (
    RequestsCookieJar,
    cookiejar_from_dict,
    extract_cookies_to_jar,
    load_cookies,
    save_cookies,
)
from h11client.exceptions import InvalidHeader
from h11client.testing import ScriptedNetwork
from tests.client.bodies import FakeBody

A, B = "http://a.test/", "http://b.test/"
HELLO = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


class Origins:
    """A transport that answers each URL from a table, and keeps the Cookie lines it was sent."""

    takes_deadline = True

    def __init__(self, answers=None):
        self.answers = answers or {}
        self.sent = []

    def send(self, request, **options):
        fields = request.wire_head()[2]
        lines = [value.decode("latin-1") for value in fields.values_of(b"cookie")]
        self.sent.append((request.url, lines))
        status, headers = self.answers.get(request.url, (200, []))
        head = h11.Response(status_code=status, reason=b"", headers=headers)
        return Response(request=request, head=head, body=FakeBody())

    def close(self):
        pass

    @property
    def lines(self):
        """The Cookie line of each request, None for none; never more than one."""
        assert all(len(lines) <= 1 for _, lines in self.sent)
        return [lines[0] if lines else None for _, lines in self.sent]


def to(location, *cookies, status=302):
    return status, [("Location", location), *[("Set-Cookie", cookie) for cookie in cookies]]


def setting(*cookies, status=200):
    return status, [("Set-Cookie", cookie) for cookie in cookies]


def session_of(answers=None, **options):
    transport = Origins(answers)
    return h11client.Session(transport=transport, trust_env=False, **options), transport


def scripted(*dials, **options):
    network = ScriptedNetwork(*dials)
    pool = Pool(network=network, clock=network.clock)
    return h11client.Session(transport=pool, trust_env=False, **options), network


# --- storing -------------------------------------------------------------------------------


@pytest.mark.safety("2k5")
@pytest.mark.parametrize("status", [200, 204, 302, 304, 401, 403, 404, 500, 503, 799])
def test_every_final_response_may_set_cookies(status):
    session, transport = session_of({A: setting("a=1", status=status)})
    response = session.get(A, allow_redirects=False)
    session.get(A)
    assert transport.lines == [None, "a=1"]
    assert response.cookies.get_dict() == {"a": "1"}


@pytest.mark.safety("2k5")
def test_responses_that_only_inform_set_none():
    early = b"HTTP/1.1 103 Early Hints\r\nSet-Cookie: early=1\r\n\r\n"
    final = b"HTTP/1.1 200 OK\r\nSet-Cookie: final=1\r\nContent-Length: 0\r\n\r\n"
    session, _ = scripted([early + final])
    response = session.get(A)
    assert session.cookies.get_dict() == response.cookies.get_dict() == {"final": "1"}
    session.close()


@pytest.mark.safety("2k5")
def test_the_answer_to_an_upgrade_sets_none():
    switching = (
        b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\nSet-Cookie: a=1\r\n\r\n"
    )
    session, _ = scripted([switching])
    with session.get(A, headers={"Upgrade": "x"}, stream=True) as response:
        assert response.status_code == 101
        assert not session.cookies
    session.close()


@pytest.mark.safety("2h4", "2k5")
def test_what_a_proxy_says_for_itself_sets_none():
    refused = b"HTTP/1.1 403 No\r\nSet-Cookie: a=1\r\nContent-Length: 0\r\n\r\n"
    session, _ = scripted([refused])
    with pytest.raises(h11client.exceptions.ProxyError):
        session.get("https://a.test/", proxies={"https": "http://proxy.test:3128"})
    assert not session.cookies
    session.close()


@pytest.mark.safety("2k5", "2h4")
def test_a_407_of_a_proxy_that_forwards_sets_none():
    refused = b"HTTP/1.1 407 No\r\nSet-Cookie: a=1\r\nContent-Length: 0\r\n\r\n"
    session, _ = scripted([refused])
    response = session.get(A, proxies={"http": "http://proxy.test:3128"})
    assert response.status_code == 407
    assert not session.cookies
    session.close()


@pytest.mark.safety("2k5", "F15")
def test_fields_behind_a_body_set_none():
    chunked = (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: Set-Cookie\r\n\r\n"
        b"0\r\nSet-Cookie: a=1\r\n\r\n"
    )
    session, _ = scripted([chunked])
    session.get(A)
    assert not session.cookies
    session.close()


def test_several_fields_and_odd_ones_in_one_response():
    session, transport = session_of(
        {A: setting("a=1", "bad\x7f=1", "c=1; Domain=b.test", "d=x,y", "a=2")}
    )
    session.get(A)
    session.get(A)
    assert transport.lines[1] == "a=2; d=x,y"


def test_a_streamed_response_sets_them_before_it_is_read():
    session, transport = session_of({A: setting("a=1")})
    with session.get(A, stream=True):
        session.get(A)
    assert transport.lines == [None, "a=1"]


def test_what_a_response_sets_is_seen_on_it_alone():
    session, _ = session_of({A: setting("a=1"), f"{A}2": setting("b=2", "a=; Max-Age=0")})
    session.cookies["mine"] = "0"
    assert session.get(A).cookies.get_dict() == {"a": "1"}
    assert session.get(f"{A}2").cookies.get_dict() == {"b": "2"}
    assert session.cookies.get_dict() == {"mine": "0", "b": "2"}


# --- redirects -----------------------------------------------------------------------------


@pytest.mark.safety("C1")
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_cookie_belongs_to_the_hop_that_set_it(status):
    session, transport = session_of(
        {A: to(B, "a=1", status=status), B: to(f"{A}2", "b=1", "bad=1; Domain=a.test")}
    )
    response = session.get(A)
    assert transport.lines == [None, None, "a=1"]
    assert [hop.cookies.get_dict() for hop in [*response.history, response]] == [
        {"a": "1"},
        {"b": "1"},
        {},
    ]
    assert {
        (cookie.name, cookie.domain, cookie.domain_specified) for cookie in session.cookies
    } == {
        ("a", "a.test", False),
        ("b", "b.test", False),
    }


@pytest.mark.safety("R2", "2f4")
def test_the_jar_is_asked_again_for_every_hop():
    session, transport = session_of(
        {
            f"{A}login": to(f"{A}app/", "sid=1; Path=/app", "step=1; Path=/"),
            f"{A}app/": to(f"{A}app/home", "step=2; Path=/", "sid=; Path=/app; Max-Age=0"),
        }
    )
    session.get(f"{A}login")
    assert transport.lines == [None, "sid=1; step=1", "step=2"]


@pytest.mark.safety("R2")
@pytest.mark.parametrize(
    "options",
    [
        {"headers": {"Cookie": "own=1"}},
        {"headers": {"COOKIE": "own=1"}},
        {"cookies": {"own": "1"}},
        {"cookies": cookiejar_from_dict({"own": "1"})},
        {"cookies": cookiejar_from_dict({"own": "1"}, CookieJar())},
    ],
    ids=["header", "HEADER", "mapping", "jar", "standard jar"],
)
def test_cookies_of_the_call_stay_with_its_origin_and_come_back_no_more(options):
    session, transport = session_of({A: to(f"{A}2"), f"{A}2": to(B), B: to(f"{A}3")})
    session.cookies.set("b", "2", domain="b.test")
    session.cookies.set("a", "3", domain="a.test")
    session.get(A, **options)
    by_hand = "headers" in options
    first = "own=1" if by_hand else "a=3; own=1"
    assert transport.lines == [first, first, "b=2", "a=3"]


@pytest.mark.safety("R2")
def test_a_cookie_header_of_the_session_stays_with_the_origin_of_the_call():
    session, transport = session_of({A: to(B)}, headers={"Cookie": "own=1"})
    session.get(A)
    assert transport.lines == ["own=1", None]


@pytest.mark.safety("R2")
def test_a_cookie_for_every_host_is_not_taken_to_another_origin():
    session, transport = session_of({A: to(B), B: to("http://a.test/3")})
    session.cookies["everywhere"] = "1"
    session.get(A)
    session.get(B)
    assert transport.lines[:3] == ["everywhere=1", None, None]
    assert transport.lines[3] == "everywhere=1"  # the caller has asked this one


@pytest.mark.safety("R2", "R4")
@pytest.mark.parametrize(
    ("origin", "location", "follows"),
    [
        (A, "http://A.test:80/2", True),
        (A, "http://a.test./2", True),
        (A, "https://a.test/2", True),
        (A, "http://a.test:81/2", False),
        (A, "http://www.a.test/2", False),
        ("https://a.test/", "http://a.test/2", False),
        ("http://a.test:81/", "https://a.test/2", False),
    ],
)
def test_what_the_same_origin_is(origin, location, follows):
    session, transport = session_of({origin: to(location)})
    session.get(origin, cookies={"own": "1"})
    assert transport.lines == ["own=1", "own=1" if follows else None]


@pytest.mark.safety("C7", "2k4")
def test_a_secure_cookie_is_not_sent_when_a_redirect_leads_to_http():
    session, transport = session_of(
        {"https://a.test/": to("http://a.test/2", "s=1; Secure; Path=/", "p=1; Path=/")}
    )
    session.get("https://a.test/")
    session.get("https://a.test/3")
    assert transport.lines == [None, "p=1", "s=1; p=1"]


# --- one call ------------------------------------------------------------------------------


def test_cookies_of_a_call_are_sent_with_those_of_the_session_and_not_kept():
    session, transport = session_of({A: setting("fromserver=1")})
    session.cookies.set("s", "1", domain="a.test")
    session.get(A, cookies={"c": "2", "s": "over"})
    session.get(A)
    assert transport.lines == ["c=2; s=over", "s=1; fromserver=1"]
    assert session.cookies.get_dict() == {"s": "1", "fromserver": "1"}


def test_a_hand_set_header_goes_instead_of_the_jars():
    session, transport = session_of()
    session.cookies["s"] = "1"
    session.get(A, headers={"cookie": "own=1"}, cookies={"c": "2"})
    session.get(A, headers={"Cookie": None})
    session.get(A)
    assert transport.lines == ["own=1", "s=1", "s=1"]


@pytest.mark.safety("P5")
def test_cookies_follow_the_url_and_not_the_host_header():
    session, transport = session_of({A: setting("a=1")})
    session.get(A, headers={"Host": "b.test"})
    session.get(B)
    session.get(B, headers={"Host": "a.test"})
    session.get(A, headers={"Host": "b.test"})
    assert transport.lines == [None, None, None, "a=1"]


@pytest.mark.safety("C5", "I5")
@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\nb", "a;b", "a,b", "a\x00"])
def test_what_cannot_be_sent_is_refused_before_anything_is(value):
    session, transport = session_of()
    with pytest.raises(InvalidHeader) as caught:
        session.get(A, cookies={"a": value})
    assert value not in str(caught.value)
    # A jar of another class may hold anything: then the check of header fields is the last one.
    jar = CookieJar()
    cookie = h11client.cookies.create_cookie("a", "1")
    cookie.value = "a\r\nX-Evil: 1"
    jar.set_cookie(cookie)
    with pytest.raises(InvalidHeader):
        session.get(A, cookies=jar)
    assert transport.sent == []


@pytest.mark.parametrize("cookies", ["a=1", [("a", "1")], 5])
def test_what_is_neither_mapping_nor_jar_is_a_type_error(cookies):
    session, transport = session_of()
    with pytest.raises(TypeError):
        session.get(A, cookies=cookies)
    assert transport.sent == []


def test_a_prepared_request_has_its_cookies_and_can_be_given_others():
    session, transport = session_of()
    session.cookies["s"] = "1"
    prepared = session.prepare_request(h11client.Request("GET", A, cookies={"c": "2"}))
    assert prepared.headers["Cookie"] == "s=1; c=2"
    assert prepared._cookies.get_dict() == {"s": "1", "c": "2"}
    prepared.prepare_cookies({"d": "3"})
    session.send(prepared)
    assert transport.lines == ["s=1; d=3"]
    alone = h11client.Request("GET", A, cookies={"c": "2"}).prepare()
    assert alone.headers["Cookie"] == "c=2"


@pytest.mark.safety("R6")
def test_what_the_caller_gave_is_not_changed():
    session, _ = session_of({A: to(B, "a=1"), B: setting("b=1")})
    given = {"c": "1"}
    jar = cookiejar_from_dict({"d": "1"})
    session.get(A, cookies=given)
    session.get(A, cookies=jar)
    assert given == {"c": "1"}
    assert jar.get_dict() == {"d": "1"}


def test_a_trace_carries_no_cookies():
    session, transport = session_of()
    session.cookies["s"] = "1"
    session.request("TRACE", A)
    assert transport.lines == [None]


# --- the jar of a session ------------------------------------------------------------------


def test_a_session_has_a_jar_of_its_own_that_can_be_replaced():
    session, transport = session_of({A: setting("a=1")})
    assert isinstance(session.cookies, RequestsCookieJar)
    session.cookies = {"m": "1"}
    assert isinstance(session.cookies, RequestsCookieJar)
    session.get(A)
    jar = RequestsCookieJar()
    session.cookies = jar
    assert session.cookies is jar
    session.get(A)
    session.get(A)
    session.cookies.clear()
    session.get(A)
    assert transport.lines == ["m=1", None, "a=1", None]


def test_a_jar_of_the_standard_library_keeps_its_own_policy():
    session, transport = session_of({A: setting("a=1"), B: setting("b=1")})
    jar = CookieJar(DefaultCookiePolicy(blocked_domains=["b.test"]))
    session.cookies = jar
    for url in (A, B, A, B):
        session.get(url)
    assert session.cookies is jar
    assert transport.lines == [None, None, "a=1", None]
    assert [cookie.name for cookie in jar] == ["a"]


def test_a_policy_that_takes_none_turns_cookies_off():
    session, transport = session_of({A: setting("a=1")})
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.get(A)
    session.get(A)
    assert transport.lines == [None, None]


def test_cookies_of_a_file_are_sent_and_saved_again(tmp_path):
    path = tmp_path / "cookies.txt"
    session, _ = session_of({A: setting("a=1; Max-Age=5000", "s=1")})
    session.get(A)
    save_cookies(session.cookies, path)
    session, transport = session_of({A: setting("b=1; Max-Age=5000")})
    session.cookies = load_cookies(path)
    session.get(A)
    session, transport = session_of({A: setting("b=1; Max-Age=5000")})
    session.cookies = MozillaCookieJar(str(path))
    session.cookies.load()
    session.get(A)
    assert transport.lines == ["a=1"]
    session.cookies.save()
    assert load_cookies(path).get_dict() == {"a": "1", "b": "1"}


def test_a_pickled_session_has_its_cookies():
    session = h11client.Session(trust_env=False)
    session.cookies.set("mine", "1", domain="a.test")
    session.cookies.store(h11client._messages.url.parse_url(A), ["a=1; Path=/x"])
    for restored in (pickle.loads(pickle.dumps(session)), copy.deepcopy(session)):
        assert restored.cookies.get_dict() == {"mine": "1", "a": "1"}
        assert restored.cookies is not session.cookies
        restored.cookies["new"] = "1"
    assert "new" not in session.cookies
    session.close()


@pytest.mark.parametrize("host", ["a.test", "localhost", "A.test:8080", "a/b\xfc"])
def test_cookies_work_for_transports_of_other_schemes(host):
    class Mock:
        sent = []

        def send(self, request, **options):
            self.sent.append(request.headers.get("Cookie"))
            response = Response()
            response.status_code, response.url, response.request = 200, request.url, request
            response.headers = {"Set-Cookie": "b=1; Path=/"}
            return response

        def close(self):
            pass

    session = h11client.Session(trust_env=False)
    session.mount("mock://", Mock())
    session.cookies["a"] = "1"
    for _ in range(2):
        assert session.get(f"mock://{host}/x").cookies.get_dict() == {"b": "1"}
    assert Mock.sent == ["a=1", "a=1; b=1"]
    session.cookies = CookieJar()
    session.get(f"mock://{host}/x")
    session.close()


def test_threads_share_the_jar():
    session, _ = session_of({A: setting("a=1")})
    failures = []

    def work(own):
        try:
            for turn in range(40):
                session.get(A, cookies={f"t{own}": str(turn)})
                session.cookies.set(f"own{own}", str(turn))
                list(session.cookies)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(own,)) for own in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert sorted(session.cookies.keys()) == ["a", "own0", "own1", "own2", "own3"]


# --- too much ------------------------------------------------------------------------------


@pytest.mark.safety("M22", "C4", "X18")
def test_a_cookie_bomb_leaves_a_line_that_servers_take(caplog):
    bombs = [b"Set-Cookie: b%d=%s; Path=/\r\n" % (n, b"x" * 4000) for n in range(90)]
    answers = [
        b"HTTP/1.1 200 OK\r\nSet-Cookie: id=me; Path=/\r\nContent-Length: 0\r\n\r\n",
        *[
            b"HTTP/1.1 200 OK\r\n%sContent-Length: 0\r\n\r\n" % b"".join(part)
            for part in (bombs[start : start + 15] for start in range(0, 90, 15))
        ],
        HELLO,
    ]
    session, network = scripted(answers)
    with caplog.at_level(logging.DEBUG, "h11client"):
        for _ in answers:
            assert session.get(A).ok
    session.close()
    sent = network.streams[0].written.split(b"\r\n")
    lines = [line for line in sent if line.startswith(b"Cookie:")]
    assert len(lines) == 7  # all but the first
    assert max(len(line) for line in lines) <= 8190
    assert lines[1].startswith(b"Cookie: id=me; b0=xxx")
    told = [record.getMessage() for record in caplog.records if "ookie" in record.getMessage()]
    assert [text.partition(":")[0] for text in told] == ["Cookie for a.test is full"] * 6
    assert not any("xxx" in text for text in told)


@pytest.mark.safety("C4")
def test_the_limits_of_a_session_are_those_of_its_jar():
    session = h11client.Session(limits=Limits(cookies_per_domain=2, cookie=10, cookie_line=20))
    url = h11client._messages.url.parse_url(A)
    session.cookies.store(url, ["a=1", "b=1", "c=1", "d=" + "x" * 10])
    assert session.cookies.keys() == ["b", "c"]
    session.limits = Limits(cookies_per_domain=3)
    session.cookies.store(url, ["d=1", "e=1"])
    assert session.cookies.keys() == ["c", "d", "e"]
    session.close()


@pytest.mark.safety("R18")
def test_no_value_is_in_any_repr_or_log_line(caplog):
    with caplog.at_level(logging.DEBUG, "h11client"):
        session, _ = session_of({A: to(B, "a=hush; Path=/"), B: setting("b=hush; Domain=c.test")})
        session.cookies["mine"] = "hush"
        response = session.get(A, cookies={"own": "hush"})
        first = response.history[0]
        shown = [session, session.cookies, response, response.cookies, first, first.request]
        shown += [first.headers, first.request.headers, first.request._cookies]
        text = " ".join(map(repr, shown)) + " ".join(map(str, shown[:6]))
    assert "hush" not in text
    assert "hush" not in caplog.text


def answer_as_programs_for_requests_do(response, **options):
    """What third-party classes for auth do with a 401: once more, with the cookies it has set."""
    if response.status_code != 401:
        return response
    response.content  # noqa: B018  # reading it is its effect
    response.close()
    again = response.request.copy()
    extract_cookies_to_jar(again._cookies, response.request, response.raw)
    again.prepare_cookies(again._cookies)
    again.headers["Authorization"] = "Scheme token"
    answer = response.connection.send(again, **options)
    answer.history.append(response)
    answer.request = again
    return answer


@pytest.mark.parametrize("known", [{}, {"known": "1"}], ids=["first cookies", "more cookies"])
def test_a_hook_that_answers_a_401_sends_its_cookies(known):
    refusal = b"HTTP/1.1 401 No\r\nSet-Cookie: session=1; Path=/\r\nContent-Length: 0\r\n\r\n"
    session, network = scripted([refusal, HELLO, HELLO])
    if known:
        session.cookies.update(known)
    session.get(A, hooks={"response": answer_as_programs_for_requests_do})
    session.get(A)
    session.close()
    heads = network.streams[0].written.decode().split("\r\n\r\n")[:-1]
    lines = [[line for line in head.split("\r\n") if line.startswith("Cookie:")] for head in heads]
    first = ["Cookie: known=1"] if known else []
    assert lines[0] == first
    assert [sorted(line[0][8:].split("; ")) for line in lines[1:]] == [
        sorted([*(line[8:] for line in first), "session=1"])
    ] * 2
