"""Uploads that listen: `Expect: 100-continue`, and answers that come while a body is sent."""

from __future__ import annotations

import errno

import pytest

from h11client import exceptions
from h11client._engine import h11
from h11client._limits import Limits
from h11client._messages.body import encode_body
from h11client._messages.request import prepare_request
from h11client._timeouts import Deadline, Limit, Timeout
from h11client._transport.connection import open_connection
from h11client._transport.pool import Pool
from h11client._transport.route import Route
from h11client.testing import Dial, Pause, ScriptedNetwork, Unsolicited

ROUTE = Route("http", "a.test", 80)
URL = "http://a.test/"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
GO_ON = b"HTTP/1.1 100 Continue\r\n\r\n"
HINTS = b"HTTP/1.1 103 Early Hints\r\nContent-Length: 7\r\nTransfer-Encoding: chunked\r\n\r\n"
PROCESSING = b"HTTP/1.1 102 Processing\r\n\r\n"
REFUSED = b"HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n"
TOO_LARGE = b"HTTP/1.1 413 Too Large\r\nContent-Length: 4\r\n\r\nlong"
EXPECT = {"Expect": "100-continue"}
RESET = ConnectionResetError(errno.ECONNRESET, "reset")
PIPE = BrokenPipeError(errno.EPIPE, "pipe")


def opened(*steps, timeout=None, **dial):
    network = ScriptedNetwork(Dial(steps, **dial))
    deadline = Deadline(timeout or Timeout(), clock=network.clock)
    connection = open_connection(ROUTE, network, deadline, Limits())
    return connection, network.streams[0], deadline


def event(**fields):
    pairs = [(name.replace("_", "-"), value) for name, value in fields.items()]
    return h11.Request(method="POST", target="/", headers=[("Host", "a.test"), *pairs])


def pool_of(*dials, **limits):
    network = ScriptedNetwork(*dials)
    return Pool(Limits(**limits), network, network.clock), network


def send(pool, method="GET", *, timeout=None, **parts):
    return pool.send(prepare_request(method, URL, **parts), timeout=timeout or Timeout())


def counts(pool):
    counts = pool.counts()
    return counts.open, counts.idle, counts.waiting


def body_on(stream):
    return stream.written.partition(b"\r\n\r\n")[2]


class TimedNetwork(ScriptedNetwork):
    """Notes in `times` when bytes went out."""

    def connect(self, *args):
        self.times = []
        stream = super().connect(*args)
        hand_over = stream._hand_over

        def timed(data):
            self.times.append(self.clock.now)
            hand_over(data)

        stream._hand_over = timed
        return stream


# --- Expect: 100-continue ----------------------------------------------------------------------

BODIES = [
    ("bytes", lambda: b"body", b"body"),
    (
        "a generator",
        lambda: (piece for piece in [b"bo", b"dy"]),
        b"2\r\nbo\r\n2\r\ndy\r\n0\r\n\r\n",
    ),
]
each_body = pytest.mark.parametrize(
    ("make", "framed"), [row[1:] for row in BODIES], ids=[row[0] for row in BODIES]
)

# id, what the server says before the body comes, seconds after which the body goes out
GOING_ON = [
    ("100", [GO_ON], 0.0),
    ("100 after a while", [Pause(0.9), GO_ON], 0.9),
    ("103, then 100", [HINTS, Pause(0.5), GO_ON], 0.5),
    ("102 and 103, then 100, in one segment", [PROCESSING + HINTS + GO_ON], 0.0),
    ("100 twice", [GO_ON + GO_ON], 0.0),
    ("silence", [Pause(1.0)], 1.0),
    ("103, then silence", [Pause(0.6), HINTS, Pause(5.0)], 1.0),
    ("half of a 100", [GO_ON[:10], Pause(5.0), GO_ON[10:]], 1.0),
]


