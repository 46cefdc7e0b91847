"""`Request` and `PreparedRequest` as programs written for requests use them."""

from __future__ import annotations

import base64
import inspect
import io
import pickle

import pytest

from h11client._messages.headers import Headers
from h11client._messages.request import PreparedRequest, Request, prepare_request
from h11client.exceptions import InvalidHeader, LocalProtocolError, UnrewindableBodyError
from tests.client.parameters import shown

URL = "http://h:8080/a?b"
FORM = "application/x-www-form-urlencoded"


def wire(request):
    return dict(request.wire_head()[2].raw_items())


def body_of(request):
    return b"".join(request.encoded_body.chunks())


ORDERS = [
    # (method, its positional arguments as requests documents them)
    (Request.__init__, ["method", "url", "headers", "files", "data", "params", "auth", "cookies", "hooks", "json"]),
    (PreparedRequest.prepare, ["method", "url", "headers", "files", "data", "params", "auth", "cookies", "hooks", "json"]),
    (PreparedRequest.prepare_method, ["method"]),
    (PreparedRequest.prepare_url, ["url", "params"]),
    (PreparedRequest.prepare_headers, ["headers"]),
    (PreparedRequest.prepare_body, ["data", "files", "json"]),
    (PreparedRequest.prepare_content_length, ["body"]),
    (PreparedRequest.prepare_auth, ["auth", "url"]),
    (PreparedRequest.prepare_cookies, ["cookies"]),
    (PreparedRequest.prepare_hooks, ["hooks"]),
]  # fmt: skip


@pytest.mark.parametrize(("method", "names"), ORDERS, ids=[row[0].__qualname__ for row in ORDERS])
def test_positional_arguments_have_the_order_of_requests(method, names):
    parameters = inspect.signature(method).parameters.values()
    positional = [one.name for one in parameters if one.kind is one.POSITIONAL_OR_KEYWORD]
    assert positional == ["self", *names]


def test_a_request_that_says_nothing_has_empty_parts_to_fill():
    request = Request()
    assert (request.method, request.url, request.auth, request.cookies, request.json) == (None,) * 5
    assert (request.headers, request.params, request.data, request.files) == ({}, {}, [], [])
    request.method, request.url = "PUT", URL
    request.headers["X-Id"] = "7"
    request.params["q"] = "1"
    request.data = {"c": "d"}
    request.register_hook("response", len)
    prepared = request.prepare()
    assert (prepared.method, prepared.url) == ("PUT", URL + "&q=1")
    assert (prepared.headers["X-Id"], prepared.body) == ("7", "c=d")
    assert prepared.hooks == {"response": [len]}
    assert request.deregister_hook("response", len)
    assert prepared.hooks == {"response": [len]}


# --- bodies ---------------------------------------------------------------------------------------


def at(offset, content):
    file = io.BytesIO(content)
    file.seek(offset)
    return file


BODIES = [
    # (id, arguments, the bytes, Content-Type, Content-Length or None for chunks)
    ("nothing", {}, b"", None, "0"),
    ("an empty text", {"data": ""}, b"", None, "0"),
    ("empty bytes", {"data": b""}, b"", None, "0"),
    ("an empty dict", {"data": {}}, b"", None, "0"),
    ("an empty list", {"data": []}, b"", None, "0"),
    ("no files", {"files": {}}, b"", None, "0"),
    ("empty everything", {"files": [], "data": {}, "json": None}, b"", None, "0"),
    ("text", {"data": "é"}, "é".encode(), None, "2"),
    ("a form", {"data": {"a": [1, "é"], "b": None, "c": b"&"}}, b"a=1&a=%C3%A9&c=%26", FORM, "18"),
    ("pairs", {"data": [("a", 1), ("a", ("x", "y"))]}, b"a=1&a=x&a=y", FORM, "11"),
    ("json", {"json": {"a": "é"}}, b'{"a": "\\u00e9"}', "application/json", "15"),
    ("an empty object", {"json": {}}, b"{}", "application/json", "2"),
    ("an empty array", {"json": []}, b"[]", "application/json", "2"),
    ("zero", {"json": 0}, b"0", "application/json", "1"),
    ("false", {"json": False}, b"false", "application/json", "5"),
    ("data before json", {"data": "x", "json": {}}, b"x", None, "1"),
    ("json when data is empty", {"data": {}, "json": {}}, b"{}", "application/json", "2"),
    ("a form when files are empty", {"data": {"a": 1}, "files": {}}, b"a=1", FORM, "3"),
    ("a file from its offset", {"data": at(2, b"abcd")}, b"cd", None, "2"),
    ("an empty file", {"data": io.BytesIO()}, b"", None, "0"),
    ("a file before json", {"data": at(0, b"a"), "json": {}}, b"a", None, "1"),
]  # fmt: skip


