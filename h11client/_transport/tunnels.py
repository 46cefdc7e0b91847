"""Connections through proxies: to the proxy itself, or through it to the origin.

    http  through http, https   to the proxy, which forwards: nothing to ask for
    https through http, https   CONNECT (RFC 9110 section 9.3.6), then TLS with the origin
    any   through socks         what SOCKS asks for, then TLS with the origin if it is https

TLS with the proxy is checked against the proxy's name, TLS with the origin against the origin's.
Everything up to the origin's TLS shares the connect budget of one dial. What goes to a proxy is
what it needs to know, and what is meant for it: nothing of the request.
"""

from __future__ import annotations

from h11client import _log
from h11client._engine import h11
from h11client._messages.headers import Headers
from h11client._timeouts import Deadline, Limit, LimitExpired, Timeout
from h11client._translation import from_stream_error, let_pass
from h11client._transport.connection import (
    READ_SIZE,
    Connection,
    check_tls,
    open_connection,
    secure,
)
from h11client._transport.socks import check_socks, open_socks, resolves_itself
from h11client._version import __version__
from h11client.exceptions import ConnectionError, ConnectTimeout, ProxyError, RequestException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from h11client._limits import Limits
    from h11client._transport.network import Network, Stream
    from h11client._transport.proxies import Proxy
    from h11client._transport.route import Route

__all__ = ["open_route"]

_LARGEST_REFUSAL = 64 * 1024  # bytes of a refused CONNECT's body that are kept
_REFUSAL_SECONDS = 1.0  # in which they have to come
_PROXY_AUTHENTICATION_REQUIRED = 407
_AUTHENTICATE = b"proxy-authenticate"
_AUTHORIZATION = b"proxy-authorization"
_USER_AGENT = (b"User-Agent", f"h11client/{__version__}".encode("ascii"))
_LONGEST_REASON = 200  # characters of what the proxy says, quoted


def open_route(route: Route, network: Network, deadline: Deadline, limits: Limits) -> Connection:
    """Dials `route`, through its proxy if it has one, inside one connect budget.

    Raises one of our exceptions: `ProxyError` when the proxy cannot be reached or refuses, and
    those of `open_connection`.
    """
    proxy = route.proxy
    if proxy is None:
        return open_connection(route, network, deadline, limits)
    for config, where in ((proxy.tls, f"the proxy {proxy}"), (route.tls, str(route))):
        if config is not None:
            check_tls(network, config, where, deadline)
    stream = _reach_origin(route, proxy, network, deadline, limits)
    connection = Connection(route, stream, limits)
    _log.debug("opened %s", connection)
    return connection


def _reach_origin(
    route: Route, proxy: Proxy, network: Network, deadline: Deadline, limits: Limits
) -> Stream:
    if route.forwarded:
        return _reach(proxy, route, network, deadline)
    if proxy.forwards:
        stream = _open_tunnel(route, proxy, network, deadline, limits)
    else:
        stream = _open_socks(route, proxy, network, deadline)
    if route.tls is None:
        return stream
    return secure(stream, route, route.tls, network, deadline)


def _reach(proxy: Proxy, route: Route, network: Network, deadline: Deadline) -> Stream:
    """A stream to the proxy itself."""
    operation = "connect"
    try:
        stream = network.connect(proxy.host, proxy.port, deadline, route.dial)
        tls = proxy.tls
        if tls is not None:
            operation = "tls"
            name = proxy.host.partition("%")[0].rstrip(".")
            # Not under the route itself: that is who the origin behind the proxy is.
            stream = network.start_tls(stream, tls, name, deadline, ("the proxy of", route))
    except (OSError, LimitExpired) as error:
        raise _of_the_proxy(operation, error, proxy) from error
    return stream


def _of_the_proxy(operation: str, error: OSError | LimitExpired, proxy: Proxy) -> RequestException:
    public = from_stream_error(operation, error, f"the proxy {proxy}")
    return ProxyError(*public.args) if type(public) is ConnectionError else public


