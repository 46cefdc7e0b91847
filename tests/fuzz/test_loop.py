"""The loop of scripts/fuzz: it finds what is planted, writes it down, and finds nothing else."""

from __future__ import annotations

import json
import random
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from h11 import _framing, _grammar, _heads, _readers
from tests.fuzz import campaign, differences, mutation, part_client, part_receive, part_send
from tests.fuzz.__main__ import main
from tests.fuzz.campaign import CORPUS, Figures, mutants, run_cases
from tests.fuzz.new_lines import NewLines
from tests.fuzz.responses import rows
from tests.protocol.strategies import WORDS

PARTS = {"receive": part_receive.Receive, "send": part_send.Send, "client": part_client.Client}
BATCHES = {"receive": 3, "send": 4, "client": 6}  # of 200 executions


def fuzz(part: Any, batches: int, seed: int, corpus: Path) -> Figures:
    """The loop without a clock and without looking for new lines."""
    choice = random.Random(seed)
    figures = Figures(part.name, seed)
    pool, kinds = part.seeds(), set[str]()
    for _ in range(batches):
        cases = mutants(part, pool, choice)
        run_cases(part, cases, pool, kinds, NewLines(), choice, figures, corpus)
    return figures


@pytest.mark.safety("F17")
@pytest.mark.parametrize("name", PARTS)
def test_a_short_run_finds_nothing(name: str, tmp_path: Path) -> None:
    part = PARTS[name]()
    figures = fuzz(part, BATCHES[name], 2026, tmp_path)
    part.close()
    assert [path.read_text(encoding="utf-8") for path in tmp_path.iterdir()] == []
    assert figures.executions == 200 * BATCHES[name]
    assert (figures.crashes, figures.findings.total()) == (0, 0)
    assert name == "client" or figures.differences.total() > 20


def accept_longer_sizes(monkeypatch: pytest.MonkeyPatch) -> None:
    longer = re.compile(_readers.CHUNK_LINE.pattern.replace(b"{1,16}", b"{1,20}"))
    monkeypatch.setattr(_readers, "CHUNK_LINE", longer)


def accept_any_footer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two bytes behind a chunk that nobody looks at."""
    parse = _readers.ChunkedReader._read_border

    def read_border(reader: Any, buffer: Any) -> bool:
        if reader._behind_chunk and len(buffer) >= 2:
            buffer.data = bytes(buffer.data[: buffer.start]) + b"\r\n" + bytes(buffer.data[buffer.start + 2 :])  # fmt: skip
        return parse(reader, buffer)

    monkeypatch.setattr(_readers.ChunkedReader, "_read_border", read_border)


def fold_framing_fields(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_heads, "_check_fold", lambda line, names: None)


def believe_the_length(monkeypatch: pytest.MonkeyPatch) -> None:
    """Content-Length before Transfer-Encoding."""
    framing = _framing.response_framing

    def response_framing(method: Any, status: int, facts: Any) -> int:
        found = framing(method, status, facts)
        return facts.content_length if found == -1 and facts.content_length is not None else found

    monkeypatch.setattr("h11._connection.response_framing", response_framing)


def let_errors_escape(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_heads, "_too_many_fields", lambda most: KeyError(most))
    monkeypatch.setattr("h11._errors.EXCERPT_BYTES", "200")


def forget_to_start_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was searched of one element counts as searched of the next."""

    def skip_to(buffer: Any, position: int) -> None:
        buffer.start = position

    monkeypatch.setattr("h11._buffer.ReceiveBuffer.skip_to", skip_to)


PLANTED: list[Callable[[pytest.MonkeyPatch], None]] = [
    accept_longer_sizes,
    accept_any_footer,
    fold_framing_fields,
    believe_the_length,
    let_errors_escape,
    forget_to_start_again,
]


HARMLESS = ["plain", "folded value", "length 02", "chunked and a length", "size of 16 digits", "trailer", "same field twice"]  # fmt: skip


