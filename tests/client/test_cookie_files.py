"""h11client/_policies/cookie_files.py: cookies in files, ours and those of the standard library."""

from __future__ import annotations

import logging
import os
import stat
from http.cookiejar import CookieJar, LWPCookieJar, MozillaCookieJar
from pathlib import Path

import pytest

from h11client._messages.url import parse_url
from h11client.cookies import (
    RequestsCookieJar,
    create_cookie,
    load_cookies,
    merge_cookies,
    save_cookies,
)
from tests.client.jars import URL, filled, sent


def facts(jar: CookieJar) -> set[tuple[object, ...]]:
    return {
        (
            cookie.name,
            cookie.value,
            cookie.domain,
            cookie.domain_specified,
            cookie.path,
            cookie.secure,
            cookie.expires,
            cookie.has_nonstandard_attr("HttpOnly"),
        )
        for cookie in jar
    }


@pytest.mark.safety("C6")
def test_a_file_gives_back_what_was_saved(tmp_path: Path) -> None:
    jar = filled()
    jar.store(parse_url(URL), [b"bytes=\xc3\xa9\xff\x85\xa0", "empty=", "nameless", "#a=1"])
    jar.clear("b.test")
    path = tmp_path / "cookies.txt"
    save_cookies(jar, path)
    loaded = load_cookies(str(path))
    assert facts(loaded) == facts(jar)
    for url in (URL, "https://a.test/dir", "http://www.a.test/dir", "https://x.www.a.test/dir"):
        assert sent(loaded, url) == sent(jar, url)
    save_cookies(loaded, path)  # over the old one
    assert facts(load_cookies(path)) == facts(jar)
    assert os.listdir(tmp_path) == ["cookies.txt"]


def test_a_cookie_without_a_value_is_its_name(tmp_path: Path) -> None:
    # So the standard library reads a field without "=".
    cookie = create_cookie("lone", None, domain="a.test")
    jar = RequestsCookieJar()
    jar.set_cookie(cookie)
    assert jar.items() == [("lone", None)]
    assert sent(jar) == "lone"
    save_cookies(jar, tmp_path / "cookies.txt")
    assert sent(load_cookies(tmp_path / "cookies.txt")) == "lone"


def test_a_file_may_be_named_without_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    save_cookies(filled(), "cookies.txt")
    assert len(load_cookies("cookies.txt")) == 4
    assert os.listdir(tmp_path) == ["cookies.txt"]


