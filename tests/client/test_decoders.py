"""Content codings: undone a bounded step at a time, and never half a body taken for the whole."""

from __future__ import annotations

import gzip
import logging
import random
import subprocess
import sys
import time
import tracemalloc
import zlib

import brotli
import pytest
from hypothesis import given
from hypothesis import strategies as st

from h11client._messages import decoders
from h11client._messages.decoders import accept_encoding, build_decoder, content_codings
from h11client.exceptions import ContentDecodingError, IncompleteBody
from tests.growth import grows_linearly

try:
    from compression import zstd
except ImportError:
    from backports import zstd


def deflate_raw(data: bytes) -> bytes:
    engine = zlib.compressobj(wbits=-15)
    return engine.compress(data) + engine.flush()


ENCODE = {
    "gzip": lambda data: gzip.compress(data, mtime=0),
    "x-gzip": lambda data: gzip.compress(data, mtime=0),
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstd.compress,
}
every_coding = pytest.mark.parametrize("coding", list(ENCODE))


class Pieces:
    """A body that comes in the given pieces, and may end with an exception."""

    def __init__(self, *pieces: bytes, error: BaseException | None = None) -> None:
        self.pieces = list(pieces)
        self.error = error
        self.reads = 0

    def read(self, max_bytes: int) -> bytes:
        self.reads += 1
        if not self.pieces:
            if self.error is not None:
                raise self.error
            return b""
        piece = self.pieces.pop(0)
        if len(piece) > max_bytes:
            self.pieces.insert(0, piece[max_bytes:])
        return piece[:max_bytes]


def pieces_of(data: bytes, size: int) -> Pieces:
    return Pieces(*[data[start : start + size] for start in range(0, len(data), size)])


def decode(source: Pieces, *codings: str, size: int = 65536) -> bytes:
    decoder = build_decoder(source, list(codings))
    assert decoder is not None
    found = []
    while piece := decoder.read(size):
        assert len(piece) <= size
        found.append(piece)
    assert decoder.read(size) == b""
    return b"".join(found)


def read_into(found: bytearray, decoder) -> None:
    while piece := decoder.read(65536):
        found += piece


TEXT = b"".join(b"line %d of a text that packs well\n" % number for number in range(5000))
NOISE = random.Random(1).randbytes(100_000)


@every_coding
@pytest.mark.parametrize(
    "data", [b"a", TEXT, NOISE, bytes(1_000_000)], ids=["a", "text", "noise", "zeros"]
)
@pytest.mark.safety("2a11")
def test_what_was_encoded_is_decoded(coding, data):
    assert decode(Pieces(ENCODE[coding](data)), coding) == data


@pytest.mark.safety("2a11")
def test_deflate_with_and_without_its_wrapping_is_understood():
    assert decode(Pieces(zlib.compress(TEXT)), "deflate") == TEXT
    assert decode(Pieces(deflate_raw(TEXT)), "deflate") == TEXT
    assert decode(pieces_of(deflate_raw(b"a"), 1), "deflate") == b"a"
    assert decode(pieces_of(zlib.compress(TEXT), 1), "deflate") == TEXT


@every_coding
@given(data=st.binary(max_size=3000), split=st.integers(1, 50), size=st.integers(1, 100))
@pytest.mark.safety("5P8")
def test_it_makes_no_difference_how_the_bytes_were_split_and_asked_for(coding, data, split, size):
    assert decode(pieces_of(ENCODE[coding](data), split), coding, size=size) == data


@every_coding
def test_byte_by_byte_in_and_out(coding):
    assert decode(pieces_of(ENCODE[coding](TEXT[:5000]), 1), coding, size=1) == TEXT[:5000]


@pytest.mark.safety("2a11")
def test_codings_on_top_of_each_other_are_undone_from_the_outermost():
    data = TEXT
    for coding in ("gzip", "br", "deflate", "zstd", "x-gzip"):
        data = ENCODE[coding](data)
    assert decode(pieces_of(data, 100), "gzip", "br", "deflate", "zstd", "x-gzip") == TEXT


