"""twine: signs in and uploads distributions with a progress bar, and is refused."""

from __future__ import annotations

import gzip
import io
import tarfile
from pathlib import Path
from typing import Any

import requests
from twine.commands import upload
from twine.settings import Settings


def main(url: str, folder: Path) -> dict[str, Any]:
    return {
        "uploaded": attempt(url, folder, "engine"),
        "after a 503": attempt(url, folder, "unsteady"),
        "refused": attempt(url, folder, "refused"),
        "not signed in": attempt(url, folder, "engine", password="wrong"),
    }


def attempt(url: str, folder: Path, name: str, password: str = "pypi-secret") -> Any:
    settings = Settings(
        repository_url=f"{url}/legacy/",
        username="__token__",
        password=password,
        disable_progress_bar=True,
        non_interactive=True,
    )
    try:
        upload.upload(settings, [str(distribution(folder, name))])
    except requests.HTTPError as error:
        return {"status": error.response.status_code, "text": error.response.text}
    return "done"


def distribution(folder: Path, name: str) -> Path:
    """A source distribution of nothing but its metadata."""
    about = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\nSummary: ünïcode\nKeywords: a,b\n"
    path = folder / f"{name}-1.0.tar.gz"
    with gzip.GzipFile(path, "wb", mtime=0) as packed, tarfile.open(fileobj=packed, mode="w") as archive:  # fmt: skip
        for file in ("PKG-INFO", "setup.py"):
            member = tarfile.TarInfo(f"{name}-1.0/{file}")
            member.size = len(about.encode())
            archive.addfile(member, io.BytesIO(about.encode()))
    return path
