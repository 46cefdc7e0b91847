"""A session: what its requests have in common, its arguments, and the way down to the socket."""

from __future__ import annotations

import inspect
import sys

import pytest

import h11client
from h11client import exceptions
from h11client._messages.headers import Headers
from h11client._messages.request import PreparedRequest
from h11client._messages.response import Response
from h11client._timeouts import DEFAULT_TIMEOUT, Limit, Timeout
from h11client._transport.network import TLSConfig
from h11client._transport.pool import Pool
from h11client.testing import Dial, Pause, ScriptedNetwork

URL = "http://a.test/"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
HELLO = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


def session_of(*dials, **options):
    network = ScriptedNetwork(*dials)
    pool = Pool(network=network, clock=network.clock)
    return h11client.Session(transport=pool, **options), network


def head_of(network, stream=0):
    return network.streams[stream].writes[-1].decode("latin-1").split("\r\n\r\n")[0].split("\r\n")


def fields_of(network):
    return dict(line.split(": ", 1) for line in head_of(network)[1:])


# --- the way down ----------------------------------------------------------------------------


def test_at_most_eight_frames_lie_between_get_and_the_socket():
    session, network = session_of([OK, HELLO])
    session.get(URL)
    stream = network.streams[0]
    depths = []
    write = type(stream).write

    def counting(self, *args):
        frame = sys._getframe()
        depth = 1
        while frame.f_code is not h11client.Session.get.__code__:
            frame = frame.f_back
            depth += 1
        depths.append(depth - 1)  # without this function of the test's
        return write(self, *args)

    type(stream).write = counting
    try:
        session.get(URL)
    finally:
        type(stream).write = write
    assert depths and max(depths) <= 8


def test_a_get_is_one_write_one_read_and_one_probe():
    session, network = session_of([HELLO, HELLO])
    session.get(URL)
    network.log.clear()
    session.get(URL)
    assert [entry[0] for entry in network.log] == ["write", "read"]


def test_without_a_total_a_request_reads_the_clock_a_fixed_number_of_times():
    session, network = session_of([HELLO] * 3)
    session.get(URL)
    before = network.clock.reads
    session.get(URL)
    assert network.clock.reads - before <= 6


# --- methods ---------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["get", "options", "head", "post", "put", "patch", "delete"])
def test_every_method_sends_its_name(method):
    session, network = session_of([OK])
    response = getattr(session, method)(URL)
    assert isinstance(response, Response)
    assert head_of(network)[0].split()[0] == method.upper()


def test_request_takes_any_method():
    session, network = session_of([OK])
    session.request("frobnicate", URL)
    assert head_of(network)[0] == "FROBNICATE / HTTP/1.1"


@pytest.mark.parametrize("method", ["post", "put", "patch"])
def test_the_body_may_be_the_second_argument(method):
    session, network = session_of([OK])
    getattr(session, method)(URL, b"body")
    assert network.streams[0].written.endswith(b"Content-Length: 4\r\n\r\nbody")


def test_json_may_be_the_third_argument_of_post():
    session, network = session_of([OK])
    session.post(URL, None, {"a": 1})
    assert fields_of(network)["Content-Type"] == "application/json"


CALLS = ["get", "options", "head", "post", "put", "patch", "delete", "request", "send"]


@pytest.mark.parametrize("method", CALLS)
def test_an_unknown_keyword_is_a_type_error_and_nothing_is_sent(method):
    session, network = session_of()
    request = h11client.Request("GET", URL).prepare()
    arguments = {"request": ("GET", URL), "send": (request,)}.get(method, (URL,))
    with pytest.raises(TypeError, match="frobnicate"):
        getattr(session, method)(*arguments, frobnicate=1)
    assert network.dialled == []


