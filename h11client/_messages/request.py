"""`Request` and `PreparedRequest`: what a caller asks for, and exactly what will be sent.

Most requests of a session differ in their URL alone. So the head fields that a session gives to
an origin are validated once, as one `h11.Headers` block which all those requests share; a request
with headers of its own merges them into the fields of that block. The mapping that
`PreparedRequest.headers` shows is only made when somebody looks at it, and from then on it is what
is sent.
"""

from __future__ import annotations

from h11client._messages.body import NO_BODY, Body, TrailedBody, encode_body
from h11client._messages.credentials import CREDENTIALS, Credentials
from h11client._messages.headers import Headers
from h11client._messages.heads import (
    BARE_METHODS,
    append_fields,
    append_known,
    blocks,
    build_target,
    complete_fields,
    encode_method,
    framing_field,
    make_block,
    method_text,
)
from h11client._messages.hooked import Hooked, lists_of_hooks
from h11client._messages.shown import Shown
from h11client._messages.trailers import Trailers
from h11client._messages.url import DEFAULT_PORTS, URL, build_url, parse_url
from h11client.exceptions import URLRequired

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeAlias

    from h11client._engine import h11
    from h11client._messages.body import Data
    from h11client._messages.headers import HeadersArgument
    from h11client._messages.heads import Block, Items, KnownHeads
    from h11client._messages.hooked import Hooks
    from h11client._messages.multipart import Files
    from h11client._messages.trailers import TrailersArgument
    from h11client._messages.url import Params

    Head: TypeAlias = tuple[bytes, bytes, h11.Headers]

__all__ = ["PreparedRequest", "Request", "prepare_request"]

_NO_HEADERS = Headers()  # never changed


class Request(Hooked):
    """A request as a caller describes it; `prepare()` makes of it what will be sent.

    The arguments are those of `Session.request`.

    >>> Request("GET", "http://example.com/a", params={"b": 1}).prepare().url
    'http://example.com/a?b=1'
    """

    def __init__(
        self,
        method: str | None = None,
        url: str | None = None,
        headers: HeadersArgument = None,
        files: Files = None,
        data: Data = None,
        params: Params = None,
        auth: Any = None,
        cookies: Any = None,
        hooks: Hooks | None = None,
        json: object = None,
        *,
        trailers: TrailersArgument = None,
    ) -> None:
        self.method = method
        self.url = url
        self.headers = {} if headers is None else headers
        self.files = [] if files is None else files
        self.data = [] if data is None else data
        self.params = {} if params is None else params
        self.auth = auth
        self.cookies = cookies
        self._hooks = lists_of_hooks(hooks)
        self.json = json
        self.trailers = trailers

    def prepare(self) -> PreparedRequest:
        """The request by itself, without what a session would add."""
        prepared = PreparedRequest()
        prepared.prepare(
            method=self.method,
            url=self.url,
            headers=self.headers,
            files=self.files,
            data=self.data,
            params=self.params,
            auth=self.auth,
            cookies=self.cookies,
            hooks=self.hooks,
            json=self.json,
            trailers=self.trailers,
        )
        return prepared

    def __repr__(self) -> str:
        return f"<Request [{self.method}]>"


