"""Hosts: the part of a URL that decides where a request goes."""

from __future__ import annotations

import ipaddress
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from h11client._messages.hosts import address_number, is_host_field
from h11client._messages.url import parse_url
from h11client.exceptions import InvalidURL

GOOD = [
    # (host in the URL, host to connect to, Host field)
    ("example.com", "example.com", b"example.com"),
    ("EXAMPLE.com", "example.com", b"example.com"),
    ("example.com.", "example.com.", b"example.com."),
    ("localhost", "localhost", b"localhost"),
    ("a_b.example", "a_b.example", b"a_b.example"),
    ("a-b", "a-b", b"a-b"),
    ("-a-", "-a-", b"-a-"),
    ("x~y!$&'()+,;=z", "x~y!$&'()+,;=z", b"x~y!$&'()+,;=z"),
    ("1.example", "1.example", b"1.example"),
    ("example.1a", "example.1a", b"example.1a"),
    ("a" * 63 + ".b", "a" * 63 + ".b", b"a" * 63 + b".b"),
    (".".join(["a" * 49] * 5) + ".bcd", ".".join(["a" * 49] * 5) + ".bcd", b".".join([b"a" * 49] * 5) + b".bcd"),
    ("127.0.0.1", "127.0.0.1", b"127.0.0.1"),
    ("255.255.255.255", "255.255.255.255", b"255.255.255.255"),
    ("[::1]", "::1", b"[::1]"),
    ("[::]", "::", b"[::]"),
    ("[2001:DB8:0:0:0:0:0:1]", "2001:db8::1", b"[2001:db8::1]"),
    ("[1:0:0:2:0:0:0:3]", "1:0:0:2::3", b"[1:0:0:2::3]"),
    ("[1:0:0:2:3:0:0:4]", "1::2:3:0:0:4", b"[1::2:3:0:0:4]"),
    ("[1:0:2:3:4:5:6:7]", "1:0:2:3:4:5:6:7", b"[1:0:2:3:4:5:6:7]"),
    ("[1:2:3:4:5:6:7::]", "1:2:3:4:5:6:7:0", b"[1:2:3:4:5:6:7:0]"),
    ("[::ffff:192.0.2.1]", "::ffff:192.0.2.1", b"[::ffff:192.0.2.1]"),
    ("[::FFFF:c000:0201]", "::ffff:192.0.2.1", b"[::ffff:192.0.2.1]"),
    ("[fe80::1%25eth0]", "fe80::1%eth0", b"[fe80::1]"),
    ("[fe80::1%eth0]", "fe80::1%eth0", b"[fe80::1]"),
    ("münchen.de", "xn--mnchen-3ya.de", b"xn--mnchen-3ya.de"),
    ("MÜNCHEN.de", "xn--mnchen-3ya.de", b"xn--mnchen-3ya.de"),
    ("xn--mnchen-3ya.de", "xn--mnchen-3ya.de", b"xn--mnchen-3ya.de"),
    ("faß.de", "xn--fa-hia.de", b"xn--fa-hia.de"),  # IDNA 2008; 2003 made it fass.de
    ("例え。テスト", "xn--r8jz45g.xn--zckzah", b"xn--r8jz45g.xn--zckzah"),
    ("xn--ls8h.la", "xn--ls8h.la", b"xn--ls8h.la"),
    ("نامه\u200cای.com", "xn--mgba3gch31f060k.com", b"xn--mgba3gch31f060k.com"),
    ("क्\u200dष.com", "xn--11b2ezcw70k.com", b"xn--11b2ezcw70k.com"),
]  # fmt: skip


@pytest.mark.safety("2m1", "2m3", "2b1")
@pytest.mark.parametrize(("host", "connect", "field"), GOOD, ids=[row[0][:40] for row in GOOD])
def test_a_host_is_brought_to_one_form(host, connect, field):
    url = parse_url(f"http://{host}/")
    assert url.host == connect
    assert url.authority == field
    assert is_host_field(field.decode())
    assert parse_url(url.text).host == connect
    assert parse_url(f"https://{host}:8443").authority == field + b":8443"


