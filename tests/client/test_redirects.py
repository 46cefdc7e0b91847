"""Redirects as a rule: where the next request goes, and what of the last one goes along."""

from __future__ import annotations

import io
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from h11client._messages.headers import Headers
from h11client._messages.request import Request
from h11client._messages.url import parse_url
from h11client._policies.redirects import (
    REDIRECTS,
    SENSITIVE_HEADERS,
    follow,
    is_same_origin,
    location_of,
)
from h11client.exceptions import (
    InvalidSchema,
    InvalidURL,
    RemoteProtocolError,
    RequestException,
    UnrewindableBodyError,
)

URL = "http://a.test/dir/page?q=1"
ELSEWHERE = "http://b.test/"


def answer(location=ELSEWHERE, status=302, **fields):
    """A response with these Locations, or a mapping of another library's."""
    headers = Headers(fields)
    for value in location if isinstance(location, list) else [location]:
        headers.add("Location", value)
    return SimpleNamespace(status_code=status, reason="Found", url=URL, headers=headers)


def request_of(method="GET", url=URL, headers=None, **arguments):
    return Request(method, url, headers=headers, **arguments).prepare()


# --- method and body -------------------------------------------------------------------------

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "QUERY"]
BECOME_GET = {
    301: {"POST"},
    302: set(METHODS) - {"HEAD"},
    303: set(METHODS) - {"HEAD"},
    307: set(),
    308: set(),
}


@pytest.mark.safety("2f2")
@pytest.mark.parametrize("status", BECOME_GET)
@pytest.mark.parametrize("method", METHODS)
def test_the_method_becomes_get_or_stays(method, status):
    hop = follow(request_of(method), answer(status=status))
    assert hop.method == ("GET" if method in BECOME_GET[status] else method)


OF_BODIES = {
    "Content-Type": "text/plain",
    "content-encoding": "identity",
    "Content-Language": "de",
    "CONTENT-LOCATION": "/x",
    "Content-Digest": "sha-256=:x:",
    "Content-MD5": "x",
    "Content-Disposition": "inline",
    "Digest": "x",
    "Repr-Digest": "x",
    "Last-Modified": "Thu, 01 Jan 1970 00:00:00 GMT",
    "Expect": "100-continue",
    "Trailer": "X-Sum",
}
OTHERS = {"Accept": "*/*", "Range": "bytes=0-", "If-Match": '"x"', "X-Id": "7", "Referer": "/r"}


@pytest.mark.safety("R8", "2f2")
@pytest.mark.parametrize("status", BECOME_GET)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE"])
@pytest.mark.parametrize("data", [b"body", iter([])], ids=["a length", "chunks"])
def test_the_body_goes_along_with_all_that_tells_of_it_exactly_where_the_method_stays(
    data, method, status
):
    body = data if isinstance(data, bytes) else [b"body"]
    request = request_of(method, headers={**OF_BODIES, **OTHERS})
    request.body = body if isinstance(body, bytes) else Pieces()
    hop = follow(request, answer(status=status))
    kept = hop.method == method
    assert (hop.body is request.body) == kept
    names = {name.lower() for name in hop.headers}
    expected = {name.lower() for name in OTHERS}
    if kept:
        expected |= {name.lower() for name in request.headers}
    assert names == expected
    head = dict(hop.wire_head()[2].raw_items())
    assert (b"Content-Length" in head or b"Transfer-Encoding" in head) == kept


class Pieces:
    """An iterable that begins again each time."""

    def __iter__(self):
        return iter([b"bo", b"dy"])


@pytest.mark.safety("R8")
def test_a_post_without_a_body_leaves_no_length_behind():
    request = request_of("POST")
    assert request.headers["Content-Length"] == "0"
    assert "Content-Length" not in follow(request, answer(status=303)).headers
    assert follow(request, answer(status=307)).headers["Content-Length"] == "0"


