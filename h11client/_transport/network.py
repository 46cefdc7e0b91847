"""The seam between HTTP and bytes: what a `Stream` and a `Network` are.

Everything above sees these two protocols only, so the same code runs over a socket, over TLS,
over TLS within TLS, and over a script in memory (`h11client.testing.ScriptedNetwork`).

The contract of every stream
----------------------------
Limits are arguments. Each method that may wait takes the `Limit` of this one operation and raises
`LimitExpired` with it when it has run out. A stream keeps no timeout of its own and reads no
clock that it does not need.

Errors. `read`, `write` and `write_many` raise `OSError` (of which `ssl.SSLError` is one) and
`LimitExpired`, nothing else. Builtin `TimeoutError` is the kernel's ETIMEDOUT, never a limit of
ours. An orderly end of the peer's bytes is no error: `read` returns b"", again and again.

After an error. When a read fails, the stream is only good for `close` and `abort`. When a write
fails, an unknown prefix has been handed to the kernel; nothing can be written any more, but `read`
is still allowed, because the peer may have answered before it hung up (RFC 9112 section 9.5).

Partial writes. A write is whole or fails, with one exception which the caller has to ask for:
with `watch=True` a write that the kernel does not take at once returns False as soon as the peer
has sent something. What was left over is kept by the stream; it goes out ahead of the next
write (`write(b"", limit, True)` only goes on with it), or is dropped when the stream is closed.

Counting. `bytes_written` counts the bytes handed to the kernel, exactly, after an error too. Zero
means that the peer cannot have seen anything (RFC 9110 section 9.2.2: safe to repeat).

Threads. One thread at a time uses a stream. `interrupt` alone may come from another one.

Closing. `close` may be called again and again; `abort` is close without a word: no bytes, no lock,
no log line, so that a finaliser and a forked child may call it. After either, reads and writes
raise `OSError`, and `is_readable` is True.
"""

from __future__ import annotations

from os import PathLike, fspath
from sys import modules

from h11client._transport.file_states import file_state

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ssl
    from collections.abc import Hashable, Sequence
    from typing import Any, Protocol, TypeAlias

    from h11client._timeouts import Deadline, Limit
    from h11client._transport.dial_options import DialOptions

    # A client certificate: a path, or (certificate, key), or (certificate, key, password).
    Path: TypeAlias = str | PathLike[str]
    Cert: TypeAlias = Path | tuple[Path, Path] | tuple[Path, Path, str | bytes] | None

    Verify: TypeAlias = bool | Path | ssl.SSLContext

    # What can be written: one-dimensional and made of bytes, so that len() counts them.
    Buffer: TypeAlias = bytes | bytearray | memoryview
else:
    Protocol = object

__all__ = [
    "ConnectFailed",
    "Network",
    "Stream",
    "TLSConfig",
    "TLSInfo",
]


class TLSConfig:
    """What decides how a TLS connection is checked: a frozen, hashable value.

    `verify` is True (certifi's authorities), the path of a PEM file or of a directory of
    authorities, an `ssl.SSLContext` of one's own, or False: then neither certificate nor host
    name are looked at. `cert` is the path of a PEM file with client certificate and key, or
    (certificate, key), or (certificate, key, password). `files` is what `with_files` noted of them.
    `log_keys` says whether the file that SSLKEYLOGFILE names gets the keys, `require_close_notify`
    whether an end without close_notify is none.

    Raises `TypeError` for anything else, and `ValueError` for a certificate beside a context.

    >>> TLSConfig() == TLSConfig(verify=True)
    True
    """

    __slots__ = ("_hash", "cert", "files", "log_keys", "require_close_notify", "verify")

    verify: bool | str | ssl.SSLContext
    cert: str | tuple[str, ...] | None
    files: tuple[object, ...]
    log_keys: bool
    require_close_notify: bool
    _hash: int

    def __init__(
        self,
        verify: Verify = True,
        cert: Cert = None,
        files: tuple[object, ...] = (),
        log_keys: bool = True,
        require_close_notify: bool = True,
    ) -> None:
        own = _read_cert(cert)
        checked: bool | str | ssl.SSLContext = _read_verify(verify)
        if own is not None and not isinstance(checked, (bool, str)):
            raise ValueError("a context brings its client certificate along: load_cert_chain()")
        object.__setattr__(self, "verify", checked)
        object.__setattr__(self, "cert", own)
        object.__setattr__(self, "files", files)
        object.__setattr__(self, "log_keys", log_keys)
        object.__setattr__(self, "require_close_notify", require_close_notify)
        # Kept, because the pool looks its lines up by it.
        object.__setattr__(self, "_hash", hash(self._key()))

    def with_files(self) -> TLSConfig:
        """The same, unequal to what it was before one of its files changed."""
        states = self._file_states()
        if states == self.files:
            return self
        switches = self.log_keys, self.require_close_notify
        return TLSConfig(self.verify, self.cert, states, *switches)  # type: ignore[arg-type]  # read before

    def is_current(self) -> bool:
        """Whether its files are what they were when `with_files` noted them."""
        return self._file_states() == self.files

    def _file_states(self) -> tuple[object, ...]:
        verify, cert = self.verify, self.cert
        own = (cert,) if isinstance(cert, str) else cert[:2] if cert else ()
        paths = (verify, *own) if isinstance(verify, str) else own
        states = tuple(map(file_state, paths))
        return states if any(states) else ()

    def _key(self) -> tuple[object, ...]:
        return self.verify, self.cert, self.files, self.log_keys, self.require_close_notify

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a TLSConfig is frozen; make a new one to change {name!r}")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"a TLSConfig is frozen; {name!r} cannot be deleted")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, TLSConfig):
            return NotImplemented
        return self._key() == other._key()

    def __hash__(self) -> int:
        return self._hash

    def __repr__(self) -> str:
        cert = self.cert
        shown = (*cert[:2], "***") if isinstance(cert, tuple) and len(cert) > 2 else cert
        return f"TLSConfig(verify={self.verify!r}, cert={shown!r})"

    def __reduce__(self) -> tuple[object, ...]:
        return TLSConfig, self._key()


