"""One small experiment for each row of docs/deviations.md, run on whichever h11 is installed.

Run as a program it prints the outcomes as JSON, so that the same experiments can be made in an
environment that holds another h11. It imports nothing but the standard library and h11.
"""

from __future__ import annotations

import array
import importlib
import json
import pickle
from collections.abc import Callable

import h11

PROBES: dict[str, Callable[[], object]] = {}

CRLF = b"\r\n"
HOST = ("Host", "a")
OK = b"HTTP/1.1 200 OK\r\n"
GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
CHUNKED_REQUEST = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"


def probe(function: Callable[[], object]) -> Callable[[], object]:
    PROBES[function.__name__.replace("_", "-")] = function
    return function


def outcome(function: Callable[[], object]) -> str:
    """What an experiment gave, or the kind of error that ended it."""
    try:
        result = function()
    except (h11.LocalProtocolError, h11.RemoteProtocolError) as error:
        return f"{type(error).__name__} {error.error_status_hint}"
    except Exception as error:
        return type(error).__name__
    return result if isinstance(result, str) else repr(result)


# -- tools
# --------------------------------------------------------------------------------------------------


def request(*fields: tuple[object, object], method: object = "POST") -> h11.Request:
    return h11.Request(method=method, target="/", headers=[HOST, *fields])  # type: ignore[arg-type]  # on purpose


def client_that_asked() -> h11.Connection:
    conn = h11.Connection(h11.CLIENT)
    conn.send(request(method="GET"))
    conn.send(h11.EndOfMessage())
    return conn


def served(wire: bytes) -> str:
    return heard(h11.Connection(h11.SERVER), wire)


def fetched(wire: bytes) -> str:
    return heard(client_that_asked(), wire)


def heard(conn: h11.Connection, wire: bytes) -> str:
    """The events of what a peer sent, as words, or the error in their place."""
    conn.receive_data(wire)
    words: list[str] = []
    try:
        while (event := conn.next_event()) not in (h11.NEED_DATA, h11.PAUSED):
            words.append(type(event).__name__)
    except h11.RemoteProtocolError as error:
        words.append(f"RemoteProtocolError {error.error_status_hint}")
    return " ".join(words)


def however_split(role: object, wire: bytes) -> str:
    """The verdict on a head when it comes at once, and when it comes byte by byte."""
    verdicts = []
    for step in (len(wire), 1):
        conn = h11.Connection(h11.SERVER) if role is h11.SERVER else client_that_asked()
        try:
            for start in range(0, len(wire), step):
                conn.receive_data(wire[start : start + step])
                event = conn.next_event()
            verdicts.append(type(event).__name__)
        except h11.RemoteProtocolError as error:
            verdicts.append(str(error.error_status_hint))
    return " / ".join(verdicts)


def padded(wire: bytes, size: int) -> bytes:
    """The head with so many bytes in place of its `%b` that it has the given size."""
    return wire % (b"a" * (size - len(wire) + 2))


def chunk(wire: bytes) -> str:
    """What becomes of a body in chunks; the Request in front is left out."""
    return served(CHUNKED_REQUEST + wire).removeprefix("Request ")


def answered(asked: bytes, *fields: tuple[str, str]) -> bytes:
    conn = h11.Connection(h11.SERVER)
    conn.receive_data(asked)
    while type(conn.next_event()) is not h11.EndOfMessage:
        pass
    return bytes(conn.send(h11.Response(status_code=200, headers=list(fields))) or b"")


def written(*fields: tuple[str, str]) -> bytes:
    return bytes(h11.Connection(h11.CLIENT).send(request(*fields, method="GET")) or b"")


# -- where 0.10.0's documentation says something else, and 0.16 and ours agree
# --------------------------------------------------------------------------------------------------


@probe
def casing_on_the_wire() -> object:
    return written(("X-ToKen", "1"))


@probe
def headers_are_a_sequence() -> object:
    headers = request().headers
    return (type(headers).__name__, headers == [(b"host", b"a")], headers.raw_items())


@probe
def events_cannot_be_changed() -> object:
    event = request()
    try:
        event.method = b"PUT"  # type: ignore[misc]  # on purpose
    except AttributeError:
        return "AttributeError"
    return event.method


@probe
def base_class_of_events() -> object:
    return isinstance(request(), h11.Event)