@pytest.mark.safety("R8")
def test_trailers_are_dropped_with_their_body():
    request = request_of("POST", data=b"x", trailers={"X-Sum": "1"})
    dropped, kept = (follow(request, answer(status=status)) for status in (302, 307))
    assert dropped.encoded_body.trailers is None
    assert b"Trailer" not in dict(dropped.wire_head()[2].raw_items())
    assert kept.encoded_body.trailers is not None
    assert dict(kept.wire_head()[2].raw_items())[b"Trailer"] == b"X-Sum"


@pytest.mark.safety("R9")
@pytest.mark.parametrize("status", [307, 308])
def test_a_file_is_sent_again_from_where_it_was_first(status):
    file = io.BytesIO(b"before the body")
    file.seek(7)
    request = request_of("PUT", data=file)
    assert b"".join(request.encoded_body.chunks()) == b"the body"
    hop = follow(request, answer(status=status))
    assert file.tell() == 7
    assert b"".join(hop.encoded_body.chunks()) == b"the body"


class Pipe(io.BytesIO):
    def seek(self, *args):
        raise OSError("no seeking in a pipe")


ONE_SHOT = [
    ("a generator", lambda: (piece for piece in [b"once"])),
    ("an iterator", lambda: iter([b"once"])),
    ("a pipe", lambda: Pipe(b"once")),
    ("a file that was closed", lambda: io.BytesIO(b"once")),
]


@pytest.mark.safety("R9", "X17")
@pytest.mark.parametrize("make", [row[1] for row in ONE_SHOT], ids=[row[0] for row in ONE_SHOT])
@pytest.mark.parametrize("status", [301, 307, 308])
def test_a_body_that_was_used_up_is_not_sent_again(make, status):
    body = make()
    request = request_of("PUT", data=body)
    assert list(request.encoded_body.chunks()) == [b"once"]
    if isinstance(body, io.BytesIO):
        body.close()
    response = answer(status=status)
    with pytest.raises(UnrewindableBodyError) as caught:
        follow(request, response)
    assert (caught.value.request, caught.value.response) == (request, response)


@pytest.mark.safety("R9")
@pytest.mark.parametrize("make", [row[1] for row in ONE_SHOT], ids=[row[0] for row in ONE_SHOT])
def test_a_body_that_was_used_up_is_no_obstacle_where_none_is_sent(make):
    request = request_of("POST", data=make())
    list(request.encoded_body.chunks())
    assert follow(request, answer(status=303)).body is None


# --- origins ---------------------------------------------------------------------------------

