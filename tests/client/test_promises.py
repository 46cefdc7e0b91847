"""Promises that no single module keeps: what is not done, and what comes last before a write."""

from __future__ import annotations

import io
import threading
import time

import pytest

import h11client
from h11client import exceptions
from h11client._limits import Limits
from h11client._transport.pool import Pool
from h11client.testing import ScriptedNetwork, Unsolicited

URL = "http://a.test/"
HELLO = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
EVIL = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"


def session_of(*dials, limits=None, network_type=ScriptedNetwork, **options):
    network = network_type(*dials)
    pool = Pool(limits, network=network, clock=network.clock)
    return h11client.Session(transport=pool, trust_env=False, **options), network


def names_in(head):
    """The names of the fields of a written head, in lower case."""
    lines = head.partition(b"\r\n\r\n")[0].split(b"\r\n")[1:]
    return {line.partition(b":")[0].lower() for line in lines}


# --- nothing is resumed or put together ---------------------------------------------------------

# id, the answer, what of it came
CUT_SHORT = [
    (
        "length",
        b'HTTP/1.1 200 OK\r\nAccept-Ranges: bytes\r\nETag: "1"\r\nContent-Length: 9\r\n\r\nhello',
        5,
    ),
    (
        "chunked",
        b"HTTP/1.1 200 OK\r\nAccept-Ranges: bytes\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhel",
        3,
    ),
    (
        "a part",
        b"HTTP/1.1 206 Part\r\nContent-Range: bytes 0-8/20\r\nContent-Length: 9\r\n\r\nhello",
        5,
    ),
]


@pytest.mark.safety("F19", "2o1")
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("answer", "came"), [row[1:] for row in CUT_SHORT], ids=[row[0] for row in CUT_SHORT]
)
def test_a_body_that_was_cut_short_is_not_resumed(answer, came, stream):
    session, network = session_of([answer, b""], [HELLO])
    with pytest.raises(exceptions.IncompleteBody) as caught:
        b"".join(session.get(URL, stream=stream).iter_bytes())
    assert caught.value.partial_length == came
    assert len(network.dialled) == len(network.streams[0].writes) == 1
    assert b"range" not in names_in(network.streams[0].written)


# id, fields of the request, fields of the 206
PARTS = [
    ("asked for", {"Range": "bytes=2-4"}, b"Content-Range: bytes 2-4/20"),
    ("another part", {"Range": "bytes=2-4"}, b"Content-Range: bytes 9-11/20"),
    ("never asked for", {}, b"Content-Range: bytes 0-2/20"),
    ("without its place", {"Range": "bytes=2-4"}, b"Server: x"),
]


@pytest.mark.safety("F19", "2o1")
@pytest.mark.parametrize(
    ("asked", "field"), [row[1:] for row in PARTS], ids=[row[0] for row in PARTS]
)
def test_a_206_is_returned_as_it_is(asked, field):
    part = b"HTTP/1.1 206 Partial Content\r\n%b\r\nContent-Length: 3\r\n\r\nabc" % field
    session, network = session_of([part])
    response = session.get(URL, headers=asked)
    name, value = field.decode().split(": ")
    assert (response.status_code, response.content) == (206, b"abc")
    assert response.headers[name] == value
    assert len(network.streams[0].writes) == 1
    assert (b"range" in names_in(network.streams[0].written)) is bool(asked)


# --- nothing is cached --------------------------------------------------------------------------

# id, fields of the response that invite to keep it
CACHEABLE = [
    ("for a day", b"Cache-Control: public, max-age=86400"),
    ("for ever", b"Cache-Control: max-age=31536000, immutable"),
    ("with an entity tag", b'ETag: "1"'),
    ("with a date", b"Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT"),
    ("until then", b"Expires: Fri, 31 Dec 9999 23:59:59 GMT"),
    ("not at all", b"Cache-Control: no-store"),
]


