"""Fuzzing what the client reads: whole answers through a session, URLs, fields, files and codings."""

from __future__ import annotations

import gzip
import random
import zlib
from collections.abc import Callable
from typing import Any, NamedTuple

import h11client
from h11client import exceptions
from h11client._limits import Limits
from h11client._messages.decoders import build_decoder
from h11client._messages.links import parse_links
from h11client._messages.text import LineSplitter, TextDecoder, charset_of, decode_text
from h11client._messages.url import URL, join_url, parse_url
from h11client._policies.challenges import parse_challenges
from h11client._policies.netrc import MalformedFile, parse_netrc
from h11client._policies.retry_after import seconds_of
from h11client._policies.set_cookie import parse_cookie_date, parse_set_cookie
from h11client._transport.pool import Pool
from h11client.testing import ScriptedNetwork, Unsolicited
from tests.fuzz.mutation import USUAL, mutate
from tests.fuzz.receiving import cuts
from tests.fuzz.reference import read
from tests.fuzz.responses import rows

NOW = 1_700_000_000.0
SECOND = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecond"


class Case(NamedTuple):
    target: str  # a key of TARGETS
    data: bytes


class Pieces:
    """A body that arrives in pieces."""

    def __init__(self, pieces: list[bytes]) -> None:
        self.pieces = [piece for piece in pieces if piece]

    def read(self, max_bytes: int) -> bytes:
        if not self.pieces:
            return b""
        piece = self.pieces.pop(0)
        if len(piece) > max_bytes:
            self.pieces.insert(0, piece[max_bytes:])
        return piece[:max_bytes]


def answer(data: bytes, choice: random.Random) -> str:
    """A session makes of an answer what the reference does, and the next answer is the next one's."""
    expected = read("GET", True, data)
    left = expected["left"].encode("latin-1")
    steps: list[Any] = [*cuts(choice, data.removesuffix(left))]
    if left and steps and choice.random() < 0.5:
        steps[-1] += left
    elif left:
        steps.append(Unsolicited(left))
    network = ScriptedNetwork([*steps, Unsolicited(b"")], *[[SECOND]] * 4)
    pool = Pool(Limits(max_connections=1), network, network.clock)
    session = h11client.Session(transport=pool, timeout=5, retries=0, trust_env=False)
    got = None
    try:
        got = session.get("http://a.test/", allow_redirects=False)
        body = got.content
    except exceptions.RequestException as error:
        got, kind = None, type(error).__name__
        assert error.request is not None
    following = session.get("http://a.test/next")
    assert following.content == b"second", "bytes of another answer"
    session.close()
    counts = pool.counts()
    assert (counts.busy, counts.waiting) == (0, 0), "a slot is not given back"
    if special(expected):
        return "asked again"
    coded = any(name == "content-encoding" for name, _ in expected["fields"])
    if got is None:
        readable = expected["outcome"] == "complete" and not coded
        assert not readable, f"{kind}, but the reference reads {expected}"
        return kind
    assert expected["outcome"] == "complete", f"{got}, but: {expected['error']}"
    assert got.status_code == expected["head"][0]
    assert coded or body == expected["body"].encode("latin-1"), "another body"
    return f"{got.status_code // 100} {len(body) > 0}"


def special(expected: dict[str, Any]) -> bool:
    """Answers on which the client repeats, and what it repeats fails."""
    return bool(expected["head"]) and expected["head"][0] in (401, 407, 408, 421)


def url(data: bytes, choice: random.Random) -> str:
    return checked_url(lambda: parse_url(data if choice.random() < 0.5 else data.decode("latin-1")))


def location(data: bytes, choice: random.Random) -> str:
    base = parse_url("http://base.test/v1/x?q#f")
    return checked_url(lambda: join_url(base, data))


def checked_url(make: Callable[[], URL]) -> str:
    try:
        found = make()
    except (exceptions.InvalidURL, exceptions.InvalidSchema, exceptions.MissingSchema) as error:
        return f"{type(error).__name__} {str(error).partition(':')[0]}"
    again = parse_url(found.text)
    assert (again.text, again.target, again.host) == (found.text, found.target, found.host)
    assert not set(found.target) & set(b" \t\r\n\0#\x7f") and found.target.isascii()
    assert not set(found.host) & set("/@#?\\ \t\r\n\0")
    assert found.text.isascii()
    return f"{found.scheme} {'[' in found.text} {found.userinfo is not None} {b'?' in found.target}"


