"""URLs: one parser, one normal form, and the query that `params` becomes."""

from __future__ import annotations

import enum
import pickle
import subprocess
import sys
import time
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from h11client._messages import url as module
from h11client._messages.url import (
    URL,
    Origin,
    build_url,
    encode_form,
    join_base,
    join_url,
    parse_url,
)
from h11client.exceptions import InvalidSchema, InvalidURL, MissingSchema, RequestException
from tests.client.parameters import shown
from tests.growth import grows_linearly

NORMAL = [
    # (id, URL, normal form, target)
    ("as it is", "http://h/a/b?c=d", "http://h/a/b?c=d", b"/a/b?c=d"),
    ("no path", "http://h", "http://h/", b"/"),
    ("no path but a query", "http://h?a=1", "http://h/?a=1", b"/?a=1"),
    ("an empty query", "http://h/?", "http://h/?", b"/?"),
    ("scheme and host in capitals", "HTTP://Example.COM/A", "http://example.com/A", b"/A"),
    ("the default port", "http://h:80/", "http://h/", b"/"),
    ("the default port of https", "https://h:443/", "https://h/", b"/"),
    ("the other default port", "https://h:80/", "https://h:80/", b"/"),
    ("an empty port", "http://h:/", "http://h/", b"/"),
    ("a port with zeros", "http://h:00080/", "http://h/", b"/"),
    ("a fragment", "http://h/a#b", "http://h/a#b", b"/a"),
    ("a fragment at once", "http://h#b", "http://h/#b", b"/"),
    ("an empty fragment", "http://h/#", "http://h/", b"/"),
    ("a question in the fragment", "http://h/#a?b", "http://h/#a?b", b"/"),
    ("a slash and colon in the query", "http://h/?a/b:c?d@e", "http://h/?a/b:c?d@e", b"/?a/b:c?d@e"),
    ("all that a path may hold", "http://h/-._~!$&'()*+,;=:@", "http://h/-._~!$&'()*+,;=:@", b"/-._~!$&'()*+,;=:@"),
    ("a path that begins with //", "http://h//evil/a", "http://h//evil/a", b"//evil/a"),
    ("a path that looks like a URL", "http://h/http://e/", "http://h/http://e/", b"/http://e/"),
    ("a space", "http://h/a b?c d#e f", "http://h/a%20b?c%20d#e%20f", b"/a%20b?c%20d"),
    ("beyond ASCII", "http://h/é?é=é#é", "http://h/%C3%A9?%C3%A9=%C3%A9#%C3%A9", b"/%C3%A9?%C3%A9=%C3%A9"),
    ("code points that would fold to CR LF SP", "http://h/\u010d\u010a\u0120", "http://h/%C4%8D%C4%8A%C4%A0", b"/%C4%8D%C4%8A%C4%A0"),
    ("beyond the first plane", "http://h/\U0001f40d", "http://h/%F0%9F%90%8D", b"/%F0%9F%90%8D"),
    ("a separator that is a blank elsewhere", "http://h/a\u2028b\u00a0c", "http://h/a%E2%80%A8b%C2%A0c", b"/a%E2%80%A8b%C2%A0c"),
    ("what RFC 3986 leaves out", "http://h/\"<>[\\]^`{|}", "http://h/%22%3C%3E%5B%5C%5D%5E%60%7B%7C%7D", b"/%22%3C%3E%5B%5C%5D%5E%60%7B%7C%7D"),
    ("brackets in the query", "http://h/?a[]=1", "http://h/?a%5B%5D=1", b"/?a%5B%5D=1"),
    ("an escape", "http://h/a%2Fb%3Fc%23", "http://h/a%2Fb%3Fc%23", b"/a%2Fb%3Fc%23"),
    ("an escape in small letters", "http://h/%2f%e9", "http://h/%2F%E9", b"/%2F%E9"),
    ("an escape that nobody needs", "http://h/%41%7e%2D?%61", "http://h/A~-?a", b"/A~-?a"),
    ("an escape of %", "http://h/%2541", "http://h/%2541", b"/%2541"),
    ("a lone %", "http://h/100%", "http://h/100%25", b"/100%25"),
    ("a % before no digits", "http://h/%zz%4", "http://h/%25zz%254", b"/%25zz%254"),
    ("a lone % before escapes", "http://h/%%34%31", "http://h/%2541", b"/%2541"),
    ("escaped control characters", "http://h/%0d%0a%00", "http://h/%0D%0A%00", b"/%0D%0A%00"),
    ("dots", "http://h/a/./b/../c/.", "http://h/a/c/", b"/a/c/"),
    ("too many dots", "http://h/../../a/..", "http://h/", b"/"),
    ("escaped dots", "http://h/a/%2E%2e/b/%2E", "http://h/b/", b"/b/"),
    ("dots that are none", "http://h/.../a./.b/..c", "http://h/.../a./.b/..c", b"/.../a./.b/..c"),
    ("dots in the query", "http://h/?a/../b", "http://h/?a/../b", b"/?a/../b"),
    ("dots over nothing between slashes", "http://h/a//../b", "http://h/a/b", b"/a/b"),
    ("dots that leave //", "http://h/a/..//b", "http://h//b", b"//b"),
    ("bytes", b"http://h/\xc3\xa9", "http://h/%C3%A9", b"/%C3%A9"),
]  # fmt: skip


