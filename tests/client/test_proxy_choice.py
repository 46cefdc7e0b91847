"""Which proxy is asked: the call's, the session's, the environment's; and NO_PROXY."""

from __future__ import annotations

import os

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from h11client._messages.url import parse_url
from h11client._transport import proxy_choice
from h11client._transport.proxies import Proxy
from h11client._transport.proxy_choice import NoProxy, choose_proxy, environment_proxies
from h11client.exceptions import InvalidProxyURL

NO_PROXY = [
    # (id, no_proxy, URL, gone to directly)
    ("a name", "a.test", "http://a.test/", True),
    ("a sub-domain of it", "a.test", "http://www.a.test/", True),
    ("one deeper", "a.test", "http://x.www.a.test/", True),
    ("another name with the same end", "a.test", "http://nota.test/", False),
    ("the domain above", "www.a.test", "http://a.test/", False),
    ("a longer name", "a.test", "http://a.test.evil/", False),
    ("with a dot, itself", ".a.test", "http://a.test/", True),
    ("with a dot, below", ".a.test", "http://www.a.test/", True),
    ("with a dot, another", ".a.test", "http://nota.test/", False),
    ("with star and dot", "*.a.test", "http://www.a.test/", True),
    ("everything", "*", "http://a.test/", True),
    ("everything, among others", "b.test,*", "https://[::1]/", True),
    ("a star within a name is none", "a.*.test", "http://a.b.test/", False),
    ("nothing", "", "http://a.test/", False),
    ("separated by commas", "x.test,a.test,y.test", "http://a.test/", True),
    ("separated by blanks", " x.test  a.test\ty.test ", "http://a.test/", True),
    ("separated by both", "x.test, a.test ,, y.test", "http://a.test/", True),
    ("upper case in the list", "A.TEST", "http://a.test/", True),
    ("upper case in the URL", "a.test", "http://A.Test/", True),
    ("a trailing dot in the list", "a.test.", "http://a.test/", True),
    ("a trailing dot in the URL", "a.test", "http://a.test./", True),
    ("an IDN in the list", "b\u00fccher.test", "http://xn--bcher-kva.test/", True),
    ("an IDN in the URL", "xn--bcher-kva.test", "http://b\u00fccher.test/", True),
    ("port, the same", "a.test:8080", "http://a.test:8080/", True),
    ("port, another", "a.test:8080", "http://a.test:8081/", False),
    ("port, the default one of http", "a.test:80", "http://a.test/", True),
    ("port, the default one of https", "a.test:80", "https://a.test/", False),
    ("port, below", "a.test:8080", "http://www.a.test:8080/", True),
    ("port, beginning with the same digits", "a.test:80", "http://a.test:8080/", False),
    ("IPv4", "192.0.2.1", "http://192.0.2.1/", True),
    ("IPv4, another", "192.0.2.1", "http://192.0.2.11/", False),
    ("IPv4, the end of it", "2.1", "http://192.0.2.1/", False),
    ("IPv4, the end of it with a dot", ".2.1", "http://192.0.2.1/", False),
    ("IPv4 with port", "192.0.2.1:81", "http://192.0.2.1:81/", True),
    ("IPv4 with another port", "192.0.2.1:81", "http://192.0.2.1/", False),
    ("IPv4 with a leading zero", "192.0.02.1", "http://192.0.2.1/", False),
    ("IPv4 in octal", "0300.0.2.1", "http://192.0.2.1/", False),
    ("IPv4 network", "10.0.0.0/8", "http://10.200.3.4/", True),
    ("IPv4 network, outside", "10.0.0.0/8", "http://11.0.0.1/", False),
    ("IPv4 network with host bits", "10.1.2.3/8", "http://10.200.3.4/", True),
    ("IPv4 network of odd length", "192.0.2.128/25", "http://192.0.2.127/", False),
    ("IPv4 network of odd length, within", "192.0.2.128/25", "http://192.0.2.129/", True),
    ("IPv4 network of all", "0.0.0.0/0", "http://192.0.2.1/", True),
    ("IPv4 network of one", "192.0.2.1/32", "http://192.0.2.1/", True),
    ("IPv4 network of all, a name", "0.0.0.0/0", "http://a.test/", False),
    ("IPv4 network too long", "192.0.2.1/33", "http://192.0.2.1/", False),
    ("IPv4 network, no number", "192.0.2.1/x", "http://192.0.2.1/", False),
    ("IPv4 network, negative", "192.0.2.1/-1", "http://192.0.2.1/", False),
    ("IPv4 network, no prefix", "192.0.2.1/", "http://192.0.2.1/", False),
    ("IPv4 network, a mask", "192.0.2.0/255.255.255.0", "http://192.0.2.1/", False),
    ("IPv4 network, other digits", "192.0.2.1/\u0663\u0662", "http://192.0.2.1/", False),
    ("a network of a name", "a.test/8", "http://a.test/", False),
    ("IPv6", "::1", "http://[::1]/", True),
    ("IPv6 in brackets", "[::1]", "http://[::1]/", True),
    ("IPv6 written in full", "0:0:0:0:0:0:0:1", "http://[::1]/", True),
    ("IPv6 in upper case", "2001:DB8::A", "http://[2001:db8::a]/", True),
    ("IPv6, another", "::1", "http://[::2]/", False),
    ("IPv6 with port", "[::1]:8080", "http://[::1]:8080/", True),
    ("IPv6 with another port", "[::1]:8080", "http://[::1]/", False),
    ("IPv6 network", "fd00::/8", "http://[fd12:3456::1]/", True),
    ("IPv6 network in brackets", "[fd00::]/8", "http://[fd12:3456::1]/", True),
    ("IPv6 network, outside", "fd00::/8", "http://[fe00::1]/", False),
    ("IPv6 network of odd length", "2001:db8::/33", "http://[2001:db8:8000::1]/", False),
    ("IPv6 network too long", "::1/129", "http://[::1]/", False),
    ("IPv6 of all, IPv4", "::/0", "http://192.0.2.1/", False),
    ("IPv4 in IPv6 for IPv4", "192.0.2.1", "http://[::ffff:192.0.2.1]/", True),
    ("IPv4 in IPv6 for an IPv4 network", "192.0.2.0/24", "http://[::ffff:192.0.2.1]/", True),
    ("IPv4 for IPv4 in IPv6", "::ffff:192.0.2.1", "http://192.0.2.1/", True),
    ("IPv4 for a network of IPv4 in IPv6", "::ffff:192.0.2.0/120", "http://192.0.2.9/", True),
    ("IPv4 in IPv6 for IPv6 of all", "::/0", "http://[::ffff:192.0.2.1]/", True),
    ("a zone in the URL", "fe80::1", "http://[fe80::1%25eth0]/", True),
    ("a zone in the list", "fe80::1%eth0", "http://[fe80::1%25eth0]/", True),
    ("a zone for a network", "fe80::/10", "http://[fe80::1%25eth0]/", True),
    ("wrong entries before", "[, ]:, http://, a:b:c, %, 1.2.3.4.5, @, a.test", "http://a.test/", True),
    ("only wrong entries", "[ ] / // : :: ::: @ \x00 \ud800 -- . .. *. a..b xn--a", "http://a.test/", False),
    ("a URL is no entry", "http://a.test", "http://a.test/", False),
    ("localhost is not implied", "a.test", "http://localhost/", False),
    ("a network among names", "a.test, 10.0.0.0/8, b.test", "http://10.1.2.3/", True),
    ("a name among networks", "10.0.0.0/8, b.test, ::1", "http://www.b.test/", True),
    ("another address than those among names", "a.test, 10.0.0.0/8", "http://11.1.2.3/", False),
]  # fmt: skip


