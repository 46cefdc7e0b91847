"""Runs a program twice, on requests and on h11client, against the loopback service."""

from __future__ import annotations

import json
import os
import re
import ssl
import subprocess
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import trustme

from tests.programs.archive_service import add_archive
from tests.programs.data_service import add_data
from tests.programs.echo_service import add_echo
from tests.programs.gitlab_service import add_gitlab
from tests.programs.index_service import add_index
from tests.programs.service import Service, serving

PROGRAMS = Path(__file__).parent
NAMES = ("archive.org", "doi.org", "zenodo.org")  # what programs reach over TLS, through a proxy
STOP_SECONDS = 180.0  # only a test that fails ever waits for it


# What libraries say of themselves, and of the connection under a request.
OF_THE_LIBRARY = {"user-agent", "accept-encoding", "connection", "proxy-connection"}
BOUNDARY = re.compile(rb"boundary=([^;,\s]+)")


def compared(call: dict[str, Any]) -> dict[str, Any]:
    """A request as both libraries should send it: without what is random, or the library's own."""
    headers = [(n.lower(), v) for n, v in call["headers"] if n.lower() not in OF_THE_LIBRARY]
    body: bytes = call["body"]
    boundary = BOUNDARY.search(dict(headers).get("content-type", "").encode())
    if boundary:
        word = boundary[1].decode()
        headers = [(n, v.replace(word, "...")) for n, v in headers]
        body = body.replace(boundary[1], b"...")
    headers = [(n, digest_names(v) if v.startswith("Digest ") else v) for n, v in headers]
    return {**call, "headers": sorted(headers), "body": body}


def digest_names(value: str) -> str:
    """The names in an answer to a Digest challenge; most values are new each time."""
    return "Digest " + " ".join(sorted(part.split("=")[0].strip() for part in value[7:].split(",")))


class Run:
    """What a program printed, and what the service saw of it."""

    def __init__(self, found: Any, calls: list[dict[str, Any]]) -> None:
        self.found = found
        self.calls = calls


Runs = dict[tuple[str, str], Run]  # by library and program


def without_port(port: str, value: Any) -> Any:
    """A value without the port that the service happened to get."""
    if isinstance(value, str):
        return value.replace(f":{port}", ":PORT").replace(f"%3A{port}", "%3APORT")
    if isinstance(value, dict):
        return {key: without_port(port, held) for key, held in value.items()}
    if isinstance(value, (list, tuple)):
        return [without_port(port, held) for held in value]
    return value


class Stage:
    """How to run programs, each on a service of its own."""

    def __init__(self, python: str, context: ssl.SSLContext, ca: Path, folder: Path) -> None:
        self.python = python
        self.context = context
        self.ca = ca
        self.folder = folder

    def run_all(self, libraries: Sequence[str], programs: Sequence[str]) -> Runs:
        """Every program on every library, two at a time."""
        pairs = [(library, program) for program in programs for library in libraries]
        with ThreadPoolExecutor(2) as threads:
            return dict(zip(pairs, threads.map(lambda pair: self.run(*pair), pairs)))

    def run(self, library: str, program: str) -> Run:
        service = Service()
        for add in (add_gitlab, add_archive, add_data, add_index, add_echo):
            add(service)
        home = self.folder / program / library
        home.mkdir(parents=True)
        with serving(service, self.context) as url:
            command = [self.python, "-I", "-W", "error::ResourceWarning:h11client"]
            command += [str(PROGRAMS / "run.py"), library, program, url, str(home)]
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                env=self.environment(home, url),
                cwd=home,
                timeout=STOP_SECONDS,
            )
        assert done.returncode == 0, f"{program} on {library}:\n{done.stdout}{done.stderr}"
        port = url.rsplit(":", 1)[1]
        found = json.loads(done.stdout.splitlines()[-1])
        return Run(without_port(port, found), without_port(port, service.take_log()))

    def environment(self, home: Path, url: str) -> dict[str, str]:
        """Every name but ours is reached through the service, which is trusted."""
        return {
            "PATH": os.environ.get("PATH", ""),
            "HOME": str(home),
            "http_proxy": url,
            "https_proxy": url,
            "no_proxy": "127.0.0.1,localhost",
            "REQUESTS_CA_BUNDLE": str(self.ca),
        }


@pytest.fixture(scope="session")
def stage(
    environment_python: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory
) -> Stage:
    authority = trustme.CA()
    folder = tmp_path_factory.mktemp("programs")
    ca = folder / "ca.pem"
    authority.cert_pem.write_to_path(str(ca))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*NAMES).configure_cert(context)
    return Stage(environment_python("callers"), context, ca, folder)
