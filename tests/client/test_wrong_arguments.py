"""Values of any type in the place of any argument: programming errors are TypeErrors or ValueErrors."""

from __future__ import annotations

import datetime
import decimal
import io
import pathlib

import pytest

import h11client
from h11client._messages.request import PreparedRequest
from h11client.testing import Answer, MockTransport
from tests.client.parameters import shown

URL = "http://a.test/"


class Opaque:
    """Has nothing that anybody could ask for."""


class Falsy:
    def __bool__(self):
        return False


VALUES = [
    *(lambda value=value: value for value in (None, 0, 1, -1, 1.5, True, False, 10**400, 1j, ...)),
    *(lambda value=value: value for value in ("", "x", "\u00e9", "\ud800", "a\r\nb", "\0", b"", b"x")),
    *(lambda value=value: value for value in (float("nan"), float("inf"), (), (1,), (1, 2), (1, 2, 3))),
    *(lambda value=value: value for value in (("a", "b"), (None, None), frozenset("a"), range(3))),
    *(list, lambda: [1], lambda: [None], lambda: ["ab"], lambda: [("a",)], lambda: [[]]),
    *(lambda: [("a", "b")], lambda: [("a", "b", "c")], dict, lambda: {"a": None}),
    *(lambda: {"a": "b"}, lambda: {1: 2}, lambda: {None: None}, lambda: {"a": [[]]}, lambda: {"": ""}),
    *(lambda: {"a": {"b": 1}}, lambda: {b"a": b"\xff"}, lambda: {"\ud800": "\ud800"}),
    *(lambda: {"a": "\r\n"}, lambda: {"a": object()}, lambda: set(), lambda: iter([])),
    *(lambda: iter([1]), lambda: iter([("a", "b")]), lambda: bytearray(b"x"), lambda: memoryview(b"x")),
    *(lambda: io.BytesIO(b"x"), lambda: io.StringIO("x"), lambda: pathlib.Path("x")),
    *(lambda: datetime.date(2020, 1, 2), lambda: decimal.Decimal(1), lambda: slice(1), Opaque, Falsy),
    *(lambda: Exception("x"), lambda: int, lambda: len, lambda: lambda *arguments, **options: 1),
]  # fmt: skip
WRONG = (TypeError, ValueError, h11client.RequestException)

CALL = [
    *("method", "url", "params", "data", "headers", "cookies", "files", "auth", "timeout"),
    *("allow_redirects", "proxies", "hooks", "stream", "verify", "cert", "json", "retries"),
    *("trailers", "on_informational", "on_progress"),
]
SESSION = [
    *("headers", "auth", "cookies", "params", "verify", "cert", "proxies", "hooks", "stream"),
    *("trust_env", "max_redirects", "sensitive_headers", "timeout", "retries", "base_url"),
    *("max_response_size", "on_event"),
]
PARTS = ["method", "url", "headers", "body", "hooks"]


def answer(request):
    if request.path_url == "/":
        return Answer(302, b"moved", {"Location": "/b", "Set-Cookie": "a=1"})
    return 200


def transport():
    return MockTransport(answer)


@pytest.mark.parametrize("name", CALL)
def test_of_a_call(name):
    for value in VALUES:
        session = h11client.Session(transport=transport(), trust_env=False)
        arguments = {"method": "POST", "url": URL, name: value()}
        try:
            assert session.request(**arguments).status_code in (200, 302)
        except WRONG:
            assert name in ("auth", "data", "hooks") or session._transport_.requests == []


@pytest.mark.parametrize("how", ["given", "assigned"])
@pytest.mark.parametrize("name", SESSION)
def test_of_a_session(name, how):
    for value in VALUES:
        try:
            given = {name: value()} if how == "given" else {}
            session = h11client.Session(**{"trust_env": False, "transport": transport(), **given})
            if how == "assigned":
                setattr(session, name, value())
            assert session.get(URL).ok
        except WRONG:
            pass


@pytest.mark.parametrize("wrong", [5, "x", {}, Opaque()], ids=shown)
def test_limits_are_limits(wrong):
    with pytest.raises(TypeError, match="Limits"):
        h11client.Session(limits=wrong)
    with pytest.raises(TypeError, match="Limits"):
        h11client.Session().limits = wrong


@pytest.mark.parametrize("name", PARTS)
def test_of_a_prepared_request(name):
    for value in VALUES:
        session = h11client.Session(transport=transport(), trust_env=False)
        prepared = h11client.Request("POST", URL, data={"a": "b"}).prepare()
        try:
            setattr(prepared, name, value())
            assert session.send(prepared).ok
        except WRONG:
            pass
        assert isinstance(prepared.copy(), PreparedRequest)


@pytest.mark.parametrize("adapter", [None, 5, "x", Opaque()], ids=shown)
def test_what_cannot_send_is_not_mounted(adapter):
    with pytest.raises(TypeError, match="send"):
        h11client.Session().mount("http://", adapter)


@pytest.mark.parametrize("wrong", [None, 1.5, [], Opaque()], ids=shown)
def test_what_a_handler_gives_is_an_answer(wrong):
    with pytest.raises(TypeError, match="Answer"):
        h11client.Session(transport=MockTransport(lambda request: wrong)).get(URL)
    for status in (-1, 0, 199, 1000):
        with pytest.raises(ValueError, match="200 to 999"):
            h11client.Session(transport=MockTransport(lambda request, s=status: s)).get(URL)


def test_attributes_of_a_cookie_may_be_none():
    jar = h11client.cookies.RequestsCookieJar()
    jar.set("a", "1", domain=None, path=None, expires=None, secure=None)
    assert [(cookie.domain, cookie.path, cookie.secure) for cookie in jar] == [("", "/", False)]