@pytest.mark.safety("2m2", "2b2", "R13", "I1")
@pytest.mark.parametrize(
    ("text", "normal", "target"), [row[1:] for row in NORMAL], ids=[row[0] for row in NORMAL]
)
def test_a_url_is_brought_to_its_normal_form_once(text, normal, target):
    url = parse_url(text)
    assert url.text == str(url) == normal
    assert url.target == target
    again = parse_url(normal)
    assert (again.text, again.target, again.fragment) == (normal, target, url.fragment)


def test_what_a_url_decides():
    url = parse_url("https://Example.com:8443/a?b#c")
    assert (url.scheme, url.host, url.port) == ("https", "example.com", 8443)
    assert url.authority == b"example.com:8443"
    assert url.origin == Origin("https", "example.com", 8443)
    assert url.fragment == "c"
    assert parse_url("http://h/a").fragment is None
    assert parse_url("http://h").bare
    assert not any(parse_url(f"http://h{rest}").bare for rest in ("/", "?", "?a", "/a"))
    assert parse_url("http://h#a").bare


WRONG = [
    ("nothing", "", MissingSchema),
    ("no scheme", "example.com/a", MissingSchema),
    ("only a path", "/a", MissingSchema),
    ("scheme-relative", "//example.com/", MissingSchema),
    ("a scheme that cannot be one", "1http://h/", MissingSchema),
    ("None as text", "None", MissingSchema),
    ("beyond ASCII in the scheme", "hţţp://h/", MissingSchema),
    ("ftp", "ftp://h/", InvalidSchema),
    ("file", "file:///etc/passwd", InvalidSchema),
    ("a host and a port", "localhost:8080/a", InvalidSchema),
    ("mailto", "mailto:a@b", InvalidSchema),
    ("httpx", "httpx://h/", InvalidSchema),
    ("http+unix", "http+unix://%2Ftmp%2Fs/", InvalidSchema),
    ("one slash", "http:/h/", InvalidURL),
    ("no slash", "http:h", InvalidURL),
    ("backslashes", "http:\\\\h\\", InvalidURL),
    ("no host", "http:///a", InvalidURL),
    ("nothing behind the scheme", "http://", InvalidURL),
    ("only a query", "http://?a", InvalidURL),
    ("only a fragment", "http://#a", InvalidURL),
    ("a backslash behind the host", "http://h\\@evil/", InvalidURL),
    ("port 0", "http://h:0/", InvalidURL),
    ("port 65536", "http://h:65536/", InvalidURL),
    ("port of six digits", "http://h:000080/", InvalidURL),
    ("a port with a sign", "http://h:+80/", InvalidURL),
    ("a negative port", "http://h:-80/", InvalidURL),
    ("a port in other digits", "http://h:\u0668\u0660/", InvalidURL),
    ("a superscript port", "http://h:\xb2/", InvalidURL),
    ("a port with an underscore", "http://h:8_0/", InvalidURL),
    ("letters as port", "http://h:http/", InvalidURL),
    ("two ports", "http://h:80:80/", InvalidURL),
    ("a port of many digits", "http://h:" + "8" * 5000, InvalidURL),
    ("half a surrogate pair", "http://h/\ud800", InvalidURL),
    ("half a surrogate pair in the query", "http://h/?\udfff", InvalidURL),
    ("bytes that are not UTF-8", b"http://h/\xff", InvalidURL),
    ("too long", "http://h/" + "a" * 65536, InvalidURL),
    ("too long when encoded", "http://h/" + "\u20ac" * 30000, InvalidURL),
]


