"""One request through the pool: the order of an exchange, and when it is sent once more."""

from __future__ import annotations

import errno
import io

import pytest

from h11client import exceptions
from h11client._limits import Limits
from h11client._messages.request import prepare_request
from h11client._messages.url import parse_url
from h11client._timeouts import Deadline, Limit, Timeout
from h11client._transport.network import TLSConfig
from h11client._transport.pool import Pool
from h11client._transport.route import build_route
from h11client.testing import Dial, Pause, ScriptedNetwork, Unsolicited

URL = "http://a.test/"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
HELLO = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
RESET = ConnectionResetError(errno.ECONNRESET, "reset")
PIPE = BrokenPipeError(errno.EPIPE, "pipe")


def pool_of(*dials, **limits):
    network = ScriptedNetwork(*dials)
    return Pool(Limits(**limits), network, network.clock), network


def send(
    pool, method="GET", url=URL, *, timeout=None, verify=True, cert=None, stream=False, **parts
):
    request = prepare_request(method, url, **parts)
    return pool.send(request, timeout=timeout or Timeout(), verify=verify, cert=cert, stream=stream)


def counts(pool):
    counts = pool.counts()
    return counts.open, counts.idle, counts.waiting


# --- one exchange ----------------------------------------------------------------------------


def test_a_request_is_dialled_written_and_answered():
    pool, network = pool_of([HELLO])
    response = send(pool)
    assert response.status_code == 200
    assert response.content == b"hello"
    assert network.dialled == [("a.test", 80)]
    assert network.streams[0].written == b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n"
    assert counts(pool) == (1, 1, 0)


def test_requests_one_after_the_other_share_a_connection():
    pool, network = pool_of([HELLO, HELLO, HELLO])
    served = []
    for _ in range(3):
        response = send(pool)
        assert response.content == b"hello"
        served.append((response.connection_info.requests_served, response.connection_info.reused))
    assert served == [(1, False), (2, True), (3, True)]
    assert len(network.dialled) == 1


def test_a_response_without_a_body_has_given_its_connection_back():
    pool, _network = pool_of([OK])
    response = send(pool)
    assert counts(pool) == (1, 1, 0)
    assert response.connection_info.client_state == "DONE"


def test_an_unread_response_keeps_its_connection():
    pool, _network = pool_of([HELLO], [HELLO])
    first = send(pool, stream=True)
    second = send(pool, stream=True)
    assert counts(pool) == (2, 0, 0)
    first.close()
    assert counts(pool) == (2, 1, 0)
    second.close()
    assert counts(pool) == (2, 2, 0)


@pytest.mark.safety("L1")
def test_an_unread_response_that_is_dropped_gives_its_slot_back_with_a_limit_of_one():
    pool, network = pool_of([HELLO], [HELLO], max_connections=1)
    send(pool, stream=True)
    assert send(pool).content == b"hello"
    assert network.streams[0].aborted
    assert counts(pool) == (1, 1, 0)


@pytest.mark.safety("4I12", "M23")
@pytest.mark.parametrize(
    ("method", "parts"),
    [
        ("GET", {"headers": {"X": "a\r\nY: b"}}),
        ("GET", {"headers": {"X": "a\0"}}),
        ("GET", {"headers": {"X y": "a"}}),
        ("BAD METHOD", {}),
        ("POST", {"data": b"x", "headers": {"Content-Length": "2"}}),
    ],
    ids=["CR LF", "NUL", "space in a name", "method", "length"],
)
def test_what_cannot_be_sent_is_refused_before_a_connection_is_made(method, parts):
    pool, network = pool_of()
    with pytest.raises((exceptions.InvalidHeader, exceptions.LocalProtocolError)):
        send(pool, method, **parts)
    assert network.dialled == []
    assert counts(pool) == (0, 0, 0)


@pytest.mark.safety("I5")
def test_what_was_changed_after_preparing_is_checked_again():
    pool, network = pool_of()
    request = prepare_request("GET", URL)
    request.headers["X"] = "a\r\nY: b"
    with pytest.raises(exceptions.InvalidHeader):
        pool.send(request, timeout=Timeout())
    assert network.dialled == []


