"""h11client/_policies/cookie_store.py: which cookies are kept, and which are sent."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
import urllib.request
from http.cookiejar import CookieJar, DefaultCookiePolicy

import pytest

from h11client._limits import Limits
from h11client._messages.url import parse_url
from h11client._policies.cookie_store import CookieStore, join_cookies
from h11client.cookies import MockResponse, RequestsCookieJar, create_cookie
from tests.conftest import ROOT

HTTPS = "https://www.a.test/dir/page"
HTTP = "http://www.a.test/dir/page"


class Clock:
    now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    for module in ("h11client._policies.cookie_store", "h11client.cookies"):
        monkeypatch.setattr(f"{module}.time", clock)
    return clock


def jar_of(*values: str | bytes, url: str = HTTPS, limits: Limits | None = None):
    jar = RequestsCookieJar() if limits is None else RequestsCookieJar(limits=limits)
    jar.store(parse_url(url), values)
    return jar


def sent(jar: CookieStore, url: str) -> str | None:
    return jar.cookie_header(parse_url(url))


# --- where a cookie is sent ----------------------------------------------------------------


@pytest.mark.safety("C1", "C2", "C3", "C7", "2k1", "2k4")
@pytest.mark.parametrize(
    ("origin", "value", "asked", "expected"),
    [
        # host-only without a Domain
        (HTTPS, "a=1; Path=/", "https://www.a.test/", "a=1"),
        (HTTPS, "a=1; Path=/", "http://www.a.test/", "a=1"),
        (HTTPS, "a=1; Path=/", "https://WWW.A.TEST./", "a=1"),
        (HTTPS, "a=1; Path=/", "https://www.a.test:8443/", "a=1"),
        (HTTPS, "a=1; Path=/", "https://a.test/", None),
        (HTTPS, "a=1; Path=/", "https://x.www.a.test/", None),
        (HTTPS, "a=1; Path=/", "https://b.test/", None),
        # with a Domain
        (HTTPS, "a=1; Path=/; Domain=A.TEST", "https://a.test/", "a=1"),
        (HTTPS, "a=1; Path=/; Domain=.a.test", "https://x.y.a.test/", "a=1"),
        (HTTPS, "a=1; Path=/; Domain=a.test", "https://bada.test/", None),
        (HTTPS, "a=1; Path=/; Domain=www.a.test", "https://a.test/", None),
        (HTTPS, "a=1; Path=/; Domain=b.test", "https://b.test/", None),
        (HTTPS, "a=1; Path=/; Domain=test", "https://b.test/", None),
        (HTTPS, "a=1; Path=/; Domain=a.test.", "https://a.test/", None),
        ("https://localhost/", "a=1; Domain=localhost", "https://localhost/", "a=1"),
        ("https://localhost/", "a=1; Domain=localhost", "https://x.localhost/", None),
        ("https://x.co.uk/", "a=1; Domain=co.uk", "https://y.co.uk/", None),
        # addresses
        ("http://127.0.0.1:81/", "a=1; Domain=127.0.0.1", "http://127.0.0.1:82/", "a=1"),
        ("http://127.0.0.1/", "a=1; Domain=0.0.1", "http://127.0.0.1/", None),
        ("http://[::1]/", "a=1", "http://[0::1]/", "a=1"),
        ("http://[::1]/", "a=1", "http://[::2]/", None),
        # names beyond ASCII are compared as A-labels
        ("http://b\xfccher.a.test/", "a=1", "http://xn--bcher-kva.a.test/", "a=1"),
        # paths
        (HTTPS, "a=1", "https://www.a.test/dir", "a=1"),
        (HTTPS, "a=1", "https://www.a.test/dir/x?y#z", "a=1"),
        (HTTPS, "a=1", "https://www.a.test/directory", None),
        (HTTPS, "a=1", "https://www.a.test/", None),
        (HTTPS, "a=1; Path=", "https://www.a.test/dir", "a=1"),
        (HTTPS, "a=1; Path=x", "https://www.a.test/dir", "a=1"),
        (HTTPS, "a=1; Path=/any", "https://www.a.test/any/where", "a=1"),
        (HTTPS, "a=1; Path=/any", "https://www.a.test/anybad", None),
        (HTTPS, "a=1; Path=/any", "https://www.a.test/any?x=/any", "a=1"),
        # Secure, and http://localhost is no exception
        (HTTPS, "a=1; Path=/; Secure", "https://www.a.test/", "a=1"),
        (HTTPS, "a=1; Path=/; Secure", "http://www.a.test/", None),
        (HTTP, "a=1; Path=/; Secure", "https://www.a.test/", None),
        ("https://localhost/", "a=1; Secure", "http://localhost/", None),
        ("http://localhost/", "a=1; Secure", "https://localhost/", None),
        # prefixes
        (HTTPS, "__Host-a=1; Path=/; Secure", "https://www.a.test/", "__Host-a=1"),
        (HTTPS, "__Host-a=1; Path=/", "https://www.a.test/", None),
        (HTTPS, "__Host-a=1; Secure", "https://www.a.test/dir", None),
        (HTTPS, "__Host-a=1; Path=/; Secure; Domain=www.a.test", HTTPS, None),
        (HTTPS, "__Secure-a=1; Path=/; Secure; Domain=a.test", HTTPS, "__Secure-a=1"),
        (HTTPS, "__secure-a=1; Path=/", HTTPS, None),
        ("http://www.a.test/", "__Secure-a=1; Path=/; Secure", HTTPS, None),
        (HTTPS, "__Host-a", "https://www.a.test/dir", None),
        # without a name
        (HTTPS, "x", "https://www.a.test/dir", "x"),
        (HTTPS, "=x", "https://www.a.test/dir", "x"),
    ],
)
def test_where_a_cookie_goes(origin: str, value: str, asked: str, expected: str | None) -> None:
    assert sent(jar_of(value, url=origin), asked) == expected


@pytest.mark.safety("2k3", "C5")
@pytest.mark.parametrize(
    "value", [b'"quoted"', b"a b", b"%41%0a", b"\xc3\xa9\xff\x80", b"x,y", b"a\tb", b"\\", b"a=b="]
)
def test_a_value_is_sent_byte_for_byte_as_it_came(value: bytes) -> None:
    line = sent(jar_of(b"n=" + value + b"; Path=/"), HTTPS)
    assert line is not None
    assert line.encode("latin-1") == b"n=" + value


@pytest.mark.safety("2k3")
def test_longer_paths_come_first_then_older_cookies() -> None:
    jar = jar_of(
        "c=1; Path=/dir",
        "a=1; Path=/; Domain=a.test",
        "b=1; Path=/",
        "d=1; Path=/dir/page",
        "e=1; Path=/; Domain=a.test",
    )
    assert sent(jar, HTTPS) == "d=1; c=1; a=1; b=1; e=1"
    # A new value does not make a cookie younger (RFC 6265 section 5.3, step 11.3).
    jar.store(parse_url(HTTPS), ["a=2; Path=/; Domain=a.test"])
    assert sent(jar, HTTPS) == "d=1; c=1; a=2; b=1; e=1"
    assert sent(jar.copy(), HTTPS) == "d=1; c=1; a=2; b=1; e=1"


def test_of_two_cookies_the_older_one_comes_first() -> None:
    assert sent(jar_of("b=1; Path=/; Domain=a.test", "a=1; Path=/"), HTTPS) == "b=1; a=1"
    assert sent(jar_of("a=1; Path=/", "b=1; Path=/; Domain=a.test"), HTTPS) == "a=1; b=1"


def test_the_order_is_kept_when_the_clock_stands_still(clock: Clock) -> None:
    jar = jar_of("a=1; Path=/; Domain=a.test", "b=1; Path=/", "c=1; Path=/; Domain=a.test")
    assert sent(jar, HTTPS) == "a=1; b=1; c=1"


def test_host_only_and_domain_cookies_of_one_name_are_two() -> None:
    jar = jar_of("a=1; Path=/", "a=2; Path=/; Domain=www.a.test")
    assert sent(jar, HTTPS) == "a=1; a=2"
    jar.store(parse_url(HTTPS), ["a=; Path=/; Max-Age=0"])
    assert sent(jar, HTTPS) == "a=2"


# --- time ----------------------------------------------------------------------------------


@pytest.mark.safety("2k2")
def test_cookies_are_over_in_time_and_those_of_the_session_never(clock: Clock) -> None:
    jar = jar_of(
        "a=1; Max-Age=10; Path=/", "b=1; Path=/", "c=1; Path=/; Expires=9 Jun 2040 00:00:00"
    )
    clock.now += 9
    assert sent(jar, HTTPS) == "a=1; b=1; c=1"
    clock.now += 1
    assert sent(jar, HTTPS) == "b=1; c=1"
    assert "a" not in jar
    clock.now += 10**9
    assert sent(jar, HTTPS) == "b=1"
    assert len(jar) == 1


@pytest.mark.safety("2k2")
@pytest.mark.parametrize(
    "attribute", ["Max-Age=0", "Max-Age=-1", "Expires=Thu, 01-Jan-70 00:00:01 GMT"]
)
def test_a_time_that_is_past_deletes(attribute: str) -> None:
    jar = jar_of("a=1; Path=/", "b=1; Path=/")
    jar.store(parse_url(HTTPS), [f"a=x; Path=/; {attribute}"])
    assert sent(jar, HTTPS) == "b=1"
    jar.store(parse_url(HTTPS), [f"b=x; Path=/; {attribute}", f"n=x; Path=/; {attribute}"])
    assert jar._cookies == {}


def test_a_time_that_is_now_is_past(clock: Clock) -> None:
    clock.now = 1_623_233_894.0
    jar = jar_of("a=1; Path=/", "b=1; Path=/; Expires=Wed, 09 Jun 2021 10:18:15 GMT")
    jar.store(parse_url(HTTPS), ["a=2; Path=/; Expires=Wed, 09 Jun 2021 10:18:14 GMT"])
    assert jar.keys() == ["b"]


# --- Secure --------------------------------------------------------------------------------


@pytest.mark.safety("C7", "2k4")
@pytest.mark.parametrize(
    ("kept", "origin", "value", "blocked"),
    [
        ("a=s; Path=/; Secure", HTTP, "a=x; Path=/", True),
        ("a=s; Path=/; Secure", HTTP, "a=; Path=/; Max-Age=0", True),
        ("a=s; Path=/; Secure", HTTP, "a=x; Path=/dir", True),
        ("a=s; Path=/; Secure", HTTP, "a=x; Path=/; Domain=a.test", True),
        ("a=s; Path=/; Secure; Domain=a.test", HTTP, "a=x; Path=/", True),
        ("a=s; Path=/; Secure; Domain=a.test", "http://x.a.test/", "a=x", True),
        ("a=s; Path=/; Secure", "http://b.a.test/", "a=x; Domain=a.test", True),
        ("a=s; Path=/dir; Secure", HTTP, "a=x; Path=/", False),
        ("a=s; Path=/; Secure", HTTP, "b=x; Path=/", False),
        ("a=s; Path=/; Secure", "http://b.a.test/", "a=x", False),
        ("a=s; Path=/; Secure", HTTPS, "a=x; Path=/", False),
        ("a=s; Path=/", HTTP, "a=x; Path=/", False),
    ],
)
def test_http_neither_replaces_nor_hides_what_is_secure(
    kept: str, origin: str, value: str, blocked: bool
) -> None:
    jar = jar_of(kept)
    jar.store(parse_url(origin), [value])
    values = [cookie.value for cookie in jar]
    assert ("x" not in values) == blocked
    assert ("s" in values) or not blocked


def test_a_secure_cookie_that_is_over_guards_its_name_no_more(clock: Clock) -> None:
    jar = jar_of("a=s; Path=/; Secure; Max-Age=5")
    clock.now += 5
    jar.store(parse_url(HTTP), ["a=x; Path=/"])
    assert sent(jar, HTTP) == "a=x"


def test_what_is_only_for_browsers_is_kept_and_not_used() -> None:
    (cookie,) = jar_of("a=1; HttpOnly; SameSite=Strict; Partitioned")
    assert cookie.has_nonstandard_attr("HttpOnly")
    assert cookie.get_nonstandard_attr("SameSite") == "Strict"
    assert cookie.has_nonstandard_attr("Partitioned")


# --- caps ----------------------------------------------------------------------------------


@pytest.mark.safety("C4", "2k5")
def test_a_cookie_has_4096_bytes_at_most_with_its_name() -> None:
    jar = jar_of("a=" + "x" * 4095, "b=" + "x" * 4096, "c=1")
    assert jar.keys() == ["a", "c"]


@pytest.mark.safety("C4", "2k5", "L2")
def test_50_of_a_domain_are_kept_and_the_one_longest_unused_goes() -> None:
    jar = jar_of(*[f"c{number}=x; Path=/" for number in range(50)])
    assert len(jar) == 50
    sent(jar, HTTPS)
    jar.store(parse_url(HTTPS), ["unused=x; Path=/elsewhere"])
    assert len(jar) == 50
    assert "c0" not in jar
    sent(jar, HTTPS)  # all but the unused one
    jar.store(parse_url(HTTPS), ["new=x; Path=/"])
    assert "unused" not in jar
    assert len(jar) == 50
    jar.store(parse_url("https://b.test/"), ["a=1"])
    assert len(jar) == 51


@pytest.mark.safety("C4")
def test_a_domain_and_its_host_share_one_cap() -> None:
    values = [f"c{number}=x; Path=/" for number in range(30)]
    jar = jar_of(*values, *[f"{value}; Domain=www.a.test" for value in values])
    assert len(jar) == 50


def test_what_is_over_goes_first_then_what_is_not_secure(clock: Clock) -> None:
    limits = Limits(cookies_per_domain=3)
    jar = jar_of("a=1; Secure", "b=1", "c=1; Secure; Max-Age=5", limits=limits)
    clock.now += 5
    jar.store(parse_url(HTTPS), ["d=1; Secure"])
    assert jar.keys() == ["a", "b", "d"]
    jar.store(parse_url(HTTPS), ["e=1; Secure"])
    assert jar.keys() == ["a", "d", "e"]
    jar.store(parse_url(HTTPS), ["f=1; Secure"])
    assert jar.keys() == ["d", "e", "f"]
    jar.store(parse_url(HTTPS), ["d=2; Secure"])  # replaces, and takes no room
    assert jar.keys() == ["d", "e", "f"]


@pytest.mark.safety("C4", "2k5", "L2")
def test_3000_are_kept_in_all() -> None:
    jar = RequestsCookieJar()
    for host in range(60):
        jar.store(parse_url(f"https://h{host}.test/"), [f"c{n}={host}" for n in range(50)])
    assert len(jar) == 3000
    sent(jar, "https://h0.test/")
    jar.store(parse_url("https://more.test/"), ["a=1", "b=1"])
    assert len(jar) == 3000
    assert len(jar.get_dict(domain="h0.test")) == 50
    assert len(jar.get_dict(domain="h1.test")) == 48


def test_the_smallest_jar_keeps_one() -> None:
    jar = jar_of("a=1", limits=Limits(cookies=1))
    assert jar.keys() == ["a"]
    jar.store(parse_url("https://b.test/"), ["b=1"])
    assert jar.keys() == ["b"]


def test_of_too_many_in_all_those_that_are_over_go_first(clock: Clock) -> None:
    jar = RequestsCookieJar(limits=Limits(cookies=2))
    jar.store(parse_url("https://a.test/"), ["a=1"])
    jar.store(parse_url("https://b.test/"), ["b=1; Max-Age=5"])
    clock.now += 5
    jar.store(parse_url("https://c.test/"), ["c=1"])
    assert jar.keys() == ["a", "c"]


def test_the_count_stays_right_when_the_caller_adds_and_removes() -> None:
    jar = RequestsCookieJar(limits=Limits(cookies=4))
    jar.store(parse_url(HTTPS), ["a=1", "b=1"])
    jar.clear()
    jar.store(parse_url(HTTPS), [f"c{number}=1" for number in range(9)])
    assert jar.keys() == ["c5", "c6", "c7", "c8"]
    jar.set("mine", "1")  # what the caller sets is not taken away for it
    assert len(jar) == 5
    jar.store(parse_url(HTTPS), ["d=1"])
    assert len(jar) == 5
    assert "d" in jar


@pytest.mark.safety("M22", "C4", "X18")
def test_the_line_has_8190_bytes_at_most_and_old_cookies_go_along() -> None:
    jar = jar_of("id=me; Path=/")
    bombs = [f"b{number}={'x' * 4000}; Path=/" for number in range(90)]
    jar.store(parse_url(HTTPS), bombs)
    assert len(jar) == 50  # and `id` has gone: the server has said too much after it
    jar.store(parse_url(HTTPS), ["id=me; Path=/"])
    line = sent(jar, HTTPS)
    assert line is not None
    assert len(f"Cookie: {line}") <= 8190
    assert line.endswith("id=me")
    assert line.count("x" * 4000) == 2


def test_a_line_is_filled_with_what_fits() -> None:
    cookies = [create_cookie("a", "1234"), create_cookie("b", "123456789"), create_cookie("c", "")]
    assert join_cookies(cookies, 100) == ("a=1234; b=123456789; c=", 0)
    assert join_cookies(cookies, 23) == ("a=1234; b=123456789; c=", 0)
    assert join_cookies(cookies, 22) == ("a=1234; b=123456789", 1)
    assert join_cookies(cookies, 19) == ("a=1234; b=123456789", 1)
    assert join_cookies(cookies, 18) == ("a=1234; c=", 1)
    assert join_cookies(cookies, 5) == ("c=", 2)
    assert join_cookies(cookies, 1) == ("", 3)


def test_a_line_without_room_for_anything_is_not_sent() -> None:
    assert sent(jar_of("a=1; Path=/", limits=Limits(cookie_line=10)), HTTPS) is None


@pytest.mark.safety("C4", "R18")
def test_one_debug_line_says_what_was_ignored_and_no_value(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.DEBUG, "h11client"):
        jar = jar_of("ok=1", *["secret=hush; Domain=b.test"] * 100, "secret=hush\x01")
    assert len(jar) == 1
    (record,) = caplog.records
    assert record.getMessage() == "101 Set-Cookie of www.a.test ignored: not for its host to set"


# --- with the standard library -------------------------------------------------------------


def response_with(*values: str) -> MockResponse:
    return MockResponse(values)


def test_requests_of_urllib_get_and_give_cookies() -> None:
    jar = CookieStore()
    request = urllib.request.Request(HTTPS)
    jar.extract_cookies(response_with("a=1; Secure", "b=1; Domain=b.test", "c=x y"), request)
    jar.add_cookie_header(request)
    assert request.get_header("Cookie") == "a=1; c=x y"
    jar.clear()
    again = urllib.request.Request(HTTPS, headers={"Cookie": "own=1"})
    jar.add_cookie_header(again)
    assert again.get_header("Cookie") == "own=1"


def test_cookies_are_made_without_being_kept() -> None:
    jar = CookieStore()
    made = jar.make_cookies(
        response_with("a=1", "b=1; Domain=b.test"), urllib.request.Request(HTTPS)
    )
    assert [(cookie.name, cookie.domain, cookie.path) for cookie in made] == [
        ("a", "www.a.test", "/dir")
    ]
    assert not jar


def test_made_cookies_say_what_was_specified() -> None:
    request = urllib.request.Request(HTTPS)
    plain, whole = CookieStore().make_cookies(
        response_with("a=1; Path=x", "b=1; Path=/; Domain=a.test; Max-Age=9"), request
    )
    assert (plain.path_specified, plain.domain_specified, plain.discard) == (False, False, True)
    assert (whole.path_specified, whole.domain_specified, whole.discard) == (True, True, False)
    assert (plain.domain_initial_dot, whole.domain_initial_dot) == (False, True)
    assert (plain.version, plain.port, plain.port_specified, plain.rfc2109) == (
        0,
        None,
        False,
        False,
    )


def test_a_cookie_is_set_only_when_its_host_may() -> None:
    jar = CookieStore()
    request = urllib.request.Request(HTTP)
    for cookie in (
        create_cookie("a", "1", domain=".a.test"),
        create_cookie("b", "1", domain=".b.test"),
        create_cookie("c", "1", domain="a.test", secure=True),
        create_cookie("d", "1"),
        create_cookie("e", "1", domain="www.a.test"),
    ):
        jar.set_cookie_if_ok(cookie, request)
    assert sorted(cookie.name for cookie in jar) == ["a", "e"]
    jar.set_cookie(create_cookie("s", "safe", domain="a.test", secure=True))
    jar.set_cookie_if_ok(create_cookie("s", "x", domain="www.a.test"), request)
    assert [cookie.value for cookie in jar if cookie.name == "s"] == ["safe"]
    safe = urllib.request.Request(HTTPS)
    jar.set_cookie_if_ok(create_cookie("s", "x", domain="www.a.test"), safe)
    assert sorted(str(cookie.value) for cookie in jar if cookie.name == "s") == ["safe", "x"]


def test_a_policy_can_only_forbid_more() -> None:
    jar = RequestsCookieJar(DefaultCookiePolicy(allowed_domains=["b.test"]))
    for url in ("https://a.test/", "https://b.test/"):
        jar.store(parse_url(url), ["a=1", "bad=1; Domain=c.test"])
    assert jar.list_domains() == ["b.test"]
    assert sent(jar, "https://b.test/") == "a=1"
    jar.set_policy(DefaultCookiePolicy(blocked_domains=["b.test"]))
    assert sent(jar, "https://b.test/") is None


@pytest.mark.parametrize("host", ["localhost", "[::1]", "127.0.0.1", "a.test"])
def test_the_policy_of_the_standard_library_understands_every_host(host: str) -> None:
    jar = RequestsCookieJar(DefaultCookiePolicy())
    jar.store(parse_url(f"http://{host}/"), ["a=1"])
    assert sent(jar, f"http://{host}/") == "a=1"
    assert sent(jar, "http://other.test/") is None


def test_a_policy_of_ones_own_is_asked_with_cookie_and_url() -> None:
    asked = []

    class Policy(DefaultCookiePolicy):
        def set_ok(self, cookie, request):
            asked.append((cookie.name, request.get_full_url(), request.host, request.type))
            return cookie.name != "b"

    jar = RequestsCookieJar()
    jar.set_policy(Policy())
    jar.store(parse_url("http://a.test:81/x"), ["a=1", "b=1"])
    assert asked == [(name, "http://a.test:81/x", "a.test:81", "http") for name in "ab"]
    assert jar.keys() == ["a"]


def test_ports_of_hand_made_cookies_count() -> None:
    jar = CookieStore()
    jar.set_cookie(create_cookie("a", "1", domain="a.test", port="80,8080"))
    assert sent(jar, "http://a.test/") == "a=1"
    assert sent(jar, "http://a.test:8080/") == "a=1"
    assert sent(jar, "http://a.test:8081/") is None


def test_the_container_stays_that_of_the_standard_library() -> None:
    jar = jar_of("a=1; Path=/; Domain=a.test", "b=1")
    assert isinstance(jar, CookieJar)
    assert {
        domain: {path: list(names) for path, names in paths.items()}
        for domain, paths in jar._cookies.items()
    } == {".a.test": {"/": ["a"]}, "www.a.test": {"/dir": ["b"]}}
    other = RequestsCookieJar()
    other._cookies = jar._cookies  # what programs do that keep cookies by themselves
    assert sent(other, HTTPS) == "b=1; a=1"


def test_a_jar_with_empty_places_is_empty() -> None:
    jar = RequestsCookieJar()
    jar._cookies = {"a.test": {"/": {}}, "b.test": {}}
    assert not jar
    assert len(jar) == 0
    jar.set("a", "1")
    assert jar


def test_clearing_leaves_nothing_empty_behind() -> None:
    jar = jar_of("a=1", "b=1", "c=1; Path=/x")
    jar.clear("www.a.test", "/dir", "a")
    assert jar.keys() == ["b", "c"]
    jar.clear("www.a.test", "/dir")
    jar.clear("www.a.test", "/x", "c")
    assert jar._cookies == {}
    for key in [("www.a.test",), ("www.a.test", "/dir"), ("www.a.test", "/dir", "a")]:
        with pytest.raises(KeyError):
            jar.clear(*key)
    with pytest.raises(ValueError, match="domain"):
        jar.clear(None, "/")
    jar.store(parse_url(HTTPS), ["a=1", "b=1; Max-Age=10"])
    jar.clear_session_cookies()
    assert jar.keys() == ["b"]


def test_nothing_of_a_value_is_shown() -> None:
    jar = jar_of("a=secret; Path=/")
    assert repr(jar) == str(jar) == "<RequestsCookieJar[a for www.a.test/]>"


# --- threads -------------------------------------------------------------------------------


@pytest.mark.safety("2k5")
def test_threads_store_send_and_iterate_at_once() -> None:
    jar = RequestsCookieJar(limits=Limits(cookies=40, cookies_per_domain=20))
    failures: list[BaseException] = []
    start = threading.Barrier(4)

    def work(own: int) -> None:
        try:
            start.wait(5)
            for turn in range(150):
                url = parse_url(f"https://h{turn % 5}.test/")
                jar.store(url, [f"t{own}-{turn % 30}=x", f"t{own}=; Max-Age={turn % 2}"])
                assert all(cookie.name for cookie in jar)
                jar.cookie_header(url)
                jar.items()
                if turn % 50 == 0:
                    jar.copy()
                    jar.clear_expired_cookies()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(own,)) for own in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(jar) <= 40


FORKING = """
import copy, os, pickle
from h11client._messages.url import parse_url
from h11client.cookies import RequestsCookieJar

