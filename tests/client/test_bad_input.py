"""Bad input, row by row: one of our exceptions, its cause, nothing sent, nothing left open."""

from __future__ import annotations

import errno
import pickle
import socket
import ssl

import hypothesis
import hypothesis.strategies as st
import pytest

import h11client
from h11client import exceptions
from h11client._timeouts import LimitExpired, Timeout
from h11client._transport.pool import Pool
from h11client.testing import Dial, Pause, ScriptedNetwork

URL = "http://a.test/"
RESET = ConnectionResetError(errno.ECONNRESET, "reset")
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"


def session_of(*dials, limits=None):
    network = ScriptedNetwork(*dials)
    return h11client.Session(transport=Pool(limits, network, network.clock)), network


def nothing_is_left(session, network):
    counts = session._transport_.counts()
    assert (counts.open, counts.idle, counts.waiting) == (0, 0, 0)
    assert all(stream.closed for stream in network.streams)


# --- known before anything is sent ------------------------------------------------------------

UNSENDABLE = [
    ("no scheme", {"url": "a.test/"}, exceptions.MissingSchema),
    ("a relative path", {"url": "/a"}, exceptions.MissingSchema),
    ("empty", {"url": ""}, exceptions.RequestException),
    ("unknown scheme", {"url": "ftp://a.test/"}, exceptions.InvalidSchema),
    ("file", {"url": "file:///etc/passwd"}, exceptions.InvalidSchema),
    ("no host", {"url": "http:///a"}, exceptions.InvalidURL),
    ("no host but a port", {"url": "http://:80/"}, exceptions.InvalidURL),
    ("port of letters", {"url": "http://a.test:http/"}, exceptions.InvalidURL),
    ("port too large", {"url": "http://a.test:65536/"}, exceptions.InvalidURL),
    ("unbalanced bracket", {"url": "http://[::1/"}, exceptions.InvalidURL),
    ("blank in the host", {"url": "http://a .test/"}, exceptions.InvalidURL),
    ("CR LF in the URL", {"url": "http://a.test/\r\nX: y"}, exceptions.InvalidURL),
    ("octal address", {"url": "http://0177.0.0.1/"}, exceptions.InvalidURL),
    ("an @ in a password", {"url": "http://me:secret@b@a.test/"}, exceptions.InvalidURL),
    ("too long", {"url": URL + "x" * 70_000}, exceptions.InvalidURL),
    ("CR LF in a header", {"headers": {"X": "a\r\nY: b"}}, exceptions.InvalidHeader),
    ("LF in a header", {"headers": {"X": "a\nb"}}, exceptions.InvalidHeader),
    ("NUL in a header", {"headers": {"X": "a\0"}}, exceptions.InvalidHeader),
    ("CR LF in a header's name", {"headers": {"X\r\nY": "a"}}, exceptions.InvalidHeader),
    ("blank in a header's name", {"headers": {"X Y": "a"}}, exceptions.InvalidHeader),
    ("empty header name", {"headers": {"": "a"}}, exceptions.InvalidHeader),
    ("wrong Host", {"headers": {"Host": "a b"}}, exceptions.InvalidHeader),
    ("CR LF in the method", {"method": "GET\r\nX: y"}, exceptions.LocalProtocolError),
    (
        "both framings",
        {"headers": {"Content-Length": "1", "Transfer-Encoding": "chunked"}, "data": b"x"},
        exceptions.LocalProtocolError,
    ),
    (
        "a length that is none",
        {"headers": {"Content-Length": "x"}, "data": b"x"},
        exceptions.RequestException,
    ),
    (
        "a length that is wrong",
        {"headers": {"Content-Length": "2"}, "data": b"x"},
        exceptions.LocalProtocolError,
    ),
    ("what is no JSON", {"json": float("nan")}, exceptions.InvalidJSONError),
]


