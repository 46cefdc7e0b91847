"""The same call as a command for curl, which has the same names for most of it."""

from __future__ import annotations

from shlex import quote

from h11client import Request
from h11client._messages.masking import MASK

TYPE_CHECKING = False
if TYPE_CHECKING:
    from h11client import Session
    from h11client._cli.arguments import Arguments
    from h11client._cli.sending import Sending

__all__ = ["curl_line"]


def curl_line(session: Session, sending: Sending, given: Arguments) -> str:
    """The command; secrets are hidden in it unless they are to be shown."""
    request = session.prepare_request(Request(sending.method, sending.url, **sending.keywords))
    command = request.to_curl(show_secrets=given.show_secrets)
    return " ".join([command, *map(quote, _options(given))])


def _options(given: Arguments) -> list[str]:
    """What is not about the request itself."""
    words: list[str] = []
    if given.digest:
        name = (given.user or "").partition(":")[0]
        words += ["--digest", "-u", f"{given.user if given.show_secrets else f'{name}:{MASK}'}"]
    if not given.no_follow:
        words += ["-L", "--max-redirs", str(given.max_redirs)]
    switches = {
        "-k": given.insecure,
        "-i": given.include,
        "-v": given.verbose,
        "-s": given.silent,
        "-f": given.fail or given.is_saved,
        "-O": given.remote_name,
    }
    words += [option for option, is_on in switches.items() if is_on]
    values = {
        "-x": _without_password(given),
        "--cacert": given.cacert,
        "--cert": given.cert,
        "--key": given.key,
        "--unix-socket": given.unix_socket,
        "--connect-timeout": given.connect_timeout,
        "-m": given.max_time,
        "--retry": given.retry,
        "-c": given.cookie_jar,
        "-o": given.output,
    }
    for option, value in values.items():
        if value is not None:
            words += [option, str(value)]
    for resolved in given.resolve:
        words += ["--resolve", resolved]
    if given.resume:
        words += ["-C", "-"]
    return words


def _without_password(given: Arguments) -> str | None:
    """The proxy; its password only when it may be shown."""
    proxy = given.proxy
    if proxy is None or given.show_secrets or "@" not in proxy:
        return proxy
    credentials, _, place = proxy.rpartition("@")
    scheme, slashes, _ = credentials.rpartition("//")
    return f"{scheme}{slashes}{MASK}@{place}"
