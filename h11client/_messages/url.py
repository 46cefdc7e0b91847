"""URLs: one parser for everything that a URL decides, and the query that `params` becomes.

    URI = scheme ":" "//" authority path [ "?" query ] [ "#" fragment ]   ; RFC 3986 section 3

The connection, the Host field, certificates and the pool all take the host from the same `URL`
object, so that there are no two opinions about where a request goes. What comes out is normal
(RFC 3986 section 6.2.2): parsing `URL.text` again gives the same text.
"""

from __future__ import annotations

import re

from h11client._messages.escapes import encode_form as encode_form
from h11client._messages.escapes import escape_bytes, normal_path, normal_query, unescape
from h11client._messages.hosts import read_authority, shown_url
from h11client.exceptions import InvalidSchema, InvalidURL, MissingSchema

TYPE_CHECKING = False
if TYPE_CHECKING:
    from h11client._messages.escapes import Params as Params

__all__ = [
    "URL",
    "Origin",
    "build_url",
    "encode_form",
    "join_base",
    "join_url",
    "parse_url",
    "read_userinfo",
]

MAX_URL = 65536  # bytes and characters; far above what servers take, and small enough to copy
MAX_CACHED_URLS = 512  # URLs that a program asks for again and again
MAX_CACHED_LENGTH = 2048  # characters: bounds the memory of the cache together with the count

