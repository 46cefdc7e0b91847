"""Redirects as a session follows them: limits, history, bodies, secrets, proxies, time."""

from __future__ import annotations

import gzip
import io
import logging
import pickle
import traceback
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

import h11client
from h11client._engine import h11
from h11client._messages.headers import Headers
from h11client._messages.response import Response
from h11client._transport import proxies
from h11client._transport.pool import Pool
from h11client.auth import HTTPDigestAuth
from h11client.exceptions import (
    InvalidSchema,
    InvalidURL,
    ReadTimeout,
    RemoteProtocolError,
    ResponseTooLarge,
    StreamConsumedError,
    TooManyRedirects,
    UnrewindableBodyError,
)
from h11client.testing import Pause, ScriptedNetwork
from tests.client.bodies import FakeBody

URL = "http://a.test/"
HELLO = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
MEGABYTE = 1024 * 1024


def to(location, status=302, body=b"", fields=b""):
    """A response that redirects."""
    head = b"HTTP/1.1 %d Moved\r\nLocation: %s\r\n%s" % (status, location.encode(), fields)
    return head + b"Content-Length: %d\r\n\r\n" % len(body) + body


def session_of(*dials, **options):
    network = ScriptedNetwork(*dials)
    options.setdefault("trust_env", False)
    pool = Pool(network=network, clock=network.clock)
    return h11client.Session(transport=pool, **options), network


def lines_sent(network):
    """(stream, request line) of every request, in the order of the streams."""
    return [
        (number, head.split(" HTTP/1.1\r\n")[0])
        for number, stream in enumerate(network.streams)
        for head in stream.written.decode("latin-1").split("\r\n\r\n")
        if " HTTP/1.1\r\n" in head
    ]


class Recorder:
    """A transport that answers from a list of (status, Location), and keeps what was sent."""

    takes_deadline = True

    def __init__(self, *answers):
        self.answers = list(answers)
        self.sent = []

    def send(self, request, **options):
        fields = request.wire_head()[2]
        pairs = [(name.decode().lower(), value.decode()) for name, value in fields.raw_items()]
        self.sent.append((request.url, pairs, request.body))
        status, location = self.answers.pop(0) if self.answers else (200, None)
        headers = [] if location is None else [("Location", location)]
        head = h11.Response(status_code=status, reason=b"", headers=headers)
        return Response(request=request, head=head, body=FakeBody())

    def close(self):
        pass

    def values(self, name):
        """What each request had in its fields of this name."""
        return [[value for key, value in pairs if key == name] for _, pairs, _ in self.sent]


# --- how far ---------------------------------------------------------------------------------


@pytest.mark.safety("R10", "X17")
@pytest.mark.parametrize("limit", [0, 1, 2, 30])
def test_exactly_as_many_redirects_as_allowed_are_followed(limit):
    chain = [to(f"/{number}") for number in range(1, limit + 1)]
    session, network = session_of([*chain, HELLO])
    session.max_redirects = limit
    response = session.get(URL)
    assert response.text == "hello"
    assert [answer.status_code for answer in response.history] == [302] * limit
    assert response.url == (f"http://a.test/{limit}" if limit else URL)

    session, network = session_of([*chain, to("/more", body=b"x")])
    session.max_redirects = limit
    with pytest.raises(TooManyRedirects, match=str(limit)) as caught:
        session.get(URL)
    network.assert_used_up()
    last = caught.value.response
    assert last.headers["Location"] == "/more"
    assert [answer.url for answer in last.history] == [
        URL,
        *(f"http://a.test/{number}" for number in range(1, limit)),
    ][:limit]
    assert caught.value.request is last.request
    again = pickle.loads(pickle.dumps(caught.value))
    assert len(again.response.history) == limit


@pytest.mark.safety("R10")
def test_thirty_are_followed_when_nothing_else_is_said():
    session, network = session_of([to(URL)] * 31)
    assert session.max_redirects == 30
    with pytest.raises(TooManyRedirects):
        session.get(URL)
    assert len(lines_sent(network)) == 31


@pytest.mark.safety("R10")
def test_a_call_can_take_the_redirect_as_its_answer():
    for options in [{"allow_redirects": False}, {"allow_redirects": False, "stream": True}]:
        session, network = session_of([to("/2", body=b"moved")])
        response = session.get(URL, **options)
        assert (response.status_code, response.text, response.history) == (302, "moved", [])
        assert response.is_redirect
        network.assert_used_up()


