"""What goes into the request: method, URL, and the keywords of `Session.request`."""

from __future__ import annotations

import json
import os
import re
import stat
import sys
from contextlib import ExitStack
from itertools import chain

from h11client._cli.failures import FileFailure, UsageError
from h11client._cli.items import parse_item

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, BinaryIO

    from h11client._cli.arguments import Arguments
    from h11client._cli.items import Item

__all__ = ["Sending"]

_METHODS = frozenset(
    ["get", "head", "post", "put", "patch", "delete", "options", "trace", "connect"]
)
_CAPITALS = re.compile(r"[A-Z][A-Z0-9_-]*")
_HAVE_BODIES = frozenset(["POST", "PUT", "PATCH"])  # whose body may be standard input unasked
_WITH_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_OPTION_OF_PART = re.compile(r"; *(type|filename)=")

_FORM = "application/x-www-form-urlencoded"
_JSON = "application/json"
_WANTS_JSON = "application/json, */*;q=0.5"
_HELD = 1024 * 1024  # bytes of standard input; what is longer goes out as it comes, in chunks


class Sending:
    """A request, as far as the arguments say; a context manager that closes the files of its body.

    `method` and `url` are to be given to `Session.request`, and `keywords`: `headers`, `params`,
    and one of `data` and `files` with `data`. Raises `UsageError` and `FileFailure`.
    """

    def __init__(self, given: Arguments, stdin: BinaryIO | None) -> None:
        self._files = ExitStack()
        self._stdin = stdin
        method, self.url, rest = _split(given)
        items = [parse_item(text) for text in rest]
        self._headers: list[tuple[str, str | None]] = []
        self._add_headers(given, items)
        self.keywords: dict[str, Any] = {
            "params": [
                (_encoded(item.name), _encoded(item.value))
                for item in items
                if item.separator == "=="
            ]
        }
        try:
            self.has_body = self._set_body(given, items, method)
            if given.head:
                if self.has_body or method not in (None, "HEAD"):
                    raise UsageError("-I asks by HEAD, and with no body")
                method = "HEAD"
        except BaseException:
            self._files.close()
            raise
        self.method = method or ("POST" if self.has_body else "GET")
        self.keywords["headers"] = self._headers

    def __enter__(self) -> Sending:
        return self

    def __exit__(self, *error: object) -> None:
        self._files.close()

    # --- headers ---------------------------------------------------------------------------

    def _add_headers(self, given: Arguments, items: list[Item]) -> None:
        for line in given.header:
            name, colon, value = line.partition(":")
            if not colon and line.endswith(";"):
                self._headers.append((line[:-1], ""))
            elif not colon:
                raise UsageError("-H is 'Name: value', and one has no colon")  # perhaps a secret
            else:
                self._headers.append((name, value.strip() or None))
        for item in items:
            if item.separator == ":":
                self._headers.append((item.name, item.value.strip() or None))
            elif item.separator == ";":
                self._headers.append((item.name, ""))
        if given.user_agent is not None:
            self._headers.append(("User-Agent", given.user_agent or None))
        cookies = [text for text in given.cookie if "=" in text]  # the others are files
        if cookies:
            self._headers.append(("Cookie", "; ".join(cookies)))

    def _add_default(self, name: str, value: str) -> None:
        """Adds a header that the user has not said anything about."""
        if name.lower() not in {said.lower() for said, _ in self._headers}:
            self._headers.append((name, value))

    # --- the body --------------------------------------------------------------------------

    def _set_body(self, given: Arguments, items: list[Item], method: str | None) -> bool:
        """Finds out which kind of body is meant; whether there is one."""
        whole = [item.value for item in items if item.separator == "@" and not item.name]
        files = [item for item in items if item.separator == "@" and item.name]
        fields = [item for item in items if item.separator in ("=", ":=", "=@", ":=@")]
        as_form = bool(files or given.part)
        kinds = {
            "-d": given.data,
            "--json": given.json,
            "@file": whole,
            "fields and files of items and -F": fields or files or given.part,
        }
        said = [kind for kind, found in kinds.items() if found]
        if len(said) > 1 or len(whole) > 1:
            raise UsageError(f"there is one body only, and not {' and '.join(said)}")
        if given.data:
            self.keywords["data"] = b"&".join(map(self._read, given.data))
            self._add_default("Content-Type", _FORM)
        elif given.json:
            self._set_json(b"".join(map(self._read, given.json)))
        elif whole:
            self._set_whole(whole[0])
        elif as_form:
            self._set_multipart(given.part, files, fields)
        elif fields and given.form:
            pairs = [(item.name, self._text_of(item)) for item in fields]
            self.keywords["data"] = [(_encoded(name), _encoded(text)) for name, text in pairs]
        elif fields:
            self._set_json(self._object_of(fields))
        elif method in _HAVE_BODIES and _is_fed(self._stdin):
            self._set_whole("-")
            return True
        return bool(said)

    def _set_json(self, content: bytes) -> None:
        self.keywords["data"] = content
        self._add_default("Content-Type", _JSON)
        self._add_default("Accept", _WANTS_JSON)

    def _object_of(self, fields: list[Item]) -> bytes:
        """The JSON object with these fields; numbers stay as they were written."""
        members: dict[str, str] = {}
        for item in fields:
            if item.name in members:
                raise UsageError(f"the field {item.name!r} is there twice; a list is {item.name}:=")
            text = self._text_of(item)
            if item.separator.startswith(":="):
                members[item.name] = _checked_json(text, item)
            else:
                members[item.name] = json.dumps(text, ensure_ascii=False)
        pairs = [f"{json.dumps(name, ensure_ascii=False)}: {members[name]}" for name in members]
        try:
            return ("{" + ", ".join(pairs) + "}").encode("utf-8")
        except UnicodeEncodeError:
            raise UsageError("JSON is in UTF-8, and a field is not") from None

    def _text_of(self, item: Item) -> str:
        if not item.separator.endswith("@"):
            return item.value
        try:
            return self._read_file(item.value).decode("utf-8")
        except UnicodeDecodeError:
            raise FileFailure(f"{item.value}: it is no text in UTF-8") from None

    def _set_multipart(self, parts: list[str], files: list[Item], fields: list[Item]) -> None:
        made: list[tuple[str, Any]] = []
        for item in fields:
            made.append((item.name, (None, _encoded(self._text_of(item)))))
        for item in files:
            made.append((item.name, self._file_part(item.value)))
        for part in parts:
            name, equals, value = part.partition("=")
            if not equals or not name:
                raise UsageError(f"-F is NAME=VALUE or NAME=@FILE, not {part!r}")
            if value.startswith("@"):
                made.append((name, self._file_part(value[1:])))
            elif value.startswith("<"):
                made.append((name, (None, self._read_file(value[1:]))))
            else:
                made.append((name, (None, _encoded(value))))
        self.keywords["files"] = made

    def _file_part(self, value: str) -> tuple[str, BinaryIO, str]:
        """Name, content and media type of "PATH[;type=TYPE][;filename=NAME]"."""
        path, *options = _OPTION_OF_PART.split(value)
        said = dict(zip(options[::2], options[1::2]))
        name = said.get("filename", os.path.basename(path))
        media_type = said.get("type") or _media_type_of(name) or "application/octet-stream"
        return name, self._open(path), media_type

    def _set_whole(self, path: str) -> None:
        """Takes the body from a file, or from standard input, as it is."""
        if path != "-":
            self.keywords["data"] = self._open(path)
            media_type = _media_type_of(path)
        else:
            stdin = self._need_stdin()
            start = stdin.read(_HELD)
            rest = stdin.read(1) if len(start) == _HELD else b""
            self.keywords["data"] = chain([start, rest], _pieces(stdin)) if rest else start
            media_type = _JSON if not rest and _is_json(start) else None
        if media_type is not None:
            self._add_default("Content-Type", media_type)

    # --- files -----------------------------------------------------------------------------

    def _open(self, path: str) -> BinaryIO:
        if path == "-":
            return self._need_stdin()
        try:
            return self._files.enter_context(open(path, "rb"))
        except OSError as error:
            raise FileFailure.of(error, path) from error

    def _read_file(self, path: str) -> bytes:
        try:
            return self._open(path).read()
        except OSError as error:
            raise FileFailure.of(error, path) from error

    def _read(self, text: str) -> bytes:
        """A value of -d or --json."""
        return self._read_file(text[1:]) if text.startswith("@") else _encoded(text)

    def _need_stdin(self) -> BinaryIO:
        if self._stdin is None:
            raise UsageError("there is no standard input, or it is used already")
        stdin, self._stdin = self._stdin, None
        return stdin


