"""`Request` and `PreparedRequest`: requests' objects, and exactly what goes out."""

from __future__ import annotations

import copy
import enum
import gc
import io
import pickle
from email.message import Message

import pytest

from h11client._engine import h11
from h11client._messages import heads
from h11client._messages.body import NO_BODY
from h11client._messages.headers import Headers
from h11client._messages.request import PreparedRequest, Request, prepare_request
from h11client._messages.url import parse_url
from h11client.exceptions import (
    InvalidHeader,
    InvalidSchema,
    InvalidURL,
    LocalProtocolError,
    MissingSchema,
    RequestException,
    URLRequired,
)

URL = "http://h:8080/a?b"
HOST = (b"Host", b"h:8080")
DEFAULTS = [("User-Agent", "me"), ("Accept", "*/*")]


def defaults() -> Headers:
    return Headers(DEFAULTS)


def wire(request: PreparedRequest) -> list[tuple[bytes, bytes]]:
    return request.wire_head()[2].raw_items()


# --- what requests' users know --------------------------------------------------------------------


def test_a_request_is_prepared_as_in_requests():
    request = Request(
        "post", "http://h/a", params={"q": 1}, headers={"X-Id": "7", "Gone": None}, data={"a": "b"}
    )
    assert repr(request) == "<Request [post]>"
    prepared = request.prepare()
    assert repr(prepared) == "<PreparedRequest [POST]>"
    assert prepared.method == "POST"
    assert prepared.url == "http://h/a?q=1"
    assert prepared.path_url == "/a?q=1"
    assert prepared.body == "a=b"
    assert prepared.hooks == {"response": []}
    assert prepared.headers == {
        "X-Id": "7",
        "Content-Type": "application/x-www-form-urlencoded",
        "Content-Length": "3",
    }
    assert prepared.encoded_body.bytes == b"a=b"
    assert prepared.parsed_url is parse_url(prepared.url) or prepared.parsed_url == parse_url(
        prepared.url
    )


SHOWN = [
    ("nothing", {}, None, {}),
    ("bytes", {"data": b"a"}, b"a", {"Content-Length": "1"}),
    ("text", {"data": "é"}, "é", {"Content-Length": "2"}),
    ("json", {"json": {"a": 1}}, b'{"a": 1}', {"Content-Type": "application/json", "Content-Length": "8"}),
    ("json with a type of its own", {"json": 1, "headers": {"Content-Type": "a/b"}}, b"1", {"Content-Type": "a/b", "Content-Length": "1"}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "body", "headers"), [row[1:] for row in SHOWN], ids=[row[0] for row in SHOWN]
)
def test_body_and_headers_that_follow_from_it_are_shown(arguments, body, headers):
    prepared = Request("GET", URL, **arguments).prepare()
    assert prepared.body == body
    assert prepared.headers == headers
    again = prepare_request("GET", URL, Headers(), **arguments)
    assert again.body == body
    assert again.headers == headers


def test_files_and_iterators_are_shown_as_they_are():
    file, iterator = io.BytesIO(b"abc"), iter([b"a"])
    assert Request("PUT", URL, data=file).prepare().body is file
    prepared = Request("PUT", URL, data=iterator).prepare()
    assert prepared.body is iterator
    assert prepared.headers == {"Transfer-Encoding": "chunked"}


@pytest.mark.parametrize(
    ("url", "error"),
    [
        (None, MissingSchema),
        ("", MissingSchema),
        ("h/a", MissingSchema),
        ("ftp://h/", InvalidSchema),
        ("http://", InvalidURL),
        ("http://h/\r\n", InvalidURL),
        (5, MissingSchema),
    ],
)
def test_a_wrong_url_is_said_at_once(url, error):
    for prepare in (
        lambda: Request("GET", url).prepare(),
        lambda: prepare_request("GET", url),
        lambda: prepare_request("GET", url, params={"a": "b"}),
        lambda: setattr(PreparedRequest(), "url", url),
    ):
        with pytest.raises(RequestException) as caught:
            prepare()
        assert type(caught.value) is error


def test_urls_of_other_libraries_are_used_by_their_text():
    class Text:
        def __str__(self):
            return URL

    assert prepare_request("GET", Text()).url == URL
    assert prepare_request(b"get", URL.encode()).url == URL
    assert prepare_request("GET", parse_url(URL)).url == URL


class Method(str, enum.Enum):
    GET = "GET"
    POST = "POST"


