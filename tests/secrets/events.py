"""What can happen to a call: each event is a script, and what it must end with."""

from __future__ import annotations

import gzip
import socket
import ssl
from collections.abc import Callable, Iterator
from typing import Any

from h11client import Limits, Retry, Timeout, exceptions
from h11client.testing import Dial, Pause
from tests.secrets.setup import Setup

WAYS = frozenset(["direct", "forward", "tunnel", "socks"])
THROUGH = frozenset(["tunnel", "socks"])  # a connection is asked for first


class Event:
    """`script` gives the dials; `expected` what must be raised, or () for a response."""

    def __init__(
        self,
        script: Callable[[Setup], list[Any]],
        expected: Any,
        ways: frozenset[str],
        then: Callable[[Any], object] | None,
        only: Callable[[Setup], bool] | None,
    ) -> None:
        self.script = script
        self.expected = expected if isinstance(expected, tuple) else (expected,)
        self.ways = ways
        self.then = then
        self.only = only

    def applies(self, setup: Setup) -> bool:
        """Whether it can happen to this call."""
        return setup.way in self.ways and (self.only is None or self.only(setup))


EVENTS: dict[str, Event] = {}
Script = Callable[[Setup], list[Any]]


def event(
    name: str,
    expected: Any = (),
    ways: frozenset[str] = WAYS,
    then: Callable[[Any], object] | None = None,
    only: Callable[[Setup], bool] | None = None,
) -> Callable[[Script], Script]:
    """Registers an event."""

    def register(script: Script) -> Script:
        EVENTS[name] = Event(script, expected, ways, then, only)
        return script

    return register


def _is_secure(setup: Setup) -> bool:
    return setup.secure


def _has_no_body(setup: Setup) -> bool:
    return setup.method == "GET"


# --- what goes well ------------------------------------------------------------------------------


@event("success")
def _(setup: Setup) -> list[Any]:
    return [setup.dial(setup.response())]


@event("streamed, and closed half read", then=lambda response: (response.read(2), response.close()))
def _(setup: Setup) -> list[Any]:
    setup.call["stream"] = True
    return [setup.dial(setup.response(), b"")]


@event("an interim response and trailers")
def _(setup: Setup) -> list[Any]:
    chunked = b"5\r\nhello\r\n0\r\n%b\r\n" % setup.fields
    body = setup.response(fields=b"Transfer-Encoding: chunked\r\n", body=chunked)
    hints = b"HTTP/1.1 103 Early Hints\r\n%b\r\n" % setup.fields
    return [setup.dial(hints + body, first=True)]


@event(
    "a status that is raised",
    exceptions.HTTPError,
    then=lambda response: response.raise_for_status(),
)
def _(setup: Setup) -> list[Any]:
    return [setup.dial(setup.response(b"403 Forbidden"))]


@event("a body that is no JSON", exceptions.JSONDecodeError, then=lambda response: response.json())
def _(setup: Setup) -> list[Any]:
    return [setup.dial(setup.response())]


# --- files ---------------------------------------------------------------------------------------


def _downloads(setup: Setup) -> bool:
    return setup.method == "GET" and setup.prepare is None


@event("a download", only=_downloads)
def _(setup: Setup) -> list[Any]:
    setup.downloads = True
    return [setup.dial(setup.response(fields=b'ETag: "a"\r\n'))]


@event("a download that breaks off", exceptions.RequestException, only=_downloads)
def _(setup: Setup) -> list[Any]:
    setup.downloads = True
    setup.call["retries"] = None
    half = setup.response(fields=b'ETag: "a"\r\nContent-Disposition: attachment\r\n')[:-3]
    return [setup.dial(half, b"")]


@event("a download that is refused", exceptions.HTTPError, only=_downloads)
def _(setup: Setup) -> list[Any]:
    setup.downloads = True
    return [setup.dial(setup.response(b"403 Forbidden"))]


@event("a download that is not what it should be", exceptions.RequestException, only=_downloads)
def _(setup: Setup) -> list[Any]:
    setup.downloads = True
    setup.call["digest"] = "sha256:" + "0" * 64
    return [setup.dial(setup.response())]


# --- connections that are not made ----------------------------------------------------------------


def _dial_fails(error: Callable[[], BaseException]) -> Script:
    return lambda setup: [error()] * 3


_NO_CONNECTION = (exceptions.ConnectionError,)
event("refused", _NO_CONNECTION)(_dial_fails(lambda: ConnectionRefusedError(111, "refused")))
event("no such name", _NO_CONNECTION)(
    _dial_fails(lambda: socket.gaierror(socket.EAI_NONAME, "no such name"))
)
event("no descriptor is left", _NO_CONNECTION)(_dial_fails(lambda: OSError(24, "too many")))


@event("connecting takes too long", exceptions.ConnectTimeout)
def _(setup: Setup) -> list[Any]:
    setup.call["timeout"] = 2
    return [Dial(takes=9)]


