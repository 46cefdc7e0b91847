"""h11client/cookies.py: cookies as a mapping, and the helpers around it."""

from __future__ import annotations

import copy
import logging
import pickle
import threading
from http.cookiejar import CookieJar, DefaultCookiePolicy
from http.cookies import SimpleCookie
from types import SimpleNamespace

import pytest

from h11client import Request
from h11client._limits import Limits
from h11client._messages.headers import Headers
from h11client._messages.url import parse_url
from h11client._policies import own_cookies
from h11client._policies.cookie_adapters import PolicyRequest
from h11client.cookies import (
    CookieConflictError,
    MockRequest,
    MockResponse,
    RequestsCookieJar,
    build_cookie_line,
    cookie_header_of,
    cookiejar_from_dict,
    create_cookie,
    extract_cookies_to_jar,
    get_cookie_header,
    merge_cookies,
    morsel_to_cookie,
    remove_cookie_by_name,
    store_cookies,
)
from h11client.exceptions import InvalidHeader, InvalidURL
from tests.client.jars import URL, filled, sent


def prepared(url: str = URL, **headers: str):
    return Request("GET", url, headers=headers).prepare()


# --- the mapping ---------------------------------------------------------------------------


def test_an_empty_jar() -> None:
    jar = RequestsCookieJar()
    assert not jar
    assert len(jar) == 0
    assert jar == {}
    assert (jar.keys(), jar.values(), jar.items()) == ([], [], [])
    assert repr(jar) == "<RequestsCookieJar[]>"
    assert sent(jar) is None


def test_a_jar_is_a_mapping_of_names_to_values() -> None:
    jar = RequestsCookieJar()
    jar["a"] = "1"
    jar.set("b", "2", domain="a.test", path="/x")
    assert jar
    assert len(jar) == 2
    assert jar["a"] == jar.get("a") == "1"
    assert dict(jar) == jar.get_dict() == {"a": "1", "b": "2"}
    assert jar == {"a": "1", "b": "2"}
    assert (jar.keys(), jar.values(), jar.items()) == (
        ["a", "b"],
        ["1", "2"],
        [("a", "1"), ("b", "2")],
    )
    assert (list(jar.iterkeys()), list(jar.itervalues()), list(jar.iteritems())) == (
        ["a", "b"],
        ["1", "2"],
        [("a", "1"), ("b", "2")],
    )
    assert "a" in jar
    assert "c" not in jar
    assert 3 not in jar
    assert [cookie.name for cookie in jar] == ["a", "b"]
    del jar["a"]
    del jar["a"]  # as in requests, no error
    assert jar.keys() == ["b"]
    with pytest.raises(TypeError):
        hash(jar)


def test_what_is_missing() -> None:
    jar = filled()
    with pytest.raises(KeyError):
        jar["missing"]
    assert jar.get("missing") is None
    assert jar.get("missing", "x") == "x"
    assert jar.get("mine", "x", domain="a.test") == "x"
    assert jar.get("mine", "x", domain="b.test") == "3"
    assert jar.get("mine", "x", path="/q") == "x"


def test_several_cookies_of_a_name_are_a_conflict() -> None:
    jar = RequestsCookieJar()
    jar.set("a", "1", domain="a.test")
    jar.set("a", "2", domain="b.test", path="/p")
    for ask in (lambda: jar["a"], lambda: jar.get("a"), lambda: dict(jar), lambda: jar.pop("a")):
        with pytest.raises(CookieConflictError):
            ask()
    assert "a" in jar
    assert jar.get("a", domain="b.test") == "2"
    assert jar.get("a", path="/") == "1"
    assert jar.get_dict("b.test") == jar.get_dict(path="/p") == {"a": "2"}
    assert jar.get_dict("a.test", "/p") == jar.get_dict("b.test", "/") == {}
    assert issubclass(CookieConflictError, RuntimeError)
    del jar["a"]
    assert not jar


def test_setting_none_removes() -> None:
    jar = filled()
    assert jar.set("mine", None, domain="a.test") is None
    assert "mine" in jar
    jar["mine"] = None
    jar["never"] = None
    assert "mine" not in jar