@pytest.mark.parametrize("status", [300, 304, 305, 306, 401, 407, 408, 417, 429, 503])
def test_without_a_policy_no_status_is_acted_upon(status):
    answer = (
        b"HTTP/1.1 %d X\r\nLocation: /b\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n" % status
    )
    session, network = session_of([answer])
    response = session.get(URL)
    assert response.status_code == status
    assert response.history == []
    assert len(network.streams[0].writes) == 1


# --- what requests have in common ------------------------------------------------------------


def test_the_attributes_have_their_defaults():
    with h11client.Session() as session:
        assert set(session.headers) == {"User-Agent", "Accept-Encoding", "Accept"}
        assert session.headers["User-Agent"] == f"h11client/{h11client.__version__}"
        assert session.params == {}
        assert session.verify is True
        assert session.stream is False
        assert session.timeout == DEFAULT_TIMEOUT
        assert session.limits == h11client.Limits()


def test_every_attribute_is_a_keyword_of_the_constructor():
    limits = h11client.Limits(max_connections=7)
    options = {
        "params": {"a": "b"},
        "verify": False,
        "stream": True,
        "timeout": 3,
        "limits": limits,
        "max_response_size": 1000,
    }
    with h11client.Session(headers={"X": "y"}, **options) as session:
        assert session.headers["x"] == "y"
        assert "User-Agent" in session.headers
        for name, value in options.items():
            assert getattr(session, name) == value


def test_unknown_keywords_of_the_constructor_are_type_errors():
    with pytest.raises(TypeError):
        h11client.Session(frobnicate=1)


@pytest.mark.parametrize(
    ("wrong", "error"), [(-1, ValueError), (0, ValueError), ("5", TypeError), (True, TypeError)]
)
def test_a_wrong_timeout_is_noticed_by_the_constructor(wrong, error):
    with pytest.raises(error):
        h11client.Session(timeout=wrong)


def test_the_sessions_headers_are_sent_and_the_calls_win():
    session, network = session_of([OK, OK, OK])
    session.headers["X-A"] = "session"
    session.get(URL)
    assert fields_of(network)["X-A"] == "session"
    session.get(URL, headers={"x-a": "call"})
    assert {name.lower(): value for name, value in fields_of(network).items()}["x-a"] == "call"
    session.get(URL, headers={"X-A": None})
    assert "X-A" not in fields_of(network)


@pytest.mark.safety("R6", "4I10")
def test_the_callers_objects_stay_as_they_are():
    session, _network = session_of([OK])
    headers, params, data = {"X": "y", "Z": None}, {"a": ["b"]}, {"c": "d"}
    session.post(URL, headers=headers, params=params, data=data)
    assert headers == {"X": "y", "Z": None}
    assert params == {"a": ["b"]}
    assert data == {"c": "d"}


def test_headers_may_be_assigned():
    session, network = session_of([OK])
    session.headers = {"X-Only": "this"}
    assert isinstance(session.headers, Headers)
    session.get(URL)
    assert set(fields_of(network)) == {"Host", "X-Only"}


PARAMS = [
    ("the session's", {"a": "1"}, None, "/?a=1"),
    ("the call's", {}, {"b": "2"}, "/?b=2"),
    ("both", {"a": "1"}, {"b": "2"}, "/?a=1&b=2"),
    ("the call wins", {"a": "1"}, {"a": "2"}, "/?a=2"),
    ("the call leaves one out", {"a": "1", "b": "2"}, {"a": None}, "/?b=2"),
    ("pairs of the call replace", {"a": "1"}, [("b", "2")], "/?b=2"),
    ("text of the call replaces", {"a": "1"}, "b=2", "/?b=2"),
    ("pairs of the session", [("a", "1"), ("a", "2")], None, "/?a=1&a=2"),
]


@pytest.mark.parametrize(
    ("ours", "own", "target"), [row[1:] for row in PARAMS], ids=[row[0] for row in PARAMS]
)
def test_params_of_session_and_call_are_merged(ours, own, target):
    session, network = session_of([OK], params=ours)
    session.get(URL, params=own)
    assert head_of(network)[0] == f"GET {target} HTTP/1.1"


