"""One call: how its session is made, what it is called with, and what the script has to say first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import h11client
from h11client import Limits
from h11client.testing import Dial, ScriptedNetwork

CHALLENGE = b'Digest realm="r", nonce="n0nce", qop="auth", algorithm=SHA-256'
ESTABLISHED = b"HTTP/1.1 200 Established\r\n\r\n"
# RFC 1928: user name and password are wanted, and right; connected.
SOCKS = (b"\x05\x02", b"\x01\x00", b"\x05\x00\x00\x01\x7f\x00\x00\x01\x04\x38")


class Setup:
    """What a place and an event make of a call, before it is made.

    `way` is "direct", "forward", "tunnel" or "socks": how the request reaches its origin.
    """

    def __init__(self) -> None:
        self.method = "GET"
        self.host = "origin.test"
        self.scheme: str | None = None  # where it is not what `secure` says
        self.userinfo = ""  # before the host of the URL, with its @
        self.path = "/path"
        self.way = "direct"
        self.secure = False
        self.session: dict[str, Any] = {}
        self.call: dict[str, Any] = {}
        self.environment: dict[str, str] = {}
        self.files: dict[str, bytes] = {}  # by name; NETRC is the environment's business
        self.prepare: Callable[[h11client.Session, Setup], h11client.PreparedRequest] | None = None
        self.assign: Callable[[h11client.Session], None] | None = None
        self.downloads = False  # into a file
        self.limits = Limits()
        self.real_files = False  # certificates are looked for, as real networks do
        self.pool_is_taken = False  # by somebody else's response
        self.fields = b""  # that every response has besides those of its event
        self.location_userinfo = b""
        self.challenged = False  # whether the origin asks for Digest before it answers
        self.proxy_challenged = False
        # Whether the secret got where it was meant to go: it was not planted for nothing.
        self.arrived: Callable[[Run], bool] | None = None

    @property
    def url(self) -> str:
        """What is asked for."""
        if "base_url" in self.session:
            return self.path
        scheme = self.scheme
        if scheme is None:
            scheme = "https://" if self.secure else "http://"
        return f"{scheme}{self.userinfo}{self.host}{self.path}"

    def add_header(self, name: Any, value: Any, where: str = "call") -> None:
        """A header of the call, or of the session."""
        given = getattr(self, where)
        given.setdefault("headers", {})[name] = value

    def response(
        self, status: bytes = b"200 OK", fields: bytes = b"", body: bytes = b"hello"
    ) -> bytes:
        """A response with a body, and with whatever the place wants servers to say."""
        length = b"" if b"Transfer-Encoding" in fields else b"Content-Length: %d\r\n" % len(body)
        return b"HTTP/1.1 %b\r\n%b%b%b\r\n%b" % (status, self.fields, fields, length, body)

    def dial(self, *steps: Any, first: bool = True, **options: Any) -> Dial:
        """A connection on which `steps` follow what has to be said on this way."""
        before: list[Any] = []
        asked = b"HTTP/1.1 407 Who\r\nProxy-Authenticate: %b\r\nContent-Length: 0\r\n\r\n"
        if self.proxy_challenged and first:
            before.append(asked % CHALLENGE)
        if self.way == "tunnel":
            before.append(ESTABLISHED)
        elif self.way == "socks":
            before += SOCKS
        if self.challenged and first:
            before.append(self.response(b"401 Who", b"WWW-Authenticate: %b\r\n" % CHALLENGE, b""))
        return Dial([*before, *steps], **options)


class Run:
    """A call that was made: what its network and its session have seen."""

    def __init__(self, network: ScriptedNetwork, session: h11client.Session) -> None:
        self.network = network
        self.session = session
        self.response: Any = None
        self.error: BaseException | None = None

    @property
    def written(self) -> bytes:
        """All that went out."""
        return b"\n".join(stream.written for stream in self.network.streams)
