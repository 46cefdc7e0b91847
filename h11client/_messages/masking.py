"""What opens doors is not shown: values of headers, cookies, parameters, forms and JSON are masked.

A name says what is a secret. Names that only may mean one are taken for one: what is masked for
nothing can be shown by those who ask for it.
"""

from __future__ import annotations

import re

from h11client._messages.headers import is_never_shown, mask_userinfo

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection
    from typing import Any

__all__ = [
    "MASK",
    "is_secret",
    "mask_content",
    "mask_cookies",
    "mask_field",
    "mask_form",
    "mask_json",
    "mask_part",
    "mask_url",
]

MASK = "***"
_LONGEST_JSON = 1024 * 1024  # characters that are looked through
# Names in lower case, without what separates their words.
_NAMES = frozenset(
    [
        *("auth", "authorization", "assertion", "clientassertion", "codeverifier", "jwt", "key"),
        *("otp", "pass", "passphrase", "pwd", "session", "sessionid", "sid", "sig"),
    ]
)
_ENDINGS = (
    *("accesskey", "apikey", "authkey", "credential", "credentials", "passwd", "password"),
    *("privatekey", "secret", "secretkey", "signature", "token"),
)
_NOT_SECRET = frozenset(["accesscontrolallowcredentials"])  # "true", for browsers
_SEPARATORS = str.maketrans("", "", "-_. []")
# What says where to go next may say it with a secret.
_PLACES = frozenset(["content-location", "location", "origin", "referer"])
_CREDENTIALS = frozenset(["authorization", "proxy-authorization"])
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9-]* ")
_PART_NAME = re.compile(rb'; name="([^"]*)"(; filename=)?')


def is_secret(name: str) -> bool:
    """Whether a parameter, or a field of a form or a document, is called as secrets are.

    >>> [name for name in ("q", "api_key", "user[password]", "X-Amz-Signature") if is_secret(name)]
    ['api_key', 'user[password]', 'X-Amz-Signature']
    >>> is_secret("Access-Control-Allow-Credentials")
    False
    """
    plain = name.lower().translate(_SEPARATORS)
    return plain in _NAMES or (plain.endswith(_ENDINGS) and plain not in _NOT_SECRET)


def mask_field(name: str, value: str, others: Collection[str] = ()) -> str:
    """The value of a header field as it may be shown; `others` are names that are secret too.

    >>> mask_field("Authorization", "Bearer abc"), mask_field("Cookie", "a=1; b=2")
    ('Bearer ***', 'a=***; b=***')
    """
    lower = name.lower()
    if lower in _CREDENTIALS:
        scheme = _SCHEME.match(value)
        return f"{scheme[0] if scheme else ''}{MASK}"
    if lower in ("cookie", "set-cookie"):
        return mask_cookies(value, lower == "set-cookie")
    if is_never_shown(lower) or lower in others or is_secret(name):
        return MASK
    return mask_url(value) if lower in _PLACES else mask_userinfo(value, is_url=False)


def mask_cookies(value: str, one: bool) -> str:
    """The names of cookies; of `one` that is set its attributes, too."""
    shown = []
    for number, pair in enumerate(value.split(";")):
        name, equals, content = pair.partition("=")
        if one and number > 0:
            shown.append(pair)
        elif equals and content.strip():
            shown.append(f"{name}={MASK}")
        else:  # without a name, but its value may end with "="
            shown.append(f" {MASK}"[number == 0 :])
    return ";".join(shown)


def mask_url(url: str) -> str:
    """A URL without user name and password, and without the values of parameters that are secrets.

    >>> mask_url("http://a.test/?q=1&token=abc#b")
    'http://a.test/?q=1&token=***#b'
    """
    before, mark, query = url.partition("?")
    before = mask_userinfo(before)
    if not mark:
        return before
    query, hash_mark, fragment = query.partition("#")
    return f"{before}?{mask_form(query)}{hash_mark}{fragment}"


def mask_form(text: str) -> str:
    """The text of a form, or a query, without the values of fields that are secrets."""
    from urllib.parse import unquote_plus

    pairs = []
    for pair in text.split("&"):
        name, equals, _ = pair.partition("=")
        pairs.append(f"{name}={MASK}" if equals and is_secret(unquote_plus(name)) else pair)
    return "&".join(pairs)


def mask_json(text: str) -> str:
    """A document without the values of members that are secrets; as it was, if there are none."""
    from json import dumps, loads

    if len(text) > _LONGEST_JSON:
        return text
    try:
        value = loads(text)
        masked = _masked(value)
        return text if masked == value else dumps(masked, ensure_ascii=False)
    except (ValueError, RecursionError):
        return text


def _masked(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: MASK if is_secret(name) and inner not in (None, "", {}, []) else _masked(inner)
            for name, inner in value.items()
        }
    if isinstance(value, str):  # perhaps a document itself
        return mask_json(value) if value[:1] in ("{", "[") else value
    return [_masked(inner) for inner in value] if isinstance(value, list) else value


def mask_part(head: bytes, content: bytes) -> bytes:
    """The content of a part of a form with files, whose `head` says what it is called."""
    match = _PART_NAME.search(head)
    secret = match is not None and not match[2] and is_secret(match[1].decode("utf-8", "replace"))
    return MASK.encode() if secret else content


def mask_content(content: bytes, content_type: str) -> bytes:
    """A body without what its type shows to be a secret."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        return _mask_multipart(content, content_type)
    if kind == "application/x-www-form-urlencoded":
        mask = mask_form
    elif kind.endswith(("/json", "+json")):
        mask = mask_json
    else:
        return content
    try:
        return mask(content.decode("utf-8")).encode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return content


def _mask_multipart(content: bytes, content_type: str) -> bytes:
    boundary = re.search(r'boundary="?([^";,]+)', content_type)
    if boundary is None:
        return content
    separator = b"--" + boundary[1].encode("latin-1", "replace")
    parts = []
    for part in content.split(separator):
        head, blank, rest = part.partition(b"\r\n\r\n")
        if blank:
            body = rest.removesuffix(b"\r\n")
            part = head + blank + mask_part(head, body) + rest[len(body) :]
        parts.append(part)
    return separator.join(parts)