# (id, from, Location, whether it is the same origin)
ORIGINS = [
    ("another page", URL, "/other", True),
    ("the whole URL again", URL, URL, True),
    ("another query", URL, "?q=2", True),
    ("up to https", URL, "https://a.test/", True),
    ("up to https, ports said", "http://a.test:80/", "https://a.test:443/", True),
    ("up to https of another host", URL, "https://b.test/", False),
    ("up to https on another port", URL, "https://a.test:8443/", False),
    ("from another port up to https", "http://a.test:8080/", "https://a.test/", False),
    ("up to https on the same port", "http://a.test:8080/", "https://a.test:8080/", False),
    ("https on port 80", "http://a.test/", "https://a.test:80/", False),
    ("down to http", "https://a.test/", "http://a.test/", False),
    ("down to http on the same port", "https://a.test:8443/", "http://a.test:8443/", False),
    ("http on port 443", "https://a.test/", "http://a.test:443/", False),
    ("another host", URL, ELSEWHERE, False),
    ("another host, in short", URL, "//b.test/", False),
    ("the same host, in short", URL, "//a.test/", True),
    ("another port", URL, "http://a.test:81/", False),
    ("back from another port", "http://a.test:81/", URL, False),
    ("a host below", URL, "http://www.a.test/", False),
    ("the host above", "http://www.a.test/", URL, False),
    ("a host with our end", URL, "http://nota.test/", False),
    ("a host with our beginning", URL, "http://a.test.evil.test/", False),
    ("the default port", URL, "http://a.test:80/", True),
    ("the default port of https", "https://a.test/", "https://a.test:443/", True),
    ("an empty port", URL, "http://a.test:/", True),
    ("a port with zeros", "http://a.test:81/", "http://a.test:081/", True),
    ("capitals", URL, "HTTP://A.TEST/", True),
    ("a dot at the end", URL, "http://a.test./", True),
    ("a dot at the end, and capitals", "http://A.test./", "http://a.TEST/", True),
    ("a user name", URL, "http://user:secret@a.test/", True),
    ("our host as user name", URL, "http://a.test@b.test/", False),
    ("our host and port as userinfo", URL, "http://a.test:80@b.test/", False),
    ("our host in the path", URL, "http://b.test/a.test", False),
    ("our host in the fragment", URL, "http://b.test#@a.test/", False),
    ("the same A-label", "http://b\u00fccher.test/", "http://xn--bcher-kva.test/", True),
    ("the same IPv6 address", "http://[::1]:80/", "http://[0:0::1]/", True),
    ("another IPv6 address", "http://[::1]/", "http://[::2]/", False),
    ("the same zone", "http://[fe80::1%25eth0]/", "http://[FE80::1%25eth0]/x", True),
    ("another zone", "http://[fe80::1%25eth0]/", "http://[fe80::1%25eth1]/", False),
    ("a zone lost", "http://[fe80::1%25eth0]/", "http://[fe80::1]/", False),
    ("a zone won", "http://[fe80::1]/", "http://[fe80::1%25eth0]/", False),
    ("a zone like a host", "http://[fe80::1%25a.test]/", "http://a.test/", False),
    ("IPv4 within IPv6", "http://127.0.0.1/", "http://[::ffff:127.0.0.1]/", False),
    ("localhost by its address", "http://localhost/", "http://127.0.0.1/", False),
]
SECRETS = {
    "aUTHorization": "Bearer secret",
    "Cookie": "session=secret",
    "COOKIE2": "$Version=1",
    "pRoXY-Authorization": "Basic secret",
    "x-API-key": "secret",
    "Api-Key": "secret",
    "X-Auth-Token": "secret",
    "X-Access-Token": "secret",
    "X-CSRF-Token": "secret",
    "Host": "virtual.test",
}


@pytest.mark.safety("R1", "R2", "R3", "R7", "M21", "D1")
@pytest.mark.parametrize("status", sorted(REDIRECTS))
@pytest.mark.parametrize(
    ("start", "location", "same"), [row[1:] for row in ORIGINS], ids=[row[0] for row in ORIGINS]
)
def test_secrets_go_to_the_same_origin_only(start, location, same, status):
    request = request_of(url=start, headers={**SECRETS, **OTHERS})
    hop = follow(request, answer(location, status))
    assert dict(hop.headers) == ({**SECRETS, **OTHERS} if same else OTHERS)
    assert hop.dropped is not same
    assert is_same_origin(request.parsed_url, hop.parsed_url) is same


@pytest.mark.safety("R5")
@pytest.mark.parametrize("name", [*SECRETS, "X-Own"])
def test_all_headers_of_a_name_are_withheld(name):
    request = request_of(headers=[(name, "1"), ("Accept", "*/*"), (name.swapcase(), "2")])
    request.headers.add(name.upper(), "3")
    hop = follow(request, answer(), SENSITIVE_HEADERS | {"x-own"})
    assert hop.headers.multi_items() == [("Accept", "*/*")]


@pytest.mark.safety("R7")
def test_which_headers_are_sensitive_is_for_the_session_to_say():
    request = request_of(headers={"X-Api-Key": "1", "X-Tenant": "2", "Authorization": "3"})
    assert dict(follow(request, answer(), frozenset(["x-tenant"])).headers) == {"X-Api-Key": "1"}
    assert dict(follow(request, answer(), frozenset()).headers) == {
        "X-Api-Key": "1",
        "X-Tenant": "2",
    }


