"""URLs of other schemes than http and https, for transports that know what to do with them."""

from __future__ import annotations

from h11client._messages.escapes import encode_form
from h11client._messages.hosts import shown_url
from h11client._messages.url import URL, Origin, parse_url, read_userinfo
from h11client.exceptions import InvalidURL, MissingSchema

TYPE_CHECKING = False
if TYPE_CHECKING:
    from h11client._messages.escapes import Params

__all__ = ["ForeignURL", "foreign_url", "url_beside"]


class ForeignURL(URL):
    """A URL that stays as it was written, less its user name and password, which are `userinfo`.

    What it means is the business of its transport.
    """

    __slots__ = ()


def url_beside(known: URL, url: object) -> URL:
    """Another URL for a request to `known`: foreign as that, if its scheme is the same."""
    text = url.decode("utf-8") if isinstance(url, bytes) else str(url)
    if text.partition(":")[0].lower() == known.scheme:
        return foreign_url(text)
    return parse_url(text)


def foreign_url(text: str, params: Params = None) -> ForeignURL:
    """The URL `text`, with `params` behind its query.

    Raises:
        MissingSchema: there is no scheme.
        InvalidURL: there is a blank or a control character in it, or a user name or password that
            is not UTF-8.

    >>> url = foreign_url("file:///etc/hosts#1")
    >>> url.scheme, url.host, url.target, url.text
    ('file', '', b'/etc/hosts', 'file:///etc/hosts#1')
    >>> url = foreign_url("ftp://me:a%40b@a.test/x")
    >>> url.text, url.userinfo
    ('ftp://a.test/x', ('me', 'a@b'))
    """
    text = text.strip()
    scheme, colon, rest = text.partition(":")
    if not colon:
        raise MissingSchema(f"no scheme in {shown_url(text)}")
    if not text.isprintable():
        raise InvalidURL(f"a control character in {shown_url(text)}")
    rest, hash_sign, fragment = rest.partition("#")
    query = encode_form(params) if params else ""
    if query:
        rest += ("&" if "?" in rest else "?") + query
    userinfo = authority = ""
    path = rest
    if rest.startswith("//"):
        end = min(
            [position for mark in "/?" if (position := rest.find(mark, 2)) > 0] or [len(rest)]
        )
        userinfo, _, authority = rest[2:end].rpartition("@")
        path = rest[end:]
        rest = f"//{authority}{path}"
    url = object.__new__(ForeignURL)
    url.scheme = scheme.lower()
    url.host = authority.lower()
    url.port = 0
    url.authority = url.host.encode("utf-8")
    url.origin = Origin(url.scheme, url.host, 0)
    url.target = path.encode("utf-8") if path.startswith("/") else b"/" + path.encode("utf-8")
    url.bare = not path
    url.fragment = fragment if hash_sign else None
    url.userinfo = read_userinfo(userinfo, text)
    url.text = f"{scheme}:{rest}{hash_sign}{fragment}"
    url._prefix = f"{scheme}://{authority}"
    return url