@pytest.mark.safety("I1", "I2", "I4", "I5", "4I12", "M23", "R12")
@pytest.mark.parametrize(
    ("call", "public"), [row[1:] for row in UNSENDABLE], ids=[row[0] for row in UNSENDABLE]
)
def test_what_cannot_be_sent_is_refused_before_a_dial(call, public):
    session, network = session_of()
    with pytest.raises(public) as caught:
        session.request(call.pop("method", "POST"), call.pop("url", URL), **call)
    assert isinstance(caught.value, exceptions.RequestException)
    assert "secret" not in str(caught.value)
    assert network.log == []
    nothing_is_left(session, network)


WRONG_ARGUMENTS = [
    ("a number as URL", {"url": 5}),
    ("a number as header", {"headers": {"X": 5}}),
    ("a number as body", {"data": 5}),
    ("a negative timeout", {"timeout": -1}),
    ("no timeout at all, as zero", {"timeout": 0}),
    ("text as timeout", {"timeout": "5"}),
    ("a timeout of three", {"timeout": (1, 2, 3)}),
    ("a timeout that is no number", {"timeout": float("nan")}),
]


@pytest.mark.parametrize(
    "call", [row[1] for row in WRONG_ARGUMENTS], ids=[row[0] for row in WRONG_ARGUMENTS]
)
def test_wrong_arguments_are_type_or_value_errors_before_a_dial(call):
    session, network = session_of()
    with pytest.raises((TypeError, ValueError)):
        session.request("POST", call.pop("url", URL), **call)
    assert network.log == []


# --- the network ------------------------------------------------------------------------------

NO_CONNECTION = [
    ("refused", ConnectionRefusedError(errno.ECONNREFUSED, "refused"), exceptions.ConnectionError),
    ("unknown host", socket.gaierror(socket.EAI_NONAME, "not known"), exceptions.ConnectionError),
    ("unreachable", OSError(errno.EHOSTUNREACH, "no route"), exceptions.ConnectionError),
    (
        "the kernel's timeout",
        TimeoutError(errno.ETIMEDOUT, "timed out"),
        exceptions.ConnectionError,
    ),
    ("no descriptors", OSError(errno.EMFILE, "too many open files"), exceptions.ConnectionError),
    ("no ports", OSError(errno.EADDRNOTAVAIL, "cannot assign"), exceptions.ConnectionError),
    ("too slow", Dial([], takes=11.0), exceptions.ConnectTimeout),
    (
        "not trusted",
        Dial([], tls_error=ssl.SSLCertVerificationError(1, "self-signed")),
        exceptions.SSLError,
    ),
    ("no TLS", Dial([], tls_error=ssl.SSLError(1, "wrong version number")), exceptions.SSLError),
    ("hung up in TLS", Dial([], tls_error=ssl.SSLEOFError(8, "EOF")), exceptions.SSLError),
]


@pytest.mark.safety("X15", "X21", "L1")
@pytest.mark.parametrize(
    ("dial", "public"), [row[1:] for row in NO_CONNECTION], ids=[row[0] for row in NO_CONNECTION]
)
def test_no_connection(dial, public):
    session, _network = session_of(dial)
    with pytest.raises(public) as caught:
        session.get("https://a.test/")
    assert isinstance(caught.value, exceptions.ConnectionError)
    assert isinstance(caught.value.__cause__, (OSError, LimitExpired))
    assert caught.value.request.url == "https://a.test/"
    assert session._transport_.counts().open == 0


LIMITS = [
    (
        "connect",
        Dial([], takes=99.0),
        Timeout(connect=2),
        exceptions.ConnectTimeout,
        "connect",
        2.0,
    ),
    (
        "connect, by the total",
        Dial([], takes=99.0),
        Timeout(total=3),
        exceptions.ConnectTimeout,
        "total",
        3.0,
    ),
    ("write", Dial([], stalls_after=9), Timeout(write=4), exceptions.WriteTimeout, "write", 4.0),
    (
        "write, by the total",
        Dial([], stalls_after=9),
        Timeout(total=5),
        exceptions.WriteTimeout,
        "total",
        5.0,
    ),
    ("read", [Pause(99)], Timeout(read=6), exceptions.ReadTimeout, "read", 6.0),
    ("read, by the total", [Pause(99)], Timeout(total=7), exceptions.ReadTimeout, "total", 7.0),
    ("body", [HEAD, Pause(99)], Timeout(read=8), exceptions.BodyReadTimeout, "read", 8.0),
    (
        "body, by the total",
        [HEAD, Pause(99)],
        Timeout(total=9),
        exceptions.BodyReadTimeout,
        "total",
        9.0,
    ),
    (
        "connect and body together",
        Dial([Pause(3), HEAD, Pause(99)], takes=3),
        Timeout(total=9),
        exceptions.BodyReadTimeout,
        "total",
        9.0,
    ),
]


