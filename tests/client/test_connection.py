"""One connection: what goes out, when it stops, which head comes back, and when it is reusable."""

from __future__ import annotations

import errno
import io
import ssl
from socket import gaierror

import pytest

from h11client import exceptions
from h11client._engine import h11
from h11client._limits import Limits
from h11client._messages.body import NO_BODY, encode_body
from h11client._timeouts import Deadline, Limit, LimitExpired, Timeout
from h11client._transport.connection import JOIN_SIZE, Connection, open_connection
from h11client._transport.network import TLSConfig
from h11client._transport.route import Route
from h11client._transport.uploading import BLOCK_SIZE
from h11client.testing import Dial, Pause, ScriptedNetwork, Unsolicited

ROUTE = Route("http", "a.test", 80)
GET_HEAD = b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


def opened(*steps, timeout=None, limits=None, byte_by_byte=False, **dial):
    network = ScriptedNetwork(Dial(steps, **dial), byte_by_byte=byte_by_byte)
    deadline = Deadline(timeout or Timeout(), clock=network.clock)
    connection = open_connection(ROUTE, network, deadline, limits or Limits())
    return connection, network.streams[0], deadline


def event(method="GET", **fields):
    headers = [
        ("Host", "a.test"),
        *((name.replace("_", "-"), value) for name, value in fields.items()),
    ]
    return h11.Request(method=method, target="/", headers=headers)


def chunked(method="POST"):
    return event(method, Transfer_Encoding="chunked")


FOREIGN = [
    ("SSH", [b"SSH-2.0-x\r\n"]),  # and it waits for ours
    ("SMTP", [b"220 a.test ESMTP\r\n"]),
    ("SMTP that hangs up", [b"554 no\r\n", b""]),
    ("text that begins like it", [b"HELO", b""]),
    ("the same in pieces", [b"H", b"ELO"]),
    ("almost", [b"HTTP", b"-1.1"]),
    ("after a hint that came apart", [b"HTTP/1.1 103 Ea", b"rly\r\n\r\nHTTP ", b"x"]),
    ("in capitals", [b"http/1.1 200 OK\r\n"]),
    ("HTTP/2", [b"\0\0\x12\4\0\0\0\0\0", b""]),
    ("a TLS alert", [b"\x15\3\1\0\2\2\x46", b""]),
    ("after a hint", [b"HTTP/1.1 103 Early\r\n\r\nSSH-2.0"]),
]  # fmt: skip


@pytest.mark.safety("X23", "2a2", "I9")
@pytest.mark.parametrize("steps", [row[1] for row in FOREIGN], ids=[row[0] for row in FOREIGN])
def test_a_peer_that_does_not_speak_http_is_told_apart(steps):
    connection, _, deadline = opened(*steps)
    connection.send_request(event("GET"), NO_BODY, deadline)
    with pytest.raises(exceptions.RemoteProtocolError, match=r"not speak HTTP|not an HTTP message"):
        connection.read_head(deadline)


@pytest.mark.safety("X23", "I9")
def test_only_the_beginning_of_what_a_foreign_peer_says_is_quoted():
    connection, _, deadline = opened(b"x" * 10_000)
    connection.send_request(event("GET"), NO_BODY, deadline)
    with pytest.raises(exceptions.RemoteProtocolError) as caught:
        connection.read_head(deadline)
    assert len(str(caught.value)) < 300


# --- dialling --------------------------------------------------------------------------------


def test_dialling_https_upgrades_with_the_routes_configuration():
    network = ScriptedNetwork([])
    config = TLSConfig(verify=False)
    route = Route("https", "a.test.", 8443, config)
    connection = open_connection(route, network, Deadline(Timeout(), network.clock), Limits())
    assert network.dialled == [("a.test.", 8443)]
    assert network.upgrades == [(config, "a.test")]
    assert connection.endpoint.tls.version == "TLSv1.3"


VERIFICATION = ssl.SSLCertVerificationError(1, "certificate verify failed")