@pytest.mark.parametrize("method", Method, ids=repr)
def test_a_method_that_is_a_member_of_an_enum_is_its_text(method):
    assert str(method) != method.value
    for request in (prepare_request(method, URL), Request(method, URL).prepare()):
        assert (request.method, type(request.method)) == (method.value, str)
        assert request.wire_head()[0] == method.value.encode()


def test_a_request_without_url_or_method_cannot_be_sent():
    prepared = PreparedRequest()
    assert prepared.url is None and prepared.method is None and prepared.body is None
    with pytest.raises(URLRequired):
        prepared.wire_head()
    prepared.url = URL
    with pytest.raises(LocalProtocolError):
        prepared.wire_head()
    prepared.method = "GET"
    assert prepared.wire_head()[:2] == (b"GET", b"/a?b")


# --- what goes out --------------------------------------------------------------------------------


def message(*fields):
    made = Message()
    for name, value in fields:
        made[name] = value
    return made


SENT = [
    # (id, method, arguments, what follows Host)
    ("plain", "GET", {}, [(b"User-Agent", b"me"), (b"Accept", b"*/*")]),
    ("small letters", "get", {}, [(b"User-Agent", b"me"), (b"Accept", b"*/*")]),
    ("a header more", "GET", {"headers": {"X-Id": "7"}}, [(b"User-Agent", b"me"), (b"Accept", b"*/*"), (b"X-Id", b"7")]),
    ("in another's place", "GET", {"headers": {"user-agent": "you"}}, [(b"user-agent", b"you"), (b"Accept", b"*/*")]),
    ("None removes", "GET", {"headers": {"User-Agent": None}}, [(b"Accept", b"*/*")]),
    ("all removed", "GET", {"headers": {"User-Agent": None, "ACCEPT": None}}, []),
    ("twice", "GET", {"headers": [("X", "1"), ("x", "2")]}, [(b"User-Agent", b"me"), (b"Accept", b"*/*"), (b"X", b"1"), (b"x", b"2")]),
    ("twice in a dict", "GET", {"headers": {"X": "1", "Y": "2", "x": "3"}}, [(b"User-Agent", b"me"), (b"Accept", b"*/*"), (b"x", b"3"), (b"Y", b"2")]),
    ("and then None", "GET", {"headers": {"X": "1", "x": None}}, [(b"User-Agent", b"me"), (b"Accept", b"*/*")]),
    ("a message of email", "GET", {"headers": message(("X", "1"), ("x", "2"))}, [(b"User-Agent", b"me"), (b"Accept", b"*/*"), (b"X", b"1"), (b"x", b"2")]),
    ("no headers of its own", "GET", {"headers": {}}, [(b"User-Agent", b"me"), (b"Accept", b"*/*")]),
    ("a body", "POST", {"data": b"abc"}, [(b"User-Agent", b"me"), (b"Accept", b"*/*"), (b"Content-Length", b"3")]),
    ("no body", "POST", {}, [(b"User-Agent", b"me"), (b"Accept", b"*/*"), (b"Content-Length", b"0")]),
    ("chunks", "PUT", {"data": iter([b"a"])}, [(b"User-Agent", b"me"), (b"Accept", b"*/*"), (b"Transfer-Encoding", b"chunked")]),
    ("another Host", "GET", {"headers": {"host": "x"}}, [(b"User-Agent", b"me"), (b"Accept", b"*/*")]),
]  # fmt: skip


@pytest.mark.safety("2b1", "2b3")
@pytest.mark.parametrize(
    ("method", "arguments", "follow"), [row[1:] for row in SENT], ids=[row[0] for row in SENT]
)
def test_what_a_session_sends(method, arguments, follow):
    prepared = prepare_request(method, URL, defaults(), **arguments)
    host = (b"host", b"x") if "host" in arguments.get("headers", {}) else HOST
    assert wire(prepared) == [host, *follow]
    assert prepared.wire_head()[:2] == (method.upper().encode(), b"/a?b")
    assert prepared.method == method.upper()
    h11.Request(method=method, target="/", headers=prepared.wire_head()[2])
    shown = [(name.decode(), value.decode()) for name, value in follow]
    if host is not HOST:
        shown.insert(0, ("host", "x"))
    assert prepared.headers.multi_items() == shown
    # Looking changes nothing.
    assert wire(prepared) == [host, *follow]


def test_a_host_of_the_sessions_is_sent_to_every_origin():
    session = Headers([*DEFAULTS, ("Host", "x")])
    assert wire(prepare_request("GET", URL, session))[0] == (b"Host", b"x")
    assert wire(prepare_request("GET", URL, session, headers={"host": None}))[0] == HOST
    assert prepare_request("GET", URL, session).headers["Host"] == "x"