def test_taking_out() -> None:
    jar = RequestsCookieJar()
    jar.update({"a": "1", "b": "2"})
    assert jar.pop("a") == "1"
    assert jar.pop("a", "x") == "x"
    with pytest.raises(KeyError):
        jar.pop("a")
    assert jar.setdefault("b", "x") == "2"
    assert jar.setdefault("c", "3") == "3"
    assert jar.popitem() == ("b", "2")
    assert jar.popitem() == ("c", "3")
    with pytest.raises(KeyError):
        jar.popitem()


def test_updating() -> None:
    jar = RequestsCookieJar()
    jar.update({"a": "1"}, b="2")
    jar.update([("c", "3")])
    other = filled()
    jar.update(other, d="4")
    assert sorted(jar.keys()) == ["a", "b", "c", "d", "host", "mine", "odd", "wide"]
    assert sent(jar) == 'wide=2; odd="x, y"; a=1; b=2; c=3; host=1; d=4'
    with pytest.raises(TypeError):
        jar.update(None)


def test_what_of_a_jar_cannot_be_sent_is_left_out_with_one_line(
    caplog: pytest.LogCaptureFixture,
) -> None:
    other = CookieJar()
    for name, value in [("ok", "1"), ("ctl", "a\nb"), ("semi", "a;b"), ("far", "\u0141")]:
        cookie = create_cookie(name, "1")
        cookie.value = value
        other.set_cookie(cookie)
    jar = RequestsCookieJar()
    with caplog.at_level(logging.DEBUG, "h11client"):
        jar.update(other)
    assert jar.items() == [("ok", "1")]
    assert [record.getMessage() for record in caplog.records] == [
        "3 cookies of another jar left out: they cannot be sent"
    ]


def test_lists_of_domains_and_paths() -> None:
    jar = filled()
    assert jar.list_domains() == ["www.a.test", ".a.test", "b.test"]
    assert jar.list_paths() == ["/", "/dir", "/p"]
    assert jar.multiple_domains()
    assert not jar_with(a="1").multiple_domains()
    jar.clear("b.test")
    assert jar.multiple_domains()
    jar.clear(".a.test")
    assert not jar.multiple_domains()


def jar_with(**values: str) -> RequestsCookieJar:
    jar = RequestsCookieJar()
    jar.update(values)
    return jar


@pytest.mark.safety("C5")
@pytest.mark.parametrize(
    "value", ["a\r\nb", "a\x00", "a\x7f", "a\tb", "a;b", "a,b", "a\u0141b", "x" * 4097]
)
def test_what_cannot_be_sent_is_refused_when_it_is_set(value: str) -> None:
    jar = RequestsCookieJar()
    for put in (
        lambda: jar.set("a", value),
        lambda: jar.update({"a": value}),
        lambda: jar.__setitem__("a", value),
    ):
        with pytest.raises(InvalidHeader) as caught:
            put()
        assert value not in str(caught.value)
    assert not jar


def test_what_is_no_text_is_refused() -> None:
    for value in (5, b"x", ["x"]):
        with pytest.raises(TypeError):
            RequestsCookieJar().set("a", value)


# --- who set it ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("domain", "url", "expected"),
    [
        ("", "http://anything.test/", True),
        ("", "http://127.0.0.1/", True),
        ("a.test", "http://a.test/", True),
        ("a.test", "http://www.a.test/", True),
        ("A.test", "http://www.a.TEST./", True),
        (".a.test", "http://www.a.test/", True),
        (".a.test", "http://a.test/", True),
        ("a.test", "http://bada.test/", False),
        ("www.a.test", "http://a.test/", False),
        ("localhost", "http://localhost/", True),
        ("127.0.0.1", "http://127.0.0.1:8080/", True),
        ("::1", "http://[::1]/", True),
        ("b\xfccher.test", "http://www.b\xfccher.test/", True),
        (".b\xfccher.test", "http://xn--bcher-kva.test/", True),
    ],
)
def test_where_a_cookie_goes_that_was_set_by_hand(domain: str, url: str, expected: bool) -> None:
    jar = RequestsCookieJar()
    jar.set("a", "1", domain=domain)
    assert (sent(jar, url) == "a=1") is expected