def test_a_timeout_or_a_running_deadline_is_taken():
    pool, network = pool_of([OK, Pause(5), OK])
    send(pool, timeout=Timeout(read=7))
    assert network.streams[0].limits[-1] == ("read", Limit(7.0, "read"))
    deadline = Deadline(Timeout(read=9, total=6), network.clock)
    network.clock.advance(0.5)
    pool.send(prepare_request("GET", URL), timeout=deadline)
    assert network.streams[0].limits[-1] == ("read", Limit(5.5, "total"))


@pytest.mark.safety("T1")
def test_verify_and_cert_choose_the_connection():
    pool, network = pool_of([OK, OK], [OK, OK], [OK])
    url = "https://a.test/"
    for options in (
        {},
        {"verify": False},
        {},
        {"verify": False},
        {"verify": "ca.pem", "cert": "c.pem"},
    ):
        send(pool, url=url, **options)
    configs = [config for config, _ in network.upgrades]
    assert configs == [TLSConfig(), TLSConfig(False), TLSConfig("ca.pem", "c.pem")]


class BoundAuth:
    """Proves itself for a whole connection; all of them compare equal and none has a hash."""

    __hash__ = None

    def __eq__(self, other):
        return isinstance(other, BoundAuth)


@pytest.mark.safety("T3")
@pytest.mark.parametrize("url", [URL, "https://a.test/"])
@pytest.mark.parametrize("proxies", [None, {"all": "http://proxy.test:3128"}])
def test_a_private_connection_is_lent_to_requests_with_the_same_object_alone(url, proxies):
    opening = [b"HTTP/1.1 200 OK\r\n\r\n"] if proxies and url.startswith("https") else []
    pool, network = pool_of(*[[*opening, HELLO, HELLO, HELLO]] * 3)
    first, second = BoundAuth(), BoundAuth()
    served = []
    for owner in (first, None, second, first, None, second, first):
        request = prepare_request("GET", url)
        request.private_to = owner
        response = pool.send(request, timeout=Timeout(), proxies=proxies)
        assert response.content == b"hello"
        served.append(response.connection_info.requests_served)
    assert served == [1, 1, 1, 2, 2, 2, 3]
    assert len(network.dialled) == 3


@pytest.mark.safety("T3", "T4")
def test_what_is_private_keeps_tls_sessions_of_its_own():
    public, own, others = (
        build_route(parse_url("https://a.test/"), private_to=owner)
        for owner in (None, BoundAuth(), BoundAuth())
    )
    assert len({public, own, others}) == 3
    assert own == build_route(parse_url("https://a.test/"), private_to=own.private.owner)


@pytest.mark.safety("T1", "2c1")
def test_scheme_host_and_port_each_have_a_connection_of_their_own():
    places = [("http", "a.test", 443), ("http", "a.test", 80), ("http", "b.test", 80)]
    places += [("https", "a.test", 443), ("https", "a.test", 80)]
    pool, network = pool_of(*[[OK, OK] for _ in places])
    for _ in range(2):
        for scheme, host, port in places:
            send(pool, url=f"{scheme}://{host}:{port}/")
    assert network.dialled == [place[1:] for place in places]
    assert [stream.tls is not None for stream in network.streams] == [False] * 3 + [True] * 2
    hosts = [b"a.test:443", b"a.test", b"b.test", b"a.test", b"a.test:80"]
    for host, stream in zip(hosts, network.streams, strict=True):
        assert stream.written == b"GET / HTTP/1.1\r\nHost: %b\r\n\r\n" % host * 2


@pytest.mark.safety("L2")
def test_many_origins_do_not_grow_the_table_of_routes():
    pool, _network = pool_of(*[[OK] for _ in range(600)], max_idle=1)
    for number in range(600):
        send(pool, url=f"http://{number}.test/")
    assert len(pool._routes) <= 256


def test_limits_can_be_changed():
    pool, _network = pool_of([OK], [OK])
    pool.limits = Limits(max_idle=0)
    send(pool)
    assert counts(pool) == (0, 0, 0)
    assert pool.limits.max_idle == 0


def test_closing_leaves_the_pool_usable():
    pool, _network = pool_of([OK], [OK])
    send(pool)
    pool.close()
    assert counts(pool) == (0, 0, 0)
    assert send(pool).status_code == 200
    assert counts(pool) == (1, 1, 0)


