"""What the arguments mean for the session."""

from __future__ import annotations

import os
import re

from h11client import Session, Timeout, threaded_resolver
from h11client._cli.failures import FileFailure, UsageError
from h11client._cli.items import read_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from h11client._cli.arguments import Arguments

__all__ = ["make_session", "save_session"]

_RESOLVED = re.compile(r"(\[[^\]]+\]|[^:\[\]]+):(\d{1,5}):(.+)")


def make_session(given: Arguments) -> Session:
    """The session for one call; raises `UsageError` and `FileFailure`."""
    if given.unix_socket == "":
        raise UsageError("--unix-socket needs a path")
    session = Session(
        auth=_auth_of(given),
        verify=_verify_of(given),
        cert=_cert_of(given),
        proxies=_proxies_of(given.proxy),
        trust_env=not given.no_env,
        max_redirects=given.max_redirs,
        timeout=_timeout_of(given),
        resolver=None if given.unix_socket else _resolver_of(given.resolve),
        uds=given.unix_socket,
    )
    _load_cookies(session, given.cookie)
    return session


def save_session(session: Session, given: Arguments) -> None:
    """Writes the cookies where they are to be kept."""
    if given.cookie_jar is not None:
        from h11client.cookies import save_cookies

        try:
            save_cookies(session.cookies, given.cookie_jar)
        except OSError as error:
            raise FileFailure.of(error, given.cookie_jar) from error


def _load_cookies(session: Session, said: list[str]) -> None:
    paths = [text for text in said if "=" not in text]  # the others are cookies
    if paths:
        from h11client.cookies import load_cookies

        for path in paths:
            try:
                session.cookies.update(load_cookies(path))
            except OSError as error:
                raise FileFailure.of(error, path) from error


def _auth_of(given: Arguments) -> Any:
    if given.bearer is not None:
        from h11client.auth import HTTPBearerAuth

        token = given.bearer
        if token.startswith("@"):
            token = read_file(token[1:]).decode("latin-1").strip()
        return _checked("--bearer", HTTPBearerAuth, token)
    if given.user is None:
        return None
    from h11client.auth import HTTPBasicAuth, HTTPDigestAuth

    name, colon, password = given.user.partition(":")
    if not colon:
        password = _ask_password(name)
    return _checked("-u", HTTPDigestAuth if given.digest else HTTPBasicAuth, name, password)


def _ask_password(name: str) -> str:
    """What is typed at the terminal of the program, which need not be its standard input."""
    from getpass import GetPassWarning, getpass
    from warnings import catch_warnings, simplefilter

    try:
        with catch_warnings():
            simplefilter("error", GetPassWarning)  # it would be shown, or read from a pipe
            return getpass(f"Password for {name}: ")
    except (GetPassWarning, EOFError, OSError):
        raise UsageError("-u is NAME:PASSWORD where there is no terminal to ask at") from None


def _checked(option: str, make: Callable[..., Any], *values: object) -> Any:
    """What `make` gives for a value of the user's; what is wrong with it is told."""
    try:
        return make(*values)
    except (ValueError, TypeError) as error:
        raise UsageError(f"{option}: {error}") from error


def _verify_of(given: Arguments) -> bool | str:
    if given.cacert is not None:
        _check_there("--cacert", given.cacert)
        return given.cacert
    return not given.insecure


def _cert_of(given: Arguments) -> Any:
    if given.cert is None:
        return None
    _check_there("--cert", given.cert)
    if given.key is None:
        return given.cert
    _check_there("--key", given.key)
    return given.cert, given.key


def _check_there(option: str, path: str) -> None:
    if not os.path.exists(path):
        raise UsageError(f"{option}: there is no {path!r}")


def _proxies_of(proxy: str | None) -> dict[str, str | None] | None:
    if proxy is None:
        return None
    if not proxy:
        return {"all": None}
    return {"all": proxy if "://" in proxy else f"http://{proxy}"}


def _timeout_of(given: Arguments) -> Timeout:
    """The library's limits, with those in their place that were said; 0 is none."""
    limits: dict[str, float | None] = {}
    if given.timeout is not None:
        limits = dict.fromkeys(("connect", "read", "write", "pool"), given.timeout or None)
    if given.connect_timeout is not None:
        limits["connect"] = given.connect_timeout or None
    limits["total"] = given.max_time or None
    return Timeout(**limits)


def _resolver_of(said: list[str]) -> Callable[[str, int, float | None], list[str]]:
    """Names to addresses: those that were said, else the system's, within the limit of time."""
    known: dict[tuple[str, int], list[str]] = {}
    for text in said:
        found = _RESOLVED.fullmatch(text)
        if found is None:
            raise UsageError(f"--resolve is HOST:PORT:ADDRESS, not {text!r}")
        addresses = [address.strip("[]") for address in found[3].split(",")]
        known[found[1].strip("[]").lower(), int(found[2])] = addresses

    def resolve(host: str, port: int, seconds_left: float | None) -> list[str]:
        return known.get((host, port)) or threaded_resolver(host, port, seconds_left)

    return resolve