@pytest.mark.safety("R10")
@pytest.mark.parametrize("method", ["GET", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "HEAD"])
def test_every_method_but_head_follows_by_itself(method):
    transport = Recorder((302, "/2"))
    session = h11client.Session(transport=transport, trust_env=False)
    response = getattr(session, method.lower())(URL)
    assert response.status_code == (302 if method == "HEAD" else 200)
    if method == "HEAD":
        transport.answers = [(302, "/2")]
        assert session.head(URL, allow_redirects=True).status_code == 200


@pytest.mark.safety("2f4")
def test_history_is_in_order_and_every_part_of_it_a_response():
    session, _network = session_of([to("/2", 301, b"one"), to("/3", 307), HELLO])
    response = session.get(URL, headers={"X-Id": "7"})
    first, second = response.history
    assert [(answer.status_code, answer.url) for answer in (first, second, response)] == [
        (301, URL),
        (307, "http://a.test/2"),
        (200, "http://a.test/3"),
    ]
    assert first.history == []
    assert second.history == [first]
    assert first.headers["location"] == "/2"
    assert {answer.request.headers["X-Id"] for answer in (first, second, response)} == {"7"}
    assert first.request is not second.request


# --- bodies of redirects ---------------------------------------------------------------------


@pytest.mark.safety("R11", "2f4")
def test_a_small_body_is_read_and_the_connection_used_again():
    session, network = session_of([to("/2", body=b"x" * 1000), HELLO])
    assert session.get(URL).text == "hello"
    assert len(network.dialled) == 1


@pytest.mark.safety("R11", "X17")
@pytest.mark.parametrize("stream", [False, True])
def test_a_large_body_is_not_read(stream):
    head = to("/2").replace(b"Content-Length: 0", b"Content-Length: 1000000000")
    block = b"x" * 65536
    session, network = session_of([head, *[block] * 10], [HELLO])
    response = session.get(URL, stream=stream)
    assert response.text == "hello"
    assert network.streams[0].closed
    assert network.streams[0].steps_left == [block] * 10


@pytest.mark.safety("R11")
def test_a_body_without_end_is_read_as_far_as_it_is_cheap():
    head = to("/2").replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
    chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
    session, network = session_of([head + chunk, *[chunk] * 20], [HELLO])
    assert session.get(URL).text == "hello"
    assert network.streams[0].closed
    assert len(network.streams[0].steps_left) >= 20 - 256 * 1024 // 65536


@pytest.mark.safety("R11")
@pytest.mark.parametrize("coding", ["gzip", "br", "gzip, gzip, gzip, gzip, gzip, gzip", "x"])
def test_a_body_is_never_decoded(coding):
    fields = f"Content-Encoding: {coding}\r\n".encode()
    session, network = session_of([to("/2", body=b"no such coding", fields=fields), HELLO])
    response = session.get(URL)
    assert response.text == "hello"
    assert response.history[0].headers["Content-Encoding"] == coding
    assert len(network.dialled) == 1


PUT_BY = [
    # (id, head fields, body as it comes, content)
    ("a length", b"Content-Length: 11", [b"moved ", b"there"], b"moved there"),
    ("with the head", b"Content-Length: 11", [b"moved there"], b"moved there"),
    ("chunks", b"Transfer-Encoding: chunked", [b"3\r\nmov\r\n2\r\ned\r\n0\r\n\r\n"], b"moved"),
    ("none", b"Content-Length: 0", [], b""),
    (
        "gzip",
        b"Content-Length: %d\r\nContent-Encoding: gzip" % len(gzip.compress(b"moved", mtime=0)),
        [gzip.compress(b"moved", mtime=0)],
        b"moved",
    ),
]


@pytest.mark.parametrize("joined", [False, True])
@pytest.mark.parametrize(
    ("fields", "pieces", "content"), [row[1:] for row in PUT_BY], ids=[row[0] for row in PUT_BY]
)
def test_what_was_read_of_a_body_is_there_for_who_asks(fields, pieces, content, joined):
    head = to("/2").replace(b"Content-Length: 0", fields)
    first = [head + b"".join(pieces)] if joined else [head, *pieces]
    for read in (
        lambda earlier: earlier.content,
        lambda earlier: earlier.text.encode(),
        lambda earlier: b"".join(earlier.iter_content(2)),
        lambda earlier: earlier.read(3) + earlier.read(),
    ):
        session, network = session_of([*first, HELLO])
        [earlier] = session.get(URL).history
        assert read(earlier) == content
        network.assert_used_up()


