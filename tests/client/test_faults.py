"""Each way for an answer to break off, at each of its bytes, for each kind of request.

The truth is simple: all bytes of the message, or an error. What is told to the caller, how often
the request went out, and what is left of the pool have to agree with it.
"""

from __future__ import annotations

import errno

import pytest

import h11client
from h11client import exceptions
from h11client._limits import Limits
from h11client._transport.pool import Pool
from h11client.testing import Dial, Pause, ScriptedNetwork, Unsolicited

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
RESET = ConnectionResetError(errno.ECONNRESET, "reset")
PIPE = BrokenPipeError(errno.EPIPE, "broken pipe")


class Pieces:
    """A body of unknown length that can be had again."""

    def __iter__(self):
        return iter([b"da", b"ta"])


ANSWERS = {
    "length": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    "chunked": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"3;a=b\r\nhel\r\n2\r\nlo\r\n0\r\nA: b\r\n\r\n"
    ),
    "until the end": b"HTTP/1.1 200 OK\r\nServer: x\r\n\r\nhello",
    "interim first": b"HTTP/1.1 103 Early\r\nA: b\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    "no content": b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n",
}
FAULTS = {"end": b"", "reset": RESET, "stall": Pause(1000.0)}

# method, its body, whether it may go out twice
REQUESTS = {
    "GET": ("GET", None, True),
    "HEAD": ("HEAD", None, True),
    "POST": ("POST", b"data", False),
    "POST, chunked": ("POST", Pieces(), False),
    "PUT": ("PUT", b"data", True),
    "PUT, one-shot": ("PUT", "iterator", False),
}
FEW_REQUESTS = [REQUESTS["GET"], REQUESTS["HEAD"], REQUESTS["POST"]]


def body_of(data):
    return iter([b"da", b"ta"]) if data == "iterator" else data


def run(dials, method, data, reused=False):
    """Sends a request through a pool of one connection; returns the network and how it ended."""
    network = ScriptedNetwork(*dials)
    pool = Pool(Limits(max_connections=1), network, network.clock)
    session = h11client.Session(transport=pool, timeout=5)
    if reused:
        session.get("http://a.test/")
    try:
        end = session.request(method, "http://a.test/", data=body_of(data))
    except exceptions.RequestException as error:
        assert error.request is not None
        assert error.__cause__ is not None
        end = error
    counts = pool.counts()
    assert (counts.busy, counts.waiting) == (0, 0)
    return network, end


def bytes_sent(method, data):
    """What a request is on the wire."""
    network, _ = run([[OK]], method, data)
    return network.streams[0].written


def answer_to(method, framing):
    """The bytes of an answer, and how many of them are its head; HEAD has nothing else."""
    wire = ANSWERS[framing]
    head = wire.index(b"\r\n\r\n", wire.index(b"HTTP/1.1 20")) + 4
    return (wire[:head] if method == "HEAD" else wire), head


@pytest.mark.safety("X1", "X2", "X3", "F20", "2a10", "2d2", "2d3", "2d4", "4I2", "4I3", "4I7")
@pytest.mark.parametrize("fault", list(FAULTS))
@pytest.mark.parametrize("framing", list(ANSWERS))
@pytest.mark.parametrize("reused", [False, True], ids=["fresh", "reused"])
def test_an_answer_that_breaks_off_at_any_byte(framing, fault, reused):
    for method, data, may_repeat in REQUESTS.values() if reused else FEW_REQUESTS:
        wire, head = answer_to(method, framing)
        for cut in range(len(wire)):
            steps = [wire[:cut], FAULTS[fault]] if cut else [FAULTS[fault]]
            network, end = run([[OK, *steps] if reused else steps, [OK]], method, data, reused)
            assert network.streams[0].closed
            if reused and not cut and fault != "stall" and may_repeat:
                assert end.status_code == 200
                assert len(network.streams) == 2
                again = network.streams[1].written
                assert network.streams[0].written == bytes_sent("GET", None) + again
                continue
            assert len(network.streams) == 1
            if framing == "until the end" and cut >= head and fault == "end":
                assert end.content == wire[head:cut]  # and no more was ever announced
                continue
            check_error(end, fault, cut >= head)


def check_error(error, fault, in_body):
    assert isinstance(error, exceptions.RequestException)
    if fault == "stall":
        assert isinstance(error, exceptions.ReadTimeout)
        assert error.limit == "read"
        assert isinstance(error, exceptions.BodyReadTimeout) == in_body
    else:
        assert isinstance(error, exceptions.ConnectionError)
        assert isinstance(error, exceptions.IncompleteBody) == in_body


