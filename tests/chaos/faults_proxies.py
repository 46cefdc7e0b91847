"""The faults of proxies (X16): refusals, odd and hostile answers to CONNECT, the one of another hop."""

from __future__ import annotations

from random import Random

from tests.chaos.cases import CONNECT_LATE, HANDSHAKE, PROXY, REDIRECTS, SECRET, Case, fault
from tests.chaos.faults import EXPECT_BODY


@fault("X16", 4)
def refused_tunnel(case: Case, rng: Random) -> None:
    case.choose(["tunnel"], reused=0)
    case.most = 0
    ok = b"HTTP/1.1 200 OK\r\n\r\n"
    name, steps, errors = rng.choice(
        [
            (
                "403",
                [("send", b"HTTP/1.1 403 No\r\nContent-Length: 4\r\n\r\nnope"), ("over",)],
                PROXY,
            ),
            (
                "407",
                [("send", b"HTTP/1.1 407 Who\r\nContent-Length: 3\r\n\r\nwho"), ("over",)],
                PROXY,
            ),
            ("502", [("send", b"HTTP/1.1 502 Bad\r\n\r\nbad"), ("fin",)], PROXY),
            (
                "endless refusal",
                [("send", b"HTTP/1.1 500 X\r\n\r\n"), ("flood", b"x", None)],
                PROXY,
            ),
            ("200, end", [("send", ok), ("fin",)], PROXY | HANDSHAKE),
            ("200 and bytes", [("send", ok + b"HTTP/1.1 200 OK\r\n\r\n"), ("over",)], PROXY),
            ("endless head", [("flood", b"HTTP/1.1 200 OK\r\nA: b\r\n", None)], PROXY),
            ("endless fields", [("send", ok[:-2]), ("flood", b"A: b\r\n", None)], PROXY),
            ("half a line", [("send", b"HTTP/1.1 2"), ("fin",)], PROXY),
            ("nothing", [("fin",)], PROXY),
            ("a reset", [("rst",)], PROXY),
            ("a part", [("send", ok[: rng.randrange(1, len(ok))]), ("fin",)], PROXY | HANDSHAKE),
            ("101", [("send", b"HTTP/1.1 101 Switching\r\n\r\n"), ("over",)], PROXY),
            ("garbage", [("send", b"SSH-2.0-x\r\n"), ("over",)], PROXY),
        ]
    )
    case.name += f": {name}"
    case.connect = [steps]
    case.must_fail(errors)


@fault("X16")
def tunnel_that_stalls(case: Case, rng: Random) -> None:
    case.choose(["tunnel"], reused=0)
    case.most = 0
    case.connect = [[("send", b"HTTP/1.1 200 OK\r\n"), ("stall",)]]
    case.timeout = {"connect": 0.1 if case.medium == "socket" else 5.0}
    case.limit = "connect"
    case.must_fail(CONNECT_LATE)


@fault("X16")
def odd_success(case: Case, rng: Random) -> None:
    """The fields of a 2xx to CONNECT mean nothing (RFC 9110 section 9.3.6)."""
    case.choose(["tunnel"], reused=0)
    fields = rng.choice(
        [b"Content-Length: 10\r\n", b"Transfer-Encoding: chunked\r\n", b"Connection: close\r\n"]
    )
    case.framing = "chunked"
    case.connect = [[("send", b"HTTP/1.1 204 Fine\r\n%b\r\n" % fields)]]
    case.scripts = [[EXPECT_BODY, ("send", case.answer().data)]]


@fault("X16")
def asked_for_ever_by_a_proxy(case: Case, rng: Random) -> None:
    case.choose(["proxy", "tunnel"], ["GET", "HEAD", "PUT"], reused=0)
    case.call["proxy credentials"] = SECRET
    refusal = b'HTTP/1.1 407 Who\r\nX-Nonce: %b\r\nProxy-Authenticate: Digest realm="a", nonce="b", qop="auth"\r\n'
    refusal = refusal % case.nonce.encode() + b"Content-Length: 0\r\n\r\n"
    if case.way == "tunnel":
        case.most = 0
        case.connect = [[("send", refusal), ("again",)]] * 10
        case.must_fail(PROXY)
    else:
        case.status, case.body, case.most = 407, b"", 3
        case.scripts = [[EXPECT_BODY, ("send", refusal)]] * 10


@fault("X16")
def forwarding_proxy_that_answers_itself(case: Case, rng: Random) -> None:
    case.choose(["proxy"])
    case.status = 502
    case.framing = rng.choice(["length", "chunked"])
    case.scripts = [[EXPECT_BODY, ("send", case.answer(status=b"502 Bad Gateway").data)]]


@fault("X16")
def another_proxy_on_the_next_hop(case: Case, rng: Random) -> None:
    """What the first one is told, the second must not be, nor either of the origins."""
    case.choose(["proxy", "tunnel"], ["GET", "HEAD", "POST"], reused=0)
    case.call["other proxy"] = True
    case.framing = "length"
    case.most = 2
    code = rng.choice(REDIRECTS)
    case.name += f": {code}"
    case.scripts = [[EXPECT_BODY, ("redirect", code, "other", b"")]]
