"""A server that does at random what servers should not do, and keeps the truth about it.

What it does with a request depends on the seed, the request's nonce and how often that nonce has
come: not on how threads happen to run. Every answer carries the nonce in a header, in its body and,
when it is chunked, in a trailer. `ledger` has for each nonce what its client must have seen of each
delivery; `trespasses` are requests that came over connections nobody may use any more.
"""

from __future__ import annotations

import random
import socket
import threading
import time
from collections import Counter, defaultdict

# What the client must have seen of a delivery.
COMPLETE = "complete"  # the whole answer
PERHAPS = "perhaps"  # the whole answer, or an error: a reset may overtake what was sent before it
NOTHING = "nothing"  # an error: no answer, or one that a reset may have overtaken
HALF = "half"  # an error, after the beginning of an answer

EVIL = b"HTTP/1.1 200 OK\r\nX-Nonce: evil\r\nContent-Length: 4\r\n\r\nevil"
TIMED_OUT = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"

# What comes right behind an answer, in its own segment: a client sees all of it in time.
BEHIND = [b"\r\n", b"x", EVIL, EVIL[:30], TIMED_OUT, b"HTTP/1.1 100 Continue\r\n\r\n"]

# What comes later may meet the next request on its way, when nobody can tell any more what it
# belongs to. So this is nothing which could be taken for the answer to one.
LATER = [
    TIMED_OUT,
    b"\r\n\r\n",
    b"x",
    EVIL[:40],
    b"\x15\x03\x03\x00\x02\x02\x28",
    b"HTTP/1.1 200 OK\r\nX-",
]

BROKEN_HEADS = [
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
    b"HTTP/1.1 200 OK\r\nX : y\r\nContent-Length: 5\r\n\r\nhello",
    b"HTTP/2.0 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    b"ICY 200 OK\r\n\r\nhello",
]
BROKEN_BODIES = [
    b"HTTP/1.1 200 OK\r\nX-Nonce: ?\r\nTransfer-Encoding: chunked\r\n\r\n" + body
    for body in (b"5\r\nansweX\r\n0\r\n\r\n", b"-5\r\nhello\r\n0\r\n\r\n", b"1\n?\n0\n\n")
]

ACTIONS = {
    # survived:
    "plain": 30,
    "dripped": 4,
    "interim": 4,
    "says close": 3,
    "closes": 8,
    "both framings": 2,
    "until close": 3,
    "glued": 6,
    "poison later": 4,
    "answers early": 4,
    # perhaps:
    "resets behind": 3,
    "answers early and closes": 3,
    # never:
    "cut": 4,
    "cut by reset": 4,
    "vanishes": 5,
    "vanishes by reset": 3,
    "broken": 4,
    "stalls": 2,
}
_NAMES, _WEIGHTS = list(ACTIONS), list(ACTIONS.values())