@pytest.mark.safety("L6", "2o1")
@pytest.mark.parametrize("field", [row[1] for row in CACHEABLE], ids=[row[0] for row in CACHEABLE])
def test_the_same_get_twice_asks_the_server_twice(field):
    answer = b"HTTP/1.1 200 OK\r\n%b\r\nContent-Length: 3\r\n\r\n"
    session, network = session_of([answer % field + b"one", answer % field + b"two"])
    first, second = session.get(URL), session.get(URL)
    assert (first.content, second.content) == (b"one", b"two")
    name, value = field.decode().split(": ", 1)
    assert first.headers[name] == second.headers[name] == value
    asked, again = network.streams[0].writes
    assert asked == again  # with no condition of ours
    assert not [name for name in names_in(asked) if name.startswith((b"if-", b"cache-"))]


@pytest.mark.safety("L6", "2o1")
@pytest.mark.parametrize("asked", [{"If-None-Match": '"1"'}, {}], ids=["asked for", "not asked"])
def test_a_304_is_returned_as_it_is(asked):
    known = (
        b'HTTP/1.1 200 OK\r\nETag: "1"\r\nCache-Control: max-age=9\r\nContent-Length: 3\r\n\r\nold'
    )
    unchanged = b'HTTP/1.1 304 Not Modified\r\nETag: "1"\r\nContent-Length: 3\r\n\r\n'
    session, network = session_of([known, unchanged, HELLO])
    session.get(URL)
    response = session.get(URL, headers=asked)
    assert (response.status_code, response.content) == (304, b"")
    assert response.headers["ETag"] == '"1"'
    assert session.get(URL).content == b"hello"
    assert len(network.dialled) == 1


# --- a Host field of the caller's --------------------------------------------------------------


@pytest.mark.safety("P5", "T1")
def test_a_host_field_changes_neither_the_server_name_nor_the_key_of_the_pool():
    session, network = session_of([HELLO, HELLO], [HELLO])
    for url, headers in [
        ("https://a.test/", {"Host": "b.test"}),
        ("https://a.test/", {}),
        ("https://b.test/", {"Host": "a.test"}),
    ]:
        assert session.get(url, headers=headers).content == b"hello"
    assert network.dialled == [("a.test", 443), ("b.test", 443)]
    assert [hostname for _, hostname in network.upgrades] == ["a.test", "b.test"]
    hosts = [
        line
        for stream in network.streams
        for line in stream.written.split(b"\r\n")
        if line.startswith(b"Host:")
    ]
    assert hosts == [b"Host: b.test", b"Host: a.test", b"Host: a.test"]


# --- the probe is the last thing before the first write ----------------------------------------


class ProbedNetwork(ScriptedNetwork):
    """Has ("probe",) in its log too."""

    def connect(self, *arguments):
        stream = super().connect(*arguments)
        probe = stream.is_readable

        def logged():
            self.log.append(("probe",))
            return probe()

        stream.is_readable = logged
        return stream


def until_first_write(log):
    names = [entry[0] for entry in log]
    return names[: names.index("write") + 1]


@pytest.mark.safety("2c5")
@pytest.mark.parametrize("kind", ["none", "bytes", "large", "iterator", "expecting"])
@pytest.mark.parametrize("url", [URL, "https://a.test/"])
def test_a_reused_connection_is_probed_right_before_its_first_write(url, kind):
    session, network = session_of([HELLO, HELLO], network_type=ProbedNetwork)

    def pieces():
        network.log.append(("asked",))
        yield b"body"

    bodies = {"none": None, "bytes": b"body", "large": b"x" * 300_000, "iterator": pieces()}
    session.get(url)
    network.log.clear()
    headers = {"Expect": "100-continue"} if kind == "expecting" else {}
    session.post(url, bodies.get(kind, b"body"), headers=headers)
    assert until_first_write(network.log) == ["probe", "write"]
    assert len(network.dialled) == 1


def wait_until(condition):
    give_up = time.monotonic() + 10
    while not condition() and time.monotonic() < give_up:
        time.sleep(0.0005)
    assert condition()


