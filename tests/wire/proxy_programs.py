"""Proxies of other people, each in a process of its own, for the tests on real sockets."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

PATIENCE = 30.0  # seconds until a program that does not listen has failed
USER, PASSWORD = "user", "s3cr:et/@"
SYSTEM_FOLDERS = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@contextlib.contextmanager
def running(command: list[str], port: int, log: Path) -> Iterator[int]:
    """Runs a proxy until the end of the block; gives its port once it listens."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=log.parent,
        )
        try:
            wait_until_it_listens(process, port, log)
            yield port
        finally:
            process.terminate()
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def wait_until_it_listens(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    give_up = time.monotonic() + PATIENCE
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            said = log.read_text(errors="replace")
            assert process.poll() is None, f"the proxy ended ({process.returncode}):\n{said}"
            assert time.monotonic() < give_up, f"the proxy does not listen:\n{said}"
            time.sleep(0.05)


def proxy_py(python: str, port: int, auth: bool, certificate: Path | None) -> list[str]:
    """proxy.py: http and https proxies, Basic."""
    command = [python, "-m", "proxy", "--hostname", "127.0.0.1", "--port", str(port)]
    command += ["--num-workers", "1", "--num-acceptors", "1", "--log-level", "WARNING"]
    if auth:
        command += ["--basic-auth", f"{USER}:{PASSWORD}"]
    if certificate is not None:
        command += ["--cert-file", str(certificate), "--key-file", str(certificate)]
    return command


def pproxy(python: str, port: int, auth: bool, certificate: Path | None) -> list[str]:
    """pproxy: http and https proxies, SOCKS4, SOCKS4a and SOCKS5, all on one port."""
    scheme = "http+ssl" if certificate is not None else "http+socks4+socks5"
    url = f"{scheme}://127.0.0.1:{port}/" + (f"#{USER}:{PASSWORD}" if auth else "")
    # Programs of before 3.14 take it for granted that a thread has an event loop.
    start = (
        "import asyncio, sys; asyncio.set_event_loop(asyncio.new_event_loop());"
        "from pproxy.server import main; main()"
    )
    command = [python, "-W", "ignore", "-c", start, "-l", url, "--auth", "0"]
    return command if certificate is None else [*command, "--ssl", str(certificate)]


PROGRAMS = {"proxy.py": proxy_py, "pproxy": pproxy}


def tinyproxy(port: int, folder: Path) -> list[str]:
    settings = folder / "tinyproxy.conf"
    settings.write_text(
        f"Port {port}\nListen 127.0.0.1\nTimeout 60\nAllow 127.0.0.1\nBasicAuth {USER} secret\n"
    )
    return ["tinyproxy", "-d", "-c", str(settings)]


def squid(port: int, folder: Path) -> list[str]:
    settings = folder / "squid.conf"
    settings.write_text(
        f"http_port 127.0.0.1:{port}\nhttp_access allow localhost\ncache deny all\n"
        f"pid_filename {folder}/squid.pid\naccess_log none\ncache_log /dev/stderr\ncoredump_dir {folder}\n"
    )
    return ["squid", "-N", "-f", str(settings)]


SYSTEM_PROGRAMS = {"tinyproxy": tinyproxy, "squid": squid}


def installed() -> list[str]:
    """Those of the system's own proxies that this machine has."""
    return [name for name in SYSTEM_PROGRAMS if shutil.which(name, path=SYSTEM_FOLDERS)]


if __name__ == "__main__":
    print(sys.executable, *installed())