@pytest.mark.safety("R11")
def test_what_was_not_read_of_a_body_is_not_there():
    head = to("/2").replace(b"Content-Length: 0", b"Content-Length: 300000")
    session, _network = session_of([head, b"x" * 300_000], [HELLO])
    [earlier] = session.get(URL).history
    with pytest.raises(StreamConsumedError):
        earlier.content  # noqa: B018  # reading it is its effect


@pytest.mark.safety("R11", "B2")
def test_what_was_read_of_a_body_is_not_more_than_a_response_may_be():
    body = gzip.compress(b"x" * 100_000, mtime=0)
    redirect = to("/2", body=body, fields=b"Content-Encoding: gzip\r\n")
    session, _network = session_of([redirect, HELLO], max_response_size=1000)
    [earlier] = session.get(URL).history
    with pytest.raises(ResponseTooLarge):
        earlier.content  # noqa: B018  # reading it is its effect


@pytest.mark.safety("R11")
def test_a_body_that_is_cut_short_does_not_matter():
    session, _network = session_of([to("/2", body=b"x" * 9)[:-4], b""], [HELLO])
    assert session.get(URL).text == "hello"


@pytest.mark.safety("R11")
def test_a_redirect_larger_than_a_response_may_be_is_followed():
    session, _network = session_of([to("/2", body=b"x" * 100), HELLO], max_response_size=10)
    assert session.get(URL).text == "hello"


# --- where to --------------------------------------------------------------------------------


@pytest.mark.safety("R12", "M24", "4I12")
@pytest.mark.parametrize(
    ("location", "error"),
    [
        ("file:///etc/passwd", InvalidSchema),
        ("ftp://b.test/", InvalidSchema),
        ("http://[::1", InvalidURL),
        ("http://b\x01.test/", InvalidURL),
    ],
)
def test_nothing_is_contacted_for_a_location_that_is_none(location, error):
    session, network = session_of([to(location)])
    with pytest.raises(error) as caught:
        session.get(URL)
    assert network.dialled == [("a.test", 80)]
    assert [entry for entry in network.log if entry[0] == "resolve"] == []
    assert caught.value.response.status_code == 302
    assert caught.value.request.url == URL
    assert session._transport_.counts().busy == 0


FAILURES = [
    # (id, what the second place does, the error)
    ("is not there", ConnectionRefusedError(111, "refused"), h11client.ConnectionError),
    ("hangs up", [b""], h11client.ConnectionError),
    ("says nonsense", [b"what?"], RemoteProtocolError),
    ("is interrupted", [KeyboardInterrupt()], KeyboardInterrupt),
    ("hangs up within the body", [HELLO[:-1], b""], h11client.exceptions.IncompleteBody),
]


@pytest.mark.safety("4I3", "4I6", "X22")
@pytest.mark.parametrize(
    ("second", "error"), [row[1:] for row in FAILURES], ids=[row[0] for row in FAILURES]
)
def test_what_fails_at_the_second_place_leaves_nothing_behind(second, error):
    session, network = session_of([to("http://b.test/x"), HELLO], second)
    with pytest.raises(error) as caught:
        session.get(URL)
    if isinstance(caught.value, OSError):
        assert caught.value.request.url == "http://b.test/x"
        assert pickle.loads(pickle.dumps(caught.value)).request.url == "http://b.test/x"
    counts = session._transport_.counts()
    assert (counts.busy, counts.waiting, counts.open) == (0, 0, 1)
    assert session.get(URL).text == "hello"
    assert len(network.dialled) == 2


@pytest.mark.safety("X22")
@pytest.mark.parametrize("raised", [KeyError("mine"), KeyboardInterrupt()], ids=["error", "^C"])
def test_what_code_of_the_callers_raises_between_two_hops_passes(raised):
    class Raising(h11client.Session):
        def rebuild_auth(self, prepared_request, response):
            raise raised

    network = ScriptedNetwork([to("/2", body=b"x"), HELLO], [HELLO])
    session = Raising(transport=Pool(network=network, clock=network.clock), trust_env=False)
    with pytest.raises(type(raised)) as caught:
        session.get(URL)
    assert caught.value is raised
    assert session._transport_.counts().busy == 0


