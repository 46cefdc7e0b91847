"""Authentication on real sockets: which connection carries what, and schemes in many styles."""

from __future__ import annotations

import threading
from typing import Any

import pytest

import h11client
from h11client.auth import AuthBase, HTTPDigestAuth, HTTPProxyAuth
from tests.client.digest_origin import DigestOrigin
from tests.wire.conftest import Peer

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood"


def fields_of(head: bytes) -> dict[str, str]:
    lines = head.decode("latin-1").split("\r\n")[1:-2]
    return {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}


def asking(origin: DigestOrigin, log: list[tuple[Peer, bytes]], body: bytes = b"refused") -> Any:
    """A script that answers as `origin` says, for as long as the client goes on."""

    def script(peer: Peer) -> None:
        while head := peer.read_head():
            log.append((peer, head))
            method, target, _ = head.decode("latin-1").split(" ", 2)
            fields = fields_of(head)
            sent = peer.read_body(int(fields.get("content-length", "0")))
            status, headers = origin.answer(method, target, fields.get("authorization"), sent)
            if status == 200:
                peer.send(OK)
                continue
            lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
            length = f"Content-Length: {len(body)}\r\n\r\n"
            peer.send(f"HTTP/1.1 {status} Refused\r\n{lines}{length}".encode() + body)

    return script


@pytest.mark.safety("2l3")
def test_the_first_401_is_drained_and_its_connection_carries_the_answer(serve) -> None:
    log: list[tuple[Peer, bytes]] = []
    server = serve(asking(DigestOrigin(), log))
    with h11client.Session(auth=HTTPDigestAuth("user", "secret")) as session:
        assert session.get(server.url + "/a").text == "good"
        assert session.post(server.url + "/b", data=b"body").text == "good"
    assert server.accepted == 1
    assert len(log) == 3


@pytest.mark.safety("2l3")
def test_a_401_that_is_long_is_not_read_to_its_end(serve) -> None:
    log: list[tuple[Peer, bytes]] = []
    server = serve(asking(DigestOrigin(), log, body=b"x" * 8 * 1024 * 1024))
    with h11client.Session(auth=HTTPDigestAuth("user", "secret")) as session:
        assert session.get(server.url + "/a").text == "good"
    assert server.accepted == 2
    assert log[0][0] is not log[1][0]


