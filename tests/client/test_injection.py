"""No argument puts a line, or another request, where nobody meant one: nothing is dialled or sent."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

import h11client
from h11client._transport.pool import Pool
from h11client.auth import HTTPBasicAuth, HTTPBearerAuth
from h11client.exceptions import InvalidHeader, InvalidURL, LocalProtocolError, RequestException
from h11client.testing import ScriptedNetwork

URL = "http://a.test/"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


def session_of(*dials, **options):
    network = ScriptedNetwork(*dials)
    options.setdefault("trust_env", False)
    return h11client.Session(transport=Pool(None, network, network.clock), **options), network


class Text(str):
    """Another text whenever it is asked again."""

    def __str__(self):
        return "a"

    def encode(self, *arguments):
        return b"a"

    def lower(self):
        return "a"


def sets(name, value):
    def auth(request):
        request.headers[name] = value
        return request

    return auth


def adds_a_line(request):
    request.headers.add("X-A", "a\r\nX-Evil: 1")
    return request


def replaces_the_url(request):
    request.url = "http://a.test/\r\nX-Evil: 1"
    return request


def named(name):
    file = io.BytesIO(b"x")
    file.name = name
    return file


CR_LF = "a\r\nX-Evil: 1"

CALLS = [
    # (id, arguments of the call, error)
    ("I1: the path", {"url": f"http://a.test/{CR_LF}"}, InvalidURL),
    ("I1: the query", {"url": f"http://a.test/?{CR_LF}"}, InvalidURL),
    ("I1: the fragment", {"url": f"http://a.test/#{CR_LF}"}, InvalidURL),
    ("I1: the host", {"url": f"http://a.test{CR_LF}/"}, InvalidURL),
    ("I1: a user name", {"url": f"http://{CR_LF}@a.test/"}, InvalidURL),
    ("I1: a port", {"url": f"http://a.test:80{CR_LF}/"}, InvalidURL),
    ("I1: NUL", {"url": "http://a.test/\0"}, InvalidURL),
    ("I1: DEL", {"url": "http://a.test/\x7f"}, InvalidURL),
    ("I1: a tab", {"url": "http://a.test/\t"}, InvalidURL),
    ("I1: bytes", {"url": f"http://a.test/{CR_LF}".encode()}, InvalidURL),
    ("I1: text that changes", {"url": Text(f"http://a.test/{CR_LF}")}, InvalidURL),
    ("I1: a query that is ready", {"params": CR_LF}, InvalidURL),
    ("I1: the same in bytes", {"params": CR_LF.encode()}, InvalidURL),
    ("I1: auth replaces the URL", {"auth": replaces_the_url}, InvalidURL),
    ("I2: a line in the method", {"method": f"GET / HTTP/1.1\r\nX: {CR_LF}"}, LocalProtocolError),
    ("I2: a blank in the method", {"method": "GET /x"}, LocalProtocolError),
    ("I2: bytes", {"method": b"GET\r\n"}, LocalProtocolError),
    ("I2: NUL", {"method": "GET\0"}, LocalProtocolError),
    ("I2: beyond ASCII", {"method": "G\u0116T"}, LocalProtocolError),
    ("I2: no method", {"method": ""}, LocalProtocolError),
    ("I4: a line in Host", {"headers": {"Host": f"a.test{CR_LF}"}}, InvalidHeader),
    ("I4: a blank in Host", {"headers": {"Host": "a.test b"}}, InvalidHeader),
    ("I4: a path in Host", {"headers": {"Host": "a.test/b"}}, InvalidHeader),
    ("I4: a user in Host", {"headers": {"Host": "b@a.test"}}, InvalidHeader),
    ("I4: an empty Host", {"headers": {"Host": ""}}, InvalidHeader),
    ("I4: beyond ASCII", {"headers": {"host": "m\xfcnchen.de"}}, InvalidHeader),
    ("I4: two Hosts", {"headers": [("Host", "a.test"), ("host", "b.test")]}, InvalidHeader),
    ("I5: a value", {"headers": {"X-A": CR_LF}}, InvalidHeader),
    ("I5: LF alone", {"headers": {"X-A": "a\nX-Evil: 1"}}, InvalidHeader),
    ("I5: CR alone", {"headers": {"X-A": "a\rX-Evil: 1"}}, InvalidHeader),
    ("I5: a folded line", {"headers": {"X-A": "a\r\n b"}}, InvalidHeader),
    ("I5: NUL", {"headers": {"X-A": "a\0"}}, InvalidHeader),
    ("I5: in bytes", {"headers": {b"X-A": CR_LF.encode()}}, InvalidHeader),
    ("I5: a blank before", {"headers": {"X-A": " a"}}, InvalidHeader),
    ("I5: a tab behind", {"headers": {"X-A": "a\t"}}, InvalidHeader),
    ("I5: beyond latin-1", {"headers": {"X-A": "\u010d\u010a"}}, InvalidHeader),
    ("I5: text that changes", {"headers": {"X-A": Text(CR_LF)}}, InvalidHeader),
    ("I5: a name that changes", {"headers": {Text(CR_LF): "a"}}, InvalidHeader),
    ("I5: a name", {"headers": {"X-A: b\r\nX-Evil": "1"}}, InvalidHeader),
    ("I5: a colon in a name", {"headers": {"X-A:": "1"}}, InvalidHeader),
    ("I5: a blank in a name", {"headers": {"X A": "1"}}, InvalidHeader),
    ("I5: an empty name", {"headers": {"": "1"}}, InvalidHeader),
    ("I5: a number", {"headers": {"X-A": 1}}, InvalidHeader),
    ("I5: a list", {"headers": {"X-A": ["1", CR_LF]}}, InvalidHeader),
    ("I5: User-Agent", {"headers": {"user-agent": CR_LF}}, InvalidHeader),
    ("I5: Content-Type", {"headers": {"Content-Type": CR_LF}, "data": b"x"}, InvalidHeader),
    ("I5: Content-Length", {"headers": {"Content-Length": "1\r\nX-Evil: 1"}, "data": b"x"}, InvalidHeader),
    ("I5: Transfer-Encoding", {"headers": {"Transfer-Encoding": "chunked\r\nX-Evil: 1"}, "data": iter([b"x"])}, InvalidHeader),
    ("I5: Upgrade", {"headers": {"Upgrade": CR_LF}}, InvalidHeader),
    ("I5: Range", {"headers": {"Range": CR_LF}}, InvalidHeader),
    ("I5: auth", {"auth": sets("Authorization", CR_LF)}, InvalidHeader),
    ("I5: another header from auth", {"auth": sets(f"X-{CR_LF}", "1")}, InvalidHeader),
    ("I5: a line from auth", {"auth": adds_a_line}, InvalidHeader),
    ("I5: Host from auth", {"auth": sets("Host", "a/b")}, InvalidHeader),
    ("I5: a cookie's value", {"cookies": {"a": CR_LF}}, ValueError),
    ("I5: a cookie's name", {"cookies": {CR_LF: "a"}}, ValueError),
    ("I5: another cookie", {"cookies": {"a": "b; c=d"}}, ValueError),
    ("I5: Cookie", {"headers": {"Cookie": CR_LF}}, InvalidHeader),
    ("I5: a trailer's name", {"trailers": {f"X-{CR_LF}": "1"}, "data": b"x"}, InvalidHeader),
    ("I5: a trailer's value", {"trailers": {"X-A": CR_LF}, "data": b"x"}, InvalidHeader),
    ("I6: CONNECT", {"url": f"https://a.test{CR_LF}/", "proxies": {"all": "http://p.test:1"}}, InvalidURL),
    ("I6: a proxy's host", {"proxies": {"all": f"http://p.test{CR_LF}:1"}}, RequestException),
    ("I7: the type of a file", {"files": {"a": ("b", b"x", CR_LF)}}, InvalidHeader),
    ("I7: the header of a file", {"files": {"a": ("b", b"x", None, {"X-A": CR_LF})}}, InvalidHeader),
    ("I7: the name of a file's header", {"files": {"a": ("b", b"x", None, {f"X-{CR_LF}": "1"})}}, InvalidHeader),
    ("I7: NUL in a file's name", {"files": {"a": named("b\0")}}, InvalidHeader),
    ("I8: Basic", {"auth": ("a:b", "c")}, ValueError),
    ("I8: Basic with a line", {"auth": lambda request: HTTPBasicAuth("a", CR_LF)(request)}, ValueError),
    ("I8: Bearer", {"auth": lambda request: HTTPBearerAuth(CR_LF)(request)}, ValueError),
]  # fmt: skip


def call(session, arguments):
    arguments = dict(arguments)
    return session.request(arguments.pop("method", "POST"), arguments.pop("url", URL), **arguments)


@pytest.mark.safety("I1", "I2", "I4", "I5", "I6", "I7", "I8", "4I12", "M23")
@pytest.mark.parametrize(
    ("arguments", "error"), [row[1:] for row in CALLS], ids=[row[0] for row in CALLS]
)
def test_nothing_is_dialled_for_a_call_that_would_inject(arguments, error):
    session, network = session_of()
    with pytest.raises((error, TypeError) if error is ValueError else error) as caught:
        call(session, arguments)
    assert network.log == []
    assert "\r" not in str(caught.value) and "\n" not in str(caught.value)
    assert session._transport_.counts().open == 0


@pytest.mark.safety("I5", "4I12")
@pytest.mark.parametrize("name", ["User-Agent", "X-A", "Authorization", "Cookie", "Accept"])
@pytest.mark.parametrize("value", [CR_LF, "a\0", b"a\nb", " a", Text(CR_LF)], ids=repr)
def test_nothing_is_dialled_for_a_header_of_the_session(name, value):
    session, network = session_of()
    session.headers[name] = value
    for method in ("GET", "POST"):
        with pytest.raises(InvalidHeader):
            session.request(method, URL)
    assert network.log == []


CHANGES = [
    ("I2: the method", lambda request: setattr(request, "method", "GET / HTTP/1.1\r\nX:")),
    ("I2: the method in bytes", lambda request: setattr(request, "method", b"GET\n")),
    ("I1: the URL", lambda request: setattr(request, "url", URL + CR_LF)),
    ("I5: a value", lambda request: request.headers.update({"X-A": CR_LF})),
    ("I5: a value added", lambda request: request.headers.add("X-A", CR_LF)),
    ("I5: a name", lambda request: request.headers.update({CR_LF: "a"})),
    ("I5: all headers", lambda request: setattr(request, "headers", {"X-A": CR_LF})),
    ("I4: Host", lambda request: request.headers.update({"Host": "a b"})),
    ("I5: the length", lambda request: request.headers.update({"Content-Length": "3\r\nX: 1"})),
    ("I5: a part", lambda request: request.prepare_body(None, {"a": ("b", b"x", CR_LF)})),
    ("I8: auth", lambda request: request.prepare_auth(sets("Authorization", CR_LF))),
]


@pytest.mark.safety("I1", "I2", "I4", "I5", "I7", "4I12")
@pytest.mark.parametrize("change", [row[1] for row in CHANGES], ids=[row[0] for row in CHANGES])
def test_nothing_is_dialled_for_a_request_that_was_changed_after_it_was_prepared(change):
    session, network = session_of()
    request = session.prepare_request(h11client.Request("POST", URL, data=b"abc"))
    with pytest.raises(RequestException):
        change(request)
        session.send(request)
    assert network.log == []


@pytest.mark.safety("I6", "4I12")
@pytest.mark.parametrize("headers", [{"X-A": CR_LF}, {CR_LF: "a"}, {"X A": "b"}, {"X-A": "a\0"}])
def test_nothing_is_dialled_for_a_header_that_is_no_line_of_a_connect(headers):
    session, network = session_of()
    with pytest.raises(ValueError, match=r"header|name|value"):
        proxy = h11client.Proxy("http://p.test:3128", headers=headers)
        session.get("https://a.test/", proxies={"all": proxy})
    assert network.log == []


@pytest.mark.safety("I3")
@pytest.mark.parametrize("name", ["version", "http_version", "protocol"])
def test_the_version_is_nobodys_to_choose(name):
    session, network = session_of([OK])
    with pytest.raises(TypeError, match=name):
        session.get(URL, **{name: "1.1\r\nX-Evil: 1"})
    assert network.log == []
    session.get(URL)
    assert network.streams[0].written.startswith(b"GET / HTTP/1.1\r\n")


@pytest.mark.safety("I1", "U3")
def test_characters_are_not_folded_to_others():
    session, network = session_of([OK])
    odd = "\u010d\u010aX-Evil:\u01201\u0100\u2028\uff0d"
    session.post(f"{URL}{odd}?{odd}#{odd}", params={odd: odd}, data={odd: odd})
    head, _, body = network.streams[0].written.partition(b"\r\n\r\n")
    line, *fields = head.split(b"\r\n")
    assert line.count(b" ") == 2
    assert line.count(b"%C4%8D%C4%8A") == 4
    assert body.count(b"%C4%8D%C4%8A") == 2
    assert not [field for field in fields if field.startswith(b"X-Evil")]


@pytest.mark.safety("I7")
def test_the_names_of_a_form_are_escaped():
    session, network = session_of([OK])
    session.post(URL, files={'a"\r\nX-Evil: 1': ('b"\r\n\r\n--', b"x")}, data={'c"\r\n': "d"})
    body = network.streams[0].written.partition(b"\r\n\r\n")[2]
    assert b'name="c%22%0D%0A"\r\n\r\nd\r\n' in body
    assert b'name="a%22%0D%0AX-Evil: 1"; filename="b%22%0D%0A%0D%0A--"\r\n\r\nx\r\n' in body


@pytest.mark.safety("I1", "I5", "5P9")
@given(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    st.text(max_size=8) | st.binary(max_size=8),
)
def test_what_is_sent_has_only_the_lines_that_were_meant(path, value):
    session, network = session_of([OK])
    try:
        session.get(URL + path, headers={"X-A": value}, stream=True).close()
    except (InvalidURL, InvalidHeader):
        assert network.log == []
        return
    written = network.streams[0].written
    names = [line.split(b":")[0] for line in written.split(b"\r\n")[1:-2]]
    assert names == [b"Host", b"User-Agent", b"Accept-Encoding", b"Accept", b"X-A"]
    assert written.count(b"\n") == written.count(b"\r") == len(names) + 2
    assert written.split(b"\r\n")[0].count(b" ") == 2