# --- SOCKS -------------------------------------------------------------------------------------


def _open_socks(route: Route, proxy: Proxy, network: Network, deadline: Deadline) -> Stream:
    """The first of the origin's addresses to which the proxy connects, all in one budget."""
    check_socks(proxy)
    deadline.start_connect()
    if resolves_itself(proxy):
        hosts = [route.host.partition("%")[0]]
    else:
        hosts = _resolve(route, proxy, network, deadline)
    told: list[str] = []
    for left, host in zip(range(len(hosts), 0, -1), hosts, strict=True):
        try:
            # A proxy that goes on trying one address must not cost all the time for the others.
            share = deadline if left == 1 else _share(deadline, left)
            found = _ask_socks(route, proxy, host, network, share)
        except ConnectTimeout:
            if left == 1:
                raise
            found = "no answer in time"
        if not isinstance(found, str):
            return found
        told.append(found if len(hosts) == 1 else f"{host}: {found}")
    raise ProxyError(f"{proxy} did not connect to {route.authority}: {'; '.join(told)}")


def _share(deadline: Deadline, parts: int) -> Deadline:
    """So much of what is left of the connect budget."""
    try:
        seconds = deadline.limit("connect").seconds
    except LimitExpired as error:
        raise from_stream_error("connect", error, "the origin through its proxy") from error
    limits = None if seconds is None else seconds / parts
    return Deadline(Timeout(connect=limits), deadline.clock)


def _ask_socks(
    route: Route, proxy: Proxy, host: str, network: Network, deadline: Deadline
) -> Stream | str:
    """A stream to `host`, or why the proxy did not connect to it."""
    stream = _reach(proxy, route, network, deadline)
    try:
        refusal = open_socks(stream, proxy, host, route.port, deadline)
    except BaseException as error:
        stream.close()
        # Ours are OSErrors too.
        if isinstance(error, RequestException) or not isinstance(error, (OSError, LimitExpired)):
            raise
        raise _of_the_proxy("connect", error, proxy) from error
    if refusal is None:
        return stream
    stream.close()
    return refusal


def _resolve(route: Route, proxy: Proxy, network: Network, deadline: Deadline) -> list[str]:
    """The addresses to ask for; IPv4 for SOCKS4, which knows no other."""
    try:
        deadline.note_resolving()
        found = network.resolve(route.host, route.port, deadline, route.dial)
    except (OSError, LimitExpired) as error:
        raise from_stream_error("resolve", error, route.host) from error
    deadline.note_resolved()
    usable = [address for address in found if proxy.scheme != "socks4" or ":" not in address]
    if not usable:
        raise ProxyError(f"{proxy} can only be asked for IPv4, which {route.host} has not")
    return [address.partition("%")[0] for address in usable]


# --- CONNECT -----------------------------------------------------------------------------------


def _open_tunnel(
    route: Route, proxy: Proxy, network: Network, deadline: Deadline, limits: Limits
) -> Stream:
    """Asks for a tunnel until there is one, or no better answer to the proxy's questions."""
    target = route.authority
    authorization = proxy.authorization
    told = ["" if authorization is None else authorization.first("CONNECT", target, b"") or ""]
    connection: Connection | None = None
    while True:
        if connection is None:
            connection = Connection(route, _reach(proxy, route, network, deadline), limits)
        try:
            head = _ask_for_tunnel(connection, proxy, target, told[-1], deadline)
            if 200 <= head.status_code < 300:
                return _handed_over(connection, proxy)
            answer = None
            if authorization is not None and head.status_code == _PROXY_AUTHENTICATION_REQUIRED:
                asked = [value.decode("latin-1") for value in head.headers.values_of(_AUTHENTICATE)]
                answer = authorization.answer(asked, told, "CONNECT", target, b"")
            body = _read_refusal(connection, deadline)
            if answer is None:
                raise _refused(head, body, proxy, target)
        except BaseException as error:
            connection.close("no tunnel")
            if not (isinstance(error, ProxyError) and _was_stale(connection)):
                raise
            connection = None
            continue
        told.append(answer)
        if not connection.end_exchange(head):
            connection = None
        elif connection.stream.is_readable():
            # RFC 9112 section 9.2: whatever came by now answers nothing.
            connection.close("the proxy closed it, or sent something, behind its answer")
            connection = None


