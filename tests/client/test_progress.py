"""`on_progress=`: how far bodies are, in both directions."""

from __future__ import annotations

import copy
import gzip
import io
import pickle
from typing import Any

import pytest

import h11client
from h11client import Progress, Timeout, exceptions
from h11client._progress import BLOCK_SIZE
from h11client._transport.pool import Pool
from h11client.testing import MockTransport, Pause, ScriptedNetwork, Unsolicited

URL = "http://a.test/"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
LARGE = bytes(range(256)) * 2400  # two blocks, and part of a third


def session_of(*dials: Any, **options: Any) -> tuple[h11client.Session, ScriptedNetwork]:
    network = ScriptedNetwork(*dials)
    pool = Pool(network=network, clock=network.clock)
    return h11client.Session(transport=pool, **options), network


class Seen(list[tuple[int, int | None, str]]):
    """Notes what it is called with."""

    def __call__(self, progress: Progress) -> None:
        self.append((progress.done, progress.total, progress.direction))


def test_a_progress_is_a_frozen_value() -> None:
    progress = Progress(1, None, "up")
    assert repr(progress) == "Progress(1, None, 'up')"
    assert progress == Progress(1, None, "up") == copy.copy(progress)
    assert pickle.loads(pickle.dumps(progress)) == progress
    assert hash(progress) == hash(copy.copy(progress))
    assert progress != Progress(1, 2, "up")
    assert progress != 1
    with pytest.raises(AttributeError, match="frozen"):
        progress.done = 2
    with pytest.raises(AttributeError, match="frozen"):
        del progress.done


@pytest.mark.parametrize(
    ("data", "total", "reported"),
    [
        pytest.param(data, total, reported, id=name)
        for name, data, total, reported in [
            ("bytes", b"abc", 3, [3]),
            ("text", "é", 2, [2]),
            ("form", {"a": "b"}, 3, [3]),
            ("file", lambda: io.BytesIO(b"abc"), 3, [3]),
            ("pieces", lambda: iter([b"a", b"bc"]), None, [1, 3]),
            ("large", LARGE, len(LARGE), [BLOCK_SIZE, 2 * BLOCK_SIZE, len(LARGE)]),
            ("nothing", None, None, []),
            ("empty", b"", None, []),
        ]
    ],
)
def test_an_upload_is_reported_as_it_goes_out(data: Any, total: Any, reported: list[int]) -> None:
    session, network = session_of([OK])
    seen = Seen()
    body = data() if callable(data) else data
    session.post(URL, data=body, on_progress=seen)
    assert seen == [(done, total, "up") for done in reported]
    network.assert_used_up()


def test_what_is_reported_changes_nothing_of_what_is_sent() -> None:
    sent = []
    for on_progress in (None, Seen()):
        session, network = session_of([OK])
        session.post(URL, data=LARGE, trailers={"X-Sum": "7"}, on_progress=on_progress)
        sent.append(network.streams[0].written.replace(b"\r\n40000\r\n", b"").replace(b"16000\r\n", b""))  # fmt: skip
    assert [piece.endswith(b"\r\n0\r\nX-Sum: 7\r\n\r\n") for piece in sent] == [True, True]
    assert [LARGE[:1000] in piece for piece in sent] == [True, True]


def test_a_file_of_the_disk_is_reported_too(tmp_path: Any) -> None:
    path = tmp_path / "data"
    path.write_bytes(LARGE)
    session, network = session_of([OK])
    seen = Seen()
    with path.open("rb") as file:
        file.seek(1000)
        session.put(URL, data=file, on_progress=seen)
    assert seen[-1] == (len(LARGE) - 1000, len(LARGE) - 1000, "up")
    assert len(seen) > 5
    assert network.streams[0].written.endswith(LARGE[-1000:])


def test_a_download_is_reported_as_it_comes_in() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab"
    session, _ = session_of([head, b"c", b"de"])
    seen = Seen()
    response = session.get(URL, on_progress=seen)
    assert response.content == b"abcde"
    assert seen == [(2, 5, "down"), (3, 5, "down"), (5, 5, "down")]


def test_a_download_that_came_with_its_head_is_reported_too() -> None:
    session, _ = session_of([b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"])
    seen = Seen()
    assert session.get(URL, on_progress=seen).content == b"abc"
    assert seen == [(3, 3, "down")]


def test_a_streamed_download_is_reported_while_it_is_read() -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n"
    session, _ = session_of([head + b"3\r\nabc\r\n", b"2\r\nde\r\n0\r\nX: 1\r\n\r\n"])
    seen = Seen()
    with session.get(URL, stream=True, on_progress=seen) as response:
        assert seen == []
        pieces = response.iter_content(None)
        assert next(pieces) == b"abc"
        assert seen == [(3, None, "down")]
        assert list(pieces) == [b"de"]
    assert seen[-1] == (5, None, "down")
    assert response.trailers == {"X": "1"}
    assert response.timings.total is not None


def test_what_counts_are_the_bytes_on_the_wire() -> None:
    coded = gzip.compress(b"a" * 1000)
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(coded)
    session, _ = session_of([head + coded])
    seen = Seen()
    assert session.get(URL, on_progress=seen).content == b"a" * 1000
    assert seen == [(len(coded), len(coded), "down")]


def test_what_is_sent_again_is_reported_again() -> None:
    moved = b"HTTP/1.1 307 Moved\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n"
    down = b"HTTP/1.1 503 Down\r\nContent-Length: 4\r\n\r\ndown"
    session, _ = session_of([moved, down, OK], retries=h11client.Retry(1, backoff=0))
    seen = Seen()
    session.put(URL, data=b"abc", on_progress=seen)
    assert [entry for entry in seen if entry[2] == "up"] == [(3, 3, "up")] * 3


def test_what_it_raises_passes_unchanged_and_closes_the_connection() -> None:
    def fail(progress: Progress) -> None:
        raise OSError("mine")

    half = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab"
    session, network = session_of([], [half])
    for data in (b"abc", None):
        with pytest.raises(OSError, match="mine") as caught:
            session.post(URL, data=data, on_progress=fail)
        assert type(caught.value) is OSError
    assert [stream.closed for stream in network.streams] == [True, True]
    assert session.statistics().busy == 0


def test_an_upload_that_is_answered_early_is_not_reported_as_whole() -> None:
    early = Unsolicited(b"HTTP/1.1 413 Large\r\nContent-Length: 0\r\n\r\n", after=1)
    session, _ = session_of([early])
    seen = Seen()
    assert session.post(URL, data=LARGE, on_progress=seen).status_code == 413
    assert seen == [(BLOCK_SIZE, len(LARGE), "up")]


def test_errors_and_limits_are_what_they_are_without_it() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab"
    session, _ = session_of([head, b""], [head, Pause(50)], timeout=Timeout(read=5))
    for error in (exceptions.IncompleteBody, exceptions.BodyReadTimeout):
        with pytest.raises(error) as caught:
            session.get(URL, on_progress=Seen())
        assert caught.value.request is not None
        assert caught.value.response is not None


def test_other_transports_report_downloads() -> None:
    transport = MockTransport(lambda request: (200, "abc"))
    seen = Seen()
    with h11client.Session(transport=transport) as session:
        session.post(URL, data=b"sent", on_progress=seen)
    assert seen == [(3, 3, "down")]


def test_a_body_that_came_with_its_head_is_told_of_too() -> None:
    # Its connection is back before anybody reads it, and reading it is one step for others.
    session, _ = session_of([b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"])
    seen = Seen()
    session.get(URL, on_progress=seen)
    assert seen == [(5, 5, "down")]
