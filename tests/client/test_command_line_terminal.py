"""The command line in a terminal: colours, progress bars, passwords, and Ctrl-C."""

from __future__ import annotations

import hashlib
import os
import re
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from h11client import Progress
from h11client._cli.progress import PlainBar, size_text
from h11client._cli.terminal import Terminal, visible
from tests.client.command_line import (
    OK,
    PROGRAM,
    Asked,
    InTerminal,
    answer,
    environment,
    origin,
    without_rich,
)
from tests.wire.conftest import Peer

CONTENT = bytes(range(256)) * 4000  # about 1 MB
HALF = len(CONTENT) // 2
DIGEST = "sha256:" + hashlib.sha256(CONTENT).hexdigest()
ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@pytest.fixture(params=["rich", "no rich"])
def variables(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, str]:
    """The environment with and without rich."""
    return {} if request.param == "rich" else without_rich(tmp_path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "work"
    made.mkdir()
    return made


def show(folder: Path, *arguments: str, **more: str) -> InTerminal:
    """What was shown, at the end."""
    with InTerminal(*arguments, cwd=folder, **more) as terminal:
        assert terminal.finish() == 0, terminal.shown
    return terminal


# --- what is shown -------------------------------------------------------------------------------

JSON = answer(b'{"a":["b",1]}', "application/json")


def test_json_is_indented_and_coloured(folder: Path) -> None:
    with origin(JSON) as server:
        shown = show(folder, server.url).text
    assert shown == (
        '{\n  \x1b[36m"a"\x1b[0m: [\n    \x1b[32m"b"\x1b[0m,\n    \x1b[35m1\x1b[0m\n  ]\n}\n'
    )


@pytest.mark.parametrize("why", ["no rich", "NO_COLOR", "dumb"])
def test_without_colours_it_is_indented_all_the_same(
    folder: Path, tmp_path: Path, why: str
) -> None:
    more = {"NO_COLOR": "1"} if why == "NO_COLOR" else {"TERM": "dumb"}
    with origin(JSON) as server:
        shown = show(folder, server.url, **(without_rich(tmp_path) if why == "no rich" else more))
    assert shown.text == '{\n  "a": [\n    "b",\n    1\n  ]\n}\n'


@pytest.mark.parametrize(
    ("arguments", "sent", "shown"),
    [
        (["--raw"], JSON, '{"a":["b",1]}'),
        (["--raw"], answer(b"a\x1b[1mb"), "a\x1b[1mb"),
        ([], answer(b"a\x1b[2J\x07\tb\r\nc\rd\x7f"), "a\\x1b[2J\\x07\tb\nc\\x0dd\\x7f\n"),
        ([], answer("a\u202eb\x9bc\n".encode()), "a\\u202eb\\x9bc\n"),
        ([], answer(b"gr\xfc\xdfe", "text/plain; charset=latin-1"), "grüße\n"),
        ([], answer("grüße".encode("utf-16"), "text/plain; charset=utf-16"), "grüße\n"),
        ([], answer(b"{a", "application/json"), "{a\n"),
        ([], answer(b""), ""),
        (["-f"], answer(b'["\\u001b", "\x7f"]', "application/json"), '[\n  "\\u001b",\n  "\\x7f"\n]\n'),
    ],
    ids=["raw JSON", "raw text", "controls", "C1 and bidi", "latin-1", "UTF-16", "no JSON", "empty", "JSON controls"],
)  # fmt: skip
def test_text_can_do_nothing_to_the_terminal_unless_it_is_said(
    folder: Path, arguments: list[str], sent: bytes, shown: str
) -> None:
    with origin(sent) as server:
        found = show(folder, *arguments, server.url, NO_COLOR="1").text
    assert found == shown


def test_text_is_shown_as_it_comes(folder: Path) -> None:
    from threading import Event

    seen = Event()

    def send(peer: Peer, asked: Asked) -> None:
        peer.send(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 8\r\n\r\n"
        )
        peer.send(b"one\r")
        assert seen.wait(20)
        peer.send(b"\ntwo")

    with origin(send) as server, InTerminal(server.url, cwd=folder) as terminal:
        terminal.read_until("one")
        seen.set()
        assert terminal.finish() == 0
    assert terminal.text == "one\ntwo\n"


@pytest.mark.parametrize(
    ("body", "kind"),
    [(b"\x89PNG", "image/png"), (b"\xff\xfe\xfd", None), (b"a\0b", "text/plain"), (CONTENT, None)],
    ids=["an image", "no UTF-8", "NUL", "long"],
)
def test_what_is_no_text_is_not_shown(folder: Path, body: bytes, kind: str | None) -> None:
    with origin(answer(body, kind)) as server:
        shown = show(folder, server.url).text
    assert shown == (
        f"h11client: the body is no text ({kind or 'of no type'}, {len(body)} bytes):"
        " -o FILE saves it, --raw writes it anyway\n"
    )


def test_heads_are_coloured_by_what_they_say(folder: Path) -> None:
    with origin(answer(b"", "text/plain", "404 Not Found", "X-A: gr\xc3\xbc\x1b")) as server:
        shown = show(folder, "-i", server.url).text
        plain = show(folder, "-v", server.url, NO_COLOR="1").text
    assert shown == (
        "\x1b[34mHTTP/1.1 \x1b[0m\x1b[1;31m404 Not Found\x1b[0m\n"
        "\x1b[36mContent-Length\x1b[0m: 0\n\x1b[36mX-A\x1b[0m: grü\\x1b\n"
        "\x1b[36mContent-Type\x1b[0m: text/plain\n\n"
    )
    assert "< X-A: grü\\x1b\n" in plain


def test_a_password_is_asked_for_and_not_shown(folder: Path) -> None:
    with origin(OK) as server, InTerminal("-u", "me", server.url, cwd=folder) as terminal:
        terminal.read_until("Password for me: ")
        terminal.write("secret\n")
        assert terminal.finish() == 0
    assert server.asked[0].field("Authorization") == "Basic bWU6c2VjcmV0"
    assert terminal.text == "Password for me: \nok\n"


def test_ctrl_c_at_the_password_ends_it(folder: Path) -> None:
    with InTerminal("-u", "me", "http://127.0.0.1:1", cwd=folder) as terminal:
        terminal.read_until("Password for me: ")
        terminal.interrupt()
        assert terminal.finish() == 130
    assert terminal.text.endswith("h11client: interrupted\n")


# --- downloads -----------------------------------------------------------------------------------


def test_a_bar_shows_how_far_it_is(folder: Path, variables: dict[str, str]) -> None:
    with origin(answer(CONTENT, None)) as server:
        terminal = show(folder, "-o", "a.bin", server.url, **variables)
    assert (folder / "a.bin").read_bytes() == CONTENT
    bar = ESCAPE.sub("", terminal.text).split("\r")[-1]
    if variables:
        assert re.fullmatch(r"a\.bin  100% \[#{20}\]  1\.0 MB of 1\.0 MB  [\d.]+ .?B/s *\n", bar), (
            terminal.shown
        )
    else:
        assert re.search(r"a\.bin ━+ 100% 1\.0/1\.0 MB", bar), terminal.shown
        assert terminal.shown.endswith("\x1b[?25h")  # the cursor is back


def test_a_bar_of_nothing_is_not_shown(folder: Path, variables: dict[str, str]) -> None:
    missing = answer(b"no", None, "404 Not Found")
    with (
        origin(missing) as server,
        InTerminal("-o", "a", server.url, cwd=folder, **variables) as terminal,
    ):
        assert terminal.finish() == 22
    assert terminal.text == f"h11client: 404 Client Error: Not Found for url: {server.url}/\n"


@pytest.mark.parametrize("arguments", [["-s"], ["--silent", "-i"]], ids=" ".join)
def test_there_is_no_bar_when_it_is_said(folder: Path, arguments: list[str]) -> None:
    with origin(OK) as server:
        assert show(folder, *arguments, "-o", "a", server.url).shown == ""


def test_a_file_that_the_server_has_named_is_named(folder: Path, tmp_path: Path) -> None:
    named = answer(b"1", None, "200 OK", "Content-Disposition: attachment; filename=x.txt")
    with origin(named) as server:
        terminal = show(folder, "-O", f"{server.url}/y", **without_rich(tmp_path))
    assert terminal.text.endswith("\nsaved as x.txt\n")


class Slow:
    """Sends half of a file and waits; then, what is asked for."""

    def __init__(self, etag: str | None = '"1"') -> None:
        self.fields = [] if etag is None else [f"ETag: {etag}"]
        self.first = True

    def __call__(self, peer: Peer, asked: Asked) -> None:
        start = int((asked.field("Range") or "bytes=0-")[len("bytes=") : -1])
        status, fields = "200 OK", list(self.fields)
        if start:
            assert asked.field("If-Range") == '"1"'
            status = "206 Partial Content"
            fields.append(f"Content-Range: bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}")
        wire = answer(CONTENT[start:], None, status, *fields)
        if self.first:
            self.first = False
            peer.send(wire[: -HALF or None])
            peer.wait_for_end()
        else:
            peer.send(wire)


def test_ctrl_c_keeps_what_has_come_and_resume_goes_on(
    folder: Path, variables: dict[str, str]
) -> None:
    with origin(Slow()) as server:
        arguments = ["-o", "a.bin", "--checksum", DIGEST, server.url]
        with InTerminal(*arguments, cwd=folder, **variables) as terminal:
            terminal.read_until(r"50%")
            terminal.interrupt()
            assert terminal.finish() == 130
        assert "Traceback" not in terminal.shown
        shown = ESCAPE.sub("", terminal.text)
        assert shown.endswith(
            "\nh11client: interrupted; 512.0 kB are kept in a.bin.part,"
            " and the same command with --resume goes on from there\n"
        )
        assert (folder / "a.bin.part").read_bytes() == CONTENT[:HALF]
        assert not (folder / "a.bin").exists()

        with InTerminal("--resume", *arguments, cwd=folder, **variables) as terminal:
            assert terminal.finish() == 0
    assert [asked.field("Range") for asked in server.asked] == [None, f"bytes={HALF}-"]
    assert (folder / "a.bin").read_bytes() == CONTENT
    assert [path.name for path in folder.iterdir()] == ["a.bin"]
    assert "100%" in terminal.shown


def test_a_second_ctrl_c_does_not_disturb_what_the_first_has_begun(
    folder: Path, variables: dict[str, str]
) -> None:
    with (
        origin(Slow()) as server,
        InTerminal("-o", "a.bin", server.url, cwd=folder, **variables) as terminal,
    ):
        terminal.read_until("50%")
        terminal.interrupt(times=20)
        assert terminal.finish() == 130
    assert "Traceback" not in terminal.shown
    assert "512.0 kB are kept in a.bin.part" in terminal.shown
    assert (folder / "a.bin.part").read_bytes() == CONTENT[:HALF]


def test_a_program_in_the_background_of_a_shell_is_not_interrupted(folder: Path) -> None:
    def send(peer: Peer, asked: Asked) -> None:
        # What it has got from its parent it would have set again by now.
        os.kill(int(asked.field("X-Pid") or 0), signal.SIGINT)
        peer.send(OK)

    with origin(send) as server:
        command = 'trap "" INT; exec "$@" X-Pid:$$'
        done = subprocess.run(
            ["sh", "-c", command, "sh", *PROGRAM, server.url],
            capture_output=True,
            cwd=folder,
            env=environment(),
        )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"ok", b"")


