"""Programs that fork, run in an interpreter of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from typing import Any

from tests.conftest import ROOT
from tests.wire.conftest import PATIENCE

START = """
import gc, json, os, sys, threading, time
import h11client
from h11client import exceptions

def report(**facts):
    print(json.dumps(facts), flush=True)

def in_child(work):
    '''What `work` gives in a forked child, which then ends as programs do.'''
    sys.stdout.flush()
    receiver, sender = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(receiver)
        try:
            result = work()
        except BaseException as error:
            result = repr(error)
        os.write(sender, json.dumps(result).encode())
        os.close(sender)
        session.close()
        sys.exit()
    os.close(sender)
    with open(receiver, "rb") as pipe:
        result = json.load(pipe)
    assert os.waitpid(child, 0)[1] == 0
    return result

def told(response):
    info = response.connection_info
    return [response.text, info.requests_served, list(info.local_address)]

session = h11client.Session(verify=sys.argv[2], timeout=10)
url = sys.argv[1]
"""


def run(code: str, url: str, ca: Any, **values: Any) -> list[Any]:
    """What a program of one's own prints, which knows `values`; nothing but that may it say."""
    # Threads and fork together are what this is about; the interpreter warns of it since 3.12.
    options = ["-X", "dev", "-W", "error", "-W", "ignore:This process:DeprecationWarning"]
    known = "".join([f"{name} = {value!r}\n" for name, value in values.items()])
    done = subprocess.run(
        [sys.executable, *options, "-c", START + known + textwrap.dedent(code), url, str(ca.pem)],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    return [json.loads(line) for line in done.stdout.splitlines()]
