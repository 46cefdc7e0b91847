"""h11client/_transport/block_memory.py: large blocks are not mapped in anew each time."""

from __future__ import annotations

import platform
import subprocess
import sys

# Fifty blocks that turn out to be smaller than what was asked for, as those of sockets do: 73 pages
# each. Printed is how many pages the system had to map in.
COUNTING = """
import os, resource, tempfile
from h11client._transport.block_memory import keep_blocks

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(50):
        os.pread(file.fileno(), 900_000, 0)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

with tempfile.TemporaryFile() as file:
    os.ftruncate(file.fileno(), 300_000)
    before = faults()
    keep_blocks()
    faults()
    print(before, faults())
"""


def test_blocks_are_mapped_in_once():
    done = subprocess.run(
        [sys.executable, "-c", COUNTING], capture_output=True, text=True, timeout=60, check=True
    )
    before, after = map(int, done.stdout.split())
    assert after <= before
    if platform.libc_ver()[0] == "glibc":
        assert before > 2500
        assert after < 250