url = parse_url("https://a.test/")
jar = RequestsCookieJar()
jar.store(url, ["a=1"])
for tried in (jar, jar.copy(), pickle.loads(pickle.dumps(jar))):
    with tried._cookies_lock:  # of some other thread of the parent, as far as the child can tell
        child = os.fork()
        if child == 0:
            os._exit(0 if in_thread(lambda: tried.cookie_header(url)) == "a=1" else 1)
    assert os.waitpid(child, 0)[1] == 0
"""


def test_a_forked_child_waits_for_no_lock_of_another_thread() -> None:
    in_thread = """
import concurrent.futures

def in_thread(work):
    with concurrent.futures.ThreadPoolExecutor() as pool:
        return pool.submit(work).result(5)
"""
    subprocess.run([sys.executable, "-c", in_thread + FORKING], check=True, timeout=20, cwd=ROOT)


def test_iterating_goes_over_what_was_there() -> None:
    jar = jar_of("a=1", "b=1", "c=1")
    names = []
    for cookie in jar:
        names.append(cookie.name)
        jar.store(parse_url(HTTPS), [f"new-{cookie.name}=1"])
        jar.clear("www.a.test", "/dir", cookie.name)
    assert names == ["a", "b", "c"]
    assert jar.keys() == ["new-a", "new-b", "new-c"]
