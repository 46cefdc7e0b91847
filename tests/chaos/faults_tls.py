"""The faults of TLS (X15): handshakes that break off in every flight, certificates, ends, alerts."""

from __future__ import annotations

from random import Random

from tests.chaos.cases import (
    BROKEN,
    BROKEN_TLS,
    CONNECT_LATE,
    HANDSHAKE,
    INCOMPLETE,
    PROXY,
    Case,
    fault,
)
from tests.chaos.faults import EXPECT_BODY, SOCKET

# Each is wrong in one way (authority.py).
CERTIFICATES = [
    *("wrong host", "other authority", "expired", "not yet valid", "common name only"),
    *("another address", "a deeper wildcard", "self-signed"),
]


@fault("X15", 2)
def handshake_that_fails(case: Case, rng: Random) -> None:
    case.choose(["tls", "tunnel"], reused=0)
    name, steps = rng.choice(
        [
            ("end at once", [("fin",)]),
            ("reset at once", [("rst",)]),
            ("end behind the first flight", [("hear",), ("fin",)]),
            ("reset behind the first flight", [("hear",), ("rst",)]),
            ("garbage", [("hear",), ("send", b"\x16\x03\x03\x00\x10" + b"\0" * 16), ("fin",)]),
            ("plain text", [("hear",), ("send", b"HTTP/1.1 400 Bad Request\r\n\r\n"), ("fin",)]),
            ("alert", [("hear",), ("send", b"\x15\x03\x03\x00\x02\x02\x28"), ("fin",)]),
        ]
    )
    case.name += f": {name}"
    _instead_of_tls(case, steps)
    case.most = 0
    case.must_fail(HANDSHAKE | (PROXY if case.way == "tunnel" else frozenset()))


def _instead_of_tls(case: Case, steps: list[tuple]) -> None:
    if case.way == "tunnel":
        case.connect = [[("send", b"HTTP/1.1 200 OK\r\n\r\n"), *steps]]
    else:
        case.at_dial = [steps]


@fault("X15")
def handshake_that_stalls(case: Case, rng: Random) -> None:
    case.choose(["tls", "tunnel"], reused=0)
    _instead_of_tls(case, [("stall",)])
    case.timeout = {rng.choice(["connect", "total"]): 0.1 if case.medium == "socket" else 5.0}
    [case.limit] = case.timeout
    case.most = 0
    case.must_fail(CONNECT_LATE)


@fault("X15")
def certificate_of_somebody_else(case: Case, rng: Random) -> None:
    case.choose(["tls", "tunnel"], reused=0)
    case.certificate = rng.choice(CERTIFICATES)
    case.name += f": {case.certificate}"
    case.most = 0
    case.must_fail(frozenset(["SSLError"]))


@fault("X15", 2)
def end_without_close_notify(case: Case, rng: Random) -> None:
    case.choose(["tls", "tunnel"])
    end = rng.choice(["cut", "fin"])
    case.name += f" ({end})"
    wire = case.answer("end")
    case.scripts = [[EXPECT_BODY, ("send", wire.data), (end,)]]
    if end == "cut" and case.method != "HEAD":
        case.must_fail(INCOMPLETE)


@fault("X15", 1, SOCKET)
def alert_within_a_body(case: Case, rng: Random) -> None:
    case.choose(["tls"])
    wire = case.answer("length", body=b"x" * 1000)
    case.method_kind = "GET" if case.method == "HEAD" else case.method_kind
    wire = case.answer("length", body=b"x" * 1000)
    what = rng.choice(
        [b"\x15\x03\x03\x00\x02\x02\x28", b"\x17\x03\x03\x00\x20" + b"\0" * 32, b"HTTP/1"]
    )
    case.scripts = [
        [EXPECT_BODY, ("send", wire.data[:-100]), ("raw", what), ("wait", 0.01), ("cut",)]
    ]
    case.must_fail(INCOMPLETE | {"SSLError"})


@fault("X15", 1, SOCKET)
def tls_on_the_plain_port(case: Case, rng: Random) -> None:
    case.choose(["plain"], reused=0)
    case.at_dial = [[("tls", "right")]]
    case.most = 0
    case.must_fail(BROKEN)


@fault("X15", 2, SOCKET)
def end_within_the_flight_of_the_server(case: Case, rng: Random) -> None:
    case.choose(["tls", "tunnel"], reused=0)
    end = rng.choice(["fin", "rst", "stall"])
    part = rng.choice([0.0, 0.02, 0.3, 0.7, 0.99])
    case.name += f": {end} at {part:.0%}"
    _instead_of_tls(case, [("tls_part", part), (end,)])
    case.most = 0
    case.must_fail(HANDSHAKE | (PROXY if case.way == "tunnel" else frozenset()))
    if end == "stall":
        case.timeout, case.limit = {"connect": 0.1}, "connect"
        case.must_fail(CONNECT_LATE)


@fault("X15")
def end_behind_the_handshake(case: Case, rng: Random) -> None:
    case.choose(["tls"], reused=0)
    end = rng.choice(["fin", "cut", "rst"])
    case.name += f": {end}"
    case.at_dial = [[("tls", "right"), (end,)]]
    case.most = 0
    case.must_fail(BROKEN_TLS)
