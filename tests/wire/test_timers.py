"""Programs with timers, and Ctrl-C: signals while a read waits, in interpreters of their own."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.wire.conftest import PATIENCE, Peer, Server

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
HALF = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + b"h" * 200_000
SOON = 5.0  # seconds by which a limit may be passed on a busy machine

START = """
import signal, sys, time
import h11client
from h11client import Timeout

beats = 0

def beat(number, frame):
    global beats
    beats += 1

def start_timer():
    signal.signal(signal.SIGALRM, beat)
    signal.setitimer(signal.ITIMER_REAL, 0.005, 0.005)

url, ca = sys.argv[1:]
session = h11client.Session(trust_env=False, verify=ca)
"""

TIMED = """
started = time.monotonic()
try:
    wait()
except h11client.exceptions.Timeout as error:
    print(f"{time.monotonic() - started:.3f}", beats, type(error).__name__)
else:
    print("nothing was raised")
signal.setitimer(signal.ITIMER_REAL, 0)
session.close()
"""

BEFORE = """
start_timer()

def wait():
    session.get(url, timeout=Timeout(**limits))
"""

AFTER_A_REQUEST = """
assert session.get(url).text == "ok"
start_timer()

def wait():
    session.get(url, timeout=Timeout(**limits))
"""

# Beyond what has come with its head, so that several reads wait.
WITHIN_A_BODY = """
response = session.get(url, timeout=Timeout(**limits), stream=True)
start_timer()

def wait():
    for _ in response.iter_content(65536):
        pass
"""

CTRL_C = """
print("ready", flush=True)
try:
    session.get(url, timeout=Timeout(read=30))
except KeyboardInterrupt:
    print("heard")
counts = session._transport_.counts()
print(counts.busy, counts.open)
"""


def silent(peer: Peer) -> None:
    peer.read_head()
    peer.wait_for_end()


def silent_after_one(peer: Peer) -> None:
    peer.read_head()
    peer.send(OK)
    silent(peer)


def half(peer: Peer) -> None:
    peer.read_head()
    peer.send(HALF)
    peer.wait_for_end()


def start(code: str, url: str, ca: Any, known: str = "") -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-X", "dev", "-W", "error", "-c", START + known + code, url, str(ca.pem)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=ROOT,
    )


PROGRAMS = [
    ("before the session", BEFORE, silent),
    ("after a request", AFTER_A_REQUEST, silent_after_one),
    ("within a body", WITHIN_A_BODY, half),
]


@pytest.mark.safety("X22", "M8")
@pytest.mark.parametrize("limits", [{"total": 0.5}, {"read": 0.5}], ids=["total", "read"])
@pytest.mark.parametrize("secure", [False, True], ids=["http", "https"])
@pytest.mark.parametrize(
    ("code", "script"), [row[1:] for row in PROGRAMS], ids=[row[0] for row in PROGRAMS]
)
def test_a_timer_outlasts_no_limit_whenever_it_is_set(
    code: str,
    script: Callable[[Peer], None],
    secure: bool,
    limits: dict[str, float],
    serve: Callable[..., Server],
    ca: Any,
) -> None:
    server = serve(script, context=ca.server_context() if secure else None)
    program = start(code + TIMED, server.url, ca, f"limits = {limits!r}\n")
    try:
        said, _ = program.communicate(timeout=PATIENCE / 2)
    finally:
        program.kill()
        program.wait()
    took, beats, error = said.split()
    assert float(took) < 0.5 + SOON
    assert int(beats) > 5
    assert error.endswith("Timeout")


@pytest.mark.safety("X22", "4I4")
@pytest.mark.parametrize("pause", [0.0, 0.2], ids=["within recv", "within poll"])
@pytest.mark.parametrize("secure", [False, True], ids=["http", "https"])
def test_ctrl_c_is_heard_at_once(
    pause: float, secure: bool, serve: Callable[..., Server], ca: Any
) -> None:
    sent: list[float] = []

    def script(peer: Peer) -> None:
        peer.read_head()
        time.sleep(pause)  # by when a wait within recv is over
        sent.append(time.monotonic())
        program.send_signal(signal.SIGINT)
        peer.wait_for_end()

    server = serve(script, context=ca.server_context() if secure else None)
    program = start(CTRL_C, server.url, ca)
    try:
        said, _ = program.communicate(timeout=PATIENCE / 2)
    finally:
        program.kill()
        program.wait()
    assert said.split("\n") == ["ready", "heard", "0 0", ""]
    assert time.monotonic() - sent[0] < SOON