def text_of(data: bytes) -> str:
    return data.decode("latin-1")


def set_cookie(data: bytes, choice: random.Random) -> str:
    cookie = parse_set_cookie(text_of(data))
    if cookie is None:
        return "none"
    controls = {chr(code) for code in (*range(9), *range(10, 32), 127)}
    assert not set(cookie.name + cookie.value) & controls
    assert not set(cookie.name) & set(";=")
    return f"{bool(cookie.name)} {sorted(name for name in ('expires', 'max_age') if getattr(cookie, name, None) is not None)}"


def cookie_date(data: bytes, choice: random.Random) -> str:
    return str(parse_cookie_date(text_of(data)) is None)


def challenges(data: bytes, choice: random.Random) -> str:
    found = parse_challenges([text_of(piece) for piece in data.split(b"\n")])
    return " ".join(str(len(each.parameters)) for each in found[:2])


def links(data: bytes, choice: random.Random) -> str:
    return " ".join(str(len(each)) for each in list(parse_links(text_of(data)))[:2])


def retry_after(data: bytes, choice: random.Random) -> str:
    found = seconds_of(text_of(data), NOW)
    assert found is None or found >= 0
    return str(found is None)


def netrc(data: bytes, choice: random.Random) -> str:
    try:
        found = parse_netrc(text_of(data))
    except MalformedFile:
        return "malformed"
    return str(min(4, len(found)))


def text(data: bytes, choice: random.Random) -> str:
    """A body as text, and in lines, is the same however it arrives."""
    first, _, body = data.partition(b"\n")
    charset = charset_of(text_of(first))
    whole = decode_text(body, charset)
    decoder = TextDecoder(charset)
    pieces = cuts(choice, body)
    parted = [decoder.feed(piece) for piece in pieces] + [decoder.feed(b"", True)]
    if charset is not None or decode_text(body, "utf-8") == whole:
        assert "".join(parted) == whole, "text depends on the pieces"
    splitter = LineSplitter()
    lines = [line for piece in parted for line in splitter.feed(piece)] + splitter.finish()
    assert lines == "".join(parted).splitlines(), "lines depend on the pieces"
    cutter = LineSplitter(b"\r\n")
    lines_of_bytes = [line for piece in pieces for line in cutter.feed(piece)] + cutter.finish()
    assert b"\r\n".join(lines_of_bytes) in (body, body.removesuffix(b"\r\n"))
    return f"{charset} {len(lines) > 1}"


def coding(data: bytes, choice: random.Random) -> str:
    """P8: a decoded body does not depend on its pieces, nor on how much is asked for at a time."""
    name, _, body = data.partition(b"\n")
    coded = text_of(name).split(",")[:5]
    size = choice.choice((1, 7, 1000, 65536))
    outcomes = [undone([body], coded, 65536), undone(cuts(choice, body), coded, size)]
    (one, wrong), (other, also_wrong) = outcomes
    assert wrong == also_wrong, "the verdict depends on the pieces"
    assert one == other or (wrong and (one.startswith(other) or other.startswith(one)))
    return f"{coded} {outcomes[0][1]} {len(outcomes[0][0]) > 0}"


def undone(pieces: list[bytes], codings: list[str], size: int) -> tuple[bytes, str]:
    decoder = build_decoder(Pieces(pieces), codings)
    if decoder is None:
        return b"", "not decoded"
    found = bytearray()
    try:
        while (piece := decoder.read(size)) and len(found) < 2_000_000:
            assert len(piece) <= size
            found += piece
    except (exceptions.ContentDecodingError, exceptions.IncompleteBody) as error:
        return bytes(found), type(error).__name__
    return bytes(found), ""