def test_attributes_of_cookies_that_are_set_by_hand_count() -> None:
    jar = RequestsCookieJar()
    jar.set("a", "1", secure=True)
    jar.set("b", "1", expires=1)
    jar.set("c", "1", path="/dir")
    jar.set("d", "1", path="")
    assert sent(jar) == "c=1; a=1; d=1"
    assert sent(jar, "http://www.a.test/") == "d=1"


def test_a_wrong_domain_is_refused() -> None:
    with pytest.raises(InvalidURL):
        RequestsCookieJar().set("a", "1", domain="\u2100.test")


@pytest.mark.safety("C5")
def test_set_cookie_keeps_the_object_and_takes_what_a_server_may_say() -> None:
    jar = RequestsCookieJar()
    cookie = create_cookie("a", "1")
    cookie.value = "x, y"
    jar.set_cookie(cookie, "more", arguments="pass")
    assert next(iter(jar)) is cookie
    cookie.value = "x;y"
    with pytest.raises(InvalidHeader):
        jar.set_cookie(cookie)
    cookie.name, cookie.value = "a=b", "1"  # which would be read as the value b=1 of a
    with pytest.raises(InvalidHeader):
        jar.set_cookie(cookie)


# --- copies --------------------------------------------------------------------------------


COPIES = {
    "copy()": lambda jar: jar.copy(),
    "copy.copy": copy.copy,
    "copy.deepcopy": copy.deepcopy,
    "pickle": lambda jar: pickle.loads(pickle.dumps(jar)),
    "oldest pickle": lambda jar: pickle.loads(pickle.dumps(jar, 0)),
    "update": lambda jar: (lambda other: other.update(jar) or other)(RequestsCookieJar()),
    "merge_cookies": lambda jar: merge_cookies(RequestsCookieJar(), jar),
    "a jar of the standard library": lambda jar: merge_cookies(
        RequestsCookieJar(), merge_cookies(CookieJar(), jar)
    ),
}


@pytest.mark.safety("C6")
@pytest.mark.parametrize("duplicate", COPIES.values(), ids=COPIES)
def test_a_copy_has_everything_and_changes_apart(duplicate) -> None:
    jar = filled()
    before = [vars(cookie).copy() for cookie in jar]
    copied = duplicate(jar)
    by_name = sorted(copied, key=lambda cookie: cookie.name)
    for cookie, was in zip(by_name, sorted(before, key=lambda was: was["name"]), strict=True):
        for name in ("name", "value", "domain", "domain_specified", "path", "secure", "expires"):
            assert getattr(cookie, name) == was[name]
        assert cookie._rest == was["_rest"]
    for url in (URL, "https://a.test/dir", "http://www.a.test/", "http://x.b.test/p"):
        assert sent(copied, url) == sent(jar, url)
    next(iter(copied)).value = "changed"
    copied["new"] = "1"
    copied.clear("www.a.test", "/", "host")
    assert [cookie.value for cookie in jar] == [was["value"] for was in before]


def test_copies_keep_policy_and_limits_and_have_a_lock_of_their_own() -> None:
    jar = RequestsCookieJar(
        DefaultCookiePolicy(blocked_domains=["b.test"]), limits=Limits(cookies=7)
    )
    for duplicate in (copy.copy, copy.deepcopy, lambda jar: pickle.loads(pickle.dumps(jar))):
        copied = duplicate(jar)
        assert copied.get_policy().blocked_domains() == ("b.test",)
        assert copied.limits == Limits(cookies=7)
        assert copied._cookies_lock is not jar._cookies_lock
        worker = threading.Thread(target=copied.set, args=("a", "1"))
        with jar._cookies_lock:
            worker.start()
            worker.join(5)
        assert copied["a"] == "1"


def test_a_subclass_stays_one() -> None:
    class Jar(RequestsCookieJar):
        pass

    assert type(Jar().copy()) is Jar


# --- helpers that programs for requests use ------------------------------------------------


def test_create_cookie() -> None:
    cookie = create_cookie("a", "b")
    assert (cookie.domain, cookie.path, cookie.secure, cookie.expires) == ("", "/", False, None)
    assert cookie.discard
    assert not cookie.domain_specified
    cookie = create_cookie("a", "b", domain=".a.test", path="/x", port="80", expires=5, secure=True)
    assert cookie.domain_specified
    assert cookie.domain_initial_dot
    assert cookie.port_specified
    assert cookie.path_specified
    assert not cookie.discard
    with pytest.raises(TypeError, match="has no bad, foo"):
        create_cookie("a", "b", foo=1, bad=2)


