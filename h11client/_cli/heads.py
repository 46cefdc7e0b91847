"""Heads of requests and responses, as --include and --verbose show them."""

from __future__ import annotations

from h11client._messages.masking import mask_field, mask_url
from h11client.exceptions import RequestException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    from h11client import Event, PreparedRequest, Response
    from h11client._cli.terminal import Terminal

__all__ = ["Conversation", "head_bytes", "head_parts"]

_STAGES = ("dns", "connect", "tls", "send", "first_byte", "total")


def head_bytes(response: Response) -> bytes:
    """The head of a response, as it came."""
    lines = [_status_line(response), *[f"{n}: {v}" for n, v in response.headers.multi_items()]]
    return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace")


def head_parts(response: Response) -> Iterator[tuple[str, str]]:
    """The head of a response, for a terminal."""
    yield from _status_parts(response)
    for name, value in response.headers.multi_items():
        yield from _field_parts(name, value)
    yield "\n", ""


class Conversation:
    """Shows every exchange of a session that passes through it: --verbose.

    It is a transport in front of the session's own, so that redirects, challenges and retries are
    seen like everything else. Values that open doors are hidden unless `show_secrets`.
    """

    takes_deadline = True  # it passes on whatever it is given

    def __init__(self, transport: Any, terminal: Terminal, *, show_secrets: bool) -> None:
        self._transport = transport
        self._terminal = terminal
        self._show_secrets = show_secrets
        self._unseen: PreparedRequest | None = None  # not shown yet

    def send(self, request: PreparedRequest, **options: Any) -> Any:
        """Sends the request, and shows what goes and what comes."""
        self._unseen = request
        try:
            response = self._transport.send(request, **options)
        except RequestException as error:
            if not error.nothing_sent:
                self._show_request()
            raise
        self._show_request()
        self._show("<", _status_parts(response), response.headers.multi_items())
        self.note(_way(response))
        return response

    def watch(self, event: Event) -> None:
        """Shows a request when it is on its way; for `Session.on_event`."""
        if event.name == "sent":
            self._show_request()

    def close(self) -> None:
        """Closes what is behind it."""
        self._transport.close()

    def show_informational(self, response: Any) -> None:
        """Shows a 1xx response."""
        self._show_request()
        line = f"HTTP/1.1 {response.status_code} {response.reason}".rstrip()
        self._show("<", [(line + "\n", "version")], response.headers.multi_items())

    def show_timings(self, timings: Any) -> None:
        """Shows how long the stages of an exchange took."""
        told = [(name, getattr(timings, name, None)) for name in _STAGES]
        known = [
            f"{name.replace('_', ' ')} {_time(took)}" for name, took in told if took is not None
        ]
        if known:
            self.note(", ".join(known))

    def note(self, text: str) -> None:
        """Shows a line of the program's own."""
        if text:
            self._terminal.write_parts([(f"* {text}\n", "note")])

    def _show_request(self) -> None:
        request, self._unseen = self._unseen, None
        if request is not None:
            method, wire_target, fields = request.wire_head()
            target = wire_target.decode("latin-1")
            if not self._show_secrets:
                target = mask_url(target)
            self._show(
                ">",
                [(f"{method.decode()} ", "good"), (f"{target} HTTP/1.1\n", "")],
                [(name.decode(), value.decode("latin-1")) for name, value in fields.raw_items()],
            )

    def _show(
        self,
        arrow: str,
        first: Iterable[tuple[str, str]],
        fields: Iterable[tuple[str, str]],
    ) -> None:
        parts = [(f"{arrow} ", "note"), *first]
        for name, value in fields:
            parts += [(f"{arrow} ", "note"), *_field_parts(name, self._shown(name, value))]
        self._terminal.write_parts([*parts, (f"{arrow}\n", "note")])

    def _shown(self, name: str, value: str) -> str:
        return value if self._show_secrets else mask_field(name, value)


def _status_line(response: Response) -> str:
    return f"{response.http_version} {response.status_code} {response.reason}"


def _status_parts(response: Response) -> Iterator[tuple[str, str]]:
    status = response.status_code
    kind = "good" if status < 300 else "elsewhere" if status < 400 else "bad"
    yield f"{response.http_version} ", "version"
    yield f"{status} {_readable(response.reason)}".rstrip(), kind
    yield "\n", ""


def _field_parts(name: str, value: str) -> Iterator[tuple[str, str]]:
    yield name, "name"
    yield f": {_readable(value)}".rstrip() + "\n", ""


def _readable(value: str) -> str:
    """The text of a field: what came as UTF-8 is shown as that."""
    try:
        return value.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return value


def _way(response: Any) -> str:
    """Over which connection a response came."""
    info = getattr(response, "connection_info", None)
    if info is None:
        return ""
    host, port = info.peer_address[:2] if isinstance(info.peer_address, tuple) else ("", "")
    where = f"{host} port {port}" if port else "unix socket"
    how = "reused connection" if info.reused else "connection"
    tls = f", {info.tls_version} {info.cipher}" if info.tls_version else ""
    return f"{how} to {where}{tls}"


def _time(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms" if seconds < 1 else f"{seconds:.2f} s"