BAD = [
    ("", "no host"),
    (":80", "no host"),
    (".", "empty"),
    (".a", "empty"),
    ("a..b", "empty"),
    ("a..", "empty"),
    ("a" * 64, "too long"),
    (".".join(["a" * 49] * 5) + ".bcde", "253"),
    ("a" * 300, "253"),
    ("ä" * 300, "253"),
    ("ä" * 60000, "253"),
    ("a b", "cannot be a host"),
    ("a%20b", "cannot be a host"),
    ("a%2fb", "cannot be a host"),
    ("%65xample.com", "cannot be a host"),
    ("a\\b", "cannot be a host"),
    ("a^b", "cannot be a host"),
    ("a|b", "cannot be a host"),
    ("a<b", "cannot be a host"),
    ('a"b', "cannot be a host"),
    ("*", "cannot be a host"),
    ("*.example.com", "cannot be a host"),
    ("{host}", "cannot be a host"),
    ("a\u2100b", "cannot be a host"),  # ℀, whose compatibility form is a/c
    ("a\uff03b", "cannot be a host"),  # a full-width #
    ("a\uff20b", "cannot be a host"),  # a full-width @
    ("a\uff0fb", "cannot be a host"),  # a full-width /
    ("a\u2024\u2024b", "empty|cannot"),  # one dot leaders
    ("\u00adx\u200b-\u00ad", "cannot be a host"),
    ("\ud800", "cannot be a host"),
    ("xn--bch9223372036854775808er\u00adkva.test", "cannot be a host"),  # beyond integers of C
    ("user@", "no host"),
    ("user:pa55@:80", "no host"),
    ("user:pa55@host@c", "user name"),
    ("user:pa\\55@host", "user name"),
    ("[::1", "brackets"),
    ("[::1]x", "brackets"),
    ("x[::1]", "cannot be a host"),
    ("[::1]]", "brackets"),
    ("[]", "no IPv6"),
    ("[:]", "no IPv6"),
    ("[1]", "no IPv6"),
    ("[::1::2]", "no IPv6"),
    ("[:::1]", "no IPv6"),
    ("[1:2:3:4:5:6:7]", "no IPv6"),
    ("[1:2:3:4:5:6:7:8:9]", "no IPv6"),
    ("[1:2:3:4:5:6:7:8::]", "no IPv6"),
    ("[12345::]", "no IPv6"),
    ("[::g]", "no IPv6"),
    ("[::1.2.3]", "no IPv6"),
    ("[::1.2.3.256]", "no IPv6"),
    ("[::1.2.3.]", "no IPv6"),
    ("[1.2.3.]", "no IPv6"),
    ("[::.2.3.4]", "no IPv6"),
    ("[::1..3.4]", "no IPv6"),
    ("[::...]", "no IPv6"),
    ("[::a.2.3.4]", "no IPv6"),
    ("[::01.2.3.4]", "no IPv6"),
    ("[1.2.3.4]", "no IPv6"),
    ("[1.2.3.4::]", "no IPv6"),
    ("[v1.x]", "no IPv6"),
    ("[::1%]", "no IPv6"),
    ("[::1%25]", "no IPv6"),
    ("[::1%25a/b]", "brackets"),
    ("[::1%25a b]", "no IPv6"),
    ("[example.com]", "no IPv6"),
    ("[" + ":" * 5000 + "]", "no IPv6"),
    ("::1", "no host"),
    ("xn--abc-.de", "A-label"),  # decodes to ASCII
    ("xn--.de", "A-label"),
    ("xn--ab-m1t.de", "A-label"),  # a joiner between letters that do not join
    ("xn--a.de", "A-label"),  # decodes to a control character
    ("xn--zzzzzzzzz99999.de", "A-label"),
    ("xn--ASCII-.com", "A-label"),
    ("xn--mnchen-3ya-.de", "A-label"),
]


@pytest.mark.safety("U2", "2m3", "I4", "T8", "M24")
@pytest.mark.parametrize(("host", "says"), BAD, ids=[ascii(row[0])[:40] for row in BAD])
def test_what_is_no_host_is_refused(host, says):
    with pytest.raises(InvalidURL, match=says) as caught:
        parse_url(f"http://{host}/")
    assert len(str(caught.value)) < 600
    assert "pa55" not in str(caught.value)


@pytest.mark.safety("T8")
def test_a_long_host_is_refused_before_idna_is_asked(monkeypatch):
    import idna

    monkeypatch.setattr(idna, "encode", lambda *args, **kwargs: pytest.fail("asked"))
    with pytest.raises(InvalidURL):
        parse_url("http://" + "\u0660" * 60000 + "/")