@pytest.mark.safety("2l2")
def test_threads_of_one_session_never_use_a_count_twice(serve) -> None:
    origin = DigestOrigin(algorithm="SHA-256")
    server = serve(asking(origin, []))
    with h11client.Session(auth=HTTPDigestAuth("user", "secret")) as session:
        texts: list[str] = []

        def ask() -> None:
            for _ in range(10):
                texts.append(session.get(server.url).text)

        threads = [threading.Thread(target=ask) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert texts == ["good"] * 60
    told = [(found["nonce"], found["nc"]) for found in origin.asked if found]
    assert len(set(told)) == len(told)


def asking_twice(proxy: DigestOrigin, origin: DigestOrigin) -> Any:
    """A proxy that asks who asks, before an origin that does."""

    def script(peer: Peer) -> None:
        while head := peer.read_head():
            method, target, _ = head.decode("latin-1").split(" ", 2)
            fields = fields_of(head)
            path = target.removeprefix("http://a.test")
            status, headers = proxy.answer(method, target, fields.get("proxy-authorization"))
            if status == 401:
                headers = [("Proxy-Authenticate", value) for _, value in headers]
                peer.send(b"HTTP/1.1 407 No\r\n%s: %s\r\nContent-Length: 0\r\n\r\n" % tuple(part.encode() for part in headers[0]))  # fmt: skip
                continue
            status, headers = origin.answer(method, path, fields.get("authorization"))
            if status == 401:
                peer.send(b"HTTP/1.1 401 No\r\n%s: %s\r\nContent-Length: 0\r\n\r\n" % tuple(part.encode() for part in headers[0]))  # fmt: skip
                continue
            peer.send(OK)

    return script


@pytest.mark.safety("A1")
def test_a_proxy_and_an_origin_are_each_told_what_they_asked_for(serve) -> None:
    proxy = DigestOrigin(username="for proxy", realm="the same", algorithm="SHA-256")
    origin = DigestOrigin(username="for origin", realm="the same", algorithm="MD5")
    server = serve(asking_twice(proxy, origin))
    via = h11client.Proxy(server.url, auth=HTTPDigestAuth("for proxy", "secret"))
    with h11client.Session(proxies={"all": via}, trust_env=False) as session:
        session.auth = HTTPDigestAuth("for origin", "secret")
        for path in ("/a", "/b?c"):
            assert session.get("http://a.test" + path).text == "good"
    told = [found["uri"] for found in proxy.asked if found]
    assert told == ["http://a.test/a", "http://a.test/a", "http://a.test/b?c"]
    assert [found and found["uri"] for found in origin.asked] == [None, "/a", "/b?c"]


@pytest.mark.safety("R3")
def test_credentials_of_a_call_for_the_proxy_reach_no_origin(serve) -> None:
    heads: list[bytes] = []

    def script(peer: Peer) -> None:
        while head := peer.read_head():
            heads.append(head)
            peer.send(OK)

    server = serve(script)
    auth = HTTPProxyAuth("user", "secret")
    with h11client.Session(trust_env=False) as session:
        session.get(server.url, auth=auth)
        session.get("http://a.test/", auth=auth, proxies={"all": server.url})
    assert [b"Proxy-Authorization" in head for head in heads] == [False, True]


class InStepsByHooks:
    """A scheme for connections in the style of many that were written for requests.

    It waits for a 401 in a hook, and from there sends the request twice more by itself.
    """

    def __init__(self) -> None:
        self.seen: list[set[str]] = []

    def __call__(self, request: Any) -> Any:
        request.headers["Connection"] = "Keep-Alive"
        request.register_hook("response", self.on_response)
        return request

    def on_response(self, response: Any, **kwargs: Any) -> Any:
        self.seen.append(set(kwargs))
        if response.status_code != 401 or "Authorization" in response.request.headers:
            return response
        if "steps" not in response.headers.get("www-authenticate", "").lower():
            return response
        first = self.next_step(response, "one", {**kwargs, "stream": False})
        challenge = first.headers["www-authenticate"].split()[1]
        last = self.next_step(first, f"two:{challenge}", kwargs)
        last.history.append(response)
        last.history.append(first)
        return last

    def next_step(self, response: Any, told: str, kwargs: dict[str, Any]) -> Any:
        assert response.content is not None  # only then the connection is free
        response.raw.release_conn()
        request = response.request.copy()
        position = getattr(request.body, "seek", None)
        if position is not None:
            position(0)
        request.headers["Authorization"] = f"Steps {told}"
        request.deregister_hook("response", self.on_response)
        return response.connection.send(request, **kwargs)


def in_steps(log: list[tuple[Peer, str, bytes]]) -> Any:
    """A server that lets connections in, after two steps on the same one."""

    def script(peer: Peer) -> None:
        secret = f"secret{len(log)}"
        done = False
        while head := peer.read_head():
            fields = fields_of(head)
            told = fields.get("authorization", "")
            log.append((peer, told, peer.read_body(int(fields.get("content-length", "0")))))
            done = done or told == f"Steps two:{secret}"
            if done:
                peer.send(OK)
                continue
            challenge = f"Steps {secret}" if told == "Steps one" else "Steps"
            peer.send(
                b"HTTP/1.1 401 No\r\nWWW-Authenticate: %s\r\nContent-Length: 2\r\n\r\nno"
                % challenge.encode()
            )

    return script


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("data", [None, b"body"])
def test_a_scheme_that_asks_again_from_a_hook_gets_in_on_the_same_connection(
    serve, data: bytes | None, stream: bool
) -> None:
    log: list[tuple[Peer, str, bytes]] = []
    server = serve(in_steps(log))
    auth = InStepsByHooks()
    with h11client.Session(auth=auth) as session:
        with session.request("POST", server.url, data=data, stream=stream) as response:
            assert (response.status_code, response.text) == (200, "good")
        assert [earlier.status_code for earlier in response.history] == [401, 401]
        assert response.request.headers["Authorization"].startswith("Steps two:")
        assert session.get(server.url).text == "good"  # this connection is let in already
    assert server.accepted == 1
    assert [told.partition(":")[0] for _, told, _ in log] == ["", "Steps one", "Steps two", ""]
    assert [body for _, _, body in log] == [data or b""] * 3 + [b""]
    assert {"stream", "timeout", "verify", "cert", "proxies"} <= auth.seen[0]


class InSteps(AuthBase):
    """The same as a flow, for a scheme whose connections are its own."""

    connection_bound = True

    def auth_flow(self, request: Any) -> Any:
        response = yield request
        if response.status_code != 401:
            return
        response.content  # noqa: B018  # reading it is its effect
        request.headers["Authorization"] = "Steps one"
        response = yield request
        response.content  # noqa: B018  # reading it is its effect
        challenge = response.headers["WWW-Authenticate"].split()[1]
        request.headers["Authorization"] = f"Steps two:{challenge}"
        yield request


@pytest.mark.safety("T3")
def test_a_connection_that_was_let_in_carries_no_request_of_others(serve) -> None:
    log: list[tuple[Peer, str, bytes]] = []
    server = serve(in_steps(log))
    auth = InSteps()
    with h11client.Session() as session:
        response = session.get(server.url, auth=auth)
        assert (response.text, len(response.history)) == ("good", 2)
        assert session.get(server.url).status_code == 401
        assert session.get(server.url, auth=auth).text == "good"
        other = session.get(server.url, auth=InSteps())
        assert (other.text, len(other.history)) == ("good", 2)
    assert server.accepted == 3
    peers = [peer for peer, _, _ in log]
    assert peers[0] is peers[1] is peers[2] is peers[4]
    assert peers[3] is not peers[0]
    assert peers[5] is not peers[0]
