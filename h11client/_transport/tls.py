"""TLS as a stream over a stream.

OpenSSL is used without a socket. It is given two queues of bytes in memory (`ssl.MemoryBIO`):
what has come from the peer is put into `incoming`, what it wants to send is taken out of
`outgoing`, and moving these bytes is the business of the stream below. So TLS runs over
whatever is a `Stream`: a socket, another TLS stream (an https:// proxy, with https:// through it),
or a script in a test; and limits work the same way as without TLS.

Three things differ from plain bytes.

Reading. OpenSSL says "want read" (`SSLWantReadError`) until a whole record has come, and records
need not carry application data: a TLS 1.3 server sends session tickets at any time. So a readable
socket proves nothing, and `is_readable` first works through the records that are there. For
close_notify OpenSSL gives b"", and for nothing else.

Writing. What OpenSSL was given is encrypted at once, and has to be sent in this order or never.
When the stream below stops in the middle, the rest waits there, not here.

The end. TLS says that it ends (close_notify), TCP says so too, and anybody on the path can forge
the latter. `eof_was_clean` tells which of the two it was (RFC 8446 section 6.1, RFC 9112 section
9.8). OpenSSL is never told of TCP's end, so that no option of a context can blur the difference.
"""

from __future__ import annotations

import errno
import ssl
from functools import partial
from time import monotonic

from h11client._timeouts import Limit, LimitExpired
from h11client._translation import let_pass
from h11client._transport.network import TLSInfo
from h11client._transport.patience import PATIENCE
from h11client._transport.tls_records import RECORD_BYTES, WHOLE_RECORD, overhead_of, records_for
from h11client._transport.trust import checks_peer, context_for

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    from h11client._timeouts import Deadline
    from h11client._transport.network import Buffer, Stream, TLSConfig
    from h11client._transport.tls_sessions import TLSSessions

__all__ = ["TLSStream", "start_tls"]

# Asked of the stream below: four whole records of 16 KiB, of which OpenSSL hands out one per call.
_CIPHERTEXT_BYTES = 66 * 1024

# Bytes without application data after which a peer is not worth waiting for. Not a number of reads:
# tickets that come in little pieces would then pass for an answer, and stop an upload.
_MOST_IDLE_BYTES = 1024 * 1024

# Encrypted and handed down at once: bounds the memory for ciphertext, and is large enough that
# the system call per block does not show.
_BLOCK_BYTES = 128 * 1024

# Servers send their tickets right behind the handshake, or never. Each look for one costs time, and
# 6 KiB which some versions of OpenSSL do not give back; so after these only closing looks again.
_MOST_LOOKS = 2

_NOW = Limit(0.0, "write")
_A_MOMENT = Limit(PATIENCE / 1000.0, "read")


