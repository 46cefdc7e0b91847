"""Answers for the requests that a test expects, wherever in the program they are made."""

from __future__ import annotations

from threading import RLock

from h11client._messages.body import Body
from h11client._mock_matching import ANYTHING, Expected, shown_request
from h11client._mocking import Answer, MockTransport
from h11client._transport.pool import Pool

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from h11client._messages.body import Data
    from h11client._messages.headers import HeadersArgument
    from h11client._messages.request import PreparedRequest
    from h11client._messages.url import Params
    from h11client._mock_matching import HeaderPatterns, URLPattern

__all__ = ["MockRoute", "MockRouter", "UnexpectedRequest"]


_started: list[MockRouter] = []
_changing = RLock()
_send_really = Pool.send


def _send_to_router(pool: Pool, request: PreparedRequest, **options: Any) -> Any:
    return _started[-1]._send(pool, request, options)


class UnexpectedRequest(AssertionError):
    """The program made a request that the test does not expect; or did not make one."""


class MockRoute:
    """Requests that a test expects, and their answers.

    Answers are used in their order, and the last one again and again; without any it is an empty
    200. Kept for the test: `requests`, the prepared requests, their `body` being bytes.

    >>> from h11client import get
    >>> with MockRouter() as mock:
    ...     route = mock.get("http://example.com/a").respond(json=1).respond(404)
    ...     get("http://example.com/a").json(), get("http://example.com/a").status_code
    (1, 404)
    >>> route.call_count, route.requests[0].headers["Accept"]
    (2, '*/*')
    """

    def __init__(self, expected: Expected, times: int | None, optional: bool) -> None:
        self._expected = expected
        self._times = times
        self._optional = optional
        self._answers: list[Callable[[PreparedRequest], Any]] = []
        self._real = False
        self.requests: list[PreparedRequest] = []

    def respond(
        self,
        status: int = 200,
        content: str | bytes | Iterable[bytes | BaseException] = b"",
        headers: HeadersArgument = None,
        *,
        json: object = ANYTHING,
        reason: str = "",
    ) -> MockRoute:
        """Adds an answer; the arguments are those of `Answer`."""
        own = {} if json is ANYTHING else {"json": json}
        if not isinstance(content, (str, bytes)):
            content = list(content)  # it may be given more than once
        answer = Answer(status, content, headers, reason=reason, **own)
        return self.calls(lambda request: answer)

    def raises(self, error: BaseException | type[BaseException]) -> MockRoute:
        """Adds an answer that is an exception, `ConnectTimeout("no")` for instance."""

        def fail(request: PreparedRequest) -> Any:
            raise error

        return self.calls(fail)

    def calls(self, handler: Callable[[PreparedRequest], Any]) -> MockRoute:
        """Adds an answer that a function makes, as for a `MockTransport`."""
        self._answers.append(handler)
        return self

    def passes(self) -> MockRoute:
        """Lets these requests through to the network."""
        self._real = True
        return self

    @property
    def call_count(self) -> int:
        """How many requests were of this kind."""
        return len(self.requests)

    @property
    def called(self) -> bool:
        """Whether a request was of this kind."""
        return bool(self.requests)

    def assert_called(self, times: int | None = None) -> None:
        """Raises `UnexpectedRequest` unless there was such a request, or were `times` of them."""
        count = self.call_count
        if count != times if times is not None else count == 0:
            wanted = "" if times is None else f", not {_times(times)}"
            raise UnexpectedRequest(f"{self._expected}: made {_times(count)}{wanted}")

    def _takes(self, request: PreparedRequest, body: bytes) -> str | None:
        why = self._expected.why_not(request, body)
        if why is None and self._times is not None and self.call_count >= self._times:
            return f"it is to be made {_times(self._times)}"
        return why

    def _take(self, request: PreparedRequest) -> Callable[[PreparedRequest], Any]:
        number = self.call_count
        self.requests.append(request)
        if not self._answers:
            return lambda request: Answer()
        return self._answers[min(number, len(self._answers) - 1)]

    def _missing(self) -> str | None:
        """What a test has waited for in vain."""
        count, wanted = self.call_count, self._times
        if wanted is None:
            return None if count or self._optional else f"{self._expected}: never"
        if count == wanted or (count == 0 and self._optional):
            return None
        return f"{self._expected}: {_times(count)}, not {_times(wanted)}"

    def __repr__(self) -> str:
        return f"<MockRoute {self._expected}, made {_times(self.call_count)}>"


def _times(count: int) -> str:
    return {0: "never", 1: "once"}.get(count, f"{count} times")


