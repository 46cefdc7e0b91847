"""Many downloads on a Dask cluster: one session is pickled, and each worker keeps its copy.

    python docs/examples/dask_downloads.py http://localhost:8000 1000

A session travels with its settings and cookies and without its connections. Dask gives every worker
process the same pickled bytes; what `session_of` makes of them is kept for as long as the worker
lives, so each worker dials once or twice and then reuses its connections.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import sys
from collections import Counter
from functools import lru_cache

from distributed import Client, LocalCluster

import h11client

WORKERS = 2


@lru_cache(maxsize=1)
def session_of(pickled: bytes) -> h11client.Session:
    """The session of this worker, made from its pickle once."""
    session = pickle.loads(pickled)
    assert isinstance(session, h11client.Session)
    return session


def download(pickled: bytes, url: str, number: int) -> tuple[int, int, str, int]:
    """Which process did it, over how many dials so far, the digest, and the size."""
    session = session_of(pickled)
    digest, size = hashlib.sha256(), 0
    with session.get(url, params={"n": number}, stream=True) as response:
        response.raise_for_status()
        for piece in response.iter_content(16 * 1024):
            digest.update(piece)
            size += len(piece)
    return os.getpid(), session.statistics().dialled, digest.hexdigest(), size


def main(url: str, count: int) -> None:
    session = h11client.Session(headers={"X-Client": "dask"}, timeout=30, trust_env=False)
    pickled = pickle.dumps(session)
    with (
        LocalCluster(
            n_workers=WORKERS, threads_per_worker=2, dashboard_address=None, host="127.0.0.1"
        ) as cluster,
        Client(cluster) as client,
    ):
        futures = client.map(lambda number: download(pickled, url, number), range(count))
        done = client.gather(futures)
    dials = {process: max(row[1] for row in done if row[0] == process) for process, *_ in done}
    print("downloads", len(done))
    print("different", len({digest for _, _, digest, _ in done}))
    print("bytes", sum(size for *_, size in done))
    print("by worker", sorted(Counter(process for process, *_ in done).values()))
    print("connections", sum(dials.values()))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