@pytest.mark.safety("2b3")
@pytest.mark.parametrize(
    ("arguments", "content", "content_type", "length"),
    [row[1:] for row in BODIES],
    ids=[row[0] for row in BODIES],
)
def test_what_becomes_of_data_json_and_files(arguments, content, content_type, length):
    prepared = Request("POST", URL, **arguments).prepare()
    again = prepare_request("POST", URL, Headers(), **arguments)
    for request in (prepared, again):
        assert body_of(request) == content
        request.encoded_body.rewind()
        assert request.headers.get("Content-Type") == content_type
        assert request.headers.get("Content-Length") == length
        assert wire(request)[b"Content-Length"] == length.encode()


def test_an_iterator_goes_in_chunks_or_has_the_length_that_the_caller_says():
    prepared = Request("POST", URL, data=iter([b"ab", b"c"])).prepare()
    assert prepared.headers == {"Transfer-Encoding": "chunked"}
    prepared = Request("POST", URL, {"Content-Length": "3"}, data=iter([b"ab", b"c"])).prepare()
    assert prepared.headers == {"Content-Length": "3"}
    assert wire(prepared) == {b"Host": b"h:8080", b"Content-Length": b"3"}


def test_files_and_fields_become_one_form():
    prepared = Request("POST", URL, files={"f": ("n", b"x")}, data={"a": "1"}, json={}).prepare()
    kind, _, boundary = prepared.headers["Content-Type"].partition("; boundary=")
    assert kind == "multipart/form-data"
    assert prepared.body.count(boundary.encode()) == 3
    assert prepared.headers["Content-Length"] == str(len(prepared.body))
    assert b'name="f"; filename="n"\r\n\r\nx\r\n' in prepared.body
    own = prepare_request("POST", URL, headers={"content-type": "a/b"}, files={"f": b"x"})
    assert own.headers["Content-Type"] == "a/b"


@pytest.mark.safety("R9")
def test_the_body_of_a_form_with_files_can_be_shown_read_and_set_again(tmp_path):
    (tmp_path / "n").write_bytes(b"0123456789")
    with (tmp_path / "n").open("rb") as file:
        file.seek(5)
        prepared = Request("POST", URL, files={"f": file}).prepare()
        copied, headers = prepared.copy(), dict(prepared.headers)
        content = prepared.body.read()
        assert content.count(b"56789\r\n") == 1
        prepared.body = prepared.body
        assert prepared.headers == headers
        for request in (prepared, copied, prepared):
            assert body_of(request) == content
        made = pickle.loads(pickle.dumps(prepared))
    assert made.headers == headers
    with pytest.raises(UnrewindableBodyError):
        made.encoded_body.rewind()


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE", "OPTIONS", "get"])
def test_a_body_is_sent_with_any_method_that_may_have_one(method):
    prepared = Request(method, URL, files={"f": b"x"}).prepare()
    assert prepared.headers["Content-Length"] == str(len(prepared.body))
    assert "Content-Length" not in Request(method, URL).prepare().headers
    with pytest.raises(LocalProtocolError):
        Request("TRACE", URL, files={"f": b"x"}).prepare().wire_head()


def test_a_length_can_be_set_again():
    prepared = Request("POST", URL, data=b"abc").prepare()
    prepared.body = b"abcde"
    prepared.prepare_content_length(prepared.body)
    assert prepared.headers["Content-Length"] == "5"
    prepared.prepare_body({"a": 1}, None)
    assert (prepared.body, prepared.headers["Content-Length"]) == ("a=1", "3")
    prepared.prepare_body(None, {"f": b"x"})
    assert prepared.headers["Content-Length"] == str(len(prepared.body))


# --- headers --------------------------------------------------------------------------------------


class Text(str):
    """Text that would be something else when asked a second time."""

    def __str__(self):
        return "1\r\nX-Evil: 1"

    def encode(self, *arguments):
        return b"1\r\nX-Evil: 1"


def test_a_value_is_the_text_that_it_is():
    prepared = Request("GET", URL, {"X-A": Text("1"), b"X-B": b"2", "X-C": "\xe9"}).prepare()
    assert wire(prepared) == {b"Host": b"h:8080", b"X-A": b"1", b"X-B": b"2", b"X-C": b"\xe9"}


@pytest.mark.safety("I5", "M23")
@pytest.mark.parametrize(
    "headers",
    [{"X-A": "a\r\nb"}, {"X-A": "a\0"}, {"X A": "a"}, {"": "a"}, {"X-A": " a"}],
    ids=shown,
)
def test_a_header_that_cannot_be_sent_is_noticed_at_once(headers):
    with pytest.raises(InvalidHeader):
        Request("GET", URL, headers).prepare()