OTHER_SPELLINGS = [
    ("127.1", "127.0.0.1"),
    ("127.0.1", "127.0.0.1"),
    ("0x7f.1", "127.0.0.1"),
    ("0X7F.0.0.1", "127.0.0.1"),
    ("2130706433", "127.0.0.1"),
    ("0x7f000001", "127.0.0.1"),
    ("017700000001", "127.0.0.1"),
    ("0177.0.0.1", "127.0.0.1"),
    ("127.0.0.01", "127.0.0.1"),
    ("127.0.0.1.", "127.0.0.1"),
    ("0", "0.0.0.0"),
    ("0x", "0.0.0.0"),
    ("1.2.65535", "1.2.255.255"),
    ("１２７.１", "127.0.0.1"),
]


@pytest.mark.safety("T6")
@pytest.mark.parametrize(("host", "canonical"), OTHER_SPELLINGS)
def test_another_spelling_of_an_ipv4_address_is_refused_and_the_right_one_named(host, canonical):
    with pytest.raises(InvalidURL, match=f"{canonical} is$"):
        parse_url(f"http://{host}/")


@pytest.mark.safety("T6")
@pytest.mark.parametrize(
    "host", ["1.2.3.4.5", "256.1.1.1", "1.2.3.256", "1.2.65536", "4294967296", "08.1.1.1", "09", "1" * 200]
)  # fmt: skip
def test_numbers_that_are_no_address_are_refused(host):
    with pytest.raises(InvalidURL, match=r"IPv4|too long"):
        parse_url(f"http://{host}/")


@pytest.mark.safety("U2", "M24")
@given(st.text("1:.%a", max_size=12))
def test_what_is_in_brackets_is_an_ipv6_address_or_refused(literal):
    address = literal.partition("%")[0]
    try:
        expected = ipaddress.IPv6Address(address)
    except ValueError:
        with pytest.raises(InvalidURL):
            parse_url(f"http://[{literal}]/")
    else:
        if "%" not in literal:
            assert ipaddress.IPv6Address(parse_url(f"http://[{literal}]/").host) == expected


@given(st.integers(0, 2**128 - 1).map(ipaddress.IPv6Address), st.randoms(use_true_random=False))
def test_every_spelling_of_an_ipv6_address_becomes_the_shortest(address, rng):
    spelling = rng.choice([address.exploded, address.compressed, address.exploded.upper()])
    url = parse_url(f"http://[{spelling}]/")
    assert ipaddress.IPv6Address(url.host) == address
    mapped = address.ipv4_mapped
    assert url.host == (address.compressed if mapped is None else f"::ffff:{mapped}")


@pytest.mark.safety("U2")
def test_ipv6_is_accepted_exactly_where_the_standard_library_does():
    rng = random.Random(6)
    for _ in range(20000):
        length = rng.randrange(1, 12)
        text = "".join(
            rng.choice(["0", "1f", ":", "::", ":", "abcd", "1.2.3.4"]) for _ in range(length)
        )
        try:
            ipaddress.IPv6Address(text)
            is_one = True
        except ValueError:
            is_one = False
        try:
            parse_url(f"http://[{text}]/")
            accepted = True
        except InvalidURL:
            accepted = False
        assert accepted is is_one, text


@pytest.mark.parametrize(
    ("value", "is_one"),
    [
        ("example.com", True),
        ("example.com:80", True),
        ("[::1]:8080", True),
        ("127.1", True),
        ("", False),
        (":80", False),
        ("a:", False),
        ("a:b", False),
        ("a:123456", False),
        ("a b", False),
        ("a/b", False),
        ("a?b", False),
        ("a@b", False),
        ("a,b", True),
        ("a\r\n", False),
        ("a\n", False),
        ("[::1", False),
        ("\xe4", False),
    ],
)
@pytest.mark.safety("I4")
def test_what_may_be_sent_as_host(value, is_one):
    assert is_host_field(value) is is_one


ADDRESSES = [
    ("IPv4", "192.0.2.1", (0xC0000201, 32)),
    ("IPv6", "2001:db8::1", (0x20010DB8 << 96 | 1, 128)),
    ("IPv4 in IPv6", "::ffff:192.0.2.1", (0xFFFFC0000201, 128)),
    ("a name", "a.test", None),
    ("an octal number", "010.0.0.1", None),
    ("three numbers", "10.0.1", None),
    ("too large", "256.0.0.1", None),
    ("no IPv6", "1::2::3", None),
    ("nothing", "", None),
]


@pytest.mark.parametrize(
    ("host", "expected"), [row[1:] for row in ADDRESSES], ids=[row[0] for row in ADDRESSES]
)
def test_an_address_is_a_number_and_its_bits(host: str, expected: tuple[int, int] | None) -> None:
    assert address_number(host) == expected
