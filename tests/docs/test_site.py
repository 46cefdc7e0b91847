"""scripts/docs builds the site, and refuses broken links and stale diagrams."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable

import h11
from tests.conftest import ROOT


def test_the_site_builds_without_a_warning(environment_python: Callable[[str], str]) -> None:
    command = [environment_python("docs"), str(ROOT / "scripts" / "build_docs.py"), "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert (ROOT / "site" / "h11" / "tutorial.html").is_file()


def test_the_reference_names_everything_public() -> None:
    reference = (ROOT / "docs" / "h11" / "api.md").read_text(encoding="utf-8")
    assert [name for name in h11.__all__ if f"`{name}`" not in reference] == []


def test_every_page_is_in_the_navigation() -> None:
    navigation = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    pages = [page.relative_to(ROOT / "docs").as_posix() for page in (ROOT / "docs").rglob("*.md")]
    listed = re.findall(r"(?:- |: )(\S+\.md)$", navigation, re.MULTILINE)
    assert sorted(listed) == sorted(pages)


def test_every_public_method_and_attribute_of_a_connection_is_described() -> None:
    page = (ROOT / "docs" / "h11" / "connection.md").read_text(encoding="utf-8")
    names = set(vars(h11.Connection(h11.CLIENT))) | set(dir(h11.Connection))
    assert [name for name in sorted(names) if not name.startswith("_") and name not in page] == []