@pytest.mark.safety("U2", "2m1", "R12", "P6")
@pytest.mark.parametrize(
    ("text", "error"), [row[1:] for row in WRONG], ids=[row[0] for row in WRONG]
)
def test_what_is_wrong_with_a_url_is_said_by_the_right_exception(text, error):
    with pytest.raises(RequestException) as caught:
        parse_url(text)
    assert type(caught.value) is error
    assert isinstance(caught.value, ValueError)
    assert len(str(caught.value)) < 600


PLACES = ["{}http://h/", "h{}ttp://h/", "http:{}//h/", "http://{}h/", "http://a{}b/", "http://h{}/",
          "http://h:8{}0/", "http://h/a{}b", "http://h/?a{}b", "http://h/#a{}b", "http://h/{}"]  # fmt: skip


@pytest.mark.safety("I1", "U2")
@pytest.mark.parametrize(
    ("place", "character"), list(product(PLACES, [*map(chr, range(0x20)), "\x7f"])), ids=ascii
)
def test_a_control_character_is_refused_everywhere(place, character):
    for text in (place.format(character), place.format(character).encode()):
        with pytest.raises((InvalidURL, MissingSchema)) as caught:
            parse_url(text)
        assert character not in str(caught.value)


@pytest.mark.safety("U2")
@pytest.mark.parametrize("blank", [" ", "\xa0", "\u2003", "\u3000", "\x85"], ids=ascii)
def test_a_blank_at_either_end_is_refused_and_not_taken_off(blank):
    for text in (blank + "http://h/", "http://h/" + blank, "http://h" + blank):
        with pytest.raises(InvalidURL):
            parse_url(text)


def test_a_password_is_in_no_error():
    wrong = ["http://m@e:pa55@h/", "http://me:%ffpa55@h/", "http://me:pa55@h:99999/", "ftp://me:pa55@h/", "me:pa55@h",
             "http:/me:pa55@h/", " http://me:pa55@h/", "http://me:pa55@h/\n", "http://me:pa55@/",
             "http://me:pa55@h/" + "a" * 70000, "http://me:pa55@[::1/", "http://me:p/a55@h/ "]  # fmt: skip
    for text in wrong:
        with pytest.raises(RequestException) as caught:
            parse_url(text)
        assert "a55" not in str(caught.value), text


@pytest.mark.safety("5P9")
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
def test_normalising_twice_is_normalising_once(rest):
    try:
        url = parse_url("http://h/" + rest)
    except InvalidURL:
        return
    again = parse_url(url.text)
    assert (again.text, again.target) == (url.text, url.target)
    assert url.host == "h"
    assert url.target.isascii() and not set(url.target) & set(b" \r\n\0#\x7f")


@pytest.mark.safety("R14", "5P9")
@given(st.text(alphabet="h/@:#?\\[].%0x12 \té１。", max_size=14))
def test_the_host_that_is_connected_to_is_the_host_that_is_shown(text):
    try:
        url = parse_url("http://" + text)
    except (InvalidURL, MissingSchema):
        return
    assert url.text.startswith("http://" + url.authority.decode() + "/") or "%25" in url.text
    assert url.origin == Origin("http", url.host.removesuffix("."), url.port)
    assert not set(url.host) & set("/@#?\\ \t")
    assert parse_url(url.text) == url


def test_the_same_text_gives_the_same_object_and_the_cache_is_bounded():
    first = parse_url("http://cached/")
    assert parse_url("http://cached/") is first
    for number in range(3 * module.MAX_CACHED_URLS):
        parse_url(f"http://cached/{number}")
    assert len(module._cache) <= module.MAX_CACHED_URLS
    again = parse_url("http://cached/")
    assert again is not first and again == first
    long = "http://cached/" + "a" * module.MAX_CACHED_LENGTH
    assert parse_url(long) is not parse_url(long)