@pytest.mark.safety("2b8")
def test_a_range_is_asked_for_in_the_coding_of_the_resource():
    session = Headers({"Accept-Encoding": "gzip"})
    prepared = prepare_request("GET", URL, session, headers={"Range": "bytes=1-"})
    assert prepared.headers["Accept-Encoding"] == "identity"
    session["Range"] = "bytes=2-"
    assert prepare_request("GET", URL, session).headers["Accept-Encoding"] == "identity"


@pytest.mark.safety("R6", "4I10")
def test_nothing_that_was_passed_is_changed():
    session, own = defaults(), {"X-Id": "7", "Accept": None}
    params, data = {"a": [1, None]}, {"b": "c"}
    before = copy.deepcopy((session.multi_items(), own, params, data))
    prepared = prepare_request("POST", URL, session, params, own, data)
    prepared.headers["X-Id"] = "8"
    prepared.headers["Other"] = "9"
    assert (session.multi_items(), own, params, data) == before


INJECTIONS = [
    {"A": "b\r\nC: d"},
    {"A": "b\n"},
    {"A": "b\0"},
    {"A\r\nB": "c"},
    {"A B": "c"},
    {"A:": "c"},
    {"": "c"},
    {"A": "\u010a"},
    {"A": b"b\nC: d"},
    {"A": " b"},
    {"A": "b\t"},
    {"A": 5},
    {"Host": "a\r\nB: c"},
    {"Host": "a/b"},
    {"Content-Type": "a\r\nB: c"},
]


@pytest.mark.safety("I4", "I5", "4I12", "M23")
@pytest.mark.parametrize("headers", INJECTIONS, ids=ascii)
@pytest.mark.parametrize("where", ["session", "request", "prepared", "changed"])
def test_a_header_that_cannot_be_sent_is_refused_wherever_it_comes_from(headers, where):
    def send():
        if where == "session":
            return prepare_request("POST", URL, Headers(headers), data=b"a").wire_head()
        if where == "request":
            return prepare_request("POST", URL, defaults(), headers=headers, data=b"a").wire_head()
        if where == "prepared":
            return Request("POST", URL, headers=headers, data=b"a").prepare().wire_head()
        prepared = prepare_request("POST", URL, defaults(), data=b"a")
        prepared.wire_head()
        prepared.headers.update(headers)
        return prepared.wire_head()

    with pytest.raises(InvalidHeader):
        send()


@pytest.mark.safety("I2")
@pytest.mark.parametrize(
    "method", ["GET /x HTTP/1.1\r\nA: b\r\n\r\nGET", "G\tT", "", " ", "GÉT", b"G\xffT", "G\0"]
)
def test_a_method_that_is_no_token_is_refused_even_after_mutation(method):
    with pytest.raises(LocalProtocolError):
        prepare_request(method, URL, defaults())
    with pytest.raises(LocalProtocolError):
        Request(method, URL).prepare().wire_head()
    prepared = prepare_request("GET", URL, defaults())
    prepared.wire_head()
    prepared.method = method
    with pytest.raises(LocalProtocolError):
        prepared.wire_head()


# --- changing a prepared request ------------------------------------------------------------------


@pytest.fixture(params=["by a session", "by itself", "looked at"])
def prepared(request) -> PreparedRequest:
    if request.param == "by itself":
        return Request("POST", URL, headers=DEFAULTS, data=b"abc").prepare()
    made = prepare_request("POST", URL, defaults(), data=b"abc")
    if request.param == "looked at":
        assert made.headers
        made.wire_head()
    return made


BASE = [(b"User-Agent", b"me"), (b"Accept", b"*/*")]


def test_headers_changed_in_place_are_sent(prepared):
    prepared.headers["X-Id"] = "7"
    assert wire(prepared) == [HOST, *BASE, (b"Content-Length", b"3"), (b"X-Id", b"7")]
    del prepared.headers["X-Id"]
    prepared.headers.add("Accept", "text/html")
    prepared.headers["User-Agent"] = None
    assert wire(prepared) == [HOST, (b"Accept", b"*/*"), (b"Content-Length", b"3"), (b"Accept", b"text/html")]  # fmt: skip
    prepared.headers = {"A": "b"}
    assert wire(prepared) == [HOST, (b"A", b"b"), (b"Content-Length", b"3")]


