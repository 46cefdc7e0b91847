"""Messages as HTTP Archive format 1.2 has them, secrets masked unless they are asked for.

Its numbers are milliseconds and bytes, and -1 is what nobody knows. Head sizes are those of the
fields as they were parsed: what blanks were around their values nobody knows any more.
"""

from __future__ import annotations

import re
from base64 import b64encode
from datetime import datetime, timezone
from urllib.parse import unquote_plus

from h11client._messages.body import NO_BODY, Body, TrailedBody
from h11client._messages.decoders import build_decoder, content_codings
from h11client._messages.masking import MASK, is_secret, mask_content, mask_field, mask_url
from h11client._messages.multipart import MultipartBody
from h11client._policies.set_cookie import parse_set_cookie
from h11client.exceptions import RequestException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from typing import Any, TypeAlias

    Fields: TypeAlias = list[tuple[str, str]]
    Object: TypeAlias = dict[str, Any]

__all__ = ["Describer", "content_of", "timings_of"]

_PART = re.compile(rb'content-disposition: [^\r\n]*; name="([^"]*)"(?:; filename="([^"]*)")?', re.I)
_PART_TYPE = re.compile(rb"content-type: ([^\r\n]*)", re.I)
_STAGES = ("blocked", "dns", "connect", "ssl", "send", "wait", "receive")