def test_urls_and_origins_are_values():
    assert len({parse_url("http://h:80/a"), parse_url("HTTP://H/a")}) == 1
    assert parse_url("http://h/a") != "http://h/a"
    assert repr(parse_url("http://h/a")) == "<URL 'http://h/a'>"
    assert Origin("http", "h", 80) != ("http", "h", 80)
    assert repr(Origin("http", "h", 80)) == "Origin('http', 'h', 80)"
    assert len({parse_url(f"http://h{dot}/").origin for dot in ("", ".")}) == 1
    others = [Origin("https", "h", 80), Origin("http", "i", 80), Origin("http", "h", 81)]
    assert all(Origin("http", "h", 80) != other for other in others)


@pytest.mark.parametrize("text", [None, 5, ["http://h/"]])
def test_a_url_is_text_or_bytes(text):
    with pytest.raises(TypeError):
        parse_url(text)


def test_a_subclass_of_str_is_used_as_the_text_that_it_is():
    class Text(str):
        def __str__(self):
            return "http://other/"

    assert parse_url(Text("http://h/")).host == "h"


def test_idna_is_loaded_only_for_hosts_that_need_it():
    code = (
        "import sys; from h11client._messages.url import parse_url;"
        "parse_url('http://a.example/é?ü'); print('idna' in sys.modules);"
        "parse_url('http://ä.example/'); print('idna' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["False", "True"]


# --- user names and passwords -------------------------------------------------------------------

USERINFO = [
    # (what precedes the host, user name and password)
    ("", None),
    ("@", None),
    (":@", None),
    ("user@", ("user", "")),
    ("user:@", ("user", "")),
    (":pa55@", ("", "pa55")),
    ("user:pa55@", ("user", "pa55")),
    ("user:pa:55@", ("user", "pa:55")),
    ("us%3Aer:pa%40%2f55@", ("us:er", "pa@/55")),
    ("us%65r:%70a55@", ("user", "pa55")),
    ("%C3%A9:é@", ("é", "é")),
    ("user:pa%55@", ("user", "paU")),
    ("user:55%@", ("user", "55%")),
    ("user:5%zz@", ("user", "5%zz")),
    ("us+er:p&a=55@", ("us+er", "p&a=55")),
    ("user:p^a|5{5}@", ("user", "p^a|5{5}")),
    ("user:%0d%0a@", ("user", "\r\n")),
]


@pytest.mark.safety("2b2", "R18")
@pytest.mark.parametrize(("before", "userinfo"), USERINFO, ids=[row[0] for row in USERINFO])
def test_a_user_name_and_password_are_kept_apart_from_the_rest(before, userinfo):
    url = parse_url(f"http://{before}Example.com:81/a?b#c")
    assert url.userinfo == userinfo
    plain = parse_url("http://example.com:81/a?b#c")
    for name in URL.__slots__:
        if name != "userinfo":
            assert getattr(url, name) == getattr(plain, name), name
    assert url == plain and hash(url) == hash(plain) and repr(url) == repr(plain)
    assert build_url(url, {"d": 1}).userinfo == userinfo


@pytest.mark.safety("R18")
@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_no_password_is_in_a_pickle(protocol):
    url = parse_url("http://user:pa55word@h:81/a?b#c")
    pickled = pickle.dumps(url, protocol)
    assert b"pa55word" not in pickled
    made = pickle.loads(pickled)
    assert made == url and made.userinfo is None
    assert (made.host, made.port, made.target, made.fragment) == ("h", 81, b"/a?b", "c")
    assert url.userinfo == ("user", "pa55word")


@pytest.mark.safety("R18")
def test_no_password_stays_in_a_cache():
    parse_url("http://user:pa55word@cached.example/")
    assert not [text for text in module._cache if "pa55word" in text]


@pytest.mark.safety("U2", "R14")
@pytest.mark.parametrize(
    "authority", ["a@b@c", "a:b@c:d@e", "[a]@b", "a\\@b", "a b@c", "a\u3000@b", "a:%ff@b", "%e9@b"]
)
def test_what_could_be_mistaken_for_a_host_is_no_user_name(authority):
    with pytest.raises(InvalidURL, match="user name"):
        parse_url(f"http://{authority}/")


# --- joining ------------------------------------------------------------------------------------

REFERENCES = [
    # RFC 3986 section 5.4, with http://a/b/c/d;p?q as the base
    ("g", "http://a/b/c/g"),
    ("./g", "http://a/b/c/g"),
    ("g/", "http://a/b/c/g/"),
    ("/g", "http://a/g"),
    ("//g", "http://g/"),
    ("?y", "http://a/b/c/d;p?y"),
    ("g?y", "http://a/b/c/g?y"),
    ("#s", "http://a/b/c/d;p?q#s"),
    ("g#s", "http://a/b/c/g#s"),
    ("g?y#s", "http://a/b/c/g?y#s"),
    (";x", "http://a/b/c/;x"),
    ("g;x", "http://a/b/c/g;x"),
    ("g;x?y#s", "http://a/b/c/g;x?y#s"),
    ("", "http://a/b/c/d;p?q"),
    (".", "http://a/b/c/"),
    ("./", "http://a/b/c/"),
    ("..", "http://a/b/"),
    ("../", "http://a/b/"),
    ("../g", "http://a/b/g"),
    ("../..", "http://a/"),
    ("../../", "http://a/"),
    ("../../g", "http://a/g"),
    ("../../../g", "http://a/g"),
    ("../../../../g", "http://a/g"),
    ("/./g", "http://a/g"),
    ("/../g", "http://a/g"),
    ("g.", "http://a/b/c/g."),
    (".g", "http://a/b/c/.g"),
    ("g..", "http://a/b/c/g.."),
    ("..g", "http://a/b/c/..g"),
    ("./../g", "http://a/b/g"),
    ("./g/.", "http://a/b/c/g/"),
    ("g/./h", "http://a/b/c/g/h"),
    ("g/../h", "http://a/b/c/h"),
    ("g;x=1/./y", "http://a/b/c/g;x=1/y"),
    ("g;x=1/../y", "http://a/b/c/y"),
    ("g?y/./x", "http://a/b/c/g?y/./x"),
    ("g?y/../x", "http://a/b/c/g?y/../x"),
    ("g#s/./x", "http://a/b/c/g#s/./x"),
    # and what servers send
    ("https://B.example:443", "https://b.example/"),
    ("HTTP://b/?", "http://b/?"),
    ("a b?c d", "http://a/b/c/a%20b?c%20d"),
    ("/%7e%c3%a9%zz", "http://a/~%C3%A9%25zz"),
    ("/http://b/", "http://a/http://b/"),
    ("12:30", "http://a/b/c/12:30"),
    ("/\\b", "http://a/%5Cb"),
    ("\\\\b\\c", "http://a/b/c/%5C%5Cb%5Cc"),
    ("/a?b?c", "http://a/a?b?c"),
    ("/#a#b", "http://a/#a%23b"),
    ("/\xc3\xa9", "http://a/%C3%A9"),
    ("/\xe9", "http://a/%E9"),
    ("/\u65e5", "http://a/%E6%97%A5"),
    (b"/\xff\xfe?\x80#\x81", "http://a/%FF%FE?%80#%81"),
    (b"//m\xc3\xbcnchen.de/\xc3\xbc", "http://xn--mnchen-3ya.de/%C3%BC"),
    (b"https://m\xc3\xbcnchen.de?\xfc", "https://xn--mnchen-3ya.de/?%FC"),
    ("http://user:pa55@b/", "http://b/"),
    ("//user@b", "http://b/"),
    ("//a:%ff@b", "http://b/"),
    ("http://[FE80::1%25eth0]:81/", "http://[fe80::1%25eth0]:81/"),
]


@pytest.mark.safety("2f3", "R17", "R13", "I1")
@pytest.mark.parametrize(
    ("location", "expected"), REFERENCES, ids=[ascii(row[0]) for row in REFERENCES]
)
def test_a_location_is_resolved_against_the_url_of_its_response(location, expected):
    joined = join_url(parse_url("http://me:pa55@a/b/c/d;p?q"), location)
    assert joined.text == expected
    assert joined.userinfo is None
    fragment = joined.fragment
    again = join_url(parse_url("http://a/b/c/d;p?q#inherited"), location)
    hash_sign = "#" if isinstance(location, str) else b"#"
    assert again.fragment == (fragment if hash_sign in location else "inherited")
    assert again.target == joined.target
    assert parse_url(joined.text) == joined


@pytest.mark.safety("R12", "R14", "R17", "I1", "M24")
@pytest.mark.parametrize(
    ("location", "error"),
    [
        ("http:g", InvalidURL),
        ("http:/g", InvalidURL),
        ("http:///g", InvalidURL),
        ("//", InvalidURL),
        ("///g", InvalidURL),
        ("http://[::1", InvalidURL),
        ("http://b:0/", InvalidURL),
        ("http://127.1/", InvalidURL),
        ("http://b\\@c/", InvalidURL),
        ("http://me:pa55@b@c/", InvalidURL),
        ("http://b#@c:1:2", None),
        ("/a\r\nb", InvalidURL),
        ("/\0", InvalidURL),
        ("/\t", InvalidURL),
        ("\ud800", InvalidURL),
        (b"http://\xff\xfe/", InvalidURL),
        (b"//me:pa55@\xff", InvalidURL),
        ("/" + "a" * 70000, InvalidURL),
        ("/" + "\u20ac" * 30000, InvalidURL),
        ("file:///etc/passwd", InvalidSchema),
        ("ftp://b/", InvalidSchema),
        ("javascript:alert(1)", InvalidSchema),
        ("localhost:80/", InvalidSchema),
    ],
    ids=ascii,
)
def test_a_location_that_leads_nowhere_is_refused(location, error):
    if error is None:
        assert join_url(parse_url("http://a/"), location).host == "b"
        return
    with pytest.raises(error) as caught:
        join_url(parse_url("http://a/"), location)
    assert "pa55" not in str(caught.value)
    assert len(str(caught.value)) < 600


BASES = [
    # (base_url, what the call says, the URL)
    ("http://h", "", "http://h/"),
    ("http://h", "a", "http://h/a"),
    ("http://h", "/a", "http://h/a"),
    ("http://h/v1", "a", "http://h/v1/a"),
    ("http://h/v1", "/a", "http://h/v1/a"),
    ("http://h/v1/", "a", "http://h/v1/a"),
    ("http://h/v1/", "/a/", "http://h/v1/a/"),
    ("http://h/v1/", "", "http://h/v1/"),
    ("http://h/v1", "", "http://h/v1"),
    ("http://h/v1", "?a=1", "http://h/v1?a=1"),
    ("http://h/v1/", "?a=1", "http://h/v1/?a=1"),
    ("http://h/v1", "#a", "http://h/v1#a"),
    ("http://h/v1", "a?b#c", "http://h/v1/a?b#c"),
    ("http://h/v1/", "./a/../b", "http://h/v1/b"),
    ("http://h/v1/", "../v2", "http://h/v2"),
    ("http://h/v1/", "/a:b", "http://h/v1/a:b"),
    ("http://h/v1/", "a b/é", "http://h/v1/a%20b/%C3%A9"),
    ("http://h/v1/", "\\\\evil", "http://h/v1/%5C%5Cevil"),
    ("http://h/v1/", "/\\evil", "http://h/v1/%5Cevil"),
    ("http://h/v1/", "@evil", "http://h/v1/@evil"),
    ("http://h", "@evil", "http://h/@evil"),
    ("http://h", ".evil", "http://h/.evil"),
    ("http://h", "1:80", "http://h/1:80"),
    ("http://h/v1/", "http://H:80/v2", "http://h/v2"),
    ("http://h/v1/", "http://h./v2", "http://h./v2"),
    ("http://h/v1/", b"a", "http://h/v1/a"),
]


@pytest.mark.safety("R13")
@pytest.mark.parametrize(("base", "text", "expected"), BASES, ids=[repr(row[:2]) for row in BASES])
def test_a_path_is_joined_to_the_base_url(base, text, expected):
    joined = join_base(parse_url(base), text)
    assert joined.text == expected
    assert joined.userinfo is None


@pytest.mark.safety("R13")
@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("http://evil/", InvalidURL),
        ("https://h/", InvalidURL),
        ("http://h:81/", InvalidURL),
        ("http://evil.h/", InvalidURL),
        ("//evil/a", InvalidURL),
        ("//h/a", InvalidURL),
        ("///a", InvalidURL),
        (" http://evil/", InvalidURL),
        ("\thttp://evil/", InvalidURL),
        ("a\tb", InvalidURL),
        ("ftp://h/", InvalidSchema),
        ("a:b", InvalidSchema),
    ],
)
def test_nothing_leads_away_from_the_base_url(text, error):
    with pytest.raises(error):
        join_base(parse_url("http://h/v1/"), text)