def test_a_new_url_brings_its_host(prepared):
    prepared.url = "https://other/x#y"
    assert (prepared.url, prepared.path_url) == ("https://other/x#y", "/x")
    assert prepared.wire_head()[1] == b"/x"
    assert wire(prepared) == [(b"Host", b"other"), *BASE, (b"Content-Length", b"3")]
    prepared.prepare_url("http://third/", {"a": 1})
    assert prepared.wire_head()[1] == b"/?a=1"
    assert wire(prepared)[0] == (b"Host", b"third")


NEW_BODIES = [
    (b"longer", [(b"Content-Length", b"6")]),
    ("é", [(b"Content-Length", b"2")]),
    (None, [(b"Content-Length", b"0")]),
    ("", [(b"Content-Length", b"0")]),
    (iter([b"a"]), [(b"Transfer-Encoding", b"chunked")]),
    (io.BytesIO(b"ab"), [(b"Content-Length", b"2")]),
]


@pytest.mark.parametrize(("body", "framing"), NEW_BODIES, ids=[str(row[1]) for row in NEW_BODIES])
def test_a_new_body_brings_its_framing(prepared, body, framing):
    prepared.body = body
    assert prepared.body is body or prepared.body == body
    assert wire(prepared) == [HOST, *BASE, *framing]
    assert {name.lower() for name in prepared.headers} >= {framing[0][0].decode().lower()}
    prepared.body = b"abc"
    assert wire(prepared) == [HOST, *BASE, (b"Content-Length", b"3")]
    prepared.prepare_content_length(b"abcd")
    assert wire(prepared)[-1] == (b"Content-Length", b"4")


def test_another_method_needs_another_framing(prepared):
    prepared.method = "PUT"
    assert prepared.wire_head()[0] == b"PUT"
    prepared.body = None
    assert wire(prepared)[-1] == (b"Content-Length", b"0")
    prepared.method = b"GET"
    assert prepared.method == "GET"
    assert wire(prepared) == [HOST, *BASE]
    prepared.method = "POST"
    assert wire(prepared)[-1] == (b"Content-Length", b"0")


def test_a_framing_that_was_removed_or_falsified_is_set_or_refused(prepared):
    del prepared.headers["Content-Length"]
    assert wire(prepared)[-1] == (b"Content-Length", b"3")
    prepared.headers["Content-Length"] = "4"
    with pytest.raises(LocalProtocolError):
        prepared.wire_head()


def test_each_part_can_be_prepared_by_itself():
    prepared = PreparedRequest()
    prepared.prepare_method("put")
    prepared.prepare_url(URL, {"c": "d"})
    prepared.prepare_headers({"A": "b", "Gone": None})
    prepared.prepare_body(json=[1])
    prepared.prepare_hooks({"response": len})
    assert (prepared.method, prepared.url, prepared.body) == ("PUT", URL + "&c=d", b"[1]")
    assert prepared.hooks == {"response": [len]}
    assert wire(prepared) == [
        HOST,
        (b"A", b"b"),
        (b"Content-Type", b"application/json"),
        (b"Content-Length", b"3"),
    ]


def test_a_copy_changes_apart(prepared):
    prepared.register_hook("response", len)
    made = prepared.copy()
    before = wire(prepared)
    assert wire(made) == before
    made.url, made.method, made.body = "http://x/", "PUT", b"x"
    made.headers["X-Id"] = "7"
    made.register_hook("response", str)
    assert wire(prepared) == before
    assert (prepared.url, prepared.method, prepared.body) == (URL, "POST", b"abc")
    assert prepared.hooks == {"response": [len]}


def test_hooks_are_kept():
    prepared = Request("GET", URL, hooks={"response": [len, str]}).prepare()
    prepared.register_hook("response", [repr])
    assert prepared.hooks["response"] == [len, str, repr]
    assert prepared.deregister_hook("response", str)
    assert not prepared.deregister_hook("response", str)
    assert not prepared.deregister_hook("other", str)
    prepared.hooks = None
    assert prepared.hooks == {"response": []}
    assert prepare_request("GET", URL, hooks={"response": len}).hooks == {"response": [len]}


def test_programs_may_keep_notes_on_it(prepared):
    prepared.my_note = 1
    assert prepared.my_note == 1


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_a_prepared_request_can_be_pickled(prepared, protocol):
    prepared.register_hook("response", lambda response: None)
    made = pickle.loads(pickle.dumps(prepared, protocol))
    assert made.wire_head() == prepared.wire_head()
    assert (made.url, made.method, made.body) == (URL, "POST", b"abc")
    assert pickle.loads(pickle.dumps(PreparedRequest(), protocol)).url is None


@pytest.mark.safety("R18")
def test_no_secret_is_in_the_repr_of_a_request():
    prepared = Request(
        "GET", URL + "&token=pa55", headers={"Authorization": "pa55", "Cookie": "pa55"}
    ).prepare()
    assert "pa55" not in repr(prepared) + repr(prepared.headers)


