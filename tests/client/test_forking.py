"""What a forked child does with sockets that nobody has finished making."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from h11client._timeouts import Deadline, LimitExpired, Timeout
from h11client._transport import dialing, forking
from h11client._transport.forking import make_socket
from tests.black_holes import BlackHole

# Threads and fork together are what this is about.
pytestmark = pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")


def in_child(check: Callable[[], bool]) -> bool:
    """What `check` says in a forked child, which does nothing else."""
    child = os.fork()
    if child == 0:
        try:
            os._exit(0 if check() else 1)
        finally:
            os._exit(2)
    return os.waitpid(child, 0)[1] == 0


def is_closed(inode: int) -> bool:
    """Whether this process has no descriptor of a socket."""
    for number in os.listdir("/proc/self/fd"):
        try:
            if os.readlink(f"/proc/self/fd/{number}") == f"socket:[{inode}]":
                return False
        except OSError:
            pass  # that of the listing
    return True


@pytest.fixture
def blackhole() -> Iterator[tuple[str, int]]:
    """An address which answers no SYN: its backlog is full."""
    with closing(BlackHole()) as hole:
        yield hole.listener.getsockname()


@pytest.mark.safety("X22", "4I5")
def test_a_child_has_no_copy_of_a_socket_that_is_only_being_connected(
    blackhole: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Or its server would not see the end of the parent's connection while the child lives.
    inodes: list[int] = []
    go = threading.Event()

    def connect() -> None:
        deadline = Deadline(Timeout(connect=0.5))
        deadline.start_connect()
        with pytest.raises(LimitExpired):
            dialing.dial([(socket.AF_INET, blackhole)], deadline)

    wait = dialing._Race._wait

    def waiting(race: dialing._Race) -> socket.socket | None:
        inodes[:] = [os.fstat(number).st_ino for number in race._running]
        go.set()
        return wait(race)

    monkeypatch.setattr(dialing._Race, "_wait", waiting)
    thread = threading.Thread(target=connect)
    thread.start()
    assert go.wait(10)
    assert not is_closed(inodes[0])
    assert in_child(lambda: is_closed(inodes[0]))
    assert not is_closed(inodes[0])
    thread.join()


@pytest.mark.safety("X22", "4I5")
def test_nobody_forks_while_a_socket_is_made_that_is_not_known_yet() -> None:
    made: list[socket.socket] = []
    begun, go = threading.Event(), threading.Event()

    def make() -> socket.socket:
        made.append(socket.socket())
        begun.set()
        assert go.wait(10)
        return made[0]

    maker = threading.Thread(target=make_socket, args=(make,))
    maker.start()
    assert begun.wait(10)
    inode = os.fstat(made[0].fileno()).st_ino
    threading.Timer(0.05, go.set).start()
    assert in_child(lambda: is_closed(inode))
    maker.join()
    made[0].close()


@pytest.mark.safety("X22")
def test_a_thread_that_makes_a_socket_may_fork_in_the_middle() -> None:
    # A signal's handler, say.
    forked: list[bool] = []

    def make() -> socket.socket:
        forked.append(in_child(lambda: in_child(lambda: True)))
        return socket.socket()

    with make_socket(make):
        assert forked == [True]
    with make_socket(socket.socket):
        pass


@pytest.mark.safety("X22")
def test_what_cannot_be_closed_in_a_child_does_not_keep_the_rest_open() -> None:
    class Stubborn:
        def abort(self) -> None:
            raise OSError

    stubborn = [Stubborn() for _ in range(20)]
    for stream in stubborn:
        forking.close_in_child(stream)
    with make_socket(socket.socket) as sock:
        inode = os.fstat(sock.fileno()).st_ino
        assert in_child(lambda: is_closed(inode))
        assert not is_closed(inode)


def test_a_fork_leaves_no_lock_behind() -> None:
    assert in_child(lambda: True)
    acquired = forking.undivided.acquire(False)
    forking.undivided.release()
    assert acquired
    started = time.monotonic()
    with make_socket(socket.socket):
        pass
    assert time.monotonic() - started < 5
