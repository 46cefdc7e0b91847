"""The schemes as objects: what they take, what they put into a request, what they show."""

from __future__ import annotations

import copy
import pickle

import pytest

from h11client import PreparedRequest, Request
from h11client.auth import (
    AuthBase,
    HTTPBasicAuth,
    HTTPBearerAuth,
    HTTPDigestAuth,
    HTTPProxyAuth,
    _basic_auth_str,
    basic_credentials,
    resolve_auth,
)

SCHEMES = [HTTPBasicAuth, HTTPProxyAuth, HTTPDigestAuth]


def prepared() -> PreparedRequest:
    return Request("GET", "http://example.com/").prepare()


def test_basic_credentials_are_those_of_the_rfc() -> None:
    assert basic_credentials("Aladdin", "open sesame") == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="
    assert basic_credentials("test", "123£") == "Basic dGVzdDoxMjPCow=="  # RFC 7617 section 2.1
    assert basic_credentials(b"test", b"123\xa3") == "Basic dGVzdDoxMjOj"
    assert _basic_auth_str("test", "123£") == "Basic dGVzdDoxMjPCow=="


@pytest.mark.safety("2l1")
def test_the_encoding_of_text_can_be_chosen() -> None:
    assert HTTPBasicAuth("test", "123£", encoding="latin-1").credentials() == "Basic dGVzdDoxMjOj"
    same = HTTPBasicAuth(b"test", b"123\xa3", encoding="latin-1")
    assert same == HTTPBasicAuth("test", "123£", encoding="latin-1")


@pytest.mark.safety("2l1")
def test_an_empty_password_keeps_the_colon() -> None:
    assert basic_credentials("a", "") == "Basic YTo="


@pytest.mark.safety("2l1", "I8")
@pytest.mark.parametrize(
    ("username", "password"),
    [
        ("a:b", "c"),
        ("a\n", "c"),
        ("a", "c\r\nX: y"),
        ("a", "\x00"),
        (b"a:", b""),
        ("a\x7f", "c"),
        ("a", "\udc80"),
    ],
)
@pytest.mark.parametrize("make", [basic_credentials, *SCHEMES])
def test_names_with_a_colon_and_control_characters_are_refused_without_being_shown(
    make: type, username: str, password: str
) -> None:
    with pytest.raises(ValueError) as caught:
        make(username, password)
    assert repr(password) not in str(caught.value)


@pytest.mark.safety("R18")
def test_the_error_about_a_character_keeps_no_password() -> None:
    with pytest.raises(ValueError, match="latin-1") as caught:
        HTTPBasicAuth("a", "secret\u20ac", encoding="latin-1")
    assert caught.value.__context__ is None  # the codec's error would hold the whole text
    assert not isinstance(caught.value, UnicodeError)


@pytest.mark.parametrize("make", SCHEMES)
def test_what_was_assigned_is_checked_when_it_is_used(make: type[HTTPBasicAuth]) -> None:
    auth = make("a", "b")
    auth.username = "c:d"
    with pytest.raises(ValueError, match="no colon"):
        auth.user_password()


@pytest.mark.parametrize("make", SCHEMES)
def test_credentials_are_values(make: type[HTTPBasicAuth]) -> None:
    assert make("a", "b") == make(b"a", b"b")
    assert hash(make("a", "b")) == hash(make(b"a", b"b"))
    assert make("a", "b") != make("a", "B")
    assert make("a", "b") != ("a", "b")
    changed = make("a", "b")
    changed.password = "B"
    assert changed == make("a", "B")
    with pytest.raises(TypeError):
        make("a", None)  # type: ignore[arg-type]  # what is tested


def test_schemes_with_equal_credentials_are_not_equal() -> None:
    found = [make("a", "b") for make in SCHEMES]
    assert [[one == other for other in found] for one in found] == [
        [True, False, False],
        [False, True, False],
        [False, False, True],
    ]


@pytest.mark.safety("R18")
@pytest.mark.parametrize(
    "auth", [*(make("user", "secret") for make in SCHEMES), HTTPBearerAuth("secret")], ids=repr
)
def test_no_scheme_shows_its_secret(auth: AuthBase) -> None:
    assert "secret" not in repr(auth)
    assert "secret" not in str(auth)
    assert "***" in repr(auth)


