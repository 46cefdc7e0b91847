"""Sessions travel by pickle: what they are told goes along, their connections do not."""

from __future__ import annotations

import copy
import pickle
import ssl

import pytest

import h11client
from h11client import Session
from h11client.testing import ScriptedNetwork

OPTIONS = {
    "params": {"a": "b"},
    "verify": "ca.pem",
    "cert": ("cert.pem", "key.pem"),
    "stream": True,
    "timeout": h11client.Timeout(total=3),
    "limits": h11client.Limits(max_connections=7),
    "max_response_size": 1000,
    "hosts": {"a.test": ("127.0.0.1",)},
    "source_address": ("127.0.0.2", 0),
    "server_hostname": "b.test",
}
HELLO = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


class Transport:
    """A transport of the user's, which can be pickled."""

    def __init__(self):
        self.sent = []

    def send(self, request, **options):
        self.sent.append(request)
        raise LookupError

    def close(self):
        pass


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_everything_that_a_session_was_told_travels(protocol):
    with Session(headers={"X-Client": "me"}, **OPTIONS) as session:
        travelled = pickle.loads(pickle.dumps(session, protocol))
    with travelled:
        assert travelled.headers == session.headers
        assert travelled.headers is not session.headers
        for name, value in OPTIONS.items():
            assert getattr(travelled, name) == value
        assert set(vars(travelled)) == set(vars(session))


def test_a_session_travels_without_its_connections_and_goes_on_where_it_arrives():
    network = ScriptedNetwork([HELLO, HELLO])
    arrived = ScriptedNetwork([HELLO])
    with Session() as session:
        session._transport_._lender.network = network
        assert session.get("http://a.test/").content == b"hello"
        session._transport_._lender.network = None  # what a script has seen cannot be pickled
        travelled = pickle.loads(pickle.dumps(session))
        assert repr(travelled._transport_.counts()) == "<PoolCounts open=0 idle=0 waiting=0>"
        travelled._transport_._lender.network = arrived
        with travelled:
            assert travelled.get("http://a.test/").content == b"hello"
        # The one that stayed has its connection still.
        assert session.get("http://a.test/").connection_info.reused


def test_an_open_response_does_not_keep_a_session_from_travelling():
    with Session() as session:
        session._transport_._lender.network = ScriptedNetwork([HELLO[:-1]])
        response = session.get("http://a.test/", stream=True)
        session._transport_._lender.network = None
        assert pickle.loads(pickle.dumps(session))._transport_.counts().open == 0
        response._body.abort()


def test_a_transport_of_ones_own_travels_if_it_can():
    travelled = pickle.loads(pickle.dumps(Session(transport=Transport())))
    with pytest.raises(LookupError):
        travelled.get("http://a.test/")
    assert [request.url for request in travelled._transport_.sent] == ["http://a.test/"]


def test_a_copy_is_a_session_of_its_own():
    with Session(headers={"X": "y"}) as session, copy.deepcopy(session) as other:
        other.headers["X"] = "z"
        assert session.headers["X"] == "y"
        assert other._transport_ is not session._transport_


def test_what_cannot_travel_says_so():
    session = Session(verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
    with session, pytest.raises(TypeError, match="SSLContext"):
        pickle.dumps(session)
