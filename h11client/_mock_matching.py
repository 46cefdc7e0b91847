"""Which requests a test expects: their method, URL, parameters, headers and body."""

from __future__ import annotations

import re

from h11client._messages.escapes import encode_form
from h11client._messages.headers import Headers
from h11client._messages.masking import mask_field, mask_url
from h11client._messages.url import parse_url

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from re import Pattern
    from typing import Any, TypeAlias

    from h11client._messages.body import Data
    from h11client._messages.url import Params

    URLPattern: TypeAlias = "str | Pattern[str] | None"
    HeaderPatterns: TypeAlias = "Mapping[str, str | Pattern[str] | None] | None"

__all__ = ["ANYTHING", "Expected", "shown_request"]

_LONGEST_SHOWN = 500  # characters of a body in a message


class _Anything:
    """Says that nothing was said, where None means something."""

    def __repr__(self) -> str:
        return "<anything>"


ANYTHING: Any = _Anything()


class Expected:
    """What a request has to be like; what is not said may be anything.

    The arguments are those of `MockRouter.route`.
    """

    __slots__ = ("_checks", "_shown")

    def __init__(
        self,
        method: str | None,
        url: URLPattern,
        params: Params,
        headers: HeaderPatterns,
        json: object,
        data: Data,
        matching: Callable[[Any], object] | None,
    ) -> None:
        shown = [method or "any method", "any URL" if url is None else _shown_url(url)]
        self._checks: list[Callable[[Any, bytes], str | None]] = []
        if method is not None:
            self._checks.append(_method_check(method))
        query = params
        if url is not None:
            self._checks.append(_url_check(url))
        pairs = _expected_query(url, query)
        if pairs is not None:
            self._checks.append(_query_check(pairs))
            if params is not ANYTHING:
                shown.append(f"params={params!r}")
        if headers:
            self._checks += [_header_check(name, value) for name, value in headers.items()]
            shown.append(f"headers={sorted(headers)!r}")
        if json is not ANYTHING:
            self._checks.append(_json_check(json))
            shown.append(f"json={json!r}")
        if data is not ANYTHING:
            self._checks.append(_data_check(data))
            shown.append(f"data={data!r}")
        if matching is not None:
            self._checks.append(_own_check(matching))
            shown.append(f"matching={getattr(matching, '__name__', matching)!s}")
        self._shown = " ".join(shown)

    def why_not(self, request: Any, body: bytes) -> str | None:
        """What about a request is not as expected; None: everything is."""
        for check in self._checks:
            why = check(request, body)
            if why is not None:
                return why
        return None

    def __str__(self) -> str:
        return self._shown


def _shown_url(url: Any) -> str:
    return f"any URL like {url.pattern!r}" if isinstance(url, re.Pattern) else str(url)


def _method_check(method: str) -> Callable[[Any, bytes], str | None]:
    wanted = method.upper()
    return lambda request, body: None if request.method == wanted else f"its method is not {wanted}"


def _url_check(url: Any) -> Callable[[Any, bytes], str | None]:
    if isinstance(url, re.Pattern):
        return lambda request, body: (
            None if url.fullmatch(_whole_url(request)) else "its URL is not like that"
        )
    if url.startswith("/"):
        path = parse_url(f"http://a.test{url}").target.partition(b"?")[0]
        return lambda request, body: None if _path(request) == path else "its path is another one"
    wanted = parse_url(url)
    place = (wanted.origin.scheme, wanted.origin.host, wanted.origin.port)
    path = wanted.target.partition(b"?")[0]

    def check(request: Any, body: bytes) -> str | None:
        origin = request.parsed_url.origin
        if (origin.scheme, origin.host, origin.port) != place:
            return "its scheme, host or port is another one"
        return None if _path(request) == path else "its path is another one"

    return check


def _whole_url(request: Any) -> str:
    text: str = request.parsed_url.text
    return text.partition("#")[0]


def _path(request: Any) -> bytes:
    target: bytes = request.parsed_url.target
    return target.partition(b"?")[0]


def _pairs(query: str) -> list[tuple[str, str]]:
    from urllib.parse import parse_qsl

    return sorted(parse_qsl(query, keep_blank_values=True))


def _expected_query(url: Any, params: Any) -> list[tuple[str, str]] | None:
    """What the query has to consist of, in whatever order; None: anything."""
    query = ""
    said = params is not ANYTHING
    if isinstance(url, str) and "?" in url:
        said = True
        query = url.partition("?")[2].partition("#")[0]
    if not said:
        return None
    own = "" if params is ANYTHING or not params else params
    if not isinstance(own, str):
        own = encode_form(own)
    return _pairs("&".join(part for part in (query, own) if part))


def _query_check(wanted: list[tuple[str, str]]) -> Callable[[Any, bytes], str | None]:
    def check(request: Any, body: bytes) -> str | None:
        found = _pairs(request.parsed_url.target.partition(b"?")[2].decode("ascii"))
        return None if found == wanted else f"its parameters are {found!r}, not {wanted!r}"

    return check


def _header_check(name: str, wanted: Any) -> Callable[[Any, bytes], str | None]:
    def check(request: Any, body: bytes) -> str | None:
        values = _sent_headers(request).get_list(name)
        if wanted is None:
            return f"it has a header {name}" if values else None
        if isinstance(wanted, re.Pattern):
            found = any(wanted.fullmatch(value) for value in values)
        else:
            found = wanted in values
        shown = [mask_field(name, value) for value in values]
        return None if found else f"its header {name} is {shown!r}"

    return check


def _sent_headers(request: Any) -> Headers:
    return Headers.from_wire(request.wire_head()[2].raw_items())


def _json_check(wanted: object) -> Callable[[Any, bytes], str | None]:
    from json import loads

    def check(request: Any, body: bytes) -> str | None:
        try:
            found = loads(body)
        except (ValueError, RecursionError):
            return "its body is no JSON"
        return None if found == wanted else f"its JSON is {found!r}"

    return check


def _data_check(data: Any) -> Callable[[Any, bytes], str | None]:
    if isinstance(data, str):
        data = data.encode()
    if isinstance(data, bytes):
        return lambda request, body: None if body == data else "its body is another one"
    wanted = _pairs(encode_form(data))

    def check(request: Any, body: bytes) -> str | None:
        found = _pairs(body.decode("utf-8", "replace"))
        return None if found == wanted else f"its form is {found!r}"

    return check


def _own_check(matching: Callable[[Any], object]) -> Callable[[Any, bytes], str | None]:
    return lambda request, body: None if matching(request) else "the test's own condition says no"


def shown_request(request: Any, body: bytes) -> str:
    """A request in a few lines, without secrets in its URL and headers."""
    lines = [f"{request.method} {mask_url(_whole_url(request))}"]
    lines += [
        f"    {name}: {mask_field(name, value, request.generated or ())}"
        for name, value in _sent_headers(request).multi_items()
    ]
    if body:
        text = repr(body)
        lines.append(f"    {text[:_LONGEST_SHOWN]}{'...' if len(text) > _LONGEST_SHOWN else ''}")
    return "\n".join(lines)
