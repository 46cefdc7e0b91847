"""The user's netrc file: what is in it, for whom it counts, and what looking for it costs."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import pytest

from h11client._messages.url import parse_url
from h11client._policies import netrc
from h11client._policies.netrc import MAX_FILE, MalformedFile, Netrc, credentials_for, parse_netrc
from h11client.auth import HTTPBasicAuth
from tests.growth import grows_linearly

WELL_FORMED = [
    ("nothing", "", {}),
    ("blanks", " \n\t\r\n", {}),
    ("one line", "machine a login b password c", {"a": [("b", "c")]}),
    ("lines", "machine a\n  login b\r\n\tpassword c\n", {"a": [("b", "c")]}),
    ("any order", "machine a password c login b", {"a": [("b", "c")]}),
    ("user for login", "machine a user b password c", {"a": [("b", "c")]}),
    ("an account", "machine a login b account x password c", {"a": [("b", "c")]}),
    ("no password", "machine a login b", {"a": [("b", "")]}),
    ("no login", "machine a password c", {"a": [("", "c")]}),
    ("a machine alone", "machine a", {"a": [("", "")]}),
    ("an empty word", 'machine a login "" password c', {"a": [("", "c")]}),
    ("two machines", "machine a login b machine c login d", {"a": [("b", "")], "c": [("d", "")]}),
    ("one twice", "machine a login b machine a login c", {"a": [("b", ""), ("c", "")]}),
    ("default", "default login b password c", {"": [("b", "c")]}),
    ("keywords as values", "machine login login password password machine", {"login": [("password", "machine")]}),
    ("quotes", 'machine a login "b c" password "d \\" \\\\ e"', {"a": [("b c", 'd " \\ e')]}),
    ("a quote inside", 'machine a login b"c password d', {"a": [('b"c', "d")]}),
    ("a backslash", "machine a login b\\ c password d\\\\e", {"a": [("b c", "d\\e")]}),
    ("comments", "# x\nmachine a #login x\nlogin b # y\n#password z\npassword c#d", {"a": [("b", "c#d")]}),
    ("a password that begins with #", "machine a login b password #c", {"a": [("b", "#c")]}),
    ("a macro", "macdef m\n  put x\n machine y\n\nmachine a login b", {"a": [("b", "")]}),
    ("a macro in an entry", "machine a login b\nmacdef m\nx\n\r\npassword c", {"a": [("b", "c")]}),
    ("a macro to the end", "machine a login b\nmacdef m\nx", {"a": [("b", "")]}),
    ("case and a last dot", "machine A.Example. login b", {"a.example": [("b", "")]}),
    ("a name beyond ASCII", "machine b\u00fccher.example login b", {"xn--bcher-kva.example": [("b", "")]}),
    ("an address", "machine [2001:DB8:0::1] login b", {"2001:db8::1": [("b", "")]}),
    ("an address without brackets", "machine 2001:db8::1 login b", {"2001:db8::1": [("b", "")]}),
    ("what can be no host", "machine a:80 login b machine c login d", {"c": [("d", "")]}),
]  # fmt: skip
MALFORMED = [
    ("an unknown word", "machine a login b port 22"),
    ("a word before any machine", "login b"),
    ("nothing behind machine", "machine"),
    ("nothing behind login", "machine a login"),
    ("an open quotation", 'machine a login "b'),
    ("an open quotation behind blanks", 'machine a password   "b c'),
    ("a backslash at the end", "machine a login b\\"),
    ("a backslash alone", "machine a login \\"),
    ("another format", '{"machines": {}}'),
    ("bytes", "\x00\x01\x02"),
]


@pytest.mark.safety("N1")
@pytest.mark.parametrize(
    ("text", "expected"),
    [row[1:] for row in WELL_FORMED],
    ids=[row[0] for row in WELL_FORMED],
)
def test_entries_are_read(text: str, expected: object) -> None:
    assert parse_netrc(text) == expected


@pytest.mark.safety("N1")
@pytest.mark.parametrize("text", [row[1] for row in MALFORMED], ids=[row[0] for row in MALFORMED])
def test_what_cannot_be_understood_is_said_with_its_line(text: str) -> None:
    with pytest.raises(MalformedFile, match=r"^line 3: "):
        parse_netrc("# secret\n\n" + text)


@pytest.mark.safety("N1")
@pytest.mark.parametrize(
    "piece",
    ["a", " ", "\n", '"', '"a', "\\", '\\"', "#", "# a\n", "machine a ", "macdef a\n", "\n ", "default "],
)  # fmt: skip
def test_a_hostile_file_costs_time_in_proportion_to_its_size_only(piece: str) -> None:
    def parse(size: int) -> None:
        for before in ("", 'machine a login "', "macdef m"):
            try:
                parse_netrc(before + piece * (size // len(piece)))
            except MalformedFile:
                continue

    assert grows_linearly(parse, 20000)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home without a netrc file, in which nothing is known yet."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("NETRC", raising=False)
    monkeypatch.setattr(netrc, "_shared", Netrc())
    return tmp_path


FILE = """
machine a.example login alice password first
machine a.example login bob password second
machine nobody.example password unused
machine user.example login user
machine bad.example login a:b password c
default login anyone password anything
"""


def found(url: str, login: str | None = None, now: float = 0.0) -> HTTPBasicAuth | None:
    return credentials_for(parse_url(url), now, login)


@pytest.mark.safety("N1", "2l4")
@pytest.mark.parametrize(
    ("url", "login", "expected"),
    [
        ("http://a.example/", None, ("alice", "first")),
        ("https://A.example.:8443/x?y", None, ("alice", "first")),
        ("http://a.example/", "bob", ("bob", "second")),
        ("http://a.example/", "carol", None),
        ("http://sub.a.example/", None, ("anyone", "anything")),
        ("http://nobody.example/", None, None),
        ("http://nobody.example/", "user", None),
        ("http://user.example/", None, ("user", "")),
        ("http://bad.example/", None, None),
        ("http://other.example/", "anyone", ("anyone", "anything")),
        ("http://other.example/", "someone", None),
        ("http://a.example:@other.example/", None, ("anyone", "anything")),
        ("http://other.example/@a.example", None, ("anyone", "anything")),
        ("http://other.example/#@a.example", None, ("anyone", "anything")),
    ],
)
def test_credentials_are_those_of_the_host_that_is_contacted(
    home: Path, url: str, login: str | None, expected: tuple[str, str] | None
) -> None:
    (home / ".netrc").write_text(FILE)
    assert found(url, login) == (None if expected is None else HTTPBasicAuth(*expected))


@pytest.mark.safety("N1")
@pytest.mark.parametrize("text", ["default", "default password x", 'default login "" password x'])
def test_a_default_without_a_login_gives_nothing(home: Path, text: str) -> None:
    (home / ".netrc").write_text(text)
    assert found("http://a.example/") is None


@pytest.mark.safety("N1", "R18")
@pytest.mark.parametrize(
    ("content", "logged"),
    [
        (b"machine a.example login alice password secret port 22", "line 1: a word"),
        (b"\x00\xff\xfe", "line 1: a word"),
        (b"machine a.example login alice password secret\n#" + b"x" * MAX_FILE, "larger than"),
    ],
    ids=["malformed", "binary", "too large"],
)
def test_a_file_that_cannot_be_used_gives_nothing_and_a_line_without_secrets(
    home: Path, content: bytes, logged: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "h11client")
    (home / ".netrc").write_bytes(content)
    assert [found("http://a.example/", now=now) for now in (0, 2, 4)] == [None, None, None]
    (record,) = caplog.records
    assert logged in record.getMessage()
    assert "secret" not in record.getMessage()


@pytest.mark.safety("N1")
def test_a_file_in_utf_8_with_a_mark_and_one_in_latin_1_are_read(home: Path) -> None:
    (home / ".netrc").write_bytes("\ufeffmachine a.example login j\xe4 password p".encode())
    assert found("http://a.example/", now=0) == HTTPBasicAuth("j\xe4", "p")
    (home / ".netrc").write_bytes("machine a.example login jj\xe4 password p".encode("latin-1"))
    assert found("http://a.example/", now=2) == HTTPBasicAuth("jj\xe4", "p")


@pytest.mark.safety("N1")
def test_the_other_name_is_for_homes_without_the_first(home: Path) -> None:
    (home / "_netrc").write_text("machine a.example login other")
    assert found("http://a.example/", now=0) == HTTPBasicAuth("other", "")
    (home / ".netrc").write_text("machine a.example login first")
    assert found("http://a.example/", now=2) == HTTPBasicAuth("first", "")


@pytest.mark.safety("N1")
def test_the_environment_names_another_file_and_nothing_else_counts_then(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / ".netrc").write_text("machine a.example login first")
    (home / "mine").write_text("machine a.example login mine")
    assert found("http://a.example/") == HTTPBasicAuth("first", "")
    monkeypatch.setenv("NETRC", "~/mine")
    assert found("http://a.example/") == HTTPBasicAuth("mine", "")
    for nothing in (str(home / "missing"), os.devnull, str(home), ""):
        monkeypatch.setenv("NETRC", nothing)
        assert found("http://a.example/") is None


@pytest.mark.safety("N1")
def test_a_pipe_is_not_read(home: Path) -> None:
    os.mkfifo(home / ".netrc")
    assert found("http://a.example/") is None


@pytest.mark.safety("N1")
def test_without_a_home_there_is_no_file(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)  # as it does then
    monkeypatch.chdir(home)
    Path("~").mkdir()
    Path("~/.netrc").write_text("default login a password b")
    assert found("http://a.example/") is None


class Looks:
    """Counts the looks at files, and how many were opened."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.stats = self.reads = 0
        stat, read = os.stat, netrc._read

        def counted_stat(path: str) -> os.stat_result:
            self.stats += 1
            return stat(path)

        def counted_read(path: str) -> object:
            self.reads += 1
            return read(path)

        class Module:
            environ, path = os.environ, os.path

        Module.stat = staticmethod(counted_stat)  # type: ignore[attr-defined]  # made here
        monkeypatch.setattr(netrc, "os", Module)
        monkeypatch.setattr(netrc, "_read", counted_read)


def test_a_process_looks_for_the_file_once_a_second(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = Looks(monkeypatch)
    for hundredth in range(300):
        found(f"http://{hundredth}.example/", now=1000 + hundredth / 100)
    assert (looks.stats, looks.reads) == (2 * 3, 0)  # two names


def test_a_file_is_read_again_only_when_it_has_changed(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / ".netrc").write_text("machine a.example login first")
    looks = Looks(monkeypatch)
    for second in range(10):
        assert found("http://a.example/", now=second) == HTTPBasicAuth("first", "")
    assert (looks.stats, looks.reads) == (10, 1)
    (home / ".netrc").write_text("machine a.example login second")
    assert found("http://a.example/", now=9.5) == HTTPBasicAuth("first", "")
    assert found("http://a.example/", now=10.5) == HTTPBasicAuth("second", "")
    (home / ".netrc").unlink()
    assert found("http://a.example/", now=12) is None
    assert looks.reads == 2


def test_a_clock_that_goes_back_does_not_stop_the_looks(home: Path) -> None:
    assert found("http://a.example/", now=1000) is None
    (home / ".netrc").write_text("machine a.example login first")
    assert found("http://a.example/", now=5) == HTTPBasicAuth("first", "")