def hand_over(session, network):
    """Ends a response that another thread waits for; what that thread then got."""
    got = []
    held = session.get(URL, stream=True)
    pool = session._transport_
    thread = threading.Thread(target=lambda: got.append(session.get(URL)))
    thread.start()
    wait_until(lambda: pool.counts().waiting == 1)
    network.log.clear()
    assert held.content == b"hello"
    thread.join(10)
    (response,) = got
    return response


@pytest.mark.safety("2c5")
def test_a_connection_that_was_handed_to_a_waiter_is_probed_right_before_its_first_write():
    session, network = session_of(
        [HELLO[:-2], HELLO[-2:], HELLO],
        limits=Limits(max_connections=1),
        network_type=ProbedNetwork,
    )
    assert hand_over(session, network).content == b"hello"
    assert [entry[0] for entry in network.log] == ["read", "probe", "write", "read"]


@pytest.mark.safety("2c5", "M2")
@pytest.mark.parametrize("poison", [b"", EVIL], ids=["the end", "an answer"])
def test_a_poisoned_connection_that_was_handed_to_a_waiter_is_not_used(poison):
    session, network = session_of(
        [HELLO[:-2], HELLO[-2:], Unsolicited(poison)],
        [HELLO],
        limits=Limits(max_connections=1),
        network_type=ProbedNetwork,
    )
    assert hand_over(session, network).content == b"hello"
    order = [entry[0] for entry in network.log]
    assert order == ["read", "probe", "close", "dial", "write", "read"]
    assert len(network.streams[0].writes) == 1


@pytest.mark.safety("2c5", "M2")
@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    "poison",
    [b"", EVIL, ConnectionResetError(104, "reset")],
    ids=["the end", "an answer", "a reset"],
)
def test_what_comes_while_a_hook_runs_does_not_answer_the_next_request(method, poison):
    def hook(event):
        if event.name == "pool" and event.reused:
            network.streams[0]._steps.append(Unsolicited(poison))

    session, network = session_of([HELLO], [HELLO], network_type=ProbedNetwork, on_event=hook)
    session.get(URL)
    network.log.clear()
    assert session.request(method, URL, data=b"body").content == b"hello"
    order = [entry[0] for entry in network.log]
    assert order == ["probe", "probe", "close", "dial", "write", "read"]
    assert len(network.streams[0].writes) == 1


class SlowFile(io.BytesIO):
    """A file during whose first read something happens."""

    def read(self, *size):
        data = super().read(*size)
        self.happens()
        self.happens = lambda: None
        return data


@pytest.mark.safety("2c5", "M2")
@pytest.mark.parametrize("poison", [b"", EVIL], ids=["the end", "an answer"])
@pytest.mark.parametrize("size", [4, 300_000])
def test_what_comes_while_a_file_is_read_does_not_answer_the_request_that_sends_it(size, poison):
    session, network = session_of([HELLO], [HELLO], network_type=ProbedNetwork)
    session.get(URL)
    network.log.clear()
    file = SlowFile(b"x" * size)
    file.happens = lambda: network.streams[0]._steps.append(Unsolicited(poison))
    assert session.post(URL, data=file).content == b"hello"
    order = [entry[0] for entry in network.log]
    assert order[:5] == ["probe", "probe", "close", "dial", "write"]
    assert len(network.streams[0].writes) == 1
    assert network.streams[1].written.endswith(b"\r\n\r\n" + b"x" * size)


@pytest.mark.safety("2c5")
def test_after_a_hook_the_connection_is_probed_once_more():
    events = []
    session, network = session_of([HELLO, HELLO], network_type=ProbedNetwork)
    session.get(URL)
    network.log.clear()

    def hook(event):
        events.append(event.name)
        network.log.append(("hook",))

    session.on_event = hook
    assert session.get(URL).content == b"hello"
    assert until_first_write(network.log) == ["probe", "hook", "probe", "write"]
    assert events == ["pool", "sent", "first_byte", "end"]
