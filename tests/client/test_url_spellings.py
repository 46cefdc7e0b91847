"""Where a URL leads, for every way to write one that has led programs somewhere else.

One table, checked end to end: who is dialled, what certificates, Host, cookies, netrc and the rules
for proxies take for the host, and what stands in the request line. What is refused causes no dial.
"""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

import h11client
from h11client._messages.url import URL, build_url, join_url, parse_url
from h11client._transport.pool import Pool
from h11client.exceptions import InvalidSchema, InvalidURL, MissingSchema
from h11client.testing import ScriptedNetwork

LABEL = "a" * 63
LONG = ".".join([LABEL, LABEL, LABEL, "a" * 61])  # 253 characters
assert len(LONG) == 253

# --- what leads somewhere -------------------------------------------------------------------------

GOES = [
    # (URL, host and port that are dialled, Host field, request target)
    # schemes, and hosts in capitals
    ("http://example.com", "example.com", 80, "example.com", "/"),
    ("HTTP://EXAMPLE.COM", "example.com", 80, "example.com", "/"),
    ("hTtPs://eXample.cOm/", "example.com", 443, "example.com", "/"),
    ("https://example.com", "example.com", 443, "example.com", "/"),
    ("http://localhost/", "localhost", 80, "localhost", "/"),
    ("http://com/", "com", 80, "com", "/"),
    ("http://a_b.example/", "a_b.example", 80, "a_b.example", "/"),
    ("http://_dmarc.example/", "_dmarc.example", 80, "_dmarc.example", "/"),
    ("http://-a-.example/", "-a-.example", 80, "-a-.example", "/"),
    ("http://a--b.example/", "a--b.example", 80, "a--b.example", "/"),
    ("http://1.example/", "1.example", 80, "1.example", "/"),
    ("http://127.0.0.1.example/", "127.0.0.1.example", 80, "127.0.0.1.example", "/"),
    ("http://example.1a/", "example.1a", 80, "example.1a", "/"),
    ("http://0xg/", "0xg", 80, "0xg", "/"),
    ("http://1e3/", "1e3", 80, "1e3", "/"),
    ("http://x~y!$&'()+;=z/", "x~y!$&'()+;=z", 80, "x~y!$&'()+;=z", "/"),
    # ports
    ("http://h:80/", "h", 80, "h", "/"),
    ("https://h:443/", "h", 443, "h", "/"),
    ("http://h:443/", "h", 443, "h:443", "/"),
    ("https://h:80/", "h", 80, "h:80", "/"),
    ("http://h:/", "h", 80, "h", "/"),
    ("http://h:", "h", 80, "h", "/"),
    ("https://h:?a", "h", 443, "h", "/?a"),
    ("http://h:00080/", "h", 80, "h", "/"),
    ("http://h:0081/", "h", 81, "h:81", "/"),
    ("http://h:1/", "h", 1, "h:1", "/"),
    ("http://h:65535/", "h", 65535, "h:65535", "/"),
    ("http://H:8080", "h", 8080, "h:8080", "/"),
    # where the authority ends
    ("http://h?a", "h", 80, "h", "/?a"),
    ("http://h#a", "h", 80, "h", "/"),
    ("http://h?@evil/", "h", 80, "h", "/?@evil/"),
    ("http://h#@evil/", "h", 80, "h", "/"),
    ("http://h/@evil", "h", 80, "h", "/@evil"),
    ("http://h/:81@evil", "h", 80, "h", "/:81@evil"),
    ("http://h?://evil/", "h", 80, "h", "/?://evil/"),
    ("http://h#?://evil/", "h", 80, "h", "/"),
    ("http://h:81?@evil:82", "h", 81, "h:81", "/?@evil:82"),
    ("http://h:81#@evil:82", "h", 81, "h:81", "/"),
    ("http://h/\\@evil", "h", 80, "h", "/%5C@evil"),
    ("http://h?\\@evil", "h", 80, "h", "/?%5C@evil"),
    ("http://h#\\@evil", "h", 80, "h", "/"),
    ("http://h//evil/a", "h", 80, "h", "//evil/a"),
    ("http://h///evil", "h", 80, "h", "///evil"),
    ("http://h/http://evil/", "h", 80, "h", "/http://evil/"),
    ("http://h/\u2028@evil", "h", 80, "h", "/%E2%80%A8@evil"),
    # user names and passwords, and what is behind them
    ("http://user@h/", "h", 80, "h", "/"),
    ("http://user:pass@h/", "h", 80, "h", "/"),
    ("http://user:pass@h:81/", "h", 81, "h:81", "/"),
    ("http://user:80@h/", "h", 80, "h", "/"),
    ("http://user:pa:ss@h/", "h", 80, "h", "/"),
    ("http://user:pa%40evil@h/", "h", 80, "h", "/"),
    ("http://evil.com:80%2F@h/", "h", 80, "h", "/"),
    ("http://evil.com:@h/", "h", 80, "h", "/"),
    ("http://evil.com@h?@evil.org", "h", 80, "h", "/?@evil.org"),
    ("http://evil.com@h#@evil.org", "h", 80, "h", "/"),
    ("http://@h/", "h", 80, "h", "/"),
    ("http://:@h/", "h", 80, "h", "/"),
    ("http://:pass@h/", "h", 80, "h", "/"),
    ("http://user@[::1]:81/", "::1", 81, "[::1]:81", "/"),
    ("https://us%C3%A9r:é@h/", "h", 443, "h", "/"),
    # IPv4
    ("http://127.0.0.1/", "127.0.0.1", 80, "127.0.0.1", "/"),
    ("http://0.0.0.0:81/", "0.0.0.0", 81, "0.0.0.0:81", "/"),
    ("https://255.255.255.255/", "255.255.255.255", 443, "255.255.255.255", "/"),
    # IPv6
    ("http://[::1]/", "::1", 80, "[::1]", "/"),
    ("http://[::]/", "::", 80, "[::]", "/"),
    ("https://[::1]", "::1", 443, "[::1]", "/"),
    ("http://[::1]:81/", "::1", 81, "[::1]:81", "/"),
    ("http://[::1]:/", "::1", 80, "[::1]", "/"),
    ("http://[0:0:0:0:0:0:0:1]/", "::1", 80, "[::1]", "/"),
    ("http://[0000:0000:0000:0000:0000:0000:0000:0001]/", "::1", 80, "[::1]", "/"),
    ("http://[2001:DB8::A]/", "2001:db8::a", 80, "[2001:db8::a]", "/"),
    ("http://[2001:db8:0:0:1:0:0:1]/", "2001:db8::1:0:0:1", 80, "[2001:db8::1:0:0:1]", "/"),
    ("http://[1:0:2:3:4:5:6:7]/", "1:0:2:3:4:5:6:7", 80, "[1:0:2:3:4:5:6:7]", "/"),
    ("http://[1:2:3:4:5:6:7::]/", "1:2:3:4:5:6:7:0", 80, "[1:2:3:4:5:6:7:0]", "/"),
    ("http://[::ffff:192.0.2.1]/", "::ffff:192.0.2.1", 80, "[::ffff:192.0.2.1]", "/"),
    ("http://[::FFFF:C000:201]/", "::ffff:192.0.2.1", 80, "[::ffff:192.0.2.1]", "/"),
    ("http://[::192.0.2.1]/", "::c000:201", 80, "[::c000:201]", "/"),
    ("http://[fe80::1%25eth0]/", "fe80::1%eth0", 80, "[fe80::1]", "/"),
    ("http://[FE80::1%25Eth1]:81/", "fe80::1%Eth1", 81, "[fe80::1]:81", "/"),
    ("http://[fe80::1%eth0]/", "fe80::1%eth0", 80, "[fe80::1]", "/"),
    ("https://[fe80::1%251]/", "fe80::1%1", 443, "[fe80::1]", "/"),
    ("http://[fe80::1%25a-b.c_d~e]/", "fe80::1%a-b.c_d~e", 80, "[fe80::1]", "/"),
    # names beyond ASCII
    ("http://münchen.de/", "xn--mnchen-3ya.de", 80, "xn--mnchen-3ya.de", "/"),
    ("http://MÜNCHEN.DE/", "xn--mnchen-3ya.de", 80, "xn--mnchen-3ya.de", "/"),
    ("http://mu\u0308nchen.de/", "xn--mnchen-3ya.de", 80, "xn--mnchen-3ya.de", "/"),
    ("http://xn--mnchen-3ya.de/", "xn--mnchen-3ya.de", 80, "xn--mnchen-3ya.de", "/"),
    ("http://XN--MNCHEN-3YA.de/", "xn--mnchen-3ya.de", 80, "xn--mnchen-3ya.de", "/"),
    ("https://münchen.de:8443/ü?ü#ü", "xn--mnchen-3ya.de", 8443, "xn--mnchen-3ya.de:8443", "/%C3%BC?%C3%BC"),
    ("http://www.münchen.xn--p1ai/", "www.xn--mnchen-3ya.xn--p1ai", 80, "www.xn--mnchen-3ya.xn--p1ai", "/"),
    ("http://faß.de/", "xn--fa-hia.de", 80, "xn--fa-hia.de", "/"),
    ("http://βόλος.com/", "xn--nxasmm1c.com", 80, "xn--nxasmm1c.com", "/"),
    ("http://россия.рф/", "xn--h1alffa9f.xn--p1ai", 80, "xn--h1alffa9f.xn--p1ai", "/"),
    ("http://例え.テスト/", "xn--r8jz45g.xn--zckzah", 80, "xn--r8jz45g.xn--zckzah", "/"),
    ("http://例え。テスト/", "xn--r8jz45g.xn--zckzah", 80, "xn--r8jz45g.xn--zckzah", "/"),
    ("http://example。com/", "example.com", 80, "example.com", "/"),
    ("http://example\uff0ecom/", "example.com", 80, "example.com", "/"),
    ("http://example\uff61com/", "example.com", 80, "example.com", "/"),
    ("http://ｅｘａｍｐｌｅ.com/", "example.com", 80, "example.com", "/"),
    ("http://e\u00adxample.com/", "example.com", 80, "example.com", "/"),
    ("http://\u212b.example/", "xn--5ca.example", 80, "xn--5ca.example", "/"),
    ("http://\u017fmall.example/", "small.example", 80, "small.example", "/"),
    ("http://نامه\u200cای.com/", "xn--mgba3gch31f060k.com", 80, "xn--mgba3gch31f060k.com", "/"),
    ("http://क्\u200dष.com/", "xn--11b2ezcw70k.com", 80, "xn--11b2ezcw70k.com", "/"),
    ("http://xn--ls8h.la/", "xn--ls8h.la", 80, "xn--ls8h.la", "/"),
    ("http://user@münchen.de/", "xn--mnchen-3ya.de", 80, "xn--mnchen-3ya.de", "/"),
    (b"http://m\xc3\xbcnchen.de/\xc3\xbc", "xn--mnchen-3ya.de", 80, "xn--mnchen-3ya.de", "/%C3%BC"),
    (b"http://h:81/a?b", "h", 81, "h:81", "/a?b"),
    # the ends of names
    ("http://example.com./", "example.com.", 80, "example.com.", "/"),
    ("https://example.com.:8443/", "example.com.", 8443, "example.com.:8443", "/"),
    ("http://münchen.de./", "xn--mnchen-3ya.de.", 80, "xn--mnchen-3ya.de.", "/"),
    (f"http://{LABEL}.example/", f"{LABEL}.example", 80, f"{LABEL}.example", "/"),
    (f"http://{LONG}/", LONG, 80, LONG, "/"),
    (f"http://{LONG}./", f"{LONG}.", 80, f"{LONG}.", "/"),
    # paths
    ("http://h/a/../b", "h", 80, "h", "/b"),
    ("http://h/../../b", "h", 80, "h", "/b"),
    ("http://h/a/./b/.", "h", 80, "h", "/a/b/"),
    ("http://h/a/..", "h", 80, "h", "/"),
    ("http://h/a/%2e%2E/b/%2e", "h", 80, "h", "/b/"),
    ("http://h/..;/b", "h", 80, "h", "/..;/b"),
    ("http://h/a//../b", "h", 80, "h", "/a/b"),
    ("http://h/..//evil", "h", 80, "h", "//evil"),
    ("http://h/.", "h", 80, "h", "/"),
    ("http://h/...", "h", 80, "h", "/..."),
    ("http://h/a%2Fb", "h", 80, "h", "/a%2Fb"),
    ("http://h/a%2fb%3a", "h", 80, "h", "/a%2Fb%3A"),
    ("http://h/%7Euser/%41", "h", 80, "h", "/~user/A"),
    ("http://h/100%", "h", 80, "h", "/100%25"),
    ("http://h/%zz%1", "h", 80, "h", "/%25zz%251"),
    ("http://h/%2541", "h", 80, "h", "/%2541"),
    ("http://h/%%34%31", "h", 80, "h", "/%2541"),
    ("http://h/%00%0d%0A", "h", 80, "h", "/%00%0D%0A"),
    ("http://h/a b", "h", 80, "h", "/a%20b"),
    ("http://h/a+b;c=d,e", "h", 80, "h", "/a+b;c=d,e"),
    ("http://h/a\\..\\b", "h", 80, "h", "/a%5C..%5Cb"),
    ("http://h/\"<>^`{|}[]", "h", 80, "h", "/%22%3C%3E%5E%60%7B%7C%7D%5B%5D"),
    ("http://h/é", "h", 80, "h", "/%C3%A9"),
    ("http://h/e\u0301", "h", 80, "h", "/e%CC%81"),
    ("http://h/\U0001f40d", "h", 80, "h", "/%F0%9F%90%8D"),
    ("http://h/\u010d\u010aX:y\u0120", "h", 80, "h", "/%C4%8D%C4%8AX:y%C4%A0"),
    ("http://h/\uff0f\uff0e\uff0e", "h", 80, "h", "/%EF%BC%8F%EF%BC%8E%EF%BC%8E"),
    ("http://h/\x80\x9f", "h", 80, "h", "/%C2%80%C2%9F"),
    # queries and fragments
    ("http://h/?", "h", 80, "h", "/?"),
    ("http://h?", "h", 80, "h", "/?"),
    ("http://h/??", "h", 80, "h", "/??"),
    ("http://h/?a=b&c=d;e", "h", 80, "h", "/?a=b&c=d;e"),
    ("http://h/?a/../b", "h", 80, "h", "/?a/../b"),
    ("http://h/?a b+c", "h", 80, "h", "/?a%20b+c"),
    ("http://h/?a[]='%27\"", "h", 80, "h", "/?a%5B%5D='%27%22"),
    ("http://h/?%e9&%", "h", 80, "h", "/?%E9&%25"),
    ("http://h/?é=\u010a", "h", 80, "h", "/?%C3%A9=%C4%8A"),
    ("http://h/?a=http://evil/?b#c", "h", 80, "h", "/?a=http://evil/?b"),
    ("http://h/#", "h", 80, "h", "/"),
    ("http://h/#a?b", "h", 80, "h", "/"),
    ("http://h/a#b#c", "h", 80, "h", "/a"),
    ("http://h/a#/../b", "h", 80, "h", "/a"),
    ("http://h/a%23b", "h", 80, "h", "/a%23b"),
    ("http://h/a%3Fb?c", "h", 80, "h", "/a%3Fb?c"),
]  # fmt: skip