class Alone(part_receive.Receive):
    """Without the other libraries: what `check` finds by itself."""

    def __init__(self) -> None:
        """No process is started."""

    def seeds(self) -> list[Any]:
        return [
            part_receive.Case(ask, eof, False, wire)
            for name, ask, eof, wire in rows()
            if name in HARMLESS
        ]

    def compare(self, found: list[Any]) -> list[Any]:
        return []

    def close(self) -> None:
        """Nothing to end."""


@pytest.mark.parametrize("plant", PLANTED, ids=lambda plant: plant.__name__)
def test_a_planted_defect_is_found_and_written_down(
    plant: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with monkeypatch.context() as planted:
        plant(planted)
        found = []
        for seed in range(12):
            found = [*tmp_path.glob("receive-crash-*.json")]
            if found:
                break
            fuzz(Alone(), 1, seed, tmp_path)
    assert found
    for path in found:
        entry = json.loads(path.read_text(encoding="utf-8"))
        wire = entry["wire"].encode("latin-1")
        # Without the defect the reference's verdict, which stands in the file, is ours too.
        Alone().check(part_receive.Case(entry["ask"], entry["eof"], entry["tight"], wire), random.Random(1))  # fmt: skip


def test_new_lines_are_told_once(tmp_path: Path) -> None:
    source = tmp_path / "watched.py"
    source.write_text("def f(x):\n    if x:\n        return 1\n    return 2\n", encoding="utf-8")
    namespace: dict[str, Any] = {}
    exec(compile(source.read_text(encoding="utf-8"), str(source), "exec"), namespace)
    before = sys.gettrace()
    with NewLines(tmp_path) as lines:
        namespace["f"](1)
        first = lines.take()
        namespace["f"](1)
        second = lines.take()
        namespace["f"](0)
        third = lines.take()
    assert sys.gettrace() is before
    assert (first, second, third) == (first, 0, 1)
    assert first >= 2


def test_the_dictionary_has_its_tokens_and_changes_change() -> None:
    assert len(WORDS + mutation.MORE_WORDS) >= 60
    choice = random.Random(1)
    seeds = [wire for *_, wire in rows()]
    for change in mutation.CHANGES:
        changed = [change(choice, seed, seeds) != seed for seed in seeds[:60]]
        assert sum(changed) > 20, change.__name__


def test_a_kind_of_difference_without_a_reason_is_a_finding() -> None:
    assert differences.reason_from_0_16("complete: reusable") == "close-delimited"
    for kind in ("complete / refused (x)", "refused (illegal header line:) / complete", "complete: body"):  # fmt: skip
        assert differences.reason_from_0_16(kind) == ""
    assert differences.reason_from_llhttp("complete: status") == ""
    assert differences.reason_from_llhttp("complete / refused (an error that is new)") == ""
    assert differences.reason_for_sending("Request: wire: values") == ""


def test_reasons_of_differences_from_0_16_are_rows_of_the_page() -> None:
    page = (campaign.ROOT / "docs" / "deviations.md").read_text(encoding="utf-8")
    named = {name for _, name in differences.FROM_0_16 + differences.SENDING}
    assert [name for name in sorted(named) if f"| {name} |" not in page] == []


def test_the_corpus_lies_where_the_tests_look() -> None:
    assert CORPUS == campaign.ROOT / "tests" / "corpus" and CORPUS.is_dir()
    assert _grammar.MAX_LENGTH == 2**63 - 1


def test_the_command_prints_its_figures_and_writes_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    figures = tmp_path / "figures.json"
    arguments = ["--minutes", "0.002", "--part", "client", "--seed", "7"]
    status = main([*arguments, "--corpus", str(tmp_path / "corpus"), "--json", str(figures)])
    assert status == 0
    (written,) = json.loads(figures.read_text(encoding="utf-8"))
    assert (written["part"], written["seed"], written["crashes"]) == ("client", 7, 0)
    assert written["executions"] >= len(part_client.Client().seeds())
    assert written["lines"] > 500
    assert f"client: {written['executions']} executions" in capsys.readouterr().out
    assert not (tmp_path / "corpus").exists()
