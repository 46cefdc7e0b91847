"""Requests to a proxy that forwards them, and what must not be in all others."""

from __future__ import annotations

from h11client._engine import h11
from h11client._timeouts import Limit, LimitExpired
from h11client._translation import from_protocol_error, let_pass
from h11client._transport.connection import READ_SIZE
from h11client.exceptions import InvalidHeader, UnrewindableBodyError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from h11client._messages.request import PreparedRequest
    from h11client._timeouts import Deadline
    from h11client._transport.connection import Connection, FinalHead
    from h11client._transport.proxies import Proxy, ProxyAuthorization

__all__ = ["PROXY_AUTHENTICATION_REQUIRED", "Forwarding", "without_proxy_authorization"]

PROXY_AUTHENTICATION_REQUIRED = 407
_AUTHENTICATE = b"proxy-authenticate"
_AUTHORIZATION = b"proxy-authorization"
_BOTH_DONE = (h11.DONE, h11.DONE)
_NOTHING_LEFT = (b"", False)


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
        self._method = event.method.decode("ascii")
        url = request.parsed_url
        target = event.target
        # RFC 9112 section 3.2.2; section 3.2.4 for OPTIONS, of a server as a whole.
        if self._method != "CONNECT":
            path = b"" if target == b"*" else target
            target = b"%s://%s%s" % (url.scheme.encode("ascii"), url.authority, path)
        self._uri = target.decode("ascii")
        self._told: list[str] = []
        self._authorization: ProxyAuthorization | None = None
        own: tuple[tuple[bytes, bytes], ...] = ()
        # RFC 9110 section 9.3.8: whoever answers a TRACE sends back what is in it. So it goes
        # without what is for the proxy alone, and a 407 is its answer.
        if self._method != "TRACE":
            self._authorization = proxy.authorization
            own = proxy.headers
        replaced = {name.lower() for name, _ in own}
        self._bare = _with_fields(event, target, [*_others(event, replaced), *own])
        first = None
        if self._authorization is not None:
            first = self._authorization.first(self._method, self._uri, self._body())
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
        """What to send once more because of a 407; None: the 407 is the answer."""
        authorization = self._authorization
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

    def goes_on(self, connection: Connection, head: FinalHead, deadline: Deadline) -> bool:
        """Whether this was a 407, and its connection came to its end well and takes a request more.

        What is left of the answer is read within the bounds of draining.
        """
        # A proxy may have answered before it has read the body. There are some which say then
        # that the connection persists, and never get over the body.
        if head.status_code != PROXY_AUTHENTICATION_REQUIRED or self._body() != b"":
            return False
        protocol, stream = connection.protocol, connection.stream
        left = connection.limits.drain_bytes
        end = deadline.clock() + connection.limits.drain_seconds
        try:
            while True:
                while type(data := protocol.receive_body(READ_SIZE)) is bytes:
                    left -= len(data)
                if data is None and type(protocol.next_event()) is h11.EndOfMessage:
                    break
                seconds = end - deadline.clock()
                if left < 0 or seconds <= 0:
                    return False
                protocol.receive_data(stream.read(READ_SIZE, Limit(seconds, "read")))
        except (OSError, LimitExpired, h11.RemoteProtocolError) as error:
            let_pass(error)
            return False
        # RFC 9112 section 9.3, and 9.2: what came by now was not asked for.
        return (
            (protocol.our_state, protocol.their_state) == _BOTH_DONE
            and protocol.trailing_data == _NOTHING_LEFT
            and not stream.is_readable()
            and connection.end_exchange(head)
        )


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
