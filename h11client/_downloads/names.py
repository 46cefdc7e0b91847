"""What a file is called that is downloaded into a directory: as the server says, else as the URL.

Nobody but the caller chooses the directory: of what a server says only the last part of a path is
taken, and nothing that a system would not take for a plain name (RFC 6266 section 4.3).
"""

from __future__ import annotations

import re
from os import fsencode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["MAX_NAME", "name_from_disposition", "name_from_url", "plain_name", "shortened"]

MAX_NAME = 200  # bytes; systems allow 255, and partial files have longer names
_FALLBACK = "download"
# RFC 6266 section 4.1; a value that is quoted may have anything in it but what would end it.
_PARAMETER = re.compile(
    r";[ \t]*([\w!#$%&'*+.^`|~-]+)[ \t]*=[ \t]*(?:\"((?:[^\"\\]|\\.)*)\"|([^;\"\s]*))"
)
_EXTENDED = re.compile(r"(?i)(utf-8|iso-8859-1)'[a-z0-9-]*'((?:[\w!#$&+.^`|~-]|%[0-9a-f]{2})*)")
_NOT_EVERYWHERE = frozenset('<>:"|?*')  # characters that some systems do not allow
_DEVICES = frozenset(
    [
        *("con", "prn", "aux", "nul"),
        *(f"{device}{number}" for device in ("com", "lpt") for number in "123456789¹²³"),
    ]
)


def name_from_disposition(headers: Any) -> str | None:
    """A safe name made of a response's Content-Disposition; None when it has none to give.

    `filename*` goes before `filename` (RFC 6266 section 4.3).

    >>> name_from_disposition({"Content-Disposition": 'attachment; filename="../../a b.txt"'})
    'a b.txt'
    """
    value = headers.get("Content-Disposition")
    if not value:
        return None
    found: dict[str, str] = {}
    for name, quoted, token in _PARAMETER.findall(value):
        text = re.sub(r"\\(.)", r"\1", quoted) if quoted else token
        found.setdefault(name.lower(), text)
    named = _decoded(found.get("filename*", ""))
    return plain_name(named or "") or plain_name(_as_utf8(found.get("filename", ""))) or None


def name_from_url(url: str) -> str:
    """A safe name made of the last part of a URL's path.

    >>> name_from_url("http://a.test/b/c%20d.txt?e#f"), name_from_url("http://a.test/")
    ('c d.txt', 'download')
    """
    from urllib.parse import unquote

    path = re.split(r"[?#]", url.partition("://")[2], maxsplit=1)[0]
    last = path.partition("/")[2].rpartition("/")[2]
    return plain_name(unquote(last)) or _FALLBACK


def _decoded(value: str) -> str | None:
    """An extended value (RFC 8187 section 3.2.1), None when it is none."""
    match = _EXTENDED.fullmatch(value)
    if match is None:
        return None
    from urllib.parse import unquote_to_bytes

    try:
        return unquote_to_bytes(match[2]).decode(match[1])
    except UnicodeDecodeError:
        return None


def _as_utf8(value: str) -> str:
    """Headers are read as latin-1; servers that do not know `filename*` send UTF-8."""
    try:
        return value.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return value


def plain_name(name: str) -> str:
    """The last part of a path as a plain, visible name; "" when nothing is left of it."""
    last = name.replace("\\", "/").rpartition("/")[2]
    shown = [c if c.isprintable() and c not in _NOT_EVERYWHERE else "_" for c in last]
    plain = "".join(shown).strip(" .")
    if plain.partition(".")[0].strip().lower() in _DEVICES:
        plain = f"_{plain}"
    return shortened(plain, MAX_NAME)


def shortened(name: str, size: int) -> str:
    """At most `size` bytes of a name, with its suffix where that is short enough to be one."""
    if len(fsencode(name)) <= size:
        return name
    stem, dot, suffix = name.rpartition(".")
    if not stem or len(fsencode(suffix)) > 20:
        stem, dot, suffix = name, "", ""
    while len(fsencode(stem + dot + suffix)) > size:
        stem = stem[:-1]
    return stem.rstrip(" .") + dot + suffix