@pytest.mark.safety("C6")
def test_only_its_owner_may_read_a_file_of_cookies(tmp_path: Path) -> None:
    path = tmp_path / "cookies.txt"
    path.write_text("")
    path.chmod(0o666)
    save_cookies(filled(), path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.safety("C6")
def test_nothing_in_a_cookie_makes_a_line_of_its_own(tmp_path: Path) -> None:
    jar = CookieJar()  # of which anything can be expected
    evil = "x\n.evil.test\tTRUE\t/\tFALSE\t0\tinjected\t1\n"
    for name in ("name", "value", "path", "domain"):
        cookie = create_cookie("a", "b", domain="a.test", path=f"/{name}")
        setattr(cookie, name, evil)
        jar.set_cookie(cookie)
    for value in ("a\tb", "\u0141", "a\rb"):
        cookie = create_cookie("a", "b", domain="b.test", path=f"/{value!a}")
        cookie.value = value
        jar.set_cookie(cookie)
    jar.set_cookie(create_cookie("everywhere", "1"))
    comment = create_cookie("comment", "1")
    comment.domain = "#a.test"
    jar.set_cookie(comment)
    path = tmp_path / "cookies.txt"
    save_cookies(jar, path)
    assert path.read_text() == "# Netscape HTTP Cookie File\n"
    assert len(load_cookies(path)) == 0


def test_what_a_file_cannot_hold_is_left_out_and_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    jar = filled()
    jar["everywhere"] = "1"
    jar.set("over", "1", domain="a.test", expires=5)
    with caplog.at_level(logging.DEBUG, "h11client"):
        save_cookies(jar, tmp_path / "cookies.txt")
    assert sorted(load_cookies(tmp_path / "cookies.txt").keys()) == ["host", "mine", "odd", "wide"]
    assert [record.getMessage() for record in caplog.records] == [
        "1 cookies left out: cookies.txt cannot hold them"
    ]


def test_a_file_that_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "cookies.txt"
    save_cookies(filled(), path)
    before = path.read_bytes()

    def broken():
        yield from filled()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        save_cookies(broken(), path)
    with pytest.raises(OSError, match="missing"):
        save_cookies(filled(), tmp_path / "missing" / "cookies.txt")
    path.with_name("folder").mkdir()
    with pytest.raises(OSError, match="folder"):
        save_cookies(filled(), path.with_name("folder"))
    assert path.read_bytes() == before
    assert sorted(os.listdir(tmp_path)) == ["cookies.txt", "folder"]
    with pytest.raises(FileNotFoundError):
        load_cookies(tmp_path / "other.txt")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (".a.test\tTRUE\t/\tFALSE\t0\tn\tv", ("n", "v", ".a.test", True, "/", False, None, False)),
        ("a.test\tTRUE\t/\tTRUE\t0\tn\tv", ("n", "v", ".a.test", True, "/", True, None, False)),
        ("a.test\tfalse\t/\ttrue\t0\tn\tv", ("n", "v", "a.test", False, "/", True, None, False)),
        ("a.test\tFALSE\t/\tFALSE\t\tn\tv", ("n", "v", "a.test", False, "/", False, None, False)),
        ("a.test\tFALSE\t/\tFALSE\t0\tn", ("n", "", "a.test", False, "/", False, None, False)),
        ("a.test\tFALSE\t/\tFALSE\t0\tn\t", ("n", "", "a.test", False, "/", False, None, False)),
        ("a.test\tFALSE\t/\tFALSE\t0\t\tv", ("", "v", "a.test", False, "/", False, None, False)),
        (
            "#HttpOnly_.a.test\tTRUE\t/\tFALSE\t4000000000\tn\tv",
            ("n", "v", ".a.test", True, "/", False, 4000000000, True),
        ),
        (
            "a.test\tFALSE\t/\tFALSE\t4000000000.5\tn\tv\r",
            ("n", "v", "a.test", False, "/", False, 4000000000, False),
        ),
        ("# a.test\tFALSE\t/\tFALSE\t0\tn\tv", None),
        ("a.test\tFALSE\t/\tFALSE\t5\tn\tv", None),
        ("a.test\tFALSE\t/\tFALSE\t0", None),
        ("a.test\tFALSE\t/\tFALSE\t0\tn\tv\tw", None),
        ("\tFALSE\t/\tFALSE\t0\tn\tv", None),
        ("a.test\tFALSE\t/\tFALSE\t0\tn\tv\x01", None),
        ("a.test\tFALSE\t/\tFALSE\t0\tn\ta;b", None),
        ("", None),
    ],
)
def test_files_of_others(line: str, expected: tuple[object, ...] | None, tmp_path: Path) -> None:
    path = tmp_path / "cookies.txt"
    path.write_bytes(f"{line}\n".encode("latin-1"))
    assert facts(load_cookies(path)) == ({expected} if expected else set())


@pytest.mark.safety("C6")
@pytest.mark.parametrize("kind", [MozillaCookieJar, LWPCookieJar])
def test_files_of_the_standard_library_keep_what_servers_have_set(kind, tmp_path: Path) -> None:
    jar = filled()
    jar.clear("b.test")
    path = tmp_path / "file"
    written = merge_cookies(kind(str(path)), jar)
    written.save(ignore_discard=True)
    read = kind(str(path))
    read.load(ignore_discard=True)
    back = RequestsCookieJar()
    back.update(read)
    assert {fact[:7] for fact in facts(back)} == {fact[:7] for fact in facts(jar)}
    line = sent(back, "https://www.a.test/dir")  # they do not keep who is older
    assert set((line or "").split("; ")) == {"wide=2", 'odd="x, y"', "host=1"}
    assert sent(back, "https://x.www.a.test/dir") == "wide=2"


def test_our_files_are_those_of_the_standard_library_too(tmp_path: Path) -> None:
    path = tmp_path / "cookies.txt"
    jar = filled()
    jar.clear("b.test")
    save_cookies(jar, path)
    theirs = MozillaCookieJar(str(path))
    theirs.load(ignore_discard=True, ignore_expires=True)
    assert {fact[:6] for fact in facts(theirs)} == {fact[:6] for fact in facts(jar)}
    theirs.save(ignore_discard=True, ignore_expires=True)
    assert {fact[:6] for fact in facts(load_cookies(path))} >= {
        fact[:6] for fact in facts(jar) if fact[6] is not None
    }