@pytest.mark.safety("P1")
@pytest.mark.parametrize(
    ("text", "url", "direct"), [row[1:] for row in NO_PROXY], ids=[row[0] for row in NO_PROXY]
)
def test_no_proxy_lists_hosts_that_are_gone_to_directly(text: str, url: str, direct: bool) -> None:
    parsed = parse_url(url)
    assert NoProxy(text).matches(parsed.host, parsed.port) is direct


@pytest.mark.safety("P1")
@example("[1.2.3.]")
@given(st.text() | st.text("12:.[]/%*,a-@x"))
def test_no_proxy_never_raises(text: str) -> None:
    NoProxy(text).matches("a.test", 80)
    NoProxy(text).matches("::ffff:192.0.2.1%eth0", 80)


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name == "REQUEST_METHOD":
            monkeypatch.delenv(name)
    return monkeypatch


ENVIRONMENTS = [
    ("nothing", {}, None),
    ("lower case", {"http_proxy": "a", "https_proxy": "b", "all_proxy": "c"}, {"http": "a", "https": "b", "all": "c"}),
    ("upper case", {"HTTP_PROXY": "a", "HTTPS_PROXY": "b", "ALL_PROXY": "c"}, {"http": "a", "https": "b", "all": "c"}),
    ("lower case first", {"HTTPS_PROXY": "a", "https_proxy": "b"}, {"https": "b"}),
    ("lower case first, empty", {"HTTPS_PROXY": "a", "https_proxy": ""}, None),
    ("empty", {"http_proxy": "", "ALL_PROXY": " "}, None),
    ("with exceptions", {"http_proxy": "a", "NO_PROXY": "x"}, {"http": "a", "no_proxy": "x"}),
    ("exceptions only", {"no_proxy": "x"}, None),
    ("blanks round it", {"http_proxy": " a "}, {"http": "a"}),
    ("in a CGI program", {"HTTP_PROXY": "a", "REQUEST_METHOD": "GET"}, None),
    ("in a CGI program, lower case", {"http_proxy": "a", "REQUEST_METHOD": "GET"}, {"http": "a"}),
    ("in a CGI program, https", {"HTTPS_PROXY": "a", "REQUEST_METHOD": "GET"}, {"https": "a"}),
]  # fmt: skip