# --- what leads nowhere ---------------------------------------------------------------------------

REFUSED = [
    # (URL, error)
    # no scheme, or another one
    ("", MissingSchema),
    ("h", MissingSchema),
    ("//h/", MissingSchema),
    ("/a", MissingSchema),
    ("://h/", MissingSchema),
    ("127.0.0.1/", MissingSchema),
    ("[::1]:80/", MissingSchema),
    ("\uff48ttp://h/", MissingSchema),
    ("h:80/", InvalidSchema),
    ("ftp://h/", InvalidSchema),
    ("file:///etc/passwd", InvalidSchema),
    ("javascript://h/%0aalert(1)", InvalidSchema),
    ("http+unix://%2Ftmp%2Fs/", InvalidSchema),
    ("httpx://h/", InvalidSchema),
    # what is behind the scheme
    ("http:h", InvalidURL),
    ("http:/h", InvalidURL),
    ("http:\\\\h\\", InvalidURL),
    ("http:/\\h/", InvalidURL),
    ("http:\\/h/", InvalidURL),
    ("http:////h/", InvalidURL),
    ("http://", InvalidURL),
    ("http:///", InvalidURL),
    ("http://?h", InvalidURL),
    ("http://#h", InvalidURL),
    ("http://:80/", InvalidURL),
    ("http://@/", InvalidURL),
    ("http://user@/", InvalidURL),
    ("http://user:pass@:80/", InvalidURL),
    # ports
    ("http://h:0/", InvalidURL),
    ("http://h:00000/", InvalidURL),
    ("http://h:65536/", InvalidURL),
    ("http://h:99999/", InvalidURL),
    ("http://h:000080/", InvalidURL),
    ("http://h:+80/", InvalidURL),
    ("http://h:-80/", InvalidURL),
    ("http://h:8_0/", InvalidURL),
    ("http://h:80a/", InvalidURL),
    ("http://h:0x50/", InvalidURL),
    ("http://h:80 /", InvalidURL),
    ("http://h: 80/", InvalidURL),
    ("http://h:80:80/", InvalidURL),
    ("http://h:80\\@evil/", InvalidURL),
    ("http://h:\u0668\u0660/", InvalidURL),
    ("http://h:\uff18\uff10/", InvalidURL),
    ("http://h:\xb2/", InvalidURL),
    ("http://h:" + "8" * 5000, InvalidURL),
    ("http://[::1]80/", InvalidURL),
    ("http://[::1]:a/", InvalidURL),
    # whose host is it?
    ("http://good@evil@h/", InvalidURL),
    ("http://h:80@evil:81@x/", InvalidURL),
    ("http://h\\@evil/", InvalidURL),
    ("http://h\\.evil/", InvalidURL),
    ("http://evil\\", InvalidURL),
    ("http://h[@evil/", InvalidURL),
    ("http://[::1]@evil/", InvalidURL),
    ("http://[h@evil]/", InvalidURL),
    ("http://h @evil/", InvalidURL),
    ("http://h&@evil@x#@y/", InvalidURL),
    ("http://h\uff20evil/", InvalidURL),
    ("http://h\ufe6bevil/", InvalidURL),
    ("http://h\uff0fevil/", InvalidURL),
    ("http://h\uff03evil/", InvalidURL),
    ("http://h\uff1fevil/", InvalidURL),
    ("http://h\uff1a80/", InvalidURL),
    ("http://h\uff3cevil/", InvalidURL),
    ("http://h\u2100evil/", InvalidURL),
    ("http://h\u2048evil/", InvalidURL),
    ("http://h\u2024\u2024evil/", InvalidURL),
    ("http://h\u2488evil/", InvalidURL),
    ("http://h%2Fevil/", InvalidURL),
    ("http://h%40evil/", InvalidURL),
    ("http://h%00evil/", InvalidURL),
    ("http://h%2eevil/", InvalidURL),
    ("http://%68/", InvalidURL),
    ("http://%/", InvalidURL),
    ("http://m%C3%BCnchen.de/", InvalidURL),
    ("http://a b/", InvalidURL),
    ("http://a^b/", InvalidURL),
    ("http://a|b/", InvalidURL),
    ("http://a<b/", InvalidURL),
    ('http://a"b/', InvalidURL),
    ("http://a`b/", InvalidURL),
    ("http://{a}/", InvalidURL),
    ("http://*/", InvalidURL),
    ("http://*.example.com/", InvalidURL),
    ("http://./", InvalidURL),
    ("http://../", InvalidURL),
    ("http://.h/", InvalidURL),
    ("http://a..b/", InvalidURL),
    ("http://h../", InvalidURL),
    ("http://h。。b/", InvalidURL),
    # brackets
    ("http://[/", InvalidURL),
    ("http://]/", InvalidURL),
    ("http://[]/", InvalidURL),
    ("http://[::1/", InvalidURL),
    ("http://::1]/", InvalidURL),
    ("http://[[::1]]/", InvalidURL),
    ("http://[::1]evil/", InvalidURL),
    ("http://[::1].evil/", InvalidURL),
    ("http://evil[::1]/", InvalidURL),
    ("http://[::1][::1]/", InvalidURL),
    ("http://::1/", InvalidURL),
    ("http://[1]/", InvalidURL),
    ("http://[h]/", InvalidURL),
    ("http://[127.0.0.1]/", InvalidURL),
    ("http://[v1.fe80::a]/", InvalidURL),
    ("http://[::1::]/", InvalidURL),
    ("http://[:::]/", InvalidURL),
    ("http://[1:2:3:4:5:6:7]/", InvalidURL),
    ("http://[1:2:3:4:5:6:7:8:9]/", InvalidURL),
    ("http://[::12345]/", InvalidURL),
    ("http://[::g]/", InvalidURL),
    ("http://[:: 1]/", InvalidURL),
    ("http://[::\uff11]/", InvalidURL),
    ("http://[::1.2.3]/", InvalidURL),
    ("http://[::1.2.3.256]/", InvalidURL),
    ("http://[::ffff:0177.0.0.1]/", InvalidURL),
    ("http://[::1%]/", InvalidURL),
    ("http://[::1%25]/", InvalidURL),
    ("http://[fe80::1%25eth0/x]/", InvalidURL),
    ("http://[fe80::1%25eth0@evil]/", InvalidURL),
    ("http://[fe80::1%25eth 0]/", InvalidURL),
    ("http://[fe80::1%25%65]/", InvalidURL),
    ("http://[fe80::1%25é]/", InvalidURL),
    ("http://%5B::1%5D/", InvalidURL),
    # A-labels, and names that are none
    ("http://xn--/", InvalidURL),
    ("http://xn--a.example/", InvalidURL),
    ("http://xn--abc-.example/", InvalidURL),
    ("http://xn--google-.com/", InvalidURL),
    ("http://xn--mnchen-3ya-.de/", InvalidURL),
    ("http://xn--zzzzzzzzz99999.de/", InvalidURL),
    ("http://xn--\xfc.de/", InvalidURL),
    ("http://\u200d.example/", InvalidURL),
    ("http://a\u200db.example/", InvalidURL),
    ("http://a\u200cb.example/", InvalidURL),
    ("http://\u0301a.example/", InvalidURL),
    ("http://\u202eb.example/", InvalidURL),
    ("http://א1a.example/", InvalidURL),
    ("http://\u0660a\u06f0.example/", InvalidURL),
    ("http://-é.example/", InvalidURL),
    ("http://é-.example/", InvalidURL),
    ("http://éé--é.example/", InvalidURL),
    ("http://\ufffd.example/", InvalidURL),
    ("http://\ue000.example/", InvalidURL),
    ("http://\ufdd0.example/", InvalidURL),
    ("http://\xad/", InvalidURL),
    ("http://\ud800.example/", InvalidURL),
    # lengths
    (f"http://{LABEL}a.example/", InvalidURL),
    (f"http://{LONG}a/", InvalidURL),
    (f"http://{LONG}a./", InvalidURL),
    ("http://" + "é" * 64 + ".example/", InvalidURL),
    ("http://" + "é" * 254 + "/", InvalidURL),
    ("http://" + "a." * 200 + "/", InvalidURL),
    ("http://h/" + "a" * 65536, InvalidURL),
    # blanks and control characters
    (" http://h/", InvalidURL),
    ("http://h/ ", InvalidURL),
    ("\thttp://h/", InvalidURL),
    ("\x00http://h/", InvalidURL),
    ("\u3000http://h/", InvalidURL),
    ("http://h/\u00a0", InvalidURL),
    ("ht\ntp://h/", InvalidURL),
    ("http:\n//h/", InvalidURL),
    ("http://h\n/", InvalidURL),
    ("http://h\r\nX: y/", InvalidURL),
    ("http://h\x00.evil/", InvalidURL),
    ("http://h\t.evil/", InvalidURL),
    ("http://h/\r\nX: y", InvalidURL),
    ("http://h/a\tb", InvalidURL),
    ("http://h/\x7f", InvalidURL),
    ("http://h/?\n", InvalidURL),
    ("http://h/#\n", InvalidURL),
    ("http://us\ner@h/", InvalidURL),
    ("http://h \x0b/", InvalidURL),
    (b"http://h/\xff", InvalidURL),
    (b"http://\xff/", InvalidURL),
    (b"\xff\xfeh\0t\0t\0p\0", InvalidURL),
]