@pytest.mark.safety("M8", "4I4")
@pytest.mark.parametrize(
    ("dial", "timeout", "public", "limit", "seconds"),
    [row[1:] for row in LIMITS],
    ids=[row[0] for row in LIMITS],
)
def test_every_limit_has_its_exception_and_its_name(dial, timeout, public, limit, seconds):
    session, network = session_of(dial)
    with pytest.raises(public) as caught:
        session.get(URL, timeout=timeout)
    assert type(caught.value) is public
    assert caught.value.limit == limit
    assert isinstance(caught.value.__cause__, LimitExpired)
    assert network.clock.now == seconds
    nothing_is_left(session, network)


def test_a_full_pool_is_a_pool_timeout():
    limits = h11client.Limits(max_connections=1)
    session, network = session_of([HEAD, b"hello"], limits=limits)
    response = session.get(URL, stream=True)
    with pytest.raises(exceptions.PoolTimeout) as caught:
        session.get(URL, timeout=Timeout(pool=0.01))
    assert caught.value.limit == "pool"
    assert response.content == b"hello"
    assert session._transport_.counts().idle == 1
    session.close()
    nothing_is_left(session, network)


# --- the answer -------------------------------------------------------------------------------

FRAMED = {
    "length": b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello world",
    "chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"5;x=1\r\nhello\r\n6\r\n world\r\n0\r\nDigest: abc\r\n\r\n",
}
CUTS = [(name, cut) for name, wire in FRAMED.items() for cut in range(len(wire))]


@pytest.mark.safety("F20", "2a10", "X1", "X2", "X3", "4I7", "4I8")
@pytest.mark.parametrize(
    "end",
    [b"", ConnectionResetError(errno.ECONNRESET, "reset"), Pause(999)],
    ids=["FIN", "RST", "stall"],
)
@pytest.mark.parametrize(("name", "cut"), CUTS)
def test_a_response_cut_at_every_byte_is_an_error(name, cut, end):
    wire = FRAMED[name]
    session, network = session_of([*([wire[:cut]] if cut else []), end])
    with pytest.raises(exceptions.RequestException) as caught:
        session.get(URL)
    assert caught.value.__cause__ is not None
    assert caught.value.request.url == URL
    in_body = cut >= wire.index(b"\r\n\r\n") + 4
    assert (caught.value.response is not None) == in_body
    if isinstance(end, Pause):
        assert type(caught.value) is (
            exceptions.BodyReadTimeout if in_body else exceptions.ReadTimeout
        )
    elif in_body:
        assert type(caught.value) is exceptions.IncompleteBody
    else:
        assert isinstance(caught.value, exceptions.ConnectionError)
    nothing_is_left(session, network)
    assert pickle.loads(pickle.dumps(caught.value)).args == caught.value.args


GARBAGE = [
    b"\x00",
    b"\x16\x03\x01",
    b"hello\r\n\r\n",
    b"HTTP/3 200 OK\r\n\r\n",
    b"HTTP/1.1 099 X\r\n\r\n",
]


@pytest.mark.safety("X23", "2a2", "2a3", "2a4")
@pytest.mark.parametrize("wire", GARBAGE)
def test_garbage_is_a_protocol_error(wire):
    session, network = session_of([wire, b""])
    with pytest.raises(exceptions.RemoteProtocolError) as caught:
        session.get(URL)
    assert caught.value.__cause__ is not None
    nothing_is_left(session, network)


# --- the caller's own -------------------------------------------------------------------------