FAILED_DIALS = [
    (
        "refused",
        {"error": ConnectionRefusedError(errno.ECONNREFUSED, "refused")},
        exceptions.ConnectionError,
    ),
    (
        "unknown host",
        {"error": gaierror(-2, "Name or service not known")},
        exceptions.ConnectionError,
    ),
    (
        "unreachable",
        {"error": OSError(errno.ENETUNREACH, "unreachable")},
        exceptions.ConnectionError,
    ),
    (
        "no descriptor left",
        {"error": OSError(errno.EMFILE, "too many open files")},
        exceptions.ConnectionError,
    ),
    ("too slow", {"takes": 10.0}, exceptions.ConnectTimeout),
    ("certificate not trusted", {"tls_error": VERIFICATION}, exceptions.SSLError),
    ("hung up in the handshake", {"tls_error": ssl.SSLEOFError(8, "EOF")}, exceptions.SSLError),
    (
        "reset in the handshake",
        {"tls_error": ConnectionResetError(104, "reset")},
        exceptions.ConnectionError,
    ),
    (
        "handshake too slow",
        {"tls_error": LimitExpired(Limit(10.0, "connect"))},
        exceptions.ConnectTimeout,
    ),
]


@pytest.mark.parametrize(
    ("dial", "public"), [row[1:] for row in FAILED_DIALS], ids=[row[0] for row in FAILED_DIALS]
)
def test_a_failed_dial_is_one_of_our_exceptions_with_its_cause(dial, public):
    error = dial.get("error")
    network = ScriptedNetwork(error if error else Dial([], **dial))
    route = Route("https", "a.test", 443, TLSConfig())
    with pytest.raises(public) as caught:
        open_connection(route, network, Deadline(Timeout(), network.clock), Limits())
    assert isinstance(caught.value.__cause__, (OSError, LimitExpired))
    assert "a.test" in str(caught.value)
    if public is exceptions.ConnectTimeout:
        assert caught.value.limit == "connect"
    assert all(stream.closed for stream in network.streams if not dial.get("takes"))


# --- sending ---------------------------------------------------------------------------------


def test_a_request_without_a_body_is_one_write():
    connection, stream, deadline = opened()
    connection.send_request(event(), NO_BODY, deadline)
    assert stream.writes == [GET_HEAD]
    assert stream.limits == [("write", Limit(60.0, "write"))]


def test_a_small_body_goes_out_behind_its_head_in_one_write():
    connection, stream, deadline = opened()
    connection.send_request(event("POST", Content_Length="5"), encode_body(b"hello"), deadline)
    assert len(stream.writes) == 1
    assert stream.written.endswith(b"Content-Length: 5\r\n\r\nhello")


