"""h11client/testing.py: the scripted network and the fake clock."""

from __future__ import annotations

import doctest

import pytest

import h11client.testing
from h11client._timeouts import Deadline, Limit, LimitExpired, Timeout
from h11client._transport.network import Stream, TLSConfig
from h11client.testing import (
    Dial,
    FakeClock,
    Pause,
    ScriptedNetwork,
    ScriptedStream,
    ScriptError,
    Unsolicited,
)

READ, WRITE = Limit(5.0, "read"), Limit(3.0, "write")


def connect(network: ScriptedNetwork) -> ScriptedStream:
    stream = network.connect("a.test", 80, Deadline(Timeout(), network.clock))
    assert isinstance(stream, ScriptedStream)
    return stream


def dialled(*steps: object, **more: object) -> tuple[ScriptedNetwork, ScriptedStream]:
    network = ScriptedNetwork(Dial(steps, **more))  # type: ignore[arg-type]
    return network, connect(network)


def test_the_example_of_the_documentation_is_true() -> None:
    assert doctest.testmod(h11client.testing).failed == 0


def test_a_clock_moves_when_it_is_told_to_and_never_back() -> None:
    clock = FakeClock(10)
    clock.advance(0.5)
    assert (clock(), clock(), clock.reads) == (10.5, 10.5, 2)
    with pytest.raises(ValueError, match="does not go back"):
        clock.advance(-1)


def test_steps_are_read_one_by_one() -> None:
    network, stream = dialled(b"one", b"two", b"")
    assert [stream.read(100, READ) for _ in range(4)] == [b"one", b"two", b"", b""]
    network.assert_used_up()


def test_a_network_can_feed_byte_by_byte() -> None:
    network = ScriptedNetwork([b"one", b""], byte_by_byte=True)
    stream = connect(network)
    assert [stream.read(100, READ) for _ in range(4)] == [b"o", b"n", b"e", b""]


def test_an_exception_is_raised_by_every_read_from_then_on() -> None:
    error = ConnectionResetError()
    network, stream = dialled(b"one", error)
    assert stream.read(3, READ) == b"one"
    for _ in range(2):
        with pytest.raises(ConnectionResetError) as caught:
            stream.read(3, READ)
        assert caught.value is error
    network.assert_used_up()


def test_a_short_pause_moves_the_clock() -> None:
    network, stream = dialled(Pause(2), Pause(2), b"late")
    assert stream.read(10, READ) == b"late"
    assert network.clock.now == 4


def test_a_pause_beyond_the_limit_costs_the_limit_and_goes_on_in_the_next_read() -> None:
    network, stream = dialled(Pause(2), Pause(5), b"late")
    with pytest.raises(LimitExpired) as caught:
        stream.read(10, READ)
    assert caught.value.limit is READ
    assert network.clock.now == 5
    assert stream.read(10, READ) == b"late"
    assert network.clock.now == 7


def test_a_pause_without_a_limit_is_waited_for() -> None:
    network, stream = dialled(Pause(1e6), b"late")
    assert stream.read(10, Limit(None, "read")) == b"late"
    assert network.clock.now == 1e6


def test_only_what_is_unsolicited_makes_an_idle_stream_readable() -> None:
    _, stream = dialled(b"answer", Unsolicited(b"poison"))
    assert not stream.is_readable()
    stream.read(100, READ)
    assert stream.is_readable()
    assert stream.read(100, READ) == b"poison"
    assert not stream.is_readable()


@pytest.mark.parametrize("what", [b"", ConnectionResetError()], ids=["end", "reset"])
def test_the_end_and_errors_can_come_unasked_too(what: bytes | BaseException) -> None:
    _, stream = dialled(Unsolicited(what))
    assert stream.is_readable()


def test_what_is_unsolicited_can_wait_for_a_number_of_bytes() -> None:
    _, stream = dialled(Unsolicited(b"enough", after=4))
    with pytest.raises(ScriptError, match="before"):
        stream.read(10, READ)
    stream.write(b"abc", WRITE)
    assert not stream.is_readable()
    stream.write(b"d", WRITE)
    assert stream.is_readable()
    assert stream.read(10, READ) == b"enough"


def test_a_step_that_was_read_in_part_is_readable() -> None:
    _, stream = dialled(b"abc")
    assert stream.read(2, READ) == b"ab"
    assert stream.is_readable()


def test_everything_is_recorded_in_order() -> None:
    network = ScriptedNetwork([b"abc"], [b""])
    deadline = Deadline(Timeout(connect=7), network.clock)
    first = network.connect("a.test", 443, deadline)
    config = TLSConfig(verify=False)
    assert network.start_tls(first, config, "a.test", deadline) is first
    first.write(b"x", WRITE)
    first.write_many([b"y", b"z"], WRITE)
    first.read(2, READ)
    first.close()
    first.close()
    network.connect("b.test", 80, deadline).abort()
    assert network.log == [
        ("dial", "a.test", 443),
        ("tls", "a.test"),
        ("write", b"x"),
        ("write", b"yz"),
        ("read", 2),
        ("close",),
        ("dial", "b.test", 80),
        ("abort",),
    ]
    assert network.dialled == [("a.test", 443), ("b.test", 80)]
    assert network.limits == [Limit(7, "connect")] * 3
    assert network.upgrades == [(config, "a.test")]
    stream, other = network.streams
    assert stream.limits == [("write", WRITE), ("write", WRITE), ("read", READ)]
    assert (stream.writes, stream.written) == ([b"x", b"yz"], b"xyz")
    assert (stream.closed, stream.aborted) == (True, False)
    assert (other.closed, other.aborted) == (True, True)


