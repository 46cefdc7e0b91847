"""The functions of the module, and the names that it offers."""

from __future__ import annotations

import subprocess
import sys

import pytest

import h11client
from h11client import _api, exceptions
from h11client._transport.pool import Pool
from h11client.testing import ScriptedNetwork

URL = "http://a.test/"
HELLO = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


@pytest.fixture
def network(monkeypatch):
    """The network of every session that the functions make."""
    network = ScriptedNetwork([HELLO])

    def session():
        return h11client.Session(transport=Pool(network=network, clock=network.clock))

    monkeypatch.setattr(_api, "Session", session)
    return network


@pytest.mark.parametrize("method", ["get", "options", "head", "post", "put", "patch", "delete"])
def test_each_function_sends_its_method_and_closes_its_connection(network, method):
    response = getattr(h11client, method)(URL, timeout=5)
    assert response.status_code == 200
    assert network.streams[0].written.startswith(method.upper().encode() + b" / HTTP/1.1\r\n")
    assert network.streams[0].closed


def test_request_takes_any_method(network):
    assert h11client.request("FROB", URL).content == b"hello"


def test_params_may_be_the_second_argument_of_get(network):
    h11client.get(URL, {"a": "b"})
    assert network.streams[0].written.startswith(b"GET /?a=b ")


@pytest.mark.parametrize("method", ["post", "put", "patch"])
def test_the_body_may_be_the_second_argument(network, method):
    getattr(h11client, method)(URL, b"body")
    assert network.streams[0].written.endswith(b"\r\n\r\nbody")


def test_a_streamed_response_closes_its_connection_at_its_end(network):
    response = h11client.get(URL, stream=True)
    assert not network.streams[0].closed
    assert response.content == b"hello"
    assert network.streams[0].closed


def test_an_unknown_keyword_is_a_type_error(network):
    with pytest.raises(TypeError, match="frobnicate"):
        h11client.get(URL, frobnicate=1)
    assert network.dialled == []


def test_session_makes_a_session():
    with h11client.session() as session:
        assert isinstance(session, h11client.Session)


def test_every_exported_name_is_there():
    for name in h11client.__all__:
        assert getattr(h11client, name) is not None
    assert set(h11client.__all__) <= set(dir(h11client))
    assert len(h11client.__all__) == len(set(h11client.__all__))


def test_every_exception_is_exported():
    missing = set(exceptions.__all__) - set(h11client.__all__)
    assert missing == set()
    assert all(getattr(h11client, name) is getattr(exceptions, name) for name in exceptions.__all__)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="frobnicate"):
        h11client.frobnicate  # noqa: B018


def test_star_import_brings_the_public_names():
    code = (
        "from h11client import *; print(Session.__name__, get.__name__, JSONDecodeError.__name__)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["Session", "get", "JSONDecodeError"]


def test_a_plain_get_loads_nothing_that_it_does_not_need():
    code = """
import sys
import h11client
from h11client._transport.pool import Pool
from h11client.testing import ScriptedNetwork
network = ScriptedNetwork([b"HTTP/1.1 200 OK\\r\\nContent-Length: 5\\r\\n\\r\\nhello"])
with h11client.Session(transport=Pool(network=network)) as session:
    assert session.get("http://a.test/", params={"a": "b"}, headers={"X": "y"}).text == "hello"
print(*sorted(module.partition(".")[0] for module in sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    unneeded = {"certifi", "dataclasses", "datetime", "email", "http", "idna", "json", "logging"}
    unneeded |= {"ssl", "typing", "urllib", "zlib"}
    bare = subprocess.run(
        [sys.executable, "-c", "import sys; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert unneeded & (set(done.stdout.split()) - set(bare.stdout.split())) == set()
