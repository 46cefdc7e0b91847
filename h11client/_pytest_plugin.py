"""The fixture `h11client_mock`: pytest finds it when the distribution is installed.

Nothing of the client is loaded until a test asks for the fixture.
"""

from __future__ import annotations

import pytest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from h11client.testing import MockRouter

_MARK = "h11client_mock"
_over: pytest.StashKey[bool] = pytest.StashKey()  # the test has failed, or was skipped, by itself


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        f"{_MARK}(assert_all_called=True, assert_all_expected=True): what the fixture of that name"
        " checks at the end of the test",
    )


def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> None:
    if call.when == "call":
        item.stash[_over] = call.excinfo is not None


@pytest.fixture
def h11client_mock(request: pytest.FixtureRequest) -> Iterator[MockRouter]:
    """A `h11client.testing.MockRouter` that answers all requests of h11client during the test."""
    from h11client.testing import MockRouter

    options = {}
    for mark in reversed([*request.node.iter_markers(_MARK)]):
        options.update(mark.kwargs)  # those of the test win over those of its class and module
    router = MockRouter(**options)
    router.start()
    try:
        yield router
    finally:
        router.stop()
    if not request.node.stash.get(_over, False):
        router.check()
