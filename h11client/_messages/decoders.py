"""Content codings: undoing what Content-Encoding names, a bounded step at a time.

A few hundred bytes can decode to gigabytes, so nobody decodes "all of it": a decoder is read like
the body below it, `read(max_bytes)`, and makes at most `STEP` bytes more than it was asked for.
Codings on top of each other are decoders on top of each other.

    gzip, x-gzip   RFC 1952: any number of members; what follows the last and is none is ignored
    deflate        RFC 1950, and RFC 1951 without its wrapping, which many servers send
    br             RFC 7932, with the package brotli (brotlicffi on PyPy)
    zstd           RFC 8878: any number of frames; from Python 3.14, before with backports.zstd

A body that ends within its coding is an error. So is anything but silence for a reader who
stopped at an exception: a part is never taken for the whole.
"""

from __future__ import annotations

import re

from h11client._log import debug
from h11client.exceptions import ContentDecodingError, RequestException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any, Protocol, TypeAlias

    class Source(Protocol):
        """Where bytes come from: at most `max_bytes` of them, b"" after the last."""

        def read(self, max_bytes: int, /) -> bytes: ...

    Undo: TypeAlias = Callable[["Window"], Iterator[bytes]]

__all__ = ["MAX_CODINGS", "Decoder", "accept_encoding", "build_decoder", "content_codings"]

STEP = 32768  # bytes of output at a time: what zlib makes without putting it together of pieces
BROTLI_STEP = 16384  # a soft limit: the block that passes it is finished, 32 KiB in all
SOURCE_READ = 65536  # bytes asked of the body, which has them already
CODED_READ = 8192  # bytes asked of a decoder below
FIRST_WINDOW = 256  # bytes of input: many small members would else copy their neighbours
WINDOW = 8192  # bytes of input per step; what a step leaves is copied
INFLATE_WINDOW = 16384  # the same for zlib, which of a bomb is given less
MAX_CODINGS = 5  # nobody needs more than one
MAX_EMPTY_MEMBERS = 1_000_000  # in a row: work without output has to end some time
MAX_GARBAGE = 262144  # bytes behind the end that are read over, to see whether the body ends
ZSTD_WINDOW_LOG = 23  # 8 MiB, the most that RFC 9659 lets a server ask for

_GZIP_MAGIC = b"\x1f\x8b"
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_ZSTD_SKIPPABLE = re.compile(rb"[\x50-\x5f]\x2a\x4d\x18")  # RFC 8878 section 3.1.2


class Window:
    """A look at what a source gives: some bytes at a time, taken as far as they were used."""

    __slots__ = ("_ask", "_block", "_source", "_start")

    def __init__(self, source: Source, ask: int) -> None:
        self._source = source
        self._ask = ask
        self._block = b""
        self._start = 0

    def peek(self, size: int) -> bytes:
        """The next bytes, at most `size`, b"" only at the end."""
        if self._start >= len(self._block):
            self._block = self._source.read(self._ask)
            self._start = 0
        return self._block[self._start : self._start + size]

    def peek_all(self, size: int) -> bytes:
        """The next `size` bytes, fewer only at the end."""
        found = self.peek(size)
        while len(found) < size:
            more = self._source.read(self._ask)
            if not more:
                break
            self._block = self._block[self._start :] + more
            self._start = 0
            found = self._block[:size]
        return found

    def skip(self, size: int) -> None:
        """Takes the bytes that were used."""
        self._start += size

    def skip_garbage(self, coding: str) -> None:
        """Reads over what follows the end of the coding."""
        skipped = 0
        while rest := self.peek(SOURCE_READ):
            skipped += len(rest)
            if skipped > MAX_GARBAGE:
                raise ContentDecodingError(f"the body goes on behind the end of its {coding} data")
            self.skip(len(rest))
        if skipped:
            debug("ignored %s bytes behind the end of %s data", skipped, coding)


