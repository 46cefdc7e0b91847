"""What a session is told once: as a keyword, as an attribute, in a pickle; and what goes before."""

from __future__ import annotations

import http.cookiejar
import inspect
import itertools
import os
import pickle
import threading

import pytest

import h11client
from h11client import Request, Retry, Session, exceptions
from h11client.auth import HTTPBasicAuth, HTTPBearerAuth
from h11client.cookies import RequestsCookieJar
from h11client.testing import MockTransport

URL = "http://a.test/"


@pytest.fixture(autouse=True)
def silent_environment(monkeypatch):
    for name in list(os.environ):
        if name.lower().endswith(("_proxy", "_ca_bundle", "ssl_cert_file", "ssl_cert_dir")):
            monkeypatch.delenv(name)


def session_of(answer=200, **options):
    transport = MockTransport(lambda request: answer)
    options.setdefault("trust_env", False)
    return Session(transport=transport, **options), transport


# Every setting with a value that is not its default, and what the attribute then is.
GIVEN = {
    "auth": (("u", "p"), ("u", "p")),
    "params": ({"a": "b"}, {"a": "b"}),
    "verify": (False, False),
    "cert": ("c.pem", "c.pem"),
    "proxies": ({"http": "http://p:1"}, {"http": "http://p:1"}),
    "stream": (True, True),
    "trust_env": (False, False),
    "max_redirects": (3, 3),
    "sensitive_headers": (["X-Mine"], frozenset(["x-mine"])),
    "timeout": (3, 3),
    "retries": (Retry(2), Retry(2)),
    "base_url": ("http://A.test/v1", "http://A.test/v1"),
    "max_response_size": (7, 7),
    "on_event": (print, print),
    "limits": (h11client.Limits(max_idle=3), h11client.Limits(max_idle=3)),
    "server_hostname": ("b.test", "b.test"),
    "require_close_notify": (False, False),
    "hosts": ({"a.test": "127.0.0.1"}, {"a.test": ("127.0.0.1",)}),
}
SET_APART = {"headers", "cookies", "hooks", "transport", "resolver", "uds", "source_address"}
SET_APART |= {"socket_options"}  # `test_dial_options` has these four


@pytest.mark.parametrize("name", GIVEN)
def test_every_setting_is_a_keyword_an_attribute_and_travels(name):
    value, shown = GIVEN[name]
    by_keyword = Session(**{name: value})
    assigned = Session()
    default = getattr(assigned, name)
    assert default != shown
    setattr(assigned, name, value)
    assert getattr(by_keyword, name) == getattr(assigned, name) == shown
    assert getattr(pickle.loads(pickle.dumps(by_keyword)), name) == shown


def test_the_table_has_every_setting():
    settings = set(inspect.signature(Session).parameters)
    assert settings == set(GIVEN) | SET_APART


@pytest.mark.parametrize(
    ("name", "wrong", "error"),
    [
        ("max_redirects", -1, ValueError),
        ("max_redirects", None, TypeError),
        ("max_redirects", True, TypeError),
        ("sensitive_headers", "X-Mine", TypeError),
        ("retries", "3", TypeError),
        ("retries", -1, ValueError),
        ("base_url", "a.test", exceptions.MissingSchema),
        ("trust_env", "proxies", TypeError),
        ("trust_env", ["weather"], ValueError),
        ("cookies", 3, Exception),
    ],
)
def test_a_wrong_setting_is_noticed_when_it_is_made(name, wrong, error):
    with pytest.raises(error):
        Session(**{name: wrong})
    session = Session()
    with pytest.raises(error):
        setattr(session, name, wrong)


# --- cookies ---------------------------------------------------------------------------------


