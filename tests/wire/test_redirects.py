"""Redirects on real sockets: the very bytes that reach each origin and each proxy."""

from __future__ import annotations

import threading
import time

import pytest

import h11client
from h11client._messages.headers import Headers
from h11client._transport import proxies
from h11client.exceptions import ConnectionError, TooManyRedirects, UnrewindableBodyError
from tests.ports import REFUSED_PORT

HELLO = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
SECRETS = {
    "Authorization": "Bearer planted-secret",
    "Cookie": "sid=planted-secret",
    "Proxy-Authorization": "Basic planted-secret",
    "X-Api-Key": "planted-secret",
}


def to(location, status=302, body=b"", fields=b""):
    head = b"HTTP/1.1 %d Moved\r\nLocation: %s\r\n%s" % (status, location.encode(), fields)
    return head + b"Content-Length: %d\r\n\r\n" % len(body) + body


class Notes:
    """What a server has received, and what it answers with: the n-th request gets the n-th."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.heads = []
        self.bodies = []

    def __call__(self, peer):
        while head := peer.read_head():
            fields = fields_of(head)
            self.heads.append(head)
            self.bodies.append(peer.read_body(int(fields.get("content-length", 0))))
            peer.send(self.answers[len(self.heads) - 1])


def fields_of(head):
    lines = head.decode("latin-1").split("\r\n")[1:]
    return {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}


def secrets_in(head):
    assert b"planted" in head or not any(name.lower() in fields_of(head) for name in SECRETS)
    return {name for name in SECRETS if name.lower() in fields_of(head)}


@pytest.fixture
def session(ca):
    proxies._remembered.clear()  # with what they were told in other tests
    with h11client.Session(verify=str(ca.pem), trust_env=False, timeout=10) as session:
        yield session


@pytest.mark.safety("M21", "R1", "R2", "R3", "R7", "4I11")
def test_another_port_is_another_origin(serve, session):
    second = Notes(HELLO)
    first = Notes(to(f"{serve(second).url}/x"))
    response = session.get(serve(first).url, headers=SECRETS)
    assert response.text == "hello"
    assert secrets_in(first.heads[0]) == {"Authorization", "Cookie", "X-Api-Key"}
    assert secrets_in(second.heads[0]) == set()
    assert b"planted" not in second.heads[0]


@pytest.mark.safety("R4")
def test_what_was_dropped_does_not_come_back(serve, session):
    other = Notes(to("/2"))
    first = Notes()
    urls = [serve(notes).url for notes in (first, other)]
    first.answers = [to("/1"), to(urls[1]), HELLO]
    other.answers = [to("/2"), to(f"{urls[0]}/back")]
    session.auth = ("me", "planted-secret")
    headers = {name: SECRETS[name] for name in ("Cookie", "X-Api-Key")}
    response = session.get(urls[0], headers=headers)
    assert [answer.url for answer in response.history] == [
        *(f"{urls[0]}/", f"{urls[0]}/1", f"{urls[1]}/", f"{urls[1]}/2")
    ]
    everything = {"Authorization", "Cookie", "X-Api-Key"}
    found = [{name for name in SECRETS if name.lower() in fields_of(head)} for head in first.heads]
    assert found == [everything, everything, set()]
    assert all("authorization" not in fields_of(head) for head in other.heads)
    assert all("cookie" not in fields_of(head) for head in other.heads)
    # The next call is a chain of its own.
    first.answers.append(HELLO)
    session.get(urls[0])
    assert "authorization" in fields_of(first.heads[-1])


@pytest.mark.safety("R6", "4I10", "R8")
def test_the_callers_objects_are_as_before_and_the_body_is_gone(serve, session):
    notes = Notes(to("/2", 303), HELLO)
    headers = Headers([("X-Api-Key", "1"), ("x-api-key", "2"), ("Content-Type", "text/x")])
    data, params = {"a": ["1"]}, {"q": "1"}
    before = (headers.multi_items(), headers.version, repr((data, params)))
    response = session.post(serve(notes).url, headers=headers, data=data, params=params)
    assert response.history[0].request.body == "a=1"
    assert (headers.multi_items(), headers.version, repr((data, params))) == before
    assert notes.heads[0].startswith(b"POST /?q=1 ") and notes.bodies == [b"a=1", b""]
    assert notes.heads[1].startswith(b"GET /2 ")
    assert [name for name in fields_of(notes.heads[1]) if name.startswith("content")] == []
    assert notes.heads[1].count(b"X-Api-Key: 1\r\nx-api-key: 2\r\n") == 1


# --- proxies ---------------------------------------------------------------------------------


class ScriptedProxy:
    """A proxy that answers itself: plain requests and, behind CONNECT, those within TLS."""

    def __init__(self, context, **answers):
        self.context = context
        self.answers = answers  # by the first letter of the path
        self.heads = []
        self.tunnelled = []

    def __call__(self, peer):
        head = peer.read_head()
        if not head.startswith(b"CONNECT "):
            while head:
                self.heads.append(head)
                peer.send(self.answer_to(head))
                head = peer.read_head()
            return
        self.heads.append(head)
        peer.send(b"HTTP/1.1 200 OK\r\n\r\n")
        with self.context.wrap_socket(peer.sock, server_side=True) as inner:
            peer.sock = inner
            while head := peer.read_head():
                self.tunnelled.append(head)
                peer.send(self.answer_to(head))

    def answer_to(self, head):
        target = head.split(b" ")[1].decode()
        return self.answers[target.rpartition("/")[2] or "start"]


@pytest.mark.safety("R3", "R15")
def test_credentials_of_a_proxy_go_to_that_proxy_alone(serve, session, ca):
    direct = Notes(to("http://a.test/end"))
    place = serve(direct).url
    context = ca.server_context()
    plain = ScriptedProxy(context, start=to("https://localhost/secure"), end=HELLO)
    tunnel = ScriptedProxy(context, secure=to(f"{place}/direct"))
    doors = [serve(proxy).port for proxy in (plain, tunnel)]
    session.proxies = {
        "http": f"http://plain:pw@127.0.0.1:{doors[0]}",
        "https": f"http://tunnel:pw@127.0.0.1:{doors[1]}",
        "no_proxy": "127.0.0.1",
    }
    response = session.get("http://a.test/", headers={"Proxy-Authorization": "Basic planted"})
    assert (response.text, len(response.history)) == ("hello", 3)
    told = [fields_of(head).get("proxy-authorization") for head in plain.heads + tunnel.heads]
    assert told == ["Basic cGxhaW46cHc=", "Basic cGxhaW46cHc=", "Basic dHVubmVsOnB3"]
    assert [head.split(b" ")[0] for head in tunnel.heads] == [b"CONNECT"]
    for head in tunnel.tunnelled + direct.heads:
        assert "proxy-authorization" not in fields_of(head)
    assert len(tunnel.tunnelled) == len(direct.heads) == 1


CHAINS = ["pp", "ps", "sp", "ss", "psp", "sps", "sspps"]  # by the origins: plain or secure


def walk(chain, serve, ca, session, **options):
    """The Referer fields of each request of a chain of redirects, and the first URL."""
    places, answer = [], HELLO
    for kind in reversed(chain):
        notes = Notes(answer)
        context = ca.server_context() if kind == "s" else None
        places.insert(0, (notes, serve(notes, context=context).url))
        answer = to(f"{places[0][1]}/path?query#fragment", 302)
    start = places[0][1].replace("//", "//user:password@")
    response = session.get(f"{start}/private?token=1#top", **options)
    assert (response.text, len(response.history)) == ("hello", len(chain) - 1)
    assert [len(notes.heads) for notes, _ in places] == [1] * len(chain)
    return [fields_of(notes.heads[0]).get("referer") for notes, _ in places]


@pytest.mark.safety("R16")
@pytest.mark.parametrize("chain", CHAINS)
def test_no_request_of_a_chain_says_where_it_came_from(chain, serve, ca, session):
    assert walk(chain, serve, ca, session) == [None] * len(chain)


@pytest.mark.safety("R16")
@pytest.mark.parametrize("where", ["call", "session"])
@pytest.mark.parametrize("chain", CHAINS)
@pytest.mark.parametrize("referer", ["http://page.test/x", "/x", "HTTPS://page.test/x"])
def test_a_referer_of_the_callers_is_what_it_is_but_for_one_of_https_in_plain_http(
    referer, chain, where, serve, ca, session
):
    headers = {"REFERER": referer}
    if where == "session":
        session.headers.update(headers)
    found = walk(chain, serve, ca, session, **({"headers": headers} if where == "call" else {}))
    left = len(chain)  # requests that have it: until the chain leaves https, and never again
    if referer.startswith("HTTPS") and "sp" in chain:
        left = chain.index("sp") + 1
    assert found == [referer] * left + [None] * (len(chain) - left)
    assert headers == {"REFERER": referer}


@pytest.mark.safety("R3", "M21")
def test_a_hand_made_proxy_authorization_does_not_go_on_to_another_proxy(serve, session):
    second = Notes(HELLO)
    first = Notes(to("http://b.test/"))
    ports = [serve(notes).port for notes in (first, second)]
    session.proxies = {
        "http://a.test": f"http://127.0.0.1:{ports[0]}",
        "http://b.test": f"http://127.0.0.1:{ports[1]}",
    }
    session.get("http://a.test/", headers={"Proxy-Authorization": "Basic planted"})
    assert fields_of(first.heads[0])["proxy-authorization"] == "Basic planted"
    assert "proxy-authorization" not in fields_of(second.heads[0])


# --- bodies ----------------------------------------------------------------------------------


@pytest.mark.safety("R11", "X17")
@pytest.mark.parametrize("framing", [b"Content-Length: 1000000000", b"Transfer-Encoding: chunked"])
def test_a_gigabyte_behind_a_redirect_is_left_there(serve, session, framing):
    sent = []

    def pours(peer):
        peer.read_head()
        head = to("/small").replace(b"Content-Length: 0", framing)
        peer.send(head)
        block = b"x" * 65536
        for _ in range(16000):
            peer.send(block if b"L" in framing else b"10000\r\n" + block + b"\r\n")
            sent.append(len(block))

    server = serve(pours, Notes(HELLO))
    started = time.monotonic()
    assert session.get(server.url).text == "hello"
    assert time.monotonic() - started < 2
    assert server.accepted == 2
    assert sum(sent) < 50_000_000  # what fits into the buffers between the two


@pytest.mark.safety("X17", "X6")
@pytest.mark.parametrize("announced", [True, False], ids=["announced", "unannounced"])
def test_a_redirect_may_be_the_last_thing_a_connection_carries(serve, session, announced):
    def closes(peer):
        peer.read_head()
        peer.send(to("/2", fields=b"Connection: close\r\n" if announced else b""))

    notes = Notes(HELLO)
    server = serve(closes, notes)
    assert session.get(server.url).text == "hello"
    assert server.accepted == 2
    assert len(notes.heads) == 1


@pytest.mark.safety("X17", "R9", "4I12")
@pytest.mark.parametrize("status", [307, 308])
def test_a_one_shot_body_is_not_sent_a_second_time(serve, session, status):
    other = Notes(HELLO)
    there = serve(other)
    received = []

    def takes(peer):
        peer.read_head()
        received.append(peer.read_body(len(b"4\r\nonce\r\n0\r\n\r\n")))
        peer.send(to(there.url, status))
        peer.wait_for_end()

    server = serve(takes)
    with pytest.raises(UnrewindableBodyError) as caught:
        session.post(server.url, data=iter([b"once"]))
    assert caught.value.response.status_code == status
    assert received == [b"4\r\nonce\r\n0\r\n\r\n"]
    assert (server.accepted, there.accepted) == (1, 0)


@pytest.mark.safety("R9")
def test_a_file_is_sent_to_both_from_its_offset(serve, session, tmp_path):
    path = tmp_path / "body"
    path.write_bytes(b"before" + b"x" * 200_000)
    second = Notes(HELLO)
    first = Notes(to(serve(second).url, 308))
    with path.open("rb") as file:
        file.seek(6)
        assert session.put(serve(first).url, data=file).text == "hello"
    assert first.bodies == second.bodies == [b"x" * 200_000]


@pytest.mark.safety("R9", "X8", "M6")
def test_a_redirect_in_the_middle_of_an_upload_takes_the_whole_body_elsewhere(serve, session):
    body = b"x" * 3_000_000
    second = Notes(HELLO)
    there = serve(second).url

    def early(peer):
        peer.read_head()
        peer.send(to(there, 307))
        peer.wait_for_end()

    assert session.put(serve(early).url, data=body).text == "hello"
    assert second.bodies == [body]


@pytest.mark.safety("R10", "2f4", "X17")
def test_a_loop_ends(serve, session):
    notes = Notes(*[to("/")] * 31)
    server = serve(notes)
    with pytest.raises(TooManyRedirects) as caught:
        session.get(server.url)
    assert len(notes.heads) == 31
    assert len(caught.value.response.history) == 30
    assert server.accepted == 1


@pytest.mark.safety("X17")
def test_a_redirect_to_where_nobody_listens_is_an_error_of_that_place(serve, session):
    url = f"http://127.0.0.1:{REFUSED_PORT}"
    with pytest.raises(ConnectionError) as caught:
        session.get(serve(Notes(to(url))).url)
    assert caught.value.request.url == f"{url}/"


@pytest.mark.safety("R1", "4I1")
def test_threads_that_share_a_session_do_not_share_what_they_carry(serve, session):
    seen = []

    def second(peer):
        while head := peer.read_head():
            seen.append(head)
            peer.send(HELLO.replace(b"hello", fields_of(head)["x-nonce"].encode()))

    there = serve(second).url

    def first(peer):
        while head := peer.read_head():
            fields = fields_of(head)
            assert fields["authorization"] == f"Bearer {fields['x-nonce']}"
            peer.send(to(f"{there}/{fields['x-nonce']}"))

    here = serve(first).url
    wrong = []

    def work(number):
        for turn in range(10):
            nonce = f"{number:02}-{turn:02}"
            headers = {"Authorization": f"Bearer {nonce}", "X-Nonce": nonce}
            response = session.get(here, headers=headers)
            if response.text != nonce or response.url != f"{there}/{nonce}":
                wrong.append(nonce)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert wrong == []
    assert len(seen) == 80
    assert [head for head in seen if b"uthorization" in head] == []


@pytest.mark.safety("D1", "R1")
def test_https_of_the_same_name_on_another_port_is_another_origin(serve, session, ca):
    secure = Notes(HELLO)
    there = serve(secure, context=ca.server_context())
    plain = Notes(to(there.url))
    response = session.get(serve(plain).url, headers=SECRETS)
    assert response.connection_info.tls_version.startswith("TLS")
    assert secrets_in(secure.heads[0]) == set()
