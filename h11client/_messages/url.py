"""URLs: one parser for everything that a URL decides, and the query that `params` becomes.

    URI = scheme ":" "//" authority path [ "?" query ] [ "#" fragment ]   ; RFC 3986 section 3

The connection, the Host field, certificates and the pool all take the host from the same `URL`
object, so that there are no two opinions about where a request goes. What comes out is normal
(RFC 3986 section 6.2.2): parsing `URL.text` again gives the same text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from h11client._messages.hosts import read_authority, shown_url
from h11client.exceptions import InvalidSchema, InvalidURL, MissingSchema

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeAlias

    Scalar: TypeAlias = "str | bytes | int | float | None"
    ParamValue: TypeAlias = Scalar | Iterable[Scalar]
    Params: TypeAlias = (
        Mapping[str, ParamValue]
        | Mapping[str, str]
        | Mapping[str, int]
        | Iterable[tuple[str | bytes | int, ParamValue]]
        | str
        | bytes
        | None
    )

__all__ = ["URL", "Origin", "build_url", "encode_form", "parse_url"]

MAX_URL = 65536  # bytes and characters; far above what servers take, and small enough to copy
MAX_CACHED_URLS = 512  # URLs that a program asks for again and again
MAX_CACHED_LENGTH = 2048  # characters: bounds the memory of the cache together with the count

DEFAULT_PORTS = {"http": 80, "https": 443}

# RFC 3986 sections 2.2, 2.3 and 3.3 to 3.5; in a class of characters "-" comes first.
_UNRESERVED = r"\-A-Za-z0-9._~"
_PCHAR = _UNRESERVED + r"!$&'()*+,;=:@"
_PLAIN_PATH = re.compile(rf"[{_PCHAR}/]*")
_PLAIN_QUERY = re.compile(rf"[{_PCHAR}/?]*")
# What is not plain: an escape, which stays one, or a byte that has to become one.
_ODD_IN_PATH = re.compile(rf"%[0-9A-Fa-f]{{2}}|[^{_PCHAR}/]".encode())
_ODD_IN_QUERY = re.compile(rf"%[0-9A-Fa-f]{{2}}|[^{_PCHAR}/?]".encode())
_PLAIN_FORM = re.compile(rf"[{_UNRESERVED}]*")
_ODD_IN_FORM = re.compile(rf"[^{_UNRESERVED}]".encode())

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*):")
_AUTHORITY_END = re.compile(r"[/?#]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class Origin:
    """Scheme, host and port: what credentials and pooled connections belong to.

    The host is lower-case and has no trailing dot. Compared by value, hashable.

    >>> parse_url("https://Example.com./a").origin == Origin("https", "example.com", 443)
    True
    """

    __slots__ = ("_hash", "host", "port", "scheme")

    def __init__(self, scheme: str, host: str, port: int) -> None:
        self.scheme = scheme
        self.host = host
        self.port = port
        self._hash = hash((scheme, host, port))

    def __eq__(self, other: object) -> bool:
        if type(other) is not Origin:
            return NotImplemented
        return self is other or (
            self.host == other.host and self.port == other.port and self.scheme == other.scheme
        )

    def __hash__(self) -> int:
        return self._hash

    def __repr__(self) -> str:
        return f"Origin({self.scheme!r}, {self.host!r}, {self.port!r})"


class URL:
    """A parsed http or https URL in normal form; a value, not to be changed.

    `host` is what to connect to: a name, or an address without brackets, with its zone. `authority`
    is the Host field: brackets, no zone, no default port. `target` is the origin-form
    (RFC 9112 section 3.2.1), and `bare` says that the URL had neither path nor query. `fragment`
    is None when there was none; it is never sent.

    >>> url = parse_url("HTTP://Example.com:80/a/../%7eb?q=1#top")
    >>> url.text, url.authority, url.target
    ('http://example.com/~b?q=1#top', b'example.com', b'/~b?q=1')
    """

    __slots__ = (
        "_prefix",
        "authority",
        "bare",
        "fragment",
        "host",
        "origin",
        "port",
        "scheme",
        "target",
        "text",
    )
    _prefix: str  # scheme and authority, for `text`
    scheme: str
    host: str
    port: int
    authority: bytes
    origin: Origin
    target: bytes
    bare: bool
    fragment: str | None
    text: str

    def __eq__(self, other: object) -> bool:
        return self.text == other.text if type(other) is URL else NotImplemented

    def __hash__(self) -> int:
        return hash(self.text)

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"<URL {self.text!r}>"


_cache: dict[str, URL] = {}


def parse_url(text: str | bytes) -> URL:
    """The URL in normal form; the same text gives the same object while it is remembered.

    Characters that a URL cannot hold are percent-encoded as UTF-8, a space too; dot segments are
    removed; hosts beyond ASCII become A-labels (RFC 5891).

    Raises:
        MissingSchema: there is no scheme.
        InvalidSchema: the scheme is neither http nor https.
        InvalidURL: anything else that is wrong: control characters, blanks at the ends, userinfo,
            a host or port outside the grammar, or more than 65536 bytes.
    """
    if type(text) is not str:
        text = _as_text(text)
    url = _cache.get(text)
    if url is None:
        url = _parse(text)
        if len(text) <= MAX_CACHED_LENGTH:
            while len(_cache) >= MAX_CACHED_URLS:
                # Two threads may take out the same one, or one that the other has put in since.
                _cache.pop(next(iter(list(_cache)), ""), None)
            _cache[text] = url
    return url


def _as_text(text: object) -> str:
    if isinstance(text, str):
        return str.__str__(text)
    if isinstance(text, (bytes, bytearray)):
        try:
            return text.decode("utf-8")
        except UnicodeDecodeError as error:
            raise InvalidURL("a URL in bytes has to be UTF-8") from error
    raise TypeError(f"a URL is str or bytes, not {type(text).__name__}")


def _parse(text: str) -> URL:
    if len(text) > MAX_URL:
        raise InvalidURL(f"a URL has {MAX_URL} bytes at most, this one {len(text)} characters")
    if text != text.strip():
        raise InvalidURL(f"a URL neither begins nor ends with a blank: {shown_url(text)}")
    control = _CONTROL.search(text)
    if control is not None:
        raise InvalidURL(f"a URL has no control characters like {control[0]!r}: {shown_url(text)}")
    scheme, start = _read_scheme(text)
    end = _AUTHORITY_END.search(text, start)
    authority = text[start : end.start() if end else len(text)]
    host, zone, port = read_authority(authority, text)

    rest, _, fragment = text[start + len(authority) :].partition("#")
    path, question, query = rest.partition("?")
    target = _remove_dot_segments(_normal(path, _PLAIN_PATH, _ODD_IN_PATH, text)) or "/"
    if question:
        target += "?" + _normal(query, _PLAIN_QUERY, _ODD_IN_QUERY, text)

    url = URL()
    url.scheme = scheme
    url.host = f"{host}%{zone}" if zone else host
    url.port = port or DEFAULT_PORTS[scheme]
    # RFC 9110 section 4.2.3: the default port is the same as none.
    suffix = "" if url.port == DEFAULT_PORTS[scheme] else f":{url.port}"
    written = f"[{host}]" if ":" in host else host
    url.authority = (written + suffix).encode("ascii")
    url.origin = Origin(scheme, url.host.removesuffix("."), url.port)
    url.bare = not path and not question
    if zone:
        written = f"[{host}%25{zone}]"  # RFC 6874 section 2
    url._prefix = f"{scheme}://{written}{suffix}"
    _finish(url, target, _normal(fragment, _PLAIN_QUERY, _ODD_IN_QUERY, text))
    return url


def _finish(url: URL, target: str, fragment: str) -> None:
    if len(target) > MAX_URL:
        raise InvalidURL(f"a URL has {MAX_URL} bytes at most, this one {len(target)} when encoded")
    url.target = target.encode("ascii")
    url.fragment = fragment or None
    url.text = f"{url._prefix}{target}#{fragment}" if fragment else url._prefix + target


def _read_scheme(text: str) -> tuple[str, int]:
    """The scheme, and where the authority begins."""
    match = _SCHEME.match(text)
    if match is None:
        raise MissingSchema(
            f"no scheme in the URL {shown_url(text)}: http:// or https:// is needed"
        )
    scheme = match[1].lower()
    if scheme not in DEFAULT_PORTS:
        raise InvalidSchema(f"neither http:// nor https://: {shown_url(text)}")
    if not text.startswith("//", match.end()):
        raise InvalidURL(f"no // behind the scheme: {shown_url(text)}")
    return scheme, match.end() + 2


def _normal(part: str, plain: re.Pattern[str], odd: re.Pattern[bytes], text: str) -> str:
    """Percent-encoding in its normal form (RFC 3986 section 6.2.2); nothing is encoded twice."""
    if plain.fullmatch(part):
        return part
    try:
        raw = part.encode("utf-8")
    except UnicodeEncodeError as error:
        raise InvalidURL(f"a URL cannot hold half a surrogate pair: {shown_url(text)}") from error
    return odd.sub(_normal_escape, raw).decode("ascii")


def _normal_escape(match: re.Match[bytes]) -> bytes:
    found = match[0]
    if len(found) == 1:
        return b"%%%02X" % found[0]
    byte = bytes([int(found[1:], 16)])
    return found.upper() if _ODD_IN_FORM.match(byte) else byte


def _remove_dot_segments(path: str) -> str:
    """RFC 3986 section 5.2.4, in one pass."""
    if "/." not in path:
        return path
    kept: list[str] = []
    segments = path.split("/")[1:]
    for segment in segments:
        if segment == "..":
            if kept:
                kept.pop()
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in (".", ".."):
        kept.append("")
    return "/" + "/".join(kept)


def build_url(base: URL | str | bytes, params: Params = None) -> URL:
    """The URL with `params` behind its query and before its fragment.

    `params` is a mapping or pairs, whose values may be lists (the name is repeated) or None (left
    out), or a query that is ready, as text or UTF-8. Order is kept; only "&" separates.

    >>> build_url("http://example.com/?a=1#top", {"b": ["x y", "&"], "c": None}).text
    'http://example.com/?a=1&b=x+y&b=%26#top'
    """
    url = base if type(base) is URL else parse_url(base)  # type: ignore[arg-type]  # not a subclass
    query = _encode_query(params) if params else ""
    if not query:
        return url
    target = url.target.decode("ascii")
    separator = "?" if "?" not in target else "" if target[-1] == "?" else "&"
    joined = URL()
    for name in URL.__slots__:
        setattr(joined, name, getattr(url, name))
    joined.bare = False
    _finish(joined, f"{target}{separator}{query}", url.fragment or "")
    return joined


def _encode_query(params: Params) -> str:
    if isinstance(params, (str, bytes, bytearray)):
        query = _as_text(params)
        control = _CONTROL.search(query)
        if control is not None:
            raise InvalidURL(f"a query has no control characters like {control[0]!r}")
        return _normal(query, _PLAIN_QUERY, _ODD_IN_QUERY, query)
    return encode_form(params)


def encode_form(fields: Params) -> str:
    """application/x-www-form-urlencoded: of pairs or a mapping, as `build_url` takes them.

    >>> encode_form([("a", "1 2"), ("b", [True, None, b"~"])])
    'a=1+2&b=True&b=~'
    """
    if isinstance(fields, (str, bytes)):
        raise TypeError("expected a mapping or (name, value) pairs, not text")
    pairs: Iterable[tuple[object, object]] = (
        fields.items() if isinstance(fields, Mapping) else fields or ()
    )
    encoded = []
    for pair in pairs:
        if isinstance(pair, (str, bytes)):
            raise TypeError("expected a mapping or (name, value) pairs, not pieces of text")
        name, values = pair
        if isinstance(values, (str, bytes)) or not isinstance(values, Iterable):
            values = (values,)
        for value in values:
            if value is not None:
                encoded.append(f"{_encode_form_part(name)}={_encode_form_part(value)}")
    return "&".join(encoded)


def _encode_form_part(part: object) -> str:
    if isinstance(part, (bytes, bytearray)):
        raw = bytes(part)
    else:
        text = part if isinstance(part, str) else str(part)
        if _PLAIN_FORM.fullmatch(text):
            return text
        raw = text.encode("utf-8")
    return _ODD_IN_FORM.sub(_form_escape, raw).decode("ascii")


def _form_escape(match: re.Match[bytes]) -> bytes:
    return b"+" if match[0] == b" " else b"%%%02X" % match[0][0]