def test_the_jar_is_made_when_it_is_needed_and_is_one_for_all_threads():
    session = Session()
    assert session._jar_ is None
    found = []
    barrier = threading.Barrier(8)

    def look():
        barrier.wait()
        found.append(session.cookies)

    threads = [threading.Thread(target=look) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {id(jar) for jar in found} == {id(session.cookies)}


def test_cookies_may_be_a_mapping_or_any_jar():
    assert Session(cookies={"a": "b"}).cookies.get_dict() == {"a": "b"}
    for jar in (RequestsCookieJar(), http.cookiejar.MozillaCookieJar()):
        session = Session()
        session.cookies = jar
        assert session.cookies is jar
    session.cookies = None
    assert isinstance(session.cookies, RequestsCookieJar)


def test_cookies_travel():
    session = Session(cookies={"a": "b"})
    assert pickle.loads(pickle.dumps(session)).cookies.get_dict() == {"a": "b"}


# --- what may be assigned as in requests -------------------------------------------------------


def test_headers_of_session_and_call_are_merged_as_in_requests():
    session, transport = session_of(headers={"A": "1", "B": "2"})
    session.headers.update({"C": "3"})
    session.headers["B"] = None  # as requests does with None, it is not sent
    session.get(URL, headers={"a": "own", "c": None, "D": "4"})
    sent = transport.requests[0].headers
    assert {name: sent.get(name) for name in "ABCD"} == {"A": "own", "B": None, "C": None, "D": "4"}


@pytest.mark.parametrize(
    ("params", "query"),
    [
        ({"a": ["1", "2"], "b": None}, "a=1&a=2"),
        ([("a", "1"), ("a", "2")], "a=1&a=2"),
        ("raw=1", "raw=1"),
        (b"raw=1", "raw=1"),
        ({"a": "x y&ü"}, "a=x+y%26%C3%BC"),
    ],
)
def test_params_of_all_forms(params, query):
    session, transport = session_of()
    session.get(URL + "?x=y#top", params=params)
    assert transport.requests[0].path_url == f"/?x=y&{query}"
    assert transport.requests[0].url.endswith("#top")


def test_arguments_have_the_order_of_requests():
    names = list(inspect.signature(Session.request).parameters)[1:17]
    assert names == [
        *("method", "url", "params", "data", "headers", "cookies", "files", "auth", "timeout"),
        *("allow_redirects", "proxies", "hooks", "stream", "verify", "cert", "json"),
    ]


# --- base_url --------------------------------------------------------------------------------


@pytest.mark.safety("R13")
@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("users", "http://a.test/v1/users"),
        ("/users?a=b", "http://a.test/v1/users?a=b"),
        ("", "http://a.test/v1"),
        ("http://a.test/else", "http://a.test/else"),
        ("//b.test/", None),
        ("http://b.test/", None),
        ("https://a.test/", None),
    ],
)
def test_paths_go_behind_the_base(url, expected):
    session, transport = session_of(base_url="http://a.test/v1")
    calls = [
        lambda: session.get(url),
        lambda: session.send(session.prepare_request(Request("GET", url))),
    ]
    for call in calls:
        if expected is None:
            with pytest.raises(exceptions.InvalidURL):
                call()
        else:
            assert call().url == expected
    assert len(transport.requests) == (2 if expected else 0)


# --- who asks --------------------------------------------------------------------------------

BASIC = {name: HTTPBasicAuth(name, "x").credentials() for name in ("call", "url", "ours", "netrc")}
SOURCES = ["header", "auth", "url", "session header", "session", "netrc"]


@pytest.fixture
def netrc(tmp_path, monkeypatch):
    path = tmp_path / "netrc"
    path.write_text("machine a.test login netrc password x\n")
    path.chmod(0o600)
    monkeypatch.setenv("NETRC", str(path))


def authorization(present):
    """What is sent when exactly these sources say something."""
    session, transport = session_of(trust_env=["netrc"] if "netrc" in present else False)
    url, call = URL, {}
    if "header" in present:
        call["headers"] = {"authorization": "by header"}
    if "auth" in present:
        call["auth"] = ("call", "x")
    if "url" in present:
        url = "http://url:x@a.test/"
    if "session header" in present:
        session.headers["Authorization"] = "by session header"
    if "session" in present:
        session.auth = ("ours", "x")
    session.get(url, **call)
    return transport.requests[0].headers.get("Authorization")


@pytest.mark.parametrize("present", list(itertools.combinations(SOURCES, 2)), ids=" or ".join)
def test_of_two_who_say_who_asks_the_nearer_wins(present, netrc):
    first = min(present, key=SOURCES.index)
    expected = {
        "header": "by header",
        "auth": BASIC["call"],
        "url": BASIC["url"],
        "session header": "by session header",
        "session": BASIC["ours"],
    }
    assert authorization(present) == expected[first]


@pytest.mark.parametrize("source", SOURCES)
def test_each_who_says_who_asks_is_heard(source, netrc):
    assert authorization([source]) is not None
    assert authorization([]) is None


def test_who_asks_is_said_to_prepared_requests_too(netrc):
    session, _ = session_of(trust_env=True)
    prepared = session.prepare_request(Request("GET", URL))
    assert prepared.headers["Authorization"] == BASIC["netrc"]
    prepared = session.prepare_request(Request("GET", URL, auth=HTTPBearerAuth("t")))
    assert prepared.headers["Authorization"] == "Bearer t"