class TLSStream:
    """TLS over the stream `inner`, which belongs to it from now on; a `Stream` itself."""

    __slots__ = (
        "__weakref__",
        "_any_end",
        "_base",
        "_begun",
        "_cut",
        "_failure",
        "_drop_session",
        "_incoming",
        "_inner",
        "_inner_read_full",
        "_keep_session",
        "_looks_left",
        "_object",
        "_outgoing",
        "_overhead",
        "_pending",
        "_plain",
        "_ssl_read",
        "_ssl_write",
        "_unsent",
        "bytes_written",
        "eof_was_clean",
        "local",
        "peer",
        "tls",
    )

    bytes_written: int
    peer: tuple[str, int] | str | None
    local: tuple[str, int] | str | None
    tls: TLSInfo | None
    eof_was_clean: bool

    def __init__(
        self,
        inner: Stream,
        context: ssl.SSLContext,
        server_hostname: str,
        session: ssl.SSLSession | None = None,
    ) -> None:
        self._inner = inner
        self._inner_read_full = getattr(inner, "read_full", None)
        self._overhead = 0
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        # Bytes, because a str would go through the interpreter's IDNA codec. An IP address is
        # recognised by OpenSSL: no SNI is sent (RFC 6066 section 3), and an IP SAN is asked for.
        try:
            name = server_hostname.partition("%")[0].removesuffix(".").encode("ascii")
            self._object = context.wrap_bio(
                self._incoming,
                self._outgoing,
                server_side=False,
                server_hostname=name,
                session=session,
            )
        except (ValueError, TypeError) as error:  # the latter for a NUL
            raise ssl.SSLError(f"{server_hostname!r} cannot be a server's name") from error
        self._ssl_read: Callable[[int], bytes] = self._object.read
        self._ssl_write: Callable[[Buffer], int] = self._object.write
        self._pending: Callable[[], int] = self._object.pending
        self._begun = 0  # bytes of a record that OpenSSL has, and waits for the others of
        self._plain = b""  # decrypted by is_readable(), not read yet
        self._failure: OSError | None = None  # met already, not raised yet
        self._unsent = b""  # not encrypted yet, after a write which stopped because it watched
        # What keeps the session for the next connection, until it has been kept.
        self._keep_session: Callable[[ssl.SSLSession], None] | None = None
        # What forgets the one that this connection was resumed from.
        self._drop_session: Callable[[], None] | None = None
        self._looks_left = _MOST_LOOKS
        self._any_end = False  # whether TCP's end will do
        self._cut = False  # the last record may not be out in full
        self._base = 0  # what the stream below had written when the handshake was over
        self.bytes_written = 0
        self.peer = inner.peer
        self.local = inner.local
        self.tls = None
        self.eof_was_clean = False

    def handshake(self, server_hostname: str, deadline: Deadline) -> None:
        """Shakes hands within what is left of the connect budget."""
        while True:
            try:
                self._object.do_handshake()
            except ssl.SSLWantReadError:
                self._send_handshake(deadline.limit("connect"))
            except ssl.SSLError:
                self._send_alert()
                raise
            else:
                break
            data = self._inner.read(_CIPHERTEXT_BYTES, deadline.limit("connect"), True)
            if not data:
                raise ssl.SSLEOFError(ssl.SSL_ERROR_EOF, "it ended without a word")
            self._incoming.write(data)
        self._send_handshake(deadline.limit("connect"))
        self._base = self._inner.bytes_written
        self.tls = _info(self._object, server_hostname)
        self._overhead = overhead_of(self.tls)

    def begin(
        self,
        keep: Callable[[ssl.SSLSession], None] | None,
        drop: Callable[[], None] | None,
        any_end: bool,
    ) -> None:
        """After the handshake: who keeps and drops the session, and whether any end will do."""
        self._keep_session = keep  # tickets come later
        self._drop_session = drop
        self._any_end = any_end

    def _forget_session(self) -> None:
        """RFC 5246 section 7.2.2: none is resumed after a fatal alert."""
        self._keep_session = None
        if self._drop_session is not None:
            self._drop_session()

    def _hand_out_session(self) -> None:
        session = self._object.session
        if session is None or self._keep_session is None:
            return
        # Before its ticket a TLS 1.3 session is only a name (RFC 8446 section 4.6.1).
        if session.has_ticket or (session.id and self._object.version() == "TLSv1.2"):
            self._keep_session(session)
            self._keep_session = None

    def _send_handshake(self, limit: Limit) -> None:
        if self._outgoing.pending:
            self._inner.write(self._outgoing.read(), limit)

    def _send_alert(self) -> None:
        """Tells the peer why, when that can be done without waiting."""
        try:
            self._send_handshake(_NOW)
        except (OSError, LimitExpired) as error:
            let_pass(error)

    def read(self, max_bytes: int, limit: Limit, wait_first: bool = False) -> bytes:
        if self._plain or self._failure is not None:
            return self._read_kept(max_bytes)
        incoming = self._incoming
        if not wait_first or incoming.pending or self._pending() or self.eof_was_clean:
            data = self._read_record(max_bytes)
            if data is not None:
                return self._with_more(data, max_bytes) if data else self._end()
        end = None if limit.seconds is None else monotonic() + limit.seconds
        left = limit
        while True:
            if self._outgoing.pending and not self._cut:
                # What OpenSSL wants to send before it can read on.
                self._inner.write(self._outgoing.read(), left)
            ciphertext = self._inner.read(_CIPHERTEXT_BYTES, left, wait_first)
            if not ciphertext:
                # Without close_notify `eof_was_clean` stays False, unless the caller takes it.
                return self._end() if self._any_end else b""
            incoming.write(ciphertext)
            data = self._read_record(max_bytes)
            if data is not None:
                return self._with_more(data, max_bytes) if data else self._end()
            wait_first = True
            left = limit.until(end)

    def _read_record(self, max_bytes: int) -> bytes | None:
        """Data of one record that is there, b"" for close_notify; None when there is none."""
        there = self._incoming.pending
        try:
            # Not more at once: it would get a buffer of that size, and give most of it back.
            data = self._ssl_read(min(max_bytes, RECORD_BYTES))
        except ssl.SSLWantReadError:
            self._begun += there
            return None
        except ssl.SSLError:
            self._forget_session()
            raise
        self._begun = 0
        return data

    def _with_more(self, data: bytes, max_bytes: int) -> bytes:
        """Adds the records that are there already: joining is cheaper than one more call."""
        if self._incoming.pending < WHOLE_RECORD:
            return data
        parts = [data]
        self._decrypt(parts, max_bytes - len(data), WHOLE_RECORD)
        return b"".join(parts)

    def read_full(self, size: int, limit: Limit, ahead: int) -> bytes:
        """See `FillingStream` in `network`."""
        inner_read_full = self._inner_read_full
        if inner_read_full is None or self._plain or self._is_over() or self._outgoing.pending:
            return self.read(size, limit)
        parts: list[bytes] = []
        room = self._decrypt(parts, size, 1)
        if not room or self._is_over():
            return b"".join(parts) or self.read(size, limit)
        # The data of the records which have the rest, whole but for the last one of all.
        rest = min(ahead - size + room, records_for(room) * RECORD_BYTES)
        wanted = rest + records_for(rest) * self._overhead - self._begun
        end = None if limit.seconds is None else monotonic() + limit.seconds
        # What is there already does not wait for long.
        first = limit if not parts or limit.milliseconds < PATIENCE else _A_MOMENT
        try:
            ciphertext = inner_read_full(max(wanted, 1), first, wanted)
        except (LimitExpired, OSError) as error:
            let_pass(error)
            if not parts:
                raise
            if isinstance(error, OSError):
                self._fail(error)  # for the next read: a socket tells it once
            return b"".join(parts)
        self._incoming.write(ciphertext)
        self._decrypt(parts, room, 1)
        if parts:
            return b"".join(parts)
        return self.read(size, limit.until(end))  # part of a record, or one without data

    def _decrypt(self, parts: list[bytes], room: int, least: int) -> int:
        """Adds what is there to `parts`, while it is `least` bytes, and says what room is left."""
        incoming = self._incoming
        read = self._ssl_read
        while room:
            there = incoming.pending
            if there < least and not self._pending():
                break
            try:  # as `_read_record` does, without a call: this is the way of large bodies
                data = read(RECORD_BYTES if room > RECORD_BYTES else room)
            except ssl.SSLWantReadError:
                self._begun += there
                break
            except OSError as error:  # for the next read, as the end is
                let_pass(error)
                self._fail(error)
                break
            self._begun = 0
            if not data:
                self._end()
                break
            parts.append(data)
            room -= len(data)
        return room

    def _read_kept(self, max_bytes: int) -> bytes:
        if self._plain:
            data, self._plain = self._plain[:max_bytes], self._plain[max_bytes:]
            return data
        assert self._failure is not None
        raise self._failure

    def _is_over(self) -> bool:
        return self.eof_was_clean or self._failure is not None

    def _end(self) -> bytes:
        self.eof_was_clean = True
        return b""

    def write(self, data: Buffer, limit: Limit, watch: bool = False) -> bool:
        if self._unsent:
            data = self._unsent + data
            self._unsent = b""
        if len(data) <= _BLOCK_BYTES:
            return self._write_block(data, limit, watch)
        end = None if limit.seconds is None else monotonic() + limit.seconds
        view = memoryview(data)
        for start in range(0, len(data), _BLOCK_BYTES):
            block = view[start : start + _BLOCK_BYTES]
            if not self._write_block(block, limit.until(end), watch):
                self._unsent = bytes(view[start + _BLOCK_BYTES :])
                return False
        return True

    def _write_block(self, data: Buffer, limit: Limit, watch: bool) -> bool:
        write = self._ssl_write
        try:
            taken = write(data) if data else 0
            while taken < len(data):
                taken += write(memoryview(data)[taken:])
            written = self._inner.write(self._outgoing.read(), limit, watch)
            if not written:
                written = self._write_on(limit)
            self._cut = not written
            return written
        except BaseException:  # an interruption, too
            self._cut = True
            raise
        finally:
            self.bytes_written = self._inner.bytes_written - self._base

    def _write_on(self, limit: Limit) -> bool:
        """The peer has sent something: goes on unless that was for the application."""
        end = None if limit.seconds is None else monotonic() + limit.seconds
        while not self.is_readable():
            if self._inner.write(b"", limit.until(end), True):
                return True
        return False

    def write_many(self, pieces: Sequence[Buffer], limit: Limit, watch: bool = False) -> bool:
        # Small pieces share a record this way, and OpenSSL copies what it encrypts anyway.
        return self.write(b"".join(pieces), limit, watch)

    def is_readable(self) -> bool:
        if self._plain or self._failure is not None or self.eof_was_clean:
            return True
        if (self._incoming.pending or self._pending()) and self._process_records():
            return True
        inner = self._inner
        left = _MOST_IDLE_BYTES
        while left > 0:
            if not inner.is_readable():
                if self._keep_session is not None and self._looks_left:
                    self._looks_left -= 1
                    self._hand_out_session()
                return False
            try:
                data = inner.read(_CIPHERTEXT_BYTES, _NOW)
            except LimitExpired:
                return False
            except OSError as error:
                let_pass(error)
                self._failure = error
                return True
            if not data:
                return True
            self._incoming.write(data)
            left -= len(data)
            if self._process_records():
                return True
        return True

    def _process_records(self) -> bool:
        """Works through what has come; True when there is something to read, or to raise."""
        try:
            data = self._read_record(RECORD_BYTES)
        except OSError as error:
            let_pass(error)
            self._fail(error)
            return True
        if data is None:
            return False
        self._plain = data
        self.eof_was_clean = not data
        return True

    def _fail(self, error: OSError) -> None:
        self._failure = error
        self._forget_session()

    def interrupt(self) -> None:
        self._inner.interrupt()

    def close(self) -> None:
        try:
            if self._failure is None and self._keep_session is not None:
                self._hand_out_session()
            if self._failure is None and not self._cut:
                try:
                    self._object.unwrap()
                except OSError as error:
                    let_pass(error)  # "want read": the peer's close_notify, which is not waited for
                self._send_alert()
        finally:
            self._forget()
            self._inner.close()

    def abort(self) -> None:
        self._forget()
        self._inner.abort()

    def _forget(self) -> None:
        self._plain = self._unsent = b""
        self._failure = OSError(errno.EBADF, "the stream is closed")

    def fileno(self) -> int:
        return self._inner.fileno()

    def __repr__(self) -> str:
        return f"<TLSStream over {self._inner!r}>"