@probe
def status_up_to_999() -> object:
    return h11.Response(status_code=999, headers=[]).status_code


@probe
def equal_lengths_merge() -> object:
    return list(request(("Content-Length", "3"), ("Content-Length", "3")).headers)[1:]


@probe
def length_of_21_digits() -> object:
    return request(("Content-Length", "0" * 20 + "3"))


@probe
def garbage_fails_at_once() -> object:
    return served(b"\x16\x03\x01")


@probe
def method_is_a_token() -> object:
    return request(method="G T")


@probe
def chunk_must_end_in_crlf() -> object:
    return chunk(b"3\r\nabcXX0\r\n\r\n")


@probe
def lf_ends_a_line_of_a_head() -> object:
    return served(b"GET / HTTP/1.1\nHost: a\n\n")


@probe
def lf_in_a_chunk() -> object:
    return [chunk(b"3\nabc\r\n0\r\n\r\n"), chunk(b"3\r\nabc\n0\r\n\r\n")]


@probe
def blanks_behind_a_chunk_size() -> object:
    return chunk(b"3 \t\r\nabc\r\n0\r\n\r\n")


@probe
def blank_line_before_a_message() -> object:
    return [served(b"\r\n" + GET), fetched(b"\r\n" + OK + b"\r\n")]


@probe
def fold_behind_a_start_line() -> object:
    return served(b"GET / HTTP/1.1\r\n Host: a\r\n\r\n")


# -- where 0.16 and ours differ: reading
# --------------------------------------------------------------------------------------------------


@probe
def head_limit() -> object:
    request_head = b"GET / HTTP/1.1\r\nHost: a\r\nX: %b\r\n\r\n"
    response_head = OK + b"X: %b\r\n\r\n"
    return [
        however_split(h11.SERVER, padded(request_head, 16_384)),
        however_split(h11.SERVER, padded(request_head, 16_385)),
        however_split(h11.CLIENT, padded(response_head, 20_000)),
    ]


@probe
def field_limit() -> object:
    return however_split(h11.SERVER, GET[:-2] + b"X: a\r\n" * 512 + b"\r\n")


@probe
def status_line_limit() -> object:
    return however_split(h11.CLIENT, b"HTTP/1.1 200 " + b"a" * 8180 + b"\r\n\r\n")


@probe
def trailer_limit() -> object:
    return chunk(b"0\r\nT: " + b"a" * 40_000 + b"\r\n\r\n")


@probe
def chunk_line() -> object:
    return chunk(b"1;" + b"a" * 5000 + b"\r\nx\r\n0\r\n\r\n")


@probe
def chunk_overhead() -> object:
    return chunk((b"1;" + b"a" * 4000 + b"\r\nx\r\n") * 10)


@probe
def informational_limit() -> object:
    return fetched(b"HTTP/1.1 103 X\r\n\r\n" * 33).replace("InformationalResponse", "1xx")


@probe
def both_framings_request() -> object:
    return served(CHUNKED_REQUEST[:-2] + b"Content-Length: 3\r\n\r\n")


@probe
def both_framings_close() -> object:
    conn = client_that_asked()
    head = OK + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n"
    return f"{heard(conn, head + b'3' + CRLF + b'abc' + CRLF + b'0' + CRLF * 2)} {conn.our_state}"


@probe
def close_delimited() -> object:
    conn = client_that_asked()
    heard(conn, OK + b"\r\nabc")
    return conn.states


@probe
def line_ends_in_bodies() -> object:
    return [chunk(b"0\r\n\n"), chunk(b"0\r\nT: 1\n\r\n")]


@probe
def chunk_extension_characters() -> object:
    return [chunk(b"3;\0\r\nabc\r\n"), chunk(b"3;\r \r\nabc\r\n")]


@probe
def blank_before_extension() -> object:
    return chunk(b"3 ;x=y\r\nabc\r\n0\r\n\r\n")


@probe
def chunk_size_digits() -> object:
    return [chunk(b"00000000000000003\r\nabc\r\n"), chunk(b"8000000000000000\r\nabc")]


@probe
def content_length_2_63() -> object:
    return request(("Content-Length", "9223372036854775808")).headers[1][1]