@pytest.mark.parametrize(
    ("values", "codings"),
    [
        ([], []),
        ([b""], []),
        ([b" , ,"], []),
        ([b"gzip"], ["gzip"]),
        ([b"GZip"], ["gzip"]),
        ([b"gzip, br"], ["gzip", "br"]),
        ([b"gzip\t,br ", b"deflate"], ["gzip", "br", "deflate"]),
        ([b"identity"], ["identity"]),
        ([b"a,b,c", b"d,e"], ["a", "b", "c", "d", "e"]),
    ],
)
def test_the_codings_of_all_lines_are_one_list(values, codings):
    assert content_codings(values) == codings


@pytest.mark.safety("M19", "B1")
@pytest.mark.parametrize(
    "values",
    [[b"gzip," * 6], [b"gzip"] * 6, [b"gzip, gzip", b"br, identity"] * 2, [b"gzip," * 20000]],
)
def test_more_than_five_codings_are_refused(values):
    with pytest.raises(ContentDecodingError, match="more than 5"):
        content_codings(values)


@pytest.mark.parametrize("codings", [["identity"], ["identity", "identity"], []])
def test_identity_needs_no_decoder(codings):
    assert build_decoder(Pieces(), codings) is None


def test_identity_between_codings_is_passed_over():
    assert decode(Pieces(gzip.compress(TEXT)), "identity", "gzip", "identity") == TEXT


@pytest.mark.safety("2a11")
@pytest.mark.parametrize(
    "codings", [["foo"], ["gzip", "foo"], ["foo", "gzip"], ["compress"], ["gzip;q=1"]]
)
def test_with_a_coding_that_nobody_knows_the_body_stays_as_it_is(codings):
    assert build_decoder(Pieces(), codings) is None


@every_coding
def test_an_empty_body_is_empty_in_every_coding(coding):
    assert decode(Pieces(), coding) == b""


@every_coding
@pytest.mark.safety("M13", "B4", "D4", "X14")
def test_a_body_cut_at_every_byte_is_an_error(coding):
    whole = ENCODE[coding](TEXT[:200])
    for cut in range(1, len(whole)):
        with pytest.raises(ContentDecodingError, match=coding.removeprefix("x-")):
            decode(Pieces(whole[:cut]), coding)


@pytest.mark.safety("M13", "B4")
def test_a_long_gzip_body_cut_within_gives_what_came_and_then_an_error():
    whole = gzip.compress(NOISE)
    decoder = build_decoder(pieces_of(whole[:98000], 10000), ["gzip"])
    found = bytearray()
    with pytest.raises(ContentDecodingError, match="ends within"):
        read_into(found, decoder)
    assert NOISE.startswith(found)
    assert 90000 < len(found) < 98000


@every_coding
@pytest.mark.safety("B4")
def test_noise_in_the_place_of_a_coding_is_an_error(coding):
    for seed in range(50):
        noise = random.Random(seed).randbytes(300)
        with pytest.raises(ContentDecodingError):
            assert decode(Pieces(b"\xff" + noise), coding) is None
    with pytest.raises(ContentDecodingError):
        decode(Pieces(b"<html>not encoded at all</html>"), coding)


@pytest.mark.safety("B4", "X14")
@pytest.mark.parametrize(
    ("position", "what"), [(-1, "length"), (-5, "check"), (0, "header"), (20, "gzip")]
)
def test_a_wrong_checksum_is_an_error(position, what):
    whole = bytearray(gzip.compress(TEXT))
    whole[position] ^= 0xFF
    with pytest.raises(ContentDecodingError, match=what):
        decode(Pieces(bytes(whole)), "gzip")


