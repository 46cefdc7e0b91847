"""What a proxy is: its URL, its credentials, and what it is told."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path

import pytest

from h11client._transport.network import TLSConfig
from h11client._transport.proxies import Proxy, ProxyAuthorization, as_proxy
from h11client.auth import HTTPBasicAuth, HTTPDigestAuth
from h11client.exceptions import InvalidHeader, InvalidProxyURL

URLS = [
    ("http", "http://proxy.test:3128", "http://proxy.test:3128"),
    ("without a scheme", "proxy.test:3128", "http://proxy.test:3128"),
    ("default port of http", "http://proxy.test", "http://proxy.test:80"),
    ("default port of https", "HTTPS://Proxy.test/", "https://proxy.test:443"),
    ("default port of socks", "socks5://proxy.test", "socks5://proxy.test:1080"),
    ("a name for the proxy to resolve", "socks5h://proxy.test:1", "socks5h://proxy.test:1"),
    ("socks4a", "socks4a://proxy.test:1", "socks4a://proxy.test:1"),
    ("IPv6", "http://[::1]:8080", "http://[::1]:8080"),
    ("international", "http://b\u00fccher.test", "http://xn--bcher-kva.test:80"),
    ("with credentials", "http://a:b@proxy.test", "http://proxy.test:80"),
]


@pytest.mark.parametrize(
    ("url", "expected"), [row[1:] for row in URLS], ids=[row[0] for row in URLS]
)
def test_the_url_of_a_proxy_is_scheme_host_and_port(url: str, expected: str) -> None:
    assert str(Proxy(url)) == expected


WRONG_URLS = [
    ("nothing", ""),
    ("another scheme", "ftp://proxy.test"),
    ("a unix socket", "unix:///run/proxy"),
    ("a unix socket over http", "http+unix://%2Frun%2Fproxy"),
    ("a path", "http://proxy.test/path"),
    ("a query", "http://proxy.test?a"),
    ("no host", "http://:3128"),
    ("port 0", "http://proxy.test:0"),
    ("no number", "http://proxy.test:x"),
    ("octal address", "http://0177.0.0.1"),
    ("a line end", "http://proxy.test\r\nX: y"),
    ("a line end in the password", "http://user:sec%0D%0Aret@proxy.test"),
    ("a slash in the password", "http://user:sec/ret@proxy.test"),
    ("no host behind the password", "http://user:secret@"),
    ("a wrong port behind the password", "http://user:secret@proxy.test:x"),
    ("no scheme, and a wrong port", "user:secret@proxy.test:x"),
]


@pytest.mark.safety("P6", "I6", "R18")
@pytest.mark.parametrize("url", [row[1] for row in WRONG_URLS], ids=[row[0] for row in WRONG_URLS])
def test_a_wrong_url_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(InvalidProxyURL) as caught:
        Proxy(url)
    error: BaseException | None = caught.value
    while error is not None:
        assert "sec" not in str(error)
        error = error.__cause__


def test_credentials_of_the_url_are_percent_decoded() -> None:
    assert Proxy("http://us%40er:p%3Aa%2Fss@proxy.test").auth == HTTPBasicAuth("us@er", "p:a/ss")
    assert Proxy("http://user@proxy.test").auth == HTTPBasicAuth("user", "")
    assert Proxy("http://a@b:c@d@proxy.test").auth == HTTPBasicAuth("a@b", "c@d")
    assert Proxy("http://proxy.test").auth is None


def test_auth_wins_over_the_url() -> None:
    assert Proxy("http://a:b@proxy.test", auth=("c", "d")).auth == HTTPBasicAuth("c", "d")
    digest = HTTPDigestAuth("c", "d")
    assert Proxy("http://proxy.test", auth=digest).auth is digest


@pytest.mark.parametrize("auth", ["a:b", ("a",), ("a", "b", "c"), 1, (1, 2)])
def test_auth_of_another_kind_is_a_type_error(auth: object) -> None:
    with pytest.raises(TypeError):
        Proxy("http://proxy.test", auth=auth)
    with pytest.raises(TypeError):
        Proxy(b"http://proxy.test")


@pytest.mark.safety("R18", "4I11")
def test_nothing_that_is_shown_has_the_password() -> None:
    proxy = Proxy(
        "http://user:secret@proxy.test",
        headers={"Proxy-Authorization": "Bearer secret"},
    )
    for text in (repr(proxy), str(proxy), repr(proxy.auth), repr(proxy.authorization), f"{proxy}"):
        assert "secret" not in text
    assert repr(proxy) == "Proxy('http://***@proxy.test:80')"


DIFFERENT = [
    ("the same", {}, True),
    ("password", {"auth": ("user", "Secret")}, False),
    ("case of the user", {"auth": ("User", "secret")}, False),
    ("no password", {"auth": None}, False),
    ("digest only", {"auth": HTTPDigestAuth("user", "secret")}, False),
    ("headers", {"headers": {"X-Tenant": "a"}}, False),
    ("verify", {"verify": False}, False),
    ("verify, a path", {"verify": "/ca.pem"}, False),
    ("certificate", {"cert": "/client.pem"}, False),
]


@pytest.mark.safety("T2")
@pytest.mark.parametrize(
    ("changed", "equal"), [row[1:] for row in DIFFERENT], ids=[row[0] for row in DIFFERENT]
)
def test_proxies_are_equal_when_everything_is(changed: dict[str, object], equal: bool) -> None:
    one = Proxy("https://proxy.test", auth=("user", "secret"))
    other = Proxy("https://proxy.test", **{"auth": ("user", "secret"), **changed})
    assert (one == other) is equal
    assert (len({one, other}) == 1) is equal
    assert one != "https://proxy.test"


def test_a_proxy_is_frozen_and_can_be_copied_and_pickled() -> None:
    proxy = Proxy("https://u:p@[::1]:1", headers={"X": "y"}, verify="/ca", cert=("/c", "/k"))
    with pytest.raises(AttributeError):
        proxy.port = 2
    with pytest.raises(AttributeError):
        del proxy.port
    assert pickle.loads(pickle.dumps(proxy)) == proxy == copy.deepcopy(proxy)


def test_tls_to_a_proxy_is_checked_as_its_own_verify_says_or_else_the_calls() -> None:
    assert Proxy("http://proxy.test", verify=False).tls is None
    assert Proxy("https://proxy.test").tls == TLSConfig(True)
    assert Proxy("https://proxy.test").for_call(False, True).tls == TLSConfig(False)
    assert Proxy("https://proxy.test").for_call("/ca", True).tls == TLSConfig("/ca")
    own = Proxy("https://proxy.test", verify=True, cert="/c")
    assert own.for_call(False, True).tls == TLSConfig(True, "/c")
    assert own.for_call(False, False).tls == TLSConfig(True, "/c", log_keys=False)
    assert Proxy("https://proxy.test").for_call(False, True) != Proxy("https://proxy.test")
    assert Proxy("http://proxy.test").for_call(False, True) == Proxy("http://proxy.test")


@pytest.mark.safety("T1")
def test_a_changed_file_of_authorities_makes_another_proxy(tmp_path: Path) -> None:
    authorities = tmp_path / "ca.pem"
    authorities.write_text("a")
    proxy = Proxy("https://proxy.test", verify=str(authorities))
    before = proxy.for_call(True, True)
    assert before == proxy.for_call(True, True)
    authorities.write_text("another")
    assert before != proxy.for_call(True, True)


@pytest.mark.safety("I6")
@pytest.mark.parametrize(
    "headers",
    [{"a\r\nb": "c"}, {"a": "b\r\nc: d"}, {"a": "\x00"}, {"a b": "c"}, {"Host": "x"}, {"content-length": "1"}],
)  # fmt: skip
def test_headers_of_a_proxy_are_checked(headers: dict[str, str]) -> None:
    with pytest.raises(InvalidHeader):
        Proxy("http://proxy.test", headers=headers)


def test_the_same_text_is_the_same_proxy() -> None:
    assert as_proxy("http://a:b@proxy.test:1") is as_proxy("http://a:b@proxy.test:1")
    for number in range(100):
        as_proxy(f"http://proxy.test:{number + 1}")
    proxy = Proxy("proxy.test")
    assert as_proxy(proxy) is proxy
    with pytest.raises(TypeError):
        as_proxy(5)


BASIC = "Basic dXNlcjpwYXNz"
ASKS_BASIC = 'Basic realm="a"'
ASKS_DIGEST = 'Digest realm="a", nonce="1", qop="auth"'
ASKS_STALE = 'Digest realm="a", nonce="2", qop="auth", stale=true'

ANSWERS = [
    # (what was sent already, what the proxy asked, what is answered)
    ("basic refused", [BASIC], [ASKS_BASIC], None),
    ("digest after basic", [BASIC], [ASKS_DIGEST], "Digest"),
    ("digest is stronger", [""], [ASKS_BASIC, ASKS_DIGEST], "Digest"),
    ("basic when asked", [""], [ASKS_BASIC], "Basic"),
    ("digest refused", [BASIC, "Digest a"], [ASKS_DIGEST], None),
    ("stale", [BASIC, "Digest a"], [ASKS_STALE], "Digest"),
    ("stale again", [BASIC, "Digest a", "Digest b"], [ASKS_STALE], None),
    ("an old nonce", ["Digest a"], [ASKS_DIGEST], "Digest"),
    ("an old nonce, refused", ["Digest a", "Digest b"], [ASKS_DIGEST], None),
    ("nothing known", [BASIC], ["Negotiate", "NTLM"], None),
    ("nothing asked", [""], [], None),
]


@pytest.mark.safety("2h5", "2l3", "A1", "X19")
@pytest.mark.parametrize(
    ("told", "asked", "expected"), [row[1:] for row in ANSWERS], ids=[row[0] for row in ANSWERS]
)
def test_each_scheme_is_answered_once(
    told: list[str], asked: list[str], expected: str | None
) -> None:
    authorization = ProxyAuthorization(HTTPBasicAuth("user", "pass"))
    answer = authorization.answer(asked, told, "GET", "http://a.test/", None)
    assert answer is None if expected is None else str(answer).startswith(expected + " ")


def test_basic_is_sent_unasked_and_digest_from_the_first_challenge_on() -> None:
    authorization = ProxyAuthorization(HTTPBasicAuth("user", "pass"))
    assert authorization.first("CONNECT", "a.test:443", None) == BASIC
    authorization.answer([ASKS_DIGEST], [BASIC], "CONNECT", "a.test:443", None)
    assert "nc=00000002" in str(authorization.first("CONNECT", "a.test:443", None))


@pytest.mark.safety("A1")
def test_digest_auth_never_sends_the_password() -> None:
    authorization = ProxyAuthorization(HTTPDigestAuth("user", "pass"))
    assert authorization.first("GET", "/", None) is None
    assert authorization.answer([ASKS_BASIC], [""], "GET", "/", None) is None