def _info(connection: ssl.SSLObject, server_hostname: str) -> TLSInfo:
    cipher = connection.cipher()
    return TLSInfo(
        version=connection.version(),
        cipher=None if cipher is None else cipher[0],
        certificate=connection.getpeercert(binary_form=True),
        server_hostname=server_hostname,
        alpn=connection.selected_alpn_protocol(),
        resumed=bool(connection.session_reused),
    )


def start_tls(
    stream: Stream,
    config: TLSConfig,
    server_hostname: str,
    deadline: Deadline,
    sessions: TLSSessions | None = None,
    key: Hashable = None,
) -> TLSStream:
    """Puts TLS on `stream`: see `Network.start_tls`; resumes the session that is kept for `key`."""
    session = keep = drop = None
    try:
        limit = deadline.limit("connect")
        # A server speaks second in TLS. What came before was not sent under its protection, and
        # must not be taken for something that was.
        if stream.is_readable() and stream.read(1, limit):
            raise ssl.SSLError("bytes came before the TLS handshake")
        context = context_for(config)
        if sessions is not None and key is not None and checks_peer(context):
            session, keep = sessions.find(key, context), partial(sessions.put, key, context)
            drop = None if session is None else partial(sessions.drop, key, session)
        secured = TLSStream(stream, context, server_hostname, session)
        secured.handshake(server_hostname, deadline)
    except BaseException:
        if drop is not None:
            drop()
        stream.close()
        raise
    if drop is not None:
        if secured.tls is not None and secured.tls.resumed:
            keep = None  # it is good for the next one too
        else:
            drop()
    secured.begin(keep, drop, not config.require_close_notify)
    return secured