def test_every_bit_of_a_small_gzip_body_can_be_flipped_without_another_kind_of_error():
    whole = gzip.compress(b"hello, hello, hello", mtime=0)
    for bit in range(8 * len(whole)):
        flipped = bytearray(whole)
        flipped[bit // 8] ^= 1 << bit % 8
        try:
            decode(Pieces(bytes(flipped)), "gzip")
        except ContentDecodingError:
            pass


# --- several members, and what follows them -------------------------------------------------------


@pytest.mark.safety("M16", "B3")
@pytest.mark.parametrize("split", [1, 7, 100000])
def test_all_gzip_members_and_zstd_frames_are_decoded(split):
    members = gzip.compress(b"first ") + gzip.compress(b"") + gzip.compress(b"second")
    assert decode(pieces_of(members, split), "gzip") == b"first second"
    skippable = b"\x5f\x2a\x4d\x18\x03\x00\x00\x00abc"
    frames = skippable + zstd.compress(b"first ") + skippable + zstd.compress(b"second") + skippable
    assert decode(pieces_of(frames, split), "zstd") == b"first second"


@pytest.mark.safety("M16")
def test_a_cut_last_member_is_an_error():
    members = gzip.compress(b"first ") + gzip.compress(b"second")
    for cut in range(len(members) - len(gzip.compress(b"second")) + 2, len(members)):
        with pytest.raises(ContentDecodingError, match="ends within"):
            decode(Pieces(members[:cut]), "gzip")


GARBAGE = [b"\0", b"\x1f", b"\x1f\x8c", b"x", b"\0" * 512, b"garbage" * 10000]


@pytest.mark.safety("B3", "X14")
@pytest.mark.parametrize("coding", ["gzip", "deflate", "zstd"])
@pytest.mark.parametrize("garbage", GARBAGE, ids=[str(row[:8]) for row in GARBAGE])
@pytest.mark.parametrize("split", [1, 1000])
def test_what_follows_the_last_member_is_ignored_with_a_debug_line(coding, garbage, split, caplog):
    source = pieces_of(ENCODE[coding](b"data") + garbage, split)
    with caplog.at_level(logging.DEBUG, "h11client"):
        assert decode(source, coding) == b"data"
    assert [record.getMessage() for record in caplog.records] == [
        f"ignored {len(garbage)} bytes behind the end of {coding} data"
    ]
    assert source.pieces == []  # so that the connection is at the end of the body


@pytest.mark.parametrize("coding", ["gzip", "deflate", "zstd"])
def test_nothing_behind_the_end_is_nothing_to_speak_of(coding, caplog):
    with caplog.at_level(logging.DEBUG, "h11client"):
        decode(Pieces(ENCODE[coding](b"data")), coding)
    assert caplog.records == []


@pytest.mark.safety("B3")
@pytest.mark.parametrize("coding", ["gzip", "deflate", "zstd"])
def test_endless_garbage_ends_in_an_error(coding):
    class Endless:
        def __init__(self) -> None:
            self.first = ENCODE[coding](b"data")

        def read(self, max_bytes: int) -> bytes:
            first, self.first = self.first, b"\0" * max_bytes
            return first

    decoder = build_decoder(Endless(), [coding])
    assert decoder.read(100) == b"data"
    with pytest.raises(ContentDecodingError, match="behind the end"):
        decoder.read(100)


@pytest.mark.parametrize("split", [1, 1000])
def test_what_follows_the_end_of_brotli_data_is_an_error_however_it_was_split(split):
    with pytest.raises(ContentDecodingError):
        decode(pieces_of(brotli.compress(b"data") + b"x", split), "br")


@pytest.mark.safety("M17", "B3", "X14")
def test_a_stream_of_empty_members_costs_what_its_length_says():
    empty = gzip.compress(b"", mtime=0)
    assert grows_linearly(lambda count: decode(Pieces(empty * count), "gzip"), 20000)
    members = Pieces(empty * (4 * 2**20 // len(empty)))
    started = time.thread_time()
    assert decode(members, "gzip") == b""
    assert time.thread_time() - started < 1  # 0.2 s where this was written


@pytest.mark.safety("M17", "B3")
@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_a_small_member_does_not_copy_all_of_its_neighbours(coding, monkeypatch):
    peek, looked_at = decoders.Window.peek, []

    def counting(window, size):
        found = peek(window, size)
        looked_at.append(len(found))
        return found

    monkeypatch.setattr(decoders.Window, "peek", counting)
    members = ENCODE[coding](b"x") * 3000
    assert decode(Pieces(members), coding) == b"x" * 3000
    assert sum(looked_at) < 40 * len(members)


@pytest.mark.safety("B3")
@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_members_without_content_are_counted(coding, monkeypatch):
    monkeypatch.setattr(decoders, "MAX_EMPTY_MEMBERS", 10)
    empty, full = ENCODE[coding](b""), ENCODE[coding](b"x")
    assert decode(Pieces((empty * 10 + full) * 3), coding) == b"xxx"
    with pytest.raises(ContentDecodingError, match="empty"):
        decode(Pieces(empty * 11 + full), coding)


# --- bounds ---------------------------------------------------------------------------------------

BOMB_SIZE = 64 * 2**20
BOMBS = {
    "gzip": gzip.compress(bytes(BOMB_SIZE)),
    "deflate": deflate_raw(bytes(BOMB_SIZE)),
    "br": brotli.compress(bytes(BOMB_SIZE)),
    "zstd": zstd.compress(bytes(BOMB_SIZE)),
}


@pytest.mark.safety("B2", "M18")
@pytest.mark.parametrize(("log", "taken"), [(23, True), (24, False), (31, False)])
def test_a_server_may_ask_for_8_mib_of_memory_for_zstd_and_no_more(log, taken):
    # RFC 8878 section 3.1.1: its window in the head of the frame, then a last, raw block of 1 byte.
    frame = b"\x28\xb5\x2f\xfd\x00" + bytes([(log - 10) << 3]) + b"\x09\x00\x00x"
    if taken:
        assert decode(Pieces(frame), "zstd") == b"x"
    else:
        with pytest.raises(ContentDecodingError):
            decode(Pieces(frame), "zstd")


@pytest.mark.safety("M18", "B2", "5P8")
@pytest.mark.parametrize("coding", list(BOMBS))
@pytest.mark.parametrize("size", [1, 1024, 65536, 2**20])
def test_a_read_makes_at_most_64_kib_more_than_it_was_asked_for(coding, size):
    decoder = build_decoder(Pieces(BOMBS[coding]), [coding])
    assert decoder.read(1) == b"\0"  # imports and tables are there now
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(20):
            piece = decoder.read(size)
            assert 0 < len(piece) <= size
        assert tracemalloc.get_traced_memory()[1] - before <= size + 65536
    finally:
        tracemalloc.stop()


@pytest.mark.safety("M18", "B2", "B4")
def test_a_bomb_in_a_bomb_is_bounded_too():
    bomb = gzip.compress(gzip.compress(bytes(BOMB_SIZE)))
    assert len(bomb) < 1000
    decoder = build_decoder(Pieces(bomb), ["gzip", "gzip"])
    decoder.read(1)
    tracemalloc.start()
    try:
        for _ in range(100):
            assert decoder.read(1024)
        assert tracemalloc.get_traced_memory()[1] <= 1024 + 2 * 65536
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("coding", list(BOMBS))
def test_a_bomb_is_decoded_whole_when_somebody_wants_it(coding):
    decoder = build_decoder(Pieces(BOMBS[coding]), [coding])
    total = 0
    while piece := decoder.read(65536):
        total += len(piece)
    assert total == BOMB_SIZE


@pytest.mark.safety("B3")
@every_coding
def test_the_cost_grows_with_the_length(coding):
    def one_by_one(count: int) -> None:
        decode(pieces_of(ENCODE[coding](NOISE[:count]), 1), coding)

    # Small ones: a block of zstd is kept together by its library until the last of its bytes came.
    assert grows_linearly(one_by_one, 3000)


@pytest.mark.safety("B4")
def test_a_huge_extra_field_of_gzip_is_read_over():
    # RFC 1952 section 2.3.1.1: 65535 bytes at most; name and comment have no bound.
    plain = gzip.compress(b"data", mtime=0)
    extra = plain[:3] + b"\x04" + plain[4:10] + b"\xff\xff" + b"x" * 65535 + plain[10:]
    assert decode(pieces_of(extra, 1000), "gzip") == b"data"
    named = plain[:3] + b"\x08" + plain[4:10] + b"n" * 300000 + b"\0" + plain[10:]
    assert decode(pieces_of(named, 1000), "gzip") == b"data"


# --- after an exception ---------------------------------------------------------------------------


@every_coding
@pytest.mark.safety("4I7", "F20")
@pytest.mark.parametrize(
    "error", [IncompleteBody("cut"), KeyboardInterrupt(), MemoryError()], ids=repr
)
def test_after_an_exception_the_rest_is_never_taken_for_the_end(coding, error):
    whole = ENCODE[coding](NOISE)
    decoder = build_decoder(Pieces(whole[: len(whole) // 2], error=error), [coding])
    with pytest.raises(type(error)):
        read_into(bytearray(), decoder)
    for _ in range(3):
        with pytest.raises((IncompleteBody, ContentDecodingError)):
            decoder.read(65536)


@pytest.mark.safety("4I7")
def test_an_error_behind_the_end_of_the_coding_is_not_lost():
    decoder = build_decoder(Pieces(gzip.compress(b"data"), error=IncompleteBody("cut")), ["gzip"])
    assert decoder.read(100) == b"data"
    with pytest.raises(IncompleteBody):
        decoder.read(100)


def test_the_low_level_error_is_the_cause():
    with pytest.raises(ContentDecodingError) as caught:
        decode(Pieces(b"not gzip"), "gzip")
    assert isinstance(caught.value.__cause__, zlib.error)


# --- what is offered ------------------------------------------------------------------------------


@pytest.mark.safety("2b8")
def test_every_coding_that_is_offered_has_its_decoder():
    offered = accept_encoding().split(", ")
    assert offered == ["gzip", "deflate", "br", "zstd"]
    for coding in offered:
        assert decode(Pieces(ENCODE[coding](TEXT)), coding) == TEXT


@pytest.mark.safety("2b8")
def test_a_coding_without_its_package_is_neither_offered_nor_decoded(monkeypatch):
    for name in ("brotli", "brotlicffi", "backports.zstd", "compression.zstd", "compression"):
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setattr(decoders, "_accepted", None)
    assert accept_encoding() == "gzip, deflate"
    assert build_decoder(Pieces(), ["br"]) is None
    assert build_decoder(Pieces(), ["gzip", "zstd"]) is None


def test_a_brotli_that_cannot_bound_its_output_is_not_used(monkeypatch):
    class Old:
        class Decompressor:
            def process(self, data):
                return data

    monkeypatch.setitem(sys.modules, "brotli", Old)
    monkeypatch.setitem(sys.modules, "brotlicffi", None)
    monkeypatch.setattr(decoders, "_accepted", None)
    assert "br" not in accept_encoding().split(", ")


def test_zlib_is_loaded_only_for_a_body_that_needs_it():
    code = (
        "import sys; import h11client._messages.response; print('zlib' in sys.modules);"
        "print('brotli' in sys.modules, 'backports.zstd' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-I", "-S", "-c", "import sys; sys.path.insert(0, '.');" + code],
                         capture_output=True, text=True, check=True)  # fmt: skip
    assert run.stdout.split() == ["False", "False", "False"]