def test_a_dial_can_fail_and_the_next_one_succeed() -> None:
    network = ScriptedNetwork(ConnectionRefusedError(), [b"hello"])
    with pytest.raises(ConnectionRefusedError):
        connect(network)
    assert connect(network).read(5, READ) == b"hello"


def test_a_dial_can_take_its_time() -> None:
    network = ScriptedNetwork(Dial(takes=4), Dial(takes=10))
    connect(network)
    assert network.clock.now == 4
    with pytest.raises(LimitExpired) as caught:
        connect(network)
    assert caught.value.limit.name == "connect"
    assert network.clock.now == 14


def test_tls_can_fail_and_closes_the_stream() -> None:
    network = ScriptedNetwork(Dial(tls_error=ConnectionResetError()))
    stream = connect(network)
    with pytest.raises(ConnectionResetError):
        network.start_tls(stream, TLSConfig(), "a.test", Deadline(Timeout(), network.clock))
    assert stream.closed


@pytest.mark.parametrize("ragged", [False, True])
def test_tls_can_end_without_a_word(ragged: bool) -> None:
    network = ScriptedNetwork(Dial([b""], ragged_eof=ragged))
    stream = connect(network)
    assert stream.eof_was_clean
    network.start_tls(stream, TLSConfig(), "a.test", Deadline(Timeout(), network.clock))
    assert stream.tls is not None
    assert stream.tls.server_hostname == "a.test"
    assert stream.read(1, READ) == b""
    assert stream.eof_was_clean is not ragged


def test_a_write_can_fail_after_some_bytes() -> None:
    error = BrokenPipeError()
    _, stream = dialled(b"413", write_error=(5, error))
    stream.write(b"abc", WRITE)
    with pytest.raises(BrokenPipeError) as caught:
        stream.write(b"defg", WRITE)
    assert caught.value is error
    assert stream.written == b"abcde"
    assert stream.bytes_written == 5
    assert stream.read(3, READ) == b"413"
    with pytest.raises(ScriptError, match="after a write has failed"):
        stream.write(b"more", WRITE)


def test_a_write_can_fail_before_any_byte() -> None:
    _, stream = dialled(write_error=(0, BrokenPipeError()))
    with pytest.raises(BrokenPipeError):
        stream.write(b"abc", WRITE)
    assert stream.bytes_written == 0


def test_a_server_that_takes_no_more_costs_the_limit() -> None:
    network, stream = dialled(stalls_after=2)
    with pytest.raises(LimitExpired) as caught:
        stream.write(b"abc", WRITE)
    assert caught.value.limit is WRITE
    assert (stream.written, network.clock.now) == (b"ab", 3)


def test_a_server_that_takes_no_more_but_talks_stops_a_watching_write() -> None:
    _, stream = dialled(Unsolicited(b"413", after=2), b"more", stalls_after=2)
    assert stream.write(b"abcd", WRITE, True) is False
    assert stream.written == b"ab"
    assert stream.read(3, READ) == b"413"
    assert stream.write(b"e", WRITE, True) is True
    assert stream.written == b"abcde"


def test_waiting_for_ever_is_an_error_of_the_script() -> None:
    _, stream = dialled(stalls_after=0)
    with pytest.raises(ScriptError, match="for ever"):
        stream.write(b"abc", Limit(None, "write"))


def test_what_the_script_does_not_provide_for_fails_the_test_clearly() -> None:
    network = ScriptedNetwork([b"abc"])
    stream = connect(network)
    stream.read(3, READ)
    with pytest.raises(ScriptError, match=r"ScriptedStream 0 to \('a.test', 80\)> has nothing"):
        stream.read(3, READ)
    with pytest.raises(ScriptError, match=r"dial 2, to a\.test:80, is not in the script"):
        connect(network)
    with pytest.raises(ScriptError, match="a read of 0 bytes"):
        stream.read(0, READ)
    with pytest.raises(TypeError, match="no step"):
        ScriptedNetwork(["text"])  # type: ignore[list-item]


def test_tls_on_a_stream_of_another_network_is_refused() -> None:
    class Other:
        pass

    stream: Stream = Other()  # type: ignore[assignment]
    with pytest.raises(ScriptError, match="not of this network"):
        ScriptedNetwork().start_tls(stream, TLSConfig(), "a.test", Deadline(Timeout()))


def test_what_was_never_asked_for_is_told() -> None:
    with pytest.raises(ScriptError, match="1 more dials"):
        ScriptedNetwork([b"abc"]).assert_used_up()
    network, stream = dialled(b"abc", Pause(1.5), Unsolicited(b"d", after=3))
    left = r"Pause\(1.5\), Unsolicited\(b'd', after=3\)\]"
    with pytest.raises(ScriptError, match=rf"\[b'abc', {left}"):
        network.assert_used_up()
    stream.read(2, READ)
    with pytest.raises(ScriptError, match=rf"\[b'c', {left}"):
        network.assert_used_up()


def test_script_errors_are_assertions_and_so_never_mistaken_for_the_network() -> None:
    assert issubclass(ScriptError, AssertionError)
    assert not issubclass(ScriptError, OSError)


def test_a_script_is_a_transport_of_a_session():
    network = ScriptedNetwork([b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na", Pause(3), b"b"])
    limits = h11client.Limits(max_connections=1)
    with h11client.Session(transport=network.transport(limits), timeout=5) as session:
        assert session.get("http://a.test/").content == b"ab"
        assert session.limits is limits
    assert network.clock() == 3
    network.assert_used_up()
