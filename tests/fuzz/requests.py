"""Requests that mutations start from."""

from __future__ import annotations

HEAD = b"POST /path?query HTTP/1.1\r\nHost: example.com\r\n"
REQUESTS = [
    b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nAccept: */*\r\nUser-Agent: x\r\nCookie: a=b; c=d\r\n\r\n",
    b"GET / HTTP/1.0\r\n\r\n",
    b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    b"GET / HTTP/1.1\nHost: a\n\n",
    b"GET http://a/b HTTP/1.1\r\nHost: a\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
    b"HEAD /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    b"CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n\x16\x03\x01",
    b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nxx",
    b"X-Y /%00 HTTP/1.1\r\nHost: a\r\nA: b\r\n c\r\n\r\n",
    HEAD + b"Content-Length: 2\r\n\r\nhi",
    HEAD + b"Content-Length: 2\r\nExpect: 100-continue\r\n\r\nhi",
    HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
    HEAD + b"Transfer-Encoding: chunked\r\n\r\n2;a=b\r\nhi\r\n0\r\nA: b\r\n\r\n",
    HEAD + b"Content-Length: 2\r\n\r\nhi" + HEAD + b"Content-Length: 0\r\n\r\n",
]
