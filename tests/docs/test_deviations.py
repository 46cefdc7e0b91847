"""docs/deviations.md: each row is true of ours and of 0.16, and names tests that exist."""

from __future__ import annotations

import ast
import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.docs.deviation_probes import PROBES, outcome

PAGE = (ROOT / "docs" / "deviations.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| ([a-z0-9-]+) \|.*\| ([^|]*) \|$", re.MULTILINE)
ROWS = {name: tests for name, tests in ROW.findall(PAGE) if name != "name"}
TEST = re.compile(r"`([\w/.]+\.py)::(\w+)`")

LOCAL = "LocalProtocolError 400"
REMOTE = "RemoteProtocolError 400"
MUCH = "RemoteProtocolError 431"

# name: (what 0.16 does, what ours does), or one string where both do the same
EXPECTED: dict[str, str | tuple[str, str]] = {
    "casing-on-the-wire": r"b'GET / HTTP/1.1\r\nHost: a\r\nX-ToKen: 1\r\n\r\n'",
    "headers-are-a-sequence": "('Headers', True, [(b'Host', b'a')])",
    "events-cannot-be-changed": "AttributeError",
    "base-class-of-events": "True",
    "status-up-to-999": "999",
    "equal-lengths-merge": "[(b'content-length', b'3')]",
    "length-of-21-digits": LOCAL,
    "garbage-fails-at-once": REMOTE,
    "method-is-a-token": LOCAL,
    "chunk-must-end-in-crlf": f"Data {REMOTE}",
    "lf-ends-a-line-of-a-head": "Request EndOfMessage",
    "lf-in-a-chunk": f"['{REMOTE}', 'Data {REMOTE}']",
    "blanks-behind-a-chunk-size": "Data EndOfMessage",
    "blank-line-before-a-message": f"['{REMOTE}', '{REMOTE}']",
    "fold-behind-a-start-line": REMOTE,
    "head-limit": (
        "['Request / Request', 'Request / Request', 'Response / 431']",
        "['Request / Request', '431 / 431', '431 / 431']",
    ),
    "field-limit": ("Request / Request", "431 / 431"),
    "status-line-limit": ("Response / Response", "431 / 431"),
    "trailer-limit": ("EndOfMessage", MUCH),
    "chunk-line": ("Data EndOfMessage", MUCH),
    "chunk-overhead": (" ".join(["Data"] * 10), f"Data Data Data Data {MUCH}"),
    "informational-limit": (
        " ".join(["1xx"] * 33),
        " ".join(["1xx"] * 32) + f" {REMOTE}",
    ),
    "both-framings-request": ("Request", REMOTE),
    "both-framings-close": (
        "Response Data EndOfMessage DONE",
        "Response Data EndOfMessage MUST_CLOSE",
    ),
    "close-delimited": (
        "{CLIENT: DONE, SERVER: SEND_BODY}",
        "{CLIENT: MUST_CLOSE, SERVER: SEND_BODY}",
    ),
    "line-ends-in-bodies": ("['EndOfMessage', 'EndOfMessage']", f"['{REMOTE}', '{REMOTE}']"),
    "chunk-extension-characters": ("['Data', 'Data']", f"['{REMOTE}', '{REMOTE}']"),
    "blank-before-extension": (REMOTE, "Data EndOfMessage"),
    "chunk-size-digits": ("['Data', 'Data']", f"['{REMOTE}', '{REMOTE}']"),
    "content-length-2-63": ("b'9223372036854775808'", LOCAL),
    "folded-framing-fields": ("Request", REMOTE),
    "folded-empty-line": ("(b'x', b'a  b')", "(b'x', b'a b')"),
    "major-version": (
        "['Request EndOfMessage', 'Response EndOfMessage']",
        f"['RemoteProtocolError 505', '{REMOTE}']",
    ),
    "eof-before-response": (
        "can't handle event type ConnectionClosed when role=SERVER and state=SEND_RESPONSE",
        "peer closed connection without sending a response",
    ),
    "request-out-of-turn": ("AttributeError", REMOTE),
    "chunk-start": ("[False]", "[True]"),
    "lone-cr-in-heads": ("['', '']", f"['{REMOTE}', '{REMOTE}']"),
    "error-excerpts": ("long", "short"),
    "data-is-bytes": ("bytearray", "bytes"),
    "non-ascii-text": ("UnicodeEncodeError", LOCAL),
    "malformed-version": ("b'1'", LOCAL),
    "reason-characters": (r"b'a\nb'", LOCAL),
    "host-in-versions-above-1-1": ("b'1.2'", LOCAL),
    "events-keyword-only": (
        "Data(data=b'x', chunk_start=False, chunk_end=False)",
        "TypeError",
    ),
    "data-may-be-changed": ("FrozenInstanceError", "b'y'"),
    "events-final": ("Mine", "TypeError"),
    "events-unhashable": ("True", "TypeError"),
    "events-copy": ("FrozenInstanceError", "True"),
    "headers-compare-with-anything": ("TypeError", "False"),
    "slices-of-headers": ("ValueError", "[(b'x', b'1')]"),
    "both-framings-on-send": (
        r"b'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n'",
        LOCAL,
    ),
    "framing-fields-without-body": ("['2', '2', '2']", f"['1', '0', '{LOCAL}']"),
    "framing-fields-in-trailers": (r"b'0\r\nContent-Length: 3\r\n\r\n'", LOCAL),
    "casing-of-transfer-encoding": (
        r"b'HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\n\r\n'",
        r"b'HTTP/1.1 200 \r\ntransfer-encoding: chunked\r\n\r\n'",
    ),
    "casing-and-place-of-connection": (
        r"b'HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n'",
        r"b'HTTP/1.1 200 \r\nconnection: close\r\nTransfer-Encoding: chunked\r\n\r\n'",
    ),
    "wide-memoryviews": (LOCAL, "DONE"),
    "failed-send-is-an-error": ("SEND_BODY", "ERROR"),
    "parser-limits": ("AttributeError", "10"),
    "receive-body": ("AttributeError", "[b'ab', b'c', None]"),
    "send-whole-message": ("AttributeError", r"b'GET / HTTP/1.1\r\nHost: a\r\n\r\n'"),
    "bytes-ahead": ("AttributeError", "[(2, 0, 3), (0, 5, 3)]"),
    "count-body": ("AttributeError", "[False, True, False]"),
    "headers-public": ("AttributeError", "True"),
    "values-of": ("AttributeError", "[b'a', b'b']"),
    "names": ("AttributeError", "[b'host']"),
    "public-names": (
        "[]",
        "['Headers', 'MIGHT_SWITCH_PROTOCOL', 'PRODUCT_ID', 'ParserLimits', '__version__']",
    ),
    "state-table": ("False", "True"),
    "private-modules": ("[True, True, True]", "[False, False, False]"),
}


