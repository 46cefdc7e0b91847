"""Requests to a proxy that forwards them, and what must not be in all others."""

from __future__ import annotations

from h11client._engine import h11
from h11client.exceptions import InvalidHeader, UnrewindableBodyError, from_protocol_error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from h11client._messages.request import PreparedRequest
    from h11client._transport.connection import Connection, FinalHead
    from h11client._transport.proxies import Proxy

__all__ = ["PROXY_AUTHENTICATION_REQUIRED", "Forwarding", "without_proxy_authorization"]

PROXY_AUTHENTICATION_REQUIRED = 407
_AUTHENTICATE = b"proxy-authenticate"
_AUTHORIZATION = b"proxy-authorization"


def without_proxy_authorization(event: h11.Request) -> h11.Request:
    """The same for an origin, which is not to see what only a proxy is told.

    RFC 9110 section 11.7.2: Proxy-Authorization is for the next proxy alone.
    """
    if not event.headers.values_of(_AUTHORIZATION):
        return event
    return _with_fields(event, event.target, _others(event, {_AUTHORIZATION}))


class Forwarding:
    """One request in the form in which `proxy` is sent it, with what that is told besides."""

    def __init__(self, request: PreparedRequest, event: h11.Request, proxy: Proxy) -> None:
        self._request = request
        self._proxy = proxy
        self._method = event.method.decode("ascii")
        url = request.parsed_url
        target = event.target
        # RFC 9112 section 3.2.2; section 3.2.4 for OPTIONS, of a server as a whole.
        if self._method != "CONNECT":
            path = b"" if target == b"*" else target
            target = b"%s://%s%s" % (url.scheme.encode("ascii"), url.authority, path)
        self._uri = target.decode("ascii")
        self._told: list[str] = []
        replaced = {name.lower() for name, _ in proxy.headers}
        fields = [*_others(event, replaced), *proxy.headers]
        self._bare = _with_fields(event, target, fields)
        authorization = proxy.authorization
        first = None
        if authorization is not None:
            first = authorization.first(self._method, self._uri, self._body())
        self.event = self._tell(first)

    def _body(self) -> bytes | None:
        """The body as Digest may want to cover it; None when it is not there as bytes."""
        return self._request.encoded_body.bytes

    def _tell(self, credentials: str | None) -> h11.Request:
        self._told.append(credentials or "")
        if not credentials:
            return self._bare
        fields = _others(self._bare, {_AUTHORIZATION})
        fields.append((b"Proxy-Authorization", credentials.encode("latin-1")))
        return _with_fields(self._bare, self._bare.target, fields)

    def answer(self, connection: Connection, head: FinalHead) -> h11.Request | None:
        """What to send on a fresh connection because of a 407; None: the 407 is the answer."""
        authorization = self._proxy.authorization
        body = self._request.encoded_body
        if authorization is None or not (body.bytes is not None or body.replayable):
            return None
        asked = [value.decode("latin-1") for value in head.headers.values_of(_AUTHENTICATE)]
        credentials = authorization.answer(asked, self._told, self._method, self._uri, self._body())
        if credentials is None:
            return None
        if connection.body_begun:
            try:
                body.rewind()
            except UnrewindableBodyError:
                return None
        return self._tell(credentials)


def _others(event: h11.Request, names: set[bytes]) -> list[tuple[bytes, bytes]]:
    return [field for field in event.headers.raw_items() if field[0].lower() not in names]


def _with_fields(
    event: h11.Request, target: bytes, fields: list[tuple[bytes, bytes]]
) -> h11.Request:
    try:
        headers = h11.Headers(fields)
    except h11.LocalProtocolError as error:
        raise InvalidHeader(str(error)) from error
    try:
        return h11.Request(method=event.method, target=target, headers=headers)
    except h11.LocalProtocolError as error:
        raise from_protocol_error(error, during="write") from error
