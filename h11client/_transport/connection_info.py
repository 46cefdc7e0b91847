"""What a response tells about the connection that it came over."""

from __future__ import annotations

from h11client._watching import Event, Timings, tell_of_end

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol, TypeAlias

    from h11client._engine import h11
    from h11client._transport.connection import Connection, DialTimes, Endpoint
    from h11client._watching import Watch

    # When the call began, got its connection, had sent the request, had the head, and when that
    # had begun to come if it did not come at once.
    Stamps: TypeAlias = tuple[float, float, float, float, float | None]

    class Owner(Protocol):
        """Who lends a connection to a body, and gets it back exactly once."""

        def release(self, connection: Connection, reusable: bool) -> float:
            """Takes the connection back, one that is not reusable having been closed; the time."""
            ...

        def abandon(self, connection: Connection) -> None:
            """As `release` of an aborted connection, from a finaliser: takes no lock."""
            ...

        def is_inside(self) -> bool:
            """Whether this thread holds the owner's lock: a finaliser interrupts it."""


__all__ = ["NOT_SWITCHED", "ConnectionInfo", "Told"]

NOT_SWITCHED = "only a 101, or a 2xx to CONNECT, hands its connection over"


class ConnectionInfo:
    """Over which connection a response came, and in which state its exchange left that.

    `peer_address` and `local_address` are (host, port) pairs, `reused` says whether the
    connection had served a request before, `requests_served` counts them with this one.
    `client_state` and `server_state` are the names of the protocol's states at the end of the
    exchange, or now when it has not ended ("DONE", "MUST_CLOSE"...). `tls_version`, `cipher` and
    `certificate` (DER) are None on plain connections.
    """

    __slots__ = (
        "peer_address",
        "local_address",
        "reused",
        "requests_served",
        "client_state",
        "server_state",
        "tls_version",
        "cipher",
        "certificate",
    )

    def __init__(
        self, endpoint: Endpoint, requests_served: int, client_state: str, server_state: str
    ) -> None:
        tls = endpoint.tls
        self.peer_address = endpoint.peer
        self.local_address = endpoint.local
        self.reused = requests_served > 1
        self.requests_served = requests_served
        self.client_state = client_state
        self.server_state = server_state
        self.tls_version = None if tls is None else tls.version
        self.cipher = None if tls is None else tls.cipher
        self.certificate = None if tls is None else tls.certificate

    def __repr__(self) -> str:
        return (
            f"<ConnectionInfo {self.peer_address} request {self.requests_served}"
            f" {self.client_state}/{self.server_state}>"
        )


class Told:
    """What a body tells of its exchange; `informational` are the 1xx responses, or None."""

    __slots__ = (
        "informational",
        "_stamps",
        "_dialled",
        "_ended",
        "_endpoint",
        "_served",
        "_states",
    )

    informational: list[h11.InformationalResponse] | None
    _stamps: Stamps
    _dialled: DialTimes
    _ended: float | None
    _endpoint: Endpoint
    _served: int
    _states: tuple[object, object] | None  # at the end of the exchange

    @property
    def timings(self) -> Timings:
        """How long the stages of the call took."""
        started, leased, sent, arrived, first = self._stamps
        pool = leased - started
        dns, connect, tls = self._dialled if self._served == 1 else (None, None, None)
        for took in (dns, connect, tls):
            if took is not None:
                pool -= took
        total = None if self._ended is None else self._ended - started
        waited = (arrived if first is None else first) - sent
        return Timings(max(0.0, pool), dns, connect, tls, sent - leased, waited, total)

    @property
    def connection_info(self) -> ConnectionInfo:
        """Where this response came from; its states are those at the end of the exchange."""
        return self._describe(self._states)

    def _describe(self, states: tuple[object, object] | None) -> ConnectionInfo:
        ours, theirs = states or (None, None)
        return ConnectionInfo(self._endpoint, self._served, str(ours), str(theirs))

    def _tell_end(self, connection: Connection, watch: Watch, ended: float) -> None:
        if watch.on_event is not None:
            took = ended - self._stamps[3]
            event = Event("end", took, str(connection.route), self._served > 1, watch.request)
            tell_of_end(watch.on_event, event)
