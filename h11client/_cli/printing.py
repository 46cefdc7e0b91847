"""The response on standard output: as it is in a pipe, and for people on a terminal."""

from __future__ import annotations

from codecs import getincrementaldecoder

from h11client._cli.heads import head_bytes, head_parts
from h11client._cli.json_text import indent_json
from h11client._cli.terminal import visible
from h11client._messages.text import TextDecoder, decode_text
from h11client.exceptions import RequestException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from h11client import Response
    from h11client._cli.arguments import Arguments
    from h11client._cli.terminal import Terminal

__all__ = ["BinaryBody", "print_response", "write_response"]

_MOST_INDENTED = 4 * 1024 * 1024  # bytes of JSON; more than anybody reads
_BINARY_TYPES = ("image/", "audio/", "video/", "font/")


class BinaryBody(Exception):
    """The body is nothing to be read on a terminal, and the rest of it was not asked for."""


def print_response(response: Response, given: Arguments, terminal: Terminal) -> None:
    """Writes the response for people; raises `BinaryBody` where something else begins."""
    if given.include or given.head:
        terminal.write_parts(head_parts(response))
    if given.raw:
        terminal.file.flush()
        copy_body(response.iter_bytes(), terminal.file.buffer)
        return
    start, rest = _take_json(response)
    indented = _indented(response, start)
    if indented is not None:
        terminal.write_parts(indented)
        terminal.write("\n")
        return
    _print_text(response, _all(start, rest), terminal)


def write_response(response: Response, given: Arguments, file: BinaryIO) -> None:
    """Writes the response as it is; with --pretty its JSON is indented."""
    if given.include or given.head:
        file.write(head_bytes(response))
    if not given.pretty:
        copy_body(response.iter_bytes(), file)
        return
    start, rest = _take_json(response)
    indented = _indented(response, start)
    if indented is None:
        copy_body(_all(start, rest), file)
        return
    text = "".join([piece for piece, _ in indented])
    copy_body(iter([text.encode("utf-8", "replace"), b"\n"]), file)


def copy_body(pieces: Iterator[bytes], file: BinaryIO) -> None:
    """Writes each piece of a body as soon as it has come."""
    for piece in pieces:
        file.write(piece)
        file.flush()
    file.flush()


def is_json(response: Response) -> bool:
    """Whether its media type is that of JSON (RFC 8259, RFC 6839 section 3.1)."""
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    return kind == "application/json" or kind.endswith("+json")


def _take_json(response: Response) -> tuple[bytes | None, Iterator[bytes]]:
    """All of a body that says it is JSON, or None; and what is to come, errors included."""
    pieces = response.iter_bytes()
    if not is_json(response):
        return None, pieces
    taken: list[bytes] = []
    size = 0
    try:
        for piece in pieces:
            taken.append(piece)
            size += len(piece)
            if size > _MOST_INDENTED:
                return None, _all(b"".join(taken), pieces)
    except RequestException as error:
        return None, _broken(b"".join(taken), error)
    return b"".join(taken), pieces


def _broken(start: bytes, error: RequestException) -> Iterator[bytes]:
    yield start
    raise error


def _all(start: bytes | None, rest: Iterator[bytes]) -> Iterator[bytes]:
    if start:
        yield start
    yield from rest


def _indented(response: Response, content: bytes | None) -> Iterator[tuple[str, str]] | None:
    return None if content is None else indent_json(decode_text(content, response.encoding))


def _print_text(response: Response, pieces: Iterator[bytes], terminal: Terminal) -> None:
    """Writes text as it comes, so that nothing in it but its characters reaches the terminal."""
    decoder = TextDecoder(response.encoding)
    binary = _BinaryCheck(response)
    held = last = ""
    for piece in pieces:
        binary.check(piece)
        # An end of line may be cut in two.
        text = (held + decoder.feed(piece)).replace("\r\n", "\n")
        held = "\r" if text.endswith("\r") else ""
        text = visible(text.removesuffix(held))
        terminal.write(text)
        last = text or last
    text = visible(held + decoder.feed(b"", True))
    terminal.write(text)
    last = text or last
    if last and not last.endswith("\n"):
        terminal.write("\n")


class _BinaryCheck:
    """Whether a body is something else than text: by its type, by NUL, or as it is no UTF-8."""

    def __init__(self, response: Response) -> None:
        kind = response.headers.get("Content-Type", "").strip().lower()
        self._never = kind.startswith(_BINARY_TYPES) and not kind.startswith("image/svg")
        charset = (response.encoding or "").lower()
        self._may_have_nul = charset.startswith(("utf-16", "utf-32", "utf16", "utf32"))
        told = bool(charset) or kind.startswith("text/")
        self._decoder = None if told else getincrementaldecoder("utf-8")()

    def check(self, piece: bytes) -> None:
        """Raises `BinaryBody` when this piece says so."""
        if piece and (self._never or (b"\0" in piece and not self._may_have_nul)):
            raise BinaryBody
        if self._decoder is not None:
            try:
                self._decoder.decode(piece)
            except UnicodeDecodeError:
                raise BinaryBody from None