@pytest.mark.safety("R1", "R4")
def test_what_applies_to_the_whole_call_ends_with_the_origin():
    request = request_of()
    request.auth, request.private_to, request.call_cookies = object(), object(), {"a": "b"}
    request.jar = jar = object()
    same = follow(request, answer("/other"))
    assert (same.auth, same.private_to, same.call_cookies, same.jar) == (
        *(request.auth, request.private_to, request.call_cookies),
        jar,
    )
    other = follow(request, answer(ELSEWHERE))
    assert (other.auth, other.private_to, other.call_cookies, other.jar) == (None, None, None, jar)
    back = follow(follow(other, answer("/2")), answer(URL))
    assert (back.auth, back.private_to, back.call_cookies, back.jar) == (None, None, None, jar)
    assert back.dropped


@pytest.mark.safety("R4")
def test_secrets_do_not_come_back_at_the_end_of_the_chain():
    hop = request_of(headers={**SECRETS, "X-Id": "7"})
    for location in ["/2", "http://b.test/", "/2", "http://a.test/", "/3"]:
        hop = follow(hop, answer(location))
        assert bool(hop.headers.get("Authorization")) == (location == "/2" and not hop.dropped)
    assert dict(hop.headers) == {"X-Id": "7"}


@pytest.mark.safety("R2")
@pytest.mark.parametrize("location", ["/same", ELSEWHERE])
def test_what_was_generated_for_the_old_url_is_not_in_the_new_request(location):
    request = request_of(headers={"Cookie": "a=jar", "Authorization": "Basic x", "X-Date": "1"})
    request.generated = {"cookie": "a=jar", "authorization": "Basic x", "x-date": "1"}
    hop = follow(request, answer(location))
    assert dict(hop.headers) == {}
    assert hop.generated is None
    assert request.generated == {"cookie": "a=jar", "authorization": "Basic x", "x-date": "1"}


@pytest.mark.safety("R2")
def test_what_the_caller_has_put_in_place_of_something_generated_is_the_callers():
    request = request_of(headers={"Cookie": "a=mine"})
    request.generated = {"cookie": "a=jar", "authorization": "gone"}
    assert dict(follow(request, answer("/same")).headers) == {"Cookie": "a=mine"}
    assert dict(follow(request, answer(ELSEWHERE)).headers) == {}


@pytest.mark.safety("2f4")
def test_host_follows_the_url_unless_the_caller_set_it_for_this_origin():
    assert wire_fields(follow(request_of(), answer()))["Host"] == "b.test"
    virtual = request_of(headers={"Host": "virtual.test"})
    assert wire_fields(follow(virtual, answer("/2")))["Host"] == "virtual.test"
    assert wire_fields(follow(virtual, answer()))["Host"] == "b.test"


def wire_fields(request):
    return {name.decode(): value.decode() for name, value in request.wire_head()[2].raw_items()}


@pytest.mark.safety("R16")
@pytest.mark.parametrize("start", ["https://a.test/private", "http://a.test/#secret"])
def test_nothing_says_where_we_came_from(start):
    assert "Referer" not in wire_fields(follow(request_of(url=start), answer("http://b.test/")))


@pytest.mark.safety("R6", "4I10")
@pytest.mark.parametrize("location", ["/same", ELSEWHERE])
@pytest.mark.parametrize("status", sorted(REDIRECTS))
def test_the_request_that_was_redirected_is_not_changed(status, location):
    headers = Headers([*SECRETS.items(), ("X-Id", "1"), ("x-id", "2")])
    request = request_of("POST", headers=headers, data=b"body", hooks={"response": print})
    before = (request.wire_head(), request.headers.multi_items(), request.body, request.url)
    hop = follow(request, answer(location, status))
    assert hop is not request and hop.headers is not request.headers
    assert hop.hooks == request.hooks and hop.hooks is not request.hooks
    after = (request.wire_head(), request.headers.multi_items(), request.body, request.url)
    assert after == before
    assert not request.dropped


