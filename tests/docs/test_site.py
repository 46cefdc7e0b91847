"""scripts/docs builds the site, and refuses broken links and stale diagrams."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from types import ModuleType

import h11
import h11client
from tests.conftest import ROOT

REFERENCE = ROOT / "docs" / "reference"


def test_the_site_builds_without_a_warning(environment_python: Callable[[str], str]) -> None:
    command = [environment_python("docs"), str(ROOT / "scripts" / "build_docs.py"), "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=240)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert (ROOT / "site" / "h11" / "tutorial.html").is_file()


def test_the_reference_names_everything_public() -> None:
    reference = (ROOT / "docs" / "h11" / "api.md").read_text(encoding="utf-8")
    assert [name for name in h11.__all__ if f"`{name}`" not in reference] == []


def test_the_reference_of_the_client_has_everything_public() -> None:
    """Modules are pages of their own; the exceptions are listed by theirs."""
    pages = "".join(page.read_text(encoding="utf-8") for page in REFERENCE.glob("*.md"))
    modules = {
        name for name in h11client.__all__ if isinstance(getattr(h11client, name), ModuleType)
    }
    named = set(re.findall(r"auto(?:class|function):: (\w+)", pages))
    listed = set(h11client.exceptions.__all__) | modules | {"__version__", "codes", "session"}
    assert set(h11client.__all__) - named - listed == set()


def test_every_public_method_and_attribute_of_a_connection_is_described() -> None:
    page = (ROOT / "docs" / "h11" / "connection.md").read_text(encoding="utf-8")
    names = set(vars(h11.Connection(h11.CLIENT))) | set(dir(h11.Connection))
    assert [name for name in sorted(names) if not name.startswith("_") and name not in page] == []
