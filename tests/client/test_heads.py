"""Heads of requests: which fields go out, and what contradicts what."""

from __future__ import annotations

import io

import pytest

from h11client._engine import h11
from h11client._messages import heads
from h11client._messages.body import NO_BODY, encode_body
from h11client._messages.headers import SECRET_NAMES, Headers
from h11client._messages.heads import (
    build_target,
    complete_fields,
    encode_method,
    make_block,
    merge_fields,
)
from h11client._messages.url import parse_url
from h11client.exceptions import InvalidHeader, LocalProtocolError, RequestException

URL = parse_url("http://h:8080/a?b")
HOST = (b"Host", b"h:8080")


def complete(fields, method="GET", body=NO_BODY):
    return complete_fields(fields, URL, method, body).raw_items()


MERGES = [
    # (id, base, own, merged)
    ("nothing of its own", [(b"A", b"1")], [], [(b"A", b"1")]),
    ("something new", [(b"A", b"1")], [("B", "2")], [(b"A", b"1"), (b"B", b"2")]),
    ("in its place", [(b"A", b"1"), (b"B", b"2")], [("a", "3")], [(b"a", b"3"), (b"B", b"2")]),
    ("None leaves out", [(b"A", b"1"), (b"B", b"2")], [("a", None)], [(b"B", b"2")]),
    ("None of what is not there", [(b"A", b"1")], [("b", None)], [(b"A", b"1")]),
    ("several for one", [(b"A", b"1")], [("a", "2"), ("A", "3")], [(b"a", b"2"), (b"A", b"3")]),
    ("one for several", [(b"A", b"1"), (b"B", b"2"), (b"a", b"3")], [("A", "4")], [(b"A", b"4"), (b"B", b"2")]),
    ("bytes", [], [(b"A", b"1")], [(b"A", b"1")]),
    ("a value and None", [(b"A", b"1")], [("a", "2"), ("A", None)], [(b"a", b"2")]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("base", "own", "merged"), [row[1:] for row in MERGES], ids=[row[0] for row in MERGES]
)
def test_fields_of_a_request_take_the_places_of_those_of_the_session(base, own, merged):
    given = list(base)
    assert merge_fields(base, own) == merged
    assert base == given


@pytest.mark.safety("2b8")
def test_a_range_is_asked_for_without_content_codings():
    base = [(b"Accept-Encoding", b"gzip"), (b"A", b"1")]
    ranged = merge_fields(base, [("Range", "bytes=5-")])
    assert ranged == [(b"Accept-Encoding", b"identity"), (b"A", b"1"), (b"Range", b"bytes=5-")]
    own = merge_fields(base, [("Range", "bytes=5-"), ("accept-encoding", "br")])
    assert (b"accept-encoding", b"br") in own
    assert merge_fields(base, [("Range", None)]) == base


@pytest.mark.safety("I5")
@pytest.mark.parametrize(
    ("name", "value"),
    [("A", "b\r\nC: d"), ("A\r\nB", "c"), ("A B", None), (5, "a"), ("A", 5), ("A", " b")],
)
def test_what_is_merged_is_checked(name, value):
    with pytest.raises(InvalidHeader):
        merge_fields([], [(name, value)])


@pytest.mark.safety("2b1")
def test_host_is_first_and_from_the_url_unless_it_is_given():
    assert complete([(b"A", b"1")]) == [HOST, (b"A", b"1")]
    assert complete([(b"A", b"1"), (b"host", b"other:1")]) == [(b"host", b"other:1"), (b"A", b"1")]


@pytest.mark.safety("I4", "2b1")
@pytest.mark.parametrize(
    "hosts",
    [[b""], [b"a b"], [b"a/b"], [b"a@b"], [b"\xe4"], [b"a", b"a"], [b"a:b"], [b"a" * 5000 + b"/"]],
)
def test_a_host_of_the_callers_is_one_host_and_a_port(hosts):
    with pytest.raises(InvalidHeader, match="Host") as caught:
        complete([(b"Host", host) for host in hosts])
    assert len(str(caught.value)) < 250


STREAM = object()
LENGTHS = [
    # (id, method, data, fields that follow Host)
    ("GET", "GET", None, []),
    ("HEAD", "HEAD", None, []),
    ("DELETE", "DELETE", None, []),
    ("OPTIONS", "OPTIONS", None, []),
    ("a method of one's own", "FROB", None, []),
    ("POST", "POST", None, [(b"Content-Length", b"0")]),
    ("PUT", "PUT", None, [(b"Content-Length", b"0")]),
    ("PATCH", "PATCH", None, [(b"Content-Length", b"0")]),
    ("bytes", "POST", b"abc", [(b"Content-Length", b"3")]),
    ("GET with a body", "GET", b"abc", [(b"Content-Length", b"3")]),
    ("DELETE with a body", "DELETE", b"abc", [(b"Content-Length", b"3")]),
    ("a file", "PUT", io.BytesIO(b"abcd"), [(b"Content-Length", b"4")]),
    ("an empty file", "PUT", io.BytesIO(), [(b"Content-Length", b"0")]),
    ("an iterator", "POST", iter([b"a"]), [(b"Transfer-Encoding", b"chunked")]),
    ("a form", "POST", {"a": "b"}, [(b"Content-Type", b"application/x-www-form-urlencoded"), (b"Content-Length", b"3")]),
    ("an empty form", "POST", {"a": None}, [(b"Content-Type", b"application/x-www-form-urlencoded"), (b"Content-Length", b"0")]),
]  # fmt: skip


@pytest.mark.safety("2b3", "2b7")
@pytest.mark.parametrize(
    ("method", "data", "follow"), [row[1:] for row in LENGTHS], ids=[row[0] for row in LENGTHS]
)
def test_the_length_is_said_where_it_has_to_be(method, data, follow):
    assert complete([], method, encode_body(data)) == [HOST, *follow]


def test_a_content_type_of_the_callers_stays():
    body = encode_body({"a": "b"})
    fields = complete([(b"content-TYPE", b"x/y")], "POST", body)
    assert fields == [HOST, (b"content-TYPE", b"x/y"), (b"Content-Length", b"3")]


FITTING = [
    ("the right length", [(b"content-length", b"3")], b"abc"),
    ("the right length with zeros", [(b"Content-Length", b"003")], b"abc"),
    ("a length for an iterator", [(b"Content-Length", b"3")], iter([b"abc"])),
    ("the right length of a file", [(b"Content-Length", b"3")], io.BytesIO(b"abc")),
    ("chunks of what is there", [(b"Transfer-Encoding", b"chunked")], b"abc"),
    ("chunks in capitals", [(b"Transfer-Encoding", b"Chunked")], iter([b"abc"])),
    ("no body and 0", [(b"Content-Length", b"0")], None),
    ("chunks of nothing", [(b"Transfer-Encoding", b"chunked")], None),
]


@pytest.mark.parametrize(
    ("fields", "data"), [row[1:] for row in FITTING], ids=[row[0] for row in FITTING]
)
def test_what_the_caller_says_about_the_length_is_kept_when_it_is_true(fields, data):
    found = complete(fields, "POST", encode_body(data))
    assert [name for name, _ in found] == [b"Host", *[name for name, _ in fields]]
    h11.Request(method="POST", target="/", headers=h11.Headers(found))


CONFLICTS = [
    ("both", [(b"Content-Length", b"3"), (b"Transfer-Encoding", b"chunked")], b"abc"),
    ("too long", [(b"Content-Length", b"4")], b"abc"),
    ("too short", [(b"Content-Length", b"2")], b"abc"),
    ("a length without a body", [(b"Content-Length", b"1")], None),
    ("a wrong length of a file", [(b"Content-Length", b"2")], io.BytesIO(b"abc")),
    ("two lengths", [(b"Content-Length", b"3"), (b"Content-Length", b"4")], b"abc"),
    ("a list of lengths", [(b"Content-Length", b"3, 3")], b"abc"),
    ("a sign", [(b"Content-Length", b"+3")], b"abc"),
    ("a negative length", [(b"Content-Length", b"-1")], iter([b"a"])),
    ("no number", [(b"Content-Length", b"three")], iter([b"a"])),
    ("nothing", [(b"Content-Length", b"")], iter([b"a"])),
    ("an underscore", [(b"Content-Length", b"1_0")], iter([b"a"])),
    ("a superscript", [(b"Content-Length", b"\xb2")], iter([b"a"])),
    ("above 2^63-1", [(b"Content-Length", b"9223372036854775808")], iter([b"a"])),
    ("20000 digits", [(b"Content-Length", b"1" * 20000)], iter([b"a"])),
    ("identity", [(b"Transfer-Encoding", b"identity")], iter([b"a"])),
    ("gzip", [(b"Transfer-Encoding", b"gzip, chunked")], iter([b"a"])),
    ("chunked twice", [(b"Transfer-Encoding", b"chunked, chunked")], iter([b"a"])),
    ("chunked in two lines", [(b"Transfer-Encoding", b"chunked")] * 2, iter([b"a"])),
    ("xchunked", [(b"Transfer-Encoding", b"xchunked")], iter([b"a"])),
]  # fmt: skip


@pytest.mark.safety("2b3", "2b4", "2b5", "F3", "F4")
@pytest.mark.parametrize(
    ("fields", "data"), [row[1:] for row in CONFLICTS], ids=[row[0] for row in CONFLICTS]
)
def test_what_contradicts_the_body_or_itself_is_refused(fields, data):
    with pytest.raises(RequestException) as caught:
        complete(fields, "POST", encode_body(data))
    assert type(caught.value) in (InvalidHeader, LocalProtocolError)
    assert isinstance(caught.value, ValueError)
    assert len(str(caught.value)) < 250


@pytest.mark.safety("2b7")
@pytest.mark.parametrize("name", ["Authorization", "cookie", "PROXY-Authorization"])
def test_trace_carries_neither_a_body_nor_credentials(name):
    assert complete([(b"A", b"1")], "TRACE") == [HOST, (b"A", b"1")]
    with pytest.raises(LocalProtocolError, match="no body"):
        complete([], "TRACE", encode_body(b"a"))
    with pytest.raises(LocalProtocolError, match="does not carry") as caught:
        complete([(name.encode(), b"secret")], "TRACE")
    assert "secret" not in str(caught.value)


@pytest.mark.safety("2b2")
@pytest.mark.parametrize(
    ("method", "url", "target"),
    [
        ("GET", "http://h", b"/"),
        ("GET", "http://h?a#b", b"/?a"),
        ("OPTIONS", "http://h", b"*"),
        ("OPTIONS", "http://h#a", b"*"),
        ("OPTIONS", "http://h/", b"/"),
        ("OPTIONS", "http://h?a", b"/?a"),
        ("OPTIONS", "http://h/*", b"/*"),
        ("CONNECT", "http://h/a", b"h:80"),
        ("CONNECT", "https://[fe80::1%25eth0]/", b"[fe80::1]:443"),
    ],
)
def test_the_target_is_in_the_form_that_the_method_asks_for(method, url, target):
    assert build_target(method, parse_url(url)) == target


@pytest.mark.safety("I2")
@pytest.mark.parametrize(
    "method",
    [
        "",
        " ",
        "GET ",
        "GE T",
        "GET\r\nX: y",
        "GET\0",
        "G\xc9T",
        "G:",
        "GET\n",
        "(",
        "x" * 999 + " ",
    ],
)
def test_a_method_is_a_token(method):
    with pytest.raises(LocalProtocolError, match="method") as caught:
        encode_method(method)
    assert isinstance(caught.value, ValueError)
    assert len(str(caught.value)) < 200


def test_a_token_is_a_method_in_its_own_case():
    assert encode_method("GET") == b"GET"
    assert encode_method("M-Search!#$%&'*+.^_`|~09") == b"M-Search!#$%&'*+.^_`|~09"


@pytest.mark.safety("R18")
@pytest.mark.parametrize("name", sorted(SECRET_NAMES))
def test_a_block_that_is_kept_holds_no_secret(name):
    defaults = Headers({"A": "1", name.upper(): "secret"})
    block = make_block(URL, defaults)
    assert block.secret
    assert block.wire.raw_items() == [HOST, (b"A", b"1")]
    assert block.merge(defaults, None) == [(b"A", b"1"), (name.upper().encode(), b"secret")]
    assert block.merge(defaults, {name: None}) == [(b"A", b"1")]
    assert block.merge(defaults, {name: "b"}) == [(b"A", b"1"), (name.encode(), b"b")]


@pytest.mark.safety("L2")
def test_the_number_of_blocks_is_bounded():
    heads.blocks.clear()
    for number in range(1000):
        make_block(parse_url(f"http://h{number}/"), Headers())
    assert len(heads.blocks) <= 256


def test_a_block_of_headers_that_changed_meanwhile_is_not_kept():
    class Changing(Headers):
        def wire_items(self):
            items = super().wire_items()
            self.add("B", "2")
            return items

    heads.blocks.clear()
    make_block(URL, Changing({"A": "1"}))
    assert heads.blocks == {}
