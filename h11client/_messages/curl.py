"""A request as a command for curl, to be pasted into a POSIX shell.

What curl would add by itself is taken out, so that what it sends is what we send. A body is given
where there is one: text in the command, a file of the disk by its name, all else by what `printf`
and `cat` write. What is not there any more, like an iterator's pieces, is left to standard input;
so is what is too large for a command. Trailers are left out: curl's command has none.
"""

from __future__ import annotations

import io
from shlex import quote

from h11client._messages.body import NO_BODY, Body, FileBody, TrailedBody
from h11client._messages.masking import mask_content, mask_field, mask_part, mask_url
from h11client._messages.multipart import MultipartBody

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeAlias

    # What a body is made of: bytes, a file of the disk from an offset, or None: nobody knows.
    Piece: TypeAlias = "bytes | tuple[str, int] | None"
    Field: TypeAlias = tuple[bytes, bytes]

__all__ = ["curl_command"]

_LONGEST_WORD = 65536  # bytes of an argument; Linux allows twice as many
_LONGEST_PRINTED = 30_000  # bytes that one printf writes
_LONGEST_BODY = 1024 * 1024  # bytes that are put into a command
_SPECIAL = "'\\!"  # the last one in interactive shells only
_EXPECT_FROM = 1024  # bytes; for larger bodies some versions of curl wait for a 100 (Continue)


def curl_command(request: Any, show_secrets: bool) -> str:
    """The command for a prepared request."""
    method, target, block = request.wire_head()
    fields: list[Field] = block.raw_items()
    body: Body = request.encoded_body
    url = request.parsed_url
    shown = url.text.partition("#")[0]
    if not show_secrets:
        fields = _masked(fields, frozenset(request.generated or ()))
        shown = mask_url(shown)
    writers, data = _body_words(_pieces_of(body, block, show_secrets))
    words = ["curl", *_method_words(method.decode("ascii"), bool(data))]
    if url.scheme == "https":
        words.append("--http1.1")
    if any(character in shown for character in "[]{}"):
        words.append("--globoff")
    if target == b"*":
        words += ["--request-target", quote("*")]
    for name, value in _said(fields, url.authority, bool(data)):
        # How curl is told that a field is empty, and not left out.
        words += ["-H", _word(name + b": " + value if value else name + b";")]
    for left_out in _left_out(fields, body, bool(data)):
        words += ["-H", quote(f"{left_out}:")]
    if any(name.lower() == b"accept-encoding" and value != b"identity" for name, value in fields):
        words.append("--compressed")
    return " ".join([*writers, *words, *data, quote(shown)])


def _masked(fields: list[Field], secret: frozenset[str]) -> list[Field]:
    return [
        (name, mask_field(name.decode(), value.decode("latin-1"), secret).encode("latin-1"))
        for name, value in fields
    ]


def _method_words(method: str, with_data: bool) -> list[str]:
    if method == ("POST" if with_data else "GET"):
        return []
    return ["--head"] if method == "HEAD" and not with_data else ["-X", quote(method)]


def _said(fields: list[Field], authority: bytes, with_data: bool) -> list[Field]:
    """The fields that curl has to be told; the others are what it makes of URL and body."""
    said = []
    for name, value in fields:
        key = name.lower()
        known = (key == b"host" and value == authority) or (key == b"content-length" and with_data)
        # What is meant for a proxy never reaches the origin.
        if not known and key != b"proxy-authorization":
            said.append((name, value))
    return said


def _left_out(fields: list[Field], body: Body, with_data: bool) -> list[str]:
    """What curl sends when nobody says anything about it, and we do not."""
    ours = {name.lower() for name, _ in fields}
    names = ["User-Agent", "Accept"]
    if with_data:
        names.append("Content-Type")
        if body.length is None or body.length > _EXPECT_FROM:
            names.append("Expect")
    return [name for name in names if name.lower().encode() not in ours]


# --- bodies ------------------------------------------------------------------------------------


