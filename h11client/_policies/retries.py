"""`Retry`: when a request is sent again because it failed, and after how long.

Off unless asked for. What is decided here is a policy of the user's; that a kept-alive connection
turned out to be closed, and the request goes out once more on a fresh one, is the transport's
business and counts for nothing here.

Errors are of two kinds. When no connection could be made nothing was sent: any method may be tried
again. Everything else, up to the end of the body, counts as reading: the server may have done what
it was asked for, so only methods that may be done twice are repeated (RFC 9110 section 9.2.2).
"""

from __future__ import annotations

from h11client import exceptions
from h11client._attempts import Attempt
from h11client._policies.retry_after import seconds_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any, Protocol, TypeAlias

    class _Deadline(Protocol):
        def remaining(self) -> float | None: ...

    RetryLike: TypeAlias = "Retry | int | Any | None"  # Any: an object like urllib3's

__all__ = ["Retry", "RetryState"]

# RFC 9110 section 9.2.2: doing them twice is doing them once.
_IDEMPOTENT = frozenset(["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"])
_STATUSES = frozenset([429, 502, 503, 504])  # "not now", and gateways that had no answer
# RFC 9110 section 10.2.3, RFC 6585 section 4: with Retry-After they ask to be tried again.
_ASKING = frozenset([413, 429, 503])
_MAX_WAIT = 120.0  # seconds; longer than anybody wants to wait for a call
_MAX_DOUBLINGS = 64  # of the backoff: whatever it is, it is at its most by then

# As urllib3 spells them, of which many programs have a call at hand.
_OTHER_SPELLINGS = {
    "allowed_methods": "methods",
    "method_whitelist": "methods",
    "status_forcelist": "statuses",
    "backoff_factor": "backoff",
    "respect_retry_after_header": "respect_retry_after",
    "retry_after_max": "max_wait",
}
_WITHOUT_MEANING = frozenset(
    ["other", "redirect", "raise_on_redirect", "remove_headers_on_redirect", "history"]
)


