"""The command line: whatever is said, it ends with a known code and at most one line."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from h11client import _settings
from h11client._cli import failures
from h11client._cli.arguments import _make_parser
from h11client._cli.run import main
from tests.client.command_line import answer, origin

CODES = {value for value in vars(failures).values() if type(value) is int} | {0}
BODY = b'{"a": [1]}'
SWITCHES = [
    name
    for name, action in _make_parser()._option_string_actions.items()
    if action.nargs == 0 and name not in ("-h", "--help", "--version")
]
# Values are part of the word, so that none is taken for the name of a host to be looked for.
WITH_VALUES = [
    *("-XPUT", "-X ", "-HA: b", "-HA", "-Ame", "-dx", "-d@file", "-d@-", "-d@nowhere", "--json={"),
    *("-Fa=b", "-Fa=@file;type=a", "-Fa", "-ba=b", "-bfile", "-bnowhere", "-cjar", "-cnowhere/jar"),
    *("-ua:b", "-ua", "--bearer=a", "--bearer=@file", "--bearer= ", "-x", "-xhttp://127.0.0.1:1"),
    *("-xnonsense://", "--resolve=a:1:127.0.0.1", "--resolve=a", "--unix-socket=nowhere"),
    *("--unix-socket=file", "--cacert=file", "--cert=file", "--key=file", "--max-redirs=0"),
    *("--retry=1", "--retry=x", "-m1", "-m0", "-m-1", "--timeout=1e9", "--connect-timeout=1"),
    *("-oout", "-o-", "-ofolder", "-onowhere/out", "-o", f"-o{os.devnull}", "--checksum=md5:0"),
    *("--nonsense", "--", "-"),
]
ITEMS = [
    *("a=b", "a:=1", "a:={", "a==b", "A:b", "A:", "A;", "a@file", "a@nowhere", "@file", "@-", "a=@file"),
    *("a:=@file", "=", "@", ":", "\\", "a\\=b", "a:\nb", "é=ü", "a=\udcff", "\udcff:a", ""),
]  # fmt: skip


@contextmanager
def streams(folder: Path) -> Iterator[io.BytesIO]:
    """Standard streams that nobody reads, in a folder with a few files; gives standard error."""
    err = io.BytesIO()
    before = Path.cwd()
    os.chdir(folder)
    replaced = {
        "stdin": io.TextIOWrapper(io.BytesIO(b"in")),
        "stdout": io.TextIOWrapper(io.BytesIO()),
        "stderr": io.TextIOWrapper(err),
    }
    with (
        mock.patch.multiple(sys, **replaced),
        mock.patch.object(_settings, "sleep", return_value=None),
        mock.patch("getpass.getpass", side_effect=EOFError),
    ):
        try:
            yield err
        finally:
            os.chdir(before)


WORDS = st.lists(st.sampled_from([*SWITCHES, *WITH_VALUES, *ITEMS]), max_size=5)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=400)
@given(WORDS, st.sampled_from(["200 OK", "404 Not Found", "302 Found"]))
@example(["--curl", "a@file"], "200 OK")
def test_it_ends_with_a_known_code_and_at_most_one_line(
    tmp_path: Path, words: list[str], status: str
) -> None:
    (tmp_path / "folder").mkdir(exist_ok=True)
    (tmp_path / "file").write_bytes(b"[1]")
    with origin(answer(BODY, "application/json", status)) as server, streams(tmp_path) as err:
        code = main([server.url, "--no-env", *words])
        sys.stderr.flush()
        told = err.getvalue().decode()
    assert code in CODES - {failures.FAILED}, told
    lines = [line for line in told.splitlines() if line[:1] not in ("<", ">", "*")]
    assert len(lines) == (code != 0), told
    assert all(line.startswith("h11client: ") for line in lines), told
