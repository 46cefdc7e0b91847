"""What `http.cookiejar` asks of a request and a response, answered by those of this library.

A policy of the standard library, or of a program, sees them through these. The host is always that
of the URL, whatever a Host header says.
"""

from __future__ import annotations

from h11client._messages.url import URL, parse_url

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

__all__ = ["MockRequest", "MockResponse", "PolicyRequest", "set_cookie_values", "url_of"]


def url_of(request: Any) -> URL:
    """The URL of a prepared request, ours or another library's."""
    url: URL | None = getattr(request, "parsed_url", None)
    return parse_url(request.url) if url is None else url


class PolicyRequest:
    """A URL in the shape of `urllib.request.Request`, as far as policies look at it."""

    unverifiable = True  # as in requests; what is asked for is what was asked for first, though

    def __init__(self, url: URL) -> None:
        self._url = url
        self.type = url.scheme
        self._added: dict[str, str] = {}

    @property
    def host(self) -> str:
        """Host and port of the URL."""
        return self._url.authority.decode("latin-1")

    @property
    def origin_req_host(self) -> str:
        """The host of the URL."""
        return self._url.host

    def get_full_url(self) -> str:
        """The URL."""
        return self._url.text

    def get_type(self) -> str:
        """The scheme."""
        return self.type

    def get_host(self) -> str:
        """Host and port of the URL."""
        return self.host

    def get_origin_req_host(self) -> str:
        """The host of the URL."""
        return self.origin_req_host

    def is_unverifiable(self) -> bool:
        """Whether somebody else than the user chose the URL, as far as anybody knows."""
        return self.unverifiable

    def has_header(self, name: str) -> bool:
        """Whether the request has a header."""
        return name in self._added

    def get_header(self, name: str, default: str | None = None) -> str | None:
        """A header's value."""
        return self._added.get(name, default)

    def add_header(self, key: str, val: str) -> None:
        """Not for cookies."""
        raise NotImplementedError("cookies are added by add_unredirected_header()")

    def add_unredirected_header(self, name: str, value: str) -> None:
        """Notes a header, for `get_new_headers`."""
        self._added[name] = value

    def get_new_headers(self) -> dict[str, str]:
        """The headers that were added."""
        return self._added


class MockRequest(PolicyRequest):
    """A prepared request in the shape of `urllib.request.Request`, for `http.cookiejar`.

    >>> from h11client import Request
    >>> request = MockRequest(Request("GET", "http://example.com:8080/a").prepare())
    >>> request.get_host(), request.type, request.has_header("Cookie")
    ('example.com:8080', 'http', False)
    """

    def __init__(self, request: Any) -> None:
        super().__init__(url_of(request))
        self._headers = request.headers

    def has_header(self, name: str) -> bool:
        """Whether the request has a header, or was given it."""
        return name in self._headers or name in self._added

    def get_header(self, name: str, default: str | None = None) -> str | None:
        """A header's value."""
        value: str | None = self._headers.get(name, self._added.get(name, default))
        return value


class MockResponse:
    """Set-Cookie fields in the shape of the response of `urllib.request`, for `http.cookiejar`.

    Args:
        headers: an object with `get_all`, or the values of Set-Cookie.
    """

    def __init__(self, headers: Any) -> None:
        self._headers = headers if hasattr(headers, "get_all") else _Fields(headers)

    def info(self) -> Any:
        """The headers, which have `get_all`."""
        return self._headers

    def getheaders(self, name: str) -> list[str]:
        """The values of a header."""
        values: list[str] = self._headers.get_all(name, [])
        return values


class _Fields:
    def __init__(self, values: Iterable[str]) -> None:
        self._values = list(values)

    def get_all(self, name: str, default: Any = None) -> Any:
        return self._values if name.lower() == "set-cookie" and self._values else default


def set_cookie_values(response: Any) -> list[str]:
    """The values of Set-Cookie of a response, ours or one in the shape of another library's."""
    # Some wrap the response of the standard library, some have fields that are read in their way.
    original = getattr(response, "_original_response", None)
    for holder in (response, getattr(original, "msg", None), getattr(response, "msg", None)):
        headers = getattr(holder, "headers", None)
        for fields in (headers, holder):
            for name in ("get_list", "getlist", "get_all"):
                read = getattr(fields, name, None)
                if callable(read):
                    values = list(read("Set-Cookie") or ())
                    if values:
                        return values
    info = getattr(response, "info", None)
    return list(info().get_all("Set-Cookie") or ()) if callable(info) else []
