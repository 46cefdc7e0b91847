"""Text: which charset a body is in, and cutting a stream of it into lines."""

from __future__ import annotations

import codecs
import re
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["LineSplitter", "TextDecoder", "charset_of", "decode_text", "guess_encoding"]

_LONGEST_CHARSET = 40  # characters; longer than any name of a codec
# One parameter of a media type (RFC 9110 section 8.3.1): a token, or a quoted string.
# Blanks around the "=" are not in the grammar, and are sent.
_PARAMETER = re.compile(
    r";[ \t]*([\w!#$%&'*+.^`|~-]+)[ \t]*=[ \t]*(?:\"((?:[^\"\\]|\\.)*)\"|([^;,\"\s]*))"
)
# Codecs that are no charset of text on the wire, that are slow on purpose, or that depend on the
# machine.
_NO_CHARSETS = frozenset(
    ["idna", "mbcs", "oem", "punycode", "raw-unicode-escape", "undefined", "unicode-escape"]
)
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_UTF32_MARKS = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
_TEXT_BREAKS = "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"  # what str.splitlines() ends lines at
_BYTE_BREAKS = b"\n\r"


def charset_of(content_type: str) -> str | None:
    """The charset parameter of a Content-Type, when it names a charset that is known here.

    >>> charset_of('text/html; x="; charset=a"; Charset="UTF-8"')
    'UTF-8'
    """
    for parameter in _PARAMETER.finditer(content_type):
        name, quoted, token = parameter.groups()
        if name.lower() == "charset":
            charset = token if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
            charset = charset.strip("' ")
            return charset if _is_charset(charset) else None
    return None


def _is_charset(name: str) -> bool:
    if not 0 < len(name) <= _LONGEST_CHARSET:
        return False
    try:
        codec = codecs.lookup(name).name.replace("_", "-")
        if codec in _NO_CHARSETS:
            return False
        str(b"a", name, "replace")  # LookupError for codecs between bytes and bytes
    except (LookupError, ValueError):
        return False
    return True


def decode_text(content: bytes, charset: str | None) -> str:
    """A whole body as text: by `charset`, else by its byte order mark, else UTF-8 if it is that.

    >>> decode_text("naïve".encode("cp1252"), None), decode_text(b"\\xef\\xbb\\xbfa", None)
    ('naïve', 'a')
    """
    if charset is not None:
        try:
            return str(content, charset, errors="replace")
        except (LookupError, ValueError, TypeError):
            pass  # the caller may have assigned anything; as in requests it does not stop the text
    return str(content, guess_encoding(content), errors="replace")


def guess_encoding(content: bytes) -> str:
    """What a body without charset is in: the byte order mark, else UTF-8 if it decodes, else 1252.

    >>> guess_encoding(b"\\xff\\xfea\\x00"), guess_encoding(b"abc"), guess_encoding(b"\\xe9")
    ('utf-16', 'utf-8', 'windows-1252')
    """
    marked = _marked_encoding(content)
    if marked is not None:
        return marked
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return "windows-1252"
    return "utf-8"


def _marked_encoding(start: bytes) -> str | None:
    for mark, encoding in _BOMS:
        if start.startswith(mark):
            return encoding
    return None


def _ordered_encoding(wide: str, start: bytes) -> str:
    """`wide` if its byte order mark is there, else with the order that whole bodies are read in."""
    marks = _UTF16_MARKS if wide == "utf-16" else _UTF32_MARKS
    return (
        wide if start.startswith(marks) else f"{wide}-{'le' if sys.byteorder == 'little' else 'be'}"
    )


class TextDecoder:
    """A stream of bytes as text: by `charset`, else byte order mark, else UTF-8; errors replaced.

    >>> decoder = TextDecoder(None)
    >>> decoder.feed(b"\\xc3") + decoder.feed(b"\\xa9") + decoder.feed(b"", True)
    'é'
    """

    __slots__ = ("_decoder", "_start", "_wide")

    def __init__(self, charset: str | None) -> None:
        self._start = b""
        self._wide: str | None = None  # a charset whose byte order its first bytes tell
        self._decoder: Any = None
        if charset is not None:
            try:
                str(b"a", charset, "replace")  # LookupError for codecs between bytes and bytes
                codec = codecs.lookup(charset)
                if codec.name in ("utf-16", "utf-32"):
                    self._wide = codec.name
                else:
                    self._decoder = codecs.getincrementaldecoder(charset)(errors="replace")
            except (LookupError, ValueError, TypeError):
                pass  # as for whole bodies

    def feed(self, piece: bytes, final: bool = False) -> str:
        """The text of the next piece; after the last piece once with `final`."""
        if self._decoder is None:
            self._start += piece
            start = self._start
            if not final and any(mark.startswith(start) and mark != start for mark, _ in _BOMS):
                return ""  # it may become a byte order mark
            if self._wide is None:
                encoding = _marked_encoding(start) or "utf-8"
            else:
                encoding = _ordered_encoding(self._wide, start)
            self._decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
            piece, self._start = self._start, b""
        text: str = self._decoder.decode(piece, final)
        return text


class LineSplitter:
    """Cuts a stream of text, or of bytes, into lines without their ends, in linear time.

    A line ends at `delimiter`, or where `splitlines()` ends it. Where the stream was cut into
    pieces makes no difference, not even within CR LF.

    >>> splitter = LineSplitter()
    >>> splitter.feed("a\\r"), splitter.feed("\\nb"), splitter.finish()
    (['a'], [], ['b'])
    """

    __slots__ = ("_after_cr", "_delimiter", "_pending", "_tail")

    def __init__(self, delimiter: Any = None) -> None:
        self._delimiter = delimiter
        self._pending: list[Any] = []  # pieces of the line that is not over
        self._after_cr = False
        self._tail: Any = None  # the end of `_pending`, where a delimiter may have begun

    def feed(self, piece: Any) -> list[Any]:
        """The lines that are over with this piece."""
        if self._delimiter is not None:
            return self._feed_delimited(piece)
        is_text = isinstance(piece, str)
        if self._after_cr and piece:
            self._after_cr = False
            if piece[:1] == ("\n" if is_text else b"\n"):
                piece = piece[1:]
        if not piece:
            return []
        last = piece[-1:]
        ended = last in (_TEXT_BREAKS if is_text else _BYTE_BREAKS)
        lines: list[Any] = piece.splitlines()
        if len(lines) == 1 and not ended:
            self._pending.append(piece)
            return []
        if self._pending:
            lines[0] = piece[:0].join([*self._pending, lines[0]])
            self._pending = []
        if not ended:
            self._pending.append(lines.pop())
        self._after_cr = last == ("\r" if is_text else b"\r")
        return lines

    def _feed_delimited(self, piece: Any) -> list[Any]:
        delimiter = self._delimiter
        seen = piece if self._tail is None else self._tail + piece
        self._pending.append(piece)
        if delimiter not in seen:
            keep = len(delimiter) - 1
            self._tail = seen[-keep:] if keep else seen[:0]
            return []
        lines: list[Any] = piece[:0].join(self._pending).split(delimiter)
        rest = lines.pop()
        self._pending = [rest] if rest else []
        keep = len(delimiter) - 1
        self._tail = rest[-keep:] if keep else rest[:0]
        return lines

    def finish(self) -> list[Any]:
        """What was left without an end, as the last line."""
        pending, self._pending = self._pending, []
        rest = pending[0][:0].join(pending) if pending else None
        return [rest] if rest else []