@pytest.mark.parametrize("base", ["http://h/?a", "http://h/#a"])
def test_a_base_url_has_neither_query_nor_fragment(base):
    with pytest.raises(InvalidURL, match="neither"):
        join_base(parse_url(base), "a")


@pytest.mark.safety("R18")
def test_the_password_of_a_base_url_holds_for_what_is_joined_to_it():
    base = parse_url("http://user:pa55@h/v1/")
    for text in ("a", "", "http://h/b"):
        assert join_base(base, text).userinfo == ("user", "pa55")
    assert join_base(base, "http://other:word@h/").userinfo == ("other", "word")
    assert parse_url("http://h/b").userinfo is None
    with pytest.raises(InvalidURL) as caught:
        join_base(base, "http://user:pa55@evil/")
    assert "pa55" not in str(caught.value)


@pytest.mark.safety("R14", "U2")
@given(st.text(alphabet="h/@:#?\\[].%0x12 \té\uff11\u3002a-", max_size=16))
def test_what_is_joined_is_read_as_one_url(text):
    base = parse_url("http://base/v1/x?q")
    for join in (join_url, join_base):
        try:
            joined = join(parse_url("http://base/v1/") if join is join_base else base, text)
        except (InvalidURL, InvalidSchema):
            continue
        assert parse_url(joined.text) == joined
        if join is join_base or not text.startswith("//"):
            assert joined.host == "base"