class Decoder:
    """A body with one content coding undone; read like the body below it.

    Raises `ContentDecodingError` for data that is not in the coding or ends within it, and what
    reading the body below raises. After an exception every further `read` raises too.
    """

    __slots__ = ("_failure", "_output", "_pieces", "_start")

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._output = b""
        self._start = 0
        self._failure: RequestException | None = None

    def read(self, max_bytes: int) -> bytes:
        """Returns 1 to `max_bytes` bytes, or b"" after the last."""
        output = self._output
        start = self._start
        if start >= len(output):
            if self._failure is not None:
                raise self._failure
            try:
                output = next(self._pieces, b"")
            except BaseException as error:
                self._fail(error)
                raise
            if len(output) <= max_bytes:
                return output
            self._output = output
            start = 0
        piece = output[start : start + max_bytes]
        self._start = start + len(piece)
        if self._start == len(output):
            self._output = b""
            self._start = 0
        return piece

    def _fail(self, error: BaseException) -> None:
        # The generator is over by now; asked again, it would say that the body is. Of others'
        # exceptions none is kept, with the frames that they hold on to.
        self._failure = (
            error
            if isinstance(error, RequestException)
            else ContentDecodingError("decoding the body was interrupted")
        )


def content_codings(values: Iterable[bytes]) -> list[str]:
    """The codings of all Content-Encoding lines, in the order of their application.

    Raises:
        ContentDecodingError: there are more than `MAX_CODINGS`.

    >>> content_codings([b"gzip, BR", b"identity"])
    ['gzip', 'br', 'identity']
    """
    codings: list[str] = []
    for value in values:
        for name in value.decode("latin-1").lower().split(","):
            name = name.strip(" \t")
            if name:
                codings.append(name)
                if len(codings) > MAX_CODINGS:
                    raise ContentDecodingError(f"more than {MAX_CODINGS} content codings")
    return codings


def build_decoder(source: Source, codings: list[str]) -> Decoder | None:
    """What reads `source` with all `codings` undone; None when there is nothing that could be.

    A body in a coding that nobody here knows stays as it is (RFC 9110 section 8.4).
    """
    undoing = [_undo_of(name) for name in codings if name != "identity"]
    decoder: Decoder | None = None
    if None in undoing:
        return None
    for undo in reversed(undoing):  # the last one applied is the outermost
        assert undo is not None
        below = Window(source, SOURCE_READ) if decoder is None else Window(decoder, CODED_READ)
        decoder = Decoder(undo(below))
    return decoder


def _undo_of(coding: str) -> Undo | None:
    if coding in ("gzip", "x-gzip"):  # RFC 9110 section 8.4.1.3
        return _undo_gzip
    if coding == "deflate":
        return _undo_deflate
    if coding == "br" and _brotli() is not None:
        return _undo_brotli
    if coding == "zstd" and _zstd() is not None:
        return _undo_zstd
    return None


_accepted: str | None = None


def accept_encoding() -> str:
    """The value of Accept-Encoding: every coding that there is a decoder for, and no other.

    >>> accept_encoding().startswith("gzip, deflate")
    True
    """
    global _accepted
    if _accepted is None:
        names = ["gzip", "deflate", "br", "zstd"]
        _accepted = ", ".join([name for name in names if _undo_of(name) is not None])
    return _accepted


def _brotli() -> Any:
    """The package that knows brotli, when it can bound what it makes."""
    for name in ("brotli", "brotlicffi"):
        try:
            module = __import__(name)
            module.Decompressor().process(b"", output_buffer_limit=1)
        except (ImportError, AttributeError, TypeError):
            continue
        return module
    return None


def _zstd() -> Any:
    from importlib import import_module

    for name in ("compression.zstd", "backports.zstd"):
        try:
            return import_module(name)
        except ImportError:
            continue
    return None


# --- One function per coding: pieces of at most STEP bytes, none of them empty --------------------


def _undo_gzip(window: Window) -> Iterator[bytes]:
    if window.peek(1):
        yield from _inflate(window, 31, "gzip")