# Systems read these as addresses, and some of them as different ones.
NOT_CANONICAL = [
    ("http://127.1/", "127.0.0.1"),
    ("http://127.0.1/", "127.0.0.1"),
    ("http://1.2.3/", "1.2.0.3"),
    ("http://0x7f.1/", "127.0.0.1"),
    ("http://0X7F.0.0.1/", "127.0.0.1"),
    ("http://0177.0.0.1/", "127.0.0.1"),
    ("http://127.0.0.01/", "127.0.0.1"),
    ("http://127.000.000.001/", "127.0.0.1"),
    ("http://2130706433/", "127.0.0.1"),
    ("http://0x7f000001/", "127.0.0.1"),
    ("http://017700000001/", "127.0.0.1"),
    ("http://0/", "0.0.0.0"),
    ("http://127.0.0.1./", "127.0.0.1"),
    ("http://1.65535/", "1.0.255.255"),
    ("http://127。0。0。1/", "127.0.0.1"),
    ("http://①②⑦.0.0.1/", "127.0.0.1"),
    ("http://１２７.0.0.1/", "127.0.0.1"),
    ("http://user@127.1:81/", "127.0.0.1"),
    ("http://%31%32%37.0.0.1/", "127.0.0.1"),
    ("http://127%2e0%2E0%2e1/", "127.0.0.1"),
    ("http://0x7f%2e1/", "127.0.0.1"),
]
NO_ADDRESSES = ["1.2.3.4.5", "256.0.0.1", "1.2.3.256", "1.16777216", "4294967296", "08.0.0.1", "0x100.1.1.1"]  # fmt: skip


