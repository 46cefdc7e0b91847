"""Credentials from the user's `.netrc`, for hosts that nothing else was said about.

    file    = *( machine / "default" ) *( "login" name / "password" secret / "account" name )
    machine = "machine" host

`user` is `login`; `macdef` ends with an empty line; a "#" where a keyword could be begins a
comment. Anything in quotes is one word; a backslash takes the character behind it as it is. The
first entry of a host counts, and `default` for hosts that have none.

A file that cannot be read or understood, or is larger than a megabyte, is as good as none: what is
in half of it may not be what was meant.
"""

from __future__ import annotations

import os
import re
from stat import S_ISREG
from time import monotonic

from h11client._log import debug
from h11client._messages.hosts import read_authority
from h11client.auth import HTTPBasicAuth
from h11client.exceptions import InvalidURL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import TypeAlias

    from h11client._messages.url import URL

    Entry: TypeAlias = tuple[str, str]  # login and password
    Entries: TypeAlias = Mapping[str, Sequence[Entry]]

__all__ = ["MAX_FILE", "RECHECK", "Netrc", "credentials_for", "parse_netrc"]

MAX_FILE = 1024 * 1024  # bytes; a hand-written one has some hundred
RECHECK = 1.0  # seconds in which nobody notices that a file has changed
_DEFAULT = ""  # no host has this name
_FILES = ("~/.netrc", "~/_netrc")
_NO_ENTRIES: Entries = {}

_WORD = re.compile(r'\s*(?:"([^"\\]*(?:\\.[^"\\]*)*)"|((?:[^\s\\]|\\.)+))', re.DOTALL)
_PAIR = re.compile(r"\\(.)", re.DOTALL)
_MACRO_END = re.compile(r"\n[ \t\r]*(?:\n|\Z)")
_ATTRIBUTES = {"login": 0, "user": 0, "password": 1}

# What decides where the file is. `os.environ` answers "no" with an exception, and this is asked
# for each request, so the dictionary in it is looked at, where there is one.
_names = tuple(
    getattr(os.environ, "encodekey", str)(name) for name in ("NETRC", "HOME", "USERPROFILE")
)


class MalformedFile(ValueError):
    """The text of a file breaks the rules above; the message says where, and shows nothing."""


def parse_netrc(text: str) -> Entries:
    """The logins and passwords of each host, in order; those of `default` under "".

    Raises:
        MalformedFile: something is not where it should be.

    >>> parse_netrc("machine a.example login me password secret # mine")
    {'a.example': [('me', 'secret')]}
    """
    entries: dict[str, list[Entry]] = {}
    entry: list[str] | None = None
    host = None
    words = _Words(text)
    for word in words:
        if word.startswith("#"):
            words.skip_line()
        elif word == "macdef":
            words.skip_macro()
        elif word in ("machine", "default"):
            _keep(entries, host, entry)
            host = _key(words.value(word)) if word == "machine" else _DEFAULT
            entry = ["", ""]
        elif entry is not None and word in _ATTRIBUTES:
            entry[_ATTRIBUTES[word]] = words.value(word)
        elif entry is not None and word == "account":
            words.value(word)
        else:
            raise MalformedFile(f"line {words.line()}: a word that is no keyword")
    _keep(entries, host, entry)
    return entries


def _keep(entries: dict[str, list[Entry]], host: str | None, entry: list[str] | None) -> None:
    if host is not None and entry is not None:
        entries.setdefault(host, []).append((entry[0], entry[1]))


def _key(machine: str) -> str | None:
    """The name as it is in the host of a URL; None for what can be no host."""
    name = machine.strip("[]") if machine.startswith("[") else machine
    if name.isascii() and ":" not in name:
        return name.lower().removesuffix(".") or None
    try:
        host, zone, _ = read_authority(f"[{name}]" if ":" in name else name, name)
    except InvalidURL:
        return None
    return f"{host}%{zone}" if zone else host.removesuffix(".")


