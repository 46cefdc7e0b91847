"""h11client/_transport/upgrading.py: a connection after its HTTP, over a script."""

from __future__ import annotations

import errno
import gc
from array import array

import pytest

from h11client import Session, exceptions
from h11client._timeouts import Limit, Timeout
from h11client.testing import Dial, Pause, ScriptedNetwork

SWITCHING = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: upgrade\r\n\r\n"
HELLO = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
URL = "http://a.test/"
ASKING = {"Upgrade": "echo"}


def session_on(*dials, **options):
    session = Session(**options)
    network = ScriptedNetwork(*dials)
    session._transport_._lender.network = network
    return session, network


def asked(*dials, headers=ASKING, url=URL, method="GET", **options):
    session, network = session_on(*dials)
    return session.request(method, url, headers=headers, **options), network, session


def open_slots(session):
    return session._transport_.counts().open


@pytest.mark.safety("2h1")
@pytest.mark.parametrize(
    "headers",
    [
        {"Upgrade": "echo"},
        {"Upgrade": "echo", "Connection": "Upgrade"},
        {"upgrade": "echo", "connection": "x, upgrade"},
        {"Upgrade": "echo", "Connection": "x"},
    ],
)
def test_an_upgrade_is_asked_for_with_the_connection_option_that_belongs_to_it(headers):
    response, network, _ = asked([SWITCHING], headers=headers)
    response.close()
    head = network.streams[0].written.lower()
    options = [line for line in head.split(b"\r\n") if line.startswith(b"connection:")]
    assert sum(line.count(b"upgrade") for line in options) == 1


@pytest.mark.safety("2h2")
@pytest.mark.parametrize("split", ["whole", "byte by byte"])
@pytest.mark.parametrize("stream", [True, False])
def test_what_came_behind_the_head_is_handed_over_once_and_first(stream, split):
    session, network = session_on([SWITCHING + b"early", b"late", b""])
    network.byte_by_byte = split == "byte by byte"
    response = session.get(URL, headers=ASKING, stream=stream)
    assert response.status_code == 101
    assert response.content == b""
    upgraded = response.upgrade()
    received = b""
    while data := upgraded.read(3):
        assert len(data) <= 3
        received += data
    assert received == b"earlylate"
    assert open_slots(session) == 0
    assert not network.streams[0].closed
    upgraded.close()
    assert network.streams[0].closed


@pytest.mark.safety("2h2")
def test_what_is_written_goes_out_as_it_is():
    response, network, _ = asked([SWITCHING, b"answer"])
    before = len(network.streams[0].written)
    with response.upgrade() as upgraded:
        upgraded.write(b"\x81\x02hi")
        upgraded.write(memoryview(b"more"))
        upgraded.write(array("I", [1, 2]))
        with pytest.raises(TypeError):
            upgraded.write("text")
        assert upgraded.read() == b"answer"
    items = array("I", [1, 2]).tobytes()
    assert network.streams[0].written[before:] == b"\x81\x02himore" + items


@pytest.mark.parametrize("size", [0, -1])
def test_a_read_asks_for_at_least_one_byte(size):
    response, _, _ = asked([SWITCHING + b"early"])
    with response.upgrade() as upgraded:
        with pytest.raises(ValueError, match="at least 1"):
            upgraded.read(size)
        assert upgraded.read() == b"early"


@pytest.mark.safety("2h2")
def test_a_connection_is_handed_over_once():
    response, _, _ = asked([SWITCHING])
    upgraded = response.upgrade()
    with pytest.raises(exceptions.StreamConsumedError) as caught:
        response.upgrade()
    assert caught.value.response is response
    response.close()  # is no business of the response any more
    upgraded.write(b"still open")
    upgraded.close()


@pytest.mark.safety("2h2")
def test_a_switched_connection_never_serves_http_again():
    response, network, session = asked([SWITCHING, b"x"], [HELLO])
    upgraded = response.upgrade()
    assert session.get(URL).content == b"hello"
    upgraded.close()
    assert session._transport_.counts().idle == 1
    assert network.streams[0].closed


@pytest.mark.safety("2h3")
@pytest.mark.parametrize("status", [b"200 OK", b"204 No Content", b"299 Fine"])
def test_any_2xx_to_connect_opens_the_tunnel_whatever_its_framing_says(status):
    answer = (
        b"HTTP/1.1 %s\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabcdef" % status
    )
    response, network, session = asked([answer], method="CONNECT", url="http://a.test:443")
    assert network.streams[0].written.startswith(b"CONNECT a.test:443 HTTP/1.1\r\n")
    assert response.content == b""
    with response.upgrade() as tunnel:
        assert tunnel.read() == b"abcdef"
    assert open_slots(session) == 0


