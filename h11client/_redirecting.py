"""What of redirects programs may ask a session for, or do in their own way."""

from __future__ import annotations

from h11client._messages.url import parse_url
from h11client._policies.netrc import credentials_for
from h11client._policies.redirects import (
    follow,
    is_same_origin,
    leave_behind,
    location_of,
    method_after,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection
    from typing import Any

    from h11client._messages.request import PreparedRequest

__all__ = ["Redirecting", "admit", "admit_from_netrc", "build_hop"]

_AUTHORIZATION = "Authorization"


class Redirecting:
    """The methods of a `Session` that requests has for redirects.

    A subclass may override `get_redirect_target`, `should_strip_auth`, `rebuild_auth` and
    `rebuild_method`; they are then asked.
    """

    def get_redirect_target(self, resp: Any) -> str | None:
        """The Location of a response that redirects, as text; None for any other response."""
        location = location_of(resp)
        if location is None:
            return None
        try:
            # As `Headers` has decoded it; what somebody else has decoded may not fit into latin-1.
            raw = location.encode("latin-1") if isinstance(location, str) else location
            return raw.decode("utf-8")
        except UnicodeError:
            return location if isinstance(location, str) else location.decode("latin-1")

    def should_strip_auth(self, old_url: str, new_url: str) -> bool:
        """Whether Authorization for the one URL must not be sent to the other.

        That is when scheme, host or port differ, unless it is https instead of http on the
        default ports.
        """
        return not is_same_origin(parse_url(old_url), parse_url(new_url))

    def rebuild_method(self, prepared_request: PreparedRequest, response: Any) -> None:
        """Sets the method of a request that `response` asks for (RFC 9110 section 15.4)."""
        method = method_after(response.status_code, prepared_request.method or "")
        if method != prepared_request.method:
            prepared_request.method = method

    def rebuild_auth(self, prepared_request: PreparedRequest, response: Any) -> None:
        """Removes Authorization from a request that leaves its origin because of `response`."""
        headers = prepared_request.headers
        asked = response.request.url
        if _AUTHORIZATION in headers and self.should_strip_auth(asked, prepared_request.url or ""):
            del headers[_AUTHORIZATION]
        admit_from_netrc(self, prepared_request, named=True)


def build_hop(
    session: Any, request: PreparedRequest, response: Any, hosts: Collection[str]
) -> PreparedRequest:
    """The request that `response` asks for instead of `request`, with what is known of its URL.

    `hosts` are those that redirects have come from.
    """
    kind = type(session)
    location = None
    if kind.get_redirect_target is not Redirecting.get_redirect_target:
        location = session.get_redirect_target(response)
        if isinstance(location, str):
            location = location.encode("utf-8")
    hop = follow(request, response, session.sensitive_headers, location)
    if kind.rebuild_method is not Redirecting.rebuild_method:
        hop.method = request.method  # which that one is to look at
        session.rebuild_method(hop, response)
    own = request.headers.get(_AUTHORIZATION)
    if kind.rebuild_auth is not Redirecting.rebuild_auth:
        # The session of a program that knows which origins belong together.
        hop.auth = None
        if own is not None:
            hop.headers[_AUTHORIZATION] = own
        admit(session, hop)
        session.rebuild_auth(hop, response)
        return hop
    if (
        hop.dropped
        and own is not None
        and kind.should_strip_auth is not Redirecting.should_strip_auth
        and not session.should_strip_auth(request.url, hop.url)
    ):
        hop.headers[_AUTHORIZATION] = own
    admit(session, hop)
    # What netrc has is by host, not by origin, and stays dropped like all else.
    # And "default" is for hosts that the user names, not for those that a server does.
    if hop.dropped and hop.parsed_url.origin.host not in hosts:
        admit_from_netrc(session, hop, named=True)
    return hop


def admit(session: Any, hop: PreparedRequest) -> None:
    """Puts into `hop` what the jar has for its URL, and what its `auth` says."""
    url, fields = hop.parsed_url, hop.wire_head()[2]
    hop.jar = session._jar_
    hop.apply_cookies()
    if hop.auth is not None and callable(hop.auth):
        hop.apply_auth()
        leave_behind(hop, url, fields, session.sensitive_headers)


def admit_from_netrc(session: Any, request: PreparedRequest, named: bool = False) -> None:
    """Asks netrc for the origin of `request`, unless it has credentials."""
    if request.method == "TRACE":
        return  # RFC 9110 section 9.3.8: whoever asks gets to see what is sent
    if session._trust_netrc_ and not request.wire_head()[2].values_of(b"authorization"):
        found = credentials_for(request.parsed_url, named=named)
        if found is not None:
            request.prepare_auth(found)


def admit_beside_header(request: PreparedRequest, auth: Any) -> None:
    """Lets `auth` do what else it does; the Authorization that is there says who asks."""
    if auth is not None:
        request.prepare_auth_beside_header(auth)