def test_without_resume_it_begins_again(folder: Path) -> None:
    with origin(Slow()) as server:
        for code in (130, 0):
            with InTerminal("-o", "a.bin", server.url, cwd=folder) as terminal:
                if code:
                    terminal.read_until("50%")
                    terminal.interrupt()
                assert terminal.finish() == code
    assert [asked.field("Range") for asked in server.asked] == [None, None]
    assert (folder / "a.bin").read_bytes() == CONTENT


def test_nothing_is_promised_that_could_not_be_kept(folder: Path) -> None:
    with (
        origin(Slow(etag=None)) as server,
        InTerminal("-o", "a.bin", server.url, cwd=folder) as terminal,
    ):
        terminal.read_until("50%")
        terminal.interrupt()
        assert terminal.finish() == 130
    assert ESCAPE.sub("", terminal.text).endswith(
        "\nh11client: interrupted;"
        " nothing of it could be kept, as the server has no strong ETag for it\n"
    )
    assert not (folder / "a.bin").exists()


@pytest.mark.parametrize("arguments", [[], ["-o", "a", "b=c"], ["-v"]], ids=" ".join)
def test_ctrl_c_ends_any_other_call_with_a_word(folder: Path, arguments: list[str]) -> None:
    def wait(peer: Peer, asked: Asked) -> None:
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nbegun\n")
        peer.wait_for_end()

    with origin(wait) as server, InTerminal(server.url, *arguments, cwd=folder) as terminal:
        terminal.read_until("begun" if "-o" not in arguments else "6/100")
        terminal.interrupt()
        assert terminal.finish() == 130
    assert terminal.text.endswith("h11client: interrupted\n")
    assert list(folder.iterdir()) == []