def test_a_large_body_is_cut_into_blocks_and_its_head_joins_the_first():
    connection, stream, deadline = opened()
    content = bytes(range(256)) * (BLOCK_SIZE // 128)
    request = event("POST", Content_Length=str(len(content)))
    connection.send_request(request, encode_body(content), deadline)
    head, _, body = stream.written.partition(b"\r\n\r\n")
    assert body == content
    assert len(stream.writes) == 2
    assert stream.writes[0].startswith(head)


def test_a_large_piece_of_an_iterator_is_one_chunk_in_several_writes():
    connection, stream, deadline = opened()
    piece = bytes(range(256)) * (BLOCK_SIZE // 100)
    connection.send_request(chunked(), encode_body(iter([piece, b"end"])), deadline)
    framed = b"%x\r\n%b\r\n3\r\nend\r\n0\r\n\r\n" % (len(piece), piece)
    assert stream.written.partition(b"\r\n\r\n")[2] == framed
    assert max(map(len, stream.writes)) <= BLOCK_SIZE + 100


def test_a_body_as_large_as_what_is_joined_is_still_one_write():
    connection, stream, deadline = opened()
    request = event("POST", Content_Length=str(JOIN_SIZE))
    connection.send_request(request, encode_body(b"x" * JOIN_SIZE), deadline)
    assert len(stream.writes) == 1


def test_a_file_of_known_length_has_its_head_in_the_first_write():
    connection, stream, deadline = opened()
    connection.send_request(
        event("PUT", Content_Length="4"), encode_body(io.BytesIO(b"file")), deadline
    )
    assert stream.writes[0].endswith(b"\r\n\r\nfile")


def test_the_head_goes_out_before_the_first_piece_of_an_iterator_is_asked_for():
    connection, stream, deadline = opened()

    def pieces():
        assert stream.written.endswith(b"\r\n\r\n")
        yield b"late"

    connection.send_request(chunked(), encode_body(pieces()), deadline)
    assert stream.written.endswith(b"\r\n\r\n4\r\nlate\r\n0\r\n\r\n")


def test_each_piece_of_an_iterator_is_one_chunk_in_one_write():
    connection, stream, deadline = opened()
    connection.send_request(chunked(), encode_body(iter([b"a" * 10, b"b"])), deadline)
    assert stream.writes[1:] == [b"a\r\n" + b"a" * 10 + b"\r\n", b"1\r\nb\r\n", b"0\r\n\r\n"]


@pytest.mark.safety("2b5")
def test_an_empty_piece_never_becomes_the_last_chunk():
    connection, stream, deadline = opened()
    connection.send_request(
        chunked(), encode_body(iter([b"", b"a", b"", b"", b"b", b""])), deadline
    )
    assert stream.written.endswith(b"\r\n\r\n1\r\na\r\n1\r\nb\r\n0\r\n\r\n")


def test_an_iterator_without_any_piece_is_an_empty_body():
    connection, stream, deadline = opened()
    connection.send_request(chunked(), encode_body(iter([])), deadline)
    assert stream.written.endswith(b"\r\n\r\n0\r\n\r\n")


class File(io.BytesIO):
    """A file that is `grown` by some bytes after its length was asked for; negative: shrunk."""

    def __init__(self, content, grown):
        super().__init__(content)
        self.grown = grown

    def change(self):
        if self.grown < 0:
            self.truncate(len(self.getvalue()) + self.grown)
        else:
            position = self.tell()
            self.seek(0, io.SEEK_END)
            self.write(b"+" * self.grown)
            self.seek(position)


WRONG_LENGTHS = [
    ("the file shrinks", -1),
    ("the file shrinks to nothing", -6),
    ("the file grows", 1),
    ("the file grows by more than a block", 100_000),
]


@pytest.mark.safety("2b4")
@pytest.mark.parametrize(
    "grown", [row[1] for row in WRONG_LENGTHS], ids=[row[0] for row in WRONG_LENGTHS]
)
def test_a_body_that_is_not_as_long_as_announced_is_an_error(grown):
    connection, stream, deadline = opened()
    file = File(b"sixsix", grown)
    body = encode_body(file)
    file.change()
    with pytest.raises(exceptions.LocalProtocolError) as caught:
        connection.send_request(event("PUT", Content_Length="6"), body, deadline)
    assert isinstance(caught.value.__cause__, h11.LocalProtocolError)
    assert connection.protocol.our_state is h11.ERROR
    # Never a byte beyond what was announced.
    assert len(stream.written.partition(b"\r\n\r\n")[2]) <= 6


@pytest.mark.safety("2b4")
@pytest.mark.parametrize("content", [b"1234", b"123456"], ids=["shorter", "longer"])
def test_bytes_that_do_not_fit_the_announced_length_are_never_sent(content):
    connection, stream, deadline = opened()
    with pytest.raises(exceptions.LocalProtocolError):
        connection.send_request(event("POST", Content_Length="5"), encode_body(content), deadline)
    assert stream.written == b""


@pytest.mark.safety("2b4")
@pytest.mark.parametrize(
    "pieces", [[b"12"], [b"123", b"456"], []], ids=["too short", "too long", "empty"]
)
def test_an_iterator_is_held_to_the_length_that_the_caller_announced(pieces):
    connection, _stream, deadline = opened()
    with pytest.raises(exceptions.LocalProtocolError):
        connection.send_request(
            event("POST", Content_Length="5"), encode_body(iter(pieces)), deadline
        )
    assert connection.protocol.our_state is h11.ERROR


class Odd(Exception):
    pass


@pytest.mark.safety("2d4")
@pytest.mark.parametrize(
    "error",
    [
        Odd("mine"),
        OSError("disk"),
        ConnectionResetError("theirs"),
        KeyboardInterrupt(),
        exceptions.ReadTimeout("inner", limit="read"),
    ],
    ids=lambda e: type(e).__name__,
)
def test_what_the_callers_iterator_raises_passes_unchanged(error):
    connection, stream, deadline = opened()

    def pieces():
        yield b"a"
        raise error

    with pytest.raises(type(error)) as caught:
        connection.send_request(chunked(), encode_body(pieces()), deadline)
    assert caught.value is error
    assert caught.value.__cause__ is None
    assert not stream.written.endswith(b"0\r\n\r\n")
    assert connection.protocol.our_state is h11.ERROR
    assert not connection.peer_left


def test_a_write_that_takes_too_long_is_a_write_timeout():
    connection, _stream, deadline = opened(stalls_after=10, timeout=Timeout(write=3))
    with pytest.raises(exceptions.WriteTimeout) as caught:
        connection.send_request(event(), NO_BODY, deadline)
    assert caught.value.limit == "write"
    assert isinstance(caught.value.__cause__, LimitExpired)
    assert connection.protocol.our_state is h11.ERROR
    assert not connection.peer_left


def test_a_total_that_runs_out_while_writing_is_named():
    connection, _stream, deadline = opened(stalls_after=10, timeout=Timeout(write=30, total=3))
    with pytest.raises(exceptions.WriteTimeout) as caught:
        connection.send_request(chunked(), encode_body(iter([b"a", b"b"])), deadline)
    assert caught.value.limit == "total"


# --- answers that come early, and writes that fail -------------------------------------------


@pytest.mark.safety("M7", "2e2")
@pytest.mark.parametrize(
    "error",
    [BrokenPipeError(errno.EPIPE, "pipe"), ConnectionResetError(errno.ECONNRESET, "reset")],
    ids=["EPIPE", "ECONNRESET"],
)
@pytest.mark.parametrize("written", [0, 20, 5000])
def test_after_a_failed_write_the_answer_is_still_read(error, written):
    answer = b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n"
    connection, stream, deadline = opened(answer, write_error=(written, error))
    connection.send_request(chunked(), encode_body(iter([b"x" * 1000] * 10)), deadline)
    assert connection.protocol.our_state is h11.ERROR
    head = connection.read_head(deadline)
    assert head.status_code == 413
    assert stream.limits[-1] == ("read", Limit(1.0, "write"))
    assert not connection.end_exchange(head)
    assert stream.closed


NO_ANSWERS = [
    ("the end", [b""]),
    ("a reset", [ConnectionResetError(errno.ECONNRESET, "reset")]),
    ("silence", [Pause(5.0), OK]),
    ("half an answer", [b"HTTP/1.1 20", b""]),
    ("garbage", [b"\x00\x01"]),
]


@pytest.mark.safety("2e2")
@pytest.mark.parametrize(
    "steps", [row[1] for row in NO_ANSWERS], ids=[row[0] for row in NO_ANSWERS]
)
def test_after_a_failed_write_without_an_answer_the_writes_error_is_raised(steps):
    error = BrokenPipeError(errno.EPIPE, "pipe")
    connection, _stream, deadline = opened(*steps, write_error=(5, error))
    connection.send_request(event(), NO_BODY, deadline)
    with pytest.raises(exceptions.ConnectionError) as caught:
        connection.read_head(deadline)
    assert caught.value.__cause__ is error
    assert not isinstance(caught.value, exceptions.Timeout)
    assert connection.peer_left


@pytest.mark.safety("2e2", "X15")
def test_after_a_failed_write_an_alert_says_why():
    alert = ssl.SSLError(1, "tlsv13 alert certificate required")
    reset = ConnectionResetError(errno.ECONNRESET, "reset")
    for body in (NO_BODY, encode_body(b"x" * 1_000_000)):
        connection, _stream, deadline = opened(alert, write_error=(5, reset))
        connection.send_request(event("PUT", Content_Length=str(body.length)), body, deadline)
        with pytest.raises(exceptions.SSLError, match="certificate required") as caught:
            connection.read_head(deadline)
        assert caught.value.__cause__ is alert


@pytest.mark.safety("2e2", "M8")
@pytest.mark.parametrize(("total", "ends_at"), [(None, 1.0), (0.5, 0.5), (30, 1.0)])
def test_after_a_failed_write_a_dripping_answer_has_one_short_time(total, ends_at):
    drip = [step for byte in OK for step in (bytes([byte]), Pause(0.2))]
    error = BrokenPipeError(errno.EPIPE, "pipe")
    timeout = Timeout(total=total)
    connection, _stream, deadline = opened(*drip, timeout=timeout, write_error=(5, error))
    connection.send_request(event(), NO_BODY, deadline)
    with pytest.raises(exceptions.ConnectionError) as caught:
        connection.read_head(deadline)
    assert caught.value.__cause__ is error
    assert deadline.clock() == pytest.approx(ends_at)


@pytest.mark.safety("M6", "2e1")
def test_a_final_answer_stops_the_upload():
    answer = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"
    connection, stream, deadline = opened(Unsolicited(answer, after=3000), stalls_after=3000)
    sent = []

    def pieces():
        for number in range(100):
            sent.append(number)
            yield b"x" * 1000

    connection.send_request(chunked(), encode_body(pieces()), deadline)
    head = connection.read_head(deadline)
    assert head.status_code == 403
    assert len(sent) < 10
    assert not connection.end_exchange(head)
    assert stream.closed


@pytest.mark.safety("M6")
def test_an_answer_to_the_last_piece_does_not_make_a_half_sent_body_complete():
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    connection, stream, deadline = opened(Unsolicited(answer, after=100), stalls_after=100)
    content = b"x" * (JOIN_SIZE + 1)
    connection.send_request(
        event("POST", Content_Length=str(len(content))), encode_body(content), deadline
    )
    head = connection.read_head(deadline)
    assert stream.bytes_written == 100
    assert type(connection.protocol.next_event()) is h11.EndOfMessage
    assert not connection.end_exchange(head)
    assert stream.closed


@pytest.mark.safety("M6", "2e1", "2c3")
def test_an_answer_to_the_last_chunk_does_not_make_a_half_sent_body_complete():
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    head = b"POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n"
    sent = len(head + b"5\r\nhello\r\n") + 2  # and 0 CR of what ends it
    connection, stream, deadline = opened(Unsolicited(answer, after=sent), stalls_after=sent)
    connection.send_request(chunked(), encode_body(iter([b"hello"])), deadline)
    found = connection.read_head(deadline)
    assert stream.bytes_written == sent
    assert found.status_code == 200
    assert type(connection.protocol.next_event()) is h11.EndOfMessage
    assert not connection.end_exchange(found)
    assert stream.closed


def test_an_interim_answer_does_not_stop_the_upload():
    interim = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    connection, stream, deadline = opened(Unsolicited(interim, after=100), OK, stalls_after=100)
    connection.send_request(chunked(), encode_body(iter([b"x" * 1000] * 3)), deadline)
    assert stream.written.endswith(b"\r\n0\r\n\r\n")
    head = connection.read_head(deadline)
    assert head.status_code == 200
    assert [hint.status_code for hint in connection.informational] == [103]


def test_garbage_during_the_upload_is_a_protocol_error():
    connection, _stream, deadline = opened(Unsolicited(b"\x00", after=100), stalls_after=100)
    with pytest.raises(exceptions.RemoteProtocolError):
        connection.send_request(chunked(), encode_body(iter([b"x" * 1000])), deadline)


# --- heads -----------------------------------------------------------------------------------


def read_head(*steps, **options):
    connection, _stream, deadline = opened(*steps, **options)
    connection.send_request(event(), NO_BODY, deadline)
    return connection, connection.read_head(deadline)


def test_a_head_is_waited_for_with_the_read_limit():
    connection, stream, deadline = opened(OK, timeout=Timeout(read=7))
    connection.send_request(event(), NO_BODY, deadline)
    assert connection.read_head(deadline).status_code == 200
    assert stream.limits[1:] == [("read", Limit(7.0, "read"))]


@pytest.mark.parametrize("byte_by_byte", [False, True], ids=["whole", "byte by byte"])
def test_interim_responses_are_kept_apart_from_the_answer(byte_by_byte):
    steps = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + OK
    connection, head = read_head(steps, byte_by_byte=byte_by_byte)
    assert head.status_code == 200
    assert [interim.status_code for interim in connection.informational] == [100, 103]


@pytest.mark.safety("M9", "F13")
def test_endless_interim_responses_end_at_the_limit():
    hints = b"HTTP/1.1 103 Early Hints\r\n\r\n"
    connection, _stream, deadline = opened(hints * 32, hints, OK)
    connection.send_request(event(), NO_BODY, deadline)
    with pytest.raises(exceptions.RemoteProtocolError):
        connection.read_head(deadline)
    assert len(connection.informational) == 32


def test_as_many_interim_responses_as_the_limit_are_fine():
    _connection, head = read_head(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 32 + OK)
    assert head.status_code == 200


def test_switching_protocols_is_final():
    connection, _stream, deadline = opened(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\nother"
    )
    request = event(Connection="upgrade", Upgrade="x")
    connection.send_request(request, NO_BODY, deadline)
    head = connection.read_head(deadline)
    assert head.status_code == 101
    assert connection.informational is None
    assert connection.protocol.trailing_data == (b"other", False)


def test_switching_protocols_unasked_is_an_error():
    with pytest.raises(exceptions.RemoteProtocolError):
        read_head(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n")


WRONG_HEADS = [
    ("nothing at all", b"", exceptions.RemoteProtocolError),
    ("garbage", b"SSH-2.0-OpenSSH_9.6\r\n", exceptions.RemoteProtocolError),
    ("TLS", b"\x15\x03\x01\x00\x02\x02\x46", exceptions.RemoteProtocolError),
    ("HTTP/2", b"HTTP/2.0 200 OK\r\n\r\n", exceptions.RemoteProtocolError),
    ("no status", b"HTTP/1.1\r\n\r\n", exceptions.RemoteProtocolError),
    ("a blank line first", b"\r\n" + OK, exceptions.RemoteProtocolError),
    (
        "a header without a colon",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        exceptions.RemoteProtocolError,
    ),
    (
        "two lengths",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        exceptions.RemoteProtocolError,
    ),
    ("a request", GET_HEAD, exceptions.RemoteProtocolError),
]


@pytest.mark.safety("X23", "2a2", "F5")
@pytest.mark.parametrize("byte_by_byte", [False, True], ids=["whole", "byte by byte"])
@pytest.mark.parametrize(
    ("wire", "public"), [row[1:] for row in WRONG_HEADS], ids=[row[0] for row in WRONG_HEADS]
)
def test_what_is_no_response_is_a_protocol_error(wire, public, byte_by_byte):
    with pytest.raises(public) as caught:
        read_head(wire, b"", byte_by_byte=byte_by_byte)
    assert isinstance(caught.value.__cause__, h11.RemoteProtocolError)


@pytest.mark.safety("F20", "2a10")
@pytest.mark.parametrize("cut", range(len(OK)))
def test_a_head_cut_at_any_byte_is_a_protocol_error(cut):
    connection, _stream, deadline = opened(*([OK[:cut]] if cut else []), b"")
    connection.send_request(event(), NO_BODY, deadline)
    with pytest.raises(exceptions.RemoteProtocolError):
        connection.read_head(deadline)
    assert connection.peer_left
    assert connection.response_started == (cut > 0)


@pytest.mark.safety("2d4")
def test_a_close_before_any_byte_has_words_of_its_own():
    with pytest.raises(exceptions.RemoteProtocolError) as nothing:
        read_head(b"")
    with pytest.raises(exceptions.RemoteProtocolError) as half:
        read_head(b"HTTP/1.1 200", b"")
    assert str(nothing.value) != str(half.value)


def test_a_reset_before_the_head_is_a_connection_error():
    error = ConnectionResetError(errno.ECONNRESET, "reset")
    connection, _stream, deadline = opened(error)
    connection.send_request(event(), NO_BODY, deadline)
    with pytest.raises(exceptions.ConnectionError) as caught:
        connection.read_head(deadline)
    assert caught.value.__cause__ is error
    assert connection.peer_left


def test_a_head_that_does_not_come_is_a_read_timeout():
    connection, _stream, deadline = opened(Pause(100.0), timeout=Timeout(read=5))
    connection.send_request(event(), NO_BODY, deadline)
    with pytest.raises(exceptions.ReadTimeout) as caught:
        connection.read_head(deadline)
    assert caught.value.limit == "read"
    assert not isinstance(caught.value, exceptions.BodyReadTimeout)
    assert not connection.peer_left


@pytest.mark.safety("M8", "X4")
def test_a_dripping_head_ends_with_the_total_only():
    drip = [step for byte in OK for step in (Pause(0.5), bytes([byte]))]
    connection, _stream, deadline = opened(*drip, timeout=Timeout(read=1, total=10))
    connection.send_request(event(), NO_BODY, deadline)
    with pytest.raises(exceptions.ReadTimeout) as caught:
        connection.read_head(deadline)
    assert caught.value.limit == "total"
    assert deadline.clock.now == 10.0
    connection, head = read_head(*drip, timeout=Timeout(read=1))
    assert head.status_code == 200


@pytest.mark.safety("F12", "M26")
@pytest.mark.parametrize(
    ("limits", "wire"),
    [
        (Limits(head=1000), b"HTTP/1.1 200 OK\r\nX: " + b"x" * 1000 + b"\r\n\r\n"),
        (Limits(fields=10), b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 11 + b"\r\n"),
        (Limits(status_line=100), b"HTTP/1.1 200 " + b"x" * 100 + b"\r\n\r\n"),
    ],
    ids=["head", "fields", "status line"],
)
def test_the_sessions_limits_reach_the_parser(limits, wire):
    with pytest.raises(exceptions.RemoteProtocolError):
        read_head(wire, limits=limits)
    assert read_head(wire)[1].status_code == 200


# --- the end of an exchange ------------------------------------------------------------------


def after_exchange(*steps, request=None):
    connection, stream, deadline = opened(*steps)
    connection.send_request(request or event(), NO_BODY, deadline)
    head = connection.read_head(deadline)
    while connection.protocol.receive_body(1000) is not None:
        pass
    connection.protocol.next_event()
    return connection, stream, connection.end_exchange(head)


def test_a_complete_exchange_leaves_a_connection_ready_for_the_next():
    connection, stream, reusable = after_exchange(OK)
    assert reusable
    assert not stream.closed
    assert connection.protocol.our_state is h11.IDLE


NOT_REUSABLE = [
    (
        "the server closes",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        None,
    ),
    (
        "close among others",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: x, Close\r\n\r\n",
        None,
    ),
    (
        "close in a second line",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: x\r\nConnection: close\r\n\r\n",
        None,
    ),
    ("the client closes", OK, {"Connection": "close"}),
    ("HTTP/1.0", b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", None),
    (
        "HTTP/1.0 with keep-alive",
        b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n",
        None,
    ),
    (
        "both framings",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        None,
    ),
    ("a line end behind the response", OK + b"\r\n", None),
    ("a byte behind the response", OK + b"x", None),
    ("a second response glued behind", OK + OK, None),
    ("a body behind a 204", b"HTTP/1.1 204 No Content\r\n\r\nbody", None),
    ("a body behind a 304", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\n\r\nbody", None),
]


@pytest.mark.safety("M1", "M3", "F6", "F16", "2c1", "2c2", "2a3", "X5")
@pytest.mark.parametrize(
    ("wire", "fields"), [row[1:] for row in NOT_REUSABLE], ids=[row[0] for row in NOT_REUSABLE]
)
def test_every_other_end_closes_the_connection(wire, fields):
    request = event(**fields) if fields else None
    _connection, stream, reusable = after_exchange(wire, request=request)
    assert not reusable
    assert stream.closed


def test_a_body_behind_the_answer_to_head_closes_the_connection():
    wire = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody"
    _connection, stream, reusable = after_exchange(wire, request=event("HEAD"))
    assert not reusable
    assert stream.closed


KEEP_ALIVES = [
    ("plain", [b"timeout=5"], 5),
    ("with max", [b"timeout=5, max=100"], 5),
    ("max first", [b"max=100, timeout=7"], 7),
    ("upper case", [b"Timeout=5"], 5),
    ("two lines", [b"max=3", b"timeout=4"], 4),
    ("zero", [b"timeout=0"], 0),
    ("none", [], None),
    ("no number", [b"timeout=soon"], None),
    ("negative", [b"timeout=-5"], None),
    ("other digits", ["timeout=٣".encode()], None),
    ("far too long", [b"timeout=" + b"9" * 5000], None),
    ("empty", [b""], None),
]


@pytest.mark.safety("2c5")
@pytest.mark.parametrize(
    ("values", "seconds"), [row[1:] for row in KEEP_ALIVES], ids=[row[0] for row in KEEP_ALIVES]
)
def test_how_long_the_server_promises_to_keep_the_connection(values, seconds):
    lines = b"".join(b"Keep-Alive: " + value + b"\r\n" for value in values)
    wire = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n" + lines + b"\r\n"
    connection, _stream, reusable = after_exchange(wire)
    assert reusable
    assert connection.keep_alive == seconds


def test_requests_are_counted_and_bytes_of_each_told_apart():
    connection, _stream, deadline = opened(OK, OK)
    for number in (1, 2):
        connection.send_request(event(), NO_BODY, deadline)
        assert connection.served == number
        assert not connection.nothing_written
        assert not connection.response_started
        head = connection.read_head(deadline)
        assert connection.response_started
        assert connection.protocol.receive_body(10) is None
        connection.protocol.next_event()
        assert connection.end_exchange(head)


def test_a_connection_shows_where_it_leads_and_what_it_does():
    connection, _stream, deadline = opened(OK)
    assert repr(connection) == "<Connection http://a.test:80 requests=0 IDLE/IDLE>"
    connection.send_request(event(), NO_BODY, deadline)
    assert repr(connection) == "<Connection http://a.test:80 requests=1 DONE/SEND_RESPONSE>"


@pytest.mark.safety("2e3")
def test_closing_twice_is_fine():
    connection, stream, _deadline = opened()
    connection.close("first")
    connection.close("second")
    assert isinstance(connection, Connection)
    assert stream.closed


@pytest.mark.safety("L5", "2d4")
def test_an_interrupted_wait_for_the_head_is_not_the_peers_leaving():
    connection, stream, deadline = opened()
    connection.send_request(event("GET"), NO_BODY, deadline)
    stream.interrupt()
    with pytest.raises(exceptions.ConnectionError):
        connection.read_head(deadline)
    assert not connection.peer_left
