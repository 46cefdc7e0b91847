"""The faults around a connection: redirects, cookies, authentication, names, dials, the caller's own
code, partial I/O and failing system calls (X17 to X22, X24, X25)."""

from __future__ import annotations

import errno
import socket
from random import Random

from tests.chaos.cases import (
    CONNECT_LATE,
    MALFORMED,
    METHODS,
    NETWORK,
    PROXY,
    REDIRECTS,
    SECRET,
    WAYS,
    Case,
    cuts,
    fault,
)
from tests.chaos.faults import EXPECT_BODY, MEMORY, SOCKET

# --- X17: redirects ------------------------------------------------------------------------------


@fault("X17", 2)
def redirects_to_a_limit(case: Case, rng: Random) -> None:
    case.choose(WAYS, ["GET", "POST"])
    number = rng.choice([1, 1, 2, 3, 5, 30, 31])
    case.name += f": {number}"
    case.most = number + 1
    case.scripts = [
        [EXPECT_BODY, ("redirect", rng.choice(REDIRECTS), "same", b"")] for _ in range(number)
    ]
    case.framing = "length"
    if number > 30:
        case.most = 31
        case.must_fail(frozenset(["TooManyRedirects"]))


@fault("X17", 2)
def redirects_elsewhere_with_credentials(case: Case, rng: Random) -> None:
    case.choose(WAYS, ["GET"])
    case.headers = {
        "Authorization": f"Bearer {SECRET}",
        "Cookie": f"a={SECRET}",
        "X-Api-Key": SECRET,
    }
    if rng.random() < 0.3:
        case.headers = {}
        case.call["auth"] = ("user", SECRET)
    chain = rng.choice(
        [["other"], ["same", "other"], ["other", "same"], ["other", "other", "same"]]
    )
    case.name += f": {' '.join(chain)}"
    case.most = len(chain) + 1
    code = rng.choice(REDIRECTS)
    case.scripts = [[EXPECT_BODY, ("redirect", code, where, b"")] for where in chain]
    case.framing = "length"


LONG = 60_000  # bytes of a Location; the most that a URL may have is 65536


@fault("X17")
def long_location(case: Case, rng: Random) -> None:
    case.choose(WAYS, ["GET", "POST"])
    case.framing = "length"
    padding = rng.choice([LONG, LONG, 66_000])
    case.name += f": {padding}"
    case.scripts = [[EXPECT_BODY, ("redirect", rng.choice(REDIRECTS), "same", b"", b"", padding)]]
    case.most = 2
    if padding > LONG:
        case.most = 1
        case.must_fail(frozenset(["InvalidURL"]))


@fault("X17")
def redirects_to_another_scheme(case: Case, rng: Random) -> None:
    """From https to http, and on sockets back; there the ports differ, too."""
    case.choose(["tls"] if case.medium == "memory" else ["plain", "tls"], ["GET"], reused=0)
    case.headers = {"Authorization": f"Bearer {SECRET}", "X-Api-Key": SECRET}
    where = "plain" if case.way == "tls" else "tls"
    case.name += f": to {where}"
    case.scripts = [[EXPECT_BODY, ("redirect", rng.choice(REDIRECTS), where, b"")]]
    case.framing = "length"
    case.most = 2


BAD_LOCATIONS = [
    b"http://[::1", b"http://\xff\xfe/", b"http://", b"http://a b/", b"http://a:99999/", b"http://a:b/",
    b"ftp://a.test/", b"file:///etc/passwd", b"gopher://a/", b"javascript:x",
    b"http://1.2.3/", b"http://0x7f.1/", b"http://a%2fb/", b"http://a\\b@c/", b"//", b"https://",
    b"http:///path", b"http:path", b"http:/path", b"http://:80/", b"http://user@/", b"http://@/",
    b"http://a:-1/", b"http://a:0/", b"http://a:+80/", b"http://a:8 0/", b"http://a..b/", b"http://.a/",
    b"http://[::1]x/", b"http://[zz]/", b"http://]/", b"http://[]/", b"http://a[b]/", b"http://xn--a/",
    b"http://" + b"a" * 300 + b"/", b"mailto:a@b", b"data:,x", b"ws://a/", b"http://2130706433/",
]  # fmt: skip


@fault("X17")
def malformed_location(case: Case, rng: Random) -> None:
    case.choose(WAYS, ["GET", "POST"])
    where = rng.choice(BAD_LOCATIONS)
    case.name += f": {where!r}"
    wire = b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: %b\r\n\r\n" % where
    case.scripts = [[EXPECT_BODY, ("send", wire)]]
    case.must_fail(
        frozenset(["InvalidURL", "InvalidSchema", "MissingSchema", "RemoteProtocolError"])
    )


