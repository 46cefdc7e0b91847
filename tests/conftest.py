"""What every test shares: proof that the code under test is ours, real servers, and the leak check."""

from __future__ import annotations

import gc
import importlib.util
import signal
import ssl
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import trustme

from scripts.environments import ensure
from scripts.httpbin_server import serve_httpbin

ROOT = Path(__file__).resolve().parent.parent
DESCRIPTORS = Path("/proc/self/fd")
LEAK_CHECKED = [ROOT / "tests" / "client", ROOT / "tests" / "wire"]
SETTLE_SECONDS = 5.0  # how long a server thread of a test may take to see that its client has gone

# The same examples in every run: a failure that one run shows, the next one shows too.
hypothesis.settings.register_profile(
    "suite",
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("suite")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--safety",
        action="append",
        default=[],
        metavar="ID",
        help="run only the tests that show this line of docs/safety.md (may be given again)",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    wanted = set(config.getoption("--safety"))
    if wanted:
        marked = {
            item for item in items for mark in item.iter_markers("safety") if wanted & {*mark.args}
        }
        config.hook.pytest_deselected(items=[item for item in items if item not in marked])
        items[:] = [item for item in items if item in marked]


def pytest_configure() -> None:
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # Started in the background, where shells have it ignored, by all that is started here too.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    for package in ("h11", "h11client"):
        # Finds what an import would give, and what a plugin may have imported already.
        found = importlib.util.find_spec(package)
        origin = found.origin if found else None
        # The very file: environments lie inside the checkout too, with what others install there.
        if origin is None or Path(origin).resolve() != ROOT / package / "__init__.py":
            pytest.exit(f"{package} would come from {origin}, not from this checkout", returncode=3)


def pytest_collection_finish() -> None:
    # What was collected stays to the end. Thousands of tests are some million objects, and every
    # test that collects garbage would look through all of them.
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="module", autouse=True)
def _what_is_there_stays() -> None:
    """The same with what the tests before this file have left for good: reports, caches, modules."""
    gc.collect()
    gc.freeze()


class Authority:
    """A certificate authority of the test run and one server certificate that it issued."""

    def __init__(self, folder: Path) -> None:
        self.authority = trustme.CA()
        issued = self.authority.issue_cert("localhost", "127.0.0.1", "::1")
        self.pem = folder / "ca.pem"  # what a client has to trust
        self.certificate = folder / "server.pem"  # key and chain in one file
        self.authority.cert_pem.write_to_path(str(self.pem))
        issued.private_key_and_cert_chain_pem.write_to_path(str(self.certificate))

    def server_context(self) -> ssl.SSLContext:
        """A new context for a server that shows the certificate."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate)
        return context


@pytest.fixture(scope="session")
def ca(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="session")
def httpbin_url() -> Iterator[str]:
    """httpbin over http, on a server that keeps connections alive."""
    with serve_httpbin() as url:
        yield url


@pytest.fixture(scope="session")
def httpbin_tls_url(ca: Authority) -> Iterator[str]:
    """The same over https, with the certificate of `ca`."""
    with serve_httpbin(ca.certificate) as url:
        yield url


@pytest.fixture(scope="session")
def environment_python() -> Callable[[str], str]:
    """Gives the interpreter of an environment of scripts/environments.py, built when it is missing."""
    return lambda name: str(ensure(name))


@pytest.fixture(autouse=True)
def _nothing_left_behind(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Descriptors, threads and pool slots are back to where they were when a client's test ends."""
    if not any(folder in request.path.parents for folder in LEAK_CHECKED):
        yield
        return
    lenders = watch_pools(monkeypatch)
    before = in_use()
    yield
    left = in_use() - before
    if left:
        gc.collect()
        give_up = time.monotonic() + SETTLE_SECONDS
        while (left := in_use() - before) and time.monotonic() < give_up:
            time.sleep(0.01)  # the threads of a test's server see the end of their client
    assert not left, f"left behind by the test: {sorted(map(str, left))}"
    counts = [lender.counts() for lender in lenders]
    assert [pool for pool in counts if pool.busy or pool.waiting] == []


def watch_pools(monkeypatch: pytest.MonkeyPatch) -> weakref.WeakSet[Any]:
    """The accounts of every pool that the test makes from now on and still has at its end."""
    from h11client._transport.lending import Lender

    lenders: weakref.WeakSet[Any] = weakref.WeakSet()
    start = Lender.__init__

    def started(lender: Lender, *args: Any, **kwargs: Any) -> None:
        start(lender, *args, **kwargs)
        lenders.add(lender)

    monkeypatch.setattr(Lender, "__init__", started)
    return lenders


def in_use() -> set[object]:
    """The open descriptors (each with what it refers to) and the running threads."""
    found: set[object] = set(threading.enumerate())
    if not DESCRIPTORS.is_dir():
        return found
    for entry in list(DESCRIPTORS.iterdir()):
        try:
            target = entry.readlink()
        except OSError:  # the listing's own descriptor
            continue
        found.add((entry.name, str(target)))
    return found
