"""A connection after its HTTP: what a 101, or a 2xx to CONNECT, hands over to the program."""

from __future__ import annotations

from _thread import allocate_lock

from h11client._timeouts import Deadline, LimitExpired, Timeout
from h11client._translation import from_stream_error
from h11client.exceptions import StreamConsumedError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from h11client._timeouts import TimeoutLike
    from h11client._transport.network import Buffer, Stream
    from h11client.exceptions import RequestException

__all__ = ["UpgradedStream"]

READ_SIZE = 64 * 1024
_PATIENCE = 0.2  # seconds for another thread to let go of a lock that it holds for a moment


class UpgradedStream:
    """The bytes of a connection on which both ends speak another protocol from now on.

    The caller owns it and closes it, best as a context manager; the session has forgotten it.
    `timeout` holds the limits of each read and write and may be assigned: seconds, a `Timeout` or
    None for no limits; its total is not used. One thread at a time reads or writes; another one
    may close it, and what waits then raises `ConnectionError` soon.

    RFC 9110 sections 7.8 (Upgrade) and 9.3.6 (CONNECT).
    """

    __slots__ = (
        "_closing",
        "_deadline",
        "_guard",
        "_stream",
        "_timeout",
        "_turn",
        "_unread",
        "_where",
        "request",
    )

    def __init__(self, stream: Stream, unread: bytes, timeout: Timeout, where: str) -> None:
        self._stream: Stream | None = stream
        self._unread = unread
        self._where = where
        self._turn = allocate_lock()
        # Between forgetting the stream and interrupting it: another one may get its descriptor.
        self._guard = allocate_lock()
        self._closing = False
        self.request: Any = None  # what has led here, for exceptions
        self.timeout = timeout

    @property
    def timeout(self) -> Timeout:
        """The limits of each read and write."""
        return self._timeout

    @timeout.setter
    def timeout(self, timeout: TimeoutLike) -> None:
        self._timeout = Timeout.of(timeout)
        # Without a total a deadline never begins to run.
        self._deadline = Deadline(Timeout(read=self._timeout.read, write=self._timeout.write))

    def read(self, max_bytes: int = READ_SIZE) -> bytes:
        """Returns 1 to `max_bytes` bytes as soon as there are any, or b"" at the end.

        The first are those that came right behind the head of the response. Raises `ReadTimeout`,
        and `ConnectionError` when the connection breaks or was closed.
        """
        if max_bytes < 1:
            raise ValueError(f"max_bytes is at least 1, not {max_bytes}")
        stream = self._begin()
        try:
            if self._unread:
                data, self._unread = self._unread[:max_bytes], self._unread[max_bytes:]
                return data
            return stream.read(max_bytes, self._deadline.limit("read"))
        except (OSError, LimitExpired) as error:
            raise self._public("read_upgraded", error) from error
        finally:
            self._end()

    def write(self, data: Buffer) -> None:
        """Writes all of `data`. Raises `WriteTimeout`, and `ConnectionError` as `read` does."""
        if type(data) is not bytes:
            data = memoryview(data).cast("B")  # what has other items is counted by them
        stream = self._begin()
        try:
            stream.write(data, self._deadline.limit("write"))
        except (OSError, LimitExpired) as error:
            raise self._public("write", error) from error
        finally:
            self._end()

    def _public(self, operation: str, error: Exception) -> RequestException:
        public = from_stream_error(operation, error, self._where)
        public.request = self.request
        return public

    def fileno(self) -> int:
        """The descriptor, or -1 after the end. That of a TLS connection carries its records."""
        return -1 if self._stream is None else self._stream.fileno()

    def detach(self) -> tuple[Any, bytes]:
        """The socket itself, blocking, and the bytes that were read already: nothing stays here.

        Raises `ValueError` for a TLS connection, whose socket alone is of no use.
        """
        stream = self._begin()
        try:
            detach = getattr(stream, "detach", None)
            if detach is None:
                raise ValueError("over TLS there is no socket that could be used without it")
            self._forget()
            unread, self._unread = self._unread, b""
            return detach(), unread
        finally:
            self._end()

    def close(self) -> None:
        """Closes the connection; over TLS with a close_notify."""
        self._closing = True  # before the look at the turn: its holder looks here when it leaves
        if self._turn.acquire(False):
            self._end()
        # Not for ever: a signal's handler may run in the thread that holds it.
        elif self._guard.acquire(True, _PATIENCE):
            try:
                if self._stream is not None:
                    self._stream.interrupt()  # whoever uses it closes it
            finally:
                self._guard.release()

    def _begin(self) -> Stream:
        if not self._turn.acquire(False):
            raise StreamConsumedError("the connection is being used by another thread")
        stream = self._stream
        if stream is None:
            self._turn.release()
            raise StreamConsumedError("the connection was closed, or detached")
        return stream

    def _end(self) -> None:
        """Lets go of the turn, and closes what somebody wanted closed meanwhile."""
        while True:
            try:
                if self._closing:
                    stream = self._forget()
                    if stream is not None:
                        stream.close()
            finally:
                self._turn.release()
            # Who has called `close` before that has not got the turn.
            if self._stream is None or not self._closing or not self._turn.acquire(False):
                return

    def _forget(self) -> Stream | None:
        with self._guard:
            stream, self._stream = self._stream, None
        return stream

    def __enter__(self) -> UpgradedStream:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __del__(self) -> None:
        stream = getattr(self, "_stream", None)  # not there when `__init__` was interrupted
        if stream is not None:
            stream.abort()

    def __repr__(self) -> str:
        state = "closed" if self._stream is None else f"{len(self._unread)} bytes unread"
        return f"<UpgradedStream {self._where}, {state}>"
