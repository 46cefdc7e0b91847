"""The rules of framing and persistence, as pure functions of what the heads say.

A body's framing is an int: its length, or one of the two constants below.
"""

from __future__ import annotations

from ._errors import LocalProtocolError
from ._events import InformationalResponse, Request, Response, parsed_response
from ._grammar import comma_list
from ._headers import Facts, Field, parsed_pairs
from ._sentinels import CLIENT, SERVER
from ._state import (
    ACCEPT_CONNECT,
    CONNECT,
    REQUEST,
    RESPONSE,
    UPGRADE,
    Trigger,
)

CHUNKED = -1
UNTIL_CLOSE = -2


def request_framing(facts: Facts) -> int:
    """RFC 9112 section 6.3, rules 4 to 7."""
    if facts.chunked:
        return CHUNKED
    length = facts.content_length
    return 0 if length is None else length


def response_framing(request_method: bytes | None, status_code: int, facts: Facts) -> int:
    """RFC 9112 section 6.3: the first rule that fits decides."""
    if status_code in (204, 304) or request_method == b"HEAD":
        return 0
    if request_method == b"CONNECT" and 200 <= status_code < 300:
        return 0
    if facts.chunked:
        return CHUNKED
    length = facts.content_length
    return UNTIL_CLOSE if length is None else length


def expects_continue(request: Request) -> bool:
    """RFC 9110 section 10.1.1: a server ignores the expectation of an HTTP/1.0 client."""
    return request.headers.facts.expect_continue and request.http_version >= b"1.1"


PLAIN_REQUEST = Trigger(CLIENT, REQUEST)
PLAIN_RESPONSE = Trigger(SERVER, RESPONSE)
_LAST_RESPONSE = Trigger(SERVER, RESPONSE, turns_keep_alive_off=True)
_ACCEPT_CONNECT = Trigger(SERVER, ACCEPT_CONNECT)
_REQUESTS = {
    (last, proposals): Trigger(CLIENT, REQUEST, last, proposals)
    for last in (False, True)
    for proposals in (
        frozenset(),
        frozenset({UPGRADE}),
        frozenset({CONNECT}),
        frozenset({UPGRADE, CONNECT}),
    )
}


def request_trigger(request: Request) -> Trigger:
    """What a request does to the state machines."""
    facts = request.headers.facts
    if facts.plain and request.method != b"CONNECT" and request.http_version >= b"1.1":
        return PLAIN_REQUEST
    proposals = set()
    if facts.upgrade:
        proposals.add(UPGRADE)
    if request.method == b"CONNECT":
        proposals.add(CONNECT)
    return _REQUESTS[facts.close or request.http_version < b"1.1", frozenset(proposals)]


def response_trigger(response: Response, request_method: bytes | None, framing: int) -> Trigger:
    """What a final response does to the state machines."""
    facts = response.headers.facts
    if request_method == b"CONNECT" and 200 <= response.status_code < 300:
        return _ACCEPT_CONNECT
    persistent = (
        framing != UNTIL_CLOSE
        and not facts.close
        and response.http_version >= b"1.1"
        # RFC 9112 section 6.3 rule 3: this may be an attempt at response splitting.
        and not (facts.chunked and facts.content_length is not None)
    )
    return PLAIN_RESPONSE if persistent else _LAST_RESPONSE


def check_informational(response: InformationalResponse) -> None:
    """RFC 9112 section 6.2: a sender must not send both framing fields, whatever they announce."""
    facts = response.headers.facts
    if facts.chunked and facts.content_length is not None:
        raise LocalProtocolError(
            "a response must not have both Content-Length and Transfer-Encoding"
        )


def sendable_response(
    response: Response, request_method: bytes | None, peer_is_1_1: bool, keep_alive: bool
) -> Response:
    """The response with the framing and Connection fields that its peer needs.

    A body of unknown length is chunked for an HTTP/1.1 client, and for an older one ends with the
    connection. A response to HEAD gets the fields that the same response to GET would get (RFC 9110
    section 9.3.2).
    """
    headers = response.headers
    facts = headers.facts
    as_for_get = b"GET" if request_method == b"HEAD" else request_method
    framing = response_framing(as_for_get, response.status_code, facts)
    must_close = not keep_alive
    pairs: list[Field] | None = None
    if facts.chunked and (not peer_is_1_1 or response.status_code == 204):
        # RFC 9112 section 6.1: not to a client that may not know it, nor with a 204
        pairs = _without(headers.raw_items(), b"content-length", b"transfer-encoding")
    elif peer_is_1_1 and (facts.content_length is not None if facts.chunked else framing < 0):
        # section 6.2: never both fields, whether a body follows or not
        pairs = _without(headers.raw_items(), b"content-length", b"transfer-encoding")
        pairs.append((b"Transfer-Encoding", b"chunked"))
    if framing < 0 and not peer_is_1_1:
        must_close = must_close or request_method != b"HEAD"
    if must_close:
        options = comma_list(headers.values_of(b"connection"))
        if b"close" not in options or b"keep-alive" in options:
            pairs = _without(headers.raw_items() if pairs is None else pairs, b"connection")
            kept = [
                (b"Connection", option)
                for option in options
                if option not in (b"close", b"keep-alive")
            ]
            pairs += [(b"Connection", b"close"), *kept]
    if pairs is None:
        return response
    fixed = parsed_pairs(pairs)
    sendable = parsed_response(
        Response, response.status_code, fixed, response.http_version, response.reason
    )
    assert isinstance(sendable, Response)
    return sendable


def _without(pairs: list[Field], *names: bytes) -> list[Field]:
    return [pair for pair in pairs if pair[0].lower() not in names]