DEFAULT_PORTS = {"http": 80, "https": 443}

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*):")
_AUTHORITY_END = re.compile(r"[/?#]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
# What RFC 3986 section 3.2.1 leaves out stays for what it is, as long as it cannot be mistaken for
# the end of the user's name: an "@" there is written %40.
_LOCATION_AUTHORITY = re.compile(rb"(?:[A-Za-z][A-Za-z0-9+.\-]*:)?//[^/?#]*")
_USERINFO = re.compile(r"[^@\\\[\]\s]*")


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
    is None when there was none; it is never sent. `userinfo` is the user name and password, without
    escapes, or None; no other attribute has any of it, nor has the URL as text.

    >>> url = parse_url("HTTP://Example.com:80/a/../%7eb?q=1#top")
    >>> url.text, url.authority, url.target
    ('http://example.com/~b?q=1#top', b'example.com', b'/~b?q=1')
    >>> url = parse_url("http://me:a%40b@example.com/")
    >>> url, url.userinfo
    (<URL 'http://example.com/'>, ('me', 'a@b'))
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
        "userinfo",
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
    userinfo: tuple[str, str] | None

    def __eq__(self, other: object) -> bool:
        return self.text == other.text if type(other) is URL else NotImplemented

    def __hash__(self) -> int:
        return hash(self.text)

    def __getstate__(self) -> tuple[None, dict[str, object]]:
        # A pickle may go anywhere; what the password was for is in the headers by then.
        return None, {name: getattr(self, name) for name in URL.__slots__} | {"userinfo": None}

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
        InvalidURL: anything else that is wrong: control characters, blanks at the ends, a host or
            port outside the grammar, an "@" in the user name, or more than 65536 bytes.
    """
    if type(text) is not str:
        text = _as_text(text)
    url = _cache.get(text)
    if url is None:
        url = _parse(text)
        if len(text) <= MAX_CACHED_LENGTH and url.userinfo is None:  # no password stays behind
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
        except UnicodeDecodeError:
            pass  # this error holds all of it, a password perhaps
        raise InvalidURL("a URL in bytes has to be UTF-8")
    raise TypeError(f"a URL is str or bytes, not {type(text).__name__}")


def _parse(text: str, read_userinfo: bool = True) -> URL:
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
    userinfo, at, place = authority.rpartition("@")
    host, zone, port = read_authority(place, text)

    rest, _, fragment = text[start + len(authority) :].partition("#")
    path, question, query = rest.partition("?")
    target = _remove_dot_segments(normal_path(path, text)) or "/"
    if question:
        target += "?" + normal_query(query, text)

    url = URL()
    url.userinfo = _read_userinfo(userinfo, text, read_userinfo) if at else None
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
    _finish(url, target, normal_query(fragment, text))
    return url


def _read_userinfo(userinfo: str, text: str, wanted: bool) -> tuple[str, str] | None:
    if not _USERINFO.fullmatch(userinfo):
        raise InvalidURL(
            f"an @, a bracket, a blank or a \\ in a user name or password is written as its escape:"
            f" {shown_url(text)}"
        )
    return read_userinfo(userinfo, text) if wanted else None


def read_userinfo(userinfo: str, text: str) -> tuple[str, str] | None:
    """User name and password without escapes, or None when there is nothing; `text` is the URL."""
    if userinfo in ("", ":"):
        return None
    user, _, password = userinfo.partition(":")
    try:
        return unescape(user).decode("utf-8"), unescape(password).decode("utf-8")
    except UnicodeError:
        pass  # this error holds the password, and would be the context of one that is raised here
    raise InvalidURL(f"the user name or password is not UTF-8: {shown_url(text)}")


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
    joined = _copy(url)
    joined.bare = False
    _finish(joined, f"{target}{separator}{query}", url.fragment or "")
    return joined


def _encode_query(params: Params) -> str:
    if isinstance(params, (str, bytes, bytearray)):
        query = _as_text(params)
        control = _CONTROL.search(query)
        if control is not None:
            raise InvalidURL(f"a query has no control characters like {control[0]!r}")
        return normal_query(query, query)
    return encode_form(params)


def _copy(url: URL) -> URL:
    copied = URL()
    for name in URL.__slots__:
        setattr(copied, name, getattr(url, name))
    return copied


def join_url(base: URL, location: str | bytes) -> URL:
    """Where a Location field of the resource `base` leads (RFC 3986 section 5.2).

    As text it is latin-1, like every value of a header, or else UTF-8. Bytes beyond ASCII are
    percent-encoded as they are; in a host they are UTF-8. The fragment is inherited
    (RFC 9110 section 10.2.2); a user name or password is not, and one in `location` is ignored.

    Raises:
        InvalidSchema: it leads to neither http nor https.
        InvalidURL: anything else that is wrong, as `parse_url` says.

    >>> join_url(parse_url("http://example.com/a/b?c#d"), "../e f")
    <URL 'http://example.com/e%20f#d'>
    """
    text = _ascii_location(location)
    path, mark, fragment = text.partition("#")
    if not mark:
        fragment = base.fragment or ""
    scheme = _SCHEME.match(path)
    if scheme is None and path.startswith("//"):
        path = f"{base.scheme}:{path}"
    elif scheme is None:
        path = base._prefix + _merge(base.target.decode("ascii"), path)
    return _parse(f"{path}#{fragment}", read_userinfo=False)


def _ascii_location(location: str | bytes) -> str:
    """The bytes of a Location field as text in which only the host may be beyond ASCII."""
    raw = _bytes_of(location) if isinstance(location, str) else bytes(location)
    if len(raw) > MAX_URL:
        raise InvalidURL(f"a URL has {MAX_URL} bytes at most, this one {len(raw)}")
    if raw.isascii():
        return raw.decode("ascii")
    authority = _LOCATION_AUTHORITY.match(raw)
    if authority is None:
        return escape_bytes(raw)
    try:
        return authority[0].decode("utf-8") + escape_bytes(raw[authority.end() :])
    except UnicodeDecodeError:
        pass  # this error holds all of it, a password perhaps
    raise InvalidURL("the host in a Location is not UTF-8")


def _bytes_of(location: str) -> bytes:
    for encoding in ("latin-1", "utf-8"):
        try:
            return location.encode(encoding)
        except UnicodeEncodeError:
            pass  # this error, too
    raise InvalidURL(f"a URL cannot hold half a surrogate pair: {shown_url(location)}")


def _merge(target: str, reference: str) -> str:
    """Path and query that a reference without scheme and authority means, dots included."""
    path, _, _ = target.partition("?")
    if reference.startswith("/"):
        return reference
    if reference.startswith("?"):
        return path + reference
    return path[: path.rindex("/") + 1] + reference if reference else target


def join_base(base: URL, url: str | bytes) -> URL:
    """The URL of a session's call whose `base_url` is `base`.

    A path goes behind the path of the base, with one slash between them, whether it begins with
    one or not; an empty one is the base itself. A whole URL has to have the origin of the base. The
    user name and password of the base hold for all of these.

    Raises:
        InvalidURL: another origin, "//", a base with a query or fragment, or what `parse_url` says.
        InvalidSchema: what precedes the first ":" is neither http nor https; paths which have one
            in their first part begin with "/".

    >>> base = parse_url("https://example.com/v1/")
    >>> join_base(base, "users"), join_base(base, "/users?a")
    (<URL 'https://example.com/v1/users'>, <URL 'https://example.com/v1/users?a'>)
    """
    text = _as_text(url)
    if b"?" in base.target or base.fragment is not None:
        raise InvalidURL(f"a base_url has neither query nor fragment: {shown_url(base.text)}")
    if text != text.strip():
        raise InvalidURL(f"a URL neither begins nor ends with a blank: {shown_url(text)}")
    if _SCHEME.match(text):
        joined = _parse(text)
        if joined.origin != base.origin:
            raise InvalidURL(f"another origin than that of the base_url: {shown_url(joined.text)}")
    elif text.startswith("//"):
        raise InvalidURL(f"behind a base_url a path begins with one slash: {shown_url(text)}")
    elif text == "" or text[0] in "?#":
        joined = _parse(base.text + text)
    else:
        joined = _parse(f"{base.text.removesuffix('/')}/{text.removeprefix('/')}")
    if joined.userinfo is None and base.userinfo is not None:
        joined.userinfo = base.userinfo
    return joined