@pytest.mark.safety("P2")
@pytest.mark.parametrize("plain", [False, True], ids=["as it is", "without its dictionary"])
@pytest.mark.parametrize(
    ("variables", "expected"),
    [row[1:] for row in ENVIRONMENTS],
    ids=[row[0] for row in ENVIRONMENTS],
)
def test_the_environment_names_proxies(
    environment: pytest.MonkeyPatch,
    variables: dict[str, str],
    expected: dict[str, str] | None,
    plain: bool,
) -> None:
    if plain:
        environment.setattr(os, "environ", variables)
    else:
        for name, value in variables.items():
            environment.setenv(name, value)
    assert environment_proxies() == expected
    assert environment_proxies() == expected


def test_a_change_of_the_environment_counts_from_the_next_request_on(
    environment: pytest.MonkeyPatch,
) -> None:
    url = parse_url("http://a.test/")
    assert choose_proxy(url, None, None, True) is None
    environment.setenv("HTTP_PROXY", "http://p.test")
    assert choose_proxy(url, None, None, True) == Proxy("http://p.test")
    environment.setenv("no_proxy", "a.test")
    assert choose_proxy(url, None, None, True) is None
    environment.delenv("HTTP_PROXY")
    assert environment_proxies() is None


CHOICES = [
    # (id, call, session, environment, URL, the port of the proxy that is chosen)
    ("nothing", None, None, {}, "http://a.test/", None),
    ("by scheme", {"http": "p:1", "https": "p:2"}, None, {}, "https://a.test/", 2),
    ("another scheme", {"http": "p:1"}, None, {}, "https://a.test/", None),
    ("all", {"all": "p:1"}, None, {}, "https://a.test/", 1),
    ("scheme before all", {"all": "p:1", "http": "p:2"}, None, {}, "http://a.test/", 2),
    ("host before scheme", {"http://a.test": "p:1", "http": "p:2"}, None, {}, "http://a.test:81/", 1),
    ("another host", {"http://a.test": "p:1", "http": "p:2"}, None, {}, "http://b.test/", 2),
    ("no sub-domain", {"http://a.test": "p:1"}, None, {}, "http://www.a.test/", None),
    ("host and port", {"http://a.test:81": "p:1", "http://a.test": "p:2"}, None, {}, "http://a.test:81/", 1),
    ("all for a host", {"all://a.test": "p:1", "all": "p:2"}, None, {}, "https://a.test/", 1),
    ("IPv6", {"http://[::1]": "p:1"}, None, {}, "http://[::1]:81/", 1),
    ("case and trailing dot", {"http://a.test": "p:1"}, None, {}, "http://A.Test./", 1),
    ("call before session", {"all": "p:1"}, {"http://a.test": "p:2"}, {"http_proxy": "p:3"}, "http://a.test/", 1),
    ("session before environment", None, {"all": "p:2"}, {"http_proxy": "p:3"}, "http://a.test/", 2),
    ("session says nothing", {}, {"https": "p:2"}, {"http_proxy": "p:3"}, "http://a.test/", 3),
    ("none for this call", {"http": None}, {"http": "p:2"}, {"http_proxy": "p:3"}, "http://a.test/", None),
    ("none, as text", {"http": ""}, {"http": "p:2"}, {}, "http://a.test/", None),
    ("environment, all", None, None, {"ALL_PROXY": "p:3"}, "http://a.test/", 3),
    ("environment, exception", None, None, {"ALL_PROXY": "p:3", "NO_PROXY": "a.test"}, "http://a.test/", None),
    ("exceptions of the environment are its own", {"http": "p:1"}, None, {"NO_PROXY": "a.test"}, "http://a.test/", 1),
    ("exceptions of the session", None, {"http": "p:2", "no_proxy": "a.test"}, {}, "http://a.test/", None),
    ("exceptions of the call", {"no_proxy": "a.test"}, {"http": "p:2"}, {"http_proxy": "p:3"}, "http://a.test/", None),
    ("a Proxy", {"http": Proxy("http://p:7")}, None, {}, "http://a.test/", 7),
]  # fmt: skip


