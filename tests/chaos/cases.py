"""One request of the campaign: what is asked, what the server will do, and what is then true.

A `Case` is made from a seed and a number, so that any of them can be made again. It carries its
ground truth: whether the client may report a complete answer, which one, and which errors it may
report instead. Nothing here knows a client or a socket.

A script is a list of steps, played by `conversation.Conversation`:

- ("expect", "head" | "body" | n): wait for the rest of the head or of the body, or for n bytes of it
- ("send", data), ("send", data, splits, gap): send, cut at offsets, with `gap` seconds between
- ("drip", data, n, gap): n bytes at a time
- ("flood", data, count): the same again and again; None: for ever
- ("wait", seconds), ("stall",): say nothing, for so long or for ever, and read what comes
- ("deaf",): say nothing and read nothing, until the client has gone
- ("rst",), ("fin",), ("cut",), ("half_close",): end the connection; "cut" is "fin" without close_notify
- ("log", what): note that this was reached
- ("over",): the client must hang up; a request from now on is a trespass
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator

KINDS = [f"X{number}" for number in range(1, 26)]
HEALTHY = "healthy"

METHODS = ["GET", "GET", "HEAD", "POST", "POST chunked", "PUT", "PUT one-shot"]
METHODS += ["PUT chunked", "PUT file", "PATCH"]
REPEATABLE = {
    "GET",
    "HEAD",
    "PUT",
    "PUT chunked",
    "PUT file",
}  # idempotent, with a body that is there again
WAYS = ["plain", "tls", "proxy", "tunnel"]
FRAMINGS = ["length", "chunked", "end"]

# What a client may report, by the name of its class.
BROKEN = frozenset(["ConnectionError", "RemoteProtocolError"])
BROKEN_TLS = BROKEN | {"SSLError"}
INCOMPLETE = frozenset(["IncompleteBody"])
NETWORK = BROKEN_TLS | INCOMPLETE | {"ProxyError"}
MALFORMED = frozenset(["RemoteProtocolError"])
LATE = frozenset(["ReadTimeout"])
LATE_BODY = frozenset(["BodyReadTimeout"])
CONNECT_LATE = frozenset(["ConnectTimeout"])
HANDSHAKE = frozenset(["SSLError", "ConnectionError"])
PROXY = frozenset(["ProxyError"])

REDIRECTS = [301, 302, 303, 307, 308]

only_way: str | None = None  # for clients that are to be asked for nothing else

SECRET = "s3cr3t-pa55"
EVIL = b"HTTP/1.1 200 OK\r\nX-Nonce: evil\r\nContent-Length: 4\r\n\r\nevil"


FRAMING = re.compile(rb"\r\n[0-9A-Fa-f]+[^\r\n]*\r\n")  # what stands between two chunks


def cuts(wire: bytes, rng: random.Random) -> list[int]:
    """Where an answer is cut: at three places, or so that framing comes by itself."""
    framing = list(FRAMING.finditer(wire))
    if framing and rng.random() < 0.5:
        return list(rng.choice(framing).span())
    return sorted(rng.sample(range(len(wire)), 3)) if len(wire) > 3 else []


class Wire:
    """The bytes of an answer, and where its parts begin."""

    __slots__ = ("data", "end", "head", "marks")

    def __init__(
        self, data: bytes, head: int, end: int | None, marks: list[tuple[str, int]]
    ) -> None:
        self.data = data
        self.head = head  # bytes of the head
        self.end = end  # bytes after which the message is complete; None: at the end of the stream
        self.marks = marks  # (part, where it begins)

    def part_at(self, offset: int) -> str:
        """The name of the part to which the byte at `offset` belongs."""
        name = "head"
        for part, begins in self.marks:
            if begins > offset:
                break
            name = part
        return name


class Case:
    """One request, its script and its truth; see the top of this file."""

    def __init__(self, seed: object, number: object, kind: str, medium: str, worker: int) -> None:
        self.rng = rng = random.Random(f"{seed} {number}")
        self.nonce = f"n{number}"
        self.kind = kind
        self.name = kind
        self.medium = medium
        self.worker = worker
        self.method_kind = rng.choice(METHODS)
        self.way = "plain"
        self.framing = "length"
        self.reused = False
        self.prefix: str | None = None  # of the origin's name, when it is that of another case
        self.status = 200
        # --- what the server does ---
        self.scripts: list[list[tuple]] = []  # one per delivery; more deliveries are answered well
        self.at_dial: list[list[tuple] | BaseException | None] = []  # one per dial, before any byte
        self.at_first_byte: list[tuple] | None = None  # on a connection that was idle
        self.connect: list[list[tuple]] = []  # one per CONNECT
        # What comes, by itself, between the choice of an idle connection and the first byte on it.
        self.at_checkout: bytes | None = None
        self.certificate = "right"
        # --- what is true ---
        self.complete = True  # whether a complete answer may be reported
        self.errors: frozenset[str] = frozenset()  # what else may be
        self.most = 1  # deliveries
        self.hops = 1  # requests that one delivery consists of
        self.body: bytes | None = None  # None: the body that belongs to the nonce
        self.nonce_back = True  # whether the answer carries the nonce
        self.limit: str | None = None  # the limit that must have run out
        self.most_read: int | None = None  # bytes that may be taken of what is endless
        # --- how the client asks ---
        self.timeout: dict[str, float] = {}
        self.call: dict[str, object] = {}
        self.headers: dict[str, object] = {}
        self.reading = rng.choice(["content", "pieces", "read"])
        self.question_size: int | None = None
        self.act: str | None = None  # something of the client's own that goes wrong
        self.act_at = 0
        self.follow = 0  # healthy requests right behind, on the same connection if it is still used
        self.pause = 0.0  # seconds before these
        self.tiny = False  # a byte at a time
        self.fails: tuple[int, random.Random] | None = None  # the system call that fails
        self.local = False  # nothing may reach the network
        # --- what happened ---
        self.deliveries: list[str] = []  # the target of each
        self.was_reused = False  # whether it really came over a connection that had served before
        self.dials = 0
        self.connects = 0
        self.calls = 0  # system calls, as far as they may fail
        self.hosts: list[bytes] = []  # to whom the deliveries were addressed, and how
        self.tunnels: list[bytes] = []  # what CONNECT asked for
        self.behind: str | None = None  # the fault that this thread's last request on this way met
        self.reached: list[object] = []  # what was logged

    # --- the request -----------------------------------------------------------------------

    @property
    def method(self) -> str:
        """The method proper."""
        return self.method_kind.split(" ", 1)[0]

    @property
    def has_body(self) -> bool:
        """Whether the request brings one."""
        return self.method in ("PATCH", "POST", "PUT")

    @property
    def repeatable(self) -> bool:
        """Whether a stale connection may be replaced in silence once something was written."""
        return self.reused and self.method_kind in REPEATABLE

    def question(self) -> bytes:
        """The body of the request."""
        size = self.question_size
        if size is None:
            size = random.Random(self.nonce).choice([0, 10, 200, 2000])
        return _filled(f"question {self.nonce}.".encode(), size)

    def choose(self, ways: list[str], methods: list[str] = METHODS, reused: float = 0.4) -> None:
        """Chooses among what applies to a fault."""
        rng = self.rng
        self.way = rng.choice(ways)
        if only_way is not None:
            self.way = only_way
        self.method_kind = rng.choice(methods)
        self.framing = rng.choice(FRAMINGS)
        self.reused = rng.random() < reused

    # --- the answer ------------------------------------------------------------------------

    def answer_body(self) -> bytes:
        """The body that belongs to the nonce."""
        size = random.Random(self.nonce + "a").choice([0, 1, 10, 100, 1000, 5000])
        return _filled(f"answer {self.nonce}.".encode(), size)

    def answer(
        self,
        framing: str | None = None,
        extra: bytes = b"",
        status: bytes = b"200 OK",
        body: bytes | None = None,
    ) -> Wire:
        """A well-formed answer to the request."""
        framing = self.framing if framing is None else framing
        content = self.answer_body() if body is None else body
        head = b"HTTP/1.1 %b\r\nX-Nonce: %b\r\n%b" % (status, self.nonce.encode(), extra)
        if framing == "length":
            head += b"Content-Length: %d\r\n" % len(content)
        elif framing == "chunked":
            head += b"Transfer-Encoding: chunked\r\n"
        head += b"\r\n"
        marks = [("head", 0), ("body", len(head))]
        if self.method == "HEAD":
            return Wire(head, len(head), len(head), marks)
        if framing == "chunked":
            wire, marks = self._chunks(head, content)
            return Wire(wire, len(head), len(wire), marks)
        wire = head + content
        return Wire(wire, len(head), None if framing == "end" else len(wire), marks)

    def _chunks(self, head: bytes, content: bytes) -> tuple[bytes, list[tuple[str, int]]]:
        parts = [head]
        length = len(head)
        marks = [("head", 0)]

        def add(name: str, data: bytes) -> None:
            nonlocal length
            marks.append((name, length))
            parts.append(data)
            length += len(data)

        rng = random.Random(self.nonce + "c")
        at = 0
        while at < len(content):
            piece = content[at : at + rng.choice([7, 400, 4000])]
            at += len(piece)
            add("chunk header", b"%x%b\r\n" % (len(piece), rng.choice([b"", b"", b";a=b"])))
            add("chunk data", piece)
            add("chunk footer", b"\r\n")
        add("last chunk", b"0\r\n")
        add("trailer", b"X-Nonce: %b\r\n\r\n" % self.nonce.encode())
        return b"".join(parts), marks

    def expected_body(self) -> bytes:
        """What a complete answer consists of."""
        if self.method == "HEAD":
            return b""
        return self.answer_body() if self.body is None else self.body

    def script(self, delivery: int) -> list[tuple]:
        """What the server does with this delivery (1, 2, ...)."""
        if delivery <= len(self.scripts):
            return self.scripts[delivery - 1]
        return [("expect", "body"), ("send", self.answer("length").data)]

    @property
    def host_prefix(self) -> str:
        """Names the origin: one of its own for whoever wants a fresh connection."""
        if self.prefix is not None:
            return self.prefix
        if self.reused:
            return "torn" if self.tiny or self.fails is not None else "kept"
        return f"f{self.nonce}"

    # --- truths ----------------------------------------------------------------------------

    def must_fail(self, errors: frozenset[str]) -> None:
        """No answer may be reported, but one of these errors."""
        self.complete = False
        self.errors = errors

    def may_fail(self, errors: frozenset[str]) -> None:
        """An answer may be reported, or one of these errors."""
        self.errors = errors

    def fails_before_an_answer(self, errors: frozenset[str] | None = None) -> None:
        """The connection ends before any byte of an answer: repeated once, if that is safe."""
        if self.repeatable:
            self.most = 2
        else:
            self.must_fail(errors or (BROKEN_TLS if self.secure else BROKEN))

    @property
    def secure(self) -> bool:
        """Whether the origin is spoken to over TLS."""
        return self.way in ("tls", "tunnel")

    def __repr__(self) -> str:
        reused = "reused" if self.reused else "fresh"
        how = f"{self.method_kind} {self.way} {self.framing} {reused} {self.medium}"
        behind = f", behind {self.behind}" if self.behind else ""
        return f"<{self.nonce} {self.name}: {how}{behind}>"


def _filled(word: bytes, size: int) -> bytes:
    return (word * (size // len(word) + 1))[: max(size, len(word))]


# A fault: fills in the case.
Fault = Callable[[Case, random.Random], None]
FAULTS: dict[str, list[tuple[Fault, int, tuple[str, ...]]]] = {kind: [] for kind in KINDS}


def fault(
    kind: str, weight: int = 1, media: tuple[str, ...] = ("memory", "socket")
) -> Callable[[Fault], Fault]:
    """Registers a fault of a class; `weight` is how often it comes among those of its class."""

    def register(function: Fault) -> Fault:
        FAULTS[kind].append((function, weight, media))
        return function

    return register


def make_case(seed: object, number: object, kind: str, medium: str, worker: int) -> Case:
    """The case of this number, which is the same one whenever it is made."""
    case = Case(seed, number, kind, medium, worker)
    if kind == HEALTHY:
        case.choose(WAYS, reused=1.0)
        case.framing = case.rng.choice(["length", "chunked"])
        case.scripts = [[("expect", "body"), ("send", case.answer().data)]]
        return case
    known = [(function, weight) for function, weight, media in FAULTS[kind] if medium in media]
    [chosen] = case.rng.choices([row[0] for row in known], [row[1] for row in known])
    case.name = f"{kind} {chosen.__name__.replace('_', ' ')}"
    chosen(case, case.rng)
    return case


def kinds_on(medium: str) -> Iterator[str]:
    """The classes that have a fault for this medium."""
    return (kind for kind, rows in FAULTS.items() if any(medium in row[2] for row in rows))