def test_a_refused_connect_is_a_response_like_any_other():
    response, _, session = asked(
        [b"HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno"], method="CONNECT", url="http://a.test:1"
    )
    assert response.content == b"no"
    with pytest.raises(ValueError, match="hands its connection over"):
        response.upgrade()
    assert session._transport_.counts().idle == 1


@pytest.mark.safety("2h1", "X10")
def test_a_switch_that_nobody_asked_for_is_an_error():
    session, network = session_on([SWITCHING])
    with pytest.raises(exceptions.RemoteProtocolError):
        session.get(URL)
    assert network.streams[0].closed
    assert open_slots(session) == 0


@pytest.mark.safety("2h1")
def test_a_server_may_decline_and_the_connection_is_used_again():
    response, network, session = asked([HELLO, HELLO])
    assert response.content == b"hello"
    with pytest.raises(ValueError):
        response.upgrade()
    assert session.get(URL).content == b"hello"
    assert len(network.dialled) == 1


@pytest.mark.safety("2h2", "L1")
def test_a_switched_response_that_nobody_wants_gives_its_slot_back():
    response, network, session = asked([SWITCHING])
    assert open_slots(session) == 1
    del response
    gc.collect()
    assert open_slots(session) == 0
    assert network.streams[0].aborted


def test_dropped_it_closes_its_descriptor():
    response, network, _ = asked([SWITCHING])
    upgraded = response.upgrade()
    del upgraded
    gc.collect()
    assert network.streams[0].aborted


def test_the_limits_of_the_call_go_on_without_its_total():
    session, network = session_on([SWITCHING, Pause(3), b"x"])
    response = session.get(URL, headers=ASKING, timeout=Timeout(read=5, write=6, total=9))
    network.clock.advance(100)
    upgraded = response.upgrade()
    assert upgraded.timeout.read == 5
    upgraded.write(b"x")
    assert upgraded.read() == b"x"
    upgraded.timeout = 2
    assert upgraded.timeout == Timeout.of(2)
    upgraded.write(b"x")
    assert network.streams[0].limits[-3:] == [
        ("write", Limit(6.0, "write")),
        ("read", Limit(5.0, "read")),
        ("write", Limit(2.0, "write")),
    ]
    upgraded.close()


RESET = ConnectionResetError(errno.ECONNRESET, "reset")


def test_what_goes_wrong_is_one_of_our_exceptions():
    response, _, _ = asked([SWITCHING, Pause(100)])
    upgraded = response.upgrade()
    upgraded.timeout = 1
    with pytest.raises(exceptions.ReadTimeout, match=r"nothing came from http://a.test:80"):
        upgraded.read()
    upgraded.close()
    response, _, _ = asked([SWITCHING, RESET])
    with response.upgrade() as upgraded, pytest.raises(exceptions.ConnectionError) as caught:
        upgraded.read()
    assert caught.value.__cause__ is RESET
    assert caught.value.request is response.request
    broken = Dial([SWITCHING], write_error=(200, RESET))
    response, _, _ = asked(broken)
    with response.upgrade() as upgraded, pytest.raises(exceptions.ConnectionError):
        upgraded.write(b"x" * 200)


def test_after_its_end_it_says_so():
    response, _, _ = asked([SWITCHING])
    upgraded = response.upgrade()
    assert "http://a.test:80" in repr(upgraded)
    upgraded.close()
    upgraded.close()
    assert upgraded.fileno() == -1
    assert "closed" in repr(upgraded)
    for use in (upgraded.read, upgraded.detach, lambda: upgraded.write(b"x")):
        with pytest.raises(exceptions.StreamConsumedError):
            use()


@pytest.mark.safety("2h1")
def test_a_switch_before_the_request_is_over_is_an_error():
    from h11client.testing import Unsolicited

    dial = Dial([Unsolicited(SWITCHING, after=1000)], stalls_after=100_000)
    session, network = session_on(dial)
    with pytest.raises(exceptions.RemoteProtocolError):
        session.post(URL, data=b"x" * 1_000_000, headers=ASKING)
    assert network.streams[0].closed
    assert open_slots(session) == 0
