"""pooch: resolves a DOI, lists a repository's files, streams them with progress, and fails."""

from __future__ import annotations

import hashlib
import logging
from pathlib import Path
from typing import Any

import pooch
import requests


class Progress:
    """What pooch wants of a bar: a total that it sets, and these three."""

    def __init__(self) -> None:
        self.total = 0
        self.seen = 0

    def update(self, size: int) -> None:
        self.seen += size

    def reset(self) -> None: ...

    def close(self) -> None: ...


def main(url: str, folder: Path) -> dict[str, Any]:
    logging.getLogger("pooch").setLevel(logging.ERROR)
    data = f"{url}/data"
    table = pooch.create(folder / "plain", base_url=f"{data}/", registry={"table.csv": None, "members.txt": None, "missing.csv": None})  # fmt: skip
    return {
        "plain": digest(table.fetch("table.csv")),
        "available": [table.is_available(name) for name in ("table.csv", "missing.csv")],
        "moved": pooch.HTTPDownloader()(f"{data}/old.csv", None, None, check_only=True),
        "a DOI": by_doi(folder),
        "with progress": progress(f"{data}/sized.csv", folder),
        "members": members(table),
        "failures": failures(table, data, folder),
    }


def by_doi(folder: Path) -> dict[str, Any]:
    cache = pooch.create(folder / "doi", base_url="doi:10.5281/zenodo.1/", registry=None)
    cache.load_registry_from_doi()
    return {"files": dict(cache.registry), "digest": digest(cache.fetch("table.csv"))}


def progress(url: str, folder: Path) -> dict[str, Any]:
    bar = Progress()
    downloader = pooch.HTTPDownloader(progressbar=bar, chunk_size=500)
    path = pooch.retrieve(url, None, fname="again.csv", path=folder, downloader=downloader)
    return {"digest": digest(path), "total": bar.total, "seen": bar.seen}


def members(table: Any) -> str:
    auth = pooch.HTTPDownloader(auth=("doggo", "good boy"))
    return Path(table.fetch("members.txt", downloader=auth)).read_text(encoding="utf-8")


def failures(table: Any, data: str, folder: Path) -> dict[str, Any]:
    again = pooch.create(folder / "other", base_url=f"{data}/", registry={"members.txt": None, "missing.csv": None})  # fmt: skip
    return {
        "not signed in": failure(lambda: again.fetch("members.txt")),
        "missing": failure(lambda: again.fetch("missing.csv")),
        "cut short": failure(lambda: pooch.retrieve(f"{data}/cut.csv", None, path=folder)),
        "unknown DOI": failure(lambda: pooch.retrieve("doi:10.1/none/x.csv", None, path=folder)),
        "another digest": failure(lambda: pooch.retrieve(f"{data}/table.csv", "md5:0", fname="x", path=folder)),
    }  # fmt: skip


def status(error: Any) -> Any:
    return None if error.response is None else error.response.status_code


def failure(call: Any) -> dict[str, Any]:
    try:
        call()
    except requests.exceptions.RequestException as error:
        known = ("HTTPError", "ChunkedEncodingError", "ConnectionError")
        kinds = [kind for kind in known if isinstance(error, getattr(requests.exceptions, kind))]
        return {"caught as": kinds[0], "status": status(error) if kinds[0] == "HTTPError" else None}
    except ValueError as error:
        return {"raised": "ValueError", "text": str(error).split("(")[0]}
    raise AssertionError("it did not fail")


def digest(path: str) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()