@pytest.mark.safety("X5", "F16", "2c1", "2c5", "4I1", "4I8")
@pytest.mark.parametrize(
    "extra",
    [b"\r\n", b"x", OK[:10], OK, b"HTTP/1.1 408 Request Timeout\r\n\r\n", b"\x15\x03\x03\x00\x02"],
    ids=["CRLF", "a byte", "half an answer", "an answer", "408", "TLS alert"],
)
@pytest.mark.parametrize("when", ["same segment", "own segment", "while idle"])
@pytest.mark.parametrize("framing", ["length", "chunked", "no content", "interim first"])
def test_bytes_behind_an_answer_never_reach_another_request(framing, when, extra):
    for method, data, _ in REQUESTS.values():
        wire, head = answer_to(method, framing)
        steps = {
            "same segment": [wire + extra],
            "own segment": [wire, Unsolicited(extra)],
            "while idle": [wire, Unsolicited(extra), Unsolicited(b"")],
        }[when]
        network = ScriptedNetwork(steps, [b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nmine"])
        session = h11client.Session(transport=Pool(None, network, network.clock), timeout=5)
        first = session.request(method, "http://a.test/1", data=body_of(data))
        assert first.content == (b"hello" if len(wire) > head else b"")
        assert session.get("http://a.test/2").content == b"mine"
        assert network.streams[0].closed
        assert b"/2" not in network.streams[0].written


@pytest.mark.safety("X7", "2d2", "2d3", "2d4", "2e2", "4I2")
@pytest.mark.parametrize("error", [RESET, PIPE], ids=["ECONNRESET", "EPIPE"])
@pytest.mark.parametrize("request_kind", list(REQUESTS))
@pytest.mark.parametrize("reused", [False, True], ids=["fresh", "reused"])
def test_a_write_that_fails_after_any_byte(request_kind, error, reused):
    method, data, may_repeat = REQUESTS[request_kind]
    offset = len(bytes_sent("GET", None)) if reused else 0
    for taken in range(len(bytes_sent(method, data))):
        steps = [OK, b""] if reused else [b""]
        broken = Dial(steps, write_error=(offset + taken, error))
        network, end = run([broken, [OK]], method, data, reused)
        # Nothing of it has gone out: then any method may, if its body is still there.
        repeats = reused and (may_repeat or (not taken and data != "iterator"))
        assert len(network.streams) == 1 + repeats, taken
        if repeats:
            assert end.status_code == 200
        else:
            assert isinstance(end, exceptions.ConnectionError)
        assert network.streams[0].closed


@pytest.mark.safety("X7", "X8", "2e2")
@pytest.mark.parametrize("request_kind", list(REQUESTS))
def test_an_answer_behind_a_write_that_failed_is_returned(request_kind):
    method, data, _ = REQUESTS[request_kind]
    body = b"" if method == "HEAD" else b"busy"
    answer = b"HTTP/1.1 503 Busy\r\nContent-Length: 4\r\nConnection: close\r\n\r\n" + body
    for taken in range(len(bytes_sent(method, data))):
        network, end = run([Dial([answer, b""], write_error=(taken, PIPE))], method, data)
        assert (end.status_code, end.content) == (503, body)
        assert network.streams[0].closed


@pytest.mark.safety("X9", "2c5", "2d2")
@pytest.mark.parametrize("framing", ["length", "chunked", "interim first", "no content"])
def test_a_server_that_half_closes_behind_its_answer_gets_no_further_request(framing):
    for method, data, _ in REQUESTS.values():
        wire, _ = answer_to(method, framing)
        network = ScriptedNetwork([wire, Unsolicited(b"")], [OK])
        session = h11client.Session(transport=Pool(None, network, network.clock), timeout=5)
        assert session.request(method, "http://a.test/1", data=body_of(data)).ok
        assert session.post("http://a.test/2", data=b"x").ok
        assert b"/2" not in network.streams[0].written
        assert len(network.streams) == 2


@pytest.mark.safety("X9", "2d2")
@pytest.mark.parametrize("request_kind", list(REQUESTS))
def test_a_server_that_half_closes_before_its_first_answer_is_an_error(request_kind):
    method, data, _ = REQUESTS[request_kind]
    network, end = run([[Unsolicited(b"")]], method, data)
    assert isinstance(end, exceptions.RemoteProtocolError)
    assert network.streams[0].closed


@pytest.mark.safety("X24", "4I1")
@pytest.mark.parametrize("framing", list(ANSWERS))
def test_answers_that_come_byte_by_byte_are_the_same_answers(framing):
    for method, data, _ in REQUESTS.values():
        wire, head = answer_to(method, framing)
        network = ScriptedNetwork([wire, b""], byte_by_byte=True)
        session = h11client.Session(transport=Pool(None, network, network.clock))
        response = session.request(method, "http://a.test/", data=body_of(data))
        assert response.content == (b"hello" if len(wire) > head else b"")
        counts = session._transport_.counts()
        assert counts.open == counts.idle == (framing != "until the end" or method == "HEAD")
