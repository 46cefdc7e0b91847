"""`HAR`: what a session exchanges, written down as browsers do."""

from __future__ import annotations

import os
from collections import deque
from threading import Lock
from time import monotonic, time

from h11client._har_entries import Describer, date_of, timings_of
from h11client._version import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection
    from typing import Any

__all__ = ["HAR"]

_MAX_BODY = 1024 * 1024  # bytes that are kept of one body
_MAX_SIZE = 64 * 1024 * 1024  # bytes that are kept in all
_ENTRY_SIZE = 4096  # bytes that an entry takes besides its body and the text of its heads


class HAR:
    """Records what a session exchanges, in HTTP Archive format 1.2, which browsers open.

    Every request is an entry of its own, with its answer or its error: those of redirects,
    authentication and retries too. Values that open doors, in headers, cookies, URLs, forms and
    JSON, are masked when they are recorded, unless `show_secrets`. Of a body at most
    `max_body_size` bytes are kept, or none; when all that is kept comes to more than `max_size`
    bytes, the oldest entries are dropped, and counted as `dropped`. With a `path` it is saved at
    the end of the `with` block.

    >>> from h11client import Session
    >>> from h11client.testing import MockTransport
    >>> session = Session(transport=MockTransport(lambda request: "hello"))
    >>> with HAR(session) as har:
    ...     text = session.get("http://example.com/?token=abc").text
    >>> entry = har.to_dict()["log"]["entries"][0]
    >>> entry["request"]["url"], entry["response"]["content"]["text"]
    ('http://example.com/?token=***', 'hello')
    """

    def __init__(
        self,
        session: Any,
        path: str | os.PathLike[str] | None = None,
        *,
        show_secrets: bool = False,
        max_body_size: int = _MAX_BODY,
        max_size: int = _MAX_SIZE,
    ) -> None:
        self._session = session
        self._path = path
        self._show_secrets = show_secrets
        self._max_body_size = max_body_size
        self._max_size = max_size
        self._entries: deque[_Entry] = deque()
        self._size = 0
        self._lock = Lock()
        self.dropped = 0

    def start(self) -> None:
        """Records from now on."""
        self._session._start_recording_(self)

    def stop(self) -> None:
        """Records no more requests; what is still to be read of their bodies, it does."""
        self._session._stop_recording_(self)

    def __enter__(self) -> HAR:
        self.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()
        if self._path is not None:
            self.save(self._path)

    def __len__(self) -> int:
        return len(self._entries)

    def __bool__(self) -> bool:
        return True

    def to_dict(self) -> dict[str, Any]:
        """What has been recorded so far, as the format has it."""
        with self._lock:
            entries = list(self._entries)
        log: dict[str, Any] = {
            "version": "1.2",
            "creator": {"name": "h11client", "version": __version__},
            "pages": [],
            "entries": [entry.described() for entry in entries],
        }
        if self.dropped:
            log["comment"] = f"{self.dropped} older entries were dropped"
        return {"log": log}

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes it to a file, which with secrets in it is for its owner alone (mode 0600)."""
        from json import dumps

        text = dumps(self.to_dict(), indent=2, ensure_ascii=False)
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_CLOEXEC", 0)
        descriptor = os.open(path, flags, 0o600 if self._show_secrets else 0o666)
        with open(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)

    # --- for the session -------------------------------------------------------------------

    def over(self, transport: Any) -> Any:
        """A transport that sends through `transport`, and records that."""
        return _Recording(self, transport)

    def _begin(self, request: Any) -> _Entry:
        secret: Collection[str] = getattr(self._session, "sensitive_headers", ())
        describer = Describer(self._show_secrets, self._max_body_size, secret)
        entry = _Entry(self, describer, request)
        with self._lock:
            self._entries.append(entry)
        self._grow(entry, entry.size)
        return entry

    def _grow(self, entry: _Entry, size: int) -> None:
        """Counts what is kept; an entry that was dropped counts no more."""
        with self._lock:
            if entry.dropped:
                return
            self._size += size
            while self._size > self._max_size and len(self._entries) > 1:
                oldest = self._entries.popleft()
                oldest.dropped = True
                self._size -= oldest.size
                self.dropped += 1


class _Entry:
    """One exchange, from its request to the end of its body."""

    def __init__(self, har: HAR, describer: Describer, request: Any) -> None:
        self._har = har
        self._describer = describer
        self._wall = time()
        self._started = self._arrived = self._last = monotonic()
        self.request = describer.request(request)
        self.size = _ENTRY_SIZE + len(str(self.request))
        self.response: dict[str, Any] | None = None
        self.dropped = False
        self._body = bytearray()
        self._body_size = 0
        self._complete = False
        self._codings: list[bytes] = []
        self._timings: Any = None
        self._connection: Any = None
        self._error: str | None = None

    def fail(self, error: BaseException) -> None:
        """Notes what has ended the exchange; the message is one that may be shown."""
        self._error = f"{type(error).__name__}: {error}"[:1000]
        self._last = monotonic()

    def receive(self, response: Any) -> None:
        """Notes the head, and listens to the reading of the body."""
        self._arrived = self._last = monotonic()
        self.response = self._describer.response(response)
        grown = len(str(self.response))
        self.size += grown
        self._har._grow(self, grown)
        self.note_timings(response)
        self._connection = getattr(response, "connection_info", None)
        head = getattr(response, "_head", None)
        if head is not None and response._given_raw is None:
            self._codings = head.headers.values_of(b"content-encoding")
        content = getattr(response, "_content", False)
        if isinstance(content, bytes):  # of a transport that has read it
            self.add(content)
            self._complete = True
        elif hasattr(response, "_body"):
            response._body = _ListenedBody(response._body, self)

    def note_timings(self, told: Any) -> None:
        """What the response, or its body, tells of the time it took."""
        self._timings = getattr(told, "timings", None)

    def add(self, piece: bytes) -> None:
        """Keeps a piece of the body, as long as it is not too large."""
        self._last = monotonic()
        before = len(self._body)
        self._body_size += len(piece)
        if self._body_size <= self._describer.max_body:
            self._body += piece
        else:
            self._body = bytearray()
        grown = len(self._body) - before
        self.size += grown
        self._har._grow(self, grown)

    def end(self, body: Any) -> None:
        """Notes that the body is over."""
        self._complete = True
        self.note_timings(body)

    def described(self) -> dict[str, Any]:
        """The entry as the format has it."""
        timings, whole = timings_of(
            self._timings, self._arrived - self._started, self._last - self._arrived
        )
        described: dict[str, Any] = {
            "startedDateTime": date_of(self._wall),
            "time": whole,
            "request": self.request,
            "response": self._described_response(),
            "cache": {},
            "timings": timings,
        }
        info = self._connection
        if info is not None:
            described["serverIPAddress"] = _address(info.peer_address)
            described["connection"] = _port(info.local_address)
        if self._error is not None:
            described["_error"] = self._error
        return described

    def _described_response(self) -> dict[str, Any]:
        if self.response is None:
            return self._describer.no_response()
        kind = self.response["content"]["mimeType"]
        content = self._describer.content(bytes(self._body), self._body_size, self._codings, kind)
        if not self._complete and self._body_size == 0:
            content["comment"] = "the body was not read"
        elif not self._complete:
            content = {**content, "comment": "the body was not read to its end"}
        return {**self.response, "content": content, "bodySize": self._body_size}


class _Recording:
    """A transport whose exchanges are recorded; all else is that of the transport below."""

    def __init__(self, har: HAR, transport: Any) -> None:
        self._har = har
        self._transport = transport

    @property
    def takes_deadline(self) -> bool:
        return getattr(self._transport, "takes_deadline", False)

    def send(self, request: Any, **options: Any) -> Any:
        """Sends as the transport does."""
        entry = self._har._begin(request)
        try:
            response = self._transport.send(request, **options)
        except BaseException as error:
            entry.fail(error)
            raise
        entry.receive(response)
        return response

    def close(self) -> None:
        self._transport.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def __reduce__(self) -> tuple[Any, ...]:
        return _itself, (self._transport,)  # copies and pickles are not recorded


def _itself(transport: Any) -> Any:
    return transport


class _ListenedBody:
    """A response's body whose reading is noted."""

    read_rest = None  # all at once, it would be read past

    def __init__(self, inner: Any, entry: _Entry) -> None:
        self._inner = inner
        self._entry = entry

    def read(self, max_bytes: int) -> bytes:
        """Reads as the body does."""
        try:
            piece: bytes = self._inner.read(max_bytes)
        except BaseException as error:
            self._entry.fail(error)
            raise
        if piece:
            self._entry.add(piece)
        else:
            self._entry.end(self._inner)
        return piece

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


def _address(peer: Any) -> str:
    return str(peer[0]) if isinstance(peer, tuple) and peer else ""


def _port(local: Any) -> str:
    return str(local[1]) if isinstance(local, tuple) and len(local) > 1 else ""
