"""One download: the requests that it takes, and what becomes of each answer.

A download that broke off goes on with a request for the rest: `Range`, and `If-Range` with a strong
validator of what is there already (RFC 9110 sections 13.1.5 and 14.2). The answer decides:

    206  the rest, if it fits exactly; else everything is asked for again
    200  the server has something else by now, or knows no ranges: it begins again with this
    416  there is no rest, if what is there is as long as the server says; else as for a 206

All is asked for as it is (`Accept-Encoding: identity`), and written as it comes.
"""

from __future__ import annotations

import os
from pathlib import Path

from h11client import _log
from h11client._downloads.digests import Digests
from h11client._downloads.partial import PartialFile
from h11client._downloads.ranges import (
    Part,
    Representation,
    fingerprint,
    why_it_does_not_fit,
)
from h11client._downloads.target import Target
from h11client._messages.headers import Headers, field_pairs
from h11client._messages.reading import READ_SIZE
from h11client._messages.request import prepare_request
from h11client._policies.retries import Retry, RetryState
from h11client._preparing import merge_params
from h11client._progress import Progress
from h11client._sending import abort, release
from h11client.exceptions import (
    DigestMismatch,
    DownloadError,
    IncompleteBody,
    RemoteProtocolError,
    RequestException,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, NoReturn

    from h11client._downloads.digests import DigestArgument
    from h11client._progress import OnProgress
    from h11client._timeouts import Deadline

__all__ = ["Download", "Downloading"]

# What the program says about the call goes along with every request; the rest is ours to say.
_OPTIONS = frozenset(
    [
        *("params", "headers", "cookies", "auth", "timeout", "allow_redirects", "proxies"),
        *("hooks", "verify", "cert", "retries", "on_informational"),
    ]
)
_OURS = frozenset(["accept-encoding", "if-range", "range"])
_WHOLE = frozenset([200, 203])
_PARTIAL_CONTENT, _NOT_SATISFIABLE = 206, 416
# When nobody says how often to try: what has broken off goes on, and gives up in 15 seconds.
_RESUMING = Retry(5, backoff=0.5)
_HEADWAY = 1024 * 1024  # bytes; who has got on so far is not failing again, but for the first time
_KEPT_ERROR = 65536  # bytes of an error's body that can be read from the exception


class Download:
    """What a download has come to.

    `path` is the file, `size` its bytes, `resumed_from` how many of them were there from an earlier
    call; `response` the last answer, whose body is over.
    """

    __slots__ = ("path", "response", "resumed_from", "size")

    def __init__(self, path: str, size: int, resumed_from: int, response: Any) -> None:
        self.path = Path(path)
        self.size = size
        self.resumed_from = resumed_from
        self.response = response

    def __fspath__(self) -> str:
        return str(self.path)

    def __repr__(self) -> str:
        return f"<Download {str(self.path)!r} {self.size} bytes>"


class Downloading:
    """A download on its way; the arguments are those of `Session.download`.

    `partial_path` is where what has come is kept; after an exception, `kept` is how much of that
    another call will not have to ask for.
    """

    def __init__(
        self,
        session: Any,
        url: str | bytes,
        path: str | bytes | os.PathLike[str],
        resume: bool,
        digest: DigestArgument,
        progress: OnProgress | None,
        options: dict[str, Any],
    ) -> None:
        self._session = session
        self._url = url
        self._options = options
        self._headers = _own_headers(options)
        self._digests = Digests.of(digest)
        self._progress = progress
        self._retry = _policy_of(session, options)
        self._resume = resume
        place = _place_asked(session, url, options.get("params"))
        self._asked = fingerprint(place)
        self._target = Target(path, place)
        self.partial_path = self._target.partial
        self.kept = 0
        self._resumed_from = 0
        self._offset = 0  # bytes that the request in hand leaves out
        self._ranges = True  # as long as no answer has shown that they are not understood
        self._begun = False  # the first answer is there: what goes wrong now is to be resumed
        self._furthest = 0  # bytes that were there when it last broke off
        self._state: RetryState | None = None  # once it has broken off

    def run(self) -> Download:
        """Does it; see `Session.download`."""
        timeout = self._options.pop("timeout", self._session.timeout)
        deadline = self._options["timeout"] = self._session._begin_(timeout)
        try:
            partial = PartialFile(self.partial_path, self._target.mode)
            try:
                known = partial.known
                if known is not None and not (self._resume and known.asked == self._asked):
                    partial.forget()
                self._resumed_from = partial.size
                return self._run(partial, deadline)
            except BaseException:
                self.kept = partial.size if partial.keep() else 0
                raise
            finally:
                partial.close()
        except DownloadError as error:
            error.path = self._target.path or error.path  # what the caller knows it by
            raise

    def _run(self, partial: PartialFile, deadline: Deadline) -> Download:
        while True:
            wait: float | None = None
            response = None
            try:
                response = self._ask(partial)
                if self._state is not None:
                    wait = self._state.after_response(response.request, response)
                if wait is None and self._take(partial, response):
                    return self._finish(partial, response)
                release(response)
            except RequestException as error:
                _let_go(response, error)
                if response is not None:
                    error.request = error.request or response.request
                    error.response = error.response or response
                wait = self._after(error, partial, deadline)
                if wait is None:
                    raise
                _log.debug("a download goes on at %s in %s s", partial.size, round(wait, 3))
            except BaseException as error:
                _let_go(response, error)
                raise
            if wait:
                self._session._sleep_(wait)

    def _ask(self, partial: PartialFile) -> Any:
        """The response to a request for what is not there yet."""
        headers = [*self._headers, ("Accept-Encoding", "identity")]
        self._offset = 0
        if self._ranges and partial.can_go_on:
            assert partial.known is not None
            self._offset = partial.size
            headers.append(("Range", f"bytes={partial.size}-"))
            headers.append(("If-Range", partial.known.validator))
        options = self._options
        if self._begun:  # once it has begun, the attempts are counted here
            options = {**options, "retries": None}
        return self._session.request("GET", self._url, headers=headers, stream=True, **options)

    def _after(
        self, error: RequestException, partial: PartialFile, deadline: Deadline
    ) -> float | None:
        """The seconds to wait before it goes on after `error`; None: it does not."""
        if not self._begun or self._retry is None:
            return None
        headway = partial.can_go_on and partial.size >= self._furthest + _HEADWAY
        if self._state is None or headway:
            self._state = RetryState(self._retry, deadline)
        self._furthest = max(self._furthest, partial.size)
        return self._state.after_error(error.request, error)

    # --- what an answer means --------------------------------------------------------------

    def _take(self, partial: PartialFile, response: Any) -> bool:
        """Writes what came; whether that was all."""
        status = response.status_code
        if self._offset and status in (_PARTIAL_CONTENT, _NOT_SATISFIABLE):
            assert partial.known is not None
            wrong = why_it_does_not_fit(response, partial.known, partial.size)
            if wrong is not None:
                _log.debug("a %s is not used: %s", status, wrong)
                self._ranges = False
                return False
            part = Part.of(response)
            assert part is not None
            partial.known.total = part.total
            self._target.find_name(response, partial.known.name)
            if status == _NOT_SATISFIABLE:
                return True
            self._receive(partial, response, part.end)
            return part.end == part.total
        if status not in _WHOLE:
            _refuse(response)
        name = self._target.find_name(response)
        partial.begin(Representation.of(response, self._asked, name))
        self._resumed_from = 0
        assert partial.known is not None
        self._receive(partial, response, partial.known.total)
        return True

    def _receive(self, partial: PartialFile, response: Any, end: int | None) -> None:
        """Writes a body, which goes to the offset `end` if that is known."""
        self._begun = True
        most = self._session.max_response_size
        if most is not None:
            response.max_response_size = max(0, most - partial.size)
        digests = self._digests_so_far(partial)
        self._tell(partial)
        for piece in _pieces_of(response):
            if end is not None and partial.size + len(piece) > end:
                partial.forget()
                self._ranges = False
                raise RemoteProtocolError(
                    f"more came than the {end} bytes that were announced",
                    request=response.request,
                    response=response,
                )
            partial.append(piece)
            if digests is not None:
                digests.update(piece)
            self._tell(partial)
        if end is not None and partial.size < end:
            raise IncompleteBody(
                f"{partial.size} bytes came, and {end} were announced",
                partial_length=partial.size - self._offset,
                request=response.request,
                response=response,
            )

    def _digests_so_far(self, partial: PartialFile) -> Digests | None:
        digests = self._digests
        if digests is not None and digests.size != partial.size:
            digests.reset()
            for block in partial.blocks():
                digests.update(block)
        return digests

    def _tell(self, partial: PartialFile) -> None:
        if self._progress is not None:
            total = None if partial.known is None else partial.known.total
            self._progress(Progress(partial.size, total, "down"))

    def _finish(self, partial: PartialFile, response: Any) -> Download:
        path = self._target.path
        assert path is not None
        digests = self._digests_so_far(partial)
        if digests is not None:
            try:
                digests.check(path)
            except DigestMismatch as error:
                partial.discard()  # else every further call would go on with it
                error.request, error.response = response.request, response
                raise
        partial.move_to(path, self._target.may_replace)
        release(response)
        return Download(path, partial.size, self._resumed_from, response)


def _own_headers(options: dict[str, Any]) -> list[tuple[str | bytes, Any]]:
    """The headers of the call, taken out of its other arguments, which are checked."""
    unknown = sorted(options.keys() - _OPTIONS)
    if unknown:
        raise TypeError(f"download() has no argument {unknown[0]!r}")
    headers = list(field_pairs(options.pop("headers", None)))
    for name, _ in headers:
        text = name.decode("latin-1") if isinstance(name, bytes) else name
        if text.lower() in _OURS:
            raise ValueError(f"download() sets {text} itself")
    return headers


def _policy_of(session: Any, options: dict[str, Any]) -> Retry | None:
    """How often to go on: as the call says, else as the session does, else as is usual."""
    if "retries" in options:
        return Retry.of(options["retries"])
    own: Retry | None = session.retries
    return _RESUMING if own is None else own


def _place_asked(session: Any, url: Any, params: Any) -> str:
    """The URL that is asked for, without a fragment, a user name or a password."""
    if session.params:
        params = merge_params(session.params, params)
    whole, params = session._find_url_(url, params)
    text = prepare_request("GET", whole, Headers(), params).url or ""
    return text.partition("#")[0]


def _pieces_of(response: Any) -> Iterator[bytes]:
    """The body as it comes; of a response that somebody has read already, its content."""
    content: Any = getattr(response, "_content", False)
    if content and not response.headers.get("Content-Encoding"):
        return iter([content])
    if content is None or not hasattr(response, "iter_raw"):  # of another library
        pieces: Iterator[bytes] = response.iter_content(READ_SIZE)
        return pieces
    raw: Iterator[bytes] = response.iter_raw(READ_SIZE)
    return raw


def _refuse(response: Any) -> NoReturn:
    """Raises what an answer means that is no file."""
    status = response.status_code
    if status == _PARTIAL_CONTENT:
        raise RemoteProtocolError(
            "a part came, where everything was asked for",
            request=response.request,
            response=response,
        )
    if status >= 400:
        response.max_response_size = _KEPT_ERROR
        try:
            response.content  # noqa: B018  # for whoever wants to know what it says
        except RequestException:
            pass
        response.raise_for_status()
    raise DownloadError(
        f"the answer is {status}, and no file", request=response.request, response=response
    )


def _let_go(response: Any, error: BaseException) -> None:
    if response is not None:
        abort(response, error)