def _read_verify(verify: Any) -> Any:
    if verify is True or verify is False:
        return verify
    if isinstance(verify, (str, PathLike)):
        return fspath(verify)
    ssl = modules.get("ssl")  # whoever has a context has loaded it
    if ssl is None or not isinstance(verify, ssl.SSLContext):
        raise TypeError(f"verify= is True, False, a path or an ssl.SSLContext, not {verify!r}")
    return verify


def _read_cert(cert: Any) -> str | tuple[str, ...] | None:
    if cert is None:
        return None
    if isinstance(cert, (str, PathLike)):
        return fspath(cert)
    if not isinstance(cert, (tuple, list)) or not 2 <= len(cert) <= 3:
        raise TypeError("cert= is a path, (certificate, key), or (certificate, key, password)")
    password = [part.decode() if isinstance(part, bytes) else part for part in cert[2:]]
    if not all(isinstance(part, str) for part in password):
        raise TypeError("the password of a certificate's key is a str or bytes")
    return fspath(cert[0]), fspath(cert[1]), *password


class TLSInfo:
    """What a finished handshake agreed on.

    `version` is for example "TLSv1.3", `cipher` the suite's name, `certificate` the peer's
    certificate in DER (None when it was not asked for), `server_hostname` the name that was
    checked against it, `alpn` the protocol chosen (RFC 7301) or None. `resumed` says that an
    earlier session was taken up, whose certificate is this one (RFC 8446 section 2.2).
    """

    __slots__ = ("alpn", "certificate", "cipher", "resumed", "server_hostname", "version")

    def __init__(
        self,
        version: str | None,
        cipher: str | None,
        certificate: bytes | None,
        server_hostname: str,
        alpn: str | None,
        resumed: bool = False,
    ) -> None:
        self.version = version
        self.cipher = cipher
        self.certificate = certificate
        self.server_hostname = server_hostname
        self.alpn = alpn
        self.resumed = resumed

    def __repr__(self) -> str:
        return f"<TLSInfo {self.version} {self.cipher} {self.server_hostname}>"


class ConnectFailed(OSError):
    """No address of a host could be reached; `errors` has one error per address tried."""

    def __init__(self, message: str, errors: Sequence[OSError] = ()) -> None:
        super().__init__(message)
        self.errors = list(errors)
        self.errno = errors[-1].errno if errors else None