# --- the stripper against a model ------------------------------------------------------------

HOSTS = ["a.test", "b.test", "a.test.b.test", "[::1]", "[fe80::1%251]"]
PORTS = {"http": [80, 443, 8080], "https": [443, 80, 8080]}
places = st.sampled_from(
    [(scheme, host, port) for scheme in PORTS for host in HOSTS for port in PORTS[scheme]]
)


@st.composite
def spellings(draw):
    """A place, and one of the ways to write it."""
    scheme, host, port = place = draw(places)
    dot = draw(st.sampled_from(["", "."])) if host.endswith("test") else ""
    written = draw(st.sampled_from([host, host.upper()])) if host != HOSTS[-1] else host
    said = "" if port == PORTS[scheme][0] and draw(st.booleans()) else f":{port}"
    user = draw(st.sampled_from(["", "user@", "a.test:80@"]))
    return place, f"{scheme}://{user}{written}{dot}{said}/{draw(st.sampled_from(['', 'x', '..']))}"


def kept_by_the_model(chain, names):
    """Which headers arrive at the end of a chain of places: a second opinion, in ten lines."""
    secret = {"authorization", "cookie", "host", "proxy-authorization", *SENSITIVE_HEADERS}
    here = chain[0]
    kept = [name.lower() for name in names]
    for there in chain[1:]:
        better = (here[0], here[2], there[0], there[2]) == ("http", 80, "https", 443)
        if here != there and not (better and here[1] == there[1]):
            kept = [name for name in kept if name not in secret]
        here = there
    return kept


@pytest.mark.safety("5P10", "R1", "R4", "R5", "R7")
@given(
    st.lists(spellings(), min_size=2, max_size=5),
    st.lists(st.sampled_from([*SECRETS, "X-Id", "Accept", "X-Api-Key-Id"]).map(str.title)),
    st.sampled_from(sorted(REDIRECTS)),
)
def test_what_arrives_is_what_a_model_expects(chain, names, status):
    names = [name for name in names if name not in ("Cookie2",)]
    places, urls = zip(*chain, strict=True)
    fields = [(name, "a.test" if name == "Host" else "1") for name in dict.fromkeys(names)]
    hop = request_of(url=urls[0].replace("user@", "").replace("a.test:80@", ""), headers=fields)
    for url in urls[1:]:
        hop = follow(hop, answer(url, status))
    arrived = sorted(name.lower() for name in hop.headers)
    assert arrived == sorted(kept_by_the_model(places, dict.fromkeys(names)))


# --- Location --------------------------------------------------------------------------------

