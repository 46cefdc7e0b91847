"""How the cost of something grows: two sizes, measured in turn until noise cannot explain the answer."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable

GROWTH = 8  # from the smaller size to the larger one
# Linear is 8, quadratic is 64. A machine that is shared runs at half its speed for seconds on end,
# and nothing says that both sizes see its good times.
RATIO = 20
ROUNDS = 60  # many are only run when the machine is busy, or when the answer is no


def grows_linearly(work: Callable[[int], object], size: int) -> bool:
    """Whether `work(2 * size)` costs at most 20 times what `work(size // 4)` does: in CPU time."""
    return timed_linearly(lambda size: seconds(lambda: work(size)), size)


def timed_linearly(measure: Callable[[int], float], size: int) -> bool:
    """The same for who measures seconds of its own, for example of the last part of its work.

    The shortest of several runs is what the work itself takes; what other programs do at the same
    time only adds to it. So more rounds are run only until the answer is yes.
    """
    small = large = float("inf")
    for _ in range(ROUNDS):
        small = min(small, measure(size // 4))
        large = min(large, measure(size // 4 * GROWTH))
        if large <= RATIO * small:
            return True
    return False


def seconds(work: Callable[[], object]) -> float:
    """CPU seconds of this thread in one run of `work`.

    Without the garbage collector: what one of its runs costs depends on everything else that the
    process holds, and whether there is one on how much `work` makes.
    """
    gc.collect(0)
    gc.disable()
    try:
        started = time.thread_time()
        work()
        return time.thread_time() - started
    finally:
        gc.enable()
