"""What an exchange costs grows with nothing but what is in it: ten times as much of anything costs
at most a tenth more of each, and what lies idle costs nothing.

Counted in operations of the interpreter, so that a busy machine changes nothing.
"""

from __future__ import annotations

import gzip
import itertools
from collections.abc import Callable
from typing import Any

import pytest

import h11client
from h11client._messages.decoders import build_decoder
from h11client._messages.escapes import encode_form
from h11client._messages.event_stream import EventParser
from h11client._messages.multipart import encode_multipart
from h11client._transport.pool import Pool
from h11client.testing import ScriptedNetwork
from tests.client.bodies import FakeBody
from tests.fuzz.operations import operations

URL = "http://a.test/"
HELLO = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
GROWTH = 10
ASKED = 1.1  # of the cost of each, when there are ten times as many

NUMBERS = itertools.count()  # of URLs that nobody has seen before: those that were seen cost less

Work = Callable[[], object]


def session_of(*dials: list[bytes], **options: Any) -> h11client.Session:
    limits = h11client.Limits(max_connections=1000, max_idle=1000)
    network = ScriptedNetwork(*dials)
    pool = Pool(limits, network=network, clock=network.clock)
    return h11client.Session(transport=pool, **options)


def warm(*answers: bytes, **options: Any) -> h11client.Session:
    """A session with a connection, whose first request is over."""
    session = session_of([HELLO, *answers], **options)
    assert session.get(URL).content == b"hello"
    return session


def requests(number: int) -> Work:
    session = warm(*[HELLO] * number)
    urls = [f"{URL}{next(NUMBERS)}" for _ in range(number)]
    return lambda: [session.get(url).content for url in urls]


def response_fields(number: int) -> Work:
    head = b"".join(b"X-Field-%d: value %d\r\n" % (turn, turn) for turn in range(number))
    session = warm(HELLO.replace(b"Content", head + b"Content"))
    return lambda: len(session.get(URL).headers) == number + 1


def request_fields(number: int) -> Work:
    session = warm(HELLO)
    headers = {f"X-Field-{turn}": f"value {turn}" for turn in range(number)}
    return lambda: session.get(URL, headers=headers)


def params(number: int) -> Work:
    session = warm(HELLO)
    return lambda: session.get(URL, params={f"é{turn}": f"& {turn}" for turn in range(number)})


def form_fields(number: int) -> Work:
    session = warm(HELLO)
    return lambda: session.post(URL, data={f"é{turn}": f"& {turn}" for turn in range(number)})


def cookies(number: int) -> Work:
    """Set by the server in one response and sent with the next request."""
    lines = b"".join(b"Set-Cookie: name%d=value; Path=/\r\n" % turn for turn in range(number))
    session = warm(HELLO.replace(b"Content", lines + b"Content"), HELLO)
    return lambda: [session.get(URL), session.get(URL)]


def body_in_reads(number: int) -> Work:
    head = HELLO.partition(b"\r\n\r\n")[0].replace(b": 5", b": %d" % (1000 * number))
    session = warm(head + b"\r\n\r\n", *[b"x" * 1000] * number)
    return lambda: session.get(URL).content


def chunks_in_reads(number: int) -> Work:
    session = warm(CHUNKED, *[b"5\r\nhello\r\n"] * number, b"0\r\n\r\n")

    def read() -> int:
        with session.get(URL, stream=True) as response:
            return sum(map(len, response.iter_content(5)))

    return read


def lines_of_a_body(number: int) -> Work:
    body = b"line\r\n" * number
    head = HELLO.partition(b"\r\n\r\n")[0].replace(b": 5", b": %d" % len(body))
    session = warm(head + b"\r\n\r\n", body)

    def read() -> int:
        with session.get(URL, stream=True) as response:
            return len(list(response.iter_lines()))

    return read


def redirects(number: int) -> Work:
    hop = b"HTTP/1.1 302 Found\r\nLocation: /%d\r\nContent-Length: 0\r\n\r\n"
    session = warm(*[hop % turn for turn in range(number)], HELLO, max_redirects=number)
    return lambda: len(session.get(URL).history) == number


def interim_responses(number: int) -> Work:
    interim = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    session = warm(interim * number + HELLO)
    return lambda: len(session.get(URL).informational) == number


def trailers(number: int) -> Work:
    fields = b"".join(b"X-Field-%d: value\r\n" % turn for turn in range(number))
    session = warm(CHUNKED + b"5\r\nhello\r\n0\r\n" + fields + b"\r\n")
    return lambda: session.get(URL).content


def generated_pieces(number: int) -> Work:
    session = warm(HELLO)
    return lambda: session.post(URL, data=(b"piece" for _ in range(number)))


