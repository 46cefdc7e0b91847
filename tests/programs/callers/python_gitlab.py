"""python-gitlab: signs in, pages through issues, streams a job's artifacts, uploads, and fails."""

from __future__ import annotations

import hashlib
import socket
from pathlib import Path
from typing import Any

import gitlab
import requests

TOKEN = "glpat-0123456789"


def main(url: str, folder: Path) -> dict[str, Any]:
    with gitlab.Gitlab(url, private_token=TOKEN, timeout=10) as gl:
        gl.auth()
        project = gl.projects.get(1)
        return {
            "signed in as": gl.user.name,
            "paging": paging(project),
            "an issue": an_issue(project),
            "artifacts": artifacts(project),
            "uploads": uploads(project, folder),
            "unsteady": [b.name for b in project.branches.list(retry_transient_errors=True)],
            "failures": failures(gl, url),
        }


def paging(project: Any) -> dict[str, Any]:
    lazily = project.issues.list(iterator=True, per_page=20, state="opened")
    return {
        "total": lazily.total,
        "titles": [issue.title for issue in lazily],
        "all": len(project.issues.list(get_all=True, per_page=10)),
        "a page": [issue.iid for issue in project.issues.list(page=3, per_page=20)],
    }


def an_issue(project: Any) -> dict[str, Any]:
    issue = project.issues.create({"title": "Ünïcode", "labels": ["a", "b"]})
    sent = issue.body
    issue.state_event = "close"
    issue.save()
    issue.delete()
    return {"sent": sent, "state": issue.state}


def artifacts(project: Any) -> dict[str, Any]:
    job = project.jobs.get(5)
    sizes: list[int] = []
    digest = hashlib.sha256()

    def take(piece: bytes) -> None:
        sizes.append(len(piece))
        digest.update(piece)

    job.artifacts(streamed=True, action=take, chunk_size=1000)
    pieces = job.artifacts(iterator=True, chunk_size=64_000)
    return {
        "size": sum(sizes),
        "digest": digest.hexdigest(),
        "whole": hashlib.sha256(job.artifacts()).hexdigest(),
        "by pieces": hashlib.sha256(b"".join(pieces)).hexdigest(),
    }


def uploads(project: Any, folder: Path) -> dict[str, Any]:
    file = folder / "engine.bin"
    file.write_bytes(bytes(range(256)) * 2000)
    done = project.generic_packages.upload("engine", "1.0", "engine.bin", path=file)
    return {
        "multipart": project.upload("notes é.txt", filedata="some notes"),
        "package": done.message,
        "digest": hashlib.sha256(file.read_bytes()).hexdigest(),
    }


def failures(gl: Any, url: str) -> dict[str, Any]:
    wrong = gitlab.Gitlab(url, private_token="wrong")
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # and nobody listens
        nobody = gitlab.Gitlab(f"http://127.0.0.1:{unused.getsockname()[1]}", private_token=TOKEN)
        found = {
            "missing": failure(lambda: gl.projects.get(404)),
            "wrong token": failure(wrong.auth),
            "a redirected POST": failure(lambda: gl.http_post("/projects/2/issues")),
            "cut short": failure(lambda: gl.http_get("/projects/1/snippets")),
            "nobody there": failure(nobody.auth),
        }
    return found


def failure(call: Any) -> dict[str, Any]:
    """What a call raises, as its caller can tell by the names and values of both worlds."""
    try:
        call()
    except gitlab.exceptions.GitlabError as error:
        return {
            "raised": type(error).__name__,
            "code": error.response_code,
            "message": str(error).split("://")[0],
        }
    except requests.exceptions.RequestException as error:
        known = ("HTTPError", "ChunkedEncodingError", "ConnectionError")
        kinds = [kind for kind in known if isinstance(error, getattr(requests.exceptions, kind))]
        return {"caught as": kinds[0]}
    raise AssertionError("it did not fail")