# --- the short way of the plain request -----------------------------------------------------------


def test_requests_of_one_session_to_one_origin_share_their_fields():
    session = defaults()
    first = prepare_request("GET", URL, session)
    second = prepare_request("GET", "http://h:8080/other", session)
    assert first.wire_head()[2] is second.wire_head()[2]
    assert first.encoded_body is NO_BODY
    other_origin = prepare_request("GET", "http://h:8081/", session)
    assert other_origin.wire_head()[2] is not first.wire_head()[2]
    assert wire(other_origin)[0] == (b"Host", b"h:8081")


def test_a_change_of_the_sessions_headers_counts_from_the_next_request_on():
    session = defaults()
    first = prepare_request("GET", URL, session)
    session["X-Id"] = "7"
    second = prepare_request("GET", URL, session)
    assert wire(first) == [HOST, *BASE]
    assert wire(second) == [HOST, *BASE, (b"X-Id", b"7")]
    assert first.headers == dict(DEFAULTS)


def test_changing_one_request_does_not_change_the_next():
    session = defaults()
    first = prepare_request("GET", URL, session)
    first.headers["X-Id"] = "7"
    assert wire(prepare_request("GET", URL, session)) == [HOST, *BASE]
    assert wire(first) == [HOST, *BASE, (b"X-Id", b"7")]


@pytest.mark.safety("R18")
def test_secrets_of_a_session_are_sent_and_not_kept():
    heads.blocks.clear()
    session = Headers([*DEFAULTS, ("Authorization", "pa55")])
    assert wire(prepare_request("GET", URL, session)) == [HOST, *BASE, (b"Authorization", b"pa55")]
    gc.collect()
    kept = [block.wire.raw_items() for block in heads.blocks.values()]
    assert kept == [[HOST, *BASE]]


def test_the_second_plain_request_validates_nothing(monkeypatch):
    session = defaults()
    prepare_request("GET", URL, session)

    def fail(*args):
        raise AssertionError("validated again")

    monkeypatch.setattr("h11client._messages.heads.complete_fields", fail)
    monkeypatch.setattr("h11client._messages.heads.check_field", fail)
    monkeypatch.setattr("h11client._messages.url._parse", fail)
    for method in ("GET", "HEAD", "DELETE"):
        assert wire(prepare_request(method, URL, session)) == [HOST, *BASE]


def test_the_same_headers_for_the_second_time_are_not_validated_again(monkeypatch):
    session = defaults()
    own = {"X-Id": "7", "Accept": None}
    expected = [HOST, (b"User-Agent", b"me"), (b"X-Id", b"7")]
    assert wire(prepare_request("GET", URL, session, headers=own)) == expected
    with monkeypatch.context() as patched:
        patched.setattr("h11client._messages.request.complete_fields", None)
        again = prepare_request("HEAD", URL, session, headers=dict(own))
        assert wire(again) == expected
        assert again.wire_head()[0] == b"HEAD"
    own["X-Id"] = "8"
    assert wire(prepare_request("GET", URL, session, headers=own))[-1] == (b"X-Id", b"8")
    posted = prepare_request("POST", URL, session, headers={"X-Id": "7", "Accept": None})
    assert wire(posted) == [*expected, (b"Content-Length", b"0")]
    session["Accept"] = "a/b"
    assert (b"Accept", b"a/b") in wire(prepare_request("GET", URL, session, headers={"X-Id": "7"}))


@pytest.mark.safety("R18", "L2")
def test_headers_that_are_secret_large_or_many_are_not_kept():
    heads.blocks.clear()
    session = defaults()
    many = {f"X-{number}": "1" for number in range(50)}
    for own in (
        {"authorization": "pa55"},
        {b"Cookie": b"pa55"},
        {"X-Api-Key": "pa55"},
        {"A": "b" * 9999},
        many,
    ):
        prepared = prepare_request("GET", URL, session, headers=own)
        assert len(wire(prepared)) == 3 + len(own)
    (block,) = heads.blocks.values()
    assert block.merged == {}
    for number in range(1000):
        prepare_request("GET", URL, session, headers={"X-Id": str(number)})
    assert 0 < len(block.merged) <= 16


@pytest.mark.parametrize("value", [["a"], {}, {1}], ids=repr)
def test_a_header_without_a_hash_is_refused_like_any_other(value):
    with pytest.raises(InvalidHeader):
        prepare_request("GET", URL, defaults(), headers={"A": value})