def test_the_table_is_long_enough():
    assert len(GOES) + len(REFUSED) + len(NOT_CANONICAL) + len(NO_ADDRESSES) >= 300
    for rows in (GOES, REFUSED, NOT_CANONICAL):
        assert len({row[0] for row in rows}) == len(rows)


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nSet-Cookie: from=%d\r\n\r\n"


def session_of(*dials, **options):
    network = ScriptedNetwork(*dials)
    return h11client.Session(transport=Pool(None, network, network.clock), **options), network


def head_of(request):
    """Request line and fields of what was written."""
    line, *fields = request.decode("ascii").removesuffix("\r\n\r\n").split("\r\n")
    return line, {name: value for name, _, value in (field.partition(": ") for field in fields)}


def basic(userinfo):
    return "Basic " + base64.b64encode(":".join(userinfo).encode()).decode()


every_spelling = pytest.mark.parametrize(
    ("text", "host", "port", "authority", "target"), GOES, ids=[ascii(row[0])[:60] for row in GOES]
)


@pytest.mark.safety("R14", "2m1", "2m2", "2m3", "2b1", "2b2", "I1", "N1", "T6", "R13", "P5")
@every_spelling
def test_a_spelling_leads_to_one_host(
    tmp_path, monkeypatch, caplog, text, host, port, authority, target
):
    caplog.set_level("DEBUG", "h11client")
    url = parse_url(text)
    bare_host = host.removesuffix(".")
    netrc = f"machine {bare_host} login me password secret\ndefault login you password wrong\n"
    (tmp_path / "netrc").write_text(netrc, encoding="utf-8")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    session, network = session_of([OK % 1, OK % 2], trust_env=["netrc"])
    session.get(text)
    session.get(url.text)  # the same connection
    assert network.dialled == [(host, port)]
    assert session._transport_.counts().idle == 1
    logged = f"{url.scheme}://{f'[{host}]' if ':' in host else host}:{port}"
    assert [line.split()[2] for line in caplog.messages if "opened" in line] == [logged]

    first, second = [head_of(request) for request in network.streams[0].writes]
    assert first[0] == second[0] == f"GET {target} HTTP/1.1"
    assert first[1]["Host"] == second[1]["Host"] == authority
    assert second[1]["Authorization"] == basic(("me", "secret"))
    assert first[1]["Authorization"] == basic(url.userinfo or ("me", "secret"))
    assert [cookie.domain for cookie in session.cookies] == [bare_host.lower()]  # of a zone, too
    assert (first[1].get("Cookie"), second[1]["Cookie"]) == (None, "from=1")
    names = [name for _, name in network.upgrades]
    assert names == ([bare_host.partition("%")[0]] if url.scheme == "https" else [])
    session.close()