def test_cookiejar_from_dict() -> None:
    jar = cookiejar_from_dict({"a": "1", "n": None})
    assert isinstance(jar, RequestsCookieJar)
    assert jar == {"a": "1"}
    assert cookiejar_from_dict(None) == {}
    assert cookiejar_from_dict({"a": "2", "b": "2"}, jar, overwrite=False) is jar
    assert jar == {"a": "1", "b": "2"}
    assert cookiejar_from_dict({"a": "3"}, jar) == {"a": "3", "b": "2"}
    assert cookiejar_from_dict({"b": None, "c": None}, jar) == {"a": "3"}
    plain = cookiejar_from_dict({"a": "1"}, CookieJar())
    assert type(plain) is CookieJar
    assert [cookie.value for cookie in plain] == ["1"]


def test_merge_cookies() -> None:
    jar = jar_with(a="1")
    assert merge_cookies(jar, {"a": "2", "b": "2"}) is jar
    assert jar == {"a": "1", "b": "2"}
    merge_cookies(jar, jar_with(a="3"))
    assert jar == {"a": "3", "b": "2"}
    assert merge_cookies(jar, None) == {"a": "3", "b": "2"}
    with pytest.raises(ValueError, match="CookieJar"):
        merge_cookies({}, {})  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="mapping or a jar"):
        merge_cookies(jar, "a=b")  # type: ignore[arg-type]


def test_remove_cookie_by_name() -> None:
    jar = filled()
    remove_cookie_by_name(jar, "host", domain="b.test")
    remove_cookie_by_name(jar, "host", path="/dir")
    assert "host" in jar
    remove_cookie_by_name(jar, "host", "www.a.test", "/")
    remove_cookie_by_name(jar, "host")
    assert "host" not in jar


def morsel(**attributes: object):
    cookie = SimpleCookie()
    cookie["a"] = "b"
    cookie["a"].update({name.replace("_", "-"): value for name, value in attributes.items()})
    return cookie["a"]


def test_morsels_become_cookies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_cookies, "time", lambda: 1000.0)
    cookie = morsel_to_cookie(
        morsel(path="/p", domain=".a.test", secure=True, max_age="10", httponly=True)
    )
    assert (cookie.name, cookie.value, cookie.path, cookie.domain) == ("a", "b", "/p", ".a.test")
    assert (cookie.secure, cookie.expires, cookie.discard) == (True, 1010, False)
    assert cookie.get_nonstandard_attr("HttpOnly") is True
    assert morsel_to_cookie(morsel(expires="Thu, 01-Jan-1970 00:00:09 GMT")).expires == 9
    assert morsel_to_cookie(morsel(expires="Thu, 01 Jan 1970 00:00:09 GMT")).expires == 9
    assert morsel_to_cookie(morsel()).expires is None
    with pytest.raises(TypeError, match="max-age"):
        morsel_to_cookie(morsel(max_age="x"))
    with pytest.raises(ValueError, match="date"):
        morsel_to_cookie(morsel(expires="x"))
    jar = RequestsCookieJar()
    jar["other"] = morsel(domain="a.test")  # it has a name of its own
    assert jar.get("a", domain="a.test") == "b"


@pytest.mark.safety("P5")
def test_a_prepared_request_in_the_shape_of_urllibs() -> None:
    request = MockRequest(prepared("http://a.test:81/x?y#z", Host="b.test", X_Own="1"))
    assert request.get_full_url() == "http://a.test:81/x?y#z"
    assert (request.type, request.get_type()) == ("http", "http")
    assert (request.host, request.get_host()) == ("a.test:81", "a.test:81")
    assert (request.origin_req_host, request.get_origin_req_host()) == ("a.test", "a.test")
    assert request.unverifiable is request.is_unverifiable() is True
    assert request.has_header("X_Own")
    assert request.get_header("X_Own") == "1"
    assert request.get_header("Other", "d") == "d"
    assert not request.has_header("Cookie")
    assert PolicyRequest(parse_url(URL)).get_header("Host", "none") == "none"
    request.add_unredirected_header("Cookie", "a=1")
    assert request.has_header("Cookie")
    assert request.get_header("Cookie") == "a=1"
    assert request.get_new_headers() == {"Cookie": "a=1"}
    with pytest.raises(NotImplementedError):
        request.add_header("Cookie", "a=1")


