"""What streams and `h11` raise, translated into the exceptions that programs see.

The first row whose operation and low-level error fit decides. Low-level classes are named, not
imported: `ssl` and `socket` are not loaded for the sake of errors which they have not raised.
"{where}" is the host or host:port, when the caller says it.
"""

from __future__ import annotations

from h11client._timeouts import LimitExpired
from h11client.exceptions import (
    BodyReadTimeout,
    ConnectionError,
    ConnectTimeout,
    IncompleteBody,
    LocalProtocolError,
    PoolTimeout,
    ReadTimeout,
    RemoteProtocolError,
    RequestException,
    SSLError,
    Timeout,
    WriteTimeout,
)

__all__ = ["UNCLEAN_END", "from_protocol_error", "from_stream_error", "is_tls_error", "let_pass"]

_ANY = "*"
_BEFORE_SENDING = frozenset(["pool", "resolve", "connect", "tls"])

_FROM_STREAM: tuple[tuple[str, str, type[RequestException], str], ...] = (
    ("pool", "LimitExpired", PoolTimeout, "no connection to {where} became free"),
    ("resolve", "LimitExpired", ConnectTimeout, "no connection to {where} was made"),
    ("connect", "LimitExpired", ConnectTimeout, "no connection to {where} was made"),
    ("tls", "LimitExpired", ConnectTimeout, "no TLS handshake with {where} was finished"),
    ("write", "LimitExpired", WriteTimeout, "the request was not taken by {where}"),
    ("read_body", "LimitExpired", BodyReadTimeout, "the body from {where} did not go on"),
    ("read_upgraded", "LimitExpired", ReadTimeout, "nothing came from {where}"),
    (_ANY, "LimitExpired", ReadTimeout, "no response from {where}"),
    (_ANY, "SSLCertVerificationError", SSLError, "the certificate of {where} is not trusted"),
    ("tls", "SSLEOFError", SSLError, "{where} hung up during the TLS handshake"),
    ("tls", "SSLError", SSLError, "no TLS handshake with {where}"),
    (_ANY, "SSLError", SSLError, "TLS with {where} failed"),
    (_ANY, "gaierror", ConnectionError, "no address is known for {where}"),
    (_ANY, "ConnectionRefusedError", ConnectionError, "{where} refused the connection"),
    ("resolve", "OSError", ConnectionError, "no address is known for {where}"),
    ("connect", "OSError", ConnectionError, "no connection to {where}"),
    ("tls", "OSError", ConnectionError, "the connection to {where} broke in the TLS handshake"),
    ("write", "OSError", ConnectionError, "the connection to {where} broke while sending"),
    ("read_body", "OSError", IncompleteBody, "the connection to {where} broke within the body"),
    ("read_upgraded", "OSError", ConnectionError, "the connection to {where} broke"),
    (_ANY, "OSError", ConnectionError, "the connection to {where} broke before the response"),
)

_FROM_PROTOCOL: tuple[tuple[str, str, type[RequestException]], ...] = (
    # Broken framing means that the rest of the body is not to be had: RFC 9112 section 8.
    ("read_body", "RemoteProtocolError", IncompleteBody),
    (_ANY, "RemoteProtocolError", RemoteProtocolError),
    (_ANY, "LocalProtocolError", LocalProtocolError),
)

# Room for one quoted piece of what the peer sent, never for a page of it.
_LONGEST_DETAIL = 500


UNCLEAN_END = (
    "the TLS connection ended without close_notify, and nobody knows whether that was all; with"
    " require_close_notify=False it counts as all"
)


def _detail(error: BaseException) -> str:
    """What a low-level error says, in words, without its number."""
    text = getattr(error, "verify_message", None) or getattr(error, "strerror", None) or str(error)
    if len(error.args) == 1 and isinstance(error.args[0], str):
        text = error.args[0]  # which an SSLError would show as a tuple
    text = str(text) or type(error).__name__
    return text if len(text) <= _LONGEST_DETAIL else text[:_LONGEST_DETAIL] + "..."


def is_tls_error(error: BaseException) -> bool:
    """Whether it is an `ssl.SSLError`."""
    return "SSLError" in [base.__name__ for base in type(error).__mro__]


def let_pass(error: BaseException) -> None:
    """Raises `error` when it is the program's: a signal's handler may have raised it anywhere.

    `TimeoutError` is what many raise for an alarm, and it is an `OSError`; but that of the system
    has a number. Those of a request that a handler has sent are translated already.
    """
    if isinstance(error, (TimeoutError, RequestException)) and error.errno is None:
        raise error


def from_stream_error(
    operation: str,
    error: BaseException,
    where: str = "the peer",
    *,
    partial_length: int = 0,
) -> RequestException:
    """The public exception for what a `Stream` or `Network` raised.

    `operation` is "pool", "resolve", "connect", "tls", "write", "read_head" or "read_body";
    `where` the host, or host:port, for the message; `partial_length` the bytes of the body that
    had come before. The caller raises the result from `error`, which is raised at once when it is
    the program's.

    >>> print(from_stream_error("connect", ConnectionRefusedError(111, "refused"), "a.test:80"))
    a.test:80 refused the connection
    """
    let_pass(error)
    names = {base.__name__ for base in type(error).__mro__}
    for row_operation, low_level, public, sentence in _FROM_STREAM:
        if low_level in names and row_operation in (operation, _ANY):
            message = sentence.format(where=where)
            if low_level != "ConnectionRefusedError":
                message += f": {_detail(error)}"
            if public is IncompleteBody:
                return IncompleteBody(message, partial_length=partial_length)
            if issubclass(public, Timeout) and isinstance(error, LimitExpired):
                translated: RequestException = public(message, limit=error.limit.name)
            else:
                translated = public(message)
            if operation in _BEFORE_SENDING:
                translated.nothing_sent = True
            return translated
    raise TypeError(f"a stream does not raise {type(error).__name__}") from error


def from_protocol_error(
    error: Exception, *, during: str, partial_length: int = 0
) -> RequestException:
    """The public exception for what `h11` raised.

    `during` is "write", "read_head" or "read_body"; `partial_length` the bytes of the body that
    had come before. The caller raises the result from `error`.
    """
    names = {base.__name__ for base in type(error).__mro__}
    for row_during, low_level, public in _FROM_PROTOCOL:
        if low_level in names and row_during in (during, _ANY):
            if public is IncompleteBody:
                return IncompleteBody(_detail(error), partial_length=partial_length)
            return public(_detail(error))
    raise TypeError(f"h11 does not raise {type(error).__name__}") from error
