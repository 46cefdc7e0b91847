"""The names that programs import."""

from __future__ import annotations

import importlib
import importlib.resources

import pytest

import h11

NAMES = {
    "CLIENT", "SERVER", "IDLE", "SEND_RESPONSE", "SEND_BODY", "DONE", "MUST_CLOSE", "CLOSED",
    "MIGHT_SWITCH_PROTOCOL", "SWITCHED_PROTOCOL", "ERROR", "NEED_DATA", "PAUSED",
    "Connection", "Event", "Request", "InformationalResponse", "Response", "Data", "EndOfMessage",
    "ConnectionClosed", "ProtocolError", "LocalProtocolError", "RemoteProtocolError",
    "Headers", "ParserLimits", "PRODUCT_ID", "__version__",
}  # fmt: skip


@pytest.mark.deviation("public-names")
def test_every_public_name_is_listed_and_nothing_else() -> None:
    assert set(h11.__all__) == NAMES
    assert len(h11.__all__) == len(NAMES)
    listed = {name for name in vars(h11) if not name.startswith("_")} - {"annotations"}
    assert listed == {name for name in NAMES if not name.startswith("_")}


def test_product_id_names_the_version() -> None:
    assert f"python-h11/{h11.__version__}" == h11.PRODUCT_ID
    assert h11.Response(status_code=200, headers=[("Server", h11.PRODUCT_ID)])


def test_names_that_dependents_import_from_inside() -> None:
    connection = importlib.import_module("h11._connection")
    assert connection.DEFAULT_MAX_INCOMPLETE_EVENT_SIZE == 16 * 1024
    headers = importlib.import_module("h11._headers")
    assert type(h11.EndOfMessage().headers) is headers.Headers


@pytest.mark.deviation("private-modules")
@pytest.mark.parametrize("name", ["_receivebuffer", "_util"])
def test_modules_that_are_not_offered(name: str) -> None:
    with pytest.raises(ImportError):
        importlib.import_module(f"h11.{name}")


def test_package_is_typed() -> None:
    assert importlib.resources.files("h11").joinpath("py.typed").is_file()