@pytest.mark.safety("I5", "M23")
@pytest.mark.parametrize("value", [1, 1.5, True, ["1"], {"a": "b"}, object()], ids=shown)
def test_a_value_that_is_no_text_is_refused_as_in_requests(value):
    for prepare in (
        lambda: Request("GET", URL, {"X-A": value}).prepare(),
        lambda: prepare_request("GET", URL, headers={"X-A": value}),
    ):
        with pytest.raises(InvalidHeader, match="X-A"):
            prepare()


# --- auth and cookies -----------------------------------------------------------------------------


def basic(user, password):
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


@pytest.mark.safety("2l4", "R18")
def test_a_password_in_the_url_is_sent_unless_something_else_is():
    url = "http://us%3Aer:pa%4055@h/"
    with pytest.raises((InvalidHeader, ValueError)):  # RFC 7617: no colon in a user name
        Request("GET", url).prepare()
    url = "http://user:pa%4055@h/"
    prepared = Request("GET", url).prepare()
    assert prepared.headers["Authorization"] == basic("user", "pa@55")
    assert prepared.url == "http://h/"
    assert "pa@55" not in repr(prepared) + repr(prepared.headers) + repr(prepared.parsed_url)
    prepared = Request("GET", url, auth=("me", "x")).prepare()
    assert prepared.headers["Authorization"] == basic("me", "x")
    prepared = Request("GET", url, {"authorization": "mine"}).prepare()
    assert prepared.headers["Authorization"] == "mine"


def signs_a_copy(request):
    made = request.copy()
    made.headers["X-Signature"] = str(len(made.body))
    made.body = b"another body"
    made.register_hook("response", len)
    made.note = "kept"
    return made


def signs_in_place(request):
    request.headers["X-Signature"] = str(len(request.body))
    request.body = b"another body"
    request.register_hook("response", len)
    request.note = "kept"
    return request


def says_nothing(request):
    signs_in_place(request)


@pytest.mark.parametrize("auth", [signs_a_copy, signs_in_place, says_nothing])
def test_what_a_callable_for_auth_changes_counts(auth):
    prepared = Request("POST", URL, data=b"body", auth=auth).prepare()
    assert prepared.headers["X-Signature"] == "4"
    assert prepared.headers["Content-Length"] == "12"
    assert body_of(prepared) == b"another body"
    assert prepared.hooks == {"response": [len]}
    assert prepared.note == "kept"
    assert prepared.auth is auth


@pytest.mark.safety("I5", "I8")
@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\0", " a", "a ", "\u20ac"], ids=ascii)
def test_what_a_callable_puts_into_the_headers_is_checked_too(value):
    def auth(request):
        request.headers["Authorization"] = value
        return request

    prepared = Request("GET", URL, auth=auth).prepare()
    with pytest.raises(InvalidHeader, match="Authorization"):
        prepared.wire_head()


def test_a_callable_has_to_return_a_request():
    with pytest.raises(TypeError, match="int"):
        Request("GET", URL, auth=lambda request: 5).prepare()


def test_cookies_become_a_header_unless_there_is_one():
    prepared = Request("GET", URL, cookies={"a": "1", "b": "2"}).prepare()
    assert prepared.headers["Cookie"] == "a=1; b=2"
    assert dict(prepared._cookies) == {"a": "1", "b": "2"}
    prepared = Request("GET", URL, {"Cookie": "x=y"}, cookies={"a": "1"}).prepare()
    assert prepared.headers["Cookie"] == "x=y"
    assert dict(PreparedRequest()._cookies) == {}


def test_a_scheme_that_answers_from_a_hook_adds_cookies_of_the_response():
    first = Request("GET", URL, cookies={"a": "1", "b": "2"}).prepare()
    again = first.copy()
    again._cookies.set("b", "3")  # what is done with a Set-Cookie
    again._cookies.set("c", "4")
    again.prepare_cookies(again._cookies)
    assert sorted(again.headers["Cookie"].split("; ")) == ["a=1", "b=3", "c=4"]
    assert first.headers["Cookie"] == "a=1; b=2"
    again._cookies = {"d": "5"}
    again.prepare_cookies(again._cookies)
    assert again.headers["Cookie"] == "d=5"


# --- hooks ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("hooks", [None, {}, {"response": None}, {"response": []}])
def test_no_hooks_are_no_hooks(hooks):
    assert Request("GET", URL, hooks=hooks).prepare().hooks == {"response": []}


def test_hooks_are_functions_for_an_event_that_there_is():
    for hooks, error in [({"respond": len}, ValueError), (len, TypeError), ({"response": [5]}, TypeError)]:  # fmt: skip
        with pytest.raises(error):
            Request("GET", URL, hooks=hooks)
    with pytest.raises(ValueError, match="respond"):
        PreparedRequest().register_hook("respond", len)