def test_the_user_name_of_a_url_finds_its_password_in_netrc(netrc):
    session, transport = session_of(trust_env=True)
    session.get("http://netrc@a.test/")
    session.get("http://other@a.test/")
    found = [request.headers["Authorization"] for request in transport.requests]
    assert found == [BASIC["netrc"], HTTPBasicAuth("other", "").credentials()]


# --- the environment -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("trust_env", "expected"),
    [
        (True, {"proxies", "netrc", "certificates", "keylog"}),
        (False, set()),
        (["proxies"], {"proxies"}),
        ({"netrc", "certificates"}, {"netrc", "certificates"}),
        (frozenset(["keylog"]), {"keylog"}),
    ],
)
def test_the_environment_counts_as_far_as_it_is_trusted(trust_env, expected, netrc, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.test:1")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "ca.pem")
    session, transport = session_of(trust_env=trust_env)
    session.get("https://a.test/")
    told = transport.options[0]
    found = {
        "proxies": bool(told["proxies"]),
        "netrc": "Authorization" in transport.requests[0].headers,
        "certificates": told["verify"] == "ca.pem",
        "keylog": Session(trust_env=trust_env)._transport_.log_keys,
    }
    assert {name for name, counts in found.items() if counts} == expected


@pytest.mark.parametrize("call", [None, True, False, "call.pem"])
@pytest.mark.parametrize("ours", [True, False, "ours.pem"])
@pytest.mark.parametrize("environment", [None, "env.pem"])
def test_what_is_trusted_is_said_by_the_call_then_the_session_then_the_environment(
    call, ours, environment, monkeypatch
):
    if environment is not None:
        monkeypatch.setenv("CURL_CA_BUNDLE", environment)
    session, transport = session_of(trust_env=True, verify=ours)
    said = ours if call is None else call
    expected = environment if said is True and environment else said
    session.get("https://a.test/", verify=call)
    assert transport.options[0]["verify"] == expected
    settings = session.merge_environment_settings("https://a.test/", {}, None, call, None)
    assert settings["verify"] == expected


@pytest.mark.parametrize("present", list(itertools.product([False, True], repeat=3)))
def test_the_proxy_is_said_by_the_call_then_the_session_then_the_environment(present, monkeypatch):
    call, ours, environment = present
    session, transport = session_of(trust_env=True)
    if environment:
        monkeypatch.setenv("http_proxy", "http://environment:1")
    if ours:
        session.proxies["http"] = "http://session:1"
    own = {"http": "http://call:1"} if call else None
    settings = session.merge_environment_settings(URL, own or {}, None, None, None)
    request = Request("GET", URL).prepare()
    session.get(URL, proxies=own)
    session.send(request, **settings)
    expected = "call" if call else "session" if ours else "environment" if environment else None
    for told in transport.options:
        chosen = (told["proxies"] or {}).get("http")
        assert (chosen and chosen.host) == expected


@pytest.mark.parametrize(
    ("no_proxy", "ours", "expected"),
    [
        ("", {}, "environment"),
        ("b.test", {}, "environment"),
        ("a.test", {}, None),
        ("a.test", {"http": "http://session:1"}, "session"),
        ("*", {"http": "http://session:1"}, "session"),
    ],
)
def test_no_proxy_of_the_environment_is_an_exception_from_its_own_proxies(
    no_proxy, ours, expected, monkeypatch
):
    monkeypatch.setenv("http_proxy", "http://environment:1")
    monkeypatch.setenv("no_proxy", no_proxy)
    session, transport = session_of(trust_env=True, proxies=ours)
    settings = session.merge_environment_settings(URL, {}, None, None, None)
    session.get(URL)
    session.send(Request("GET", URL).prepare(), **settings)
    for told in transport.options:
        chosen = (told["proxies"] or {}).get("http")
        assert (chosen and chosen.host) == expected


def test_settings_for_a_prepared_request_are_those_of_a_call(monkeypatch):
    session, transport = session_of(stream=True, cert="c.pem")
    settings = session.merge_environment_settings(URL, {}, None, None, None)
    assert settings == {"proxies": {}, "stream": True, "verify": True, "cert": "c.pem"}
    settings = session.merge_environment_settings(URL, None, False, False, "own.pem")
    assert settings == {"proxies": {}, "stream": False, "verify": False, "cert": "own.pem"}
    session.send(Request("GET", URL).prepare(), **settings)
    assert transport.options[0]["verify"] is False
