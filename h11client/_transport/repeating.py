"""When a request is sent once more without anybody having asked for it: once, and never blindly.

Either the connection turns out to have been closed by the server while it was idle, or the answer
itself says that nothing was done with the request. The body must be there again, and whoever was
not sure that it was not done may only repeat what may be done twice.
"""

from __future__ import annotations

from h11client._engine import h11
from h11client._timeouts import Limit, LimitExpired
from h11client._translation import let_pass
from h11client._transport.connection import READ_SIZE
from h11client.exceptions import RequestException, UnrewindableBodyError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from h11client._messages.body import Body
    from h11client._messages.request import PreparedRequest
    from h11client._timeouts import Deadline
    from h11client._transport.connection import Connection, FinalHead

__all__ = ["ASKING_AGAIN", "event_to_repeat", "was_stale"]

_FRAMING = (b"content-length", b"transfer-encoding")
# RFC 9110 section 9.2.2: doing them twice is doing them once.
_IDEMPOTENT = frozenset(["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"])
_REQUEST_TIMEOUT, _EXPECTATION_FAILED, _MISDIRECTED = 408, 417, 421
_PROXY_AUTHENTICATION_REQUIRED = 407  # answered by `Forwarding`
ASKING_AGAIN = frozenset(
    [_REQUEST_TIMEOUT, _EXPECTATION_FAILED, _MISDIRECTED, _PROXY_AUTHENTICATION_REQUIRED]
)


def was_stale(
    connection: Connection, request: PreparedRequest, body: Body, error: BaseException
) -> bool:
    """Whether the server had closed a kept-alive connection in passing, and repeating is safe.

    RFC 9112 section 9.3.1, RFC 9110 section 9.2.2: only a reused connection can be stale; any byte
    of a response shows that the request has arrived; once something was written, only methods that
    may be done twice are. The body must be there again.
    """
    return (
        connection.peer_left
        and connection.served > 1
        and not connection.response_started
        and isinstance(error, RequestException)
        and (connection.nothing_written or _is_idempotent(request))
        and _is_replayable(body)
    )


def event_to_repeat(
    connection: Connection,
    event: h11.Request,
    request: PreparedRequest,
    head: FinalHead,
    deadline: Deadline,
    repeated: bool,
) -> h11.Request | None:
    """What to send on a fresh connection because of the answer `head`; None: that is the answer.

    `repeated` says that the request was sent once more already. The body has been rewound.
    """
    body = request.encoded_body
    status = head.status_code
    if status == _EXPECTATION_FAILED:
        # RFC 9110 section 10.1.1: the expectation was refused, and not what was asked for.
        again = _without_expectation(event)
        if again is None or (connection.body_begun and not _is_replayable(body)):
            return None
    else:
        again = event
        if repeated or not _is_replayable(body) or not _is_idempotent(request):
            return None
        # RFC 9110 section 15.5.9: the server was tired of waiting, before this request came. A 421
        # (section 15.5.20) is about the connection, however old that is.
        if status == _REQUEST_TIMEOUT and not (
            connection.served > 1
            and connection.informational is None
            and _comes_whole(connection, request.method or "", head, deadline)
        ):
            return None
    if connection.body_begun:
        try:
            body.rewind()
        except UnrewindableBodyError:
            return None
    return again


def _comes_whole(connection: Connection, method: str, head: FinalHead, deadline: Deadline) -> bool:
    """Whether all of this response comes, within the bounds of draining.

    An engine of its own looks on, so that ours has everything to hand out afterwards.
    """
    protocol, stream, limits = connection.protocol, connection.stream, connection.limits
    onlooker = h11.Connection(h11.CLIENT)
    onlooker.send(h11.Request(method=method, target="/", headers=[("Host", "a")]))
    onlooker.send(h11.EndOfMessage())
    fields = [field for field in head.headers.raw_items() if field[0].lower() in _FRAMING]
    framing = b"".join([b"%b: %b\r\n" % field for field in fields])
    onlooker.receive_data(b"HTTP/%b 200 \r\n%b\r\n" % (head.http_version, framing))
    onlooker.next_event()
    block, ended = protocol.trailing_data
    left = limits.drain_bytes
    end = deadline.clock() + limits.drain_seconds
    try:
        while True:
            if block or ended:
                onlooker.receive_data(block)
            while type(onlooker.receive_body(READ_SIZE)) is bytes:
                pass
            if type(onlooker.next_event()) is h11.EndOfMessage:
                return True
            left -= len(block)
            seconds = end - deadline.clock()
            if left < 0 or seconds <= 0:
                return False
            block = stream.read(READ_SIZE, Limit(seconds, "read"))
            ended = not block
            if ended and not stream.eof_was_clean:
                return False  # whoever reads the body meets this end once more
            protocol.receive_data(block)
    except OSError as error:
        let_pass(error)
        # A socket tells it once, and its next read would say that this was the end.
        connection.read_failure = error
        return False
    except (LimitExpired, h11.RemoteProtocolError):
        return False


def _is_idempotent(request: PreparedRequest) -> bool:
    return request.method in _IDEMPOTENT or "Idempotency-Key" in request.headers


def _is_replayable(body: Body) -> bool:
    return body.bytes is not None or body.replayable


def _without_expectation(event: h11.Request) -> h11.Request | None:
    """The same without `Expect: 100-continue`; None when it expects nothing of the kind."""
    values = event.headers.values_of(b"expect")
    if not any(value.lower() == b"100-continue" for value in values):
        return None
    fields = [field for field in event.headers.raw_items() if field[0].lower() != b"expect"]
    return h11.Request(method=event.method, target=event.target, headers=fields)
