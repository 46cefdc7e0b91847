"""One call on its way: redirects round authentication round retries round the transport.

Most calls need none of the four, and do not come here: `Session.send` gives their request to the
transport, and looks at the response.
"""

from __future__ import annotations

from contextvars import ContextVar

from h11client import _log
from h11client._messages.hosts import shown_url
from h11client._messages.request import PreparedRequest
from h11client._messages.response import Response
from h11client._policies.redirects import REDIRECTS, leave_behind
from h11client._redirecting import build_hop
from h11client._timeouts import DEFAULT_TIMEOUT, Deadline, Timeout
from h11client.exceptions import RequestException, TooManyRedirects, UnrewindableBodyError
from h11client.hooks import dispatch_hook

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from h11client._call_options import Transport
    from h11client._policies.retries import Retry
    from h11client._transport.network import Cert, Verify
    from h11client._transport.proxy_choice import Proxies

__all__ = [
    "Call",
    "TimeoutPair",
    "abort",
    "deadline_of",
    "has_cookies",
    "release",
    "send_repeatedly",
]


class TimeoutPair(tuple[float | None, float | None]):
    """(connect, read) as requests gives it to adapters, which knows the `deadline` of its call.

    And `retry`, which no method of requests' has an argument for.
    """

    deadline: Deadline
    retry: Retry | None

    def __new__(cls, deadline: Deadline, retry: Retry | None = None) -> TimeoutPair:
        timeout: Timeout = deadline.timeout
        pair = super().__new__(cls, (timeout.connect, timeout.read))
        pair.deadline = deadline
        pair.retry = retry
        return pair


# Of the call that is at a transport which is told no deadline.
_running: ContextVar[Deadline | None] = ContextVar("_running", default=None)


def deadline_of(timeout: Any, clock: Callable[[], float]) -> Deadline:
    """The deadline for what an adapter was asked with `timeout`, perhaps by another one.

    Whatever limits that one has in mind, those of the call around it stay.
    """
    if isinstance(timeout, Deadline):
        return timeout
    if type(timeout) is TimeoutPair:
        return timeout.deadline
    around = _running.get()
    if around is None:
        # Nobody has said anything about it.
        return Deadline(DEFAULT_TIMEOUT if timeout is None else Timeout.of(timeout), clock)
    return around if timeout is None else around.within(Timeout.of(timeout))