# --- wrong answers are never handed out -------------------------------------------------------

EVIL = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"

POISONED = [
    ("a response glued behind", [HELLO + EVIL]),
    ("half a response glued behind", [HELLO + EVIL[:20]]),
    ("a line end", [HELLO + b"\r\n"]),
    ("a response that comes while idle", [HELLO, Unsolicited(EVIL)]),
    ("a 408 that comes while idle", [HELLO, Unsolicited(b"HTTP/1.1 408 Request Timeout\r\n\r\n")]),
    ("the end comes while idle", [HELLO, Unsolicited(b"")]),
    (
        "both framings",
        [
            b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
        ],
    ),
    ("a body behind a 204", [b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello"]),
    ("close", [b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"]),
    ("HTTP/1.0", [b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\nhello"]),
]


@pytest.mark.safety("M1", "M2", "M3", "F6", "F16", "X5", "4I1")
@pytest.mark.parametrize("byte_by_byte", [False, True], ids=["whole", "byte by byte"])
@pytest.mark.parametrize("steps", [row[1] for row in POISONED], ids=[row[0] for row in POISONED])
def test_the_request_after_a_poisoned_connection_gets_its_own_answer(steps, byte_by_byte):
    good = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood"
    pool, network = pool_of(steps, [good])
    network.byte_by_byte = byte_by_byte
    assert send(pool).content in (b"hello", b"")
    assert send(pool).content == b"good"
    assert network.streams[0].closed
    assert counts(pool) == (1, 1, 0)


# --- stale connections -----------------------------------------------------------------------


class Seekable(io.BytesIO):
    pass


class Twice:
    def __iter__(self):
        return iter([b"a", b"b"])


# id, method, parts, how the second request's connection fails, dials in all
STALE = [
    ("GET, the end", "GET", {}, {"steps": [b""]}, 2),
    ("GET, a reset", "GET", {}, {"steps": [RESET]}, 2),
    ("GET, nothing could be written", "GET", {}, {"write": (0, PIPE)}, 2),
    ("GET, half of it was written", "GET", {}, {"write": (10, PIPE)}, 2),
    ("HEAD", "HEAD", {}, {"steps": [b""]}, 2),
    ("OPTIONS", "OPTIONS", {}, {"steps": [b""]}, 2),
    ("TRACE", "TRACE", {}, {"steps": [b""]}, 2),
    ("PUT", "PUT", {"data": b"body"}, {"steps": [b""]}, 2),
    ("PUT with a file", "PUT", {"data": Seekable(b"file")}, {"steps": [b""]}, 2),
    ("PUT with what can be iterated again", "PUT", {"data": Twice()}, {"steps": [b""]}, 2),
    ("DELETE", "DELETE", {}, {"steps": [b""]}, 2),
    (
        "POST with a key",
        "POST",
        {"data": b"x", "headers": {"Idempotency-Key": "1"}},
        {"steps": [b""]},
        2,
    ),
    ("POST, nothing could be written", "POST", {"data": b"x"}, {"write": (0, PIPE)}, 2),
    ("PATCH, nothing could be written", "PATCH", {"data": b"x"}, {"write": (0, RESET)}, 2),
    # never:
    ("POST, the end", "POST", {"data": b"x"}, {"steps": [b""]}, 1),
    ("POST, half of it was written", "POST", {"data": b"x"}, {"write": (10, PIPE)}, 1),
    ("POST without a body", "POST", {}, {"steps": [b""]}, 1),
    ("PATCH, a reset", "PATCH", {"data": b"x"}, {"steps": [RESET]}, 1),
    ("a method of one's own", "FROB", {}, {"steps": [b""]}, 1),
    ("PUT with an iterator", "PUT", {"data": iter([b"a"])}, {"steps": [b""]}, 1),
    (
        "POST with an iterator, nothing could be written",
        "POST",
        {"data": iter([b"a"])},
        {"write": (0, PIPE)},
        1,
    ),
    ("GET, a byte came", "GET", {}, {"steps": [b"H", b""]}, 1),
    ("GET, a 100 came", "GET", {}, {"steps": [b"HTTP/1.1 100 Continue\r\n\r\n", b""]}, 1),
    ("GET, garbage came", "GET", {}, {"steps": [b"\x00"]}, 1),
    ("GET, silence", "GET", {}, {"steps": [Pause(100.0)]}, 1),
    ("GET, a write that takes too long", "GET", {}, {"stalls": 10}, 1),
    ("GET, no byte of which was taken in time", "GET", {}, {"stalls": 0}, 1),
    (
        "POST with a key, silence",
        "POST",
        {"data": b"x", "headers": {"Idempotency-Key": "1"}},
        {"steps": [Pause(100.0)]},
        1,
    ),
]


@pytest.mark.safety("M4", "2d1", "2d2", "2d3", "2d4", "4I2", "X7", "L1")
@pytest.mark.parametrize(
    ("method", "parts", "fault", "dials"), [row[1:] for row in STALE], ids=[row[0] for row in STALE]
)
def test_a_stale_connection_is_replaced_only_when_repeating_is_safe(method, parts, fault, dials):
    first = b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n"
    write = fault.get("write")
    error = (len(first) + write[0], write[1]) if write else None
    stalls = len(first) + fault["stalls"] if "stalls" in fault else None
    steps = fault.get("steps", [b""] * (stalls is None))
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    stale = Dial([OK, *steps], write_error=error, stalls_after=stalls)
    pool, network = pool_of(stale, Dial([answer]))
    send(pool)
    if dials == 2:
        assert send(pool, method, **parts).status_code == 200
        assert counts(pool) == (1, 1, 0)
        repeated = network.streams[1].written
        assert repeated.startswith(method.encode())
        assert not write or write[0] or network.streams[0].written == first
        if not write:
            assert network.streams[0].written == first + repeated
    else:
        with pytest.raises(exceptions.RequestException) as caught:
            send(pool, method, **parts)
        assert caught.value.__cause__ is not None
        assert counts(pool) == (0, 0, 0)
    assert len(network.dialled) == dials
    assert network.streams[0].closed


@pytest.mark.safety("2d4", "X22")
@pytest.mark.parametrize(
    "error", [KeyboardInterrupt(), MemoryError()], ids=lambda error: type(error).__name__
)
def test_an_interruption_behind_a_failed_write_is_not_taken_for_the_servers_doing(error):
    first = b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n"
    pool, network = pool_of(Dial([OK, error], write_error=(len(first), PIPE)), [OK])
    send(pool)
    with pytest.raises(type(error)) as caught:
        send(pool)
    assert caught.value is error
    assert len(network.dialled) == 1
    assert counts(pool) == (0, 0, 0)


@pytest.mark.safety("2d2")
@pytest.mark.parametrize("steps", [[b""], [RESET]], ids=["the end", "a reset"])
def test_a_fresh_connection_is_never_stale(steps):
    pool, network = pool_of(steps)
    with pytest.raises(exceptions.ConnectionError):
        send(pool)
    assert len(network.dialled) == 1
    assert counts(pool) == (0, 0, 0)


@pytest.mark.safety("2d1", "2d3")
def test_the_repetition_goes_over_a_fresh_connection_and_is_not_repeated():
    # Two idle connections, both stale: the second must not be tried in place of a fresh one.
    pool, network = pool_of([HELLO, b""], [HELLO, b""], [b""])
    first, second = send(pool, stream=True), send(pool, stream=True)
    assert first.content == second.content == b"hello"
    with pytest.raises(exceptions.RemoteProtocolError):
        send(pool)
    assert len(network.dialled) == 3
    assert counts(pool) == (1, 1, 0)


@pytest.mark.safety("2d4")
def test_an_error_of_the_callers_own_body_is_never_repeated():
    pool, network = pool_of([OK])
    send(pool)

    def pieces():
        yield b"a"
        raise exceptions.ConnectionError("of the caller's own")

    with pytest.raises(exceptions.ConnectionError, match="own"):
        send(pool, "PUT", data=pieces())
    assert len(network.dialled) == 1
    assert counts(pool) == (0, 0, 0)


class Failing:
    """A body that could begin again, and whose pieces raise."""

    def __init__(self, error, good):
        self.error = error
        self.good = good
        self.begun = 0

    def __iter__(self):
        self.begun += 1
        yield from self.good
        raise self.error


@pytest.mark.safety("2d4")
@pytest.mark.parametrize("error", [RESET, PIPE, TimeoutError("own"), OSError("own")], ids=repr)
@pytest.mark.parametrize("good", [[], [b"a"]], ids=["at once", "after a piece"])
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_an_error_of_the_callers_own_body_is_not_taken_for_one_of_the_network(method, good, error):
    pool, network = pool_of([OK, b""], [OK])
    send(pool)
    body = Failing(error, good)
    with pytest.raises(type(error)) as caught:
        send(pool, method, data=body)
    assert caught.value is error
    assert body.begun == len(network.dialled) == 1
    assert counts(pool) == (0, 0, 0)


def test_a_file_is_sent_again_from_where_it_began():
    file = io.BytesIO(b"skipped body")
    file.seek(8)
    pool, network = pool_of([OK, b""], [OK])
    send(pool)
    send(pool, "PUT", data=file)
    assert network.streams[1].written.endswith(b"Content-Length: 4\r\n\r\nbody")


def test_a_body_that_cannot_be_rewound_any_more_fails_cleanly():
    file = io.BytesIO(b"body")
    pool, _network = pool_of([OK, b""])
    send(pool)
    request = prepare_request("PUT", URL, data=file)

    def seek(*_):
        raise OSError(errno.ESPIPE, "illegal seek")

    file_seek, request.encoded_body.source = (
        file,
        type("Once", (), {"read": file.read, "seek": staticmethod(seek)})(),
    )
    with pytest.raises(exceptions.UnrewindableBodyError):
        pool.send(request, timeout=Timeout())
    assert file_seek.tell() == 4
    assert counts(pool) == (0, 0, 0)


def test_a_replacement_that_cannot_be_dialled_is_a_connection_error():
    pool, _network = pool_of([OK, b""], ConnectionRefusedError(errno.ECONNREFUSED, "refused"))
    send(pool)
    with pytest.raises(exceptions.ConnectionError) as caught:
        send(pool)
    assert isinstance(caught.value.__cause__, ConnectionRefusedError)
    assert counts(pool) == (0, 0, 0)


@pytest.mark.safety("X22")
def test_an_interruption_closes_the_connection_and_frees_its_slot():
    pool, network = pool_of([KeyboardInterrupt()], max_connections=1)
    with pytest.raises(KeyboardInterrupt):
        send(pool)
    assert network.streams[0].closed
    assert counts(pool) == (0, 0, 0)


@pytest.mark.safety("M7", "2e2")
def test_an_answer_to_an_upload_that_failed_is_returned_and_its_connection_closed():
    answer = b"HTTP/1.1 413 Too Large\r\nContent-Length: 4\r\n\r\nlong"
    pool, network = pool_of(Dial([answer], write_error=(5000, RESET)))
    response = send(pool, "POST", data=iter([b"x" * 1000] * 100))
    assert (response.status_code, response.content) == (413, b"long")
    assert response.connection_info.client_state == "ERROR"
    assert network.streams[0].closed
    assert counts(pool) == (0, 0, 0)


def test_interim_responses_belong_to_their_own_response():
    hint = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    pool, _network = pool_of([hint + OK, OK])
    assert [interim.status_code for interim in send(pool).informational] == [103]
    assert list(send(pool).informational) == []


class _SameIterator:
    """Not an iterator itself, and yet good for one sending only."""

    def __init__(self) -> None:
        self._pieces = iter([b"x", b"y"])

    def __iter__(self):
        return self._pieces


@pytest.mark.safety("2d3", "R9", "4I7")
def test_a_body_that_cannot_begin_again_is_never_sent_empty():
    network = ScriptedNetwork([OK, b""], [OK])
    pool = Pool(Limits(), network)
    pool.send(prepare_request("GET", "http://a.test/"), timeout=Timeout()).close()
    request = prepare_request("PUT", "http://a.test/", data=_SameIterator())
    with pytest.raises(exceptions.UnrewindableBodyError) as caught:
        pool.send(request, timeout=Timeout())
    assert isinstance(caught.value.__context__, exceptions.ConnectionError)
    assert len(network.streams) == 1
    assert pool.counts().open == 0