@pytest.mark.safety("X22", "2d4")
@pytest.mark.parametrize(
    "error",
    [ZeroDivisionError("mine"), OSError("mine"), KeyboardInterrupt("mine")],
    ids=lambda e: type(e).__name__,
)
@pytest.mark.parametrize("at", [0, 1, 5])
def test_what_a_body_iterator_raises_passes_unchanged(error, at):
    def pieces():
        yield from [b"x"] * at
        raise error

    session, network = session_of([])
    with pytest.raises(type(error)) as caught:
        session.post(URL, data=pieces())
    assert caught.value is error
    assert caught.value.__cause__ is None
    assert not network.streams[0].written.endswith(b"0\r\n\r\n")
    nothing_is_left(session, network)


@pytest.mark.parametrize("piece", [5, None, object(), ["a"]])
def test_a_piece_of_the_wrong_type_is_a_type_error(piece):
    session, network = session_of([])
    with pytest.raises(TypeError):
        session.post(URL, data=iter([b"x", piece or object()]))
    nothing_is_left(session, network)


@pytest.mark.safety("2b4")
@pytest.mark.parametrize("by", [-1, 1, 70_000], ids=["shrinks", "grows", "grows a lot"])
def test_a_file_that_changes_its_length(tmp_path, by):
    path = tmp_path / "upload"
    path.write_bytes(b"x" * 100_000)
    session, network = session_of([])
    with path.open("rb") as file:
        prepared = session.prepare_request(h11client.Request("PUT", URL, data=file))
        with path.open("r+b") as other:
            other.truncate(100_000 + by)
        with pytest.raises(exceptions.LocalProtocolError) as caught:
            session.send(prepared)
    assert caught.value.__cause__ is not None
    assert len(network.streams[0].written.partition(b"\r\n\r\n")[2]) <= 100_000
    nothing_is_left(session, network)


# --- anything at all --------------------------------------------------------------------------

TOKENS = [
    *(
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.0 200 OK\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 204 X\r\n",
    ),
    *(
        b"Content-Length: 5\r\n",
        b"Content-Length: 0\r\n",
        b"Content-Length: x\r\n",
        b"Connection: close\r\n",
    ),
    *(
        b"Transfer-Encoding: chunked\r\n",
        b"Content-Encoding: gzip\r\n",
        b"Keep-Alive: timeout=5\r\n",
    ),
    *(
        b"Upgrade: x\r\n",
        b"X: y\r\n",
        b" folded\r\n",
        b"\r\n",
        b"\n",
        b"\r",
        b"\0",
        b"\xff",
        b":",
        b" ",
    ),
    *(
        b"hello",
        b"5\r\nhello\r\n",
        b"0\r\n\r\n",
        b"0\r\nX: y\r\n\r\n",
        b"ffffffffffffffff\r\n",
        b"5;x=y\r\n",
    ),
]


@pytest.mark.safety("F17", "4I3", "4I6", "5P4")
@hypothesis.given(
    tokens=st.lists(st.one_of(st.sampled_from(TOKENS), st.binary(max_size=6)), max_size=12),
    end=st.sampled_from([b"", RESET, Pause(1000.0)]),
    method=st.sampled_from(["GET", "HEAD", "POST"]),
)
@hypothesis.settings(max_examples=400)
def test_whatever_comes_is_a_response_or_one_of_our_exceptions(tokens, end, method):
    good = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood"
    wire = b"".join(tokens)
    session, network = session_of([*([wire] if wire else []), end], [good], [good])
    failure = None
    try:
        response = session.request(method, URL)
    except exceptions.RequestException as error:
        failure = error
    if failure is None:
        assert wire.startswith(b"HTTP/1.")
        assert isinstance(response.content, bytes)
    else:
        assert failure.__cause__ is not None or isinstance(failure, exceptions.ContentDecodingError)
        assert failure.request.method == method
    counts = session._transport_.counts()
    assert counts.open == counts.idle <= 1
    session.close()
    assert session.post(URL).content == b"good"
    assert [stream.closed for stream in network.streams] == [True, False]
