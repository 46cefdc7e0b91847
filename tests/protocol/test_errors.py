"""The exceptions, and what they say about the peer's bytes."""

from __future__ import annotations

import copy
import pickle

import pytest

import h11
from tests.protocol.driving import client, drive, framed, server

CONCRETE = [h11.LocalProtocolError, h11.RemoteProtocolError]


def test_the_base_class_cannot_be_raised() -> None:
    with pytest.raises(TypeError):
        h11.ProtocolError("x")


@pytest.mark.parametrize("kind", CONCRETE)
def test_error_carries_its_message_and_a_status_hint(kind: type[h11.ProtocolError]) -> None:
    assert issubclass(kind, h11.ProtocolError)
    assert issubclass(kind, Exception)
    assert (str(kind("x")), kind("x").args, kind("x").error_status_hint) == ("x", ("x",), 400)
    assert kind("x", 431).error_status_hint == 431
    assert kind("x", error_status_hint=501).error_status_hint == 501
    assert kind(msg="x").args == ("x",)


@pytest.mark.parametrize("kind", CONCRETE)
def test_error_needs_a_message(kind: type[h11.ProtocolError]) -> None:
    with pytest.raises(TypeError):
        kind()
    with pytest.raises(TypeError):
        kind("x", other=1)


@pytest.mark.parametrize("kind", CONCRETE)
def test_error_can_be_copied_and_pickled(kind: type[h11.ProtocolError]) -> None:
    error = kind("x", 431)
    for twin in (copy.copy(error), pickle.loads(pickle.dumps(error))):
        assert type(twin) is kind
        assert (twin.args, twin.error_status_hint) == (("x",), 431)


def test_neither_side_is_the_other() -> None:
    assert not issubclass(h11.LocalProtocolError, h11.RemoteProtocolError)
    assert not issubclass(h11.RemoteProtocolError, h11.LocalProtocolError)


def test_caught_error_is_the_concrete_class_itself() -> None:
    error = drive(server(), [b"GET\r\n\r\n"]).error
    assert type(error) is h11.RemoteProtocolError


LONG = 4000
HOSTILE = [
    ("status line", client, b"HTTP/1.1 abc " + b"Q" * LONG + b"\r\n\r\n"),
    ("request line", server, b"GET / Q" + b"Q" * LONG + b"\r\n\r\n"),
    ("field name", client, b"HTTP/1.1 200 OK\r\n" + b"Q" * LONG + b" : x\r\n\r\n"),
    ("field value", client, b"HTTP/1.1 200 OK\r\nA: " + b"Q" * LONG + b"\x00\r\n\r\n"),
    ("content length", client, b"HTTP/1.1 200 OK\r\nContent-Length: " + b"Q" * LONG + b"\r\n\r\n"),
    (
        "transfer coding",
        client,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: " + b"Q" * LONG + b"\r\n\r\n",
    ),
    ("chunk size", client, framed(b"Q" * LONG + b"\r\n")),
    ("trailer", client, framed(b"0\r\n" + b"Q" * LONG + b"\r\n\r\n")),
]


@pytest.mark.safety("I9")
@pytest.mark.deviation("error-excerpts")
def test_error_text_never_holds_more_than_200_bytes_of_the_peer() -> None:
    for what, make, data in HOSTILE:
        error = drive(make(), [data]).error
        assert isinstance(error, h11.RemoteProtocolError), what
        assert str(error).count("Q") <= 200, what
        assert len(str(error)) < 400, what


@pytest.mark.safety("I9")
def test_error_text_shows_the_peers_bytes_only_as_a_repr() -> None:
    for data in (
        b"HTTP/1.1 abc \x1b[31m\xff\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\x1b[31m\x07: a\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: \x1b[31m\r\n\r\n",
        framed(b"\x1b[31m\r\n"),
    ):
        error = drive(client(), [data]).error
        assert isinstance(error, h11.RemoteProtocolError)
        assert str(error).isprintable()