@pytest.fixture(scope="module")
def of_0_16(environment_python: Callable[[str], str]) -> dict[str, str]:
    program = Path(__file__).with_name("deviation_probes.py")
    done = subprocess.run(
        [environment_python("oracle"), "-I", str(program)],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    outcomes: dict[str, str] = json.loads(done.stdout)
    return outcomes


@pytest.mark.parametrize("name", EXPECTED)
def test_ours_and_0_16_do_what_the_page_says(name: str, of_0_16: dict[str, str]) -> None:
    expected = EXPECTED[name]
    theirs, ours = (expected, expected) if isinstance(expected, str) else expected
    assert outcome(PROBES[name]) == ours
    assert of_0_16[name] == theirs


def test_every_experiment_has_a_row_and_every_row_an_experiment() -> None:
    assert list(ROWS) == list(PROBES)
    assert sorted(PROBES) == sorted(EXPECTED)


def test_rows_of_the_first_table_are_those_in_which_ours_is_like_0_16() -> None:
    first = PAGE.partition("## From 0.16: what is received")[0]
    alike = [name for name, expected in EXPECTED.items() if isinstance(expected, str)]
    assert [name for name, _ in ROW.findall(first) if name != "name"] == alike


@pytest.mark.parametrize("name", ROWS)
def test_every_row_names_tests_that_exist(name: str) -> None:
    named = TEST.findall(ROWS[name])
    assert named
    for file, function in named:
        folder = "tests/docs" if file == Path(__file__).name else "tests/protocol"
        path = ROOT / (file if "/" in file else f"{folder}/{file}")
        tree = ast.parse(path.read_text(encoding="utf-8"))
        assert function in {
            node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)
        }


def test_every_test_that_shows_a_deviation_has_its_row() -> None:
    marked = {
        name
        for path in (ROOT / "tests" / "protocol").glob("test_*.py")
        for names in re.findall(r"mark\.deviation\(([^)]*)\)", path.read_text(encoding="utf-8"))
        for name in re.findall(r'"([^"]+)"', names)
    }
    assert marked
    assert marked - set(ROWS) == set()
