"""Many threads on one session against a server that does at random what servers should not do.

Every request has a nonce, and whatever comes back must be that nonce's answer, whole, or one of our
exceptions. What the server did is compared with what the client saw (the invariants I1 to I8).
The seed is printed with the figures; H11CLIENT_STRESS_SEED=n runs another one.
"""

from __future__ import annotations

import faulthandler
import gc
import json
import os
import pickle
import queue
import random
import sys
import tempfile
import threading
import time
from collections import Counter

import pytest

import h11client
from h11client import exceptions
from tests.wire.hostile import ACTIONS, COMPLETE, HALF, NOTHING, Hostile, content_of

SEED = int(os.environ.get("H11CLIENT_STRESS_SEED", "20261122"))
HANGS_AFTER = 60.0  # seconds; then every thread's stack is shown instead of waiting on

HASTE_ENDS_BY = 5.0  # seconds, for a total of 0.3: machines that test are busy

METHODS = ["GET"] * 5 + ["HEAD"] * 2 + ["POST"] * 5 + ["PUT", "DELETE"]
BODIES = ["length", "chunked", "one-shot", "file", "key"]
READINGS = ["content"] * 6 + ["pieces", "pieces", "closes early", "drops", "raises"]
CARELESS = ["content", "content", "pieces", "closes early", "closes early", "drops", "drops"]
CARELESS += ["closed elsewhere"]


class Mine(Exception):
    """Raised by the callers' own code, and never to be changed by ours."""


