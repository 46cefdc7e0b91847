"""`h11client` under the name `requests`, for programs that are not to be changed."""

from __future__ import annotations

import importlib
import sys

import h11client

# What programs import below the top level; each exists under the same name.
MODULES = ["adapters", "api", "auth", "cookies", "exceptions", "hooks", "models", "sessions", "status_codes", "structures"]  # fmt: skip


def install() -> None:
    """From now on `import requests` gives h11client."""
    sys.modules["requests"] = h11client
    for name in MODULES:
        sys.modules[f"requests.{name}"] = importlib.import_module(f"h11client.{name}")