@fault("X17")
def redirect_with_a_body(case: Case, rng: Random) -> None:
    case.choose(WAYS, ["GET", "POST"])
    case.framing = "length"
    case.most = 2
    body = rng.choice(["little", "endless", "closes", "gzip bomb"])
    case.name += f": {body}"
    if body == "little":
        case.scripts = [[EXPECT_BODY, ("redirect", 302, "same", b"x" * 2000)]]
    elif body == "closes":
        case.scripts = [
            [EXPECT_BODY, ("redirect", 303, "same", b"x", b"Connection: close\r\n"), ("fin",)]
        ]
    elif body == "gzip bomb":
        coded = b"Content-Encoding: gzip\r\n"
        case.scripts = [[EXPECT_BODY, ("redirect", 301, "same", b"no gzip at all", coded)]]
    else:
        promised = b"Content-Length: 1000000000\r\n"
        case.scripts = [
            [EXPECT_BODY, ("redirect", 302, "same", None, promised), ("flood", b"x", None)]
        ]


@fault("X17")
def redirect_of_a_body_that_is_gone(case: Case, rng: Random) -> None:
    case.choose(WAYS, ["PUT one-shot"])
    case.scripts = [[EXPECT_BODY, ("redirect", rng.choice([307, 308]), "same", b"")]]
    case.must_fail(frozenset(["UnrewindableBodyError"]))


# --- X18, X19: cookies, authentication -------------------------------------------------------------

HOSTILE_COOKIES = [
    b"a=b; Domain=test", b"a=b; Domain=.", b"a=b; Domain=evil.test", b"a=b; Path=../x", b"=x",
    b"a=\x01b", b"a=b; Max-Age=" + b"9" * 400, b"a=b; Expires=Thu, 99 Foo 99999 99:99:99 GMT",
    b"a" * 5000 + b"=b", b"a=" + b"b" * 5000, b";" * 500, b"a=b; Domain=127.0.0.1", b"__Host-a=b",
    b"a=b; Domain=chaos.test; Path=/", b"__Secure-a=b", b'a="b; c"', b"a=\xff\xfe", b"\\" * 3000,
]  # fmt: skip


@fault("X18")
def cookies(case: Case, rng: Random) -> None:
    case.choose(WAYS, ["GET", "HEAD", "POST"])
    case.framing = rng.choice(["length", "chunked"])
    if rng.random() < 0.5:
        case.name += ": a bomb"
        given = [b"c%d=%b" % (n, b"x" * 1200) for n in range(90)]
    else:
        case.name += ": hostile attributes"
        given = rng.sample(HOSTILE_COOKIES, 6)
    lines = b"".join([b"Set-Cookie: %b\r\n" % value for value in given])
    case.scripts = [[EXPECT_BODY, ("send", case.answer(extra=lines).data)]]
    case.follow = 1
    case.act = "cookies"


CHALLENGES = [
    b'Digest realm="r", nonce="n", qop="auth", algorithm=MD5',
    b'Digest realm="r", nonce="n", qop="auth", stale=true',
    b'Digest realm="r", nonce="n", algorithm=WHAT',
    b'Digest realm="r"',
    b"Digest " + b"," * 60_000,
    b'Digest realm="' + b"\\" * 30_000,
    b'Basic realm="x", Digest realm="r", nonce="n"',
    b"",
]


@fault("X19")
def asked_for_ever(case: Case, rng: Random) -> None:
    case.choose(WAYS, ["GET", "HEAD", "PUT"])
    case.framing = "length"
    case.status, case.body = 401, b""
    challenge = rng.choice(CHALLENGES)
    case.name += f": {challenge[:30].decode()!r}"
    case.call["digest"] = ("user", SECRET)
    extra = b"WWW-Authenticate: %b\r\n" % challenge
    wire = case.answer(extra=extra, status=b"401 Who", body=b"").data
    case.scripts = [[EXPECT_BODY, ("send", wire)]] * 10
    case.most = 3


# --- X20, X21: names and dials -------------------------------------------------------------------


@fault("X20", 1, MEMORY)
def name_without_an_address(case: Case, rng: Random) -> None:
    case.choose(["plain", "tls"], reused=0)
    code = rng.choice([socket.EAI_NONAME, socket.EAI_AGAIN, socket.EAI_FAIL])
    case.at_dial = [socket.gaierror(code, "no such name")]
    case.most = 0
    case.must_fail(frozenset(["ConnectionError"]))


@fault("X20", 1, SOCKET)
def resolver_of_ones_own(case: Case, rng: Random) -> None:
    case.choose(["plain", "tls"], reused=0)
    case.call["names"] = what = rng.choice(
        ["fails", "slow", "many", "none", "six", "black hole", "black hole alone"]
    )
    if what.startswith("black hole"):
        case.way = "plain"
    case.name += f": {what}"
    if what in ("fails", "none"):
        case.most = 0
        case.must_fail(frozenset(["gaierror", "ValueError"]))
    elif what == "black hole alone":
        case.timeout = {rng.choice(["connect", "total"]): 0.1}
        [case.limit] = case.timeout
        case.most = 0
        case.must_fail(CONNECT_LATE)


@fault("X21", 1, MEMORY)
def dial_that_fails(case: Case, rng: Random) -> None:
    case.choose(WAYS, reused=0)
    code = rng.choice(
        [
            *(errno.ECONNREFUSED, errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.EADDRNOTAVAIL),
            *(errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ECONNRESET, errno.ETIMEDOUT),
        ]
    )
    case.name += f": {errno.errorcode[code]}"
    if code == errno.ETIMEDOUT:  # a black hole
        case.at_dial = [TimeoutError()]
        case.must_fail(CONNECT_LATE)
    else:
        case.at_dial = [OSError(code, "made to fail")]
        case.must_fail(PROXY if case.way in ("proxy", "tunnel") else frozenset(["ConnectionError"]))
    case.most = 0