def responses(*values: str):
    """A response with these Set-Cookie fields in every shape that libraries know."""
    message = MockResponse(values).info()
    headers = Headers([("Set-Cookie", value) for value in values])
    return {
        "ours": SimpleNamespace(headers=headers),
        "of http.client": SimpleNamespace(msg=message, headers=message),
        "wrapping one": SimpleNamespace(
            headers={}, _original_response=SimpleNamespace(msg=message)
        ),
        "with a list of its own": SimpleNamespace(
            headers=SimpleNamespace(getlist=lambda name: list(values))
        ),
        "of urllib": MockResponse(values),
    }


@pytest.mark.parametrize("shape", responses())
def test_cookies_are_found_in_every_shape_of_response(shape: str) -> None:
    response = responses("a=1", "b=2; Expires=Thu, 01 Jan 2099 00:00:00 GMT")[shape]
    for jar in (RequestsCookieJar(), CookieJar()):
        extract_cookies_to_jar(jar, prepared(), response)
        assert sorted(cookie.name for cookie in jar) == ["a", "b"]
        extract_cookies_to_jar(jar, prepared(), responses()[shape])
        assert len(jar) == 2


def test_mock_responses_answer_as_the_old_ones_did() -> None:
    response = MockResponse(["a=1", "b=2"])
    assert response.getheaders("Set-Cookie") == ["a=1", "b=2"]
    assert response.getheaders("Location") == []


def test_get_cookie_header() -> None:
    for jar in (jar_with(a="1"), cookiejar_from_dict({"a": "1"}, CookieJar())):
        assert get_cookie_header(jar, prepared()) == "a=1"
        assert get_cookie_header(jar, prepared(Cookie="own=1")) is None
    assert get_cookie_header(RequestsCookieJar(), prepared()) is None


# --- what a session asks for ---------------------------------------------------------------


def test_a_header_from_a_mapping_or_any_jar() -> None:
    request = prepared(Cookie="old=1", Host="b.test")
    assert cookie_header_of(None, request) is None
    assert cookie_header_of({}, request) is None
    assert cookie_header_of({"a": "1", "n": None, "b": 'x "y"'}, request) == 'a=1; b=x "y"'
    assert cookie_header_of(filled(), request) == 'wide=2; odd="x, y"; host=1'
    plain = merge_cookies(CookieJar(), filled())
    assert set((cookie_header_of(plain, request) or "").split("; ")) == {
        *("wide=2", 'odd="x, y"', "host=1")
    }
    with pytest.raises(TypeError, match="mapping or a jar"):
        cookie_header_of([("a", "b")], request)  # type: ignore[arg-type]
    with pytest.raises(InvalidHeader):
        cookie_header_of({"a": "1\r\nX: y"}, request)


def test_a_jar_of_the_standard_library_keeps_its_own_policy() -> None:
    nothing = CookieJar(DefaultCookiePolicy(allowed_domains=[]))
    merge_cookies(nothing, filled())
    assert cookie_header_of(nothing, prepared()) is None
    nothing.clear()
    store_cookies(nothing, prepared(), responses("a=1")["ours"])
    assert len(nothing) == 0
    plain = CookieJar()
    store_cookies(plain, prepared("http://localhost/"), responses("a=1; Secure")["ours"])
    assert [cookie.domain for cookie in plain] == ["localhost.local"]
    assert cookie_header_of(plain, prepared("https://localhost/")) == "a=1"


def test_a_subclass_may_see_what_is_kept_and_sent() -> None:
    class Forgetful(RequestsCookieJar):
        def set_cookie(self, cookie, *args, **kwargs):
            seen.append(cookie.name)

    class Changing(RequestsCookieJar):
        def extract_cookies(self, response, request):
            seen.append(request.get_full_url())
            super().extract_cookies(response, request)

        def add_cookie_header(self, request):
            request.add_unredirected_header("Cookie", "instead=1")

    seen: list[str] = []
    for jar, expected in [(Forgetful(), None), (Changing(), "instead=1")]:
        store_cookies(jar, prepared(), responses("a=1")["ours"])
        assert cookie_header_of(jar, prepared()) == expected
    assert seen == ["a", URL]
    assert jar == {"a": "1"}


