"""Proxies of other people, each in a process of its own, for the tests on real sockets."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.ports import free_port

PATIENCE = 30.0  # seconds until a program that does not listen has failed
USER, PASSWORD = "user", "s3cr:et/@"
PLAIN_PASSWORD = "s3cret"  # tinyproxy's settings cannot name the other one
SQUID_DIGEST = "/usr/lib/squid/digest_file_auth"
SYSTEM_FOLDERS = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


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


def tinyproxy(program: str, port: int, folder: Path, auth: bool, tls: bool) -> list[str]:
    """tinyproxy: http proxy, Basic."""
    lines = [f"Port {port}", "Listen 127.0.0.1", "Timeout 60", "Allow 127.0.0.1"]
    if auth:
        lines.append(f"BasicAuth {USER} {PLAIN_PASSWORD}")
    return [program, "-d", "-c", write_settings(folder, lines)]


def squid(program: str, port: int, folder: Path, auth: bool, tls: bool) -> list[str]:
    """Squid: http and https proxies, Digest."""
    address = f"127.0.0.1:{port}"
    listen = f"https_port {address} tls-cert={folder}/server.pem" if tls else f"http_port {address}"
    lines = [listen, "visible_hostname localhost", "cache deny all", "pinger_enable off"]
    lines += [f"pid_filename {folder}/squid.pid", f"coredump_dir {folder}"]
    lines += ["access_log none", "cache_log /dev/null", "shutdown_lifetime 0 seconds"]
    if auth:
        secret = hashlib.md5(f"{USER}:proxies:{PASSWORD}".encode()).hexdigest()
        users = folder / "users"
        users.write_text(f"{USER}:proxies:{secret}\n")
        lines += [
            f"auth_param digest program {SQUID_DIGEST} -c {users}",
            "auth_param digest realm proxies",
            "auth_param digest children 1 startup=1",
            "acl known proxy_auth REQUIRED",
            "http_access allow known",
            "http_access deny all",
        ]
    else:
        lines.append("http_access allow localhost")
    return [program, "-N", "-d", "1", "-f", write_settings(folder, lines)]


def dante(program: str, port: int, folder: Path, auth: bool, tls: bool) -> list[str]:
    """Dante: SOCKS4 and SOCKS5; the users it would accept are those of the system."""
    lines = ["logoutput: stderr", f"internal: 127.0.0.1 port = {port}", "external: 127.0.0.1"]
    if os.geteuid() == 0:
        lines += ["user.privileged: root", "user.unprivileged: nobody"]
    lines += ["clientmethod: none", f"socksmethod: {'username' if auth else 'none'}"]
    for rule in ("client pass", "socks pass"):
        lines += [rule + " {", "  from: 127.0.0.0/8 to: 0.0.0.0/0", "}"]
    return [program, "-f", write_settings(folder, lines), "-p", str(folder / "dante.pid")]


def write_settings(folder: Path, lines: list[str]) -> str:
    settings = folder / "settings"
    settings.write_text("".join(line + "\n" for line in lines))
    return str(settings)


SYSTEM_PROGRAMS = {
    # name: (recipe, its files)
    "tinyproxy": (tinyproxy, ["tinyproxy"]),
    "squid": (squid, ["squid", SQUID_DIGEST]),
    "dante": (dante, ["danted"]),
}


def find(file: str) -> str | None:
    return shutil.which(file, path=f"{os.environ.get('PATH', '')}:{SYSTEM_FOLDERS}")


def installed() -> list[str]:
    """Those of the system's own proxies that this machine has."""
    return [name for name, (_, files) in SYSTEM_PROGRAMS.items() if all(map(find, files))]


@contextlib.contextmanager
def running_of_the_system(name: str, auth: bool, certificate: Path | None) -> Iterator[int]:
    """Runs one of `installed()` until the end of the block; gives its port."""
    recipe, files = SYSTEM_PROGRAMS[name]
    program = find(files[0])
    assert program is not None
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        # When root starts them, they and their helpers become other users.
        folder.chmod(0o755)
        if certificate is not None:
            (folder / "server.pem").write_bytes(certificate.read_bytes())
        port = free_port()
        command = recipe(program, port, folder, auth, certificate is not None)
        with running(command, port, folder / "log"):
            yield port