class Call:
    """What was said for one call, and what has been done for it."""

    __slots__ = (
        "allow_redirects",
        "answered",
        "cert",
        "deadline",
        "followed",
        "handed",
        "hosts",
        "proxies",
        "retry",
        "session",
        "stream",
        "verify",
    )

    def __init__(
        self,
        session: Any,
        deadline: Deadline,
        stream: bool,
        verify: Verify,
        cert: Cert,
        proxies: Proxies | None,
        allow_redirects: bool,
        retry: Retry | None,
    ) -> None:
        self.session = session
        self.deadline = deadline
        self.stream = stream
        self.verify = verify
        self.cert = cert
        self.proxies = proxies
        self.allow_redirects = allow_redirects
        self.retry = retry
        self.followed = 0  # redirects
        # What the last response is the answer to, where a flow has asked elsewhere in the end.
        self.answered: PreparedRequest | None = None
        self.hosts: set[str] = set()  # that have sent us on
        self.handed: dict[str, Any] | None = None  # the arguments that the transport got last

    def run(self, request: PreparedRequest, response: Any = None) -> Any:
        """The answer to `request`, whose first `response` may be there already."""
        self.followed = request.followed
        if response is None:
            response = self.answer(request, [])
        response = self.receive(request, response, [])
        if self.allow_redirects and self.session._has_own_("resolve_redirects"):
            return self._resolve(request, response)
        while (hop := self.next_hop(self.answered or request, response)) is not None:
            request, response = hop, self.follow(hop, [*response.history, response])
        return response

    def _resolve(self, request: PreparedRequest, response: Any) -> Any:
        """The last of what the program's own `resolve_redirects` gives; or `response`."""
        following = self.session.resolve_redirects(
            response,
            self.answered or request,
            stream=self.stream,
            timeout=TimeoutPair(self.deadline, self.retry),
            verify=self.verify,
            cert=self.cert,
            proxies=self.proxies or {},
        )
        passed = [*response.history, response]
        for answer in following:
            answer.history = answer.history or list(passed)
            passed.append(answer)
        return passed[-1]

    def follow(self, hop: PreparedRequest, history: list[Any]) -> Any:
        """The answer to a request that a redirect has led to, after the responses of `history`.

        It is asked for as requests does, with `Session.send`, when the program has one of its own.
        """
        session = self.session
        if not session._has_own_("send"):
            return self.receive(hop, self.answer(hop, history), history)
        self.answered = None
        hop.followed = self.followed
        own = {} if self.retry is session._retries_ else {"retries": self.retry}
        response = session.send(
            hop,
            stream=True,  # nobody knows whether it redirects again
            timeout=TimeoutPair(self.deadline),
            verify=self.verify,
            cert=self.cert,
            proxies=self.proxies,
            allow_redirects=False,
            **own,
        )
        passed = [*history, *response.history]
        for number, earlier in enumerate(response.history, len(history)):
            earlier.history = passed[:number]
        response.history = passed
        if isinstance(response, Response):
            response._next = None  # it is followed from here
        asked = getattr(response, "request", None)
        if isinstance(asked, PreparedRequest) and asked.url != hop.url:
            self.answered = asked  # by a flow
        return response

    def answer(self, request: PreparedRequest, history: list[Any]) -> Any:
        """The answer to one request, with nothing said about redirects."""
        self.answered = None
        if getattr(request.auth, "auth_flow", None) is not None:
            return self._authenticate(request, history)
        return self.exchange(request) if self.retry is None else self._try(request)

    # --- redirects -------------------------------------------------------------------------

    def next_hop(self, request: PreparedRequest, response: Any) -> PreparedRequest | None:
        """What to send because of `response`, which is then over; None: it is the answer."""
        session = self.session
        try:
            if response.status_code not in REDIRECTS:
                return None
            if not self.allow_redirects:
                if isinstance(response, Response):
                    response._next = (session, request)  # found out when somebody asks
                return None
            if session.get_redirect_target(response) is None:
                return None
            if self.followed >= session.max_redirects:
                raise TooManyRedirects(
                    f"more than {session.max_redirects} redirects",
                    request=request,
                    response=response,
                )
            self.hosts.add(request.parsed_url.origin.host)
            hop = build_hop(session, request, response, self.hosts)
        except RequestException as error:
            _name(error, request, response)
            release(response)
            raise
        except BaseException as error:
            abort(response, error)
            raise
        self.followed += 1
        _log.debug("%s redirects to %s", response.status_code, shown_url(hop.url or ""))
        session._bound_(response)
        release(response)
        return hop

    def receive(self, request: PreparedRequest, response: Any, history: list[Any]) -> Any:
        """What the hooks make of a response; its cookies are stored, and its history is told."""
        try:
            if history:
                response.history = list(history)
            self._store(self.answered or request, response)
            if not request._hooks:
                return response
            given = self._arguments(request)[1] if self.handed is None else self.handed
            made = dispatch_hook("response", request._hooks, response, **given)
            if made is not response:
                self._take_over(request, response, made)
            return made
        except BaseException as error:
            abort(response, error)
            raise

    def _take_over(self, request: PreparedRequest, response: Any, made: Any) -> None:
        """Notes what a hook has given in the place of a response; it may have asked again."""
        known = response.history
        between = [earlier for earlier in made.history if all(earlier is not one for one in known)]
        made.history = [*known, *between]
        for earlier in (*between, made):
            if earlier is not response:
                self._store(getattr(earlier, "request", None) or request, earlier)
        for earlier in between:
            release(earlier)

    def _store(self, request: PreparedRequest, response: Any) -> None:
        if has_cookies(response):
            self.session._store_cookies_(request, response)

    # --- authentication --------------------------------------------------------------------

    def _authenticate(self, request: PreparedRequest, history: list[Any]) -> Any:
        """Drives the flow of a scheme; the responses before its last one go into `history`."""
        # The flow changes it, and the caller's stays as it is.
        own = request.copy()
        own.made_for = request.parsed_url
        flow = request.auth.auth_flow(own)
        response = None
        try:
            asked = _yielded(next(flow, None))
            while True:
                # A copy: each response shows what it is the answer to.
                sent = asked.copy()
                if sent.made_for is not None:
                    fields = request.wire_head()[2]
                    leave_behind(sent, sent.made_for, fields, self.session.sensitive_headers)
                response = self._try(sent)
                if history:
                    response.history = list(history)
                try:
                    following = _yielded(flow.send(response))
                except StopIteration:
                    if sent.url != request.url:
                        self.answered = sent
                    return response
                self._store(asked, response)
                asked = following
                self._make_ready(asked, response)
                release(response)
                history.append(response)
                response = None
        except BaseException as error:
            if response is not None:
                abort(response, error)
            raise
        finally:
            flow.close()

    def _make_ready(self, request: PreparedRequest, response: Any) -> None:
        try:
            request.encoded_body.rewind()
        except UnrewindableBodyError as error:
            _name(error, request, response)
            raise
        request.jar = self.session._jar_
        request.apply_cookies()

    # --- retries ---------------------------------------------------------------------------

    def _try(self, request: PreparedRequest) -> Any:
        if self.retry is None:
            return self.exchange(request)
        return send_repeatedly(self, request, self.retry)

    def read(self, response: Any) -> None:
        """Reads what is an attempt's to read: the body, unless the caller or nobody will."""
        if not (self.stream or (self.allow_redirects and response.status_code in REDIRECTS)):
            self.session._bound_(response)
            response.content  # noqa: B018  # reading it is its effect

    def after(self, request: PreparedRequest, response: Any) -> PreparedRequest:
        """The request of the next attempt: with the cookies of the response to this one."""
        if has_cookies(response):
            self._store(request, response)
            request = request.copy()  # the caller's stays as it is
            request.jar = self.session._jar_
            request.apply_cookies()
        return request

    def wait(self, seconds: float) -> None:
        """Waits before the next attempt."""
        if seconds > 0:
            self.session._sleep_(seconds)

    # --- the transport ---------------------------------------------------------------------

    def exchange(self, request: PreparedRequest) -> Any:
        """One request, one response."""
        transport, arguments = self._arguments(request)
        self.handed = arguments
        watch = self.deadline.watch
        if watch is not None:
            watch.request = request
        around = None
        if not isinstance(arguments["timeout"], Deadline):
            around = _running.set(self.deadline)
        try:
            response: Any = transport.send(request, **arguments)
        except RequestException as error:
            _name(error, request, None)
            raise
        finally:
            if around is not None:
                _running.reset(around)
        response.connection = transport
        if watch is not None and watch.on_progress is not None and hasattr(response, "_report_to"):
            response._report_to(watch.on_progress)
        return response

    def _arguments(self, request: PreparedRequest) -> tuple[Transport, dict[str, Any]]:
        """The transport for a request, and what it is told; anew for each, as the URL decides."""
        session = self.session
        transport = session._transport_for_(request)
        proxies, verify = session._way_to_(request, self.proxies, self.verify)
        timeout: Deadline | TimeoutPair | None = self.deadline
        if not getattr(transport, "takes_deadline", False):
            proxies = session._merge_proxies_(request.url or "", self.proxies)
            timeout = (
                None if self.deadline.timeout is DEFAULT_TIMEOUT else TimeoutPair(self.deadline)
            )
        return transport, {
            "stream": self.stream,
            "timeout": timeout,
            "verify": verify,
            "cert": self.cert,
            "proxies": {} if proxies is None else proxies,  # hooks and adapters look into it
        }


