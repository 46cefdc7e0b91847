"""Looking into a call while it runs and after it: `Event`, `Timings`, and who is told, `Watch`.

Nothing here costs anything while nobody watches: a call without hooks has no `Watch`, and its
`Timings` are made of a few numbers when somebody asks for them.
"""

from __future__ import annotations

from h11client import _log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    OnEvent = Callable[["Event"], object]

__all__ = ["CallerError", "DialNotes", "Event", "Timings", "Watch", "tell_of_end"]


class CallerError(Exception):
    """Takes `error`, raised by code of the caller's, past those who translate a stream's errors."""

    def __init__(self, error: Exception) -> None:
        super().__init__(error)
        self.error = error


class Event:
    """The end of a stage of a call, or of a connection.

    `name` is one of

    - "pool": there is an idle connection, or room for a new one;
    - "dns", "connect", "tls": a new connection got so far;
    - "sent": the request is on its way;
    - "first_byte": the response has begun, and its head is there;
    - "end": the body is over;
    - "closed": the connection was closed, for the `reason` given.

    `seconds` is how long the stage took ("closed": None), `route` where the connection leads,
    `reused` whether it had served before, `request` the prepared request ("closed": None). `error`
    is what ended one of the first four, when it failed, and None otherwise.
    """

    __slots__ = ("error", "name", "reason", "request", "reused", "route", "seconds")

    def __init__(
        self,
        name: str,
        seconds: float | None,
        route: str,
        reused: bool,
        request: Any = None,
        reason: str | None = None,
        error: BaseException | None = None,
    ) -> None:
        self.error = error
        self.name = name
        self.seconds = seconds
        self.route = route
        self.reused = reused
        self.request = request
        self.reason = reason

    def __repr__(self) -> str:
        took = "" if self.seconds is None else f" {self.seconds:.6f} s"
        reason = "" if self.reason is None else f": {self.reason}"
        if self.error is not None:
            reason = f": {type(self.error).__name__}"
        return f"<Event {self.name} {self.route}{took}{reason}>"


class Watch:
    """Who wants to know what happens in one call: its hooks, any of which may be None."""

    __slots__ = ("on_event", "on_informational", "on_progress", "raised", "request")

    def __init__(
        self,
        request: object,
        on_event: OnEvent | None,
        on_informational: Callable[[Any], object] | None,
        on_progress: Callable[[Any], object] | None = None,
    ) -> None:
        self.request = request
        self.on_progress = on_progress
        self.on_event = on_event
        self.on_informational = on_informational
        self.raised: BaseException | None = None  # by `on_event`

    def tell(self, name: str, seconds: float, route: object, reused: bool) -> None:
        """Reports the end of a stage."""
        if self.on_event is not None:
            try:
                self.on_event(Event(name, seconds, str(route), reused, self.request))
            except BaseException as error:
                self.raised = error
                raise

    def tell_failure(self, name: str, seconds: float, route: object, error: BaseException) -> None:
        """Reports that a stage has failed; not to a hook that has made it fail."""
        on_event = self.on_event
        if on_event is not None and error is not self.raised and isinstance(error, Exception):
            event = Event(name, seconds, str(route), False, self.request, error=error)
            tell_of_end(on_event, event)


def tell_of_end(on_event: OnEvent, event: Event) -> None:
    """Reports "end" or "closed": nothing can be raised where these happen, so it is logged."""
    try:
        on_event(event)
    except Exception as error:
        _log.error(f"on_event failed at {event!r}", error)


class DialNotes:
    """How a dial goes: the stage that it is in, and how long those before have taken.

    They are told to `watch` as they end. The stages are "dns", "connect" and "tls".
    """

    __slots__ = ("_clock", "_since", "_watch", "in_budget", "route", "stage", "times")

    def __init__(
        self, route: object, clock: Callable[[], float], watch: Watch | None = None
    ) -> None:
        self.route = route
        self.stage = "connect"
        self.times: dict[str, float] = {}
        self.in_budget = False  # whether the budget of the dial has begun to run
        self._clock = clock
        self._since = clock()
        self._watch = watch

    def begin_resolving(self) -> None:
        """Notes that a name is looked up; once, of however many."""
        if not self.times:
            self.stage = "dns"

    def end(self, stage: str, following: str) -> None:
        """Notes the end of a stage, and tells it; wraps what the hook raises as `CallerError`."""
        if stage in self.times:
            return  # of the second connection to a proxy
        now = self._clock()
        took = self.times[stage] = now - self._since
        self._since = now
        self.stage = following
        if self._watch is not None:
            try:
                self._watch.tell(stage, took, self.route, False)
            except Exception as error:
                raise CallerError(error) from error

    def fail(self, error: BaseException) -> None:
        """Tells that the stage in which the dial is has failed."""
        if self._watch is not None:
            took = self._clock() - self._since
            self._watch.tell_failure(self.stage, took, self.route, error)


class Timings:
    """How long the stages of a call took, in seconds.

    `pool` is the wait for a connection, or for room for one, with whatever was tried before; `dns`,
    `connect` and `tls` are None over a connection that was there already, and `tls` without TLS;
    `send` is for the request, `first_byte` from then to the first byte of the response's head, 0
    when that came earlier, and `total` from the call to the end of the body, None before that.
    """

    __slots__ = ("connect", "dns", "first_byte", "pool", "send", "tls", "total")

    def __init__(
        self,
        pool: float,
        dns: float | None,
        connect: float | None,
        tls: float | None,
        send: float,
        first_byte: float,
        total: float | None,
    ) -> None:
        self.pool = pool
        self.dns = dns
        self.connect = connect
        self.tls = tls
        self.send = send
        self.first_byte = first_byte
        self.total = total

    def __repr__(self) -> str:
        told = [(name, getattr(self, name)) for name in self._order]
        known = [f"{name}={value:.6f}" for name, value in told if value is not None]
        return f"<Timings {' '.join(known)}>"

    _order = ("pool", "dns", "connect", "tls", "send", "first_byte", "total")