@pytest.mark.safety("R14", "R15", "P1")
@every_spelling
def test_a_rule_for_a_proxy_knows_the_same_host(text, host, port, authority, target):
    url = parse_url(text)
    written = host.removesuffix(".")
    written = f"[{written}]" if ":" in host else written
    for rule in (f"{url.scheme}://{written}:{port}", f"all://{written}"):
        session, network = session_of(OSError("no proxy"), trust_env=False)
        session.proxies = {rule: "http://proxy.test:3128"}
        with pytest.raises(h11client.ProxyError):
            session.get(text)
        assert network.dialled == [("proxy.test", 3128)]
    no_proxy = written if port in (80, 443) else f"{written}:{port}"
    session, network = session_of(OSError("no server"), trust_env=False)
    session.proxies = {"all": "http://proxy.test:3128", "no_proxy": no_proxy.partition("%")[0]}
    if "%" in no_proxy:
        session.proxies["no_proxy"] = no_proxy.partition("%")[0].strip("[]")
    with pytest.raises(h11client.ConnectionError):
        session.get(text)
    assert network.dialled == [(host, port)]


@pytest.mark.safety("R14", "R17", "2m2")
@every_spelling
def test_a_spelling_is_read_once(text, host, port, authority, target):
    url = parse_url(text)
    again = parse_url(url.text)
    as_location = join_url(
        parse_url("https://base/a?b#c"), text if type(text) is bytes else text.encode()
    )
    for other in (again, as_location):
        assert other.userinfo is None
        for name in ("scheme", "host", "port", "authority", "origin", "target"):
            assert getattr(other, name) == getattr(url, name)
    assert again == url
    assert build_url(url, {"a": "b"}).origin == url.origin
    assert build_url(url, {"a": "b"}).target.decode().startswith(target)