class _Words:
    """The words of a file, one after the other."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._start = 0  # of the word that was read last
        self._end = 0

    def __iter__(self) -> Iterator[str]:
        while (word := self._next()) is not None:
            yield word

    def _next(self) -> str | None:
        found = _WORD.match(self._text, self._end)
        if found is None:
            if self._text[self._end :].strip():
                raise MalformedFile(f"line {self.line()}: a backslash before nothing")
            return None
        quoted, plain = found.groups()
        self._start, self._end = found.start(found.lastindex or 0), found.end()
        if quoted is None and plain.startswith('"'):
            raise MalformedFile(f"line {self.line()}: a quotation without an end")
        word: str = plain if quoted is None else quoted
        return _PAIR.sub(r"\1", word) if "\\" in word else word

    def value(self, keyword: str) -> str:
        """The word behind a keyword."""
        word = self._next()
        if word is None:
            raise MalformedFile(f"line {self.line()}: nothing behind {keyword!r}")
        return word

    def skip_line(self) -> None:
        """Goes to the end of the line on which the last word begins."""
        end = self._text.find("\n", self._start)
        self._end = len(self._text) if end < 0 else end

    def skip_macro(self) -> None:
        """Goes behind the next empty line."""
        end = _MACRO_END.search(self._text, self._end)
        self._end = len(self._text) if end is None else end.end()

    def line(self) -> int:
        """The number of the line on which the last word begins."""
        return self._text.count("\n", 0, self._start) + 1


class Netrc:
    """The file of this user, read again when it has changed.

    Whether it has is looked up once a second at most, so that a request without a file costs next
    to nothing.
    """

    def __init__(self) -> None:
        # Environment, time of the last look, identity of the file, its entries: one object, so
        # that a thread never sees half of a change.
        self._known: tuple[object, float, object, Entries] = (None, 0.0, None, _NO_ENTRIES)

    def entries(self, now: float) -> Entries:
        """What is in the file; `now` is in seconds, of a clock that goes on."""
        variables = getattr(os.environ, "_data", None)
        if variables is None:
            environment: tuple[object, ...] = tuple(map(os.environ.get, _names))
        else:
            environment = tuple(map(variables.get, _names))
        known = self._known
        if environment != known[0] or not 0 <= now - known[1] < RECHECK:
            known = self._known = _look(environment, now, known)
        return known[3]

    def credentials_for(
        self, url: URL, now: float, login: str | None = None, named: bool = False
    ) -> Entry | None:
        """Login and password for the host of `url`, or None.

        `now` is in seconds, of a clock that goes on. With `login` only entries of that name count,
        with `named` only those of the host itself and not `default`.
        """
        entries = self.entries(now)
        if not entries:
            return None
        found = entries.get(url.host.removesuffix("."))
        if not found:
            found = () if named else entries.get(_DEFAULT, ())
        for entry in found:
            if entry[0] and (login is None or entry[0] == login):
                return entry
            if login is None:
                break  # the first entry says that there is no login
        return None


def _look(
    environment: tuple[object, ...], now: float, known: tuple[object, float, object, Entries]
) -> tuple[object, float, object, Entries]:
    """What is known, unless there is another file by now."""
    path = identity = None
    for candidate in _candidates():
        try:
            status = os.stat(candidate)
        except (OSError, ValueError):
            continue
        path = candidate
        # Reading from anything else than a file may take for ever.
        if S_ISREG(status.st_mode):
            identity = (candidate, status.st_ino, status.st_mtime_ns, status.st_size)
        break
    if identity == known[2]:
        return environment, now, identity, known[3]
    entries = _NO_ENTRIES if path is None or identity is None else _read(path)
    return environment, now, identity, entries


def _candidates() -> list[str]:
    """The paths at which the file may be, those without a home left out."""
    named = os.environ.get("NETRC")
    paths = [os.path.expanduser(path) for path in (_FILES if named is None else (named,))]
    return [path for path in paths if path and not path.startswith("~")]


def _read(path: str) -> Entries:
    try:
        with open(path, "rb") as file:
            raw = file.read(MAX_FILE + 1)
    except OSError as error:
        debug("the netrc file cannot be read: %s", type(error).__name__)
        return _NO_ENTRIES
    if len(raw) > MAX_FILE:
        debug("the netrc file is larger than %s bytes, and is not used", MAX_FILE)
        return _NO_ENTRIES
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    try:
        return parse_netrc(text)
    except MalformedFile as error:
        debug("the netrc file cannot be understood, and is not used: %s", error)
        return _NO_ENTRIES


_shared = Netrc()

_NETRC, _HOME, _ = _names
_environ = os.environ
_get_variable: Callable[[object], object] | None = getattr(
    getattr(os.environ, "_data", None), "get", None
)
# Until when `has_entries` knows it, the two variables, and whether there is anything: one object,
# so that a thread never sees half of a change.
_seen: tuple[float, object, object, bool] = (0.0, None, None, False)


def has_entries() -> bool:
    """Whether there is anything in the user's file; asked for each request, so it is quick."""
    global _seen
    now = monotonic()
    get = _get_variable
    if get is None or os.environ is not _environ:
        return bool(_shared.entries(now))
    until, netrc, home, found = _seen
    if now < until and get(_NETRC) is netrc and get(_HOME) is home:
        return found
    netrc, home = get(_NETRC), get(_HOME)
    found = bool(_shared.entries(now))
    _seen = (now + RECHECK, netrc, home, found)
    return found


def credentials_for(
    url: URL, now: float | None = None, login: str | None = None, named: bool = False
) -> HTTPBasicAuth | None:
    """Basic with what the user's file has for the host of `url`, or None.

    `now` is in seconds, of a clock that goes on. With `login`, the user name of a URL, only an
    entry of that name counts, with `named` not `default`. Never raises for anything that is in the
    file.
    """
    found = _shared.credentials_for(url, monotonic() if now is None else now, login, named)
    if found is None:
        return None
    try:
        return HTTPBasicAuth(*found)
    except ValueError as error:
        debug("the netrc entry of %s cannot be sent: %s", url.host, error)
        return None
