"""The bytes that benchmarks send and receive: varied, so that nothing profits from repetition."""

from __future__ import annotations

import zlib

VARIANTS = 251  # heads that differ in several values: a cache of whole heads would not help
PIECE = 64 * 1024  # what one recv of a busy connection returns
TINY, LARGE = 64, 64 * 1024  # chunk sizes


def json_body(number: int) -> bytes:
    """A JSON answer of exactly 64 bytes."""
    return b'{"id": %9d, "name": "benchmark", "ok": true, "n": [1,2,3]}' % number


def response_head(number: int, framing: bytes) -> bytes:
    """A head of nine fields, as small JSON answers of common servers have them."""
    return (
        b"HTTP/1.1 200 OK\r\n"
        b"Server: loopback/1.0\r\n"
        b"Date: Tue, 04 Mar 2025 10:%02d:%02d GMT\r\n"
        b"Content-Type: application/json; charset=utf-8\r\n"
        b"%s\r\n"
        b"Connection: keep-alive\r\n"
        b'ETag: "%016x"\r\n'
        b"Cache-Control: private, max-age=%d\r\n"
        b"X-Request-Id: 6f1c%012d\r\n"
        b"Vary: Accept-Encoding\r\n"
        b"\r\n"
    ) % (number // 60 % 60, number % 60, framing, number * 2654435761, number, number)


def small_responses() -> list[bytes]:
    """Nine fields and a 64-byte body, in many variants."""
    return [
        response_head(number, b"Content-Length: 64") + json_body(number)
        for number in range(VARIANTS)
    ]


def response_fields(number: int) -> list[tuple[bytes, bytes]]:
    """The nine fields of a small response as a server program would list them."""
    head = response_head(number, b"Content-Length: 64")
    return fields_of(head)


def request_fields() -> list[tuple[bytes, bytes]]:
    """What a client with default settings sends."""
    return [
        (b"Host", b"127.0.0.1:8080"),
        (b"User-Agent", b"benchmark/1.0"),
        (b"Accept-Encoding", b"gzip, deflate"),
        (b"Accept", b"*/*"),
        (b"Connection", b"keep-alive"),
    ]


def small_requests() -> list[bytes]:
    """GET requests with changing targets and values, as a server receives them."""
    return [
        b"GET /items/%d?page=%d HTTP/1.1\r\n" % (number, number % 7)
        + b"".join(b"%s: %s\r\n" % field for field in request_fields())
        + b"X-Request-Id: 6f1c%012d\r\n\r\n" % number
        for number in range(VARIANTS)
    ]


def fields_of(head: bytes) -> list[tuple[bytes, bytes]]:
    fields = []
    for line in head.split(b"\r\n")[1:-2]:
        name, _, value = line.partition(b": ")
        fields.append((name, value))
    return fields


def chunked_response(chunk: int, total: int) -> bytes:
    """A whole chunked answer of `total` body bytes."""
    data = payload(chunk)
    one = b"%x\r\n%s\r\n" % (chunk, data)
    count, rest = divmod(total, chunk)
    last = b"%x\r\n%s\r\n" % (rest, data[:rest]) if rest else b""
    head = response_head(chunk, b"Transfer-Encoding: chunked")
    return head + one * count + last + b"0\r\n\r\n"


def length_response(total: int) -> bytes:
    """A whole answer of `total` body bytes with a Content-Length."""
    return response_head(total, b"Content-Length: %d" % total) + payload(total)


def gzip_response(total: int) -> bytes:
    """A compressed answer of `total` bytes after decoding, on the wire about a quarter of that."""
    packer = zlib.compressobj(6, zlib.DEFLATED, 31)
    body = packer.compress(log_lines(total)) + packer.flush()
    framing = b"Content-Encoding: gzip\r\nContent-Length: %d" % len(body)
    return response_head(total, framing) + body


def log_lines(size: int) -> bytes:
    """Text that compresses as programs' output does: words repeat, numbers do not."""
    lines = [
        b'%d GET /items/%d "agent-%d" 200 %d us\n'
        % (number, number * 2654435761 % 1000003, number * 40503 % 977, number * 69069 % 100000)
        for number in range(size // 30)
    ]
    return b"".join(lines)[:size]


def many_fields_response(count: int) -> bytes:
    """A small answer whose head has so many fields, their names all different."""
    added = b"".join(
        b"X-Field-%d: value number %d\r\n" % (number, number) for number in range(count - 9)
    )
    return response_head(count, added + b"Content-Length: 64") + json_body(count)


def answer_to(target: bytes) -> bytes:
    """What the loopback server answers to the targets whose numbers say what is asked for."""
    kind, *numbers = target.strip(b"/").split(b"/")
    if kind == b"chunks":
        return chunked_response(int(numbers[0]), int(numbers[1]))
    answers = {b"length": length_response, b"gzip": gzip_response, b"fields": many_fields_response}
    return answers[kind](int(numbers[0]))


def payload(size: int) -> bytes:
    """Bytes that never look like framing."""
    pattern = bytes(range(32, 127))
    return (pattern * (size // len(pattern) + 1))[:size]


def pieces(data: bytes) -> list[bytes]:
    """Cut as recv would return it."""
    return [data[start : start + PIECE] for start in range(0, len(data), PIECE)]
