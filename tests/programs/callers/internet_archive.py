"""internetarchive: signs in, searches page by page, downloads with resuming, uploads, and fails."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import internetarchive
import internetarchive.config
import internetarchive.files
import requests


def main(url: str, folder: Path) -> dict[str, Any]:
    for module in (internetarchive.config, internetarchive.files):
        module.sleep = lambda seconds: None  # it is polite to a service that is shared by many
    signed_in = internetarchive.config.get_auth_config("ada@example.org", "right & good")
    config = {**signed_in, "general": {"secure": False}}
    session = internetarchive.get_session(config, config_file=str(folder / "none.ini"))
    try:
        return {
            "signed in": signed_in,
            "cookies": sorted((cookie.name, cookie.domain) for cookie in session.cookies),
            "paging": [found["identifier"] for found in session.search_items("title:book")],
            "total": session.search_items("title:book").num_found,
            "downloads": downloads(session, folder),
            "uploads": uploads(session, folder),
            "metadata": metadata(session),
            "failures": failures(session, folder),
        }
    finally:
        session.close()


def downloads(session: Any, folder: Path) -> dict[str, Any]:
    file = session.get_item("book-1").get_file("book one.txt")
    whole, resumed = folder / "whole.txt", folder / "resumed.txt"
    file.download(str(whole), destdir=str(folder))
    resumed.write_bytes(whole.read_bytes()[:10_000])
    file.download(str(resumed), destdir=str(folder))
    response = file.download(destdir=str(folder), return_responses=True)
    lines = sum(1 for _ in response.iter_lines())
    unsteady = session.get_item("unsteady").get_file("book one.txt")
    unsteady.download(str(folder / "unsteady.txt"), destdir=str(folder))
    return {
        "digests": [
            hashlib.sha256((folder / name).read_bytes()).hexdigest()
            for name in ("whole.txt", "resumed.txt", "unsteady.txt")
        ],
        "modified": whole.stat().st_mtime,
        "lines": lines,
        "from": response.url,
        "by way of": [passed.status_code for passed in response.history],
    }


def uploads(session: Any, folder: Path) -> dict[str, Any]:
    file = folder / "upload.bin"
    file.write_bytes(bytes(range(256)) * 3000)
    (folder / "empty.bin").touch()
    item = session.get_item("book-2")
    about = {"title": "An üpload", "subject": ["one", "two"]}
    response, *_ = item.upload({"a file é.bin": str(file)}, metadata=about, verify=True)
    shown = item.upload_file(str(file), key="shown.bin", verbose=True)
    empty = item.upload_file(str(folder / "empty.bin"))
    checked = item.upload_file(str(folder / "whole.txt"), key="book one.txt", checksum=True)
    return {
        "status": [response.status_code, shown.status_code, empty.status_code],
        "seen": [response.headers["ETag"], shown.headers["etag"], empty.headers["ETag"]],
        "is": hashlib.md5(file.read_bytes()).hexdigest(),
        "to": response.request.url,
        "not repeated": [checked.status_code, checked.headers.get("ETag")],
    }


def metadata(session: Any) -> Any:
    return session.get_item("book-3").modify_metadata({"title": "A néw title"}).json()


def failures(session: Any, folder: Path) -> dict[str, Any]:
    account = {"s3": {"access": "a", "secret": "b"}, "general": {"secure": False}}
    stranger = internetarchive.get_session(account, config_file=str(folder / "none.ini"))
    metadata = {"metadata": {"identifier": "gone"}, "files": [{"name": "x.txt"}]}
    gone = session.get_item("gone", metadata).get_file("x.txt")
    item = stranger.get_item("book-2")
    with stranger:
        return {
            "wrong password": failure(lambda: internetarchive.config.get_auth_config("a", "wrong")),
            "no such item": failure(lambda: session.get_item("gone")),
            "gone": failure(lambda: gone.download(destdir=str(folder), retries=1)),
            "not allowed": failure(lambda: item.upload_file(str(folder / "upload.bin"))),
        }


def status(error: Any) -> Any:
    return None if error.response is None else error.response.status_code


def failure(call: Any) -> dict[str, Any]:
    try:
        found = call()
    except requests.exceptions.RequestException as error:
        known = ("HTTPError", "RetryError", "ConnectionError")
        kinds = [kind for kind in known if isinstance(error, getattr(requests.exceptions, kind))]
        return {"caught as": kinds[0], "status": status(error), "text": str(error)}
    except Exception as error:
        return {"raised": type(error).__name__, "text": str(error)}
    return {"gave": repr(found)}