class Describer:
    """What may be shown, and how much of a body is kept."""

    __slots__ = ("_show", "max_body", "secret")

    def __init__(self, show_secrets: bool, max_body: int, secret: Collection[str]) -> None:
        self._show = show_secrets
        self.max_body = max_body
        self.secret = secret  # names of headers, in lower case

    # --- requests --------------------------------------------------------------------------

    def request(self, request: Any) -> Object:
        """A prepared request, as it will be sent."""
        method, target, block = request.wire_head()
        fields = _text_fields(block.raw_items())
        url = request.parsed_url.text.partition("#")[0]
        secret = {*self.secret, *(request.generated or ())}
        body: Body = request.encoded_body
        described: Object = {
            "method": method.decode("ascii"),
            "url": self._url(url),
            "httpVersion": "HTTP/1.1",
            "cookies": [
                pair
                for name, value in fields
                if name.lower() == "cookie"
                for pair in self._sent(value)
            ],
            "headers": self._fields(fields, secret),
            "queryString": self._pairs(url.partition("?")[2]),
            "headersSize": len(method) + len(target) + len("  HTTP/1.1\r\n\r\n") + _size_of(fields),
            "bodySize": 0 if body is NO_BODY else -1 if body.length is None else body.length,
        }
        if body is not NO_BODY:
            types = block.values_of(b"content-type")
            described["postData"] = self._post_data(
                body, types[0].decode("latin-1") if types else ""
            )
        return described

    def _url(self, url: str) -> str:
        return url if self._show else mask_url(url)

    def _fields(self, fields: Fields, secret: Collection[str]) -> list[Object]:
        if not self._show:
            fields = [(name, mask_field(name, value, secret)) for name, value in fields]
        return [{"name": name, "value": value} for name, value in fields]

    def _pairs(self, query: str) -> list[Object]:
        return [
            self._pair(unquote_plus(name), unquote_plus(value))
            for name, _, value in (pair.partition("=") for pair in query.split("&") if pair)
        ]

    def _pair(self, name: str, value: str, **more: str) -> Object:
        masked = not self._show and is_secret(name)
        return {"name": name, "value": MASK if masked else value, **more}

    def _sent(self, value: str) -> list[Object]:
        """The cookies of a Cookie field; one may have no name, and then it is all value."""
        pairs = [pair.strip().partition("=") for pair in value.split(";") if pair.strip()]
        named = [(name, rest) if equals else ("", name) for name, equals, rest in pairs]
        return [{"name": name, "value": v if self._show else MASK} for name, v in named]

    def _post_data(self, body: Body, kind: str) -> Object:
        described: Object = {"mimeType": kind, "params": [], "text": ""}
        while isinstance(body, TrailedBody):
            body = body._inner
        media = kind.partition(";")[0].strip().lower()
        content = body.bytes
        if media == "multipart/form-data":
            described["params"] = self._form_parts(body, kind)
        if content is None:
            described["comment"] = "a body that could be read once, or from files, is not kept"
        elif len(content) > self.max_body:
            described["comment"] = f"a body of {len(content)} bytes is not kept"
        elif media != "multipart/form-data":
            content = content if self._show else mask_content(content, kind)
            described["text"], encoding = _as_text(content)
            if encoding:  # which the format does not know for requests
                described["_encoding"] = encoding
            if media == "application/x-www-form-urlencoded":
                described["params"] = self._pairs(content.decode("ascii", "replace"))
        return described

    def _form_parts(self, body: Body, kind: str) -> list[Object]:
        pieces: Iterable[Any]
        if isinstance(body, MultipartBody):
            pieces = body._pieces
        else:
            boundary = kind.partition("boundary=")[2].encode("latin-1", "replace")
            content = body.bytes or b""
            parts = [part.partition(b"\r\n\r\n") for part in content.split(b"--" + boundary)[1:-1]]
            pieces = [
                piece for head, _, rest in parts for piece in (head, rest.removesuffix(b"\r\n"))
            ]
        found: list[Object] = []
        waiting: Object | None = None
        for piece in pieces:
            if waiting is not None:  # its content
                if isinstance(piece, bytes) and "fileName" not in waiting:
                    value = piece[: self.max_body].decode("utf-8", "replace")
                    waiting.update(self._pair(waiting["name"], value))
                waiting = None
            elif isinstance(piece, bytes) and (match := _PART.search(piece)):
                waiting = self._part(piece, match)
                found.append(waiting)
        return found

    def _part(self, head: bytes, match: re.Match[bytes]) -> Object:
        part: Object = {"name": match[1].decode("utf-8", "replace"), "value": ""}
        if match[2] is not None:
            part["fileName"] = match[2].decode("utf-8", "replace")
        kind = _PART_TYPE.search(head)
        if kind is not None:
            part["contentType"] = kind[1].decode("latin-1")
        return part

    # --- responses -------------------------------------------------------------------------

    def response(self, response: Any) -> Object:
        """The head of a response; what of its body is known later is added to it."""
        head = getattr(response, "_head", None)
        if head is not None:
            fields = _text_fields(head.headers.raw_items())
        else:
            fields = [(str(name), str(value)) for name, value in response.headers.items()]
        reason = response.reason or ""
        reason = reason.decode("latin-1") if isinstance(reason, bytes) else str(reason)
        version = getattr(response, "http_version", "HTTP/1.1")
        named = {name.lower(): value for name, value in reversed(fields)}
        return {
            "status": response.status_code,
            "statusText": reason,
            "httpVersion": version,
            "cookies": [
                cookie
                for name, value in fields
                if name.lower() == "set-cookie"
                for cookie in self._given(value)
            ],
            "headers": self._fields(fields, self.secret),
            "content": {"size": 0, "mimeType": named.get("content-type", "x-unknown")},
            "redirectURL": self._url(named.get("location", "")),
            "headersSize": len(f"{version} 200 {reason}\r\n\r\n") + _size_of(fields),
            "bodySize": -1,
        }

    def no_response(self) -> Object:
        """What browsers write where there was none."""
        return {
            "status": 0,
            "statusText": "",
            "httpVersion": "",
            "cookies": [],
            "headers": [],
            "content": {"size": 0, "mimeType": "x-unknown"},
            "redirectURL": "",
            "headersSize": -1,
            "bodySize": -1,
        }

    def _given(self, value: str) -> list[Object]:
        """The cookie of a Set-Cookie field, when it is one."""
        cookie = parse_set_cookie(value)
        if cookie is None:
            return []
        described: Object = {
            "name": cookie.name,
            "value": cookie.value if self._show else MASK,
            "httpOnly": cookie.http_only,
            "secure": cookie.secure,
        }
        for name, found in (("path", cookie.path), ("domain", cookie.domain)):
            if found is not None:
                described[name] = found
        if cookie.expires is not None:
            described["expires"] = date_of(cookie.expires)
        return [described]

    def content(self, kept: bytes, size: int, codings: list[bytes], kind: str) -> Object:
        """The body of a response: `kept` of the `size` bytes that came, in these `codings`."""
        described: Object = {"size": size, "mimeType": kind}
        if len(kept) < size:
            described["comment"] = f"a body of {size} bytes is not kept"
            return described
        decoded = content_of(kept, codings, self.max_body)
        if decoded is None:
            described["comment"] = "the body could not be decoded, or is too large when it is"
            return described
        described["size"] = len(decoded)
        if codings:
            described["compression"] = len(decoded) - size
        described["text"], encoding = _as_text(
            decoded if self._show else mask_content(decoded, kind)
        )
        if encoding:
            described["encoding"] = encoding
        return described


