"""What servers do with signed requests, written from the specifications alone."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from urllib.parse import parse_qsl, quote, urlsplit

from tests.programs.service import Call

FORM = "application/x-www-form-urlencoded"


def check_oauth1(call: Call, client_secret: str, owner_secret: str) -> str:
    """RFC 5849 section 3.2 with HMAC-SHA1: "good", or what is wrong."""
    parts = urlsplit(call.target)
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    if call.header("Content-Type") == FORM:
        pairs += parse_qsl(call.body.decode(), keep_blank_values=True)
    authorization = call.header("Authorization") or ""
    if authorization.startswith("OAuth "):
        found = re.findall(r'(\w+)="([^"]*)"', authorization)
        pairs += [pair for name, value in found for pair in parse_qsl(f"{name}={value}")]
    told = dict(pairs)
    if "oauth_signature" not in told:
        return "not signed"
    normal = "&".join(
        f"{name}={value}"
        for name, value in sorted(
            (_escape(name), _escape(value)) for name, value in pairs if name != "oauth_signature"
        )
    )
    url = f"http://{call.header('Host')}{parts.path}"
    base = "&".join(map(_escape, (call.method, url, normal)))
    key = f"{_escape(client_secret)}&{_escape(owner_secret)}"
    made = hmac.new(key.encode(), base.encode(), hashlib.sha1).digest()
    return "good" if base64.b64decode(told["oauth_signature"]) == made else f"bad: {base}"


def check_aws4(call: Call, secret: str) -> str:
    """AWS Signature Version 4: "good", or what is wrong."""
    authorization = call.header("Authorization") or ""
    found = re.fullmatch(
        r"AWS4-HMAC-SHA256 Credential=(\w+)/(\S+), SignedHeaders=(\S+), Signature=(\w+)",
        authorization,
    )
    if found is None:
        return "not signed"
    _, scope, signed, signature = found.groups()
    digest = hashlib.sha256(call.body).hexdigest()
    if call.header("x-amz-content-sha256") != digest:
        return "another body"
    parts = urlsplit(call.target)
    query = "&".join(
        sorted(
            f"{_escape(name)}={_escape(value)}"
            for name, value in parse_qsl(parts.query, keep_blank_values=True)
        )
    )
    fields = [f"{name}:{(call.header(name) or '').strip()}\n" for name in signed.split(";")]
    canonical = "\n".join([call.method, parts.path, query, "".join(fields), signed, digest])
    to_sign = "\n".join(
        [
            "AWS4-HMAC-SHA256",
            call.header("x-amz-date") or "",
            scope,
            hashlib.sha256(canonical.encode()).hexdigest(),
        ]
    )
    key = b"AWS4" + secret.encode()
    for part in [*scope.split("/"), to_sign]:
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return "good" if key.hex() == signature else f"bad: {canonical}"


def _escape(text: str) -> str:
    return quote(text, safe="~")
