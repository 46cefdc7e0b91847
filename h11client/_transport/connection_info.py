"""What a response tells about the connection that it came over."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from h11client._transport.connection import Endpoint

__all__ = ["ConnectionInfo"]


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
