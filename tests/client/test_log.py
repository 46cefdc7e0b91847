"""h11client/_log.py: debug lines, and no cost for programs which do not log."""

from __future__ import annotations

import logging
import sys
import types

import pytest

from h11client import _log


def test_lines_go_to_the_logger_of_the_client_from_the_place_that_wrote_them(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.DEBUG, "h11client"):
        _log.debug("dialled %s:%d", "a.test", 80)
    (record,) = caplog.records
    assert (record.name, record.levelname) == ("h11client", "DEBUG")
    assert record.getMessage() == "dialled a.test:80"
    assert record.filename == "test_log.py"


def test_nothing_is_logged_above_the_debug_level(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "h11client"):
        _log.debug("dialled %s", "a.test")
    assert caplog.records == []


def test_a_program_without_logging_does_not_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_log, "_logger", None)
    monkeypatch.delitem(sys.modules, "logging")
    _log.debug("dialled %s", "a.test")
    assert "logging" not in sys.modules


def test_a_logging_module_that_is_just_being_imported_is_left_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(_log, "_logger", None)
    monkeypatch.setitem(sys.modules, "logging", types.ModuleType("logging"))
    _log.debug("dialled %s", "a.test")  # has no getLogger yet: does not raise
    assert vars(sys.modules["logging"]).get("getLogger") is None