def refuses(text, error):
    """The message of the error, and no dial for either a call or a redirect."""
    session, network = session_of()
    with pytest.raises(error) as caught:
        session.get(text)
    assert type(caught.value) is error
    assert isinstance(caught.value, ValueError)
    assert len(str(caught.value)) < 600
    assert network.dialled == []
    return str(caught.value)


@pytest.mark.safety("U2", "R14", "I1", "I4", "4I12", "T8", "2m1", "2m3", "R12")
@pytest.mark.parametrize(("text", "error"), REFUSED, ids=[ascii(row[0])[:60] for row in REFUSED])
def test_what_is_wrong_is_refused_before_any_dial(text, error):
    message = refuses(text, error)
    assert (
        "\n" not in message
        and "\0" not in message
        and "pass" not in message.replace("passwd", "").replace("password", "")
    )


@pytest.mark.safety("I8", "4I12")
@pytest.mark.parametrize("userinfo", ["us%0d%0aer:pass", "user:pa%00ss", "us%3Aer:pass"])
def test_a_user_name_that_cannot_be_sent_is_the_callers_mistake(userinfo):
    session, network = session_of()
    with pytest.raises(ValueError, match="user name") as caught:
        session.get(f"http://{userinfo}@h/")
    assert "pass" not in str(caught.value).replace("password", "")
    assert network.dialled == []