# (id, Location, the URL that is asked for next or the error)
LOCATIONS = [
    ("a path", "/other", "http://a.test/other"),
    ("a name", "other", "http://a.test/dir/other"),
    ("a query", "?r=2", "http://a.test/dir/page?r=2"),
    ("a fragment", "#top", "http://a.test/dir/page?q=1#top"),
    ("dots", "../../../x/./y/..", "http://a.test/x/"),
    ("one dot", ".", "http://a.test/dir/"),
    ("a host", "//b.test", "http://b.test/"),
    ("a host of the same name as a scheme", "//http://x", "http://http//x"),
    ("all of it", "https://b.test:444/x?y#z", "https://b.test:444/x?y#z"),
    ("a name with a colon behind a slash", "./x:y", "http://a.test/dir/x:y"),
    ("a blank", "/a b?c d", "http://a.test/a%20b?c%20d"),
    ("UTF-8", "/\u00e4".encode(), "http://a.test/%C3%A4"),
    ("latin-1", b"/\xe4", "http://a.test/%E4"),
    ("no text in any encoding", b"/\xff\xfe", "http://a.test/%FF%FE"),
    ("no text, in the query", b"?\xff\xfe", "http://a.test/dir/page?%FF%FE"),
    ("escapes stay", "/%2F%zz%", "http://a.test/%2F%25zz%25"),
    ("escapes of what needs none", "/%7e%41", "http://a.test/~A"),
    ("a backslash", "/a\\b", "http://a.test/a%5Cb"),
    ("a backslash instead of slashes", "\\\\b.test\\", "http://a.test/dir/%5C%5Cb.test%5C"),
    ("quotes and angles", '/"<>^`{|}', "http://a.test/%22%3C%3E%5E%60%7B%7C%7D"),
    ("userinfo", "http://user:secret@b.test/", "http://b.test/"),
    ("userinfo that may be misread", "http://a:b@c@b.test/", InvalidURL),
    ("userinfo that is empty", "http://@b.test/", "http://b.test/"),
    ("userinfo in a host", "//user@b.test/", "http://b.test/"),
    ("three slashes", "///b.test/", InvalidURL),
    ("no host", "http://", InvalidURL),
    ("no host, but a path", "http:///x", InvalidURL),
    ("no host, but userinfo", "http://user@/", InvalidURL),
    ("no host, but a port", "http://:80/", InvalidURL),
    ("no host, but a query", "http://?x", InvalidURL),
    ("only slashes", "//", InvalidURL),
    ("one slash", "http:/b.test/", InvalidURL),
    ("no slash", "http:b.test", InvalidURL),
    ("an open bracket", "http://[::1", InvalidURL),
    ("a closing bracket", "http://::1]/", InvalidURL),
    ("empty brackets", "http://[]/", InvalidURL),
    ("something behind the brackets", "http://[::1]x/", InvalidURL),
    ("no address in the brackets", "http://[1.2.3.4]/", InvalidURL),
    ("half an address in the brackets", "http://[::1.2.3.]/", InvalidURL),
    ("a port of letters", "http://b.test:http/", InvalidURL),
    ("a port too large", "http://b.test:65536/", InvalidURL),
    ("a port of zero", "http://b.test:0/", InvalidURL),
    ("a port with a sign", "http://b.test:+80/", InvalidURL),
    ("two ports", "http://b.test:80:80/", InvalidURL),
    ("a blank in the host", "http://b .test/", InvalidURL),
    ("an escape in the host", "http://b%2etest/", InvalidURL),
    ("a backslash in the host", "http://b.test\\@a.test/", InvalidURL),
    ("bytes in the host", b"http://\xff\xfe/", InvalidURL),
    ("an empty label", "http://b..test/", InvalidURL),
    ("a label too long", f"http://{'x' * 64}.test/", InvalidURL),
    ("a host too long", f"http://{'x.' * 127}test/", InvalidURL),
    ("half an A-label", "http://xn--/", InvalidURL),
    ("a host in another spelling", "http://0x7f.1/", InvalidURL),
    ("a host as a number", "http://2130706433/", InvalidURL),
    ("a control character", "/a\x01b", InvalidURL),
    ("a tab", "/a\tb", InvalidURL),
    ("DEL", "/a\x7fb", InvalidURL),
    ("a file", "file:///etc/passwd", InvalidSchema),
    ("a file in capitals", "FILE:///etc/passwd", InvalidSchema),
    ("no scheme, which has no _", "local_file:x", "http://a.test/dir/local_file:x"),
    ("ftp", "ftp://b.test/", InvalidSchema),
    ("gopher", "gopher://b.test:70/_x", InvalidSchema),
    ("data", "data:text/html,x", InvalidSchema),
    ("JavaScript", "javascript:alert(1)", InvalidSchema),
    ("mail", "mailto:me@b.test", InvalidSchema),
    ("a WebSocket", "ws://b.test/", InvalidSchema),
    ("a unix socket", "http+unix://%2Fvar%2Frun/x", InvalidSchema),
    ("a longer scheme", "httpx://b.test/", InvalidSchema),
    ("a host and port that look like a scheme", "b.test:80/x", InvalidSchema),
    ("60 KB", "/" + "x" * 60_000, "http://a.test/" + "x" * 60_000),
    ("more than a URL may have", "/" + "x" * 70_000, InvalidURL),
    ("60 KB that grow threefold", b"/" + b"\xff" * 60_000, InvalidURL),
    ("dots without end", "/" + "../" * 20_000 + "x", "http://a.test/x"),
]