class MockRouter:
    """Answers all requests that a program makes while it is entered, and lets none out.

    It takes the place of the pools of connections: those of sessions that were made before and
    of sessions that the program makes, of mounted `HTTPAdapter`s and of functions like `get`. Other
    transports of a program stay as they are.

    What to expect is said by `get`, `post` and the like, or `route`; the first that fits takes a
    request. One that none takes raises `UnexpectedRequest`, an `AssertionError`, where it is made.
    At the end of a `with` block, unless that has raised, `check` raises it too: when there was such
    a request, also if the program went on regardless, and when a request was expected that was not
    made. `assert_all_expected=False` and `assert_all_called=False` leave these out.

    Kept for the test: `requests`, all that were made.
    """

    def __init__(self, *, assert_all_called: bool = True, assert_all_expected: bool = True) -> None:
        self.assert_all_called = assert_all_called
        self.assert_all_expected = assert_all_expected
        self.requests: list[PreparedRequest] = []
        self._routes: list[MockRoute] = []
        self._unexpected: list[str] = []
        self._lock = RLock()  # the test's conditions and functions may make requests

    # --- what is expected ------------------------------------------------------------------

    def route(
        self,
        method: str | None = None,
        url: URLPattern = None,
        *,
        params: Params = ANYTHING,
        headers: HeaderPatterns = None,
        json: object = ANYTHING,
        data: Data = ANYTHING,
        matching: Callable[[PreparedRequest], object] | None = None,
        times: int | None = None,
        optional: bool = False,
    ) -> MockRoute:
        """Expects requests; what is not said of them may be anything.

        `url` is a URL, the path of one, or a compiled pattern for the whole of it. With a query in
        it, or `params`, the parameters have to be these, in any order. `headers` is a mapping of
        names to values, to patterns, or to None for those that must not be there. `json` is what
        the body has to mean, `data` the body, as text or bytes, or the fields of a form. `matching`
        is a function that is given the request, whose `body` is bytes. With `times` they are
        expected so many times, and not more; `optional` ones may be missing.
        """
        expected = Expected(method, url, params, headers, json, data, matching)
        route = MockRoute(expected, times, optional)
        with self._lock:
            self._routes.append(route)
        return route

    def get(self, url: URLPattern = None, **expected: Any) -> MockRoute:
        """Expects GET requests; the other arguments are those of `route`."""
        return self.route("GET", url, **expected)

    def options(self, url: URLPattern = None, **expected: Any) -> MockRoute:
        """Expects OPTIONS requests; the other arguments are those of `route`."""
        return self.route("OPTIONS", url, **expected)

    def head(self, url: URLPattern = None, **expected: Any) -> MockRoute:
        """Expects HEAD requests; the other arguments are those of `route`."""
        return self.route("HEAD", url, **expected)

    def post(self, url: URLPattern = None, **expected: Any) -> MockRoute:
        """Expects POST requests; the other arguments are those of `route`."""
        return self.route("POST", url, **expected)

    def put(self, url: URLPattern = None, **expected: Any) -> MockRoute:
        """Expects PUT requests; the other arguments are those of `route`."""
        return self.route("PUT", url, **expected)

    def patch(self, url: URLPattern = None, **expected: Any) -> MockRoute:
        """Expects PATCH requests; the other arguments are those of `route`."""
        return self.route("PATCH", url, **expected)

    def delete(self, url: URLPattern = None, **expected: Any) -> MockRoute:
        """Expects DELETE requests; the other arguments are those of `route`."""
        return self.route("DELETE", url, **expected)

    def reset(self) -> None:
        """Forgets what is expected, and what was made."""
        with self._lock:
            self._routes, self.requests, self._unexpected = [], [], []

    # --- what is made ----------------------------------------------------------------------

    def start(self) -> None:
        """Answers all requests from now on; the router that was started last goes first."""
        with _changing:
            if self in _started:
                raise RuntimeError("this MockRouter has been started already")
            _started.append(self)
            Pool.send = _send_to_router  # type: ignore[method-assign, assignment]  # until `stop`

    def stop(self) -> None:
        """Answers no more requests; checks nothing."""
        with _changing:
            if self in _started:
                _started.remove(self)
            if not _started:
                Pool.send = _send_really  # type: ignore[method-assign]  # as it was

    def __enter__(self) -> MockRouter:
        self.start()
        return self

    def __exit__(self, kind: object, error: object, traceback: object) -> None:
        self.stop()
        if kind is None:
            self.check()

    def _send(self, pool: Pool, request: PreparedRequest, options: dict[str, Any]) -> Any:
        passed: list[PreparedRequest] = []

        def handle(given: PreparedRequest) -> Any:
            recorded = given.copy()
            sent, content = given.encoded_body, transport.bodies[0]
            if sent.bytes is None:
                recorded.encoded_body = Body(content, sent.content_type, content)
            with self._lock:
                self.requests.append(recorded)
                route = self._find(recorded, content)
                answer = route._take(recorded)
            if route._real:
                passed.append(recorded.copy())
                return 200  # which nobody gets to see
            return answer(given)

        transport = MockTransport(handle)
        response = transport.send(request, **options)
        return _send_really(pool, passed[0], **options) if passed else response

    def _find(self, request: PreparedRequest, body: bytes) -> MockRoute:
        reasons = []
        for route in self._routes:
            why = route._takes(request, body)
            if why is None:
                return route
            reasons.append(f"  {route._expected}: {why}")
        shown = shown_request(request, body)
        self._unexpected.append(shown.partition("\n")[0])
        expected = "\n".join(reasons) or "  nothing"
        raise UnexpectedRequest(f"not expected:\n{shown}\nexpected:\n{expected}")

    def check(self) -> None:
        """Raises `UnexpectedRequest` unless what was made is what was expected."""
        wrong = []
        if self.assert_all_expected and self._unexpected:
            wrong += ["made, and not expected:", *(f"  {shown}" for shown in self._unexpected)]
        if self.assert_all_called:
            missing = [why for route in self._routes if (why := route._missing())]
            if missing:
                wrong += ["expected, and not made:", *(f"  {why}" for why in missing)]
        if wrong:
            raise UnexpectedRequest("\n".join(wrong))