@pytest.mark.safety("T6", "4I12")
@pytest.mark.parametrize(("text", "canonical"), NOT_CANONICAL)
def test_an_address_is_written_in_one_way(text, canonical):
    assert f"{canonical} is" in refuses(text, InvalidURL)
    with pytest.raises(InvalidURL):
        join_url(parse_url("http://base/"), text.encode())


@pytest.mark.safety("T6", "4I12")
@pytest.mark.parametrize("host", NO_ADDRESSES)
def test_numbers_that_are_no_address_are_no_host(host):
    assert "no IPv4 address" in refuses(f"http://{host}/", InvalidURL)


# --- for every URL --------------------------------------------------------------------------------

texts = st.text(
    st.characters(
        exclude_categories=["Cs"], exclude_characters="".join(map(chr, range(32))) + "\x7f"
    )
)
known_hosts = st.sampled_from([(parse_url(row[0]).authority.decode(), row[1]) for row in GOES if "%" not in row[1] and row[2] in (80, 443)])  # fmt: skip


@pytest.mark.safety("R14", "5P9", "2m2", "I1")
@given(known_hosts, st.sampled_from("/?#"), texts)
def test_nothing_behind_the_authority_changes_the_host(known, mark, rest):
    written, host = known
    text = (
        f"https://{written.partition(']:')[0] if written[0] == '[' else written.partition(':')[0]}"
    )
    if written[0] == "[" and not text.endswith("]"):
        text += "]"
    url = parse_url((text + mark + rest).rstrip())
    assert url.host == host
    again = parse_url(url.text)
    assert again == url and again.target == url.target
    assert url.target.isascii() and not set(url.target) & set(b" \r\n\0#\x7f\\")


@pytest.mark.safety("R14", "5P9", "U2")
@given(st.text("aA.:@/\\?#[]%1x02é。\uff0e\u200d -_", max_size=20))
def test_whatever_is_accepted_is_read_again_as_what_it_was(authority):
    try:
        url = parse_url("http://" + authority)
    except (InvalidURL, MissingSchema):
        return
    assert type(url) is URL
    assert not set(url.host) & set("/@#?\\[] ")
    again = parse_url(url.text)
    assert (again, again.host, again.port) == (url, url.host, url.port)
