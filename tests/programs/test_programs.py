"""Programs written for requests do on h11client what they do on requests."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.programs.archive_service import FILE, IDENTIFIERS
from tests.programs.conftest import Runs, Stage, compared
from tests.programs.data_service import SECRET, TABLE
from tests.programs.gitlab_service import ARTIFACT, ISSUES

LIBRARIES = ("requests", "h11client")
PROGRAMS = ("python_gitlab", "internet_archive", "pooch_data", "twine_upload")

# Fields that only one of the libraries sends with a method, and the line of docs/migrating.md.
DIFFERENCES = {
    ("DELETE", "content-length"): "DELETE and OPTIONS without a body",
    ("GET", "private-token"): "what `auth=` has set beside Authorization",
    ("GET", "content-type"): "Content-Type of a request without a body",
}


@pytest.fixture(scope="module")
def runs(stage: Stage) -> Runs:
    return stage.run_all(LIBRARIES, PROGRAMS)


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_program_gets_the_same_results(runs: Runs, program: str) -> None:
    assert runs["h11client", program].found == runs["requests", program].found


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_program_sends_the_same_requests(runs: Runs, program: str) -> None:
    ours, theirs = ([expected(call) for call in runs[n, program].calls] for n in LIBRARIES)
    assert ours == theirs


def expected(call: dict[str, Any]) -> dict[str, Any]:
    """A request without what may differ, and without orders that are left to chance.

    Those are that of a form's parts, in the program, and that of cookies in the standard library.
    """
    call = compared(call)
    fields = [(n, v) for n, v in call["headers"] if (call["method"], n) not in DIFFERENCES]
    fields = [(n, sorted(v.split("; ")) if n == "cookie" else v) for n, v in fields]
    return {**call, "headers": fields, "body": sorted(call["body"].split(b"--..."))}


@pytest.mark.parametrize("subject", DIFFERENCES.values())
def test_what_differs_is_documented(subject: str) -> None:
    page = (ROOT / "docs" / "migrating.md").read_text(encoding="utf-8")
    assert f"| {subject} |" in page


@pytest.mark.parametrize("library", LIBRARIES)
def test_python_gitlab_did_its_work(runs: Runs, library: str) -> None:
    found = runs[library, "python_gitlab"].found
    assert found["signed in as"] == "Ada Łovelace"
    assert found["paging"]["titles"] == [f"issue {n}" for n in range(1, ISSUES + 1)]
    assert found["artifacts"]["size"] == len(ARTIFACT)
    assert found["artifacts"]["digest"] == hashlib.sha256(ARTIFACT).hexdigest()
    assert found["uploads"]["multipart"]["alt"] == "some notes"
    assert found["failures"]["wrong token"]["code"] == 401


@pytest.mark.parametrize("library", LIBRARIES)
def test_internetarchive_did_its_work(runs: Runs, library: str) -> None:
    found = runs[library, "internet_archive"].found
    assert found["signed in"]["s3"]["access"] == "access-key"
    assert found["paging"] == IDENTIFIERS
    assert set(found["downloads"]["digests"]) == {hashlib.sha256(FILE).hexdigest()}
    assert found["uploads"]["seen"][:2] == [found["uploads"]["is"]] * 2
    assert found["failures"]["gone"]["status"] == 410


@pytest.mark.parametrize("library", LIBRARIES)
def test_pooch_did_its_work(runs: Runs, library: str) -> None:
    found = runs[library, "pooch_data"].found
    digests = {found["plain"], found["a DOI"]["digest"], found["with progress"]["digest"]}
    assert digests == {hashlib.sha256(TABLE).hexdigest()}
    assert found["members"] == SECRET.decode()
    assert found["failures"]["not signed in"] == {"caught as": "HTTPError", "status": 401}


@pytest.mark.parametrize("library", LIBRARIES)
def test_twine_did_its_work(runs: Runs, library: str) -> None:
    found = runs[library, "twine_upload"].found
    assert (found["uploaded"], found["after a 503"]) == ("done", "done")
    assert found["refused"] == {"status": 400, "text": "File already exists."}
    assert found["not signed in"]["status"] == 403