@pytest.mark.safety("F14", "2g1", "2g2", "2g3", "X10", "X11")
@each_body
@pytest.mark.parametrize(
    ("steps", "seconds"), [row[1:] for row in GOING_ON], ids=[row[0] for row in GOING_ON]
)
def test_the_body_waits_for_100_continue_a_second_at_most(steps, seconds, make, framed):
    network = TimedNetwork([*steps, OK, OK])
    pool = Pool(Limits(), network, network.clock)
    assert send(pool, "POST", data=make(), headers=EXPECT).status_code == 200
    stream = network.streams[0]
    assert stream.writes[0].endswith(b"\r\n\r\n")  # the head by itself
    assert network.times[:2] == [0.0, pytest.approx(seconds)]
    assert body_on(stream) == framed
    # A whole exchange: the connection serves the next request.
    assert send(pool).status_code == 200
    assert len(network.dialled) == 1
    assert counts(pool) == (1, 1, 0)


@pytest.mark.safety("2g1")
def test_the_wait_is_what_is_left_of_the_second_and_within_the_read_limit():
    connection, stream, deadline = opened(Pause(0.25), HINTS, Pause(0.25), GO_ON)
    request = event(Content_Length="4", Expect="100-continue")
    connection.send_request(request, encode_body(b"body"), deadline)
    waits = [limit for operation, limit in stream.limits if operation == "read"]
    assert waits == [Limit(1.0, "read"), Limit(0.75, "read")]
    connection, stream, deadline = opened(Pause(9.0), timeout=Timeout(read=0.25))
    connection.send_request(request, encode_body(b"body"), deadline)
    assert stream.limits[1] == ("read", Limit(0.25, "read"))
    assert body_on(stream) == b"body"


@pytest.mark.safety("D6")
def test_a_total_that_runs_out_while_waiting_is_named():
    pool, network = pool_of([Pause(9.0)])
    with pytest.raises(exceptions.Timeout) as caught:
        send(pool, "POST", data=b"body", headers=EXPECT, timeout=Timeout(total=0.5))
    assert caught.value.limit == "total"
    assert network.clock.now == 0.5
    assert body_on(network.streams[0]) == b""
    assert counts(pool) == (0, 0, 0)