def _split(given: Arguments) -> tuple[str | None, str, list[str]]:
    """The method if there is one, the URL, and the items."""
    words = list(given.words)
    method = given.request
    if len(words) > 1 and (words[0].lower() in _METHODS or _CAPITALS.fullmatch(words[0])):
        if method is not None:
            raise UsageError(f"-X {method} and {words[0]} both say the method")
        method = words.pop(0).upper()
    url = words.pop(0)
    if method is None and not words and url.isupper() and url.lower() in _METHODS:
        raise UsageError(f"there is no URL behind {url}")
    if url.startswith(":") and not url.startswith("::"):
        url = "localhost" + url  # ":8000/path"
    if not _WITH_SCHEME.match(url):
        url = "http://" + url.removeprefix("//")
    return method, url, words


def _encoded(text: str) -> bytes:
    """Text of an argument as UTF-8; bytes that were none come out as they went in."""
    return text.encode("utf-8", "surrogateescape")


def _checked_json(text: str, item: Item) -> str:
    """`text`, which has to be JSON (RFC 8259)."""
    try:
        json.loads(text, parse_constant=_refuse_constant, parse_int=str)
    except (ValueError, RecursionError):
        what = "the file" if item.separator.endswith("@") else "the value"
        raise UsageError(f"{what} of {item.name!r} is no JSON") from None
    return text.strip()


def _refuse_constant(name: str) -> None:
    raise ValueError(name)  # NaN and infinities, which only Python takes for JSON


def _is_json(content: bytes) -> bool:
    try:
        json.loads(content, parse_int=str)
    except (ValueError, RecursionError):
        return False
    return True


def _media_type_of(path: str) -> str | None:
    from mimetypes import guess_type

    media_type, coding = guess_type(os.path.basename(path))
    return None if coding else media_type


def _is_fed(stdin: BinaryIO | None) -> bool:
    """Whether somebody has put something there to be read: a pipe, or a file."""
    try:
        mode = os.fstat(stdin.fileno()).st_mode if stdin is not None else 0
    except (OSError, ValueError):
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISREG(mode)


def _pieces(file: BinaryIO) -> Iterable[bytes]:
    read = getattr(file, "read1", file.read)  # what is there, without waiting for more
    while piece := read(65536):
        yield piece


def standard_input() -> BinaryIO | None:
    """The bytes of standard input; None where it is closed."""
    return None if sys.stdin is None else sys.stdin.buffer