def content_of(nonce: str, what: str) -> bytes:
    """The body that belongs to a nonce: as the "question" of a request or the "answer" to it."""
    rng = random.Random(f"{what} {nonce}")
    length = rng.choice([0, 1, 10, 100, 1000, 4000, 10000])
    if what == "question" and rng.random() < 0.1:
        length = 400_000
    word = f"{what} {nonce}.".encode()
    return (word * (length // len(word) + 1))[: max(length, len(word))]


class Hostile:
    """The script of every connection; its state is that of all of them together."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.lock = threading.Lock()
        self.ledger: dict[str, list[str]] = defaultdict(list)
        self.trespasses: list[str] = []
        self.garbled: list[str] = []  # requests whose body is not the one of their nonce
        self.actions: Counter[str] = Counter()
        self.connections = 0

    def __call__(self, peer):
        with self.lock:
            self.connections += 1
        try:
            while True:
                head = peer.read_head()
                if not head or not Exchange(self, peer, head).run():
                    return
        except TimeoutError:
            pass  # an idle connection, or a client that does not hang up: its own test will say so


class Exchange:
    """One request and what is done with it."""

    def __init__(self, server, peer, head):
        self.server = server
        self.peer = peer
        lines = head.decode("latin-1").split("\r\n")
        self.method = lines[0].split(" ")[0]
        self.fields = dict(line.lower().split(": ", 1) for line in lines[1:] if line)
        self.nonce = lines[0].split(" ")[1].rpartition("/")[2]
        assert self.fields["x-nonce"] == self.nonce
        with server.lock:
            deliveries = server.ledger[self.nonce]
            deliveries.append(PERHAPS)
            self.number = len(deliveries)
        self.rng = random.Random(f"{server.seed} {self.nonce} {self.number}")

    def note(self, outcome):
        with self.server.lock:
            self.server.ledger[self.nonce][self.number - 1] = outcome

    def run(self):
        """Whether the connection goes on."""
        [action] = self.rng.choices(_NAMES, _WEIGHTS)
        if action == "stalls" and "x-hasty" not in self.fields:
            action = "plain"
        with self.server.lock:
            self.server.actions[action] += 1
        if not action.startswith(("answers early", "vanishes")) and not self.read_body():
            self.note(NOTHING)
            return False
        return getattr(self, action.replace(" ", "_"))()

    # --- parts -----------------------------------------------------------------------------

    def read_body(self):
        """Whether all of it came; a client that hangs up within it leaves the rest out."""
        expected = content_of(self.nonce, "question")
        if "expect" in self.fields and self.rng.random() < 0.9:
            self.peer.send(b"HTTP/1.1 100 Continue\r\n\r\n")  # without it the client waits 1 s
        if "content-length" in self.fields:
            length = int(self.fields["content-length"])
            body = self.peer.read_body(length)
            whole = len(body) == length
        elif "transfer-encoding" in self.fields:
            body, whole = self.read_chunks()
        else:
            return True
        if not expected.startswith(body) or (whole and body != expected):
            with self.server.lock:
                self.server.garbled.append(self.nonce)
        return whole

    def read_chunks(self):
        body = b""
        while True:
            line = b""
            while not line.endswith(b"\r\n"):
                byte = self.peer.read_body(1)
                if not byte:
                    return body, False
                line += byte
            size = int(line, 16)
            body += self.peer.read_body(size)
            if self.peer.read_body(2) != b"\r\n":
                return body, False
            if not size:
                return body, True

    def answer(self, extra=b"", framing=None):
        body = content_of(self.nonce, "answer")
        head = b"HTTP/1.1 200 OK\r\nX-Nonce: %s\r\n%s" % (self.nonce.encode(), extra)
        framing = framing or self.rng.choice(["length", "chunked"])
        if framing == "length":
            head += b"Content-Length: %d\r\n\r\n" % len(body)
        elif framing == "chunked":
            head += b"Transfer-Encoding: chunked\r\n\r\n"
            body = self.chunks(body)
        else:
            head += b"\r\n"
        return head if self.method == "HEAD" else head + body

    def chunks(self, body):
        wire = b""
        start = 0
        while start < len(body):
            piece = body[start : start + self.rng.choice([1, 10, 1000, 5000])]
            wire += b"%x\r\n%s\r\n" % (len(piece), piece)
            start += len(piece)
        return wire + b"0\r\nX-Nonce: %s\r\n\r\n" % self.nonce.encode()

    def pause(self, most):
        time.sleep(self.rng.random() * most)

    def expect_end(self):
        """The client must hang up now, and not ask anything more."""
        if self.peer.read_head():
            with self.server.lock:
                self.server.trespasses.append(self.nonce)
        return False

    # --- what is survived ------------------------------------------------------------------

    def plain(self):
        self.note(COMPLETE)
        self.peer.send(self.answer())
        return True

    def dripped(self):
        self.note(COMPLETE)
        wire = self.answer()
        for _ in range(8):
            cut = self.rng.randrange(len(wire) + 1)
            self.peer.send(wire[:cut])
            wire = wire[cut:]
            self.pause(0.002)
        self.peer.send(wire)
        return True

    def interim(self):
        self.note(COMPLETE)
        for _ in range(self.rng.randrange(1, 20)):
            self.peer.send(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\nContent-Length: 3\r\n\r\n")
        self.peer.send(self.answer())
        return True

    def says_close(self):
        self.note(COMPLETE)
        self.peer.send(self.answer(b"Connection: close\r\n"))
        return self.expect_end()

    def closes(self):
        self.note(COMPLETE)
        self.peer.send(self.answer())
        self.pause(0.005)
        return False

    def both_framings(self):
        self.note(COMPLETE)
        self.peer.send(self.answer(b"Content-Length: 7\r\n", "chunked"))
        return self.expect_end()

    def until_close(self):
        # RFC 9112 section 9.8: over TLS it is not complete without close_notify.
        self.note(COMPLETE if not hasattr(self.peer.sock, "cipher") else NOTHING)
        self.peer.send(self.answer(framing="until close"))
        if self.method == "HEAD":
            self.note(COMPLETE)
            return True
        return False

    def glued(self):
        self.note(COMPLETE)
        self.peer.send(self.answer() + self.rng.choice(BEHIND))
        return self.expect_end()

    def poison_later(self):
        self.note(COMPLETE)
        self.peer.send(self.answer())
        self.pause(0.005)
        self.peer.send(self.rng.choice(LATER))
        self.pause(0.02)
        # A request under way would wait for the rest. It is not looked at, and so not delivered.
        try:
            self.peer.sock.shutdown(socket.SHUT_WR)
            self.peer.wait_for_end()
        except OSError:
            pass
        return False

    def answers_early(self):
        self.note(COMPLETE)
        self.peer.send(self.answer())
        return self.read_body()

    # --- what may be survived --------------------------------------------------------------

    def resets_behind(self):
        self.peer.send(self.answer())
        self.pause(0.002)
        self.peer.reset()
        return False

    def answers_early_and_closes(self):
        self.peer.send(self.answer(b"Connection: close\r\n"))
        return False

    # --- what is an error ------------------------------------------------------------------

    def cut(self):
        wire = self.answer()
        cut = self.rng.randrange(len(wire))
        self.note(HALF if cut else NOTHING)
        self.peer.send(wire[:cut])
        return False

    def cut_by_reset(self):
        self.cut()
        self.note(NOTHING)
        self.peer.reset()
        return False

    def vanishes(self):
        self.note(NOTHING)
        if self.rng.random() < 0.5:
            self.read_body()
        return False

    def vanishes_by_reset(self):
        self.vanishes()
        self.peer.reset()
        return False

    def broken(self):
        self.note(HALF)
        rows = BROKEN_HEADS if self.method == "HEAD" else BROKEN_HEADS + BROKEN_BODIES
        self.peer.send(self.rng.choice(rows).replace(b"?", self.nonce.encode()))
        return self.expect_end()

    def stalls(self):
        self.note(NOTHING)
        wire = self.answer()
        self.peer.send(wire[: self.rng.randrange(len(wire))])
        return self.expect_end()