@pytest.mark.safety("M24", "2f1")
def test_wrong_locations_do_not_matter_to_who_does_not_follow():
    wrong = to("http://[::1", fields=b"Location: /other\r\n")
    session, _network = session_of([wrong])
    assert session.get(URL, allow_redirects=False).status_code == 302
    session, _network = session_of([wrong])
    with pytest.raises(RemoteProtocolError, match="several places"):
        session.get(URL)


@pytest.mark.safety("I9")
def test_a_long_location_is_cut_in_the_log(caplog):
    caplog.set_level(logging.DEBUG, "h11client")
    session, _network = session_of([to("/" + "x" * 60_000), HELLO])
    assert len(session.get(URL).url) > 60_000
    [line] = [record.getMessage() for record in caplog.records if "redirects" in record.msg]
    assert line.startswith("302 redirects to 'http://a.test/xxx")
    assert len(line) < 300


@pytest.mark.safety("R13")
def test_two_slashes_in_the_path_of_a_request_are_a_path():
    session, network = session_of([to("//b.test/x")], [HELLO])
    session.get("http://a.test//c.test/")
    assert lines_sent(network) == [(0, "GET //c.test/"), (1, "GET /x")]
    assert network.dialled == [("a.test", 80), ("b.test", 80)]


@pytest.mark.safety("R17", "R18")
def test_userinfo_of_a_location_is_neither_sent_nor_shown(caplog):
    caplog.set_level(logging.DEBUG, "h11client")
    session, network = session_of([to("http://user:hidden@b.test/x")], [HELLO])
    response = session.get(URL)
    assert network.dialled[1] == ("b.test", 80)
    assert "Authorization" not in response.request.headers
    assert b"hidden" not in network.streams[1].written
    assert response.url == "http://b.test/x"
    assert "hidden" not in f"{response!r} {response.request!r} {response.url} {caplog.text}"


@pytest.mark.safety("R18")
def test_secrets_of_a_chain_are_in_no_error_and_no_line_of_the_log(caplog):
    caplog.set_level(logging.DEBUG, "h11client")
    session, _network = session_of([to("http://u:s3cret@b.test/")], [to("http://u:s3cret@[x/")])
    url = "http://me:s3cret@a.test/"
    given = {"headers": {"X-Api-Key": "s3cret"}, "cookies": {"sid": "s3cret"}}
    with pytest.raises(InvalidURL) as caught:
        session.get(url, **given)  # a traceback shows this line
    shown = "".join(traceback.format_exception(caught.value))
    assert "s3cret" not in shown + repr(caught.value) + caplog.text
    assert "redirect" in caplog.text
    assert "s3cret" not in repr(caught.value.request) + repr(caught.value.response)


@pytest.mark.safety("2f1")
def test_a_redirect_in_answer_to_connect_is_the_answer():
    session, _network = session_of([to("http://b.test/")])
    assert session.request("CONNECT", URL).status_code == 302


TARGETS = [
    # (id, Location as it comes, the text of it)
    ("ASCII", b"/x", "/x"),
    ("UTF-8", "/\u00e4".encode(), "/\u00e4"),
    ("no UTF-8", b"/\xe4", "/\xe4"),
]


@pytest.mark.parametrize(
    ("location", "text"), [row[1:] for row in TARGETS], ids=[row[0] for row in TARGETS]
)
def test_a_session_says_where_it_would_go(location, text):
    transport = Recorder((302, location), (302, location))
    session = h11client.Session(transport=transport, trust_env=False)
    response = session.get(URL, allow_redirects=False)
    assert session.get_redirect_target(response) == text
    assert session.get_redirect_target(session.get(URL + "ok", allow_redirects=False)) == text
    assert session.get_redirect_target(session.get(URL)) is None


def test_the_session_of_a_program_may_go_elsewhere():
    class Careful(h11client.Session):
        def get_redirect_target(self, resp):
            target = super().get_redirect_target(resp)
            return target and target.replace("http://mirror.test", "http://a.test")

    transport = Recorder((302, "http://mirror.test/\u00e4".encode()))
    response = Careful(transport=transport, trust_env=False).get(URL)
    assert response.url == "http://a.test/%C3%A4"


