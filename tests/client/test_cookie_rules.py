"""h11client/_policies/cookie_rules.py: the tables of RFC 6265 and 6265bis."""

from __future__ import annotations

import pytest

from h11client._policies.cookie_rules import (
    candidate_domains,
    check_own_cookie,
    default_path,
    domain_of,
    domains_meet,
    path_matches,
    prefix_allows,
)
from h11client.exceptions import InvalidHeader


@pytest.mark.safety("C2", "2k1")
@pytest.mark.parametrize(
    ("host", "attribute", "expected"),
    [
        # without a Domain, and with an empty one: that host alone
        ("www.a.test", None, "www.a.test"),
        ("www.a.test", "", "www.a.test"),
        ("localhost", None, "localhost"),
        ("127.0.0.1", None, "127.0.0.1"),
        # the host itself, and what is above it
        ("www.a.test", "www.a.test", ".www.a.test"),
        ("www.a.test", "a.test", ".a.test"),
        ("a.b.c.d.test", "d.test", ".d.test"),
        ("xn--bcher-kva.a.test", "xn--bcher-kva.a.test", ".xn--bcher-kva.a.test"),
        # what is below it, beside it, or only looks like it
        ("a.test", "www.a.test", None),
        ("www.a.test", "ftp.a.test", None),
        ("bada.test", "a.test", None),
        ("a.test", "ba.test", None),
        ("www.a.test", ".a.test", None),  # there were two dots
        ("www.a.test", "a.test.", None),
        ("www.a.test", "www.a.test.", None),
        ("www.a.test", "*.a.test", None),
        ("www.a.test", "a.test:80", None),
        ("www.a.test", "http://a.test", None),
        ("www.a.test", " a.test", None),
        ("www.xn--bcher-kva.test", "b\xc3\xbccher.test", None),
        # a single label is never for all below it
        ("a.test", "test", None),
        ("www.a.test", "test", None),
        ("com", "com", "com"),
        ("localhost", "localhost", "localhost"),
        ("x.localhost", "localhost", None),
        # second levels of countries that anybody registers names below
        ("shop.co.uk", "co.uk", None),
        ("shop.co.uk", "shop.co.uk", ".shop.co.uk"),
        ("www.shop.co.uk", "shop.co.uk", ".shop.co.uk"),
        ("shop.com.au", "com.au", None),
        ("x.go.jp", "go.jp", None),
        ("co.uk", "co.uk", "co.uk"),
        ("www.co.test", "co.test", ".co.test"),
        ("www.go.com", "go.com", ".go.com"),
        ("www.t.co", "t.co", ".t.co"),
        # addresses: themselves or nothing
        ("127.0.0.1", "127.0.0.1", "127.0.0.1"),
        ("127.0.0.1", "0.0.1", None),
        ("127.0.0.1", "1", None),
        ("1.2.3.4", "3.4", None),
        ("::1", "::1", "::1"),
        ("::1", "[::1]", None),
        ("::ffff:1.2.3.4", "2.3.4", None),
        ("fe80::1%eth0.1", "1", None),
    ],
)
def test_the_domain_of_a_cookie(host: str, attribute: str | None, expected: str | None) -> None:
    assert domain_of(host, attribute) == expected


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("a.b.test", ("a.b.test", ".a.b.test", "b.test", ".b.test", "test", ".test", "")),
        ("localhost", ("localhost", ".localhost", "")),
        ("10.0.0.1", ("10.0.0.1", ".10.0.0.1", "")),
        ("::1", ("::1", ".::1", "")),
    ],
)
def test_where_the_cookies_of_a_host_can_be(host: str, expected: tuple[str, ...]) -> None:
    assert candidate_domains(host) == expected


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("a.test", "a.test", True),
        (".a.test", "a.test", True),
        ("www.a.test", ".a.test", True),
        (".a.test", "www.a.test", True),
        ("bada.test", "a.test", False),
        ("a.test", "bada.test", False),
        ("a.test", "b.test", False),
        ("", "a.test", True),
        ("a.test", "", True),
    ],
)
def test_domains_that_meet(one: str, other: str, expected: bool) -> None:
    assert domains_meet(one, other) is expected


