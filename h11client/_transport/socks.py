"""SOCKS: asking a proxy for a connection, over a stream to it.

SOCKS5 (RFC 1928) with user name and password (RFC 1929), SOCKS4 and SOCKS4a. Requests and replies
are those of `socksio`, which comes with the extra "socks". A reply is read to its last byte and no
further: the next one belongs to the connection that was asked for.
"""

from __future__ import annotations

from h11client._messages.hosts import address_number
from h11client.exceptions import InvalidProxyURL, InvalidSchema, ProxyError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from h11client._timeouts import Deadline
    from h11client._transport.network import Stream
    from h11client._transport.proxies import Proxy

__all__ = ["check_socks", "open_socks", "resolves_itself"]

_LONGEST = 255  # bytes of a user name and of a password: their length is one byte (RFC 1929)
_NAME_TYPE = 3  # RFC 1928 section 5
_ADDRESS_BYTES = {1: 4, 4: 16}


def check_socks(proxy: Proxy) -> None:
    """Raises `InvalidSchema` when SOCKS is not installed, `InvalidProxyURL` for too long a name."""
    try:
        import socksio  # noqa: F401  # whether it is there
    except ImportError as error:
        raise InvalidSchema(
            f"{proxy.scheme}:// needs the extra socks: pip install h11client[socks]"
        ) from error
    if any(len(part) > _LONGEST for part in _credentials(proxy)):
        raise InvalidProxyURL(f"user name and password have {_LONGEST} bytes at most")


def resolves_itself(proxy: Proxy) -> bool:
    """Whether the proxy is told names, not addresses."""
    return proxy.scheme in ("socks4a", "socks5h")


def open_socks(
    stream: Stream, proxy: Proxy, host: str, port: int, deadline: Deadline
) -> str | None:
    """Asks the proxy behind `stream` for a connection to `host`, a name or an address.

    Returns why it did not connect, or None when it did. Raises `ProxyError` when it wants nothing
    to do with us or says something else, and what the stream raises.
    """
    from socksio.exceptions import SOCKSError

    conversation = _Conversation(stream, proxy, deadline)
    try:
        if proxy.scheme.startswith("socks4"):
            return conversation.ask_version_4(host, port)
        return conversation.ask_version_5(host, port)
    except (SOCKSError, ValueError) as error:
        raise ProxyError(f"{proxy} does not speak SOCKS: {error}") from error


def _credentials(proxy: Proxy) -> tuple[bytes, bytes]:
    if proxy.auth is None:
        return b"", b""
    return proxy.auth.user_password()


class _Conversation:
    """What is said on one stream, reply by reply."""

    def __init__(self, stream: Stream, proxy: Proxy, deadline: Deadline) -> None:
        self._stream = stream
        self._proxy = proxy
        self._deadline = deadline

    def ask_version_4(self, host: str, port: int) -> str | None:
        from socksio import socks4

        address = address_number(host)
        if (address is None and not resolves_itself(self._proxy)) or (address and address[1] != 32):
            raise ProxyError(f"{self._proxy} can only be asked for IPv4, not for {host}")
        kind = socks4.SOCKS4Request if address else socks4.SOCKS4ARequest
        user = _credentials(self._proxy)[0]
        connection = socks4.SOCKS4Connection(user)
        connection.send(kind.from_address(socks4.SOCKS4Command.CONNECT, (host, port), user))
        reply = self._exchange(connection, 8)
        return _refusal(reply.reply_code, socks4.SOCKS4ReplyCode.REQUEST_GRANTED)

    def ask_version_5(self, host: str, port: int) -> str | None:
        from socksio import socks5

        connection = socks5.SOCKS5Connection()
        methods = [socks5.SOCKS5AuthMethod.NO_AUTH_REQUIRED]
        username, password = _credentials(self._proxy)
        if username:
            methods.append(socks5.SOCKS5AuthMethod.USERNAME_PASSWORD)
        connection.send(socks5.SOCKS5AuthMethodsRequest(methods))
        method = self._exchange(connection, 2).method
        if method not in methods:  # RFC 1928 section 3: X'FF' is that none is acceptable
            raise ProxyError(f"{self._proxy} accepts none of the ways to authenticate that we have")
        if method == socks5.SOCKS5AuthMethod.USERNAME_PASSWORD:
            connection.send(socks5.SOCKS5UsernamePasswordRequest(username, password))
            if not self._exchange(connection, 2).success:
                raise ProxyError(f"{self._proxy} did not accept user name and password")
        command = socks5.SOCKS5Command.CONNECT
        connection.send(socks5.SOCKS5CommandRequest.from_address(command, (host, port)))
        reply = self._exchange(connection, 5, self._rest_of_reply)
        return _refusal(reply.reply_code, socks5.SOCKS5ReplyCode.SUCCEEDED)

    def _rest_of_reply(self, start: bytes) -> int:
        """How many bytes follow the first five of a reply (RFC 1928 section 6)."""
        kind = start[3]
        if kind == _NAME_TYPE:
            return start[4] + 2
        return _ADDRESS_BYTES.get(kind, 1) - 1 + 2

    def _exchange(
        self, connection: Any, length: int, rest: Callable[[bytes], int] | None = None
    ) -> Any:
        """Sends what `connection` has to send, and gives it a reply of `length` bytes and more."""
        self._stream.write(connection.data_to_send(), self._deadline.limit("connect"))
        reply = self._read(length)
        if rest is not None:
            reply += self._read(rest(reply))
        return connection.receive_data(reply)

    def _read(self, length: int) -> bytes:
        data = b""
        while len(data) < length:
            block = self._stream.read(length - len(data), self._deadline.limit("connect"), True)
            if not block:
                raise ProxyError(f"{self._proxy} hung up within a reply")
            data += block
        return data


def _refusal(code: Any, granted: object) -> str | None:
    return None if code == granted else str(code.name).lower().replace("_", " ")