def _undo_deflate(window: Window) -> Iterator[bytes]:
    head = window.peek_all(2)
    if head:
        # RFC 1950 section 2.2: compression method, window size, and a checksum over both bytes.
        wrapped = len(head) == 2 and head[0] & 0x8F == 8 and int.from_bytes(head, "big") % 31 == 0
        yield from _inflate(window, 15 if wrapped else -15, "deflate")


def _inflate(window: Window, wbits: int, coding: str) -> Iterator[bytes]:
    """What zlib decodes; of gzip every member."""
    import zlib

    engine = zlib.decompressobj(wbits)
    size = FIRST_WINDOW
    empty = 0  # members in a row without content; -1 while one has some
    while True:
        given = window.peek(size)
        try:
            made = engine.decompress(given, STEP)
        except zlib.error as error:
            raise ContentDecodingError(f"the body is not {coding}: {error}") from error
        over = engine.eof
        used = len(given) - len(engine.unused_data if over else engine.unconsumed_tail)
        window.skip(used)
        if made:
            empty = -1
            yield made
            made = b""  # not to be kept while the next one is made
        elif not used and not over:
            if not given:
                raise ContentDecodingError(f"the body ends within its {coding} data")
            raise ContentDecodingError(f"the {coding} data does not go on")
        if not over:
            size = min(max(4 * used, FIRST_WINDOW), INFLATE_WINDOW)
        elif coding == "gzip" and window.peek_all(2) == _GZIP_MAGIC:
            empty += 1
            if empty > MAX_EMPTY_MEMBERS:
                raise ContentDecodingError(f"more than {MAX_EMPTY_MEMBERS} empty gzip members")
            engine = zlib.decompressobj(wbits)
            size = FIRST_WINDOW
        else:
            break
    window.skip_garbage(coding)


def _undo_brotli(window: Window) -> Iterator[bytes]:
    module = _brotli()
    engine = module.Decompressor()
    if not window.peek(1):
        return
    while not engine.is_finished():
        wanting = engine.can_accept_more_data()
        given = window.peek(WINDOW) if wanting else b""
        try:
            made = engine.process(given, output_buffer_limit=BROTLI_STEP)
        except module.error as error:
            raise ContentDecodingError(f"the body is not br: {error}") from error
        window.skip(len(given))
        if made:
            yield made
        elif not (given or engine.is_finished()):
            if wanting:
                raise ContentDecodingError("the body ends within its br data")
            if not engine.can_accept_more_data():
                raise ContentDecodingError("the br data does not go on")
    # Within one piece brotli refuses what follows its end: so do we, however it was split.
    if window.peek(1):
        raise ContentDecodingError("the body goes on behind the end of its br data")


def _undo_zstd(window: Window) -> Iterator[bytes]:
    module = _zstd()
    options = {module.DecompressionParameter.window_log_max: ZSTD_WINDOW_LOG}
    empty = 0
    head = window.peek(1)
    while head:
        made = False
        for piece in _expand(window, module.ZstdDecompressor(options=options), module.ZstdError):
            made = True
            yield piece
        empty = 0 if made else empty + 1
        if empty > MAX_EMPTY_MEMBERS:
            raise ContentDecodingError(f"more than {MAX_EMPTY_MEMBERS} empty zstd frames")
        head = window.peek_all(4)
        if head != _ZSTD_MAGIC and not _ZSTD_SKIPPABLE.match(head):
            window.skip_garbage("zstd")
            return


def _expand(window: Window, engine: Any, broken: type[Exception]) -> Iterator[bytes]:
    """One zstd frame; the window is left at the first byte behind it."""
    size = FIRST_WINDOW
    while not engine.eof:
        wanting = engine.needs_input
        given = window.peek(size) if wanting else b""
        try:
            made = engine.decompress(given, STEP)
        except broken as error:
            raise ContentDecodingError(f"the body is not zstd: {error}") from error
        window.skip(len(given) - len(engine.unused_data if engine.eof else b""))
        if made:
            yield made
        elif not (given or engine.eof):
            if wanting:
                raise ContentDecodingError("the body ends within its zstd data")
            if not engine.needs_input:
                raise ContentDecodingError("the zstd data does not go on")
        size = min(size * 4, WINDOW)
