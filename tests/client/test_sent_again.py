"""What a program sends a second time itself: prepared requests, and copies of them, from hooks."""

from __future__ import annotations

import copy
import io
import pickle
import traceback

import pytest

import h11client
from h11client import PreparedRequest, Request, Session, exceptions
from h11client._transport.pool import Pool
from h11client.auth import AuthBase
from h11client.testing import Answer, MockTransport, ScriptedNetwork

URL = "http://a.test/"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
WHO = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"


def session_of(*dials, **options):
    network = ScriptedNetwork(*dials)
    pool = Pool(network=network, clock=network.clock)
    return Session(transport=pool, trust_env=False, **options), network


class Pipe:
    """A file that cannot seek."""

    def __init__(self):
        self.read = io.BytesIO(b"body").read


# --- bodies ----------------------------------------------------------------------------------


@pytest.mark.safety("R9")
@pytest.mark.parametrize("kind", ["BytesIO", "file", "form", "list-like"])
def test_a_body_that_can_be_read_again_begins_again_where_it_did(kind, tmp_path):
    class Pieces:
        def __iter__(self):
            return iter([b"bo", b"dy"])

    path = tmp_path / "file"
    path.write_bytes(b"some body")
    with open(path, "rb") as file:
        file.seek(5)
        bodies = {
            "BytesIO": {"data": io.BytesIO(b"body")},
            "file": {"data": file},
            "form": {"files": {"a": ("b", file)}},
            "list-like": {"data": Pieces()},
        }
        session, network = session_of([OK, OK])
        prepared = Request("POST", URL, **bodies[kind]).prepare()
        session.send(prepared)
        first = network.streams[0].written
        session.send(prepared)
    assert b"dy" in first
    assert network.streams[0].written == first * 2


@pytest.mark.safety("R9")
@pytest.mark.parametrize("kind", ["generator", "pipe", "form"])
def test_a_body_that_can_be_read_once_is_no_empty_body_the_second_time(kind):
    bodies = {
        "generator": {"data": (piece for piece in [b"body"])},
        "pipe": {"data": Pipe()},
        "form": {"files": {"a": ("b", Pipe())}},
    }
    session, network = session_of([OK])
    prepared = Request("POST", URL, **bodies[kind]).prepare()
    session.send(prepared)
    first = network.streams[0].written
    for send in (session.send, session.get_adapter(URL).send):
        with pytest.raises(exceptions.UnrewindableBodyError):
            send(prepared)
    assert network.streams[0].written == first
    assert session.statistics().busy == 0


@pytest.mark.safety("R9")
@pytest.mark.parametrize("over", ["session", "connection"])
def test_a_hook_that_sends_again_sends_the_whole_body_or_none(over):
    def again(response, **options):
        if response.status_code == 401:
            request = response.request.copy()
            sender = session if over == "session" else response.connection
            return sender.send(request, **options)
        return None

    session, network = session_of([WHO, OK])
    options = {"hooks": {"response": again}}
    assert session.post(URL, data=io.BytesIO(b"body"), **options).ok
    assert [wire.count(b"body") for wire in [network.streams[0].written]] == [2]
    session, network = session_of([WHO])
    with pytest.raises(exceptions.UnrewindableBodyError):
        session.post(URL, data=iter([b"body"]), **options)
    assert len(network.streams) == 1
    assert network.streams[0].written.count(b"POST") == 1


@pytest.mark.safety("R9")
def test_a_pipe_of_which_nothing_was_taken_can_still_be_sent():
    refused = b"HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n"
    session, network = session_of([refused], [OK])
    assert session.post(URL, data=Pipe(), headers={"Expect": "100-continue"}).ok
    assert [b"body" in stream.written for stream in network.streams] == [False, True]


def test_a_transport_of_a_test_does_the_same():
    transport = MockTransport(lambda request: (200, ""))
    session = Session(transport=transport)
    prepared = Request("POST", URL, data=io.BytesIO(b"body")).prepare()
    session.send(prepared)
    session.send(prepared)
    assert transport.bodies == [b"body", b"body"]


# --- what hooks leave behind -----------------------------------------------------------------