# (id, n -> work, smaller n)
GROWING = [
    ("requests of a session", requests, 5),
    ("fields of a response", response_fields, 20),
    ("fields of a request", request_fields, 20),
    ("parameters", params, 10),
    ("fields of a form", form_fields, 10),
    ("cookies", cookies, 4),
    ("reads of a counted body", body_in_reads, 10),
    ("chunks", chunks_in_reads, 10),
    ("lines", lines_of_a_body, 10),
    ("redirects", redirects, 3),
    ("interim responses", interim_responses, 3),
    ("trailers", trailers, 10),
    ("pieces of a generator", generated_pieces, 10),
]


@pytest.mark.safety("F12", "F13")
@pytest.mark.parametrize(("make", "size"), [pytest.param(*row[1:], id=row[0]) for row in GROWING])
def test_ten_times_as_much_costs_no_more_of_each(make: Callable[[int], Work], size: int) -> None:
    operations(make(size))  # what the first of its kind imports and remembers is not counted
    small, large = (operations(make(count)) for count in (size, GROWTH * size))
    assert 0 < large <= ASKED * GROWTH * small, f"{small} operations became {large}"
    assert large > small, "the work does not depend on the size"


def beside_idle_connections(number: int) -> Work:
    """A GET while so many other connections to the same origin wait to be used."""
    dials = [[HELLO, HELLO] for _ in range(number + 1)]
    session = session_of(*dials)
    waiting = [session.get(URL, stream=True) for _ in range(number + 1)]
    assert [response.content for response in waiting] == [b"hello"] * (number + 1)
    return lambda: session.get(URL).content


def beside_idle_origins(number: int) -> Work:
    """A GET while connections to so many other origins wait to be used."""
    session = session_of(*[[HELLO, HELLO] for _ in range(number + 1)])
    for turn in range(number):
        assert session.get(f"http://{turn}.test/").content == b"hello"
    assert session.get(URL).content == b"hello"
    return lambda: session.get(URL).content


def after_requests(number: int) -> Work:
    """A GET of a session that has made so many before."""
    session = warm(*[HELLO] * (number + 2))
    for _ in range(number):
        session.get(f"{URL}{next(NUMBERS)}")
    session.get(URL)  # known again, if it was forgotten
    return lambda: session.get(URL).content


@pytest.mark.safety("L2")
@pytest.mark.parametrize("make", [beside_idle_connections, beside_idle_origins, after_requests])
def test_what_lies_idle_costs_a_request_nothing(make: Callable[[int], Work]) -> None:
    operations(make(2))
    few, many = (operations(make(count)) for count in (2, 200))
    assert 0 < many <= ASKED * few, f"{few} operations became {many}"


def members(number: int) -> Work:
    source = FakeBody(gzip.compress(b"", mtime=0) * number)
    return decoded(source)


def compressed_bytes(number: int) -> Work:
    """One byte at a time."""
    packed = gzip.compress(bytes(range(256)) * (number // 256 + 1), 0, mtime=0)[:number]
    return decoded(FakeBody(*[bytes([byte]) for byte in packed]))


def decoded(source: FakeBody) -> Work:
    decoder = build_decoder(source, ["gzip"])
    assert decoder is not None

    def work() -> None:
        try:
            while decoder.read(65536):
                pass
        except h11client.exceptions.ContentDecodingError:
            pass  # it is not whole

    return work


def events(number: int) -> Work:
    data = b"id: 1\ndata: hello\n\n" * number
    return lambda: list(EventParser().feed(data))


# (id, n -> work, n)
PARTS = [
    ("members of gzip", members, 100),
    ("bytes of gzip one by one", compressed_bytes, 500),
    ("names of a form", lambda n: lambda: encode_form([("é" * n, "&" * n)]), 100),
    ("fields of a form", lambda n: lambda: encode_form([("é", "&")] * n), 100),
    ("parts of a form with files", lambda n: lambda: encode_multipart([("a", ("b", b"c"))] * n), 20),
    ("boundary that the parts begin like", lambda n: lambda: encode_multipart([("a", b"\r\n--" * n)]), 100),
    ("events", events, 50),
]  # fmt: skip


@pytest.mark.safety("B3", "M17", "U1", "I7")
@pytest.mark.parametrize(("make", "size"), [pytest.param(*row[1:], id=row[0]) for row in PARTS])
def test_operations_of_bodies_and_forms_grow_with_them(
    make: Callable[[int], Work], size: int
) -> None:
    operations(make(size))
    small, large = (operations(make(count)) for count in (size, GROWTH * size))
    assert 0 < large <= ASKED * GROWTH * small, f"{small} operations became {large}"