class Retry:
    """How often, when and after which wait a request is tried again; a frozen value.

    Counts, each None for no bound of its own: `total`, the retries of all kinds together;
    `connect`, those after no connection could be made; `read`, those after an answer did not come,
    or not whole; `status`, those because of a status code.
    `methods`: those that are tried again when the server may have done what it was asked for (None:
    any); a request with an Idempotency-Key always is. `statuses`: the status codes after which it
    is tried again. With `respect_retry_after` a Retry-After is waited for, and a 413, 429 or 503
    that has one counts like `statuses` (RFC 9110 section 10.2.3).
    Seconds: before the n-th retry `backoff` * 2 ** (n - 1) are waited, at most `backoff_max`;
    `jitter`, between 0 and 1, is the part of it that is left to chance. `max_wait` bounds every
    wait, that of a Retry-After too.
    `raise_on_status`: when no retry is left and the answer is still one of `statuses`, whether
    `RetryError` is raised or the answer returned.

    The names that urllib3 has for the same are understood as well: `status_forcelist`,
    `allowed_methods`, `backoff_factor`, `respect_retry_after_header`; those that concern
    redirects, and `other`, are accepted and mean nothing here.

    Raises `TypeError` for a value of a wrong type, `ValueError` for one out of range.

    >>> retry = Retry(5, statuses=[503], backoff=1)
    >>> retry.total, sorted(retry.statuses), retry.max_wait
    (5, [503], 120.0)
    >>> retry == Retry(5, status_forcelist=[503], backoff_factor=1)
    True
    """

    __slots__ = (
        "total",
        "connect",
        "read",
        "status",
        "methods",
        "statuses",
        "backoff",
        "jitter",
        "respect_retry_after",
        "max_wait",
        "backoff_max",
        "raise_on_status",
    )

    # As urllib3 calls them.
    DEFAULT_ALLOWED_METHODS = _IDEMPOTENT
    RETRY_AFTER_STATUS_CODES = _ASKING

    total: int | None
    connect: int | None
    read: int | None
    status: int | None
    methods: frozenset[str] | None
    statuses: frozenset[int]
    backoff: float
    jitter: float
    respect_retry_after: bool
    max_wait: float
    backoff_max: float
    raise_on_status: bool

    def __init__(
        self,
        total: int | None = 3,
        connect: int | None = None,
        read: int | None = None,
        status: int | None = None,
        *,
        methods: Iterable[str] | None = _IDEMPOTENT,
        statuses: Iterable[int] = _STATUSES,
        backoff: float = 0.5,
        jitter: float = 0.5,
        respect_retry_after: bool = True,
        max_wait: float = _MAX_WAIT,
        backoff_max: float = _MAX_WAIT,
        raise_on_status: bool = True,
        **other_spellings: Any,
    ) -> None:
        values = {name: value for name, value in locals().items() if name in self.__slots__}
        for spelling, value in other_spellings.items():
            if spelling in _WITHOUT_MEANING:
                continue
            if spelling not in _OTHER_SPELLINGS:
                raise TypeError(f"Retry() has no argument {spelling!r}")
            values[_OTHER_SPELLINGS[spelling]] = value
        for name in self.__slots__:
            object.__setattr__(self, name, _CHECKS[name](name, values[name]))

    @staticmethod
    def of(value: RetryLike) -> Retry | None:
        """What a `retries=` or `max_retries=` argument means; None when it is off.

        None, False and 0: never. A number n: n retries after errors of connecting and reading, at
        once and without regard to the status, unless a 413, 429 or 503 has a Retry-After; this is
        what requests does. Anything with the attributes of urllib3's Retry: the same as that.

        Raises `TypeError` or `ValueError` for anything else.

        >>> Retry.of(2).total, Retry.of(False)
        (2, None)
        """
        if value is None or value is False:
            return None
        if isinstance(value, Retry):
            return value
        if type(value) is int:
            return _of_number(value) if value else None
        if hasattr(value, "total") and hasattr(value, "status_forcelist"):
            return _of_attributes(value)
        raise TypeError(f"retries= takes a Retry, a number or None, not {type(value).__name__}")

    def _values(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a Retry is frozen; make a new one to change {name!r}")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"a Retry is frozen; {name!r} cannot be deleted")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Retry):
            return NotImplemented
        return self._values() == other._values()

    def __hash__(self) -> int:
        return hash(tuple(self._values().values()))

    def __repr__(self) -> str:
        shown = {**self._values(), "statuses": sorted(self.statuses)}
        if self.methods is not None:
            shown["methods"] = sorted(self.methods)
        return f"Retry({', '.join(f'{name}={value!r}' for name, value in shown.items())})"

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (self._values(),)


def _rebuild(values: dict[str, Any]) -> Retry:
    return Retry(**values)


def _of_number(number: int) -> Retry:
    return Retry(number, statuses=(), backoff=0, jitter=0)


def _of_attributes(value: Any) -> Retry | None:
    """The same as an object with urllib3's attributes says; what it does is not asked."""
    if value.total is False:
        return None
    get = getattr
    methods = get(value, "allowed_methods", get(value, "method_whitelist", _IDEMPOTENT))
    counts = [get(value, name, None) for name in ("connect", "read", "status")]
    return Retry(
        value.total,
        # False: not even once.
        *[0 if count is False else count for count in counts],
        methods=None if methods is False else methods,
        statuses=value.status_forcelist or (),
        backoff=get(value, "backoff_factor", 0),
        jitter=1.0 if get(value, "backoff_jitter", 0) else 0.0,
        respect_retry_after=get(value, "respect_retry_after_header", True),
        backoff_max=get(value, "backoff_max", _MAX_WAIT),
        raise_on_status=get(value, "raise_on_status", True),
    )


def _count(name: str, value: Any) -> int | None:
    if value is None:
        return None
    if type(value) is not int:
        raise TypeError(f"Retry({name}=) takes a number of retries or None, not {value!r}")
    if value < 0:
        raise ValueError(f"Retry({name}=) is at least 0, not {value}")
    return value


def _seconds(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"Retry({name}=) takes a number, not {type(value).__name__}")
    most = 1 if name == "jitter" else 1e9
    if not 0 <= value <= most:  # written so that NaN is refused too
        raise ValueError(f"Retry({name}=) is between 0 and {most:g}, not {value!r}")
    return float(value)


def _methods(name: str, value: Any) -> frozenset[str] | None:
    if value is None:
        return None
    if isinstance(value, (str, bytes)) or not all(isinstance(method, str) for method in value):
        raise TypeError(f"Retry({name}=) takes several methods, or None for any")
    return frozenset([method.upper() for method in value])


def _statuses(name: str, value: Any) -> frozenset[int]:
    statuses = frozenset(() if value is None else value)
    if not all(isinstance(status, int) for status in statuses):
        raise TypeError(f"Retry({name}=) takes status codes")
    return frozenset([int(status) for status in statuses])


def _flag(name: str, value: Any) -> bool:
    return bool(value)


_CHECKS: dict[str, Callable[[str, Any], Any]] = {
    **dict.fromkeys(["total", "connect", "read", "status"], _count),
    **dict.fromkeys(["backoff", "jitter", "max_wait", "backoff_max"], _seconds),
    **dict.fromkeys(["respect_retry_after", "raise_on_status"], _flag),
    "methods": _methods,
    "statuses": _statuses,
}


class RetryState:
    """The attempts at one request so far, and what the policy says after each.

    `deadline` is asked for what is left of the total: a wait that does not fit is not begun.
    `chance` gives numbers from 0 to 1, `now` the seconds since 1970.
    """

    __slots__ = ("_attempts", "_chance", "_counts", "_deadline", "_now", "_retry")

    def __init__(
        self,
        retry: Retry,
        deadline: _Deadline | None = None,
        *,
        chance: Callable[[], float] | None = None,
        now: Callable[[], float] | None = None,
    ) -> None:
        self._retry = retry
        self._deadline = deadline
        self._chance = chance
        self._now = now
        self._attempts: list[Attempt] = []
        self._counts = {"connect": 0, "read": 0, "status": 0}

    @property
    def attempts(self) -> list[Attempt]:
        """Those after which the policy has been asked, in order."""
        return list(self._attempts)

    def after_error(self, request: Any, error: Exception) -> float | None:
        """The seconds to wait before the next attempt, or None: `error` is to be raised.

        It then says in its `attempts` what was tried before.
        """
        kind = _kind_of(error, self._retry)
        wait = None
        if kind is not None and self._may_repeat(request, kind) and self._counts_allow(kind):
            wait = self._fitting(self._backoff())
        if wait is not None:
            self._note(
                kind or "", Attempt(self._next_number, request.url, error=error, waited=wait)
            )
            _let_go_of_frames(error)
        elif isinstance(error, exceptions.RequestException):
            error._attempts_before = tuple(self._attempts)
        return wait

    def after_response(self, request: Any, response: Any) -> float | None:
        """The seconds to wait before the next attempt, or None: `response` is the answer.

        It then says in its `attempts` what was tried before. Raises `RetryError` when no retry is
        left for one of the statuses, and the policy wants that.
        """
        retry = self._retry
        status = response.status_code
        asked = None
        if retry.respect_retry_after:
            asked = self._asked_seconds(response)
        listed = status in retry.statuses
        wait = None
        if (listed or (asked is not None and status in _ASKING)) and self._may_repeat(
            request, "status"
        ):
            if self._counts_allow("status"):
                wait = self._fitting(self._backoff() if asked is None else asked)
            elif listed and retry.raise_on_status:
                self._sign(response)
                raise exceptions.RetryError(
                    f"{self._next_number} attempts, and the last answer was still {status}",
                    request=request,
                    response=response,
                )
        if wait is None:
            self._sign(response)
        else:
            attempt = Attempt(self._next_number, request.url, status=status, waited=wait)
            self._note("status", attempt)
        return wait

    @property
    def _next_number(self) -> int:
        return len(self._attempts) + 1

    def _note(self, kind: str, attempt: Attempt) -> None:
        self._attempts.append(attempt)
        self._counts[kind] += 1

    def _sign(self, response: Any) -> None:
        if self._attempts:
            response._attempts_before = tuple(self._attempts)

    def _may_repeat(self, request: Any, kind: str) -> bool:
        body = getattr(request, "encoded_body", None)
        if body is not None and not body.replayable:
            return False
        methods = self._retry.methods
        return (
            kind == "connect"
            or methods is None
            or (request.method or "").upper() in methods
            or "Idempotency-Key" in request.headers
        )

    def _counts_allow(self, kind: str) -> bool:
        most = getattr(self._retry, kind)
        total = self._retry.total
        return (most is None or self._counts[kind] < most) and (
            total is None or len(self._attempts) < total
        )

    def _backoff(self) -> float:
        retry = self._retry
        doublings = min(len(self._attempts), _MAX_DOUBLINGS)
        wait = min(retry.backoff * 2.0**doublings, retry.backoff_max)
        if wait and retry.jitter:
            if self._chance is None:
                from random import random

                self._chance = random
            wait -= wait * retry.jitter * self._chance()
        return wait

    def _asked_seconds(self, response: Any) -> float | None:
        value = response.headers.get("Retry-After")
        if value is None:
            return None
        if self._now is None:
            from time import time

            self._now = time
        return seconds_of(value, self._now())

    def _fitting(self, wait: float) -> float | None:
        wait = min(wait, self._retry.max_wait)
        left = None if self._deadline is None else self._deadline.remaining()
        return wait if left is None or wait < left else None


def _let_go_of_frames(error: BaseException) -> None:
    """Takes the tracebacks off an error that is kept: they keep all that its frames hold."""
    seen: BaseException | None = error
    for _ in range(10):  # a chain may be a ring
        if seen is None:
            return
        seen.__traceback__ = None
        seen = seen.__cause__ or seen.__context__


def _kind_of(error: Exception, retry: Retry) -> str | None:
    """Whether nothing was sent ("connect") or something ("read"); None: trying again is no use."""
    if getattr(error, "limit", None) == "total" or isinstance(error, exceptions.PoolTimeout):
        return None  # the next one has no time either; it is not the peer who has no connections
    if isinstance(error, exceptions.ProxyError):
        refusal = error.status_code
        return "connect" if refusal is None or refusal in retry.statuses else None
    if isinstance(error, exceptions.SSLError):
        cause = {base.__name__ for base in type(error.__cause__).__mro__}
        if "SSLCertVerificationError" in cause:
            return None
    if isinstance(error, exceptions.ConnectTimeout) or getattr(error, "nothing_sent", False):
        return "connect"
    failed = (exceptions.ConnectionError, exceptions.Timeout, exceptions.ChunkedEncodingError)
    return "read" if isinstance(error, failed) else None
