"""Contexts of TLS that programs' adapters bring: they verify unless a call says `verify=False`."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from typing import Any

import pytest
import trustme

import h11client
from h11client.adapters import HTTPAdapter
from tests.wire.conftest import Peer, Server

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def answering(peer: Peer) -> None:
    while peer.read_head():
        peer.send(OK)


@pytest.fixture
def elsewhere(serve: Callable[..., Server], ca: Any) -> Server:
    """A server whose certificate is for another name."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.authority.issue_cert("elsewhere.test").configure_cert(context)
    return serve(answering, context=context)


@pytest.fixture
def server(serve: Callable[..., Server], ca: Any) -> Server:
    return serve(answering, context=ca.server_context())


def session_with(context: ssl.SSLContext, **options: Any) -> h11client.Session:
    class Own(HTTPAdapter):
        def init_poolmanager(self, *arguments: Any, **more: Any) -> None:
            super().init_poolmanager(*arguments, ssl_context=context, **options, **more)

    session = h11client.Session(trust_env=False)
    session.mount("https://", Own())
    return session


def lax(*authorities: Any) -> ssl.SSLContext:
    """A context that accepts anybody, as programs make them that have `verify=False` in mind."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    for path in authorities:
        context.load_verify_locations(path)
    return context


@pytest.mark.safety("T5")
def test_a_context_that_does_not_verify_is_made_to(
    server: Server, elsewhere: Server, ca: Any
) -> None:
    with session_with(lax(ca.pem)) as session:
        assert session.get(server.url).text == "ok"
        with pytest.raises(h11client.SSLError, match="not trusted"):
            session.get(elsewhere.url)
        assert session.get(elsewhere.url, verify=False).text == "ok"
        with pytest.raises(h11client.SSLError, match="not trusted"):
            session.get(elsewhere.url)
    with session_with(lax()) as session, pytest.raises(h11client.SSLError, match="not trusted"):
        session.get(server.url)


@pytest.mark.safety("T5")
def test_the_name_alone_may_be_left_unchecked_by_a_word_for_it(elsewhere: Server, ca: Any) -> None:
    context = ssl.create_default_context(cafile=ca.pem)
    with session_with(context, assert_hostname=False) as session:
        assert session.get(elsewhere.url).text == "ok"
    with session_with(lax(ca.pem), assert_hostname="elsewhere.test") as session:
        assert session.get(elsewhere.url).text == "ok"
    for session in (
        session_with(lax(), assert_hostname=False),
        session_with(lax(ca.pem), assert_hostname="other.test"),
    ):
        with session, pytest.raises(h11client.SSLError, match="not trusted"):
            session.get(elsewhere.url)
    with pytest.raises(TypeError, match="assert_hostname"):  # whom should it trust?
        HTTPAdapter().init_poolmanager(1, 1, assert_hostname=False)


def test_authorities_of_a_call_are_trusted_beside_those_of_the_context(
    server: Server, ca: Any, tmp_path: Any
) -> None:
    bundle = tmp_path / "authorities.pem"
    trustme.CA().cert_pem.write_to_path(str(bundle))
    with session_with(lax()) as session:
        with pytest.raises(h11client.SSLError, match="not trusted"):
            session.get(server.url, verify=bundle)
        bundle.write_bytes(ca.authority.cert_pem.bytes())
        assert session.get(server.url, verify=str(bundle)).text == "ok"
        with pytest.raises(h11client.SSLError, match="no certificates"):
            session.get(server.url, verify=str(tmp_path / "none.pem"))


def test_a_context_of_a_call_goes_before_that_of_the_adapter(server: Server, ca: Any) -> None:
    with session_with(lax()) as session:
        own = ssl.create_default_context(cafile=ca.pem)
        assert session.get(server.url, verify=own).text == "ok"
        assert session.get(server.url, verify=lax()).text == "ok"  # who says so in the call