class Stream(Protocol):
    """A connection as bytes, under the contract at the top of this module.

    `peer` and `local` are (host, port) pairs, the path of a unix socket, or None. `tls` is None
    on plain connections. `bytes_written` counts what was handed to the kernel.
    `eof_was_clean` is looked at after `read` returned b"": False says that over TLS the bytes
    ended without close_notify, so that nobody knows whether more were meant to come (RFC 9112
    section 9.8). It is always True on plain connections, where there is nothing to know.
    """

    bytes_written: int
    peer: tuple[str, int] | str | None
    local: tuple[str, int] | str | None
    tls: TLSInfo | None
    eof_was_clean: bool

    def read(self, max_bytes: int, limit: Limit, wait_first: bool = False) -> bytes:
        """Returns 1 to `max_bytes` bytes as soon as there are any, or b"" at the end.

        `wait_first` is a hint that nothing has come yet: wait, then read, instead of the reverse.
        """
        ...

    def write(self, data: Buffer, limit: Limit, watch: bool = False) -> bool:
        """Writes all of `data` within `limit` and returns True.

        With `watch`, False says that the write stopped because the peer has sent something.
        """
        ...

    def write_many(self, pieces: Sequence[Buffer], limit: Limit, watch: bool = False) -> bool:
        """Writes all pieces in order, as `write` would write them joined, without joining them."""
        ...

    def is_readable(self) -> bool:
        """Whether application data, the end, an alert or an error is waiting.

        Never waits, never raises; what was found is kept for the next `read`.
        Over TLS pending records are processed first: a session ticket is nothing to read.
        """
        ...

    def interrupt(self) -> None:
        """Makes a read or write that waits in another thread fail soon, by shutdown(2)."""
        ...

    def close(self) -> None:
        """Ends the connection; over TLS with a close_notify which is not waited for (RFC 9112
        section 9.8). Never raises, never waits."""
        ...

    def abort(self) -> None:
        """Closes the descriptor and does nothing else. Never raises."""
        ...

    def fileno(self) -> int:
        """The descriptor, or -1 when there is none (any more)."""
        ...


class FillingStream(Stream, Protocol):
    """A stream that can wait for more than the first bytes."""

    def read_full(self, size: int, limit: Limit, ahead: int) -> bytes:
        """As `read`, but waits for a moment, some milliseconds, until all of `size` has come.

        For who knows that so many bytes are on their way: that and more, `ahead` in all.
        """
        ...


class ChunkStream(FillingStream, Protocol):
    """A stream that can read two pieces in one call, which spares the interpreter 50 operations.

    That is a tenth of what a chunk of a large body took (counted by tracing them).
    """

    def read_behind(self, border: bytes, size: int, limit: Limit) -> tuple[bytes, bytes]:
        """Reads `border`, and then `size` bytes as `read_full` would.

        Returns what came in its place, as `read` would, and what came behind it; b"" when that was
        another, or when nothing came for a moment, or the end.
        """
        ...


class FileStream(Stream, Protocol):
    """A stream to which the kernel can send a file by itself: a plain socket."""

    def send_file(self, descriptor: int, offset: int, count: int, limit: Limit) -> bool | None:
        """Sends 1 to `count` bytes of a regular file; `bytes_written` says how many.

        They are those from `offset` on. Always watches. True: some are out. False: none are,
        because the peer has sent something. None: none are, because the file ends here, or is one
        which the kernel cannot send; reading it will tell. Not after a write that returned False:
        what that left over comes first.
        """
        ...


class Network(Protocol):
    """Makes streams. A session has one; a test puts a scripted one in its place."""

    def connect(
        self, host: str, port: int, deadline: Deadline, options: DialOptions | None = None
    ) -> Stream:
        """Resolves `host` and connects to the first of its addresses that answers.

        Starts the deadline's connect budget. `host` is an ASCII name (A-labels) or an IP literal
        without brackets; `options` say how to get there. Raises `LimitExpired`, `socket.gaierror`
        when the name leads nowhere, the `OSError` of the only address, or `ConnectFailed` with
        those of all; `CallerError` with what code of the caller's raised.
        """
        ...

    def resolve(
        self, host: str, port: int, deadline: Deadline, options: DialOptions | None = None
    ) -> list[str]:
        """The addresses of `host`, in the order in which `connect` would try them.

        Raises `LimitExpired`, `socket.gaierror` and `CallerError`, as `connect` does.
        """
        ...

    def check_tls(self, config: TLSConfig) -> None:
        """Raises `OSError` when files that `config` names cannot be used: before a dial."""
        ...

    def start_tls(
        self,
        stream: Stream,
        config: TLSConfig,
        server_hostname: str,
        deadline: Deadline,
        resume_as: Hashable = None,
    ) -> Stream:
        """Shakes hands within what is left of the connect budget and returns the TLS stream.

        With `resume_as` an earlier TLS session may be resumed, which had the same one: it names
        everything that the peer was checked for and by, a whole route.

        The stream given must not be used any more. When this raises (`OSError`, of which
        `ssl.SSLError` is one, or `LimitExpired`), `stream` has been closed.
        """
        ...
