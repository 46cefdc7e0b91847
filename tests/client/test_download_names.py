"""What a file is called that a server gives: one plain name, whatever the server says."""

from __future__ import annotations

import os

import pytest

from h11client import Response
from h11client._downloads.names import MAX_NAME, name_from_disposition, name_from_url, shortened
from tests.growth import grows_linearly

DISPOSITIONS = [
    ("a token", "attachment; filename=a.txt", "a.txt"),
    ("quoted", 'attachment; filename="a b.txt"', "a b.txt"),
    ("quotes in it", r'attachment; filename="a \"b\" \\c.txt"', "c.txt"),
    ("without a type", '; filename="a.txt"', "a.txt"),
    ("inline", 'inline; filename="a.txt"', "a.txt"),
    ("names in any case", 'ATTACHMENT; FileName="a.txt"', "a.txt"),
    ("blanks around", 'attachment ;  filename = "a.txt"  ', "a.txt"),
    ("semicolons in it", 'attachment; filename="a;b.txt"; x=y', "a;b.txt"),
    ("another parameter first", 'attachment; x="filename=b"; filename=a.txt', "a.txt"),
    ("the first one counts", "attachment; filename=a; filename=b", "a"),
    ("extended", "attachment; filename*=UTF-8''%e2%82%ac%20rates.txt", "€ rates.txt"),
    ("extended, with a language", "attachment; filename*=utf-8'en'a%2Db.txt", "a-b.txt"),
    ("extended, latin-1", "attachment; filename*=iso-8859-1''%e9.txt", "é.txt"),
    ("extended goes first", "attachment; filename=a; filename*=UTF-8''b", "b"),
    ("extended goes first, wherever", "attachment; filename*=UTF-8''b; filename=a", "b"),
    ("extended, broken: not UTF-8", "attachment; filename*=UTF-8''%ff; filename=a", "a"),
    ("extended, broken: no charset", "attachment; filename*=a; filename=b", "b"),
    ("extended, broken: a charset of others", "attachment; filename*=utf-7''+AC8-; filename=b", "b"),
    ("extended, broken: half an escape", "attachment; filename*=UTF-8''%2; filename=b", "b"),
    ("UTF-8 as it is", "attachment; filename=\"\u00e2\u0082\u00ac.txt\"", "€.txt"),
    ("latin-1 as it is", 'attachment; filename="\u00e9.txt"', "é.txt"),
    ("percent signs stay", 'attachment; filename="a%20b.txt"', "a%20b.txt"),
    ("a path", 'attachment; filename="/etc/passwd"', "passwd"),
    ("a path upwards", 'attachment; filename="../../a"', "a"),
    ("a path of other systems", r'attachment; filename="C:\\dir\\a.txt"', "a.txt"),
    ("a path, extended", "attachment; filename*=UTF-8''..%2F..%2Fa", "a"),
    ("a path of other systems, extended", "attachment; filename*=UTF-8''..%5Ca", "a"),
    ("only a path", 'attachment; filename="a/"', None),
    ("dots", "attachment; filename=..", None),
    ("a dot", "attachment; filename=.", None),
    ("dots and blanks", 'attachment; filename=" . . "', None),
    ("a hidden file", "attachment; filename=.bashrc", "bashrc"),
    ("dots at the end", "attachment; filename=a.txt...", "a.txt"),
    ("nothing", 'attachment; filename=""', None),
    ("no name at all", "attachment", None),
    ("NUL", "attachment; filename*=UTF-8''a%00b", "a_b"),
    ("control characters", "attachment; filename*=UTF-8''a%0a%1b%7fb", "a___b"),
    ("a change of direction", "attachment; filename*=UTF-8''%e2%80%aegnp.exe", "_gnp.exe"),
    ("characters that are nothing to see", "attachment; filename*=UTF-8''a%e2%80%8bb", "a_b"),
    ("what other systems do not allow", 'attachment; filename="a<b>:|?*c"', "a_b_____c"),
    ("a device", "attachment; filename=CON", "_CON"),
    ("a device with a suffix", "attachment; filename=com1.txt", "_com1.txt"),
    ("no device", "attachment; filename=console.txt", "console.txt"),
    ("a quote without its end", 'attachment; filename="a.txt', None),
    ("an encoded word is one", 'attachment; filename="=?UTF-8?Q?a?="', "=_UTF-8_Q_a_="),
]  # fmt: skip


@pytest.mark.parametrize(
    ("value", "name"), [row[1:] for row in DISPOSITIONS], ids=[row[0] for row in DISPOSITIONS]
)
def test_a_name_of_the_server_is_one_plain_name(value: str, name: str | None) -> None:
    response = Response()
    response.headers = {"Content-Disposition": value}
    assert name_from_disposition(response.headers) == name


def test_without_a_disposition_there_is_no_name() -> None:
    assert name_from_disposition({}) is None
    assert name_from_disposition({"Content-Disposition": ""}) is None


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("http://a.test/b/c.txt", "c.txt"),
        ("http://a.test/b/c.txt?d=/e.txt#f/g.txt", "c.txt"),
        ("http://a.test/c%20%e2%82%ac.txt", "c €.txt"),
        ("http://a.test/%2e%2e%2fc", "c"),
        ("http://a.test/b/..%2f", "download"),
        ("http://a.test/.profile", "profile"),
        ("http://a.test/", "download"),
        ("http://a.test", "download"),
        ("http://a.test?b=c/d", "download"),
        ("http://a.test/b/", "download"),
        ("http://a.test/%ff.txt", "\ufffd.txt"),
        ("http://a.test/%00", "_"),
    ],
)
def test_the_name_of_a_url_is_the_last_part_of_its_path(url: str, name: str) -> None:
    assert name_from_url(url) == name


@pytest.mark.parametrize(
    ("name", "size", "short"),
    [
        ("abc.txt", 7, "abc.txt"),
        ("abcd.txt", 7, "abc.txt"),
        ("éé.txt", 7, "é.txt"),
        ("a" * 300, 10, "a" * 10),
        ("a." + "b" * 300, 10, "a.bbbbbbbb"),
        ("a b .txt", 7, "a b.txt"),
        ("\U0001f600" * 4, 9, "\U0001f600" * 2),
    ],
)
def test_a_long_name_is_cut_between_characters_and_keeps_its_suffix(
    name: str, size: int, short: str
) -> None:
    assert shortened(name, size) == short


def test_a_name_is_never_longer_than_systems_allow() -> None:
    for character in ("a", "é", "€", "\U0001f600"):
        made = name_from_url(f"http://a.test/{character * 400}.tar.gz")
        assert MAX_NAME - 4 <= len(os.fsencode(made)) <= MAX_NAME
        assert made.endswith(".gz")


@pytest.mark.parametrize(
    "part", [';a="', ';filename="\\', "; ", ";a", "\\", '"', ";a=b", "%20", "'"]
)
def test_the_cost_grows_with_the_length(part: str) -> None:
    def work(size: int) -> None:
        name_from_disposition({"Content-Disposition": "attachment" + part * (size // len(part))})

    assert grows_linearly(work, 20_000)