def _was_stale(connection: Connection) -> bool:
    """Whether the proxy had closed a connection on which it had answered before."""
    return connection.served > 1 and connection.peer_left and not connection.response_started


def _ask_for_tunnel(
    connection: Connection, proxy: Proxy, target: str, credentials: str, deadline: Deadline
) -> h11.Response:
    """One CONNECT, and the head of its final answer."""
    # RFC 9110 section 9.3.6. Nothing of the request goes along: the proxy is not its recipient.
    fields = [(b"Host", target.encode("ascii")), *proxy.headers]
    names = {name.lower() for name, _ in fields}
    if b"user-agent" not in names:
        fields.append(_USER_AGENT)
    if credentials:
        fields = [field for field in fields if field[0].lower() != _AUTHORIZATION]
        fields.append((b"Proxy-Authorization", credentials.encode("latin-1")))
    protocol = connection.protocol
    connection.served += 1
    connection.response_started = False
    wire = protocol.send(h11.Request(method=b"CONNECT", target=target, headers=fields)) or b""
    wire += protocol.send(h11.EndOfMessage()) or b""
    try:
        connection.stream.write(wire, deadline.limit("connect"))
        while True:
            head = connection.read_events(deadline.limit("connect"), True)
            if type(head) is h11.Response:
                return head
            if head is not None:
                raise h11.RemoteProtocolError(f"unexpected {head!r} instead of a response")
    except LimitExpired as error:
        raise from_stream_error("connect", error, f"{target} through {proxy}") from error
    except OSError as error:
        connection.peer_left = True
        raise _of_the_proxy("read_head", error, proxy) from error
    except h11.RemoteProtocolError as error:
        raise ProxyError(f"{proxy} gave no answer to CONNECT {target}: {error}") from error


def _handed_over(connection: Connection, proxy: Proxy) -> Stream:
    """The stream behind a 2xx, whose Content-Length and Transfer-Encoding mean nothing."""
    if connection.protocol.trailing_data != (b"", False):
        # The origin speaks second in TLS: this is the proxy's, or somebody's before it.
        raise ProxyError(f"{proxy} sent bytes, or its end, behind the answer to CONNECT")
    return connection.stream


def _read_refusal(connection: Connection, deadline: Deadline) -> bytes:
    """What of the body of a refusal comes soon; how it ends does not matter."""
    protocol = connection.protocol
    kept = b""
    end = deadline.clock() + _REFUSAL_SECONDS
    try:
        while len(kept) <= _LARGEST_REFUSAL:
            data = protocol.receive_body(_LARGEST_REFUSAL)
            if data is None and type(protocol.next_event()) is h11.EndOfMessage:
                break
            if type(data) is bytes:
                kept += data
                continue
            deadline.limit("connect")
            left = end - deadline.clock()
            if left <= 0:
                break
            protocol.receive_data(connection.stream.read(READ_SIZE, Limit(left, "connect"), True))
    except (OSError, LimitExpired, h11.RemoteProtocolError) as error:
        let_pass(error)
    return kept[:_LARGEST_REFUSAL]


def _refused(head: h11.Response, body: bytes, proxy: Proxy, target: str) -> ProxyError:
    reason = repr(head.reason.decode("latin-1")[:_LONGEST_REASON])
    return ProxyError(
        f"{proxy} refused a tunnel to {target}: {head.status_code} {reason}",
        status_code=head.status_code,
        headers=Headers.from_wire(head.headers.raw_items()),
        body=body,
    )
