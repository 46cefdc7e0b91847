"""Known vulnerabilities of what a user's installation holds: the dependencies and the extras.

Asked are the versions that would be installed today, and the lowest ones that we allow. Fails when
an advisory is known for one of them. Without an advisory service within reach nothing is audited,
which is said and is no failure; what was found clean is not asked for again on the same day.
"""

from __future__ import annotations

import datetime
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterable, Iterator
from pathlib import Path

from environments import FOLDER, ROOT, ensure

SECONDS = 30.0  # for everything that asks the network, but for making the environment once
SECONDS_TO_BUILD = 180.0
SECONDS_TO_PROBE = 5.0
FOR_USERS = {"brotli", "zstd", "socks", "cli", "system-trust"}  # extras
STATE = FOLDER / "audit.json"
REQUIRED = "import importlib.metadata as m, json; print(json.dumps(m.requires('h11client')))"

# Names of pip-audit's services: where to ask about a version for which there is an advisory since
# 2024 (CVE-2024-3651), with what, and where in the answer it has to be. Who knows of none is no
# service: mirrors of a package index may leave advisories out.
SERVICES: dict[str, tuple[str, bytes | None, str]] = {
    "pypi": ("https://pypi.org/pypi/idna/3.4/json", None, "vulnerabilities"),
    "osv": (
        "https://api.osv.dev/v1/query",
        b'{"package": {"name": "idna", "ecosystem": "PyPI"}, "version": "3.4"}',
        "vulns",
    ),
}


class NotReached(Exception):
    """There is nobody to ask."""


def main(python: Path) -> int:
    """Audits what the installation of `python` requires; 1 when a vulnerability is known."""
    print("-- audit: dependencies and extras", flush=True)
    try:
        wanted = requirements(python)
        if is_known(wanted):
            print("audited today already, nothing is known")
            return 0
        found, number = audit_all(wanted, time.monotonic() + SECONDS)
    except NotReached as error:
        print(f"not reached, not audited: {error}")
        return 0
    for line in found:
        print(line)
    if not found:
        STATE.write_text(json.dumps(state_of(wanted)), encoding="utf-8")
        print(f"{number} versions audited, nothing is known")
    return 1 if found else 0


def audit_all(wanted: list[str], end: float) -> tuple[list[str], int]:
    """What is known of today's versions and of the lowest ones, and how many these are."""
    service = service_within_reach()
    interpreter = interpreter_of_the_audit()
    end = max(end, time.monotonic() + SECONDS / 2)  # making the environment does not count
    groups = [versions_of_today(interpreter, wanted, end), lowest(wanted)]
    found = [line for pins in groups for line in audit(interpreter, pins, [*("-s", service)], end)]
    return found, sum(map(len, groups))


# --- what is audited ---------------------------------------------------------------------------


def requirements(python: Path) -> list[str]:
    """The requirements of the installation, with those of the extras that are for users."""
    command = [str(python), "-c", REQUIRED]
    listed = subprocess.run(command, cwd=FOLDER, stdout=subprocess.PIPE, check=True, text=True)
    return list(for_users(json.loads(listed.stdout)))


def for_users(required: Iterable[str]) -> Iterator[str]:
    """Without those of development, and without what says for which extra they are."""
    for text in required:
        extra = re.search(r"extra == '([\w-]+)'", text) or re.search(r'extra == "([\w-]+)"', text)
        if extra is None:
            yield text
        elif extra[1] in FOR_USERS:
            bare = re.sub(r"\s*(and\s+)?extra == ['\"][\w-]+['\"]", "", text)
            yield re.sub(r"\s*;\s*$", "", bare)


def lowest(wanted: Iterable[str]) -> list[str]:
    """The lowest versions that the requirements allow, as pins."""
    matches = [re.match(r"([\w.-]+?)\s*>=\s*([\w.]+)", text) for text in wanted]
    return [f"{match[1]}=={match[2]}" for match in matches if match is not None]


