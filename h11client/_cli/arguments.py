"""The arguments of the command line, and what it says about itself."""

from __future__ import annotations

import argparse
import math

from h11client._cli.failures import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, NoReturn

__all__ = ["HELP", "Arguments", "parse_arguments"]

# Fits one screen; a test holds that, and that every option stands in it.
HELP = """\
Usage: h11client [METHOD] URL [ITEM ...] [OPTION ...]

METHOD  in capitals; without one it is GET, or POST when there is a body
URL     http:// unless it says otherwise; :8000/path is on this machine
ITEM    Name:value   header; no value: left out   name==value  query parameter
        name=value   field, of JSON or a form     name:=json   field, as JSON
        name=@FILE   field from a file (or :=@)   name@FILE    file in a form
        @FILE        the body itself; @- is standard input
Request
  -X, --request METHOD                    -d, --data DATA|@FILE  the body
  -H, --header 'NAME: VALUE'                  --json DATA|@FILE  the body, JSON
  -A, --user-agent NAME                   -F, --part NAME=VALUE|NAME=@FILE
      --form  fields are those of a form  -b, --cookie NAME=VALUE|FILE
  -u, --user NAME[:PASSWORD]              -c, --cookie-jar FILE  keeps cookies
      --digest  with -u                       --bearer TOKEN|@FILE
Connection
  -x, --proxy URL  "" for none            -k, --insecure  trusts anybody
      --resolve HOST:PORT:ADDRESS             --cacert FILE  whom to trust
      --unix-socket PATH                      --cert FILE, --key FILE  our own
      --connect-timeout SECONDS               --no-env  ignores the environment
      --timeout SECONDS  for each step        --retry N  when that is safe
  -m, --max-time SECONDS  for all             --max-redirs N  30 if not said
      --no-follow  no redirects (-L, following them, is how it is anyway)
Output
  -o, --output FILE                       -i, --include  head and body
  -O, --remote-name  as it is called      -I, --head  the head only, by HEAD
  -C, --resume  an interrupted -o or -O   -v, --verbose  both heads and timings
      --checksum ALGORITHM:DIGEST             --curl  as a curl command, unsent
  -s, --silent  no progress bar               --show-secrets  in -v and --curl
      --pretty  indented in a pipe too        --raw  as it is on a terminal too
  -f, --fail  exit code 22 from 400 on    -h, --help  or --version

Exit codes: 0 done, 1 other, 2 usage, 3 no connection, 4 timeout, 5 TLS,
  6 answer incomplete or not HTTP, 7 too many redirects, 8 file or checksum,
  22 status of 400 or more (-f, -o, -O), 130 interrupted, 141 nobody reads on
Example: h11client PUT example.com/users/1 name=Ada age:=36 X-Token:secret
"""


