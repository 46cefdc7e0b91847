"""Changes to messages: pieces deleted, repeated, flipped, taken from a dictionary or from others."""

from __future__ import annotations

import random
import re

from tests.protocol.strategies import WORDS

MORE_WORDS = [
    b"HTTP/1.1 204 X\r\n", b"HTTP/1.1 304 X\r\n", b"HTTP/1.1 103 X\r\nA: b\r\n\r\n", b"Content-Length: 0\r\n", b"9223372036854775807", b"Upgrade: x\r\n",
    b"9223372036854775808", b"0000000000000002", b";a=\"b\"", b" ;a", b"\x85", b"\xa0", b"\x0c", b"\x1b", b"000", b"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\n", b"CONNECT a:1 HTTP/1.1\r\n", b"\r\n\t\r\n", b"Host: b\r\n", b"close, keep-alive", b"1000\r\n",
]  # fmt: skip
USUAL = 1500  # bytes: short messages are many messages
LONG = 40_000  # above the limits
NUMBER = re.compile(rb"[0-9]+")
NUMBERS = [b"0", b"1", b"2", b"3", b"5", b"16", b"255", b"00", b"-1", b"9" * 19, b"f", b"1a", b""]


def mutate(choice: random.Random, data: bytes, others: list[bytes]) -> bytes:
    """`data` after one to six changes."""
    for _ in range(choice.choice((1, 1, 2, 2, 3, 6))):
        data = choice.choice(CHANGES)(choice, data, others)
    return data[: LONG if choice.random() < 0.01 else USUAL]


def place(choice: random.Random, data: bytes) -> int:
    """Often at a line end, where the grammar decides most."""
    if choice.random() < 0.4:
        ends = [at for at, byte in enumerate(data[:4000]) if byte in b"\r\n:; ,"]
        if ends:
            return choice.choice(ends) + choice.randint(0, 1)
    return choice.randint(0, len(data))


def delete(choice: random.Random, data: bytes, others: list[bytes]) -> bytes:
    at = place(choice, data)
    return data[:at] + data[at + choice.choice((1, 1, 1, 2, 3, 8, 40)) :]


def repeat(choice: random.Random, data: bytes, others: list[bytes]) -> bytes:
    at = place(choice, data)
    piece = data[at : at + choice.choice((1, 2, 4, 10, 40))]
    return data[:at] + piece * choice.choice((2, 2, 2, 3, 5, 40)) + data[at + len(piece) :]


def insert(choice: random.Random, data: bytes, others: list[bytes]) -> bytes:
    at = place(choice, data)
    return data[:at] + choice.choice(WORDS if choice.random() < 0.7 else MORE_WORDS) + data[at:]


def insert_byte(choice: random.Random, data: bytes, others: list[bytes]) -> bytes:
    at = place(choice, data)
    return data[:at] + bytes([choice.randint(0, 255)]) + data[at:]


def replace(choice: random.Random, data: bytes, others: list[bytes]) -> bytes:
    at = place(choice, data)
    return data[:at] + choice.choice(WORDS) + data[at + choice.randint(1, 8) :]


def flip(choice: random.Random, data: bytes, others: list[bytes]) -> bytes:
    if not data:
        return data
    at = min(place(choice, data), len(data) - 1)
    return data[:at] + bytes([data[at] ^ (1 << choice.randint(0, 7))]) + data[at + 1 :]


def renumber(choice: random.Random, data: bytes, others: list[bytes]) -> bytes:
    numbers = list(NUMBER.finditer(data[:4000]))
    if not numbers:
        return data
    found = choice.choice(numbers)
    return data[: found.start()] + choice.choice(NUMBERS) + data[found.end() :]


def splice(choice: random.Random, data: bytes, others: list[bytes]) -> bytes:
    other = choice.choice(others)
    return data[: place(choice, data)] + other[place(choice, other) :]


def swap_lines(choice: random.Random, data: bytes, others: list[bytes]) -> bytes:
    lines = data.split(b"\r\n")
    one, two = choice.randrange(len(lines)), choice.randrange(len(lines))
    lines[one], lines[two] = lines[two], lines[one]
    return b"\r\n".join(lines)


def truncate(choice: random.Random, data: bytes, others: list[bytes]) -> bytes:
    return data[: place(choice, data)]


CHANGES = [delete, repeat, insert, insert, insert_byte, replace, flip, renumber, splice, swap_lines]
CHANGES += [delete, repeat, insert, insert_byte, flip, renumber, truncate]