# --- secrets ---------------------------------------------------------------------------------

PLACES = [
    # (id, from, to, whether it is the same origin)
    ("scheme down", "https://a.test/", "http://a.test/", False),
    ("scheme up", "http://a.test/", "https://a.test/", True),
    ("host", "http://a.test/", "http://b.test/", False),
    ("port", "http://a.test/", "http://a.test:8080/", False),
    ("sub-domain", "http://a.test/", "http://www.a.test/", False),
    ("default port", "http://a.test/", "http://a.test:80/", True),
    ("case", "http://a.test/", "http://A.TEST/", True),
    ("dot", "http://a.test/", "http://a.test./", True),
    ("userinfo", "http://a.test/", "http://x:y@a.test/", True),
    ("zone", "http://[fe80::1%25eth0]/", "http://[fe80::1%25eth1]/", False),
]


def call_with_header(session, url, tmp_path):
    session.get(url, headers={"authorIZATION": "Basic bWU6c2VjcmV0"})


def call_with_auth(session, url, tmp_path):
    session.get(url, auth=("me", "secret"))


def call_with_session_header(session, url, tmp_path):
    session.headers["AUTHORIZATION"] = "Basic bWU6c2VjcmV0"
    session.get(url)


def call_with_session_auth(session, url, tmp_path):
    session.auth = ("me", "secret")
    session.get(url)


def call_with_userinfo(session, url, tmp_path):
    session.get(url.replace("//", "//me:secret@"))


def call_with_netrc(session, url, tmp_path):
    netrc = tmp_path / "netrc"
    netrc.write_text(
        "machine a.test login me password secret\nmachine fe80::1%eth0 login me password secret\n"
    )
    netrc.chmod(0o600)
    session.get(url)


CALLS = [
    call_with_header,
    call_with_auth,
    call_with_session_header,
    call_with_session_auth,
    call_with_userinfo,
    call_with_netrc,
]


@pytest.mark.safety("R1", "N1", "2l1")
@pytest.mark.parametrize("call", CALLS, ids=[call.__name__[10:] for call in CALLS])
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    ("start", "location", "same"), [row[1:] for row in PLACES], ids=[row[0] for row in PLACES]
)
def test_credentials_go_to_the_same_origin_only(
    start, location, same, status, call, tmp_path, monkeypatch
):
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    transport = Recorder((status, location))
    session = h11client.Session(transport=transport)
    call(session, start, tmp_path)
    expected = ["Basic bWU6c2VjcmV0"]
    assert transport.values("authorization") == [expected, expected if same else []]


@pytest.mark.safety("R4")
@pytest.mark.parametrize("call", CALLS, ids=[call.__name__[10:] for call in CALLS])
def test_credentials_do_not_come_back_with_the_chain(call, tmp_path, monkeypatch):
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    transport = Recorder(
        (302, "/2"), (302, "http://b.test/"), (302, "http://b.test/2"), (302, "http://a.test/")
    )
    session = h11client.Session(transport=transport)
    call(session, URL, tmp_path)
    expected = ["Basic bWU6c2VjcmV0"]
    assert transport.values("authorization") == [expected, expected, [], [], []]


STEPS = [
    # (URL, its origin)
    ("http://a.test/1", "a"),
    ("http://A.TEST.:80/2", "a"),
    ("http://x:y@a.test/3", "a"),
    ("https://a.test/4", "secure a"),
    ("http://a.test:8080/5", "another port"),
    ("http://b.test/6", "b"),
    ("http://a.test.b.test/7", "another host"),
]
SAME = {("a", "secure a")} | {(origin, origin) for _, origin in STEPS}


