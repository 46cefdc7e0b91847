"""h11client/_timeouts.py: what a timeout= argument means, and what is left of a running call."""

from __future__ import annotations

import pickle
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from h11client._timeouts import DEFAULT_TIMEOUT, Deadline, Limit, LimitExpired, Timeout
from h11client.testing import FakeClock

NAN, INFINITY = float("nan"), float("inf")


def test_the_defaults_are_finite_and_without_a_total() -> None:
    assert Timeout() == Timeout(connect=10, read=60, write=60, pool=60, total=None)
    assert DEFAULT_TIMEOUT == Timeout()


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param(5, Timeout(5, 5, 5, 5, None), id="an int sets all but total"),
        pytest.param(0.25, Timeout(0.25, 0.25, 0.25, 0.25, None), id="a float"),
        pytest.param(Decimal("1.5"), Timeout(1.5, 1.5, 1.5, 1.5), id="a Decimal"),
        pytest.param(Fraction(1, 2), Timeout(0.5, 0.5, 0.5, 0.5), id="a Fraction"),
        pytest.param((3, 7), Timeout(connect=3, read=7), id="a pair"),
        pytest.param((None, 7), Timeout(connect=None, read=7), id="a pair without connect"),
        pytest.param((3, None), Timeout(connect=3, read=None), id="a pair without read"),
        pytest.param(None, Timeout(None, None, None, None, None), id="no limit"),
        pytest.param(Timeout(total=9), Timeout(total=9), id="a Timeout"),
    ],
)
def test_every_form_of_the_argument(given: Any, expected: Timeout) -> None:
    assert Timeout.of(given) == expected
    assert Timeout.of(given) == expected  # and once more, when it is remembered


@pytest.mark.parametrize(
    ("given", "error"),
    [
        pytest.param(0, ValueError, id="zero"),
        pytest.param(-1, ValueError, id="negative"),
        pytest.param(NAN, ValueError, id="NaN"),
        pytest.param(INFINITY, ValueError, id="infinite"),
        pytest.param(True, TypeError, id="a bool"),
        pytest.param("5", TypeError, id="a str"),
        pytest.param(b"5", TypeError, id="bytes"),
        pytest.param([1, 2], TypeError, id="a list"),
        pytest.param({}, TypeError, id="a dict"),
        pytest.param(object(), TypeError, id="an object"),
        pytest.param((), ValueError, id="an empty tuple"),
        pytest.param((1,), ValueError, id="one"),
        pytest.param((1, 2, 3), ValueError, id="three"),
        pytest.param((1, -2), ValueError, id="a negative read"),
        pytest.param((True, 2), TypeError, id="a bool in a pair"),
    ],
)
def test_what_is_no_timeout_is_refused(given: Any, error: type[Exception]) -> None:
    Timeout.of(1)  # remembered; equal to True, and nevertheless another thing
    with pytest.raises(error):
        Timeout.of(given)


@pytest.mark.parametrize("name", ["connect", "read", "write", "pool", "total"])
def test_each_field_is_checked_and_named_in_the_error(name: str) -> None:
    with pytest.raises(ValueError, match=name):
        Timeout(**{name: -1})
    with pytest.raises(TypeError, match=name):
        Timeout(**{name: "1"})  # type: ignore[arg-type]
    assert getattr(Timeout(**{name: None}), name) is None


def test_numbers_beyond_the_remembered_ones_mean_the_same() -> None:
    for number in range(1, 200):
        assert Timeout.of(number).read == number


def test_a_timeout_is_a_frozen_value() -> None:
    timeout = Timeout(1, 2, 3, 4, 5)
    with pytest.raises(AttributeError):
        timeout.read = 3.0
    with pytest.raises(AttributeError):
        del timeout.read
    assert {timeout: 1}[Timeout(1.0, 2.0, 3.0, 4.0, 5.0)] == 1
    assert timeout != Timeout()
    assert timeout != (1, 2, 3, 4, 5)
    assert eval(repr(timeout)) == timeout
    assert pickle.loads(pickle.dumps(timeout)) == timeout


