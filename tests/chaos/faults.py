"""The faults of one connection: ends, stalls, drips, extra bytes, early answers (X1 to X11, X23).

Each function fills in a case; its name is the fault's. `@fault(class, weight, media)` registers it.
"""

from __future__ import annotations

from random import Random

from tests.chaos.cases import (
    BROKEN,
    BROKEN_TLS,
    EVIL,
    INCOMPLETE,
    LATE,
    LATE_BODY,
    MALFORMED,
    METHODS,
    NETWORK,
    WAYS,
    Case,
    Wire,
    fault,
)

ANY_BODY = [method for method in METHODS if method.startswith("P")]
MEMORY = ("memory",)
SOCKET = ("socket",)
EXPECT_BODY = ("expect", "body")


def _cut(case: Case, rng: Random) -> tuple[Wire, int]:
    """An answer and where it breaks off: in a part chosen first, so that short ones get their share."""
    wire = case.answer()
    if rng.random() < 0.1:
        return wire, 0
    index = rng.randrange(len(wire.marks))
    begins = wire.marks[index][1]
    ends = wire.marks[index + 1][1] if index + 1 < len(wire.marks) else len(wire.data)
    k = rng.randrange(begins, max(ends, begins + 1))
    case.name += f" in the {wire.part_at(k)}" if k else " before the head"
    return wire, k


@fault("X1")
def fin_at_every_byte(case: Case, rng: Random) -> None:
    case.choose(WAYS)
    wire, k = _cut(case, rng)
    end = rng.choice(["fin", "cut"]) if case.secure else "fin"
    case.scripts = [[EXPECT_BODY, ("send", wire.data[:k]), (end,)]]
    if not k:
        case.fails_before_an_answer()
    elif k < wire.head:
        case.must_fail(BROKEN_TLS if end == "cut" else BROKEN)
    elif wire.end is None and end == "fin":
        case.body = wire.data[wire.head : k]  # and no more was ever announced
    elif wire.end is None or k < wire.end:
        case.must_fail(INCOMPLETE)


@fault("X2")
def reset_at_every_byte(case: Case, rng: Random) -> None:
    case.choose(WAYS)
    wire, k = _cut(case, rng)
    case.scripts = [[EXPECT_BODY, ("send", wire.data[:k]), ("rst",)]]
    complete = wire.end is not None and k >= wire.end
    if not k:
        case.fails_before_an_answer()
    elif complete:
        case.may_fail(NETWORK)
    elif case.medium == "socket" and case.repeatable:
        case.most = 2  # a reset may overtake what was sent before it
        case.may_fail(NETWORK)
    else:
        case.must_fail(INCOMPLETE if k >= wire.head and case.medium == "memory" else NETWORK)
    if complete and case.repeatable and case.medium == "socket":
        case.most = 2


@fault("X3")
def stall_at_every_byte(case: Case, rng: Random) -> None:
    case.choose(WAYS)
    wire, k = _cut(case, rng)
    case.scripts = [[EXPECT_BODY, ("send", wire.data[:k]), ("stall",)]]
    case.limit = rng.choice(["read", "total"])
    case.timeout = {case.limit: 0.2 if case.medium == "socket" else 5.0}
    if wire.end is not None and k >= wire.end:
        case.limit = None  # nothing of the answer is missing
        case.scripts[0].pop()
        return
    early = (
        frozenset(["ConnectTimeout", "WriteTimeout"]) | LATE
        if case.medium == "socket"
        else frozenset()
    )
    case.must_fail((LATE_BODY if k >= wire.head else LATE) | early)  # a busy machine


@fault("X4")
def drip(case: Case, rng: Random) -> None:
    case.choose(WAYS)
    if case.framing == "end":
        case.framing = "chunked"
    wire = case.answer()
    begin = max(0, rng.choice([0, wire.head - 30, len(wire.data) - 40]))
    rest = wire.data[begin:]
    size = 1 + len(rest) // (200 if case.medium == "memory" else 50)
    gap = 0.5 if case.medium == "memory" else 0.002
    case.timeout = {"read": 2.0}
    case.scripts = [[EXPECT_BODY, ("send", wire.data[:begin]), ("drip", rest, size, gap)]]