@pytest.mark.parametrize(
    ("auth", "header", "value"),
    [
        (HTTPBasicAuth("Aladdin", "open sesame"), "Authorization", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),
        (HTTPProxyAuth("Aladdin", "open sesame"), "Proxy-Authorization", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),
        (HTTPBearerAuth("mF_9.B5f-4.1JqM"), "Authorization", "Bearer mF_9.B5f-4.1JqM"),
        (HTTPBearerAuth(lambda: "1|abc"), "Authorization", "Bearer 1|abc"),
    ],
    ids=["basic", "proxy", "bearer", "function"],
)  # fmt: skip
def test_a_scheme_sets_its_header(auth: AuthBase, header: str, value: str) -> None:
    request = prepared()
    assert auth(request) is request
    assert request.headers == {header: value}


def test_the_function_of_a_bearer_is_asked_for_each_request() -> None:
    tokens = iter(["first", "second"])
    auth = HTTPBearerAuth(lambda: next(tokens))
    assert [auth(prepared()).headers["Authorization"] for _ in range(2)] == [
        "Bearer first",
        "Bearer second",
    ]


@pytest.mark.safety("I8", "R18")
@pytest.mark.parametrize(
    "token",
    ["", "secret secret", " secret", "secret\n", "a\r\nX: y", "\x00", "caf\u00e9", "a\u010a"],
)
def test_a_token_that_cannot_be_sent_is_refused_without_being_shown(token: str) -> None:
    with pytest.raises(ValueError) as caught:
        HTTPBearerAuth(token)
    assert not token or token not in str(caught.value)
    with pytest.raises(ValueError):
        HTTPBearerAuth(lambda: token)(prepared())


def test_a_token_is_text() -> None:
    with pytest.raises(TypeError):
        HTTPBearerAuth(b"token")  # type: ignore[arg-type]  # what is tested
    with pytest.raises(TypeError):
        HTTPBearerAuth(lambda: None)(prepared())  # type: ignore[arg-type, return-value]  # what is tested


def test_bearers_of_the_same_token_are_equal() -> None:
    assert HTTPBearerAuth("a") == HTTPBearerAuth("a")
    assert hash(HTTPBearerAuth("a")) == hash(HTTPBearerAuth("a"))
    assert HTTPBearerAuth("a") != HTTPBearerAuth("b")
    assert HTTPBearerAuth("a") != "a"


@pytest.mark.parametrize("make", SCHEMES)
def test_schemes_can_be_copied_and_pickled(make: type[HTTPBasicAuth]) -> None:
    auth = make("a", "b\u20ac", encoding="utf-8")
    for copied in (copy.copy(auth), copy.deepcopy(auth), pickle.loads(pickle.dumps(auth))):
        assert copied == auth
        assert copied is not auth


def test_what_digest_was_asked_stays_in_its_process() -> None:
    auth = HTTPDigestAuth("a", "b")
    auth._session_of("somewhere")
    copied = pickle.loads(pickle.dumps(auth))
    assert len(auth._sessions) == 1
    assert len(copied._sessions) == 0


def call(request: PreparedRequest) -> PreparedRequest:
    return request


class Flowing:
    def auth_flow(self, request: PreparedRequest) -> object:
        return iter([request])


@pytest.mark.parametrize("auth", [call, Flowing(), HTTPBearerAuth("a"), HTTPDigestAuth("a", "b")])
def test_what_is_a_scheme_is_taken_as_it_is(auth: object) -> None:
    assert resolve_auth(auth) is auth


@pytest.mark.parametrize("auth", [("a", "b"), ["a", "b"], (b"a", b"b")], ids=["pair", "list", "bytes"])  # fmt: skip
def test_a_pair_is_for_basic(auth: object) -> None:
    assert resolve_auth(auth) == HTTPBasicAuth("a", "b")


@pytest.mark.parametrize(
    ("auth", "error"),
    [
        (("a",), ValueError),
        (("a", "b", "c"), ValueError),
        ((), ValueError),
        (("a:b", "c"), ValueError),
        ((1, "b"), TypeError),
        ("a:b", TypeError),
        (b"a:b", TypeError),
        (7, TypeError),
    ],
)
def test_anything_else_is_refused_without_being_shown(auth: object, error: type) -> None:
    with pytest.raises(error) as caught:
        resolve_auth(auth)
    assert "a:b" not in str(caught.value)


def test_a_scheme_of_ones_own_needs_one_of_two_methods() -> None:
    class WithFlow(AuthBase):
        auth_flow = Flowing.auth_flow

    class Neither(AuthBase):
        pass

    request = prepared()
    assert WithFlow()(request) is request
    with pytest.raises(NotImplementedError, match="Neither"):
        Neither()(request)
    assert AuthBase.connection_bound is False
