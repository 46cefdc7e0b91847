"""The other parsers: each in a process and an environment of its own, asked in batches."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from scripts.environments import ensure

HERE = Path(__file__).resolve().parent
Case = tuple[Any, ...]  # ask, eof, wire as latin-1 text, for llhttp its leniencies
Verdict = dict[str, Any]

LENIENCIES = [
    "lenient_headers",
    "lenient_chunked_length",
    "lenient_keep_alive",
    "lenient_transfer_encoding",
    "lenient_version",
    "lenient_data_after_close",
    "lenient_optional_lf_after_cr",
    "lenient_optional_cr_before_lf",
    "lenient_optional_crlf_after_chunk",
    "lenient_spaces_after_chunk_size",
]


class Oracle:
    """A program that answers a line of cases with a line of verdicts."""

    def __init__(self, program: str) -> None:
        self.process = subprocess.Popen(
            [str(ensure("oracle")), "-I", str(HERE / program)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def verdicts(self, cases: list[Case]) -> list[Verdict]:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps(cases) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"the oracle ended with {self.process.wait()}")
        found: list[Verdict] = json.loads(line)
        return found

    def close(self) -> None:
        self.process.communicate()

    def __enter__(self) -> Oracle:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


def h11_0_16() -> Oracle:
    return Oracle("h11_verdicts.py")


def llhttp() -> Oracle:
    """llhttp, and http.client for cases that end with "stdlib"."""
    return Oracle("llhttp_verdicts.py")
