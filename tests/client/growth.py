"""How the cost of something grows: two sizes, measured side by side until noise cannot explain it."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable

RATIO = 2.6  # of the times for 2n and n; 2 is linear, 4 is quadratic
ROUNDS = 100  # many are only run when the machine is busy, or when the answer is no


def grows_linearly(work: Callable[[int], object], size: int) -> bool:
    """Whether `work(2 * size)` takes at most 2.6 times as long as `work(size)`.

    The shortest of several runs is what the work itself takes; what other programs do at the same
    time only adds to it. So more rounds are run only until the answer is yes.
    """
    once = twice = float("inf")
    for _ in range(ROUNDS):
        once = min(once, _seconds(work, size))
        twice = min(twice, _seconds(work, 2 * size))
        if twice <= RATIO * once:
            return True
    return False


def _seconds(work: Callable[[int], object], size: int) -> float:
    gc.collect(0)
    started = time.thread_time()
    work(size)
    return time.thread_time() - started