# --- params -------------------------------------------------------------------------------------


class Letter(str, enum.Enum):
    A = "a"
    B = "b"


PARAMS = [
    ("a dict", {"a": "1", "b": "2"}, "a=1&b=2"),
    ("pairs", [("b", "2"), ("a", "1"), ("b", "3")], "b=2&a=1&b=3"),
    ("pairs from a generator", ((name, name) for name in "xy"), "x=x&y=y"),
    ("a list as value", {"a": ["1", 2, None, b"3"]}, "a=1&a=2&a=3"),
    ("a tuple as value", {"a": (1, 2)}, "a=1&a=2"),
    ("lists in a list", {"a": [["1", "2"], (3, None)]}, "a=1&a=2&a=3"),
    ("an empty list", {"a": [], "b": 1}, "b=1"),
    ("members of an Enum", {Letter.A: Letter.B, "c": [Letter.A]}, "a=b&c=a"),
    ("None", {"a": None, "b": 1}, "b=1"),
    ("numbers and truth", {"a": 1, "b": 1.5, "c": True, 4: 5}, "a=1&b=1.5&c=True&4=5"),
    ("bytes", {b"a": b"\xff"}, "a=%FF"),
    ("a bytearray", {"a": bytearray(b"1 2")}, "a=1+2"),
    ("an empty value", {"a": ""}, "a="),
    ("a space and a plus", {"a b": "c+d"}, "a+b=c%2Bd"),
    ("separators", {"a&b": "c=d;e#f?g/h"}, "a%26b=c%3Dd%3Be%23f%3Fg%2Fh"),
    ("what needs no escape", {"-._~": "-._~"}, "-._~=-._~"),
    ("a tilde beside what needs one", {"~a": "~*'()"}, "~a=~%2A%27%28%29"),
    ("an escape is not one here", {"a": "%41"}, "a=%2541"),
    ("beyond ASCII", {"é": "\U0001f40d"}, "%C3%A9=%F0%9F%90%8D"),
    ("control characters", {"a": "\r\n\0"}, "a=%0D%0A%00"),
    ("text", "a=b c&d%20e%", "a=b%20c&d%20e%25"),
    ("text with #", "a#b", "a%23b"),
    ("bytes as a whole", b"a=\xc3\xa9", "a=%C3%A9"),
    ("text without =", "x", "x"),
]