@pytest.mark.safety("M24", "X17", "R12", "R14", "R17", "2f3")
@pytest.mark.parametrize(
    ("location", "expected"), [row[1:] for row in LOCATIONS], ids=[row[0] for row in LOCATIONS]
)
def test_a_location_is_followed_or_an_error_of_ours(location, expected):
    request, response = request_of(), answer(location)
    if isinstance(expected, str):
        hop = follow(request, response)
        assert hop.url == expected
        assert parse_url(hop.url).text == expected
        return
    with pytest.raises(RequestException) as caught:
        follow(request, response)
    assert type(caught.value) is expected
    assert (caught.value.request, caught.value.response) == (request, response)
    assert "secret" not in str(caught.value)
    assert len(str(caught.value)) < 1000


FRAGMENTS = [
    # (id, from, Location, result)
    ("inherited", "http://a.test/#old", "/x", "http://a.test/x#old"),
    ("its own", "http://a.test/#old", "/x#new", "http://a.test/x#new"),
    ("inherited elsewhere", "http://a.test/#old", "http://b.test/", "http://b.test/#old"),
    ("none", "http://a.test/", "/x", "http://a.test/x"),
]


@pytest.mark.safety("2f3")
@pytest.mark.parametrize(
    ("start", "location", "expected"), [row[1:] for row in FRAGMENTS], ids=[r[0] for r in FRAGMENTS]
)
def test_a_fragment_is_inherited_where_there_is_none(start, location, expected):
    hop = follow(request_of(url=start), answer(location))
    assert hop.url == expected
    assert b"#" not in hop.wire_head()[1]


PLAIN = [
    # (id, status, Locations)
    *[(f"{status}", status, ["/x"]) for status in (200, 201, 300, 304, 305, 306, 399, 401, 503)],
    ("no Location", 302, []),
    ("an empty one", 302, [""]),
]


@pytest.mark.safety("2f1")
@pytest.mark.parametrize(
    ("status", "locations"), [row[1:] for row in PLAIN], ids=[row[0] for row in PLAIN]
)
def test_what_does_not_redirect(status, locations):
    response = answer(locations, status)
    assert location_of(response) is None
    with pytest.raises(ValueError, match="does not redirect"):
        follow(request_of(), response)


@pytest.mark.safety("2f1", "2h4")
def test_what_a_proxy_says_to_connect_is_not_followed():
    response = answer()
    response.request = request_of("CONNECT")
    assert location_of(response) is None


@pytest.mark.safety("2f1")
def test_equal_locations_are_one_and_others_an_error():
    assert location_of(answer(["/x", "/x"])) == "/x"
    assert location_of(answer(["/x, /y"])) == "/x, /y"
    request, response = request_of(), answer(["/x", "/y"])
    with pytest.raises(RemoteProtocolError, match="several places") as caught:
        follow(request, response)
    assert (caught.value.request, caught.value.response) == (request, response)


FOREIGN = [
    # (id, headers of a transport that is not ours, the Location)
    ("a dict", {"Location": "/x"}, "/x"),
    ("a dict without", {}, None),
    ("bytes", {"Location": b"/\xff"}, b"/\xff"),
    ("text beyond latin-1", {"Location": "/\u20ac"}, "/\u20ac"),
]


@pytest.mark.parametrize(
    ("headers", "expected"), [row[1:] for row in FOREIGN], ids=[row[0] for row in FOREIGN]
)
def test_headers_of_other_transports_are_read_too(headers, expected):
    response = SimpleNamespace(status_code=301, reason=None, url=None, headers=headers)
    assert location_of(response) == expected
    if expected is not None:
        assert follow(request_of(), response).url.startswith("http://a.test/")