@event("a certificate that is not trusted", exceptions.SSLError, only=_is_secure)
def _(setup: Setup) -> list[Any]:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    return [setup.dial(tls_error=error)]


@event("a handshake that breaks", exceptions.ConnectionError, only=_is_secure)
def _(setup: Setup) -> list[Any]:
    return [setup.dial(tls_error=ConnectionResetError(104, "reset"))]


@event("no connection of the pool is free", exceptions.PoolTimeout)
def _(setup: Setup) -> list[Any]:
    setup.limits = Limits(max_connections=1)
    setup.call["timeout"] = Timeout(pool=0.001)
    setup.pool_is_taken = True
    return [[b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe", b""]]


# --- exchanges that do not end ---------------------------------------------------------------------


@event("what is sent is not taken", exceptions.Timeout)
def _(setup: Setup) -> list[Any]:
    setup.call["timeout"] = 2
    return [setup.dial(setup.response(), Pause(9), b"", stalls_after=20)]


@event("sending breaks", exceptions.ConnectionError)
def _(setup: Setup) -> list[Any]:
    error = BrokenPipeError(32, "broken pipe")
    return [setup.dial(b"", first=False, write_error=(20, error)) for _ in range(2)]


@event("no answer in time", exceptions.ReadTimeout)
def _(setup: Setup) -> list[Any]:
    setup.call["timeout"] = 2
    return [setup.dial(Pause(9))]


@event("no answer within all the time", exceptions.ReadTimeout)
def _(setup: Setup) -> list[Any]:
    setup.call["timeout"] = Timeout(total=5)
    return [setup.dial(setup.response()[:30], Pause(9))]


@event("a body that stops", exceptions.BodyReadTimeout)
def _(setup: Setup) -> list[Any]:
    setup.call["timeout"] = 2
    return [setup.dial(setup.response()[:-3], Pause(9))]


@event("the end before an answer", exceptions.ConnectionError)
def _(setup: Setup) -> list[Any]:
    return [setup.dial(b""), setup.dial(b"", first=False)]


@event("a reset before an answer", exceptions.ConnectionError)
def _(setup: Setup) -> list[Any]:
    reset = ConnectionResetError(104, "reset")
    return [setup.dial(reset), setup.dial(reset, first=False)]


@event("the end within a body", exceptions.IncompleteBody)
def _(setup: Setup) -> list[Any]:
    return [setup.dial(setup.response()[:-3], b"")]


# --- answers that are none ---------------------------------------------------------------------------


def _wrong_answers(setup: Setup) -> Iterator[tuple[str, bytes]]:
    good = setup.response()
    yield "no HTTP", b"SSH-2.0-OpenSSH_9.6\r\n"
    yield "no status line", b"HTTP/1.1 what\r\n" + setup.fields + b"\r\n"
    for what, line in (
        ("NUL behind its fields", b"X-A: \0\r\n"),
        ("a line without a colon", b"X-A\r\n"),
        ("a stray CR", b"X-A: a\rb\r\n"),
    ):
        yield what, good.replace(b"\r\n\r\n", b"\r\n" + line + b"\r\n", 1)
    # The very fields that hold the secret, spoilt.
    for what, before, after in (
        ("NUL in its fields", b"\r\n", b"\0\r\n"),
        ("NUL in front of its values", b": ", b": \0"),
        ("blanks before its colons", b": ", b" : "),
        ("no colons in its fields", b": ", b" "),
        ("folded fields with NUL", b": ", b": x\r\n \0"),
        ("bare CR in its fields", b": ", b": \r"),
    ):
        spoilt = (setup.fields or b"X-A: b\r\n").replace(before, after)
        yield what, b"HTTP/1.1 200 OK\r\n%bContent-Length: 0\r\n\r\n" % spoilt
    yield "two lengths", setup.response(fields=b"Content-Length: 9\r\n")
    yield "a length that is none", setup.response(fields=b"Content-Length: many\r\n")
    yield "an unknown coding", setup.response(fields=b"Transfer-Encoding: gzip\r\n")


for _what, _ in _wrong_answers(Setup()):

    @event(f"wrong answer: {_what}", exceptions.RemoteProtocolError)
    def _(setup: Setup, what: str = _what) -> list[Any]:
        return [setup.dial(dict(_wrong_answers(setup))[what], b"")]


@event("a chunk that is none", exceptions.IncompleteBody)
def _(setup: Setup) -> list[Any]:
    wire = setup.response(fields=b"Transfer-Encoding: chunked\r\n", body=b"zz\r\n")
    return [setup.dial(wire)]


@event("trailers that are none", exceptions.IncompleteBody)
def _(setup: Setup) -> list[Any]:
    trailers = b"0\r\n%bX-A: \0\r\n\r\n" % setup.fields.replace(b"\r\n", b"\0\r\n")
    return [setup.dial(setup.response(fields=b"Transfer-Encoding: chunked\r\n", body=trailers))]


@event("a head that is too large", exceptions.RemoteProtocolError)
def _(setup: Setup) -> list[Any]:
    return [setup.dial(setup.response(fields=b"X-A: %b\r\n" % (b"x" * 200_000)))]


@event("a body in a wrong coding", exceptions.ContentDecodingError)
def _(setup: Setup) -> list[Any]:
    return [setup.dial(setup.response(fields=b"Content-Encoding: gzip\r\n", body=b"no gzip"))]


@event("a truncated body", exceptions.ContentDecodingError)
def _(setup: Setup) -> list[Any]:
    half = gzip.compress(b"hello" * 100)[:-9]
    return [setup.dial(setup.response(fields=b"Content-Encoding: gzip\r\n", body=half))]


@event("a body that is too large", exceptions.ResponseTooLarge)
def _(setup: Setup) -> list[Any]:
    setup.session["max_response_size"] = 3
    return [setup.dial(setup.response())]


# --- retries -----------------------------------------------------------------------------------------------


@event("retries of a status", only=_has_no_body)
def _(setup: Setup) -> list[Any]:
    setup.session["retries"] = Retry(2, statuses=[503], backoff=0.1)
    busy = setup.response(b"503 Busy", b"Retry-After: 1\r\n")
    return [setup.dial(busy, busy, setup.response())]


@event("retries of a status, exhausted", exceptions.RetryError, only=_has_no_body)
def _(setup: Setup) -> list[Any]:
    setup.session["retries"] = Retry(1, statuses=[503], backoff=0, raise_on_status=True)
    busy = setup.response(b"503 Busy")
    return [setup.dial(busy, busy, busy, busy)]


@event("retries of a connection, exhausted", exceptions.RequestException, only=_has_no_body)
def _(setup: Setup) -> list[Any]:
    setup.session["retries"] = Retry(2, backoff=0)
    return [ConnectionRefusedError(111, "refused")] * 3


@event("retries of broken reads, exhausted", exceptions.RequestException, only=_has_no_body)
def _(setup: Setup) -> list[Any]:
    setup.session["retries"] = Retry(2, backoff=0)
    return [setup.dial(b""), *[setup.dial(b"", first=False) for _ in range(4)]]


# --- authentication -----------------------------------------------------------------------------------------


@event("401 for ever")
def _(setup: Setup) -> list[Any]:
    asks = b'WWW-Authenticate: Digest realm="r", nonce="m", qop="auth"\r\n'
    return [setup.dial(*[setup.response(b"401 Who", asks)] * 5)]


@event("401 in a way that nobody knows")
def _(setup: Setup) -> list[Any]:
    asks = b'WWW-Authenticate: Digest realm="r", nonce="m", algorithm=WHAT\r\n'
    return [setup.dial(*[setup.response(b"401 Who", asks)] * 5)]


@event("407 from a proxy that forwards", ways=frozenset(["forward"]))
def _(setup: Setup) -> list[Any]:
    asks = b'Proxy-Authenticate: Digest realm="r", nonce="m", qop="auth"\r\n'
    return [setup.dial(*[setup.response(b"407 Who", asks)] * 5)]


# --- proxies ---------------------------------------------------------------------------------------------------


def _proxy_says(answer: bytes, *more: Any) -> Script:
    return lambda setup: [Dial([answer, *more], ragged_eof=True)]


_TUNNEL = frozenset(["tunnel"])
for _status in (b"407 Who", b"403 No", b"502 Bad Gateway"):
    event(f"the proxy refuses: {_status.decode()}", exceptions.ProxyError, _TUNNEL)(
        _proxy_says(b"HTTP/1.1 %b\r\nContent-Length: 4\r\n\r\nnope" % _status, b"")
    )
event("a proxy that is none", exceptions.ProxyError, _TUNNEL)(_proxy_says(b"SSH-2.0-x\r\n", b""))
event("a proxy that hangs up", exceptions.ProxyError, _TUNNEL)(_proxy_says(b""))
event("bytes behind the tunnel's answer", exceptions.ProxyError, _TUNNEL)(
    _proxy_says(b"HTTP/1.1 200 OK\r\n\r\nmore", b"")
)


@event("a proxy that does not answer", exceptions.ConnectTimeout, THROUGH)
def _(setup: Setup) -> list[Any]:
    setup.call["timeout"] = 2
    return [Dial([Pause(9)])]


_SOCKS = frozenset(["socks"])
for _what, _steps in {
    "wrong password": [b"\x05\x02", b"\x01\x01"],
    "no way to authenticate": [b"\x05\xff"],
    "not allowed": [b"\x05\x02", b"\x01\x00", b"\x05\x02\x00\x01" + bytes(6)],
    "it hangs up": [b"\x05\x02", b""],
    "no SOCKS": [b"HTTP/1.1 400 Bad Request\r\n\r\n", b""],
    "an answer that is none": [b"\x05\x02", b"\x01\x00", b"\x09\x00\x00\x01" + bytes(6), b""],
}.items():
    event(f"SOCKS: {_what}", exceptions.ProxyError, _SOCKS)(
        lambda setup, steps=_steps: [Dial(steps)]
    )