@fault("X21", 1, SOCKET)
def backlog_that_is_full(case: Case, rng: Random) -> None:
    case.choose(["plain"], reused=0)
    case.call["names"] = "black hole alone"
    case.timeout = {"connect": 0.1}
    case.limit = "connect"
    case.most = 0
    case.must_fail(CONNECT_LATE)


@fault("X21", 2, SOCKET)
def port_that_nobody_listens_on(case: Case, rng: Random) -> None:
    case.choose(["plain", "tls"], reused=0)
    case.call["port"] = "closed"
    case.most = 0
    case.must_fail(frozenset(["ConnectionError"]))


# --- X22: the caller's own code ----------------------------------------------------------------------


@fault("X22", 3, MEMORY)
def interrupted_anywhere(case: Case, rng: Random) -> None:
    case.choose(WAYS)
    _answer_any(case, rng)
    case.act = "interrupt"
    case.fails = rng.randrange(1, 9), rng
    case.may_fail(frozenset(["KeyboardInterrupt"]))


def _answer_any(case: Case, rng: Random) -> None:
    wire = case.answer()
    end = [] if wire.end is not None else [("fin",)]
    case.scripts = [[EXPECT_BODY, ("send", wire.data, cuts(wire.data, rng)), *end]] * 2


@fault("X22", 2)
def body_that_raises(case: Case, rng: Random) -> None:
    case.choose(WAYS, ["PUT one-shot", "POST chunked"])
    case.question_size = 2000
    case.act, case.act_at = "body raises", rng.randrange(4)
    case.must_fail(frozenset(["Mine"]))


@fault("X22")
def hook_that_raises(case: Case, rng: Random) -> None:
    case.choose(WAYS)
    _answer_any(case, rng)
    case.act = "hook raises"
    case.must_fail(frozenset(["Mine"]))


@fault("X22", 2)
def answer_that_is_not_read(case: Case, rng: Random) -> None:
    case.choose(WAYS)
    case.act = rng.choice(["drops", "drops in a cycle", "closes early", "raises while reading"])
    case.name += f": {case.act}"
    wire = case.answer(case.framing, body=b"x" * rng.choice([0, 100, 100_000]))
    if case.framing == "end" and wire.end is None:
        case.scripts = [[EXPECT_BODY, ("send", wire.data), ("fin",)]]
    else:
        case.scripts = [[EXPECT_BODY, ("send", wire.data)]]
    case.body = b""  # nothing is looked at
    if case.act == "raises while reading":
        case.must_fail(frozenset(["Mine"]))


@fault("X22")
def session_that_is_closed(case: Case, rng: Random) -> None:
    case.choose(WAYS)
    _answer_any(case, rng)
    when = rng.choice(["", " before", " half read", " in a hook"])
    case.act = f"closes the session{when}"
    case.name += when


@fault("X22", 1, SOCKET)
def thread_that_ends(case: Case, rng: Random) -> None:
    """Who has asked is gone when the answer is read."""
    case.choose(WAYS)
    _answer_any(case, rng)
    case.act = "its thread ends"


LOCAL = {
    "header": {"X-A": "a\r\nb: c"},
    "NUL": {"X-A": "a\0b"},
    "name": {"X A": "b"},
    "host": {"Host": "a b"},
    "method": "GE T / HTTP/1.1\r\nA",
    "length": {"Content-Length": "abc"},
}


@fault("X22", 2)
def request_that_is_none(case: Case, rng: Random) -> None:
    case.choose(WAYS, ["GET", "POST"], reused=rng.choice([0.0, 1.0]))
    what = rng.choice(list(LOCAL))
    case.name += f": {what}"
    bad = LOCAL[what]
    case.local = True
    case.most = 0
    if isinstance(bad, dict):
        case.headers.update(bad)
    else:
        case.call["method"] = bad
    case.must_fail(frozenset(["InvalidHeader", "LocalProtocolError", "ValueError", "InvalidURL"]))


# --- X24, X25: partial I/O, failing system calls ------------------------------------------------------


@fault("X24")
def a_byte_at_a_time(case: Case, rng: Random) -> None:
    case.choose(WAYS, METHODS)
    case.tiny = True
    case.question_size = 200
    wire = case.answer(body=case.answer_body()[:300])
    case.body = case.answer_body()[:300]
    case.scripts = [
        [EXPECT_BODY, ("send", wire.data), *([] if wire.end is not None else [("fin",)])]
    ]


@fault("X25")
def system_call_that_fails(case: Case, rng: Random) -> None:
    case.choose(WAYS)
    _answer_any(case, rng)
    case.fails = rng.choice([1, 1, 2, 2, 3, 4, 5, 6, 8, 10]), rng
    case.most = 2 if case.repeatable else 1
    case.may_fail(NETWORK | MALFORMED)
