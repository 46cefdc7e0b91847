"""What must hold after each request, and after all of them: I1 to I12 of the campaign."""

from __future__ import annotations

import ctypes
import gc
import mmap
import pickle
import sys
import threading
import time
from pathlib import Path

from tests.chaos.cases import NETWORK, SECRET
from tests.chaos.outcomes import Outcome

HARNESS = (
    AttributeError,
    NameError,
    TypeError,
    AssertionError,
)  # what no server should bring about
OVERSHOOT = 1.0  # seconds: machines that test are busy
DESCRIPTORS = Path("/proc/self/fd")
STATM = Path("/proc/self/statm")
# What is raised by code of the caller's own, or by a signal: it has no request.
FOREIGN = {"Mine", "KeyboardInterrupt", "gaierror", "ValueError"}


def judge(outcome: Outcome, memory: bool, ours: bool = True, lateness: float = 0.0) -> list[str]:
    """Everything in which the outcome of a request contradicts the truth of its case.

    `lateness` are seconds by which the machine let everybody wait.
    Of another library's errors nothing is known; they may come where ours may.
    """
    case = outcome.case
    if not ours and outcome.error is not None:
        unexpected = isinstance(outcome.error, HARNESS) or not case.errors
        return [f"I3 unexpected {outcome.error!r:.200}"] if unexpected else []
    wrong = judge_error(outcome) if outcome.error is not None else judge_answer(outcome)
    deliveries = len(case.deliveries)
    if deliveries > case.most:
        once = case.most == 1 and case.method in ("PATCH", "POST")
        what = "duplicate" if once else "too many deliveries"
        wrong.append(f"I2 {what}: {case.deliveries}")
    if case.local and (deliveries or case.dials):
        wrong.append("I12 a request that is none went out")
    if outcome.changed is not None:
        wrong.append(f"I10 the caller's object was changed: {outcome.changed}")
    if memory and case.most_read is not None and outcome.given > case.most_read:
        wrong.append(f"I9 {outcome.given} bytes were read of what is endless")
    overshoot = overshoot_of(outcome)
    if overshoot is not None and overshoot > (0.001 if memory else OVERSHOOT + lateness):
        wrong.append(f"I4 {overshoot:.3f} s more than there were")
    return wrong


def overshoot_of(outcome: Outcome) -> float | None:
    """Seconds by which the limit that was to run out was exceeded."""
    limit = outcome.case.limit
    if limit is None or outcome.error is None:
        return None
    return outcome.seconds - outcome.case.timeout[limit]


def judge_error(outcome: Outcome) -> list[str]:
    case, error = outcome.case, outcome.error
    assert error is not None
    name = type(error).__name__
    wrong = []
    # What was meant for a connection that had served before may have met a fresh one.
    missed = case.reused and not case.was_reused and name in NETWORK and case.kind != "healthy"
    if name not in case.errors and not (missed and case.medium == "socket"):
        wrong.append(f"I3 unexpected {name}: {str(error)[:200]}")
        if name in FOREIGN or not hasattr(error, "request"):
            return wrong
    if outcome.not_closed and not case.local:
        wrong.append(f"I8 {outcome.not_closed} connections are open after {name}")
    if SECRET in f"{error!r} {error}" or SECRET in repr(getattr(error, "request", "")):
        wrong.append(f"I11 the secret is in {name}")
    if name in FOREIGN or not hasattr(error, "request"):
        return wrong
    request = error.request
    if not case.local and (request is None or request.headers.get("X-Nonce") != case.nonce):
        wrong.append(f"I3 {name} with the request {request}")
    if case.limit is not None and getattr(error, "limit", None) != case.limit:
        wrong.append(
            f"I3 {name} with the limit {getattr(error, 'limit', None)!r}, not {case.limit}"
        )
    if error.__cause__ is None and not case.local and name not in CAUSELESS:
        wrong.append(f"I3 {name} without a cause: {error}")
    copy = pickle.loads(pickle.dumps(error))
    if type(copy) is not type(error) or str(copy) != str(error):
        wrong.append(f"I3 {name} is another one after pickling: {copy!r}")
    return wrong


# What is said of the exchange itself, not of a failure below it.
CAUSELESS = {
    *("TooManyRedirects", "UnrewindableBodyError", "InvalidURL", "InvalidSchema", "MissingSchema"),
    *("ProxyError", "ContentDecodingError"),
}


def judge_answer(outcome: Outcome) -> list[str]:
    case = outcome.case
    wrong = []
    if "inserted" in case.reached and case.was_reused:
        wrong.append("I8 sent over a connection on which something had come")
    if case.at_first_byte is not None and not case.was_reused:
        return wrong  # it met a fresh connection, and so nothing of the kind
    if not case.complete:
        wrong.append(f"I7 reported as complete: {outcome.status} {outcome.body[:60]!r}")
        return wrong
    if case.act == "either":  # whose race the server wins is the kernel's affair
        if outcome.body not in (b"", case.answer_body()) or outcome.nonce not in (None, case.nonce):
            wrong.append(f"I1 wrong answer: {outcome.body[:60]!r}")
        return wrong
    if (
        case.status
        and outcome.status != case.status
        and not (case.kind == "X5" and outcome.status == 200)
    ):
        wrong.append(f"I1 status {outcome.status}")
    if case.act in ("drops", "drops in a cycle", "closes early"):
        return wrong
    if case.nonce_back and outcome.nonce != case.nonce:
        wrong.append(f"I1 wrong answer: the nonce {outcome.nonce}")
    if outcome.body != case.expected_body() and not (case.kind == "X8" and not case.status):
        wrong.append(f"I1 wrong answer: {len(outcome.body)} bytes, {outcome.body[:60]!r}")
    trailing = outcome.chunked and case.nonce_back and case.method != "HEAD"
    if trailing and case.body is None and outcome.trailer != case.nonce:
        wrong.append(f"I1 wrong answer: the trailer {outcome.trailer}")
    return wrong


# --- what is left when all is over --------------------------------------------------------------


class Baseline:
    """Descriptors and threads before a batch; `leaked` says what is left of it."""

    def __init__(self) -> None:
        gc.collect()
        self.threads = set(threading.enumerate())
        self.descriptors = descriptors()
        self.memory = memory_in_use()

    def leaked(self, patience: float = 3.0) -> tuple[int, int]:
        """Descriptors and threads that were not there before."""
        give_up = time.monotonic() + patience
        while True:
            gc.collect()
            left = (
                len(descriptors() - self.descriptors),
                len(set(threading.enumerate()) - self.threads),
            )
            if not any(left) or time.monotonic() > give_up:
                return left
            time.sleep(0.02)


def descriptors() -> set[tuple[str, str]]:
    """The open descriptors of this process, each with what it refers to."""
    found = set()
    if DESCRIPTORS.is_dir():
        for entry in list(DESCRIPTORS.iterdir()):
            try:
                found.add((entry.name, str(entry.readlink())))
            except OSError:  # the listing's own
                continue
    return found


def memory_in_use() -> int:
    """Resident bytes of this process, without what malloc keeps; 0 where the system does not tell."""
    if not STATM.exists():
        return 0
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # what ended threads have left in arenas
    if trim is not None:
        trim(0)
    return int(STATM.read_text().split()[1]) * mmap.PAGESIZE


def dump_stacks() -> None:
    """Shows what every thread is doing."""
    import faulthandler

    faulthandler.dump_traceback(sys.__stderr__, all_threads=True)
