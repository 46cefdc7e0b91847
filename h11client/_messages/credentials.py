"""Who asks: what auth and the jars of cookies put into the headers of a request."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from h11client._messages.body import Body
    from h11client._messages.headers import Headers

__all__ = ["CREDENTIALS", "Credentials"]

# The attributes of `Credentials`, for whoever copies a request.
CREDENTIALS = (
    *("auth", "private_to", "call_cookies", "jar", "made_for"),
    *("generated", "generated_hooks", "unsigned_body", "dropped", "followed"),
)
_AUTHORIZATION = "Authorization"
# Set with the body, whoever sets that.
_OF_THE_BODY = frozenset(["content-length", "content-type", "transfer-encoding"])


class Credentials:
    """The part of a prepared request that opens doors.

    Until one of these attributes is set the class has it, so that a plain request does not pay.
    """

    __slots__ = ("__dict__",)  # programs written for requests keep notes on a request

    auth: Any = None  # what applies: callable, or with `auth_flow`; never a tuple
    private_to: object = None  # only requests with the same object share connections
    call_cookies: Any = None  # `cookies=` of the call
    jar: Any = None  # of the session
    made_for: Any = None  # the URL of the request of which a flow has made this one
    # What auth and jars have put into the headers, by lower-case name. A header whose value is
    # another one is the caller's own.
    generated: dict[str, str] | None = None
    generated_hooks: tuple[Any, ...] = ()  # those that auth has registered for the response
    unsigned_body: Body | None = None  # what auth has replaced by a body of its own
    dropped: bool = False  # redirects have left an origin: credentials stay gone
    followed: int = 0  # redirects that count against its limit already

    if TYPE_CHECKING:
        method: str | None
        headers: Headers
        encoded_body: Body
        _hooks: dict[str, list[Any]] | None

        def _take_over(self, other: Any) -> None: ...
        def _has_header(self, name: str) -> bool: ...
        def _append_header(self, name: str, value: str) -> None: ...

    def prepare_auth(self, auth: Any, url: str | bytes = "") -> None:
        """Sets who asks, and lets a callable put its credentials into the request.

        `auth` is a (user name, password) pair, a callable, or an object with `auth_flow`. Without
        the user name and password in the URL count, unless there is an Authorization header.
        `url` is there for programs that pass it.
        """
        if not auth:
            parsed = getattr(self, "parsed_url", None)
            auth = None if parsed is None else parsed.userinfo
            if auth is None or _AUTHORIZATION in self.headers:
                return
        from h11client.auth import resolve_auth

        self.auth = resolve_auth(auth)
        if getattr(self.auth, "connection_bound", False):
            self.private_to = self.auth
        if callable(self.auth):
            self.apply_auth()

    def prepare_auth_beside_header(self, auth: Any) -> None:
        """Lets `auth` do what else it does; the Authorization that is there says who asks."""
        from h11client.auth import only_sets_authorization

        if only_sets_authorization(auth):
            return
        own = self.headers.get_list(_AUTHORIZATION)
        self.prepare_auth(auth)
        if self.headers.get_list(_AUTHORIZATION) != own:
            self.headers.pop(_AUTHORIZATION, None)
            for value in own:
                self.headers.add(_AUTHORIZATION, value)

    def apply_auth(self) -> None:
        """Calls `auth`, and notes which headers it has set, and which hooks."""
        before, unsigned = dict(self.headers.lower_items()), self.encoded_body
        known = list((self._hooks or {}).get("response", ()))
        made = self.auth(self)
        if made is not self and made is not None:
            self._take_over(made)
        body = self.encoded_body
        if body is not unsigned and self.unsigned_body is None:
            self.unsigned_body = unsigned
        if body.bytes is None and body.replayable:
            body.rewind()  # it may have been read to be signed
        headers, length = self.headers, body.length
        if length is not None and headers.get("Content-Length", str(length)) != str(length):
            headers["Content-Length"] = str(length)  # that of a body from before
        for name, value in headers.lower_items():
            if before.get(name) != value and name not in _OF_THE_BODY:
                self.note_generated(name, value)
        added = [hook for hook in (self._hooks or {}).get("response", ()) if hook not in known]
        if added:
            self.generated_hooks = (*self.generated_hooks, *added)

    def prepare_cookies(self, cookies: Any) -> None:
        """Sets the Cookie header from `cookies`, a mapping or jar, and from the session's jar."""
        self.call_cookies = cookies
        self.apply_cookies()

    def apply_cookies(self) -> None:
        """Makes the Cookie header again, unless it is the caller's own."""
        # RFC 9110 section 9.3.8: a TRACE carries no cookies; of those of the call it is told so.
        if self.call_cookies is None and (self.jar is None or self.method == "TRACE"):
            return
        from h11client.cookies import build_cookie_line

        if not self._has_header("cookie"):
            line = build_cookie_line(self)
            if line is not None:
                self._append_header("Cookie", line)
                self.note_generated("cookie", line)
            return
        headers = self.headers
        present = headers.get("Cookie")
        if present is not None and present != (self.generated or {}).get("cookie"):
            return
        line = build_cookie_line(self)
        if line:
            headers["Cookie"] = line
            self.note_generated("cookie", line)
        elif present is not None:
            del headers["Cookie"]

    @property
    def _cookies(self) -> Any:
        """All cookies that were there for the request; programs for requests know the name.

        They add those of a 401 to it, and give it to `prepare_cookies`: it is one jar all along.
        """
        merged = self.__dict__.get("_merged")
        if merged is None:
            from h11client.cookies import RequestsCookieJar

            self.__dict__["_merged"] = merged = RequestsCookieJar()
            for cookies in (self.jar, self.call_cookies):
                if cookies:
                    merged.update(cookies)
        return merged

    @_cookies.setter
    def _cookies(self, cookies: Any) -> None:
        self.__dict__["_merged"] = cookies

    def note_generated(self, name: str, value: str) -> None:
        """Notes that the header `name`, in lower case, was not set by the caller."""
        if self.generated is None:
            self.generated = {}
        self.generated[name] = value
