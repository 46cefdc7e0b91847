"""A secret, and every form in which it would still be one."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus, unquote

# Letters of both cases, because what was taken for a host by mistake is in lower case.
PLAIN = "Pl4ntedS3cret"
# Characters that URLs, base64 of "+" and "/", and quotation marks make something else of.
ODD = "Pl4>nted?/S3c~ret@"

_CREDENTIALS = re.compile(
    rb"^(?:proxy-)?authorization: *(?:[A-Za-z0-9-]+ +)?(.*?)\r?$|^cookie: *(.*?)\r?$", re.I | re.M
)
_DIGEST = re.compile(rb'response="([0-9a-f]{16,})"')


def forms_of(secret: str, user: str = "user") -> dict[str, str]:
    """What to look for, by what it is; everything in lower case."""
    raw = secret.encode()
    found = {
        "as it is": secret,
        "percent-encoded": quote(secret, safe=""),
        "percent-encoded in a form": quote_plus(secret, safe=""),
        "hexadecimal": raw.hex(),
        "a repr": repr(secret)[1:-1],
        "a repr of bytes": repr(raw)[2:-1],
        "JSON": json.dumps(secret)[1:-1],
        "UTF-8 taken for latin-1": raw.decode("latin-1"),
        "Basic": base64.b64encode(f"{user}:{secret}".encode()).decode(),
        "Basic as a user name": base64.b64encode(f"{secret}:".encode()).decode(),
        "base64 for URLs": base64.urlsafe_b64encode(raw).decode().rstrip("="),
    }
    for shift in range(3):  # base64 of anything that holds it: only what is of its own bits
        encoded = base64.b64encode(b"\0" * shift + raw).decode()
        whole = (shift + len(raw)) * 8 // 6
        found[f"base64 within something, {shift}"] = encoded[-(-shift * 8 // 6) : whole]
    return {what: form.lower() for what, form in found.items()}


def told_on_the_wire(written: bytes) -> Iterator[str]:
    """The credentials that really went out, whoever made them: also what Digest computed."""
    for match in _CREDENTIALS.finditer(written):
        value = match[1] or match[2] or b""
        digest = _DIGEST.search(value)
        if digest is not None:
            yield digest[1].decode()
        elif not value.lower().startswith(b"username="):
            yield value.decode("latin-1").lower()


def leaks(texts: Iterable[tuple[str, str]], forms: dict[str, str]) -> list[str]:
    """Where one of the forms stands: (where, text) pairs are looked through."""
    once = {text: where for where, text in texts}
    everything = _searchable("\n".join(once))
    there = {what: form for what, form in forms.items() if form in everything}
    return [
        f"{where}: {', '.join(found)}: {text[:400]}"
        for text, where in once.items()
        if there and (found := [what for what in there if there[what] in _searchable(text)])
    ]


def _searchable(text: str) -> str:
    """In lower case, and once more without escapes: some of a secret may be escaped."""
    lower = text.lower()
    return f"{lower}\n{unquote(lower).lower()}" if "%" in lower else lower
