"""The arguments of calls, for type checkers and editors."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, Protocol, TypeAlias, TypedDict

    from h11client._messages.body import Data
    from h11client._messages.headers import HeadersArgument
    from h11client._messages.informational import InformationalResponse
    from h11client._messages.multipart import Files as Files
    from h11client._messages.request import PreparedRequest
    from h11client._messages.trailers import TrailersArgument
    from h11client._messages.url import Params
    from h11client._policies.retries import RetryLike
    from h11client._progress import OnProgress
    from h11client._timeouts import TimeoutLike
    from h11client._transport.network import Cert, Verify
    from h11client._transport.proxy_choice import Proxies
    from h11client.hooks import Hooks

    OnInformational: TypeAlias = Callable[[InformationalResponse], object]
    # A (user name, password) pair, a callable, or an object with `auth_flow`.
    Auth: TypeAlias = "tuple[str | bytes, str | bytes] | Callable[[Any], Any] | Any | None"
    # A mapping of names to values, or a jar.
    Cookies: TypeAlias = "Mapping[str, str] | Any | None"

    class Transport(Protocol):
        """What a session sends its requests through.

        One whose attribute `takes_deadline` is true is given the running `Deadline` of the call as
        `timeout`, all others what requests gives its adapters: None, seconds, or a pair.
        """

        def send(
            self,
            request: PreparedRequest,
            *,
            stream: bool,
            timeout: Any,
            verify: Verify,
            cert: Cert,
            proxies: Proxies | None,
        ) -> Any: ...

        def close(self) -> None: ...

    class SharedOptions(TypedDict, total=False):
        """The keywords of every call, downloads into files included."""

        headers: HeadersArgument
        cookies: Cookies
        auth: Auth
        timeout: TimeoutLike
        allow_redirects: bool
        proxies: Proxies | None
        hooks: Hooks | None
        verify: Verify | None
        cert: Cert
        retries: RetryLike
        on_informational: OnInformational | None

    class DownloadOptions(SharedOptions, total=False):
        """The keywords of a download into a file."""

        params: Params

    class CommonOptions(SharedOptions, total=False):
        """The keywords of every call that returns a response."""

        stream: bool | None
        trailers: TrailersArgument
        on_progress: OnProgress | None

    class NoParams(CommonOptions, total=False):
        """What is left for a call that has `params` as a parameter of its own."""

        data: Data
        files: Files
        json: object

    class NoBody(CommonOptions, total=False):
        """What is left for a call that has `data` and `json` as parameters of its own."""

        params: Params
        files: Files

    class NoData(NoBody, total=False):
        """What is left for a call that has `data` as a parameter of its own."""

        json: object

    class CallOptions(NoData, total=False):
        """All keywords of a call."""

        data: Data