@pytest.mark.safety("C3", "2k1")
@pytest.mark.parametrize(
    ("path", "cookie_path", "expected"),
    [
        ("/", "/", True),
        ("/any", "/", True),
        ("/any", "/any", True),
        ("/any/", "/any", True),
        ("/any/where", "/any", True),
        ("/any/where", "/any/", True),
        ("/any", "/any/", False),
        ("/anybad", "/any", False),
        ("/any%2Fbad", "/any", False),
        ("/an", "/any", False),
        ("/", "/any", False),
        ("/Any", "/any", False),
        ("/other", "/any", False),
        ("//", "/", True),
        ("/a//b", "/a/", True),
        ("/a/../b", "/b", False),
        ("/any", "", True),  # of hand-made cookies
        ("/any", "any", False),
    ],
)
def test_paths_that_match(path: str, cookie_path: str, expected: bool) -> None:
    assert path_matches(path, cookie_path) is expected


@pytest.mark.safety("2k1")
@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/", "/"),
        ("/a", "/"),
        ("/a/", "/a"),
        ("/a/b", "/a"),
        ("/a/b/c.html", "/a/b"),
        ("//", "/"),
        ("//a", "/"),
    ],
)
def test_default_paths(path: str, expected: str) -> None:
    assert default_path(path) == expected


@pytest.mark.safety("2k4")
@pytest.mark.parametrize(
    ("name", "value", "secure", "host_only", "at_root", "expected"),
    [
        ("a", "__Host-", False, False, False, True),
        ("__Secure", "x", False, False, False, True),
        ("__Secure-a", "x", True, False, False, True),
        ("__Secure-a", "x", False, True, True, False),
        ("__SECURE-a", "x", False, True, True, False),
        ("__secure-", "x", False, True, True, False),
        ("__Host-a", "x", True, True, True, True),
        ("__Host-a", "x", False, True, True, False),
        ("__Host-a", "x", True, False, True, False),
        ("__Host-a", "x", True, True, False, False),
        ("__hOST-a", "x", True, True, False, False),
        ("", "__Host-a", True, True, True, False),
        ("", "__secure-a", True, True, True, False),
        ("", "x", False, False, False, True),
    ],
)
def test_what_the_prefix_of_a_name_promises(
    name: str, value: str, secure: bool, host_only: bool, at_root: bool, expected: bool
) -> None:
    assert prefix_allows(name, value, secure, host_only, at_root) is expected


@pytest.mark.safety("C5", "I5", "R18")
@pytest.mark.parametrize(
    ("name", "value"),
    [
        *[("a", f"x{chr(code)}y") for code in [*range(32), 127]],
        *[(f"a{chr(code)}", "x") for code in [*range(32), 127]],
        ("a", "x;y"),
        ("a", "x,y"),
        ("a;b", "x"),
        ("a,b", "x"),
        ("a=b", "x"),
        ("a", " x"),
        ("a", "x "),
        (" a", "x"),
        ("a", "x\u0141y"),
        ("\u0141", "a"),
        ("", ""),
        ("", None),
    ],
)
def test_what_would_arrive_as_something_else_is_refused_and_not_shown(
    name: str, value: str | None
) -> None:
    with pytest.raises(InvalidHeader) as caught:
        check_own_cookie(name, value)
    if value and name == "a":
        assert value not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("a", "b"),
        ("a", ""),
        ("a", None),
        ("", "b"),
        ("a b", '"x y" \\=()<>@:/[]?{}'),
        ("\xe9", "\xff"),
    ],
)
def test_what_can_be_sent_is_taken(name: str, value: str | None) -> None:
    check_own_cookie(name, value)


def test_what_a_server_may_have_said_has_fewer_rules() -> None:
    check_own_cookie("a,b", "x,y\tz", from_server=True)
    for value in ("x;y", "x\ny", "x\x7f"):
        with pytest.raises(InvalidHeader):
            check_own_cookie("a", value, from_server=True)
    with pytest.raises(InvalidHeader, match="more than 4 bytes"):
        check_own_cookie("ab", "cde", 4)


@pytest.mark.parametrize(("name", "value"), [(1, "x"), (b"a", "x"), ("a", 1), ("a", b"x")])
def test_what_is_no_text_is_a_type_error(name: object, value: object) -> None:
    with pytest.raises(TypeError):
        check_own_cookie(name, value)  # type: ignore[arg-type]