@pytest.mark.safety("P1", "R15")
@pytest.mark.parametrize(
    ("call", "session", "variables", "url", "port"),
    [row[1:] for row in CHOICES],
    ids=[row[0] for row in CHOICES],
)
def test_the_call_decides_then_the_session_then_the_environment(
    environment: pytest.MonkeyPatch,
    call: dict[str, str] | None,
    session: dict[str, str] | None,
    variables: dict[str, str],
    url: str,
    port: int | None,
) -> None:
    for name, value in variables.items():
        environment.setenv(name, value)
    chosen = choose_proxy(parse_url(url), call, session, True)
    assert (None if chosen is None else chosen.port) == port


def test_without_trust_in_it_the_environment_does_not_count(
    environment: pytest.MonkeyPatch,
) -> None:
    environment.setenv("ALL_PROXY", "http://p.test")
    assert choose_proxy(parse_url("http://a.test/"), None, None, False) is None


def test_a_wrong_proxy_is_noticed_when_it_is_chosen(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("https_proxy", "ftp://user:secret@p.test")
    assert choose_proxy(parse_url("http://a.test/"), None, None, True) is None
    with pytest.raises(InvalidProxyURL) as caught:
        choose_proxy(parse_url("https://a.test/"), None, None, True)
    assert "secret" not in str(caught.value)


def test_lists_of_exceptions_are_remembered_within_bounds(environment: pytest.MonkeyPatch) -> None:
    url = parse_url("http://a.test/")
    for number in range(50):
        choose_proxy(url, {"all": "p:1", "no_proxy": f"{number}.test"}, None, False)
    assert len(proxy_choice._known_no_proxy) <= proxy_choice._MOST_REMEMBERED + 1


def test_a_text_is_no_mapping_of_proxies() -> None:
    with pytest.raises(TypeError, match="a mapping of schemes to proxies, not str"):
        choose_proxy(parse_url("http://a.test/"), "http://p.test", None, False)  # type: ignore[arg-type]
