"""TLS sessions of a whole client: resumed on the same route, and on no other."""

from __future__ import annotations

import pickle
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trustme

import h11client
from tests.wire.conftest import Peer, Server

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
HOSTS = {"a.test": "127.0.0.1", "b.test": "127.0.0.1"}


@pytest.mark.safety("T4")
def test_a_session_is_resumed_on_its_own_route_and_on_no_other(
    serve: Callable[..., Server], tmp_path: Path
) -> None:
    authority = trustme.CA()
    pem = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(pem))
    own = tmp_path / "own.pem"
    authority.issue_cert("me.test").private_key_and_cert_chain_pem.write_to_path(str(own))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("a.test", "b.test").configure_cert(context)
    resumed: list[bool] = []

    def answering(peer: Peer) -> None:
        resumed.append(bool(peer.sock.session_reused))  # type: ignore[attr-defined]
        peer.read_head()
        peer.send(OK)

    first, second = (serve(answering, context=context) for _ in range(2))  # with the same keys
    url = f"https://a.test:{first.port}/"
    with h11client.Session(verify=str(pem), hosts=HOSTS) as session:

        def visit(url: str = url, **options: Any) -> bool:
            assert session.get(url, **options).ok
            return resumed[-1]

        assert [visit(), visit()] == [False, True]
        for _ in range(2):  # in the second round each has a session of its own
            other = [
                visit(url.replace("a.test", "b.test")),
                visit(url.replace(str(first.port), str(second.port))),
                visit(cert=str(own)),
            ]
            unverified = visit(verify=False)
            session.server_hostname = "b.test"
            other.append(visit())
            session.server_hostname = None
            assert other == [len(resumed) > 8] * 4
            assert not unverified
        pem.write_bytes(pem.read_bytes() + b"\n")  # what is trusted has been written anew
        assert not visit()


@pytest.mark.safety("T4")
def test_a_session_with_a_proxy_is_resumed_on_its_own_route_and_on_no_other(
    serve: Callable[..., Server], ca: Any
) -> None:
    resumed: list[bool] = []

    def answering(peer: Peer) -> None:
        resumed.append(bool(peer.sock.session_reused))  # type: ignore[attr-defined]
        peer.read_head()
        peer.send(OK)

    server = serve(answering, context=ca.server_context())
    proxy = f"https://127.0.0.1:{server.port}"
    others = [f"https://me:{word}@127.0.0.1:{server.port}" for word in ("one", "two")]
    with h11client.Session(verify=str(ca.pem), trust_env=False) as session:
        for _ in range(2):
            assert session.get("http://a.test/", proxies={"all": proxy}).ok
            assert session.get("http://b.test/", proxies={"all": proxy}).ok
            for other in others:
                assert session.get("http://a.test/", proxies={"all": other}).ok
            assert session.get("http://a.test/", proxies={"all": proxy}, verify=False).ok
    assert resumed == [False] * 5 + [True] * 4 + [False]


def test_sessions_do_not_travel_from_client_to_client(
    serve: Callable[..., Server], ca: Any
) -> None:
    resumed: list[bool] = []

    def answering(peer: Peer) -> None:
        resumed.append(bool(peer.sock.session_reused))  # type: ignore[attr-defined]
        peer.read_head()
        peer.send(OK)

    server = serve(answering, context=ca.server_context())
    with h11client.Session(verify=str(ca.pem)) as session:
        assert session.get(server.url).ok
        for other in (h11client.Session(verify=str(ca.pem)), pickle.loads(pickle.dumps(session))):
            with other:
                assert other.get(server.url).ok
    assert resumed == [False] * 3
