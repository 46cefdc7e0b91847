"""The same as the scripts, for who is used to nox: each session runs one of them.

The scripts make the environments that they need, so nox makes none.
"""

from __future__ import annotations

import nox

nox.options.sessions = ["check", "test"]
nox.options.default_venv_backend = "none"


@nox.session
def check(session: nox.Session) -> None:
    """Format, lint and types."""
    session.run("scripts/check", external=True)


@nox.session
@nox.parametrize("python", ["3.10", "3.11", "3.12", "3.13"])
def test(session: nox.Session, python: str) -> None:
    """The suite on one Python; arguments go to pytest."""
    command = ["scripts/test", "--tests-only", "--python", f"python{python}"]
    session.run(*command, *session.posargs, external=True)


@nox.session
def docs(session: nox.Session) -> None:
    """The site."""
    session.run("scripts/docs", external=True)


@nox.session
def package(session: nox.Session) -> None:
    """Wheel and source distribution, built, checked and installed in every order."""
    session.run("scripts/package", external=True)


@nox.session
def bench(session: nox.Session) -> None:
    """Side by side with other clients."""
    session.run("scripts/bench", *session.posargs, external=True)