class PreparedRequest(Hooked, Credentials, Shown):
    """Exactly what will be sent; everything can still be changed, as in requests.

    `method`, `url`, `headers` and `body` may be assigned, `headers` also changed in place. A new
    body brings its Content-Length or Transfer-Encoding along. Host is not in `headers` unless the
    caller set it. Everything is checked (again) when it is sent.
    For the layers below, which only read: `parsed_url`, `encoded_body` and `wire_head()`.

    >>> prepared = Request("POST", "http://example.com/", data={"a": "b"}).prepare()
    >>> prepared.body, prepared.headers["Content-Length"]
    ('a=b', '3')
    >>> prepared.body = b"more"
    >>> prepared.headers["Content-Length"]
    '4'
    """

    __slots__ = (
        "__weakref__",
        "_head",
        "_headers",
        "_method",
        "_version",
        "encoded_body",
        "known_event",
        "parsed_url",
    )
    parsed_url: URL
    encoded_body: Body
    _method: str | None
    # Made from `_head` when somebody asks; from then on `_head` is made from it.
    _headers: Headers | None
    _head: Head | None
    _version: int  # of `_headers`, when `_head` was right
    known_event: h11.Request | None  # what `wire_head` was before, as an event

    def __init__(self) -> None:
        self._method = None
        self._headers = Headers()
        self._head = None
        self.known_event = None
        self._version = 0
        self._hooks = None
        self.encoded_body = NO_BODY

    def __repr__(self) -> str:
        return f"<PreparedRequest [{self._method}]>"

    # --- what requests shows ---------------------------------------------------------------

    @property
    def method(self) -> str | None:
        """The method (RFC 9110 section 9)."""
        return self._method

    @method.setter
    def method(self, method: str | bytes | None) -> None:
        headers = self.headers
        self._method = None if method is None else method_text(method)
        self._head = None
        if self.encoded_body is NO_BODY and headers.get("Content-Length") == "0":
            del headers["Content-Length"]
        self._show_framing()

    @property
    def url(self) -> str | None:
        """The whole URL, fragment included."""
        return self.parsed_url.text if hasattr(self, "parsed_url") else None

    @url.setter
    def url(self, url: str | bytes) -> None:
        known = getattr(self, "parsed_url", None)
        if known is None or known.scheme in DEFAULT_PORTS:
            parsed = _parsed(url)
        else:
            from h11client._messages.foreign import url_beside

            parsed = url_beside(known, url)
        self.headers = self.headers  # without the old Host
        self.parsed_url = parsed

    @property
    def path_url(self) -> str:
        """Path and query as they are sent."""
        return self.parsed_url.target.decode("ascii")

    @property
    def headers(self) -> Headers:
        """The header fields; a mapping that may be changed."""
        headers = self._headers
        if headers is None:
            assert self._head is not None
            generated = (b"Host", self.parsed_url.authority)
            fields = [field for field in self._head[2].raw_items() if field != generated]
            headers = self._headers = Headers.from_wire(fields)
            self._version = headers.version
        return headers

    @headers.setter
    def headers(self, headers: HeadersArgument) -> None:
        self._headers = headers if isinstance(headers, Headers) else Headers(headers)
        self._head = None

    @property
    def body(self) -> Any:
        """Bytes, the text of a form, the caller's file or iterator, or None."""
        return self.encoded_body.source

    @body.setter
    def body(self, body: Data) -> None:
        headers = self.headers
        self._head = None
        headers.pop("Content-Length", None)
        headers.pop("Transfer-Encoding", None)
        trailers = self.encoded_body.trailers
        if isinstance(body, (str, bytes)) and not body:
            encoded = Body(b"", None, body)  # there are programs that go on with `body += text`
        else:
            encoded = encode_body(body)
        self.encoded_body = encoded if trailers is None else TrailedBody(encoded, trailers)
        self._show_framing()

    def copy(self) -> PreparedRequest:
        """A copy that changes apart from this one; a file or iterator as body stays the same."""
        copied = PreparedRequest()
        copied._method = self._method
        copied._headers = None if self._headers is None else self._headers.copy()
        copied._head = None if self._headers is not None else self._head
        copied._hooks = None if self._hooks is None else lists_of_hooks(self._hooks)
        copied.encoded_body = self.encoded_body
        if hasattr(self, "parsed_url"):
            copied.parsed_url = self.parsed_url
        for name in CREDENTIALS:
            value = getattr(self, name)
            if value:
                setattr(copied, name, value.copy() if name == "generated" else value)
        return copied

    def __reduce__(self) -> tuple[object, ...]:
        # Exceptions carry requests, and have to be picklable. Hooks may be anything: they stay.
        url = getattr(self, "parsed_url", None)
        # What auth and jars have put there stays known, so that redirects leave it behind.
        known = {name: getattr(self, name) for name in ("generated", "dropped")}
        return _restored, (self._method, url, self.headers, self.encoded_body), known

    def __copy__(self) -> PreparedRequest:
        return self.copy()

    def prepare(
        self,
        method: str | None = None,
        url: str | bytes | None = None,
        headers: HeadersArgument = None,
        files: Files = None,
        data: Data = None,
        params: Params = None,
        auth: Any = None,
        cookies: Any = None,
        hooks: Hooks | None = None,
        json: object = None,
        *,
        trailers: TrailersArgument = None,
    ) -> None:
        """Sets everything at once."""
        self.prepare_method(method)
        self.prepare_url(url, params)
        self.prepare_headers(headers)
        self.prepare_cookies(cookies)
        self.prepare_body(data, files, json, trailers=trailers)
        # What it signs has to be there.
        if auth is None or "Authorization" not in self.headers:
            self.prepare_auth(auth)
        else:
            self.prepare_auth_beside_header(auth)
        self.prepare_hooks(hooks)

    def prepare_method(self, method: str | bytes | None) -> None:
        """Sets the method, in upper case as requests does."""
        self.method = None if method is None else method_text(method).upper()

    def prepare_url(self, url: str | bytes | None, params: Params = None) -> None:
        """Sets the URL with `params` behind its query; raises the exceptions of `parse_url`."""
        parsed = build_url(_parsed(url), params)
        self.headers = self.headers  # without the old Host
        self.parsed_url = parsed

    def prepare_headers(self, headers: HeadersArgument) -> None:
        """Sets the headers; a value of None leaves its header out. Raises `InvalidHeader`."""
        prepared = Headers(headers)
        prepared.wire_items()  # wrong ones are noticed here already, as in requests
        self.headers = prepared

    def prepare_body(
        self,
        data: Data = None,
        files: Files = None,
        json: object = None,
        *,
        trailers: TrailersArgument = None,
    ) -> None:
        """Sets the body, and the headers that describe it where the caller has not."""
        body = _body_of(data, files, json, trailers)
        self._forget_framing()
        self._head = None
        self.encoded_body = body
        self._show_framing()

    def prepare_content_length(self, body: Data) -> None:
        """Sets the body again, for programs which changed it in place and say so."""
        self.body = body

    def _take_over(self, other: Any) -> None:
        """Becomes what a callable for `auth` has made instead of changing this request."""
        if not isinstance(other, PreparedRequest):
            raise TypeError(f"auth= has to return the request, not {type(other).__name__}")
        self._method, self._headers, self._head = other._method, other.headers, None
        self.parsed_url, self.encoded_body = other.parsed_url, other.encoded_body
        self._hooks = other._hooks
        self.__dict__.update(other.__dict__)  # notes, and what `Credentials` has

    def _forget_framing(self) -> None:
        """Takes out of `headers` what the body has put there; the caller's own fields stay."""
        headers, body = self.headers, self.encoded_body
        framing = framing_field(body, self._method)
        if framing is not None and headers.get(framing[0].decode()) == framing[1].decode():
            del headers[framing[0].decode()]
        if body.content_type is not None and headers.get("Content-Type") == body.content_type:
            del headers["Content-Type"]

    def _show_framing(self) -> None:
        """Puts into `headers` what `wire_head` would add, as requests does."""
        headers, body = self.headers, self.encoded_body
        if body.content_type is not None and "Content-Type" not in headers:
            headers["Content-Type"] = body.content_type
        if "Content-Length" in headers or "Transfer-Encoding" in headers:
            return
        framing = framing_field(body, self._method)
        if framing is not None:
            headers.add(*framing)

    def _has_header(self, name: str) -> bool:
        """Whether there is a field of this name, in lower case."""
        if self._headers is not None:
            return name in self._headers
        return self._head is not None and bool(self._head[2].values_of(name.encode("ascii")))

    def _append_header(self, name: str, value: str) -> None:
        """Adds a field, and does not make `headers` for it when nobody has asked for them."""
        head = self._head
        if self._headers is None and head is not None:
            self._head = (head[0], head[1], append_fields(head[2], [(name, value)]))
        else:
            self.headers[name] = value

    def append_generated(self, added: tuple[tuple[str, str], ...], known: KnownHeads) -> None:
        """Adds headers of names that are not there; for a request that nobody has looked at.

        `known` has the heads that came of this before. They open doors, so it is the session's.
        """
        method, target, fields = self.wire_head()
        self._head = (method, target, append_known(fields, added, known))
        self.generated = {name.lower(): value for name, value in added}

    # --- what is sent ----------------------------------------------------------------------

    def event_sent_before(self) -> h11.Request | None:
        """The engine's event of what `wire_head` gives, where another request has used it."""
        event, head = self.known_event, self._head
        if event is None or head is None or self._headers is not None:
            return None
        same = event.headers is head[2] and event.target == head[1] and event.method == head[0]
        return event if same else None

    def wire_head(self) -> Head:
        """Method, request target and validated header fields for the wire.

        Raises:
            InvalidHeader: a header cannot be sent (RFC 9110 section 5).
            LocalProtocolError: the method is no token, or headers and body contradict each other
                (RFC 9112 section 6, RFC 9110 section 9.3.8).
            URLRequired: there is no URL.
        """
        head = self._head
        if head is not None:
            headers = self._headers
            if headers is None or headers.version == self._version:
                return head
        if not hasattr(self, "parsed_url"):
            raise URLRequired("the request has no URL")
        headers = self.headers
        version = headers.version
        method = self._method or ""
        fields = complete_fields(headers.wire_items(), self.parsed_url, method, self.encoded_body)
        head = (encode_method(method), build_target(method, self.parsed_url), fields)
        self._version = version
        self._head = head
        return head