TIMEOUTS = [
    ("the default", {}, {}, 60.0, "read"),
    ("the session's", {"timeout": 7}, {}, 7.0, "read"),
    ("the call's", {"timeout": 7}, {"timeout": 3}, 3.0, "read"),
    ("a pair", {}, {"timeout": (1, 2)}, 2.0, "read"),
    ("a value", {}, {"timeout": Timeout(read=4, total=2)}, 2.0, "total"),
    ("none at all", {"timeout": 7}, {"timeout": None}, None, "read"),
]


@pytest.mark.parametrize(
    ("ours", "own", "seconds", "name"),
    [row[1:] for row in TIMEOUTS],
    ids=[row[0] for row in TIMEOUTS],
)
def test_timeouts_of_the_call_win_over_the_sessions(ours, own, seconds, name):
    session, network = session_of([OK], **ours)
    session.get(URL, **own)
    assert network.streams[0].limits[-1] == ("read", Limit(seconds, name))


def test_the_timeout_may_be_assigned():
    session, network = session_of([OK])
    session.timeout = (2, 9)
    session.get(URL)
    assert network.limits == [Limit(2.0, "connect")]
    assert network.streams[0].limits[-1] == ("read", Limit(9.0, "read"))


def test_verify_of_the_call_wins_over_the_sessions():
    session, network = session_of([OK], [OK])
    session.verify = "ca.pem"
    session.get("https://a.test/")
    session.get("https://a.test/", verify=False)
    assert [config for config, _ in network.upgrades] == [TLSConfig("ca.pem"), TLSConfig(False)]


def test_limits_may_be_assigned():
    with h11client.Session() as session:
        session.limits = h11client.Limits(max_idle=3)
        assert session._transport_.limits.max_idle == 3