def _pieces_of(body: Body, block: Any, show_secrets: bool) -> list[Piece] | None:
    """What a body is made of, secrets masked; None: there is none."""
    if body is NO_BODY:
        return None
    pieces = _known_pieces(body, show_secrets)
    types = block.values_of(b"content-type")
    if not show_secrets and types and len(pieces) == 1 and isinstance(pieces[0], bytes):
        pieces = [mask_content(pieces[0], types[0].decode("latin-1"))]
    size = sum(len(piece) for piece in pieces if isinstance(piece, bytes))
    return pieces if size <= _LONGEST_BODY else [None]


def _known_pieces(body: Body, show_secrets: bool) -> list[Piece]:
    if isinstance(body, TrailedBody):
        return _known_pieces(body._inner, show_secrets)
    if body.bytes is not None:
        return [body.bytes]
    if isinstance(body, MultipartBody):
        return _parts(body, show_secrets)
    if isinstance(body, FileBody) and body._start is not None:
        file: Any = body.source
        name = getattr(file, "name", None)
        if type(file) is io.BytesIO:
            return [file.getvalue()[body._start :]]
        if isinstance(name, str) and name[:1] not in ("", "<"):
            return [(name, body._start)]
    return [None]


def _parts(body: MultipartBody, show_secrets: bool) -> list[Piece]:
    """Heads, contents and ends of the parts; what stands together as one piece."""
    pieces: list[Piece] = []
    head = b""
    for part in body._pieces:
        found = _known_pieces(part, show_secrets) if isinstance(part, Body) else [part]
        for piece in found:
            if isinstance(piece, bytes):
                if not show_secrets:
                    before, head = head, piece
                    piece = mask_part(before, piece) if before.startswith(b"--") else piece
                if pieces and isinstance(pieces[-1], bytes):
                    pieces[-1] += piece
                    continue
            pieces.append(piece)
    return pieces


def _body_words(pieces: list[Piece] | None) -> tuple[list[str], list[str]]:
    """What stands before curl, and its arguments, so that it sends the pieces."""
    if pieces is None:
        return [], []
    if len(pieces) == 1:
        (piece,) = pieces
        if piece is None:
            return [], ["--data-binary", "@-"]
        if isinstance(piece, bytes) and len(piece) <= _LONGEST_WORD:
            text = _plain(piece)
            if text is not None:
                return [], ["--data-raw", quote(text)]
        if isinstance(piece, tuple) and piece[1] == 0:
            return [], ["--data-binary", quote(f"@{piece[0]}")]
    writers = [writer for piece in pieces for writer in _writers(piece)]
    joined = writers[0] if len(writers) == 1 else f"{{ {'; '.join(writers)}; }}"
    return [joined, "|"], ["--data-binary", "@-"]


def _writers(piece: Piece) -> list[str]:
    """The commands that write a piece."""
    if piece is None:
        return ["cat"]
    if isinstance(piece, tuple):
        name, start = piece
        name = quote(f"./{name}" if name.startswith("-") else name)
        return [f"tail -c +{start + 1} {name}" if start else f"cat {name}"]
    return [
        f"printf {_printed(piece[at : at + _LONGEST_PRINTED])}"
        for at in range(0, len(piece), _LONGEST_PRINTED)
    ]


# --- words of a shell ----------------------------------------------------------------------------


def _plain(data: bytes) -> str | None:
    """Text that a terminal shows as it is, else None."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return text if all(c.isprintable() or c in "\t\n" for c in text) else None


def _word(data: bytes) -> str:
    text = _plain(data)
    return f'"$(printf {_printed(data)})"' if text is None else quote(text)


def _printed(data: bytes) -> str:
    """The format with which printf of any shell writes these very bytes."""
    shown = []
    for number, byte in enumerate(data):
        character = chr(byte)
        if character == "\n":
            shown.append("\\n")
        elif character == "%":
            shown.append("%%")
        elif 32 <= byte < 127 and character not in _SPECIAL and (number or character != "-"):
            shown.append(character)
        else:
            shown.append(f"\\{byte:03o}")
    return f"'{''.join(shown)}'"