def test_a_response_that_a_hook_puts_into_the_history_holds_no_connection():
    def again(response, **options):
        if response.status_code != 401:
            return None
        other = response.connection.send(response.request.copy(), **options)
        other.history.append(response)
        return other

    refusal = b"HTTP/1.1 401 No\r\nContent-Length: 20000000\r\n\r\nno"
    session, network = session_of([refusal], [OK])
    response = session.get(URL, hooks={"response": again}, stream=True)
    assert [earlier.status_code for earlier in response.history] == [401]
    assert session.statistics().busy == 0
    assert network.streams[0].closed


# --- copies ----------------------------------------------------------------------------------


class Token(AuthBase):
    def __call__(self, request):
        request.headers["X-Token"] = "secret"
        return request


@pytest.mark.safety("R4", "R7")
@pytest.mark.parametrize(
    "copied",
    [
        PreparedRequest.copy,
        copy.copy,
        copy.deepcopy,
        lambda request: pickle.loads(pickle.dumps(request)),
    ],
    ids=["copy", "copy.copy", "deepcopy", "pickle"],
)
def test_a_copy_knows_what_stays_with_its_origin(copied):
    answers = [Answer(302, b"", {"Location": "http://b.test/"}), 200]
    transport = MockTransport(lambda request: answers.pop(0))
    session = Session(transport=transport, trust_env=False)
    session.cookies.set("a", "1", domain="a.test")
    prepared = session.prepare_request(Request("GET", URL, auth=Token(), cookies={"b": "2"}))
    sent = copied(prepared)
    sent.headers["X-More"] = "mine"
    session.send(sent)
    seen = [[r.headers.get(n) for n in ("X-Token", "Cookie")] for r in transport.requests]
    assert seen == [["secret", "a=1; b=2"], [None, None]]
    assert "X-More" not in prepared.headers
    dropped = transport.requests[1]
    assert dropped.dropped
    assert copied(dropped).dropped


class Signed(AuthBase):
    def __call__(self, request):
        request.body = b"secret " + request.body
        return request


@pytest.mark.safety("R1", "R8")
@pytest.mark.parametrize(
    ("location", "status", "bodies"),
    [
        ("/b", 307, [b"secret body", b"secret body"]),
        ("http://b.test/", 307, [b"secret body", b"body"]),
        ("http://b.test/", 303, [b"secret body", b""]),
    ],
)
def test_what_auth_has_put_into_the_body_is_for_its_origin(location, status, bodies):
    answers = [Answer(status, b"", {"Location": location}), 200]
    transport = MockTransport(lambda request: answers.pop(0))
    session = Session(transport=transport, trust_env=False)
    prepared = session.prepare_request(Request("POST", URL, data=b"body", auth=Signed()))
    session.send(prepared)
    assert transport.bodies == bodies
    assert prepared.body == b"secret body"
    for request, body in zip(transport.requests, bodies, strict=True):
        length = str(len(body)) if body else None
        assert request.headers.get("Content-Length") == length


# --- passwords in errors ---------------------------------------------------------------------


class Nowhere(h11client.adapters.BaseAdapter):
    def close(self):
        pass


@pytest.mark.safety("R18", "R17")
@pytest.mark.parametrize("url", ["http://u:secret\udc80@a.test/", "mock://u:secret@a.test\x00/"])
@pytest.mark.parametrize("place", ["call", "base", "proxy", "location", "adapter"])
def test_a_password_is_in_no_error_and_in_nothing_that_led_to_it(url, place):
    location = url.encode("utf-8", "surrogatepass").decode("latin-1")
    answer = MockTransport(lambda request: Answer(302, b"", {"Location": location}))
    mounted = Session()
    mounted.mount("mock://", Nowhere())
    del mounted.adapters["http://"]
    calls = {
        "call": lambda: mounted.get(url) if url[0] == "m" else Session().get(url),
        "base": lambda: Session(base_url=url),
        "proxy": lambda: Session(proxies={"http": url}).get("http://a.test/"),
        "location": lambda: Session(transport=answer).get("http://b.test/"),
        "adapter": lambda: Session.get_adapter(mounted, url.replace("mock", "other")),
    }
    with pytest.raises(exceptions.RequestException) as caught:
        calls[place]()
    error = caught.value
    seen = []
    while error is not None:
        seen += [str(error), repr(error), repr(error.args)]
        assert "secret" not in "".join(seen)
        error = error.__cause__ or error.__context__
    assert "secret" not in "".join(traceback.format_exception_only(caught.value))
