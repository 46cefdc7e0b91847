"""Plants one mutation at a time in a copy of the checkout, and runs the tests that must see it."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.conftest import ROOT
from tests.mutants.mutation import Mutation

SECONDS = 45  # a test that takes longer hangs; the usual ones take less than one
MOST_SECONDS = 900.0  # for all tests of a mutation
MOST_MEMORY = 4 << 30  # bytes: a reader that lost its bound would otherwise take all there are

CAUGHT, HUNG, SURVIVED, BROKEN = "caught", "hung", "survived", "broken"

_LEFT_BEHIND = shutil.ignore_patterns(".*", "__pycache__", "build", "dist", "site", "*.egg-info")
_FAILURE = re.compile(r"^(?:FAILED|ERROR) (tests/.+?)(?: - (.*))?$", re.MULTILINE)
# pytest ends itself and says so when a test takes too long; what came before is that test.
_HANGING = re.compile(r"^(tests/\S+::.+?) ?(?:Exception ignored .*)?Timeout \(\d", re.MULTILINE)
_WHERE = "import h11, h11client; print(h11.__file__); print(h11client.__file__)"


class Run(NamedTuple):
    """What pytest said: its status, None when it took too long, and what it has printed."""

    status: int | None
    output: str
    seconds: float


class Result(NamedTuple):
    """What became of a mutation: the `verdict`, and the tests that failed, or the one that hung."""

    mutation: Mutation
    verdict: str
    tests: list[str]
    seconds: float
    output: str

    def shown(self) -> str:
        if self.verdict == CAUGHT:
            return ", ".join(test.removeprefix("tests/") for test in self.tests)
        if self.verdict == HUNG:
            return f"{' '.join(self.tests).removeprefix('tests/')}, which hangs"
        return "SURVIVED" if self.verdict == SURVIVED else "DOES NOT RUN"


class Copy:
    """A copy of the checkout, in which mutations are planted; the checkout itself is only read."""

    def __init__(self, folder: Path, python: str = sys.executable) -> None:
        self.root = folder.resolve()
        self._python = python
        shutil.copytree(ROOT, self.root, ignore=_LEFT_BEHIND, dirs_exist_ok=True)
        self._check_imports()

    def _check_imports(self) -> None:
        """Whatever is installed here, what is tested is the copy; the tests' own processes too."""
        # Started elsewhere, so that not the working folder decides.
        found = subprocess.run(
            [self._python, "-c", _WHERE],
            cwd=self.root.parent,
            env=self._settings(),
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        ).stdout.split("\n")
        expected = [str(self.root / name / "__init__.py") for name in ("h11", "h11client")]
        if found[:2] != expected:
            raise RuntimeError(f"the packages would come from {found[:2]}, not from {self.root}")

    def _settings(self) -> dict[str, str]:
        return {**os.environ, "PYTHONPATH": str(self.root), "PYTHONUNBUFFERED": "1"}

    def run(self, arguments: Sequence[str]) -> Run:
        """pytest in the copy."""
        pytest = [self._python, "-m", "pytest", "-p", "no:cacheprovider", "--tb=short", "-v"]
        limit = ["-o", f"faulthandler_timeout={SECONDS}"]  # which ends the run, as it is set up
        command = [*pytest, *limit, *arguments]
        return run_bounded(command, self.root, self._settings(), MOST_SECONDS)

    def judge(self, mutation: Mutation, every: bool = False) -> Result:
        """Plants a mutation, runs its tests and takes it out again.

        They stop at the first that fails, unless `every` one that does is asked for.
        """
        path = self.root / mutation.file
        sound = path.read_text(encoding="utf-8")
        mutated = mutation.apply(self.root)
        try:
            self._put(path, mutated)
            run = self.run([*selection(mutation), *([] if every else ["-x"])])
        finally:
            self._put(path, sound)
        verdict, tests = verdict_of(run)
        return Result(mutation, verdict, tests, run.seconds, run.output)

    @staticmethod
    def _put(path: Path, text: str) -> None:
        path.write_text(text, encoding="utf-8")
        # What was compiled counts as current while time and length are the same, and two mutations
        # may well be of the same second and length.
        for compiled in (path.parent / "__pycache__").glob(f"{path.stem}.*.pyc"):
            compiled.unlink(missing_ok=True)

    def failing_without_mutation(self, mutations: Iterable[Mutation]) -> list[str]:
        """The tests of these mutations that fail as it is, and so would prove nothing."""
        files: dict[tuple[str, ...], None] = {}
        for mutation in mutations:
            files[tuple(selection(mutation))] = None
        arguments = list(dict.fromkeys([part for each in files for part in each]))
        run = self.run(arguments)
        verdict, tests = verdict_of(run)
        if verdict == BROKEN:
            raise RuntimeError(f"the tests do not run:\n{run.output[-4000:]}")
        return tests


def selection(mutation: Mutation) -> list[str]:
    """What pytest is told: the tests of these files that are marked with one of the lines."""
    return [
        *[f"--safety={line}" for line in mutation.lines],
        *[f"tests/{file}" for file in mutation.tests],
    ]


def verdict_of(run: Run) -> tuple[str, list[str]]:
    """What a run says about the mutation in it, and by which tests."""
    hanging = _HANGING.findall(run.output)
    if run.status == 1 and hanging:
        return HUNG, hanging[-1:]
    if run.status == 0:
        return SURVIVED, []
    failed = list(dict.fromkeys(test for test, _ in _FAILURE.findall(run.output)))
    # 1: tests failed. 2 and above: they could not be collected, there were none, pytest broke.
    # None: all together took too long, which proves nothing.
    return (CAUGHT, failed) if run.status == 1 and failed else (BROKEN, [])


def run_bounded(
    command: Sequence[str], folder: Path, settings: dict[str, str], seconds: float
) -> Run:
    """Runs a command in bounded time and memory; with it end all processes that it has started."""
    begun = time.monotonic()
    with subprocess.Popen(
        command,
        cwd=folder,
        env=settings,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
        preexec_fn=_bound_memory if os.name == "posix" else None,
    ) as process:
        status: int | None
        try:
            output, _ = process.communicate(timeout=seconds)
            status = process.returncode
        except subprocess.TimeoutExpired:
            end_group(process)
            output, _ = process.communicate()
            status = None
        except BaseException:
            end_group(process)
            raise
        end_group(process)
    return Run(status, output, time.monotonic() - begun)


def end_group(process: subprocess.Popen[str]) -> None:
    """Ends a process and what it has started and left behind."""
    if os.name != "posix":
        process.kill()
        return
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def _bound_memory() -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