def _yielded(request: Any) -> PreparedRequest:
    """A request of a flow, if it is one."""
    if not isinstance(request, PreparedRequest):
        kind = "nothing" if request is None else type(request).__name__
        raise TypeError(f"auth_flow has to yield prepared requests, not {kind}")
    return request


def send_repeatedly(call: Any, request: PreparedRequest, retry: Retry) -> Any:
    """The answer to `request`, asked for as often as `retry` says.

    `call` has `deadline`, `exchange(request)`, `read(response)`, `after(request, response)` and
    `wait(seconds)`.
    """
    from h11client._policies.retries import RetryState

    state = RetryState(retry, call.deadline)
    while True:
        response = None
        try:
            response = call.exchange(request)
            seconds = _after_response(call, state, request, response)
            if seconds is None or not _begins_again(request):
                call.read(response)
                return response
            request = call.after(request, response)
            release(response)
        except _Final as final:
            raise final.error from None
        except RequestException as error:
            if error.request is not None and error.request is not request:
                raise  # it is about a request that a signal's handler has sent meanwhile
            seconds = state.after_error(request, error)
            if seconds is None or not _begins_again(request):
                raise
            shown = shown_url(request.url or "")
            _log.debug("%s %s failed: %s", request.method, shown, type(error).__name__)
        shown = shown_url(request.url or "")
        _log.debug("%s %s again in %s s", request.method, shown, round(seconds, 3))
        call.wait(seconds)


class _Final(Exception):
    """Takes the `error` that says that there will be no retry past those who would retry."""

    def __init__(self, error: RequestException) -> None:
        super().__init__(error)
        self.error = error


def _after_response(call: Any, state: Any, request: PreparedRequest, response: Any) -> Any:
    try:
        return state.after_response(request, response)
    except RequestException as error:
        try:
            call.read(response)  # for whoever wants to know what the last answer said
        except RequestException:
            pass
        release(response)
        raise _Final(error) from None


def _begins_again(request: PreparedRequest) -> bool:
    try:
        request.encoded_body.rewind()
    except UnrewindableBodyError:
        return False
    return True


def has_cookies(response: Any) -> bool:
    """Whether there may be cookies in a response; a foreign one does not tell."""
    head = getattr(response, "_head", None)
    return head is None or b"set-cookie" in head.headers.names


def release(response: Any) -> None:
    """Lets go of a response: its connection is kept if little is left, and what that is, too."""
    put_by = getattr(getattr(response, "_body", None), "put_by", None)
    if put_by is not None:
        put_by()
        return
    try:
        response.close()
    except RequestException:
        pass  # of somebody else's response, and of no interest any more


def abort(response: Any, error: BaseException) -> None:
    """Closes a response because of an error that is about to be raised."""
    leave = getattr(response, "__exit__", None)
    if leave is not None:
        leave(type(error), error, error.__traceback__)
    elif hasattr(response, "close"):
        response.close()


def _name(error: RequestException, request: Any, response: Any) -> None:
    if error.request is None:
        error.request = request
    if error.response is None:
        error.response = response