# --- the parts -----------------------------------------------------------------------------------


class Screen(Terminal):
    """A terminal of a given width, and what was written to it."""

    def __init__(self, width: int) -> None:
        self.width = width
        self.written: list[str] = []
        self.is_tty = True

    def write(self, text: str) -> None:
        self.written.append(text)

    def columns(self) -> int:
        return self.width


def test_the_plain_bar_tells_how_far_how_fast_and_how_long() -> None:
    now = 0.0
    screen = Screen(100)
    bar = PlainBar("a", screen, lambda: now)
    for seconds, done in [(0, 1000), (100, 2000), (100, 5500), (400, 5500), (500, 10_000)]:
        now = float(seconds)
        bar.show(Progress(done, 10_000, "down"))
        assert bar.draw()
    bar.show(Progress(5000, None, "down"))  # begun again by a server that does not know how much
    assert bar.draw()
    assert screen.written == [
        "\ra   10% [##..................]  1.0 kB of 10.0 kB  0 B/s",
        "\ra   20% [####................]  2.0 kB of 10.0 kB  10 B/s  13:20 left",
        "\ra   55% [###########.........]  5.5 kB of 10.0 kB  45 B/s  1:40 left ",
        "\ra   55% [###########.........]  5.5 kB of 10.0 kB  11 B/s  6:40 left",
        "\ra  100% [####################]  10.0 kB of 10.0 kB  18 B/s          ",
        "\ra  5.0 kB  0 B/s" + " " * 42,
    ]