@fault("X4")
def drip_beyond_the_deadline(case: Case, rng: Random) -> None:
    case.choose(WAYS)
    wire = case.answer()
    in_body = rng.random() < 0.5 and len(wire.data) - wire.head > 40
    begin = wire.head if in_body else 0
    memory = case.medium == "memory"
    case.timeout = {"read": 2.0, "total": 10.0 if memory else 0.15}
    gap = 0.5 if memory else 0.01
    case.limit = "total"
    if memory and wire.end is not None:
        # Not more than there is to drip.
        case.timeout["total"] = min(10.0, (len(wire.data) - begin - 2) * gap)
    case.scripts = [[EXPECT_BODY, ("send", wire.data[:begin]), ("drip", wire.data[begin:], 1, gap)]]
    if not memory or wire.end is None:
        case.scripts[0].append(("stall",))
    early = frozenset(["ConnectTimeout", "WriteTimeout"])  # a busy machine
    case.must_fail(LATE | LATE_BODY | (frozenset() if memory else early))


EXTRAS = {
    "CRLF": b"\r\n",
    "a byte": b"x",
    "half an answer": EVIL[:30],
    "an answer": EVIL,
    "408": b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
    "an interim": b"HTTP/1.1 100 Continue\r\n\r\n",
}
# What a request that is on its way already could not take for its answer.
NO_ANSWERS = ["CRLF", "a byte", "408"]


@fault("X5", 3)
def extra_bytes_behind(case: Case, rng: Random) -> None:
    case.choose(WAYS)
    case.framing = rng.choice(["length", "chunked"])
    what = rng.choice(list(EXTRAS))
    wire = case.answer().data
    case.name += f": {what}, same segment"
    case.scripts = [[EXPECT_BODY, ("send", wire + EXTRAS[what]), ("over",)]]
    case.follow = rng.choice([1, 2])


@fault("X5", 3)
def extra_bytes_later(case: Case, rng: Random) -> None:
    case.choose(WAYS)
    case.framing = rng.choice(["length", "chunked"])
    gap = rng.choice([0.001, 0.1]) if case.medium == "memory" else 0.001
    what = rng.choice(list(EXTRAS) if case.medium == "memory" else NO_ANSWERS)
    case.name += f": {what}, +{gap * 1000:g} ms"
    wire = case.answer().data
    case.scripts = [[EXPECT_BODY, ("send", wire), ("wait", gap), ("send", EXTRAS[what])]]
    case.scripts[0] += [("log", "sent"), ("over",)]
    case.follow = 1
    case.pause = gap + 0.001


@fault("X5")
def extra_bytes_as_the_next_request_is_written(case: Case, rng: Random) -> None:
    case.choose(WAYS, reused=1.0)
    what = rng.choice(["CRLF", "a byte", "408"])
    case.name += f": {what}"
    case.at_first_byte = [("send", EXTRAS[what]), ("fin",)]
    # On sockets the reset may overtake whatever it is.
    case.most = 2 if case.repeatable and (what == "408" or case.medium == "socket") else 1
    case.nonce_back = False  # the 408 may be taken for the answer, and rightly so
    if what == "408" and case.repeatable:
        case.nonce_back = True
    elif case.medium == "socket":
        # The kernel's reset may overtake it; or it came in time, and another connection was made.
        case.status, case.act, case.reading = 0, "either", "content"
        case.may_fail(BROKEN_TLS)
    elif what == "408":
        case.status = 408
        case.body = b""
        case.may_fail(NETWORK)
    elif case.most == 2:
        case.nonce_back = True
        case.may_fail(BROKEN_TLS)
    else:
        case.must_fail(BROKEN_TLS)


@fault("X5", 1, MEMORY)
def extra_bytes_before_the_next_request_is_written(case: Case, rng: Random) -> None:
    """Behind the look at the idle connection: the last thing before the first byte is another one."""
    case.choose(WAYS, reused=1.0)
    what = rng.choice([*EXTRAS, "the end"])
    case.name += f": {what}"
    case.at_checkout = EXTRAS.get(what, b"")
    if case.method_kind == "PUT one-shot":
        case.may_fail(BROKEN_TLS)  # nothing was written, but its body cannot begin again