class Arguments(argparse.Namespace):
    """What was said, each option under its long name."""

    words: list[str]
    request: str | None
    header: list[str]
    data: list[str]
    json: list[str]
    part: list[str]
    form: bool
    user_agent: str | None
    cookie: list[str]
    cookie_jar: str | None
    user: str | None
    digest: bool
    bearer: str | None
    proxy: str | None
    resolve: list[str]
    unix_socket: str | None
    insecure: bool
    cacert: str | None
    cert: str | None
    key: str | None
    no_env: bool
    no_follow: bool
    max_redirs: int
    retry: int | None
    max_time: float | None
    connect_timeout: float | None
    timeout: float | None
    output: str | None
    remote_name: bool
    resume: bool
    checksum: str | None
    include: bool
    head: bool
    verbose: bool
    curl: bool
    show_secrets: bool
    silent: bool
    fail: bool
    pretty: bool
    raw: bool
    help: bool
    version: bool

    @property
    def is_saved(self) -> bool:
        """Whether the response goes into a file, and not to standard output."""
        return self.remote_name or self.output not in (None, "-")


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Raises instead of writing lines and ending the program."""
        raise UsageError(message.removeprefix("argument "))


def parse_arguments(arguments: Sequence[str]) -> Arguments:
    """The arguments of a call of the program; raises `UsageError`."""
    # `-C -` is how curl asks for the same.
    given = [
        word
        for number, word in enumerate(arguments)
        if not (word == "-" and number and arguments[number - 1] == "-C")
    ]
    parsed = _make_parser().parse_intermixed_args(given, Arguments())
    if parsed.help or parsed.version:
        return parsed
    _check(parsed)
    return parsed


def _make_parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="h11client", add_help=False, allow_abbrev=False)
    add = parser.add_argument
    add("words", nargs="*")
    for names in _SWITCHES:
        add(*names, action="store_true")
    for names in _TEXTS:
        add(*names)
    for names in _REPEATED:
        add(*names, action="append", default=[])
    for names in _SECONDS:
        add(*names, type=_seconds)
    add("--max-redirs", type=_count, default=30)
    add("--retry", type=_count)
    for names in _DEFAULTS:
        add(*names, action="store_true", dest="_default")
    return parser


_SWITCHES = (
    ("--form",),
    ("--digest",),
    ("-k", "--insecure"),
    ("--no-env",),
    ("--no-follow",),
    ("-O", "--remote-name"),
    ("-C", "--resume"),
    ("-i", "--include"),
    ("-I", "--head"),
    ("-v", "--verbose"),
    ("--curl",),
    ("--show-secrets",),
    ("-s", "--silent"),
    ("-f", "--fail"),
    ("--pretty",),
    ("--raw",),
    ("-h", "--help"),
    ("--version",),
)
_TEXTS = (
    ("-X", "--request"),
    ("-A", "--user-agent"),
    ("-c", "--cookie-jar"),
    ("-u", "--user"),
    ("--bearer",),
    ("-x", "--proxy"),
    ("--unix-socket",),
    ("--cacert",),
    ("--cert",),
    ("--key",),
    ("-o", "--output"),
    ("--checksum",),
)
_REPEATED = (
    ("-H", "--header"),
    ("-d", "--data"),
    ("--json",),
    ("-F", "--part"),
    ("-b", "--cookie"),
    ("--resolve",),
)
_SECONDS = (("-m", "--max-time"), ("--connect-timeout",), ("--timeout",))
# What curl has to be told and this does anyway: understood, so that fingers need not learn it.
_DEFAULTS = (("-L", "--location"), ("-S", "--show-error"), ("--compressed",))


def _seconds(text: str) -> float:
    """Seconds; 0 for no limit, as in curl."""
    seconds: float = _number(text, float)
    if not 0 <= seconds < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds")
    return seconds


def _count(text: str) -> int:
    count: int = _number(text, int)
    if count < 0:
        raise argparse.ArgumentTypeError(f"{text!r} is less than 0")
    return count


def _number(text: str, kind: Any) -> Any:
    try:
        return kind(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no number") from None


def _check(given: Arguments) -> None:
    """Refuses what contradicts itself; one option alone is checked where it is used."""
    saved = given.is_saved
    rules = (
        (not given.words, "there is no URL; h11client --help says how to give one"),
        (given.output is not None and given.remote_name, "-o and -O both say where it goes"),
        (given.output == "", "-o needs the name of a file"),
        (given.resume and not saved, "--resume is for a file: -o or -O"),
        (given.checksum is not None and not saved, "--checksum is for a file: -o or -O"),
        (given.raw and given.pretty, "--raw and --pretty contradict each other"),
        (given.user is not None and given.bearer is not None, "-u and --bearer both say who asks"),
        (given.digest and given.user is None, "--digest needs -u"),
        (given.key is not None and given.cert is None, "--key needs the certificate: --cert"),
        (given.insecure and given.cacert is not None, "-k and --cacert contradict each other"),
        (
            given.show_secrets and not (given.verbose or given.curl),
            "--show-secrets needs -v or --curl",
        ),
    )
    for broken, sentence in rules:
        if broken:
            raise UsageError(sentence)
