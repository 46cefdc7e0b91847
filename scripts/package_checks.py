"""What is published, tried as users get it: built, checked, installed, upgraded and uninstalled.

Wheel and source distribution are built twice and have to be the same bytes. Then, on every Python
of this machine, the wheel goes into new environments together with httpx and the package index's
h11, in every order; whatever happens to the folder `h11`, h11client must go on working on its own
engine.
"""

from __future__ import annotations

import argparse
import hashlib
import http.server
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from environments import ROOT, ensure
from pythons import installed

EPOCH = "1767225600"  # any fixed time will do: the files in an archive get it

# What is done one after the other in one environment, and whose `import h11` is then: ours, theirs,
# or either's, where the order in which an installer works is its own affair.
SCENARIOS: list[tuple[str, list[tuple[str, ...]], str]] = [
    ("ours alone", [("install", "{ours}")], "ours"),
    ("ours, then httpx", [("install", "{ours}"), ("install", "httpx")], "theirs"),
    ("httpx, then ours", [("install", "httpx"), ("install", "{ours}")], "ours"),
    ("both in one command", [("install", "{ours}", "httpx")], "either"),
    (
        "theirs is upgraded",
        [
            ("install", "{ours}", "h11==0.14.0"),
            ("install", "--upgrade", "h11==0.16.0"),
        ],
        "theirs",
    ),
    (
        "ours is upgraded",
        [
            ("install", "{ours}", "httpx"),
            ("install", "--force-reinstall", "--no-deps", "{ours}"),
        ],
        "ours",
    ),
    (
        "theirs is uninstalled, and the name mended",
        [
            ("install", "{ours}", "httpx"),
            ("uninstall", "--yes", "h11"),
            ("check",),
            ("install", "--force-reinstall", "--no-deps", "{ours}"),
        ],
        "ours",
    ),
    (
        "ours is uninstalled, and the name mended",
        [
            ("install", "{ours}", "httpx"),
            ("uninstall", "--yes", "h11client"),
            ("install", "--force-reinstall", "--no-deps", "h11"),
        ],
        "theirs",
    ),
]

SMOKE = """
import sys
import h11client
from h11client._engine import h11 as engine
assert "site-packages" in h11client.__file__, h11client.__file__
assert engine.__name__ == "h11client._h11", engine.__name__
with h11client.Session(timeout=10) as session:
    for _ in range(2):
        response = session.get(sys.argv[1])
        assert (response.status_code, response.text) == (200, "hello"), response
    assert response.connection_info.reused
"""
OWNER = """
import h11
print("ours" if hasattr(h11, "ParserLimits") else "theirs")
"""
HTTPX = """
import sys, httpx
assert httpx.get(sys.argv[1], trust_env=False).text == "hello"
"""


class Failure(Exception):
    """A step that did not do what it should."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/package", allow_abbrev=False)
    parser.add_argument("--quick", action="store_true", help="on one Python only")
    arguments = parser.parse_args()
    try:
        with tempfile.TemporaryDirectory() as folder:
            wheel = build_and_check(Path(folder))
            pythons = installed()
            if arguments.quick:
                pythons = dict(list(pythons.items())[-1:])
            with served() as url:
                for version, python in pythons.items():
                    for name, steps, owner in SCENARIOS:
                        try_scenario(python, wheel, steps, owner, url)
                        print(f"ok  Python {version}: {name}", flush=True)
            check_types(wheel)
    except Failure as failure:
        print(f"FAILED: {failure}", file=sys.stderr)
        return 1
    return 0


def build_and_check(folder: Path) -> Path:
    """The wheel, after everything that can be said of the files themselves."""
    python = str(ensure("package"))
    sums = []
    for name in ("first", "second"):
        out = folder / name
        run(python, "-m", "build", "--no-isolation", "--outdir", str(out), str(ROOT))
        sums.append({path.name: digest(path) for path in sorted(out.iterdir())})
    if sums[0] != sums[1]:
        raise Failure(f"two builds differ: {sums}")
    print(f"ok  built twice, the same bytes: {', '.join(sums[0])}", flush=True)
    files = [str(folder / "first" / name) for name in sums[0]]
    run(python, "-m", "twine", "check", "--strict", *files)
    (wheel,) = (folder / "first").glob("*.whl")
    run(python, "-m", "check_wheel_contents", "--config", str(ROOT / "pyproject.toml"), str(wheel))
    print("ok  twine check, check-wheel-contents", flush=True)
    return wheel


def try_scenario(
    python: str, wheel: Path, steps: list[tuple[str, ...]], owner: str, url: str
) -> None:
    """Works through the steps in a new environment; h11client works after each that leaves it."""
    with tempfile.TemporaryDirectory() as folder:
        run(python, "-m", "venv", folder)
        inner = str(Path(folder) / "bin" / "python")
        there = False
        for step in steps:
            words = [word.format(ours=wheel) for word in step]
            if words != ["check"]:
                run(inner, "-m", "pip", "--quiet", "--disable-pip-version-check", *words)
            there = there or str(wheel) in words
            if words == ["uninstall", "--yes", "h11client"]:
                there = False
            if there:
                run(inner, "-c", SMOKE, url)
        found = run(inner, "-c", OWNER).strip()
        if owner not in ("either", found):
            raise Failure(f"import h11 is {found}, and should be {owner}")
        if any("httpx" in step for step in steps):
            run(inner, "-c", HTTPX, url)


def check_types(wheel: Path) -> None:
    """A typed program is checked against the installed wheel, by two checkers."""
    with tempfile.TemporaryDirectory() as folder:
        run(sys.executable, "-m", "venv", folder)
        inner = str(Path(folder) / "bin" / "python")
        run(inner, "-m", "pip", "--quiet", "--disable-pip-version-check", "install", str(wheel))
        program = str(ROOT / "docs" / "examples" / "typed.py")
        tools = str(ensure("types"))
        run(tools, "-m", "mypy", "--strict", "--python-executable", inner, program)
        run(tools, "-m", "basedpyright", "--level", "error", "--pythonpath", inner, program)
    print("ok  docs/examples/typed.py under mypy --strict and pyright", flush=True)


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def run(*command: str) -> str:
    """What a command prints; its failure is ours. It finds nothing of the checkout by itself."""
    kept = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONHOME")}
    done = subprocess.run(
        command,
        cwd=tempfile.gettempdir(),
        env={**kept, "SOURCE_DATE_EPOCH": EPOCH},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        raise Failure(f"{' '.join(command)}\n{done.stdout}")
    return done.stdout


class Hello(http.server.BaseHTTPRequestHandler):
    """Says hello, over connections that stay open."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"hello")

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def served() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hello)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


if __name__ == "__main__":
    sys.exit(main())