HELLO = b"hello, hello, hello" * 5
TARGETS: dict[str, tuple[Callable[[bytes, random.Random], str], list[bytes]]] = {
    "answer": (answer, [wire for _, ask, _, wire in rows() if ask == "GET" and len(wire) <= USUAL]),
    "url": (url, [b"http://a.test/", b"https://user:pass@a.test:8443/a/../b?c=d#e", b"http://[::1]:80/", b"http://127.0.0.1/%41%zz", b"http://xn--bcher-kva.test/\xe9", b"HTTP://A.TEST.:0080//x", b"http://a\xe3\x80\x82test/"]),
    "location": (location, [b"/a/b", b"//c.test/x", b"../y?z", b"?q=1", b"#f", b"https://user@d.test:1/", b"\xff\xfe", b"http://[::1", b"a:b", b";x", b"http:x"]),
    "set-cookie": (set_cookie, [b"a=b", b"a=b; Path=/; Domain=a.test; Max-Age=5; Secure; HttpOnly; SameSite=Lax", b"__Host-a=b; Expires=Wed, 09 Jun 2031 10:18:14 GMT", b'a="b;c"; x', b"=b;;=;"]),
    "cookie-date": (cookie_date, [b"Wed, 09 Jun 2031 10:18:14 GMT", b"09-Jun-31 10:18:14", b"1 jan 1601 00:00:00", b"99:99:99 31 feb 70"]),
    "challenges": (challenges, [b'Basic realm="a"', b'Digest realm="a, b", nonce=c, qop="auth,auth-int", Basic realm=d', b"NTLM abc==, , X", b'Digest a="\\"b\\\\"']),
    "links": (links, [b'</2>; rel="next", </9>; rel=last', b'<a,b;c>; title="x, <y>; \\"z"; rel=a', b"<>;;=,<"]),
    "retry-after": (retry_after, [b"120", b"Sun, 06 Nov 2033 08:49:37 GMT", b"Sunday, 06-Nov-94 08:49:37 GMT", b"Sun Nov  6 08:49:37 1994", b"-1", b"1e309"]),
    "netrc": (netrc, [b"machine a login b password c\n", b'default login "b c" password \\"d', b"macdef x\ny\n\nmachine z # no\n login q", b"machine a port 5"]),
    "text": (text, ["text/html; charset=utf-8\nbücher\r\nä\u2028x\n".encode(), b'a/b; charset="latin-1"\n\xe9\r\r\n', b"a/b\n\xef\xbb\xbfa\n", b"a; charset=utf-16\n\xff\xfea\0\r\0\n\0", b"a; charset=shift_jis\n\x82\xa0\x82\r\n", b"a; charset=utf-7\n+AGE-"]),
    "coding": (coding, [b"gzip\n" + gzip.compress(HELLO, mtime=0), b"gzip\n" + gzip.compress(HELLO, mtime=0) * 2 + b"\0\0", b"deflate\n" + zlib.compress(HELLO), b"deflate\n" + zlib.compress(HELLO)[2:-4], b"gzip,deflate\n" + zlib.compress(gzip.compress(HELLO, mtime=0)), b"br\n\x0b\x02\x80hello\x03", b"zstd\n\x28\xb5\x2f\xfd\x20\x05\x29\x00\x00hello", b"x-gzip,identity\n" + gzip.compress(b"", mtime=0)]),
}  # fmt: skip


class Client:
    """Every target in turn."""

    name = "client"

    def seeds(self) -> list[Case]:
        return [Case(target, data) for target, (_, seeds) in TARGETS.items() for data in seeds]

    def mutate(self, choice: random.Random, case: Case, pool: list[Case]) -> Case:
        target = "answer" if choice.random() < 0.3 else choice.choice(list(TARGETS))
        if target != case.target:
            case = Case(target, choice.choice(TARGETS[target][1]))
        seeds = TARGETS[target][1]
        return Case(target, mutate(choice, case.data, [choice.choice(seeds) for _ in range(2)]))

    def check(self, case: Case, choice: random.Random) -> str:
        return TARGETS[case.target][0](case.data, choice)

    def kind(self, case: Case, verdict: str) -> str:
        return f"{case.target} {verdict}"

    def is_short(self, case: Case) -> bool:
        return len(case.data) <= USUAL

    def compare(self, found: list[tuple[Case, str]]) -> list[tuple[Case, str, str]]:
        return []  # `check` compares

    def entry(self, case: Case) -> dict[str, Any]:
        return {"target": case.target, "data": case.data.decode("latin-1")}

    def close(self) -> None:
        """There are no oracles."""
