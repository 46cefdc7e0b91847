"""The pool, which is the default transport: one request in, one response out.

Who has which connection is the `Lender`'s business, and when a request is sent once more without
anybody having asked for it that of `repeating`. Here is the order of one exchange.
"""

from __future__ import annotations

from time import monotonic

from h11client._limits import Limits
from h11client._messages.response import make_response
from h11client._timeouts import Deadline, Timeout
from h11client._transport.connection import build_event
from h11client._transport.forwarding import (
    PROXY_AUTHENTICATION_REQUIRED,
    Forwarding,
    without_proxy_authorization,
)
from h11client._transport.lending import Lender
from h11client._transport.repeating import ASKING_AGAIN, event_to_repeat, was_stale
from h11client._transport.response_body import ResponseBody
from h11client._transport.route import build_route
from h11client._transport.whole_body import take_whole_body

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from h11client._engine import h11
    from h11client._messages.request import PreparedRequest
    from h11client._messages.response import Response
    from h11client._timeouts import TimeoutLike
    from h11client._transport.connection import Connection
    from h11client._transport.dial_options import DialOptions
    from h11client._transport.network import Cert, Network, Verify
    from h11client._transport.proxy_choice import Proxies
    from h11client._transport.route import Route
    from h11client._transport.tally import PoolCounts, PoolStatistics

__all__ = ["Pool"]

_ROUTES_REMEMBERED = 256


