"""What tells linear from quadratic, on work of which it is known."""

from __future__ import annotations

from tests.growth import GROWTH, RATIO, grows_linearly, timed_linearly


def copies(count: int) -> None:
    """Cubic, so that no hiccup of the machine can hide it: each step copies all that came before."""
    for _ in range(count):
        data = b""
        for _ in range(count):
            data = bytes([*data, 120])


def test_work_of_each_kind_is_told_apart() -> None:
    assert grows_linearly(lambda count: b"x".join([b""] * count), 20_000)
    assert not grows_linearly(copies, 40)


def test_a_machine_of_half_the_speed_is_no_quadratic_work() -> None:
    assert timed_linearly(lambda size: size * (1 if size == 100 else 2), 400)
    assert not timed_linearly(lambda size: size**2, 400)
    assert GROWTH < RATIO < GROWTH**2


def test_one_good_time_of_each_size_is_enough() -> None:
    times = iter([5.0, 900.0, 1.0, 900.0, 5.0, 15.0])
    assert timed_linearly(lambda _size: next(times), 400)
    assert next(times, None) is None