@fault("X6")
def close_behind_an_answer(case: Case, rng: Random) -> None:
    case.choose(WAYS)
    case.framing = rng.choice(["length", "chunked"])
    gap = rng.random() * 0.005
    case.scripts = [[EXPECT_BODY, ("send", case.answer().data), ("wait", gap), ("fin",)]]
    case.follow = 1  # a GET: repeated when it meets the end


@fault("X7")
def close_on_the_second_request(case: Case, rng: Random) -> None:
    case.choose(WAYS, reused=1.0)
    where = rng.choice(["first byte", "head", "within the body", "body"])
    end = rng.choice(["fin", "rst"])
    case.name += f": {where}, {end}"
    if where == "first byte":
        case.at_first_byte = [(end,)]
    else:
        before = {"head": [], "within the body": [("expect", 3)], "body": [EXPECT_BODY]}[where]
        case.scripts = [[*before, (end,)]]
    case.fails_before_an_answer()


def _upload(case: Case, rng: Random) -> None:
    case.choose(WAYS, ANY_BODY)
    case.framing = "length"
    case.question_size = 600_000 if rng.random() < 0.4 else 60_000
    if case.medium == "socket":
        case.question_size = min(case.question_size, 300_000)


@fault("X8", 3)
def early_answer_and_the_rest_is_read(case: Case, rng: Random) -> None:
    _upload(case, rng)
    status = rng.choice([b"200 OK", b"413 Too Large", b"400 Bad"])
    case.status = int(status[:3])
    case.scripts = [[("send", case.answer(status=status).data), EXPECT_BODY]]


@fault("X8", 2, MEMORY)
@fault("X8", 1, SOCKET)
def early_answer_and_nothing_is_read(case: Case, rng: Random) -> None:
    _upload(case, rng)
    case.status = 413
    case.question_size = 8_000_000 if case.medium == "socket" else 600_000  # buffers hold less
    case.scripts = [[("send", case.answer(status=b"413 Too Large").data), ("deaf",)]]


@fault("X8", 3)
def early_answer_and_close(case: Case, rng: Random) -> None:
    _upload(case, rng)
    case.status = 413
    end = rng.choice(["fin", "rst"])
    wire = case.answer(status=b"413 Too Large", extra=b"Connection: close\r\n").data
    case.scripts = [[("send", wire), (end,)]]
    if end == "rst" or case.medium == "socket":
        case.may_fail(NETWORK)  # a reset, also the kernel's for unread bytes, may overtake it
        case.most = 2 if case.repeatable else 1
    if case.most == 2:
        case.status = 0  # one of the two


@fault("X8", 3)
def early_answer_then_garbage(case: Case, rng: Random) -> None:
    _upload(case, rng)
    case.scripts = [[("send", case.answer().data + b"garbage"), EXPECT_BODY, ("over",)]]
    case.follow = 1


@fault("X9")
def half_close(case: Case, rng: Random) -> None:
    case.choose(WAYS)
    when = rng.choice(["before", "during", "after"])
    case.name += f" {when}"
    if when == "before":
        case.reused = False
        case.way = "plain"
        case.at_dial = [[("half_close",)]]
        case.most = 1
        case.must_fail(BROKEN)
        if case.medium == "socket":
            case.at_dial.append(None)
    elif when == "during":
        case.scripts = [[("half_close",), EXPECT_BODY, ("stall",)]]
        case.fails_before_an_answer()
    else:
        wire = case.answer("chunked" if case.framing == "end" else None)
        case.scripts = [
            [EXPECT_BODY, ("send", wire.data), ("half_close",), ("log", "sent"), ("over",)]
        ]
        case.follow = 1
        case.pause = 0.001


INTERIM = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n%b\r\n"