@pytest.mark.safety("P5")
def test_cookies_follow_the_url_and_not_a_host_header() -> None:
    request = prepared("http://a.test/", Host="b.test")
    for jar in (RequestsCookieJar(), CookieJar()):
        store_cookies(jar, request, responses("a=1")["ours"])
        assert cookie_header_of(jar, request) == "a=1"
        assert cookie_header_of(jar, prepared("http://b.test/")) is None
        assert [cookie.domain for cookie in jar] == ["a.test"]


def test_storing_in_a_mapping_does_nothing() -> None:
    kept: dict[str, str | None] = {}
    store_cookies(kept, prepared(), responses("a=1")["ours"])
    store_cookies(None, prepared(), responses("a=1")["ours"])
    assert kept == {}


def asking(jar: object, own: object, dropped: bool = False):
    request = prepared()
    request.jar, request.call_cookies, request.dropped = jar, own, dropped
    return request


@pytest.mark.safety("R2")
@pytest.mark.parametrize(
    ("own", "expected"),
    [
        (None, 'wide=2; odd="x, y"; host=1'),
        ({}, 'wide=2; odd="x, y"; host=1'),
        ({"new": "9"}, 'wide=2; odd="x, y"; host=1; new=9'),
        ({"host": "9"}, 'wide=2; odd="x, y"; host=9'),
        ({"host": "9", "odd": "", "wide": "8"}, "host=9; odd=; wide=8"),
    ],
)
def test_a_cookie_of_the_call_goes_before_those_of_its_name(own: object, expected: str) -> None:
    assert build_cookie_line(asking(filled(), own)) == expected
    if own:
        assert build_cookie_line(asking(None, own)) == "; ".join(
            f"{name}={value}" for name, value in own.items()
        )


def test_without_any_there_is_no_line() -> None:
    assert build_cookie_line(asking(None, None)) is None
    assert build_cookie_line(asking(RequestsCookieJar(), {})) is None


@pytest.mark.safety("M22")
def test_the_cookies_of_the_call_go_before_those_of_the_jar_when_there_is_no_room() -> None:
    jar = RequestsCookieJar()
    jar.store(parse_url(URL), [f"b{number}={'x' * 4000}; Path=/" for number in range(3)])
    jar.store(parse_url(URL), ["id=me; Path=/"])
    line = build_cookie_line(asking(jar, {"own": "y" * 3000}))
    assert line is not None
    assert len(f"Cookie: {line}") <= 8190
    assert line.count("x" * 4000) == 1
    assert line.endswith(f"id=me; own={'y' * 3000}")


@pytest.mark.safety("M22")
@pytest.mark.parametrize(
    ("most", "expected"),
    [
        (len("Cookie: a=1; b=22; own=3"), "a=1; b=22; own=3"),
        (len("Cookie: a=1; b=22; own=3") - 1, "a=1; own=3"),
        (len("Cookie: a=1; own=3"), "a=1; own=3"),
        (len("Cookie: a=1; own=3") - 1, "own=3"),
        (1, "own=3"),
    ],
)
def test_the_line_is_filled_to_its_last_byte(most: int, expected: str) -> None:
    jar = RequestsCookieJar()
    jar.store(parse_url(URL), ["a=1", "b=22"])
    request = asking(jar, {"own": "3"})
    assert build_cookie_line(request) == "a=1; b=22; own=3"
    jar.limits = Limits(cookie_line=most)
    assert build_cookie_line(request) == expected


@pytest.mark.safety("R2")
def test_a_hand_set_cookie_without_a_domain_stays_where_the_caller_has_asked() -> None:
    jar = filled()
    jar["everywhere"] = "1"
    assert build_cookie_line(asking(jar, None)) == 'wide=2; odd="x, y"; host=1; everywhere=1'
    assert build_cookie_line(asking(jar, None, dropped=True)) == 'wide=2; odd="x, y"; host=1'