class Again:
    """Pieces without a known length, which can be had again."""

    def __init__(self, content):
        self.content = content

    def __iter__(self):
        step = max(len(self.content) // 5, 1)
        return (self.content[n : n + step] for n in range(0, len(self.content), step))


class Result:
    """What a client saw of one request."""

    def __init__(self, nonce, method, safe, hasty):
        self.nonce, self.method, self.safe, self.hasty = nonce, method, safe, hasty
        self.outcome = "nothing"
        self.error = None
        self.seconds = 0.0


class Clients:
    """The threads and what they saw; `wrong` is what must stay empty."""

    def __init__(self, session, url, seed, readings=READINGS, hasty=None):
        self.session, self.url, self.seed, self.readings = session, url, seed, readings
        self.timeout = h11client.Timeout(20, 20, 20, 20, total=20)
        self.hasty = hasty or h11client.Timeout(total=0.3)
        self.results = []
        self.wrong = []
        self.to_close = queue.SimpleQueue()  # responses for another thread than their reader's
        self.lock = threading.Lock()

    def run(self, threads, requests):
        workers = [
            threading.Thread(target=self.work, args=(n, requests), name=f"client {n}", daemon=True)
            for n in range(threads)
        ]
        for worker in workers:
            worker.start()
        give_up = time.monotonic() + HANGS_AFTER
        for worker in workers:
            worker.join(max(0.0, give_up - time.monotonic()))
        if any(worker.is_alive() for worker in workers):
            faulthandler.dump_traceback(sys.__stderr__, all_threads=True)
            print(len(self.results), self.session._transport_.counts(), file=sys.__stderr__)
            pytest.fail(
                f"hanging after {HANGS_AFTER} s, seed {self.seed}: the stacks are on stderr"
            )

    def work(self, thread, requests):
        try:
            for number in range(requests):
                self.one(f"{thread}-{number}")
        except BaseException as error:
            self.complain(f"thread {thread}", f"ended with {error!r}")
            raise

    def complain(self, nonce, what):
        with self.lock:
            self.wrong.append(f"{nonce}: {what}")

    def one(self, nonce):
        rng = random.Random(f"{self.seed} {nonce}")
        method = rng.choice(METHODS)
        headers = {"X-Nonce": nonce}
        hasty = rng.random() < 0.1
        if hasty:
            headers["X-Hasty"] = "yes"
        data, safe = self.body(rng, nonce, method, headers)
        result = Result(nonce, method, safe, hasty)
        started = time.monotonic()
        try:
            response = self.session.request(
                method,
                f"{self.url}/{nonce}",
                data=data,
                headers=headers,
                stream=True,
                timeout=self.hasty if hasty else self.timeout,
            )
            result.outcome = self.look_at(response, rng.choice(self.readings), nonce, rng)
        except exceptions.RequestException as error:
            result.outcome = "error"
            result.error = error
            self.check_error(error, nonce)
        except Mine:
            result.outcome = "mine"
        except BaseException as error:
            self.complain(nonce, f"an exception of another family: {error!r}")
        result.seconds = time.monotonic() - started
        if hasattr(data, "seek"):
            data.close()
        with self.lock:
            self.results.append(result)

    def body(self, rng, nonce, method, headers):
        """The body of a request, and whether it may be delivered twice."""
        if method not in ("POST", "PUT"):
            return None, True
        content = content_of(nonce, "question")
        kind = rng.choice(BODIES)
        safe = method == "PUT"
        if kind == "key":
            headers["Idempotency-Key"] = nonce
            safe = True
        if kind == "chunked":
            return Again(content), safe
        if rng.random() < 0.1:
            headers["Expect"] = "100-continue"
        if kind == "file":
            file = tempfile.TemporaryFile()
            file.write(b"skipped" + content)
            file.seek(7)
            return file, safe
        if kind == "one-shot":
            raises = rng.random() < 0.2
            return self.one_shot(content, raises), False
        return content, safe

    def one_shot(self, content, raises):
        yield content[:3]
        if raises:
            raise Mine
        yield content[3:]

    def look_at(self, response, reading, nonce, rng):
        """Reads a response in one of many ways; returns "complete" only for all of it."""
        if response.status_code == 408:
            response.close()
            return "error"
        if response.headers.get("X-Nonce") != nonce:
            self.complain(nonce, f"the answer to {response.headers.get('X-Nonce')}")
        head = response.request.method == "HEAD"
        expected = b"" if head else content_of(nonce, "answer")
        if reading == "content":
            found = response.content
        elif reading == "pieces":
            found = b"".join(response.iter_content(rng.choice([7, 1000, 100_000])))
        elif reading == "closes early":
            with response:
                found = response.read(rng.randrange(50))
        elif reading == "drops":
            if rng.random() < 0.5:
                # Garbage in a cycle: collected whenever the collector likes, in any thread.
                cycle = [response]
                cycle.append(cycle)
            return "dropped"
        elif reading == "closed elsewhere":
            self.to_close.put(response)
            try:
                found = response.content
            except exceptions.RequestException:
                return "closed elsewhere"
        else:
            with response:
                response.read(1)
                raise Mine
        if reading == "closes early":
            if not expected.startswith(found):
                self.complain(nonce, f"a wrong beginning: {found[:50]!r}")
            return "closed"
        if found != expected:
            self.complain(nonce, f"{len(found)} bytes, {found[:50]!r}")
        chunked = "Transfer-Encoding" in response.headers and not head
        if chunked and response.trailers.get("X-Nonce") != nonce:
            self.complain(nonce, f"trailers {response.trailers!r}")
        return "complete"

    def check_error(self, error, nonce):
        if error.request is None or error.request.headers["X-Nonce"] != nonce:
            self.complain(nonce, f"{error!r} of request {error.request}")
        timeout = isinstance(error, exceptions.Timeout)
        if error.__cause__ is None:
            self.complain(nonce, f"{error!r} without a cause")
        if timeout and not error.limit:
            self.complain(nonce, f"{error!r} without a limit")
        copy = pickle.loads(pickle.dumps(error))
        if type(copy) is not type(error) or str(copy) != str(error):
            self.complain(nonce, f"{error!r} is another one after pickling: {copy!r}")


def judge(clients, server):
    """Everything in which the clients' account and the server's must agree."""
    wrong = list(clients.wrong)
    for result in clients.results:
        nonce = result.nonce
        deliveries = server.ledger.get(nonce, [])
        most = 2 if result.safe else 1
        if len(deliveries) > most:
            wrong.append(f"{nonce}: {result.method} delivered {len(deliveries)} times")
        if COMPLETE in deliveries[:-1] or HALF in deliveries[:-1]:
            wrong.append(f"{nonce}: repeated after an answer had begun: {deliveries}")
        last = deliveries[-1] if deliveries else NOTHING
        if result.outcome == "complete" and last in (NOTHING, HALF):
            wrong.append(f"{nonce}: complete, but the server had not sent it all: {deliveries}")
        if result.outcome == "error" and last == COMPLETE and not result.hasty:
            wrong.append(f"{nonce}: {result.error!r} though the server had answered: {deliveries}")
        if result.hasty and result.seconds > HASTE_ENDS_BY:
            wrong.append(f"{nonce}: took {result.seconds:.1f} s of the 0.3 s that it had")
        if result.outcome == "nothing":
            wrong.append(f"{nonce}: no outcome")
    wrong += [f"{nonce}: sent over a connection that was over" for nonce in server.trespasses]
    wrong += [f"{nonce}: the server got another body" for nonce in server.garbled]
    return wrong


def figures(clients, server, started):
    outcomes = Counter(result.outcome for result in clients.results)
    errors = Counter(type(result.error).__name__ for result in clients.results if result.error)
    slowest = max(result.seconds for result in clients.results)
    return {
        "seed": clients.seed,
        "requests": len(clients.results),
        "connections": server.connections,
        "outcomes": dict(outcomes),
        "errors": dict(errors),
        "actions": dict(server.actions),
        "replays": sum(len(deliveries) - 1 for deliveries in server.ledger.values()),
        "slowest": round(slowest, 2),
        "seconds": round(time.monotonic() - started, 2),
    }


def give_verdict(clients, server, hostile, started):
    """Prints the figures and judges, once the server has seen all that was sent to it."""
    for thread in server.threads[1:]:
        thread.join(20)
    print(json.dumps(figures(clients, hostile, started)))
    wrong = judge(clients, hostile)
    assert not wrong, f"{len(wrong)}, seed {SEED}:\n" + "\n".join(wrong[:20])


def settle(session):
    """The pool's counts once what was dropped has been collected."""
    gc.collect()
    return session._transport_.counts()


@pytest.mark.safety("4I1", "4I2", "4I3", "4I4", "4I5", "4I6", "4I7", "4I8", "L1")
@pytest.mark.safety("X1", "X2", "X3", "X4", "X5", "X6", "X7", "X8", "X22", "X23")
@pytest.mark.parametrize(("how", "requests"), [("http", 150), ("https", 60), ("proxy", 40)])
def test_32_threads_on_one_session_and_a_server_at_random(serve, ca, how, requests):
    started = time.monotonic()
    hostile = Hostile(SEED)
    server = serve(hostile, context=ca.server_context() if how == "https" else None)
    with h11client.Session(verify=str(ca.pem)) as session:
        url = server.url
        if how == "proxy":  # the server is one that forwards, as badly as it serves
            session.proxies = {"http": server.url}
            url = "http://origin.test"
        clients = Clients(session, url, SEED)
        clients.run(32, requests)
        counts = settle(session)
        assert (counts.busy, counts.waiting) == (0, 0)
        assert counts.idle <= 20
    assert session._transport_.counts().open == 0
    give_verdict(clients, server, hostile, started)
    outcomes = Counter(result.outcome for result in clients.results)
    assert len(clients.results) == 32 * requests
    # Or else the server was not hostile, or the client gave up on everything.
    assert outcomes["complete"] > 8 * requests
    assert outcomes["error"] > 2 * requests
    assert len(hostile.actions) > len(ACTIONS) - 3


@pytest.fixture
def _restless():
    """Threads take turns every microsecond, and the collector runs as often as it can."""
    before, threshold = sys.getswitchinterval(), gc.get_threshold()
    gc.collect()
    gc.freeze()  # or each collection would go through all that the test run has made so far
    sys.setswitchinterval(1e-6)
    gc.set_threshold(100, 5, 5)
    yield
    sys.setswitchinterval(before)
    gc.set_threshold(*threshold)


@pytest.mark.safety("4I1", "4I2", "4I3", "4I5", "4I6", "4I7", "4I8", "L1", "L5", "M25")
@pytest.mark.usefixtures("_restless")
def test_a_pool_of_8_whose_responses_are_closed_early_dropped_and_collected(serve):
    started = time.monotonic()
    hostile = Hostile(SEED)
    server = serve(hostile)
    limits = h11client.Limits(max_connections=8, max_idle=4)
    over = threading.Event()

    def disturb(session):
        while not over.wait(0.02):
            gc.collect()  # all eight slots may be garbage, with everybody waiting for one
            session.close()

    def close_responses(clients):
        while (response := clients.to_close.get()) is not None:
            response.close()

    with h11client.Session(limits=limits) as session:
        hasty = h11client.Timeout(pool=0.005, total=0.3)
        clients = Clients(session, server.url, SEED, CARELESS, hasty)
        others = [
            threading.Thread(target=disturb, args=(session,)),
            threading.Thread(target=close_responses, args=(clients,)),
        ]
        for other in others:
            other.start()
        try:
            clients.run(32, 30)
        finally:
            over.set()
            clients.to_close.put(None)
            for other in others:
                other.join()
        counts = settle(session)
        assert (counts.busy, counts.waiting) == (0, 0)
        assert counts.open == counts.idle <= 4
    assert session._transport_.counts().open == 0
    give_verdict(clients, server, hostile, started)
    errors = Counter(type(result.error).__name__ for result in clients.results)
    assert errors["PoolTimeout"] > 10
    outcomes = Counter(result.outcome for result in clients.results)
    assert len(clients.results) == 960
    assert outcomes["complete"] > 200
    assert outcomes["dropped"] > 100
    assert outcomes["closed elsewhere"] > 0