@pytest.mark.safety("2m2", "U3", "I1")
@pytest.mark.parametrize(
    ("params", "query"), [row[1:] for row in PARAMS], ids=[row[0] for row in PARAMS]
)
def test_params_go_behind_the_query_and_before_the_fragment(params, query):
    if not isinstance(params, (dict, list, str, bytes)):
        params = list(params)
    cases = [
        ("http://h", f"http://h/?{query}"),
        ("http://h/p#f", f"http://h/p?{query}#f"),
        ("http://h/p?", f"http://h/p?{query}"),
        ("http://h/p?q=1", f"http://h/p?q=1&{query}"),
        ("http://h/p?q=1#f?g", f"http://h/p?q=1&{query}#f?g"),
    ]
    for base, expected in cases:
        url = build_url(base, params)
        assert url.text == expected
        assert url.target.decode() == expected[len("http://h") :].partition("#")[0]
        assert (url.host, url.authority, url.bare) == ("h", b"h", False)
        assert parse_url(url.text) == url


@pytest.mark.parametrize("params", [None, {}, [], "", b"", {"a": None}, {"a": []}])
def test_params_that_say_nothing_change_nothing(params):
    url = parse_url("http://h/?a#b")
    assert build_url(url, params) is url


def test_a_base_is_not_changed_by_its_params():
    base = parse_url("http://h/?a=1#b")
    build_url(base, {"c": 1})
    assert (base.text, base.target) == ("http://h/?a=1#b", b"/?a=1")


