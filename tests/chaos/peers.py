"""Other clients as the campaign's: what they make of the scripts, for a developer's own screen.

Each is given plain http on a port of the worker's, two limits of time, and one session per thread;
whatever it raises is its way to say that something went wrong.
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable
from typing import Any

from tests.chaos.cases import Case
from tests.chaos.conversation import Lab, Worker
from tests.chaos.outcomes import Outcome, body_of

# Of the sockets' classes those that need nothing of our own arguments and seams.
KINDS = ["X1", "X2", "X3", "X4", "X5", "X6", "X7", "X8", "X9", "X10", "X12", "X13", "X14", "X23"]

PATIENCE = 2.0  # seconds without a byte; most of a run is waiting for what does not come
# They need a limit of all the time, or a body that is not read to its end.
NOT_FOR_PEERS = ("drip beyond the deadline", "bomb")

# (status, headers, body); headers as a mapping
Answer = tuple[int, Any, bytes]
Send = Callable[[Any, str, str, dict[str, str], Any, float], Answer]


def kinds_of_peers() -> list[str]:
    """The classes of faults that make sense for every client."""
    return list(KINDS)


def is_for_peers(case: Case) -> bool:
    """Whether a case of one of these classes makes sense for every client."""
    return not any(name in case.name for name in NOT_FOR_PEERS)


def _requests(
    session: Any, method: str, url: str, headers: Any, data: Any, seconds: float
) -> Answer:
    response = session.request(
        method, url, headers=headers, data=data, timeout=(5, seconds), allow_redirects=False
    )
    return response.status_code, response.headers, response.content


def _urllib3(
    session: Any, method: str, url: str, headers: Any, data: Any, seconds: float
) -> Answer:
    timeout = importlib.import_module("urllib3").Timeout(connect=5, read=seconds)
    # Without its own retries, which would ask again where the scripts want to see an error.
    response = session.request(
        method, url, headers=headers, body=data, timeout=timeout, redirect=False, retries=False
    )
    return response.status, response.headers, response.data


def _httpx(session: Any, method: str, url: str, headers: Any, data: Any, seconds: float) -> Answer:
    response = session.request(
        method, url, headers=headers, content=data, timeout=(5, seconds, 5, 5)
    )
    return response.status_code, response.headers, response.content


CLIENTS: dict[str, tuple[str, Send]] = {
    "requests": ("Session", _requests),
    "urllib3": ("PoolManager", _urllib3),
    "httpx": ("Client", _httpx),
    "httpx2": ("Client", _httpx),
}


class PeerClient:
    """A session of another library for each thread."""

    def __init__(self, lab: Lab, name: str) -> None:
        factory, self.send = CLIENTS[name]
        self.make = getattr(importlib.import_module(name), factory)
        self.workers = lab.workers
        lab.endless = 4_000_000  # for those that would take it all
        self.sessions = [self.make() for _ in lab.workers]

    def perform(self, case: Case, worker: Worker) -> Outcome:
        """Sends the request of the case and reads the whole answer."""
        outcome = Outcome(case)
        if not case.reused and case.prefix is None:
            self.end(worker)
        url = f"http://127.0.0.1:{worker.ports['plain']}/{case.nonce}"
        headers = {
            "X-Nonce": case.nonce,
            **{name: str(value) for name, value in case.headers.items()},
        }
        seconds = min(case.timeout.values(), default=PATIENCE)
        started = time.monotonic()
        try:
            answer = self.send(
                self.sessions[worker.number],
                case.method,
                url,
                headers,
                body_of(case, skipped=b""),  # what they make of an offset is their own affair
                seconds,
            )
            outcome.status, found, outcome.body = answer
            outcome.nonce = found.get("X-Nonce")
        except Exception as error:
            outcome.error = error
        outcome.seconds = time.monotonic() - started
        return outcome

    def end(self, worker: Worker) -> None:
        """Ends a session with its connections, and makes another."""
        session = self.sessions[worker.number]
        (session.close if hasattr(session, "close") else session.clear)()
        self.sessions[worker.number] = self.make()

    def refresh(self, worker: Worker | None = None) -> None:
        """Drops what is idle."""
        for each in self.workers:
            self.end(each)

    def figures(self) -> dict[str, int]:
        """Nothing is known of its pool."""
        return {}

    def close(self) -> None:
        self.refresh()
