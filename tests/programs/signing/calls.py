"""Calls of h11client that are signed by what other people wrote for requests.

python -I calls.py oauth1 http://127.0.0.1:8000

That of requests for Digest is one of them: it sends the request again by itself, from a hook.
"""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator
from typing import Any

from requests.auth import AuthBase, HTTPDigestAuth
from requests_aws4auth import AWS4Auth
from requests_oauthlib import OAuth1

import h11client

ODD = {"b5": "=%3D", "a3": "a", "c@": "", "a2": "r b", "\u00e9": "\u20ac&="}


def oauth1(session: h11client.Session, url: str) -> Iterator[h11client.Response]:
    """RFC 5849 in all three places."""
    keys = ("client", "client secret", "owner", "owner secret")
    auth = OAuth1(*keys)
    assert isinstance(auth, AuthBase)
    yield session.get(url + "/plain", auth=auth)
    yield session.get(url + "/query?a3=2+q", params=ODD, auth=auth)
    yield session.post(url + "/form", data=ODD, auth=auth)
    yield session.post(url + "/json", json=ODD, auth=auth)
    yield session.put(url + "/file", data=io.BytesIO(b"of any kind"), auth=auth)
    kind = {"Content-Type": "application/octet-stream"}  # else OAuth1 looks for a form in it
    yield session.post(url + "/chunked", data=iter([b"in ", b"pieces"]), headers=kind, auth=auth)
    yield session.get(url + "/in-query", params=ODD, auth=OAuth1(*keys, signature_type="query"))
    in_body = OAuth1(*keys, signature_type="body")
    yield session.post(url + "/in-body", data=ODD, auth=in_body)
    yield session.get(url + "/to/plain", auth=auth)
    session.auth = auth
    yield session.get(url + "/of-the-session")
    prepared = session.prepare_request(h11client.Request("POST", url + "/prepared", data=ODD))
    yield session.send(prepared)


def aws4(session: h11client.Session, url: str) -> Iterator[h11client.Response]:
    """AWS Signature Version 4."""
    auth = AWS4Auth("access", "secret key", "eu-west-1", "service")
    assert isinstance(auth, AuthBase)
    yield session.get(url + "/plain", auth=auth)
    yield session.get(url + "/query", params={"b": "x y", "a": "~"}, auth=auth)
    yield session.put(url + "/bytes", data=b"\x00\xff", auth=auth)
    yield session.post(url + "/text", data="d\u00e9j\u00e0", auth=auth)
    yield session.post(url + "/form", data=ODD, auth=auth)
    yield session.post(url + "/json", json=ODD, auth=auth)
    yield session.put(url + "/file", data=io.BytesIO(b"of any kind"), auth=auth)
    yield session.get(url + "/to/plain", auth=auth)
    session.auth = AWS4Auth(
        "access", "secret key", "eu-west-1", "service", session_token="session token"
    )
    yield session.get(url + "/of-the-session")


def digest(session: h11client.Session, url: str) -> Iterator[h11client.Response]:
    """RFC 7616, as requests does it."""
    auth = HTTPDigestAuth("user", "secret")
    assert isinstance(auth, AuthBase)
    yield session.get(url + "/plain", auth=auth)
    yield session.get(url + "/again", params={"a": "b c"}, auth=auth)
    auth = HTTPDigestAuth("user", "secret")
    yield session.put(url + "/file", data=io.BytesIO(b"of any kind"), auth=auth)
    session.auth = HTTPDigestAuth("user", "secret")
    yield session.post(url + "/form", data=ODD)
    yield session.get(url + "/to/plain")


def main(scheme: str, url: str) -> list[dict[str, Any]]:
    """What came of each call."""
    with h11client.Session() as session:
        return [
            {"path": response.url.partition("?")[0].removeprefix(url), "said": response.text}
            for response in {"oauth1": oauth1, "aws4": aws4, "digest": digest}[scheme](session, url)
        ]


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))