@pytest.mark.parametrize("width", [1, 10, 40])
def test_the_plain_bar_keeps_to_one_line(width: int) -> None:
    screen = Screen(width)
    with PlainBar("a name", screen, lambda: 0.0) as bar:
        bar.show(Progress(1, None, "down"))
    assert screen.written[-1] == "\n"
    assert all(len(text) <= width for text in screen.written), screen.written


def test_a_bar_that_was_never_told_anything_writes_nothing() -> None:
    screen = Screen(80)
    with PlainBar("a", screen):
        pass
    assert screen.written == []


def test_what_lasts_for_hours_is_told_in_hours() -> None:
    now = 0.0
    screen = Screen(100)
    bar = PlainBar("a", screen, lambda: now)
    bar.show(Progress(0, 10_000, "down"))
    now = 10.0
    bar.show(Progress(1, 10_000, "down"))
    bar.draw()
    assert screen.written[-1].endswith("  27:46:30 left")


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0 B"), (1000, "1.0 kB"), (10**9, "1.0 GB"), (10**15, "1000.0 TB")]
)
def test_sizes_are_told_in_units_of_a_thousand(size: int, text: str) -> None:
    assert size_text(size) == text


def test_every_control_character_is_made_visible() -> None:
    for code in [*range(32), *range(127, 160), *range(0x202A, 0x202F), *range(0x2066, 0x206A)]:
        character = chr(code)
        assert (visible(character) == character) == (character in "\t\n")
    assert visible("grüße 😀") == "grüße 😀"


def test_the_environment_of_these_tests_has_no_settings_of_the_machine(tmp_path: Path) -> None:
    hidden: dict[str, Any] = without_rich(tmp_path)
    assert "NO_COLOR" not in environment(**hidden)