def test_without_a_total_the_limits_are_ready_and_no_clock_is_read() -> None:
    clock = FakeClock()
    timeout = Timeout(1, 2, 3, 4)
    deadline = Deadline(timeout, clock)
    given = [deadline.limit(name) for name in ("connect", "read", "write", "pool")]
    assert given == [Limit(1, "connect"), Limit(2, "read"), Limit(3, "write"), Limit(4, "pool")]
    assert deadline.limit("read") is Deadline(timeout, clock).limit("read")
    assert deadline.remaining() is None
    assert clock.reads == 0


def test_no_limit_at_all() -> None:
    limit = Deadline(Timeout.of(None)).limit("read")
    assert (limit.seconds, limit.milliseconds) == (None, 1000.0)


@pytest.mark.safety("M8")
def test_the_total_takes_over_when_less_is_left_of_it() -> None:
    clock = FakeClock(100)
    deadline = Deadline(Timeout(read=5, write=None, total=8), clock)
    assert deadline.limit("read") == Limit(5, "read")
    assert deadline.limit("write") == Limit(8, "total")
    clock.advance(4)
    assert deadline.limit("read") == Limit(4, "total")
    assert deadline.remaining() == 4


@pytest.mark.safety("M8")
@pytest.mark.parametrize("name", ["connect", "read", "write", "pool"])
def test_nothing_may_be_started_once_the_total_is_over(name: str) -> None:
    clock = FakeClock()
    deadline = Deadline(Timeout(total=1), clock)
    clock.advance(1)
    with pytest.raises(LimitExpired, match="the total limit of 1 s ran out") as caught:
        deadline.limit(name)
    assert caught.value.limit.name == "total"
    assert deadline.remaining() == 0


@pytest.mark.safety("2n2")
def test_everything_of_one_dial_shares_the_connect_limit() -> None:
    clock = FakeClock()
    deadline = Deadline(Timeout(connect=10, read=3), clock)
    deadline.start_connect()
    assert deadline.limit("connect") == Limit(10, "connect")
    clock.advance(7)
    assert deadline.limit("connect") == Limit(3, "connect")
    assert deadline.limit("read") == Limit(3, "read")
    clock.advance(3)
    with pytest.raises(LimitExpired, match="the connect limit of 10 s ran out"):
        deadline.limit("connect")
    deadline.start_connect()  # the next dial of the same call
    assert deadline.limit("connect") == Limit(10, "connect")


@pytest.mark.safety("2n2")
def test_the_total_also_bounds_a_dial() -> None:
    clock = FakeClock()
    deadline = Deadline(Timeout(connect=10, total=4), clock)
    deadline.start_connect()
    clock.advance(1)
    assert deadline.limit("connect") == Limit(3, "total")


def test_a_dial_without_a_connect_limit_has_none() -> None:
    deadline = Deadline(Timeout(connect=None), FakeClock())
    deadline.start_connect()
    assert deadline.limit("connect").seconds is None


@pytest.mark.parametrize(
    ("seconds", "milliseconds"),
    [(None, 1000.0), (0.0, 0.0), (0.25, 250.0), (1.5, 1000.0), (1e12, 1000.0)],
)
def test_nobody_waits_for_longer_than_a_second_at_a_time(
    seconds: float | None, milliseconds: float
) -> None:
    assert Limit(seconds, "read").milliseconds == milliseconds


def test_limits_compare_by_seconds_and_name() -> None:
    assert Limit(1, "read") != Limit(1, "total")
    assert Limit(1, "read") != Limit(2, "read")
    assert Limit(1, "read") != 1
    assert len({Limit(1, "read"), Limit(1, "read")}) == 1


def test_an_expired_limit_survives_pickling_and_names_what_the_user_set() -> None:
    error = LimitExpired(Limit(0.5, "total", 30))
    copy = pickle.loads(pickle.dumps(error))
    assert copy.limit == error.limit
    assert str(copy) == str(error) == "the total limit of 30 s ran out"
    assert not isinstance(error, (OSError, TimeoutError))
