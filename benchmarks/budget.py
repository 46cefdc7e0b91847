"""Where the instructions of a small GET go: each Python function's own, as a tree of calls.

Valgrind sees only the functions of the interpreter. CPython 3.12 and later can put a few bytes of
machine code of its own before each Python function (`-X perf`), and say in a file whose they are;
then valgrind counts what runs below each of them. Who calls whom is asked of the interpreter. What
a function costs itself, its calls into C included, is what runs below it less what runs below the
Python functions that it calls.
"""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from benchmarks import profile_get
from benchmarks.harness import ROOT, clean_environment

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

WORK = "call-memory"  # nothing is called twice in it that costs more the first time
FEW, MANY = 100, 600  # pieces of work of the two runs whose difference counts
HARNESS = "benchmarks/"  # what is called by functions of the benchmark itself counts, they do not


class Line(NamedTuple):
    """One function of the path, below the one that calls it."""

    depth: int
    function: str
    file: str
    calls: float  # per GET
    own: float  # instructions per GET, in C functions that it calls too
    below: float  # the same with the Python functions that it calls


class Call(NamedTuple):
    """How often a function is called in a GET, by way of the functions before it."""

    path: tuple[str, ...]
    times: float


def python_with_trampolines() -> str | None:
    """A Python of this machine that can tell valgrind its functions apart."""
    path = ROOT / "scripts" / "pythons.py"
    spec = importlib.util.spec_from_file_location("pythons", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    check = (
        "import sys; sys.activate_stack_trampoline('perf'); print(sys.version_info[:2] >= (3, 12))"
    )
    for python in (python for version, python in module.installed().items() if version >= "3.12"):
        done = subprocess.run([python, "-c", check], capture_output=True, text=True, check=False)
        if done.stdout.strip() == "True":
            return str(python)
    return None


def budget(python: str) -> list[Line]:
    """The tree of a GET without sockets, in the order of the first calls."""
    costs = costs_per_piece(python)
    calls = calls_per_piece(python)
    called: dict[str, float] = {}
    for call in calls:
        called[call.path[-1]] = called.get(call.path[-1], 0) + call.times
    each = {name: costs.get(name, 0.0) / count for name, count in called.items()}  # of one call
    inside: dict[tuple[str, ...], float] = {}  # what runs below the Python functions that it calls
    for path, count in calls:
        inside[path[:-1]] = inside.get(path[:-1], 0) + count * each[path[-1]]
    lines = []
    for path, count in in_order_of_calls(calls):
        function, _, file = path[-1].partition(":")
        below = each[path[-1]] * count
        lines.append(Line(len(path) - 1, function, file, count, below - inside.get(path, 0), below))
    return lines


def in_order_of_calls(calls: list[Call]) -> list[Call]:
    """Each function behind the one that calls it, as they came the first time."""
    place = {call.path: number for number, call in enumerate(calls)}

    def key(call: Call) -> tuple[int, ...]:
        return tuple(place[call.path[:depth]] for depth in range(1, len(call.path) + 1))

    return sorted(calls, key=key)


def costs_per_piece(python: str) -> dict[str, float]:
    """Instructions below each function of ours, per piece of work."""
    few, many = (inclusive_costs(python, count) for count in (FEW, MANY))
    return {name: (many[name] - few.get(name, 0)) / (MANY - FEW) for name in many}


def inclusive_costs(python: str, count: int) -> dict[str, int]:
    """What valgrind counted in a whole process, by the names of Python functions."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "callgrind.out")
        command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", python]
        command += ["-X", "perf", profile_get.__file__, "plain"]
        command += ["--work", WORK, "--count", str(count)]
        environment = clean_environment() | {"PYTHONHASHSEED": "0"}
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, check=True, timeout=600
        )
        found = re.search(r"==(\d+)==", done.stderr)
        assert found is not None
        names = Path(f"/tmp/perf-{found[1]}.map")  # where the interpreter puts it, always
        try:
            functions = read_map(names.read_text(encoding="utf-8"))
        finally:
            names.unlink(missing_ok=True)
        return sums_of(out.read_text(encoding="utf-8"), functions)


def read_map(text: str) -> dict[int, str]:
    """Addresses of the pieces of code, and the functions behind them, `name:file`."""
    functions = {}
    for line in text.splitlines():
        address, _, name = line.split(" ", 2)
        if name.startswith("py::"):
            functions[int(address, 16)] = shortened(name.removeprefix("py::"))
    return functions


def shortened(name: str) -> str:
    """`name:file` with the file as the checkout has it."""
    return name.replace(f"{ROOT}/", "")


def sums_of(text: str, functions: dict[int, str]) -> dict[str, int]:
    """Sum what callgrind wrote for the pieces of code: their own lines and those of their calls."""
    sums: dict[str, int] = {}
    numbered: dict[str, str] = {}  # "(12)" stands for the name that followed it the first time
    current: str | None = None
    for line in text.splitlines():
        if line.startswith(("fn=", "cfn=")):
            number, _, name = line.partition("=")[2].partition(" ")
            if name:
                numbered[number] = name
            if line.startswith("fn="):
                current = named(numbered.get(number, ""), functions)
        elif current is not None and line and line[0] in "0123456789+-*":
            # "position cost", for own instructions and for those of a call alike
            sums[current] = sums.get(current, 0) + int(line.split()[1])
    return sums


def named(name: str, functions: dict[int, str]) -> str | None:
    if not name.startswith("0x"):
        return None
    return functions.get(int(name.partition("'")[0], 16))


def calls_per_piece(python: str) -> list[Call]:
    """Who calls whom, watched by the interpreter in a process of its own."""
    program = f"import sys; sys.path.insert(0, {str(ROOT)!r})\n"
    program += "from benchmarks import budget; budget.print_calls()"
    done = subprocess.run(
        [python, "-c", program],
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return [Call(tuple(path), count) for path, count in json.loads(done.stdout)]


def print_calls(pieces: int = 50) -> None:
    """Print the paths of calls of so many pieces of work, with their counts per piece, as JSON."""
    counts: dict[tuple[str, ...], int] = {}

    def note(frame: Any, event: str, argument: object) -> None:
        if event == "call" and (path := path_to(frame)):
            counts[path] = counts.get(path, 0) + 1

    def watched(work: profile_get.Work) -> None:
        work(profile_get.WARM_UP)
        sys.setprofile(note)
        work(pieces)
        sys.setprofile(None)

    profile_get.with_work(WORK, watched)
    print(json.dumps([[path, count / pieces] for path, count in counts.items()]))


def path_to(frame: Any) -> tuple[str, ...]:
    """The functions of ours that lead to a frame; none for the benchmark's own."""
    names: list[str] = []
    while frame is not None:
        code = frame.f_code
        name = shortened(f"{getattr(code, 'co_qualname', code.co_name)}:{code.co_filename}")
        if name.partition(":")[2].startswith(HARNESS):
            break
        names.insert(0, name)
        frame = frame.f_back
    return tuple(names)


def lines_of(found: Sequence[Line]) -> Iterator[str]:
    """The tree as text."""
    total = sum(line.below for line in found if line.depth == 0)
    yield f"{'own':>9}  {'share':>6}  {'calls':>5}  function"
    for line in found:
        calls = f"{line.calls:g}" if line.calls >= 0.05 else f"{line.calls:.2g}"
        where = f"{'  ' * line.depth}{line.function}  ({line.file})"
        yield f"{line.own:9,.0f}  {line.own / total:6.1%}  {calls:>5}  {where}"
    yield f"{total:9,.0f}  {1:6.1%}  in all"