_blank = object.__new__


def prepare_request(
    method: str | bytes,
    url: str | bytes | URL,
    defaults: Headers = _NO_HEADERS,
    params: Params = None,
    headers: HeadersArgument = None,
    data: Data = None,
    json: object = None,
    hooks: Hooks | None = None,
    trailers: TrailersArgument = None,
    files: Files = None,
) -> PreparedRequest:
    """The request of a session whose headers are `defaults`; `headers` win over them.

    Raises what `parse_url`, `encode_body`, `encode_multipart` and `PreparedRequest.wire_head` do.

    >>> defaults = Headers({"Accept": "*/*", "User-Agent": "me"})
    >>> request = prepare_request("get", "http://example.com", defaults, headers={"Accept": None})
    >>> request.method, request.url, request.headers
    ('GET', 'http://example.com/', {'User-Agent': 'me'})
    """
    parsed = parse_url(url) if type(url) is str else _parsed(url)
    if params:
        parsed = build_url(parsed, params)
    block = blocks.get((parsed.authority, defaults.version)) or make_block(parsed, defaults)
    request = _blank(PreparedRequest)
    request.parsed_url = parsed
    request._headers = request._hooks = None
    request._version = 0
    if hooks is not None:
        request._hooks = lists_of_hooks(hooks)
    wire_method = BARE_METHODS.get(method)
    own = None
    if wire_method and not (
        data is not None or json is not None or files or trailers or block.secret
    ):
        wire = block.wire if not headers else None
        if type(headers) is dict and headers:
            own = tuple(headers.items())
            wire = _remembered(block, own)
        if wire is not None:
            # A member of an Enum is found there, too.
            request._method = method if type(method) is str else method_text(method)
            request.encoded_body = NO_BODY
            request._head = (wire_method, parsed.target, wire)
            request.known_event = None if own else block.event_of(wire_method, parsed)
            return request
    request.known_event = None
    request._method = name = method_text(method).upper()
    request.encoded_body = body = _body_of(data, files, json, trailers)
    fields = complete_fields(block.merge(defaults, headers), parsed, name, body)
    request._head = (encode_method(name), build_target(name, parsed), fields)
    if own is not None:
        block.remember(own, fields)
    return request


def _body_of(data: Data, files: Files, json: object, trailers: TrailersArgument) -> Body:
    if files:
        from h11client._messages.multipart import encode_multipart

        body = encode_multipart(files, data)
    else:
        body = encode_body(data, json)
    return TrailedBody(body, Trailers(trailers)) if trailers else body


def _remembered(block: Block, own: Items) -> h11.Headers | None:
    try:
        return block.merged.get(own)
    except TypeError:  # a value that has no hash; it will be refused
        return None


def _restored(method: str | None, url: URL | None, headers: Headers, body: Body) -> PreparedRequest:
    request = PreparedRequest()
    request._method = method
    request._headers = headers
    request.encoded_body = body
    if url is not None:
        request.parsed_url = url
    return request


def _parsed(url: object) -> URL:
    if isinstance(url, URL):
        return url
    # Objects of URL libraries are used by their text, as requests does.
    return parse_url(url if isinstance(url, (str, bytes)) else str(url))