@pytest.mark.safety("5P10", "R1", "R2", "R4", "R7")
@given(
    st.lists(st.sampled_from(STEPS), max_size=6),
    st.lists(st.sampled_from([301, 302, 303, 307, 308]), min_size=6, max_size=6),
    st.sampled_from(["header", "auth", "session header", "session auth", "userinfo"]),
    st.sampled_from(["GET", "POST", "PUT"]),
)
def test_whatever_the_chain_secrets_stay_with_the_origin(steps, statuses, source, method):
    transport = Recorder(
        *[(status, url) for (url, _), status in zip(steps, statuses, strict=False)]
    )
    session = h11client.Session(transport=transport, trust_env=False, headers={"X-Api-Key": "1"})
    options = {"cookies": {"c": "1"}, "data": b"x"}
    url = URL
    if source == "header":
        options["headers"] = {"authorization": "Basic bWU6c2VjcmV0"}
    elif source == "auth":
        options["auth"] = ("me", "secret")
    elif source == "session header":
        session.headers["AUTHORIZATION"] = "Basic bWU6c2VjcmV0"
    elif source == "session auth":
        session.auth = ("me", "secret")
    else:
        url = "http://me:secret@a.test/"
    session.request(method, url, **options)
    origins = ["a", *(origin for _, origin in steps)]
    kept = [
        all(pair in SAME for pair in pairwise(origins[: end + 1])) for end in range(len(origins))
    ]
    for name in ("authorization", "x-api-key", "cookie"):
        assert [bool(values) for values in transport.values(name)] == kept


@pytest.mark.safety("N1", "2f4")
def test_netrc_is_asked_again_for_another_host(tmp_path, monkeypatch):
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    (tmp_path / "netrc").write_text(
        "machine a.test login a password x\nmachine b.test login b password x\n"
    )
    transport = Recorder((302, "http://b.test/"), (302, "http://b.test/2"), (302, "http://c.test/"))
    h11client.Session(transport=transport).get(URL)
    assert transport.values("authorization") == [
        ["Basic YTp4"],
        ["Basic Yjp4"],
        ["Basic Yjp4"],
        [],
    ]


@pytest.mark.safety("N1")
def test_the_default_of_netrc_is_for_hosts_that_the_user_names(tmp_path, monkeypatch):
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    (tmp_path / "netrc").write_text("default login a password x\n")
    transport = Recorder((302, "/2"), (302, "http://b.test/"))
    h11client.Session(transport=transport).get(URL)
    assert transport.values("authorization") == [["Basic YTp4"], ["Basic YTp4"], []]


@pytest.mark.safety("2b7")
def test_a_trace_and_what_it_is_redirected_to_carry_nothing_that_is_kept(tmp_path, monkeypatch):
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    (tmp_path / "netrc").write_text("machine a.test login a password x\n")
    transport = Recorder((307, "/2"))
    session = h11client.Session(transport=transport)
    session.cookies.set("a", "b")
    assert session.request("TRACE", URL).history
    assert transport.values("cookie") == transport.values("authorization") == [[], []]


@pytest.mark.safety("R1")
def test_whatever_a_callable_for_auth_has_set_is_set_anew_or_gone():
    def sign(request):
        request.headers["X-Signature"] = f"{request.method} {request.url}"
        return request

    transport = Recorder((303, "/2"), (302, "http://b.test/"), (302, "http://a.test/"))
    h11client.Session(transport=transport, trust_env=False).post(URL, auth=sign)
    assert transport.values("x-signature") == [
        ["POST http://a.test/"],
        ["GET http://a.test/2"],
        [],
        [],
    ]


@pytest.mark.safety("A1", "R1")
def test_a_hook_that_a_callable_for_auth_has_registered_sees_its_own_origin_only():
    seen = []

    class Answering:
        def __call__(self, request):
            request.register_hook("response", self.answer)
            return request

        def answer(self, response, **arguments):
            seen.append(response.url)

    def of_the_call(response, **arguments):
        seen.append(f"call {response.status_code}")

    transport = Recorder((303, "/2"), (302, "http://b.test/"), (302, "http://a.test/"))
    session = h11client.Session(transport=transport, trust_env=False)
    session.post(URL, auth=Answering(), hooks={"response": of_the_call})
    assert sorted(seen) == [
        *("call 200", "call 302", "call 302", "call 303"),
        *("http://a.test/", "http://a.test/2"),
    ]


@pytest.mark.safety("A1", "R1")
def test_no_other_origin_is_answered_with_digest():
    challenge = (
        b'HTTP/1.1 401 No\r\nWWW-Authenticate: Digest realm="r", nonce="n", qop="auth"\r\n'
        b"Content-Length: 2\r\n\r\nno"
    )
    session, network = session_of([challenge, to("/2"), to("http://b.test/")], [challenge])
    response = session.get(URL, auth=HTTPDigestAuth("me", "secret"))
    assert response.status_code == 401
    assert [earlier.status_code for earlier in response.history] == [401, 302, 302]
    assert network.streams[0].written.count(b"Authorization: Digest") == 2
    assert b"Authorization" not in network.streams[1].written