def versions_of_today(interpreter: Path, wanted: list[str], end: float) -> list[str]:
    """What an installer would take now, with all that this depends on, as pins."""
    command = ["-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--dry-run"]
    command += ["--ignore-installed", "--report", "-", *wanted]
    status, output = bounded([str(interpreter), *command], end)
    if status:
        raise NotReached("no package index")
    report = json.loads(output[output.index("{") :])
    told = [entry["metadata"] for entry in report["install"]]
    return sorted(f"{entry['name']}=={entry['version']}" for entry in told)


# --- who is asked ------------------------------------------------------------------------------


def service_within_reach() -> str:
    """The first service that answers."""
    for name, (url, question, key) in SERVICES.items():
        headers = {"Content-Type": "application/json", "User-Agent": "h11client/scripts"}
        request = urllib.request.Request(url, question, headers)
        try:
            with urllib.request.urlopen(request, timeout=SECONDS_TO_PROBE) as response:
                if json.loads(response.read()).get(key):
                    return name
        except (OSError, ValueError, AttributeError):  # nobody, no JSON, another kind of it
            continue
    raise NotReached("no service with advisories answers, neither the package index's nor OSV's")


def interpreter_of_the_audit() -> Path:
    """The environment of pip-audit, which is made first where it is missing."""
    command = [sys.executable, str(Path(__file__).with_name("environments.py")), "audit"]
    status, output = bounded(command, time.monotonic() + SECONDS_TO_BUILD)
    if status:
        raise NotReached("pip-audit cannot be installed")
    return Path(output.strip().splitlines()[-1])


def audit(interpreter: Path, pins: list[str], asking: list[str], end: float) -> list[str]:
    """The known vulnerabilities of the pins; `asking` are pip-audit's options for the service."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "requirements.txt"
        file.write_text("\n".join(pins) + "\n", encoding="utf-8")
        command = [str(interpreter), "-m", "pip_audit", "--requirement", str(file), "--no-deps"]
        command += ["--disable-pip", "--format", "json", "--progress-spinner", "off", *asking]
        command += ["--cache-dir", folder, "--timeout", "10"]
        _, output = bounded(command, end)
    try:
        told = json.loads(output[output.index("{") :])["dependencies"]
    except (ValueError, KeyError):
        raise NotReached("pip-audit did not come to an end") from None
    skipped = [entry["name"] for entry in told if "skip_reason" in entry]
    found = [line for entry in told for line in lines_about(entry)]
    if not found and (skipped or len(told) < len(pins)):
        raise NotReached(f"no advisories for {', '.join(skipped) or 'some of them'}")
    return found


def lines_about(entry: dict) -> Iterator[str]:  # type: ignore[type-arg]  # JSON
    """A line for each vulnerability of one version."""
    for known in entry.get("vulns", ()):
        better = ", ".join(known.get("fix_versions", ())) or "no version"
        yield f"{entry['name']} {entry['version']}: {known['id']}, mended in {better}"


# --- bounds ------------------------------------------------------------------------------------


def bounded(command: list[str], end: float) -> tuple[int, str]:
    """Status and output of a program that is ended, with its children, when time is up."""
    kept = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONHOME")}
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=kept,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(timeout=max(0.1, end - time.monotonic()))
    except subprocess.TimeoutExpired:
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        process.kill()
        process.communicate()
        raise NotReached("it takes too long") from None
    return process.returncode, output


def state_of(wanted: list[str]) -> dict[str, object]:
    """What makes it needless to ask once more."""
    return {"day": datetime.date.today().isoformat(), "wanted": wanted}


def is_known(wanted: list[str]) -> bool:
    """Whether these were found clean today."""
    try:
        return bool(json.loads(STATE.read_text(encoding="utf-8")) == state_of(wanted))
    except (OSError, ValueError):
        return False


if __name__ == "__main__":
    sys.exit(main(ensure("test")))