@pytest.mark.safety("I1")
@pytest.mark.parametrize("params", ["a\r\nb", b"a\nb", "a\0", "\x7f"])
def test_control_characters_in_a_ready_query_are_refused(params):
    with pytest.raises(InvalidURL):
        build_url("http://h/", params)


def test_a_query_of_any_length_is_bounded_like_the_url():
    with pytest.raises(InvalidURL, match="65536"):
        build_url("http://h/", {"a": "b" * 65536})


@pytest.mark.parametrize("params", [5, [5], ["ab"], [b"ab"], object()], ids=shown)
def test_params_are_a_mapping_pairs_or_text(params):
    with pytest.raises(TypeError):
        build_url("http://h/", params)


def test_a_pair_has_two_parts():
    with pytest.raises(ValueError, match="unpack"):
        encode_form([("a", "b", "c")])


def test_half_a_surrogate_pair_in_a_value_is_the_callers_mistake():
    with pytest.raises(ValueError, match="surrogate pair"):
        build_url("http://h/", {"a": "\ud800"})


# --- cost ---------------------------------------------------------------------------------------


def parse(text: str) -> None:
    module._cache.clear()
    try:
        parse_url(text)
    except (InvalidURL, MissingSchema):
        pass


PARTS = ["%41", "%e9", "@", "../", "a/../", "/.", "&a", "\u0660", "%", "é", ":", "[", "a.", "a"]


@pytest.mark.safety("U1")
@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("start", ["http://h/", "http://h/?", "http://h/#", "http://"])
def test_the_cost_of_a_url_grows_with_its_length(part, start):
    assert grows_linearly(lambda length: parse((start + part * length)[:length]), 30000)


@pytest.mark.safety("U1")
@pytest.mark.parametrize("part", PARTS)
def test_a_megabyte_is_refused_at_once(part):
    started = time.thread_time()
    with pytest.raises(InvalidURL, match="65536"):
        parse_url("http://h/" + part * (1_000_000 // len(part)))
    assert time.thread_time() - started < 0.1


@pytest.mark.safety("U1")
@pytest.mark.parametrize("part", ["%41", "%", "é", ":", "@"])
def test_the_cost_of_a_user_name_grows_with_its_length(part):
    assert grows_linearly(lambda length: parse(f"http://{(part * length)[:length]}@h/"), 30000)


@pytest.mark.safety("U1")
@pytest.mark.parametrize("part", ["../", "//", "%", "@", ":", "\\", "\xff"])
def test_the_cost_of_a_location_grows_with_its_length(part):
    base = parse_url("http://h/a/b")

    def join(length: int) -> None:
        try:
            join_url(base, (part * length)[:length])
        except (InvalidURL, InvalidSchema):
            pass

    assert grows_linearly(join, 30000)


@pytest.mark.safety("U1")
def test_the_cost_of_params_grows_with_their_length():
    assert grows_linearly(lambda count: encode_form([("é", "&")] * count), 10000)


def test_a_url_is_not_made_by_hand():
    assert isinstance(parse_url("http://h/"), URL)
    assert not hasattr(parse_url("http://h/"), "__dict__")
