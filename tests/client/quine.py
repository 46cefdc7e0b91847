"""A gzip file that decodes to itself, made from what RFC 1951 and RFC 1952 say.

The known idea for such files needs two instructions of the same length, here `UNIT` bytes:

- `literal(n)`: what follows are n bytes to be given out as they are: a stored block (section 3.2.4);
- `repeat(n)`: the last n bytes again: a block of fixed codes (3.2.6) with copies at the distance n.

Let P be the header of the file and S its trailer. Each line below is executed and gives what stands
behind it; the lines joined are the file, and what they give, joined, is the file as well:

    P                                                   nothing: it is no instruction
    literal(p) P literal(p)                             P literal(p)
    repeat(p)                                           P literal(p)
    literal(1) repeat(p)                                repeat(p)
    literal(1) literal(1)                               literal(1)
    literal(4) repeat(p) literal(1) literal(1) literal(4)    those four
    repeat(4)                                           those four
    literal(4) repeat(4) literal(4) repeat(4) literal(4)     those four
    repeat(4)                                           those four
    literal(4) repeat(4) literal(0) literal(0) literal(s)    those four
    repeat(4)                                           those four
    literal(0) literal(0) literal(s) repeat(s) S        repeat(s) S
    repeat(s)                                           repeat(s) S
    S                                                   nothing: it is no instruction

Here 1 and 4 are units, p is the length of P and a unit, s that of S and a unit. What is left is that S
holds the checksum of a file in which it stands itself. A CRC is affine over GF(2), so that this is a
system of 32 linear equations.
"""

from __future__ import annotations

import struct
import zlib

UNIT = 5  # bytes of an instruction
FLAG_NAME = 8  # RFC 1952 section 2.3.1: the header ends with a name and NUL

# Fixed codes (RFC 1951 section 3.2.6) of what is used of them: lengths 3 to 10 are the symbols 257
# to 264, seven bits without extra ones; for a distance the code, and how many bits follow it.
FIRST_LENGTH, LAST_LENGTH = 3, 10
DISTANCES = [(9, 6, 2), (13, 7, 2), (17, 8, 3), (25, 9, 3)]  # (from, code, extra bits)


class _Bits:
    """Bits in the order of RFC 1951 section 3.1.1."""

    def __init__(self) -> None:
        self.number = self.length = 0

    def put(self, value: int, width: int) -> None:
        """The least significant bit first."""
        self.number |= value << self.length
        self.length += width

    def put_code(self, code: int, width: int) -> None:
        """A Huffman code: the most significant bit first."""
        self.put(int(f"{code:0{width}b}"[::-1], 2), width)


def _literal(length: int) -> bytes:
    return struct.pack("<BHH", 0, length, 0xFFFF - length)


def _repeat(length: int, last: bool = False) -> bytes:
    """Two copies of at most ten bytes each; of other lengths the code would not be of one unit."""
    bits = _Bits()
    bits.put(last, 1)
    bits.put(1, 2)  # fixed codes
    begins, code, extra = max(row for row in DISTANCES if row[0] <= length)
    for part in (length // 2, length - length // 2):
        assert FIRST_LENGTH <= part <= LAST_LENGTH
        bits.put_code(part - FIRST_LENGTH + 1, 7)
        bits.put_code(code, 5)
        bits.put(length - begins, extra)
    bits.put_code(0, 7)  # the end of the block
    # The last one may be followed by bits that fill its byte; behind the others a block begins.
    assert bits.length == 8 * UNIT or (last and 8 * UNIT - 8 < bits.length)
    return bits.number.to_bytes(UNIT, "little")


def _build(header: bytes, checksum: int) -> bytes:
    prefix = len(header) + UNIT
    literals = {n: _literal(n * UNIT) for n in (0, 1, 4)}
    start, again, four = _literal(prefix), _repeat(prefix), _repeat(4 * UNIT)
    end, again_to_end = _literal(UNIT + 8), _repeat(UNIT + 8, last=True)
    one, many, none = literals[1], literals[4], literals[0]
    body = [
        *(header, start, header, start, again),
        *(one, again, one, one, many, again, one, one, many, four),
        *(many, four, many, four, many, four, many, four, none, none, end, four),
        *(none, none, end),
    ]
    # Of the trailer the length is known: that of what is decoded is that of the file.
    length = sum(map(len, body)) + 2 * (UNIT + 8)
    trailer = struct.pack("<LL", checksum, length)
    return b"".join([*body, again_to_end, trailer, again_to_end, trailer])


def _solve(columns: list[int], wanted: int) -> int | None:
    """The x for which the xor of the columns at its bits is `wanted`."""
    rows: dict[int, tuple[int, int]] = {}  # by its highest bit: (a sum of columns, of which)
    for number, column in enumerate(columns):
        members = 1 << number
        while column and (top := column.bit_length()) in rows:
            column, members = column ^ rows[top][0], members ^ rows[top][1]
        if column:
            rows[column.bit_length()] = column, members
    found = 0
    while wanted:
        if wanted.bit_length() not in rows:
            return None
        column, members = rows[wanted.bit_length()]
        wanted, found = wanted ^ column, found ^ members
    return found


def make_quine() -> bytes:
    """The file; its name is one for which the equations have a solution."""
    for letter in b"abcdefgh":
        name = bytes([letter]) * 3
        header = struct.pack("<BBBBLBB", 0x1F, 0x8B, 8, FLAG_NAME, 0, 0, 255) + name + b"\0"
        constant = zlib.crc32(_build(header, 0))
        # crc(file with c) ^ crc(file with 0) is linear in c, and has to be c ^ crc(file with 0).
        columns = [
            zlib.crc32(_build(header, 1 << bit)) ^ constant ^ (1 << bit) for bit in range(32)
        ]
        checksum = _solve(columns, constant)
        if checksum is not None:
            return _build(header, checksum)
    raise AssertionError("no name gives a solution")