@pytest.mark.safety("R2", "R4")
def test_cookies_that_were_set_by_hand_stay_with_their_origin():
    for options in [{"headers": {"COOKIE": "a=b"}}, {"cookies": {"a": "b"}}]:
        transport = Recorder((307, "/2"), (307, "http://b.test/"), (307, "http://a.test/"))
        h11client.Session(transport=transport).get(URL, **options)
        assert transport.values("cookie") == [["a=b"], ["a=b"], [], []]


@pytest.mark.safety("R7", "M21")
def test_a_session_knows_which_headers_are_secret():
    session = h11client.Session(transport=Recorder(), trust_env=False)
    assert {name.lower() for name in session.sensitive_headers} == {
        *("x-api-key", "api-key", "x-auth-token", "x-access-token", "x-csrf-token")
    }
    headers = {"X-Api-Key": "1", "X-Tenant": "2"}
    transport = Recorder((302, "http://b.test/"))
    session = h11client.Session(
        transport=transport, trust_env=False, sensitive_headers=["X-TENANT"], headers=headers
    )
    session.get(URL)
    assert (transport.values("x-api-key"), transport.values("x-tenant")) == (
        [["1"], ["1"]],
        [["2"], []],
    )
    session.sensitive_headers = ["X-Api-Key"]
    transport.answers = [(302, "http://b.test/")]
    session.get(URL)
    assert (transport.values("x-api-key")[2:], transport.values("x-tenant")[2:]) == (
        [["1"], []],
        [["2"], ["2"]],
    )


@pytest.mark.safety("R6", "4I10")
@pytest.mark.parametrize("location", ["/2", "http://b.test/"])
def test_what_the_caller_has_passed_is_as_before(location):
    session = h11client.Session(
        transport=Recorder((307, location), (303, location)),
        trust_env=False,
        headers=Headers([("X-Api-Key", "1"), ("x-api-key", "2"), ("Authorization", "3")]),
        params={"a": ["1"]},
    )
    session.cookies.set("s", "1")
    headers = {"Cookie": "a=b", "Content-Type": "text/x", "X-None": None, "Host": "v.test"}
    given = {
        "headers": headers,
        "data": {"x": ["1", "2"]},
        "params": {"b": "2"},
        "auth": ("a", "b"),
    }
    before = repr((given, session.headers.multi_items(), session.params, list(session.cookies)))
    response = session.post(URL, **given)
    assert len(response.history) == 2
    after = repr((given, session.headers.multi_items(), session.params, list(session.cookies)))
    assert after == before
    prepared = session.prepare_request(h11client.Request("POST", URL, headers=headers, data=b"x"))
    shown = (prepared.url, prepared.method, prepared.headers.multi_items(), prepared.body)
    session._transport_.answers = [(303, location)]
    session.send(prepared)
    assert (prepared.url, prepared.method, prepared.headers.multi_items(), prepared.body) == shown


# --- bodies of requests ----------------------------------------------------------------------


@pytest.mark.safety("R8", "R9")
def test_on_the_wire_a_post_becomes_a_get_without_body_or_stays_with_it():
    for status, second in [(303, b"GET /2"), (307, b"POST /2")]:
        session, network = session_of([to("/2", status), HELLO])
        session.post(URL, data={"a": "b"}, headers={"Content-Language": "de"})
        written = network.streams[0].written.partition(b"\r\n\r\na=b")[2]
        assert written.startswith(second)
        assert (b"ontent-" in written, b"a=b" in written) == ((status == 307,) * 2)


@pytest.mark.safety("R9", "X17", "4I12")
def test_nothing_is_sent_instead_of_a_body_that_was_used_up():
    session, network = session_of([to("http://b.test/", 307)])
    with pytest.raises(UnrewindableBodyError) as caught:
        session.post(URL, data=iter([b"once"]))
    assert network.dialled == [("a.test", 80)]
    assert caught.value.response.status_code == 307
    assert session._transport_.counts().busy == 0