FINAL = [
    ("200 without close", b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlong"),
    ("200 with close", b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\nlong"),
    ("413", TOO_LARGE),
    ("500 until close", b"HTTP/1.1 500 Oh\r\n\r\nlong"),
    ("401 behind a 103", HINTS + b"HTTP/1.1 401 No\r\nContent-Length: 4\r\n\r\nlong"),
    ("307", b"HTTP/1.1 307 T\r\nLocation: /b\r\nContent-Length: 4\r\n\r\nlong"),
]


@pytest.mark.safety("F14", "2g2", "X11")
@each_body
@pytest.mark.parametrize("answer", [row[1] for row in FINAL], ids=[row[0] for row in FINAL])
def test_a_final_answer_instead_of_100_means_no_body_and_no_reuse(answer, make, framed):
    pool, network = pool_of([answer, b""], [OK])
    response = send(pool, "POST", data=make(), headers=EXPECT)
    assert response.content == b"long"
    assert body_on(network.streams[0]) == b""
    assert network.streams[0].closed
    assert counts(pool) == (0, 0, 0)
    assert send(pool).status_code == 200
    assert network.streams[1].written.startswith(b"GET / ")


BANNER = b"SSH-2.0-OpenSSH_9.6\r\n"
FOREIGN = [
    ("while 100 is waited for", EXPECT, lambda: b"body", [BANNER], b""),
    ("the same in pieces", EXPECT, lambda: b"body", [b"H", b"ELO"], b""),
    ("behind a hint", EXPECT, lambda: b"body", [HINTS, BANNER], b""),
    ("while pieces are sent", {}, lambda: iter([b"a", b"b"]), [Unsolicited(BANNER, 60)], b""),
    ("behind the body", {}, lambda: iter([b"a"]), [Unsolicited(b"H", 60), Unsolicited(b"I", 60)], b"1\r\na\r\n0\r\n\r\n"),
]  # fmt: skip


@pytest.mark.safety("X23", "2e1")
@pytest.mark.parametrize(
    ("headers", "make", "steps", "sent"),
    [row[1:] for row in FOREIGN],
    ids=[row[0] for row in FOREIGN],
)
def test_a_peer_of_another_protocol_is_noticed_while_sending(headers, make, steps, sent):
    pool, network = pool_of([*steps, Pause(3600)])
    with pytest.raises(exceptions.RemoteProtocolError, match="does not speak HTTP"):
        send(pool, "POST", data=make(), headers=headers)
    assert network.clock.now == 0.0
    assert body_on(network.streams[0]) == sent
    assert counts(pool) == (0, 0, 0)


def test_an_iterator_is_not_touched_when_its_body_is_not_wanted():
    pool, _network = pool_of([TOO_LARGE])
    pieces = iter([b"a", b"b"])
    assert send(pool, "POST", data=pieces, headers=EXPECT).status_code == 413
    assert list(pieces) == [b"a", b"b"]


WITHOUT_BODY = [
    ("GET", "GET", {}),
    ("HEAD", "HEAD", {}),
    ("POST", "POST", {}),
    ("empty bytes", "PUT", {"data": b""}),
    ("an empty form", "POST", {"data": {}}),
]


@pytest.mark.safety("2g1")
@pytest.mark.parametrize(
    ("method", "parts"), [row[1:] for row in WITHOUT_BODY], ids=[row[0] for row in WITHOUT_BODY]
)
def test_a_request_without_a_body_expects_nothing(method, parts):
    pool, network = pool_of([OK])
    send(pool, method, headers=EXPECT, **parts)
    assert b"xpect" not in network.streams[0].written
    assert network.clock.now == 0.0
    pool, network = pool_of([OK])
    request = prepare_request(method, URL, **parts)
    request.headers["expect"] = "100-Continue"
    pool.send(request, timeout=Timeout())
    assert b"xpect" not in network.streams[0].written


def test_an_expectation_of_another_kind_is_sent_as_it_is():
    pool, network = pool_of([OK])
    send(pool, headers={"Expect": "200-ok"})
    assert b"Expect: 200-ok\r\n" in network.streams[0].written


@pytest.mark.safety("2g3")
def test_a_100_that_nobody_expects_or_that_comes_late_is_ignored():
    pool, network = pool_of(
        [GO_ON + OK, Pause(1.0), GO_ON, GO_ON + OK, OK],
    )
    assert send(pool, "POST", data=b"body").status_code == 200
    late = send(pool, "POST", data=b"body", headers=EXPECT)
    assert late.status_code == 200
    assert [interim.status_code for interim in late.informational] == [100, 100]
    assert send(pool).status_code == 200
    assert len(network.dialled) == 1


@pytest.mark.safety("2g3", "F13", "M9")
def test_endless_interim_answers_end_while_waiting_too():
    pool, network = pool_of([PROCESSING * 40])
    with pytest.raises(exceptions.RemoteProtocolError):
        send(pool, "POST", data=b"body", headers=EXPECT)
    assert body_on(network.streams[0]) == b""
    assert counts(pool) == (0, 0, 0)


LEFT = [("the end", b""), ("a reset", RESET)]


@pytest.mark.safety("X11", "X9")
@pytest.mark.parametrize("step", [row[1] for row in LEFT], ids=[row[0] for row in LEFT])
def test_a_server_that_leaves_instead_of_answering(step):
    pool, network = pool_of([step])
    with pytest.raises(exceptions.ConnectionError) as caught:
        send(pool, "POST", data=b"body", headers=EXPECT)
    assert caught.value.__cause__ is not None
    assert body_on(network.streams[0]) == b""
    assert counts(pool) == (0, 0, 0)


@pytest.mark.safety("2d3", "X11")
@pytest.mark.parametrize("step", [row[1] for row in LEFT], ids=[row[0] for row in LEFT])
@pytest.mark.parametrize(("method", "dials"), [("PUT", 2), ("POST", 1)])
def test_a_kept_alive_connection_that_was_closed_is_found_while_waiting(step, method, dials):
    pool, network = pool_of([OK, step], [GO_ON, OK])
    send(pool)
    if dials == 2:
        assert send(pool, method, data=b"body", headers=EXPECT).status_code == 200
        assert body_on(network.streams[1]) == b"body"
    else:
        with pytest.raises(exceptions.ConnectionError):
            send(pool, method, data=b"body", headers=EXPECT)
    assert len(network.dialled) == dials


# --- answers that come while a body is sent -----------------------------------------------------


@pytest.mark.safety("2e1", "X8")
@pytest.mark.parametrize("connection_field", [b"", b"Connection: close\r\n"])
def test_an_answer_is_noticed_between_pieces_although_the_server_goes_on_reading(connection_field):
    answer = b"HTTP/1.1 403 No\r\n" + connection_field + b"Content-Length: 4\r\n\r\nlong"
    pool, network = pool_of([Unsolicited(answer, after=250)])
    asked = []

    def pieces():
        for number in range(100):
            asked.append(number)
            yield b"x" * 100

    response = send(pool, "POST", data=pieces())
    assert (response.status_code, response.content) == (403, b"long")
    assert len(asked) < 5
    assert not network.streams[0].written.endswith(b"0\r\n\r\n")
    assert network.streams[0].closed
    assert counts(pool) == (0, 0, 0)


def test_interim_answers_between_pieces_do_not_stop_the_upload():
    pool, network = pool_of([Unsolicited(HINTS, after=250), OK, OK])
    response = send(pool, "POST", data=iter([b"x" * 100] * 20))
    assert response.status_code == 200
    assert [interim.status_code for interim in response.informational] == [103]
    assert network.streams[0].written.endswith(b"0\r\n\r\n")
    assert send(pool).status_code == 200
    assert len(network.dialled) == 1


ODD_WORDS = [
    ("garbage", b"\x00\x01", exceptions.RemoteProtocolError),
    ("the end", b"", exceptions.RemoteProtocolError),
    ("a reset", RESET, exceptions.ConnectionError),
]


@pytest.mark.safety("X8", "X9")
@pytest.mark.parametrize(
    ("what", "error"), [row[1:] for row in ODD_WORDS], ids=[row[0] for row in ODD_WORDS]
)
def test_what_is_no_answer_ends_the_upload_with_an_error(what, error):
    pool, network = pool_of([Unsolicited(what, after=250)])
    with pytest.raises(error):
        send(pool, "POST", data=iter([b"x" * 100] * 100))
    assert len(network.streams[0].written) < 1000
    assert counts(pool) == (0, 0, 0)


@pytest.mark.safety("2c5")
def test_nothing_is_taken_for_an_answer_before_the_head_is_out():
    connection, stream, deadline = opened(Unsolicited(OK))
    request = event(Content_Length="100000")
    connection.send_request(request, encode_body(b"x" * 100_000), deadline)
    assert [operation for operation, _ in stream.limits] == ["write"]


@pytest.mark.safety("2e1")
def test_one_large_piece_is_interrupted_between_its_blocks():
    pool, network = pool_of([Unsolicited(TOO_LARGE, after=1)])
    assert send(pool, "POST", data=b"x" * 10_000_000).content == b"long"
    assert network.streams[0].bytes_written < 300_000
    assert network.streams[0].closed


SWITCHED = b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"


@pytest.mark.safety("2h1")
@pytest.mark.parametrize("expect", [{}, EXPECT], ids=["uploading", "waiting"])
def test_a_protocol_is_not_switched_before_the_body_is_over(expect):
    first = SWITCHED if expect else Unsolicited(SWITCHED, after=250)
    pool, network = pool_of([first])
    headers = {"Connection": "upgrade", "Upgrade": "x", **expect}
    response = send(pool, "POST", data=iter([b"x" * 100] * 100), headers=headers)
    assert response.status_code == 101
    assert network.streams[0].closed
    assert counts(pool) == (0, 0, 0)
    with pytest.raises(exceptions.RemoteProtocolError, match="before the request was over"):
        response.upgrade()
