"""`h11client` under the name `requests`, for programs that are not to be changed."""

from __future__ import annotations

import importlib
import sys
import types

import h11client

# What programs import below the top level; each exists under the same name.
MODULES = ["adapters", "auth", "cookies", "exceptions", "models", "sessions", "structures"]


def install() -> None:
    """From now on `import requests` gives h11client."""
    # requests_toolbelt, which python-gitlab and twine use, compares it with 2.3.0.
    h11client.__build__ = 0x023400
    sys.modules["requests"] = h11client
    for name in MODULES:
        sys.modules[f"requests.{name}"] = importlib.import_module(f"h11client.{name}")
    # h11client has no module of helpers; these are the only ones that the programs take from it.
    utils = types.ModuleType("requests.utils")
    # internetarchive: to assign the headers of its session anew.
    utils.default_headers = h11client.sessions.default_headers
    # requests_toolbelt imports it for a class that none of the programs uses.
    utils.super_len = len
    h11client.utils = sys.modules["requests.utils"] = utils
