"""The fixture `h11client_mock`, as pytest finds it where the distribution is installed."""

from __future__ import annotations

from importlib.metadata import entry_points

import pytest

pytest_plugins = ["pytester"]

HEAD = """
import unittest

import h11client
import pytest

URL = "http://a.test/b"

class Program:
    session = h11client.Session()  # made before any test

    def ask(self):
        return self.session.get(URL).text + h11client.get(URL).text
"""


def test_it_is_declared_once_and_loaded_in_this_very_run(request: pytest.FixtureRequest) -> None:
    (entry,) = (entry for entry in entry_points(group="pytest11") if entry.name == "h11client")
    assert entry.value == "h11client._pytest_plugin"
    manager = request.config.pluginmanager
    assert manager.has_plugin("h11client")
    plugins = [plugin for plugin in manager.get_plugins() if "h11client" in getattr(plugin, "__name__", "")]  # fmt: skip
    assert len(plugins) == 1


def test_the_fixture_works_in_this_very_run(h11client_mock) -> None:  # type: ignore[no-untyped-def]
    import h11client

    h11client_mock.get("http://a.test/").respond(json=7)
    assert h11client.get("http://a.test/").json() == 7


def test_it_answers_whatever_the_program_uses(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        HEAD
        + """
@pytest.fixture
def answered(h11client_mock):
    return h11client_mock.get(URL).respond(content="a").respond(content="b")

def test_program(h11client_mock, answered):
    assert Program().ask() == "ab"
    assert len(h11client_mock.requests) == answered.call_count == 2

def test_nothing_is_left_over(h11client_mock):
    assert h11client_mock.requests == []

def test_without_it_there_is_a_network():
    with pytest.raises(h11client.ConnectionError):
        h11client.get("http://127.0.0.1:9/", timeout=5)
"""
    )
    result = pytester.runpytest_subprocess("--strict-markers", "-W", "error")
    result.assert_outcomes(passed=3)


def test_what_is_wrong_fails_clearly_and_once(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        HEAD
        + """
def test_unexpected(h11client_mock):
    h11client_mock.post(URL)
    Program().ask()

def test_swallowed(h11client_mock):
    try:
        Program().ask()
    except Exception:
        pass

def test_never_made(h11client_mock):
    h11client_mock.get(URL)

def test_fails_by_itself(h11client_mock):
    h11client_mock.get(URL)
    assert 1 == 2

def test_is_skipped(h11client_mock):
    h11client_mock.get(URL)
    raise unittest.SkipTest("later")
"""
    )
    result = pytester.runpytest_subprocess("-W", "error")
    # What a test has not noticed is an error at its end.
    result.assert_outcomes(failed=2, passed=2, errors=2, skipped=1)
    result.stdout.fnmatch_lines(
        [
            "*ERROR at teardown of test_swallowed*",
            "*UnexpectedRequest: made, and not expected:*",
            "E*GET http://a.test/b",
            "*ERROR at teardown of test_never_made*",
            "*UnexpectedRequest: expected, and not made:*",
            "E*GET http://a.test/b: never",
            "*FAILURES*",
            "*UnexpectedRequest: not expected:*",
            "E*GET http://a.test/b",
            "E*POST http://a.test/b: its method is not POST",
            "*assert 1 == 2*",
        ]
    )


def test_marks_say_what_is_checked(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        HEAD
        + """
pytestmark = pytest.mark.h11client_mock(assert_all_called=False)

def test_never_made(h11client_mock):
    h11client_mock.get(URL)

@pytest.mark.h11client_mock(assert_all_called=True)
def test_the_nearest_mark_wins(h11client_mock):
    h11client_mock.get(URL)

@pytest.mark.h11client_mock(assert_all_expected=False)
def test_swallowed(h11client_mock):
    h11client_mock.get(URL)
    with pytest.raises(AssertionError):
        h11client.post(URL)

@pytest.mark.h11client_mock(nonsense=1)
def test_wrong(h11client_mock):
    pass
"""
    )
    result = pytester.runpytest_subprocess("--strict-markers", "-W", "error")
    result.assert_outcomes(passed=3, errors=2)
    result.stdout.fnmatch_lines(
        ["*at setup of test_wrong*", "*TypeError*nonsense*"], consecutive=False
    )
    markers = pytester.runpytest_subprocess("--markers")
    markers.stdout.fnmatch_lines(["@pytest.mark.h11client_mock(assert_all_called=True, *"])


def test_the_client_is_not_loaded_for_tests_that_do_not_use_it(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
import sys

def test_nothing_is_loaded():
    ours = {name for name in sys.modules if name.partition(".")[0] in ("h11", "h11client")}
    assert ours == {"h11client", "h11client._version", "h11client._pytest_plugin"}
"""
    )
    pytester.runpytest_subprocess("-W", "error").assert_outcomes(passed=1)


def test_who_does_not_want_it_leaves_it_out(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_no_fixture(h11client_mock): pass")
    result = pytester.runpytest_subprocess("-p", "no:h11client")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*fixture 'h11client_mock' not found*"])
