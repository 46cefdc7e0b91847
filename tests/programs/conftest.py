"""Runs a program twice, on requests and on h11client, against the loopback service."""

from __future__ import annotations

import json
import os
import re
import ssl
import subprocess
from collections.abc import Callable, Iterator
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
STOP_SECONDS = 60.0  # only a test that fails ever waits for it


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


class Stage:
    """The service, and how to run a program on it."""

    def __init__(self, python: str, service: Service, ca: Path) -> None:
        self.python = python
        self.service = service
        self.ca = ca

    def run(self, library: str, program: str, folder: Path) -> Run:
        home = folder / library
        home.mkdir(exist_ok=True)
        command = [self.python, "-I", "-W", "error::ResourceWarning:h11client"]
        command += [str(PROGRAMS / "run.py"), library, program, self.service.base, str(home)]
        self.service.take_log()
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            env=self.environment(home),
            cwd=home,
            timeout=STOP_SECONDS,
        )
        assert done.returncode == 0, f"{program} on {library}:\n{done.stdout}{done.stderr}"
        return Run(json.loads(done.stdout.splitlines()[-1]), self.service.take_log())

    def environment(self, home: Path) -> dict[str, str]:
        """Every name but ours is reached through the service, which is trusted."""
        return {
            "PATH": os.environ.get("PATH", ""),
            "HOME": str(home),
            "http_proxy": self.service.base,
            "https_proxy": self.service.base,
            "no_proxy": "127.0.0.1,localhost",
            "REQUESTS_CA_BUNDLE": str(self.ca),
        }


@pytest.fixture(scope="session")
def stage(
    environment_python: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stage]:
    authority = trustme.CA()
    ca = tmp_path_factory.mktemp("programs") / "ca.pem"
    authority.cert_pem.write_to_path(str(ca))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*NAMES).configure_cert(context)
    service = Service()
    for add in (add_gitlab, add_archive, add_data, add_index, add_echo):
        add(service)
    with serving(service, context):
        yield Stage(environment_python("callers"), service, ca)