@pytest.mark.safety("R9", "2g2")
def test_a_body_that_was_held_back_was_not_used_up():
    go_on = b"HTTP/1.1 100 Continue\r\n\r\n"
    session, network = session_of([to("http://b.test/", 307)], [go_on, HELLO])
    response = session.post(URL, data=iter([b"once"]), headers={"Expect": "100-continue"})
    assert response.text == "hello"
    assert b"once" not in network.streams[0].written
    assert network.streams[1].written.endswith(b"\r\n\r\n4\r\nonce\r\n0\r\n\r\n")


@pytest.mark.safety("R9")
def test_the_files_of_a_form_go_again_from_their_own_beginning():
    file = io.BytesIO(b"skipped,sent")
    file.seek(8)
    session, network = session_of([to("/2", 307), HELLO])
    session.post(URL, files={"f": file}, data={"a": "b"})
    first, second = network.streams[0].written.split(b"POST ")[1:]
    assert first.partition(b"\r\n\r\n")[2] == second.partition(b"\r\n\r\n")[2]
    assert b"\r\n\r\nsent\r\n" in second


@pytest.mark.safety("R9")
def test_a_file_goes_again_from_its_own_beginning():
    file = io.BytesIO(b"skipped,sent")
    file.seek(8)
    session, network = session_of([to("/2", 308), HELLO])
    session.put(URL, data=file)
    heads = network.streams[0].written.split(b"PUT ")[1:]
    assert [head.split(b"\r\n\r\n")[1] for head in heads] == [b"sent", b"sent"]


# --- proxies ---------------------------------------------------------------------------------

ESTABLISHED = b"HTTP/1.1 200 OK\r\n\r\n"


def proxied(*dials, **options):
    proxies._remembered.clear()  # with what they were told in other tests
    return session_of(*dials, **options)


@pytest.mark.safety("R15", "R3")
def test_the_proxy_is_chosen_anew_for_every_hop():
    session, network = proxied(
        [to("http://b.test/1"), HELLO],
        [to("http://direct.test/2")],
        [to("https://a.test/3")],
        [ESTABLISHED, to("http://a.test/4")],
        proxies={
            "http": "http://one:x@one.test:1",
            "http://b.test": "http://two:x@two.test:2",
            "https": "http://three:x@three.test:3",
            "no_proxy": "direct.test",
        },
    )
    session.get(URL, headers={"Proxy-Authorization": "Bearer mine"})
    assert [place[0] for place in network.dialled] == [
        *("one.test", "two.test", "direct.test", "three.test")
    ]
    told = [
        [line[21:] for line in stream.written.split(b"\r\n") if line.lower().startswith(b"proxy-a")]
        for stream in network.streams
    ]
    assert told == [[b"Basic b25lOng="] * 2, [b"Basic dHdvOng="], [], [b"Basic dGhyZWU6eA=="]]
    connect, tunnelled = network.streams[3].writes
    assert connect.startswith(b"CONNECT ") and b"roxy-A" not in tunnelled
    assert b"Bearer" not in b"".join(stream.written for stream in network.streams)


@pytest.mark.safety("R3")
def test_proxy_authorization_of_the_callers_goes_to_no_origin():
    for location in ["/2", "http://b.test/"]:
        dials = [[to(location), HELLO]] if location == "/2" else [[to(location)], [HELLO]]
        session, network = proxied(*dials)
        session.get(URL, headers={"proxy-AUTHORIZATION": "Basic secret"})
        assert b"secret" not in b"".join(stream.written for stream in network.streams)


# --- time ------------------------------------------------------------------------------------


@pytest.mark.safety("M8", "4I4")
def test_the_total_is_that_of_the_whole_chain():
    hop = [Pause(4), to("http://a.test/2"), Pause(4), to("http://a.test/3"), Pause(4), HELLO]
    session, network = session_of(hop, timeout=h11client.Timeout(read=5, total=10))
    with pytest.raises(ReadTimeout) as caught:
        session.get(URL)
    assert caught.value.limit == "total"
    assert network.clock.now == 10
    session, network = session_of(hop, timeout=h11client.Timeout(read=5))
    assert session.get(URL).text == "hello"


@pytest.mark.safety("R11", "M8")
def test_a_slow_body_of_a_redirect_is_not_waited_for():
    slow = [to("/2").replace(b"h: 0", b"h: 9") + b"x", Pause(1000), b"x" * 8]
    session, network = session_of(slow, [HELLO], timeout=5)
    assert session.get(URL).text == "hello"
    assert network.clock.now < 1