def content_of(kept: bytes, codings: list[bytes], most: int) -> bytes | None:
    """A body without its codings; None when it is not in them, or larger than `most` then."""
    if not codings:
        return kept
    decoded = bytearray()
    try:
        decoder = build_decoder(_Bytes(kept), content_codings(codings))
        if decoder is None:
            return kept
        while piece := decoder.read(65536):
            decoded += piece
            if len(decoded) > most:
                return None
    except RequestException:
        return None
    return bytes(decoded)


class _Bytes:
    """Bytes, to be read like a body."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def read(self, max_bytes: int) -> bytes:
        piece, self._data = self._data[:max_bytes], self._data[max_bytes:]
        return piece


def timings_of(told: Any, waited: float, received: float) -> tuple[Object, float]:
    """The stages of an exchange, and their sum, in milliseconds.

    `told` are the `Timings` of the response, None where its transport has none: then it is known
    how long was `waited` for the head. `received` is how long the body took, unless they say so.
    """
    known = dict.fromkeys(_STAGES, -1.0)
    if told is None:
        known.update(send=0.0, wait=1000 * waited, receive=1000 * received)
    else:
        stages = (told.pool, told.dns, told.connect, told.tls, told.send, told.first_byte)
        before = sum(stage for stage in stages if stage is not None)
        if told.total is not None:
            received = max(0.0, told.total - before)
        for name, seconds in zip(_STAGES, (*stages, received)):
            if seconds is not None:
                known[name] = 1000 * seconds
        if known["ssl"] >= 0:  # "also included in the connect field", as in version 1.1
            known["connect"] = max(0.0, known["connect"]) + known["ssl"]
    rounded: Object = {
        name: value if value < 0 else round(value, 3) for name, value in known.items()
    }
    rounded = {name: -1 if value < 0 else value for name, value in rounded.items()}
    whole = sum(value for name, value in rounded.items() if value >= 0 and name != "ssl")
    return rounded, round(whole, 3)


def date_of(seconds: float) -> str:
    """A time as ISO 8601 in UTC."""
    date = datetime.fromtimestamp(seconds, timezone.utc)
    return date.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _text_fields(pairs: Iterable[tuple[bytes, bytes]]) -> Fields:
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in pairs]


def _size_of(fields: Fields) -> int:
    """Bytes of the lines of a head's fields."""
    return sum(len(name) + len(value) + len(": \r\n") for name, value in fields)


def _as_text(content: bytes) -> tuple[str, str]:
    """Text, and the encoding that it is in: "", or base64 where the content is no text."""
    try:
        return content.decode("utf-8"), ""
    except UnicodeDecodeError:
        return b64encode(content).decode("ascii"), "base64"