@fault("X10")
def interim_responses(case: Case, rng: Random) -> None:
    case.choose(WAYS)
    number = rng.choice([0, 1, 31, 32, 33, 40])
    extra = rng.choice([b"", b"Content-Length: 3\r\n", b"Transfer-Encoding: chunked\r\n"])
    status = rng.choice([b"103 Early Hints", b"102 Processing", b"199 What", b"100 Continue"])
    case.name += f": {number}"
    interim = (INTERIM % extra).replace(b"103 Early Hints", status)
    case.scripts = [[EXPECT_BODY, ("send", interim * number + case.answer("length").data)]]
    if number > 32:
        case.must_fail(MALFORMED)


@fault("X10")
def interim_responses_for_ever(case: Case, rng: Random) -> None:
    case.choose(WAYS)
    case.scripts = [[EXPECT_BODY, ("flood", INTERIM % b"", None), ("over",)]]
    case.must_fail(MALFORMED)
    case.most_read = 256 * 1024


@fault("X10")
def unasked_for_switch(case: Case, rng: Random) -> None:
    case.choose(WAYS)
    upgrade = rng.choice([b"", b"Upgrade: x\r\nConnection: upgrade\r\n"])
    wire = b"HTTP/1.1 101 Switching Protocols\r\n%b\r\n" % upgrade
    case.scripts = [[EXPECT_BODY, ("send", wire + EVIL), ("over",)]]
    case.must_fail(MALFORMED)


@fault("X11", 2, MEMORY)
@fault("X11", 1, SOCKET)
def expectation(case: Case, rng: Random) -> None:
    case.choose(WAYS, ANY_BODY)
    case.framing = "length"
    case.question_size = 2000
    case.headers["Expect"] = "100-continue"
    what = rng.choice(["continue", "417", "final", "final and close"])
    if case.medium == "memory" or rng.random() < 0.1:  # on sockets it takes a second, really
        what = rng.choice([what, "silence", "late"])
    case.name += f": {what}"
    answer = case.answer().data
    go_on = b"HTTP/1.1 100 Continue\r\n\r\n"
    if what == "continue":
        case.scripts = [[("send", go_on), EXPECT_BODY, ("send", answer)]]
    elif what == "silence":
        case.scripts = [[EXPECT_BODY, ("send", answer)]]
    elif what == "late":
        case.scripts = [[("wait", 1.5), ("send", go_on), EXPECT_BODY, ("send", answer)]]
    elif what == "417":
        case.scripts = [[("send", case.answer(status=b"417 No", body=b"").data), ("over",)]]
        case.most = 2
    else:
        case.status = 403
        close = b"Connection: close\r\n" if what == "final and close" else b""
        wire = case.answer(status=b"403 No", extra=close)
        case.scripts = [[("send", wire.data), ("over",)]]


OTHERS = {
    "0.9": b"<html>hello</html>",
    "TLS": b"\x15\x03\x03\x00\x02\x02\x28",
    "HTTP/2": b"\x00\x00\x12\x04\x00\x00\x00\x00\x00",
    "HTTP/2 status": b"HTTP/2 200\r\ncontent-length: 0\r\n\r\n",
    "SSH": b"SSH-2.0-OpenSSH_9.6\r\n",
    "SMTP": b"220 mail.test ESMTP\r\n",
    "ICY": b"ICY 200 OK\r\n\r\n",
    "RTSP": b"RTSP/1.0 200 OK\r\n\r\n",
}


@fault("X23", 2)
def another_protocol(case: Case, rng: Random) -> None:
    case.choose(WAYS)
    what = rng.choice(list(OTHERS))
    case.name += f": {what}"
    case.scripts = [[EXPECT_BODY, ("send", OTHERS[what]), ("over",)]]
    case.must_fail(MALFORMED)


@fault("X23")
def http_1_0(case: Case, rng: Random) -> None:
    case.choose(WAYS)
    keep = rng.choice([b"", b"Connection: keep-alive\r\n"])
    framing = rng.choice(["length", "end"])
    wire = case.answer(framing, keep)
    data = wire.data.replace(b"HTTP/1.1", b"HTTP/1.0", 1)
    end = ("over",) if wire.end is not None else ("fin",)
    case.scripts = [[EXPECT_BODY, ("send", data), end]]  # never used again, whatever it says
    case.follow = 1
