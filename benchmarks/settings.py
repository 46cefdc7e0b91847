"""What one run of the benchmarks was asked for, and where the peers' interpreters are."""

from __future__ import annotations

import importlib.util
import sys
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.harness import ROOT, Contender

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType

PEERS, OTHERS = "peers", "peers-niquests"  # niquests' dependency overwrites urllib3: kept apart
PLAIN = "bench"  # enough for measuring our side alone
OURS = "h11client"
STANDARD = frozenset({"http.client", "bare socket"})  # need no environment
APART = frozenset({"niquests"})


class Settings(NamedTuple):
    """Interpreters and the amount of work; None for an environment that is not there."""

    python: str
    peers: str | None
    others: str | None
    round_count: int | None
    quick: bool

    def rounds(self, usual: int) -> int:
        if self.round_count is not None:
            return self.round_count
        return 2 if self.quick else usual

    def seconds(self, usual: float) -> float:
        """CPU seconds of one task in one round."""
        return usual / 10 if self.quick else usual

    def contenders(self, names: Sequence[str]) -> list[Contender]:
        """Those whose environment exists; ours runs in the same interpreter as its peers."""
        able = []
        for name in names:
            home: str | None = self.python
            if name != OURS and name not in STANDARD:
                home = self.others if name in APART else self.peers
            if home is not None:
                able.append(Contender(name, home, ours=name == OURS))
        return able


def environments() -> ModuleType:
    """The house's scripts/environments.py, which is no package."""
    path = ROOT / "scripts" / "environments.py"
    spec = importlib.util.spec_from_file_location("environments", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def interpreter(name: str) -> str | None:
    """The Python of an environment, built when missing; None, with a note, when it cannot be."""
    try:
        return str(environments().ensure(name))
    except (Exception, SystemExit) as error:
        print(f"environment {name} is not available: {error}", file=sys.stderr)
        return None


def python_for_ours() -> str:
    """One that can make certificates: this one, or that of a small environment."""
    if importlib.util.find_spec("trustme") is not None:
        return sys.executable
    return interpreter(PLAIN) or sys.executable