class Pool:
    """Sends requests over connections that it keeps, shares between threads and bounds.

    `limits` bound the connections and what a server may send, `network` makes the streams, `clock`
    is asked for the age of what is idle.

    >>> Pool().counts()
    <PoolCounts open=0 idle=0 waiting=0>
    """

    takes_deadline = True

    def __init__(
        self,
        limits: Limits | None = None,
        network: Network | None = None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        if network is None:
            from h11client._transport.sockets import SocketNetwork

            network = SocketNetwork()
        self.clock = clock
        self._lender = Lender(_checked(Limits() if limits is None else limits), network, clock)
        self._dial_options: DialOptions | None = None
        self._log_keys = True
        self._routes: dict[tuple[str, str, int], Route] = {}

    def __getstate__(self) -> dict[str, object]:
        # The configuration travels, connections do not.
        lender = self._lender
        left = {"_lender": (lender.limits, lender.network), "_routes": {}}
        return {**self.__dict__, **left}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        limits, network = state["_lender"]
        self._lender = Lender(limits, network, self.clock)

    @property
    def limits(self) -> Limits:
        """The bounds; a change counts from the next request or dial on."""
        return self._lender.limits

    @limits.setter
    def limits(self, limits: Limits) -> None:
        self._lender.limits = _checked(limits)
        self._lender.settle()

    @property
    def dial_options(self) -> DialOptions | None:
        """How connections are made; those made with other options are not used any more."""
        return self._dial_options

    @dial_options.setter
    def dial_options(self, options: DialOptions | None) -> None:
        # In this order: who has seen the new table of routes fills it with the new options.
        self._dial_options = options
        self._routes = {}

    @property
    def log_keys(self) -> bool:
        """Whether the keys of TLS connections go into the file that SSLKEYLOGFILE names."""
        return self._log_keys

    @log_keys.setter
    def log_keys(self, log_keys: bool) -> None:
        self._log_keys = log_keys
        self._routes = {}

    def counts(self) -> PoolCounts:
        """How many connections are open and idle, and how many requests wait for one."""
        return self._lender.counts()

    def statistics(self) -> PoolStatistics:
        """The same, and what the pool has done so far."""
        return self._lender.statistics()

    def close(self) -> None:
        """Closes what is idle now, and what is busy when it comes back; the pool stays usable."""
        self._lender.close()

    def send(
        self,
        request: PreparedRequest,
        *,
        stream: bool = False,
        timeout: TimeoutLike | Deadline = None,
        verify: Verify = True,
        cert: Cert = None,
        proxies: Proxies | None = None,
    ) -> Response:
        """Sends one request and returns its response, whose body is still to be read.

        A connection that turns out to have been closed by the server while it was idle is
        replaced once, when repeating the request is safe (RFC 9112 section 9.3.1); so is one whose
        answer says that the request was not looked at (408, 417, 421). A proxy that wants to know
        who asks (407) is told, over the same connection where that goes on. `proxies` are as in
        `Session.request`. Raises our exceptions for what peer and network do; what the body's own
        iterator raises passes unchanged.
        """
        deadline = timeout if isinstance(timeout, Deadline) else self._deadline_of(timeout)
        event = request.event_sent_before() or build_event(request)
        if request.encoded_body.bytes is None:
            request.encoded_body.begin()
        route = self._route_to(request, verify, cert, proxies)
        forwarding = None if route.proxy is None else _forwarding(request, event, route)
        if forwarding is not None:
            event = forwarding.event
        elif b"proxy-authorization" in event.headers.names:
            event = without_proxy_authorization(event)
        lender = self._lender
        clock, watch = self.clock, deadline.watch
        started = clock()
        connection = lender.acquire(route, deadline, started)
        repeated = False
        while True:
            try:
                leased = clock()
                if watch is not None:
                    connection.tell_lease(watch, leased - started)
                connection.send_request(event, request.encoded_body, deadline)
                sent = clock()
                if watch is not None:
                    watch.tell("sent", sent - leased, route, connection.served > 1)
                head = connection.read_head(deadline)
                if watch is not None:
                    connection.tell_head(watch, sent, clock())
                if head.status_code not in ASKING_AGAIN:
                    break
                if head.status_code == PROXY_AUTHENTICATION_REQUIRED:
                    again = None if forwarding is None else forwarding.answer(connection, head)
                else:
                    again = event_to_repeat(connection, event, request, head, deadline, repeated)
                if again is None:
                    break
                event = again
                if forwarding and forwarding.goes_on(connection, head, deadline):
                    continue
            except BaseException as error:
                self._break_off_unless_stale(connection, request, error)
            # A fresh connection cannot be stale, and 408 and 421 are heard once: this comes to an
            # end soon (RFC 9112 section 9.3.1).
            repeated = True
            connection = lender.replace(connection, deadline, started)
        stamps = (started, leased, sent, clock(), connection.first_byte_at)
        whole = None if stream else take_whole_body(connection, head, lender, deadline, stamps)
        body = whole or ResponseBody(connection, head, lender, deadline, stamps)
        # Schemes written for requests go on by the transport that they find there.
        return make_response(request, head, body, stamps[3] - started, self)

    def _deadline_of(self, timeout: TimeoutLike) -> Deadline:
        return Deadline(Timeout.of(timeout), self.clock)

    def _break_off_unless_stale(
        self, connection: Connection, request: PreparedRequest, error: BaseException
    ) -> None:
        body = request.encoded_body
        try:
            if not was_stale(connection, request, body, error):
                raise error
            body.rewind()
        except BaseException:
            self._lender.break_off(connection, error)
            raise

    def _route_to(
        self,
        request: PreparedRequest,
        verify: Verify,
        cert: Cert,
        proxies: Proxies | None,
    ) -> Route:
        url = request.parsed_url
        private_to = request.private_to
        proxy = None
        if proxies:
            from h11client._transport.proxy_choice import choose_proxy

            proxy = choose_proxy(url, proxies, None, False)
        if verify is not True or not (cert is None and proxy is None and private_to is None):
            options = self._dial_options
            return build_route(url, verify, cert, options, proxy, self._log_keys, private_to)
        key = (url.scheme, url.host, url.port)
        routes = self._routes
        route = routes.get(key)
        if route is None:
            if len(routes) >= _ROUTES_REMEMBERED:
                routes.clear()
            options = self._dial_options
            route = routes[key] = build_route(url, dial=options, log_keys=self._log_keys)
        return route


def _forwarding(request: PreparedRequest, event: h11.Request, route: Route) -> Forwarding | None:
    """The form for a proxy that forwards; None for all other ways to an origin."""
    proxy = route.proxy
    return Forwarding(request, event, proxy) if proxy is not None and route.forwarded else None


def _checked(limits: Limits) -> Limits:
    if not isinstance(limits, Limits):
        raise TypeError(f"limits= are Limits, not {type(limits).__name__}")
    return limits
