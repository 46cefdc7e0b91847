"""Every input that once went wrong, or reached what nothing else reached, and its verdict."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from tests.fuzz import part_client, receiving, sending
from tests.fuzz.campaign import CORPUS

FILES = sorted(CORPUS.glob("*.json"))
SPLITS = 3  # random partitions of each


@pytest.mark.safety("F17")
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_an_input_of_the_corpus_has_its_verdict(path: Path) -> None:
    entry = json.loads(path.read_text(encoding="utf-8"))
    for seed in range(SPLITS):
        CHECKS[entry["part"]](entry, random.Random(seed))


def check_received(entry: dict[str, Any], choice: random.Random) -> None:
    wire = entry["wire"].encode("latin-1")
    verdict = receiving.check(entry["ask"], entry["eof"], wire, entry["tight"], choice)
    expected = entry["expected"]
    if expected["outcome"] == "incomplete" and verdict["outcome"] == "refused":
        return  # sooner than the reference, and `check` has seen that nothing could mend it
    assert {key: verdict[key] for key in receiving.SEEN} == expected


def check_sent(entry: dict[str, Any], choice: random.Random) -> None:
    results, _ = sending.check(sending.Script(entry["role"], entry["steps"]))
    assert results == entry["expected"]


def check_client(entry: dict[str, Any], choice: random.Random) -> None:
    part_client.TARGETS[entry["target"]][0](entry["data"].encode("latin-1"), choice)


CHECKS = {"receive": check_received, "send": check_sent, "client": check_client}


def test_there_is_a_corpus_of_every_part() -> None:
    assert {json.loads(path.read_text(encoding="utf-8"))["part"] for path in FILES} == set(CHECKS)