def test_one_deadline_covers_connecting_writing_and_reading():
    session, network = session_of(
        [Pause(2), b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", Pause(3), b"hello"]
    )
    session.get(URL, timeout=Timeout(total=10))
    assert [limit for _, limit in network.streams[0].limits] == [
        Limit(10.0, "total"),
        Limit(10.0, "total"),
        Limit(8.0, "total"),
    ]


# --- streaming -------------------------------------------------------------------------------


def test_the_body_is_read_unless_stream_is_asked_for():
    session, _network = session_of([HELLO, HELLO])
    pool = session._transport_
    session.get(URL)
    assert pool.counts().idle == 1
    response = session.get(URL, stream=True)
    assert pool.counts().idle == 0
    assert response.content == b"hello"
    assert pool.counts().idle == 1


def test_stream_may_be_the_sessions_and_the_call_wins():
    session, _network = session_of([HELLO], [HELLO], stream=True)
    pool = session._transport_
    response = session.get(URL)
    assert pool.counts().idle == 0
    session.get(URL, stream=False)
    assert pool.counts().idle == 1
    response.close()


@pytest.mark.safety("2c3")
def test_a_response_without_a_body_is_finished_even_when_streamed():
    session, _network = session_of([OK])
    session.get(URL, stream=True)
    assert session._transport_.counts().idle == 1


def test_elapsed_is_the_time_from_the_call_until_the_head():
    session, _network = session_of(
        Dial(
            [Pause(2), b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", Pause(4), b"hello"], takes=1
        )
    )
    assert session.get(URL).elapsed.total_seconds() == 3.0


# --- prepared requests -----------------------------------------------------------------------


def test_a_prepared_request_is_sent_as_it_is():
    session, network = session_of([OK])
    prepared = h11client.Request("GET", URL, headers={"X": "y"}).prepare()
    session.send(prepared)
    assert network.streams[0].written == b"GET / HTTP/1.1\r\nHost: a.test\r\nX: y\r\n\r\n"


def test_preparing_adds_what_is_the_sessions():
    session, network = session_of([OK], params={"a": "1"})
    request = h11client.Request("POST", URL, params={"b": "2"}, headers={"X": "y"}, json=[1])
    prepared = session.prepare_request(request)
    assert isinstance(prepared, PreparedRequest)
    prepared.headers["X-Later"] = "z"
    session.send(prepared)
    assert head_of(network)[0] == "POST /?a=1&b=2 HTTP/1.1"
    assert {"User-Agent", "X", "X-Later", "Content-Type"} <= set(fields_of(network))


def test_a_prepared_request_may_be_sent_again():
    session, network = session_of([OK, OK])
    prepared = session.prepare_request(h11client.Request("PUT", URL, data=b"body"))
    session.send(prepared)
    session.send(prepared)
    assert network.streams[0].writes[0] == network.streams[0].writes[1]


@pytest.mark.parametrize("wrong", [h11client.Request("GET", URL), URL, None])
def test_only_prepared_requests_can_be_sent(wrong):
    session, _network = session_of()
    with pytest.raises(TypeError, match="PreparedRequest"):
        session.send(wrong)


def test_requests_of_requests_itself_can_be_prepared():
    session, network = session_of([OK])
    request = h11client.Request("POST", URL, data=b"body", params={"a": "1"})
    del request.trailers  # of which that knows nothing
    session.send(session.prepare_request(request))
    assert head_of(network)[0] == "POST /?a=1 HTTP/1.1"


@pytest.mark.parametrize(
    "request_", [h11client.Request(), h11client.Request("GET"), h11client.Request(url=URL)]
)
def test_a_request_without_method_or_url_cannot_be_prepared(request_):
    session, _network = session_of()
    with pytest.raises(ValueError) as caught:
        session.prepare_request(request_)
    if request_.method is not None:
        assert type(caught.value) is h11client.exceptions.MissingSchema


# --- errors ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "steps",
    [[b""], [b"\x00"], [Pause(1000)], [b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe", b""]],
    ids=["the end", "garbage", "silence", "cut body"],
)
def test_errors_carry_their_request(steps):
    session, _network = session_of(steps)
    with pytest.raises(exceptions.RequestException) as caught:
        session.get(URL)
    assert caught.value.request.url == URL
    assert session._transport_.counts().open == 0


def test_an_error_within_the_body_carries_the_response_too():
    session, _network = session_of([b"HTTP/1.1 206 X\r\nContent-Length: 5\r\n\r\nhe", b""])
    with pytest.raises(exceptions.IncompleteBody) as caught:
        session.get(URL)
    assert caught.value.response.status_code == 206
    assert caught.value.partial_length == 2


# --- transports and the end ------------------------------------------------------------------


def test_a_transport_of_ones_own_gets_values_and_no_keywords_of_the_call():
    seen = {}

    class Transport:
        takes_deadline = True

        def send(self, request, **options):
            seen.update(options, request=request)
            return session_of([HELLO])[0].get(URL)

        def close(self):
            seen["closed"] = True

    with h11client.Session(transport=Transport()) as session:
        assert session.get(URL, timeout=3, stream=True).content == b"hello"
        assert not hasattr(session, "limits")
    assert set(seen) == {"request", "stream", "timeout", "verify", "cert", "proxies", "closed"}
    assert seen["timeout"].timeout == Timeout.of(3)


def test_limits_and_a_transport_exclude_each_other():
    with pytest.raises(TypeError):
        h11client.Session(limits=h11client.Limits(), transport=Pool())


def test_leaving_the_context_closes_and_the_session_stays_usable():
    session, network = session_of([OK], [OK])
    with session:
        session.get(URL)
    assert network.streams[0].closed
    assert session.get(URL).status_code == 200


def test_everything_public_is_documented():
    for name, member in vars(h11client.Session).items():
        if not name.startswith("_") and inspect.isfunction(member):
            assert member.__doc__, name
