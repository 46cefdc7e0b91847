"""Redirects: where a response sends its request, and what of that request goes there.

What is secret belongs to the origin that it was given for. Once a chain of redirects has left an
origin, nothing of it is sent again, not even back there: between the two somebody else had a say.
"""

from __future__ import annotations

from h11client._messages.body import NO_BODY
from h11client._messages.url import join_url
from h11client.exceptions import RemoteProtocolError, RequestException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from h11client._engine import h11
    from h11client._messages.headers import Headers
    from h11client._messages.request import PreparedRequest
    from h11client._messages.url import URL
    from h11client.exceptions import ResponseLike

__all__ = [
    "REDIRECTS",
    "SENSITIVE_HEADERS",
    "follow",
    "is_same_origin",
    "leave_behind",
    "location_of",
    "method_after",
]

# RFC 9110 section 15.4: 300, 304, 305 and 306 say something else, or nothing any more.
REDIRECTS = frozenset([301, 302, 303, 307, 308])

# What programs open doors with besides Authorization and Cookie; `Session.sensitive_headers`.
SENSITIVE_HEADERS = frozenset(
    ["x-api-key", "api-key", "x-auth-token", "x-access-token", "x-csrf-token"]
)

# Belong to one origin whatever the session says; Host names it. Proxy-Authorization belongs to a
# proxy, and where the next request goes, another one may be in the way.
_ALWAYS_WITHHELD = frozenset(["authorization", "cookie", "cookie2", "host", "proxy-authorization"])

# With "content-...", all that describes a body, or how it is sent (RFC 9110 section 15.4).
_OF_THE_BODY = frozenset(
    ["digest", "expect", "last-modified", "repr-digest", "trailer", "transfer-encoding"]
)


def location_of(response: ResponseLike) -> str | bytes | None:
    """Where a response redirects to, as it says it; None when it does not redirect.

    What a proxy says to CONNECT is not about the place behind it, and is never followed.

    Raises:
        RemoteProtocolError: there are several Locations, and they differ.
    """
    request = getattr(response, "request", None)
    if response.status_code not in REDIRECTS or getattr(request, "method", None) == "CONNECT":
        return None
    headers = response.headers
    values = headers.get_list("location") if hasattr(headers, "get_list") else None
    if values is None:
        values = [headers.get("Location")]
    found = {value for value in values if value}
    if not found:
        return None
    if len(found) > 1:
        # RFC 9110 section 10.2.2 knows one; who took another one than we could be led elsewhere.
        raise RemoteProtocolError(
            "the response redirects to several places",
            request=request,
            response=response,
        )
    location: str | bytes = found.pop()
    return location


def follow(
    request: PreparedRequest,
    response: ResponseLike,
    sensitive: frozenset[str] = SENSITIVE_HEADERS,
    location: str | bytes | None = None,
) -> PreparedRequest:
    """The request that `response` asks for instead of `request`, which is not changed.

    `sensitive` are the names, in lower case, of headers that stay with their origin; `location`
    is where to go, instead of what `location_of` says. What was put
    into the headers for the request's URL is not in those of the new one: cookies and credentials
    are for the session to look up again. A body that is kept has been rewound.

    Raises:
        InvalidURL: there is no such place as Location names.
        InvalidSchema: it is neither http nor https.
        RemoteProtocolError: as `location_of`.
        UnrewindableBodyError: the body would have to be sent again, and cannot.
    """
    try:
        location = location_of(response) if location is None else location
        if location is None:
            raise ValueError("the response does not redirect")
        url = join_url(request.parsed_url, location)
        method = method_after(response.status_code, request.method or "")
        hop = request.copy()
        headers = hop.headers
        _withhold_generated(headers, request.generated)
        hop.generated = None
        for hook in request.generated_hooks:  # would answer, for auth, whoever asks
            hop.deregister_hook("response", hook)
        hop.generated_hooks = ()
        if not is_same_origin(request.parsed_url, url):
            _withhold(headers, _ALWAYS_WITHHELD | sensitive)
            hop.dropped = True
            hop.auth = hop.private_to = hop.call_cookies = None
            _hide_secured(headers, request.parsed_url, url)
        hop.parsed_url = url
        if method == request.method:
            hop.encoded_body.rewind()
        else:
            _drop_body(hop, headers)
            hop.method = method
        hop.headers = headers
        if hop.unsigned_body is not None:
            # What auth has put into the body is for its URL, as what it has put into headers.
            if method == request.method:
                hop.body = hop.unsigned_body  # type: ignore[assignment]  # which it takes too
                hop.encoded_body.rewind()
            hop.unsigned_body = None
    except RequestException as error:
        if error.request is None:
            error.request = request
        if error.response is None:
            error.response = response
        raise
    return hop


def _hide_secured(headers: Headers, old: URL, new: URL) -> None:
    """RFC 9110 section 10.1.3: who listens to plain http is not told what was asked for in TLS."""
    if (old.scheme, new.scheme) == ("https", "http") and any(
        value[:6].lower() == "https:" for value in headers.get_list("Referer")
    ):
        del headers["Referer"]


def leave_behind(
    request: PreparedRequest, home: URL, before: h11.Headers, sensitive: frozenset[str]
) -> None:
    """Takes out of a request to which auth has given another URL what was for `home` alone.

    `before` are the fields that it had then: what auth has set since is for where it goes.
    """
    if request.parsed_url is home or is_same_origin(home, request.parsed_url):
        return
    headers = request.headers
    for name in _ALWAYS_WITHHELD | sensitive:
        values = [value.decode("latin-1") for value in before.values_of(name.encode())]
        if values and headers.get_list(name) == values:
            del headers[name]
    generated = (request.generated or {}).get("cookie")
    if generated is not None and headers.get("Cookie") == generated:
        del headers["Cookie"]
    request.call_cookies = None
    request.dropped = True
    request.apply_cookies()


def is_same_origin(old: URL, new: URL) -> bool:
    """Whether what was meant for `old` may be told to `new`: scheme, host and port are equal.

    From http to https on the default ports is no other place but the same one, better guarded.
    """
    ours, theirs = old.origin, new.origin
    if ours == theirs:
        return True
    return ours.host == theirs.host and (ours.scheme, ours.port, theirs.scheme, theirs.port) == (
        ("http", 80, "https", 443)
    )


def method_after(status: int, method: str) -> str:
    """The method of the next request: RFC 9110 sections 15.4.2 to 15.4.4, and common practice."""
    if status in (302, 303) and method != "HEAD":
        return "GET"
    if status == 301 and method == "POST":
        return "GET"
    return method  # sections 15.4.8 and 15.4.9 do not allow to change it


def _withhold_generated(headers: Headers, generated: Mapping[str, str] | None) -> None:
    for name, value in (generated or {}).items():
        if headers.get(name) == value:  # else the caller's own, set since
            del headers[name]


def _withhold(headers: Headers, names: Iterable[str]) -> None:
    for name in names:
        headers.pop(name, None)


def _drop_body(hop: PreparedRequest, headers: Headers) -> None:
    hop.encoded_body = NO_BODY
    _withhold(
        headers,
        [
            name
            for name in headers
            if name.lower() in _OF_THE_BODY or name.lower().startswith("content-")
        ],
    )