@probe
def folded_framing_fields() -> object:
    return served(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\n chunked\r\n\r\n")


@probe
def folded_empty_line() -> object:
    conn = h11.Connection(h11.SERVER)
    conn.receive_data(b"GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n  \r\n b\r\n\r\n")
    event = conn.next_event()
    return event.headers[-1] if isinstance(event, h11.Request) else event


@probe
def major_version() -> object:
    reply = b"HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n"
    return [served(b"GET / HTTP/2.0\r\nHost: a\r\n\r\n"), fetched(reply)]


@probe
def eof_before_response() -> object:
    conn = client_that_asked()
    conn.receive_data(b"")
    try:
        conn.next_event()
    except h11.RemoteProtocolError as error:
        return str(error)
    return "no error"


@probe
def request_out_of_turn() -> object:
    conn = h11.Connection(h11.SERVER)
    conn.send_failed()
    conn.receive_data(GET)
    return conn.next_event()


@probe
def chunk_start() -> object:
    conn = h11.Connection(h11.SERVER)
    conn.receive_data(CHUNKED_REQUEST + b"3\r\n")
    events = [conn.next_event(), conn.next_event()]
    conn.receive_data(b"abc\r\n")
    events.append(conn.next_event())
    return [event.chunk_start for event in events if isinstance(event, h11.Data)]


@probe
def lone_cr_in_heads() -> object:
    return [served(b"GET / HTTP/1.1\rX"), served(GET[:-2] + b"X: a\rb")]


@probe
def error_excerpts() -> object:
    conn = h11.Connection(h11.SERVER)
    conn.receive_data(b"GET /" + b" " * 5000 + b"\r\n\r\n")
    try:
        conn.next_event()
    except h11.RemoteProtocolError as error:
        return "short" if len(str(error)) < 400 else "long"
    return "no error"


@probe
def data_is_bytes() -> object:
    conn = h11.Connection(h11.SERVER)
    conn.receive_data(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx")
    conn.next_event()
    data = conn.next_event()
    return type(data.data).__name__ if isinstance(data, h11.Data) else data


# -- where 0.16 and ours differ: making events and sending them
# --------------------------------------------------------------------------------------------------


@probe
def non_ascii_text() -> object:
    return request(("X", "é"))


@probe
def malformed_version() -> object:
    return h11.Request(method="GET", target="/", headers=[HOST], http_version="1").http_version


@probe
def reason_characters() -> object:
    return h11.Response(status_code=200, headers=[], reason="a\nb").reason


@probe
def host_in_versions_above_1_1() -> object:
    return h11.Request(method="GET", target="/", headers=[], http_version="1.2").http_version


@probe
def events_keyword_only() -> object:
    return h11.Data(b"x")  # type: ignore[misc]  # on purpose


@probe
def data_may_be_changed() -> object:
    data = h11.Data(data=b"x")
    data.data = b"y"
    return data.data


@probe
def events_final() -> object:
    return type("Mine", (h11.Request,), {}).__name__


@probe
def events_unhashable() -> object:
    return isinstance(hash(h11.ConnectionClosed()), int)


@probe
def events_copy() -> object:
    return bool(pickle.loads(pickle.dumps(request())) == request())


@probe
def headers_compare_with_anything() -> object:
    return request().headers == 5


@probe
def slices_of_headers() -> object:
    return request(("X", "1")).headers[1:]


@probe
def both_framings_on_send() -> object:
    event = request(("Content-Length", "3"), ("Transfer-Encoding", "chunked"))
    return h11.Connection(h11.CLIENT).send(event)


@probe
def framing_fields_without_body() -> object:
    both = [("Content-Length", "0"), ("Transfer-Encoding", "chunked")]

    def fields(kind: type, status: int) -> object:
        conn = h11.Connection(h11.SERVER)
        conn.receive_data(GET)
        conn.next_event(), conn.next_event()
        return conn.send(kind(status_code=status, headers=both)).count(CRLF) - 2

    events = ((h11.Response, 304), (h11.Response, 204), (h11.InformationalResponse, 103))
    return [
        outcome(lambda kind=kind, status=status: fields(kind, status)) for kind, status in events
    ]


@probe
def framing_fields_in_trailers() -> object:
    conn = h11.Connection(h11.CLIENT)
    conn.send(request(("Transfer-Encoding", "chunked")))
    return conn.send(h11.EndOfMessage(headers=[("Content-Length", "3")]))


@probe
def casing_of_transfer_encoding() -> object:
    return answered(GET, ("transfer-encoding", "chunked"))


@probe
def casing_and_place_of_connection() -> object:
    closing = GET[:-2] + b"Connection: close\r\n\r\n"
    return answered(closing, ("connection", "close"))


@probe
def wide_memoryviews() -> object:
    conn = h11.Connection(h11.CLIENT)
    conn.send(request(("Content-Length", "8")))
    conn.send(h11.Data(data=memoryview(array.array("I", [1, 2]))))
    conn.send(h11.EndOfMessage())
    return conn.our_state


@probe
def failed_send_is_an_error() -> object:
    conn = h11.Connection(h11.CLIENT)
    conn.send(request(("Transfer-Encoding", "chunked")))
    try:
        conn.send(h11.Data(data=["no bytes"]))  # type: ignore[arg-type,unused-ignore]  # on purpose
    except TypeError:
        pass
    return conn.our_state


# -- additions, and what is not there
# --------------------------------------------------------------------------------------------------


@probe
def parser_limits() -> object:
    return h11.ParserLimits(fields=10).fields  # type: ignore[attr-defined,unused-ignore]  # not in 0.16


@probe
def receive_body() -> object:
    conn = client_that_asked()
    conn.receive_data(OK + b"Content-Length: 3\r\n\r\nabc")
    conn.next_event()
    return [conn.receive_body(2), conn.receive_body(2), conn.receive_body(2)]  # type: ignore[attr-defined,unused-ignore]  # not in 0.16


@probe
def bytes_ahead() -> object:
    return [
        (conn.body_bytes_ahead, conn.framing_bytes_ahead, conn.chunk_size)  # type: ignore[attr-defined,unused-ignore]  # not in 0.16
        for conn in map(within_a_chunk, (b"3\r\na", b"3\r\nabc"))
    ]


@probe
def count_body() -> object:
    conn = within_a_chunk(b"3\r\na")
    conn.count_body(2)  # type: ignore[attr-defined,unused-ignore]  # not in 0.16
    return [conn.pass_framing(wire) for wire in (b"abc", b"\r\n3\r\n", b"\r\n3\r\n")]  # type: ignore[attr-defined,unused-ignore]  # not in 0.16


def within_a_chunk(begun: bytes) -> h11.Connection:
    conn = client_that_asked()
    conn.receive_data(OK + b"Transfer-Encoding: chunked\r\n\r\n")
    conn.next_event()
    conn.receive_data(begun)
    conn.next_event()
    return conn


@probe
def send_whole_message() -> object:
    conn = h11.Connection(h11.CLIENT)
    head = h11.Request(method="GET", target="/", headers=[("Host", "a")])
    return conn.send_whole_message(head)  # type: ignore[attr-defined,unused-ignore]  # not in 0.16


@probe
def headers_public() -> object:
    headers = h11.Headers([HOST])  # type: ignore[attr-defined,unused-ignore]  # not in 0.16
    return h11.Request(method="GET", target="/", headers=headers).headers is headers


@probe
def values_of() -> object:
    response = h11.Response(status_code=200, headers=[("Set-Cookie", "a"), ("set-cookie", "b")])
    return response.headers.values_of(b"set-cookie")


@probe
def names() -> object:
    request = h11.Request(method="GET", target="/", headers=[("Host", "a")])
    return sorted(request.headers.names)  # type: ignore[attr-defined,unused-ignore]  # not in 0.16


@probe
def public_names() -> object:
    later = {"Headers", "MIGHT_SWITCH_PROTOCOL", "PRODUCT_ID", "ParserLimits", "__version__"}
    return sorted(later & set(h11.__all__))


@probe
def state_table() -> object:
    return hasattr(importlib.import_module("h11._state"), "BY_EVENT")


@probe
def private_modules() -> object:
    return [can_import(f"h11.{name}") for name in ("_receivebuffer", "_util", "_abnf")]


def can_import(name: str) -> bool:
    try:
        importlib.import_module(name)
    except ImportError:
        return False
    return True


if __name__ == "__main__":
    print(json.dumps({name: outcome(function) for name, function in PROBES.items()}))
