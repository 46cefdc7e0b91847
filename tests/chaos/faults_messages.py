"""The faults of messages: framing, floods, content codings (X12 to X14)."""

from __future__ import annotations

import gzip
import zlib
from random import Random

from tests.chaos.cases import (
    BROKEN_TLS,
    INCOMPLETE,
    MALFORMED,
    WAYS,
    Case,
    cuts,
    fault,
)
from tests.chaos.faults import EXPECT_BODY
from tests.client.quine import make_quine
from tests.fuzz import reference, responses
from tests.fuzz.reference import Caps

GETS = ["GET", "GET", "POST", "PUT"]
DECODING = frozenset(["ContentDecodingError"])

# What stands behind the first line and X-Nonce, and what must come of it: a body, or None for an
# error. "close" after a body: the connection must not be used again. (RFC 9112; docs/deviations.md)
HEADS: list[tuple[str, bytes, bytes | None]] = [
    ("conflicting lengths", b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!", None),
    ("conflicting list", b"Content-Length: 5, 6\r\n\r\nhello!", None),
    ("equal lengths", b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", b"hello"),
    ("equal list", b"Content-Length: 5, 5\r\n\r\nhello", b"hello"),
    ("plus", b"Content-Length: +5\r\n\r\nhello", None),
    ("minus", b"Content-Length: -5\r\n\r\nhello", None),
    ("hexadecimal", b"Content-Length: 0x5\r\n\r\nhello", None),
    ("underscore", b"Content-Length: 1_0\r\n\r\nhellohello", None),
    ("blank inside", b"Content-Length: 1 2\r\n\r\nhellohellohe", None),
    ("empty", b"Content-Length:\r\n\r\nhello", None),
    ("not ASCII", b"Content-Length: \xb2\r\n\r\nhe", None),
    ("no-break space", b"Content-Length: \xa05\r\n\r\nhello", None),
    ("vertical tab", b"Content-Length: \x0b5\r\n\r\nhello", None),
    ("letters behind", b"Content-Length: 5a\r\n\r\nhello", None),
    ("above 2^63", b"Content-Length: 9223372036854775808\r\n\r\nhello", None),
    ("5000 digits", b"Content-Length: " + b"1" * 5000 + b"\r\n\r\nhello", None),
    ("leading zeros", b"Content-Length: 0005\r\n\r\nhello", b"hello"),
    ("blanks around", b"Content-Length: \t 5 \t\r\n\r\nhello", b"hello"),
    ("folded length", b"Content-Length:\r\n 5\r\n\r\nhello", None),
    ("folded coding", b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n", None),
    ("folded field", b"X-A: a\r\n b\r\nContent-Length: 5\r\n\r\nhello", b"hello"),
    (
        "both framings",
        b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        b"hello",
    ),
    ("xchunked", b"Transfer-Encoding: xchunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", None),
    ("identity", b"Transfer-Encoding: identity\r\n\r\nhello", None),
    ("gzip, chunked", b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", None),
    ("chunked twice", b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", None),
    (
        "two codings",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        None,
    ),
    ("comma first", b"Transfer-Encoding: ,chunked\r\n\r\n0\r\n\r\n", None),
    ("tab coding", b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n", None),
    ("CHUNKED", b"Transfer-Encoding: CHUNKED\r\n\r\n5\r\nhello\r\n0\r\n\r\n", b"hello"),
    ("blank before the colon", b"X-A : b\r\nContent-Length: 5\r\n\r\nhello", None),
    ("no colon", b"X-A\r\nContent-Length: 5\r\n\r\nhello", None),
    ("empty name", b": b\r\nContent-Length: 5\r\n\r\nhello", None),
    ("NUL", b"X-A: a\0b\r\nContent-Length: 5\r\n\r\nhello", None),
    ("bare CR", b"X-A: a\rb\r\nContent-Length: 5\r\n\r\nhello", None),
    ("CR at the end", b"X-A: a\r\r\nContent-Length: 5\r\n\r\nhello", None),
    ("blank in a name", b"X A: b\r\nContent-Length: 5\r\n\r\nhello", None),
    ("NUL in a name", b"X\0A: b\r\nContent-Length: 5\r\n\r\nhello", None),
    ("bare LF", b"X-A: b\nContent-Length: 5\n\nhello", b"hello"),
]
CHUNKS: list[tuple[str, bytes, bytes | None]] = [
    ("plain", b"5\r\nhello\r\n0\r\n\r\n", b"hello"),
    ("capitals", b"A\r\nhellohello\r\n000\r\n\r\n", b"hellohello"),
    ("extension", b'5;a="b"\r\nhello\r\n0;x\r\n\r\n', b"hello"),
    ("blanks behind", b"5 \t\r\nhello\r\n0\r\n\r\n", b"hello"),
    ("trailer", b"5\r\nhello\r\n0\r\nContent-Length: 9\r\n\r\n", b"hello"),
    ("wrong footer", b"5\r\nhelloXX0\r\n\r\n", None),
    ("footer of LF", b"5\r\nhello\n0\r\n\r\n", None),
    ("footer of CR", b"5\r\nhello\rX0\r\n\r\n", None),
    ("LF behind a size", b"5\nhello\r\n0\r\n\r\n", None),
    ("0x", b"0x5\r\nhello\r\n0\r\n\r\n", None),
    ("plus", b"+5\r\nhello\r\n0\r\n\r\n", None),
    ("minus", b"-5\r\nhello\r\n0\r\n\r\n", None),
    ("underscore", b"1_0\r\nhellohellohellox\r\n0\r\n\r\n", None),
    ("no size", b"\r\nhello\r\n0\r\n\r\n", None),
    ("leading blank", b" 5\r\nhello\r\n0\r\n\r\n", None),
    ("not a digit", b"5g\r\nhello\r\n0\r\n\r\n", None),
    ("17 digits", b"00000000000000005\r\nhello\r\n0\r\n\r\n", None),
    ("overflow", b"ffffffffffffffff\r\nhello\r\n0\r\n\r\n", None),
    ("CR in an extension", b"5;a\rb\r\nhello\r\n0\r\n\r\n", None),
    ("NUL in an extension", b"5;a\0b\r\nhello\r\n0\r\n\r\n", None),
    ("bare LF in the trailers", b"5\r\nhello\r\n0\r\nA: b\n\n\r\n\r\n", None),
    ("trailer without a colon", b"5\r\nhello\r\n0\r\nA\r\n\r\n", None),
    ("trailer with NUL", b"5\r\nhello\r\n0\r\nA: \0\r\n\r\n", None),
]
STATUS_LINES: list[tuple[str, bytes, bool]] = [
    ("no reason", b"HTTP/1.1 200\r\n", True),
    ("empty reason", b"HTTP/1.1 200 \r\n", True),
    ("1.2", b"HTTP/1.2 200 OK\r\n", True),
    ("2.0", b"HTTP/2.0 200 OK\r\n", False),
    ("lower case", b"http/1.1 200 OK\r\n", False),
    ("two spaces", b"HTTP/1.1  200 OK\r\n", False),
    ("99", b"HTTP/1.1 99 OK\r\n", False),
    ("000", b"HTTP/1.1 000 OK\r\n", False),
    ("2000", b"HTTP/1.1 2000 OK\r\n", False),
    ("+20", b"HTTP/1.1 +20 OK\r\n", False),
    ("blank line first", b"\r\nHTTP/1.1 200 OK\r\n", False),
    ("blank first", b" HTTP/1.1 200 OK\r\n", False),
    ("no version", b"HTTP/ 200 OK\r\n", False),
    ("HTTP/1.10", b"HTTP/1.10 200 OK\r\n", False),
    ("CR in the reason", b"HTTP/1.1 200 O\rK\r\n", False),
    ("NUL in the reason", b"HTTP/1.1 200 O\0K\r\n", False),
]


@fault("X12", 3)
def framing_of_heads(case: Case, rng: Random) -> None:
    case.choose(WAYS, GETS)
    name, rest, body = rng.choice(HEADS)
    case.name += f": {name}"
    wire = b"HTTP/1.1 200 OK\r\nX-Nonce: %b\r\n%b" % (case.nonce.encode(), rest)
    end = [] if body is not None and name != "both framings" else [("over",)]
    case.scripts = [[EXPECT_BODY, ("send", wire), *end]]
    case.body = body
    if body is None:
        case.must_fail(MALFORMED)


def _table() -> list[tuple[str, bytes, bytes | None]]:
    """The responses on which parsers are compared, with what the naive parser makes of each."""
    caps = Caps(head=128 * 1024)
    found = []
    for name, ask, _, wire in responses.rows():
        if ask == "GET":
            verdict = reference.read("GET", True, wire, caps)
            body = verdict["body"].encode("latin-1") if verdict["outcome"] == "complete" else None
            found.append((name, wire, body))
    return found


TABLE = _table()


@fault("X12", 4)
def response_of_the_table(case: Case, rng: Random) -> None:
    case.choose(WAYS, GETS)
    name, wire, body = rng.choice(TABLE)
    case.name += f": {name}"
    splits = cuts(wire, rng) if case.medium == "memory" else ()
    case.scripts = [[EXPECT_BODY, ("send", wire, splits), ("fin",)]]
    case.status, case.nonce_back, case.body = 0, False, body
    if not wire:
        case.fails_before_an_answer()
    elif body is None:
        case.must_fail(MALFORMED | INCOMPLETE | BROKEN_TLS)


@fault("X12", 3)
def framing_of_chunks(case: Case, rng: Random) -> None:
    case.choose(WAYS, GETS)
    name, rest, body = rng.choice(CHUNKS)
    case.name += f": {name}"
    head = b"HTTP/1.1 200 OK\r\nX-Nonce: %b\r\nTransfer-Encoding: chunked\r\n\r\n"
    wire = head % case.nonce.encode() + rest
    splits = cuts(wire, rng) if case.medium == "memory" else ()
    case.scripts = [
        [EXPECT_BODY, ("send", wire, splits), *([] if body is not None else [("over",)])]
    ]
    case.body = body
    case.nonce_back = False  # its trailers are not ours
    if body is None:
        case.must_fail(INCOMPLETE)


@fault("X12")
def framing_of_status_lines(case: Case, rng: Random) -> None:
    case.choose(WAYS, GETS)
    name, line, fine = rng.choice(STATUS_LINES)
    case.name += f": {name}"
    wire = line + case.answer("length").data.partition(b"\r\n")[2]
    case.scripts = [[EXPECT_BODY, ("send", wire), *([] if fine else [("over",)])]]
    if not fine:
        case.must_fail(MALFORMED)


@fault("X12")
def no_body_whatever_the_fields_say(case: Case, rng: Random) -> None:
    case.choose(WAYS)
    case.status = rng.choice([204, 304])
    framing = rng.choice([b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n", b""])
    wire = b"HTTP/1.1 %d X\r\nX-Nonce: %b\r\n%b\r\n" % (case.status, case.nonce.encode(), framing)
    case.scripts = [[EXPECT_BODY, ("send", wire)]]
    case.body = b""
    case.nonce_back = framing[:1] != b"T"


# name, what is repeated, the most that is allowed (of it), in the body
FLOODS: list[tuple[str, int]] = [
    ("fields", 512),
    ("head", 128 * 1024),
    ("line", 8 * 1024),
    ("trailers", 32 * 1024),
    ("chunk line", 4 * 1024),
    ("overhead", 16 * 1024),
]


@fault("X13", 3)
def flood_around_a_limit(case: Case, rng: Random) -> None:
    case.choose(WAYS, GETS)
    what, cap = rng.choice(FLOODS)
    over = rng.choice([-1, 0, 1, 5])
    case.name += f": {what} {over:+d}"
    case.body = b"hello"
    nonce = case.nonce.encode()
    start = b"HTTP/1.1 200 OK\r\nX-Nonce: %b\r\n" % nonce
    chunked = start + b"Transfer-Encoding: chunked\r\n\r\n"
    length = b"Content-Length: 5\r\n\r\n"
    errors = MALFORMED
    if what == "fields":
        wire = start + b"A: b\r\n" * (cap - 2 + over) + length + b"hello"
    elif what == "head":
        fill = cap - len(start) - len(length) - len(b"X: \r\n") + over
        wire = start + b"X: %b\r\n" % (b"x" * fill) + length + b"hello"
    elif what == "line":
        line = b"HTTP/1.1 200 "
        wire = line + b"x" * (cap - len(line) - 2 + over) + b"\r\n" + start.partition(b"\r\n")[2]
        wire += length + b"hello"
    elif what == "trailers":
        fill = cap - len(b"X: \r\n\r\n") + over
        wire = chunked + b"5\r\nhello\r\n0\r\nX: %b\r\n\r\n" % (b"x" * fill)
        errors = INCOMPLETE
    elif what == "chunk line":
        wire = chunked + b"5;%b\r\nhello\r\n0\r\n\r\n" % (b"x" * (cap - 4 + over))
        errors = INCOMPLETE
    else:
        # Each: 3 for the data and its end, and 20 that outweigh 16 + 2 by far.
        number = cap // 100 + (10 if over > 0 else -10)
        line = b"1;" + b"x" * 116
        wire = chunked + (line + b"\r\n?\r\n") * number + b"0\r\n\r\n"
        case.body = b"?" * number
        errors = INCOMPLETE
    if over > 1:
        case.must_fail(errors)
    elif over == 1:
        case.may_fail(errors)  # where exactly, other tests say
    # What is over is seen by its bytes: then they may be read, and the end of them too.
    case.scripts = [[EXPECT_BODY, ("send", wire), *([] if over < 5 else [("over",)])]]
    if what in ("overhead", "trailers", "chunk line"):
        case.nonce_back = False


@fault("X13", 3)
def flood_without_end(case: Case, rng: Random) -> None:
    case.choose(WAYS, GETS)
    start = b"HTTP/1.1 200 OK\r\nX-Nonce: %b\r\n" % case.nonce.encode()
    chunked = start + b"Transfer-Encoding: chunked\r\n\r\n"
    what = rng.choice(
        ["head", "line", "value", "extensions", "size", "trailers", "reason", "digits"]
    )
    first, again, errors = {
        "head": (start, b"A: b\r\n", MALFORMED),
        "line": (b"", b"x", MALFORMED),
        "value": (start + b"A: ", b"x" * 100, MALFORMED),
        "reason": (b"HTTP/1.1 200 ", b"x" * 10, MALFORMED),
        "digits": (start + b"Content-Length: ", b"1" * 50, MALFORMED),
        "extensions": (chunked, b"1;%b\r\n?\r\n" % (b"x" * 2000), INCOMPLETE),
        "size": (chunked, b"0" * 100, INCOMPLETE),
        "trailers": (chunked + b"0\r\n", b"A: b\r\n", INCOMPLETE),
    }[what]
    case.name += f": {what}"
    case.scripts = [[EXPECT_BODY, ("send", first), ("flood", again, None), ("over",)]]
    case.must_fail(errors)
    case.most_read = 512 * 1024  # of the largest limit four times


@fault("X13")
def honest_little_chunks(case: Case, rng: Random) -> None:
    case.choose(WAYS, GETS)
    number = rng.choice([1000, 5000])
    head = b"HTTP/1.1 200 OK\r\nX-Nonce: %b\r\nTransfer-Encoding: chunked\r\n\r\n"
    wire = head % case.nonce.encode()
    case.scripts = [
        [EXPECT_BODY, ("send", wire), ("flood", b"1\r\n?\r\n", number), ("send", b"0\r\n\r\n")]
    ]
    case.body = b"?" * number
    case.nonce_back = False


def _coded(case: Case, rng: Random, coding: bytes, data: bytes, framing: str = "length") -> None:
    wire = case.answer(framing, b"Content-Encoding: %b\r\n" % coding, body=data)
    end = [("fin",)] if wire.end is None else []
    case.scripts = [[EXPECT_BODY, ("send", wire.data), *end]]


def _gzip(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)


ENCODE = {b"gzip": _gzip, b"x-gzip": _gzip, b"deflate": zlib.compress}
try:
    import brotli

    ENCODE[b"br"] = brotli.compress
except ImportError:  # as far as there are libraries
    pass


@fault("X14", 2)
def coding_cut_at_every_byte(case: Case, rng: Random) -> None:
    case.choose(WAYS, GETS)
    plain = case.answer_body() * 3
    coding = rng.choice(list(ENCODE))
    whole = ENCODE[coding](plain)
    k = rng.randrange(1, len(whole))
    if rng.random() < 0.2:
        k = len(whole)
        case.body = plain
    else:
        case.must_fail(DECODING)
    _coded(case, rng, coding, whole[:k], rng.choice(["length", "chunked"]))


@fault("X14", 2)
def coding_in_disorder(case: Case, rng: Random) -> None:
    case.choose(WAYS, GETS)
    plain = case.answer_body() * 3
    good = gzip.compress(plain, mtime=0)
    what = rng.choice(
        [
            *("checksum", "behind", "members", "empty members", "label", "chain", "lines"),
            *("five", "quine", "length", "spoilt quine", "200 000 members"),
        ]
    )
    case.name += f": {what}"
    case.body = plain
    if what == "checksum":
        _coded(case, rng, b"gzip", good[:-8] + bytes([good[-8] ^ 1]) + good[-7:])
        case.must_fail(DECODING)
    elif what == "length":
        _coded(case, rng, b"gzip", good[:-1] + bytes([good[-1] ^ 1]))
        case.must_fail(DECODING)
    elif what == "200 000 members":
        _coded(case, rng, b"gzip", good + _gzip(b"") * 200_000)
    elif what.endswith("quine"):
        times = rng.randrange(1, 6)  # it is then what it was before
        data = QUINE if what == "quine" else QUINE[:-1] + b"\xff"
        _coded(case, rng, b"gzip" + b", gzip" * (times - 1), data)
        case.body = QUINE
        if what == "spoilt quine":
            case.must_fail(DECODING)
    elif what == "behind":
        _coded(case, rng, b"gzip", good + b"\0\0garbage")
    elif what == "members":
        _coded(case, rng, b"gzip", good * 3)
        case.body = plain * 3
    elif what == "empty members":
        _coded(case, rng, b"gzip", good + gzip.compress(b"", mtime=0) * 500)
    elif what == "label":
        _coded(case, rng, rng.choice([b"gzip", b"br", b"zstd"]), b"this is no such thing")
        case.must_fail(DECODING)
    elif what == "five":
        for _ in range(4):
            good = gzip.compress(good, mtime=0)
        _coded(case, rng, b"gzip" + b", gzip" * 4, good)
    else:
        again = b"gzip" + b", gzip" * 5
        if what == "lines":
            again = b"gzip" + b"\r\nContent-Encoding: gzip" * 5
        _coded(case, rng, again, good)
        case.must_fail(DECODING)


QUINE = make_quine()
BOMB = gzip.compress(b"\0" * 20_000_000, 9, mtime=0)


@fault("X14")
def bomb(case: Case, rng: Random) -> None:
    case.choose(WAYS, ["GET"])
    _coded(case, rng, b"gzip", BOMB)
    case.act = "read a little"
    case.body = b"\0" * 1024
    case.reading = "read"
